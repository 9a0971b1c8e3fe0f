"""Audit events: who did what, when, from where, with which outcome; for every command that changes or reveals.

They are only ever added. A command that writes to the ledger writes its event in the same transaction; one that only
looks leaves it in a spool folder, and the next run takes it in. The seal of each run is over all events since the one
before. Until then an event stands by its own signature.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from carddata_retention.own_tables import OwnTables
from carddata_retention.verifier import form

STREAM = {"stream_results": True, "yield_per": 1000}
Row = Mapping[str, Any]
ATTEMPTS = 50
HOLD_PLACED, HOLD_RELEASED = "hold place", "hold release"


class EventList:
    """The events of one ledger."""

    tables: OwnTables

    def note(self, connection: Connection, events: Sequence[Row]) -> int:
        """Add events in their order, each once whatever happens; returns how many were new."""
        return sum(self._noted(connection, body) for body in events)

    def _noted(self, connection: Connection, body: Row) -> bool:
        """Add one under the next number. Another transaction may take that number first: then under the one after."""
        event = self.tables.event
        for attempt in range(ATTEMPTS):
            if connection.execute(sa.select(event.c.number).where(event.c.id == body["id"])).first() is not None:
                return False
            last = connection.execute(sa.select(sa.func.max(event.c.number))).scalar() or 0
            try:
                with connection.begin_nested():
                    connection.execute(event.insert(), {**body, "number": last + 1})
                return True
            except IntegrityError:
                if attempt + 1 == ATTEMPTS:
                    raise
        return False

    def lost_holds(self, connection: Connection) -> list[str]:
        """The numbers of holds that were placed by their events and not released by any, and are not in force.

        A database that went back has forgotten them, or somebody removed them beside us.
        """
        event, hold, placed = self.tables.event.c, self.tables.hold.c, dict[str, bool]()
        told = sa.select(event.what, event.facts).where(event.what.in_((HOLD_PLACED, HOLD_RELEASED)))
        for what, facts in connection.execute(told.order_by(event.number)):
            placed[json.loads(facts)["hold"]] = what == HOLD_PLACED
        in_force = set(connection.execute(sa.select(hold.id).where(hold.released_at.is_(None)).distinct()).scalars())
        return sorted(number for number, open_ in placed.items() if open_ and number not in in_force)

    def events_since(self, connection: Connection, after: int, last: int | None = None) -> Iterator[Row]:
        """The events after a number, up to another, in their order."""
        event = self.tables.event
        until = sa.true() if last is None else event.c.number <= last
        rows = connection.execute(sa.select(event).where(event.c.number > after, until).order_by(event.c.number),
                                  execution_options=STREAM)
        yield from map(dict, rows.mappings())

    def events_digest(self, connection: Connection, after: int, last: int | None = None) -> tuple[int, str]:
        """The number of the last of these events, and the digest over all of them, in hex."""
        whole, number = hashlib.sha256(), after
        for row in self.events_since(connection, after, last):
            whole.update(form.event_line(row))
            number = row["number"]
        return number, whole.hexdigest()

    def sealed_events(self, connection: Connection, run_id: str) -> tuple[int, int]:
        """After which event and up to which a sealed run's seal is over events."""
        run = self.tables.run.c
        number, last = connection.execute(sa.select(run.number, run.last_event).where(run.run_id == run_id)).one()
        before = connection.execute(sa.select(sa.func.max(run.last_event)).where(run.number < number)).scalar()
        return before or 0, last
