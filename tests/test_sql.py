"""What DBAs own and read: sql/ is what the product makes and sends today, on three real databases."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from example import DIALECTS, SQL, commands, example, rendered, schema_file
from nightly import House
from servers import PRODUCT, Database, ServerMissing, Servers
from small_house import LEAN, ONE_EACH, small, small_gate, small_house
from sqlalchemy import event

from carddata_retention.own_tables import HOLDS, own_tables

CUSTOMERS_TABLES = ("customers", "services", "cards", "card_usage", "payments")
OF_THE_CATALOGUE = re.compile(r"SHOW CREATE|PRAGMA|.*(information_schema|pg_catalog|pg_class|sqlite_master)", re.S)


@dataclass(frozen=True)
class Watched:
    """A night, an independent look and a plan on the example, and every statement that the first two sent."""

    house: House
    sent: list[str]
    shown: list[tuple[str, str]]


def lean(database: Database, folder: Path) -> House:
    """The example with a small gate: the database counts what the gate asks all the same, whatever judges it."""
    small_gate(folder, ONE_EACH)
    return example(database, folder, **LEAN)


ONCE_EACH = [pytest.param(d, marks=pytest.mark.xdist_group(f"sql-{d}")) for d in DIALECTS]  # one worker, one night


@contextmanager
def held_by_others(house: House) -> Iterator[None]:
    """Locks of somebody else's on some of everything, so that a night asks what it asks only then."""
    with house.database.engine.connect() as connection:
        for table in ("customers", "services") if house.database.dialect != "sqlite" else ():
            for one in connection.exec_driver_sql(f"SELECT id FROM {table} ORDER BY id").scalars().all()[::5]:
                # Each by itself: to find several MariaDB walks over others, and locks them on its way.
                connection.exec_driver_sql(f"SELECT id FROM {table} WHERE id = {one} FOR UPDATE")
        yield
        connection.rollback()


def hold_some_candidates(house: House) -> None:
    """What is held after it was frozen must be left, and asked why."""
    for command in commands((SQL / "schema" / f"{house.database.dialect}.sql").read_text("utf-8")):
        house.execute(command)
    held = (f"INSERT INTO {house.own('hold')} (id, scope, target, item, basis, placed_by, placed_at) "
            "VALUES ({}, 'record', NEW.target, NEW.record_key, 'dispute', 'p', 't'); END")
    house.execute({
        "postgresql": "CREATE FUNCTION carddata.late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.seq % 2 = 1 THEN "
                      + held.format("NEW.target || NEW.seq") + " IF; RETURN NEW; END $$; CREATE TRIGGER late "
                      "AFTER INSERT ON carddata.work FOR EACH ROW EXECUTE FUNCTION carddata.late()",
        "sqlite": "CREATE TRIGGER late AFTER INSERT ON carddata_work WHEN NEW.seq % 2 BEGIN "
                  + held.format("NEW.target || NEW.seq"),
        "mariadb": "CREATE TRIGGER late AFTER INSERT ON carddata_work FOR EACH ROW IF NEW.seq % 2 THEN "
                   + held.format("concat(NEW.target, NEW.seq)") + " IF",
    }[house.database.dialect])


@pytest.fixture(scope="module", params=ONCE_EACH)
def watched(request: pytest.FixtureRequest, servers: Servers,
            tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with ExitStack() as stack:
        try:
            database = stack.enter_context(servers.database(request.param))
        except ServerMissing as missing:
            pytest.skip(f"NOT TESTED: {PRODUCT[request.param]}: no server here ({missing})")
        house = lean(database, tmp_path_factory.mktemp(request.param))
        stack.enter_context(held_by_others(house))
        hold_some_candidates(house)
        with recorded() as sent:
            house.night(datetime.now(ZoneInfo("Asia/Tokyo")).date())
            house.verify()
        yield Watched(house, sent, house.plan(sql=True)[2])


def test_the_files_are_what_make_sql_would_write(watched):
    stale = [path.relative_to(SQL).as_posix() for path, text in rendered(watched.house)
             if not path.is_file() or path.read_text("utf-8") != text]

    assert stale == [], "type: make sql"


def test_every_generated_file_is_of_a_dialect_and_says_that_it_is_generated():
    folders = ("schema", "statements")
    found = {path.relative_to(SQL).as_posix() for folder in folders for path in (SQL / folder).iterdir()}

    assert found == {f"{folder}/{dialect}.sql" for folder in folders for dialect in DIALECTS}
    for path in found:
        assert (SQL / path).read_text("utf-8").startswith("-- Generated from ")


# Our own tables


def apply(engine: sa.Engine, script: str) -> None:
    """What a DBA does with psql, mariadb or sqlite3."""
    with engine.begin() as connection:
        for command in commands(script):
            connection.exec_driver_sql(command.replace("%", "%%"))


def structure(engine: sa.Engine, schema: str | None) -> dict[str, Any]:
    """Our tables as the catalogue tells them: columns, keys, indexes, checks, comments, options."""
    inspector = sa.inspect(engine)
    names = [n for n in inspector.get_table_names(schema) if schema or n.startswith("carddata_")]
    told: dict[str, Any] = {}
    for name in names:
        told[name] = [
            [(c["name"], str(c["type"]), getattr(c["type"], "collation", None), c["nullable"], c["default"])
             for c in inspector.get_columns(name, schema)],
            inspector.get_pk_constraint(name, schema), inspector.get_indexes(name, schema),
            inspector.get_unique_constraints(name, schema), inspector.get_check_constraints(name, schema),
            inspector.get_foreign_keys(name, schema), inspector.get_table_options(name, schema),
        ]
        if engine.dialect.supports_comments:
            told[name].append(inspector.get_table_comment(name, schema))
    return told


def test_a_dba_who_applies_the_file_gets_exactly_what_a_first_night_makes(database, new_database, tmp_path):
    by_dba, by_night = database, new_database(database.dialect)
    schema = "carddata" if database.dialect == "postgresql" else None
    apply(by_dba.engine, (SQL / "schema" / f"{database.dialect}.sql").read_text("utf-8"))
    applied = structure(by_dba.engine, schema)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()

    small_house(by_night, tmp_path / "a", small(4)).night()
    first = small_house(by_dba, tmp_path / "b", small(4)).night()

    assert len(applied) == len(HOLDS)
    assert structure(by_night.engine, schema) == applied
    assert structure(by_dba.engine, schema) == applied
    assert first.exit_code == 0
    assert sum(t.purged for t in first.targets) > 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_table_of_ours_says_what_it_holds_and_what_it_never_holds(dialect):
    tables = own_tables(dialect, "carddata", "carddata_").metadata.tables.values()
    text = re.sub(r"\n-- ", " ", schema_file(dialect))

    assert len(tables) == len(HOLDS)
    for table in tables:
        assert table.comment.endswith("Never a card value.")
        assert f" {table.comment}\nCREATE TABLE {table.fullname} (" in text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_another_schema_or_prefix_names_every_table_and_index(dialect):
    text = "\n".join(commands(schema_file(dialect).replace("carddata", "audit")))

    made = own_tables(dialect, "audit", "audit_")

    for table in made.metadata.tables.values():
        assert f"CREATE TABLE {table.fullname} (" in text
        for index in table.indexes:
            assert f"CREATE INDEX {index.name} ON {table.fullname}" in text
    assert "carddata" not in text


# What a night sends


def shape(statement: str) -> str:
    """A statement without its layout and its values: parameters, constants and lists all become one mark."""
    text = re.sub(r"(?<==)NULL\b|\bchar\(\d+\)|%\(\w+\)s|%s|\?|(?<![:\w]):\w+|(?:\bE)?'(?:[^']|'')*'"
                  r"|(?<![\w\".`])\d+\b", "§", statement)
    text = re.sub(r"::(?:TIMESTAMP WITH TIME ZONE|[A-Z]+)(?:\(\d+\))?(?:\[\])?", "", text)
    text = re.sub(r"\s+", "", text)
    return re.sub(r"§(,§)+", "§", text)


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Every statement that any engine sends meanwhile."""
    sent: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(sa.Engine, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(sa.Engine, "before_cursor_execute", listen)


def on_customers_tables(statements: list[str]) -> set[str]:
    named = re.compile(r"[\"`](" + "|".join(CUSTOMERS_TABLES) + r")[\"`]")
    return {s for s in statements if named.search(s) and not OF_THE_CATALOGUE.match(s)}


def promised(dialect: str) -> set[str]:
    return {shape(c) for c in commands((SQL / "statements" / f"{dialect}.sql").read_text("utf-8"))}


def test_a_night_sends_nothing_to_customers_tables_that_is_not_in_the_file(watched):
    found = on_customers_tables(watched.sent)

    assert len(found) > 20
    assert {s for s in found if shape(s) not in promised(watched.house.database.dialect)} == set()


def test_the_file_promises_nothing_that_a_night_does_not_send(watched):
    sent = {shape(s) for s in on_customers_tables(watched.sent)}

    assert promised(watched.house.database.dialect) - sent == set()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_statements_write_only_what_is_declared(dialect):
    text = commands((SQL / "statements" / f"{dialect}.sql").read_text("utf-8"))
    unquoted = [re.sub(r"[\"`]", "", c) for c in text]

    deleted = {m[1] for c in unquoted if (m := re.match(r"DELETE FROM (\w+)", c))}
    updated = {m[1]: sorted(re.findall(r"(\w+)=", m[2])) for c in unquoted
               if (m := re.match(r"UPDATE (\w+)\s+SET (.*?)\s+WHERE", c, re.S))}

    assert deleted == {"cards", "card_usage"}
    assert updated == {"payments": ["brand", "card_exp", "card_holder", "card_token", "last4"]}
    inserted = {m[1] for c in unquoted if (m := re.match(r"INSERT INTO ([\w.]+)", c))}
    assert inserted == {f"carddata{'.' if dialect == 'postgresql' else '_'}{name}"
                        for name in ("tombstone", *(["work"] if dialect != "mariadb" else []))}
    others = [c for c in unquoted if not re.match(r"SELECT|DELETE FROM|UPDATE|INSERT INTO", c)]
    assert others == (["ANALYZE cards"] if dialect == "postgresql" else [])


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_no_lock_ever_waits(dialect):
    locks = [c for c in commands((SQL / "statements" / f"{dialect}.sql").read_text("utf-8")) if "FOR UPDATE" in c]

    waiting = [c for c in locks if "1 = 0" not in c
               and len(re.findall(r"FOR UPDATE(?: OF \S+)? (?:SKIP LOCKED|NOWAIT)", c)) < c.count("FOR UPDATE")]

    assert len(locks) > 8
    assert waiting == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_files_are_plain_text_that_no_editor_changes(dialect):
    for folder in ("schema", "statements"):
        text = (SQL / folder / f"{dialect}.sql").read_bytes().decode("utf-8")
        assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_person_can_read_the_statements_on_one_screen(dialect):
    lines = (SQL / "statements" / f"{dialect}.sql").read_text("utf-8").splitlines()

    assert max(map(len, lines)) <= 120


def test_a_plan_shows_them_too_and_the_databases_own_plan(watched):
    titles = [title for title, _ in watched.shown]
    statements = {shape(text) for title, text in watched.shown if "plan for the" not in title}

    assert statements == promised(watched.house.database.dialect)
    for target in ("cards", "payments"):
        title = f"{target}: the database's plan for the candidates"
        plan = next(text for shown, text in watched.shown if shown == title)
        assert "services" in plan
    assert len(titles) == len(set(titles))


def test_a_plan_that_the_database_refuses_to_explain_is_a_plan_all_the_same(database, tmp_path):
    house = lean(database, tmp_path)

    def refuse(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        return ("EXPLAIN SELECT no_such_column" if statement.startswith("EXPLAIN") else statement), parameters

    event.listen(sa.Engine, "before_cursor_execute", refuse, retval=True)
    try:
        night, _, shown = house.plan(sql=True)
    finally:
        event.remove(sa.Engine, "before_cursor_execute", refuse)

    assert [text for title, text in shown if "plan for the" in title] == ["-- the database gave no plan"] * 2
    assert night.exit_code == 0


