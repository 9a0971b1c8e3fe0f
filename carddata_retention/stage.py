"""What every look and every night stands on: one login, the two clocks, the policy of the as-of date.

The host's time is handed in by the command line and read nowhere else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import tables
from carddata_retention.acquisition import Acquisition
from carddata_retention.attested import DAYS
from carddata_retention.breakers import Clocks
from carddata_retention.config import database_url
from carddata_retention.db import Database, open_database, seen_as
from carddata_retention.ledger import Ledger
from carddata_retention.policy import Policy, in_force
from carddata_retention.schema import BoundSchema, BoundTarget
from carddata_retention.services import Ruling
from carddata_retention.settings import Config

Role = Literal["run", "plan", "verify", "register"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One login on the billing database, on one as-of date."""

    config: Config
    db: Database
    ledger: Ledger
    policy: Policy
    clocks: Clocks
    database: str
    login: str

    def decider(self, schema: BoundSchema, bound: BoundTarget, *, registers: bool,
                only: str | None = None, attested: bool = False) -> tables.Decider:
        """The decision of one target; `registers` says whether our own tables exist yet, `attested` whether any
        attested end is in force. `only` is a granted request: then nothing but its records is in scope."""
        own, target, created = self.ledger.tables, bound.target, bound.target.created
        if only is not None:
            target = replace(target, only=own.requests(only).covers(target, removing=True))
        rulings = self.rulings(schema, attested=attested)
        return tables.Decider(
            target=target,
            rulings=rulings[:len(self.policy.deciding)],
            compared=rulings[-1] if self.policy.compared else None,
            holds=own.holds() if registers else None,
            requests=own.requests(only) if registers else None,
            dialect=self.db.dialect,
            acquisition=Acquisition(created, self.policy.begins(created.reading), self.policy.has_come(created.reading))
            if created is not None else None,
            attested=own.attestations() if attested else None,
        )

    def rulings(self, schema: BoundSchema, *, attested: bool = False) -> tuple[Ruling, ...]:
        """The versions whose service ends are read, with the bounds of the night."""
        return tuple(Ruling(d.version.version, d.rule, source, d.bounds(source.end.reading),
                            d.bounds(DAYS) if attested else None)
                     for d, source in zip(self.policy.read, schema.service.sources, strict=True))

    def attested(self, connection: Connection) -> bool:
        """Whether any attested end is in force."""
        ours = self.ledger.tables.attestations()
        return connection.execute(sa.select(sa.literal(1)).select_from(ours.table).where(ours.open_).limit(1)
                                  ).first() is not None


@contextmanager
def open_stage(config: Config, role: Role, host: datetime, as_of: date | None) -> Iterator[Stage]:
    """Connect, read the database's clock, settle the as-of date and the policy. Raises BlindError, ConfigError.

    Without `as_of` it is the earlier of the host's and the database's date in the policy zone.
    """
    db = open_database(database_url(config, role), config.base)
    try:
        try:
            with db.snapshot() as connection:
                clock = db.clock(connection)
                database, login = db.identity(connection)
        except SQLAlchemyError as refused:
            raise seen_as(refused, "The database") from None
        zone = ZoneInfo(config.policy.zone)
        today = min(moment.astimezone(zone).date() for moment in (host, clock) if moment is not None)
        judged = as_of or today
        yield Stage(config, db, Ledger(db, config), in_force(config, judged), Clocks(host, clock, judged, today),
                    database, login)
    finally:
        db.close()


