"""The night's story, and the only place that knows its order.

Freeze what the night judges by; prove that we can see; count and freeze the candidates; ask the gate and the
breakers; remove in small transactions, each with its evidence; look again with a fresh connection and another
question; seal; report. `plan_night` is a shorter path through the same rooms.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import (
    archive,
    comparison,
    continuity,
    export,
    identity,
    nightly_discovery,
    observations,
    permission,
    planning,
    publication,
    sampling,
    spool,
    standing,
    statements,
    survey,
    trimming,
    upkeep,
)
from carddata_retention.config import database_url
from carddata_retention.db import open_database, seen_as
from carddata_retention.errors import BlindError
from carddata_retention.identity import stamp
from carddata_retention.keys import EvidenceKey, load_key
from carddata_retention.ledger import KnownTarget
from carddata_retention.lock import only_run
from carddata_retention.model import Disposition, Mode, Night, Outcome, SkipReason, State
from carddata_retention.nights import Hooks, Running, settle
from carddata_retention.plan import Plan, SignedPlan
from carddata_retention.purge.batch import Job
from carddata_retention.purge.engine import Engine
from carddata_retention.purge.pace import Pace
from carddata_retention.purge.throttle import Brake, brakes
from carddata_retention.report.rollup import ChainState
from carddata_retention.settings import Config
from carddata_retention.stage import Stage, open_stage
from carddata_retention.subject_requests import closing


def night(config: Config, host: datetime, as_of: date | None, hooks: Hooks, plan: SignedPlan | None = None,
          only: str | None = None) -> Night:
    """A whole night; with a plan, exactly the rows of the plan; with the number of a granted request, its records
    alone, which neither gate nor breakers judge by what other records are like, and no report.

    Raises BlindError, ConfigError, BusyError or BrokenError where nothing could be begun or the ledger was lost.
    """
    database_url(config, "verify")  # a second login that is declared and not there is found before anything is removed
    publication.ready(config)
    with open_stage(config, "run", host, as_of or _planned_day(plan)) as stage:
        people = planning.hold_run_to(stage, plan) if plan else ("", "")
        asked_meanwhile = brakes(stage.db, config)
        with only_run(stage.db, identity.scope(config), identity.ourselves(), lambda: identity.holder(stage)):
            key = load_key(config.path(config.evidence.key_file), create=continuity.first_ever(stage))
            run = _open(stage, key, hooks, plan, only)
            if plan is not None:
                run.findings.append(observations.applied(plan.plan.digest, *people))
            judge, discovering = (hooks.judge(), nightly_discovery.begun(run)) if only is None else (None, None)
            with run.timed("plan"):
                survey.see(run)
                survey.count_and_freeze(run)
            with run.timed("gate"):
                if judge is not None:
                    permission.judge(run, judge, nightly_discovery.take_in(run, discovering))
                permission.ask_the_breakers(run)
            with run.timed("purge"):
                _remove(run, key, asked_meanwhile)
            with run.timed("verify"):
                _look_again(run)
                _count_anew(run)
                closing.close_finished(run)
            standing.write_plan(run, key)
            _seal(run, key)
            return _report(run) if only is None else run.night()


def plan_night(
    config: Config, host: datetime, as_of: date | None, hooks: Hooks, out: Path | None = None,
    sign: planning.Sign = lambda _: (), compare: str | None = None, *, sql: bool = False,
) -> tuple[Night, Plan | None, list[tuple[str, str]]]:
    """What a night would do, and with `sql` by which statements; a read-only transaction, nothing is written to the
    database.

    With `out` the plan is written there and its rows beside it; `sign` gives its signatures. `compare` names a policy
    version: what would it change? Raises UsageError for an unknown one.
    """
    publication.ready(config)
    with open_stage(config, "plan", host, as_of) as stage, \
            (planning.plan_file(out, sign) if out else nullcontext()) as file:
        run = Running(stage, identity.new_run_id(host), Mode.PLAN, hooks, identity.key_if_any(config))
        judge = hooks.judge()
        with run.timed("plan"), stage.db.snapshot() as connection:
            run.registers = stage.ledger.exists(connection)
            run.remember(connection)
            run.lost_holds = stage.ledger.lost_holds(connection) if run.registers else []
            survey.bind(run, connection)
            for target in run.readable():
                with survey.alone(target, connection):
                    survey.count(run, connection, target)
                    if file is not None:
                        file.add(run, connection, target)
            survey.measure(run, connection)
            run.comparison = comparison.compare(run, connection, compare) if compare is not None else None
            shown = _statements(run, connection) if sql else []
        with run.timed("gate"):
            permission.judge(run, judge, [])
            permission.ask_the_breakers(run)
        for target in run.readable():
            settle(target, remaining_due=target.result.to_purge)
        for target in run.targets:
            settle(target, state=target.planned_state())
        return run.night(), file.write(stage) if file else None, shown


def _statements(run: Running, connection: Connection) -> list[tuple[str, str]]:
    stage = run.stage
    shown = statements.of_service_ends(connection.dialect, run.bound(), stage.policy)
    for target in run.readable():
        shown += statements.of_target(connection, target.bound_of(), run.bound(), target.decider_of(), stage.policy,
                                      stage.ledger, stage.config.subject)
        shown.append(statements.query_plan(connection, target.decider_of()))
    return shown


def _planned_day(made: SignedPlan | None) -> date | None:
    return date.fromisoformat(made.plan.as_of) if made else None


def _open(stage: Stage, key: EvidenceKey, hooks: Hooks, plan: SignedPlan | None, only: str | None) -> Running:
    """Make our tables if this is the first run, seal what a killed run left behind, and write ourselves in."""
    ledger, mode = stage.ledger, Mode.REQUEST if only else Mode.APPLY if plan else Mode.RUN
    survey.is_the_right_place(stage)
    guarded = ledger.create()
    run = Running(stage, identity.new_run_id(stage.clocks.host), mode, hooks, key, plan, only)
    run.registers = True
    events, foreign = spool.waiting(stage.config, key)
    try:
        with stage.db.transaction() as connection:
            if plan is not None:
                planning.not_used(connection, stage, plan.plan)
            lost = continuity.recall(connection, stage, key)
            ledger.check_waiting(connection, key)
            ledger.note(connection, [event for _, event in events])
            for killed in ledger.unsealed(connection):
                ledger.seal(connection, killed, key, {"verdict": State.FAILED.value})
                run.findings.append(observations.killed_run(killed))
            ledger.forget_old_work(connection, run.run_id)
            run.remember(connection)
            run.lost_holds = ledger.lost_holds(connection)
            run.findings += observations.keys_overdue(len(trimming.overdue(connection, stage)))
            facts = identity.run_facts(stage, run.run_id, mode, plan.plan.digest if plan else None)
            ledger.begin(connection, {**facts, "epoch": lost.epoch + 1} if lost else facts)
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The ledger") from None
    for path, _ in events:
        path.unlink(missing_ok=True)  # the ledger has it
    run.findings += observations.foreign_events(len(foreign)) + observations.unguarded(guarded, stage.db.dialect)
    if only is None:
        run.findings += observations.missed_nights(run.previous, stage.policy.as_of)
        run.findings += observations.overdue_reviews(run.holds[0], stage.policy.as_of)
    if lost:
        run.findings.append(observations.restored(lost.since, len(lost.heads), lost.tombstones))
    return run


def _remove(run: Running, key: EvidenceKey, asked_meanwhile: Sequence[Brake]) -> None:
    """Small transactions, each with its evidence. A refused target keeps everything, and its candidates say why."""
    stage, hooks = run.stage, run.hooks
    limits = stage.config.limits
    pace = Pace(limits, stage.config.path(limits.stop_file), hooks.told_to_stop, asked_meanwhile)
    for target in run.readable():
        with survey.alone(target):
            if target.refused:
                with stage.db.transaction() as connection:
                    stage.ledger.settle_rest(connection, run.run_id, target.name, Outcome.SKIPPED, SkipReason.REFUSED)
                continue
            job = Job(run.run_id, target.bound_of(), run.bound(), target.decider_of(), stage.policy, stage.ledger)
            engine = Engine(stage.db, job, pace, hooks.moment, hooks.progress, connections=limits.connections)
            engine.run(target.result.to_purge or 0)
            target.stopped = engine.stopped
            if engine.stopped is not None:
                target.findings.append(observations.stopped_early(target.name, engine.stopped))
    if not stage.db.leave_no_bytes():
        run.findings.append(observations.log_not_cut())
    run.timings["longest_transaction"] = round(pace.longest_transaction, 3)


def _look_again(run: Running) -> None:
    """A fresh connection, another question: only what it does not find is said to be gone."""
    try:
        looking = open_database(database_url(run.stage.config, "verify"), run.stage.config.base)
        try:
            with looking.snapshot() as connection:
                run.verification = (None, looking.identity(connection)[1])
                for target in run.targets:
                    if target.bound is not None and target.result.population is not None:
                        with survey.alone(target, connection):
                            survey.tally(run, connection, target)
                            survey.look(run, connection, target)
        finally:
            looking.close()
    except (BlindError, SQLAlchemyError) as refused:  # what was removed stays recorded, but nothing was proved
        for target in run.readable():
            target.fail(seen_as(refused, "The look again"))
    for target in run.targets:
        settle(target, state=target.state())


def _count_anew(run: Running) -> None:
    """What a night leaves to the planner of tomorrow."""
    for target in run.readable():
        shrunk = target.result.disposition is Disposition.DELETE and \
            (target.result.purged or 0) >= upkeep.SHRUNK * max(1, target.result.table_rows or 0)
        if shrunk and (command := upkeep.count_anew(run.stage.db, target.bound_of())):
            target.findings.append(observations.counts_are_old(target.name, command))


def _seal(run: Running, key: EvidenceKey) -> None:
    """Close the run, chain it, remember what was let through, and write the evidence out of the database."""
    stage, ledger = run.stage, run.stage.ledger
    copy = export.Copy(ledger, run.run_id, stage.config.path(stage.config.evidence.directory))
    try:
        with stage.db.transaction() as connection:
            for target in run.readable():
                run.sampled += sampling.purged(connection, ledger, run.run_id, target.name, key, run.seed)
            run.dated_removals = ledger.latest_deadline(connection, run.run_id)
            ledger.seal(connection, run.run_id, key, archive.closing(run.night(), stamp(run.hooks.moment())),
                        copy.passing)
            run.sealed = ledger.sealed(connection, run.run_id, key)
            run.chain = ledger.check_chain(connection, key)
            for target in run.readable():
                if not target.refused and run.only is None:
                    ledger.remember(connection, run.run_id, target.name, KnownTarget(
                        target.digest, target.bound_of().fingerprint, stage.policy.as_of, target.result))
            run.sample = archive.first_purged(connection, ledger, run.run_id, key, [t.name for t in run.targets])
        with stage.db.snapshot() as connection:
            copy.publish(connection, key)
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The ledger",
                      not_done="What was removed is recorded; only the run is not sealed yet.") from None


def _report(run: Running) -> Night:
    """Publish the night and the overview of all nights; the result names what was published."""
    told, stage = run.night(), run.stage
    with run.timed("report"):
        try:
            with stage.db.snapshot() as connection:
                history = archive.history(connection, stage.ledger)
        except SQLAlchemyError as refused:
            raise seen_as(refused, "The ledger", not_done="No report was written; the run is sealed.") from None
        files = publication.published(stage.config, told, stage.policy, history)
        if gone := publication.thrown_away(stage.config, told, stage.clocks.today, history):
            run.hooks.log(f"old reports removed: {gone} folder{'s' if gone > 1 else ''}; report builds them again")
        files += publication.overview(stage.config, stage.database, ChainState(told.chain_verified), history)
    return replace(told, artefacts=files, timings_s=dict(run.timings))
