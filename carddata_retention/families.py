"""The rows that hang on a record: every foreign key that reaches a target is walked, to any depth.

Each must be declared. An undeclared CASCADE is refused even where it would work: with ON DELETE CASCADE a role
without any right on payments removed the accounting row together with the card, unseen by RETURNING.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from carddata_retention import settings
from carddata_retention.catalogue import Catalogue, ForeignKey, TableName
from carddata_retention.errors import BlindError, RefusedError

MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Child:
    """Rows of `table` whose `columns` equal the parent's `parent_columns`: removed with it, or let go of it."""

    table: sa.Table
    columns: tuple[str, ...]
    parent_columns: tuple[str, ...]
    disposition: str
    children: tuple["Child", ...]


def family(catalogue: Catalogue, table: TableName, key: tuple[str, ...], target: settings.Target) -> tuple[Child, ...]:
    """The declared children of a target that is deleted, each held against the catalogue.

    Raises RefusedError with the block to paste where a foreign key arrives that nobody declared.
    """
    missing: list[str] = []
    found = _walk(catalogue, table, key, target.children, f"target {target.name}", missing, 0)
    if missing:
        raise RefusedError(
            "undeclared_foreign_key",
            f"Target {target.name}: {len(missing)} foreign key(s) reach it that children does not declare.",
            not_done="Nothing was removed from this target.",
            cure='Paste, and decide "delete" or "null" for each:\nchildren = [\n  ' + ",\n  ".join(missing) + ",\n]",
        )
    return found


def _walk(catalogue: Catalogue, table: TableName, key: tuple[str, ...], declared: Sequence[settings.Child],
          what: str, missing: list[str], depth: int) -> tuple[Child, ...]:
    if depth > MAX_DEPTH:
        raise RefusedError("children_too_deep", f"{what}: foreign keys form a circle that children cannot declare.")
    names = {id(c): catalogue.find(c.table, f"{what}, children") for c in declared}
    arriving = catalogue.arriving(table)
    for foreign in arriving:
        if not any(_means(names[id(c)], c, foreign) for c in declared):
            missing.append(_block(foreign))
    out = []
    for child in declared:
        name = names[id(child)]
        foreign_key = next((k for k in arriving if _means(name, child, k)), None)
        columns = tuple(foreign_key.child_columns if foreign_key else child.columns)
        parents = foreign_key.parent_columns if foreign_key else key
        if len(columns) != len(parents):
            raise BlindError("children_columns", f"{what}: {child.table} names {len(columns)} columns for "
                             f"{len(parents)} key columns.", cure="Name one column for each key column, in order.")
        known = catalogue.columns(name)
        if child.disposition == "null" and (fixed := [c for c in columns if c in known and not known[c]["nullable"]]):
            raise BlindError("children_not_null", f"{what}: {child.table}.{fixed[0]} is NOT NULL and cannot be let go.",
                             cure='Declare disposition = "delete" for it, or drop the NOT NULL.')
        below = _walk(catalogue, name, columns, child.children, f"{what}, child {child.table}", missing, depth + 1) \
            if child.disposition == "delete" else ()
        needed = [*columns, *(c for b in below for c in b.parent_columns)]
        bound = catalogue.bound(name, needed, f"{what}, children")
        out.append(Child(bound, columns, parents, child.disposition, below))
    return tuple(out)


def _means(name: TableName, child: settings.Child, foreign: ForeignKey) -> bool:
    return name == foreign.child and sorted(child.columns) == sorted(foreign.child_columns)


def _block(foreign: ForeignKey) -> str:
    columns = ", ".join(f'"{c}"' for c in foreign.child_columns)
    action = "null" if foreign.on_delete == "SET NULL" else "delete"
    return (f'{{ table = "{foreign.child}", columns = [{columns}], disposition = "{action}" }}'
            f"  # ON DELETE {foreign.on_delete}")


def nothing_refers_to(catalogue: Catalogue, table: TableName, emptied: Sequence[str], name: str) -> None:
    """Raises RefusedError where another table refers to a column that a redaction would empty."""
    for foreign in catalogue.arriving(table):
        if touched := set(foreign.parent_columns) & set(emptied):
            raise RefusedError(
                "referenced_field", f"Target {name}: {foreign.child} refers to {sorted(touched)[0]}, which would be "
                "emptied.", not_done="Nothing was removed from this target.",
                cure="Make the referring table a target of its own, or refer to the key instead.",
            )
