"""SQL written by hand, with no help from the product: the limit in one statement, and the same work in batches.

The one-statement `limit` is as fast as the database can be, and nobody could afford its locks. `hand` is what a careful
DBA would write: a work table, batches of 2,000, subjects and services locked with SKIP LOCKED, everything decided again
in the statement that removes, evidence and a batch row with its digest in the same transaction, one connection.

Both know the rule as a literal cutoff. Evidence here is a key, a salted MD5, the end and two constants: what the
product's tombstone holds, too, and its salted SHA-256 stands in the digest of the batch.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine import make_url

from benchmarks.clock import Measured
from benchmarks.contender import Task
from benchmarks.statements import LIMIT, MAKE, SQL, Statements

BATCH = 2000


@contextmanager
def session(task: Task) -> Iterator[Any]:
    """A plain driver connection under READ COMMITTED, that never waits long for a lock."""
    url = make_url(task.url)
    raw: Any
    if task.dialect == "postgresql":
        import psycopg

        raw = psycopg.connect(host=str(url.query["host"]), user=url.username, dbname=url.database)
        raw.prepare_threshold = None  # a generic plan would walk along the whole array for each row
        raw.execute("SET TimeZone = 'UTC'")
        raw.execute("SET lock_timeout = '250ms'")
    else:
        import pymysql

        raw = pymysql.connect(unix_socket=str(url.query["unix_socket"]), user=str(url.username), database=url.database,
                              charset="utf8mb4")
        raw.cursor().execute("SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 1, group_concat_max_len = "
                             "1000000, tx_isolation = 'READ-COMMITTED'")
    raw.commit()
    try:
        yield raw
    finally:
        raw.close()


def prepare(task: Task) -> None:
    """The empty tables of work, evidence, batches and holds."""
    with session(task) as raw, raw.cursor() as cursor:
        for statement in MAKE[task.dialect]:
            cursor.execute(statement)
        raw.commit()


def limit(task: Task, measured: Measured) -> None:
    """Everything in one transaction; on PostgreSQL in one statement."""
    prepare(task)
    with (session(task) as raw, raw.cursor() as cursor, measured.whole(task.ground.used),
          measured.phase("remove"), measured.transaction()):
        for statement in LIMIT[task.dialect, task.table]:
            cursor.execute(statement)
        measured.removed = cursor.rowcount
        raw.commit()


def hand(task: Task, measured: Measured) -> None:
    """Find once, then remove in batches."""
    prepare(task)
    sql = SQL[task.dialect]
    with session(task) as raw, raw.cursor() as cursor, measured.whole(task.ground.used):
        with measured.phase("find"):
            cursor.execute(sql.find)
            found = cursor.rowcount
            raw.commit()
            cursor.execute(sql.analyse)
            raw.commit()
        with measured.phase("remove"):
            for number, first in enumerate(range(1, found + 1, BATCH), start=1):
                with measured.transaction():
                    measured.removed += _batch(cursor, sql, number, first)
                    raw.commit()


def _batch(cursor: Any, sql: Statements, number: int, first: int) -> int:
    window: dict[str, Any] = {"batch": number, "first": first, "last": first + BATCH - 1}
    held = _held(cursor, sql, window)
    if not held:
        return 0
    window |= {"held": held}
    if sql.record is not None:
        cursor.execute(sql.record, window)
    cursor.execute(sql.remove, window)
    removed = int(cursor.rowcount)
    cursor.execute(sql.close, window)
    cursor.execute(sql.read_back, window)
    (recorded,) = cursor.fetchone()
    if recorded != removed:
        raise RuntimeError(f"batch {number}: {removed} removed, {recorded} recorded")
    cursor.execute(sql.done, window)
    return removed


def _held(cursor: Any, sql: Statements, window: dict[str, Any]) -> list[int]:
    """The subjects of a batch whose own row and every service this transaction holds."""
    if sql.wanted is not None:  # MariaDB locks what it reads: it is asked for its own table first
        cursor.execute(sql.wanted, window)
        window = {"wanted": [row[0] for row in cursor.fetchall()] or [0]}
    cursor.execute(sql.lock_subjects, window)
    held = [row[0] for row in cursor.fetchall()]
    if not held:
        return []
    cursor.execute(sql.lock_services, {"held": held})
    locked = Counter(row[0] for row in cursor.fetchall())
    cursor.execute(sql.services, {"held": held})
    present = dict(cursor.fetchall())
    return [subject for subject in held if locked[subject] == present.get(subject, 0)]
