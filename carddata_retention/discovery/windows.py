"""The windows of one table, fetched: a few megabytes at a time, whatever the rows are like."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.db import Database
from carddata_retention.detector import decode
from carddata_retention.discovery.columns import PIECE, Read
from carddata_retention.discovery.walk import Position, Source, blocks

FIRST_ROWS, MOST_ROWS = 500, 10_000
FIRST_BLOCKS = 16
AIM_BYTES = 4_000_000
GROWTH = 4
AT_ONCE = 32  # pieces of one long value in one fetch
OVERLAP = 256  # of two pieces of one long value: longer than any card number with its label
TEXT = {str, type(None)}

Texts = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Window:
    """Some rows as one sequence of texts for each column.

    `bytes` is what the texts have in UTF-8. `position` is where the next window begins; None where nobody can go on
    from here. `long` names the rows whose value goes on behind its text, in each column; `rest_of` (column, row)
    fetches that, piece by piece. `key_of` is how a person finds a row.
    """

    rows: int
    texts: tuple[Texts, ...]
    bytes: int
    position: Position | None
    long: tuple[tuple[int, ...], ...]
    key_of: Callable[[int], str]
    rest_of: Callable[[int, int], Iterator[Texts]]


class Reader:
    """Walks one table; adds up what it waited for the database (`seconds`)."""

    def __init__(self, db: Database, source: Source) -> None:
        self.db, self.source = db, source
        self.seconds = 0.0
        self._raw = False
        # SQLite itself refuses a value that is longer than a piece: to ask each for its length takes as long as to
        # fetch it. After the first one that is, each is asked.
        self._short = db.dialect == "sqlite"

    def windows(self, columns: Sequence[Read], after: Position | None) -> Iterator[Window]:
        """Every row behind `after`, which is left out; from the first row where it is None."""
        if not self.source.steps:
            return self._all(columns)
        return self._by_blocks(columns, after) if self.source.blocks else self._by_key(columns, after)

    def _by_key(self, columns: Sequence[Read], at: Position | None) -> Iterator[Window]:
        most = FIRST_ROWS
        width = len(self.source.steps)
        query = cache(partial(self.source.window, columns))
        while True:
            given = {"most": most} | {f"at_{n}": value for n, value in enumerate(at or ())}
            rows = self._of_short_values(query, at is None, given)
            if not rows:
                return
            at = tuple(rows[-1][:width])
            window = self._window(rows, columns, at)
            short = len(rows) < most
            yield window
            if short:
                return
            most = _next(most, len(rows), window.bytes)

    def _by_blocks(self, columns: Sequence[Read], at: Position | None) -> Iterator[Window]:
        query, many, begin = self.source.window(columns, first=True), FIRST_BLOCKS, int(at[0]) if at else 0
        while begin < (last := self._blocks()):
            until = min(begin + many, last)
            rows = self._fetched(query, {"at_0": f"({begin},0)", "until": f"({until},0)"})
            begin = until
            window = self._window(rows, columns, (begin,))
            if rows:
                many = max(1, int(many * _next(len(rows), len(rows), window.bytes) / len(rows)))
            yield window

    def _blocks(self) -> int:
        with self.db.snapshot() as connection:
            return blocks(connection, self.source)[0]

    def _all(self, columns: Sequence[Read]) -> Iterator[Window]:
        """One statement, its rows streamed: the only way along a table in which no row has a name."""
        with self.db.snapshot() as connection:
            began = time.monotonic()
            result = connection.execution_options(stream_results=True).execute(self.source.select(columns))
            most, numbered, rows = FIRST_ROWS, 0, result.fetchmany(FIRST_ROWS)
            try:
                while rows:
                    self.seconds += time.monotonic() - began
                    window = self._window([tuple(row) for row in rows], columns, None, numbered)
                    numbered += len(rows)
                    yield window
                    most = _next(most, len(rows), window.bytes)
                    began = time.monotonic()
                    rows = result.fetchmany(most)
            finally:
                if rows:
                    _cut(connection)

    def _of_short_values(self, query: Callable[..., Any], first: bool, given: dict[str, Any]) -> list[tuple[Any, ...]]:
        try:
            return self._fetched(query(first, self._short), given)
        except (sa.exc.DataError, sqlite3.DataError):
            if not self._short:
                raise
        self._short = False
        return self._fetched(query(first, False), given)

    def _fetched(self, query: Any, given: dict[str, Any]) -> list[tuple[Any, ...]]:
        began = time.monotonic()
        try:
            with self.db.snapshot() as connection:
                return self._rows(connection, query, given)
        finally:
            self.seconds += time.monotonic() - began

    def _rows(self, connection: Connection, query: Any, given: dict[str, Any]) -> list[tuple[Any, ...]]:
        if self._raw:
            _as_bytes(connection)
        if self._short:
            _no_longer_than(connection, PIECE - 1)
        try:
            # Past SQLAlchemy's rows, which take longer than all the rest: what comes is text, bytes or NULL.
            cursor: Any = connection.execute(query, given).cursor
            return list(cursor.fetchall())
        except (sa.exc.OperationalError, sqlite3.OperationalError) as wrong:
            if self._raw or "decode to UTF-8" not in str(wrong):
                raise
        self._raw = True  # SQLite keeps whatever bytes were called text, of CP932 too
        return self._rows(connection, query, given)

    def _window(self, rows: list[tuple[Any, ...]], columns: Sequence[Read], position: Position | None,
                numbered: int | None = None) -> Window:
        ahead = len(self.source.steps) + len(self.source.key)
        values = list(zip(*rows, strict=True))[ahead:] if rows else [()] * len(columns)
        read = tuple(_texts(v) for v in values)
        long = tuple(_long(v) if c.cut and self.source.steps else () for c, v in zip(columns, values, strict=True))
        size = sum(map(size_of, read))

        def key_of(row: int) -> str:
            return f"row:{numbered + row + 1}" if numbered is not None else self.source.key_text(rows[row])

        def rest_of(column: int, row: int) -> Iterator[Texts]:
            return self._rest(columns[column], rows[row][:len(self.source.steps)])

        return Window(len(rows), read, size, position, long, key_of, rest_of)

    def _rest(self, column: Read, at: Position) -> Iterator[Texts]:
        query, start = self.source.piece(column), PIECE + 1 - OVERLAP
        while True:
            given = {"start": start, "size": AT_ONCE * PIECE} | {f"at_{n}": value for n, value in enumerate(at)}
            rows = self._fetched(query, given)
            (text,) = _texts(tuple(row[0] for row in rows)) or (None,)
            if text:
                yield [text[n:n + PIECE] for n in range(0, len(text), PIECE - OVERLAP)]
            if not rows or rows[0][0] is None or len(rows[0][0]) < AT_ONCE * PIECE:
                return
            start += AT_ONCE * PIECE - OVERLAP


def size_of(texts: Texts) -> int:
    """The bytes of texts in UTF-8."""
    whole = "".join(filter(None, texts))
    return len(whole) if whole.isascii() else len(whole.encode(errors="replace"))


def _texts(values: tuple[Any, ...]) -> Texts:
    types = set(map(type, values))
    if types <= TEXT:
        return values
    return list(map(str, values)) if types == {int} else [_text(v) for v in values]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return decode(bytes(value))
    return str(value)


def _long(values: tuple[Any, ...]) -> tuple[int, ...]:
    try:
        if max(map(len, filter(None, values)), default=0) < PIECE:
            return ()
    except TypeError:  # SQLite: a number among texts
        pass
    return tuple(n for n, v in enumerate(values) if isinstance(v, str | bytes) and len(v) >= PIECE)


def _next(most: int, rows: int, size: int) -> int:
    """How many rows make a window of the size that is aimed at, and never many more than the last one had."""
    return max(1, min(MOST_ROWS, most * GROWTH, AIM_BYTES * rows // max(size, 1)))


def _cut(connection: Connection) -> None:
    """End a stream that is not wanted any more. PyMySQL would read it to its end first, however much that is."""
    unread = getattr(connection.connection.driver_connection, "_result", None)
    if unread is not None:
        unread.unbuffered_active = False
    connection.invalidate()


def _no_longer_than(connection: Connection, size: int) -> None:
    raw: Any = connection.connection.driver_connection
    raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, size)


def _as_bytes(connection: Connection) -> None:
    raw: Any = connection.connection.driver_connection
    raw.text_factory = bytes
