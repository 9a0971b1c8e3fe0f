"""Proof that we can see and may remove, before anything is counted: what would make a night silently do nothing.

Each probe is the statement's own kind with a condition that no row meets, so the database checks the right and
touches nothing.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.db import Database, seen_as
from carddata_retention.errors import BlindError
from carddata_retention.families import Child
from carddata_retention.model import Disposition
from carddata_retention.schema import BoundService, BoundTarget


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
            raise BlindError("binlog_statement", "The server logs statements, which SKIP LOCKED makes unsafe to replay.",
                             cure="SET GLOBAL binlog_format = 'ROW'; and binlog_row_image = 'MINIMAL'")


def _read_only() -> BlindError:
    return BlindError("read_only", "The database is read-only: a replica, or set so.",
                      cure="Point the URL at the primary; a plan may look at a replica.")


def is_transactional(connection: Connection, dialect: str, bound: BoundTarget) -> None:
    """Raises BlindError for a MariaDB table whose engine cannot roll back."""
    if dialect != "mariadb":
        return
    engine = connection.execute(
        sa.text("SELECT engine FROM information_schema.tables WHERE table_schema = coalesce(:schema, database()) "
                "AND table_name = :name"), {"schema": bound.name.schema, "name": bound.name.name},
    ).scalar()
    if engine is not None and engine != "InnoDB":
        raise BlindError("not_transactional", f"Target {bound.declared.name}: {bound.name} is {engine}, which cannot "
                         "hold a removal and its evidence together.", cure=f"ALTER TABLE {bound.name} ENGINE = InnoDB;")


def may_read(connection: Connection, bound: BoundTarget, service: BoundService) -> None:
    """Raises BlindError where this login cannot read what decides the target, or rows are hidden from it."""
    what = f"Reading for target {bound.declared.name}"
    sources = [bound.target.table, service.source.source, *(hop.table for hop in bound.target.path)]
    for source in sources:
        _probe(connection, sa.select(*source.c).where(sa.literal(1) == 0), what)


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
    except SQLAlchemyError as refused:
        raise seen_as(refused, what) from None


def _child_probes(child: Child) -> list[Any]:
    nothing = sa.literal(1) == 0
    below = [probe for c in child.children for probe in _child_probes(c)]
    if child.disposition == "delete":
        return [sa.delete(child.table).where(nothing), *below]
    return [sa.update(child.table).where(nothing).values(dict.fromkeys(child.columns)), *below]


def _probe(connection: Connection, statement: Any, what: str) -> None:
    """Ask inside a savepoint: on PostgreSQL a refusal would end the transaction for the targets that follow."""
    try:
        with connection.begin_nested():
            connection.execute(statement)
    except SQLAlchemyError as refused:
        raise seen_as(refused, what) from None
