"""What a discovery has found so far, column by column, and the whole of it at the end."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from carddata_retention import evidence, identity
from carddata_retention.detector import VERSION, Hits
from carddata_retention.discovered import Answered, Discovered, Found, Remedy, Unread
from carddata_retention.discovery import judging, proposals
from carddata_retention.discovery.candidates import EXAMPLES, Candidates
from carddata_retention.discovery.inventory import Table
from carddata_retention.discovery.keys_file import Judge, KeysFile
from carddata_retention.discovery.state import Column
from carddata_retention.discovery.windows import Texts
from carddata_retention.key_text import KEY_SEPARATOR
from carddata_retention.keys import EvidenceKey
from carddata_retention.nights import Hooks
from carddata_retention.purge.pace import Pace
from carddata_retention.settings import Config

GRAVEST = ("critical", "high", "warning", "info")


@dataclass(slots=True)
class Running:
    """A discovery that is going on."""

    config: Config
    host: datetime
    hooks: Hooks
    key: EvidenceKey | None
    keys: KeysFile | None
    unread: list[Unread]
    found: list[Found] = field(default_factory=list)
    judges: dict[str, Judge] = field(default_factory=dict)
    columns: int = 0
    rows: int = 0
    bytes: int = 0
    fetch_s: float = 0.0
    look_s: float = 0.0
    remembered: int = 0
    since: str | None = None
    stopped: str | None = None

    def note(self, place: str, table: str, candidates: dict[str, Candidates], name: str, hits: Hits, texts: Texts,
             key_of: Callable[[int], str]) -> None:
        """Take the candidates of one page of a column; `table` is its name where references are made."""
        if name not in candidates:
            candidates[name] = Candidates(partial(reference, self.key.secret, table) if self.key else None)
        candidates[name].see(hits, texts, key_of)
        if self.keys is not None:
            self.keys.note(f"{place}.{name}" if name else place, hits, key_of)

    def judge(self, place: judging.Place, known: Column, candidates: Candidates | None, hide_keys: bool) -> None:
        """Add the findings of one column, with the examples and paths of this call and of those before."""
        declared = judging.declared_as(place, known.population)
        judged = candidates.judged(known.population, place.says, declared) if candidates else ()
        for kind, references, path, count in judged:
            known.examples[kind] = list(dict.fromkeys([*known.examples.get(kind, []), *references]))[:EXAMPLES]
            if path is not None:
                of_kind = known.paths.setdefault(kind, {})
                of_kind[path] = of_kind.get(path, 0) + count
        place = replace(place, composed=place.composed or bool(known.paths))
        found = judging.findings(place, known.population)
        to_mend = {f.kind: f.confidence for f in found if f.remedy is not Remedy.WAIT}
        self.judges[place.name] = Judge(known.population, place.says, declared, hide_keys, to_mend)
        self.found += [replace(f, examples=tuple(known.examples.get(f.kind, ())), paths=known.paths.get(f.kind, {}))
                       for f in found]


def reference(secret: bytes, table: str, key: str) -> str:
    """The name of a row outside the database, from its key as people read it: the one that reports give a record."""
    try:
        parts = json.loads(key) if key.startswith('["') else [key]
    except ValueError:  # a text that only begins like an array
        parts = [key]
    return evidence.reference(secret, table, KEY_SEPARATOR.join(parts))


def file_of(keys: Path | None) -> KeysFile | None:
    """The file that `--keys` asks for."""
    return KeysFile(keys) if keys is not None else None


def rested(pace: Pace, seconds: float, rows: int) -> str | None:
    """Wait as long as the manners ask; why to stop, or None."""
    pace.after(seconds, rows, 0)  # a rate limit is one of removals; what is read costs nobody a lock
    return pace.clear()


def whole(run: Running, tables: Sequence[Table]) -> Discovered:
    """Everything found, frozen; `tables` are those that a proposal may be made for."""
    found = [*run.found, *judging.not_read(run.unread)]
    today = run.host.astimezone(ZoneInfo(run.config.policy.zone)).date()
    stay, answers = judging.answered(found, suppressions(run.config, today))
    places = proposals.texts_of(stay)
    texts = [proposals.proposal(tables, proposals.fields_of(stay), run.config), proposals.locations(places)]
    return Discovered(
        identity.new_run_id(run.host), VERSION, run.columns, run.rows, run.bytes,
        {"fetch": round(run.fetch_s, 3), "scan": round(run.look_s, 3)}, tuple(sorted(stay, key=_gravest)),
        tuple(answers), "\n\n".join(filter(None, texts)), run.remembered, run.since, run.stopped,
    )


def suppressions(config: Config, today: date) -> list[Answered]:
    """Those of the configuration, each in force until the end of its last day."""
    return [Answered(s.place, s.class_, s.reason, s.owner, s.expires,
                     "in-force" if today <= s.expires else "expired", 0) for s in config.discovery.suppress]


def _gravest(found: Found) -> tuple[int, str, str]:
    return (GRAVEST.index(found.severity) if found.severity in GRAVEST else len(GRAVEST), found.place, found.kind)
