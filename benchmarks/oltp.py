"""What a purge does to everybody else: the latency of small transactions beside each contender.

CLIENTS sessions send PER_SECOND transactions in all, at moments that are fixed beforehand. A latency runs from the
moment at which its transaction should have begun, so that one long wait counts for every transaction that it kept back.
The rows that it reads and writes belong to customers that are not due; payments are inserted beyond the last key.
"""

import multiprocessing
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.billing import Fate, fate
from benchmarks.byhand import session
from benchmarks.clock import Measured
from benchmarks.contender import Task
from benchmarks.contest import CONTENDERS, finish, start
from benchmarks.ground import Ground

CLIENTS = 6
PER_SECOND = 300
IDLE_S = 15.0
LEAD_S = 2.0  # the load runs alone so long before a contender begins: sessions and caches are warm by then
LONGEST_S = 3600.0

READ = ("SELECT s.id, s.status, s.use_ended_at, c.id FROM services s JOIN cards c ON c.customer_id = s.customer_id "
        "WHERE s.customer_id = %(customer)s")
UPDATE = "UPDATE services SET status = status WHERE customer_id = %(customer)s"
PAY = ("INSERT INTO payments (id, customer_id, method, amount) VALUES (%(payment)s, %(customer)s, 'transfer', 100)")
MIX = (READ,) * 5 + (UPDATE,) * 3 + (PAY,) * 2
Sample = tuple[float, float]  # when the transaction should have begun, and how long it took from then; seconds


@dataclass(frozen=True, slots=True)
class Latency:
    """Of the transactions of one stretch of time, in milliseconds."""

    beside: str
    transactions: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    failed: int


def oltp(ground: Ground, names: Sequence[str]) -> Iterator[tuple[Latency, ...]]:
    """Idle first, then beside each contender: over all of it, and over each phase that takes long enough to judge."""
    with ground.copy() as url, Load(Task(ground, url, "cards")) as load:
        time.sleep(LEAD_S + IDLE_S)
        ended = time.monotonic()
        samples = load.stop()
    yield (latency("idle", samples, ended - IDLE_S, ended),)
    for name in names:
        contender = CONTENDERS[name]
        with ground.copy() as url:
            task = Task(ground, url, contender.table, contender.connections)
            with Load(task) as load:
                time.sleep(LEAD_S)
                measured = finish(*start(contender, task))
                samples = load.stop()
        yield tuple(_stretches(measured, samples))


def _stretches(measured: Measured, samples: list[Sample]) -> Iterator[Latency]:
    first = min(began for _, began, _ in measured.spans)
    last = max(ended for _, _, ended in measured.spans)
    yield latency(measured.contender, samples, first, last)
    if len(measured.spans) > 1:
        for phase, began, ended in measured.spans:
            if ":" not in phase and ended - began > 0.5:
                yield latency(f"{measured.contender}: {phase}", samples, began, ended)


def latency(beside: str, samples: Sequence[Sample], began: float, ended: float) -> Latency:
    """Percentiles of the transactions that should have begun between the two moments."""
    times = sorted(took for at, took in samples if began <= at < ended)
    done = [took for took in times if took >= 0]
    if not done:
        return Latency(beside, 0, round(ended - began, 2), 0.0, 0.0, 0.0, len(times))
    p50, p99 = (done[min(len(done) - 1, int(len(done) * part))] * 1000 for part in (0.5, 0.99))
    return Latency(beside, len(done), round(ended - began, 2), round(p50, 2), round(p99, 2), round(done[-1] * 1000, 1),
                   len(times) - len(done))


class Load:
    """The transactions, from a process of their own, from the beginning of the block until `stop`."""

    def __init__(self, task: Task) -> None:
        context = multiprocessing.get_context("spawn")
        self._stop = context.Event()
        self._answer, told = context.Pipe(duplex=False)
        self._process = context.Process(target=_clients, args=(task, self._stop, told))
        self._told = told

    def __enter__(self) -> "Load":
        self._process.start()
        self._told.close()
        return self

    def stop(self) -> list[Sample]:
        """End the load and give back its transactions; one that failed took -1."""
        self._stop.set()
        samples: list[Sample] = self._answer.recv()
        self._process.join()
        return samples

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._process.join(timeout=30)


def _clients(task: Task, stop: Any, told: Any) -> None:
    samples: list[list[Sample]] = [[] for _ in range(CLIENTS)]
    threads = [threading.Thread(target=_client, args=(task, n, stop, samples[n])) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.send([sample for mine in samples for sample in mine])
    told.close()


def _client(task: Task, number: int, stop: Any, samples: list[Sample]) -> None:
    chosen = random.Random(number)  # noqa: S311
    size, step = task.ground.size, CLIENTS / PER_SECOND
    ticket = size.payments + 1_000_000 * (number + 1)
    with session(task) as raw, raw.cursor() as cursor:
        began = time.monotonic() + step * number / CLIENTS
        for n in range(int(LONGEST_S / step)):
            at = began + n * step
            if stop.is_set():
                break
            time.sleep(max(0.0, at - time.monotonic()))
            customer = chosen.randint(1, size.customers)
            while fate(customer) is Fate.DUE:
                customer = chosen.randint(1, size.customers)
            try:
                cursor.execute(chosen.choice(MIX), {"customer": customer, "payment": ticket + n})
                raw.commit()
                samples.append((at, time.monotonic() - at))
            except Exception:  # a lock timeout is an answer too
                raw.rollback()
                samples.append((at, -1.0))


def as_json(stretches: Sequence[Latency]) -> list[dict[str, Any]]:
    """For the file."""
    return [asdict(stretch) for stretch in stretches]
