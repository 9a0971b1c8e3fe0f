"""The work table: the frozen candidates of a run, ordered by subject and key, and how those ended that were left.

A candidate with a tombstone of its run was purged, whatever stands in its row: a removal writes its evidence and
nothing here, or every removed record would cost two more writes. Keys and outcomes, never card data. Permanent, not
temporary: several connections need it, and so does a look after a kill.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention import evidence
from carddata_retention.errors import BrokenError
from carddata_retention.many_rows import ManyRows
from carddata_retention.model import Mode, Outcome, SkipReason, Status
from carddata_retention.own_tables import OwnTables
from carddata_retention.verifier.form import canonical

CHUNK, PAGE = 1000, 5000
FROZEN = ("run_id", "target", "seq", "record_key", "status", "service_end")
AGAIN = (SkipReason.LOCKED.value, SkipReason.MOVED.value, SkipReason.GONE.value, SkipReason.CHANGED.value)
T = TypeVar("T")


class WorkRow(NamedTuple):
    """One frozen candidate of a run, and why an earlier pass of the same run left it alone."""

    seq: int
    record_key: str
    status: str
    service_end: str | None
    reason: str | None = None


class WorkList:
    """The candidates of the night, and those of the last completed one."""

    tables: OwnTables
    _deadlines: ManyRows
    _deadlines_of_one_kind: ManyRows

    def forget_old_work(self, connection: Connection, keep: str) -> None:
        """Drop the candidate lists of earlier runs, all but the last completed one's: `verify` judges by that."""
        run, work = self.tables.run.c, self.tables.work
        last = connection.execute(
            sa.select(run.run_id).where(run.result.is_not(None), self.of_a_night())
            .order_by(run.number.desc()).limit(1)
        ).scalar()
        connection.execute(work.delete().where(work.c.run_id.not_in([keep] if last is None else [keep, last])))

    def of_a_night(self) -> sa.ColumnElement[bool]:
        """True for a run that counted whole targets, and not the records of one request alone."""
        return self.tables.run.c.mode != Mode.REQUEST.value

    def freeze(self, reading: Connection, writing: Connection, run_id: str, target: str,
               candidates: sa.Select[Any]) -> None:
        """Write candidates into the work table. Where one connection reads and writes, no row leaves the database."""
        if reading is writing:
            writing.execute(self.freezing(target, candidates), {"run_id": run_id})
            return
        rows = reading.execute(candidates, execution_options={"stream_results": True, "yield_per": PAGE})
        for page in rows.partitions():
            writing.execute(self.tables.work.insert(),
                            [dict(zip(FROZEN, (run_id, target, *row), strict=True)) for row in page])

    def freezing(self, target: str, candidates: sa.Select[Any]) -> sa.Insert:
        """The statement that freezes where one connection reads and writes."""
        found = candidates.subquery("carddata_candidate")
        of_run = (sa.bindparam("run_id", type_=sa.String()).label("run_id"),
                  sa.literal(target, sa.String()).label("target"))
        return self.tables.work.insert().from_select(list(FROZEN), sa.select(*of_run, *found.c))

    def frozen(self, connection: Connection, run_id: str, target: str) -> int:
        """How many candidates a target has in the work table."""
        work = self.tables.work.c
        return connection.execute(sa.select(sa.func.count()).where(
            work.run_id == run_id, work.target == target)).scalar_one()

    def note_deadlines(self, connection: Connection, run_id: str, target: str,
                       follows: Callable[[str | None, bool], Mapping[str, str | None]],
                       seqs: Sequence[int] | None = None) -> None:
        """Write down what follows from each service end of a target's candidates that the run has not met yet.

        `seqs` are some of them. `follows` makes a row of the end's text, and of whether a candidate is due by that end;
        who is requested needs no end.
        """
        work, deadline = self.tables.work.c, self.tables.deadline
        known = sa.and_(deadline.c.run_id == run_id, deadline.c.service_end == work.service_end)
        due = sa.func.max(sa.case((work.status == Status.REQUESTED.value, 0), else_=1))
        ends = connection.execute(
            sa.select(work.service_end, due).select_from(self.tables.work.outerjoin(deadline, known))
            .where(work.run_id == run_id, work.target == target, deadline.c.run_id.is_(None),
                   sa.true() if seqs is None else work.seq.in_(seqs))
            .group_by(work.service_end), execution_options=_streaming(connection))
        rows = ({"run_id": run_id, "service_end": text, **follows(text, bool(is_due))}
                for text, is_due in ends if text is not None or is_due)
        while page := list(islice(rows, PAGE)):
            alike = len({(row["policy_version"], row["attestation"]) for row in page}) == 1
            (self._deadlines_of_one_kind if alike else self._deadlines).insert(connection, page)

    def deadlines_digest(self, connection: Connection, run_id: str) -> str:
        """Over all that followed from the service ends of a run, in the order of the ends."""
        rows = self.deadline_rows(connection, run_id)
        return evidence.text_digest(canonical(list(row)).decode() + "\n" for row in rows)

    def deadline_rows(self, connection: Connection, run_id: str) -> sa.CursorResult[Any]:
        """The same as rows, as they come, in the order of the ends' bytes: PostgreSQL has many for texts."""
        deadline = self.tables.deadline
        end: Any = deadline.c.service_end
        return connection.execute(
            sa.select(deadline).where(deadline.c.run_id == run_id)
            .order_by(sa.collate(end, "C") if connection.dialect.name == "postgresql" else end),
            execution_options=_streaming(connection))

    def freeze_again(self, connection: Connection, run_id: str, target: str, seq: int, status: Status,
                     service_end: str | None) -> None:
        """What is true now of one candidate that is due still, but for another end or by a request."""
        work = self.tables.work
        connection.execute(work.update().where(work.c.run_id == run_id, work.c.target == target, work.c.seq == seq)
                           .values(status=status.value, service_end=service_end))

    def reached(self, connection: Connection, run_id: str, target: str, first: int, last: int) -> int:
        """The last candidate from `first` to `last` that a batch has come to; 0 where there is none."""
        batch = self.tables.batch.c
        return connection.execute(sa.select(sa.func.max(batch.last_seq)).where(
            batch.run_id == run_id, batch.target == target, batch.first_seq.between(first, last))).scalar() or 0

    def pending(self, connection: Connection, run_id: str, target: str, after: int, last: int, size: int, *,
                retry: bool) -> list[WorkRow]:
        """The next candidates in order: all that no batch has come to, or those worth a second decision."""
        work = self.tables.work.c
        query = (
            sa.select(work.seq, work.record_key, work.status, work.service_end, work.reason)
            .where(work.run_id == run_id, work.target == target, work.seq > after, work.seq <= last,
                   work.reason.in_(AGAIN) if retry else work.outcome.is_(None))
            .order_by(work.seq).limit(size)
        )
        return list(map(WorkRow._make, connection.execute(query)))

    def settle(self, connection: Connection, run_id: str, target: str, batch_no: int,
               outcomes: Mapping[int, tuple[Outcome, str | None]]) -> None:
        """Write how candidates ended that were left, or that an earlier pass had left: seq -> outcome and reason.

        Raises BrokenError where a candidate is said to be left and was purged already: nothing is recorded twice.
        """
        work = self.tables.work
        grouped: dict[tuple[Outcome, str | None], list[int]] = {}
        for seq, ended in outcomes.items():
            grouped.setdefault(ended, []).append(seq)
        for (outcome, reason), seqs in grouped.items():
            open_ = sa.true() if outcome is Outcome.PURGED else sa.not_(self._removed())
            for chunk in chunks(seqs):
                written = connection.execute(
                    work.update().where(work.c.run_id == run_id, work.c.target == target, work.c.seq.in_(chunk), open_)
                    .values(outcome=outcome.value, reason=reason, batch_no=batch_no)
                ).rowcount
                if written != len(chunk):
                    raise BrokenError("settled_twice", f"Target {target}: {len(chunk) - written} candidates of batch "
                                      f"{batch_no} have been settled already.", not_done="The batch was rolled back.",
                                      cure="Keep the ledger as it is and report this as a bug.")

    def settle_rest(self, connection: Connection, run_id: str, target: str, outcome: Outcome, reason: str,
                    first: int = 1, last: int | None = None) -> None:
        """What no batch of `first` to `last` has come to keeps its place in the totals, with the reason."""
        work = self.tables.work
        where = [work.c.run_id == run_id, work.c.target == target, work.c.outcome.is_(None), work.c.seq >= first]
        connection.execute(work.update().where(*where, *([work.c.seq <= last] if last is not None else []))
                           .values(outcome=outcome.value, reason=reason))

    def set_aside(self, connection: Connection, run_id: str, target: str, seqs: Sequence[int] | None,
                  reason: SkipReason) -> None:
        """Skip some candidates, or all of a target, before any batch comes to them."""
        work = self.tables.work
        mine = sa.and_(work.c.run_id == run_id, work.c.target == target)
        for some in [sa.true()] if seqs is None else [work.c.seq.in_(chunk) for chunk in chunks(seqs)]:
            connection.execute(work.update().where(mine, some).values(
                outcome=Outcome.SKIPPED.value, reason=reason.value))

    def _removed(self) -> sa.ColumnElement[bool]:
        """True for a row of the work table whose record has a tombstone of the same run.

        Counted: of EXISTS PostgreSQL makes a join, and reads a whole night's tombstones for a handful of rows.
        """
        work, stone = self.tables.work, self.tables.tombstone
        return sa.select(sa.func.count()).select_from(stone).where(
            stone.c.run_id == work.c.run_id, stone.c.target == work.c.target, stone.c.seq == work.c.seq
        ).correlate(work).scalar_subquery() > 0

    def note_locked(self, connection: Connection, run_id: str, target: str, as_of: date) -> None:
        """Write since which night others have locked what this run had to leave, night after night."""
        work = self.tables.work
        mine = sa.and_(work.c.run_id == run_id, work.c.target == target, work.c.reason == SkipReason.LOCKED.value)
        locked = connection.execute(sa.select(work.c.record_key).where(mine).order_by(work.c.seq)).scalars().all()
        before = sa.select(work.c.record_key, work.c.locked_since).where(
            work.c.run_id != run_id, work.c.target == target, work.c.locked_since.is_not(None))
        for keys in chunks(locked):
            since: dict[str, list[str]] = {as_of.isoformat(): list(keys)}
            for key, night in connection.execute(before.where(work.c.record_key.in_(keys))):
                since.setdefault(night, []).append(key)
            for night, same in sorted(since.items(), reverse=True):  # the earliest is written last, and stays
                connection.execute(work.update().where(mine, work.c.record_key.in_(same)).values(locked_since=night))

    def locked_past(self, connection: Connection, run_id: str, target: str, first: date) -> int:
        """How many candidates this run left because others have locked them in every night since before `first`."""
        work = self.tables.work.c
        return connection.execute(sa.select(sa.func.count()).where(
            work.run_id == run_id, work.target == target, work.locked_since < first.isoformat())).scalar_one()

    def fates(self, connection: Connection, run_id: str, target: str, keys: Sequence[str]) -> dict[str, Outcome]:
        """record_key -> how this run left it, for those of `keys` that it ever took up: by tombstone, else by work."""
        work = self.tables.work.c
        found: dict[str, Outcome] = {}
        for chunk in chunks(keys):
            listed = sa.select(work.record_key, work.outcome, self._removed().label("removed")).where(
                work.run_id == run_id, work.target == target, work.record_key.in_(chunk)
            )
            for key, outcome, removed in connection.execute(listed):
                found[key] = Outcome.PURGED if removed else Outcome(outcome or Outcome.SKIPPED)
        return found


def chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    """Pieces of at most CHUNK items."""
    return (items[i:i + CHUNK] for i in range(0, len(items), CHUNK))


def joined_whole(connection: Connection) -> None:
    """One run's rows are about to be joined whole, and nobody has counted these tables yet: PostgreSQL would take a
    night's for one row, and go through the other table for each. Until the end of the transaction."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_nestloop = off")


def _streaming(connection: Connection) -> dict[str, Any]:
    """Rows as they come where other statements may go between them; MariaDB's driver cannot."""
    return {} if connection.dialect.name in ("mysql", "mariadb") else {"stream_results": True, "yield_per": PAGE}
