"""How the rows of a table are walked in windows, each in a short transaction of its own.

By the primary key where it can be compared and written down; on SQLite by the row's own number; on PostgreSQL without
such a key by blocks of the table (ctid); else, on MariaDB without any key and of virtual tables, in one statement.
Between two windows rows may come, go and change: a row that an UPDATE moves to a block behind us is missed until the
next time, and so is a row that comes under a key behind us.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.catalogue import Catalogue
from carddata_retention.discovery.columns import Read
from carddata_retention.discovery.tables import Listed
from carddata_retention.forms import LooseText
from carddata_retention.key_text import in_python, is_steady, reader

Position = tuple[Any, ...]
ROWIDS = ("rowid", "_rowid_", "oid")


@dataclass(frozen=True, slots=True)
class Source:
    """One table, ready to be walked.

    `steps` are the expressions that rows are ordered by (none: one statement for all); `key` what a person finds a row
    by. `grows` says that a new row always comes behind all others, so that the next look may begin where this one
    ended.
    """

    listed: Listed
    table: Any
    columns: tuple[Read, ...]
    steps: tuple[Any, ...]
    key: tuple[Any, ...]
    key_names: tuple[str, ...]
    grows: bool
    blocks: bool
    dialect: str

    def select(self, columns: Sequence[Read], short: bool = False) -> Any:
        """The steps, the key and the values of `columns`, where they are known to be `short` without cutting them."""
        values = [c.whole if short and c.whole is not None else c.value for c in columns]
        named = [*self.steps, *self.key, *values]
        return sa.select(*(e.label(f"c{n}") for n, e in enumerate(named))).select_from(self.table)

    def window(self, columns: Sequence[Read], first: bool, short: bool = False) -> Any:
        """The next rows behind the parameters `at_0`…, `most` of them; or the blocks from `at_0` before `until`."""
        query = self.select(columns, short)
        if self.blocks:
            tid = [sa.cast(sa.bindparam(name, type_=sa.Text), _Tid()) for name in ("at_0", "until")]
            return query.where(self.steps[0] >= tid[0], self.steps[0] < tid[1])
        query = query.order_by(*self.steps).limit(sa.bindparam("most", type_=sa.Integer))
        return query if first else query.where(self._behind())

    def _behind(self) -> Any:
        at = [sa.bindparam(f"at_{n}", type_=step.type) for n, step in enumerate(self.steps)]
        if len(at) == 1:
            return self.steps[0] > at[0]
        if self.dialect != "mariadb":
            return sa.tuple_(*self.steps) > sa.tuple_(*at)
        # MariaDB walks an index for this form alone, and reads the whole table for a comparison of rows.
        pairs = list(zip(self.steps, at, strict=True))
        return sa.or_(*(sa.and_(*(s == a for s, a in pairs[:n]), pairs[n][0] > pairs[n][1])
                        for n in range(len(pairs))))

    def written(self, position: Position) -> list[str]:
        """A position as the state keeps it."""
        return [in_python(step.type, value) for step, value in zip(self.steps, position, strict=True)]

    def read(self, written: Sequence[str]) -> Position:
        """A position that the state kept. Raises ValueError and the like where it is none of this table."""
        if self.blocks:
            return (int(written[0]),)
        return tuple(reader(step.type)(text) for step, text in zip(self.steps, written, strict=True))

    def key_text(self, row: Sequence[Any]) -> str:
        """How a person finds a row that was fetched: the key's value, a JSON array of several."""
        at = len(self.steps)
        values = row[at:at + len(self.key)] if self.key else row[:at]
        columns = self.key or self.steps
        texts = [in_python(c.type, v) for c, v in zip(columns, values, strict=True)]
        return texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False) if texts else ""

    def piece(self, column: Read) -> Any:
        """A later piece of one value, from the character or byte `start`, `size` long, at the row of `at_0`…"""
        here = [step == sa.bindparam(f"at_{n}", type_=step.type) for n, step in enumerate(self.steps)]
        size = [sa.bindparam(name, type_=sa.Integer) for name in ("start", "size")]
        return sa.select(sa.func.substr(column.whole, *size)).select_from(self.table).where(*here)


class _Tid(sa.types.UserDefinedType[str]):
    """PostgreSQL's place of a row."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "tid"


def source(catalogue: Catalogue, listed: Listed, table: sa.Table, columns: Sequence[Read]) -> Source:
    """The best way along a table's rows."""
    dialect, name = catalogue.dialect, listed.name
    known = catalogue.columns(name)
    primary = catalogue.primary_key(name)
    key = tuple(table.c[k] for k in primary)
    made: dict[str, Any] = {"listed": listed, "table": table, "columns": tuple(columns), "dialect": dialect,
                            "blocks": False}
    if dialect == "sqlite":
        if (rowid := _rowid(catalogue, listed, set(known))) is not None:
            alone = primary and catalogue.is_rowid(name, primary[0])
            return Source(**made, steps=(rowid,), key=() if alone else key, grows=True,
                          key_names=primary or ("rowid",))
        return Source(**made, steps=() if listed.virtual else key, key=(), grows=False, key_names=primary)
    if key and all(_orderly(c, dialect) for c in key):
        alone = len(key) == 1 and isinstance(key[0].type, sa.Integer | sa.Numeric)
        return Source(**made, steps=key, key=(), grows=alone, key_names=primary)
    if dialect == "postgresql":
        return by_blocks(Source(**made, steps=(), key=(), grows=False, key_names=()), key)
    other = next((k for k in catalogue.unique_keys(name) if all(
        not known[c]["nullable"] and _orderly(table.c[c], dialect) for c in k)), ())
    return Source(**made, steps=tuple(table.c[c] for c in other), key=key, grows=False,
                  key_names=primary or tuple(other))


def by_blocks(source: Source, key: tuple[Any, ...]) -> Source:
    """PostgreSQL: the same table by the places of its rows; `key` is what a person finds a row by, where it has one."""
    names = tuple(str(c.name) for c in key) or ("ctid",)
    return replace(source, steps=(sa.literal_column("ctid", _Tid()),), key=key, grows=False, blocks=True,
                   key_names=names)


def _orderly(column: Any, dialect: str) -> bool:
    return is_steady(column.type, dialect) and not isinstance(column.type, LooseText | sa.Enum)


def _rowid(catalogue: Catalogue, listed: Listed, taken: set[str]) -> Any:
    if listed.virtual or catalogue.connection.execute(
            sa.text("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = :name"),
            {"name": listed.name.name}).scalar():
        return None
    lower = {name.lower() for name in taken}
    free = next((name for name in ROWIDS if name not in lower), None)
    return sa.literal_column(free, sa.BigInteger) if free else None


def moved(connection: Connection, source: Source, position: Position, seen: int) -> bool:
    """Whether rows came, or the last one went, behind a position up to which `seen` rows were read."""
    (step,), (at,) = source.steps, position
    below = sa.func.count(sa.case((step <= sa.bindparam("at_0", at, type_=step.type), 1)))
    last, count = connection.execute(sa.select(sa.func.max(step), below).select_from(source.table)).one()
    return count > seen or last is None or last < at


def blocks(connection: Connection, source: Source) -> tuple[int, int]:
    """PostgreSQL: how many blocks the table has now, and how many bytes each."""
    named = connection.dialect.identifier_preparer.format_table(source.table).replace("%%", "%")
    query = sa.text("SELECT pg_relation_size(CAST(:name AS regclass)) AS size, current_setting('block_size') AS block")
    row = connection.execute(query, {"name": named}).one()
    return int(row.size) // int(row.block), int(row.block)


def estimated(connection: Connection, source: Source) -> int:
    """About how many rows the table has: what the server believes; on SQLite the last row's number."""
    if source.dialect != "sqlite" or not source.grows:
        return source.listed.rows
    return int(connection.execute(sa.select(sa.func.max(source.steps[0])).select_from(source.table)).scalar() or 0)
