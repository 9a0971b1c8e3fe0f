"""A report as a workbook: one sheet for each numbered table, named by its number, and a table of contents.

Numbers are numbers, days are days, and everything from outside is a string, whatever it begins with. Instants stay
text in ISO 8601: a spreadsheet's own times have no zone.
"""

import io
import re
import unicodedata
import zipfile
from datetime import UTC, date

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from carddata_retention.report.cells import Cell, Conclusion, Formula, Row, Share, Table, spoken
from carddata_retention.report.document import Front
from carddata_retention.report.speech import Language, phrase
from carddata_retention.report.totals import Sum

_FONTS = {"ja": "Yu Gothic", "en": "Calibri"}
_INK, _RULE, _TINT = "#1c2024", "#cfcbc2", "#f4f2ec"
_TONES = {"ok": "#1b6a42", "att": "#855000", "bad": "#a5211b", "na": "#5a6067", "miss": "#5a6067"}
_COUNT, _PARTIAL, _SHARE, _DAY = "#,##0;−#,##0", '#,##0"†";−#,##0"†"', "0.00%", "yyyy-mm-dd"
_HEAD = 3  # the row of the headings; the title, what it is of and the tally stand above
_WIDEST, _NARROWEST, _WIDEST_HEAD = 60, 8, 18
_FIRST_YEAR = 1901  # a spreadsheet's calendar is wrong before it


class _Book:
    """A workbook in one language, and its formats by what they are for."""

    def __init__(self, front: Front, language: Language) -> None:
        self.language = language
        self.front = front
        self.file = io.BytesIO()
        self.book = Workbook(self.file, {
            "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
            "default_format_properties": {"font_name": _FONTS[language], "font_size": 10, "font_color": _INK},
        })
        self.book.set_properties({"title": f"{front.workpaper} {front.name}", "author": "carddata-retention",
                                  "created": front.made.astimezone(UTC).replace(tzinfo=None)})
        self.book.set_calc_mode("auto")
        self.formats: dict[str, Format] = {}

    def format(self, number: str = "General", row: str = "body", **more: str | int | bool) -> Format:
        """A format for a cell of a row of this kind, made once."""
        key = f"{number}/{row}/{sorted(more.items())}"
        if key not in self.formats:
            kinds: dict[str, dict[str, str | int | bool]] = {
                "body": {"bottom": 1, "bottom_color": _RULE}, "sub": {"bg_color": _TINT, "bottom": 1},
                "foot": {"top": 2, "bold": True}, "head": {"bold": True, "bottom": 2, "bg_color": _TINT},
                "plain": {}, "title": {"bold": True, "font_size": 13}, "hand": {"border": 1, "border_color": _RULE},
            }
            self.formats[key] = self.book.add_format(
                {"num_format": number, "valign": "top", "text_wrap": row != "plain" and row != "title",
                 "indent": int(more.get("align") == "right"), **kinds[row], **more})
        return self.formats[key]

    def say(self, cell: Cell) -> str:
        return spoken(cell, self.language)


def render_xlsx(front: Front, tables: tuple[Table, ...], language: Language) -> bytes:
    """The workbook of one language. The same report gives the same bytes."""
    book = _Book(front, language)
    _contents(book, tables)
    for table in tables:
        _sheet(book, table)
    book.book.close()
    return book.file.getvalue()


def texts_in(content: bytes) -> tuple[str, ...]:
    """Every part of a workbook as text: shared strings, sheets, properties, as a leak scan reads them."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return tuple(book.read(name).decode() for name in book.namelist())


def _contents(book: _Book, tables: tuple[Table, ...]) -> None:
    front, plain = book.front, book.format(row="plain")
    sheet = book.book.add_worksheet(book.say(phrase("label", "contents_sheet")))
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 90)
    said = f"{book.say(phrase('code', front.word))} — {book.say(front.headline)}"
    sheet.write_string(0, 0, said, book.format(row="title", font_color=_TONES[front.tone]))
    sheet.write_string(1, 0, " ".join(book.say(sentence) for sentence in front.sentences), plain)
    if front.beside:
        sheet.write_string(2, 0, " · ".join(book.say(part) for part in front.beside), plain)
    row = 4
    for term in front.equation:
        if term.op is not None:
            said = f"{term.op} {book.say(term.label)}".strip()
            sheet.write_string(row, 0, said, book.format())
            _write(book, sheet, (row, 1), term.sum, Row(()), align="left")
            row += 1
    for label, value in front.identity:
        sheet.write_string(row + 1, 0, book.say(label), book.format())
        sheet.write_string(row + 1, 1, book.say(value), book.format())
        row += 1
    for number, table in enumerate(tables, start=row + 2):
        sheet.write_url(number, 0, f"internal:'{table.number}'!A1", book.format(font_color="#1d4f8f", underline=1),
                        _title(book, table))
        sheet.write_string(number, 1, book.say(table.caption), book.format())
    _print(book, sheet, landscape=False)


def _title(book: _Book, table: Table) -> str:
    return book.say(phrase("label", "table")) + table.number


def _sheet(book: _Book, table: Table) -> None:
    sheet = book.book.add_worksheet(table.number)
    sheet.write_string(0, 0, f"{_title(book, table)}  {book.say(table.caption)}", book.format(row="title"))
    front = book.front
    about = f"{front.letter}-{table.section} · {front.workpaper} · {front.name} · {front.day}"
    sheet.write_string(1, 0, about, book.format(row="plain"))
    for column, head in enumerate(table.columns):
        align = "right" if head.kind in ("count", "share") else "left"
        sheet.write_string(_HEAD, column, book.say(head.label), book.format(row="head", align=align))
        sheet.set_column(column, column, _width(book, table, column))
    for at, row in enumerate(table.rows, start=_HEAD + 1):
        for column, cell in enumerate(row.cells):
            align = "right" if table.columns[column].kind in ("count", "share") else "left"
            _write(book, sheet, (at, column), cell, row, align=align)
    last = _HEAD + len(table.rows)
    if table.tally:
        _tally(book, sheet, table, last)
    filtered = _HEAD + sum(row.kind != "foot" for row in table.rows)
    sheet.autofilter(_HEAD, 0, filtered, len(table.columns) - 1)
    sheet.freeze_panes(_HEAD + 1, 1)
    sheet.repeat_rows(_HEAD)
    _print(book, sheet, landscape=len(table.columns) > 5)


def _tally(book: _Book, sheet: Worksheet, table: Table, last: int) -> None:
    """The sum of one column, above the table, live."""
    assert table.tally is not None
    words, column = table.tally
    cells = f"{xl_rowcol_to_cell(_HEAD + 1, column)}:{xl_rowcol_to_cell(last, column)}"
    values = (row.cells[column] for row in table.rows)
    known = sum(v.value for v in values if isinstance(v, Formula) and isinstance(v.value, int))
    sheet.write_formula(2, 0, f"=SUM({cells})", book.format(_COUNT, "title", align="left"), known)
    sheet.write_string(2, 1, book.say(words), book.format(row="title"))


def _write(book: _Book, sheet: Worksheet, at: tuple[int, int], cell: Cell, row: Row, align: str) -> None:
    kind = row.kind
    value = cell.value if isinstance(cell, Formula | Share | Sum) else cell
    number = _number_format(cell, value)
    style = book.format(number or "General", kind, align=align)
    if isinstance(cell, Formula) and value is not None:
        known = _serial(value) if isinstance(value, date) else value
        sheet.write_formula(*at, _resolved(cell, at[0]), style, known)
    elif isinstance(value, date) and number:
        sheet.write_number(*at, _serial(value), style)
    elif isinstance(value, int | float):
        sheet.write_number(*at, value, style)
    elif isinstance(cell, Conclusion):
        sheet.write_string(*at, book.say(cell), book.format("General", kind, align=align, font_color=_TONES[cell.tone]))
    elif said := book.say(cell):
        sheet.write_string(*at, said, style)
    else:
        sheet.write_blank(*at, None, book.format(row="hand"))


def _number_format(cell: Cell, value: Cell | float) -> str:
    """How a spreadsheet shows this value; empty for what is text."""
    if isinstance(cell, Share):
        return _SHARE
    if isinstance(value, date):
        return _DAY if value.year >= _FIRST_YEAR else ""
    if isinstance(value, int):
        return _PARTIAL if isinstance(cell, Sum) and cell.partial else _COUNT
    return ""


def _resolved(formula: Formula, row: int) -> str:
    """The formula over the cells of this row: each single letter stands for a column."""
    return re.sub(r"\b([A-Z])\b", lambda m: xl_rowcol_to_cell(row, formula.columns[m[1]]), formula.text)


def _serial(day: date) -> int:
    return (day - date(1899, 12, 30)).days


def _places(text: str) -> int:
    """The width of the longest line; a Japanese character takes two places."""
    return max(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in text.split("\n"))


def _width(book: _Book, table: Table, column: int) -> int:
    widest = max((_places(book.say(row.cells[column])) for row in table.rows), default=0)
    head = _places(book.say(table.columns[column].label))
    return max(_NARROWEST, min(widest, _WIDEST), min(head + 2, _WIDEST_HEAD)) + 2


def _print(book: _Book, sheet: Worksheet, *, landscape: bool) -> None:
    """A4, one page wide, headings repeated, the number that people quote on every page."""
    sheet.set_paper(9)
    if landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.55, right=0.55, top=0.67, bottom=0.8)
    sheet.set_footer(f"&L&8{book.front.footer}&R&8&P / &N")
    sheet.hide_gridlines(2)
