"""What discovery found, as values: findings by place and class, what could not be read, who answers for what.

Counts and names only, never a value. The field names of `Found.as_json` are those of `discover --json`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from carddata_retention.errors import Exit

NOT_READ = "not-read"
SUPPRESSION = "suppression"


class Why(StrEnum):
    """Why a place was not read. `BLIND` lists those after which nobody may say that nothing is there."""

    DENIED = "denied"
    ROW_SECURITY = "row_security"
    NO_SCHEMA = "no_schema"
    FAILED = "failed"
    FILE = "file"
    HISTORY = "history"
    OTHER_SCHEMA = "other_schema"
    FOREIGN = "foreign"
    TYPE = "type"
    HIDDEN = "hidden"


BLIND = (Why.DENIED, Why.ROW_SECURITY, Why.NO_SCHEMA, Why.FAILED, Why.FILE, Why.HIDDEN)

LESSONS = {
    Why.DENIED: "This login may not read it. Grant SELECT on it, or answer for it in [[discovery.suppress]].",
    Why.HIDDEN: "Some of its columns are hidden from this login, which cannot even see their names, so nothing of it "
                "was read. Grant SELECT on the whole table.",
    Why.ROW_SECURITY: "Row-level security hides rows from this login. ALTER ROLE … BYPASSRLS, or a policy that lets it "
                      "see every row.",
    Why.NO_SCHEMA: "There is no such schema, or this login does not see it. Mend [discovery] schemas.",
    Why.FAILED: "The database refused to read it.",
    Why.FILE: "It was not read, or not to its end.",
    Why.HISTORY: "Its rows of today were read. The rows that system versioning keeps of the past were not: look at "
                 "SELECT … FOR SYSTEM_TIME ALL.",
    Why.OTHER_SCHEMA: "It is no schema of a target. Where billing data stands in it, name it: [discovery] schemas.",
    Why.FOREIGN: "Its rows lie on another server. Run discover there.",
    Why.TYPE: "Its type is none that this program can read as text.",
}


@dataclass(frozen=True, slots=True)
class Unread:
    """A schema, table, column or file that was not looked into; `detail` is a code, never a driver's words."""

    place: str
    why: Why
    detail: str = ""

    @property
    def lesson(self) -> str:
        """What it means and what to do."""
        return LESSONS[self.why] + (f" ({self.detail})" if self.detail else "")


class Remedy(StrEnum):
    """What is to be done about a finding."""

    EMPTY = "empty"
    REPLACE = "replace"
    WAIT = "wait"
    DECLARE = "declare"
    REDACT = "redact"
    LOCATE = "locate"
    ASK = "ask"
    KNOW = "know"
    READ = "read"
    DECIDE = "decide"


ADVICE = {
    Remedy.EMPTY: "Must not be kept after authorisation, however new it is (PCI DSS 3.3.1): empty it now, and stop "
                  "what writes it.",
    Remedy.REPLACE: "Raw card numbers in a field of target {target} that holds tokens: put the token in their place, "
                    "and stop what writes them.",
    Remedy.WAIT: "Declared: target {target} removes it when its time has come.",
    Remedy.DECLARE: "No target declares it. Declare it as the proposal says, or empty it.",
    Remedy.REDACT: "Stands in free text, where no target can remove it safely. Redact these rows (discover --keys FILE "
                   "names them), or answer for the place as a location.",
    Remedy.LOCATE: "No target reaches a file. Remove it or redact it, or list it as a location.",
    Remedy.ASK: "Published test numbers, of nobody's card. In a production database: find out how they came there.",
    Remedy.KNOW: "Masked, so no card number. Where it should go with its record, declare it under also.",
}


@dataclass(frozen=True, slots=True)
class Found:
    """One class of card data in one place. `share` is of the rows that were read, 0 to 1."""

    place: str
    kind: str
    count: int
    share: float
    confidence: str
    severity: str
    card_shaped: int
    luhn_pass: int
    remedy: Remedy
    advice: str
    declared: str | None = None
    examples: tuple[str, ...] = ()
    paths: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The finding as `discover --json` says it."""
        return {"place": self.place, "class": self.kind, "count": self.count, "share": round(self.share, 6),
                "confidence": self.confidence, "severity": self.severity,
                "population": {"card_shaped": self.card_shaped, "luhn_pass": self.luhn_pass},
                "advice": self.advice, "declared": self.declared, "examples": list(self.examples),
                "paths": dict(self.paths)}


@dataclass(frozen=True, slots=True)
class Answered:
    """A suppression of the configuration and what it did: `state` is in-force, expired or unused."""

    place: str
    kind: str
    reason: str
    owner: str
    expires: date
    state: str
    count: int

    def as_json(self) -> dict[str, Any]:
        """The suppression as `discover --json` lists it."""
        return {"place": self.place, "class": self.kind, "reason": self.reason, "owner": self.owner,
                "expires": self.expires.isoformat(), "state": self.state, "count": self.count}


@dataclass(frozen=True, slots=True)
class Discovered:
    """One whole discovery. `unfinished` says why it stopped early; the counts of rows and bytes are of this call."""

    run_id: str
    detector: str
    columns_scanned: int
    rows_scanned: int
    bytes_scanned: int
    timings_s: Mapping[str, float]
    findings: tuple[Found, ...]
    suppressions: tuple[Answered, ...] = ()
    proposal: str = ""
    remembered_rows: int = 0
    remembered_since: str | None = None
    unfinished: str | None = None

    @property
    def exit(self) -> Exit:
        """30 for a critical finding, 40 where something could not be read, 10 where the rest comes next time."""
        codes = [Exit.REFUSED for f in self.findings if f.severity == "critical"]
        codes += [Exit.BLIND for f in self.findings if f.kind == NOT_READ and f.severity == "high"]
        return Exit.worst(*codes, *([Exit.INCOMPLETE] if self.unfinished else []))

    def as_json(self) -> dict[str, Any]:
        """The whole answer of `discover --json`, but for its error."""
        return {"schema": 1, "mode": "discover", "run_id": self.run_id, "exit_code": int(self.exit),
                "detector": self.detector, "columns_scanned": self.columns_scanned,
                "rows_scanned": self.rows_scanned, "bytes_scanned": self.bytes_scanned,
                "timings_s": dict(self.timings_s), "findings": [f.as_json() for f in self.findings],
                "suppressions": [s.as_json() for s in self.suppressions], "proposal": self.proposal,
                "remembered": {"rows": self.remembered_rows, "since": self.remembered_since},
                "unfinished": self.unfinished}
