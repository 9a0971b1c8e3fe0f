"""A database as `init` sees it: its tables, which columns hold card fields, what its times look like.

Read-only, and only the first rows of each table. No value is kept but the words of a column that is named a status.
"""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.catalogue import Catalogue, ForeignKey, TableName
from carddata_retention.db import Database
from carddata_retention.detector import Hits, Kind
from carddata_retention.discovered import Unread, Why
from carddata_retention.discovery.columns import Read
from carddata_retention.discovery.discretion import revealing
from carddata_retention.discovery.inventory import Table, every_table
from carddata_retention.discovery.judging import FIELDS, NEVER_KEPT, is_field
from carddata_retention.discovery.scan import Manners, walk
from carddata_retention.discovery.state import Column
from carddata_retention.discovery.windows import Reader, Texts
from carddata_retention.own_tables import OwnTables
from carddata_retention.proposal.vocabulary import MONEY, NUMBER, START, STATUS, is_beside, is_end
from carddata_retention.redact import safe

ENOUGH_ROWS = 50_000
SAMPLE, MOST_WORDS = 1_000, 30
NEVER, BESIDE, TEXT = "never", "also", "text"
_WORD = re.compile(r"[\w .-]{1,30}")
_UNIX, _UNIX_MS = range(9, 11), range(12, 14)

Time = Literal["instant", "utc", "naive", "date", "unix", "unix-ms", "unknown"]
"""How a column says when: with its own offset, in UTC for certain, in a zone nobody knows, a day, a number."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a column holds of cards: a field (holder, number, expiry), `also`, `never` (may not be kept at all), `text`
    (stands somewhere in it). `seen` is False where only its name says so: it is empty, or encrypted, or emptied."""

    field: str
    seen: bool


@dataclass(frozen=True, slots=True)
class Pictured:
    """One table. `columns` in their order; `words` are the values of columns named a status."""

    name: TableName
    place: str
    columns: tuple[str, ...]
    nullable: frozenset[str]
    key: tuple[str, ...]
    holds: Mapping[str, Held]
    times: Mapping[str, Time]
    words: Mapping[str, tuple[str, ...]]
    indexed: frozenset[str]

    @property
    def schema(self) -> str:
        """Its schema, or on MariaDB its database, also where that is the default one."""
        return self.place.removesuffix(f".{self.name.name}")

    def named(self, field: str) -> list[str]:
        """The columns that hold a field."""
        return [c for c, held in self.holds.items() if held.field == field]

    @property
    def has_card_fields(self) -> bool:
        """Whether a target could be made of it."""
        return any(held.field in ("holder", "number") for held in self.holds.values())

    @property
    def counts_money(self) -> bool:
        """Whether its columns are those of an accounting row, which the law wants kept."""
        return any(MONEY.said_in(c) for c in self.columns if c not in self.holds)


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it. `unread` are the places that could not be read."""

    database: str
    dialect: str
    tables: Mapping[TableName, Pictured]
    foreign_keys: tuple[ForeignKey, ...]
    unread: tuple[Unread, ...] = field(default=())


def picture(db: Database, own: OwnTables, now: str) -> Picture:
    """Look at a database: on PostgreSQL at all its schemas, on MariaDB at the one of the URL.

    Raises SQLAlchemyError where it refuses that, BlindError where it cannot be reached.
    """
    with db.snapshot() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)  # types that SQLAlchemy does not know are read as text
        catalogue = Catalogue(connection, db.dialect)
        schemas = sa.inspect(connection).get_schema_names() if db.dialect == "postgresql" else ()
        tables, unread = every_table(catalogue, own, [s for s in schemas if s != "information_schema"], {}, None)
        outlines = [_outline(catalogue, t) for t in tables]
        database, keys = db.identity(connection)[0], catalogue.foreign_keys
    drawn = {}
    for table, outline in zip(tables, outlines, strict=True):
        try:
            bound = {*outline.key, *(c for k in keys if k.child == outline.name for c in k.child_columns)}
            drawn[outline.name] = replace(outline, holds=_holds(db, table, bound, now))
        except SQLAlchemyError as refused:
            unread.append(Unread(outline.place, Why.FAILED, safe(refused)))
    return Picture(database, db.dialect, drawn, keys, tuple(unread))


def _outline(catalogue: Catalogue, table: Table) -> Pictured:
    """Everything about a table but what its card fields are."""
    name, key_names = table.source.listed.name, catalogue.primary_key(table.source.listed.name)
    known = catalogue.columns(name)
    timed = [c for c in known if is_end(c) or START.said_in(c)]
    return Pictured(
        name, table.source.listed.place, tuple(known), table.nullable,
        key_names or next(iter(catalogue.unique_keys(name)), ()), {},
        {c: _time(catalogue.connection, table, catalogue.dialect, c, known[c]["type"]) for c in timed},
        {c: words for c in known if STATUS.said_in(c) and (words := _words(catalogue.connection, table, c))},
        frozenset(c for c in known if catalogue.leading_index(name, c)),
    )


def _holds(db: Database, table: Table, bound: set[str], now: str) -> dict[str, Held]:
    """Which columns hold what: by name and value; by the name alone where that speaks of cards, or in such company."""
    read = table.source.columns
    known = {c.name: Column(c.type, c.named) for c in read}
    documents: set[str] = set()
    rows = 0

    def rest(_: float, more: int) -> str | None:
        nonlocal rows
        rows += more
        return "enough" if rows >= ENOUGH_ROWS else None

    def note(column: str, hits: Hits, texts: Texts, _: Any) -> None:
        if (texts[int(hits.row[0])] or "").lstrip()[:1] in ("{", "["):
            documents.add(column)

    if read:
        walk(Reader(db, table.source), known, Manners(rest, lambda: None, lambda _: None, note), now)
    held = {}
    for column in read:
        population = known[column.name].population
        composed = column.composed or column.name in documents
        found = [(v.kind, not composed and is_field(population, v)) for v in population.verdicts(column.says)]
        if seen := next(_fields(found), None):
            held[column.name] = Held(seen, True)
        elif is_beside(column.name):
            held[column.name] = Held(BESIDE, bool(population.filled))
        elif column.name not in bound and (said := next(_said(column), None)):
            held[column.name] = Held(said, False)
    sure = any(h.seen and h.field in FIELDS.values() for h in held.values()) or any(
        held[column.name].field in ("holder", "number") and Kind.TOKEN not in column.says.says
        for column in read if column.name in held)
    return held if sure else {c: h for c, h in held.items() if h.seen}


def _said(column: Read) -> Iterator[str]:
    """What the name alone may be taken to say: `card_no` is a number, `card_id` and `card_type` are none."""
    kinds = column.says.says - (set() if NUMBER.said_in(column.name) else {Kind.CARD_NUMBER})
    return _fields([(kind, True) for kind in sorted(kinds)])


def _fields(found: Sequence[tuple[Kind, bool]]) -> Iterator[str]:
    whole = FIELDS | {Kind.TEST_NUMBER: "number", Kind.MASKED: BESIDE}
    yield from (NEVER for kind, _ in found if kind in NEVER_KEPT)
    yield from (whole[kind] for kind, mostly in found if mostly and kind in whole)
    yield from (TEXT for kind, _ in found if kind is Kind.CARD_NUMBER)


def _time(connection: Connection, table: Table, dialect: str, column: str, type_: Any) -> Time:
    if isinstance(type_, mysql.TIMESTAMP):
        return "utc"  # MariaDB turns it into the session's zone, and ours is UTC
    if dialect != "sqlite" and isinstance(type_, sa.DateTime):
        return "instant" if type_.timezone else "naive"
    if dialect != "sqlite" and isinstance(type_, sa.Date):
        return "date"
    forms = {_form(str(v)) for v in _sample(connection, table, column, SAMPLE)} - {None}
    if len(forms) == 1:
        return forms.pop() or "unknown"
    return "naive" if forms and forms <= {"naive", "instant", "date"} else "unknown"


def _form(text: str) -> Time | None:
    """How a value says when; None where it says nothing."""
    if text.isdecimal():
        return "unix" if len(text) in _UNIX else "unix-ms" if len(text) in _UNIX_MS else None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if ":" not in text:
        return "date"
    return "naive" if moment.tzinfo is None else "instant"


def _words(connection: Connection, table: Table, column: str) -> tuple[str, ...]:
    """The few different values of a column that is named a status; none where they are not words."""
    found = sorted({str(v) for v in _sample(connection, table, column, SAMPLE * 10)})
    plain = len(found) <= MOST_WORDS and all(_WORD.fullmatch(w) for w in found) and not revealing(found)
    return tuple(found) if plain else ()


def _sample(connection: Connection, table: Table, column: str, most: int) -> list[Any]:
    bound = table.source.table
    value = bound.c[column]
    try:
        with connection.begin_nested():
            return list(connection.execute(sa.select(value).where(value.is_not(None)).limit(most)).scalars())
    except SQLAlchemyError:
        return []
