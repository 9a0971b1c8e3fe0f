"""What is known of one column or one file, page by page: counts of cells, and the verdicts that follow from them.

Sums only, so pages may come in any order, a scan may stop and go on, and parts may be merged. Memory is bounded: above
`_MOST_CELLS` the labels of new cells are forgotten, which joins them in coarser populations.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.cells import Cell, Feature, unpack
from carddata_retention.detector.hits import Hits
from carddata_retention.detector.kinds import CODE, Kind, Verdict
from carddata_retention.detector.names import ColumnName
from carddata_retention.detector.opinion import Opinion, Seen

Bools = npt.NDArray[np.bool_]

VERSION: Final = "2"
"""Of the detector: changes whenever its findings could change; populations of another version are not read."""

_MOST_CELLS = 20_000
_NUMBERS = frozenset({Kind.CARD_NUMBER, Kind.TEST_NUMBER})
_WITHOUT_LABELS = ~0xFFFFFFFFFF


class Population:
    """Counts of one column or file. Never a value, never a digit; `as_json` may be stored anywhere."""

    def __init__(self) -> None:
        self.rows = 0
        self.filled = 0
        self._counts: dict[int, tuple[int, int]] = {}
        self._opinions: dict[tuple[ColumnName | None, Kind | None], Opinion] = {}

    def add(self, hits: Hits, rows: int) -> None:
        """One more page, of `rows` rows."""
        self.rows += rows
        self.filled += hits.filled
        cells, inverse = hits.cells
        counts = np.bincount(inverse, minlength=len(cells))
        passes = np.bincount(inverse[hits.passes], minlength=len(cells))
        for cell, count, passed in zip(cells.tolist(), counts.tolist(), passes.tolist(), strict=True):
            self._count(cell, count, passed)
        self._opinions.clear()

    def merge(self, other: "Population") -> None:
        """Add everything that another population of the same column or file knows."""
        self.rows += other.rows
        self.filled += other.filled
        for cell, (count, passed) in other._counts.items():
            self._count(cell, count, passed)
        self._opinions.clear()

    def _count(self, cell: int, count: int, passed: int) -> None:
        known = self._home(cell)
        before = self._counts.get(known, (0, 0))
        self._counts[known] = (before[0] + count, before[1] + passed)

    def _home(self, cell: int) -> int:
        """The cell that counts it: itself, or the one without labels where there are too many."""
        if cell in self._counts or len(self._counts) < _MOST_CELLS:
            return cell
        return cell & _WITHOUT_LABELS

    def as_json(self) -> dict[str, Any]:
        """The counts, to go on later."""
        return {"version": VERSION, "rows": self.rows, "filled": self.filled,
                "cells": {f"{c:016x}": list(n) for c, n in self._counts.items()}}

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "Population":
        """What `as_json` wrote. ValueError where another version of the detector wrote it."""
        if saved["version"] != VERSION:
            raise ValueError("these counts were written by another version of the detector")
        new = cls()
        new.rows, new.filled = saved["rows"], saved["filled"]
        new._counts = {int(cell, 16): (count, passed) for cell, (count, passed) in saved["cells"].items()}
        return new

    @property
    def card_shaped(self) -> tuple[int, int]:
        """How many numbers have the shape of a card, and how many of them pass Luhn: whatever they are."""
        shaped = self.opinion(None, None).shaped
        return shaped.issued, shaped.passed

    def filling(self, kind: Kind) -> int:
        """How many candidates of a class are all that their row holds, but for blanks, signs and an expiry."""
        told_apart = len(self._counts) < _MOST_CELLS  # else a number without words may be one whose words are forgotten

        def alone(cell: Cell) -> bool:
            if kind not in _NUMBERS:  # labelled, or whole
                return Feature.LABELLED not in cell.features
            return Feature.WHOLE in cell.features or (told_apart and not cell.left and not cell.right)

        return sum(n for code, (n, _) in self._counts.items() if code >> 60 == CODE[kind] and alone(unpack(code)))

    def opinion(self, column: ColumnName | None, declared: Kind | None) -> Opinion:
        """What is thought of the column; computed once until more is added."""
        key = (column, declared)
        if key not in self._opinions:
            self._opinions[key] = Opinion(Seen(self.rows, self.filled, self._counts), column, declared)
        return self._opinions[key]

    def verdicts(self, column: ColumnName | None = None, declared: Kind | None = None) -> list[Verdict]:
        """What stands in the column, gravest first; its name and its declaration may say what to expect."""
        return self.opinion(column, declared).verdicts()

    def convicts(self, hits: Hits, column: ColumnName | None = None, declared: Kind | None = None) -> Bools:
        """Which candidates of a page the verdicts count, for a second pass over the same texts."""
        guilty = self.opinion(column, declared).guilty
        cells, inverse = hits.cells
        convicted = np.array([self._home(c) in guilty for c in cells.tolist()], np.bool_)
        mask: Bools = convicted[inverse] & hits.passes
        return mask
