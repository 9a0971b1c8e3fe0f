"""What each character is to a search for numbers: one small class for each, so that a page becomes one byte array.

The order carries meaning: below 10 the class is the digit itself, below `DOT` it is a character of base64, and from
`SLASH` to `PROLONGED` it may separate the groups of a number. Digits of every script count, and full-width forms do.
"""

import unicodedata
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

HEX, LATIN, SLASH, PLUS, DASH, UNDERSCORE, DOT, SPACE, PROLONGED = range(10, 19)
OTHER, MASK, QUOTE, EQUALS, UNSEEN, HIRAGANA, KATAKANA, KANJI, SENTENCE, END = range(19, 29)

NUL: Final = "\x00"
"""Stands between the rows of a page; one in a row ends a word like any other sign."""
MARGIN: Final = 64
"""NULs before and behind a page, so that no look to the left or right leaves it."""
INVISIBLE: Final = (
    "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u180e\ufe0e\ufe0f\u20e3\u202a\u202c\u202d\u2066\u2069"
)

_SEPARATORS = {
    SLASH: "/／∕⁄",
    PLUS: "+＋",
    DASH: "-－‐‑‒–—―−﹣﹘─━",
    PROLONGED: "ーｰ",  # a letter in カード, a dash between digits
    UNDERSCORE: "_＿·・･",
    DOT: ".．",
    SPACE: " \u00a0\u3000\u202f\u205f\u1680" + "".join(map(chr, range(0x2000, 0x200B))),
}
_MASKS = "*＊•●○◯×✕✖#＃■□▪∗⁎✱∙⚫‧※"
_SENTENCE_ENDS = "。｡！？!?\n\r"
_QUOTES = "\"'“”‘’「」『』（）()[]{}<>《》【】〔〕,，、;；:：|｜"


def _class_of(char: str) -> int:
    value = unicodedata.decimal(char, None)
    if value is not None:
        return value
    for kind, members in _SEPARATORS.items():
        if char in members:
            return kind
    if char == NUL:
        return END
    if char in "=＝":
        return EQUALS
    if char in _MASKS:
        return MASK
    if char in _SENTENCE_ENDS:
        return SENTENCE
    if char in INVISIBLE:
        return UNSEEN
    if char in _QUOTES:
        return QUOTE
    return _letter(char)


def _letter(char: str) -> int:
    if char.isascii():
        return OTHER if not char.isalpha() else HEX if char in "abcdefABCDEF" else LATIN
    code = ord(char)
    if 0x3041 <= code <= 0x309F:
        return HIRAGANA
    if 0x30A1 <= code <= 0x30FF or 0xFF66 <= code <= 0xFF9F:
        return KATAKANA
    if code == 0x3005:
        return KANJI
    return LATIN if unicodedata.category(char)[0] == "L" else OTHER


def _classes() -> npt.NDArray[np.uint8]:
    """The class of every character of the basic plane; what is all of one kind is not asked for one by one."""
    classes = np.full(0x10000, OTHER, np.uint8)
    classes[0x3400:0xA000] = KANJI
    classes[0xAC00:0xD7A4] = LATIN  # Hangul
    for begin, end in ((0, 0x3400), (0xA000, 0xAC00), (0xFB00, 0x10000)):
        classes[begin:end] = [_class_of(chr(code)) for code in range(begin, end)]
    return classes


CLASSES: Final = _classes()
_MARGIN = NUL * MARGIN
ASCII_CLASSES: Final = CLASSES[:256].tobytes()


@dataclass(frozen=True, slots=True)
class Characters:
    """A page of text between margins: the class and the code point of every character.

    `low` has the last byte of each code point, in which Latin letters are lower case: letters are searched for in it.
    """

    text: str
    classes: npt.NDArray[np.uint8]
    codes: npt.NDArray[np.unsignedinteger[Any]]
    low: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, text: str, classes: npt.NDArray[np.uint8], codes: npt.NDArray[np.unsignedinteger[Any]]) -> "Characters":
        """A page whose characters are known."""
        low = codes.astype(np.uint8)
        low |= 0x20
        return cls(text, classes, codes, low)

    def places(self, letter: str) -> npt.NDArray[np.int64]:
        """Where a letter stands; a Latin one in either case."""
        at = np.flatnonzero(self.low == (ord(letter) & 0xFF | 0x20))
        return at if self.codes.dtype == np.uint8 else at[is_letter(self.codes.take(at), letter)]


def is_letter(codes: npt.NDArray[np.unsignedinteger[Any]], letter: str) -> npt.NDArray[np.bool_]:
    """Whether code points are this letter, a Latin one in either case."""
    same: npt.NDArray[np.bool_] = codes == ord(letter)
    return same | (codes == ord(letter.upper())) if letter.isascii() and letter.isalpha() else same


def characters(joined: str) -> Characters:
    """The classes (uint8) and code points (uint8, 16 or 32) of rows that were joined by NUL, with margins."""
    text = f"{_MARGIN}{joined}{_MARGIN}"
    if text.isascii():
        raw = text.encode("ascii")
        classes = np.frombuffer(raw.translate(ASCII_CLASSES), np.uint8)
        return Characters.of(text, classes, np.frombuffer(raw, np.uint8))
    wide = text.encode("utf-16-le", "surrogatepass")
    if len(wide) == 2 * len(text):
        units = np.frombuffer(wide, np.uint16)
        return Characters.of(text, CLASSES.take(units, mode="clip"), units)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    classes = CLASSES.take(codes, mode="clip")
    bold = (codes >= 0x1D7CE) & (codes <= 0x1D7FF)  # mathematical digits
    classes[bold] = (codes[bold] - 0x1D7CE) % 10
    return Characters.of(text, classes, codes)
