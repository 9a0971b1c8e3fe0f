"""Fonts, measures and colours of the PDF, and the pen that remembers every text it was given.

The fonts lie beside this module, so that every machine makes the same file; ReportLab embeds the glyphs that are
used. What the fonts lack is drawn as 〓, as printers do.
"""

from functools import cache
from importlib.resources import files
from io import BytesIO

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont

from carddata_retention.report.cells import Cell, spoken
from carddata_retention.report.line_breaks import BREAK, broken
from carddata_retention.report.speech import Language

REGULAR, BOLD = "RetentionGothic-Regular", "RetentionGothic-Bold"
WIDTH, HEIGHT = A4
TOP, SIDE, BOTTOM = 17 * mm, 14 * mm, 16 * mm
COLUMN = WIDTH - 2 * SIDE
INK, INK2, INK3 = HexColor("#1c2024"), HexColor("#474f57"), HexColor("#656d75")
RULE, HAIR, TINT = HexColor("#cfcbc2"), HexColor("#e7e4dc"), HexColor("#f4f2ec")
TONES = {"ok": HexColor("#1b6a42"), "att": HexColor("#855000"), "bad": HexColor("#a5211b"), "na": HexColor("#5a6067"),
         "miss": HexColor("#5a6067")}
# Shapes, so that a conclusion survives a copier.
MARKS = {"ok": "●", "att": "▲", "bad": "■", "na": "–", "miss": "○"}
_MISSING = "〓"
# A piece must fit a page whatever somebody wrote into a name or a reason; the other formats hold it whole.
_MOST_LINES, _MOST_CHARACTERS = 24, 2000


def shortened(text: str) -> str:
    """As much of a text as there is any room for."""
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"


@cache
def fonts() -> dict[str, frozenset[int]]:
    """Make both weights known to ReportLab; which characters each of them has."""
    known = {}
    for name in (REGULAR, BOLD):
        font = TTFont(name, BytesIO((files("carddata_retention.report") / "fonts" / f"{name}.ttf").read_bytes()))
        registerFont(font)
        known[name] = frozenset(font.face.charToGlyph)
    return known


class Pen:
    """Says cells in one language, breaks their lines, and keeps what it wrote for the leak scan."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.texts: list[str] = []
        self._known = fonts()

    def say(self, cell: Cell) -> str:
        """A cell in its short form, kept for the scan."""
        said = spoken(cell, self.language, short=True)
        self.texts.append(said)
        return said

    def drawable(self, text: str, font: str = REGULAR) -> str:
        """The text with a mark for every character that the font lacks."""
        known = self._known[font]
        return "".join(c if ord(c) in known or c in f"\n{BREAK}" else _MISSING for c in text.replace("\t", " "))

    def lines(self, text: str, width: float, size: float, font: str = REGULAR) -> list[str]:
        """The lines of a text, width and size of type in points; a longer text is cut, and says so."""
        found = broken(self.drawable(shortened(text), font), width, lambda part: stringWidth(part, font, size))
        return found if len(found) <= _MOST_LINES else [*found[: _MOST_LINES - 1], "…"]

    def width(self, text: str, size: float, font: str = REGULAR) -> float:
        """The widest line of a text, in points."""
        parts = self.drawable(text, font).replace(BREAK, "").split("\n")
        return max(stringWidth(part, font, size) for part in parts)
