"""What stands on paper beside the tables: a section's heading, running text, the boxes that people sign in."""

from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from carddata_retention.report.pdf_ink import BOLD, COLUMN, INK, INK2, INK3, REGULAR, RULE, Pen
from carddata_retention.report.speech import Phrase, phrase


class Section(Flowable):
    """The heading of a section over its rule."""

    def __init__(self, pen: Pen, letter: str, id: str) -> None:
        super().__init__()
        self.width, self.height = COLUMN, 24.0
        self.number = f"{letter}-{id[1:]}"
        pen.texts.append(self.number)
        self.title = pen.drawable(pen.say(phrase("section", id)), BOLD)

    def draw(self) -> None:
        self.canv.setFillColor(INK3)
        self.canv.setFont(REGULAR, 8.5)
        self.canv.drawString(0, 9, self.number)
        self.canv.setFillColor(INK)
        self.canv.setFont(BOLD, 12)
        self.canv.drawString(30, 9, self.title)
        self.canv.setStrokeColor(INK)
        self.canv.setLineWidth(1.5)
        self.canv.line(0, 4, COLUMN, 4)


class Lines(Flowable):
    """A text in lines that fit the column; on the page as one piece."""

    def __init__(self, pen: Pen, text: str, *, size: float = 8.4, font: str = REGULAR, width: float = COLUMN) -> None:
        super().__init__()
        pen.texts.append(text)
        self.size, self.font = size, font
        self.lines = pen.lines(text, width, size, font)
        self.leading = 1.45 * size
        self.width, self.height = width, self.leading * len(self.lines) + 2

    def draw(self) -> None:
        self.canv.setFillColor(INK)
        self.canv.setFont(self.font, self.size)
        for number, line in enumerate(self.lines):
            self.canv.drawString(0, self.height - self.size - number * self.leading, line)


class Signatures(Flowable):
    """A box for each who signs, with room for a seal, a name and a date."""

    def __init__(self, pen: Pen, signers: tuple[Phrase, ...]) -> None:
        super().__init__()
        self.width, self.height, self.gap = COLUMN, 42 * mm, 6 * mm
        self.heads = [pen.drawable(pen.say(who)) for who in signers]
        self.seal, self.name = (pen.drawable(pen.say(phrase("label", key))) for key in ("seal", "name_date"))

    def draw(self) -> None:
        width = (COLUMN - (len(self.heads) - 1) * self.gap) / len(self.heads)
        for number, head in enumerate(self.heads):
            self._box(number * (width + self.gap), width, head)

    def _box(self, left: float, width: float, head: str) -> None:
        canvas = self.canv
        canvas.setStrokeColor(INK2)
        canvas.setLineWidth(0.8)
        canvas.rect(left, 0, width, self.height)
        canvas.setFillColor(INK)
        canvas.setFont(REGULAR, 9)
        canvas.drawString(left + 7, self.height - 15, head)
        canvas.setStrokeColor(RULE)
        canvas.circle(left + width - 13 * mm, self.height - 13 * mm, 8.5 * mm)
        canvas.line(left + 7, 18, left + width - 7, 18)
        canvas.setFillColor(INK3)
        canvas.setFont(REGULAR, 7)
        canvas.drawCentredString(left + width - 13 * mm, self.height - 13 * mm - 2.5, self.seal)
        canvas.drawString(left + 7, 8, self.name)
