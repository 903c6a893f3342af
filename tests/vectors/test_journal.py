"""vectors/journal.json: trees and notes of other implementations, and what spec/journal adds."""

import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

import detente_verify
from detente.errors import BadSignature
from detente.journal.checkpoint import (
    Checkpoint,
    ed25519_message,
    mldsa44_message,
    open_checkpoint,
    origin_of,
    parse_checkpoint,
    sign_checkpoint,
)
from detente.journal.entries import Entry, commit, parse_entry
from detente.journal.merkle import Frontier, leaf_hash, verify_consistency, verify_inclusion
from detente.journal.note import ED25519_COSIGNATURE, NoteKey, check_ed25519_note, parse_note, verify_line
from detente.wire.identity import generate_identity
from detente.wire.keys import KeyRing, verify_ed25519, verify_mldsa44

FOLDER = Path(__file__).parents[2] / "vectors"
VECTORS = json.loads((FOLDER / "journal.json").read_text("utf-8"))
TREE = VECTORS["tree"]
LEAVES = [leaf_hash(bytes.fromhex(leaf)) for leaf in TREE["leaves"]]
ROOTS = [bytes.fromhex(root) for root in TREE["roots"]]

# as published in the tests of certificate-transparency implementations of RFC 6962
PUBLISHED_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PUBLISHED_INCLUSION_0_OF_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
PUBLISHED_CONSISTENCY_6_TO_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]


def key_of(vkey: str) -> NoteKey:
    name, key_id, data = vkey.split("+", 2)
    raw = base64.b64decode(data)
    key = NoteKey(name, raw[0], raw[1:])
    assert key.id.hex() == key_id
    return key


def test_the_file_is_what_its_maker_makes():
    done = subprocess.run(
        [sys.executable, str(FOLDER / "generate.py"), "--check", "journal"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_roots_are_the_published_ones():
    assert TREE["roots"] == PUBLISHED_ROOTS
    frontier = Frontier()
    for size, leaf in enumerate(LEAVES):
        assert frontier.root == ROOTS[size]
        frontier, _ = frontier.append(leaf)
    assert frontier.root == ROOTS[8]


def test_proofs_are_the_published_ones():
    found = {(each["index"], each["size"]): each["proof"] for each in TREE["inclusion"]}
    assert found[0, 8] == PUBLISHED_INCLUSION_0_OF_8
    found = {(each["old"], each["new"]): each["proof"] for each in TREE["consistency"]}
    assert found[1, 8] == PUBLISHED_INCLUSION_0_OF_8
    assert found[6, 8] == PUBLISHED_CONSISTENCY_6_TO_8


def test_every_listed_proof_verifies():
    for each in TREE["inclusion"]:
        proof = [bytes.fromhex(one) for one in each["proof"]]
        verify_inclusion(each["index"], each["size"], LEAVES[each["index"]], proof, ROOTS[each["size"]])
    for each in TREE["consistency"]:
        proof = [bytes.fromhex(one) for one in each["proof"]]
        verify_consistency(each["old"], each["new"], ROOTS[each["old"]], ROOTS[each["new"]], proof)


@pytest.mark.parametrize("vector", VECTORS["notes"], ids=lambda each: each["source"])
def test_notes_of_other_implementations_verify(vector):
    key, note = key_of(vector["vkey"]), parse_note(vector["note"].encode())

    def cosignature(raw: bytes, text: str, signature: bytes) -> None:
        seconds = int.from_bytes(signature[:8], "big")
        verify_ed25519(raw, signature[8:], ed25519_message(text, seconds))

    check = cosignature if key.algorithm == ED25519_COSIGNATURE else check_ed25519_note
    verify_line(note, key, check)
    altered = parse_note(vector["note"].replace("1432088532", "1432088533").replace("is ", "was ").encode())
    with pytest.raises(BadSignature):
        verify_line(altered, key, check)


def test_a_checkpoint_of_another_implementation_parses():
    note = parse_note(VECTORS["notes"][3]["note"].encode())
    assert parse_checkpoint(note.text).size == 1432088532


def test_an_mldsa44_cosignature_of_another_implementation_verifies():
    vector = VECTORS["mldsa44_cosignature"]
    key = key_of(vector["vkey"])
    line = parse_note(f"x\n\n{vector['line']}\n".encode()).lines[0]
    assert (line.name, line.key_id) == (key.name, key.id)
    root = base64.b64decode(vector["root"])
    seconds = int.from_bytes(line.signature[:8], "big")
    for end, verifies in ((vector["end"], True), (vector["end"] + 1, False)):
        head = Checkpoint(vector["origin"], end, root)
        signed = mldsa44_message(key.name, seconds, head, vector["start"])
        if verifies:
            verify_mldsa44(key.key, line.signature[8:], signed)
        else:
            with pytest.raises(BadSignature):
                verify_mldsa44(key.key, line.signature[8:], signed)


def test_the_cosigned_checkpoint_opens():
    vector = VECTORS["checkpoint"]
    signer, cosigner = (
        generate_identity(bytes.fromhex(vector[name])) for name in ("signer_seed", "cosigner_seed")
    )
    keys = KeyRing().with_party(signer.public).with_party(cosigner.public)
    head = Checkpoint(origin_of(signer.party), vector["size"], bytes.fromhex(vector["root"]))
    assert sign_checkpoint(head, signer, signer.public).decode() == vector["signed"]
    opened = open_checkpoint(vector["note"].encode(), keys, party=signer.party, cosigner=cosigner.party)
    assert (opened.checkpoint, opened.cosigned_at) == (head, vector["cosigned_at"])


def test_the_entry_has_these_bytes():
    vector = VECTORS["entry"]
    entry = Entry(vector["kind"], vector["at"], vector["subject"], vector["body"], vector["salt"])
    assert entry.encode().decode() == vector["data"]
    assert entry.leaf().hex() == vector["leaf"]
    assert parse_entry(vector["data"].encode()) == entry


def test_the_commitment_is_this():
    vector = VECTORS["commitment"]
    salt, data = bytes.fromhex(vector["salt"]), bytes.fromhex(vector["data"])
    assert commit(vector["purpose"], salt, data) == vector["commitment"]


def test_the_evidence_file_convicts():
    raw = "".join(VECTORS["evidence_file"]).encode()
    found = detente_verify.verify(io.BytesIO(raw))
    assert found.problems == []
    assert "Southern signed two different heads" in found.facts[-1]
    # one letter of a signed root, and it convicts nobody
    note = json.loads(VECTORS["evidence_file"][-1])["body"]["notes"][0]
    at = raw.index(note.split("\n")[2].encode())
    bent = raw[:at] + (b"B" if raw[at : at + 1] != b"B" else b"C") + raw[at + 1 :]
    assert detente_verify.verify(io.BytesIO(bent)).problems


def test_the_verifier_names_items_and_keys_as_the_vectors_of_exchange_do():
    exchange = json.loads((FOLDER / "exchange.json").read_text("utf-8"))
    for vector in exchange["items"]:
        statement = vector["statement"]
        assert detente_verify.item_id(statement) == vector["item"]
        assert detente_verify.key_commitment(bytes.fromhex(vector["key"])) == statement["key"]
