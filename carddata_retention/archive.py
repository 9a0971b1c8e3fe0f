"""A night as the ledger keeps it, and told again from there: the report of a run can be rebuilt at any time."""

import json
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from carddata_retention.keys import EvidenceKey
from carddata_retention.ledger import Ledger
from carddata_retention.model import Night
from carddata_retention.verifier.form import canonical

SAMPLE = 200
# Kept elsewhere in the ledger, or known only after the seal.
LEFT_OUT = ("purged_sample", "previous", "sealed", "chain_verified", "artefacts")
_NIGHT = TypeAdapter(Night)


def closing(told: Night, finished_at: str) -> dict[str, Any]:
    """The end of a run's own row: how it came out, and everything that it found out."""
    whole = _NIGHT.dump_python(told, mode="json")
    kept = {word: value for word, value in whole.items() if word not in LEFT_OUT}
    return {"finished_at": finished_at, "verdict": told.verdict.value, "exit_code": told.exit_code,
            "result": canonical(kept).decode()}


def retell(connection: sa.Connection, ledger: Ledger, run_id: str | None, key: EvidenceKey | None) -> Night | None:
    """The night of a completed run, or of the last one; None where the ledger knows none."""
    run = ledger.tables.run
    query = sa.select(run).where(run.c.result.is_not(None)).order_by(run.c.number.desc()).limit(1)
    row = connection.execute(query.where(run.c.run_id == run_id) if run_id else query).mappings().first()
    if row is None:
        return None
    told: Night = _NIGHT.validate_python(json.loads(row["result"]), strict=False)
    sample = tuple(ledger.tombstones(connection, told.run_id, key, limit=SAMPLE))
    return replace(told, purged_sample=sample, sealed=ledger.sealed(connection, told.run_id, key),
                   chain_verified=ledger.check_chain(connection))
