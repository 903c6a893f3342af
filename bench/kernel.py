"""Evaluations a second on one core: the kernel beside libsodium (rbcl), same machine, same run, one JSON line.

    python bench/kernel.py [--items 20000] [--runs 5]

Runs alternate between the two, the median counts, the ratio is of pairs. libsodium is called element by element, as
its interface has it; the call itself costs it about a microsecond of some sixty. CPU time of the process is what is counted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import time
from collections.abc import Callable

os.environ["RAYON_NUM_THREADS"] = "1"  # before the kernel starts its threads

import rbcl

from detente import kernel
from detente.psi.dh import DhEngine
from detente.psi.engine import Role, TokenBatch

WIDTH = 32


def timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def side_by_side(ours: Callable[[], object], theirs: Callable[[], object], items: int, runs: int) -> dict:
    ours(), theirs()  # warm
    pairs = [(timed(ours), timed(theirs)) for _ in range(runs)]
    return {
        "kernel_per_s": round(items / statistics.median(a for a, _ in pairs)),
        "libsodium_per_s": round(items / statistics.median(b for _, b in pairs)),
        "ratio": round(statistics.median(b / a for a, b in pairs), 2),
    }


def measure_evaluate(rows: bytes, items: int, runs: int) -> dict:
    key, _ = kernel.derive_key_pair(bytes(32), b"bench")
    elements = kernel.hash_to_group(rows, WIDTH)
    split = [elements[i : i + 32] for i in range(0, len(elements), 32)]
    times = rbcl.crypto_scalarmult_ristretto255
    assert kernel.evaluate(key, elements) == b"".join(times(key, element) for element in split)
    return side_by_side(
        lambda: kernel.evaluate(key, elements), lambda: [times(key, e) for e in split], items, runs
    )


def measure_hash_and_evaluate(rows: bytes, items: int, runs: int) -> dict:
    """What opens a round: one hash to the group and two multiplications a token."""
    key, _ = kernel.derive_key_pair(bytes(32), b"bench")
    split = [rows[i : i + WIDTH] for i in range(0, len(rows), WIDTH)]
    times, from_hash = rbcl.crypto_scalarmult_ristretto255, rbcl.crypto_core_ristretto255_from_hash

    def libsodium() -> None:
        for row in split:
            element = from_hash(hashlib.sha512(row).digest())
            blind = rbcl.crypto_core_ristretto255_scalar_reduce(hashlib.sha512(row).digest())
            times(blind, element), times(key, element)

    return side_by_side(lambda: kernel.begin(bytes(32), key, rows, WIDTH), libsodium, items, runs)


def measure_round(rows: bytes, items: int) -> dict:
    """A whole `dh` round, both parties on this one core: proofs made and checked, 64 bytes a token and direction."""
    batch = TokenBatch(rows, WIDTH)
    start, cpu = time.perf_counter(), time.process_time()
    first, message = DhEngine().begin(Role.FIRST, b"bench", batch, items, bytes(32))
    second, _ = DhEngine().begin(Role.SECOND, b"bench", batch, items, bytes([1]) * 32)
    sent = 0
    parties = [second, first]
    while message is not None:
        sent += len(message)
        parties[0], message = parties[0].receive(message)
        parties.reverse()
    assert parties[0].outputs() == parties[1].outputs()
    return {
        "tokens_a_side": items,
        "cpu_us_per_token_and_side": round((time.process_time() - cpu) / items / 2 * 1e6, 1),
        "wall_s": round(time.perf_counter() - start, 2),
        "bytes": sent,
    }


def measure_hashing(items: int) -> dict:
    rows = bytes(32 * items)
    return {
        "hash_rows_per_s": round(items / timed(lambda: kernel.hash_rows(b"\x00", rows, 32))),
        "expand_rows_per_s": round(items / timed(lambda: kernel.expand(bytes(32), b"bench", items, 32))),
        "merkle_leaves_per_s": round(items / timed(lambda: kernel.merkle_levels(rows))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    rows = kernel.expand(bytes(32), b"bench", given.items, WIDTH)
    print(
        json.dumps(
            {
                "items": given.items,
                "runs": given.runs,
                "evaluate": measure_evaluate(rows, given.items, given.runs),
                "hash_and_evaluate_twice": measure_hash_and_evaluate(rows, given.items, given.runs),
                "round": measure_round(rows, given.items),
                "hashing": measure_hashing(1 << 20),
            }
        )
    )


if __name__ == "__main__":
    main()
