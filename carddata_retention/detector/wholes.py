"""Short values as a whole: which rows look like a security code, an expiry, a PIN block, a token, a name.

Alone they say nothing, for three digits may be anything; the population counts them, and the column's name decides.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.cells import Feature, pack
from carddata_retention.detector.characters import (
    DASH,
    DOT,
    END,
    HEX,
    HIRAGANA,
    KANJI,
    KATAKANA,
    LATIN,
    PROLONGED,
    QUOTE,
    SLASH,
    SPACE,
    UNDERSCORE,
    Characters,
)
from carddata_retention.detector.kinds import Kind
from carddata_retention.issuers import LONGEST, SHORTEST

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Found = tuple[Ints, npt.NDArray[np.uint64]]

SHORT = 24
"""Characters: rows that are longer on average, and not all of one length, are not looked at as a whole."""
_LEAST_TOKEN = 8
_MOST_NAME = 40
_LANE = 1024  # a row's counts of six sorts of characters are added at once, ten bits for each
_LANES = np.zeros(END + 1, np.int64)
_LANES[:HEX] = 1
_SORTS = ((HEX,), (LATIN,), (HIRAGANA, KATAKANA, PROLONGED, KANJI), (DASH, UNDERSCORE), (SPACE, DOT, QUOTE, SLASH))
for _lane, _sorts in enumerate(_SORTS, 1):
    _LANES[list(_sorts)] = 1 << 10 * _lane


def wholes(page: Characters, begin: Ints, size: Ints) -> list[Found]:
    """Where the rows begin that could be such a value, and their cells; `size` in characters."""
    full = np.flatnonzero(size > 0)
    begin, size = begin[full], size[full]
    if not len(size) or (size.mean() > SHORT and not (size == size[0]).all()):
        return []
    counts = np.add.reduceat(_LANES[page.classes[: begin[-1] + size[-1]]], begin)
    counts[size >= _LANE] = 0
    lanes = ((counts >> shift) & (_LANE - 1) for shift in range(0, 60, 10))
    digits, hexadecimal, latin, japanese, signs, others = lanes
    letters = hexadecimal + latin
    only_digits = digits == size
    name = (japanese >= 2) | ((letters >= 4) & (signs + others > 0))
    shapes = [
        (only_digits & ((size == 3) | (size == 4)), _cell(Kind.CVV)),
        ((size >= _LEAST_TOKEN) & (digits > 0) & (digits + letters + signs == size), _cell(Kind.TOKEN)),
        (name & (size <= _MOST_NAME) & (letters + japanese + signs + others == size), _cell(Kind.HOLDER)),
    ]  # fmt: skip
    whole = ~only_digits & (digits + hexadecimal == size)
    for length in range(SHORTEST, LONGEST + 1):
        shapes.append((whole & (size == length), pack(Kind.PIN_BLOCK, length, 0, 0, 0, 0)))
    shapes += _expiries(page, begin, size)
    return [(begin[rows], np.repeat(cell, int(rows.sum()))) for rows, cell in shapes if rows.any()]


def _cell(kind: Kind) -> npt.NDArray[np.uint64]:
    return pack(kind, 0, 0, 0, 0, 0)


def _expiries(page: Characters, begin: Ints, size: Ints) -> Iterator[tuple[Bools, npt.NDArray[np.uint64]]]:
    """Months with years (12/27, 2027-12, 1227, 202712), and months or years alone."""
    whole, part = np.zeros(len(size), np.bool_), np.zeros(len(size), np.bool_)
    for length, month, year in ((5, 0, 3), (5, 3, 0), (7, 0, 5), (7, 5, 2), (4, 0, 2), (4, 2, 0), (6, 0, 4), (6, 4, 2)):
        at = np.flatnonzero(size == length)
        value = page.classes[begin[at][:, None] + np.arange(length)].astype(np.int64)
        sign = value[:, {5: 2, 7: 2 if month == 0 else 4}.get(length, 0)]
        signs = (value >= HEX).sum(axis=1)
        cut = (signs == 1) & ((sign == SLASH) | (sign == DASH)) if length % 2 else signs == 0
        whole[at] |= cut & _month(value, month) & _year(value, year) & (_century(value, year) if length > 5 else True)
    for length in (1, 2, 4):
        at = np.flatnonzero(size == length)
        value = page.classes[begin[at][:, None] + np.arange(length)].astype(np.int64)
        digits = (value < HEX).all(axis=1)
        if length == 1:
            part[at] = digits & (value[:, 0] > 0)
        elif length == 2:
            part[at] = digits & (_month(value, 0) | _year(value, 0))
        else:
            part[at] = digits & _century(value, 2) & _year(value, 2)
    yield whole, _cell(Kind.EXPIRY)
    yield part & ~whole, pack(Kind.EXPIRY, 0, 0, int(Feature.PART), 0, 0)


def _month(value: Ints, at: int) -> Bools:
    number = value[:, at] * 10 + value[:, at + 1]
    month: Bools = (number >= 1) & (number <= 12) & (value[:, at + 1] < HEX)
    return month


def _year(value: Ints, at: int) -> Bools:
    """The last two digits of a year from 2000 to 2060."""
    year: Bools = (value[:, at] <= 6) & (value[:, at + 1] < HEX)
    return year


def _century(value: Ints, at: int) -> Bools:
    century: Bools = (value[:, at - 2] == 2) & (value[:, at - 1] == 0)
    return century
