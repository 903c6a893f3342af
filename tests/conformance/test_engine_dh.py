"""Attacks on the `dh` engine that need its own algebra. The peer here speaks the protocol with its own keys and lies on top."""

from __future__ import annotations

import hashlib

import pytest

from detente import kernel
from detente.errors import FailedCheck, Malformed, OutOfTurn
from detente.psi.dh import DhEngine
from detente.psi.engine import Role, Round, TokenBatch

N = 6
INFO = b"".join(
    len(part).to_bytes(8, "big") + part for part in (b"detente/dh/evaluate/1", b"sid", b"second", b"")
)

# RFC 9496, appendix A.3. ristretto255 has prime order, so a point of small order has no encoding but these.
BAD_ELEMENTS = {
    "identity": "00" * 32,
    "not canonical": "00" + "ff" * 31,
    "p, not 0": "ed" + "ff" * 30 + "7f",
    "negative": "01" + "00" * 31,
    "non-square": "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
    "negative product": "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
    "order two on the curve": "ec" + "ff" * 30 + "7f",
    "order eight on the curve": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
}


def batch(values) -> TokenBatch:
    return TokenBatch(b"".join(hashlib.sha256(str(value).encode()).digest() for value in values), 32)


def key(name: bytes) -> tuple[bytes, bytes]:
    return kernel.derive_key_pair(hashlib.sha256(name).digest(), b"a peer's")


def opened() -> tuple[Round, bytes, list[bytes]]:
    """Our FIRST round, our public key and our queries."""
    ours, message = DhEngine().begin(Role.FIRST, b"sid", batch(range(N)), N, bytes(32))
    return ours, message[:32], [message[i : i + 32] for i in range(32, len(message), 32)]


def answer(
    secret: bytes, public: bytes, blinded: list[bytes], evaluated: list[bytes], info: bytes = INFO
) -> bytes:
    proof = kernel.prove(secret, public, info, b"".join(blinded), b"".join(evaluated))
    return b"".join(evaluated) + proof


def test_the_honest_peer_of_these_tests_is_accepted():
    ours, _, queries = opened()
    secret, public = key(b"peer")
    evaluated = [kernel.evaluate(secret, query) for query in queries]
    message = public + b"".join(queries) + answer(secret, public, queries, evaluated)
    assert ours.receive(message)[0].done


@pytest.mark.parametrize("count", [1, N])
def test_different_keys_for_different_items_are_caught(count):
    ours, _, queries = opened()
    secret, public = key(b"peer")
    other, _ = key(b"another")
    evaluated = [kernel.evaluate(other if i < count else secret, query) for i, query in enumerate(queries)]
    with pytest.raises(FailedCheck):
        ours.receive(public + b"".join(queries) + answer(secret, public, queries, evaluated))


def test_evaluations_in_another_order_are_caught():
    ours, _, queries = opened()
    secret, public = key(b"peer")
    evaluated = [kernel.evaluate(secret, query) for query in reversed(queries)]
    message = public + b"".join(queries) + answer(secret, public, list(reversed(queries)), evaluated)
    with pytest.raises(FailedCheck):
        ours.receive(message)


def test_errors_that_cancel_out_are_caught():
    """Without weights, adding P to one evaluation and taking it from another would leave the sum as it was."""
    import rbcl

    ours, _, queries = opened()
    secret, public = key(b"peer")
    evaluated = [kernel.evaluate(secret, query) for query in queries]
    point = kernel.hash_to_group(b"anything", 8)
    evaluated[0] = rbcl.crypto_core_ristretto255_add(evaluated[0], point)
    evaluated[1] = rbcl.crypto_core_ristretto255_sub(evaluated[1], point)
    with pytest.raises(FailedCheck):
        ours.receive(public + b"".join(queries) + answer(secret, public, queries, evaluated))


def test_a_proof_of_another_purpose_direction_or_run_is_caught():
    for changed in (b"", INFO.replace(b"second", b"first!"), INFO.replace(b"sid", b"dis")):
        ours, _, queries = opened()
        secret, public = key(b"peer")
        evaluated = [kernel.evaluate(secret, query) for query in queries]
        with pytest.raises(FailedCheck):
            ours.receive(public + b"".join(queries) + answer(secret, public, queries, evaluated, changed))


def test_our_own_public_key_sent_back_is_refused():
    _, message = DhEngine().begin(Role.FIRST, b"sid", batch(range(N)), N, bytes(32))
    second, _ = DhEngine().begin(Role.SECOND, b"sid", batch(range(N)), N, bytes(32))
    second, reply = second.receive(message)
    listening, _ = DhEngine().begin(Role.SECOND, b"sid", batch(range(N)), N, bytes(32))
    with pytest.raises(FailedCheck):
        listening.receive(reply[: 32 + 32 * N])


@pytest.mark.parametrize("name", BAD_ELEMENTS)
def test_bad_points_are_refused_wherever_they_stand(name):
    bad = bytes.fromhex(BAD_ELEMENTS[name])
    _, public = key(b"peer")
    good = kernel.hash_to_group(b"anything", 8)
    for message in (bad + good * N, public + bad + good * (N - 1), public + good * (N - 1) + bad):
        listening, _ = DhEngine().begin(Role.SECOND, b"sid", batch(range(N)), N, bytes(32))
        with pytest.raises(FailedCheck):
            listening.receive(message)
    for place in range(3):
        ours, _, queries = opened()
        secret, public = key(b"peer")
        evaluated = [kernel.evaluate(secret, query) for query in queries]
        proof = answer(secret, public, queries, evaluated)[-64:]
        parts = [public, *queries, *evaluated]
        parts[(0, 1, N + 1)[place]] = bad
        with pytest.raises(FailedCheck):
            ours.receive(b"".join(parts) + proof)


def test_a_proof_with_scalars_beyond_the_order_is_refused():
    order = bytes.fromhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
    for half in (0, 1):
        ours, _, queries = opened()
        secret, public = key(b"peer")
        evaluated = [kernel.evaluate(secret, query) for query in queries]
        message = bytearray(public + b"".join(queries) + answer(secret, public, queries, evaluated))
        at = len(message) - 64 + 32 * half
        scalar = int.from_bytes(message[at : at + 32], "little") + int.from_bytes(order, "little")
        message[at : at + 32] = scalar.to_bytes(32, "little")
        with pytest.raises(FailedCheck):
            ours.receive(bytes(message))


def test_a_peer_without_tokens_must_still_know_the_key_it_shows():
    ours, message = DhEngine().begin(Role.FIRST, b"sid", batch([]), 0, bytes(32))
    assert len(message) == 32
    _, public = key(b"peer")
    with pytest.raises(FailedCheck):
        ours.receive(public + bytes(64))


def test_the_length_is_checked_before_anything_is_read():
    ours, _, _ = opened()
    with pytest.raises(Malformed):
        ours.receive(b"\x00" * (32 + 64 * N + 63))
    with pytest.raises(OutOfTurn):
        ours.receive(b"\x00" * (32 + 64 * N + 64))


def test_the_same_entropy_in_the_other_role_gives_another_key_and_other_blinds():
    first, message = DhEngine().begin(Role.FIRST, b"sid", batch(range(N)), N, bytes(32))
    second, _ = DhEngine().begin(Role.SECOND, b"sid", batch(range(N)), N, bytes(32))
    _, reply = second.receive(message)
    assert reply[:32] != message[:32]
    assert not {reply[i : i + 32] for i in range(32, 32 + 32 * N, 32)} & set(opened()[2])
    assert not first.done
