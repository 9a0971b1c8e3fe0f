"""A `where` that does not fit is refused when the configuration is bound, so that check, plan and run all say it."""

import functools
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from nightly import House
from servers import DIALECTS
from strange import CARDS, MOMENT, TEXT, establish, keys, moment, statuses
from strange import told as execute

from carddata_retention.check import check_all
from carddata_retention.errors import ConfigError
from carddata_retention.model import State


def tables(database: Any) -> list[str]:
    """Customers 1 and 2 are due; the card of 2 is no card."""
    text, past = TEXT[database.dialect], moment(database, "2021-11-15 12:00:00")
    return [
        f"CREATE TABLE services (customer_id INTEGER, ended_at {MOMENT[database.dialect]}, method {text})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, method {text}, token {text})",
        f"INSERT INTO services VALUES (1, {past}, 'card'), (2, {past}, 'bill')",
        "INSERT INTO cards VALUES (1, 1, 'card', 'a'), (2, 2, 'bill', 'a')",
    ]


def house_of(database: Any, folder: Any, where: str, *, services: bool = False, service_end: Any = None,
             made: bool = False) -> House:
    """Those tables, which may be made already, and a condition on the cards or on the services."""
    target = {} if services else {"where": where}
    return establish(database, folder, [] if made else tables(database), targets=[CARDS | target],
                     service_end=service_end or ({"where": where} if services else None))


@pytest.fixture(scope="module")
def library(lasting_database: Any) -> Any:
    """A function from a dialect to a database with the tables, for what only looks."""

    @functools.cache
    def made(dialect: str) -> Any:
        database = lasting_database(dialect)
        execute(database, *tables(database))
        return database

    return made


@pytest.fixture(params=DIALECTS)
def looked_at(request: Any, library: Any) -> Any:
    return library(request.param)


def told(house: House) -> ConfigError:
    """What `check` says, alone and with a cure."""
    problems = check_all(house.config, datetime.now(UTC))
    assert len(problems) == 1
    assert isinstance(problems[0], ConfigError)
    assert problems[0].cure
    return problems[0]


def refused(house: House) -> ConfigError:
    """What `check` says; `plan` and `run` are blind, and nothing is removed."""
    problem = told(house)
    for answer in (lambda: house.plan()[0], house.night):
        with suppress(ConfigError):  # what is wrong with the service ends stops all
            night = answer()
            assert (night.exit_code, night.targets[0].state) == (40, State.BLIND)
            assert problem.code in [f.id for f in night.findings]
    assert keys(house) == [1, 2]
    return problem


WRONG = {
    "syntax": ("method = ", "the database refuses it"),
    "an unknown column": ("methd = 'card'", "methd is no column of cards; the nearest is method"),
    "an unknown function": ("no_such_function(method) = 1", "the database refuses it"),
    "its own parentheses": ("1=1) OR (1=1", "parentheses"),
    "one that is not closed": ("(method = 'card'", "parentheses"),
    "another statement": ("1=1; DROP TABLE cards", "semicolon"),
    "a statement behind": ("1=1)); DROP TABLE cards; SELECT ((1=1", "parentheses"),
    "a quote that does not end": ("method = 'card", "does not end"),
    "a comment that does not end": ("method = 'card' /* and", "does not end"),
    "more than a condition": ("method = 'card' ORDER BY 1", "the database refuses it"),
    "nothing": ("-- all of them", "says nothing"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_where_that_does_not_fit_is_told_by_its_key(looked_at, tmp_path, wrong):
    where, words = WRONG[wrong]
    error = told(house_of(looked_at, tmp_path, where, made=True))
    assert error.code == "condition_refused"
    assert error.cause.startswith("targets.cards.where: ")
    assert words in error.cause


@pytest.mark.parametrize("wrong", ["an unknown column", "its own parentheses"])
def test_so_is_that_of_the_service_ends(looked_at, tmp_path, wrong):
    where, words = WRONG[wrong]
    error = told(house_of(looked_at, tmp_path, where, services=True, made=True))
    assert error.code == "condition_refused"
    assert error.cause.startswith("service_end.where: ")
    assert words.replace("cards", "services") in error.cause


@pytest.mark.parametrize("services", [False, True], ids=["of the target", "of the service ends"])
def test_and_no_night_removes_anything_by_it(database, tmp_path, services):
    refused(house_of(database, tmp_path, WRONG["its own parentheses"][0], services=services))


RIGHT = ["method = 'card'", "((method = 'card'))", "method = 'card' -- :-)\n  AND 'it''s ;)' = 'it''s ;)'",
         "method = 'card' /* ) ; ' */", "EXISTS (SELECT 1 FROM services s WHERE s.customer_id = id AND s.method = 'card')"]


@pytest.mark.parametrize("where", RIGHT)
def test_quotes_comments_and_parentheses_that_end_are_no_matter(looked_at, tmp_path, where):
    house = house_of(looked_at, tmp_path, where, made=True)
    assert check_all(house.config, datetime.now(UTC)) == []
    assert statuses(house) == {1: "due"}


@pytest.mark.parametrize("where", RIGHT[2:3] + RIGHT[-1:])
def test_nor_are_they_in_a_night(database, tmp_path, where):
    house = house_of(database, tmp_path, where)
    assert (house.night().exit_code, keys(house)) == (0, [2])


ESCAPES = {"mariadb": r"'\')' = '\')' AND method = 'card' # :-)", "postgresql": r"E'\')' = $x$')$x$ AND method = 'card'",
           "sqlite": "[method] = 'card' AND `id` = id AND ')' = ')'"}


@pytest.mark.parametrize("dialect", ESCAPES)
def test_each_database_has_quotes_of_its_own(new_database, tmp_path, dialect):
    house = house_of(new_database(dialect), tmp_path, ESCAPES[dialect])
    assert (house.night().exit_code, keys(house)) == (0, [2])


@pytest.mark.parametrize(("dialect", "where"), [
    ("mariadb", "1=1 --1) OR (1=1"), ("mariadb", "1=1 /*! ) OR ( */ OR 1=1"), ("mariadb", r"'\\') OR (1=1"),
    ("postgresql", r"'\') OR (1=1"), ("sqlite", r"'\') OR (1=1")])
def test_what_is_a_comment_or_a_quote_elsewhere_hides_nothing(new_database, tmp_path, dialect, where):
    assert refused(house_of(new_database(dialect), tmp_path, where)).code == "condition_refused"


@pytest.mark.parametrize("services", [False, True])
def test_sqlite_makes_no_text_of_a_misspelt_name(sqlite_database, tmp_path, services):
    error = refused(house_of(sqlite_database, tmp_path, "\"methd\" <> 'bill'", services=services))
    assert error.code == "column_missing"
    assert "the nearest is method" in error.cause
    assert ("service_end.where" if services else "targets.cards.where") in error.cause


@pytest.mark.parametrize("where", ["\"method\" <> 'bill'", "\"METHOD\" <> 'bill' AND \"id\" = 1",
                                   "\"cards\".\"method\" <> 'bill' AND '\"methd\"' = '\"methd\"'"])
def test_names_in_double_quotes_that_are_columns_stay_what_they_are(sqlite_database, tmp_path, where):
    house = house_of(sqlite_database, tmp_path, where)
    assert (house.night().exit_code, keys(house)) == (0, [2])


def test_nor_of_a_row_number_that_it_knows_in_one_table_alone(sqlite_database, tmp_path):
    assert refused(house_of(sqlite_database, tmp_path, "\"rowid\" = id")).code == "column_missing"


def test_nor_does_it_in_a_query(sqlite_database, tmp_path):
    query = 'SELECT customer_id, max("ended_at") AS "ended_at", 1 AS "one" FROM services AS s WHERE "{}" <> \'bill\' ' \
            'GROUP BY "s"."customer_id" ORDER BY "one"'
    (tmp_path / "ends.sql").write_text(query.format("methd"), encoding="utf-8")
    house = house_of(sqlite_database, tmp_path, "", service_end={
        "table": None, "query": "ends.sql", "locks": [{"table": "services", "subject": "customer_id"}]}, services=True)
    assert refused(house).code == "column_missing"
    (tmp_path / "ends.sql").write_text(query.format("method"), encoding="utf-8")
    assert (house.night().exit_code, keys(house)) == (0, [2])


def test_a_column_that_where_names_and_nobody_may_read_is_told(postgresql_database, tmp_path):
    from logins import login

    with login(postgresql_database) as who:
        house = house_of(postgresql_database, tmp_path, "method = 'card'")
        who.grant(("SELECT", "services"), ("SELECT (id, customer_id, token)", "cards"), ("DELETE", "cards"),
                  ("UPDATE (id)", "cards"), ("UPDATE (customer_id)", "services"))
        who.may_make_our_tables()
        execute(postgresql_database, "ALTER TABLE cards OWNER TO CURRENT_USER")
        text = (tmp_path / "retention.toml").read_text().replace(postgresql_database.url, who.url)
        (tmp_path / "retention.toml").write_text(text)
        from carddata_retention.config import load

        problems = [p.code for p in check_all(load(house.folder / "retention.toml"), datetime.now(UTC))]
    assert problems == ["permission_denied"]


def test_a_column_may_be_called_as_something_in_our_own_statements(database, tmp_path):
    text = TEXT[database.dialect]
    house = establish(database, tmp_path, [
        f"CREATE TABLE services (customer_id INTEGER, ended_at {MOMENT[database.dialect]}, subject {text})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, subject {text}, token {text})",
        f"INSERT INTO services VALUES (1, {moment(database, '2021-11-15 12:00:00')}, 'x')",
        "INSERT INTO cards VALUES (1, 1, 'x', 'a'), (2, 1, 'y', 'a')",
    ], targets=[CARDS | {"where": "subject = 'x'"}], service_end={"where": "subject = 'x'"})
    assert (house.night().exit_code, keys(house)) == (0, [2])
