"""One run at a time, on each database: the second says who holds the lock, and a dead holder holds nothing."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nightly import hooks
from small_house import contents, declared_anew, small, small_house
from sqlalchemy import make_url

from carddata_retention.db import Database, open_database
from carddata_retention.errors import BlindError, BusyError
from carddata_retention.lock import only_run

HERE = Path(__file__).resolve().parent.parent
HOLDER = """
import sys
from pathlib import Path
from sqlalchemy import make_url
from carddata_retention.db import open_database
from carddata_retention.lock import only_run
with only_run(open_database(make_url(sys.argv[1]), Path()), "scope", "process of the holder", lambda: "nobody"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def ours(database) -> Iterator[Database]:
    """Our own way to the database."""
    with database.engine.connect():  # makes SQLite's file
        pass
    opened = open_database(make_url(database.url), Path())
    yield opened
    opened.close()


@contextmanager
def taken(db: Database, scope: str = "scope") -> Iterator[None]:
    with only_run(db, scope, "process 1 on here", lambda: "process 1 on here"):
        yield


@contextmanager
def another_process(url: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the lock until it is told to end, or killed."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True, cwd=HERE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def free_within(db: Database, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with taken(db):
                return True
        except BusyError:
            time.sleep(0.05)
    return False


def test_the_second_is_told_and_the_first_goes_on(ours):
    with taken(ours):
        for _ in range(2):
            with pytest.raises(BusyError) as busy, taken(ours):
                pass
            assert (busy.value.code, busy.value.exit) == ("lock_held", 41)
            assert "process 1 on here" in busy.value.cause
    with taken(ours):
        pass


def test_an_exception_inside_gives_the_lock_back(ours):
    with pytest.raises(ZeroDivisionError), taken(ours):
        raise ZeroDivisionError
    with taken(ours):
        pass


def test_a_process_that_is_killed_holds_nothing_any_more(ours, database):
    with another_process(database.url) as process:
        with pytest.raises(BusyError), taken(ours):
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

        assert free_within(ours, 20)


def test_two_scopes_of_one_server_are_two_locks(ours):
    if ours.dialect == "sqlite":  # one file is one lock: it has one writer anyway
        with taken(ours), pytest.raises(BusyError), taken(ours, "another"):
            pass
        return
    with taken(ours), taken(ours, "another"):
        pass


def test_two_databases_of_one_server_never_wait_for_each_other(ours, new_database):
    other = new_database(ours.dialect)
    with other.engine.connect():
        pass
    there = open_database(make_url(other.url), Path())

    with taken(ours), taken(there):
        pass

    there.close()


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_a_server_that_ends_silent_sessions_does_not_take_the_lock_away(new_database, dialect):
    database = new_database(dialect)
    if dialect == "postgresql":
        name = make_url(database.url).database
        with database.engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {name} SET idle_session_timeout = '1s'")
        db = open_database(make_url(database.url), Path())
    else:
        db = open_database(make_url(database.url).update_query_dict({"init_command": "SET SESSION wait_timeout = 1"}),
                           Path())
    with taken(db):
        time.sleep(2.5)
        with pytest.raises(BusyError), taken(db):
            pass
    db.close()


def test_a_lock_whose_session_was_ended_by_the_server_ends_quietly(new_database):
    database = new_database("postgresql")
    db = open_database(make_url(database.url), Path())
    with taken(db), database.engine.begin() as connection:
        # Of this database only: the server is shared, and other tests hold their own locks on it.
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = pg_locks.database "
            "WHERE locktype = 'advisory' AND datname = current_database()")
    with taken(db):
        pass
    db.close()


def test_a_lock_file_that_cannot_be_made_is_a_taught_error(ours, database):
    if ours.dialect != "sqlite":
        return
    file = Path(str(make_url(database.url).database))
    file.with_name(file.name + ".carddata-lock").mkdir()
    try:
        with pytest.raises(BlindError) as wrong, taken(ours):
            pass
        assert (wrong.value.code, wrong.value.exit) == ("lock_unwritable", 40)
    finally:
        file.with_name(file.name + ".carddata-lock").rmdir()


def test_a_second_night_beside_the_first_does_nothing_and_names_process_and_host(database, tmp_path):
    house = small_house(database, tmp_path, small(30))
    second: list[BaseException] = []
    told: list[int] = []

    def meanwhile() -> datetime:  # asked for inside the first night's batch
        if not told:
            told.append(1)
            other = threading.Thread(target=try_the_second)
            other.start()
            other.join(60)
        return datetime.now(UTC)

    def try_the_second() -> None:
        try:
            house.night()
        except BaseException as wrong:
            second.append(wrong)

    first = house.night(hooks=replace(hooks(), moment=meanwhile))

    assert first.exit_code == 0
    (busy,) = second
    assert isinstance(busy, BusyError)
    assert (busy.code, int(busy.exit)) == ("lock_held", 41)
    assert str(os.getpid()) in busy.cause
    assert socket.gethostname() in busy.cause
    assert house.execute(f"SELECT count(*) FROM {house.own('run')}") == [(1,)]


def test_a_night_beside_a_holder_in_another_process_touches_nothing(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path, small(30))
    before = contents(house)
    with another_process(sqlite_database.url):
        with pytest.raises(BusyError) as busy:
            declared_anew(house).night()
        assert "process of the holder" in busy.value.cause
    assert contents(house) == before
    assert house.execute("SELECT name FROM sqlite_master WHERE name LIKE 'carddata%'") == []
    assert house.night().exit_code == 0
