"""Discovery in databases: a small hard schema with known truth, read on each of them in windows, as a person gets it."""

import gc
import json
import re
import stat
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from example import commands
from logins import login
from nightly import House, hooks
from servers import DIALECTS, Database
from strange import told
from undeclared import ROWS, TRUTH, Numbers, bytes_literal, place, q, undeclared

from carddata_retention.catalogue import Catalogue, TableName
from carddata_retention.config import load
from carddata_retention.db import open_database
from carddata_retention.detector import Kind
from carddata_retention.discover import discover
from carddata_retention.discovered import Discovered, Found
from carddata_retention.discovery import meter, scan, state, windows
from carddata_retention.discovery.columns import PIECE
from carddata_retention.discovery.inventory import inventory
from carddata_retention.discovery.windows import OVERLAP, Reader
from carddata_retention.discovery_settings import CLASSES
from carddata_retention.errors import BlindError, BusyError, ConfigError, FailedError, UsageError
from carddata_retention.own_tables import ddl, own_tables

LONG_NUMBER = re.compile(r"\d{13,}")


def looked(house: House, **more: Any) -> Discovered:
    return discover(house.config, datetime.now(UTC), more.pop("hooks", hooks()), **more)


def by_place(found: Discovered) -> dict[tuple[str, str], Found]:
    return {(f.place, f.kind): f for f in found.findings}


def counted(found: Discovered) -> dict[tuple[str, str], int]:
    """Place, class -> count. Other schemas are named as not read, and beside this test others make and drop some."""
    return {key: f.count for key, f in by_place(found).items() if f.kind != "not-read" or "." in f.place}


def one(found: Discovered, house: House, at: str, kind: str = "card-number") -> Found:
    return by_place(found)[place(house.database, at), kind]


@pytest.fixture(scope="module")
def houses(lasting_database: Callable[[str], Database], tmp_path_factory: pytest.TempPathFactory) -> dict[str, House]:
    """Each house is made when it is first asked for; tests of this fixture only read."""

    class Made(dict[str, House]):
        def __missing__(self, dialect: str) -> House:
            self[dialect] = undeclared(lasting_database(dialect), tmp_path_factory.mktemp(dialect))
            return self[dialect]

    return Made()


@pytest.fixture(params=DIALECTS)
def house(request: pytest.FixtureRequest, houses: dict[str, House]) -> Iterator[House]:
    """Only to be read; what it remembers is forgotten."""
    made = houses[request.param]
    yield made
    (made.folder / "evidence" / "discovery.json").unlink(missing_ok=True)


def test_every_number_of_the_hard_schema_is_found_where_it_stands_and_no_other(house):
    found = by_place(looked(house))
    numbers = {(at, kind): f.count for (at, kind), f in found.items() if kind == Kind.CARD_NUMBER}
    assert numbers == {(place(house.database, at), kind): count for (at, kind), count in TRUTH.items()}


def test_a_number_among_declared_tokens_is_critical_and_what_is_declared_says_so(house):
    found = looked(house)
    among = one(found, house, "cards.token")
    assert (among.severity, among.declared, found.exit) == ("critical", None, 30)
    assert one(found, house, "cards.holder", "holder").declared == "cards"
    assert one(found, house, "cards.holder", "holder").severity == "info"
    assert one(found, house, "決済 履歴.カード番号").severity != "info"


def test_security_codes_are_critical_in_a_column_of_small_numbers_too(house):
    assert one(looked(house), house, "cards.cvv", "cvv").severity == "critical"


def test_a_number_inside_json_is_told_with_its_path(house):
    assert one(looked(house), house, "payloads.body").paths == {"$.payment.card.number": ROWS}


def test_no_digit_of_a_number_is_in_the_answer_the_memory_or_the_places(house, tmp_path):
    answer = looked(house, keys=tmp_path / "places.csv")
    for text in (json.dumps(answer.as_json()), (tmp_path / "places.csv").read_text(encoding="utf-8"),
                 (house.folder / "evidence" / "discovery.json").read_text(encoding="utf-8")):
        assert LONG_NUMBER.findall(re.sub(r'"[0-9a-f]{16}":', "", text)) == []


def test_the_places_name_exactly_the_rows_to_mend_and_nobody_else_reads_them(house, tmp_path):
    path = tmp_path / "places.csv"
    looked(house, keys=path)
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == ["place", "key", "class", "confidence"]
    tokens = [line[1] for line in lines if line[0] == place(house.database, "cards.token")]
    assert tokens == ["1", "2", "3"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not [line for line in lines if line[0] == place(house.database, "cards.holder")], "declared needs no mending"
    with pytest.raises(UsageError) as refused:
        looked(house, keys=path)
    assert refused.value.code == "keys_exist"


def test_a_call_that_dies_leaves_no_file_of_places_in_the_way(sqlite_database, tmp_path):
    def die() -> bool:
        raise KeyboardInterrupt

    house = undeclared(sqlite_database, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        looked(house, keys=tmp_path / "places.csv", hooks=hooks(die))
    assert not (tmp_path / "places.csv").exists()
    with pytest.raises(FailedError) as refused:
        looked(house, keys=tmp_path / "nowhere" / "places.csv")
    assert refused.value.code == "keys_unwritable"


def test_a_row_that_only_looks_like_one_is_no_place_to_mend(sqlite_database, tmp_path):
    house, numbers = undeclared(sqlite_database, tmp_path), Numbers(31)
    spoken = [f"カード番号 {numbers.card()}" if n % 20 == 0 else f"注文番号 {4_000_000_000_000_000 + n * 7_919}" for n in range(3001)]
    execute(house, "CREATE TABLE mixed (id INTEGER PRIMARY KEY, memo TEXT)",
            f"INSERT INTO mixed VALUES {', '.join(f'({n}, {text!r})' for n, text in enumerate(spoken))}")
    found = looked(house, keys=tmp_path / "places.csv")
    lines = [line.split(",") for line in (tmp_path / "places.csv").read_text(encoding="utf-8").splitlines()]
    keys = [int(line[1]) for line in lines if line[0] == "main.mixed.memo"]
    assert keys == list(range(0, 3001, 20))
    assert one(found, house, "mixed.memo").count == len(keys)


def test_a_composite_key_is_told_as_json(house, tmp_path):
    import csv

    looked(house, keys=tmp_path / "places.csv")
    with (tmp_path / "places.csv").open(encoding="utf-8", newline="") as file:
        keys = [row["key"] for row in csv.DictReader(file) if row["place"] == place(house.database, "決済 履歴.カード番号")]
    assert sorted(map(json.loads, keys)) == sorted([f"c{n % 7}", str(n)] for n in range(1, ROWS + 1))


def test_what_is_proposed_can_be_pasted(house):
    found = looked(house)
    proposed = tomllib.loads(found.proposal)
    targets = {t["table"]: t for t in proposed["targets"]}
    assert targets["決済 履歴"] == {
        "name": "決済 履歴", "table": "決済 履歴", "key": ["会社", 'Serial "No"'], "disposition": "redact",
        "subject": {"column": "customer_id", "through": [{"table": "cards", "from": ["cards_id"], "to": ["id"]}]},
        "fields": {"number": "カード番号"},
    }
    assert {p["name"] for p in proposed["locations"]} >= {place(house.database, at) for at in ("no_key.memo", "scans.raw")}
    pasted = house.folder / "pasted.toml"
    whole = (house.folder / "retention.toml").read_text(encoding="utf-8") + "\n" + found.proposal
    pasted.write_text(whole, encoding="utf-8")
    with pytest.raises(ConfigError, match="config_fill_in"):
        load(pasted)
    pasted.write_text(whole.replace('"FILL IN"', '"customer_id"'), encoding="utf-8")
    assert "決済 履歴" in [t.name for t in load(pasted).targets]
    pasted.unlink()


def test_an_empty_table_and_one_of_nulls_are_read_and_say_nothing(house):
    found = looked(house)
    assert not [f for f in found.findings if ".empty_one." in f.place or ".customers." in f.place]
    assert found.columns_scanned >= 15


def test_a_second_look_reads_only_what_is_new_and_tells_the_same(house):
    first, second = looked(house), looked(house)
    assert second.rows_scanned < first.rows_scanned
    assert second.remembered_rows > 0
    assert counted(first) == counted(second)
    assert looked(house, full=True).rows_scanned == first.rows_scanned


# What changes between two looks


def test_a_column_that_is_declared_later_is_read_anew_for_what_its_values_are(sqlite_database, tmp_path):
    house = undeclared(sqlite_database, tmp_path)
    execute(house, "ALTER TABLE cards ADD COLUMN x1 VARCHAR(60)", "UPDATE cards SET x1 = holder")
    at = (place(house.database, "cards.x1"), "holder")
    assert at not in by_place(looked(house)), "two words are nobody's name by themselves"
    path = house.folder / "retention.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('holder = "holder"', 'holder = "x1"'), encoding="utf-8")
    found = by_place(looked(replace(house, config=load(path))))[at]
    assert (found.count, found.declared) == (ROWS, "cards")


def execute(house: House, *statements: str) -> None:
    told(house.database, *statements)


@pytest.fixture
def fresh(database: Database, tmp_path: Path) -> House:
    return undeclared(database, tmp_path)


def test_new_rows_are_added_a_late_row_makes_its_table_new_and_so_does_a_lost_end(fresh):
    looked(fresh)
    number = Numbers(99).card
    execute(fresh, f"INSERT INTO numbers (id, as_bigint) VALUES (1001, {number()}), (1002, {number()})")
    second = looked(fresh)
    assert one(second, fresh, "numbers.as_bigint").count == ROWS + 2
    execute(fresh, f"INSERT INTO numbers (id, as_bigint) VALUES (900, {number()})")
    assert one(looked(fresh), fresh, "numbers.as_bigint").count == ROWS + 3
    execute(fresh, "DELETE FROM numbers WHERE id > 290")
    assert one(looked(fresh), fresh, "numbers.as_bigint").count == 290


def test_a_new_column_is_read_from_the_first_row_and_the_others_are_not_counted_twice(fresh):
    looked(fresh)
    execute(fresh, "ALTER TABLE numbers ADD COLUMN pan VARCHAR(19)", "UPDATE numbers SET pan = as_bigint WHERE id <= 50")
    found = looked(fresh)
    assert one(found, fresh, "numbers.pan").count == 50
    assert one(found, fresh, "numbers.as_bigint").count == ROWS


def test_a_critical_finding_that_was_mended_is_gone_at_the_next_look(fresh):
    assert looked(fresh).exit == 30
    execute(fresh, "UPDATE cards SET token = NULL, cvv = NULL WHERE id <= 300")
    found = looked(fresh)
    assert (place(fresh.database, "cards.token"), "card-number") not in by_place(found)
    assert found.exit == 0


def test_another_detector_reads_everything_again(fresh, monkeypatch):
    first = looked(fresh)
    monkeypatch.setattr(state, "VERSION", "another")
    second = looked(fresh)
    assert (second.rows_scanned, second.remembered_rows) == (first.rows_scanned, 0)


@pytest.mark.parametrize("spoilt", ["", "{", '{"format": 1}', "[]", "null"])
def test_a_memory_that_cannot_be_used_is_none(sqlite_database, tmp_path, spoilt):
    house = undeclared(sqlite_database, tmp_path)
    first = looked(house)
    path = tmp_path / "evidence" / "discovery.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text(spoilt, encoding="utf-8")
    assert looked(house).rows_scanned == first.rows_scanned


@pytest.mark.parametrize("dialect", DIALECTS)
def test_whatever_moment_it_is_killed_in_the_next_call_goes_on_and_counts_each_row_once(new_database, tmp_path, monkeypatch, dialect):
    """Killed again and again, each time a few windows later; what was read is never read twice in one round."""
    fresh = undeclared(new_database(dialect), tmp_path)
    monkeypatch.setattr(windows, "FIRST_ROWS", 100)
    monkeypatch.setattr(windows, "MOST_ROWS", 100)
    monkeypatch.setattr(scan, "SAVED_AFTER_S", -1.0)
    whole = looked(fresh)
    (fresh.folder / "evidence" / "discovery.json").unlink()
    deaths = 0
    while True:
        calls = iter(range(1000))

        def kill(calls: Iterator[int] = calls) -> bool:
            if next(calls) >= 5:  # four windows or fewer; most tables have four, and one of MariaDB cannot be resumed
                raise KeyboardInterrupt
            return False

        try:
            found = looked(fresh, hooks=hooks(kill))
            break
        except KeyboardInterrupt:
            deaths += 1
            assert deaths < 60
    assert deaths > 2
    assert found.rows_scanned < whole.rows_scanned
    assert counted(found) == counted(whole)


def test_a_stop_sign_ends_it_with_10_and_the_next_call_takes_up_the_rest(sqlite_database, tmp_path, monkeypatch):
    fresh = undeclared(sqlite_database, tmp_path)
    monkeypatch.setattr(windows, "FIRST_ROWS", 40)
    monkeypatch.setattr(windows, "MOST_ROWS", 40)
    whole = looked(fresh)
    (fresh.folder / "evidence" / "discovery.json").unlink()
    (fresh.folder / "STOP").touch()
    stopped = looked(fresh)
    assert (stopped.rows_scanned, stopped.unfinished, stopped.exit) == (0, "stop_file", 10)
    (fresh.folder / "STOP").unlink()
    calls = iter(range(1000))
    part = looked(fresh, hooks=hooks(lambda: next(calls) > 5))
    assert 0 < part.rows_scanned < whole.rows_scanned
    rest = looked(fresh)
    assert counted(rest) == counted(whole)


def test_a_stream_without_any_key_is_cut_and_not_read_to_its_end(mariadb_database, tmp_path, monkeypatch, recwarn):
    monkeypatch.setattr(windows, "FIRST_ROWS", 50)
    lost: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)
    house = undeclared(mariadb_database, tmp_path)
    db = open_database(sa.make_url(mariadb_database.url), Path("/"))
    try:
        with db.snapshot() as connection:
            tables, _ = inventory(connection, db.dialect, house.config)
        source = next(t.source for t in tables if t.source.listed.name.name == "no_key")
        assert source.steps == ()
        walking = Reader(db, source).windows(source.columns, None)
        assert next(walking).rows == 50
        walking.close()
        gc.collect()
        with db.snapshot() as connection:
            assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    finally:
        db.close()
    assert ([str(w.message) for w in recwarn if "unbuffered" in str(w.message)], lost) == ([], [])


def test_a_brake_that_stays_on_ends_it_with_10(sqlite_database, tmp_path):
    house = undeclared(sqlite_database, tmp_path, limits={"throttle_sql": "SELECT 1", "max_pause_minutes": 0.0001})
    found = looked(house)
    assert (found.unfinished, found.exit, found.rows_scanned) == ("throttled", 10, 0)


def test_the_log_says_how_much_is_left(sqlite_database, tmp_path, monkeypatch):
    monkeypatch.setattr(meter, "TOLD_AFTER_S", -1.0)
    house, told_lines = undeclared(sqlite_database, tmp_path), []
    looked(house, hooks=replace(hooks(), log=told_lines.append))
    assert len(told_lines) >= 7
    assert all(re.fullmatch(r"main\..+: [\d,]+ rows read, (about [\d,]+ to go, \d+ min|how many are left is not known)", line)
               for line in told_lines)
    assert "about 1,800 to go" in told_lines[0]


def test_two_at_a_time_are_one_too_many(sqlite_database, tmp_path):
    house = undeclared(sqlite_database, tmp_path)

    def meanwhile() -> bool:
        with pytest.raises(BusyError):
            looked(house)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        looked(house, hooks=hooks(meanwhile))


def test_it_reads_by_the_login_that_is_declared_for_it(sqlite_database, tmp_path, monkeypatch):
    house = undeclared(sqlite_database, tmp_path)
    monkeypatch.setenv("DISCOVER_URL", "sqlite:///gone.db")
    path = tmp_path / "retention.toml"
    text = path.read_text(encoding="utf-8").replace("[database]\n", '[database]\ndiscover_url_env = "DISCOVER_URL"\n')
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BlindError) as caught:
        looked(replace(house, config=load(path)))
    assert caught.value.code == "database_missing"


# Ways along the rows


KEYS = {
    "one": "id INTEGER PRIMARY KEY",
    "text": "id VARCHAR(20) PRIMARY KEY",
    "composite": "a INTEGER, b VARCHAR(9), PRIMARY KEY (a, b)",
    "unique": "id INTEGER NOT NULL UNIQUE",
    "nothing": "id INTEGER",
}


@pytest.mark.parametrize("most", [1, 2, 7, 100])
def test_each_row_comes_once_whatever_leads_along_the_table(database, monkeypatch, most):
    monkeypatch.setattr(windows, "FIRST_ROWS", most)
    monkeypatch.setattr(windows, "MOST_ROWS", most)
    monkeypatch.setattr(windows, "FIRST_BLOCKS", 1)
    statements = []
    for name, key in KEYS.items():
        keys = [f"{n % 3}, 'k{n % 5}{n}'" if name == "composite" else f"'{'aAbBäz'[n % 6]}{n}'" if name == "text" else str(n)
                for n in range(30)]
        values = ", ".join(f"({k}, 'v{n}')" for n, k in enumerate(keys))
        comma = f", v VARCHAR(9), pad CHAR(250) DEFAULT '{'x' * 250}', more CHAR(250) DEFAULT '{'x' * 250}'" if "PRIMARY KEY (" not in key else ""
        inner = key if comma else key.replace("PRIMARY KEY (", "v VARCHAR(9), PRIMARY KEY (")
        columns = "a, b, v" if name == "composite" else "id, v"
        statements += [f"CREATE TABLE t_{name} ({inner}{comma})", f"INSERT INTO t_{name} ({columns}) VALUES {values}"]
    told(database, *statements)
    db = open_database(sa.make_url(database.url), Path("/"))
    with db.snapshot() as connection:
        tables, _ = inventory(connection, db.dialect, _config(database))
    try:
        for table in tables:
            column = next(c for c in table.source.columns if c.name == "v")
            seen = [text for window in Reader(db, table.source).windows([column], None) for text in window.texts[0]]
            assert sorted(map(str, seen)) == sorted(f"v{n}" for n in range(30)), table.source.listed.place
    finally:
        db.close()


def _config(database: Database) -> Any:
    from billing import configuration

    path = Path(database.engine.url.database or "") if database.dialect == "sqlite" else None
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "retention.toml"
        file.write_text(configuration(database.dialect, database.url), encoding="utf-8")
        del path
        return load(file)


def test_a_number_far_inside_a_long_value_is_found_at_any_place(database, tmp_path):
    number = Numbers(5).card
    spots = [PIECE - 20, PIECE - 14, PIECE, 33 * PIECE - OVERLAP - 14, 70_000]
    rows = ", ".join(f"({n}, '{'あ ' * (at // 2)}カード番号 {number()}{' end' * 9000}')" for n, at in enumerate(spots))
    house = undeclared(database, tmp_path)
    kind = "LONGTEXT" if database.dialect == "mariadb" else "TEXT"
    execute(house, f"CREATE TABLE long_ones (id INTEGER PRIMARY KEY, memo {kind})", f"INSERT INTO long_ones VALUES {rows}")
    assert one(looked(house), house, "long_ones.memo").count == len(spots)


def test_sqlite_keeps_bytes_of_any_encoding_as_text_and_numbers_as_anything(sqlite_database, tmp_path):
    house = undeclared(sqlite_database, tmp_path)
    number = Numbers(8).card
    raw = bytes_literal(sqlite_database, f"カード番号 {number()}".encode("cp932"))
    execute(house, "CREATE TABLE odd (id INTEGER PRIMARY KEY, memo TEXT, any_thing)",
            *(f"INSERT INTO odd VALUES ({n}, CAST({raw} AS TEXT), {value})"
              for n, value in enumerate([number(), f"'{number()}'", bytes_literal(sqlite_database, number().encode()), "1.5"])))
    found = looked(house)
    assert one(found, house, "odd.memo").count == 4
    assert one(found, house, "odd.any_thing").count == 3


def test_a_key_that_is_a_card_number_is_written_nowhere(database, tmp_path):
    house = undeclared(database, tmp_path)
    numbers = Numbers(11)
    rows = ", ".join(f"('{numbers.card()}', '{numbers.card()}')" for _ in range(120))
    execute(house, "CREATE TABLE by_pan (pan VARCHAR(19) PRIMARY KEY, other VARCHAR(19))", f"INSERT INTO by_pan VALUES {rows}")
    path = tmp_path / "places.csv"
    found = looked(house, keys=path)
    assert one(found, house, "by_pan.other").count == 120
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if ".by_pan." in line]
    remembered = (tmp_path / "evidence" / "discovery.json").read_text(encoding="utf-8")
    assert len(lines) == 240
    for text in (*lines, remembered):
        assert LONG_NUMBER.findall(re.sub(r'"[0-9a-f]{16}":', "", text)) == []
    assert one(looked(house), house, "by_pan.other").count == 120


# What cannot be read


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_what_a_login_may_not_read_is_a_finding_and_no_silence(new_database, tmp_path, dialect):
    house = undeclared(new_database(dialect), tmp_path)
    with login(house.database) as who:
        every = ["services", "customers", "cards", "no_key", "numbers", "payloads", "empty_one"]
        who.grant(*(("SELECT", t) for t in every), ("SELECT", q(house.database, "決済 履歴")), ("SELECT (id)", "scans"))
        there = replace(house, config=reconfigured(house, who.url))
        found = looked(there)
        unread = [f for f in found.findings if f.kind == "not-read" and f.severity == "high"]
        at = {"postgresql": "scans.raw", "mariadb": "scans"}[dialect]
        assert [f.place for f in unread] == [place(house.database, at)]
        assert found.exit == 40
        assert "GRANT" in unread[0].advice.upper()
        assert one(found, house, "payloads.body").count == ROWS


def reconfigured(house: House, url: str) -> Any:
    path = house.folder / "other.toml"
    text = (house.folder / "retention.toml").read_text(encoding="utf-8")
    path.write_text(text.replace(json.dumps(house.database.url), json.dumps(url)).replace(house.database.url, url), encoding="utf-8")
    return load(path)


def test_rows_that_a_policy_hides_are_a_finding(postgresql_database, tmp_path):
    house = undeclared(postgresql_database, tmp_path)
    execute(house, "ALTER TABLE numbers ENABLE ROW LEVEL SECURITY")
    with login(house.database) as who:
        who.tell("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {who}")
        found = looked(replace(house, config=reconfigured(house, who.url)))
    hidden = next(f for f in found.findings if f.kind == "not-read" and ".numbers" in f.place)
    assert (hidden.severity, "BYPASSRLS" in hidden.advice) == ("high", True)


def test_a_login_that_sees_nothing_is_blind(postgresql_database, tmp_path):
    house = undeclared(postgresql_database, tmp_path)
    with login(house.database) as who:
        found = looked(replace(house, config=reconfigured(house, who.url)))
    assert found.exit == 40
    assert found.rows_scanned == 0


def test_a_database_without_tables_is_blind(sqlite_database, tmp_path):
    house = undeclared(sqlite_database, tmp_path)
    (tmp_path / "empty.db").touch()
    with pytest.raises(BlindError) as caught:
        looked(replace(house, config=reconfigured(house, "sqlite:///empty.db")))
    assert caught.value.code == "nothing_to_read"


def test_another_schema_is_said_until_it_is_named(postgresql_database, tmp_path):
    house = undeclared(postgresql_database, tmp_path)
    execute(house, "CREATE SCHEMA archive", "CREATE TABLE archive.old (id INTEGER PRIMARY KEY, pan VARCHAR(19))",
            *(f"INSERT INTO archive.old VALUES ({n}, '{Numbers(n).card()}')" for n in range(40)))
    found = by_place(looked(house))
    assert found["archive", "not-read"].severity == "info"
    named = undeclared_config(house, '[discovery]\nschemas = ["archive", "nowhere"]\n')
    found = by_place(looked(named))
    assert found["archive.old.pan", "card-number"].count == 40
    assert found["nowhere", "not-read"].severity == "high"


def undeclared_config(house: House, more: str) -> House:
    path = house.folder / "more.toml"
    path.write_text((house.folder / "retention.toml").read_text(encoding="utf-8") + "\n" + more, encoding="utf-8")
    return replace(house, config=load(path))


def test_partitions_are_read_once_materialized_views_too_and_views_not(postgresql_database, tmp_path):
    house = undeclared(postgresql_database, tmp_path)
    number = Numbers(21).card
    execute(house, "CREATE TABLE parts (id INTEGER, pan VARCHAR(19), PRIMARY KEY (id)) PARTITION BY RANGE (id)",
            "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (50)",
            "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (50) TO (100)",
            "CREATE TABLE bare (id INTEGER, pan VARCHAR(19)) PARTITION BY RANGE (id)",
            "CREATE TABLE bare_1 PARTITION OF bare FOR VALUES FROM (0) TO (100)",
            *(f"INSERT INTO {table} VALUES ({n}, '{number()}')" for table in ("parts", "bare") for n in range(100)),
            "CREATE MATERIALIZED VIEW copied AS SELECT pan FROM parts", "CREATE VIEW seen AS SELECT pan FROM parts")
    found = {at.removeprefix("public."): f.count for (at, kind), f in by_place(looked(house)).items()
             if kind == "card-number" and at.endswith(".pan")}
    assert found == {"parts.pan": 100, "bare_1.pan": 100, "copied.pan": 100}


def test_our_own_tables_are_not_read_and_nothing_is_written(database, tmp_path):
    house = undeclared(database, tmp_path)
    own = own_tables(database.dialect, "carddata", "carddata_")
    told(database, *commands(ddl(database.dialect, own)))
    db = open_database(sa.make_url(database.url), Path("/"))
    with db.snapshot() as connection:
        tables, unread = inventory(connection, db.dialect, house.config)
    db.close()
    assert not [t for t in tables if "carddata" in t.source.listed.place]
    assert not [u for u in unread if u.place == "carddata"]
    with database.engine.connect() as connection:
        before = {t: connection.execute(sa.text(f"SELECT count(*) FROM {q(database, t)}")).scalar()
                  for t in sa.inspect(connection).get_table_names()}
    assert not [f for f in looked(house).findings if "carddata" in f.place]
    with database.engine.connect() as connection:
        after = {t: connection.execute(sa.text(f"SELECT count(*) FROM {q(database, t)}")).scalar()
                 for t in sa.inspect(connection).get_table_names()}
    assert after == before


# Who answers for what


SUPPRESSED = """
[[discovery.suppress]]
place = "{place}"
class = "{kind}"
reason = "migration until spring"
owner = "Billing"
expires = {expires}
"""


@pytest.mark.parametrize(("at", "expires", "state", "exit_code"), [
    ("cards.token", "2999-01-01", "in-force", 0), ("cards.token", "2020-01-01", "expired", 30),
    ("cards.nothing", "2999-01-01", "unused", 30)])
def test_a_suppression_holds_until_its_day_and_is_always_told(sqlite_database, tmp_path, at, expires, state, exit_code):
    house = undeclared(sqlite_database, tmp_path)
    execute(house, "UPDATE cards SET cvv = NULL")
    found = looked(undeclared_config(house, SUPPRESSED.format(place=f"main.{at}", kind="card-number", expires=expires)))
    assert [(s.state, s.owner, s.reason) for s in found.suppressions] == [(state, "Billing", "migration until spring")]
    kinds = {f.kind for f in found.findings if f.place == f"main.{at}"}
    assert ("card-number" in kinds) == (state == "expired")
    assert ("suppression" in kinds) == (state == "expired")
    assert found.exit == exit_code


def test_it_holds_through_its_last_day(sqlite_database, tmp_path):
    from carddata_retention.discover.running import suppressions

    house = undeclared_config(undeclared(sqlite_database, tmp_path),
                              SUPPRESSED.format(place="x", kind="cvv", expires="2026-11-24"))
    assert [suppressions(house.config, date(2026, 11, day))[0].state for day in (24, 25)] == ["in-force", "expired"]


def test_the_classes_of_the_configuration_are_those_of_the_detector():
    assert list(CLASSES) == [*Kind, "not-read"]


def test_a_catalogue_says_which_column_is_which(house):
    """The truth of the fixture itself: quoted names, a composite key, no key."""
    with house.connection() as connection:
        catalogue = Catalogue(connection, house.database.dialect)
        assert catalogue.primary_key(TableName(None, "決済 履歴")) == ("会社", 'Serial "No"')
        assert catalogue.primary_key(TableName(None, "no_key")) == ()
