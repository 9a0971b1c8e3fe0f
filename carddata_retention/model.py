"""The words of the product as values: what a deadline, a finding, a target's night and a whole night are.

Pure and frozen. Fields of results are named as in the JSON answers: a report, a script and an auditor read one word."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from carddata_retention.discovered import Found
from carddata_retention.individuals import RequestTally
from carddata_retention.sealed import Comparison, Hold, Sampled, Sealed, UndeterminedExample


class Convention(StrEnum):
    """How a period of civil time is counted; `period.py` alone knows what each one means."""

    JP_CIVIL_CODE = "jp-civil-code"
    EU_1182_71 = "eu-1182-71"
    ANNIVERSARY = "anniversary"


class Kind(StrEnum):
    """What a service-end column means; declared, never guessed."""

    INSTANT = "instant"
    INCLUSIVE_DATE = "inclusive-date"
    EXCLUSIVE_DATE = "exclusive-date"


class Disposition(StrEnum):
    """What happens to a due record."""
    DELETE = "delete"
    REDACT = "redact"


class Status(StrEnum):
    """The decision about one record, in the order in which `status.py` tries them."""

    BLANK = "blank"
    HELD = "held"
    REQUESTED = "requested"
    ACTIVE = "active"
    UNDETERMINED = "undetermined"
    RETAINED = "retained"
    OVERDUE = "overdue"
    DUE = "due"


TO_PURGE = (Status.REQUESTED, Status.OVERDUE, Status.DUE)


class State(StrEnum):
    """How a target, and the run, came out."""

    CLEAN = "clean"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    REFUSED = "refused"
    BLIND = "blind"
    BROKEN = "broken"


class Severity(StrEnum):
    """Of a finding: `block` refuses the target, `warn` asks for a look, `info` is for the record."""

    INFO = "info"
    WARN = "warn"
    BLOCK = "block"


class Mode(StrEnum):
    """What kind of look or night a result tells of."""

    PLAN = "plan"
    RUN = "run"
    APPLY = "apply"
    VERIFY = "verify"
    REQUEST = "request"


class Outcome(StrEnum):
    """How one candidate of a run ended."""

    PURGED = "purged"
    SKIPPED = "skipped"
    FAILED = "failed"


class SkipReason(StrEnum):
    """Why a candidate was left alone. `NOTHING_OWED` lists those after which exit 0 is still true."""

    NO_LONGER_DUE = "no_longer_due"
    HELD_MEANWHILE = "held_meanwhile"
    GONE = "gone"
    MOVED = "moved"
    CHANGED = "changed"
    LOCKED = "locked"
    NOT_REACHED = "not_reached"
    REFUSED = "refused"
    NOT_PLANNED = "not_planned"


NOTHING_OWED = (SkipReason.NO_LONGER_DUE, SkipReason.HELD_MEANWHILE, SkipReason.GONE, SkipReason.MOVED)


@dataclass(frozen=True, slots=True)
class Finding:
    """An observation about data or about the run: counts and codes only, never a value. Reasons in both languages."""

    id: str
    severity: Severity
    target: str | None
    count: int | None
    reason: str
    reason_ja: str = ""


@dataclass(frozen=True, slots=True)
class CutoffView:
    """One frozen bound of the night, in ISO 8601: its version decides `decided` records, and `records` are due."""

    version: str
    trigger: str
    column: str
    kind: Kind
    cutoff: str
    cutoff_inclusive: bool
    records: int | None
    decided: int | None = None


@dataclass(frozen=True, slots=True)
class TargetResult:
    """One target's night. A count that was not taken is None, never 0. `decided_by` is its population by the policy
    version that decides it, `due_by` what is overdue or due of it."""

    name: str
    table: str
    disposition: Disposition
    state: State
    population: int | None = None
    blank: int | None = None
    held: int | None = None
    requested: int | None = None
    active: int | None = None
    undetermined: int | None = None
    retained: int | None = None
    overdue: int | None = None
    due: int | None = None
    out_of_scope: int | None = None
    table_rows: int | None = None
    purged: int | None = None
    skipped: int | None = None
    failed: int | None = None
    arrived: int | None = None
    residue: int | None = None
    remaining_due: int | None = None
    recount: int | None = None
    held_after: int | None = None
    undetermined_reasons: Mapping[str, int] = field(default_factory=dict)
    skipped_reasons: Mapping[str, int] = field(default_factory=dict)
    failed_reasons: Mapping[str, int] = field(default_factory=dict)
    children_removed: Mapping[str, int] = field(default_factory=dict)
    forecast: Mapping[int, int] = field(default_factory=dict)
    decided_by: Mapping[str, int] = field(default_factory=dict)
    due_by: Mapping[str, int] = field(default_factory=dict)

    @property
    def to_purge(self) -> int | None:
        """requested + overdue + due, or None where the count was not taken."""
        parts = (self.requested, self.overdue, self.due)
        return sum(p for p in parts if p is not None) if None not in parts else None


@dataclass(frozen=True, slots=True)
class QualityResult:
    """One judged expectation. `observed` and `checked` are counts of rows; `limit` what was allowed."""

    id: str
    target: str
    severity: Severity
    passed: bool
    observed: int
    checked: int | None
    limit: int | None
    reason: str
    reason_ja: str = ""


@dataclass(frozen=True, slots=True)
class Deadline:
    """What the rule says about one service end. `start_day` is S (jp-civil-code) or E (the others)."""

    start_day: date
    last_retained_day: date
    first_purgeable_day: date
    rule: str


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What remains of a purged record: a keyed reference, dates, policy version and run. Never a copy."""

    run_id: str
    batch_no: int
    target: str
    record_key: str
    reference: str
    status: Status
    disposition: Disposition
    fields: str
    service_end: str
    start_day: str
    last_retained_day: str
    first_purgeable_day: str
    rule: str
    policy_version: str
    purged_at: str
    attestation: str | None = None


@dataclass(frozen=True, slots=True)
class Night:
    """Everything that one command found out, frozen: the only input of every report format."""

    run_id: str
    mode: Mode
    as_of: date
    zone: str
    started_at: datetime
    finished_at: datetime
    host: str
    os_user: str
    tool_version: str
    tool_digest: str
    database: str
    login: str
    policy_id: str
    policy_version: str
    policy_digest: str
    cutoffs: tuple[CutoffView, ...]
    targets: tuple[TargetResult, ...]
    findings: tuple[Finding, ...]
    quality: tuple[QualityResult, ...]
    verdict: State
    exit_code: int
    timings_s: Mapping[str, float]
    purged_sample: tuple[Tombstone, ...] = ()
    undetermined_examples: tuple[UndeterminedExample, ...] = ()
    discovered: tuple[Found, ...] = ()
    holds: tuple[Hold, ...] = ()
    holds_in_force: int | None = None
    requests: tuple[RequestTally, ...] = ()
    dated_removals: int | None = None
    latest_deadline: str | None = None
    sampled: tuple[Sampled, ...] = ()
    sample_seed: str = ""
    chain_verified: int | None = None
    sealed: Sealed | None = None
    verification_sql: str | None = None
    verification_login: str | None = None
    artefacts: tuple[str, ...] = ()
    previous: "PreviousNight | None" = None
    comparison: Comparison | None = None

    @property
    def evidence_head(self) -> str | None:
        """The seal of this run."""
        return self.sealed.seal if self.sealed else None

    @property
    def previous_head(self) -> str | None:
        """The seal of the run before."""
        return self.sealed.previous if self.sealed else None


@dataclass(frozen=True, slots=True)
class PreviousNight:
    """What the ledger remembers of the last completed run: the numbers that tonight is compared with."""

    run_id: str
    as_of: date
    finished_at: datetime
    policy_digest: str
    verdict: State
    targets: Mapping[str, TargetResult]
