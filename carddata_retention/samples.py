"""A first look at what stands in the service ends, for `check`: whether it is what the configuration says it is.

A column that nobody can read and a status that nobody has keep every record for ever, and each night says 0. No end
ever leaves the database; of the status only a few short words do, and only where they can be words.
"""

import re
from collections import Counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention import settings
from carddata_retention.errors import ConfigError
from carddata_retention.schema import BoundService, BoundTarget
from carddata_retention.services import ServiceSource

ENDS = 300
WORDS, LETTERS = 10, 20


def ends_are_as_declared(connection: Connection, service: BoundService) -> None:
    """Raises ConfigError where not one of a few hundred ends can be read and believed as it is declared."""
    for source in dict.fromkeys(service.sources):
        _is_as_declared(connection, source)


def _is_as_declared(connection: Connection, source: ServiceSource) -> None:
    seen = sa.case((source.end.unreadable(), "unreadable"), (source.implausible(), "implausible"), else_="read")
    rows = sa.select(seen).select_from(source.source).where(
        source.condition, sa.not_(source.end.missing()), sa.not_(source.end.infinite())).limit(ENDS)
    found = Counter(connection.execute(rows).scalars())
    if not found or found["read"]:
        return
    column, total = source.trigger_column, found.total()
    how = " and ".join(f"{number} {words}" for kind, words in (
        ("unreadable", "cannot be read"), ("implausible", "lie before earliest")) if (number := found[kind]))
    raise ConfigError("ends_not_as_declared", f"[service_end]: of {total} ends looked at in {column}, {how}: none is "
                      "what kind, zone and encoding say, and nothing would ever be removed.",
                      cure=f'Say what {column} holds: kind = "instant" or "inclusive-date", encoding = "unix-ms", …')


def days_are_as_declared(connection: Connection, bound: BoundTarget) -> None:
    """Raises ConfigError where not one of a few hundred acquisitions of a target can be read as it is declared."""
    target = bound.target
    if target.created is None or bound.declared.created is None:
        return
    seen = sa.case((target.created.unreadable(), "unreadable"), else_="read")
    rows = sa.select(seen).select_from(target.table).where(
        target.in_scope(), sa.not_(target.created.missing()), sa.not_(target.created.infinite())).limit(ENDS)
    found = Counter(connection.execute(rows).scalars())
    if found and not found["read"]:
        column = bound.declared.created.column
        raise ConfigError("created_not_as_declared", f"Target {target.name}: of {found.total()} acquisitions looked at "
                          f"in {column} none is what created says, so no version would decide any record.",
                          cure=f'Say what {column} holds: created = {{ column = "{column}", encoding = "unix" }}, …')


def words_occur(connection: Connection, config: settings.Config, service: BoundService) -> None:
    """Raises ConfigError where a value of `terminated` stands in no row."""
    section, source = config.service_end, service.source
    if section.status is None or source.status is None:
        return
    any_row = sa.select(sa.literal(1)).select_from(source.source).where(source.condition)
    if connection.execute(any_row.limit(1)).first() is None:
        return  # an empty table has an error of its own
    for word, value in zip(section.terminated, source.terminated, strict=True):
        if connection.execute(any_row.where(source.status.in_([value])).limit(1)).first() is None:
            raise ConfigError("terminated_unknown", f"service_end.terminated names {word!r}, which stands in no row of "
                              f"{section.status}. {_others(connection, config, service, section.status)}",
                              cure="Write each value as it stands there, capitals and blanks included, and no other.")


def _others(connection: Connection, config: settings.Config, service: BoundService, status: str) -> str:
    """The values that do stand there, where they are few, short, and words."""
    column: sa.ColumnElement[Any] = service.source.source.c[status]
    rows = sa.select(column).distinct().select_from(service.source.source).where(
        service.source.condition, column.is_not(None)).limit(WORDS + 1)
    found = sorted({str(value) for value in connection.execute(rows).scalars()})
    holds_cards = any(status in t.fields.columns for t in config.targets)
    if len(found) > WORDS or holds_cards or not all(_is_word(text) for text in found):
        return "What stands there is not repeated: it is too much, too long, or no word."
    return f"There stand: {', '.join(repr(text) for text in found)}."


def _is_word(text: str) -> bool:
    return len(text) <= LETTERS and re.fullmatch(r"(?:[^\W\d]+(?:[ -][^\W\d]+)*)?|\d{1,3}", text.strip()) is not None
