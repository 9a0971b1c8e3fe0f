"""The deadline command's table: what is asked, what is answered, and what a row that cannot be computed says."""

import csv
import io
from pathlib import Path

import pytest

from carddata_retention.calculator import OUTPUT_COLUMNS, calculate, calculate_csv
from carddata_retention.errors import UsageError

DEFAULTS = {"zone": "Asia/Tokyo", "convention": "jp-civil-code", "period": "P5Y", "kind": "instant"}
GOLDEN = Path(__file__).parent / "golden_deadlines.csv"


def ask(service_end: str, **asked: str) -> dict[str, str]:
    return calculate(service_end, **(DEFAULTS | asked))


def answer(text: str, defaults: dict[str, str] = DEFAULTS) -> list[dict[str, str]]:
    sink = io.StringIO()
    calculate_csv(io.StringIO(text), sink, defaults)
    sink.seek(0)
    return list(csv.DictReader(sink, strict=True))


def test_an_instant_gets_its_days_and_its_article() -> None:
    assert ask("2019-02-28T23:59:00+09:00") == {
        "start_day": "2019-03-01",
        "last_retained_day": "2024-02-29",
        "first_purgeable_day": "2024-03-01",
        "rule": "Civil Code art. 140, 143(2)",
        "error": "",
    }


def test_midnights_are_exact() -> None:
    assert ask("2019-02-28T00:00:00+09:00")["first_purgeable_day"] == "2024-02-28"
    assert ask("2019-02-27T24:00:00")["first_purgeable_day"] == "2024-02-28"


def test_an_instant_without_an_offset_is_read_in_the_zone() -> None:
    assert ask("2019-02-28 23:59")["last_retained_day"] == "2024-02-29"
    assert ask("2019-02-28T15:30:00Z", zone="UTC")["last_retained_day"] == "2024-02-29"
    assert ask("2019-02-28T15:30:00Z")["last_retained_day"] == "2024-03-01"


def test_dates_are_read_as_their_kind_says() -> None:
    assert ask("2019-02-28", kind="inclusive-date")["last_retained_day"] == "2024-02-29"
    assert ask("2019-02-28", kind="exclusive-date")["last_retained_day"] == "2024-02-27"


@pytest.mark.parametrize(
    ("service_end", "asked", "says"),
    [
        ("2019-02-28", {}, "a date has no time of day"),
        ("2019-02-28T12:00:00Z", {"kind": "inclusive-date"}, "a time of day does not fit kind inclusive-date"),
        ("2019-02-28 12:00", {"kind": "exclusive-date"}, "a time of day does not fit kind exclusive-date"),
        ("2021-02-31T00:00:00Z", {}, "service_end is neither an instant"),
        ("", {}, "service_end is neither an instant"),
        ("2019-02-28T12:00:00Z", {"zone": ""}, "zone is missing"),
        ("2019-02-28T12:00:00Z", {"zone": "Asia/Edo"}, "zone is not a known time zone"),
        ("2019-02-28T12:00:00Z", {"zone": "Asia"}, "zone is not a known time zone"),
        ("2019-02-28T12:00:00Z", {"zone": "../../etc/passwd"}, "zone is not a known time zone"),
        ("2019-02-28T12:00:00Z", {"zone": "a\0b"}, "zone is not a known time zone"),
        ("2019-02-28T12:00:00Z", {"zone": "a" * 5000}, "zone is not a known time zone"),
        ("2019-02-28T12:00:00Z", {"period": ""}, "period is missing"),
        ("2019-02-28T12:00:00Z", {"period": "=5Y"}, "A period is years and months"),
        ("2019-02-28T12:00:00Z", {"convention": "roman"}, "convention is not one of jp-civil-code"),
        ("2019-02-28T12:00:00Z", {"kind": "moment"}, "kind is not one of instant"),
        ("9998-02-28T12:00:00Z", {}, "the last day retained lies beyond 9999"),
    ],
)
def test_a_value_that_cannot_be_computed_says_why(service_end: str, asked: dict[str, str], says: str) -> None:
    found = ask(service_end, **asked)
    assert found["error"].startswith(says)
    assert {found[name] for name in OUTPUT_COLUMNS[:-1]} == {""}


def test_the_golden_rows_pass_through_the_table() -> None:
    golden = list(csv.DictReader(GOLDEN.open(encoding="utf-8")))
    sink = io.StringIO()
    table = csv.writer(sink)
    table.writerow(["service_end", "zone", "convention", "period", "kind"])
    table.writerows([r["service_end_utc"], r["zone"], r["convention"], f"P{r['years']}Y", "instant"] for r in golden)
    found = answer(sink.getvalue(), {})
    assert [(f["last_retained_day"], f["first_purgeable_day"], f["error"]) for f in found] == [
        (r["last_retained_day"], r["first_purgeable_day"], "") for r in golden
    ]


def test_the_rows_stay_and_the_answers_follow_them() -> None:
    sink = io.StringIO()
    calculate_csv(io.StringIO('id,service_end,note\n7,2019-02-28 12:00,"a, b"\n'), sink, DEFAULTS)
    assert sink.getvalue() == (
        "id,service_end,note,start_day,last_retained_day,first_purgeable_day,rule,error\n"
        '7,2019-02-28 12:00,"a, b",2019-03-01,2024-02-29,2024-03-01,"Civil Code art. 140, 143(2)",\n'
    )


def test_a_bad_row_never_stops_the_others() -> None:
    found = answer("service_end,kind\n2019-02-28,\nnever,\n2019-02-28,inclusive-date\n2019-02-28 12:00,\n")
    assert [bool(row["error"]) for row in found] == [True, True, False, False]
    assert found[3]["last_retained_day"] == "2024-02-29"


def test_a_cell_counts_before_the_default_and_a_blank_one_does_not() -> None:
    found = answer(
        "service_end,period,zone\n2019-02-28T15:30:00Z,P1Y,UTC\n2019-02-28T15:30:00Z,,\n2019-02-28T15:30:00Z\n"
    )
    assert [row["last_retained_day"] for row in found] == ["2020-02-29", "2024-03-01", "2024-03-01"]


def test_a_missing_period_is_said_and_never_assumed() -> None:
    (row,) = answer("service_end\n2019-02-28T15:30:00Z\n", DEFAULTS | {"period": ""})
    assert row["error"].startswith("period is missing")
    (row,) = answer("service_end\n2019-02-28T15:30:00Z\n", {})
    assert row["error"].startswith("zone is missing")


def test_a_byte_order_mark_capitals_and_blanks_do_not_hide_a_column() -> None:
    (row,) = answer('\ufeff"Service_End", Zone ,PERIOD\n 2019-02-28T15:30:00Z , UTC ,P1Y\n')
    assert row["last_retained_day"] == "2020-02-29"


def test_an_earlier_answer_is_replaced() -> None:
    sink = io.StringIO()
    calculate_csv(io.StringIO("rule,service_end,error\nold,2019-02-28 12:00,old\n"), sink, DEFAULTS)
    assert sink.getvalue().splitlines()[0] == "service_end," + ",".join(OUTPUT_COLUMNS)
    assert "old" not in sink.getvalue()


def test_blank_lines_are_left_out() -> None:
    assert len(answer("\nservice_end\n\n2019-02-28 12:00\n\n")) == 1


@pytest.mark.parametrize(
    "text", ["", "\n", "\ufeff", "2019-02-28 12:00\n", "end,zone\n2019-02-28,UTC\n", 'service_end,"a\n']
)
def test_without_a_header_nothing_is_computed(text: str) -> None:
    sink = io.StringIO()
    with pytest.raises(UsageError) as caught:
        calculate_csv(io.StringIO(text), sink, DEFAULTS)
    assert caught.value.code == "csv_header"
    assert caught.value.cure == "Begin with the line: service_end,zone,convention,period,kind"
    assert sink.getvalue() == ""


def test_a_column_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        answer("service_end,zone,Zone\n2019-02-28 12:00,UTC,Asia/Tokyo\n")


def test_a_row_that_is_too_long_says_so() -> None:
    rows = answer("service_end,note\n2019-02-28 12:00,a,b\n2019-02-28 12:00,a\n")
    assert rows[0]["error"].startswith("this row has more cells than the header")
    assert rows[0]["last_retained_day"] == ""
    assert rows[1]["error"] == ""


def test_a_broken_quote_swallows_no_row_in_silence() -> None:
    rows = answer('service_end,note\n2019-02-28 12:00,"a"b\n2019-02-28 12:00,"c\n2019-02-28 12:00,d\n')
    assert [row["error"][:19] for row in rows] == ["this row is not CSV"] * 2
    rows = answer("service_end,note\n2019-02-28 12:00," + "x" * 200_000 + "\n2019-02-28 12:00,d\n")
    assert [row["error"][:19] for row in rows] == ["this row is not CSV", ""]


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1"])
def test_no_cell_written_here_begins_like_a_formula(formula: str) -> None:
    for name in ("zone", "convention", "period", "kind"):
        error = ask("2019-02-28T12:00:00Z", **{name: formula})["error"]
        assert error[0].isalpha()
    assert ask(formula)["error"][0].isalpha()
