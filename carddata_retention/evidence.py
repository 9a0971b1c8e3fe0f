"""What proves a removal inside the ledger: the digests of its tombstones and batches, and the names of its records.

Pure functions. A batch row carries the digest of its own tombstones, which the database takes in the transaction of
the removal (`digests.py` says the same in SQL); so two connections never wait for each other's hash. Digests are taken
over exactly what the ledger stores. A run's tree, head and seal are those of `verifier/`, which auditors read.
"""

import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache
from json.encoder import encode_basestring as _quoted


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


def reference(key: bytes, table: str, record_key: str) -> str:
    """The name of a record outside the ledger: a keyed hash of table and key, never of a card number."""
    named = _keyed(key).copy()
    named.update(f"[{_quoted(table)},{_quoted(record_key)}]".encode())  # the canonical form of [table, record_key]
    return named.hexdigest()[:32]


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> hmac.HMAC:
    """Copied for each message: making one takes longer than all the rest."""
    return hmac.new(key, digestmod="sha256")
