"""What the ledger remembers becomes the overview and the periods: the same on SQLite, PostgreSQL and MariaDB."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import jsonschema
import pytest
from nightly import AS_OF
from past_runs import WARNED, counted, past, remember, uncounted
from reading import workbook
from small_house import declared_anew, small_house
from test_overview import weeks

from carddata_retention import archive
from carddata_retention.errors import BrokenError, Exit, UsageError
from carddata_retention.history import History
from carddata_retention.keys import load_key
from carddata_retention.model import State
from carddata_retention.period_report import report_period
from carddata_retention.report.formats import FORMATS
from carddata_retention.report.keeping import remove_periods
from carddata_retention.report.period_schema import period_schema
from carddata_retention.reporting_period import ReportingPeriod
from carddata_retention.stage import open_stage

BOTH = {"report": {"formats": ["html", "json"], "keep_nights_days": 365}}
NOW = datetime(2024, 3, 15, 3, tzinfo=UTC)
# A leap February: a night missed, one killed, one held late, one day of two runs, one that could not count everything.
RUNS = (
    past(1, date(2024, 2, 26)),
    past(2, date(2024, 2, 27), State.FAILED, counted(left=3, purged=2)),
    past(3, date(2024, 2, 27), State.CLEAN, counted(held=998, purged=3), notices=(WARNED,), failed=2),
    past(4, date(2024, 2, 28)),
    past(5, date(2024, 3, 1), State.BLIND, counted(), uncounted("payments")),
    past(6, date(2024, 2, 29), late=2),
)
KILLED = RUNS[3]


@pytest.fixture
def house(database, tmp_path):
    house = small_house(database, tmp_path, **BOTH)
    key = load_key(house.config.path(house.config.evidence.key_file), create=True)
    with open_stage(house.config, "run", NOW, None) as stage:
        remember(stage.ledger, RUNS, key, killed=frozenset([KILLED.run_id]))
    return house


def remembered(house):
    with open_stage(house.config, "plan", NOW, None) as stage, stage.db.snapshot() as connection:
        return archive.history(connection, stage.ledger)


def built(house, period, now=NOW):
    return report_period(house.config, now, ReportingPeriod.parse(period))


def test_the_ledger_tells_its_completed_runs_and_nothing_of_a_killed_one(house, monkeypatch):
    monkeypatch.setattr(archive, "PAGE", 2)
    completed = tuple(run for run in RUNS if run is not KILLED)
    assert remembered(house) == History(tuple(
        replace(run, seal=found.seal) for run, found in zip(completed, remembered(house).runs, strict=True)))
    assert len({run.seal for run in remembered(house).runs}) == 5


def test_a_month_is_reported_from_the_ledger_alone(house):
    answer = built(house, "2024-02")
    assert [path.rsplit("/reports/")[1] for path in answer.files] == [
        "2024-02/period.html", "2024-02/period.json", "index.html"]
    assert '<a href="2024-02/period.html">2024-02</a>' in (house.folder / "reports" / "index.html").read_text()
    told = json.loads((house.folder / "reports" / "2024-02" / "period.json").read_bytes())
    assert {k: v for k, v in told["nights"].items() if k != "list"} == {
        "scheduled": 4, "passed": 2, "attention": 1, "failed": 0, "missed": 1, "purged": 15}
    assert [(n["as_of"], n["result"], n["days_late"]) for n in told["nights"]["list"]] == [
        ("2024-02-26", "pass", 0), ("2024-02-27", "pass", 0), ("2024-02-28", "missed", 0), ("2024-02-29", "attention", 2)]
    assert told["gaps"] == [{"first": "2024-02-28", "last": "2024-02-28", "nights": 1}]
    assert [(v["on"], v["interval_days"]) for v in told["verifications"]["list"]] == [
        ("2024-02-26", None), ("2024-02-27", 1), ("2024-02-27", 0)]
    assert (told["chain"]["sealed"], told["chain"]["broken"], told["verdict"]) == (6, None, "attention")
    assert (told["over"], told["known_on"], answer.broken) == (True, "2024-03-15", None)


def test_a_row_that_was_changed_is_told_by_the_report_and_by_the_exit(house, answer):
    house.tamper(f"UPDATE {house.own('run')} SET host = 'elsewhere' WHERE number = 2")
    made = built(house, "2024-Q1")
    assert isinstance(made.broken, BrokenError)
    told = json.loads((house.folder / "reports" / "2024-Q1" / "period.json").read_bytes())
    assert (told["verdict"], told["chain"]["sealed"]) == ("fail", None)
    assert RUNS[1].run_id in told["chain"]["broken"]
    code, out, err = answer("report", "--period", "2024-Q1", "--config", house.folder / "retention.toml")
    assert (code, len(out.split())) == (Exit.BROKEN, 3)
    assert '<div class="verdict bad"' in (house.folder / "reports" / "index.html").read_text()
    assert "chain_broken" in err


def test_a_row_that_makes_no_sense_is_broken_evidence_and_no_report(house):
    house.tamper(f"UPDATE {house.own('run')} SET result = '[]' WHERE number = 1")
    with pytest.raises(BrokenError) as broken:
        built(house, "2024-02")
    assert broken.value.code == "run_unreadable"
    assert not (house.folder / "reports").exists()


@pytest.mark.parametrize(("period", "code"), [
    ("2024-01", "period_without_run"), ("2023", "period_without_run"), ("2024-04", "period_ahead"),
    ("2025", "period_ahead"), ("2024-Q2", "period_ahead"),
])
def test_a_period_without_a_run_and_one_that_has_not_begun_are_taught_errors(house, period, code):
    with pytest.raises(UsageError) as wrong:
        built(house, period)
    assert (wrong.value.code, wrong.value.exit) == (code, Exit.USAGE)
    assert not (house.folder / "reports").exists()


def test_a_period_has_begun_on_its_first_day(house):
    assert built(house, "2024-03", datetime(2024, 3, 1, 3, tzinfo=UTC)).broken is None


def test_a_night_that_is_told_again_knows_of_no_run_after_it(house, answer):
    config = ("--config", house.folder / "retention.toml")
    told = {}
    for run in RUNS[1:3]:
        assert answer("report", "--run", run.run_id, *config)[0] == 0
        html = (house.folder / "reports" / "2024-02-27" / run.run_id / "night.html").read_text()
        told[run.number] = weeks(html, "t7-4")["2024-02-26"][:2]
    assert told == {2: ["5", "2"], 3: ["5", "5"]}


def test_the_report_of_a_night_builds_the_overview_with_it(house, answer):
    code, out, _ = answer("report", "--run", RUNS[2].run_id, "--config", house.folder / "retention.toml")
    assert code == 0
    assert out.split()[-1].endswith("reports/index.html")
    html = (house.folder / "reports" / "index.html").read_text()
    assert re.findall(r'<a href="([^"]+)" aria-label="2024-02-27', html) == [f"2024-02-27/{RUNS[2].run_id}/night.html"]
    assert '<td class="k-miss"><span role="img" aria-label="2024-02-28' in html
    assert "reports of nights 365 days, of periods for ever" in html


def test_each_night_rebuilds_the_overview_and_links_to_itself(database, tmp_path):
    house = small_house(database, tmp_path, **BOTH)
    first, second = house.night(), house.night()
    index = house.folder / "reports" / "index.html"
    assert first.artefacts[-1] == second.artefacts[-1] == str(index)
    html = index.read_text()
    for told in (first, second):
        link = f"{AS_OF}/{told.run_id}/night.html"
        assert f'href="{link}"' in html
        assert (index.parent / link).is_file()
    assert "Evidence chain: 2 seals recomputed, all agree." in html
    assert 'id="t7-4"' in (index.parent / f"{AS_OF}/{second.run_id}/night.html").read_text()
    known = remembered(house)
    assert [run.run_id for run in known.runs] == [first.run_id, second.run_id]
    assert [run.targets for run in known.runs] == [first.targets, second.targets]


# One database is enough for what follows


@pytest.fixture
def lone_house(sqlite_database, tmp_path):
    return small_house(sqlite_database, tmp_path, **BOTH)


def test_where_no_html_is_wanted_there_is_no_overview(lone_house):
    house = declared_anew(lone_house)
    assert [a.rsplit("/", 1)[1] for a in house.night().artefacts] == ["night.json"]
    assert not (house.folder / "reports" / "index.html").exists()


def test_before_the_first_run_no_period_can_be_told(lone_house):
    with pytest.raises(UsageError) as wrong:
        built(lone_house, "2024-02")
    assert wrong.value.code == "period_without_run"


def test_a_period_of_a_real_ledger_is_written_in_every_format_and_answers_with_its_paths(lone_house, answer):
    house = declared_anew(lone_house, report={"formats": list(FORMATS), "keep_periods_days": 365})
    key = load_key(house.config.path(house.config.evidence.key_file), create=True)
    with open_stage(house.config, "run", NOW, None) as stage:
        remember(stage.ledger, RUNS, key)
    code, out, _ = answer("report", "--period", "2024-02", "--config", house.folder / "retention.toml")
    folder = house.folder / "reports" / "2024-02"
    written = [Path(line).relative_to(folder).as_posix() for line in out.split()[:-1]]
    assert code == 0
    assert [name for name in written if "/" not in name] == [
        "period.html", "period.json", "period.ja.xlsx", "period.en.xlsx", "period.ja.pdf", "period.en.pdf"]
    assert [name for name in written if "/" in name] == [
        f"csv/t{number}.csv" for number in ("2-1", "3-2", "4-1", "5-1", "7-1", "8-1")]
    told = json.loads((folder / "period.json").read_bytes())
    jsonschema.validate(told, period_schema(), cls=jsonschema.Draft202012Validator)
    shown = workbook((folder / "period.en.xlsx").read_bytes())["4-1"]
    assert [row[4].value for row in shown.iter_rows(min_row=5)] == [
        look["run_id"] for look in reversed(told["verifications"]["list"])]
    assert remove_periods(house.folder / "reports", date(2026, 1, 1), 365) == 1
    assert not folder.exists()


def test_a_night_throws_away_what_is_old_says_so_and_its_overview_keeps_the_night(lone_house, answer):
    house = lone_house
    key = load_key(house.config.path(house.config.evidence.key_file), create=True)
    with open_stage(house.config, "run", NOW, None) as stage:
        remember(stage.ledger, RUNS[:1], key)
    config = ("--config", house.folder / "retention.toml")
    assert answer("report", "--run", RUNS[0].run_id, *config)[0] == 0
    old = house.folder / "reports" / "2024-02-26"
    assert old.exists()
    _, _, err = answer("run", "--as-of", AS_OF, *config)
    assert "old reports removed: 1 folder" in err
    assert not old.exists()
    html = (house.folder / "reports" / "index.html").read_text()
    assert "2024-02-26" not in re.findall(r'href="(\d{4}-\d\d-\d\d)/', html)


@pytest.mark.parametrize("period", ["2024-13", "2024-Q9", "yesterday"])
def test_a_malformed_period_is_told_before_a_missing_file(answer, tmp_path, period):
    code, _, err = answer("report", "--period", period, "--config", tmp_path / "nothing.toml")
    assert (code, "period_form" in err) == (Exit.USAGE, True)


def test_a_night_and_a_period_at_once_are_refused(answer, tmp_path):
    code, _, err = answer("report", "--period", "2024-02", "--run", "x", "--config", tmp_path / "nothing.toml")
    assert (code, "report_input" in err) == (Exit.USAGE, True)


def test_a_period_folder_that_takes_no_file_is_20(lone_house, answer):
    house = lone_house
    house.night()
    (house.folder / "reports" / f"{AS_OF:%Y-%m}").write_text("in the way")
    code, _, err = answer("report", "--period", f"{AS_OF:%Y-%m}", "--config", house.folder / "retention.toml")
    assert (code, "report_unwritable" in err) == (Exit.FAILED, True)
    assert f"report --period {AS_OF:%Y-%m}" in err
