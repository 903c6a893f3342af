"""Whatever a peer puts into a message of a run, the honest side answers with a peer's fault and with nothing else."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from detente.ceremonies.ceremony import Incoming, Send
from detente.errors import PeerFault, Refused
from support.toy import Side, converse, lists, table, terms, words

ODD: list[Any] = [
    0, -1, 1 << 31, 1 << 32, (1 << 63) - 1, (1 << 64) - 1, True, None, 1.5, "", "x" * 70_000, b"", bytes(31), bytes(33), bytes(70_000),
    [], {}, [[]] * 3,
]  # fmt: skip


def unpacked(data: bytes) -> Any:
    """What the MessagePack says; nothing for what is none."""
    try:
        return msgspec.msgpack.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def odd_values(value: Any) -> Iterator[Any]:
    """The same MessagePack value with one place of it replaced by each odd value, or with one thing more or less."""
    yield from ODD
    if isinstance(value, dict):
        for name in value:
            for changed in odd_values(value[name]):
                yield {**value, name: changed}
        yield {**value, "more": 1}
    elif isinstance(value, list):
        for place in sorted({0, len(value) - 1} & set(range(len(value)))):
            for changed in odd_values(value[place]):
                yield [*value[:place], changed, *value[place + 1 :]]
        yield [*value, *value]
        yield value[:-1]
    elif isinstance(value, bytes) and value:
        yield value[:-1] + bytes([value[-1] ^ 1])
        yield value[:-1]
        yield value + b"\x00"
        for changed in odd_values(unpacked(value[1:])) if value[:1] == b"t" else ():
            yield b"t" + msgspec.msgpack.encode(changed)


def odd_parts(name: str, data: bytes, dice: random.Random) -> Iterator[bytes]:
    yield b""
    yield data[:-1]
    yield data + b"\x00"
    yield data * 2
    yield bytes(len(data))
    yield b"\xff" * len(data)
    for _ in range(4):
        place = dice.randrange(len(data)) if data else 0
        yield (
            data[:place] + bytes([(data[place] ^ 1 << dice.randrange(8)) if data else 1]) + data[place + 1 :]
        )
    if name == "openings" or data[:1] in (b"\x90", b"\x91", b"\x92", b"\x93", b"\x94"):
        changes = list(odd_values(unpacked(data)))
        for changed in dice.sample(changes, min(len(changes), 400)):
            yield msgspec.msgpack.encode(changed)


def odd_bodies(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in body.items():
        yield {k: v for k, v in body.items() if k != name}
        for odd in (0, -1, (1 << 53) - 1, None, "", "x" * 1000, [], {}, [[[[1]]]], not value):
            yield {**body, name: odd}
        if isinstance(value, dict):
            for changed in odd_bodies(value):
                yield {**body, name: changed}
    yield {**body, "more": 1}


def odd_messages(message: Incoming, dice: random.Random) -> Iterator[Send]:
    for name, data in message.parts.items():
        yield Send(message.step, message.body, {n: d for n, d in message.parts.items() if n != name})
        for changed in odd_parts(name, data, dice):
            if changed != data:
                yield Send(message.step, message.body, {**message.parts, name: changed})
    yield Send(message.step, message.body, {**message.parts, "more": b"x"})
    for body in odd_bodies(dict(message.body)):
        if body != message.body:
            yield Send(message.step, body, message.parts)
    for step in (
        "propose",
        "accept",
        "evaluate",
        "results",
        "coin",
        "audit",
        "open",
        "leaves",
        "confirm",
        "nonsense",
    ):
        if step != message.step:
            yield Send(step, message.body, message.parts)


def refused_or_harmless(hearer: Side, speaker: Side, send: Send) -> bool:
    """Feeds one changed message to a copy of the hearer. True where it was refused; an error that is no peer's fault escapes."""
    trial = copy.deepcopy(hearer.state)
    assert trial is not None
    sealed = speaker.seal(send)
    speaker.sent -= 1
    try:
        trial.receive(sealed, 0)
    except (PeerFault, Refused):
        return True
    return False


@pytest.mark.parametrize("seed", range(2))
def test_no_changed_message_of_a_run_raises_anything_but_a_peers_fault(seed: int) -> None:
    dice = random.Random(seed)
    ours, theirs = lists(3, 2)
    ours = [*ours, words("r", "one", "two", traits=["tall", "old"])]
    theirs = [*theirs, words("s", "one", "two", traits=["tall", "young"])]
    first, second, messages = table(ours, theirs, terms(buckets=2, audit=40), seed=str(seed))
    hearer, speaker = second, first
    queue, tried, refused = list(messages), 0, 0
    while queue:
        answers: list[Incoming] = []
        for message in queue:
            changed = list(odd_messages(message, dice))
            for send in dice.sample(changed, min(len(changed), 250)):
                tried += 1
                refused += refused_or_harmless(hearer, speaker, send)
            answers += hearer.hear(message)
        queue, hearer, speaker = answers, speaker, hearer
    assert first.result is not None
    assert refused > 0.97 * tried > 1000, (
        refused,
        tried,
    )  # some changes change nothing: another coin, another nonce


def test_a_run_without_changes_ends_well() -> None:
    first, second, messages = table(*lists(3, 2), terms())
    converse(first, second, messages)
    assert first.result is not None
    assert second.result is not None
    assert [f.id for f in first.result.findings] == [f.id for f in second.result.findings]
