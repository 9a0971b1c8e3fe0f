"""A report before any format has drawn it: what stands before its tables, the tables, and the sections around them.

A night and a period each make one of these. Those that write files know nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from carddata_retention.report.cells import Table, Words
from carddata_retention.report.speech import Language, Phrase
from carddata_retention.report.totals import Sum
from carddata_retention.report.verdict import Tone

_NO_SUM = Sum(None)


@dataclass(frozen=True, slots=True)
class Term:
    """One number of the equation on the cover, with the sign before it; a gap where `op` is None."""

    op: str | None
    label: Words = ""
    anchor: str = ""
    sum: Sum = _NO_SUM
    start: bool = False
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Front:
    """What stands before the tables: the verdict, the equation, and which night or days this is.

    `letter` begins the number of each section. `name` is the run or the days, `day` the date that was judged by or
    built on, `made` the instant that a file carries as that of its creation, `digest` the SHA-256 of the report's JSON.
    """

    title: Phrase
    letter: str
    workpaper: str
    name: str
    day: date
    made: datetime
    tone: Tone
    word: str
    headline: Phrase
    sentences: tuple[Phrase, ...]
    beside: tuple[Phrase, ...]
    equation: tuple[Term, ...]
    identity: tuple[tuple[Phrase, Words], ...]
    digest: str

    @property
    def footer(self) -> str:
        """What every page ends with: the number that people quote, and what holds the file against its JSON."""
        return f"{self.workpaper} · sha256 {self.digest}"


@dataclass(frozen=True, slots=True)
class Part:
    """A section on paper, in one language: its tables, what stands under them, and a `listing` in small type.

    The first part shares page 1 with the front. One that is signed has a page to itself: `lead` says what for, and
    `signers` have a box each; without signers `below` says why.
    """

    id: str
    tables: tuple[Table, ...]
    below: tuple[str, ...] = ()
    listing: str = ""
    signed: bool = False
    lead: str = ""
    signers: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that files are made of. `stem` begins their names; `told` is the object of the JSON."""

    stem: str
    told: dict[str, Any]
    front: Front
    tables: tuple[Table, ...]
    page: Callable[[], str]
    parts: Callable[[Language], tuple[Part, ...]]
