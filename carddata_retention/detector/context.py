"""What stands around the numbers of a page: letters that touch them, an expiry, track data, hexadecimal digits."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.cells import Feature
from carddata_retention.detector.characters import DASH, DOT, END, EQUALS, HEX, LATIN, QUOTE, SLASH, Characters
from carddata_retention.detector.runs import Runs
from carddata_retention.detector.windows import Windows

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_REACH = 48  # characters of a token that are looked at on either side
_TO_EXPIRY = 16
_HEX_SIZES: Final = (24, 32, 40, 48, 56, 64)
_EARLIEST, _LATEST = 15, 60  # years of this century
_TRACK_2_LEAST = 7  # YYMM and a service code
_TRACK_1 = re.compile(r"\^[^\^\x00]{2,26}\^[0-9]{2}(?:0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Places:
    """Where the numbers of a page begin and end, and the classes of the characters that touch them."""

    start: Ints
    end: Ints
    before: Bytes
    after: Bytes

    @classmethod
    def of(cls, page: Characters, runs: Runs, found: Windows) -> "Places":
        """The places of numbers."""
        start, end = runs.start.take(found.first).astype(np.int64), runs.end(found.last)
        return cls(start, end, page.classes.take(start - 1), page.classes.take(end))

    def where(self, mask: Bools) -> "Places":
        """Those that a mask picks."""
        return Places(self.start[mask], self.end[mask], self.before[mask], self.after[mask])


def features(page: Characters, runs: Runs, found: Windows, places: Places) -> Ints:
    """The features of each number, as bits of `Feature`."""
    before, after = places.before, places.after
    grouped = (found.first != found.last) & ~found.split
    tied = (before >= SLASH) & (before <= DOT) & ~found.split
    chained = np.zeros(len(found), np.bool_)
    some = np.flatnonzero(grouped & (found.first > 0))
    chained[some] = runs.links(found.first[some] - 1) == runs.links(found.first[some])
    bits = {
        Feature.ISSUED: found.issued,
        Feature.GROUPED: grouped,
        Feature.SPLIT: found.split,
        Feature.WHOLE: (before == END) & (after == END),
        Feature.GLUED: (_letter(before) | _letter(after)) & ~found.split,
        Feature.JOINED: tied | chained,
        Feature.EXPIRY: _expiry_follows(page, runs, found, places.end),
        Feature.CHECKED: found.check,
    }
    total = np.zeros(len(found), np.int64)
    for bit, mask in bits.items():
        total |= mask * int(bit)
    return total


def _letter(classes: npt.NDArray[np.uint8]) -> Bools:
    letter: Bools = (classes == HEX) | (classes == LATIN)
    return letter


def _expiry_follows(page: Characters, runs: Runs, found: Windows, end: Ints) -> Bools:
    """A month and a year in the next two runs of digits of the row, with one sign between them."""
    follows = np.zeros(len(found), np.bool_)
    at = np.flatnonzero(found.last + 2 < len(runs))
    month = found.last[at] + 1
    near = (runs.start.take(month) - end[at] <= _TO_EXPIRY) & (runs.size.take(month) == 2)
    at, month = at[near], month[near]
    size, after = runs.size.take(month + 1), runs.end(month)
    near = (runs.start.take(month + 1) - after == 1) & ((size == 2) | (size == 4))
    at, month, size, after = at[near], month[near], size[near], after[near]
    sign, number, year = page.classes.take(after), runs.pairs(month, 0), runs.pairs(month + 1, size - 2)
    good = (number >= 1) & (number <= 12) & (year >= _EARLIEST) & (year <= _LATEST)
    good &= (size == 2) | (runs.pairs(month + 1, 0) == 20)
    follows[at] = good & ((sign == SLASH) | (sign == DASH) | (sign == QUOTE))
    return follows


def is_track(page: Characters, runs: Runs, found: Windows, places: Places) -> Bools:
    """Whether a number begins the data of a magnetic stripe: PAN=YYMM and service code, or %BPAN^NAME^YYMM."""
    track = np.zeros(len(found), np.bool_)
    at = np.flatnonzero(found.passes)
    sign = page.codes[places.end[at]]
    second = at[(places.after[at] == EQUALS) | (sign == ord("D")) | (sign == ord("d"))]
    second = second[found.last[second] + 1 < len(runs)]
    dates = found.last[second] + 1
    long = (runs.start[dates] == places.end[second] + 1) & (runs.size[dates] >= _TRACK_2_LEAST)
    second, dates = second[long], dates[long]
    month = runs.pairs(dates, 2)
    track[second] = (month >= 1) & (month <= 12)
    for place in at[sign == ord("^")].tolist():
        end = int(places.end[place])
        track[place] = _TRACK_1.match(page.text, end) is not None
    return track


def is_opaque(page: Characters, found: Windows, places: Places) -> Bools:
    """Whether a number is a stretch of something hexadecimal: a digest, a UUID, an address."""
    opaque = np.zeros(len(found), np.bool_)
    at = np.flatnonzero((_letter(places.before) | _letter(places.after)) & ~found.split)
    if not len(at):
        return opaque
    left = _token(page, places.start[at] - 1, -1)
    right = _token(page, places.end[at], 1)
    hexadecimal = ~(left.other | right.other) & (left.size + right.size > 0)
    size = left.size + right.size + places.end[at] - places.start[at]
    more = (left.digits + right.digits > 0) | np.isin(size, _HEX_SIZES)
    address = left.other & (left.size == 2) & (page.codes[places.start[at] - 1] | 0x20 == ord("x"))
    opaque[at] = (hexadecimal & (more | (found.first[at] != found.last[at]))) | address
    return opaque


@dataclass(frozen=True, slots=True)
class _Token:
    """What touches a number on one side: letters and digits, digits alone, and whether some are not hexadecimal."""

    size: Ints
    digits: Ints
    other: Bools


def _token(page: Characters, at: Ints, step: int) -> _Token:
    classes = page.classes[at[:, None] + step * np.arange(_REACH)]
    inside = np.logical_and.accumulate(classes <= LATIN, axis=1)
    return _Token(inside.sum(axis=1), (inside & (classes < HEX)).sum(axis=1), (inside & (classes == LATIN)).any(axis=1))
