"""A peer that stops after each message of a swap: at every stop the lead is one batch at most, on either side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from unit.ceremonies.pair import NORTH, SOUTH, Pair
from unit.ceremonies.swapped import batched, begun, decided, item, step

ITEMS = 6
PARTIES = (NORTH.party, SOUTH.party)


def stops(batch: int, seed: int) -> Iterator[Pair]:
    """Both sides as they stand after each message of one swap: ceremonies are folds, so each is where a peer that stops would leave them."""
    seeds = {side: bytes([seed, place]) * 16 for place, side in enumerate(PARTIES)}
    more = {"terms": batched(batch), "findings": ITEMS}
    two = begun([item(n, "north") for n in range(ITEMS)], ours_more=more, theirs_more=more, seeds=seeds)
    yield two
    decided(two, [item(n, "south") for n in range(ITEMS)])
    yield two
    while step(two):
        yield two
    assert two.first.finish
    assert two.second.finish


def readable(two: Pair) -> tuple[int, int]:
    """What each can read: the items whose keys have reached it, stored or not."""
    north, south = (side.kinds.count("item.received") for side in (two.first, two.second))
    return north, south


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whoever_stops_after_any_message_leads_by_one_batch_at_most(batch: int, seed: int) -> None:
    worst = 0
    for two in stops(batch, seed):
        north, south = readable(two)
        worst = max(worst, abs(north - south))
        # a key under way has left its giver: neither side's own book is off by more either
        for side in (two.first, two.second):
            assert abs(side.ledger.balance) <= batch
    assert readable(two) == (ITEMS, ITEMS)
    assert worst == batch  # the bound is met, so this measured something


@pytest.mark.parametrize("batch", [1, 2])
def test_what_a_stopped_swap_leaves_is_said_on_both_sides(batch: int) -> None:
    for two in stops(batch, 1):
        for side, other in ((two.first, two.second), (two.second, two.first)):
            result = side.state.result()
            opened = [line.item for line in side.ledger.lines if line.direction == "given"]
            assert list(result.given) == opened
            assert {line.item for line in side.ledger.claims} == set(result.claims)
            assert len(result.claims) <= batch
            # nothing is readable that its giver did not open
            got = {line.item for line in other.ledger.lines if line.direction == "received"}
            assert got <= set(result.given)
