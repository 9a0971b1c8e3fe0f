"""Who may make a plan and who may approve it, by their keys (Ed25519): never the same person.

A person's key is a PEM file (PKCS 8), with a passphrase where CARDDATA_KEY_PASSPHRASE holds one. The people and their
public keys stand in [approval] of the configuration. A plan that a run wrote by itself is signed with the evidence key.
"""

import base64
import os
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from carddata_retention.errors import RefusedError, UsageError
from carddata_retention.identity import stamp
from carddata_retention.keys import EvidenceKey
from carddata_retention.plan import Plan, Role, Signature, SignedPlan, message
from carddata_retention.settings import Approval, Person

PASSPHRASE = "CARDDATA_KEY_PASSPHRASE"  # noqa: S105 - a name
THE_RUN = "the nightly run"


def new_key(path: Path) -> str:
    """Make a person's key, 0600; returns its public half in base64. Raises UsageError where it cannot be written."""
    key, secret = Ed25519PrivateKey.generate(), _passphrase()
    how = serialization.BestAvailableEncryption(secret) if secret else serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
    except OSError as wrong:
        raise UsageError("person_key_unwritable", f"{path.name} cannot be made: {type(wrong).__name__}.",
                         not_done="No key was made.", cure="Name a new file in a folder of your own.") from None
    return _public(key)


def load_key(path: Path) -> Ed25519PrivateKey:
    """A person's key. Raises UsageError where the file is none, is open to others, or has another passphrase."""
    try:
        text = path.read_bytes()
        open_to_others = path.stat().st_mode & 0o077
    except OSError as wrong:
        raise _no_key(path, f"cannot be read: {type(wrong).__name__}") from None
    if open_to_others:
        raise UsageError("person_key_open", f"The key {path.name} can be read by others.",
                         not_done="Nothing was signed.", cure=f"chmod 600 {path.name}")
    try:
        key = serialization.load_pem_private_key(text, _passphrase())
    except (ValueError, TypeError):  # the library's words may hold a part of the file
        raise _no_key(path, f"is no key, or {PASSPHRASE} does not fit it") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "is no key of Ed25519")
    return key


def signed(plan: Plan, role: Role, key: Ed25519PrivateKey, now: datetime) -> Signature:
    """A person's signature on a plan's digest."""
    at = stamp(now)
    return Signature(role, _public(key), at, key.sign(message(plan.digest, role, at)).hex())


def signed_by_run(plan: Plan, key: EvidenceKey, now: datetime) -> Signature:
    """The signature of a run on a plan that it wrote by itself."""
    return signed(plan, "plan", Ed25519PrivateKey.from_private_bytes(key.signing), now)


def approved(made: SignedPlan, approval: Approval, key: Ed25519PrivateKey, now: datetime,
             of_runs: Collection[str]) -> tuple[SignedPlan, Person]:
    """The plan with one more signature, and whose it is. Raises RefusedError where this person may not approve it."""
    _not_over(made.plan, now)
    person = _person(approval, _public(key), "approve")
    if person is None:
        raise RefusedError("approver_unknown", "This key is not that of a person who may approve.",
                           not_done="Nothing was signed.", cure=f'Known to [approval]: {_names(approval, "approve")}.')
    if _planner(made, approval, of_runs) == person.name:
        raise RefusedError("approver_planned", f"{person.name} made this plan, so somebody else must approve it.",
                           not_done="Nothing was signed.", cure=f'May approve: {_names(approval, "approve")}.')
    return replace(made, signatures=(*made.signatures, signed(made.plan, "approve", key, now))), person


def require(made: SignedPlan, approval: Approval, of_runs: Collection[str]) -> tuple[str, str]:
    """Who made and who approved a plan. Raises RefusedError where that is not two, each allowed to.

    `of_runs` are the public keys (base64) by which runs of this ledger sign. Without people in [approval] nobody is
    asked for, and the names are empty.
    """
    if not approval.people:
        return "", ""
    planner = _planner(made, approval, of_runs)
    for signature in _valid(made, "approve"):
        person = _person(approval, signature.public_key, "approve")
        if person is not None and person.name != planner:
            return planner, person.name
    raise RefusedError("plan_unapproved", f"Nobody but {planner} has signed this plan.",
                       cure="carddata-retention approve plan.json --key-file KEY, by one of: "
                            f'{_names(approval, "approve")}')


def signer(approval: Approval, key_file: Path | None, now: datetime) -> Callable[[Plan], tuple[Signature, ...]]:
    """How a person who makes a plan signs it. Raises UsageError or RefusedError where nobody could approve it then."""
    if key_file is None:
        if approval.people:
            raise UsageError("plan_key", "[approval] names people, so whoever makes a plan signs it.",
                             cure="carddata-retention plan --out plan.json --key-file KEY")
        return lambda _: ()
    key = load_key(key_file)
    if _person(approval, _public(key), "plan") is None:
        raise RefusedError("planner_unknown", "This key is not that of a person who may make plans.",
                           cure=f'Known to [approval]: {_names(approval, "plan")}.')
    return lambda plan: (signed(plan, "plan", key, now),)


def told(made: SignedPlan, approval: Approval, now: datetime, of_runs: Collection[str]) -> list[str]:
    """A plan as a person looks at it before signing: lines of counts, dates, names and digests."""
    plan = made.plan
    over = " (over)" if now >= datetime.fromisoformat(plan.expires_at) else ""
    names = dict.fromkeys(of_runs, THE_RUN) | {p.public_key: p.name for p in approval.people}
    roles: tuple[tuple[Role, str], ...] = (("plan", "planned"), ("approve", "approved"))
    by = [f"{done} by {names.get(s.public_key, 'a key of no known person')}, {s.at}"
          for role, done in roles for s in _valid(made, role)]
    counts = [f"  {t.name}: {t.rows:,} records ({t.requested:,} requested, {t.overdue:,} overdue, {t.due:,} due)"
              for t in plan.targets]
    return [f"plan {plan.digest}", f"as of {plan.as_of}, {plan.database}",
            f"policy {plan.policy_id} version {plan.policy_version}, {plan.policy_digest[:16]}",
            f"made {plan.made_at}, expires {plan.expires_at}{over}", *counts, *by]


def public_block(public: str) -> str:
    """What goes into the configuration for a new key."""
    return f'[[approval.people]]\nname = "…"\npublic_key = "{public}"\nmay = ["approve"]'


def _planner(made: SignedPlan, approval: Approval, of_runs: Collection[str]) -> str:
    for signature in _valid(made, "plan"):
        if signature.public_key in of_runs:
            return THE_RUN
        if (person := _person(approval, signature.public_key, "plan")) is not None:
            return person.name
    raise RefusedError("plan_unsigned", "Nobody whom [approval] lets make plans has signed this one.",
                       cure="carddata-retention plan --out plan.json --key-file KEY, by one of: "
                            f'{_names(approval, "plan")}')


def _valid(made: SignedPlan, role: Role) -> list[Signature]:
    found = []
    for signature in made.signatures:
        try:
            Ed25519PublicKey.from_public_bytes(base64.b64decode(signature.public_key)).verify(
                bytes.fromhex(signature.signature), message(made.plan.digest, role, signature.at))
        except (InvalidSignature, ValueError, TypeError):
            continue
        if signature.role == role:
            found.append(signature)
    return found


def _person(approval: Approval, public: str, role: Role) -> Person | None:
    return next((p for p in approval.people if p.public_key == public and role in p.may), None)


def _names(approval: Approval, role: Role) -> str:
    return ", ".join(p.name for p in approval.people if role in p.may) or "nobody"


def _not_over(plan: Plan, now: datetime) -> None:
    if now >= datetime.fromisoformat(plan.expires_at):
        raise RefusedError("plan_expired", f"The plan expired at {plan.expires_at}.", not_done="Nothing was signed.",
                           cure="Make a new one: carddata-retention plan --out plan.json")


def _public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def _passphrase() -> bytes | None:
    return os.environ.get(PASSPHRASE, "").encode() or None


def _no_key(path: Path, what: str) -> UsageError:
    return UsageError("person_key_unreadable", f"The key {path.name} {what}.", not_done="Nothing was signed.",
                      cure="carddata-retention approve --new-key FILE makes one.")
