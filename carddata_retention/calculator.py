"""The `deadline` command without a command line: the rule by itself, for one service end or for a CSV of many.

Midnights are always exact here: whoever types an instant means it. Every failure of one row is a sentence in that
row's `error` cell; cells that are written here begin with a letter, a digit or nothing, so that no spreadsheet takes
one for a formula.
"""

import csv
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from itertools import chain
from typing import TextIO
from zoneinfo import ZoneInfo

from .errors import ConfigError, UsageError
from .instants import parse_day, parse_instant
from .model import Convention, Kind
from .period import Period, Reading, Rule

INPUT_COLUMNS = ("service_end", "zone", "convention", "period", "kind")
OUTPUT_COLUMNS = ("start_day", "last_retained_day", "first_purgeable_day", "rule", "error")


def calculate(service_end: str, *, zone: str, convention: str, period: str, kind: str) -> dict[str, str]:
    """The deadline of one service end, as the cells of OUTPUT_COLUMNS; `error` is blank where there is none.

    `zone` is both the policy zone and the one in which an instant without an offset is read. Raises nothing: a
    value that cannot be used is a sentence in `error`, and the other cells are blank.
    """
    try:
        policy_zone = _zone(zone)
        rule = Rule(_convention(convention), _period(period), policy_zone)
        end = _service_end(service_end)
        aware = isinstance(end, datetime) and end.tzinfo is not None
        found = rule.deadline(end, Reading(_kind(kind), None if aware else policy_zone, midnights_exact=True))
    except ConfigError as error:
        return _failed(f"{error.cause} {error.cure}")
    except ValueError as error:
        return _failed(str(error))
    days = (found.start_day, found.last_retained_day, found.first_purgeable_day)
    return dict(zip(OUTPUT_COLUMNS, (*map(date.isoformat, days), found.rule, ""), strict=True))


def calculate_csv(source: TextIO, sink: TextIO, defaults: Mapping[str, str]) -> None:
    """Write the rows of `source` to `sink` with OUTPUT_COLUMNS after them.

    A column or a cell that is missing takes the value of `defaults` (zone, convention, period, kind). Blank lines are
    left out. Raises UsageError `csv_header` where the first line is no header with `service_end`.
    """
    lines = chain([source.readline().removeprefix("\ufeff")], source)
    # Strict, because otherwise one quote that is never closed would swallow all rows after it in silence.
    rows = csv.reader(lines, strict=True)
    header = _header(rows)
    names = [name.strip().lower() for name in header]
    kept = [place for place, name in enumerate(names) if name not in OUTPUT_COLUMNS]
    answer = csv.writer(sink, lineterminator="\n")
    answer.writerow([*(header[place] for place in kept), *OUTPUT_COLUMNS])
    for row in _rows(rows):
        if isinstance(row, str):
            cells, result = [""] * len(header), _failed(row)
        elif len(row) > len(header):
            cells, result = row, _failed("this row has more cells than the header; put quotes around cells with commas")
        else:
            cells = row + [""] * (len(header) - len(row))
            given = {name: cell.strip() for name, cell in zip(names, cells, strict=True) if name in INPUT_COLUMNS}
            asked = {name: given.get(name) or defaults.get(name, "") for name in INPUT_COLUMNS[1:]}
            result = calculate(given["service_end"], **asked)
        answer.writerow([*(cells[place] for place in kept), *(result[name] for name in OUTPUT_COLUMNS)])


def _header(rows: Iterator[list[str]]) -> list[str]:
    header = next(_rows(rows), [])
    names = [] if isinstance(header, str) else [name.strip().lower() for name in header]
    if isinstance(header, str) or "service_end" not in names:
        raise UsageError(
            "csv_header",
            "The first line of the CSV is not a header with a column service_end.",
            cure="Begin with the line: service_end,zone,convention,period,kind",
        )
    if any(names.count(name) > 1 for name in INPUT_COLUMNS):
        raise UsageError(
            "csv_header",
            "The header of the CSV names one column twice, so that it is unclear which one counts.",
            cure=f"Keep one column of each of these names: {', '.join(INPUT_COLUMNS)}",
        )
    return header


def _rows(rows: Iterator[list[str]]) -> Iterator[list[str] | str]:
    """Each row that is not blank, or a sentence in the place of one that is not CSV."""
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield "this row is not CSV: a quote is not closed, or stands within a cell, or a cell is too long"
            continue
        if row:
            yield row


def _failed(reason: str) -> dict[str, str]:
    return dict.fromkeys(OUTPUT_COLUMNS, "") | {"error": reason}


def _service_end(text: str) -> datetime | date:
    found = parse_instant(text) or parse_day(text)
    if found is None:
        raise ValueError(
            "service_end is neither an instant such as 2021-02-28T23:59:00+09:00 nor a date such as 2021-02-28"
        )
    return found


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    if not name:
        raise ValueError("zone is missing: add a column zone, or give --zone Asia/Tokyo")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("zone is not a known time zone: write a name such as Asia/Tokyo or Europe/Berlin") from None


@lru_cache(maxsize=256)
def _period(text: str) -> Period:
    if not text:
        raise ValueError("period is missing: add a column period, or give --period in ISO 8601 such as P90D")
    return Period.parse(text)


def _convention(text: str) -> Convention:
    try:
        return Convention(text)
    except ValueError:
        raise ValueError(f"convention is not one of {', '.join(Convention)}") from None


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise ValueError(f"kind is not one of {', '.join(Kind)}") from None
