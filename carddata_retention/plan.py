"""The purge plan: what would be removed, exactly, until when it may be carried out, and who has signed that.

A plan is two files. The first holds counts, digests and signatures, and no key of any record; the second, beside it,
holds the set itself, a row for each record. Both can be read by their owner alone.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, Literal

from carddata_retention.errors import RefusedError, UsageError
from carddata_retention.verifier.form import canonical, digest

SCHEMA = 2
MAKE_ANEW = "Make a new one: carddata-retention plan --out plan.json"
Role = Literal["plan", "approve"]


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """What a plan promises for one target: how many, which rows (by digest), as it was declared and built then."""

    name: str
    requested: int
    overdue: int
    due: int
    rows_digest: str
    target_digest: str
    fingerprint: str

    @property
    def rows(self) -> int:
        """How many records would be removed."""
        return self.requested + self.overdue + self.due


@dataclass(frozen=True, slots=True)
class Plan:
    """Frozen, hashed statement of what would be removed. Instants are ISO 8601 in UTC; `nonce` makes it single."""

    schema: int
    nonce: str
    made_at: str
    expires_at: str
    as_of: str
    database: str
    policy_id: str
    policy_version: str
    policy_digest: str
    targets: tuple[PlannedTarget, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical form: what people sign."""
        return digest(asdict(self))


@dataclass(frozen=True, slots=True)
class Signature:
    """Who made or approved a plan: a public key (Ed25519, base64), an instant, and the signature over both (hex)."""

    role: Role
    public_key: str
    at: str
    signature: str


@dataclass(frozen=True, slots=True)
class SignedPlan:
    """A plan, its signatures, and the file of its rows."""

    plan: Plan
    signatures: tuple[Signature, ...]
    rows: Path


def message(plan_digest: str, role: Role, at: str) -> bytes:
    """What a signature is over."""
    return canonical({"plan": plan_digest, "role": role, "at": at})


def rows_path(path: Path) -> Path:
    """The file of the rows beside a plan's file."""
    return path.with_name(f"{path.stem}.rows.jsonl")


@contextmanager
def owned(path: Path) -> Iterator[BinaryIO]:
    """A file that only its owner can read, there whole or not at all. Raises UsageError where it cannot be written."""
    temporary = path.with_name(path.name + ".new")
    try:
        temporary.unlink(missing_ok=True)  # one that lies there may be open to others
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as wrong:
        raise UsageError("plan_unwritable", f"{path.name} cannot be written there: {type(wrong).__name__}.",
                         cure="Name a folder that exists: carddata-retention plan --out plan.json") from None


def write_plan(path: Path, plan: Plan, signatures: tuple[Signature, ...]) -> None:
    """Write the plan with its digest and signatures. Raises UsageError where that cannot be."""
    body = {**asdict(plan), "digest": plan.digest, "signatures": [asdict(s) for s in signatures]}
    with owned(path) as file:
        file.write(json.dumps(body, ensure_ascii=False, indent=2).encode() + b"\n")


def read_plan(path: Path) -> SignedPlan:
    """Read a plan. Raises UsageError where it is none, RefusedError where it was changed after it was written."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        given, signed = stored.pop("digest"), stored.pop("signatures")
        targets = tuple(PlannedTarget(**t) for t in stored.pop("targets"))
        plan = Plan(**stored, targets=targets)
        date.fromisoformat(plan.as_of)
        if plan.schema != SCHEMA or None in (datetime.fromisoformat(plan.expires_at).tzinfo,
                                             datetime.fromisoformat(plan.made_at).tzinfo):
            raise ValueError
        signatures = tuple(Signature(**s) for s in signed)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UsageError("plan_unreadable", f"{path.name} is no plan of this product.",
                         cure="carddata-retention plan --out plan.json") from None
    if plan.digest != given:
        raise RefusedError("plan_changed", f"{path.name} was changed after it was written.", cure=MAKE_ANEW)
    return SignedPlan(plan, signatures, rows_path(path))


def hold_to(plan: Plan, *, as_of: date, database: str, policy_digest: str, now: datetime) -> None:
    """Raises RefusedError where a plan was made for another night, database or policy, or has expired by `now`."""
    for word, promised, found in (
        ("as-of date", plan.as_of, as_of.isoformat()), ("database", plan.database, database),
        ("policy", plan.policy_digest, policy_digest),
    ):
        if promised != found:
            raise RefusedError("plan_stale", f"The plan was made for another {word}.", cure=MAKE_ANEW)
    if now >= datetime.fromisoformat(plan.expires_at):
        raise RefusedError("plan_expired", f"The plan expired at {plan.expires_at}.", cure=MAKE_ANEW)
    if now < datetime.fromisoformat(plan.made_at):
        raise RefusedError("plan_ahead", f"The plan was made at {plan.made_at}, and it is earlier here.",
                           cure="Set the clock right; or make a new one: carddata-retention plan --out plan.json")
