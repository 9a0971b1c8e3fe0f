"""The statements of a batch, written once for a target and sent again and again: only the keys and subjects differ.

Building one costs more than a database takes to answer it for a hundred records. Where a key of several columns must
stand in the statement itself (`key_text.among`), it is built for each batch.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.db import NO_WAIT
from carddata_retention.key_text import among, sent
from carddata_retention.model import Disposition
from carddata_retention.schema import BoundTarget
from carddata_retention.tables import Decider
from carddata_retention.targets import SUBJECT, Target, path_rows

Key = tuple[Any, ...]
Keys = Sequence[Key]


@dataclass(frozen=True, slots=True)
class Questions:
    """What batches ask about the records of one target. `keys` are those of the batch, `subjects` theirs."""

    bound: BoundTarget
    decider: Decider
    _built: dict[Any, Any] = field(default_factory=dict, repr=False)

    def ask(self, connection: Connection, what: Callable[["Questions", Keys], Any], keys: Keys,
            subjects: Collection[Any] = ()) -> Any:
        """The answer to one of the statements below."""
        target = self.decider.target
        values: dict[str, Any] = target.keys_sent(keys)
        statement = self._built.get(what) if values else what(self, keys)
        if statement is None:
            statement = self._built[what] = what(self, ())
        values |= sent((self.decider.service.subject,), SUBJECT, self.decider.dialect, [(s,) for s in subjects])
        wait: dict[str, Any] = {NO_WAIT: True} if statement.is_dml else {}
        return connection.execute(statement, values, execution_options=wait)


def whose_records(questions: Questions, keys: Keys) -> sa.Select[Any]:
    """The text of each key, the key as it is compared, and the record's own subjects."""
    target = questions.decider.target
    return sa.select(target.key_text().label("record_key"), *target.key, *target.subjects).where(target.key_in(keys))


def whose_by_path(questions: Questions, keys: Keys) -> sa.Select[Any]:
    """Subject and key, for every row that leads from a record to a subject."""
    target = questions.decider.target
    assert target.path_subject is not None
    first = target.path[0]
    return path_rows(target, [target.path_subject, *target.key]).correlate(None).join(
        target.table, sa.and_(*(a == b for a, b in zip(first.from_, first.to, strict=True)))
    ).where(target.key_in(keys), target.path_subject.is_not(None))


def lock_records(questions: Questions, keys: Keys) -> sa.Select[Any]:
    """Lock the records that nobody else holds, and name them."""
    target = questions.decider.target
    return sa.select(*target.key).where(target.key_in(keys)).order_by(*target.key).with_for_update(skip_locked=True)


def facts(questions: Questions, keys: Keys) -> sa.Select[Any]:
    """What each record says of itself now; on PostgreSQL the same statement locks those that nobody else holds.

    Not on MariaDB: there SKIP LOCKED beside a derived table also leaves out records that nobody holds.
    """
    decider, target = questions.decider, questions.decider.target
    judged = decider.row() if target.path else decider.scan(of_some=True)
    asked = sa.select(
        *target.key, judged.status(), target.in_scope(), *target.subjects, *judged.ends
    ).select_from(judged.source).where(target.key_in(keys))
    return asked.with_for_update(of=target.table, skip_locked=True) if target.dialect == "postgresql" else asked


def removal(questions: Questions, keys: Keys) -> sa.Delete | sa.Update:
    """The statement that removes: the locked keys, their locked subjects, and the whole decision again."""
    target = questions.decider.target
    conditions = [target.key_in(keys), target.in_scope(), questions.decider.row().to_purge()]
    conditions += [sa.or_(c.is_(None), among((c,), SUBJECT, target.dialect)) for c in target.subjects]
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
