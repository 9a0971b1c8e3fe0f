"""What a night does about requests: closes the erasures of which nothing is left, and counts them all."""

from collections import Counter
from dataclasses import replace
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import observations
from carddata_retention.identity import stamp
from carddata_retention.individuals import RequestKind, RequestTally
from carddata_retention.ledger import chunks
from carddata_retention.nights import Running


def close_finished(run: Running) -> None:
    """Close each granted erasure that names no record any more which holds something, and count the requests.

    Where a target could not be seen nobody knows, so nothing is closed. A database that refuses is a finding: what was
    removed is recorded all the same.
    """
    try:
        done = _finished(run)
        with run.stage.db.transaction() as connection:
            request = run.stage.ledger.tables.request
            for some in chunks(sorted(done)):
                connection.execute(request.update().where(request.c.id.in_(some)).values(
                    closed_at=stamp(run.hooks.moment())))
            run.requests = tallies(connection, run)
            if run.only is None:
                run.findings += observations.requests_open_long(
                    _received(connection, run), run.stage.policy.as_of, run.stage.config.requests.open_days)
    except SQLAlchemyError:
        run.findings.append(observations.requests_not_closed())


def _finished(run: Running) -> set[str]:
    if any(target.error is not None or target.bound is None for target in run.targets):
        return set()
    register = run.stage.ledger.tables.requests(run.only)
    with run.stage.db.snapshot() as connection:
        waiting = set(connection.execute(sa.select(register.table.c.id).where(register.open_)).scalars())
        for target in run.targets if waiting else ():
            whole = replace(target.bound_of().target, only=None)
            waiting -= set(connection.execute(register.numbers(whole, whole.holding())).scalars())
    return waiting


def tallies(connection: Connection, run: Running) -> tuple[RequestTally, ...]:
    """Requests by kind: what became of them since the last night, and how many are open. Kinds without any are left
    out."""
    request = run.stage.ledger.tables.request.c
    since = stamp(run.previous.finished_at) if run.previous is not None else ""
    rows = connection.execute(sa.select(
        request.kind, request.recorded_at, request.granted_at, request.refused_at, request.closed_at).where(
        request.part == 1, sa.or_(request.closed_at.is_(None), request.closed_at > since)))
    found: dict[str, Counter[str]] = {}
    for kind, *moments, closed in rows:
        counts = found.setdefault(kind, Counter())
        for name, moment in zip(("received", "granted", "refused", "closed"), (*moments, closed), strict=True):
            counts[name] += moment is not None and moment > since
        counts["open"] += closed is None
    names = ("received", "granted", "refused", "closed", "open")
    return tuple(RequestTally(kind, *(found[kind.value][name] for name in names)) for kind in RequestKind
                 if kind.value in found)


def _received(connection: Connection, run: Running) -> list[date]:
    request = run.stage.ledger.tables.request.c
    return [date.fromisoformat(day[:10]) for day in connection.execute(
        sa.select(request.received_at).where(request.closed_at.is_(None), request.part == 1)).scalars()]
