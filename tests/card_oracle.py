"""The detector's scanner once more, one character at a time: slow, plain, and the test's oracle.

It shares the tables of `issuers` with the product, and nothing else.
"""

import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from carddata_retention.issuers import GROUPS, issued, luhn

SEPARATORS = {c: kind for kind, chars in {
    "/": "/／∕⁄", "+": "+＋", "-": "-－‐‑‒–—―−﹣﹘─━ーｰ", "_": "_＿·・･", ".": ".．",
    " ": " \u00a0\u3000\u202f\u205f\u1680" + "".join(map(chr, range(0x2000, 0x200B))),
}.items() for c in chars}  # fmt: skip
QUOTES = "\"'“”‘’「」『』（）()[]{}<>《》【】〔〕,，、;；:：|｜"
FIELDS = {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (6, 6, 4), (8, 4, 4), (8, 8), (6, 10), (12, 4), (6, 5, 4)}
COUNTED_UNISSUED = (15, 16, 19)


@dataclass(frozen=True)
class Number:
    """A reading: the first and last run of digits, where it begins and ends, its digits, and whether it is in fields."""

    first: int
    last: int
    start: int
    end: int
    digits: str
    split: bool

    @property
    def passes(self) -> bool:
        return self.issued and luhn(self.digits) and len(set(self.digits)) > 1

    @property
    def issued(self) -> bool:
        return issued(self.digits)


def value(char: str) -> int | None:
    code = ord(char)
    return (code - 0x1D7CE) % 10 if 0x1D7CE <= code <= 0x1D7FF else unicodedata.decimal(char, None) if code < 0x10000 else None


def runs(text: str) -> list[tuple[int, int]]:
    found, at = [], 0
    while at < len(text):
        end = at
        while end < len(text) and value(text[end]) is not None:
            end += 1
        if end > at:
            found.append((at, end))
        at = max(end, at + 1)
    return found


def digits(text: str) -> str:
    return "".join(str(value(c)) for c in text)


def between(text: str, one: tuple[int, int], other: tuple[int, int]) -> str | None:
    """What separates two runs, in folded form; None where it is no separator."""
    gap = text[one[1] : other[0]]
    return "".join(SEPARATORS[c] for c in gap) if 1 <= len(gap) <= 3 and all(c in SEPARATORS for c in gap) else None


def readings(text: str) -> list[Number]:
    found, all_runs = [], runs(text)
    for i, (start, end) in enumerate(all_runs):
        if 13 <= end - start <= 19 and not decimals(text, all_runs, i):
            found.append(Number(i, i, start, end, digits(text[start:end]), False))
    for groups in GROUPS:
        for i in range(len(all_runs) - len(groups) + 1):
            some = all_runs[i : i + len(groups)]
            signs = {between(text, a, b) for a, b in pairwise(some)}
            if tuple(b - a for a, b in some) == groups and len(signs) == 1 and None not in signs:
                found.append(Number(i, i + len(groups) - 1, some[0][0], some[-1][1], "".join(digits(text[a:b]) for a, b in some), False))
    return found + in_fields(text, all_runs)


def decimals(text: str, all_runs: list[tuple[int, int]], i: int) -> bool:
    start, end = all_runs[i]
    if start >= 2 and text[start - 1] in ".．" and value(text[start - 2]) is not None:
        return True
    if i + 1 < len(all_runs) and all_runs[i + 1][0] == end + 1 and text[end] in ".．":
        return set(digits(text[slice(*all_runs[i + 1])])) != {"0"}
    return False


def in_fields(text: str, all_runs: list[tuple[int, int]]) -> list[Number]:
    fields = [i for i, (a, b) in enumerate(all_runs) if 4 <= b - a <= 12 and a > 0 and b < len(text) and text[b] in QUOTES
              and (text[a - 1] in QUOTES or SEPARATORS.get(text[a - 1]) == " ")]
    found = []
    for groups in FIELDS:
        for k in range(len(fields) - len(groups) + 1):
            some = [all_runs[i] for i in fields[k : k + len(groups)]]
            near = all(1 < b[0] - a[1] <= 40 and "\0" not in text[a[1] : b[0]] for a, b in pairwise(some))
            if near and tuple(b - a for a, b in some) == groups:
                found.append(Number(fields[k], fields[k + len(groups) - 1], some[0][0], some[-1][1], "".join(digits(text[a:b]) for a, b in some), True))
    return found


def numbers(text: str) -> list[Number]:
    """One reading for each place: passing before issued before others; the earlier, then the longer."""
    kept: list[Number] = []
    possible = sorted((r for r in readings(text) if r.issued or len(r.digits) in COUNTED_UNISSUED), key=lambda r: (r.first, -r.last))
    for tier in (lambda r: r.passes, lambda r: r.issued and not r.passes, lambda r: not r.issued):
        for reading in filter(tier, possible):
            if all(reading.last < k.first or k.last < reading.first for k in kept):
                kept.append(reading)
    return sorted(kept, key=lambda r: r.first)
