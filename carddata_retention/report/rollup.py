"""A month, a quarter or a year out of the runs that the ledger knows: nights, verifications, roll-forward.

Nothing is asserted: each conclusion is computed from rows. The verdict follows from the nights, the gaps, the
interval between verifications and the chain of evidence. A night that failed and was followed, within the period, by
one that did not fail asks for a look; a period whose last night failed has failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from carddata_retention.history import History, PastRun
from carddata_retention.report.days import Calendar, Day, Tally, calendar, tally
from carddata_retention.report.rollforward import RollForward, roll_forward
from carddata_retention.report.verdict import TONES, Tone
from carddata_retention.reporting_period import PeriodKind, ReportingPeriod

# PCI DSS 3.2.1: at least once every three months.
MOST_DAYS_BETWEEN = 92
_WORST_FIRST: tuple[Tone, ...] = ("bad", "att")


class Verification(NamedTuple):
    """A run whose independent look counted what was still due of every target, and the days since the one before;
    None for the first one ever."""

    run: PastRun
    interval_days: int | None


class ChainState(NamedTuple):
    """What recomputing every seal found: how many seals fit, or why they do not."""

    sealed: int | None
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole ledger, prepared once for as many periods as are asked for."""

    runs: tuple[PastRun, ...]
    calendar: Calendar
    verifications: tuple[Verification, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some nights, one after the other, and the verifications of that time; `open_days` lie between the last
    verification and `until`, None where there was never one.

    `days` are by the date that a run judged by; a verification counts on the day on which its look was taken.
    """

    until: date
    days: tuple[Day, ...]
    verifications: tuple[Verification, ...]
    open_days: int | None
    chain: ChainState

    @property
    def nights(self) -> Tally:
        """How the nights came out."""
        return tally(self.days)

    @property
    def purged(self) -> int:
        """Removals of all nights for which they were counted."""
        return sum(day.purged or 0 for day in self.days)

    @property
    def runs(self) -> tuple[PastRun, ...]:
        """The runs of its nights, by night."""
        return tuple(run for day in self.days for run in day.runs)

    @property
    def last_run(self) -> PastRun | None:
        """The run that concludes the last night that was held."""
        return next((day.last for day in reversed(self.days) if day.last is not None), None)

    @property
    def longest_interval(self) -> int | None:
        """The most days without a verification, up to `until`; None where there was never one."""
        if self.open_days is None:
            return None
        return max(self.open_days, *(v.interval_days or 0 for v in self.verifications), 0)

    @property
    def nights_tone(self) -> Tone:
        """Whether the nights passed: as bad as the last one, and at best a look where any did not."""
        last = self.last_run
        if last is not None and TONES[last.verdict] == "bad":
            return "bad"
        return "att" if self.nights.attention or self.nights.failed else "ok"

    @property
    def gaps_tone(self) -> Tone:
        """Whether a night was missed."""
        return "att" if self.nights.missed else "ok"

    @property
    def interval_tone(self) -> Tone:
        """Whether the longest interval is allowed."""
        longest = self.longest_interval
        return "bad" if longest is None or longest > MOST_DAYS_BETWEEN else "ok"

    @property
    def chain_tone(self) -> Tone:
        """Whether every seal was recomputed."""
        if self.chain.broken is not None:
            return "bad"
        return "na" if self.chain.sealed is None else "ok"

    @property
    def tone(self) -> Tone:
        """The verdict: the worst of nights, gaps, interval and chain."""
        tones = (self.nights_tone, self.gaps_tone, self.interval_tone, self.chain_tone)
        return next((tone for tone in _WORST_FIRST if tone in tones), "ok")


@dataclass(frozen=True, slots=True)
class RollUp:
    """A period as the ledger knew it on `today`, told up to `nights.until`."""

    period: ReportingPeriod
    today: date
    nights: Stretch
    roll_forward: tuple[RollForward, ...]

    @property
    def over(self) -> bool:
        """Whether the period is told to its end."""
        return self.today > self.period.last

    @property
    def held(self) -> bool:
        """Whether any run of it was completed."""
        return any(day.runs for day in self.nights.days)


def timeline(history: History) -> Timeline:
    """Prepare a history for roll-ups."""
    looks = sorted((run for run in history.runs if run.verified), key=lambda run: run.finished_at)
    found = tuple(
        Verification(run, None if before is None else (run.ended_on - before.ended_on).days)
        for before, run in zip((None, *looks), looks, strict=False)
    )
    return Timeline(history.runs, calendar(history), found)


def stretch(known: Timeline, first: date, last: date, today: date, chain: ChainState) -> Stretch:
    """The nights from `first` to `last`, as known on `today`: tonight is not missed before it is over."""
    until = min(last, today)
    days = tuple(day for day in known.calendar.between(first, until) if day.runs or day.day < today)
    looks = [v for v in known.verifications if v.run.ended_on <= until]
    open_days = (until - looks[-1].run.ended_on).days if looks else None
    return Stretch(until, days, tuple(v for v in looks if v.run.ended_on >= first), open_days, chain)


def roll_up(known: Timeline, period: ReportingPeriod, today: date, chain: ChainState) -> RollUp:
    """A period as the ledger knows it on `today`; it may hold no night at all."""
    nights = stretch(known, period.first, period.last, today, chain)
    own = frozenset(run.run_id for run in nights.runs)
    return RollUp(period, today, nights, roll_forward(known.runs, own))


def months(known: Timeline, period: ReportingPeriod, today: date) -> Sequence[RollUp]:
    """Every month of a period that has begun, from that of the first night on."""
    first = known.calendar.first
    begun = [m for m in period.months() if m.first <= today and first is not None and first <= m.last]
    return [roll_up(known, month, today, ChainState(None)) for month in begun]


def periods_since(first: date, today: date, kind: PeriodKind) -> Sequence[ReportingPeriod]:
    """All periods of a kind from that of `first` to that of `today`, the last one first."""
    found = [ReportingPeriod.around(today, kind)]
    while found[-1].first > first:
        found.append(ReportingPeriod.around(found[-1].first - timedelta(days=1), kind))
    return found
