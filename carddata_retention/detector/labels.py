"""The word that stands nearest to each number, without a loop over the numbers.

Words are recognised by their hash; a hash of 20 bits is too short to name a person by, and long enough to tell the
labels of one column apart. Only for a page's distinct words is their text looked at (`lexicon`).

A label is one Latin word, or kanji and katakana with at most one change between them; hiragana between label and number
is passed over. A word that says nothing by itself ("no", 番号) is read together with the one before it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.characters import (
    END,
    HEX,
    HIRAGANA,
    KANJI,
    KATAKANA,
    LATIN,
    MARGIN,
    PROLONGED,
    SENTENCE,
    Characters,
    characters,
)

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint32]

LEFT_REACH: Final = 24  # characters between a number and its label
RIGHT_REACH: Final = 6
FURTHER_REACH: Final = 10
_NEAR = 4
_LONGEST = 8  # characters of a word that count, those next to the number
_BITS = 20
_LATIN, _HIRAGANA, _KATAKANA, _KANJI = range(1, 5)
_SCRIPT = np.zeros(END + 1, np.uint8)
_SCRIPT[[HEX, LATIN, HIRAGANA, KATAKANA, PROLONGED, KANJI]] = (_LATIN, _LATIN, _HIRAGANA, _KATAKANA, _KATAKANA, _KANJI)
_STARTS = np.zeros(END + 1, np.bool_)
_STARTS[[HEX, LATIN, KATAKANA, KANJI]] = True
_STOPS = _STARTS.copy()
_STOPS[END] = True
_STOPS_IN_SENTENCE = _STOPS.copy()
_STOPS_IN_SENTENCE[SENTENCE] = True
_FACTORS = np.array([pow(0x9E3779B1, n, 2**32) for n in range(1, _LONGEST + 1)], np.uint32)


@dataclass(frozen=True, slots=True)
class Words:
    """One word for each number: from `begin` to `end` in the page (equal: there is none), and its hash (0: none)."""

    begin: Ints
    end: Ints
    hash: Hashes

    def where(self, some: Ints) -> "Words":
        """Those that an index picks."""
        return Words(self.begin[some], self.end[some], self.hash[some])


def left_words(page: Characters, at: Ints) -> Words:
    """The label before each position."""
    near = _word(page, at - 1, -1, LEFT_REACH, _STOPS)
    generic = np.flatnonzero(np.isin(near.hash, _GENERIC))
    if not len(generic):
        return near
    further = before(page, near.where(generic))
    told = generic[further.hash > 0]
    begin, code = near.begin.copy(), near.hash.copy()
    begin[told] = further.begin[further.hash > 0]
    code[told] = _mixed(code[told] * np.uint32(31) + further.hash[further.hash > 0])
    return Words(begin, near.end, code)


def right_words(page: Characters, at: Ints) -> Words:
    """The word after each position."""
    return _word(page, at, 1, RIGHT_REACH, _STOPS)


def before(page: Characters, words: Words) -> Words:
    """The word before each, in the same sentence."""
    return _word(page, words.begin - 1, -1, FURTHER_REACH, _STOPS_IN_SENTENCE)


def after(page: Characters, words: Words) -> Words:
    """The word after each, in the same sentence."""
    return _word(page, words.end, 1, FURTHER_REACH, _STOPS_IN_SENTENCE)


def _word(page: Characters, at: Ints, step: int, reach: int, stops: Bools) -> Words:
    """The word that begins (or, leftwards, ends) at the first letter within reach."""
    begin, end, code = at.copy(), at.copy(), np.zeros(len(at), np.uint32)
    there, near = _nearest_letter(page, at, step, reach, stops)
    script = _SCRIPT.take(page.classes.take(near))
    latin = script == _LATIN
    fold = latin * np.uint32(0x20)
    going, changed = np.ones(len(near), np.bool_), np.zeros(len(near), np.bool_)
    size, value, before = np.zeros(len(near), np.int64), np.zeros(len(near), np.uint32), script
    for place in range(_LONGEST):
        where = near + step * place
        script = _SCRIPT.take(page.classes.take(where))
        change = script != before
        # a word ends with its script; a Japanese one may change once between katakana and kanji
        going &= ~(change & (latin | changed | (script < _KATAKANA)))
        changed |= change
        size += going
        value += (page.codes.take(where) | fold) * _FACTORS[place] * going
        before = script
    far = near + step * (size - 1)
    code[there] = _mixed(value)
    begin[there], end[there] = (far, near + 1) if step < 0 else (near, far + 1)
    return Words(begin, end, code)


def _nearest_letter(page: Characters, at: Ints, step: int, reach: int, stops: Bools) -> tuple[Ints, Ints]:
    """Which positions have a letter within reach, and where it is."""
    places: list[Ints] = []
    letters: list[Ints] = []
    left, where = np.arange(len(at)), at
    for _ in range(reach):
        classes = page.classes.take(where)
        found = _STARTS.take(classes)
        places.append(left[found])
        letters.append(where[found])
        going = ~stops.take(classes)
        left, where = left[going], where[going] + step
        if not len(left):
            break
    return np.concatenate(places), np.concatenate(letters)


def _mixed(value: Hashes) -> Hashes:
    """A hash of 20 bits, never 0."""
    value = (value ^ (value >> np.uint32(15))) * np.uint32(0x85EBCA6B)
    value = (value ^ (value >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    mixed: Hashes = np.maximum(value >> np.uint32(32 - _BITS), np.uint32(1))
    return mixed


def hash_of(word: str) -> int:
    """The hash of a single word as it stands left of a number."""
    return int(_word(characters(word), np.array([MARGIN + len(word) - 1]), -1, _NEAR, _STOPS).hash[0])


_SAYS_NOTHING_ALONE = """
    no nos number num nr nbr is was are the of to for a an and or with by on in at as from via using id code value
    ending card cards re about regarding
    番号 様 件 分 際 以下 下記 上記 先 宛 等 カード カード番号 ナンバー 値 合
"""
_GENERIC = np.array(sorted({hash_of(word) for word in _SAYS_NOTHING_ALONE.split()}), np.uint32)
