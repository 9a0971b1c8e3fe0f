"""A whole night for tests: a billing database on a real server, its configuration, and what is left afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from billing import Billing, configuration, create
from servers import Database

from carddata_retention import afterwards, run
from carddata_retention.config import load
from carddata_retention.guards import guards
from carddata_retention.model import Night
from carddata_retention.nights import Hooks
from carddata_retention.own_tables import own_tables
from carddata_retention.plan import read_plan
from carddata_retention.settings import Config

AS_OF = date(2026, 11, 20)


def hooks(stop: Callable[[], bool] = lambda: False) -> Hooks:
    """The hooks of a command line without a terminal."""
    return Hooks(told_to_stop=stop, moment=lambda: datetime.now(UTC), progress=lambda *_: None)


@dataclass(frozen=True)
class House:
    """A billing database and the configuration of its retention."""

    database: Database
    folder: Path
    config: Config
    tables: sa.MetaData

    def night(self, as_of: date = AS_OF, *, host: datetime | None = None, **more: Any) -> Night:
        return run.night(self.config, host or datetime.now(UTC), as_of, more.pop("hooks", hooks()), **more)

    def plan(self, as_of: date = AS_OF, *, host: datetime | None = None, **more: Any) -> Any:
        """A dry run, its plan as it was written beside the configuration, and the statements."""
        out = self.folder / "plan.json"
        night, _, shown = run.plan_night(self.config, host or datetime.now(UTC), as_of, hooks(), out, **more)
        return night, read_plan(out), shown

    def verify(self, as_of: date | None = None) -> Night:
        return afterwards.verify_night(self.config, datetime.now(UTC), as_of, hooks())

    def execute(self, statement: str, **values: Any) -> Any:
        with self.database.engine.begin() as connection:
            result = connection.execute(sa.text(statement), values)
            return result.all() if result.returns_rows else result.rowcount

    def table(self, name: str) -> sa.Table:
        return self.tables.tables[name]

    def rows(self, name: str) -> list[tuple[Any, ...]]:
        table = self.table(name)
        with self.database.engine.connect() as connection:
            return [tuple(r) for r in connection.execute(sa.select(table).order_by(*table.primary_key.columns))]

    def tamper(self, statement: str = "", **values: Any) -> Any:
        """As the owner of our tables, who drops the guards first; without a statement only that."""
        own = own_tables(self.database.dialect, "carddata", "carddata_")
        with self.database.engine.begin() as connection:
            for guard in guards(own):
                where = f" ON {guard.table.fullname}" if self.database.dialect == "postgresql" else ""
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {guard.name}{where}")
        return self.execute(statement, **values) if statement else None

    def own(self, name: str) -> str:
        return f"carddata.{name}" if self.database.dialect == "postgresql" else f"carddata_{name}"

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        with self.database.engine.connect() as connection:
            yield connection


def build(database: Database, folder: Path, billing: Billing, *, column: str = "aware", **overrides: Any) -> House:
    """Create the billing tables and write the configuration beside them."""
    tables = create(database.engine, billing, column=column)
    (folder / "retention.toml").write_text(
        configuration(database.dialect, database.url, column=column, **overrides), encoding="utf-8"
    )
    return House(database, folder, load(folder / "retention.toml"), tables)
