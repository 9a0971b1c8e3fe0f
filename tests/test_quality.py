"""The gate: the database counts, great-expectations judges. One violation of every check, planted on every database."""

import functools
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import billing_tables
import pytest
import sqlalchemy as sa
from servers import DIALECTS, Database

from carddata_retention.assets import asset
from carddata_retention.config import database_url, load
from carddata_retention.db import open_database
from carddata_retention.errors import BlindError, ConfigError, RetentionError
from carddata_retention.measures import measure_service, measure_target
from carddata_retention.model import Disposition, QualityResult, Severity, State, TargetResult
from carddata_retention.policy import Policy, in_force
from carddata_retention.quality import Question, judge, judge_all
from carddata_retention.schema import BoundSchema, bind
from carddata_retention.settings import Config
from carddata_retention.shapes import Card, Words
from carddata_retention.shares import HISTORY, history, permille

AS_OF = date(2026, 11, 24)
CARD = "4111111111111111"
END = datetime(2015, 3, 3, 3, 4, 5, tzinfo=UTC)
SUITES = ("target", "service_end", "history", "discovery")


class Data:
    """A clean billing database of thirty customers, to be dirtied by a test, as rows by table name."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        ids = range(1, 31)
        self.customers = [{"id": n, "name": f"髙橋 {n}"} for n in ids]
        self.services = [
            {"id": n, "customer_id": n, "kind": "vps", "status": "closed", "started_at": END - timedelta(days=900),
             "provision_ended_at": END, "use_ended_at": END + timedelta(hours=n % 3, minutes=n)} for n in ids
        ]
        self.cards = [{"id": n, "customer_id": n, "cardholder_name": "TARO YAMADA", "card_token": f"tok_{n:012x}",
                       "exp_month": n % 12 + 1, "exp_year": 2027} for n in ids]
        self.payments = [{"id": n, "customer_id": n, "method": "card", "amount": 500, "card_holder": "TARO YAMADA",
                          "card_token": f"tok_{n:012x}", "card_exp": "09/27", "last4": "1111", "brand": "x"}
                         for n in ids]
        self.card_usage: list[dict[str, Any]] = []

    def fill(self, engine: sa.Engine, metadata: sa.MetaData, stored: Callable[[Any], Any]) -> None:
        with engine.begin() as connection:
            metadata.create_all(connection)
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())  # of the test before, where several share a database
            for table in metadata.sorted_tables:
                if rows := [{name: stored(v) for name, v in row.items()} for row in getattr(self, table.name)]:
                    connection.execute(table.insert(), rows)


@contextmanager
def gate(database: Database, data: Data, folder: Path, *, vouched: bool = False, column: str = "aware",
         **settings: Any) -> Iterator[tuple[sa.Connection, BoundSchema, Policy, Config]]:
    """The real objects over the filled database. Without `vouched` there are no foreign keys."""

    def stored(value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        if database.dialect == "sqlite":
            return value.isoformat()
        return value if database.dialect == "postgresql" and column == "aware" else value.replace(tzinfo=None)

    metadata = billing_tables.tables(database.dialect, column=column)
    if not vouched:
        for table in metadata.tables.values():
            for key in list(table.foreign_key_constraints):
                table.constraints.discard(key)
    data.fill(database.engine, metadata, stored)
    path = folder / "retention.toml"
    path.write_text(billing_tables.configuration(database.dialect, database.url, column=column, **settings))
    config = load(path)
    db = open_database(database_url(config), config.base)
    try:
        with db.snapshot() as connection:
            policy = in_force(config, AS_OF)
            yield connection, bind(connection, db.dialect, config, policy), policy, config
    finally:
        db.close()


def questions(database: Database, data: Data, folder: Path, **how: Any) -> list[Question]:
    with gate(database, data, folder, **how) as (connection, schema, policy, config):
        asked = [
            Question("target", measure_target(connection, schema, target, config.subject), name)
            for name, target in schema.usable.items()
        ]
        return [*asked, Question("service_end", measure_service(connection, schema, policy), "service_end")]


def failed(results: tuple[QualityResult, ...]) -> set[str]:
    return {f"{r.target}.{r.id}" for r in results if not r.passed}


JUDGED: dict[Any, set[str]] = {}


def fired(asked: list[Question]) -> set[str]:
    """What the shipped suites say to these counts: each different question is judged once."""
    said: set[str] = set()
    for question in asked:
        known = (question.suite, question.target, tuple(question.counts.items()))
        if known not in JUDGED:
            JUDGED[known] = failed(judge(question.suite, question.counts, question.target, None))
        said |= JUDGED[known]
    return said


@pytest.fixture(scope="module")
def grounds(lasting_database: Callable[[str], Database]) -> Callable[[str], Database]:
    return functools.cache(lasting_database)


@pytest.fixture(params=DIALECTS)
def ground(request: pytest.FixtureRequest, grounds: Callable[[str], Database]) -> Database:
    """One database of each kind, with tables that each test fills anew."""
    return grounds(request.param)


def shipped(suite: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(asset(f"expectations/{suite}.json").read_text(encoding="utf-8"))
    return read


def test_clean_data_fires_nothing(database: Database, tmp_path: Path) -> None:
    asked = questions(database, Data(database.dialect), tmp_path, vouched=True)
    assert failed(judge_all(asked, None)) == set()
    assert [q.counts["rows"] for q in asked] == [30, 30, 30]
    assert asked[0].counts["tokens"] == asked[0].counts["expiries"] == asked[2].counts["dated_ends"] == 30


def each(rows: list[dict[str, Any]], *changes: Mapping[str, Any]) -> None:
    for row, change in zip(rows, changes, strict=False):
        row |= change


def unreadable(data: Data) -> Any:
    return {"sqlite": "2015-02-31 soon", "postgresql": "-infinity", "mariadb": "0000-00-00 00:00:00"}[data.dialect]


def ends(*moments: datetime) -> Callable[[Data], None]:
    return lambda data: each(data.services, *({"use_ended_at": m} for m in moments))


EARLY = {"started_at": END + timedelta(days=9)}
SERVICE_PLANTS: dict[str, tuple[Callable[[Data], None], set[str]]] = {
    "end_before_start": (lambda d: each(d.services, EARLY), {"end_before_start"}),
    "end_before_start_flood": (lambda d: each(d.services, *[EARLY] * 21),
                               {"end_before_start", "end_before_start_flood"}),
    "terminated_without_end": (lambda d: each(d.services, {"use_ended_at": None}), {"terminated_without_end"}),
    "end_far_ahead": (ends(datetime(2050, 1, 1, 5, 6, 7, tzinfo=UTC)), {"end_far_ahead"}),
    "end_on_open_service": (lambda d: each(d.services, {"status": "open"}), {"end_on_open_service"}),
    "unreadable_end": (lambda d: each(d.services, {"use_ended_at": unreadable(d)}), {"unreadable_end"}),
    "implausible_end": (lambda d: each(d.services, {"use_ended_at": datetime(1970, 1, 2, 3, 4, 5, tzinfo=UTC),
                                                    "started_at": None}), {"implausible_end"}),
    "midnight_policy_zone": (ends(datetime(2015, 3, 3, 15, tzinfo=UTC), datetime(2016, 7, 3, 15, tzinfo=UTC)),
                             {"midnight_policy_zone"}),
    "midnight_utc": (ends(datetime(2015, 3, 3, tzinfo=UTC), datetime(2016, 7, 3, tzinfo=UTC)),
                     {"midnight_utc", "midnight_column_zone"}),
    "one midnight, or a moment after, is chance": (
        ends(datetime(2015, 3, 3, 15, tzinfo=UTC), *[datetime(2015, 3, 3, 15, 0, 0, 500_000, tzinfo=UTC)] * 5), set()),
    "sentinels and what lies ahead are ends of no service": (
        ends(datetime(9999, 12, 31, tzinfo=UTC), datetime(1900, 1, 1, 5, tzinfo=UTC),
             datetime(2030, 1, 1, 5, 6, 7, tzinfo=UTC)), set()),
}
TARGET_PLANTS: dict[str, tuple[Callable[[Data], None], set[str]]] = {
    "token_card_shaped": (lambda d: each(d.cards, {"card_token": CARD}), {"cards.token_card_shaped"}),
    "token_card_shaped, grouped": (lambda d: each(d.payments, {"card_token": "5500 0000-0000 0004"}),
                                   {"payments.token_card_shaped"}),
    "token_malformed, a remark": (lambda d: each(d.cards, {"card_token": "see the notes"}), {"cards.token_malformed"}),
    "token_malformed, short": (lambda d: each(d.payments, {"card_token": "n/a"}), {"payments.token_malformed"}),
    "token_malformed, mail": (lambda d: each(d.cards, {"card_token": "taro@example.jp"}), {"cards.token_malformed"}),
    "token_malformed, Japanese": (lambda d: each(d.cards, {"card_token": "カード番号なし"}), {"cards.token_malformed"}),
    "expiry_impossible, month": (lambda d: each(d.cards, {"exp_month": 13}), {"cards.expiry_impossible"}),
    "expiry_impossible, half": (lambda d: each(d.cards, {"exp_year": None}), {"cards.expiry_impossible"}),
    "expiry_impossible, text": (lambda d: each(d.payments, {"card_exp": "13/27"}), {"payments.expiry_impossible"}),
    "holder_missing": (lambda d: each(d.cards, {"cardholder_name": None}), {"cards.holder_missing"}),
    "holder_missing, blanks": (lambda d: each(d.payments, {"card_holder": "  "}), {"payments.holder_missing"}),
    "out_of_scope_card_data": (lambda d: each(d.payments, {"method": "cash"}, {"method": None}),
                               {"payments.out_of_scope_card_data"}),
    "subject_unknown": (lambda d: each(d.cards, {"customer_id": 999}), {"cards.subject_unknown"}),
    "subject_unknown_flood": (lambda d: each(d.cards, *[{"customer_id": 999}] * 21),
                              {"cards.subject_unknown", "cards.subject_unknown_flood"}),
    "no subject is another matter": (lambda d: each(d.cards, {"customer_id": None}), set()),
    "masks, blanks and rows out of scope are not looked at": (
        lambda d: each(d.payments, {"card_token": "***", "card_holder": None, "card_exp": None},
                       {"card_token": "  ", "card_holder": None, "card_exp": ""}), set()),
    "longer or shorter than a card": (lambda d: each(d.cards, {"card_token": "4" * 20}, {"card_token": "4" * 12},
                                                     {"card_token": "9" * 16}), set()),
}


@pytest.mark.parametrize("name", SERVICE_PLANTS)
def test_a_planted_service_end_fires_its_check_and_no_other(name: str, ground: Database, tmp_path: Path) -> None:
    plant, expected = SERVICE_PLANTS[name]
    data = Data(ground.dialect)
    for row in data.services:
        row["started_at"] = datetime(1995, 1, 1, 1, 2, 3, tzinfo=UTC)
    plant(data)
    asked = questions(ground, data, tmp_path)
    assert fired(asked) == {f"service_end.{i}" for i in expected}


@pytest.mark.parametrize("name", TARGET_PLANTS)
def test_a_planted_row_fires_its_check_and_no_other(name: str, ground: Database, tmp_path: Path) -> None:
    plant, expected = TARGET_PLANTS[name]
    data = Data(ground.dialect)
    plant(data)
    asked = questions(ground, data, tmp_path)
    assert fired(asked) == expected


def test_every_count_is_judged_and_every_check_is_planted() -> None:
    planted = {i.split(".")[-1] for _, ids in [*SERVICE_PLANTS.values(), *TARGET_PLANTS.values()] for i in ids}
    declared = {e["meta"]["id"] for s in ("target", "service_end") for e in shipped(s)["expectations"]}
    assert declared - planted == {"key_duplicates"}  # see test_a_key_that_is_not_unique


def test_a_key_that_is_not_unique(database: Database, tmp_path: Path) -> None:
    key = {"cards": {"key": ["customer_id"]}}
    with gate(database, Data(database.dialect), tmp_path, targets=key) as (_connection, schema, *_rest):
        refused = schema.targets["cards"]
        assert isinstance(refused, RetentionError)
        assert refused.code == "no_unique_key"
    counts = dict.fromkeys(columns_of("target"), 0)
    assert failed(judge("target", counts | {"key_duplicates": 1}, "cards", None)) == {"cards.key_duplicates"}


def test_a_column_zone_of_its_own(database: Database, tmp_path: Path) -> None:
    data = Data(database.dialect)
    ends(datetime(2015, 3, 3), datetime(2016, 7, 3))(data)
    asked = questions(database, data, tmp_path, column="naive", service_end={"zone": "Asia/Kolkata"})
    assert failed(judge_all(asked, None)) == {"service_end.midnight_column_zone"}


def test_declared_midnights_are_no_finding(database: Database, tmp_path: Path) -> None:
    data = Data(database.dialect)
    ends(*[datetime(2015, 3, n, tzinfo=UTC) for n in range(1, 9)])(data)
    assert failed(judge_all(questions(database, data, tmp_path, service_end={"midnights": "exact"}), None)) == set()


def test_a_clock_that_changes_has_two_midnights(database: Database, tmp_path: Path) -> None:
    data = Data(database.dialect)
    ends(datetime(2015, 1, 3, 23, tzinfo=UTC), datetime(2016, 7, 3, 22, tzinfo=UTC))(data)
    asked = questions(database, data, tmp_path, policy={"zone": "Europe/Berlin"})
    assert asked[-1].counts["midnight_policy_zone"] == 2


def test_a_foreign_key_vouches_without_a_question(database: Database, tmp_path: Path) -> None:
    with gate(database, Data(database.dialect), tmp_path, vouched=True) as (connection, schema, _policy, config):
        statements: list[str] = []
        sa.event.listen(connection, "before_cursor_execute", lambda *a: statements.append(a[2]))
        measure_target(connection, schema, schema.usable["cards"], config.subject)
    scans = [s for s in statements if "coalesce(sum(" in s]
    assert len(scans) == (2 if database.dialect == "sqlite" else 1)  # SQLite does not keep its foreign keys


EXPIRIES = {
    "2027-09": True, "09/27": True, "202709": True, "0927": True, "2709": True, "092027": True, "09/2027": True,
    "2027/09": True, "2027-09-30": True, "2027-09-30 00:00:00": True, "20270930": True, "9/27": True, "2027-9": True,
    "2027-13": False, "13/27": False, "00/27": False, "202713": False, "1399": False, "2027-00": False, "0027": False,
    "soon": False, "ab/27": False, "05/xy": False, "927": False, "1": False, "2027": False, "0000-00-00": False,
}


def test_a_month_that_exists(database: Database) -> None:
    found = looked_at(database, sa.String(30), list(EXPIRIES))
    assert dict(zip(EXPIRIES, found, strict=True)) == {value: not possible for value, possible in EXPIRIES.items()}


def test_a_month_in_a_number(database: Database) -> None:
    assert looked_at(database, sa.Integer(), [927, 1227, 202709, 1399, 0]) == [False, False, False, True, True]


def test_a_month_in_a_date(database: Database) -> None:
    if database.dialect == "sqlite":  # where our tables have no types, and a date is text
        assert looked_at(database, sa.types.NullType(), ["2027-09-30", "2027-00-30"]) == [False, True]
    else:
        assert looked_at(database, sa.Date(), [date(2027, 9, 30)]) == [False]


@pytest.mark.parametrize(("dialect", "value"), [("postgresql", "infinity"), ("mariadb", "0000-00-00"),
                                                ("mariadb", "2027-00-30")])
def test_a_date_that_is_no_month(dialect: str, value: str, new_database: Callable[[str], Database]) -> None:
    assert looked_at(new_database(dialect), sa.Date(), [sa.text(f"'{value}'")]) == [True]


def looked_at(database: Database, type_: Any, expiries: list[Any]) -> list[bool]:
    """Whether each value of one expiry column is impossible."""
    table = sa.Table("one", sa.MetaData(), sa.Column("id", sa.Integer()), sa.Column("expiry", type_))
    column, words = table.c.expiry, Words(database.dialect)
    card = Card(words, (), (), ((column, words.more_than_blanks(column, column.is_not(None))),))
    with database.engine.begin() as connection:
        type_name = "" if isinstance(type_, sa.types.NullType) else type_.compile(connection.dialect)
        connection.exec_driver_sql(f"CREATE TABLE one (id INTEGER, expiry {type_name})")
        for n, value in enumerate(expiries):
            connection.execute(table.insert().values(id=n, expiry=value))
        impossible = sa.case((card.expiry_impossible(), 1), else_=0)
        return [bool(i) for i in connection.scalars(sa.select(impossible).select_from(table).order_by(table.c.id))]


def test_a_number_split_over_columns(database: Database, tmp_path: Path) -> None:
    data = Data(database.dialect)
    each(data.payments, {"last4": "0004", "brand": "5500", "card_token": "00000000"})
    fields = {"holder": "card_holder", "number": ["brand", "card_token", "last4"], "expiry": "card_exp"}
    target = {"payments": {"fields": fields, "also": None, "redact": None}}
    with gate(database, data, tmp_path, targets=target) as (connection, schema, _policy, config):
        counts = measure_target(connection, schema, schema.usable["payments"], config.subject)
    assert (counts["tokens"], counts["token_card_shaped"], counts["token_malformed"]) == (30, 1, 0)


def test_no_card_value_leaves_the_gate(database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture,
                                       capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    data = Data(database.dialect)
    each(data.cards, *[{"card_token": CARD, "cardholder_name": CARD}] * 10)
    each(data.payments, *[{"card_token": CARD, "card_holder": CARD, "card_exp": CARD}] * 10)
    asked = questions(database, data, tmp_path)
    results = judge_all(asked, None)
    assert "payments.token_card_shaped" in failed(results)
    said = [repr(results), repr(asked), *(r.getMessage() for r in caplog.records if r.name.startswith("great")),
            *capfd.readouterr()]
    assert not [s for s in said if CARD in s or CARD[:12] in s]


def test_no_card_value_stands_in_an_error(postgresql_database: Database, tmp_path: Path) -> None:
    data = Data("postgresql")
    each(data.payments, {"card_token": CARD})
    where = {"payments": {"where": "CAST(card_token AS integer) > 0"}}
    with (
        gate(postgresql_database, data, tmp_path, targets=where) as (connection, schema, _policy, config),
        pytest.raises(BlindError) as refused,
    ):
        measure_target(connection, schema, schema.usable["payments"], config.subject)
    assert refused.value.__cause__ is None
    assert CARD not in f"{refused.value} {refused.value.as_json()}"


# The judge: where great-expectations would be generous, the gate is not.


def columns_of(suite: str) -> set[str]:
    entries = shipped(suite)["expectations"]
    return {n for e in entries for n in (e["kwargs"]["column"], e["meta"].get("of")) if n}


def written(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    suite = shipped("target")
    change(suite)
    (folder / "target.json").write_text(json.dumps(suite), encoding="utf-8")
    return folder


def first(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda suite: suite["expectations"][0].update(changes)


def kwargs(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda suite: suite["expectations"][0]["kwargs"].update(changes)


def meta(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda suite: suite["expectations"][0]["meta"].update(changes)


MISSPELT: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "type": (first(type="expect_column_values_to_be_betwen"), "type that does not exist"),
    "argument": (kwargs(max_vlaue=3), "argument"),
    "column": (kwargs(column="key_duplicate"), "the nearest is key_duplicates"),
    "of": (meta(of="row"), "the nearest is rows"),
    "severity": (meta(severity="critical"), "severity"),
    "severity outside meta": (first(severity="block"), "unknown key severity"),
    "mostly": (kwargs(mostly=0.5), "mostly"),
    "row_condition": (kwargs(row_condition="rows > 3"), "row_condition"),
    "limit of text": (kwargs(max_value="3"), "whole number"),
    "limit of a fraction": (kwargs(max_value=0.5), "whole number"),
    "no limit": (lambda s: s["expectations"][0].update(kwargs={"column": "rows"}), "argument"),
    "id twice": (meta(id="subject_unknown"), "twice"),
    "no id": (lambda s: s["expectations"][0]["meta"].pop("id"), "is no suite"),
    "no reason": (meta(reason={}), "is no suite"),
    "nothing": (lambda s: s.update(expectations=[]), "pass anything"),
    "no list": (lambda s: s.pop("expectations"), "is no suite"),
}


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_suite_is_an_error(name: str, tmp_path: Path) -> None:
    change, lesson = MISSPELT[name]
    with pytest.raises(ConfigError, match=lesson) as wrong:
        judge("target", dict.fromkeys(columns_of("target"), 0), "cards", written(tmp_path, change))
    assert wrong.value.code == "suite_misspelt"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"expectations": 3}', "\x00"])
def test_a_file_that_is_no_suite(text: str, tmp_path: Path) -> None:
    (tmp_path / "target.json").write_text(text)
    with pytest.raises(ConfigError) as wrong:
        judge("target", {"rows": 1}, "cards", tmp_path)
    assert wrong.value.code == "suite_misspelt"


def test_a_folder_without_the_suite(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FileNotFoundError"):
        judge("target", {"rows": 1}, "cards", tmp_path)


@pytest.mark.parametrize("wrong", [None, True, 1.0, float("nan"), "0"])
@pytest.mark.parametrize("suite", SUITES)
def test_a_count_that_is_no_count_is_blindness(suite: str, wrong: Any) -> None:
    counts = dict.fromkeys(columns_of(suite), 0)
    with pytest.raises(BlindError) as blind:
        judge(suite, counts | {sorted(counts)[0]: wrong}, "cards", None)
    assert blind.value.code == "gate_blind"
    assert "was not counted" in blind.value.cause


def test_no_counts_are_blindness() -> None:
    with pytest.raises(BlindError) as blind:
        judge("target", {}, "cards", None)
    assert blind.value.code == "gate_blind"


def test_an_expectation_that_breaks_is_no_failure(tmp_path: Path) -> None:
    broken = {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "rows", "regex": "["}}
    folder = written(tmp_path, first(**broken))
    with pytest.raises(BlindError, match="an error, not a failure") as blind:
        judge("target", dict.fromkeys(columns_of("target"), 0), "cards", folder)
    assert blind.value.code == "gate_blind"


def test_a_limit_is_still_allowed_and_one_more_is_not() -> None:
    counts = dict.fromkeys(columns_of("target"), 0)
    at, beyond = (judge("target", counts | {"subject_unknown_permille": n, "rows": 7}, "cards", None) for n in (200, 201))
    assert failed(at) == set()
    assert failed(beyond) == {"cards.subject_unknown_flood"}
    flood = next(r for r in beyond if not r.passed)
    assert (flood.severity, flood.observed, flood.limit) == (Severity.BLOCK, 201, 200)
    assert next(r for r in at if r.id == "key_duplicates").checked == 7


def test_answers_come_in_the_order_of_the_questions_and_of_the_suite() -> None:
    asked = [Question(s, dict.fromkeys(columns_of(s), 0), t) for s, t in zip(SUITES, "abcd", strict=True)]
    expected = [(t, e["meta"]["id"]) for s, t in zip(SUITES, "abcd", strict=True) for e in shipped(s)["expectations"]]
    assert [(r.target, r.id) for r in judge_all(asked, None)] == expected
    assert judge_all([], None) == ()


@pytest.mark.parametrize("suite", SUITES)
def test_every_expectation_says_why(suite: str) -> None:
    for entry in shipped(suite)["expectations"]:
        meta = entry["meta"]
        assert meta["severity"] in ("block", "warn")
        assert {*meta["reason"]} == {"en", "ja"}
        assert meta["source"]


def test_great_expectations_is_late_and_silent() -> None:
    program = """
import json, sys
from carddata_retention import measures, quality, shares
assert not {"great_expectations", "pandas"} & set(sys.modules)
counts = json.loads(sys.argv[1])
assert len(quality.judge("target", counts, "cards", None)) > 5
assert "great_expectations" in sys.modules
"""
    counts = json.dumps(dict.fromkeys(columns_of("target"), 0))
    done = subprocess.run([sys.executable, "-c", program, counts], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# Two nights.


def night(**counts: Any) -> TargetResult:
    usual = {"population": 1000, "blank": 0, "held": 5, "requested": 0, "active": 700, "undetermined": 20,
             "retained": 265, "overdue": 0, "due": 10, "out_of_scope": 0, "table_rows": 1000, "purged": 10,
             "remaining_due": 0, "forecast": {1: 10, 7: 30, 30: 60}}
    disposition = counts.pop("disposition", Disposition.DELETE)
    return TargetResult("cards", "cards", disposition, State.CLEAN, **(usual | counts))


AFTER = {"population": 990, "table_rows": 990, "retained": 255, "purged": None}


def compared(tonight: TargetResult, previous: TargetResult | None, days: int = 1, shift: float = 0.05) -> set[str]:
    counts = history(tonight, previous, days=days, max_shift=shift)
    assert tuple(counts) == HISTORY
    return {i.removeprefix("cards.") for i in failed(judge("history", counts, "cards", None))}


HISTORIES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "an ordinary night": ({}, set()),
    "rows lost": ({"table_rows": 960, "population": 960, "retained": 225}, {"rows_lost"}),
    "rows collapsed": ({"table_rows": 700, "population": 700, "active": 490, "undetermined": 14, "retained": 181},
                       {"rows_lost", "rows_collapsed"}),
    "active jumped": ({"active": 790, "retained": 165}, {"active_jumped"}),
    "undetermined jumped": ({"undetermined": 90, "active": 630}, {"undetermined_jumped"}),
    "fell": ({"active": 500, "retained": 455}, set()),
    "a few not due": ({"due": 7, "retained": 258}, {"forecast_shortfall"}),
    "a few held instead": ({"due": 7, "held": 8}, set()),
    "none due": ({"due": 0, "retained": 265}, {"forecast_shortfall"}),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_tonight_against_last_night(name: str) -> None:
    changes, expected = HISTORIES[name]
    assert compared(night(**(AFTER | changes)), night()) == expected


def test_a_missed_forecast_refuses() -> None:
    before = night(forecast={1: 10, 7: 60})
    assert compared(night(**AFTER, due=10), before, days=8) == {"forecast_shortfall", "forecast_missed"}
    assert compared(night(**(AFTER | {"due": 60, "retained": 205})), before, days=8) == set()


def test_what_the_last_night_left_is_due_tonight() -> None:
    left = night(remaining_due=40, purged=10)
    assert compared(night(**AFTER, due=10), left) == {"forecast_shortfall", "forecast_missed"}


def test_a_second_run_of_the_same_night_forecasts_nothing() -> None:
    assert compared(night(**AFTER, due=0), night(), days=0) == set()


def test_a_redaction_makes_blanks_and_loses_no_rows() -> None:
    before = night(disposition=Disposition.REDACT)
    after = night(disposition=Disposition.REDACT, blank=10, retained=255, purged=None)
    assert compared(after, before) == set()
    assert history(after, before, days=1, max_shift=0.05)["rows_lost"] == 0


@pytest.mark.parametrize("previous", [None, night(active=None)])
def test_without_a_night_before_nothing_is_compared(previous: TargetResult | None) -> None:
    assert set(history(night(), previous, days=1, max_shift=0.05).values()) == {0}


def test_the_allowed_shift_is_the_configured_one() -> None:
    assert compared(night(**(AFTER | {"active": 790, "retained": 165})), night(), shift=0.2) == set()


def test_a_count_not_taken_tonight_is_blindness() -> None:
    counts = history(night(active=None), night(), days=1, max_shift=0.05)
    with pytest.raises(BlindError):
        judge("history", counts, "cards", None)


def test_a_small_whole_counts_as_a_hundred() -> None:
    assert [permille(1, 3), permille(1, 100), permille(1, 1000), permille(0, 0)] == [10, 10, 1, 0]
