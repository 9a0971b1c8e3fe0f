"""What a removal does to a record, to its neighbours and to its children, and that it does the same everywhere."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from bench import LONG_AGO, add, alive, bench, empty_house, evidence_of, grant_request, moment, place_hold, usages
from billing import generate
from nightly import AS_OF, House
from oracle import Rules, answers
from small_house import lean
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import scan
from carddata_retention.errors import FailedError
from carddata_retention.moments import as_text
from carddata_retention.records import follows

RECENT = datetime.fromisoformat("2025-03-01T00:00:00+00:00")
EMPTIED = ("card_holder", "card_token", "card_exp", "last4", "brand")
TARGETS = ("cards", "payments")


def whole_rows(house: House, table: str) -> dict[Any, dict[str, Any]]:
    """Every column of every row, whatever the table has become since."""
    with house.connection() as connection:
        return {r["id"]: dict(r) for r in connection.execute(sa.text(f"SELECT * FROM {table}")).mappings()}


def dump(house: House) -> dict[str, list[Any]]:
    """Every row of every table of the database, ours included."""
    found = {}
    with house.connection() as connection:
        catalogue = sa.inspect(connection)
        for schema in ([None, "carddata"] if "carddata" in catalogue.get_schema_names() else [None]):
            for name in catalogue.get_table_names(schema):
                table = sa.table(name, schema=schema)
                rows = connection.execute(sa.select(sa.literal_column("*")).select_from(table))
                found[f"{schema}.{name}"] = sorted(map(str, rows))
    return found


def test_a_redaction_empties_the_declared_fields_and_touches_nothing_else(database, tmp_path):
    house = empty_house(database, tmp_path)
    add(house, *(100, 101))
    house.execute("ALTER TABLE payments ADD COLUMN remark VARCHAR(80)")
    if database.dialect == "mariadb":
        house.execute("ALTER TABLE payments ADD COLUMN changed TIMESTAMP(6) NOT NULL DEFAULT '2020-01-01 00:00:00' "
                      "ON UPDATE CURRENT_TIMESTAMP(6)")
        house.execute("ALTER TABLE payments ADD COLUMN written DATETIME NULL ON UPDATE CURRENT_TIMESTAMP")
    house.execute("UPDATE payments SET remark = '備考 é ''x''', amount = id * 3")
    before = whole_rows(house, "payments")
    with bench(house) as b:
        assert b.purge("payments").exit() == 0
    after = whole_rows(house, "payments")
    redacted = {"card_holder": None, "card_token": "***", "card_exp": None, "last4": None, "brand": None}
    assert after == {key: row if key == 1 else {**row, **redacted} for key, row in before.items()}
    assert set(redacted) == set(EMPTIED)


def test_masks_are_written_in_the_type_of_each_column_of_a_split_field(database, tmp_path):
    cards = {"disposition": "redact", "children": None,
             "redact": {"holder": {"mask": "削除"}, "number": {"mask": "-"}, "expiry": ["null", {"mask": "1900"}]}}
    house = empty_house(database, tmp_path, targets={"cards": cards})
    add(house, 100)
    with bench(house) as b:
        assert b.purge("cards").exit() == 0
        assert b.purge("cards").candidates == 0
    assert whole_rows(house, "cards")[100] == {
        "id": 100, "customer_id": 100, "cardholder_name": "削除", "card_token": "-", "exp_month": None, "exp_year": 1900}


def test_a_card_goes_with_its_children_and_the_last_row_of_a_table_goes_too(database, tmp_path):
    house = empty_house(database, tmp_path)
    house.execute("DELETE FROM card_usage")
    house.execute("DELETE FROM cards")
    add(house, *range(100, 103))
    with bench(house) as b:
        came_out = b.purge("cards")
    children = {name.rpartition(".")[2]: n for name, n in came_out.tally.children.items()}
    assert (came_out.tally.purged, children) == (3, {"card_usage": 6})
    assert (alive(house, "cards"), usages(house)) == (set(), {})


def refuse(house: House, key: int) -> None:
    """A CHECK that the redaction of payment `key` would break."""
    condition = f"id <> {key} OR card_holder IS NOT NULL"
    if house.database.dialect != "sqlite":
        house.execute(f"ALTER TABLE payments ADD CONSTRAINT keep CHECK ({condition})")
        return
    (text,), = house.execute("SELECT sql FROM sqlite_master WHERE name = 'payments'")
    rows = whole_rows(house, "payments").values()
    house.execute("DROP TABLE payments")
    house.execute(text.rstrip().removesuffix(")") + f", CHECK ({condition}))")
    with house.database.engine.begin() as connection:
        connection.execute(house.table("payments").insert(), [dict(row) for row in rows])


def test_a_record_that_breaks_a_check_fails_alone_and_the_others_go(database, tmp_path):
    house = empty_house(database, tmp_path)
    add(house, *range(100, 120))
    refuse(house, 107)
    with pytest.raises(SQLAlchemyError):
        house.execute("UPDATE payments SET card_holder = NULL WHERE id = 107")
    with bench(house) as b:
        came_out = b.purge("payments")
        assert came_out.ends.pop(107) == ("failed", "constraint")
        assert set(came_out.ends.values()) == {("purged", None)}
        assert (came_out.exit(), came_out.tally.failed, came_out.look.failed_due) == (20, 1, 1)
        assert b.purge("payments").exit() == 20
        b.check()
    assert alive(house, "payments") == {1, 107}


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])  # no trigger of MariaDB's can swallow a DELETE
def test_a_removal_that_a_trigger_swallows_is_rolled_back_and_fails_alone(new_database, tmp_path, dialect):
    database = new_database(dialect)
    house = empty_house(database, tmp_path)
    add(house, *range(100, 110))
    if database.dialect == "postgresql":
        house.execute("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$")
        house.execute("CREATE TRIGGER swallow BEFORE DELETE ON cards FOR EACH ROW WHEN (OLD.id = 104) "
                      "EXECUTE FUNCTION nothing()")
    else:
        house.execute("CREATE TRIGGER swallow BEFORE DELETE ON cards WHEN OLD.id = 104 "
                      "BEGIN SELECT RAISE(IGNORE); END")
    with bench(house) as b:
        came_out = b.purge("cards")
        assert came_out.ends[104] == ("failed", "row_count")
        assert (came_out.exit(), came_out.tally.purged) == (20, 9)
    assert alive(house, "cards") == {1, 104}
    assert usages(house) == {1: 2, 104: 2}


def test_a_granted_request_removes_before_the_deadline_unless_it_is_held(database, tmp_path):
    house = empty_house(database, tmp_path)
    add(house, *range(100, 107), ended=RECENT)
    with bench(house) as b:
        grant_request(house, "record", 100, "cards")
        grant_request(house, "subject", 101)
        grant_request(house, "record", 102, "payments")
        grant_request(house, "record", 103, "cards")
        grant_request(house, "subject", 104)
        house.execute(f"UPDATE {house.own('request')} SET closed_at = 'now' WHERE item = '104'")
        grant_request(house, "subject", 105)
        house.execute(f"UPDATE {house.own('request')} SET granted_at = NULL WHERE item = '105'")
        with house.database.engine.begin() as connection:
            place_hold(house, connection, "subject", 103)
        rounds = {target: b.purge(target) for target in TARGETS}
        assert {t: set(r.ends) for t, r in rounds.items()} == {"cards": {100, 101}, "payments": {101, 102}}
        assert [r.exit() for r in rounds.values()] == [0, 0]
        statuses = house.execute(f"SELECT DISTINCT status FROM {house.own('tombstone')}")
        assert statuses == [("requested",)]
    assert evidence_of(house) == {"cards": {100, 101}, "payments": {101, 102}}


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_a_subject_that_is_a_decimal_in_the_target_and_whole_in_the_services_is_one_subject(
        new_database, tmp_path, dialect):
    house = empty_house(new_database(dialect), tmp_path)
    add(house, 100, 101)
    for name in (k["name"] for k in sa.inspect(house.database.engine).get_foreign_keys("cards")):
        house.execute(f"ALTER TABLE cards DROP {'FOREIGN KEY' if dialect == 'mariadb' else 'CONSTRAINT'} {name}")
    house.execute("ALTER TABLE cards MODIFY customer_id DECIMAL(12, 2)" if dialect == "mariadb" else
                  "ALTER TABLE cards ALTER customer_id TYPE NUMERIC(12, 2)")
    with bench(house) as b:
        assert b.purge("cards").exit() == 0
    assert alive(house, "cards") == {1}


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_two_connections_that_meet_at_one_subject_leave_none_of_its_records(new_database, tmp_path, dialect):
    house = empty_house(new_database(dialect), tmp_path, targets={"cards": {"children": None}, "payments": None})
    house.execute("DROP TABLE card_usage")
    add_cards = house.table("cards").insert()
    with house.database.engine.begin() as connection:
        connection.execute(house.table("customers").insert(), {"id": 100, "name": "山田"})
        connection.execute(house.table("services").insert(), {
            "id": 1000, "customer_id": 100, "kind": "vps", "status": "closed",
            "use_ended_at": moment(house, LONG_AGO)})
        connection.execute(add_cards, [{"id": n, "customer_id": 100, "card_token": f"tok_{n}"} for n in range(100, 3100)])
    with bench(house) as b:
        run_id = b.begin()
        candidates = b.freeze(run_id, "cards")
        b.engine(run_id, "cards", connections=2).run(candidates)
        assert b.finish(run_id, "cards", candidates).exit() == 0
    assert alive(house, "cards") == {1}


def test_the_records_of_one_subject_follow_each_other_whatever_their_keys_are(database, tmp_path):
    """So a batch locks a subject once, and two connections meet at most where their parts do."""
    house = empty_house(database, tmp_path)
    add(house, 100, 101, 102)
    with house.database.engine.begin() as connection:
        connection.execute(house.table("payments").insert(), [
            {"id": 200 + n, "customer_id": 100 + n % 3, "method": "card", "amount": 1, "card_token": f"tok_{n}"}
            for n in range(9)])
    with bench(house) as b:
        b.freeze(b.begin(), "payments")
        keys = [int(key) for (key,) in house.execute(f"SELECT record_key FROM {house.own('work')} ORDER BY seq")]
    assert keys == [100, 200, 203, 206, 101, 201, 204, 207, 102, 202, 205, 208]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("company", [(), (101,)], ids=["alone", "among others"])
def test_a_granted_request_removes_a_record_of_nobody_too(database, tmp_path, target, company):
    house = empty_house(database, tmp_path)
    add(house, 100, *company)
    house.execute(f"UPDATE {target} SET customer_id = NULL WHERE id = 100")
    with bench(house) as b:
        grant_request(house, "record", 100, target)
        assert b.purge(target).exit() == 0
    assert alive(house, target) == {1}


@pytest.mark.parametrize(("scope", "item", "target", "kept"), [
    ("record", 101, "cards", {"cards": {1, 101}, "payments": {1}}),
    ("record", 101, "payments", {"cards": {1}, "payments": {1, 101}}),
    ("subject", 101, None, {"cards": {1, 101}, "payments": {1, 101}}),
    ("target", None, "cards", {"cards": {1, 100, 101, 102}, "payments": {1}}),
])
def test_a_hold_keeps_what_it_names_and_nothing_else(database, tmp_path, scope, item, target, kept):
    house = empty_house(database, tmp_path)
    add(house, *range(100, 103))
    with bench(house) as b:
        with house.database.engine.begin() as connection:
            place_hold(house, connection, scope, item, target)
        for name in TARGETS:
            assert b.purge(name).exit() == 0
        assert {name: alive(house, name) for name in TARGETS} == kept
        house.execute(f"UPDATE {house.own('hold')} SET released_at = 'now'")
        for name in TARGETS:
            assert b.purge(name).exit() == 0
    assert {name: alive(house, name) for name in TARGETS} == {"cards": {1}, "payments": {1}}


def test_a_second_run_the_same_night_removes_nothing_and_a_dry_run_changes_no_table(database, tmp_path):
    house = lean(database, tmp_path, generate(AS_OF, size=60))
    first = house.night()
    before = dump(house)
    house.plan()
    assert dump(house) == before
    assert house.verify().exit_code == 0
    assert dump(house) == before
    second = house.night()
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert all(t.purged for t in first.targets)
    assert [(t.purged, t.skipped, t.failed, t.remaining_due) for t in second.targets] == [(0, 0, 0, 0)] * 2
    customers = {name: rows for name, rows in before.items() if "carddata" not in name}
    assert {name: dump(house)[name] for name in customers} == customers


def test_composite_keys_text_keys_and_dates_as_keys_are_removed_by_name(database, tmp_path):
    key = ["shop", "day", "no"]
    cards = {"table": "vault", "key": key, "children": None,
             "fields": {"holder": "cardholder_name", "number": "card_token", "expiry": None}}
    tables = sa.MetaData()
    text = sa.Text() if database.dialect == "sqlite" else sa.String(20)
    day = sa.Text() if database.dialect == "sqlite" else sa.Date()
    vault = sa.Table(
        "vault", tables, sa.Column("shop", text, primary_key=True), sa.Column("day", day, primary_key=True),
        sa.Column("no", sa.Integer, primary_key=True, autoincrement=False), sa.Column("customer_id", sa.Integer),
        sa.Column("cardholder_name", text), sa.Column("card_token", text), mariadb_engine="InnoDB",
        mariadb_charset="utf8mb4")
    tables.create_all(database.engine)
    house = empty_house(database, tmp_path, targets={"cards": cards})
    add(house, 100)
    days = [date(2020, 2, n) for n in range(1, 29)]
    rows = [{"shop": shop, "day": str(days[n % 28]) if database.dialect == "sqlite" else days[n % 28], "no": n,
             "customer_id": 1 if n % 7 == 0 else 100, "cardholder_name": "A", "card_token": f"tok_{n}"}
            for n in range(400) for shop in ("東京", "NULL", 'o"s\\a,{k}a')]
    with database.engine.begin() as connection:
        connection.execute(vault.insert(), rows)
    with bench(house) as b:
        run_id = b.begin()
        candidates = b.freeze(run_id, "cards")
        b.engine(run_id, "cards").run(candidates)
        with b.stage.db.snapshot() as connection:
            tally = b.ledger.tally(connection, run_id, "cards")
            batch = b.ledger.tables.batch.c
            sizes = connection.execute(sa.select(batch.last_seq - batch.first_seq + 1, batch.purged)).all()
        largest = len(rows) if database.dialect == "postgresql" else 500  # larger ones SQLite cannot parse
        assert all(examined == purged <= largest for examined, purged in sizes)
    expected = [r for r in rows if r["customer_id"] == 1]
    assert (tally.purged, tally.skipped, tally.failed) == (len(rows) - len(expected), 0, 0)
    with database.engine.connect() as connection:
        left = connection.execute(sa.select(vault.c.shop, vault.c.no)).all()
    assert sorted(tuple(r) for r in left) == sorted((r["shop"], r["no"]) for r in expected)


@pytest.mark.parametrize("target", ["cards", "payments"])
def test_an_end_that_was_corrected_but_is_due_still_is_recorded_as_it_is_now(database, tmp_path, target):
    house = empty_house(database, tmp_path)
    add(house, *range(100, 110), services=2)
    sooner, later = LONG_AGO - timedelta(days=400), LONG_AGO + timedelta(days=40)
    with bench(house) as b:
        run_id = b.begin()
        candidates = b.freeze(run_id, target)
        for key, end in {103: sooner, 104: later}.items():
            house.execute("UPDATE services SET use_ended_at = :end WHERE customer_id = :key",
                          end=moment(house, end), key=key)
        b.engine(run_id, target).run(candidates)
        came_out = b.finish(run_id, target, candidates)
        stone, deadline = house.own("tombstone"), house.own("deadline")
        ends = dict(house.execute(
            f"SELECT s.record_key, d.ended_at FROM {stone} s JOIN {deadline} d "
            "ON d.run_id = s.run_id AND d.service_end = s.service_end WHERE s.run_id = :run", run=run_id))
        b.check()
    assert (came_out.tally.purged, came_out.exit()) == (10, 0)
    of = {103: sooner, 104: later}
    assert {key: end.removesuffix("Z") for key, end in ends.items()} == {
        str(key): as_text(of.get(key, LONG_AGO)).removesuffix("Z") for key in range(100, 110)}


@pytest.mark.parametrize("end", ["too late", "none"])
@pytest.mark.parametrize("status", ["due", "requested"])
def test_a_candidate_whose_own_deadline_has_not_come_stops_the_run_unless_it_is_requested(
        database, tmp_path, status, end):
    house = empty_house(database, tmp_path)
    add(house, 100, ended=RECENT)
    with bench(house, as_of=date(2031, 1, 1)) as later, bench(house) as b:
        if status == "requested":
            grant_request(house, "record", 100, "cards")
        wrong = scan.candidate_statement(later.decider("cards"))
        run_id = b.begin()
        with b.stage.db.frozen() as (reading, writing):
            b.ledger.freeze(reading, writing, run_id, "cards", wrong)
            if end == "none":
                writing.execute(b.ledger.tables.work.update().values(service_end=None))
            note = partial(b.ledger.note_deadlines, writing, run_id, "cards",
                           partial(follows, b.decider("cards"), b.stage.policy))
            if status == "requested":
                note()
            else:
                with pytest.raises(FailedError) as told:
                    note()
                assert told.value.code == "cutoff_disagrees"


NIGHTS = [
    (date(2024, 2, 28), "jp-civil-code", "instant"),
    (date(2024, 2, 29), "jp-civil-code", "inclusive-date"),
    (date(2024, 3, 1), "jp-civil-code", "exclusive-date"),
    (date(2025, 2, 28), "jp-civil-code", "instant"),
    (date(2025, 3, 1), "jp-civil-code", "instant"),
    (date(2025, 2, 28), "eu-1182-71", "instant"),
    (date(2025, 3, 1), "anniversary", "inclusive-date"),
    (AS_OF, "eu-1182-71", "exclusive-date"),
    (AS_OF, "anniversary", "instant"),
]


@pytest.mark.parametrize(("as_of", "convention", "kind", "seed"), [(*night, n) for n, night in enumerate(NIGHTS, 11)],
                         ids=[f"{d}-{c}-{k}" for d, c, k in NIGHTS])
def test_every_database_removes_exactly_what_the_oracle_says(new_database, tmp_path, as_of, convention, kind, seed):
    """SQLite and the servers in turn: each has every kind of column; the convention moves only a bound, a parameter."""
    billing = generate(as_of, size=230, seed=seed, end_kind=kind)
    expected = answers(billing, Rules(as_of, convention=convention, kind=kind))
    told = []
    for dialect in ("sqlite", ("postgresql", "mariadb")[seed % 2]):
        folder = tmp_path / dialect
        folder.mkdir()
        house = lean(new_database(dialect), folder, billing, end_kind=kind, policy={"convention": convention})
        numbers: dict[str, Any] = {}
        with bench(house, as_of) as b:
            for target in TARGETS:
                truth = expected[target]
                with b.stage.db.snapshot() as connection:
                    counts = scan.count(connection, b.decider(target))
                assert {s.value: number for s, number in counts.by_status.items()} == truth.totals
                assert counts.reasons == truth.reasons
                came_out = b.purge(target)
                assert {k for k, end in came_out.ends.items() if end == ("purged", None)} == truth.purge
                assert (came_out.candidates, came_out.look.remaining_due, came_out.exit()) == (len(truth.purge), 0, 0)
                numbers[target] = (counts, came_out.tally.purged, sum(came_out.tally.children.values()))
            assert numbers["cards"][2] == expected["cards"].children_removed
        told.append(numbers)
        assert evidence_of(house) == {target: expected[target].purge for target in TARGETS}
    assert told[0] == told[1]
    assert sum(len(answer.purge) for answer in expected.values()) > 30
