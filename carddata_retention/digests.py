"""The digests of `evidence.py` said as SQL: a database takes them over its own rows, and no row has to travel.

SQLite has neither SHA-256 nor an aggregate that keeps an order: `db.py` gives each of our connections `carddata_hash`
and `carddata_digest`, which are `hashed` and `Lines`.
"""

import hashlib
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

Column = sa.ColumnElement[Any]


class _Digest(FunctionElement[str]):
    """SHA-256, in hex, over the texts of a group in the order of a number; of no texts, over nothing."""

    type = sa.String()
    name = "carddata_digest"
    inherit_cache = True


class _Hash(FunctionElement[str]):
    """SHA-256 of one text, in hex."""

    type = sa.String()
    name = "carddata_hash"
    inherit_cache = True


def leaf(salt: Column, line: Column) -> Column:
    """`evidence.leaf` of a row."""
    return _Hash(salt.concat(line))


def text_digest(text: Column, order: Column) -> Column:
    """`evidence.text_digest` of a group."""
    return _Digest(text, order)


def tombstone_line(seq: Column, record_key: Column, status: Column, service_end: Column, dialect: str) -> Column:
    """`evidence.tombstone_line` of a row."""
    length = sa.func.length if dialect == "sqlite" else sa.func.char_length
    parts = [sa.cast(seq, sa.String), ":", status, ":", sa.cast(length(record_key), sa.String), ":", record_key, ":",
             sa.func.coalesce(service_end, ""), "\n"]
    line: Column = sa.literal("", sa.String())
    for part in parts:
        line = line.concat(part)
    return line


def hashed(text: str) -> str:
    """The function `carddata_hash` of our SQLite connections."""
    return hashlib.sha256(text.encode()).hexdigest()


class Lines:
    """The aggregate `carddata_digest(text, order)` of our SQLite connections."""

    def __init__(self) -> None:
        self._lines: list[tuple[int, str]] = []

    def step(self, text: str, order: int) -> None:
        """One row of the group."""
        self._lines.append((order, text))

    def finalize(self) -> str:
        """The digest of the group."""
        return hashed("".join(text for _, text in sorted(self._lines)))


def _arguments(element: FunctionElement[str], compiler: Any, words: Any) -> list[str]:
    return [compiler.process(argument, **words) for argument in element.clauses]


@compiles(_Digest)
def _sqlite(element: _Digest, compiler: Any, **words: Any) -> str:
    text, order = _arguments(element, compiler, words)
    return f"coalesce(carddata_digest({text}, {order}), '{hashed('')}')"  # of no rows SQLite makes NULL, unasked


@compiles(_Hash)
def _sqlite_hash(element: _Hash, compiler: Any, **words: Any) -> str:
    return f"carddata_hash({_arguments(element, compiler, words)[0]})"


@compiles(_Hash, "postgresql")
def _postgresql_hash(element: _Hash, compiler: Any, **words: Any) -> str:
    (text,) = _arguments(element, compiler, words)
    return f"encode(sha256(convert_to({text}, 'UTF8')), 'hex')"


@compiles(_Hash, "mysql")
@compiles(_Hash, "mariadb")
def _mariadb_hash(element: _Hash, compiler: Any, **words: Any) -> str:
    (text,) = _arguments(element, compiler, words)
    return f"sha2({text}, 256)"


@compiles(_Digest, "postgresql")
def _postgresql(element: _Digest, compiler: Any, **words: Any) -> str:
    text, order = _arguments(element, compiler, words)
    return f"encode(sha256(convert_to(coalesce(string_agg({text}, '' ORDER BY {order}), ''), 'UTF8')), 'hex')"


@compiles(_Digest, "mysql")
@compiles(_Digest, "mariadb")
def _mariadb(element: _Digest, compiler: Any, **words: Any) -> str:
    text, order = _arguments(element, compiler, words)
    return f"sha2(coalesce(group_concat({text} ORDER BY {order} SEPARATOR ''), ''), 256)"
