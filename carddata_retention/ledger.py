"""The ledger: what every run saw and removed; what it sealed is in `chain.py`. One place that writes our own tables.

Nothing here commits: the caller's transaction holds the removal and its evidence together. Runs, batches and
tombstones are only ever added; the work table is the list of the night and of the one before.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from carddata_retention import digests
from carddata_retention.checking import CheckedChain
from carddata_retention.db import Database
from carddata_retention.errors import BrokenError
from carddata_retention.installation import Installation
from carddata_retention.many_rows import ManyRows
from carddata_retention.model import (
    Disposition,
    Outcome,
    PreviousNight,
    SkipReason,
    State,
    TargetResult,
)
from carddata_retention.own_tables import own_tables
from carddata_retention.settings import Config
from carddata_retention.verifier.form import canonical
from carddata_retention.worklist import WorkRow, chunks, joined_whole

# Of what follows from the service ends of a run these differ from each other.
DIFFERING = ("service_end", "ended_at", "start_day", "last_retained_day", "first_purgeable_day", "rule",
             "policy_version", "attestation")

__all__ = ["BatchRow", "KnownTarget", "Ledger", "Tally", "WorkRow", "chunks"]


@dataclass(frozen=True, slots=True)
class BatchRow:
    """What one transaction did."""

    run_id: str
    target: str
    batch_no: int
    table_name: str
    disposition: str
    fields: str
    first_seq: int
    last_seq: int
    purged: int
    skipped: int
    failed: int
    children: Mapping[str, int]
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


class Ledger(CheckedChain, Installation):
    """Our own tables on one database."""

    def __init__(self, db: Database, config: Config) -> None:
        self.tables = own_tables(db.dialect, config.evidence.schema_, config.evidence.prefix)
        self.db = db
        self._deadlines = ManyRows(self.tables.deadline, DIFFERING)
        self._deadlines_of_one_kind = ManyRows(self.tables.deadline, DIFFERING[:-2])
        self._new_batch = self._statement_of_a_batch()

    # Runs

    def begin(self, connection: Connection, facts: Mapping[str, Any]) -> None:
        """Open a run; its number follows the last one, its epoch is that of the last one unless `facts` say more."""
        run = self.tables.run
        last = connection.execute(sa.select(run.c.number, run.c.epoch).order_by(run.c.number.desc()).limit(1)).first()
        number, epoch = last or (0, 1)
        connection.execute(run.insert(), {"epoch": epoch, **facts, "number": number + 1})

    def began(self, connection: Connection) -> bool:
        """Whether any run ever began here."""
        return connection.execute(sa.select(self.tables.run.c.number).limit(1)).first() is not None

    def holder(self, connection: Connection) -> str:
        """Who opened the run that is not finished."""
        run = self.tables.run.c
        row = connection.execute(
            sa.select(run.run_id, run.host, run.process, run.started_at)
            .where(run.finished_at.is_(None)).order_by(run.number.desc()).limit(1)
        ).first()
        if row is None:
            return "another run"
        return f"run {row.run_id}, process {row.process} on {row.host}, since {row.started_at}"

    def last_completed(self, connection: Connection) -> PreviousNight | None:
        """The last night that reached its end, whatever its verdict. Raises BrokenError where its row makes no sense.
        """
        run = self.tables.run.c
        row = connection.execute(
            sa.select(self.tables.run).where(run.result.is_not(None), self.of_a_night())
            .order_by(run.number.desc()).limit(1)
        ).mappings().first()
        if row is None:
            return None
        try:
            results = {t["name"]: target_result(t) for t in json.loads(row["result"])["targets"]}
            return PreviousNight(
                run_id=row["run_id"], as_of=date.fromisoformat(row["as_of"]),
                finished_at=datetime.fromisoformat(row["finished_at"]), policy_digest=row["policy_digest"],
                verdict=State(row["verdict"]), targets=results,
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise unreadable(row["run_id"]) from None

    def furthest(self, connection: Connection) -> tuple[date, datetime] | None:
        """The greatest as-of date that a completed run judged by, and when the first such run ended.

        A run whose date lay ahead of its own end was refused for that, and tells nothing.
        """
        run = self.tables.run.c
        for as_of, ended in connection.execute(
            sa.select(run.as_of, sa.func.min(run.finished_at)).where(run.result.is_not(None))
            .group_by(run.as_of).order_by(run.as_of.desc())
        ):
            judged, finished = date.fromisoformat(as_of), datetime.fromisoformat(ended)
            if judged <= finished.date() + timedelta(days=1):  # zones lie up to a day ahead of UTC
                return judged, finished
        return None

    # Batches, tombstones

    def _statement_of_a_batch(self) -> sa.Insert:
        """Written once: building it takes longer than the database needs to carry it out."""
        batch, run, stone = self.tables.batch, self.tables.run.c, self.tables.tombstone.c
        of = {c.name: sa.bindparam(f"of_{c.name}", type_=c.type) for c in batch.c if c.name != "digest"}
        salt = sa.select(run.salt).where(run.run_id == of["run_id"]).scalar_subquery()
        line = digests.tombstone_line(stone.seq, stone.record_key, stone.status, stone.service_end, self.db.dialect)
        digest = sa.select(digests.text_digest(digests.leaf(salt, line), stone.seq)).where(
            stone.run_id == of["run_id"], stone.target == of["target"], stone.batch_no == of["batch_no"],
            stone.seq.between(of["first_seq"], of["last_seq"]))
        return batch.insert().values(**of, digest=digest.scalar_subquery())

    def add_batch(self, connection: Connection, batch: BatchRow) -> None:
        """The row of one transaction, in that transaction, with the digest of the tombstones that it has written."""
        connection.execute(self._new_batch, {f"of_{name}": value for name, value in asdict(batch).items()} | {
            "of_children": canonical(dict(batch.children)).decode()})

    def recorded(self, connection: Connection, batch: BatchRow) -> set[int]:
        """The places of the candidates of which a batch has written tombstones."""
        stone = self.tables.tombstone.c
        return set(connection.execute(sa.select(stone.seq).where(
            stone.run_id == batch.run_id, stone.target == batch.target, stone.batch_no == batch.batch_no,
            stone.seq.between(batch.first_seq, batch.last_seq))).scalars())

    def was_committed(self, connection: Connection, run_id: str, target: str, batch_no: int) -> bool:
        """Whether a batch was committed, asked in a writing transaction after a COMMIT whose reply was lost.

        Writing the same row again waits for a COMMIT that is still on its way, where a look could come too early.
        """
        again = connection.begin_nested()
        nothing = BatchRow(run_id, target, batch_no, "", "", "", 0, 0, 0, 0, 0, {}, "")
        try:
            connection.execute(self.tables.batch.insert(), asdict(nothing) | {"children": "", "digest": ""})
        except IntegrityError:
            return True
        finally:
            again.rollback()
        return False

    def tally(self, connection: Connection, run_id: str, target: str) -> Tally:
        """How a run's candidates ended; one without an outcome was not reached.

        Raises BusyError where another run has taken over, BrokenError unless removed = tombstones = sum of batches.
        """
        self.must_be_open(connection, run_id)
        work, batch, stone = self.tables.work.c, self.tables.batch.c, self.tables.tombstone.c
        joined_whole(connection)
        removed = sa.and_(stone.run_id == work.run_id, stone.target == work.target, stone.seq == work.seq)
        kinds = (stone.run_id.is_not(None).label("removed"), work.outcome, work.reason)
        counted: dict[str, dict[str | None, int]] = {}
        for purged, outcome, reason, number in connection.execute(
            sa.select(*kinds, sa.func.count()).select_from(self.tables.work.outerjoin(self.tables.tombstone, removed))
            .where(work.run_id == run_id, work.target == target).group_by(*kinds)
        ):
            ended, why = (Outcome.PURGED.value, None) if purged else (outcome, reason) if outcome else (
                Outcome.SKIPPED.value, SkipReason.NOT_REACHED.value)
            reasons = counted.setdefault(ended, {})
            reasons[why] = reasons.get(why, 0) + number
        sums = ((sa.func.sum(batch.purged), batch), (sa.func.count(stone.run_id), stone))
        in_batches, stones = (
            connection.execute(sa.select(number).where(c.run_id == run_id, c.target == target)).scalar() or 0
            for number, c in sums
        )
        purged = sum(counted.get(Outcome.PURGED, {}).values())
        if not purged == in_batches == stones:
            raise BrokenError("not_reconciled", f"Target {target}: {purged} candidates purged, {in_batches} in the "
                              f"batches and {stones} tombstones.", not_done="Nothing further was removed.",
                              cure="Keep the ledger as it is and report this as a bug.")
        skipped, failed = (
            {why or "": n for why, n in counted.get(ended, {}).items()} for ended in (Outcome.SKIPPED, Outcome.FAILED)
        )
        return Tally(purged, sum(skipped.values()), sum(failed.values()), skipped, failed,
                     self.children_removed(connection, run_id, target))

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


def unreadable(run_id: str) -> BrokenError:
    """What to say of a run whose row makes no sense."""
    return BrokenError("run_unreadable", f"The ledger's row of run {run_id} is not what a run writes.",
                       not_done="Nothing was removed.",
                       cure="Compare with the exported evidence, and call whoever owns them.")


def as_stored(result: TargetResult) -> str:
    """A target's result as the ledger keeps it."""
    return canonical(asdict(result)).decode()


def target_result(stored: Mapping[str, Any]) -> TargetResult:
    """A target's result as the ledger kept it."""
    forecast = {int(days): count for days, count in stored["forecast"].items()}
    return TargetResult(**{**stored, "disposition": Disposition(stored["disposition"]),
                           "state": State(stored["state"]), "forecast": forecast})
