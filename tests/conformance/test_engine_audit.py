"""The audit of engines whose openings the peer itself can check (spec/matching, step 6)."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import FailedCheck, Malformed, Misuse, OutOfTurn
from detente.psi.dh import DhEngine
from detente.psi.engine import Engine, Role, Round, TokenBatch

ENGINES: list[Engine] = [DhEngine()]
OURS, THEIRS = range(40), range(25, 60)


def batch(values) -> TokenBatch:
    return TokenBatch(b"".join(hashlib.sha256(str(value).encode()).digest() for value in values), 32)


def finished(engine: Engine, context: bytes = b"sid", entropy: bytes = b"\x01" * 32) -> tuple[Round, Round]:
    ours, theirs = batch(OURS), batch(THEIRS)
    first, message = engine.begin(Role.FIRST, context, ours, len(theirs), entropy)
    second, _ = engine.begin(Role.SECOND, context, theirs, len(ours), b"\x02" * 32)
    while message is not None:
        second, message = second.receive(message)
        if message is not None:
            first, message = first.receive(message)
    return first, second


@pytest.fixture(scope="module", params=ENGINES, ids=lambda engine: engine.name)
def pair(request) -> tuple[Round, Round]:
    return finished(request.param)


@pytest.fixture(params=["first shows", "second shows"])
def audit(request, pair):
    """(who shows, its tokens, who checks)."""
    first, second = pair
    return (first, batch(OURS), second) if request.param == "first shows" else (second, batch(THEIRS), first)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, len(THEIRS) - 1), max_size=12))
def test_what_is_shown_gives_the_outputs_at_those_positions(positions):
    for engine in ENGINES:
        first, second = finished(engine)
        for shower, tokens, checker in ((first, batch(OURS), second), (second, batch(THEIRS), first)):
            shown = shower.show(positions)
            expected = b"".join(shower.outputs()[p * 32 : (p + 1) * 32] for p in positions)
            assert checker.check(positions, tokens.take(positions), shown) == expected


def test_showing_twice_shows_the_same_bytes(audit):
    shower, _, _ = audit
    assert shower.show([3, 1, 4]) == shower.show([3, 1, 4])


def test_another_token_than_the_one_queried_is_caught(audit):
    shower, tokens, checker = audit
    shown = shower.show([3, 5])
    with pytest.raises(FailedCheck) as raised:
        checker.check([3, 5], tokens.take([3, 6]), shown)
    assert raised.value.evidence == (shown,)


def test_another_position_than_the_one_drawn_is_caught(audit):
    shower, tokens, checker = audit
    for positions in ([3, 6], [5, 3], [0, 1]):
        with pytest.raises(FailedCheck):
            checker.check(positions, tokens.take([3, 5]), shower.show([3, 5]))


def test_an_opening_of_more_positions_does_not_serve_for_fewer(audit):
    shower, tokens, checker = audit
    shown = shower.show([3, 5])
    fewer = shown[:32] + shown[64:96] + shown[128:]
    with pytest.raises(FailedCheck):
        checker.check([3], tokens.take([3]), fewer)


def test_every_byte_of_an_opening_counts(audit):
    shower, tokens, checker = audit
    shown = shower.show([3, 5])
    for at in range(0, len(shown), 3):
        lie = shown[:at] + bytes([shown[at] ^ 0x11]) + shown[at + 1 :]
        with pytest.raises(FailedCheck):
            checker.check([3, 5], tokens.take([3, 5]), lie)


def test_an_opening_under_another_key_is_caught(pair):
    first, second = pair
    other, _ = finished(DhEngine(), entropy=b"\x07" * 32)
    mixed = first.show([3])[:32] + other.show([3])[32:]
    for lie in (other.show([3]), mixed):
        with pytest.raises(FailedCheck):
            second.check([3], batch(OURS).take([3]), lie)


def test_an_opening_of_another_run_is_caught(audit):
    shower, tokens, checker = audit
    first, second = finished(DhEngine(), context=b"another run")
    elsewhere = first if shower.setting.role is Role.FIRST else second
    with pytest.raises(FailedCheck):
        checker.check([3], tokens.take([3]), elsewhere.show([3]))


def test_our_own_opening_reflected_is_caught(pair):
    first, second = pair
    assert batch(OURS).row(25) == batch(THEIRS).row(0)
    with pytest.raises(FailedCheck):
        first.check([0], batch(THEIRS).take([0]), first.show([25]))
    with pytest.raises(FailedCheck):
        second.check([25], batch(OURS).take([25]), second.show([0]))


def test_openings_of_another_length_are_malformed(audit):
    shower, tokens, checker = audit
    shown = shower.show([3, 5])
    for lie in (b"", shown[:-1], shown + b"\x00", shown[64:], shown + shown[:64]):
        with pytest.raises(Malformed):
            checker.check([3, 5], tokens.take([3, 5]), lie)
    with pytest.raises(Malformed):
        checker.check([3, 5], tokens.take([3]), shown)
    with pytest.raises(Malformed):
        checker.check([3], TokenBatch(bytes(33), 33), shower.show([3]))


@pytest.mark.parametrize("positions", [[-1], [40], [0, 1000]])
def test_positions_outside_the_batch_are_our_own_mistake(pair, positions):
    first, second = pair
    with pytest.raises(Misuse):
        first.show(positions)
    with pytest.raises(Misuse):
        second.check(positions, batch(range(len(positions))), bytes(64 * len(positions) + 64))


def test_nothing_is_checked_before_the_peer_has_sent_its_queries():
    for engine in ENGINES:
        first, _ = engine.begin(Role.FIRST, b"sid", batch(OURS), len(THEIRS), bytes(32))
        with pytest.raises(OutOfTurn):
            first.check([0], batch(THEIRS).take([0]), bytes(128))
