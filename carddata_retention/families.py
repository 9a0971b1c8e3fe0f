"""The rows that hang on a record: every foreign key that reaches a target is walked, to any depth.

Each must be declared. An undeclared CASCADE is refused even where it would work: with ON DELETE CASCADE a role
without any right on payments removed the accounting row together with the card, unseen by RETURNING.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from carddata_retention import settings
from carddata_retention.catalogue import Catalogue, ForeignKey, TableName
from carddata_retention.errors import BlindError, RefusedError

KEPT = "Nothing was removed from this target."


@dataclass(frozen=True, slots=True)
class Child:
    """Rows of `table` whose `columns` equal the parent's `parent_columns`: removed with it, or let go of it.

    `kept_as_they_are` are columns that would move by themselves when a row is let go.
    """

    table: sa.Table
    columns: tuple[str, ...]
    parent_columns: tuple[str, ...]
    disposition: str
    children: tuple["Child", ...]
    kept_as_they_are: tuple[str, ...] = ()


def family(catalogue: Catalogue, table: TableName, key: tuple[str, ...], target: settings.Target) -> tuple[Child, ...]:
    """The declared children of a target that is deleted, each held against the catalogue.

    Raises RefusedError with the block to paste where a foreign key arrives that nobody declared.
    """
    undeclared: list[ForeignKey] = []
    found = _walk(catalogue, (table,), key, target.children, f"target {target.name}", undeclared)
    if undeclared:
        said = "; ".join(f"{k.child} ({', '.join(k.child_columns)}) ON DELETE {k.on_delete}" for k in undeclared)
        block = ",\n".join(f"  {entry}" for entry in _entries(catalogue, (table,), target.children, target.name))
        raise RefusedError(
            "undeclared_foreign_key",
            f"Target {target.name}: {len(undeclared)} foreign key(s) reach it that children does not declare: {said}.",
            not_done=KEPT,
            cure='Decide "delete" or "null" (let go of) for each, and paste into its [[targets]]:\n'
                 f"children = [\n{block},\n]",
        )
    return found


def _walk(catalogue: Catalogue, path: tuple[TableName, ...], key: tuple[str, ...], declared: Sequence[settings.Child],
          what: str, undeclared: list[ForeignKey]) -> tuple[Child, ...]:
    names = {id(c): catalogue.find(c.table, f"{what}, children") for c in declared}
    arriving = catalogue.arriving(path[-1])
    undeclared += [k for k in arriving if not any(_means(names[id(c)], c, k) for c in declared)]
    return tuple(_child(catalogue, path, key, c, names[id(c)], what, undeclared) for c in declared)


def _child(catalogue: Catalogue, path: tuple[TableName, ...], key: tuple[str, ...], child: settings.Child,
           name: TableName, what: str, undeclared: list[ForeignKey]) -> Child:
    catalogue.bound(name, child.columns, f"{what}, children")
    catalogue.must_roll_back(name, f"{what}, children")
    foreign = next((k for k in catalogue.arriving(path[-1]) if _means(name, child, k)), None)
    columns = foreign.child_columns if foreign else tuple(child.columns)
    parents = foreign.parent_columns if foreign else key
    if len(columns) != len(parents):
        raise BlindError("children_columns", f"{what}: {child.table} names {len(columns)} column(s) for the "
                         f"{len(parents)} of {path[-1]} ({', '.join(parents) or 'no primary key'}).", not_done=KEPT,
                         cure="Name one column for each key column, in order.")
    known = catalogue.columns(name)
    if child.disposition == "delete":
        if name in path:
            raise RefusedError("children_circle", f"{what}: rows of {name} would be removed because of another row of "
                               f"{name}, although each has a deadline of its own.", not_done=KEPT,
                               cure='Declare disposition = "null" for it.')
        label = f"{what}, child {child.table}"
        below = _walk(catalogue, (*path, name), catalogue.primary_key(name), child.children, label, undeclared)
        kept: list[str] = []
    else:
        if fixed := [c for c in columns if not known[c]["nullable"]]:
            raise BlindError("children_not_null", f"{what}: {child.table}.{fixed[0]} is NOT NULL and cannot be let go.",
                             not_done=KEPT, cure='Declare disposition = "delete" for it, or drop the NOT NULL.')
        below, kept = (), [c for c in catalogue.updated_by_themselves(name) if c not in columns]
    needed = [*columns, *(c for b in below for c in b.parent_columns), *kept]
    bound = catalogue.bound(name, needed, f"{what}, children")
    return Child(bound, columns, parents, child.disposition, below, tuple(kept))


def _means(name: TableName, child: settings.Child, foreign: ForeignKey) -> bool:
    return name == foreign.child and sorted(child.columns) == sorted(foreign.child_columns)


def _entries(catalogue: Catalogue, path: tuple[TableName, ...], declared: Sequence[settings.Child],
             target: str) -> list[str]:
    """The whole children list as it must read, to any depth: what is declared, and after it what is not."""
    out = []
    for child in declared:
        name = catalogue.find(child.table, f"target {target}, children")
        below = _entries(catalogue, (*path, name), child.children, target) if child.disposition == "delete" else []
        out.append(_entry(child.table, child.columns, child.disposition, below))
    arriving = [k for k in catalogue.arriving(path[-1]) if not any(
        _means(catalogue.find(c.table, f"target {target}, children"), c, k) for c in declared)]
    for foreign in {(k.child, k.child_columns): k for k in arriving}.values():
        nullable = all(catalogue.columns(foreign.child)[c]["nullable"] for c in foreign.child_columns)
        lets_go = nullable and (foreign.on_delete == "SET NULL" or foreign.child in path)
        if foreign.child in path and not nullable:
            raise RefusedError("children_circle", f"Target {target}: the foreign keys {path[-1]} <- {foreign.child} go "
                               f"round in a circle, and {', '.join(foreign.child_columns)} is NOT NULL.", not_done=KEPT,
                               cure='Let the column be NULL, then declare it with disposition = "null".')
        below = [] if lets_go else _entries(catalogue, (*path, foreign.child), (), target)
        out.append(_entry(str(foreign.child), foreign.child_columns, "null" if lets_go else "delete", below))
    return out


def _entry(table: str, columns: Sequence[str], disposition: str, below: Sequence[str]) -> str:
    """One TOML inline table, which must stand on one line."""
    names = ", ".join(_quoted(c) for c in columns)
    more = f", children = [{', '.join(below)}]" if below else ""
    return f'{{ table = {_quoted(table)}, columns = [{names}], disposition = "{disposition}"{more} }}'


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def nothing_refers_to(catalogue: Catalogue, table: TableName, emptied: Sequence[str], name: str) -> None:
    """Raises RefusedError where another table refers to a column that a redaction would empty."""
    for foreign in catalogue.arriving(table):
        if touched := set(foreign.parent_columns) & set(emptied):
            raise RefusedError(
                "referenced_field", f"Target {name}: {foreign.child} refers to {sorted(touched)[0]}, which would be "
                "emptied.", not_done=KEPT,
                cure="Make the referring table a target of its own, or refer to the key instead.",
            )
