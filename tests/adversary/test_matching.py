"""A dishonest party in a run: an honest implementation with one thing changed, over sealed messages.

The honest side must end with the peer's fault, the message at fault as evidence, and no bucket opened that was not due.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from detente import kernel
from detente.ceremonies import stage as stages
from detente.ceremonies.ceremony import Send
from detente.ceremonies.inputs import EntryProof
from detente.errors import (
    DetenteError,
    FailedCheck,
    Malformed,
    NotAgreed,
    OutOfTurn,
    Overdrawn,
    PeerFault,
    Refused,
)
from detente.psi.commitment import Leaf, decode_holders, encode_holders
from support.toy import Side, converse, lists, table, terms, words

OURS, THEIRS = lists(4, 4)
N = 32  # positions a side
FIRST, SECOND = "first", "second"
Rewrite = Callable[[Side, Send], Send]


def attack(
    liar: str,
    step: str,
    rewrite: Rewrite,
    *,
    occurrence: int = 0,
    ours: Any = OURS,
    theirs: Any = THEIRS,
    agreed: Any = None,
) -> tuple[Side, DetenteError]:
    """A whole run in which one message of the liar is rewritten. Returns the honest side and what it raised."""
    first, second, messages = table(ours, theirs, agreed or terms())
    cheat, honest = (first, second) if liar == FIRST else (second, first)
    seen = 0

    def change(send: Send) -> Send:
        nonlocal seen
        if send.step != step:
            return send
        seen += 1
        return rewrite(cheat, send) if seen == occurrence + 1 else send

    cheat.change = change
    if liar == FIRST and step == "propose":
        cheat.sent = 0
        messages = [cheat.seal(change(Send("propose", messages[0].body)))]
    try:
        converse(first, second, messages)
    except DetenteError as error:
        return honest, error
    raise AssertionError("the attack was not noticed")


def part(name: str, change: Callable[[bytes], bytes]) -> Rewrite:
    """Rewrites one part of a message."""

    def rewrite(side: Side, send: Send) -> Send:
        assert name in send.parts, sorted(send.parts)
        return replace(send, parts={**send.parts, name: change(send.parts[name])})

    return rewrite


def body(**changed: Any) -> Rewrite:
    return lambda side, send: replace(send, body={**send.body, **changed})


def opened(side: Side) -> int:
    """How many buckets of its own the side has opened in the present round."""
    stage = side.run.stage
    return 0 if stage is None else stage.sent


def assert_caught(honest: Side, error: DetenteError, fault: type[PeerFault], sent_at_most: int = 0) -> None:
    assert type(error) is fault, error
    assert isinstance(error, PeerFault)
    assert honest.seen[-1].raw in error.evidence
    assert opened(honest) <= sent_at_most
    assert honest.result is None


# -- reflection


def test_a_list_sent_back_as_ones_own_fails_the_audit() -> None:
    def mirror(side: Side, send: Send) -> Send:
        theirs = next(m for m in side.seen if m.step == "results")
        return replace(send, parts={**send.parts, "heads": theirs.parts["heads"]})

    honest, error = attack(SECOND, "results", mirror)
    assert_caught(honest, error, FailedCheck)


def test_a_bucket_sent_back_as_ones_own_does_not_fit_its_head() -> None:
    def mirror(side: Side, send: Send) -> Send:
        theirs = next(m for m in side.seen if m.step == "audit")
        return replace(send, parts={**send.parts, "second": theirs.parts["first"]})

    honest, error = attack(SECOND, "open", mirror)
    assert isinstance(error, (FailedCheck, Malformed))
    assert opened(honest) == 1


def test_queries_and_keys_sent_back_as_ones_own_are_refused() -> None:
    def mirror(side: Side, send: Send) -> Send:
        sent = side.seen[-1].parts["engine"]
        return replace(send, parts={**send.parts, "engine": sent + send.parts["engine"][len(sent) :]})

    assert_caught(*attack(SECOND, "evaluate", mirror), FailedCheck)


# -- replay and mixing


def test_the_messages_of_another_run_do_not_fit_this_one() -> None:
    other_first, other_second, messages = table(OURS, THEIRS, terms(), seed="another run")
    kept = {(m.step, len(m.parts)): m for m in converse(other_first, other_second, messages)}
    for step in ("evaluate", "results", "audit", "open"):

        def replay(side: Side, send: Send, step: str = step) -> Send:
            return replace(send, parts=kept[(step, len(send.parts))].parts)

        honest, error = attack(SECOND, step, replay)
        assert isinstance(error, (FailedCheck, Malformed)), step
        assert opened(honest) <= 1

        def verbatim(side: Side, send: Send, step: str = step) -> Send:
            return replace(send, body=kept[(step, len(send.parts))].body)

        honest, error = attack(SECOND, step, verbatim)
        assert type(error) is OutOfTurn, step


@pytest.mark.parametrize("step", ["evaluate", "results", "audit"])
def test_a_message_of_round_one_does_not_fit_round_two(step: str) -> None:
    first, second, messages = table(OURS, THEIRS, terms())
    sent: list[Mapping[str, bytes]] = []

    def change(send: Send) -> Send:
        if send.step != step:
            return send
        sent.append(send.parts)
        return send if len(sent) == 1 else replace(send, parts=sent[0])

    second.change = change
    with pytest.raises((FailedCheck, Malformed)):
        converse(first, second, messages)
    assert first.run.round == 2
    assert opened(first) == 0


def test_a_message_that_names_another_round_is_out_of_turn() -> None:
    for named in (2, 0, True, "1"):
        honest, error = attack(SECOND, "evaluate", body(round=named))
        assert_caught(honest, error, OutOfTurn)


def test_steps_out_of_their_order_are_out_of_turn() -> None:
    for step in ("audit", "open", "leaves", "confirm", "propose"):
        honest, error = attack(SECOND, "results", lambda side, send, step=step: replace(send, step=step))
        assert_caught(honest, error, OutOfTurn)


# -- sizes, counts, lengths


def resized(**sizes: int) -> Rewrite:
    def rewrite(side: Side, send: Send) -> Send:
        statement = dict(send.body["statement"])  # type: ignore[arg-type]  # an object, as the honest side wrote it
        return replace(send, body={"statement": {**statement, "sizes": {**statement["sizes"], **sizes}}})

    return rewrite


@pytest.mark.parametrize("declared", [N - 1, N + 1, 1, 4 * N])
def test_more_or_fewer_tokens_than_declared_are_refused_before_they_are_read(declared: int) -> None:
    honest, error = attack(SECOND, "accept", resized(second=declared))
    assert isinstance(error, (Malformed, OutOfTurn))
    assert opened(honest) == 0


@pytest.mark.parametrize("declared", [0, -1, 1 << 40, (1 << 53) - 1])
def test_a_size_outside_of_what_is_agreed_is_refused_before_anything_is_allocated(declared: int) -> None:
    honest, error = attack(SECOND, "accept", resized(second=declared))
    assert isinstance(error, (Malformed, Refused))
    assert not honest.journal
    assert honest.run.stage is None


def test_an_acceptance_that_changes_our_own_size_is_refused() -> None:
    assert_caught(*attack(SECOND, "accept", resized(first=N + 1)), Malformed)


def test_heads_that_count_more_entries_than_were_queried_are_refused() -> None:
    def inflate(heads: bytes) -> bytes:
        return (int.from_bytes(heads[:4], "big") + 1).to_bytes(4, "big") + heads[4:]

    assert_caught(*attack(SECOND, "results", part("heads", inflate)), Malformed)
    assert_caught(*attack(FIRST, "results", part("heads", inflate)), Malformed)


@pytest.mark.parametrize(
    ("liar", "step", "name"),
    [
        (FIRST, "evaluate", "engine"), (FIRST, "evaluate", "root"), (SECOND, "evaluate", "engine"), (SECOND, "evaluate", "root"),
        (FIRST, "results", "heads"), (FIRST, "results", "engine"), (SECOND, "results", "heads"), (SECOND, "results", "coin"),
        (FIRST, "coin", "coin"), (SECOND, "audit", "openings"), (SECOND, "audit", "coin"), (FIRST, "audit", "openings"),
        (FIRST, "audit", "first"), (SECOND, "open", "second"), (FIRST, "open", "first"), (FIRST, "leaves", "first"), (SECOND, "leaves", "first"),
    ],
)  # fmt: skip
def test_a_part_of_another_length_is_refused(liar: str, step: str, name: str) -> None:
    changes: tuple[Callable[[bytes], bytes], ...] = (
        lambda b: b[:-1],
        lambda b: b + b"\x00",
        lambda b: b"",
        lambda b: b + b,
    )
    for change in changes:
        honest, error = attack(liar, step, part(name, change))
        assert isinstance(error, (Malformed, FailedCheck)), error
        assert honest.seen[-1].raw in error.evidence


def test_missing_and_spare_parts_are_refused() -> None:
    for step in ("evaluate", "results", "audit", "open", "leaves"):
        spare: Rewrite = lambda side, send: replace(send, parts={**send.parts, "more": b"x"})  # noqa: E731  # one line each
        none: Rewrite = lambda side, send: replace(send, parts={})  # noqa: E731  # one line each
        for rewrite in (spare, none):
            honest, error = attack(SECOND, step, rewrite)
            assert type(error) is Malformed
            assert honest.seen[-1].raw in error.evidence


# -- the engine


BAD_POINTS = {
    "the identity": bytes(32),
    "a field element that is not reduced": bytes.fromhex("ed" + "ff" * 30 + "7f"),
    "all ones": b"\xff" * 32,
    "a negative field element": b"\x01" + bytes(31),
    "no square": bytes.fromhex("26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"),
    "the small-order point of edwards25519": bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_POINTS)
@pytest.mark.parametrize(
    ("liar", "place"),
    [(FIRST, 0), (FIRST, 32), (FIRST, 32 * N), (SECOND, 0), (SECOND, 32), (SECOND, 32 + 32 * N)],
)
def test_identity_small_order_and_non_canonical_points_are_refused(name: str, liar: str, place: int) -> None:
    """As public key, as first and last query, as evaluation."""
    bad = BAD_POINTS[name]
    honest, error = attack(liar, "evaluate", part("engine", lambda b: b[:place] + bad + b[place + 32 :]))
    assert_caught(honest, error, FailedCheck)


def test_different_keys_for_different_items_are_caught_by_the_proof_over_all() -> None:
    key, _ = kernel.derive_key_pair(b"\x07" * 32, b"another key")
    for item in (0, N // 2, N - 1):

        def another(side: Side, send: Send, item: int = item) -> Send:
            query = side.seen[-1].parts["engine"][32 * (item + 1) : 32 * (item + 2)]
            data, place = send.parts["engine"], 32 + 32 * N + 32 * item
            return replace(
                send,
                parts={
                    **send.parts,
                    "engine": data[:place] + kernel.evaluate(key, query) + data[place + 32 :],
                },
            )

        assert_caught(*attack(SECOND, "evaluate", another), FailedCheck)


def test_answers_in_another_order_are_caught() -> None:
    def swapped(data: bytes) -> bytes:
        place = 32 + 32 * N
        return data[:place] + data[place + 32 : place + 64] + data[place : place + 32] + data[place + 64 :]

    assert_caught(*attack(SECOND, "evaluate", part("engine", swapped)), FailedCheck)


# -- the coin and the audit


def test_another_coin_than_was_committed_to_is_a_failed_audit() -> None:
    honest, error = attack(SECOND, "audit", part("coin", lambda coin: bytes(32)))
    assert_caught(honest, error, FailedCheck)


@pytest.mark.parametrize("liar", [FIRST, SECOND])
def test_openings_of_other_positions_than_the_coin_drew_are_a_failed_audit(liar: str) -> None:
    def chosen(side: Side, send: Send) -> Send:
        stage = side.run.stage
        assert stage is not None
        plan, results = stage.plan, stage.results
        assert results is not None
        easy = list(range(plan.audit))
        openings = [
            stages.Opening(plan.commitment.open(p), results.open_entry(p), plan.grounds(p)) for p in easy
        ]
        data = msgspec.msgpack.encode(stages.Audit(openings, stage.round.show(easy)))
        return replace(send, parts={**send.parts, "openings": data})

    assert_caught(*attack(liar, "audit", chosen), FailedCheck)


@pytest.mark.parametrize("liar", [FIRST, SECOND])
def test_too_few_openings_are_a_failed_audit(liar: str) -> None:
    def fewer(data: bytes) -> bytes:
        audit = msgspec.msgpack.decode(data, type=stages.Audit)
        return msgspec.msgpack.encode(stages.Audit(audit.openings[:-1], audit.shown))

    assert_caught(*attack(liar, "audit", part("openings", fewer)), FailedCheck)


def reopened(change: Callable[[stages.Opening], stages.Opening]) -> Rewrite:
    def rewrite(data: bytes) -> bytes:
        audit = msgspec.msgpack.decode(data, type=stages.Audit)
        return msgspec.msgpack.encode(stages.Audit([change(o) for o in audit.openings], audit.shown))

    return part("openings", rewrite)


def proofs(change: Callable[[EntryProof], EntryProof]) -> Rewrite:
    def each(opening: stages.Opening) -> stages.Opening:
        if opening.grounds[:1] != b"t":
            return opening
        found = msgspec.msgpack.decode(opening.grounds[1:], type=list[EntryProof])
        return msgspec.structs.replace(
            opening, grounds=b"t" + msgspec.msgpack.encode([change(p) for p in found])
        )

    return reopened(each)


@pytest.mark.parametrize("liar", [FIRST, SECOND])
def test_a_record_that_was_not_journalled_before_the_run_is_a_failed_audit(liar: str) -> None:
    invented = hashlib.sha256(b"invented").digest()
    lies: tuple[Callable[[EntryProof], EntryProof], ...] = (
        lambda p: msgspec.structs.replace(p, index=p.index + 1),  # an entry past the head that we cosigned
        lambda p: msgspec.structs.replace(p, commitment=invented),
        lambda p: msgspec.structs.replace(p, place=p.place ^ 1),
        lambda p: msgspec.structs.replace(p, entry=p.entry.replace(b"records.loaded", b"finding.made")),
        lambda p: msgspec.structs.replace(p, salt=bytes(32)),
        lambda p: msgspec.structs.replace(p, salt=p.salt + p.commitment[:1], commitment=p.commitment[1:]),
    )
    for lie in lies:
        assert_caught(*attack(liar, "audit", proofs(lie)), FailedCheck)


@pytest.mark.parametrize("liar", [FIRST, SECOND])
def test_a_token_passed_off_as_a_dummy_is_a_failed_audit(liar: str) -> None:
    dummies = reopened(lambda o: msgspec.structs.replace(o, grounds=b"d" + bytes(32)))
    assert_caught(*attack(liar, "audit", dummies), FailedCheck)


def test_one_leaf_does_not_open_as_two_tokens() -> None:
    def shifted(opening: stages.Opening) -> stages.Opening:
        leaf = opening.leaf
        moved = Leaf(leaf.position, leaf.salt + leaf.token[:1], leaf.token[1:], leaf.holders, leaf.path)
        return msgspec.structs.replace(opening, leaf=moved)

    assert_caught(*attack(SECOND, "audit", reopened(shifted)), FailedCheck)


# -- opening, handles, findings


@pytest.mark.parametrize("liar", [FIRST, SECOND])
def test_an_opened_bucket_that_leaves_out_or_alters_an_entry_is_caught(liar: str) -> None:
    name = "first" if liar == FIRST else "second"
    honest, error = attack(liar, "open", part(name, lambda b: b[:-4] + b"\x00\x00\x00\x01"))
    assert isinstance(error, FailedCheck)
    assert opened(honest) < honest.setup.terms.buckets


def leaves(change: Callable[[list[Leaf]], list[Leaf]]) -> Rewrite:
    def rewrite(side: Side, send: Send) -> Send:
        parts = {
            n: msgspec.msgpack.encode(change(msgspec.msgpack.decode(d, type=list[Leaf])))
            for n, d in send.parts.items()
        }
        return replace(send, parts=parts)

    return rewrite


def rehandled(leaf: Leaf) -> Leaf:
    holders = [replace(h, handle=bytes(16)) for h in decode_holders(leaf.holders, 8)]
    return replace(leaf, holders=encode_holders(holders))


@pytest.mark.parametrize("liar", [FIRST, SECOND])
def test_handles_adapted_after_seeing_ours_do_not_open_the_commitment(liar: str) -> None:
    honest, error = attack(liar, "leaves", leaves(lambda found: [rehandled(leaf) for leaf in found]))
    assert type(error) is FailedCheck
    assert honest.seen[-1].raw in error.evidence
    assert honest.run.round == 1


@pytest.mark.parametrize("liar", [FIRST, SECOND])
def test_leaves_left_out_or_added_are_caught(liar: str) -> None:
    for change in (lambda found: found[:-1], lambda found: [*found, *found], lambda found: found[::-1]):
        honest, error = attack(liar, "leaves", leaves(change))
        assert type(error) is FailedCheck
        assert honest.result is None


@pytest.mark.parametrize("liar", [FIRST, SECOND])
def test_other_findings_than_ours_are_not_confirmed(liar: str) -> None:
    for lie in (body(findings="0" * 64), body(count=99), body(more=1)):
        honest, error = attack(liar, "confirm", lie)
        assert type(error) is FailedCheck
        assert honest.result is None


# -- the budget


def test_the_peers_own_declared_size_is_held_against_its_budget() -> None:
    first, second, messages = table(OURS, THEIRS, terms())
    assert first.setup.their_budget > N
    poor = msgspec.structs.replace(first.setup, their_budget=N - 1)
    first.state = replace(first.run, setup=poor)
    with pytest.raises(Overdrawn):
        converse(first, second, messages)
    assert not first.journal
    assert first.run.stage is None


@pytest.mark.parametrize("whose", ["our_budget", "their_budget"])
def test_a_second_round_beyond_the_budget_is_refused_before_it_begins(whose: str) -> None:
    ours = [*OURS, words("r", "one", "two", traits=["tall", "old"])]
    theirs = [*THEIRS, words("s", "one", "two", traits=["tall", "young"])]
    first, second, messages = table(ours, theirs, terms())
    size = first.run.ours.size
    first.state = replace(first.run, setup=msgspec.structs.replace(first.setup, **{whose: size}))
    with pytest.raises(Overdrawn):
        converse(first, second, messages)
    assert [entry.kind for entry in first.journal] == ["run.started", "run.charged"]


def test_a_proposal_on_other_terms_is_not_agreed() -> None:
    def other(name: str, value: Any) -> Rewrite:
        def rewrite(side: Side, send: Send) -> Send:
            statement = dict(send.body["statement"])  # type: ignore[arg-type]  # an object, as the honest side wrote it
            return replace(
                send, body={"statement": {**statement, "terms": {**statement["terms"], name: value}}}
            )

        return rewrite

    for name, value in (
        ("audit", 0),
        ("buckets", 1),
        ("inspector", "none"),
        ("engine", "rr22"),
        ("tokens_limit", 1 << 40),
        ("version", True),
    ):
        honest, error = attack(FIRST, "propose", other(name, value))
        assert type(error) is NotAgreed
        assert not honest.journal
