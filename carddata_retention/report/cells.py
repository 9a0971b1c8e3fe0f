"""What stands in a table, typed, before any format has decided how it looks.

A cell is a count, a day, a share or words; words are a phrase of the catalogue, a text from outside, or several
of them. A format asks for the value where it has a type for it, and for `spoken` where it has only text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from html import unescape
from typing import Literal

from carddata_retention.model import Finding, QualityResult
from carddata_retention.report.speech import DASH, Language, Phrase, Speech, number, phrase
from carddata_retention.report.totals import Sum
from carddata_retention.report.verdict import Tone
from carddata_retention.report.words import CODES

_TAG = re.compile(r"<[^>]*>")

ColumnKind = Literal["text", "count", "date", "instant", "reference", "share"]


@dataclass(frozen=True, slots=True)
class Joined:
    """Several words in one cell."""

    parts: tuple["Words", ...]
    between: str = ""


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text from the core or from a suite of expectations, in Japanese where that is known."""

    en: str
    ja: str

    def text(self, language: Language) -> str:
        """The text in one language; in English where there is no other."""
        return self.ja or self.en if language == "ja" else self.en


@dataclass(frozen=True, slots=True)
class Abridged:
    """A text from outside that paper has less room for than a file."""

    whole: str
    short: str


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A conclusion, which a format may colour."""

    tone: Tone


@dataclass(frozen=True, slots=True)
class Share:
    """A count as a part of another; unknown where either was not taken or the whole is 0."""

    count: int | None
    whole: int | None

    @property
    def value(self) -> float | None:
        """Between 0 and 1."""
        return None if self.count is None or not self.whole else self.count / self.whole

    @property
    def text(self) -> str:
        """In per cent, two decimals."""
        return DASH if self.count is None or not self.whole else f"{100 * self.count / self.whole:.2f}%"


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula for a spreadsheet over columns of its own row, and the value that it must give."""

    text: str
    columns: Mapping[str, int]
    value: date | int | None


@dataclass(frozen=True, slots=True)
class Blank:
    """Where a person writes by hand."""


Words = str | Phrase | Joined | Bilingual | Abridged
Cell = None | int | date | Sum | Share | Conclusion | Formula | Blank | Words


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and what its cells are: `count` in records, `date` a day, `instant` ISO 8601 with its offset."""

    label: Words
    kind: ColumnKind = "text"


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row; `sub` is a subtotal, `foot` stands under the rule."""

    cells: tuple[Cell, ...]
    kind: Literal["body", "sub", "foot"] = "body"


@dataclass(frozen=True, slots=True)
class Table:
    """One numbered table: `rows` are all that the night knows, `paper_rows` how many of them a page shows.

    `tally` is a column whose sum a reader wants above the table, with the words for it.
    """

    id: str
    caption: Phrase
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    paper_rows: int | None = None
    tally: tuple[Phrase, int] | None = None

    @property
    def number(self) -> str:
        """As people quote it: 5-1."""
        return self.id[1:]

    @property
    def section(self) -> str:
        """The number of the section that it stands in: 5."""
        return self.number.partition("-")[0]

    def on_paper(self) -> "Table":
        """The table as a page shows it, with a caption that says how much that is."""
        body = [row for row in self.rows if row.kind != "foot"]
        if self.paper_rows is None or len(body) <= self.paper_rows:
            return self
        shown, foot = body[: self.paper_rows], [row for row in self.rows if row.kind == "foot"]
        caption = replace(self.caption, facts={**self.caption.facts, "n": len(shown)})
        return replace(self, rows=(*shown, *foot), caption=caption)


def reason(of: Finding | QualityResult) -> Bilingual:
    """Why, in the words of whoever found it."""
    return Bilingual(of.reason, of.reason_ja)


def code(group: str, word: str) -> Words:
    """What a machine-readable code means, or the code itself where it is none of ours."""
    key = f"{group}.{word}"
    return phrase("code", key) if key in CODES else word


def spoken(cell: Cell, language: Language, *, short: bool = False) -> str:
    """A cell as text in one language: counts with thousands commas, what was not taken as a dash."""
    if cell is None or isinstance(cell, int):
        return number(cell)
    if isinstance(cell, str):
        return cell
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Sum):
        return number(cell.value) + ("†" if cell.partial else "")
    if isinstance(cell, Share):
        return cell.text
    if isinstance(cell, Formula):
        return spoken(cell.value, language)
    if isinstance(cell, Blank):
        return ""
    if isinstance(cell, Bilingual):
        return cell.text(language)
    if isinstance(cell, Abridged):
        return cell.short if short else cell.whole
    if isinstance(cell, Joined):
        return cell.between.join(spoken(part, language, short=short) for part in cell.parts)
    said = phrase("code", cell.tone) if isinstance(cell, Conclusion) else cell
    return unescape(_TAG.sub("", Speech((language,)).in_one(said, language)))  # facts are escaped: only our tags go
