"""What one page holds, as parallel arrays."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Hits:
    """Candidates of one page, ordered by row. Never a digit, never a value.

    `row` indexes the texts that were looked at (int64); `kind` is the place in `KINDS` (uint8); `cell` is the small
    population that the candidate belongs to (uint64, see `cells`); `passes` says whether the number passes Luhn, or,
    for classes that are no numbers, that the layout is complete (bool). `filled` is how many rows have any text.
    """

    row: npt.NDArray[np.int64]
    kind: npt.NDArray[np.uint8]
    cell: npt.NDArray[np.uint64]
    passes: npt.NDArray[np.bool_]
    filled: int = 0

    def __len__(self) -> int:
        return len(self.row)

    @cached_property
    def cells(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        """The distinct cells, and the place of each candidate's among them."""
        found, inverse = np.unique(self.cell, return_inverse=True)
        return found, inverse
