"""The seeded sample that an auditor recomputes, by its strata, and what the rule gives for each of its records.

The records were drawn during the night (`carddata_retention/sampling.py`); the seed is the head of the evidence chain
before it. Nobody could know it when the records were removed, and anybody can repeat the draw of what was purged with
the exported evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from carddata_retention.model import Convention, Kind, Night, TargetResult
from carddata_retention.period import Period, Reading, Rule
from carddata_retention.report.views import PolicyView, VersionView
from carddata_retention.sealed import Sampled
from carddata_retention.sealed import Stratum as Kinds

_NEAR_DAYS = 30


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum of one target: how many records it has, and those drawn."""

    kind: Kinds
    target: str
    size: int | None
    drawn: tuple[Sampled, ...]


def strata(night: Night) -> Sequence[Stratum]:
    """The strata of tonight that have a record, those of each target together."""
    found = [Stratum(kind, target.name, _size(kind, target),
                     tuple(s for s in night.sampled if (s.target, s.stratum) == (target.name, kind)))
             for target in night.targets for kind in Kinds]
    return [stratum for stratum in found if stratum.size or stratum.drawn]


def _size(kind: Kinds, target: TargetResult) -> int | None:
    sizes = {Kinds.PURGED: target.purged, Kinds.NEAR: target.forecast.get(_NEAR_DAYS), Kinds.HELD: target.held,
             Kinds.UNDETERMINED: target.undetermined}
    return sizes[kind]


def version_of(policy: PolicyView, drawn: Sampled) -> VersionView | None:
    """The version of the policy that a record was judged by, where the report knows it."""
    known = (policy.version, policy.previous, *policy.deciding)
    return next((v for v in known if v is not None and v.version == drawn.policy_version), None)


def last_day(convention: Convention, period: str, zone: str, start: date) -> date:
    """The last day retained, from S (jp-civil-code) or E (the others). Raises ValueError beyond 9999-12-31."""
    # S and E are days that the period may start on as they are, which is what an exclusive date means.
    rule = Rule(convention, Period.parse(period), ZoneInfo(zone))
    return rule.deadline(start, Reading(Kind.EXCLUSIVE_DATE)).last_retained_day


def next_day(day: date) -> date:
    """The first purgeable day after a last day retained."""
    return day + timedelta(days=1)
