import pickle
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from detente.errors import BadSignature, Malformed, Misuse, OutOfTurn
from detente.wire.canonical import canonical, parse_canonical
from detente.wire.envelope import (
    AGREEMENT,
    KEY_REVOCATION,
    KEY_ROTATION,
    add_signature,
    open_envelope,
    seal,
    unverified,
)
from detente.wire.identity import generate_identity
from detente.wire.keys import KeyRing, PublicKeys, check_ed25519_key, party_id, verify_mldsa44
from detente.wire.rotation import MAX_OVERLAP, apply_revocation, apply_rotation, revoke, rotate

DAY = 24 * 3600 * 1000
T0 = 1_800_000_000_000
PAYLOAD = canonical({"a": 1})


@pytest.fixture(scope="module")
def ours2(ours):
    return generate_identity(b"2" * 32, party=ours.party)


@pytest.fixture
def rotated(keys, ours, ours2):
    return apply_rotation(keys, rotate(keys, ours, ours2, ours2.public, since=T0, until=T0 + DAY), at=T0)


def test_an_identity_is_a_function_of_its_entropy(ours):
    again = generate_identity(ours.secret_seed())
    assert again == ours
    assert again.public.tls == ours.public.tls
    assert generate_identity(b"x" * 32).party != ours.party
    assert ours.party == party_id(ours.public.envelope)


def test_no_private_byte_is_shown_or_pickled(ours):
    for secret in (ours.secret_seed(), ours.tls_private_key()):
        assert secret.hex() not in repr(ours)
        assert str(secret) not in repr(ours)
    assert "seed" not in repr(ours)
    with pytest.raises(TypeError):
        pickle.dumps(ours)


def test_an_identity_takes_32_bytes():
    with pytest.raises(Misuse):
        generate_identity(b"short")


def test_the_tls_key_is_that_of_the_pinned_certificate(ours):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    public = load_pem_private_key(ours.tls_private_key(), None).public_key()
    assert public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == ours.public.tls_spki()
    assert ours.tls_certificate().startswith(b"-----BEGIN CERTIFICATE-----")


def test_public_keys_survive_a_statement(ours):
    assert PublicKeys.from_json(parse_canonical(canonical(ours.public.to_json()))) == ours.public


def test_public_keys_of_wrong_shape_are_refused(ours):
    whole = ours.public.to_json()
    for name in whole:
        with pytest.raises(Malformed):
            PublicKeys.from_json({**whole, name: "AAAA"})
        with pytest.raises(Malformed):
            PublicKeys.from_json({each: whole[each] for each in whole if each != name})
    with pytest.raises(Malformed):
        PublicKeys.from_json({**whole, "extra": "AAAA"})
    with pytest.raises(Malformed, match="two purposes"):
        replace(ours.public, checkpoint_ed25519=ours.public.envelope)


SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
NON_CANONICAL = [
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0100000000000000000000000000000000000000000000000000000000000080",
]


@pytest.mark.parametrize("key", SMALL_ORDER + NON_CANONICAL)
def test_small_order_and_non_canonical_keys_are_refused(key):
    with pytest.raises(Malformed):
        check_ed25519_key(bytes.fromhex(key))


def test_why_small_order_keys_are_refused_one_signature_fits_any_message():
    identity_point = bytes.fromhex(SMALL_ORDER[0])
    forged = identity_point + bytes(32)
    for message in (b"I owe you", b"I owe you nothing"):
        Ed25519PublicKey.from_public_bytes(identity_point).verify(forged, message)


def test_a_party_is_added_once_and_a_key_has_one_owner(keys, ours, theirs):
    with pytest.raises(Misuse):
        keys.with_party(ours.public)
    with pytest.raises(Misuse):
        keys.with_periods("f" * 64, keys.periods[theirs.party])


def test_after_a_rotation_both_keys_count_until_the_old_ones_end(rotated, ours, ours2, keys):
    old, new = seal(AGREEMENT, PAYLOAD, ours), seal(AGREEMENT, PAYLOAD, ours2)
    assert open_envelope(old, AGREEMENT, rotated, at=T0 - DAY).signers == {ours.party}
    assert open_envelope(old, AGREEMENT, rotated, at=T0 + DAY).signers == {ours.party}
    assert open_envelope(new, AGREEMENT, rotated, at=T0).signers == {ours.party}
    assert open_envelope(new, AGREEMENT, rotated).signers == {ours.party}
    for raw, at in ((old, T0 + DAY + 1), (old, None), (new, T0 - 1)):
        with pytest.raises(BadSignature):
            open_envelope(raw, AGREEMENT, rotated, at=at)
    with pytest.raises(BadSignature):
        open_envelope(new, AGREEMENT, keys)


def test_the_party_keeps_its_id_through_rotations(rotated, ours, ours2):
    assert rotated.keys_of(ours.party) == ours2.public
    assert rotated.keys_of(ours.party, T0 - 1) == ours.public
    assert ours2.party == ours.party != ours2.key_id


def test_one_party_cannot_count_as_two_with_its_old_and_new_key(rotated, ours, ours2):
    raw = add_signature(seal(AGREEMENT, PAYLOAD, ours), ours2)
    with pytest.raises(BadSignature, match="twice"):
        open_envelope(raw, AGREEMENT, rotated, at=T0)


def test_a_rotation_without_the_old_keys_signature_is_refused(keys, ours, ours2, stranger):
    raw = rotate(keys, ours, ours2, ours2.public, since=T0, until=T0)
    payload = unverified(raw).payload
    with pytest.raises(Malformed):
        apply_rotation(keys, seal(KEY_ROTATION, payload, ours2))
    with pytest.raises(BadSignature):
        apply_rotation(keys, add_signature(seal(KEY_ROTATION, payload, ours2), stranger))


def test_a_rotation_without_the_new_keys_signature_is_refused(keys, ours, ours2, stranger):
    payload = unverified(rotate(keys, ours, ours2, ours2.public, since=T0, until=T0)).payload
    with pytest.raises(BadSignature):
        apply_rotation(keys, add_signature(seal(KEY_ROTATION, payload, ours), stranger))


def test_a_rotation_to_another_partys_key_is_refused(keys, ours, theirs):
    impostor = replace(theirs, party=ours.party)
    raw = rotate(keys, ours, impostor, theirs.public, since=T0, until=T0)
    with pytest.raises(BadSignature):
        apply_rotation(keys, raw)


def test_a_replayed_rotation_is_out_of_turn(keys, rotated, ours, ours2):
    raw = rotate(keys, ours, ours2, ours2.public, since=T0, until=T0 + DAY)
    with pytest.raises(BadSignature):  # both keys are known now
        apply_rotation(rotated, raw, at=T0)


def test_a_second_rotation_from_retired_keys_is_out_of_turn(keys, rotated, ours):
    third = generate_identity(b"3" * 32, party=ours.party)
    fork = rotate(keys, ours, third, third.public, since=T0, until=T0 + DAY)
    with pytest.raises(OutOfTurn):
        apply_rotation(rotated, fork, at=T0)


def test_overlaps_are_bounded(keys, ours, ours2):
    for until in (T0 - 1, T0 + MAX_OVERLAP + 1):
        with pytest.raises(Misuse):
            rotate(keys, ours, ours2, ours2.public, since=T0, until=until)


def test_a_revoked_key_counts_no_more_from_that_instant_on(keys, ours, theirs):
    ring, statement = apply_revocation(keys, revoke(ours, ours.key_id, since=T0, reason="compromised"))
    assert statement.signers == {ours.party}
    raw = seal(AGREEMENT, PAYLOAD, ours)
    open_envelope(raw, AGREEMENT, ring, at=T0 - 1)
    for at in (T0, T0 + DAY, None):
        with pytest.raises(BadSignature):
            open_envelope(raw, AGREEMENT, ring, at=at)
    with pytest.raises(BadSignature):
        ring.keys_of(ours.party)


def test_an_earlier_revocation_is_not_softened_by_a_later_one(keys, ours):
    once = keys.revoke(ours.key_id, T0).revoke(ours.key_id, T0 + DAY)
    assert once.periods[ours.party][0].revoked_at == T0


def test_nobody_revokes_another_partys_key(keys, ours, theirs):
    with pytest.raises(BadSignature):
        apply_revocation(keys, revoke(ours, theirs.key_id, since=T0, reason="lost"))
    body = {
        "key": theirs.key_id,
        "party": theirs.party,
        "reason": "lost",
        "since": "2027-01-15T08:00:00.000Z",
    }
    with pytest.raises(Malformed):
        apply_revocation(keys, seal(KEY_REVOCATION, canonical(body), ours))


def test_mldsa_signatures_verify_and_altered_ones_do_not(ours, theirs):
    signature = ours.sign_checkpoint_mldsa44(b"text")
    assert len(signature) == 2420
    verify_mldsa44(ours.public.checkpoint_mldsa44, signature, b"text")
    for key, data in ((ours.public, b"other"), (theirs.public, b"text")):
        with pytest.raises(BadSignature):
            verify_mldsa44(key.checkpoint_mldsa44, signature, data)


def test_a_ring_is_immutable(keys, ours):
    with pytest.raises(TypeError):
        keys.periods[ours.party] = ()
    assert KeyRing().parties == frozenset()
