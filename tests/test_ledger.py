"""The evidence: every change of it is found and named, and no card value is ever in it."""

import json
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from bench import Bench, add, bench, empty_house, watching
from billing import generate
from nightly import AS_OF, House
from processes import die, in_a_process
from servers import DIALECTS, Database
from small_house import lean

from carddata_retention import export
from carddata_retention.errors import BlindError, BrokenError, BusyError
from carddata_retention.keys import EvidenceKey
from carddata_retention.model import Outcome, SkipReason
from carddata_retention.verifier.check import check_folder

CARD_VALUES = ("HANAKO SATO", "TARO YAMADA", "tok_", "2024-09", "山田")


ONCE_EACH = [pytest.param(d, marks=pytest.mark.xdist_group(f"ledger-{d}")) for d in DIALECTS]


@pytest.fixture(scope="module", params=ONCE_EACH)
def runs(request: pytest.FixtureRequest, lasting_database: Callable[[str], Database],
         tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Three sealed runs that each removed three cards, for all tests that commit nothing."""
    house = empty_house(lasting_database(request.param), tmp_path_factory.mktemp(request.param))
    with bench(house) as b:
        for first in (100, 200, 300):
            add(house, *range(first, first + 3))
            b.purge("cards")
        house.tamper()
        yield b


@contextmanager
def tampered(b: Bench, statement: Any) -> Iterator[sa.Connection]:
    """A connection on which the ledger was changed, until the end of the block."""
    with b.stage.db.engine.connect() as connection:
        assert connection.execute(statement).rowcount != 0
        yield connection
        connection.rollback()


def check(b: Bench, connection: sa.Connection) -> None:
    b.ledger.check_chain(connection, b.key)
    b.ledger.check_tombstones(connection)


def changed(column: sa.Column[Any]) -> Any:
    """Another value of the same type."""
    return 77 if isinstance(column.type, sa.Integer) else "elsewhere"


def test_an_untouched_ledger_verifies_with_and_without_the_key(runs):
    with runs.stage.db.snapshot() as connection:
        assert runs.ledger.check_chain(connection) == 3
        assert runs.ledger.check_chain(connection, runs.key) == 3
        assert runs.ledger.check_tombstones(connection) == 9


@pytest.mark.parametrize("name", ["run", "batch", "tombstone", "deadline"])
def test_any_changed_column_of_any_row_breaks_the_evidence_and_names_the_run(runs, name):
    table = getattr(runs.ledger.tables, name)
    with runs.stage.db.snapshot() as connection:
        rows = connection.execute(sa.select(table)).mappings().all()
    tried, ends = 0, (rows[0], rows[-1])
    for row in ends:
        this = sa.and_(*(c == row[c.name] for c in table.primary_key.columns))
        for column in table.columns:
            with tampered(runs, table.update().where(this).values({column.name: changed(column)})) as connection:
                with pytest.raises(BrokenError) as found:
                    check(runs, connection)
                if column.name == "number":
                    assert f"number {row['number']} is missing" in found.value.cause
                else:
                    names = {row["run_id"], "elsewhere"} if column.name == "run_id" else {row["run_id"]}
                    assert any(name in found.value.cause for name in names), column.name
                tried += 1
    assert tried == len(ends) * len(table.columns) > 10


@pytest.mark.parametrize("name", ["run", "batch", "tombstone", "deadline"])
def test_any_removed_row_breaks_the_evidence_even_the_last(runs, name):
    table = getattr(runs.ledger.tables, name)
    with runs.stage.db.snapshot() as connection:
        rows = connection.execute(sa.select(table)).mappings().all()
    for row in rows:
        this = sa.and_(*(c == row[c.name] for c in table.primary_key.columns))
        with tampered(runs, table.delete().where(this)) as connection, pytest.raises(BrokenError):
            check(runs, connection)


def test_a_seal_that_was_taken_from_a_finished_run_breaks_the_evidence(runs):
    run = runs.ledger.tables.run
    taken = run.update().where(run.c.number == 3).values(seal=None, finished_at="then")
    with tampered(runs, taken) as connection, pytest.raises(BrokenError):
        check(runs, connection)


def test_an_added_tombstone_breaks_the_evidence(runs):
    stone = runs.ledger.tables.tombstone
    with runs.stage.db.snapshot() as connection:
        row = dict(connection.execute(sa.select(stone)).mappings().first())
    with tampered(runs, stone.insert().values({**row, "seq": 999, "record_key": "999"})) as connection:
        with pytest.raises(BrokenError) as found:
            check(runs, connection)
        assert row["run_id"] in found.value.cause


def test_a_chain_computed_anew_without_the_key_is_found_by_its_signatures(runs):
    forger = EvidenceKey(runs.key.key_id, runs.key.secret, b"guessed" * 4 + b"it's")
    run = runs.ledger.tables.run
    with tampered(runs, run.update().values(seal=None, host="elsewhere")) as connection:
        for run_id in runs.ledger.unsealed(connection):
            runs.ledger.seal(connection, run_id, forger, {"verdict": "clean"})
        assert runs.ledger.check_chain(connection) == 3
        with pytest.raises(BrokenError) as found:
            runs.ledger.check_chain(connection, runs.key)
        assert found.value.code == "chain_broken"


def test_a_run_is_sealed_once(runs):
    with runs.stage.db.snapshot() as connection:
        run_id = connection.execute(sa.select(runs.ledger.tables.run.c.run_id)).scalars().first()
    with pytest.raises(BusyError), runs.stage.db.transaction() as connection:
        runs.ledger.seal(connection, run_id, runs.key, {"verdict": "clean"})
    runs.check()


def test_a_candidate_is_not_settled_twice(database, tmp_path):
    house = empty_house(database, tmp_path)
    add(house, 400)
    with bench(house) as b:
        run_id = b.begin()
        b.engine(run_id, "cards").run(b.freeze(run_id, "cards"))
        with pytest.raises(BrokenError) as found, b.stage.db.transaction() as connection:
            b.ledger.settle(connection, run_id, "cards", 9, {1: (Outcome.SKIPPED, SkipReason.LOCKED)})
    assert found.value.code == "settled_twice"


def test_verify_exits_with_50_where_an_old_tombstone_was_changed(database, tmp_path):
    house = lean(database, tmp_path, generate(AS_OF, size=40))
    first = house.night()
    house.night()
    assert house.verify().exit_code == 0
    house.tamper(f"UPDATE {house.own('deadline')} SET last_retained_day = '2001-01-01' WHERE run_id = :r",
                  r=first.run_id)
    with pytest.raises(BrokenError) as found:
        house.verify()
    assert (int(found.value.exit), first.run_id in found.value.cause) == (50, True)


def test_a_lost_evidence_key_stops_the_night_and_no_new_one_is_made(database, tmp_path):
    house = lean(database, tmp_path, generate(AS_OF, size=40))
    assert house.night(as_of=AS_OF - timedelta(days=40)).exit_code == 0
    key = house.config.path(house.config.evidence.key_file)
    kept = key.read_bytes()
    key.unlink()
    before = house.rows("cards")
    with pytest.raises(BlindError) as lost:
        house.night(as_of=AS_OF - timedelta(days=39))
    assert (lost.value.code, lost.value.exit, key.exists()) == ("key_missing", 40, False)
    assert house.rows("cards") == before
    key.write_bytes(kept)
    key.chmod(0o600)
    assert house.night(as_of=AS_OF - timedelta(days=39)).exit_code == 0
    assert house.verify().exit_code == 0


def test_no_card_value_is_in_any_of_our_tables_or_files(runs):
    house = runs.house
    everything = "".join(
        str(row) for table in runs.ledger.tables.metadata.tables.values() for row in dump(runs, table)
    )
    everything += "".join(p.read_text() for p in exported(runs, house))
    assert len(everything) > 1000
    assert [value for value in CARD_VALUES if value in everything] == []


def dump(b: Bench, table: sa.Table) -> list[Any]:
    with b.stage.db.snapshot() as connection:
        return list(connection.execute(sa.select(table)).all())


def exported(b: Bench, house: House) -> list[Any]:
    with b.stage.db.snapshot() as connection:
        export.export_missing(connection, b.ledger, b.key, house.folder / "evidence")
    return sorted((house.folder / "evidence").glob("*.jsonl"))


def test_evidence_files_are_their_owners_alone_and_none_is_missing(runs):
    files = exported(runs, runs.house)
    assert len(files) == 3
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        read = [json.loads(line) for line in path.read_bytes().splitlines()]
        assert [r["kind"] for r in read] == ["run", "batch", "deadline", *["tombstone"] * 3, "head"]
        assert all("record_key" not in r for r in read)
        assert "salt" not in read[0]


def test_what_is_exported_verifies_from_the_files_alone(runs):
    files = exported(runs, runs.house)
    checked = check_folder(files[0].parent, runs.key.publics())
    assert (checked.files, checked.tombstones, checked.complaints) == (3, 9, [])


def test_a_killed_run_is_exported_by_the_next(database, tmp_path):
    house = empty_house(database, tmp_path)
    add(house, 100)
    with bench(house) as b:
        def killed() -> None:
            b.after_fork()
            with watching(house, lambda text, n, _: die() if text == "COMMIT" and n > 6 else None):
                run_id = b.begin()
                b.engine(run_id, "cards").run(b.freeze(run_id, "cards"))

        assert in_a_process(killed) != 0
        b.purge("cards")
        assert len(exported(b, house)) == 2
