"""The deadline rule against cases of a lawyer, against a walk over every day, and against the zones' own clocks."""

import csv
from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from walking_oracle import walk

from carddata_retention.errors import ConfigError
from carddata_retention.model import Convention, Kind
from carddata_retention.period import Bound, Period, Reading, Rule, is_skipped, resolve, start_of_day

JP, EU, ANNIVERSARY = Convention.JP_CIVIL_CODE, Convention.EU_1182_71, Convention.ANNIVERSARY
TOKYO, BERLIN, APIA = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia")
EXACT = Reading(midnights_exact=True)
WITHIN = Reading()
INCLUSIVE, EXCLUSIVE = Reading(Kind.INCLUSIVE_DATE), Reading(Kind.EXCLUSIVE_DATE)
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
FIVE_YEARS = Period(months=60)


def jp(period: Period = FIVE_YEARS, zone: ZoneInfo = TOKYO) -> Rule:
    return Rule(JP, period, zone)


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(text + "+09:00")


GOLDEN = list(csv.DictReader((Path(__file__).parent / "golden_deadlines.csv").open(encoding="utf-8")))


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['convention']} {row['service_end_utc']}")
def test_every_golden_row_is_met(row: dict[str, str]) -> None:
    rule = Rule(Convention(row["convention"]), Period(int(row["years"]) * 12), ZoneInfo(row["zone"]))
    found = rule.deadline(datetime.fromisoformat(row["service_end_utc"]), EXACT)
    assert found.last_retained_day.isoformat() == row["last_retained_day"], row["why"]
    assert found.first_purgeable_day.isoformat() == row["first_purgeable_day"], row["why"]


def test_the_golden_file_is_whole() -> None:
    assert len(GOLDEN) == 41


# --- every day, by walking ---------------------------------------------------------------------------------------


def test_every_start_day_from_1950_to_2070_agrees_with_a_walk_over_the_days() -> None:
    rules = {years: jp(Period(12 * years)) for years in range(1, 11)}
    # A leap day that meets another, and the period of the notice: enough for the other conventions.
    others = {(c, years): Rule(c, Period(12 * years), TOKYO) for c in (EU, ANNIVERSARY) for years in (4, 5)}
    seen, wrong = 0, []
    for start, years, last_jp, last_eu, last_anniversary in walk(1950, 2070, 10):
        day = date(*start)
        found = rules[years].deadline(day, EXCLUSIVE)
        seen += 1
        if found.last_retained_day != date(*last_jp) or found.first_purgeable_day != date(*last_jp) + DAY:
            wrong.append((start, years, found))
        if years not in (4, 5):
            continue
        for convention, last in ((EU, last_eu), (ANNIVERSARY, last_anniversary)):
            found = others[convention, years].deadline(day, EXCLUSIVE)
            if found.last_retained_day != date(*last) or found.first_purgeable_day != date(*last) + DAY:
                wrong.append((start, years, found))
    assert wrong == []
    assert seen == 10 * (date(2071, 1, 1) - date(1950, 1, 1)).days


def test_every_start_day_of_eight_years_agrees_with_a_walk_over_the_months() -> None:
    for start, months, last_jp, last_eu, last_anniversary in walk(2019, 2026, 30, monthly=True):
        for convention, last in ((JP, last_jp), (EU, last_eu), (ANNIVERSARY, last_anniversary)):
            found = Rule(convention, Period(months), TOKYO).deadline(date(*start), EXCLUSIVE)
            assert found.last_retained_day == date(*last), (convention, start, months)


@pytest.mark.parametrize("days", [1, 2, 14, 90, 366])
def test_a_period_in_days_keeps_as_many_whole_days_as_it_says(days: int) -> None:
    start = date(2024, 2, 20)
    for convention, first_counted in ((JP, start), (EU, start + DAY), (ANNIVERSARY, start)):
        found = Rule(convention, Period(days=days), TOKYO).deadline(start, EXCLUSIVE)
        kept = [d for d in range(-3, 400) if first_counted <= start + d * DAY <= found.last_retained_day]
        assert len(kept) == days
        assert found.first_purgeable_day == found.last_retained_day + DAY


YEARS = [date(2015, 1, 1) + n * DAY for n in range((date(2027, 1, 1) - date(2015, 1, 1)).days)]
NIGHTS = [date(2019, 12, 1) + n * DAY for n in range((date(2031, 12, 31) - date(2019, 12, 1)).days)]


@pytest.fixture(scope="module")
def walked() -> dict[Convention, dict[date, date]]:
    """The first purgeable day of each start day, five years on, by the walk."""
    first: dict[Convention, dict[date, date]] = {c: {} for c in Convention}
    for start, years, *lasts in walk(2014, 2028, 5):
        if years == 5:
            for convention, last in zip((JP, EU, ANNIVERSARY), lasts, strict=True):
                first[convention][date(*start)] = date(*last) + DAY
    return first


@pytest.mark.parametrize("convention", Convention)
@pytest.mark.parametrize("reading", [EXACT, WITHIN, INCLUSIVE, EXCLUSIVE], ids=["exact", "within", "incl", "excl"])
def test_due_and_over_are_one_comparison_for_every_pair_of_end_and_night(
    convention: Convention, reading: Reading, walked: dict[Convention, dict[date, date]]
) -> None:
    ends: list[date] = []
    starts: list[date] = []
    for day in YEARS:
        if reading.kind is not Kind.INSTANT:
            ends.append(day)
            starts.append(day + DAY if convention is JP and reading.kind is Kind.INCLUSIVE_DATE else day)
            continue
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=9)
        ends += [midnight, midnight + TICK, midnight + DAY / 2, midnight + DAY - TICK]
        at_midnight = day if reading.midnights_exact else day + DAY
        starts += [at_midnight, day + DAY, day + DAY, day + DAY] if convention is JP else [day] * 4
    first_purgeable = [walked[convention][start] for start in starts]
    rule = Rule(convention, FIVE_YEARS, TOKYO)
    found = [rule.deadline(end, reading) for end in ends]
    assert [f.start_day for f in found] == starts
    assert [f.first_purgeable_day for f in found] == first_purgeable
    # Ends, starts and deadlines all rise, so that one count stands for every pair with this night.
    assert ends == sorted(ends)
    assert first_purgeable == sorted(first_purgeable)
    for night in NIGHTS:
        assert count_covered(ends, rule.due(night, reading)) == bisect_right(first_purgeable, night), night
        assert count_covered(ends, rule.over(night, reading)) == bisect_right(starts, night), night


def count_covered(ends: list[date], bound: Bound) -> int:
    count = (bisect_right if bound.inclusive else bisect_left)(ends, bound.value)
    assert all(bound.covers(end) for end in ends[max(0, count - 2) : count])
    assert not any(bound.covers(end) for end in ends[count : count + 2])
    return count


# --- the words of the law ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "period", "rule"),
    [
        ("2019-03-10T12:00:00", "P5Y", "Civil Code art. 140, 143(2)"),
        ("2019-03-10T00:00:00", "P5Y", "Civil Code art. 140 proviso, 143(2)"),
        ("2020-02-28T12:00:00", "P5Y", "Civil Code art. 140, 143(2) proviso"),
        ("2020-02-29T00:00:00", "P5Y", "Civil Code art. 140 proviso, 143(2) proviso"),
        ("2020-02-28T12:00:00", "P4Y", "Civil Code art. 140, 143(2)"),
        ("2023-12-31T23:59:59", "P5Y", "Civil Code art. 140, 143(1)"),
        ("2024-01-01T00:00:00", "P5Y", "Civil Code art. 140 proviso, 143(1)"),
        ("2024-01-31T12:00:00", "P5Y", "Civil Code art. 140, 143(2)"),
        ("2024-01-31T12:00:00", "P6M", "Civil Code art. 140, 143(1)"),
        ("2024-01-30T12:00:00", "P1M", "Civil Code art. 140, 143(2) proviso"),
        ("2024-01-01T00:00:00", "P90D", "Civil Code art. 140 proviso, 141"),
    ],
)
def test_the_article_that_decided_is_named(end: str, period: str, rule: str) -> None:
    assert jp(Period.parse(period)).deadline(tokyo(end), EXACT).rule == rule


def test_the_other_conventions_name_their_clause() -> None:
    end = tokyo("2020-02-29T12:00:00")
    assert Rule(EU, FIVE_YEARS, BERLIN).deadline(end, EXACT).rule == "Regulation 1182/71 art. 3(2)(c)"
    assert Rule(EU, Period(days=9), BERLIN).deadline(end, EXACT).rule == "Regulation 1182/71 art. 3(2)(b)"
    assert Rule(ANNIVERSARY, FIVE_YEARS, BERLIN).deadline(end, EXACT).rule == "anniversary"


def test_dates_say_whether_their_own_day_counts() -> None:
    day = date(2019, 2, 28)
    within, at_its_start = jp().deadline(day, INCLUSIVE), jp().deadline(day, EXCLUSIVE)
    assert (within.start_day, within.rule) == (date(2019, 3, 1), "Civil Code art. 140, 143(2)")
    assert (at_its_start.start_day, at_its_start.rule) == (day, "Civil Code art. 140 proviso, 143(2)")


def test_a_midnight_that_may_be_a_cast_date_is_read_as_within_its_day() -> None:
    end = tokyo("2019-02-28T00:00:00")
    assert jp().deadline(end, EXACT).first_purgeable_day == date(2024, 2, 28)
    within = jp().deadline(end, WITHIN)
    assert (within.first_purgeable_day, within.rule) == (date(2024, 3, 1), "Civil Code art. 140, 143(2)")
    assert jp().deadline(end - TICK, WITHIN).first_purgeable_day == date(2024, 2, 28)


def test_the_bound_of_a_night_carries_its_own_comparison() -> None:
    night = date(2026, 11, 24)
    assert jp().due(night, EXACT) == Bound(tokyo("2021-11-24T00:00:00"), True)
    assert jp().due(night, WITHIN) == Bound(tokyo("2021-11-24T00:00:00"), False)
    assert Rule(EU, FIVE_YEARS, TOKYO).due(night, EXACT) == Bound(tokyo("2021-11-24T00:00:00"), False)
    assert Rule(ANNIVERSARY, FIVE_YEARS, TOKYO).due(night, EXACT) == Bound(tokyo("2021-11-25T00:00:00"), False)
    assert jp().due(night, INCLUSIVE) == Bound(date(2021, 11, 23), True)
    assert jp().due(night, EXCLUSIVE) == Bound(date(2021, 11, 24), True)


def test_active_is_what_the_design_says() -> None:
    night = date(2026, 11, 24)
    assert jp().over(night, EXACT) == Bound(tokyo("2026-11-24T00:00:00"), True)
    assert jp().over(night, WITHIN) == Bound(tokyo("2026-11-24T00:00:00"), False)
    assert jp().over(night, INCLUSIVE) == Bound(date(2026, 11, 23), True)
    assert jp().over(night, EXCLUSIVE) == Bound(night, True)
    for convention in (EU, ANNIVERSARY):
        rule = Rule(convention, FIVE_YEARS, TOKYO)
        assert rule.over(night, EXACT) == Bound(tokyo("2026-11-25T00:00:00"), False)
        assert rule.over(night, INCLUSIVE) == rule.over(night, EXCLUSIVE) == Bound(night, True)


def test_a_bound_covers_its_own_value_only_where_it_is_inclusive() -> None:
    value = datetime(2021, 1, 1, tzinfo=UTC)
    assert Bound(value, True).covers(value)
    assert not Bound(value, False).covers(value)
    assert Bound(value, False).covers(value - TICK)
    assert not Bound(value, True).covers(value + TICK)


@pytest.mark.parametrize(
    ("end", "reading", "says"),
    [
        (date(2021, 1, 1), EXACT, "no time of day"),
        (datetime(2021, 1, 1), EXACT, "needs a zone"),
        (datetime(2021, 1, 1, tzinfo=UTC), Reading(zone=TOKYO), "has an offset"),
        (datetime(2021, 1, 1), INCLUSIVE, "does not fit kind inclusive-date"),
        (datetime(2021, 1, 1, tzinfo=UTC), EXCLUSIVE, "does not fit kind exclusive-date"),
        (date(9999, 6, 1), INCLUSIVE, "beyond 9999"),
        (date.max, INCLUSIVE, "beyond 9999"),
        (datetime.max, Reading(zone=BERLIN), "beyond 9999"),
        (datetime.max.replace(tzinfo=ZoneInfo("America/New_York")), EXACT, "beyond 9999"),
    ],
)
@pytest.mark.parametrize("convention", Convention)
def test_a_value_that_does_not_fit_its_reading_says_why(
    convention: Convention, end: date, reading: Reading, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        Rule(convention, FIVE_YEARS, TOKYO).deadline(end, reading)


# --- clocks ------------------------------------------------------------------------------------------------------

STRANGE_DAYS = [
    ("America/Sao_Paulo", date(2018, 11, 4)),  # midnight skipped
    ("America/Sao_Paulo", date(2018, 2, 18)),  # 23:00 repeated
    ("Africa/Cairo", date(2023, 4, 28)),
    ("Africa/Cairo", date(2014, 5, 16)),
    ("Asia/Beirut", date(2023, 3, 30)),
    ("Asia/Beirut", date(2022, 10, 30)),
    ("Pacific/Apia", date(2011, 12, 30)),  # a date left out
    ("Pacific/Kwajalein", date(1969, 9, 30)),  # a date repeated
    ("Pacific/Kwajalein", date(1993, 8, 21)),
    ("America/Scoresbysund", date(2024, 3, 31)),
    ("Asia/Manila", date(1844, 12, 31)),
    ("America/Sitka", date(1867, 10, 19)),
    ("Atlantic/Azores", date(2024, 3, 31)),
    ("Atlantic/Azores", date(2024, 10, 27)),
    ("Antarctica/Casey", date(2010, 3, 5)),  # 02:00 back to 23:00
    ("America/St_Johns", date(2008, 11, 2)),  # 00:01 back to 23:01
    ("America/St_Johns", date(2009, 3, 8)),
    ("Asia/Tokyo", date(1949, 4, 3)),
    ("Asia/Tokyo", date(1950, 9, 10)),
    ("Australia/Lord_Howe", date(2024, 4, 7)),
]


def clock(zone: ZoneInfo, around: date) -> list[tuple[datetime, date]]:
    """Every date seen within four days of `around`, with the second at which it was first seen."""
    seen: dict[date, datetime] = {}
    first = datetime(around.year, around.month, around.day, tzinfo=UTC) - 4 * DAY
    previous = first
    for minute in range(8 * 1440):
        instant = first + timedelta(minutes=minute)
        if instant.astimezone(zone).date() not in seen:
            for second in range(1, 61):
                at = previous + timedelta(seconds=second)
                seen.setdefault(at.astimezone(zone).date(), at)
        previous = instant
    return sorted((at, day) for day, at in seen.items())[1:]


@pytest.mark.parametrize(("name", "day"), STRANGE_DAYS, ids=str)
def test_days_begin_when_the_clock_first_shows_them(name: str, day: date) -> None:
    zone = ZoneInfo(name)
    seen = clock(zone, day)
    dates = [shown for _, shown in seen]
    for at, shown in seen:
        assert start_of_day(shown, zone) == at
    for left_out in (d for d in (day - DAY, day, day + DAY) if d not in dates):
        assert start_of_day(left_out, zone) == min(at for at, shown in seen if shown > left_out)


@pytest.mark.parametrize(("name", "day"), STRANGE_DAYS, ids=str)
@pytest.mark.parametrize("exact", [True, False])
def test_the_start_day_is_found_among_the_days_that_the_clock_showed(name: str, day: date, exact: bool) -> None:
    zone = ZoneInfo(name)
    seen = clock(zone, day)
    begins, dates = [at for at, _ in seen], [shown for _, shown in seen]
    ends = [at + d for at in begins for d in (-TICK, timedelta(0), TICK)]
    ends += [begins[1] + timedelta(minutes=n) for n in range(0, 4320, 17)]
    for end in (e for e in ends if begins[1] < e < begins[-2]):
        s = dates[(bisect_left if exact else bisect_right)(begins, end)]
        e = dates[bisect_right(begins, end) - 1]
        reading = Reading(midnights_exact=exact)
        counted = {c: Rule(c, Period(days=1), zone).deadline(end, reading) for c in Convention}
        assert {c: f.start_day for c, f in counted.items()} == {JP: s, EU: e, ANNIVERSARY: e}, end
        assert ("proviso" in counted[JP].rule) == (exact and end in begins)


def test_a_date_that_the_zone_left_out_is_never_a_start_day() -> None:
    rule, left_out = jp(zone=APIA), date(2011, 12, 30)
    assert rule.deadline(left_out - DAY, INCLUSIVE).start_day == left_out + DAY
    assert rule.deadline(left_out, INCLUSIVE).start_day == left_out + DAY
    assert rule.deadline(left_out, EXCLUSIVE).start_day == left_out + DAY
    assert Rule(EU, FIVE_YEARS, APIA).deadline(left_out, INCLUSIVE).start_day == left_out + DAY


@pytest.mark.parametrize("name", ["Asia/Tokyo", "America/New_York", "UTC", "Pacific/Kiritimati"])
def test_the_ends_of_the_calendar_crash_nothing(name: str) -> None:
    zone = ZoneInfo(name)
    assert start_of_day(date.min, zone) < start_of_day(date(1, 1, 2), zone)
    assert start_of_day(date(9999, 12, 30), zone) < start_of_day(date.max, zone)
    for naive in (datetime.min, datetime.max):
        assert abs(resolve(naive, zone) - naive.replace(tzinfo=UTC)) <= DAY
        assert not is_skipped(naive, zone)
    for convention in Convention:
        rule = Rule(convention, FIVE_YEARS, zone)
        for reading in (
            EXACT,
            WITHIN,
            INCLUSIVE,
            EXCLUSIVE,
            Reading(zone=zone, midnights_exact=True),
            Reading(zone=zone),
        ):
            for night in (date.min, date(5, 12, 31)):
                assert not rule.due(night, reading).covers(latest_of(reading))
                assert not rule.due(night, reading).covers(earliest_of(reading))
            assert rule.due(date.max, reading).covers(rule.due(date(9990, 1, 1), reading).value)
            assert not rule.over(date(9999, 12, 30), reading).covers(latest_of(reading))
            assert rule.over(date(9999, 12, 30), reading).covers(rule.over(date(9999, 12, 28), reading).value)
            assert rule.over(date.max, reading).covers(rule.over(date(9999, 12, 28), reading).value)
        for end in (datetime.min.replace(tzinfo=zone), datetime.min.replace(tzinfo=UTC)):
            assert rule.deadline(end, EXACT).start_day <= date(1, 1, 2)


def test_a_bound_before_the_first_local_time_covers_none() -> None:
    new_york = Reading(zone=ZoneInfo("America/New_York"), midnights_exact=True)
    assert jp().over(date.min, new_york) == Bound(datetime.min, False)


def latest_of(reading: Reading) -> date:
    if reading.kind is not Kind.INSTANT:
        return date.max
    return datetime.max if reading.zone else datetime.max.replace(tzinfo=UTC)


def earliest_of(reading: Reading) -> date:
    if reading.kind is not Kind.INSTANT:
        return date.min
    return datetime.min if reading.zone else datetime.min.replace(tzinfo=UTC)


# --- local times without an offset -------------------------------------------------------------------------------


def test_a_repeated_local_time_is_read_as_its_later_pass() -> None:
    assert resolve(datetime(2019, 10, 27, 2, 30), BERLIN) == datetime(2019, 10, 27, 1, 30, tzinfo=UTC)
    assert resolve(datetime(2019, 10, 27, 2, 30, fold=1), BERLIN) == datetime(2019, 10, 27, 1, 30, tzinfo=UTC)
    assert resolve(datetime(2019, 10, 27, 1, 59, 59), BERLIN) == datetime(2019, 10, 26, 23, 59, 59, tzinfo=UTC)
    assert not is_skipped(datetime(2019, 10, 27, 2, 30), BERLIN)


def test_a_skipped_local_time_is_read_as_the_first_instant_after_the_gap() -> None:
    after = datetime(2019, 3, 31, 1, tzinfo=UTC)
    for minute in (0, 30, 59):
        assert resolve(datetime(2019, 3, 31, 2, minute), BERLIN) == after
        assert resolve(datetime(2019, 3, 31, 2, minute, 7, 1, fold=1), BERLIN) == after
        assert is_skipped(datetime(2019, 3, 31, 2, minute), BERLIN)
    assert resolve(datetime(2019, 3, 31, 3), BERLIN) == after
    assert not is_skipped(datetime(2019, 3, 31, 3), BERLIN)
    assert not is_skipped(datetime(2019, 3, 31, 2) - TICK, BERLIN)
    assert resolve(datetime(2011, 12, 30, 12), APIA) == datetime(2011, 12, 30, 10, tzinfo=UTC)


def test_an_aware_value_is_no_local_time() -> None:
    with pytest.raises(ValueError, match="naive"):
        resolve(datetime(2021, 1, 1, tzinfo=UTC), TOKYO)


AROUND = [date(2019, 3, 31), date(2019, 10, 27), date(2018, 11, 4), date(2018, 2, 18), date(2011, 12, 30)]


@pytest.mark.parametrize("policy", ["UTC", "Atlantic/Cape_Verde", "America/Sao_Paulo", "Asia/Tokyo", "Pacific/Apia"])
@pytest.mark.parametrize(
    "column", ["Europe/Berlin", "America/Sao_Paulo", "UTC", "Asia/Tokyo", "Pacific/Apia", "America/New_York"]
)
@pytest.mark.parametrize("convention", Convention)
def test_a_naive_column_is_due_exactly_where_its_own_deadline_says_so(
    policy: str, column: str, convention: Convention
) -> None:
    rule = Rule(convention, Period(days=40), ZoneInfo(policy))
    for exact in (True, False):
        reading = Reading(zone=ZoneInfo(column), midnights_exact=exact)
        for day in AROUND:
            noon = datetime(day.year, day.month, day.day, 12)
            ends = [noon + timedelta(minutes=30 * n) for n in range(-80, 80)]
            found = {end: rule.deadline(end, reading) for end in ends}
            for night in (day + n * DAY for n in range(39, 43)):
                bound = rule.due(night, reading)
                assert isinstance(bound.value, datetime)
                assert bound.value.tzinfo is None
                for near in (bound.value - TICK, bound.value, bound.value + TICK):
                    found.setdefault(near, rule.deadline(near, reading))
                for end, counted in found.items():
                    assert bound.covers(end) == (counted.first_purgeable_day <= night), (end, night)
            for night in (day - DAY, day, day + DAY):
                ahead = rule.over(night, reading)
                for end, counted in found.items():
                    assert ahead.covers(end) == (counted.start_day <= night), (end, night)


def test_a_repeated_hour_on_both_sides_of_the_bound_is_kept_whole() -> None:
    rule = jp(Period(days=1), ZoneInfo("UTC"))
    bound = rule.due(date(2019, 10, 28), Reading(zone=BERLIN, midnights_exact=True))
    assert bound == Bound(datetime(2019, 10, 27, 2), False)


def test_a_bound_at_the_end_of_a_gap_takes_the_skipped_times_with_it() -> None:
    rule = jp(Period(days=1), ZoneInfo("Atlantic/Cape_Verde"))
    night = date(2019, 4, 1)
    assert rule.due(night, Reading(zone=BERLIN, midnights_exact=True)) == Bound(datetime(2019, 3, 31, 3), True)
    assert rule.due(night, Reading(zone=BERLIN)) == Bound(datetime(2019, 3, 31, 2), False)


# --- properties --------------------------------------------------------------------------------------------------

ZONES = st.sampled_from(sorted({name for name, _ in STRANGE_DAYS} | {"UTC", "Europe/London"})).map(ZoneInfo)
PERIODS = st.one_of(
    st.integers(1, 600).map(lambda n: Period(months=n)), st.integers(1, 4000).map(lambda n: Period(days=n))
)
RULES = st.builds(Rule, st.sampled_from(Convention), PERIODS, ZONES)
INSTANTS = st.datetimes(datetime(1840, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
NIGHT = st.dates(date(1840, 1, 1), date(2300, 1, 1))


@given(RULES, INSTANTS, INSTANTS, st.booleans())
def test_a_later_end_never_has_an_earlier_deadline(rule: Rule, one: datetime, two: datetime, exact: bool) -> None:
    reading = Reading(midnights_exact=exact)
    first, second = (rule.deadline(end, reading) for end in sorted((one, two)))
    assert first.start_day <= second.start_day
    assert first.first_purgeable_day <= second.first_purgeable_day


@given(RULES, INSTANTS, st.booleans())
@settings(deadline=None)
def test_the_night_before_the_first_purgeable_day_keeps_and_that_day_does_not(
    rule: Rule, end: datetime, exact: bool
) -> None:
    reading = Reading(midnights_exact=exact)
    counted = rule.deadline(end, reading)
    assert counted.start_day < counted.first_purgeable_day
    assert rule.due(counted.first_purgeable_day, reading).covers(end)
    assert not rule.due(counted.last_retained_day, reading).covers(end)
    assert rule.over(counted.start_day, reading).covers(end)
    assert not rule.over(counted.start_day - DAY, reading).covers(end)


@given(RULES, st.dates(date(1840, 1, 1), date(2200, 1, 1)), st.sampled_from([INCLUSIVE, EXCLUSIVE]))
@settings(deadline=None)
def test_dates_turn_due_on_their_own_first_purgeable_day(rule: Rule, end: date, reading: Reading) -> None:
    counted = rule.deadline(end, reading)
    assert rule.due(counted.first_purgeable_day, reading).covers(end)
    assert not rule.due(counted.last_retained_day, reading).covers(end)


@given(RULES, NIGHT, NIGHT, st.booleans())
@settings(deadline=None)
def test_a_later_night_never_has_an_earlier_bound(rule: Rule, one: date, two: date, exact: bool) -> None:
    reading = Reading(midnights_exact=exact)
    first, second = (rule.due(night, reading).value for night in sorted((one, two)))
    assert first <= second
    assert second <= rule.over(max(one, two), reading).value


@given(INSTANTS.map(lambda i: i.replace(tzinfo=None)), st.timedeltas(timedelta(0), 3 * DAY), ZONES)
def test_resolving_keeps_the_order_of_local_times(naive: datetime, later: timedelta, zone: ZoneInfo) -> None:
    assert resolve(naive, zone) <= resolve(naive + later, zone)


# --- periods as text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "months", "days", "canonical"),
    [
        ("P5Y", 60, 0, "P5Y"),
        ("P18M", 18, 0, "P1Y6M"),
        ("P1Y6M", 18, 0, "P1Y6M"),
        ("P11M", 11, 0, "P11M"),
        ("P90D", 0, 90, "P90D"),
        ("P2W", 0, 14, "P14D"),
        ("P1000Y", 12000, 0, "P1000Y"),
        ("P365250D", 0, 365250, "P365250D"),
    ],
)
def test_a_period_is_read_and_shown(text: str, months: int, days: int, canonical: str) -> None:
    period = Period.parse(text)
    assert (period.months, period.days, str(period)) == (months, days, canonical)
    assert Period.parse(canonical) == period


@pytest.mark.parametrize(
    "text",
    [
        *("", "P", "5Y", "P5", "P0Y", "P0D", "P0W", "P-5Y", "-P5Y", "+P5Y", "p5y", "P5Y ", " P5Y", "P5Y\n", "P1Y1D"),
        *("P1M2W", "P1W1D", "P1.5Y", "P1,5Y", "PT5H", "P5YT0S", "P6M1Y", "P\uff15Y", "P\u0665Y", "P1001Y", "P1000Y1M"),
        *("P12001M", "P365251D", "P52179W", "P99999Y", "P9999999D", "P" + "9" * 5000 + "D"),
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_what_is_no_period_is_refused_with_a_cure(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Period.parse(text)
    assert caught.value.code == "period"
    assert "at most 1000 years" in caught.value.cause
    assert "P5Y" in caught.value.cure


@pytest.mark.parametrize(
    ("months", "days"), [(0, 0), (-1, 0), (0, -1), (1, 1), (-1, 30), (12, -1), (12001, 0), (0, 365251)]
)
def test_a_period_that_cannot_be_is_refused_however_it_is_made(months: int, days: int) -> None:
    with pytest.raises(ConfigError):
        Period(months, days)


@given(PERIODS)
def test_the_shown_period_is_read_back(period: Period) -> None:
    assert Period.parse(str(period)) == period
