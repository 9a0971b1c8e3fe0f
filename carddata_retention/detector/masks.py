"""Numbers of which only some digits are shown: 411111******1111, ****-****-****-1111, XXXX XXXX XXXX 1234.

The scanner of numbers runs once more with masks counted as digits; then at least four places must be masked and the
last four shown. A short mask (**** 1111) counts only where the label speaks of a card.
"""

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.cells import Feature, pack
from carddata_retention.detector.characters import MASK, Characters
from carddata_retention.detector.kinds import Kind
from carddata_retention.detector.labels import left_words
from carddata_retention.detector.lexicon import Said
from carddata_retention.detector.runs import Runs, following, runs_of
from carddata_retention.detector.windows import disjoint
from carddata_retention.detector.words import said_by_words
from carddata_retention.issuers import GROUPS, LONGEST

Ints = npt.NDArray[np.int64]
Found = tuple[Ints, npt.NDArray[np.uint64]]

_WIDE_CROSSES = "ｘＸ×"
_LAST = 4
_SHORTEST = 8
_SHORTEST_SURE = 14  # 13 masked places may as well be a corporate number
_FIRST_DIGITS = np.isin(np.arange(10), (2, 3, 4, 5, 6, 8))


def masked(page: Characters) -> Found:
    """Where the masked numbers of a page begin, and their cells."""
    hidden = page.classes == MASK
    crosses = [page.places("x")]
    wide = [x for x in _WIDE_CROSSES if x in page.text and x * _LAST in page.text]  # one character is found fast
    crosses += [np.flatnonzero(page.codes == ord(cross)) for cross in wide]
    for places in crosses:
        if len(places) >= _LAST and (places[_LAST - 1 :] - places[: 1 - _LAST] == _LAST - 1).any():
            hidden[places] = True
    if not (hidden[1:] & hidden[:-1]).any():
        return np.zeros(0, np.int64), np.zeros(0, np.uint64)
    classes = np.where(hidden, 0, page.classes).astype(np.uint8)
    runs = runs_of(classes)
    masks = np.concatenate(([0], np.cumsum(hidden)))
    first, last = _readings(runs)
    begin, finish = runs.start.take(first).astype(np.int64), runs.end(last)
    count = masks[finish] - masks[begin]
    shown = masks[finish] == masks[finish - _LAST]
    leading = page.classes[begin]
    plausible = hidden[begin] | _FIRST_DIGITS[np.minimum(leading, 9)]
    good = (count >= _LAST) & shown & plausible
    return _celled(page, begin[good], _sizes(runs, first[good], last[good]))


def _readings(runs: Runs) -> tuple[Ints, Ints]:
    """First and last runs of single runs and of groups, each run in one reading at most."""
    single = np.flatnonzero((runs.size >= _SHORTEST) & (runs.size <= LONGEST))
    begin = np.flatnonzero(runs.links(np.arange(len(runs))))
    reach, link = np.ones(len(begin), np.int64), runs.links(begin)
    for step in range(1, 4):
        reach += (reach == step) & (runs.links(begin + step) == link)
    parts = [(single, 1), *((at, len(g)) for g, at in following(runs.size, begin, reach, GROUPS | {(4, 4)}))]
    first = np.concatenate([at for at, _ in parts])
    last = np.concatenate([at + count - 1 for at, count in parts])
    order = np.lexsort((-last, first))
    order = order[disjoint(first[order], last[order])]
    return first[order], last[order]


def _sizes(runs: Runs, first: Ints, last: Ints) -> Ints:
    """How many places each reading has."""
    total = np.concatenate(([0], np.cumsum(runs.size)))
    places: Ints = total[last + 1] - total[first]
    return places


def _celled(page: Characters, begin: Ints, size: Ints) -> Found:
    words = left_words(page, begin)
    said = said_by_words(page, words)
    labelled = (said == Said.CARD) | (said == Said.PAYMENT)
    short = size < _SHORTEST_SURE
    bits = labelled * int(Feature.LABELLED) + short * int(Feature.PART)
    return begin, pack(Kind.MASKED, size, said, bits, words.hash, 0)
