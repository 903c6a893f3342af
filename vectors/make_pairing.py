"""Vectors of spec/pairing: invitations that are read, after a rotation too, and the hello that follows from two."""

from __future__ import annotations

from typing import Any

from detente.ceremonies.pairing import PairingKind, PairingSetup, make_invitation, read_invitation
from detente.wire.identity import generate_identity
from detente.wire.keys import KeyRing
from detente.wire.rotation import rotate

NOW = 1_795_376_533_123
DAY = 86_400_000


def make(old: Any) -> dict[str, Any]:
    north, south = (generate_identity(bytes([n]) * 32) for n in (1, 2))
    later = generate_identity(bytes([9]) * 32, party=north.party)
    ring = KeyRing().with_party(north.public)
    rotation = rotate(ring, north, later, later.public, since=NOW - 10 * DAY, until=NOW - 5 * DAY)
    common = {"now": NOW, "expires": NOW + 30 * DAY}
    first = make_invitation(
        north,
        north.public,
        name="Northern Service",
        address="https://north.example:8443",
        nonce=bytes(16),
        **common,
    )
    second = make_invitation(
        south, south.public, name="Служба Юг", address="", nonce=bytes([1]) * 16, **common
    )
    rotated = make_invitation(
        later,
        north.public,
        name="Northern Service",
        address="",
        nonce=bytes([2]) * 16,
        changes=[rotation],
        **common,
    )
    setup = PairingSetup(north.party, south.party, first, second)
    _, effects = PairingKind().begin(setup, bytes(32), NOW)
    return {
        "spec": "spec/pairing.md",
        "at": NOW,
        "invitations": [described(raw) for raw in (first, second, rotated)],
        "hello": dict(effects[0].body),
    }


def described(raw: bytes) -> dict[str, Any]:
    found = read_invitation(raw, NOW)
    return {
        "raw": raw.decode(),
        "hash": found.hash,
        "party": found.party,
        "words": list(found.words),
        "key": found.keys.key_id,
        "expires": found.expires,
    }
