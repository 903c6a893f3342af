"""Pledges: many small rows committed at once, of which a few are opened together. spec/tokens-airspace, section 4.

Leaf j = SHA-256(0x05 || salt_j || row_j), inner nodes and shape as RFC 9162 section 2.1. The rows are opened with their salts and one proof for all
of them: level by level, lowest first, the siblings that the opened leaves do not yield themselves, in order.
"""

from __future__ import annotations

import hashlib

import numpy as np

from detente import kernel
from detente.errors import FailedCheck
from detente.psi.commitment import HASH

LEAF = b"\x05"
NODE = b"\x01"


class Pledge:
    """Rows of ours, committed. `rows` is n rows of `width` bytes; up to `size` random leaves hide how many there are.

    >>> pledge = Pledge(b"aabbcc", 2, 8, bytes(32))
    >>> salts, proof = pledge.open(np.array([0, 2]))
    >>> verify_rows(pledge.root, 8, np.array([0, 2]), b"aacc", 2, salts, proof)
    """

    def __init__(self, rows: bytes, width: int, size: int, seed: bytes) -> None:
        count = len(rows) // width
        if not count <= size or size < 1:
            raise ValueError("a pledge is at least as long as its rows")
        self.size = size
        self._salts = kernel.expand(seed, b"detente/pledge-salt/1", size, HASH)
        leaves = _leaves(self._salts[: count * HASH], rows, width) + self._salts[count * HASH :]
        self._levels = kernel.merkle_levels(leaves)
        self.root = self._levels[-HASH:]

    def open(self, positions: np.ndarray) -> tuple[bytes, bytes]:
        """Salts and proof of the rows at `positions`, ascending and distinct."""
        salts = np.frombuffer(self._salts, dtype=np.uint8).reshape(-1, HASH)[positions].tobytes()
        levels = np.frombuffer(self._levels, dtype=np.uint8).reshape(-1, HASH)
        proof, start, count = [], 0, self.size
        at = np.asarray(positions, dtype=np.int64)
        while count > 1 and len(at):
            proof.append(levels[start + _missing(at, count)].tobytes())
            start, count = start + count, (count + 1) // 2
            at = np.unique(at >> 1)
        return salts, b"".join(proof)

    def __repr__(self) -> str:  # never the rows
        return f"Pledge(n={self.size})"


def verify_rows(
    root: bytes, size: int, positions: np.ndarray, rows: bytes, width: int, salts: bytes, proof: bytes
) -> None:
    """Raises FailedCheck unless these rows stand at these positions, ascending and distinct, under a root of `size` leaves."""
    at = np.asarray(positions, dtype=np.int64)
    bad = len(at) and (at[0] < 0 or at[-1] >= size or bool(np.any(at[1:] <= at[:-1])))
    if bad or len(rows) != len(at) * width or len(salts) != len(at) * HASH or len(proof) % HASH:
        raise FailedCheck(root)
    if not len(at):
        if proof:
            raise FailedCheck(root)
        return
    hashes = _rows(_leaves(salts, rows, width))
    given, used, count = _rows(proof), 0, size
    while count > 1:
        missing = _missing(at, count)
        if used + len(missing) > len(given):
            raise FailedCheck(root)
        known = np.concatenate([at, missing])
        order = np.argsort(known, kind="stable")
        nodes = np.concatenate([hashes, given[used : used + len(missing)]])[order]
        used, known = used + len(missing), known[order]
        single = bool(known[-1] == count - 1 and count % 2)  # the last of an odd level moves up as it is
        pairs = nodes[:-1] if single else nodes
        hashes = _rows(kernel.hash_rows(NODE, pairs.tobytes(), 2 * HASH))
        if single:
            hashes = np.concatenate([hashes, nodes[-1:]])
        at, count = np.unique(at >> 1), (count + 1) // 2
    if used != len(given) or hashes.tobytes() != root:
        raise FailedCheck(root)


def _missing(at: np.ndarray, count: int) -> np.ndarray:
    """The siblings of these nodes that are not among them, ascending; the last of an odd level has none."""
    siblings = at ^ 1
    siblings = siblings[siblings < count]
    return np.setdiff1d(siblings, at, assume_unique=False)


def _leaves(salts: bytes, rows: bytes, width: int) -> bytes:
    if not rows:
        return b""
    joined = np.concatenate([_rows(salts), np.frombuffer(rows, dtype=np.uint8).reshape(-1, width)], axis=1)
    return kernel.hash_rows(LEAF, joined.tobytes(), HASH + width)


def _rows(data: bytes) -> np.ndarray:
    return np.frombuffer(data, dtype=np.uint8).reshape(-1, HASH)


def digest(data: bytes) -> bytes:
    """What stands in a row for something longer."""
    return hashlib.sha256(b"detente/pledged/1" + data).digest()
