"""Vectors of spec/exchange: padded sizes, items, receipts, coins, and what a release of a swap holds."""

from __future__ import annotations

from typing import Any

import msgspec

from detente.ceremonies.items import Head, commit_key, open_item, padded_size, plaintext_hash, seal_item
from detente.ceremonies.offers import commit_coin, join_coin
from detente.pact.policy import Release

SIZES = [0, 1, 508, 509, 512, 1000, 1020, 4096, 70_000, 1 << 20]


def make(old: Any) -> dict[str, Any]:
    first, second = bytes(range(32)), bytes(range(32, 64))
    return {
        "spec": "spec/exchange.md",
        "sizes": [{"plaintext": size, "padded": padded_size(size)} for size in SIZES],
        "items": [item(bytes([n]) * 32, text, n) for n, text in enumerate(("Жанна", "x" * 600))],
        "coin": {
            "first": first.hex(),
            "second": second.hex(),
            "commitment": commit_coin(first),
            "joint": join_coin(first, second).hex(),
        },
    }


def item(key: bytes, name: str, number: int) -> dict[str, Any]:
    release = Release("Person", {"name": (name,)}, ("UN listing QDi.001",), "TLP:AMBER", "B2")
    plaintext = release.encode()
    head = Head(
        agreement="a" * 64,
        sid="5" * 64,
        swap="7" * 32,
        giver="b" * 64,
        receiver="c" * 64,
        finding="f" * 64,
        number=number,
        schema="Person",
        marking="TLP:AMBER",
        leaf="1" * 64,
        entry=812,
        size=padded_size(len(plaintext)),
    )
    statement, ciphertext = seal_item(head, key, plaintext)
    assert open_item(statement, ciphertext, key) == plaintext
    return {
        "key": key.hex(),
        "plaintext": plaintext.decode(),
        "statement": msgspec.to_builtins(statement),
        "ciphertext": ciphertext.hex(),
        "item": statement.item,
        "commitment": commit_key(key),
        "plaintext_hash": plaintext_hash(key, plaintext),
    }
