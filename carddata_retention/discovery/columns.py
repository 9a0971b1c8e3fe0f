"""Which columns of a table are read, as what, and which are not.

Everything that is text or turns into it: CHAR, VARCHAR, TEXT, JSON, XML, arrays, unknown types, bytes; and numbers that
have room for 13 digits. Of those only the values with 13 digits or more leave the server. Nothing else is held back by
its length: a masked number, or a security code after its label, is short. Narrower numbers and dates are read where
their name speaks of card data, for a security code or an expiry is short by nature.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.sql.elements import ColumnElement

from carddata_retention.catalogue import Catalogue, TableName
from carddata_retention.detector import ColumnName, Kind, read_name
from carddata_retention.discovered import Unread, Why
from carddata_retention.forms import LooseText

PIECE = 32_768  # characters or bytes of one value at a time
LEAST_DIGITS = 13
SMALLEST = 10 ** (LEAST_DIGITS - 1)

DATES: Any = sa.Date | sa.DateTime | sa.types.TIMESTAMP
CLOCKS: Any = sa.Time | sa.Interval | postgresql.INTERVAL | mysql.YEAR
NEITHER: Any = sa.Boolean | sa.Uuid | sa.Enum | sa.Float | mysql.BIT | postgresql.BIT | mysql.SET | postgresql.OID
BYTES: Any = sa.LargeBinary | sa.types.BINARY | sa.types.VARBINARY
COMPOSED: Any = BYTES | sa.JSON | sa.ARRAY | postgresql.HSTORE


@dataclass(frozen=True, slots=True)
class Read:
    """A column that is read: `value` is what is selected, `whole` the value that it is a first piece of.

    `role` is the field that a target declares it as: holder, number, expiry, or also. `composed` is a type of which a
    value is a document or bytes.
    """

    name: str
    type: str
    says: ColumnName
    value: ColumnElement[Any]
    whole: ColumnElement[Any] | None
    role: str | None = None
    composed: bool = False

    @property
    def named(self) -> bool:
        """Whether its name or a target says that its values may be card data as they are."""
        return bool(self.says.says) or self.role is not None

    @property
    def cut(self) -> bool:
        """Whether a value may go on behind the first piece."""
        return self.whole is not None


def readable(catalogue: Catalogue, table: TableName, bound: sa.Table, roles: dict[str, str],
             allowed: set[str] | None) -> tuple[list[Read], list[Unread], list[str]]:
    """The columns to read, those that cannot be, and the names of the others. `allowed` None means every column."""
    known = catalogue.columns(table)
    read, unread, others = [], [], []
    for name, column in known.items():
        says = read_name(name)
        named = bool(says.says) or name in roles
        type_: Any = column["type"]
        if isinstance(type_, sa.types.NullType) and catalogue.dialect == "mariadb":
            unread.append(Unread(name, Why.TYPE))
            continue
        found = _value(catalogue.dialect, bound.c[name], type_, named)
        if found is None:
            others.append(name)
        elif allowed is not None and name not in allowed:
            unread.append(Unread(name, Why.DENIED))
        else:
            read.append(Read(name, str(type_), says, *found, roles.get(name), isinstance(type_, COMPOSED)))
    return read, unread, others


Value = tuple[ColumnElement[Any], ColumnElement[Any] | None]


def _value(dialect: str, column: Any, type_: Any, named: bool) -> Value | None:
    if isinstance(type_, postgresql.DOMAIN):
        type_ = type_.data_type
    if isinstance(type_, CLOCKS | NEITHER):
        return None
    if isinstance(type_, DATES):
        return (sa.cast(column, sa.String), None) if named else None
    if dialect == "sqlite":
        return _stored(column, type_, named)
    if isinstance(type_, sa.Integer | sa.Numeric):
        return _number(dialect, column, type_, named)
    if isinstance(type_, BYTES):
        return _first_piece(dialect, column, sa.func.substr(column, 1, PIECE)), column
    if isinstance(type_, sa.String) and not isinstance(column.type, LooseText):
        short = type_.length is not None and type_.length <= PIECE
        return (column, None) if short else (_first_piece(dialect, column, sa.func.left(column, PIECE)), column)
    text = sa.cast(column, sa.Text if dialect == "postgresql" else sa.String)
    return sa.func.left(text, PIECE), text


def _first_piece(dialect: str, column: Any, piece: Any) -> ColumnElement[Any]:
    """The value, or a piece of one that is long. To cut a value is to copy it; its bytes are counted already."""
    size = sa.func.octet_length(column) if dialect == "postgresql" else sa.func.length(column)
    return sa.case((size > PIECE, piece), else_=column)


def _number(dialect: str, column: Any, type_: Any, named: bool) -> Value | None:
    whole = column
    if isinstance(type_, sa.Integer):
        room = isinstance(type_, sa.BigInteger)
    else:
        scale = type_.scale or 0
        room = type_.precision is None or type_.precision - scale >= LEAST_DIGITS
        if scale or type_.precision is None:
            whole = sa.func.trunc(column) if dialect == "postgresql" else sa.func.truncate(column, 0)
    text = sa.cast(whole, sa.Text if dialect == "postgresql" else sa.String)
    if named:
        return text, None
    if not room:
        return None
    long = sa.or_(column >= sa.literal(SMALLEST, sa.BigInteger), column <= sa.literal(-SMALLEST, sa.BigInteger))
    return sa.case((long if whole is column else sa.and_(long, column == whole), text)), None


def _stored(column: Any, type_: Any, named: bool) -> Value:
    """SQLite keeps any value in any column, whatever its declared type. There text is greater than every number.

    The length of a text in bytes is known from the head of its row; to count its characters is to walk along it.
    """
    if isinstance(type_, sa.Integer | sa.Numeric):
        return (column, None) if named else (sa.case((sa.or_(column >= SMALLEST, column <= -SMALLEST), column)), None)
    size = sa.func.length(sa.cast(column, sa.BLOB))
    return sa.case((size > PIECE, sa.func.substr(column, 1, PIECE)), else_=column), column


def allowed_columns(catalogue: Catalogue, table: TableName) -> set[str] | None:
    """The columns that this login may read; None where that is all of them. A table of none gives the empty set."""
    if catalogue.dialect != "postgresql":
        return None
    query = sa.text(
        "SELECT a.attname, has_column_privilege(c.oid, a.attnum, 'SELECT') AS may FROM pg_attribute a "
        "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = :schema AND c.relname = :name AND a.attnum > 0 AND NOT a.attisdropped")
    rows = catalogue.connection.execute(query, {"schema": table.schema or catalogue.default_schema, "name": table.name})
    may = {str(row.attname): bool(row.may) for row in rows}
    return None if all(may.values()) else {name for name, allowed in may.items() if allowed}


def kinds_of(role: str | None, says: ColumnName, numbers: int, values: int) -> Kind | None:
    """The class that a target declares a column as.

    The field `number` holds tokens or numbers, and the configuration does not say which: tokens, where the name says so
    or less than half of its values are numbers.
    """
    if role == "number":
        return Kind.TOKEN if says.claims(Kind.TOKEN) or 2 * numbers < values else Kind.CARD_NUMBER
    return {"holder": Kind.HOLDER, "expiry": Kind.EXPIRY, "also": Kind.MASKED}.get(role or "")


def declared_roles(fields: Iterator[tuple[str, str]]) -> dict[str, str]:
    """Column -> the field that declares it; the first target that names it wins."""
    found: dict[str, str] = {}
    for column, role in fields:
        found.setdefault(column, role)
    return found
