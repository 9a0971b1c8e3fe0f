"""`applies = "at-acquisition"`: each record by the version of its own day, held against the oracle record by record.

Three versions that differ in trigger and in period. The days of acquisition lie on both sides of each beginning, to the
microsecond, in columns of other zones, as dates and as numbers; the nights are those at which programs go wrong.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from acquired import COLUMNS, JST, POLICY, RECORDS, VERSIONS, acquired, created, declare, stored
from bench import Bench, add, alive, bench, empty_house, evidence_of
from billing import Billing, configuration, generate
from nightly import AS_OF, House
from oracle import Answer, Rules, answers
from servers import Database
from small_house import LEAN, ONE_EACH, declared_anew, lean, small_gate

from carddata_retention import attestations, explain, verify
from carddata_retention.check import check_all
from carddata_retention.config import load
from carddata_retention.errors import ConfigError
from carddata_retention.moments import as_text
from carddata_retention.period import Reading, before
from carddata_retention.purge.batch import Job
from carddata_retention.purge.questions import removal
from carddata_retention.schema import bind
from carddata_retention.stage import open_stage


def built(database: Database, folder: Path, billing: Billing, as_of: date, how: str = "aware", midnights: str = "within",
          **policy: Any) -> House:
    house = lean(database, folder, billing, policy=POLICY | policy, targets=created(how, database.dialect),
                 end_kind=billing.end_kind, service_end={"midnights": midnights})
    declare(house, acquired(billing, as_of), how)
    return house


@contextmanager
def asked(house: House, as_of: date) -> Iterator[tuple[sa.Connection, dict[str, Any]]]:
    with open_stage(house.config, "plan", datetime.now(UTC), as_of) as stage, stage.db.snapshot() as connection:
        schema = bind(connection, stage.db.dialect, house.config, stage.policy)
        yield connection, {name: stage.decider(schema, bound, registers=False)
                           for name, bound in schema.usable.items()}


def differing(house: House, as_of: date, truth: dict[str, Answer]) -> list[Any]:
    """Where status, reason or what the independent look calls due is not what the oracle says."""
    wrong: list[Any] = []
    with asked(house, as_of) as (connection, deciders):
        assert set(deciders) == set(truth)
        for name, decider in deciders.items():
            judged = decider.scan()
            query = sa.select(decider.target.key[0], judged.status(), judged.standing).where(decider.target.in_scope())
            verdicts = truth[name].verdicts
            rows = connection.execute(query.select_from(judged.source)).all()
            assert len(rows) == len(verdicts)
            wrong += [(name, key, status, number, verdicts[key]) for key, status, number in rows
                      if status != verdicts[key].status
                      or (status == "undetermined" and REASONS[number] != verdicts[key].reason)]
            due = {int(r.record_key) for r in connection.execute(verify.due_statement(decider))}
            wrong += [(name, key, "by the look") for key in due ^ truth[name].purge]
    return wrong[:5]


REASONS = {40: "end_before_start", 50: "implausible_end", 60: "unreadable_end", 70: "no_end", 80: "no_service",
           84: "no_policy_version", 86: "no_created", 90: "no_subject"}
LEAP = date(2025, 3, 1)
NIGHTS = (date(2024, 2, 29), date(2024, 3, 1), date(2025, 2, 28), LEAP, date(2025, 3, 4), AS_OF)
WALKS = [(convention, kind, midnights, how) for (convention, kind, midnights), how in zip([
    ("jp-civil-code", "instant", "within"), ("jp-civil-code", "instant", "exact"),
    ("jp-civil-code", "inclusive-date", "within"), ("jp-civil-code", "exclusive-date", "within"),
    ("eu-1182-71", "instant", "within"), ("eu-1182-71", "inclusive-date", "within"),
    ("eu-1182-71", "exclusive-date", "within"), ("anniversary", "instant", "within"),
    ("anniversary", "inclusive-date", "within"), ("anniversary", "exclusive-date", "within"),
], cycle(COLUMNS), strict=False)]


@pytest.mark.parametrize(("convention", "kind", "midnights", "how"), WALKS, ids=["-".join(w) for w in WALKS])
def test_each_record_is_decided_by_the_version_of_its_day_under_every_convention_and_kind(
        sqlite_database, tmp_path, convention, kind, midnights, how):
    billing = generate(LEAP, size=260, seed=7, end_kind=kind, years=3)
    house = built(sqlite_database, tmp_path, billing, LEAP, how, midnights, convention=convention)
    when = acquired(billing, LEAP)
    removed: set[frozenset[int]] = set()
    for as_of in NIGHTS:
        truth = answers(billing, Rules(as_of, versions=VERSIONS, convention=convention, kind=kind, midnights=midnights,
                                       acquired=when))
        assert differing(house, as_of, truth) == [], as_of
        removed.add(truth["cards"].purge)
    assert len(removed) >= len(NIGHTS) - 1  # almost each night has something of its own


@pytest.mark.parametrize("how", COLUMNS)
def test_every_database_reads_the_day_of_an_acquisition_alike(database, tmp_path, how):
    billing = generate(AS_OF, size=60, seed=3, years=3)
    house = built(database, tmp_path, billing, AS_OF, how)
    when = acquired(billing, AS_OF)
    for as_of in (date(2024, 2, 29), AS_OF):
        truth = answers(billing, Rules(as_of, versions=VERSIONS, acquired=when))
        assert differing(house, as_of, truth) == [], as_of
        assert {"no_created", "no_policy_version"} <= set(truth["cards"].reasons)


def by_version(when: dict[tuple[str, int], datetime | None], name: str, keys: Iterable[int]) -> dict[str, int]:
    """How many of some records each version decides, by the calendar of Japan."""
    days = [moment.astimezone(JST).date() for key in keys if (moment := when[name, key]) is not None]
    begun = [sum(begins <= day for begins, _, _ in VERSIONS) for day in days if day <= AS_OF]
    return {str(n): begun.count(n) for n in range(1, len(VERSIONS) + 1)}


def test_a_night_removes_what_the_oracle_says_and_its_evidence_names_each_version(database, tmp_path):
    billing = generate(AS_OF, size=110, seed=5, years=3)
    house = built(database, tmp_path, billing, AS_OF)
    when = acquired(billing, AS_OF)
    truth = answers(billing, Rules(AS_OF, versions=VERSIONS, acquired=when))

    told = house.night()
    assert told.exit_code == 0, told.findings
    assert evidence_of(house) == {name: truth[name].purge for name in RECORDS}
    for target in told.targets:
        answer = truth[target.name]
        assert {s: getattr(target, s) for s in answer.totals} == answer.totals
        assert dict(target.undetermined_reasons) == answer.reasons
        assert dict(target.decided_by) == by_version(when, target.name, answer.verdicts)
        assert dict(target.due_by) == by_version(when, target.name, answer.purge)
    with house.connection() as connection:
        stones = connection.execute(sa.text(
            f"SELECT t.target, t.record_key, d.ended_at, d.start_day, d.first_purgeable_day, d.policy_version "
            f"FROM {house.own('tombstone')} t JOIN {house.own('deadline')} d "
            "ON d.run_id = t.run_id AND d.service_end = t.service_end")).all()
    seen = set()
    for name, key, ended, start, first, version in stones:
        verdict = truth[name].verdicts[int(key)]
        # A column without a zone is written down without one.
        assert (ended.rstrip("Z"), start, first) == (as_text(verdict.service_end).rstrip("Z"), verdict.start_day.isoformat(),
                                                     verdict.first_purgeable_day.isoformat())
        assert verdict.trigger == VERSIONS[int(version) - 1][1]
        seen.add(version)
    assert len(stones) == sum(len(truth[name].purge) for name in RECORDS)
    assert seen == {"1", "2", "3"}
    counted = {c.version: (c.trigger, c.records) for c in told.cutoffs}
    assert {v: t for v, (t, _) in counted.items()} == {"1": "service_provision_end", "2": "service_use_end",
                                                       "3": "service_use_end"}
    assert sum(n or 0 for _, n in counted.values()) == len(stones)
    assert {s.policy_version for s in told.sampled} >= {"1", "2", "3"}
    assert house.verify(AS_OF).exit_code == 0

    again = house.night()
    assert (again.exit_code, sum(t.purged or 0 for t in again.targets)) == (0, 0)


def at_the_door(database: Database, folder: Path, *keys: int, when: datetime, **policy: Any) -> House:
    """Customers whose use ended long ago and whose provision did not, and records that were acquired at one moment."""
    small_gate(folder, ONE_EACH)
    house = empty_house(database, folder, policy=POLICY | policy, targets=created("aware", database.dialect), **LEAN)
    add(house, *keys, services=2)
    declare(house, {(name, key): when for name in RECORDS for key in keys}, "aware")
    return house


SECOND = datetime(2016, 1, 1, tzinfo=JST)


@pytest.mark.parametrize("target", RECORDS)
def test_a_day_of_acquisition_that_changes_in_mid_run_decides_again(database, tmp_path, target):
    house = at_the_door(database, tmp_path, *range(100, 106), when=SECOND)
    house.execute("UPDATE services SET provision_ended_at = use_ended_at WHERE customer_id = 103")
    changes = {101: datetime(2012, 1, 1, tzinfo=JST),   # by the first version: provision has no end
               102: None,                               # by none
               103: datetime(2012, 1, 1, tzinfo=JST),   # by the first version, which finds it due as well
               104: datetime(2005, 1, 1, tzinfo=JST),   # before the first version
               105: datetime(2098, 1, 1, tzinfo=JST)}   # on a day that has not come
    with bench(house) as b:
        run_id = b.begin()
        candidates = b.freeze(run_id, target)
        for key, moment in changes.items():
            house.execute(f"UPDATE {target} SET acquired_at = :moment WHERE id = :key", key=key,
                          moment=stored(moment, "aware", database.dialect))
        b.engine(run_id, target).run(candidates)
        came_out = b.finish(run_id, target, candidates)
        stones = dict(house.execute(
            f"SELECT s.record_key, d.policy_version FROM {house.own('tombstone')} s JOIN {house.own('deadline')} d "
            "ON d.run_id = s.run_id AND d.service_end = s.service_end"))
        b.check()
    assert candidates == 6
    assert {key for key, end in came_out.ends.items() if end == ("purged", None)} == {100, 103}
    assert {came_out.ends[key] for key in (101, 102, 104, 105)} == {("skipped", "no_longer_due")}
    assert stones == {"100": "2", "103": "1"}
    assert alive(house, target) >= {101, 102, 104, 105}


@pytest.mark.parametrize("target", RECORDS)
def test_a_service_that_is_reopened_between_count_and_batch_keeps_the_records_of_every_version(
        database, tmp_path, target):
    house = at_the_door(database, tmp_path, 100, 101, 102, when=SECOND)
    house.execute("UPDATE services SET provision_ended_at = use_ended_at")
    first = stored(datetime(2012, 1, 1, tzinfo=JST), "aware", database.dialect)
    house.execute(f"UPDATE {target} SET acquired_at = :first WHERE id = 101", first=first)
    with bench(house) as b:
        run_id = b.begin()
        candidates = b.freeze(run_id, target)
        house.execute("UPDATE services SET status = 'active' WHERE id IN (1000, 1011)")
        b.engine(run_id, target).run(candidates)
        came_out = b.finish(run_id, target, candidates)
    assert came_out.ends == {100: ("skipped", "no_longer_due"), 101: ("skipped", "no_longer_due"), 102: ("purged", None)}
    assert came_out.exit() == 0


def removed(b: Bench, key: int) -> int:
    """How many records the removing statement of a batch would take, with this record and its subject in its hands."""
    job = Job("-", b.schema.usable["cards"], b.schema, b.decider("cards"), b.stage.policy, b.ledger)
    with b.stage.db.transaction() as connection:
        connection.execute(sa.text("DELETE FROM card_usage"))
        result = job.questions.ask(connection, removal, job.questions.named([(key,)], {key}))
        connection.rollback()
        return int(result.rowcount)


def test_the_removing_statement_asks_for_the_version_again(database, tmp_path):
    """The last word: not even a tombstone that was written a moment ago lets a record go whose version changed."""
    house = at_the_door(database, tmp_path, 100, when=SECOND)
    with bench(house) as b:
        for moment, goes in ((SECOND, 1), (datetime(2012, 1, 1, tzinfo=JST), 0), (None, 0)):
            house.execute("UPDATE cards SET acquired_at = :moment WHERE id = 100",
                          moment=stored(moment, "aware", database.dialect))
            assert removed(b, 100) == goes, moment


def test_the_removing_statement_asks_for_the_attestation_again(database, tmp_path):
    house = at_the_door(database, tmp_path, 100, when=SECOND)
    house.execute("UPDATE services SET use_ended_at = NULL")
    with bench(house, attested=True) as b:
        made = attestations.attest_end(house.config, datetime.now(UTC), "100", attestations.Statement(
            "2019-03-31", "notice 114", "one", "another"))
        assert removed(b, 100) == 1
        for column in ("withdrawn_at", "overtaken_at"):
            house.tamper(f"UPDATE {house.own('attestation')} SET {column} = 't' WHERE id = :id", id=made)
            assert removed(b, 100) == 0
            house.tamper(f"UPDATE {house.own('attestation')} SET {column} = NULL WHERE id = :id", id=made)


def test_explain_names_the_version_that_decides(database, tmp_path):
    house = at_the_door(database, tmp_path, *range(100, 104), when=SECOND)
    for key, moment in {101: datetime(2012, 1, 1, tzinfo=JST), 102: None, 103: datetime(2009, 12, 31, tzinfo=JST)}.items():
        house.execute("UPDATE cards SET acquired_at = :moment WHERE id = :key", key=key,
                      moment=stored(moment, "aware", database.dialect))

    def told(key: int) -> tuple[Any, ...]:
        story = explain.explain_record(house.config, datetime.now(UTC), AS_OF, "cards", str(key))
        return tuple(story[word] for word in ("status", "reason", "policy_version", "trigger", "period"))

    assert told(100) == ("overdue", None, "2", "service_use_end", "P3Y")
    assert told(101) == ("undetermined", "no_end", "1", "service_provision_end", "P5Y")
    assert told(102) == ("undetermined", "no_created", None, None, None)
    assert told(103) == ("undetermined", "no_policy_version", None, None, None)
    house.night()
    assert told(100) == ("purged", None, "2", "service_use_end", "P3Y")


@pytest.mark.parametrize("applies", ["current", "at-acquisition"])
def test_a_version_that_comes_into_force_asks_for_approval_once(sqlite_database, tmp_path, applies):
    """Nobody touched the file: the day came. `run` refuses until a plan lets it through, and asks no more after that."""
    coming = {"version": "3", "effective_from": AS_OF, "trigger": "service_use_end", "period": "P2Y"}
    policy = {"applies": applies, "versions": [*POLICY["versions"][:2], coming]}  # type: ignore[index]
    house = at_the_door(sqlite_database, tmp_path, 100, when=SECOND, **policy)
    before_it, day = AS_OF - timedelta(days=1), timedelta(days=1)

    def tripped(night: Any) -> list[tuple[int, set[str]]]:
        return [(night.exit_code, {f.target for f in night.findings if f.id == "changed_policy"})]

    assert tripped(house.night(before_it - day)) == tripped(house.night(before_it)) == [(0, set())]
    add(house, 101)
    assert tripped(house.night()) == tripped(house.night()) == [(30, set(RECORDS))]
    assert 101 in alive(house, "cards")
    _, plan, _ = house.plan()
    applied = house.night(plan=plan)
    assert tripped(applied) == [(0, set())]
    assert (101 in alive(house, "cards")) == (applies == "at-acquisition")  # nobody knows when that one was acquired
    assert tripped(house.night()) == tripped(house.night(AS_OF + day)) == [(0, set())]


def test_where_the_policy_asks_for_it_every_target_must_say_when_its_records_were_acquired(tmp_path):
    def refused(**over: Any) -> ConfigError:
        path = tmp_path / "retention.toml"
        path.write_text(configuration("sqlite", "sqlite:///b.db", policy={"applies": "at-acquisition"}, **over), "utf-8")
        with pytest.raises(ConfigError) as told:
            load(path)
        return told.value

    assert "target cards created" in str(refused().cause)
    assert "payments" in str(refused(targets={"cards": {"created": {"column": "a"}}}).cause)
    dated = {"cards": {"created": {"column": "a", "kind": "exclusive-date"}}}
    assert "created.kind" in str(refused(targets=dated).cause)
    emptied = {name: {"created": {"column": "last4"}} for name in RECORDS}
    assert "which version decides" in str(refused(targets=emptied).cause)


ZONES = ("Asia/Tokyo", "UTC", "America/New_York", "Pacific/Apia", "America/Sao_Paulo", "Australia/Lord_Howe")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("policy_zone", ZONES)
def test_the_day_of_an_acquisition_is_that_of_the_policy_zone_and_naive_times_are_read_as_the_later(zone, policy_zone):
    here, there = ZoneInfo(policy_zone), ZoneInfo(zone)
    for day in (date(2010, 1, 1), date(2011, 12, 30), date(2011, 12, 31), date(2018, 11, 4), date(2019, 4, 7),
                date(2019, 4, 8), date(2020, 2, 29)):
        aware, naive = before(day, here, Reading()), before(day, here, Reading(zone=there))
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        for minutes in range(-36 * 60, 36 * 60, 30):
            moment = noon + timedelta(minutes=minutes)
            assert aware.covers(moment) == (moment.astimezone(here).date() < day), moment
            local = moment.astimezone(there).replace(tzinfo=None, fold=0)
            readings = {local.replace(tzinfo=there, fold=fold).astimezone(UTC) for fold in (0, 1)}
            assert naive.covers(local) == (max(readings).astimezone(here).date() < day), (local, readings)
    assert before(date(2020, 2, 29), here, Reading("inclusive-date")).covers(date(2020, 2, 28))  # type: ignore[arg-type]


@pytest.mark.parametrize(("dialect", "code"), [("sqlite", "created_not_as_declared"), ("postgresql", "kind_mismatch")])
def test_check_says_where_no_acquisition_is_what_is_declared(new_database, tmp_path, dialect, code):
    house = built(new_database(dialect), tmp_path, generate(AS_OF, size=20), AS_OF, "unix-ms")
    assert check_all(house.config, datetime.now(UTC)) == []
    zone = {} if dialect == "postgresql" else {"zone": "UTC"}
    wrong = declared_anew(house, policy=POLICY, targets={n: {"created": {"column": "acquired_at", **zone}} for n in RECORDS})
    found = check_all(wrong.config, datetime.now(UTC))
    assert [e.code for e in found] == [code, code]
    assert all("acquired_at" in e.cause or "created" in e.cause for e in found)
    assert "[service_end]" not in " ".join(f"{e.cause} {e.cure}" for e in found)


@pytest.mark.parametrize("applies", ["current", "at-acquisition"])
def test_no_other_target_may_empty_the_day_that_chooses_a_version(sqlite_database, tmp_path, applies):
    house = built(sqlite_database, tmp_path, generate(AS_OF, size=20), AS_OF)
    house.execute("ALTER TABLE payments ADD COLUMN booked_at text")
    bank = {"name": "bank", "table": "payments", "key": ["id"], "subject": "customer_id", "disposition": "redact",
            "fields": {"holder": "card_holder"}, "where": "method = 'bank'", "created": {"column": "acquired_at", "zone": "UTC"}}
    payments = {"also": ["acquired_at"], "created": {"column": "booked_at", "zone": "UTC"}}
    cards = {"created": {"column": "acquired_at", "zone": "UTC"}}
    house = declared_anew(house, policy=POLICY | {"applies": applies},
                          targets={"cards": cards, "payments": payments, "bank": bank})
    found = [(e.code, "target bank" in e.cause) for e in check_all(house.config, datetime.now(UTC))]
    assert found == ([("orphans", True)] if applies == "at-acquisition" else [])
