"""The service ends held against the catalogue: where they are read, what a batch locks, how a race is closed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import settings
from carddata_retention.catalogue import Catalogue, TableName
from carddata_retention.conditions import columns_read, condition, names_only_columns
from carddata_retention.config import read_query
from carddata_retention.errors import ConfigError
from carddata_retention.forms import (
    Declared,
    comparable,
    declared,
    derived,
    query_types,
    start_of,
    terminated_values,
    time_form,
)
from carddata_retention.policy import Policy
from carddata_retention.services import ServiceSource


@dataclass(frozen=True, slots=True)
class LockStep:
    """Rows that a batch must lock: those of `table` whose `column`, perhaps `unique`, is one of its subjects."""

    table: sa.FromClause
    column: sa.ColumnElement[Any]
    parent: bool = False
    unique: bool = False


@dataclass(frozen=True, slots=True)
class BoundService:
    """Where service ends are read and how the race with a reopened service is closed.

    `sources` has one reading of the same rows for each version of `Policy.read`, by its trigger event.
    `closed_tables` are those that a batch locks whole against writers: the declared quiet window. `filtered` is the
    declared where, `race_cure` what would close an open race.
    """

    sources: tuple[ServiceSource, ...]
    table: TableName | None
    locks: tuple[LockStep, ...]
    race_closed_by: str | None
    indexed: bool
    may_be_empty: bool
    closed_tables: tuple[sa.Table, ...] = ()
    filtered: str | None = None
    race_cure: str = ""

    @property
    def source(self) -> ServiceSource:
        """Of what the readings have in common: the rows, whose they are, which of them count."""
        return self.sources[-1]


def bind_service(catalogue: Catalogue, config: settings.Config, policy: Policy) -> BoundService:
    """Hold [service_end] and [subject] against the catalogue. Raises BlindError or ConfigError."""
    section, dialect = config.service_end, catalogue.dialect
    triggers = [declared(section, section.triggers[d.version.trigger]) for d in policy.read]
    wanted = [section.subject, *(t.column for t in triggers), *(c for c in (section.started, section.status) if c)]
    table, source = _source(catalogue, config, wanted)
    columns = source.c
    parent, parent_lock = _subject_table(catalogue, config, table)
    locks = _locks(catalogue, config, table, parent_lock)
    for step in locks:
        _can_meet(catalogue, columns[section.subject], step)
    return BoundService(
        sources=_readings(catalogue, section, source, triggers, policy.rule.zone),
        table=table,
        locks=() if dialect == "sqlite" else locks,
        race_closed_by=_race(catalogue, config, table, parent),
        indexed=table is None or catalogue.leading_index(table, section.subject),
        may_be_empty=section.may_be_empty,
        closed_tables=_quiet_tables(catalogue, config, locks),
        filtered=section.where,
        race_cure=_race_cure(config, parent),
    )


def _readings(catalogue: Catalogue, section: settings.ServiceEndSection, source: sa.FromClause,
              triggers: list[Declared], zone: ZoneInfo) -> tuple[ServiceSource, ...]:
    dialect, columns = catalogue.dialect, source.c
    status, terminated = (
        terminated_values(columns[section.status], section.terminated, dialect) if section.status else (None, ())
    )
    counts = condition(catalogue, source, section.where, "IS NOT FALSE", "service_end.where") \
        if section.where else sa.true()
    readings = []
    for what in triggers:
        end = time_form(columns[what.column], what, dialect, "[service_end]")
        readings.append(ServiceSource(
            source=source,
            subject=columns[section.subject],
            end=end,
            started=start_of(columns[section.started], end, what, zone, dialect) if section.started else None,
            status=status,
            terminated=terminated,
            earliest=section.earliest,
            open_sentinels=tuple(section.open_sentinels),
            zones=tuple(dict.fromkeys((zone, end.reading.zone or ZoneInfo(what.zone or "UTC")))),
            condition=counts,
            trigger_column=what.column,
        ))
    return tuple(readings)


def _quiet_tables(catalogue: Catalogue, config: settings.Config, locks: tuple[LockStep, ...]) -> tuple[sa.Table, ...]:
    """The tables that a batch locks whole: those that the query reads, as the planner names them, and those of `locks`.

    PostgreSQL only: MariaDB's LOCK TABLES would commit the batch, and SQLite locks its whole file anyway.
    """
    if config.service_end.race != "quiet-window" or catalogue.dialect != "postgresql":
        return ()
    found = {(s.table.schema, s.table.name): s.table for s in locks if isinstance(s.table, sa.Table) and not s.parent}
    if config.service_end.query:
        explained = sa.text(f"EXPLAIN (VERBOSE, FORMAT JSON) {read_query(config)}".replace(":", "\\:"))
        plan = catalogue.connection.execute(explained).scalar_one()
        for schema, name in sorted(set(_relations(plan))):
            found.setdefault((schema, name), sa.Table(name, sa.MetaData(), schema=schema))
    return tuple(found.values())


def _relations(plan: Any) -> Iterator[tuple[str, str]]:
    """Schema and name of every table that a plan of PostgreSQL reads."""
    if isinstance(plan, list):
        for part in plan:
            yield from _relations(part)
    if isinstance(plan, dict):
        if "Relation Name" in plan:
            yield plan["Schema"], plan["Relation Name"]
        yield from _relations(list(plan.values()))


def _source(catalogue: Catalogue, config: settings.Config, wanted: list[str]) -> tuple[TableName | None, sa.FromClause]:
    if config.service_end.table is None:
        return None, _query(catalogue, config, wanted)
    table = catalogue.find(config.service_end.table, "[service_end] table")
    catalogue.must_roll_back(table, "[service_end]")
    bound = catalogue.bound(table, wanted, "[service_end]")
    # An alias, for a target may be the same table, by this name or by another way to spell it.
    shared = any(f".{t.table}".endswith(f".{table.name}") for t in config.targets)
    return table, bound.alias("carddata_service") if shared else bound


def _query(catalogue: Catalogue, config: settings.Config, wanted: list[str]) -> sa.FromClause:
    query = read_query(config)
    try:
        with columns_read(catalogue.connection) as read:
            types = query_types(catalogue.connection, catalogue.dialect, query)
    except SQLAlchemyError:
        raise ConfigError("query_refused", "The database refuses the query of service_end.query.",
                          cure="Run it by hand with this login; it must be one SELECT.") from None
    names_only_columns(query, catalogue.dialect, read, read, "service_end.query")
    for name in wanted:
        if name not in types:
            raise ConfigError("column_missing", f"service_end.query gives no column {name}"
                              f"{settings.nearest(name, types)}.", cure="Name the column in the SELECT.")
    chosen = [sa.column(sa.quoted_name(n, True), types[n]) for n in dict.fromkeys(wanted)]
    return sa.select(*chosen).select_from(derived(query)).subquery("carddata_service")


def _can_meet(catalogue: Catalogue, subject: sa.ColumnElement[Any], step: LockStep) -> None:
    known = {c.name: c for c in step.table.c}
    if isinstance(step.table, sa.Table) and not comparable(subject.type, known[str(step.column.key)].type,
                                                           catalogue.dialect):
        raise ConfigError("subject_type", f"The subject {subject.key} of the service ends is {subject.type}, and "
                          f"{step.table.name}.{step.column.key} is {step.column.type}.",
                          cure="Give both one type, or cast one of them in service_end.query.")


def _subject_table(
    catalogue: Catalogue, config: settings.Config, table: TableName | None
) -> tuple[TableName | None, LockStep | None]:
    if config.subject is not None:
        name = catalogue.find(config.subject.table, "[subject] table")
        catalogue.must_roll_back(name, "[subject]")
        lock_column = [config.subject.lock_column] if config.subject.lock_column else []
        bound = catalogue.bound(name, [config.subject.key, *lock_column], "[subject]")
        unique = (config.subject.key,) in catalogue.unique_keys(name)
        return name, LockStep(bound, bound.c[config.subject.key], parent=True, unique=unique)
    for key in catalogue.foreign_keys:
        if table is not None and key.child == table and key.child_columns == (config.service_end.subject,):
            bound = catalogue.bound(key.parent, key.parent_columns, "[subject]")
            unique = key.parent_columns in catalogue.unique_keys(key.parent)  # MariaDB does not demand it of a parent
            return key.parent, LockStep(bound, bound.c[key.parent_columns[0]], parent=True, unique=unique)
    return None, None


def _named_locks(config: settings.Config) -> list[settings.Lock]:
    section = config.service_end
    return [settings.Lock(table=section.table, subject=section.subject)] if section.table else section.locks


def _locks(catalogue: Catalogue, config: settings.Config, table: TableName | None,
           parent: LockStep | None) -> tuple[LockStep, ...]:
    steps = [parent] if parent else []
    for lock in _named_locks(config):
        name = table or catalogue.find(lock.table, "service_end.locks")
        catalogue.must_roll_back(name, "service_end.locks")
        bound = catalogue.bound(name, [lock.subject], "service_end.locks")
        steps.append(LockStep(bound, bound.c[lock.subject]))
    return tuple(steps)


def _race(catalogue: Catalogue, config: settings.Config, table: TableName | None,
          parent: TableName | None) -> str | None:
    if catalogue.dialect == "sqlite":
        return "the write lock of the whole SQLite file"
    if config.service_end.race == "quiet-window":
        return "the declared quiet window" if catalogue.dialect == "postgresql" else None  # it cannot be closed here
    locked = {(table or catalogue.find(lock.table, "service_end.locks"), (lock.subject,))
              for lock in _named_locks(config)}
    guarded = {(k.child, k.child_columns) for k in catalogue.foreign_keys if k.parent == parent and k.validated}
    return f"row locks on {parent} and its foreign key" if parent and locked <= guarded else None


def _race_cure(config: settings.Config, parent: TableName | None) -> str:
    """Why a race is open, and what would close it, in the words of this configuration."""
    section = config.service_end
    locked = " and ".join(f"{lock.table} ({lock.subject})" for lock in _named_locks(config))
    if section.race == "quiet-window":
        cure = (f"leave it out, and add a foreign key from {locked} to the table of [subject]." if locked else
                "name the rows in service_end.locks, with a foreign key from them to the table of [subject].")
        return f'MariaDB locks no table inside a batch, so race = "quiet-window" cannot be held here: {cure}'
    if parent is None:
        return f"Name the table of the subjects in [subject], and add a foreign key from {locked} to it."
    return f"No validated foreign key leads from {locked} to {parent}: add it, or validate the one that is there."
