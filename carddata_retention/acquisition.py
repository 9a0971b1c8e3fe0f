"""Which policy version decides a record, said as SQL: the one in force on the day the record was acquired.

Expressions only; the bounds come from `policy.py`. A moment that is missing or that nobody can read names no version;
neither does one before the first version, or one on a day that has not come: a version of the future decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from carddata_retention.moments import TimeForm
from carddata_retention.period import Bound
from carddata_retention.services import Column


@dataclass(frozen=True, slots=True)
class Acquisition:
    """When a record was acquired, and for each deciding version what lies before its first day, earliest first."""

    acquired: TimeForm
    begins: tuple[Bound, ...]
    has_come: Bound

    def chosen(self, each: Sequence[Column], *, unknown: Column, by_none: Column) -> Column:
        """Of one value for each version the one of the record's own; `unknown` where nobody knows when it was
        acquired, `by_none` where no version was in force then."""
        acquired, first = self.acquired, self.begins[0]
        return sa.case(
            (sa.or_(acquired.missing(), acquired.unreadable()), unknown),
            (sa.or_(acquired.covered(first), sa.not_(acquired.covered(self.has_come))), by_none),
            *((acquired.covered(next_begins), mine) for next_begins, mine in zip(self.begins[1:], each, strict=False)),
            else_=each[-1],
        )
