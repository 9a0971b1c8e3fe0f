"""Seeing, counting, freezing and looking again, target by target: the parts that a night, a plan and a look share."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import (
    attestations,
    measures,
    nights,
    observations,
    planning,
    sampling,
    scan,
    sight,
    verify,
)
from carddata_retention.db import seen_as
from carddata_retention.errors import BlindError, FailedError, RefusedError, RetentionError
from carddata_retention.identity import stamp
from carddata_retention.model import Finding, Severity
from carddata_retention.nights import Running, TargetNight
from carddata_retention.records import follows
from carddata_retention.schema import bind as bind_schema
from carddata_retention.sealed import UndeterminedExample
from carddata_retention.stage import Stage


def is_the_right_place(stage: Stage) -> None:
    """Before our tables are made: raises BlindError or ConfigError where not one target's table is there.

    A URL that leads to another database must leave nothing behind in it.
    """
    try:
        with stage.db.snapshot() as connection:
            if stage.ledger.exists(connection):
                return
            found = bind_schema(connection, stage.db.dialect, stage.config, stage.policy).targets.values()
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The catalogue") from None
    missing = [one for one in found if isinstance(one, RetentionError) and one.code == "table_missing"]
    if len(missing) == len(found):
        raise missing[0]


def see(run: Running) -> None:
    """Prove that we can see and may remove. What is wrong with the service ends or the server stops all targets."""
    stage = run.stage
    try:
        with stage.db.snapshot() as connection:
            sight.is_primary(connection, stage.db.dialect)
            bind(run, connection)
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The database") from None
    sight.may_record(stage.db, stage.ledger)
    overtake(run)
    for target in run.readable():
        with alone(target):
            sight.may_remove(stage.db, target.bound_of(), run.bound().service)


def overtake(run: Running) -> None:
    """Attested ends that the data have overtaken are not used tonight, nor ever again; under a policy that nobody has
    approved yet nothing is taken for overtaken."""
    approved = all(t.remembered is None or t.remembered.digest == t.digest for t in run.targets)
    if not run.attested or not approved:
        return
    try:
        number = attestations.overtake(run.stage, run.bound(), run.run_id, stamp(run.hooks.moment()))
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The attested ends") from None
    if number:
        run.findings.append(observations.overtaken(number))


def bind(run: Running, connection: Connection) -> None:
    stage = run.stage
    try:
        run.schema = bind_schema(connection, stage.db.dialect, stage.config, stage.policy)
        run.attested = run.registers and stage.attested(connection)
        for target in run.targets:
            found = run.schema.targets[target.name]
            if isinstance(found, RetentionError):
                target.fail(found)
                continue
            with alone(target, connection):
                sight.is_transactional(connection, stage.db.dialect, found)
                sight.may_read(connection, found, run.schema.service)
                target.decider = stage.decider(run.schema, found, registers=run.registers, only=run.only,
                                               attested=run.attested)
                target.bound = replace(found, target=target.decider.target)
                target.findings += observations.bound_findings(found, run.schema.service)
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The catalogue") from None


@contextmanager
def alone(target: TargetNight, connection: Connection | None = None) -> Iterator[None]:
    """What goes wrong with one target never stops the others; a lost ledger or a bug stops all.

    A transaction that the targets share is handed in: what is refused is undone to a savepoint, for on PostgreSQL
    one refusal would otherwise end the transaction for all. Raises BlindError where that transaction is lost.
    """
    try:
        savepoint = connection.begin_nested() if connection is not None else nullcontext()
    except SQLAlchemyError as refused:
        raise seen_as(refused, f"Target {target.name}") from None
    try:
        with savepoint:
            yield
    except (BlindError, RefusedError, FailedError) as wrong:
        target.fail(wrong)
    except SQLAlchemyError as refused:
        target.fail(seen_as(refused, f"Target {target.name}"))


def count_and_freeze(run: Running) -> None:
    """Count every target and freeze its candidates in the snapshot of the count. Raises BlindError where it is lost."""
    stage = run.stage
    try:
        with stage.db.frozen() as (reading, writing):
            for target in run.readable():
                with alone(target, reading), writing.begin_nested():
                    count(run, reading, target)
                    sample(run, reading, target)
                    freeze(run, reading, writing, target)
                    if run.plan is not None:
                        planning.keep_to(run, run.plan, reading, writing, target)
            if run.only is None:
                measure(run, reading)
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The snapshot of the count") from None


def count(run: Running, connection: Connection, target: TargetNight) -> None:
    counts = scan.count(connection, target.decider_of())
    if not counts.table_rows and not target.bound_of().declared.may_be_empty:
        raise BlindError("empty_table", f"Target {target.name}: the table {target.bound_of().name} is empty.",
                         cure="If that is right, say so: may_be_empty = true. Else find out where its rows are.")
    nights.settle(target, **counts.as_result())
    if counts.out_of_scope:
        target.findings.append(Finding("out_of_scope", Severity.WARN, target.name, counts.out_of_scope,
                                       "Rows outside where hold something in a declared card field.",
                                       "where の対象外の行で、宣言したカード項目に値が入っている。"))
    if run.key is not None:
        target.examples = tuple(UndeterminedExample(target.name, reason, run.reference_of(target, key) or "")
                                for reason, key in counts.examples)


def sample(run: Running, connection: Connection, target: TargetNight) -> None:
    """Draw the records that stay for the auditor's sample; before the first run has made a key they have no names."""
    if run.key is not None:
        run.sampled += sampling.living(connection, target.decider_of(), run.seed,
                                       lambda text: run.reference_of(target, text) or "")


def freeze(run: Running, reading: Connection, writing: Connection, target: TargetNight) -> None:
    ledger, decider, policy = run.stage.ledger, target.decider_of(), run.stage.policy
    if target.result.to_purge:
        ledger.freeze(reading, writing, run.run_id, target.name, scan.candidate_statement(decider))
    ledger.note_deadlines(writing, run.run_id, target.name, partial(follows, decider, policy))
    number = ledger.frozen(writing, run.run_id, target.name)
    if number != target.result.to_purge:
        raise FailedError("snapshot", f"Target {target.name}: {target.result.to_purge} were counted and "
                          f"{number} found in what should be one snapshot.",
                          not_done="Nothing was removed from this target.",
                          cure="Run again; if it happens again, report it as a bug.")


def measure(run: Running, connection: Connection) -> None:
    """Count the violations that the gate will judge."""
    schema, policy = run.bound(), run.stage.policy
    if not any(run.readable()):
        return  # every target has said already why it cannot be seen
    run.service_counts = measures.measure_service(connection, schema, policy)
    if not run.service_counts["rows"] and not schema.service.may_be_empty:
        empty = BlindError("empty_service_ends", "The table of service ends is empty, so nobody could be decided.",
                           cure="If that is right, say so: [service_end] may_be_empty = true.")
        for target in run.readable():
            target.fail(empty)
    for target in run.readable():
        with alone(target, connection):
            target.counts = dict(measures.measure_target(connection, schema, target.bound_of(),
                                                         run.stage.config.subject))


def tally(run: Running, connection: Connection, target: TargetNight) -> None:
    """How the candidates ended, by the ledger; removed = tombstones = sum of batches, or the chain is broken."""
    tally = run.stage.ledger.tally(connection, run.run_id, target.name)
    nights.settle(target, purged=tally.purged, skipped=tally.skipped, failed=tally.failed,
           skipped_reasons=tally.skipped_reasons, failed_reasons=tally.failed_reasons,
           children_removed=tally.children)
    policy = run.stage.policy
    grace_began = policy.as_of - timedelta(days=policy.grace_days)
    target.locked_past_grace = run.stage.ledger.locked_past(connection, run.run_id, target.name, grace_began)
    if target.locked_past_grace:
        target.findings.append(observations.locked_past_grace(target.name, target.locked_past_grace, policy.grace_days))


def look(run: Running, connection: Connection, target: TargetNight) -> verify.Look:
    """Put the independent question: what is due now, whatever the run made of it."""
    found = verify.look(connection, target.decider_of(), run.stage.ledger, run.run_id)
    nights.settle(target, arrived=found.arrived, residue=found.residue, remaining_due=found.remaining_due,
           recount=found.in_scope, held_after=scan.held_now(connection, target.decider_of()))
    run.verification = (found.question, run.verification[1] or run.stage.login)
    if found.arrived:
        target.findings.append(Finding("arrived", Severity.INFO, target.name, found.arrived,
                                       "Became due after tonight's candidates were frozen; the next night takes them.",
                                       "今夜の対象を確定した後に期限が来た。次の夜に消去する。"))
    return found
