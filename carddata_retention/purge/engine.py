"""The loop over a target's frozen candidates: batch after batch, halved where one fails, retried where locked."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.db import Database, seen_as
from carddata_retention.errors import BlindError
from carddata_retention.ledger import WorkRow
from carddata_retention.model import Outcome, SkipReason
from carddata_retention.purge.batch import Job, NotQuiet, PathLocked, Unproven, remove_batch
from carddata_retention.purge.pace import Pace, without_long_collections
from carddata_retention.redact import Trouble, trouble

ATTEMPTS = 6
RETRY_PASSES = 2
LONELY_FAILURES = 50
LONELY_LOCKS = 50  # one after the other: then it is no record that is locked, but a table
SMALLEST_UNIT, LARGEST_UNIT = 500, 10_000
# Each key of several columns is a branch of one OR (targets.Target.key_in): SQLite nests no deeper than 1,000, and
# PostgreSQL plans 5,000 branches for twenty seconds, 500 for a tenth of one.
LARGEST_OF_COMPOSITE_KEYS = 500
NOBODY_COULD = (Trouble.READ_ONLY, Trouble.DENIED, Trouble.ROW_SECURITY, Trouble.MISSING)
PASSES = (Trouble.DISCONNECTED, Trouble.TRANSIENT)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a batch was rolled back, and how many attempts at it as it is make sense; beyond, only a smaller one does."""

    outcome: Outcome
    reason: str
    attempts: int = 1

    @property
    def passes(self) -> bool:
        """Whether the trouble is not the batch's own, so that halving would not help."""
        return self.attempts == ATTEMPTS


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of the frozen candidates of a target: those from `first` to `last`, by their place in the work table."""

    first: int
    last: int


def units(total: int, connections: int = 1) -> list[Unit]:
    """All candidates of a target in parts that follow each other, some for each of the connections."""
    size = max(SMALLEST_UNIT, min(LARGEST_UNIT, total // (4 * connections)))
    return [Unit(first, min(first + size - 1, total)) for first in range(1, total + 1, size)]


class Engine:
    """Removes the candidates of one target, over one or several connections.

    What a unit has come to stands in the ledger and nowhere else: any runner may carry a unit out, once more too, and
    totals are counted there. `moment` gives a batch its wall-clock time; `progress` is told how far. `numbers` are
    those of this runner's batches: two runners of one run need two series.
    """

    def __init__(self, db: Database, job: Job, pace: Pace, moment: Callable[[], datetime],
                 progress: Callable[[str, int, int], None], *, connections: int = 1, numbers: int = 1) -> None:
        self._db, self._job, self._pace = db, job, pace
        self._moment, self._progress = moment, progress
        self._connections = 1 if db.dialect == "sqlite" else connections
        self._numbers = count(numbers)
        self._counting = threading.Lock()
        self._lonely_failures = self._lonely_locks = 0
        self._done = self._total = 0
        self.retry_after_s = 0.5
        self.lonely_locks_allowed = LONELY_LOCKS
        self.stopped: str | None = None

    @without_long_collections()
    def run(self, total: int) -> None:
        """Go through all candidates, then through the locked ones again.

        Raises BlindError where the database is lost, BusyError where another run has taken over. What was removed
        until then is recorded.
        """
        self._total = total
        try:
            self._pass(retry=False)
            for _ in range(RETRY_PASSES):
                if self.stopped or not self._page(Unit(1, total), retry=True, size=1):
                    break
                time.sleep(self.retry_after_s)
                self._pass(retry=True)
            self._settle_rest()
        except BlindError as refused:
            if refused.code != Trouble.LOCKED:
                raise
            self.stopped = "locked"  # the ledger itself is; what has no outcome counts as not reached

    def _pass(self, *, retry: bool) -> None:
        waiting = iter(units(self._total, self._connections))
        if retry or self._connections == 1:  # alone: who held a record may have been our other connection
            for unit in waiting:
                self.carry_out(unit, retry=retry)
            return
        wrong: list[BaseException] = []

        def work() -> None:
            try:
                while not wrong and (unit := self._next(waiting)) is not None:
                    self.carry_out(unit, retry=retry)
            except BaseException as unforeseen:
                wrong.append(unforeseen)

        threads = [threading.Thread(target=work) for _ in range(self._connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if wrong:
            raise wrong[0]

    def _next(self, waiting: Iterator[Unit]) -> Unit | None:
        with self._counting:
            return next(waiting, None)

    def carry_out(self, unit: Unit, *, retry: bool = False) -> None:
        """One unit, from where the ledger says that it was left; `retry` takes up those that were left for a reason."""
        rows = self._page(unit, retry=retry, size=unit.last)
        while rows and not self._must_stop():
            size = self._size()
            self._attempt(rows[:size])
            with self._counting:
                self._done += 0 if retry else len(rows[:size])
            rows = rows[size:]
            if not retry:
                self._progress(self._job.bound.declared.name, self._done, self._total)
            if self._lonely_failures >= LONELY_FAILURES:
                self.stopped = self.stopped or "too_many_failures"

    def _size(self) -> int:
        target = self._job.decider.target
        capped = len(target.key) > 1 and self._db.dialect != "postgresql"
        return min(self._pace.size, LARGEST_OF_COMPOSITE_KEYS) if capped else self._pace.size

    def _must_stop(self) -> bool:
        self.stopped = self.stopped or self._pace.clear()
        return self.stopped is not None

    def _page(self, unit: Unit, *, retry: bool, size: int) -> list[WorkRow]:
        job, name = self._job, self._job.bound.declared.name

        def ask() -> list[WorkRow]:
            with self._db.snapshot() as connection:
                after = unit.first - 1
                if not retry:
                    after = max(after, job.ledger.reached(connection, job.run_id, name, unit.first, unit.last))
                return job.ledger.pending(connection, job.run_id, name, after, unit.last, size, retry=retry)

        return self._patiently("The work table", ask)

    def _attempt(self, rows: Sequence[WorkRow]) -> None:
        """One batch: again where its trouble may pass, in halves where it will not."""
        attempt = 1
        while (refusal := self._once(rows)) is not None and attempt < refusal.attempts and not self._must_stop():
            if self._db.dialect != "sqlite" or refusal.reason != Trouble.LOCKED:  # SQLite has waited already
                self._wait(attempt)
            attempt += 1
        if refusal is None:
            self._lonely_locks = 0
        if refusal is None or self._must_stop():
            return  # stopped: the rows have no outcome of this pass, and count as not reached
        if refusal.passes and refusal.reason == Trouble.LOCKED:
            self.stopped = "locked"  # the whole file, or the window that should be quiet; what is left is not reached
        elif refusal.passes or len(rows) == 1 or self._lonely_failures >= LONELY_FAILURES:
            with self._counting:
                self._lonely_failures += refusal.outcome is Outcome.FAILED
                self._lonely_locks += refusal.reason == Trouble.LOCKED
            self._settle(rows, refusal.outcome, refusal.reason)
            if self._lonely_locks >= self.lonely_locks_allowed:
                self.stopped = self.stopped or "table_locked"
        else:
            middle = len(rows) // 2
            self._attempt(rows[:middle])
            if not self._must_stop():
                self._attempt(rows[middle:])

    def _once(self, rows: Sequence[WorkRow]) -> Refusal | None:
        """Carry a batch out; None where it is committed, though its reply may have been lost."""
        number = next(self._numbers)
        began = time.monotonic()
        removed = 0
        try:
            with self._db.transaction() as connection:
                removed = remove_batch(connection, self._job, rows, number, self._moment())
        except NotQuiet:
            return Refusal(Outcome.SKIPPED, SkipReason.LOCKED, ATTEMPTS)
        except PathLocked:
            return Refusal(Outcome.SKIPPED, SkipReason.LOCKED)
        except Unproven as wrong:
            # Alone it is decided once more: somebody may have changed the record between decision and removal.
            return Refusal(Outcome.FAILED, wrong.reason, attempts=2 if len(rows) == 1 else 1)
        except (SQLAlchemyError, BlindError) as refused:
            what = _what(refused)
            if what is None or what in NOBODY_COULD:
                raise seen_as(refused, f"Target {self._job.bound.declared.name}") from None
            if what in PASSES and isinstance(refused, SQLAlchemyError) and self._was_committed(number):
                return None
            if what is Trouble.LOCKED:
                return Refusal(Outcome.SKIPPED, SkipReason.LOCKED, ATTEMPTS if self._db.dialect == "sqlite" else 1)
            return Refusal(Outcome.FAILED, what.value, ATTEMPTS if what in PASSES else 1)
        finally:
            seconds = time.monotonic() - began
            self._pace.held(seconds)
        self._pace.after(seconds, len(rows), removed)
        return None

    def _was_committed(self, number: int) -> bool:
        """After a lost reply, perhaps to COMMIT: whether the ledger knows the batch."""
        job = self._job

        def ask() -> bool:
            with self._db.transaction() as connection:
                return job.ledger.was_committed(connection, job.run_id, job.bound.declared.name, number)

        return self._patiently("The ledger", ask)

    def _settle(self, rows: Sequence[WorkRow], outcome: Outcome, reason: str) -> None:
        """Record that nothing was removed of these rows, and why."""
        job, name = self._job, self._job.bound.declared.name
        counts = (len(rows), 0) if outcome is Outcome.SKIPPED else (0, len(rows))

        def write(connection: Connection, number: int) -> None:
            job.ledger.hold_open(connection, job.run_id)
            batch = job.batch(number, rows, self._moment())
            job.ledger.add_batch(connection, replace(batch, skipped=counts[0], failed=counts[1]))
            job.ledger.settle(connection, job.run_id, name, number, {r.seq: (outcome, reason) for r in rows})

        self._record(write, rows)

    def _settle_rest(self) -> None:
        """What was not reached keeps its place in the totals, and what is locked its first night."""
        job, name = self._job, self._job.bound.declared.name
        if self.stopped == "locked":
            return
        ended = (Outcome.FAILED, "too_many_failures") if self.stopped == "too_many_failures" else (
            Outcome.SKIPPED, SkipReason.NOT_REACHED)

        def write(connection: Connection, _: int) -> None:
            for unit in units(self._total, self._connections) if self.stopped else ():
                reached = job.ledger.reached(connection, job.run_id, name, unit.first, unit.last)
                job.ledger.settle_rest(connection, job.run_id, name, *ended, max(unit.first, reached + 1), unit.last)
            job.ledger.note_locked(connection, job.run_id, name, job.policy.as_of)

        self._record(write, [])

    def _record(self, write: Callable[[Connection, int], None], rows: Sequence[WorkRow]) -> None:
        """A transaction that writes the ledger alone; `rows` are its candidates, where it is a batch."""

        def once() -> None:
            number = next(self._numbers)
            try:
                with self._db.transaction() as connection:
                    write(connection, number)
            except SQLAlchemyError as refused:
                if not (rows and trouble(refused) in PASSES and self._was_committed(number)):
                    raise

        self._patiently("The ledger", once)

    def _patiently(self, what: str, ask: Callable[[], T]) -> T:
        """Ask, and again where the trouble may pass. Raises BlindError."""
        for attempt in count(1):
            try:
                return ask()
            except (SQLAlchemyError, BlindError) as refused:
                if attempt >= ATTEMPTS or _what(refused) not in (*PASSES, Trouble.LOCKED):
                    raise seen_as(refused, what) from None
            self._wait(attempt)
        raise AssertionError  # never reached: the counter has no end

    def _wait(self, attempt: int) -> None:
        """Longer each time, up to seconds: a server that restarts needs them. Jitter parts two runs that met."""
        time.sleep(random.uniform(0.5, 1.0) * min(4.0, 0.05 * 3**attempt))  # noqa: S311


def _what(refused: SQLAlchemyError | BlindError) -> Trouble | None:
    """The trouble behind an exception; None where it is a lesson already and nothing to try again."""
    if isinstance(refused, SQLAlchemyError):
        return trouble(refused)
    return Trouble.DISCONNECTED if refused.code == "database_unreachable" else None
