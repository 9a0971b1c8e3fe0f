"""What the services of one subject say by themselves, attestations apart: how many there are, and how they stand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.key_text import in_sql, reader
from carddata_retention.moments import EPOCH, MICROSECOND, Condition, EpochTime, NativeTime
from carddata_retention.period import before
from carddata_retention.schema import BoundSchema
from carddata_retention.services import Column, Ruling
from carddata_retention.status import Standing
from carddata_retention.subjects import Readings


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject, and the versions by which its services are read. `mine` names its services."""

    rulings: tuple[Ruling, ...]
    dialect: str
    mine: Condition
    value: Any = None

    @classmethod
    def given(cls, rulings: tuple[Ruling, ...], dialect: str, text: str) -> "Subject":
        """By what a person typed. Raises ValueError and the like where it is no value of the column."""
        column = rulings[0].service.subject
        value = reader(column.type)(text)
        return cls(rulings, dialect, column == value, value)

    @classmethod
    def named(cls, rulings: tuple[Ruling, ...], dialect: str, item: str) -> "Subject":
        """By the text under which the ledger keeps it."""
        return cls(rulings, dialect, in_sql(rulings[0].service.subject) == item)

    def asked(self, connection: Connection) -> tuple[int, list[Standing]]:
        """How many services there are, and the greatest standing of them under each version."""
        readings = Readings(self.rulings, None, self.dialect, ahead=False)
        ends = readings.ends(self.rulings[0].service.subject).add_columns(sa.func.count())
        row: Sequence[Any] = connection.execute(ends.where(self.mine)).one()
        return int(row[-1]), [Standing.NO_SERVICE if n is None else Standing(n) for n in row[:-1:2]]

    def begins_after(self, connection: Connection, day: date, zone: ZoneInfo) -> bool:
        """Whether any of the services began after a day; False where no start is declared."""
        service, end = self.rulings[-1].service, self.rulings[-1].service.end
        if service.started is None:
            return False
        next_day: Any = before(day + timedelta(days=1), zone, end.reading).value
        last: Any = next_day - MICROSECOND if isinstance(next_day, datetime) else day
        form: Any = replace(end, column=_written(end, last))  # type: ignore[type-var]
        later = sa.select(sa.literal(1)).select_from(service.source).where(
            service.condition, self.mine, form.before(service.started)).limit(1)
        return connection.execute(later).first() is not None

    def contradicts(self, connection: Connection, day: date, zone: ZoneInfo) -> bool:
        """Whether one of several versions reads an end that is later than a day: another version may read none there.

        Under one version alone a later end needs no question, for it decides.
        """
        if len(self.rulings) == 1:
            return False
        for service in (ruling.service for ruling in self.rulings):
            end = service.end
            until = before(day + timedelta(days=1), zone, end.reading)
            dated = sa.and_(sa.not_(end.missing()), sa.not_(end.unreadable()), sa.not_(end.covered(until)))
            later = sa.select(sa.literal(1)).select_from(service.source).where(service.condition, self.mine, dated)
            if connection.execute(later.limit(1)).first() is not None:
                return True
        return False

    def name(self, connection: Connection) -> str | None:
        """The subject as its services write it; None where there are none."""
        service = self.rulings[0].service
        mine = sa.select(in_sql(service.subject)).select_from(service.source).where(service.condition, self.mine)
        return connection.execute(mine.limit(1)).scalar()

    def names_elsewhere(self, connection: Connection, schema: BoundSchema) -> set[str]:
        """The subject as the columns of the targets write it."""
        columns: list[Any] = [c for bound in schema.usable.values()
                              for c in (*bound.target.subjects, bound.target.path_subject) if c is not None]
        return {text for column in columns for text in connection.execute(
            sa.select(in_sql(column)).where(column == self.value).limit(1)).scalars()}


def _written(end: Any, moment: Any) -> Column:
    """A moment as a value of the column of service ends."""
    if isinstance(end, EpochTime):
        return sa.literal((moment - EPOCH) // end.unit, sa.BigInteger())
    if not isinstance(end, NativeTime):
        return sa.literal(moment.isoformat(), sa.String())
    if not isinstance(moment, datetime):
        return sa.literal(moment, sa.Date())
    moment = moment.replace(tzinfo=None) if end.utc_naive else moment  # a bound is in UTC
    return sa.literal(moment, sa.DateTime(timezone=moment.tzinfo is not None))
