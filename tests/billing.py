"""Edge-case billing data for tests, the same logical rows on SQLite, PostgreSQL and MariaDB.

`generate` makes plain rows: services that ended on 28 and 29 February, at Japanese midnight and a microsecond
beside it, around tonight's cutoff, the grace boundary and the as-of date; open, reopened, suspended, undatable.
`create` and `configuration` (from `billing_tables.py`) write them into typed tables and write the TOML that fits;
`read_sqlite` reads the demo's database back into the same plain rows. `oracle.py` says what the answer is.
"""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import cycle
from pathlib import Path

from billing_tables import configuration, create

__all__ = ["Billing", "configuration", "create", "generate", "read_sqlite"]

DAY, MICROSECOND = timedelta(days=1), timedelta(microseconds=1)
JST = timezone(timedelta(hours=9))
End = datetime | date | str | None
Story = tuple[str | None, str | None, End, End]  # kind, status, started, ended
DIRTY = ("0", "2021", "0000-00-00", "2021-02-31", "解約済み", "2021-06-30 25:00:00", "")


@dataclass(frozen=True, slots=True)
class Customer:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Service:
    """`end` values are aware datetimes, dates for the date kinds, or text that is no date (SQLite only)."""

    id: int
    customer_id: int | None
    kind: str | None
    status: str | None
    started_at: End
    provision_ended_at: End
    use_ended_at: End


@dataclass(frozen=True, slots=True)
class Card:
    id: int
    customer_id: int | None
    cardholder_name: str | None
    card_token: str | None
    exp_month: int | None
    exp_year: int | None


@dataclass(frozen=True, slots=True)
class Usage:
    id: int
    card_id: int
    amount: int


@dataclass(frozen=True, slots=True)
class Payment:
    id: int
    customer_id: int | None
    method: str | None
    amount: int
    card_holder: str | None
    card_token: str | None
    card_exp: str | None
    last4: str | None
    brand: str | None


@dataclass(frozen=True, slots=True)
class Billing:
    """One whole billing database as plain rows."""

    end_kind: str
    customers: tuple[Customer, ...]
    services: tuple[Service, ...]
    cards: tuple[Card, ...]
    usage: tuple[Usage, ...]
    payments: tuple[Payment, ...]


def boundary_days(as_of: date, years: int = 5, grace_days: int = 7) -> list[date]:
    """Three days on either side of the as-of date and of the ends that become due, and overdue, tonight."""

    def earlier(day: date) -> date:
        return day.replace(year=day.year - years, day=28 if (day.month, day.day) == (2, 29) else day.day)

    pivots = (earlier(as_of), earlier(as_of - (grace_days + 1) * DAY), as_of)
    return sorted({pivot + n * DAY for pivot in pivots for n in range(-3, 4)})


def february_days(as_of: date) -> list[date]:
    """27, 28, 29 February and 1 March of every year from 2000 to the as-of date."""
    return [date(y, 3, 1) - n * DAY for y in range(2000, as_of.year + 1) for n in (0, 1, 2, 3) if (y % 4 == 0) or n < 3]


def moments(day: date) -> list[datetime]:
    """The moments of a Japanese day at which programs go wrong: its midnight and beside it, and UTC's midnight."""
    midnight = datetime.combine(day, time(), JST)
    seconds = (0, 1, 9 * 3600 - 1, 9 * 3600, 12 * 3600, 86399)
    return [*(midnight + timedelta(seconds=s) for s in seconds), midnight + MICROSECOND, midnight - MICROSECOND]


class Ends:
    """Hands out service ends: boundary days and February days in turn, every one before any comes twice."""

    def __init__(self, rng: random.Random, as_of: date, end_kind: str, years: int) -> None:
        self.rng, self.dates = rng, end_kind != "instant"
        self._turns = cycle([self._shuffled(boundary_days(as_of, years)), self._shuffled(february_days(as_of))])

    def _shuffled(self, days: list[date]) -> Iterator[End]:
        ends: list[End] = [*days] if self.dates else [m.astimezone(UTC) for day in days for m in moments(day)]
        self.rng.shuffle(ends)
        return cycle(ends)

    def next(self) -> End:
        return next(next(self._turns))

    def on(self, text: str) -> End:
        """A fixed end; `text` is ISO 8601 with an offset, of which the date kinds take the Japanese date."""
        moment = datetime.fromisoformat(text)
        return moment.astimezone(JST).date() if self.dates else moment.astimezone(UTC)

    def after(self, end: End, days: int = 0) -> End:
        """The least later value that the column can tell from `end`, or whole days later."""
        assert isinstance(end, date)
        return end + (days * DAY or (DAY if self.dates else MICROSECOND))


def stories(ends: Ends, awkward_text: bool, dirty: bool) -> list[Callable[[], list[Story]]]:
    """What a customer's services may have lived through; each call draws fresh ends."""
    start, epoch, null = ends.on("1995-04-01T00:00:00+09:00"), ends.on("1970-01-01T00:00:00+00:00"), None
    never = (ends.on("9999-12-31T00:00:00+00:00"), ends.on("1900-01-01T00:00:00+00:00"))
    last_second = never[0] if ends.dates else datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

    def closed(end: End, since: End = start) -> Story:
        return (ends.rng.choice(("shared", "vps", "domain", null)), "closed", since, end)

    def other(status: str | None, end: End, kind: str = "vps") -> Story:
        return (kind, status, start, end)

    def one() -> list[Story]:
        return [closed(ends.next())]

    def reversed_() -> list[Story]:
        end = ends.next()
        return [closed(end, since=ends.after(end))]

    def instantly() -> list[Story]:
        end = ends.next()
        return [closed(end, since=end)]

    told: list[Callable[[], list[Story]]] = [one] * 9
    told += [
        lambda: [closed(ends.next(), since=null)],
        lambda: [closed(ends.next()), closed(ends.next())],
        lambda: [closed(ends.next()), closed(ends.next()), closed(ends.next())],
        lambda: [closed(ends.next()), other("active", null)],
        lambda: [other("active", null)],
        lambda: [other("active", ends.next())],
        lambda: [other("suspended", ends.next()), closed(ends.next())],
        lambda: [other("suspended", null)],
        lambda: [other(ends.rng.choice(("migrating", "", null)), ends.next())],
        lambda: [closed(null)],
        lambda: [closed(null), closed(ends.next())],
        reversed_,
        instantly,
        lambda: [*reversed_(), closed(epoch)],
        lambda: [closed(null), *reversed_()],
        lambda: [closed(null), other("active", null)],
        lambda: [closed(epoch)],
        lambda: [closed(epoch), closed(ends.next())],
        lambda: [closed(ends.on("1989-12-31T23:59:59.999999+09:00"), since=null)],
        lambda: [closed(ends.on("1990-01-01T00:00:00+09:00"), since=null)],
        lambda: [closed(never[0])],
        lambda: [closed(never[1]), closed(ends.next())],
        lambda: [closed(last_second), closed(ends.next())],
        lambda: [closed(ends.on("2099-03-31T23:59:59+09:00")), closed(ends.next())],
        lambda: [],
        lambda: [other("active", null, kind="draft")],
        lambda: [other("active", null, kind="draft"), closed(ends.next())],
        lambda: [(null, "active", start, null), closed(ends.next())],
    ]
    if awkward_text:
        told += [lambda: [other(ends.rng.choice(("Closed", "CLOSED", "closed ")), ends.next())]]
    if dirty:
        told += [lambda: [closed(ends.rng.choice(DIRTY)), closed(ends.next())], lambda: [other("active", "0")],
                 lambda: [closed(ends.rng.choice(DIRTY)), closed(epoch)], lambda: [closed(ends.rng.choice(DIRTY))]]
    return told


def payment_forms(awkward_text: bool) -> list[tuple[str | None, ...]]:
    """method, holder, token, expiry, last4, brand: whole, partly and wholly empty, masked, outside `where`."""
    whole = ("TARO YAMADA", "tok_fa1ce0b2d3c4e5f6", "2024-09", "0000", "JCB")
    nothing = (None,) * 5
    forms: list[tuple[str | None, ...]] = [("card", *whole)] * 5 + [
        ("card", *nothing), ("card", "", "", "", "", ""), ("card", None, "***", None, None, None),
        ("card", "", "***", None, "", None), ("card", None, "***", None, "0000", None),
        ("card", None, None, None, None, "JCB"), ("card", "山田 太郎", None, None, None, None),
        ("card", "***", "***", None, None, None), ("card", None, "****", None, None, None),
        ("bank", *whole), ("bank", *nothing), ("bank", None, "***", None, None, None),
        ("bank", None, None, "2024-09", None, None), (None, *whole), (None, *nothing),
    ]
    return forms + ([("card", " ", None, None, None, None), ("card", None, "*** ", None, None, None)]
                    if awkward_text else [])


def generate(as_of: date, *, size: int = 400, seed: int = 1, end_kind: str = "instant", years: int = 5,
             awkward_text: bool = True, dirty: bool = False) -> Billing:
    """`size` customers and all that is theirs. The same arguments give the same rows.

    `awkward_text` adds what MariaDB's collations take for equal and the others do not ('Closed', 'closed ', ' ');
    `dirty` adds text that is no date, which only SQLite can store.
    """
    rng = random.Random(seed)
    ends, provided = (Ends(random.Random(seed + n), as_of, end_kind, years) for n in (1, 2))
    told, forms = cycle(stories(ends, awkward_text, dirty)), cycle(payment_forms(awkward_text))
    services: list[Service] = []
    cards: list[Card] = []
    usage: list[Usage] = []
    payments: list[Payment] = []

    def hold(owner: int | None) -> None:
        for _ in range(rng.choice((1, 1, 1, 2))):
            key = len(cards) + 1
            cards.append(Card(key, owner, "HANAKO SATO", f"tok_fa{key % 1000:03d}ce{key // 1000:03d}d", 9, 2024))
            for _ in range(rng.randrange(4)):
                usage.append(Usage(len(usage) + 1, key, 524))
        for _ in range(rng.choice((1, 2, 3))):
            method, *values = next(forms)
            payments.append(Payment(len(payments) + 1, owner, method, 1048, *values))

    for customer in range(1, size + 1):
        for kind, status, started, ended in next(told)():
            provision = rng.choice((ended, None, provided.next()))
            services.append(Service(len(services) + 1, customer, kind, status, started, provision, ended))
        hold(customer)
    services.append(Service(len(services) + 1, None, "vps", "active", None, None, None))
    for _ in range(size // 50 + 2):
        hold(None)
    customers = tuple(Customer(n, f"山田 {n}") for n in range(1, size + 1))
    return Billing(end_kind, customers, tuple(services), tuple(cards), tuple(usage), tuple(payments))


def read_sqlite(path: Path) -> Billing:
    """The demo's database as plain rows: an end is an instant where it is ISO 8601, else the text itself."""

    def end(text: str | None) -> End:
        try:
            moment = datetime.fromisoformat(text) if text is not None else None
        except ValueError:
            return text
        return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)

    with closing(sqlite3.connect(path)) as db:
        customers = tuple(Customer(*row) for row in db.execute("SELECT id, name FROM customers"))
        services = tuple(
            Service(*row[:4], *map(end, row[4:]))
            for row in db.execute("SELECT id, customer_id, product, status, started_at, provision_ended_at, "
                                  "use_ended_at FROM services")
        )
        cards = tuple(Card(*row) for row in db.execute(
            "SELECT id, customer_id, cardholder_name, card_token, exp_month, exp_year FROM cards"))
        usage = tuple(Usage(*row) for row in db.execute("SELECT id, card_id, amount FROM card_usage"))
        payments = tuple(Payment(*row) for row in db.execute(
            "SELECT id, customer_id, method, amount, card_holder, card_token, card_exp, last4, brand FROM payments"))
    return Billing("instant", customers, services, cards, usage, payments)
