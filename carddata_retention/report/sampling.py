"""The seeded sample that an auditor recomputes, and can draw again.

The order of a stratum is that of SHA-256 over `<seed>/<stratum>/<reference>` in UTF-8, written in hexadecimal, the
smallest first; the seed is the head of the evidence chain before tonight. Nobody could know it when the records
were removed, and anybody can repeat the draw afterwards with the references of the tombstone table.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from carddata_retention.model import Convention, Kind, Night, Tombstone
from carddata_retention.period import Period, Reading, Rule
from carddata_retention.report.views import PolicyView, VersionView

SIZE = 25

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum: how many records it has, how many of them the night knows by reference, and those drawn."""

    name: str
    target: str
    size: int | None
    known: int
    drawn: tuple[Tombstone, ...]


def rank(seed: str, stratum: str, reference: str) -> str:
    """The place of one reference in the order of its stratum, as 64 hexadecimal digits."""
    return hashlib.sha256(f"{seed}/{stratum}/{reference}".encode()).hexdigest()


def draw(
    seed: str, stratum: str, items: Iterable[Item], reference: Callable[[Item], str], size: int = SIZE
) -> list[Item]:
    """The first `size` of `items` in the order of their stratum, all of them where there are fewer."""
    return sorted(items, key=lambda item: rank(seed, stratum, reference(item)))[:size]


def strata(night: Night) -> Sequence[Stratum]:
    """The strata of tonight: what was purged, per target; `known` says how far the night knows it record by record."""
    out = []
    for target in night.targets:
        known = [t for t in night.purged_sample if t.target == target.name]
        name = f"purged.{target.name}"
        drawn = draw(night.previous_head or "", name, known, lambda t: t.reference)
        if drawn or target.purged:
            out.append(Stratum(name, target.name, target.purged, len(known), tuple(drawn)))
    return out


def version_of(policy: PolicyView, tombstone: Tombstone) -> VersionView | None:
    """The version of the policy that a record was judged by, where the report knows it."""
    known = (policy.version, policy.previous)
    return next((v for v in known if v is not None and v.version == tombstone.policy_version), None)


def last_day(convention: Convention, period: str, zone: str, start: date) -> date:
    """The last day retained, from S (jp-civil-code) or E (the others). Raises ValueError beyond 9999-12-31."""
    # S and E are days that the period may start on as they are, which is what an exclusive date means.
    rule = Rule(convention, Period.parse(period), ZoneInfo(zone))
    return rule.deadline(start, Reading(Kind.EXCLUSIVE_DATE)).last_retained_day


def next_day(day: date) -> date:
    """The first purgeable day after a last day retained."""
    return day + timedelta(days=1)
