"""The nights of a ledger as a calendar: every day from the first to the last, and what was held on each.

A run belongs to the day that it judged by. A day without a completed run is missed: it has no numbers, and never 0.
Where several runs judged by one day, the last one concludes it, the removals of all of them add up, and the worst
verdict stays visible.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

from carddata_retention.history import History, PastRun
from carddata_retention.report.totals import total
from carddata_retention.report.verdict import TONES, Tone

# A night may end on the day after its as-of date; whoever judges by an older day was not there that night.
IN_TIME_DAYS = 1
# A plan may wait a month for its approval. A run by an older day, or by one to come, is no night of the calendar.
NIGHT_DAYS = 31
_WORST_FIRST: tuple[Tone, ...] = ("bad", "att", "ok")


def _sum(runs: Iterable[PastRun], name: str) -> int | None:
    counts = [count for run in runs if (count := total(run.targets, name).value) is not None]
    return sum(counts) if counts else None


@dataclass(frozen=True, slots=True)
class Day:
    """One night: its completed runs in the order in which they were held. Without any it was missed."""

    day: date
    runs: tuple[PastRun, ...]

    @property
    def last(self) -> PastRun | None:
        """The run that concludes the night."""
        return self.runs[-1] if self.runs else None

    @property
    def days_late(self) -> int:
        """Days by which the night was made up for afterwards; 0 for one that was held in time, or missed."""
        late = min((run.days_late for run in self.runs), default=0)
        return late if late > IN_TIME_DAYS else 0

    @property
    def tone(self) -> Tone:
        """The last verdict; a night that was made up for later asks for a look."""
        if self.last is None:
            return "miss"
        tone = TONES[self.last.verdict]
        return "att" if tone == "ok" and self.days_late else tone

    @property
    def worst(self) -> Tone:
        """The worst verdict among the runs of the night."""
        tones = {self.tone, *(TONES[run.verdict] for run in self.runs)}
        return next((tone for tone in _WORST_FIRST if tone in tones), "miss")

    @property
    def purged(self) -> int | None:
        """Removals of all runs; None where none was counted."""
        return _sum(self.runs, "purged")

    def count(self, name: str) -> int | None:
        """A count of the last run, over those targets for which it was taken."""
        return None if self.last is None else total(self.last.targets, name).value


class Tally(NamedTuple):
    """scheduled = passed + attention + failed + missed."""

    scheduled: int
    passed: int
    attention: int
    failed: int
    missed: int


class Gap(NamedTuple):
    """Nights without a completed run, one after the other."""

    first: date
    last: date
    nights: int


def tally(days: Sequence[Day]) -> Tally:
    """How the nights came out."""
    tones = [day.tone for day in days]
    return Tally(len(tones), *(tones.count(tone) for tone in ("ok", "att", "bad", "miss")))


def gaps(days: Sequence[Day]) -> tuple[Gap, ...]:
    """The missed nights, each stretch once."""
    stretches = (list(found) for missed, found in groupby(days, lambda day: not day.runs) if missed)
    return tuple(Gap(found[0].day, found[-1].day, len(found)) for found in stretches)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Every day from the first night to the last. `apart` judged by a day outside of it."""

    days: tuple[Day, ...]
    apart: tuple[PastRun, ...]

    @property
    def first(self) -> date | None:
        """The day of the first night; None where there is none."""
        return self.days[0].day if self.days else None

    def between(self, first: date, last: date) -> Iterator[Day]:
        """The nights from `first` to `last`; a day after the last night that was held is missed."""
        begun = self.first
        if begun is None:
            return
        known = {day.day: day for day in self.days}
        day = max(first, begun)
        while day <= last:
            yield known.get(day) or Day(day, ())
            day += timedelta(days=1)


def calendar(history: History) -> Calendar:
    """The calendar of a ledger. A ledger that knows nothing but runs by distant days is told by these."""
    nights = [run for run in history.runs if 0 <= run.days_late <= NIGHT_DAYS] or list(history.runs)
    if not nights:
        return Calendar((), ())
    first, last = min(run.as_of for run in nights), max(run.as_of for run in nights)
    held: dict[date, list[PastRun]] = {}
    for run in history.runs:
        held.setdefault(run.as_of, []).append(run)
    every = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return Calendar(tuple(Day(day, tuple(held.get(day, ()))) for day in every),
                    tuple(run for run in history.runs if not first <= run.as_of <= last))
