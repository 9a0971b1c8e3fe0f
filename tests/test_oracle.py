"""The oracle is the judge of everything else, so it is judged first: by cases that a person worked out by hand."""

import ast
import calendar
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import oracle
import pytest
from billing import Billing, Card, Customer, Payment, Service, Usage, generate
from oracle import Rules, Verdict

JST = timezone(timedelta(hours=9))
AS_OF = date(2026, 11, 24)
WHOLE = ("TARO YAMADA", "tok_fa1ce0", "2024-09", "0000", "JCB")


def jst(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JST)


def service(end: Any, status: str | None = "closed", start: Any = None, kind: str | None = "vps",
            owner: int | None = 1) -> Service:
    return Service(0, owner, kind, status, start, end, end)


def billing(*services: Service, copy: tuple[str | None, ...] = WHOLE, method: str | None = "card",
            owner: int | None = 1) -> Billing:
    return Billing("instant", (Customer(1, "山田"),), services, (Card(1, owner, "TARO YAMADA", "tok_fa1ce0", 9, 2024),),
                   (Usage(1, 1, 524), Usage(2, 1, 524)), (Payment(1, owner, method, 1048, *copy),))


def card(*services: Service, owner: int | None = 1, **rules: Any) -> Verdict:
    return oracle.answers(billing(*services, owner=owner), Rules(**{"as_of": AS_OF, **rules}))["cards"].verdicts[1]


def status(*services: Service, **rules: Any) -> str:
    return card(*services, **rules).status


def test_it_imports_nothing_but_the_standard_library() -> None:
    tree = ast.parse(Path(oracle.__file__).read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize(("end", "start", "last", "first"), [
    ("2019-02-28T23:59", "2019-03-01", "2024-02-29", "2024-03-01"),
    ("2019-02-28T00:00", "2019-02-28", "2024-02-27", "2024-02-28"),
    ("2020-02-28T12:00", "2020-02-29", "2025-02-28", "2025-03-01"),
    ("2020-02-29T12:00", "2020-03-01", "2025-02-28", "2025-03-01"),
    ("2023-12-31T23:59:59", "2024-01-01", "2028-12-31", "2029-01-01"),
    ("2024-01-01T00:00", "2024-01-01", "2028-12-31", "2029-01-01"),
])
def test_it_knows_the_table_of_the_civil_code_by_heart(end: str, start: str, last: str, first: str) -> None:
    found = oracle.start_day(jst(end), Rules(AS_OF, midnights="exact"))
    assert found == date.fromisoformat(start)
    assert oracle.deadline(found, "jp-civil-code", "P5Y") == (date.fromisoformat(last), date.fromisoformat(first))


@pytest.mark.parametrize(("start", "convention", "period", "last", "first"), [
    (date(2020, 2, 29), "eu-1182-71", "P5Y", date(2025, 2, 28), date(2025, 3, 1)),
    (date(2019, 2, 28), "eu-1182-71", "P5Y", date(2024, 2, 28), date(2024, 2, 29)),
    (date(2020, 2, 29), "anniversary", "P5Y", date(2025, 2, 27), date(2025, 2, 28)),
    (date(2021, 11, 24), "anniversary", "P5Y", date(2026, 11, 23), date(2026, 11, 24)),
    (date(2026, 8, 31), "jp-civil-code", "P6M", date(2027, 2, 28), date(2027, 3, 1)),
    (date(2026, 8, 30), "jp-civil-code", "P1Y6M", date(2028, 2, 29), date(2028, 3, 1)),
    (date(2026, 8, 29), "jp-civil-code", "P1Y6M", date(2028, 2, 28), date(2028, 2, 29)),
    (date(2026, 1, 1), "jp-civil-code", "P2W", date(2026, 1, 14), date(2026, 1, 15)),
    (date(2026, 1, 1), "eu-1182-71", "P90D", date(2026, 4, 1), date(2026, 4, 2)),
    (date(2026, 1, 1), "anniversary", "P90D", date(2026, 3, 31), date(2026, 4, 1)),
])
def test_it_knows_the_other_conventions_and_periods(start: date, convention: str, period: str, last: date,
                                                    first: date) -> None:
    assert oracle.deadline(start, convention, period) == (last, first)


def test_walking_the_days_and_reading_the_corresponding_day_off_the_calendar_agree() -> None:
    for number in range(date(2003, 1, 1).toordinal(), date(2009, 1, 1).toordinal()):
        start = date.fromordinal(number)
        longest = calendar.monthrange(start.year + 5, start.month)[1]
        corresponding = date(start.year + 5, start.month, min(start.day, longest))
        last = corresponding - timedelta(days=1) if start.day <= longest else corresponding
        assert oracle.deadline(start, "jp-civil-code", "P5Y")[0] == last


@pytest.mark.parametrize(("end", "expected"), [
    ("2021-11-15T23:59:59", "overdue"),   # purgeable from the 16th: due for nine days, tonight included
    ("2021-11-16T00:00:00", "due"),       # read as within the 16th
    ("2021-11-16T00:00:01", "due"),       # purgeable from the 17th: not yet longer than seven days
    ("2021-11-23T23:59:59", "due"),       # purgeable from tonight
    ("2021-11-24T00:00:00", "retained"),  # read as within the 24th: one more day
    ("2021-11-24T12:00:00", "retained"),
    ("2026-11-23T23:59:59.999999", "retained"),
    ("2026-11-24T00:00:00", "active"),    # read as within today, which is not over
    ("2026-11-24T00:00:01", "active"),
    ("2027-01-31T23:59:59", "active"),
])
def test_one_service_and_the_days_around_tonight(end: str, expected: str) -> None:
    assert status(service(jst(end))) == expected


def test_a_midnight_that_is_meant_counts_its_own_day() -> None:
    assert status(service(jst("2021-11-24T00:00:00")), midnights="exact") == "due"
    assert status(service(jst("2021-11-24T00:00:00.000001")), midnights="exact") == "retained"
    assert status(service(jst("2021-11-16T00:00:00")), midnights="exact") == "overdue"
    assert status(service(jst("2026-11-24T00:00:00")), midnights="exact") == "retained"


def test_the_grace_moves_records_between_due_and_overdue_only() -> None:
    assert status(service(jst("2021-11-23T12:00")), grace_days=0) == "due"
    assert status(service(jst("2021-11-22T12:00")), grace_days=0) == "overdue"
    assert status(service(jst("2021-11-15T12:00")), grace_days=8) == "due"


def test_dates_are_read_by_their_kind() -> None:
    for kind, day, expected in (
        ("inclusive-date", date(2021, 11, 23), "due"), ("inclusive-date", date(2021, 11, 24), "retained"),
        ("inclusive-date", date(2026, 11, 23), "retained"), ("inclusive-date", date(2026, 11, 24), "active"),
        ("exclusive-date", date(2021, 11, 24), "due"), ("exclusive-date", date(2021, 11, 25), "retained"),
        ("exclusive-date", date(2026, 11, 24), "retained"), ("exclusive-date", date(2026, 11, 25), "active"),
    ):
        assert status(service(day), kind=kind) == expected, (kind, day)


def test_the_other_conventions_begin_at_the_day_itself() -> None:
    assert status(service(jst("2021-11-23T23:59:59")), convention="eu-1182-71") == "due"
    assert status(service(jst("2021-11-24T00:00:00")), convention="eu-1182-71") == "retained"
    assert status(service(jst("2021-11-24T23:59:59")), convention="anniversary") == "due"
    assert status(service(jst("2021-11-25T00:00:00")), convention="anniversary") == "retained"
    assert status(service(jst("2026-11-24T23:59:59")), convention="eu-1182-71") == "retained"
    assert status(service(jst("2026-11-25T00:00:00")), convention="eu-1182-71") == "active"


def test_the_last_of_several_services_decides() -> None:
    verdict = card(service(jst("2019-02-28T12:00")), service(jst("2020-02-28T12:00")), service(jst("2012-01-01T12:00")))
    assert verdict == Verdict("overdue", None, jst("2020-02-28T12:00"), date(2020, 2, 29), date(2025, 2, 28),
                              date(2025, 3, 1), "use_ended_at")


OLD = jst("2015-06-30T12:00")


@pytest.mark.parametrize(("services", "expected"), [
    ((service(None, "active"), service(OLD)), "active"),
    ((service(OLD, "active"),), "active"),  # reopened, the stale end is still there
    ((service(OLD, "suspended"),), "active"),
    ((service(OLD, None),), "active"),
    ((service(OLD, "Closed"),), "active"),  # not the word that is declared
    ((service(None), service(None, "active")), "active"),
    ((service("0"), service(None, "active")), "active"),
    ((service("0", "active"),), "active"),
    ((service(jst("2099-03-31T12:00")), service(None)), "active"),
    ((service(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),), "active"),
    ((service(datetime(1900, 1, 1, tzinfo=UTC)),), "active"),  # declared to mean open
    ((), "no_service"),
    ((service(None, "active", kind="draft"),), "no_service"),
    ((service(OLD, owner=None),), "no_service"),
    ((service(None, "active", kind="draft"), service(OLD)), "overdue"),
    ((service(OLD, kind=None),), "overdue"),  # where is not false for NULL
    ((service(None), service(OLD)), "no_end"),
    ((service("2021-02-31"), service(OLD)), "unreadable_end"),
    ((service(datetime(1970, 1, 1, tzinfo=UTC)), service(OLD)), "implausible_end"),
    ((service(jst("1989-12-31T23:59:59.999999")),), "implausible_end"),
    ((service(jst("1990-01-01T00:00")),), "overdue"),
    ((service(OLD, start=OLD + timedelta(microseconds=1)),), "end_before_start"),
    ((service(OLD, start=OLD),), "overdue"),
    ((service(OLD, start=OLD + timedelta(days=1)), service(None)), "no_end"),
    ((service(OLD, start=OLD + timedelta(days=1)), service(jst("1970-01-01T09:00"))), "implausible_end"),
    ((service(jst("1970-01-01T09:00")), service("")), "unreadable_end"),
    ((service(jst("1970-01-01T09:00"), start=OLD),), "implausible_end"),
])
def test_open_comes_before_undated_and_reasons_have_an_order(services: tuple[Service, ...], expected: str) -> None:
    verdict = card(*services)
    assert (verdict.reason or verdict.status) == expected
    assert (verdict.status == "undetermined") == (verdict.reason is not None)


def test_a_record_of_nobody_is_undetermined() -> None:
    verdict = card(service(OLD), service(None, "active", owner=None), owner=None)
    assert (verdict.status, verdict.reason) == ("undetermined", "no_subject")


def test_without_a_declared_status_no_end_is_open_and_a_stale_end_counts() -> None:
    assert status(service(None), terminated=None) == "active"
    assert status(service(OLD, "active"), terminated=None) == "overdue"
    assert status(service("0"), terminated=None) == "undetermined"


def test_the_version_in_force_names_the_column() -> None:
    two = Service(1, 1, "vps", "closed", None, jst("2005-01-31T12:00"), jst("2012-01-31T12:00"))
    assert card(two, as_of=date(2014, 3, 31)).service_end == two.provision_ended_at
    assert card(two, as_of=date(2014, 4, 1)).service_end == two.use_ended_at


@pytest.mark.parametrize(("method", "copy", "blank", "outside"), [
    ("card", WHOLE, False, 0),
    ("card", (None, None, None, None, None), True, 0),
    ("card", ("", "***", "", "", None), True, 0),
    ("card", (None, "***", None, "0000", None), False, 0),  # `also` is part of blank
    ("card", ("***", None, None, None, None), False, 0),  # the mask of another field
    ("card", (" ", None, None, None, None), False, 0),
    ("bank", WHOLE, None, 1),
    (None, WHOLE, None, 1),
    ("bank", (None, None, None, None, None), None, 0),
    ("bank", (None, "***", None, None, None), None, 0),
    ("bank", (None, None, None, "0000", None), None, 0),
])
def test_payments_are_blank_in_scope_or_outside(method: str | None, copy: tuple[str | None, ...], blank: bool | None,
                                                outside: int) -> None:
    answer = oracle.answers(billing(service(OLD), method=method, copy=copy), Rules(AS_OF))["payments"]
    assert (answer.population, answer.out_of_scope, answer.table_rows) == (int(blank is not None), outside, 1)
    if blank is not None:
        assert answer.verdicts[1].status == ("blank" if blank else "overdue")


def test_a_hold_beats_a_request_and_a_request_beats_an_open_service() -> None:
    both = Rules(AS_OF, requested_subjects=frozenset({1}), held_records=frozenset({("cards", 1)}))
    answers = oracle.answers(billing(service(None, "active")), both)
    assert answers["cards"].verdicts[1] == Verdict("held")
    assert answers["payments"].verdicts[1] == Verdict("requested")
    assert (answers["cards"].purge, answers["payments"].purge) == (frozenset(), frozenset({1}))
    assert card(service(OLD), requested_records=frozenset({("cards", 1)})).last_retained_day == date(2020, 6, 29 + 1)
    assert status(service(OLD), held_targets=frozenset({"cards"})) == "held"
    assert status(service(OLD), held_subjects=frozenset({1})) == "held"


def test_children_of_removed_cards_are_counted_and_totals_add_up() -> None:
    assert oracle.answers(billing(service(OLD)), Rules(AS_OF))["cards"].children_removed == 2
    assert oracle.answers(billing(service(None, "active")), Rules(AS_OF))["cards"].children_removed == 0
    for answer in oracle.answers(generate(AS_OF), Rules(AS_OF)).values():
        assert sum(answer.totals.values()) == answer.population <= answer.table_rows
        assert sum(answer.reasons.values()) == answer.totals["undetermined"]
        assert len(answer.purge) == answer.totals["overdue"] + answer.totals["due"] > 0


def test_a_later_night_never_un_dues_a_record() -> None:
    rows = generate(AS_OF, size=300)
    before = oracle.answers(rows, Rules(AS_OF))["cards"].purge
    assert before < oracle.answers(rows, replace(Rules(AS_OF), as_of=AS_OF + timedelta(days=30)))["cards"].purge
