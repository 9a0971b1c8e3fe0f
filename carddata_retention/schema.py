"""The configuration held against the catalogue: what a night will read, lock and remove, bound once.

`bind` answers each target on its own: what is wrong with one never stops the others. What is wrong with the
service ends stops all, for nobody could be decided.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import settings, tables
from carddata_retention.catalogue import Catalogue, TableName
from carddata_retention.config import read_query
from carddata_retention.errors import BlindError, ConfigError, RetentionError
from carddata_retention.families import Child, family, nothing_refers_to
from carddata_retention.forms import declared, query_types, time_form
from carddata_retention.model import Disposition
from carddata_retention.moments import Condition
from carddata_retention.policy import Policy
from carddata_retention.services import ServiceSource


@dataclass(frozen=True, slots=True)
class LockStep:
    """Rows that a batch must lock: those of `table` whose `column` is one of the batch's subjects."""

    table: sa.FromClause
    column: sa.ColumnElement[Any]
    parent: bool = False


@dataclass(frozen=True, slots=True)
class BoundService:
    """Where service ends are read and how the race with a reopened service is closed."""

    source: ServiceSource
    table: TableName | None
    locks: tuple[LockStep, ...]
    race_closed_by: str | None
    indexed: bool
    trigger_column: str
    may_be_empty: bool


@dataclass(frozen=True, slots=True)
class BoundTarget:
    """One target, ready to be read and removed from."""

    declared: settings.Target
    name: TableName
    target: tables.Target
    children: tuple[Child, ...]
    kept_as_they_are: tuple[str, ...]
    triggers: tuple[str, ...]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class BoundSchema:
    """All targets of a configuration; an unusable one is the error that says why."""

    dialect: str
    service: BoundService
    targets: dict[str, BoundTarget | RetentionError]

    @property
    def usable(self) -> dict[str, BoundTarget]:
        """The targets that can be read."""
        return {n: t for n, t in self.targets.items() if isinstance(t, BoundTarget)}


def bind(connection: Connection, dialect: str, config: settings.Config, policy: Policy) -> BoundSchema:
    """Hold every declared name against the catalogue. Raises BlindError or ConfigError for the service ends."""
    catalogue = Catalogue(connection, dialect)
    service = _service(catalogue, config, policy)
    bound: dict[str, BoundTarget | RetentionError] = {}
    for declared_target in config.targets:
        try:
            bound[declared_target.name] = _target(catalogue, declared_target, service)
        except RetentionError as wrong:
            bound[declared_target.name] = wrong
    return BoundSchema(dialect, service, bound)


def sql_condition(text: str, word: str) -> Condition:
    """A condition of the configuration, taken as it is; `word` makes NULL mean what the section says."""
    return sa.literal_column(f"(({text}) {word})", sa.Boolean())


def _service(catalogue: Catalogue, config: settings.Config, policy: Policy) -> BoundService:
    section = config.service_end
    what = declared(section, section.triggers[policy.version.trigger])
    wanted = [section.subject, what.column, *(c for c in (section.started, section.status) if c)]
    table: TableName | None = None
    if section.table is not None:
        table = catalogue.find(section.table, "[service_end] table")
        source: sa.FromClause = catalogue.bound(table, wanted, "[service_end]")
        if any(t.table == section.table for t in config.targets):
            source = source.alias("carddata_service")
    else:
        source = _query(catalogue, config, wanted)
    columns = source.c
    end = time_form(columns[what.column], what, catalogue.dialect, "[service_end]")
    parent, parent_lock = _subject_table(catalogue, config, table)
    return BoundService(
        source=ServiceSource(
            source=source,
            subject=columns[section.subject],
            end=end,
            started=columns[section.started] if section.started else None,
            status=_status(columns[section.status], catalogue.dialect) if section.status else None,
            terminated=_terminated(columns[section.status], section.terminated, catalogue.dialect)
            if section.status else (),
            earliest=section.earliest,
            open_sentinels=tuple(section.open_sentinels),
            zones=tuple(dict.fromkeys((policy.rule.zone, end.reading.zone or ZoneInfo(what.zone or "UTC")))),
            condition=sql_condition(section.where, "IS NOT FALSE") if section.where else sa.true(),
        ),
        table=table,
        locks=_locks(catalogue, config, table, parent_lock),
        race_closed_by=_race(catalogue, config, table, parent),
        indexed=table is None or catalogue.leading_index(table, section.subject),
        trigger_column=what.column,
        may_be_empty=section.may_be_empty,
    )


def _is_plain(column: sa.ColumnElement[Any]) -> bool:
    return isinstance(column.type, sa.Integer | sa.types.NullType)


def _status(column: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    if isinstance(column.type, sa.Integer):
        return column
    return exact(column if dialect == "sqlite" else sa.cast(column, sa.String), dialect)


def _terminated(column: sa.ColumnElement[Any], values: list[str | int], dialect: str) -> tuple[Any, ...]:
    if _is_plain(column):
        return tuple(values)
    return tuple(exact(sa.literal(str(v), sa.String()), dialect) for v in values)


def _query(catalogue: Catalogue, config: settings.Config, wanted: list[str]) -> sa.FromClause:
    query = read_query(config)
    try:
        types = query_types(catalogue.connection, catalogue.dialect, query)
    except SQLAlchemyError:
        raise ConfigError("query_refused", "The database refuses the query of service_end.query.",
                          cure="Run it by hand with this login; it must be one SELECT.") from None
    for name in wanted:
        if name not in types:
            raise ConfigError("column_missing", f"service_end.query gives no column {name}"
                              f"{settings.nearest(name, types)}.", cure="Name the column in the SELECT.")
    chosen = [sa.column(sa.quoted_name(n, True), types[n]) for n in dict.fromkeys(wanted)]
    return sa.select(*chosen).select_from(
        sa.literal_column(f"({query}) AS carddata_query")
    ).subquery("carddata_service")


def _subject_table(
    catalogue: Catalogue, config: settings.Config, table: TableName | None
) -> tuple[TableName | None, LockStep | None]:
    if config.subject is not None:
        name = catalogue.find(config.subject.table, "[subject] table")
        bound = catalogue.bound(name, [config.subject.key], "[subject]")
        return name, LockStep(bound, bound.c[config.subject.key], parent=True)
    for key in catalogue.foreign_keys:
        if table is not None and key.child == table and key.child_columns == (config.service_end.subject,):
            bound = catalogue.bound(key.parent, key.parent_columns, "[subject]")
            return key.parent, LockStep(bound, bound.c[key.parent_columns[0]], parent=True)
    return None, None


def _locks(catalogue: Catalogue, config: settings.Config, table: TableName | None,
           parent: LockStep | None) -> tuple[LockStep, ...]:
    if catalogue.dialect == "sqlite":
        return ()
    steps = [parent] if parent else []
    named = [settings.Lock(table=config.service_end.table, subject=config.service_end.subject)] \
        if config.service_end.table else config.service_end.locks
    for lock in named:
        name = table or catalogue.find(lock.table, "service_end.locks")
        bound = catalogue.bound(name, [lock.subject], "service_end.locks")
        steps.append(LockStep(bound, bound.c[lock.subject]))
    return tuple(steps)


def _race(catalogue: Catalogue, config: settings.Config, table: TableName | None,
          parent: TableName | None) -> str | None:
    if catalogue.dialect == "sqlite":
        return "the write lock of the whole SQLite file"
    if config.service_end.race == "quiet-window":
        return "the declared quiet window"
    if table is None:
        tables_locked = {catalogue.find(lock.table, "service_end.locks") for lock in config.service_end.locks}
    else:
        tables_locked = {table}
    guarded = {k.child for k in catalogue.foreign_keys if k.parent == parent and k.validated}
    return f"row locks on {parent} and its foreign key" if parent and tables_locked <= guarded else None


def _target(catalogue: Catalogue, what: settings.Target, service: BoundService) -> BoundTarget:
    label = f"target {what.name}"
    name = catalogue.find(what.table, label)
    known = catalogue.columns(name)
    emptied = what.emptied() if what.disposition is Disposition.REDACT else {}
    direct = [] if isinstance(what.subject, settings.SubjectPath) else what.subject
    first_hop = what.subject.through[0].from_ if isinstance(what.subject, settings.SubjectPath) else []
    itself = catalogue.updated_by_themselves(name) if emptied else []
    wanted = [*what.key, *direct, *first_hop, *what.fields.columns, *what.also, *itself]
    table = catalogue.bound(name, wanted, label)
    _key_is_unique(catalogue, name, what)
    if emptied:
        _can_be_emptied(catalogue, name, what, emptied)
        nothing_refers_to(catalogue, name, list(emptied), what.name)
        children: tuple[Child, ...] = ()
    else:
        children = family(catalogue, name, tuple(what.key), what)
        parents = [c for child in children for c in child.parent_columns]
        table = catalogue.bound(name, [*wanted, *parents], label)
    triggers = tuple(catalogue.triggers(name))
    target = tables.Target(
        name=what.name,
        table=table,
        key=tuple(table.c[k] for k in what.key),
        fields=tuple(table.c[f] for f in what.fields.columns),
        emptied={c: _masked(table.c[c], mask) for c, mask in emptied.items()},
        disposition=what.disposition,
        where=sql_condition(what.where, "IS TRUE") if what.where else None,
        subjects=tuple(table.c[s] for s in direct),
        fields_filled=tuple(_filled(table.c[c], emptied.get(c), catalogue.dialect) for c in what.fields.columns),
        also_filled=tuple(_filled(table.c[c], None, catalogue.dialect) for c in what.also),
    )
    if isinstance(what.subject, settings.SubjectPath):
        target = _with_path(catalogue, target, what.subject, label)
    used = {c: [str(known[c]["type"]), known[c]["nullable"]] for c in dict.fromkeys(wanted)}
    arriving = [str(k) for k in catalogue.arriving(name)]
    print_of = json.dumps([str(name), what.key, used, arriving, triggers, emptied], sort_keys=True)
    return BoundTarget(what, name, target, children, tuple(itself), triggers,
                       hashlib.sha256(print_of.encode()).hexdigest())


def _with_path(catalogue: Catalogue, target: tables.Target, path: settings.SubjectPath, label: str) -> tables.Target:
    before: Any = target.table
    hops = []
    for n, hop in enumerate(path.through, start=1):
        name = catalogue.find(hop.table, f"{label}, subject.through")
        following = path.through[n].from_ if n < len(path.through) else [path.column]
        here = catalogue.bound(name, [*hop.to, *following], f"{label}, subject.through").alias(f"carddata_hop_{n}")
        if len(hop.from_) != len(hop.to):
            raise ConfigError("subject_path", f"{label}: from and to of {hop.table} differ in length.")
        hops.append(tables.Hop(here, tuple(before.c[c] for c in hop.from_), tuple(here.c[c] for c in hop.to)))
        before = here
    return replace(target, path=tuple(hops), path_subject=before.c[path.column])


def _filled(column: sa.ColumnElement[Any], mask: str | None, dialect: str) -> Condition:
    conditions: list[Condition] = [column.is_not(None)]
    if isinstance(column.type, sa.String | sa.types.NullType):
        conditions.append(exact(column, dialect) != exact(sa.literal("", sa.String()), dialect))
        if mask is not None:
            conditions.append(exact(column, dialect) != exact(sa.literal(mask, sa.String()), dialect))
    elif mask is not None:
        conditions.append(column != _masked(column, mask))
    return sa.and_(*conditions)


def exact(text: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """Text compared character by character.

    MariaDB's default collations find 'Closed', 'CLOSED' and 'closed ' equal to 'closed', and ' ' equal to ''; a
    status that nobody declared terminated would then end a service.
    """
    if dialect == "sqlite":
        return sa.collate(text, "BINARY")
    return text if dialect == "postgresql" else sa.cast(sa.cast(text, sa.String), sa.LargeBinary)


def _masked(column: sa.ColumnElement[Any], mask: str | None) -> Any:
    if mask is None or isinstance(column.type, sa.String | sa.types.NullType):
        return mask
    try:
        return column.type.python_type(mask)
    except (ValueError, TypeError, NotImplementedError):
        raise ConfigError("mask_type", f"The mask of {column} does not fit its type.",
                          cure="Choose a mask of the column's own type.") from None


def _key_is_unique(catalogue: Catalogue, name: TableName, what: settings.Target) -> None:
    keys = catalogue.unique_keys(name)
    if sorted(what.key) not in [sorted(k) for k in keys]:
        offered = ", ".join(str(list(k)) for k in keys) or "none"
        raise BlindError("no_unique_key", f"Target {what.name}: {what.key} is not unique in {name}.",
                         not_done="Nothing was removed from this target.",
                         cure=f"Name a unique key; the table has: {offered}.")
    primary = catalogue.unique_keys(name)[0]
    known = catalogue.columns(name)
    if sorted(what.key) != sorted(primary) and (loose := [k for k in what.key if known[k]["nullable"]]):
        raise BlindError("nullable_key", f"Target {what.name}: {loose[0]} is unique but may be NULL, and a row "
                         "without it could not be named.", not_done="Nothing was removed from this target.",
                         cure=f"ALTER TABLE {name} … NOT NULL, or name the primary key.")


def _can_be_emptied(
    catalogue: Catalogue, name: TableName, what: settings.Target, emptied: dict[str, str | None]
) -> None:
    known = catalogue.columns(name)
    unique = {c for key in catalogue.unique_keys(name) for c in key}
    for column, mask in emptied.items():
        if mask is None and not known[column]["nullable"]:
            raise BlindError("not_null", f"Target {what.name}: {column} is NOT NULL, and NULL is to be written.",
                             not_done="Nothing was removed from this target.",
                             cure='redact = { … = { mask = "***" } } for it, or drop the NOT NULL.')
        length = getattr(known[column]["type"], "length", None)
        if mask is not None and length is not None and len(mask) > length:
            raise BlindError("mask_too_long", f"Target {what.name}: the mask of {column} has {len(mask)} characters, "
                             f"the column {length}.", cure="Choose a shorter mask.")
        if column in unique and mask is not None:
            raise BlindError("unique_field", f"Target {what.name}: {column} is unique, so one mask cannot stand in "
                             "two rows.", cure="Write null, or drop the unique index.")
