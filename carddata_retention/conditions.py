"""A `where` of the configuration, tried before anything is believed of it.

It is pasted into every statement about its table. One that ends its own parentheses would mean something else there,
and one that does not fit would be refused in the middle of a night: so the text is read here and the database asked,
whenever the configuration is held against the catalogue.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.catalogue import Catalogue
from carddata_retention.errors import ConfigError
from carddata_retention.forms import sql_condition
from carddata_retention.moments import Condition
from carddata_retention.redact import Trouble, safe, trouble
from carddata_retention.sections import nearest

# What is no code: text in quotes, names in quotes, comments. MariaDB executes what stands in /*! */ and /*M! */.
_BLOCK = r"/\*(?!M?!).*?\*/"
_PLAIN = r"'(?:[^']|'')*'"
_ESCAPED = r"'(?:[^'\\]|\\.|'')*'"
_NAME = r'"(?:[^"]|"")*"'
_BACKTICKS = r"`(?:[^`]|``)*`"
_NO_CODE = {dialect: re.compile("|".join(pieces), re.DOTALL) for dialect, pieces in {
    "sqlite": (_PLAIN, _NAME, _BACKTICKS, r"\[[^\]]*\]", r"--[^\n]*", _BLOCK),
    "postgresql": (rf"(?<!\w)[Ee]{_ESCAPED}", _PLAIN, _NAME, r"(?<!\w)(?P<tag>\$\w*\$).*?(?P=tag)", r"--[^\n]*",
                   _BLOCK),
    "mariadb": (_ESCAPED, r'"(?:[^"\\]|\\.|"")*"', _BACKTICKS, r"--(?=\s|\Z)[^\n]*", r"#[^\n]*", _BLOCK),
}.items()}
_ROW_NUMBERS = frozenset(("rowid", "oid", "_rowid_"))  # beside another table SQLite knows them no more
NOTHING = sa.literal(1) == 0


def condition(catalogue: Catalogue, table: sa.FromClause, text: str, word: str, key: str) -> Condition:
    """The declared condition as SQL. Raises ConfigError, which names its `key`, where it is none of this table."""
    _one_condition(text, catalogue.dialect, key)
    found = sql_condition(text, word)
    for statement in (readable(table, found), standing_alone(table, text)):
        try:
            with catalogue.connection.begin_nested(), columns_read(catalogue.connection) as read:
                catalogue.connection.execute(statement)
        except SQLAlchemyError as refused:
            if trouble(refused) in (Trouble.OTHER, Trouble.MISSING):
                raise _refused(text, catalogue.dialect, table, key, refused) from None
            break  # a right that is missing has an error of its own, which is told where rights are asked for
        names_only_columns(text, catalogue.dialect, read, _columns(table), key)
    return found


def readable(table: sa.FromClause, found: Condition | None) -> sa.Select[Any]:
    """May we read a table, and what its condition names; no row is."""
    return sa.select(*table.c).where(NOTHING, *(() if found is None else (found,)))


def standing_alone(table: sa.FromClause, text: str) -> sa.Select[Any]:
    """A statement that no text survives which ends its own parentheses, for here it stands in a SELECT's."""
    bare: Condition = sa.literal_column(f"\n{text}\n", sa.Boolean())
    inner = sa.select(sa.literal(1).label("carddata_one")).select_from(table).where(bare).subquery("carddata_alone")
    return sa.select(inner.c.carddata_one).where(NOTHING)


def not_alone(text: str, dialect: str) -> str | None:
    """Why a text is not one expression whose quotes, comments and parentheses end in it; None where it is one."""
    code = _NO_CODE[dialect].sub(" ", text)
    depth = 0
    for character in code:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            break
    if depth:
        return "its parentheses do not balance"
    if ";" in code:
        return "a semicolon stands in it"
    if any(mark in code for mark in ("'", '"', "/*")) or (dialect != "postgresql" and "`" in code):
        return "a quote or a comment in it does not end"
    return None if code.strip() else "it says nothing"


def _one_condition(text: str, dialect: str, key: str) -> None:
    if wrong := not_alone(text, dialect):
        raise ConfigError("condition_refused", f"{key}: {wrong}.",
                          cure="Write one SQL condition, such as: status = 'real' AND (kind = 'card' OR kind IS NULL)")


def _refused(text: str, dialect: str, table: sa.FromClause, key: str, refused: SQLAlchemyError) -> ConfigError:
    columns, name, hint = _columns(table), _said(table), ""
    known = {c.casefold() for c in columns}
    for word in re.findall(r"(?<![\w.])[^\W\d]\w*(?![\w.]|\s*\()", _NO_CODE[dialect].sub(" ", text)):
        if trouble(refused) is Trouble.MISSING and word.casefold() not in known and difflib.get_close_matches(
                word.casefold(), known, n=1, cutoff=0.75):
            hint = f" {word} is no column of {name}{nearest(word, columns)}."
            break
    return ConfigError("condition_refused", f"{key}: the database refuses it ({safe(refused)}).{hint}",
                       cure=f"Mend it; what it selects from {name} can be tried by hand with this login.")


def _columns(table: sa.FromClause) -> list[str]:
    # All that the table has, where the catalogue put them there; else those that are bound.
    bound: Any = getattr(table, "element", table)
    return list(bound.info.get("columns", bound.c.keys()))


def _said(table: sa.FromClause) -> str:
    bound: Any = getattr(table, "element", table)
    return str(bound.fullname)


# SQLite takes a name in double quotes that it does not know for a text, and says nothing


@contextmanager
def columns_read(connection: Connection) -> Iterator[set[str]]:
    """The tables and columns that SQLite finds in the statements inside; always empty on the other databases."""
    found: set[str] = set()
    if connection.dialect.name != "sqlite":
        yield found
        return
    raw: Any = connection.connection.driver_connection

    def note(_action: int, table: str | None, column: str | None, *_where: str | None) -> int:
        found.update(name.casefold() for name in (table, column) if name)
        return 0

    raw.set_authorizer(note)
    try:
        yield found
    finally:
        raw.set_authorizer(None)


def names_only_columns(text: str, dialect: str, read: Iterable[str], columns: Iterable[str], key: str) -> None:
    """Raises ConfigError for a name in double quotes that is no column, which SQLite takes for a text that never fits.

    A name with a dot before or after it, and one that AS has given, never becomes a text.
    """
    if dialect != "sqlite":
        return
    known = {c.casefold() for c in columns} | (set(read) - _ROW_NUMBERS)
    known |= {m.casefold() for m in re.findall(r'(?i)\bAS\s+"((?:[^"]|"")*)"', text)}
    for piece in _NO_CODE[dialect].finditer(text):
        word = piece.group()[1:-1].replace('""', '"')
        dotted = text[:piece.start()].rstrip().endswith(".") or text[piece.end():].lstrip().startswith(".")
        if piece.group()[0] != '"' or dotted or word.casefold() in known:
            continue
        raise ConfigError("column_missing", f'{key} names "{word}", which is no column there'
                          f"{nearest(word, columns)}.", cure="Mend the name; a text stands in single quotes: 'closed'.")
