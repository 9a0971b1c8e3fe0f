"""An independent oracle for tests: what each record's status is, worked out record by record in plain Python.

It shares no code with the product and imports only the standard library: it walks the calendar one day at a time,
adds nothing to a date but single days, and compares no record with a cutoff. Slow, dull, and easy to check by hand.
Japanese time is a fixed +09:00, which is right for everything after 1951. Rows are the plain ones of `billing.py`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from typing import Any

DAY = timedelta(days=1)
JST = timezone(timedelta(hours=9))
REASONS = ("no_subject", "no_created", "no_policy_version", "no_service", "no_end", "unreadable_end", "implausible_end", "end_before_start")
STATUSES = ("blank", "held", "requested", "active", "undetermined", "retained", "overdue", "due")
TO_PURGE = ("requested", "overdue", "due")


@dataclass(frozen=True)
class Rules:
    """Everything that a configuration says about a decision. The defaults are those of `billing.configuration`."""

    as_of: date
    versions: tuple[tuple[date, str, str], ...] = (
        (date(2010, 1, 1), "provision_ended_at", "P5Y"),
        (date(2014, 4, 1), "use_ended_at", "P5Y"),
    )
    convention: str = "jp-civil-code"
    grace_days: int = 7
    kind: str = "instant"
    midnights: str = "within"
    terminated: tuple[str, ...] | None = ("closed",)  # None: no status is declared
    earliest: date = date(1990, 1, 1)
    open_sentinels: tuple[date, ...] = (date(9999, 12, 31), date(1900, 1, 1))
    left_out: str | None = "draft"  # where = "kind <> 'draft'"
    method: str | None = "card"  # where = "method = 'card'" of payments
    masks: Mapping[str, str] = field(default_factory=lambda: {"card_token": "***"})
    also: tuple[str, ...] = ("last4", "brand")
    held_targets: frozenset[str] = frozenset()
    held_subjects: frozenset[int] = frozenset()
    held_records: frozenset[tuple[str, int]] = frozenset()
    requested_subjects: frozenset[int] = frozenset()
    requested_records: frozenset[tuple[str, int]] = frozenset()
    # at-acquisition: when each record was acquired. None: the version in force decides all.
    acquired: Mapping[tuple[str, int], datetime | date | str | None] | None = None
    chosen: tuple[date, str, str] | None = None
    attested: Mapping[int, tuple[date, int]] = field(default_factory=dict)  # subject: day, for how many services

    @property
    def in_force(self) -> tuple[date, str, str]:
        """The version with the greatest effective date on or before the as-of date, or the record's own."""
        return self.chosen or max(self.known)

    @property
    def known(self) -> list[tuple[date, str, str]]:
        """The versions that have begun."""
        return [v for v in self.versions if v[0] <= self.as_of]


@dataclass(frozen=True)
class Verdict:
    """One record: its status, why nobody can date it, and its dates where it has any."""

    status: str
    reason: str | None = None
    service_end: datetime | date | None = None
    start_day: date | None = None
    last_retained_day: date | None = None
    first_purgeable_day: date | None = None
    trigger: str | None = None  # of the version that decided, where dates were asked for


@dataclass(frozen=True)
class Answer:
    """One target: the verdict of every record in scope, by key, and what lies outside."""

    verdicts: Mapping[int, Verdict]
    table_rows: int
    out_of_scope: int
    children_removed: int = 0

    @property
    def population(self) -> int:
        return len(self.verdicts)

    @property
    def totals(self) -> dict[str, int]:
        """Records by status; every status is there."""
        counted = Counter(v.status for v in self.verdicts.values())
        return {status: counted[status] for status in STATUSES}

    @property
    def reasons(self) -> dict[str, int]:
        """Undetermined records by reason; only the reasons that occur."""
        return dict(Counter(v.reason for v in self.verdicts.values() if v.reason is not None))

    @property
    def purge(self) -> frozenset[int]:
        """The keys of the records that a night removes or redacts."""
        return frozenset(key for key, v in self.verdicts.items() if v.status in TO_PURGE)


def answers(billing: Any, rules: Rules) -> dict[str, Answer]:
    """Decide every card and every payment of `billing`."""
    services: dict[int, list[Any]] = {}
    for service in billing.services:
        if service.customer_id is None or (rules.left_out is not None and service.kind == rules.left_out):
            continue
        services.setdefault(service.customer_id, []).append(service)
    cards = {c.id: _decide("cards", c, services, rules) for c in billing.cards}
    payments, out_of_scope = {}, 0
    for payment in billing.payments:
        if rules.method is None or payment.method == rules.method:
            payments[payment.id] = _decide("payments", payment, services, rules)
        elif not _empty(payment, ("card_holder", "card_token", "card_exp"), rules):
            out_of_scope += 1
    gone = {key for key, verdict in cards.items() if verdict.status in TO_PURGE}
    return {
        "cards": Answer(cards, len(billing.cards), 0, sum(u.card_id in gone for u in billing.usage)),
        "payments": Answer(payments, len(billing.payments), out_of_scope),
    }


def _empty(row: Any, columns: Iterable[str], rules: Rules) -> bool:
    return all(getattr(row, c) in (None, "") or getattr(row, c) == rules.masks.get(c) for c in columns)


def _decide(target: str, row: Any, services: Mapping[int, list[Any]], rules: Rules) -> Verdict:
    subject, record = row.customer_id, (target, row.id)
    mine = services.get(subject, []) if subject is not None else []
    by_none = None
    if rules.acquired is not None:
        by_none, rules = _version_of(rules.acquired[record], rules)
    dated = None if by_none else _dated(mine, rules, subject)
    if target == "payments" and _empty(row, ("card_holder", "card_token", "card_exp", *rules.also), rules):
        return Verdict("blank")
    if target in rules.held_targets or subject in rules.held_subjects or record in rules.held_records:
        return Verdict("held")
    if subject in rules.requested_subjects or record in rules.requested_records:
        return _with_status("requested", dated)
    if by_none is not None:
        under_each = [replace(rules, chosen=version) for version in rules.known]
        if all(any(_is_open(s, under) for s in mine) for under in under_each):
            return Verdict("active")
        return Verdict("undetermined", by_none if subject is not None else "no_subject")
    if any(_is_open(s, rules) for s in mine):
        return Verdict("active")
    reason = "no_subject" if subject is None else _why_undated(mine, rules)
    if reason is not None and dated is None:
        return Verdict("undetermined", reason)
    assert dated is not None
    if dated.start_day is not None and dated.start_day > rules.as_of:
        return Verdict("active")
    assert dated.first_purgeable_day is not None
    # How many days has it been purgeable? Count them, as-of date included.
    days, day = 0, dated.first_purgeable_day
    while day <= rules.as_of:
        days, day = days + 1, day + DAY
    if days == 0:
        return _with_status("retained", dated)
    return _with_status("overdue" if days > rules.grace_days + 1 else "due", dated)


def _with_status(status: str, dated: Verdict | None) -> Verdict:
    if dated is None:
        return Verdict(status)
    return replace(dated, status=status)


def _version_of(when: datetime | date | str | None, rules: Rules) -> tuple[str | None, Rules]:
    """Why no version decides, or the rules of the one that was in force on the day of the acquisition."""
    if when is None or isinstance(when, str):
        return "no_created", rules
    day = _local(when).date()
    begun = [v for v in rules.versions if v[0] <= day]
    if not begun or day > rules.as_of:
        return "no_policy_version", rules
    return None, replace(rules, chosen=max(begun))


def _dated(services: list[Any], rules: Rules, subject: int | None) -> Verdict | None:
    """The dates of the last end, where every service is over and has a usable one, or an attested one in its stead."""
    if subject is None or any(_is_open(s, rules) for s in services):
        return None
    _, trigger, period = rules.in_force
    undated = [s for s in services if _why_undated([s], rules) is not None]
    ends = [getattr(s, trigger) for s in services if s not in undated]
    starts = [(start_day(end, rules), end) for end in ends]
    if undated or not services:
        day, made_for = rules.attested.get(subject, (None, None))
        if day is None or made_for != len(services):
            return None
        starts.append((day + DAY if rules.convention == "jp-civil-code" else day, day))
    start = max(s for s, _ in starts)
    last = max((e for s, e in starts if s == start), key=lambda e: (isinstance(e, datetime), e))
    return Verdict("dated", None, last, start, *deadline(start, rules.convention, period), trigger)


def _is_open(service: Any, rules: Rules) -> bool:
    end = getattr(service, rules.in_force[1])
    if rules.terminated is not None and service.status not in rules.terminated:
        return True
    if end is None:
        return rules.terminated is None
    if isinstance(end, str):
        return False
    return _as_written(end) in rules.open_sentinels or start_day(end, rules) > rules.as_of


def _why_undated(services: list[Any], rules: Rules) -> str | None:
    """The first reason, in the order of REASONS, that any of the services gives."""
    if not services:
        return "no_service"
    found = set()
    for service in services:
        end = getattr(service, rules.in_force[1])
        if end is None:
            found.add("no_end")
        elif isinstance(end, str):
            found.add("unreadable_end")
        elif _local(end).date() < rules.earliest:
            found.add("implausible_end")
        elif service.started_at is not None and end < service.started_at:
            found.add("end_before_start")
    return next((reason for reason in REASONS if reason in found), None)


def _as_written(end: datetime | date) -> date:
    return end.astimezone(UTC).date() if isinstance(end, datetime) else end


def _local(end: datetime | date) -> datetime:
    """Japanese wall-clock time; the last moment there is for what has none."""
    if not isinstance(end, datetime):
        return datetime.combine(end, time())
    try:
        return end.astimezone(JST).replace(tzinfo=None)
    except OverflowError:
        return datetime.max


def start_day(end: datetime | date, rules: Rules) -> date:
    """S of jp-civil-code, E of the other conventions."""
    day = _local(end).date()
    if rules.convention != "jp-civil-code" or rules.kind == "exclusive-date" or day == date.max:
        return day
    if rules.kind == "instant" and rules.midnights == "exact" and _local(end).time() == time():
        return day
    return day + DAY


@cache
def deadline(start: date, convention: str, period: str) -> tuple[date, date]:
    """(last day retained, first purgeable day), found by walking the calendar from `start`."""
    years, months, weeks, days = (int(n or 0) for n in _parts(period))
    day, corresponds = start, True
    if weeks or days:
        for _ in range(7 * weeks + days):
            day += DAY
    else:
        wanted = 12 * (start.year + years) + start.month + months
        while 12 * day.year + day.month < wanted:
            day += DAY
        while day.day < start.day and (day + DAY).month == day.month:
            day += DAY
        corresponds = day.day == start.day
    if convention == "eu-1182-71" or (convention == "jp-civil-code" and not corresponds):
        return day, day + DAY
    return day - DAY, day


def _parts(period: str) -> tuple[str | Any, ...]:
    match = re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?", period)
    assert match is not None, period
    return match.groups()
