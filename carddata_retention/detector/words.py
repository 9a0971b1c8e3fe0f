"""What is said of each number of a page: by its label, or else by the words around it."""

from typing import Final

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.characters import Characters
from carddata_retention.detector.labels import Hashes, Words, after, before, left_words, right_words
from carddata_retention.detector.lexicon import Said, said_by

Ints = npt.NDArray[np.int64]

_SLOTS: Final = 1 << 12
_FURTHER: Final = 4
"""So many words before the label, and as many after the number, are asked where the label says nothing."""


def said_by_words(page: Characters, words: Words) -> Ints:
    """What each word says, as `Said`; asked once for each distinct word."""
    said = np.zeros(len(words.hash), np.int64)
    table, meaning = np.empty(_SLOTS, np.int64), np.empty(_SLOTS, np.int64)
    left = np.flatnonzero(words.hash)
    while len(left):  # once, and once more for words that share a slot of the table
        hashes = words.hash.take(left)
        slot = hashes & (_SLOTS - 1)
        table[slot] = left
        spokesman = table.take(slot)
        distinct = np.flatnonzero(spokesman == left)
        begins, ends = words.begin[left[distinct]].tolist(), words.end[left[distinct]].tolist()
        meaning[slot[distinct]] = [said_by(_whole(page.text, a, b)) for a, b in zip(begins, ends, strict=True)]
        same = words.hash.take(spokesman) == hashes
        said[left[same]] = meaning.take(slot[same])
        left = left[~same]
    return said


def _whole(text: str, begin: int, end: int) -> str:
    """A word with the letters that the hash left out, before it or behind."""
    while text[begin - 1].isascii() and text[begin - 1].isalpha() and text[begin].isascii():
        begin -= 1
    while text[end].isascii() and text[end].isalpha() and text[end - 1].isascii():
        end += 1
    return text[begin:end]


def said_of(page: Characters, start: Ints, end: Ints) -> tuple[Ints, Hashes, Hashes]:
    """What is said of each number, the hash of its label, and that of the word behind it where the label says nothing.

    Where the label says nothing the nearest word around that says something decides.
    """
    left = left_words(page, start)
    said, right = said_by_words(page, left), np.zeros(len(start), np.uint32)
    unclear = np.flatnonzero(said == Said.NOTHING)
    sides = [left.where(unclear), right_words(page, end[unclear])]
    right[unclear] = sides[1].hash
    for step in range(_FURTHER):
        for side, further in enumerate((before, after)):
            silent = np.flatnonzero((sides[0].hash > 0) | (sides[1].hash > 0))
            unclear, sides = unclear[silent], [words.where(silent) for words in sides]
            if not len(unclear):
                return said, left.hash, right
            if step or further is before:
                sides[side] = further(page, sides[side])
            told = said_by_words(page, sides[side])
            said[unclear] = told
            silent = np.flatnonzero(told == Said.NOTHING)
            unclear, sides = unclear[silent], [words.where(silent) for words in sides]
    return said, left.hash, right
