"""What hangs on a row by foreign keys: what may go with it, what lets it go, and what keeps it where it is."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from carddata_retention.catalogue import ForeignKey, TableName
from carddata_retention.proposal.picture import Picture, Pictured


@dataclass(frozen=True, slots=True)
class Child:
    """Rows that go with a deleted one, or let it go (`null`)."""

    table: Pictured
    columns: tuple[str, ...]
    null: bool
    children: tuple["Child", ...] = ()


@dataclass(frozen=True, slots=True)
class Hanging:
    """`children` is what a deletion would take with it, or let go.

    `must_stay` names the tables that point at a row, may not point at nothing, and are more than a part of it.
    `at_most` are the children if those may go all the same, None where they may not.
    """

    children: tuple[Child, ...]
    must_stay: frozenset[str]
    at_most: tuple[Child, ...] | None


def hanging(picture: Picture, table: TableName, keep: Set[TableName]) -> Hanging:
    """What hangs on a table's rows; the rows of `keep` are never deleted."""
    found = [_hung(picture, key, keep, frozenset({table})) for key in picture.foreign_keys if key.parent == table]
    return _together(found)


def _together(found: Sequence[Hanging]) -> Hanging:
    at_most = [each.at_most for each in found]
    return Hanging(tuple(c for each in found for c in each.children),
                   frozenset(name for each in found for name in each.must_stay),
                   None if None in at_most else tuple(c for children in at_most for c in children or ()))


def _hung(picture: Picture, key: ForeignKey, keep: Set[TableName], above: frozenset[TableName]) -> Hanging:
    table = picture.tables.get(key.child)
    if table is None:
        return Hanging((), frozenset({str(key.child)}), None)
    if set(key.child_columns) <= table.nullable:
        let_go = (Child(table, key.child_columns, True),)
        return Hanging(let_go, frozenset(), let_go)
    if key.child in above or key.child in keep:
        return Hanging((), frozenset({str(key.child)}), None)
    arriving = [k for k in picture.foreign_keys if k.parent == key.child]
    if not _is_a_part(picture.foreign_keys, table):
        alone = not arriving and not table.has_card_fields
        return Hanging((), frozenset({str(key.child)}), (Child(table, key.child_columns, False),) if alone else None)
    beneath = _together([_hung(picture, k, keep, above | {key.child}) for k in arriving])
    at_most = None if beneath.at_most is None else (Child(table, key.child_columns, False, beneath.at_most),)
    return Hanging((Child(table, key.child_columns, False, beneath.children),), beneath.must_stay, at_most)


def _is_a_part(keys: Sequence[ForeignKey], table: Pictured) -> bool:
    """Whether rows are nothing but details of the one that they point at: no money, no cards, no other reference.

    So there is one way down to each of them, and no walk along the keys can grow.
    """
    return not table.counts_money and not table.holds and sum(k.child == table.name for k in keys) == 1


def all_children(children: Sequence[Child]) -> Iterator[Child]:
    """Children and theirs."""
    for child in children:
        yield child
        yield from all_children(child.children)
