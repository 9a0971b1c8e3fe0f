"""A Merkle tree over a list (RFC 6962, section 2.1): one root for all leaves, a short path to prove one of them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .form import canonical


def leaf_hash(entry: Mapping[str, Any]) -> bytes:
    """The hash of a leaf (RFC 6962)."""
    return hashlib.sha256(b"\0" + canonical(entry)).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees (RFC 6962)."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """The root over a list of leaf hashes that grows; remembers only its perfect subtrees."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[tuple[int, bytes]] = []

    def add(self, hashed: bytes) -> None:
        """One more leaf, behind the others."""
        self.size += 1
        size = 1
        while self._subtrees and self._subtrees[-1][0] == size:
            hashed, size = node_hash(self._subtrees.pop()[1], hashed), size * 2
        self._subtrees.append((size, hashed))

    def root(self) -> str:
        """The root so far, in hex; of no leaf, the hash of nothing."""
        if not self._subtrees:
            return hashlib.sha256().hexdigest()
        *others, (_, whole) = self._subtrees
        for _, left in reversed(others):
            whole = node_hash(left, whole)
        return whole.hex()


def path_to(hashes: Sequence[bytes], index: int) -> list[str]:
    """The subtrees beside the way from the leaf at `index` to the root, the nearest first, in hex."""
    if len(hashes) <= 1:
        return []
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    near, far, at = (hashes[:middle], hashes[middle:], index) if index < middle else (
        hashes[middle:], hashes[:middle], index - middle)
    beside = Tree()
    for hashed in far:
        beside.add(hashed)
    return [*path_to(near, at), beside.root()]


def root_by_path(hashed: bytes, index: int, size: int, path: Iterable[str]) -> str | None:
    """The root to which the path leads from the leaf at `index` of `size` (RFC 9162, 2.1.3.2); None: it leads nowhere.
    """
    at, last = index, size - 1
    for step in path:
        if not last:
            return None
        if at & 1 or at == last:
            hashed = node_hash(bytes.fromhex(step), hashed)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            hashed = node_hash(hashed, bytes.fromhex(step))
        at, last = at >> 1, last >> 1
    return None if last else hashed.hex()
