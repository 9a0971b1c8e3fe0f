"""What proves a removal: digests of tombstones, of batches, of runs, and the chain of seals. Pure functions.

A batch row carries the digest of its own tombstones, which the database takes in the transaction of the removal
(`digests.py` says the same in SQL); so two connections never wait for each other's hash. A run is sealed once, over
its batches and the seal before it. Digests are taken over exactly what the ledger stores.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from typing import Any

GENESIS = "0" * 64
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no blanks, UTF-8."""
    return _CANONICAL(value).encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def tombstone_line(seq: int, record_key: str, status: str, service_end: str | None) -> str:
    """One tombstone as its batch's digest reads it. The key's length stands before it: a key may hold anything."""
    return f"{seq}:{status}:{len(record_key)}:{record_key}:{service_end or ''}\n"


def leaf(salt: str, line: str) -> str:
    """The digest of one tombstone's line, in hex. The run's salt stays in the ledger: keys are easy to guess."""
    return hashlib.sha256((salt + line).encode()).hexdigest()


def text_digest(texts: Iterable[str]) -> str:
    """SHA-256 over texts one after the other, in hex: a batch's is over its tombstones' leaves in the order of seq."""
    whole = hashlib.sha256()
    for text in texts:
        whole.update(text.encode())
    return whole.hexdigest()


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
    named = _keyed(key).copy()
    named.update(f"[{_quoted(table)},{_quoted(record_key)}]".encode())  # the canonical form of [table, record_key]
    return named.hexdigest()[:32]


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> hmac.HMAC:
    """Copied for each message: making one takes longer than all the rest."""
    return hmac.new(key, digestmod="sha256")
