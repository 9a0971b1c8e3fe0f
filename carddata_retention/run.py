"""The night's story, and the only place that knows its order.

Freeze what the night judges by; prove that we can see; count and freeze the candidates; ask the gate and the
breakers; remove in small transactions, each with its evidence; look again with a fresh connection and another
question; seal; report. `plan_night` is a shorter path through the same rooms.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import (
    archive,
    continuity,
    export,
    identity,
    nights,
    observations,
    publication,
    quality,
    sampling,
    shares,
    statements,
    survey,
    upkeep,
)
from carddata_retention.config import database_url
from carddata_retention.db import open_database, seen_as
from carddata_retention.errors import BlindError
from carddata_retention.identity import stamp
from carddata_retention.keys import EvidenceKey, load_key
from carddata_retention.ledger import KnownTarget
from carddata_retention.lock import only_run
from carddata_retention.model import Disposition, Mode, Night, Outcome, Severity, SkipReason, State
from carddata_retention.nights import Hooks, Judge, Running, settle
from carddata_retention.plan import Plan, breakers, clock_findings, hold_to, nobody_ended, same_set
from carddata_retention.purge.batch import Job
from carddata_retention.purge.engine import Engine
from carddata_retention.purge.pace import Pace
from carddata_retention.purge.throttle import Brake, brakes
from carddata_retention.report.rollup import ChainState
from carddata_retention.settings import Config
from carddata_retention.stage import Stage, open_stage


def night(config: Config, host: datetime, as_of: date | None, hooks: Hooks, plan: Plan | None = None) -> Night:
    """A whole night; with a plan, exactly what the plan says or nothing.

    Raises BlindError, ConfigError, BusyError or BrokenError where nothing could be begun or the ledger was lost.
    """
    database_url(config, "verify")  # a second login that is declared and not there is found before anything is removed
    publication.ready(config)
    with open_stage(config, "run", host, as_of or _planned_day(plan)) as stage:
        if plan is not None:
            hold_to(plan, as_of=stage.policy.as_of, database=stage.database, policy_digest=stage.policy.digest)
        asked_meanwhile = brakes(stage.db, config)
        with only_run(stage.db, identity.scope(config), identity.ourselves(), lambda: identity.holder(stage)):
            key = load_key(config.path(config.evidence.key_file), create=_first_ever(stage))
            run = _open(stage, key, hooks, Mode.APPLY if plan else Mode.RUN)
            judge = hooks.judge()
            with run.timed("plan"):
                survey.see(run)
                survey.count_and_freeze(run)
            with run.timed("gate"):
                _judge(run, judge)
                _ask_the_breakers(run, plan)
            with run.timed("purge"):
                _remove(run, key, asked_meanwhile)
            with run.timed("verify"):
                _look_again(run)
                _count_anew(run)
            _seal(run, key)
            return _report(run)


def plan_night(
    config: Config, host: datetime, as_of: date | None, hooks: Hooks
) -> tuple[Night, Plan, list[tuple[str, str]]]:
    """What a night would do, and by which statements; a read-only transaction, nothing is written anywhere."""
    publication.ready(config)
    with open_stage(config, "plan", host, as_of) as stage:
        run = Running(stage, identity.new_run_id(host), Mode.PLAN, hooks, identity.key_if_any(config))
        judge = hooks.judge()
        with run.timed("plan"), stage.db.snapshot() as connection:
            run.registers = stage.ledger.exists(connection)
            run.remember(connection)
            survey.bind(run, connection)
            for target in run.readable():
                with survey.alone(target, connection):
                    survey.count(run, connection, target)
                    survey.digest(run, connection, target)
            survey.measure(run, connection)
            shown = _statements(run, connection)
        with run.timed("gate"):
            _judge(run, judge)
            _ask_the_breakers(run, None)
        for target in run.readable():
            settle(target, remaining_due=target.result.to_purge)
        for target in run.targets:
            settle(target, state=target.planned_state())
        return run.night(), nights.frozen_plan(run), shown


def _statements(run: Running, connection: Connection) -> list[tuple[str, str]]:
    stage = run.stage
    shown = statements.of_service_ends(connection.dialect, run.bound(), stage.policy)
    for target in run.readable():
        shown += statements.of_target(connection, target.bound_of(), run.bound(), target.decider_of(), stage.policy,
                                      stage.ledger, stage.config.subject)
        shown.append(statements.query_plan(connection, target.decider_of()))
    return shown


def _planned_day(plan: Plan | None) -> date | None:
    return date.fromisoformat(plan.as_of) if plan else None


def _first_ever(stage: Stage) -> bool:
    """Whether neither the ledger nor the exported evidence knows a run: only then may an evidence key be made."""
    if export.heads(stage.config.path(stage.config.evidence.directory)):
        return False
    try:
        with stage.db.snapshot() as connection:
            return not (stage.ledger.exists(connection) and stage.ledger.began(connection))
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The ledger") from None


def _open(stage: Stage, key: EvidenceKey, hooks: Hooks, mode: Mode) -> Running:
    """Make our tables if this is the first run, seal what a killed run left behind, and write ourselves in."""
    ledger = stage.ledger
    survey.is_the_right_place(stage)
    ledger.create()
    run = Running(stage, identity.new_run_id(stage.clocks.host), mode, hooks, key)
    run.registers = True
    try:
        with stage.db.transaction() as connection:
            lost = continuity.recall(connection, stage, key)
            for killed in ledger.unsealed(connection):
                ledger.seal(connection, killed, key, {"verdict": State.FAILED.value})
                run.findings.append(observations.killed_run(killed))
            ledger.forget_old_work(connection, run.run_id)
            run.remember(connection)
            facts = identity.run_facts(stage, run.run_id, mode)
            ledger.begin(connection, {**facts, "epoch": lost.epoch + 1} if lost else facts)
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The ledger") from None
    run.findings += observations.missed_nights(run.previous, stage.policy.as_of)
    run.findings += observations.overdue_reviews(run.holds[0], stage.policy.as_of)
    if lost:
        run.findings.append(observations.restored(lost.since, len(lost.heads), lost.tombstones))
    return run


def _judge(run: Running, judge: Judge) -> None:
    """The gate: a failed blocking expectation refuses its target; one about the service ends refuses all."""
    config, policy = run.stage.config, run.stage.policy
    seen = list(run.readable())
    if not seen:
        return
    questions = [quality.Question("service_end", run.service_counts, nights.SERVICE_END)]
    for target in seen:
        before = target.remembered
        same = before is not None and before.digest == target.digest
        history = shares.history(target.result, before.result if before and same else None,
                                  days=(policy.as_of - before.as_of).days if before else 0,
                                  max_shift=config.limits.max_shift)
        questions += [quality.Question("target", target.counts, target.name),
                      quality.Question("history", history, target.name)]
    own = config.path(config.quality.expectations) if config.quality.expectations else None
    if own is not None and not own.is_dir():
        run.findings.append(observations.shipped_suites(config.quality.expectations))
        own = None
    judged = judge(questions, own)
    run.service_quality = tuple(q for q in judged if q.target == nights.SERVICE_END)
    about_all = observations.gate_findings(None, run.service_quality)
    run.findings += about_all
    for target in seen:
        target.quality = tuple(q for q in judged if q.target == target.name)
        target.findings += observations.gate_findings(target.name, target.quality)
        target.findings += [replace(f, target=target.name) for f in about_all if f.severity is Severity.BLOCK]


def _ask_the_breakers(run: Running, plan: Plan | None) -> None:
    """Clock, first night, share, rows, changed policy, changed schema; a plan passes those that ask for eyes."""
    stage = run.stage
    stopping = clock_findings(stage.clocks, run.furthest)
    promised = {t.name: t for t in plan.targets} if plan else {}
    run.findings += stopping
    for target in run.readable():
        target.findings += [replace(f, target=target.name) for f in stopping]
        if plan is None:
            target.findings += breakers(stage.config.limits, target.result, target.remembered, target.digest,
                                        target.bound_of().fingerprint)
            continue
        target.findings += nobody_ended(target.result)
        if (stale := same_set(promised.get(target.name), nights.planned(target), target.result)) is not None:
            target.findings.append(stale)


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
    try:
        with stage.db.transaction() as connection:
            for target in run.readable():
                run.sampled += sampling.purged(connection, ledger, run.run_id, target.name, key, run.seed)
            run.dated_removals = ledger.latest_deadline(connection, run.run_id)
            ledger.seal(connection, run.run_id, key, archive.closing(run.night(), stamp(run.hooks.moment())))
            run.sealed = ledger.sealed(connection, run.run_id, key)
            run.chain = ledger.check_chain(connection, key)
            for target in run.readable():
                if not target.refused:
                    ledger.remember(connection, run.run_id, target.name, KnownTarget(
                        target.digest, target.bound_of().fingerprint, stage.policy.as_of, target.result))
            run.sample = archive.first_purged(connection, ledger, run.run_id, key, [t.name for t in run.targets])
        with stage.db.snapshot() as connection:
            export.export_run(connection, ledger, run.run_id, key, stage.config.path(stage.config.evidence.directory))
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
