"""Text becomes an instant or a date only where nothing about it is left to guess."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carddata_retention.instants import parse_day, parse_instant

NINE = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2021-02-28T12:34", datetime(2021, 2, 28, 12, 34)),
        ("2021-02-28 12:34", datetime(2021, 2, 28, 12, 34)),
        ("2021-02-28T12:34:56", datetime(2021, 2, 28, 12, 34, 56)),
        ("2021-02-28 12:34:56.5", datetime(2021, 2, 28, 12, 34, 56, 500_000)),
        ("2021-02-28 12:34:56.123456", datetime(2021, 2, 28, 12, 34, 56, 123_456)),
        ("2021-02-28T12:34Z", datetime(2021, 2, 28, 12, 34, tzinfo=UTC)),
        ("2021-02-28T12:34:56Z", datetime(2021, 2, 28, 12, 34, 56, tzinfo=UTC)),
        ("2021-02-28T12:34:56+09:00", datetime(2021, 2, 28, 12, 34, 56, tzinfo=NINE)),
        ("2021-02-28T12:34:56+0900", datetime(2021, 2, 28, 12, 34, 56, tzinfo=NINE)),
        ("2021-02-28 12:34:56+09", datetime(2021, 2, 28, 12, 34, 56, tzinfo=NINE)),
        ("2021-02-28T12:34:56.25-03:30", datetime(2021, 2, 28, 16, 4, 56, 250_000, tzinfo=UTC)),
        ("2021-02-28T12:34-12", datetime(2021, 3, 1, 0, 34, tzinfo=UTC)),
    ],
)
def test_every_form_of_an_instant_is_read(text: str, value: datetime) -> None:
    found = parse_instant(text)
    assert found == value
    assert found.utcoffset() is None if value.tzinfo is None else found.utcoffset() is not None


@pytest.mark.parametrize(
    ("fraction", "microsecond"),
    [
        ("1234560", 123_456),
        ("123456000", 123_456),
        ("1234561", 123_457),
        ("123456001", 123_457),
        ("000000001", 1),
        ("0000000", 0),
        ("000000000", 0),
        ("0", 0),
    ],
)
def test_digits_beyond_microseconds_are_rounded_up_and_never_down(fraction: str, microsecond: int) -> None:
    assert parse_instant(f"2021-02-28T00:00:00.{fraction}Z") == datetime(2021, 2, 28, 0, 0, 0, microsecond, tzinfo=UTC)


def test_rounding_up_may_reach_the_next_day() -> None:
    assert parse_instant("2021-12-31T23:59:59.9999999") == datetime(2022, 1, 1)
    assert parse_instant("2021-12-31T23:59:59.999999000") == datetime(2021, 12, 31, 23, 59, 59, 999_999)


def test_twenty_four_hours_are_the_next_days_beginning() -> None:
    assert parse_instant("2020-02-28T24:00:00") == datetime(2020, 2, 29)
    assert parse_instant("2021-12-31 24:00:00+09:00") == datetime(2022, 1, 1, tzinfo=NINE)
    assert parse_instant("2021-12-31T24:00:00Z") == datetime(2022, 1, 1, tzinfo=UTC)


NO_INSTANT = [
    *("", "0", "2021", "2021-02", "2021-02-28", "20210228T123456", "2021-02-28T1234", "20210228T12:34:56", "now"),
    *("2021-02-31T00:00:00", "2021-02-29 00:00", "2021-13-01T00:00", "2021-00-10T00:00", "2021-01-00T00:00"),
    *("0000-01-01T00:00:00", "10000-01-01T00:00:00", "-2021-01-01T00:00:00", "21-01-01T00:00:00"),
    *("2021-W08-7T12:00:00", "2021-059T12:00:00", "2021-2-28T12:00:00", "2021-02-28T1:00:00", "2021-02-28T12"),
    *("2021-02-28T12Z", "2021-02-28T25:00:00", "2021-02-28T12:60:00", "2021-02-28T12:00:60", "2021-02-28T24:00"),
    *(
        "2021-02-28T24:00:01",
        "2021-02-28T24:01:00",
        "2021-02-28T24:00:00.0",
        "2021-02-28T24:00:00.1",
        "2021-02-28T24:00Z",
    ),
    *("2021-02-28T12:00:00.", "2021-02-28T12:00:00.1234567890", "2021-02-28T12:00:00,5", "2021-02-28T12:00.5"),
    *("2021-02-28T12:00:00+", "2021-02-28T12:00:00+9", "2021-02-28T12:00:00+9:00", "2021-02-28T12:00:00+24:00"),
    *("2021-02-28T12:00:00+09:60", "2021-02-28T12:00:00+0960", "2021-02-28T12:00:00+09:00:30", "2021-02-28T12:00:00ZZ"),
    *("2021-02-28T12:00:00 +09:00", "2021-02-28T12:00:00 Z", "2021-02-28T12:00:00z", "2021-02-28t12:00:00"),
    *("2021-02-28  12:00:00", "2021-02-28_12:00:00", "2021-02-2812:00:00", "2021-02-28\t12:00:00", "2021/02/28 12:00"),
    *(" 2021-02-28T12:00:00", "2021-02-28T12:00:00 ", "2021-02-28T12:00:00\n", "2021-02-28T12:00:00\x00"),
    *("２０２１-02-28T12:00:00", "2021-02-28T12:00:0\u0660", "2021-02-28T12:00:00\u221209:00", "infinity"),
    *("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+00:01", "9999-12-31T24:00:00", "9999-12-31T23:59:59.9999999"),
]


@pytest.mark.parametrize("text", NO_INSTANT, ids=ascii)
def test_anything_else_is_no_instant(text: str) -> None:
    assert parse_instant(text) is None


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00-01:00"])
def test_an_instant_at_the_ends_of_the_calendar_stays_usable(text: str) -> None:
    found = parse_instant(text)
    assert found is not None
    assert found.astimezone(UTC).year in (1, 9999)


@given(st.text())
def test_no_text_crashes_the_reading(text: str) -> None:
    assert parse_instant(text) is None
    assert parse_day(text) is None


@given(
    st.from_regex(
        r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?\Z"
    )
)
def test_whatever_looks_like_an_instant_is_read_or_is_none(text: str) -> None:
    found = parse_instant(text)
    assert found is None or isinstance(found, datetime)
    if found is not None and found.tzinfo is not None:
        found.astimezone(UTC)


@given(st.datetimes(), st.sampled_from([None, UTC, NINE, timezone(timedelta(hours=-3, minutes=-30))]))
def test_what_python_writes_is_read_back(value: datetime, zone: timezone | None) -> None:
    aware = value.replace(tzinfo=zone)
    found = parse_instant(aware.isoformat())
    if zone is None or 1 < value.year < 9999:
        assert found == aware


def test_a_day_is_read() -> None:
    assert parse_day("2020-02-29") == date(2020, 2, 29)
    assert type(parse_day("2020-02-29")) is date


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "2021", "2021-02", "2021-02-29", "2021-02-28T00:00", "20210228", "2021-W08-7", "2021-059"),
        *("2021-2-28", " 2021-02-28", "2021-02-28\n", "２０２１-02-28", "0000-01-01", "10000-01-01"),
    ],
    ids=ascii,
)
def test_anything_else_is_no_day(text: str) -> None:
    assert parse_day(text) is None
