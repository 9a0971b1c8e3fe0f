"""The section that says what discovery reads, and which of its findings somebody has answered for."""

from datetime import date
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from carddata_retention.sections import Section

# The classes of a finding, and `not-read`: a place that nobody could look into may be answered for too.
FindingClass = Literal["card-number", "test-number", "masked-number", "token", "holder", "expiry", "cvv", "track",
                       "pin-block", "not-read"]
CLASSES: tuple[str, ...] = get_args(FindingClass)


def _said(text: Any) -> Any:
    if isinstance(text, str) and not text.strip():
        raise ValueError("is empty; say it in words that somebody else understands")
    return text


Said = Annotated[str, BeforeValidator(_said)]


class Suppression(Section):
    """One finding that is known and answered for, until a day."""

    place: Said
    class_: FindingClass = Field(alias="class")
    reason: Said
    owner: Said
    expires: date


class Discovery(Section):
    """What `discover` reads beside the schemas of the targets, what it remembers, and what is answered for."""

    nightly_minutes: float | None = Field(None, gt=0)
    schemas: list[str] = Field([])
    state: str | None = None
    suppress: list[Suppression] = Field([])
