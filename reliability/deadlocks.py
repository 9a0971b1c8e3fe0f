"""Deadlocks, lock timeouts and serialization failures that others bring on in the middle of a run.

The run never waits for a row that somebody holds, but a whole table may be locked under it: by ALTER TABLE, by a tool
that rebuilds tables. Then its batch is refused, rolled back whole, and made again.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from bench import TARGETS, Bench, bench, empty_house, fresh, nothing_is_half_done, watching
from nightly import House
from servers import Servers
from sqlalchemy import Connection, Engine, ExceptionContext, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from carddata_retention.redact import trouble
from reliability.claims import Claims, Found, Progress, Row

CUSTOMERS, BATCH = 60, 20
BATCHES, STATEMENTS = 3, 12  # of a run, and of a batch once it has locked its customers
HELD_S = {"postgresql": 0.4, "mariadb": 1.3}  # longer than a run waits for a table, and shorter than it has patience
LATE = {"postgresql": ("card_usage", "services", "carddata.batch"), "mariadb": ("card_usage", "carddata_batch")}
READY_AFTER_S = 0.02
Quarrel = Callable[[Connection, Sequence[str], int, threading.Event], None]

SERIALIZATION = {
    "postgresql": [
        "CREATE SEQUENCE quarrel",
        "CREATE FUNCTION quarrel() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('quarrel') % 3 = 1 THEN "
        "RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END IF; RETURN NULL; END $$",
        "CREATE TRIGGER quarrel BEFORE {0} ON {1} FOR EACH STATEMENT EXECUTE FUNCTION quarrel()",
    ],
    "mariadb": [
        "CREATE SEQUENCE quarrel",
        "CREATE TRIGGER quarrel BEFORE {0} ON {1} FOR EACH ROW IF nextval(quarrel) % 97 = 1 THEN "
        "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'no'; END IF",
    ],
}


def deadlocks(servers: Servers, dialect: str, number: int, seed: int, folder: Path, say: Progress) -> Found:
    """`number` runs with a quarrel of each kind."""
    rng, claims = random.Random(seed), Claims()
    rows: list[Row] = []
    for kind, quarrel in KINDS.items():
        at = folder / kind.replace(" ", "-")
        at.mkdir()
        with servers.database(dialect) as database:
            house = empty_house(database, at)
            if dialect == "postgresql":
                house.execute("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = 20', "
                              "current_database()); END $$")
            with bench(house) as b:
                rows.append({"quarrel": kind} | _runs(b, quarrel, number, rng, claims))
        say(f"{kind}: {number} runs")
    return Found("quarrels over locks in mid-run", rows, claims.broken)


def _runs(b: Bench, quarrel: Quarrel | None, number: int, rng: random.Random, claims: Claims) -> Row:
    house, keys, due = b.house, count(100), set[int]()
    found = Counter(runs=number)
    for turn in range(number):
        target = TARGETS[turn % len(TARGETS)]
        new = fresh(house, keys, CUSTOMERS)
        due |= new
        run_id = b.begin()
        candidates = b.freeze(run_id, target)
        pace = b.pace(target_batch_ms=10_000)
        pace.size = BATCH
        engine = b.engine(run_id, target, pace)
        with _refusals() as refused, _quarrelling(house, target, quarrel, rng, min(new)):
            engine.run(candidates)
        came_out = b.finish(run_id, target, candidates, engine.stopped)
        found["disturbed"] += bool(refused)
        found.update(refused)
        found["finished by themselves"] += came_out.exit() == 0
        claims.hold(came_out.tally.failed == 0, f"{run_id}: failed {came_out.tally.failed_reasons}")
        claims.hold(came_out.exit() in (0, 10), f"{run_id}: exit {came_out.exit()}")
        for name in (target, *TARGETS):
            claims.hold(b.purge(name).exit() == 0, f"after {run_id}: the next run of {name} is not clean")
        with claims.about(f"after {run_id}"):
            gone = nothing_is_half_done(house, due)
            claims.hold(gone == dict.fromkeys(TARGETS, due), f"after {run_id}: not all is gone")
    with claims.about("the chain of evidence"):
        b.check()
    return dict(found)


@contextmanager
def _refusals() -> Iterator[Counter[str]]:
    """What the database refused to the run, by the product's own words for it."""
    refused = Counter[str]()

    def note(context: ExceptionContext) -> None:
        ours = threading.current_thread() is threading.main_thread()
        if ours and isinstance(context.sqlalchemy_exception, DBAPIError):
            refused[trouble(context.sqlalchemy_exception).value] += 1

    event.listen(Engine, "handle_error", note)
    try:
        yield refused
    finally:
        event.remove(Engine, "handle_error", note)


@contextmanager
def _quarrelling(house: House, target: str, quarrel: Quarrel | None, rng: random.Random, key: int) -> Iterator[None]:
    """Somebody locks what the run needs next, in one of its batches; or a trigger refuses every few removals."""
    dialect = house.database.dialect
    if quarrel is None:
        for statement in SERIALIZATION[dialect]:
            house.execute(statement.format("DELETE" if target == "cards" else "UPDATE", target))
        yield
        house.execute(f"DROP TRIGGER quarrel{f' ON {target}' if dialect == 'postgresql' else ''}")
        for what in ("FUNCTION quarrel()", "SEQUENCE quarrel")[dialect == "mariadb":]:
            house.execute(f"DROP {what}")
        return
    ready = threading.Event()
    tables = rng.sample(LATE[dialect], len(LATE[dialect]))

    def lock() -> None:
        with suppress(SQLAlchemyError), house.database.engine.connect() as connection:
            quarrel(connection, tables, key, ready)
        ready.set()

    somebody = threading.Thread(target=lock)
    batch, after = rng.randrange(BATCHES), rng.randrange(STATEMENTS)
    locked: list[int] = []

    def begin(text: str, number: int, _connection: Connection) -> None:
        if "customers" in text and "FOR UPDATE" in text:
            locked.append(number)
        if somebody.ident is None and len(locked) > batch and number == locked[batch] + 1 + after:
            somebody.start()
            ready.wait()

    with watching(house, begin):
        yield
    if somebody.ident is not None:
        somebody.join()


def _lock_table(connection: Connection, tables: Sequence[str], _key: int, ready: threading.Event) -> None:
    """A table that the run has not touched yet is locked for longer than it waits for a lock."""
    _first_free(connection, tables)
    ready.set()
    time.sleep(HELD_S[connection.dialect.name])
    _give_back(connection)


def _deadlock(connection: Connection, tables: Sequence[str], key: int, ready: threading.Event) -> None:
    """Whoever holds a table that the run needs next waits for a customer whom the run holds."""
    threading.Timer(READY_AFTER_S, ready.set).start()  # it waits by then
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL deadlock_timeout = '10s'")  # so that it is the run that finds out
        _first_free(connection, tables)
        connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        connection.exec_driver_sql(f"SELECT id FROM customers WHERE id BETWEEN {key} AND {key + CUSTOMERS} FOR UPDATE")
    else:
        _first_free(connection, tables, ", customers WRITE")
    _give_back(connection)


def _first_free(connection: Connection, tables: Sequence[str], beside: str = "") -> None:
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql("SET SESSION lock_wait_timeout = 3")
        connection.exec_driver_sql(f"LOCK TABLES {tables[0]} WRITE{beside}")
        return
    for table in tables:
        with suppress(SQLAlchemyError), connection.begin_nested():
            connection.exec_driver_sql(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE NOWAIT")
            return


def _give_back(connection: Connection) -> None:
    connection.rollback()
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql("UNLOCK TABLES")


KINDS: dict[str, Quarrel | None] = {"deadlock": _deadlock, "lock timeout": _lock_table, "serialization failure": None}
