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
    number = int.from_bytes(hashlib.sha256(scope.encode()).digest()[:8], "big", signed=True)
    ask, release, argument = {
        "postgresql": ("SELECT pg_try_advisory_lock(:n)", "SELECT pg_advisory_unlock(:n)", number),
        "mariadb": ("SELECT GET_LOCK(:n, 0)", "SELECT RELEASE_LOCK(:n)", f"carddata:{number}"),
    }[db.dialect]
    try:
        connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except sa.exc.SQLAlchemyError as refused:
        raise seen_as(refused, "The lock of the run") from None
    try:
        if not connection.execute(sa.text(ask), {"n": argument}).scalar():
            raise _busy(who())
        try:
            yield
        finally:
            try:
                connection.execute(sa.text(release), {"n": argument})
            except sa.exc.SQLAlchemyError:
                connection.invalidate()  # the session is gone, and its lock with it
    finally:
        connection.close()


@contextmanager
def _file_lock(database: Path, holder: str) -> Iterator[None]:
    path = database.with_name(database.name + ".carddata-lock")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as wrong:
        raise BlindError("lock_unwritable", f"The lock file beside the database cannot be made: "
                         f"{type(wrong).__name__}.", cure="Give the job's user the right to write there.") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(os.pread(handle, 200, 0).decode(errors="replace").strip() or "another run") from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, holder.encode(), 0)
        yield
    finally:
        os.close(handle)


def _busy(who: str) -> BusyError:
    return BusyError("lock_held", f"Another run holds the lock: {who}.", not_done="This run did nothing.",
                     cure="Wait for it to end; if it died, its session's lock goes with it.")
