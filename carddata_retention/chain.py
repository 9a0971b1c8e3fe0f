"""The sealed part of the ledger: runs, each chained to the one before, and the tombstones that their batches prove.

Nothing here commits, and nothing is ever rewritten: a run is sealed once. Whoever finds its own run sealed by
somebody else has lost the lock, and must not remove anything more.
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention import evidence
from carddata_retention.errors import BrokenError, BusyError
from carddata_retention.keys import EvidenceKey
from carddata_retention.model import Disposition, Status, Tombstone
from carddata_retention.own_tables import OwnTables

STREAM = {"stream_results": True, "yield_per": 1000}
SEALED_AFTER = ("previous_seal", "seal", "key_id", "signature")


class Chain:
    """The runs of one ledger and their seals."""

    def __init__(self, tables: OwnTables) -> None:
        self.tables = tables

    def unsealed(self, connection: Connection) -> list[str]:
        """Runs that were killed: opened before and never sealed, oldest first."""
        run = self.tables.run.c
        return list(connection.execute(
            sa.select(run.run_id).where(run.seal.is_(None)).order_by(run.number)
        ).scalars())

    def hold_open(self, connection: Connection, run_id: str) -> None:
        """Keep a run from being sealed until this transaction ends. Raises BusyError where it was sealed already.

        The lock of the run goes with its session; another run may then have begun and sealed this one as killed.
        """
        self.must_be_open(connection, run_id, locking="share")

    def seal(self, connection: Connection, run_id: str, key: EvidenceKey, closing: Mapping[str, Any]) -> str:
        """Close a run and chain it to the one before. Returns the new head. Raises BusyError if it was sealed."""
        run = self.tables.run
        self.must_be_open(connection, run_id, locking="alone")
        connection.execute(run.update().where(run.c.run_id == run_id).values(**closing))
        previous = self.head(connection)
        head = evidence.seal(previous, self.run_digest(connection, run_id))
        connection.execute(run.update().where(run.c.run_id == run_id).values(
            previous_seal=previous, seal=head, key_id=key.key_id, signature=evidence.signature(key.secret, head)
        ))
        return head

    def must_be_open(self, connection: Connection, run_id: str, *, locking: str | None = None) -> None:
        """Raises BusyError where a run is sealed. `locking` "share" or "alone" keeps its row so."""
        run = self.tables.run.c
        query = sa.select(run.run_id).where(run.run_id == run_id, run.seal.is_(None))
        if locking is not None:
            query = query.with_for_update(read=locking == "share")
        if connection.execute(query).first() is None:
            raise BusyError("run_taken_over", f"Run {run_id} lost its lock, and another run has sealed it meanwhile.",
                            not_done="Nothing more was removed; what was removed before is recorded.",
                            cure="The other run goes on. Find out why this one lost its connection.")

    def head(self, connection: Connection) -> str:
        """The seal of the last sealed run, or the beginning of all chains."""
        run = self.tables.run.c
        query = sa.select(run.seal).where(run.seal.is_not(None)).order_by(run.number.desc()).limit(1)
        return connection.execute(query).scalar() or evidence.GENESIS

    def run_digest(self, connection: Connection, run_id: str) -> str:
        """The digest of a run's own row and of its batches, from what is stored."""
        run, batch = self.tables.run, self.tables.batch
        row = connection.execute(sa.select(run).where(run.c.run_id == run_id)).mappings().one()
        batches = connection.execute(sa.select(batch).where(batch.c.run_id == run_id)).mappings()
        return evidence.run_digest({k: v for k, v in row.items() if k not in SEALED_AFTER},
                                   [(b["target"], b["batch_no"], evidence.digest(dict(b))) for b in batches])

    def check_chain(self, connection: Connection, key: EvidenceKey | None = None) -> int:
        """Recompute every seal; returns how many. Raises BrokenError naming the first run that does not fit.

        With the key the signatures are recomputed too: without it anybody could compute a whole new chain.
        """
        run = self.tables.run.c
        self._nothing_without_a_run(connection, self.tables.batch, self.tables.target)
        previous, sealed = evidence.GENESIS, 0
        rows = connection.execute(sa.select(
            run.run_id, run.number, run.finished_at, run.previous_seal, run.seal, run.key_id, run.signature
        ).order_by(run.number)).all()
        for place, row in enumerate(rows, start=1):
            if row.number != place:
                raise _broken("chain_broken", f"Run number {place} is missing before run {row.run_id}.")
            if row.seal is None and row.finished_at is None:
                continue  # it is going on, or was killed
            forged = row.seal is None or (key is not None and not key.signs(row.key_id, row.signature, row.seal))
            seal = evidence.seal(previous, self.run_digest(connection, row.run_id))
            if forged or (row.previous_seal, row.seal) != (previous, seal):
                raise _broken("chain_broken", f"The evidence of run {row.run_id} was changed after it was sealed.")
            previous, sealed = row.seal, sealed + 1
        return sealed

    def check_tombstones(self, connection: Connection, run_id: str | None = None) -> int:
        """Recompute the digests of the batches of a run, or of all runs, from their tombstones; returns how many.

        Raises BrokenError naming the first batch whose tombstones are not the ones that it was committed with.
        """
        if run_id is not None:
            return self._check_run(connection, run_id)
        self._nothing_without_a_run(connection, self.tables.tombstone)
        runs = connection.execute(sa.select(self.tables.run.c.run_id).order_by(self.tables.run.c.number)).scalars()
        return sum(self._check_run(connection, one) for one in runs.all())

    def _check_run(self, connection: Connection, run_id: str) -> int:
        batch = self.tables.batch.c
        query = sa.select(batch.target, batch.batch_no, batch.purged, batch.digest).where(batch.run_id == run_id)
        promised = {(b.target, b.batch_no): (b.purged, b.digest) for b in connection.execute(query)}
        total = 0
        for place, stones in groupby(self._raw(connection, run_id), key=lambda s: (s["target"], s["batch_no"])):
            found = [evidence.digest(dict(stone)) for stone in stones]
            if promised.pop(place, None) != (len(found), evidence.digest(sorted(found))):
                raise _changed(run_id, *place)
            total += len(found)
        for place, (purged, digest) in promised.items():
            if purged or digest != evidence.batch_digest([]):
                raise _changed(run_id, *place)
        return total

    def _nothing_without_a_run(self, connection: Connection, *tables: sa.Table) -> None:
        """A run row that was cut off the end of the chain leaves its batches and tombstones behind."""
        known = sa.select(self.tables.run.c.run_id)
        for table in tables:
            lost = connection.execute(sa.select(table.c.run_id).where(table.c.run_id.not_in(known)).limit(1)).scalar()
            if lost is not None:
                raise _broken("chain_broken", f"The ledger holds evidence of run {lost}, but not the run itself.")

    def tombstones(self, connection: Connection, run_id: str, target: str | None = None, *,
                   batch_no: int | None = None, limit: int | None = None) -> list[Tombstone]:
        """Tombstones of a run in the order of target, batch and key."""
        return list(self.stream_tombstones(connection, run_id, target, batch_no=batch_no, limit=limit))

    def stream_tombstones(self, connection: Connection, run_id: str, target: str | None = None, *,
                          batch_no: int | None = None, limit: int | None = None) -> Iterator[Tombstone]:
        """The same, as they come; until they are through, the connection may be asked nothing else."""
        for r in self._raw(connection, run_id, target, batch_no=batch_no, limit=limit):
            yield Tombstone(**{**r, "status": Status(r["status"]), "disposition": Disposition(r["disposition"])})

    def _raw(self, connection: Connection, run_id: str, target: str | None = None, *, batch_no: int | None = None,
             limit: int | None = None) -> Iterator[Mapping[str, Any]]:
        stone = self.tables.tombstone.c
        query = sa.select(self.tables.tombstone).where(stone.run_id == run_id)
        if target is not None:
            query = query.where(stone.target == target)
        if batch_no is not None:
            query = query.where(stone.batch_no == batch_no)
        query = query.order_by(stone.target, stone.batch_no, stone.record_key).limit(limit)
        for row in connection.execute(query, execution_options=STREAM).mappings():
            yield {str(column): value for column, value in row.items()}


def stored(tombstone: Tombstone) -> dict[str, Any]:
    """A tombstone as its table keeps it, and as its digest is taken."""
    return evidence.plain(tombstone) | {
        "status": tombstone.status.value, "disposition": tombstone.disposition.value}


def _broken(code: str, cause: str) -> BrokenError:
    return BrokenError(code, cause, not_done="Nothing was changed by this look.",
                       cure="Compare with the exported evidence; keep both and call whoever owns them.")


def _changed(run_id: str, target: str, batch_no: int) -> BrokenError:
    return _broken("batch_broken", f"The tombstones of batch {batch_no} of {target} in run {run_id} were changed.")
