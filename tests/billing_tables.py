"""Where `billing.py`'s rows go: typed tables on SQLite, PostgreSQL and MariaDB, and the configuration that fits them.

SQLite holds instants as text in every ISO 8601 form at once; PostgreSQL as `timestamptz` (column="aware") or as a
naive `timestamp` in UTC (column="naive"); MariaDB as DATETIME(6) in UTC. The date kinds are DATE columns.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from sqlalchemy import Column, Date, DateTime, Engine, ForeignKey, Integer, MetaData, String, Table, Text, make_url
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

JST = timezone(timedelta(hours=9))
ENDS = ("started_at", "provision_ended_at", "use_ended_at")


def tables(dialect: str, *, end_kind: str = "instant", column: str = "aware") -> MetaData:
    """The schema: foreign keys with NO ACTION, an index on every one of them."""
    metadata = MetaData()
    text = Text() if dialect == "sqlite" else String(80)
    end: TypeEngine[Any] = _end_type(dialect, end_kind, column)
    options: dict[str, Any] = {f"{name}_{key}": value for name in ("mysql", "mariadb")
                               for key, value in (("engine", "InnoDB"), ("charset", "utf8mb4"))}

    def refers(name: str, to: str, nullable: bool = True) -> Column[int]:
        return Column(name, Integer, ForeignKey(to), index=True, nullable=nullable)

    def table(name: str, *columns: Column[Any]) -> None:
        Table(name, metadata, Column("id", Integer, primary_key=True, autoincrement=False), *columns, **options)

    table("customers", Column("name", text, nullable=False))
    table("services", refers("customer_id", "customers.id"), Column("kind", text), Column("status", text),
          *(Column(name, end) for name in ENDS))
    table("cards", refers("customer_id", "customers.id"), Column("cardholder_name", text), Column("card_token", text),
          Column("exp_month", Integer), Column("exp_year", Integer))
    table("card_usage", refers("card_id", "cards.id", nullable=False), Column("amount", Integer, nullable=False))
    table("payments", refers("customer_id", "customers.id"), Column("method", text),
          Column("amount", Integer, nullable=False), Column("card_holder", text), Column("card_token", text),
          Column("card_exp", text), Column("last4", text), Column("brand", text))
    return metadata


def _end_type(dialect: str, end_kind: str, column: str) -> TypeEngine[Any]:
    if dialect == "sqlite":
        return Text()
    if end_kind != "instant":
        return Date()
    return DateTime(timezone=column == "aware") if dialect == "postgresql" else mysql.DATETIME(fsp=6)


def create(engine: Engine, billing: Any, *, column: str = "aware") -> MetaData:
    """Create the tables in an empty database, fill them in one transaction, and return their schema."""
    dialect = engine.dialect.name
    metadata = tables(dialect, end_kind=billing.end_kind, column=column)
    rows = {"customers": billing.customers, "services": billing.services, "cards": billing.cards,
            "card_usage": billing.usage, "payments": billing.payments}
    with engine.begin() as connection:
        metadata.create_all(connection)
        for table in metadata.sorted_tables:
            names = [c.name for c in table.columns]
            entries = [{n: getattr(row, n) for n in names} for row in rows[table.name]]
            if table.name == "services":
                for entry in entries:
                    for salt, name in enumerate(ENDS, start=entry["id"]):
                        entry[name] = _stored(entry[name], dialect, column, salt)
            if entries:
                connection.execute(table.insert(), entries)
    return metadata


def _stored(value: Any, dialect: str, column: str, salt: int) -> Any:
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, datetime):
        return value.isoformat() if dialect == "sqlite" else value
    if dialect == "sqlite":
        return written(value, salt)
    return value if dialect == "postgresql" and column == "aware" else value.astimezone(UTC).replace(tzinfo=None)


def written(instant: datetime, salt: int) -> str:
    """`instant` in one of the ISO 8601 forms that one SQLite column may mix; without an offset it is UTC."""
    utc = instant.astimezone(UTC).replace(tzinfo=None)
    blank, letter = utc.isoformat(" "), utc.isoformat("T")
    short = utc.isoformat("T", "minutes") if (utc.second, utc.microsecond) == (0, 0) else letter
    fraction = utc.isoformat(" ", "microseconds").rstrip("0")
    local = instant.astimezone(JST).isoformat("T") if utc.year < 9999 else letter + "+00:00"
    forms = (blank, letter + "Z", local, short, fraction + "0", short.replace("T", " ") + "Z", letter + "+00:00")
    return forms[salt % len(forms)]


def configuration(dialect: str, url: str, *, column: str = "aware", end_kind: str = "instant",
                  **overrides: Any) -> str:
    """The TOML for these tables. `overrides` are merged in by section, None takes a key out:

    configuration("sqlite", url, policy={"grace_days": 0}, service_end={"midnights": "exact"}, limits=…,
    targets={"payments": {"where": None}}). A URL with a password is not written: then `url_env` names
    CARDDATA_DATABASE_URL, and the test sets that.
    """
    sections = _merged(_default(dialect, url, column, end_kind), overrides)
    sections["targets"] = list(sections["targets"].values())
    return "\n".join(_written(name, section) for name, section in sections.items())


def _default(dialect: str, url: str, column: str, end_kind: str) -> dict[str, Any]:
    secret = make_url(url).password is not None
    naive = end_kind == "instant" and not (dialect == "postgresql" and column == "aware")
    version: dict[str, Any] = {"period": "P5Y", "purpose": "サービスの代金を決済するため"}
    return {
        "policy": {
            "id": "card-data-notice", "zone": "Asia/Tokyo", "convention": "jp-civil-code", "grace_days": 7,
            "versions": [
                {"version": "1", "effective_from": date(2010, 1, 1), "trigger": "service_provision_end", **version},
                {"version": "2", "effective_from": date(2014, 4, 1), "trigger": "service_use_end", **version},
            ],
        },
        "database": {"url_env": "CARDDATA_DATABASE_URL"} if secret else {"url": url},
        "service_end": {
            "table": "services", "subject": "customer_id", "started": "started_at", "status": "status",
            "terminated": ["closed"], "kind": end_kind, **({"zone": "UTC"} if naive else {}),
            "earliest": date(1990, 1, 1), "open_sentinels": ["9999-12-31", "1900-01-01"],
            "where": "kind <> 'draft'",
            "triggers": {"service_use_end": "use_ended_at", "service_provision_end": "provision_ended_at"},
        },
        "subject": {"table": "customers", "key": "id"},
        "targets": {
            "cards": {
                "name": "cards", "table": "cards", "key": ["id"], "subject": "customer_id", "disposition": "delete",
                "fields": {"holder": "cardholder_name", "number": "card_token", "expiry": ["exp_month", "exp_year"]},
                "children": [{"table": "card_usage", "columns": ["card_id"], "disposition": "delete"}],
            },
            "payments": {
                "name": "payments", "table": "payments", "key": ["id"], "subject": "customer_id",
                "disposition": "redact", "also": ["last4", "brand"], "where": "method = 'card'",
                "fields": {"holder": "card_holder", "number": "card_token", "expiry": "card_exp"},
                "redact": {"holder": "null", "number": {"mask": "***"}, "expiry": "null"},
            },
        },
        "limits": {"first_run": "allow", "max_share": 1.0, "max_shift": 1.0},
    }


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in over.items():
        known = out.get(key)
        out[key] = _merged(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return {key: value for key, value in out.items() if value is not None}


def _written(name: str, section: Any) -> str:
    """One section; lists of sections as [[name]]."""
    if isinstance(section, list):
        return "\n".join(_lines(f"[[{name}]]", entry) for entry in section)
    return _lines(f"[{name}]", section)


def _lines(head: str, section: Mapping[str, Any]) -> str:
    return "\n".join([head, *(f"{key} = {_value(value)}" for key, value in section.items()), ""])


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
