"""Reading instants and dates from text, strictly.

Used for the calculator's input and by the function that SQLite calls for every text value. Dirty text must never
become a service end: what is not a full date with a time of day is None, and None is kept.
"""

import re
from datetime import UTC, date, datetime, timedelta

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.([0-9]{1,9}))?)?"
    r"(?:Z|[+-][0-9]{2}(?::?[0-5][0-9])?)?"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_END_OF_DAY = re.compile(r"[T ]24:00:00(?!\.)")


def parse_instant(text: str) -> datetime | None:
    """Read an ISO 8601 date with a time of day, aware where the text has `Z` or an offset, naive otherwise.

    Date and time stand apart by `T` or one blank. `24:00:00` is the next day's first moment. Digits beyond
    microseconds round UP: a moment after 00:00 must not become 00:00, which art. 140 treats differently. None for
    anything else, and for an instant that UTC cannot express within the years 1 to 9999. Raises nothing.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        return None
    try:
        ends_day = _END_OF_DAY.search(text)
        if ends_day is None:
            value = datetime.fromisoformat(text)
        else:
            value = datetime.fromisoformat(text[:10] + "T00:00:00" + text[ends_day.end() :]) + timedelta(days=1)
        fraction = match[1]
        if fraction is not None and fraction[6:].strip("0"):
            value += timedelta(microseconds=1)
        if value.tzinfo is not None and value.year in (1, 9999):
            value.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return value


def parse_day(text: str) -> date | None:
    """Read exactly `YYYY-MM-DD`; None for anything else. Raises nothing."""
    if _DAY.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
