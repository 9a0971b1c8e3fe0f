"""The sealed part of the ledger recomputed from what is stored: each seal, each event, each tombstone."""

import hashlib
from collections import Counter, defaultdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention import evidence
from carddata_retention.chain import Chain, exported
from carddata_retention.errors import BrokenError
from carddata_retention.keys import EvidenceKey
from carddata_retention.verifier import form
from carddata_retention.verifier.merkle import Tree, leaf_hash
from carddata_retention.worklist import joined_whole

TRIMMED = "evidence trim"


class CheckedChain(Chain):
    """A chain that can be held against itself; nothing here changes anything."""

    def check_chain(self, connection: Connection, key: EvidenceKey | None = None) -> int:
        """Recompute every seal; returns how many. Raises BrokenError naming the first run that does not fit.

        With the key the signatures are recomputed too: without it anybody could compute a whole new chain.
        """
        run = self.tables.run.c
        self._nothing_without_a_run(connection, self.tables.batch, self.tables.target)
        previous, sealed, event = form.GENESIS, 0, 0
        rows = connection.execute(
            sa.select(run.run_id, run.number, run.finished_at, run.seal).order_by(run.number)).all()
        for place, row in enumerate(rows, start=1):
            if row.number != place:
                raise _broken("chain_broken", f"Run number {place} is missing before run {row.run_id}.")
            if row.seal is None and row.finished_at is None:
                continue  # it is going on, or was killed
            whole, batches = self.sealed_rows(connection, row.run_id)
            head = form.head(whole, self.facts(whole, batches), whole["tombstones"], whole["root"], previous)
            fits = (whole["previous_seal"], whole["seal"]) == (previous, form.seal(head))
            if not fits or (key is not None and not key.signs(whole["key_id"], whole["signature"], row.seal)):
                raise _broken("chain_broken", f"The evidence of run {row.run_id} was changed after it was sealed.")
            last, digest = self.events_digest(connection, event, whole["last_event"])
            if (last, digest) != (whole["last_event"], whole["events"]):
                raise _broken("events_changed", f"The audit events under the seal of run {row.run_id} were changed.")
            previous, sealed, event = row.seal, sealed + 1, last
        if key is not None:
            self.check_waiting(connection, key)
        return sealed

    def check_waiting(self, connection: Connection, key: EvidenceKey) -> None:
        """Raises BrokenError where an event that no run has sealed does not bear its signature."""
        sealed = connection.execute(sa.select(sa.func.max(self.tables.run.c.last_event))).scalar() or 0
        for waiting in self.events_since(connection, sealed):
            if not key.signs(waiting["key_id"], waiting["signature"], form.event_digest(waiting)):
                raise _broken("events_changed", f"Audit event {waiting['number']} does not bear its signature.")

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
        row, batches = self.sealed_rows(connection, run_id)
        if row["trimmed_at"] is not None:
            return self._check_trimmed(connection, run_id)
        promised = {place: (batch["purged"], batch["digest"]) for place, batch in batches.items()}
        salt, tree = row["salt"], Tree()
        leaves: dict[tuple[str, int], Any] = defaultdict(hashlib.sha256)
        numbers: Counter[tuple[str, int]] = Counter()
        for stone in self.stones(connection, run_id):
            line = evidence.tombstone_line(stone.seq, stone.record_key, stone.status, stone.service_end)
            if bool(salt) == (stone.digest is not None):  # only what was taken in again keeps its digest, and no salt
                raise _changed(run_id, stone.target, stone.batch_no)
            leaves[stone.target, stone.batch_no].update((stone.digest or evidence.leaf(salt, line)).encode())
            numbers[stone.target, stone.batch_no] += 1
            if not salt and (batch := batches.get((stone.target, stone.batch_no))) is not None:
                tree.add(leaf_hash(form.leaf(row, batch, exported(stone, stone.record_key, stone.digest))))
        for place in {**promised, **leaves}:
            if promised.get(place) != (numbers[place], leaves[place].hexdigest()):
                raise _changed(run_id, *place)
        if not salt and (tree.size, tree.root()) != (row["tombstones"], row["root"]):
            raise _broken("batch_broken", f"The tombstones of run {run_id} are not those that its files had.")
        self._check_deadlines(connection, run_id)
        return numbers.total()

    def _check_trimmed(self, connection: Connection, run_id: str) -> int:
        """The keys are gone, the root under the seal is not; an event says who took them. Nobody else may say so."""
        event = self.tables.event.c
        told = sa.select(event.number).where(event.what == TRIMMED, event.facts.contains(f'"run":"{run_id}"'))
        if connection.execute(told).first() is None:
            raise _broken("trim_unproved", f"Run {run_id} is said to be trimmed, and no event says so.")
        return 0

    def _check_deadlines(self, connection: Connection, run_id: str) -> None:
        joined_whole(connection)
        run, stone, deadline = self.tables.run.c, self.tables.tombstone.c, self.tables.deadline.c
        promised = connection.execute(sa.select(run.deadlines).where(run.run_id == run_id)).scalar()
        if promised is not None and promised != self.deadlines_digest(connection, run_id):
            raise _broken("batch_broken", f"What followed from the service ends of run {run_id} was changed.")
        follows = sa.and_(deadline.run_id == stone.run_id, deadline.service_end == stone.service_end)
        source = self.tables.tombstone.outerjoin(self.tables.deadline, follows)
        missing = sa.select(stone.seq).select_from(source).where(
            stone.run_id == run_id, stone.service_end.is_not(None), deadline.run_id.is_(None)).limit(1)
        if connection.execute(missing).first() is not None:
            raise _broken("batch_broken", f"Run {run_id} has a tombstone whose service end has no deadline.")

    def _nothing_without_a_run(self, connection: Connection, *tables: sa.Table) -> None:
        """A run row that was cut off the end of the chain leaves its batches and tombstones behind."""
        known = sa.select(self.tables.run.c.run_id)
        for table in tables:
            lost = connection.execute(sa.select(table.c.run_id).where(table.c.run_id.not_in(known)).limit(1)).scalar()
            if lost is not None:
                raise _broken("chain_broken", f"The ledger holds evidence of run {lost}, but not the run itself.")


def _broken(code: str, cause: str) -> BrokenError:
    return BrokenError(code, cause, not_done="Nothing was changed by this look.",
                       cure="Compare with the exported evidence; keep both and call whoever owns them.")


def _changed(run_id: str, target: str, batch_no: int) -> BrokenError:
    return _broken("batch_broken", f"The tombstones of batch {batch_no} of {target} in run {run_id} were changed.")
