"""A billing database in which card data stands where nobody declared it, small and awkward, with known truth.

Numbers come from a seed; none is anybody's. What stands where is counted in `TRUTH`.
"""

import json
import random
from pathlib import Path
from typing import Any

from nightly import House
from servers import Database
from strange import CARDS, MOMENT, establish

ROWS = 300
RAW_AMONG_TOKENS = 3
TRUTH = {
    ("cards.token", "card-number"): RAW_AMONG_TOKENS,
    ("決済 履歴.カード番号", "card-number"): ROWS,
    ("no_key.memo", "card-number"): ROWS // 3,
    ("numbers.as_bigint", "card-number"): ROWS,
    ("numbers.as_numeric", "card-number"): ROWS,
    ("payloads.body", "card-number"): ROWS,
    ("scans.raw", "card-number"): ROWS,
}  # fmt: skip
JSON = {"sqlite": "TEXT", "postgresql": "JSONB", "mariadb": "JSON"}
BLOB = {"sqlite": "BLOB", "postgresql": "BYTEA", "mariadb": "BLOB"}
HISTORY = {"table": "決済 履歴", "columns": ["cards_id"], "disposition": "null"}
TARGET = CARDS | {"fields": {"number": "token", "holder": "holder"}, "children": [HISTORY]}


def luhn_digit(body: str) -> str:
    doubled = [int(d) * (2 if n % 2 else 1) for n, d in enumerate(reversed(body), start=1)]
    return str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)


class Numbers:
    """Card numbers of several issuers, and tokens that look like nothing."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def card(self) -> str:
        prefix, length = self._chance.choice([("4", 16), ("4", 13), ("52", 16), ("5512", 16), ("3530", 16), ("4929", 16)])
        body = prefix + "".join(self._chance.choice("0123456789") for _ in range(length - 1 - len(prefix)))
        return body + luhn_digit(body)

    def token(self) -> str:
        return "tok_" + "".join(self._chance.choice("ghjkmnpqrstvwxyz") for _ in range(16))


def q(database: Database, name: str) -> str:
    mark = "`" if database.dialect == "mariadb" else '"'
    return mark + name.replace(mark, mark * 2) + mark


def bytes_literal(database: Database, raw: bytes) -> str:
    return f"'\\x{raw.hex()}'" if database.dialect == "postgresql" else f"X'{raw.hex()}'"


def statements(database: Database, seed: int = 6) -> list[str]:
    """Tables and rows, as SQL."""
    numbers, dialect = Numbers(seed), database.dialect
    history, number, company, serial = (q(database, n) for n in ("決済 履歴", "カード番号", "会社", "Serial \"No\""))
    made = [
        f"CREATE TABLE services (id INTEGER PRIMARY KEY, customer_id INTEGER, ended_at {MOMENT[dialect]})",
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, note VARCHAR(200))",
        "CREATE TABLE cards (id INTEGER PRIMARY KEY, customer_id INTEGER, token VARCHAR(40), holder VARCHAR(60), cvv SMALLINT, "
        "FOREIGN KEY (customer_id) REFERENCES customers (id))",
        f"CREATE TABLE {history} ({company} VARCHAR(8), {serial} INTEGER, {number} VARCHAR(32), cards_id INTEGER, "
        f"PRIMARY KEY ({company}, {serial}), FOREIGN KEY (cards_id) REFERENCES cards (id))",
        "CREATE TABLE no_key (at VARCHAR(20), memo TEXT)",
        "CREATE TABLE numbers (id BIGINT PRIMARY KEY, as_bigint BIGINT, as_numeric NUMERIC(19,0), small INTEGER, "
        "order_no BIGINT, amount NUMERIC(18,2))",
        f"CREATE TABLE payloads (id VARCHAR(36) PRIMARY KEY, body {JSON[dialect]})",
        f"CREATE TABLE scans (id INTEGER PRIMARY KEY, raw {BLOB[dialect]})",
        "CREATE TABLE empty_one (id INTEGER PRIMARY KEY, pan VARCHAR(19))",
        "CREATE VIEW shown AS SELECT token FROM cards",
    ]
    rows: dict[str, list[str]] = {n: [] for n in ("customers", "cards", history, "no_key", "numbers", "payloads", "scans")}
    for n in range(1, ROWS + 1):
        token = numbers.card() if n <= RAW_AMONG_TOKENS else numbers.token()
        rows["customers"].append(f"({n}, NULL)")
        rows["cards"].append(f"({n}, {n}, {'NULL' if n % 50 == 0 else repr(token)}, 'TARO TEST', {100 + n})")
        rows[history].append(f"('c{n % 7}', {n}, '{numbers.card()}', {n})")
        spoken = f"お客様のカード番号は {numbers.card()} です" if n % 3 == 0 else "電話あり 折り返し"
        rows["no_key"].append(f"('2026-01-01', '{spoken}')")
        order = f"20261124{n:08d}"
        rows["numbers"].append(f"({n}, {numbers.card()}, {numbers.card()}, {n}, {order}, {n}.50)")
        body = json.dumps({"payment": {"card": {"number": numbers.card()}}, "n": n})
        rows["payloads"].append(f"('{n:08x}-0000-4000-8000-000000000000', '{body}')")
        raw = f"カード番号 {numbers.card()} 有効".encode("cp932")
        rows["scans"].append(f"({n}, {bytes_literal(database, raw)})")
    return made + [f"INSERT INTO {table} VALUES {', '.join(values)}" for table, values in rows.items()]


def undeclared(database: Database, folder: Path, **sections: Any) -> House:
    """The database and a configuration that declares one table of it."""
    return establish(database, folder, statements(database), targets=[TARGET],
                     subject={"table": "customers", "key": "id"}, **sections)


def place(database: Database, at: str) -> str:
    """Table and column with the schema before them, as discovery names them."""
    schema = {"sqlite": "main", "postgresql": "public", "mariadb": str(database.engine.url.database)}[database.dialect]
    return f"{schema}.{at}"
