"""What may still be on disk is said by what the server says, and each cure that is offered does what it promises."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from logins import login
from nightly import House
from servers import DIALECTS
from small_house import declared_anew, small_house

from carddata_retention.remanence import Trace, traces


def places(house: House) -> dict[str, Trace]:
    return {t.place: t for t in traces(house.config, datetime.now(UTC))}


def alone(house: House, statements: str) -> None:
    """Statements that are no transaction's business, without their comments."""
    with house.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in "\n".join(line.split("--")[0] for line in statements.splitlines()).split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement.replace("%", "%%")).close()


def test_every_target_and_every_declared_location_has_its_places(database, tmp_path):
    house = small_house(database, tmp_path, locations=[{"name": "call recordings", "owner": "Customer centre"}])
    assert house.night().exit_code == 0
    found = places(house)

    assert found["call recordings"].state == "unknown"
    assert "Customer centre" in found["call recordings"].why
    if database.dialect != "sqlite":
        assert {t.target for t in found.values()} == {"cards", "payments", None}
        assert found["table cards"].state == "possible"
    assert all(t.why for t in found.values())
    assert all(t.cure or t.until or t.state != "possible" for t in found.values())


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_samples_of_card_fields_in_the_planners_statistics_are_named_until_they_are_taken_anew(
        new_database, tmp_path, dialect):
    house = small_house(new_database(dialect), tmp_path)
    analyze = {"postgresql": "ANALYZE cards", "mariadb": "ANALYZE TABLE cards PERSISTENT FOR ALL"}[dialect]
    place = "planner statistics of cards"
    assert places(house)[place].state == "none"
    alone(house, analyze)
    seen = places(house)[place]
    assert (seen.state, "card_token" in seen.why) == ("possible", True)

    house.execute("DELETE FROM card_usage")
    house.execute("DELETE FROM cards")
    assert places(house)[place].state == "possible"
    if dialect == "mariadb":
        alone(house, seen.cure)
        assert places(house)[place].state == "none"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_cure_is_a_statement_that_the_database_takes(new_database, tmp_path, dialect):
    house = small_house(new_database(dialect), tmp_path)
    assert house.night().exit_code == 0
    tried = [t for t in places(house).values() if t.cure.startswith(("VACUUM (", "REINDEX", "OPTIMIZE", "VACUUM;", "PRAGMA"))]
    assert tried
    for trace in tried:
        alone(house, trace.cure)


def test_vacuum_full_is_seen_to_have_emptied_the_table(postgresql_database, tmp_path):
    house = small_house(postgresql_database, tmp_path)
    assert house.night().exit_code == 0
    cure = places(house)["table cards"].cure
    alone(house, "SELECT pg_stat_force_next_flush()")
    assert " 0 dead rows" not in " " + places(house)["table cards"].why
    alone(house, cure)
    alone(house, "VACUUM cards; SELECT pg_stat_force_next_flush()")
    assert "0 dead rows" in places(house)["table cards"].why


def test_a_log_of_sqlite_that_is_not_empty_is_told(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    alone(house, "PRAGMA journal_mode = WAL")
    place = "write-ahead log beside the file"
    with sqlite_database.engine.connect() as other:
        other.exec_driver_sql("SELECT count(*) FROM cards").all()
        house.execute("DELETE FROM card_usage")
        assert places(house)[place].state == "possible"
    alone(house, places(house)[place].cure or "PRAGMA wal_checkpoint(TRUNCATE)")
    assert places(house)[place].state == "none"


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_what_a_login_may_not_see_is_unknown_and_never_none(new_database, tmp_path, dialect):
    database = new_database(dialect)
    with login(database) as who:
        small_house(database, tmp_path)
        house = declared_anew(House(database, tmp_path, None, sa.MetaData()), who.url)  # type: ignore[arg-type]
        who.grant(*who.rights())
        hidden = {"postgresql": "write-ahead log", "mariadb": "planner statistics of cards"}[dialect]
        assert places(house)[hidden].state == "unknown"


def test_the_command_prints_it_for_people_and_as_json_without_a_value(database, tmp_path):
    house = small_house(database, tmp_path)
    values = {str(v) for row in house.rows("cards") for v in row[2:4] if v}
    command: list[Any] = [sys.executable, "-m", "carddata_retention.cli", "residue", "--config", tmp_path / "retention.toml"]
    person = subprocess.run(command, capture_output=True, text=True, check=False)
    machine = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)

    assert (person.returncode, machine.returncode) == (0, 0)
    told = json.loads(machine.stdout)
    assert (told["schema"], told["mode"]) == (1, "residue")
    assert all(p["place"] in person.stdout for p in told["places"])
    assert not [v for v in values if v in person.stdout + machine.stdout]
