"""A MariaDB server and a replica of it, both of a test's own: the servers that the tests share keep no binary log."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from servers import Database, Session, launch_mariadb, prepare_mariadb


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

    def behind(self) -> int | None:
        """How many seconds the replica says that it is behind; None where it does not know."""
        with sa.create_engine(self.replica_url, poolclass=sa.NullPool).connect() as connection:
            (status,) = connection.exec_driver_sql("SHOW ALL SLAVES STATUS").mappings()
            return status["Seconds_Behind_Master"]


@contextmanager
def replicated() -> Iterator[Pair]:
    """Both until the end of the block. Raises ServerMissing."""
    with ExitStack() as stack:
        port = _free_port()
        log = ("--log-bin=bin", "--binlog-format=ROW", "--skip-networking=0", "--bind-address=127.0.0.1")
        first = stack.enter_context(_server("--server-id=1", f"--port={port}", *log))
        second = stack.enter_context(_server("--server-id=2"))
        _tell(first, "CREATE USER replica@'127.0.0.1' IDENTIFIED BY 'replica'",
              "GRANT REPLICATION SLAVE ON *.* TO replica@'127.0.0.1'")
        _tell(second, f"CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {port}, MASTER_USER = 'replica', "
                      "MASTER_PASSWORD = 'replica', MASTER_LOG_FILE = 'bin.000001', MASTER_LOG_POS = 4", "START SLAVE")
        _tell(first, "CREATE DATABASE billing CHARACTER SET utf8mb4")
        url = first.replace("/?", "/billing?") + "&charset=utf8mb4"
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        stack.callback(engine.dispose)
        yield Pair(Database("mariadb", url, engine), second)


@contextmanager
def _server(*options: str) -> Iterator[str]:
    session = Session()  # each its own: that ends the server however the tests end
    try:
        prepare_mariadb(session.root)
        yield f"mariadb+pymysql://root@localhost/?{launch_mariadb(session.root, *options)}"
    finally:
        session.end()


def _tell(url: str, *statements: str) -> None:
    with sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
