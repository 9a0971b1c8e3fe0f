"""How far a discovery is, told now and then: rows so far, about how many are left, and about how long they take."""

import time
from collections.abc import Callable

TOLD_AFTER_S = 10.0


class Meter:
    """`total` is a guess of the servers; `shown` draws a bar on a terminal, `log` takes a line now and then."""

    def __init__(self, total: int, shown: Callable[[str, int, int], None], log: Callable[[str], None]) -> None:
        self._total, self._shown, self._log = total, shown, log
        self._began = self._told = time.monotonic()
        self._before = self._done = 0

    def begin(self, place: str, rows: int) -> Callable[[int], None]:
        """What is told the rows of each window of a table of about `rows` rows."""
        self._before = self._done

        def on(more: int) -> None:
            self._done += more
            self._shown(place, min(self._done - self._before, rows), rows)
            if time.monotonic() - self._told > TOLD_AFTER_S:
                self._told = time.monotonic()
                self._log(self.line(place))

        return on

    def end(self, rows: int) -> None:
        """A table is over: what it had is known now, whatever was guessed."""
        self._total += self._done - self._before - rows

    def line(self, place: str) -> str:
        """Where it stands, in a sentence."""
        left = max(self._total - self._done, 0)
        minutes = (time.monotonic() - self._began) / max(self._done, 1) * left / 60
        rest = f"about {left:,} to go, {max(1, round(minutes))} min" if left else "how many are left is not known"
        return f"{place}: {self._done:,} rows read, {rest}"
