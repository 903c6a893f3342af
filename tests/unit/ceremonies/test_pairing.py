from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.ceremonies.ceremony import Decision, Send
from detente.ceremonies.pairing import (
    MAX_INVITATION,
    PairingKind,
    PairingSetup,
    make_invitation,
    read_invitation,
)
from detente.errors import (
    BadSignature,
    DetenteError,
    Equivocation,
    Expired,
    Malformed,
    Misuse,
    OutOfTurn,
    Refused,
)
from detente.wire.canonical import canonical
from detente.wire.envelope import AGREEMENT, INVITATION, add_signature, seal, unverified
from detente.wire.fingerprint import fingerprint_words
from detente.wire.identity import generate_identity
from detente.wire.keys import KeyRing
from detente.wire.rotation import revoke, rotate

from .pair import EAST, NORTH, NOW, RING, SOUTH, Pair, Side, pair

KIND = PairingKind()
DAY = 86_400_000


def invite(who=NORTH, *, signer=None, now: int = NOW, **changes) -> bytes:
    about = {
        "name": "Bureau Nord",
        "address": "https://north.example:8443",
        "nonce": bytes(16),
        "expires": NOW + 7 * DAY,
    }
    return make_invitation(signer or who, who.public, now=now, **{**about, **changes})


def forge(who=NORTH, signer=None, **changes) -> bytes:
    """An invitation with a changed body, properly signed."""
    import json

    body = json.loads(unverified(invite(who)).payload)
    return seal(INVITATION, canonical({**body, **changes}), signer or who)


def start(ours: bytes, theirs: bytes, second: tuple[bytes, bytes] | None = None) -> Pair:
    two = pair("pairing")
    two.first.take(KIND.begin(PairingSetup(NORTH.party, SOUTH.party, ours, theirs), bytes(32), NOW))
    mine, peers = second or (theirs, ours)
    two.second.state = KIND.answer(PairingSetup(SOUTH.party, NORTH.party, mine, peers), bytes(32), NOW)
    return two


# --- the file


def test_an_invitation_carries_everything_needed_to_reach_and_to_verify_a_party() -> None:
    found = read_invitation(invite(), NOW)
    assert (found.party, found.name, found.address) == (
        NORTH.party,
        "Bureau Nord",
        "https://north.example:8443",
    )
    assert found.keys == NORTH.public
    assert found.words == fingerprint_words(NORTH.party)
    assert found.versions == (1,)


def test_an_invitation_signed_by_another_key_than_it_carries_is_refused() -> None:
    with pytest.raises(BadSignature):
        read_invitation(forge(signer=EAST), NOW)
    with pytest.raises(BadSignature):
        read_invitation(add_signature(invite(), EAST), NOW)


def test_an_invitation_with_an_id_that_is_not_of_its_key_is_malformed() -> None:
    with pytest.raises(Malformed, match="hash of its first key"):
        read_invitation(forge(party=SOUTH.party), NOW)


def test_an_invitation_that_expired_is_refused_to_the_millisecond() -> None:
    read_invitation(invite(), NOW + 7 * DAY - 1)
    with pytest.raises(Expired):
        read_invitation(invite(), NOW + 7 * DAY)
    read_invitation(invite(), None)


def test_an_invitation_dated_ahead_is_refused() -> None:
    with pytest.raises(Malformed, match="dated ahead"):
        read_invitation(invite(now=NOW + 2 * DAY), NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "http://north.example"},
        {"address": "https://user@north.example"},
        {"address": "https://north.example/path"},
        {"address": "https://north.example:0"},
        {"address": "https://"},
        {"name": "Nord\x1b[2J"},
        {"name": " Nord"},
        {"name": "N\u202eord"},
        {"name": ""},
        {"name": "x" * 121},
        {"versions": []},
        {"versions": [1, 1]},
        {"versions": [0]},
        {"versions": ["1"]},
        {"nonce": "00"},
        {"created": "yesterday"},
        {"changes": ["!"]},
        {"changes": "x"},
        {"keys": {}},
        {"more": 1},
    ],
)
def test_an_invitation_outside_the_spec_is_malformed(changes: dict) -> None:
    with pytest.raises(Malformed):
        read_invitation(forge(**changes), NOW)


@pytest.mark.parametrize(
    "address", ["", "https://10.0.0.1:8443", "https://[2001:db8::1]:8443", "https://n.example"]
)
def test_addresses_that_a_node_can_have_are_read(address: str) -> None:
    assert read_invitation(invite(address=address), NOW).address == address


def test_our_own_bad_invitation_is_our_own_mistake() -> None:
    with pytest.raises(Misuse):
        invite(address="north.example")


def test_a_statement_of_another_kind_is_no_invitation() -> None:
    other = seal(AGREEMENT, unverified(invite()).payload, NORTH)
    with pytest.raises(Malformed):
        read_invitation(other, NOW)


def test_a_file_of_any_size_is_not_read() -> None:
    with pytest.raises(Malformed, match="at most"):
        read_invitation(b"{" * (MAX_INVITATION + 1), NOW)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_an_altered_invitation_is_refused_wherever_it_was_altered(data: st.DataObject) -> None:
    raw = bytearray(invite())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DetenteError):
        read_invitation(bytes(raw), NOW)


# --- after a rotation


NEXT = generate_identity(b"\x09" * 32, party=NORTH.party)
ROTATION = rotate(
    KeyRing().with_party(NORTH.public), NORTH, NEXT, NEXT.public, since=NOW - 10 * DAY, until=NOW - 5 * DAY
)


def test_an_invitation_after_a_rotation_keeps_the_partys_id_and_brings_its_new_keys() -> None:
    found = read_invitation(invite(signer=NEXT, changes=[ROTATION]), NOW)
    assert found.party == NORTH.party
    assert found.keys == NEXT.public
    assert len(found.periods) == 2


def test_a_retired_key_does_not_invite() -> None:
    with pytest.raises(BadSignature):
        read_invitation(forge(changes=[__import__("base64").b64encode(ROTATION).decode()]), NOW)


def test_a_revoked_key_does_not_invite() -> None:
    import base64

    revoked = revoke(NORTH, NORTH.key_id, since=NOW - DAY, reason="compromised")
    with pytest.raises(BadSignature):
        read_invitation(forge(changes=[base64.b64encode(revoked).decode()]), NOW)


def test_key_changes_of_another_party_are_refused() -> None:
    import base64

    alien = revoke(SOUTH, SOUTH.key_id, since=NOW - DAY, reason="lost")
    with pytest.raises(BadSignature):
        read_invitation(forge(changes=[base64.b64encode(alien).decode()]), NOW)


# --- pairing


def test_both_journals_name_both_invitations() -> None:
    two = start(invite(), invite(SOUTH))
    two.pump()
    hashes = {
        NORTH.party: read_invitation(invite(), None).hash,
        SOUTH.party: read_invitation(invite(SOUTH), None).hash,
    }
    for side, other in ((two.first, SOUTH), (two.second, NORTH)):
        assert side.kinds == ["peer.paired"]
        assert side.entries[0].subject == other.party
        assert side.entries[0].body["invitations"] == hashes
        assert side.finish.result.invitation.keys == other.public
        assert side.finish.result.version == 1


def test_an_old_invitation_in_place_of_the_one_at_hand_is_refused() -> None:
    old = invite(nonce=b"\x01" * 16)
    two = start(invite(), invite(SOUTH), (invite(SOUTH), old))
    with pytest.raises(Refused, match="different invitations"):
        two.pump()
    assert two.second.kinds == []


def test_no_common_version_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(Refused, match="no common protocol version"):
        start(invite(versions=(1,)), invite(SOUTH, versions=(2, 3)))


def test_a_silent_downgrade_is_found_out() -> None:
    two = start(invite(versions=(1, 2)), invite(SOUTH, versions=(1, 2)))
    honest = two.first.outbox.pop()
    assert honest.body["version"] == 2
    two.first.sent = 0
    with pytest.raises(Equivocation) as raised:
        two.second.receive(two.first.sealed(Send("hello", {**honest.body, "version": 1})))
    assert raised.value.evidence


@pytest.mark.parametrize(
    ("step", "body", "fault"),
    [
        ("hello", {}, Malformed),
        ("hello", {"invitations": [], "version": 1}, Malformed),
        ("noted", {}, OutOfTurn),
        ("change", {}, Malformed),
        ("greet", {}, OutOfTurn),
    ],
)
def test_messages_outside_the_spec_are_refused(step: str, body: dict, fault: type[Exception]) -> None:
    two = start(invite(), invite(SOUTH))
    with pytest.raises(fault):
        two.second.receive(two.first.sealed(Send(step, body)))


def test_a_hello_is_heard_once() -> None:
    two = start(invite(), invite(SOUTH))
    hello = two.first.outbox.pop()
    two.second.receive(hello)
    with pytest.raises(OutOfTurn):
        two.second.receive(hello)


def test_invitations_of_other_parties_do_not_pair() -> None:
    with pytest.raises(Misuse):
        start(invite(EAST), invite(SOUTH))


def test_pairing_asks_nothing_of_people() -> None:
    two = start(invite(), invite(SOUTH))
    with pytest.raises(Misuse):
        two.first.decide(Decision("anything"))


def test_setups_survive_storage() -> None:
    setup = PairingSetup(NORTH.party, SOUTH.party, invite(), invite(SOUTH), dict(RING.periods), ROTATION)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(setup), type=PairingSetup) == setup


# --- changes of keys


def tell(change: bytes, who=NORTH) -> Pair:
    two = Pair(Side(NORTH, SOUTH.party, "pairing", "c" * 32), Side(SOUTH, NORTH.party, "pairing", "c" * 32))
    keys = dict(RING.periods)
    two.first.take(KIND.begin(PairingSetup(NORTH.party, SOUTH.party, b"", b"", keys, change), bytes(32), NOW))
    two.second.state = KIND.answer(PairingSetup(SOUTH.party, NORTH.party, b"", b"", keys), bytes(32), NOW)
    two.pump()
    return two


def test_a_rotation_reaches_the_peers_journal_and_its_ring() -> None:
    rotation = rotate(RING, NORTH, NEXT, NEXT.public, since=NOW, until=NOW + DAY)
    two = tell(rotation)
    assert two.second.kinds == ["key.rotated"]
    changed = two.second.finish.result
    assert (changed.party, changed.what) == (NORTH.party, "rotated")
    ring = RING.with_periods(NORTH.party, changed.periods)
    assert ring.keys_of(NORTH.party) == NEXT.public
    assert two.first.finish.outcome == "done"


def test_a_revocation_reaches_the_peers_journal_and_its_ring() -> None:
    two = tell(revoke(NORTH, NORTH.key_id, since=NOW, reason="compromised"))
    assert two.second.kinds == ["key.revoked"]
    ring = RING.with_periods(NORTH.party, two.second.finish.result.periods)
    with pytest.raises(BadSignature):
        ring.envelope_key(NORTH.key_id, NOW)


def test_nobody_changes_the_keys_of_another() -> None:
    with pytest.raises(BadSignature):
        tell(revoke(SOUTH, SOUTH.key_id, since=NOW, reason="compromised"))
    stranger = replace(generate_identity(b"\x0a" * 32), party=NORTH.party)
    with pytest.raises(BadSignature):
        tell(revoke(stranger, NORTH.key_id, since=NOW, reason="compromised"))
