"""Choosing how a declared service-end column is compared, from what the catalogue says it is.

What a column means must be declared, never guessed: a naive timestamp without a zone, a DATE declared to be an
instant and a number without an encoding are configuration errors.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import mysql

from carddata_retention.errors import ConfigError
from carddata_retention.model import Kind
from carddata_retention.moments import EpochTime, NativeTime, TextDay, TextInstant, TimeForm
from carddata_retention.period import Reading
from carddata_retention.settings import ServiceEndSection, Trigger

UNITS = {"unix": timedelta(seconds=1), "unix-ms": timedelta(milliseconds=1)}

# Type codes of the result columns of a query, as the drivers report them.
_PG_TYPES: dict[int, Any] = {
    1184: sa.DateTime(timezone=True), 1114: sa.DateTime(), 1082: sa.Date(), 20: sa.BigInteger(), 23: sa.Integer(),
    21: sa.SmallInteger(), 1700: sa.Numeric(), 2950: sa.Uuid(), 25: sa.String(), 1043: sa.String(), 1042: sa.String(),
}
_MYSQL_TYPES: dict[int, Any] = {
    7: mysql.TIMESTAMP(), 12: mysql.DATETIME(), 10: sa.Date(), 1: sa.Integer(), 2: sa.Integer(), 3: sa.Integer(),
    8: sa.BigInteger(), 246: sa.Numeric(), 0: sa.Numeric(),
}


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
    empty = connection.exec_driver_sql(f"SELECT * FROM ({query}) AS q WHERE 1 = 0".replace("%", "%%"))
    known: dict[Any, Any] = {"postgresql": _PG_TYPES, "mariadb": _MYSQL_TYPES, "sqlite": {}}[dialect]
    plain = sa.types.NullType() if dialect == "sqlite" else sa.String()
    described: Any = empty.cursor.description
    return {c[0]: known.get(c[1], plain) for c in described}


def time_form(column: sa.ColumnElement[Any], what: Declared, dialect: str, where: str) -> TimeForm:
    """The form of one column. Raises ConfigError where its type and its declaration do not fit."""
    kind, type_ = what.kind, column.type
    zone = ZoneInfo(what.zone) if what.zone else None
    aware = Reading(kind, None, what.midnights_exact)
    if what.encoding != "native":
        if kind is not Kind.INSTANT:
            raise _misfit(where, f"encoding {what.encoding} means an instant, not {kind}")
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
                cure='Say which zone its values are in: zone = "UTC" (or "Asia/Tokyo") in [service_end].',
            )
        return NativeTime(column, Reading(kind, zone, what.midnights_exact), dialect)
    if isinstance(type_, sa.Date):
        if kind is Kind.INSTANT:
            raise _misfit(where, "the column is a DATE; say whether the service was still usable on it: "
                                 'kind = "inclusive-date" or "exclusive-date"')
        return NativeTime(column, aware, dialect)
    if isinstance(type_, sa.Integer | sa.Numeric):
        raise _misfit(where, 'the column is a number; say what it counts: encoding = "unix" or "unix-ms"')
    raise _misfit(where, "the column is text; give its values a type with service_end.query = \"query.sql\"")


def _misfit(where: str, cause: str) -> ConfigError:
    return ConfigError("kind_mismatch", f"{where}: {cause}.", cure="Mend [service_end], then: carddata-retention check")
