"""Many keys in one statement: how rows of values are named in it, and how they are sent.

PostgreSQL is sent arrays, so one statement does for any number of rows; the others a list, or an OR of their rows.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import ColumnElement

from carddata_retention.forms import LooseText
from carddata_retention.key_text import in_python

Column = ColumnElement[Any]

_ESCAPED = {ord("\\"): "\\\\", ord('"'): '\\"'}


def among(columns: Sequence[Column], name: str, dialect: str, rows: Collection[Sequence[Any]] = ()) -> Column:
    """True where the columns are those of one of the rows, which `sent` sends under `name`: one statement for all.

    PostgreSQL is sent one array for each column. Elsewhere one column has a list, and several have an OR that must be
    given its rows here, for `(a, b) IN (…)` makes SQLite scan the whole table, and MariaDB for the DELETE of one key.
    """
    return _among(columns, dialect, rows, lambda n: {"key": f"{name}_{n}"})


def sent(columns: Sequence[Column], name: str, dialect: str, rows: Collection[Sequence[Any]]) -> dict[str, Any]:
    """The parameters of `among`; none where the rows stand in the statement itself."""
    if dialect != "postgresql":
        return {} if len(columns) > 1 else {f"{name}_0": [row[0] for row in rows]}
    return {f"{name}_{n}": _array_text(column.type, [row[n] for row in rows]) for n, column in enumerate(columns)}


def one_of(columns: Sequence[Column], rows: Collection[Sequence[Any]], dialect: str) -> Column:
    """`among` with its values, for a statement that is sent once."""
    values = sent(columns, "at", dialect, rows)
    return _among(columns, dialect, rows, lambda n: {"key": None, "value": values[f"at_{n}"]})


def listed(columns: Sequence[Column], name: str,
           beside: Mapping[str, Any]) -> tuple[sa.FromClause, Column, Mapping[str, Column]]:
    """PostgreSQL: the rows of `among`, each with more values, which `sent_beside` sends: what to join, on what, and
    these values. `beside` has the type of each."""
    arrays = [_array(column.type, {"key": f"{name}_{n}"}) for n, column in enumerate(columns)]
    arrays += [_array(type_, {"key": f"{name}_{one}"}) for one, type_ in beside.items()]
    names = [f"carddata_of_{n}" for n, _ in enumerate(columns)]
    # A declared where may name a column as one of ours is called.
    more = {one: f"carddata_{one}" for one in beside}
    found = sa.func.unnest(*arrays).table_valued(*names, *more.values()).render_derived(name="carddata_listed")
    same = sa.and_(sa.true(), *(column == found.c[n] for column, n in zip(columns, names, strict=True)))
    return found, same, {one: found.c[name] for one, name in more.items()}


def sent_beside(name: str, beside: Mapping[str, Any], values: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """The parameters of `listed` that are not those of `among`."""
    return {f"{name}_{one}": _array_text(type_, values[one]) for one, type_ in beside.items()}


def _among(columns: Sequence[Column], dialect: str, rows: Collection[Sequence[Any]],
           bound: Callable[[int], dict[str, Any]]) -> Column:
    if dialect == "postgresql":
        arrays = [_array(column.type, bound(n)) for n, column in enumerate(columns)]
        if len(columns) == 1:
            return columns[0] == sa.any_(arrays[0])
        names = [f"of_{n}" for n, _ in enumerate(columns)]
        listed = sa.func.unnest(*arrays).table_valued(*names).render_derived(name="carddata_listed")
        return sa.tuple_(*columns).in_(sa.select(*listed.c))
    if len(columns) == 1:
        return columns[0].in_(sa.bindparam(**bound(0), expanding=True))
    return sa.or_(*(sa.and_(*(c == v for c, v in zip(columns, row, strict=True))) for row in rows))


class _ArrayText(sa.TypeDecorator[str]):
    """An array of PostgreSQL that is sent as one text: a driver takes ten times as long for its elements.

    A cast of a text would do too, but not be a constant: it would be read anew for each row that is compared with it.
    """

    impl = postgresql.ARRAY
    cache_ok = True

    def __init__(self, of: Any) -> None:
        self.of = of
        super().__init__(of)

    def bind_processor(self, dialect: Any) -> None:
        """The text is the array as it is."""


def _array(type_: Any, bound: dict[str, Any]) -> Column:
    of: Any = type_
    if isinstance(type_, LooseText):
        of = type_.written_as or sa.Text()
    elif type(type_) in (sa.String, sa.VARCHAR):
        of = sa.Text()  # a cast to VARCHAR(n) would cut what is longer, and find another row by it
    return sa.bindparam(**bound, type_=_ArrayText(of))


def _array_text(type_: Any, values: Collection[Any]) -> str:
    """The values as PostgreSQL writes an array of them."""
    if isinstance(type_, sa.Integer):  # a subject of the other table may be a decimal
        return "{" + ",".join(str(int(value)) for value in values) + "}"
    if isinstance(type_, sa.CHAR) or not isinstance(type_, sa.String):
        values = [None if v is None else ("\\x" if isinstance(v, bytes) else "") + in_python(type_, v) for v in values]
    if values and None not in values:
        whole = '","'.join(values)
        if "\\" not in whole and whole.count('"') == 2 * (len(values) - 1):  # twenty times as fast as one by one
            return '{"' + whole + '"}'
    return "{" + ",".join("NULL" if v is None else f'"{v.translate(_ESCAPED)}"' for v in values) + "}"
