"""Rounds of contenders, each on its own copy of the database and in its own process; and whether they agree."""

import multiprocessing
import time
import traceback
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import byhand, peers, product
from benchmarks.billing import AS_OF
from benchmarks.clock import Measured
from benchmarks.contender import Table, Task
from benchmarks.ground import Ground, engine, one
from benchmarks.statements import FILLED, GROUPED

Work = Callable[[Task, Measured], None]


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to remove what is due from one table."""

    name: str
    table: Table
    work: Work
    connections: int = 1


CONTENDERS = {c.name: c for c in (
    Contender("limit", "cards", byhand.limit),
    Contender("hand", "cards", byhand.hand),
    Contender("product", "cards", product.product),
    Contender("product-2", "cards", product.product, connections=2),
    Contender("pandas", "cards", peers.pandas),
    Contender("orm", "cards", peers.orm),
    Contender("pt-archiver", "cards", peers.pt_archiver),
    Contender("redact-limit", "payments", byhand.limit),
    Contender("redact-product", "payments", product.product),
)}


@dataclass(slots=True)
class Contest:
    """Everything measured, and what was wrong with it."""

    ground: Ground
    measured: list[Measured] = field(default_factory=list)
    disagree: list[str] = field(default_factory=list)
    scans_s: dict[str, float] = field(default_factory=dict)
    _left: dict[str, "array[int]"] = field(default_factory=dict)

    def run(self, names: Sequence[str], rounds: int, *, apart: bool = True) -> Iterator[Measured]:
        """Each contender once a round; every round begins with another one, so that none is always first."""
        for turn in range(rounds):
            start = turn % max(1, len(names))
            for name in (*names[start:], *names[:start]):
                with self.ground.copy() as url:
                    task = Task(self.ground, url, CONTENDERS[name].table, CONTENDERS[name].connections)
                    measured = (in_a_process if apart else here)(CONTENDERS[name], task)
                    self._compare(CONTENDERS[name], task, measured)
                self.measured.append(measured)
                yield measured

    def _compare(self, contender: Contender, task: Task, measured: Measured) -> None:
        """Hold the keys that are left against those that the first contender on this table left."""
        left = keys_left(task)
        first = self._left.setdefault(contender.table, left) if measured.looked_at is None else \
            self._left.get(contender.table, left)
        if measured.looked_at is not None:
            left, first = (array("q", (k for k in keys if k <= (measured.looked_at or 0))) for keys in (left, first))
        if left != first:
            strange = len(set(left) ^ set(first))
            self.disagree.append(f"{contender.name}: {strange} keys of {contender.table} other than the first's")

    def scan(self) -> None:
        """Seconds of one count, without and with the decision: what a night with nothing due is held against."""
        due = GROUPED if self.ground.dialect == "postgresql" else GROUPED.replace("bool_and", "min")
        queries = {"count": "SELECT count(*) FROM cards",
                   "count_due": f"SELECT count(*) FROM cards c JOIN ({due}) due ON due.customer_id = c.customer_id"}
        for name, query in queries.items():
            one(self.ground.template, query)  # once to warm what can be warmed
            began = time.monotonic()
            one(self.ground.template, query)
            self.scans_s[name] = round(time.monotonic() - began, 3)


def keys_left(task: Task) -> "array[int]":
    """The keys of the records that are still there, or still hold something; rows that a load inserted do not count."""
    filled = f"AND {FILLED}" if task.table == "payments" else ""
    query = f"SELECT c.id FROM {task.table} c WHERE c.id <= {task.ground.size.cards} {filled} ORDER BY c.id"
    with engine(task.url).connect() as connection:
        rows: Any = connection.execution_options(stream_results=True).exec_driver_sql(query)
        return array("q", (row[0] for row in rows))


def here(contender: Contender, task: Task) -> Measured:
    """In this process: its memory is that of everything before."""
    measured = Measured(contender.name)
    contender.work(task, measured)
    return measured


def in_a_process(contender: Contender, task: Task) -> Measured:
    """In a new process, so that memory and imports are its own. Raises RuntimeError with what went wrong there."""
    process, answer = start(contender, task)
    return finish(process, answer)


def start(contender: Contender, task: Task) -> tuple[Any, Any]:
    """The process of a contender and the pipe on which it will answer."""
    context = multiprocessing.get_context("spawn")
    answer, told = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(contender, task, told))
    process.start()
    told.close()
    return process, answer


def finish(process: Any, answer: Any) -> Measured:
    """Wait for what a contender measured."""
    try:
        found = answer.recv()
    except EOFError:
        found = "the process ended without a word"
    process.join()
    if not isinstance(found, Measured):
        raise RuntimeError(found)
    return found


def _answer(contender: Contender, task: Task, told: Any) -> None:
    try:
        told.send(here(contender, task))
    except BaseException:
        told.send(traceback.format_exc())
    finally:
        told.close()


def available(dialect: str) -> list[str]:
    """The contenders that can run here."""
    usable = dialect == "mariadb" and peers.pt_archiver_path()
    return [name for name in CONTENDERS if name != "pt-archiver" or usable]


__all__ = ["AS_OF", "CONTENDERS", "Contender", "Contest", "available", "finish", "here", "in_a_process", "start"]
