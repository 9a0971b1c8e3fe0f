"""Our own tables: runs, batches, tombstones, deadlines, work, holds, requests, events. Never a card value in any.

Instants and days are ISO 8601 text in UTC, so that every digest can be recomputed from what is stored. A tombstone is
narrow, because the removal waits for it: what a batch's tombstones share stands in the batch row, what follows from a
service end in `deadline`, and the end itself as the database writes it (docs/adr/0015). `ddl` writes the same
structure down for DBAs: sql/schema/.
"""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from carddata_retention.attested import Attestations
from carddata_retention.register import Register

KEY_LENGTH = 512
END_LENGTH = 100
OVERTAKING = ("overtaken_by", "overtaken_at")  # what a night may write of an attestation, and nothing else
URLS = {"postgresql": "postgresql+psycopg://", "mariadb": "mariadb+pymysql://", "sqlite": "sqlite+pysqlite://"}

# SQLAlchemy reads these under the name of the dialect that a connection turns out to have, and drops them else.
ENGINE: dict[str, Any] = {f"{name}_{key}": value for name in ("mysql", "mariadb")
          for key, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", "utf8mb4_nopad_bin"))}

# What a DBA reads beside each table; PostgreSQL and MariaDB keep it in their catalogues.
HOLDS = {
    "run": "One row for each run: who, when, by which policy, its verdict, its counts, its seal. Never a card value.",
    "batch": "One row for each transaction that removed or gave up: counts and the digest of its tombstones. "
             "Never a card value.",
    "tombstone": "One row for each removed record: its key, its status, its service end. Never a card value.",
    "deadline": "What followed from each service end by the rule of the run: the days of the deadline, the articles. "
                "Never a card value.",
    "work": "The candidates of the last run: the keys of what was due, and how each ended. Never a card value.",
    "target": "One row for each target: the counts of its last night that was let through. Never a card value.",
    "event": "Audit events: who did what, when, from where, with which outcome. Only ever added. Never a card value.",
    "hold": "Legal holds: what must not be removed, on what basis, by whom, until when reviewed; a row for each part "
            "of what one hold names. Never a card value.",
    "request": "Requests of individuals (disclose, correct, erase): whose, how identity was checked, what was decided, "
               "the letter. Never a card value.",
    "attestation": "Service ends that two people and a document attest where the data say none. Never a card value.",
}


def _text(length: int) -> Any:
    # Binary and without padding: on MariaDB two keys that differ only in case, or in blanks at the end, are two keys.
    return sa.String(length).with_variant(mysql.VARCHAR(length, collation="utf8mb4_nopad_bin"), "mysql", "mariadb")


def _long() -> Any:
    return sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")


@dataclass(frozen=True, slots=True)
class OwnTables:
    """Our tables under the configured schema (PostgreSQL) or prefix (MariaDB, SQLite)."""

    metadata: sa.MetaData
    run: sa.Table
    batch: sa.Table
    tombstone: sa.Table
    deadline: sa.Table
    work: sa.Table
    target: sa.Table
    hold: sa.Table
    request: sa.Table
    event: sa.Table
    attestation: sa.Table

    def holds(self) -> Register:
        """The legal holds in force."""
        return Register(self.hold, self.hold.c.released_at.is_(None), loosely=True)

    def holds_by_number(self) -> sa.Select[Any]:
        """One row for each hold in force, those first whose review comes first. `target` where it names but one,
        `items` how many rows it has."""
        hold = self.hold.c
        one = sa.case((sa.func.min(hold.target) == sa.func.max(hold.target), sa.func.min(hold.target)))
        alike = ("scope", "basis", "placed_by", "placed_at", "review_by")
        same = [sa.func.min(hold[name]).label(name) for name in alike]
        return sa.select(hold.id, one.label("target"), *same, sa.func.count().label("items")).where(
            hold.released_at.is_(None)).group_by(hold.id).order_by(
            sa.func.coalesce(sa.func.min(hold.review_by), "9999"), hold.id)

    def requests(self, only: str | None = None) -> Register:
        """The granted erasure requests that are still open, or the one of this number."""
        request = self.request.c
        open_ = sa.and_(request.kind == "erase", request.granted_at.is_not(None), request.closed_at.is_(None),
                        *([] if only is None else [request.id == only]))
        return Register(self.request, open_, loosely=False)


    def attestations(self) -> Attestations:
        """The attested service ends in force."""
        return Attestations(self.attestation, sa.and_(
            self.attestation.c.withdrawn_at.is_(None), self.attestation.c.overtaken_at.is_(None)))


def _needed(name: str, type_: Any, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False, **more)


def _run_id() -> sa.Column[Any]:
    return sa.Column("run_id", _text(40), primary_key=True)


def _target() -> sa.Column[Any]:
    return sa.Column("target", _text(64), primary_key=True)


def _run(table: Callable[..., sa.Table]) -> sa.Table:
    return table(
        "run", _run_id(), _needed("number", sa.BigInteger, unique=True), _needed("epoch", sa.Integer),
        _needed("database_name", _text(255)),
        _needed("mode", _text(16)),
        _needed("as_of", _text(10)), _needed("started_at", _text(40)), sa.Column("database_clock", _text(40)),
        _needed("host", _text(255)), _needed("os_user", _text(255)), _needed("process", sa.Integer),
        _needed("tool_version", _text(40)), _needed("policy_version", _text(64)), _needed("policy_digest", _text(64)),
        sa.Column("plan_digest", _text(64)), _needed("salt", _text(64)),
        sa.Column("finished_at", _text(40)), sa.Column("verdict", _text(16)), sa.Column("exit_code", sa.Integer),
        sa.Column("result", _long()), sa.Column("deadlines", _text(64)),
        sa.Column("events", _text(64)), sa.Column("last_event", sa.BigInteger),
        sa.Column("tombstones", sa.BigInteger), sa.Column("root", _text(64)),
        sa.Column("previous_seal", _text(64)), sa.Column("seal", _text(64)),
        sa.Column("key_id", _text(40)), sa.Column("signature", _text(128)),
        sa.Column("trimmed_at", _text(40)),
    )


def _work(table: Callable[..., sa.Table], prefix: str) -> sa.Table:
    made = table(
        "work", _run_id(), _target(), sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        _needed("record_key", _text(KEY_LENGTH)), _needed("status", _text(16)),
        sa.Column("service_end", _text(END_LENGTH)), sa.Column("outcome", _text(16)),
        sa.Column("reason", _text(64)), sa.Column("batch_no", sa.Integer), sa.Column("locked_since", _text(10)),
    )
    # Not by run first: without statistics PostgreSQL would take it for the primary key, and read the list whole.
    sa.Index(f"{prefix}work_key", made.c.record_key, made.c.run_id, made.c.target)
    return made


def _event(table: Callable[..., sa.Table]) -> sa.Table:
    return table(
        "event", sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        _needed("id", _text(40), unique=True), _needed("at", _text(40)), _needed("what", _text(40)),
        _needed("os_user", _text(255)), _needed("host", _text(255)), _needed("outcome", sa.Integer),
        _needed("facts", _long()), _needed("key_id", _text(40)), _needed("signature", _text(128)),
    )


def _request() -> tuple[sa.Column[Any], ...]:
    return (
        _needed("kind", _text(16)), _needed("received_at", _text(40)), sa.Column("recorded_at", _text(40)),
        sa.Column("received_by", _text(255)),
        sa.Column("identity_check", _long()), sa.Column("granted_by", _text(255)),
        sa.Column("granted_at", _text(40)), sa.Column("refused_by", _text(255)), sa.Column("refused_at", _text(40)),
        sa.Column("ground", _text(16)), sa.Column("reason", _long()), sa.Column("fields", _text(64)),
        sa.Column("fee_yen", sa.Integer), sa.Column("letter_ja", _long()), sa.Column("letter_en", _long()),
        sa.Column("closed_at", _text(40)),
    )


def own_tables(dialect: str, schema: str, prefix: str) -> OwnTables:
    """Our tables as one dialect names them; nothing is created here."""
    metadata = sa.MetaData(schema=schema if dialect == "postgresql" else None)

    def table(name: str, *columns: Any) -> sa.Table:
        full = name if dialect == "postgresql" else f"{prefix}{name}"
        return sa.Table(full, metadata, *columns, comment=HOLDS[name], **ENGINE)

    def register(name: str, *columns: Any) -> sa.Table:
        made = table(
            name, sa.Column("id", _text(40), primary_key=True),
            sa.Column("part", sa.Integer, primary_key=True, autoincrement=False, server_default="1"),
            _needed("scope", _text(16)),
            sa.Column("target", _text(64)), sa.Column("item", _text(KEY_LENGTH)), *columns,
            sa.CheckConstraint("scope IN ('record', 'subject', 'target')", name=f"{prefix}{name}_scope"),
        )
        sa.Index(f"{prefix}{name}_item", made.c.scope, made.c.item)
        return made

    run = _run(table)
    batch = table(
        "batch", _run_id(), _target(), sa.Column("batch_no", sa.Integer, primary_key=True),
        _needed("table_name", _text(255)), _needed("disposition", _text(16)), _needed("fields", _long()),
        _needed("first_seq", sa.BigInteger), _needed("last_seq", sa.BigInteger), _needed("purged", sa.Integer),
        _needed("skipped", sa.Integer), _needed("failed", sa.Integer), _needed("children", _long()),
        _needed("digest", _text(64)), _needed("removed_at", _text(40)),
    )
    tombstone = table(
        "tombstone", _run_id(), _target(), sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        _needed("record_key", _text(KEY_LENGTH)), _needed("batch_no", sa.Integer), _needed("status", _text(16)),
        sa.Column("service_end", _text(END_LENGTH)),
        # Only of what was taken in again from exported evidence: there the key is a reference.
        sa.Column("digest", _text(64)),
    )
    deadline = table(
        "deadline", _run_id(), sa.Column("service_end", _text(END_LENGTH), primary_key=True),
        _needed("ended_at", _text(40)), _needed("start_day", _text(10)), _needed("last_retained_day", _text(10)),
        _needed("first_purgeable_day", _text(10)), _needed("rule", _text(255)), _needed("policy_version", _text(64)),
        sa.Column("attestation", _text(40)),
    )
    work = _work(table, prefix)
    known = table(
        "target", sa.Column("name", _text(64), primary_key=True), _needed("run_id", _text(40)),
        _needed("digest", _text(64)), _needed("fingerprint", _text(64)), _needed("as_of", _text(10)),
        _needed("result", _long()),
    )
    hold = register(
        "hold", _needed("basis", _text(64)), sa.Column("note", _long()), _needed("placed_by", _text(255)),
        _needed("placed_at", _text(40)), sa.Column("review_by", _text(10)), sa.Column("reviewed_by", _text(255)),
        sa.Column("reviewed_at", _text(40)), sa.Column("released_by", _text(255)),
        sa.Column("released_at", _text(40)), sa.Column("release_reason", _long()),
    )
    request = register("request", *_request())
    return OwnTables(metadata, run, batch, tombstone, deadline, work, known, hold, request, _event(table),
                     _attestation(table, prefix))


def _attestation(table: Callable[..., sa.Table], prefix: str) -> sa.Table:
    made = table(
        "attestation", sa.Column("id", _text(40), primary_key=True), _needed("item", _text(KEY_LENGTH)),
        _needed("subject", _text(KEY_LENGTH)), _needed("ended", _text(40)), _needed("ended_on", _text(10)),
        _needed("services", sa.BigInteger), _needed("reason", _text(40)), _needed("document", _long()),
        _needed("attested_by", _text(255)), _needed("second", _text(255)), _needed("attested_at", _text(40)),
        sa.Column("withdrawn_by", _text(255)), sa.Column("withdrawn_at", _text(40)),
        sa.Column("withdrawal_reason", _long()), *(sa.Column(name, _text(40)) for name in OVERTAKING),
    )
    sa.Index(f"{prefix}attestation_item", made.c.item)
    return made


def ddl(dialect: str, tables: OwnTables) -> str:
    """The statements that make our tables, as a script that a DBA can read and apply."""
    parts: list[str] = []
    engine: Any = sa.create_mock_engine(URLS[dialect], lambda made, *_: parts.append(_readable(made, engine.dialect)))
    if tables.metadata.schema:
        parts.append(f"CREATE SCHEMA {tables.metadata.schema};")
    for table in tables.metadata.tables.values():
        parts.append(f"\n-- {textwrap.fill(table.comment or '', 110).replace(chr(10), chr(10) + '-- ')}")
        table.create(engine, checkfirst=False)
    return "\n".join(parts).lstrip() + "\n"


def _readable(made: Any, dialect: sa.Dialect) -> str:
    text = str(made.compile(dialect=dialect)).strip()
    for unpretty, pretty in (("\t", "    "), (", \n", ",\n"), (")ENGINE", ") ENGINE"), (" COMMENT=", "\n  COMMENT="),
                             ("' COLLATE", "'\n  COLLATE"), (" IS '", " IS\n    '")):
        text = text.replace(unpretty, pretty)
    return f"{text};"
