"""Legal holds and requests: which records an open row of theirs names, as a condition in SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from carddata_retention import key_text
from carddata_retention.moments import Condition
from carddata_retention.services import Column
from carddata_retention.targets import Target, equal, path_rows, way


@dataclass(frozen=True, slots=True)
class Register:
    """Our table of holds or of requests; `open_` says which of its rows are in force. None before the first run.

    `loosely`: a row names whatever its text might mean to the key's or subject's own column. So do holds; a request
    names what it says, and nothing else is removed.
    """

    table: sa.Table
    open_: Condition
    loosely: bool

    def covers(self, target: Target, *, removing: bool = False) -> Condition:
        """True where an open row names the record, one of its subjects, or the target; `removing` is what a removal
        asks of the records that it names."""
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
        # MariaDB's DELETE locks what it reads: one uncommitted hold would stop every removal.
        if removing and target.dialect == "mariadb":
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

    def numbers(self, target: Target, which: Condition) -> sa.CompoundSelect[Any]:
        """The ids of the open rows that name, by equal texts, a record of which `which` is true. Each scope joins by
        itself: an OR of them would compare every row with every record."""
        row = self.table.c

        def found(scope: str, source: sa.FromClause, named: Condition) -> sa.Select[Any]:
            return sa.select(row.id).select_from(source.join(self.table, named)).where(
                self.open_, row.scope == scope, which)

        subject = [found("subject", target.table, row.item == key_text.in_sql(c)) for c in target.subjects]
        if target.path_subject is not None:
            first = target.path[0]
            source = way(target).join(target.table, equal(first.from_, first.to))
            subject = [found("subject", source, row.item == key_text.in_sql(target.path_subject))]
        mine = row.target == target.name
        return sa.union(found("record", target.table, sa.and_(mine, row.item == target.key_text())),
                        found("target", target.table, mine), *subject)

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
