"""From what a database looks like to what its configuration could be.

What one thing alone can mean is proposed. Where several could be meant, or none, the draft leaves it open and names
them: a wrong service end removes too early, and that is never mended.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

from carddata_retention.catalogue import TableName
from carddata_retention.discovery.inventory import ways
from carddata_retention.proposal.hanging import Hanging, hanging
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
    """How rows of a table could lead to their subject: by foreign keys, and by names of columns without one.

    `itself` says that they are the subjects.
    """

    ways: tuple[Way, ...]
    named: tuple[str, ...]
    itself: bool = False

    @property
    def way(self) -> Way | None:
        """The foreign keys that lead there, where nothing else could."""
        return self.ways[0] if len(self.ways) == 1 and not self.named else None

    @property
    def column(self) -> str | None:
        """The column whose name says so, where nothing else could."""
        return self.named[0] if len(self.named) == 1 and not self.ways else None

    @property
    def direct(self) -> str | None:
        """The column of the row itself that says whose it is, where nothing else could."""
        if self.way is None:
            return self.column
        return self.way[0][0][0] if len(self.way) == 1 and len(self.way[0][0]) == 1 else None

    @property
    def choices(self) -> list[str]:
        """What a person has to choose from."""
        return [*(" -> ".join([", ".join(w[0][0]), *(parent for _, parent, _ in w)]) for w in self.ways), *self.named]


@dataclass(frozen=True, slots=True)
class Service:
    """A table whose rows could be the services.

    `use` and `provision` are the only columns that could be that end. `doubtful` are all that could be, where more than
    one could; `started` and `status` hold every column that could be meant. `others` are the columns that are none of
    these: what says in them that a service goes on, only a person knows.
    """

    table: Pictured
    owned: Owned
    use: str | None
    provision: str | None
    doubtful: tuple[str, ...]
    started: tuple[str, ...]
    status: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def ends(self) -> tuple[str, ...]:
        """The columns that decide, or one of which will."""
        return tuple(c for c in (self.use, self.provision) if c is not None) or self.doubtful


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

    `subjects` and `services` hold every candidate; which of the services count, only a person knows. `beside` are all
    other tables: what was taken for no service is named. `never`, `texts` and `unsure` are places that no target is
    made for.
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
        return _only(self.subjects)


def _only(subjects: Sequence[Subject]) -> Subject | None:
    return subjects[0] if len(subjects) == 1 else None


def draft(picture: Picture) -> Draft:
    """What a configuration for this database could be."""
    tables = [t for _, t in sorted(picture.tables.items(), key=lambda item: str(item[0]))]
    cards = [t for t in tables if t.has_card_fields]
    subjects = _subjects(picture, tables, cards)
    subject = _only(subjects)
    mine = {t.name: found for t in tables if subject and (found := owned(picture, t, subject))}
    services = [_service(t, mine.get(t.name, Owned((), ()))) for t in tables if _could_be_services(t)]
    offered = {s.table.name for s in services}
    passed_through = {parent for c in cards if (o := mine.get(c.name)) for w in o.ways for _, parent, _ in w}
    keep = {s.table.name for s in subjects} | offered | {n for n in picture.tables if str(n) in passed_through}
    never, texts = (tuple(f"{t.place}.{c}" for t in tables for c in t.named(kind)) for kind in (NEVER, TEXT))
    return Draft(
        picture, subjects, tuple(services), tuple(t.place for t in tables if t.name not in offered),
        tuple(_target(picture, t, mine.get(t.name), keep) for t in cards), never, texts,
        tuple(f"{t.place}.{c}" for t in tables if t not in cards for c in _signs(t)),
    )


def _signs(table: Pictured) -> Iterator[str]:
    """Columns of a table without card fields that could hold some all the same."""
    for column in table.columns:
        held = table.holds.get(column)
        named = CARD.said_in(column) and column not in (*table.key, *table.times, *table.words)
        if (held.field in CARD_FIELDS if held else named) and column not in table.references:
            yield column


def owned(picture: Picture, table: Pictured, subject: Subject) -> Owned | None:
    """How rows of a table could lead to a subject; None where nothing says that they do."""
    if table.name == subject.table.name:
        return Owned((), (subject.key,), itself=True)
    there = {str(name) for name in picture.tables}
    found = tuple(w for w in dict.fromkeys(ways(picture.foreign_keys, table.name, subject.table.name, subject.key))
                  if all(parent in there for _, parent, _ in w))
    used = {c for w in found for c in w[0][0]}
    named = tuple(c for c in table.columns if (c,) != table.key and c not in used
                  and points_at(c, subject.table.name.name, subject.key))
    return Owned(found, named) if found or named else None


def _subjects(picture: Picture, tables: Sequence[Pictured], cards: Sequence[Pictured]) -> tuple[Subject, ...]:
    """The tables that both card tables and services lead to; where there are none, those that card tables lead to."""
    services = [t for t in tables if _could_be_services(t)]
    led: list[Subject] = []
    both: list[Subject] = []
    for table in tables:
        if len(table.key) != 1:
            continue
        found = Subject(table, table.key[0])
        if any(owned(picture, t, found) for t in cards if t.name != table.name or table in services):
            led.append(found)
            if any(owned(picture, t, found) for t in services if t.name != table.name or table in cards):
                both.append(found)
    beyond = [s for s in both if s.table not in cards or s.table in services]
    return tuple(beyond or both or led)


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
    provided = provision[0] if len(provision) == 1 else None
    told = {*table.key, *table.words, *started, provided, *(plain if sure is None else [sure]),
            *owned.named, *(c for w in owned.ways for c in w[0][0])}
    return Service(table, owned, sure, provided, () if sure else tuple(plain), started, tuple(table.words),
                   tuple(c for c in table.columns if c not in told))


def _could_be_services(table: Pictured) -> bool:
    return any(map(is_end, table.times)) and not NO_SERVICE.said_in(table.name.name)


def _target(picture: Picture, table: Pictured, mine: Owned | None, keep: Set[TableName]) -> Drafted:
    held = hanging(picture, table.name, keep)
    passed = tuple(c for c in table.columns if speaks_of_cards(c) and c not in table.holds and c not in table.times
                   and c not in table.key and c not in table.references)
    if table.counts_money:
        return Drafted(table, mine, True, "its rows count money: they stay, and lose their card fields", held, passed)
    if table.name in keep:
        why = "others are found by its rows: they stay, and lose their card fields"
        return Drafted(table, mine, True, why, replace(held, at_most=None), passed)
    if held.must_stay:
        why = f"rows of {', '.join(sorted(held.must_stay))} hang on them and may have to stay: so do they"
        return Drafted(table, mine, True, why, held, passed)
    if table.words:
        why = "they have a status of their own, and may be more than cards: they stay, and lose their card fields"
        return Drafted(table, mine, True, why, held, passed)
    if not picture.foreign_keys:
        why = "no foreign key of this database says what hangs on them: they stay, and lose their card fields"
        return Drafted(table, mine, True, why, held, passed)
    return Drafted(table, mine, False, "nothing says that its rows must stay", held, passed)
