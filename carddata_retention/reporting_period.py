"""The periods that reports are rolled up for: a month, a quarter or a year of the calendar. No clock here."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from carddata_retention.errors import UsageError

_FORM = re.compile(r"([0-9]{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?")


class PeriodKind(StrEnum):
    """How long a period of reporting is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.YEAR: 12}


@dataclass(frozen=True, slots=True, order=True)
class ReportingPeriod:
    """A period by its kind and its first day."""

    first: date
    kind: PeriodKind

    @classmethod
    def parse(cls, text: str) -> "ReportingPeriod":
        """Read `2026-11`, `2026-Q3` or `2026`. Raises UsageError for anything else."""
        found = _FORM.fullmatch(text)
        if found is None or found[1] == "0000":
            raise UsageError("period_form", "--period is no month, quarter or year.", not_done="No report was built.",
                             cure="Write it as 2026-11, 2026-Q3 or 2026.")
        year = int(found[1])
        if found[2]:
            return cls(date(year, 3 * int(found[2]) - 2, 1), PeriodKind.QUARTER)
        return cls(date(year, int(found[3] or 1), 1), PeriodKind.MONTH if found[3] else PeriodKind.YEAR)

    @classmethod
    def around(cls, day: date, kind: PeriodKind) -> "ReportingPeriod":
        """The period of a kind that a day lies in."""
        months = _MONTHS[kind]
        return cls(date(day.year, (day.month - 1) // months * months + 1, 1), kind)

    @property
    def last(self) -> date:
        """The last day."""
        month = self.first.month + _MONTHS[self.kind] - 1
        return date(self.first.year, month, monthrange(self.first.year, month)[1])

    def months(self) -> tuple["ReportingPeriod", ...]:
        """The months that it consists of."""
        year, month = self.first.year, self.first.month
        return tuple(ReportingPeriod(date(year, month + n, 1), PeriodKind.MONTH) for n in range(_MONTHS[self.kind]))

    def __str__(self) -> str:
        year = f"{self.first.year:04}"
        if self.kind is PeriodKind.QUARTER:
            return f"{year}-Q{(self.first.month + 2) // 3}"
        return year if self.kind is PeriodKind.YEAR else f"{year}-{self.first.month:02}"
