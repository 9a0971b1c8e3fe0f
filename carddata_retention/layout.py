"""A statement as people read it: parameters by name instead of value, a clause to a line, brackets indented.

Only the layout differs from what is sent. A parameter that is a bound of the night or a word of the configuration
gets the name that its meaning has; values are never shown.
"""

import copy
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

WIDTH = 116
INDENT = "  "

_TOKEN = re.compile(r"""(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|[^\s(),'"`])+|[(),]""")
_LISTED = re.compile(r"__\[POSTCOMPILE_([^\]~]+)[^\]]*\]")
_CLAUSES = ("SELECT", "FROM", "LEFT OUTER JOIN", "JOIN", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT",
            "FOR UPDATE", "SET", "DELETE FROM", "UPDATE")
_BREAKS = ("WHEN", "ELSE", "END", "AND", "OR")

Piece = str | list["Piece"]  # a word, or what stands between two brackets


def readable(statement: sa.sql.ClauseElement, dialect: sa.Dialect, names: Mapping[Any, str]) -> str:
    """The text of a statement in one dialect.

    `names` holds the values of the night and of the configuration, with the name of the meaning of each. What has no
    name there is a constant of this product, and is written out.
    """
    named = copy.copy(dialect)
    named.paramstyle, named.positional = "named", False
    named.identifier_preparer = type(dialect.identifier_preparer)(named)
    compiled: Any = statement.compile(dialect=named)
    text = _LISTED.sub(r":\1", str(compiled))
    words = {_typed(value): f":{word}" for value, word in names.items()}
    for key, bind in compiled.binds.items():
        word = words.get(_typed(bind.value)) or _constant(bind)
        text = re.sub(rf"(?<!:):{re.escape(key)}(?!\w)", word.replace("\\", r"\\"), text)
    return laid_out(text)


def _typed(value: Any) -> tuple[str, str]:
    if isinstance(value, list | tuple) and len(value) == 1:
        return _typed(value[0])
    return type(value).__name__, str(value)


def _constant(bind: sa.BindParameter[Any]) -> str:
    value = bind.value
    if bind.required or (bind.expanding and not value):
        return f":{bind.key}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_literal, value))
    return _literal(value)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def laid_out(text: str) -> str:
    """The same tokens, over as many lines as the width asks for."""
    stack: list[list[Piece]] = [[]]
    for word in _TOKEN.findall(text):
        if word == "(":
            stack.append([])
        elif word == ")":
            group = stack.pop()
            stack[-1].append(group)
        else:
            stack[-1].append(word)
    return "\n".join(_lines(stack[0], 0, whole=True))


def _flat(pieces: list[Piece]) -> str:
    out = ""
    for n, piece in enumerate(pieces):
        word = f"({_flat(piece)})" if isinstance(piece, list) else piece
        tight = not out or word == "," or (isinstance(piece, list) and _is_call(pieces[n - 1]))
        out += word if tight else f" {word}"
    return out


def _is_call(before: Piece) -> bool:
    """A bracket belongs to the function's name before it; after a keyword or an operator it stands alone."""
    return isinstance(before, str) and bool(re.fullmatch(r"[a-z_][a-z0-9_.]*|CAST", before))


def _lines(pieces: list[Piece], depth: int, *, whole: bool = False) -> list[str]:
    """Lines of at most WIDTH where that can be: broken at clauses, then at WHEN, AND, OR, then at commas."""
    pad = INDENT * depth
    starts = [n for n in range(len(pieces)) if _clause_at(pieces, n)]
    if starts and (whole or len(pad) + len(_flat(pieces)) > WIDTH):
        parts = _cut(pieces, starts)
        return [line for part in parts for line in _fitted(part, depth)]
    return _fitted(pieces, depth)


def _fitted(pieces: list[Piece], depth: int) -> list[str]:
    pad = INDENT * depth
    flat = _flat(pieces)
    if len(pad) + len(flat) <= WIDTH:
        return [pad + flat]
    for wanted in (_at_breaks(pieces), [n + 1 for n, p in enumerate(pieces) if p == ","]):
        if len(parts := _cut(pieces, wanted)) > 1:
            first, *rest = parts
            return [*_fitted(first, depth), *(line for part in rest for line in _fitted(part, depth + 1))]
    return _opened(pieces, depth)


def _opened(pieces: list[Piece], depth: int) -> list[str]:
    """The longest bracket over lines of its own; a line without brackets stays as long as it is."""
    groups = [n for n, p in enumerate(pieces) if isinstance(p, list)]
    if not groups:
        return [INDENT * depth + _flat(pieces)]
    longest = max(groups, key=lambda n: len(_flat(pieces[n:n + 1])))
    inner = pieces[longest]
    assert isinstance(inner, list)
    before, after = pieces[:longest], pieces[longest + 1:]
    opening = _flat([*before, []])[:-1]
    closing = _fitted(after, depth) if after else [INDENT * depth]
    joint = "" if after and after[0] == "," else " "
    first = closing[0].strip()
    return [INDENT * depth + opening, *_lines(inner, depth + 1),
            f"{INDENT * depth}){joint if first else ''}{first}", *closing[1:]]


def _clause_at(pieces: list[Piece], n: int) -> bool:
    ahead = " ".join(p for p in pieces[n:n + 3] if isinstance(p, str)) + " "
    behind = pieces[n - 1] if n else ""
    return not (behind in ("OUTER", "LEFT", "FOR") or (behind == "DISTINCT" and ahead.startswith("FROM "))) and any(
        ahead.startswith(f"{word} ") for word in _CLAUSES)


def _at_breaks(pieces: list[Piece]) -> list[int]:
    found, between, cases = [], False, 0
    for n, piece in enumerate(pieces):
        cases += (piece == "CASE") - (piece == "END")
        if piece == "BETWEEN":
            between = True
        elif piece == "AND" and between:
            between = False
        elif piece in _BREAKS and (piece in ("WHEN", "ELSE", "END") or not cases):
            found.append(n)
    return found


def _cut(pieces: list[Piece], starts: list[int]) -> list[list[Piece]]:
    edges = sorted({0, len(pieces), *starts})
    return [pieces[a:b] for a, b in pairwise(edges) if pieces[a:b]]
