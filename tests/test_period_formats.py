"""Every format tells the same period: the same numbers, cell by cell, bounded on paper, nothing that runs or leaks."""

import dataclasses
import json
import re
import zipfile
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from past_runs import WARNED, counted, nights, past
from reading import csv_rows, html_tables, pdf_text, squeezed, workbook
from same_cells import COMMANDS, HEAD, no_command_in, same_csv_files, same_page, same_paper, same_workbook
from small_house import small_house
from test_period_page import STORY, view
from test_report import BOTH, PAN, PLACES

from carddata_retention.errors import Exit, RefusedError
from carddata_retention.history import History
from carddata_retention.model import State
from carddata_retention.report import formats, site
from carddata_retention.report.canonical import digest
from carddata_retention.report.cells import Table, spoken
from carddata_retention.report.conclusions import PeriodView
from carddata_retention.report.formats import FORMATS, Artefact, render_roll_up
from carddata_retention.report.grid import Pages
from carddata_retention.report.period_json import period_json
from carddata_retention.report.period_schema import period_schema
from carddata_retention.report.period_sheets import period_sheets
from carddata_retention.report.rollup import ChainState
from carddata_retention.report.speech import Language

TWICE = History((
    past(1, date(2026, 7, 1), State.FAILED, counted(left=3, gap=2)), past(2, date(2026, 7, 1), late=3, notices=(WARNED,) * 5),
    past(3, date(2026, 6, 30), State.CLEAN, counted(purged=7), late=5),
    past(4, date(2026, 7, 2), State.CLEAN, dataclasses.replace(counted(gone=2), recount=None)),
))
PERIODS: dict[str, PeriodView] = {
    "a quarter": view(),
    "a month": view("2026-08"),
    "a year that is not over": view("2026"),
    "a quarter without blemish or places": view(history=nights(date(2026, 6, 1), date(2026, 10, 2)), places=()),
    "a broken chain": view(chain=ChainState(None, "The seal of run 3 does not fit.")),
    "nothing counted": view("2026-07", History((past(1, date(2026, 7, 1), State.BLIND),))),
    "runs of one night, of another period, and no recount": view(history=TWICE),
}
each_period = pytest.mark.parametrize("name", PERIODS)
each_language = pytest.mark.parametrize("language", BOTH)


def told(of: PeriodView, languages: tuple[Language, ...] = BOTH, wanted: tuple[str, ...] = FORMATS) -> dict[str, Artefact]:
    published = frozenset(run.run_id for run in STORY.runs)
    return render_roll_up(of, Pages(published, "../"), wanted, languages)


@cache
def made_of(name: str) -> dict[str, Artefact]:
    return told(PERIODS[name])


@each_period
@each_language
def test_the_page_and_the_typed_tables_are_the_same_cell_by_cell(name: str, language: Language) -> None:
    of = PERIODS[name]
    same_page(told(of, (language,), ("html",))["period.html"].content, period_sheets(of), language)


@each_period
@each_language
def test_a_workbook_reads_back_typed_cell_by_cell(name: str, language: Language) -> None:
    same_workbook(made_of(name)[f"period.{language}.xlsx"].content, period_sheets(PERIODS[name]), language)


@each_period
def test_a_csv_file_reads_back_cell_by_cell(name: str) -> None:
    same_csv_files({n: made.content for n, made in made_of(name).items()}, period_sheets(PERIODS[name]))


@each_period
@each_language
def test_the_pdf_says_every_row_in_order(name: str, language: Language, tmp_path: Path) -> None:
    same_paper(made_of(name)[f"period.{language}.pdf"].content, period_sheets(PERIODS[name]), language, tmp_path)


def rows_of(of: PeriodView) -> dict[str, list[list[Any]]]:
    """The cells of every table, a sum as its value, a day as ISO 8601, words in English."""
    def plain(cell: Any) -> Any:
        if isinstance(cell, int) or cell is None:
            return cell
        return getattr(cell, "value", None) if hasattr(cell, "partial") else spoken(cell, "en")

    return {table.id: [[plain(cell) for cell in row.cells] for row in table.rows] for table in period_sheets(of)}


@each_period
def test_the_json_holds_the_numbers_of_the_tables(name: str) -> None:
    of = PERIODS[name]
    said, rows = period_json(of), rows_of(of)
    words = {"Pass": "pass", "Attention": "attention", "Fail": "fail", "Missed": "missed", "Not evidenced": "not_evidenced"}
    assert [[row[0], words[row[2]]] for row in rows["t2-1"]] == [list(c.values()) for c in said["conclusions"]]
    assert rows.get("t3-1", [[]])[:-1] == [list(gap.values()) for gap in said["gaps"]]
    listed = [n for n in reversed(said["nights"]["list"]) if said["length"] == "month" or n["worst"] != "pass"]
    assert [[row[0], words[row[1]], row[3] or 0, row[4]] for row in rows.get("t3-2", [])] == [
        [n["as_of"], n["result"], len(n["runs"]), n["purged"]] for n in listed]
    months = said["months"] if said["length"] != "month" else []
    assert [[*row[:-1], words[row[-1]]] for row in rows.get("t3-3", [[]])[:-1]] == [list(m.values()) for m in months]
    assert [[row[0], row[1], row[2], row[3], row[4]] for row in rows.get("t4-1", [])] == [
        [v["on"], v["interval_days"], v["remaining_due"], v["as_of"], v["run_id"]]
        for v in reversed(said["verifications"]["list"])]
    terms = ("opening", "increase", "decrease", "purged", "gone", "elsewhere", "difference", "closing")
    some = any(t["elsewhere"] for t in said["roll_forward"])
    told_terms = [term for term in terms if some or term != "elsewhere"]
    assert rows.get("t5-1", [[]])[:-1] == [[t["target"], *(t[term] for term in told_terms)] for t in said["roll_forward"]]
    assert [row[0] for row in rows.get("t6-1", [])] == [place["name"] for place in said["locations"]]
    assert [rows["t7-1"][0][1], rows["t7-1"][3][1]] == [said["chain"]["sealed"], digest(said)]


@each_period
def test_totals_foot_and_the_roll_forward_closes(name: str) -> None:
    rows = rows_of(PERIODS[name])
    for id, first in (("t3-1", 2), ("t3-3", 1), ("t5-1", 1)):
        *body, foot = rows.get(id, [[]])
        last = -2 if id == "t3-3" else None  # the longest interval is no sum, and a verdict neither
        assert [sum(column) for column in list(zip(*body, strict=True))[first:last]] == foot[first:last]
    for row in rows.get("t5-1", []):
        opening, increase, *less, difference, closing = row[1:]
        assert closing == opening + increase - sum(less) + difference


def test_a_term_that_is_zero_for_every_target_has_no_column_and_one_that_is_not_has() -> None:
    assert len(rows_of(PERIODS["a quarter"])["t5-1"][0]) == 8
    june = rows_of(view(history=TWICE))["t5-1"][0]
    assert len(june) == 9
    assert june[6] == 7  # what the run of the second quarter removed in between


def test_a_closing_without_a_recount_is_marked_in_every_format(tmp_path: Path) -> None:
    made = made_of("runs of one night, of another period, and no recount")
    closing = f"{rows_of(view(history=TWICE))['t5-1'][0][-1]:,}†"
    page, _ = html_tables(told(view(history=TWICE), ("en",), ("html",))["period.html"].content.decode())
    assert page["t5-1"][1][-1] == page["t5-1"][2][-1] == closing
    assert csv_rows(made["csv/t5-1.csv"].content)[1][-1] == closing
    assert "†" in workbook(made["period.ja.xlsx"].content)["5-1"].cell(HEAD + 2, 9).number_format
    assert closing in pdf_text(made["period.ja.pdf"].content, tmp_path)


def test_a_night_says_what_was_found_whether_it_was_late_and_that_an_earlier_run_was_worse() -> None:
    said = {row[0]: row[-1] for row in rows_of(view("2026-07", TWICE))["t3-2"]}
    assert said["2026-07-01"] == "missed_nights 1 · missed_nights 1 · 3 more · an earlier run: Fail"
    assert said["2026-07-02"] is None
    june = {row[0]: row[-1] for row in rows_of(view("2026-06", TWICE))["t3-2"]}
    assert june == {"2026-06-30": "held 5 days later"}


def test_a_night_links_to_the_run_that_concludes_it_and_to_a_worse_one_before() -> None:
    pages = Pages(frozenset(run.run_id for run in TWICE.runs), "../")
    html = render_roll_up(view("2026-07", TWICE), pages, ("html",), ("en",))["period.html"].content.decode()
    line = re.search(r'<tr><th scope="row" class="nw"><a href="([^"]*)">2026-07-01</a>.*?</tr>', html)
    assert line is not None
    failed, last = TWICE.runs[:2]
    assert line[1] == f"../2026-07-01/{last.run_id}/night.html"
    assert f'<td class="n"><a href="../2026-07-01/{failed.run_id}/night.html">2</a></td>' in line[0]


def test_names_of_the_files_are_those_of_a_night() -> None:
    names = list(made_of("a quarter"))
    assert [n for n in names if not n.startswith("csv/")] == [
        "period.html", "period.json", "period.ja.xlsx", "period.en.xlsx", "period.ja.pdf", "period.en.pdf"]
    assert [n for n in names if n.startswith("csv/")] == [
        f"csv/t{n}.csv" for n in ("2-1", "3-1", "3-2", "3-3", "4-1", "5-1", "6-1", "7-1", "8-1")]
    assert list(told(view(), ("en",), ("pdf", "xlsx"))) == ["period.en.xlsx", "period.en.pdf"]


def test_the_same_period_gives_the_same_bytes() -> None:
    assert told(view()) == made_of("a quarter")
    assert told(view(database="other"), ("ja",), ("pdf",)) != {"period.ja.pdf": made_of("a quarter")["period.ja.pdf"]}


def test_the_first_sheet_has_the_verdict_the_equation_and_the_way_to_each_table() -> None:
    of = PERIODS["a year that is not over"]
    counts = period_json(of)["nights"]
    sheet = workbook(made_of("a year that is not over")["period.en.xlsx"].content).worksheets[0]
    lines = [(row[0].value, row[1].value) for row in sheet.iter_rows(max_col=2)]
    assert lines[0][0] == "Attention — 93 of 97 nights passed; 2 missed"
    assert lines[1][0].startswith("The period runs until 2026-12-31; this is its state on 2026-10-02. The first night")
    words = {"Nights scheduled": "scheduled", "= Pass": "passed", "+ Attention": "attention", "+ Fail": "failed",
             "+ Missed": "missed", "Purged, total": "purged"}
    assert lines[4:10] == [(word, counts[name]) for word, name in words.items()]
    assert dict(lines)["SHA-256 of period.json"] == digest(period_json(of))
    assert [row[0].hyperlink.location for row in sheet.iter_rows() if row[0].hyperlink] == [
        f"'{table.number}'!A1" for table in period_sheets(of)]


@pytest.mark.parametrize(("zone", "created"), [("Asia/Tokyo", b"2026-10-01T15:00:00Z"), ("UTC", b"2026-10-02T00:00:00Z")])
def test_a_file_is_as_old_as_the_day_on_which_it_was_built(zone: str, created: bytes) -> None:
    made = told(view(zone=zone), ("ja",), ("xlsx", "pdf"))
    with zipfile.ZipFile(BytesIO(made["period.ja.xlsx"].content)) as book:
        assert created in book.read("docProps/core.xml")
    stamp = re.sub(rb"[-:TZ]", b"", created)
    assert b"D:" + stamp + b"+00'00'" in made["period.ja.pdf"].content.replace(b"\\", b"")


# Paper


@each_language
def test_page_one_is_complete_by_itself_and_every_page_names_the_digest(language: Language, tmp_path: Path) -> None:
    *pages, _ = pdf_text(made_of("a quarter")[f"period.{language}.pdf"].content, tmp_path).split("\f")
    said = squeezed(pages[0])
    for wanted in ("CDR-2026-Q3-P", "2026-07-01 → 2026-09-30", "2026-10-02", "92", "= 88", "+ 0", "+ 2", "359", "billing@db",
                   "card-data-notice v2", *(f"P{n}" for n in range(1, 9)),
                   *{"ja": ("要確認 — 92夜のうち 88夜が適合", "四半期"), "en": ("Attention — 88 of 92", "quarter")}[language]):
        assert squeezed(wanted) in said, wanted
    assert {"ja": "quarter", "en": "四半期"}[language] not in said
    for number, text in enumerate(pages, start=1):
        count = {"ja": f"{number} / {len(pages)} 頁", "en": f"page {number} of {len(pages)}"}[language]
        assert f"CDR-2026-Q3-P · sha256 {digest(period_json(view()))}" in text
        assert count in text


@each_language
def test_the_last_page_is_signed_by_three(language: Language, tmp_path: Path) -> None:
    *pages, last, _ = pdf_text(made_of("a quarter")[f"period.{language}.pdf"].content, tmp_path).split("\f")
    who = {"ja": ("作成者", "確認者", "承認者", "印", "氏名・日付"), "en": ("Prepared by", "Reviewed by", "Approved by", "seal")}
    for wanted in (*who[language], digest(period_json(view())), "2026-Q3", "P-8"):
        assert squeezed(wanted) in squeezed(last), wanted
    assert who[language][0] not in "".join(pages)
    assert told(view(), (language,), ("html",))["period.html"].content.count(b'class="sig"') == 3


@pytest.mark.parametrize(("today", "over"), [(date(2026, 9, 30), False), (date(2026, 10, 1), True)])
def test_nobody_signs_for_a_period_before_it_is_over(today: date, over: bool, tmp_path: Path) -> None:
    of = view(today=today)
    made = told(of, ("en",))
    text = pdf_text(made["period.en.pdf"].content, tmp_path)
    assert ("csv/t8-1.csv" in made) is ("Prepared by" in text) is (b'class="sig"' in made["period.html"].content) is over
    assert ("Build this report again once it is over" in " ".join(text.split())) is not over


def test_a_period_that_failed_is_signed_as_failed(tmp_path: Path) -> None:
    *_, last, _ = pdf_text(made_of("a broken chain")["period.en.pdf"].content, tmp_path).split("\f")
    assert "Verdict Fail — 88 of 92" in last
    assert "Does not fit: The seal of run 3 does not fit." in last
    assert "Prepared by" in last


def long_ledger() -> PeriodView:
    """The ninth year of ten, in which every other night was missed and the others failed."""
    first, last = date(2017, 1, 1), date(2026, 12, 31)
    missed = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1, 2)]
    return view("2025", nights(first, last, without=missed, verdict=State.FAILED, notices=(WARNED,) * 5), last)


def test_ten_bad_years_are_bounded_on_paper_and_whole_in_files() -> None:
    made = told(long_ledger())
    gaps, failed = 183, 365
    for name, most in {"period.html": 400_000, "period.ja.pdf": 150_000, "period.en.pdf": 150_000, "period.json": 300_000,
                       "period.ja.xlsx": 80_000, "csv/t3-2.csv": 60_000}.items():
        assert len(made[name].content) < most, name
    page, captions = html_tables(told(long_ledger(), ("en",), ("html",))["period.html"].content.decode())
    assert (len(page["t3-1"]), len(page["t3-2"]), "t4-1" in page) == (1 + 40 + 1, 1 + 100, False)
    assert captions["t3-1"].endswith(f"(40of{gaps})")
    assert page["t3-1"][-1] == ["TotalΣ", "—", f"{gaps}"]
    assert page["t3-2"][1][0] == "2025-12-31"
    assert len(csv_rows(made["csv/t3-1.csv"].content)) == 1 + gaps + 1
    assert len(csv_rows(made["csv/t3-2.csv"].content)) == 1 + failed
    assert workbook(made["period.en.xlsx"].content)["4-1"].max_row == HEAD + 1 + failed - gaps


def test_a_quarter_of_three_looks_a_day_shows_the_latest(tmp_path: Path) -> None:
    days = [run for run in nights(date(2026, 6, 30), date(2026, 9, 30)).runs for _ in range(3)]
    of = view(history=History(tuple(past(i, run.as_of) for i, run in enumerate(days, start=1))))
    made = told(of, ("en",))
    page, captions = html_tables(made["period.html"].content.decode())
    assert captions["t4-1"].endswith("(200of276)")
    assert (len(page["t4-1"]), page["t4-1"][1][0]) == (201, "2026-09-30")
    assert "Verifications (200 of 276)" in " ".join(pdf_text(made["period.en.pdf"].content, tmp_path).split())
    assert len(csv_rows(made["csv/t4-1.csv"].content)) == 277


# What comes from outside


@pytest.mark.parametrize("text", COMMANDS)
def test_nothing_from_outside_becomes_a_formula_or_a_link(text: str) -> None:
    place = dataclasses.replace(PLACES[0], name=text, owner=text, note=text)
    runs = (past(1, date(2026, 7, 1), State.CLEAN, counted(text)),)
    of = view("2026-07", History(runs), places=(place,), database=text, policy_id=text, tool_version=text)
    made = told(of, ("ja",), ("xlsx", "csv"))
    book = workbook(made["period.ja.xlsx"].content)
    no_command_in(book, {name: each.content for name, each in made.items()})
    assert str(book["6-1"].cell(HEAD + 2, 1).value).replace("_x000D_", "\r") == text


@pytest.mark.parametrize("wanted", FORMATS)
@pytest.mark.parametrize("card", [PAN, "4111 1111 1111 1111"])
def test_each_format_is_scanned_by_itself(wanted: str, card: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carddata_retention.report.site.leaks.in_value", lambda *_: None)
    of = view(places=(dataclasses.replace(PLACES[0], note=f"saw {card} there"),))
    with pytest.raises(RefusedError, match=r"period|csv") as caught:
        site.publish_period(of, STORY, tmp_path, (wanted,), BOTH)
    assert caught.value.code == "report_leak"
    assert caught.value.cure.endswith("report --period 2026-Q3")
    assert not list(tmp_path.iterdir())


def test_everything_on_paper_went_through_the_scan(tmp_path: Path) -> None:
    made = told(view(), ("en",), ("pdf",))["period.en.pdf"]
    assert made.texts is not None
    remembered = squeezed("".join(made.texts))
    pieces = {piece for line in pdf_text(made.content, tmp_path).splitlines() for piece in line.split()}
    assert {p for piece in pieces if (p := piece.strip("●▲■○–=+")) and p not in remembered} == set()


# JSON


@each_period
def test_every_period_is_valid_by_the_published_schema(name: str) -> None:
    one = json.loads(made_of(name)["period.json"].content)
    assert one == period_json(PERIODS[name])
    jsonschema.validate(one, period_schema(), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("spoil", [
    lambda of: of.pop("verdict"), lambda of: of.update(extra=1), lambda of: of.update(period="2026-Q5"),
    lambda of: of.update(length="week"), lambda of: of["nights"].update(missed=-1), lambda of: of["nights"].pop("purged"),
    lambda of: of["nights"]["list"][0]["runs"][0].update(exit_code=3), lambda of: of["roll_forward"][0].pop("gone"),
    lambda of: of["roll_forward"][0].update(closing=-1), lambda of: of["verifications"].update(most_days=93),
    lambda of: of["conclusions"][0].update(no="P9"), lambda of: of["months"][0].update(month="2026-Q3"),
    lambda of: of["chain"].pop("broken"), lambda of: of["locations"][0].update(path="x"),
])
def test_what_is_not_a_period_is_not_valid(spoil: Any) -> None:
    one = json.loads(json.dumps(period_json(view())))
    spoil(one)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(one, period_schema(), cls=jsonschema.Draft202012Validator)


def test_an_unexplained_difference_may_be_negative() -> None:
    one = period_json(view(history=History((past(1, date(2026, 7, 1), State.CLEAN, counted(gap=-3)),))))
    assert one["roll_forward"][0]["difference"] == -3
    jsonschema.validate(one, period_schema(), cls=jsonschema.Draft202012Validator)


# The folder


def test_a_report_takes_the_place_of_an_earlier_one_and_leaves_what_is_not_ours(tmp_path: Path) -> None:
    folder = tmp_path / "2026-Q3"
    site.publish_period(view(), STORY, tmp_path, FORMATS, BOTH)
    for name in ("period.ja.signed.pdf", "notes.txt", "csv/mine.csv"):
        (folder / name).write_text("kept")
    made = site.publish_period(view(today=date(2026, 9, 30)), STORY, tmp_path, ("html", "csv", "pdf"), ("ja",))
    kept = {folder / name for name in ("period.ja.signed.pdf", "notes.txt", "csv/mine.csv")}
    assert {path for path in folder.rglob("*") if path.is_file()} == {*made, *kept}
    assert folder / "csv" / "t8-1.csv" not in made  # the period is not over, and the earlier file is gone
    site.publish_period(view(), STORY, tmp_path, ("json",), BOTH)
    assert sorted(path.name for path in folder.iterdir()) == ["csv", "notes.txt", "period.ja.signed.pdf", "period.json"]
    (folder / "csv" / "mine.csv").unlink()
    (folder / "csv" / "t2-1.csv").write_text("an older one")
    site.publish_period(view(), STORY, tmp_path, ("json",), BOTH)
    assert not (folder / "csv").exists()


def test_nothing_of_an_earlier_report_is_removed_behind_a_link(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "reports" / "2026-Q3"
    elsewhere.mkdir()
    folder.mkdir(parents=True)
    for name in ("t2-1.csv", "period.en.pdf"):
        (elsewhere / name).write_text("kept")
    (folder / "csv").symlink_to(elsewhere)
    (folder / "period.en.pdf").symlink_to(elsewhere / "period.en.pdf")
    site.publish_period(view(), STORY, tmp_path / "reports", ("json",), BOTH)
    assert sorted(path.name for path in folder.iterdir()) == ["csv", "period.en.pdf", "period.json"]
    assert sorted(path.name for path in elsewhere.iterdir()) == ["period.en.pdf", "t2-1.csv"]


def test_a_format_that_is_not_installed_is_found_before_anything_is_built(
    sqlite_database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    house = small_house(sqlite_database, tmp_path, report={"formats": ["json", "pdf"]})
    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == "reportlab" else object())
    code, _, err = answer("report", "--period", "2026-07", "--config", house.folder / "retention.toml")
    assert (code, "format_not_installed" in err) == (Exit.BLIND, True)
    assert not (house.folder / "reports").exists()


def test_no_table_is_left_without_a_section_or_a_caption_that_counts() -> None:
    for of in PERIODS.values():
        tables: tuple[Table, ...] = period_sheets(of)
        assert [table.section for table in tables] == sorted(table.section for table in tables)
        for table in tables:
            assert all(len(row.cells) == len(table.columns) for row in table.rows), table.id
            assert table.paper_rows is None or {"n", "total"} <= set(table.caption.facts), table.id
