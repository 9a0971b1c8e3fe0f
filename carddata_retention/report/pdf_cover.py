"""The head of page 1: the verdict as a sentence, the equation, what changed, and which night or days these are."""

from collections.abc import Iterator

from reportlab.platypus import Flowable, Spacer
from reportlab.platypus import Table as Drawing

from carddata_retention.report.cells import Words
from carddata_retention.report.document import Front, Term
from carddata_retention.report.pdf_ink import BOLD, COLUMN, HAIR, INK, INK2, INK3, MARKS, REGULAR, RULE, TONES, Pen
from carddata_retention.report.pdf_text import Lines
from carddata_retention.report.speech import Phrase, phrase

_VERDICT, _NUMBER, _LABEL, _LEFT = 13.0, 11.5, 7.6, 60


def cover(pen: Pen, front: Front) -> Iterator[Flowable]:
    """Everything that stands above table 2-1."""
    yield Lines(pen, pen.say(front.title), size=9)
    yield _verdict(pen, front)
    yield Lines(pen, " ".join(pen.say(sentence) for sentence in front.sentences), size=9)
    yield Spacer(0, 6)
    yield _equation(pen, front.equation)
    yield Spacer(0, 4)
    if front.beside:
        yield Lines(pen, " · ".join(pen.say(part) for part in front.beside))
        yield Spacer(0, 4)
    yield _identity(pen, front.identity)
    yield Spacer(0, 8)


def _verdict(pen: Pen, front: Front) -> Drawing:
    judged = front.tone
    said = f"{pen.say(phrase('code', front.word))} — {pen.say(front.headline)}"
    lines = pen.lines(said, COLUMN - 26, _VERDICT, BOLD)
    drawing = Drawing([[MARKS[judged], "\n".join(lines)]], colWidths=[20, COLUMN - 20], hAlign="LEFT")
    drawing.setStyle([
        ("FONT", (0, 0), (-1, -1), BOLD, _VERDICT, 1.4 * _VERDICT), ("TEXTCOLOR", (0, 0), (0, 0), TONES[judged]),
        ("TEXTCOLOR", (1, 0), (1, 0), INK), ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("LINEABOVE", (0, 0), (-1, 0), 2, TONES[judged]),
    ])
    return drawing


def _equation(pen: Pen, terms: tuple[Term, ...]) -> Drawing:
    """Labels over numbers with the signs between them; a gap is an empty column."""
    labels = [pen.say(term.label) if term.op is not None else "" for term in terms]
    numbers = [f"{term.op} {pen.say(term.sum)}".strip() if term.op is not None else "" for term in terms]
    drawing = Drawing([[pen.drawable(label) for label in labels], numbers], hAlign="LEFT",
                      colWidths=[14 if term.op is None else None for term in terms])
    drawing.setStyle([
        ("FONT", (0, 0), (-1, 0), REGULAR, _LABEL, 9), ("FONT", (0, 1), (-1, 1), BOLD, _NUMBER, 14),
        ("TEXTCOLOR", (0, 0), (-1, 0), INK3), ("TEXTCOLOR", (0, 1), (-1, 1), INK), ("ALIGN", (0, 0), (-1, -1), "RIGHT"),
        ("LEFTPADDING", (0, 0), (-1, -1), 4), ("RIGHTPADDING", (0, 0), (-1, -1), 5),
        ("TOPPADDING", (0, 0), (-1, -1), 1), ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
        *(("TEXTCOLOR", (at, 1), (at, 1), TONES["bad"]) for at, term in enumerate(terms) if term.alarm),
        *(("LINEBEFORE", (at, 0), (at, -1), 0.8, RULE) for at, term in enumerate(terms) if term.start),
    ])
    return drawing


def _identity(pen: Pen, identity: tuple[tuple[Phrase, Words], ...]) -> Drawing:
    """Two pairs to a line; the digest of the canonical JSON, which is long, has the last line to itself."""
    *pairs, digest = [(pen.say(label), pen.say(said)) for label, said in identity]
    if len(pairs) % 2:
        pairs.append(("", ""))
    widths = [_LEFT, COLUMN / 2 - _LEFT] * 2
    lines = [(*pairs[at], *pairs[at + 1]) for at in range(0, len(pairs), 2)]
    broken = [["\n".join(pen.lines(text, width - 6, _LABEL)) for text, width in zip(line, widths, strict=True)]
              for line in lines]
    last = [pen.drawable("   ".join(digest)), "", "", ""]
    drawing = Drawing([*broken, last], colWidths=widths, hAlign="LEFT")
    drawing.setStyle([
        ("FONT", (0, 0), (-1, -1), REGULAR, _LABEL, 10), ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3), ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 1.2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, HAIR), ("LINEABOVE", (0, 0), (-1, 0), 0.8, RULE),
        ("SPAN", (0, -1), (-1, -1)),
        *(("TEXTCOLOR", (at, 0), (at, -1), INK2) for at in (0, 2)),
    ])
    return drawing
