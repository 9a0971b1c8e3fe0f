"""The decision table of `status.py`, said once as SQL: what a database groups by, re-checks and counts by.

Expressions only; `schema.py` builds the values here from a catalogue. Two shapes of the same table exist because
a database wants two: joined (`scan`), where services are grouped once for a whole table, and correlated (`row`),
where the few services of a locked record are asked. Both use the one `standing`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import sqlalchemy as sa
from sqlalchemy import FromClause

from carddata_retention import key_text
from carddata_retention.model import Disposition, Status
from carddata_retention.moments import Condition
from carddata_retention.policy import Bounds
from carddata_retention.services import Column, ServiceSource, constant, standing
from carddata_retention.status import Standing

# No column of a customer is called so: an UPDATE would take the parameter for its new value.
KEY, SUBJECT = "carddata_key", "carddata_subject"


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a subject path: this table, joined by `to` to the `from_` columns of the step before."""

    table: FromClause
    from_: tuple[Column, ...]
    to: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """One declared table that holds card data, bound to the catalogue."""

    name: str
    table: FromClause
    key: tuple[Column, ...]
    fields: tuple[Column, ...]
    emptied: dict[str, Any]
    disposition: Disposition
    dialect: str
    where: Condition | None
    subjects: tuple[Column, ...] = ()
    path: tuple[Hop, ...] = ()
    path_subject: Column | None = None
    fields_filled: tuple[Condition, ...] = field(default=())
    also_filled: tuple[Condition, ...] = field(default=())

    def in_scope(self) -> Condition:
        """Rows that the declared where says TRUE of."""
        return sa.true() if self.where is None else self.where

    def holds_something(self) -> Condition:
        """True where any declared field or `also` column is filled: neither NULL, empty nor its mask."""
        return sa.or_(*self.fields_filled, *self.also_filled)

    def outside(self) -> Condition:
        """True for a row that the declared where leaves out although a declared field is filled."""
        return sa.and_(sa.not_(self.in_scope()), sa.or_(*self.fields_filled))

    def blank(self) -> Condition:
        """True where nothing is left to redact; a row that is deleted whole is never blank."""
        return sa.not_(self.holds_something()) if self.disposition is Disposition.REDACT else sa.false()

    def key_text(self) -> Column:
        """The record's key as the ledger writes it."""
        return key_text.joined(self.key)

    def key_in(self, keys: Sequence[tuple[Any, ...]]) -> Condition:
        """True for the keys of `keys_sent`; `keys` themselves are needed where those are none."""
        return key_text.among(self.key, KEY, self.dialect, keys)

    def keys_sent(self, keys: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
        """The parameters of `key_in`; none where it was given the keys."""
        return key_text.sent(self.key, KEY, self.dialect, keys)

    def key_is(self, key: tuple[Any, ...]) -> Condition:
        """True for one key."""
        return key_text.one_of(self.key, [key], self.dialect)


@dataclass(frozen=True, slots=True)
class Register:
    """Our table of holds or of requests; `open_` says which of its rows are in force. None before the first run.

    `loosely`: a row names whatever its text might mean to the key's or subject's own column. So do holds; a request
    names what it says, and nothing else is removed.
    """

    table: sa.Table
    open_: Condition
    loosely: bool

    def covers(self, target: Target) -> Condition:
        """True where an open row names the record, one of its subjects, or the target."""
        row = self.table.c
        named = sa.select(sa.literal(1)).select_from(self.table).where(self.open_)
        record = named.where(row.scope == "record", row.target == target.name, row.item == target.key_text())
        whole = named.where(row.scope == "target", row.target == target.name)
        subject = [
            named.where(row.scope == "subject", row.item == key_text.in_sql(c)) for c in target.subjects
        ]
        if target.path_subject is not None:
            subject = [
                path_rows(target, [sa.literal(1)])
                .join(self.table, row.item == key_text.in_sql(target.path_subject))
                .where(self.open_, row.scope == "subject")
            ]
        exactly = [q.correlate(target.table).exists() for q in (record, whole, *subject)]
        condition = sa.or_(*exactly, *(self._covers_loosely(target) if self.loosely else ()))
        if target.dialect == "mariadb":  # its DELETE locks what it reads: one uncommitted hold would stop every removal
            return condition
        # Asked once for a whole statement: while nothing is held, no record pays for the questions that follow.
        any_at_all = named.where(sa.or_(row.scope == "subject", row.target == target.name)).exists()
        return sa.and_(any_at_all, condition)

    def _covers_loosely(self, target: Target) -> Iterator[Condition]:
        """The same by what the columns take for equal: one list for the whole statement, for no index helps here."""
        row = self.table.c
        if pair := key_text.loosely(target.key, row.item):
            yield self._listed(pair, row.scope == "record", row.target == target.name)
        for column in target.subjects:
            if pair := key_text.loosely((column,), row.item):
                yield sa.and_(column.is_not(None), self._listed(pair, row.scope == "subject"))
        if target.path_subject is not None and (pair := key_text.loosely((target.path_subject,), row.item)):
            yield path_rows(target, [sa.literal(1)]).where(self._listed(pair, row.scope == "subject")).exists()

    def _listed(self, pair: tuple[Column, Column], *scope: Condition) -> Condition:
        text, item = pair
        listed = sa.select(item).select_from(self.table).where(self.open_, *scope, self.table.c.item.is_not(None))
        return text.in_(listed)

    def names(self, target: Target) -> Condition:
        """True for a row of the register beside a record of the target, where it is the record that the row names."""
        row = self.table.c
        subject = [self._is(c) for c in target.subjects]
        if target.path_subject is not None:
            mine = path_rows(target, [sa.literal(1)]).where(self._is(target.path_subject))
            subject = [mine.correlate(target.table, self.table).exists()]
        return sa.or_(
            sa.and_(row.scope == "record", row.target == target.name, self._is(*target.key)),
            sa.and_(row.scope == "target", row.target == target.name),
            sa.and_(row.scope == "subject", sa.or_(*subject)),
        )

    def _is(self, *columns: Column) -> Condition:
        item = self.table.c.item
        exactly = item == key_text.joined(columns)
        pair = key_text.loosely(columns, item) if self.loosely else None
        # No OR: SQLite makes one comparison of two with the same column, and loses the collation of the second.
        return sa.case((exactly, sa.true()), else_=pair[0] == pair[1]) if pair else exactly


def path_rows(target: Target, columns: Sequence[Column]) -> sa.Select[Any]:
    """The rows of a subject path that belong to one row of the target."""
    first = target.path[0]
    return sa.select(*columns).select_from(_way(target)).where(_equal(first.from_, first.to)).correlate(target.table)


def _way(target: Target) -> FromClause:
    first, *rest = target.path
    return reduce(lambda left, hop: left.join(hop.table, _equal(hop.from_, hop.to)), rest, first.table)


def _equal(left: Sequence[Column], right: Sequence[Column]) -> Condition:
    return sa.and_(*(a == b for a, b in zip(left, right, strict=True)))


@dataclass(frozen=True, slots=True)
class Judged:
    """A FROM clause over a target and the expressions of its decision there."""

    source: FromClause
    target: Target
    standing: Column
    ends: tuple[Column, ...]
    held: Condition
    requested: Condition

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
            sa.or_(self.requested, self.standing <= constant(Standing.DUE)),
        )


@dataclass(frozen=True, slots=True)
class Decider:
    """Everything that decides the records of one target on one night."""

    target: Target
    service: ServiceSource
    bounds: Bounds
    holds: Register | None
    requests: Register | None
    dialect: str

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

    def row(self) -> Judged:
        """The same decision by correlated questions, for statements that name few records."""
        if self.target.path:
            both = [self._path_ends(grouped=False).with_only_columns(c) for c in self._path_columns()]
            found_number = sa.func.coalesce(both[0].scalar_subquery(), constant(Standing.NO_SUBJECT))
            return self._judged(self.target.table, found_number, (both[1].scalar_subquery(),))
        numbers, ends = zip(*(self._correlated(c) for c in self.target.subjects), strict=True)
        return self._judged(self.target.table, self._combined(numbers), ends)

    def _judged(self, source: FromClause, number: Column, ends: tuple[Column, ...]) -> Judged:
        held, requested = (r.covers(self.target) if r else sa.false() for r in (self.holds, self.requests))
        # An end tells nothing, and may not even be readable, unless every service of every subject has a usable one.
        usable = tuple(sa.case((number <= constant(Standing.RETAINED), end)) for end in ends)
        return Judged(source, self.target, number, usable, held, requested)

    def _ends(self) -> sa.Select[Any]:
        return (
            sa.select(*self._columns(standing(self.service, self.bounds), self.service.end.value()))
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
        source = _way(self.target).outerjoin(found, found.c.carddata_subject == subject)
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
