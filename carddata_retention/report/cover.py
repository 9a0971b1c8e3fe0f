"""What page 1 says before any table: the equation, the change since last night, when it ran, under which policy."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from carddata_retention.model import Mode, Night
from carddata_retention.report.speech import Phrase, phrase, signed
from carddata_retention.report.totals import Sum, read, total
from carddata_retention.report.verdict import family
from carddata_retention.report.views import PolicyView, VersionView
from carddata_retention.report.words import LABELS

_EQUATION = (("", "population", "t5-1", False), ("=", "kept", "t5-1", False), ("+", "to_purge", "t5-1", False))
_OUTCOME = (("", "purged", "s7", True), ("+", "skipped", "s7", False), ("+", "failed", "s7", False),
            ("=", "to_purge", "t5-2", False))

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


def equation(night: Night) -> list[Term]:
    """The numbers that foot: kept + to purge = population; purged + skipped + failed = to purge; and what is left."""

    def term(op: str, key: str, anchor: str, start: bool) -> Term:
        return Term(op, key, anchor, total(night.targets, lambda t: read(t, key)), start)

    left = [term(*part) for part in _EQUATION]
    right = [] if family(night.mode) != "run" else [Term(None), *(term(*part) for part in _OUTCOME)]
    remaining = total(night.targets, "remaining_due")
    alarm = night.mode is not Mode.PLAN and bool(remaining.value)
    return [*left, *right, Term(None), Term("", "still_due", "t8-1", remaining, True, alarm)]


def change(night: Night, name: str) -> str:
    """The change of one count since the last completed run, over the targets that were counted both times."""
    before = night.previous.targets if night.previous else {}
    pairs = [(read(t, name), read(before[t.name], name)) for t in night.targets if t.name in before]
    known = [now - then for now, then in pairs if now is not None and then is not None]
    return signed(sum(known) if known else None)


def times(night: Night) -> tuple[str, str]:
    """Start and end of the run in the policy zone, and in UTC."""

    def span(start: datetime, end: datetime, zone: str) -> str:
        late = "%H:%M:%S" if start.date() == end.date() else "%Y-%m-%d %H:%M:%S"
        return f"{start:%Y-%m-%d %H:%M:%S} → {end.strftime(late)} {zone}"

    local = [t.astimezone(ZoneInfo(night.zone)) for t in (night.started_at, night.finished_at)]
    offset = local[1].isoformat()[-6:]
    utc = [t.astimezone(UTC) for t in (night.started_at, night.finished_at)]
    return span(local[0], local[1], offset), span(utc[0], utc[1], "Z")


def version_changes(policy: PolicyView) -> list[Phrase]:
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


def workpaper(night: Night) -> str:
    """The number that people quote."""
    return f"CDR-{night.as_of:%Y%m%d}-A"
