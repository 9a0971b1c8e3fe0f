"""What a DBA does before the first night: the indexes that batches need, and the rights of the login of `run`.

The statements are those of `sql/grants/`, for the tables of a draft.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.engine.interfaces import Dialect

from carddata_retention.catalogue import TableName
from carddata_retention.proposal.choice import Child, Draft, Drafted
from carddata_retention.proposal.picture import BESIDE, Pictured
from carddata_retention.proposal.written import lock_column

REMOVER = {"postgresql": "remover", "mariadb": "remover@'%'"}
FIELDS = ("holder", "number", "expiry")


@dataclass(frozen=True, slots=True)
class Quoted:
    """Names as one database writes them."""

    dialect: Dialect

    def column(self, name: str) -> str:
        """A name, quoted where it must be."""
        return self.dialect.identifier_preparer.quote(name)

    def columns(self, names: Sequence[str]) -> str:
        """Names, each once."""
        return ", ".join(map(self.column, dict.fromkeys(names)))

    def table(self, name: TableName) -> str:
        """A table with its schema, where that is not the default one."""
        return ".".join(map(self.column, filter(None, (name.schema, name.name))))


def indexes(draft: Draft, dialect: Dialect) -> list[str]:
    """CREATE INDEX for the columns that a batch finds rows by and that lead no index yet."""
    said = Quoted(dialect)
    missing = [(t.name, c) for t, c in _wanted(draft) if c not in t.indexed]
    return [f"CREATE INDEX {said.column(f'{table.name}_{c}'[:60])} ON {said.table(table)} ({said.column(c)});"
            for table, c in dict.fromkeys(missing)]


def _wanted(draft: Draft) -> Iterator[tuple[Pictured, str]]:
    if draft.ends.table is not None and draft.ends.subject is not None:
        yield draft.ends.table, draft.ends.subject
    for target in draft.targets:
        if target.owned is not None and target.owned.direct is not None:
            yield target.table, target.owned.direct
        yield from _of_children(target.children)


def _of_children(children: Sequence[Child]) -> Iterator[tuple[Pictured, str]]:
    for child in children:
        yield child.table, child.columns[0]
        yield from _of_children(child.children)


def grants(draft: Draft, dialect: Dialect) -> list[str]:
    """GRANT for the login of `run`; none on SQLite, where the file's owner may everything."""
    to = REMOVER.get(draft.picture.dialect)
    if to is None:
        return []
    said = Quoted(dialect)
    return [f"GRANT {right} ON {on} TO {to};" for right, on in (*_surroundings(draft, said), *_rights(draft, said))]


def _surroundings(draft: Draft, said: Quoted) -> Iterator[tuple[str, str]]:
    """PostgreSQL: the schemas. MariaDB: SHOW VIEW, or foreign keys of tables that nobody named would be unseen."""
    tables = [t.table for t in draft.targets] + list(draft.ends.tables)
    for schema in sorted({t.schema for t in tables}):
        if draft.picture.dialect == "postgresql":
            yield "USAGE", f"SCHEMA {said.column(schema)}"
        else:
            yield "SHOW VIEW", f"{said.column(schema)}.*"


def _rights(draft: Draft, said: Quoted) -> Iterator[tuple[str, str]]:
    locks = draft.picture.dialect == "postgresql"
    if draft.subject is not None:
        held, lock = draft.subject.table, lock_column(draft)
        yield f"SELECT ({said.columns([draft.subject.key, *([lock] if lock else [])])})", said.table(held.name)
        if lock is not None:
            yield f"UPDATE ({said.column(lock)})", said.table(held.name)
    if (services := draft.ends.table) is not None:
        ends = draft.ends
        read = [ends.subject or "", *ends.status, *ends.started, *ends.use, *ends.provision]
        yield f"SELECT ({said.columns(read)})", said.table(services.name)
        if locks:
            yield f"UPDATE ({said.column(read[-1])})", said.table(services.name)
    for target in draft.targets:
        yield from _of_target(target, said, locks)


def _of_target(target: Drafted, said: Quoted, locks: bool) -> Iterator[tuple[str, str]]:
    table, on = target.table, said.table(target.table.name)
    fields = [c for field in FIELDS for c in table.named(field)]
    beside = [c for c in table.named(BESIDE) if c in table.nullable] if target.redact else []
    own = [target.owned.direct] if target.owned is not None and target.owned.direct is not None else []
    yield f"SELECT ({said.columns([*table.key, *own, *fields, *beside])})", on
    if target.redact:
        yield f"UPDATE ({said.columns([*fields, *beside])})", on
        return
    if locks:
        yield f"UPDATE ({said.column(fields[-1])})", on
    yield "DELETE", on
    yield from _of_hanging(target.children, said, locks)


def _of_hanging(children: Sequence[Child], said: Quoted, locks: bool) -> Iterator[tuple[str, str]]:
    for child in children:
        on, columns = said.table(child.table.name), said.columns(child.columns)
        yield f"SELECT ({columns})", on
        if child.null or locks:
            yield f"UPDATE ({columns})", on
        if not child.null:
            yield "DELETE", on
        yield from _of_hanging(child.children, said, locks)
