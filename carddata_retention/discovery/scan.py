"""One table read and looked through: what each column adds to what is known of it."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from carddata_retention.db import Database
from carddata_retention.detector import Hits, look, look_once
from carddata_retention.discovery.columns import Read
from carddata_retention.discovery.discretion import revealing
from carddata_retention.discovery.state import Column
from carddata_retention.discovery.walk import Source, moved
from carddata_retention.discovery.windows import Reader, Texts, Window

SAVED_AFTER_S = 5.0
NOTHING = look([])


@dataclass(slots=True)
class Told:
    """What one walk did: rows and bytes of this call, seconds of fetching and looking, why it stopped early."""

    rows: int = 0
    bytes: int = 0
    fetch_s: float = 0.0
    look_s: float = 0.0
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Manners:
    """What the story lends to a walk; all are called between two windows, with nothing held.

    `rest` is told the seconds and the rows of a window, waits as long as the manners ask and says why to stop. `save`
    keeps what was found so far. `progress` is told the rows of each window. `note` takes candidates with the texts they
    stand in and what names a row; it keeps no text.
    """

    rest: Callable[[float, int], str | None]
    save: Callable[[], None]
    progress: Callable[[int], None]
    note: Callable[[str, Hits, Texts, Callable[[int], str]], None]


def recalled(db: Database, source: Source, before: dict[str, Column], full: bool) -> dict[str, Column]:
    """What is known of each column of a table and still holds: one entry for each that is read.

    Everything is forgotten of a column whose type changed or that is declared since, of a table that was read to its
    end and whose new rows may lie anywhere, and where rows came behind the place that was reached, or the last ones
    went.
    """
    known: dict[str, Column] = {}
    for column in source.columns:
        found = before.get(column.name)
        if found is None or (found.type, found.named) != (column.type, column.named):
            found = Column(column.type, column.named)
        known[column.name] = found
        if full or (found.upto is None and found.rows) or (found.complete and not source.grows):
            found.forget()
    for places in {(tuple(c.upto), c.rows) for c in known.values() if c.complete and c.upto is not None}:
        with db.snapshot() as connection:
            if moved(connection, source, source.read(places[0]), places[1]):
                for column_known in known.values():
                    if column_known.upto == list(places[0]):
                        column_known.forget()
    return known


def walk(reader: Reader, known: dict[str, Column], manners: Manners, now: str) -> Told:
    """Read every column of a table behind what is known of it, and add it to that.

    Columns that were read equally far go together, in one pass. Raises what the database refuses.
    """
    told = Told()
    with _without_collector():
        _all(reader, known, manners, now, told)
    told.fetch_s = reader.seconds
    return told


@contextmanager
def _without_collector() -> Iterator[None]:
    """Python's search for circles looks at every row that comes, again and again, and finds none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _all(reader: Reader, known: dict[str, Column], manners: Manners, now: str, told: Told) -> None:
    for columns in _passes(reader.source.columns, known):
        after = known[columns[0].name].upto
        at = reader.source.read(after) if after is not None else None
        for column in columns:
            known[column.name].since = known[column.name].since or now
            known[column.name].complete = False
        _pass(reader, reader.windows(columns, at), columns, known, manners, told)
        if told.stopped:
            return
        for column in columns:
            known[column.name].complete, known[column.name].looked = True, now


def _passes(columns: Sequence[Read], known: dict[str, Column]) -> Iterator[list[Read]]:
    together: dict[str, list[Read]] = {}
    for column in columns:
        together.setdefault(repr(known[column.name].upto), []).append(column)
    yield from together.values()


def _pass(reader: Reader, windows: Iterator[Window], columns: Sequence[Read], known: dict[str, Column],
          manners: Manners, told: Told) -> None:
    saved = began = time.monotonic()
    for window in windows:
        fetched = time.monotonic()
        for n, column in enumerate(columns):
            _look(window, n, column.name, known[column.name], manners)
        upto = _upto(reader.source, window)
        for column in columns:
            known[column.name].upto = upto
        told.rows, told.bytes = told.rows + window.rows, told.bytes + window.bytes
        told.look_s += time.monotonic() - fetched
        manners.progress(window.rows)
        if time.monotonic() - saved > SAVED_AFTER_S:
            manners.save()
            saved = time.monotonic()
        told.stopped = manners.rest(time.monotonic() - began, window.rows)
        if told.stopped:
            return
        began = time.monotonic()


def _look(window: Window, n: int, name: str, known: Column, manners: Manners) -> None:
    texts = window.texts[n]
    hits = look_once(texts, shapes=known.named) if any(texts) else NOTHING
    known.population.add(hits, rows=window.rows)
    known.rows += window.rows
    if len(hits):
        manners.note(name, hits, window.texts[n], window.key_of)
    for row in window.long[n]:
        for pieces in window.rest_of(n, row):
            more = look(pieces, shapes=False)
            here = Hits(np.full(len(more), row, np.int64), more.kind, more.cell, more.passes)
            known.population.add(here, rows=0)
            if len(here):
                manners.note(name, here, window.texts[n], window.key_of)


def _upto(source: Source, window: Window) -> list[str] | None:
    """The place reached, as it is remembered; None for a key that looks like card data, which is never written down."""
    if window.position is None:
        return None
    written = source.written(window.position)
    return None if revealing(written) else written
