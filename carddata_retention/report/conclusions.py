"""What a period concludes, P1 to P8: each from the ledger's rows, with the fact and the place where it can be checked.

The verdict of the period follows from P1 to P4 alone; the others say what an auditor asks next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from carddata_retention.history import PastRun
from carddata_retention.report.controls import Control
from carddata_retention.report.days import gaps
from carddata_retention.report.rollup import MOST_DAYS_BETWEEN, RollUp
from carddata_retention.report.speech import phrase
from carddata_retention.report.totals import total
from carddata_retention.report.verdict import TONES, Tone
from carddata_retention.report.views import LocationView


@dataclass(frozen=True, slots=True)
class PeriodView:
    """A rolled-up period with its months, and what is said beside it."""

    roll_up: RollUp
    months: tuple[RollUp, ...]
    locations: tuple[LocationView, ...]
    database: str
    zone: str
    policy_id: str
    tool_version: str


def policy_versions(rolled: RollUp) -> tuple[str, ...]:
    """The versions that the runs of the period judged by, in their order."""
    return tuple(dict.fromkeys(run.policy_version for run in _by_number(rolled)))


def policy_changes(rolled: RollUp) -> int:
    """How often the digest of the policy differed from that of the run before."""
    digests = [run.policy_digest for run in _by_number(rolled)]
    return sum(now != before for before, now in pairwise(digests))


def conclusions(view: PeriodView) -> Sequence[Control]:
    """P1 to P8."""
    rolled = view.roll_up
    return (_held(rolled), _verdicts(rolled), _interval(rolled), _chain(rolled), _still_due(rolled),
            _roll_forward(rolled), _policy(rolled), _locations(view))


def _by_number(rolled: RollUp) -> list[PastRun]:
    return sorted(rolled.nights.runs, key=lambda run: run.number)


def _held(rolled: RollUp) -> Control:
    nights, found = rolled.nights, gaps(rolled.nights.days)
    fact = phrase("fact", "p1", scheduled=nights.nights.scheduled, missed=nights.nights.missed, gaps=len(found))
    return Control("P1", nights.gaps_tone, fact, "t3-1" if found else "p3")


def _verdicts(rolled: RollUp) -> Control:
    counts, last = rolled.nights.nights, rolled.nights.last_run
    assert last is not None
    fact = phrase("fact", "p2", passed=counts.passed, attention=counts.attention, failed=counts.failed,
                  last=last.as_of.isoformat(), tone=phrase("code", TONES[last.verdict]))
    return Control("P2", rolled.nights.nights_tone, fact, "p3")


def _interval(rolled: RollUp) -> Control:
    looks, longest = len(rolled.nights.verifications), rolled.nights.longest_interval
    if longest is None:
        return Control("P3", "bad", phrase("fact", "p3.none", n=looks), "p4")
    fact = phrase("fact", "p3", n=looks, longest=longest, most=MOST_DAYS_BETWEEN)
    return Control("P3", rolled.nights.interval_tone, fact, "p4")


def _chain(rolled: RollUp) -> Control:
    chain = rolled.nights.chain
    fact = (phrase("fact", "p4.ok", sealed=chain.sealed) if chain.broken is None
            else phrase("fact", "p4.bad", cause=chain.broken))
    return Control("P4", rolled.nights.chain_tone, fact, "p7")


def _still_due(rolled: RollUp) -> Control:
    looks = rolled.nights.verifications
    if not looks:
        return Control("P5", "na", phrase("fact", "p5.none", n=0), "p4")
    run = looks[-1].run
    remaining, arrived, residue = (total(run.targets, name).value for name in ("remaining_due", "arrived", "residue"))
    owed = (remaining or 0) - (arrived or 0)
    tone: Tone = "bad" if residue else "att" if owed else "ok"
    fact = phrase("fact", "p5", on=run.ended_on.isoformat(), remaining=remaining, arrived=arrived, residue=residue)
    return Control("P5", tone, fact, "p4")


def _roll_forward(rolled: RollUp) -> Control:
    found = rolled.roll_forward
    if not found:
        return Control("P6", "na", phrase("fact", "p6.none", targets=0), "p5")
    gap, differing = sum(r.difference for r in found), sum(r.differing for r in found)
    fact = phrase("fact", "p6", targets=len(found), gap=gap, differing=differing)
    return Control("P6", "att" if differing else "ok", fact, "t5-1")


def _policy(rolled: RollUp) -> Control:
    changes = policy_changes(rolled)
    fact = phrase("fact", "p7", versions=", ".join(policy_versions(rolled)), changes=changes)
    return Control("P7", "att" if changes else "ok", fact, "t7-1")


def _locations(view: PeriodView) -> Control:
    number = len(view.locations)
    return Control("P8", "na", phrase("fact", "p8" if number else "p8.none", n=number), "p6")
