"""What proves a removal: digests of tombstones, of batches, of runs, and the chain of seals. Pure functions.

A batch row carries the digest of its own tombstones, so that two connections never wait for each other's hash;
a run is sealed once, over its batches and the seal before it. Digests are taken over canonical JSON of exactly
what the ledger stores, so that they come out the same on every database.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from operator import attrgetter
from typing import Any

from carddata_retention.model import Tombstone

GENESIS = "0" * 64
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
FIELDS = tuple(field.name for field in fields(Tombstone))
_VALUES = attrgetter(*FIELDS)


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no blanks, UTF-8."""
    return _CANONICAL(value).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def tombstone_digest(tombstone: Tombstone) -> str:
    """Over every field that the ledger stores."""
    return digest(plain(tombstone))


def plain(tombstone: Tombstone) -> dict[str, Any]:
    """Its fields by name. Not `asdict`: a copy to the last depth takes longer than the removal itself."""
    return dict(zip(FIELDS, _VALUES(tombstone), strict=True))


def batch_digest(tombstones: Iterable[Tombstone]) -> str:
    """Over the digests of a batch's tombstones, in the order of their keys."""
    return digest(sorted(map(tombstone_digest, tombstones)))


def run_digest(facts: Mapping[str, Any], batches: Iterable[tuple[str, int, str]]) -> str:
    """Over a run's own row and (target, number, digest) of each of its batches."""
    return digest([dict(facts), sorted(map(list, batches))])


def seal(previous: str, run: str) -> str:
    """The link of the chain: over the seal before and the run's digest."""
    return digest([previous, run])


def signature(key: bytes, head: str) -> str:
    """A keyed hash of a seal; without the key nobody can make one that fits."""
    return hmac.digest(key, head.encode(), "sha256").hex()


def reference(key: bytes, table: str, record_key: str) -> str:
    """The name of a record outside the ledger: a keyed hash of table and key, never of a card number."""
    return hmac.digest(key, canonical([table, record_key]), "sha256").hex()[:32]
