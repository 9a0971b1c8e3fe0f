"""What others do to one customer while a removal is under way, and the ends that the record may come to by it.

A change is one statement or two of a session that gives up at once where it would have to wait. `allowed` says which
ends are right for it, by the place that it took among the statements of the batch: that is the whole claim of a removal.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from bench import LONG_AGO, moment, place_hold
from nightly import House
from sqlalchemy import Connection

LATER = datetime(2026, 1, 2, tzinfo=UTC)
LOCKED = ("skipped", "locked")
PURGED = ("purged", None)
NOT_DUE = ("skipped", "no_longer_due")
MOVED = ("skipped", "moved")
HELD = ("skipped", "held_meanwhile")
GONE = ("skipped", "gone")
CHANGED = ("skipped", "changed")

End = tuple[str | None, str | None]
Change = Callable[[House, Connection, str, int], None]


def say(connection: Connection, text: str, **values: Any) -> None:
    connection.execute(sa.text(text), values)


def reactivate(house: House, c: Connection, _: str, key: int) -> None:
    say(c, "UPDATE services SET status = 'active', use_ended_at = NULL WHERE id = :id", id=key * 10)


def reactivate_the_second(house: House, c: Connection, _: str, key: int) -> None:
    say(c, "UPDATE services SET status = 'active', use_ended_at = NULL WHERE id = :id", id=key * 10 + 1)


def correct_the_end(house: House, c: Connection, _: str, key: int) -> None:
    say(c, "UPDATE services SET use_ended_at = :later WHERE id = :id", id=key * 10 + 1, later=moment(house, LATER))


def correct_the_end_to_one_that_is_due_too(house: House, c: Connection, _: str, key: int) -> None:
    say(c, "UPDATE services SET use_ended_at = :sooner WHERE customer_id = :of",
        sooner=moment(house, LONG_AGO - timedelta(days=400)), of=key)


def order_anew(house: House, c: Connection, _: str, key: int) -> None:
    say(c, "INSERT INTO services (id, customer_id, kind, status) VALUES (:id, :of, 'vps', 'active')",
        id=key * 10 + 5, of=key)


def hold_record(house: House, c: Connection, target: str, key: int) -> None:
    place_hold(house, c, "record", key, target)


def hold_subject(house: House, c: Connection, _: str, key: int) -> None:
    place_hold(house, c, "subject", key)


def move(house: House, c: Connection, target: str, key: int) -> None:
    say(c, f"UPDATE {target} SET customer_id = 1 WHERE id = :id", id=key)


def remove(house: House, c: Connection, target: str, key: int) -> None:
    if target == "cards":
        say(c, "DELETE FROM card_usage WHERE card_id = :id", id=key)
    say(c, f"DELETE FROM {target} WHERE id = :id", id=key)


def touch(house: House, c: Connection, target: str, key: int) -> None:
    what = "exp_year = 2031" if target == "cards" else "amount = 2096"
    say(c, f"UPDATE {target} SET {what} WHERE id = :id", id=key)


def touch_customer(house: House, c: Connection, _: str, key: int) -> None:
    say(c, "UPDATE customers SET name = '田中' WHERE id = :id", id=key)


@dataclass(frozen=True)
class Event:
    """A change, and the ends that its record may come to where it was committed, or was left open.

    `locked_out`: the locks of a batch keep it out until the COMMIT; else it counts only until the removing statement.
    `of_customer`: it decides all records of the customer, not the one that it names alone.
    """

    change: Change
    committed: tuple[End, ...]
    open: tuple[End, ...] = (LOCKED,)
    locked_out: bool = True
    of_customer: bool = True

    @property
    def name(self) -> str:
        return self.change.__name__.replace("_", " ")


# A hold counts from its COMMIT. One that is not committed cannot be seen; only MariaDB's DELETE waits for it.
EVENTS = (
    Event(reactivate, (NOT_DUE,)),
    Event(reactivate_the_second, (NOT_DUE,)),
    Event(correct_the_end, (NOT_DUE,)),
    Event(correct_the_end_to_one_that_is_due_too, (PURGED,)),
    Event(order_anew, (NOT_DUE,)),
    Event(hold_record, (HELD,), (PURGED, LOCKED), locked_out=False, of_customer=False),
    Event(hold_subject, (HELD,), (PURGED, LOCKED), locked_out=False),
    Event(move, (NOT_DUE, MOVED), of_customer=False),
    Event(remove, (GONE,), of_customer=False),
    Event(touch, (PURGED,)),
    Event(touch_customer, (PURGED,)),
)
HOLDS = (hold_record, hold_subject)


def removes(text: str, target: str) -> bool:
    """Whether a statement is the one that removes the records of a target."""
    return text.startswith(("DELETE", "UPDATE")) and target in text.split("WHERE")[0]


def allowed(event: Event, commits: bool, at: int, removal: int | None, over: int | None) -> tuple[End, ...]:
    """The ends of a record to which `event` happened before statement number `at`.

    `removal` and `over` are the numbers of the removing statement and of the COMMIT; None where none was sent.
    """
    last = over if event.locked_out else removal
    if last is not None and at > last:
        return (PURGED,)
    return event.committed if commits else event.open


def session(house: House, stack: ExitStack, patience_ms: int = 15) -> Connection:
    """A session of somebody else's, which gives up at once where it would have to wait."""
    connection = stack.enter_context(house.database.engine.connect())
    if house.database.dialect == "postgresql":
        connection.exec_driver_sql(f"SET lock_timeout = '{patience_ms}ms'")
    else:
        connection.exec_driver_sql("SET SESSION innodb_lock_wait_timeout = 0, tx_isolation = 'READ-COMMITTED'")
    connection.commit()
    return connection
