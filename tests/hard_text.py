"""Text with known truth for the detector: columns of a billing schema, free text, hard forms and decoys, all seeded.

A `Part` is one column: its name, its rows, and how many card numbers each row holds. Sizes are rows.
"""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

import hard_numbers as n
from hard_templates import TUNED

NAMES = ("佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤", "Tanaka", "Smith", "O'Brien", "Suzuki", "Nguyen")


@dataclass(frozen=True, slots=True)
class Part:
    """One column: `cards` says how many card numbers each row holds."""

    name: str
    column: str
    rows: tuple[str | None, ...]
    cards: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of text in UTF-8."""
        return sum(len(r.encode()) for r in self.rows if r)


def written(random: Random, number: str) -> str:
    """A card number as people write it: plain, or in groups."""
    sign = random.choice(("", "", " ", "-"))
    return n.grouped(number, sign) if sign else number


def fill(random: Random, template: str, other: Callable[[Random], str] = n.business) -> tuple[str, int]:
    """A sentence with its places filled, and how many cards are in it."""
    text = template.format(
        card=written(random, n.card(random)), other=other(random), name=random.choice(NAMES), phone=n.phone(random),
        amount=random.randint(100, 999999), expiry=f"{random.randint(1, 12):02}/{random.randint(26, 34)}",
        date=n.moment(random, random.choice(("{y}-{m:02}-{d:02}", "{y}/{m:02}/{d:02}", "{y}-{m:02}-{d:02} {H:02}:{M:02}:{S:02}"))),
    )  # fmt: skip
    return text, template.count("{card}")


def free_text(seed: int, size: int, families: dict[str, tuple[str, ...]] = TUNED) -> Iterator[Part]:
    """One column of free text for each family; every template is as frequent as the others."""
    for family, templates in families.items():
        random = Random(f"{seed} {family}")
        filled = [fill(random, random.choice(templates)) for _ in range(size)]
        yield Part(family, "memo", tuple(t for t, _ in filled), tuple(c for _, c in filled))


def crowded(seed: int, size: int, families: dict[str, tuple[str, ...]] = TUNED) -> Iterator[Part]:
    """One row in fifty holds a card, and every number of the business begins like one: by Luhn alone two of three are wrong."""
    for family, templates in families.items():
        random = Random(f"{seed} crowded {family}")
        kinds = ([t for t in templates if "{card}" in t], [t for t in templates if "{other}" in t], list(templates))
        rows = []
        for _ in range(size):
            of = random.choices(kinds, (0.02, 0.48, 0.5 * len(kinds[2]) / 10))[0]
            of = of if of is not kinds[2] else [t for t in templates if "{card}" not in t]
            rows.append(fill(random, random.choice(of), lambda r: written(r, n.alike(r))))
        yield Part(f"{family} crowded", "memo", tuple(t for t, _ in rows), tuple(c for _, c in rows))


def letters(seed: int, size: int, families: dict[str, tuple[str, ...]] = TUNED) -> Iterator[Part]:
    """Rows of five to twelve sentences, of which most say nothing of a number: as long as remarks and mails are."""
    for family, templates in families.items():
        random = Random(f"{seed} letters {family}")
        quiet = [t for t in templates if "{card}" not in t and "{other}" not in t]
        rows = []
        for _ in range(size):
            chosen = [random.choice(templates), *random.choices(quiet, k=random.randint(4, 11))]
            random.shuffle(chosen)
            filled = [fill(random, t) for t in chosen]
            rows.append(("\n".join(t for t, _ in filled), sum(c for _, c in filled)))
        yield Part(f"{family} letters", "memo", tuple(t for t, _ in rows), tuple(c for _, c in rows))


def _escaped(number: str) -> str:
    return "".join(f"\\u{ord(c):04x}" for c in number)


def _zero_width(random: Random, number: str) -> str:
    return "".join(c + (random.choice("\u200b\u200d\u2060\ufeff") if random.random() < 0.3 else "") for c in number)


def _over_keys(number: str) -> str:
    return json.dumps({f"pan{i}": number[at : at + 4] for i, at in enumerate(range(0, 16, 4), 1)})


def _sixteen(random: Random) -> str:
    return n.card(random, random.choice(("visa", "mastercard", "jcb")))


HARD: dict[str, Callable[[Random], str]] = {
    "full width": lambda r: n.wide(n.card(r)),
    "full width in groups": lambda r: n.wide(n.grouped(n.card(r), "-")),
    "mixed widths": lambda r: n.mixed(r, n.grouped(n.card(r), "-")),
    "no-break spaces": lambda r: n.grouped(n.card(r), "\u00a0"),
    "ideographic spaces": lambda r: n.grouped(n.card(r), "\u3000"),
    "en dashes": lambda r: n.grouped(n.card(r), "\u2013"),
    "minus signs": lambda r: n.grouped(n.card(r), "\u2212"),
    "prolonged sound marks": lambda r: n.grouped(n.wide(n.card(r)), "ー"),
    "%20": lambda r: "card=" + n.grouped(n.card(r), "%20"),
    "json escapes": lambda r: '{"v":"' + _escaped(n.card(r)) + '"}',
    "json escapes of full width": lambda r: '{"v":"' + _escaped(n.wide(n.card(r))) + '"}',
    "zero-width characters": lambda r: _zero_width(r, n.card(r)),
    "split over keys": lambda r: _over_keys(_sixteen(r)),
    "split in a list": lambda r: json.dumps(n.grouped(_sixteen(r), " ").split()),
    "after a date": lambda r: n.moment(r, "{y}-{m:02}-{d:02} ") + n.card(r),
    "in groups after a date": lambda r: n.moment(r, "{y} {m:02} {d:02} ") + n.grouped(n.card(r), " "),
    "before an expiry": lambda r: n.card(r) + n.moment(r, " {m:02}/27"),
    "in groups before an expiry": lambda r: n.grouped(n.card(r), " ") + n.moment(r, " {m:02} 27"),
    "glued to letters": lambda r: "PAN" + n.card(r) + "JPY",
    "glued to kanji": lambda r: "番号" + n.card(r) + "です",
    "groups of 19": lambda r: n.grouped(n.card(r, r.choice(("visa-19", "unionpay-19"))), r.choice(" -")),
    "6 and 13": lambda r: (lambda c: c[:6] + " " + c[6:])(n.card(r, "unionpay-19")),
    "bigint": lambda r: n.card(r),
    "numeric": lambda r: n.card(r) + ".00",
    "base64": lambda r: base64.b64encode(n.card(r).encode()).decode(),
    "base64 of json": lambda r: base64.b64encode(json.dumps({"pan": n.card(r), "amount": 100}).encode()).decode(),
    "json in a url": lambda r: "data=" + quote(json.dumps({"pan": n.grouped(n.card(r), " "), "amount": 100})),
    "underscores": lambda r: n.grouped(n.card(r), "_"),
    "dots": lambda r: n.grouped(n.card(r), "."),
    "slashes": lambda r: n.grouped(n.card(r), "/"),
    "html entities": lambda r: n.grouped(n.card(r), "&nbsp;"),
}

DECOYS: dict[str, Callable[[Random], str]] = {
    "jan_code": n.jan, "imei": n.imei, "iccid": n.iccid, "corporate_no": n.corporate_number, "my_number": n.my_number,
    "phone": n.phone, "order_no": lambda r: n.digits(r, 16), "order_id": lambda r: n.digits(r, 16, "4"),
    "ledger_no": lambda r: n.digits(r, 16, "5") , "tracking_no": lambda r: n.grouped(n.digits(r, 12), "-"),
    "tracking": lambda r: n.grouped(n.digits(r, 16, "4"), "-"), "invoice_no": lambda r: "INV-" + n.digits(r, 16, "4"),
    "epoch_ms": lambda r: str(r.randint(1_500_000_000_000, 1_800_000_000_000)),
    "created_at": lambda r: n.moment(r, "{y}-{m:02}-{d:02}T{H:02}:{M:02}:{S:02}.{u:06}+09:00"),
    "stamp": lambda r: n.moment(r, "{y}{m:02}{d:02}{H:02}{M:02}{S:02}"), "uuid": n.uuid,
    "digest": lambda r: f"{r.getrandbits(160):040x}", "hex": lambda r: f"{r.getrandbits(64):016x}",
    "ratio": lambda r: repr(r.random() * 5), "score": lambda r: "0." + n.digits(r, 16, "4"),
    "point_card": lambda r: n.digits(r, 16, "4"), "gift_card": lambda r: n.grouped(n.digits(r, 16, "6011"), " "),
    "value": lambda r: n.digits(r, 16, "4"), "number": lambda r: n.digits(r, 15, "37"), "ref": lambda r: n.digits(r, 19, "62"),
    "payload": lambda r: json.dumps({"id": n.digits(r, 16, "4"), "n": r.randint(1, 9)}),
    "acid_level": lambda r: n.digits(r, 3), "academic_year_code": lambda r: n.digits(r, 4),
}  # fmt: skip


def hard_forms(seed: int, size: int) -> Iterator[Part]:
    """One column for each hard form; every row holds one card."""
    for name, form in HARD.items():
        random = Random(f"{seed} {name}")
        yield Part(name, "note", tuple(form(random) for _ in range(size)), (1,) * size)


def decoys(seed: int, size: int) -> Iterator[Part]:
    """One column for each decoy; none holds a card."""
    for name, form in DECOYS.items():
        random = Random(f"{seed} {name}")
        yield Part(name, name, tuple(form(random) for _ in range(size)), (0,) * size)


def columns(seed: int, size: int) -> Iterator[Part]:
    """Columns that hold card numbers: all, a few among tokens, some among nothing."""
    random = Random(f"{seed} columns")
    yield Part("card numbers", "card_number", tuple(n.card(random) for _ in range(size)), (1,) * size)
    yield Part("cards in an innocent column", "extra1", tuple(n.card(random) if i % 3 else None for i in range(size)),
               tuple(int(i % 3 > 0) for i in range(size)))
    leaked = [random.random() < 0.002 for _ in range(size)]
    tokens = [n.card(random) if leak else _failing(random) for leak in leaked]
    yield Part("cards among tokens", "card_token", tuple(tokens), tuple(map(int, leaked)))
    leaked = [random.random() < 0.02 for _ in range(size)]
    yield Part("cards among short order numbers", "order_no",
               tuple(n.card(random) if leak else n.digits(random, 10) for leak in leaked), tuple(map(int, leaked)))


def _failing(random: Random) -> str:
    body = n.digits(random, 15)
    return body + random.choice([d for d in "0123456789" if d != n.check_digit(body)])
