"""A night as the ledger keeps it, and told again from there: the report of a run can be rebuilt at any time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import TypeAdapter

from carddata_retention.history import History, Notice, PastRun
from carddata_retention.keys import EvidenceKey
from carddata_retention.ledger import Ledger, target_result, unreadable
from carddata_retention.model import Mode, Night, Severity, State, Tombstone
from carddata_retention.sealed import Hold
from carddata_retention.verifier.form import canonical

SAMPLE = HOLDS = 100
PAGE = 100  # a night is a long text; so many are in memory at a time
# Kept elsewhere in the ledger, or known only after the seal.
LEFT_OUT = ("purged_sample", "previous", "sealed", "chain_verified", "artefacts")
_NIGHT = TypeAdapter(Night)


def closing(told: Night, finished_at: str) -> dict[str, Any]:
    """The end of a run's own row: how it came out, and everything that it found out."""
    whole = _NIGHT.dump_python(told, mode="json")
    kept = {word: value for word, value in whole.items() if word not in LEFT_OUT}
    return {"finished_at": finished_at, "verdict": told.verdict.value, "exit_code": told.exit_code,
            "result": canonical(kept).decode()}


def first_purged(connection: sa.Connection, ledger: Ledger, run_id: str, key: EvidenceKey | None,
                 targets: Sequence[str]) -> tuple[Tombstone, ...]:
    """The first tombstones of each target."""
    return tuple(stone for name in targets
                 for stone in ledger.tombstones(connection, run_id, key, target=name, limit=SAMPLE))


def holds_in_force(connection: sa.Connection, ledger: Ledger) -> tuple[tuple[Hold, ...], int]:
    """The legal holds in force, those first whose review comes first, up to a bound; and how many there are."""
    hold = ledger.tables.hold.c
    rows = connection.execute(ledger.tables.holds_by_number().limit(HOLDS)).mappings()
    told = tuple(Hold(**row) for row in rows)
    counted = sa.select(sa.func.count(hold.id.distinct())).where(hold.released_at.is_(None))
    return told, connection.execute(counted).scalar_one()


def retell(connection: sa.Connection, ledger: Ledger, run_id: str | None, key: EvidenceKey | None) -> Night | None:
    """The night of a completed run, or of the last one; None where the ledger knows none."""
    run = ledger.tables.run
    query = sa.select(run).where(run.c.result.is_not(None), ledger.of_a_night()).order_by(
        run.c.number.desc()).limit(1)
    row = connection.execute(query.where(run.c.run_id == run_id) if run_id else query).mappings().first()
    if row is None:
        return None
    told: Night = _NIGHT.validate_python(json.loads(row["result"]), strict=False)
    sample = first_purged(connection, ledger, told.run_id, key, [t.name for t in told.targets])
    return replace(told, purged_sample=sample, sealed=ledger.sealed(connection, told.run_id, key),
                   chain_verified=ledger.check_chain(connection, key))


def history(connection: sa.Connection, ledger: Ledger) -> History:
    """All completed nights, in the order in which they were held. Raises BrokenError where a row makes no sense."""
    found: list[PastRun] = []
    while page := _page(connection, ledger, found[-1].number if found else 0):
        found += map(_past_run, page)
    return History(tuple(found))


def _page(connection: sa.Connection, ledger: Ledger, after: int) -> list[dict[str, Any]]:
    run = ledger.tables.run.c
    rows = connection.execute(
        sa.select(run.run_id, run.number, run.mode, run.as_of, run.started_at, run.finished_at, run.verdict,
                  run.exit_code, run.policy_version, run.policy_digest, run.seal, run.result)
        .where(run.result.is_not(None), ledger.of_a_night(), run.number > after).order_by(run.number).limit(PAGE))
    return [dict(row) for row in rows.mappings()]


def _past_run(row: Mapping[str, Any]) -> PastRun:
    try:
        result = json.loads(row["result"])
        zone, ended = ZoneInfo(result["zone"]), datetime.fromisoformat(row["finished_at"])
        notices = (Notice(f["id"], Severity(f["severity"]), f["count"]) for f in result["findings"])
        return PastRun(
            run_id=row["run_id"], number=row["number"], mode=Mode(row["mode"]), as_of=date.fromisoformat(row["as_of"]),
            began_on=datetime.fromisoformat(row["started_at"]).astimezone(zone).date(),
            ended_on=ended.astimezone(zone).date(), finished_at=ended, verdict=State(row["verdict"]),
            exit_code=row["exit_code"], policy_version=row["policy_version"], policy_digest=row["policy_digest"],
            seal=row["seal"],
            targets=tuple(target_result(t) for t in result["targets"]),
            notices=tuple(n for n in notices if n.severity is not Severity.INFO),
            expectations=len(result["quality"]),
            expectations_failed=sum(not q["passed"] for q in result["quality"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise unreadable(row["run_id"]) from None
