"""What people write instead: pandas, an ORM row by row, and pt-archiver where it is installed."""

import shutil
import subprocess
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from benchmarks.billing import CUTOFF
from benchmarks.byhand import prepare
from benchmarks.clock import Measured
from benchmarks.contender import Task
from benchmarks.ground import engine
from benchmarks.statements import BY_ABSENCE, COLUMNS

SAMPLE = 2000
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


def pandas(task: Task, measured: Measured) -> None:
    """Read both tables whole, filter in the client, remove and record with executemany in one transaction."""
    import pandas as pd

    prepare(task)
    connect = engine(task.url)
    with measured.whole(task.ground.used):
        with measured.phase("find"), connect.connect() as connection:
            cards = pd.read_sql("SELECT * FROM cards", connection)
            services = pd.read_sql("SELECT * FROM services", connection)
            services = services[services["kind"] != "draft"]
            for name in ("use_ended_at", "started_at"):
                services[name] = pd.to_datetime(services[name], utc=True, errors="coerce")
            end = services["use_ended_at"]
            services["settled"] = ((services["status"] == "closed") & (end >= EARLIEST) & (end < CUTOFF)
                                   & (end >= services["started_at"]))
            grouped = services.groupby("customer_id").agg(settled=("settled", "all"), end=("use_ended_at", "max"))
            due = cards[["id", "customer_id"]].merge(
                grouped[grouped["settled"]], left_on="customer_id", right_index=True)
            keys = [{"id": int(key)} for key in due["id"]]
            rows = [{"id": int(key), "end": ended.to_pydatetime().replace(tzinfo=None)}
                    for key, ended in zip(due["id"], due["end"], strict=True)]
        with measured.phase("remove"), measured.transaction(), connect.begin() as connection:
            connection.exec_driver_sql("DELETE FROM cards WHERE id = %(id)s", keys)
            connection.exec_driver_sql(
                f"INSERT INTO bench_evidence {COLUMNS} VALUES (1, %(id)s, md5(concat('salt', CAST(%(id)s AS char))), "
                "%(end)s, 'P5Y', '2', CURRENT_TIMESTAMP)", rows)
        measured.removed = len(keys)


class Base(DeclarativeBase):
    """The ORM's picture of the house."""


class Service(Base):
    __tablename__ = "services"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    kind: Mapped[str | None]
    status: Mapped[str | None]
    started_at: Mapped[datetime]
    use_ended_at: Mapped[datetime | None]


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    services: Mapped[list[Service]] = relationship()


class Card(Base):
    __tablename__ = "cards"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    customer: Mapped[Customer] = relationship()


class Evidence(Base):
    __tablename__ = "bench_evidence"
    batch_no: Mapped[int] = mapped_column(primary_key=True)
    record_key: Mapped[int] = mapped_column(primary_key=True)
    service_end: Mapped[datetime]


def orm(task: Task, measured: Measured) -> None:
    """Card by card, service by service, one transaction for each removal; the first SAMPLE cards alone, scaled up."""
    prepare(task)
    measured.looked_at = min(SAMPLE, task.ground.size.cards)
    measured.scaled = task.ground.size.cards / measured.looked_at
    # A pool, as every application has one: a new connection for each transaction would be slower still.
    with Session(create_engine(task.url)) as session, \
            measured.whole(task.ground.used), measured.phase("remove"):
        for key in session.scalars(select(Card.id).where(Card.id <= measured.looked_at).order_by(Card.id)).all():
            began = time.monotonic()
            card = session.get_one(Card, key)
            ends = [_settled_end(s) for s in card.customer.services if s.kind != "draft"]
            if ends and None not in ends:
                session.add(Evidence(batch_no=1, record_key=card.id, service_end=max(e for e in ends if e is not None)))
                session.delete(card)
                session.commit()
                measured.removed += 1
            measured.longest_transaction_s = max(measured.longest_transaction_s, time.monotonic() - began)


def _settled_end(service: Service) -> datetime | None:
    """The end that counts, or None for a service that is not settled."""
    end = service.use_ended_at
    if end is None or service.status != "closed":
        return None
    end, started = (moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in (end, service.started_at))
    return end if EARLIEST <= end < CUTOFF and end >= started else None


def pt_archiver(task: Task, measured: Measured) -> None:
    """In bulk, 2,000 rows a chunk: no evidence, no second decision, no redaction. MariaDB only."""
    prepare(task)
    url = make_url(task.url)
    before = _cards(task)
    with measured.whole(task.ground.used), measured.phase("remove"):
        subprocess.run(  # noqa: S603
            [pt_archiver_path(), "--source", f"S={url.query['unix_socket']},u={url.username},D={url.database},t=cards",
             "--purge", "--bulk-delete", "--limit", "2000", "--commit-each", "--no-check-charset",
             "--where", BY_ABSENCE.replace("c.customer_id", "cards.customer_id")],
            check=True, capture_output=True,
        )
    measured.removed = before - _cards(task)


def pt_archiver_path() -> str:
    """Where it is, or an empty text."""
    return shutil.which("pt-archiver") or ""


def _cards(task: Task) -> int:
    with engine(task.url).connect() as connection:
        number: Any = connection.exec_driver_sql("SELECT count(*) FROM cards").scalar_one()
        return int(number)
