"""Where a line of mixed Japanese and Latin text may end, for paper that is set without a browser.

A Japanese text may break between any two characters, except before what closes or after what opens; a Latin word,
a number and what it counts stay together. What is longer than a line is cut where the line ends.
"""

import unicodedata
from collections.abc import Callable, Iterator

BREAK = "\u200b"  # a place in a long word where it may break; never drawn
_NEVER_FIRST = "、。，．・:;!?%)]}）］｝」』】〕〉》:;!?ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々…·"
_NEVER_LAST = "([{（［｛「『【〔〈《"

Measure = Callable[[str], float]


def _wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _together(left: str, right: str) -> bool:
    """Whether no line may end between two neighbouring characters."""
    if right in _NEVER_FIRST or left in _NEVER_LAST:
        return True
    if _wide(left):
        return False
    return not _wide(right) or left.isdigit()


def words(line: str) -> Iterator[str]:
    """The pieces of a line that stay whole; blanks and `BREAK` are pieces of their own."""
    piece = ""
    for char in line:
        if char in f" {BREAK}":
            yield from filter(None, (piece, char))
            piece = ""
        elif piece and not _together(piece[-1], char):
            yield piece
            piece = char
        else:
            piece += char
    if piece:
        yield piece


def broken(text: str, width: float, measure: Measure) -> list[str]:
    """The lines of `text`, each at most `width` wide by `measure`, in the same unit."""
    out = []
    for paragraph in text.split("\n"):
        line, filled = "", 0.0
        for piece in words(paragraph):
            if piece == BREAK:
                continue
            wide = measure(piece)
            if filled + wide <= width or not piece.strip():
                line, filled = line + piece, filled + wide
                continue
            if line.strip():
                out.append(line.rstrip())
            *full, line = _cut(piece, width, measure) if wide > width else [piece]
            filled = measure(line)
            out += full
        out.append(line.rstrip())
    return out


def _cut(piece: str, width: float, measure: Measure) -> list[str]:
    """A piece that is longer than a line, cut at the ends of lines."""
    lines, filled = [""], 0.0
    for char in piece:
        wide = measure(char)
        if lines[-1] and filled + wide > width:
            lines.append("")
            filled = 0.0
        lines[-1] += char
        filled += wide
    return lines
