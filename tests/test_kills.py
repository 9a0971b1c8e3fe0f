"""Whatever ends a run, and wherever: what is gone has its tombstone, what has a tombstone is gone, the next run finishes."""

import os
import random
import signal
import socket
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from bench import (
    ACTIVE,
    TARGETS,
    Bench,
    add,
    alive,
    bench,
    empty_house,
    evidence_of,
    fresh,
    kill_sessions,
    nothing_is_half_done,
    watching,
)
from billing import generate
from nightly import AS_OF, House
from oracle import Rules, answers
from processes import child_of, command, die, in_a_process, waited
from small_house import lean as build
from sqlalchemy import Connection, event
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.errors import BusyError, RetentionError

KILLED = -signal.SIGKILL
RANDOM_KILLS = 4 if os.environ.get("CARDDATA_RELIABILITY") else 2
# Each statement in its turn where time is no matter: `make reliability`, and this suite with CARDDATA_RELIABILITY=1. Else
# each database, and each target, goes by other ones.
STEP = 1 if os.environ.get("CARDDATA_RELIABILITY") else 9
FIRST = {"sqlite": 0, "postgresql": STEP // 3, "mariadb": STEP * 2 // 3, "cards": 0, "payments": STEP // 2}


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest, new_database: Any) -> Any:
    """The databases that are servers: they can lose a session."""
    return new_database(request.param)


def whole_run(b: Bench) -> None:
    """Both targets in one run, and its seal."""
    run_id = b.begin()
    numbers = [b.freeze(run_id, target) for target in TARGETS]
    for target, number in zip(TARGETS, numbers, strict=True):
        b.engine(run_id, target).run(number)
    with b.stage.db.transaction() as connection:
        b.ledger.seal(connection, run_id, b.key, {"verdict": "clean"})


def test_killed_before_any_statement_or_commit_of_a_run_nothing_is_half_done(database, tmp_path):
    house = empty_house(database, tmp_path)
    due: set[int] = set()
    keys = count(100)
    with bench(house) as b:
        for gap in count(FIRST[database.dialect], STEP):
            due |= fresh(house, keys)

            def killed_at(gap: int = gap) -> None:
                b.after_fork()
                with watching(house, lambda _, n, __: die() if n == gap else None):
                    whole_run(b)

            ended = in_a_process(killed_at)
            nothing_is_half_done(house, due)
            if ended == 0:
                break
            assert ended == KILLED
            assert house.execute(f"SELECT count(*) FROM {house.own('run')} WHERE seal IS NULL") in ([(0,)], [(1,)])
            if gap // STEP % 2 == 1:
                rounds = [b.purge(target) for target in TARGETS]
                assert [(r.exit(), r.tally.failed) for r in rounds] == [(0, 0)] * 2
                assert nothing_is_half_done(house, due) == dict.fromkeys(TARGETS, due)
        assert evidence_of(house) == dict.fromkeys(TARGETS, due)
        b.check()
    assert house.execute(f"SELECT count(*) FROM {house.own('run')} WHERE seal IS NULL") == [(0,)]
    assert gap > 30


def test_killed_at_any_time_from_outside_the_next_night_finishes_and_says_so(database, tmp_path):
    billing = generate(AS_OF, size=150)
    house = build(database, tmp_path, billing)
    house.night()
    began = time.monotonic()
    house.night()
    whole = time.monotonic() - began
    expected = {target: set(answer.purge) for target, answer in answers(billing, Rules(AS_OF)).items()}
    rng, keys = random.Random(5), count(5001)
    told = 0
    for _ in range(RANDOM_KILLS):
        new = fresh(house, keys)
        for target in TARGETS:
            expected[target] |= new
        child = child_of(lambda: command(house))
        time.sleep(rng.uniform(0.1, 0.8) * whole)
        os.kill(child, signal.SIGKILL)
        told += waited(child) == KILLED
        proved = evidence_of(house)
        for target in TARGETS:
            assert expected[target] - alive(house, target) == proved[target]
    assert told > 0

    kills = house.execute(f"SELECT count(*) FROM {house.own('run')} WHERE seal IS NULL")[0][0]
    night = house.night()

    assert night.exit_code == 0
    assert sum(f.id == "killed_run" for f in night.findings) == kills
    assert evidence_of(house) == expected
    assert house.verify().exit_code == 0
    assert house.execute(f"SELECT count(*) FROM {house.own('run')} WHERE seal IS NULL") == [(0,)]


def test_a_session_that_is_ended_before_any_statement_or_commit_is_replaced(server, tmp_path):
    house = empty_house(server, tmp_path)
    due: set[int] = set()
    keys = count(100)
    with bench(house) as b:
        for target in TARGETS:
            for gap in count(FIRST[target], STEP):
                due |= fresh(house, keys)
                reached = []

                def ended(_: str, n: int, __: Connection, gap: int = gap, reached: list[int] = reached) -> None:
                    if n == gap:
                        reached.append(n)
                        kill_sessions(house)

                came_out = b.purge(target, ended)
                other = b.purge("payments" if target == "cards" else "cards")
                assert (came_out.exit(), came_out.tally.purged, came_out.tally.failed) == (0, 2, 0)
                assert other.exit() == 0
                assert nothing_is_half_done(house, due) == dict.fromkeys(TARGETS, due)
                if not reached:
                    break
            assert gap > 10
        b.check()


# Words of a statement by which a place in the night is known, and how many such statements go by before.
ELSEWHERE = {
    "as the stage is opened": ("current_setting('server_version')", 0),
    "as the server is asked whether it is the primary": ("pg_is_in_recovery()", 0),
    "as the targets are bound": ('FROM "payments"', 0),
    "as the violations are counted": ("coalesce(sum(CASE WHEN true", 1),
    "as the first target is looked at again": ("FROM carddata.work LEFT OUTER JOIN carddata.tombstone", 0),
}


@pytest.fixture(scope="module")
def worked(lasting_database: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[House, set[int]]:
    """A house that has had a clean night, and all of its customers who have become due; each test leaves it so."""
    house = empty_house(lasting_database("postgresql"), tmp_path_factory.mktemp("worked"))
    add(house, 100)
    assert house.night().exit_code == 0
    return house, {100}


@pytest.mark.xdist_group("kills-elsewhere")
@pytest.mark.parametrize("place", ELSEWHERE)
def test_a_session_that_is_ended_elsewhere_in_the_night_ends_it_by_a_name(worked, place):
    house, due = worked
    due |= fresh(house, count(max(due) + 1), 1)
    words, skipped = ELSEWHERE[place]
    heard: list[str] = []

    def ended(text: str, _: int, __: Connection) -> None:
        if words in text:
            heard.append(text)
            if len(heard) == skipped + 1:
                kill_sessions(house)

    with watching(house, ended):
        try:
            exit_code = house.night().exit_code
        except RetentionError as lesson:
            exit_code = lesson.exit
    assert len(heard) > skipped
    assert exit_code == 40
    nothing_is_half_done(house, due)
    assert house.night().exit_code == 0
    assert alive(house, "cards") == {ACTIVE}


def deafen(connection: Connection) -> None:
    """From now on the client hears nothing of what the server answers; the server still hears the client."""
    raw: Any = connection.connection.dbapi_connection
    number = raw.pgconn.socket if hasattr(raw, "pgconn") else raw._sock.fileno()
    with socket.socket(fileno=os.dup(number)) as same:
        same.shutdown(socket.SHUT_RD)


def test_a_commit_whose_reply_is_lost_is_neither_repeated_nor_forgotten(server, tmp_path):
    house = empty_house(server, tmp_path)
    due: set[int] = set()
    keys = count(100)
    with bench(house) as b:
        for which in count():
            due |= fresh(house, keys)
            commits: list[str] = []

            def lose(text: str, _: int, connection: Connection, which: int = which, heard: list[str] = commits) -> None:
                if text == "COMMIT":
                    heard.append(text)
                    if len(heard) - 1 == which:
                        deafen(connection)

            came_out = b.purge("cards", lose)
            b.purge("payments")
            assert (came_out.exit(), came_out.tally.purged, came_out.tally.failed) == (0, 2, 0)
            assert nothing_is_half_done(house, due) == dict.fromkeys(TARGETS, due)
            if len(commits) <= which:
                break
        b.check()
    assert which >= 2


def test_a_run_that_lost_its_lock_to_another_removes_nothing_more(server, tmp_path):
    house = empty_house(server, tmp_path)
    due: set[int] = set()
    keys = count(100)
    ends: set[str] = set()
    with bench(house) as b, bench(house) as other:
        never_wait(other)
        for gap in count(FIRST["cards"], STEP):
            due |= fresh(house, keys)
            reached: list[bool] = []

            def take_over(_: str, n: int, __: Connection, gap: int = gap, reached: list[bool] = reached) -> None:
                if n == gap:
                    try:
                        other.begin()
                        reached.append(True)
                    except SQLAlchemyError:
                        reached.append(False)  # our batch holds the run open until it is committed

            try:
                b.purge("cards", take_over)
                ends.add("finished")
                assert True not in reached
            except BusyError as lost:
                ends.add(lost.code)
                assert reached == [True]
            nothing_is_half_done(house, due)
            for target in TARGETS:
                assert b.purge(target).exit() == 0
            if not reached:
                break
        b.check()
    assert ends == {"finished", "run_taken_over"}


def never_wait(b: Bench) -> None:
    """Sessions that give up at once where somebody else holds a lock."""
    setting = "lock_timeout = '20ms'" if b.stage.db.dialect == "postgresql" else "SESSION innodb_lock_wait_timeout = 0"
    event.listen(b.stage.db.engine, "begin", lambda connection: connection.exec_driver_sql(f"SET {setting}"))


def test_a_file_that_somebody_else_keeps_locked_is_left_for_the_next_night(sqlite_database, tmp_path):
    house = empty_house(sqlite_database, tmp_path)
    add(house, 100)
    with bench(house) as b:
        run_id = b.begin()
        candidates = b.freeze(run_id, "cards")
        engine = b.engine(run_id, "cards")
        with house.connection() as somebody:
            somebody.exec_driver_sql("BEGIN IMMEDIATE")
            event.listen(b.stage.db.engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 20"))
            engine.run(candidates)
            somebody.rollback()
        came_out = b.finish(run_id, "cards", candidates, engine.stopped)
        assert (came_out.stopped, came_out.exit()) == ("locked", 10)
        assert came_out.tally.skipped_reasons == {"not_reached": 1}
        assert b.purge("cards").exit() == 0
    assert alive(house, "cards") == {ACTIVE}


def test_the_write_ahead_log_of_sqlite_keeps_no_page_of_what_was_removed(sqlite_database, tmp_path):
    billing = generate(AS_OF, size=40)
    house = build(sqlite_database, tmp_path, billing)
    file = Path(str(sa.make_url(sqlite_database.url).database))
    with house.connection() as open_all_night:  # whoever closes a file last would cut the log by that alone
        open_all_night.exec_driver_sql("PRAGMA journal_mode = WAL")
        open_all_night.rollback()
        house.night()
        tokens = {c.id: str(c.card_token).encode() for c in billing.cards}
        removed = evidence_of(house)["cards"]
        assert len(removed) > 5
        files = list(file.parent.glob(file.name + "*"))
        assert len(files) > 1
        everything = b"".join(path.read_bytes() for path in files)
        assert [key for key in removed if tokens[key] in everything] == []
        assert all(tokens[key] in everything for key in tokens.keys() - removed)
