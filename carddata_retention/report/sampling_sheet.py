"""Table 15-2: the drawn records, with formulas that recompute each deadline in the auditor's own spreadsheet.

The formulas are those that section 15 prints. Each carries the value that the rule gives, so that a viewer which
does not recalculate shows it; one that does must find the same.
"""

from datetime import date

from carddata_retention.model import Night
from carddata_retention.report.cells import Blank, Cell, Formula, Row, Table, Words, code
from carddata_retention.report.controls import short
from carddata_retention.report.count_sheets import columns, day_of
from carddata_retention.report.reperformance import hand_formula
from carddata_retention.report.sampling import Stratum, last_day, next_day, strata, version_of
from carddata_retention.report.speech import phrase
from carddata_retention.report.views import Length, PolicyView
from carddata_retention.sealed import Sampled
from carddata_retention.sealed import Stratum as Kinds

_START, _LENGTH, _KEPT, _FIRST, _AGAIN, _AGAIN_FIRST, _DIFFERENT = 6, 7, 8, 9, 10, 11, 12


def sample(night: Night, policy: PolicyView) -> list[Table]:
    """15-2; for files only, a page has no room for its columns."""
    letter, _ = hand_formula(policy.convention, Length.of(policy.version.period))
    drawn = strata(night)
    rows = tuple(Row(cells) for stratum in drawn for cells in _lines(stratum, policy))
    if not rows:
        return []
    heads = columns(
        "stratum", ("size", "count"), "reason", ("reference", "reference"), "target", ("ended", "instant"),
        ("start_day" if letter == "S" else "start_day.E", "date"), ("length", "count"), ("last_day", "date"),
        ("first_purgeable", "date"), ("again_last", "date"), ("again_first", "date"), ("different", "count"),
        "by_hand", "tester", "policy",
    )
    caption = phrase("note", "t15-2", n=sum(len(s.drawn) for s in drawn), total=sum(s.size or 0 for s in drawn),
                     seed=night.sample_seed or "—")
    return [Table("t15-2", caption, heads, rows, 0, (phrase("label", "differences"), _DIFFERENT))]


def by_stratum(night: Night) -> list[Table]:
    """15-3: how many records each stratum has, and how many of them were drawn."""
    rows = tuple(Row((_named(s), s.size, len(s.drawn))) for s in strata(night))
    return [Table("t15-3", phrase("note", "t15-3", seed=short(night.sample_seed)),
                  columns("stratum", ("size", "count"), ("drawn", "count")), rows)] if rows else []


def _named(stratum: Stratum) -> Words:
    return phrase("label", f"stratum.{stratum.kind.value}", target=stratum.target)


def _lines(stratum: Stratum, policy: PolicyView) -> list[tuple[Cell, ...]]:
    """The records of a stratum; one line of dashes where none was drawn, so that the gap is seen."""
    if stratum.drawn:
        return [_recomputed(stratum, drawn, policy) for drawn in stratum.drawn]
    return [(_named(stratum), stratum.size, None, None, stratum.target, *(None,) * 8, Blank(), Blank(), None)]


def _reason(drawn: Sampled) -> Cell:
    if not drawn.reason:
        return None
    return code("und" if drawn.stratum is Kinds.UNDETERMINED else "status", drawn.reason)


def _recomputed(stratum: Stratum, drawn: Sampled, policy: PolicyView) -> tuple[Cell, ...]:
    start, kept, first = (day_of(d) for d in (drawn.start_day, drawn.last_retained_day, drawn.first_purgeable_day))
    version, judged = version_of(policy, drawn), f"v{drawn.policy_version}" if drawn.policy_version else None
    head: tuple[Cell, ...] = (_named(stratum), stratum.size, _reason(drawn), drawn.reference, drawn.target,
                              drawn.service_end or None)
    again = _again(policy, version.period, start) if version and start else None
    if version is None or start is None or again is None:  # an erasure request has no deadline to recompute
        return (*head, start, None, kept, first, None, None, None, Blank(), Blank(), judged)
    length = Length.of(version.period)
    _, text = hand_formula(policy.convention, length)
    names = {"S": _START, "E": _START, "N": _LENGTH}
    following = Formula("=L+1", {"L": _AGAIN}, next_day(again))
    compared = Formula("=IF(AND(K=L,F=G),0,1)", {"K": _KEPT, "L": _AGAIN, "F": _FIRST, "G": _AGAIN_FIRST},
                       int((kept, first) != (again, next_day(again))))
    return (*head, start, length.months or length.days, kept, first, Formula(text, names, again), following, compared,
            Blank(), Blank(), judged)


def _again(policy: PolicyView, period: str, start: date) -> date | None:
    try:
        return last_day(policy.convention, period, policy.zone, start)
    except ValueError:  # beyond the calendar: a spreadsheet has no such day either
        return None

