"""Discovery held against fetching the same rows and doing nothing with them, in CPU seconds of the client.

The rows are those of a billing database as support staff fill it: remarks in Japanese and English, JSON of a payment
provider, tokens, order numbers, a history. The rival reads the same columns of the same tables into Python by the
driver, a page at a time, and forgets them.
"""

import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sa
from rich.table import Table as Shown

from benchmarks.clock import peak_memory_mib
from benchmarks.cpu import of_server
from benchmarks.ground import engine
from carddata_retention.config import load
from carddata_retention.discover import discover
from carddata_retention.nights import Hooks
from tests.billing_tables import configuration
from tests.servers import Servers

PAGE = 10_000
COLUMNS = {
    "remarks": ("customer_id", "order_no", "memo"), "payments": ("card_token", "payload", "trace"),
    "history": ("holder", "number", "masked", "created_ms"),
}
SPOKEN = (
    "お客様より{day}に電話あり。請求書{order}の件、カードの有効期限切れのため更新を案内した。折り返し希望。",
    "Customer called on {day} about invoice {order}; asked to change the card on file, sent the secure link.",
    "注文番号 {order} 返金処理済み。担当者より連絡済みのため、これ以上の対応は不要。{day} 完了。",
    "Refund for order {order} was issued on {day}, see ticket. No further action, the account stays open.",
    "契約更新の案内を送付。ドメイン example{n}.jp、サーバー移転は{day}を予定。追跡番号 {order}。",
)
DDL = {
    "remarks": "id BIGINT PRIMARY KEY, customer_id BIGINT, order_no VARCHAR(24), memo TEXT",
    "payments": "id BIGINT PRIMARY KEY, card_token VARCHAR(40), payload TEXT, trace VARCHAR(36)",
    "history": "id BIGINT PRIMARY KEY, holder VARCHAR(80), number VARCHAR(24), masked VARCHAR(24), created_ms BIGINT",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU seconds of the client and of the server, and bytes of text, of one round."""

    fetch_cpu_s: float
    discover_cpu_s: float
    fetch_server_s: float
    discover_server_s: float
    bytes: int
    memory_mib: float

    @property
    def ratio(self) -> float:
        """Whole discovery, in units of only fetching."""
        return self.discover_cpu_s / self.fetch_cpu_s


def rows(name: str, number: int) -> Iterator[dict[str, Any]]:
    """The same rows every time."""
    chance = random.Random(f"{name}/{number}")  # noqa: S311
    for n in range(1, number + 1):
        order = f"{chance.randrange(10**15, 10**16)}"
        if name == "remarks":
            text = " ".join(chance.choices(SPOKEN, k=2)).format(day="2026-11-24", order=order, n=n)
            yield {"id": n, "customer_id": n % 99_991, "order_no": order, "memo": text}
        elif name == "payments":
            payload = {"id": f"ch_{chance.getrandbits(96):024x}", "amount": n, "currency": "jpy", "order": order,
                       "source": {"object": "card", "brand": "JCB", "last4": f"{n % 10_000:04d}", "exp_year": 2030},
                       "created": 1_700_000_000 + n, "status": "succeeded", "描述": "サーバー利用料 年間契約"}
            yield {"id": n, "card_token": f"tok_{chance.getrandbits(96):024x}",
                   "trace": f"{chance.getrandbits(128):032x}", "payload": json.dumps(payload, ensure_ascii=False)}
        else:
            yield {"id": n, "holder": f"TARO YAMADA {n % 977}", "number": f"tok_{chance.getrandbits(64):016x}",
                   "masked": f"**** **** **** {n % 10_000:04d}", "created_ms": 1_700_000_000_000 + n * 1000}


def fill(url: str, number: int) -> None:
    """The tables of the benchmark, with `number` rows each."""
    with opened(url) as filled, filled.begin() as connection:
        for name, columns in DDL.items():
            connection.exec_driver_sql(f"CREATE TABLE {name} ({columns})")
            table = sa.table(name, *(sa.column(c.split()[0]) for c in columns.split(", ")))
            page: list[dict[str, Any]] = []
            for row in rows(name, number):
                page.append(row)
                if len(page) == PAGE:
                    connection.execute(table.insert(), page)
                    page = []
            if page:
                connection.execute(table.insert(), page)


@contextmanager
def opened(url: str) -> Iterator[sa.Engine]:
    """An engine for one block."""
    made = engine(url)
    try:
        yield made
    finally:
        made.dispose()


def fetch(url: str) -> int:
    """Every value of the columns that discovery reads, into Python; returns how many rows."""
    fetched = 0
    with opened(url) as reading, reading.connect() as connection:
        raw: Any = connection.connection.driver_connection
        for name, columns in COLUMNS.items():
            last = 0
            while True:
                with closing(raw.cursor()) as cursor:
                    cursor.execute(f"SELECT id, {', '.join(columns)} FROM {name} WHERE id > {last} "
                                   f"ORDER BY id LIMIT {PAGE}")
                    page = cursor.fetchall()
                if not page:
                    break
                fetched, last = fetched + len(page), page[-1][0]
    return fetched


def measure(url: str, dialect: str, folder: Path) -> Measured:
    """One round: fetch, then discover everything anew."""
    path = folder / "retention.toml"
    path.write_text(configuration(dialect, url), encoding="utf-8")
    (folder / "evidence" / "discovery.json").unlink(missing_ok=True)
    config = load(path)
    hooks = Hooks(lambda: False, lambda: datetime.now(UTC), lambda *_: None)

    def server() -> float:
        if dialect == "sqlite":
            return 0.0
        with opened(url) as asked:
            return of_server(asked)

    at = [(time.process_time(), server())]
    fetch(url)
    at.append((time.process_time(), server()))
    found = discover(config, datetime.now(UTC), hooks)
    at.append((time.process_time(), server()))
    fetched, discovered = ((b[0] - a[0], b[1] - a[1]) for a, b in pairwise(at))
    return Measured(fetched[0], discovered[0], fetched[1], discovered[1], found.bytes_scanned, peak_memory_mib())


def compare(servers: Servers, dialect: str, number: int, rounds: int) -> list[Measured]:
    """So many rounds on one database of `number` rows in each table; the first is thrown away, for it imports."""
    with servers.database(dialect) as database, tempfile.TemporaryDirectory() as folder:
        fill(database.url, number)
        return [measure(database.url, dialect, Path(folder)) for _ in range(rounds + 1)][1:]


def shown(dialect: str, measured: list[Measured]) -> Shown:
    """Each round, and the median of the ratios."""
    table = Shown(title=f"{dialect}: discovery / only fetching = {median(m.ratio for m in measured):.2f} (CPU, median)",
                  title_justify="left")
    for column in ("fetch CPU s", "discover CPU s", "ratio", "server: fetch", "server: discover", "MB / CPU s",
                   "peak MiB"):
        table.add_column(column, justify="right")
    for m in measured:
        table.add_row(f"{m.fetch_cpu_s:.2f}", f"{m.discover_cpu_s:.2f}", f"{m.ratio:.2f}", f"{m.fetch_server_s:.2f}",
                      f"{m.discover_server_s:.2f}", f"{m.bytes / 1e6 / m.discover_cpu_s:.0f}", f"{m.memory_mib:.0f}")
    return table
