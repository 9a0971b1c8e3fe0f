"""What page 1 says before any table: the equation, the change since last night, when it ran, under which policy."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from carddata_retention.model import Mode, Night
from carddata_retention.report.canonical import digest, night_json, ruling_cutoff
from carddata_retention.report.cells import Joined, Words, code
from carddata_retention.report.controls import short
from carddata_retention.report.document import Front, Term
from carddata_retention.report.speech import DASH, Phrase, phrase, signed
from carddata_retention.report.totals import read, total
from carddata_retention.report.verdict import family, headline, next_step, tone, word
from carddata_retention.report.views import PolicyView, VersionView
from carddata_retention.report.words import LABELS

_EQUATION = (("", "population", "t5-1", False), ("=", "kept", "t5-1", False), ("+", "to_purge", "t5-1", False))
_OUTCOME = (("", "purged", "s7", True), ("+", "skipped", "s7", False), ("+", "failed", "s7", False),
            ("=", "to_purge", "t5-2", False))


def front(night: Night, policy: PolicyView) -> Front:
    """What stands before the tables of a night."""
    return Front(
        title=phrase("label", "report_title"), letter="A", workpaper=workpaper(night), name=night.run_id,
        day=night.as_of, made=night.finished_at, tone=tone(night), word=word(night), headline=headline(night),
        sentences=(next_step(night, policy.grace_days),), beside=tuple(since_last_night(night)),
        equation=tuple(equation(night)), identity=tuple(identity(night)), digest=digest(night_json(night)),
    )


def equation(night: Night) -> list[Term]:
    """The numbers that foot: kept + to purge = population; purged + skipped + failed = to purge; and what is left."""

    def term(op: str, key: str, anchor: str, start: bool) -> Term:
        return Term(op, phrase("label", key), anchor, total(night.targets, lambda t: read(t, key)), start)

    left = [term(*part) for part in _EQUATION]
    right = [] if family(night.mode) != "run" else [Term(None), *(term(*part) for part in _OUTCOME)]
    remaining = total(night.targets, "remaining_due")
    alarm = night.mode is not Mode.PLAN and bool(remaining.value)
    return [*left, *right, Term(None), Term("", phrase("label", "still_due"), "t8-1", remaining, True, alarm)]


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


def identity(night: Night) -> list[tuple[Phrase, Words]]:
    """Which run, over which database, under which policy: what an auditor copies into a workpaper first."""
    local, utc = times(night)
    bound = ruling_cutoff(night)
    cutoff = f"{bound.cutoff} ({'≤' if bound.cutoff_inclusive else '<'})" if bound else DASH
    logins = " / ".join(filter(None, (night.login, night.verification_login)))
    pairs: list[tuple[str, Words]] = [
        ("workpaper", workpaper(night)), ("as_of", night.as_of.isoformat()),
        ("exit", Joined((str(night.exit_code), code("state", night.verdict.value)), " ")),
        ("run_mode", Joined((night.run_id, code("mode", night.mode.value)), " · ")),
        ("policy", f"{night.policy_id} v{night.policy_version} · sha256 {short(night.policy_digest)}"),
        ("cutoff", cutoff), ("local", local), ("utc", utc), ("database", night.database),
        ("ran_as", f"{night.os_user}@{night.host} · {logins}"), ("version", night.tool_version),
        ("json_digest", digest(night_json(night))),
    ]
    return [(phrase("label", key), said) for key, said in pairs]


def since_last_night(night: Night) -> list[Phrase]:
    """What changed, and which targets the totals leave out."""
    out = [phrase("note", "first")]
    if before := night.previous:
        same = before.policy_digest == night.policy_digest
        moved = {name: change(night, name) for name in ("purged", "undetermined", "held", "overdue")}
        out = [phrase("note", "since.day", day=before.as_of.isoformat()), phrase("note", "delta", **moved),
               phrase("note", "delta.same" if same else "delta.changed")]
    uncounted = ", ".join(t.name for t in night.targets if t.population is None)
    return [*out, phrase("note", "partial", names=uncounted)] if uncounted else out


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
