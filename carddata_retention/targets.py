"""A declared table that holds card data, bound to the catalogue: its keys, its fields, the way to its subjects."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import sqlalchemy as sa
from sqlalchemy import FromClause

from carddata_retention import key_lists, key_text
from carddata_retention.model import Disposition
from carddata_retention.moments import Condition, TimeForm
from carddata_retention.services import Column

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
    created: TimeForm | None = None
    fields_filled: tuple[Condition, ...] = field(default=())
    also_filled: tuple[Condition, ...] = field(default=())
    only: Condition | None = None  # the records of one request, where a night is for these alone

    def in_scope(self) -> Condition:
        """Rows that the declared where says TRUE of."""
        declared = sa.true() if self.where is None else self.where
        return declared if self.only is None else sa.and_(declared, self.only)

    def holds_something(self) -> Condition:
        """True where any declared field or `also` column is filled: neither NULL, empty nor its mask."""
        return sa.or_(*self.fields_filled, *self.also_filled)

    def outside(self) -> Condition:
        """True for a row that the declared where leaves out although a declared field is filled."""
        declared = sa.true() if self.where is None else self.where
        outside = sa.and_(sa.not_(declared), sa.or_(*self.fields_filled))
        return outside if self.only is None else sa.and_(outside, self.only)

    def holding(self) -> Condition:
        """True for a row that a night would still remove, or that lies outside its reach and holds a declared field."""
        return sa.or_(sa.and_(self.in_scope(), sa.not_(self.blank())), self.outside())

    def blank(self) -> Condition:
        """True where nothing is left to redact; a row that is deleted whole is never blank."""
        return sa.not_(self.holds_something()) if self.disposition is Disposition.REDACT else sa.false()

    def key_text(self) -> Column:
        """The record's key as the ledger writes it."""
        return key_text.joined(self.key)

    def key_in(self, keys: Sequence[tuple[Any, ...]]) -> Condition:
        """True for the keys of `keys_sent`; `keys` themselves are needed where those are none."""
        return key_lists.among(self.key, KEY, self.dialect, keys)

    def keys_sent(self, keys: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
        """The parameters of `key_in`; none where it was given the keys."""
        return key_lists.sent(self.key, KEY, self.dialect, keys)

    def key_is(self, key: tuple[Any, ...]) -> Condition:
        """True for one key."""
        return key_lists.one_of(self.key, [key], self.dialect)


def path_rows(target: Target, columns: Sequence[Column]) -> sa.Select[Any]:
    """The rows of a subject path that belong to one row of the target."""
    first = target.path[0]
    return sa.select(*columns).select_from(way(target)).where(equal(first.from_, first.to)).correlate(target.table)


def way(target: Target) -> FromClause:
    """The tables of a subject path, joined."""
    first, *rest = target.path
    return reduce(lambda left, hop: left.join(hop.table, equal(hop.from_, hop.to)), rest, first.table)


def equal(left: Sequence[Column], right: Sequence[Column]) -> Condition:
    """True where the columns are equal, one by one."""
    return sa.and_(*(a == b for a, b in zip(left, right, strict=True)))
