"""vectors/tokens-airspace.json: what spec/tokens-airspace says. A change here is a new version of the topic."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from detente.psi.pledge import verify_rows
from detente.topics.airspace.topic import AirspaceTopic

HERE = Path(__file__).parents[2] / "vectors"
VECTORS = json.loads((HERE / "tokens-airspace.json").read_text("utf-8"))
RECORD = {
    name: bytes.fromhex(text) if name not in ("profile", "size") else text
    for name, text in VECTORS["record"].items()
}


def maker():
    spec = importlib.util.spec_from_file_location("make_tokens_airspace", HERE / "make_tokens-airspace.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_code_makes_what_the_vectors_say():
    assert json.loads(json.dumps(maker().make(None))) == VECTORS
    assert AirspaceTopic().version == VECTORS["terms"]["version"]


@pytest.mark.parametrize("volume", VECTORS["volumes"], ids=lambda volume: volume["name"])
def test_a_token_is_the_hash_of_its_cell_as_the_spec_spells_it(volume):
    for number, layer in enumerate(volume["layers"]):
        grid = VECTORS["terms"]["space"]["layers"][number]
        kind = f"cell {number} WGS84 {grid['resolution']} {grid['band_mm']} {grid['slot_ms']}"
        domain = f"{'a' * 64}/airspace/1/{kind}".encode()
        for cell, token in (layer["first"], layer["last"]):
            made = hashlib.sha256(
                b"detente/token/1" + len(domain).to_bytes(2, "big") + domain + bytes.fromhex(cell)
            )
            assert made.hexdigest() == token
            column, band, slot = struct.unpack(">QiQ", bytes.fromhex(cell))
            assert column >> 52 & 0xF == grid["resolution"]
            assert band * grid["band_mm"] < 1_750_000
            assert slot * grid["slot_ms"] < 1_795_348_800_000 + 1_000_000


def test_handle_row_and_leaf_are_those_of_the_spec():
    handle = hashlib.sha256(
        b"detente/pledged/1" + b"record" + RECORD["salt"] + RECORD["commitment"] + RECORD["profile"].encode()
    ).digest()
    assert handle == RECORD["handle"]
    assert RECORD["row"][-32:] == hashlib.sha256(b"detente/pledged/1" + handle + RECORD["outline"]).digest()
    assert len(RECORD["row"]) == 84
    verify_rows(
        RECORD["root"],
        RECORD["size"],
        np.array([0]),
        RECORD["row"],
        84,
        RECORD["opened_salt"],
        RECORD["proof"],
    )
    node = hashlib.sha256(b"\x05" + RECORD["opened_salt"] + RECORD["row"]).digest()
    for place in range(0, len(RECORD["proof"]), 32):
        node = hashlib.sha256(b"\x01" + node + RECORD["proof"][place : place + 32]).digest()
    assert node == RECORD["root"]
