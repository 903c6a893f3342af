"""spec/engine-rr22 written down a second time, plainly: what can be recomputed from the inspector's records, and the stages.

Shares no code with the kernel but AES (the cryptography package). Slow and small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
M32 = 0xFFFFFFFF
CHUNK_START, CHUNK_END, ROOT, KEYED, DERIVE_CONTEXT, DERIVE_KEY = 1, 2, 8, 16, 32, 64


def _rotate(x: int, by: int) -> int:
    return (x >> by | x << (32 - by)) & M32


def _compress(cv: tuple[int, ...], block: bytes, length: int, counter: int, flags: int) -> list[int]:
    m = [int.from_bytes(block[4 * i : 4 * i + 4], "little") for i in range(16)]
    v = [*cv, *IV[:4], counter & M32, counter >> 32, length, flags]
    for turn in range(7):
        places = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)]
        places += [(0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]
        for i, (a, b, c, d) in enumerate(places):
            for x, down, up in ((m[2 * i], 16, 12), (m[2 * i + 1], 8, 7)):
                v[a] = (v[a] + v[b] + x) & M32
                v[d] = _rotate(v[d] ^ v[a], down)
                v[c] = (v[c] + v[d]) & M32
                v[b] = _rotate(v[b] ^ v[c], up)
        if turn < 6:
            m = [m[i] for i in ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)] + [v[i + 8] ^ cv[i] for i in range(8)]


def blake3(data: bytes, size: int = 32, key: bytes | None = None, flags: int = 0) -> bytes:
    """BLAKE3 of at most one chunk (1024 bytes), any output size."""
    assert len(data) <= 1024
    cv = IV if key is None else tuple(int.from_bytes(key[4 * i : 4 * i + 4], "little") for i in range(8))
    flags |= 0 if key is None or flags else KEYED
    blocks = [data[i : i + 64] for i in range(0, len(data), 64)] or [b""]
    for i, block in enumerate(blocks[:-1]):
        start = CHUNK_START if i == 0 else 0
        cv = tuple(_compress(cv, block, 64, 0, flags | start)[:8])
    last = flags | CHUNK_END | ROOT | (CHUNK_START if len(blocks) == 1 else 0)
    out = b""
    while len(out) < size:
        words = _compress(cv, blocks[-1].ljust(64, b"\0"), len(blocks[-1]), len(out) // 64, last)
        out += b"".join(word.to_bytes(4, "little") for word in words)
    return out[:size]


def derive_key(label: str, data: bytes, size: int = 32) -> bytes:
    return blake3(data, size, blake3(label.encode(), flags=DERIVE_CONTEXT), DERIVE_KEY)


def le8(n: int) -> bytes:
    return n.to_bytes(8, "little")


def number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def times(a: int, b: int) -> int:
    """Product in GF(2^128)."""
    result = 0
    while b:
        if b & 1:
            result ^= a
        a, b = a << 1, b >> 1
        if a >> 128:
            a ^= (1 << 128) | 0x87
    return result


def stream(key: bytes, blocks: int) -> list[int]:
    cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    data = cipher.update(b"".join(i.to_bytes(16, "little") for i in range(blocks)))
    return [number(data[16 * i : 16 * i + 16]) for i in range(blocks)]


def context_of(context: bytes, first: int, second: int) -> bytes:
    return derive_key("detente rr22 v1 context", le8(first) + le8(second) + context)


def key_of(ctx: bytes, label: str, direction: int, extra: bytes = b"") -> bytes:
    return blake3(bytes([len(label)]) + label.encode() + bytes([direction]) + extra, key=ctx)


@dataclass(frozen=True)
class Table:
    bins: int
    capacity: int
    sparse: int
    dense: int

    @property
    def columns(self) -> int:
        return self.bins * (self.sparse + self.dense)


def table_of(n: int) -> Table:
    n = max(n, 128)
    bins = -(-n // (1 << 14))
    bits = 50.0 if bins == 1 else 51 + math.log2(bins)
    capacity = n
    if bins > 1:
        mean = n / bins
        capacity = math.ceil(mean)
        while True:
            r = (capacity + 1) / mean
            if mean * (r * math.log(r) - r + 1) / math.log(2) >= bits:
                break
            capacity += 1
    w = math.log2(3)
    s = 2 ** (0.555 * math.log2(capacity) + 0.093 * w**3 - 1.01 * w**2 + 2.925 * w - 0.133)
    e = 1.223 + (bits + 9.2) / s
    sparse = -(-math.ceil(e * capacity) // 4) * 4
    return Table(bins, capacity, sparse, max(1, math.floor(bits / math.log2(e * capacity))))


@dataclass(frozen=True)
class Row:
    bin: int
    columns: tuple[int, int, int]
    value: int
    factor: int


def row_of(table: Table, key: bytes, token: bytes) -> Row:
    h = blake3(token, 64, key)
    a, b, c = ((number(h[40 + 4 * i : 44 + 4 * i]) * (table.sparse - i)) >> 32 for i in range(3))
    b += b >= a
    low, high = min(a, b), max(a, b)
    c += c >= low
    c += c >= high
    place = (number(h[32:40]) * table.bins) >> 64
    return Row(place, (a, b, c), number(h[:16]), number(h[16:32]))


def decode(table: Table, row: Row, columns: list[int]) -> int:
    start = row.bin * (table.sparse + table.dense)
    result, power = 0, 1
    for c in row.columns:
        result ^= columns[start + c]
    for j in range(table.dense):
        power = times(power, row.factor)
        result ^= times(power, columns[start + table.sparse + j])
    return result


def encode_vector(k: int, values: list[int]) -> list[int]:
    """The code of the dual LPN: 2k values to k."""
    z = derive_key("detente rr22 v1 exconv 21x24", le8(k), 48)
    u = values[k:]
    for half in (z[16:32], z[32:48]):
        words = stream(half, -(-k // 4))
        for j in range(k):
            word = words[j // 4] >> (32 * (j % 4))
            total = times(u[j] ^ u[(j - 25) % k], 2)
            for q in range(1, 25):
                if word >> (q - 1) & 1:
                    total ^= u[(j - q) % k]
            u[j] = total
    picks = stream(z[:16], 6 * k)
    out = []
    for i in range(k):
        total = values[i]
        for j in range(21):
            w = (picks[6 * i + j // 4] >> (32 * (j % 4))) & M32
            total ^= u[(w * (k // 11) >> 32) + j * (k // 11) if j < 11 else w * k >> 32]
        out.append(total)
    return out


def tree_leaves(
    ctx: bytes, direction: int, root: int, leaves: int, depth: int
) -> tuple[list[int], list[tuple[int, int]]]:
    """One GGM tree: its leaves, and the sums of even and odd nodes of every level."""
    keys = key_of(ctx, "ggm", direction)
    ciphers = [Cipher(algorithms.AES(keys[i : i + 16]), modes.ECB()).encryptor() for i in (0, 16)]
    nodes, sums = [root], []
    for level in range(1, depth + 1):
        grown = [number(c.update(s.to_bytes(16, "little"))) ^ s for s in nodes for c in ciphers]
        nodes = grown[: -(-leaves // (1 << (depth - level)))]
        even, odd = 0, 0
        for i, node in enumerate(nodes):
            even, odd = (even, odd ^ node) if i % 2 else (even ^ node, odd)
        sums.append((even, odd))
    return nodes, sums


@dataclass(frozen=True)
class Record:
    """What a party keeps for the inspector."""

    delta: int
    keyed_mask: int
    queried_mask: int
    received_seed: bytes
    sent_seed: bytes
    keyed: list[int]
    queried: list[int]
    encoded: list[int]


def read_record(data: bytes, keyed: int, queried: int) -> Record:
    blocks = [number(data[i : i + 16]) for i in range(0, len(data), 16)]
    columns = blocks[7:]
    assert len(columns) == keyed + 2 * queried
    return Record(
        *blocks[:3], data[48:80], data[80:112],
        columns[:keyed], columns[keyed : keyed + queried], columns[keyed + queried :],
    )  # fmt: skip


def outputs_of(ctx: bytes, sizes: tuple[int, int], record: Record, first: bool, tokens: list[bytes]) -> bytes:
    """F of a party's tokens from its own record: C where it queried, K and delta where it keyed."""
    keyed_direction, queried_direction = (1, 2) if first else (2, 1)
    ours, theirs = sizes if first else sizes[::-1]
    keyed_table, queried_table = table_of(theirs), table_of(ours)
    out = b""
    for token in tokens:
        queried = row_of(queried_table, key_of(ctx, "row", queried_direction, record.sent_seed), token)
        assert decode(queried_table, queried, record.encoded) == queried.value
        keyed = row_of(keyed_table, key_of(ctx, "row", keyed_direction, record.received_seed), token)
        found = {
            queried_direction: decode(queried_table, queried, record.queried) ^ record.queried_mask,
            keyed_direction: decode(keyed_table, keyed, record.keyed)
            ^ times(record.delta, keyed.value)
            ^ record.keyed_mask,
        }
        halves = [
            blake3(found[d].to_bytes(16, "little") + token, 16, key_of(ctx, "output", d)) for d in (1, 2)
        ]
        out += blake3(b"".join(halves) + token, 32, key_of(ctx, "combine", 0))
    return out
