"""The decision table: first match wins, total, one status and one reason for each record.

`tables.py` says the same table as one SQL expression; a test holds the two equal row by row on every database.

Each service of a record's subjects has a `Standing`. The standings are ordered so that the GREATEST one decides
the record: an open service beats everything, then any service that nobody can date, then the latest end. That
works because the deadline never decreases as the service end moves later (docs/deadline.md), and it is what lets
a database decide a record with one MAX.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from carddata_retention.model import Status

FORECAST_DAYS = (1, 7, *range(30, 331, 30), 365)
FORECAST_STEPS = (1, 7, 30, 90, 365)  # those that a person is told


class Standing(IntEnum):
    """What one service says about its subject; the greatest of all services decides."""

    OVERDUE = 10
    DUE = 20
    RETAINED_1 = 21
    RETAINED_7 = 22
    RETAINED_30 = 23
    RETAINED_60 = 24
    RETAINED_90 = 25
    RETAINED_120 = 26
    RETAINED_150 = 27
    RETAINED_180 = 28
    RETAINED_210 = 29
    RETAINED_240 = 30
    RETAINED_270 = 31
    RETAINED_300 = 32
    RETAINED_330 = 33
    RETAINED_365 = 34
    RETAINED = 39
    END_BEFORE_START = 40
    IMPLAUSIBLE_END = 50
    UNREADABLE_END = 60
    NO_END = 70
    NO_SERVICE = 80
    NO_SUBJECT = 90
    ACTIVE = 100


RETAINED_WITHIN = {days: Standing[f"RETAINED_{days}"] for days in FORECAST_DAYS}

REASON = {
    Standing.END_BEFORE_START: "end_before_start",
    Standing.IMPLAUSIBLE_END: "implausible_end",
    Standing.UNREADABLE_END: "unreadable_end",
    Standing.NO_END: "no_end",
    Standing.NO_SERVICE: "no_service",
    Standing.NO_SUBJECT: "no_subject",
}


def status_of(standing: Standing) -> Status:
    """The status that a record has by its services alone."""
    if standing is Standing.ACTIVE:
        return Status.ACTIVE
    if standing in REASON:
        return Status.UNDETERMINED
    if standing >= Standing.RETAINED_1:
        return Status.RETAINED
    return Status.DUE if standing is Standing.DUE else Status.OVERDUE


class End(StrEnum):
    """What stands in a service's end column."""

    NONE = "none"
    OPEN = "open"  # infinity or a declared sentinel
    UNREADABLE = "unreadable"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Service:
    """The facts about one service. `terminated` is None where no status column is declared.

    `over`, `due`, `overdue` and `due_within` say whether the end is covered by that bound of the night; they
    mean something only where `end` is READ.
    """

    end: End
    terminated: bool | None = None
    over: bool = False
    implausible: bool = False
    before_start: bool = False
    due: bool = False
    overdue: bool = False
    due_within: frozenset[int] = field(default_factory=frozenset)


def standing(service: Service) -> Standing:
    """The first line that fits. A reopened service keeps a stale end, so its status is asked before its end."""
    if service.terminated is False or service.end is End.OPEN:
        return Standing.ACTIVE
    if service.end is End.NONE:
        return Standing.NO_END if service.terminated else Standing.ACTIVE
    if service.end is End.UNREADABLE:
        return Standing.UNREADABLE_END
    if not service.over:
        return Standing.ACTIVE
    if service.implausible:
        return Standing.IMPLAUSIBLE_END
    if service.before_start:
        return Standing.END_BEFORE_START
    if service.overdue:
        return Standing.OVERDUE
    if service.due:
        return Standing.DUE
    return next((RETAINED_WITHIN[days] for days in FORECAST_DAYS if days in service.due_within), Standing.RETAINED)


@dataclass(frozen=True, slots=True)
class Record:
    """The facts about one record. `services` holds one entry for each subject: that subject's services."""

    blank: bool
    held: bool
    requested: bool
    services: tuple[tuple[Service, ...], ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One status, and the reason where the status is UNDETERMINED."""

    status: Status
    standing: Standing
    reason: str | None


def decide(record: Record) -> Decision:
    """The decision table of docs/architecture.md, as data. Total: every record gets exactly one decision."""
    combined = _combined(record.services)
    if record.blank:
        status = Status.BLANK
    elif record.held:
        status = Status.HELD
    elif record.requested:
        status = Status.REQUESTED
    else:
        status = status_of(combined)
    return Decision(status, combined, REASON.get(combined) if status is Status.UNDETERMINED else None)


def _combined(subjects: Iterable[tuple[Service, ...]]) -> Standing:
    each = [max(map(standing, services), default=Standing.NO_SERVICE) for services in subjects]
    return max(each, default=Standing.NO_SUBJECT)
