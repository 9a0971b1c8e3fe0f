"""The rows of requests: written when one is received, when it is decided, when it is closed; never deleted."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention.errors import UsageError
from carddata_retention.identity import stamp
from carddata_retention.individuals import RequestKind
from carddata_retention.naming import Naming
from carddata_retention.own_tables import OwnTables
from carddata_retention.records import key_for_person, key_from_person
from carddata_retention.report.leaks import has_card_number
from carddata_retention.settings import Config
from carddata_retention.stage import open_stage
from carddata_retention.subject_requests.inventory import Whose

NOT_RECORDED = "No request was recorded, and none was changed."


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody asks at the desk: of what, on which day, taken by whom, and how identity was confirmed."""

    received_by: str
    identity_check: str
    received: date | None = None
    subject: str | None = None
    target: str | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        if not self.received_by.strip() or not self.identity_check.strip():
            raise UsageError("request_identity", "A request needs who takes it and how identity was confirmed.",
                             not_done=NOT_RECORDED, cure="--by NAME --identity 'residence card seen at the desk'")
        of_record = self.target is not None and self.key is not None and self.subject is None
        if not of_record and (self.subject is None or self.target is not None or self.key is not None):
            raise UsageError("request_scope", "Name a subject, or a target with a key.", not_done=NOT_RECORDED,
                             cure="--subject ID")
        no_card_number(self.received_by, self.identity_check)


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request that is not closed. `item` is its subject or key as people read it; `age_days` since its receipt."""

    id: str
    kind: str
    scope: str
    target: str | None
    item: str
    received: str
    age_days: int
    granted_by: str | None
    granted_at: str | None

    @property
    def state(self) -> str:
        """received: somebody must decide; granted: it waits for a removal."""
        return "granted" if self.granted_at else "received"


def no_card_number(*texts: str) -> None:
    """Raises UsageError where something that was typed has the shape of a card number: it would stay for years."""
    if any(has_card_number(text) for text in texts):
        raise UsageError("card_number_given", "What was given has the shape of a card number.", not_done=NOT_RECORDED,
                         cure="Say it without the number.")


def named(connection: Connection, names: Naming, claim: Claim) -> Whose:
    """Whom a claim names, locked as a batch would lock it.

    Raises UsageError for nobody, RefusedError for a record that was removed, with the day.
    """
    if claim.target is not None and claim.key is not None:
        bound = names.target(claim.target)
        item = names.lock_record(connection, bound, key_from_person(bound.target, claim.key))
        return Whose("record", (item,), claim.target)
    known = names.lock_subject(connection, names.subject(claim.subject or ""))
    if not known:
        raise UsageError("unknown_subject", "Nobody is this subject: no service, no parent and no record.",
                         not_done=NOT_RECORDED, cure="Look at the value.")
    return Whose("subject", tuple(known))


def receive(connection: Connection, names: Naming, kind: RequestKind, claim: Claim, whose: Whose,
            host: datetime) -> str:
    """Write a request down; returns its number."""
    number = f"r{host:%Y%m%d}-{secrets.token_hex(4)}"
    day = claim.received or names.stage.clocks.today
    if day > names.stage.clocks.today:
        raise UsageError("received_ahead", "A request cannot have been received on a day to come.",
                         not_done=NOT_RECORDED, cure="--received YYYY-MM-DD")
    connection.execute(names.stage.ledger.tables.request.insert(), [
        {"id": number, "part": part, "scope": whose.scope, "target": whose.target, "item": item, "kind": kind.value,
         "received_at": day.isoformat(), "recorded_at": stamp(host), "received_by": claim.received_by,
         "identity_check": claim.identity_check} for part, item in enumerate(whose.items, start=1)])
    return number


def write(connection: Connection, tables: OwnTables, number: str, *, undecided: bool = False, **values: Any) -> None:
    """Change all rows of an open request. Raises UsageError where there is none; with `undecided` also where it was
    granted already."""
    request = tables.request
    where = [request.c.id == number, request.c.closed_at.is_(None)]
    changed: Any = connection.execute(request.update().where(
        *where, *([request.c.granted_at.is_(None)] if undecided else [])).values(**values))
    if not changed.rowcount:
        raise UsageError("request_decided", f"Request {number} is not waiting for a decision.", not_done=NOT_RECORDED,
                         cure="carddata-retention request list")


def read(connection: Connection, tables: OwnTables, number: str, kind: RequestKind | None = None) -> tuple[Any, Whose]:
    """A request's first row, and whom it names. Raises UsageError for one that nobody made, or of another kind."""
    request = tables.request
    rows = connection.execute(sa.select(request).where(request.c.id == number).order_by(request.c.part)).all()
    if not rows or (kind is not None and rows[0].kind != kind.value):
        of_kind = "" if kind is None else f" to {kind.value}"
        raise UsageError("unknown_request", f"There is no request {number}{of_kind}.", not_done=NOT_RECORDED,
                         cure="carddata-retention request list")
    return rows[0], Whose(rows[0].scope, tuple(row.item for row in rows), rows[0].target)


def erasures_of(connection: Connection, tables: OwnTables, whose: Whose) -> list[Any]:
    """Earlier requests to erase the same, those first that are open."""
    request = tables.request.c
    same = request.target == whose.target if whose.target is not None else request.target.is_(None)
    return list(connection.execute(
        sa.select(request.id, request.closed_at, request.granted_at).where(
            request.kind == RequestKind.ERASE.value, request.scope == whose.scope, request.item.in_(whose.items), same)
        .order_by(sa.func.coalesce(request.closed_at, "9999").desc())))


def open_requests(config: Config, host: datetime) -> list[OpenRequest]:
    """Every request that is not closed, the oldest first. Read-only."""
    with open_stage(config, "plan", host, None) as stage, stage.db.snapshot() as connection:
        if not stage.ledger.exists(connection):
            return []
        request = stage.ledger.tables.request
        rows: Sequence[Any] = connection.execute(sa.select(request).where(
            request.c.closed_at.is_(None), request.c.part == 1).order_by(request.c.received_at, request.c.id)).all()
        return [OpenRequest(row.id, row.kind, row.scope, row.target, key_for_person(row.item), row.received_at,
                            (stage.clocks.today - date.fromisoformat(row.received_at[:10])).days, row.granted_by,
                            row.granted_at) for row in rows]
