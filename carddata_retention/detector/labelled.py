"""Security codes, holders and expiries in text and JSON: a label of their own, and behind it a value of their form.

A security code is looked for everywhere; holders and expiries only in rows that hold a number, a mask or a code, for
coupons expire and bank accounts have holders too. A label is found by its rarest letter; the pattern then begins there.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.cells import Feature, pack
from carddata_retention.detector.characters import Characters, is_letter
from carddata_retention.detector.kinds import Kind

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Found = tuple[Ints, npt.NDArray[np.uint64]]

_IS = r"[\s\"'”’」）)\]\\]*(?:[:：=＝]|is\b|was\b|は|が|[\s　])[\s　\"'“‘「(（\[\\]*"
_THREE_OR_FOUR = r"(?<![0-9０-９])[0-9０-９]{3,4}(?![0-9０-９]|[-/年月日.,][0-9０-９]|[年月日円時分秒件個回名%％])"
_CODE_NAME = r"(?:[ _-]?(?:code|no\.?|num|number|value|コード|番号))?"
_NAME = r"(?-i:[A-Z][A-Za-z'-]+(?:[ ]+[A-Z][A-Za-z'.-]*)*[ ]+[A-Z][A-Za-z'-]+)"
_JAPANESE_NAME = rf"{_NAME}|[ァ-ヶー]+[ 　][ァ-ヶー]+|[一-龠]{{1,4}}[ 　][一-龠]{{1,4}}"
_MONTH = "(?:0[1-9]|1[0-2])"
_EXPIRES = (
    rf"{_MONTH}[ ]?[/-][ ]?(?:20)?[1-5][0-9](?![0-9/-])|20[1-5][0-9][-/]{_MONTH}(?![0-9/-])|{_MONTH}[2-5][0-9](?![0-9])"
)


@dataclass(frozen=True, slots=True)
class _Label:
    """The label, from `back` characters before its rarest letter on, and the form of its value.

    `letter` is that letter, in both cases where it is Latin, with `before` in front of it.
    """

    letter: str
    before: str
    back: int
    pattern: re.Pattern[str]


def _label(letter: str, before: str, back: int, label: str, value: str) -> _Label:
    return _Label(letter, before, back, re.compile(f"{label}{_IS}({value})", re.I))


_CODES = (
    _label("v", "c", 1, f"cv[vcnd][2２]?{_CODE_NAME}", _THREE_OR_FOUR),
    _label("y", "securit", 7, "security[ _-]?(?:code|number|no)", _THREE_OR_FOUR),
    _label("ィ", "セキュリテ", 5, "セキュリティー?[・ ]?(?:コード|番号)", _THREE_OR_FOUR),
)
_HOLDERS = (
    _label("d", "hol", 3, "holder(?:[ _-]?name)?", _NAME),
    _label("義", "名", 1, "(?<!口座)名義(?:人|者)?(?:名)?", _JAPANESE_NAME),
)
_EXPIRIES = (
    _label("x", "e", 1, "exp(?:iry|iration|ires)?(?:[ _-]?(?:date|dt))?", _EXPIRES),
    _label("効", "有", 1, "有効(?:期限|年月)", _EXPIRES),
)
_REACH = 60


def security_codes(page: Characters) -> Ints:
    """Where labelled security codes stand."""
    return _values(page, _CODES, None)


def beside(page: Characters, begin: Ints, holding: Bools) -> list[Found]:
    """Where holders and expiries stand in rows that hold card data, and their cells; `begin` of each row."""
    found = []
    for kind, labels in ((Kind.HOLDER, _HOLDERS), (Kind.EXPIRY, _EXPIRIES)):
        places = _values(page, labels, lambda at: holding[np.searchsorted(begin, at, side="right") - 1])
        found.append((places, labelled(kind, len(places))))
    return found


def labelled(kind: Kind, count: int) -> npt.NDArray[np.uint64]:
    """The cells of values that a label in the text gives away."""
    return np.repeat(pack(kind, 0, 0, int(Feature.LABELLED), 0, 0), count)


def _values(page: Characters, labels: tuple[_Label, ...], wanted: Callable[[Ints], Bools] | None) -> Ints:
    begins: set[int] = set()
    plain = page.text.isascii()
    for label in labels:
        if plain and not label.letter.isascii():
            continue
        places = _places(page, label)
        if wanted is not None and len(places):
            places = places[wanted(places)]
        for at in (places - label.back).tolist():
            match = label.pattern.match(page.text, at, at + _REACH)
            if match and not _inside_a_word(page.text, at):
                begins.add(match.start(1))
    return np.array(sorted(begins), np.int64)


def _places(page: Characters, label: _Label) -> Ints:
    """Where the rarest letter of a label stands behind the letters that it needs."""
    places = page.places(label.letter)
    for back, letter in enumerate(reversed(label.before), 1):
        if not len(places):
            break
        places = places[is_letter(page.codes.take(places - back), letter)]
    return places


def _inside_a_word(text: str, at: int) -> bool:
    """Whether a Latin letter stands before, and no new word begins here as in cardCvv."""
    before = text[at - 1]
    if not (before.isascii() and before.isalpha()) or text[at - 4 : at].lower() == "card":
        return False
    return not (before.islower() and text[at].isupper())
