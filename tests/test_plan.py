"""A plan: exactly its rows and no others, once, by two people, before it expires, and nothing in it changed."""

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from nightly import AS_OF, House
from small_house import contents, declared_anew, small, small_house

from carddata_retention import approval
from carddata_retention.errors import BlindError, RefusedError, UsageError
from carddata_retention.identity import key_if_any
from carddata_retention.plan import (
    Plan,
    PlannedTarget,
    SignedPlan,
    hold_to,
    read_plan,
    rows_path,
    write_plan,
)
from carddata_retention.planned_rows import RowsWriter, read_rows
from carddata_retention.settings import Approval

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
PLANNED = PlannedTarget("cards", 1, 2, 3, "rows", "target", "fingerprint")
PLAN = Plan(2, "nonce", NOW.isoformat(), (NOW + DAY).isoformat(), "2026-11-20", "SQLite · billing.db", "notice", "2",
            "policy", (PLANNED,))


# The file


@pytest.fixture
def written(tmp_path):
    write_plan(tmp_path / "plan.json", PLAN, ())
    return tmp_path / "plan.json"


def test_a_plan_is_read_as_it_was_written_and_only_its_owner_can_read_it(written):
    assert read_plan(written) == SignedPlan(PLAN, (), written.with_name("plan.rows.jsonl"))
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_plan_is_its_owners_alone_whatever_lay_there_before(tmp_path):
    for name in ("plan.json", "plan.json.new"):
        (tmp_path / name).write_text("old")
        (tmp_path / name).chmod(0o666)

    write_plan(tmp_path / "plan.json", PLAN, ())

    assert stat.S_IMODE((tmp_path / "plan.json").stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["plan.json"]


def test_a_plan_that_cannot_be_written_is_a_taught_error(tmp_path):
    with pytest.raises(UsageError) as wrong:
        write_plan(tmp_path / "no" / "plan.json", PLAN, ())

    assert (wrong.value.code, wrong.value.exit) == ("plan_unwritable", 2)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in places(v, (*place, k))]
    if isinstance(value, list):
        return [p for k, v in enumerate(value) for p in places(v, (*place, k))]
    return [place]


def test_every_word_of_a_plan_is_under_its_digest(written):
    found = [p for p in places(json.loads(written.read_text())) if p != ("digest",)]
    assert len(found) == 16
    for *path, last in found:
        edited = json.loads(written.read_text())
        inner = edited
        for step in path:
            inner = inner[step]
        inner[last] = inner[last] + 1 if isinstance(inner[last], int) else inner[last] + "x"
        other = written.with_name("edited.json")
        other.write_text(json.dumps(edited))
        with pytest.raises((RefusedError, UsageError)) as wrong:
            read_plan(other)
        unreadable = last in ("schema", "as_of", "made_at", "expires_at")
        assert wrong.value.code == ("plan_unreadable" if unreadable else "plan_changed")


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "not json", '{"digest": "x"}', '{"digest": "x", "targets": []}'])
def test_what_is_no_plan_is_not_read_as_one(tmp_path, text):
    (tmp_path / "plan.json").write_text(text)

    with pytest.raises(UsageError) as wrong:
        read_plan(tmp_path / "plan.json")

    assert (wrong.value.code, wrong.value.exit) == ("plan_unreadable", 2)


@pytest.mark.parametrize(("word", "other", "code"), [
    ("as_of", AS_OF + DAY, "plan_stale"), ("database", "other", "plan_stale"), ("policy_digest", "other", "plan_stale"),
    ("now", NOW + DAY, "plan_expired"), ("now", NOW - SECOND, "plan_ahead"),
])
def test_a_plan_for_another_day_database_policy_or_time_is_refused(word, other, code):
    fits: dict[str, Any] = {"as_of": AS_OF, "database": PLAN.database, "policy_digest": PLAN.policy_digest}
    hold_to(PLAN, **fits, now=NOW)
    hold_to(PLAN, **fits, now=NOW + DAY - SECOND)

    with pytest.raises(RefusedError) as refused:
        hold_to(PLAN, **(fits | {"now": NOW} | {word: other}))

    assert (refused.value.code, refused.value.exit) == (code, 30)


# Who signs


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Keys of a planner with a second key, of two approvers, of one who may only plan, and of nobody known."""
    folder = tmp_path_factory.mktemp("keys")
    publics = {name: approval.new_key(folder / name) for name in ("ann", "ann2", "ben", "eve", "run")}
    listed = [("Ann", "ann", ["plan", "approve"]), ("Ann", "ann2", ["plan", "approve"]), ("Ben", "ben", ["approve"])]
    rules = Approval(people=[{"name": n, "public_key": publics[k], "may": may} for n, k, may in listed])
    return {name: approval.load_key(folder / name) for name in publics}, rules, publics


def signed_by(people, *roles: tuple[str, str], plan: Plan = PLAN) -> SignedPlan:
    keys, _, _ = people
    return SignedPlan(plan, tuple(approval.signed(plan, role, keys[who], NOW) for role, who in roles), None)


@pytest.mark.parametrize(("roles", "outcome"), [
    ([("plan", "ann"), ("approve", "ben")], ("Ann", "Ben")),
    ([("plan", "run"), ("approve", "ben")], ("the nightly run", "Ben")),
    ([("plan", "run"), ("approve", "ann")], ("the nightly run", "Ann")),
    ([("approve", "ben"), ("plan", "ann")], ("Ann", "Ben")),
    ([("plan", "ann"), ("approve", "ann"), ("approve", "ben")], ("Ann", "Ben")),
    ([], "plan_unsigned"),
    ([("approve", "ben")], "plan_unsigned"),
    ([("plan", "eve"), ("approve", "ben")], "plan_unsigned"),
    ([("plan", "ben"), ("approve", "ann")], "plan_unsigned"),   # Ben may not plan
    ([("plan", "ann")], "plan_unapproved"),
    ([("plan", "ann"), ("approve", "ann")], "plan_unapproved"),
    ([("plan", "ann"), ("approve", "ann2")], "plan_unapproved"),  # one person, two keys
    ([("plan", "ann"), ("approve", "eve")], "plan_unapproved"),
    ([("plan", "ann"), ("plan", "ben")], "plan_unapproved"),
    ([("plan", "run"), ("approve", "run")], "plan_unapproved"),
])
def test_two_people_sign_each_allowed_to_or_nothing_is_carried_out(people, roles, outcome):
    _, rules, publics = people
    made = signed_by(people, *roles)
    if isinstance(outcome, tuple):
        assert approval.require(made, rules, {publics["run"]}) == outcome
        return
    with pytest.raises(RefusedError) as refused:
        approval.require(made, rules, {publics["run"]})
    assert (refused.value.code, refused.value.exit) == (outcome, 30)


@pytest.mark.parametrize("change", [
    lambda s: replace(s, signature="00" * 64), lambda s: replace(s, signature="no hex"),
    lambda s: replace(s, at="2026-11-21T00:00:00+00:00"), lambda s: replace(s, public_key="AAAA"),
    lambda s: replace(s, role="plan"),
])
def test_a_signature_that_was_touched_is_none(people, change):
    _, rules, _ = people
    made = signed_by(people, ("plan", "ann"), ("approve", "ben"))
    touched = replace(made, signatures=(made.signatures[0], change(made.signatures[1])))

    with pytest.raises(RefusedError) as refused:
        approval.require(touched, rules, ())

    assert refused.value.code == "plan_unapproved"


def test_signatures_of_one_plan_are_none_of_another(people):
    _, rules, _ = people
    made = signed_by(people, ("plan", "ann"), ("approve", "ben"))

    with pytest.raises(RefusedError) as refused:
        approval.require(replace(made, plan=replace(PLAN, nonce="other")), rules, ())

    assert refused.value.code == "plan_unsigned"


@pytest.mark.parametrize(("who", "code"), [("ann", "approver_planned"), ("ann2", "approver_planned"),
                                           ("eve", "approver_unknown")])
def test_nobody_approves_a_plan_of_their_own_and_no_stranger_any(people, who, code):
    keys, rules, _ = people
    made = signed_by(people, ("plan", "ann"))
    assert approval.approved(made, rules, keys["ben"], NOW, ())[1].name == "Ben"

    with pytest.raises(RefusedError) as refused:
        approval.approved(made, rules, keys[who], NOW, ())

    assert refused.value.code == code


def test_a_plan_that_is_over_is_approved_no_more_but_still_shown(people):
    keys, rules, publics = people
    made = signed_by(people, ("plan", "ann"))

    with pytest.raises(RefusedError) as refused:
        approval.approved(made, rules, keys["ben"], NOW + DAY, ())

    assert refused.value.code == "plan_expired"
    shown = approval.told(made, rules, NOW + DAY, ())
    assert "  cards: 6 records (1 requested, 2 overdue, 3 due)" in shown
    assert any(line.endswith("(over)") for line in shown)
    assert any(line.startswith("planned by Ann") for line in shown)
    by_run = approval.told(signed_by(people, ("plan", "run")), rules, NOW, {publics["run"]})
    assert any(line.startswith("planned by the nightly run") for line in by_run)


def test_a_key_opens_with_its_passphrase_alone(tmp_path, monkeypatch):
    monkeypatch.setenv(approval.PASSPHRASE, "correct horse")
    approval.new_key(tmp_path / "key")
    approval.load_key(tmp_path / "key")
    monkeypatch.setenv(approval.PASSPHRASE, "wrong horse")

    with pytest.raises(UsageError) as wrong:
        approval.load_key(tmp_path / "key")

    assert wrong.value.code == "person_key_unreadable"
    assert "horse" not in str(wrong.value.as_json())


def test_a_key_that_others_can_read_signs_nothing(tmp_path):
    approval.new_key(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    (tmp_path / "key").chmod(0o644)

    with pytest.raises(UsageError) as wrong:
        approval.load_key(tmp_path / "key")

    assert wrong.value.code == "person_key_open"


# On real databases


def due_cards(house: House) -> list[int]:
    rows = [json.loads(line) for line in house.plan()[1].rows.read_text().splitlines()]
    return [int(row["key"]) for row in rows if row["target"] == "cards" and row["status"] in ("due", "overdue")]


def findings(night: Any, id_: str) -> dict[str | None, int | None]:
    return {f.target: f.count for f in night.findings if f.id == id_}


def test_apply_removes_the_rows_of_the_plan_that_are_as_they_were_and_no_others(database, tmp_path):
    house = small_house(database, tmp_path)
    gone, moved, *rest = due_cards(house)
    cards = house.table("cards")
    before = {row[0]: row for row in house.rows("cards")}
    _, plan, _ = house.plan()
    payments = sum(t.rows for t in plan.plan.targets if t.name == "payments")
    fresh = {**dict(zip([c.name for c in cards.columns], before[rest[0]], strict=True)), "id": 900_001}
    with house.database.engine.begin() as connection:
        connection.execute(cards.insert(), [fresh])
        other = next(before[key][1] for key in rest if before[key][1] != before[moved][1])
        connection.execute(cards.update().where(cards.c.id == moved).values(customer_id=other))
    house.execute("DELETE FROM card_usage WHERE card_id = :id", id=gone)
    house.execute("DELETE FROM cards WHERE id = :id", id=gone)

    applied = house.night(plan=plan)

    left = {row[0] for row in house.rows("cards")}
    assert set(before) - left == {gone, *rest}
    assert {900_001, moved} <= left
    assert findings(applied, "plan_rows_dropped") == {"cards": 2}
    assert findings(applied, "plan_rows_new") == {"cards": 2}
    counted = applied.targets[0]
    assert (counted.purged, counted.skipped_reasons) == (len(rest), {"not_planned": 2})
    assert (applied.targets[1].purged, applied.mode, applied.exit_code) == (payments, "apply", 10)
    again = house.night()
    assert (again.exit_code, again.targets[0].purged) == (0, 2)


def test_a_service_end_that_was_corrected_since_the_plan_drops_its_rows(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    card = due_cards(house)[0]
    subject = next(row[1] for row in house.rows("cards") if row[0] == card)
    _, plan, _ = house.plan()
    services = house.table("services")
    with house.database.engine.begin() as connection:
        ends = connection.execute(sa.select(services.c.use_ended_at, services.c.id).where(
            services.c.customer_id == subject)).all()
        end, last = max(tuple(row) for row in ends if row[0] is not None)
        a_year_before = str(int(end[:4]) - 1) + end[4:]
        connection.execute(services.update().where(services.c.id == last).values(use_ended_at=a_year_before))

    applied = house.night(plan=plan)

    assert card in {row[0] for row in house.rows("cards")}
    assert applied.targets[0].skipped_reasons["not_planned"] >= 1
    assert findings(applied, "plan_rows_dropped") == findings(applied, "plan_rows_new")


def test_a_plan_is_carried_out_once(database, tmp_path):
    house = small_house(database, tmp_path)
    _, plan, _ = house.plan()
    assert house.night(plan=plan).exit_code == 0
    runs = house.execute(f"SELECT count(*) FROM {house.own('run')}")

    with pytest.raises(RefusedError) as refused:
        house.night(plan=plan)

    assert (refused.value.code, refused.value.exit) == ("plan_used", 30)
    assert house.execute(f"SELECT count(*) FROM {house.own('run')}") == runs
    digests = house.execute(f"SELECT plan_digest FROM {house.own('run')} WHERE mode = 'apply'")
    assert digests == [(plan.plan.digest,)]


def test_a_plan_whose_run_died_before_its_seal_can_be_carried_out_again(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    house.night(as_of=AS_OF - DAY)
    _, plan, _ = house.plan()
    house.execute("CREATE TRIGGER stop BEFORE UPDATE OF seal ON carddata_run BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(BlindError):
        house.night(plan=plan)
    house.execute("DROP TRIGGER stop")

    again = house.night(plan=plan)

    assert (again.exit_code, [t.purged for t in again.targets]) == (0, [0, 0])
    assert findings(again, "plan_rows_dropped") == {t.name: t.rows for t in plan.plan.targets}
    with pytest.raises(RefusedError):
        house.night(plan=plan)


def test_a_target_that_the_plan_does_not_name_keeps_everything(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    _, made, _ = house.plan()
    cards_only = replace(made.plan, targets=tuple(t for t in made.plan.targets if t.name == "cards"))
    payments = house.rows("payments")

    applied = house.night(plan=replace(made, plan=cards_only))

    assert house.rows("payments") == payments
    assert applied.targets[0].purged == cards_only.targets[0].rows > 0
    assert (applied.targets[1].purged, set(applied.targets[1].skipped_reasons)) == (0, {"not_planned"})


def test_a_target_that_changed_since_the_plan_is_refused_and_only_that(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path)
    _, plan, _ = house.plan()
    house.execute("CREATE TRIGGER watching AFTER UPDATE ON cards BEGIN SELECT 1; END")
    cards = house.rows("cards")

    applied = house.night(plan=plan)

    assert (applied.exit_code, house.rows("cards")) == (30, cards)
    assert set(findings(applied, "plan_stale")) == {"cards"}
    assert applied.targets[1].purged > 0


@pytest.mark.parametrize("spoil", [
    lambda path: path.unlink(), lambda path: path.write_text(path.read_text().replace('"due"', '"overdue"', 1)),
    lambda path: path.write_text("".join(path.read_text().splitlines(keepends=True)[1:])),
    lambda path: path.write_text(path.read_text() + path.read_text().splitlines()[0] + "\n"),
    lambda path: path.write_text("".join(reversed(path.read_text().splitlines(keepends=True)))),
])
def test_rows_that_are_not_those_of_the_plan_are_refused(sqlite_database, tmp_path, spoil):
    house = small_house(sqlite_database, tmp_path)
    _, plan, _ = house.plan()
    before = contents(house)
    spoil(plan.rows)

    applied = house.night(plan=plan)

    assert applied.exit_code == 30
    assert "cards" in findings(applied, "plan_rows_changed")
    assert contents(house)["cards"] == before["cards"]


def test_a_target_that_broke_off_leaves_the_digest_of_the_next_alone(tmp_path):
    path, row = tmp_path / "rows.jsonl", {"key": "1", "subjects": [], "service_end": "e"}
    with path.open("wb") as file:
        writer = RowsWriter(file)
        writer.begin_target()
        writer.write({**row, "target": "broken"})
        writer.begin_target()
        writer.write({**row, "target": "cards"})
        digest = writer.end_target()

    assert read_rows(path, replace(PLANNED, rows_digest=digest)).holds([row, row | {"key": "2"}]) == [True, False]


def test_a_plan_of_another_database_is_refused_before_anything_is_written(new_database, tmp_path):
    one, other = (tmp_path / n for n in ("one", "other"))
    one.mkdir()
    other.mkdir()
    _, plan, _ = small_house(new_database("sqlite"), one).plan()
    house = small_house(new_database("sqlite"), other)
    before = contents(house)

    with pytest.raises(RefusedError) as refused:
        house.night(as_of=None, plan=plan)

    assert (refused.value.code, refused.value.exit) == ("plan_stale", 30)
    assert contents(house) == before
    assert house.execute("SELECT name FROM sqlite_master WHERE name LIKE 'carddata%'") == []


def test_the_plan_holds_no_key_of_a_record_and_its_rows_are_its_owners_alone(sqlite_database, tmp_path):
    billing = small()
    moved = 7_000_000_000
    shifted = replace(billing, cards=tuple(replace(c, id=c.id + moved) for c in billing.cards),
                      usage=tuple(replace(u, card_id=u.card_id + moved) for u in billing.usage))
    house = small_house(sqlite_database, tmp_path, shifted)

    night, plan, _ = house.plan()

    assert night.targets[0].to_purge > 0
    assert "70000000" not in (tmp_path / "plan.json").read_text()
    rows = [json.loads(line) for line in rows_path(tmp_path / "plan.json").read_text().splitlines()]
    assert len(rows) == sum(t.rows for t in plan.plan.targets)
    assert {tuple(sorted(row)) for row in rows} == {
        ("first_purgeable_day", "key", "service_end", "status", "subjects", "target")}
    assert all(row["first_purgeable_day"] <= AS_OF.isoformat() for row in rows)
    assert stat.S_IMODE(plan.rows.stat().st_mode) == 0o600


def test_above_its_caps_a_run_writes_a_plan_and_a_second_person_lets_it_through(database, tmp_path, people):
    keys, _, publics = people
    listed = [{"name": "Ben", "public_key": publics["ben"], "may": ["approve"]}]
    house = small_house(database, tmp_path, limits={"max_rows": 1}, approval={"people": listed})
    before = contents(house)

    refused = house.night()

    assert (refused.exit_code, contents(house)) == (30, before)
    assert set(findings(refused, "plan_waits")) == {None}
    [path] = (tmp_path / "evidence" / "plans").glob("*[!s].json")
    made = read_plan(path)
    with pytest.raises(RefusedError) as unapproved:
        house.night(plan=made)
    assert unapproved.value.code == "plan_unapproved"
    of_runs = key_if_any(house.config).publics().values()
    signed, _ = approval.approved(made, house.config.approval, keys["ben"], datetime.now(UTC), of_runs)
    applied = house.night(plan=signed)
    assert (applied.exit_code, [t.purged for t in applied.targets]) == (0, [t.rows for t in made.plan.targets])
    [said] = [f.reason for f in applied.findings if f.id == "plan_approved"]
    assert said.endswith("made by the nightly run and approved by Ben.")


def test_a_gate_that_says_no_writes_no_plan_for_its_target(sqlite_database, tmp_path, people):
    _, _, publics = people
    listed = [{"name": "Ben", "public_key": publics["ben"], "may": ["approve"]}]
    house = small_house(sqlite_database, tmp_path, limits={"max_rows": 1}, approval={"people": listed})
    ahead = datetime.now(UTC).date() + 3 * DAY

    refused = house.night(as_of=ahead)

    assert refused.exit_code == 30
    assert not (tmp_path / "evidence" / "plans").exists()


def test_without_people_in_the_configuration_a_run_writes_no_plan(sqlite_database, tmp_path):
    house = small_house(sqlite_database, tmp_path, limits={"max_rows": 1})

    assert house.night().exit_code == 30
    assert not (tmp_path / "evidence" / "plans").exists()


def test_the_clock_of_the_database_ends_a_plan_too(sqlite_database, tmp_path):
    house = declared_anew(small_house(sqlite_database, tmp_path), approval={"expires_hours": 1})
    _, plan, _ = house.plan(host=datetime.now(UTC) - timedelta(hours=2))

    with pytest.raises(RefusedError) as refused:
        house.night(plan=plan)

    assert refused.value.code == "plan_expired"
