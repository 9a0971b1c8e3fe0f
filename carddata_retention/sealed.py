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
