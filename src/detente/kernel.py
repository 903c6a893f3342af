"""The compiled kernel, typed: whole batches of bytes in, bytes out. Only this module imports `detente._kernel`.

Batches are contiguous rows: elements and scalars of 32 bytes (ristretto255, RFC 9496 encodings), tokens of
`width` bytes. `bytes` and views of `bytes` are read where they lie, other buffers are copied; the interpreter is
released while the kernel computes, on as many threads as there are processors (RAYON_NUM_THREADS sets another
number). Nothing here throws dice: seeds are 32-byte arguments.

Raises `Rejected` where a value of the peer's is not acceptable (one constant sentence, whatever it was) and
ValueError where the caller's own arguments do not fit together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from detente import _kernel
from detente._kernel import Rejected, Repeated, Rr22Session

Bytes: TypeAlias = bytes | bytearray | memoryview

ELEMENT_BYTES = 32
SCALAR_BYTES = 32
PROOF_BYTES = 64
HASH_BYTES = 32

__all__ = [
    "ELEMENT_BYTES",
    "HASH_BYTES",
    "PROOF_BYTES",
    "SCALAR_BYTES",
    "Bytes",
    "Rejected",
    "Repeated",
    "Rr22Session",
    "airspace_conflicts",
    "begin",
    "blind_with",
    "check",
    "check_element",
    "derive_key_pair",
    "evaluate",
    "expand",
    "finalize_with",
    "finish",
    "hash_rows",
    "hash_to_group",
    "merkle_climb",
    "merkle_levels",
    "merkle_path",
    "merkle_root",
    "merkle_verify",
    "prove",
    "prove_rfc",
    "rr22_columns",
    "rr22_force_portable",
    "rr22_inspect",
    "rr22_machine",
    "show",
    "verify",
    "verify_rfc",
]


# --- RFC 9497, ristretto255-SHA512, VOPRF mode ----------------------------------------------------


def derive_key_pair(seed: Bytes, info: Bytes) -> tuple[bytes, bytes]:
    """The secret scalar and the public element of a 32-byte seed: DeriveKeyPair, RFC 9497 section 3.2.1.

    >>> secret, public = derive_key_pair(bytes([0xA3]) * 32, b"test key")
    >>> public.hex()[:16]
    'c803e2cc6b05fc15'
    """
    return _kernel.derive_key_pair(seed, info)


def check_element(element: Bytes) -> None:
    """Returns if this is the canonical encoding of an element other than the identity (RFC 9497, section 4.1).

    Raises Rejected. There are no elements of small order: ristretto255 has prime order.
    """
    _kernel.check_element(element)


def hash_to_group(rows: Bytes, width: int) -> bytes:
    """One element a row: HashToGroup, RFC 9497 section 4.1. For tests and vectors: on one thread."""
    return _kernel.hash_to_group(rows, width)


def blind_with(blinds: Bytes, rows: Bytes, width: int) -> bytes:
    """`blind * HashToGroup(row)`, one element a row, with the blinds given: Blind, RFC 9497 section 3.3.2."""
    return _kernel.blind_with(blinds, rows, width)


def evaluate(key: Bytes, elements: Bytes) -> bytes:
    """`key * element` for each: BlindEvaluate, RFC 9497 section 3.3.2, without its proof.

    Raises Rejected for an encoding that is not canonical and for the identity.
    """
    return _kernel.evaluate(key, elements)


def finalize_with(blinds: Bytes, rows: Bytes, width: int, evaluated: Bytes) -> bytes:
    """The 64-byte OPRF output of each row: Finalize, RFC 9497 section 3.3.2, after `verify_rfc`."""
    return _kernel.finalize_with(blinds, rows, width, evaluated)


def prove_rfc(key: Bytes, blinded: Bytes, evaluated: Bytes, nonce: Bytes) -> bytes:
    """A DLEQ proof of 1 to 65535 pairs, to the byte as RFC 9497 section 2.2.1. `nonce` is a fresh random scalar.

    For interoperation and vectors. Engines use `prove`: spec/engine-dh says what the RFC's weights leave open in
    large batches.
    """
    return _kernel.prove_rfc(key, blinded, evaluated, nonce)


def verify_rfc(public: Bytes, blinded: Bytes, evaluated: Bytes, proof: Bytes) -> None:
    """Returns if the proof of `prove_rfc` holds: VerifyProof, RFC 9497 section 2.2.2."""
    _kernel.verify_rfc(public, blinded, evaluated, proof)


# --- Proofs over whole batches --------------------------------------------------------------------


def prove(key: Bytes, public: Bytes, info: Bytes, blinded: Bytes, evaluated: Bytes) -> bytes:
    """64 bytes that prove `evaluated == key * blinded`, pair by pair, under the key of `public` (spec/engine-dh).

    `info` separates runs, directions and purposes. Deterministic; any number of pairs, none included.
    """
    return _kernel.prove(key, public, info, blinded, evaluated)


def verify(public: Bytes, info: Bytes, blinded: Bytes, evaluated: Bytes, proof: Bytes) -> None:
    """Returns if the proof of `prove` holds for exactly these bytes. Raises Rejected."""
    _kernel.verify(public, info, blinded, evaluated, proof)


# --- The steps of a `dh` round --------------------------------------------------------------------


def begin(seed: Bytes, key: Bytes, rows: Bytes, width: int) -> tuple[bytes, bytes]:
    """(queries, own): each row blinded for the peer, and our own evaluation of it; 32 bytes a row each.

    The blind of row i is a hash of the seed, i and the row.
    """
    return _kernel.begin(seed, key, rows, width)


def finish(
    *,
    seed: Bytes,
    rows: Bytes,
    width: int,
    public: Bytes,
    info: Bytes,
    queries: Bytes,
    evaluated: Bytes,
    proof: Bytes,
    own: Bytes,
    context: Bytes,
    own_is_first: bool,
) -> bytes:
    """F of every row, 32 bytes each, once the peer's evaluations of our queries hold against its public key.

    Raises Rejected. `seed`, `rows`, `queries` and `own` as in `begin`; `public`, `info` and `proof` as in `verify`.
    """
    return _kernel.finish(
        seed, rows, width, public, info, queries, evaluated, proof, own, context, own_is_first
    )


def show(
    *, seed: Bytes, rows: Bytes, width: int, positions: Sequence[int], key: Bytes, public: Bytes, info: Bytes
) -> bytes:
    """Blinds, our evaluations and one proof, for rows at these positions: 64 bytes a position and 64 more.

    `rows` holds one row a position, in the order of `positions`.
    """
    return _kernel.show(seed, rows, width, positions, key, public, info)


def check(
    *,
    rows: Bytes,
    width: int,
    queries: Bytes,
    shown: Bytes,
    key: Bytes,
    theirs: Bytes,
    info: Bytes,
    context: Bytes,
    own_is_first: bool,
) -> bytes:
    """F of the peer's rows, 32 bytes each, from what it showed: each of `queries` was that row under its blind.

    Raises Rejected if a query, a blind, an evaluation or the proof under their public key `theirs` fails.
    """
    return _kernel.check(rows, width, queries, shown, key, theirs, info, context, own_is_first)


# --- Hashing and trees ----------------------------------------------------------------------------


def hash_rows(prefix: Bytes, rows: Bytes, width: int) -> bytes:
    """SHA-256(prefix || row) of each row of `width` bytes: 32 bytes a row, in order.

    >>> import hashlib
    >>> hash_rows(b"\\x00", b"abcd", 2)[32:] == hashlib.sha256(b"\\x00cd").digest()
    True
    """
    return _kernel.hash_rows(prefix, rows, width)


def expand(seed: Bytes, label: Bytes, n: int, width: int) -> bytes:
    """`n` pseudo-random rows of `width` bytes, independent of one another, from a 32-byte seed and a label.

    Row i is the first `width` bytes of SHA-256(key || I2OSP(i, 8) || I2OSP(j, 4)) for j = 0, 1, ..., with
    key = SHA-256("detente/expand/1" || I2OSP(len(label), 8) || label || seed).

    >>> expand(bytes(32), b"salts", 2, 32)[:32] == expand(bytes(32), b"salts", 1, 32)
    True
    """
    return _kernel.expand(seed, label, n, width)


def merkle_levels(leaves: Bytes) -> bytes:
    """Every level of the Merkle tree over n leaf hashes of 32 bytes, leaves first, root last, in one buffer.

    Shape and node hash as RFC 9162 section 2.1 (node = SHA-256(0x01 || left || right)); the levels have n,
    ceil(n/2), ..., 1 nodes. The caller hashes the leaves (`hash_rows(b"\\x00", ...)`). No leaf, no level: empty.

    >>> len(merkle_levels(bytes(3 * 32))) // 32
    6
    """
    return _kernel.merkle_levels(leaves)


def merkle_root(leaves: Bytes) -> bytes:
    """The root of `merkle_levels` alone; SHA-256 of nothing where there is no leaf (RFC 9162, 2.1.1)."""
    return _kernel.merkle_root(leaves)


def merkle_path(levels: Bytes, leaves: int, index: int) -> bytes:
    """The inclusion path of leaf `index` of `leaves`: siblings of 32 bytes, lowest first (RFC 9162, 2.1.3.1).

    `levels` as `merkle_levels` gave them.
    """
    return _kernel.merkle_path(levels, leaves, index)


def merkle_climb(leaf: Bytes, index: int, leaves: int, path: Bytes) -> bytes:
    """The root that a leaf hash and its path lead to (RFC 9162, 2.1.3.2). Compare it with the root you trust.

    Raises Rejected where the path is not exactly as long as the position of that leaf demands.

    >>> levels = merkle_levels(bytes(96))
    >>> merkle_climb(bytes(32), 2, 3, merkle_path(levels, 3, 2)) == merkle_root(bytes(96))
    True
    """
    return _kernel.merkle_climb(leaf, index, leaves, path)


def merkle_verify(leaf: Bytes, index: int, leaves: int, path: Bytes, root: Bytes) -> bool:
    """Whether leaf hash `index` of `leaves` is under `root` (RFC 9162, 2.1.3.2). False for a misshapen path, too."""
    try:
        return merkle_climb(leaf, index, leaves, path) == bytes(root)
    except (Rejected, OverflowError):
        return False


# --- The engine rr22 (spec/engine-rr22); psi/rr22.py makes immutable states of its sessions ------------


def rr22_columns(tokens: int) -> int:
    """Columns of the table that so many tokens are encoded into: what a peer that cheats could query.

    >>> rr22_columns(1 << 20)
    1437632
    """
    return _kernel.rr22_columns(tokens)


def rr22_inspect(
    *,
    context: Bytes,
    sizes: tuple[int, int],
    records: tuple[Bytes, Bytes],
    owner_is_first: bool,
    rows: Bytes,
    width: int,
) -> bytes:
    """F, 32 bytes a row, of tokens that one party says it queried, from both parties' records of the run.

    Sizes and records are the first party's, then the second's. Raises Rejected where the records contradict each
    other or a token was not queried, ValueError for lengths that do not fit.
    """
    return _kernel.rr22_inspect(context, sizes, records, owner_is_first, rows, width)


def rr22_machine() -> str:
    """Which instructions the engine uses on this machine, for bench lines."""
    return _kernel.rr22_machine()


def rr22_force_portable(portable: bool) -> None:
    """Sends the engine down its portable path (True) or back to what the CPU offers (False). Outputs stay the same."""
    _kernel.rr22_force_portable(portable)


# --- Aircraft ---------------------------------------------------------------------------------------


def airspace_conflicts(
    ours: Bytes,
    theirs: Bytes,
    *,
    distance: float,
    height: float,
    soon: float,
    level: float,
    ahead: float,
    open: bool,
    most: int,
) -> bytes:
    """Every pair of tracks that is in the volume within `ahead` seconds, from states in the clear, on one thread.

    A track is eight little-endian f64: place and velocity around the earth's centre (metres, m/s), altitude, climb. A
    row of the answer is ours and theirs (u32) and when they enter and leave (f64, seconds), 24 bytes. `soon` and `level`
    widen the cylinder to the well-clear volume (TTHR, TCOA); with `open` the edge is outside. Raises ValueError for
    numbers that are not finite and for more than `most` pairs.
    """
    return _kernel.airspace_conflicts(
        ours,
        theirs,
        distance=distance,
        height=height,
        soon=soon,
        level=level,
        ahead=ahead,
        open=open,
        most=most,
    )
