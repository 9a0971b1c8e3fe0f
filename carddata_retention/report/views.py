"""What the report needs to know of the configuration, as plain values: the policy and the places.

The report does not read the configuration itself, so that it can be rebuilt from the ledger alone.
"""

import re
from dataclasses import dataclass
from datetime import date

from carddata_retention.model import Convention, Kind
from carddata_retention.policy import Policy
from carddata_retention.settings import Config, Version


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of the policy, as the privacy notice says it."""

    version: str
    effective_from: date
    trigger: str
    period: str
    purpose: str = ""
    acquirer: str = ""
    recipients: tuple[str, ...] = ()
    owner: str = ""
    justification: str = ""


@dataclass(frozen=True, slots=True)
class PolicyView:
    """The policy in force, the version before it, and where the service end is read.

    `deciding` are all versions that decide a record: one, unless each record has that of its day of acquisition.
    """

    id: str
    zone: str
    convention: Convention
    grace_days: int
    version: VersionView
    previous: VersionView | None
    service_end_table: str
    service_end_columns: tuple[str, ...]
    service_end_kind: Kind
    midnights: str
    deciding: tuple[VersionView, ...] = ()
    at_acquisition: bool = False


@dataclass(frozen=True, slots=True)
class LocationView:
    """A place that holds card data beyond this database's reach."""

    name: str
    owner: str
    reach: str
    note: str


@dataclass(frozen=True, slots=True)
class Length:
    """A period as it is printed. Only for words and the hand formula: the rule itself lives in `period.py`."""

    months: int
    days: int

    @classmethod
    def of(cls, period: str) -> "Length":
        """Read an ISO 8601 period that the configuration has already accepted."""
        parts = {unit: int(count) for count, unit in re.findall(r"(\d+)([YMWD])", period)}
        return cls(parts.get("Y", 0) * 12 + parts.get("M", 0), parts.get("W", 0) * 7 + parts.get("D", 0))


def policy_view(config: Config, policy: Policy) -> PolicyView:
    """The policy in force as the report tells it."""
    section = config.service_end
    trigger = section.triggers[policy.version.trigger]
    return PolicyView(
        id=policy.id, zone=config.policy.zone, convention=config.policy.convention, grace_days=policy.grace_days,
        version=_version(policy.version), previous=_version(policy.previous) if policy.previous else None,
        service_end_table=section.table or section.query or "",
        service_end_columns=tuple(dict.fromkeys(section.triggers[d.version.trigger].column for d in policy.deciding)),
        service_end_kind=trigger.kind or section.kind, midnights=trigger.midnights or section.midnights,
        deciding=tuple(_version(d.version) for d in policy.deciding), at_acquisition=policy.at_acquisition,
    )


def _version(version: Version) -> VersionView:
    return VersionView(**{**version.model_dump(), "recipients": tuple(version.recipients)})


def location_views(config: Config) -> tuple[LocationView, ...]:
    """The places that the configuration lists."""
    return tuple(LocationView(place.name, place.owner, place.reach, place.note) for place in config.locations)
