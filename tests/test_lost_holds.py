"""A hold leaves traces: what was placed and never released must be in force, or nothing is removed."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from nightly import AS_OF
from small_house import contents, small_house

from carddata_retention import holds
from carddata_retention.errors import UsageError
from carddata_retention.model import Severity

DAY, NOW = timedelta(days=1), datetime.now(UTC)
ORDER = holds.Order("dispute", "Legal", date(2030, 1, 1))


@pytest.fixture
def house(database, tmp_path):
    """A house with a first night, so that there is a key to note by."""
    house = small_house(database, tmp_path)
    house.night(as_of=AS_OF - DAY)
    return house


def told(house):
    return [(what, json.loads(facts)) for what, facts in house.execute(
        f"SELECT what, facts FROM {house.own('event')} ORDER BY number")]


def place(house):
    return holds.place_on_target(house.config, NOW, "cards", ORDER)


def test_a_hold_is_noted_when_it_is_placed_reviewed_and_released(house):
    number = place(house)
    holds.review(house.config, NOW, number, "Legal", date(2031, 1, 1))
    holds.release(house.config, NOW, number, "Legal", "settled")

    assert told(house) == [
        ("hold place", {"basis": "dispute", "hold": number, "scope": "target", "target": "cards"}),
        ("hold review", {"hold": number}), ("hold release", {"hold": number})]
    assert house.night().exit_code == 0
    assert house.verify().exit_code == 0


@pytest.mark.parametrize("trace", [
    "DELETE FROM {}", "UPDATE {} SET released_at = 'then', released_by = 'nobody', release_reason = 'none'",
])
def test_a_hold_that_vanished_or_was_released_without_a_trace_stops_every_removal(house, trace):
    number = place(house)
    house.tamper(trace.format(house.own("hold")))
    before = contents(house)

    stopped = house.night()

    assert (stopped.exit_code, contents(house)) == (30, before)
    lost = [f for f in stopped.findings if f.id == "hold_lost"]
    assert {f.target for f in lost} == {None, "cards", "payments"}
    assert all(f.severity is Severity.BLOCK and number in f.reason for f in lost)
    assert house.plan()[0].exit_code == 30


def test_a_lost_hold_that_is_placed_again_lets_the_nights_go_on(house):
    number = place(house)
    house.tamper(f"DELETE FROM {house.own('hold')}")
    again = place(house)
    cards = house.rows("cards")

    holds.release(house.config, NOW, number, "Legal", f"placed again as {again}")

    night = house.night()
    assert (night.exit_code, house.rows("cards")) == (0, cards)
    with pytest.raises(UsageError) as unknown:
        holds.release(house.config, NOW, number, "Legal", "once more")
    assert unknown.value.code == "unknown_hold"
