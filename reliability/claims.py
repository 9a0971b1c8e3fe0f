"""What was claimed and did not hold, and the figures of a command."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from carddata_retention.errors import RetentionError

Row = dict[str, Any]
Progress = Callable[[str], None]


@dataclass(slots=True)
class Claims:
    """What did not hold, in words. One broken claim stops nobody: the others are wanted too."""

    broken: list[str] = field(default_factory=list)

    def hold(self, true: object, words: str) -> None:
        """Note the words where it is not true."""
        if not true:
            self.broken.append(words)

    @contextmanager
    def about(self, words: str) -> Iterator[None]:
        """Note what the bench or the ledger itself complains of inside the block."""
        try:
            yield
        except (AssertionError, RetentionError) as wrong:
            place = traceback.extract_tb(wrong.__traceback__)[-1]
            self.broken.append(f"{words}: {str(wrong) or place.line}")


@dataclass(slots=True)
class Found:
    """What a command has found: a table, the claims that were broken, more figures, and what runs said that ended."""

    title: str
    rows: list[Row]
    broken: list[str]
    facts: Row = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)


def summed(rows: Iterable[Row], by: str) -> list[Row]:
    """Rows of one name as one: numbers are added up, but of what is the most in anything the most counts."""
    found: dict[Any, Row] = {}
    for row in rows:
        total = found.setdefault(row[by], {by: row[by]})
        for name, value in row.items():
            if name != by:
                total[name] = max(total.get(name, 0), value) if name.startswith("most") else total.get(name, 0) + value
    return list(found.values())
