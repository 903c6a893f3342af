"""Offers: what a swap is about, who gives what, and the coin that says who opens first. spec/exchange, "Offers"."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from detente.ceremonies.ceremony import Decision, Incoming, Json
from detente.ceremonies.items import Statement, read_statements, split_ciphertexts
from detente.errors import Malformed, OutOfTurn
from detente.pact.facts import Ground
from detente.pact.policy import Release
from detente.pact.terms import Terms


class OurItem(msgspec.Struct, frozen=True):
    """What we give on one finding. `plaintext` is Release.encode(); `leaf` commits to our record in our journal, in entry `entry`.

    `root` is that of our record's committed values in the run, against which the release opens; b"" where nothing is to be opened.
    """

    finding: str
    plaintext: bytes
    schema: str
    marking: str
    leaf: str
    entry: int
    root: bytes = b""
    capacity: int = 1


class Expected(msgspec.Struct, frozen=True):
    """What we know of a finding, to check what they give on it. `root` of their committed values, b"" where nothing is to be opened."""

    finding: str
    root: bytes = b""
    capacity: int = 1
    agreed: tuple[tuple[str, str], ...] = ()


class SwapSetup(msgspec.Struct, frozen=True):
    """What a swap needs. `lead` is the balance at its start: given minus received. The answering side's `items` come with its decision.

    `expected` are the findings that we confirmed; `received` and `given` the content hashes of all earlier items of this peer and to it.
    """

    sid: str
    topic: str
    terms: Terms
    lead: int
    items: tuple[OurItem, ...] = ()
    expected: tuple[Expected, ...] = ()
    received: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    mutual: bool = True


@dataclass(frozen=True, slots=True)
class Received:
    """An item of theirs that was opened. `ground` says why it is disputed, None: it is in order."""

    item: str
    finding: str
    plaintext: bytes
    release: Release | None
    key: bytes
    ground: Ground | None = None

    def __repr__(self) -> str:
        return f"Received({self.item[:12]})"


@dataclass(frozen=True, slots=True)
class SwapResult:
    """Where a swap ended. Items are named by id. `claims` we gave and hold no receipt for; `void` had their key shredded.

    `received` holds plaintexts only of items that the node has already stored.
    """

    swap: str
    given: tuple[str, ...]
    claims: tuple[str, ...]
    received: tuple[str, ...]
    void: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """One side's items, in order."""

    statements: tuple[Statement, ...] = ()
    ciphertexts: tuple[bytes, ...] = ()
    offer: bytes = b""  # their offer as it came: evidence

    def __repr__(self) -> str:
        return f"Side({len(self.statements)} items)"


# --- decisions


def take(items: Sequence[OurItem], lead: int) -> Decision:
    """A person agrees to the swap and says what we give; `lead` is the balance at that moment."""
    return Decision("swap", {"take": True, "items": [_item_json(i) for i in items], "lead": lead})


def decline(reason: str) -> Decision:
    """A person declines; the peer is told why."""
    return Decision("swap", {"take": False, "reason": reason[:2000]})


def stored(receipts: Sequence[tuple[str, str, int, int]]) -> Decision:
    """The durable commit is done: (item, hash of its item.received entry, that entry's index, tree size) of each."""
    lines: list[Json] = [
        {"item": item, "leaf": leaf, "index": index, "size": size} for item, leaf, index, size in receipts
    ]
    return Decision("stored", {"items": lines})


def stop(reason: str) -> Decision:
    """Ends a swap early: unsent keys are shredded and the peer is told."""
    return Decision("stop", {"reason": reason[:2000]})


def _item_json(item: OurItem) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(item))
    return value


# --- reading theirs


def read_offer(
    message: Incoming, names: set[str], *, agreement: str, sid: str, giver: str, receiver: str
) -> Side:
    """The items of an offer, each of this agreement, run, swap and pair of parties. Raises Malformed."""
    if set(message.body) != names or set(message.parts) != {"ciphertexts"}:
        raise Malformed("an offer with other members than it should have", message.raw)
    statements = read_statements(message.body["items"], message.raw)
    findings = [s.head.finding for s in statements]
    if len(set(findings)) != len(findings):
        raise Malformed("an offer that gives on one finding twice", message.raw)
    for statement in statements:
        head = statement.head
        # what is of another swap, run or agreement, or addressed to another, is no item of this one
        if (head.agreement, head.sid, head.giver, head.receiver) != (agreement, sid, giver, receiver):
            raise Malformed("an item of another agreement, run or party", message.raw)
        if head.swap != message.body["swap"]:
            raise Malformed("an item of another swap", message.raw)
    return Side(
        statements, split_ciphertexts(statements, message.parts["ciphertexts"], message.raw), message.raw
    )


def read_lines(
    message: Incoming,
    name: str,
    members: set[str],
    *,
    swap: str,
    batch: int,
    most: int,
    beside: frozenset[str] = frozenset(),
) -> list[dict[str, Any]]:
    """The lines of a message about one batch: 1 to `most` objects with exactly these members. Raises OutOfTurn or Malformed.

    `beside` names other members of the body, read apart.
    """
    body = message.body
    if set(body) != {"swap", "batch", name} | beside or message.parts:
        raise Malformed(f"{name} with other members than they should have", message.raw)
    if (body["swap"], body["batch"]) != (swap, batch):
        raise OutOfTurn(f"{name} of another swap or batch", message.raw)
    lines = body[name]
    if not isinstance(lines, list) or not 1 <= len(lines) <= most:
        raise Malformed(f"other {name} than are due", message.raw)
    found = [line for line in lines if isinstance(line, dict) and set(line) == members]
    if len(found) != len(lines):
        raise Malformed(f"{name} that are not what the spec says", message.raw)
    return found


def seen(side: Side) -> list[Json]:
    """Receipts for ciphertexts that we hold: the first kind of receipt."""
    return [{"item": s.item, "ciphertext": s.ciphertext} for s in side.statements]


def chosen(side: Side, kept: Sequence[int]) -> Side:
    """The items that both give on."""
    return Side(tuple(side.statements[i] for i in kept), tuple(side.ciphertexts[i] for i in kept), side.offer)


def commit_coin(coin: bytes) -> str:
    """The commitment to a coin of 32 bytes, in hex."""
    return hashlib.sha256(b"detente/coin/1" + coin).hexdigest()


def join_coin(first: bytes, second: bytes) -> bytes:
    """The joint coin: neither side chose it."""
    return hashlib.sha256(b"detente/joint-coin/1" + first + second).digest()


def is_hex(value: object, size: int) -> bool:
    """Whether a value is `size` bytes in lower-case hex."""
    return isinstance(value, str) and len(value) == 2 * size and not set(value) - set("0123456789abcdef")
