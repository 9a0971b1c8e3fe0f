"""The example that sql/ speaks of: customers, services, cards, card_usage, payments, as the tests build them.

`rendered` writes every generated file of sql/ as it must be today. `make sql` puts them there; test_sql.py compares.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from billing import Billing, generate
from nightly import AS_OF, House, build
from servers import DIALECTS, PRODUCT, Database

from carddata_retention import guards
from carddata_retention.own_tables import ddl, own_tables

SQL = Path(__file__).resolve().parent.parent / "sql"
SUBJECT = {"table": "customers", "key": "id", "lock_column": "name"}
RULE = "-- " + "-" * 113

SCHEMA_HEAD = """\
-- Generated from carddata_retention/own_tables.py by `make sql`; do not edit.
--
-- Our own tables on {product}, for a DBA to apply before the first run where the job's login may not create tables.
-- The first run makes exactly the same where it may. None of them ever holds a card number, token, holder or expiry.
-- {names}
"""
NAMES = {
    "postgresql": "Another schema than carddata: replace the word here, and say so in [evidence] schema.",
    "mariadb": "Another prefix than carddata_: replace it here, and say so in [evidence] prefix.",
    "sqlite": "Another prefix than carddata_: replace it here, and say so in [evidence] prefix.",
}
STATEMENTS_HEAD = """\
-- Generated from the example configuration by `make sql`; do not edit. Yours: carddata-retention plan --sql
--
-- Every statement that a night sends to the example's tables on {product}, in the order of the night, except questions
-- to the catalogue. Only the layout differs from what is sent. `:word` is a bound parameter:
--   :due  :overdue       the cutoffs of the night: an end before them (where <= stands, on them) is due, is overdue
--   :over                the end of the as-of date: a later end lies ahead, so the service is still open
--   :due_within_n_days   the cutoffs of the nights to come, for the forecast
--   :earliest  :never    the configuration's `earliest` and `open_sentinels`
--   :far_ahead           ten years after the as-of date
--   :carddata_key_0  :carddata_subject_0  :carddata_parent_0   all keys, subjects and parents of a batch at once
-- The numbers in CASE are the standings of carddata_retention/status.py; the greatest among a subject's services wins.
"""
GUARDS_HEAD = """
-- What the database refuses, whoever asks: a change of evidence, a hold that disappears. Only the owner can drop these.
"""
SQLITE_HEAD = """\
-- carddata_instant(text, zone) is a function of our own connections: microseconds since 1970 of a whole ISO 8601
-- instant, NULL for anything else (docs/adr/0006).
"""


def example(database: Database, folder: Path, billing: Billing | None = None, **overrides: Any) -> House:
    """The example's tables with edge-case rows in them, and its configuration."""
    billing = billing or generate(AS_OF, size=60)
    return build(database, folder, billing, **({"subject": SUBJECT} | overrides))


def schema_file(dialect: str) -> str:
    """sql/schema/ of one dialect."""
    head = SCHEMA_HEAD.format(product=PRODUCT[dialect], names=NAMES[dialect])
    tables = own_tables(dialect, "carddata", "carddata_")
    return f"{head}\n{ddl(dialect, tables)}{GUARDS_HEAD}{guards.script(dialect, tables)}"


def statements_file(house: House) -> str:
    """sql/statements/ of one dialect, by a plan on the example after its first night."""
    dialect = house.database.dialect
    head = STATEMENTS_HEAD.format(product=PRODUCT[dialect]) + (SQLITE_HEAD if dialect == "sqlite" else "")
    parts = [f"{RULE}\n-- {title}\n\n{text};\n" for title, text in house.plan(sql=True)[2] if "plan for the" not in title]
    return head + "\n" + "\n".join(parts)


def rendered(house: House) -> Iterator[tuple[Path, str]]:
    """Path and text of each generated file of one dialect. The house's first night must have been."""
    dialect = house.database.dialect
    yield SQL / "schema" / f"{dialect}.sql", schema_file(dialect)
    yield SQL / "statements" / f"{dialect}.sql", statements_file(house)


def commands(script: str) -> list[str]:
    """The statements of a script of ours, which ends each with a semicolon at the end of a line."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    plain, _, with_bodies = "\n".join([*lines, ""]).partition("DELIMITER $$\n")
    parts = [*plain.split(";\n"), *with_bodies.removesuffix("DELIMITER ;\n").split("$$\n")]
    return [part.strip() for part in parts if part.strip()]


__all__ = ["DIALECTS", "SQL", "commands", "example", "rendered", "schema_file", "statements_file"]
