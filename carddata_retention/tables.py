"""The decision table of `status.py`, said once as SQL: what a database groups by, re-checks and counts by.

Expressions only; `schema.py` builds the values here from a catalogue. Two shapes of the same table exist because
a database wants two: joined (`scan`), where services are grouped once for a whole table, and correlated (`row`),
where the few services of a locked record are asked. Both use the one `standing`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import sqlalchemy as sa
from sqlalchemy import FromClause

from carddata_retention import key_text
from carddata_retention.model import Status
from carddata_retention.moments import Condition
from carddata_retention.policy import Bounds
from carddata_retention.register import Register
from carddata_retention.services import Column, ServiceSource, constant, standing
from carddata_retention.status import Standing
from carddata_retention.targets import SUBJECT, Target, path_rows, way


@dataclass(frozen=True, slots=True)
class Judged:
    """A FROM clause over a target and the expressions of its decision there."""

    source: FromClause
    target: Target
    standing: Column
    ends: tuple[Column, ...]
    held: Condition
    requested: Condition
    end_text: Column

    def status(self) -> Column:
        """One status for each row: first match wins."""
        return sa.case(
            (self.target.blank(), constant(Status.BLANK)),
            (self.held, constant(Status.HELD)),
            (self.requested, constant(Status.REQUESTED)),
            (self.standing == constant(Standing.ACTIVE), constant(Status.ACTIVE)),
            (self.standing >= constant(Standing.END_BEFORE_START), constant(Status.UNDETERMINED)),
            (self.standing >= constant(Standing.RETAINED_1), constant(Status.RETAINED)),
            (self.standing == constant(Standing.DUE), constant(Status.DUE)),
            else_=constant(Status.OVERDUE),
        )

    def to_purge(self) -> Condition:
        """The three statuses that are removed, without naming the standing twice: what a removal re-checks."""
        return sa.and_(
            sa.not_(self.target.blank()),
            sa.not_(self.held),
            sa.or_(self.standing <= constant(Standing.DUE), self.requested),
        )


def _last(ends: Sequence[Column]) -> Column:
    """The last of several ends, of which some may be missing."""
    return reduce(lambda a, b: sa.case((a.is_(None), b), (b > a, b), else_=a), ends)


@dataclass(frozen=True, slots=True)
class Decider:
    """Everything that decides the records of one target on one night."""

    target: Target
    service: ServiceSource
    bounds: Bounds
    holds: Register | None
    requests: Register | None
    dialect: str
    ahead: bool = False

    def looking_ahead(self) -> "Decider":
        """The same decision, with what is retained told apart by when it becomes due: dearer, and only for counts."""
        return replace(self, ahead=True)

    def scan(self, *, of_some: bool = False) -> Judged:
        """The decision over the whole table, or over the records of the subjects that are sent: services grouped once.

        A path's services are grouped by its first hop and never restricted.
        """
        if self.target.path:
            found = self._path_ends(grouped=True).subquery("carddata_end_1")
            pairs = zip(self.target.path[0].from_, list(found.c)[2:], strict=True)
            joined = self.target.table.outerjoin(found, sa.and_(*(a == b for a, b in pairs)))
            found_number = sa.func.coalesce(found.c.carddata_standing, constant(Standing.NO_SUBJECT))
            return self._judged(joined, found_number, (found.c.carddata_end,))
        source: FromClause = self.target.table
        found_each = []
        for n, column in enumerate(self.target.subjects, start=1):
            ends = self._ends().add_columns(self.service.subject.label("carddata_subject"))
            if of_some:
                ends = ends.where(key_text.among((self.service.subject,), SUBJECT, self.dialect))
            found = ends.group_by(self.service.subject).subquery(f"carddata_end_{n}")
            source = source.outerjoin(found, found.c.carddata_subject == column)
            found_each.append(found)
        number = self._combined([f.c.carddata_standing for f in found_each])
        return self._judged(source, number, tuple(f.c.carddata_end for f in found_each))

    def each(self) -> Judged:
        """The same decision by one question for each record, for a statement that names few: PostgreSQL's LATERAL.

        Whatever the planner believes of how many they are, it cannot take the services of all for each.
        """
        source: FromClause = self.target.table
        if self.target.path:
            found = self._path_ends(grouped=False).lateral("carddata_end_1")
            of_path: Column = sa.func.coalesce(found.c.carddata_standing, constant(Standing.NO_SUBJECT))
            return self._judged(source.outerjoin(found, sa.true()), of_path, (found.c.carddata_end,))
        found_each = []
        for n, column in enumerate(self.target.subjects, start=1):
            found = self._ends().where(self.service.subject == column).correlate(self.target.table).lateral(
                f"carddata_end_{n}")
            source = source.outerjoin(found, sa.true())
            found_each.append(found)
        number = self._combined([f.c.carddata_standing for f in found_each])
        return self._judged(source, number, tuple(f.c.carddata_end for f in found_each))

    def row(self) -> Judged:
        """The same decision by correlated questions, for statements that name few records."""
        if self.target.path:
            both = [self._path_ends(grouped=False).with_only_columns(c) for c in self._path_columns()]
            found_number = sa.func.coalesce(both[0].scalar_subquery(), constant(Standing.NO_SUBJECT))
            return self._judged(self.target.table, found_number, (both[1].scalar_subquery(),), removing=True)
        numbers, ends = zip(*(self._correlated(c) for c in self.target.subjects), strict=True)
        return self._judged(self.target.table, self._combined(numbers), ends, removing=True)

    def _judged(self, source: FromClause, number: Column, ends: tuple[Column, ...], *,
                removing: bool = False) -> Judged:
        held, requested = (r.covers(self.target, removing=removing) if r else sa.false()
                           for r in (self.holds, self.requests))
        # An end tells nothing, and may not even be readable, unless every service of every subject has a usable one.
        usable = tuple(sa.case((number <= constant(Standing.RETAINED), end)) for end in ends)
        return Judged(source, self.target, number, usable, held, requested, self.service.end.text(_last(usable)))

    def _ends(self) -> sa.Select[Any]:
        return (
            sa.select(*self._columns(standing(self.service, self.bounds, ahead=self.ahead), self.service.end.value()))
            .select_from(self.service.source)
            .where(self.service.condition)
        )

    @staticmethod
    def _columns(found: Column, end: Column) -> tuple[Column, Column]:
        return sa.func.max(found).label("carddata_standing"), sa.func.max(end).label("carddata_end")

    def _correlated(self, subject: Column) -> tuple[Column, Column]:
        rows = self._ends().where(self.service.subject == subject).correlate(self.target.table)
        found, end = rows.selected_columns
        return rows.with_only_columns(found).scalar_subquery(), rows.with_only_columns(end).scalar_subquery()

    def _path_columns(self) -> tuple[Column, Column]:
        """Asked of the services alone: what the declared where names is never a column of the way to them."""
        assert self.target.path_subject is not None
        rows = self._ends().where(self.service.subject == self.target.path_subject)
        found, end = (rows.with_only_columns(c).correlate(self.target.path[-1].table).scalar_subquery()
                      for c in rows.selected_columns)
        return self._columns(sa.func.coalesce(found, constant(Standing.NO_SERVICE)), end)

    def _path_ends(self, *, grouped: bool) -> sa.Select[Any]:
        first, subject = self.target.path[0], self.target.path_subject
        assert subject is not None
        if not grouped:
            return path_rows(self.target, self._path_columns()).where(subject.is_not(None))
        found = self._ends().add_columns(self.service.subject.label("carddata_subject")).group_by(
            self.service.subject).subquery("carddata_ends")
        number = sa.func.coalesce(found.c.carddata_standing, constant(Standing.NO_SERVICE))
        links = [c.label(f"carddata_link_{n}") for n, c in enumerate(first.to, start=1)]
        source = way(self.target).outerjoin(found, found.c.carddata_subject == subject)
        return sa.select(*self._columns(number, found.c.carddata_end), *links).select_from(source).where(
            subject.is_not(None)).group_by(*first.to)

    def _combined(self, numbers: Sequence[Column]) -> Column:
        """The greatest standing of a record's subjects; a subject column that is NULL names nobody."""
        subjects = self.target.subjects
        known = [sa.func.coalesce(n, constant(Standing.NO_SERVICE)) for n in numbers]
        nobody = sa.and_(*(c.is_(None) for c in subjects))
        if len(known) == 1:
            return sa.case((nobody, constant(Standing.NO_SUBJECT)), else_=known[0])
        greatest = sa.func.max if self.dialect == "sqlite" else sa.func.greatest
        each = [sa.case((c.is_(None), 0), else_=n) for c, n in zip(subjects, known, strict=True)]
        return sa.case((nobody, constant(Standing.NO_SUBJECT)), else_=greatest(*each))
