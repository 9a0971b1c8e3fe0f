"""How a declared time column is compared on each database: the bound is converted, never the column.

A form turns a `Bound` of the rule into one bound parameter of the column's own zone and type, says which values
are open or unreadable, and turns a fetched value back into what the rule reads. Pure expressions, no connection.

SQLite has no time type, only text in many shapes; there the column goes through `carddata_instant` or
`carddata_day`, functions that every connection of ours registers and that accept nothing but a whole ISO 8601
value (docs/adr/0006).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from carddata_retention.instants import parse_day, parse_instant
from carddata_retention.model import Kind
from carddata_retention.period import Bound, Reading, resolve, start_of_day

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
Condition = ColumnElement[bool]


class TimeForm(Protocol):
    """One declared service-end column on one database."""

    @property
    def reading(self) -> Reading:
        """What the rule needs to know of the column's values."""

    def covered(self, bound: Bound) -> Condition:
        """True where the end is covered by the bound; NULL or anything where the end cannot be read."""

    def missing(self) -> Condition:
        """True where there is no end at all."""

    def unreadable(self) -> Condition:
        """True where something stands there that is no moment."""

    def infinite(self) -> Condition:
        """True where the database's own infinity says that there is no end."""

    def on_or_after(self, day: date, zone: ZoneInfo) -> Condition:
        """True where the end is on `day` of `zone`, or later."""

    def value(self) -> ColumnElement[Any]:
        """What is fetched for a record; `read` turns it back."""

    def read(self, fetched: Any) -> datetime | date:
        """The end as the rule reads it: aware, naive in the reading's zone, or a date."""

    def text(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """A fetched value as the database writes it down: the same text for the same end, whenever it is asked."""

    def from_text(self, text: str) -> datetime | date:
        """The end that `text` wrote down, as the rule reads it."""

    def before(self, started: ColumnElement[Any]) -> Condition:
        """True where the end is earlier than the start, of which `forms.start_of` has made the same kind of value."""


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 in UTC: the form in which SQLite compares instants."""
    return (moment - EPOCH) // MICROSECOND


# SQLite asks for the same value once for every comparison that names it.
@lru_cache(maxsize=65_536)
def sqlite_instant(value: object, zone: str) -> int | None:
    """The function `carddata_instant` of our SQLite connections; None for what is no whole ISO 8601 instant."""
    if not isinstance(value, str) or (moment := parse_instant(value.strip())) is None:
        return None
    try:
        if moment.tzinfo is None:
            return microseconds(resolve(moment, ZoneInfo(zone))) if zone else None
        return microseconds(moment.astimezone(UTC))
    except OverflowError:
        return None


@lru_cache(maxsize=65_536)
def sqlite_day(value: object) -> str | None:
    """The function `carddata_day` of our SQLite connections; None for what is no whole ISO 8601 date."""
    day = parse_day(value.strip()) if isinstance(value, str) else None
    return day.isoformat() if day else None


def sqlite_number(value: float | None) -> str | None:
    """The function `carddata_number` of our SQLite connections: all digits of a number, where CAST gives fifteen."""
    return None if value is None else repr(value)


def _compare(left: ColumnElement[Any], bound: Bound, value: Any) -> Condition:
    covered: Condition = left <= value if bound.inclusive else left < value
    return covered


@dataclass(frozen=True, slots=True)
class NativeTime:
    """timestamp with or without time zone, DATETIME, TIMESTAMP, DATE of a server that has such types."""

    column: ColumnElement[Any]
    reading: Reading
    dialect: str
    utc_naive: bool = False  # MariaDB's TIMESTAMP: an instant that the driver hands over without a zone

    def _bind(self, value: datetime | date) -> ColumnElement[Any]:
        if not isinstance(value, datetime):
            return sa.literal(value, sa.Date())
        if value.tzinfo is not None and self.utc_naive:
            value = value.astimezone(UTC).replace(tzinfo=None)
        return sa.literal(value, sa.DateTime(timezone=value.tzinfo is not None))

    def covered(self, bound: Bound) -> Condition:
        return _compare(self.column, bound, self._bind(bound.value))

    def missing(self) -> Condition:
        return self.column.is_(None)

    def unreadable(self) -> Condition:
        if self.dialect == "postgresql":
            return self.column == sa.literal_column("'-infinity'")
        return sa.or_(sa.func.month(self.column) == 0, sa.func.dayofmonth(self.column) == 0)

    def infinite(self) -> Condition:
        return self.column == sa.literal_column("'infinity'") if self.dialect == "postgresql" else sa.false()

    def on_or_after(self, day: date, zone: ZoneInfo) -> Condition:
        if self.reading.kind is not Kind.INSTANT:
            return self.column >= self._bind(day)
        start = start_of_day(day, zone)
        if self.reading.zone is not None:
            start = start.astimezone(self.reading.zone).replace(tzinfo=None)
        return self.column >= self._bind(start)

    def value(self) -> ColumnElement[Any]:
        return self.column

    def read(self, fetched: Any) -> datetime | date:
        end: datetime | date = fetched.replace(tzinfo=UTC) if self.utc_naive else fetched
        return end

    def text(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return sa.cast(value, sa.String)

    def from_text(self, text: str) -> datetime | date:
        return self.read((date if len(text) == len("2020-02-29") else datetime).fromisoformat(text))

    def before(self, started: ColumnElement[Any]) -> Condition:
        return self.column < started


@dataclass(frozen=True, slots=True)
class EpochTime:
    """A number that the configuration declares to be seconds or milliseconds since 1970."""

    column: ColumnElement[Any]
    reading: Reading
    unit: timedelta
    dialect: str

    def _number(self, moment: datetime) -> ColumnElement[Any]:
        # Rounded down: kept longer, never shorter. BigInteger, for the column may be too small for the bound.
        return sa.literal((moment - EPOCH) // self.unit, sa.BigInteger())

    def covered(self, bound: Bound) -> Condition:
        value = bound.value
        assert isinstance(value, datetime)
        return _compare(self.column, bound, self._number(value))

    def missing(self) -> Condition:
        return self.column.is_(None)

    def unreadable(self) -> Condition:
        first, last = (self._number(datetime(year, 1, 1, tzinfo=UTC)) for year in (2, 9999))
        outside = sa.or_(self.column < first, self.column > last)
        if self.dialect == "sqlite":
            return sa.or_(sa.func.typeof(self.column).not_in(["integer", "real"]), outside)
        return outside

    def infinite(self) -> Condition:
        return sa.false()

    def on_or_after(self, day: date, zone: ZoneInfo) -> Condition:
        return self.column >= self._number(start_of_day(day, zone))

    def value(self) -> ColumnElement[Any]:
        return self.column

    def read(self, fetched: Any) -> datetime | date:
        # Fractions are rounded up to a microsecond: a moment after 00:00 must not become 00:00.
        return EPOCH + ceil(Fraction(fetched) * (self.unit // MICROSECOND)) * MICROSECOND

    def text(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return sa.func.carddata_number(value) if self.dialect == "sqlite" else sa.cast(value, sa.String)

    def from_text(self, text: str) -> datetime | date:
        return self.read(text)

    def before(self, started: ColumnElement[Any]) -> Condition:
        earlier = self.column < started
        if self.dialect == "sqlite":  # there every number is less than any text
            return sa.and_(sa.func.typeof(started).in_(["integer", "real"]), earlier)
        return earlier


@dataclass(frozen=True, slots=True)
class TextInstant:
    """SQLite: an instant as ISO 8601 text, compared as a number of microseconds."""

    column: ColumnElement[Any]
    reading: Reading
    zone: str

    def value(self) -> ColumnElement[Any]:
        return sa.func.carddata_instant(self.column, self.zone)

    def covered(self, bound: Bound) -> Condition:
        value = bound.value
        assert isinstance(value, datetime)
        return _compare(self.value(), bound, microseconds(value))

    def missing(self) -> Condition:
        return self.column.is_(None)

    def unreadable(self) -> Condition:
        return self.value().is_(None)

    def infinite(self) -> Condition:
        return sa.false()

    def on_or_after(self, day: date, zone: ZoneInfo) -> Condition:
        return self.value() >= microseconds(start_of_day(day, zone))

    def read(self, fetched: Any) -> datetime | date:
        return EPOCH + int(fetched) * MICROSECOND

    def text(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return sa.cast(value, sa.String)

    def from_text(self, text: str) -> datetime | date:
        return self.read(text)

    def before(self, started: ColumnElement[Any]) -> Condition:
        return self.value() < sa.func.carddata_instant(started, self.zone)


@dataclass(frozen=True, slots=True)
class TextDay:
    """SQLite: a date as ISO 8601 text."""

    column: ColumnElement[Any]
    reading: Reading

    def value(self) -> ColumnElement[Any]:
        return sa.func.carddata_day(self.column)

    def covered(self, bound: Bound) -> Condition:
        return _compare(self.value(), bound, bound.value.isoformat())

    def missing(self) -> Condition:
        return self.column.is_(None)

    def unreadable(self) -> Condition:
        return self.value().is_(None)

    def infinite(self) -> Condition:
        return sa.false()

    def on_or_after(self, day: date, zone: ZoneInfo) -> Condition:
        return self.value() >= day.isoformat()

    def read(self, fetched: Any) -> datetime | date:
        return date.fromisoformat(fetched)

    def text(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        return value

    def from_text(self, text: str) -> datetime | date:
        return self.read(text)

    def before(self, started: ColumnElement[Any]) -> Condition:
        return self.value() < sa.func.carddata_day(sa.func.substr(started, 1, 10))


def as_text(end: datetime | date | None) -> str:
    """An end as evidence keeps it: ISO 8601, UTC where the column knows an instant; empty where there is none."""
    if end is None:
        return ""
    if isinstance(end, datetime) and end.tzinfo is not None:
        return end.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return end.isoformat()
