"""A report as a PDF in one language, for signing: page 1 complete by itself, the tables, the page to sign.

Two passes: the first counts the pages that the second prints in its footer. The same report gives the same bytes.
"""

from collections.abc import Iterator
from datetime import UTC
from io import BytesIO
from typing import NamedTuple

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Flowable, Frame, PageBreak, PageTemplate, Spacer

from carddata_retention.report import pdf_tables
from carddata_retention.report.document import Front, Part
from carddata_retention.report.pdf_cover import cover
from carddata_retention.report.pdf_ink import BOTTOM, COLUMN, HEIGHT, INK3, REGULAR, SIDE, TOP, WIDTH, Pen
from carddata_retention.report.pdf_text import Lines, Section, Signatures
from carddata_retention.report.speech import Language, phrase

_ROOM = HEIGHT - TOP - BOTTOM - 1
_LISTED_LINES, _LISTED_SIZE = 60, 6.8
_APART = 8.0  # points between a table and what stands under it


class Paper(NamedTuple):
    """A finished PDF, every text that stands in it, for the leak scan, and how many pages it has."""

    content: bytes
    texts: tuple[str, ...]
    pages: int


def render_pdf(front: Front, parts: tuple[Part, ...], language: Language) -> Paper:
    """The document of one language, with its fonts embedded."""
    counted = _build(front, parts, Pen(language), None)
    return _build(front, parts, Pen(language), counted.pages)


def _build(front: Front, parts: tuple[Part, ...], pen: Pen, pages: int | None) -> Paper:
    out = BytesIO()
    made = front.made.astimezone(UTC).strftime("D:%Y%m%d%H%M%S+00'00'")

    def frame(canvas: Canvas, _: object) -> None:
        canvas.setDateFormatter(lambda *_: made)
        page = pen.say(phrase("label", "page", page=canvas.getPageNumber(), pages=pages))
        canvas.setFont(REGULAR, 7)
        canvas.setFillColor(INK3)
        canvas.drawString(SIDE, BOTTOM - 16, front.footer)
        canvas.drawRightString(WIDTH - SIDE, BOTTOM - 16, pen.drawable(page))

    pen.texts.append(front.footer)
    document = BaseDocTemplate(
        out, pagesize=(WIDTH, HEIGHT), title=f"{front.workpaper} {front.name}", author="carddata-retention",
        subject=str(front.day), lang=pen.language, invariant=1, initialFontName=REGULAR,
    )
    inside = Frame(SIDE, BOTTOM, COLUMN, HEIGHT - TOP - BOTTOM, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate("page", [inside], onPage=frame)])
    document.build([*cover(pen, front), *_sections(pen, front, parts)])
    return Paper(out.getvalue(), tuple(pen.texts), document.page)


def _sections(pen: Pen, front: Front, parts: tuple[Part, ...]) -> Iterator[Flowable]:
    first, *others = parts
    yield from _section(pen, first, None)
    yield PageBreak()
    for part in others:
        head = Section(pen, front.letter, part.id)
        if part.signed:
            yield from _to_sign(pen, part, head)
        else:
            yield from _section(pen, part, head)
            yield Spacer(0, 6)


def _section(pen: Pen, part: Part, head: Section | None) -> Iterator[Flowable]:
    below = [Lines(pen, text) for text in part.below]
    apart = _APART + sum(each.height for each in below[:1])
    for table in (table for table in part.tables if table.paper_rows != 0):
        drawn = list(pdf_tables.drawn(pen, table, _ROOM, apart + (head.height if head else 0)))
        yield from ([drawn[0], head, *drawn[1:]] if head else drawn)
        head = None
    if head:
        yield CondPageBreak(head.height + apart)
        yield head
    yield from below
    yield from _listing(pen, part.listing)


def _listing(pen: Pen, text: str) -> Iterator[Flowable]:
    """A long text, a line at a time so that a page may end anywhere in it."""
    lines = text.splitlines()
    yield from (Lines(pen, line, size=_LISTED_SIZE) for line in lines[:_LISTED_LINES])
    if len(lines) > _LISTED_LINES:
        yield Lines(pen, pen.say(phrase("note", "cut")))


def _to_sign(pen: Pen, part: Part, head: Section) -> Iterator[Flowable]:
    """A page of its own, for people to sign; or the reason why there is nothing to sign."""
    yield PageBreak()
    yield head
    if not part.signers:
        yield from (Lines(pen, text) for text in part.below)
        return
    yield Lines(pen, part.lead, size=10)
    yield Spacer(0, 8)
    for table in part.tables:
        yield from pdf_tables.drawn(pen, table, _ROOM)
    yield Spacer(0, 14)
    yield Signatures(pen, part.signers)
