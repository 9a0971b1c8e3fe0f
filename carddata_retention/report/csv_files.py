"""Each numbered table as a CSV file that opens in a Japanese Excel by a double click.

UTF-8 with a byte order mark, CRLF, every cell quoted. Counts are bare digits and dates ISO 8601; headings and words
stand in all languages of the report, " / " between them, so that there is one file for each table.
"""

import csv
import io

from carddata_retention.report.cells import Cell, Table, spoken
from carddata_retention.report.speech import Language
from carddata_retention.report.totals import Sum

# What makes a spreadsheet take a text for a formula, or continue one; the full-width forms too, as Japanese ones do.
_COMMANDS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def file_name(table: Table) -> str:
    """Where a table's file lies below the night's folder: `csv/t5-1.csv`."""
    return f"csv/{table.id}.csv"


def render_csv(table: Table, languages: tuple[Language, ...]) -> bytes:
    """One table, all rows that the night knows."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(harmless(_everywhere(c.label, languages)) for c in table.columns)
    for row in table.rows:
        writer.writerow(_field(cell, languages) for cell in row.cells)
    return out.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe before what would begin one."""
    return f"'{text}" if text.lstrip(" ").startswith(_COMMANDS) else text


def _field(cell: Cell, languages: tuple[Language, ...]) -> str:
    if isinstance(cell, Sum) and not cell.partial:
        cell = cell.value  # a partial sum keeps its mark, and no spreadsheet adds it up
    if isinstance(cell, int):
        return str(cell)
    return harmless(_everywhere(cell, languages).replace("\n", " "))


def _everywhere(cell: Cell, languages: tuple[Language, ...]) -> str:
    return " / ".join(dict.fromkeys(spoken(cell, language) for language in languages))
