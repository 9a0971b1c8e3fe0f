"""The keys of customers leave the ledger in their turn, and what remains still proves what it proved."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nightly import AS_OF, House
from small_house import come_anew, declared_anew, small_house

from carddata_retention.errors import BlindError, BrokenError, UsageError
from carddata_retention.identity import key_if_any
from carddata_retention.proofs import prove
from carddata_retention.trimming import Trimmed, trim
from carddata_retention.verifier.check import check_folder, check_proof

DAY = timedelta(days=1)
NOW = datetime.now(UTC)


def two_nights(database, folder: Path) -> House:
    """Two nights that removed something, and a configuration by which keys are kept for a year."""
    house = small_house(database, folder)
    before = house.rows("cards")
    house.night(as_of=AS_OF - DAY)
    come_anew(house, before, 100_000)
    house.night()
    return declared_anew(house, evidence={"keep_keys_days": 365})


def years_later(house: House) -> House:
    """The clocks of tests stand still: instead a night is old before it was held."""
    evidence = house.config.evidence.model_copy(update={"keep_keys_days": -30})
    return replace(house, config=house.config.model_copy(update={"evidence": evidence}))


@pytest.fixture
def house(database, tmp_path):
    return two_nights(database, tmp_path)


@pytest.fixture
def lone_house(sqlite_database, tmp_path):
    return two_nights(sqlite_database, tmp_path)


def stones(house) -> int:
    return house.execute(f"SELECT count(*) FROM {house.own('tombstone')}")[0][0]


def test_old_keys_go_and_the_chain_the_files_and_an_old_proof_still_verify(house):
    number, folder = stones(house), house.folder / "evidence"
    line = next(line for line in sorted(folder.glob("*.jsonl"))[0].read_text().splitlines() if '"tombstone"' in line)
    proof = prove(json.loads(line)["reference"], folder)
    assert trim(house.config, NOW) == Trimmed(0, 0)

    assert trim(years_later(house).config, NOW) == Trimmed(2, number)

    assert stones(house) == 0 < number
    assert house.verify().exit_code == 0
    keys = key_if_any(house.config).publics()
    assert check_folder(folder, keys).complaints == []
    assert check_proof(proof, keys) == []
    told = house.execute(f"SELECT what, facts FROM {house.own('event')} ORDER BY number")
    assert [what for what, _ in told] == ["evidence trim"] * 2
    assert sum(json.loads(facts)["tombstones"] for _, facts in told) == number
    assert house.night(as_of=AS_OF + DAY).exit_code == 0
    assert house.verify().exit_code == 0


def test_a_trim_that_was_killed_goes_on(lone_house):
    number = stones(lone_house)
    lone_house.execute("CREATE TRIGGER stop BEFORE DELETE ON carddata_tombstone WHEN OLD.target = 'payments' "
                       "BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(BlindError):
        trim(years_later(lone_house).config, NOW)
    lone_house.execute("DROP TRIGGER stop")
    left = stones(lone_house)
    assert 0 < left < number

    trim(years_later(lone_house).config, NOW)

    assert (stones(lone_house), lone_house.verify().exit_code) == (0, 0)
    assert len(lone_house.execute("SELECT 1 FROM carddata_event")) == 2


def test_what_was_changed_before_is_not_trimmed_away(lone_house):
    lone_house.tamper("UPDATE carddata_tombstone SET status = 'requested' WHERE seq = 1 AND target = 'cards'")

    with pytest.raises(BrokenError) as broken:
        trim(years_later(lone_house).config, NOW)

    assert broken.value.code == "batch_broken"
    assert lone_house.execute("SELECT count(*) FROM carddata_run WHERE trimmed_at IS NOT NULL") == [(0,)]


def test_a_run_that_is_said_to_be_trimmed_without_an_event_is_broken(lone_house):
    lone_house.execute("UPDATE carddata_run SET trimmed_at = 'then' WHERE number = 1")  # the guards let this through
    lone_house.execute("DELETE FROM carddata_tombstone WHERE run_id = (SELECT run_id FROM carddata_run WHERE number = 1)")

    with pytest.raises(BrokenError) as broken:
        lone_house.verify()

    assert (broken.value.code, broken.value.exit) == ("trim_unproved", 50)


def test_without_a_word_in_the_configuration_keys_stay(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)

    with pytest.raises(UsageError) as wrong:
        trim(house.config, NOW)

    assert wrong.value.code == "keep_keys"


def test_a_night_reminds_of_keys_that_are_kept_for_too_long(lone_house):
    assert "keys_overdue" not in {f.id for f in lone_house.night().findings}
    told = years_later(lone_house).night()

    assert [(f.id, f.count) for f in told.findings if f.id == "keys_overdue"] == [("keys_overdue", 2)]
