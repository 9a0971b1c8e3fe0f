"""Every format tells the same night: the same numbers, cell by cell, nothing that runs, nothing that leaks."""

import dataclasses
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from nightly import hooks
from reading import csv_rows, html_tables, workbook
from same_cells import COMMANDS, HEAD, no_command_in, same_csv_files, same_page, same_paper, same_workbook
from small_house import contents, small_house
from test_report import BLIND, BOTH, CARDS, PAN, PAYMENTS, PLACES, POLICY, night, target, tombstone

from carddata_retention import afterwards, narrator
from carddata_retention.check import check_all
from carddata_retention.config import load
from carddata_retention.demo import build_billing, write_configuration
from carddata_retention.discovered import Found, Remedy
from carddata_retention.errors import ConfigError, RefusedError
from carddata_retention.model import Finding, Mode, Night, Severity, State, Status
from carddata_retention.report import formats
from carddata_retention.report.canonical import night_json
from carddata_retention.report.cells import Table, spoken
from carddata_retention.report.formats import FORMATS, render
from carddata_retention.report.json_schema import night_schema, schema_text
from carddata_retention.report.period_schema import period_schema
from carddata_retention.report.publish import publish
from carddata_retention.report.sheets import sheets
from carddata_retention.report.speech import Language
from carddata_retention.run import night as run_night
from carddata_retention.run import plan_night
from carddata_retention.sealed import Hold
from carddata_retention.settings import Config

REQUESTED = tombstone(7, status=Status.REQUESTED, start_day="", last_retained_day="", first_purgeable_day="", rule="",
                      service_end="")
NIGHTS: dict[str, Callable[[], Night]] = {
    "a night": night,
    "one target not counted": lambda: night(targets=(CARDS, BLIND), verdict=State.BLIND, exit_code=40),
    "nothing counted": lambda: night(targets=(BLIND,), verdict=State.BLIND, exit_code=40, previous=None,
                                     purged_sample=(), findings=(), quality=(), cutoffs=(), sealed=None),
    "no target": lambda: night(targets=(), verdict=State.BLIND, exit_code=40, purged_sample=()),
    "a dry run": lambda: night(mode=Mode.PLAN, verdict=State.CLEAN, exit_code=0, verification_sql=None),
    "a look": lambda: night(mode=Mode.VERIFY, verdict=State.CLEAN, exit_code=0),
    "a request and many findings": lambda: night(
        purged_sample=(REQUESTED, tombstone(1)),
        findings=tuple(Finding(f"f{i}", Severity.WARN, None, i, f"reason {i}") for i in range(90))),
    "what discovery found": lambda: night(discovered=tuple(
        Found(f"public.t{i}.memo", kind, i, 0.5, "high", severity, 0, 0, Remedy.REDACT, "Redact it.", declared)
        for i, (kind, severity, declared) in enumerate([
            ("cvv", "critical", None), ("not-read", "high", None), ("card-number", "warning", None), ("holder", "info", "cards")]))),
    "totals that differ": lambda: night(targets=(target("cards", recount=412_000, active=301_449), PAYMENTS)),
}
each_night = pytest.mark.parametrize("name", NIGHTS)
each_language = pytest.mark.parametrize("language", BOTH)


def told(of: Night, languages: tuple[Language, ...] = BOTH, wanted: tuple[str, ...] = FORMATS) -> dict[str, formats.Artefact]:
    return render(of, POLICY, PLACES, wanted, languages)


@cache
def made_of(name: str) -> tuple[Night, dict[str, formats.Artefact]]:
    """A night by its name, and all its files."""
    of = NIGHTS[name]()
    return of, told(of)


def tables_of(of: Night, scanned: int) -> tuple[Table, ...]:
    return sheets(of, POLICY, PLACES, scanned)


@each_night
@each_language
def test_the_page_and_the_typed_tables_are_the_same_cell_by_cell(name: str, language: Language) -> None:
    of = NIGHTS[name]()
    made = told(of, (language,), ("html",))
    same_page(made["night.html"].content, tables_of(of, 1), language)


@each_night
@each_language
def test_a_workbook_reads_back_typed_cell_by_cell(name: str, language: Language) -> None:
    of, made = made_of(name)
    same_workbook(made[f"night.{language}.xlsx"].content, tables_of(of, len(made)), language)


@each_night
def test_a_csv_file_reads_back_cell_by_cell(name: str) -> None:
    of, made = made_of(name)
    same_csv_files({n: a.content for n, a in made.items()}, tables_of(of, len(made)))


@each_night
@each_language
def test_the_pdf_says_every_row_in_order(name: str, language: Language, tmp_path: Path) -> None:
    of, made = made_of(name)
    same_paper(made[f"night.{language}.pdf"].content, tables_of(of, len(made)), language, tmp_path)


def test_the_json_holds_the_numbers_of_the_tables() -> None:
    of = night(targets=(CARDS, PAYMENTS, BLIND))
    told_json = night_json(of)
    by_id = {table.id: table for table in tables_of(of, 1)}
    numbers = {spoken(row.cells[0], "en"): row.cells[1:] for id in ("t5-1", "t5-2", "t5-3", "t8-1") for row in by_id[id].rows}
    for name, word in {"active": "Active", "retained": "Retained", "blank": "Blank", "held": "Held", "due": "Due",
                       "undetermined": "Undetermined", "requested": "Requested", "overdue": "Overdue",
                       "purged": "Purged", "skipped": "Skipped", "failed": "Failed", "population": "Population",
                       "out_of_scope": "Out of scope, holding card data", "table_rows": "Table rows Σ",
                       "recount": "Independent recount (verify login)", "remaining_due": "Still due",
                       "residue": "…of which residue: should be gone"}.items():
        assert list(numbers[word][:3]) == [t[name] for t in told_json["targets"]], name
    found = {(f["id"], f["count"]) for f in told_json["findings"]}
    assert {(row.cells[0], row.cells[3]) for row in by_id["t13-2"].rows} == found
    judged = {(q["id"], q["checked"], q["observed"], q["limit"]) for q in told_json["quality"]}
    assert {(spoken(r.cells[0], "en").split("\n")[0], *r.cells[3:6]) for r in by_id["t11-1"].rows} == judged


def test_a_page_shows_the_first_rows_and_the_files_hold_all() -> None:
    of, made = made_of("a request and many findings")
    page, _ = html_tables(told(of, ("en",), ("html",))["night.html"].content.decode())
    assert len(page["t13-2"]) == 1 + 40
    assert len(csv_rows(made["csv/t13-2.csv"].content)) == 1 + 90
    assert workbook(made["night.en.xlsx"].content)["13-2"].max_row == HEAD + 1 + 90


def test_names_and_number_of_the_files_are_what_the_page_says() -> None:
    _, made = made_of("a night")
    assert [n for n in made if not n.startswith("csv/")] == [
        "night.html", "night.json", "night.ja.xlsx", "night.en.xlsx", "night.ja.pdf", "night.en.pdf"]
    assert f"Leak scan of {len(made)} artefacts" in made["night.html"].content.decode()
    assert list(told(night(), ("en",), ("pdf", "xlsx"))) == ["night.en.xlsx", "night.en.pdf"]


def test_the_same_night_gives_the_same_bytes() -> None:
    assert told(night()) == made_of("a night")[1]
    assert told(night(host="other"), ("ja",), ("pdf",))["night.ja.pdf"] != made_of("a night")[1]["night.ja.pdf"]


@pytest.mark.parametrize("text", COMMANDS)
def test_nothing_from_outside_becomes_a_formula_or_a_link(text: str) -> None:
    of = night(host=text, database=text, targets=(dataclasses.replace(CARDS, name=text),), verification_login=text,
               findings=(Finding(text, Severity.WARN, text, 1, text),), purged_sample=(),
               sealed=dataclasses.replace(night().sealed, key_id=text), holds=(Hold(text, text, text, text, text, text, text),))
    made = told(of, ("ja",), ("xlsx", "csv"))
    book = workbook(made["night.ja.xlsx"].content)
    no_command_in(book, {n: a.content for n, a in made.items()}, live=("15-2",))
    assert text in {str(c.value).replace("_x000D_", "\r") for c in book["13-2"][HEAD + 2]}


def test_a_negative_number_stays_a_number() -> None:
    _, made = made_of("totals that differ")
    assert csv_rows(made["csv/t5-3.csv"].content)[-1][1] == "-392"
    assert workbook(made["night.ja.xlsx"].content)["5-3"]["B11"].value == -392


@pytest.mark.parametrize("wanted", ["html", "json", "xlsx", "csv", "pdf"])
@pytest.mark.parametrize("spot", ["reason", "split"])
def test_each_format_is_scanned_by_itself(wanted: str, spot: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carddata_retention.report.publish.leaks.in_value", lambda *_: None)
    text = PAN if spot == "reason" else "4111 1111 1111 1111"
    of = night(findings=(Finding("f", Severity.WARN, None, 1, f"saw {text} there"),))
    with pytest.raises(RefusedError, match=r"night|csv") as caught:
        publish(of, POLICY, PLACES, tmp_path, (wanted,), BOTH)
    assert caught.value.code == "report_leak"
    assert not list(tmp_path.iterdir())


def test_counts_side_by_side_are_no_card_number(tmp_path: Path) -> None:
    four = tuple(target(f"t{i}", due=count) for i, count in enumerate((4111, 1111, 1111, 1111)))
    assert publish(night(targets=four), POLICY, PLACES, tmp_path, FORMATS, BOTH)


def test_all_formats_are_published_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def full(_: int) -> None:
        calls.append(1)
        if len(calls) == 9:  # among the files of the folder in the folder
            raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        publish(night(), POLICY, PLACES, tmp_path, FORMATS, BOTH)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
    assert not (tmp_path / "2026-11-24" / night().run_id).exists()
    monkeypatch.undo()
    made = publish(night(), POLICY, PLACES, tmp_path, FORMATS, BOTH)
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == sorted(made)


@pytest.mark.parametrize(("wanted", "module", "extra"), [("xlsx", "xlsxwriter", "excel"), ("pdf", "reportlab", "pdf")])
def test_a_format_that_is_not_installed_is_found_before_anything_is_removed(
    sqlite_database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, module: str, extra: str
) -> None:
    house = small_house(sqlite_database, tmp_path, report={"formats": ["json", wanted]})
    before = contents(house)
    monkeypatch.setattr(formats, "find_spec", lambda name: None if name == module else object())
    assert [p.code for p in check_all(house.config, datetime.now(UTC))] == ["format_not_installed"]
    for night_of in (house.night, house.plan):
        with pytest.raises(ConfigError) as caught:
            night_of()
        assert caught.value.cure.startswith(f"pip install 'carddata-retention[{extra}]'")
    assert contents(house) == before
    assert set(formats.installed()) == set(FORMATS) - {wanted}


@pytest.fixture(scope="module")
def demo_house(tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Night, Night, Night]:
    """A plan, a night and a look of the demonstration."""
    folder, as_of = tmp_path_factory.mktemp("demo"), date(2026, 11, 20)
    build_billing(folder / "billing.db", cards=1500, as_of=as_of)
    config = load(write_configuration(folder))
    planned = plan_night(config, datetime.now(UTC), as_of, hooks())[0]
    done = run_night(config, datetime.now(UTC), as_of, hooks())
    return config, planned, done, afterwards.verify_night(config, datetime.now(UTC), None, hooks())


def test_the_demonstration_writes_every_format(demo_house: tuple[Config, Night, Night, Night]) -> None:
    config, _, done, _ = demo_house
    assert config.report.formats == list(FORMATS)
    assert {Path(a).suffix for a in done.artefacts} == {f".{f}" for f in FORMATS}
    shown = narrator.documents(done)
    assert [Path(p).name for p in shown if "night" in Path(p).name] == [
        "night.html", "night.json", "night.ja.xlsx", "night.en.xlsx", "night.ja.pdf", "night.en.pdf"]
    assert [Path(p).name for p in shown if "night" not in Path(p).name] == ["csv", "index.html"]


def test_a_demonstration_without_an_extra_does_without_its_format(tmp_path: Path) -> None:
    assert load(write_configuration(tmp_path, ("html", "csv"))).report.formats == ["html", "csv"]


def test_real_nights_are_valid_by_the_published_schema(demo_house: tuple[Config, Night, Night, Night]) -> None:
    _, *nights = demo_house
    told_ones = [night_json(of) for of in (*nights, *(make() for make in NIGHTS.values()))]
    file = next(Path(a) for a in nights[1].artefacts if a.endswith("night.json"))
    for one in (*told_ones, json.loads(file.read_bytes())):
        jsonschema.validate(one, night_schema(), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("spoil", [
    lambda told: told.pop("verdict"), lambda told: told.update(mode="walk"), lambda told: told.update(extra=1),
    lambda told: told["targets"][0].update(due=-1), lambda told: told["targets"][0].pop("purged"),
    lambda told: told["targets"][0]["forecast"].update(soon=1), lambda told: told.update(exit_code=3),
])
def test_what_is_not_a_night_is_not_valid(spoil: Callable[[dict[str, Any]], Any]) -> None:
    one = json.loads(json.dumps(night_json(night())))
    spoil(one)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(one, night_schema(), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("schema", [night_schema, period_schema])
def test_a_published_schema_is_the_one_of_the_code(schema: Callable[[], dict[str, Any]]) -> None:
    name, module = schema.__name__, schema.__module__
    file = Path(__file__).resolve().parent.parent / "docs" / f"{name.removesuffix('_schema')}.schema.json"
    assert file.read_text(encoding="utf-8") == schema_text(schema()), (
        f"type: python -c 'from {module} import {name} as s; from carddata_retention.report.json_schema import "
        f"schema_text as t; print(t(s()), end=\"\")' > docs/{file.name}")
    jsonschema.Draft202012Validator.check_schema(schema())


def test_a_workbook_says_when_the_night_was_and_not_when_it_was_written() -> None:
    content = made_of("a night")[1]["night.ja.xlsx"].content
    with zipfile.ZipFile(BytesIO(content)) as book:
        assert b"2026-11-23T17:07:51Z" in book.read("docProps/core.xml")
