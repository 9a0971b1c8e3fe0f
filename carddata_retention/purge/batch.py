"""One batch: lock, decide again, remove, prove, record. The caller owns the transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.families import Child
from carddata_retention.key_lists import one_of, sent_beside
from carddata_retention.ledger import BatchRow, Ledger, WorkRow
from carddata_retention.model import TO_PURGE, Outcome, SkipReason, Status
from carddata_retention.moments import Condition, as_text
from carddata_retention.policy import Policy
from carddata_retention.purge.locks import SubjectLock, close_window, lock_path, lock_subjects
from carddata_retention.purge.questions import (
    FROZEN,
    Key,
    Named,
    Questions,
    facts,
    lock_all,
    lock_records,
    remains,
    removal,
    subjects_of,
    tombstones,
    whose_by_path,
    whose_records,
)
from carddata_retention.records import all_key_values, follows
from carddata_retention.redact import Trouble, trouble
from carddata_retention.schema import BoundSchema, BoundTarget
from carddata_retention.tables import Decider
from carddata_retention.targets import KEY

Column = sa.ColumnElement[Any]
Outcomes = dict[int, tuple[Outcome, str | None]]


class Unproven(Exception):
    """The database did something else than was decided; the batch must not be committed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotQuiet(Exception):
    """Somebody writes in the declared quiet window."""


class PathLocked(Exception):
    """A row that leads to a subject is locked by somebody else."""


@dataclass(frozen=True, slots=True)
class Job:
    """What all batches of one target and one run share."""

    run_id: str
    bound: BoundTarget
    schema: BoundSchema
    decider: Decider
    policy: Policy
    ledger: Ledger
    questions: Questions = field(init=False)
    locks: tuple[SubjectLock, ...] = field(init=False)

    def __post_init__(self) -> None:
        """The statements of all batches are one set."""
        locks = tuple(SubjectLock(step, self.schema.dialect) for step in self.schema.service.locks)
        object.__setattr__(self, "locks", locks)
        object.__setattr__(self, "questions", Questions(self.bound, self.decider, self.ledger.tables))

    def batch(self, number: int, rows: Sequence[WorkRow], at: datetime) -> BatchRow:
        """The row of a batch that has done nothing yet."""
        target = self.decider.target
        fields = ",".join(target.emptied or (str(f.key) for f in target.fields))
        return BatchRow(self.run_id, target.name, number, str(self.bound.name), target.disposition.value, fields,
                        rows[0].seq, rows[-1].seq, 0, 0, 0, {}, as_text(at))


def remove_batch(connection: Connection, job: Job, rows: Sequence[WorkRow], batch_no: int, at: datetime) -> int:
    """Carry out one batch and record it; returns how many records were removed.

    Raises Unproven, NotQuiet, PathLocked, BusyError or a driver's error; then nothing of it may be committed.
    """
    target, ledger, batch = job.decider.target, job.ledger, job.batch(batch_no, rows, at)
    ledger.hold_open(connection, job.run_id)
    try:
        close_window(connection, job.schema.service.closed_tables)
    except SQLAlchemyError as refused:
        if trouble(refused) is not Trouble.LOCKED:
            raise
        raise NotQuiet from None
    keys = all_key_values(target, [r.record_key for r in rows])
    wanted, held = _lock(connection, job, keys)
    named = job.questions.named(keys, held)
    recorded = _record(connection, job, batch, named, rows) if held or not wanted else 0
    chosen = set() if not recorded else None if recorded == len(rows) else ledger.recorded(connection, batch)
    if chosen is not None:
        named = job.questions.named([k for k, r in zip(keys, rows, strict=True) if r.seq in chosen], held)
    if len(named.keys) != recorded:
        raise Unproven("row_count")
    children = _remove(connection, job, named) if recorded else {}
    ledger.add_batch(connection, replace(batch, purged=recorded, skipped=len(rows) - recorded, children=children))
    left = [] if chosen is None else [(k, r) for k, r in zip(keys, rows, strict=True) if r.seq not in chosen]
    outcomes = _why(connection, job, left, wanted, held) if left else {}
    # A tombstone says that its record was purged; only what an earlier pass had left must lose its reason.
    outcomes |= {r.seq: (Outcome.PURGED, None) for r in rows if r.seq not in outcomes and r.reason is not None}
    ledger.settle(connection, job.run_id, target.name, batch_no, outcomes)
    return recorded


def _lock(connection: Connection, job: Job, keys: Sequence[Key]) -> tuple[set[Any], set[Any]]:
    """The subjects of the records, and those of them that this transaction holds with all that decides them."""
    target = job.decider.target
    if job.schema.dialect != "sqlite" and target.path and not lock_path(connection, target, keys):
        raise PathLocked
    found = job.questions.ask(connection, subjects_of, job.questions.named(keys))
    wanted = {subject for row in found.all() for subject in row if subject is not None}
    if job.schema.dialect == "sqlite":
        return wanted, wanted  # the whole file is locked
    return wanted, lock_subjects(connection, job.locks, wanted)


def _record(connection: Connection, job: Job, batch: BatchRow, named: Named, rows: Sequence[WorkRow]) -> int:
    """Write the tombstones of what is locked and due as it was frozen; returns how many."""
    if job.schema.dialect == "mariadb" and job.questions.ask(connection, lock_all, named).scalar_one() < len(rows):
        locked = [tuple(r) for r in job.questions.ask(connection, lock_records, named)]
        named = replace(named, keys=locked, values={**named.values, **job.decider.target.keys_sent(locked)})
    if not named.keys or any(r.status not in TO_PURGE for r in rows):
        return 0
    frozen = sent_beside(KEY, FROZEN, {name: [getattr(r, name) for r in rows] for name in FROZEN}) \
        if job.schema.dialect == "postgresql" else {}
    written: Any = job.questions.ask(connection, tombstones, named, run_id=batch.run_id, batch_no=batch.batch_no,
                                     **frozen)
    return int(written.rowcount)


def _why(connection: Connection, job: Job, left: Sequence[tuple[Key, WorkRow]], wanted: set[Any],
         held: set[Any]) -> Outcomes:
    """Why no tombstone could be written of these candidates; one that is due for another reason is frozen again."""
    target, ledger, name = job.decider.target, job.ledger, job.decider.target.name
    named = job.questions.named([key for key, _ in left])
    present = {text: set(subjects) for text, *subjects in job.questions.ask(connection, whose_records, named)}
    if target.path:
        for subject, text in job.questions.ask(connection, whose_by_path, named):
            present[text] = present.get(text, set()) | {subject}
    mine: Sequence[Key] = [k for k, row in left if present.get(row.record_key, wanted) - {None} <= held]
    if job.schema.dialect == "mariadb" and mine:
        mine = [tuple(r) for r in job.questions.ask(connection, lock_records, job.questions.named(mine))]
    seen = {r[0]: r[1:] for r in job.questions.ask(connection, facts, job.questions.named(mine, held))} if mine else {}
    outcomes: Outcomes = {}
    for _, row in left:
        subjects = present.get(row.record_key, set()) - {None}
        if row.record_key not in present:
            reason = SkipReason.GONE
        elif not subjects <= wanted:
            reason = SkipReason.MOVED
        elif row.record_key not in seen:
            reason = SkipReason.LOCKED
        else:
            in_scope, status, service_end = seen[row.record_key]
            reason = _reason(Status(status), in_scope, row.reason)
            if reason is SkipReason.CHANGED:
                ledger.freeze_again(connection, job.run_id, name, row.seq, Status(status), service_end)
        outcomes[row.seq] = (Outcome.SKIPPED, reason)
    if changed := [seq for seq, (_, why) in outcomes.items() if why is SkipReason.CHANGED]:
        ledger.note_deadlines(connection, job.run_id, name, partial(follows, job.decider, job.policy), changed)
    return outcomes


def _reason(status: Status, in_scope: bool, earlier: str | None) -> SkipReason:
    """Why a record that could be judged is left. One that moved, and owes nothing to its new subject, has moved."""
    if status is Status.HELD:
        return SkipReason.HELD_MEANWHILE
    if not in_scope or status not in TO_PURGE:
        return SkipReason.MOVED if earlier == SkipReason.MOVED else SkipReason.NO_LONGER_DUE
    return SkipReason.CHANGED


def _remove(connection: Connection, job: Job, named: Named) -> dict[str, int]:
    target = job.decider.target
    children: dict[str, int] = {}
    for child in job.bound.children:
        _remove_children(connection, child, sa.select(*(target.table.c[c] for c in child.parent_columns))
                         .where(one_of(target.key, named.keys, target.dialect)), children)
    result: Any = job.questions.ask(connection, removal, named)
    if result.rowcount != len(named.keys):
        raise Unproven("row_count")
    # Only a trigger could have put something back, and PostgreSQL shows to everybody where there is one.
    asked = target.dialect != "postgresql" or job.bound.triggers
    if asked and job.questions.ask(connection, remains, named).scalar_one():
        raise Unproven("not_erased")
    return children


def children_of(columns: Sequence[Column], parents: Sequence[Any], dialect: str) -> Condition:
    """True for the child rows of these parents. There may be more of them than an OR can have branches."""
    if len(columns) == 1 or dialect == "postgresql":
        return one_of(columns, parents, dialect)
    return sa.tuple_(*columns).in_(parents)


def _remove_children(connection: Connection, child: Child, parents: sa.Select[Any], total: dict[str, int]) -> None:
    """Depth first; every row is locked with NOWAIT before it is touched."""
    table = child.table
    columns = [table.c[c] for c in child.columns]
    values = [tuple(r) for r in connection.execute(parents.distinct()) if None not in r]
    if not values:
        return
    mine = children_of(columns, values, connection.dialect.name)
    locking = sa.select(sa.literal(1)).select_from(table).where(mine).with_for_update(nowait=True)
    number = len(connection.execute(locking).all())
    for below in child.children:
        _remove_children(connection, below, sa.select(*(table.c[c] for c in below.parent_columns)).where(mine), total)
    statement: Any = sa.delete(table).where(mine) if child.disposition == "delete" else \
        sa.update(table).where(mine).values(
            dict.fromkeys(child.columns) | {c: table.c[c] for c in child.kept_as_they_are})
    result: Any = connection.execute(statement)
    left = connection.execute(sa.select(sa.func.count()).select_from(table).where(mine)).scalar_one()
    if result.rowcount != number or left:  # MariaDB counts the rows it found, not those that it changed
        raise Unproven("children_row_count")
    total[str(table.fullname)] = total.get(str(table.fullname), 0) + number
