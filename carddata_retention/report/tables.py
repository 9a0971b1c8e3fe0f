"""The rows of the longer tables: what is shown first, how many a page shows, and what each row concludes."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from carddata_retention.model import (
    NOTHING_OWED,
    Finding,
    Mode,
    Night,
    Outcome,
    QualityResult,
    Severity,
    SkipReason,
    Status,
    Tombstone,
)
from carddata_retention.report.controls import dated, missed_nights
from carddata_retention.report.speech import Phrase, phrase
from carddata_retention.report.totals import Sum, reasons, total
from carddata_retention.report.verdict import Tone
from carddata_retention.sealed import Hold
from carddata_retention.status import FORECAST_STEPS

PURGED_ROWS = 20
OVERDUE_ROWS = 20
QUALITY_ROWS = 60
FINDING_ROWS = 40
FOUND_ROWS = 60
HOLD_ROWS = 40
MONTH_DAYS = 30
EXAMPLES = 3
SQL_CHARACTERS = 4000

SEVERITY_TONES: dict[str, Tone] = {"block": "bad", "warn": "att", "info": "na"}
_WORST_FIRST = [Severity.BLOCK, Severity.WARN, Severity.INFO]


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One reason over all targets."""

    reason: str
    counts: tuple[int | None, ...]
    total: int
    outcome: str = ""
    next: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One change that was looked for, and what was found."""

    key: str
    count: int | None
    detail: Phrase | None
    tone: Tone


class Query(NamedTuple):
    """A query text, cut to what a page can bear, with the digest of the whole."""

    text: str
    digest: str
    cut: bool


def _next_for(outcome: Outcome, reason: str) -> str:
    if outcome is Outcome.FAILED:
        return "mend"
    if reason in {r.value for r in NOTHING_OWED}:
        return "none"
    return "decide" if reason == SkipReason.REFUSED.value else "retry"


def left(night: Night) -> list[ReasonLine]:
    """Skipped and failed records by reason, with who does what next."""
    return [
        ReasonLine(reason, tuple(getattr(t, field).get(reason, 0) for t in night.targets), count,
                   outcome.value, _next_for(outcome, reason))
        for outcome, field in ((Outcome.SKIPPED, "skipped_reasons"), (Outcome.FAILED, "failed_reasons"))
        for reason, count in reasons(night.targets, field).items()
        if count
    ]


def undetermined(night: Night) -> list[ReasonLine]:
    """Undetermined records by reason, with a few references each."""
    found: dict[str, list[str]] = {}
    for example in night.undetermined_examples:
        found.setdefault(example.reason, []).append(example.reference)
    return [
        ReasonLine(
            reason,
            tuple(None if t.undetermined is None else t.undetermined_reasons.get(reason, 0) for t in night.targets),
            count,
            examples=tuple(found.get(reason, ())[:EXAMPLES]),
        )
        for reason, count in reasons(night.targets, "undetermined_reasons").items()
        if count
    ]


def overdue(night: Night) -> list[Tombstone]:
    """Records of the sample that were past the grace, the longest first."""
    late = [t for t in dated(night) if t.status is Status.OVERDUE]
    return sorted(late, key=lambda t: (t.first_purgeable_day, t.reference))


def overdue_review(night: Night, hold: Hold) -> bool:
    """Whether the day on which a hold was to be looked at again has passed."""
    return hold.review_by is not None and hold.review_by < night.as_of.isoformat()


def quality(night: Night) -> list[QualityResult]:
    """Expectations, those that failed first."""
    return sorted(night.quality, key=lambda q: (q.passed, _WORST_FIRST.index(q.severity)))


def findings(night: Night) -> list[Finding]:
    """Findings, the gravest first."""
    return sorted(night.findings, key=lambda f: _WORST_FIRST.index(f.severity))


def query(night: Night) -> Query | None:
    """The independent look's own query."""
    sql = night.verification_sql
    if not sql:
        return None
    return Query(sql[:SQL_CHARACTERS], hashlib.sha256(sql.encode()).hexdigest(), len(sql) > SQL_CHARACTERS)


def checks(night: Night) -> list[Check]:
    """What was looked at for changes since the last completed run."""
    before = night.previous
    if before is None:
        first = phrase("note", "policy.first")
        changed, nights = Check("policy_change", None, first, "na"), Check("missed_nights", None, first, "na")
    else:
        same = before.policy_digest == night.policy_digest
        said = phrase("note", "policy.same" if same else "policy.changed", run=before.run_id)
        changed = Check("policy_change", 0 if same else 1, said, "ok" if same else "att")
        missed = missed_nights(night)
        said = phrase("note", "missed", before=before.as_of.isoformat())
        nights = Check("missed_nights", missed, said, "att" if missed else "ok")
    by_severity = {s: sum(f.severity is s for f in night.findings) for s in Severity}
    where = phrase("note", "see")

    def found(key: str, severity: Severity, tone: Tone) -> Check:
        count = by_severity[severity]
        return Check(key, count, where if count else None, tone if count else "ok")

    return [changed, nights, found("blocks", Severity.BLOCK, "bad"), found("warnings", Severity.WARN, "att")]


def commands(night: Night) -> list[str]:
    """What a reader types to verify the evidence, to prove one removal, and to look at the database again."""
    until = f" --head {night.evidence_head}" if night.evidence_head else ""
    return [f"carddata-retention evidence verify{until}",
            "carddata-retention evidence prove REFERENCE --out proof.json",
            f"carddata-retention verify --as-of {night.as_of}"]


def forecast(night: Night) -> list[tuple[int, int | None]]:
    """Days ahead and how many records become purgeable within them, over all targets; the steps that people ask for."""
    return [(days, count) for days, count in _ahead(night) if days in FORECAST_STEPS]


def windows(night: Night) -> list[tuple[int, int, int]]:
    """First and last day of each month-long window ahead, and how many records become purgeable in it."""
    out: list[tuple[int, int, int]] = []
    before = last = 0
    for days, count in _ahead(night):
        if days >= MONTH_DAYS:
            out.append((last + 1, days, count - before))
            before, last = count, days
    return out


def _ahead(night: Night) -> list[tuple[int, int]]:
    days = sorted({d for t in night.targets for d in t.forecast})
    return [(d, sum(t.forecast.get(d, 0) for t in night.targets)) for d in days]


def article(rule: str) -> str:
    """The article alone, where the heading of the column names the law's own place."""
    return rule.replace("Civil Code ", "").replace("Regulation ", "")


def tonight(as_of: date, instant: str) -> str:
    """A moment of tonight without its date and its fraction of a second."""
    return re.sub(r"\.\d+", "", instant.removeprefix(f"{as_of}T"))


def _worst(tones: Sequence[Tone]) -> Tone:
    order: tuple[Tone, ...] = ("bad", "att", "na")
    return next((tone for tone in order if tone in tones), "ok")


def _of_sum(found: Sum, tone: Tone) -> Tone:
    """Something found speaks for itself; nothing found is only worth a pass where every target was counted."""
    if found.value:
        return tone
    return "na" if found.value is None or found.partial else "ok"


def _undetermined_tone(night: Night) -> Tone:
    """More than last night wants a look; the same number was seen before and is kept as the rule says."""
    now = total(night.targets, "undetermined")
    before = None if night.previous is None else total(list(night.previous.targets.values()), "undetermined").value
    if now.value is None or before is None:
        return _of_sum(now, "att")
    return _of_sum(Sum(max(0, now.value - before), now.partial), "att")


def tones(night: Night, controls: dict[str, Tone]) -> dict[str, Tone]:
    """The conclusion of each section, from the same facts as its table."""
    targets, judged = night.targets, [q for q in night.quality if not q.passed]
    remaining, residue, purged = (total(targets, name) for name in ("remaining_due", "residue", "purged"))
    quality_tone = _worst([SEVERITY_TONES[q.severity.value] for q in judged]) if judged else "ok"
    dry = night.mode in (Mode.PLAN, Mode.VERIFY)
    unsettled: Tone = "bad" if total(targets, "failed").value else "att" if any(
        line.next != "none" for line in left(night)) else "ok"
    still: Tone = _of_sum(remaining, "bad" if residue.value else "att")
    if night.mode is Mode.PLAN:
        still = "na"
    elif remaining.value is None or remaining.partial:
        still = "bad"
    return {
        "s3": controls["C1"],
        "s4": "na",
        "s5": controls["C2"],
        "s6": _of_sum(total(targets, "overdue"), "att"),
        "s7": "na" if dry or purged.value is None or (purged.partial and unsettled == "ok") else unsettled,
        "s8": still,
        "s9": "att" if any(overdue_review(night, h) for h in night.holds) else controls["C6"],
        "s10": _undetermined_tone(night),
        "s11": quality_tone if night.quality else "na",
        "s13": _worst([c.tone for c in checks(night)]),
        "s14": controls["C9"],
        "arrived": _of_sum(total(targets, "arrived"), "att"),
        "residue": _of_sum(residue, "bad"),
    }
