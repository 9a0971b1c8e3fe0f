"""Everything that the page shows, gathered from the night before a template sees it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from carddata_retention.history import History
from carddata_retention.model import Mode, Night, TargetResult
from carddata_retention.report import figures, tables, totals
from carddata_retention.report.canonical import digest, night_json, ruling_cutoff
from carddata_retention.report.controls import controls, days_past, short
from carddata_retention.report.reperformance import reperformance
from carddata_retention.report.speech import Phrase, Speech, number, phrase, signed
from carddata_retention.report.totals import KEPT, OWED, Sum, total
from carddata_retention.report.trends import trends
from carddata_retention.report.verdict import family, headline, next_step, tone, word
from carddata_retention.report.views import LocationView, PolicyView, VersionView
from carddata_retention.report.words import LABELS, SECTIONS

_READERS: Mapping[str, totals.Reader] = {
    "kept": totals.kept,
    "to_purge": lambda t: t.to_purge,
    "population_gap": totals.population_gap,
    "outcome_gap": totals.outcome_gap,
    "outside": totals.outside,
    "expected_recount": totals.expected_recount,
    "recount_gap": totals.recount_gap,
}

_EQUATION = (("", "population", "t5-1", True), ("=", "kept", "t5-1", False), ("+", "to_purge", "t5-1", False))
_OUTCOME = (("", "purged", "s7", True), ("+", "skipped", "s7", False), ("+", "failed", "s7", False),
            ("=", "to_purge", "t5-2", False))

_UNBROKEN = 20
_NO_SUM = Sum(None)


@dataclass(frozen=True, slots=True)
class Term:
    """One number of the equation on the cover, with the sign before it; a gap where `op` is None."""

    op: str | None
    key: str = ""
    anchor: str = ""
    sum: Sum = _NO_SUM
    start: bool = False
    alarm: bool = False


def read(target: TargetResult, name: str) -> int | None:
    """A count or a derived number of one target by its name in a template."""
    reader = _READERS.get(name)
    return reader(target) if reader else totals.count_of(target, name)


def _equation(night: Night) -> list[Term]:
    def term(op: str, key: str, anchor: str, start: bool) -> Term:
        return Term(op, key, anchor, total(night.targets, lambda t: read(t, key)), start)

    left = [term(*part) for part in _EQUATION]
    left[0] = term("", "population", "t5-1", False)
    right = [] if family(night.mode) != "run" else [Term(None), *(term(*part) for part in _OUTCOME)]
    remaining = total(night.targets, "remaining_due")
    alarm = night.mode is not Mode.PLAN and bool(remaining.value)
    return [*left, *right, Term(None), Term("", "still_due", "t8-1", remaining, True, alarm)]


def _change(night: Night, name: str) -> str:
    """The change of one count since the last completed run, over the targets that were counted both times."""
    before = night.previous.targets if night.previous else {}
    pairs = [(read(t, name), read(before[t.name], name)) for t in night.targets if t.name in before]
    known = [now - then for now, then in pairs if now is not None and then is not None]
    return signed(sum(known) if known else None)


def _times(night: Night) -> tuple[str, str]:
    def span(start: datetime, end: datetime, zone: str) -> str:
        late = "%H:%M:%S" if start.date() == end.date() else "%Y-%m-%d %H:%M:%S"
        return f"{start:%Y-%m-%d %H:%M:%S} → {end.strftime(late)} {zone}"

    local = [t.astimezone(ZoneInfo(night.zone)) for t in (night.started_at, night.finished_at)]
    offset = local[1].isoformat()[-6:]
    utc = [t.astimezone(UTC) for t in (night.started_at, night.finished_at)]
    return span(local[0], local[1], offset), span(utc[0], utc[1], "Z")


def _version_changes(policy: PolicyView) -> list[Phrase]:
    """What the version before said differently."""
    old, new = policy.previous, policy.version
    if old is None:
        return [phrase("note", "before.none")]
    names = ("trigger", "period", "purpose", "acquirer", "recipients")

    def value(version: VersionView, name: str) -> str:
        raw = getattr(version, name)
        return "、".join(raw) if isinstance(raw, tuple) else str(raw)

    changed = [
        phrase("note", "before.change", what=LABELS[name], version=old.version, old=value(old, name) or "—")
        for name in names if value(old, name) != value(new, name)
    ]
    return changed or [phrase("note", "before.same", version=old.version)]


def _lists(night: Night) -> dict[str, Any]:
    """The longer tables, each bounded; a template never walks a whole night."""
    purged = night.purged_sample[: tables.PURGED_ROWS]
    overdue = tables.overdue(night)
    return {
        "purged": purged,
        "purged_fields": ", ".join(dict.fromkeys(t.fields for t in purged)),
        "left": tables.left(night),
        "overdue": overdue,
        "overdue_total": total(night.targets, "overdue").value,
        "undetermined": tables.undetermined(night),
        "quality": tables.quality(night),
        "findings": tables.findings(night),
        "checks": tables.checks(night),
        "steps": tables.forecast(night),
        "sql": tables.query(night),
        "children_total": sum(sum(t.children_removed.values()) for t in night.targets),
        "uncounted": ", ".join(t.name for t in night.targets if t.population is None),
        "artefacts": night.artefacts[: tables.FINDING_ROWS],
    }


def workpaper(night: Night) -> str:
    """The number that people quote."""
    return f"CDR-{night.as_of:%Y%m%d}-A"


def context(
    night: Night, policy: PolicyView, locations: tuple[LocationView, ...], speech: Speech, scanned: int | None,
    history: History,
) -> dict[str, Any]:
    """The names that the templates use."""
    concluded = controls(night, policy, scanned)
    tones = tables.tones(night, {c.no: c.tone for c in concluded})
    population = total(night.targets, "population").value
    local_time, utc_time = _times(night)

    def percent(count: int | None) -> str:
        return "—" if count is None or not population else f"{100 * count / population:.2f}%"

    json_digest = digest(night_json(night))
    section_tones = {"s2": tone(night), **tones}
    return {
        **reperformance(night, policy, speech),
        **_lists(night),
        **voice(speech),
        "night": night, "policy": policy, "locations": locations, "speech": speech, "scanned": scanned,
        "languages": speech.languages, "family": family(night.mode), "workpaper": workpaper(night),
        "tone": tone(night), "word": word(night), "tones": tones, "controls": concluded, "equation": _equation(night),
        "sections": [(id, section_tones.get(id)) for id in SECTIONS],
        "headline": headline(night), "next_step": next_step(night, policy.grace_days),
        "delta": {name: _change(night, name) for name in ("purged", "undetermined", "held", "overdue")},
        "policy_changed": night.previous is not None and night.previous.policy_digest != night.policy_digest,
        "version_changes": _version_changes(policy), "cutoff": ruling_cutoff(night),
        "local_time": local_time, "utc_time": utc_time, "digest": json_digest,
        "trends": trends(speech, night.as_of, history),
        "footer": f"{workpaper(night)}  ·  night.json SHA-256 {json_digest[:4]}…{json_digest[-4:]}",
        "kept_statuses": [s.value for s in KEPT], "owed_statuses": [s.value for s in OWED],
        "statuses": [s.value for s in (*KEPT, *OWED)],
        "count": read, "total": lambda name: total(night.targets, lambda t: read(t, name)),
        "percent": percent, "by": lambda days: (night.as_of + timedelta(days=days)).isoformat(),
        "figures": figures, "severity_tones": tables.SEVERITY_TONES,
        "tonight": lambda when: re.sub(r"\.\d+", "", when.removeprefix(f"{night.as_of}T")), "number": number,
        "short": short, "days_past": days_past,
    }


def _reference(text: str) -> Markup:
    """A keyed reference that may break in the middle: thirty-two characters are too wide for paper."""
    half = (len(text) + 1) // 2 if len(text) > _UNBROKEN else len(text)
    return Markup('<code class="ref">{}<wbr>{}</code>').format(text[:half], text[half:])


def voice(speech: Speech) -> dict[str, Any]:
    """How a template asks for words."""
    return {
        "say": speech.say,
        "title": lambda id: speech.say(phrase("section", id)),
        "label": lambda key, **facts: speech.say(phrase("label", key, **facts)),
        "note": lambda key, **facts: speech.say(phrase("note", key, **facts)),
        "code": speech.code,
        "coded": lambda key: phrase("code", key),
        "plain": lambda group, key: speech.plain(phrase(group, key)),
        "mono": lambda text: Markup("<code>{}</code>").format(text),
        "ref": _reference,
        "faint": lambda text: Markup('<span class="z">{}</span>').format(text),
        "ticks": lambda mark: Markup('<span class="tk">{}</span>').format(mark) if mark else "",
    }
