"""vectors/envelope.json: what spec/envelope says, byte for byte. Other implementations test against the same file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from detente.errors import Malformed, PeerFault
from detente.wire.bundle import unpack_bundle
from detente.wire.canonical import canonical, parse_canonical
from detente.wire.envelope import AGREEMENT, open_envelope, pae
from detente.wire.fingerprint import fingerprint_words
from detente.wire.identity import generate_identity
from detente.wire.keys import KeyRing, PublicKeys
from detente.wire.messages import check_parts, open_message
from detente.wire.rotation import apply_rotation

FOLDER = Path(__file__).parents[2] / "vectors"
VECTORS = json.loads((FOLDER / "envelope.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def keys() -> KeyRing:
    ring = KeyRing()
    for each in VECTORS["identities"]:
        ring = ring.with_party(PublicKeys.from_json(each["keys"]))
    return ring


def test_the_file_is_what_its_maker_makes():
    done = subprocess.run(
        [sys.executable, str(FOLDER / "generate.py"), "--check", "envelope"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("vector", VECTORS["canonical"], ids=lambda each: each["bytes"][:16])
def test_values_have_these_bytes(vector):
    raw = bytes.fromhex(vector["bytes"])
    assert canonical(vector["value"]) == raw
    assert parse_canonical(raw) == vector["value"]


@pytest.mark.parametrize("vector", VECTORS["not_canonical"], ids=lambda each: each["why"])
def test_these_bytes_are_refused(vector):
    with pytest.raises(Malformed):
        parse_canonical(bytes.fromhex(vector["bytes"]))


def test_the_pre_authentication_encoding_is_that_of_dsse():
    vector = VECTORS["pae"]
    assert vector["bytes"] == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world".hex()
    assert pae(vector["type"], bytes.fromhex(vector["payload"])).hex() == vector["bytes"]


@pytest.mark.parametrize("vector", VECTORS["identities"], ids=lambda each: each["party"][:8])
def test_seeds_make_these_identities(vector):
    identity = generate_identity(bytes.fromhex(vector["seed"]))
    assert identity.party == vector["party"]
    assert identity.public.to_json() == vector["keys"]
    assert " ".join(fingerprint_words(identity.party)) == vector["words"]


def test_the_envelope_opens_with_both_signatures(keys):
    vector = VECTORS["envelope"]
    envelope = open_envelope(vector["raw"].encode(), AGREEMENT, keys, required=set(vector["signers"]))
    assert envelope.payload == vector["payload"].encode()


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda each: each["why"])
def test_these_envelopes_are_refused(keys, vector):
    with pytest.raises(PeerFault):
        open_envelope(vector["raw"].encode(), AGREEMENT, keys, required=keys.parties)


def test_the_bundle_is_read_and_its_parts_match(keys):
    vector = VECTORS["bundle"]
    raw, parts = unpack_bundle(bytes.fromhex(vector["bytes"]), max_part=100)
    recipient = VECTORS["identities"][1]["party"]
    received = open_message(raw, keys, recipient=recipient, max_part=100)
    check_parts(received.message, parts)
    assert raw == vector["envelope"].encode() == VECTORS["message"]["raw"].encode()
    assert received.message.sent == VECTORS["message"]["sent"]


def test_the_rotation_gives_the_new_key(keys):
    vector = VECTORS["rotation"]
    party = VECTORS["identities"][0]["party"]
    ring = apply_rotation(keys, vector["raw"].encode(), at=vector["since"])
    assert ring.keys_of(party).key_id == vector["key_id"]
