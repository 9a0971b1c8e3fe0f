"""A month as a calendar: weeks as rows, five steps of one hue for removals, the verdict in the cell, and the rows of
the table below. What is linked is a report that is still there."""

from calendar import monthcalendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from carddata_retention.history import Notice, PastRun
from carddata_retention.report.days import Day
from carddata_retention.report.speech import Speech, number, phrase
from carddata_retention.report.verdict import Tone

_SHARES = (0.5, 0.85, 0.97)
_NOTICES = 2
_LINKED_RUNS = 6


@dataclass(frozen=True, slots=True)
class Pages:
    """Which runs have a page below the folder of reports, and the way there from the page that links."""

    published: frozenset[str] = frozenset()
    way: str = ""

    def of(self, run: PastRun | None) -> str | None:
        """The link to a run's page; None where it has none."""
        if run is None or run.run_id not in self.published:
            return None
        return f"{self.way}{run.as_of}/{run.run_id}/night.html"


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of a month; `tone` and `step` are None where it is no night."""

    number: int
    tone: Tone | None = None
    step: int | None = None
    href: str | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class Month:
    """A month of cells; None where a week reaches into another month."""

    name: str
    purged: int
    weeks: tuple[tuple[Cell | None, ...], ...]


@dataclass(frozen=True, slots=True)
class NightRow:
    """One night of a table."""

    day: Day
    href: str | None
    runs: tuple[tuple[int, str | None], ...]
    more_runs: int
    notices: tuple[Notice, ...]
    more: int


def steps(days: Iterable[Day]) -> tuple[int, ...]:
    """The least count of each step above zero: round numbers about the median and the few nights that stand out."""
    counts = sorted(count for day in days if (count := day.purged))
    bounds = [1] if counts else []
    for share in _SHARES:
        bound = _rounded(counts[int(share * (len(counts) - 1))]) if counts else 0
        if bounds and bound > bounds[-1]:
            bounds.append(bound)
    return tuple(bounds)


def _rounded(count: int) -> int:
    """Down to two digits and zeros."""
    unit = int(10 ** max(len(str(count)) - 2, 0))
    return count // unit * unit


def grids(speech: Speech, days: Sequence[Day], pages: Pages) -> list[Month]:
    """The calendars of all months that the nights lie in."""
    known = {day.day: day for day in days}
    bounds = steps(days)
    firsts = dict.fromkeys((day.day.year, day.day.month) for day in days)
    return [_month(speech, year, month, known, bounds, pages) for year, month in firsts]


def _month(speech: Speech, year: int, month: int, known: dict[date, Day], bounds: tuple[int, ...],
           pages: Pages) -> Month:
    def cell(number_: int) -> Cell | None:
        if not number_:
            return None
        day = known.get(date(year, month, number_))
        if day is None:
            return Cell(number_)
        said = f"{day.day} {speech.plain(phrase('code', day.tone))}"
        said += f" {number(day.purged)}" if day.runs else ""
        step = None if day.purged is None else sum(bound <= day.purged for bound in bounds)
        return Cell(number_, day.tone, step, pages.of(day.last), said)

    weeks = tuple(tuple(cell(n) for n in week) for week in monthcalendar(year, month))
    purged = sum(day.purged or 0 for day in known.values() if (day.day.year, day.day.month) == (year, month))
    return Month(f"{year:04}-{month:02}", purged, weeks)


def night_rows(days: Iterable[Day], pages: Pages) -> list[NightRow]:
    """The last night first."""
    return [_night_row(day, pages) for day in sorted(days, key=lambda day: day.day, reverse=True)]


def _night_row(day: Day, pages: Pages) -> NightRow:
    notices = day.last.notices if day.last else ()
    worst_first = sorted(notices, key=lambda notice: notice.severity.value)  # block before warn
    shown = day.runs[-_LINKED_RUNS:]
    runs = tuple((len(day.runs) - len(shown) + i, pages.of(run)) for i, run in enumerate(shown, start=1))
    return NightRow(day, pages.of(day.last), runs, len(day.runs) - len(shown), tuple(worst_first[:_NOTICES]),
                    max(0, len(notices) - _NOTICES))


def not_passed(days: Iterable[Day]) -> list[Day]:
    """The nights that did not pass, or not with each of their runs."""
    return [day for day in days if day.worst != "ok"]
