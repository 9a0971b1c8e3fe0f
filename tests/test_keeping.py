"""Old reports go only where the file says so, and only folders that are exactly ours."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from past_runs import as_told, past
from small_house import small_house

from carddata_retention import publication
from carddata_retention.config import load
from carddata_retention.errors import ConfigError
from carddata_retention.history import History
from carddata_retention.model import State
from carddata_retention.report.keeping import remove_nights, remove_periods

TODAY = date(2026, 11, 24)
OLD = past(1, date(2025, 11, 23))
YOUNG = past(2, date(2025, 11, 24))
HISTORY = History((OLD, YOUNG))


def folder_of(directory, run, *files):
    folder = directory / str(run.as_of) / run.run_id
    folder.mkdir(parents=True)
    for name in files or ("night.html", "night.json"):
        (folder / name).write_text("x")
    return folder


def test_a_night_is_removed_when_it_is_older_than_it_is_kept_and_not_a_day_before(tmp_path):
    old, young = folder_of(tmp_path, OLD), folder_of(tmp_path, YOUNG)
    assert remove_nights(tmp_path, HISTORY, TODAY, 365) == 1
    assert not old.parent.exists()
    assert sorted(f.name for f in young.iterdir()) == ["night.html", "night.json"]
    assert remove_nights(tmp_path, HISTORY, TODAY, 365) == 0


def test_without_a_limit_reports_are_kept_for_ever(tmp_path):
    folder_of(tmp_path, OLD)
    assert remove_nights(tmp_path, HISTORY, TODAY, None) == remove_periods(tmp_path, TODAY, None) == 0
    assert (tmp_path / str(OLD.as_of)).exists()


def test_a_second_run_of_the_day_goes_with_it_and_a_strange_folder_beside_it_keeps_the_day(tmp_path):
    second = past(3, OLD.as_of)
    for run in (OLD, second):
        folder_of(tmp_path, run)
    (tmp_path / str(OLD.as_of) / "signed").mkdir()
    assert remove_nights(tmp_path, History((OLD, YOUNG, second)), TODAY, 365) == 2
    assert [f.name for f in (tmp_path / str(OLD.as_of)).iterdir()] == ["signed"]


def test_the_folder_of_tables_goes_with_its_night_but_not_with_a_strange_file_in_it(tmp_path):
    night = folder_of(tmp_path, OLD)
    (night / "csv").mkdir()
    for name in ("t2-1.csv", "t15-2.csv", "notes.csv"):
        (night / "csv" / name).write_text("x")
    assert remove_nights(tmp_path, HISTORY, TODAY, 365) == 0
    assert (night / "night.html").exists()
    (night / "csv" / "notes.csv").unlink()
    assert remove_nights(tmp_path, HISTORY, TODAY, 365) == 1
    assert not night.exists()


@pytest.mark.parametrize("strange", ["notes.txt", "night.html.bak", "NIGHT.html", ".night.html.77.tmp", "evidence.jsonl"])
def test_a_folder_with_a_file_that_is_not_ours_stays_whole(tmp_path, strange):
    folder_of(tmp_path, OLD, "night.html", strange)
    assert remove_nights(tmp_path, HISTORY, TODAY, 365) == 0
    assert len(list((tmp_path / str(OLD.as_of) / OLD.run_id).iterdir())) == 2


@pytest.mark.parametrize("formats", [["night.html"], ["night.xlsx", "night.pdf", "night.csv"], ["night-targets.csv"]])
def test_every_format_of_a_night_is_ours(tmp_path, formats):
    folder_of(tmp_path, OLD, *formats)
    assert remove_nights(tmp_path, HISTORY, TODAY, 365) == 1


def test_an_empty_folder_a_folder_inside_and_a_night_that_the_ledger_does_not_know_stay(tmp_path):
    (tmp_path / str(OLD.as_of) / OLD.run_id).mkdir(parents=True)
    assert remove_nights(tmp_path, HISTORY, TODAY, 365) == 0
    (tmp_path / str(OLD.as_of) / OLD.run_id / "night.html").mkdir()
    assert remove_nights(tmp_path, HISTORY, TODAY, 365) == 0
    folder_of(tmp_path, past(9, date(2020, 1, 1)))
    assert remove_nights(tmp_path, HISTORY, TODAY, 365) == 0


def test_a_folder_whose_name_is_no_run_of_ours_stays_whatever_the_ledger_says(tmp_path):
    strange = replace(OLD, run_id="20251123T020004-7f3a")
    folder_of(tmp_path, strange)
    assert remove_nights(tmp_path, History((strange,)), TODAY, 365) == 0


def test_links_are_never_followed(tmp_path):
    reports, elsewhere = tmp_path / "reports", tmp_path / "elsewhere"
    ours = folder_of(elsewhere, OLD)
    reports.mkdir()
    (reports / str(OLD.as_of)).symlink_to(elsewhere / str(OLD.as_of))
    assert remove_nights(reports, HISTORY, TODAY, 365) == 0
    (reports / str(OLD.as_of)).unlink()
    (reports / str(OLD.as_of)).mkdir()
    (reports / str(OLD.as_of) / OLD.run_id).symlink_to(ours)
    assert remove_nights(reports, HISTORY, TODAY, 365) == 0
    (reports / str(OLD.as_of) / OLD.run_id).unlink()
    (reports / str(OLD.as_of) / OLD.run_id).mkdir()
    (reports / str(OLD.as_of) / OLD.run_id / "night.html").symlink_to(ours / "night.html")
    assert remove_nights(reports, HISTORY, TODAY, 365) == 0
    assert (ours / "night.html").exists()


def test_periods_are_removed_by_the_day_on_which_they_ended(tmp_path):
    for name in ("2025-10", "2025-11", "2025-Q3", "2025-Q4", "2024", "2025", "2025-13", "archive", "2025-09"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "period.html").write_text("x")
    (tmp_path / "2025-09" / "signed.pdf").write_text("x")
    assert remove_periods(tmp_path, TODAY, 365) == 3
    assert sorted(f.name for f in tmp_path.iterdir()) == ["2025", "2025-09", "2025-11", "2025-13", "2025-Q4", "archive"]
    assert remove_periods(tmp_path / "nowhere", TODAY, 365) == 0
    assert remove_periods(tmp_path, date(2026, 11, 30), 365) == 0
    assert remove_periods(tmp_path, date(2026, 12, 1), 365) == 1


@pytest.fixture
def house(sqlite_database, tmp_path):
    return small_house(sqlite_database, tmp_path, report={"keep_nights_days": 365, "keep_periods_days": 400})


@pytest.mark.parametrize(("verdict", "today", "removed"), [
    (State.CLEAN, TODAY, 1), (State.INCOMPLETE, TODAY, 1),
    (State.REFUSED, TODAY, 0), (State.FAILED, TODAY, 0), (State.BLIND, TODAY, 0), (State.BROKEN, TODAY, 0),
    (State.CLEAN, TODAY - timedelta(days=1), 0),  # a clock that runs behind
])
def test_only_a_healthy_night_throws_reports_away_and_no_clock_that_runs_ahead(house, verdict, today, removed):
    folder_of(house.folder / "reports", OLD)
    told = as_told(past(9, TODAY, verdict))
    assert publication.thrown_away(house.config, told, today, HISTORY) == removed


def test_a_night_judged_by_an_earlier_day_throws_away_by_that_day(house):
    folder_of(house.folder / "reports", OLD)
    assert publication.thrown_away(house.config, as_told(past(9, TODAY - timedelta(days=1))), TODAY, HISTORY) == 0


@pytest.mark.parametrize("key", ["keep_nights_days", "keep_periods_days"])
def test_fewer_than_twelve_months_are_refused_with_the_reason(house, key):
    path = house.folder / "retention.toml"
    path.write_text(path.read_text().replace(f"{key} = {365 if 'nights' in key else 400}", f"{key} = 364"))
    with pytest.raises(ConfigError) as wrong:
        load(path)
    assert f"report.{key}" in wrong.value.cause
    assert "PCI DSS 10.5" in wrong.value.cause
    path.write_text(path.read_text().replace("364", "365"))
    assert getattr(load(path).report, key) == 365
