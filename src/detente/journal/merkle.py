"""The Merkle tree of RFC 9162 section 2.1 over SHA-256: roots, inclusion and consistency proofs.

It stores nothing: complete subtrees come from `hash_at(level, index)`, and an append says which of them it
completed, for the store to keep. Level 0 holds leaf hashes; node (level, index) covers the leaves from index
* 2**level on, 2**level of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from detente.errors import FailedCheck, Misuse

HASH_BYTES = 32
MAX_PROOF = 64
"""No tree of fewer than 2^63 leaves has a longer proof."""

EMPTY_ROOT = hashlib.sha256(b"").digest()

HashAt: TypeAlias = Callable[[int, int], bytes]
"""(level, index) -> the 32 bytes of a complete subtree."""


@dataclass(frozen=True, slots=True)
class Node:
    """A complete subtree: what a store keeps, for ever."""

    level: int
    index: int
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """RFC 9162 section 2.1.1: the hash of one entry.

    >>> leaf_hash(b"").hex()[:16]
    '6e340b9cffb37a98'
    """
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 9162 section 2.1.1: the hash of two subtrees; its prefix keeps nodes and leaves apart."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree as it grows: its size and the roots of its complete subtrees, widest first.

    Thirty hashes hold a billion leaves.

    >>> frontier, nodes = Frontier().append(leaf_hash(b"entry"))
    >>> frontier.root == leaf_hash(b"entry"), [node.level for node in nodes]
    (True, [0])
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> tuple[Frontier, tuple[Node, ...]]:
        """The tree with one more leaf hash, and the subtrees that this completed, lowest first."""
        peaks, index, level, running = list(self.peaks), self.size, 0, leaf
        nodes = [Node(0, index, running)]
        while index & 1:
            running = node_hash(peaks.pop(), running)
            index, level = index >> 1, level + 1
            nodes.append(Node(level, index, running))
        return Frontier(self.size + 1, (*peaks, running)), tuple(nodes)

    @property
    def root(self) -> bytes:
        """The tree head. Of no leaves: the hash of nothing."""
        if not self.peaks:
            return EMPTY_ROOT
        running = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            running = node_hash(peak, running)
        return running

    @classmethod
    def load(cls, size: int, hash_at: HashAt) -> Frontier:
        """The frontier of a stored tree: reads one hash for each bit set in `size`."""
        peaks, covered = [], 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                peaks.append(hash_at(level, covered >> level))
                covered += 1 << level
        return cls(size, tuple(peaks))


def root_at(size: int, hash_at: HashAt) -> bytes:
    """The head that a stored tree had when it held `size` leaves."""
    return Frontier.load(size, hash_at).root


def inclusion_proof(index: int, size: int, hash_at: HashAt) -> tuple[bytes, ...]:
    """RFC 9162 section 2.1.3.1: what shows that leaf `index` is in the tree of `size` leaves.

    Raises Misuse if it is not.

    >>> leaves = [leaf_hash(b"a"), leaf_hash(b"b")]
    >>> inclusion_proof(0, 2, lambda level, index: leaves[index]) == (leaves[1],)
    True
    """
    if not 0 <= index < size:
        raise Misuse("that entry is not in a tree of this size")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_subtree(middle, end, hash_at))
            end = middle
        else:
            proof.append(_subtree(start, middle, hash_at))
            start = middle
    return tuple(reversed(proof))


def consistency_proof(old: int, new: int, hash_at: HashAt) -> tuple[bytes, ...]:
    """RFC 9162 section 2.1.4.1: what shows that the tree of `old` leaves is a prefix of that of `new`.

    Raises Misuse.

    It is empty where nothing needs showing: from the empty tree, or to the same size.
    """
    if not 0 <= old <= new:
        raise Misuse("a tree does not shrink")
    if old in (0, new):
        return ()
    proof: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_subtree(middle, end, hash_at))
            end = middle
        else:
            proof.append(_subtree(start, middle, hash_at))
            start, whole = middle, False
    if not whole:
        proof.append(_subtree(start, end, hash_at))
    return tuple(reversed(proof))


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Returns if the proof shows this leaf hash at this index; else FailedCheck (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        raise FailedCheck
    _check_shape(proof)
    position, last, running = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise FailedCheck
        if position & 1 or position == last:
            running = node_hash(sibling, running)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            running = node_hash(running, sibling)
        position, last = position >> 1, last >> 1
    if last != 0 or running != root:
        raise FailedCheck


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Returns if the proof shows the old tree to begin the new; else FailedCheck (RFC 9162 2.1.4.2)."""
    if not 0 <= old <= new:
        raise FailedCheck
    _check_shape(proof)
    if old in (0, new):
        if proof or old_root != (EMPTY_ROOT if old == 0 else new_root):
            raise FailedCheck
        return
    path = list(proof)
    if old & (old - 1) == 0:
        # the old tree is one complete subtree: its root begins the path and is left out of the proof
        path.insert(0, old_root)
    if not path:
        raise FailedCheck
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise FailedCheck
        if position & 1 or position == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        position, last = position >> 1, last >> 1
    if last != 0 or first != old_root or second != new_root:
        raise FailedCheck


def _check_shape(proof: Sequence[bytes]) -> None:
    if len(proof) > MAX_PROOF or any(len(each) != HASH_BYTES for each in proof):
        raise FailedCheck


def _split(size: int) -> int:
    """The largest power of two below `size` (RFC 9162 section 2.1.1: k < n <= 2k)."""
    return 1 << (size - 1).bit_length() - 1


def _subtree(start: int, end: int, hash_at: HashAt) -> bytes:
    """The hash over the leaves [start, end), which the tree's shape makes a node."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return hash_at(level, start >> level)
    middle = start + _split(size)
    return node_hash(_subtree(start, middle, hash_at), _subtree(middle, end, hash_at))
