"""Giving: our items sealed, theirs judged, receipts checked. What giver and receiver both apply stands here once. spec/exchange, clauses 6 to 10."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from detente.ceremonies.ceremony import Append, Effect, Incoming, Json
from detente.ceremonies.items import (
    Head,
    Opens,
    Statement,
    content_hash,
    opening_fails,
    padded_size,
    plaintext_hash,
    seal_item,
)
from detente.ceremonies.offers import Expected, Received, Side, SwapSetup, is_hex
from detente.errors import FailedCheck, Malformed, Misuse, PeerFault
from detente.pact.facts import KIND_OF, Body, Ground, ItemPrepared, ItemReceipt, ItemSent, body_of
from detente.pact.policy import Release, misfit, read_release
from detente.psi.commitment import derive
from detente.topics.topic import Topic

RECEIPT = {"item", "plaintext", "leaf", "index", "size"}


def judge(
    setup: SwapSetup,
    topic: Topic | None,
    head: Head,
    plaintext: bytes,
    earlier: Collection[str],
    opens: Opens,
) -> tuple[Ground | None, Release | None]:
    """On what ground a plaintext may provably be disputed, None: it is in order. Giver and receiver judge by this same rule.

    `earlier` are the content hashes of what was given before.
    """
    try:
        release = read_release(plaintext)
    except PeerFault:
        return "schema", None
    ground: Ground | None = misfit(release, setup.terms, setup.terms.topic(setup.topic), head.marking)
    if ground is None and release.schema != head.schema:
        ground = "schema"
    if ground is None and content_hash(release) in earlier:
        ground = "repeated"
    if ground is None and opens.root and opening_fails(release, opens, topic):
        ground = "opening"
    return ground, release


def expected_of(setup: SwapSetup, finding: str) -> Expected:
    """What we know of a finding, nothing where we know nothing."""
    return next((e for e in setup.expected if e.finding == finding), Expected(finding))


def item_key(entropy: bytes, number: int) -> bytes:
    """The key of our item: gone with the seed, if it was not sent."""
    return derive(entropy, "item", number)


def seal_all(
    setup: SwapSetup,
    topic: Topic | None,
    entropy: bytes,
    *,
    agreement: str,
    swap: str,
    giver: str,
    receiver: str,
) -> Side:
    """Our items as statements and ciphertexts. Raises Misuse for one that the peer could rightly dispute."""
    statements, ciphertexts = [], []
    earlier = set(setup.given)
    for number, item in enumerate(setup.items):
        head = Head(
            agreement=agreement,
            sid=setup.sid,
            swap=swap,
            giver=giver,
            receiver=receiver,
            finding=item.finding,
            number=number,
            schema=item.schema,
            marking=item.marking,
            leaf=item.leaf,
            entry=item.entry,
            size=padded_size(len(item.plaintext)),
        )
        opens = Opens(item.root, item.capacity, expected_of(setup, item.finding).agreed)
        ground, release = judge(setup, topic, head, item.plaintext, earlier, opens)
        if ground or release is None:
            raise Misuse(f"an item that the peer could rightly dispute ({ground}): prepare it again")
        earlier.add(content_hash(release))
        statement, ciphertext = seal_item(head, item_key(entropy, number), item.plaintext)
        statements.append(statement)
        ciphertexts.append(ciphertext)
    return Side(tuple(statements), tuple(ciphertexts))


def prepared(side: Side) -> list[Effect]:
    """Sealed and handed over: two entries an item."""
    effects: list[Effect] = []
    for statement in side.statements:
        head = statement.head
        body = ItemPrepared(head.swap, head.agreement, head.finding, head.number, head.marking, head.leaf)
        effects += [entry(statement.item, body), entry(statement.item, ItemSent(head.swap))]
    return effects


def both_give(offered: Side, answered: Sequence[str]) -> list[int] | None:
    """The places of the items whose findings are answered; None where the answer is empty, on others, or in another order."""
    kept = [i for i, s in enumerate(offered.statements) if s.head.finding in answered]
    in_order = [offered.statements[i].head.finding for i in kept] == list(answered)
    return kept if kept and in_order else None


def to_store(statement: Statement, each: Received) -> dict[str, Json]:
    """What the node keeps of an item, in the transaction that journals it. `ground` other than "": nothing to keep."""
    head = statement.head
    return {
        "item": each.item,
        "finding": head.finding,
        "number": head.number,
        "marking": head.marking,
        "schema": head.schema,
        "content": content_hash(each.release) if each.release else "",
        "ground": each.ground or "",
        "plaintext": "" if each.ground else each.plaintext.decode(),
    }


def check_receipts(
    lines: Sequence[Mapping[str, Any]],
    due: Sequence[Statement],
    given: Sequence[tuple[bytes, bytes]],
    message: Incoming,
) -> list[Effect]:
    """The entries for receipts of `due` items, whose keys and plaintexts are `given`. Raises Malformed or FailedCheck."""
    if [line["item"] for line in lines] != [s.item for s in due]:
        raise Malformed("receipts of other items than were opened", message.raw)
    effects: list[Effect] = []
    for line, statement, (key, plaintext) in zip(lines, due, given, strict=True):
        index, size = line["index"], line["size"]
        if not is_hex(line["leaf"], 32) or type(index) is not int or type(size) is not int:
            raise Malformed("a receipt that is not what the spec says", message.raw)
        if line["plaintext"] != plaintext_hash(key, plaintext) or not 0 <= index < size:
            # signed for something that was never given, so it cannot have been stored
            raise FailedCheck(message.raw)
        effects.append(entry(statement.item, ItemReceipt("stored", "theirs", message.id)))
    return effects


def entry(subject: str, body: Body) -> Append:
    """The journal entry of a fact."""
    return Append(KIND_OF[type(body)], subject, body_of(body))
