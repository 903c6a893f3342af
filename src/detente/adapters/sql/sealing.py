"""Seals a body under a key of its own: deleting the key shreds the body wherever a copy of it may linger."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from detente.errors import Unavailable

KEY_BYTES = 32
# A key seals one body once (a changed body takes a fresh key), so the nonce can be constant.
_NONCE = bytes(12)


def seal(key: bytes, place: str, body: bytes) -> bytes:
    """Seals `body` under a 32-byte `key` that was never used before; `place` ("records/<id>") is bound to it.

    >>> unseal(bytes(32), "records/a", seal(bytes(32), "records/a", b"{}"))
    b'{}'
    """
    return AESGCM(key).encrypt(_NONCE, body, place.encode())


def unseal(key: bytes, place: str, sealed: bytes) -> bytes:
    """Opens what `seal` made for the same place. Raises Unavailable where the store is damaged."""
    try:
        return AESGCM(key).decrypt(_NONCE, sealed, place.encode())
    except InvalidTag:
        raise Unavailable(
            "a sealed body of the store does not open: the file is damaged, restore a backup"
        ) from None
