"""The night as a PDF in one language, for signing: page 1 complete by itself, the tables, the certificate.

Two passes: the first counts the pages that the second prints in its footer. The same night gives the same bytes.
"""

from collections.abc import Iterator
from datetime import UTC
from io import BytesIO
from typing import NamedTuple

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Flowable, Frame, PageBreak, PageTemplate, Spacer

from carddata_retention.model import Night
from carddata_retention.report import pdf_tables, tables
from carddata_retention.report.canonical import digest, night_json
from carddata_retention.report.cells import Table
from carddata_retention.report.certificate import refusal
from carddata_retention.report.cover import workpaper
from carddata_retention.report.notes import notes
from carddata_retention.report.pdf_cover import cover
from carddata_retention.report.pdf_ink import BOTTOM, COLUMN, HEIGHT, INK3, REGULAR, SIDE, TOP, WIDTH, Pen
from carddata_retention.report.pdf_text import Lines, Section, Signatures
from carddata_retention.report.speech import Language, phrase
from carddata_retention.report.views import LocationView, PolicyView
from carddata_retention.report.words import SECTIONS

_ROOM = HEIGHT - TOP - BOTTOM - 1
_SQL_LINES, _SQL_SIZE = 60, 6.8
_APART = 8.0  # points between a table and what stands under it


class Paper(NamedTuple):
    """A finished PDF, every text that stands in it, for the leak scan, and how many pages it has."""

    content: bytes
    texts: tuple[str, ...]
    pages: int


def render_pdf(
    night: Night, policy: PolicyView, locations: tuple[LocationView, ...], sheets: tuple[Table, ...],
    language: Language,
) -> Paper:
    """The document of one language, with its fonts embedded."""
    counted = _build(night, policy, locations, sheets, Pen(language), None)
    return _build(night, policy, locations, sheets, Pen(language), counted.pages)


def _build(
    night: Night, policy: PolicyView, locations: tuple[LocationView, ...], sheets: tuple[Table, ...], pen: Pen,
    pages: int | None,
) -> Paper:
    out = BytesIO()
    made = night.finished_at.astimezone(UTC).strftime("D:%Y%m%d%H%M%S+00'00'")
    foot = f"{workpaper(night)} · sha256 {digest(night_json(night))}"

    def frame(canvas: Canvas, _: object) -> None:
        canvas.setDateFormatter(lambda *_: made)
        page = pen.say(phrase("label", "page", page=canvas.getPageNumber(), pages=pages))
        canvas.setFont(REGULAR, 7)
        canvas.setFillColor(INK3)
        canvas.drawString(SIDE, BOTTOM - 16, foot)
        canvas.drawRightString(WIDTH - SIDE, BOTTOM - 16, pen.drawable(page))

    pen.texts.append(foot)
    document = BaseDocTemplate(
        out, pagesize=(WIDTH, HEIGHT), title=f"{workpaper(night)} {night.run_id}", author="carddata-retention",
        subject=str(night.as_of), lang=pen.language, invariant=1, initialFontName=REGULAR,
    )
    inside = Frame(SIDE, BOTTOM, COLUMN, HEIGHT - TOP - BOTTOM, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate("page", [inside], onPage=frame)])
    document.build([*cover(pen, night, policy), *_sections(pen, night, policy, locations, sheets)])
    return Paper(out.getvalue(), tuple(pen.texts), document.page)


def _sections(
    pen: Pen, night: Night, policy: PolicyView, locations: tuple[LocationView, ...], sheets: tuple[Table, ...]
) -> Iterator[Flowable]:
    beside = notes(night, policy, locations, pen.language)
    shown = [table for table in sheets if table.paper_rows != 0]
    for id in ("s2", *(s for s in SECTIONS if s not in ("s1", "s2", "s16"))):
        head = None if id == "s2" else Section(pen, id)  # page 1 is section 2 by its own right
        below = [Lines(pen, text) for text in beside.get(id, ())]
        apart = _APART + sum(each.height for each in below[:1])
        for table in (t for t in shown if t.section == id):
            drawn = list(pdf_tables.drawn(pen, table, _ROOM, apart + (head.height if head else 0)))
            yield from ([drawn[0], head, *drawn[1:]] if head else drawn)
            head = None
        if head:
            yield CondPageBreak(head.height + apart)
            yield head
        yield from below
        if id == "s8" and (asked := tables.query(night)):
            yield from _query(pen, asked.text)
        if id == "s2":
            yield PageBreak()
        else:
            yield Spacer(0, 6)
    yield from _certificate(pen, night, [t for t in shown if t.section == "s16"], beside["s16"])


def _query(pen: Pen, text: str) -> Iterator[Flowable]:
    """The text of the independent look, a line at a time so that a page may end anywhere in it."""
    lines = text.splitlines()
    yield from (Lines(pen, line, size=_SQL_SIZE) for line in lines[:_SQL_LINES])
    if len(lines) > _SQL_LINES:
        yield Lines(pen, pen.say(phrase("note", "cut")))


def _certificate(pen: Pen, night: Night, certified: list[Table], why_not: list[str]) -> Iterator[Flowable]:
    """A page of its own, for three people to sign; or the reason why there is none."""
    yield PageBreak()
    yield Section(pen, "s16")
    if refusal(night) is not None:
        yield from (Lines(pen, text) for text in why_not)
        return
    yield Lines(pen, pen.say(phrase("note", "s16.lead")), size=10)
    yield Spacer(0, 8)
    for table in certified:
        yield from pdf_tables.drawn(pen, table, _ROOM)
    yield Spacer(0, 14)
    yield Signatures(pen)
