"""Whether a file tells what the typed tables tell, cell by cell: asked of a night's formats and of a period's alike."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl.workbook import Workbook
from reading import csv_rows, html_tables, pdf_text, squeezed, workbook

from carddata_retention.report.cells import Blank, Formula, Share, Table, spoken
from carddata_retention.report.csv_files import harmless
from carddata_retention.report.speech import Language
from carddata_retention.report.totals import Sum

BOTH: tuple[Language, ...] = ("ja", "en")
HEAD = 3  # rows above the headings of a sheet
# What a spreadsheet would run, or lead somewhere, if it were let.
COMMANDS = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "＝1", "=HYPERLINK(\"x\")", "{=1}", "https://example.org"]


def on_paper(tables: tuple[Table, ...]) -> list[Table]:
    """The tables that a page shows, as it shows them."""
    return [table.on_paper() for table in tables if table.paper_rows != 0]


def same_page(content: bytes, tables: tuple[Table, ...], language: Language) -> None:
    """The page, in one language, has these tables, these captions and no other cell."""
    rows, captions = html_tables(content.decode())
    expected = on_paper(tables)
    assert set(rows) == {table.id for table in expected}
    for table in expected:
        head = [squeezed(spoken(column.label, language)) for column in table.columns]
        body = [[squeezed(spoken(cell, language, short=True)) for cell in row.cells] for row in table.rows]
        assert rows[table.id] == [head, *body], table.id
        assert captions[table.id].endswith(squeezed(spoken(table.caption, language)))


def same_workbook(content: bytes, tables: tuple[Table, ...], language: Language) -> None:
    """The workbook has a sheet for each table, with every row, each cell of its type."""
    live, carried = workbook(content), workbook(content, values=True)
    assert live.sheetnames[1:] == [table.number for table in tables]
    for table in tables:
        sheet, values = live[table.number], carried[table.number]
        assert [c.value for c in sheet[HEAD + 1]] == [spoken(column.label, language) for column in table.columns]
        assert sheet.freeze_panes == "B5"
        assert sheet.auto_filter.ref.startswith("A4:")
        assert sheet.max_row == HEAD + 1 + len(table.rows)
        for row, typed in zip(sheet.iter_rows(min_row=HEAD + 2), table.rows, strict=True):
            for cell, meant in zip(row, typed.cells, strict=True):
                read = values[cell.coordinate].value
                assert same(read, meant, language), (table.id, cell.coordinate, read, meant)
                assert cell.data_type == ("f" if isinstance(meant, Formula) else values[cell.coordinate].data_type)
                assert ("†" in cell.number_format) is (isinstance(meant, Sum) and meant.partial)


def same(read: Any, meant: Any, language: Language) -> bool:
    """Whether a spreadsheet's value is the typed one: a number as a number, a day as a day, the rest as its text."""
    value = meant.value if isinstance(meant, Sum | Formula) else meant
    if isinstance(meant, Blank):
        return read is None
    if isinstance(meant, Share) and meant.value is not None:
        return bool(read == pytest.approx(meant.value))
    if isinstance(value, date):
        return bool(read == datetime(value.year, value.month, value.day))
    if isinstance(value, int):
        return bool(read == value and isinstance(read, int))
    return bool(read == spoken(meant, language))


def same_csv_files(made: Mapping[str, bytes], tables: tuple[Table, ...]) -> None:
    """There is a CSV file for each table and none beside, with every row, in both languages."""
    assert [n for n in made if n.endswith(".csv")] == [f"csv/{table.id}.csv" for table in tables]
    for table in tables:
        head, *rows = csv_rows(made[f"csv/{table.id}.csv"])
        assert head == [harmless(both(column.label)) for column in table.columns]
        for row, typed in zip(rows, table.rows, strict=True):
            for text, meant in zip(row, typed.cells, strict=True):
                value = meant.value if isinstance(meant, Sum) and not meant.partial else meant
                if isinstance(value, int):
                    assert int(text) == value
                else:
                    assert text == harmless(both(meant).replace("\n", " "))


def both(cell: Any) -> str:
    """A cell in both languages, once where they say the same."""
    return " / ".join(dict.fromkeys(spoken(cell, language) for language in BOTH))


def same_paper(content: bytes, tables: tuple[Table, ...], language: Language, folder: Path) -> None:
    """The PDF says every row that a page shows, in order."""
    text = squeezed(pdf_text(content, folder)).translate({ord(m): None for m in "●▲■○"})
    at = 0
    for table in on_paper(tables):
        rows = [[spoken(c.label, language) for c in table.columns]]
        rows += [[("–" if spoken(c, language) in ("証跡なし", "Not evidenced") else "") + spoken(c, language, short=True)
                  for c in row.cells] for row in table.rows]
        for row in rows:
            wanted = squeezed("".join(row))
            found = text.find(wanted, at)
            assert found >= 0, (table.id, row)
            at = found + len(wanted)


def no_command_in(book: Workbook, made: Mapping[str, bytes], live: tuple[str, ...] = ()) -> None:
    """No formula, no link and no text that would become one; `live` are the sheets whose formulas are ours."""
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert [c.coordinate for c in cells if c.data_type == "f" and c.parent.title not in live] == []
    assert [c.hyperlink.target for c in cells if c.hyperlink and c.hyperlink.target] == []
    for name in (n for n in made if n.endswith(".csv")):
        texts = [text for row in csv_rows(made[name]) for text in row]
        assert not [t for t in texts if t.lstrip(" ").startswith(("=", "+", "@", "\t", "\r", "＝"))], name
        assert not [t for t in texts if t.startswith("-") and not re.fullmatch(r"-\d+", t)], name
