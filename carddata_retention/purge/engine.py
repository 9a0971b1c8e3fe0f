"""The loop over a target's frozen candidates: batch after batch, halved where one fails, retried where locked."""

import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import evidence
from carddata_retention.db import Database, seen_as
from carddata_retention.errors import BlindError
from carddata_retention.ledger import BatchRow, WorkRow
from carddata_retention.model import Outcome, SkipReason
from carddata_retention.moments import as_text
from carddata_retention.purge.batch import Job, PathLocked, Unproven, remove_batch
from carddata_retention.purge.pace import Pace
from carddata_retention.redact import Trouble, trouble

ATTEMPTS = 5
RETRY_PASSES = 2
LONELY_FAILURES = 50


class Engine:
    """Removes the candidates of one target. `moment` gives the wall-clock time of a batch; `progress` is told how far it is."""

    def __init__(self, db: Database, job: Job, pace: Pace, moment: Callable[[], datetime],
                 progress: Callable[[str, int, int], None]) -> None:
        self._db, self._job, self._pace = db, job, pace
        self._moment, self._progress = moment, progress
        self._batch_no = 0
        self._lonely_failures = 0
        self._total = 0
        self.stopped: str | None = None

    def run(self, total: int) -> None:
        """Go through all candidates, then through the locked ones again. Raises BlindError if the ledger is lost."""
        self._total = total
        self._pass(retry=False)
        for _ in range(RETRY_PASSES):
            if self.stopped or not self._page(0, retry=True, size=1):
                break
            time.sleep(0.5)
            self._pass(retry=True)
        self._settle_rest()

    def _pass(self, *, retry: bool) -> None:
        after = 0
        while rows := self._page(after, retry=retry, size=self._pace.size):
            if (stop := self._pace.stop()) is not None:
                self.stopped = stop
                return
            self._attempt(rows)
            after = rows[-1].seq
            self._progress(self._job.bound.declared.name, after, self._total)
            if self._lonely_failures >= LONELY_FAILURES:
                self.stopped = "too_many_failures"
                return

    def _page(self, after: int, *, retry: bool, size: int) -> list[WorkRow]:
        job = self._job
        try:
            with self._db.snapshot() as connection:
                return job.ledger.pending(connection, job.run_id, job.bound.declared.name, after, size, retry=retry)
        except SQLAlchemyError as refused:
            raise seen_as(refused, "The work table") from None

    def _attempt(self, rows: Sequence[WorkRow]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            self._batch_no += 1
            began = time.monotonic()
            try:
                with self._db.transaction() as connection:
                    removed = remove_batch(connection, self._job, rows, self._batch_no, self._moment())
                self._pace.after(time.monotonic() - began, len(rows), removed)
                return
            except PathLocked:
                return self._halve(rows, Outcome.SKIPPED, SkipReason.LOCKED)
            except Unproven as wrong:
                return self._halve(rows, Outcome.FAILED, wrong.reason)
            except BlindError as refused:
                if refused.code != "database_unreachable" or attempt == ATTEMPTS:
                    raise
                last = Trouble.DISCONNECTED
            except SQLAlchemyError as refused:
                what = trouble(refused)
                if what in (Trouble.DISCONNECTED, Trouble.TRANSIENT) and self._was_committed():
                    return
                if what is Trouble.LOCKED and self._db.dialect != "sqlite":
                    return self._halve(rows, Outcome.SKIPPED, SkipReason.LOCKED)
                if what in (Trouble.READ_ONLY, Trouble.DENIED, Trouble.ROW_SECURITY, Trouble.MISSING):
                    raise seen_as(refused, f"Target {self._job.bound.declared.name}") from None
                if what not in (Trouble.DISCONNECTED, Trouble.TRANSIENT, Trouble.LOCKED):
                    return self._halve(rows, Outcome.FAILED, what.value)
                last = what
            # Full jitter, so that two runs that met do not meet again.
            time.sleep(random.uniform(0, min(2.0, 0.05 * 2**attempt)))  # noqa: S311
        if last is Trouble.LOCKED:
            self._settle(rows, Outcome.SKIPPED, SkipReason.LOCKED)
        else:
            self._settle(rows, Outcome.FAILED, last.value)

    def _was_committed(self) -> bool:
        """After a lost reply to COMMIT: whether the ledger knows the batch."""
        job = self._job
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._db.snapshot() as connection:
                    return job.ledger.has_batch(connection, job.run_id, job.bound.declared.name, self._batch_no)
            except (SQLAlchemyError, BlindError) as refused:
                if attempt == ATTEMPTS:
                    raise seen_as(refused, "The ledger") from None
                time.sleep(0.2 * 2**attempt)
        return False

    def _halve(self, rows: Sequence[WorkRow], outcome: Outcome, reason: str) -> None:
        if len(rows) == 1 or self._lonely_failures >= LONELY_FAILURES:
            self._lonely_failures += outcome is Outcome.FAILED
            return self._settle(rows, outcome, reason)
        middle = len(rows) // 2
        self._attempt(rows[:middle])
        self._attempt(rows[middle:])

    def _settle(self, rows: Sequence[WorkRow], outcome: Outcome, reason: str) -> None:
        """Record that nothing was removed of these rows, and why."""
        job = self._job
        self._batch_no += 1
        counts = (len(rows), 0) if outcome is Outcome.SKIPPED else (0, len(rows))
        batch = BatchRow(job.run_id, job.bound.declared.name, self._batch_no, rows[0].seq, rows[-1].seq, 0, *counts,
                         {}, evidence.batch_digest([]), as_text(self._moment()))
        try:
            with self._db.transaction() as connection:
                job.ledger.add_batch(connection, batch, [])
                job.ledger.settle(connection, job.run_id, batch.target, self._batch_no,
                                  {r.seq: (outcome, reason) for r in rows})
        except SQLAlchemyError as refused:
            raise seen_as(refused, "The ledger") from None

    def _settle_rest(self) -> None:
        """What was not reached keeps its place in the totals."""
        job = self._job
        ended = (Outcome.FAILED, "too_many_failures") if self.stopped == "too_many_failures" else (
            Outcome.SKIPPED, SkipReason.NOT_REACHED)
        try:
            with self._db.transaction() as connection:
                job.ledger.settle_rest(connection, job.run_id, job.bound.declared.name, *ended)
        except SQLAlchemyError as refused:
            raise seen_as(refused, "The ledger") from None
