"""The small populations of a column: 64 bits say kind, length, features, and hashes of the labels.

    60..63 kind   57..59 length - 13   55..56 what the label says   40..54 features   20..39 left label   0..19 right

A saved population is made of these; whoever moves a bit changes `VERSION`.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import Any

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.kinds import CODE, KINDS, Kind
from carddata_retention.detector.lexicon import Said
from carddata_retention.issuers import SHORTEST


class Feature(IntFlag):
    """What is known of a candidate apart from its label and its digits."""

    ISSUED = 1  # begins as some issuer's numbers of this length do
    GROUPED = 2
    SPLIT = 4  # over fields of their own
    WHOLE = 8  # nothing else stands in the row
    GLUED = 16  # a letter touches it
    JOINED = 32  # a dash, slash, dot or underscore ties it to what stands before
    EXPIRY = 64  # a month and year follow
    CHECKED = 128  # 13 digits with the check digit of JAN or of a corporate number
    LABELLED = 256  # a label of the right kind in the text
    PART = 512  # half of a value: a month or a year alone; a mask with only the last digits


@dataclass(frozen=True, slots=True)
class Cell:
    """What the bits say."""

    kind: Kind
    length: int
    said: Said
    features: Feature
    left: int
    right: int


def pack(kind: Kind, length: Any, said: Any, features: Any, left: Any, right: Any) -> npt.NDArray[np.uint64]:
    """Cells of candidates, from parallel arrays or single numbers. Lengths below 13 are said as 13."""
    above = np.maximum(length, SHORTEST) - SHORTEST
    parts = [np.asarray(part).astype(np.uint64) for part in (above, said, features, left, right)]
    shifts = (57, 55, 40, 20, 0)
    cell: npt.NDArray[np.uint64] = np.array([CODE[kind] << 60], np.uint64)
    for part, shift in zip(parts, shifts, strict=True):
        cell = cell | (part << np.uint64(shift))
    return cell


def unpack(cell: int) -> Cell:
    """A cell's meaning."""
    return Cell(
        KINDS[cell >> 60], (cell >> 57 & 7) + SHORTEST, Said(cell >> 55 & 3), Feature(cell >> 40 & 0x7FFF),
        cell >> 20 & 0xFFFFF, cell & 0xFFFFF,
    )  # fmt: skip
