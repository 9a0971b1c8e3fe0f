"""The tree against the definition in RFC 6962, section 2.1, written down as it stands there."""

import hashlib

import pytest

from carddata_retention.verifier.merkle import Tree, leaf_hash, path_to, root_by_path

SIZES = range(1, 34)


def leaves(size: int) -> list[bytes]:
    return [leaf_hash({"n": n}) for n in range(size)]


def defined(hashes: list[bytes]) -> bytes:
    """MTH: the largest power of two below the number of leaves parts them."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = max(2**e for e in range(10) if 2**e < len(hashes))
    return hashlib.sha256(b"\x01" + defined(hashes[:k]) + defined(hashes[k:])).digest()


def grown(hashes: list[bytes]) -> Tree:
    tree = Tree()
    for hashed in hashes:
        tree.add(hashed)
    return tree


def test_the_hash_of_a_leaf_and_of_nothing_are_those_of_the_rfc():
    assert leaf_hash({"n": 1}) == hashlib.sha256(b'\x00{"n":1}').digest()
    assert Tree().root() == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("size", SIZES)
def test_the_root_is_the_defined_one_whatever_the_size(size):
    assert grown(leaves(size)).root() == defined(leaves(size)).hex()
    assert grown(leaves(size)).size == size


@pytest.mark.parametrize("size", SIZES)
def test_each_leaf_has_a_path_that_leads_to_the_root_and_only_that_leaf_from_that_place(size):
    hashes, root = leaves(size), grown(leaves(size)).root()
    for at, hashed in enumerate(hashes):
        path = path_to(hashes, at)
        assert root_by_path(hashed, at, size, path) == root
        assert root_by_path(leaf_hash({"n": -1}), at, size, path) != root
        assert [n for n in range(size) if root_by_path(hashed, n, size, path) == root] == [at]


@pytest.mark.parametrize("size", SIZES[1:])
def test_a_path_that_is_too_long_or_too_short_leads_nowhere(size):
    hashes, root = leaves(size), grown(leaves(size)).root()
    for at, hashed in enumerate(hashes):
        path = path_to(hashes, at)
        assert root_by_path(hashed, at, size, path[:-1]) != root
        assert root_by_path(hashed, at, size, [*path, path[0]]) != root
