"""The sealed part of the ledger: runs, each chained to the one before, and the tombstones that their batches prove.

Nothing here commits, and nothing is ever rewritten: a run is sealed once. Whoever finds its own run sealed by
somebody else has lost the lock, and must not remove anything more.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention import evidence
from carddata_retention.errors import BusyError
from carddata_retention.events import EventList
from carddata_retention.keys import EvidenceKey
from carddata_retention.lock import gate
from carddata_retention.model import Disposition, Status, Tombstone
from carddata_retention.sealed import Sealed
from carddata_retention.verifier import form
from carddata_retention.verifier.merkle import Tree, leaf_hash
from carddata_retention.worklist import WorkList, joined_whole

Row = Mapping[str, Any]
Batches = Mapping[tuple[str, int], Row]
Passing = Callable[[Connection, Row, Batches, Iterator[form.Entry]], Iterator[form.Entry]]
STREAM = {"stream_results": True, "yield_per": 1000}
SEALED_AFTER = ("tombstones", "root", "previous_seal", "seal", "key_id", "signature")
# The salt leaves the ledger no more than a key does: the digests of the batches hold it instead of the run's own.
NOT_SEALED = ("salt", *SEALED_AFTER, "trimmed_at")


def _passing(_: Connection, _row: Row, _batches: Batches, stones: Iterator[form.Entry]) -> Iterator[form.Entry]:
    return stones


class Chain(WorkList, EventList):
    """The runs of one ledger and their seals."""

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

    def seal(self, connection: Connection, run_id: str, key: EvidenceKey, closing: Mapping[str, Any],
             copy: Passing = _passing) -> str:
        """Close a run and chain it to the one before. Returns the new head. Raises BusyError if it was sealed.

        The tombstones go through `copy` on their way: there are millions, and they are read once.
        """
        run = self.tables.run
        self.must_be_open(connection, run_id, locking="alone")
        connection.execute(run.update().where(run.c.run_id == run_id).values(**closing))
        connection.execute(run.update().where(run.c.run_id == run_id).values(
            deadlines=self.deadlines_digest(connection, run_id), **self._events(connection, run_id)))
        previous, tree = self.head(connection), Tree()
        row, batches = self.sealed_rows(connection, run_id)
        for stone in copy(connection, row, batches, self.exported_stones(connection, row, batches, key.secret)):
            tree.add(leaf_hash(form.leaf(row, batches[stone["target"], stone["batch_no"]], stone)))
        head = form.seal(form.head(row, self.facts(row, batches), tree.size, tree.root(), previous))
        connection.execute(run.update().where(run.c.run_id == run_id).values(
            tombstones=tree.size, root=tree.root(), previous_seal=previous, seal=head, key_id=key.key_id,
            signature=key.sign(head)))
        return head

    def _events(self, connection: Connection, run_id: str) -> dict[str, Any]:
        after, _ = self.sealed_events(connection, run_id)
        last, digest = self.events_digest(connection, after)
        return {"last_event": last, "events": digest}

    def sealed(self, connection: Connection, run_id: str, key: EvidenceKey | None) -> Sealed | None:
        """A run's place in the chain; None while it is not sealed. Without its public key the fingerprint is empty."""
        run = self.tables.run.c
        row = connection.execute(sa.select(
            run.number, run.epoch, run.tombstones, run.root, run.previous_seal.label("previous"), run.seal, run.key_id,
            run.signature).where(run.run_id == run_id, run.seal.is_not(None))).mappings().first()
        if row is None:
            return None
        public = key.publics().get(row["key_id"]) if key else None
        return Sealed(**row, fingerprint=form.fingerprint(public) if public else "")

    def must_be_open(self, connection: Connection, run_id: str, *, locking: str | None = None) -> None:
        """Raises BusyError where a run is sealed. `locking` "share" or "alone" keeps its row so."""
        run = self.tables.run.c
        query = sa.select(run.run_id).where(run.run_id == run_id, run.seal.is_(None))
        if locking is not None:
            query = query.with_for_update(read=locking == "share")
        if locking == "share" and connection.dialect.name == "postgresql":
            query = query.add_columns(sa.func.pg_advisory_xact_lock_shared(gate(self.tables.run)))
        if connection.execute(query).first() is None:
            raise BusyError("run_taken_over", f"Run {run_id} lost its lock, and another run has sealed it meanwhile.",
                            not_done="Nothing more was removed; what was removed before is recorded.",
                            cure="The other run goes on. Find out why this one lost its connection.")

    def head(self, connection: Connection) -> str:
        """The seal of the last sealed run, or the beginning of all chains."""
        run = self.tables.run.c
        query = sa.select(run.seal).where(run.seal.is_not(None)).order_by(run.number.desc()).limit(1)
        return connection.execute(query).scalar() or form.GENESIS

    def sealed_rows(self, connection: Connection, run_id: str) -> tuple[Row, Batches]:
        """A run's own row, and its batches by target and number."""
        run, batch = self.tables.run, self.tables.batch
        row = dict(connection.execute(sa.select(run).where(run.c.run_id == run_id)).mappings().one())
        batches = connection.execute(sa.select(batch).where(batch.c.run_id == run_id)
                                     .order_by(batch.c.target, batch.c.batch_no)).mappings()
        return row, {(b["target"], b["batch_no"]): dict(b) for b in batches}

    def facts(self, run: Row, batches: Batches) -> str:
        """The digest of a run's own row and of its batches, from what is stored."""
        return form.run_digest({name: value for name, value in run.items() if name not in NOT_SEALED},
                               [(*place, form.digest(dict(batch))) for place, batch in batches.items()])

    def exported_stones(self, connection: Connection, run: Row, batches: Batches,
                        secret: bytes) -> Iterator[form.Entry]:
        """The tombstones of a run as evidence files and the tree have them, in the order of their places; while they
        come the connection may be asked nothing. `secret` is that of the run's key."""
        for stone in self.stones(connection, run["run_id"]):
            name, known = stone.record_key, stone.digest
            if known is None:
                line = evidence.tombstone_line(stone.seq, name, stone.status, stone.service_end)
                known = evidence.leaf(run["salt"], line)
                name = evidence.reference(secret, batches[stone.target, stone.batch_no]["table_name"], name)
            yield exported(stone, name, known)

    def stones(self, connection: Connection, run_id: str) -> Iterator[Any]:
        """The rows of a run's tombstones in the order of their places, as they come; meanwhile the connection may be
        asked nothing. Targets are put in order here: each database has an order of its own for texts."""
        stone = self.tables.tombstone.c
        mine = sa.select(self.tables.tombstone).where(stone.run_id == run_id)
        targets = connection.execute(sa.select(stone.target).where(stone.run_id == run_id).distinct()).scalars().all()
        for target in sorted(targets):
            yield from connection.execute(mine.where(stone.target == target).order_by(stone.seq),
                                          execution_options=STREAM)

    def tombstones(self, connection: Connection, run_id: str, key: EvidenceKey | None, *,
                   target: str | None = None, limit: int | None = None) -> list[Tombstone]:
        """Tombstones of a run, perhaps of one target, in their order, with all that was known of each.

        Without the key of that run a record's reference is empty: it is a keyed hash, and stands nowhere.
        """
        joined_whole(connection)
        stone = self.tables.tombstone.c
        mine = sa.select(self.tables.tombstone).where(
            stone.run_id == run_id, *([stone.target == target] if target is not None else []))
        first = mine.order_by(stone.target, stone.seq).limit(limit) if limit else mine
        return [one for _, one in self._tombstones(connection, self.told(first, in_order=True), key)]

    def tombstones_at(self, connection: Connection, run_id: str, key: EvidenceKey | None, target: str,
                      places: Sequence[int]) -> Iterator[tuple[int, Tombstone]]:
        """The tombstones of a target at some places of the night's list, each with its place."""
        stone = self.tables.tombstone.c
        some = sa.select(self.tables.tombstone).where(
            stone.run_id == run_id, stone.target == target, stone.seq.in_(places))
        return self._tombstones(connection, self.told(some), key)

    def _tombstones(self, connection: Connection, query: sa.Select[Any],
                    key: EvidenceKey | None) -> Iterator[tuple[int, Tombstone]]:
        for row in connection.execute(query).mappings():
            told = dict(row)
            place = told.pop("seq")
            table, key_id, taken_in = told.pop("table_name"), told.pop("key_id"), told.pop("digest") is not None
            secret = key.secret_of(key_id) if key else None
            name = evidence.reference(secret, table, told["record_key"]) if secret and not taken_in else ""
            told |= {"reference": told["record_key"] if taken_in else name,
                     "status": Status(told["status"]), "disposition": Disposition(told["disposition"])}
            yield place, Tombstone(**told)

    def latest_deadline(self, connection: Connection, run_id: str) -> tuple[int, str | None]:
        """How many records of a run were removed for their deadline, and the latest first purgeable day of them."""
        joined_whole(connection)
        stone, deadline = self.tables.tombstone.c, self.tables.deadline.c
        source = self.tables.tombstone.outerjoin(self.tables.deadline, sa.and_(
            deadline.run_id == stone.run_id, deadline.service_end == stone.service_end))
        number, day = connection.execute(
            sa.select(sa.func.count(), sa.func.max(deadline.first_purgeable_day)).select_from(source)
            .where(stone.run_id == run_id, stone.status != Status.REQUESTED.value)).one()
        return number, day

    def told(self, which: sa.Select[Any], *, in_order: bool = False) -> sa.Select[Any]:
        """Some tombstones, perhaps in the order of target and place, with what their run, batch and service end say."""
        run, batch, stone = self.tables.run, self.tables.batch, which.subquery("carddata_stone")
        deadline = self.tables.deadline
        source = stone.join(batch, sa.and_(batch.c.run_id == stone.c.run_id, batch.c.target == stone.c.target,
                                           batch.c.batch_no == stone.c.batch_no))
        source = source.join(run, run.c.run_id == stone.c.run_id).outerjoin(deadline, sa.and_(
            deadline.c.run_id == stone.c.run_id, deadline.c.service_end == stone.c.service_end))
        follows = {"service_end": "ended_at", "start_day": "start_day", "last_retained_day": "last_retained_day",
                   "first_purgeable_day": "first_purgeable_day", "rule": "rule"}
        found = sa.select(
            stone.c.run_id, stone.c.batch_no, stone.c.seq, stone.c.target, stone.c.record_key, stone.c.status,
            batch.c.disposition,
            batch.c.fields, *(sa.func.coalesce(deadline.c[column], "").label(name) for name, column in follows.items()),
            sa.func.coalesce(deadline.c.policy_version, run.c.policy_version).label("policy_version"),
            batch.c.removed_at.label("purged_at"), batch.c.table_name, run.c.key_id,
            stone.c.digest, deadline.c.attestation,
        ).select_from(source)
        return found.order_by(stone.c.target, stone.c.seq) if in_order else found


def exported(stone: Any, reference: str, digest: str) -> form.Entry:
    return {"target": stone.target, "batch_no": stone.batch_no, "seq": stone.seq, "reference": reference,
            "status": stone.status, "service_end": stone.service_end, "digest": digest}
