"""A configuration that does not fit the database is refused before anything is counted, with what to type next."""

import functools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from nightly import House
from servers import DIALECTS, Database
from strange import CARDS, MOMENT, TEXT, bound, establish, keys, moment, refusal, told

from carddata_retention.errors import BlindError, ConfigError, RetentionError
from carddata_retention.model import State

BOOKS = CARDS | {"name": "books", "table": "books", "disposition": "redact", "also": ["brand"],
                 "fields": {"holder": "holder", "number": "token", "expiry": ["month", "year"]}}
COLUMNS = {"id": "INTEGER PRIMARY KEY", "customer_id": "INTEGER", "holder": "{text}", "token": "{text}",
           "month": "INTEGER", "year": "INTEGER", "brand": "{text}", "amount": "INTEGER"}


def tables(database: Database, *more: str, **columns: str | None) -> list[str]:
    """A table of books, one row due and one open; `columns` replaces, adds or (None) takes out columns."""
    text = TEXT[database.dialect]
    chosen = {name: kind.format(text=text) for name, kind in (COLUMNS | columns).items() if kind is not None}
    body = ", ".join(f"{name} {kind}" if name else kind for name, kind in chosen.items())
    return [
        f"CREATE TABLE services (customer_id INTEGER, ended_at {MOMENT[database.dialect]}, status {text})",
        f"INSERT INTO services VALUES (1, {moment(database, '2021-11-15 12:00:00')}, 'closed'), (2, NULL, 'open')",
        f"CREATE TABLE books ({body})", *more,
    ]


def house_with(database: Database, folder: Path, *more: str, target: dict[str, Any] | None = None,
               service_end: dict[str, Any] | None = None, subject: dict[str, Any] | None = None,
               **columns: str | None) -> House:
    return establish(database, folder, tables(database, *more, **columns), targets=[BOOKS | (target or {})],
                     service_end=service_end, subject=subject)


NAMES: dict[str, tuple[dict[str, Any], str, str]] = {
    "table": ({"table": "boks"}, "table_missing", "boks, which this login does not see; the nearest is books"),
    "table in another case": ({"table": "Books"}, "table_missing", "the nearest is books"),
    "key": ({"key": ["idd"]}, "column_missing", "the column idd, which books does not have; the nearest is id"),
    "subject": ({"subject": "customer"}, "column_missing", "the nearest is customer_id"),
    "field": ({"fields": {"number": "tokn"}}, "column_missing", "the nearest is token"),
    "also": ({"also": ["bran"]}, "column_missing", "the nearest is brand"),
    "hop": ({"subject": {"column": "customer_id", "through": [{"table": "servces", "from": ["id"], "to": ["id"]}]}},
            "table_missing", "the nearest is services"),
    "column of a hop": ({"subject": {"column": "customer_i", "through": [
        {"table": "services", "from": ["id"], "to": ["customer_id"]}]}}, "column_missing", "the nearest is customer_id"),
}


@pytest.fixture(scope="module")
def library(lasting_database: Callable[[str], Database]) -> Callable[[str], Database]:
    """A function from a dialect to a database with the tables, for what only looks."""

    @functools.cache
    def made(dialect: str) -> Database:
        database = lasting_database(dialect)
        told(database, *tables(database))
        return database

    return made


@pytest.fixture(params=DIALECTS)
def looked_at(request: pytest.FixtureRequest, library: Callable[[str], Database]) -> Database:
    return library(request.param)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_not_in_the_database_is_told_with_the_nearest_that_is(looked_at, tmp_path, name):
    declared, code, words = NAMES[name]
    error = refusal(establish(looked_at, tmp_path, [], targets=[BOOKS | declared]), "books")
    assert isinstance(error, BlindError)
    assert error.code == code
    assert "target books" in error.cause
    assert words in error.cause


@pytest.mark.parametrize(("service_end", "subject", "code", "words"), [
    ({"table": "service"}, None, "table_missing", "the nearest is services"),
    ({"subject": "custmer_id"}, None, "column_missing", "the nearest is customer_id"),
    ({"triggers": {"service_use_end": "endet_at", "service_provision_end": "ended_at"}}, None, "column_missing",
     "the nearest is ended_at"),
    ({"started": "started_at"}, None, "column_missing", "started_at"),
    ({"status": "state", "terminated": ["closed"]}, None, "column_missing", "the nearest is status"),
    ({}, {"table": "custmers", "key": "id"}, "table_missing", "[subject] table names"),
    ({}, {"table": "books", "key": "idd"}, "column_missing", "the nearest is id"),
    ({}, {"table": "books", "key": "id", "lock_column": "brnd"}, "column_missing", "the nearest is brand"),
])
def test_a_wrong_name_among_the_service_ends_stops_all_targets(looked_at, tmp_path, service_end, subject, code, words):
    house = establish(looked_at, tmp_path, [], targets=[BOOKS], service_end=service_end, subject=subject)
    with pytest.raises(BlindError) as caught:
        bound(house)
    assert caught.value.code == code
    assert words in caught.value.cause


@pytest.mark.parametrize(("dialect", "kind"), [*((d, "view") for d in DIALECTS), ("postgresql", "materialized view")])
def test_a_view_is_no_table(new_database, tmp_path, dialect, kind):
    database = new_database(dialect)
    house = house_with(database, tmp_path, f"CREATE {kind} seen AS SELECT * FROM books", target={"table": "seen"})
    error = refusal(house, "books")
    assert (error.code, "seen, which is a view" in error.cause) == ("not_a_table", True)
    with pytest.raises(BlindError) as caught:
        bound(establish(database, tmp_path, [], targets=[BOOKS], service_end={"table": "seen"}))
    assert caught.value.code == "not_a_table"


UNIQUE: dict[str, tuple[dict[str, str], list[str], str | None]] = {
    "no key at all": ({"id": "INTEGER"}, [], "no_unique_key"),
    "an index that is not unique": ({"id": "INTEGER NOT NULL"}, ["CREATE INDEX i ON books (id)"], "no_unique_key"),
    "a part of the key": ({"id": "INTEGER", "": "PRIMARY KEY (id, amount)"}, [], "no_unique_key"),
    "unique but nullable": ({"id": "INTEGER"}, ["CREATE UNIQUE INDEX i ON books (id)"], "nullable_key"),
    "unique but nullable beside a primary key": (
        {"id": "INTEGER", "amount": "INTEGER PRIMARY KEY"}, ["CREATE UNIQUE INDEX i ON books (id)"], "nullable_key"),
    "unique and not null": ({"id": "INTEGER NOT NULL"}, ["CREATE UNIQUE INDEX i ON books (id)"], None),
    "a unique constraint": ({"id": "INTEGER NOT NULL UNIQUE"}, [], None),
    "a primary key": ({}, [], None),
}


def shelf(database: Database, folder: Path, cases: Sequence[tuple[str, dict[str, str], Sequence[str], dict[str, Any]]]) -> House:
    """A table of books and a target for each case: its name, its columns, more statements on books, the declaration."""
    services, ends, *_ = tables(database)
    statements, targets = [services, ends], []
    for n, (name, columns, more, declared) in enumerate(cases):
        made = [tables(database, **columns)[2], *more]
        statements += [re.sub(r"\bbooks\b", f"books_{n}", s).replace("INDEX i ", f"INDEX i_{n} ") for s in made]
        targets.append(BOOKS | {"name": name, "table": f"books_{n}"} | declared)
    return establish(database, folder, statements, targets=targets)


def test_a_target_needs_a_key_that_names_every_row(database, tmp_path):
    house = shelf(database, tmp_path, [(name, columns, more, {}) for name, (columns, more, _) in UNIQUE.items()])

    found = bound(house).targets

    assert {name: getattr(found[name], "code", None) for name in UNIQUE} == {
        name: code for name, (_, _, code) in UNIQUE.items()}
    for n in range(len(UNIQUE)):
        house.execute(f"INSERT INTO books_{n} (id, customer_id, token, amount) VALUES (1, 1, 'tok_a', 1)")
    states = {t.name: t.state for t in house.night().targets}
    assert states == {name: State.CLEAN if code is None else State.BLIND for name, (_, _, code) in UNIQUE.items()}
    assert [house.execute(f"SELECT token FROM books_{n}")[0][0] for n in range(len(UNIQUE))] == [
        None if code is None else "tok_a" for _, _, code in UNIQUE.values()]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_an_index_over_some_rows_is_no_key(new_database, tmp_path, dialect):
    house = house_with(new_database(dialect), tmp_path, "CREATE UNIQUE INDEX i ON books (id) WHERE amount > 0",
                       id="INTEGER NOT NULL")
    assert refusal(house, "books").code == "no_unique_key"


def test_a_primary_key_of_sqlite_may_say_nothing_of_null_as_long_as_no_row_is_nameless(sqlite_database, tmp_path):
    house = house_with(sqlite_database, tmp_path, "INSERT INTO books (id, customer_id, token) VALUES ('a', 1, 'tok_a')",
                       id="TEXT PRIMARY KEY")
    assert bound(house).usable
    house.execute("INSERT INTO books (id, customer_id, token) VALUES (NULL, 1, 'tok_b')")
    assert refusal(house, "books").code == "nullable_key"


# What the column is, what is written into it, and the answer: a code with words, or None where it works.
EMPTIED: dict[str, tuple[str, Any, str | None, str]] = {
    "NOT NULL": ("{text} NOT NULL", "null", "not_null", "mask"),
    "a mask where NOT NULL": ("{text} NOT NULL", {"mask": "***"}, None, ""),
    "a mask that just fits": ("VARCHAR(12)", {"mask": "*" * 12}, None, ""),
    "a mask in a fixed length": ("CHAR(12) NOT NULL", {"mask": "***"}, None, ""),
    "unique and emptied": ("VARCHAR(40) UNIQUE", "null", None, ""),
    "a mask where unique": ("VARCHAR(40) UNIQUE", {"mask": "***"}, "unique_field", "Write null"),
}
EMPTIED_ON_SERVERS: dict[str, tuple[str, Any, str | None, str]] = {
    "a mask too long": ("VARCHAR(12)", {"mask": "*" * 13}, "mask_too_long", "has 13 characters, the column 12"),
    "a word in a number": ("BIGINT", {"mask": "***"}, "mask_type", "BIGINT"),
    "a word in a decimal": ("DECIMAL(19, 0)", {"mask": "***"}, "mask_type", "no value of its type"),
    "a word in a date": ("DATE", {"mask": "***"}, "mask_type", "DATE"),
    "a number in a number": ("BIGINT NOT NULL", {"mask": "0"}, None, ""),
    "a number in a decimal": ("DECIMAL(19, 0) NOT NULL", {"mask": "0"}, None, ""),
}


def test_what_is_written_into_a_card_field_must_fit(database, tmp_path):
    """What does not fit is refused by its column; what fits is written into the due row, once, and into no other."""
    cases = EMPTIED if database.dialect == "sqlite" else EMPTIED | EMPTIED_ON_SERVERS
    house = shelf(database, tmp_path, [
        (name, {"token": column}, [], {"redact": {"number": form}}) for name, (column, form, *_) in cases.items()])
    found = bound(house).targets
    for name, (_, _, code, words) in cases.items():
        error = found[name]
        assert getattr(error, "code", None) == code, name
        if isinstance(error, RetentionError):
            assert "token" in error.cause
            assert words in error.cause + error.cure, name
    fitting = {n: name for n, (name, (_, _, code, _)) in enumerate(cases.items()) if code is None}
    assert len(fitting) >= 4
    for n in fitting:
        house.execute(f"INSERT INTO books_{n} (id, customer_id, token) VALUES (1, 1, '411100001111'), (2, 2, '411100001112')")

    first, second = ({t.name: t for t in house.night().targets} for _ in range(2))

    for n, name in fitting.items():
        form = cases[name][1]
        assert (first[name].state, first[name].purged, second[name].blank) == (State.CLEAN, 1, 1), name
        due, other = (row[0] for row in house.execute(f"SELECT token FROM books_{n} ORDER BY id"))
        assert str(other).strip() == "411100001112"
        assert due is None if form == "null" else str(due).strip() == form["mask"]
    assert {t.state for name, t in first.items() if name not in fitting.values()} == {State.BLIND}


def test_an_also_column_that_is_not_null_is_refused_and_has_no_mask(database, tmp_path):
    error = refusal(house_with(database, tmp_path, brand="{text} NOT NULL"), "books")
    assert (error.code, "brand" in error.cause, "mask" in error.cure) == ("not_null", True, False)


def test_a_column_that_the_database_computes_cannot_be_emptied(database, tmp_path):
    text = TEXT[database.dialect]
    house = house_with(database, tmp_path, brand=f"{text} GENERATED ALWAYS AS (token) STORED")
    assert refusal(house, "books").code == "generated_column"


def test_an_enumeration_takes_only_its_own_words(database, tmp_path):
    kinds = {"sqlite": "TEXT", "postgresql": "brand", "mariadb": "ENUM('visa', 'jcb', 'none') NOT NULL"}
    type_ = ["CREATE TYPE brand AS ENUM ('visa', 'jcb', 'none')"] if database.dialect == "postgresql" else []
    statements = [*type_, *tables(database, brand=kinds[database.dialect])]

    def masked(mask: str, *made: str) -> House:
        target = {"fields": {"number": "token", "holder": "brand"}, "also": [], "redact": {"holder": {"mask": mask}}}
        return establish(database, tmp_path, made, targets=[BOOKS | target])

    wrong = masked("nothing", *statements)
    if database.dialect != "sqlite":  # where it is text
        assert refusal(wrong, "books").code == "mask_type"
    house = masked("none")
    house.execute("INSERT INTO books (id, customer_id, token, brand) VALUES (1, 1, 'tok', 'visa'), (2, 2, 'tok', 'jcb')")
    assert house.night().targets[0].state is State.CLEAN
    assert house.night().targets[0].blank == 1
    assert house.execute("SELECT id, token, brand FROM books ORDER BY id") == [(1, None, "none"), (2, "tok", "jcb")]


def test_a_field_of_a_domain_is_read_as_what_it_is_made_of(postgresql_database, tmp_path):
    house = establish(postgresql_database, tmp_path, [
        "CREATE DOMAIN secret AS TEXT CHECK (value <> 'no')",
        *tables(postgresql_database, "INSERT INTO books (id, customer_id, token) VALUES (1, 1, ''), (2, 1, 'tok')",
                token="secret")], targets=[BOOKS | {"redact": {"number": {"mask": "***"}}}])
    target = house.night().targets[0]
    assert (target.blank, target.purged) == (1, 1)


@pytest.mark.parametrize("table", ["books", "services", "customers"])
def test_a_table_that_cannot_roll_back_is_refused(mariadb_database, tmp_path, table):
    house = house_with(mariadb_database, tmp_path, "CREATE TABLE customers (id INTEGER PRIMARY KEY)",
                       f"ALTER TABLE {table} ENGINE = MyISAM", subject={"table": "customers", "key": "id"})
    if table == "books":
        error: Any = refusal(house, "books")
    else:
        with pytest.raises(BlindError) as caught:
            bound(house)
        error = caught.value
    assert error.code == "not_transactional"
    assert f"{table} is MyISAM" in error.cause
    assert error.cure == f"ALTER TABLE {table} ENGINE = InnoDB;"


def test_the_race_is_closed_only_by_a_foreign_key_of_the_subject_itself(new_database, tmp_path):
    for number, dialect in enumerate(("postgresql", "mariadb")):
        database, folder = new_database(dialect), tmp_path / str(number)
        folder.mkdir()
        customers = {"table": "customers", "key": "id"}
        house = establish(database, folder, [
            "CREATE TABLE customers (id INTEGER PRIMARY KEY)", *tables(database),
            "ALTER TABLE services ADD COLUMN referred_by INTEGER",
            "ALTER TABLE services ADD FOREIGN KEY (referred_by) REFERENCES customers (id)",
        ], targets=[BOOKS], subject=customers)
        assert bound(house).service.race_closed_by is None
        house.execute("INSERT INTO customers VALUES (1), (2)")
        house.execute("ALTER TABLE services ADD FOREIGN KEY (customer_id) REFERENCES customers (id)")
        assert bound(house).service.race_closed_by == "row locks on customers and its foreign key"


def test_what_is_wrong_with_one_target_never_stops_the_others(database, tmp_path):
    house = establish(database, tmp_path, [
        *tables(database), f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, token {TEXT[database.dialect]})",
        "INSERT INTO cards VALUES (1, 1, 'tok_a'), (2, 2, 'tok_b')",
    ], targets=[BOOKS | {"table": "boks"}, CARDS])
    night = house.night()
    assert [t.state for t in night.targets] == [State.BLIND, State.CLEAN]
    assert (night.exit_code, keys(house)) == (40, [2])


def test_the_services_may_be_a_target_themselves(database, tmp_path):
    text, when = TEXT[database.dialect], moment(database, "2021-11-15 12:00:00")
    spelt = {"sqlite": "services", "postgresql": "public.services",
             "mariadb": f"{database.engine.url.database}.services"}[database.dialect]
    house = establish(database, tmp_path, [
        f"CREATE TABLE services (id INTEGER PRIMARY KEY, customer_id INTEGER, ended_at {MOMENT[database.dialect]}, "
        f"token {text})",
        f"INSERT INTO services VALUES (1, 1, {when}, 'a'), (2, 2, {when}, 'b'), (3, 2, NULL, 'c')",
    ], targets=[CARDS | {"table": spelt, "disposition": "redact"}])
    assert house.night().targets[0].state is State.CLEAN
    assert house.execute("SELECT token FROM services ORDER BY id") == [(None,), ("b",), ("c",)]


def test_a_column_that_moves_by_itself_stays_where_it_is(mariadb_database, tmp_path):
    house = house_with(mariadb_database, tmp_path,
                       touched="TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)")
    house.execute("INSERT INTO books (id, customer_id, token, touched) VALUES (1, 1, 'tok', '2020-01-01')")
    assert house.night().targets[0].purged == 1
    assert str(house.execute("SELECT touched FROM books")[0][0]) == "2020-01-01 00:00:00"


def test_an_unknown_word_of_ours_is_never_taken_for_a_card_field(database, tmp_path):
    with pytest.raises(ConfigError) as caught:
        house_with(database, tmp_path, target={"fields": {"cvv": "token"}})
    assert caught.value.code == "config_unknown_key"
