"""What the database itself refuses, the owner of the tables included; and what it must not stand in the way of."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from nightly import AS_OF
from small_house import small_house

from carddata_retention import holds, spool
from carddata_retention.guards import SAYS, guards
from carddata_retention.identity import key_if_any
from carddata_retention.own_tables import own_tables

DAY = timedelta(days=1)
FORBIDDEN = [
    *(f"UPDATE {{{t}}} SET {c} = {c}" for t, c in (("tombstone", "status"), ("deadline", "rule"), ("batch", "digest"),
                                                  ("event", "outcome"), ("run", "verdict"))),
    *(f"DELETE FROM {{{t}}}" for t in ("tombstone", "deadline", "batch", "event", "run", "hold", "request")),
    "UPDATE {hold} SET item = 'other'", "UPDATE {hold} SET placed_by = 'somebody else'",
    "UPDATE {hold} SET target = 'other'", "UPDATE {run} SET trimmed_at = 'now', seal = 'other'",
]
TABLES = ("run", "batch", "tombstone", "deadline", "event", "hold", "request")


ONCE_EACH = [pytest.param(d, marks=pytest.mark.xdist_group(f"guards-{d}")) for d in ("sqlite", "postgresql", "mariadb")]


@pytest.fixture(scope="module", params=ONCE_EACH)
def house(request, lasting_database, tmp_path_factory):
    """A house with two nights, an event under the seal of the second, a hold and a request."""
    house = small_house(lasting_database(request.param), tmp_path_factory.mktemp(request.param))
    house.night(as_of=AS_OF - DAY)
    spool.note(house.config, key_if_any(house.config), datetime.now(UTC), "residue", {})
    house.night()
    card = house.rows("cards")[0][0]
    order = holds.Order("dispute", "Legal", date(2030, 1, 1))
    holds.place_on_record(house.config, datetime.now(UTC), "cards", str(card), order)
    house.execute(f"INSERT INTO {house.own('request')} (id, scope, kind, received_at) VALUES ('r', 'subject', 'erase', 'd')")
    return house


def test_the_owner_changes_and_removes_no_evidence(house):
    for statement in FORBIDDEN:
        with pytest.raises(sa.exc.DBAPIError) as refused:
            house.execute(statement.format(**{t: house.own(t) for t in TABLES}))
        assert SAYS in str(refused.value.orig), statement
    every_guard_is_there_under_its_name(house)
    a_hold_is_reviewed_and_released_once_and_then_stays_as_it_is(house)


def every_guard_is_there_under_its_name(house):
    where = {"sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
             "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
             "mariadb": "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = database()"}
    there = {name for (name,) in house.execute(where[house.database.dialect])}

    assert {g.name for g in guards(own_tables(house.database.dialect, "carddata", "carddata_"))} <= there


def a_hold_is_reviewed_and_released_once_and_then_stays_as_it_is(house):
    hold = house.own("hold")
    house.execute(f"UPDATE {hold} SET reviewed_by = 'Legal', reviewed_at = 'now'")
    house.execute(f"UPDATE {hold} SET released_by = 'Legal', released_at = 'now', release_reason = 'settled'")

    with pytest.raises(sa.exc.DBAPIError):
        house.execute(f"UPDATE {hold} SET released_at = NULL")
