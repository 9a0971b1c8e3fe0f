"""The ground that the other tests stand on: three real databases, each new, empty, alone and cheap."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from servers import Database, Servers

VERSION = {"sqlite": "select sqlite_version()", "postgresql": "select version()", "mariadb": "select version()"}
SAYS = {"sqlite": "3.", "postgresql": "PostgreSQL", "mariadb": "MariaDB"}
NewDatabase = Callable[[str], Database]


def test_answers_and_says_its_version(database: Database) -> None:
    with database.engine.connect() as connection:
        assert connection.scalar(sa.text("select 1")) == 1
        assert SAYS[database.dialect] in connection.scalar(sa.text(VERSION[database.dialect]))


def test_starts_empty_and_keeps_japanese(database: Database) -> None:
    assert sa.inspect(database.engine).get_table_names() == []
    with database.engine.begin() as connection:
        connection.execute(sa.text("create table names (name varchar(40))"))
        connection.execute(sa.text("insert into names values ('髙橋 𠮷野')"))
    with database.engine.connect() as connection:
        assert connection.scalar(sa.text("select name from names")) == "髙橋 𠮷野"


def test_two_databases_do_not_see_each_other(database: Database, new_database: NewDatabase) -> None:
    other = new_database(database.dialect)
    with other.engine.begin() as connection:
        connection.execute(sa.text("create table only_there (id integer)"))
    assert sa.inspect(database.engine).get_table_names() == []


@pytest.mark.parametrize(("dialect", "most"), [("sqlite", 0.05), ("postgresql", 0.2), ("mariadb", 0.05)])
def test_a_new_database_is_cheap(dialect: str, most: float, new_database: NewDatabase) -> None:
    new_database(dialect)  # the first one may have to start the server
    seconds: list[float] = []
    while len(seconds) < 40 and min(seconds, default=most) >= most:  # other workers keep the machine busy
        before = time.perf_counter()
        new_database(dialect)
        seconds.append(time.perf_counter() - before)
    assert min(seconds) < most


def test_a_database_is_gone_after_its_block(servers: Servers, database: Database) -> None:
    with servers.database(database.dialect) as short:
        with short.engine.begin() as connection:
            connection.execute(sa.text("create table t (id integer)"))
        held = short.engine.connect()  # a connection that a failing test left open does not keep it
    held.invalidate()
    if database.dialect == "sqlite":
        assert not Path(short.url.removeprefix("sqlite:///")).exists()
    else:
        with pytest.raises(sa.exc.OperationalError):
            short.engine.connect()


@pytest.mark.parametrize("end", ["closed", "killed"])
def test_nothing_is_left_when_the_session_ends(end: str, database: Database) -> None:
    """A session of its own, which ends properly or by kill -9; its server and its folder go either way."""
    program = textwrap.dedent("""
        import sys
        from servers import Servers, Session
        session = Session()
        with Servers(session.root).database(sys.argv[1]):
            print(session.root, flush=True)
            sys.stdin.read()
        session.end()
    """)
    child = subprocess.Popen(
        [sys.executable, "-c", program, database.dialect], cwd=Path(__file__).parent, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    root = Path(child.stdout.readline().strip())
    assert root.is_dir()
    if end == "killed":
        os.kill(child.pid, signal.SIGKILL)
    child.communicate(timeout=60)
    until = time.monotonic() + 20
    while (root.exists() or _processes_under(root)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not root.exists()
    assert _processes_under(root) == []


def _processes_under(root: Path) -> list[bytes]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if str(root).encode() in command:
            found.append(command)
    return found
