"""Audit events: noted by each command that looks, taken in by the next run, under its seal, and never changed unseen."""

import json
import shutil
import stat
from datetime import UTC, datetime, timedelta

import pytest
from nightly import AS_OF
from small_house import small_house

from carddata_retention.errors import BrokenError
from carddata_retention.identity import key_if_any
from carddata_retention.stage import open_stage
from carddata_retention.verifier.check import check_folder

DAY = timedelta(days=1)


@pytest.fixture
def house(database, tmp_path):
    return small_house(database, tmp_path)


@pytest.fixture
def lone_house(sqlite_database, tmp_path):
    return small_house(sqlite_database, tmp_path)


def spool(house):
    return sorted((house.folder / "evidence" / "spool").glob("*.json"))


def events(house, columns="what, outcome, facts"):
    return house.execute(f"SELECT {columns} FROM {house.own('event')} ORDER BY number")


def look(house, answer, *command):
    return answer(*command, "--config", house.folder / "retention.toml")[0]


def complaints(house, folder=None):
    keys = key_if_any(house.config).publics()
    return [c.what for c in check_folder(folder or house.folder / "evidence", keys).complaints]


def test_each_look_leaves_an_event_and_the_next_run_seals_and_exports_it(house, answer):
    house.night(as_of=AS_OF - DAY)
    card = house.rows("cards")[0][0]
    look(house, answer, "plan", "--as-of", str(AS_OF))
    look(house, answer, "explain", "cards", card)
    look(house, answer, "explain", "cards", "no key")
    look(house, answer, "residue")
    waiting = spool(house)
    assert [stat.S_IMODE(path.stat().st_mode) for path in waiting] == [0o600] * 4

    told = house.night()

    assert (told.exit_code, spool(house)) == (0, [])
    assert events(house) == [("plan", 0, "{}"), ("explain", 0, '{"target":"cards"}'), ("explain", 2, "{}"),
                             ("residue", 0, "{}")]
    exported = (house.folder / "evidence" / f"{told.run_id}.jsonl").read_text().splitlines()
    assert [json.loads(line)["what"] for line in exported if '"kind":"event"' in line] == [
        "plan", "explain", "explain", "residue"]
    assert complaints(house) == []
    assert house.verify().exit_code == 0
    assert str(card) not in json.dumps([list(map(str, row)) for row in events(house, "what, facts, os_user, host")])


def test_before_the_first_run_there_is_no_key_to_note_by(lone_house, answer):
    look(lone_house, answer, "plan", "--as-of", str(AS_OF))

    assert spool(lone_house) == []
    assert not (lone_house.folder / "evidence.key").exists()


def test_a_look_is_told_where_it_cannot_be_noted_and_the_log_says_so(lone_house, answer):
    lone_house.night(as_of=AS_OF - DAY)
    (lone_house.folder / "evidence" / "spool").write_text("in the way")

    code, out, err = answer("residue", "--config", lone_house.folder / "retention.toml", "--json")

    assert (code, json.loads(out)["exit_code"]) == (0, 0)
    assert "this command was not noted" in err


def noted(house, answer, number=3):
    """A house whose second run sealed some events, and one event that no run has sealed yet."""
    house.night(as_of=AS_OF - 2 * DAY)
    for _ in range(number):
        look(house, answer, "residue")
    house.night(as_of=AS_OF - DAY)
    return house


CHANGES = [
    "UPDATE {} SET os_user = 'nobody' WHERE number = 2", "UPDATE {} SET outcome = 20 WHERE number = 1",
    "UPDATE {} SET facts = '{{\"target\":\"other\"}}' WHERE number = 3", "DELETE FROM {} WHERE number = 1",
    "DELETE FROM {} WHERE number = 3", "UPDATE {} SET number = 9 WHERE number = 2", "DELETE FROM {}",
]


def test_an_event_that_was_changed_in_the_database_breaks_the_evidence(house, answer):
    house = noted(house, answer)
    assert house.verify().exit_code == 0
    house.tamper()
    with open_stage(house.config, "run", datetime.now(UTC), AS_OF) as stage:
        key = key_if_any(house.config)
        for change in CHANGES:
            with stage.db.engine.connect() as connection:
                connection.exec_driver_sql(change.format(house.own("event")))
                with pytest.raises(BrokenError) as broken:
                    stage.ledger.check_chain(connection, key)
                connection.rollback()
            assert (broken.value.code, broken.value.exit) == ("events_changed", 50), change
    house.tamper(CHANGES[0].format(house.own("event")))
    with pytest.raises(BrokenError):
        house.night()


def test_an_event_that_no_run_has_sealed_stands_by_its_signature(lone_house, answer):
    house = noted(lone_house, answer)
    columns = ("number", "id", "at", "what", "os_user", "host", "outcome", "facts", "key_id", "signature")
    row = dict(zip(columns, events(house, ", ".join(columns))[-1], strict=True))
    values = ", ".join(f":{name}" for name in columns)
    house.execute(f"INSERT INTO carddata_event ({', '.join(columns)}) VALUES ({values})",
                  **{**row, "number": 4, "id": "forged", "what": "hold release"})

    with pytest.raises(BrokenError) as broken:
        house.night()

    assert broken.value.code == "events_changed"


FORGED = [
    lambda event: {**event, "os_user": "nobody"}, lambda event: {**event, "outcome": 1},
    lambda event: {**event, "signature": "00"}, lambda event: {**event, "key_id": "k0"},
    lambda event: {k: v for k, v in event.items() if k != "facts"}, lambda event: {**event, "more": 1}, lambda _: [],
]


def test_a_file_in_the_spool_that_bears_no_signature_of_ours_is_a_finding_and_stays(lone_house, answer):
    lone_house.night(as_of=AS_OF - DAY)
    look(lone_house, answer, "residue")
    [path] = spool(lone_house)
    whole = json.loads(path.read_text())
    for number, forged in enumerate(FORGED):
        path.with_name(f"{number}.json").write_text(json.dumps(forged(whole)))
    path.unlink()
    left = spool(lone_house)

    told = lone_house.night()

    assert [(f.id, f.count) for f in told.findings if f.id == "event_forged"] == [("event_forged", len(FORGED))]
    assert (spool(lone_house), events(lone_house)) == (left, [])


def test_a_file_that_a_killed_run_had_taken_in_already_is_taken_in_once(lone_house, answer, tmp_path):
    lone_house.night(as_of=AS_OF - DAY)
    look(lone_house, answer, "residue")
    [path] = spool(lone_house)
    kept = shutil.copy(path, tmp_path / "kept")
    lone_house.night()
    shutil.copy(kept, path)

    assert lone_house.night().exit_code == 0

    assert (len(events(lone_house)), spool(lone_house)) == (1, [])


EDITED = [
    lambda lines: [line.replace('"what":"residue"', '"what":"explain"') for line in lines],
    lambda lines: [line for line in lines if '"number":2' not in line or '"kind":"event"' not in line],
    lambda lines: [line for line in lines if '"kind":"event"' not in line],
    lambda lines: [*lines[:2], lines[1], *lines[2:]],
    lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
]


def test_the_verifier_sees_an_event_that_was_changed_removed_added_or_moved(lone_house, answer, tmp_path):
    house = noted(lone_house, answer)
    copy = tmp_path / "copy"
    shutil.copytree(house.folder / "evidence", copy)
    path = sorted(copy.glob("*.jsonl"))[-1]
    assert complaints(house, copy) == []
    whole = path.read_text()
    for edited in EDITED:
        path.write_text("".join(edited(whole.splitlines(keepends=True))))
        assert complaints(house, copy)
