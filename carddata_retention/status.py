"""The decision table: first match wins, total, one status and one reason for each record.

`tables.py` says the same table as one SQL expression; a test holds the two equal row by row on every database.

Each service of a record's subjects has a `Standing`. The standings are ordered so that the GREATEST one decides
the record: an open service beats everything, then any service that nobody can date, then the latest end. That
works because the deadline never decreases as the service end moves later (docs/deadline.md), and it is what lets
a database decide a record with one MAX.
"""

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
    NO_POLICY_VERSION = 84
    NO_CREATED = 86
    NO_SUBJECT = 90
    ACTIVE = 100


RETAINED_WITHIN = {days: Standing[f"RETAINED_{days}"] for days in FORECAST_DAYS}

REASON = {
    Standing.END_BEFORE_START: "end_before_start",
    Standing.IMPLAUSIBLE_END: "implausible_end",
    Standing.UNREADABLE_END: "unreadable_end",
    Standing.NO_END: "no_end",
    Standing.NO_SERVICE: "no_service",
    Standing.NO_POLICY_VERSION: "no_policy_version",
    Standing.NO_CREATED: "no_created",
    Standing.NO_SUBJECT: "no_subject",
}

# Whoever knows when the service ended settles these; nobody settles by it whose record it is, or who acquired it when.
SETTLED_BY_AN_END = (Standing.END_BEFORE_START, Standing.IMPLAUSIBLE_END, Standing.UNREADABLE_END, Standing.NO_END,
                     Standing.NO_SERVICE)


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


class Acquired(StrEnum):
    """Whether one policy version decides a record. `current` decides by the one in force, whenever that was."""

    KNOWN = "known"
    UNKNOWN = "unknown"  # nothing stands there, or nothing that can be read
    BY_NONE = "by_none"  # before the first version, or on a day that has not come


Services = tuple[tuple[Service, ...], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """The facts about one record. `services` holds one entry for each subject: that subject's services, as the version
    reads them that decides the record.

    Where no version decides, `services` is what the first version reads and `elsewhere` what each other one does.
    `attested` holds for each subject an end that was attested for the services that it has, as a service that has it.
    """

    blank: bool
    held: bool
    requested: bool
    services: Services
    acquired: Acquired = Acquired.KNOWN
    elsewhere: tuple[Services, ...] = ()
    attested: tuple[Service | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """One status, and the reason where the status is UNDETERMINED."""

    status: Status
    standing: Standing
    reason: str | None


def decide(record: Record) -> Decision:
    """The decision table of docs/architecture.md, as data. Total: every record gets exactly one decision."""
    combined = _combined(record.services, record.attested)
    if record.acquired is not Acquired.KNOWN and combined is not Standing.NO_SUBJECT:
        under_all = {combined, *(_combined(services, record.attested) for services in record.elsewhere)}
        if under_all != {Standing.ACTIVE}:
            unknown = record.acquired is Acquired.UNKNOWN
            combined = Standing.NO_CREATED if unknown else Standing.NO_POLICY_VERSION
    if record.blank:
        status = Status.BLANK
    elif record.held:
        status = Status.HELD
    elif record.requested:
        status = Status.REQUESTED
    else:
        status = status_of(combined)
    return Decision(status, combined, REASON.get(combined) if status is Status.UNDETERMINED else None)


def _combined(subjects: Services, attested: tuple[Service | None, ...]) -> Standing:
    known = (*attested, *([None] * (len(subjects) - len(attested))))
    return max(map(_of_subject, subjects, known), default=Standing.NO_SUBJECT)


def _of_subject(services: tuple[Service, ...], attested: Service | None) -> Standing:
    """The greatest standing; an attested end stands in for those services alone that nobody can date."""
    stands = [standing(service) for service in services] or [Standing.NO_SERVICE]
    if attested is None or max(stands) not in SETTLED_BY_AN_END:
        return max(stands)
    return max(standing(attested), *(s for s in stands if s not in SETTLED_BY_AN_END), Standing.OVERDUE)
