"""A removal that would take away what decides other records is refused, and what is safe is carried out."""

from datetime import UTC, datetime
from typing import Any

import pytest
from nightly import AS_OF, House
from strange import CARDS, MOMENT, TEXT, establish, keys, moment

from carddata_retention.check import check_all
from carddata_retention.errors import RefusedError
from carddata_retention.model import State

PAYMENTS = {"name": "payments", "table": "payments", "key": ["id"], "fields": {"number": "token"},
            "disposition": "redact"}
BY_CARD = {"column": "customer_id", "through": [{"table": "cards", "from": ["card_id"], "to": ["id"]}]}
OTHERS = {"column": "customer_id", "through": [{"table": "orders", "from": ["order_id"], "to": ["id"]}]}
USAGE = {"table": "card_usage", "columns": ["card_id"], "disposition": "delete"}


def house_of(database: Any, folder: Any, targets: Any, **service_end: Any) -> House:
    """Customer 1 is over and due, customer 2 goes on; each has one row in every table."""
    text, time = TEXT[database.dialect], MOMENT[database.dialect]
    ended = moment(database, "2021-11-15 12:00:00")
    sections = {"service_end": service_end} if service_end else {}
    return establish(database, folder, [
        f"CREATE TABLE services (id INTEGER PRIMARY KEY, customer_id INTEGER, other_id INTEGER, card_id INTEGER, "
        f"ended_at {time}, token {text})",
        f"CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, order_id INTEGER, token {text})",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, card_id INTEGER)",
        f"CREATE TABLE payments (id INTEGER PRIMARY KEY, customer_id INTEGER, card_id INTEGER, order_id INTEGER, "
        f"token {text})",
        f"CREATE TABLE card_usage (id INTEGER PRIMARY KEY, card_id INTEGER, customer_id INTEGER, token {text})",
        f"INSERT INTO services VALUES (1, 1, 1, 1, {ended}, 'a'), (2, 2, 2, 2, NULL, 'a')",
        "INSERT INTO cards VALUES (1, 1, 1, 'a'), (2, 2, 2, 'a')",
        "INSERT INTO orders VALUES (1, 1, 1), (2, 2, 2)",
        "INSERT INTO payments VALUES (1, 1, 1, 1, 'a'), (2, 2, 2, 2, 'a')",
        "INSERT INTO card_usage VALUES (1, 1, 1, 'a'), (2, 2, 2, 'a')",
    ], targets=targets, **sections)


def refused(house: House, target: str = "cards") -> RefusedError:
    """The one target that is refused: `check`, `plan` and `run` all say it, and nothing of it is removed."""
    problems = [p for p in check_all(house.config, datetime.now(UTC)) if p.code == "orphans"]
    before = keys(house, next(t.table for t in house.config.targets if t.name == target))
    for night in (house.plan()[0], house.night(AS_OF)):
        assert {t.name: t.state for t in night.targets if t.state is not State.CLEAN} == {target: State.REFUSED}
        assert night.exit_code == 30
    assert keys(house, next(t.table for t in house.config.targets if t.name == target)) == before
    assert len(problems) == 1
    assert isinstance(problems[0], RefusedError)
    assert problems[0].cure
    return problems[0]


def test_a_target_through_which_another_finds_its_subject_is_not_deleted(database, tmp_path):
    error = refused(house_of(database, tmp_path, [CARDS, PAYMENTS | {"subject": BY_CARD}]))
    assert "cards" in error.cause
    assert "payments" in error.cause
    assert 'disposition = "redact" for cards' in error.cure


def test_nor_are_its_children_where_another_goes_through_them(sqlite_database, tmp_path):
    child = {"table": "orders", "columns": ["card_id"], "disposition": "delete"}
    error = refused(house_of(sqlite_database, tmp_path, [CARDS | {"children": [child]}, PAYMENTS | {"subject": OTHERS}]))
    assert "orders" in error.cause
    assert "payments" in error.cause


def test_nor_where_the_way_goes_on_behind_it(sqlite_database, tmp_path):
    through = [{"table": "cards", "from": ["card_id"], "to": ["id"]},
               {"table": "orders", "from": ["order_id"], "to": ["id"]}]
    refused(house_of(sqlite_database, tmp_path, [
        CARDS, PAYMENTS | {"subject": {"column": "customer_id", "through": through}}]))


def test_a_broken_target_keeps_its_way_until_it_is_mended(sqlite_database, tmp_path):
    house = house_of(sqlite_database, tmp_path, [CARDS, PAYMENTS | {"subject": BY_CARD, "fields": {"number": "tokn"}}])
    night = house.night(AS_OF)
    assert [t.state for t in night.targets] == [State.REFUSED, State.BLIND]
    assert keys(house) == [1, 2]


def test_rows_that_are_removed_with_it_are_no_orphans(database, tmp_path):
    usage = {"name": "usage", "table": "card_usage", "key": ["id"], "subject": BY_CARD, "fields": {"number": "token"},
             "disposition": "redact"}
    house = house_of(database, tmp_path, [CARDS | {"children": [USAGE]}, usage])
    night = house.night(AS_OF)
    assert night.exit_code == 0, night.findings
    assert (keys(house), keys(house, "card_usage")) == ([2], [2])


def test_a_redaction_on_the_way_orphans_nobody(sqlite_database, tmp_path):
    house = house_of(sqlite_database, tmp_path, [
        CARDS | {"disposition": "redact"}, PAYMENTS | {"subject": BY_CARD}])
    assert [(t.state, t.purged) for t in house.night(AS_OF).targets] == [(State.CLEAN, 1)] * 2


def test_nor_does_a_target_delete_its_own_way_before_it_is_asked_again(sqlite_database, tmp_path):
    own = {"column": "customer_id", "through": [{"table": "card_usage", "from": ["id"], "to": ["card_id"]}]}
    error = refused(house_of(sqlite_database, tmp_path, [CARDS | {"subject": own, "children": [USAGE]}]))
    assert "card_usage" in error.cause


def test_a_table_of_nobodys_may_be_gone_through(sqlite_database, tmp_path):
    house = house_of(sqlite_database, tmp_path, [CARDS, PAYMENTS | {"subject": OTHERS}])
    assert [(t.state, t.purged) for t in house.night(AS_OF).targets] == [(State.CLEAN, 1)] * 2


def test_a_subject_column_is_not_let_go_of(sqlite_database, tmp_path):
    parties = {"name": "cards", "table": "cards", "key": ["id"], "subject": "customer_id", "disposition": "delete",
               "fields": {"number": "token"},
               "children": [{"table": "payments", "columns": ["customer_id"], "disposition": "null"}]}
    error = refused(house_of(sqlite_database, tmp_path, [parties, PAYMENTS | {"subject": "customer_id"}]))
    assert "payments.customer_id" in error.cause


# The service ends themselves

SERVICES = CARDS | {"name": "services", "table": "services"}


def test_service_rows_are_not_removed_as_children(sqlite_database, tmp_path):
    child = {"table": "services", "columns": ["card_id"], "disposition": "delete"}
    error = refused(house_of(sqlite_database, tmp_path, [CARDS | {"children": [child]}]))
    assert "services" in error.cause
    assert 'disposition = "null"' in error.cure


def test_but_let_go_of_where_another_column_says_whose_they_are(sqlite_database, tmp_path):
    child = {"table": "services", "columns": ["card_id"], "disposition": "null"}
    house = house_of(sqlite_database, tmp_path, [CARDS | {"children": [child]}])
    assert (house.night(AS_OF).exit_code, keys(house), keys(house, "services")) == (0, [2], [1, 2])


def test_service_rows_that_hold_card_data_go_where_nothing_else_is_decided_by_them(database, tmp_path):
    house = house_of(database, tmp_path, [SERVICES])
    assert (house.night(AS_OF).exit_code, keys(house, "services")) == (0, [2])
    assert (house.night(AS_OF).exit_code, keys(house, "services")) == (0, [2])


def test_and_stay_where_another_target_is(sqlite_database, tmp_path):
    error = refused(house_of(sqlite_database, tmp_path, [SERVICES, PAYMENTS | {"subject": "customer_id"}]), "services")
    assert "services" in error.cause
    assert "payments" in error.cause


@pytest.mark.parametrize("unlike", [{"subject": "other_id"}, {"subject": ["customer_id", "other_id"]}])
def test_and_where_a_row_is_decided_by_another_subject_than_it_speaks_of(sqlite_database, tmp_path, unlike):
    refused(house_of(sqlite_database, tmp_path, [SERVICES | unlike]), "services")


def test_and_where_only_some_of_them_count(sqlite_database, tmp_path):
    refused(house_of(sqlite_database, tmp_path, [SERVICES], where="token <> 'draft'"), "services")


def test_a_redaction_never_empties_what_says_when_a_service_ended(sqlite_database, tmp_path):
    error = refused(house_of(sqlite_database, tmp_path, [
        SERVICES | {"disposition": "redact", "also": ["ended_at"]}]), "services")
    assert "ended_at" in error.cause


@pytest.mark.parametrize("more", [
    {"locks": [{"table": "services", "subject": "customer_id"}]}, {"race": "quiet-window"}])
def test_nor_does_a_query_lose_its_rows(sqlite_database, tmp_path, more):
    (tmp_path / "ends.sql").write_text("SELECT customer_id, max(ended_at) AS ended_at FROM services GROUP BY customer_id")
    house = house_of(sqlite_database, tmp_path, [SERVICES, PAYMENTS | {"subject": "customer_id"}], table=None, query="ends.sql",
                     **more)
    refused(house, "services")
