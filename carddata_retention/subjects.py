"""What the services of a subject say together, as SQL: one answer for each ruling, from one pass over the services.

Expressions only; `tables.py` decides records by them, in whichever shape a statement needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from carddata_retention.attested import Attestations, settles
from carddata_retention.services import Column, Ruling, constant, standing
from carddata_retention.status import Standing

NAMES = ("carddata_standing", "carddata_end", "carddata_attested")


@dataclass(frozen=True, slots=True)
class Said:
    """What the services of one subject, or of a way to several, say under one ruling.

    `mark` is the day and id of the attested end that was needed; NULL where none was.
    """

    standing: Column
    end: Column
    mark: Column


@dataclass(frozen=True, slots=True)
class Readings:
    """The services read by each ruling. Without attested ends there are two columns for each, else three."""

    rulings: tuple[Ruling, ...]
    attested: Attestations | None
    dialect: str
    ahead: bool

    @property
    def width(self) -> int:
        """How many columns `ends` and `along` have."""
        return len(self.rulings) * self._each

    @property
    def _each(self) -> int:
        return 2 if self.attested is None else 3

    def said(self, columns: Sequence[Column]) -> list[Said]:
        """The columns of `ends` or `along`, ruling by ruling."""
        return [Said(*(*columns[n:n + self._each], sa.null())[:3]) for n in range(0, self.width, self._each)]

    def ends(self, subject: Column) -> sa.Select[Any]:
        """What the services say, as aggregates; `subject` is their subject as it may be named beside them."""
        service = self.rulings[0].service
        each = [self._labelled(n, self._said_of(ruling, subject)) for n, ruling in enumerate(self.rulings)]
        columns = [column for of_ruling in each for column in of_ruling]
        return sa.select(*columns).select_from(service.source).where(service.condition)

    def along(self, columns: Sequence[Column], subject: Column) -> list[Column]:
        """What all subjects of a way say together, as aggregates over the columns of `ends` for each."""
        found: list[Column] = []
        for n, (ruling, said) in enumerate(zip(self.rulings, self.said(columns), strict=True)):
            each = [self.of_nobody(said.standing, subject, ruling), said.end, self.mark_of_nobody(said, subject)]
            found += self._labelled(n, [sa.func.max(c) for c in each[:self._each]])
        return found

    def of_nobody(self, found: Column, subject: Column, ruling: Ruling) -> Column:
        """The standing of a subject that may have no services; when they ended may have been attested all the same."""
        attested = [] if self.attested is None or ruling.days is None else [self.attested.without_services(
            subject, self.attested.standing(subject, ruling.days, ahead=self.ahead))]
        return sa.func.coalesce(found, *attested, constant(Standing.NO_SERVICE))

    def mark_of_nobody(self, said: Said, subject: Column) -> Column:
        """The mark of a subject that may have no services."""
        if self.attested is None:
            return said.mark
        nobody = self.attested.without_services(subject, self.attested.mark(subject))
        return sa.func.coalesce(said.mark, sa.case((said.standing.is_(None), nobody)))

    def _labelled(self, n: int, columns: Sequence[Column]) -> list[Column]:
        return [c.label(f"{name}_{n + 1}" if n else name) for c, name in zip(columns, NAMES, strict=False)]

    def _said_of(self, ruling: Ruling, subject: Column) -> list[Column]:
        found, end = standing(ruling.service, ruling.bounds, ahead=self.ahead), ruling.service.end.value()
        if self.attested is None or ruling.days is None:
            return [sa.func.max(found), sa.func.max(end)]
        dated = found <= constant(Standing.RETAINED)
        most, stands_in = sa.func.max(found), self.attested.standing(subject, ruling.days, ahead=self.ahead)
        settled = sa.and_(settles(most), self.attested.made_for(subject, sa.func.count()))
        others = sa.func.coalesce(sa.func.max(sa.case((dated, found))), constant(Standing.OVERDUE))
        return [sa.case((settled, greatest(self.dialect, stands_in, others)), else_=most),
                sa.func.max(sa.case((dated, end))), sa.case((settled, self.attested.mark(subject)))]


def greatest(dialect: str, *numbers: Column) -> Column:
    """The greatest of several numbers of one row."""
    found: Column = (sa.func.max if dialect == "sqlite" else sa.func.greatest)(*numbers)
    return found
