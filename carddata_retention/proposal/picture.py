"""A database as `init` sees it: its tables, which columns hold card fields, what its times look like.

Read-only, and of a large table only the first and, where it grows, the last rows. No value is kept but the words of a
column that is named a status.
"""

import re
import warnings
from collections import Counter
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
from carddata_retention.proposal.vocabulary import (
    CARD,
    MONEY,
    NUMBER,
    START,
    is_beside,
    is_end,
    is_of_a_life,
    is_status,
)
from carddata_retention.redact import safe
from carddata_retention.target_settings import CARD_FIELDS

AT_EACH_END = 25_000  # rows
SAMPLE, MOST_WORDS = 1_000, 12
NEVER, BESIDE, TEXT = "never", "also", "text"
_WORD = re.compile(r"[^\W\d]{1,20}|\d{1,2}")
_FLAGS = {"0", "1", "t", "f", "y", "n", "true", "false", "yes", "no", ""}
_UNIX, _UNIX_MS = range(9, 11), range(12, 14)

Time = Literal["instant", "utc", "naive", "date", "unix", "unix-ms", "unknown"]
"""How a column says when: with its own offset, in UTC for certain, in a zone nobody knows, a day, a number."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a column holds of cards: a field (holder, number, expiry), `also`, `never` (may not be kept at all), `text`
    (stands somewhere in it). `seen` is False where only its name says so: it is empty, or encrypted, or emptied.
    `of_a_card` says that it can be of nothing else: it holds card numbers, or its name speaks of cards."""

    field: str
    seen: bool
    of_a_card: bool


@dataclass(frozen=True, slots=True)
class Pictured:
    """One table. `columns` in their order; `words` are the values of columns named a status, `references` the columns
    of its foreign keys; `partly` says that not every row was read."""

    name: TableName
    place: str
    columns: tuple[str, ...]
    nullable: frozenset[str]
    key: tuple[str, ...]
    holds: Mapping[str, Held]
    times: Mapping[str, Time]
    words: Mapping[str, tuple[str, ...]]
    indexed: frozenset[str]
    references: frozenset[str]
    partly: bool = False

    @property
    def schema(self) -> str:
        """Its schema, or on MariaDB its database, also where that is the default one."""
        return self.place.removesuffix(f".{self.name.name}")

    def named(self, field: str) -> list[str]:
        """The columns that hold a field."""
        return [c for c, held in self.holds.items() if held.field == field]

    @property
    def beside(self) -> list[str]:
        """The columns that a redaction may empty beside the fields."""
        return [c for c in self.named(BESIDE) if c in self.nullable]

    @property
    def has_card_fields(self) -> bool:
        """Whether a target could be made of it. A token, a holder or a day of expiry alone may be of something else."""
        fields = [held for held in self.holds.values() if held.field in CARD_FIELDS]
        return any(h.of_a_card and h.field != "expiry" for h in fields) or len({h.field for h in fields if h.seen}) > 1

    @property
    def counts_money(self) -> bool:
        """Whether its columns are those of an accounting row, which the law wants kept."""
        return any(MONEY.said_in(c) for c in self.columns if c not in self.holds)


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it. `copies` are materialized views, `unread` the places that could not be read."""

    database: str
    dialect: str
    tables: Mapping[TableName, Pictured]
    foreign_keys: tuple[ForeignKey, ...]
    copies: tuple[str, ...] = field(default=())
    unread: tuple[Unread, ...] = field(default=())


def picture(db: Database, own: OwnTables, now: str) -> Picture:
    """Look at a database: on PostgreSQL at all its schemas, on MariaDB at the one of the URL.

    Raises SQLAlchemyError where it refuses that, BlindError where it cannot be reached.
    """
    with db.snapshot() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore", sa.exc.SAWarning)  # types that SQLAlchemy does not know are read as text
        catalogue, inspector = Catalogue(connection, db.dialect), sa.inspect(connection)
        postgresql = db.dialect == "postgresql"
        schemas = [s for s in inspector.get_schema_names() if s != "information_schema"] if postgresql else []
        tables, unread = every_table(catalogue, own, schemas, {}, None)
        copies = {f"{s}.{v}" for s in schemas for v in inspector.get_materialized_view_names(schema=s)}
        tables = [t for t in tables if t.source.listed.place not in copies]
        outlines = [_outline(catalogue, t) for t in tables]
        database, keys = db.identity(connection)[0], catalogue.foreign_keys
    drawn = {}
    for table, outline in zip(tables, outlines, strict=True):
        try:
            known, documents, partly = _read(db, table, now)
        except SQLAlchemyError as refused:
            unread.append(Unread(outline.place, Why.FAILED, safe(refused)))
            continue
        drawn[outline.name] = replace(
            outline, holds=_holds(table, known, documents, {*outline.key, *outline.references}), partly=partly)
    return Picture(database, db.dialect, drawn, keys, tuple(sorted(copies)), tuple(unread))


def _outline(catalogue: Catalogue, table: Table) -> Pictured:
    """Everything about a table but what its card fields are."""
    name = table.source.listed.name
    known = catalogue.columns(name)
    keys = [k for k in catalogue.unique_keys(name) if not {*k} & table.nullable]
    times = {c: _time(catalogue.connection, table, catalogue.dialect, c, known[c]["type"]) for c in known}
    return Pictured(
        name, table.source.listed.place, tuple(known), table.nullable,
        catalogue.primary_key(name) or next(iter(keys), ()), {},
        {c: time for c, time in times.items() if time is not None},
        {c: _words(catalogue.connection, table, c) for c in known if is_status(c)},
        frozenset(c for c in known if catalogue.leading_index(name, c)),
        frozenset(c for k in catalogue.foreign_keys if k.child == name for c in k.child_columns),
    )


def _read(db: Database, table: Table, now: str) -> tuple[dict[str, Column], set[str], bool]:
    """What is counted in each column, the columns that hold documents, and whether some rows were left out."""
    known = {c.name: Column(c.type, c.named) for c in table.source.columns}
    documents: set[str] = set()
    rows = 0

    def rest(_: float, more: int) -> str | None:
        nonlocal rows
        rows += more
        return "enough" if rows >= AT_EACH_END else None

    def note(column: str, hits: Hits, texts: Texts, _: Any) -> None:
        if (texts[int(hits.row[0])] or "").lstrip()[:1] in ("{", "["):
            documents.add(column)

    manners = Manners(rest, lambda: None, lambda _: None, note)
    if not known or walk(Reader(db, table.source), known, manners, now).stopped is None:
        return known, documents, False
    if (last := _near_the_end(db, table)) is not None:
        for column in known.values():
            column.upto = last
        rows = 0
        walk(Reader(db, table.source), known, manners, now)
    return known, documents, True


def _near_the_end(db: Database, table: Table) -> list[str] | None:
    """A place before the last rows of a table that grows: its first ones are those that were emptied before."""
    source = table.source
    if not source.grows:
        return None
    with db.snapshot() as connection:
        last = connection.execute(sa.select(sa.func.max(source.steps[0])).select_from(source.table)).scalar()
    return source.written((last - AT_EACH_END,)) if isinstance(last, int) else None


def _holds(table: Table, known: Mapping[str, Column], documents: set[str], bound: set[str]) -> dict[str, Held]:
    """Which columns hold what: by name and value; by the name alone where that speaks of cards, or in such company."""
    read = table.source.columns
    held = {}
    for column in read:
        population, card = known[column.name].population, CARD.said_in(column.name)
        composed = column.composed or column.name in documents
        found = [(v.kind, not composed and is_field(population, v)) for v in population.verdicts(column.says)]
        numbers = any(kind in (Kind.CARD_NUMBER, Kind.TEST_NUMBER) for kind, mostly in found if mostly)
        if seen := next(_fields(found, card), None):
            held[column.name] = Held(seen, True, card or numbers)
        elif is_beside(column.name):
            held[column.name] = Held(BESIDE, bool(population.filled), False)
        elif column.name not in bound and (said := next(_said(column, card), None)):
            held[column.name] = Held(said, False, card)
    sure = any(h.of_a_card or (h.seen and h.field in CARD_FIELDS) for h in held.values())
    return held if sure else {c: h for c, h in held.items() if h.seen}


def _fields(found: Sequence[tuple[Kind, bool]], card: bool) -> Iterator[str]:
    whole = FIELDS | {Kind.TEST_NUMBER: "number"} | ({Kind.MASKED: BESIDE} if card else {})
    yield from (NEVER for kind, mostly in found if mostly and kind in NEVER_KEPT)
    yield from (whole[kind] for kind, mostly in found if mostly and kind in whole)
    yield from (TEXT for kind, _ in found if kind is Kind.CARD_NUMBER or kind in NEVER_KEPT)


def _said(column: Read, card: bool) -> Iterator[str]:
    """What the name alone may be taken to say: `card_no` is a number, `card_id` and `card_type` are none."""
    kinds = column.says.says - (set() if NUMBER.said_in(column.name) else {Kind.CARD_NUMBER})
    return _fields([(kind, True) for kind in sorted(kinds)], card)


def _time(connection: Connection, table: Table, dialect: str, column: str, type_: Any) -> Time | None:
    """How a column says when; None where it is no time, by its type or by what it holds."""
    if isinstance(type_, mysql.TIMESTAMP):
        return "utc"  # MariaDB turns it into the session's zone, and ours is UTC
    if dialect != "sqlite" and isinstance(type_, sa.DateTime):
        return "instant" if type_.timezone else "naive"
    if dialect != "sqlite" and isinstance(type_, sa.Date):
        return "date"
    typed = isinstance(type_, sa.Date | sa.DateTime)
    if not typed and (isinstance(type_, sa.Boolean) or not (is_end(column) or START.said_in(column))):
        return None
    values = [str(v) for v in _sample(connection, table, column, SAMPLE)]
    if values and not typed and {v.lower() for v in values} <= _FLAGS:
        return None
    forms = {_form(v) for v in values} - {None}
    if dialect != "sqlite" and not forms <= {"unix", "unix-ms"}:
        return "unknown"  # a text is no time there: only a query can make one of it
    if len(forms) == 1:
        return forms.pop()
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
    """The few values of a column that is named a status, of those what came more than once and is one word."""
    found = Counter(str(v) for v in _sample(connection, table, column, SAMPLE * 10))
    words = sorted(w for w, times in found.items() if times > 1 and _WORD.fullmatch(w))
    told = len(found) <= MOST_WORDS and any(map(is_of_a_life, words)) and not revealing(words)
    return tuple(words) if told else ()


def _sample(connection: Connection, table: Table, column: str, most: int) -> list[Any]:
    bound = table.source.table
    value = bound.c[column]
    try:
        with connection.begin_nested():
            return list(connection.execute(sa.select(value).where(value.is_not(None)).limit(most)).scalars())
    except SQLAlchemyError:
        return []
