"""Months, quarters and years: their names, their first and last days, what they consist of."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from carddata_retention.errors import Exit, UsageError
from carddata_retention.reporting_period import PeriodKind, ReportingPeriod


@pytest.mark.parametrize(("text", "first", "last", "days"), [
    ("2026-11", "2026-11-01", "2026-11-30", 30),
    ("2026-01", "2026-01-01", "2026-01-31", 31),
    ("2024-02", "2024-02-01", "2024-02-29", 29),
    ("2026-02", "2026-02-01", "2026-02-28", 28),
    ("2100-02", "2100-02-01", "2100-02-28", 28),
    ("2000-02", "2000-02-01", "2000-02-29", 29),
    ("2026-Q1", "2026-01-01", "2026-03-31", 90),
    ("2024-Q1", "2024-01-01", "2024-03-31", 91),
    ("2026-Q2", "2026-04-01", "2026-06-30", 91),
    ("2026-Q3", "2026-07-01", "2026-09-30", 92),
    ("2026-Q4", "2026-10-01", "2026-12-31", 92),
    ("2026", "2026-01-01", "2026-12-31", 365),
    ("2024", "2024-01-01", "2024-12-31", 366),
])
def test_a_period_has_its_name_its_ends_and_every_day_between(text, first, last, days):
    period = ReportingPeriod.parse(text)
    assert (str(period), str(period.first), str(period.last)) == (text, first, last)
    assert (period.last - period.first).days + 1 == days


@pytest.mark.parametrize("text", [
    "", "2026-13", "2026-00", "2026-Q0", "2026-Q5", "2026-q3", "2026-1", "26-11", "2026-11-01", "2026 ", " 2026",
    "２０２６", "0000", "2026-11\n", "last", "2026Q3",
])
def test_what_is_no_period_is_a_taught_error(text):
    with pytest.raises(UsageError) as wrong:
        ReportingPeriod.parse(text)
    assert (wrong.value.code, wrong.value.exit) == ("period_form", Exit.USAGE)
    assert "2026-Q3" in wrong.value.cure


def test_every_day_lies_in_one_month_one_quarter_and_one_year():
    day = date(2023, 12, 25)
    for _ in range(450):  # over a leap day and two turns of the year
        for kind in PeriodKind:
            period = ReportingPeriod.around(day, kind)
            assert period.first <= day <= period.last
            assert ReportingPeriod.parse(str(period)) == period
        day += timedelta(days=1)


@pytest.mark.parametrize("text", ["2024", "2026-Q3", "2026-11"])
def test_its_months_are_the_period_without_a_gap(text):
    period = ReportingPeriod.parse(text)
    months = period.months()
    assert len(months) == {"2024": 12, "2026-Q3": 3, "2026-11": 1}[text]
    assert (months[0].first, months[-1].last) == (period.first, period.last)
    for one, following in pairwise(months):
        assert following.first - one.last == timedelta(days=1)
