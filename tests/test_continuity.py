"""A database that went back: what the exported evidence knows is part of the ledger again, and nothing else is."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import sqlalchemy as sa
from nightly import AS_OF, hooks
from small_house import come_anew, small_house

from carddata_retention.errors import BlindError, BrokenError, ConfigError, FailedError
from carddata_retention.explain import explain_record
from carddata_retention.keys import load_key
from carddata_retention.verifier.check import check_folder

DAYS = (3, 2, 1)


class Backup:
    """Every row of a house, to be put back."""

    def __init__(self, house) -> None:
        self.house = house
        meta = sa.MetaData()
        with house.database.engine.connect() as connection:
            schemas = [None, "carddata"] if house.database.dialect == "postgresql" else [None]
            for schema in schemas:
                meta.reflect(connection, schema=schema)
            self.tables = meta.sorted_tables
            self.rows = {t: [dict(r) for r in connection.execute(sa.select(t)).mappings()] for t in self.tables}

    def restore(self) -> None:
        self.house.tamper()
        with self.house.database.engine.begin() as connection:
            for table in reversed(self.tables):
                connection.execute(table.delete())
            for table in self.tables:
                if self.rows[table]:
                    connection.execute(table.insert(), self.rows[table])


@pytest.fixture
def house(database, tmp_path):
    return small_house(database, tmp_path)


@pytest.fixture
def lone_house(sqlite_database, tmp_path):
    """Where the database makes no difference."""
    return small_house(sqlite_database, tmp_path)


def night(house, days: int):
    """One night, behind which the removed cards come anew under other keys."""
    before = house.rows("cards")
    told = house.night(as_of=AS_OF - timedelta(days=days))
    come_anew(house, before, 100_000 * days)
    return told


def last_night(house):
    return house.night(as_of=AS_OF - timedelta(days=DAYS[2]))


def evidence(house):
    return house.config.path(house.config.evidence.directory)


def keys(house) -> dict[str, str]:
    return load_key(house.config.path(house.config.evidence.key_file), create=False).publics()


def chain(house) -> list[tuple]:
    return [tuple(r) for r in house.execute(
        f"SELECT number, epoch, tombstones, root, seal FROM {house.own('run')} ORDER BY number")]


def test_forgotten_runs_are_taken_in_again_and_the_next_one_begins_an_epoch(house):
    night(house, DAYS[0])
    backup = Backup(house)
    night(house, DAYS[1])
    before = chain(house)
    removed = sum(row[2] for row in before)
    backup.restore()
    assert len(chain(house)) == 1

    told = last_night(house)

    assert told.exit_code == 0
    found = [f for f in told.findings if f.id == "database_restored"]
    assert [(f.count, (AS_OF - timedelta(days=DAYS[0])).isoformat() in f.reason) for f in found] == [(1, True)]
    now = chain(house)
    assert now[:2] == before
    assert [row[1] for row in now] == [1, 1, 2]
    assert now[2][2] >= before[1][2]  # what came back was due again
    assert house.execute(f"SELECT count(*) FROM {house.own('tombstone')}")[0][0] == removed + now[2][2]
    assert house.verify().exit_code == 0
    assert check_folder(evidence(house), keys(house)).complaints == []


def test_a_database_from_before_the_first_night_gets_all_of_it_back(lone_house):
    backup = Backup(lone_house)
    night(lone_house, DAYS[0])
    night(lone_house, DAYS[1])
    before = chain(lone_house)
    for table in ("run", "batch", "tombstone", "deadline", "work", "target", "hold", "request"):
        lone_house.execute(f"DROP TABLE {lone_house.own(table)}")
    backup.restore()

    told = last_night(lone_house)

    assert [f.count for f in told.findings if f.id == "database_restored"] == [2]
    assert chain(lone_house)[:2] == before
    assert lone_house.verify().exit_code == 0


def test_a_ledger_that_lost_nothing_is_left_alone_and_missing_files_are_written_again(lone_house):
    night(lone_house, DAYS[0])
    night(lone_house, DAYS[1])
    files = sorted(evidence(lone_house).glob("*.jsonl"))
    content = files[0].read_bytes()
    files[0].unlink()

    told = last_night(lone_house)

    assert [f for f in told.findings if f.id == "database_restored"] == []
    assert files[0].read_bytes() == content


def test_where_ledger_and_files_part_ways_nothing_is_removed_and_it_is_50(lone_house):
    night(lone_house, DAYS[0])
    backup = Backup(lone_house)
    night(lone_house, DAYS[1])
    away = evidence(lone_house).with_name("away")
    shutil.move(evidence(lone_house), away)
    backup.restore()
    night(lone_house, DAYS[1])  # without the evidence nobody can know
    shutil.rmtree(evidence(lone_house))
    shutil.move(away, evidence(lone_house))
    before = lone_house.rows("cards")

    for again in (lambda: last_night(lone_house), lambda: lone_house.verify()):
        with pytest.raises(BrokenError) as parted:
            again()
        assert (parted.value.code, int(parted.value.exit)) == ("ledger_parted", 50)
    assert lone_house.rows("cards") == before


def test_forgotten_evidence_that_was_changed_is_not_taken_in(lone_house):
    night(lone_house, DAYS[0])
    backup = Backup(lone_house)
    told = night(lone_house, DAYS[1])
    path = evidence(lone_house) / f"{told.run_id}.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"status":"due"', b'"status":"overdue"', 1))
    backup.restore()
    before = lone_house.rows("cards")

    with pytest.raises(BrokenError) as changed:
        last_night(lone_house)

    assert (changed.value.code, path.name in changed.value.cause) == ("evidence_changed", True)
    assert (len(chain(lone_house)), lone_house.rows("cards")) == (1, before)


def test_the_evidence_of_another_database_is_not_taken_in(lone_house):
    night(lone_house, DAYS[0])
    backup = Backup(lone_house)
    night(lone_house, DAYS[1])
    backup.restore()
    for path in evidence(lone_house).glob("*.jsonl"):
        path.write_bytes(path.read_bytes().replace(b'"database_name":"', b'"database_name":"other_'))
    before = lone_house.rows("cards")

    with pytest.raises(ConfigError) as elsewhere:
        last_night(lone_house)

    assert (elsewhere.value.code, int(elsewhere.value.exit)) == ("evidence_elsewhere", 40)
    assert lone_house.rows("cards") == before


NO_EVIDENCE = [b"", b"\xff", b'{"kind":"head","number":1e999}\n', b'{"kind":"head","number":1}\n', b"[1]\n"]


def test_a_file_that_is_no_evidence_stops_no_night(lone_house):
    days = count(DAYS[0] + len(NO_EVIDENCE), -1)
    night(lone_house, next(days))
    for content in NO_EVIDENCE:
        (evidence(lone_house) / "notes.jsonl").write_bytes(content)
        (evidence(lone_house) / "keys.json").write_bytes(content)
        assert night(lone_house, next(days)).exit_code == 0, content
        assert keys(lone_house).items() <= json.loads((evidence(lone_house) / "keys.json").read_text()).items()


def test_a_file_that_cannot_be_read_may_be_the_last_one_and_is_blindness(lone_house):
    night(lone_house, DAYS[0])
    (evidence(lone_house) / "x.jsonl").mkdir()
    with pytest.raises(BlindError) as blind:
        last_night(lone_house)
    assert blind.value.code == "evidence_unreadable"


def test_evidence_that_was_taken_in_again_cannot_be_changed_in_the_ledger(lone_house):
    night(lone_house, DAYS[0])
    backup = Backup(lone_house)
    night(lone_house, DAYS[1])
    backup.restore()
    last_night(lone_house)
    assert lone_house.verify().exit_code == 0
    stone, second = lone_house.own("tombstone"), chain(lone_house)[1][0]
    lone_house.tamper(f"UPDATE {stone} SET status = 'requested' WHERE run_id = (SELECT run_id FROM "
                       f"{lone_house.own('run')} WHERE number = :n)", n=second)
    with pytest.raises(BrokenError):
        lone_house.verify()


def test_a_tombstone_of_our_own_that_brings_its_digest_along_is_broken(lone_house):
    night(lone_house, DAYS[0])
    lone_house.tamper(f"UPDATE {lone_house.own('tombstone')} SET digest = 'x' WHERE seq = 1")
    with pytest.raises(BrokenError):
        lone_house.verify()


def test_verify_says_that_the_database_went_back(lone_house):
    night(lone_house, DAYS[0])
    backup = Backup(lone_house)
    night(lone_house, DAYS[1])
    backup.restore()

    assert [f.count for f in lone_house.verify().findings if f.id == "database_restored"] == [1]


def test_a_record_whose_removal_the_ledger_forgot_is_explained_by_the_evidence(lone_house):
    before = lone_house.rows("cards")
    backup = Backup(lone_house)
    lone_house.night(as_of=AS_OF - timedelta(days=DAYS[0]))
    key = min({r[0] for r in before} - {r[0] for r in lone_house.rows("cards")})
    assert explain_record(lone_house.config, datetime.now(UTC), None, "cards", str(key))["status"] == "purged"
    for table in ("run", "batch", "tombstone", "deadline", "work", "target", "hold", "request"):
        lone_house.execute(f"DROP TABLE {lone_house.own(table)}")
    backup.restore()
    lone_house.execute("DELETE FROM card_usage WHERE card_id = :id", id=key)
    lone_house.execute("DELETE FROM cards WHERE id = :id", id=key)
    night(lone_house, DAYS[1])

    story = explain_record(lone_house.config, datetime.now(UTC), None, "cards", str(key))

    assert (story["status"], story["purged_by_run"] is not None) == ("purged", True)


def test_a_folder_that_takes_no_file_does_not_stop_the_seal_and_the_next_run_writes_what_is_missing(lone_house):
    folder = lone_house.folder / "evidence"

    def broken() -> bool:
        folder.exists() or folder.write_text("no folder")
        return False

    with pytest.raises(FailedError) as refused:
        lone_house.night(as_of=AS_OF - timedelta(days=1), hooks=hooks(broken))
    assert refused.value.code == "evidence_unwritable"
    assert lone_house.execute(f"SELECT count(*) FROM {lone_house.own('run')} WHERE seal IS NOT NULL") == [(1,)]
    folder.unlink()
    last_night(lone_house)
    assert len(list(folder.glob("*.jsonl"))) == 2
    assert check_folder(folder, keys(lone_house)).complaints == []
