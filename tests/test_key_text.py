"""One text for a key or a subject of every type: in SQL and in Python, there and back, for a hold and for a person.

Texts of one kind are the same on every database that has the kind.
"""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from bench import place_hold
from nightly import AS_OF, House
from servers import Database
from strange import CARDS, MOMENT, TEXT, bound, establish, moment, refusal, statuses, told

from carddata_retention.errors import RetentionError, UsageError
from carddata_retention.explain import explain_record
from carddata_retention.key_text import in_python, in_sql
from carddata_retention.ledger import Ledger
from carddata_retention.model import State
from carddata_retention.records import key_values
from carddata_retention.stage import open_stage

Literal = Callable[[str], str]
LONG_AGO = "2015-11-15 12:00:00"


def raw(text: str) -> str:
    return text


def word(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def blob(text: str) -> str:
    return f"X'{text}'"


BYTEA: Literal = "'\\x{}'".format
NOPAD = "VARCHAR(60) COLLATE utf8mb4_nopad_bin"
FOLDS = "VARCHAR(60) CHARACTER SET {} COLLATE {}".format
UUIDS = [f"{n:08x}-abcd-4000-8000-00000000000{n}" for n in range(1, 5)]
DAYS = ["1999-12-31", "2020-02-29", "2026-11-20"]
MOMENTS = ["2020-02-29 12:00:00", "2020-02-29 12:00:00.000001", "2020-02-29 12:00:00.5", "1999-12-31 23:59:50.12"]

# Kind -> texts, and how each database declares and writes them. Every text is a key of its own.
KINDS: dict[str, tuple[list[str], dict[str, tuple[str, Literal]]]] = {
    "integer": (["-1", "0", "10", "2147483647"], dict.fromkeys(TEXT, ("INTEGER", raw))),
    "bigint": (["-9223372036854775808", "9223372036854775807", "1"], dict.fromkeys(TEXT, ("BIGINT", raw))),
    "unsigned": (["0", "18446744073709551615"], {"mariadb": ("BIGINT UNSIGNED", raw)}),
    "filled with zeros": (["0", "42", "100"], {"mariadb": ("INT(8) ZEROFILL", raw)}),
    "decimal": (["1.50", "-1.05", "10.00", "0.00"], dict.fromkeys(("postgresql", "mariadb"), ("DECIMAL(20,2)", raw))),
    "small decimal": (["0.0000001000", "0.0000000001", "12.0000000000"],
                      dict.fromkeys(("postgresql", "mariadb"), ("DECIMAL(20,10)", raw))),
    "decimal of any scale": (["100000000000000000000", "1.0", "0.00000001"], {"postgresql": ("NUMERIC", raw)}),
    "decimal filled with zeros": (["42.50", "0.00"], {"mariadb": ("DECIMAL(8,2) ZEROFILL", raw)}),
    "whole decimal": (["1", "150", "-7"], dict.fromkeys(TEXT, ("DECIMAL(20)", raw))),
    "text": (["a", "A", "日本", "", " lead", "1", "01", "True", "it's", "x:y%z", "back\\slash", "😀"],
             {"sqlite": ("TEXT", word), "postgresql": ("VARCHAR(60)", word),
              "mariadb": (NOPAD, lambda t: word(t).replace("\\", "\\\\"))}),
    "text with blanks at its end": (["a", "a ", "a  "], {
        "sqlite": ("TEXT", word), "postgresql": ("TEXT", word), "mariadb": (NOPAD, word)}),
    "text that a collation folds": (["Ab", "c", "D"], {
        "sqlite": ("TEXT COLLATE NOCASE", word), "postgresql": ("CITEXT", word),
        "mariadb": (FOLDS("utf8mb4", "utf8mb4_general_ci"), word)}),
    "text of another character set": (["Ab", "é", "D"], {"mariadb": (FOLDS("latin1", "latin1_swedish_ci"), word)}),
    "padded text": (["ab", "b", "Ab c"], dict.fromkeys(("postgresql", "mariadb"), ("CHAR(8)", word))),
    "bytes": (["0001", "ff00", "27", "255c", "abcd"], {
        "sqlite": ("BLOB", blob), "postgresql": ("BYTEA", BYTEA), "mariadb": ("VARBINARY(16)", blob)}),
    "bytes in a column of text": (["0001", "ff00", "27"], {"sqlite": ("TEXT", blob)}),
    "bytes of one length": (["ab" * 16, "00" * 15 + "ff", "ff" + "00" * 15], {"mariadb": ("BINARY(16)", blob)}),
    "truth value": (["true", "false"], {"postgresql": ("BOOLEAN", raw)}),
    "truth value as a number": (["1", "0"], dict.fromkeys(("sqlite", "mariadb"), ("BOOLEAN", raw))),
    "uuid": (UUIDS, {"sqlite": ("CHAR(36)", word), "postgresql": ("UUID", word), "mariadb": ("UUID", word)}),
    "uuid as text": (UUIDS, {"mariadb": ("CHAR(36)", word)}),
    "enumeration": (["gold", "Silver"], {"postgresql": ("metal", word), "mariadb": ("ENUM('gold', 'Silver')", word)}),
    "day": (DAYS, {"sqlite": ("DATE", word), "postgresql": ("DATE", word), "mariadb": ("DATE", word)}),
    "moment": (MOMENTS, {"sqlite": ("TIMESTAMP", word), "postgresql": ("TIMESTAMP", word), "mariadb": ("DATETIME(6)", word)}),
    "moment of milliseconds": (["2020-02-29 12:00:00", "2020-02-29 12:00:00.25"], {
        "postgresql": ("TIMESTAMP(3)", word), "mariadb": ("DATETIME(3)", word)}),
    "moment of seconds": (["2020-02-29 12:00:00", "2020-02-29 12:00:10"], {
        "postgresql": ("TIMESTAMP(0)", word), "mariadb": ("DATETIME", word)}),
    "moment in UTC": (MOMENTS, {"mariadb": ("TIMESTAMP(6) DEFAULT '2000-01-01'", word)}),
    "moment with a zone": ([f"{t}+00" for t in MOMENTS], {"postgresql": ("TIMESTAMPTZ", word)}),
    "time of day": (["00:00:00", "12:30:00.5", "23:59:59.999999"], {
        "postgresql": ("TIME", word)}),
    "year": (["1999", "2020"], {"mariadb": ("YEAR", raw)}),
    "numbers of no declared type": (["1", "-1", "9223372036854775807"], {"sqlite": ("", raw)}),
    "text of no declared type": (["1", "01", "a"], {"sqlite": ("", word)}),
    "words among numbers": (["1", "a", "10", "1x"], {"sqlite": ("INT", word)}),
}
each_kind = pytest.mark.parametrize(
    ("kind", "dialect"), [(kind, d) for kind, (_, columns) in KINDS.items() for d in columns])


def prepared(database: Database, type_: str) -> None:
    """What PostgreSQL must know first; and its server writes days in another order than ours."""
    if database.dialect == "postgresql":
        told(database, "CREATE TYPE metal AS ENUM ('gold', 'Silver')",
             f"ALTER DATABASE {database.engine.url.database} SET DateStyle = 'SQL, DMY'")
    if type_ == "CITEXT":
        told(database, "CREATE EXTENSION citext")


def keyed(database: Database, folder: Any, kind: str, *, neighbour: bool = False,
          mark: str | None = None) -> tuple[House, list[str]]:
    """Cards of one customer whose services ended long ago, under keys of a kind; with a number beside, or alone."""
    texts, columns = KINDS[kind]
    type_, literal = columns[database.dialect]
    if mark is None:
        prepared(database, type_)
    cards, services = f"cards{mark or ''}", f"services{mark or ''}"
    ended = moment(database, LONG_AGO)
    key = ["k", "n"] if neighbour else ["k"]
    rows = ", ".join(f"({literal(t)}, {n}, 1, 'tok_{n}')" for n, t in enumerate(texts))
    house = establish(database, folder, [
        f"CREATE TABLE {services} (customer_id INTEGER, ended_at {MOMENT[database.dialect]})",
        f"INSERT INTO {services} VALUES (1, {ended})",
        f"CREATE TABLE {cards} (k {type_} NOT NULL, n INTEGER NOT NULL, customer_id INTEGER, token VARCHAR(20), "
        f"PRIMARY KEY ({', '.join(key)}))", f"INSERT INTO {cards} VALUES {rows}",
    ], targets=[CARDS | {"key": key, "table": cards}], service_end={"table": services})
    return house, texts


REGISTERED: set[str] = set()  # the databases that have our tables


def held(house: House, scope: str, item: str, target: str | None = None) -> None:
    """A hold placed before the first night, in tables that a DBA has made; the only one."""
    if house.database.url not in REGISTERED:
        with open_stage(house.config, "run", datetime.now(UTC), AS_OF) as stage:
            Ledger(stage.db, house.config).create()
        house.tamper()  # one hold after the other, each instead of the one before
        REGISTERED.add(house.database.url)
    with house.database.engine.begin() as connection:
        connection.execute(sa.text(f"DELETE FROM {house.own('hold')}"))
        place_hold(house, connection, scope, item, target)


class Shelf:
    """Houses of every kind for what only reads: each has tables of its own, all of a dialect stand in one database."""

    def __init__(self, new: Callable[[str], Database], folder: Callable[[str], Any]) -> None:
        self.new, self.folder = new, folder
        self.databases: dict[str, Database] = {}
        self.houses: dict[Any, tuple[House, list[str]]] = {}

    def __call__(self, of: Callable[..., tuple[House, list[str]]], kind: str, dialect: str) -> tuple[House, list[str]]:
        if dialect not in self.databases:
            self.databases[dialect] = self.new(dialect)
            prepared(self.databases[dialect], "CITEXT" if dialect == "postgresql" else "")
        what = (of, kind, dialect)
        if what not in self.houses:
            mark = f"_{len(self.houses)}"
            self.houses[what] = of(self.databases[dialect], self.folder("house"), kind, mark=mark)
        return self.houses[what]


@pytest.fixture(scope="module")
def shelf(lasting_database: Callable[[str], Database], tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(lasting_database, tmp_path_factory.mktemp)


def tokens(house: House) -> list[str]:
    return [row[0] for row in house.execute("SELECT token FROM cards ORDER BY token")]


def explained(house: House, key: str) -> dict[str, Any]:
    return explain_record(house.config, datetime.now(UTC), AS_OF, "cards", key)


@each_kind
def test_sql_and_python_write_the_same_text_and_it_finds_its_row(shelf, kind, dialect):
    house, texts = shelf(keyed, kind, dialect)

    target = bound(house).usable["cards"].target

    with open_stage(house.config, "plan", datetime.now(UTC), AS_OF) as stage, stage.db.snapshot() as connection:
        rows = connection.execute(sa.select(target.key_text(), *target.key)).all()
        assert sorted(text for text, _ in rows) == sorted(texts)
        assert [in_python(target.key[0].type, value) for _, value in rows] == [text for text, _ in rows]
        for text, value in rows:
            for wanted in (key_values(target, text), (value,)):
                found = connection.execute(sa.select(target.key_text()).where(target.key_is(wanted))).scalars().all()
                assert found == [text]


@each_kind
def test_a_hold_by_record_is_seen_by_both_shapes_of_the_decision_and_by_explain(shelf, kind, dialect):
    house, texts = shelf(keyed, kind, dialect)
    held(house, "record", texts[0], "cards")

    told = explained(house, texts[0])

    assert (told["status"], len(told["holds"]), told["key"]) == ("held", 1, texts[0])
    assert Counter(statuses(house).values()) == {"held": 1, "overdue": len(texts) - 1}


IN_A_NIGHT = pytest.mark.parametrize(("kind", "dialect"), [
    (kind, d) for kind in ("bytes", "padded text") for d in KINDS[kind][1]])


@IN_A_NIGHT
def test_a_hold_by_record_keeps_it_through_a_night_and_explain_finds_it(new_database, tmp_path, kind, dialect):
    house, texts = keyed(new_database(dialect), tmp_path, kind)
    held(house, "record", texts[0], "cards")

    night = house.night()

    assert (night.targets[0].state, night.targets[0].held) == (State.CLEAN, 1), night.findings
    assert tokens(house) == ["tok_0"]
    assert {row[0] for row in house.execute(f"SELECT record_key FROM {house.own('tombstone')}")} == set(texts[1:])
    assert explained(house, texts[0])["status"] == "held"
    assert explained(house, texts[-1])["status"] == "purged"


@pytest.mark.parametrize(("kind", "dialect"), [
    *(("moment", d) for d in KINDS["moment"][1]), *(("padded text", d) for d in KINDS["padded text"][1])])
def test_a_hold_by_a_key_of_two_columns_keeps_the_record(new_database, tmp_path, kind, dialect):
    house, texts = keyed(new_database(dialect), tmp_path, kind, neighbour=True)
    held(house, "record", f"{texts[1]}\x1f1", "cards")

    assert house.night().targets[0].state is State.CLEAN

    assert tokens(house) == ["tok_1"]
    assert explained(house, json.dumps([texts[1], 1]))["status"] == "held"
    assert explained(house, json.dumps([texts[0], 0]))["status"] == "purged"


NO_SUBJECTS = ("enumeration",)  # of these nothing could be locked by a list


def of_subjects(database: Database, folder: Any, kind: str, *, mark: str | None = None) -> tuple[House, list[str]]:
    """One card for each customer; customers are named by a kind, and the services of all ended long ago."""
    texts, columns = KINDS[kind]
    type_, literal = columns[database.dialect]
    if mark is None:
        prepared(database, type_)
    customers, services, table = (f"{name}{mark or ''}" for name in ("customers", "services", "cards"))
    ended = moment(database, LONG_AGO)
    subjects = ", ".join(f"({literal(t)})" for t in texts)
    ends = ", ".join(f"({literal(t)}, {ended})" for t in texts)
    cards = ", ".join(f"({n}, {literal(t)}, 'tok_{n}')" for n, t in enumerate(texts))
    house = establish(database, folder, [
        f"CREATE TABLE {customers} (id {type_} NOT NULL PRIMARY KEY)", f"INSERT INTO {customers} VALUES {subjects}",
        f"CREATE TABLE {services} (customer_id {type_}, ended_at {MOMENT[database.dialect]})",
        f"INSERT INTO {services} VALUES {ends}",
        f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, customer_id {type_}, token VARCHAR(20))",
        f"INSERT INTO {table} VALUES {cards}",
    ], subject={"table": customers, "key": "id"}, targets=[CARDS | {"table": table}], service_end={"table": services})
    return house, texts


@pytest.mark.parametrize(("kind", "dialect"), [
    (kind, d) for kind, (_, columns) in KINDS.items() for d in columns if kind not in NO_SUBJECTS])
def test_a_hold_by_subject_is_seen_by_both_shapes_of_the_decision(shelf, kind, dialect):
    house, texts = shelf(of_subjects, kind, dialect)
    held(house, "subject", texts[0])

    assert statuses(house) == {0: "held"} | dict.fromkeys(range(1, len(texts)), "overdue")
    assert len(explained(house, "0")["holds"]) == 1


@IN_A_NIGHT
def test_a_hold_by_subject_keeps_its_card_through_a_night(new_database, tmp_path, kind, dialect):
    house, texts = of_subjects(new_database(dialect), tmp_path, kind)
    held(house, "subject", texts[0])

    night = house.night()

    assert (night.targets[0].state, night.targets[0].held) == (State.CLEAN, 1), night.findings
    assert tokens(house) == ["tok_0"]


# A hold may say it otherwise than the column does, as far as the column takes both for one.
OTHERWISE = [
    ("text that a collation folds", "sqlite", "aB"), ("text that a collation folds", "postgresql", "aB"),
    ("text that a collation folds", "mariadb", "aB "), ("text of another character set", "mariadb", "AB"),
    ("padded text", "postgresql", "ab   "), ("padded text", "mariadb", "AB"), ("bytes", "mariadb", "ABCD"),
    ("bytes", "postgresql", "ABCD"), ("uuid", "postgresql", UUIDS[0].upper()),
    ("uuid", "mariadb", UUIDS[0].upper()),
]


def of_two_columns(database: Database, folder: Any, kind: str, *, mark: str | None = None) -> tuple[House, list[str]]:
    return keyed(database, folder, kind, neighbour=True, mark=mark)


@pytest.mark.parametrize(("kind", "dialect", "item"), OTHERWISE)
@pytest.mark.parametrize("scope", ["record", "subject", "two columns"])
def test_a_hold_keeps_more_rather_than_less(shelf, kind, dialect, item, scope):
    house, texts = shelf({"record": keyed, "subject": of_subjects, "two columns": of_two_columns}[scope], kind, dialect)
    number = texts.index("abcd") if item == "ABCD" else 0
    if scope == "subject":
        held(house, "subject", item)
        assert statuses(house)[number] == "held"
        return
    held(house, "record", item if scope == "record" else f"{item.rstrip()}\x1f{number}", "cards")
    found = [key for key, status in statuses(house).items() if status == "held"]
    if scope == "two columns":
        assert number in [n for _, n in found]
        return
    assert len(found) == 1
    for key in (item, texts[number]):
        story = explained(house, key)
        assert (story["status"], story["key"], len(story["holds"])) == ("held", texts[number], 1)


@pytest.mark.parametrize(("kind", "dialect", "item"), [o for o in OTHERWISE if o[0] == "text that a collation folds"])
def test_a_hold_that_says_it_otherwise_keeps_its_record_through_a_night(new_database, tmp_path, kind, dialect, item):
    house, _ = keyed(new_database(dialect), tmp_path, kind)
    held(house, "record", item, "cards")

    assert house.night().targets[0].state is State.CLEAN

    assert tokens(house) == ["tok_0"]


UNSTEADY = {
    "sqlite": ["REAL", "DOUBLE PRECISION", "FLOAT", "DECIMAL(20,2)"],
    "postgresql": ["DOUBLE PRECISION", "REAL", "INTERVAL", "BIT(4)", "INET", "TIMETZ"],
    "mariadb": ["DOUBLE", "FLOAT(9,2)", "BIT(4)", "SET('1.5', 'b')", "INET6", "TIME"],
}
VALUES = {"INTERVAL": "'1 day'", "BIT(4)": "b'1010'", "INET": "'10.0.0.1'", "TIMETZ": "'12:00+09'", "SET('1.5', 'b')": "'b'",
          "INET6": "'::1'", "TIME": "'120:00:00'"}


@pytest.mark.parametrize("dialect", UNSTEADY)
def test_a_key_without_a_steady_text_is_refused(new_database, tmp_path, dialect):
    """Each type has a table and a target of its own; all of them are refused, and the night removes of none."""
    database, types = new_database(dialect), UNSTEADY[dialect]
    house = establish(database, tmp_path, [
        f"CREATE TABLE services (customer_id INTEGER, ended_at {MOMENT[dialect]})",
        f"INSERT INTO services VALUES (1, {moment(database, LONG_AGO)})",
        *(f"CREATE TABLE cards_{n} (id {type_} NOT NULL PRIMARY KEY, customer_id INTEGER, token VARCHAR(20))"
          for n, type_ in enumerate(types)),
        *(f"INSERT INTO cards_{n} VALUES ({VALUES.get(type_, '1.5')}, 1, 'tok')" for n, type_ in enumerate(types)),
    ], targets=[CARDS | {"name": f"cards_{n}", "table": f"cards_{n}"} for n in range(len(types))])

    refused = bound(house).targets

    for n, type_ in enumerate(types):
        error = refused[f"cards_{n}"]
        assert isinstance(error, RetentionError), type_
        assert (error.code, error.exit) == ("key_type", 40), type_
        assert "hold" in error.cause
        assert error.not_done
        assert error.cure
    night = house.night()
    assert (night.exit_code, {t.state for t in night.targets}) == (40, {State.BLIND})
    assert [house.execute(f"SELECT token FROM cards_{n}") for n in range(len(types))] == [[("tok",)]] * len(types)


@pytest.mark.parametrize(("dialect", "type_"), [
    ("sqlite", "REAL"), ("postgresql", "DOUBLE PRECISION"), ("mariadb", "DOUBLE"), ("mariadb", "FLOAT")])
def test_a_subject_without_a_steady_text_is_refused(new_database, tmp_path, dialect, type_):
    database = new_database(dialect)
    house = establish(database, tmp_path, [
        f"CREATE TABLE services (customer_id {type_}, ended_at {MOMENT[dialect]})",
        f"INSERT INTO services VALUES (1.5, {moment(database, LONG_AGO)})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id {type_}, token VARCHAR(20))",
        "INSERT INTO cards VALUES (1, 1.5, 'tok')"])

    error = refusal(house)

    assert (error.code, error.exit) == ("subject_type", 40)
    assert house.night().exit_code == 40
    assert tokens(house) == ["tok"]


@pytest.mark.parametrize(("type_", "values"), [
    ("TEXT", "('a', 1, 1, 'tok_a'), (X'61', 1, 1, 'tok_b')"), ("INTEGER", "(1, 1, 1, 'tok_a'), (X'61', 1, 1, 'tok_b')")])
def test_bytes_among_text_or_numbers_are_refused(sqlite_database, tmp_path, type_, values):
    house = establish(sqlite_database, tmp_path, [
        "CREATE TABLE services (customer_id INTEGER, ended_at TEXT)",
        f"CREATE TABLE cards (id {type_} NOT NULL, n INTEGER, customer_id INTEGER, token TEXT, PRIMARY KEY (id))",
        f"INSERT INTO cards VALUES {values}".replace("INTEGER", "INT")] if type_ == "TEXT" else [
        "CREATE TABLE services (customer_id INTEGER, ended_at TEXT)",
        "CREATE TABLE cards (id INT NOT NULL PRIMARY KEY, n INTEGER, customer_id INTEGER, token TEXT)",
        f"INSERT INTO cards VALUES {values}"])

    assert refusal(house).code == "mixed_key"


@pytest.mark.parametrize(("kind", "dialect", "keys"), [
    ("integer", "postgresql", ["2147483648", "4929317735928461", "-2147483649", "9" * 30, "one", ""]),
    ("integer", "mariadb", ["2147483648", "4929317735928461", "-2147483649", "9" * 30, "one", ""]),
    ("bigint", "postgresql", ["9223372036854775808"]), ("bigint", "mariadb", ["9223372036854775808"]),
    ("unsigned", "mariadb", ["-1", "18446744073709551616"]), ("numbers of no declared type", "sqlite", ["9" * 30]),
    ("day", "postgresql", ["2020-02-30"]), ("bytes", "postgresql", ["xy"]), ("truth value", "postgresql", ["maybe"]),
    ("text", "postgresql", ["\0", "\ud800"]), ("uuid", "mariadb", ["1"]),
])
def test_a_key_that_its_column_could_never_hold_is_a_usage_error(shelf, kind, dialect, keys):
    house, _ = shelf(keyed, kind, dialect)

    for key in keys:
        with pytest.raises(UsageError) as refused:
            explained(house, key)
        assert (refused.value.code, refused.value.exit) == ("key_form", 2)


def test_a_request_names_what_it_says_and_nothing_that_only_resembles_it(mariadb_database, tmp_path):
    house, _ = of_subjects(mariadb_database, tmp_path, "text that a collation folds")

    with open_stage(house.config, "plan", datetime.now(UTC), AS_OF) as stage:
        target, own = bound(house).usable["cards"].target, stage.ledger.tables
        words = [str(register.covers(target).compile(dialect=stage.db.engine.dialect))
                 for register in (own.holds(), own.requests())]

    assert ["COLLATE" in text for text in words] == [True, False]
    assert str(in_sql(target.subjects[0])).startswith("CAST")
