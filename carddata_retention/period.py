"""The deadline rule, and the only place that knows it: from the end of a service to the last day retained.

Source of the default convention: Japanese Civil Code (Minpo) arts. 138-143. Art. 140 leaves the first day out, unless
the period begins exactly at 00:00; art. 143(2) ends it on the day before the corresponding day, or, where
the last month has no such day, at the end of that month.

Order matters. The service end becomes an instant first, the instant becomes a local date of the POLICY zone
(`start_day`: S, or E for the other conventions), and only then are days counted; nothing is ever counted in
hours. A cutoff is found by asking this same rule about one day after another, because subtracting a period is
not the inverse of adding it: 28 February and 1 March would change places.

No clock is read here and no weekend is rolled: retention ends without anyone acting, so art. 142 is silent.
"""

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from .errors import ConfigError
from .model import Convention, Deadline, Kind

_PERIOD = re.compile(r"P(?:([0-9]{1,4})Y)?(?:([0-9]{1,5})M)?|P([0-9]{1,5})W|P([0-9]{1,6})D")
_LONGEST_MONTHS, _LONGEST_DAYS = 12_000, 365_250
_DAY, _TICK = timedelta(days=1), timedelta(microseconds=1)
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_BEYOND = "the last day retained lies beyond 9999-12-31, the end of the calendar; this end is never due"


def _not_a_period(shown: str) -> ConfigError:
    return ConfigError(
        "period",
        f"A period is years and months, or weeks, or days, more than none and at most 1000 years; {shown} is not.",
        cure='Write it in ISO 8601, for example "P5Y", "P18M", "P1Y6M", "P2W" or "P90D"; months and days never mix.',
    )


@dataclass(frozen=True, slots=True)
class Period:
    """A length of civil time: whole months or whole days, never both, never none. Errors: ConfigError `period`."""

    months: int = 0
    days: int = 0

    def __post_init__(self) -> None:
        in_months = 0 < self.months <= _LONGEST_MONTHS and self.days == 0
        in_days = 0 < self.days <= _LONGEST_DAYS and self.months == 0
        if not (in_months or in_days):
            raise _not_a_period(f"{self.months} months and {self.days} days")

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read ISO 8601 `P5Y`, `P18M`, `P1Y6M`, `P2W` or `P90D`. Raises ConfigError `period` for anything else."""
        match = _PERIOD.fullmatch(text)
        if match is None:
            raise _not_a_period(repr(text))
        years, months, weeks, days = (int(part or 0) for part in match.groups())
        return cls(years * 12 + months, weeks * 7 + days)

    def __str__(self) -> str:
        """The canonical ISO 8601 form: `P60M` is shown as `P5Y`, `P2W` as `P14D`."""
        if self.days:
            return f"P{self.days}D"
        years, months = divmod(self.months, 12)
        return "P" + (f"{years}Y" if years else "") + (f"{months}M" if months else "")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a service-end value means. `zone` is that of a naive column; None means that the values are aware.

    Unless `midnights_exact`, an instant at exactly 00:00 of the policy zone is read as within that day: a DATE
    that was silently cast to a timestamp would lose a day otherwise.
    """

    kind: Kind = Kind.INSTANT
    zone: ZoneInfo | None = None
    midnights_exact: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """The one value that a column is compared with: aware UTC, naive local, or a date, as the column is."""

    value: datetime | date
    inclusive: bool

    def covers(self, end: datetime | date) -> bool:
        """Whether `end`, of the same type as `value`, lies on the near side of the bound."""
        return end <= self.value if self.inclusive else end < self.value


def _utc(aware: datetime) -> datetime:
    try:
        return aware.astimezone(UTC)
    except OverflowError:
        return _EARLIEST if aware.year == 1 else _LATEST


def _passes(naive: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants of both passes (PEP 495): equal as a rule, rising where repeated, FALLING where skipped."""
    if naive.tzinfo is not None:
        raise ValueError("a naive local time is needed, and this one has an offset")
    return _utc(naive.replace(tzinfo=zone, fold=0)), _utc(naive.replace(tzinfo=zone, fold=1))


def is_skipped(naive: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks of `zone` were set forward over this local time, so that it never was."""
    first, second = _passes(naive, zone)
    return first > second


@lru_cache(maxsize=1 << 12)
def _after_gap(naive: datetime, zone: ZoneInfo) -> datetime:
    last, first = _passes(naive, zone)
    ticks = range((last - first) // _TICK)
    behind = bisect_left(ticks, True, key=lambda n: (first + n * _TICK).astimezone(zone).replace(tzinfo=None) > naive)
    return first + behind * _TICK


def resolve(naive: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a naive local time: the later reading of a repeated one, the end of the gap of a skipped one.

    Never decreases as `naive` grows. Raises ValueError for an aware value.
    """
    first, second = _passes(naive, zone)
    return second if first <= second else _after_gap(naive.replace(fold=0), zone)


@lru_cache(maxsize=1 << 16)
def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The earliest UTC instant with this local date; for a date that the zone left out, that of the next one."""
    midnight = datetime(day.year, day.month, day.day)
    first, second = _passes(midnight, zone)
    return first if first <= second else _after_gap(midnight, zone)


def _local_day(instant: datetime, zone: ZoneInfo) -> date:
    try:
        return instant.astimezone(zone).date()
    except OverflowError:
        return date.min if instant.year == 1 else date.max


@lru_cache(maxsize=1 << 16)
def _existing(day: date, zone: ZoneInfo) -> date:
    """`day`, or the first date after it that the zone did not leave out (Pacific/Apia had no 2011-12-30)."""
    while _local_day(start_of_day(day, zone), zone) != day:
        day += _DAY
    return day


@lru_cache(maxsize=1 << 16)
def _count(convention: Convention, period: Period, start: date, at_midnight: bool) -> Deadline | None:
    """Count the period from `start`; None where the calendar has no such day."""
    try:
        last, rule = _last_retained(convention, period, start, at_midnight)
        return Deadline(start, last, last + _DAY, rule)
    except (OverflowError, ValueError):
        return None


@lru_cache(maxsize=1 << 8)
def _step(period: Period) -> relativedelta:
    return relativedelta(months=period.months, days=period.days)


def _last_retained(convention: Convention, period: Period, start: date, at_midnight: bool) -> tuple[date, str]:
    corresponding = start + _step(period)
    if convention is Convention.ANNIVERSARY:
        return corresponding - _DAY, "anniversary"
    if convention is Convention.EU_1182_71:
        return corresponding, f"Regulation 1182/71 art. 3(2)({'b' if period.days else 'c'})"
    first_day = "Civil Code art. 140 proviso" if at_midnight else "Civil Code art. 140"
    if period.days:
        return corresponding - _DAY, f"{first_day}, 141"
    if corresponding.day != start.day:
        # relativedelta stopped at the end of the month already: the day before it would be a day too early.
        return corresponding, f"{first_day}, 143(2) proviso"
    whole_units = start.day == 1 and (start.month == 1 or period.months % 12 != 0)
    return corresponding - _DAY, f"{first_day}, 143({1 if whole_units else 2})"


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy version's rule: how a period is counted, how long it is, and whose midnight counts."""

    convention: Convention
    period: Period
    zone: ZoneInfo

    def deadline(self, end: datetime | date, reading: Reading) -> Deadline:
        """The deadline of one service end, read as `reading` says.

        Sources: Civil Code arts. 140, 141 and 143; Regulation (EEC, Euratom) 1182/71 art. 3(2).
        Raises ValueError where the value is not what the reading says, or where the deadline lies beyond 9999.
        """
        try:
            counted = _count(self.convention, self.period, *self._start(end, reading))
        except OverflowError:
            counted = None
        if counted is None:
            raise ValueError(_BEYOND)
        return counted

    def due(self, as_of: date, reading: Reading) -> Bound:
        """The bound of the ends whose first purgeable day is on or before `as_of`, in the column's own type."""

        def due_on_as_of(start: date) -> bool:
            # Whether art. 140 or its proviso decided changes the citation, never a day: False serves for both.
            counted = _count(self.convention, self.period, start, False)
            return counted is not None and counted.first_purgeable_day <= as_of

        return self._bound(reading, due_on_as_of)

    def over(self, as_of: date, reading: Reading) -> Bound:
        """The bound of the ends that are over on `as_of`; what it does not cover lies ahead (ACTIVE)."""
        return self._bound(reading, lambda start: start <= as_of)

    def _start(self, end: datetime | date, reading: Reading) -> tuple[date, bool]:
        """S (jp-civil-code) or E (the others), and whether the period begins exactly at 00:00 (art. 140 proviso)."""
        if not isinstance(end, datetime):
            return self._start_of_date(end, reading.kind)
        if reading.kind is not Kind.INSTANT:
            raise ValueError(f"a time of day does not fit kind {reading.kind}: give a date, or declare kind instant")
        if reading.zone is None and end.tzinfo is None:
            raise ValueError("a local time without an offset needs a zone to be read in")
        instant = _utc(end) if reading.zone is None else resolve(end, reading.zone)
        return self._start_of_instant(instant, reading.midnights_exact)

    def _start_of_date(self, end: date, kind: Kind) -> tuple[date, bool]:
        if kind is Kind.INSTANT:
            raise ValueError("a date has no time of day: its kind is inclusive-date or exclusive-date")
        if self.convention is Convention.JP_CIVIL_CODE and kind is Kind.INCLUSIVE_DATE:
            return _existing(end + _DAY, self.zone), False
        return _existing(end, self.zone), kind is Kind.EXCLUSIVE_DATE

    def _start_of_instant(self, end: datetime, midnights_exact: bool) -> tuple[date, bool]:
        day = _local_day(end, self.zone)
        if self.convention is Convention.JP_CIVIL_CODE:
            # More than one step is needed where clocks were set back over midnight: the next date has begun already.
            while (begins := start_of_day(day, self.zone)) < end or (begins == end and not midnights_exact):
                day = _existing(day + _DAY, self.zone)
            return day, begins == end
        while start_of_day(following := _existing(day + _DAY, self.zone), self.zone) <= end:
            day = following
        return day, False

    def _bound(self, reading: Reading, covered: Callable[[date], bool]) -> Bound:
        """Ask about every day's own first moment (or the date itself); `covered` judges S or E and never turns back."""
        dates = reading.kind is not Kind.INSTANT

        def kept(ordinal: int) -> bool:
            day = date.fromordinal(ordinal)
            try:
                if dates:
                    return not covered(self._start_of_date(day, reading.kind)[0])
                return not covered(self._start_of_instant(start_of_day(day, self.zone), reading.midnights_exact)[0])
            except OverflowError:
                return True

        days = bisect_left(range(1, date.max.toordinal() + 1), True, key=kept)
        if dates:
            return Bound(date.fromordinal(days), True) if days else Bound(date.min, False)
        if not days:
            return Bound(_EARLIEST if reading.zone is None else datetime.min, False)
        if self.convention is Convention.JP_CIVIL_CODE and reading.midnights_exact:
            bound = Bound(start_of_day(date.fromordinal(days), self.zone), True)
        else:
            bound = Bound(start_of_day(date.fromordinal(days + 1), self.zone), False)
        return bound if reading.zone is None else _in_naive_terms(bound, reading.zone)


def before(day: date, zone: ZoneInfo, reading: Reading) -> Bound:
    """The bound of the values that lie before the first moment of `day` in `zone`, in the column's own type."""
    if reading.kind is not Kind.INSTANT:
        return Bound(day, False)
    bound = Bound(start_of_day(day, zone), False)
    return bound if reading.zone is None else _in_naive_terms(bound, reading.zone)


def _in_naive_terms(bound: Bound, zone: ZoneInfo) -> Bound:
    """The naive local bound that covers exactly the naive values whose instant `bound` covers."""
    ticks = range((datetime.max - datetime.min) // _TICK)
    covered = bisect_left(ticks, True, key=lambda n: not bound.covers(resolve(datetime.min + n * _TICK, zone)))
    first_kept = datetime.min + covered * _TICK
    # A repeated hour can lie on both sides of an inclusive bound; then no local time meets it, and the hour is kept.
    if covered and resolve(first_kept - _TICK, zone) == bound.value:
        return Bound(first_kept - _TICK, True)
    return Bound(first_kept, False)
