"""The look again: a fresh connection and a different question. Only after it may anybody say that nothing is left.

The scan asks each record for the greatest standing of its services. Here the question is put the other way round,
with no standing in it: a record is due where each of its subjects has a settled service and none that is not
settled, "settled" being: terminated, an end that can be read, not before its start, and covered by the cutoff.
`sql/audit/residue.sql` says the same a third time, by hand.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, FromClause

from carddata_retention.ledger import Ledger
from carddata_retention.model import Outcome
from carddata_retention.moments import Condition
from carddata_retention.tables import Decider

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Look:
    """What an independent look found of one target. The four kinds of due records add up to `remaining_due`."""

    in_scope: int
    skipped_due: int
    failed_due: int
    arrived: int
    residue: int

    @property
    def remaining_due(self) -> int:
        """All records that are due and not held, whatever the run made of them."""
        return self.skipped_due + self.failed_due + self.arrived + self.residue


def settled(decider: Decider) -> Condition:
    """True or false for each service: ended for good, with an end that can be believed and is covered."""
    service, end = decider.service, decider.service.end
    terminated = sa.true() if service.status is None else service.is_terminated()
    believed = sa.and_(
        terminated, sa.not_(end.missing()), sa.not_(service.is_open()), sa.not_(end.unreadable()),
        sa.not_(service.implausible()), end.covered(decider.bounds.due),
        sa.not_(sa.func.coalesce(service.before_start(), sa.false())),
    )
    return sa.case((believed, 1), else_=0) == 1


def due_statement(decider: Decider) -> sa.Select[Any]:
    """Keys of the records that are due and not held, asked by the absence of any service that is not settled."""
    target = decider.target
    held, requested = (r.covers(target) if r else sa.false() for r in (decider.holds, decider.requests))
    source, due = _path_due(decider) if target.path else _direct_due(decider)
    return sa.select(target.key_text().label("record_key")).select_from(source).where(
        target.in_scope(), sa.not_(target.blank()), sa.not_(held), sa.or_(requested, due)
    )


def _direct_due(decider: Decider) -> tuple[FromClause, Condition]:
    source: FromClause = decider.target.table
    conditions = []
    for n, column in enumerate(decider.target.subjects, start=1):
        good = _subjects_where(decider, settled(decider), f"carddata_good_{n}")
        bad = _subjects_where(decider, sa.not_(settled(decider)), f"carddata_bad_{n}")
        source = source.outerjoin(good, good.c.carddata_of == column).outerjoin(bad, bad.c.carddata_of == column)
        settled_all = sa.and_(good.c.carddata_of.is_not(None), bad.c.carddata_of.is_(None))
        conditions.append(sa.or_(column.is_(None), settled_all))
    somebody = sa.or_(*(c.is_not(None) for c in decider.target.subjects))
    return source, sa.and_(somebody, *conditions)


def _subjects_where(decider: Decider, condition: Condition, name: str) -> sa.Subquery:
    service = decider.service
    return sa.select(service.subject.label("carddata_of")).select_from(service.source).where(
        service.condition, condition, service.subject.is_not(None)
    ).distinct().subquery(name)


def _path_due(decider: Decider) -> tuple[FromClause, Condition]:
    target = decider.target
    first, *rest = target.path
    source: FromClause = first.table
    for hop in rest:
        source = source.join(hop.table, sa.and_(*(a == b for a, b in zip(hop.from_, hop.to, strict=True))))
    good = _subjects_where(decider, settled(decider), "carddata_good")
    bad = _subjects_where(decider, sa.not_(settled(decider)), "carddata_bad")
    subject = target.path_subject
    assert subject is not None
    source = source.outerjoin(good, good.c.carddata_of == subject).outerjoin(bad, bad.c.carddata_of == subject)
    links = [c.label(f"carddata_link_{n}") for n, c in enumerate(first.to)]
    open_ = sa.or_(good.c.carddata_of.is_(None), bad.c.carddata_of.is_not(None))
    grouped = sa.select(*links, sa.func.sum(sa.case((open_, 1), else_=0)).label("carddata_unsettled")).select_from(
        source).where(subject.is_not(None)).group_by(*first.to).subquery("carddata_path")
    pairs = zip(first.from_, list(grouped.c)[:-1], strict=True)
    return target.table.outerjoin(grouped, sa.and_(*(a == b for a, b in pairs))), grouped.c.carddata_unsettled == 0


def look(connection: Connection, decider: Decider, ledger: Ledger, run_id: str) -> Look:
    """Count what is due now, each kind by its own question to the ledger of the run.

    The keys stream by: a refused target may leave a million due. So the ledger is asked over a second connection.
    """
    target = decider.target
    total = connection.execute(
        sa.select(sa.func.count()).select_from(target.table).where(target.in_scope())
    ).scalar_one()
    kinds: Counter[Outcome | None] = Counter()
    with ledger.db.snapshot() as asking:
        for keys in _pages(connection, decider):
            fates = ledger.fates(asking, run_id, target.name, keys)
            kinds.update(fates.get(key) for key in keys)
    return Look(total, kinds[Outcome.SKIPPED], kinds[Outcome.FAILED], kinds[None], kinds[Outcome.PURGED])


def _pages(connection: Connection, decider: Decider) -> Iterator[Sequence[str]]:
    rows = connection.execute(due_statement(decider), execution_options={"stream_results": True, "yield_per": PAGE})
    for page in rows.partitions():
        yield [r.record_key for r in page]


def statement_text(connection: Connection, decider: Decider) -> str:
    """The question as this database is asked it, with the names of its parameters instead of their values."""
    return str(due_statement(decider).compile(dialect=connection.dialect))
