"""The PDF: lines that end where they may, fonts that hold our words, a certificate only where it is true."""

import dataclasses
import re
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from reading import pdf_text, program, squeezed
from test_report import BLIND, BOTH, CARDS, PAYMENTS, PLACES, POLICY, SQL, night, page, target, tombstone

from carddata_retention.model import Finding, Mode, Night, Severity, State
from carddata_retention.report.canonical import digest, night_json
from carddata_retention.report.cells import spoken
from carddata_retention.report.certificate import certificate, refusal
from carddata_retention.report.cover import front
from carddata_retention.report.line_breaks import BREAK, broken
from carddata_retention.report.notes import parts
from carddata_retention.report.pdf import Paper, render_pdf
from carddata_retention.report.pdf_ink import BOLD, REGULAR, Pen, fonts
from carddata_retention.report.reperformance import RULES
from carddata_retention.report.sheets import sheets
from carddata_retention.report.speech import CATALOGUE, Language
from carddata_retention.report.views import LocationView

FOLDER = files("carddata_retention.report") / "fonts"


def paper(of: Night, language: Language = "ja", places: tuple[LocationView, ...] = PLACES) -> Paper:
    return render_pdf(front(of, POLICY), parts(of, POLICY, places, sheets(of, POLICY, places, 6), language), language)


def test_page_one_is_complete_by_itself(tmp_path: Path) -> None:
    first, *_ = pdf_text(paper(night(), "en").content, tmp_path).split("\f")
    said = squeezed(first)
    for wanted in ("Attention — 2 records still due; 1,778 of 1,781 purged", "Population", "1,161,024", "= 1,159,243",
                   "+ 1,781", "CDR-20261124-A", "20261124T020004-7f3a", digest(night_json(night())), "billing@db-primary",
                   "Since 2026-11-22 · purged +444", *(f"C{n}" for n in range(1, 11)), "page 1 of 8"):
        assert squeezed(wanted) in said, wanted


@pytest.mark.parametrize("language", BOTH)
def test_every_page_names_the_workpaper_the_digest_and_its_number(language: Language, tmp_path: Path) -> None:
    made = paper(night(), language)
    *pages, _ = pdf_text(made.content, tmp_path).split("\f")
    assert len(pages) == made.pages
    for number, text in enumerate(pages, start=1):
        foot = f"CDR-20261124-A · sha256 {digest(night_json(night()))}"
        count = {"ja": f"{number} / {made.pages} 頁", "en": f"page {number} of {made.pages}"}[language]
        assert foot in text
        assert count in text


def test_headings_repeat_on_the_next_page(tmp_path: Path) -> None:
    text = squeezed(pdf_text(paper(night(), "en").content, tmp_path))
    assert text.count("Table7-2Purgedrecords(first20of1,778;allintheledger'stombstonetable)ReferenceTarget") == 2


def test_the_certificate_has_the_last_page_to_itself(tmp_path: Path) -> None:
    *pages, _ = pdf_text(paper(night()).content, tmp_path).split("\f")
    last = squeezed(pages[-1])
    assert last.partition("8/8頁")[2].startswith("A-16消去証明書下記のとおり")
    for wanted in ("実施者", "確認者", "承認者", "印", "氏名・日付", "1,778 = 514 cards + 1,264 payments",
                   "行の削除 514件・項目の消去 1,264件", "消去 1,778件、残留 0(ログイン ret_verify)"):
        assert squeezed(wanted) in last, wanted
    assert "消去証明書" not in "".join(pages[:-1])


@pytest.mark.parametrize(("of", "why"), [
    (night(mode=Mode.PLAN), "s16.nothing"), (night(mode=Mode.VERIFY), "s16.nothing"),
    (night(targets=(target("cards", purged=0),)), "s16.nothing"),
    (night(targets=(target("cards", purged=None),)), "s16.nothing"), (night(targets=(BLIND,)), "s16.nothing"),
    (night(targets=(CARDS, target("b", residue=None))), "s16.unread"),
    (night(targets=(CARDS, target("b", residue=1))), "s16.residue"),
    (night(verdict=State.BROKEN), "s16.broken"),
])
def test_nobody_signs_for_what_is_not_so(of: Night, why: str, tmp_path: Path) -> None:
    refused = refusal(of)
    assert refused is not None
    assert refused.key == why
    assert certificate(of, POLICY, PLACES) == []
    text = squeezed(pdf_text(paper(of).content, tmp_path))
    assert "実施者" not in text.split("A-16")[-1]
    assert 'class="sigs"' not in page(of)
    assert "証明書を作らない" in text
    assert "so there is no certificate" in page(of)


def test_the_certificate_names_the_fields_of_each_target_or_says_where_they_are() -> None:
    both = (tombstone(0), tombstone(1, target="payments", fields="card_holder,card_exp"))
    for graves, payments in ((both, "card_holder, card_exp"), (both[:1], "as the ledger's batch table says")):
        table, = certificate(night(purged_sample=graves), POLICY, PLACES)
        assert spoken(table.rows[0].cells[1], "en") == f"cards: holder, number, expiry\npayments: {payments}"


def test_a_target_of_which_nothing_was_purged_spoils_no_certificate() -> None:
    assert refusal(night(targets=(CARDS, BLIND), verdict=State.BLIND)) is None
    assert refusal(night(verdict=State.CLEAN)) is None
    assert 'class="sigs"' in page(night())


def test_only_our_own_fonts_are_in_it_and_embedded(tmp_path: Path) -> None:
    import subprocess

    file = tmp_path / "p.pdf"
    file.write_bytes(paper(night()).content)
    told = subprocess.run([program("pdffonts", "poppler-utils"), file], capture_output=True, text=True, check=True).stdout
    rows = told.splitlines()[2:]
    assert rows
    assert all(re.match(r"[A-Z]{6}\+RetentionGothic-(Regular|Bold) .* yes yes yes ", row) for row in rows), told


def outlines(weight: str, text: str) -> Image.Image:
    font = ImageFont.truetype(BytesIO((FOLDER / f"{weight}.ttf").read_bytes()), 100)
    picture = Image.new("L", (160, 160))
    ImageDraw.Draw(picture).text((20, 20), text, font=font, fill=255)
    return picture.crop(picture.getbbox())


@pytest.mark.parametrize("weight", [REGULAR, BOLD])
def test_signs_of_comparison_open_the_way_they_should(weight: str) -> None:
    """The font that ours is made of has ≤ and ≥ in each other's place: a cutoff would say the opposite."""
    for sign in "<≤>≥":
        shape = outlines(weight, sign)
        top = [x for x in range(shape.width) if shape.getpixel((x, 2)) > 128]
        assert (min(top) > shape.width / 2) is (sign in "<≤"), sign


@pytest.mark.parametrize("weight", [REGULAR, BOLD])
def test_digits_have_one_width(weight: str) -> None:
    font = ImageFont.truetype(BytesIO((FOLDER / f"{weight}.ttf").read_bytes()), 100)
    assert len({font.getlength(digit) for digit in "0123456789"}) == 1


@pytest.mark.parametrize("weight", [REGULAR, BOLD])
def test_both_weights_hold_every_word_of_ours(weight: str) -> None:
    texts = [text for pairs in CATALOGUE.values() for pair in pairs.values() for text in pair]
    texts += [text for steps in RULES.values() for step in steps for text in step]
    missing = {char for text in texts for char in text if ord(char) not in fonts()[weight]}
    assert missing == set()


def test_a_name_in_rare_characters_is_drawn_and_what_is_missing_is_marked() -> None:
    pen = Pen("ja")
    assert pen.drawable("髙橋 﨑 ①") == "髙橋 﨑 ①"
    assert pen.drawable("𠮷野🙂\x00") == "〓野〓〓"


def lines(text: str, width: int) -> list[str]:
    return broken(text, width, lambda part: sum(2 if ord(c) > 0x2E7F else 1 for c in part))


@pytest.mark.parametrize(("text", "width", "expected"), [
    ("消去した記録。次の夜", 12, ["消去した記", "録。次の夜"]),  # a full stop never begins a line
    ("方針(民法140条)の", 6, ["方針", "(民法", "140条)", "の"]),  # a bracket never ends one
    ("合計 1,781件のうち", 11, ["合計", "1,781件のう", "ち"]),  # a number stays with what it counts
    ("run carddata-retention now", 18, ["run", "carddata-retention", "now"]),
    ("0123456789abcdef", 6, ["012345", "6789ab", "cdef"]),
    (f"0123{BREAK}4567", 5, ["0123", "4567"]),
    (f"0123{BREAK}4567", 9, ["01234567"]),
    ("a\nb", 9, ["a", "b"]),
    ("", 9, [""]),
])
def test_lines_end_where_they_may(text: str, width: int, expected: list[str]) -> None:
    assert lines(text, width) == expected


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab 1,。(「日本ッー\n" + BREAK, max_size=60), st.integers(2, 20))
def test_no_character_is_lost_and_no_line_is_too_long(text: str, width: int) -> None:
    found = lines(text, width)
    assert squeezed("".join(found)) == squeezed(text.replace(BREAK, ""))
    assert all(sum(2 if ord(c) > 0x2E7F else 1 for c in line) <= width for line in found)


HOSTILE = {
    "sixty refused targets": night(
        targets=tuple(target(f"{n}{'x' * 60}", state=State.REFUSED) for n in range(60)), verdict=State.REFUSED,
        purged_sample=()),
    "forty targets": night(targets=tuple(target(f"target_number_{n}") for n in range(40)), purged_sample=()),
    "long names": night(database="x" * 3000, host="日" * 900, targets=(target("n" * 64), target("表" * 64)),
                        verification_login="l" * 200),
    "long reasons": night(findings=tuple(Finding("f" * 80, Severity.WARN, "t" * 80, 10**12, "理由" * 4000)
                                         for _ in range(60))),
    "ten thousand of everything": night(
        purged_sample=tuple(tombstone(i) for i in range(10_000)), verification_sql=(SQL + "\n") * 2000,
        findings=tuple(Finding(f"f{i}", Severity.WARN, "cards", 1, "x" * 80) for i in range(5_000))),
    "control characters": night(database="a\x00b\x1b[31m\u202e", host="\t\r\n", targets=(target("\ud7ff\u2028"), PAYMENTS)),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("language", BOTH)
def test_whatever_the_night_holds_there_is_a_paper_and_it_is_bounded(name: str, language: Language) -> None:
    made = paper(HOSTILE[name], language)
    assert made.pages <= 90
    assert len(made.content) < 600_000


def test_a_number_is_never_broken_however_many_targets_there_are(tmp_path: Path) -> None:
    many = tuple(target(f"t{n}", population=123_456_000 + n) for n in range(23))
    text = pdf_text(paper(night(targets=many, purged_sample=()), "en").content, tmp_path)
    for each in many:
        assert len(re.findall(rf"\b{each.population:,}\b", text)) >= 2, each.population  # in 5-1 and in 5-3
    assert "Table 5-1 Population, before the purge (1/4)" in " ".join(text.split())


def test_what_was_written_is_remembered_for_the_scan() -> None:
    of = night(host="seen-here-host", findings=(Finding("f", Severity.WARN, None, 1, "seen-here-reason"),),
               verification_sql="select seen_here_sql")
    places = (LocationView("seen-here-place", "seen-here-owner", "none", ""),)
    texts = "\n".join(paper(of, "en", places).texts)
    for wanted in ("seen-here-host", "seen-here-reason", "seen_here_sql", "seen-here-place", "seen-here-owner", "page 1 of"):
        assert wanted in texts, wanted


def test_everything_on_paper_went_through_the_scan(tmp_path: Path) -> None:
    made = paper(dataclasses.replace(night(), purged_sample=()))
    remembered = squeezed("".join(made.texts))
    marks = r"[●▲■–=+\s]+"
    pieces = {piece for line in pdf_text(made.content, tmp_path).splitlines() for piece in re.split(marks, line)}
    assert {piece for piece in pieces if squeezed(piece) not in remembered} == set()
