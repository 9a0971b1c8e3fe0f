"""What there is to read: every table of the billing schemas with its columns, the way along its rows, and what it is to
a configuration: which of its columns a target declares, and how its subject could be found."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.catalogue import Catalogue, ForeignKey, TableName
from carddata_retention.discovered import Unread, Why
from carddata_retention.discovery.columns import allowed_columns, declared_roles, readable
from carddata_retention.discovery.tables import Listed, listed
from carddata_retention.discovery.walk import Source, by_blocks, source
from carddata_retention.errors import BlindError
from carddata_retention.own_tables import OwnTables, own_tables
from carddata_retention.redact import Trouble, safe, trouble
from carddata_retention.settings import Config
from carddata_retention.toml_text import Way

FURTHEST = 3  # hops to a subject that a proposal may guess
Declared = dict[TableName, list[tuple[str, str, str]]]


@dataclass(frozen=True, slots=True)
class Table:
    """One table to read. `ways` are the shortest ways from a row to its subject."""

    source: Source
    others: tuple[str, ...]
    nullable: frozenset[str]
    targets: tuple[str, ...]
    ways: tuple[Way, ...]


def inventory(connection: Connection, dialect: str, config: Config) -> tuple[list[Table], list[Unread]]:
    """Every table that can be read, and every place that cannot. Raises what the catalogue itself refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)  # types that SQLAlchemy does not know are read as text
        return _inventory(Catalogue(connection, dialect), config)


def _inventory(catalogue: Catalogue, config: Config) -> tuple[list[Table], list[Unread]]:
    own = own_tables(catalogue.dialect, config.evidence.schema_, config.evidence.prefix)
    declared, named = _declared(catalogue, config)
    subject = _found(catalogue, config.subject.table) if config.subject else None
    to = (subject, config.subject.key) if subject is not None and config.subject is not None else None
    tables, unread = every_table(catalogue, own, [*config.discovery.schemas, *named], declared, to)
    return [t for t in tables if t.source.columns], unread


def every_table(catalogue: Catalogue, own: OwnTables, schemas: Sequence[str], declared: Declared,
                subject: tuple[TableName, str] | None) -> tuple[list[Table], list[Unread]]:
    """The same without a configuration, and with the tables that have no column to read.

    `subject` is a table and its key, which a proposal looks for a way to.
    """
    tables, unread = listed(catalogue, schemas, own)
    found = []
    for each in tables:
        try:
            with catalogue.connection.begin_nested():
                table, beside = _table(catalogue, each, declared.get(each.name, []), subject)
        except SQLAlchemyError as refused:
            unread.append(_refused(each, refused))
            continue
        unread += [replace(u, place=f"{each.place}.{u.place}") for u in beside]
        if table is not None:
            found.append(table)
    return found, unread


def _table(catalogue: Catalogue, each: Listed, declared: Sequence[tuple[str, str, str]],
           subject: tuple[TableName, str] | None) -> tuple[Table | None, list[Unread]]:
    allowed = allowed_columns(catalogue, each.name)
    if catalogue.dialect == "postgresql" and _hides_rows(catalogue.connection, catalogue, each.name):
        return None, [Unread("*", Why.ROW_SECURITY)]
    roles = declared_roles((column, role) for _, column, role in declared)
    bound = catalogue.bound(each.name, catalogue.columns(each.name), "discover")
    read, unread, others = readable(catalogue, each.name, bound, roles, allowed)
    made = source(catalogue, each, bound, read)
    named = {str(c.name) for c in (*made.steps, *made.key) if isinstance(c, sa.Column)}
    if allowed is not None and not named <= allowed:
        made = by_blocks(made, ())  # a key that this login may not read neither leads along the rows nor names them
    known = catalogue.columns(each.name)
    return Table(
        made, tuple(others), frozenset(n for n, c in known.items() if c["nullable"]),
        tuple(dict.fromkeys(target for target, _, _ in declared)),
        tuple(ways(catalogue.foreign_keys, each.name, *subject)) if subject is not None else (),
    ), unread


def _declared(catalogue: Catalogue, config: Config) -> tuple[Declared, list[str]]:
    """Table -> target, column and field of each declared column; and the schemas that the configuration names."""
    found: Declared = {}
    schemas = []
    for target in config.targets:
        if (name := _found(catalogue, target.table)) is None:
            continue
        for field in ("holder", "number", "expiry"):
            found.setdefault(name, []).extend((target.name, c, field) for c in getattr(target.fields, field) or [])
        found.setdefault(name, []).extend((target.name, c, "also") for c in target.also)
        schemas += [name.schema] if name.schema else []
    for table in (config.service_end.table, config.subject.table if config.subject else None):
        at = _found(catalogue, table) if table else None
        schemas += [at.schema] if at and at.schema else []
    return found, list(dict.fromkeys(schemas))


def _found(catalogue: Catalogue, declared: str) -> TableName | None:
    try:
        return catalogue.find(declared, "discover")
    except BlindError:  # `check` says it; nothing of it can be declared here
        return None


def _hides_rows(connection: Connection, catalogue: Catalogue, name: TableName) -> bool:
    query = sa.text("SELECT row_security_active(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                    "WHERE n.nspname = :schema AND c.relname = :name")
    given = {"schema": name.schema or catalogue.default_schema, "name": name.name}
    return bool(connection.execute(query, given).scalar())


def _refused(each: Listed, refused: SQLAlchemyError) -> Unread:
    why = {Trouble.DENIED: Why.HIDDEN, Trouble.ROW_SECURITY: Why.ROW_SECURITY}.get(trouble(refused), Why.FAILED)
    return Unread(each.place, why, safe(refused))


def ways(keys: Sequence[ForeignKey], table: TableName, subject: TableName, subject_key: str) -> list[Way]:
    """The shortest chains of foreign keys from a table to the subject's key, all that are equally short."""
    paths: list[tuple[TableName, tuple[Any, ...]]] = [(table, ())]
    for _ in range(FURTHEST):
        further: list[tuple[TableName, tuple[Any, ...]]] = []
        found: list[tuple[TableName, tuple[Any, ...]]] = []
        for at, hops in paths:
            for key in (k for k in keys if k.child == at):
                reached = (*hops, (key.child_columns, str(key.parent), key.parent_columns))
                there = key.parent == subject and key.parent_columns == (subject_key,)
                (found if there else further).append((key.parent, reached))
        if found:
            return [hops for _, hops in found]
        paths = further
    return []
