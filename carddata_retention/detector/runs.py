"""Runs of digits of a page, and which of them follow each other with a separator between."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.characters import DASH, END, HEX, PROLONGED, SLASH

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

WIDEST_GAP: Final = 3
"""Characters that may stand between two groups, all of them separators."""
_SEPARATOR = np.arange(END + 1, dtype=np.int64)
_SEPARATOR[:SLASH] = _SEPARATOR[PROLONGED + 1 :] = 0
_SEPARATOR[PROLONGED] = DASH
_BITS = 5  # for a size of up to 31


@dataclass(frozen=True, slots=True)
class Runs:
    """Where the runs of digits of a page begin, and how long they are; `classes` are the page's."""

    classes: Bytes
    start: npt.NDArray[np.int32]
    size: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.start)

    def end(self, run: Ints) -> Ints:
        """Where runs end."""
        end: Ints = self.start.take(run).astype(np.int64) + self.size.take(run)
        return end

    def links(self, run: Ints) -> Ints:
        """What stands between runs and the next ones, as a number, where it is one to three separators; else 0."""
        end = self.end(np.minimum(run, len(self) - 1))
        gap = self.start.take(run + 1, mode="clip") - end  # negative behind the last
        code = np.where((gap > 0) & (gap <= WIDEST_GAP), _SEPARATOR.take(self.classes.take(end)), 0)
        for step in range(1, WIDEST_GAP):
            longer = np.flatnonzero((gap > step) & (code > 0))
            if len(longer):
                further = _SEPARATOR.take(self.classes.take(end[longer] + step))
                code[longer] = np.where(further > 0, code[longer] * 32 + further, 0)
        return code

    def pairs(self, run: Ints, at: Ints | int) -> Ints:
        """Two digits of each run, from its digit `at` on, as a number."""
        place = self.start.take(run).astype(np.int64) + at
        pair: Ints = self.classes.take(place) * np.int64(10) + self.classes.take(place + 1)
        return pair


def runs_of(classes: Bytes) -> Runs:
    """The runs of digits of a page, which begins and ends with something else."""
    digit = classes < HEX
    edges = np.flatnonzero(digit[1:] != digit[:-1])
    start = edges[0::2].astype(np.int32)
    start += 1
    return Runs(classes, start, (edges[1::2] - edges[0::2]).astype(np.int32))


def following(
    size: npt.NDArray[np.int32], begin: Ints, reach: Ints, patterns: Iterable[tuple[int, ...]]
) -> Iterator[tuple[tuple[int, ...], Ints]]:
    """Each pattern of sizes with those beginnings where it stands; from each, `reach` links lead on."""
    code = np.zeros(len(begin), np.int64)
    for step in range(5):
        code |= np.minimum(size.take(begin + step, mode="clip"), 31).astype(np.int64) << _BITS * step
    for groups in sorted(patterns):
        wanted = sum(n << _BITS * step for step, n in enumerate(groups))
        of_these = (1 << _BITS * len(groups)) - 1
        at = begin[(code & of_these == wanted) & (reach >= len(groups) - 1)]
        if len(at):
            yield groups, at
