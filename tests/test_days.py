"""The nights as a calendar: gaps are no zeros, several runs of a day are one night, a look back fills no night in time."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from past_runs import counted, nights, past, uncounted

from carddata_retention.history import History
from carddata_retention.model import State
from carddata_retention.report.days import Gap, Tally, calendar, gaps, tally


def told(*runs):
    return calendar(History(runs))


def on(day):
    return date(2026, 3, day)


def test_a_day_without_a_completed_run_is_missed_and_has_no_numbers():
    days = told(past(1, on(1)), past(2, on(4))).days
    assert [day.day for day in days] == [on(1), on(2), on(3), on(4)]
    assert [day.tone for day in days] == ["ok", "miss", "miss", "ok"]
    assert [day.purged for day in days] == [5, None, None, 5]
    assert days[1].count("undetermined") is None
    assert gaps(days) == (Gap(on(2), on(3), 2),)


def test_every_stretch_of_missed_nights_is_one_gap():
    history = nights(on(1), on(12), without=[on(3), on(5), on(6), on(11)])
    assert gaps(calendar(history).days) == (
        Gap(on(3), on(3), 1), Gap(on(5), on(6), 2), Gap(on(11), on(11), 1))


def test_a_leap_day_is_a_night_like_any_other():
    days = calendar(nights(date(2024, 2, 27), date(2024, 3, 1), without=[date(2024, 2, 29)])).days
    assert [str(day.day) for day in days if not day.runs] == ["2024-02-29"]


def test_scheduled_nights_are_passed_attention_failed_and_missed():
    days = told(past(1, on(1)), past(2, on(2), State.INCOMPLETE), past(3, on(3), State.FAILED),
                past(4, on(4), State.BLIND), past(5, on(6), State.REFUSED)).days
    assert tally(days) == Tally(scheduled=6, passed=1, attention=2, failed=2, missed=1)


def test_the_last_run_of_a_day_concludes_it_its_removals_add_up_and_the_worst_stays_visible():
    day = told(past(1, on(1), State.FAILED, counted(purged=3, left=4, undetermined=7)),
               past(2, on(1), State.CLEAN, counted(purged=4, undetermined=8))).days[0]
    assert (day.tone, day.worst, day.purged) == ("ok", "bad", 7)
    assert (day.count("remaining_due"), day.count("undetermined")) == (0, 8)


def test_removals_that_were_not_counted_are_no_zero_beside_those_that_were():
    blind, seen = past(1, on(1), State.BLIND, uncounted()), past(2, on(1), State.CLEAN, counted(purged=4))
    assert told(blind).days[0].purged is None
    assert told(blind, seen).days[0].purged == 4


@pytest.mark.parametrize(("late", "tone", "said"), [(0, "ok", 0), (1, "ok", 0), (2, "att", 2), (31, "att", 31)])
def test_a_night_that_is_made_up_for_later_asks_for_a_look(late, tone, said):
    days = told(past(1, on(1)), past(2, on(3)), past(3, on(2), late=late)).days
    assert (days[1].tone, days[1].days_late) == (tone, said)


def test_a_second_look_at_an_old_day_does_not_make_its_night_late():
    days = told(past(1, on(1)), past(2, on(2)), past(3, on(1), late=9)).days
    assert (days[0].tone, days[0].days_late, len(days[0].runs)) == ("ok", 0, 2)


def test_a_failed_night_stays_failed_however_late_it_was():
    assert told(past(1, on(1), State.FAILED, late=5)).days[0].tone == "bad"


def test_a_run_by_an_earlier_day_neither_ends_the_calendar_nor_begins_it():
    old = replace(past(3, date(2020, 1, 1), late=0), began_on=on(3))
    found = told(past(1, on(1)), past(2, on(3)), old)
    assert [day.day for day in found.days] == [on(1), on(2), on(3)]
    assert found.apart == (old,)


def test_a_run_by_a_day_that_had_not_come_widens_nothing():
    ahead = replace(past(2, date(2036, 1, 1)), began_on=on(2))
    found = told(past(1, on(1)), ahead)
    assert ([day.day for day in found.days], found.apart) == ([on(1)], (ahead,))


def test_a_plan_that_waited_for_its_approval_is_the_first_night():
    found = told(past(1, on(1), late=3), past(2, on(4)))
    assert (found.days[0].day, found.days[0].tone, found.apart) == (on(1), "att", ())


@pytest.mark.parametrize(("late", "first"), [(31, 1), (32, 20)])
def test_a_plan_may_wait_a_month_and_no_day_longer(late, first):
    assert told(past(1, on(1), late=late), past(2, on(20))).days[0].day == on(first)


def test_a_ledger_of_distant_days_alone_is_told_by_them():
    old = replace(past(1, on(1)), began_on=on(1) + timedelta(days=90))
    assert [day.day for day in told(old).days] == [on(1)]


def test_a_ledger_without_a_run_has_no_night():
    assert calendar(History()).days == ()
    assert list(calendar(History()).between(on(1), on(9))) == []


def test_nights_after_the_last_one_are_missed_and_those_before_the_first_were_never_scheduled():
    days = list(told(past(1, on(3)), past(2, on(4))).between(on(1), on(6)))
    assert [(day.day.day, bool(day.runs)) for day in days] == [(3, True), (4, True), (5, False), (6, False)]
