"""The overview of nights and the trends on a night's page: what is not there is drawn as not there."""

import dataclasses
import re
from datetime import date

import pytest
from past_runs import FIRST, WARNED, counted, nights, past
from test_report import BOTH, PAN, PLACES, POLICY
from test_report import night as told

from carddata_retention.errors import RefusedError
from carddata_retention.history import History, Notice
from carddata_retention.model import Severity, State
from carddata_retention.report import form_words, history_words, period_words, sentences, site, words
from carddata_retention.report.days import Day
from carddata_retention.report.grid import Pages, steps
from carddata_retention.report.html import render_html, render_overview
from carddata_retention.report.overview import Site
from carddata_retention.report.rollup import ChainState
from carddata_retention.report.speech import CATALOGUE, Speech
from carddata_retention.report.trends import NIGHTS, trends

LAST = date(2026, 11, 24)
WELL = ChainState(7)


def overview(history, *, pages=True, chain=WELL, languages=BOTH, periods=(), keep=None):
    published = frozenset(run.run_id for run in history.runs) if pages else frozenset()
    return render_overview(history, Site("billing@db", "0.1.0", chain, keep, keep, Pages(published),
                                         frozenset(periods)), languages)


def days_of(html):
    """Class and content of each cell that stands for a night, by its label."""
    return {found[3]: (found[1], found[2]) for found in re.finditer(
        r'<td class="([^"]*k-\w+)"><(a|span)[^>]*? aria-label="([^"]*)"', html)}


def equation(html):
    return [re.sub(r"<[^>]+>", "", value) for value in re.findall(r'<b class="v">(.*?)</b>', html)]


def row(html, day):
    """The cells of a night's row."""
    line = re.search(rf'<tr><th scope="row" class="nw">(?:<a[^>]*>)?{day}(?:</a>)?</th>.*?</tr>', html)
    assert line, day
    return re.findall(r"<td[^>]*>(.*?)</td>", line[0])


def english(markup):
    return re.sub(r"<[^>]+>", "", re.sub(r'<span lang="ja">.*?</span>', "", markup)).strip()


MIXED = History((
    past(1, date(2026, 11, 20)), past(2, date(2026, 11, 21), State.FAILED, counted(purged=0, left=4)),
    past(3, date(2026, 11, 21), State.INCOMPLETE, counted(purged=3, left=1), notices=(WARNED,) * 3),
    past(4, date(2026, 11, 23), State.BLIND), past(5, LAST, State.CLEAN, counted(purged=1234)),
))


def test_scheduled_nights_visibly_are_passed_attention_failed_and_missed():
    html = overview(MIXED)
    assert equation(html) == ["5", "2", "1", "1", "1", "1,242"]
    assert "2 of 5 nights passed; 1 missed" in html


def test_a_missed_night_is_a_dashed_cell_and_a_row_of_dashes_never_a_zero():
    html = overview(MIXED)
    kind, element = days_of(html)["2026-11-22 未実施 / Missed"]
    assert (kind, element) == ("k-miss", "span")
    assert [english(c) for c in row(html, "2026-11-22")] == ["Missed", *["—"] * 6]
    assert not re.search(r"2026-11-22[^<]*\b0\b", html)


def test_a_night_that_could_not_count_has_no_colour_of_a_count():
    assert days_of(overview(MIXED))["2026-11-23 不適合 / Fail —"][0] == "k-bad"


def test_the_last_run_of_a_day_concludes_it_and_every_run_is_linked():
    cells = row(overview(MIXED), "2026-11-21")
    assert english(cells[0]) == "Attention"
    assert re.findall(r'<a href="2026-11-21/([^"]+)/night.html">(\d)</a>', cells[2]) == [
        (MIXED.runs[1].run_id, "1"), (MIXED.runs[2].run_id, "2")]
    assert english(cells[3]) == "3"
    assert english(cells[-1]) == "missed_nights 1 · missed_nights 1 · 1 more · an earlier run: Fail"


def test_each_night_is_linked_to_its_page_by_a_relative_way_and_without_a_page_it_stands_there_unlinked():
    html = overview(MIXED)
    hrefs = set(re.findall(r'href="([^"#]+)"', html))
    assert hrefs == {f"{run.as_of}/{run.run_id}/night.html" for run in MIXED.runs}
    bare = overview(MIXED, pages=False)
    assert not re.findall(r'href="(?!#)', bare)
    assert days_of(bare).keys() == days_of(html).keys()


def test_a_night_that_was_made_up_for_says_by_how_many_days():
    html = overview(History((past(1, date(2026, 11, 20)), past(2, LAST), past(3, date(2026, 11, 22), late=5))))
    assert english(row(html, "2026-11-22")[-1]) == "held 5 days later"
    assert english(row(html, "2026-11-22")[0]) == "Attention"


def test_runs_by_days_outside_of_the_calendar_are_said_apart():
    old = dataclasses.replace(past(9, date(2020, 1, 1), State.CLEAN, counted(purged=77)), began_on=LAST)
    html = overview(History((*MIXED.runs, old)))
    assert "1 run by a day outside of the calendar (77 purged) left out." in html
    assert equation(html)[-1] == "1,242"


def test_the_verdict_speaks_of_the_latest_night_the_interval_and_the_chain():
    html = overview(MIXED)
    assert "Latest night 2026-11-24: 1,234 records purged, 0 still due." in html
    assert "Longest interval between verifications: 3 days." in html
    assert "Evidence chain: 7 seals recomputed, all agree." in html
    assert '<div class="verdict att"' in html
    twice = overview(History((*MIXED.runs, past(6, LAST, State.CLEAN, counted(purged=0)))))
    assert "Latest night 2026-11-24: 1,234 records purged, 0 still due." in twice
    ended_badly = History((*MIXED.runs, past(6, LAST, State.FAILED)))
    assert '<div class="verdict bad"' in overview(ended_badly)
    assert '<div class="verdict ok"' in overview(nights(FIRST, LAST))
    assert "The evidence chain was not recomputed." in overview(MIXED, chain=ChainState(None))
    assert '<div class="verdict bad"' in overview(nights(FIRST, LAST), chain=ChainState(None, "It was changed."))


def test_twenty_one_nights_are_listed_and_then_only_those_that_did_not_pass():
    runs = list(nights(FIRST, LAST, without=[date(2026, 7, 19)]).runs)
    runs[9] = past(10, date(2026, 6, 10), State.INCOMPLETE)
    listed = re.findall(r'<tr><th scope="row" class="nw"><?[^>]*>?(\d{4}-\d\d-\d\d)<', overview(History(tuple(runs))))
    assert len(listed) == 23
    assert (listed[0], listed[20], listed[21:]) == ("2026-11-24", "2026-11-04", ["2026-07-19", "2026-06-10"])


def test_a_night_that_passed_at_its_second_run_only_is_listed_however_old():
    runs = nights(FIRST, LAST).runs
    before = dataclasses.replace(past(999, date(2026, 7, 1), State.FAILED), number=0)
    html = overview(History((before, *runs)))
    assert english(row(html, "2026-07-01")[-1]) == "an earlier run: Fail"


def test_of_many_runs_of_a_day_the_last_six_are_linked_by_their_numbers():
    html = overview(History(tuple(past(i, LAST) for i in range(1, 9))))
    cells = row(html, "2026-11-24")
    assert english(cells[2]) == "… 3 4 5 6 7 8"
    assert english(cells[3]) == "40"


def test_a_count_on_the_bound_of_a_step_has_its_colour():
    runs = [past(i, date(2026, 11, i), State.CLEAN, counted(purged=n)) for i, n in enumerate((0, 3, 3, 3, 3), start=1)]
    shown = days_of(overview(History(tuple(runs))))
    assert shown["2026-11-01 適合 / Pass 0"][0] == "q0 k-ok"
    assert shown["2026-11-02 適合 / Pass 3"][0] == "q2 k-ok"


def test_years_of_bad_nights_stay_below_four_hundred_kilobytes():
    notices = tuple(Notice(f"expectation_of_a_long_name_{i}", Severity.BLOCK, 1234567) for i in range(5))
    bad = nights(date(2021, 11, 25), LAST, verdict=State.FAILED, notices=notices)
    html = overview(bad, periods={f"{y}-{m:02}" for y in range(2021, 2027) for m in range(1, 13)})
    assert len(bad.runs) == 1826
    assert len(html.encode()) < 400_000
    assert html.count('<div class="mo">') == 12
    assert equation(html)[0] == "359"  # from the first day of the twelfth month
    assert "(121 shown of 1,826)" in html
    for month in ("2025-11", "2021-11"):
        assert f'href="{month}/period.html">{month}' in html


def test_a_period_is_linked_where_it_has_a_report_and_says_that_it_is_not_over():
    html = overview(nights(FIRST, LAST), periods=["2026-Q3"])
    assert '<a href="2026-Q3/period.html">2026-Q3</a>' in html
    table = re.search(r'id="t2-1">.*?</table>', html, re.S)[0]
    assert [english(name) for name in re.findall(r'<th scope="row" class="nw">(.*?)</th>', table)] == ["2026 (so far)", "2026-Q4 (so far)", "2026-11 (so far)", "2026-10", "2026-Q3", "2026-09", "2026-08",
        "2026-07", "2026-Q2", "2026-06"]


def test_the_steps_of_the_hue_are_round_numbers_that_grow():
    assert steps(nights_of([0, 0])) == ()
    assert steps(nights_of([3, 3, 3])) == (1, 3)
    found = steps(nights_of([*range(80, 200), 2480, 3904]))
    assert found == (1, 140, 180, 190)
    assert list(found) == sorted(set(found))


def nights_of(counts):
    return [Day(FIRST, (past(i, FIRST, State.CLEAN, counted(purged=n)),)) for i, n in enumerate(counts)]


def test_how_long_reports_are_kept_is_said():
    assert "reports of nights 400 days, of periods 400 days" in overview(MIXED, keep=400)
    assert "reports of nights for ever, of periods for ever" in overview(MIXED)


# What holds of a night's page holds here


def pages():
    history = nights(FIRST, LAST, without=[date(2026, 11, 15)])
    return [overview(history, periods=["2026-Q3"]), overview(MIXED), overview(History((past(1, LAST),)))]


def test_the_page_is_one_file_in_two_languages_without_a_dead_anchor():
    for html in pages():
        ids = re.findall(r'\bid="([^"]+)"', html)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)
        assert set(re.findall(r'aria-labelledby="([^"]+)"', html)) <= set(ids)
        assert not re.search(r'src=|url\((?!#)|@import|https?:', html)
        assert html.count("<h1>") == 1
        assert len(re.findall(r'lang="ja"', html)) - 1 == len(re.findall(r'lang="en"', html)) > 50
        assert "default-src 'none'" in html
    assert 'lang="ja"' not in overview(MIXED, languages=("en",))


def test_no_cell_is_empty_and_every_row_is_as_wide_as_its_table():
    for html in pages():
        for table in re.findall(r'<table class="t .*?</table>', html, re.S):
            assert not re.search(r"<t[dh][^>]*></t[dh]>", table)
            rows = re.findall(r"<tr.*?</tr>", table, re.S)
            assert len({len(re.findall(r"<t[dh][ >]", line)) for line in rows}) == 1, table[:200]


def test_a_name_from_outside_is_escaped_and_a_card_number_stops_the_page(tmp_path):
    hostile = Site('"><img src=x>', "0.1.0", ChainState(1), None, None, Pages(), frozenset())
    assert "<img" not in render_overview(MIXED, hostile, BOTH)
    leaking = dataclasses.replace(hostile, database=f"card {PAN}")
    with pytest.raises(RefusedError) as refused:
        site.publish_overview(MIXED, leaking, tmp_path, BOTH)
    assert refused.value.code == "report_leak"
    assert not list(tmp_path.iterdir())


def test_the_words_of_one_kind_never_hide_another():
    modules = (words, sentences, form_words, history_words, period_words)
    kinds = {"CODES": 2, "LABELS": 4, "VERDICTS": 2, "NEXT": 2, "FACTS": 2, "NOTES": 4, "SECTIONS": 2}
    for kind, number in kinds.items():
        parts = [found for m in modules for name in vars(m) if name.endswith(kind) and isinstance(found := vars(m)[name], dict)]
        assert len(parts) == number
        assert sum(map(len, parts)) == len({key for part in parts for key in part})
        assert any(set().union(*parts) == set(group) for group in CATALOGUE.values()), kind


# Trends


def weeks(html, table):
    body = re.search(rf'<table class="[^"]*" id="{table}">.*?</table>', html, re.S)[0]
    found = {}
    for line in re.findall(r"<tr><th scope=\"row\".*?</tr>", body, re.S):
        monday = re.search(r">(\d{4}-\d\d-\d\d)<", line)[1]
        found[monday] = [english(c) for c in re.findall(r"<td[^>]*>(.*?)</td>", line)]
    return found


def test_the_trend_of_a_night_is_told_by_bars_and_by_the_same_numbers_in_a_table():
    history = History((past(1, date(2026, 11, 20), State.CLEAN, counted(purged=7, undetermined=3)),
                       past(2, date(2026, 11, 21), State.CLEAN, counted(purged=0, undetermined=4), failed=2),
                       past(3, LAST, State.CLEAN, counted(purged=1234, undetermined=5))))
    html = render_html(told(run_id=history.runs[-1].run_id), POLICY, PLACES, history=history)
    assert weeks(html, "t7-4") == {"2026-11-16": ["·", "·", "·", "·", "7", "0", "Missed"],
                                   "2026-11-23": ["Missed", "1,234", "·", "·", "·", "·", "·"]}
    assert weeks(html, "t10-2")["2026-11-16"] == ["·", "·", "·", "·", "3", "4", "Missed"]
    assert weeks(html, "t11-2")["2026-11-16"] == ["·", "·", "·", "·", "0", "2", "Missed"]
    figure = re.search(r'<svg viewBox="0 0 430 106".*?</svg>', html, re.S)[0]
    assert re.findall(r"<title>([^<]*)</title>", figure) == [
        "2026-11-22 未実施 / Missed", "2026-11-23 未実施 / Missed", "2026-11-20 7", "2026-11-24 1,234"]
    assert re.findall(r'class="(f-\w+)"><title>([^<]*)', figure) == [
        ("f-series", "2026-11-20 7"), ("f-due", "2026-11-24 1,234")]
    assert 'stroke-dasharray="2 2"><title>2026-11-22' in figure


def test_a_line_does_not_cross_a_missed_night_and_its_scale_says_where_it_starts():
    runs = [past(i, date(2026, 11, i), State.CLEAN, counted(undetermined=1160 + i)) for i in (1, 2, 3, 5, 6)]
    trend = trends_of(runs)["undetermined"]
    path = re.search(r'class="ln" d="([^"]+)"', trend.drawing)[1]
    assert [part.count("L") for part in path.split("M")[1:]] == [2, 1]
    assert trend.said.facts == {"start": 1160}
    assert ">1,160</text>" in trend.drawing


def trends_of(runs):
    return trends(Speech(BOTH), runs[-1].as_of, History(tuple(runs)))


def test_bars_start_at_zero_however_much_was_removed():
    runs = [past(i, date(2026, 11, i), State.CLEAN, counted(purged=900 + i)) for i in (1, 2, 3)]
    heights = [float(h) for h in re.findall(r'height="([\d.]+)" class="f-', trends_of(runs)["removals"].drawing)]
    assert len(heights) == 3
    assert max(heights) / min(heights) < 1.01
    assert heights[2] == pytest.approx(72 * 903 / 1000, abs=0.1)  # the axis ends at 1,000


def test_sixty_nights_are_shown_and_no_more():
    history = nights(FIRST, LAST)
    found = trends_of(list(history.runs))["removals"]
    assert (found.nights, sum(day is not None for _, days in found.weeks for day in days)) == (NIGHTS, NIGHTS)


def test_a_page_without_history_has_no_trend_and_one_that_is_built_again_tells_no_later_night():
    assert 'id="t7-4"' not in render_html(told(), POLICY, PLACES)
    history = nights(FIRST, LAST)
    then = history.runs[9]
    html = render_html(told(run_id=then.run_id, as_of=then.as_of), POLICY, PLACES, history=history.until(then.run_id))
    assert list(weeks(html, "t7-4")) == ["2026-06-01", "2026-06-08"]
    assert history.until("nobody") == History()
