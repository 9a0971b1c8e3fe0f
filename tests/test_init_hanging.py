"""What hangs on a row: gone with it only where it is nothing but a part of it, let go where it may be, else a reason to stay."""

import pytest

from carddata_retention.catalogue import ForeignKey, TableName
from carddata_retention.proposal.hanging import hanging
from carddata_retention.proposal.picture import Held, Picture, Pictured

CARDS = TableName(None, "cards")


def table(name, *, nullable=(), money=False, holds=()):
    columns = ("id", "up", "other", *(("amount",) if money else ()))
    held = dict.fromkeys(holds, Held("number", True, True))
    return Pictured(TableName(None, name), f"main.{name}", columns, frozenset(nullable), ("id",), held, {}, {}, frozenset(),
                    frozenset())


def points(child, parent, column="up"):
    return ForeignKey(TableName(None, child), (column,), TableName(None, parent), ("id",), "NO ACTION", "NO ACTION", True)


def found(keys, *tables, keep=()):
    picture = Picture("db", "sqlite", {t.name: t for t in (table("cards"), *tables)}, tuple(keys))
    return hanging(picture, CARDS, {TableName(None, k) for k in keep})


def told(children):
    """Children as (table, null, children)."""
    return None if children is None else [(c.table.name.name, c.null, told(c.children)) for c in children]


USES = points("uses", "cards")


def test_nothing_hangs_on_a_row_that_nothing_points_at():
    hung = found([])
    assert (hung.children, hung.must_stay, hung.at_most) == ((), frozenset(), ())


@pytest.mark.parametrize(("keys", "tables", "keep", "children", "must_stay", "at_most"), [
    ([USES], [table("uses")], (), [("uses", False, [])], set(), [("uses", False, [])]),
    ([USES], [table("uses", nullable=["up"])], (), [("uses", True, [])], set(), [("uses", True, [])]),
    ([USES], [table("uses", nullable=["up"], money=True)], ("uses",), [("uses", True, [])], set(), [("uses", True, [])]),
    ([USES], [table("uses", money=True)], (), [], {"uses"}, [("uses", False, [])]),
    ([USES], [table("uses", holds=["other"])], (), [], {"uses"}, None),
    ([USES], [table("uses")], ("uses",), [], {"uses"}, None),
    ([USES], [], (), [], {"uses"}, None),
    ([USES, points("uses", "members", "other")], [table("uses")], (), [], {"uses"}, [("uses", False, [])]),
    ([points("cards", "cards")], [], (), [], {"cards"}, None),
    ([USES, points("notes", "uses")], [table("uses"), table("notes")], (), [("uses", False, [("notes", False, [])])], set(),
     [("uses", False, [("notes", False, [])])]),
    ([USES, points("notes", "uses")], [table("uses"), table("notes", money=True)], (), [("uses", False, [])], {"notes"},
     [("uses", False, [("notes", False, [])])]),
    ([USES, points("notes", "uses")], [table("uses", money=True), table("notes")], (), [], {"uses"}, None),
    ([USES, points("notes", "uses")], [table("uses")], (), [("uses", False, [])], {"notes"}, None),
], ids=["a part", "may point at nothing", "may point at nothing and is kept", "counts money", "holds cards", "is kept",
        "is not seen", "points elsewhere too", "points at itself", "a part of a part", "money below a part",
        "something below money", "something unseen below a part"])  # fmt: skip
def test_what_hangs_on_a_row(keys, tables, keep, children, must_stay, at_most):
    hung = found(keys, *tables, keep=keep)
    assert told(hung.children) == children
    assert hung.must_stay == must_stay
    assert told(hung.at_most) == at_most
