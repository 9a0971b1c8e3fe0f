"""A record's key as the ledger writes it, and a record's own deadline.

The key is one text, whatever the columns of the key are.

One column is its own text; several are joined by U+001F, which no key holds. People read and write a JSON array
instead. The same text comes out of `tables.Target.key_text` in SQL.
"""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from carddata_retention.errors import FailedError, UsageError
from carddata_retention.model import Deadline, Status
from carddata_retention.policy import Policy
from carddata_retention.tables import KEY_SEPARATOR, Decider, Target

Column = sa.ColumnElement[Any]

# Types that do not read back what they write.
READ: dict[type, Callable[[str], Any]] = {
    bytes: bytes.fromhex, bool: {"True": True, "False": False}.__getitem__, UUID: UUID,
    date: date.fromisoformat, datetime: datetime.fromisoformat, time: time.fromisoformat,
}


def key_text(values: Sequence[Any]) -> str:
    """The ledger's text of a fetched key."""
    return KEY_SEPARATOR.join(v.hex() if isinstance(v, bytes) else str(v) for v in values)


def typed(column: Column, text: str) -> Any:
    """One part of a key, as the column's own type binds it. Raises ValueError."""
    if isinstance(column.type, sa.types.NullType):
        return text  # SQLite: the column's affinity converts the text
    try:
        python = column.type.python_type
    except NotImplementedError:
        return text  # a type of the database's own: it reads what it wrote
    return READ.get(python, python)(text)


def key_values(target: Target, text: str) -> tuple[Any, ...]:
    """A key's text turned back into what a statement binds. Raises ValueError where it does not fit."""
    parts = text.split(KEY_SEPARATOR)
    return tuple(typed(c, p) for c, p in zip(target.key, parts, strict=True))


def key_from_person(target: Target, given: str) -> str:
    """KEY of the command line: the value, or a JSON array for a composite key. Raises UsageError."""
    parts: list[Any] = [given]
    if len(target.key) > 1:
        try:
            parts = json.loads(given)
        except ValueError:
            parts = []
    try:
        text = key_text(parts)
        key_values(target, text)
    except (ValueError, TypeError, KeyError, ArithmeticError):
        names = ", ".join(str(c.key) for c in target.key)
        raise UsageError("key_form", f"The key of {target.name} is ({names}); what was given is not one.",
                         cure='Give the value, or a JSON array for a composite key: \'["a", 1]\'') from None
    return text


def key_for_person(text: str) -> str:
    """The form in which people read a key."""
    parts = text.split(KEY_SEPARATOR)
    return parts[0] if len(parts) == 1 else json.dumps(parts, ensure_ascii=False)


def last_end(decider: Decider, fetched: Any) -> datetime | date | None:
    """The last of the fetched ends of a record's subjects, as the rule reads it."""
    form = decider.service.end
    return max((form.read(value) for value in fetched if value is not None), default=None)


def own_deadline(decider: Decider, policy: Policy, status: Status, fetched: Any) -> Deadline | None:
    """A candidate's own deadline by the rule; None for a request about a record without a usable end."""
    end = last_end(decider, fetched)
    deadline = policy.deadline(end, decider.service.end.reading) if end is not None else None
    if status is not Status.REQUESTED and (deadline is None or deadline.first_purgeable_day > policy.as_of):
        raise FailedError(
            "cutoff_disagrees",
            f"Target {decider.target.name}: the cutoff chose a record whose own deadline has not come.",
            not_done="The run stopped; nothing further was removed.",
            cure="Keep the database as it is and report this as a bug with the policy section of the file.",
        )
    return deadline
