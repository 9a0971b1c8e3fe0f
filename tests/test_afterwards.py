"""After a night: verification by the last completed run, as a user asks for it."""

from datetime import UTC, datetime, timedelta

import pytest
from nightly import AS_OF, hooks
from small_house import small_house

from carddata_retention.afterwards import verify_night
from carddata_retention.errors import BlindError
from carddata_retention.model import State


@pytest.fixture
def house(sqlite_database, tmp_path):
    return small_house(sqlite_database, tmp_path)


def test_nothing_can_be_verified_before_the_first_run(house):
    with pytest.raises(BlindError) as blind:
        house.verify()
    assert blind.value.code == "no_completed_run"


def test_a_run_of_today_is_verified_by_the_date_that_it_judged_by_and_proves_nothing_after_tomorrow(house):
    house.night()
    told = house.verify()
    assert (told.exit_code, told.as_of) == (0, AS_OF)
    assert told.chain_verified == 1
    now = datetime.now(UTC)
    assert verify_night(house.config, now + timedelta(days=1), None, hooks()).exit_code == 0
    with pytest.raises(BlindError) as blind:
        verify_night(house.config, now + timedelta(days=2), None, hooks())
    assert blind.value.code == "no_completed_run"


def test_what_became_due_since_then_is_healthy_and_said_to_have_arrived(house):
    house.night()
    told = house.verify(AS_OF + timedelta(days=40))
    arrived = {t.name: t.remaining_due for t in told.targets}
    assert sum(arrived.values()) > 0
    assert (told.verdict, told.exit_code) == (State.INCOMPLETE, 10)
    assert {f.id for f in told.findings} >= {"arrived"}


def test_what_came_back_after_its_removal_is_residue_and_exit_20(house):
    before = house.rows("payments")
    house.night()
    for row, now in zip(before, house.rows("payments"), strict=True):
        if row != now:
            house.execute("UPDATE payments SET card_token = 'tok_again' WHERE id = :id", id=row[0])
    told = house.verify()
    assert (told.verdict, told.exit_code) == (State.FAILED, 20)
    assert sum(t.residue for t in told.targets) > 0
