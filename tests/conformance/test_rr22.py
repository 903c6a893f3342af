"""The rr22 engine beside its reference, its vectors, the dh engine and the claims of spec/engine-rr22."""

from __future__ import annotations

import hashlib
import json
import os
import random
from pathlib import Path

import pytest

from detente import kernel
from detente.errors import FailedCheck, Malformed, Misuse, NotAgreed, OutOfTurn
from detente.psi.dh import DhEngine
from detente.psi.engine import Role, TokenBatch
from detente.psi.rr22 import Inspection, Rr22Engine, caught_without_inspector, columns

from . import rr22_reference as reference
from .test_engine import FIRST_SEED, SECOND_SEED, Pair, batch, rows, tampered

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "engine-rr22.json").read_text())
STAGES = VECTORS["stages"]


def played(first: TokenBatch, second: TokenBatch, *, inspectable: bool = False):
    return Pair(Rr22Engine(inspectable=inspectable), first, second).run()


def inspection(first: TokenBatch, second: TokenBatch) -> tuple[Inspection, list]:
    states = played(first, second, inspectable=True)
    records = tuple(state.record() for state in states)
    return Inspection(b"sid", (len(first), len(second)), records), list(states)


# --- against the reference ------------------------------------------------------------------------


@pytest.mark.parametrize("shape", STAGES["shapes"], ids=lambda shape: str(shape["n"]))
def test_the_reference_derives_the_same_shapes(shape):
    table = reference.table_of(shape["n"])
    assert [table.bins, table.capacity, table.sparse, table.dense] == [
        shape[key] for key in ("bins", "capacity", "sparse", "dense")
    ]
    assert table.columns == shape["columns"] == columns(shape["n"])
    leaves = max(32, -(-2 * shape["columns"] // 320))
    assert (shape["leaves"], shape["depth"]) == (leaves, (leaves - 1).bit_length())


def test_the_reference_derives_the_same_rows():
    ctx = reference.context_of(b"vectors", 100_000, 50)
    key = reference.key_of(ctx, "row", 1, bytes.fromhex(STAGES["rows"]["seed"]))
    assert key.hex() == STAGES["context"]["row_key"]
    for vector in STAGES["rows"]["rows"]:
        row = reference.row_of(reference.table_of(100_000), key, bytes.fromhex(vector["token"]))
        assert [row.bin, list(row.columns)] == [vector["bin"], vector["columns"]]
        assert row.value.to_bytes(16, "little").hex() == vector["value"]
        assert row.factor.to_bytes(16, "little").hex() == vector["factor"]


def test_the_reference_grows_the_same_trees():
    vector = STAGES["trees"]
    ctx = reference.context_of(b"vectors", 100_000, 50)
    first, sums = reference.tree_leaves(ctx, 2, 1, 47, 6)
    last, _ = reference.tree_leaves(ctx, 2, 320, 47, 6)
    assert [leaf.to_bytes(16, "little").hex() for leaf in first[:3]] == vector["first_leaves"]
    assert last[-1].to_bytes(16, "little").hex() == vector["last_leaf"]
    assert [[s.to_bytes(16, "little").hex() for s in pair] for pair in sums] == vector["first_sums"]


def test_the_reference_encodes_as_the_kernel_does():
    vector = STAGES["code"]
    k = vector["k"]
    out = reference.encode_vector(k, reference.stream(bytes([9]) + bytes(15), 2 * k))
    assert out[0].to_bytes(16, "little").hex() == vector["first"]
    assert out[-1].to_bytes(16, "little").hex() == vector["last"]


def test_the_reference_multiplies_as_the_kernel_does():
    a, b, product = (
        reference.number(bytes.fromhex(STAGES["product"][key])) for key in ("a", "b", "a_times_b")
    )
    assert reference.times(a, b) == product


def test_outputs_follow_from_the_record_as_the_spec_says():
    first, second = batch(range(20)), batch(range(10, 45))
    case, states = inspection(first, second)
    ctx = reference.context_of(b"sid", 20, 35)
    sizes = [reference.table_of(n).columns for n in (20, 35)]
    for role, tokens, state in zip(Role, (first, second), states, strict=True):
        is_first = role is Role.FIRST
        own, other = sizes if is_first else sizes[::-1]
        record = reference.read_record(case.records[0 if is_first else 1], other, own)
        listed = [tokens.row(i) for i in range(len(tokens))]
        assert reference.outputs_of(ctx, (20, 35), record, is_first, listed) == state.outputs()


@pytest.mark.parametrize("vector", VECTORS["runs"], ids=lambda vector: vector["name"])
def test_a_run_gives_the_bytes_of_its_vector(vector):
    ids = {"one common token": (range(3), [2, 7]), "nothing against one": ([], [1])}
    ours, theirs = ids.get(vector["name"], (range(1000), range(990, 3990)))
    pair = Pair(Rr22Engine(inspectable=True), batch(ours), batch(theirs))
    sent = [turn.message for turn in pair.turns()]
    assert [len(m) for m in sent] == [m["bytes"] for m in vector["messages"]]
    assert [hashlib.sha256(m).hexdigest() for m in sent] == [m["sha256"] for m in vector["messages"]]
    ends = [pair.rounds[role] for role in Role]
    assert [hashlib.sha256(s.outputs()).hexdigest() for s in ends] == vector["outputs_sha256"]
    assert [hashlib.sha256(s.record()).hexdigest() for s in ends] == vector["records_sha256"]


# --- against dh and the plain intersection --------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_random_sets_meet_as_under_dh(seed):
    draw = random.Random(seed)
    ours, theirs = (draw.sample(range(400), draw.randrange(300)) for _ in range(2))
    found = []
    for engine in (Rr22Engine(), DhEngine()):
        first, second = Pair(engine, batch(ours), batch(theirs)).run()
        known = set(rows(second.outputs()))
        found.append([x for x, f in zip(ours, rows(first.outputs()), strict=True) if f in known])
    assert found[0] == found[1] == [x for x in ours if x in set(theirs)]


@pytest.mark.skipif(not os.environ.get("DETENTE_SOAK"), reason="minutes long: DETENTE_SOAK=1 runs it")
def test_a_thousand_against_a_million_meet_where_they_should():
    first, second = played(batch(range(1000)), batch(range(900, 1_000_900)))
    assert len(set(rows(first.outputs())) & set(rows(second.outputs()))) == 100


def test_several_bins_meet_where_they_should():
    first, second = played(batch(range(33_000)), batch(range(32_990, 66_000)))
    assert len(set(rows(first.outputs())) & set(rows(second.outputs()))) == 10


def test_tokens_of_other_widths_meet_too():
    for width in (1, 16, 100):
        first = TokenBatch(b"".join(bytes([i]) * width for i in range(9)), width)
        second = TokenBatch(b"".join(bytes([i]) * width for i in range(5, 20)), width)
        a, b = played(first, second)
        assert len(set(rows(a.outputs())) & set(rows(b.outputs()))) == 4


def test_the_portable_path_sends_the_same_bytes():
    pairs = [Pair(Rr22Engine(), batch(range(30)), batch(range(20, 60))) for _ in range(2)]
    fast = [turn.message for turn in pairs[0].turns()]
    kernel.rr22_force_portable(True)
    try:
        assert [turn.message for turn in pairs[1].turns()] == fast
        assert pairs[1].rounds[Role.FIRST].outputs() == pairs[0].rounds[Role.FIRST].outputs()
    finally:
        kernel.rr22_force_portable(False)


# --- what a peer may try --------------------------------------------------------------------------


def sampled(size: int, count: int) -> list[int]:
    """Every position in a soak, a few of each message otherwise."""
    if os.environ.get("DETENTE_SOAK"):
        return list(range(0, size, max(1, size // 2000)))
    return [i * (size - 1) // (count - 1) for i in range(count)]


def test_a_tampered_byte_of_any_message_is_refused_where_it_arrives():
    sizes = [len(turn.message) for turn in Pair(Rr22Engine(), batch(range(3)), batch(range(2))).turns()]
    assert len(sizes) == 11
    for number, size in enumerate(sizes):
        for at in sampled(size, 4):
            pair = Pair(Rr22Engine(), batch(range(3)), batch(range(2)))
            with pytest.raises((FailedCheck, Malformed)) as raised:  # noqa: PT012 - the turns before go well
                for i, turn in enumerate(pair.turns()):
                    if i == number:
                        turn.message = tampered(turn.message, at, 1 << (at % 8))
                    reached = i
            assert reached == number
            assert raised.value.evidence


def test_tokens_that_repeat_are_our_own_mistake():
    twice = TokenBatch(batch(range(3)).rows + batch([1]).rows)
    with pytest.raises(Misuse):
        Pair(Rr22Engine(), twice, batch(range(3))).run()


def test_more_tokens_than_a_shard_holds_are_refused_before_anything_is_computed():
    with pytest.raises(Misuse):
        Rr22Engine().begin(Role.FIRST, b"sid", batch(range(3)), (1 << 22) + 1, FIRST_SEED)


# --- the audit ------------------------------------------------------------------------------------


def test_nothing_is_shown_to_the_peer_and_the_refusal_says_what_to_do():
    first, second = played(batch(range(3)), batch(range(3)))
    for refused in (lambda: first.show([0]), lambda: second.check([0], batch([0]), b"")):
        with pytest.raises(NotAgreed, match="inspector"):
            refused()


def test_an_inspector_recomputes_what_each_party_queried():
    ours, theirs = batch(range(60)), batch(range(30, 150))
    case, (first, second) = inspection(ours, theirs)
    drawn = [0, 7, 59]
    assert case.recompute(Role.FIRST, ours.take(drawn)) == b"".join(rows(first.outputs())[j] for j in drawn)
    assert case.recompute(Role.SECOND, theirs.take(drawn)) == b"".join(
        rows(second.outputs())[j] for j in drawn
    )


def test_an_inspector_refuses_a_token_that_its_owner_did_not_query():
    ours, theirs = batch(range(60)), batch(range(30, 150))
    case, _ = inspection(ours, theirs)
    for owner, stranger in ((Role.FIRST, batch([149])), (Role.SECOND, batch([0]))):
        with pytest.raises(FailedCheck):
            case.recompute(owner, stranger)


def test_an_inspector_refuses_records_that_contradict_each_other():
    case, _ = inspection(batch(range(5)), batch(range(4)))
    head = 112
    for side in range(2):
        for at in (0, 20, 40, 60, 100, head, len(case.records[side]) // 2, len(case.records[side]) - 1):
            records = list(case.records)
            records[side] = tampered(records[side], at, 4)
            with pytest.raises(FailedCheck):
                Inspection(case.context, case.sizes, (records[0], records[1])).recompute(
                    Role.FIRST, batch([1])
                )
    with pytest.raises(Malformed):
        Inspection(case.context, case.sizes, (case.records[0][:-16], case.records[1])).recompute(
            Role.FIRST, batch([1])
        )


def test_a_record_is_kept_only_where_it_was_asked_for_and_not_before_the_end():
    first, _ = played(batch(range(3)), batch(range(3)))
    with pytest.raises(Misuse):
        first.record()
    opened, _ = Rr22Engine(inspectable=True).begin(Role.FIRST, b"sid", batch(range(3)), 3, SECOND_SEED)
    with pytest.raises(OutOfTurn):
        opened.record()


def test_without_an_inspector_junk_is_noticed_at_the_rate_of_the_formula():
    draw = random.Random(7)
    for junk, overlap, opened in ((0.2, 1.0, 8), (0.5, 0.3, 8), (0.1, 0.1, 32)):
        trials = 4000
        noticed = sum(
            any(draw.random() < junk and draw.random() < overlap for _ in range(opened))
            for _ in range(trials)
        )
        expected = caught_without_inspector(junk, overlap, opened)
        assert abs(noticed / trials - expected) < 4 * (expected * (1 - expected) / trials) ** 0.5
