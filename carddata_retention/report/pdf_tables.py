"""A numbered table on paper: columns as wide as they must be, headings that repeat, rows that stay together."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from reportlab.platypus import CondPageBreak, Flowable, Spacer
from reportlab.platypus import Table as Drawing

from carddata_retention.report.cells import Cell, Column, Conclusion, Row, Table
from carddata_retention.report.line_breaks import BREAK, words
from carddata_retention.report.pdf_ink import (
    BOLD,
    COLUMN,
    HAIR,
    INK,
    INK2,
    MARKS,
    REGULAR,
    RULE,
    TINT,
    TONES,
    Pen,
    shortened,
)
from carddata_retention.report.speech import phrase

SIZES = (8.0, 7.4, 6.8)
HEAD, CAPTION, LEADING = 7.6, 8.6, 10.4
PADDING, _ABOVE, _BELOW = 3.0, 1.6, 2.4
_WHOLE = 10  # so many rows stay on one page
_APART = 3  # and of a longer table at least so many on either side
_WIDEST_WORD = 110.0
_SHORT = 46.0  # words so short are better whole
_GAP = 7.0
_Style = list[tuple[str, tuple[int, int], tuple[int, int], *tuple[Any, ...]]]


def drawn(pen: Pen, table: Table, room: float, beside: float = 0.0) -> Iterator[Flowable]:
    """The flowables of a table, with `beside` points for what must share its page; `room` is a whole page.

    Columns that do not fit side by side follow below, each time with the first column: no number is ever broken.
    """
    shown = table.on_paper()
    texts = [[_text(pen, cell, column) for cell, column in zip(row.cells, shown.columns, strict=True)]
             for row in shown.rows]
    heads = [pen.say(column.label) for column in shown.columns]
    caption = f"{pen.say(phrase('label', 'table'))}{shown.number}  {pen.say(shown.caption)}"
    size, needs = _sized(pen, shown, heads, texts)
    bands = _bands([least for least, _ in needs])
    for number, band in enumerate(bands, start=1):
        part = _part(shown, band)
        widths = _shared(*zip(*(needs[at] for at in band), strict=True))
        inner = [width - 2 * PADDING - _beside(column) for width, column in zip(widths, part.columns, strict=True)]
        body = [[_fitted(pen, line[at], width, size, _font(row)) for at, width in zip(band, inner, strict=True)]
                for line, row in zip(texts, part.rows, strict=True)]
        said = caption if len(bands) == 1 else f"{caption} ({number}/{len(bands)})"
        pen.texts.append(said)
        top = [_fitted(pen, said, COLUMN - 2 * PADDING, CAPTION, BOLD), *[""] * (len(band) - 1)]
        head = [_fitted(pen, heads[at], width, min(size, HEAD)) for at, width in zip(band, inner, strict=True)]
        drawing = Drawing([top, head, *body], colWidths=widths, repeatRows=2, hAlign="LEFT")
        drawing.setStyle(_style(part, body, size))
        yield CondPageBreak(min((beside if number == 1 else 0) + _kept([top, head, *body]), room))
        yield drawing
        yield Spacer(0, 7)


def _bands(least: list[float]) -> list[list[int]]:
    """Columns that fit beside the first one, as few times as possible."""
    out, filled = [[0]], least[0]
    for at, width in enumerate(least[1:], start=1):
        if len(out[-1]) > 1 and filled + width > COLUMN:
            out.append([0])
            filled = least[0]
        out[-1].append(at)
        filled += width
    return out


def _part(table: Table, band: list[int]) -> Table:
    rows = tuple(replace(row, cells=tuple(row.cells[at] for at in band)) for row in table.rows)
    return replace(table, columns=tuple(table.columns[at] for at in band), rows=rows)


def _kept(lines: list[list[str]]) -> float:
    """The height that must not be torn apart: the whole table, or its head and the first rows."""
    heights = [LEADING * (1 + max(text.count("\n") for text in line)) + _ABOVE + _BELOW for line in lines]
    return sum(heights if len(lines) <= 2 + _WHOLE else heights[: 2 + _APART]) + 1


def _text(pen: Pen, cell: Cell, column: Column) -> str:
    said = shortened(pen.say(cell))
    if isinstance(cell, Conclusion):
        return f"{MARKS[cell.tone]} {said}".replace(" ", "\N{NO-BREAK SPACE}")
    if column.kind == "reference":  # broken in the middle, so that halves stand below each other
        return "\n".join(f"{line[:len(line) // 2]}{BREAK}{line[len(line) // 2:]}" for line in said.split("\n"))
    return said.replace("T", f"{BREAK}T") if column.kind == "instant" else said


def _font(row: Row) -> str:
    return REGULAR if row.kind == "body" else BOLD


def _beside(column: Column) -> float:
    """The room between a number and the words at its right, in points."""
    return _GAP if column.kind in ("count", "share") else 0.0


def _fitted(pen: Pen, text: str, width: float, size: float, font: str = REGULAR) -> str:
    return "\n".join(pen.lines(text, width + 0.01, size, font))


def _sized(
    pen: Pen, table: Table, heads: list[str], texts: list[list[str]]
) -> tuple[float, list[tuple[float, float]]]:
    """The size of type, smaller where words would be cut, and what each column needs and wishes, in points."""
    for size in SIZES:
        needs = [_needs(pen, table, at, heads[at], [line[at] for line in texts], size) for at in range(len(heads))]
        if sum(least for least, _ in needs) <= COLUMN:
            break
    return size, needs


def _needs(pen: Pen, table: Table, at: int, head: str, texts: list[str], size: float) -> tuple[float, float]:
    """How wide a column must be so that no word is cut, and would be so that no line is broken."""
    column, fonts = table.columns[at], [_font(row) for row in table.rows]
    small = min(size, HEAD)
    wholes = [pen.width(text, size, font) for text, font in zip(texts, fonts, strict=True)]
    pieces = [pen.width(piece, size, font) for text, font in zip(texts, fonts, strict=True)
              for line in text.split("\n") for piece in words(line)]
    heading = min(pen.width(head, small), max(_SHORT, *(pen.width(piece, small) for piece in words(head))))
    whole = max([*wholes, pen.width(head, small)])
    fixed = column.kind in ("count", "date", "share") or whole <= _SHORT
    least = max(wholes, default=0.0) if fixed else min(max(pieces, default=0.0), _WIDEST_WORD)
    around = 2 * PADDING + _beside(column)
    return max(least, heading) + around, whole + around


def _shared(least: Sequence[float], wished: Sequence[float]) -> list[float]:
    """Widths that fill the column: first what cannot break, then what there is to say."""
    if sum(wished) <= COLUMN:
        spare = (COLUMN - sum(wished)) / len(wished)
        return [width + spare for width in wished]
    if sum(least) >= COLUMN:  # two columns that are too wide for each other: both give way alike
        return [width * COLUMN / sum(least) for width in least]
    wants = [wish - width for wish, width in zip(wished, least, strict=True)]
    share = (COLUMN - sum(least)) / sum(wants)
    return [width + want * share for width, want in zip(least, wants, strict=True)]


def _style(table: Table, body: list[list[str]], size: float) -> _Style:
    style: _Style = [
        ("FONT", (0, 0), (-1, -1), REGULAR, size, LEADING), ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), PADDING),
        ("RIGHTPADDING", (0, 0), (-1, -1), PADDING), ("TOPPADDING", (0, 0), (-1, -1), _ABOVE),
        ("BOTTOMPADDING", (0, 0), (-1, -1), _BELOW), ("SPAN", (0, 0), (-1, 0)),
        ("FONT", (0, 0), (-1, 0), BOLD, CAPTION, LEADING), ("FONT", (0, 1), (-1, 1), REGULAR, min(size, HEAD), LEADING),
        ("TEXTCOLOR", (0, 1), (-1, 1), INK2), ("LINEBELOW", (0, 1), (-1, 1), 0.8, RULE),
        ("LINEBELOW", (0, 2), (-1, -1), 0.4, HAIR),
    ]
    for at, column in enumerate(table.columns):
        if column.kind in ("count", "share"):
            style += [("ALIGN", (at, 1), (at, -1), "RIGHT"), ("RIGHTPADDING", (at, 1), (at, -1), PADDING + _GAP)]
    for at, row in enumerate(table.rows, start=2):
        if row.kind != "body":
            style.append(("FONT", (0, at), (-1, at), BOLD, size, LEADING))
        if row.kind == "sub":
            style.append(("BACKGROUND", (0, at), (-1, at), TINT))
        if row.kind == "foot":
            style.append(("LINEABOVE", (0, at), (-1, at), 1.2, INK))
        style += [("TEXTCOLOR", (column, at), (column, at), TONES[cell.tone])
                  for column, cell in enumerate(row.cells) if isinstance(cell, Conclusion)]
    last = body[-_APART:]
    if len(body) > _WHOLE and all(cell.count("\n") < _APART for line in last for cell in line):
        style.append(("NOSPLIT", (0, -_APART), (-1, -1)))
    return style
