"""Locking what a batch depends on, without ever waiting for whoever holds it."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.key_lists import among, one_of, sent
from carddata_retention.schema import LockStep
from carddata_retention.targets import SUBJECT, Target

Key = tuple[Any, ...]
Column = sa.ColumnElement[Any]


def close_window(connection: Connection, tables: Sequence[sa.Table]) -> None:
    """Lock whole tables against writers until the end of the batch, or raise the driver's error at once.

    SHARE, not more: nobody may write, but another connection of the same run may hold the same lock.
    """
    for table in tables:
        name = connection.dialect.identifier_preparer.format_table(table)
        connection.exec_driver_sql(f"LOCK TABLE {name} IN SHARE MODE NOWAIT")


class SubjectLock:
    """The statements that lock the rows of one step, written once: subjects are sent under `SUBJECT`."""

    def __init__(self, step: LockStep, dialect: str) -> None:
        self.column, self._unique, self._dialect = step.column, step.unique, dialect
        named = among((step.column,), SUBJECT, dialect)
        count, rows = sa.select(sa.func.count()), sa.select(step.column).select_from(step.table).where(named)
        self.name: sa.Select[Any] = rows.order_by(step.column).with_for_update(skip_locked=True)
        # PostgreSQL locks no rows that it counts in one breath; MariaDB none of a subquery.
        self.lock: sa.Select[Any] = count.select_from(self.name.subquery("carddata_locked"))
        if dialect != "postgresql":
            self.lock = count.select_from(step.table).where(named).with_for_update(skip_locked=True)
        self.present: sa.Select[Any] = count.select_from(step.table).where(named)
        self.each: sa.Select[Any] = rows.add_columns(sa.func.count()).group_by(step.column)

    def left_out(self, connection: Connection, values: Sequence[Any]) -> set[Any]:
        """The values of which some row could not be locked. Counting after locking also sees rows that just came."""
        named = sent((self.column,), SUBJECT, self._dialect, [(v,) for v in values])
        locked = connection.execute(self.lock, named).scalar_one()
        if self._unique and locked == len(values):
            return set()
        if connection.execute(self.present, named).scalar_one() == locked:
            return set()
        held = Counter(connection.execute(self.name, named).scalars())
        return {value for value, number in connection.execute(self.each, named) if held[value] < number}


def lock_subjects(connection: Connection, locks: Sequence[SubjectLock], subjects: Collection[Any]) -> set[Any]:
    """The subjects of which every row of every step is locked by this transaction.

    A subject without a row in a step has nothing to lock there: its parent is gone, and with it whoever could
    insert a service for it.
    """
    held = sorted(subjects, key=str)
    for lock in locks:
        if held and (left_out := {_folded(v) for v in lock.left_out(connection, held)}):
            held = [subject for subject in held if _folded(subject) not in left_out]
    return set(held)


def _folded(subject: Any) -> Any:
    """MariaDB may find 'A' where 'a' was asked for: whoever might be meant counts as not locked."""
    return subject.casefold().rstrip() if isinstance(subject, str) else subject


def lock_path(connection: Connection, target: Target, keys: Sequence[Key]) -> bool:
    """Lock the rows of a subject path for these records; False where another transaction holds one of them."""
    mine = one_of(target.key, keys, connection.dialect.name)
    values: Any = sa.select(*target.path[0].from_).where(mine).distinct()
    for n, hop in enumerate(target.path):
        wanted = [tuple(r) for r in connection.execute(values) if None not in r]
        if not wanted:
            return True
        named = one_of(hop.to, wanted, connection.dialect.name)
        rows = sa.select(*hop.to).select_from(hop.table).where(named)
        locked = len(connection.execute(rows.with_for_update(skip_locked=True)).all())
        if locked < connection.execute(sa.select(sa.func.count()).select_from(hop.table).where(named)).scalar_one():
            return False
        if n + 1 < len(target.path):
            values = sa.select(*target.path[n + 1].from_).select_from(hop.table).where(named).distinct()
    return True
