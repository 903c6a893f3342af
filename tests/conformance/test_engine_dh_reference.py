"""A second implementation of spec/engine-dh, over libsodium's group, to the byte: it shares no code with the kernel.

vectors/engine-dh.json is what it computes. To write that file anew: python tests/conformance/test_engine_dh_reference.py
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from detente.psi.dh import DhEngine
from detente.psi.engine import Role, TokenBatch

sodium = pytest.importorskip(
    "rbcl", reason="libsodium's ristretto255 comes with the development dependencies"
)

FILE = Path(__file__).parents[2] / "vectors" / "engine-dh.json"
SUITE = b"OPRFV1-\x01-ristretto255-SHA512"


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def sha512(*parts: bytes) -> bytes:
    return hashlib.sha512(b"".join(parts)).digest()


def i2osp(number: int, length: int) -> bytes:
    return number.to_bytes(length, "big")


def framed(*parts: bytes) -> bytes:
    return b"".join(i2osp(len(part), 8) + part for part in parts)


def expand(message: bytes, dst: bytes) -> bytes:
    """RFC 9380, section 5.3.1, for 64 bytes of SHA-512."""
    prime = dst + i2osp(len(dst), 1)
    return sha512(sha512(bytes(128), message, i2osp(64, 2), b"\0", prime), b"\1", prime)


def hash_to_group(data: bytes) -> bytes:
    return sodium.crypto_core_ristretto255_from_hash(expand(data, b"HashToGroup-" + SUITE))


def reduced(wide: bytes) -> bytes:
    return sodium.crypto_core_ristretto255_scalar_reduce(wide)


def hash_to_scalar(data: bytes, prefix: bytes = b"HashToScalar-") -> bytes:
    return reduced(expand(data, prefix + SUITE))


times = sodium.crypto_scalarmult_ristretto255


def base(scalar: bytes) -> bytes:
    return sodium.crypto_scalarmult_ristretto255_base(scalar)


def weighted(seed: bytes, elements: list[bytes]) -> bytes:
    total = bytes(32)
    for i, element in enumerate(elements):
        block = sha512(b"detente/dleq/weights/1", seed, i2osp(i // 4, 8))
        weight = block[16 * (i % 4) : 16 * (i % 4) + 16] + bytes(16)
        total = sodium.crypto_core_ristretto255_add(total, times(weight, element))
    return total


def prove(key: bytes, public: bytes, info: bytes, blinded: list[bytes], evaluated: list[bytes]) -> bytes:
    seed = sha512(b"detente/dleq/1", framed(info, public, b"".join(blinded), b"".join(evaluated)))
    m = weighted(seed, blinded)
    nonce = reduced(sha512(b"detente/dleq/nonce/1", key, seed))
    zero = m == bytes(32)
    z, t3 = (m, m) if zero else (times(key, m), times(nonce, m))
    parts = [public, m, z, base(nonce), t3, seed]
    c = hash_to_scalar(b"".join(i2osp(len(part), 2) + part for part in parts) + b"Challenge")
    product = sodium.crypto_core_ristretto255_scalar_mul(c, key)
    return c + sodium.crypto_core_ristretto255_scalar_sub(nonce, product)


@dataclass
class Party:
    role: bytes
    context: bytes
    tokens: list[bytes]
    entropy: bytes

    def __post_init__(self) -> None:
        label = b"detente/dh/key/1"
        derived = sha256(framed(label, self.entropy, self.role, self.context))
        info = i2osp(len(label), 2) + label
        self.key = hash_to_scalar(derived + info + b"\0", b"DeriveKeyPair")
        self.public = base(self.key)
        self.seed = sha256(framed(b"detente/dh/blinds/1", self.entropy, self.role, self.context))
        self.blinds = [
            reduced(sha512(b"detente/dh/blind/1", self.seed, i2osp(i, 8), token))
            for i, token in enumerate(self.tokens)
        ]
        hashed = [hash_to_group(token) for token in self.tokens]
        self.queries = [times(blind, h) for blind, h in zip(self.blinds, hashed, strict=True)]
        self.own = [times(self.key, h) for h in hashed]

    def answer(self, queries: list[bytes]) -> bytes:
        evaluated = [times(self.key, query) for query in queries]
        info = framed(b"detente/dh/evaluate/1", self.context, self.role, b"")
        return b"".join(evaluated) + prove(self.key, self.public, info, queries, evaluated)

    def outputs(self, answer: bytes) -> bytes:
        out = []
        for i, token in enumerate(self.tokens):
            inverse = sodium.crypto_core_ristretto255_scalar_invert(self.blinds[i])
            theirs = times(inverse, answer[32 * i : 32 * i + 32])
            pair = [self.own[i], theirs] if self.role == b"first" else [theirs, self.own[i]]
            finalized = [
                sha512(i2osp(len(token), 2), token, i2osp(32, 2), element, b"Finalize") for element in pair
            ]
            out.append(sha256(b"detente/dh/F/1", framed(self.context), *finalized, token))
        return b"".join(out)

    def show(self, positions: list[int]) -> bytes:
        hashed = [hash_to_group(self.tokens[p]) for p in positions]
        evaluated = [self.own[p] for p in positions]
        places = b"".join(i2osp(p, 8) for p in positions)
        info = framed(b"detente/dh/show/1", self.context, self.role, places)
        proof = prove(self.key, self.public, info, hashed, evaluated)
        return b"".join([self.blinds[p] for p in positions] + evaluated) + proof


def vector(name: str, context: bytes, first: list[bytes], second: list[bytes], positions: dict) -> dict:
    f = Party(b"first", context, first, bytes(range(32)))
    s = Party(b"second", context, second, bytes(range(32, 64)))
    answer_s, answer_f = s.answer(f.queries), f.answer(s.queries)
    sides = {}
    for party, answer in ((f, answer_s), (s, answer_f)):
        at = positions[party.role.decode()]
        sides[party.role.decode()] = {
            "entropy": party.entropy.hex(),
            "tokens": [token.hex() for token in party.tokens],
            "secret_key": party.key.hex(),
            "blinds": [blind.hex() for blind in party.blinds],
            "outputs": party.outputs(answer).hex(),
            "positions": at,
            "shown": party.show(at).hex(),
        }
    messages = [
        f.public + b"".join(f.queries),
        s.public + b"".join(s.queries) + answer_s,
        answer_f,
    ]
    return {
        "name": name,
        "context": context.hex(),
        **sides,
        "messages": [message.hex() for message in messages],
    }


def computed() -> dict:
    tokens = [sha256(b"token", i2osp(i, 1)) for i in range(9)]
    short = [b"a", b"b"]
    return {
        "spec": "spec/engine-dh.md",
        "vectors": [
            vector("one common token", b"sid", tokens[:3], tokens[2:4], {"first": [2, 0], "second": [0]}),
            vector("more weights than one hash gives", b"", tokens, tokens[4:], {"first": [], "second": [4]}),
            vector(
                "one-byte tokens against none", b"sid/round/shard", short, [], {"first": [1], "second": []}
            ),
        ],
    }


VECTORS = json.loads(FILE.read_text())["vectors"] if FILE.exists() else []


def test_the_vectors_are_what_the_reference_computes():
    assert json.loads(FILE.read_text()) == computed()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_engine_gives_the_vectors_to_the_byte(vector):
    context, messages = bytes.fromhex(vector["context"]), [bytes.fromhex(m) for m in vector["messages"]]

    def begin(role: Role):
        side = vector[role.value]
        tokens = [bytes.fromhex(token) for token in side["tokens"]]
        width = len(bytes.fromhex((side["tokens"] or vector[role.other.value]["tokens"])[0]))
        batch = TokenBatch(b"".join(tokens), width)
        theirs = len(vector[role.other.value]["tokens"])
        return DhEngine().begin(role, context, batch, theirs, bytes.fromhex(side["entropy"]))

    (first, opening), (second, nothing) = begin(Role.FIRST), begin(Role.SECOND)
    assert (opening, nothing) == (messages[0], None)
    second, reply = second.receive(messages[0])
    assert reply == messages[1]
    first, reply = first.receive(messages[1])
    assert reply == messages[2]
    second, reply = second.receive(messages[2])
    assert reply is None
    for role, ours, theirs in ((Role.FIRST, first, second), (Role.SECOND, second, first)):
        side = vector[role.value]
        outputs = bytes.fromhex(side["outputs"])
        assert ours.outputs() == outputs
        shown = ours.show(side["positions"])
        assert shown.hex() == side["shown"]
        tokens = ours.setting.tokens.take(side["positions"])
        expected = b"".join(outputs[32 * p : 32 * p + 32] for p in side["positions"])
        assert theirs.check(side["positions"], tokens, shown) == expected


if __name__ == "__main__":
    FILE.write_text(json.dumps(computed(), indent=2) + "\n")
