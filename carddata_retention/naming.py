"""What a hold or a request names: a record or a subject, found and locked as a batch locks it.

Who comes here takes the locks of a batch that would remove the same records, so it comes before the removal or after
it, never beside. What came too late is told with the day of the removal.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.db import seen_as
from carddata_retention.errors import RefusedError, RetentionError, UsageError
from carddata_retention.evidence import reference
from carddata_retention.identity import event, key_if_any
from carddata_retention.key_text import in_sql, reader
from carddata_retention.records import key_values
from carddata_retention.redact import Trouble, trouble
from carddata_retention.schema import BoundSchema, BoundTarget, bind
from carddata_retention.settings import Config, nearest
from carddata_retention.stage import Stage, open_stage

PATIENCE_S = 20.0
PAUSE_S = 0.1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Naming:
    """A stage whose schema is bound. `not_done` is what an error here can promise did not happen."""

    stage: Stage
    schema: BoundSchema
    not_done: str
    host: datetime

    def target(self, name: str) -> BoundTarget:
        """A declared target. Raises UsageError for another name, and what keeps the target from being read."""
        found = self.schema.targets.get(name)
        if found is None:
            raise UsageError("unknown_target", f"There is no target {name}{nearest(name, list(self.schema.targets))}.",
                             not_done=self.not_done, cure="Name one of [[targets]].")
        if isinstance(found, RetentionError):
            raise found
        return found

    def subject(self, given: str) -> Any:
        """What a statement binds for a subject. Raises UsageError where the text is no value of the column's type."""
        columns = [column for _, column in self.subject_columns()]
        try:
            return reader(columns[0].type)(given)
        except (ValueError, TypeError, KeyError, ArithmeticError):
            raise UsageError("subject_form", f"What was given is not of the type of {columns[0].key}.",
                             not_done=self.not_done, cure="Give the value as the database writes it.") from None

    def subject_columns(self) -> list[tuple[BoundTarget, sa.Column[Any]]]:
        """Where the targets name their subjects. Raises what keeps a target from being read where none can be."""
        columns: list[Any] = [(bound, c) for bound in self.schema.usable.values()
                              for c in (*bound.target.subjects, bound.target.path_subject) if c is not None]
        if not columns:
            raise next(one for one in self.schema.targets.values() if isinstance(one, RetentionError))
        return columns

    def lock_record(self, connection: Connection, bound: BoundTarget, item: str) -> str:
        """Lock a record and return its key as the database writes it; on SQLite the file is locked already.

        Raises UsageError for a record that nobody has, RefusedError for one that was removed, with the day.
        """
        target = bound.target
        mine = target.key_is(key_values(target, item))
        subjects = {value for row in connection.execute(sa.select(*target.subjects).where(mine)) for value in row
                    if value is not None} if target.subjects else set()
        for step in self.schema.service.locks if subjects else ():
            rows = sa.select(step.column).select_from(step.table).where(step.column.in_(sorted(subjects, key=str)))
            connection.execute(rows.order_by(step.column).with_for_update()).all()
        # Locked in the order of a batch: subjects, then the record; it may have no subject to lock.
        there = sa.select(target.key_text(), target.blank()).where(mine).with_for_update()
        found = connection.execute(there).first()
        if found is None or found[1]:
            gone = self._gone(connection, bound, item)
            if found is None or gone.code == "already_removed":
                raise gone
        return str(found[0])

    def lock_subject(self, connection: Connection, value: Any) -> list[str]:
        """Lock what decides a subject, and return the texts by which the database writes it: columns may differ.

        Where it has neither a service nor a parent row, its records are locked: nothing else stands between them and a
        batch. Empty where nobody is this subject.
        """
        known: set[str] = set()
        for step in self.schema.service.locks:
            named = sa.select(in_sql(step.column)).select_from(step.table).where(step.column == value)
            known |= set(connection.execute(named.with_for_update()).scalars())
        alone = not known
        for _, column in self.subject_columns():
            named = sa.select(in_sql(column)).where(column == value)
            known |= set(connection.execute(named.with_for_update() if alone else named.limit(1)).scalars())
        return sorted(known)

    def _gone(self, connection: Connection, bound: BoundTarget, item: str) -> RetentionError:
        """What to say of a record that is not there, or that holds nothing any more."""
        name, tables = bound.declared.name, self.stage.ledger.tables
        stone, batch = tables.tombstone.c, tables.batch.c
        of = sa.and_(batch.run_id == stone.run_id, batch.target == stone.target, batch.batch_no == stone.batch_no)
        key = key_if_any(self.stage.config)
        secrets_known = [key.secret, *(k.secret for k in key.former.values() if k)] if key else []
        names = [item, *(reference(secret, str(bound.name), item) for secret in secrets_known)]  # those taken in again
        removed = connection.execute(
            sa.select(sa.func.max(batch.removed_at)).select_from(tables.tombstone.join(tables.batch, of))
            .where(stone.target == name, stone.record_key.in_(names))).scalar()
        if removed is None:
            return UsageError("unknown_record", f"{name} has no such record, and the ledger no tombstone of one.",
                              not_done=self.not_done, cure="Look at the key: a JSON array for a composite one.")
        return RefusedError("already_removed", f"This record of {name} was already removed on {removed}.",
                            not_done=self.not_done, cure=f"carddata-retention explain {name} KEY")

    def patiently(self, write: Callable[[Connection], T], what: str = "",
                  about: Callable[[T], Mapping[str, Any]] = lambda _: {}) -> T:
        """`patiently` on this stage; with `what` an event about the outcome in the same transaction."""
        def noted(connection: Connection) -> T:
            done = write(connection)
            if what:
                note(connection, self.stage, self.host, what, about(done))
            return done

        return patiently(self.stage, noted, self.not_done)


@contextmanager
def naming(config: Config, host: datetime, not_done: str) -> Iterator[Naming]:
    """Open the register's login and bind the schema; our own tables are made where they are missing.

    Raises BlindError or ConfigError where the database cannot be seen.
    """
    with open_stage(config, "register", host, None) as stage:
        stage.ledger.create()
        try:
            with stage.db.snapshot() as connection:
                schema = bind(connection, stage.db.dialect, stage.config, stage.policy)
        except SQLAlchemyError as refused:
            raise seen_as(refused, "The catalogue", not_done=not_done) from None
        yield Naming(stage, schema, not_done, host)


def note(connection: Connection, stage: Stage, host: datetime, what: str, facts: Mapping[str, Any]) -> None:
    """The event of a change, in its transaction. Before the first run there is no key, and so no event."""
    if (key := key_if_any(stage.config)) is not None:
        stage.ledger.note(connection, [event(key, host, what, 0, facts)])


def patiently(stage: Stage, write: Callable[[Connection], T], not_done: str) -> T:
    """In one transaction, again while others hold a lock. Raises BlindError where it does not become free."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            with stage.db.transaction() as connection:
                return write(connection)
        except SQLAlchemyError as refused:
            if trouble(refused) not in (Trouble.LOCKED, Trouble.TRANSIENT) or time.monotonic() > until:
                raise seen_as(refused, "The register", not_done=not_done) from None
        time.sleep(PAUSE_S)
