"""Brakes may only say stop: what they cannot answer is a pause, and a pause that does not end ends the run healthily."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nightly import hooks
from replica import replicated
from servers import DIALECTS, Database, ServerMissing, Servers, Session
from small_house import contents, small_house
from standby import standby

from carddata_retention.errors import ConfigError

SOON = 0.005  # minutes


def limited(**limits: Any) -> dict[str, Any]:
    return {"limits": {"first_run": "allow", "max_share": 1.0, "max_pause_minutes": SOON, **limits}}


def not_reached(night: Any) -> bool:
    """Whether nothing was removed, everything due is still counted, and the report says why."""
    due = [t for t in night.targets if t.to_purge]
    return (night.exit_code, [t.purged for t in due]) == (10, [0] * len(due)) and all(
        t.skipped_reasons == {"not_reached": t.to_purge} for t in due) and {
        f.target for f in night.findings if f.id == "stopped_early"} == {t.name for t in due}


# What a brake answers, and what it cannot: no row, no number, no column, no SQL.
UNANSWERED = ["SELECT NULL", "SELECT 1 WHERE 1 = 0", "SELECT 'busy'", "this is no SQL"]


@pytest.mark.parametrize(("dialect", "query"), [
    *((d, q) for d in DIALECTS for q in ("SELECT 1", "SELECT nonsense")), *(("sqlite", q) for q in UNANSWERED)])
def test_a_brake_that_is_on_or_cannot_answer_pauses_and_a_pause_without_end_is_incomplete(
        new_database, tmp_path, dialect, query):
    house = small_house(new_database(dialect), tmp_path, **limited(throttle_sql=query))
    before = contents(house)

    assert not_reached(house.night())
    assert contents(house) == before


def test_a_brake_that_is_off_lets_everything_through(sqlite_database, tmp_path):
    assert small_house(sqlite_database, tmp_path, **limited(throttle_sql="SELECT 0")).night().exit_code == 0


def test_a_run_goes_on_as_soon_as_its_brake_is_off(database, tmp_path):
    house = small_house(database, tmp_path, **limited(throttle_sql="SELECT busy FROM traffic", max_pause_minutes=5))
    house.execute("CREATE TABLE traffic (busy INTEGER)")
    house.execute("INSERT INTO traffic VALUES (1)")
    before, meanwhile = house.rows("cards"), []
    came_to_the_brake = threading.Event()

    def stop_sign() -> bool:
        came_to_the_brake.set()
        return False

    def lift() -> None:
        came_to_the_brake.wait()
        time.sleep(1)
        meanwhile.append(house.rows("cards"))
        house.execute("UPDATE traffic SET busy = 0")

    lifting = threading.Thread(target=lift)
    lifting.start()

    assert house.night(hooks=hooks(stop_sign)).exit_code == 0

    lifting.join()
    assert meanwhile == [before]
    assert house.rows("cards") != before


def test_a_question_about_replicas_that_nobody_can_answer_is_refused_before_anything_is_removed(
        database, tmp_path, monkeypatch):
    if database.dialect == "postgresql":
        assert not_reached(small_house(database, tmp_path, **limited(replica_lag_s=1)).night())  # none is connected
        return
    house = small_house(database, tmp_path, **limited(replica_lag_s=1))
    before = contents(house)
    with pytest.raises(ConfigError) as refused:
        house.night()
    assert refused.value.code == "replica_unknown"
    assert contents(house) == before


def test_a_server_of_mariadb_that_is_no_replica_pauses_the_run(mariadb_database, tmp_path, monkeypatch):
    monkeypatch.setenv("CARDDATA_REPLICA_URL", mariadb_database.url)
    limits = limited(replica_lag_s=1, replica_url_envs=["CARDDATA_REPLICA_URL"])
    assert not_reached(small_house(mariadb_database, tmp_path, **limits).night())


@pytest.fixture
def own_postgresql() -> Iterator[tuple[Database, Path]]:
    """A server of the test's own, for a standby copies the whole of it; and a folder for that."""
    session = Session()
    servers = Servers(session.root)
    try:
        with servers.database("postgresql") as database:
            yield database, session.root
    except ServerMissing as missing:
        pytest.skip(f"NOT TESTED: a standby of PostgreSQL: no server here ({missing})")
    finally:
        servers.close()
        session.end()


def test_a_standby_that_lags_pauses_the_run_and_one_that_keeps_up_does_not(own_postgresql, tmp_path):
    database, root = own_postgresql
    house = small_house(database, tmp_path, **limited(replica_lag_s=1, max_pause_minutes=0.1))
    with standby(database, root) as replica, replica.connect() as connection:
        connection.exec_driver_sql("SELECT pg_wal_replay_pause()")
        connection.commit()
        house.execute("CREATE TABLE changed (id INTEGER)")
        time.sleep(2)

        assert not_reached(house.night())

        connection.exec_driver_sql("SELECT pg_wal_replay_resume()")
        connection.commit()
        assert house.night().exit_code == 0


def test_a_replica_of_mariadb_that_lags_pauses_the_run_and_one_that_keeps_up_does_not(tmp_path, monkeypatch):
    try:
        with replicated() as pair:
            monkeypatch.setenv("CARDDATA_REPLICA_URL", pair.replica_url)
            house = small_house(pair.primary, tmp_path, **limited(
                replica_lag_s=1, max_pause_minutes=0.1, replica_url_envs=["CARDDATA_REPLICA_URL"]))
            pair.lag(3600)
            house.execute("CREATE TABLE changed (id INTEGER)")
            time.sleep(3)
            assert (pair.behind() or 0) > 1

            assert not_reached(house.night())

            pair.lag(0)
            assert house.night().exit_code == 0
    except ServerMissing as missing:
        pytest.skip(f"NOT TESTED: a replica of MariaDB: no server here ({missing})")
