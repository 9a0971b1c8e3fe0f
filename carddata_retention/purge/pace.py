"""How fast, and when to stop: batch size by measured time, pauses between transactions, time budget, stop signs.

Waits happen outside transactions only. Reads the monotonic clock, never the calendar.
"""

import time
from collections.abc import Callable
from pathlib import Path

from carddata_retention.settings import Limits

SMALLEST, FIRST, LARGEST = 20, 500, 5000


class Pace:
    """One run's manners, shared by all its targets."""

    def __init__(self, limits: Limits, stop_file: Path, told_to_stop: Callable[[], bool]) -> None:
        self._limits = limits
        self._stop_file = stop_file
        self._told_to_stop = told_to_stop
        self._began = time.monotonic()
        self._removed = 0
        self.size = FIRST
        self.longest_transaction = 0.0

    def stop(self) -> str | None:
        """Why the next batch must not begin, or None."""
        if self._told_to_stop():
            return "signal"
        if self._stop_file.exists():
            return "stop_file"
        if time.monotonic() - self._began > self._limits.max_minutes * 60:
            return "time_budget"
        return None

    def held(self, seconds: float) -> None:
        """A transaction, committed or rolled back, held its locks for `seconds`."""
        self.longest_transaction = max(self.longest_transaction, seconds)

    def after(self, seconds: float, rows: int, removed: int) -> None:
        """Learn from a committed batch that took `seconds`, and pause as long as the manners ask."""
        wanted = int(rows * self._limits.target_batch_ms / 1000 / max(seconds, 0.001))
        self.size = max(SMALLEST, min(LARGEST, 2 * self.size, wanted))
        self._removed += removed
        self._rest(seconds * self._limits.nice)
        if rate := self._limits.rows_per_second:
            self._rest(self._removed / rate - (time.monotonic() - self._began))

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and self.stop() is None:
            time.sleep(min(left, 0.2))
