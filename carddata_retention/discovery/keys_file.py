"""`--keys FILE`: row by row where the findings stand, so that someone can mend them. Created 0600; no value is in it.

Candidates wait in a nameless file until their columns are judged; then those that count are written.
"""

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import TextIO

import numpy as np

from carddata_retention.detector import ColumnName, Hits, Kind, Population
from carddata_retention.detector.kinds import KINDS
from carddata_retention.discovery.discretion import revealing
from carddata_retention.errors import FailedError, UsageError

AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Judge:
    """A column as a whole: what convicts its candidates, and how sure each class is.

    `hide_keys` says that the table's key holds card numbers: those are left out.
    """

    population: Population
    says: ColumnName | None
    declared: Kind | None
    hide_keys: bool
    confidence: Mapping[str, str]


class KeysFile:
    """The file, and what waits for it. Raises UsageError: it is there already; FailedError: nothing can be written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists():
            raise self._there()
        try:
            waiting = tempfile.TemporaryFile("w+b", dir=path.parent)  # noqa: SIM115 - lives as long as this object
        except OSError as wrong:
            raise self._unwritable(wrong) from None
        self._waiting = io.TextIOWrapper(waiting, encoding="utf-8", newline="")
        self._lines = csv.writer(self._waiting)

    def note(self, place: str, hits: Hits, key_of: Callable[[int], str]) -> None:
        """Candidates of one page, each once for a row and class."""
        right = hits.passes
        rows, kinds, cells = hits.row[right].tolist(), hits.kind[right].tolist(), hits.cell[right].tolist()
        try:
            for row, kind, cell in dict.fromkeys(zip(rows, kinds, cells, strict=True)):
                self._lines.writerow((place, kind, cell, key_of(row)))
        except OSError as wrong:
            raise self._unwritable(wrong) from None

    def write(self, judges: Mapping[str, Judge]) -> int:
        """Make the file, with the rows that count, each once for a class; returns how many."""
        try:
            made = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(made, "w", encoding="utf-8", newline="") as file:
                return self._written(file, judges)
        except FileExistsError:
            raise self._there() from None
        except OSError as wrong:
            raise self._unwritable(wrong) from None

    def _written(self, file: TextIO, judges: Mapping[str, Judge]) -> int:
        self._waiting.seek(0)
        lines, out = csv.reader(self._waiting), csv.writer(file)
        out.writerow(("place", "key", "class", "confidence"))
        written, before = 0, ("", "", "")
        while page := list(islice(lines, AT_ONCE)):
            for place, key, kind, confidence in _guilty(page, judges):
                if (place, key, kind) != before or not key:
                    out.writerow((place, key, kind, confidence))
                    written, before = written + 1, (place, key, kind)
        return written

    def _there(self) -> UsageError:
        return UsageError("keys_exist", f"{self.path.name} is there already.", not_done="Nothing was written into it.",
                          cure="Remove it, or name another file.")

    def _unwritable(self, wrong: OSError) -> FailedError:
        return FailedError("keys_unwritable", f"{self.path.name} cannot be written: {type(wrong).__name__}.",
                           not_done="The places were not written down.", cure="Make room, or name another file.")


def _guilty(page: Sequence[list[str]], judges: Mapping[str, Judge]) -> Iterator[tuple[str, str, str, str]]:
    for place, lines in groupby(page, key=lambda line: line[0]):
        judge, each = judges.get(place), list(lines)
        if judge is None:
            continue
        hits = Hits(np.arange(len(each)), np.array([int(line[1]) for line in each], np.uint8),
                    np.array([int(line[2]) for line in each], np.uint64), np.ones(len(each), np.bool_))
        guilty = judge.population.convicts(hits, judge.says, judge.declared).tolist()
        for n in revealing([line[3] for line in each]) if judge.hide_keys else ():
            each[n][3] = ""
        for line, counts in zip(each, guilty, strict=True):
            kind = str(KINDS[int(line[1])])
            if counts and kind in judge.confidence:
                yield place, line[3], kind, judge.confidence[kind]
