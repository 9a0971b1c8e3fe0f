"""From what a database looks like to what its configuration could be.

What one thing alone can mean is proposed. Where several could be meant, or none, the draft says FILL IN and names them:
a wrong service end removes too early, and that is never mended.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from carddata_retention.catalogue import ForeignKey, TableName
from carddata_retention.discovery.inventory import way
from carddata_retention.proposal.picture import NEVER, TEXT, Picture, Pictured
from carddata_retention.proposal.vocabulary import (
    NO_SERVICE,
    PROVISION,
    START,
    SUBJECT,
    USE,
    is_end,
    is_terminated,
    points_at,
)
from carddata_retention.toml_text import Way


@dataclass(frozen=True, slots=True)
class Subject:
    """The table whose rows the services and the card records belong to."""

    table: Pictured
    key: str


@dataclass(frozen=True, slots=True)
class Owned:
    """How a row leads to its subject: by foreign keys, or by the name of a column alone."""

    hops: Way | None
    column: str | None

    @property
    def direct(self) -> str | None:
        """The column of the row itself that says whose it is."""
        if self.hops is None:
            return self.column
        return self.hops[0][0][0] if len(self.hops) == 1 and len(self.hops[0][0]) == 1 else None


@dataclass(frozen=True, slots=True)
class Ends:
    """Where services end. `table` and `ends` hold every candidate; one of each is a choice."""

    tables: tuple[Pictured, ...]
    subject: str | None
    use: tuple[str, ...]
    provision: tuple[str, ...]
    started: tuple[str, ...]
    status: tuple[str, ...]

    @property
    def table(self) -> Pictured | None:
        """The only candidate."""
        return self.tables[0] if len(self.tables) == 1 else None


@dataclass(frozen=True, slots=True)
class Child:
    """Rows that go with a deleted one, or let it go (`null`). `keeps` says that they are accounting rows."""

    table: Pictured
    columns: tuple[str, ...]
    null: bool
    keeps: bool
    children: tuple["Child", ...] = ()


@dataclass(frozen=True, slots=True)
class Drafted:
    """One target. `redact` says that its rows must stay; `children` are those that hang on it."""

    table: Pictured
    owned: Owned | None
    redact: bool
    children: tuple[Child, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole proposal. `never` and `texts` are places of card data that no target is made for."""

    picture: Picture
    subject: Subject | None
    ends: Ends
    targets: tuple[Drafted, ...]
    never: tuple[str, ...]
    texts: tuple[str, ...]


def draft(picture: Picture) -> Draft:
    """What a configuration for this database could be."""
    tables = [t for _, t in sorted(picture.tables.items(), key=lambda item: str(item[0]))]
    cards = [t for t in tables if t.has_card_fields]
    subject = _subject(picture, tables, cards) or _shared(tables, cards)
    return Draft(
        picture, subject if isinstance(subject, Subject) else None, _ends(picture, tables, subject),
        tuple(_target(picture, t, subject) for t in cards),
        *(tuple(f"{t.place}.{c}" for t in tables for c in t.named(kind)) for kind in (NEVER, TEXT)),
    )


def owned(picture: Picture, table: Pictured, subject: Subject | str | None) -> Owned | None:
    """How a row of a table leads to a subject, which may be a column alone; None where nothing says so."""
    if not isinstance(subject, Subject):
        return Owned(None, subject) if subject in table.columns else None
    if table.name == subject.table.name:
        return Owned(None, subject.key)
    if hops := way(picture.foreign_keys, table.name, subject.table.name, subject.key):
        return Owned(hops, None)
    named = [c for c in table.columns if points_at(c, subject.table.name.name, subject.key)]
    return Owned(None, named[0]) if len(named) == 1 else None


def _subject(picture: Picture, tables: Sequence[Pictured], cards: Sequence[Pictured]) -> Subject | None:
    """The table that most card tables lead to and that services end for; by its name where several do."""
    best: tuple[tuple[int, int, int, int], Subject] | None = None
    for table in tables:
        if len(table.key) != 1:
            continue
        found = Subject(table, table.key[0])
        mine = [t for t in cards if t.name != table.name and owned(picture, t, found)]
        ending = [t for t in _ending(tables) if (o := owned(picture, t, found)) and o.direct]
        if not mine and not (table.has_card_fields and ending):
            continue
        rank = (bool(ending), SUBJECT.said_in(table.name.name), len(mine), -_distance(picture, mine, found))
        if best is None or rank > best[0]:
            best = (rank, found)
    return best[1] if best else None


def _shared(tables: Sequence[Pictured], cards: Sequence[Pictured]) -> str | None:
    """Without such a table: the column that speaks of a subject and stands in services and card tables alike."""
    common = {c for t in _ending(tables) for c in t.columns
              if SUBJECT.said_in(c) and any(c in other.columns for other in cards)}
    return common.pop() if len(common) == 1 else None


def _distance(picture: Picture, cards: Sequence[Pictured], subject: Subject) -> int:
    return sum(len(o.hops or ()) for t in cards if (o := owned(picture, t, subject)))


def _ending(tables: Sequence[Pictured]) -> list[Pictured]:
    """The tables whose rows could be services: they end, and their name is not that of something else."""
    return [t for t in tables if not NO_SERVICE.said_in(t.name.name) and any(map(is_end, t.times))]


def _ends(picture: Picture, tables: Sequence[Pictured], subject: Subject | str | None) -> Ends:
    found = [(t, o.direct) for t in _ending(tables) if (o := owned(picture, t, subject)) and o.direct]
    if not found:
        return Ends((), None, (), (), (), ())
    if len(found) > 1:
        return Ends(tuple(t for t, _ in found), None, (), (), (), ())
    ((table, column),) = found
    ends = [c for c in table.times if is_end(c)]
    provision = tuple(c for c in ends if PROVISION.said_in(c))
    use = tuple(c for c in ends if USE.said_in(c)) or tuple(c for c in ends if c not in provision)
    started = tuple(c for c in table.times if START.said_in(c) and not is_end(c))
    status = tuple(c for c, words in table.words.items() if any(map(is_terminated, words)))
    return Ends((table,), column, use, provision, started, status)


def _target(picture: Picture, table: Pictured, subject: Subject | str | None) -> Drafted:
    children = tuple(_children(picture, table.name, (table.name,)))
    if table.counts_money:
        redact, why = True, "its rows count money: they stay, and lose their card fields"
    elif any(_must_stay(c) for c in children):
        redact, why = True, "rows that count money hang on its rows: they stay, and lose their card fields"
    elif isinstance(subject, Subject) and subject.table.name == table.name:
        redact, why = True, "the subjects themselves: they stay, and lose their card fields"
    else:
        redact, why = False, "nothing says that its rows must stay"
    return Drafted(table, owned(picture, table, subject), redact, children, why)


def _must_stay(child: Child) -> bool:
    return (child.keeps and not child.null) or any(map(_must_stay, child.children))


def _children(picture: Picture, parent: TableName, above: tuple[TableName, ...]) -> Iterator[Child]:
    for key in picture.foreign_keys:
        table = picture.tables.get(key.child)
        if key.parent != parent or table is None or key.child in above:
            continue
        null = _may_let_go(table, key)
        below = () if null else tuple(_children(picture, key.child, (*above, key.child)))
        yield Child(table, key.child_columns, null, table.counts_money, below)


def _may_let_go(table: Pictured, key: ForeignKey) -> bool:
    """Whether a row may stay without what it points at: an accounting row, or one with card fields of its own."""
    return set(key.child_columns) <= table.nullable and (table.counts_money or table.has_card_fields)
