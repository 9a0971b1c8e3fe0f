"""What an auditor takes away from a night, as values: its seal, and the sample of records to recompute."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Sealed:
    """A run's place in the chain of evidence, and the tree of its tombstones. Digests and signature in hex."""

    number: int
    epoch: int
    tombstones: int
    root: str
    previous: str
    seal: str
    key_id: str
    fingerprint: str
    signature: str


class Stratum(StrEnum):
    """A part of the population from which an auditor's sample is drawn."""

    PURGED = "purged"
    NEAR = "near"  # retained, and the deadline comes within thirty days
    HELD = "held"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Sampled:
    """One drawn record. `reason` is why nobody can date it, or the status under which it was purged."""

    target: str
    stratum: Stratum
    reference: str
    policy_version: str
    reason: str
    service_end: str
    start_day: str = ""
    last_retained_day: str = ""
    first_purgeable_day: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class UndeterminedExample:
    """A keyed reference to a record that nobody can date, and why."""

    target: str
    reason: str
    reference: str


@dataclass(frozen=True, slots=True)
class ComparedTarget:
    """How many records of a target another version would make due earlier, later, or on the same day; how many have a
    first purgeable day only as they are decided, only under it, or neither way; and how many are due, as they are and
    under it.
    """

    name: str
    earlier: int
    later: int
    equal: int
    only_tonight: int
    only_compared: int
    neither: int
    due_tonight: int
    due_compared: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one version of the notice would change if it alone decided; holds and requests are not asked."""

    version: str
    targets: tuple[ComparedTarget, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold in force. `scope` is record, subject or target; whom its `items` rows name stays in the ledger."""

    id: str
    scope: str
    target: str | None
    basis: str
    placed_by: str
    placed_at: str
    review_by: str | None
    items: int = 1
