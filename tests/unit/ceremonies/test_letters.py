"""Letters about items: recall, dispute, settlement, consent, notice (kind "exchange")."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from detente import kernel
from detente.ceremonies.ceremony import Decision, Send
from detente.ceremonies.exchange import (
    ExchangeKind,
    ExchangeSetup,
    KnownItem,
    LetterSetup,
    answer,
    attest,
    refuse_recall,
)
from detente.ceremonies.held import HeldProof
from detente.ceremonies.run import Head
from detente.errors import Expired, FailedCheck, Malformed, Misuse, OutOfTurn, Overdrawn, Refused
from detente.journal.entries import Entry, commit
from detente.journal.merkle import leaf_hash
from detente.pact.facts import ItemOpened, ItemReceived
from detente.pact.ledger import ledger
from detente.pact.terms import DAY_MS, HOUR_MS
from detente.wire.canonical import canonical

from .pair import EAST, NORTH, NOW, SOUTH, Pair, changed, pair
from .swapped import AGREEMENT, TERMS, release

KIND = ExchangeKind()
ITEM = "7" * 64
GOOD = release("x").encode()
BAD = release("x", marking="TLP:CLEAR").encode()
CLOSED = msgspec.structs.replace(TERMS, swap=msgspec.structs.replace(TERMS.swap, onward="never"))


def known(direction: str, **changes: object) -> KnownItem:
    return msgspec.structs.replace(KnownItem(ITEM, direction, NOW, "people", "TLP:AMBER", GOOD), **changes)  # type: ignore[arg-type]


def write(
    act: str,
    ours: str = "received",
    theirs: str | None = None,
    *,
    ours_item: dict | None = None,
    theirs_item: dict | None = None,
    terms=TERMS,
    left: int = 3,
    now: int = NOW,
    **more: object,
) -> Pair:
    """North writes a letter; it is in north's outbox. North's item is `ours`, south's the reverse unless `theirs` says otherwise."""
    theirs = theirs or {"given": "received", "received": "given", "": ""}[ours]
    two = pair("exchange")
    two.first.agreement = two.second.agreement = AGREEMENT
    opened, received = (
        ItemOpened("s", AGREEMENT, "f", 0),
        ItemReceived("s", AGREEMENT, "f", 0, "TLP:AMBER", "0" * 64, "m"),
    )
    for side, direction in ((two.first, ours), (two.second, theirs)):
        from detente.pact.facts import KIND_OF, body_of

        if direction:
            from detente.ceremonies.ceremony import Append

            body = opened if direction == "given" else received
            side.apply(Append(KIND_OF[type(body)], ITEM, body_of(body)))
        side.now = now
    mine = known(ours, **(ours_item or {})) if ours else None
    other = known(theirs, **(theirs_item or {})) if theirs else None
    letter = LetterSetup(act, terms, mine, left, **more)  # type: ignore[arg-type]
    two.first.take(
        KIND.begin(ExchangeSetup(NORTH.party, SOUTH.party, AGREEMENT, letter=letter), bytes(32), now)
    )
    waiting = LetterSetup("", terms, other, left)
    two.second.state = KIND.answer(
        ExchangeSetup(SOUTH.party, NORTH.party, AGREEMENT, letter=waiting), bytes(32), now
    )
    return two


def books(two: Pair, now: int = NOW):
    return ledger(two.first.facts, TERMS, now), ledger(two.second.facts, TERMS, now)


# --- recall


def test_a_recall_is_answered_by_a_signed_attestation_on_both_journals() -> None:
    two = write("recall", "given", text="source withdrawn")
    assert [line.status for line in books(two)[0].lines] == ["recalled"]
    two.pump()
    assert two.second.asked[0].subject["reason"] == "source withdrawn"
    two.second.decide(attest("key shredded", NOW))
    two.pump()
    assert [line.status for book in books(two) for line in book.lines] == ["erased", "erased"]
    assert two.first.finish.result.answer.method == "key shredded"
    assert two.first.finish.result.by == "ours"
    assert two.second.finish.result.by == "theirs"


def test_a_refused_recall_says_why_and_stays_open_on_the_ledger() -> None:
    two = write("recall", "given")
    two.pump()
    two.second.decide(refuse_recall("a court holds it", NOW))
    two.pump()
    assert [line.status for book in books(two) for line in book.lines] == ["recalled", "recalled"]
    assert two.first.finish.result.answer.refused == "a court holds it"


def test_the_deadline_of_a_recall_is_the_agreed_one() -> None:
    two = write("recall", "given")
    assert books(two)[0].lines[0].overdue == NOW + 72 * HOUR_MS


def test_nobody_recalls_what_the_other_gave() -> None:
    with pytest.raises(Misuse):
        write("recall", "received")
    two = write("recall", "given", "given")
    with pytest.raises(Refused, match="not known here"):
        two.pump()


def test_an_attestation_that_says_neither_or_both_is_refused() -> None:
    two = write("recall", "given")
    two.pump()
    for method, refused in (("", ""), ("shredded", "kept")):
        with pytest.raises(Misuse):
            two.second.decide(
                Decision("recall", {"method": method, "at": "2027-01-15T08:00:00.000Z", "refused": refused})
            )
        body = {"item": ITEM, "at": "2027-01-15T08:00:00.000Z", "method": method, "refused": refused}
        with pytest.raises(Malformed):
            two.first.receive(two.second.sealed(Send("attest", body)))


def test_an_attestation_of_another_item_is_malformed() -> None:
    two = write("recall", "given")
    body = {"item": "8" * 64, "at": "2027-01-15T08:00:00.000Z", "method": "shredded", "refused": ""}
    with pytest.raises(Malformed):
        two.first.receive(two.second.sealed(Send("attest", body)))


# --- dispute


def test_a_provable_dispute_counts_on_both_sides_once_it_was_checked() -> None:
    bad = {"plaintext": BAD}
    two = write("dispute", ground="marking", ours_item=bad, theirs_item=bad)
    two.pump()
    ours, theirs = books(two)
    assert (ours.received, theirs.given, ours.ours_left) == (0, 0, 3)


def test_a_provable_ground_that_does_not_show_is_refused_at_both_doors() -> None:
    with pytest.raises(Refused, match="does not show"):
        write("dispute", ground="marking")
    two = write("dispute", ground="marking", ours_item={"plaintext": BAD})
    with pytest.raises(Refused, match="does not show"):
        two.pump()
    assert books(two)[1].given == 1


def test_dispute_griefing_spends_an_allowance_and_then_is_refused() -> None:
    two = write("dispute", text="wrong person")
    two.pump()
    ours, theirs = books(two)
    assert (ours.received, ours.ours_left, theirs.given, theirs.theirs_left) == (1, 2, 1, 2)
    with pytest.raises(Overdrawn):
        write("dispute", left=0)
    two = write("dispute")
    two.second.state = msgspec_left(two.second.state, 0)
    with pytest.raises(Overdrawn):
        two.pump()


def msgspec_left(state, left: int):
    from dataclasses import replace

    return replace(state, setup=msgspec.structs.replace(state.setup, left=left))


def test_no_answer_by_the_deadline_is_acceptance() -> None:
    late = NOW + 14 * DAY_MS + 1
    with pytest.raises(Expired):
        write("dispute", now=late)
    two = write("dispute")
    two.second.now = late
    with pytest.raises(Expired):
        two.pump()


def test_an_item_is_disputed_once() -> None:
    with pytest.raises(Refused):
        write("dispute", ours_item={"disputed": True})
    two = write("dispute", theirs_item={"disputed": True})
    with pytest.raises(Refused):
        two.pump()


def test_only_the_receiver_disputes() -> None:
    with pytest.raises(Misuse):
        write("dispute", "given")
    two = write("dispute", "received", "received")
    with pytest.raises(Refused):
        two.pump()


def test_what_was_erased_cannot_be_disputed_with_proof() -> None:
    two = write("dispute", ground="marking", ours_item={"plaintext": BAD}, theirs_item={"plaintext": b""})
    with pytest.raises(Refused, match="erased"):
        two.pump()


# --- already held


def held_world(name: str = "x", loaded: str = "records.loaded") -> tuple[HeldProof, Head]:
    """A record of theirs, journalled as the second of two entries, and the head over both."""
    handled, salt = canonical({"grounds": ["g"], "marking": "TLP:AMBER", "grade": "B2"}), b"\x05" * 32
    body = msgspec.json.encode(
        {"id": "r", "schema": "Person", "properties": {"name": [name, "y"], "notes": ["z"]}}
    )
    content = hashlib.sha256(handled + body).hexdigest()
    commitments = bytes(32) + bytes.fromhex(commit("record", salt, content.encode()))
    levels = kernel.merkle_levels(commitments)
    entry = Entry(loaded, NOW - 5, "", {"count": 2, "root": levels[-32:].hex()}, "00" * 16).encode()
    leaves = leaf_hash(b"other") + leaf_hash(entry)
    tree = kernel.merkle_levels(leaves)
    path = kernel.merkle_path(levels, 2, 1)
    proof = HeldProof(handled, body, salt, 1, 2, path, entry, 1, 2, kernel.merkle_path(tree, 2, 1))
    return proof, Head(2, tree[-32:].hex())


def dispute_held(proof: HeldProof | None, head: Head | None) -> Pair:
    two = write("dispute", ground="held", held=proof)
    from dataclasses import replace

    state = two.second.state
    two.second.state = replace(
        state, setup=msgspec.structs.replace(state.setup, heads=(head,) if head else ())
    )
    return two


def test_what_was_held_before_is_provably_disputed_by_opening_the_earlier_record() -> None:
    two = dispute_held(*held_world())
    two.pump()
    ours, theirs = books(two)
    assert (ours.received, theirs.given, ours.ours_left) == (0, 0, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"body": b"{}"},
        {"handled": b"{}"},
        {"salt": b"\x06" * 32},
        {"salt": b""},
        {"place": 0},
        {"place": -1},
        {"count": 3},
        {"path": b""},
        {"entry": b"{}"},
        {"index": 0},
        {"index": 2},
        {"size": 1},
        {"size": 3},
        {"entry_path": bytes(32)},
    ],
)
def test_a_proof_of_holding_that_does_not_hold_is_the_disputers_fault(change: dict) -> None:
    proof, head = held_world()
    two = dispute_held(msgspec.structs.replace(proof, **change), head)
    with pytest.raises(FailedCheck) as raised:
        two.pump()
    assert raised.value.evidence
    assert books(two)[1].given == 1


def test_another_record_or_another_kind_of_entry_does_not_show_that_it_was_held() -> None:
    for world in (held_world("someone else"), held_world(loaded="run.finished")):
        two = dispute_held(*world)
        with pytest.raises(FailedCheck):
            two.pump()


def test_holding_is_shown_under_a_head_that_was_cosigned_before() -> None:
    with pytest.raises(Refused):
        dispute_held(held_world()[0], None).pump()
    with pytest.raises(Misuse):
        write("dispute", ground="held")


def test_a_proof_that_is_junk_is_a_fault_and_nothing_else() -> None:
    two = dispute_held(*held_world())
    letter = two.first.outbox.pop()
    for junk in (b"", b"\xff", b"\x80", bytes(2 << 20)):
        with pytest.raises(FailedCheck):
            two.second.receive(changed(letter, sender=two.first, parts={"proof": junk}))


# --- settlement


@pytest.mark.parametrize(
    ("counts", "yes", "received"), [(False, True, 0), (True, True, 1), (False, False, 1)]
)
def test_what_both_sides_settled_stands(counts: bool, yes: bool, received: int) -> None:
    from detente.ceremonies.ceremony import Append
    from detente.pact.facts import ItemDisputed, body_of

    disputed = {"disputed": True}
    two = write("settle", ours_item=disputed, theirs_item=disputed, counts=counts)
    for side, by in ((two.first, "ours"), (two.second, "theirs")):
        side.apply(Append("item.disputed", ITEM, body_of(ItemDisputed(by, "content", "m"))))
    two.pump()
    two.second.decide(answer("settle", yes))
    two.pump()
    ours, theirs = books(two)
    assert (ours.received, theirs.given) == (received, received)
    assert ours.ours_left == (3 if yes else 2)


def test_nothing_is_settled_that_is_not_disputed() -> None:
    two = write("settle")
    with pytest.raises(Refused):
        two.pump()


# --- consent


@pytest.mark.parametrize("yes", [True, False])
def test_onward_sharing_is_consented_to_for_one_item_and_one_party(yes: bool) -> None:
    two = write("consent", to=EAST.party, text="joint case")
    two.pump()
    assert two.second.asked[0].subject["to"] == EAST.party
    two.second.decide(answer("consent", yes))
    two.pump()
    for side, by in ((two.first, "theirs"), (two.second, "ours")):
        consents = [f.body for f in side.facts if f.kind == "consent.given"]
        assert [(c.by, c.to) for c in consents] == ([(by, EAST.party)] if yes else [])


def test_what_may_never_be_passed_on_is_not_even_asked_of_people() -> None:
    two = write("consent", to=EAST.party, terms=CLOSED)
    with pytest.raises(Refused):
        two.pump()
    assert two.second.asked == []


def test_only_the_giver_consents() -> None:
    with pytest.raises(Misuse):
        write("consent", "given", to=EAST.party)


# --- notices


def test_a_notice_is_acknowledged_with_the_other_clock() -> None:
    two = write("notice", "", text="exercise at noon")
    two.second.now = NOW + 250
    two.pump()
    assert two.first.finish.result.answer.at == "2027-01-15T08:00:00.250Z"
    assert two.second.finish.result.request.text == "exercise at noon"
    assert two.first.kinds == two.second.kinds == ["notice"]


# --- form and order


@pytest.mark.parametrize("act", ["recall", "dispute", "settle", "consent"])
def test_a_letter_about_an_unknown_item_is_refused(act: str) -> None:
    direction = "given" if act == "recall" else "received"
    two = write(act, direction, to=EAST.party)
    two.second.state = KIND.answer(
        ExchangeSetup(SOUTH.party, NORTH.party, AGREEMENT, letter=LetterSetup("", TERMS)), bytes(32), NOW
    )
    with pytest.raises(Refused):
        two.pump()


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("recall", {}),
        ("recall", {"item": ITEM, "until": "soon", "reason": ""}),
        ("dispute", {"item": ITEM, "ground": "taste", "reason": ""}),
        ("settle", {"item": ITEM, "counts": 1}),
        ("notice", {"at": "2027-01-15T08:00:00.000Z", "text": "x" * 10_001}),
        ("consent", {"item": ITEM, "to": "east", "purpose": ""}),
    ],
)
def test_letters_of_the_wrong_form_are_malformed(step: str, body: dict) -> None:
    two = write("notice", "")
    with pytest.raises(Malformed):
        two.second.receive(two.first.sealed(Send(step, body)))


@pytest.mark.parametrize("step", ["attest", "noted", "answer", "offer", "keys"])
def test_an_answer_before_a_letter_is_out_of_turn(step: str) -> None:
    two = write("notice", "")
    with pytest.raises(OutOfTurn):
        two.second.receive(two.first.sealed(Send(step, {})))


def test_a_letter_is_heard_once_and_answered_once() -> None:
    two = write("recall", "given")
    letter = two.first.outbox.pop()
    two.second.receive(letter)
    with pytest.raises(OutOfTurn):
        two.second.receive(letter)
    two.second.decide(attest("shredded", NOW))
    with pytest.raises(Misuse):
        two.second.decide(attest("shredded", NOW))


def test_a_letter_without_an_item_or_a_purpose_is_our_own_mistake() -> None:
    with pytest.raises(Misuse):
        write("recall", "")
    with pytest.raises(Misuse):
        write("", "")
