"""Legal holds: placed, looked at again, released; never deleted. A hold beats every removal.

Placing one locks what a batch locks for the same records, so it comes before a removal or after it, never beside: where
it comes too late, it says when the record was removed. A hold on a whole target waits for the batches under way.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.db import seen_as
from carddata_retention.errors import BlindError, RetentionError, UsageError
from carddata_retention.evidence import reference
from carddata_retention.identity import key_if_any, stamp
from carddata_retention.key_text import in_sql, reader
from carddata_retention.model import Hold
from carddata_retention.records import key_for_person, key_from_person, key_values
from carddata_retention.redact import Trouble, trouble
from carddata_retention.schema import BoundSchema, BoundTarget, bind
from carddata_retention.settings import Config, nearest
from carddata_retention.stage import Stage, open_stage

BASES = ("dispute", "chargeback", "authority", "statute", "other")
PATIENCE_S = 20.0
PAUSE_S = 0.1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """Who asks for a hold, on what basis, and by when somebody must look at it again. `note` is needed for `other`."""

    basis: str
    placed_by: str
    review_by: date
    note: str = ""

    def __post_init__(self) -> None:
        if self.basis not in BASES or (self.basis == "other" and not self.note.strip()):
            raise UsageError("hold_basis", f"A hold needs a basis: {', '.join(BASES)}; other needs a note.",
                             not_done="No hold was placed.", cure="--basis dispute --by NAME --review-by YYYY-MM-DD")
        if not self.placed_by.strip():
            raise UsageError("hold_by", "A hold needs whoever places it.", not_done="No hold was placed.",
                             cure="--by NAME")


def place_on_record(config: Config, host: datetime, target: str, key: str, order: Order) -> str:
    """Hold one record; returns the hold's id.

    Raises UsageError for a record that nobody has, or that was removed already, with the day.
    """
    with _opened(config, host) as stage:
        schema = _bound(stage)
        bound = _target(schema, target)
        item = key_from_person(bound.target, key)

        def place(connection: Connection) -> str:
            _lock_subjects_of(connection, schema, bound, item)
            mine = bound.target.key_is(key_values(bound.target, item))
            # Locked in the order of a batch: subjects, then the record; it may have no subject to lock.
            there = sa.select(bound.target.key_text(), bound.target.blank()).where(mine).with_for_update()
            found = connection.execute(there).first()
            if found is None or found[1]:
                gone = _gone(stage, connection, bound, item)
                if found is None or gone.code == "already_removed":
                    raise gone
            return _write(connection, stage, host, order, scope="record", target=target, item=found[0])

        return _patiently(stage, place)


def place_on_subject(config: Config, host: datetime, subject: str, order: Order) -> str:
    """Hold every record of one subject, those to come included; returns the hold's id."""
    with _opened(config, host) as stage:
        schema = _bound(stage)
        value = _subject(schema, subject)

        def place(connection: Connection) -> str:
            known: set[str] = set()
            for step in schema.service.locks:
                named = sa.select(in_sql(step.column)).select_from(step.table).where(step.column == value)
                known |= set(connection.execute(named.with_for_update()).scalars())
            for column in _subject_columns(schema):  # each writes the subject in its own way
                known |= set(connection.execute(sa.select(in_sql(column)).where(column == value).limit(1)).scalars())
            if not known:
                raise UsageError("unknown_subject", "Nobody is this subject: no service, no parent and no record.",
                                 not_done="No hold was placed.", cure="Look at the value.")
            placed = [_write(connection, stage, host, order, scope="subject", target=None, item=text)
                      for text in sorted(known)]
            return ", ".join(placed)

        return _patiently(stage, place)


def place_on_target(config: Config, host: datetime, target: str, order: Order) -> str:
    """Hold a whole target; waits for the batches under way. Returns the hold's id."""
    with _opened(config, host) as stage:
        _target(_bound(stage), target)
        run = stage.ledger.tables.run.c

        def place(connection: Connection) -> str:
            # Each batch keeps its run's row shared until it is committed.
            connection.execute(sa.select(run.run_id).where(run.seal.is_(None)).with_for_update()).all()
            return _write(connection, stage, host, order, scope="target", target=target, item=None)

        return _patiently(stage, place)


def release(config: Config, host: datetime, hold_id: str, released_by: str, reason: str) -> None:
    """End a hold; its row stays. Raises UsageError for one that is not in force, or without a name and a reason."""
    if not released_by.strip() or not reason.strip():
        raise UsageError("hold_release", "A release needs who releases and why.", not_done="The hold is in force.",
                         cure="hold release ID --by NAME --reason TEXT")
    _change(config, host, hold_id, released_by=released_by, released_at=stamp(host), release_reason=reason)


def review(config: Config, host: datetime, hold_id: str, reviewed_by: str, review_by: date) -> None:
    """Note that somebody has looked at a hold, and when it is to be looked at again. Raises UsageError as `release`."""
    if not reviewed_by.strip():
        raise UsageError("hold_review", "A review needs who looked.", not_done="The review is not noted.",
                         cure="hold review ID --by NAME --review-by YYYY-MM-DD")
    _change(config, host, hold_id, reviewed_by=reviewed_by, reviewed_at=stamp(host), review_by=review_by.isoformat())


def in_force(config: Config, host: datetime) -> list[tuple[Hold, str | None]]:
    """Every hold in force with the key or subject that it names, those first whose review comes first. Read-only."""
    with open_stage(config, "plan", host, None) as stage, stage.db.snapshot() as connection:
        if not stage.ledger.exists(connection):
            return []
        hold = stage.ledger.tables.hold.c
        rows = connection.execute(sa.select(stage.ledger.tables.hold).where(hold.released_at.is_(None)).order_by(
            sa.func.coalesce(hold.review_by, "9999"), hold.id)).mappings()
        names = Hold.__dataclass_fields__
        return [(Hold(**{name: row[name] for name in names}),
                 None if row["item"] is None else key_for_person(row["item"])) for row in rows]


def _opened(config: Config, host: datetime) -> Any:
    return open_stage(config, "run", host, None)


def _bound(stage: Stage) -> BoundSchema:
    stage.ledger.create()
    try:
        with stage.db.snapshot() as connection:
            return bind(connection, stage.db.dialect, stage.config, stage.policy)
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The catalogue", not_done="No hold was placed.") from None


def _subject(schema: BoundSchema, given: str) -> Any:
    """What a statement binds for a subject."""
    columns = _subject_columns(schema)
    try:
        return reader(columns[0].type)(given)
    except (ValueError, TypeError, ArithmeticError):
        raise UsageError("subject_form", f"What was given is not of the type of {columns[0].key}.",
                         not_done="No hold was placed.", cure="Give the value as the database writes it.") from None


def _subject_columns(schema: BoundSchema) -> list[sa.Column[Any]]:
    """Where the targets name their subjects. Raises what keeps a target from being read where none can be."""
    usable = [one.target for one in schema.targets.values() if isinstance(one, BoundTarget)]
    columns: list[Any] = [c for t in usable for c in (*t.subjects, t.path_subject) if c is not None]
    if not columns:
        raise next(one for one in schema.targets.values() if isinstance(one, RetentionError))
    return columns


def _target(schema: BoundSchema, name: str) -> BoundTarget:
    found = schema.targets.get(name)
    if found is None:
        raise UsageError("unknown_target", f"There is no target {name}{nearest(name, list(schema.targets))}.",
                         not_done="No hold was placed.", cure="Name one of [[targets]].")
    if isinstance(found, RetentionError):
        raise found
    return found


def _lock_subjects_of(connection: Connection, schema: BoundSchema, bound: BoundTarget, item: str) -> None:
    """What a batch would lock before it removes this record; on SQLite the file is locked already."""
    target = bound.target
    mine = target.key_is(key_values(target, item))
    subjects = {value for row in connection.execute(sa.select(*target.subjects).where(mine)) for value in row
                if value is not None} if target.subjects else set()
    for step in schema.service.locks if subjects else ():
        rows = sa.select(step.column).select_from(step.table).where(step.column.in_(sorted(subjects, key=str)))
        connection.execute(rows.order_by(step.column).with_for_update()).all()


def _gone(stage: Stage, connection: Connection, bound: BoundTarget, item: str) -> UsageError:
    """What to say of a record that is not there, or that holds nothing any more."""
    name = bound.declared.name
    stone, batch = stage.ledger.tables.tombstone.c, stage.ledger.tables.batch.c
    of = sa.and_(batch.run_id == stone.run_id, batch.target == stone.target, batch.batch_no == stone.batch_no)
    key = key_if_any(stage.config)
    secrets_known = [key.secret, *(k.secret for k in key.former.values() if k)] if key else []
    names = [item, *(reference(secret, str(bound.name), item) for secret in secrets_known)]  # those taken in again
    removed = connection.execute(
        sa.select(sa.func.max(batch.removed_at)).select_from(stage.ledger.tables.tombstone.join(
            stage.ledger.tables.batch, of)).where(stone.target == name, stone.record_key.in_(names))).scalar()
    if removed is None:
        return UsageError("unknown_record", f"{name} has no such record, and the ledger no tombstone of one.",
                          not_done="No hold was placed.", cure="Look at the key: a JSON array for a composite one.")
    return UsageError("already_removed", f"This record of {name} was already removed on {removed}.",
                      not_done="No hold was placed.", cure=f"carddata-retention explain {name} KEY")


def _write(connection: Connection, stage: Stage, host: datetime, order: Order, **names: str | None) -> str:
    hold_id = f"h{host:%Y%m%d}-{secrets.token_hex(4)}"
    connection.execute(stage.ledger.tables.hold.insert(), {
        "id": hold_id, **names, "basis": order.basis, "note": order.note or None, "placed_by": order.placed_by,
        "placed_at": stamp(host), "review_by": order.review_by.isoformat()})
    return hold_id


def _change(config: Config, host: datetime, hold_id: str, **values: str) -> None:
    with _opened(config, host) as stage:
        stage.ledger.create()
        hold = stage.ledger.tables.hold

        def change(connection: Connection) -> None:
            done: Any = connection.execute(hold.update().where(
                hold.c.id == hold_id, hold.c.released_at.is_(None)).values(**values))
            if done.rowcount != 1:
                raise UsageError("unknown_hold", f"No hold {hold_id} is in force.", not_done="Nothing was changed.",
                                 cure="carddata-retention hold list")

        _patiently(stage, change)


def _patiently(stage: Stage, write: Callable[[Connection], T]) -> T:
    """In one transaction, again while others hold a lock. Raises BlindError where it does not become free."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            with stage.db.transaction() as connection:
                return write(connection)
        except SQLAlchemyError as refused:
            if trouble(refused) not in (Trouble.LOCKED, Trouble.TRANSIENT) or time.monotonic() > until:
                raise seen_as(refused, "The hold", not_done="The hold was not changed.") from None
        except BlindError:
            raise
        time.sleep(PAUSE_S)
