"""A reader of either language learns why: findings and expectations bring their reasons in both."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import carddata_retention
from carddata_retention.model import Finding, QualityResult, Severity
from carddata_retention.report.html import render_html
from carddata_retention.report.speech import Language
from tests.test_report import PLACES, POLICY, night

HOUSE = Path(carddata_retention.__file__).parent
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def made(kind: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call in the house that makes such a thing, with the place where it stands."""
    for file in sorted(HOUSE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == kind:
                yield f"{file.relative_to(HOUSE)}:{node.lineno}", node


@pytest.mark.parametrize(("kind", "fields"), [("Finding", 6), ("QualityResult", 9)])
def test_whoever_makes_one_gives_the_reason_in_both_languages(kind: str, fields: int) -> None:
    calls = list(made(kind))
    assert calls
    assert [place for place, call in calls if len(call.args) != fields] == []


def test_a_reason_written_here_is_japanese_where_it_says_so() -> None:
    written = [(place, call.args[5]) for place, call in made("Finding")]
    said = {place: "".join(c.value for c in ast.walk(text) if isinstance(c, ast.Constant) and isinstance(c.value, str))
            for place, text in written if isinstance(text, ast.Constant | ast.JoinedStr)}
    assert len(said) > 10
    assert [place for place, text in said.items() if text and not JAPANESE.search(text)] == []


def pages(*languages: Language) -> str:
    found = Finding("f", Severity.WARN, None, 1, "The scheduler slept.", "定期起動が止まっていた。")
    judged = QualityResult("q", "cards", Severity.WARN, False, 1, 2, 0, "Ends lie ahead.", "未来の終了日がある。")
    return render_html(night(findings=(found,), quality=(judged,)), POLICY, PLACES, languages=languages)


def test_each_page_tells_the_reasons_in_its_own_language() -> None:
    ja, en, both = pages("ja"), pages("en"), pages("ja", "en")
    for told, untold, text in (
        (ja, en, "定期起動が止まっていた。"), (ja, en, "未来の終了日がある。"),
        (en, ja, "The scheduler slept."), (en, ja, "Ends lie ahead."),
    ):
        assert text in told
        assert text not in untold
        assert text in both


def test_a_reason_that_nobody_translated_is_told_in_english() -> None:
    said = render_html(night(findings=(Finding("f", Severity.WARN, None, 1, "Only English."),)), POLICY, PLACES,
                       languages=("ja",))
    assert "Only English." in said
