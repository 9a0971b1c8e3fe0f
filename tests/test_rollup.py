"""Roll-ups read like ledgers: nights in, conclusions out; each total foots, each interval is counted in days."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from past_runs import counted, nights, past, uncounted

from carddata_retention.history import History
from carddata_retention.model import Disposition, State
from carddata_retention.report.days import tally
from carddata_retention.report.rollforward import roll_forward
from carddata_retention.report.rollup import (
    MOST_DAYS_BETWEEN,
    ChainState,
    RollUp,
    months,
    periods_since,
    roll_up,
    timeline,
)
from carddata_retention.reporting_period import PeriodKind, ReportingPeriod

WELL = ChainState(9)
LATER = date(2027, 1, 15)


def rolled(period: str, history: History, today: date = LATER, chain: ChainState = WELL) -> RollUp:
    return roll_up(timeline(history), ReportingPeriod.parse(period), today, chain)


def on(month: int, day: int) -> date:
    return date(2026, month, day)


def test_a_month_of_clean_nights_passes_and_foots():
    found = rolled("2026-11", nights(on(10, 25), on(12, 3)))
    assert found.nights.nights == (30, 30, 0, 0, 0)
    assert (found.nights.tone, found.nights.purged, found.over, found.held) == ("ok", 150, True, True)
    assert (found.nights.longest_interval, found.nights.open_days) == (1, 0)
    assert [v.run.ended_on for v in found.nights.verifications] == [on(11, d) for d in range(1, 31)]
    assert {v.interval_days for v in found.nights.verifications} == {1}


def test_a_missed_night_asks_for_attention():
    found = rolled("2026-11", nights(on(10, 25), on(12, 3), without=[on(11, 7)]))
    assert found.nights.nights == (30, 29, 0, 0, 1)
    assert (found.nights.tone, found.nights.gaps_tone, found.nights.nights_tone) == ("att", "att", "ok")
    assert found.nights.longest_interval == 2


def test_nights_that_stopped_before_the_end_of_the_period_are_missed():
    found = rolled("2026-11", nights(on(11, 1), on(11, 24)))
    assert found.nights.nights == (30, 24, 0, 0, 6)
    assert (found.nights.open_days, found.nights.longest_interval) == (6, 6)


def test_a_period_that_is_not_over_is_told_up_to_today_and_tonight_is_not_missed_yet():
    history = nights(on(11, 1), on(11, 23))
    before, after = rolled("2026-11", history, on(11, 24)), rolled("2026-11", history, on(11, 25))
    assert (before.over, before.nights.until, before.nights.nights) == (False, on(11, 24), (23, 23, 0, 0, 0))
    assert after.nights.nights == (24, 23, 0, 0, 1)
    assert rolled("2026-11", nights(on(11, 1), on(11, 24)), on(11, 24)).nights.nights.scheduled == 24


@pytest.mark.parametrize(("today", "over"), [(on(11, 30), False), (on(12, 1), True)])
def test_a_period_is_over_on_the_day_after_its_last(today, over):
    assert rolled("2026-11", nights(on(11, 1), on(11, 30)), today).over is over


def test_days_before_the_first_night_were_not_scheduled():
    found = rolled("2026", nights(on(11, 29), on(12, 31)))
    assert found.nights.nights.scheduled == 33
    assert found.nights.verifications[0].interval_days is None


def test_a_failed_night_that_was_made_good_asks_for_attention_and_a_failed_end_fails():
    good = nights(on(11, 1), on(11, 30)).runs
    mended = History((*good[:9], past(10, on(11, 10), State.FAILED), *good[10:]))
    assert rolled("2026-11", mended).nights.tone == "att"
    ended = History((*good[:29], past(30, on(11, 30), State.FAILED)))
    assert rolled("2026-11", ended).nights.tone == "bad"


def test_a_broken_chain_fails_whatever_the_nights_were():
    history = nights(on(11, 1), on(11, 30))
    assert rolled("2026-11", history, chain=ChainState(None, "broken")).nights.tone == "bad"
    assert rolled("2026-11", history, chain=ChainState(None)).nights.chain_tone == "na"


@pytest.mark.parametrize(("days", "tone"), [(MOST_DAYS_BETWEEN, "ok"), (MOST_DAYS_BETWEEN + 1, "bad")])
def test_verifications_lie_at_most_ninety_two_days_apart(days, tone):
    first = on(8, 20) - timedelta(days=days)
    found = rolled("2026-Q3", History((past(1, first), *nights(on(8, 20), on(9, 30), number=2).runs)))
    assert (found.nights.interval_tone, found.nights.longest_interval) == (tone, days)


@pytest.mark.parametrize(("last", "tone"), [(on(6, 30), "ok"), (on(6, 29), "bad")])
def test_the_days_since_the_last_verification_count_too(last, tone):
    """A run that could not count every target verifies nothing."""
    blind = past(2, on(9, 30), State.BLIND, counted(), uncounted("payments"))
    found = rolled("2026-Q3", History((past(1, last), blind)))
    assert (found.nights.interval_tone, found.nights.verifications) == (tone, ())
    assert found.nights.open_days == (on(9, 30) - last).days


def test_without_any_verification_ever_the_interval_fails():
    found = rolled("2026-Q3", History((past(1, on(9, 30), State.BLIND),)))
    assert (found.nights.longest_interval, found.nights.interval_tone) == (None, "bad")


def test_a_verification_counts_on_the_day_on_which_its_look_was_taken():
    """A run that judges by an old day proves nothing about that day."""
    late = past(3, on(6, 30), late=20)
    history = History((past(1, on(6, 1)), past(2, on(7, 10)), late))
    assert [v.run.number for v in rolled("2026-Q2", history).nights.verifications] == [1]
    found = rolled("2026-Q3", history)
    assert [(v.run.number, v.interval_days) for v in found.nights.verifications] == [(2, 39), (3, 10)]


def test_intervals_follow_the_clock_and_not_the_judged_days():
    history = History((past(1, on(7, 1)), past(2, on(7, 9)), past(3, on(7, 2), late=9)))
    assert [v.interval_days for v in rolled("2026-Q3", history).nights.verifications] == [None, 8, 2]


def test_a_quarter_is_the_sum_of_its_months_and_a_year_that_of_its_quarters():
    history = nights(date(2025, 12, 20), on(12, 31), without=[on(2, 28), on(3, 1), on(7, 19)])
    known = timeline(history)

    def of(period: str) -> RollUp:
        return roll_up(known, ReportingPeriod.parse(period), LATER, WELL)

    for whole, parts in (("2026-Q1", ["2026-01", "2026-02", "2026-03"]), ("2026", [f"2026-Q{q}" for q in (1, 2, 3, 4)])):
        found, inside = of(whole), [of(part) for part in parts]
        assert tuple(found.nights.nights) == tuple(map(sum, zip(*(p.nights.nights for p in inside), strict=True)))
        assert found.nights.purged == sum(p.nights.purged for p in inside)
        assert len(found.nights.verifications) == sum(len(p.nights.verifications) for p in inside)
    assert of("2026").nights.nights.missed == 3
    for today, begun in ((on(3, 4), [1, 2, 3]), (on(3, 1), [1, 2, 3]), (on(2, 28), [1, 2])):
        assert [m.period.first.month for m in months(known, ReportingPeriod.parse("2026"), today)] == begun
    assert [str(m.period) for m in months(known, ReportingPeriod.parse("2025"), LATER)] == ["2025-12"]


def test_a_month_without_any_night_is_all_gap():
    history = History((past(1, on(1, 31)), past(2, on(3, 1))))
    found = rolled("2026-02", history)
    assert (found.held, tally(found.nights.days)) == (False, (28, 0, 0, 0, 28))


def test_the_periods_of_a_ledger_go_back_to_its_first_night():
    quarters = periods_since(date(2025, 11, 30), on(4, 1), PeriodKind.QUARTER)
    assert [str(q) for q in quarters] == ["2026-Q2", "2026-Q1", "2025-Q4"]
    assert [str(y) for y in periods_since(date(2024, 1, 1), on(4, 1), PeriodKind.YEAR)] == ["2026", "2025", "2024"]


# Roll-forward: opening + increase − decrease − purged − gone − elsewhere + difference = closing


def forward(*runs, own=None):
    found = roll_forward(runs, frozenset(run.run_id for run in (own or runs)))
    for target in found:
        assert target.closing == (target.opening + target.increase - target.decrease - target.purged - target.gone
                                  - target.elsewhere + target.difference)
    return found


def night(number: int, *targets) -> object:
    return past(number, on(3, number), State.CLEAN, *targets)


def test_the_records_roll_forward_from_the_first_count_to_the_last_recount():
    found, = forward(night(1, counted(held=1000, purged=10)), night(2, counted(held=1005, purged=20)),
                     night(3, counted(held=980, purged=0)))
    assert (found.opening, found.increase, found.decrease, found.purged) == (1000, 15, 5, 30)
    assert (found.difference, found.closing, found.recounted, found.uncounted) == (0, 980, True, 0)


def test_what_a_recount_finds_beside_the_arithmetic_is_the_unexplained_difference():
    found, = forward(night(1, counted(held=1000, purged=10, gap=3)), night(2, counted(held=993, purged=5, gap=-1)))
    assert (found.difference, found.differing, found.increase, found.decrease) == (2, 2, 0, 0)
    assert found.closing == 987


def test_differences_that_cancel_out_are_still_two_runs_that_differed():
    found, = forward(night(1, counted(held=1000, purged=0, gap=4)), night(2, counted(held=1004, purged=0, gap=-4)))
    assert (found.difference, found.differing) == (0, 2)


def test_candidates_that_others_removed_are_told_apart_from_our_own():
    found, = forward(night(1, counted(held=1000, purged=10, gone=2)), night(2, counted(held=988, purged=0)))
    assert (found.purged, found.gone, found.decrease, found.closing) == (10, 2, 0, 988)


def test_a_redacted_record_stays_a_row_but_holds_nothing_any_more():
    redact = Disposition.REDACT
    found, = forward(night(1, counted("payments", held=600, purged=10, blank=40, disposition=redact)),
                     night(2, counted("payments", held=590, purged=5, blank=50, disposition=redact)))
    assert (found.opening, found.purged, found.difference, found.closing) == (600, 15, 0, 585)


def test_a_run_that_could_not_count_is_said_and_bridges_nothing():
    found, = forward(night(1, counted(held=1000, purged=10)), night(2, uncounted()), night(3, counted(held=990)))
    assert (found.uncounted, found.increase, found.decrease, found.closing) == (1, 0, 0, 985)


def test_a_closing_without_a_recount_says_so():
    last = replace(counted(held=990, purged=5), recount=None)
    found, = forward(night(1, counted(held=1000, purged=10)), night(2, last))
    assert (found.recounted, found.closing) == (False, 985)


def test_a_target_that_came_later_opens_later_and_one_that_was_never_counted_is_left_out():
    found = forward(night(1, counted(held=1000, purged=0), uncounted("b")),
                    night(2, counted(held=1000, purged=0), counted("c", held=7, purged=2)))
    assert [(t.target, t.opening, t.closing) for t in found] == [("cards", 1000, 1000), ("c", 7, 5)]


def test_what_runs_of_another_period_removed_in_between_is_its_own_term():
    """A run of December that judges by a day of November."""
    first, between, late = (
        past(1, on(11, 30), State.CLEAN, counted(held=1000, purged=10)),
        past(2, on(12, 1), State.CLEAN, counted(held=990, purged=40, gone=1)),
        past(3, on(11, 29), State.CLEAN, counted(held=949, purged=9), late=3),
    )
    found, = forward(first, between, late, own=(first, late))
    assert (found.purged, found.gone, found.elsewhere, found.decrease, found.closing) == (19, 0, 41, 0, 940)


def test_nothing_rolls_forward_without_a_run():
    assert roll_forward((night(1, counted()),), frozenset()) == ()
