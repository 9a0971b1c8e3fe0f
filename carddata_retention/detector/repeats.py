"""Values that come again and again, a status, a brand, a currency, are looked at once for all rows that hold them."""

from collections.abc import Sequence

import numpy as np

from carddata_retention.detector.hits import Hits
from carddata_retention.detector.look import look

_SAMPLE = 200
_FEW = 0.5  # different values among those: below it, telling them apart costs less than looking at each


def look_once(texts: Sequence[str | None], *, shapes: bool = True) -> Hits:
    """What `look` finds, but each text that comes again and again is looked at once."""
    if len(texts) < _SAMPLE or len(set(texts[:_SAMPLE])) > _FEW * _SAMPLE:
        return look(texts, shapes=shapes)
    number = {text: n for n, text in enumerate(dict.fromkeys(texts))}
    which = np.fromiter(map(number.__getitem__, texts), np.int64, len(texts))
    found = look(list(number), shapes=shapes)
    times = np.bincount(which, minlength=len(number))
    filled = int(times[np.fromiter(map(bool, number), np.bool_, len(number))].sum())
    if not len(found):
        return Hits(found.row, found.kind, found.cell, found.passes, filled)
    rows, first = np.argsort(which, kind="stable"), np.cumsum(times) - times
    each = times[found.row]  # how many rows hold the text of each candidate
    within = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
    row = rows[np.repeat(first[found.row], each) + within]
    order = np.argsort(row, kind="stable")
    candidate = np.repeat(np.arange(len(found)), each)[order]
    return Hits(row[order], found.kind[candidate], found.cell[candidate], found.passes[candidate], filled)
