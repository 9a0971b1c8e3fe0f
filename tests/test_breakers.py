"""Breakers: how much one run may remove, when a person must look first, and what a plan promises.

The pure ones are enumerated at their boundaries; the rest breaks a real database or a real clock and looks at what
was left.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nightly import AS_OF, House, hooks
from small_house import COMPARED, contents, declared_anew, small, small_gate, small_house

from carddata_retention import run
from carddata_retention.breakers import Clocks, Remembered, breakers, clock_findings
from carddata_retention.model import Disposition, Night, Severity, State, TargetResult
from carddata_retention.settings import Limits

NEVER = {"first_run": "approve"}
DAY, MINUTE, MICROSECOND = timedelta(days=1), timedelta(minutes=1), timedelta(microseconds=1)
NOON = datetime(2026, 11, 20, 3, tzinfo=UTC)


# The pure ones, at their boundaries


def counted(*, due: int, filled: int, blank: int = 0, retained: int | None = None, **more: int) -> TargetResult:
    """A counted target: `filled` records that hold something, of which `due` are due; the rest is retained."""
    kept = filled - due - sum(more.values()) if retained is None else retained
    counts = {"held": 0, "requested": 0, "active": 0, "undetermined": 0, "overdue": 0} | more
    return TargetResult("cards", "cards", Disposition.DELETE, State.CLEAN, population=filled + blank, blank=blank,
                        retained=kept, due=due, **counts)


def tripped(limits: dict[str, Any], tonight: TargetResult, *, before: tuple[str, str] | None = ("d", "f")) -> set[str]:
    remembered = Remembered(*before, AS_OF, tonight) if before else None
    found = breakers(Limits(**limits), tonight, remembered, "d", "f")
    assert all(f.severity is Severity.BLOCK and f.target == "cards" for f in found)
    return {f.id for f in found}


@pytest.mark.parametrize(("due", "filled", "min_rows", "max_share", "trips"), [
    (50, 1000, 999, 0.05, False),   # exactly the share
    (51, 1000, 999, 0.05, True),
    (51, 1000, 1000, 0.05, False),  # not above min_rows
    (51, 1000, 1001, 0.05, False),
    (1000, 1000, 1000, 0.05, False),
    (1001, 1001, 1000, 0.05, True),
    (29, 100, 0, 0.29, False),      # 0.29 * 100 is a little less than 29 in binary
    (30, 100, 0, 0.29, True),
    (1001, 1001, 1000, 1.0, False),
    (1, 1, 0, 0.99, True),
    (0, 0, 0, 0.05, False),
])
def test_the_share_is_measured_above_min_rows_and_exactly_the_share_passes(due, filled, min_rows, max_share, trips):
    found = tripped({"min_rows": min_rows, "max_share": max_share}, counted(due=due, filled=filled))

    assert found == ({"max_share"} if trips else set())


def test_blank_records_count_neither_for_min_rows_nor_for_the_share():
    limits = {"min_rows": 10, "max_share": 0.5}

    assert tripped(limits, counted(due=8, filled=11, blank=1000)) == {"max_share"}
    assert tripped(limits, counted(due=8, filled=10, blank=1000)) == set()


@pytest.mark.parametrize(("due", "trips"), [(99, False), (100, False), (101, True)])
def test_exactly_max_rows_pass(due, trips):
    found = tripped({"max_rows": 100, "max_share": 1.0}, counted(due=due, filled=10_000))

    assert found == ({"max_rows"} if trips else set())


@pytest.mark.parametrize("status", ["requested", "overdue", "due"])
def test_all_that_is_to_be_purged_counts_for_the_breakers(status):
    night = counted(**{"due": 0, "filled": 1000, "retained": 500, status: 101})

    assert tripped({"max_rows": 100, "max_share": 1.0}, night) == {"max_rows"}
    assert tripped({"max_share": 0.1, "min_rows": 0}, night) == {"max_share"}
    assert tripped(NEVER, night, before=None) == {"first_run"}


@pytest.mark.parametrize(("before", "trips"), [
    (("d", "f"), set()), (("other", "f"), {"changed_policy"}), (("d", "other"), {"schema_changed"}),
    (("other", "other"), {"changed_policy", "schema_changed"}),
])
@pytest.mark.parametrize("due", [0, 1])
def test_a_changed_declaration_and_a_changed_table_are_each_seen_even_with_nothing_due(before, trips, due):
    assert tripped({"max_share": 1.0}, counted(due=due, filled=10), before=before) == trips


@pytest.mark.parametrize(("first_run", "due", "trips"), [
    ("approve", 1, {"first_run"}), ("approve", 0, set()), ("allow", 1, set()), ("allow", 0, set()),
])
def test_a_first_night_with_something_due_asks_for_a_person_unless_it_is_allowed(first_run, due, trips):
    limits = {"first_run": first_run, "max_share": 1.0}

    assert tripped(limits, counted(due=due, filled=10), before=None) == trips


@pytest.mark.parametrize(("night", "alarm"), [
    (counted(due=0, filled=10, active=10), True),
    (counted(due=0, filled=10, undetermined=10), True),
    (counted(due=0, filled=10, active=4, undetermined=6), True),
    (counted(due=0, filled=10, active=4, undetermined=5), False),
    (counted(due=0, filled=10, active=9, held=1), False),
    (counted(due=0, filled=10, active=9, overdue=1), False),
    (counted(due=0, filled=0), False),
])
def test_a_first_night_on_which_no_end_counts_for_anybody_says_so(night, alarm):
    asked = breakers(Limits(first_run="approve", max_share=1.0), night, None, "d", "f")
    allowed = breakers(Limits(first_run="allow", max_share=1.0), night, None, "d", "f")
    known = breakers(Limits(first_run="approve", max_share=1.0), night, Remembered("d", "f", AS_OF, night), "d", "f")

    assert [(f.id, f.count) for f in asked if f.id == "nobody_ended"] == [("nobody_ended", 10)] * alarm
    assert [(f.id, f.severity) for f in allowed] == [("nobody_ended", Severity.WARN)] * alarm
    assert [(f.id, f.severity) for f in known] == [("nobody_ended", Severity.WARN)] * alarm


@pytest.mark.parametrize(("apart", "refused"), [
    (timedelta(0), False), (MINUTE, False), (-MINUTE, False),
    (MINUTE + MICROSECOND, True), (-MINUTE - MICROSECOND, True), (-400 * DAY, True),
])
def test_clocks_may_be_a_minute_apart_and_no_more(apart, refused):
    found = clock_findings(Clocks(NOON, NOON + apart, AS_OF, AS_OF), None)

    assert [f.id for f in found] == ["clock"] * refused


def test_without_a_second_clock_there_is_nothing_to_disagree_with():
    assert clock_findings(Clocks(NOON, None, AS_OF, AS_OF), None) == []


@pytest.mark.parametrize(("ahead", "refused"), [(-400, False), (-1, False), (0, False), (1, True), (400, True)])
def test_an_as_of_date_that_has_not_come_is_refused(ahead, refused):
    found = clock_findings(Clocks(NOON, NOON, AS_OF + ahead * DAY, AS_OF), None)

    assert [f.id for f in found] == ["as_of_ahead"] * refused


@pytest.mark.parametrize("second_clock", [True, False])
@pytest.mark.parametrize(("passed", "moved", "refused"), [
    (timedelta(0), 0, False), (timedelta(0), 1, False), (timedelta(0), 2, True),
    (DAY - MICROSECOND, 1, False), (DAY - MICROSECOND, 2, True), (DAY, 2, False), (DAY, 3, True),
    (30 * DAY, 31, False), (30 * DAY, 32, True), (-5 * DAY, 1, False), (-5 * DAY, 2, True), (timedelta(0), -9, False),
])
def test_the_as_of_date_moves_no_further_than_the_clock_and_a_day(passed, moved, refused, second_clock):
    now = NOON + passed
    clocks = Clocks(now, now if second_clock else None, AS_OF + moved * DAY, AS_OF + 1000 * DAY)

    found = clock_findings(clocks, (AS_OF, NOON))

    assert [(f.id, f.count) for f in found] == [("as_of_jump", moved)] * refused


def test_the_database_clock_counts_the_days_where_there_is_one():
    clocks = Clocks(NOON + 10 * DAY, NOON, AS_OF + 5 * DAY, AS_OF + 5 * DAY)

    assert "as_of_jump" in {f.id for f in clock_findings(clocks, (AS_OF, NOON))}


# On real databases


def blocks(night: Night) -> set[tuple[str | None, str]]:
    return {(f.target, f.id) for f in night.findings if f.severity is Severity.BLOCK}


def refused_whole(night: Night) -> bool:
    """Nothing was removed of any target, all that is due is still counted, and the run says 30."""
    return night.exit_code == 30 and all(
        t.state is State.REFUSED and t.purged == 0 and t.failed == 0
        and t.skipped == t.to_purge == t.remaining_due == t.skipped_reasons["refused"] > 0 for t in night.targets
    )


def test_the_first_night_is_refused_until_a_plan_is_applied_and_then_the_nights_go_on(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path, limits={"first_run": "approve"})
    before = contents(house)

    first = house.night()

    assert refused_whole(first)
    assert blocks(first) == {("cards", "first_run"), ("payments", "first_run")}
    assert contents(house) == before
    looked, plan, _ = house.plan()
    assert (looked.exit_code, {t.state for t in looked.targets}) == (30, {State.REFUSED})
    assert contents(house) == before

    applied = house.night(plan=plan)

    assert (applied.exit_code, applied.mode) == (0, "apply")
    promised = {t.name: t.requested + t.overdue + t.due for t in plan.plan.targets}
    assert {t.name: t.purged for t in applied.targets} == promised
    again = house.night()
    assert (again.exit_code, [t.purged for t in again.targets]) == (0, [0, 0])


def test_apply_passes_every_breaker_that_only_asks_for_eyes(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path, limits={"first_run": "approve", "max_share": 0.01, "min_rows": 0,
                                                       "max_rows": 1})
    _, plan, _ = house.plan()

    refused, applied = house.night(), house.night(plan=plan)

    assert {i for _, i in blocks(refused)} == {"first_run", "max_share", "max_rows"}
    assert applied.exit_code == 0
    assert all(t.purged == t.to_purge > 1 for t in applied.targets)


def test_a_changed_policy_is_refused_until_its_plan_is_applied(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    house.night(as_of=AS_OF - DAY)
    changed = declared_anew(house, policy={"grace_days": 3})
    before = contents(house)

    refused = changed.night()

    assert refused.exit_code == 30
    assert blocks(refused) == {("cards", "changed_policy"), ("payments", "changed_policy")}
    assert contents(house) == before
    assert changed.night(plan=changed.plan()[1]).exit_code == 0
    assert changed.night().exit_code == 0


def test_a_changed_target_refuses_that_target_alone(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    house.night(as_of=AS_OF - DAY)

    refused = declared_anew(house, targets={"payments": {"where": "method = 'card' OR 1 = 0"}}).night()

    assert blocks(refused) == {("payments", "changed_policy")}
    assert [t.state for t in refused.targets] == [State.CLEAN, State.REFUSED]


WATCHED = {
    "sqlite": ["CREATE TRIGGER watching AFTER UPDATE ON cards BEGIN SELECT 1; END"],
    "postgresql": ["CREATE FUNCTION watching() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                   "CREATE TRIGGER watching AFTER UPDATE ON cards FOR EACH ROW EXECUTE FUNCTION watching()"],
    "mariadb": ["CREATE TRIGGER watching AFTER UPDATE ON cards FOR EACH ROW SET @seen = 1"],
}
RETYPED = {
    "postgresql": ["ALTER TABLE cards ALTER COLUMN card_token TYPE varchar(200)"],
    "mariadb": ["ALTER TABLE cards MODIFY card_token varchar(200)"],
    "sqlite": ["PRAGMA writable_schema = ON",
               "UPDATE sqlite_master SET sql = replace(sql, 'card_token TEXT', 'card_token BLOB') "
               "WHERE name = 'cards'", "PRAGMA writable_schema = RESET"],
}


def changed(house: House, statements: list[str]) -> None:
    with house.database.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_trigger_or_a_columns_type_that_changed_refuses_its_target_and_only_that(database, tmp_path):
    house = small_house(database, tmp_path)
    house.night(as_of=AS_OF - DAY)
    changed(house, WATCHED[database.dialect])

    watched = house.plan()[0]
    changed(house, ["DROP TRIGGER watching ON cards" if database.dialect == "postgresql" else "DROP TRIGGER watching"])
    changed(house, RETYPED[database.dialect])
    retyped = house.night()

    for night in (watched, retyped):
        assert blocks(night) == {("cards", "schema_changed")}
        assert (night.exit_code, [t.state for t in night.targets]) == (30, [State.REFUSED, State.CLEAN])
    assert retyped.targets[0].purged == 0


def test_a_table_that_changed_is_refused_until_its_plan_is_applied(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    house.night(as_of=AS_OF - DAY)
    changed(house, WATCHED["sqlite"])

    assert blocks(house.night()) == {("cards", "schema_changed")}
    assert house.night(plan=house.plan()[1]).exit_code == 0
    assert house.night().exit_code == 0


def test_an_as_of_date_ahead_of_today_removes_nothing(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    before = contents(house)

    night = house.night(as_of=datetime.now(UTC).date() + 3 * DAY)

    assert refused_whole(night)
    assert {i for _, i in blocks(night)} == {"as_of_ahead"}
    assert contents(house) == before


def test_an_as_of_date_that_moved_further_than_the_clock_removes_nothing(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    assert house.night(as_of=AS_OF - 40 * DAY).exit_code == 0
    before = contents(house)

    night = house.night(as_of=AS_OF - 38 * DAY)

    assert {i for _, i in blocks(night)} == {"as_of_jump"}
    assert night.exit_code == 30
    assert contents(house) == before
    assert "missed_nights" in {f.id for f in night.findings}


def test_a_look_back_at_an_old_date_does_not_stop_the_next_true_night(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    assert house.night().exit_code == 0
    assert house.night(as_of=AS_OF - 40 * DAY).exit_code == 0

    night = house.night(as_of=AS_OF + DAY)

    assert "as_of_jump" not in {f.id for f in night.findings}
    assert night.exit_code == 0


def test_a_date_that_was_refused_because_it_lay_ahead_excuses_no_jump(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    assert house.night(as_of=AS_OF - 40 * DAY).exit_code == 0
    assert house.night(as_of=datetime.now(UTC).date() + 300 * DAY).exit_code == 30

    night = house.night(as_of=AS_OF - 30 * DAY)

    assert {i for _, i in blocks(night)} == {"as_of_jump"}


def test_clocks_that_disagree_remove_nothing_and_a_single_clock_cannot(database, tmp_path):
    house = small_house(database, tmp_path)
    before = contents(house)

    night = run.night(house.config, datetime.now(UTC) + timedelta(seconds=90), AS_OF, hooks())

    if database.dialect == "sqlite":
        assert night.exit_code == 0
        return
    assert refused_whole(night)
    assert {i for _, i in blocks(night)} == {"clock"}
    assert contents(house) == before


def reopened(house: House, share: int) -> None:
    """An application's mistake: every `share`-th closed service is open again."""
    house.execute("UPDATE services SET status = 'active', use_ended_at = NULL "
                  f"WHERE status = 'closed' AND id % {share} = 0")


def test_a_jump_of_active_records_is_refused_and_says_which(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path, small(120), limits={"max_shift": 0.05})
    small_gate(tmp_path, COMPARED)
    house.night(as_of=AS_OF - DAY)
    reopened(house, 2)
    before = contents(house)

    night = house.night()

    assert night.exit_code == 30
    assert ("cards", "active_jumped") in blocks(night)
    assert contents(house) == before


def test_a_forecast_that_does_not_come_true_is_refused(sqlite_database, tmp_path):
    """Last night counted who would be due tonight. Where they are not, nobody knows why, and nothing is removed."""
    house = small_house(sqlite_database, tmp_path)
    small_gate(tmp_path, COMPARED)
    closed = "UPDATE services SET use_ended_at = '{} 03:00:00' WHERE status = 'closed'"
    house.execute(closed.format("2021-11-19"))
    promised = {t.name: t.forecast[1] for t in house.night(as_of=AS_OF - DAY).targets}
    assert min(promised.values()) > 10
    house.execute(closed.format("2022-11-19"))
    before = contents(house)

    night = house.night()

    assert night.exit_code == 30
    assert blocks(night) == {("cards", "forecast_missed"), ("payments", "forecast_missed")}
    assert contents(house) == before


def test_missed_nights_are_a_finding_with_their_number(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    then = datetime.now(UTC) - 7 * DAY
    run.night(house.config, then, AS_OF - 7 * DAY, replace(hooks(), moment=lambda: then))

    night = house.night()

    assert [(f.count, f.severity) for f in night.findings if f.id == "missed_nights"] == [(6, Severity.WARN)]
    assert night.exit_code == 0


# Time, stop file, signal


def test_a_run_without_time_removes_nothing_and_says_what_was_not_reached(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path, limits={"max_minutes": 0.000001})
    before = contents(house)

    night = house.night()

    assert (night.exit_code, night.verdict) == (10, State.INCOMPLETE)
    for target in night.targets:
        assert dict(target.skipped_reasons) == {"not_reached": target.to_purge}
        assert (target.purged, target.remaining_due) == (0, target.to_purge)
        assert target.to_purge > 0
    assert contents(house) == before
    assert declared_anew(house).night().exit_code == 0


def test_a_stop_file_stops_before_the_first_batch(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    (tmp_path / "STOP").touch()
    before = contents(house)

    night = house.night()

    assert night.exit_code == 10
    assert [dict(t.skipped_reasons) for t in night.targets] == [{"not_reached": t.to_purge} for t in night.targets]
    assert contents(house) == before
    (tmp_path / "STOP").unlink()
    assert house.night().exit_code == 0


def test_a_run_that_is_told_to_stop_finishes_the_batch_in_hand(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    told: list[int] = []

    def moment() -> datetime:  # asked for at the beginning of each batch: now the signal comes
        told.append(1)
        return datetime.now(UTC)

    night = house.night(hooks=replace(hooks(stop=lambda: bool(told)), moment=moment))

    cards, payments = night.targets
    assert (night.exit_code, night.verdict) == (10, State.INCOMPLETE)
    assert (cards.state, cards.purged, cards.remaining_due) == (State.CLEAN, cards.to_purge, 0)
    assert cards.purged > 0
    assert (payments.state, payments.purged) == (State.INCOMPLETE, 0)
    assert dict(payments.skipped_reasons) == {"not_reached": payments.to_purge}


def test_a_killed_run_is_sealed_and_named_by_the_next(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)

    class Killed(BaseException):
        pass

    def dies() -> datetime:
        raise Killed

    with pytest.raises(Killed):
        house.night(hooks=replace(hooks(), moment=dies))
    killed = house.execute(f"SELECT run_id FROM {house.own('run')} WHERE seal IS NULL")[0][0]

    night = house.night()

    assert [f.severity for f in night.findings if f.id == "killed_run" and killed in f.reason] == [Severity.WARN]
    assert night.exit_code == 0
    assert house.execute(f"SELECT verdict FROM {house.own('run')} WHERE run_id = '{killed}'") == [("failed",)]
    assert not [f for f in house.night().findings if f.id == "killed_run"]
