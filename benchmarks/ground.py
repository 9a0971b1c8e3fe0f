"""The ground that contenders run on: one server, one template database, a fresh copy of it for each contender.

The servers are those of the tests; what makes the tests quick and unlike a real server is switched back on by `tune`.
"""

import os
import platform
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.pool import NullPool

from benchmarks import billing
from benchmarks.billing import TABLES, Size
from benchmarks.cpu import of_server
from tests.servers import Servers

POSTGRESQL = {  # as a server in production has them; the tests switch the first three off
    "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "max_wal_size": "'8GB'",
    "checkpoint_timeout": "'30min'", "autovacuum": "on",  # the statistics that a contender lacks at first come by it
}
MARIADB = {"innodb_buffer_pool_size": 2 << 30, "innodb_log_file_size": 1 << 30, "innodb_flush_log_at_trx_commit": 1}
TOLD = {
    "postgresql": ("server_version", "shared_buffers", "work_mem", "max_wal_size", "jit",
                   "max_parallel_workers_per_gather", "default_transaction_isolation", *POSTGRESQL),
    "mariadb": ("version", "innodb_doublewrite", "binlog_format", "log_bin", "tx_isolation", *MARIADB),
}


def engine(url: str | URL, **more: Any) -> Engine:
    """An engine without a pool: nobody may be connected to a database that is copied or dropped."""
    return sa.create_engine(url, poolclass=NullPool, **more)


@dataclass(frozen=True, slots=True)
class Ground:
    """A template database on a running server."""

    dialect: str
    template: str
    size: Size

    @contextmanager
    def copy(self) -> Iterator[str]:
        """The address of a copy of the template, until the end of the block."""
        name = f"c_{uuid.uuid4().hex[:12]}"
        template = make_url(self.template)
        if self.dialect == "postgresql":
            # FILE_COPY ends in a checkpoint, so that every contender starts with the same clean pages.
            tell(self.template, f"CREATE DATABASE {name} TEMPLATE {template.database} STRATEGY FILE_COPY")
        else:
            tell(self.template, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            _copy_rows(engine(template.set(database=name)), str(template.database))
        try:
            yield template.set(database=name).render_as_string(hide_password=False)
        finally:
            force = " WITH (FORCE)" if self.dialect == "postgresql" else ""
            tell(self.template, f"DROP DATABASE {name}{force}")

    def log_position(self) -> int:
        """Bytes of write-ahead log (PostgreSQL) or redo log (MariaDB) that the server has written so far."""
        if self.dialect == "postgresql":
            return int(one(self.template, "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))
        return int(one(self.template, "SELECT variable_value FROM information_schema.global_status "
                                      "WHERE variable_name = 'Innodb_lsn_current'"))


    def used(self) -> tuple[int, float]:
        """What the whole server has used so far: bytes of log, and seconds of CPU."""
        return self.log_position(), of_server(engine(self.template))


@contextmanager
def ground(servers: Servers, dialect: str, size: Size) -> Iterator[Ground]:
    """Build the template and keep it until the end of the block. Raises ServerMissing."""
    with servers.database(dialect) as database, tempfile.TemporaryDirectory() as folder:
        files = billing.write(Path(folder), size)
        load = _load_postgresql if dialect == "postgresql" else _load_mariadb
        load(database.url, files)
        for path in files.values():
            path.unlink()
        yield Ground(dialect, database.url, size)


def tune(url: str, dialect: str) -> None:
    """Bring a server of the tests to the settings that one in production has."""
    if dialect == "postgresql":
        for name, value in POSTGRESQL.items():
            tell(url, f"ALTER SYSTEM SET {name} = {value}")
        tell(url, "SELECT pg_reload_conf()")
    else:
        for name, number in MARIADB.items():
            tell(url, f"SET GLOBAL {name} = {number}")


def _load_postgresql(url: str, files: dict[str, Path]) -> None:
    made = engine(url)
    with made.begin() as connection:
        billing.schema("postgresql").create_all(connection)
        raw: Any = connection.connection.driver_connection
        with raw.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # the rows are known to fit
            cursor.execute("SET LOCAL TimeZone = 'UTC'")
            for table in TABLES:
                with open(files[table], "rb") as file, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                    while block := file.read(1 << 20):
                        copy.write(block)
    tell(url, "VACUUM (ANALYZE)")  # statistics, hint bits and the visibility map travel with the copies


def _load_mariadb(url: str, files: dict[str, Path]) -> None:
    with engine(url, connect_args={"local_infile": True}).begin() as connection:
        billing.schema("mariadb").create_all(connection)
        connection.exec_driver_sql("SET foreign_key_checks = 0, unique_checks = 0, time_zone = '+00:00'")
        for table in TABLES:
            connection.exec_driver_sql(
                f"LOAD DATA LOCAL INFILE '{files[table]}' INTO TABLE {table} CHARACTER SET utf8mb4")
    tell(url, f"ANALYZE TABLE {', '.join(TABLES)}")


def _copy_rows(target: Engine, template: str) -> None:
    with target.begin() as connection:
        billing.schema("mariadb").create_all(connection)
        connection.exec_driver_sql("SET foreign_key_checks = 0, unique_checks = 0")
        for table in TABLES:
            connection.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM {template}.{table} ORDER BY id")
    tell(target.url, f"ANALYZE TABLE {', '.join(TABLES)}")


def tell(url: str | URL, statement: str) -> None:
    """Send one statement outside any transaction."""
    with engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql(statement)


def one(url: str | URL, query: str) -> Any:
    """The single value that a query answers."""
    with engine(url).connect() as connection:
        return connection.exec_driver_sql(query).scalar_one()


def machine(url: str, dialect: str) -> dict[str, Any]:
    """What the figures depend on: cores, memory in MiB, versions, settings. No host name."""
    total = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    show = "SHOW {}" if dialect == "postgresql" else "SELECT @@{}"
    return {
        "cores": os.cpu_count(), "memory_mib": int(total.split()[1]) // 1024, "system": platform.system(),
        "architecture": platform.machine(), "python": platform.python_version(), "load_1_min": os.getloadavg()[0],
        "server": dialect, "settings": {name: str(one(url, show.format(name))) for name in TOLD[dialect]},
    }
