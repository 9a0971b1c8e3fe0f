"""Foreign keys that reach a target: declared and carried out to any depth, or refused with the block to paste."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from nightly import House
from servers import DIALECTS, Database
from strange import CARDS, MOMENT, TEXT, establish, keys, moment, refusal, told

from carddata_retention.errors import BlindError, RefusedError
from carddata_retention.model import State

USAGE = {"table": "card_usage", "columns": ["card_id"]}
LINES = {"table": "usage_lines", "columns": ["usage_id"]}
NOTES = {"table": "line_notes", "columns": ["line_id"]}


def billing(database: Database, *more: str, card: str = "") -> list[str]:
    """Cards 1 to 3 of which 1 and 2 are due; `card` adds columns to their table."""
    text = TEXT[database.dialect]
    return [
        f"CREATE TABLE services (customer_id INTEGER, ended_at {MOMENT[database.dialect]})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, token {text}{card})",
        f"INSERT INTO services VALUES (1, {moment(database, '2021-11-15 12:00:00')}), (3, NULL)",
        "INSERT INTO cards (id, customer_id, token) VALUES (1, 1, 'tok_a'), (2, 1, 'tok_b'), (3, 3, 'tok_c')",
        *more,
    ]


def child(name: str, column: str, parent: str, *, on_delete: str = "", null: str = "") -> str:
    return (f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {column} INTEGER {null}, "
            f"FOREIGN KEY ({column}) REFERENCES {parent} (id) {on_delete})")


DEEP = [
    child("card_usage", "card_id", "cards"), child("usage_lines", "usage_id", "card_usage"),
    child("line_notes", "line_id", "usage_lines"),
    "INSERT INTO card_usage VALUES (10, 1), (11, 1), (20, 2), (30, 3), (40, NULL)",
    "INSERT INTO usage_lines VALUES (100, 10), (110, 11), (111, 11), (300, 30)",
    "INSERT INTO line_notes VALUES (1000, 100), (1110, 111), (3000, 300)",
]


def house_with(database: Database, folder: Path, *more: str, children: list[Any] | None = None, card: str = "") -> House:
    return establish(database, folder, billing(database, *more, card=card),
                     targets=[CARDS | ({"children": children} if children else {})])


def pasted(house: House, cure: str) -> House:
    """The same house with the block of a cure pasted into its target, as text."""
    block = cure[cure.index("children = ["):]
    path = house.folder / "retention.toml"
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("children = ")]
    at = next(n for n, line in enumerate(lines) if line.startswith("table = \"cards\""))
    path.write_text("\n".join([*lines[:at], block, *lines[at:]]), encoding="utf-8")
    from carddata_retention.config import load

    return House(house.database, house.folder, load(path), house.tables)


def test_children_go_with_their_record_to_the_third_depth(database, tmp_path):
    deep = [USAGE | {"children": [LINES | {"children": [NOTES]}]}]
    house = house_with(database, tmp_path, *DEEP, children=deep)
    night = house.night()
    target = night.targets[0]
    assert (target.state, target.purged, keys(house)) == (State.CLEAN, 2, [3]), night.findings
    assert target.children_removed == {"card_usage": 3, "usage_lines": 3, "line_notes": 2}
    assert [keys(house, t) for t in ("card_usage", "usage_lines", "line_notes")] == [[30, 40], [300], [3000]]


@pytest.mark.parametrize(("dialect", "declared"), [
    *((d, []) for d in DIALECTS), ("sqlite", [USAGE]), ("sqlite", [USAGE | {"children": [LINES]}]),
], ids=[*(f"nothing-{d}" for d in DIALECTS), "one", "two"])
def test_the_block_of_an_undeclared_key_can_be_pasted_and_then_the_night_runs(new_database, tmp_path, dialect, declared):
    database = new_database(dialect)
    more = child("chargebacks", "card_id", "cards", on_delete="ON DELETE SET NULL")
    house = house_with(database, tmp_path, *DEEP, more, "INSERT INTO chargebacks VALUES (7, 1), (8, 3)", children=declared)
    error = refusal(house)
    assert isinstance(error, RefusedError)
    assert error.code == "undeclared_foreign_key"
    assert "chargebacks (card_id) ON DELETE SET NULL" in error.cause
    night = house.night()
    assert (night.targets[0].state, night.exit_code, keys(house)) == (State.REFUSED, 30, [1, 2, 3])

    mended = pasted(house, error.cure)
    night = mended.night()
    assert (night.targets[0].state, keys(house)) == (State.CLEAN, [3]), night.findings
    assert keys(house, "line_notes") == [3000]
    assert house.execute("SELECT id, card_id FROM chargebacks ORDER BY id") == [(7, None), (8, 3)]


ACTIONS = ["", "ON DELETE CASCADE", "ON DELETE SET NULL", "ON DELETE SET DEFAULT", "ON DELETE RESTRICT"]


def test_no_action_of_the_database_removes_what_nobody_declared(database, tmp_path):
    actions = [a for a in ACTIONS if "DEFAULT" not in a or database.dialect != "mariadb"]  # InnoDB knows no SET DEFAULT
    tables = [f"payments_{n}" for n in range(len(actions))]
    house = house_with(database, tmp_path, *(
        child(table, "card_id", "cards", on_delete=action) for table, action in zip(tables, actions, strict=True)
    ), *(f"INSERT INTO {table} VALUES (1, 1)" for table in tables))

    error = refusal(house)

    assert error.code == "undeclared_foreign_key"
    assert f"{len(actions)} foreign key(s)" in error.cause
    assert [table for table in tables if f"{table} (card_id)" not in error.cause] == []
    assert house.night().exit_code == 30
    assert [keys(house), *(keys(house, table) for table in tables)] == [[1, 2, 3], *([1] for _ in tables)]


def test_a_cascade_alone_is_enough_to_refuse(database, tmp_path):
    house = house_with(database, tmp_path, child("payments", "card_id", "cards", on_delete="ON DELETE CASCADE"),
                       "INSERT INTO payments VALUES (1, 1)")

    assert refusal(house).code == "undeclared_foreign_key"


def test_a_key_below_a_declared_child_is_refused_as_well(database, tmp_path):
    house = house_with(database, tmp_path, *DEEP, children=[USAGE])
    error = refusal(house)
    assert "usage_lines (usage_id)" in error.cause
    block = tomllib.loads(error.cure[error.cure.index("children"):])["children"]
    assert block == [USAGE | {"disposition": "delete", "children": [
        LINES | {"disposition": "delete", "children": [NOTES | {"disposition": "delete"}]}]}]


def test_a_child_is_let_go_of(database, tmp_path):
    house = house_with(database, tmp_path, child("orders", "card_id", "cards"),
                       "INSERT INTO orders VALUES (1, 1), (2, 2), (3, 3)",
                       children=[{"table": "orders", "columns": ["card_id"], "disposition": "null"}])
    target = house.night().targets[0]
    assert (target.state, target.children_removed) == (State.CLEAN, {"orders": 2})
    assert house.execute("SELECT id, card_id FROM orders ORDER BY id") == [(1, None), (2, None), (3, 3)]


def test_a_child_that_cannot_be_let_go_of_is_refused(database, tmp_path):
    house = house_with(database, tmp_path, child("orders", "card_id", "cards", null="NOT NULL"),
                       children=[{"table": "orders", "columns": ["card_id"], "disposition": "null"}])
    error = refusal(house)
    assert isinstance(error, BlindError)
    assert (error.code, "orders.card_id" in error.cause, "delete" in error.cure) == ("children_not_null", True, True)


def test_a_record_that_another_one_replaces_is_let_go_of_and_never_removed_with_it(database, tmp_path):
    house = house_with(database, tmp_path, "UPDATE cards SET replaces = 1 WHERE id IN (2, 3)",
                       card=", replaces INTEGER REFERENCES cards (id)" if database.dialect != "mariadb" else
                       ", replaces INTEGER, FOREIGN KEY (replaces) REFERENCES cards (id)")
    error = refusal(house)
    assert 'columns = ["replaces"], disposition = "null"' in error.cure
    own = {"table": "cards", "columns": ["replaces"], "disposition": "delete"}
    wrong = establish(database, tmp_path, [], targets=[CARDS | {"children": [own]}])
    assert refusal(wrong).code == "children_circle"
    assert 'disposition = "null"' in refusal(wrong).cure
    assert pasted(house, error.cure).night().targets[0].state is State.CLEAN
    assert house.execute("SELECT id, replaces FROM cards") == [(3, None)]


def test_a_circle_that_cannot_be_opened_is_refused_in_words(database, tmp_path):
    house = house_with(database, tmp_path, child("aliases", "card_id", "cards", null="NOT NULL"),
                       child("links", "alias_id", "aliases", null="NOT NULL"),
                       *(["PRAGMA foreign_keys = OFF"] if database.dialect == "sqlite" else []))
    if database.dialect == "sqlite":
        told(database, "DROP TABLE aliases", "CREATE TABLE aliases (id INTEGER PRIMARY KEY, card_id INTEGER NOT NULL "
                       "REFERENCES cards (id), link_id INTEGER NOT NULL REFERENCES links (id))")
    else:
        told(database, "ALTER TABLE aliases ADD COLUMN link_id INTEGER NOT NULL",
             "ALTER TABLE aliases ADD FOREIGN KEY (link_id) REFERENCES links (id)")
    error = refusal(house)
    assert error.code == "children_circle"
    assert "link_id is NOT NULL" in error.cause


def test_a_key_of_several_columns_is_followed_column_by_column(database, tmp_path):
    text = TEXT[database.dialect]
    house = establish(database, tmp_path, [
        f"CREATE TABLE services (customer_id INTEGER, ended_at {MOMENT[database.dialect]})",
        f"CREATE TABLE cards (shop INTEGER, code {text}, customer_id INTEGER, token {text}, PRIMARY KEY (shop, code))",
        f"CREATE TABLE card_usage (id INTEGER PRIMARY KEY, code {text}, shop INTEGER, "
        "FOREIGN KEY (shop, code) REFERENCES cards (shop, code))",
        f"INSERT INTO services VALUES (1, {moment(database, '2021-11-15 12:00:00')}), (3, NULL)",
        "INSERT INTO cards VALUES (1, 'a', 1, 'x'), (1, 'b', 3, 'x'), (2, 'a', 3, 'x'), (2, 'b', 1, 'x')",
        "INSERT INTO card_usage VALUES (1, 'a', 1), (2, 'b', 1), (3, 'a', 2), (4, 'b', 2), (5, 'a', NULL)",
    ], targets=[CARDS | {"key": ["code", "shop"], "children": [{"table": "card_usage", "columns": ["code", "shop"]}]}])
    assert house.night().targets[0].children_removed == {"card_usage": 2}
    assert house.execute("SELECT shop, code FROM cards ORDER BY shop") == [(1, "b"), (2, "a")]
    assert keys(house, "card_usage") == [2, 3, 5]


def test_children_without_a_foreign_key_hang_on_the_key_of_the_row_above(database, tmp_path):
    house = house_with(
        database, tmp_path, "CREATE TABLE card_usage (id INTEGER PRIMARY KEY, card_id INTEGER)",
        "CREATE TABLE usage_lines (id INTEGER PRIMARY KEY, usage_id INTEGER)",
        "INSERT INTO card_usage VALUES (2, 1), (3, 3)",  # usage 2 belongs to card 1, and card 2 has none
        "INSERT INTO usage_lines VALUES (50, 1), (51, 2), (52, 3)",
        children=[USAGE | {"children": [LINES]}])
    assert house.night().targets[0].children_removed == {"card_usage": 1, "usage_lines": 1}
    assert (keys(house, "card_usage"), keys(house, "usage_lines")) == ([3], [50, 52])


def test_a_child_with_another_number_of_columns_is_refused(database, tmp_path):
    house = house_with(database, tmp_path, "CREATE TABLE card_usage (id INTEGER PRIMARY KEY, card_id INTEGER, n INTEGER)",
                       children=[USAGE | {"columns": ["card_id", "n"]}])
    error = refusal(house)
    assert (error.code, "2 column(s)" in error.cause, "cards (id)" in error.cause) == ("children_columns", True, True)


@pytest.mark.parametrize(("declared", "code", "near"), [
    ({"table": "card_usages", "columns": ["card_id"]}, "table_missing", "the nearest is card_usage"),
    ({"table": "card_usage", "columns": ["cardid"]}, "column_missing", "the nearest is card_id"),
])
def test_a_child_that_is_misspelt_is_told_with_the_nearest_name(database, tmp_path, declared, code, near):
    house = house_with(database, tmp_path, "CREATE TABLE card_usage (id INTEGER PRIMARY KEY, card_id INTEGER)",
                       children=[declared])
    error = refusal(house)
    assert (error.code, near in error.cause) == (code, True)


def test_a_foreign_key_from_another_schema_is_seen(postgresql_database, tmp_path):
    house = house_with(postgresql_database, tmp_path, "CREATE SCHEMA \"other.one\"",
                       "CREATE TABLE \"other.one\".notes (id INTEGER PRIMARY KEY, card_id INTEGER REFERENCES cards (id))",
                       "INSERT INTO \"other.one\".notes VALUES (1, 1), (3, 3)")
    error = refusal(house)
    assert "other.one.notes (card_id)" in error.cause
    target = pasted(house, error.cure).night().targets[0]
    assert (target.state, target.children_removed) == (State.CLEAN, {"other.one.notes": 1})
    assert keys(house, '"other.one".notes') == [3]


def test_a_reference_of_sqlite_may_leave_out_the_column_or_spell_it_otherwise(sqlite_database, tmp_path):
    house = house_with(sqlite_database, tmp_path,
                       "CREATE TABLE a (id INTEGER PRIMARY KEY, Card_ID INTEGER REFERENCES CARDS)",
                       "CREATE TABLE b (id INTEGER PRIMARY KEY, card_id INTEGER REFERENCES Cards (ID))",
                       "CREATE TABLE c (id INTEGER PRIMARY KEY, card_id INTEGER REFERENCES nowhere)",
                       "INSERT INTO a VALUES (1, 1), (3, 3)", "INSERT INTO b VALUES (2, 2), (3, 3)")
    error = refusal(house)
    assert "2 foreign key(s)" in error.cause
    target = pasted(house, error.cure).night().targets[0]
    assert (target.state, target.children_removed) == (State.CLEAN, {"a": 1, "b": 1})


def test_a_field_that_others_refer_to_is_not_emptied(database, tmp_path):
    text = TEXT[database.dialect]
    house = establish(database, tmp_path, [
        *billing(database), f"CREATE TABLE books (id INTEGER PRIMARY KEY, customer_id INTEGER, token {text} UNIQUE)",
        f"CREATE TABLE entries (id INTEGER PRIMARY KEY, token {text}, FOREIGN KEY (token) REFERENCES books (token))",
    ], targets=[CARDS | {"table": "books", "disposition": "redact"}])
    error = refusal(house)
    assert (error.code, "entries refers to token" in error.cause) == ("referenced_field", True)


def test_a_child_whose_rows_cannot_be_rolled_back_is_refused(mariadb_database, tmp_path):
    house = house_with(mariadb_database, tmp_path,
                       "CREATE TABLE card_usage (id INTEGER PRIMARY KEY, card_id INTEGER) ENGINE=MyISAM", children=[USAGE])
    error = refusal(house)
    assert (error.code, "card_usage is MyISAM" in error.cause) == ("not_transactional", True)
