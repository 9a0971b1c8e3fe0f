"""What the ledger remembers of all completed runs: the numbers that an overview, a trend or a roll-up is made of.

Pure and frozen, and much smaller than the nights themselves: five years of them fit in memory. Texts that a night
wrote for people are left out.
"""

from dataclasses import dataclass
from datetime import date, datetime

from carddata_retention.model import Mode, Severity, State, TargetResult


@dataclass(frozen=True, slots=True)
class Notice:
    """A finding without its words."""

    id: str
    severity: Severity
    count: int | None


@dataclass(frozen=True, slots=True)
class PastRun:
    """One completed run. `began_on` and `ended_on` are days of the policy zone; `notices` block or warn."""

    run_id: str
    number: int
    mode: Mode
    as_of: date
    began_on: date
    ended_on: date
    finished_at: datetime
    verdict: State
    exit_code: int
    policy_version: str
    policy_digest: str
    seal: str
    targets: tuple[TargetResult, ...]
    notices: tuple[Notice, ...]
    expectations: int
    expectations_failed: int

    @property
    def verified(self) -> bool:
        """Whether the independent look counted what was still due of every target."""
        return bool(self.targets) and all(t.remaining_due is not None for t in self.targets)

    @property
    def days_late(self) -> int:
        """Days from the as-of date to the day on which the run was held; negative for a date that lay ahead."""
        return (self.began_on - self.as_of).days


@dataclass(frozen=True, slots=True)
class History:
    """All completed runs of one ledger, in the order in which they were held."""

    runs: tuple[PastRun, ...] = ()

    def until(self, run_id: str) -> "History":
        """What the ledger knew when it sealed that run: a report that is built again tells the same. Empty where the
        run is unknown."""
        last = next((run.number for run in self.runs if run.run_id == run_id), 0)
        return History(tuple(run for run in self.runs if run.number <= last))
