"""Candidates that wait for the verdict on their column: as codes, counts and keyed references, never as values.

One entry for each small population (cell) that the detector tells apart; the first rows of each are its examples, and
where they are JSON the path to the value in the first of them is the path of all.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from carddata_retention.detector import ColumnName, Hits, Kind, Population, look
from carddata_retention.detector.kinds import KINDS
from carddata_retention.discovery.discretion import revealing
from carddata_retention.discovery.windows import Texts

EXAMPLES = 3
MOST_CELLS, MOST_IN_A_PAGE = 2000, 100
LONGEST_JSON, MOST_DOCUMENTS = 100_000, 20
Name = tuple[int, int]


@dataclass(slots=True)
class _Cell:
    count: int = 0
    references: list[str] = field(default_factory=list)
    path: str | None = None


class Candidates:
    """Those of one column. `reference` names a row by its key; None before there is an evidence key."""

    def __init__(self, reference: Callable[[str], str] | None) -> None:
        self._reference = reference
        self._cells: dict[Name, _Cell] = {}

    def see(self, hits: Hits, texts: Texts, key_of: Callable[[int], str]) -> None:
        """The candidates of one page; only those whose check digit or layout is right can ever be convicted."""
        right = np.flatnonzero(hits.passes)
        each, first, counts = np.unique(hits.cell[right], return_index=True, return_counts=True)
        many = np.argsort(-counts, kind="stable")[:MOST_IN_A_PAGE]
        at = right[first[many]]
        fresh: dict[Name, int] = {}
        for kind, cell, count, row in zip(hits.kind[at].tolist(), each[many].tolist(), counts[many].tolist(),
                                          hits.row[at].tolist(), strict=True):
            name = (kind, cell)
            if name not in self._cells:
                if len(self._cells) >= MOST_CELLS:
                    continue
                self._cells[name], fresh[name] = _Cell(), row
            known = self._cells[name]
            known.count += count
            if self._reference is not None and len(known.references) < EXAMPLES:
                rows = dict.fromkeys(hits.row[right[hits.cell[right] == cell]].tolist())
                more = islice(rows, EXAMPLES - len(known.references))
                known.references += [self._reference(key_of(n)) for n in more]
        self._paths(fresh, texts)

    def _paths(self, fresh: dict[Name, int], texts: Texts) -> None:
        rows = [row for row in dict.fromkeys(fresh.values()) if _is_json(texts[row])][:MOST_DOCUMENTS]
        if rows:
            found = paths_of([str(texts[row]) for row in rows])
            for name, row in fresh.items():
                if row in rows:
                    self._cells[name].path = found.get((rows.index(row), name[0]))

    def judged(self, population: Population, says: ColumnName | None,
               declared: Kind | None) -> Iterator[tuple[str, list[str], str | None, int]]:
        """Class, references, path and count of each cell that the whole column convicts."""
        names = list(self._cells)
        hits = Hits(np.zeros(len(names), np.int64), np.array([k for k, _ in names], np.uint8),
                    np.array([c for _, c in names], np.uint64), np.ones(len(names), np.bool_))
        for name, guilty in zip(names, population.convicts(hits, says, declared).tolist(), strict=True):
            if guilty:
                cell = self._cells[name]
                yield str(KINDS[name[0]]), cell.references, cell.path, cell.count


def _is_json(text: str | None) -> bool:
    return text is not None and len(text) <= LONGEST_JSON and text.lstrip()[:1] in ("{", "[")


def paths_of(documents: Sequence[str]) -> dict[tuple[int, int], str]:
    """Document and class -> where the first candidate of it stands, as `$.card.number`; none for what is no JSON."""
    leaves: list[tuple[int, str, str]] = []
    for n, text in enumerate(documents):
        try:
            # Each leaf with its own name before it: a security code is one by its name alone.
            leaves += [(n, path, json.dumps({name: leaf}, ensure_ascii=False))
                       for path, name, leaf in _leaves(json.loads(text), "$", "")]
        except (ValueError, RecursionError):
            continue
    hits = look([text for _, _, text in leaves], shapes=False)
    found: dict[tuple[int, int], str] = {}
    for row, kind in zip(hits.row[hits.passes].tolist(), hits.kind[hits.passes].tolist(), strict=True):
        found.setdefault((leaves[row][0], kind), leaves[row][1])
    return found


def _leaves(value: Any, path: str, name: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, dict):
        for inner, hidden in zip(value, _hidden(list(value)), strict=True):
            yield from _leaves(value[inner], f"{path}.{'*' if hidden else inner}", inner)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, f"{path}[*]", name)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        yield path, name, value


def _hidden(names: Sequence[str]) -> list[bool]:
    secret = revealing(names)
    return [n in secret for n in range(len(names))]
