"""A dishonest peer against a whole node: packets into its post, evidence out of its vault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detente.ceremonies.ceremony import Send
from detente.errors import (
    BadSignature,
    DetenteError,
    Expired,
    Malformed,
    NotAgreed,
    Overdrawn,
    PeerFault,
    Refused,
    Unavailable,
)
from detente.node.driver import UNABLE
from detente.node.ports import CeremonyRow
from detente.pact.terms import DAY_MS
from detente.wire.bundle import pack_bundle, unpack_bundle
from detente.wire.canonical import canonical, encode_base64
from detente.wire.envelope import MESSAGE, pae, seal
from detente.wire.identity import generate_identity
from detente.wire.messages import Message, open_message, part_of, seal_message
from detente.wire.packet import Hello, pack_packet, seal_hello, unpack_packet
from support.dishonest import Court
from support.toy import WarpedEngine
from support.world import person, small_terms


def test_junk_is_caught_by_a_whole_node_which_keeps_evidence(court: Court) -> None:
    court.engine(WarpedEngine(lambda outputs: outputs[::-1]))  # type: ignore[arg-type]  # an engine like any other
    with pytest.raises(PeerFault) as caught:
        court.north.match("people", "south")
    assert caught.value.path == str(court.evidence()[0])
    court.convict("signed-messages", "FailedCheck")
    assert [b["round"] for b in court.entries("run.charged")] == [1]  # it stays charged
    assert court.entries("run.aborted") == [{"by": "ours", "reason": court.said[-1].body["reason"]}]


def test_junk_of_a_peer_that_began_the_run_is_caught_as_well(court: Court) -> None:
    court.engine(WarpedEngine(lambda outputs: outputs[::-1]))  # type: ignore[arg-type]  # an engine like any other
    with pytest.raises(Refused):
        court.south.match("people", "north")
    court.convict("signed-messages", "FailedCheck")


@pytest.mark.parametrize(
    ("step", "name", "fault"),
    [
        ("evaluate", "engine", "FailedCheck"),
        ("results", "heads", "Malformed"),
        ("audit", "openings", "Malformed"),
        ("open", "second", "FailedCheck"),
    ],
)
def test_every_failed_check_gets_the_one_constant_answer(
    court: Court, step: str, name: str, fault: str
) -> None:
    court.cheat(step, lambda send: replace(send, parts={**send.parts, name: bytes(len(send.parts[name]))}))
    with pytest.raises(PeerFault):
        court.north.match("people", "south")
    court.convict("signed-messages", fault)


def test_the_same_message_again_in_the_same_run_changes_nothing(court: Court) -> None:
    packets: list[tuple[str, bytes]] = []

    def repeat(recipient: str, packet: bytes) -> bytes:
        if recipient != "answer":
            packets.append((recipient, packet))
            for _, old in packets[-3:]:
                court.world.wire.nodes[recipient].post.answer(old)
        return packet

    court.world.wire.watch = repeat
    assert court.north.match("people", "south").outcome == "done"
    before = court.north.witness.heads().size
    for recipient, old in packets:
        court.world.wire.nodes[recipient].post.answer(old)
    assert court.north.witness.heads().size == before
    assert len(court.north.runs.findings()) == len(court.south.runs.findings()) == 3
    assert court.evidence() == []


def south_says(
    court: Court,
    row: CeremonyRow,
    send: Send,
    *,
    agreement: str = "",
    sequence: int | None = None,
    **more: str,
) -> bytes:
    """A message signed by south, in a conversation of its choice."""
    identity = court.south.office.identity()
    message = Message(
        sender=identity.party, recipient=more.get("recipient", court.north.office.identity().party), ceremony=row.id, kind=row.kind,  # type: ignore[arg-type]  # one of the kinds
        step=send.step, sequence=row.heard if sequence is None else sequence, sent=court.world.clock.now(), agreement=agreement or row.agreement,
        body=dict(send.body), parts=tuple(part_of(n, send.parts[n]) for n in sorted(send.parts)),
    )  # fmt: skip
    return pack_bundle(seal_message(message, identity), send.parts)


def begun(court: Court, hops: int = 3) -> CeremonyRow:
    """A run of north's that is under way."""
    court.north.runs.start("people", "south")
    with court.north.office.store.snapshot() as tx:
        peer = court.north.office.peer(tx, "south")
    for _ in range(hops):
        court.north.post.deliver(peer, court.world.wire, until=lambda: True)
    row = court.last()
    assert row.status == "open"
    return row


def test_a_second_message_in_the_place_of_one_received_is_equivocation_that_anybody_can_check(
    court: Court,
) -> None:
    row = begun(court)
    court.north.driver.receive(south_says(court, row, Send("evaluate", {}), sequence=row.heard - 1))
    court.convict("two-answers", "Equivocation")


def test_a_message_under_another_agreement_ends_the_run(court: Court) -> None:
    row = begun(court)
    court.north.driver.receive(south_says(court, row, Send("results", {}), agreement="b" * 64))
    court.convict("signed-messages", "OutOfTurn")


def test_what_was_said_in_an_earlier_run_is_out_of_turn_in_this_one(court: Court) -> None:
    kept: list[Send] = []
    original = court.south.driver._send

    def note(tx, row, effect, now):  # type: ignore[no-untyped-def]  # as in the driver
        kept.append(effect)
        return original(tx, row, effect, now)

    court.south.driver._send = note  # type: ignore[method-assign]  # only listens
    court.north.match("people", "south")
    old = next(send for send in kept if send.step == "results")
    with court.north.office.store.transaction() as tx:
        assert len(list(tx.findings.find())) == 3
    row = begun(court)
    court.north.driver.receive(south_says(court, row, old))
    row = court.last()
    assert row.status == "aborted"
    assert "OutOfTurn" in court.evidence()[0].name


def test_a_message_of_the_future_waits_and_is_not_acknowledged(court: Court) -> None:
    row = begun(court)
    with pytest.raises(Unavailable):
        court.north.driver.receive(south_says(court, row, Send("audit", {}), sequence=row.heard + 1))
    assert court.last().status == "open"


def test_refusing_the_coin_leaves_the_run_charged_and_everything_closed(court: Court) -> None:
    original = court.south.driver._send

    def mute(tx, row, effect, now):  # type: ignore[no-untyped-def]  # as in the driver
        return row if effect.step == "audit" else original(tx, row, effect, now)

    court.south.driver._send = mute  # type: ignore[method-assign]  # says nothing any more
    with pytest.raises(Unavailable):
        court.north.match("people", "south")
    row = court.last()
    assert row.status == "open"
    assert [send.step for send in court.said][-1] == "coin"
    assert [b["round"] for b in court.entries("run.charged")] == [1]
    court.north.driver.abort(row.id, "the peer does not go on")
    assert court.last().status == "aborted"
    court.nothing_released()


# -- the envelope and the post


def exchange(court: Court, *bundles: bytes, hello: bytes | None = None) -> tuple[Hello, list[bytes]]:
    """One packet of south's into north's post; north's answer."""
    identity, us = court.south.office.identity(), court.north.office.identity().party
    signed = hello or seal_hello(Hello(identity.party, us, court.world.clock.now(), ()), identity)
    answer, back = unpack_packet(court.north.post.answer(pack_packet(signed, bundles)), max_bundle=1 << 30)
    assert answer
    return Hello("", "", 0, ()), back


ODD_PAYLOADS = {
    "a repeated name": b'{"agreement":"","agreement":""}',
    "not a number": b'{"sequence":NaN}',
    "infinity": b'{"sequence":Infinity}',
    "a fraction": b'{"sequence":1.5}',
    "a lone surrogate": b'{"step":"\\ud800"}',
    "deep nesting": b'{"body":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "an integer past 2^53": b'{"sequence":9007199254740993}',
    "a needless escape": b'{"step":"\\u0061"}',
    "spare space": b'{ "step":"a"}',
    "invalid UTF-8": b'{"step":"\xff"}',
    "no JSON": b"\x00" * 64,
    "an oversized statement": b'{"step":"' + b"a" * (1 << 20) + b'"}',
}


def signed(court: Court, payload: bytes) -> bytes:
    """South's good signature over bytes that no honest node would sign."""
    identity = court.south.office.identity()
    signature = identity.sign_envelope(pae(MESSAGE, payload))
    listed = [{"keyid": identity.key_id, "sig": encode_base64(signature)}]
    return canonical({"payload": encode_base64(payload), "payloadType": MESSAGE, "signatures": listed})


def test_this_is_how_an_envelope_is_signed(court: Court) -> None:
    payload = canonical({"a": 1})
    assert signed(court, payload) == seal(MESSAGE, payload, court.south.office.identity())


def test_signed_bytes_that_are_no_statement_are_refused_unread_and_hold_up_nothing(court: Court) -> None:
    row = begun(court)
    for payload in ODD_PAYLOADS.values():
        raw = signed(court, payload)
        bundle = b"detente bundle 1\n" + len(raw).to_bytes(4, "big") + raw + bytes(2)
        with pytest.raises(Malformed):
            court.north.driver.receive(bundle)
        exchange(court, bundle)
    assert court.last() == row
    court.north.deliver("south")
    assert court.last().status == "done"


def test_lengths_that_promise_more_than_there_is_are_refused_before_anything_is_allocated(
    court: Court,
) -> None:
    identity, us = court.south.office.identity(), court.north.office.identity().party
    hello = seal_hello(Hello(identity.party, us, court.world.clock.now(), ()), identity)
    packet = pack_packet(hello, [])
    huge = (
        b"detente packet 1\n" + b"\xff" * 4,
        packet[:-4] + b"\xff" * 4,
        packet[:-4] + (1).to_bytes(4, "big") + b"\xff" * 8,
        packet[:-4] + (1).to_bytes(4, "big") + (1 << 30).to_bytes(8, "big"),
        packet + b"\x00",
        packet[:-1],
        b"",
    )
    for body in huge:
        with pytest.raises(Malformed):
            court.north.post.answer(body)


def test_parts_that_are_not_the_signed_ones_are_refused(court: Court) -> None:
    row = begun(court)
    bundle = south_says(court, row, Send("results", {}, {"heads": b"abc"}))
    raw, _ = unpack_bundle(bundle, max_part=1 << 20)
    for parts in ({}, {"heads": b"abd"}, {"heads": b"abc", "more": b""}):
        with pytest.raises(Malformed):
            court.north.driver.receive(pack_bundle(raw, parts))
    assert court.last() == row


def test_strangers_and_wrong_addresses_get_nothing(court: Court) -> None:
    stranger = generate_identity(b"\x09" * 32)
    north, south = court.north.office.identity().party, court.south.office.identity()
    now = court.world.clock.now()
    for hello, fault in (
        (seal_hello(Hello(stranger.party, north, now, ()), stranger), BadSignature),
        (seal_hello(Hello(south.party, stranger.party, now, ()), south), Malformed),
        (seal_hello(Hello(south.party, south.party, now, ()), south), Malformed),
    ):
        with pytest.raises(fault):
            exchange(court, hello=hello)
    row = begun(court)
    with pytest.raises(DetenteError):
        court.north.driver.receive(south_says(court, row, Send("results", {}), recipient=stranger.party))
    assert court.last() == row


def test_a_body_signed_by_another_key_of_another_purpose_is_refused(court: Court) -> None:
    row = begun(court)
    other = replace_key(court)
    message = open_message(
        unpack_bundle(south_says(court, row, Send("results", {})), max_part=1)[0], court.north.office.ring(),
        recipient=court.north.office.identity().party, max_part=1,
    ).message  # fmt: skip
    raw = seal_message(message, other)
    with pytest.raises(BadSignature):
        court.north.driver.receive(pack_bundle(raw, {}))
    assert court.last() == row


def replace_key(court: Court):  # type: ignore[no-untyped-def]  # an identity
    """South's party id over a key that is not south's."""
    return generate_identity(b"\x0a" * 32, party=court.south.office.identity().party)


def test_a_revoked_key_signs_nothing_any_more_and_holds_up_nothing(court: Court) -> None:
    row = begun(court)
    old = court.south.office.identity()
    bundle = south_says(court, row, Send("results", {}))
    court.south.pairings.rotate()
    court.south.deliver("north")
    court.south.pairings.revoke(old.key_id)
    court.south.deliver("north")
    with pytest.raises(BadSignature):
        court.north.driver.receive(bundle)
    exchange(court, bundle)  # among others in a packet it is passed over
    assert court.evidence() == []


# -- budget and agreement


def test_runs_beyond_the_budget_are_refused_and_near_identical_reruns_are_charged_in_full(
    court: Court,
) -> None:
    """Guesses cost what they cost: the same lists with one record more are charged anew, and past the budget both nodes refuse."""

    def tight(toml: str) -> str:
        toml = small_terms(toml).replace("budget = 400000", "budget = 1500")
        return toml.replace("max_records = 10000", "max_records = 8")

    court.world.agree("north", "south", tight)
    outcomes = []
    for run in range(5):
        court.world.load("south", [person("guess", f"Ivan Petrov{run}", f"19{run}0-01-01")])
        try:
            outcomes.append(court.south.match("people", "north").outcome)
        except Refused as refusal:
            outcomes.append(str(refusal))
    charged = court.entries("run.charged")
    for role in ("first", "second"):
        assert sum(int(str(body[role])) for body in charged) <= 1500
    whole = [body for body in charged if body["round"] == 1]
    assert all(body["first"] == 256 for body in whole)
    assert 1 < len(whole) < 5
    assert "budget" in outcomes[-1]
    with pytest.raises(Overdrawn):
        court.north.runs.start("people", "south")


def test_an_aborted_run_is_not_given_back(court: Court) -> None:
    court.cheat("audit", lambda send: replace(send, parts={**send.parts, "coin": bytes(32)}))
    left = court.north.runs.plan("people", "south").budget_left
    with pytest.raises(PeerFault):
        court.north.match("people", "south")
    assert court.north.runs.plan("people", "south").budget_left < left


def proposed(court: Court) -> None:
    """South proposes a run whatever its own node thinks of the agreement: as if it had checked before."""
    court.south.deliver("north")
    assert court.last().status == "refused"


def test_a_suspended_agreement_stops_a_run_that_is_under_way(court: Court) -> None:
    begun(court)
    court.north.agreements.suspend("south", "a question")
    court.north.deliver("south")
    court.refused("suspended")
    assert court.north.runs.findings() == []


def test_a_run_under_a_suspended_superseded_or_expired_agreement_is_refused(court: Court) -> None:
    court.south.runs.start("people", "north")
    court.north.agreements.suspend("south", "a question")
    with pytest.raises(NotAgreed):
        court.north.match("people", "south")
    proposed(court)
    court.refused("suspended")


def test_a_run_under_a_superseded_agreement_is_refused(court: Court) -> None:
    court.south.runs.start("people", "north")
    held = list(pending(court))
    with court.south.office.store.transaction() as tx:
        tx.outbox.acknowledge(
            court.north.office.identity().party,
            [row.message for row in tx.outbox.pending(court.north.office.identity().party)],
        )
    court.world.agree(
        "north",
        "south",
        lambda toml: small_terms(toml).replace("retention_days = 365", "retention_days = 90"),
    )
    for bundle in held:
        court.north.driver.receive(bundle)
    court.refused("another version")


def pending(court: Court) -> list[bytes]:
    with court.south.office.store.snapshot() as tx:
        rows = tx.outbox.pending(court.north.office.identity().party)
        return [pack_bundle(row.raw, {n: tx.blobs.get(h) for n, h in row.parts.items()}) for row in rows]


def test_a_run_under_an_expired_agreement_is_refused(court: Court) -> None:
    court.south.runs.start("people", "north")
    court.world.clock.time += 400 * DAY_MS
    with pytest.raises((Expired, NotAgreed)):
        court.north.runs.start("people", "south")
    proposed(court)
    court.refused("expired")


def test_a_run_without_any_agreement_or_under_an_invented_one_is_refused(court: Court) -> None:
    row = CeremonyRow("d" * 32, "matching", "", "second", "e" * 64, "open", b"", b"", "", 0)
    court.north.driver.receive(
        south_says(
            court, row, Send("propose", {"statement": {"terms": {"topic": "people"}, "sizes": {"first": 9}}})
        )
    )
    court.refused("another version")


def test_a_proposal_that_is_no_statement_is_kept_as_evidence(court: Court) -> None:
    agreement = court.north.agreements.show("south")[0].hash
    row = CeremonyRow("d" * 32, "matching", "", "second", agreement, "open", b"", b"", "", 0)
    court.north.driver.receive(south_says(court, row, Send("propose", {"statement": []})))
    court.convict("signed-messages", "Malformed")


def test_a_conversation_of_others_cannot_be_entered(court: Court) -> None:
    row = begun(court)
    world = court.world
    world.pair("north", "east")
    east, us = world.node("east").office.identity(), court.north.office.identity().party
    message = Message(
        sender=east.party, recipient=us, ceremony=row.id, kind="matching", step="abort", sequence=row.heard, sent=world.clock.now(),
        agreement=row.agreement, body={"reason": "from outside"},
    )  # fmt: skip
    court.north.driver.receive(pack_bundle(seal_message(message, east), {}))
    assert court.last() == row
    assert len(court.evidence()) == 1


def test_what_our_own_node_lacks_is_refused_without_a_word_of_it(court: Court) -> None:
    world = court.world
    with court.north.office.store.transaction() as tx:
        for row in list(tx.records.select("people")):
            tx.records.erase(row.id)
    with pytest.raises(Refused, match="can't take part"):
        court.south.match("people", "north")
    assert court.said[-1].body["reason"] == UNABLE
    assert world.wire.packets < 20  # and nothing spins


def test_a_clock_a_day_off_neither_stops_a_run_nor_revives_an_agreement(court: Court) -> None:
    class Ahead:
        def now(self) -> int:
            return court.world.clock.now() + DAY_MS

    court.south.office.clock = Ahead()
    court.south.driver._clock = court.south.post._clock = Ahead()
    assert court.north.match("people", "south").outcome == "done"
    with court.north.office.store.snapshot() as tx:
        assert abs(court.north.office.peer(tx, "south").skew_ms - DAY_MS) < 60_000
    court.world.clock.time += 370 * DAY_MS  # expired by our clock; theirs may say what it likes

    class Behind:
        def now(self) -> int:
            return court.world.clock.now() - 370 * DAY_MS

    court.south.office.clock = Behind()
    court.south.driver._clock = court.south.post._clock = Behind()
    court.south.runs.start("people", "north")
    proposed(court)
