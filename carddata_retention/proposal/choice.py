"""From what a database looks like to what its configuration could be.

What one thing alone can mean is proposed. Where several could be meant, or none, the draft leaves it open and names
them: a wrong service end removes too early, and that is never mended.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

from carddata_retention.catalogue import ForeignKey, TableName
from carddata_retention.discovery.inventory import ways
from carddata_retention.proposal.hanging import Child, Hanging, hanging
from carddata_retention.proposal.picture import NEVER, TEXT, Picture, Pictured
from carddata_retention.proposal.vocabulary import (
    CARD,
    DOUBTFUL,
    KEPT,
    NO_SERVICE,
    PROVISION,
    START,
    USE,
    is_end,
    points_at,
    speaks_of_cards,
)
from carddata_retention.target_settings import CARD_FIELDS
from carddata_retention.toml_text import Way


@dataclass(frozen=True, slots=True)
class Subject:
    """A table whose rows the services and the card records could belong to."""

    table: Pictured
    key: str


@dataclass(frozen=True, slots=True)
class Owned:
    """How rows of a table could lead to their subject: by foreign keys, or by the name of a column alone.

    `itself` says that they are the subjects.
    """

    ways: tuple[Way, ...]
    named: tuple[str, ...]
    itself: bool = False

    @property
    def way(self) -> Way | None:
        """The only one by foreign keys."""
        return self.ways[0] if len(self.ways) == 1 else None

    @property
    def column(self) -> str | None:
        """The only one by name, where no foreign key leads there."""
        return self.named[0] if not self.ways and len(self.named) == 1 else None

    @property
    def direct(self) -> str | None:
        """The column of the row itself that says whose it is, where nothing else could."""
        alone = self.way is not None and len(self.way) == 1 and len(self.way[0][0]) == 1
        return self.way[0][0][0] if alone and self.way is not None else self.column

    @property
    def choices(self) -> list[str]:
        """What a person has to choose from."""
        return list(self.named) if not self.ways else [
            " -> ".join([", ".join(w[0][0]), *(parent for _, parent, _ in w)]) for w in self.ways]


@dataclass(frozen=True, slots=True)
class Service:
    """A table whose rows could be the services.

    `use` and `provision` are the only columns that could be that end. `doubtful` are all that could be, where more than
    one could; `started` and `status` hold every column that could be meant.
    """

    table: Pictured
    owned: Owned
    use: str | None
    provision: str | None
    doubtful: tuple[str, ...]
    started: tuple[str, ...]
    status: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drafted:
    """One target. `redact` says that its rows stay, and `why`. `passed` are columns whose names speak of cards and that
    became no field."""

    table: Pictured
    owned: Owned | None
    redact: bool
    why: str
    hanging: Hanging
    passed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A whole proposal.

    `subjects` and `services` hold every candidate: one is a choice. `beside` are tables of the subject that hold days
    or a status and were not taken for services. `never`, `texts` and `unsure` are places that no target is made for.
    """

    picture: Picture
    subjects: tuple[Subject, ...]
    services: tuple[Service, ...]
    beside: tuple[str, ...]
    targets: tuple[Drafted, ...]
    never: tuple[str, ...]
    texts: tuple[str, ...]
    unsure: tuple[str, ...]

    @property
    def subject(self) -> Subject | None:
        """The only candidate."""
        return self.subjects[0] if len(self.subjects) == 1 else None

    @property
    def service(self) -> Service | None:
        """The only candidate, where its rows say themselves whose they are."""
        alone = self.services[0] if len(self.services) == 1 and self.subject is not None else None
        return alone if alone is not None and alone.owned.direct is not None else None


def draft(picture: Picture) -> Draft:
    """What a configuration for this database could be."""
    tables = [t for _, t in sorted(picture.tables.items(), key=lambda item: str(item[0]))]
    cards = [t for t in tables if t.has_card_fields]
    subjects = _subjects(picture, tables, cards)
    subject = subjects[0] if len(subjects) == 1 else None
    mine = {t.name: owned(picture, t, subject) for t in tables} if subject else {}
    ending = [t for t in tables if any(map(is_end, t.times)) and not NO_SERVICE.said_in(t.name.name)]
    services = [_service(t, mine.get(t.name) or Owned((), ())) for t in ending if not subject or mine[t.name]]
    taken = {s.table.name for s in services} | {c.name for c in cards} | {s.table.name for s in subjects}
    beside = [t for t in tables if mine.get(t.name) and t.name not in taken and _could_be_over(t)]
    keep = {s.table.name for s in subjects} | {s.table.name for s in services}
    passed_through = {parent for c in cards if (o := mine.get(c.name)) for w in o.ways for _, parent, _ in w}
    keep |= {name for name in picture.tables if str(name) in passed_through}
    never, texts = (tuple(f"{t.place}.{c}" for t in tables for c in t.named(kind)) for kind in (NEVER, TEXT))
    return Draft(
        picture, subjects, tuple(services), tuple(t.place for t in beside),
        tuple(_target(picture, t, mine.get(t.name), hanging(picture, t.name, keep), keep) for t in cards), never, texts,
        tuple(f"{t.place}.{c}" for t in tables if t not in cards for c in _signs(picture, t)),
    )


def _signs(picture: Picture, table: Pictured) -> Iterator[str]:
    """Columns of a table without card fields that could hold some all the same."""
    for column in table.columns:
        held = table.holds.get(column)
        named = CARD.said_in(column) and column not in (*table.key, *table.times, *table.words)
        if (held.field in CARD_FIELDS if held else named) and not _is_reference(picture.foreign_keys, table, column):
            yield column


def owned(picture: Picture, table: Pictured, subject: Subject) -> Owned | None:
    """How rows of a table could lead to a subject; None where nothing says that they do."""
    if table.name == subject.table.name:
        return Owned((), (subject.key,), itself=True)
    found = tuple(dict.fromkeys(ways(picture.foreign_keys, table.name, subject.table.name, subject.key)))
    named = tuple(c for c in table.columns
                  if (c,) != table.key and points_at(c, subject.table.name.name, subject.key))
    return Owned(found, named) if found or named else None


def _subjects(picture: Picture, tables: Sequence[Pictured], cards: Sequence[Pictured]) -> tuple[Subject, ...]:
    """The tables that most card tables lead to, by the shortest ways, and that services end for; all that are equal."""
    ranked: dict[tuple[bool, int, int], list[Subject]] = {}
    for table in tables:
        if len(table.key) != 1:
            continue
        found = Subject(table, table.key[0])
        mine = [o for t in cards if t.name != table.name and (o := owned(picture, t, found))]
        ending = any((o := owned(picture, t, found)) and o.direct for t in tables
                     if any(map(is_end, t.times)) and not NO_SERVICE.said_in(t.name.name))
        if mine or (table.has_card_fields and ending):
            distance = sum(min((len(w) for w in o.ways), default=1) for o in mine)
            ranked.setdefault((ending, len(mine), -distance), []).append(found)
    return tuple(ranked[max(ranked)]) if ranked else ()


def _service(table: Pictured, owned: Owned) -> Service:
    """A candidate. An end alone is certain; beside other days only where it speaks as the notice does."""
    ends = [c for c in table.times if is_end(c)]
    provision = [c for c in ends if PROVISION.said_in(c)]
    use = [c for c in ends if USE.said_in(c) and c not in provision]
    started = tuple(c for c in table.times if START.said_in(c) and not is_end(c))
    plain = [c for c in table.times if c not in (*provision, *started) and not KEPT.said_in(c)]
    sure = use[0] if len(use) == 1 else plain[0] if plain == ends and len(ends) == 1 else None
    if sure is not None and DOUBTFUL.said_in(sure):
        sure = None
    return Service(table, owned, sure, provision[0] if len(provision) == 1 else None,
                   () if sure else tuple(plain), started, tuple(table.words))


def _could_be_over(table: Pictured) -> bool:
    return bool(table.words) or any(not KEPT.said_in(c) for c in table.times)


def _target(picture: Picture, table: Pictured, mine: Owned | None, held: Hanging, keep: Set[TableName]) -> Drafted:
    passed = tuple(c for c in table.columns if speaks_of_cards(c) and c not in table.holds and c not in table.times
                   and c not in table.key and not _is_reference(picture.foreign_keys, table, c))
    if table.counts_money:
        return Drafted(table, mine, True, "its rows count money: they stay, and lose their card fields", held, passed)
    if table.name in keep:
        why = "others are found by its rows: they stay, and lose their card fields"
        return Drafted(table, mine, True, why, replace(held, at_most=None), passed)
    if held.must_stay:
        why = f"rows of {', '.join(sorted(held.must_stay))} hang on them and may have to stay: so do they"
        return Drafted(table, mine, True, why, held, passed)
    return Drafted(table, mine, False, "nothing says that its rows must stay", held, passed)


def _is_reference(keys: Sequence[ForeignKey], table: Pictured, column: str) -> bool:
    return any(k.child == table.name and column in k.child_columns for k in keys)


def all_children(children: Sequence[Child]) -> Iterator[Child]:
    """Children and theirs."""
    for child in children:
        yield child
        yield from all_children(child.children)
