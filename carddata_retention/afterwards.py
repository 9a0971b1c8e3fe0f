"""After a night: the independent verification, and the report told again. Read-only."""

from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import archive, continuity, export, identity, observations, publication, survey
from carddata_retention.breakers import nobody_ended
from carddata_retention.db import seen_as
from carddata_retention.errors import BlindError, UsageError
from carddata_retention.history import History
from carddata_retention.keys import load_key
from carddata_retention.model import Mode, Night, PreviousNight, State, TargetResult
from carddata_retention.nights import Hooks, Running, settle
from carddata_retention.policy import in_force
from carddata_retention.report.rollup import ChainState
from carddata_retention.settings import Config
from carddata_retention.stage import Stage, open_stage
from carddata_retention.verify import Look


def verify_night(config: Config, host: datetime, as_of: date | None, hooks: Hooks) -> Night:
    """The independent look, read-only: what is still due by the last completed run, and whether its evidence holds.

    Raises BlindError where no run was completed since yesterday, BrokenError where the evidence does not hold.
    """
    with open_stage(config, "verify", host, None) as stage, stage.db.snapshot() as connection:
        last = stage.ledger.last_completed(connection) if stage.ledger.exists(connection) else None
        if last is None:
            raise BlindError("no_completed_run", "No run was ever completed here.", cure="carddata-retention run")
    with open_stage(config, "verify", host, as_of or last.as_of) as stage, stage.db.snapshot() as connection:
        run = Running(stage, last.run_id, Mode.VERIFY, hooks, identity.key_if_any(config))
        run.registers, run.previous = True, last
        with run.timed("verify"):
            run.chain = stage.ledger.check_chain(connection, run.key)
            run.sealed = stage.ledger.sealed(connection, last.run_id, run.key)
            stage.ledger.check_tombstones(connection)
            lost = continuity.forgotten(connection, stage.ledger, config.path(config.evidence.directory))
            if lost is not None:
                run.findings.append(observations.restored(lost.since, len(lost.heads), lost.tombstones))
            _since_yesterday(last, stage)
            survey.bind(run, connection)
            for target in run.readable():
                with survey.alone(target, connection):
                    survey.count(run, connection, target)
                    target.findings += nobody_ended(target.result)
                    found = survey.look(run, connection, target)
                    settle(target, arrived=None, state=_left(found, last.targets.get(target.name)))
            for target in run.targets:
                if target.error is not None:
                    settle(target, state=target.state())
        return run.night()


def _since_yesterday(last: PreviousNight, stage: Stage) -> None:
    """A run that ended before yesterday proves nothing about tonight, whatever date it judged by."""
    ended = last.finished_at.astimezone(stage.policy.rule.zone).date()
    if ended < stage.clocks.today - timedelta(days=1):
        raise BlindError("no_completed_run", f"The last completed run ended on {ended}; none was completed since "
                         "yesterday.", cure="Look at the scheduler, then: carddata-retention run")


def _left(found: Look, ended: TargetResult | None) -> State:
    """Locked, not reached or arrived is healthy; what was refused or failed, and what came back, is not."""
    healthy = ended is not None and ended.state in (State.CLEAN, State.INCOMPLETE)
    if found.residue or found.failed_due or (found.skipped_due and not healthy):
        return State.FAILED
    return State.INCOMPLETE if found.remaining_due else State.CLEAN


def report_again(config: Config, host: datetime, run_id: str | None) -> tuple[str, ...]:
    """Build the report of a completed run and the overview again, from the ledger alone. Raises UsageError for an
    unknown run."""
    with open_stage(config, "plan", host, None) as stage, stage.db.snapshot() as connection:
        known = stage.ledger.exists(connection)
        told = archive.retell(connection, stage.ledger, run_id, identity.key_if_any(config)) if known else None
        history = archive.history(connection, stage.ledger) if known else History()
        database = stage.database
    if told is None:
        raise UsageError("unknown_run", "The ledger knows no such completed run.", not_done="No report was built.",
                         cure="carddata-retention report, without --run, builds that of the last one.")
    files = publication.published(config, told, in_force(config, told.as_of), history)
    return files + publication.overview(config, database, ChainState(told.chain_verified), history)


def export_again(config: Config, host: datetime) -> list[Path]:
    """Write the evidence files that are missing, from the ledger; returns their paths.

    Raises BlindError where there is no evidence key, FailedError where the folder takes no file.
    """
    key = load_key(config.path(config.evidence.key_file), create=False)
    with open_stage(config, "plan", host, None) as stage, stage.db.snapshot() as connection:
        if not stage.ledger.exists(connection):
            return []
        try:
            return export.export_missing(connection, stage.ledger, key, config.path(config.evidence.directory))
        except SQLAlchemyError as refused:
            raise seen_as(refused, "The ledger", not_done="No evidence was written.") from None
