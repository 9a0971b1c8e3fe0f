"""One place on a disk, and the question to a server that may have no answer."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

State = Literal["possible", "none", "unknown"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trace:
    """Whether removed values may still lie in one place; `until` says what ends that by itself, `cure` what does now.

    `unknown` is a place that this login may not look into: whoever may must be asked.
    """

    place: str
    target: str | None
    state: State
    until: str | None
    why: str
    cure: str

    def as_json(self) -> dict[str, Any]:
        """The same as one JSON object."""
        return asdict(self)


def asked(connection: Connection, query: str, read: Callable[[Any], T], **values: Any) -> T | None:
    """`read` of the first row of an answer; None where this login may not ask or nothing comes back."""
    try:
        with connection.begin_nested():
            row = connection.execute(sa.text(query), values).first()
    except SQLAlchemyError:
        return None
    return None if row is None else read(row)


def size(number: int | None) -> str:
    """Bytes as people read them."""
    if number is None:
        return "unknown size"
    for unit in ("B", "KiB", "MiB"):
        if number < 1024:
            return f"{number:,} {unit}"
        number //= 1024
    return f"{number:,} GiB"
