"""Legal holds as they are placed, looked at and released, and that none comes between a decision and a removal."""

import io
import os
import threading
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from bench import add, alive, bench, empty_house, grant_request
from nightly import AS_OF
from small_house import small_house
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import holds
from carddata_retention.errors import RefusedError, RetentionError, UsageError
from carddata_retention.holds import Order

ORDER = Order("dispute", "legal", date(2027, 1, 31))
NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
STEP = 1 if os.environ.get("CARDDATA_RELIABILITY") else 5  # a removal and its COMMIT are further apart


@pytest.fixture
def house(database, tmp_path):
    return small_house(database, tmp_path)


@pytest.fixture
def lone_house(sqlite_database, tmp_path):
    return small_house(sqlite_database, tmp_path)


def due_keys(house) -> list[int]:
    """The cards that a night removes, by a night that removes them."""
    before = {row[0] for row in house.rows("cards")}
    house.night(as_of=AS_OF - timedelta(days=1))
    return sorted(before - {row[0] for row in house.rows("cards")})


def put_back(house, rows, keys) -> None:
    table = house.table("cards")
    names = [c.name for c in table.columns]
    with house.database.engine.begin() as connection:
        connection.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in rows if row[0] in keys])


def test_a_held_record_stays_while_the_hold_is_in_force_and_goes_after_its_release(house):
    rows = house.rows("cards")
    held, other = due_keys(house)[:2]
    put_back(house, rows, {held, other})

    hold_id = holds.place_on_record(house.config, NOW, "cards", str(held), ORDER)
    told = house.night()

    left = {row[0] for row in house.rows("cards")}
    assert (held in left, other in left) == (True, False)
    cards = next(t for t in told.targets if t.name == "cards")
    assert (cards.held, cards.held_after, told.holds_in_force, told.holds[0].id) == (1, 1, 1, hold_id)

    holds.release(house.config, NOW, hold_id, "legal", "settled")
    house.night()
    assert held not in {row[0] for row in house.rows("cards")}
    kept = house.execute(f"SELECT released_by, release_reason FROM {house.own('hold')} WHERE id = :i", i=hold_id)
    assert [tuple(r) for r in kept] == [("legal", "settled")]


def test_a_hold_that_comes_too_late_says_when_the_record_was_removed(house):
    gone = due_keys(house)[0]
    with pytest.raises(RefusedError) as late:
        holds.place_on_record(house.config, NOW, "cards", str(gone), ORDER)
    assert (late.value.code, f"{datetime.now(UTC):%Y-%m-%d}" in late.value.cause) == ("already_removed", True)
    assert holds.in_force(house.config, NOW) == []


def test_a_held_subject_keeps_all_that_is_its(house):
    rows, before = house.rows("cards"), house.rows("payments")
    held = due_keys(house)[0]
    put_back(house, rows, {held})
    customer = next(row[1] for row in rows if row[0] == held)
    holds.place_on_subject(house.config, NOW, f" {customer} ".strip(), ORDER)
    house.night()
    assert held in {row[0] for row in house.rows("cards")}
    assert len(before) == len(house.rows("payments"))
    assert [(h.scope, item) for h, item in holds.in_force(house.config, NOW)] == [("subject", str(customer))]


def test_a_held_target_keeps_every_record(house):
    rows = house.rows("cards")
    due = due_keys(house)
    put_back(house, rows, set(due))
    holds.place_on_target(house.config, NOW, "cards", ORDER)
    house.night()
    assert set(due) <= {row[0] for row in house.rows("cards")}


def test_a_record_whose_fields_were_emptied_is_removed_already(house):
    before = {row[0]: row for row in house.rows("payments")}
    house.night(as_of=AS_OF - timedelta(days=1))
    emptied = next(row[0] for row in house.rows("payments") if row != before[row[0]])
    with pytest.raises(RefusedError) as late:
        holds.place_on_record(house.config, NOW, "payments", str(emptied), ORDER)
    assert late.value.code == "already_removed"


@pytest.mark.parametrize(("place", "code"), [
    (lambda c: holds.place_on_subject(c, NOW, "987654321", ORDER), "unknown_subject"),
    (lambda c: holds.place_on_record(c, NOW, "cards", "987654321", ORDER), "unknown_record"),
    (lambda c: holds.place_on_record(c, NOW, "card", "1", ORDER), "unknown_target"),
    (lambda c: holds.place_on_target(c, NOW, "card", ORDER), "unknown_target"),
    (lambda c: holds.release(c, NOW, "h0", "legal", "settled"), "unknown_hold"),
    (lambda c: holds.review(c, NOW, "h0", "legal", date(2027, 1, 1)), "unknown_hold"),
    (lambda c: holds.release(c, NOW, "h0", "", "settled"), "hold_release"),
    (lambda c: holds.release(c, NOW, "h0", "legal", " "), "hold_release"),
    (lambda c: holds.review(c, NOW, "h0", " ", date(2027, 1, 1)), "hold_review"),
])
def test_what_cannot_be_done_is_said(lone_house, place, code):
    with pytest.raises(UsageError) as refused:
        place(lone_house.config)
    assert refused.value.code == code


@pytest.mark.parametrize(("basis", "by", "note", "code"), [
    ("", "legal", "", "hold_basis"), ("because", "legal", "", "hold_basis"), ("other", "legal", " ", "hold_basis"),
    ("dispute", " ", "", "hold_by"),
])
def test_a_hold_needs_a_basis_and_a_name(basis, by, note, code):
    with pytest.raises(UsageError) as refused:
        Order(basis, by, date(2027, 1, 31), note)
    assert refused.value.code == code
    assert Order("other", "legal", date(2027, 1, 31), "internal audit").basis == "other"


def test_a_hold_is_released_once_and_a_review_moves_its_day(lone_house):
    hold_id = holds.place_on_target(lone_house.config, NOW, "cards", ORDER)
    holds.review(lone_house.config, NOW, hold_id, "auditor", date(2027, 6, 30))
    assert [h.review_by for h, _ in holds.in_force(lone_house.config, NOW)] == ["2027-06-30"]
    holds.release(lone_house.config, NOW, hold_id, "legal", "settled")
    assert holds.in_force(lone_house.config, NOW) == []
    with pytest.raises(UsageError):
        holds.release(lone_house.config, NOW, hold_id, "legal", "again")


def test_a_review_that_is_overdue_is_a_finding(lone_house):
    overdue = Order("authority", "legal", AS_OF - timedelta(days=1))
    for order in (overdue, Order("authority", "legal", AS_OF), overdue):
        holds.place_on_target(lone_house.config, NOW, "cards", order)
    found = [f for f in lone_house.night().findings if f.id == "hold_review_overdue"]
    assert [(f.count, f.severity.value) for f in found] == [(2, "warn")]


def by_record(house, key: int) -> None:
    holds.place_on_record(house.config, NOW, "cards", str(key), ORDER)


def by_query(house, key: int) -> None:
    refused_or_placed(holds.place_by_query(house.config, NOW, f"SELECT 'cards' AS target, {key} AS id", None, ORDER))


def by_file(house, key: int) -> None:
    row = f"cards,{key},,dispute,legal,2027-01-31,"
    refused_or_placed(holds.place_from_csv(
        house.config, NOW, io.StringIO(f"target,key,subject,basis,by,review_by,note\n{row}\n")))


def by_target(house, key: int) -> None:
    holds.place_on_target(house.config, NOW, "cards", ORDER)


def by_subject_alone(house, key: int) -> None:
    """A subject that has neither a service nor a parent row."""
    holds.place_on_subject(house.config, NOW, str(key), ORDER)


def refused_or_placed(bulk: holds.Bulk) -> None:
    for row in bulk.refused:
        raise RetentionError(row.code, row.reason)


def add_alone(house, key: int) -> None:
    """A card of a subject that is nowhere else; only a request makes it go."""
    add(house, key)
    switch = {"postgresql": "SET session_replication_role = replica", "mariadb": "SET foreign_key_checks = 0"}
    with house.database.engine.begin() as connection:
        for text in (switch[house.database.dialect], f"DELETE FROM services WHERE customer_id = {key}",
                     f"DELETE FROM payments WHERE customer_id = {key}", f"DELETE FROM customers WHERE id = {key}"):
            connection.exec_driver_sql(text)
    grant_request(house, "record", key, "cards")


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
@pytest.mark.parametrize(("ways", "too_late"), [
    ((by_record, by_query, by_file), {"already_removed"}),
    ((by_subject_alone,), {"unknown_subject"}),
    ((by_target,), {"placed"}),  # of what is left
], ids=["record, query, file", "subject alone", "target"])
def test_a_hold_that_is_placed_while_a_batch_is_under_way_comes_before_it_or_says_that_it_is_too_late(
        new_database, tmp_path, dialect, ways, too_late):
    house = empty_house(new_database(dialect), tmp_path)
    seen = set()
    with bench(house) as b:
        for gap in count(0, STEP):
            keys = {100 + gap * len(ways) + n: way for n, way in enumerate(ways)}
            for key, way in keys.items():
                (add_alone if way is by_subject_alone else add)(house, key)
            came: dict[int, str] = {}
            others = [threading.Thread(target=_place, args=(house, way, key, came)) for key, way in keys.items()]

            def watch(_text, number, _connection, gap=gap, others=others):
                if threading.current_thread() is threading.main_thread() and number == gap:
                    for placing in others:
                        placing.start()
                    for placing in others:
                        placing.join(0.2 / len(others) if gap else None)  # before its first statement nothing is held

            b.purge("cards", watch)
            if others[0].ident is None:
                break
            for placing in others:
                placing.join()
            for key in keys:
                there = key in alive(house, "cards")
                assert came[key] == "placed" if there else came[key] in too_late, (gap, came[key], there)
                seen.add(there)
            for hold, _ in holds.in_force(house.config, NOW):
                holds.release(house.config, NOW, hold.id, "legal", "next gap")
        b.check()
    assert seen == {True, False}


def _place(house, way, key: int, came: dict[int, str]) -> None:
    try:
        way(house, key)
        came[key] = "placed"
    except RetentionError as refused:
        came[key] = refused.code


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_a_hold_on_a_target_gets_its_turn_though_batches_overlap_without_end(new_database, tmp_path, dialect):
    house = empty_house(new_database(dialect), tmp_path)
    with bench(house) as b:
        run_id, came, rounds = b.begin(), {}, []

        def batches(number: int) -> None:
            """The first statement of each batch keeps the run until its COMMIT; four connections leave no gap."""
            for _ in range(60):
                if came:
                    return
                with suppress(SQLAlchemyError), b.stage.db.transaction() as connection:
                    b.ledger.hold_open(connection, run_id)
                    threading.Event().wait(0.04 + 0.003 * number)
                rounds.append(number)

        others = [threading.Thread(target=batches, args=(n,)) for n in range(4)]
        for other in others:
            other.start()
        _place(house, by_target, 1, came)
        for other in others:
            other.join()
    assert came == {1: "placed"}
    assert len(rounds) < 200  # else it only came when the last batch was over
