"""The exact statements of a night, as the database at hand is asked them: for DBAs to read before the first run.

Built by the functions that the night uses, and a test compares them with what a real night sends. Parameters
appear by name, constants of this product as they are.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import conditions, measures, sampling, scan, settings, upkeep, verify
from carddata_retention.families import Child
from carddata_retention.key_lists import among
from carddata_retention.layout import readable
from carddata_retention.ledger import Ledger
from carddata_retention.model import Disposition
from carddata_retention.policy import Deciding, Policy
from carddata_retention.purge.locks import SubjectLock
from carddata_retention.purge.questions import (
    Questions,
    facts,
    lock_all,
    lock_records,
    remains,
    removal,
    subjects_of,
    tombstones,
    whose_by_path,
    whose_records,
)
from carddata_retention.schema import BoundSchema, BoundTarget, LockStep
from carddata_retention.services import ServiceSource
from carddata_retention.tables import Decider
from carddata_retention.targets import KEY

Titled = tuple[str, str]
NOTHING = sa.literal(1) == 0
PARENT = "carddata_parent"


def of_service_ends(dialect: sa.Dialect, schema: BoundSchema, policy: Policy) -> list[Titled]:
    """What is asked of the service ends for themselves."""
    source, words = schema.service.source, _words(schema, policy)
    each = list(zip(schema.service.sources, policy.deciding, strict=False))
    where = schema.service.filtered
    asked = [("may we read them", conditions.readable(source.source, source.condition if where else None)),
             *([("is where one condition", conditions.standing_alone(source.source, where))] if where else []),
             *(("the gate's counts" + (f" by version {deciding.version.version}" if len(each) > 1 else ""),
                measures.counting(reading.source, measures.service_checks(reading, deciding), reading.condition))
               for reading, deciding in each)]
    return [(f"service ends: {title}", readable(statement, dialect, words)) for title, statement in asked]


def of_target(connection: Connection, bound: BoundTarget, schema: BoundSchema, decider: Decider, policy: Policy,
              ledger: Ledger, subject: settings.SubjectSection | None) -> list[Titled]:
    """Title and text of each statement about one target, in the order of the night."""
    words = _words(schema, policy) | _words_of_record(decider)
    statements = [*_looks(connection, bound, schema, decider, ledger, subject),
                  *_batch(bound, schema, decider, ledger), *_look_again(decider)]
    shown = [(f"{bound.declared.name}: {title}", readable(statement, connection.dialect, words))
             for title, statement in statements]
    if schema.dialect == "postgresql" and bound.target.disposition is Disposition.DELETE:
        name = connection.dialect.identifier_preparer.format_table(bound.target.table)
        shown.append((f"{bound.declared.name}: where a tenth of it went, count it anew", upkeep.counting_anew(name)))
    return shown


def _looks(connection: Connection, bound: BoundTarget, schema: BoundSchema, decider: Decider, ledger: Ledger,
           subject: settings.SubjectSection | None) -> Iterator[tuple[str, Any]]:
    table: Any = bound.target.table
    yield "may we read it", conditions.readable(table, bound.target.where)
    if bound.declared.where:
        yield "is where one condition", conditions.standing_alone(table, bound.declared.where)
    for hop in bound.target.path:
        yield "may we read the way to its subject", sa.select(*hop.table.c).where(NOTHING)
    yield "may we lock it", sa.select(bound.target.key[0]).where(NOTHING).with_for_update()
    if bound.target.disposition is Disposition.DELETE:
        yield "may we remove from it", sa.delete(table).where(NOTHING)
    else:
        yield "may we empty its fields", sa.update(table).where(NOTHING).values(bound.target.emptied)
    for child in _descendants(bound.children):
        columns = [child.table.c[c] for c in child.columns]
        yield f"may we lock {child.table.description}", sa.select(*columns).where(NOTHING).with_for_update()
        yield f"may we let go of {child.table.description}", _let_go(child, NOTHING)
    for step in schema.service.locks:
        yield (f"may we lock {step.table.description}",
               sa.select(step.column).select_from(step.table).where(NOTHING).with_for_update())
    yield "count by status", scan.count_statement(decider)
    yield "draw the auditor's sample", sampling.draw_statement(decider)
    candidates = scan.candidate_statement(decider)
    yield "the candidates that are frozen", candidates if schema.dialect == "mariadb" else ledger.freezing(
        bound.declared.name, candidates)
    yield "the gate's counts", measures.counting(table, measures.target_checks(schema, bound))
    if (asked := measures.unknown_subjects(connection, schema, bound, subject)) is not None:
        yield "subjects that nobody knows", measures.counting(*asked)


def _batch(bound: BoundTarget, schema: BoundSchema, decider: Decider, ledger: Ledger) -> Iterator[tuple[str, Any]]:
    """One batch, as `purge.questions` builds its statements."""
    target, table = decider.target, bound.target.table
    asked = Questions(bound, decider, ledger.tables)
    key = [tuple(sa.bindparam(f"{KEY}_{n}", type_=c.type, required=True) for n, c in enumerate(target.key))]
    yield "batch: whose records are they", subjects_of(asked, key)
    if schema.dialect != "sqlite":
        for step in schema.service.locks:
            yield from _locks(step, schema.dialect)
    if schema.dialect == "mariadb":
        yield "batch: lock the records", lock_all(asked, key)
        yield "batch: if not all could be locked, which", lock_records(asked, key)
    yield "batch: decide the locked records again, and write their tombstones", tombstones(asked, key)
    yield "batch: what is left, is it there, and whose", whose_records(asked, key)
    if target.path:
        yield "batch: what is left, and whose by the path", whose_by_path(asked, key)
    yield "batch: why was it left", facts(asked, key)
    mine = target.key_in(key)
    for child in bound.children:
        yield from _children(child, sa.select(*(table.c[c] for c in child.parent_columns)).where(mine), schema.dialect)
    yield "batch: remove, deciding once more", removal(asked, key)
    if schema.dialect != "postgresql" or bound.triggers:
        yield "batch: read back, must be 0", remains(asked, key)


def _locks(step: LockStep, dialect: str) -> Iterator[tuple[str, Any]]:
    name, asked = step.table.description, SubjectLock(step, dialect)
    yield f"batch: lock {name}, without waiting", asked.lock
    yield f"batch: were all rows of {name} locked", asked.present
    yield f"batch: if not, which of {name} are", asked.name
    yield f"batch: and which of {name} there are", asked.each


def _children(child: Child, parents: sa.Select[Any], dialect: str) -> Iterator[tuple[str, Any]]:
    name = child.table.description
    columns = [child.table.c[c] for c in child.columns]
    mine = among(columns, PARENT, dialect)
    if len(columns) > 1 and dialect != "postgresql":
        values = [sa.bindparam(f"{PARENT}_{n}", type_=c.type, required=True) for n, c in enumerate(columns)]
        mine = sa.tuple_(*columns).in_([sa.tuple_(*values)])
    yield f"batch: the parents of {name}", parents.distinct()
    locking = sa.select(sa.literal(1)).select_from(child.table).where(mine).with_for_update(nowait=True)
    yield f"batch: lock {name}", locking
    for below in child.children:
        yield from _children(below, sa.select(*(child.table.c[c] for c in below.parent_columns)).where(mine), dialect)
    yield f"batch: let go of {name}", _let_go(child, mine)
    yield f"batch: what is left of {name}", sa.select(sa.func.count()).select_from(child.table).where(mine)


def _descendants(children: tuple[Child, ...]) -> Iterator[Child]:
    for child in children:
        yield child
        yield from _descendants(child.children)


def _let_go(child: Child, mine: Any) -> sa.Delete | sa.Update:
    if child.disposition == "delete":
        return sa.delete(child.table).where(mine)
    return sa.update(child.table).where(mine).values(dict.fromkeys(child.columns))


def _look_again(decider: Decider) -> Iterator[tuple[str, Any]]:
    target = decider.target
    yield "how many are in scope", sa.select(sa.func.count()).select_from(target.table).where(target.in_scope())
    yield "the independent look", verify.due_statement(decider)
    yield "are the held ones still there", scan.held_statement(decider)


def _words(schema: BoundSchema, policy: Policy) -> dict[Any, str]:
    """The values of the night, each with the name that a reader knows it by; the same value goes by its first name."""
    words: dict[Any, str] = {}
    for source, deciding in zip(schema.service.sources, policy.deciding, strict=False):
        of_version = f"_by_version_{deciding.version.version}" if len(policy.deciding) > 1 else ""
        words = {value: f"{word}{of_version}" for value, word in _words_of(source, deciding).items()} | words
    return words


def _words_of(source: ServiceSource, policy: Deciding) -> dict[Any, str]:
    bounds, end, zone = policy.bounds(source.end.reading), source.end, policy.rule.zone
    named = [(word, end.covered(getattr(bounds, word))) for word in ("due", "over", "overdue")]
    named += [(f"due_within_{days}_days", end.covered(bound)) for days, bound in bounds.due_within.items()]
    named += [("earliest", end.on_or_after(source.earliest, zone)),
              ("far_ahead", end.on_or_after(measures.far_after(policy.as_of), zone))]
    for day in source.open_sentinels:
        for each in source.zones:
            named.append(("never", end.on_or_after(day, each)))
            if day < date.max:
                named.append(("after_never", end.on_or_after(day + timedelta(days=1), each)))
    return {list(condition.compile().params.values())[-1]: word for word, condition in reversed(named)}


def _words_of_record(decider: Decider) -> dict[Any, str]:
    """The days that choose a version for a record, and those that an attested end is compared with."""
    named: list[tuple[str, Any]] = []
    if (chosen := decider.acquisition) is not None:
        named += [(f"version_{ruling.version}_begins", chosen.acquired.covered(bound))
                  for ruling, bound in zip(decider.rulings, chosen.begins, strict=True)]
        named.append(("tomorrow", chosen.acquired.covered(chosen.has_come)))
    if decider.attested is not None:
        named += [(f"attested_{word}", decider.attested.covered(getattr(ruling.days, word)))
                  for ruling in decider.rulings for word in ("due", "over", "overdue")]
    return {list(condition.compile().params.values())[-1]: word for word, condition in reversed(named)}


def query_plan(connection: Connection, decider: Decider) -> Titled:
    """The database's own plan for finding the candidates."""
    statement = scan.candidate_statement(decider)
    word = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    title = f"{decider.target.name}: the database's plan for the candidates"
    try:
        with connection.begin_nested():  # on PostgreSQL a refused statement would end the whole look
            rows = connection.exec_driver_sql(f"{word} {compiled}").all()
    except SQLAlchemyError:
        return title, "-- the database gave no plan"
    return title, "\n".join("-- " + " | ".join("" if v is None else str(v) for v in row) for row in rows)
