"""The breakers, and the purge plan: pure statements of what may and what would be removed.

A breaker limits how much one run may remove. It never asks the database; it compares counts. `apply` carries out
a plan and so passes those breakers that only ask for a person's eyes: first night, share, rows, changed policy,
changed schema. The clock and the gate it cannot pass.
"""

import json
import os
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from carddata_retention.errors import RefusedError, UsageError
from carddata_retention.model import Finding, Severity, TargetResult
from carddata_retention.settings import Limits
from carddata_retention.verifier.form import digest

SCHEMA = 1
CLOCK_TOLERANCE = timedelta(minutes=1)
HOW_TO_APPLY = "Look at it and let it through: carddata-retention plan --out plan.json, then apply plan.json"


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the last night that was let through left behind for a target."""

    digest: str
    fingerprint: str
    as_of: date
    result: TargetResult


def breakers(limits: Limits, tonight: TargetResult, remembered: Remembered | None, digest: str,
             fingerprint: str) -> list[Finding]:
    """The breakers that trip for one target, each a blocking finding. Needs a counted result."""
    found: list[Finding] = []
    owed = tonight.to_purge or 0

    def trip(code: str, count: int | None, reason: str) -> None:
        found.append(Finding(code, Severity.BLOCK, tonight.name, count, f"{reason} {HOW_TO_APPLY}"))

    if remembered is None:
        if limits.first_run == "approve" and owed:
            trip("first_run", owed, "The first night of this target needs a person's approval.")
    else:
        if remembered.digest != digest:
            trip("changed_policy", None, "The policy or the target's declaration changed since the last night.")
        if remembered.fingerprint != fingerprint:
            trip("schema_changed", None, "Columns, keys, foreign keys or triggers of this target changed.")
    for nobody in nobody_ended(tonight):
        if remembered is None and limits.first_run == "approve":
            trip(nobody.id, nobody.count, nobody.reason)
        else:
            found.append(nobody)
    filled = _filled(tonight)
    if filled > limits.min_rows and owed > Fraction(str(limits.max_share)) * filled:  # 0.29 * 100 is less than 29
        trip("max_share", owed, f"More than {limits.max_share:.1%} of the target would be removed in one run.")
    if owed > limits.max_rows:
        trip("max_rows", owed, f"More than {limits.max_rows} rows would be removed in one run.")
    return found


def nobody_ended(tonight: TargetResult) -> list[Finding]:
    """A warning, each night, where every record is active or undetermined: 0 is true then, and may be for ever."""
    filled = _filled(tonight)
    if not filled or filled != (tonight.active or 0) + (tonight.undetermined or 0):
        return []
    return [Finding("nobody_ended", Severity.WARN, tonight.name, filled, "Not one record of this target has a service "
                    "end that counts: status, where or the trigger's column may not fit the data, and nothing would "
                    "ever be removed. carddata-retention check looks at them.")]


def _filled(result: TargetResult) -> int:
    return (result.population or 0) - (result.blank or 0)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The two clocks of a run and the date by which it judges."""

    host: datetime
    database: datetime | None
    as_of: date
    today: date


def clock_findings(clocks: Clocks, last: tuple[date, datetime] | None) -> list[Finding]:
    """What refuses the whole run: clocks that differ, an as-of in the future, a jump since the last run.

    `last` is the furthest as-of that any completed run judged by, and when the first such run finished by the host's
    clock: a later look back at an old date moves neither.
    """
    found = []
    if clocks.database is not None and abs(clocks.host - clocks.database) > CLOCK_TOLERANCE:
        found.append(Finding("clock", Severity.BLOCK, None, None, "The host's clock and the database's differ by more "
                             "than a minute. Set them right, then run again."))
    if clocks.as_of > clocks.today:
        found.append(Finding("as_of_ahead", Severity.BLOCK, None, None, f"The as-of date {clocks.as_of} lies ahead of "
                             f"today, {clocks.today}. Nothing can be due on a day that has not come."))
    if last is not None:
        judged, finished = last
        passed = ((clocks.database or clocks.host) - finished).days
        if (clocks.as_of - judged).days > max(passed, 0) + 1:
            found.append(Finding("as_of_jump", Severity.BLOCK, None, (clocks.as_of - judged).days,
                                 "The as-of date moved further than the clock since the last run. Set the clock right, "
                                 "or run with the --as-of that is true."))
    return found


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """What a plan promises for one target: how many, which set (by digest), by which statement."""

    name: str
    requested: int
    overdue: int
    due: int
    candidates_digest: str
    target_digest: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Frozen, hashed statement of what would be removed and by which SQL. Holds no key of any record."""

    schema: int
    as_of: str
    database: str
    policy_id: str
    policy_version: str
    policy_digest: str
    targets: tuple[PlannedTarget, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical form: what a second person would sign."""
        return digest(asdict(self))

    def write(self, path: Path) -> None:
        """Write the plan with its digest, readable by its owner alone. Raises UsageError where that cannot be."""
        body = json.dumps({**asdict(self), "digest": self.digest}, ensure_ascii=False, indent=2) + "\n"
        temporary = path.with_name(path.name + ".new")
        try:
            temporary.unlink(missing_ok=True)  # one that lies there may be open to others
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(body)
            temporary.replace(path)
        except OSError as wrong:
            raise UsageError("plan_unwritable", f"{path.name} cannot be written there: {type(wrong).__name__}.",
                             cure="Name a folder that exists: carddata-retention plan --out plan.json") from None


def read_plan(path: Path) -> Plan:
    """Read a plan. Raises UsageError where it is none, RefusedError where it was changed after it was written."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        given = stored.pop("digest")
        targets = tuple(PlannedTarget(**t) for t in stored.pop("targets"))
        plan = Plan(**stored, targets=targets)
        date.fromisoformat(plan.as_of)
        if plan.schema != SCHEMA:
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UsageError("plan_unreadable", f"{path.name} is no plan of this product.",
                         cure="carddata-retention plan --out plan.json") from None
    if plan.digest != given:
        raise RefusedError("plan_changed", f"{path.name} was changed after it was written.",
                           cure="Make a new one: carddata-retention plan --out plan.json")
    return plan


def hold_to(plan: Plan, *, as_of: date, database: str, policy_digest: str) -> None:
    """Raises RefusedError where a plan was made for another night, database or policy."""
    for word, promised, found in (
        ("as-of date", plan.as_of, as_of.isoformat()), ("database", plan.database, database),
        ("policy", plan.policy_digest, policy_digest),
    ):
        if promised != found:
            raise RefusedError("plan_stale", f"The plan was made for another {word}.",
                               cure="Make a new one: carddata-retention plan --out plan.json")


def same_set(planned: PlannedTarget | None, frozen: PlannedTarget, tonight: TargetResult) -> Finding | None:
    """A blocking finding where the frozen candidates are not exactly those of the plan."""
    if planned == frozen:
        return None
    return Finding("plan_stale", Severity.BLOCK, tonight.name, tonight.to_purge, "What is due is no longer exactly "
                   "what the plan says. Make a new one: carddata-retention plan --out plan.json")
