"""`explain` tells one record's story, and `deadline` the rule by itself, as a person at the command line gets them."""

import csv
import functools
import io
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from billing import Billing, Card, Customer, Payment, Service, configuration, generate
from example import SQL, commands
from nightly import AS_OF, House
from servers import DIALECTS, Database
from small_house import LEAN, ONE_EACH, small_gate
from small_house import lean as build

from carddata_retention.config import load
from carddata_retention.errors import UsageError
from carddata_retention.explain import explain_record

JST = timezone(timedelta(hours=9))
SECRETS = ("HANAKO SATO", "tok_fa1ce0b2d3c4e5f6", "2024-09", "JCB")


def explained(house: House, target: str, key: Any, as_of: date = AS_OF) -> dict[str, Any]:
    return explain_record(house.config, datetime.now(UTC), as_of, target, str(key))


def ended(text: str) -> datetime:
    return datetime.fromisoformat(text + "+09:00")


STORIES: list[tuple[str, str | None, datetime | None, dict[str, Any]]] = [
    ("retained", "closed", ended("2022-02-28 12:00:00"), {
        "start_day": "2022-03-01", "last_retained_day": "2027-02-28", "first_purgeable_day": "2027-03-01"}),
    ("overdue", "closed", ended("2019-02-28 23:59:00"), {
        "start_day": "2019-03-01", "last_retained_day": "2024-02-29", "first_purgeable_day": "2024-03-01"}),
    ("overdue", "closed", ended("2020-02-28 12:00:00"), {
        "start_day": "2020-02-29", "last_retained_day": "2025-02-28", "first_purgeable_day": "2025-03-01"}),
    ("due", "closed", ended("2021-11-19 23:59:59"), {
        "start_day": "2021-11-20", "last_retained_day": "2026-11-19", "first_purgeable_day": "2026-11-20"}),
    ("overdue", "closed", ended("2018-12-31 10:00:00"), {
        "start_day": "2019-01-01", "last_retained_day": "2023-12-31", "first_purgeable_day": "2024-01-01"}),
    ("active", "active", None, {"reason": None}),
    ("active", "suspended", ended("2019-02-28 12:00:00"), {"reason": None}),
    ("active", "closed", ended("2026-11-20 12:00:00"), {"reason": None}),
    ("undetermined", "closed", None, {"reason": "no_end"}),
    ("undetermined", "closed", ended("1970-01-01 09:00:00"), {"reason": "implausible_end"}),
    ("undetermined", "closed", ended("2009-02-28 12:00:00"), {"reason": "end_before_start"}),
]


def stories(extra_cards: int = 0) -> Billing:
    """One customer for each story, with one card and one payment; then cards of nobody."""
    numbers = range(1, len(STORIES) + 1)
    start = ended("2010-04-01 00:00:00")
    early = ended("1960-04-01 00:00:00")
    return replace(
        generate(AS_OF, size=1), usage=(), customers=tuple(Customer(n, "山田") for n in numbers),
        services=tuple(
            Service(n, n, "vps", status, early if reason.get("reason") == "implausible_end" else start, None, end)
            for n, (_, status, end, reason) in zip(numbers, STORIES, strict=True)),
        cards=(*(Card(n, n, SECRETS[0], SECRETS[1], 9, 2024) for n in numbers),
               *(Card(100 + n, None, SECRETS[0], SECRETS[1], 9, 2024) for n in range(extra_cards))),
        payments=(*(Payment(n, n, "card", 524, *SECRETS[:3], "0000", SECRETS[3]) for n in numbers),
                  Payment(90, 2, "card", 524, None, "***", None, None, None),
                  Payment(91, 2, "bank", 524, *SECRETS[:3], "0000", SECRETS[3])),
    )


def told(house: House) -> House:
    """Our tables, with a hold on one card, one on a customer, and a granted request; no record removed yet."""
    for command in commands((SQL / "schema" / f"{house.database.dialect}.sql").read_text("utf-8")):
        house.execute(command)
    columns = "id, scope, target, item, basis, review_by, released_at, placed_by, placed_at"
    house.execute(
        f"INSERT INTO {house.own('hold')} ({columns}) VALUES "
        "('h1', 'record', 'cards', '2', 'court order', '2027-01-31', NULL, 'p', 't'), "
        "('h2', 'subject', NULL, '3', 'audit', NULL, NULL, 'p', 't'), "
        "('h3', 'target', 'cards', NULL, 'over', NULL, 't', 'p', 't')")
    house.execute(
        f"INSERT INTO {house.own('request')} (id, scope, target, item, kind, received_at, granted_at) "
        "VALUES ('r1', 'record', 'cards', '6', 'erase', 't', 't')")
    return house


@pytest.fixture(scope="module")
def storied(lasting_database: Callable[[str], Database], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A function from a dialect to a house with all stories and a card of nobody, for what only looks."""

    @functools.cache
    def made(dialect: str) -> House:
        return build(lasting_database(dialect), tmp_path_factory.mktemp(dialect), stories(extra_cards=1))

    return made


@pytest.fixture(params=DIALECTS)
def looked_at(request: pytest.FixtureRequest, storied: Callable[[str], House]) -> House:
    return storied(request.param)


def lean(database: Database, folder: Path, billing: Billing) -> House:
    """The same with a small gate, for what has a night."""
    small_gate(folder, ONE_EACH)
    return build(database, folder, billing, **LEAN)


def test_every_status_has_its_word_its_dates_and_its_article(looked_at):
    house, told = looked_at, []

    for number, (status, _, end, expected) in enumerate(STORIES, start=1):
        story = explained(house, "cards", number)
        told.append(story)
        assert {k: story[k] for k in ("status", *expected)} == {"status": status, **expected}, number
        dated = status in ("retained", "overdue", "due")
        assert (story["rule"] is not None) is (story["service_end"] is not None) is dated
        if dated:
            assert end is not None
            assert datetime.fromisoformat(story["service_end_local"]) == end
            assert story["service_end_local"].endswith("+09:00")
            assert "140" in story["rule"] or "143" in story["rule"]
    assert "proviso" in told[2]["rule"] or "但書" in told[2]["rule"]
    assert told[0]["rule"] != told[2]["rule"]
    assert [s for s in SECRETS if s in json.dumps(told)] == []


def test_blank_out_of_scope_and_nobodys_have_their_words(looked_at):
    blank, out, nobodys = (explained(looked_at, *record) for record in (
        ("payments", 90), ("payments", 91), ("cards", 100)))

    assert (blank["status"], out["status"]) == ("blank", "out_of_scope")
    assert (nobodys["status"], nobodys["reason"], nobodys["service_end"]) == ("undetermined", "no_subject", None)
    assert [s for s in SECRETS if s in json.dumps([blank, out, nobodys])] == []


def test_holds_are_named_and_requests_told(database, tmp_path):
    house = told(build(database, tmp_path, stories()))

    kept, of_customer, asked = (explained(house, "cards", n) for n in (2, 3, 6))

    assert (kept["status"], kept["held"]) == ("held", True)
    assert kept["holds"] == [{"id": "h1", "scope": "record", "basis": "court order", "review_by": "2027-01-31"}]
    assert [h["id"] for h in of_customer["holds"]] == ["h2"]
    assert (asked["status"], asked["requested"], asked["holds"]) == ("requested", True, [])
    assert asked["service_end"] is None
    assert [h["id"] for h in explained(house, "payments", 2)["holds"]] == []
    assert [h["id"] for h in explained(house, "payments", 3)["holds"]] == ["h2"]


def test_a_removed_record_is_told_from_its_tombstone(database, tmp_path):
    house = lean(database, tmp_path, stories())
    before = explained(house, "cards", 4)

    night = house.night()
    story = explained(house, "cards", 4)

    assert (before["status"], story["status"]) == ("due", "purged")
    assert (story["purged_by_run"], story["purged_as"]) == (night.run_id, "due")
    same = ("start_day", "last_retained_day", "first_purgeable_day", "rule", "service_end", "key", "target")
    assert {k: story[k] for k in same} == {k: before[k] for k in same}
    assert story["reference"] in {t.reference for t in night.purged_sample}
    emptied = explained(house, "payments", 4)
    assert (emptied["status"], emptied["purged_as"]) == ("blank", "due")
    assert set(story) >= set(before)
    said = json.dumps([explained(house, t, n) for t in ("cards", "payments") for n in (1, 2, 4, 6, 9)])
    assert [s for s in SECRETS if s in said] == []


def test_what_does_not_exist_is_a_usage_error(looked_at):
    for target, key, code in (
        ("cards", "4711", "unknown_record"), ("card", "1", "unknown_target"), ("cards", "one", "key_form"),
        ("cards", "", "key_form"), ("cards", "9223372036854775808", "key_form"),
        ("cards", "-9223372036854775809", "key_form"),
    ):
        with pytest.raises(UsageError) as refused:
            explained(looked_at, target, key)

        assert (refused.value.code, refused.value.exit) == (code, 2), key


def composite(database: Database, folder: Path) -> House:
    """A card is named by shop and number there."""
    house = lean(database, folder, stories())
    metadata = sa.MetaData()
    table = sa.Table("shop_cards", metadata, sa.Column("shop", sa.String(20), primary_key=True),
                     sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
                     sa.Column("customer_id", sa.Integer), sa.Column("token", sa.String(40)))
    with database.engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(table.insert(), [{"shop": "東京", "number": 7, "customer_id": 4, "token": SECRETS[1]},
                                            {"shop": "7", "number": 7, "customer_id": 1, "token": SECRETS[1]}])
    (folder / "retention.toml").write_text(configuration(database.dialect, database.url, **LEAN, targets={"shop": {
        "name": "shop", "table": "shop_cards", "key": ["shop", "number"], "subject": "customer_id",
        "disposition": "delete", "fields": {"number": "token"}}}), encoding="utf-8")
    return replace(house, config=load(folder / "retention.toml"))


def test_a_composite_key_is_a_json_array(database, tmp_path):
    house = composite(database, tmp_path)

    assert explained(house, "shop", '["東京", 7]')["status"] == "due"
    assert explained(house, "shop", '["7", 7]')["status"] == "retained"
    house.night()
    story = explained(house, "shop", '["東京", 7]')
    assert (story["status"], json.loads(story["key"])) == ("purged", ["東京", "7"])
    # SQLite converts by itself, and finds nothing where the others already see that a word is no number.
    no_number = [] if database.dialect == "sqlite" else ['["7", "x"]']
    for wrong in ("7", '["7"]', '["7", 7, 7]', "[", "{}", *no_number):
        with pytest.raises(UsageError) as refused:
            explained(house, "shop", wrong)
        assert (refused.value.code, refused.value.exit) == ("key_form", 2)
    with pytest.raises(UsageError) as refused:
        explained(house, "shop", '["大阪", 7]')
    assert refused.value.code == "unknown_record"


# The command line


def test_a_key_from_standard_input_leaves_no_trace_in_the_process_list(sqlite_database, tmp_path, answer):
    build(sqlite_database, tmp_path, stories())
    asked = ("--config", tmp_path / "retention.toml", "--as-of", AS_OF)

    by_stdin = answer("explain", "cards", "-", *asked, "--json", stdin="4\n")
    by_argument = answer("explain", "cards", "4", *asked, "--json")
    _, for_people, _ = answer("explain", "cards", "4", *asked)
    unknown, *said = answer("explain", "cards", "-", *asked, "--json", stdin="4711\n")

    assert (by_stdin[0], json.loads(by_stdin[1])["status"]) == (0, "due")
    assert by_stdin[1] == by_argument[1]
    assert "first purgeable day    2026-11-20" in for_people
    assert unknown == 2
    assert "4711" not in "".join(said)


def test_a_process_reads_the_key_from_its_own_standard_input(sqlite_database, tmp_path):
    build(sqlite_database, tmp_path, stories())
    asked = ["explain", "cards", "-", "--json", "--config", str(tmp_path / "retention.toml"), "--as-of", str(AS_OF)]

    told = subprocess.run([sys.executable, "-m", "carddata_retention.cli", *asked], input="4\n", text=True,
                          capture_output=True, check=False)

    assert (told.returncode, json.loads(told.stdout)["status"]) == (0, "due")


def test_deadline_of_one_instant(answer):
    told, out, err = answer("deadline", "2020-02-28T12:00:00+09:00")
    _, as_json, _ = answer("deadline", "2020-02-28T12:00:00+09:00", "--json")

    assert (told, err) == (0, "")
    assert out.splitlines()[:3] == [
        "start day            2020-02-29", "last retained day    2025-02-28", "first purgeable day  2025-03-01"]
    computed = json.loads(as_json)
    assert (computed["schema"], computed["first_purgeable_day"], computed["kind"]) == (1, "2025-03-01", "instant")


@pytest.mark.parametrize(("arguments", "first"), [
    (("2021-03-31", "--kind", "inclusive-date"), "2026-04-01"),
    (("2021-03-31", "--kind", "exclusive-date"), "2026-03-31"),
    (("2021-03-31T12:00:00", "--zone", "UTC", "--convention", "eu-1182-71", "--period", "P6M"), "2021-10-01"),
    (("2021-03-31T12:00:00", "--convention", "anniversary", "--period", "P90D"), "2021-06-29"),
])
def test_deadline_takes_kind_zone_convention_and_period(arguments, first, answer):
    told, out, _ = answer("deadline", *arguments, "--json")

    assert (told, json.loads(out)["first_purgeable_day"]) == (0, first)


@pytest.mark.parametrize("arguments", [
    (), ("2021-02-31",), ("yesterday",), ("2021-02-28",), ("2021-02-28T12:00:00", "--period", "P0D"),
    ("2021-02-28T12:00:00", "--convention", "roman"), ("2021-02-28T12:00:00", "--zone", "Tokio"),
    ("2021-02-28T12:00:00", "--csv", "-"), ("--csv", "nowhere.csv"),
])
def test_deadline_says_what_cannot_be_computed(arguments, answer):
    told, out, err = answer("deadline", *arguments)

    assert (told, out) == (2, "")
    assert "deadline_input" in err or "csv_unreadable" in err


def test_deadline_of_many_keeps_the_rows_and_tells_each_error_in_its_row(answer):
    asked = ("id,service_end,zone,kind\n1,2019-02-28T23:59:00+09:00,,\n2,2021-03-31,,inclusive-date\n3,2021-03-31,,\n"
             "4,解約済み,,\n5,2023-12-31T15:00:00,UTC,\n")

    told, out, _ = answer("deadline", "--csv", "-", stdin=asked)
    rows = list(csv.DictReader(io.StringIO(out)))

    assert told == 0
    assert [(r["id"], r["first_purgeable_day"], bool(r["error"])) for r in rows] == [
        ("1", "2024-03-01", False), ("2", "2026-04-01", False), ("3", "", True), ("4", "", True),
        ("5", "2029-01-01", False)]
    assert answer("deadline", "--csv", "-", stdin="no,header\n")[0] == 2
