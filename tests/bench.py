"""The purge engine on a bench: real databases, real sessions, and a hand on every statement that the product sends.

A `Bench` does what a night does between its count and its report, without the gate and without pages, so that a
test can afford hundreds of nights. Statements are watched through SQLAlchemy's events on all engines; those of the
test's own engine are left out. Nothing of the product is replaced.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from billing import Billing
from nightly import AS_OF, House
from servers import Database
from small_house import lean
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import scan, verify
from carddata_retention.keys import load_key
from carddata_retention.purge.batch import Job
from carddata_retention.purge.engine import Engine as PurgeEngine
from carddata_retention.purge.pace import Pace
from carddata_retention.records import follows
from carddata_retention.schema import bind
from carddata_retention.stage import open_stage

LONG_AGO = datetime(2020, 6, 30, 3, 4, 5, tzinfo=UTC)
STARTED = datetime(2010, 4, 1, tzinfo=UTC)
ACTIVE = 1
TARGETS = ("cards", "payments")
EMPTY = Billing("instant", (), (), (), (), ())
Watch = Callable[[str, int, Connection], None]


@dataclass(frozen=True)
class Round:
    """How one run of one target came out."""

    run_id: str
    candidates: int
    tally: Any
    look: verify.Look
    stopped: str | None
    ends: dict[int, tuple[str | None, str | None]]

    def exit(self) -> int:
        """What the target adds to the exit code, by the words of the interface."""
        if self.look.residue or (self.tally.failed and self.look.remaining_due):
            return 20
        return 10 if self.look.remaining_due - self.look.arrived else 0


class Bench:
    """One house whose targets can be purged again and again."""

    def __init__(self, house: House, as_of: date = AS_OF, *, attested: bool = False) -> None:
        self.house, self.attested = house, attested
        self._stack = ExitStack()
        self.stage = self._stack.enter_context(open_stage(house.config, "run", datetime.now(UTC), as_of))
        self.ledger = self.stage.ledger
        self.ledger.create()
        with self.stage.db.snapshot() as connection:
            self.schema = bind(connection, self.stage.db.dialect, house.config, self.stage.policy)
        self.key = load_key(house.config.path(house.config.evidence.key_file), create=True)

    def close(self) -> None:
        self._stack.close()

    def after_fork(self) -> None:
        """In a child: leave the parent's sessions alone, open new ones."""
        self.stage.db.engine.dispose(close=False)

    def decider(self, target: str) -> Any:
        return self.stage.decider(self.schema, self.schema.usable[target], registers=True, attested=self.attested)

    def begin(self) -> str:
        """Seal what killed runs left, and open a run."""
        ledger = self.ledger
        run_id = f"run-{os.urandom(6).hex()}"
        with self.stage.db.transaction() as connection:
            for killed in ledger.unsealed(connection):
                ledger.seal(connection, killed, self.key, {"verdict": "failed"})
            ledger.forget_old_work(connection, run_id)
            ledger.begin(connection, {
                "run_id": run_id, "mode": "run", "database_name": "bench", "as_of": self.stage.policy.as_of.isoformat(), "started_at": "-", "host": "bench",
                "os_user": "bench", "process": os.getpid(), "tool_version": "0", "policy_version": "2",
                "policy_digest": self.stage.policy.digest, "salt": "-",
            })
        return run_id

    def freeze(self, run_id: str, target: str) -> int:
        decider, policy = self.decider(target), self.stage.policy
        with self.stage.db.frozen() as (reading, writing):
            self.ledger.freeze(reading, writing, run_id, target, scan.candidate_statement(decider))
            self.ledger.note_deadlines(writing, run_id, target, partial(follows, decider, policy))
            return self.ledger.frozen(writing, run_id, target)

    def check(self) -> None:
        """The whole ledger: every seal, every tombstone."""
        with self.stage.db.snapshot() as connection:
            self.ledger.check_chain(connection, self.key)
            self.ledger.check_tombstones(connection)

    def pace(self, **limits: Any) -> Pace:
        """The manners of the configuration; `limits` are set otherwise for one run."""
        declared = self.house.config.limits.model_copy(update=limits)
        return Pace(declared, self.house.config.path(declared.stop_file), lambda: False)

    def engine(self, run_id: str, target: str, pace: Pace | None = None, connections: int = 1) -> PurgeEngine:
        job = Job(run_id, self.schema.usable[target], self.schema, self.decider(target), self.stage.policy,
                  self.ledger)
        engine = PurgeEngine(self.stage.db, job, pace or self.pace(), lambda: datetime.now(UTC), lambda *_: None,
                             connections=connections)
        engine.retry_after_s = 0.02
        return engine

    def purge(self, target: str, watch: Watch | None = None) -> Round:
        """One run of one target; `watch` hears each statement and COMMIT of the removal before it is sent."""
        run_id = self.begin()
        candidates = self.freeze(run_id, target)
        engine = self.engine(run_id, target)
        with watching(self.house, watch):
            engine.run(candidates)
        return self.finish(run_id, target, candidates, engine.stopped)

    def finish(self, run_id: str, target: str, candidates: int, stopped: str | None = None) -> Round:
        """Count, look again, seal."""
        work, stone = self.ledger.tables.work.c, self.ledger.tables.tombstone.c
        with self.stage.db.snapshot() as connection:
            tally = self.ledger.tally(connection, run_id, target)
            look = verify.look(connection, self.decider(target), self.ledger, run_id)
            removed = set(connection.execute(sa.select(stone.record_key).where(stone.run_id == run_id)).scalars())
            ends = {int(r.record_key): ("purged", None) if r.record_key in removed else (r.outcome, r.reason)
                    for r in connection.execute(
                sa.select(work.record_key, work.outcome, work.reason).where(work.run_id == run_id))}
        with self.stage.db.transaction() as connection:
            self.ledger.seal(connection, run_id, self.key, {"verdict": "clean", "finished_at": "-", "result": "{}"})
        with self.stage.db.snapshot() as connection:
            self.ledger.check_tombstones(connection, run_id)
        assert tally.purged + tally.skipped + tally.failed == candidates
        return Round(run_id, candidates, tally, look, stopped, ends)


@contextmanager
def bench(house: House, as_of: date = AS_OF, *, attested: bool = False) -> Iterator[Bench]:
    """A bench until the end of the block; `attested` asks for attested ends, as a night does while one is in force."""
    made = Bench(house, as_of, attested=attested)
    try:
        yield made
    finally:
        made.close()


def empty_house(database: Database, folder: Path, **overrides: Any) -> House:
    """Tables without rows, except that one customer is active: whoever moves to it is kept."""
    house = lean(database, folder, EMPTY, **overrides)
    add(house, ACTIVE, status="active", ended=None)
    return house


def moment(house: House, value: datetime | None) -> Any:
    """An instant as the house's database stores it."""
    if value is None:
        return None
    if house.database.dialect == "sqlite":
        return value.isoformat()
    return value if house.database.dialect == "postgresql" else value.replace(tzinfo=None)


def add(house: House, *customers: int, services: int = 1, status: str = "closed",
        ended: datetime | None = LONG_AGO) -> None:
    """Customers with as many services, one card with two usages, one payment by card; all keys follow from theirs."""
    rows: dict[str, list[dict[str, Any]]] = {
        "customers": [{"id": c, "name": f"山田 {c}"} for c in customers],
        "services": [{
            "id": c * 10 + n, "customer_id": c, "kind": "vps", "status": status,
            "started_at": moment(house, STARTED), "use_ended_at": moment(house, ended),
        } for c in customers for n in range(services)],
        "cards": [{"id": c, "customer_id": c, "cardholder_name": "HANAKO SATO", "card_token": f"tok_{c}",
                   "exp_month": 9, "exp_year": 2024} for c in customers],
        "card_usage": [{"id": c * 10 + n, "card_id": c, "amount": 524} for c in customers for n in range(2)],
        "payments": [{"id": c, "customer_id": c, "method": "card", "amount": 1048, "card_holder": "HANAKO SATO",
                      "card_token": f"tok_{c}", "card_exp": "2024-09", "last4": "0000", "brand": "JCB"}
                     for c in customers],
    }
    with house.database.engine.begin() as connection:
        for name, entries in rows.items():
            connection.execute(house.table(name).insert(), entries)


def alive(house: House, target: str) -> set[int]:
    """The keys of the records that still hold something."""
    if target == "cards":
        return {row[0] for row in house.execute("SELECT id FROM cards")}
    rows = house.execute("SELECT id, card_token, card_holder, card_exp, last4, brand FROM payments WHERE method = 'card'")
    return {key for key, token, *others in rows if token not in (None, "", "***") or any(others)}


def usages(house: House) -> dict[int, int]:
    """Card -> its rows of usage."""
    return dict(house.execute("SELECT card_id, count(*) FROM card_usage GROUP BY card_id"))


def kill_sessions(house: House) -> None:
    """What a DBA, a proxy or a failing server does to every session of the product."""
    if house.database.dialect == "postgresql":
        house.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                      "WHERE application_name = 'carddata-retention' AND datname = current_database()")
        return
    for (session,) in house.execute("SELECT id FROM information_schema.processlist "
                                    "WHERE db = database() AND id <> connection_id()"):
        with suppress(SQLAlchemyError):  # it may have ended by itself
            house.execute(f"KILL CONNECTION {session}")


def place_hold(house: House, connection: Connection, scope: str, item: Any = None, target: str | None = None) -> None:
    """A legal hold, as `hold place` would write it."""
    connection.execute(sa.text(
        f"INSERT INTO {house.own('hold')} (id, scope, target, item, basis, placed_by, placed_at) "
        "VALUES (:id, :scope, :target, :item, 'court order', 'counsel', '2026-11-20')"
    ), {"id": os.urandom(8).hex(), "scope": scope, "target": target, "item": None if item is None else str(item)})


def grant_request(house: House, scope: str, item: Any, target: str | None = None) -> None:
    """A granted erasure request, as `request erase` would write it."""
    house.execute(
        f"INSERT INTO {house.own('request')} (id, scope, target, item, kind, received_at, granted_by, granted_at) "
        "VALUES (:id, :scope, :target, :item, 'erase', '2026-11-01', 'dpo', '2026-11-02')",
        id=os.urandom(8).hex(), scope=scope, target=target, item=str(item),
    )


@contextmanager
def watching(house: House, watch: Watch | None) -> Iterator[list[str]]:
    """Tell `watch` of each statement and COMMIT that the product is about to send, with its number from 0."""
    heard: list[str] = []

    def tell(connection: Connection, text: str) -> None:
        if connection.engine is not house.database.engine:
            heard.append(text)
            if watch is not None:
                watch(text, len(heard) - 1, connection)

    def statement(connection: Connection, _cursor: Any, text: str, *_: Any) -> None:
        tell(connection, text)

    def commit(connection: Connection) -> None:
        tell(connection, "COMMIT")

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", statement)
        event.remove(Engine, "commit", commit)


def evidence_of(house: House) -> dict[str, set[int]]:
    """Target -> the keys that any run has a tombstone of. Fails where a run's numbers do not agree."""
    stones = house.execute(f"SELECT run_id, target, record_key FROM {house.own('tombstone')}")
    batches = house.execute(f"SELECT run_id, target, sum(purged) FROM {house.own('batch')} GROUP BY run_id, target")
    counted: dict[tuple[str, str], int] = {}
    for run_id, target, _ in stones:
        counted[run_id, target] = counted.get((run_id, target), 0) + 1
    assert {(r, t): int(n) for r, t, n in batches if n} == counted
    found: dict[str, set[int]] = {target: set() for target in TARGETS}
    for _, target, key in stones:
        assert int(key) not in found[target], "removed twice"
        found[target].add(int(key))
    return found


def nothing_is_half_done(house: House, due: set[int]) -> dict[str, set[int]]:
    """Removed = tombstones = sum of batches; a card goes with all its children or with none."""
    proved = evidence_of(house)
    for target in TARGETS:
        left = alive(house, target)
        assert ACTIVE in left
        assert due - left == proved[target]
    assert usages(house) == dict.fromkeys(alive(house, "cards"), 2)
    return proved


def fresh(house: House, keys: Iterator[int], number: int = 2) -> set[int]:
    """So many new customers who are due."""
    new = {next(keys) for _ in range(number)}
    add(house, *new)
    return new
