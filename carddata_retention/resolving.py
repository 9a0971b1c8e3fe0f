"""A report's reference back to the key of its record, on site."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from carddata_retention import evidence, identity, spool
from carddata_retention.chain import STREAM
from carddata_retention.db import seen_as
from carddata_retention.errors import BlindError, Exit, UsageError
from carddata_retention.keys import EvidenceKey
from carddata_retention.ledger import Ledger
from carddata_retention.records import key_for_person
from carddata_retention.schema import BoundTarget, bind
from carddata_retention.settings import Config
from carddata_retention.stage import open_stage


def resolve(config: Config, host: datetime, reference: str) -> list[dict[str, Any]]:
    """Each record of this name: target, key, and when it was purged or that it is there. The event is logged first.

    Raises UsageError where nobody has this name, BlindError where there is no key to compute names by.
    """
    if not re.fullmatch(r"[0-9a-f]{32}", reference):  # whatever else was typed is not written down
        raise UsageError("reference_form", "A reference has 32 characters, 0 to 9 and a to f.",
                         not_done="Nothing was looked up, and nothing noted.", cure="Copy it from the report.")
    key = identity.key_if_any(config)
    if key is None:
        raise BlindError("key_missing", "There is no evidence key, so no record has a reference yet.", not_done="",
                         cure="carddata-retention run makes it.")
    with open_stage(config, "plan", host, None) as stage, stage.db.snapshot() as connection:
        try:
            targets = bind(connection, stage.db.dialect, config, stage.policy).targets.values()
            found = list(_removed(connection, stage.ledger, key, reference)) \
                if stage.ledger.exists(connection) else []
            for target in targets:
                if isinstance(target, BoundTarget):
                    found += _living(connection, target, key, reference)
        except SQLAlchemyError as refused:
            raise seen_as(refused, "The records") from None
    spool.note(config, key, host, "resolve", {"reference": reference, "found": len(found)},
               int(Exit.CLEAN if found else Exit.USAGE))
    if not found:
        raise UsageError("unknown_reference", "No record that was removed or is there has this reference.", not_done="",
                         cure="A reference has 32 characters; copy it from the report.")
    return found


def _removed(connection: Connection, ledger: Ledger, key: EvidenceKey, reference: str) -> Iterator[dict[str, Any]]:
    stone, batch, run = (table.c for table in (ledger.tables.tombstone, ledger.tables.batch, ledger.tables.run))
    of_batch = sa.and_(batch.run_id == stone.run_id, batch.target == stone.target, batch.batch_no == stone.batch_no)
    source = ledger.tables.tombstone.join(ledger.tables.batch, of_batch).join(
        ledger.tables.run, run.run_id == stone.run_id)
    query = sa.select(stone.run_id, stone.target, stone.record_key, stone.digest, batch.table_name, batch.removed_at,
                      run.key_id).select_from(source).where(batch.purged > 0)
    for row in connection.execute(query, execution_options=STREAM):
        secret = key.secret_of(row.key_id)
        if row.digest is not None:
            if row.record_key == reference:
                yield _told(row.target, None, row.removed_at, row.run_id)
        elif secret and evidence.reference(secret, row.table_name, row.record_key) == reference:
            yield _told(row.target, row.record_key, row.removed_at, row.run_id)


def _living(connection: Connection, bound: BoundTarget, key: EvidenceKey, reference: str) -> Iterator[dict[str, Any]]:
    target, table = bound.target, str(bound.name)
    known = [key.secret, *(former.secret for former in key.former.values() if former)]
    rows = connection.execute(sa.select(target.key_text()).select_from(target.table), execution_options=STREAM)
    for (text,) in rows:
        if any(evidence.reference(secret, table, text) == reference for secret in known):
            yield _told(target.name, text, None, None)


def _told(target: str, text: str | None, purged_at: str | None, run_id: str | None) -> dict[str, Any]:
    return {"target": target, "key": key_for_person(text) if text is not None else None, "purged_at": purged_at,
            "purged_by_run": run_id}
