"""Billing databases that nobody has seen: tables by their own SQL, a configuration by its sections.

`establish` writes both; `statuses` asks the product's two shapes of the decision what each record is.
"""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from billing import configuration
from nightly import AS_OF, House
from servers import Database
from small_house import LEAN, ONE_EACH, small_gate

from carddata_retention.config import load
from carddata_retention.errors import RetentionError
from carddata_retention.schema import BoundSchema, bind
from carddata_retention.stage import open_stage
from carddata_retention.status import REASON, Standing

NOTHING_ELSE = dict.fromkeys(("started", "status", "terminated", "zone", "earliest", "open_sentinels", "where"))
SERVICES = {"table": "services", "subject": "customer_id", "triggers": {"service_use_end": "ended_at",
                                                                         "service_provision_end": "ended_at"}}
CARDS = {"name": "cards", "table": "cards", "key": ["id"], "subject": "customer_id", "disposition": "delete",
         "fields": {"number": "token"}}
MOMENT = {"sqlite": "TEXT", "postgresql": "TIMESTAMPTZ", "mariadb": "DATETIME(6)"}
TEXT = {"sqlite": "TEXT", "postgresql": "VARCHAR(40)", "mariadb": "VARCHAR(40)"}
LONG_AGO, RECENT = "2015-03-31 12:00:00", "2024-03-31 12:00:00"


def told(database: Database, *statements: str) -> None:
    """Execute SQL as it stands: no parameter, so that no percent sign and no colon means anything."""
    with closing(database.engine.raw_connection()) as raw, closing(raw.cursor()) as cursor:
        for statement in statements:
            cursor.execute(statement)
        raw.commit()


def moment(database: Database, text: str) -> str:
    """A literal of `text`, which is UTC, in the database's usual column for moments."""
    return f"'{text}+00'" if database.dialect == "postgresql" else f"'{text}'"


def zone(database: Database) -> dict[str, str]:
    """What must be declared of such a column."""
    return {} if database.dialect == "postgresql" else {"zone": "UTC"}


def establish(database: Database, folder: Path, statements: Sequence[str], *, targets: Sequence[dict[str, Any]] = (CARDS,),
              service_end: dict[str, Any] | None = None, **sections: Any) -> House:
    """Create the tables and write the configuration: nothing of the usual sample's is kept but policy and limits."""
    told(database, *statements)
    text = configuration(
        database.dialect, database.url, subject=sections.pop("subject", None),
        service_end=NOTHING_ELSE | zone(database) | SERVICES | (service_end or {}),
        targets={"cards": None, "payments": None} | dict(enumerate(targets)), **(LEAN | sections))
    small_gate(folder, ONE_EACH)
    (folder / "retention.toml").write_text(text, encoding="utf-8")
    return House(database, folder, load(folder / "retention.toml"), sa.MetaData())


def bound(house: House, as_of: date = AS_OF) -> BoundSchema:
    """The configuration held against the catalogue, as a plan does it."""
    with open_stage(house.config, "plan", datetime.now(UTC), as_of) as stage, stage.db.snapshot() as connection:
        return bind(connection, stage.db.dialect, house.config, stage.policy)


def refusal(house: House, target: str = "cards") -> RetentionError:
    """Why a target cannot be worked on; fails where it can."""
    found = bound(house).targets[target]
    assert isinstance(found, RetentionError)
    return found


def statuses(house: House, as_of: date = AS_OF, target: str = "cards") -> dict[Any, str]:
    """Key -> status, or the reason of an undetermined one. Both shapes of the decision must say the same."""
    with open_stage(house.config, "plan", datetime.now(UTC), as_of) as stage, stage.db.snapshot() as connection:
        schema = bind(connection, stage.db.dialect, house.config, stage.policy)
        decider = stage.decider(schema, schema.usable[target], registers=stage.ledger.exists(connection))
        told_by = []
        for judged in (decider.scan(), decider.row()):
            query = sa.select(*decider.target.key, judged.status(), judged.standing).select_from(judged.source).where(
                decider.target.in_scope())
            told_by.append({
                row[0] if len(row) == 3 else tuple(row[:-2]):
                REASON[Standing(row[-1])] if row[-2] == "undetermined" else row[-2]
                for row in connection.execute(query)
            })
    assert told_by[0] == told_by[1]
    return told_by[0]


def keys(house: House, table: str = "cards", column: str = "id") -> list[Any]:
    """What is left of a table, in order."""
    return [row[0] for row in house.execute(f"SELECT {column} FROM {table} ORDER BY {column}")]
