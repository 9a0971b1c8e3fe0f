"""A plan made from what a night counts, and a night held to a plan.

The rows of a plan are read in the snapshot of its counts. `apply` freezes what is due now and keeps of it exactly the
rows that the plan names: what changed since drops out, what is new is not taken, and both are counted.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy import Connection

from carddata_retention import approval, identity, observations, scan
from carddata_retention.errors import RefusedError
from carddata_retention.identity import stamp
from carddata_retention.model import SkipReason, Status
from carddata_retention.nights import Running, TargetNight
from carddata_retention.plan import (
    MAKE_ANEW,
    SCHEMA,
    Plan,
    PlannedTarget,
    Signature,
    SignedPlan,
    hold_to,
    owned,
    rows_path,
    write_plan,
)
from carddata_retention.planned_rows import RowsWriter, read_rows
from carddata_retention.records import follows, key_for_person
from carddata_retention.stage import Stage

PAGE = 5000
Sign = Callable[[Plan], tuple[Signature, ...]]


class PlanFile:
    """Where a plan goes, and who signs it."""

    def __init__(self, path: Path, sign: Sign, file: BinaryIO) -> None:
        self.path, self.sign, self._rows = path, sign, RowsWriter(file)
        self._planned: list[PlannedTarget] = []

    def add(self, run: Running, connection: Connection, target: TargetNight) -> None:
        """The rows of a target that can be read, as they are in this snapshot."""
        decider, policy = target.decider_of(), run.stage.policy
        found: Counter[str] = Counter()
        self._rows.begin_target()
        day = lru_cache(PAGE)(partial(_first_purgeable_day, partial(follows, decider, policy)))
        for page in _pages(connection, target):
            found.update(seen["status"] for seen in page)
            for seen in page:
                self._rows.write({"target": target.name, **_known_by(seen), "status": seen["status"],
                                  "first_purgeable_day": day(seen["service_end"], seen["status"])})
        self._planned.append(PlannedTarget(
            target.name, found[Status.REQUESTED], found[Status.OVERDUE], found[Status.DUE], self._rows.end_target(),
            target.digest, target.bound_of().fingerprint))

    def write(self, stage: Stage) -> Plan:
        """The plan itself, beside its rows."""
        policy, made = stage.policy, stage.clocks.host
        expires = made + timedelta(hours=stage.config.approval.expires_hours)
        plan = Plan(SCHEMA, secrets.token_hex(16), stamp(made), stamp(expires), policy.as_of.isoformat(),
                    stage.database, policy.id, policy.version.version, policy.digest, tuple(self._planned))
        write_plan(self.path, plan, self.sign(plan))
        return plan


@contextmanager
def plan_file(path: Path, sign: Sign) -> Iterator[PlanFile]:
    """A plan file to be filled; its rows are there only once all of them are. Raises UsageError."""
    with owned(rows_path(path)) as file:
        yield PlanFile(path, sign, file)


def hold_run_to(stage: Stage, made: SignedPlan) -> tuple[str, str]:
    """Raises RefusedError where a plan is stale, over, or not approved. Returns who made and who approved it."""
    now = max(moment for moment in (stage.clocks.host, stage.clocks.database) if moment is not None)
    hold_to(made.plan, as_of=stage.policy.as_of, database=stage.database, policy_digest=stage.policy.digest, now=now)
    key = identity.key_if_any(stage.config)
    return approval.require(made, stage.config.approval, key.publics().values() if key else ())


def not_used(connection: Connection, stage: Stage, plan: Plan) -> None:
    """Raises RefusedError where a run has carried out this plan to its end. One that was killed may be repeated."""
    run = stage.ledger.tables.run.c
    before = connection.execute(sa.select(run.run_id).where(
        run.plan_digest == plan.digest, run.result.is_not(None))).scalar()
    if before is not None:
        raise RefusedError("plan_used", f"Run {before} has carried out this plan already.", cure=MAKE_ANEW)


def keep_to(run: Running, made: SignedPlan, reading: Connection, writing: Connection, target: TargetNight) -> None:
    """Leave of a target's frozen candidates exactly the rows of the plan; where it does not fit the target is refused.
    """
    ledger, planned = run.stage.ledger, next((t for t in made.plan.targets if t.name == target.name), None)
    if planned is None:
        ledger.set_aside(writing, run.run_id, target.name, None, SkipReason.NOT_PLANNED)
        return
    if (planned.target_digest, planned.fingerprint) != (target.digest, target.bound_of().fingerprint):
        target.findings.append(observations.plan_stale(target.name, target.result.to_purge))
        return
    try:
        rows = read_rows(made.rows, planned)
    except RefusedError as changed:
        target.findings.append(observations.refused(changed, target.name, target.result.to_purge))
        return
    others, kept = [], 0
    for page in _pages(reading, target):
        of_plan = rows.holds([_known_by(seen) for seen in page])
        others += [seen["seq"] for seen, fits in zip(page, of_plan, strict=True) if not fits]
        kept += sum(of_plan)
    ledger.set_aside(writing, run.run_id, target.name, others, SkipReason.NOT_PLANNED)
    target.findings += observations.since_the_plan(target.name, dropped=len(rows) - kept, new=len(others))


def _pages(connection: Connection, target: TargetNight) -> Iterator[list[Mapping[str, Any]]]:
    found = connection.execute(scan.planned_statement(target.decider_of()),
                               execution_options={"stream_results": True, "yield_per": PAGE})
    for page in found.mappings().partitions():
        yield [dict(seen) for seen in page]


def _known_by(seen: Mapping[str, Any]) -> dict[str, Any]:
    subjects = [value for name, value in seen.items() if name.startswith(scan.SUBJECT)]
    return {"key": key_for_person(seen["record_key"]), "subjects": subjects, "service_end": seen["service_end"]}


def _first_purgeable_day(what: Callable[[str | None, bool], Mapping[str, str | None]], end: str | None,
                         status: str) -> str | None:
    if end is None and status == Status.REQUESTED.value:
        return None
    return what(end, status != Status.REQUESTED.value)["first_purgeable_day"]
