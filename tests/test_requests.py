"""Requests of individuals: received, decided, answered by a letter without a value, carried out by a night, closed."""

import json
import os
import re
import stat
import threading
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from bench import add, alive, bench, empty_house, evidence_of, watching
from nightly import AS_OF, hooks
from small_house import LEAN, ONE_EACH, small_gate
from strange import CARDS, MOMENT, RECENT, TEXT, establish, moment

from carddata_retention import archive, holds, subject_requests
from carddata_retention.continuity import forgotten
from carddata_retention.errors import RefusedError, RetentionError, UsageError
from carddata_retention.explain import explain_record
from carddata_retention.holds import Order
from carddata_retention.individuals import RequestKind
from carddata_retention.run import night
from carddata_retention.subject_requests import Claim
from carddata_retention.verifier.check import check_folder
from carddata_retention.verifier.form import KEYS, read_keys

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
ORDER = Order("dispute", "legal", date(2027, 1, 31))
LATER = datetime(2026, 1, 2, tzinfo=UTC)
SECRETS = ("HANAKO", "SATO", "tok_", "2024-09", "山田")  # what the cards of tests/bench.py hold
VERSION = {"period": "P5Y", "purpose": "サービスの代金を決済するため", "acquirer": "個人情報保護管理者",
           "recipients": ["カード発行会社", "加盟または提携先"], "version": "2", "effective_from": date(2014, 4, 1),
           "trigger": "service_use_end"}
NOTICE = {"policy": {"versions": [VERSION]}, "requests": {"fee_yen": 1415},
          "locations": [{"name": "call recordings", "owner": "Customer centre"}]}


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def house(database, tmp_path):
    return peopled(database, tmp_path)


@pytest.fixture
def lone_house(sqlite_database, tmp_path):
    return peopled(sqlite_database, tmp_path)


def peopled(database, folder):
    """100 ended long ago and is due, 200 ended this year, 300 is active; each has a card and a payment."""
    house = lean_house(database, folder)
    add(house, 100)
    add(house, 200, ended=LATER)
    add(house, 300, status="active", ended=None)
    return house


def lean_house(database, folder):
    small_gate(folder, ONE_EACH)
    return empty_house(database, folder, **LEAN, **NOTICE)


def ask(house, kind, subject=None, **more):
    claim = Claim("Front desk", "residence card seen", subject=None if subject is None else str(subject), **more)
    return subject_requests.ask(house.config, now(), kind, claim).id


def granted(house, subject):
    number = ask(house, RequestKind.ERASE, subject)
    return subject_requests.grant_erasure(house.config, now(), number, "DPO")


def rows(house):
    return [dict(r._mapping) for r in house.execute(f"SELECT * FROM {house.own('request')} ORDER BY recorded_at, part")]


def at_once(house, number, as_of=None):
    return night(house.config, now(), as_of, hooks(), only=number)


def holding(house) -> dict[str, set[int]]:
    return {target: alive(house, target) - {1} for target in ("cards", "payments")}


def test_a_granted_erasure_goes_with_the_next_run_whatever_its_deadline_and_is_closed_with_the_day(house):
    house.night()  # the one that is due
    answer = granted(house, 200)
    assert (answer.records, answer.holds, answer.state) == ({"cards": 1, "payments": 1}, (), "granted")

    told = house.night()

    assert holding(house) == {"cards": {300}, "payments": {300}}
    assert [(t.requested, t.purged, t.due, t.active) for t in told.targets] == [(1, 1, 0, 2), (1, 1, 0, 2)]
    (row,) = rows(house)
    assert row["closed_at"].startswith(f"{now():%Y-%m-%d}")
    assert [(t.kind, t.received, t.granted, t.closed, t.open) for t in told.requests] == [(RequestKind.ERASE, 1, 1, 1, 0)]
    assert house.night().requests == ()
    assert evidence_of(house) == {"cards": {100, 200}, "payments": {100, 200}}


def test_an_erasure_at_once_removes_its_records_alone_with_evidence_and_leaves_the_nights_as_they_are(house):
    before = house.night(as_of=AS_OF - timedelta(days=1))
    add(house, 400)  # due, and not asked for
    number = granted(house, 300).id

    told = at_once(house, number, AS_OF)

    assert holding(house) == {"cards": {200, 400}, "payments": {200, 400}}
    assert [(t.population, t.requested, t.purged, t.remaining_due, t.state.value) for t in told.targets] == [
        (1, 1, 1, 0, "clean")] * 2
    assert (told.mode.value, told.exit_code, told.artefacts) == ("request", 0, ())
    assert rows(house)[0]["closed_at"] is not None
    assert evidence_of(house) == {"cards": {100, 300}, "payments": {100, 300}}
    folder = house.folder / "evidence"
    assert check_folder(folder, read_keys(folder / KEYS)).complaints == []
    with house.connection() as connection, bench(house) as b:
        assert forgotten(connection, b.ledger, folder) is None
        b.check()
        assert {row[0] for row in house.execute(f"SELECT run_id FROM {house.own('target')}")} == {before.run_id}
        assert b.ledger.last_completed(connection).run_id == before.run_id
        assert [run.run_id for run in archive.history(connection, b.ledger).runs] == [before.run_id]
    assert house.verify().run_id == before.run_id
    told = house.night()
    assert (told.previous.run_id, told.exit_code) == (before.run_id, 0)
    assert holding(house) == {"cards": {200}, "payments": {200}}


def test_an_erasure_under_a_hold_waits_and_says_why_and_goes_after_the_release(house):
    hold = holds.place_on_record(house.config, NOW, "cards", "200", ORDER)
    answer = granted(house, 200)
    assert answer.holds == (hold,)
    assert hold in answer.letter.ja
    assert hold in answer.letter.en

    told = at_once(house, answer.id)

    assert holding(house)["cards"] == {100, 200, 300}
    assert holding(house)["payments"] == {100, 300}
    assert [(t.held, t.purged) for t in told.targets] == [(1, 0), (0, 1)]
    left = subject_requests.left_of(house.config, now(), answer.id)
    assert (left.records, left.holds, left.under_hold) == ({"cards": 1}, (hold,), 1)
    assert rows(house)[0]["closed_at"] is None
    holds.release(house.config, NOW, hold, "legal", "settled")
    house.night()
    assert 200 not in holding(house)["cards"]
    assert rows(house)[0]["closed_at"] is not None


def test_a_request_of_one_record_takes_that_record_alone(house):
    number = ask(house, RequestKind.ERASE, target="payments", key="300")
    subject_requests.grant_erasure(house.config, now(), number, "DPO")
    at_once(house, number)
    assert holding(house) == {"cards": {100, 200, 300}, "payments": {100, 200}}
    assert rows(house)[0]["closed_at"] is not None
    with pytest.raises(RefusedError) as late:
        ask(house, RequestKind.ERASE, target="payments", key="300")
    assert (late.value.code, f"{now():%Y-%m-%d}" in late.value.cause) == ("already_removed", True)


def test_what_was_removed_already_is_told_with_the_day(house):
    number = granted(house, 200).id
    with pytest.raises(UsageError) as twice:
        ask(house, RequestKind.ERASE, 200)
    assert (twice.value.code, number in twice.value.cause) == ("request_open", True)
    at_once(house, number)
    with pytest.raises(RefusedError) as late:
        ask(house, RequestKind.ERASE, 200)
    assert (late.value.code, f"{now():%Y-%m-%d}" in late.value.cause) == ("already_removed", True)
    house.night()
    with pytest.raises(RefusedError) as late:
        ask(house, RequestKind.ERASE, target="cards", key="100")
    assert late.value.code == "already_removed"
    with pytest.raises(UsageError) as nothing:
        ask(house, RequestKind.ERASE, 100)
    assert nothing.value.code == "nothing_held"


def test_a_grant_that_comes_after_the_night_closes_the_request_and_says_so(house):
    number = ask(house, RequestKind.ERASE, 100)
    house.night()
    answer = subject_requests.grant_erasure(house.config, now(), number, "DPO")
    assert (answer.state, "消去しております" in answer.letter.ja) == ("closed", True)
    assert rows(house)[0]["closed_at"] is not None


def test_a_request_that_was_only_received_removes_nothing(house):
    number = ask(house, RequestKind.ERASE, 200)
    house.night()
    assert holding(house)["cards"] == {200, 300}
    with pytest.raises(UsageError) as undecided:
        subject_requests.must_be_granted(house.config, now(), number)
    assert undecided.value.code == "request_undecided"
    assert at_once(house, number).targets[0].population == 0  # nobody's request covers nothing
    assert holding(house)["cards"] == {200, 300}


def test_rows_outside_of_a_target_keep_a_request_open(house):
    house.execute("UPDATE payments SET method = 'bank' WHERE id = 200")
    number = granted(house, 200).id
    told = at_once(house, number)
    assert [t.out_of_scope for t in told.targets] == [0, 1]
    assert rows(house)[0]["closed_at"] is None
    house.execute("UPDATE payments SET card_holder = NULL, card_token = NULL, card_exp = NULL, last4 = NULL, brand = NULL WHERE id = 200")
    house.night()
    assert rows(house)[0]["closed_at"] is not None


def test_no_request_is_closed_while_a_target_cannot_be_seen(lone_house):
    house = lone_house
    house.execute("DELETE FROM payments")
    number = granted(house, 200).id
    house.execute("ALTER TABLE payments RENAME TO payments_elsewhere")
    assert house.night().exit_code == 40
    assert 200 not in alive(house, "cards")
    assert rows(house)[0]["closed_at"] is None
    house.execute("ALTER TABLE payments_elsewhere RENAME TO payments")
    assert number == rows(house)[0]["id"]


def test_a_disclosure_tells_what_is_held_why_where_and_until_when_and_no_value(house):
    hold = holds.place_on_subject(house.config, NOW, "200", ORDER)
    house.execute("UPDATE cards SET cardholder_name = NULL WHERE id = 200")
    number = ask(house, RequestKind.DISCLOSE, 200, received=date(2026, 11, 2))
    answer = subject_requests.disclose(house.config, now(), number, "DPO")

    cards, payments = answer.held
    assert (cards.target, cards.records, cards.filled) == ("cards", 1, {"number": 1, "expiry": 1})
    assert (payments.target, payments.records, payments.filled) == ("payments", 1, {"holder": 1, "number": 1, "expiry": 1})
    assert (cards.term.ended, cards.term.last_retained, cards.term.first_purgeable) == (
        date(2026, 1, 2), date(2031, 1, 2), date(2031, 1, 3))
    for said in ("個人情報保護管理者", "サービスの代金を決済するため", "カード発行会社、加盟または提携先", "call recordings (Customer centre)",
                 "2026年1月2日", "2031年1月2日", "2031年1月3日", "民法第140条、第143条第2項", "サービス利用終了時より5年間", hold,
                 "1,415円", "受付日: 2026年11月2日", number, "カード番号 1件"):
        assert said in answer.letter.ja, said
    for said in ("2 January 2026", "2 January 2031", "3 January 2031", "5 years from the end of service use", hold,
                 "JPY 1,415", "Received: 2 November 2026", number, "card number in 1", "call recordings (Customer centre)"):
        assert said in answer.letter.en, said
    (row,) = rows(house)
    assert (row["fee_yen"], row["granted_by"], row["received_by"], row["identity_check"]) == (
        1415, "DPO", "Front desk", "residence card seen")
    assert (row["letter_ja"], row["letter_en"]) == (answer.letter.ja, answer.letter.en)
    assert row["closed_at"] == row["granted_at"]
    assert not any(secret in str(answer) for secret in SECRETS)


@pytest.mark.parametrize(("customer", "ja", "en"), [
    (300, "ご利用中のサービスがございます", "A service is still in use"),
    (1, "ご利用中のサービスがございます", "A service is still in use"),
])
def test_a_disclosure_speaks_of_a_period_that_has_not_begun(lone_house, customer, ja, en):
    number = ask(lone_house, RequestKind.DISCLOSE, customer)
    letter = subject_requests.disclose(lone_house.config, now(), number, "DPO").letter
    assert ja in letter.ja
    assert en in letter.en


def test_a_disclosure_of_a_subject_without_card_data_says_that_nothing_is_held(lone_house):
    lone_house.night()
    number = ask(lone_house, RequestKind.DISCLOSE, 100)
    answer = subject_requests.disclose(lone_house.config, now(), number, "DPO")
    assert answer.held == ()
    assert "保有しておりません" in answer.letter.ja
    assert "We hold no card data" in answer.letter.en


def test_a_disclosure_of_half_of_the_targets_is_none(lone_house):
    number = ask(lone_house, RequestKind.DISCLOSE, 200)
    lone_house.execute("ALTER TABLE payments RENAME TO payments_elsewhere")
    with pytest.raises(RetentionError) as blind:
        subject_requests.disclose(lone_house.config, now(), number, "DPO")
    assert (blind.value.code, int(blind.value.exit)) == ("table_missing", 40)
    assert rows(lone_house)[0]["closed_at"] is None


def test_a_correction_says_what_field_and_by_whom_and_never_a_value(house):
    number = ask(house, RequestKind.CORRECT, 200)
    answer = subject_requests.correct(house.config, now(), number, "Billing", ["expiry", "holder"])
    (row,) = rows(house)
    assert (row["fields"], row["granted_by"], row["fee_yen"]) == ("holder,expiry", "Billing", None)
    assert "カード名義、有効期間" in answer.letter.ja
    assert "cardholder name, expiry date" in answer.letter.en
    with pytest.raises(UsageError) as again:
        subject_requests.correct(house.config, now(), number, "Billing", ["holder"])
    assert again.value.code == "request_decided"


@pytest.mark.parametrize(("ground", "item", "ja", "en"), [
    ("rights", 1, "生命、身体、財産その他の権利利益を害するおそれ", "life, body, property"),
    ("business", 2, "業務の適正な実施に著しい支障を及ぼすおそれ", "seriously hinder"),
    ("law", 3, "他の法令に違反することとなる", "violate another law"),
])
@pytest.mark.parametrize("kind", list(RequestKind))
def test_a_refusal_names_one_ground_and_the_reason(lone_house, kind, ground, item, ja, en):
    number = ask(lone_house, kind, 200)
    answer = subject_requests.refuse(lone_house.config, now(), number, "DPO", ground, "the matter is before a court")
    assert (ja in answer.letter.ja, en in answer.letter.en, "before a court" in answer.letter.en) == (True, True, True)
    assert f"第33条第2項第{item}号" in answer.letter.ja
    assert f"art. 33(2)({item})" in answer.letter.en
    assert ("同じ事由" in answer.letter.ja) == (kind is not RequestKind.DISCLOSE)
    (row,) = rows(lone_house)
    assert (row["ground"], row["refused_by"], row["reason"], row["granted_at"]) == (ground, "DPO", "the matter is before a court", None)
    assert row["closed_at"] == row["refused_at"]
    lone_house.night()
    assert 200 in alive(lone_house, "cards")


@pytest.mark.parametrize(("wrong", "code"), [
    (lambda c: Claim("", "seen", subject="1"), "request_identity"),
    (lambda c: Claim("desk", " ", subject="1"), "request_identity"),
    (lambda c: Claim("desk", "seen"), "request_scope"),
    (lambda c: Claim("desk", "seen", target="cards"), "request_scope"),
    (lambda c: Claim("desk", "seen", subject="1", target="cards", key="1"), "request_scope"),
    (lambda c: Claim("desk", "card 4111 1111 1111 1111 seen", subject="1"), "card_number_given"),
    (lambda c: subject_requests.ask(c, now(), RequestKind.ERASE, Claim("desk", "seen", subject="98765432")), "unknown_subject"),
    (lambda c: subject_requests.ask(c, now(), RequestKind.ERASE, Claim("desk", "seen", target="card", key="1")), "unknown_target"),
    (lambda c: subject_requests.ask(c, now(), RequestKind.ERASE, Claim("desk", "seen", target="cards", key="98765432")), "unknown_record"),
    (lambda c: subject_requests.ask(c, now(), RequestKind.ERASE, Claim("desk", "seen", now().date() + timedelta(days=2), "200")), "received_ahead"),
    (lambda c: subject_requests.disclose(c, now(), "r0", "DPO"), "unknown_request"),
    (lambda c: subject_requests.disclose(c, now(), "r0", " "), "request_by"),
    (lambda c: subject_requests.correct(c, now(), "r0", "DPO", ["cvv"]), "request_fields"),
    (lambda c: subject_requests.correct(c, now(), "r0", "DPO", []), "request_fields"),
    (lambda c: subject_requests.refuse(c, now(), "r0", "DPO", "because", "x"), "request_ground"),
    (lambda c: subject_requests.refuse(c, now(), "r0", "DPO", "law", " "), "request_ground"),
    (lambda c: subject_requests.refuse(c, now(), "r0", "DPO", "law", "of 4111111111111111"), "card_number_given"),
    (lambda c: subject_requests.letter_of(c, now(), "r0"), "unknown_request"),
])
def test_what_cannot_be_done_is_said_and_nothing_is_recorded(lone_house, wrong, code):
    with pytest.raises(UsageError) as refused:
        wrong(lone_house.config)
    assert refused.value.code == code
    assert "98765432" not in str(refused.value)
    assert "4111" not in str(refused.value)
    assert subject_requests.open_requests(lone_house.config, now()) == []


def test_a_request_is_decided_once_and_by_its_own_kind(lone_house):
    number = ask(lone_house, RequestKind.ERASE, 200)
    with pytest.raises(UsageError) as other:
        subject_requests.disclose(lone_house.config, now(), number, "DPO")
    assert other.value.code == "unknown_request"
    subject_requests.grant_erasure(lone_house.config, now(), number, "DPO")
    for again in (lambda: subject_requests.grant_erasure(lone_house.config, now(), number, "DPO"),
                  lambda: subject_requests.refuse(lone_house.config, now(), number, "DPO", "law", "x")):
        with pytest.raises(UsageError) as twice:
            again()
        assert twice.value.code == "request_decided"


def test_open_requests_have_an_age_and_one_that_is_too_old_is_a_finding(lone_house):
    today = lone_house.night().as_of
    old = ask(lone_house, RequestKind.ERASE, 200, received=today - timedelta(days=15))
    new = ask(lone_house, RequestKind.DISCLOSE, 300, received=today - timedelta(days=14))
    with_age = {one.id: one for one in subject_requests.open_requests(lone_house.config, now())}
    assert with_age[old].age_days - with_age[new].age_days == 1
    assert [one.state for one in with_age.values()] == ["received", "received"]
    found = [f for f in lone_house.night().findings if f.id == "request_open_long"]
    assert [(f.count, f.severity.value) for f in found] == [(1, "warn")]


def test_explain_shows_the_open_requests_of_a_record(house):
    number = granted(house, 200).id
    story = explain_record(house.config, now(), None, "cards", "200")
    assert [(r["id"], r["kind"], r["granted_at"] is not None) for r in story["requests"]] == [(number, "erase", True)]
    assert explain_record(house.config, now(), None, "cards", "300")["requests"] == []
    at_once(house, number)
    assert explain_record(house.config, now(), None, "payments", "200")["requests"] == []


def test_the_letter_of_a_finished_erasure_says_the_day(house):
    number = granted(house, 200).id
    assert "速やかに消去いたします" in subject_requests.letter_of(house.config, now(), number).letter.ja
    house.night()
    answer = subject_requests.letter_of(house.config, now(), number)
    day = datetime.fromisoformat(rows(house)[0]["closed_at"]).astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"{day.year}年{day.month}月{day.day}日" in answer.letter.ja
    assert "残存していないことを確認" in answer.letter.ja
    assert "none is left" in answer.letter.en
    assert rows(house)[0]["letter_ja"] == answer.letter.ja


def test_the_commands_answer_and_their_files_are_their_owners_alone(lone_house, answer):
    config, folder = lone_house.folder / "retention.toml", lone_house.folder / "letters"
    told = ""

    def say(*arguments, expected=0):
        nonlocal told
        code, out, err = answer("request", *arguments, "--config", config)
        told += out + err
        assert code == expected, (arguments, out, err)
        return out

    at_desk = ("--by", "Front desk", "--identity", "residence card seen")
    say("disclose", "--subject", "200", *at_desk, "--granted-by", "DPO", "--letter-dir", folder, expected=2)
    assert subject_requests.open_requests(lone_house.config, now()) == []
    folder.mkdir()
    out = say("disclose", "--subject", "200", *at_desk, "--granted-by", "DPO", "--letter-dir", folder)
    files = [line.removeprefix("letter: ") for line in out.splitlines()]
    assert [re.sub(r".*/r\d{8}-[0-9a-f]{8}", "", name) for name in files] == [".ja.txt", ".en.txt"]
    assert [stat.S_IMODE((folder / name).stat().st_mode) for name in files] == [0o600, 0o600]
    told += "".join((folder / name).read_text(encoding="utf-8") for name in files)

    out = json.loads(say("correct", "--subject", "200", *at_desk, "--granted-by", "Billing", "--field", "holder", "--json"))
    assert (out["state"], set(out["letter"])) == ("closed", {"ja", "en"})
    number = json.loads(say("erase", "--target", "cards", "--key", "200", *at_desk, "--json"))["id"]
    assert number in say("list")
    say("erase", number, *at_desk, "--granted-by", "DPO", expected=2)
    say("erase", number, "--now", expected=2)
    assert "カード情報の削除について" in say("erase", number, "--granted-by", "DPO")
    hold = holds.place_on_record(lone_house.config, NOW, "cards", "200", ORDER)
    out = json.loads(say("erase", number, "--now", "--json", expected=30))
    assert (out["error"]["code"], hold in out["error"]["cause"], out["state"]) == ("request_held", True, "granted")
    holds.release(lone_house.config, NOW, hold, "legal", "settled")
    out = json.loads(say("erase", number, "--now", "--json"))
    assert (out["state"], out["purged"]) == ("closed", {"cards": 1})
    assert "完了のお知らせ" in say("letter", number)
    say("erase", number, "--now", expected=30)
    say("erase", "--target", "cards", "--key", "200", *at_desk, expected=30)
    out = json.loads(say("erase", "--subject", "200", *at_desk, "--granted-by", "DPO", "--now", "--json"))
    assert out["purged"] == {"payments": 1}
    number = json.loads(say("erase", "--subject", "300", *at_desk, "--json", "--received", "2026-11-02"))["id"]
    say("refuse", number, "--ground", "law", "--reason", "kept by law", "--by", "DPO")
    assert json.loads(say("list", "--json"))["requests"] == []
    say("erase", "--subject", "300", *at_desk, "--received", "2/11/2026", expected=2)
    assert not any(secret in told for secret in SECRETS)


def test_no_card_value_stands_in_any_row_that_a_request_leaves(house):
    for kind in RequestKind:
        number = ask(house, kind, 200)
        if kind is RequestKind.DISCLOSE:
            subject_requests.disclose(house.config, now(), number, "DPO")
        elif kind is RequestKind.CORRECT:
            subject_requests.correct(house.config, now(), number, "DPO", ["number"])
        else:
            subject_requests.grant_erasure(house.config, now(), number, "DPO")
            at_once(house, number)
            subject_requests.letter_of(house.config, now(), number)
    files = "".join(path.read_text(encoding="utf-8", errors="replace")
                    for path in house.folder.rglob("*") if path.is_file() and path.suffix not in (".db", ".toml", ".lock"))
    assert not any(secret in str(rows(house)) + files for secret in SECRETS)


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_a_hold_that_comes_while_an_erasure_at_once_is_under_way_comes_before_it_or_says_that_it_is_too_late(
        new_database, tmp_path, dialect):
    """As for a night (tests/test_holds.py), at each statement of a batch: the same engine, the same end."""
    house = lean_house(new_database(dialect), tmp_path)
    seen = set()
    for gap in count(0, 1 if os.environ.get("CARDDATA_RELIABILITY") else 5):
        key = 100 + gap
        add(house, key, status="active", ended=None)
        number = granted(house, key).id
        came: list[str] = []
        placing, batch = threading.Thread(target=_hold, args=(house, key, came)), []

        def watch(text, _number, _connection, gap=gap, placing=placing, batch=batch):
            """The statements of the batch that removes the card."""
            begun = batch or "pg_advisory_xact_lock_shared" in text or "LOCK IN SHARE MODE" in text
            if threading.current_thread() is not threading.main_thread() or not begun or batch[-1:] == ["COMMIT"]:
                return
            batch.append(text)
            if len(batch) == gap + 1:
                placing.start()
                placing.join(None if gap == 0 else 0.2)  # before its first statement a batch holds nothing

        with watching(house, watch):
            at_once(house, number)
        if placing.ident is None:
            break
        placing.join()
        there = key in alive(house, "cards")
        assert came == (["placed"] if there else ["already_removed"]), gap
        assert (rows_of(house, number)["closed_at"] is None) == there, gap
        seen.add(there)
    assert seen == {True, False}


def rows_of(house, number):
    return next(row for row in rows(house) if row["id"] == number)


def _hold(house, key, came):
    try:
        holds.place_on_record(house.config, NOW, "cards", str(key), ORDER)
        came.append("placed")
    except RetentionError as refused:
        came.append(refused.code)


HOP = {"column": "customer_id", "through": [{"table": "contracts", "from": ["contract_id"], "to": ["id"]}]}
LINKED = CARDS | {"name": "linked", "table": "linked", "key": ["contract_id", "nr"], "subject": HOP}
PAIRED = CARDS | {"name": "paired", "table": "paired", "subject": ["customer_id", "payer_id"]}


def test_a_subject_is_found_by_a_path_and_in_each_of_several_columns_and_a_record_by_a_composite_key(database, tmp_path):
    """Customer 7 ended last year, 8 is active; both have linked cards and one that they pay together."""
    ended = f"INSERT INTO services VALUES (1, 7, {moment(database, RECENT)})"
    house = establish(database, tmp_path, [
        f"CREATE TABLE services (id INTEGER PRIMARY KEY, customer_id INTEGER, ended_at {MOMENT[database.dialect]})",
        "CREATE TABLE contracts (id INTEGER PRIMARY KEY, customer_id INTEGER)",
        f"CREATE TABLE linked (contract_id INTEGER NOT NULL, nr INTEGER NOT NULL, token {TEXT[database.dialect]}, "
        "PRIMARY KEY (contract_id, nr))",
        f"CREATE TABLE paired (id INTEGER PRIMARY KEY, customer_id INTEGER, payer_id INTEGER, token {TEXT[database.dialect]})",
        ended, "INSERT INTO services VALUES (2, 8, NULL)",
        "INSERT INTO contracts VALUES (70, 7), (80, 8)",
        "INSERT INTO linked VALUES (70, 1, 'tok_1'), (70, 2, 'tok_2'), (80, 1, 'tok_3')",
        "INSERT INTO paired VALUES (1, 7, 8, 'tok_4'), (2, 8, 7, 'tok_5'), (3, 8, NULL, 'tok_6')",
    ], targets=[LINKED, PAIRED])

    def left():
        return [[tuple(r) for r in house.execute(f"SELECT {key} FROM {name} ORDER BY 1, 2")]
                for name, key in (("linked", "contract_id, nr"), ("paired", "id, token"))]

    answer = subject_requests.disclose(house.config, now(), ask(house, RequestKind.DISCLOSE, 7), "DPO")
    assert [(one.target, one.records, one.term.state) for one in answer.held] == [
        ("linked", 2, "ended"), ("paired", 2, "active")]
    number = ask(house, RequestKind.ERASE, target="linked", key="[70, 2]")
    subject_requests.grant_erasure(house.config, now(), number, "DPO")
    assert at_once(house, number).exit_code == 0
    assert left()[0] == [(70, 1), (80, 1)]
    hold = holds.place_by_query(house.config, NOW, "SELECT contract_id, nr FROM linked WHERE nr = 1", "linked", ORDER)
    assert (len(hold.placed), hold.refused) == (2, ())

    number = granted(house, 7).id
    at_once(house, number)
    assert left() == [[(70, 1), (80, 1)], [(3, "tok_6")]]
    assert rows_of(house, number)["closed_at"] is None
    assert [r["id"] for r in explain_record(house.config, now(), None, "linked", "[70, 1]")["requests"]] == [number]
    holds.release(house.config, NOW, hold.placed[0][1], "legal", "settled")
    told = at_once(house, number)
    assert left() == [[(80, 1)], [(3, "tok_6")]]
    assert (told.exit_code, rows_of(house, number)["closed_at"] is not None) == (0, True)
