"""The look again: a fresh connection and a different question. Only after it may anybody say that nothing is left.

The scan asks each record for the greatest standing of its services. Here the question is put the other way round,
with no standing in it: a record is due where each of its subjects has a settled service and none that is not
settled, "settled" being: terminated, an end that can be read, not before its start, and covered by the cutoff.
`sql/audit/residue.sql` says the same a third time, by hand.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from carddata_retention import key_text
from carddata_retention.acquisition import Acquisition
from carddata_retention.attested import Attestations
from carddata_retention.ledger import Ledger
from carddata_retention.model import Outcome
from carddata_retention.moments import Condition
from carddata_retention.services import Ruling
from carddata_retention.tables import Decider

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Look:
    """What an independent look found of one target. The four kinds of due records add up to `remaining_due`.

    `question` is the statement as this database was asked it, with the names of its parameters instead of their values.
    """

    in_scope: int
    skipped_due: int
    failed_due: int
    arrived: int
    residue: int
    question: str

    @property
    def remaining_due(self) -> int:
        """All records that are due and not held, whatever the run made of them."""
        return self.skipped_due + self.failed_due + self.arrived + self.residue


def settled(ruling: Ruling) -> Condition:
    """True or false for each service: ended for good, with an end that can be believed and is covered."""
    service, end = ruling.service, ruling.service.end
    terminated = sa.true() if service.status is None else service.is_terminated()
    believed = sa.and_(
        terminated, sa.not_(end.missing()), sa.not_(service.is_open()), sa.not_(end.unreadable()),
        sa.not_(service.implausible()), end.covered(ruling.bounds.due),
        sa.not_(sa.func.coalesce(service.before_start(), sa.false())),
    )
    return sa.case((believed, 1), else_=0) == 1


def undatable(ruling: Ruling) -> Condition:
    """True or false for each service: ended for good, with no end that can be believed, so that one may be attested."""
    service, end = ruling.service, ruling.service.end
    unbelieved = sa.and_(end.covered(ruling.bounds.over), sa.or_(
        service.implausible(), sa.func.coalesce(service.before_start(), sa.false())))
    without = end.missing() if service.status is not None else sa.false()
    is_open = sa.func.coalesce(service.is_open(), sa.false())
    said = sa.and_(sa.not_(is_open), sa.or_(without, sa.and_(
        sa.not_(end.missing()), sa.or_(end.unreadable(), unbelieved))))
    return sa.case((said, 1), else_=0) == 1


def due_statement(decider: Decider) -> sa.Select[Any]:
    """Keys of the records that are due and not held, asked by the absence of any service that is not settled."""
    target = decider.target
    held, requested = (r.covers(target) if r else sa.false() for r in (decider.holds, decider.requests))
    source: FromClause = target.table
    ways = []
    asked = _path_due if target.path else _direct_due
    for place, ruling in enumerate(decider.rulings):
        source, due = asked(decider, source, ruling, f"_v{place}" if place else "")
        ways.append(due if decider.acquisition is None else sa.and_(_decides(decider.acquisition, place), due))
    return sa.select(target.key_text().label("record_key")).select_from(source).where(
        target.in_scope(), sa.not_(target.blank()), sa.not_(held), sa.or_(requested, *ways)
    )


def _decides(acquisition: Acquisition, place: int) -> Condition:
    """True where a record was acquired on the first day of a version or later, and before that of the next."""
    when, until = acquisition.acquired, (*acquisition.begins, acquisition.has_come)[place + 1]
    return sa.and_(sa.not_(when.missing()), sa.not_(when.unreadable()), when.covered(until),
                   sa.not_(when.covered(acquisition.begins[place])))


def _direct_due(decider: Decider, source: FromClause, ruling: Ruling, suffix: str) -> tuple[FromClause, Condition]:
    conditions = []
    for n, column in enumerate(decider.target.subjects, start=1):
        source, all_settled = _settled_subject(decider, source, ruling, column, f"_{n}{suffix}")
        conditions.append(sa.or_(column.is_(None), all_settled))
    somebody = sa.or_(*(c.is_not(None) for c in decider.target.subjects))
    return source, sa.and_(somebody, *conditions)


def _settled_subject(decider: Decider, source: FromClause, ruling: Ruling, subject: ColumnElement[Any],
                     suffix: str) -> tuple[FromClause, Condition]:
    """A source with what is asked of each subject joined to it, and the condition that nothing is in the way."""
    good = _subjects_where(ruling, settled(ruling), f"carddata_good{suffix}")
    bad = _subjects_where(ruling, sa.not_(settled(ruling)), f"carddata_bad{suffix}")
    source = source.outerjoin(good, good.c.carddata_of == subject).outerjoin(bad, bad.c.carddata_of == subject)
    of_themselves = sa.and_(good.c.carddata_of.is_not(None), bad.c.carddata_of.is_(None))
    if decider.attested is None or ruling.days is None:
        return source, of_themselves
    alive = _subjects_where(ruling, sa.not_(sa.or_(settled(ruling), undatable(ruling))), f"carddata_alive{suffix}")
    counted = _how_many(ruling, f"carddata_how_many{suffix}")
    attested = _attested(decider.attested, ruling, f"carddata_attested{suffix}")
    source = source.outerjoin(alive, alive.c.carddata_of == subject).outerjoin(
        counted, counted.c.carddata_of == subject).outerjoin(attested, attested.c.item == key_text.in_sql(subject))
    by_people = sa.and_(attested.c.item.is_not(None), alive.c.carddata_of.is_(None),
                        attested.c.services == sa.func.coalesce(counted.c.carddata_services, 0))
    return source, sa.or_(of_themselves, by_people)


def _how_many(ruling: Ruling, name: str) -> sa.Subquery:
    service = ruling.service
    return sa.select(service.subject.label("carddata_of"), sa.func.count().label("carddata_services")).select_from(
        service.source).where(service.condition, service.subject.is_not(None)).group_by(service.subject).subquery(name)


def _attested(attested: Attestations, ruling: Ruling, name: str) -> sa.Subquery:
    """The subjects of which one attestation is in force, whose day the cutoff covers."""
    assert ruling.days is not None
    row = attested.table.c
    due = sa.case((attested.covered(ruling.days.due), 1), else_=0)
    return sa.select(row.item, sa.func.max(row.services).label("services")).where(attested.open_).group_by(
        row.item).having(sa.func.count() == 1, sa.func.min(due) == 1).subquery(name)


def _subjects_where(ruling: Ruling, condition: Condition, name: str) -> sa.Subquery:
    service = ruling.service
    return sa.select(service.subject.label("carddata_of")).select_from(service.source).where(
        service.condition, condition, service.subject.is_not(None)
    ).distinct().subquery(name)


def _path_due(decider: Decider, outer: FromClause, ruling: Ruling, suffix: str) -> tuple[FromClause, Condition]:
    target = decider.target
    first, *rest = target.path
    source: FromClause = first.table
    for hop in rest:
        source = source.join(hop.table, sa.and_(*(a == b for a, b in zip(hop.from_, hop.to, strict=True))))
    subject = target.path_subject
    assert subject is not None
    source, all_settled = _settled_subject(decider, source, ruling, subject, suffix)
    links = [c.label(f"carddata_link_{n}") for n, c in enumerate(first.to)]
    unsettled = sa.func.sum(sa.case((all_settled, 0), else_=1)).label("carddata_unsettled")
    grouped = sa.select(*links, unsettled).select_from(source).where(subject.is_not(None)).group_by(
        *first.to).subquery(f"carddata_path{suffix}")
    pairs = zip(first.from_, list(grouped.c)[:-1], strict=True)
    return outer.outerjoin(grouped, sa.and_(*(a == b for a, b in pairs))), grouped.c.carddata_unsettled == 0


def look(connection: Connection, decider: Decider, ledger: Ledger, run_id: str) -> Look:
    """Count what is due now, each kind by its own question to the ledger of the run.

    The keys stream by: a refused target may leave a million due. So the ledger is asked over a second connection.
    """
    target = decider.target
    total = connection.execute(
        sa.select(sa.func.count()).select_from(target.table).where(target.in_scope())
    ).scalar_one()
    kinds: Counter[Outcome | None] = Counter()
    due = connection.execute(due_statement(decider), execution_options={"stream_results": True, "yield_per": PAGE})
    with ledger.db.snapshot() as asking:
        for page in due.partitions():
            keys = [r.record_key for r in page]
            fates = ledger.fates(asking, run_id, target.name, keys)
            kinds.update(fates.get(key) for key in keys)
    return Look(total, kinds[Outcome.SKIPPED], kinds[Outcome.FAILED], kinds[None], kinds[Outcome.PURGED],
                str(due.context.compiled))
