"""A seeded billing database as tab-separated files: the same bytes for the same number of cards, whatever the server.

The tables are those of the tests (`tests/billing_tables.py`) without `card_usage`. For N cards there are 4 N / 5
customers, each with one to three services, and N payments, of which 85 % were made by card. About 14 % of the
customers, and so of the cards and payments, are due at AS_OF. Their rows lie scattered over the tables, which is the
dear case: a removal touches nearly every page.

No end lies within a month of the cutoff. What a midnight means is the business of the tests; here every contender must
find the same rows, and the ones written by hand know nothing of the rule.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import MetaData

from tests.billing_tables import tables

AS_OF = date(2026, 11, 20)
CUTOFF = datetime(2021, 11, 20, tzinfo=UTC)  # five years before AS_OF; no end is near enough for an hour to matter
TABLES = ("customers", "services", "cards", "payments")
NOTHING = r"\N"
EPOCH = datetime(2010, 1, 1, tzinfo=UTC)
HOUR_OF_FIRST_END, DAYS_OF_OLD_ENDS = datetime(2014, 6, 1, tzinfo=UTC), 2600  # until the summer of 2021
HOUR_OF_LATE_END, DAYS_OF_LATE_ENDS = datetime(2022, 1, 10, tzinfo=UTC), 1700  # until the autumn of 2026
PERMILLE_OF_CARD_PAYMENTS = 850


class Fate(StrEnum):
    """How a customer's services stand at AS_OF."""

    DUE = "due"  # all ended, the last one more than five years ago
    HALF_ENDED = "half_ended"  # an old end, and one service that goes on
    RETAINED = "retained"  # all ended, the last one less than five years ago
    UNDATED = "undated"  # terminated without an end
    ACTIVE = "active"


SHARES = ((Fate.DUE, 143), (Fate.HALF_ENDED, 100), (Fate.RETAINED, 200), (Fate.UNDATED, 4), (Fate.ACTIVE, 553))
FATES = tuple(fate for fate, permille in SHARES for _ in range(permille))


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows the tables of so many cards have."""

    cards: int

    @property
    def customers(self) -> int:
        return max(1, self.cards * 4 // 5)

    @property
    def payments(self) -> int:
        return self.cards


def mixed(number: int, salt: int = 0) -> int:
    """A number of 32 bits that looks random and is always the same for the same two."""
    x = (number * 0x9E3779B1 + salt * 0x85EBCA77 + 0x27D4EB2F) & 0xFFFFFFFF
    x = ((x ^ (x >> 15)) * 0x2C1B3C6D) & 0xFFFFFFFF
    x = ((x ^ (x >> 12)) * 0x297A2D39) & 0xFFFFFFFF
    return x ^ (x >> 15)


def fate(customer: int) -> Fate:
    """What became of a customer."""
    return FATES[mixed(customer, 1) % len(FATES)]


def services_of(customer: int) -> int:
    """One to three."""
    return 1 + mixed(customer, 2) % 3


def customer_of_card(size: Size, card: int) -> int:
    """Each customer has one card; the fifth part that is left over goes to some of them as a second one."""
    return card if card <= size.customers else 1 + mixed(card, 3) % size.customers


def schema(dialect: str) -> MetaData:
    """The tables of the tests, without the one that this house does not have."""
    metadata: MetaData = tables(dialect)
    metadata.remove(metadata.tables["card_usage"])
    return metadata


def write(folder: Path, size: Size) -> dict[str, Path]:
    """Table -> a file that COPY and LOAD DATA both read: tabs, \\N for NULL, instants in UTC, no header."""
    makers: dict[str, Callable[[Size], Iterator[str]]] = {
        "customers": _customers, "services": _services, "cards": _cards, "payments": _payments}
    files = {}
    for table in TABLES:
        files[table] = folder / f"{table}.tsv"
        with open(files[table], "w", encoding="utf-8", newline="\n") as file:
            file.writelines(makers[table](size))
    return files


def _customers(size: Size) -> Iterator[str]:
    return (f"{c}\t顧客 {c}\n" for c in range(1, size.customers + 1))


def _services(size: Size) -> Iterator[str]:
    number = 0
    for customer in range(1, size.customers + 1):
        kept = fate(customer)
        many = services_of(customer)
        for n in range(many):
            number += 1
            started = EPOCH + timedelta(hours=mixed(number, 4) % 30_000)
            status, ended = _end(kept, number, last=n == many - 1)
            end = NOTHING if ended is None else f"{ended:%Y-%m-%d %H:%M:%S}"
            kind = "vps" if number % 3 else "mail"
            yield f"{number}\t{customer}\t{kind}\t{status}\t{started:%Y-%m-%d %H:%M:%S}\t{end}\t{end}\n"


def _end(kept: Fate, number: int, *, last: bool) -> tuple[str, datetime | None]:
    """Status and end of one service. Who is half ended has an old end before the service that goes on."""
    hours = mixed(number, 5)
    old = HOUR_OF_FIRST_END + timedelta(hours=hours % (DAYS_OF_OLD_ENDS * 24))
    late = HOUR_OF_LATE_END + timedelta(hours=hours % (DAYS_OF_LATE_ENDS * 24))
    if kept is Fate.DUE or (kept is Fate.HALF_ENDED and not last):
        return "closed", old
    if kept is Fate.RETAINED:
        return "closed", late if last else old
    return ("closed", None) if kept is Fate.UNDATED else ("active", None)


def _cards(size: Size) -> Iterator[str]:
    for card in range(1, size.cards + 1):
        token = mixed(card, 6)
        yield (f"{card}\t{customer_of_card(size, card)}\tHANAKO SATO {card}\ttok_{token:08x}{card:08x}\t"
               f"{1 + token % 12}\t{2020 + token % 10}\n")


def _payments(size: Size) -> Iterator[str]:
    for payment in range(1, size.payments + 1):
        customer, token = 1 + mixed(payment, 7) % size.customers, mixed(payment, 8)
        if token % 1000 < PERMILLE_OF_CARD_PAYMENTS:
            card = (f"HANAKO SATO {customer}\ttok_{token:08x}{payment:08x}\t2024-{1 + token % 12:02}\t"
                    f"{token % 10000:04}\tJCB")
        else:
            card = "\t".join([NOTHING] * 5)
        method = "transfer" if card.startswith(NOTHING) else "card"
        yield f"{payment}\t{customer}\t{method}\t{500 + token % 5000}\t{card}\n"
