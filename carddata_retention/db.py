"""Connections: how each database is spoken to so that nobody is made to wait and nothing is hidden.

PostgreSQL: `row_security = off` turns a hidden row into an error, the lock timeout lies below the deadlock
timeout. MariaDB: READ COMMITTED, because the same purge under REPEATABLE READ made a small workload wait for
seconds. SQLite: `secure_delete`, real BEGIN statements, and our two readers of ISO text.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from carddata_retention.digests import Lines, hashed
from carddata_retention.errors import BlindError, ConfigError
from carddata_retention.moments import sqlite_day, sqlite_instant, sqlite_number
from carddata_retention.redact import Trouble, login_refused, safe, trouble

DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mariadb+pymysql", "mariadb": "mariadb+pymysql",
           "sqlite": "sqlite+pysqlite"}
LOCK_TIMEOUT_MS = 250
NO_WAIT = "carddata_no_wait"


@dataclass(frozen=True, slots=True)
class Database:
    """One login on one database. `dialect` is sqlite, postgresql or mariadb (which MySQL goes by too)."""

    engine: Engine
    dialect: str

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A read-only transaction in which every statement sees the same rows; always rolled back."""
        with self._connected() as connection:
            if self.dialect == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = ON")
                connection.rollback()
            if self.dialect == "postgresql":
                connection = isolated(connection, isolation_level="REPEATABLE READ", postgresql_readonly=True)
            if self.dialect == "mariadb":
                connection = isolated(connection, isolation_level="REPEATABLE READ")
                connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A short transaction that writes: committed at the end, rolled back by any exception."""
        with self._connected() as connection:
            connection = connection.execution_options(carddata_immediate=True)
            with connection.begin():
                yield connection

    @contextmanager
    def frozen(self) -> Iterator[tuple[Connection, Connection]]:
        """One state of all rows to read, and a transaction to write into, committed at the end.

        One connection, but on MariaDB two: there INSERT … SELECT under REPEATABLE READ locks what it reads.
        """
        if self.dialect == "mariadb":
            with self.snapshot() as reading, self.transaction() as writing:
                yield reading, writing
            return
        with self._connected() as connection:
            options: dict[str, Any] = {"carddata_immediate": True}
            if self.dialect == "postgresql":
                options["isolation_level"] = "REPEATABLE READ"
            connection = isolated(connection, **options)
            with connection.begin():
                yield connection, connection

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            connection = self.engine.connect()
        except SQLAlchemyError as refused:
            raise _unreachable(refused) from None
        try:
            yield connection
        finally:
            connection.close()

    def clock(self, connection: Connection) -> datetime | None:
        """The database's own time in UTC, or None: SQLite has no second clock."""
        if self.dialect == "postgresql":
            return connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()  # type: ignore[no-any-return]
        if self.dialect == "mariadb":
            naive = connection.execute(sa.text("SELECT utc_timestamp(6)")).scalar_one()
            return naive.replace(tzinfo=UTC)  # type: ignore[no-any-return]
        return None

    def identity(self, connection: Connection) -> tuple[str, str]:
        """What database this is, and by which login we see it. No host name, no password."""
        url = self.engine.url
        if self.dialect == "sqlite":
            version = connection.execute(sa.text("SELECT sqlite_version()")).scalar_one()
            return f"SQLite {version} · {Path(url.database or '').name}", "file"
        if self.dialect == "postgresql":
            row = connection.execute(
                sa.text("SELECT current_setting('server_version'), current_database(), current_user")
            ).one()
            return f"PostgreSQL {row[0]} · {row[1]}", str(row[2])
        row = connection.execute(sa.text("SELECT version(), database(), current_user()")).one()
        return f"{row[0]} · {row[1]}", str(row[2])

    def leave_no_bytes(self) -> bool:
        """SQLite: write the log back into the file and cut it to nothing; False where somebody's look is in the way.

        `secure_delete` overwrites what was removed in the file itself; in WAL mode the pages as they were before still
        lie in the log beside it. In the other journal modes, and on the other databases, there is nothing to do here.
        """
        if self.dialect != "sqlite":
            return True
        with self._connected() as connection:
            busy, *_ = connection.execution_options(carddata_no_begin=True).exec_driver_sql(
                "PRAGMA wal_checkpoint(TRUNCATE)"
            ).one()
            return not busy

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def isolated(connection: Connection, **options: Any) -> Connection:
    """The connection with an isolation level of its own. Raises SQLAlchemyError.

    MariaDB is told at once, past SQLAlchemy, and if it went away just then the driver's own error would come out.
    """
    try:
        return connection.execution_options(**options)
    except connection.dialect.loaded_dbapi.Error as refused:
        raise OperationalError("SET TRANSACTION ISOLATION LEVEL", {}, refused) from None


def open_database(url: URL, base: Path) -> Database:
    """An engine for one login; nothing is connected yet. Raises ConfigError for a dialect that we do not speak."""
    family = url.get_backend_name()
    if family not in DRIVERS:
        raise ConfigError(
            "config_dialect", f"{family} is no database that this product speaks.",
            cure="Use postgresql://, mariadb://, mysql:// or sqlite:///",
        )
    url = url.set(drivername=DRIVERS[family])
    dialect = "mariadb" if family in ("mysql", "mariadb") else family
    if dialect == "sqlite":
        url = _sqlite_file(url, base)
    if dialect == "mariadb" and "charset" not in url.query:
        url = url.update_query_dict({"charset": "utf8mb4"})
    try:
        if dialect != "sqlite":
            engine = sa.create_engine(url, hide_parameters=True, isolation_level="READ COMMITTED", pool_pre_ping=True,
                                      max_overflow=-1)
        else:
            engine = sa.create_engine(url, hide_parameters=True, poolclass=NullPool)
    except (ImportError, sa.exc.ArgumentError):
        extra = {"postgresql": "postgres", "mariadb": "mysql"}.get(dialect, "")
        raise ConfigError(
            "driver_missing", f"The driver for {dialect} is not installed.",
            cure=f"pip install 'carddata-retention[{extra}]'",
        ) from None
    event.listen(engine, "connect", _ON_CONNECT[dialect])
    if dialect == "sqlite":
        event.listen(engine, "begin", _begin_sqlite)
    if dialect == "mariadb":
        event.listen(engine, "before_cursor_execute", _without_waiting, retval=True)
    return Database(engine, dialect)


def _sqlite_file(url: URL, base: Path) -> URL:
    if not url.database or url.database == ":memory:":
        raise ConfigError("config_url", "A SQLite URL must name a file.", cure="sqlite:///billing.db")
    path = (base / url.database).resolve()
    if not path.is_file():
        raise BlindError(
            "database_missing", f"There is no SQLite file {path.name} where the configuration points.",
            cure="Mend database.url; it is relative to the configuration file.",
        )
    return url.set(database=str(path))


def _on_connect_sqlite(raw: Any, _record: Any) -> None:
    raw.isolation_level = None
    raw.create_function("carddata_instant", 2, sqlite_instant, deterministic=True)
    raw.create_function("carddata_day", 1, sqlite_day, deterministic=True)
    raw.create_function("carddata_number", 1, sqlite_number, deterministic=True)
    raw.create_function("carddata_hash", 1, hashed, deterministic=True)
    raw.create_aggregate("carddata_digest", 2, Lines)
    for pragma in ("busy_timeout = 2000", "foreign_keys = ON", "secure_delete = ON"):
        raw.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("carddata_no_begin"):
        return
    immediate = options.get("carddata_immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _on_connect_postgresql(raw: Any, _record: Any) -> None:
    with raw.cursor() as cursor:
        cursor.execute("SET row_security = off")
        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_MS}ms'")
        # A plan for any arrays walks along them for each row: a batch of thousands would take a second.
        cursor.execute("SET plan_cache_mode = force_custom_plan")
        # Nor is a plan that is made for one batch worth compiling, which takes longer than the batch may.
        cursor.execute("SET jit = off")
        cursor.execute("SET TimeZone = 'UTC'")
        cursor.execute("SET DateStyle = 'ISO'")  # the text of a key that is a day, whatever the server's usual order
        cursor.execute("SET application_name = 'carddata-retention'")
    raw.commit()


def _on_connect_mariadb(raw: Any, _record: Any) -> None:
    # The subquery cache remembers an answer for 'A' and gives it for 'a', whatever the comparison inside the subquery
    # is: a legal hold on 'a' was missed. Split materialization asks for the services of each record anew, where one
    # grouping answers for all: a subject with many of both took minutes. MySQL skips what stands in /*M! */.
    with raw.cursor() as cursor:
        cursor.execute(
            "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
            # Not 0: there MariaDB's SKIP LOCKED fails with error 1180. A table that is being altered is not waited for.
            "innodb_lock_wait_timeout = 1, lock_wait_timeout = 1, "
            # A digest is taken over all lines of a batch; what is cut off would be missing in it.
            "group_concat_max_len = 1073741824 "
            "/*M! , optimizer_switch = 'subquery_cache=off,split_materialized=off' */"
        )
    raw.commit()


def _without_waiting(connection: Connection, _cursor: Any, statement: str, parameters: Any, context: Any,
                     _many: bool) -> tuple[str, Any]:
    """A removal reads holds and service ends under locks that nobody can be asked to skip: it gives up at once."""
    if context is not None and context.execution_options.get(NO_WAIT) and getattr(connection.dialect, "is_mariadb", 0):
        statement = f"SET STATEMENT innodb_lock_wait_timeout = 0 FOR {statement}"
    return statement, parameters


_ON_CONNECT = {"sqlite": _on_connect_sqlite, "postgresql": _on_connect_postgresql, "mariadb": _on_connect_mariadb}


def _unreachable(refused: SQLAlchemyError) -> BlindError:
    denied = login_refused(refused)
    return BlindError(
        "login_denied" if denied else "database_unreachable",
        f"The database {'refused the login' if denied else 'cannot be reached'} ({safe(refused)}).",
        cure="Check the URL in the environment, the network and the login; then: carddata-retention check",
    )


def seen_as(refused: SQLAlchemyError | BlindError, what: str, not_done: str = "Nothing was removed.") -> BlindError:
    """The taught error for a statement that the database refused; one that is taught already stays as it is."""
    if isinstance(refused, BlindError):
        return refused
    lessons = {
        Trouble.ROW_SECURITY: ("row_security", "row-level security hides rows from this login",
                               "ALTER ROLE … BYPASSRLS for the remover, or a policy that lets it see every row"),
        Trouble.DENIED: ("permission_denied", "this login lacks a right", "Apply sql/grants/ for this login"),
        Trouble.READ_ONLY: ("read_only", "the database is read-only (a replica?)", "Point the URL at the primary"),
        Trouble.MISSING: ("schema_moved", "a table or column is not where it was", "carddata-retention check"),
        Trouble.LOCKED: ("locked", "somebody else holds a lock", "Try again when it is released"),
        Trouble.DISK_FULL: ("disk_full", "the database's disk is full", "Make room, then start the run again"),
        Trouble.DISCONNECTED: ("connection_lost", "the connection was lost", "Start the run again"),
    }
    code, cause, cure = lessons.get(trouble(refused), ("database_error", "the database refused a statement", ""))
    return BlindError(code, f"{what}: {cause} ({safe(refused)}).", not_done=not_done, cure=cure)


