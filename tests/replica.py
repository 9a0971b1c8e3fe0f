"""A MariaDB server and a replica of it, both of a test's own: the servers that the tests share keep no binary log."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from servers import Database, launch_mariadb, prepare_mariadb


@dataclass(frozen=True, slots=True)
class Pair:
    """An empty database on a primary, and the address of its replica."""

    primary: Database
    replica_url: str

    def lag(self, seconds: int) -> None:
        """Let the replica stay so far behind from now on; 0 lets it catch up."""
        engine = sa.create_engine(self.replica_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in ("STOP SLAVE", f"CHANGE MASTER TO MASTER_DELAY = {seconds}", "START SLAVE"):
                connection.exec_driver_sql(statement)


@contextmanager
def replicated(root: Path) -> Iterator[Pair]:
    """Both until the end of the block. Raises ServerMissing."""
    with ExitStack() as stack:
        port = _free_port()
        log = ("--log-bin=bin", "--binlog-format=ROW", "--skip-networking=0", "--bind-address=127.0.0.1")
        first = stack.enter_context(_server(root / "p", "--server-id=1", f"--port={port}", *log))
        second = stack.enter_context(_server(root / "r", "--server-id=2"))
        _tell(first, "CREATE USER replica@'127.0.0.1' IDENTIFIED BY 'replica'",
              "GRANT REPLICATION SLAVE ON *.* TO replica@'127.0.0.1'")
        _tell(second, f"CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {port}, MASTER_USER = 'replica', "
                      "MASTER_PASSWORD = 'replica', MASTER_LOG_FILE = 'bin.000001', MASTER_LOG_POS = 4", "START SLAVE")
        _tell(first, "CREATE DATABASE billing CHARACTER SET utf8mb4")
        url = first.replace("/?", "/billing?") + "&charset=utf8mb4"
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        yield Pair(Database("mariadb", url, engine), second)
        engine.dispose()


@contextmanager
def _server(root: Path, *options: str) -> Iterator[str]:
    root.mkdir()
    prepare_mariadb(root)
    address = launch_mariadb(root, *options)
    try:
        yield f"mariadb+pymysql://root@localhost/?{address}"
    finally:
        os.kill(int((root / "mariadb.pid").read_text()), signal.SIGKILL)


def _tell(url: str, *statements: str) -> None:
    with sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
