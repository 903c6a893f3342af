"""What every engine promises (psi/engine), tested against the plain intersection. A new engine joins ENGINES and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import FailedCheck, Malformed, Misuse, OutOfTurn, PeerFault
from detente.psi.dh import DhEngine
from detente.psi.engine import OUTPUT_BYTES, Engine, Role, Round, TokenBatch
from detente.psi.rr22 import Rr22Engine

ENGINES: list[Engine] = [DhEngine(), Rr22Engine()]
WIDTH = 32
FIRST_SEED, SECOND_SEED = b"\x01" * 32, b"\x02" * 32


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
def engine(request) -> Engine:
    return request.param


def batch(values) -> TokenBatch:
    return TokenBatch(b"".join(hashlib.sha256(str(value).encode()).digest() for value in values), WIDTH)


@dataclass
class Turn:
    """One message on its way: who sends it, who is in which state to receive it."""

    sender: Role
    message: bytes
    receiver: Round


class Pair:
    """Two rounds against each other. `turns` plays them; states and messages stay behind for a test to look at."""

    def __init__(self, engine: Engine, first: TokenBatch, second: TokenBatch, context: bytes = b"sid"):
        opened, self.message = engine.begin(Role.FIRST, context, first, len(second), FIRST_SEED)
        waiting, nothing = engine.begin(Role.SECOND, context, second, len(first), SECOND_SEED)
        assert nothing is None
        self.rounds = {Role.FIRST: opened, Role.SECOND: waiting}
        self.sender = Role.FIRST

    def turns(self) -> Iterator[Turn]:
        """Yields each message before it is delivered; the test may change `turn.message`."""
        while self.message is not None:
            to = self.sender.other
            turn = Turn(self.sender, self.message, self.rounds[to])
            yield turn
            self.rounds[to], self.message = turn.receiver.receive(turn.message)
            self.sender = to

    def run(self) -> tuple[Round, Round]:
        for _ in self.turns():
            pass
        first, second = self.rounds[Role.FIRST], self.rounds[Role.SECOND]
        assert first.done
        assert second.done
        return first, second


def tampered(message: bytes, at: int, flip: int) -> bytes:
    changed = bytearray(message)
    changed[at] ^= flip
    return bytes(changed)


def rows(outputs: bytes) -> list[bytes]:
    return [outputs[i : i + OUTPUT_BYTES] for i in range(0, len(outputs), OUTPUT_BYTES)]


def assert_plain_intersection(engine: Engine, ours: list, theirs: list) -> None:
    first, second = Pair(engine, batch(ours), batch(theirs)).run()
    a, b = rows(first.outputs()), rows(second.outputs())
    assert (len(a), len(b)) == (len(ours), len(theirs))
    assert len(set(a)) == len(a)
    found = {value for value, output in zip(ours, a, strict=True) if output in set(b)}
    assert found == set(ours) & set(theirs)
    by_value = dict(zip(theirs, b, strict=True))
    assert all(by_value[value] == output for value, output in zip(ours, a, strict=True) if value in by_value)


SHAPES = {
    "both empty": ([], []),
    "first empty": ([], [1, 2]),
    "second empty": ([1, 2], []),
    "one, equal": ([1], [1]),
    "one, different": ([1], [2]),
    "all equal": (list(range(40)), list(range(40))),
    "all equal, other order": (list(range(40)), list(range(39, -1, -1))),
    "none": (list(range(40)), list(range(100, 140))),
    "one against a thousand": ([7], list(range(1000))),
    "a thousand against one": (list(range(1000)), [7]),
    "ends only": (list(range(130)), [0, 129]),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_intersect_as_the_tokens_do(engine, shape):
    assert_plain_intersection(engine, *SHAPES[shape])


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 30), unique=True, max_size=20),
    st.lists(st.integers(0, 30), unique=True, max_size=20),
)
def test_outputs_of_random_sets_intersect_as_the_tokens_do(ours, theirs):
    for engine in ENGINES:
        assert_plain_intersection(engine, ours, theirs)


def test_tokens_that_differ_in_one_bit_have_unrelated_outputs(engine):
    near = TokenBatch(bytes(31) + b"\x00" + bytes(31) + b"\x01" + b"\x80" + bytes(31), WIDTH)
    far = TokenBatch(bytes(31) + b"\x02", WIDTH)
    first, second = Pair(engine, near, far).run()
    assert not set(rows(first.outputs())) & set(rows(second.outputs()))
    assert len(set(rows(first.outputs()))) == 3


def test_a_round_replayed_from_its_seed_and_messages_gives_the_same_bytes_at_every_step(engine):
    ours, theirs = batch(range(30)), batch(range(20, 60))
    pair = Pair(engine, ours, theirs)
    log = [(turn.sender, turn.message) for turn in pair.turns()]
    first, second = pair.rounds[Role.FIRST], pair.rounds[Role.SECOND]
    for stop in range(
        len(log) + 1
    ):  # a crash after each message: both sides begin anew and are fed what arrived
        again = {
            Role.FIRST: engine.begin(Role.FIRST, b"sid", ours, len(theirs), FIRST_SEED),
            Role.SECOND: engine.begin(Role.SECOND, b"sid", theirs, len(ours), SECOND_SEED),
        }
        sent = [message for _, message in again.values() if message is not None]
        states = {role: state for role, (state, _) in again.items()}
        for sender, message in log[:stop]:
            states[sender.other], reply = states[sender.other].receive(message)
            sent += [reply] if reply is not None else []
        assert sent == [message for _, message in log][: len(sent)]
        assert len(sent) >= stop
        if stop == len(log):
            assert states[Role.FIRST].outputs() == first.outputs()
            assert states[Role.SECOND].outputs() == second.outputs()


def test_another_context_or_other_entropy_gives_unrelated_outputs(engine):
    ours, theirs = batch(range(5)), batch(range(5))
    plain = set(rows(Pair(engine, ours, theirs).run()[0].outputs()))
    elsewhere = set(rows(Pair(engine, ours, theirs, b"other").run()[0].outputs()))
    assert not plain & elsewhere
    _, message = engine.begin(Role.FIRST, b"sid", ours, 5, FIRST_SEED)
    _, other = engine.begin(Role.FIRST, b"sid", ours, 5, SECOND_SEED)
    assert message != other


def test_outputs_are_withheld_until_the_peer_has_answered(engine):
    pair = Pair(engine, batch(range(3)), batch(range(3)))
    for state in pair.rounds.values():
        assert not state.done
        with pytest.raises(OutOfTurn):
            state.outputs()
        with pytest.raises(OutOfTurn):
            state.show([0])


@pytest.mark.parametrize("change", ["empty", "one byte short", "one byte long", "doubled", "one row long"])
def test_a_message_of_another_length_is_malformed(engine, change):
    changes = {
        "empty": lambda m: b"",
        "one byte short": lambda m: m[:-1],
        "one byte long": lambda m: m + b"\x00",
        "doubled": lambda m: m + m,
        "one row long": lambda m: m + m[-32:],
    }
    for turn in Pair(engine, batch(range(4)), batch(range(3))).turns():
        fresh = Pair(engine, batch(range(4)), batch(range(3)))
        for again in fresh.turns():
            if again.message == turn.message:
                with pytest.raises(Malformed) as raised:
                    again.receiver.receive(changes[change](turn.message))
                assert raised.value.evidence == (changes[change](turn.message),)
                break


def test_a_peer_with_more_tokens_than_declared_is_malformed(engine):
    _, message = engine.begin(Role.FIRST, b"sid", batch(range(5)), 3, FIRST_SEED)
    waiting, _ = engine.begin(Role.SECOND, b"sid", batch(range(3)), 4, SECOND_SEED)
    with pytest.raises(Malformed):
        waiting.receive(message)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_byte_tampered_with_anywhere_is_refused_and_gives_no_outputs(data):
    for engine in ENGINES:
        expected = [state.outputs() for state in Pair(engine, batch(range(3)), batch(range(2, 4))).run()]
        pair = Pair(engine, batch(range(3)), batch(range(2, 4)))
        target = data.draw(st.integers(0, 2))
        reached = []

        def play(pair=pair, target=target, reached=reached):
            for number, turn in enumerate(pair.turns()):
                if number == target:
                    at = data.draw(st.integers(0, len(turn.message) - 1))
                    turn.message = tampered(turn.message, at, data.draw(st.integers(1, 255)))
                reached.append(turn.receiver)

        with pytest.raises((FailedCheck, Malformed)) as raised:
            play()
        assert raised.value.evidence
        refused = reached[-1]
        with pytest.raises(OutOfTurn):
            refused.outputs()
        # Who has outputs all the same has the right ones: what reached it was not changed.
        for role, right in zip(Role, expected, strict=True):
            if pair.rounds[role].done:
                assert pair.rounds[role].outputs() == right


def test_the_refusal_says_the_same_whatever_failed(engine):
    sentences = set()
    for number, at in [(0, 0), (0, 40), (1, 0), (1, -1), (2, 0), (2, -1)]:
        pair = Pair(engine, batch(range(3)), batch(range(3)))
        try:
            for i, turn in enumerate(pair.turns()):
                if i == number:
                    turn.message = tampered(turn.message, at, 0x55)
        except FailedCheck as fault:
            sentences.add(str(fault))
    assert len(sentences) == 1


def test_a_state_takes_one_message_and_the_same_one_again_but_no_other(engine):
    ours, theirs = batch(range(3)), batch(range(3))
    for turn in Pair(engine, ours, theirs).turns():
        first_time = turn.receiver.receive(turn.message)
        again = turn.receiver.receive(turn.message)
        assert again[1] == first_time[1]
        with pytest.raises(OutOfTurn):
            turn.receiver.receive(tampered(turn.message, -1, 1))


def test_a_state_that_refused_a_message_takes_no_second_one(engine):
    for turn in Pair(engine, batch(range(3)), batch(range(3))).turns():
        broken = Pair(engine, batch(range(3)), batch(range(3)))
        for again in broken.turns():
            if again.message == turn.message:
                with pytest.raises(PeerFault):
                    again.receiver.receive(b"\xff" * len(turn.message))
                with pytest.raises(OutOfTurn):
                    again.receiver.receive(turn.message)
                break


def test_a_message_after_the_end_is_out_of_turn(engine):
    pair = Pair(engine, batch(range(3)), batch(range(3)))
    messages = [turn.message for turn in pair.turns()]
    for state in pair.rounds.values():
        for message in [*messages, b""]:
            with pytest.raises(OutOfTurn):
                state.receive(message)


def test_our_own_messages_sent_back_are_refused(engine):
    ours = batch(range(3))
    pair = Pair(engine, ours, batch(range(3)))
    sent: dict[Role, list[bytes]] = {Role.FIRST: [], Role.SECOND: []}
    for turn in pair.turns():
        for message in sent[turn.sender.other]:
            fresh = Pair(engine, ours, batch(range(3)))
            for again in fresh.turns():
                if again.message == turn.message:
                    with pytest.raises(PeerFault):
                        again.receiver.receive(message)
                    break
        sent[turn.sender].append(turn.message)


def test_a_message_of_another_run_does_not_fit_into_this_one(engine):
    ours, theirs = batch(range(3)), batch(range(3))
    others = [turn.message for turn in Pair(engine, ours, theirs, b"another run").turns()]
    for number in range(1, len(others)):
        pair = Pair(engine, ours, theirs)
        with pytest.raises(PeerFault):  # noqa: PT012 - any of the later turns may be the one that refuses
            for i, turn in enumerate(pair.turns()):
                if i == number:
                    turn.message = others[number]


@pytest.mark.parametrize("role", list(Role))
def test_arguments_that_do_not_fit_are_our_own_mistake(engine, role):
    for entropy in (b"", bytes(31), bytes(33)):
        with pytest.raises(Misuse):
            engine.begin(role, b"sid", batch(range(3)), 3, entropy)
    with pytest.raises(Misuse):
        engine.begin(role, b"sid", batch(range(3)), -1, bytes(32))


def test_the_repr_of_a_round_shows_no_token_seed_or_output(engine):
    pair = Pair(engine, batch(range(3)), batch(range(3)))
    states = list(pair.rounds.values())
    states += pair.run()
    secrets = [batch([0]).rows, FIRST_SEED, SECOND_SEED, states[-1].outputs()[:32]]
    for state in states:
        text = repr(state)
        assert len(text) < 100
        assert not any(secret.hex() in text or repr(secret)[2:-1] in text for secret in secrets)
