"""vectors/{agreement,amendment,pairing,exchange}.json: what their specs say, byte for byte, computed here by other means where that is short."""

import hashlib
import hmac
import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from detente.ceremonies.amendment import AmendmentKind, AmendmentSetup, Slot, counter
from detente.ceremonies.ceremony import Incoming
from detente.ceremonies.items import Statement, open_item, padded_size
from detente.ceremonies.pairing import read_invitation
from detente.errors import FailedCheck, Malformed, PeerFault
from detente.pact.agreement import agreement_hash, parse_terms, read_agreement, statement
from detente.pact.joint import changes, merge, part
from detente.pact.kinds import READERS
from detente.wire.canonical import canonical
from detente.wire.envelope import open_envelope
from detente.wire.keys import KeyRing, PublicKeys

FOLDER = Path(__file__).parents[2] / "vectors"
NAMES = ("agreement", "amendment", "pairing", "exchange")
AGREEMENT, AMENDMENT, PAIRING, EXCHANGE = (
    json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in NAMES
)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_what_its_maker_makes(name):
    command = [sys.executable, str(FOLDER / "generate.py"), "--check", name]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def named(kind, payload):
    """The statement id of spec/envelope, from its text."""
    kind = f"application/vnd.detente.{kind}+json;version=1".encode()
    return hashlib.sha256(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)).hexdigest()


def test_a_form_makes_this_statement():
    payload = statement(parse_terms(AGREEMENT["form"]))
    assert payload.decode() == AGREEMENT["agreements"][0]["payload"]


@pytest.mark.parametrize("vector", AGREEMENT["agreements"], ids=["first", "later"])
def test_agreements_have_this_hash(vector):
    payload = vector["payload"].encode()
    read_agreement(payload)
    assert vector["hash"] == named("agreement", payload) == agreement_hash(payload)


@pytest.mark.parametrize("kind", AGREEMENT["statements"])
def test_statements_about_an_agreement_have_this_hash(kind):
    vector = AGREEMENT["statements"][kind]
    assert vector["hash"] == named("document", vector["payload"].encode())


@pytest.mark.parametrize("vector", AGREEMENT["refused"], ids=lambda each: each["why"])
def test_these_agreements_are_refused(vector):
    with pytest.raises(Malformed):
        read_agreement(vector["payload"].encode())


@pytest.mark.parametrize("vector", AGREEMENT["records"], ids=lambda each: each["why"] or "takes part")
def test_no_record_takes_part_without_grounds_of_its_own(vector):
    bare = not [g for g in vector["grounds"] if "speaking" not in g and "говорит" not in g]
    assert not (bare and vector["takes_part"])


def amendment_state():
    ring = KeyRing()
    for keys in AMENDMENT["keys"].values():
        ring = ring.with_party(PublicKeys.from_json(keys))
    setup = AmendmentSetup(
        AMENDMENT["parties"]["proposer"],
        AMENDMENT["parties"]["other"],
        dict(ring.periods),
        envelope=AMENDMENT["propose"].encode(),
    )
    return ring, AmendmentKind().begin(setup, bytes(32), AMENDMENT["at"])[0]


def acceptance(envelope):
    said = {"document": AMENDMENT["hash"], "at": AMENDMENT["instant"]}
    return Incoming("accept", said, {"document": envelope.encode()}, "0" * 64, b"raw")


def test_the_acceptance_is_the_proposal_with_a_second_signature():
    ring, state = amendment_state()
    raw = AMENDMENT["accept"].encode()
    opened = open_envelope(
        raw,
        "application/vnd.detente.agreement+json;version=1",
        ring,
        required=set(AMENDMENT["parties"].values()),
    )
    assert opened.statement == AMENDMENT["hash"]
    _, effects = state.receive(acceptance(AMENDMENT["accept"]), AMENDMENT["at"])
    assert effects[-1].result.outcome == "in_force"


@pytest.mark.parametrize("why", AMENDMENT["refused"])
def test_these_acceptances_are_refused(why):
    _, state = amendment_state()
    with pytest.raises(PeerFault):
        state.receive(acceptance(AMENDMENT["refused"][why]), AMENDMENT["at"])


@pytest.mark.parametrize("vector", AMENDMENT["merges"], ids=lambda each: each["why"])
def test_contents_merge_to_this_whichever_side_merges(vector):
    for ours, theirs in (("ours", "theirs"), ("theirs", "ours")):
        found = merge(vector["base"], vector[ours], vector[theirs])
        if "merged" in vector:
            assert canonical(found.content) == canonical(vector["merged"])
            assert [str(each) for each in changes(vector["base"], found.content)] == vector["changes"]
        else:
            assert [list(each.path) for each in found.found] == [each["path"] for each in vector["conflicts"]]


def test_a_part_of_a_proposal_is_this():
    vector = AMENDMENT["part"]
    assert canonical(part(vector["base"], vector["proposed"], vector["entries"])) == canonical(
        vector["gives"]
    )


def test_a_counter_proposal_comes_into_force_and_is_revoked_as_the_vectors_say():
    documents, (north, south) = AMENDMENT["documents"], AMENDMENT["parties"].values()
    ring, _ = amendment_state()
    kind = AmendmentKind(READERS)

    def heard(step):
        said = documents[step]
        return Incoming(step, said["body"], {"document": said["document"].encode()}, "0" * 64, b"raw")

    state = kind.answer(AmendmentSetup(south, north, dict(ring.periods)), bytes(32), AMENDMENT["at"])
    state, _ = state.receive(heard("propose"), AMENDMENT["at"])
    envelope, slot = documents["counter"]["document"].encode(), Slot("resolution", "main")
    state, effects = state.decide(counter(envelope, slot, "not yet"), AMENDMENT["at"])
    assert (effects[-1].step, effects[-1].body) == ("counter", documents["counter"]["body"])
    _, effects = state.receive(heard("accept"), AMENDMENT["at"])
    assert effects[-1].result.outcome == "in_force"
    head = Slot("resolution", "main", effects[-1].result.hash, "in_force")
    told = kind.answer(AmendmentSetup(south, north, dict(ring.periods), (head,)), bytes(32), AMENDMENT["at"])
    _, effects = told.receive(heard("revoke"), AMENDMENT["at"])
    assert effects[-1].result.outcome == "revoked"


@pytest.mark.parametrize("vector", PAIRING["invitations"], ids=["first", "second", "rotated"])
def test_invitations_are_read_as_this(vector):
    found = read_invitation(vector["raw"].encode(), PAIRING["at"])
    assert (found.hash, found.party, found.keys.key_id) == (vector["hash"], vector["party"], vector["key"])
    assert list(found.words) == vector["words"]


def test_the_hello_names_both_files():
    assert set(PAIRING["hello"]["invitations"].values()) == {v["hash"] for v in PAIRING["invitations"][:2]}


@pytest.mark.parametrize("vector", EXCHANGE["sizes"], ids=lambda each: str(each["plaintext"]))
def test_plaintexts_are_padded_to_these_sizes(vector):
    assert padded_size(vector["plaintext"]) == vector["padded"]


def expand(key, label):
    """HKDF-Expand of RFC 5869 for one block."""
    return hmac.new(key, b"detente/item/1/" + label + b"\x01", hashlib.sha256).digest()


@pytest.mark.parametrize("vector", EXCHANGE["items"], ids=["short", "long"])
def test_items_are_sealed_as_the_spec_says(vector):
    key, plaintext, said = bytes.fromhex(vector["key"]), vector["plaintext"].encode(), vector["statement"]
    padded = (len(plaintext).to_bytes(4, "big") + plaintext).ljust(said["head"]["size"], b"\x00")
    ciphertext = AESGCM(expand(key, b"encrypt")).encrypt(bytes(12), padded, canonical(said["head"]))
    assert ciphertext.hex() == vector["ciphertext"]
    assert said["ciphertext"] == hashlib.sha256(ciphertext).hexdigest()
    assert said["key"] == vector["commitment"] == expand(key, b"commit").hex()
    assert vector["item"] == named("item", canonical(said))
    assert vector["plaintext_hash"] == hashlib.sha256(b"detente/plaintext/1" + key + plaintext).hexdigest()


def test_an_item_of_the_vectors_opens_and_an_altered_one_does_not():
    vector = EXCHANGE["items"][0]
    item = msgspec.convert(vector["statement"], Statement)
    ciphertext, key = bytes.fromhex(vector["ciphertext"]), bytes.fromhex(vector["key"])
    assert open_item(item, ciphertext, key).decode() == vector["plaintext"]
    other = msgspec.structs.replace(item, head=msgspec.structs.replace(item.head, number=9))
    with pytest.raises(FailedCheck):
        open_item(other, ciphertext, key)


def test_the_joint_coin_is_this():
    coin = EXCHANGE["coin"]
    first, second = bytes.fromhex(coin["first"]), bytes.fromhex(coin["second"])
    assert coin["commitment"] == hashlib.sha256(b"detente/coin/1" + first).hexdigest()
    assert coin["joint"] == hashlib.sha256(b"detente/joint-coin/1" + first + second).hexdigest()
