"""Commitments to a run's inputs: spec/matching, step 3.

One Merkle tree a side. Leaf j = SHA-256(0x00 || salt_j || token_j || SHA-256(holders_j)), in an order shuffled across records. `holders` are the
records behind a token: random handle, salted commitment to the record's journal entry, root over its second-round values, profile. Salts
and dummies come from seeds that are never opened; single leaves are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from detente import kernel
from detente.errors import FailedCheck, Malformed

HASH = 32
HANDLE = 16
NO_HOLDERS = b""
MAX_PROFILE = 1024
MAX_HOLDERS = 255


def padded(count: int, floor: int = 8) -> int:
    """The size that is declared for `count`: the next step of a ladder of at most 10 % a step, so the true size stays unknown within it.

    >>> padded(3), padded(100), padded(2982)
    (8, 105, 2983)
    """
    size = floor
    while size < count:
        size += max(1, size // 10)
    return size


def derive(seed: bytes, *labels: str | int | bytes) -> bytes:
    """A 32-byte value from a seed, one for every sequence of labels (length-prefixed, so no two sequences collide)."""
    hasher = hashlib.sha256(b"detente/derive/1" + seed)
    for label in labels:
        data = label if isinstance(label, bytes) else str(label).encode()
        hasher.update(len(data).to_bytes(4, "big") + data)
    return hasher.digest()


def dummy(seed: bytes) -> bytes:
    """The token that stands where there is none. Whoever sees the seed can tell that it is no token."""
    return hashlib.sha256(b"detente/dummy/1" + seed).digest()


@dataclass(frozen=True, slots=True)
class Holder:
    """One record behind a token, as the peer sees it when the leaf opens: nothing of it but handle, entry commitment, values root, profile."""

    handle: bytes  # 16 bytes, random in this run
    entry: bytes  # 32 bytes, salted commitment to the record's journal entry
    values: bytes  # 32 bytes, root over its second-round values
    profile: bytes  # canonical JSON of small integers

    def encode(self) -> bytes:
        return self.handle + self.entry + self.values + len(self.profile).to_bytes(2, "big") + self.profile


def encode_holders(holders: Sequence[Holder]) -> bytes:
    """One byte of count, then each holder. A dummy has none: b''."""
    return bytes([len(holders)]) + b"".join(h.encode() for h in holders) if holders else NO_HOLDERS


def decode_holders(data: bytes, cap: int) -> tuple[Holder, ...]:
    """Reads what `encode_holders` wrote. Malformed where it is anything else or over the cap."""
    if not data:
        return ()
    count, offset, holders = data[0], 1, []
    if not 0 < count <= min(cap, MAX_HOLDERS):
        raise Malformed("a token with more holders than the agreement's cap", data[:4096])
    fixed = HANDLE + 2 * HASH
    for _ in range(count):
        head = data[offset : offset + fixed + 2]
        if len(head) != fixed + 2:
            raise Malformed("holders of a token end too early", data[:4096])
        size = int.from_bytes(head[fixed:], "big")
        profile = data[offset + fixed + 2 : offset + fixed + 2 + size]
        if size > MAX_PROFILE or len(profile) != size:
            raise Malformed("a profile of the wrong length", data[:4096])
        holders.append(Holder(head[:16], head[16:48], head[48:80], profile))
        offset += fixed + 2 + size
    if offset != len(data) or len({h.handle for h in holders}) != count:
        raise Malformed("holders of a token do not fill their bytes", data[:4096])
    return tuple(holders)


def leaf_hash(salt: bytes, token: bytes, holders: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + salt + token + hashlib.sha256(holders).digest()).digest()


@dataclass(frozen=True, slots=True)
class Leaf:
    """An opened leaf. `path` are the sibling hashes from the leaf up."""

    position: int
    salt: bytes
    token: bytes
    holders: bytes
    path: bytes

    def verify(self, root: bytes, size: int) -> None:
        """Raises FailedCheck unless this leaf stands at its position under a root of `size` leaves."""
        if not 0 <= self.position < size or len(self.salt) != HASH or len(self.token) != HASH:
            raise FailedCheck(self.token)  # with free lengths one leaf would open as two tokens
        found = leaf_hash(self.salt, self.token, self.holders)
        if not kernel.merkle_verify(found, self.position, size, self.path, root):
            raise FailedCheck(self.token)


class Commitment:
    """Our own committed inputs: knows every leaf and opens single ones.

    `tokens` are n rows of 32 bytes; `holders[j]` the encoded holders of token j.
    """

    def __init__(self, tokens: bytes, holders: Sequence[bytes], seed: bytes) -> None:
        self.size = len(tokens) // HASH
        self._tokens = tokens
        self._holders = holders
        self._salts = kernel.expand(seed, b"detente/salt/1", self.size, HASH)
        known = {h: hashlib.sha256(h).digest() for h in set(holders)}  # many are equal: a dummy has none
        digests = known.popitem()[1] * self.size if len(known) == 1 else b"".join(known[h] for h in holders)
        rows = bytearray(self.size * 3 * HASH)
        view = memoryview(rows)
        for column, source in enumerate((self._salts, tokens, digests)):
            _interleave(view, source, column, 3)
        self._levels = kernel.merkle_levels(kernel.hash_rows(b"\x00", bytes(rows), 3 * HASH))
        self.root = self._levels[-HASH:] if self.size else hashlib.sha256(b"").digest()

    def open(self, position: int) -> Leaf:
        row = slice(position * HASH, (position + 1) * HASH)
        path = kernel.merkle_path(self._levels, self.size, position)
        return Leaf(position, self._salts[row], self._tokens[row], self._holders[position], path)

    def __repr__(self) -> str:
        return f"Commitment(n={self.size})"


def _interleave(target: memoryview, source: bytes, column: int, columns: int) -> None:
    """Writes 32-byte rows of `source` into one column of a row-major buffer."""
    import numpy as np

    cells = np.frombuffer(target, dtype=np.uint8).reshape(-1, columns, HASH)
    cells[:, column, :] = np.frombuffer(source, dtype=np.uint8).reshape(-1, HASH)


class Values:
    """The second-round values of one record, committed: leaf = SHA-256(0x02 || salt || kind, value), padded to `capacity` leaves.

    The tree tells only its capacity, which the agreement fixes; the profile tells how many values there are of each kind.
    """

    def __init__(self, values: Sequence[tuple[str, str]], capacity: int, seed: bytes) -> None:
        if len(values) > capacity:
            raise ValueError("more values than the agreed capacity")
        self.values = tuple(values)
        self.capacity = max(1, capacity)
        self._seed = seed
        salts = kernel.expand(seed, b"detente/value-salt/1", self.capacity, HASH)
        leaves = [value_leaf(salts[i * HASH : (i + 1) * HASH], k, v) for i, (k, v) in enumerate(values)]
        leaves += [salts[i * HASH : (i + 1) * HASH] for i in range(len(values), self.capacity)]
        self._leaves = b"".join(leaves)
        self.root = kernel.merkle_root(self._leaves)

    def open(self, index: int) -> tuple[bytes, bytes]:
        """Salt and path of one value."""
        salts = kernel.expand(self._seed, b"detente/value-salt/1", self.capacity, HASH)
        levels = kernel.merkle_levels(self._leaves)
        return salts[index * HASH : (index + 1) * HASH], kernel.merkle_path(levels, self.capacity, index)

    def __repr__(self) -> str:
        return f"Values(n={len(self.values)})"


def value_leaf(salt: bytes, kind: str, value: str) -> bytes:
    name, text = kind.encode(), value.encode()
    return hashlib.sha256(b"\x02" + salt + len(name).to_bytes(2, "big") + name + text).digest()


def verify_value(
    root: bytes, capacity: int, index: int, salt: bytes, kind: str, value: str, path: bytes
) -> None:
    """Raises FailedCheck unless (kind, value) stands at `index` under the values root of a record."""
    if not 0 <= index < capacity or not kernel.merkle_verify(
        value_leaf(salt, kind, value), index, capacity, path, root
    ):
        raise FailedCheck(root)
