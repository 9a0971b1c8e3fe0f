"""The forms that tables of a night and of a period have in common: conclusions with their evidence, pairs of item and
value."""

from collections.abc import Sequence

from carddata_retention.report.cells import Cell, Conclusion, Joined, Row, Table, Words
from carddata_retention.report.controls import Control
from carddata_retention.report.count_sheets import columns
from carddata_retention.report.speech import Phrase, phrase


def pairs(id: str, caption: Phrase, heads: tuple[str, str], rows: Sequence[tuple[str, Cell]]) -> Table:
    """A table of two columns; each item is a label."""
    return Table(id, caption, columns(*heads), tuple(Row((phrase("label", key), cell)) for key, cell in rows))


def conclusions_table(caption: Phrase, head: str, letter: str, concluded: Sequence[Control]) -> Table:
    """2-1: each conclusion with its fact, and the table or, by `letter`, the section where it can be checked."""

    def place(anchor: str) -> Words:
        return Joined((phrase("label", "table"), anchor[1:])) if anchor[0] == "t" else f"{letter}-{anchor[1:]}"

    rows = tuple(Row((c.no, phrase("label", c.no), Conclusion(c.tone), c.fact, place(c.anchor))) for c in concluded)
    return Table("t2-1", caption, columns("number", head, "result", "fact", "evidence"), rows)
