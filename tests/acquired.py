"""When records were acquired, for tests: three versions of a notice, and moments on both sides of each beginning.

The column that holds the moments is added to the tables of `billing_tables.py`, in one of several ways to hold one.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from billing import Billing
from nightly import House

JST = timezone(timedelta(hours=9))
MICROSECOND = timedelta(microseconds=1)
VERSIONS = ((date(2010, 1, 1), "provision_ended_at", "P5Y"), (date(2014, 4, 1), "use_ended_at", "P3Y"),
            (date(2020, 2, 29), "use_ended_at", "P18M"))
TRIGGER = {"provision_ended_at": "service_provision_end", "use_ended_at": "service_use_end"}
POLICY = {"applies": "at-acquisition", "versions": [
    {"version": str(n), "effective_from": day, "trigger": TRIGGER[column], "period": period}
    for n, (day, column, period) in enumerate((*VERSIONS, (date(2099, 1, 1), "use_ended_at", "P1M")), start=1)]}
RECORDS = ("cards", "payments")
# How the column holds a moment of acquisition: its type for each database, and what its target declares of it.
COLUMNS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "aware": ({"sqlite": "text", "postgresql": "timestamptz", "mariadb": "datetime(6)"}, {"zone": "UTC"}),
    "New York": ({"sqlite": "text", "postgresql": "timestamp", "mariadb": "datetime(6)"}, {"zone": "America/New_York"}),
    "date": ({"sqlite": "text", "postgresql": "date", "mariadb": "date"}, {"kind": "inclusive-date"}),
    "unix-ms": ({"sqlite": "integer", "postgresql": "bigint", "mariadb": "bigint"}, {"encoding": "unix-ms"}),
}


def around(as_of: date) -> list[datetime | None]:
    """Moments on both sides of the beginning of each version, of tonight and of tomorrow; and none."""
    days = [day for day, _, _ in VERSIONS] + [as_of, as_of + timedelta(days=1)]
    begins = [datetime(d.year, d.month, d.day, tzinfo=JST) for d in days]
    return [None, *(moment for b in begins for moment in (b - MICROSECOND, b, b + timedelta(hours=14)))]


def stored(moment: datetime | None, how: str, dialect: str) -> Any:
    if moment is None:
        return None
    if how == "unix-ms":
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    if how == "date":
        day = moment.astimezone(JST).date()
        return day.isoformat() if dialect == "sqlite" else day
    if how == "aware" and dialect == "postgresql":
        return moment
    zone = ZoneInfo("America/New_York") if how == "New York" else UTC
    local = moment.astimezone(zone).replace(tzinfo=None)
    return local.isoformat(" ") if dialect == "sqlite" else local


def acquired(billing: Billing, as_of: date) -> dict[tuple[str, int], datetime | None]:
    """When each record was acquired."""
    turns = cycle(around(as_of))
    return {(name, row.id): next(turns) for name, rows in (("cards", billing.cards), ("payments", billing.payments))
            for row in rows}


def declare(house: House, when: dict[tuple[str, int], datetime | None], how: str) -> None:
    """Give the records the column that says when they were acquired."""
    dialect = house.database.dialect
    with house.database.engine.begin() as connection:
        for name in RECORDS:
            connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN acquired_at {COLUMNS[how][0][dialect]} NULL")
            rows = [{"key": key, "moment": stored(moment, how, dialect)}
                    for (of, key), moment in when.items() if of == name]
            if rows:
                connection.execute(sa.text(f"UPDATE {name} SET acquired_at = :moment WHERE id = :key"), rows)


def created(how: str, dialect: str) -> dict[str, Any]:
    said = {k: v for k, v in COLUMNS[how][1].items() if k != "zone" or how != "aware" or dialect != "postgresql"}
    return {name: {"created": {"column": "acquired_at", **said}} for name in RECORDS}
