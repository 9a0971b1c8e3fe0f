"""One batch: lock, decide again, remove, prove, record. The caller owns the transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import evidence
from carddata_retention.families import Child
from carddata_retention.key_text import one_of
from carddata_retention.keys import EvidenceKey
from carddata_retention.ledger import BatchRow, Ledger, WorkRow
from carddata_retention.model import TO_PURGE, Outcome, SkipReason, Status, Tombstone
from carddata_retention.moments import Condition, as_text
from carddata_retention.policy import Policy
from carddata_retention.purge.locks import close_window, lock_path, lock_subjects
from carddata_retention.purge.questions import (
    Key,
    Questions,
    facts,
    lock_records,
    remains,
    removal,
    whose_by_path,
    whose_records,
)
from carddata_retention.records import all_key_values, last_end, own_deadline
from carddata_retention.redact import Trouble, trouble
from carddata_retention.schema import BoundSchema, BoundTarget
from carddata_retention.tables import Decider

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
    key: EvidenceKey
    questions: Questions = field(init=False)

    def __post_init__(self) -> None:
        """The statements of all batches are one set."""
        object.__setattr__(self, "questions", Questions(self.bound, self.decider))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a locked record says of itself now."""

    status: Status
    subjects: tuple[Any, ...]
    in_scope: bool
    fetched_ends: tuple[Any, ...]


def remove_batch(connection: Connection, job: Job, rows: Sequence[WorkRow], batch_no: int, at: datetime) -> int:
    """Carry out one batch and record it; returns how many records were removed.

    Raises Unproven, NotQuiet, PathLocked, BusyError or a driver's error; then nothing of it may be committed.
    """
    target = job.decider.target
    job.ledger.hold_open(connection, job.run_id)
    try:
        close_window(connection, job.schema.service.closed_tables)
    except SQLAlchemyError as refused:
        if trouble(refused) is not Trouble.LOCKED:
            raise
        raise NotQuiet from None
    by_text = {r.record_key: r for r in rows}
    texts, before = _subjects(connection, job.questions, all_key_values(target, by_text))
    # From here on a key is what the database says it is: SQLite gives a number where the ledger keeps its text.
    by_key = {key: by_text[text] for key, text in texts.items() if text in by_text}
    present = list(by_key)
    found = {row.seq for row in by_key.values()}
    outcomes: Outcomes = {r.seq: (Outcome.SKIPPED, SkipReason.GONE) for r in rows if r.seq not in found}
    if job.schema.dialect != "sqlite":
        if target.path and present and not lock_path(connection, target, present):
            raise PathLocked
        wanted = {s for k in present for s in before[k]}
        held = lock_subjects(connection, job.schema.service.locks, wanted)
        present = _settle_missing(by_key, {k for k in present if before[k] <= held}, outcomes, SkipReason.LOCKED)
    seen_now = _facts(connection, job.questions, present, {s for k in present for s in before[k]}) if present else {}
    present = _settle_missing(by_key, seen_now, outcomes, SkipReason.LOCKED)
    now = _subjects(connection, job.questions, present)[1] if target.path and present else {}
    chosen: dict[Key, Facts] = {}
    for key in present:
        seen = seen_now.get(key)
        subjects = now.get(key, set()) if target.path else {s for s in (seen.subjects if seen else ()) if s is not None}
        if reason := _fallen_out(seen, subjects, before[key], by_key[key].reason):
            outcomes[by_key[key].seq] = (Outcome.SKIPPED, reason)
        elif seen is not None:
            chosen[key] = seen
    tombstones = _tombstones(job, [(by_key[k].record_key, f) for k, f in chosen.items()], batch_no, at)
    children = _remove(connection, job, list(chosen), {s for k in chosen for s in before[k]}) if chosen else {}
    job.ledger.add_batch(connection, BatchRow(
        job.run_id, target.name, batch_no, rows[0].seq, rows[-1].seq, len(chosen), len(rows) - len(chosen), 0,
        children, evidence.batch_digest(tombstones), as_text(at),
    ), tombstones)
    # A tombstone says that its record was purged; only what an earlier pass had left must lose its reason.
    outcomes |= {row.seq: (Outcome.PURGED, None) for row in map(by_key.__getitem__, chosen) if row.reason is not None}
    job.ledger.settle(connection, job.run_id, target.name, batch_no, outcomes)
    return len(chosen)


def _settle_missing(by_key: dict[Key, WorkRow], found: Any, outcomes: Outcomes, reason: SkipReason) -> list[Key]:
    """Those of the still undecided keys that are in `found`; the others fall out for `reason`."""
    kept = []
    for key, row in by_key.items():
        if key in found:
            kept.append(key)
        elif row.seq not in outcomes:
            outcomes[row.seq] = (Outcome.SKIPPED, reason)
    return kept


def _subjects(connection: Connection, questions: Questions,
              keys: Sequence[Key]) -> tuple[dict[Key, str], dict[Key, set[Any]]]:
    """Key -> its text, and key -> the subjects that decide the record now; a key without a row is missing in both."""
    target = questions.decider.target
    width = len(target.key)
    texts: dict[Key, str] = {}
    found: dict[Key, set[Any]] = {}
    for text, *row in questions.ask(connection, whose_records, keys):
        texts[tuple(row[:width])] = text
        found[tuple(row[:width])] = {s for s in row[width:] if s is not None}
    if target.path:
        for subject, *key in questions.ask(connection, whose_by_path, keys):
            found[tuple(key)].add(subject)
    return texts, found


def _facts(connection: Connection, questions: Questions, keys: Sequence[Key],
           subjects: Collection[Any]) -> dict[Key, Facts]:
    target = questions.decider.target
    width, many = len(target.key), len(target.subjects)
    if target.dialect == "mariadb":
        keys = [tuple(r) for r in questions.ask(connection, lock_records, keys)]
    return {
        tuple(r[:width]): Facts(Status(r[width]), tuple(r[width + 2:width + 2 + many]), bool(r[width + 1]),
                                tuple(r[width + 2 + many:]))
        for r in (questions.ask(connection, facts, keys, subjects) if keys else ())
    }


def _fallen_out(seen: Facts | None, subjects: set[Any], before: set[Any], earlier: str | None) -> SkipReason | None:
    """Why a record is left alone, or None. One that moved, and owes nothing to its new subject, has moved."""
    if seen is None:
        return SkipReason.GONE
    if subjects != before:
        return SkipReason.MOVED
    if seen.status is Status.HELD:
        return SkipReason.HELD_MEANWHILE
    if not seen.in_scope or seen.status not in TO_PURGE:
        return SkipReason.MOVED if earlier == SkipReason.MOVED else SkipReason.NO_LONGER_DUE
    return None


def _tombstones(job: Job, removed: Sequence[tuple[str, Facts]], batch_no: int, at: datetime) -> list[Tombstone]:
    target, purged_at, table = job.decider.target, as_text(at), str(job.bound.name)
    fields = ",".join(target.emptied or (str(f.key) for f in target.fields))
    stones = []
    for record_key, now in removed:
        deadline = own_deadline(job.decider, job.policy, now.status, now.fetched_ends)
        days = (deadline.start_day, deadline.last_retained_day, deadline.first_purgeable_day) if deadline else ()
        start, last, first = (day.isoformat() for day in days) if days else ("", "", "")
        stones.append(Tombstone(
            job.run_id, batch_no, target.name, record_key, evidence.reference(job.key.secret, table, record_key),
            now.status, target.disposition, fields, as_text(last_end(job.decider, now.fetched_ends)), start, last,
            first, deadline.rule if deadline else "", job.policy.version.version, purged_at,
        ))
    return stones


def _remove(connection: Connection, job: Job, keys: list[Key], subjects: set[Any]) -> dict[str, int]:
    target = job.decider.target
    children: dict[str, int] = {}
    for child in job.bound.children:
        _remove_children(connection, child, sa.select(*(target.table.c[c] for c in child.parent_columns))
                         .where(one_of(target.key, keys, target.dialect)), children)
    result: Any = job.questions.ask(connection, removal, keys, subjects)
    if result.rowcount != len(keys):
        raise Unproven("row_count")
    # Only a trigger could have put something back, and PostgreSQL shows to everybody where there is one.
    asked = target.dialect != "postgresql" or job.bound.triggers
    if asked and job.questions.ask(connection, remains, keys).scalar_one():
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
