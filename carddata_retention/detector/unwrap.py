"""Text in its plain form: escapes, percent signs, entities, invisible characters and base64 undone, row by row.

Each is looked for once in the whole page, and only the rows that have it are touched; a page of plain rows costs a few
substring searches.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from html import unescape
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.characters import DOT, INVISIBLE, NUL, Characters

_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_INVISIBLE = re.compile(f"[{INVISIBLE}]+")
_TRACK_1 = re.compile(r"%(?=B[0-9]{12,19}\^)")  # no escape, though it looks like one
_LEAST = 18  # characters of base64 that hold thirteen digits
_TRIED = 16  # of them are decoded at once, for all words of a page: of digests and tokens one in sixty reads as text
_MOST = 100_000
_WITHOUT_BREAKS = dict.fromkeys(map(ord, "\n\r\t"))
_EIGHT_TRUE = np.uint64(0x0101010101010101)
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_SIX_BITS = np.full(128, 255, np.uint8)
_SIX_BITS[list(_ALPHABET)] = range(62)
_SIX_BITS[list(b"+/-_")] = (62, 63, 62, 63)
# what text begins with in base64: ASCII, a line break, or a letter of three bytes
_FIRST_OF_TEXT = np.zeros(128, np.bool_)
_FIRST_OF_TEXT[list(b"CIJKLMNOPQRSTUVWXYZabcdef456")] = True
_PRINTABLE = np.zeros(256, np.bool_)
_PRINTABLE[[9, 10, 13, *range(32, 127), *range(0xC2, 0xF0)]] = True
_CONTINUED = _PRINTABLE.copy()
_CONTINUED[0x80:0xC0] = True


def _escapes(text: str) -> str:
    return _ESCAPES.sub(lambda m: m[0].encode("ascii").decode("unicode_escape"), text)


def _percent(text: str) -> str:
    plain = unquote(_TRACK_1.sub("%25", text))
    return plain.replace("+", " ") if plain != text and "=" in plain else plain


_STEPS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("%", "%", _percent),
    ("\\", "\\u", _escapes),
    ("&", "&nbsp;", unescape),
    ("&", "&#", unescape),
)


def unwrap(texts: Sequence[str], joined: str) -> tuple[Sequence[str], str]:
    """The same rows with what is wrapped in them undone, and the page joined anew where anything was."""
    for rare, sign, step in _STEPS:
        if rare in joined and sign in joined:  # one character is searched for much faster than two
            texts = [step(t) if sign in t else t for t in texts]
            joined = NUL.join(texts)
    return texts, joined


def without_invisible(texts: Sequence[str]) -> list[str]:
    """The same rows without characters that take no room."""
    return [t if t.isascii() else _INVISIBLE.sub("", t) for t in texts]


def unpack(page: Characters) -> list[tuple[int, str]]:
    """What stands in the base64 of a page, with the position where each begins; only what reads as text."""
    begins, ends = _long_words(page)
    likely = np.flatnonzero(_looks_like_text(page, begins))
    found = ((int(b), _decoded(page.text[b:e])) for b, e in zip(begins[likely], ends[likely], strict=True))
    return [(b, plain) for b, plain in found if plain is not None]


def _long_words(page: Characters) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Begin and end of the runs of base64 that may hold a number; one fills eight characters at a multiple of 8."""
    classes = page.classes
    inside = np.zeros(len(classes) // 8 * 8 + 24, np.bool_)
    np.less(classes, DOT, out=inside[8 : 8 + len(classes)])
    full = np.concatenate(([False], inside.view(np.uint64) == _EIGHT_TRUE, [False]))
    edges = np.flatnonzero(full[1:] != full[:-1]) * 8 - 8
    begins, ends = edges[0::2], edges[1::2]
    for _ in range(7):
        begins = begins - inside[begins + 7]
        ends = ends + inside[ends + 8]
    long = (ends - begins >= _LEAST) & (ends - begins <= _MOST)
    long &= _FIRST_OF_TEXT.take(page.codes.take(begins), mode="clip")
    return begins[long], ends[long]


def _looks_like_text(page: Characters, begins: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether the first sixteen characters decode to twelve bytes of text."""
    codes = page.codes[begins[:, None] + np.arange(_TRIED)]
    six = _SIX_BITS[np.minimum(codes, 127)].astype(np.uint16)
    known = (six < 64).all(axis=1)
    first, second, third, fourth = (six[:, i::4] for i in range(4))
    head = ((first << 2) | (second >> 4)) & 255
    middle = ((second << 4) | (third >> 2)) & 255
    tail = ((third << 6) | fourth) & 255
    lead = (head[:, 0] < 128) | ((middle[:, 0] & tail[:, 0] & 0xC0) == 0x80) & ((middle[:, 0] | tail[:, 0]) < 0xC0)
    rest = _CONTINUED[middle].all(axis=1) & _CONTINUED[tail].all(axis=1) & _CONTINUED[head[:, 1:]].all(axis=1)
    text: npt.NDArray[np.bool_] = known & lead & _PRINTABLE[head[:, 0]] & rest
    return text


def _decoded(code: str) -> str | None:
    padded = code.replace("-", "+").replace("_", "/")
    try:
        plain = base64.b64decode(padded + "=" * (-len(padded) % 4)).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return plain if plain.translate(_WITHOUT_BREAKS).isprintable() else None
