"""RFC 9497, appendix A.1.2, through the Python face of the kernel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detente import kernel

FILE = json.loads((Path(__file__).parents[2] / "vectors" / "voprf.json").read_text())
VECTORS = FILE["vectors"]
SECRET, PUBLIC = bytes.fromhex(FILE["skSm"]), bytes.fromhex(FILE["pkSm"])


def joined(values: list[str]) -> bytes:
    return bytes.fromhex("".join(values))


def test_derive_key_pair_gives_the_rfc_keys():
    seed, info = bytes.fromhex(FILE["seed"]), bytes.fromhex(FILE["key_info"])
    assert kernel.derive_key_pair(seed, info) == (SECRET, PUBLIC)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_blind_evaluate_and_finalize_give_the_rfc_bytes(vector):
    for i, text in enumerate(vector["input"]):
        data, blind = bytes.fromhex(text), bytes.fromhex(vector["blind"][i])
        blinded = kernel.blind_with(blind, data, len(data))
        evaluated = kernel.evaluate(SECRET, blinded)
        assert blinded.hex() == vector["blinded_element"][i]
        assert evaluated.hex() == vector["evaluation_element"][i]
        assert kernel.finalize_with(blind, data, len(data), evaluated).hex() == vector["output"][i]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_proof_is_the_rfc_proof_and_verifies(vector):
    blinded, evaluated = joined(vector["blinded_element"]), joined(vector["evaluation_element"])
    nonce = bytes.fromhex(vector["proof_random_scalar"])
    proof = kernel.prove_rfc(SECRET, blinded, evaluated, nonce)
    assert proof.hex() == vector["proof"]
    kernel.verify_rfc(PUBLIC, blinded, evaluated, proof)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_proof_with_any_byte_changed_is_rejected(vector):
    blinded, evaluated = joined(vector["blinded_element"]), joined(vector["evaluation_element"])
    proof = bytes.fromhex(vector["proof"])
    for at in range(len(proof)):
        forged = proof[:at] + bytes([proof[at] ^ 0x40]) + proof[at + 1 :]
        with pytest.raises(kernel.Rejected):
            kernel.verify_rfc(PUBLIC, blinded, evaluated, forged)
