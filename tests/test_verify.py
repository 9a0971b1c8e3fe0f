"""The look again: it finds what a run left, whatever the run says of itself, and tells the kinds apart."""

from dataclasses import replace
from typing import Any

import pytest
from bench import LONG_AGO, add, alive, bench, empty_house, moment, place_hold, watching
from billing import generate
from logins import OWN, READ, login
from nightly import AS_OF, build
from oracle import Rules, answers
from sqlalchemy import Connection, Engine, event

from carddata_retention import verify
from carddata_retention.config import load


def refuse(house: Any, key: int) -> None:
    """The database refuses whatever is done to card `key`."""
    if house.database.dialect == "postgresql":
        house.execute("CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS "
                      "$$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '23514'; END $$")
        house.execute(f"CREATE TRIGGER never BEFORE DELETE ON cards FOR EACH ROW WHEN (OLD.id = {key}) "
                      "EXECUTE FUNCTION never()")
    elif house.database.dialect == "sqlite":
        house.execute(f"CREATE TRIGGER never BEFORE DELETE ON cards WHEN OLD.id = {key} "
                      "BEGIN SELECT RAISE(ABORT, 'no'); END")
    else:
        house.execute("CREATE TRIGGER never BEFORE DELETE ON cards FOR EACH ROW "
                      f"BEGIN IF OLD.id = {key} THEN SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 4025; END IF; END")


def test_every_kind_of_due_record_is_found_and_told_apart_and_they_add_up(database, tmp_path):
    house = empty_house(database, tmp_path)
    add(house, *range(100, 110))
    refuse(house, 103)
    with bench(house) as b:
        run_id = b.begin()
        candidates = b.freeze(run_id, "cards")
        with house.database.engine.begin() as connection:
            place_hold(house, connection, "record", 104, "cards")
            place_hold(house, connection, "subject", 105)
        b.engine(run_id, "cards").run(candidates)
        house.execute(f"UPDATE {house.own('hold')} SET released_at = 'now' WHERE item = '105'")
        add(house, 200)
        again(house, 100)
        again(house, 101)
        with b.stage.db.snapshot() as connection:
            found = verify.look(connection, b.decider("cards"), b.ledger, run_id)
        came_out = b.finish(run_id, "cards", candidates)
        assert (found.skipped_due, found.failed_due, found.arrived, found.residue) == (1, 1, 1, 2)
        assert (found.remaining_due, found.in_scope) == (5, len(alive(house, "cards")))
        assert came_out.look == found
        assert came_out.exit() == 20
        b.begin()  # a run that is killed before it removes anything must not blind the look at the one before
        with b.stage.db.snapshot() as connection:
            later = verify.look(connection, b.decider("cards"), b.ledger, run_id)
        assert later == found


def again(house: Any, key: int) -> None:
    """A card that was removed is put back."""
    with house.database.engine.begin() as connection:
        connection.execute(house.table("cards").insert(), {"id": key, "customer_id": key, "card_token": "tok"})


@pytest.mark.parametrize("column", ["aware", "naive"])
def test_the_other_question_finds_exactly_what_the_oracle_calls_due(database, tmp_path, column):
    billing = generate(AS_OF, size=300, seed=7)
    house = build(database, tmp_path, billing, column=column)
    expected = answers(billing, Rules(AS_OF))
    with bench(house) as b, b.stage.db.snapshot() as connection:
        for target in ("cards", "payments"):
            found = {int(row.record_key) for row in connection.execute(verify.due_statement(b.decider(target)))}
            assert found == expected[target].purge


def test_the_look_streams_what_is_left_instead_of_holding_it(database, tmp_path):
    house = empty_house(database, tmp_path)
    keys = range(1000, 4500)
    with house.database.engine.begin() as connection:
        connection.execute(house.table("customers").insert(), {"id": 2, "name": "two"})
        connection.execute(house.table("services").insert(), {
            "id": 20, "customer_id": 2, "kind": "vps", "status": "closed",
            "use_ended_at": moment(house, LONG_AGO)})
        connection.execute(house.table("cards").insert(), [
            {"id": k, "customer_id": 2, "card_token": f"tok_{k}"} for k in keys])
    cursors: list[str] = []

    def hear(connection: Connection, cursor: Any, text: str, *_: Any) -> None:
        if connection.engine is not house.database.engine and "carddata_bad" in text:
            cursors.append(type(getattr(cursor, "cursor", cursor)).__name__)

    with bench(house) as b:
        run_id = b.begin()
        event.listen(Engine, "before_cursor_execute", hear)
        try:
            with watching(house, None) as heard, b.stage.db.snapshot() as connection:
                found = verify.look(connection, b.decider("cards"), b.ledger, run_id)
        finally:
            event.remove(Engine, "before_cursor_execute", hear)
    assert (found.arrived, found.remaining_due) == (len(keys), len(keys))
    assert sum("record_key IN (" in text for text in heard) == 4  # pages
    assert cursors == [{"postgresql": "ServerCursor", "mariadb": "SSCursor", "sqlite": "Cursor"}[
        house.database.dialect]]


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_the_look_comes_by_the_verifiers_login_where_one_is_declared(new_database, tmp_path, monkeypatch, dialect):
    database = new_database(dialect)
    with login(database) as verifier:
        monkeypatch.setenv("CARDDATA_VERIFY_URL", verifier.url)
        house = build(database, tmp_path, generate(AS_OF, size=40))
        file = tmp_path / "retention.toml"
        file.write_text(file.read_text().replace("[database]", '[database]\nverify_url_env = "CARDDATA_VERIFY_URL"'))
        house = replace(house, config=load(file))
        with bench(house):
            if dialect == "postgresql":
                verifier.tell("GRANT USAGE ON SCHEMA carddata TO {who}")
            verifier.grant(*READ, *(("SELECT", house.own(name)) for name in OWN))
        night = house.night()
        assert night.exit_code == 0
        assert verifier.name in str(night.verification_login)
        verifier.revoke(("SELECT", "services"))
        assert house.night().exit_code == 40
