"""Proof that we can see and may remove, before anything is counted: what would make a night silently do nothing.

Each probe is the statement's own kind with a condition that no row meets, so the database checks the right and
touches nothing.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.conditions import readable
from carddata_retention.db import Database, seen_as
from carddata_retention.errors import BlindError
from carddata_retention.families import Child
from carddata_retention.ledger import Ledger
from carddata_retention.model import Disposition
from carddata_retention.own_tables import OVERTAKING
from carddata_retention.schema import BoundSchema, BoundService, BoundTarget


def is_primary(connection: Connection, dialect: str) -> None:
    """Raises BlindError where this server would not take a write, or would log it in an unsafe form."""
    if dialect == "postgresql":
        standby = connection.execute(sa.text("SELECT pg_is_in_recovery()")).scalar()
        default = connection.execute(sa.text("SELECT current_setting('default_transaction_read_only')")).scalar()
        if standby or default == "on":
            raise _read_only()
    if dialect == "mariadb":
        row = connection.execute(sa.text("SELECT @@global.read_only, @@log_bin, @@binlog_format")).one()
        if str(row[0]) not in ("0", "OFF"):
            raise _read_only()
        if row[1] and row[2] == "STATEMENT":
            raise BlindError("binlog_statement", "The server logs statements; SKIP LOCKED makes them unsafe to replay.",
                             cure="SET GLOBAL binlog_format = 'ROW'; and binlog_row_image = 'MINIMAL'")


def _read_only() -> BlindError:
    return BlindError("read_only", "The database is read-only: a replica, or set so.",
                      cure="Point the URL at the primary; a plan may look at a replica.")


def is_transactional(connection: Connection, dialect: str, bound: BoundTarget) -> None:
    """Raises BlindError for a MariaDB table, the target's own or a child's, whose engine cannot roll back."""
    if dialect != "mariadb":
        return
    for table in (bound.target.table, *_below(bound.children)):
        schema, name = getattr(table, "schema", None), getattr(table, "name", None)
        engine = connection.execute(
            sa.text("SELECT engine FROM information_schema.tables WHERE table_schema = coalesce(:schema, database()) "
                    "AND table_name = :name"), {"schema": schema, "name": name},
        ).scalar()
        if engine is not None and engine != "InnoDB":
            raise BlindError("not_transactional", f"Target {bound.declared.name}: {name} is {engine}, which cannot "
                             "hold a removal and its evidence together.", cure=f"ALTER TABLE {name} ENGINE = InnoDB;")


def _below(children: Sequence[Child]) -> Iterator[sa.Table]:
    for child in children:
        yield child.table
        yield from _below(child.children)


def may_read(connection: Connection, bound: BoundTarget, service: BoundService) -> None:
    """Raises BlindError where this login cannot read what decides the target, or rows are hidden from it."""
    what = f"Reading for target {bound.declared.name}"
    conditions = [bound.target.where, service.source.condition if service.filtered else None]
    sources = [bound.target.table, service.source.source, *(hop.table for hop in bound.target.path)]
    for source, declared in zip_longest(sources, conditions):
        table = getattr(source, "element", source)  # a path's tables, and services that are a target too, are aliased
        if connection.dialect.name == "postgresql" and isinstance(table, sa.Table):
            _sees_every_row(connection, table, what)
        _probe(connection, readable(source, declared), what)


def _sees_every_row(connection: Connection, table: sa.Table, what: str) -> None:
    # The refusal that `row_security = off` brings has no code of its own and words in the server's language.
    # It is asked by a bound value, in which the driver's doubled percent signs would be two.
    quoted = connection.dialect.identifier_preparer.format_table(table).replace("%%", "%")
    if connection.execute(sa.text("SELECT row_security_active(CAST(:name AS text))"), {"name": quoted}).scalar():
        raise BlindError("row_security", f"{what}: row-level security hides rows of {table.fullname} from this login.",
                         cure="ALTER ROLE … BYPASSRLS for the remover, or a policy that lets it see every row")


def may_remove(db: Database, bound: BoundTarget, service: BoundService) -> None:
    """Raises BlindError where this login lacks a right that removing needs."""
    what = f"Removing from target {bound.declared.name}"
    table: Any = bound.target.table
    nothing = sa.literal(1) == 0
    statements: list[Any] = [sa.select(bound.target.key[0]).where(nothing).with_for_update()]
    if bound.target.disposition is Disposition.DELETE:
        statements.append(sa.delete(table).where(nothing))
    else:
        statements.append(sa.update(table).where(nothing).values(bound.target.emptied))
    for child in bound.children:
        statements += _child_probes(child)
    statements += [
        sa.select(step.column).select_from(step.table).where(nothing).with_for_update() for step in service.locks
    ]
    try:
        with db.transaction() as connection:
            for statement in statements:
                _probe(connection, statement, what)
            for table in service.closed_tables:
                _may_lock(connection, table, what)
    except SQLAlchemyError as refused:
        raise seen_as(refused, what) from None


def _may_lock(connection: Connection, table: sa.Table, what: str) -> None:
    rights = sa.text("SELECT has_table_privilege(CAST(:name AS text), 'UPDATE, DELETE, TRUNCATE')")
    name = connection.dialect.identifier_preparer.format_table(table).replace("%%", "%")
    if not connection.execute(rights, {"name": name}).scalar():
        raise BlindError("permission_denied", f"{what}: this login may not lock {table.fullname} against writers.",
                         cure='GRANT UPDATE on it, or close the race with service_end.locks instead of "quiet-window".')


def may_record(db: Database, ledger: Ledger) -> None:
    """Raises BlindError where this login lacks a right in our own tables; before they are made, PostgreSQL only."""
    what, nothing = "Our own tables", sa.literal(1) == 0
    try:
        with db.transaction() as connection:
            if not ledger.exists(connection):
                _may_make(connection, db.dialect, ledger.tables.metadata.schema)
                return
            for name, rights in _OWN_RIGHTS.items():
                table: sa.Table = getattr(ledger.tables, name)
                probes = {
                    "select": sa.select(*table.c).where(nothing),
                    "insert": sa.insert(table).from_select(list(table.c), sa.select(*table.c).where(nothing)),
                    "update": sa.update(table).where(nothing).values({c: c for c in table.c}),
                    "overtake": sa.update(table).where(nothing).values({c: c for c in table.c if c.name in OVERTAKING}),
                    "delete": sa.delete(table).where(nothing),
                    "close": sa.update(table).where(nothing).values(closed_at=None),
                }
                for right in rights:
                    _probe(connection, probes[right], f"{what}, {right} on {table.fullname}")
    except SQLAlchemyError as refused:
        raise seen_as(refused, what) from None


# What is written once is never changed: batches and tombstones take rows and give none back.
_OWN_RIGHTS = {
    "run": ("select", "insert", "update"), "batch": ("select", "insert"), "tombstone": ("select", "insert"),
    "deadline": ("select", "insert"), "event": ("select", "insert"),
    "work": ("select", "insert", "update", "delete"), "target": ("select", "insert", "delete"),
    "hold": ("select",), "request": ("select", "close"), "attestation": ("select", "overtake"),
}


def may_register(db: Database, ledger: Ledger, schema: BoundSchema) -> None:
    """Raises BlindError where this login lacks a right that placing a hold or recording a request needs."""
    what, nothing = "Holds and requests", sa.literal(1) == 0
    locking = [sa.select(step.column).select_from(step.table).where(nothing).with_for_update()
               for step in schema.service.locks]
    locking += [sa.select(bound.target.key[0]).where(nothing).with_for_update() for bound in schema.usable.values()]
    try:
        with db.transaction() as connection:
            if not ledger.exists(connection):
                return
            registers = (ledger.tables.hold, ledger.tables.request, ledger.tables.attestation)
            for table in (*registers, ledger.tables.event):
                none = sa.select(*table.c).where(nothing)
                _probe(connection, sa.insert(table).from_select(list(table.c), none), what)
                if table in registers:
                    _probe(connection, sa.update(table).where(nothing).values({c: c for c in table.c}), what)
            for statement in locking:
                _probe(connection, statement, what)
    except SQLAlchemyError as refused:
        raise seen_as(refused, what) from None


def _may_make(connection: Connection, dialect: str, schema: str | None) -> None:
    if dialect != "postgresql":
        return
    query = sa.text("SELECT CASE WHEN to_regnamespace(:schema) IS NULL "
                    "THEN has_database_privilege(current_database(), 'CREATE') "
                    "ELSE has_schema_privilege(:schema, 'CREATE') AND has_schema_privilege(:schema, 'USAGE') END")
    if not connection.execute(query, {"schema": schema}).scalar():
        raise BlindError("permission_denied", f"This login may not make our own tables in the schema {schema}.",
                         cure="Let a DBA apply sql/schema/postgresql.sql and sql/grants/.")


def _child_probes(child: Child) -> list[Any]:
    nothing = sa.literal(1) == 0
    below = [probe for c in child.children for probe in _child_probes(c)]
    columns = [child.table.c[c] for c in child.columns]
    locking = sa.select(*columns).where(nothing).with_for_update()
    if child.disposition == "delete":
        return [locking, sa.delete(child.table).where(nothing), *below]
    return [locking, sa.update(child.table).where(nothing).values(dict.fromkeys(child.columns)), *below]


def _probe(connection: Connection, statement: Any, what: str) -> None:
    """Ask inside a savepoint: on PostgreSQL a refusal would end the transaction for the targets that follow."""
    try:
        with connection.begin_nested():
            connection.execute(statement)
    except SQLAlchemyError as refused:
        raise seen_as(refused, what) from None
