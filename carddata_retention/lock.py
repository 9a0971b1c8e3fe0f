"""One run at a time: a lock that the database gives back by itself when its holder dies.

PostgreSQL and MariaDB have session locks; for SQLite a lock on a file beside the database does the same. The
second run says who holds it, from what the first wrote into the ledger or the file.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from carddata_retention.db import Database, seen_as
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
        connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except sa.exc.SQLAlchemyError as refused:
        raise seen_as(refused, "The lock of the run") from None
    try:
        try:
            # The session holds the lock and is silent all night: the server must not take it for forgotten.
            connection.exec_driver_sql(patience)
            place = connection.exec_driver_sql(name).scalar_one()
            number = int.from_bytes(hashlib.sha256(f"{place}/{scope}".encode()).digest()[:8], "big", signed=True)
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
                     cure="Wait for it to end; if it died, its session's lock goes with it.")
