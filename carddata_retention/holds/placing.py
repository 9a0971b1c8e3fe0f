"""Placing one hold: on a record, a subject or a whole target."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from carddata_retention.errors import UsageError
from carddata_retention.events import HOLD_PLACED
from carddata_retention.identity import stamp
from carddata_retention.lock import close_gate
from carddata_retention.naming import Naming, naming
from carddata_retention.records import key_from_person
from carddata_retention.settings import Config

BASES = ("dispute", "chargeback", "authority", "statute", "other")
NOT_PLACED = "No hold was placed."


@dataclass(frozen=True, slots=True)
class Order:
    """Who asks for a hold, on what basis, and by when somebody must look at it again. `note` is needed for `other`."""

    basis: str
    placed_by: str
    review_by: date
    note: str = ""

    def __post_init__(self) -> None:
        if self.basis not in BASES or (self.basis == "other" and not self.note.strip()):
            raise UsageError("hold_basis", f"A hold needs a basis: {', '.join(BASES)}; other needs a note.",
                             not_done=NOT_PLACED, cure="--basis dispute --by NAME --review-by YYYY-MM-DD")
        if not self.placed_by.strip():
            raise UsageError("hold_by", "A hold needs whoever places it.", not_done=NOT_PLACED, cure="--by NAME")


def new_id(host: datetime) -> str:
    """The number of a new hold."""
    return f"h{host:%Y%m%d}-{secrets.token_hex(4)}"


def place_on_record(config: Config, host: datetime, target: str, key: str, order: Order) -> str:
    """Hold one record; returns the hold's id.

    Raises UsageError for a record that nobody has, RefusedError for one that was removed already, with the day.
    """
    hold_id = new_id(host)
    with naming(config, host, NOT_PLACED) as names:
        record(names, host, hold_id, 1, target, key_from_person(names.target(target).target, key), order)
    return hold_id


def place_on_subject(config: Config, host: datetime, subject: str, order: Order) -> str:
    """Hold every record of one subject, those to come included; returns the hold's id. Raises UsageError."""
    hold_id = new_id(host)
    with naming(config, host, NOT_PLACED) as names:
        one_subject(names, host, hold_id, subject, order)
    return hold_id


def place_on_target(config: Config, host: datetime, target: str, order: Order) -> str:
    """Hold a whole target; waits for the batches under way. Returns the hold's id. Raises UsageError, BlindError."""
    hold_id = new_id(host)
    with naming(config, host, NOT_PLACED) as names:
        whole_target(names, host, hold_id, target, order)
    return hold_id


def record(names: Naming, host: datetime, hold_id: str, part: int, target: str, item: str, order: Order) -> None:
    """Write one record into a hold. `item` is the key as the ledger writes it."""
    bound = names.target(target)

    def place(connection: Connection) -> None:
        text = names.lock_record(connection, bound, item)
        _write(connection, names, host, order, id=hold_id, part=part, scope="record", target=target, item=text)

    first = HOLD_PLACED if part == 1 else ""  # the others are of the same hold
    names.patiently(place, first,
                    lambda _: {"hold": hold_id, "scope": "record", "target": target, "basis": order.basis})


def one_subject(names: Naming, host: datetime, hold_id: str, subject: str, order: Order) -> None:
    """Write a subject into a hold, a row for each way in which a column writes it."""
    value = names.subject(subject)

    def place(connection: Connection) -> None:
        known = names.lock_subject(connection, value)
        if not known:
            raise UsageError("unknown_subject", "Nobody is this subject: no service, no parent and no record.",
                             not_done=NOT_PLACED, cure="Look at the value.")
        for part, text in enumerate(known, start=1):
            _write(connection, names, host, order, id=hold_id, part=part, scope="subject", item=text)

    names.patiently(place, HOLD_PLACED, lambda _: {"hold": hold_id, "scope": "subject", "basis": order.basis})


def whole_target(names: Naming, host: datetime, hold_id: str, target: str, order: Order) -> None:
    """Write a whole target into a hold, when no batch is under way."""
    names.target(target)

    def place(connection: Connection) -> None:
        close_gate(connection, names.stage.ledger.tables.run)
        _write(connection, names, host, order, id=hold_id, part=1, scope="target", target=target)

    names.patiently(place, HOLD_PLACED,
                    lambda _: {"hold": hold_id, "scope": "target", "target": target, "basis": order.basis})


def _write(connection: Connection, names: Naming, host: datetime, order: Order, **whom: str | int) -> None:
    connection.execute(names.stage.ledger.tables.hold.insert(), {
        "target": None, "item": None, **whom, "basis": order.basis, "note": order.note or None,
        "placed_by": order.placed_by, "placed_at": stamp(host), "review_by": order.review_by.isoformat()})
