"""One page of values in, candidates out: the scanner, and everything that a candidate's surroundings say."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from carddata_retention.detector.cells import Feature, pack
from carddata_retention.detector.characters import MARGIN, NUL, UNSEEN, Characters, characters
from carddata_retention.detector.context import Places, features, is_opaque, is_track
from carddata_retention.detector.hits import Hits
from carddata_retention.detector.kinds import Kind
from carddata_retention.detector.labelled import beside, labelled, security_codes
from carddata_retention.detector.masks import masked
from carddata_retention.detector.runs import runs_of
from carddata_retention.detector.unwrap import unpack, unwrap, without_invisible
from carddata_retention.detector.wholes import wholes
from carddata_retention.detector.windows import windows_of
from carddata_retention.detector.words import said_of

Ints = npt.NDArray[np.int64]
Cells = npt.NDArray[np.uint64]

_NO_TEXT = re.compile("[\x80-\x9f\uf8f0-\uf8f3]")  # what CP932 makes of bytes that it does not know
_NO_ROOM = 28
"""Characters: a row this short holds a number and nothing beside it."""
_APART = "\x01"


def decode(raw: bytes) -> str | None:
    """The text of bytes: UTF-8, else CP932; None where they are neither."""
    for encoding in ("utf-8", "cp932"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if _NO_TEXT.search(text) else text
    return None


def look(texts: Sequence[str | None], *, shapes: bool = True) -> Hits:
    """Candidates in one page of values of one column, or lines of a file. Integers come as their decimal text.

    Without `shapes` a value's own form is no candidate: three digits, or two words. Only the name of a column makes a
    security code or a holder of them (`Opinion`), so nothing is lost where it says nothing of the kind.
    """
    rows, joined = _page(texts)
    page = characters(joined)
    if not joined.isascii() and (page.classes == UNSEEN).any():
        rows = without_invisible(rows)
        joined = NUL.join(rows)
        page = characters(joined)
    packed = unpack(page)
    if packed:
        rows, page = _unpacked(rows, packed)
    size = np.fromiter(map(len, rows), np.int64, len(rows))
    begin = np.cumsum(size + 1) - size - 1 + MARGIN
    at, cells, passes = _numbers(page)
    found = [(at, cells, passes)]
    codes = security_codes(page)
    near = [masked(page), (codes, labelled(Kind.CVV, len(codes)))]
    holding = np.zeros(len(size), np.bool_)
    holding[np.searchsorted(begin, np.concatenate((at[passes], near[0][0], codes)), side="right") - 1] = True
    holding &= size > _NO_ROOM
    if holding.any():
        near += beside(page, begin, holding)
    if shapes:
        near += wholes(page, begin, size)
    found += [(places, some, np.ones(len(places), np.bool_)) for places, some in near if len(places)]
    at, cells, passes = (np.concatenate(part) for part in zip(*found, strict=True))
    row = np.searchsorted(begin, at, side="right") - 1
    if len(found) > 1:
        order = np.argsort(row, kind="stable")
        row, cells, passes = row[order], cells[order], passes[order]
    return Hits(row, (cells >> np.uint64(60)).astype(np.uint8), cells, passes, int(np.count_nonzero(size)))


def _page(texts: Sequence[str | None]) -> tuple[Sequence[str], str]:
    try:
        rows: Sequence[str] = texts  # type: ignore[assignment]  # the join tells
        joined = NUL.join(rows)
    except TypeError:
        rows = [t or "" for t in texts]
        joined = NUL.join(rows)
    return unwrap(rows, joined)


def _unpacked(rows: Sequence[str], packed: list[tuple[int, str]]) -> tuple[Sequence[str], Characters]:
    """The page once more, with what base64 held behind the row that held it."""
    ends = np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)) + 1) + MARGIN
    more = list(rows)
    for place, plain in packed:
        more[int(np.searchsorted(ends, place, side="right"))] += _APART + plain
    again, joined = unwrap(more, NUL.join(more))
    return again, characters(joined)


def _numbers(page: Characters) -> tuple[Ints, Cells, npt.NDArray[np.bool_]]:
    """Where the numbers begin, their cells, and whether they pass Luhn."""
    runs = runs_of(page.classes)
    found = windows_of(runs)
    if not len(found):
        return found.first, np.zeros(0, np.uint64), found.passes
    places = Places.of(page, runs, found)
    track = is_track(page, runs, found, places)
    opaque = is_opaque(page, found, places) & ~track
    if opaque.any():
        found, places, track = found.where(~opaque), places.where(~opaque), track[~opaque]
    bits = features(page, runs, found, places)
    said, left, right = said_of(page, places.start, places.end)
    cells = pack(Kind.CARD_NUMBER, found.length, said, bits, left, right)
    cells[found.test] = pack(Kind.TEST_NUMBER, found.length[found.test], said[found.test], bits[found.test], 0, 0)
    cells[track] = pack(Kind.TRACK, found.length[track], 0, int(Feature.ISSUED), 0, 0)
    return places.start, cells, found.passes
