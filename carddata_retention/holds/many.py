"""Many holds at once: the result of a query as one hold, the rows of a CSV file as one hold each.

Each record is placed in a transaction of its own, so nobody waits for all of them. What is refused is told by the
number of its row, a code and a reason, never by a value: the others are in force.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention.conditions import not_alone
from carddata_retention.db import seen_as
from carddata_retention.errors import BlindError, Exit, RefusedError, RetentionError, UsageError
from carddata_retention.forms import derived
from carddata_retention.holds.placing import NOT_PLACED, Order, new_id, one_subject, record, whole_target
from carddata_retention.instants import parse_day
from carddata_retention.key_text import KEY_SEPARATOR, in_python, reader
from carddata_retention.naming import Naming, naming
from carddata_retention.records import key_from_person
from carddata_retention.redact import Trouble, safe, trouble
from carddata_retention.settings import Config
from carddata_retention.targets import Target

COLUMNS = ("target", "key", "subject", "basis", "by", "review_by", "note")
LONGEST = 100_000  # characters of one field; the limit of the csv module is the whole process's
FIRST_ROW = 2  # of a file, whose first row is the header
LOST = ("connection_lost", "database_unreachable", "login_denied")
Placed = tuple[int, str]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row for which no hold was placed. `row` counts as a spreadsheet does, the header of a file being 1."""

    row: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bulk:
    """What became of many rows: (row, id of its hold) for each that was placed."""

    placed: tuple[Placed, ...]
    refused: tuple[RefusedRow, ...]
    blind: bool = False

    @property
    def error(self) -> RetentionError | None:
        """What the command ends with where any row was refused."""
        if not self.refused:
            return None
        kind = BlindError if self.blind else RefusedError
        return kind("rows_refused", f"{len(self.refused)} of {len(self.placed) + len(self.refused)} rows were refused.",
                    not_done="No hold was placed for these rows; the others are in force.",
                    cure="Mend these rows and give them alone, or those that are placed are placed twice.")

    @property
    def exit_code(self) -> int:
        """0, 30, or 40 where the database could not be seen to the end."""
        return int(self.error.exit if self.error else Exit.CLEAN)


def place_by_query(config: Config, host: datetime, query: str, target: str | None, order: Order) -> Bulk:
    """Hold every record that a SELECT names, under one number. Without `target` its column `target` names each row's.

    Raises UsageError for a text that is no SELECT with these columns, or that names nothing.
    """
    hold_id = new_id(host)
    with naming(config, host, NOT_PLACED) as names:
        if target is not None:
            names.target(target)
        found = _rows_of(names, query)
        if not found:
            raise UsageError("nothing_named", "The query gives no row.", not_done=NOT_PLACED, cure="Run it by hand.")
        known: set[tuple[str, str]] = set()

        def place(row: int, given: Mapping[str, Any]) -> str:
            name = str(given.get("target")) if target is None else target
            item = _key_of(names.target(name).target, given)
            if (name, item) not in known:
                record(names, host, hold_id, len(known) + 1, name, item, order)
                known.add((name, item))
            return hold_id

        return _each(enumerate(found, start=1), place)


def _rows_of(names: Naming, query: str) -> list[Mapping[str, Any]]:
    text, db = query.strip().rstrip(";").strip(), names.stage.db
    if wrong := not_alone(text, db.dialect):
        raise UsageError("query_refused", f"The query is refused: {wrong}.", not_done=NOT_PLACED,
                         cure="Write one SELECT that gives the key columns, and target where --target is not given.")
    everything: Any = sa.select(sa.literal_column("*")).select_from(derived(text))
    try:
        with db.snapshot() as connection:
            return [dict(row) for row in connection.execute(everything).mappings()]
    except SQLAlchemyError as refused:
        if trouble(refused) not in (Trouble.OTHER, Trouble.MISSING):
            raise seen_as(refused, "The query", not_done=NOT_PLACED) from None
        raise UsageError("query_refused", f"The database refuses the query ({safe(refused)}).", not_done=NOT_PLACED,
                         cure="Run it by hand with this login; it must be one SELECT.") from None


def _key_of(target: Target, given: Mapping[str, Any]) -> str:
    """The key as the ledger writes it, from the columns of a row."""
    texts = []
    for column in target.key:
        if column.key not in given:
            raise UsageError("key_missing", f"The query gives no column {column.key}, which the key of {target.name} "
                             "needs.", not_done=NOT_PLACED, cure="Name it in the SELECT.")
        value = given[str(column.key)]
        try:
            text = value if isinstance(value, str) else in_python(column.type, value)
            if value is None or KEY_SEPARATOR in text or "\0" in text:
                raise ValueError
            texts.append(in_python(column.type, reader(column.type)(text)))
        except (ValueError, TypeError, KeyError, ArithmeticError):
            raise UsageError("key_form", f"What the query gives for {column.key} is no key of {target.name}.",
                             not_done=NOT_PLACED, cure="Give the key column itself.") from None
    return KEY_SEPARATOR.join(texts)


def place_from_csv(config: Config, host: datetime, source: TextIO) -> Bulk:
    """One hold for each row of a CSV file with the columns of `COLUMNS`, header first; other columns are ignored.

    Raises UsageError for a file that cannot be read whole, or without these columns: then nothing is placed.
    """
    rows = list(_csv_rows(source))
    with naming(config, host, NOT_PLACED) as names:

        def place(_: int, given: Mapping[str, str] | None) -> str:
            return _place_row(names, host, given)

        return _each(rows, place)


def _csv_rows(source: TextIO) -> Iterator[tuple[int, Mapping[str, str] | None]]:
    """Row number and fields; None where a row has not as many fields as the header. Empty rows are left out."""
    try:
        lines = csv.reader(source, strict=True)
        header = [name.strip().lower() for name in next(lines, [])]
        if missing := [name for name in COLUMNS if name not in header]:
            raise UsageError("csv_header", f"The file has no column {', '.join(missing)}.", not_done=NOT_PLACED,
                             cure=f"The first row names the columns: {','.join(COLUMNS)}")
        for number, row in enumerate(lines, start=FIRST_ROW):
            if any(len(field) > LONGEST for field in row):  # a quote that is never closed swallows the rest of the file
                raise csv.Error
            if any(field.strip() for field in row):
                whole = len(row) == len(header)
                yield number, dict(zip(header, map(str.strip, row), strict=True)) if whole else None
    except (csv.Error, UnicodeDecodeError) as wrong:
        raise UsageError("csv_unreadable", f"The file cannot be read whole: {type(wrong).__name__}.",
                         not_done=NOT_PLACED, cure="Save it as CSV in UTF-8, with commas.") from None


def _place_row(names: Naming, host: datetime, given: Mapping[str, str] | None) -> str:
    if given is None:
        raise UsageError("row_form", "The row has not as many fields as the header.", not_done=NOT_PLACED)
    day = parse_day(given["review_by"])
    if day is None:
        raise UsageError("review_by", "review_by is no date; write YYYY-MM-DD.", not_done=NOT_PLACED)
    order = Order(given["basis"], given["by"], day, given["note"])
    target, key, subject = given["target"], given["key"], given["subject"]
    hold_id = new_id(host)
    if target and key and not subject:
        record(names, host, hold_id, 1, target, key_from_person(names.target(target).target, key), order)
    elif subject and not target and not key:
        one_subject(names, host, hold_id, subject, order)
    elif target and not key and not subject:
        whole_target(names, host, hold_id, target, order)
    else:
        raise UsageError("hold_scope", "A row names a target with a key, a target, or a subject.", not_done=NOT_PLACED)
    return hold_id


def _each(rows: Iterable[tuple[int, Any]], place: Callable[[int, Any], str]) -> Bulk:
    """Place row by row. After a database that cannot be seen any more, the rest is refused without being tried."""
    placed: list[Placed] = []
    refused: list[RefusedRow] = []
    blind = lost = False
    for number, given in rows:
        if lost:
            refused.append(RefusedRow(number, "not_reached", "The database was lost before this row."))
            continue
        try:
            placed.append((number, place(number, given)))
        except RetentionError as wrong:
            refused.append(RefusedRow(number, wrong.code, _without_values(wrong)))
            blind = blind or (isinstance(wrong, BlindError) and wrong.code != Trouble.LOCKED)
            lost = wrong.code in LOST
    return Bulk(tuple(placed), tuple(refused), blind)


def _without_values(wrong: RetentionError) -> str:
    """The cause, but for the one that repeats what was given."""
    return "There is no such target." if wrong.code == "unknown_target" else wrong.cause
