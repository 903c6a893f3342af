"""Vectors of spec/envelope: canonical JSON, envelopes, messages, bundles, fingerprints, rotation."""

from __future__ import annotations

import base64
import json
from typing import Any

from detente.wire.bundle import pack_bundle
from detente.wire.canonical import canonical
from detente.wire.envelope import AGREEMENT, MESSAGE, add_signature, pae, seal, unverified
from detente.wire.fingerprint import fingerprint_words
from detente.wire.identity import Identity, generate_identity
from detente.wire.keys import KeyRing
from detente.wire.messages import Message, part_of, seal_message
from detente.wire.rotation import rotate

SENT = 1_795_376_533_123


def make(old: Any) -> dict[str, Any]:
    ours, theirs = generate_identity(bytes(range(32))), generate_identity(bytes(range(32, 64)))
    message = Message(
        sender=ours.party,
        recipient=theirs.party,
        ceremony="00112233445566778899aabbccddeeff",
        kind="matching",
        step="begin",
        sequence=0,
        sent=SENT,
        agreement="ab" * 32,
        body={"name": "Жанна", "sizes": [2048, 2048]},
        parts=(part_of("tokens", b"bulk bytes"),),
    )
    sealed = seal_message(message, ours)
    both = add_signature(seal(AGREEMENT, canonical({"terms": "as agreed"}), ours), theirs)
    return {
        "spec": "spec/envelope.md",
        "canonical": [{"value": value, "bytes": canonical(value).hex()} for value in CANONICAL],
        "not_canonical": [{"bytes": raw.hex(), "why": why} for why, raw in NOT_CANONICAL],
        "pae": {
            "source": "the DSSE protocol's own example",
            "type": "http://example.com/HelloWorld",
            "payload": b"hello world".hex(),
            "bytes": pae("http://example.com/HelloWorld", b"hello world").hex(),
        },
        "identities": [identity(each) for each in (ours, theirs)],
        "envelope": {
            "type": AGREEMENT,
            "raw": both.decode(),
            "payload": unverified(both).payload.decode(),
            "signers": sorted([ours.party, theirs.party]),
        },
        "refused": refused(both, ours, theirs),
        "message": {"raw": sealed.decode(), "sent": SENT, "payload": unverified(sealed).payload.decode()},
        "bundle": {
            "envelope": sealed.decode(),
            "parts": {"tokens": b"bulk bytes".hex()},
            "bytes": pack_bundle(sealed, {"tokens": b"bulk bytes"}).hex(),
        },
        "rotation": rotation(ours),
    }


CANONICAL: list[Any] = [
    {"b": 1, "a": ["\u00e9", None, True, False]},
    {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7},
    '\u0000\b\t\n\u000b\f\r\u001f"\\/\u007f\u2028',
    [9007199254740991, -9007199254740991, 0],
    {},
    [],
    "",
]

NOT_CANONICAL = [
    ("a repeated name", b'{"a":1,"a":1}'),
    ("names out of order", b'{"b":1,"a":1}'),
    ("spare space", b'{"a": 1}'),
    ("a needless escape", b'"\\u0041"'),
    ("an escaped solidus", b'"\\/"'),
    ("upper-case escape", b'"\\u001F"'),
    ("a lone surrogate", b'"\\ud800"'),
    ("a surrogate in UTF-8", b'"\xed\xa0\x80"'),
    ("not a number", b"NaN"),
    ("floating point", b"1.5"),
    ("an exponent", b"1e3"),
    ("minus zero", b"-0"),
    ("beyond 2^53-1", b"9007199254740992"),
    ("a byte order mark", b"\xef\xbb\xbf1"),
    ("seventeen levels", b"[" * 17 + b"]" * 17),
    ("a newline after it", b"{}\n"),
]


def identity(who: Identity) -> dict[str, Any]:
    return {
        "seed": who.secret_seed().hex(),
        "party": who.party,
        "words": " ".join(fingerprint_words(who.party)),
        "keys": who.public.to_json(),
    }


def refused(both: bytes, ours: Identity, theirs: Identity) -> list[dict[str, str]]:
    """Envelopes that must not open as AGREEMENT with both signatures."""
    whole = json.loads(both)
    first, second = whole["signatures"]
    tampered = base64.b64encode(canonical({"terms": "as altered"})).decode()

    def having(**changes: Any) -> str:
        return canonical({**whole, **changes}).decode()

    return [
        {"why": "a signature stripped", "raw": having(signatures=[first])},
        {"why": "a signature duplicated", "raw": having(signatures=[first, first])},
        {"why": "signatures out of order", "raw": having(signatures=[second, first])},
        {"why": "no signature", "raw": having(signatures=[])},
        {"why": "another payload", "raw": having(payload=tampered)},
        {"why": "another payload type", "raw": having(payloadType=MESSAGE)},
        {"why": "a spare member", "raw": having(note="x")},
        {"why": "signatures exchanged", "raw": having(signatures=[{**first, "sig": second["sig"]}, second])},
        {"why": "spare space", "raw": both.decode().replace(":", ": ", 1)},
    ]


def rotation(ours: Identity) -> dict[str, Any]:
    later = generate_identity(bytes(range(64, 96)), party=ours.party)
    ring = KeyRing().with_party(ours.public)
    raw = rotate(ring, ours, later, later.public, since=SENT, until=SENT + 86_400_000)
    return {"seed": later.secret_seed().hex(), "since": SENT, "raw": raw.decode(), "key_id": later.key_id}
