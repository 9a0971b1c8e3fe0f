"""Choosing how a declared service-end column is compared, from what the catalogue says it is.

What a column means must be declared, never guessed: a naive timestamp without a zone, a DATE declared to be an
instant and a number without an encoding are configuration errors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import mysql

from carddata_retention.errors import ConfigError
from carddata_retention.model import Kind
from carddata_retention.moments import Condition, EpochTime, NativeTime, TextDay, TextInstant, TimeForm
from carddata_retention.period import Reading
from carddata_retention.policy_settings import ServiceEndSection, Trigger
from carddata_retention.target_settings import Created

NUMBERS: Any = sa.Integer | sa.Numeric | sa.Float
UNITS = {"unix": timedelta(seconds=1), "unix-ms": timedelta(milliseconds=1)}

# Type codes of the result columns of a query, as the drivers report them.
_PG_TYPES: dict[int, Any] = {
    1184: sa.DateTime(timezone=True), 1114: sa.DateTime(), 1082: sa.Date(), 20: sa.BigInteger(), 23: sa.Integer(),
    21: sa.SmallInteger(), 1700: sa.Numeric(), 700: sa.Float(), 701: sa.Float(), 2950: sa.Uuid(), 16: sa.Boolean(),
    17: sa.LargeBinary(),
}
_MYSQL_TYPES: dict[int, Any] = {
    7: mysql.TIMESTAMP(), 12: mysql.DATETIME(), 10: sa.Date(), 1: sa.Integer(), 2: sa.Integer(), 3: sa.Integer(),
    9: sa.Integer(), 8: sa.BigInteger(), 246: sa.Numeric(), 0: sa.Numeric(), 4: sa.Float(), 5: sa.Float(),
}

# Types of which one can be compared with the other without a guess.
_SORTS: tuple[tuple[str, Any], ...] = (
    ("a truth value", sa.Boolean), ("a number", NUMBERS), ("a UUID", sa.Uuid),
    ("bytes", sa.LargeBinary | sa.types.BINARY | sa.types.VARBINARY), ("text", sa.String),
    ("a date or time", sa.Date | sa.DateTime | sa.types.TIMESTAMP),
)


class LooseText(sa.String):
    """Text that the database may compare loosely, or not as text at all: an enumeration, citext, a collation.

    `written_as` is the type that a value must be given to be stored, where text is not taken for it.
    """

    def __init__(self, written_as: Any = None) -> None:
        super().__init__()
        self.written_as = written_as


@dataclass(frozen=True, slots=True)
class Declared:
    """What the configuration says about a trigger's column, with the section's defaults filled in."""

    column: str
    kind: Kind
    zone: str | None
    encoding: str
    midnights_exact: bool


def declared(section: ServiceEndSection, trigger: Trigger) -> Declared:
    """A trigger's own words first, the section's where it is silent."""
    return Declared(
        column=trigger.column,
        kind=trigger.kind or section.kind,
        zone=trigger.zone or section.zone,
        encoding=trigger.encoding or section.encoding,
        midnights_exact=(trigger.midnights or section.midnights) == "exact",
    )


def query_types(connection: Connection, dialect: str, query: str) -> dict[str, Any]:
    """Column name -> type of a SELECT of the configuration, without fetching a row."""
    everything: Any = sa.select(sa.literal_column("*")).select_from(derived(query)).where(sa.literal(1) == 0)
    empty = connection.execute(everything)
    known: dict[Any, Any] = {"postgresql": _PG_TYPES, "mariadb": _MYSQL_TYPES, "sqlite": {}}[dialect]
    plain = sa.types.NullType() if dialect == "sqlite" else sa.String()
    described: Any = empty.cursor.description
    return {c[0]: known.get(c[1], plain) for c in described}


def derived(query: str) -> sa.TextClause:
    """A SELECT of the configuration as a FROM clause, on lines of its own: it may end with a comment."""
    # In a text of SQLAlchemy a colon names a parameter unless a backslash stands before it.
    return sa.text(f"(\n{query}\n) AS carddata_query".replace(":", "\\:"))


def sql_condition(text: str, word: str) -> Condition:
    """A condition of the configuration, taken as it is; `word` makes NULL mean what the section says."""
    return sa.literal_column(f"((\n{text}\n) {word})", sa.Boolean())


def exact(text: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """Text compared character by character.

    MariaDB's default collations find 'Closed', 'CLOSED' and 'closed ' equal to 'closed', and ' ' equal to ''; a
    status that nobody declared terminated would then end a service.
    """
    if dialect == "sqlite":
        return sa.collate(text, "BINARY")
    if dialect == "postgresql":
        return sa.collate(sa.cast(text, sa.Text), "C") if isinstance(text.type, LooseText) else text
    return sa.cast(sa.cast(text, sa.String), sa.LargeBinary)


def sort_of(type_: Any) -> str | None:
    """What a column holds, in a word; None where that cannot be told."""
    return next((word for word, types in _SORTS if isinstance(type_, types)), None)


def comparable(left: Any, right: Any, dialect: str) -> bool:
    """Whether values of two types meet as they are. MariaDB would read '12abc' as 12; PostgreSQL refuses."""
    sorts = {sort_of(left), sort_of(right)}
    if dialect == "sqlite":  # declared types are a hint there, and only these two convert into each other
        return sorts != {"text", "a number"}
    return len(sorts) == 1 or None in sorts


def terminated_values(column: sa.ColumnElement[Any], values: Sequence[str | int | bool],
                      dialect: str) -> tuple[sa.ColumnElement[Any], tuple[Any, ...]]:
    """The status column and the declared values, as they are compared. Raises ConfigError where none can be equal."""
    if isinstance(column.type, sa.types.NullType):
        return exact(column, dialect), tuple(int(v) if isinstance(v, bool) else v for v in values)
    if isinstance(column.type, sa.Boolean | sa.Integer):
        try:
            numbers = [int(v) for v in values]
        except ValueError:
            raise ConfigError("terminated_type", f"[service_end]: the status column {column.key} is a number, and "
                              "terminated names words.", cure="terminated = [9]: numbers, without quotes.") from None
        return column, tuple(bool(n) for n in numbers) if isinstance(column.type, sa.Boolean) else tuple(numbers)
    text = exact(column if isinstance(column.type, sa.String) else sa.cast(column, sa.String), dialect)
    return text, tuple(exact(sa.literal(str(v), sa.String()), dialect) for v in values)


def time_form(column: sa.ColumnElement[Any], what: Declared, dialect: str, where: str) -> TimeForm:
    """The form of one column, which `where` declares. Raises ConfigError where its type and that do not fit."""
    kind, type_ = what.kind, column.type
    zone = ZoneInfo(what.zone) if what.zone else None
    aware = Reading(kind, None, what.midnights_exact)
    if what.encoding != "native":
        if kind is not Kind.INSTANT:
            raise _misfit(where, f"encoding {what.encoding} means an instant, not {kind}")
        if dialect != "sqlite" and not isinstance(type_, NUMBERS):
            raise _misfit(where, f"encoding {what.encoding} means a number, which the column {what.column} is not")
        return EpochTime(column, aware, UNITS[what.encoding], dialect)
    if dialect == "sqlite":
        return TextInstant(column, aware, what.zone or "") if kind is Kind.INSTANT else TextDay(column, aware)
    if isinstance(type_, sa.DateTime | mysql.TIMESTAMP):
        if kind is not Kind.INSTANT:
            raise _misfit(where, f"the column is a timestamp and declared {kind}; declare kind = \"instant\"")
        if isinstance(type_, mysql.TIMESTAMP) and dialect == "mariadb":
            return NativeTime(column, aware, dialect, utc_naive=True)
        if type_.timezone:
            return NativeTime(column, aware, dialect)
        if zone is None:
            raise ConfigError(
                "zone_missing", f"{where}: the column {what.column} is a timestamp without a time zone.",
                cure=f'Say which zone its values are in: zone = "UTC" (or "Asia/Tokyo") in {where}.',
            )
        return NativeTime(column, Reading(kind, zone, what.midnights_exact), dialect)
    if isinstance(type_, sa.Date):
        if kind is Kind.INSTANT:
            raise _misfit(where, "the column is a DATE; say whether the service was still usable on it: "
                                 'kind = "inclusive-date" or "exclusive-date"')
        return NativeTime(column, aware, dialect)
    if isinstance(type_, NUMBERS):
        raise _misfit(where, 'the column is a number; say what it counts: encoding = "unix" or "unix-ms"')
    raise _misfit(where, "the column is neither a timestamp, a date nor a number; give its values a type with "
                         'service_end.query = "query.sql"')


def acquired(column: sa.ColumnElement[Any], created: Created, dialect: str, target: str) -> TimeForm:
    """The form of the column that says when a record was acquired. Raises ConfigError as `time_form`."""
    # A date is the day of the acquisition, as that of a moment is; so both are compared with a day's beginning.
    what = Declared(created.column, created.kind, created.zone, created.encoding, midnights_exact=True)
    return time_form(column, what, dialect, f"{target}, created")


def start_of(started: sa.ColumnElement[Any], end: TimeForm, what: Declared, policy_zone: ZoneInfo,
             dialect: str) -> sa.ColumnElement[Any]:
    """The start column as a value that the end can be compared with. Raises ConfigError where it is no time at all.

    A start only ever makes an end implausible. Where MariaDB cannot bring the two into one zone, the start is read
    a day earlier: a service is then believed rather than kept for ever.
    """
    type_, where = started.type, "[service_end] started"
    if dialect == "sqlite":
        return started
    if isinstance(end, EpochTime):
        if not isinstance(type_, NUMBERS):
            raise _misfit(where, f"the column {started.key} is no number of the encoding {what.encoding}")
        return started
    if not isinstance(type_, sa.Date | sa.DateTime | mysql.TIMESTAMP):
        raise _misfit(where, f"the column {started.key} is neither a timestamp nor a date")
    dates, is_date = what.kind is not Kind.INSTANT, isinstance(type_, sa.Date)
    if dialect == "postgresql":
        return _start_on_postgresql(started, end, what, policy_zone)
    if dates and is_date:
        return started
    both_alike = isinstance(type_, mysql.TIMESTAMP) == (isinstance(end, NativeTime) and end.utc_naive)
    if not dates and not is_date and (both_alike or what.zone == "UTC"):
        return started
    earlier: sa.ColumnElement[Any] = sa.func.subdate(sa.func.date(started) if dates else started, 1)
    return earlier


def _start_on_postgresql(started: sa.ColumnElement[Any], end: TimeForm, what: Declared,
                         policy_zone: ZoneInfo) -> sa.ColumnElement[Any]:
    zone = what.zone or policy_zone.key
    if isinstance(started.type, sa.Date):
        if what.kind is not Kind.INSTANT:
            return started
        midnight: sa.ColumnElement[Any] = sa.cast(started, sa.DateTime())
        return midnight if end.reading.zone else sa.func.timezone(zone, midnight)
    aware = isinstance(started.type, sa.DateTime) and started.type.timezone
    if what.kind is not Kind.INSTANT:
        instant = started if aware else sa.func.timezone(zone, started)
        return sa.cast(sa.func.timezone(policy_zone.key, instant), sa.Date())
    if aware == (end.reading.zone is None):
        return started
    return sa.func.timezone(zone, started)


def _misfit(where: str, cause: str) -> ConfigError:
    place = where.removesuffix(" started")
    return ConfigError("kind_mismatch", f"{where}: {cause}.", cure=f"Mend {place}, then: carddata-retention check")
