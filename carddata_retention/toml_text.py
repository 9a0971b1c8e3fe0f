"""Pieces of a configuration as TOML, for what this program proposes: `discover` and `init` write them alike."""

import json
from collections.abc import Sequence

UNKNOWN = "FILL IN"
"""Stands where a person must decide; `config.load` refuses a file that still says so."""

Way = tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...]
"""How a row leads to its subject: hops of (columns here, table, columns there)."""


def quoted(value: str) -> str:
    """A string."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def listed(values: Sequence[str]) -> str:
    """An array of strings."""
    return f"[{', '.join(map(quoted, values))}]"


def one_or_list(values: Sequence[str]) -> str:
    """One string, or an array of several."""
    return quoted(values[0]) if len(values) == 1 else listed(values)


def subject_of(way: Way) -> str:
    """`subject = …` of a target: the columns themselves, or the path through other tables."""
    if len(way) == 1:
        return one_or_list(way[0][0])
    hops = ", ".join(f"{{ table = {quoted(parent)}, from = {listed(here)}, to = {listed(there)} }}"
                     for here, parent, there in way[:-1])
    return f"{{ column = {quoted(way[-1][0][0])}, through = [{hops}] }}"


def free_name(name: str, taken: set[str]) -> str:
    """A target's name, made of its table's, that none of `taken` is."""
    plain = "".join(c if c.isalnum() or c in "_ .-" else "_" for c in name)[:60] or "found"
    return next(n for n in (plain, *(f"{plain}-{i}" for i in range(2, len(taken) + 3))) if n not in taken)
