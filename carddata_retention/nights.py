"""A night while it is going on: what has been found out so far, target by target, and how it adds up.

Only `run.py` changes these values. At the end they become one frozen `Night`, the input of every report.
"""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

import carddata_retention
from carddata_retention import evidence
from carddata_retention.config import target_digest
from carddata_retention.db import seen_as
from carddata_retention.errors import Exit, RetentionError
from carddata_retention.keys import EvidenceKey, load_key
from carddata_retention.model import (
    CutoffView,
    Finding,
    Kind,
    Mode,
    Night,
    PreviousNight,
    QualityResult,
    Severity,
    State,
    TargetResult,
    Tombstone,
    UndeterminedExample,
)
from carddata_retention.period import Reading
from carddata_retention.plan import Plan, PlannedTarget, Remembered
from carddata_retention.schema import BoundSchema, BoundService, BoundTarget
from carddata_retention.settings import Config
from carddata_retention.stage import Stage
from carddata_retention.tables import Decider

SAMPLE = 200
EXIT_OF = {
    State.CLEAN: Exit.CLEAN, State.INCOMPLETE: Exit.INCOMPLETE, State.FAILED: Exit.FAILED,
    State.REFUSED: Exit.REFUSED, State.BLIND: Exit.BLIND, State.BROKEN: Exit.BROKEN,
}
STATE_OF = {code: state for state, code in EXIT_OF.items()}


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the command line lends to a night: the stop sign, the clock of evidence, the progress display."""

    told_to_stop: Callable[[], bool]
    moment: Callable[[], datetime]
    progress: Callable[[str, int, int], None]


@dataclass(slots=True)
class TargetNight:
    """One target of a night that is going on."""

    name: str
    result: TargetResult
    digest: str
    bound: BoundTarget | None = None
    decider: Decider | None = None
    remembered: Remembered | None = None
    error: RetentionError | None = None
    stopped: str | None = None
    candidates_digest: str = ""
    counts: dict[str, int | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    quality: tuple[QualityResult, ...] = ()
    examples: tuple[UndeterminedExample, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether gate, breaker, approval or clock said no."""
        return any(f.severity is Severity.BLOCK for f in self.findings)

    def decider_of(self) -> Decider:
        """The decision of a target that could be bound."""
        assert self.decider is not None
        return self.decider

    def bound_of(self) -> BoundTarget:
        """The binding of a target that could be bound."""
        assert self.bound is not None
        return self.bound

    def fail(self, error: RetentionError) -> None:
        """Take the target out of the night; the others go on."""
        self.error = error
        self.findings.append(Finding(error.code, Severity.BLOCK if error.exit is Exit.REFUSED else Severity.WARN,
                                     self.name, None, f"{error.cause} {error.cure}".strip()))

    def state(self) -> State:
        """How the target came out, once looked at again."""
        result = self.result
        if self.error is not None:
            return STATE_OF.get(self.error.exit, State.FAILED)
        if self.refused:
            return State.REFUSED
        if result.residue or self.stopped == "too_many_failures" or (result.failed and result.remaining_due):
            return State.FAILED
        owed = (result.remaining_due or 0) - (result.arrived or 0)
        return State.INCOMPLETE if owed else State.CLEAN


class Running:
    """A night that is going on."""

    def __init__(self, stage: Stage, run_id: str, mode: Mode, hooks: Hooks, key: EvidenceKey | None) -> None:
        self.stage, self.run_id, self.mode, self.hooks = stage, run_id, mode, hooks
        self.registers = False
        self.schema: BoundSchema | None = None
        self.previous: PreviousNight | None = None
        self.findings: list[Finding] = []
        self.service_counts: dict[str, int] = {}
        self.service_quality: tuple[QualityResult, ...] = ()
        self.timings: dict[str, float] = {}
        self.verification: tuple[str | None, str | None] = (None, None)
        self.heads: tuple[str | None, str | None] = (None, None)
        self.sample: tuple[Tombstone, ...] = ()
        self.key = key
        config = stage.config
        self.targets = [
            TargetNight(t.name, TargetResult(t.name, t.table, t.disposition, State.CLEAN), target_digest(config, t))
            for t in config.targets
        ]

    def bound(self) -> BoundSchema:
        """The schema, once bound."""
        assert self.schema is not None
        return self.schema

    def reference_of(self, target: TargetNight, record_key: str) -> str | None:
        """A record's name outside the ledger; None before the first run has made the key."""
        return evidence.reference(self.key.secret, str(target.bound_of().name), record_key) if self.key else None

    def readable(self) -> Iterator[TargetNight]:
        """The targets that can be seen; what goes wrong with one inside the loop takes out that one alone."""
        return (t for t in self.targets if t.error is None and t.bound is not None)

    def remember(self, connection: Connection) -> None:
        """Recall the last completed night and what was let through for each target."""
        if not self.registers:
            return
        self.previous = self.stage.ledger.last_completed(connection)
        for target in self.targets:
            known = self.stage.ledger.known(connection, target.name)
            target.remembered = Remembered(known.digest, known.fingerprint, known.as_of, known.result) \
                if known else None

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """Add the seconds of a phase."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.timings[phase] = round(self.timings.get(phase, 0.0) + time.monotonic() - began, 3)

    def exit(self) -> Exit:
        """The first of 50, 40, 20, 30, 10, 0 among the targets."""
        return Exit.worst(*(EXIT_OF[t.result.state] for t in self.targets))

    def night(self, artefacts: tuple[str, ...] = ()) -> Night:
        """Everything found out, frozen."""
        stage, policy = self.stage, self.stage.policy
        exit_code = self.exit()
        return Night(
            run_id=self.run_id, mode=self.mode, as_of=policy.as_of, zone=stage.config.policy.zone,
            started_at=stage.clocks.host, finished_at=self.hooks.moment(), host=socket.gethostname(),
            os_user=os_user(), tool_version=carddata_retention.__version__, database=stage.database,
            login=stage.login, policy_id=policy.id, policy_version=policy.version.version,
            policy_digest=policy.digest, cutoffs=(self._cutoff(),),
            targets=tuple(t.result for t in self.targets),
            findings=(*self.findings, *(f for t in self.targets for f in t.findings)),
            quality=(*self.service_quality, *(q for t in self.targets for q in t.quality)),
            verdict=STATE_OF[exit_code], exit_code=int(exit_code), timings_s=dict(self.timings),
            purged_sample=self.sample,
            undetermined_examples=tuple(e for t in self.targets for e in t.examples),
            evidence_head=self.heads[1], previous_head=self.heads[0],
            verification_sql=self.verification[0], verification_login=self.verification[1],
            artefacts=artefacts, previous=self.previous,
        )

    def _cutoff(self) -> CutoffView:
        policy, config = self.stage.policy, self.stage.config
        trigger = config.service_end.triggers[policy.version.trigger]
        kind = trigger.kind or config.service_end.kind
        exact = (trigger.midnights or config.service_end.midnights) == "exact"
        bound = policy.rule.due(policy.as_of, Reading(kind, None, exact))
        value = bound.value
        local = value.astimezone(policy.rule.zone) if isinstance(value, datetime) else value
        counted = [t.result for t in self.targets if t.result.due is not None]
        records = sum((r.due or 0) + (r.overdue or 0) for r in counted) if counted else None
        return CutoffView(policy.version.version, policy.version.trigger, trigger.column, Kind(kind),
                          local.isoformat(), bound.inclusive, records)


def frozen_plan(run: Running) -> Plan:
    """The plan of a counted night: what `apply` will be held to."""
    policy = run.stage.policy
    return Plan(1, policy.as_of.isoformat(), run.stage.database, policy.id, policy.version.version, policy.digest,
                tuple(planned(t) for t in run.readable() if t.result.due is not None))


def planned(target: TargetNight) -> PlannedTarget:
    """One target's promise, from what was counted."""
    result = target.result
    return PlannedTarget(target.name, result.requested or 0, result.overdue or 0, result.due or 0,
                         target.candidates_digest, target.digest, target.bound_of().fingerprint)


def missed_nights(previous: PreviousNight | None, as_of: date) -> list[Finding]:
    """A finding where whole nights passed without a completed run."""
    missed = (as_of - previous.as_of).days - 1 if previous else 0
    if missed <= 0:
        return []
    return [Finding("missed_nights", Severity.WARN, None, missed, "Nights without a completed run since the last one. "
                    "What was due then is removed now. Look at the scheduler.")]


def run_facts(stage: Stage, run_id: str, mode: Mode) -> Mapping[str, Any]:
    """The row by which a run introduces itself to the ledger."""
    clocks, policy = stage.clocks, stage.policy
    return {
        "run_id": run_id, "mode": mode.value, "as_of": policy.as_of.isoformat(), "started_at": stamp(clocks.host),
        "database_clock": stamp(clocks.database) if clocks.database else None, "host": socket.gethostname(),
        "os_user": os_user(), "process": os.getpid(), "tool_version": carddata_retention.__version__,
        "policy_version": policy.version.version, "policy_digest": policy.digest,
    }


def stamp(moment: datetime) -> str:
    """An instant as the ledger writes it: ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def new_run_id(host: datetime) -> str:
    """A name that sorts by time and meets no other."""
    return f"{host.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def os_user() -> str:
    """The operating system's name for whoever runs this."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def scope(config: Config) -> str:
    """What the lock is about: one schema or prefix of one database."""
    return f"carddata-retention/{config.evidence.schema_}/{config.evidence.prefix}"


def ourselves() -> str:
    """How we introduce ourselves to whoever finds the lock taken."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def holder(stage: Stage) -> str:
    """Who holds the lock, from the ledger."""
    try:
        with stage.db.snapshot() as connection:
            return stage.ledger.holder(connection) if stage.ledger.exists(connection) else "another run"
    except SQLAlchemyError as refused:
        raise seen_as(refused, "The ledger") from None


def settle(target: TargetNight, **counts: Any) -> None:
    """Put what was found out into a target's result."""
    target.result = replace(target.result, **counts)


def bound_findings(bound: BoundTarget, service: BoundService) -> list[Finding]:
    """What a DBA should know about a target that can be worked on."""
    found = []
    if not service.indexed:
        found.append(Finding("no_index", Severity.WARN, bound.declared.name, None, "No index begins with the subject "
                             "column of the service ends: every batch scans the whole table. CREATE INDEX on it."))
    if service.race_closed_by is None:
        found.append(Finding("race_open", Severity.WARN, bound.declared.name, None, "No validated foreign key leads from "
                             "the service ends to the subject table, so a service inserted in the very moment of a "
                             "removal is not seen. Add the foreign key, or name [subject]."))
    if bound.triggers:
        found.append(Finding("triggers", Severity.INFO, bound.declared.name, len(bound.triggers), "Triggers fire on "
                             "removal; one that keeps history would copy what is being erased."))
    return found


def gate_findings(target: str | None, judged: tuple[QualityResult, ...]) -> list[Finding]:
    """One finding for each expectation that failed."""
    return [Finding(q.id, q.severity, target, q.observed, q.reason) for q in judged if not q.passed]


def closing(run: Running) -> dict[str, Any]:
    """The end of a run's own row."""
    exit_code = run.exit()
    return {
        "finished_at": stamp(run.hooks.moment()), "verdict": STATE_OF[exit_code].value, "exit_code": int(exit_code),
        "result": evidence.canonical([asdict(t.result) for t in run.targets]).decode(),
    }


def key_if_any(config: Config) -> EvidenceKey | None:
    """The evidence key for a look that writes nothing: None before the first run has made it."""
    path = config.path(config.evidence.key_file)
    return load_key(path, create=False) if path.exists() else None
