"""Who looks for card numbers: the product, and what others would take. Each says how many numbers each row holds.

What is not installed is left out and said so; nobody's detector is improved or tuned here.
"""

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from carddata_retention.detector import Kind, Population, look, read_name
from carddata_retention.detector.kinds import KINDS
from carddata_retention.issuers import issued, luhn

Rows = Sequence[str | None]
Finder = Callable[[Rows, str], Sequence[int]]

PAGE = 16_000
"""Rows that the product looks at together."""
_NUMBERS = [KINDS.index(kind) for kind in (Kind.CARD_NUMBER, Kind.TEST_NUMBER, Kind.TRACK)]


def product(rows: Rows, column: str) -> Sequence[int]:
    """The detector: one look at each page, the verdict on the whole column, and what it convicts."""
    name, known, pages = read_name(column), Population(), []
    for at in range(0, len(rows), PAGE):
        hits = look(rows[at : at + PAGE], shapes=bool(name.says))
        known.add(hits, min(PAGE, len(rows) - at))
        pages.append((at, hits))
    counts = np.zeros(len(rows), np.int64)
    for at, hits in pages:
        guilty = known.convicts(hits, name) & np.isin(hits.kind, _NUMBERS)
        np.add.at(counts, hits.row[guilty] + at, 1)
    return counts.tolist()


_CARD_LIKE = re.compile(r"(?<![0-9])[1-8][0-9](?:[ -]?[0-9]){11,17}(?![0-9])")
_SIGNS = re.compile("[ -]")


def regex(rows: Rows, column: str) -> Sequence[int]:
    """A regular expression, the issuers' ranges and Luhn: what most would write."""
    found = ([_SIGNS.sub("", m[0]) for m in _CARD_LIKE.finditer(row or "")] for row in rows)
    return [sum(issued(digits) and luhn(digits) for digits in some) for some in found]


def presidio(rows: Rows, column: str) -> Sequence[int]:
    """Microsoft Presidio's recogniser of card numbers, without the language model behind it."""
    recogniser = import_module("presidio_analyzer.predefined_recognizers").CreditCardRecognizer()
    return [len(recogniser.analyze(row, ["CREDIT_CARD"], None)) if row else 0 for row in rows]


def panhunt(rows: Rows, column: str) -> Sequence[int]:
    """What panhunt looks for in the text of a file, row by row."""
    finder = import_module("panhunt.finder").PanFinder(import_module("panhunt.config").ScanConfiguration())
    return [len(finder.find(row)) if row else 0 for row in rows]


def finders() -> dict[str, Finder | None]:
    """Every finder by name; None where it is not installed."""
    return {
        "product": product,
        "regex, issuers, Luhn": regex,
        "panhunt": panhunt if find_spec("panhunt") else None,
        "Presidio": presidio if find_spec("presidio_analyzer") else None,
    }
