"""`check` says all that stands in the way of a run, at once and each with its cure; it removes and makes nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from logins import OWN, login
from small_house import contents, declared_anew, small_house
from strange import MOMENT, TEXT, establish

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


def test_all_problems_are_said_at_once_each_with_its_cure(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    house.night()
    (tmp_path / "evidence.key").chmod(0o644)
    house.execute("ALTER TABLE payments RENAME COLUMN card_exp TO expires")
    house.execute("CREATE TABLE card_history (id INTEGER PRIMARY KEY, card INTEGER NOT NULL, "
                  "FOREIGN KEY (card) REFERENCES cards (id))")
    (tmp_path / "in the way").touch()
    house = declared_anew(house)
    text = (tmp_path / "retention.toml").read_text().replace("[report]\n", '[report]\ndirectory = "in the way"\n')
    (tmp_path / "retention.toml").write_text(text)
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
    "deadline": ("SELECT", "INSERT"), "event": ("SELECT", "INSERT"),
    "work": ("SELECT", "INSERT", "UPDATE", "DELETE"), "target": ("SELECT", "INSERT", "DELETE"),
    "hold": ("SELECT",), "request": ("SELECT", "UPDATE (closed_at)"),
    "attestation": ("SELECT", "UPDATE (overtaken_at, overtaken_by)"),
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


def test_service_ends_that_cannot_be_read_do_not_hide_the_rest(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    house.night()
    (tmp_path / "evidence.key").chmod(0o644)
    house.execute("ALTER TABLE services RENAME TO services_behind")

    assert told(house) == ["key_open", "table_missing"]


def test_a_database_that_does_not_answer_hides_all_and_is_raised(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)

    with pytest.raises(BlindError) as wrong:
        told(declared_anew(house, "postgresql://job@/billing?host=/nowhere"))

    assert wrong.value.code == "database_unreachable"


# What stands in the service ends


def ends(database, folder, literals, *, statuses=None, **service_end):
    """A service and a card for each literal; `check` on it."""
    column = "TEXT" if database.dialect == "sqlite" else "BIGINT" if "encoding" in service_end else MOMENT[database.dialect]
    words = statuses or ["closed"] * len(literals)
    rows = ", ".join(f"({n}, {end}, '{word}')" for n, (end, word) in enumerate(zip(literals, words, strict=True), 1))
    return establish(database, folder, [
        f"CREATE TABLE services (customer_id INTEGER, ended_at {column}, status {TEXT[database.dialect]})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, token {TEXT[database.dialect]})",
        f"INSERT INTO services VALUES {rows}", "INSERT INTO cards VALUES (1, 1, 'a')",
    ], service_end=service_end)


@pytest.mark.parametrize(("literals", "declared"), [
    (["'2021-05-01 12:00:00'", "'2021-06-01 12:00:00'"], {"kind": "inclusive-date"}),
    (["'01.05.2021'", "NULL"], {}), (["1620000000"], {}), (["'2021-05-01'"], {"encoding": "unix"}),
])
def test_ends_of_which_not_one_can_be_read_as_declared_are_told(sqlite_database, tmp_path, literals, declared):
    house = ends(sqlite_database, tmp_path, literals, **declared)

    problems = check_all(house.config, datetime.now(UTC))

    assert [p.code for p in problems] == ["ends_not_as_declared"]
    assert all(text.strip("'") not in str(problems[0].as_json()) for text in literals if text != "NULL")


@pytest.mark.parametrize(("end", "encoding"), [(1_620_000_000_000, "unix"), (1_620_000_000, "unix-ms")])
def test_numbers_of_another_unit_are_told_on_every_database(database, tmp_path, end, encoding):
    house = ends(database, tmp_path, [str(end), "NULL"], encoding=encoding, zone=None)

    assert told(house) == ["ends_not_as_declared"]


@pytest.mark.parametrize("literals", [["'2021-05-01 12:00:00'", "'unknown'"], ["NULL"]])
def test_one_end_that_can_be_read_is_enough_and_none_is_none(sqlite_database, tmp_path, literals):
    assert told(ends(sqlite_database, tmp_path, literals)) == []


def test_a_word_of_terminated_that_no_row_has_is_told_with_those_that_are_there(database, tmp_path):
    house = ends(database, tmp_path, ["NULL", "NULL"], statuses=["closed", "open"], status="status",
                 terminated=["closed", "Closed", "cancelled"])

    (problem,) = check_all(house.config, datetime.now(UTC))

    assert problem.code == "terminated_unknown"
    assert "'Closed'" in problem.cause
    assert "'closed', 'open'" in problem.cause
    assert problem.cure
    assert told(ends_again(house, ["closed"])) == []


def ends_again(house, terminated):
    section = house.config.service_end.model_copy(update={"terminated": terminated})
    return replace(house, config=house.config.model_copy(update={"service_end": section}))


@pytest.mark.parametrize("statuses", [
    ["4111111111111111"], ["a" * 21], [f"a{'b' * n}" for n in range(11)], ["taro@example.org"]])
def test_what_may_be_no_word_is_not_repeated(sqlite_database, tmp_path, statuses):
    house = ends(sqlite_database, tmp_path, ["NULL"] * len(statuses), statuses=statuses, status="status", terminated=["closed"])

    (problem,) = check_all(house.config, datetime.now(UTC))

    assert problem.code == "terminated_unknown"
    assert not [text for text in statuses if len(text) > 11 and text in str(problem.as_json())]
    assert "not repeated" in problem.cause


def test_a_night_in_which_nobody_ever_ended_says_so_every_night_and_so_does_the_look(sqlite_database, tmp_path):
    house = ends(sqlite_database, tmp_path, ["'2021-05-01 12:00:00'"], status="status", terminated=["Closed"])

    looks = [house.plan()[0], house.night(), house.night(), house.verify(), house.plan()[0]]

    assert [look.exit_code for look in looks] == [0] * 5
    assert [[(f.severity, f.count) for f in look.findings if f.id == "nobody_ended"] for look in looks] == [
        [("warn", 1)]] * 5
