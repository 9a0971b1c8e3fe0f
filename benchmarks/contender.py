"""What every contender is given."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.ground import Ground

Table = Literal["cards", "payments"]


@dataclass(frozen=True, slots=True)
class Task:
    """One copy of the database and what is to be removed from it: due cards, or the card fields of due payments."""

    ground: Ground
    url: str
    table: Table
    connections: int = 1

    @property
    def dialect(self) -> str:
        return self.ground.dialect
