"""One run at a time: a lock that the database gives back by itself when its holder dies.

PostgreSQL and MariaDB have session locks; for SQLite a lock on a file beside the database does the same. The
second run says who holds it, from what the first wrote into the ledger or the file.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.db import Database, isolated, seen_as
from carddata_retention.errors import BlindError, BusyError


@contextmanager
def only_run(db: Database, scope: str, holder: str, who: Callable[[], str]) -> Iterator[None]:
    """Hold the lock of `scope`. Raises BusyError; `who` tells who holds it, `holder` names ourselves."""
    if db.dialect == "sqlite":
        with _file_lock(Path(str(db.engine.url.database)), holder):
            yield
        return
    name, ask, release, patience = _SESSION_LOCKS[db.dialect]
    try:
        connection = isolated(db.engine.connect(), isolation_level="AUTOCOMMIT")
    except sa.exc.SQLAlchemyError as refused:
        raise seen_as(refused, "The lock of the run") from None
    try:
        try:
            # The session holds the lock and is silent all night: the server must not take it for forgotten.
            connection.exec_driver_sql(patience)
            place = connection.exec_driver_sql(name).scalar_one()
            number = _number(place, scope)
            taken = connection.execute(sa.text(ask), {"n": number}).scalar()
        except sa.exc.SQLAlchemyError as refused:
            raise seen_as(refused, "The lock of the run") from None
        if not taken:
            raise _busy(who())
        try:
            yield
        finally:
            try:
                connection.execute(sa.text(release), {"n": number})
            except sa.exc.SQLAlchemyError:
                connection.invalidate()  # the session is gone, and its lock with it
    finally:
        connection.close()


# The database's own name, taking, giving back, patience. MariaDB's locks are the whole server's, so the name of the
# database is part of every lock's name: two billing databases on one server never wait for each other.
_SESSION_LOCKS = {
    "postgresql": ("SELECT current_database()", "SELECT pg_try_advisory_lock(:n)", "SELECT pg_advisory_unlock(:n)",
                   "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'"),
    "mariadb": ("SELECT database()", "SELECT GET_LOCK(concat('carddata:', :n), 0)",
                "SELECT RELEASE_LOCK(concat('carddata:', :n))", "SET SESSION wait_timeout = 2147483"),
}


def _number(place: str, scope: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{place}/{scope}".encode()).digest()[:8], "big", signed=True)


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds the lock, as the server or the lock's file says; `session` is None where no session can be ended."""

    session: int | None
    told: str


def lock_holder(db: Database, scope: str) -> LockHolder | None:
    """Who holds the lock of `scope`; None where it is free. Raises BlindError."""
    if db.dialect == "sqlite":
        return _file_holder(Path(str(db.engine.url.database)))
    name = _SESSION_LOCKS[db.dialect][0]
    try:
        with db.snapshot() as connection:
            number = _number(connection.exec_driver_sql(name).scalar_one(), scope)
            row = connection.execute(sa.text(_HOLDERS[db.dialect]), {"n": number}).first()
    except sa.exc.SQLAlchemyError as refused:
        raise seen_as(refused, "The lock of the run") from None
    return None if row is None else LockHolder(row[0], f"session {row[0]} of {row[1]} from {row[2]}, {row[3]}")


def end_session(db: Database, session: int) -> None:
    """End a session of the server, and its lock with it. Raises BlindError where this login may not."""
    ending = "SELECT pg_terminate_backend(:s)" if db.dialect == "postgresql" else f"KILL {int(session)}"
    try:
        with db.transaction() as connection:
            connection.execute(sa.text(ending), {"s": session} if ":s" in ending else {})
    except sa.exc.SQLAlchemyError as refused:
        raise seen_as(refused, "The session that holds the lock", not_done="The session was not ended.") from None


_HOLDERS = {
    "postgresql": """
        SELECT a.pid, a.usename, COALESCE(host(a.client_addr), 'the same host'),
               'since ' || date_trunc('second', a.backend_start) || ', ' || COALESCE(a.state, 'state unknown')
        FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND l.classid = ((CAST(:n AS bigint) >> 32) & 4294967295)::oid
          AND l.objid = (CAST(:n AS bigint) & 4294967295)::oid""",
    "mariadb": """
        SELECT p.id, p.user, p.host, CONCAT(LOWER(p.command), ' for ', p.time, ' s')
        FROM information_schema.processlist p WHERE p.id = IS_USED_LOCK(CONCAT('carddata:', :n))""",
}


def _file_holder(database: Path) -> LockHolder | None:
    path = database.with_name(database.name + ".carddata-lock")
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as wrong:
        raise _no_lock_file(wrong) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return LockHolder(None, os.pread(handle, 200, 0).decode(errors="replace").strip() or "another run")
    finally:
        os.close(handle)
    return None


@contextmanager
def _file_lock(database: Path, holder: str) -> Iterator[None]:
    path = database.with_name(database.name + ".carddata-lock")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as wrong:
        raise _no_lock_file(wrong) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(os.pread(handle, 200, 0).decode(errors="replace").strip() or "another run") from None
        except OSError as wrong:
            raise _no_lock_file(wrong) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, holder.encode(), 0)
        yield
    finally:
        os.close(handle)


def _no_lock_file(wrong: OSError) -> BlindError:
    return BlindError("lock_unwritable", f"The lock file beside the database cannot be made: {type(wrong).__name__}.",
                      cure="Give the job's user the right to write there.")


def _busy(who: str) -> BusyError:
    return BusyError("lock_held", f"Another run holds the lock: {who}.", not_done="This run did nothing.",
                     cure="Wait for it to end. If it died and the server has not noticed: carddata-retention unlock")


def gate(run: sa.Table) -> sa.ColumnElement[int]:
    """The number of the gate through which each batch goes on PostgreSQL: our own run table's, in its database."""
    number = int.from_bytes(hashlib.sha256(f"carddata-retention/batches/{run.fullname}".encode()).digest()[:8], "big",
                            signed=True)
    return sa.literal(number, sa.BigInteger())


def close_gate(connection: Connection, run: sa.Table) -> None:
    """Wait until no batch is under way, and let none begin before this transaction ends.

    Each batch shares its run's row until it is committed. PostgreSQL lets whoever shares a row pass by whoever waits to
    have it alone: beside four connections that was ninety seconds. Its advisory locks have a queue.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(gate(run))))
        return
    connection.execute(sa.select(run.c.run_id).where(run.c.seal.is_(None)).with_for_update()).all()
