"""Where the numbers are: runs of digits, the runs that belong together, and which of them have the shape of a card.

Everything is arithmetic on arrays with one entry for each run of digits. `tests/card_oracle.py` says the same slowly,
one character at a time, and a test holds the two equal.

A number is one run of 13 to 19 digits, or groups as they are printed (`issuers.GROUPS`) with one separator throughout.
It begins and ends with a group. Where two readings overlap, one that passes Luhn is preferred, then one that an issuer
may have issued, then the one that begins first, then the longer; a reading that fails never hides one that passes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.characters import DOT, END, HEX, QUOTE, SPACE
from carddata_retention.detector.runs import Runs, following
from carddata_retention.issuers import GROUPS, LONGEST, RANGES, SHORTEST, TEST_NUMBERS

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

SPLIT_GROUPS = frozenset(
    {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (6, 6, 4), (8, 4, 4), (8, 8), (6, 10), (12, 4), (6, 5, 4)}
)
"""How a number is cut in fields of their own: as it is printed, or into what may be shown and what may not."""
_SPLIT_REACH = 40  # characters between two fields: a closing quote, the next key, an opening quote

_ISSUED = np.zeros((10_000, LONGEST - SHORTEST + 1), np.bool_)
for _low, _high, _lengths in RANGES:
    _ISSUED[_low : _high + 1, [n - SHORTEST for n in _lengths]] = True
_COUNTED_UNISSUED = np.isin(np.arange(LONGEST + 1), (15, 16, 19))  # others are mostly times, telephones and articles
_SECOND_OF_GROUPS = np.isin(np.arange(LONGEST + 2), [g[1] for g in GROUPS])
_FIELD = np.isin(np.arange(LONGEST + 2), [n for g in SPLIT_GROUPS for n in g])
_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], np.uint8)
_TEST = np.array(sorted(int(n) for n in TEST_NUMBERS), np.uint64)
_TENS = np.array([10**n for n in range(LONGEST)], np.uint64)


@dataclass(frozen=True, slots=True)
class Windows:
    """Numbers of a page: first and last run, how many digits, and what they are."""

    first: Ints
    last: Ints
    length: Ints
    split: Bools
    issued: Bools
    passes: Bools
    test: Bools
    check: Bools

    def __len__(self) -> int:
        return len(self.first)

    def where(self, mask: Bools | Ints) -> "Windows":
        """Those that a mask or an index picks."""
        return Windows(*(getattr(self, name)[mask] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class _Readings:
    """Readings before they are judged; `values` has one in each column, the last digit in the first row."""

    first: Ints
    last: Ints
    length: Ints
    split: Bools
    values: Bytes


def windows_of(runs: Runs) -> Windows:
    """The numbers of a page that have the length and the layout of a card, one reading for each place.

    Numbers that no issuer has are among them only where they have one of the lengths of `_COUNTED_UNISSUED`.
    """
    parts = [_single(runs), *_grouped(runs), *_split(runs)]
    if len(parts) == 1:
        found = _judged(parts[0])
    else:
        names = [f.name for f in fields(_Readings)]
        found = _judged(_Readings(*(np.concatenate([getattr(p, name) for p in parts], axis=-1) for name in names)))
    found = found.where(found.issued | _COUNTED_UNISSUED.take(found.length))
    if len(parts) == 1:
        return found
    found = found.where(np.argsort(found.first * 8 - (found.last - found.first), kind="stable"))
    crossed = np.flatnonzero(found.first[1:] <= np.maximum.accumulate(found.last)[:-1]) + 1
    if not len(crossed):
        return found
    alone = np.ones(len(found), np.bool_)
    alone[crossed] = False
    alone[crossed - 1] = False
    return found.where(np.sort(np.concatenate((np.flatnonzero(alone), _chosen(found, np.flatnonzero(~alone))))))


def _single(runs: Runs) -> _Readings:
    """One run; not the decimals of a number, nor a number with decimals that are more than zeros."""
    at = np.flatnonzero((runs.size >= SHORTEST) & (runs.size <= LONGEST))
    start, end = runs.start.take(at), runs.end(at)
    before = runs.classes.take(start - 1) == DOT
    after = runs.classes.take(end) == DOT
    if before.any() or after.any():
        kept = ~(before & (runs.classes.take(start - 2) < HEX)) & ~(after & _more_than_zeros(runs.classes, end + 1))
        at, end = at[kept], end[kept]
    length = runs.size.take(at).astype(np.int64)
    values = np.zeros((LONGEST, len(at)), np.uint8)
    for place in range(LONGEST):
        np.multiply(runs.classes.take(end - 1 - place), length > place, out=values[place])
    return _Readings(at, at, length, np.zeros(len(at), np.bool_), values)


def _more_than_zeros(classes: Bytes, at: Ints) -> Bools:
    """Whether the digits from a place on are not all zeros."""
    more, going = np.zeros(len(at), np.bool_), np.ones(len(at), np.bool_)
    while going.any():
        digit = classes.take(at, mode="clip")
        going &= digit < HEX
        more |= going & (digit > 0)
        going &= ~more
        at = at + 1
    return more


def _grouped(runs: Runs) -> Iterator[_Readings]:
    """Groups with the same separator between all of them."""
    begin = np.flatnonzero((runs.size[:-1] == 4) | (runs.size[:-1] == 6))
    begin = begin[_SECOND_OF_GROUPS.take(runs.size.take(begin + 1), mode="clip")]  # dates end here
    if not len(begin):
        return
    links = [runs.links(begin)]
    begin, links = begin[links[0] > 0], [links[0][links[0] > 0]]
    reach = np.ones(len(begin), np.int64)
    for step in range(1, 4):
        reach += (reach == step) & (runs.links(begin + step) == links[0])
    for groups, at in following(runs.size, begin, reach, GROUPS):
        yield _read(runs, [at + step for step in range(len(groups))], groups, split=False)


def _split(runs: Runs) -> Iterator[_Readings]:
    """Fields that follow each other within reach, each a whole value in quotes, brackets or between commas."""
    at = np.flatnonzero(_FIELD.take(runs.size, mode="clip"))
    at = at[runs.classes.take(runs.end(at)) == QUOTE]
    before = runs.classes.take(runs.start.take(at) - 1)
    at = at[(before == QUOTE) | (before == SPACE)]
    if len(at) < 2:
        return
    gap = runs.start.take(at[1:]) - runs.end(at[:-1])
    close = np.append((gap <= _SPLIT_REACH) & (gap > 1), False)
    some = np.flatnonzero(close)
    if not len(some):
        return
    ends = np.flatnonzero(runs.classes == END)
    row = np.searchsorted(ends, runs.start.take(at))
    close[some] = row[some] == row[some + 1]
    begin = np.flatnonzero(close)
    reach = np.ones(len(begin), np.int64)
    for step in range(1, 4):
        reach += (reach == step) & close.take(begin + step, mode="clip")
    for groups, which in following(runs.size.take(at), begin, reach, SPLIT_GROUPS):
        yield _read(runs, [at[which + step] for step in range(len(groups))], groups, split=True)


def _read(runs: Runs, members: list[Ints], groups: Sequence[int], split: bool) -> _Readings:
    """The digits of readings with the same groups."""
    places = [runs.start.take(m) + at for m, size in zip(members, groups, strict=True) for at in range(size)]
    digits = [runs.classes.take(place) for place in places]
    values = np.zeros((LONGEST, len(members[0])), np.uint8)
    values[: len(digits)] = digits[::-1]
    count = len(members[0])
    return _Readings(members[0], members[-1], np.full(count, len(digits)), np.full(count, split), values)


def _judged(read: _Readings) -> Windows:
    """Issuer, check digit and whether it is a published test number."""
    values, length = read.values, read.length
    every = np.arange(len(length))
    prefix = np.zeros(len(length), np.int64)
    for place in range(1, 5):
        prefix = prefix * 10 + values[length - place, every]
    issued = _ISSUED[prefix, length - SHORTEST]
    total = values[0::2].sum(axis=0, dtype=np.uint16) + _DOUBLED.take(values[1::2]).sum(axis=0, dtype=np.uint16)
    passes = issued & (total % 10 == 0)
    some = np.flatnonzero(passes)
    test = np.zeros(len(length), np.bool_)
    number = _TENS @ values[:, some].astype(np.uint64)
    test[some] = _TEST.take(np.searchsorted(_TEST, number), mode="clip") == number
    alike = some[values[0, some] == values[1, some]]
    within = np.arange(LONGEST)[:, None] < length[alike]
    passes[alike] = (within & (values[:, alike] != values[0, alike])).any(axis=0)  # 8888… is nobody's
    return Windows(read.first, read.last, length, read.split, issued, passes, test, _other_check(values, length))


def _other_check(values: Bytes, length: Ints) -> Bools:
    """Whether a number of 13 digits has the check digit of EAN/JAN or of a Japanese corporate number."""
    check = np.zeros(len(length), np.bool_)
    short = np.flatnonzero(length == SHORTEST)
    digits = values[:SHORTEST, short].astype(np.int64)
    ean = np.array([1, 3] * 6 + [1]) @ digits % 10 == 0
    corporate = 9 - np.array([1, 2] * 6) @ digits[:-1] % 9 == digits[-1]
    check[short] = ean | corporate
    return check


def _chosen(found: Windows, among: Ints) -> Ints:
    """One reading for each place: those that pass, then issued ones, then the rest; the earlier, then the longer."""
    kept = np.zeros(0, np.int64)
    for tier in (found.passes, found.issued & ~found.passes, ~found.issued):
        some = among[tier[among]]
        if len(kept) and len(some):
            some = some[~_crosses(found, some, kept)]
        some = some[disjoint(found.first[some], found.last[some])]
        kept = np.sort(np.concatenate((kept, some)))
    return kept


def _crosses(found: Windows, some: Ints, kept: Ints) -> Bools:
    """Which of some readings share a run with one that is kept; those are disjoint and in order."""
    following = np.searchsorted(found.first[kept], found.first[some], side="right")
    reach = np.append(found.last[kept], -1)
    begin = np.append(found.first[kept], np.iinfo(np.int64).max)
    hidden: Bools = (reach[following - 1] >= found.first[some]) | (begin[following] <= found.last[some])
    return hidden


def disjoint(first: Ints, last: Ints) -> Bools:
    """From the first on, each that does not reach into one taken before; given in order of `first`."""
    taken = np.ones(len(first), np.bool_)
    if len(first) < 2:
        return taken
    taken[1:] = np.maximum.accumulate(last)[:-1] < first[1:]
    if taken.all():
        return taken
    at = np.flatnonzero(taken)  # nothing reaches into these; behind each follow those that reach into each other
    until = np.append(at[1:], len(first))
    while len(at):
        at = np.searchsorted(first, last[at], side="right")
        within = at < until
        at, until = at[within], until[within]
        taken[at] = True
    return taken
