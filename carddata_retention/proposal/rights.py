"""What a DBA does before the first night: the indexes that batches need, and the rights of the login of `run`.

The statements are those of `sql/grants/`, for the tables of a draft.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.engine.interfaces import Dialect

from carddata_retention.catalogue import TableName
from carddata_retention.proposal.choice import Draft, Drafted, Owned
from carddata_retention.proposal.hanging import all_children
from carddata_retention.proposal.picture import Picture, Pictured
from carddata_retention.target_settings import CARD_FIELDS

REMOVER = {"postgresql": "remover", "mariadb": "remover@'%'"}
LONGEST_NAME = 15  # characters of a table's name in that of an index, which 63 bytes must hold, of kanji too


@dataclass(frozen=True, slots=True)
class Quoted:
    """Names as one database writes them."""

    dialect: Dialect

    def column(self, name: str) -> str:
        """A name, quoted where it must be."""
        quoted = self.dialect.identifier_preparer.quote(name)
        return quoted.replace("%%", "%") if "%%" not in name else quoted  # doubled for drivers that format statements

    def columns(self, names: Sequence[str]) -> str:
        """Names, each once."""
        return ", ".join(map(self.column, dict.fromkeys(names)))

    def table(self, name: TableName) -> str:
        """A table with its schema, where that is not the default one."""
        return ".".join(map(self.column, filter(None, (name.schema, name.name))))


def lock_column(table: Pictured, deciding: Collection[str] = ()) -> str | None:
    """PostgreSQL locks a row only for whoever may UPDATE a column of it: one that decides nothing and is of no card."""
    taken = {*deciding, *table.key, *table.indexed, *table.references, *table.holds, *table.times, *table.words}
    return next((c for c in table.columns if c not in taken), None)


def indexes(draft: Draft, dialect: Dialect) -> list[str]:
    """CREATE INDEX for the columns that a batch finds rows by and that lead no index yet."""
    said = Quoted(dialect)
    missing = dict.fromkeys((t.name, c) for t, c in _wanted(draft) if c not in t.indexed)
    return [f"CREATE INDEX {said.column(f'carddata_{n}_{table.name[:LONGEST_NAME]}')} ON {said.table(table)} "
            f"({said.column(c)});" for n, (table, c) in enumerate(missing, start=1)]


def _wanted(draft: Draft) -> Iterator[tuple[Pictured, str]]:
    for service in draft.services:
        if service.owned.direct is not None:
            yield service.table, service.owned.direct
    for target in draft.targets:
        if target.owned is not None:
            yield from ((table, columns[0]) for table, columns in _hops(draft.picture, target.table, target.owned))
        if not target.redact:
            yield from ((child.table, child.columns[0]) for child in all_children(target.hanging.children))


def _hops(picture: Picture, table: Pictured, owned: Owned) -> Iterator[tuple[Pictured, list[str]]]:
    """The columns of each table that lead from a row to its subject."""
    if owned.way is None:
        yield from [(table, [owned.column])] if owned.column else ()
        return
    at, arrived = table, tuple[str, ...]()
    for here, parent, there in owned.way:
        yield at, [*here, *arrived]
        at, arrived = next(t for name, t in picture.tables.items() if str(name) == parent), there  # `owned` saw to it


def grants(draft: Draft, dialect: Dialect) -> list[str]:
    """GRANT for the login of `run`; none on SQLite, where the file's owner may everything."""
    to = REMOVER.get(draft.picture.dialect)
    if to is None:
        return []
    said = Quoted(dialect)
    rights = list(_rights(draft, said))
    around = dict.fromkeys(_around(draft.picture, said, table) for table, _ in rights)
    return [f"GRANT {right} TO {to};" for right in
            (*around, *dict.fromkeys(f"{right} ON {said.table(table.name)}" for table, right in rights))]


def _around(picture: Picture, said: Quoted, table: Pictured) -> str:
    """PostgreSQL: the schema. MariaDB: SHOW VIEW, or foreign keys of tables that nobody named would be unseen."""
    schema = said.column(table.schema)
    return f"USAGE ON SCHEMA {schema}" if picture.dialect == "postgresql" else f"SHOW VIEW ON {schema}.*"


def _rights(draft: Draft, said: Quoted) -> Iterator[tuple[Pictured, str]]:
    locks = draft.picture.dialect == "postgresql"
    if draft.subject is not None:
        yield from _locked(draft.subject.table, [draft.subject.key], said, locks)
    for service in draft.services:
        of_subject = [*service.owned.named, *(c for w in service.owned.ways for c in w[0][0])]
        read = [*of_subject, *service.status, *service.started, *service.ends]
        yield from _locked(service.table, read, said, locks)
    for target in draft.targets:
        yield from _of_target(draft, target, said, locks)


def _locked(table: Pictured, read: Sequence[str], said: Quoted, locks: bool) -> Iterator[tuple[Pictured, str]]:
    yield table, f"SELECT ({said.columns(read)})"
    if locks and (column := lock_column(table, read)) is not None:
        yield table, f"UPDATE ({said.column(column)})"


def _of_target(draft: Draft, target: Drafted, said: Quoted, locks: bool) -> Iterator[tuple[Pictured, str]]:
    table = target.table
    for passed, columns in _hops(draft.picture, table, target.owned) if target.owned is not None else ():
        yield passed, f"SELECT ({said.columns(columns)})"
    fields = [c for field in CARD_FIELDS for c in table.named(field)]
    beside = table.beside if target.redact else []
    yield table, f"SELECT ({said.columns([*table.key, *fields, *beside])})"
    if target.redact:
        yield table, f"UPDATE ({said.columns([*fields, *beside])})"
        return
    if locks:
        yield table, f"UPDATE ({said.column(fields[-1])})"
    yield table, "DELETE"
    for child in all_children(target.hanging.children):
        columns_there = said.columns(child.columns)
        yield child.table, f"SELECT ({columns_there})"
        if child.null or locks:
            yield child.table, f"UPDATE ({columns_there})"
        if not child.null:
            yield child.table, "DELETE"
