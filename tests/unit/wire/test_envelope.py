import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import BadSignature, Malformed, PeerFault
from detente.wire.canonical import canonical
from detente.wire.envelope import (
    AGREEMENT,
    ITEM,
    MAX_ENVELOPE,
    add_signature,
    open_envelope,
    pae,
    payload_type,
    seal,
    statement_id,
    unverified,
)

BODY = {"hello": ["wörld", 1, None]}
PAYLOAD = canonical(BODY)


def rewritten(raw, **changes):
    return canonical({**json.loads(raw), **changes})


def test_a_sealed_statement_opens_to_what_was_signed(ours, keys):
    raw = seal(AGREEMENT, PAYLOAD, ours)
    envelope = open_envelope(raw, AGREEMENT, keys)
    assert (envelope.body, envelope.payload, envelope.signers) == (BODY, PAYLOAD, {ours.party})
    assert envelope.raw == raw
    assert envelope.statement == statement_id(AGREEMENT, PAYLOAD)


def test_the_signature_is_dsse_v1_over_the_bytes_as_they_came(ours):
    outer = json.loads(seal(AGREEMENT, PAYLOAD, ours))
    signature = base64.b64decode(outer["signatures"][0]["sig"])
    assert signature == ours.sign_envelope(
        b"DSSEv1 %d %b %d %b" % (len(AGREEMENT), AGREEMENT.encode(), len(PAYLOAD), PAYLOAD)
    )


@settings(max_examples=300)
@given(st.data())
def test_any_byte_flipped_in_an_envelope_is_refused(ours, keys, data):
    raw = bytearray(seal(AGREEMENT, PAYLOAD, ours))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PeerFault):
        open_envelope(bytes(raw), AGREEMENT, keys)


def test_every_single_byte_counts(ours, keys):
    raw = seal(AGREEMENT, PAYLOAD, ours)
    for place in range(len(raw)):
        with pytest.raises(PeerFault):
            open_envelope(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :], AGREEMENT, keys)


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_garbage_is_a_peer_fault_and_nothing_else(keys, raw):
    with pytest.raises(PeerFault):
        open_envelope(raw, AGREEMENT, keys)


def test_a_statement_of_another_kind_is_refused(ours, keys):
    with pytest.raises(Malformed, match="another kind"):
        open_envelope(seal(ITEM, PAYLOAD, ours), AGREEMENT, keys)


def test_relabelling_the_kind_breaks_the_signature(ours, keys):
    with pytest.raises(BadSignature):
        open_envelope(rewritten(seal(ITEM, PAYLOAD, ours), payloadType=AGREEMENT), AGREEMENT, keys)


def test_a_stripped_signature_is_refused(ours, theirs, keys):
    both = add_signature(seal(AGREEMENT, PAYLOAD, ours), theirs)
    lines = json.loads(both)["signatures"]
    with pytest.raises(BadSignature):
        open_envelope(rewritten(both, signatures=[]), AGREEMENT, keys)
    for line in lines:
        with pytest.raises(BadSignature, match="other parties"):
            open_envelope(
                rewritten(both, signatures=[line]), AGREEMENT, keys, required={ours.party, theirs.party}
            )
    with pytest.raises(BadSignature, match="fewer"):
        open_envelope(rewritten(both, signatures=lines[:1]), AGREEMENT, keys, required=2)


def test_a_duplicated_signature_does_not_count_twice(ours, keys):
    raw = seal(AGREEMENT, PAYLOAD, ours)
    line = json.loads(raw)["signatures"][0]
    with pytest.raises(BadSignature, match="repeated"):
        open_envelope(rewritten(raw, signatures=[line, line]), AGREEMENT, keys, required=2)
    with pytest.raises(Malformed):
        add_signature(raw, ours)


def test_one_bad_signature_among_good_ones_refuses_the_envelope(ours, theirs, keys):
    both = json.loads(add_signature(seal(AGREEMENT, PAYLOAD, ours), theirs))
    other = json.loads(seal(AGREEMENT, canonical({"other": 1}), theirs))["signatures"][0]
    both["signatures"] = [other if line["keyid"] == theirs.key_id else line for line in both["signatures"]]
    with pytest.raises(BadSignature):
        open_envelope(canonical(both), AGREEMENT, keys, required=1)


def test_two_parties_sign_one_payload_in_either_order_to_the_same_bytes(ours, theirs, keys):
    one = add_signature(seal(AGREEMENT, PAYLOAD, ours), theirs)
    other = add_signature(seal(AGREEMENT, PAYLOAD, theirs), ours)
    assert one == other
    parties = {ours.party, theirs.party}
    assert open_envelope(one, AGREEMENT, keys, required=parties).signers == parties


def test_an_unknown_key_is_refused(stranger, keys):
    with pytest.raises(BadSignature, match="unknown"):
        open_envelope(seal(AGREEMENT, PAYLOAD, stranger), AGREEMENT, keys)


def test_a_checkpoint_key_signs_no_statement(ours, keys):
    raw = seal(AGREEMENT, PAYLOAD, ours)
    signature = base64.b64encode(ours.sign_checkpoint_ed25519(pae(AGREEMENT, PAYLOAD))).decode()
    with pytest.raises(BadSignature):
        open_envelope(rewritten(raw, signatures=[{"keyid": ours.key_id, "sig": signature}]), AGREEMENT, keys)


def test_the_signature_is_checked_before_the_payload_is_parsed(stranger, ours, keys):
    raw = seal(AGREEMENT, PAYLOAD, ours)
    junk = rewritten(raw, payload=base64.b64encode(b"[" * 999).decode())
    with pytest.raises(BadSignature):
        open_envelope(junk, AGREEMENT, keys)


@pytest.mark.parametrize(
    "payload", [b'{"a":1,"a":1}', b'{"a":NaN}', b'"\\ud800"', b"[" * 17 + b"]" * 17, b"{ }"]
)
def test_signed_bytes_that_are_not_canonical_are_refused_all_the_same(ours, keys, payload):
    signature = base64.b64encode(ours.sign_envelope(pae(AGREEMENT, payload))).decode()
    raw = canonical(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": AGREEMENT,
            "signatures": [{"keyid": ours.key_id, "sig": signature}],
        }
    )
    with pytest.raises(Malformed):
        open_envelope(raw, AGREEMENT, keys)
    with pytest.raises(Malformed):
        seal(AGREEMENT, payload, ours)


def test_an_oversized_envelope_is_refused_unread(keys):
    with pytest.raises(Malformed, match="at most"):
        open_envelope(b"[" * (MAX_ENVELOPE + 1), AGREEMENT, keys)


def test_more_signatures_than_two_parties_can_need_are_refused(ours, keys):
    raw = seal(AGREEMENT, PAYLOAD, ours)
    lines = [{"keyid": f"{n:064x}", "sig": "AAAA"} for n in range(5)]
    with pytest.raises(BadSignature):
        open_envelope(rewritten(raw, signatures=lines), AGREEMENT, keys)


def test_an_envelope_with_a_spare_member_is_refused(ours, keys):
    with pytest.raises(Malformed):
        open_envelope(rewritten(seal(AGREEMENT, PAYLOAD, ours), extra=1), AGREEMENT, keys)


def test_a_claim_is_verified_only_against_a_key_that_is_given(ours, theirs):
    claim = unverified(seal(AGREEMENT, PAYLOAD, ours))
    claim.verify(ours.key_id, ours.public.envelope)
    with pytest.raises(BadSignature):
        claim.verify(ours.key_id, theirs.public.envelope)
    with pytest.raises(BadSignature):
        claim.verify(theirs.key_id, theirs.public.envelope)


def test_payload_types_are_of_one_form():
    assert payload_type("run", 2) == "application/vnd.detente.run+json;version=2"
    for kind in ("", "Run", "run+json", "run;version=1"):
        with pytest.raises(ValueError):
            payload_type(kind)


def test_an_envelopes_repr_shows_no_payload(ours, keys):
    assert "rld" not in repr(open_envelope(seal(AGREEMENT, PAYLOAD, ours), AGREEMENT, keys))
