"""Names and keys that nobody expects: a whole night, and exactly the right rows are gone."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from nightly import House
from servers import Database
from strange import CARDS, MOMENT, TEXT, establish, moment, refusal, statuses

from carddata_retention.model import State

NAMES = [
    "with space (and) [more]?", 'double"quote', "single'quote`tick", "per%cent", "per%(cent)s", "co:lon", "顧客番号 é́",
    "order", "select", "key", "MixedCase", "1leading", "a.dot", "semi;--colon\\slash", "standing", "place", "subject",
    "status", "number",
]
# Each database quotes in its own way and takes its time: so not each of them takes every name.
MINE = {"sqlite": NAMES[::2], "postgresql": NAMES, "mariadb": NAMES[1::2]}
WORST = "順 order\"`'%(a)s:b.c?"
NOTE = """50%: "引用" %(x)s o''clock :now ?"""


def quoted(database: Database, name: str) -> str:
    mark = "`" if database.dialect == "mariadb" else '"'
    return mark + name.replace(mark, mark * 2) + mark


def test_every_name_can_be_a_table_a_key_a_field_and_a_child(database, tmp_path):
    def q(name: str) -> str:
        return quoted(database, name)

    text, targets = TEXT[database.dialect], []
    statements = [
        f"CREATE TABLE {q(WORST + ' customers')} ({q(WORST)} INTEGER PRIMARY KEY)",
        f"CREATE TABLE {q(WORST)} ({q(WORST)} INTEGER REFERENCES {q(WORST + ' customers')} ({q(WORST)}), "
        f"{q(WORST + ' end')} {MOMENT[database.dialect]}, {q(WORST + ' state')} {text})",
        f"INSERT INTO {q(WORST + ' customers')} VALUES (1), (2)",
        f"INSERT INTO {q(WORST)} VALUES (1, {moment(database, '2021-11-15 12:00:00')}, '解約%'), (2, NULL, 'open')",
    ]
    names = MINE[database.dialect]
    for n, name in enumerate(names):
        statements += [
            f"CREATE TABLE {q(name)} ({q(name)} INTEGER PRIMARY KEY, {q(name + ' of')} INTEGER, {q(name + ' no')} {text})",
            f"CREATE TABLE {q(name + ' used')} (id INTEGER PRIMARY KEY, {q(name)} INTEGER, "
            f"FOREIGN KEY ({q(name)}) REFERENCES {q(name)} ({q(name)}))",
            f"INSERT INTO {q(name)} VALUES (1, 1, 'tok_a'), (2, 2, 'tok_b'), (3, 1, 'tok_c')",
            f"INSERT INTO {q(name + ' used')} VALUES (10, 1), (20, 2), (30, 3)",
        ]
        targets.append(
            CARDS | {"name": f"t{n}", "table": name, "key": [name], "subject": f"{name} of",
                     "fields": {"number": f"{name} no"}, "children": [{"table": f"{name} used", "columns": [name]}]})
    columns = [*(q(name) for name in names), *(q(name + " note") for name in names)]

    def book(key: int, of: int, token: str, note: str) -> str:
        values = [f"'{token}'"] * len(names) + [f"'{note}'"] * len(names)
        return f"({key}, {of}, {', '.join(values)})"

    statements += [
        f"CREATE TABLE {q(WORST + ' books')} (id INTEGER PRIMARY KEY, {q(WORST + ' of')} INTEGER, "
        f"{', '.join(f'{c} {text}' for c in columns)})",
        f"INSERT INTO {q(WORST + ' books')} VALUES {book(1, 1, 'tok_a', NOTE)}, {book(2, 2, 'tok_b', NOTE)}, "
        f"{book(3, 1, 'tok_c', 'x')}",
    ]
    notes = (f"{q(name + ' note')} = '{NOTE}' AND {q(name + ' note')} LIKE '50%: \"引%'" for name in names)
    targets.append(CARDS | {
        "name": "books", "table": WORST + " books", "subject": WORST + " of", "fields": {"number": names},
        "disposition": "redact", "redact": {"number": {"mask": "*:%"}}, "where": f"{' AND '.join(notes)} AND 7 % 4 = 3"})
    house = establish(database, tmp_path, statements, targets=targets, subject={"table": WORST + " customers", "key": WORST},
                      service_end={"table": WORST, "subject": WORST, "status": WORST + " state", "terminated": ["解約%"],
                                   "triggers": {"service_use_end": WORST + " end", "service_provision_end": WORST + " end"}})
    night = house.night()
    wrong = {t.name: (t.state, t.purged) for t in night.targets
             if (t.state, t.purged, t.remaining_due) != (State.CLEAN, 2 if t.name[0] == "t" else 1, 0)}
    assert wrong == {}, [f for f in night.findings if f.severity != "info"]
    for name in names:
        assert rows(house, f"SELECT {q(name)} FROM {q(name)}") == [(2,)]
        assert rows(house, f"SELECT id FROM {q(name + ' used')}") == [(20,)]
        assert rows(house, f"SELECT id, {q(name)} FROM {q(WORST + ' books')} ORDER BY id") == [
            (1, "*:%"), (2, "tok_b"), (3, "tok_c")]


def rows(house: House, statement: str) -> list[tuple[Any, ...]]:
    with house.connection() as connection:
        return [tuple(r) for r in connection.exec_driver_sql(statement.replace("%", "%%")
                if house.database.dialect != "sqlite" else statement)]


def test_every_name_can_be_the_service_ends_the_subject_and_the_path(database, tmp_path):
    def q(name: str) -> str:
        return quoted(database, name)

    text, when = TEXT[database.dialect], MOMENT[database.dialect]
    establish(database, tmp_path, [f"CREATE TABLE cards (id INTEGER PRIMARY KEY, contract INTEGER, token {text})",
                                   "INSERT INTO cards VALUES (1, 10, 'tok_a'), (2, 20, 'tok_b')"])
    for name in MINE[database.dialect]:
        house = establish(database, tmp_path, [
            f"CREATE TABLE {q(name)} ({q(name)} INTEGER PRIMARY KEY)",
            f"CREATE TABLE {q(name + ' s')} ({q(name)} INTEGER, {q(name + ' end')} {when}, {q(name + ' begin')} {when}, "
            f"{q(name + ' state')} {text})",
            f"CREATE TABLE {q(name + ' hop')} ({q(name)} INTEGER, {q(name + ' of')} INTEGER)",
            f"INSERT INTO {q(name)} VALUES (1), (2)",
            f"INSERT INTO {q(name + ' s')} VALUES (1, {moment(database, '2021-11-15 12:00:00')}, NULL, 'closed'), "
            "(2, NULL, NULL, 'open')",
            f"INSERT INTO {q(name + ' hop')} VALUES (10, 1), (20, 2)",
        ], subject={"table": name, "key": name}, service_end={
            "table": f"{name} s", "subject": name, "started": f"{name} begin", "status": f"{name} state",
            "terminated": ["closed"], "where": f"{q(name + ' state')} <> 'a:b%(c)s'",
            "triggers": {"service_use_end": f"{name} end", "service_provision_end": f"{name} end"},
        }, targets=[CARDS | {"subject": {"column": f"{name} of", "through": [
            {"table": f"{name} hop", "from": ["contract"], "to": [name]}]}}])
        assert statuses(house) == {1: "due", 2: "active"}, name
    night = house.night()
    assert (night.targets[0].state, night.targets[0].purged) == (State.CLEAN, 1), night.findings


# The types of the key's columns on each database, and the keys as literals; every second one is due.
TEXT_KEYS = ["'a'", "'A'", "'b'", "'B'", "'日本'", "'日本語'", "'ａ'", "'1'", "'01'", "'x:y%z'", "'o''k'", "'{\"a\": [1]}'", "''",
             "' lead'", "'è'", "'É'", "'%(a)s'", "'back\\\\slash'", "'None'", "'😀'"]
BIN = "VARCHAR(60) COLLATE utf8mb4_bin"
NOPAD = "VARCHAR(60) COLLATE utf8mb4_nopad_bin"
UUIDS = [f"'{n:08x}-0000-4000-8000-00000000000{n:x}'" for n in range(1, 7)]
BYTES = ["0001", "0100", "ff00", "27", "255c", "00"]
KEYS: dict[str, dict[str, tuple[list[str], list[list[str]]]]] = {
    "integer": {d: (["INTEGER"], [["-1"], ["0"], ["1"], ["2147483647"]]) for d in TEXT},
    "bigint": {d: (["BIGINT"], [["-9223372036854775808"], ["9223372036854775807"], ["9223372036854775806"], ["1"]])
               for d in TEXT},
    "text": {d: ([BIN if d == "mariadb" else "VARCHAR(60)"], [[k] for k in TEXT_KEYS]) for d in TEXT},
    "text that differs in blanks": {
        d: ([NOPAD if d == "mariadb" else "VARCHAR(60)"], [["'a '"], ["'a'"], ["'a  '"], ["' a'"]]) for d in TEXT},
    "text that a collation folds": {
        "sqlite": (["TEXT COLLATE NOCASE"], [["'Ab'"], ["'b'"], ["'C'"], ["'d'"]]),
        "mariadb": (["VARCHAR(60) COLLATE utf8mb4_general_ci"], [["'Ab'"], ["'b'"], ["'C'"], ["'ß'"]]),
        "postgresql": (["CHAR(8)"], [["'Ab'"], ["'b'"], ["'C '"], ["'d'"]]),
    },
    "uuid": {"sqlite": (["CHAR(36)"], [[u] for u in UUIDS]), "mariadb": (["CHAR(36)"], [[u] for u in UUIDS]),
             "postgresql": (["UUID"], [[u] for u in UUIDS])},
    "uuid type of MariaDB": {"mariadb": (["UUID"], [[u] for u in UUIDS])},
    "bytes": {"sqlite": (["BLOB"], [[f"X'{b}'"] for b in BYTES]), "mariadb": (["VARBINARY(16)"], [[f"X'{b}'"] for b in BYTES]),
              "postgresql": (["BYTEA"], [[f"'\\x{b}'"] for b in BYTES])},
    "fixed bytes": {"mariadb": (["BINARY(16)"], [[f"UNHEX(REPLACE({u}, '-', ''))"] for u in UUIDS])},
    "decimal": {d: (["DECIMAL(20,2)"], [["0.00"], ["1.50"], ["1.05"], ["-1.50"], ["10.00"], ["100.00"]])
                for d in ("postgresql", "mariadb")},  # SQLite stores 1.50 as a floating point number
    "date": {d: (["TEXT" if d == "sqlite" else "DATE"], [["'2020-02-29'"], ["'2021-02-28'"], ["'1999-12-31'"],
                                                        ["'2026-11-20'"]]) for d in TEXT},
    "moment": {d: (["TEXT" if d == "sqlite" else "TIMESTAMP(6)" if d == "postgresql" else "DATETIME(6)"],
                   [["'2020-02-29 12:00:00'"], ["'2020-02-29 12:00:00.000001'"], ["'1999-12-31 23:59:59'"],
                    ["'2026-11-20 00:00:00'"]]) for d in TEXT},
    "number and text": {
        d: (["INTEGER", BIN if d == "mariadb" else "VARCHAR(60)"],
            [[n, k] for n, k in product(("1", "11"), ("'1'", "'a'", "'A'", "'x:y%z'", "''", "'日本'"))]) for d in TEXT},
    "text and date and number": {
        d: (["VARCHAR(20)", "TEXT" if d == "sqlite" else "DATE", "DECIMAL(9,2)"],
            [["'a'", "'2020-02-29'", "1.00"], ["'a'", "'2020-02-29'", "2.00"], ["'a'", "'2020-03-01'", "1.00"],
             ["'b'", "'2020-02-29'", "1.00"]]) for d in TEXT},
    "numbers of no declared type": {"sqlite": ([""], [["1"], ["-1"], ["9223372036854775807"], ["10"]])},
    "text of no declared type": {"sqlite": (["BLOB"], [["'1'"], ["'01'"], ["'a'"], ["'ff'"]])},
}


def test_exactly_the_rows_of_the_due_keys_are_removed(database, tmp_path):
    """A table and a target for each kind of key, and one night for all of them."""
    kinds = {kind: columns[database.dialect] for kind, columns in KEYS.items() if database.dialect in columns}
    statements, targets = [], []
    for number, (kind, (columns, found)) in enumerate(kinds.items()):
        names = [f"k{n}" for n in range(1, len(columns) + 1)]
        body = ", ".join(f"{n} {t} NOT NULL" for n, t in zip(names, columns, strict=True))
        values = ", ".join(f"({', '.join(key)}, {1 + n % 2}, 'tok_{n:012}')" for n, key in enumerate(found))
        statements += [f"CREATE TABLE cards_{number} ({body}, customer_id INTEGER, token VARCHAR(20), "
                       f"PRIMARY KEY ({', '.join(names)}))", f"INSERT INTO cards_{number} VALUES {values}"]
        targets.append(CARDS | {"name": kind, "table": f"cards_{number}", "key": names})
    house = services_and(database, tmp_path, statements, targets)

    night = house.night()

    for number, (target, (kind, (_, found))) in enumerate(zip(night.targets, kinds.items(), strict=True)):
        assert (target.name, target.state, target.purged, target.remaining_due) == (
            kind, State.CLEAN, (len(found) + 1) // 2, 0), night.findings
        left = [row[0] for row in house.execute(f"SELECT token FROM cards_{number} ORDER BY token")]
        assert left == [f"tok_{n:012}" for n in range(len(found)) if n % 2], kind
    distinct = house.execute(f"SELECT target, count(DISTINCT record_key) FROM {house.own('tombstone')} GROUP BY target")
    assert dict(map(tuple, distinct)) == {target.name: target.purged for target in night.targets}


def test_a_key_of_no_type_with_values_of_several_is_refused(sqlite_database, tmp_path):
    house = services_and(sqlite_database, tmp_path, [
        "CREATE TABLE cards (k PRIMARY KEY NOT NULL, customer_id INTEGER, token TEXT)",
        "INSERT INTO cards VALUES (1, 1, 'a'), ('1', 1, 'b')"], [CARDS | {"key": ["k"]}])
    error = refusal(house)
    assert (error.code, "integer, text" in error.cause) == ("mixed_key", True)


def services_and(database: Database, folder: Path, statements: list[str], targets: list[dict[str, Any]]) -> House:
    """Customer 1 is due, customer 2 goes on."""
    return establish(database, folder, [
        f"CREATE TABLE services (customer_id INTEGER, ended_at {MOMENT[database.dialect]})",
        f"INSERT INTO services VALUES (1, {moment(database, '2021-11-15 12:00:00')}), (2, NULL)", *statements,
    ], targets=targets)


# The type of the subject's columns, and the subjects as literals; every second one is due.
SUBJECTS: dict[str, dict[str, tuple[str, list[str]]]] = {
    kind: {d: (columns[0], [key[0] for key in found]) for d, (columns, found) in KEYS[kind].items()}
    for kind in ("text", "uuid", "uuid type of MariaDB", "bytes", "fixed bytes", "decimal", "date")
}


@pytest.mark.parametrize(("kind", "dialect"), [(kind, d) for kind, columns in SUBJECTS.items() for d in columns])
def test_a_subject_of_any_type_is_locked_and_judged(new_database, tmp_path, kind, dialect):
    column, found = SUBJECTS[kind][dialect]
    database = new_database(dialect)
    ended = moment(database, "2021-11-15 12:00:00")
    services = ", ".join(f"({key}, {'NULL' if n % 2 else ended})" for n, key in enumerate(found))
    house = establish(database, tmp_path, [
        f"CREATE TABLE customers (id {column} NOT NULL PRIMARY KEY)",
        f"CREATE TABLE services (customer_id {column}, ended_at {MOMENT[dialect]}, "
        "FOREIGN KEY (customer_id) REFERENCES customers (id))",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id {column}, token VARCHAR(20))",
        f"INSERT INTO customers VALUES {', '.join(f'({key})' for key in found)}",
        f"INSERT INTO services VALUES {services}",
        f"INSERT INTO cards VALUES {', '.join(f'''({n}, {key}, 'tok')''' for n, key in enumerate(found))}",
    ], subject={"table": "customers", "key": "id"})
    night = house.night()
    assert night.targets[0].state is State.CLEAN, night.findings
    assert [r[0] for r in house.execute("SELECT id FROM cards ORDER BY id")] == [n for n in range(len(found)) if n % 2]
