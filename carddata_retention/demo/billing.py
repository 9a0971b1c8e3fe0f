"""Builds the sample billing database: customers, services, cards, their use, and invoices with card copies.

About two cards in a hundred are due or overdue: enough to see a night at work, and well below the breaker
`max_share = 0.05`, because the first night of a company that never purged would otherwise be refused. The same
arguments give the same rows: randomness comes from the seed, dates from `as_of`, nothing from the clock.
"""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from carddata_retention.demo.lives import Calendar, Life, at, lives
from carddata_retention.demo.names import Person, person

SCHEMA = """
CREATE TABLE customers (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, name_kana TEXT, email TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE services (
    id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), product TEXT NOT NULL,
    status TEXT NOT NULL, started_at TEXT, provision_ended_at TEXT, use_ended_at TEXT);
CREATE TABLE cards (
    id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), cardholder_name TEXT, card_token TEXT,
    exp_month INTEGER, exp_year INTEGER, created_at TEXT NOT NULL);
CREATE TABLE card_usage (
    id INTEGER PRIMARY KEY, card_id INTEGER NOT NULL REFERENCES cards (id), used_at TEXT NOT NULL,
    amount INTEGER NOT NULL);
CREATE TABLE payments (
    id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), invoice_no TEXT NOT NULL UNIQUE,
    method TEXT NOT NULL, amount INTEGER NOT NULL, card_holder TEXT, card_token TEXT, card_exp TEXT, last4 TEXT,
    brand TEXT, paid_at TEXT NOT NULL);
"""
INDEXES = """
CREATE INDEX services_customer ON services (customer_id);
CREATE INDEX services_use_ended ON services (use_ended_at);
CREATE INDEX cards_customer ON cards (customer_id);
CREATE INDEX card_usage_card ON card_usage (card_id);
CREATE INDEX payments_customer ON payments (customer_id);
CREATE INDEX payments_paid ON payments (paid_at);
"""
BRANDS = ("VISA", "VISA", "Mastercard", "JCB", "JCB", "American Express")
AMOUNTS = (524, 1048, 1415, 2096, 3300, 5500, 13200)
Row = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """One card as cards holds it, and what an invoice copies of it."""

    holder: str
    token: str
    month: int
    year: int
    last4: str
    brand: str


@dataclass(frozen=True, slots=True)
class Account:
    """One customer with everything that happened to it."""

    id: int
    who: Person
    life: Life
    until: datetime


def build_billing(path: Path, *, cards: int, as_of: date, seed: int = 1) -> None:
    """Write the sample to `path`, with exactly `cards` cards. Raises FileExistsError rather than touch a file."""
    if path.exists():
        raise FileExistsError(f"{path} is already there")
    rng = random.Random(seed)  # noqa: S311 - a sample must be repeatable, not secret
    rows = _rows(Calendar(as_of, rng), cards)
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
        for table, entries in rows.items():
            if entries:
                marks = ", ".join("?" * len(entries[0]))
                insert = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - the names are those of SCHEMA
                connection.executemany(insert, entries)
        for statement in INDEXES.split(";"):
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("ANALYZE")
    unfinished.rename(path)


def _rows(cal: Calendar, cards: int) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {t: [] for t in ("customers", "services", "cards", "card_usage", "payments")}
    accounts = list(_accounts(cal, max(1, cards * 4 // 5)))
    for account in accounts:
        rows["customers"].append((account.id, account.who.name, account.who.kana,
                                  f"{account.who.mailbox}{account.id}@example.com", _plain(account.life.began)))
        for s in account.life.services:
            rows["services"].append((len(rows["services"]) + 1, account.id, s.product, s.status, s.started_at,
                                     s.provision_ended_at, s.use_ended_at))
    orphans = min(max(1, cards // 3000), cards // 10)
    owners = _owners(cal.rng, accounts, cards - orphans)
    held: dict[int, list[Card]] = {}
    for account in owners:
        held.setdefault(account.id, []).append(_add_card(rows, cal.rng, account, account.id))
    for _ in range(orphans):
        _add_card(rows, cal.rng, cal.rng.choice(accounts), None)
    for account in accounts:
        _add_payments(rows, cal.rng, account, held.get(account.id, []))
    _add_oddities(rows, cal.rng, accounts, orphans)
    return rows


def _accounts(cal: Calendar, customers: int) -> Iterator[Account]:
    for number, life in enumerate(lives(cal, customers), start=1):
        yield Account(number, person(cal.rng), life, life.ended or at(cal.as_of, 0))


def _owners(rng: random.Random, accounts: list[Account], cards: int) -> list[Account]:
    """Who holds each card: nearly every customer one (some pay by bank), the rest a second or third of somebody."""
    first = [a for a in accounts if rng.random() > 0.03][:cards] or accounts[:cards]
    return first + rng.choices(accounts, k=cards - len(first))


def _add_card(rows: dict[str, list[Row]], rng: random.Random, account: Account, owner: int | None) -> Card:
    registered = account.life.began + (account.until - account.life.began) * (rng.random() ** 3)
    card = Card(account.who.holder, _token(rng), rng.randrange(1, 13), registered.year + rng.randrange(1, 7),
                f"{rng.randrange(10_000):04d}", rng.choice(BRANDS))
    key = len(rows["cards"]) + 1
    rows["cards"].append((key, owner, card.holder, card.token, card.month, card.year, _plain(registered)))
    for _ in range(rng.choice((0, 0, 1, 1, 2, 4))):
        used = registered + (account.until - registered) * rng.random()
        rows["card_usage"].append((len(rows["card_usage"]) + 1, key, _plain(used), rng.choice(AMOUNTS)))
    return card


def _add_payments(rows: dict[str, list[Row]], rng: random.Random, account: Account, cards: list[Card]) -> None:
    """Invoices of one account. Most of the long gone were redacted by hand years ago; their copies are empty."""
    redacted = account.life.long_gone and rng.random() < 0.7
    for _ in range(rng.choice((0, 1, 2, 2, 3, 4)) if account.life.services else 0):
        card = rng.choice(cards) if cards and rng.random() < 0.92 else None
        paid = account.life.began + (account.until - account.life.began) * rng.random()
        _add_payment(rows, rng, account.id, "card" if card else "bank", None if redacted else card, paid)


def _add_payment(rows: dict[str, list[Row]], rng: random.Random, owner: int | None, method: str, card: Card | None,
                 paid: datetime) -> None:
    key = len(rows["payments"]) + 1
    copy: Row = (None,) * 5
    if card is not None:
        copy = (card.holder, card.token, f"{card.year}-{card.month:02d}", card.last4, card.brand)
    rows["payments"].append((key, owner, f"INV-{paid.year}-{key:07d}", method, rng.choice(AMOUNTS), *copy,
                             _plain(paid)))


def _add_oddities(rows: dict[str, list[Row]], rng: random.Random, accounts: list[Account], number: int) -> None:
    """Payments of nobody, and payments by bank that hold a card's data all the same."""
    for owner, method in ((None, "card"), (True, "bank")):
        for _ in range(number):
            account = rng.choice(accounts)
            card = Card(account.who.holder, _token(rng), rng.randrange(1, 13), account.until.year + 2,
                        f"{rng.randrange(10_000):04d}", rng.choice(BRANDS))
            _add_payment(rows, rng, account.id if owner else None, method, card, account.life.began + timedelta(days=5))


def _token(rng: random.Random) -> str:
    """A token of a payment provider: a letter before every three characters, so that no digits run on."""
    digits = f"{rng.getrandbits(72):018x}"
    return "tok_" + "".join(letter + digits[i : i + 3] for letter, i in zip("facebd", range(0, 18, 3), strict=True))


def _plain(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(" ", "seconds")[:19]
