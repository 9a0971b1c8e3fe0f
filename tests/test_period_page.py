"""The report of a period: conclusions from the ledger's rows, the same numbers as page and as JSON."""

import dataclasses
import json
import re
from datetime import date

import pytest
from past_runs import WARNED, counted, nights, past, uncounted
from test_overview import english, equation, row
from test_report import BOTH, PAN, PLACES

from carddata_retention.errors import RefusedError
from carddata_retention.history import History
from carddata_retention.model import Disposition, State
from carddata_retention.report import site
from carddata_retention.report.canonical import digest
from carddata_retention.report.conclusions import PeriodView, conclusions
from carddata_retention.report.grid import Pages
from carddata_retention.report.html import render_period
from carddata_retention.report.period_json import period_json
from carddata_retention.report.rollup import ChainState, months, roll_up, timeline
from carddata_retention.reporting_period import ReportingPeriod

REDACT = Disposition.REDACT


def story() -> History:
    """A quarter with a gap of two nights, a failed night made good, and one that could not count everything."""
    runs = list(nights(date(2026, 6, 28), date(2026, 10, 2), without=[date(2026, 8, 8), date(2026, 8, 9)]).runs)
    held, others = 9000, 500
    for i, run in enumerate(runs):
        verdict, targets = State.CLEAN, (counted(held=held, purged=3), counted("payments", held=others, purged=1,
                                                                               blank=i, disposition=REDACT))
        if run.as_of == date(2026, 7, 15):
            verdict = State.FAILED
        if run.as_of == date(2026, 9, 9):
            verdict, targets = State.BLIND, (counted(held=held, purged=3), uncounted("payments"))
        else:
            others -= 1
        runs[i] = dataclasses.replace(past(run.number, run.as_of, verdict, *targets), notices=(WARNED,))
        held += 2
    return History(tuple(runs))


STORY = story()
WELL = ChainState(95)


def view(period="2026-Q3", history=STORY, today=date(2026, 10, 2), chain=WELL, places=PLACES, **changed):
    known, wanted = timeline(history), ReportingPeriod.parse(period)
    said = PeriodView(roll_up(known, wanted, today, chain), tuple(months(known, wanted, today)), places, "billing@db",
                      "Asia/Tokyo", "card-data-notice", "0.1.0")
    return dataclasses.replace(said, **changed)


def page(of, languages=BOTH, pages=True):
    published = frozenset(run.run_id for run in STORY.runs) if pages else frozenset()
    return render_period(of, Pages(published, "../"), languages)


def results(of):
    return {c.no: c.tone for c in conclusions(of)}


def facts(of):
    return {c.no: c.fact.facts for c in conclusions(of)}


def test_each_conclusion_of_a_quarter_follows_from_its_rows():
    assert results(view()) == {"P1": "att", "P2": "att", "P3": "ok", "P4": "ok", "P5": "ok", "P6": "ok", "P7": "ok",
                               "P8": "na"}
    found = facts(view())
    assert found["P1"] == {"scheduled": 92, "missed": 2, "gaps": 1}
    assert (found["P2"]["passed"], found["P2"]["attention"], found["P2"]["failed"]) == (88, 0, 2)
    assert (found["P3"]["n"], found["P3"]["longest"]) == (89, 3)
    assert found["P8"] == {"n": 2}


def changed(history, number, **new):
    return History(tuple(dataclasses.replace(r, **new) if r.number == number else r for r in history.runs))


WHOLE = nights(date(2026, 6, 1), date(2026, 10, 2))


def test_a_quarter_without_blemish_passes():
    of = view(history=WHOLE)
    assert of.roll_up.nights.tone == "ok"
    assert {no for no, tone in results(of).items() if tone != "ok"} == {"P8"}


@pytest.mark.parametrize(("new", "no", "tone"), [
    ({"verdict": State.FAILED}, "P2", "bad"),
    ({"verdict": State.INCOMPLETE}, "P2", "att"),
    ({"targets": (counted(left=2),)}, "P5", "att"),
    ({"targets": (dataclasses.replace(counted(left=2), arrived=2),)}, "P5", "ok"),
    ({"targets": (dataclasses.replace(counted(left=1), residue=1),)}, "P5", "bad"),
    ({"targets": (counted(gap=1),)}, "P6", "att"),
    ({"policy_digest": "0" * 64}, "P7", "att"),
])
def test_a_conclusion_follows_the_last_run_of_the_period(new, no, tone):
    last = next(run.number for run in WHOLE.runs if run.as_of == date(2026, 9, 30))
    assert results(view(history=WHOLE))[no] == "ok"
    assert results(view(history=changed(WHOLE, last, **new)))[no] == tone


def test_a_broken_chain_is_part_of_the_report_and_its_verdict():
    of = view(chain=ChainState(None, "The evidence of run x was changed after it was sealed."))
    assert (results(of)["P4"], of.roll_up.nights.tone) == ("bad", "bad")
    assert "The evidence of run x was changed after it was sealed." in page(of)
    assert period_json(of)["chain"] == {"sealed": None, "last_seal": of.roll_up.nights.last_run.seal,
                                        "broken": "The evidence of run x was changed after it was sealed."}


def test_page_and_json_tell_the_same_numbers_and_they_foot():
    told, html = period_json(view()), page(view())
    counts = told["nights"]
    assert counts["scheduled"] == counts["passed"] + counts["attention"] + counts["failed"] + counts["missed"] == 92
    assert equation(html) == [f"{counts[k]:,}" for k in ("scheduled", "passed", "attention", "failed", "missed", "purged")]
    assert len(counts["list"]) == 92
    assert sum(night["purged"] or 0 for night in counts["list"]) == counts["purged"]
    assert [night["as_of"] for night in counts["list"] if night["purged"] is None] == ["2026-08-08", "2026-08-09"]
    assert told["gaps"] == [{"first": "2026-08-08", "last": "2026-08-09", "nights": 2}]
    for name in ("scheduled", "passed", "failed", "missed", "purged", "verifications"):
        whole = told["verifications"]["count"] if name == "verifications" else counts[name]
        assert sum(month[name] for month in told["months"]) == whole
    for target in told["roll_forward"]:
        assert target["closing"] == (target["opening"] + target["increase"] - target["decrease"] - target["purged"]
                                     - target["gone"] - target["elsewhere"] + target["difference"])
    assert [t["uncounted"] for t in told["roll_forward"]] == [0, 1]
    assert told["unverified_runs"] == [r.run_id for r in STORY.runs if r.as_of == date(2026, 9, 9)]
    assert digest(told) in html
    assert json.loads(json.dumps(told)) == told


def test_every_verification_of_a_quarter_stands_there_with_its_date_and_interval():
    body = re.search(r'id="t4-1">.*?</table>', page(view()), re.S)[0]
    lines = re.findall(r'<tr><th scope="row" class="nw">(\S+)</th><td class="n">(?:<span[^>]*>)?(\d+)', body)
    assert len(lines) == 89
    assert (lines[0][0], lines[-1]) == ("2026-09-30", ("2026-07-01", "1"))  # a bounded page shows the latest
    assert dict(lines)["2026-08-10"] == "3"
    assert dict(lines)["2026-09-10"] == "2"  # the night before could not count every target
    assert "2026-09-09" not in dict(lines)


def test_a_month_lists_every_night_a_quarter_those_that_did_not_pass_a_year_its_months():
    month, quarter, year = (page(view(period)) for period in ("2026-08", "2026-Q3", "2026"))
    assert "Night by night (31 of 31)" in month
    assert english(row(month[month.index('id="t3-2"'):], "2026-08-08")[0]) == "Missed"
    assert "Nights that did not pass (4 of 92)" in quarter
    assert 'id="t4-1"' not in year
    assert 'id="t3-3"' not in month
    table = re.search(r'id="t3-3">.*?</table>', year, re.S)[0]
    assert re.findall(r'<th scope="row" class="nw">(2026-\d\d)</th>', table) == [f"2026-{m:02}" for m in range(6, 11)]


def test_a_period_says_when_it_is_not_over_and_when_its_first_night_was():
    assert "The period runs until 2026-12-31; this is its state on 2026-10-02." in page(view("2026"))
    assert "The first night was 2026-06-28; days before it were not scheduled." in page(view("2026"))
    for said in ("The period runs until", "The first night was"):
        assert said not in page(view())


def test_places_that_the_tool_does_not_verify_are_listed():
    html = page(view())
    for place in PLACES:
        assert place.name in html
    assert [p["name"] for p in period_json(view())["locations"]] == [p.name for p in PLACES]
    assert "0 places declared in the configuration" in page(view(places=()))


def test_the_page_is_one_file_in_two_languages_without_a_dead_anchor_or_an_empty_cell():
    for of in (view(), view("2026-08"), view("2026", places=()), view(chain=ChainState(None, "changed")),
               view("2026-07", History((past(1, date(2026, 7, 1), State.BLIND),)))):
        html = page(of)
        ids = re.findall(r'\bid="([^"]+)"', html)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'href="#([^"]+)"', html)) <= set(ids)
        assert set(re.findall(r'aria-labelledby="([^"]+)"', html)) <= set(ids)
        assert not re.search(r'src=|url\((?!#)|@import|https?:', html)
        assert len(re.findall(r'lang="ja"', html)) - 1 == len(re.findall(r'lang="en"', html)) > 100
        for table in re.findall(r'<table class="t .*?</table>', html, re.S):
            assert not re.search(r"<t[dh][^>]*></t[dh]>", table)
            assert len({len(re.findall(r"<t[dh][ >]", line)) for line in re.findall(r"<tr.*?</tr>", table, re.S)}) == 1
    assert 'lang="ja"' not in page(view(), languages=("en",))


def test_its_links_lead_to_the_overview_and_to_the_nights_that_are_there():
    nights_there = {f"../{run.as_of}/{run.run_id}/night.html" for run in view().roll_up.nights.runs}
    assert set(re.findall(r'href="([^#"]+)"', page(view()))) == nights_there | {"../index.html"}
    assert re.findall(r'href="([^#"]+)"', page(view(), pages=False)) == ["../index.html"]


def test_a_year_of_bad_nights_is_bounded():
    bad = nights(date(2025, 12, 1), date(2027, 1, 2), verdict=State.FAILED, notices=(WARNED,) * 5)
    html = page(view("2026", bad, date(2027, 1, 2)))
    assert "Nights that did not pass (100 of 365)" in html
    assert len(html.encode()) < 400_000


def test_published_files_lie_under_the_name_of_the_period(tmp_path):
    made = site.publish_period(view(), STORY, tmp_path, ("html", "json"), BOTH)
    assert made == (tmp_path / "2026-Q3" / "period.html", tmp_path / "2026-Q3" / "period.json")
    assert json.loads(made[1].read_bytes()) == period_json(view())
    assert site.publish_period(view("2026-08"), STORY, tmp_path, ["json"], BOTH) == (tmp_path / "2026-08" / "period.json",)


@pytest.mark.parametrize("planted", [
    {"database": f"card {PAN}"}, {"policy_id": PAN}, {"tool_version": PAN},
    {"locations": (dataclasses.replace(PLACES[0], note=f"card {PAN}"),)},
    {"history": History((*STORY.runs, past(200, date(2026, 9, 30), State.CLEAN, counted(f"t{PAN}"))))},
    {"chain": ChainState(None, PAN)},
])
def test_a_card_number_anywhere_stops_the_report(planted, tmp_path):
    with pytest.raises(RefusedError) as refused:
        site.publish_period(view(**planted), STORY, tmp_path, ("json",), BOTH)
    assert refused.value.code == "report_leak"
    assert PAN not in str(refused.value.as_json())
    assert not list(tmp_path.iterdir())


def test_a_number_that_json_would_take_apart_is_seen_before_it_is_written(tmp_path):
    place = dataclasses.replace(PLACES[0], note="\n".join((PAN[:4], PAN[4:8], PAN[8:12], PAN[12:])))
    with pytest.raises(RefusedError, match=r"period\.locations\[0\]\.note"):
        site.publish_period(view(places=(place,)), STORY, tmp_path, ("json",), BOTH)
