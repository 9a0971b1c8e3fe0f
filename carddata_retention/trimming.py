"""The ledger's own retention: after some years the keys of customers leave it too.

A run's tombstones go; its row, its batches and its seal stay, and with them the signed root of its tree, so the chain
verifies as before and a proof that somebody kept still fits. Only whole runs, only those whose tombstones fit and whose
file was exported. The job's own login may not do this: whoever trims is another.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import export, identity
from carddata_retention.checking import TRIMMED
from carddata_retention.db import seen_as
from carddata_retention.errors import UsageError
from carddata_retention.identity import stamp
from carddata_retention.keys import EvidenceKey, load_key
from carddata_retention.lock import only_run
from carddata_retention.settings import Config
from carddata_retention.stage import Stage, open_stage

AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Trimmed:
    """How many runs gave up their tombstones, and how many those were."""

    runs: int
    tombstones: int


def trim(config: Config, host: datetime) -> Trimmed:
    """Remove the tombstones of runs that are older than `evidence.keep_keys_days`. Again after a kill: it goes on.

    Raises UsageError without that setting, BusyError while a run is going on, BrokenError where evidence does not hold.
    """
    if config.evidence.keep_keys_days is None:
        raise UsageError("keep_keys", "The configuration does not say how long keys are kept.",
                         not_done="Nothing was trimmed.", cure="[evidence] keep_keys_days = 3650")
    with open_stage(config, "run", host, None) as stage, only_run(
            stage.db, identity.scope(config), identity.ourselves(), lambda: identity.holder(stage)):
        key = load_key(config.path(config.evidence.key_file), create=False)
        try:
            with stage.db.snapshot() as connection:
                stage.ledger.check_chain(connection, key)
                export.export_missing(connection, stage.ledger, key, config.path(config.evidence.directory))
                old = overdue(connection, stage)
            gone = [_trim(stage, key, host, run_id) for run_id in old]
        except SQLAlchemyError as refused:
            raise seen_as(refused, "The evidence tables", not_done="Some runs may be trimmed; the others wait.") \
                from None
    return Trimmed(len(gone), sum(gone))


def overdue(connection: Connection, stage: Stage) -> list[str]:
    """Sealed runs whose keys have been kept for longer than the configuration says, oldest first."""
    days, run, stone = stage.config.evidence.keep_keys_days, stage.ledger.tables.run.c, stage.ledger.tables.tombstone.c
    if days is None:
        return []
    first = min(stage.clocks.today, stage.policy.as_of) - timedelta(days=days)
    there = sa.select(stone.seq).where(stone.run_id == run.run_id).exists()
    return list(connection.execute(sa.select(run.run_id).where(
        run.seal.is_not(None), run.as_of < first.isoformat(), run.started_at < first.isoformat(), there,
    ).order_by(run.number)).scalars())


def _trim(stage: Stage, key: EvidenceKey, host: datetime, run_id: str) -> int:
    run, stone = stage.ledger.tables.run, stage.ledger.tables.tombstone
    mine = stone.c.run_id == run_id
    with stage.db.transaction() as connection:
        number: int = connection.execute(sa.select(sa.func.count()).where(mine)).scalar_one()
        if connection.execute(sa.select(run.c.trimmed_at).where(run.c.run_id == run_id)).scalar() is None:
            stage.ledger.check_tombstones(connection, run_id)
            told = identity.event(key, host, TRIMMED, 0, {"run": run_id, "tombstones": number})
            stage.ledger.note(connection, [told])
            connection.execute(run.update().where(run.c.run_id == run_id).values(trimmed_at=stamp(host)))
    with stage.db.snapshot() as connection:
        last: list[Any] = list(connection.execute(
            sa.select(stone.c.target, sa.func.max(stone.c.seq)).where(mine).group_by(stone.c.target)))
    for target, most in last:
        for first in range(0, most + 1, AT_ONCE):
            with stage.db.transaction() as connection:
                connection.execute(stone.delete().where(
                    mine, stone.c.target == target, stone.c.seq.between(first, first + AT_ONCE - 1)))
    return number
