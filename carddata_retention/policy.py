"""The policy of the night: which version of the notice is in force, and the bounds that follow from it.

Asks `period.py` and knows nothing of how a period is counted. The as-of date is handed in; no clock here.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from carddata_retention.errors import ConfigError
from carddata_retention.model import Deadline
from carddata_retention.period import Bound, Period, Reading, Rule
from carddata_retention.settings import Config, Version
from carddata_retention.status import FORECAST_DAYS

RULE_SECTIONS = ("policy", "service_end", "subject")


@dataclass(frozen=True, slots=True)
class Bounds:
    """One night's bounds for one kind of service-end column; SQL compares with these and nothing else."""

    over: Bound
    due: Bound
    overdue: Bound
    due_within: dict[int, Bound]


@dataclass(frozen=True, slots=True)
class Policy:
    """The version in force on `as_of`, its rule, and the digest of the whole policy."""

    id: str
    as_of: date
    version: Version
    previous: Version | None
    rule: Rule
    grace_days: int
    digest: str

    def bounds(self, reading: Reading) -> Bounds:
        """The bounds for a column that is read like `reading`."""
        return Bounds(
            over=self.rule.over(self.as_of, reading),
            due=self.rule.due(self.as_of, reading),
            overdue=self.rule.due(self.as_of - timedelta(days=self.grace_days + 1), reading),
            due_within={n: self.rule.due(self.as_of + timedelta(days=n), reading) for n in FORECAST_DAYS},
        )

    def deadline(self, end: datetime | date, reading: Reading) -> Deadline:
        """One record's own deadline."""
        return self.rule.deadline(end, reading)


def in_force(config: Config, as_of: date) -> Policy:
    """The policy by which a night of `as_of` judges. Raises ConfigError where no version is in force yet."""
    section = config.policy
    known = sorted((v for v in section.versions if v.effective_from <= as_of), key=lambda v: v.effective_from)
    if not known:
        first = min(v.effective_from for v in section.versions)
        raise ConfigError(
            "policy_not_in_force",
            f"No policy version is in force on {as_of}; the earliest begins on {first}.",
            cure="Add the version that was in force to [[policy.versions]], or give a later --as-of.",
        )
    version = known[-1]
    return Policy(
        id=section.id,
        as_of=as_of,
        version=version,
        previous=known[-2] if len(known) > 1 else None,
        rule=Rule(section.convention, Period.parse(version.period), ZoneInfo(section.zone)),
        grace_days=section.grace_days,
        digest=config.digest(*RULE_SECTIONS),
    )
