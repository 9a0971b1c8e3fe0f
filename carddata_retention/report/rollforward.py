"""From the card records at the beginning of a period to those at its end, target by target, out of the stored counts.

A record counts while it holds card data: population − blank. The first run of the period that counted the target
opens, before it removed anything; the last one closes, after it. What happened between two runs is known as a net
change only. What the independent recount of a run found beside its arithmetic is the unexplained difference, traffic
between its count and its look included.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from carddata_retention.history import PastRun
from carddata_retention.model import SkipReason, TargetResult
from carddata_retention.report.totals import less, recount_gap


@dataclass(frozen=True, slots=True)
class RollForward:
    """opening + increase − decrease − purged − gone − elsewhere + difference = closing, in records.

    `gone` are candidates that others removed meanwhile; `elsewhere` what runs of other periods removed in between;
    `differing` the runs whose recount differed, `uncounted` those that could not count the target, and `recounted`
    says whether the closing stands on an independent recount.
    """

    target: str
    opening: int
    increase: int
    decrease: int
    purged: int
    gone: int
    elsewhere: int
    difference: int
    closing: int
    differing: int
    uncounted: int
    recounted: bool


def holding(target: TargetResult) -> int | None:
    """Records that hold card data, before the run removed any; None where they were not counted."""
    return less(target.population, target.blank)


def roll_forward(runs: Sequence[PastRun], own: frozenset[str]) -> tuple[RollForward, ...]:
    """Every target that a run of the period counted. `runs` are all of the ledger in the order in which they were
    held, `own` the ids of the period's."""
    places = [i for i, run in enumerate(runs) if run.run_id in own]
    if not places:
        return ()
    between = runs[places[0]: places[-1] + 1]
    names = dict.fromkeys(t.name for run in between if run.run_id in own for t in run.targets)
    return tuple(found for name in names if (found := _of_target(name, between, own)) is not None)


def _of_target(name: str, runs: Sequence[PastRun], own: frozenset[str]) -> RollForward | None:
    told = [(run.run_id in own, next((t for t in run.targets if t.name == name), None)) for run in runs]
    counted = [(mine, target) for mine, target in told if target is not None and holding(target) is not None]
    places = [i for i, (mine, _) in enumerate(counted) if mine]
    if not places:
        return None
    opening = holding(counted[places[0]][1]) or 0
    increase = decrease = purged = gone = elsewhere = difference = differing = 0
    now, recounted = opening, False
    for mine, target in counted[places[0]: places[-1] + 1]:
        change = (holding(target) or 0) - now
        increase, decrease = increase + max(change, 0), decrease + max(-change, 0)
        taken, lost = target.purged or 0, target.skipped_reasons.get(SkipReason.GONE.value, 0)
        gap = recount_gap(target)
        now += change - taken - lost + (gap or 0)
        if mine:
            purged, gone, difference = purged + taken, gone + lost, difference + (gap or 0)
            differing, recounted = differing + bool(gap), gap is not None
        else:
            elsewhere += taken + lost - (gap or 0)
    uncounted = sum(mine and (target is None or holding(target) is None) for mine, target in told)
    return RollForward(name, opening, increase, decrease, purged, gone, elsewhere, difference, now, differing,
                       uncounted, recounted)
