"""The exact statements of a night, as the database at hand is asked them: for DBAs to read before the first run.

Built by the same functions that the night uses, so that what is read is what is sent. Parameters appear by name.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import scan, verify
from carddata_retention.keys import EvidenceKey
from carddata_retention.ledger import Ledger
from carddata_retention.policy import Policy
from carddata_retention.purge.batch import Job, removal_statement
from carddata_retention.schema import BoundSchema, BoundTarget
from carddata_retention.tables import Decider

Titled = tuple[str, str]


def of_target(dialect: sa.Dialect, bound: BoundTarget, schema: BoundSchema, decider: Decider, policy: Policy,
              ledger: Ledger) -> list[Titled]:
    """Title and text of each kind of statement about one target."""
    name, target = bound.declared.name, bound.target
    key = [tuple(sa.bindparam(f"key_{n}", type_=c.type) for n, c in enumerate(target.key, start=1))]
    job = Job("", bound, schema, decider, policy, ledger, EvidenceKey("", b""))
    locks = [
        (f"{name}: lock the rows of {step.table.description} that decide the batch",
         sa.select(step.column).select_from(step.table).where(step.column.in_(sa.bindparam("subjects", expanding=True)))
         .order_by(step.column).with_for_update(skip_locked=True))
        for step in schema.service.locks
    ]
    lock_records = sa.select(*target.key).where(target.key_in(key)).with_for_update(skip_locked=True)
    parts: list[tuple[str, Any]] = [
        (f"{name}: count by status", scan.count_statement(decider)),
        (f"{name}: the candidates that are frozen", scan.candidate_statement(decider)),
        *locks,
        (f"{name}: lock the records of the batch", lock_records),
        (f"{name}: remove, deciding again", removal_statement(job, key, [sa.bindparam("subject")])),
        (f"{name}: the independent look", verify.due_statement(decider)),
    ]
    return [(title, str(statement.compile(dialect=dialect))) for title, statement in parts]


def query_plan(connection: Connection, decider: Decider) -> Titled:
    """The database's own plan for finding the candidates."""
    statement = scan.candidate_statement(decider)
    word = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    title = f"{decider.target.name}: the database's plan for the candidates"
    try:
        rows = connection.exec_driver_sql(f"{word} {compiled}").all()
    except SQLAlchemyError:
        return title, "-- the database gave no plan"
    return title, "\n".join("-- " + " | ".join("" if v is None else str(v) for v in row) for row in rows)
