"""Numbers with known truth for the detector's tests: cards of every issuer, and what a business has beside them.

Everything is drawn from a `Random` that the caller seeds; no number is anybody's.
"""

from random import Random

ISSUERS = {
    "visa": ("4", 16), "visa-19": ("4", 19), "mastercard": ("51 52 53 54 55", 16), "mastercard-2": ("2221 2345 2500 2720", 16),
    "amex": ("34 37", 15), "diners": ("300 305 36 38 39", 14), "discover": ("6011 644 65", 16), "jcb": ("3528 3540 3589", 16),
    "unionpay": ("62", 16), "unionpay-19": ("62", 19),
}
COMMON = ("visa", "visa", "visa", "mastercard", "mastercard", "mastercard-2", "jcb", "jcb", "amex", "diners", "discover", "unionpay")


def check_digit(body: str) -> str:
    total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(body)))
    return str(-total % 10)


def digits(random: Random, count: int, prefix: str = "") -> str:
    return prefix + "".join(random.choices("0123456789", k=count - len(prefix)))


def card(random: Random, issuer: str | None = None) -> str:
    prefixes, length = ISSUERS[issuer or random.choice(COMMON)]
    body = digits(random, length - 1, random.choice(prefixes.split()))
    return body + check_digit(body)


def grouped(number: str, sign: str) -> str:
    sizes = {15: (4, 6, 5), 14: (4, 6, 4)}.get(len(number), (4, 4, 4, 4, 3))
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    return sign.join(p for p in parts if p)


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def mixed(random: Random, text: str) -> str:
    return "".join(wide(c) if random.random() < 0.5 and c.isdigit() else c for c in text)


def business(random: Random) -> str:
    """A number of sixteen digits or so that is no card: one in three begins like one, one in ten passes Luhn."""
    return digits(random, random.choice((13, 14, 15, 16, 16, 16, 16, 19)), random.choice(("", "", "4", "5", "35", "62", "9", "1")))


def alike(random: Random) -> str:
    """A number of the business that begins like a card's and is as long: one in ten passes Luhn."""
    prefixes, length = ISSUERS[random.choice(COMMON)]
    return digits(random, length, random.choice(prefixes.split()))


def jan(random: Random) -> str:
    body = digits(random, 12, random.choice(("45", "49")))
    return body + str(-sum(int(d) * (1 + 2 * (i % 2)) for i, d in enumerate(body)) % 10)


def imei(random: Random) -> str:
    body = digits(random, 14, random.choice(("35", "86", "01")))
    return body + check_digit(body)


def iccid(random: Random) -> str:
    body = digits(random, 18, "8981")
    return body + check_digit(body)


def corporate_number(random: Random) -> str:
    body = digits(random, 12)
    return str(9 - sum(int(d) * (1 + i % 2) for i, d in enumerate(reversed(body))) % 9) + body


def my_number(random: Random) -> str:
    body = digits(random, 11)
    weights = [i + 1 if i <= 6 else i - 5 for i in range(1, 12)]
    rest = sum(int(d) * w for d, w in zip(reversed(body), weights, strict=True)) % 11
    return body + str(0 if rest <= 1 else 11 - rest)


def phone(random: Random) -> str:
    return random.choice((f"0{random.choice('789')}0-{digits(random, 4)}-{digits(random, 4)}", f"+81 3 {digits(random, 4)} {digits(random, 4)}",
                          f"0120{digits(random, 6)}", f"03({digits(random, 4)}){digits(random, 4)}", f"+8190{digits(random, 8)}"))


def moment(random: Random, form: str) -> str:
    year, month, day = random.randint(2019, 2026), random.randint(1, 12), random.randint(1, 28)
    hour, minute, second = random.randint(0, 23), random.randint(0, 59), random.randint(0, 59)
    return form.format(y=year, m=month, d=day, H=hour, M=minute, S=second, u=random.randint(0, 999999))


def uuid(random: Random) -> str:
    raw = f"{random.getrandbits(128):032x}"
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-a{raw[17:20]}-{raw[20:]}"
