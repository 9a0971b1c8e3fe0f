"""What a removal would take away from the decision of other records, refused before anything is removed.

A record is decided by rows of other tables: those on the way to its subject, and the service ends. Where a target
removes such rows, what hung on them has no subject or no service any more, is kept as undetermined for ever, and
every night after says 0. A redaction takes no rows, and is refused only where it would empty a deciding column.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from carddata_retention import settings
from carddata_retention.catalogue import Catalogue, TableName
from carddata_retention.config import read_query
from carddata_retention.errors import BlindError, RefusedError, RetentionError
from carddata_retention.families import KEPT, Child
from carddata_retention.model import Disposition
from carddata_retention.service_binding import BoundService
from carddata_retention.target_binding import BoundTarget

NAMED = dict[str, BoundTarget | RetentionError]


@dataclass(frozen=True, slots=True)
class _Hop:
    """One step of a declared path, and the columns of its table that the way needs."""

    table: TableName
    link: frozenset[tuple[str, str]]
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Reader:
    """A target as one whose records are decided: its table, its own columns that its decision needs, its hops."""

    name: str
    table: TableName
    columns: frozenset[str]
    hops: tuple[_Hop, ...]


def refusals(catalogue: Catalogue, config: settings.Config, service: BoundService, bound: NAMED) -> NAMED:
    """The targets that would orphan others or themselves, each with the error that says whom and how to mend it.

    Whom a target decides is read from what is declared, not from what could be bound: a target that is broken tonight
    may be mended tomorrow, and the way to its subject must still be there.
    """
    dated = config.policy.applies == "at-acquisition"
    readers = [reader for target in config.targets if (reader := _reader(catalogue, target, dated=dated)) is not None]
    found: NAMED = {}
    for name, target in bound.items():
        if isinstance(target, BoundTarget):
            wrong = _of_services(config, service, target) or _of_paths(target, readers)
            if wrong is not None:
                found[name] = wrong
    return found


def _reader(catalogue: Catalogue, target: settings.Target, *, dated: bool) -> _Reader | None:
    when = frozenset([target.created.column] if dated and target.created else [])
    try:
        table = catalogue.find(target.table, "")
        if not isinstance(target.subject, settings.SubjectPath):
            return _Reader(target.name, table, frozenset(target.subject) | when, ())
        through, column = target.subject.through, target.subject.column
        hops = []
        for n, hop in enumerate(through, start=1):
            onward = through[n].from_ if n < len(through) else [column]
            hops.append(_Hop(catalogue.find(hop.table, ""), frozenset(zip(hop.from_, hop.to, strict=True)),
                             frozenset((*hop.to, *onward))))
    except BlindError:  # the target's own error says it; without its tables it has no way that could be cut
        return None
    return _Reader(target.name, table, frozenset(through[0].from_) | when, tuple(hops))


def _name(child: Child) -> TableName:
    return TableName(str(child.table.schema) if child.table.schema else None, str(child.table.name))


def _going(target: BoundTarget) -> Iterator[tuple[TableName, tuple[Child, ...]]]:
    """The tables of which a removal takes rows, each with what hangs on them there."""
    if target.target.disposition is Disposition.DELETE:
        yield target.name, target.children
        yield from ((_name(c), c.children) for c in _descendants(target.children) if c.disposition == "delete")


def _emptied(target: BoundTarget) -> Iterator[tuple[TableName, frozenset[str]]]:
    """The tables of which a removal empties columns and keeps the rows."""
    if target.target.emptied:
        yield target.name, frozenset(target.target.emptied)
    yield from ((_name(c), frozenset(c.columns)) for c in _descendants(target.children) if c.disposition == "null")


def _descendants(children: Sequence[Child]) -> Iterator[Child]:
    for child in children:
        yield child
        yield from _descendants(child.children)


# The service ends


def _of_services(config: settings.Config, service: BoundService, target: BoundTarget) -> RefusedError | None:
    """Why the service ends would not outlive this target's removals as they must, or None."""
    section, me = config.service_end, target.declared.name
    query = read_query(config) if section.query else ""
    for table, columns in _emptied(target):
        if _reads(service, query, table) and (lost := sorted(c for c in columns if _needed(section, query, c))):
            return _refused(f"Target {me}: {table}.{lost[0]} would be emptied, and the service ends are read by it.",
                            f'Leave {lost[0]} out, or write into the children of {me}: disposition = "delete".'
                            if table == target.name else f"Let the service ends be read without {lost[0]}.")
    for table, _ in _going(target):
        if not _reads(service, query, table):
            continue
        if table != target.name:
            return _refused(f"Target {me}: its children declare rows of {table} to be deleted, and the service ends "
                            "are read from there: with a record would go what decides it and others.",
                            f'Let go of them: children = [{{ table = "{table}", …, disposition = "null" }}]; or '
                            f'disposition = "redact" for {me}.')
        if others := [t.name for t in config.targets if t.name != me]:
            return _refused(f"Target {me} would delete rows of {table}, from which the service ends are read: what is "
                            f"left of target {', '.join(others)} could never be decided again.",
                            f'disposition = "redact" for {me}: its rows stay, without their card fields.')
        if query or section.where or target.declared.subject != [section.subject]:
            return _refused(f"Target {me} would delete rows of {table}, from which the service ends are read, and so "
                            "change what is decided of the rows that are left.",
                            f'disposition = "redact" for {me}; or, where it is the only target, service_end.table = '
                            f'"{table}" without where, and subject = "{section.subject}" for {me}.')
    return None


def _reads(service: BoundService, query: str, table: TableName) -> bool:
    """Whether the service ends are read from a table: declared, locked, or named by the query."""
    locked = {str(step.table.description) for step in service.locks if not step.parent}
    closed = {t.name for t in service.closed_tables}
    named = query and re.search(rf"(?<!\w){re.escape(table.name)}(?!\w)", query, re.IGNORECASE)
    return table == service.table or (service.table is None and (table.name in locked | closed or bool(named)))


def _needed(section: settings.ServiceEndSection, query: str, column: str) -> bool:
    """Whether a column says when a service ended, whose it is, or whether it counts."""
    declared = (section.subject, section.started, section.status, *(t.column for t in section.triggers.values()))
    text = f"{section.where or ''} {query}"
    return column in declared or re.search(rf"(?<!\w){re.escape(column)}(?!\w)", text, re.IGNORECASE) is not None


# The ways to a subject


def _of_paths(target: BoundTarget, readers: Sequence[_Reader]) -> RefusedError | None:
    """Why some target would lose its way to its subject, or None."""
    me = target.declared.name
    for reader in readers:
        if (table := _cut(target, reader)) is not None:
            whom = "it" if reader.name == me else f"target {reader.name}"
            return _refused(f"Target {me} would delete rows of {table}, through which {whom} finds the subject: what "
                            "is left would stay undetermined for ever.",
                            f'Give {reader.name} a subject column of its own (subject = "…"), or disposition = '
                            f'"redact" for {me}.')
        for table, columns in _emptied(target):
            ways = [(reader.table, reader.columns), *((h.table, h.columns) for h in reader.hops)]
            lost = sorted(c for at, needed in ways if at == table for c in needed & columns)
            if lost and reader.name != me:
                return _refused(f"Target {me}: {table}.{lost[0]} would be emptied, and target {reader.name} finds its "
                                "subject or its version by it.", f"Let {reader.name} do without it, or keep {lost[0]}.")
    return None


def _cut(target: BoundTarget, reader: _Reader) -> TableName | None:
    """The table of which rows would go although records of `reader` that are left find their subject through it."""
    for table, children in _going(target):
        for n, hop in enumerate(reader.hops):
            if hop.table == table and not _goes_along(children, reader, n):
                return table
    return None


def _goes_along(children: Sequence[Child], reader: _Reader, n: int) -> bool:
    """Whether each record that leads to a removed row of hop `n` is removed with it, as its child."""
    hop, before = reader.hops[n], reader.hops[n - 1].table if n else reader.table
    for child in children:
        link = frozenset(zip(child.columns, child.parent_columns, strict=True))
        if child.disposition == "delete" and _name(child) == before and link == hop.link:
            return n == 0 or _goes_along(child.children, reader, n - 1)
    return False


def _refused(cause: str, cure: str) -> RefusedError:
    return RefusedError("orphans", cause, not_done=KEPT, cure=cure)
