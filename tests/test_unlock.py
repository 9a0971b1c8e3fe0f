"""The lock of a run that died while the server still believes in its session."""

from datetime import UTC, datetime

import pytest
from nightly import AS_OF
from small_house import small_house

from carddata_retention import identity
from carddata_retention.errors import BusyError, UsageError
from carddata_retention.lock import only_run
from carddata_retention.stage import open_stage
from carddata_retention.unlocking import unlock

NOW = datetime.now(UTC)


@pytest.fixture
def house(database, tmp_path):
    return small_house(database, tmp_path)


def test_nobody_holds_the_lock_between_nights(house):
    assert unlock(house.config, NOW, end=False).holder is None
    house.night()
    assert unlock(house.config, NOW, end=True).holder is None


def test_whoever_holds_the_lock_is_named_and_ended_only_when_asked(house):
    with open_stage(house.config, "run", NOW, None) as stage:
        held = only_run(stage.db, identity.scope(house.config), "process 1 on elsewhere", lambda: "")
        held.__enter__()
        with pytest.raises(BusyError) as busy:
            unlock(house.config, NOW, end=False)
        assert busy.value.code == "lock_held"
        if house.database.dialect == "sqlite":
            assert "process 1 on elsewhere" in busy.value.cause
            with pytest.raises(UsageError) as process:
                unlock(house.config, NOW, end=True)
            assert process.value.code == "lock_of_a_process"
        else:
            assert "session" in busy.value.cause
            assert "session" in unlock(house.config, NOW, end=True).holder
            assert unlock(house.config, NOW, end=False).holder is None
            assert house.night(as_of=AS_OF).exit_code == 0  # another run, while the dead one's process still sits there
        held.__exit__(None, None, None)
    assert unlock(house.config, NOW, end=False).holder is None
