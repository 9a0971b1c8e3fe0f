"""One text for each value of a key or of a subject: what the ledger writes, what a hold names, what a person types.

The database writes the text (`in_sql`); Python reads it back into a value (`reader`), and writes the same for a value
that no row has any more (`in_python`). On every database alike:

    number           digits, without exponent and without the zeros that ZEROFILL puts before them
    truth value      true, false (PostgreSQL; elsewhere it is a number)
    text             itself; of CHAR(n) without the blanks at its end
    bytes            lower hex
    UUID             lower case, with dashes
    date, time       2020-02-29, 2020-02-29 12:00:00.5: a fraction without its last zeros; with a time zone: UTC, +00

PostgreSQL writes days in the order that DateStyle says, so `db.py` sets it. Types without such a text are refused
when the configuration is held against the catalogue: a hold by a text that is not the record's would miss it.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import reduce
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

from carddata_retention.forms import LooseText

Column = ColumnElement[Any]

KEY_SEPARATOR = "\x1f"
BYTES: Any = sa.LargeBinary | sa.types.BINARY | sa.types.VARBINARY
STEADY: Any = (sa.Integer | sa.Numeric | sa.Boolean | sa.Uuid | sa.String | BYTES | sa.Date | sa.DateTime
               | sa.types.TIMESTAMP | sa.Time | mysql.YEAR)
WITH_A_FRACTION: Any = mysql.DATETIME | mysql.TIMESTAMP | mysql.TIME
BITS: tuple[tuple[Any, int], ...] = (
    (mysql.TINYINT, 8), (sa.SmallInteger, 16), (mysql.MEDIUMINT, 24), (sa.BigInteger, 64), (sa.Integer, 32))


class _Hex(FunctionElement[str]):
    """Bytes in lower hex."""

    type = sa.String()
    name = "carddata_hex"
    inherit_cache = True


class _Stored(FunctionElement[str]):
    """A value of SQLite, where each value has a type of its own, whatever the column declares."""

    type = sa.String()
    name = "carddata_stored"
    inherit_cache = True


class _Trimmed(FunctionElement[str]):
    """A moment of MariaDB without the last zeros of its fraction, which is never missing."""

    type = sa.String()
    name = "carddata_trimmed"
    inherit_cache = True


class _Recoded(FunctionElement[str]):
    """Text in the character set of a column of MariaDB: a collation belongs to one."""

    type = sa.String()
    name = "carddata_recoded"
    inherit_cache = True

    def __init__(self, text: Column, charset: str) -> None:
        super().__init__(text, sa.literal_column(charset))


def _arguments(element: FunctionElement[Any], compiler: Any, words: Any) -> list[str]:
    return [compiler.process(argument, **words) for argument in element.clauses]


@compiles(_Hex)
def _hex(element: _Hex, compiler: Any, **words: Any) -> str:
    (value,) = _arguments(element, compiler, words)
    return f"encode({value}, 'hex')" if compiler.dialect.name == "postgresql" else f"lower(hex({value}))"


@compiles(_Stored)
def _stored(element: _Stored, compiler: Any, **words: Any) -> str:
    (value,) = _arguments(element, compiler, words)
    return f"CASE typeof({value}) WHEN 'blob' THEN lower(hex({value})) ELSE CAST({value} AS TEXT) END"


@compiles(_Trimmed)
def _trimmed(element: _Trimmed, compiler: Any, **words: Any) -> str:
    (value,) = _arguments(element, compiler, words)
    return f"trim(TRAILING '.' FROM trim(TRAILING '0' FROM CAST({value} AS CHAR)))"


@compiles(_Recoded)
def _recoded(element: _Recoded, compiler: Any, **words: Any) -> str:
    text, charset = _arguments(element, compiler, words)
    return f"CONVERT({text} USING {charset})"


def is_steady(type_: Any, dialect: str) -> bool:
    """Whether values of a type have one text. A floating point number has as many as there are ways to round it."""
    if isinstance(type_, sa.types.NullType):
        return dialect == "sqlite"  # elsewhere a type that SQLAlchemy does not know
    if isinstance(type_, sa.Float | mysql.SET | mysql.TIME) or (isinstance(type_, sa.Time) and type_.timezone):
        return False  # a TIME of MariaDB may be longer than a day, and no clock's time then
    return isinstance(type_, STEADY)


def in_sql(column: Column) -> Column:
    """A value's text, as every statement writes it."""
    type_ = column.type
    if isinstance(type_, sa.types.NullType):
        return _Stored(column)
    if isinstance(type_, BYTES):
        return _Hex(column)
    if isinstance(type_, WITH_A_FRACTION) and type_.fsp:
        return _Trimmed(column)
    return sa.cast(column + 0 if getattr(type_, "zerofill", False) else column, sa.String)


def in_python(type_: Any, value: Any) -> str:
    """The text that `in_sql` gives for a value of a column of this type."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return _without_last_zeros(naive.isoformat(" ")) + ("+00" if value.tzinfo else "")
    if isinstance(value, time):
        return _without_last_zeros(value.isoformat())
    if isinstance(value, str) and isinstance(type_, sa.CHAR):
        return value.rstrip(" ")
    return str(value)


def _without_last_zeros(moment: str) -> str:
    return moment.rstrip("0").rstrip(".") if "." in moment else moment


def _integer(type_: Any) -> Callable[[str], int]:
    bits = next(bits for types, bits in BITS if isinstance(type_, types))
    lowest, highest = (0, 2**bits) if getattr(type_, "unsigned", False) else (-2**(bits - 1), 2**(bits - 1))

    def read(text: str) -> int:
        if not lowest <= (number := int(text)) < highest:
            raise ValueError(f"no value of {bits} bits")
        return number

    return read


_READ: dict[Any, Callable[[str], Any]] = {
    bytes: bytes.fromhex, bool: lambda text: {"true": True, "false": False}[text.lower()], UUID: UUID, Decimal: Decimal,
    date: date.fromisoformat, datetime: datetime.fromisoformat, time: time.fromisoformat,
}


def reader(type_: Any) -> Callable[[str], Any]:
    """What turns a text back into what a column of this type is compared with.

    It raises ValueError, KeyError or ArithmeticError where the text is no value of it.
    """
    if isinstance(type_, sa.types.NullType):
        return str  # SQLite: the column's affinity converts the text
    if isinstance(type_, sa.Integer):
        return _integer(type_)
    if isinstance(type_, mysql.YEAR):
        return str  # no type of Python's: it reads what it wrote
    python: Callable[[str], Any] = type_.python_type
    return _READ.get(python, python)


def joined(columns: Sequence[Column]) -> Column:
    """The text of a key of one column or several."""
    return reduce(lambda a, b: a.concat(KEY_SEPARATOR).concat(b), [in_sql(c) for c in columns])


def loosely(columns: Sequence[Column], item: Column) -> tuple[Column, Column] | None:
    """A key or subject and the text of a hold, as a hold must compare them; None where only equal texts are equal.

    What a column itself takes for equal is equal here too, and rather more: a collation may take 'a' for 'A', blanks at
    the end may mean nothing, and people write hex in capitals (on SQLite only small letters count). Of several columns
    the first such one decides for all.
    """
    text = joined(columns)
    for column in columns:
        type_ = column.type
        if isinstance(type_, sa.types.NullType):  # on the left, the column's own collation and affinity compare
            return (column, item) if len(columns) == 1 else (sa.collate(text, "NOCASE"), item)
        if isinstance(type_, LooseText) and isinstance(type_.written_as, postgresql.CITEXT):
            return sa.cast(text, type_.written_as), sa.cast(item, type_.written_as)
        if isinstance(type_, sa.String) and (charset := getattr(type_, "charset", None)) and type_.collation:
            return tuple(sa.collate(_Recoded(t, charset), type_.collation) for t in (text, item))  # type: ignore[return-value]
        if isinstance(type_, sa.CHAR):
            return sa.func.rtrim(text), sa.func.rtrim(item)
        if isinstance(type_, sa.Uuid | BYTES):
            return text, sa.func.lower(item)
    return None
