"""A last look before anything is published: does something in it have the shape of a card number?

A candidate is 13 to 19 decimal digits of any script and width, with or without separators, that some issuer may
have issued (`issuers`) and that passes the Luhn check. What must not cry wolf is told apart by its shape, not by its
place: digests and UUIDs are cut out whole; dates, thousands and times do not have the groups of a card.
The scan never repeats what it found. `discover` is the thorough search; this one guards the door.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Iterator
from html import unescape
from typing import Any

from carddata_retention.issuers import issued, luhn

_DIGEST = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?=[0-9]*[a-fA-F])(?:[0-9a-fA-F]{128}|[0-9a-fA-F]{96}|[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32}))"
    r"(?![0-9A-Za-z])"
)
_CHAIN = re.compile(r"[0-9]+(?:[^0-9A-Za-z]{1,2}[0-9]+)*")
_CARD_GROUPS = {(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (4, 4, 4, 4, 1), (4, 6, 5), (4, 6, 4), (4, 4, 5)}


def _plain(text: str) -> str:
    """Every decimal digit as ASCII, invisible characters gone."""
    if text.isascii():
        return text
    out = []
    for char in unicodedata.normalize("NFKC", text):
        value = unicodedata.decimal(char, None)
        if value is not None:
            out.append(str(value))
        elif unicodedata.category(char) != "Cf":
            out.append(char)
    return "".join(out)


def _laid_out_like_a_card(groups: list[str], gaps: list[str]) -> bool:
    if not gaps:
        return True
    if tuple(map(len, groups)) in _CARD_GROUPS:
        return True
    return len(set(gaps)) == 1 and gaps[0] not in (",", ", ", ".") and len(set(map(len, groups[:-1]))) == 1


def _candidates(chain: str) -> Iterator[str]:
    """Runs of whole groups within a chain of digits that have 13 to 19 digits together."""
    groups = re.findall(r"[0-9]+", chain)
    gaps = re.findall(r"[^0-9]+", chain)
    for first in range(len(groups)):
        size = 0
        for last in range(first, len(groups)):
            size += len(groups[last])
            if size > 19:
                break
            if size >= 13 and _laid_out_like_a_card(groups[first : last + 1], gaps[first:last]):
                yield "".join(groups[first : last + 1])


def has_card_number(text: str) -> bool:
    """Whether something in `text` has the shape of a card number."""
    plain = _DIGEST.sub(" # ", _plain(text))
    return any(
        issued(digits) and luhn(digits) and len(set(digits)) > 1
        for chain in _CHAIN.findall(plain)
        for digits in _candidates(chain)
    )


def in_document(content: bytes) -> bool:
    """The same question about a file that is about to be published: entities resolved, invisible breaks closed.

    A break would cut a reference in two digit runs that look like numbers, and a number in two that do not.
    """
    return has_card_number(unescape(content.decode()).replace("<wbr>", ""))


def in_value(value: Any, place: str, unpublished: frozenset[str]) -> str | None:
    """The place of the first text of a frozen result that has the shape of a card number; None is well."""
    if isinstance(value, str):
        return place if has_card_number(value) else None
    inner: Iterator[tuple[str, Any]]
    if dataclasses.is_dataclass(value):
        names = (f.name for f in dataclasses.fields(value) if f.name not in unpublished)
        inner = ((f"{place}.{name}", getattr(value, name)) for name in names)
    elif isinstance(value, tuple | list):
        inner = ((f"{place}[{i}]", item) for i, item in enumerate(value))
    elif hasattr(value, "items"):
        inner = (pair for i, (key, item) in enumerate(value.items())
                 for pair in ((f"{place} key {i}", key), (f"{place} entry {i}", item)))
    else:
        return None
    return next((found for where, item in inner if (found := in_value(item, where, unpublished))), None)
