"""What every section of the configuration file is made of: strict keys, and the words that several of them share."""

import difflib
from collections.abc import Iterable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def nearest(word: str, known: Iterable[str]) -> str:
    """A half sentence that names the known word most like `word`; empty where none is."""
    names = list(known)
    folded = {name.casefold(): name for name in reversed(names)}
    near = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.4)
    return f"; the nearest is {folded[near[0]]}" if near else ""


def _zone(name: Any) -> Any:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, TypeError, OSError):
        raise ValueError("not the name of a time zone; write one such as Asia/Tokyo or UTC") from None
    return name


def _as_list(value: Any) -> Any:
    """A single name where a list of names is meant."""
    return [value] if isinstance(value, str) else value


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise ValueError("names a column twice")
    return names


ZoneName = Annotated[str, BeforeValidator(_zone)]
Columns = Annotated[list[str], BeforeValidator(_as_list), AfterValidator(_distinct), Field(min_length=1)]


class Section(BaseModel):
    """A table of the file. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
