import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import BadSignature, Malformed, Misuse, Refused
from detente.wire.canonical import canonical, parse_canonical
from detente.wire.envelope import DOCUMENT, MESSAGE, add_signature, open_envelope, seal, unverified
from detente.wire.instant import LATEST, parse_rfc3339, rfc3339
from detente.wire.messages import (
    MAX_PARTS,
    Message,
    Part,
    check_parts,
    negotiate,
    open_message,
    part_of,
    seal_message,
)

T0 = 1_795_376_533_123


@pytest.fixture
def message(ours, theirs):
    return Message(
        sender=ours.party,
        recipient=theirs.party,
        ceremony="ab" * 16,
        kind="matching",
        step="begin",
        sequence=0,
        sent=T0,
        agreement="cd" * 32,
        body={"sizes": [1, 2], "name": "ü"},
        parts=(part_of("tokens", b"bulk"),),
    )


def altered(raw, signer, **changes):
    """The same message with other members, properly signed."""
    return seal(MESSAGE, canonical({**parse_canonical(unverified(raw).payload), **changes}), signer)


def test_a_message_arrives_as_it_was_sent(message, ours, theirs, keys):
    raw = seal_message(message, ours)
    received = open_message(raw, keys, recipient=theirs.party, max_part=10)
    assert received.message == message
    assert received.raw == raw
    assert received.id == open_envelope(raw, MESSAGE, keys).id


def test_sealing_is_deterministic_so_that_a_resent_reply_is_the_same_message(message, ours):
    assert seal_message(message, ours) == seal_message(message, ours)


def test_a_message_for_another_party_is_refused(message, ours, stranger, keys):
    raw = seal_message(message, ours)
    with pytest.raises(Malformed, match="another party"):
        open_message(raw, keys, recipient=stranger.party, max_part=10)


def test_a_message_in_anothers_name_is_refused(message, ours, theirs, keys):
    raw = altered(seal_message(message, ours), theirs)
    with pytest.raises(BadSignature):
        open_message(raw, keys, recipient=theirs.party, max_part=10)
    with pytest.raises(Misuse):
        seal_message(message, theirs)


def test_a_message_with_a_second_signature_is_refused(message, ours, theirs, keys):
    raw = add_signature(seal_message(message, ours), theirs)
    with pytest.raises(BadSignature):
        open_message(raw, keys, recipient=theirs.party, max_part=10)


def test_another_kind_of_statement_is_no_message(message, ours, theirs, keys):
    raw = seal(DOCUMENT, unverified(seal_message(message, ours)).payload, ours)
    with pytest.raises(Malformed):
        open_message(raw, keys, recipient=theirs.party, max_part=10)


def test_another_protocol_version_is_refused_naming_both(message, ours, theirs, keys):
    raw = altered(seal_message(message, ours), ours, version=7)
    with pytest.raises(Refused, match=r"version 7; this node speaks 1"):
        open_message(raw, keys, recipient=theirs.party, max_part=10)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "1"},
        {"version": True},
        {"version": None},
        {"sequence": -1},
        {"sequence": "0"},
        {"sequence": True},
        {"kind": "gossip"},
        {"ceremony": "ab" * 15},
        {"ceremony": "AB" * 16},
        {"step": ""},
        {"step": "Begin"},
        {"step": "x" * 65},
        {"agreement": "none"},
        {"body": []},
        {"body": None},
        {"sent": "2026-11-22T19:42:13Z"},
        {"sent": "2026-11-22T19:42:13.123+00:00"},
        {"sent": "2026-13-22T19:42:13.123Z"},
        {"sent": T0},
        {"extra": 1},
        {"parts": {}},
        {"parts": [{"name": "x", "sha256": "ab" * 32}]},
        {"parts": [{"name": "../x", "sha256": "ab" * 32, "size": 1}]},
        {"parts": [{"name": "x", "sha256": "AB" * 32, "size": 1}]},
        {"parts": [{"name": "x", "sha256": "ab" * 32, "size": -1}]},
        {"parts": [{"name": "x", "sha256": "ab" * 32, "size": 11}]},
        {"parts": [{"name": n, "sha256": "ab" * 32, "size": 1} for n in ("b", "a")]},
        {"parts": [{"name": n, "sha256": "ab" * 32, "size": 1} for n in ("a", "a")]},
        {"parts": [{"name": f"p{n:03}", "sha256": "ab" * 32, "size": 1} for n in range(MAX_PARTS + 1)]},
    ],
    ids=str,
)
def test_a_signed_message_of_wrong_shape_is_refused(message, ours, theirs, keys, changes):
    raw = altered(seal_message(message, ours), ours, **changes)
    with pytest.raises(Malformed):
        open_message(raw, keys, recipient=theirs.party, max_part=10)


def test_a_message_to_oneself_is_refused(message, ours, keys):
    raw = altered(seal_message(message, ours), ours, recipient=ours.party)
    with pytest.raises(Malformed):
        open_message(raw, keys, recipient=ours.party, max_part=10)


def test_what_could_not_be_opened_is_not_sealed(message, ours):
    replace = msgspec.structs.replace
    for bad in (
        replace(message, step="Bad Step"),
        replace(message, body={"x": 1.5}),
        replace(message, body={"x": "y" * (1 << 20)}),
        replace(message, sent=-1),
        replace(message, parts=(Part("b", "ab" * 32, 1), Part("a", "ab" * 32, 1))),
    ):
        with pytest.raises(Misuse):
            seal_message(bad, ours)


def test_parts_are_exactly_those_that_were_signed(message):
    check_parts(message, {"tokens": b"bulk"})
    for parts in (
        {},
        {"tokens": b"bulL"},
        {"tokens": b"bul"},
        {"tokens": b"bulk", "more": b""},
        {"other": b"bulk"},
    ):
        with pytest.raises(Malformed):
            check_parts(message, parts)


def test_a_body_is_read_strictly(message):
    class Shape(msgspec.Struct, forbid_unknown_fields=True):
        sizes: list[int]
        name: str

    class Other(msgspec.Struct, forbid_unknown_fields=True):
        sizes: list[int]

    assert message.body_as(Shape) == Shape([1, 2], "ü")
    with pytest.raises(Malformed):
        message.body_as(Other)


def test_a_messages_repr_shows_no_body(message):
    assert "sizes" not in repr(message)


def test_the_highest_common_version_is_taken_and_none_is_an_error_naming_both():
    assert negotiate((1, 2, 3), (2, 3, 4)) == 3
    with pytest.raises(Refused, match=r"we speak 1, they speak 2, 3"):
        negotiate((1,), (3, 2))
    with pytest.raises(Refused, match="none"):
        negotiate((1,), ())


@given(st.integers(0, LATEST))
def test_instants_survive_their_text_form(instant):
    text = rfc3339(instant)
    assert len(text) == 24
    assert parse_rfc3339(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T00:00:00.000Z",
        "2026-01-01T24:00:00.000Z",
        "2026-01-01T00:00:60.000Z",
        "1969-12-31T23:59:59.999Z",
        "2026-01-01t00:00:00.000z",
        "2026-01-01T00:00:00.000Z\n",
        "２026-01-01T00:00:00.000Z",
    ],
)
def test_other_forms_of_an_instant_are_refused(text):
    with pytest.raises(Malformed):
        parse_rfc3339(text)
