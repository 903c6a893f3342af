"""Results, audit positions and opening in turn: spec/matching, steps 5 to 7.

A side's result list has one entry an input: (16-byte tag H(role, F(x)), input position). It is cut into k buckets by the leading bits of F(x)
and sorted by tag within. Each bucket is a small Merkle tree whose leaves are salted from a seed of that bucket, so one entry can be
opened for the audit without telling of its neighbours, and a whole bucket opens with 32 bytes and 20 bytes an entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from detente import kernel
from detente.errors import FailedCheck, Malformed
from detente.psi.commitment import HASH, derive
from detente.psi.engine import OUTPUT_BYTES, Role

TAG = 16
ENTRY = TAG + 4
HEAD = 4 + HASH
MAX_BUCKETS = 4096


def tags(role: Role, outputs: bytes) -> np.ndarray:
    """The tag of each output as published by `role`: (n, 16) bytes. The role in the hash keeps a list from being sent back as one's own."""
    digests = kernel.hash_rows(b"detente/tag/1/" + role.value.encode(), outputs, OUTPUT_BYTES)
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, HASH)[:, :TAG]


def bucket_of(outputs: bytes, buckets: int) -> np.ndarray:
    """Which bucket each output falls into, by its leading bits. `buckets` is a power of two."""
    rows = np.frombuffer(outputs, dtype=np.uint8).reshape(-1, OUTPUT_BYTES)
    leading = rows[:, :4].astype(np.uint32)
    number = leading[:, 0] << 24 | leading[:, 1] << 16 | leading[:, 2] << 8 | leading[:, 3]
    return (number.astype(np.uint64) * buckets >> 32).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Entry:
    """One opened entry of a result list, for the audit."""

    bucket: int
    index: int
    tag: bytes
    position: int
    salt: bytes
    path: bytes


@dataclass(frozen=True, slots=True)
class Heads:
    """What a side commits to: (count, root) of each bucket."""

    counts: tuple[int, ...]
    roots: tuple[bytes, ...]

    def encode(self) -> bytes:
        return b"".join(c.to_bytes(4, "big") + r for c, r in zip(self.counts, self.roots, strict=True))

    @classmethod
    def decode(cls, data: bytes, buckets: int, size: int) -> Heads:
        """Malformed unless there are `buckets` heads that count `size` entries together."""
        if len(data) != buckets * HEAD:
            raise Malformed("a list of bucket heads of the wrong length", data[:4096])
        rows = [data[i : i + HEAD] for i in range(0, len(data), HEAD)]
        counts = tuple(int.from_bytes(row[:4], "big") for row in rows)
        if sum(counts) != size:
            raise Malformed("bucket heads that do not add up to the declared size", data[:4096])
        return cls(counts, tuple(row[4:] for row in rows))

    def verify_entry(self, entry: Entry) -> None:
        """Raises FailedCheck unless the entry stands where it says."""
        count = self.counts[entry.bucket]
        leaf = _entry_hash(entry.salt, entry.tag, entry.position)
        if not 0 <= entry.index < count or len(entry.salt) != HASH or len(entry.tag) != TAG:
            raise FailedCheck(entry.tag)
        if not kernel.merkle_verify(leaf, entry.index, count, entry.path, self.roots[entry.bucket]):
            raise FailedCheck(entry.tag)

    def open_bucket(self, bucket: int, data: bytes, size: int) -> Bucket:
        """Checks an opened bucket against its head. `size` is the declared number of inputs. Malformed or FailedCheck."""
        count = self.counts[bucket]
        if len(data) != HASH + count * ENTRY:
            raise Malformed("an opened bucket of the wrong length", data[:4096])
        entries = np.frombuffer(data, dtype=np.uint8, offset=HASH).reshape(count, ENTRY)
        if _bucket_tree(data[:HASH], entries)[-HASH:] != self.roots[bucket]:
            raise FailedCheck(data[:4096])
        found = Bucket(*_as_keys(entries[:, :TAG]), _positions(entries))
        if count and (not found.ascending() or found.positions.max() >= size):
            raise FailedCheck(data[:4096])
        return found


@dataclass(frozen=True, slots=True)
class Bucket:
    """An opened bucket: sorted tags (upper and lower 64 bits) and the input positions they claim."""

    high: np.ndarray
    low: np.ndarray
    positions: np.ndarray

    def ascending(self) -> bool:
        """Whether tags ascend strictly: so none stands twice."""
        above = self.high[1:] > self.high[:-1]
        tied = (self.high[1:] == self.high[:-1]) & (self.low[1:] > self.low[:-1])
        return bool(np.all(above | tied))

    def find(self, wanted: np.ndarray) -> list[tuple[int, int]]:
        """(row in `wanted`, their position) for each wanted tag, as (n, 16) bytes, that is in the bucket."""
        rows, positions = self.meet(wanted)
        return list(zip(rows.tolist(), positions.tolist(), strict=True))

    def meet(self, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What `find` finds, as two columns, by ascending row."""
        nothing = np.empty(0, dtype=np.int64)
        if not len(self.high) or not len(wanted):
            return nothing, nothing
        high, low = _as_keys(wanted)
        at = np.searchsorted(self.high, high, side="left")
        rows, found, where = np.arange(len(high)), [nothing], [nothing]
        # One step for all rows, and one more for those whose upper 64 bits meet another tag's: hardly ever any.
        while len(rows):
            inside = at < len(self.high)
            rows, at = rows[inside], at[inside]
            met = self.high[at] == high[rows]
            rows, at = rows[met], at[met]
            same = self.low[at] == low[rows]
            found.append(rows[same])
            where.append(self.positions[at[same]])
            rows, at = rows[~same], at[~same] + 1
        all_rows, all_positions = np.concatenate(found), np.concatenate(where)
        order = np.argsort(all_rows, kind="stable")
        return all_rows[order], all_positions[order]


class Results:
    """Our own result list, committed by bucket."""

    def __init__(self, role: Role, outputs: bytes, buckets: int, seed: bytes) -> None:
        self._seed = seed
        self.bucket = bucket_of(outputs, buckets)
        mine = tags(role, outputs)
        order = _sorted(self.bucket, *_as_keys(mine), buckets)
        rows = np.empty((len(order), ENTRY), dtype=np.uint8)
        rows[:, :TAG] = mine[order]
        rows[:, TAG:] = order.astype(">u4").view(np.uint8).reshape(-1, 4)
        bounds = np.searchsorted(self.bucket[order], np.arange(buckets + 1))
        self._entries = [rows[bounds[b] : bounds[b + 1]] for b in range(buckets)]
        self._place = np.empty(len(order), dtype=np.int64)
        self._place[order] = np.arange(len(order)) - bounds[self.bucket[order]]
        roots = tuple(
            _bucket_tree(self._bucket_seed(b), rows)[-HASH:] for b, rows in enumerate(self._entries)
        )
        self.heads = Heads(tuple(len(rows) for rows in self._entries), roots)

    def _bucket_seed(self, bucket: int) -> bytes:
        return derive(self._seed, "bucket", bucket)

    def open_bucket(self, bucket: int) -> bytes:
        """The bucket's salt seed, then its entries."""
        return self._bucket_seed(bucket) + self._entries[bucket].tobytes()

    def positions(self, bucket: int) -> np.ndarray:
        """Which of our inputs fall into a bucket."""
        return _positions(self._entries[bucket])

    def open_entry(self, position: int) -> Entry:
        """The entry of one input, with its place and path, for the audit."""
        bucket, index = int(self.bucket[position]), int(self._place[position])
        entries = self._entries[bucket]
        seed = self._bucket_seed(bucket)
        salts = kernel.expand(seed, b"detente/entry-salt/1", len(entries), HASH)
        path = kernel.merkle_path(_bucket_tree(seed, entries), len(entries), index)
        tag = entries[index, :TAG].tobytes()
        return Entry(bucket, index, tag, position, salts[index * HASH : (index + 1) * HASH], path)


def audit_positions(coin: bytes, size: int, sample: int) -> list[int]:
    """Which positions are opened: `sample` distinct ones of `size` (all where there are fewer), from the joint coin, ascending.

    >>> audit_positions(bytes(32), 10, 3) == audit_positions(bytes(32), 10, 3)
    True
    """
    if sample >= size:
        return list(range(size))
    chosen: set[int] = set()
    counter = 0
    while len(chosen) < sample:
        block = hashlib.sha256(b"detente/audit/1" + coin + counter.to_bytes(4, "big")).digest()
        # 64 bits against at most 2^24 positions: the bias of the remainder is below 2^-40
        chosen.add(int.from_bytes(block[:8], "big") % size)
        counter += 1
    return sorted(chosen)


def _entry_hash(salt: bytes, tag: bytes, position: int) -> bytes:
    return hashlib.sha256(b"\x00" + salt + tag + position.to_bytes(4, "big")).digest()


def _bucket_tree(seed: bytes, entries: np.ndarray) -> bytes:
    """Every level of a bucket's tree, leaves first. An empty bucket has the hash of nothing as its root."""
    count = len(entries)
    if not count:
        return hashlib.sha256(b"").digest()
    rows = np.empty((count, HASH + ENTRY), dtype=np.uint8)
    salts = kernel.expand(seed, b"detente/entry-salt/1", count, HASH)
    rows[:, :HASH] = np.frombuffer(salts, dtype=np.uint8).reshape(count, HASH)
    rows[:, HASH:] = entries
    return kernel.merkle_levels(kernel.hash_rows(b"\x00", rows.tobytes(), HASH + ENTRY))


def _sorted(bucket: np.ndarray, high: np.ndarray, low: np.ndarray, buckets: int) -> np.ndarray:
    """By bucket, then by tag: bucket by bucket on the upper 64 bits, and on all of a tag where these tie."""
    order = np.argsort(bucket.astype(np.uint16), kind="stable")
    bounds = np.searchsorted(bucket[order], np.arange(buckets + 1))
    for start, end in pairwise(bounds):
        rows = order[start:end]
        keys = high[rows]
        by_high = np.argsort(keys)
        if np.any(keys[by_high[1:]] == keys[by_high[:-1]]):
            by_high = np.lexsort((low[rows], keys))
        order[start:end] = rows[by_high]
    return order


def _as_keys(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 16) bytes as two columns of 64 bits, so that they sort as big-endian strings do."""
    pairs = np.ascontiguousarray(rows).view(">u8").reshape(-1, 2)
    return pairs[:, 0].astype(np.uint64), pairs[:, 1].astype(np.uint64)


def _positions(entries: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(entries[:, TAG:]).view(">u4").reshape(-1).astype(np.int64)


def overlap_of(found: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Our position -> theirs. FailedCheck where two of ours meet one of theirs or the reverse."""
    ours = dict(found)
    if len(ours) != len(found) or len(set(ours.values())) != len(found):
        raise FailedCheck()
    return ours
