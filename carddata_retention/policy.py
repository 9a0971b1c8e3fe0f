"""The policy of the night: which versions of the notice decide, and the bounds that follow from each.

Asks `period.py` and knows nothing of how a period is counted. The as-of date is handed in; no clock here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from carddata_retention.errors import ConfigError, UsageError
from carddata_retention.model import Deadline
from carddata_retention.period import Bound, Period, Reading, Rule, before
from carddata_retention.settings import Config, Version, nearest
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
class Deciding:
    """One version of the notice as it decides on the night of `as_of`."""

    version: Version
    rule: Rule
    as_of: date
    grace_days: int

    def bounds(self, reading: Reading) -> Bounds:
        """The bounds for a column that is read like `reading`."""
        return _bounds(self.rule, self.as_of, self.grace_days, reading)

    def deadline(self, end: datetime | date, reading: Reading) -> Deadline:
        """One record's own deadline."""
        return self.rule.deadline(end, reading)


@lru_cache(maxsize=1 << 6)
def _bounds(rule: Rule, as_of: date, grace_days: int, reading: Reading) -> Bounds:
    return Bounds(
        over=rule.over(as_of, reading),
        due=rule.due(as_of, reading),
        overdue=rule.due(as_of - timedelta(days=grace_days + 1), reading),
        due_within={n: rule.due(as_of + timedelta(days=n), reading) for n in FORECAST_DAYS},
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """The versions that decide on `as_of`, in the order in which they came into force, and the policy's digest.

    Under `current` the one in force decides alone. Under `at_acquisition` each record is decided by the one that was
    in force on the day it was acquired. `compared` is one more that decides nothing, to be compared with.
    """

    id: str
    as_of: date
    deciding: tuple[Deciding, ...]
    previous: Version | None
    at_acquisition: bool
    digest: str
    compared: Deciding | None = None

    @property
    def in_force(self) -> Deciding:
        """The version in force on the as-of date."""
        return self.deciding[-1]

    @property
    def version(self) -> Version:
        """The notice in force on the as-of date."""
        return self.in_force.version

    @property
    def rule(self) -> Rule:
        """The rule of the version in force."""
        return self.in_force.rule

    @property
    def grace_days(self) -> int:
        """How long a record may be due before it is overdue."""
        return self.in_force.grace_days

    @property
    def read(self) -> Sequence[Deciding]:
        """The versions whose service ends are read: those that decide, and the compared one last."""
        return (*self.deciding, *([self.compared] if self.compared else []))

    def begins(self, reading: Reading) -> tuple[Bound, ...]:
        """For each deciding version what was acquired before its first day, in a column that is read like `reading`."""
        return tuple(before(d.version.effective_from, d.rule.zone, reading) for d in self.deciding)

    def has_come(self, reading: Reading) -> Bound:
        """What was acquired on the as-of date or before it."""
        return before(self.as_of + timedelta(days=1), self.rule.zone, reading)


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
    at_acquisition = section.applies == "at-acquisition"
    return Policy(
        id=section.id,
        as_of=as_of,
        deciding=tuple(_deciding(config, v, as_of) for v in (known if at_acquisition else known[-1:])),
        previous=known[-2] if len(known) > 1 else None,
        at_acquisition=at_acquisition,
        digest=config.digest(*RULE_SECTIONS),
    )


def beside(policy: Policy, config: Config, name: str) -> Policy:
    """The same policy with one version to be compared with, in force or not. Raises UsageError for an unknown one."""
    versions = {v.version: v for v in config.policy.versions}
    if name not in versions:
        raise UsageError("unknown_version", f"There is no policy version {name}{nearest(name, versions)}.",
                         not_done="Nothing was compared.", cure="Name one of [[policy.versions]].")
    return replace(policy, compared=_deciding(config, versions[name], policy.as_of))


def _deciding(config: Config, version: Version, as_of: date) -> Deciding:
    section = config.policy
    rule = Rule(section.convention, Period.parse(version.period), ZoneInfo(section.zone))
    return Deciding(version, rule, as_of, section.grace_days)
