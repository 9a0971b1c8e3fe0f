"""The ledger: what every run saw, removed and sealed. Append-only; one place that writes our own tables.

Nothing here commits: the caller's transaction holds the removal and its evidence together.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import evidence
from carddata_retention.db import Database, seen_as
from carddata_retention.errors import BrokenError
from carddata_retention.keys import EvidenceKey
from carddata_retention.model import (
    Disposition,
    Outcome,
    PreviousNight,
    SkipReason,
    State,
    Status,
    TargetResult,
    Tombstone,
)
from carddata_retention.own_tables import OwnTables, own_tables
from carddata_retention.settings import Config

CHUNK = 1000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One frozen candidate of a run."""

    seq: int
    record_key: str
    status: Status


@dataclass(frozen=True, slots=True)
class BatchRow:
    """What one transaction did."""

    run_id: str
    target: str
    batch_no: int
    first_seq: int
    last_seq: int
    purged: int
    skipped: int
    failed: int
    children: Mapping[str, int]
    digest: str
    removed_at: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How the candidates of one target ended, and the child rows that went with them."""

    purged: int
    skipped: int
    failed: int
    skipped_reasons: dict[str, int]
    failed_reasons: dict[str, int]
    children: dict[str, int]


@dataclass(frozen=True, slots=True)
class KnownTarget:
    """What the ledger remembers of the last night that was let through for a target."""

    digest: str
    fingerprint: str
    as_of: date
    result: TargetResult


class Ledger:
    """Our own tables on one database."""

    def __init__(self, db: Database, config: Config) -> None:
        self.db = db
        self.tables: OwnTables = own_tables(db.dialect, config.evidence.schema_, config.evidence.prefix)

    def exists(self, connection: Connection) -> bool:
        """Whether the first run has made our tables."""
        return sa.inspect(connection).has_table(self.tables.run.name, schema=self.tables.run.schema)

    def create(self) -> None:
        """Make what is missing of our tables. Raises BlindError where the login may not."""
        try:
            with self.db.transaction() as connection:
                schema = self.tables.metadata.schema
                if schema and schema not in sa.inspect(connection).get_schema_names():
                    connection.execute(sa.schema.CreateSchema(schema))
                self.tables.metadata.create_all(connection)
        except SQLAlchemyError as refused:
            error = seen_as(refused, "Our own tables cannot be made")
            error.cure = f"Let a DBA apply sql/schema/{self.db.dialect}.sql and sql/grants/, then run again."
            raise error from None

    # Runs

    def begin(self, connection: Connection, facts: Mapping[str, Any]) -> None:
        """Open a run; its number follows the last one."""
        last = connection.execute(sa.select(sa.func.max(self.tables.run.c.number))).scalar() or 0
        connection.execute(self.tables.run.insert(), {**facts, "number": last + 1})

    def holder(self, connection: Connection) -> str:
        """Who opened the run that is not finished."""
        run = self.tables.run.c
        row = connection.execute(
            sa.select(run.run_id, run.host, run.process, run.started_at)
            .where(run.finished_at.is_(None)).order_by(run.number.desc()).limit(1)
        ).first()
        return f"run {row.run_id}, process {row.process} on {row.host}, since {row.started_at}" if row else "another run"

    def unsealed(self, connection: Connection) -> list[str]:
        """Runs that were killed: opened before and never sealed, oldest first."""
        run = self.tables.run.c
        return list(connection.execute(
            sa.select(run.run_id).where(run.seal.is_(None)).order_by(run.number)
        ).scalars())

    def seal(self, connection: Connection, run_id: str, key: EvidenceKey, closing: Mapping[str, Any]) -> str:
        """Close a run and chain it to the one before. Returns the new head."""
        run = self.tables.run
        connection.execute(run.update().where(run.c.run_id == run_id).values(**closing))
        previous = self.head(connection)
        head = evidence.seal(previous, self.run_digest(connection, run_id))
        connection.execute(run.update().where(run.c.run_id == run_id).values(
            previous_seal=previous, seal=head, key_id=key.key_id, signature=evidence.signature(key.secret, head)
        ))
        return head

    def head(self, connection: Connection) -> str:
        """The seal of the last sealed run, or the beginning of all chains."""
        run = self.tables.run.c
        query = sa.select(run.seal).where(run.seal.is_not(None)).order_by(run.number.desc()).limit(1)
        return connection.execute(query).scalar() or evidence.GENESIS

    def run_digest(self, connection: Connection, run_id: str) -> str:
        """The digest of a run's own row and of its batches, from what is stored."""
        run, batch = self.tables.run, self.tables.batch
        sealed_after = {"previous_seal", "seal", "key_id", "signature"}
        row = connection.execute(sa.select(run).where(run.c.run_id == run_id)).mappings().one()
        batches = connection.execute(
            sa.select(batch.c.target, batch.c.batch_no, batch.c.digest).where(batch.c.run_id == run_id)
        )
        return evidence.run_digest({k: v for k, v in row.items() if k not in sealed_after},
                                   [(b.target, b.batch_no, b.digest) for b in batches])

    def check_chain(self, connection: Connection) -> int:
        """Recompute every seal; returns how many. Raises BrokenError naming the first run that does not fit."""
        run = self.tables.run.c
        previous = evidence.GENESIS
        rows = connection.execute(
            sa.select(run.run_id, run.previous_seal, run.seal).where(run.seal.is_not(None)).order_by(run.number)
        ).all()
        for row in rows:
            fits = row.previous_seal == previous
            if not fits or row.seal != evidence.seal(previous, self.run_digest(connection, row.run_id)):
                raise BrokenError("chain_broken", f"The evidence of run {row.run_id} was changed after it was sealed.",
                                  not_done="Nothing was changed by this look.",
                                  cure="Compare with the exported evidence; keep both and call whoever owns them.")
            previous = row.seal
        return len(rows)

    def check_tombstones(self, connection: Connection, run_id: str) -> int:
        """Recompute the digests of a run's batches from its tombstones. Raises BrokenError where one differs."""
        batch = self.tables.batch
        total = 0
        for row in connection.execute(sa.select(batch).where(batch.c.run_id == run_id)).all():
            stones = self.tombstones(connection, run_id, row.target, batch_no=row.batch_no)
            if evidence.batch_digest(stones) != row.digest or len(stones) != row.purged:
                raise BrokenError("batch_broken", f"The tombstones of batch {row.batch_no} of {row.target} in run "
                                  f"{run_id} were changed.", not_done="Nothing was changed by this look.",
                                  cure="Compare with the exported evidence; keep both and call whoever owns them.")
            total += len(stones)
        return total

    def last_completed(self, connection: Connection) -> PreviousNight | None:
        """The last run that reached its end, whatever its verdict."""
        run = self.tables.run.c
        row = connection.execute(
            sa.select(self.tables.run).where(run.result.is_not(None)).order_by(run.number.desc()).limit(1)
        ).mappings().first()
        if row is None:
            return None
        results = {t["name"]: target_result(t) for t in json.loads(row["result"])["targets"]}
        return PreviousNight(
            run_id=row["run_id"], as_of=date.fromisoformat(row["as_of"]),
            finished_at=datetime.fromisoformat(row["finished_at"]), policy_digest=row["policy_digest"],
            verdict=State(row["verdict"]), targets=results,
        )

    # Work, batches, tombstones

    def forget_old_work(self, connection: Connection, keep: str) -> None:
        """Drop the candidate lists of earlier runs; tombstones and batches stay."""
        connection.execute(self.tables.work.delete().where(self.tables.work.c.run_id != keep))

    def freeze(self, connection: Connection, run_id: str, target: str, rows: Iterable[WorkRow]) -> None:
        """Write candidates into the work table as they stream by."""
        waiting = iter(rows)
        while page := [
            {"run_id": run_id, "target": target, "seq": r.seq, "record_key": r.record_key, "status": r.status.value}
            for r in islice(waiting, CHUNK)
        ]:
            connection.execute(self.tables.work.insert(), page)

    def pending(self, connection: Connection, run_id: str, target: str, after: int, size: int, *,
                retry: bool) -> list[WorkRow]:
        """The next candidates in order: those without an outcome, or those worth a second try."""
        work = self.tables.work.c
        again = work.reason.in_([SkipReason.LOCKED.value, SkipReason.MOVED.value])
        query = (
            sa.select(work.seq, work.record_key, work.status)
            .where(work.run_id == run_id, work.target == target, work.seq > after,
                   again if retry else work.outcome.is_(None))
            .order_by(work.seq).limit(size)
        )
        return [WorkRow(r.seq, r.record_key, Status(r.status)) for r in connection.execute(query)]

    def settle(self, connection: Connection, run_id: str, target: str, batch_no: int,
               outcomes: Mapping[int, tuple[Outcome, str | None]]) -> None:
        """Write how candidates ended: seq -> outcome and reason."""
        work = self.tables.work
        grouped: dict[tuple[Outcome, str | None], list[int]] = {}
        for seq, ended in outcomes.items():
            grouped.setdefault(ended, []).append(seq)
        for (outcome, reason), seqs in grouped.items():
            for chunk in chunks(seqs):
                connection.execute(
                    work.update().where(work.c.run_id == run_id, work.c.target == target, work.c.seq.in_(chunk))
                    .values(outcome=outcome.value, reason=reason, batch_no=batch_no)
                )

    def settle_rest(self, connection: Connection, run_id: str, target: str, outcome: Outcome, reason: str) -> None:
        """What has no outcome yet keeps its place in the totals, with the reason."""
        work = self.tables.work
        connection.execute(
            work.update().where(work.c.run_id == run_id, work.c.target == target, work.c.outcome.is_(None))
            .values(outcome=outcome.value, reason=reason)
        )

    def add_batch(self, connection: Connection, batch: BatchRow, tombstones: Sequence[Tombstone]) -> None:
        """The evidence of one transaction, in that transaction."""
        values = asdict(batch) | {"children": evidence.canonical(dict(batch.children)).decode()}
        connection.execute(self.tables.batch.insert(), values)
        if tombstones:
            connection.execute(self.tables.tombstone.insert(), [_stored(t) for t in tombstones])

    def has_batch(self, connection: Connection, run_id: str, target: str, batch_no: int) -> bool:
        """Whether a batch was committed, asked after a COMMIT whose reply was lost."""
        batch = self.tables.batch.c
        query = sa.select(batch.batch_no).where(
            batch.run_id == run_id, batch.target == target, batch.batch_no == batch_no
        )
        return connection.execute(query).first() is not None

    def tombstones(self, connection: Connection, run_id: str, target: str | None = None, *,
                   batch_no: int | None = None, limit: int | None = None) -> list[Tombstone]:
        """Tombstones of a run in the order of target, batch and key."""
        stone = self.tables.tombstone.c
        query = sa.select(self.tables.tombstone).where(stone.run_id == run_id)
        if target is not None:
            query = query.where(stone.target == target)
        if batch_no is not None:
            query = query.where(stone.batch_no == batch_no)
        rows = connection.execute(query.order_by(stone.target, stone.batch_no, stone.record_key).limit(limit))
        return [Tombstone(**{**r, "status": Status(r["status"]), "disposition": Disposition(r["disposition"])})
                for r in rows.mappings()]

    def tally(self, connection: Connection, run_id: str, target: str) -> Tally:
        """How a run's candidates ended. Raises BrokenError unless removed = tombstones = sum of batches."""
        work, batch, stone = self.tables.work.c, self.tables.batch.c, self.tables.tombstone.c
        counted: dict[str | None, dict[str | None, int]] = {}
        for outcome, reason, number in connection.execute(
            sa.select(work.outcome, work.reason, sa.func.count())
            .where(work.run_id == run_id, work.target == target).group_by(work.outcome, work.reason)
        ):
            counted.setdefault(outcome, {})[reason] = number
        in_batches, stones = (
            connection.execute(query.where(c.run_id == run_id, c.target == target)).scalar() or 0
            for query, c in ((sa.select(sa.func.sum(batch.purged)), batch), (sa.select(sa.func.count(stone.run_id)), stone))
        )
        purged = sum(counted.get(Outcome.PURGED, {}).values())
        if not purged == in_batches == stones:
            raise BrokenError("not_reconciled", f"Target {target}: {purged} candidates purged, {in_batches} in the batches "
                              f"and {stones} tombstones.", not_done="Nothing further was removed.",
                              cure="Keep the ledger as it is and report this as a bug.")
        skipped, failed = ({k or "": n for k, n in counted.get(o, {}).items()} for o in (Outcome.SKIPPED, Outcome.FAILED))
        return Tally(purged, sum(skipped.values()), sum(failed.values()), skipped, failed,
                     self.children_removed(connection, run_id, target))

    def fates(self, connection: Connection, run_id: str, target: str, keys: Iterable[str]) -> dict[str, str | None]:
        """record_key -> outcome, for those of `keys` that this run's work table knows."""
        work = self.tables.work.c
        found: dict[str, str | None] = {}
        for chunk in chunks(list(keys)):
            query = sa.select(work.record_key, work.outcome).where(
                work.run_id == run_id, work.target == target, work.record_key.in_(chunk)
            )
            found |= {r.record_key: r.outcome for r in connection.execute(query)}
        return found

    def children_removed(self, connection: Connection, run_id: str, target: str) -> dict[str, int]:
        """Child table -> rows removed or let go, over the batches of a run."""
        batch = self.tables.batch.c
        total: dict[str, int] = {}
        for text in connection.execute(
            sa.select(batch.children).where(batch.run_id == run_id, batch.target == target)
        ).scalars():
            for table, count in json.loads(text).items():
                total[table] = total.get(table, 0) + count
        return total

    # What is known of a target

    def known(self, connection: Connection, target: str) -> KnownTarget | None:
        """The last night that was let through for a target, or None: its first night."""
        row = connection.execute(
            sa.select(self.tables.target).where(self.tables.target.c.name == target)
        ).first()
        if row is None:
            return None
        result = target_result(json.loads(row.result))
        return KnownTarget(row.digest, row.fingerprint, date.fromisoformat(row.as_of), result)

    def remember(self, connection: Connection, run_id: str, target: str, known: KnownTarget) -> None:
        """Replace what is known of a target."""
        table = self.tables.target
        connection.execute(table.delete().where(table.c.name == target))
        connection.execute(table.insert(), {
            "name": target, "run_id": run_id, "digest": known.digest, "fingerprint": known.fingerprint,
            "as_of": known.as_of.isoformat(), "result": as_stored(known.result),
        })


def as_stored(result: TargetResult) -> str:
    """A target's result as the ledger keeps it."""
    return evidence.canonical(asdict(result)).decode()


def target_result(stored: Mapping[str, Any]) -> TargetResult:
    """A target's result as the ledger kept it."""
    forecast = {int(days): count for days, count in stored["forecast"].items()}
    return TargetResult(**{**stored, "disposition": Disposition(stored["disposition"]),
                           "state": State(stored["state"]), "forecast": forecast})


def _stored(tombstone: Tombstone) -> dict[str, Any]:
    return asdict(tombstone) | {"status": tombstone.status.value, "disposition": tombstone.disposition.value}


def chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    """Pieces of at most CHUNK items."""
    return (items[i:i + CHUNK] for i in range(0, len(items), CHUNK))
