"""The rows that say when a service ended, and `status.standing` of one of them, said as SQL.

Expressions only; `schema.py` builds the source from the catalogue, `tables.py` decides records by it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from carddata_retention.model import Status
from carddata_retention.moments import Condition, TimeForm
from carddata_retention.period import Rule
from carddata_retention.policy import Bounds
from carddata_retention.status import FORECAST_DAYS, RETAINED_WITHIN, Standing

Column = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class ServiceSource:
    """The rows that say when a service ended. `condition` drops a row only where the declared where is FALSE."""

    source: FromClause
    subject: Column
    end: TimeForm
    started: Column | None
    status: Column | None
    terminated: tuple[Any, ...]
    earliest: date
    open_sentinels: tuple[date, ...]
    zones: tuple[ZoneInfo, ...]  # the policy's, then the column's own: a sentinel may be meant in either
    condition: Condition
    trigger_column: str

    def is_terminated(self) -> Condition:
        """True or false, never NULL: an unknown status is not a terminated one."""
        if self.status is None:
            return sa.false()
        return sa.and_(self.status.is_not(None), self.status.in_(self.terminated))

    def is_open(self) -> Condition:
        """Open whatever its end says: a sentinel, or a status that is not in `terminated`."""
        opens = [self.end.infinite(), *(self._on(day, z) for day in self.open_sentinels for z in self.zones)]
        if self.status is not None:
            opens.append(sa.not_(self.is_terminated()))
        return sa.or_(*opens)

    def before_start(self) -> Condition:
        """True where the end is before the start; false where no start is declared."""
        return sa.false() if self.started is None else self.end.before(self.started)

    def implausible(self) -> Condition:
        """True where the end is before the earliest day that anybody would believe."""
        return sa.not_(self.end.on_or_after(self.earliest, self.zones[0]))

    def _on(self, day: date, zone: ZoneInfo) -> Condition:
        later = self.end.on_or_after(day, zone)
        if day == date.max:
            return later
        return sa.and_(later, sa.not_(self.end.on_or_after(day + timedelta(days=1), zone)))


@dataclass(frozen=True, slots=True)
class Ruling:
    """One policy version as it decides: its rule, the service ends of its trigger event, their bounds of the night.

    `days` are the bounds of attested days; None where nothing is attested.
    """

    version: str
    rule: Rule
    service: ServiceSource
    bounds: Bounds
    days: Bounds | None = None


def constant(value: Standing | Status) -> Column:
    """A standing or a status as SQL: a constant of this product, so it is written out and not bound."""
    if isinstance(value, Standing):
        return sa.literal_column(str(value.value), sa.Integer())
    return sa.literal_column(f"'{value.value}'", sa.String())


def standing(service: ServiceSource, bounds: Bounds, *, ahead: bool) -> Column:
    """`status.standing` as SQL, line by line; without `ahead` what is retained is not told apart by its day."""
    end, steps = service.end, FORECAST_DAYS if ahead else ()
    return sa.case(
        (service.is_open(), constant(Standing.ACTIVE)),
        (end.missing(), constant(Standing.NO_END if service.status is not None else Standing.ACTIVE)),
        (end.unreadable(), constant(Standing.UNREADABLE_END)),
        (sa.not_(end.covered(bounds.over)), constant(Standing.ACTIVE)),
        (service.implausible(), constant(Standing.IMPLAUSIBLE_END)),
        (service.before_start(), constant(Standing.END_BEFORE_START)),
        (end.covered(bounds.overdue), constant(Standing.OVERDUE)),
        (end.covered(bounds.due), constant(Standing.DUE)),
        *((end.covered(bounds.due_within[n]), constant(RETAINED_WITHIN[n])) for n in steps),
        else_=constant(Standing.RETAINED),
    )
