"""One batch: lock, decide again, remove, prove, record. The caller owns the transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import evidence
from carddata_retention.db import NO_WAIT
from carddata_retention.families import Child
from carddata_retention.keys import EvidenceKey
from carddata_retention.ledger import BatchRow, Ledger, WorkRow
from carddata_retention.model import TO_PURGE, Disposition, Outcome, SkipReason, Status, Tombstone
from carddata_retention.moments import as_text
from carddata_retention.policy import Policy
from carddata_retention.purge.locks import Key, close_window, lock_path, lock_records, lock_subjects
from carddata_retention.records import key_values, last_end, own_deadline
from carddata_retention.redact import Trouble, trouble
from carddata_retention.schema import BoundSchema, BoundTarget
from carddata_retention.tables import Decider, Target, path_rows

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
    texts, before = _subjects(connection, target, [key_values(target, text) for text in by_text])
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
        locked = lock_records(connection, target, present) if present else set()
        present = _settle_missing(by_key, locked, outcomes, SkipReason.LOCKED)
    facts = _facts(connection, job.decider, present) if present else {}
    now = _subjects(connection, target, present)[1] if target.path and present else {}
    chosen: dict[Key, Facts] = {}
    for key in present:
        seen = facts.get(key)
        subjects = now.get(key, set()) if target.path else {s for s in (seen.subjects if seen else ()) if s is not None}
        if reason := _fallen_out(seen, subjects, before[key], by_key[key].reason):
            outcomes[by_key[key].seq] = (Outcome.SKIPPED, reason)
        elif seen is not None:
            chosen[key] = seen
    tombstones = [_tombstone(job, by_key[k], f, batch_no, at) for k, f in chosen.items()]
    children = _remove(connection, job, list(chosen), {s for k in chosen for s in before[k]}) if chosen else {}
    outcomes |= {by_key[k].seq: (Outcome.PURGED, None) for k in chosen}
    job.ledger.add_batch(connection, BatchRow(
        job.run_id, target.name, batch_no, rows[0].seq, rows[-1].seq, len(chosen), len(rows) - len(chosen), 0,
        children, evidence.batch_digest(tombstones), as_text(at),
    ), tombstones)
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


def subjects_statement(target: Target, keys: Sequence[Key]) -> sa.Select[Any]:
    """The text of each key, the key as it is compared, and the record's own subjects."""
    return sa.select(target.key_text().label("record_key"), *target.key, *target.subjects).where(target.key_in(keys))


def _subjects(connection: Connection, target: Target,
              keys: Sequence[Key]) -> tuple[dict[Key, str], dict[Key, set[Any]]]:
    """Key -> its text, and key -> the subjects that decide the record now; a key without a row is missing in both."""
    width = len(target.key)
    texts: dict[Key, str] = {}
    found: dict[Key, set[Any]] = {}
    for text, *row in connection.execute(subjects_statement(target, keys)):
        texts[tuple(row[:width])] = text
        found[tuple(row[:width])] = {s for s in row[width:] if s is not None}
    if target.path_subject is not None:
        first = target.path[0]
        joined = path_rows(target, [target.path_subject, *target.key]).correlate(None).join(
            target.table, sa.and_(*(a == b for a, b in zip(first.from_, first.to, strict=True)))
        ).where(target.key_in(keys), target.path_subject.is_not(None))
        for subject, *key in connection.execute(joined):
            found[tuple(key)].add(subject)
    return texts, found


def facts_statement(decider: Decider, keys: Sequence[Key]) -> sa.Select[Any]:
    """What locked records say of themselves now."""
    judged, target = decider.row(), decider.target
    return sa.select(
        *target.key, judged.status(), target.in_scope(), *target.subjects, *judged.ends
    ).where(target.key_in(keys))


def _facts(connection: Connection, decider: Decider, keys: Sequence[Key]) -> dict[Key, Facts]:
    width, subjects = len(decider.target.key), len(decider.target.subjects)
    query = facts_statement(decider, keys)
    return {
        tuple(r[:width]): Facts(Status(r[width]), tuple(r[width + 2:width + 2 + subjects]), bool(r[width + 1]),
                                tuple(r[width + 2 + subjects:]))
        for r in connection.execute(query)
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


def _tombstone(job: Job, row: WorkRow, facts: Facts, batch_no: int, at: datetime) -> Tombstone:
    target = job.decider.target
    deadline = own_deadline(job.decider, job.policy, facts.status, facts.fetched_ends)
    return Tombstone(
        run_id=job.run_id, batch_no=batch_no, target=target.name, record_key=row.record_key,
        reference=evidence.reference(job.key.secret, str(job.bound.name), row.record_key),
        status=facts.status, disposition=target.disposition,
        fields=",".join(target.emptied or (str(f.key) for f in target.fields)),
        service_end=as_text(last_end(job.decider, facts.fetched_ends)),
        start_day=deadline.start_day.isoformat() if deadline else "",
        last_retained_day=deadline.last_retained_day.isoformat() if deadline else "",
        first_purgeable_day=deadline.first_purgeable_day.isoformat() if deadline else "",
        rule=deadline.rule if deadline else "", policy_version=job.policy.version.version, purged_at=as_text(at),
    )


def removal_statement(job: Job, keys: Sequence[Key], subjects: Sequence[Any]) -> sa.Delete | sa.Update:
    """The statement that removes: the locked keys, their locked subjects, and the whole decision again."""
    target = job.decider.target
    judged = job.decider.row()
    conditions = [target.key_in(keys), target.in_scope(), judged.to_purge()]
    conditions += [sa.or_(c.is_(None), c.in_(subjects)) for c in target.subjects]
    table: Any = target.table
    if target.disposition is Disposition.DELETE:
        return sa.delete(table).where(*conditions)
    kept = {c: table.c[c] for c in job.bound.kept_as_they_are}
    return sa.update(table).where(*conditions).values(**target.emptied, **kept)


def remains_statement(target: Target, keys: Sequence[Key]) -> sa.Select[Any]:
    """How many of the removed records are still there, or still hold something."""
    remains = sa.select(sa.func.count()).select_from(target.table).where(target.key_in(keys))
    return remains.where(target.holds_something()) if target.disposition is Disposition.REDACT else remains


def _remove(connection: Connection, job: Job, keys: list[Key], subjects: set[Any]) -> dict[str, int]:
    target = job.decider.target
    children: dict[str, int] = {}
    for child in job.bound.children:
        _remove_children(connection, child, sa.select(*(target.table.c[c] for c in child.parent_columns))
                         .where(target.key_in(keys)), children)
    removal = removal_statement(job, keys, sorted(subjects, key=str))
    result: Any = connection.execute(removal, execution_options={NO_WAIT: True})
    if result.rowcount != len(keys):
        raise Unproven("row_count")
    if connection.execute(remains_statement(target, keys)).scalar_one():
        raise Unproven("not_erased")
    return children


def _remove_children(connection: Connection, child: Child, parents: sa.Select[Any], total: dict[str, int]) -> None:
    """Depth first; every row is locked with NOWAIT before it is touched."""
    table = child.table
    columns = [table.c[c] for c in child.columns]
    values = [tuple(r) for r in connection.execute(parents.distinct()) if None not in r]
    if not values:
        return
    mine = columns[0].in_([v[0] for v in values]) if len(columns) == 1 else sa.tuple_(*columns).in_(values)
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
