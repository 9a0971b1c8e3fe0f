"""`check` says all that stands in the way of a run, at once and each with its cure; it removes and makes nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from logins import OWN, login
from small_house import contents, declared_anew, small_house

from carddata_retention.check import check_all
from carddata_retention.errors import BlindError


def told(house, host=None):
    return [problem.code for problem in check_all(house.config, host or datetime.now(UTC))]


def test_where_nothing_is_wrong_nothing_is_said_and_nothing_is_made(database, tmp_path):
    house = small_house(database, tmp_path)
    before, files = contents(house), sorted(p.name for p in tmp_path.iterdir())

    assert told(house) == []

    assert contents(house) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == files
    with database.engine.connect() as connection:
        import sqlalchemy as sa

        inspector = sa.inspect(connection)
        ours = [t for t in inspector.get_table_names() if t.startswith("carddata_")]
        assert ours == []
        assert "carddata" not in inspector.get_schema_names()
    assert house.night().exit_code == 0
    assert told(house) == []


def test_all_problems_are_said_at_once_each_with_its_cure(database, tmp_path):
    house = small_house(database, tmp_path)
    house.night()
    (tmp_path / "evidence.key").chmod(0o644)
    house.execute("ALTER TABLE payments RENAME COLUMN card_exp TO expires")
    house.execute("CREATE TABLE card_history (id INTEGER PRIMARY KEY, card INTEGER NOT NULL, "
                  "FOREIGN KEY (card) REFERENCES cards (id))")
    (tmp_path / "in the way").touch()
    house = declared_anew(house)
    text = (tmp_path / "retention.toml").read_text().replace("[report]\n", '[report]\ndirectory = "in the way"\n')
    (tmp_path / "retention.toml").write_text(text)
    from dataclasses import replace

    from carddata_retention.config import load

    house = replace(house, config=load(tmp_path / "retention.toml"))

    problems = check_all(house.config, datetime.now(UTC))

    assert [p.code for p in problems] == ["key_open", "folder_unwritable", "undeclared_foreign_key", "column_missing"]
    assert all(p.cause and p.cure for p in problems)
    assert "card_history" in problems[2].cure


def test_each_target_is_asked_whatever_is_wrong_with_the_one_before(database, tmp_path):
    house = small_house(database, tmp_path)
    house.execute("ALTER TABLE cards RENAME TO cards_behind")
    house.execute("CREATE VIEW cards AS SELECT * FROM cards_behind")
    house.execute("ALTER TABLE payments RENAME TO payments_behind")

    assert told(house) == ["not_a_table", "table_missing"]


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_each_missing_right_is_one_problem_of_its_target(new_database, tmp_path, dialect):
    database = new_database(dialect)
    with login(database) as who:
        house = small_house(database, tmp_path, url=who.url)
        who.grant(*who.rights())
        who.may_make_our_tables()
        assert told(house) == []
        who.revoke(("DELETE", "cards"), ("UPDATE (last4)", "payments"))

        problems = check_all(house.config, datetime.now(UTC))

    assert [p.code for p in problems] == ["permission_denied", "permission_denied"]
    assert [word in p.cause for word, p in zip(("cards", "payments"), problems, strict=True)] == [True, True]
    assert all("sql/grants" in p.cure for p in problems)


def test_each_right_that_a_removing_login_has_is_needed(postgresql_database, tmp_path):
    """The least privilege: take any one away, and `check` says so before a night does."""
    with login(postgresql_database) as who:
        house = small_house(postgresql_database, tmp_path, url=who.url)
        who.grant(*who.rights())
        who.may_make_our_tables()
        for right in who.rights():
            who.revoke(right)
            assert "permission_denied" in told(house), right
            who.grant(right)
        assert told(house) == []


NEEDED = {
    "run": ("SELECT", "INSERT", "UPDATE"), "batch": ("SELECT", "INSERT"), "tombstone": ("SELECT", "INSERT"),
    "work": ("SELECT", "INSERT", "UPDATE", "DELETE"), "target": ("SELECT", "INSERT", "DELETE"),
    "hold": ("SELECT",), "request": ("SELECT",),
}


def test_each_right_on_our_own_tables_is_asked_for_and_no_other(postgresql_database, tmp_path):
    assert set(NEEDED) == set(OWN)
    house = small_house(postgresql_database, tmp_path)
    house.night()
    with login(postgresql_database) as who:
        who.grant(*who.rights())
        who.tell("GRANT USAGE ON SCHEMA carddata TO {who}")
        rights = [(what, f"carddata.{table}") for table, kinds in NEEDED.items() for what in kinds]
        who.grant(*rights)
        theirs = declared_anew(house, who.url)
        assert told(theirs) == []
        assert theirs.night().exit_code == 0
        for right in rights:
            who.revoke(right)
            assert told(theirs) == ["permission_denied"], right
            who.grant(right)


def test_no_right_to_make_our_schema_is_said_before_the_first_night(postgresql_database, tmp_path):
    with login(postgresql_database) as who:
        house = small_house(postgresql_database, tmp_path, url=who.url)
        who.grant(*who.rights())
        assert told(house) == ["permission_denied"]
        who.tell("CREATE SCHEMA carddata")
        assert told(house) == ["permission_denied"]
        who.tell("GRANT CREATE, USAGE ON SCHEMA carddata TO {who}")
        assert told(house) == []


def test_clocks_that_disagree_stand_in_the_way(database, tmp_path):
    house = small_house(database, tmp_path)

    found = told(house, datetime.now(UTC) + timedelta(minutes=2))

    assert found == ([] if database.dialect == "sqlite" else ["clock"])


def test_service_ends_that_cannot_be_read_do_not_hide_the_rest(database, tmp_path):
    house = small_house(database, tmp_path)
    house.night()
    (tmp_path / "evidence.key").chmod(0o644)
    house.execute("ALTER TABLE services RENAME TO services_behind")

    assert told(house) == ["key_open", "table_missing"]


def test_a_database_that_does_not_answer_hides_all_and_is_raised(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)

    with pytest.raises(BlindError) as wrong:
        told(declared_anew(house, "postgresql://job@/billing?host=/nowhere"))

    assert wrong.value.code == "database_unreachable"
