"""A night while it is going on: what has been found out so far, target by target, and how it adds up.

Only `run.py` changes these values. At the end they become one frozen `Night`, the input of every report.
"""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

import carddata_retention
from carddata_retention import archive, evidence, identity
from carddata_retention.breakers import Remembered
from carddata_retention.config import target_digest
from carddata_retention.discovered import Found
from carddata_retention.errors import Exit, RetentionError
from carddata_retention.individuals import RequestTally
from carddata_retention.keys import EvidenceKey
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
)
from carddata_retention.period import Reading
from carddata_retention.plan import SignedPlan
from carddata_retention.policy import Deciding
from carddata_retention.quality import Question, judge_all
from carddata_retention.schema import BoundSchema, BoundTarget
from carddata_retention.sealed import Comparison, Hold, Sampled, Sealed, UndeterminedExample
from carddata_retention.stage import Stage
from carddata_retention.tables import Decider

SERVICE_END, DISCOVERY = "[service_end]", "[discovery]"  # no target can have these names
EXIT_OF = {
    State.CLEAN: Exit.CLEAN, State.INCOMPLETE: Exit.INCOMPLETE, State.FAILED: Exit.FAILED,
    State.REFUSED: Exit.REFUSED, State.BLIND: Exit.BLIND, State.BROKEN: Exit.BROKEN,
}
Judge = Callable[[Sequence[Question], Path | None], tuple[QualityResult, ...]]
STATE_OF = {code: state for state, code in EXIT_OF.items()}


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the command line lends to a night: the stop sign, the clock of evidence, the progress display, a judge for
    the gate, who is called when the night begins and asked when everything is counted, and a log for what no result
    tells."""

    told_to_stop: Callable[[], bool]
    moment: Callable[[], datetime]
    progress: Callable[[str, int, int], None]
    judge: Callable[[], Judge] = lambda: judge_all
    log: Callable[[str], None] = lambda _: None


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
    locked_past_grace: int = 0
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
                                     self.name, None, f"{error.cause} {error.cure}".strip(),
                                     f"この対象は処理していない。原因と対処(英文): {error.cause} {error.cure}".strip()))

    def planned_state(self) -> State:
        """How the target would come out, before anything is done."""
        if self.error is not None:
            return STATE_OF.get(self.error.exit, State.FAILED)
        return State.REFUSED if self.refused else State.CLEAN

    def state(self) -> State:
        """How the target came out, once looked at again."""
        result = self.result
        if (before := self.planned_state()) is not State.CLEAN:
            return before
        gave_up = self.stopped == "too_many_failures" or self.locked_past_grace
        if gave_up or result.residue or (result.failed and result.remaining_due):
            return State.FAILED
        owed = (result.remaining_due or 0) - (result.arrived or 0)
        return State.INCOMPLETE if owed else State.CLEAN


class Running:
    """A night that is going on."""

    def __init__(self, stage: Stage, run_id: str, mode: Mode, hooks: Hooks, key: EvidenceKey | None,
                 plan: SignedPlan | None = None, only: str | None = None) -> None:
        self.stage, self.run_id, self.mode, self.hooks, self.plan = stage, run_id, mode, hooks, plan
        self.only = only  # the one request that the run is for
        self.requests: tuple[RequestTally, ...] = ()
        self.lost_holds: list[str] = []
        self.registers = self.attested = False
        self.schema: BoundSchema | None = None
        self.previous: PreviousNight | None = None
        self.furthest: tuple[date, datetime] | None = None
        self.findings: list[Finding] = []
        self.service_counts: dict[str, int] = {}
        self.service_quality: tuple[QualityResult, ...] = ()
        self.discovery_quality: tuple[QualityResult, ...] = ()
        self.discovered: tuple[Found, ...] = ()
        self.timings: dict[str, float] = {}
        self.verification: tuple[str | None, str | None] = (None, None)
        self.sealed: Sealed | None = None
        self.comparison: Comparison | None = None
        self.sampled: list[Sampled] = []
        self.holds: tuple[tuple[Hold, ...], int | None] = ((), None)
        self.seed = ""
        self.dated_removals: tuple[int | None, str | None] = (None, None)
        self.chain: int | None = None
        self.sample: tuple[Tombstone, ...] = ()
        self.key = key
        config = stage.config
        self.targets = [
            TargetNight(t.name, TargetResult(t.name, t.table, t.disposition, State.CLEAN), target_digest(
                config, t, stage.policy.version.version))
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
        self.seed = self.stage.ledger.head(connection)
        self.holds = archive.holds_in_force(connection, self.stage.ledger)
        self.furthest = self.stage.ledger.furthest(connection)
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
            os_user=identity.os_user(), tool_version=carddata_retention.__version__,
            tool_digest=identity.tool_digest(), database=stage.database,
            login=stage.login, policy_id=policy.id, policy_version=policy.version.version,
            policy_digest=policy.digest, cutoffs=tuple(map(self._cutoff, policy.deciding)),
            targets=tuple(t.result for t in self.targets),
            findings=(*self.findings, *(f for t in self.targets for f in t.findings)),
            quality=(*self.service_quality, *self.discovery_quality, *(q for t in self.targets for q in t.quality)),
            verdict=STATE_OF[exit_code], exit_code=int(exit_code), timings_s=dict(self.timings),
            purged_sample=self.sample,
            undetermined_examples=tuple(e for t in self.targets for e in t.examples),
            sampled=tuple(self.sampled), sample_seed=self.seed,
            dated_removals=self.dated_removals[0], latest_deadline=self.dated_removals[1],
            discovered=self.discovered, holds=self.holds[0], holds_in_force=self.holds[1], requests=self.requests,
            chain_verified=self.chain, sealed=self.sealed,
            verification_sql=self.verification[0], verification_login=self.verification[1],
            artefacts=artefacts, previous=self.previous, comparison=self.comparison,
        )

    def _cutoff(self, deciding: Deciding) -> CutoffView:
        config, version = self.stage.config, deciding.version
        trigger = config.service_end.triggers[version.trigger]
        kind = trigger.kind or config.service_end.kind
        exact = (trigger.midnights or config.service_end.midnights) == "exact"
        bound = deciding.rule.due(deciding.as_of, Reading(kind, None, exact))
        value = bound.value
        local = value.astimezone(deciding.rule.zone) if isinstance(value, datetime) else value
        counted = [t.result for t in self.targets if t.result.due is not None]
        records, decided = (sum(by.get(version.version, 0) for by in each) if counted else None for each in (
            [r.due_by for r in counted], [r.decided_by for r in counted]))
        return CutoffView(version.version, version.trigger, trigger.column, Kind(kind), local.isoformat(),
                          bound.inclusive, records, decided)


def settle(target: TargetNight, **counts: Any) -> None:
    """Put what was found out into a target's result."""
    target.result = replace(target.result, **counts)
