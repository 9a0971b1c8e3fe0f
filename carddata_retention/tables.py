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

from carddata_retention import key_lists
from carddata_retention.acquisition import Acquisition
from carddata_retention.attested import Attestations
from carddata_retention.model import Status
from carddata_retention.moments import Condition
from carddata_retention.register import Register
from carddata_retention.services import Column, Ruling, ServiceSource, constant
from carddata_retention.status import Standing, status_of
from carddata_retention.subjects import Readings, Said, greatest
from carddata_retention.targets import SUBJECT, Target, path_rows, way


@dataclass(frozen=True, slots=True)
class Judged:
    """A FROM clause over a target and the expressions of its decision there.

    `end_text` is what decided (`records.Ground`), `version` the place of the version that decides among the rulings,
    or 0; None where there is but one. `compared` is standing and end under the compared version. `long`: the standing
    is more than a column or two.
    """

    source: FromClause
    target: Target
    standing: Column
    held: Condition
    requested: Condition
    end_text: Column
    version: Column | None = None
    compared: tuple[Column, Column] | None = None
    long: bool = False

    def status(self) -> Column:
        """One status for each row: first match wins."""
        first = ((self.target.blank(), constant(Status.BLANK)), (self.held, constant(Status.HELD)),
                 (self.requested, constant(Status.REQUESTED)))
        if self.long:  # so much to say and to compute that it is named once
            others = [one for one in Standing if status_of(one) is not Status.RETAINED]
            return sa.case(*first, else_=sa.case(*((constant(one), constant(status_of(one))) for one in others),
                                                 value=self.standing, else_=constant(Status.RETAINED)))
        return sa.case(
            *first,
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
    """Everything that decides the records of one target on one night.

    One ruling decides alone, or several by `acquisition`. `compared` is one more that decides nothing. `attested` is
    None while no attested end is in force: its questions are then not asked.
    """

    target: Target
    rulings: tuple[Ruling, ...]
    holds: Register | None
    requests: Register | None
    dialect: str
    acquisition: Acquisition | None = None
    attested: Attestations | None = None
    compared: Ruling | None = None
    ahead: bool = False

    @property
    def service(self) -> ServiceSource:
        """The service ends as the version in force reads them; where they stand and whose they are is one for all."""
        return self.rulings[-1].service

    def version_at(self, place: int = 1) -> str:
        """The name of the version at a place of `Judged.version`; empty where none decides."""
        return self.rulings[place - 1].version if place else ""

    def looking_ahead(self) -> "Decider":
        """The same decision, with what is retained told apart by when it becomes due: dearer, and only for counts."""
        return replace(self, ahead=True)

    def scan(self, *, of_some: bool = False) -> Judged:
        """The decision over the whole table, or over the records of the subjects that are sent: services grouped once.

        A path's services are grouped by its first hop and never restricted.
        """
        if self.target.path:
            found = self._path_ends(grouped=True).subquery("carddata_end_1")
            pairs = zip(self.target.path[0].from_, list(found.c)[self._readings.width:], strict=True)
            joined = self.target.table.outerjoin(found, sa.and_(*(a == b for a, b in pairs)))
            return self._of_path(joined, list(found.c))
        source: FromClause = self.target.table
        found_each = []
        for n, column in enumerate(self.target.subjects, start=1):
            subject = self.service.subject
            ends = self._readings.ends(subject).add_columns(subject.label("carddata_subject"))
            if of_some:
                ends = ends.where(key_lists.among((subject,), SUBJECT, self.dialect))
            found = ends.group_by(subject).subquery(f"carddata_end_{n}")
            source = source.outerjoin(found, found.c.carddata_subject == column)
            found_each.append(list(found.c))
        return self._of_subjects(source, found_each)

    def each(self) -> Judged:
        """The same decision by one question for each record, for a statement that names few: PostgreSQL's LATERAL.

        Whatever the planner believes of how many they are, it cannot take the services of all for each.
        """
        source: FromClause = self.target.table
        if self.target.path:
            found = self._path_ends(grouped=False).lateral("carddata_end_1")
            return self._of_path(source.outerjoin(found, sa.true()), list(found.c))
        found_each = []
        for n, column in enumerate(self.target.subjects, start=1):
            ends = self._readings.ends(column).where(self.service.subject == column)
            found = ends.correlate(self.target.table).lateral(f"carddata_end_{n}")
            source = source.outerjoin(found, sa.true())
            found_each.append(list(found.c))
        return self._of_subjects(source, found_each)

    def row(self) -> Judged:
        """The same decision by correlated questions, for statements that name few records."""
        if self.target.path:
            ends = self._path_ends(grouped=False)
            each = [ends.with_only_columns(c).scalar_subquery() for c in ends.selected_columns]
            return self._of_path(self.target.table, each, removing=True)
        return self._of_subjects(self.target.table, [self._correlated(c) for c in self.target.subjects], removing=True)

    # What the services say, ruling by ruling

    def _all(self) -> tuple[Ruling, ...]:
        return (*self.rulings, *([self.compared] if self.compared else []))

    @property
    def _readings(self) -> Readings:
        return Readings(self._all(), self.attested, self.dialect, self.ahead)

    def _correlated(self, subject: Column) -> list[Column]:
        rows = self._readings.ends(subject).where(self.service.subject == subject).correlate(self.target.table)
        return [rows.with_only_columns(c).scalar_subquery() for c in rows.selected_columns]

    def _path_ends(self, *, grouped: bool) -> sa.Select[Any]:
        first, subject = self.target.path[0], self.target.path_subject
        assert subject is not None
        if not grouped:
            # Asked of the services alone: what the declared where names is never a column of the way to them.
            rows = self._readings.ends(subject).where(self.service.subject == subject)
            each = [rows.with_only_columns(c).correlate(self.target.path[-1].table).scalar_subquery()
                    for c in rows.selected_columns]
            return path_rows(self.target, self._readings.along(each, subject)).where(subject.is_not(None))
        mine = self.service.subject
        found = self._readings.ends(mine).add_columns(mine.label("carddata_subject")).group_by(mine).subquery(
            "carddata_ends")
        links = [c.label(f"carddata_link_{n}") for n, c in enumerate(first.to, start=1)]
        source = way(self.target).outerjoin(found, found.c.carddata_subject == subject)
        return sa.select(*self._readings.along(list(found.c), subject), *links).select_from(source).where(
            subject.is_not(None)).group_by(*first.to)

    # What decides the record

    def _of_path(self, source: FromClause, columns: Sequence[Column], *, removing: bool = False) -> Judged:
        along = [Said(sa.func.coalesce(said.standing, constant(Standing.NO_SUBJECT)), said.end, said.mark)
                 for said in self._readings.said(columns)]
        return self._judged(source, [(said.standing, [said.end], [said.mark]) for said in along], removing)

    def _of_subjects(self, source: FromClause, columns: Sequence[Sequence[Column]], *,
                     removing: bool = False) -> Judged:
        by_ruling = list(zip(*map(self._readings.said, columns), strict=True))
        return self._judged(source, [
            (self._combined([said.standing for said in each], ruling), [said.end for said in each],
             [self._readings.mark_of_nobody(said, c) for said, c in zip(each, self.target.subjects, strict=True)])
            for ruling, each in zip(self._all(), by_ruling, strict=True)], removing)

    def _judged(self, source: FromClause, each: Sequence[tuple[Column, Sequence[Column], Sequence[Column]]],
                removing: bool) -> Judged:
        held, requested = (r.covers(self.target, removing=removing) if r else sa.false()
                           for r in (self.holds, self.requests))
        numbers = [number for number, _, _ in each]
        texts = [self._text(n, ruling, *one) for n, (ruling, one) in enumerate(
            zip(self._all(), each, strict=True), start=1)]
        compared = (numbers.pop(), texts.pop()) if self.compared is not None else None
        if self.acquisition is None:
            return Judged(source, self.target, numbers[0], held, requested, texts[0], None, compared,
                          long=self.attested is not None)
        chosen = self.acquisition.chosen
        places: list[Column] = [sa.literal_column(str(n), sa.Integer()) for n in range(1, len(numbers) + 1)]
        number = chosen(numbers, unknown=_undecided(numbers, Standing.NO_CREATED),
                        by_none=_undecided(numbers, Standing.NO_POLICY_VERSION))
        place, text = (chosen(one, unknown=none, by_none=none) for one, none in (
            (places, sa.literal_column("0")), (texts, sa.null())))
        return Judged(source, self.target, number, held, requested, text, place, compared, long=True)

    def _text(self, place: int, ruling: Ruling, number: Column, ends: Sequence[Column],
              marks: Sequence[Column]) -> Column:
        # An end tells nothing, and may not even be readable, unless every service of every subject has a usable one.
        usable = [sa.case((number <= constant(Standing.RETAINED), end)) for end in ends]
        end = ruling.service.end.text(_last(usable))
        by_version = "" if self.acquisition is None or ruling is self.compared else str(place)
        plain = sa.literal(f"{by_version}|", sa.String()).concat(end) if by_version else end
        if self.attested is None:
            return plain
        mark = _last([sa.case((number <= constant(Standing.RETAINED), one)) for one in marks])
        with_mark = sa.literal(f"{by_version}|", sa.String()).concat(sa.func.coalesce(end, "")).concat("|").concat(mark)
        return sa.case((mark.is_(None), plain), else_=with_mark)

    def _combined(self, numbers: Sequence[Column], ruling: Ruling) -> Column:
        """The greatest standing of a record's subjects; a subject column that is NULL names nobody."""
        subjects = self.target.subjects
        known = [self._readings.of_nobody(n, c, ruling) for n, c in zip(numbers, subjects, strict=True)]
        nobody = sa.and_(*(c.is_(None) for c in subjects))
        if len(known) == 1:
            return sa.case((nobody, constant(Standing.NO_SUBJECT)), else_=known[0])
        each = [sa.case((c.is_(None), 0), else_=n) for c, n in zip(subjects, known, strict=True)]
        return sa.case((nobody, constant(Standing.NO_SUBJECT)), else_=greatest(self.dialect, *each))


def _undecided(numbers: Sequence[Column], reason: Standing) -> Column:
    """The standing of a record that no version decides: one that is active under every version is so all the same."""
    return sa.case(
        (numbers[0] == constant(Standing.NO_SUBJECT), constant(Standing.NO_SUBJECT)),
        (sa.and_(*(n == constant(Standing.ACTIVE) for n in numbers)), constant(Standing.ACTIVE)),
        else_=constant(reason))
