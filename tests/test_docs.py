"""Documentation that cannot rot: what it says about the product is compared with the product, in both directions."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from carddata_retention.errors import Exit
from carddata_retention.model import Convention
from carddata_retention.period import Period, Reading, Rule
from carddata_retention.settings import Config, Section

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "jobs").glob("*.md")])
DECISIONS = sorted((DOCS / "adr").glob("[0-9]*.md"))
names = [page.relative_to(ROOT).as_posix() for page in PAGES]
CODES = {code.name: int(code) for code in Exit}


def table_rows(text: str, pattern: str) -> Iterator[tuple[str, ...]]:
    """The groups of `pattern` in every table row that it matches whole."""
    for line in text.splitlines():
        if line.startswith("|") and (found := re.fullmatch(pattern, line.strip())):
            yield found.groups()


@pytest.mark.parametrize("page", ["docs/exit-codes.md", "README.md"])
def test_every_exit_code_is_documented_and_none_is_invented(page: str) -> None:
    rows = list(table_rows((ROOT / page).read_text(encoding="utf-8"), r"\| *(\d+) *\| *([A-Z]+) *\| *\S.*\|"))
    assert {name: int(number) for number, name in rows} == CODES
    assert len(rows) == len(CODES)


def test_the_runbook_says_what_to_do_at_each_exit_code() -> None:
    headings = re.findall(r"^### (\d+) ([A-Z]+)$", (DOCS / "runbook.md").read_text(encoding="utf-8"), re.M)
    assert {name: int(number) for number, name in headings} == CODES


def sections(model: type[Section]) -> Iterator[type[Section]]:
    yield model
    for each in model.model_fields.values():
        yield from (s for inner in inner_sections(each.annotation) if inner is not model for s in sections(inner))


def inner_sections(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from inner_sections(argument)


def keys_of_the_configuration() -> set[str]:
    inside = [model for model in sections(Config) if model is not Config]  # the sections themselves are headings
    return {f.alias or name for model in inside for name, f in model.model_fields.items()}


def test_every_configuration_key_is_documented() -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert sorted(k for k in keys_of_the_configuration() if not re.search(rf"[`{{ ]{k}[`, ]", text)) == []
    headings = re.findall(r"^## \[+([\w.]+)\]+$", text, re.M)
    assert set(Config.model_fields) - {"base"} == {h for h in headings if "." not in h}


def test_no_documented_configuration_key_is_invented() -> None:
    rows = table_rows((DOCS / "configuration.md").read_text(encoding="utf-8"), r"\| *((?:`\w+`(?:, )?)+) *\|.*\|")
    documented = {key for row in rows for key in re.findall(r"`(\w+)`", row[0])}
    assert sorted(documented - keys_of_the_configuration()) == []


def test_the_defaults_are_those_of_the_configuration() -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    wrong = {}
    for heading, body in re.findall(r"^## \[+(\w+)\]+$(.*?)(?=^## |\Z)", text, re.M | re.S):
        model = next(inner_sections(Config.model_fields[heading].annotation))
        for key, said in table_rows(body, r"\| *`(\w+)` *\| *([^|]*?) *\|.*\|"):
            each = next(f for name, f in model.model_fields.items() if (f.alias or name) == key)
            if said != (shown := default_of(each)) and not said.startswith("the "):
                wrong[f"{heading}.{key}"] = (said, shown)
    assert wrong == {}


def default_of(each: Any) -> str:
    if each.is_required():
        return "required"
    value = each.default
    if value is None:
        return ""
    shown = {bool: lambda v: str(v).lower(), date: date.isoformat}.get(type(value), repr)(value)
    if isinstance(value, str):
        shown = f'"{value}"'
    return f"`{shown}`".replace("'", '"')


def test_the_worked_examples_are_what_the_rule_says() -> None:
    rows = list(table_rows(
        (DOCS / "deadline.md").read_text(encoding="utf-8"),
        r"\| *(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) *\| *([\d-]{10}) *\| *([\d-]{10}) *\| *([\d-]{10}) *\|.*\|",
    ))
    zone = ZoneInfo("Asia/Tokyo")
    rule = Rule(Convention.JP_CIVIL_CODE, Period.parse("P5Y"), zone)
    assert len(rows) >= 6
    for end, *days in rows:
        said = rule.deadline(datetime.fromisoformat(end).replace(tzinfo=zone), Reading(midnights_exact=True))
        told = (said.start_day, said.last_retained_day, said.first_purgeable_day)
        assert [day.isoformat() for day in told] == days, end


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        assert not anchor or anchor in anchors(other.read_text(encoding="utf-8")), target


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", DECISIONS, ids=[page.stem for page in DECISIONS])
def test_a_decision_says_why_what_and_what_it_costs(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    parts = re.split(r"^## (Context|Decision|Consequences)$", text, flags=re.M)
    assert parts[1::2] == ["Context", "Decision", "Consequences"]
    assert text.startswith(f"# {page.stem[:4]}. ")
    assert "*Negative:*" in parts[-1]
    assert page.name in (DOCS / "adr" / "README.md").read_text(encoding="utf-8")


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(page.stem[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_two_commands_of_the_readme_exist() -> None:
    commands = re.findall(r"^    make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert commands == ["demo", "test"]
    assert all(re.search(rf"^{command}:", makefile, re.M) for command in commands)


def test_every_page_of_the_docs_can_be_reached_from_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    unreached = [page.name for page in DOCS.glob("*.md") if f"docs/{page.name}" not in text]
    assert unreached == []


def test_each_attack_is_tried_by_a_test_that_exists() -> None:
    named = re.findall(r"`(test_\w+)`", (DOCS / "attacks.md").read_text(encoding="utf-8"))
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS.parent / "tests").glob("test_*.py"))

    assert len(named) > 15
    assert [name for name in named if f"def {name}(" not in sources] == []
