"""The evidence outside the database: one file for each run, with all that its seal is computed from.

A restored database knows only the evidence of its own time; these files are what remains of the rest. They hold
no key of a record: a reference is a keyed hash, and a tombstone stands there with the digest that its batch counts.
What a run or a batch says of all its tombstones, and what follows from a service end, stands there once.
"""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from carddata_retention import evidence
from carddata_retention.chain import STREAM
from carddata_retention.errors import FailedError
from carddata_retention.keys import EvidenceKey
from carddata_retention.ledger import Ledger

FORMAT = 2


def export_run(connection: Connection, ledger: Ledger, run_id: str, key: EvidenceKey, directory: Path) -> Path:
    """Write a sealed run as JSON lines, and every sealed run before it whose file is missing: one that was killed, or
    whose folder took no file. Each whole or not at all. Raises FailedError where the folder takes no file."""
    run = ledger.tables.run.c
    sealed = connection.execute(select(run.run_id).where(run.seal.is_not(None)).order_by(run.number)).scalars().all()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for earlier in sealed:
            if earlier != run_id and not _path(directory, earlier).exists():
                _write(connection, ledger, earlier, key, directory)
        return _write(connection, ledger, run_id, key, directory)
    except OSError as wrong:
        raise FailedError("evidence_unwritable", f"The evidence folder takes no file: {type(wrong).__name__}.",
                          not_done="The removal and its evidence in the database stand; only this copy is missing.",
                          cure="Give the job's user the right to write there; the next run writes again.") from None


def _path(directory: Path, run_id: str) -> Path:
    return directory / f"{run_id}.jsonl"


def _write(connection: Connection, ledger: Ledger, run_id: str, key: EvidenceKey, directory: Path) -> Path:
    run, batch, deadline = ledger.tables.run, ledger.tables.batch, ledger.tables.deadline
    sealed = dict(connection.execute(select(run).where(run.c.run_id == run_id)).mappings().one())
    salt, secret = sealed.pop("salt"), key.secret_of(sealed["key_id"])
    batches = connection.execute(
        select(batch).where(batch.c.run_id == run_id).order_by(batch.c.target, batch.c.batch_no)
    ).mappings().all()
    tables = {row["target"]: row["table_name"] for row in batches}
    path = _path(directory, run_id)
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        _line(file, {"format": FORMAT, "kind": "run", **sealed})
        for row in batches:
            _line(file, {"kind": "batch", **row})
        for row in connection.execute(select(deadline).where(deadline.c.run_id == run_id).order_by(
                deadline.c.service_end), execution_options=STREAM).mappings():
            _line(file, {"kind": "deadline", **row})
        for stone in ledger.stones(connection, run_id):
            line = evidence.tombstone_line(stone.seq, stone.record_key, stone.status, stone.service_end)
            _line(file, {
                "kind": "tombstone", "target": stone.target, "batch_no": stone.batch_no, "seq": stone.seq,
                "reference": evidence.reference(secret, tables[stone.target], stone.record_key) if secret else "",
                "status": stone.status, "service_end": stone.service_end, "digest": evidence.leaf(salt, line)})
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return path


def _line(file: Any, value: dict[str, Any]) -> None:
    file.write(evidence.canonical(value) + b"\n")
