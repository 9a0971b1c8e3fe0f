"""The lives that a sample customer may have lived: which services, when they began, when and how they ended.

`SHARES` says how common each life is; `once` adds the rare ones that a deadline rule is judged by: 28 and 29 February,
the midnight that begins a day, the days on either side of tonight's deadline. Timestamps are UTC texts in the mixed
forms that ten years of different programs leave in one SQLite column.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

YEARS = 5
"""The retention period of the sample's notice; `configuration.py` writes the same one."""

JST = timezone(timedelta(hours=9))
PRODUCTS = ("shared-server", "shared-server", "vps", "domain", "domain", "ssl", "mail")
UNREADABLE = ("解約済み", "0", "2021", "0000-00-00", "2021-02-31", "unknown", "")


@dataclass(frozen=True, slots=True)
class Service:
    """One row of services, as it is stored."""

    product: str
    status: str
    started_at: str
    provision_ended_at: str | None
    use_ended_at: str | None


@dataclass(frozen=True, slots=True)
class Life:
    """A customer's services, and what the rest of the database needs to know about them."""

    services: tuple[Service, ...]
    began: datetime
    ended: datetime | None
    long_gone: bool = False


@dataclass(frozen=True, slots=True)
class Calendar:
    """The as-of date and the days that matter because of it. The clock is never read."""

    as_of: date
    rng: random.Random

    @property
    def edge(self) -> date:
        """The same day, one retention period ago: services that ended before it are due."""
        year = self.as_of.year - YEARS
        leap = (self.as_of.month, self.as_of.day) == (2, 29)
        return date(year, 2, 28) if leap else self.as_of.replace(year=year)

    def between(self, first: date, last: date) -> datetime:
        """Some moment of Japanese time from `first` through `last`; months tend to end at 23:59:59."""
        day = first + timedelta(days=self.rng.randrange((last - first).days + 1))
        kind = self.rng.random()
        if kind < 0.3:
            return at(day, 23, 59, 59)
        if kind < 0.5:
            return at(day, self.rng.randrange(1, 24), self.rng.randrange(60))
        return at(day, self.rng.randrange(1, 24), self.rng.randrange(60), self.rng.randrange(1, 60),
                  self.rng.choice((0, self.rng.randrange(1_000_000))))

    def before(self, moment: datetime) -> datetime:
        """A start some months or years before `moment`."""
        return moment - timedelta(days=self.rng.randrange(60, 1800), seconds=self.rng.randrange(86400))

    def stored(self, moment: datetime) -> str:
        """`moment` as one of the forms that the column is full of."""
        utc, form = moment.astimezone(UTC).replace(tzinfo=None), self.rng.random()
        whole = utc.microsecond == 0
        if whole and utc.second == 0 and form < 0.5:
            return utc.isoformat("T" if form < 0.25 else " ", "minutes") + ("Z" if form < 0.4 else "")
        if form < 0.6:
            return utc.isoformat(" ")
        if form < 0.8:
            return utc.isoformat("T") + "Z"
        if form < 0.9:
            return moment.astimezone(JST).isoformat("T")
        return utc.isoformat("T", "milliseconds" if utc.microsecond % 1000 == 0 else "microseconds") + "+00:00"

    def service(self, status: str, started: datetime, ended: datetime | str | None) -> Service:
        """One service; it is provided for some days after its last use, or nobody wrote how long."""
        text = self.stored(ended) if isinstance(ended, datetime) else ended
        stopped = None
        if isinstance(ended, datetime) and self.rng.random() < 0.9:
            stopped = self.stored(ended + timedelta(days=self.rng.choice((0, 0, 1, 14, 30))))
        return Service(self.rng.choice(PRODUCTS), status, self.stored(started), stopped, text)


def at(day: date, hour: int, minute: int = 0, second: int = 0, microsecond: int = 0) -> datetime:
    """A moment of Japanese time."""
    return datetime.combine(day, time(hour, minute, second, microsecond), JST)


def ended_between(first: int, last: int) -> Callable[[Calendar], Life]:
    """Everything ended; the last service so many days from the edge (0 = the day of `Calendar.edge`)."""

    def life(cal: Calendar) -> Life:
        end = cal.between(cal.edge + timedelta(days=first), cal.edge + timedelta(days=last))
        return ended(cal, end, long_gone=last < -400)

    return life


def ended(cal: Calendar, end: datetime, *, long_gone: bool = False) -> Life:
    """One service ended at `end`, and sometimes others before it."""
    began = cal.before(end)
    services = [cal.service("closed", began, end)]
    while cal.rng.random() < 0.3:
        services.append(cal.service("closed", began, end - (end - began) * cal.rng.random()))
    cal.rng.shuffle(services)
    return Life(tuple(services), began, end, long_gone)


def active(cal: Calendar) -> Life:
    """Something is in use; other services may have ended long ago."""
    began = cal.between(cal.as_of - timedelta(days=4000), cal.as_of - timedelta(days=2))
    services = [cal.service("active", began, None)]
    while cal.rng.random() < 0.4:
        end = began + (at(cal.as_of, 0) - began) * cal.rng.random()
        services.append(cal.service("closed", began, end) if cal.rng.random() < 0.5
                        else cal.service("active", end, None))
    cal.rng.shuffle(services)
    return Life(tuple(services), began, None)


def reopened(cal: Calendar) -> Life:
    """Came back: the status is active again, the old end is still in the row."""
    stale = cal.between(cal.edge - timedelta(days=900), cal.as_of - timedelta(days=40))
    began = cal.before(stale)
    return Life((cal.service("active", began, stale),), began, None)


def suspended(cal: Calendar) -> Life:
    """Unpaid and suspended, not ended; half of them with an end that somebody wrote too soon."""
    began = cal.between(cal.edge - timedelta(days=1500), cal.as_of - timedelta(days=100))
    end = began + timedelta(days=90) if cal.rng.random() < 0.5 else None
    return Life((cal.service("suspended", began, end),), began, None)


def leaving(cal: Calendar) -> Life:
    """Cancelled for a day that has not come."""
    end = cal.between(cal.as_of + timedelta(days=1), cal.as_of + timedelta(days=60))
    began = cal.before(end)
    return Life((cal.service(cal.rng.choice(("active", "closed")), began, end),), began, None)


def without_service(cal: Calendar) -> Life:
    """Registered a card and never ordered."""
    return Life((), cal.between(cal.edge - timedelta(days=700), cal.as_of - timedelta(days=10)), None)


def closed_without_end(cal: Calendar) -> Life:
    """Closed by a program that wrote no end; an older service may have a good one, which decides nothing."""
    old = cal.between(cal.edge - timedelta(days=900), cal.edge - timedelta(days=300))
    began = cal.before(old)
    services = [cal.service("closed", began, None)]
    if cal.rng.random() < 0.5:
        services.append(cal.service("closed", began, old))
    return Life(tuple(services), began, old)


def wrong_end(*texts: str) -> Callable[[Calendar], Life]:
    """Closed with one of these texts where the end should stand."""

    def life(cal: Calendar) -> Life:
        began = cal.between(cal.edge - timedelta(days=1500), cal.edge - timedelta(days=700))
        return Life((cal.service("closed", began, cal.rng.choice(texts)),), began, began + timedelta(days=300))

    return life


def ended_before_start(cal: Calendar) -> Life:
    """Start and end the wrong way round."""
    end = cal.between(cal.edge - timedelta(days=1500), cal.edge - timedelta(days=700))
    return Life((cal.service("closed", end + timedelta(days=200), end),), end, end + timedelta(days=200))


def active_beside_dirt(cal: Calendar) -> Life:
    """An unreadable old service beside one in use: in use decides."""
    life = active(cal)
    return Life((*life.services, cal.service("closed", life.began, cal.rng.choice(UNREADABLE))), life.began, None)


SHARES: dict[Callable[[Calendar], Life], int] = {
    reopened: 120,
    suspended: 150,
    leaving: 80,
    ended_between(3, YEARS * 365 - 32): 1900,
    ended_between(YEARS * 365 - 31, YEARS * 365 - 1): 100,
    ended_between(-7, -1): 50,
    ended_between(-400, -10): 130,
    ended_between(-2600, -401): 50,
    without_service: 20,
    closed_without_end: 15,
    wrong_end(*UNREADABLE): 14,
    wrong_end("1970-01-01 00:00:00", "1970-01-01T00:00:00Z"): 8,
    ended_before_start: 8,
    active_beside_dirt: 10,
}
"""Of ten thousand customers, how many live which life; the rest are `active`."""


def once(cal: Calendar) -> list[Life]:
    """The rare ones: a leap day and its neighbours, a midnight and its neighbours, the days around tonight's edge."""
    days = [cal.edge + timedelta(days=n) for n in (0, -1, 1, -7, -8)]
    for year in range(cal.as_of.year - 1, cal.as_of.year - 8, -1):
        days += [date(year, 3, 1) - timedelta(days=n) for n in (1, 2, 0)]
    moments = [at(cal.as_of, 0), at(cal.as_of, 0, 0, 1), at(cal.as_of - timedelta(days=1), 23, 59, 59)]
    for day in days:
        midnight = at(day, 0)
        moments += [midnight, midnight - timedelta(seconds=1), midnight + timedelta(seconds=1), at(day, 12)]
    return [ended(cal, moment) for moment in moments]


def lives(cal: Calendar, customers: int) -> list[Life]:
    """So many lives in the shares above, in no order. One in a hundred at most is a rare one."""
    told = once(cal)[: max(1, customers // 100)]
    for life, of_ten_thousand in SHARES.items():
        told += [life(cal) for _ in range(max(1, customers * of_ten_thousand // 10_000))]
    told = told[:customers]
    told += [active(cal) for _ in range(customers - len(told))]
    cal.rng.shuffle(told)
    return told
