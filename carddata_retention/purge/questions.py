"""The statements of a batch, written once for a target and sent again and again: only the keys and subjects differ.

Building one costs more than a database takes to answer it for a hundred records. Where a key of several columns must
stand in the statement itself (`key_text.among`), it is built for each batch.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.db import NO_WAIT
from carddata_retention.key_lists import among, listed, sent
from carddata_retention.model import TO_PURGE, Disposition
from carddata_retention.moments import Condition
from carddata_retention.own_tables import OwnTables
from carddata_retention.schema import BoundTarget
from carddata_retention.tables import Decider, Judged
from carddata_retention.targets import KEY, SUBJECT, Target, equal, path_rows

FROZEN: dict[str, Any] = {
    "seq": sa.BigInteger(), "record_key": sa.Text(), "status": sa.Text(), "service_end": sa.Text()}
Key = tuple[Any, ...]
Keys = Sequence[Key]


@dataclass(frozen=True, slots=True)
class Named:
    """Records and subjects as they are sent: written once for all the statements of a batch."""

    keys: Keys
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Questions:
    """What batches ask about the records of one target."""

    bound: BoundTarget
    decider: Decider
    tables: OwnTables
    _built: dict[Any, Any] = field(default_factory=dict, repr=False)

    def named(self, keys: Keys, subjects: Collection[Any] = ()) -> Named:
        """The records of a batch, and those subjects that it holds."""
        service, dialect = self.decider.service, self.decider.dialect
        return Named(keys, sent((service.subject,), SUBJECT, dialect, [(s,) for s in subjects])
                     | self.decider.target.keys_sent(keys))

    def ask(self, connection: Connection, what: Callable[["Questions", Keys], Any], named: Named, **more: Any) -> Any:
        """The answer to one of the statements below."""
        at_once = self.decider.dialect == "postgresql" or len(self.decider.target.key) == 1
        statement = self._built.get(what) if at_once else what(self, named.keys)
        if statement is None:
            statement = self._built[what] = what(self, ())
        options: dict[str, Any] = {NO_WAIT: True, "preserve_rowcount": True} if statement.is_dml else {}
        return connection.execute(statement, {**named.values, **more}, execution_options=options)

    def held(self) -> Condition:
        """True for a record all of whose subjects are among those that are sent."""
        target = self.decider.target
        if target.path:
            assert target.path_subject is not None
            other = path_rows(target, [sa.literal(1)]).where(
                target.path_subject.is_not(None), sa.not_(among((target.path_subject,), SUBJECT, target.dialect)))
            return sa.not_(other.exists())
        # Not `IS NULL OR`: records are found by their key, and an index on the subject would only be read besides.
        return sa.and_(*(sa.case((c.is_(None), sa.true()), else_=among((c,), SUBJECT, target.dialect))
                         for c in target.subjects))


def subjects_of(questions: Questions, keys: Keys) -> sa.Select[Any]:
    """The subjects of the records: one column for each that a record has."""
    target = questions.decider.target
    if not target.path:
        return sa.select(*target.subjects).where(target.key_in(keys)).distinct()
    assert target.path_subject is not None
    first = target.path[0]
    return path_rows(target, [target.path_subject]).correlate(None).join(
        target.table, equal(first.from_, first.to)
    ).where(target.key_in(keys), target.path_subject.is_not(None)).distinct()


def whose_records(questions: Questions, keys: Keys) -> sa.Select[Any]:
    """The text of each key that has a row, and the record's own subjects."""
    target = questions.decider.target
    return sa.select(target.key_text(), *target.subjects).where(target.key_in(keys))


def whose_by_path(questions: Questions, keys: Keys) -> sa.Select[Any]:
    """The text of the key and a subject, for every row that leads from a record to a subject."""
    target = questions.decider.target
    return subjects_of(questions, keys).add_columns(target.key_text().label("record_key"))


def lock_records(questions: Questions, keys: Keys) -> sa.Select[Any]:
    """Lock the records that nobody else holds, and name them."""
    target = questions.decider.target
    return sa.select(*target.key).where(target.key_in(keys)).order_by(*target.key).with_for_update(skip_locked=True)


def lock_all(questions: Questions, keys: Keys) -> sa.Select[Any]:
    """The same, and count them: what travels is a number."""
    target = questions.decider.target
    return sa.select(sa.func.count()).select_from(target.table).where(target.key_in(keys)).with_for_update(
        skip_locked=True)


def tombstones(questions: Questions, keys: Keys) -> sa.Insert:
    """Decide the records again and write the tombstones of those that are as they were frozen.

    On PostgreSQL the same statement locks them, and leaves out whom somebody else holds. Not on MariaDB: there SKIP
    LOCKED beside a derived table also leaves out records that nobody holds.
    """
    stone, target, decider = questions.tables.tombstone, questions.decider.target, questions.decider
    if target.dialect == "postgresql":
        # The work table would do, but nobody has counted it yet: the planner takes a night's list for one row.
        judged = decider.each() if target.path else decider.scan(of_some=True)
        of_batch, found, candidate = listed(target.key, KEY, FROZEN)
        # Of ten thousand rows the planner expects one to pass such an equation, and a cross join to be cheap then.
        is_it: Condition = sa.func.coalesce(candidate["record_key"] == target.key_text(), sa.false())
        # Named twice: to join a list of thousands, PostgreSQL would walk along the whole index.
        source = judged.source.join(of_batch, sa.and_(found, target.key_in(keys)))
    else:
        judged = _judged(decider)
        work = questions.tables.work.c
        # Renamed: the declared where may name a column as one of ours is called.
        frozen = sa.select(*(work[name].label(f"carddata_{name}") for name in FROZEN)).where(
            work.run_id == sa.bindparam("run_id"), work.target == target.name, work.status.in_(TO_PURGE),
        )
        # Where InnoDB counts the list anew in mid-run it prefers the primary key, and reads all of it for each record.
        (by_key,) = questions.tables.work.indexes
        for dialect in ("mariadb", "mysql"):
            frozen = frozen.with_hint(questions.tables.work, f"FORCE INDEX ({by_key.name})", dialect)
        of_run = frozen.subquery("carddata_candidate")
        candidate = {name: of_run.c[f"carddata_{name}"] for name in FROZEN}
        is_it = candidate["record_key"] == target.key_text()
        source = judged.source.join(of_run, sa.and_(target.key_in(keys), is_it))
    rows = sa.select(
        sa.bindparam("run_id", type_=sa.String()).label("run_id"), sa.literal(target.name, sa.String()).label("target"),
        *candidate.values(), sa.bindparam("batch_no", type_=sa.Integer()).label("batch_no"),
    ).select_from(source).where(
        is_it, target.in_scope(), questions.held(),
        judged.status() == candidate["status"], judged.end_text.is_not_distinct_from(candidate["service_end"]))
    if target.dialect == "postgresql":
        rows = rows.with_for_update(of=target.table, skip_locked=True)
    return stone.insert().from_select(["run_id", "target", *FROZEN, "batch_no"], rows)


def facts(questions: Questions, keys: Keys) -> sa.Select[Any]:
    """What the records of which no tombstone could be written say of themselves now, locked where that is possible."""
    target = questions.decider.target
    judged = _judged(questions.decider)
    said = {"key": target.key_text(), "in_scope": target.in_scope(), "status": judged.status(), "end": judged.end_text}
    named: list[Any] = [column.label(f"carddata_{name}") for name, column in said.items()]
    asked = sa.select(*named).select_from(judged.source).where(target.key_in(keys))
    return asked.with_for_update(of=target.table, skip_locked=True) if target.dialect == "postgresql" else asked


def _judged(decider: Decider) -> Judged:
    if decider.dialect == "postgresql":
        return decider.each()
    return decider.row() if decider.target.path else decider.scan(of_some=True)


def removal(questions: Questions, keys: Keys) -> sa.Delete | sa.Update:
    """The statement that removes: the locked keys, their locked subjects, and the whole decision again."""
    target = questions.decider.target
    conditions = [target.key_in(keys), target.in_scope(), questions.held(), questions.decider.row().to_purge()]
    table: Any = target.table
    if target.disposition is Disposition.DELETE:
        return sa.delete(table).where(*conditions)
    kept = {c: table.c[c] for c in questions.bound.kept_as_they_are}
    return sa.update(table).where(*conditions).values(**target.emptied, **kept)


def remains(questions: Questions, keys: Keys) -> sa.Select[Any]:
    """How many of the removed records are still there, or still hold something."""
    target: Target = questions.decider.target
    still = sa.select(sa.func.count()).select_from(target.table).where(target.key_in(keys))
    return still.where(target.holds_something()) if target.disposition is Disposition.REDACT else still
