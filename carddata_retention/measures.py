"""What the database counts for the gate: one SELECT for each table, every violation a SUM over a CASE, one scan.

Numbers leave, values never do. The only second statement asks whether subjects exist, and only where no foreign
key vouches for them. `quality.py` judges what is counted here; `run.py` brings the two together.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import settings
from carddata_retention.catalogue import Catalogue
from carddata_retention.db import seen_as
from carddata_retention.model import Kind
from carddata_retention.moments import Condition, EpochTime, NativeTime, TimeForm
from carddata_retention.policy import Deciding, Policy
from carddata_retention.schema import BoundSchema, BoundTarget
from carddata_retention.services import ServiceSource
from carddata_retention.shapes import Card, Columns, Words
from carddata_retention.shares import permille

Column = sa.ColumnElement[Any]
FAR_AHEAD_YEARS = 10
DAY_SECONDS = 86_400


def counting(source: sa.FromClause, checks: Mapping[str, Condition], *restriction: Condition) -> sa.Select[Any]:
    """One number for each condition, in one scan of `source`."""
    sums = (sa.func.coalesce(sa.func.sum(sa.case((c, 1), else_=0)), 0).label(n) for n, c in checks.items())
    return sa.select(*sums).select_from(source).where(*restriction)


def counted(connection: Connection, source: sa.FromClause, checks: Mapping[str, Condition], what: str,
            *restriction: Condition) -> dict[str, int]:
    """How many rows of `source` each condition is true of, in one scan. Raises BlindError, without a value in it."""
    try:
        row = connection.execute(counting(source, checks, *restriction)).one()
    except SQLAlchemyError as refused:
        raise seen_as(refused, f"The gate's counts of {what}") from None
    return {name: int(value) for name, value in row._mapping.items()}


def measure_target(connection: Connection, schema: BoundSchema, target: BoundTarget,
                   subject: settings.SubjectSection | None) -> dict[str, int]:
    """Every violation in a target's table. `key_duplicates` is 0 by the unique index that `bind` demanded."""
    counts = counted(connection, target.target.table, target_checks(schema, target), f"target {target.declared.name}")
    unknown = _subject_unknown(connection, schema, target, subject)
    return counts | {
        "key_duplicates": 0,
        "subject_unknown": unknown,
        "subject_unknown_permille": permille(unknown, counts["rows"]),
    }


def target_checks(schema: BoundSchema, target: BoundTarget) -> dict[str, Condition]:
    """What is counted of a target's table, by name."""
    in_scope = target.target.in_scope()
    card = _card(target, Words(schema.dialect))
    within = {
        "rows": sa.true(),
        "tokens": card.has(card.number),
        "token_card_shaped": card.card_shaped(),
        "token_malformed": card.malformed(),
        "holder_missing": card.holder_missing(),
        "expiries": card.has(card.expiry),
        "expiry_impossible": card.expiry_impossible(),
    }
    checks = {name: sa.and_(in_scope, condition) for name, condition in within.items()}
    return checks | {"out_of_scope_card_data": target.target.outside()}


def _card(bound: BoundTarget, words: Words) -> Card:
    fields = bound.declared.fields
    filled = dict(zip(fields.columns, bound.target.fields_filled, strict=True))

    def columns(names: list[str] | None) -> Columns:
        found = [(bound.target.table.c[name], filled[name]) for name in names or []]
        return tuple((c, words.more_than_blanks(c, present)) for c, present in found)

    return Card(words, columns(fields.holder), columns(fields.number), columns(fields.expiry))


def _subject_unknown(connection: Connection, schema: BoundSchema, bound: BoundTarget,
                     subject: settings.SubjectSection | None) -> int:
    """Rows whose subject is not in the subject table; not asked where a validated foreign key answers."""
    asked = unknown_subjects(connection, schema, bound, subject)
    if asked is None:
        return 0
    return counted(connection, *asked, f"the subjects of target {bound.declared.name}")["unknown"]


def unknown_subjects(connection: Connection, schema: BoundSchema, bound: BoundTarget,
                     subject: settings.SubjectSection | None) -> tuple[sa.FromClause, dict[str, Condition]] | None:
    """From what, and by which condition, rows without a known subject are counted; None where a key vouches."""
    if subject is None or not bound.target.subjects:
        return None
    catalogue = Catalogue(connection, schema.dialect)
    parent = catalogue.find(subject.table, "[subject] table")
    vouched = {
        k.child_columns for k in catalogue.foreign_keys
        # SQLite keeps its foreign keys only in connections that ask for it, so there they vouch for nothing.
        if schema.dialect != "sqlite" and k.validated and (k.child, k.parent) == (bound.name, parent)
        and k.parent_columns == (subject.key,)
    }
    loose = [c for c in bound.target.subjects if (str(c.key),) not in vouched]
    if not loose:
        return None
    source: sa.FromClause = bound.target.table
    missing = []
    for n, column in enumerate(loose, start=1):
        known = catalogue.bound(parent, [subject.key], "[subject]").alias(f"carddata_subject_{n}")
        key = known.c[subject.key]
        if schema.dialect == "mariadb":
            source = source.outerjoin(known, key == column)
            missing.append(sa.and_(column.is_not(None), key.is_(None)))
        else:
            found = sa.select(sa.literal(1)).select_from(known).where(key == column).correlate(bound.target.table)
            missing.append(sa.and_(column.is_not(None), sa.not_(found.exists())))
    return source, {"unknown": sa.and_(bound.target.in_scope(), sa.or_(*missing))}


def measure_service(connection: Connection, schema: BoundSchema, policy: Policy) -> dict[str, int]:
    """Every violation among the service ends, by the bounds of the night; of several deciding versions the most."""
    worst: dict[str, int] = {}
    for source, deciding in zip(schema.service.sources, policy.deciding, strict=False):
        counts = counted(connection, source.source, service_checks(source, deciding), "[service_end]", source.condition)
        shares = [name for name in counts if name == "end_before_start" or name.startswith("midnight_")]
        counts |= {f"{name}_permille": permille(counts[name], counts["dated_ends"]) for name in shares}
        worst = {name: max(count, worst.get(name, 0)) for name, count in counts.items()}
    return worst


def service_checks(source: ServiceSource, policy: Deciding) -> dict[str, Condition]:
    """What is counted of the service ends as one version reads them, by name."""
    end, as_of = source.end, policy.as_of
    says_that_it_is_open = replace(source, status=None).is_open()  # infinity or a sentinel, whatever the status
    dated = sa.and_(sa.not_(end.missing()), sa.not_(end.unreadable()), sa.not_(says_that_it_is_open))
    past = sa.and_(dated, end.covered(policy.bounds(end.reading).over))
    stale_on_open = sa.false() if source.status is None else sa.and_(past, sa.not_(source.is_terminated()))
    checks: dict[str, Condition] = {
        "rows": sa.true(),
        "dated_ends": dated,
        "end_before_start": sa.and_(dated, source.before_start()),
        "terminated_without_end": sa.and_(source.is_terminated(), end.missing()),
        "end_far_ahead": sa.and_(dated, end.on_or_after(far_after(as_of), policy.rule.zone)),
        "end_on_open_service": stale_on_open,
        "unreadable_end": sa.and_(sa.not_(end.missing()), end.unreadable()),
        "implausible_end": sa.and_(dated, source.implausible()),
    }
    zones: dict[str, tzinfo] = {"policy_zone": policy.rule.zone, "column_zone": source.zones[-1], "utc": UTC}
    for name, zone in zones.items():
        checks[f"midnight_{name}"] = sa.and_(dated, _at_midnight(end, zone, as_of))
    return checks


def far_after(day: date) -> date:
    """From this day on a service end is implausibly far ahead."""
    return date(min(day.year + FAR_AHEAD_YEARS, date.max.year), day.month, min(day.day, 28))


def _at_midnight(end: TimeForm, zone: tzinfo, as_of: date) -> Condition:
    """True where the end is 00:00 sharp in `zone`; never where it is a date, or where midnights are declared exact."""
    if end.reading.kind is not Kind.INSTANT or end.reading.midnights_exact:
        return sa.false()
    seconds, kept_in = _second_of_day(end)
    return seconds.in_(_midnights(zone, kept_in, as_of))


def _midnights(zone: tzinfo, kept_in: tzinfo, as_of: date) -> list[int]:
    """What a clock of `kept_in` can show at midnight in `zone`: one second of the day, two where clocks change.

    Offsets are taken from the last forty years and no database is asked about zones: MariaDB's tables of them are
    mostly empty and SQLite has none. Where clocks change an hour too many is counted, which can only warn.
    """
    years = range(max(as_of.year - 40, 2), as_of.year + 1)
    months = [datetime(year, month, 1, tzinfo=UTC) for year in years for month in range(1, 13)]
    apart = {_offset(month, kept_in) - _offset(month, zone) for month in months}
    return sorted({int(a.total_seconds()) % DAY_SECONDS for a in apart})


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _second_of_day(end: TimeForm) -> tuple[Column, tzinfo]:
    """The second of the day, fraction included, and the zone whose day it is."""
    if isinstance(end, NativeTime):
        if end.dialect == "mariadb":
            return sa.func.time_to_sec(sa.func.time(end.column)), end.reading.zone or UTC
        local = end.column if end.reading.zone else sa.func.timezone("UTC", end.column)
        since = local - sa.func.date_trunc("day", local)
        return sa.case((sa.func.isfinite(end.column), sa.extract("epoch", since))), end.reading.zone or UTC
    if isinstance(end, EpochTime):
        a_day = timedelta(days=1) // end.unit
        # PostgreSQL takes no remainder of a floating-point number.
        number = sa.cast(end.column, sa.Numeric(30, 6)) if isinstance(end.column.type, sa.Float) else end.column
    else:
        a_day = timedelta(days=1) // timedelta(microseconds=1)
        number = end.value()
    return (number % a_day + a_day) % a_day / (a_day // DAY_SECONDS), UTC
