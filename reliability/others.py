"""Sessions of others that change rows at every statement of every batch of one run.

The gaps of a batch are numbered by the statements that follow them; the last one lies behind its COMMIT. A change is
either made while the batch waits in a gap, or begins there and is made beside the statement that follows.
"""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any
from unittest.mock import patch

from bench import Watch
from changes import CHANGED, LOCKED, PURGED, End, Event, allowed, move, removes, session
from nightly import House
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.purge.batch import remove_batch

USED = 0.85  # of a batch's records; the rest nobody touches, and all of them must go
AGAIN = 0.15  # how often somebody interferes once more where a batch is repeated: always, and it would never end
BESIDE = 0.3
FIRST_GUESS_OF_GAPS = 18


@dataclass(slots=True)
class Attempt:
    """One transaction of a batch: when its removing statement and its COMMIT were sent, among all statements."""

    free: list[int]
    repeated: bool
    gap: int = 0
    removal: int | None = None
    over: int | None = None


@dataclass(slots=True)
class Try:
    """One change, in one gap, on one customer. `lasting`: it happened, and was not rolled back in the end."""

    event: Event
    key: int
    commits: bool
    beside: bool
    gap: int
    at: int
    happened: bool = False
    lasting: bool = False

    def __str__(self) -> str:
        how = ("committed" if self.commits else "left open") if self.happened else "refused"
        return f"{self.event.name} ({how}, {'beside' if self.beside else 'before'} statement {self.gap})"

    def came_before_the_end(self, last: Attempt) -> bool:
        """Whether a change that should spare the record happened before its COMMIT was sent."""
        if not self.happened or PURGED in self.event.committed or last.over is None:
            return False
        return self.at < last.over or (self.at == last.over and not self.beside)

    def right_ends(self, last: Attempt) -> set[End]:
        """The ends that the record may come to; `last` is the last attempt at it, the one that decided."""
        if not self.happened:  # refused in an open session it may keep locks: MariaDB frees none at a savepoint
            return {PURGED, LOCKED} if self.beside or not self.commits else {PURGED}
        moments = (self.at, self.at + 1) if self.beside else (self.at,)
        ends = {end for at in moments for end in allowed(self.event, self.commits, at, last.removal, last.over)}
        if self.beside:  # it may have held the row for a moment
            ends.add(LOCKED)
        if self.event.change is move:  # all move to one customer, whom another connection of the run may hold
            ends.add(LOCKED)
        if PURGED in self.event.committed and last.repeated:  # due by another end since the last pass: tomorrow's
            ends.add(CHANGED)
        return ends


class Others:
    """Everybody else during one run of one target. `hold_open` is how often a change is not committed at once."""

    def __init__(self, house: House, target: str, events: Sequence[Event], rng: random.Random, stack: ExitStack,
                 hold_open: Callable[[Event], float]) -> None:
        self._house, self._target, self._events, self._rng = house, target, events, rng
        self._hold_open = hold_open
        self._sessions = {event: session(house, stack, patience_ms=1) for event in dict.fromkeys(events)}
        self._at_once = session(house, stack, patience_ms=1)
        self._one_at_a_time = threading.Lock()
        self._numbers = count()
        self._attempts: dict[int, Attempt] = {}  # by the thread of the connection that makes it
        self._beside: dict[int, threading.Thread] = {}
        self._gaps = FIRST_GUESS_OF_GAPS
        self.tries: dict[int, Try] = {}
        self.last: dict[int, Attempt] = {}
        self.batches = self.repeated = 0

    @contextmanager
    def interfering(self) -> Iterator[Watch]:
        """Learn of each batch as the product begins it; `watch` is to be told of every statement meanwhile."""
        def noted(connection: Connection, job: Any, rows: Sequence[Any], *more: Any) -> int:
            self._begin([int(row.record_key) for row in rows])
            try:
                return remove_batch(connection, job, rows, *more)
            except BaseException:
                self._attempts.pop(threading.get_ident(), None)  # rolled back: what is sent now is no gap of it
                raise

        with patch("carddata_retention.purge.engine.remove_batch", noted):
            yield self.watch
        for thread in self._beside.values():
            thread.join()

    def _begin(self, keys: list[int]) -> None:
        free = [key for key in keys if key not in self.tries]
        repeated = any(key in self.last for key in keys)
        self._rng.shuffle(free)
        attempt = self._attempts[threading.get_ident()] = Attempt(free, repeated)
        self.last |= dict.fromkeys(keys, attempt)
        self.batches += 1
        self.repeated += repeated

    def watch(self, text: str, _number: int, _connection: Connection) -> None:
        """A statement or a COMMIT is about to be sent: first the others have their turn."""
        thread = threading.get_ident()
        if (busy := self._beside.pop(thread, None)) is not None:
            busy.join()
        number, attempt = next(self._numbers), self._attempts.get(thread)
        if attempt is None:
            return
        self._interfere(attempt, number)
        if attempt.over is not None:
            self._gaps = max(self._gaps, attempt.gap)
            del self._attempts[thread]
        elif text == "COMMIT":
            attempt.over = number
        elif attempt.removal is None and removes(text, self._target):
            attempt.removal = number

    def _interfere(self, attempt: Attempt, number: int) -> None:
        committed = attempt.over is not None
        beside = not committed and self._rng.random() < BESIDE
        chosen = []
        for event in self._choice(attempt):
            commits = self._rng.random() >= self._hold_open(event)
            chosen.append(Try(event, attempt.free.pop(), commits, beside, attempt.gap, number))
        attempt.gap += 1
        self.tries |= {each.key: each for each in chosen}

        def make() -> None:
            for each in chosen:
                self._make(each)

        if beside:
            thread = self._beside[threading.get_ident()] = threading.Thread(target=make)
            thread.start()
        else:
            make()

    def _choice(self, attempt: Attempt) -> list[Event]:
        """The kinds that a gap has a customer for, so that those of a batch are enough for all its gaps."""
        left = max(1, self._gaps - attempt.gap)
        each = (len(attempt.free) - (1 - USED) * len(attempt.free)) / left
        number = min(len(self._events), int(each + self._rng.random()), len(attempt.free))
        if attempt.repeated:
            number = min(number, int(self._rng.random() < AGAIN))
        return self._rng.sample(self._events, number)

    def _make(self, each: Try) -> None:
        """One change; whoever would have to wait has not made it."""
        with self._one_at_a_time:
            connection = self._at_once if each.commits else self._sessions[each.event]
            try:
                if each.commits:
                    each.event.change(self._house, connection, self._target, each.key)
                    connection.commit()
                else:
                    with connection.begin_nested():
                        each.event.change(self._house, connection, self._target, each.key)
                each.happened = True
            except SQLAlchemyError:
                if each.commits:
                    connection.rollback()

    def let_go(self) -> None:
        """After the run: every session that was left open is committed or rolled back."""
        for each in self.tries.values():
            each.lasting = each.happened and each.commits
        for event, connection in self._sessions.items():
            commits = self._rng.random() < 0.5
            connection.commit() if commits else connection.rollback()
            for each in self.tries.values():
                if each.event == event and each.happened and not each.commits:
                    each.lasting = commits
