"""How fast, and when to stop: batch size by measured time, pauses between transactions, time budget, stop signs.

Waits happen outside transactions only. Reads the monotonic clock, never the calendar. Shared by all connections of a
run: they have one rate, one budget and one size.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from carddata_retention.settings import Limits

SMALLEST, FIRST, LARGEST = 20, 100, 5000
# Batches scatter: one that happened to be quick must not make the next one long.
GROWTH = 1.5
BETWEEN_QUESTIONS_S = 1.0
FORGETTING = 0.7
# Of `target_batch_ms`: batches scatter, and it is the longest that somebody else may have to wait for.
AIM = 0.6
NEVER = 1_000_000_000


@contextmanager
def without_long_collections() -> Iterator[None]:
    """What the process has held for long is not gone through for garbage: that takes a tenth of a second, while a batch
    keeps its locks. What is new still is."""
    young, middle, old = gc.get_threshold()
    gc.set_threshold(young, middle, NEVER)
    try:
        yield
    finally:
        gc.set_threshold(young, middle, old)


class _Cost:
    """What a transaction costs by itself, and each row of it: a line through the batches of late."""

    def __init__(self) -> None:
        self._weight = self._rows = self._seconds = self._rows_squared = self._product = 0.0

    def saw(self, rows: int, seconds: float) -> None:
        """Learn from one batch; what lies ten batches back counts nearly nothing."""
        self._weight = FORGETTING * self._weight + 1
        self._rows = FORGETTING * self._rows + rows
        self._seconds = FORGETTING * self._seconds + seconds
        self._rows_squared = FORGETTING * self._rows_squared + rows * rows
        self._product = FORGETTING * self._product + rows * seconds

    def rows_for(self, seconds: float) -> int:
        """How many rows a transaction of `seconds` has.

        Where it costs much by itself, on a busy server or over a slow network, fewer rows would not make it shorter,
        only the night longer: then the rows may take as long as the rest of it.
        """
        spread = self._weight * self._rows_squared - self._rows**2
        each = (self._weight * self._product - self._rows * self._seconds) / spread if spread > 1e-9 else 0.0
        if each <= 0:  # all batches were of one size, or noise: then each row costs what it costs on average
            return int(seconds * self._rows / max(self._seconds, 1e-9))
        by_itself = max(0.0, (self._seconds - each * self._rows) / self._weight)
        return int(max(seconds - by_itself, by_itself) / each)


class Pace:
    """One run's manners, shared by all its targets. `brakes` may only say stop: the word for why, or None."""

    def __init__(self, limits: Limits, stop_file: Path, told_to_stop: Callable[[], bool],
                 brakes: Sequence[Callable[[], str | None]] = ()) -> None:
        self._limits = limits
        self._stop_file = stop_file
        self._told_to_stop = told_to_stop
        self._brakes = brakes
        self._asking = threading.Lock()
        self._asked_at = float("-inf")
        self._braked: str | None = None
        self._counting = threading.Lock()
        self._began = time.monotonic()
        self._removed = 0
        self._cost: _Cost | None = None
        self.size = FIRST
        self.longest_transaction = 0.0

    def stop(self) -> str | None:
        """Why no further batch may begin, or None."""
        if self._told_to_stop():
            return "signal"
        if self._stop_file.exists():
            return "stop_file"
        if time.monotonic() - self._began > self._limits.max_minutes * 60:
            return "time_budget"
        return None

    def clear(self) -> str | None:
        """Wait until every brake is off; why no further batch may begin, or None. A brake that stays on is a reason."""
        waiting_since = time.monotonic()
        while (why := self.stop()) is None and self._brake() is not None:
            if time.monotonic() - waiting_since > self._limits.max_pause_minutes * 60:
                return "throttled"
            time.sleep(0.1)
        return why

    def _brake(self) -> str | None:
        """What the brakes said within the last second; one connection asks for all."""
        with self._asking:
            if self._brakes and time.monotonic() - self._asked_at > BETWEEN_QUESTIONS_S:
                self._braked = next((why for brake in self._brakes if (why := brake()) is not None), None)
                self._asked_at = time.monotonic()
            return self._braked

    def held(self, seconds: float) -> None:
        """A transaction, committed or rolled back, held its locks for `seconds`."""
        with self._counting:
            self.longest_transaction = max(self.longest_transaction, seconds)

    def after(self, seconds: float, rows: int, removed: int) -> None:
        """Learn from a committed batch that took `seconds`, and pause as long as the manners ask."""
        with self._counting:
            self._removed += removed
            self._learn(seconds, rows)
        self._rest(seconds * self._limits.nice)
        if rate := self._limits.rows_per_second:
            self._rest(self._removed / rate - (time.monotonic() - self._began))

    def _learn(self, seconds: float, rows: int) -> None:
        if self._cost is None:  # the first one built and planned every statement: nothing follows for the second
            self._cost = _Cost()
            return
        self._cost.saw(rows, seconds)
        wanted = self._cost.rows_for(AIM * self._limits.target_batch_ms / 1000)
        self.size = max(SMALLEST, min(LARGEST, int(GROWTH * self.size) + 1, wanted))

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and self.stop() is None:
            time.sleep(min(left, 0.2))
