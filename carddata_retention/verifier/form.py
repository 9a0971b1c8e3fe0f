"""The form of exported evidence: its lines, the leaves of its tree, heads and their seals. The product writes by these.

A file holds one run. Its lines are JSON: the run, the audit events since the run before, its batches, the deadlines
that followed from service ends, one tombstone for each removed record, and at last the head, which is signed. `check`
ties each line to the one before.
No key of a record stands in any of this: `reference` is a hash keyed by a secret, and `digest` one with a salt that
never leaves the database, so no leaf can be guessed.
"""

import hashlib
import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = 4
GENESIS = "0" * 64
KEYS = "keys.json"
KEY_BYTES = 32
OF_RUN = ("run_id", "policy_version", "policy_digest")
OF_HEAD = ("number", "run_id", "epoch", "database_name", "as_of", *OF_RUN[1:])
OF_DEADLINE = ("run_id", "service_end", "ended_at", "start_day", "last_retained_day", "first_purgeable_day", "rule",
               "policy_version", "attestation")
OF_STONE = ("target", "batch_no", "seq", "reference", "status", "service_end", "digest")
OF_EVENT = ("number", "id", "at", "what", "os_user", "host", "outcome", "facts", "key_id", "signature")
_OF_BATCH = ("table_name", "disposition", "fields", "removed_at")
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
Entry = dict[str, Any]


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no blanks, UTF-8."""
    return _CANONICAL(value).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def line(before: str, entry: Mapping[str, Any]) -> tuple[bytes, str]:
    """A line of an evidence file, and its own check, which the next line is tied to."""
    body = canonical(entry)
    check = check_of(before, body)
    return body[:-1] + f',"check":"{check}"}}\n'.encode(), check


def check_of(before: str, body: bytes) -> str:
    """What ties a line to the one before."""
    return hashlib.sha256(before.encode() + body).hexdigest()[:16]


def leaf(run: Mapping[str, Any], batch: Mapping[str, Any], stone: Mapping[str, Any]) -> Entry:
    """What the tree knows of one removed record: when, under which policy version, and what became of its row."""
    return {**{name: run[name] for name in OF_RUN}, **{name: batch[name] for name in _OF_BATCH},
            **{name: stone[name] for name in OF_STONE}}


def event_digest(event: Mapping[str, Any]) -> str:
    """What the signature of an event is over: all that whoever noted it knew."""
    return digest({name: event[name] for name in OF_EVENT[1:-2]})


def event_line(event: Mapping[str, Any]) -> bytes:
    """An event as the digest over all events of a run takes it."""
    return canonical([event[name] for name in OF_EVENT]) + b"\n"


def run_digest(facts: Mapping[str, Any], batches: Iterable[tuple[str, int, str]]) -> str:
    """Over a run's own row and (target, number, digest) of each of its batches."""
    return digest([dict(facts), sorted(map(list, batches))])


def head(run: Mapping[str, Any], facts: str, size: int, root: str, previous: str) -> Entry:
    """What is signed of a run: its place in the chain, its tree, and the digest of all its other lines."""
    return {**{name: run[name] for name in OF_HEAD},
            "facts": facts, "tombstones": size, "root": root, "previous": previous}


def seal(of_head: Mapping[str, Any]) -> str:
    """The link of the chain, over a head; the signature is over its text."""
    return digest(dict(of_head))


def unsigned(sealed: Mapping[str, Any], keys: Mapping[str, str]) -> list[str]:
    """Why a seal is not signed (Ed25519) by one of the public keys (base64, by their ids); nothing where it is."""
    name, public = said(sealed.get("key_id")), keys.get(str(sealed.get("key_id")))
    if public is None:
        return [f"it is signed by the key {name}, which is not among the trusted keys"]
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public))
        key.verify(bytes.fromhex(str(sealed.get("signature"))), str(sealed.get("seal")).encode())
    except (InvalidSignature, ValueError):
        return [f"the signature is not that of the key {name}"]
    return []


def said(foreign: Any) -> str:
    """What a file says, as it may be shown on a screen: nothing in it commands a terminal."""
    return ascii(str(foreign))[1:-1][:80]


def fingerprint(public: str) -> str:
    """A public key as people compare it."""
    return hashlib.sha256(b64decode(public)).hexdigest()[:32]


def read_keys(path: Path) -> dict[str, str]:
    """The public keys (base64) by their ids; none where there is no such file. Raises ValueError."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict) or not all(isinstance(public, str) for public in found.values()):
        raise ValueError("not an object of ids and keys")
    if any(len(b64decode(public, validate=True)) != KEY_BYTES for public in found.values()):
        raise ValueError("not keys of Ed25519")
    return {str(name): public for name, public in found.items()}
