"""A statement as people read it: parameters by name instead of value, a clause to a line, brackets indented.

Only the layout differs from what is sent. A bound of the night gets the name that its meaning has; keys and subjects
have no value here at all.
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
_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")
_LISTED = re.compile(r"__\[POSTCOMPILE_([^\]~]+)[^\]]*\]")
_CLAUSES = ("SELECT", "FROM", "LEFT OUTER JOIN", "JOIN", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT",
            "FOR UPDATE", "SET", "DELETE FROM", "UPDATE")

Piece = str | list["Piece"]  # a word, or what stands between two brackets


def readable(statement: sa.sql.ClauseElement, dialect: sa.Dialect, names: Mapping[Any, str]) -> str:
    """The text of a statement in one dialect.

    `names` holds the values that are the night's, each with the name of its meaning. What has no name there is a
    word of the configuration or a constant of this product, and is written out.
    """
    named = copy.copy(dialect)
    named.paramstyle, named.positional = "named", False
    vars(named)["_bind_typing_render_casts"] = False  # a cast of each parameter is the driver's business
    named.identifier_preparer = type(dialect.identifier_preparer)(named)
    compiled: Any = statement.compile(dialect=named)
    text = _LISTED.sub(r":\1", str(compiled))
    words = {_typed(value): f":{word}" for value, word in names.items()}
    shown = {key: words.get(_typed(bind.value)) or _constant(bind, dialect.name)
             for key, bind in compiled.binds.items()}
    return laid_out(_PARAMETER.sub(lambda found: shown.get(found[1], found[0]), text))


def _typed(value: Any) -> tuple[str, str]:
    if isinstance(value, list | tuple) and len(value) == 1:
        return _typed(value[0])
    return type(value).__name__, str(value)


def _constant(bind: sa.BindParameter[Any], dialect: str) -> str:
    value = bind.value
    if bind.required or (bind.expanding and not value):
        return f":{bind.key}"
    if isinstance(value, list | tuple):
        return ", ".join(_literal(v, dialect) for v in value)
    return _literal(value, dialect)


def _literal(value: Any, dialect: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    text = str(value).replace("'", "''")
    if text.isprintable():
        return f"'{text}'"
    # A tab or a line end in a script would be lost on the way: each database has its own way to write it.
    if dialect == "sqlite":
        return " || ".join(f"char({ord(c)})" for c in str(value))
    return f"{'E' if dialect == 'postgresql' else ''}'{text.encode('unicode_escape').decode()}'"


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
    return isinstance(before, str) and bool(re.fullmatch(r"[a-z_][a-z0-9_.]*|CAST|EXTRACT", before))


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
    items = _cut(pieces, [n + 1 for n, p in enumerate(pieces) if p == ","])
    if len(items) > 1:
        return _listed(items, depth)
    first, *rest = _cut(pieces, _at_breaks(pieces))
    if not rest:
        return _opened(pieces, depth)
    return [*_fitted(first, depth), *(line for part in rest
                                      for line in _fitted(part, depth if part[0] == "END" else depth + 1))]


def _listed(items: list[list[Piece]], depth: int) -> list[str]:
    """What commas part: short items side by side, a long one over lines of its own."""
    lines: list[str] = []
    inner = depth + 1 if items[0][0] in _CLAUSES else depth
    for n, item in enumerate(items):
        made = _fitted(item, inner if n else depth)
        if lines and len(made) == 1 and len(lines[-1]) + len(made[0].strip()) < WIDTH and not lines[-1].endswith("),"):
            lines[-1] += f" {made[0].strip()}"
        else:
            lines += made
    return lines


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
    """Whether a clause begins here; the FROM of LEFT OUTER JOIN, DELETE FROM or IS DISTINCT FROM does not."""
    behind = pieces[n - 1] if n else ""
    if isinstance(pieces[n], list) or behind in ("OUTER", "LEFT", "FOR", "DELETE", "DISTINCT"):
        return False
    ahead = " ".join(p for p in pieces[n:n + 3] if isinstance(p, str)) + " "
    return any(ahead.startswith(f"{word} ") for word in _CLAUSES)


def _at_breaks(pieces: list[Piece]) -> list[int]:
    """Where AND and OR stand, outside any CASE; where there is none, the arms of the outermost CASE."""
    joints, arms, between, cases = [], [], False, 0
    for n, piece in enumerate(pieces):
        cases += (piece == "CASE") - (piece == "END")
        if piece == "BETWEEN":
            between = True
        elif piece == "AND" and between:
            between = False
        elif piece in ("AND", "OR") and n and not cases:
            joints.append(n)
        elif (piece in ("WHEN", "ELSE") and cases == 1) or (piece == "END" and not cases):
            arms.append(n)
    return joints or arms


def _cut(pieces: list[Piece], starts: list[int]) -> list[list[Piece]]:
    edges = sorted({0, len(pieces), *starts})
    return [pieces[a:b] for a, b in pairwise(edges) if pieces[a:b]]
