"""Who publishes something else than what it computed is caught by the audit, at the rate that the formula says, before any bucket opens."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np
import pytest

from detente.errors import FailedCheck
from detente.psi import opening
from detente.psi.dh import DhEngine
from support.toy import Side, WarpedEngine, converse, lists, table, terms

RUNS = 200
SAMPLE = 8
OURS, THEIRS = lists(2, 6)  # 8 records of 4 words: 32 positions, no dummies
ROLES = ("first", "second")


def junk_at(share: float, seed: int) -> WarpedEngine:
    """Queries the real list and publishes random outputs at that share of its positions."""

    def outputs(real: bytes) -> bytes:
        dice = random.Random(seed)
        rows = [real[i : i + 32] for i in range(0, len(real), 32)]
        return b"".join(dice.randbytes(32) if dice.random() < share else row for row in rows)

    return WarpedEngine(outputs)


def is_caught(liar: str, engine: WarpedEngine, seed: str) -> bool:
    """Runs until the first bucket would be answered. True where the honest side aborted in the audit, with nothing opened."""
    engines = (engine, DhEngine()) if liar == "first" else (DhEngine(), engine)
    first, second, messages = table(OURS, THEIRS, terms(audit=SAMPLE), seed, engines)
    honest = second if liar == "first" else first
    try:
        converse(first, second, messages, until=lambda message: message.step == "open")
        return False
    except FailedCheck as caught:
        fault = caught
    assert nothing_opened(honest)
    assert honest.seen[-1].raw in fault.evidence
    return True


def nothing_opened(side: Side) -> bool:
    stage = side.run.stage
    return stage is not None and stage.sent == 0


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_junk_published_while_the_real_list_was_queried_is_caught_at_the_formulas_rate(share: float) -> None:
    caught = sum(is_caught(ROLES[n % 2], junk_at(share, n), f"{share}/{n}") for n in range(RUNS))
    rate = 1 - (1 - share) ** SAMPLE
    spread = math.sqrt(RUNS * rate * (1 - rate))
    assert abs(caught - RUNS * rate) <= 4 * spread + 1, (caught, RUNS * rate)


@pytest.mark.parametrize("liar", ROLES)
def test_a_list_of_junk_alone_never_gets_past_the_audit(liar: str) -> None:
    assert all(is_caught(liar, junk_at(1.0, n), str(n)) for n in range(3))


@dataclass(frozen=True)
class _Parked:
    """Lets Results put the entries of one party, known by its outputs, into the last bucket."""

    outputs: set[bytes]
    share: float

    def __call__(self, outputs: bytes, buckets: int) -> np.ndarray:
        found = BUCKET_OF(outputs, buckets)
        if outputs in self.outputs:
            dice = random.Random(outputs)
            for row in range(len(found)):
                if dice.random() < self.share:
                    found[row] = buckets - 1
        return found


BUCKET_OF = opening.bucket_of


@pytest.mark.parametrize(("share", "runs"), [(1.0, 4), (0.5, 40)])
def test_real_entries_parked_in_the_last_bucket_are_caught(
    share: float, runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[bytes] = set()
    monkeypatch.setattr(opening, "bucket_of", _Parked(seen, share))

    def note(real: bytes) -> bytes:
        seen.add(real)
        return real

    caught = sum(is_caught(ROLES[n % 2], WarpedEngine(note), str(n)) for n in range(runs))
    # a quarter of the parked entries belongs into the last of four buckets
    rate = 1 - (1 - share * 3 / 4) ** SAMPLE
    assert caught >= runs * rate - 4 * math.sqrt(runs * rate * (1 - rate)) - 1


def test_an_honest_list_always_gets_past_the_audit() -> None:
    assert not any(is_caught(role, WarpedEngine(), f"{role}{n}") for role in ROLES for n in range(5))
