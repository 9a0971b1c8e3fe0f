"""`request attest-end`: an end that people attest settles what the data cannot, and nothing that the data say."""

import json
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from bench import LONG_AGO, add, alive, bench, empty_house, evidence_of, moment
from nightly import AS_OF, House
from small_house import LEAN, ONE_EACH, small_gate

from carddata_retention import attestations, explain
from carddata_retention.attestations import Statement
from carddata_retention.errors import UsageError

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
SAID = Statement("2019-03-31", "termination notice 2019-114", "山田", "佐藤")
RECENT = datetime(2025, 6, 30, 3, tzinfo=UTC)


def house_of(database: Any, folder: Path, **overrides: Any) -> House:
    small_gate(folder, ONE_EACH)
    return empty_house(database, folder, **(LEAN | overrides))


def undated(house: House, *customers: int, services: int = 1) -> None:
    """Customers whose services were closed, and nobody wrote down when."""
    add(house, *customers, services=services, ended=None)


def attest(house: House, customer: int, ended: str = "2019-03-31") -> str:
    return attestations.attest_end(house.config, NOW, str(customer),
                                   Statement(ended, SAID.document, SAID.by, SAID.second))


def told(house: House, key: int, as_of: date = AS_OF) -> dict[str, Any]:
    return explain.explain_record(house.config, NOW, as_of, "cards", str(key))


def refused(house: House, customer: int, **changed: str) -> str:
    words = {"ended": SAID.ended, "document": SAID.document, "by": SAID.by, "second": SAID.second} | changed
    before = len(attestations.known(house.config, NOW))
    with pytest.raises(UsageError) as why:
        attestations.attest_end(house.config, NOW, str(customer), Statement(**words))
    assert len(attestations.known(house.config, NOW)) == before
    return why.value.code


def test_an_attested_end_lets_go_of_what_nobody_could_date_and_the_evidence_names_it(database, tmp_path):
    house = house_of(database, tmp_path)
    undated(house, 100, 101)
    add(house, 102)
    assert house.night().exit_code == 0
    assert alive(house, "cards") >= {100, 101}
    assert (told(house, 100)["status"], told(house, 100)["reason"]) == ("undetermined", "no_end")

    made = attest(house, 100)
    story = told(house, 100)
    assert (story["status"], story["service_end"], story["first_purgeable_day"], story["attestation"]) == (
        "overdue", "2019-03-31", "2024-04-01", made)
    assert story["rule"] == f"Civil Code art. 140, 143(2); end attested: {made}"

    night = house.night()
    assert (night.exit_code, {t.name: t.purged for t in night.targets}) == (0, {"cards": 1, "payments": 1})
    assert 100 not in alive(house, "cards") | alive(house, "payments")
    assert 101 in alive(house, "cards")
    kept = house.execute(f"SELECT s.record_key, s.service_end, d.ended_at, d.rule, d.attestation FROM {house.own('tombstone')} s "
                         f"JOIN {house.own('deadline')} d ON d.run_id = s.run_id AND d.service_end = s.service_end "
                         "WHERE d.attestation IS NOT NULL")
    assert {tuple(r) for r in kept} == {("100", f"||2019-03-31|{made}", "2019-03-31", story["rule"], made)}
    gone = told(house, 100)
    assert (gone["status"], gone["attestation"], gone["rule"]) == ("purged", made, story["rule"])
    assert house.verify(AS_OF).exit_code == 0


@pytest.mark.parametrize(("ended", "status", "first"), [
    ("2021-11-19", "due", "2026-11-20"), ("2021-11-20", "retained", "2026-11-21"),
    ("2021-11-11", "overdue", "2026-11-12"), ("2021-11-12", "due", "2026-11-13"),
    ("2020-02-28", "overdue", "2025-03-01"), ("2019-02-28", "overdue", "2024-03-01"),
    ("2021-11-19T23:59:59+09:00", "due", "2026-11-20"), ("2021-11-19T15:00:00Z", "retained", "2026-11-21"),
    ("2021-11-20T00:00:00+09:00", "retained", "2026-11-21"),  # midnight is read as within its day
    ("2021-11-19T23:59", "due", "2026-11-20"),  # a local time is that of the policy's zone
])
def test_the_day_is_that_of_the_policy_and_could_be_used_through(sqlite_database, tmp_path, ended, status, first):
    house = house_of(sqlite_database, tmp_path)
    undated(house, 100)
    house.night(AS_OF - timedelta(days=2))
    attest(house, 100, ended)
    assert (told(house, 100)["status"], told(house, 100)["first_purgeable_day"]) == (status, first)


def test_the_later_of_what_the_data_and_what_people_say_decides(database, tmp_path):
    """Of two services one has an end: an attested one that is earlier must not bring it forward."""
    house = house_of(database, tmp_path)
    for customer, end in ((100, RECENT), (101, LONG_AGO), (102, LONG_AGO)):
        undated(house, customer, services=2)
        house.execute("UPDATE services SET use_ended_at = :end WHERE id = :id", end=moment(house, end), id=customer * 10)
    for customer, ended in ((100, "2019-03-31"), (101, "2019-03-31"), (102, "2025-01-31")):
        attest(house, customer, ended)
    stories = {customer: told(house, customer) for customer in (100, 101, 102)}
    assert {c: s["status"] for c, s in stories.items()} == {100: "retained", 101: "overdue", 102: "retained"}
    assert {c: s["service_end"][:10] for c, s in stories.items()} == {
        100: "2025-06-30", 101: "2020-06-30", 102: "2025-01-31"}
    assert all(s["attestation"] for s in stories.values())
    assert house.night().exit_code == 0
    assert evidence_of(house)["cards"] == {101}


def test_it_is_refused_where_the_data_speak_or_no_end_would_help(database, tmp_path):
    house = house_of(database, tmp_path)
    add(house, 100)
    add(house, 101, status="active", ended=None)
    undated(house, 102, 103)
    house.execute("UPDATE services SET started_at = :late WHERE customer_id = 103",
                  late=moment(house, datetime(2019, 3, 31, 15, 30, tzinfo=UTC)))
    assert refused(house, 100) == refused(house, 101) == "not_undetermined"
    assert refused(house, 103) == "attest_ended"  # it began on the first of April, in Japan
    assert refused(house, 999) == "unknown_subject"
    assert refused(house, 102, ended="2999-01-01") == refused(house, 102, ended="1989-12-31") == "attest_ended"
    assert refused(house, 102, ended="spring") == "attest_ended"
    assert refused(house, 102, document=" ") == "attest_document"
    for second in ("", "山田", " 山田 ", "山\u7530"):
        assert refused(house, 102, second=second) == "attest_second"
    assert refused(house, 102, by="Ｔａｒｏ Yamada", second="taro  YAMADA") == "attest_second"
    attest(house, 102)
    assert refused(house, 102) == "already_attested"
    assert attest(house, 103, "2019-04-01")


def test_a_subject_without_services_can_be_settled_and_one_with_a_service_again_not(database, tmp_path):
    house = house_of(database, tmp_path)
    add(house, 100, 101)
    house.execute("DELETE FROM services WHERE customer_id IN (100, 101)")
    assert told(house, 100)["reason"] == "no_service"
    attest(house, 100)
    attest(house, 101)
    house.execute("INSERT INTO services (id, customer_id, kind, status) VALUES (1019, 101, 'vps', 'closed')")
    assert (told(house, 100)["status"], told(house, 101)["reason"]) == ("overdue", "no_end")
    assert house.night().exit_code == 0
    assert evidence_of(house)["cards"] == {100}


def test_what_the_data_come_to_say_counts_and_the_attestation_never_again(database, tmp_path):
    """Reopened, and closed once more without an end: what was attested of the time before must not come back."""
    house = house_of(database, tmp_path)
    undated(house, 100, 101, 102)
    made = {customer: attest(house, customer) for customer in (100, 101, 102)}
    house.execute("UPDATE services SET status = 'active' WHERE customer_id = 100")
    house.execute("UPDATE services SET use_ended_at = :end WHERE customer_id = 101", end=moment(house, RECENT))
    house.execute("INSERT INTO services (id, customer_id, kind, status) VALUES (1029, 102, 'vps', 'closed')")
    told_by = house.night()
    assert [(f.id, f.count) for f in told_by.findings if f.id == "attestation_overtaken"] == [("attestation_overtaken", 3)]
    assert {a.id: a.state for a in attestations.known(house.config, NOW)} == dict.fromkeys(made.values(), "overtaken")
    house.execute("UPDATE services SET status = 'closed', use_ended_at = NULL")
    house.execute("DELETE FROM services WHERE id = 1029")
    assert {told(house, customer)["reason"] for customer in made} == {"no_end"}
    assert house.night().exit_code == 0
    assert evidence_of(house)["cards"] == set()
    again = attest(house, 100)
    assert again not in made.values()
    house.night()
    assert evidence_of(house)["cards"] == {100}


def test_a_withdrawn_attestation_stays_on_record_and_decides_nothing(database, tmp_path):
    house = house_of(database, tmp_path)
    undated(house, 100)
    made = attest(house, 100)
    for by, reason in (("", "r"), ("b", " ")):
        with pytest.raises(UsageError, match="attest_withdrawal"):
            attestations.withdraw(house.config, NOW, made, by, reason)
    assert attestations.withdraw(house.config, NOW, made, "legal", "wrong customer") == 0
    assert told(house, 100)["reason"] == "no_end"
    with pytest.raises(UsageError, match="unknown_attestation"):
        attestations.withdraw(house.config, NOW, made, "legal", "twice")
    house.night()
    assert evidence_of(house)["cards"] == set()
    kept = house.execute(f"SELECT withdrawn_by, withdrawal_reason FROM {house.own('attestation')}")
    assert [tuple(r) for r in kept] == [("legal", "wrong customer")]
    second = attest(house, 100)
    house.night()
    assert attestations.withdraw(house.config, NOW, second, "legal", "too late") == 2  # a card and a payment


@pytest.mark.parametrize("target", ["cards", "payments"])
def test_a_withdrawal_between_count_and_batch_keeps_the_record(database, tmp_path, target):
    house = house_of(database, tmp_path)
    undated(house, 100, 101)
    add(house, 102)
    withdrawn, _ = attest(house, 100), attest(house, 101)
    with bench(house, attested=True) as b:
        run_id = b.begin()
        candidates = b.freeze(run_id, target)
        attestations.withdraw(house.config, NOW, withdrawn, "legal", "wrong customer")
        b.engine(run_id, target).run(candidates)
        came_out = b.finish(run_id, target, candidates)
        b.check()
    assert came_out.ends == {100: ("skipped", "no_longer_due"), 101: ("purged", None), 102: ("purged", None)}
    assert came_out.exit() == 0
    assert 100 in alive(house, target)


def test_a_withdrawal_waits_for_the_batch_under_way_and_then_keeps_the_rest(database, tmp_path):
    """As a hold on a target does: it comes before a removal or after it, never between its decision and its end."""
    house = house_of(database, tmp_path, limits={"target_batch_ms": 1})
    undated(house, 100)
    made = attest(house, 100)
    order: list[str] = []
    waiting: list[threading.Thread] = []

    def withdraw() -> None:
        attestations.withdraw(house.config, NOW, made, "legal", "wrong customer")
        order.append("withdrawn")

    def watch(text: str, _: int, __: Any) -> None:
        if "INSERT INTO" in text and "tombstone" in text and not waiting:
            waiting.append(threading.Thread(target=withdraw))
            waiting[0].start()
            waiting[0].join(0.3)
            order.append("removing" if waiting[0].is_alive() else "too early")
        if text == "COMMIT" and order == ["removing"]:
            order.append("committing")

    with bench(house, attested=True) as b:
        came_out = b.purge("cards", watch)
        waiting[0].join()
        b.check()
    assert order[:2] == ["removing", "committing"]
    assert order[-1] == "withdrawn"
    assert came_out.ends == {100: ("purged", None)}


def test_a_service_that_is_reopened_beats_the_attestation_in_the_batch(database, tmp_path):
    house = house_of(database, tmp_path)
    undated(house, 100, 101, 102)
    for customer in (100, 101, 102):
        attest(house, customer)
    with bench(house, attested=True) as b:
        run_id = b.begin()
        candidates = b.freeze(run_id, "cards")
        house.execute("UPDATE services SET status = 'active' WHERE customer_id = 100")
        house.execute("INSERT INTO services (id, customer_id, kind, status) VALUES (1019, 101, 'vps', 'closed')")
        b.engine(run_id, "cards").run(candidates)
        came_out = b.finish(run_id, "cards", candidates)
    assert came_out.ends == {100: ("skipped", "no_longer_due"), 101: ("skipped", "no_longer_due"), 102: ("purged", None)}


def test_a_hold_beats_an_attestation_and_nights_without_one_ask_nothing_of_them(sqlite_database, tmp_path):
    house = house_of(sqlite_database, tmp_path)
    undated(house, 100)
    house.night()
    shown = "\n".join(text for _, text in house.plan(sql=True)[2])
    assert "attestation" not in shown
    attest(house, 100)
    assert "attestation" in "\n".join(text for _, text in house.plan(sql=True)[2])
    house.execute(f"INSERT INTO {house.own('hold')} (id, scope, item, basis, placed_by, placed_at) "
                  "VALUES ('h', 'subject', '100', 'court', 'p', 't')")
    house.night()
    assert told(house, 100)["status"] == "held"
    assert 100 in alive(house, "cards")


def test_an_attestation_is_made_listed_and_withdrawn_by_commands(sqlite_database, tmp_path, answer):
    house = house_of(sqlite_database, tmp_path)
    undated(house, 100)
    config = ("--config", tmp_path / "retention.toml")
    said = ("--subject", "100", "--ended", "2019-03-31", "--document", "notice 114", "--by", "山田")
    code, out, _ = answer("request", "attest-end", *said, "--second", "山田", *config, "--json")
    assert (code, json.loads(out)["error"]["code"]) == (2, "attest_second")
    code, out, _ = answer("request", "attest-end", *said, "--second", "佐藤", *config, "--json")
    made = json.loads(out)["id"]
    assert (code, json.loads(out)["mode"]) == (0, "request-attest-end")
    code, out, _ = answer("request", "attestations", *config, "--json")
    (one,) = json.loads(out)["attestations"]
    assert (one["id"], one["subject"], one["ended_on"], one["reason"], one["state"]) == (
        made, "100", "2019-03-31", "no_end", "in force")
    code, out, _ = answer("request", "withdraw-attestation", made, "--by", "legal", "--reason", "mistake", *config)
    assert (code, f"attestation {made} is withdrawn" in out) == (0, True)
    code, out, _ = answer("request", "attestations", *config)
    assert (code, "withdrawn" in out) == (0, True)


def test_under_at_acquisition_an_end_never_settles_when_a_record_was_acquired(database, tmp_path):
    policy = {"applies": "at-acquisition"}
    dialect = database.dialect
    zone = {} if dialect == "postgresql" else {"zone": "UTC"}
    kind = {"sqlite": "text", "postgresql": "timestamptz", "mariadb": "datetime(6)"}[dialect]
    targets = {name: {"created": {"column": "acquired_at", **zone}} for name in ("cards", "payments")}
    house = house_of(database, tmp_path, policy=policy, targets=targets)
    undated(house, *range(100, 104))
    house.execute("UPDATE services SET provision_ended_at = :end WHERE customer_id = 102", end=moment(house, RECENT))
    for name in targets:
        house.execute(f"ALTER TABLE {name} ADD COLUMN acquired_at {kind} NULL")
        house.execute(f"UPDATE {name} SET acquired_at = :at WHERE id <> 100", at=moment(house, datetime(2016, 1, 1, tzinfo=UTC)))
    assert refused(house, 102) == "attest_ended"  # by the column of the first version it ended later
    made = [attest(house, 100), attest(house, 101), attest(house, 103)]
    house.execute("UPDATE services SET provision_ended_at = :end WHERE customer_id = 103", end=moment(house, RECENT))
    assert (told(house, 100)["reason"], told(house, 101)["status"]) == ("no_created", "overdue")
    assert [f.count for f in house.night().findings if f.id == "attestation_overtaken"] == [1]
    assert evidence_of(house)["cards"] == {101}
    with house.connection() as connection:
        rows = connection.execute(sa.text(f"SELECT service_end, policy_version, attestation FROM {house.own('deadline')}"))
        assert [tuple(r) for r in rows] == [(f"2||2019-03-31|{made[1]}", "2", made[1])]
