from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.ceremonies import giving
from detente.ceremonies.ceremony import Decision, Send
from detente.ceremonies.exchange import (
    ExchangeKind,
    ExchangeSetup,
    Expected,
    decline,
    stop,
    stored,
    take,
    verify_stored,
)
from detente.ceremonies.items import (
    Head,
    Opens,
    commit_key,
    content_hash,
    open_item,
    opening_fails,
    padded_size,
    plaintext_hash,
    seal_item,
)
from detente.errors import (
    Equivocation,
    FailedCheck,
    Malformed,
    Misuse,
    OutOfTurn,
    Overdrawn,
    PeerFault,
    Refused,
)
from detente.journal.merkle import Frontier, inclusion_proof, root_at
from detente.pact.policy import OpenedValue
from detente.psi.commitment import Values

from .pair import EAST, NORTH, SOUTH, Pair, changed
from .swapped import (
    AGREEMENT,
    KIND,
    SID,
    batched,
    begun,
    decided,
    finding,
    item,
    release,
    setup,
    step,
    store,
    swap,
)

OURS = [item(n, "north") for n in range(3)]
THEIRS = [item(n, "south") for n in range(3)]


def until(two: Pair, sent: str) -> tuple[Pair, object]:
    """Runs until a message of this step is about to be delivered; takes it out. Returns (sender, receiver, message)."""
    for _ in range(1000):
        for sender, other in ((two.first, two.second), (two.second, two.first)):
            if sender.outbox and sender.outbox[0].step == sent:
                return sender, other, sender.outbox.pop(0)
        assert step(two), f"no {sent} was sent"
    raise AssertionError


def running() -> Pair:
    return decided(begun(OURS), THEIRS)


# --- items


HEAD = Head(
    AGREEMENT, SID, "0" * 32, NORTH.party, SOUTH.party, finding(0), 0, "Person", "TLP:AMBER", "0" * 64, 0, 512
)


def test_an_item_opens_with_its_key_and_no_other() -> None:
    statement, ciphertext = seal_item(HEAD, b"\x01" * 32, b"plain")
    assert open_item(statement, ciphertext, b"\x01" * 32) == b"plain"
    for key in (b"\x02" * 32, b"", b"\x01" * 31):
        with pytest.raises(FailedCheck):
            open_item(statement, ciphertext, key)


def test_no_key_opens_a_ciphertext_under_another_statement() -> None:
    statement, ciphertext = seal_item(HEAD, b"\x01" * 32, b"plain")
    for change in (
        {"finding": finding(1)},
        {"sid": "6" * 64},
        {"marking": "TLP:GREEN"},
        {"receiver": EAST.party},
    ):
        other = msgspec.structs.replace(statement, head=msgspec.structs.replace(HEAD, **change))
        with pytest.raises(FailedCheck):
            open_item(other, ciphertext, b"\x01" * 32)
    with pytest.raises(FailedCheck):
        open_item(statement, ciphertext[:-1] + b"\x00", b"\x01" * 32)


def test_the_length_of_a_ciphertext_says_little() -> None:
    sizes = {
        len(seal_item(msgspec.structs.replace(HEAD, size=padded_size(n)), bytes(32), b"x" * n)[1])
        for n in range(500)
    }
    assert sizes == {512 + 16}


@given(st.integers(0, 1 << 20))
def test_padding_costs_at_most_an_eighth(length: int) -> None:
    size = padded_size(length)
    assert length + 4 <= size <= max(512, (length + 4) * 1.125)
    assert padded_size(size - 4) == size


def test_the_id_of_an_item_covers_all_that_was_signed() -> None:
    statement, _ = seal_item(HEAD, bytes(32), b"plain")
    ids = {
        statement.item,
        msgspec.structs.replace(statement, key="1" * 64).item,
        msgspec.structs.replace(statement, ciphertext="1" * 64).item,
    }
    assert len(ids) == 3


def test_a_receipt_says_nothing_of_the_plaintext_to_who_has_not_the_key() -> None:
    assert plaintext_hash(b"\x01" * 32, b"x") != plaintext_hash(b"\x02" * 32, b"x")
    assert commit_key(b"\x01" * 32) != commit_key(b"\x02" * 32)


# --- a swap


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("batch", [1, 2, 3])
def test_both_sides_end_with_what_the_other_gave(count: int, batch: int) -> None:
    more = {"terms": batched(batch)}
    two = swap(count, ours_more=more, theirs_more=more)
    assert [json.loads(p)["properties"]["name"][0] for p in two.second.kept] == [
        f"north {n}" for n in range(count)
    ]
    assert [json.loads(p)["properties"]["name"][0] for p in two.first.kept] == [
        f"south {n}" for n in range(count)
    ]
    for side in (two.first, two.second):
        assert side.finish.outcome == "done"
        assert (side.ledger.given, side.ledger.received, side.ledger.claims) == (count, count, ())


def test_the_opener_alternates() -> None:
    two = swap(4)
    first_batches = [i for i, s in enumerate(two.first.steps) if s == "keys"]
    assert len(first_batches) == 4
    north, south = two.first.steps, two.second.steps
    # who opens a batch sends its keys before the receipt of that batch, the other after
    order = [s for s in north if s in ("keys", "stored")]
    assert order in (
        ["keys", "stored", "stored", "keys"] * 2,
        ["stored", "keys", "keys", "stored"] * 2,
    )
    assert [s for s in south if s in ("keys", "stored")] != order


def test_neither_side_alone_decides_who_opens_first() -> None:
    openers = set()
    for seed in range(8):
        seeds = {NORTH.party: b"\x11" * 32, SOUTH.party: bytes([seed]) * 32}
        two = swap(1, seeds=seeds)
        openers.add(two.first.steps.index("keys") < (two.first.steps.index("stored")))
    assert openers == {True, False}


def test_every_step_is_journalled_and_nothing_of_a_record_is() -> None:
    two = swap(1)
    assert sorted(two.first.kinds) == [
        "item.opened",
        "item.prepared",
        "item.receipt",
        "item.receipt",
        "item.receipt",
        "item.receipt",
        "item.received",
        "item.sent",
    ]
    journal = b"".join(e.encode() for e in two.first.entries)
    assert b"north 0" not in journal
    assert b"south 0" not in journal


def test_only_what_both_give_on_moves() -> None:
    two = decided(begun(OURS), [THEIRS[0], THEIRS[2]])
    while step(two):
        pass
    assert len(two.first.kept) == len(two.second.kept) == 2
    assert two.first.kinds.count("item.void") == 1
    assert two.second.finish.result.given == tuple(
        i.item for i in two.second.ledger.lines if i.direction == "given"
    )


def test_a_decline_reaches_no_key() -> None:
    two = begun(OURS)
    step(two)
    two.second.decide(decline("not now"))
    assert two.second.steps == ["refuse"]
    assert two.second.finish.outcome == "refused"


def test_a_swap_without_return_evens_out_the_balance() -> None:
    two = begun(OURS, ours_more={"mutual": False, "lead": -3})
    two = decided(two, [], 3)
    while step(two):
        pass
    assert len(two.second.kept) == 3
    assert (two.first.kept, two.first.ledger.given, two.first.ledger.claims) == ([], 3, ())
    assert two.first.finish.outcome == two.second.finish.outcome == "done"


def test_release_is_refused_past_the_agreed_imbalance() -> None:
    with pytest.raises(Overdrawn):
        begun(OURS, ours_more={"lead": 3})
    begun(OURS, ours_more={"lead": 2})
    with pytest.raises(Overdrawn):
        begun(OURS, ours_more={"lead": 1, "mutual": False})
    two = begun(OURS)
    step(two)
    with pytest.raises(Overdrawn):
        two.second.decide(take(THEIRS, 3))


def test_replaying_the_inputs_gives_the_same_bytes() -> None:
    one, two = swap(3), swap(3)
    assert [e.body for e in one.first.entries] == [e.body for e in two.first.entries]
    assert one.second.kept == two.second.kept


def test_setups_survive_storage() -> None:
    whole = setup(begun(OURS).first, OURS)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(whole), type=ExchangeSetup) == whole


def test_states_show_nothing_of_what_they_hold() -> None:
    two = running()
    shown = repr(two.first.state) + repr(two.second.state.mine) + repr(two.second.asked)
    assert "north" not in shown
    assert "south 0" not in shown


# --- what we prepare


@pytest.mark.parametrize(
    "bad",
    [
        item(0, "north", marking="TLP:GREEN", plaintext=release("x", marking="TLP:CLEAR").encode()),
        item(0, "north", marking="TLP:RED"),
        item(0, "north", schema="Company"),
        item(0, "north", plaintext=b"{}"),
        item(0, "north", plaintext=release("x", properties={"secret": ("y",)}).encode()),
    ],
)
def test_we_do_not_offer_what_the_peer_could_rightly_dispute(bad) -> None:
    with pytest.raises(Misuse):
        begun([bad])


def test_we_do_not_give_the_same_twice() -> None:
    with pytest.raises(Misuse, match="repeated"):
        begun([item(0, "north"), item(1, "north", plaintext=item(0, "north").plaintext)])
    with pytest.raises(Misuse, match="repeated"):
        begun([item(0, "north")], ours_more={"given": (content_hash(release("north 0")),)})


def test_an_answer_gives_on_findings_of_the_offer_in_its_order() -> None:
    for theirs in ([], [item(4, "south")], [THEIRS[1], THEIRS[0]], [THEIRS[0], THEIRS[0]]):
        two = begun(OURS)
        step(two)
        with pytest.raises(Misuse):
            two.second.decide(take(theirs, 0))


# --- attacks on the offer


def test_an_offer_on_a_finding_that_was_not_confirmed_here_is_refused() -> None:
    two = begun([item(7, "north")], ours_more={"findings": 9})
    with pytest.raises(Refused, match="not confirmed here"):
        step(two)


def forged_offer(two: Pair, **head: object):
    offer = two.first.outbox.pop()
    lines = json.loads(json.dumps(offer.body["items"]))
    lines[0]["head"] |= head
    return changed(offer, sender=two.first, body={"items": lines})


@pytest.mark.parametrize(
    "head",
    [
        {"agreement": "0" * 64},
        {"sid": "0" * 64},
        {"swap": "0" * 32},
        {"giver": EAST.party},
        {"receiver": EAST.party},
        {"number": 1},
        {"size": 1024},
        {"finding": finding(1)},
        {"more": 1},
        {"marking": 5},
    ],
)
def test_mix_and_match_between_swaps_runs_agreements_and_parties_is_malformed(head: dict) -> None:
    two = begun(OURS)
    with pytest.raises(Malformed):
        two.second.receive(forged_offer(two, **head))


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ({"items": []}, {"ciphertexts": b""}),
        ({"items": [{}] * 300}, {}),
        ({"items": "x"}, {}),
        ({"coin": "x"}, {}),
        ({"mutual": 1}, {}),
        ({"more": 1}, {}),
        ({"sid": "0" * 64}, {}),
        ({}, {"ciphertexts": b""}),
        ({}, {"more": b""}),
    ],
)
def test_an_offer_of_the_wrong_form_is_malformed(body: dict, parts: dict) -> None:
    two = begun(OURS)
    offer = two.first.outbox.pop()
    with pytest.raises(Malformed):
        two.second.receive(changed(offer, sender=two.first, body=body, parts=parts))


def test_a_ciphertext_other_than_the_stated_one_is_malformed() -> None:
    two = begun(OURS)
    offer = two.first.outbox.pop()
    data = bytearray(offer.parts["ciphertexts"])
    data[600] ^= 1
    with pytest.raises(Malformed, match="not the one"):
        two.second.receive(changed(offer, sender=two.first, parts={"ciphertexts": bytes(data)}))


def test_lying_about_sizes_does_not_allocate() -> None:
    two = begun(OURS)
    with pytest.raises(Malformed):
        two.second.receive(forged_offer(two, size=1 << 40))


def test_an_offer_replayed_in_another_swap_is_refused_by_its_own_answer() -> None:
    old = begun(OURS).first.outbox.pop()
    new = running()
    sender, other, offer = until(new, "offer")
    with pytest.raises(PeerFault):
        other.receive(changed(offer, sender=sender, body={**old.body}, parts=old.parts))


@pytest.mark.parametrize("change", ["drop", "reorder", "swap", "none"])
def test_an_answer_on_other_findings_than_were_offered_is_malformed(change: str) -> None:
    sender, other, offer = until(running(), "offer")
    body = dict(offer.body)
    if change == "drop":
        body["seen"] = body["seen"][:1]
    elif change == "reorder":
        body["seen"] = body["seen"][::-1]
    elif change == "swap":
        body["swap"] = "0" * 32
    else:
        body["items"], offer = [], replace(offer, parts={"ciphertexts": b""})
    with pytest.raises(Malformed):
        other.receive(changed(offer, sender=sender, body=body, parts=offer.parts))


def test_a_coin_other_than_the_committed_one_is_equivocation_with_both_messages_as_evidence() -> None:
    two = running()
    sender, other, coin = until(two, "coin")
    forged = changed(coin, sender=sender, body={"coin": "0" * 64})
    with pytest.raises(Equivocation) as raised:
        other.receive(forged)
    assert raised.value.evidence == (two.second.state.other.offer, forged.raw)


# --- attacks on keys


def test_a_wrong_key_is_evidence() -> None:
    two = running()
    sender, other, keys = until(two, "keys")
    lines = [{**line, "key": "00" * 32} for line in keys.body["keys"]]
    before = other.ledger.received
    forged = changed(keys, sender=sender, body={"keys": lines})
    theirs = other.state.other
    with pytest.raises(FailedCheck) as raised:
        other.receive(forged)
    assert raised.value.evidence == (theirs.offer, forged.raw, theirs.ciphertexts[0])
    assert other.ledger.received == before


@pytest.mark.parametrize(
    "body",
    [
        {"keys": []},
        {"keys": [{"item": "0" * 64, "key": "00" * 32}]},
        {"keys": [{"item": "0" * 64}]},
        {"keys": "x"},
        {"keys": [1]},
        {"more": 1},
    ],
)
def test_keys_of_other_items_than_are_due_are_malformed(body: dict) -> None:
    sender, other, keys = until(running(), "keys")
    with pytest.raises(Malformed):
        other.receive(changed(keys, sender=sender, body=body))


@pytest.mark.parametrize("body", [{"batch": 1}, {"swap": "0" * 32}])
def test_keys_of_another_batch_or_swap_are_out_of_turn(body: dict) -> None:
    sender, other, keys = until(running(), "keys")
    with pytest.raises(OutOfTurn):
        other.receive(changed(keys, sender=sender, body=body))


def test_a_replayed_key_does_not_spend_the_balance_twice() -> None:
    two = running()
    _, other, keys = until(two, "keys")
    other.receive(keys)
    with pytest.raises(OutOfTurn):
        other.receive(keys)
    store(other)
    with pytest.raises(PeerFault):
        other.receive(keys)
    assert other.ledger.received == 1


def test_different_keys_for_different_eyes_cannot_open_one_ciphertext_twice() -> None:
    """Without a commitment GCM would let one ciphertext open to two plaintexts under two keys."""
    statement, ciphertext = seal_item(HEAD, b"\x01" * 32, b"plain")
    forged = msgspec.structs.replace(statement, key=commit_key(b"\x02" * 32))
    assert forged.item != statement.item
    with pytest.raises(FailedCheck):
        open_item(forged, ciphertext, b"\x02" * 32)


def test_a_ciphertext_that_its_own_committed_key_does_not_open_is_evidence() -> None:
    """The giver commits to the right key and seals under another: commitment and hash are in order, and still nothing opens."""
    honest = giving.seal_item

    def crooked(head, key, plaintext):
        statement, ciphertext = honest(head, bytes(32), plaintext)
        return msgspec.structs.replace(statement, key=commit_key(key)), ciphertext

    giving.seal_item = crooked
    try:
        two = begun(OURS)
    finally:
        giving.seal_item = honest
    decided(two, THEIRS)
    while not (two.first.outbox and two.first.outbox[0].step == "keys"):
        step(two)
    keys, ciphertext = two.first.outbox.pop(0), two.second.state.other.ciphertexts[0]
    with pytest.raises(FailedCheck) as raised:
        two.second.receive(keys)
    assert raised.value.evidence == (two.second.state.other.offer, keys.raw, ciphertext)


# --- junk


class Junk(ExchangeKind):
    """A dishonest node: it seals whatever it likes."""

    def begin(self, setup, entropy, now):
        honest = giving.judge
        giving.judge = lambda setup, topic, head, plaintext, earlier, opens: (None, release(repr(plaintext)))
        try:
            return super().begin(setup, entropy, now)
        finally:
            giving.judge = honest


def junk_swap(bad, **theirs_more):
    # south's seed is chosen so that north opens first
    for seed in range(16):
        seeds = {NORTH.party: b"\x11" * 32, SOUTH.party: bytes([seed]) * 32}
        two = decided(
            begun([bad, *OURS[1:]], kinds=(Junk(), KIND), seeds=seeds, theirs_more=theirs_more), THEIRS
        )
        step(two)
        step(two)
        if "keys" in two.first.steps:
            return two
    raise AssertionError


@pytest.mark.parametrize(
    ("bad", "ground"),
    [
        (item(0, "north", plaintext=b"junk"), "schema"),
        (item(0, "north", plaintext=b"\xff\xfe"), "schema"),
        (item(0, "north", plaintext=release("x", properties={"notes": ("y",)}).encode()), "schema"),
        (item(0, "north", plaintext=release("x", properties={}, grounds=()).encode()), "schema"),
        (item(0, "north", plaintext=release("x", schema="Company").encode()), "schema"),
        (item(0, "north", plaintext=release("x", marking="TLP:CLEAR").encode()), "marking"),
        (item(0, "north", plaintext=release("x", marking="").encode()), "marking"),
    ],
)
def test_junk_to_keep_the_balance_is_disputed_and_ends_the_swap(bad, ground: str) -> None:
    two = junk_swap(bad)
    while not two.second.finish:
        step(two)
    assert two.second.finish.outcome == "aborted"
    assert (two.second.ledger.received, two.second.ledger.given, two.second.ledger.ours_left) == (0, 0, 3)
    assert [line.ground for line in two.second.ledger.lines] == [ground]
    assert two.second.kept == []
    assert two.second.outbox[-1].body["disputes"] == [
        {"item": two.second.ledger.lines[0].item, "ground": ground}
    ]
    assert two.second.kinds.count("item.void") == 3


def test_a_stripped_marking_is_told_from_the_statement_that_was_signed() -> None:
    test_junk_to_keep_the_balance_is_disputed_and_ends_the_swap(
        item(0, "north", plaintext=release("x", marking="TLP:GREEN").encode()), "marking"
    )


def test_what_was_received_before_is_provably_repeated() -> None:
    two = junk_swap(item(0, "north"), received=(content_hash(release("north 0")),))
    while not two.second.finish:
        step(two)
    assert [line.ground for line in two.second.ledger.lines] == ["repeated"]


# --- openings


def committed(*values: tuple[str, str]) -> Values:
    return Values(values, 8, b"\x07" * 32)


def opened(values: Values, *indices: int) -> tuple[OpenedValue, ...]:
    found = []
    for index in indices:
        salt, path = values.open(index)
        found.append(OpenedValue(*values.values[index], index, salt.hex(), path.hex()))
    return tuple(found)


RECORD_VALUES = committed(("birthDate", "1970-01-01"), ("name", "ivan"), ("name", "ivanov"))
AGREED = (("birthDate", "1970-01-01"),)


class Values2Topic:
    """Makes a birth date value of a birth date."""

    def prepare(self, records):
        from detente.topics.topic import Prepared, Value

        for record in records:
            yield Prepared((), tuple(Value("birthDate", d) for d in record.properties.get("birthDate", ())))


def test_a_release_that_opens_the_agreed_values_is_of_the_matched_record() -> None:
    good = release("x", opening=opened(RECORD_VALUES, 0, 2))
    assert not opening_fails(good, Opens(RECORD_VALUES.root, 8, AGREED), None)


@pytest.mark.parametrize("case", ["none", "other record", "other value", "other index"])
def test_a_release_that_does_not_open_its_commitment_is_provably_disputed(case: str) -> None:
    (true,) = opened(RECORD_VALUES, 0)
    openings = {
        "none": (),
        "other record": opened(committed(*AGREED), 0),
        "other value": (msgspec.structs.replace(true, value="1971-01-01"),),
        "other index": (msgspec.structs.replace(true, index=1),),
    }
    root = (
        RECORD_VALUES.root if case != "other record" else Values(RECORD_VALUES.values, 8, b"\x08" * 32).root
    )
    assert opening_fails(release("x", opening=openings[case]), Opens(root, 8, AGREED), None)


def test_a_released_field_that_contradicts_the_finding_is_provably_disputed() -> None:
    expected = Opens(RECORD_VALUES.root, 8, AGREED)
    for date, fails in (("1970-01-01", False), ("1980-01-01", True)):
        given = release("x", properties={"birthDate": (date,)}, opening=opened(RECORD_VALUES, 0))
        assert opening_fails(given, expected, Values2Topic()) is fails


def test_a_swap_checks_openings_where_the_run_gave_something_to_open() -> None:
    expected = (
        Expected(finding(0), RECORD_VALUES.root, 8, AGREED),
        Expected(finding(1)),
        Expected(finding(2)),
    )
    two = junk_swap(item(0, "north"), expected=expected)
    while not two.second.finish:
        step(two)
    assert [line.ground for line in two.second.ledger.lines] == ["opening"]


# --- receipts


def test_a_receipt_for_what_was_never_stored_is_refused() -> None:
    sender, other, receipt = until(running(), "stored")
    line = receipt.body["receipts"][0]
    for change in ({"plaintext": "0" * 64}, {"index": line["size"]}, {"index": -1}):
        with pytest.raises(FailedCheck):
            other.receive(changed(receipt, sender=sender, body={"receipts": [{**line, **change}]}))
    assert "stored" not in [f.body.receipt for f in other.facts if f.kind == "item.receipt"]


@pytest.mark.parametrize(
    "change", [{"item": "0" * 64}, {"leaf": "x"}, {"index": "0"}, {"index": True}, {"more": 1}]
)
def test_a_receipt_of_the_wrong_form_is_malformed(change: dict) -> None:
    sender, other, receipt = until(running(), "stored")
    line = {**receipt.body["receipts"][0], **change}
    with pytest.raises(Malformed):
        other.receive(changed(receipt, sender=sender, body={"receipts": [line]}))


def test_a_receipt_whose_entry_is_not_in_the_journal_fails_against_its_head() -> None:
    two = swap(1)
    frontier, nodes = Frontier(), {}
    for entry in two.second.entries:
        frontier, done = frontier.append(entry.leaf())
        nodes |= {(n.level, n.index): n.hash for n in done}
    index = two.second.kinds.index("item.received")
    size, root = len(two.second.entries), root_at(len(two.second.entries), lambda level, i: nodes[level, i])
    proof = list(inclusion_proof(index, size, lambda level, i: nodes[level, i]))
    receipt = {"index": index, "leaf": two.second.entries[index].leaf().hex(), "size": index + 1}
    verify_stored(receipt, proof, size, root)
    for lie in ({"leaf": "0" * 64}, {"index": 0}, {"size": size + 1}):
        with pytest.raises(PeerFault):
            verify_stored({**receipt, **lie}, proof, size, root)


def test_denial_of_receipt_leaves_a_claim_and_nothing_more_is_sent() -> None:
    two = running()
    giver, receiver, keys = until(two, "keys")
    receiver.receive(keys)  # and never answers
    assert giver.outbox == []
    assert giver.ledger.given == 1
    assert len(giver.ledger.claims) == 1
    assert giver.state.result().claims == giver.state.result().given
    giver.decide(stop("no receipt"))
    assert giver.finish.result.claims == (giver.ledger.lines[0].item,)


def test_a_node_cannot_sign_a_receipt_before_it_stored_all() -> None:
    two = running()
    _, receiver, keys = until(two, "keys")
    receiver.receive(keys)
    with pytest.raises(Misuse):
        receiver.decide(stored([]))


# --- disputes within a swap


def test_dispute_griefing_of_what_is_in_order_is_a_fault_of_the_disputer() -> None:
    sender, other, receipt = until(running(), "stored")
    line = {"item": receipt.body["receipts"][0]["item"], "ground": "schema"}
    forged = changed(receipt, sender=sender, body={"receipts": [], "disputes": [line]}, step="dispute")
    with pytest.raises(FailedCheck) as raised:
        other.receive(forged)
    assert raised.value.evidence == (forged.raw,)
    assert other.ledger.given == 1


@pytest.mark.parametrize("lines", [[], [{"item": "0" * 64, "ground": "schema"}], [{"item": 1}], "x"])
def test_a_dispute_of_the_wrong_form_is_malformed(lines: object) -> None:
    sender, other, receipt = until(running(), "stored")
    with pytest.raises(Malformed):
        other.receive(
            changed(receipt, sender=sender, body={"receipts": [], "disputes": lines}, step="dispute")
        )


# --- order


@pytest.mark.parametrize("sent", ["offer", "coin", "keys", "stored", "dispute", "recall"])
def test_a_message_in_the_wrong_order_is_out_of_turn(sent: str) -> None:
    for stage in ("coin", "keys", "stored"):
        two = running()
        sender, other, due = until(two, stage)
        if sent == stage or (stage == "stored" and sent == "dispute"):
            continue
        sender.sent -= 1
        with pytest.raises(OutOfTurn):
            other.receive(sender.sealed(Send(sent, dict(due.body), dict(due.parts))))


def test_nothing_is_decided_out_of_turn() -> None:
    two = running()
    for decision in (take(THEIRS, 0), stored([]), Decision("other")):
        with pytest.raises(Misuse):
            two.first.decide(decision)
    done = swap(1)
    with pytest.raises(Misuse):
        done.first.decide(stop("late"))


def test_a_stopped_swap_shreds_and_journals_what_was_not_sent() -> None:
    two = running()
    until(two, "keys")
    giver = two.first if "keys" in two.first.steps else two.second
    giver.decide(stop("operator"))
    assert giver.state.entropy == b""
    assert giver.kinds.count("item.void") == 2
    assert giver.steps[-1] == "abort"
    assert giver.finish.result.void == giver.state.result().void


def test_an_empty_swap_is_our_own_mistake() -> None:
    with pytest.raises(Misuse):
        begun([])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_an_altered_message_gives_a_fault_and_nothing_else(data: st.DataObject) -> None:
    """Any signed message with one member replaced: a PeerFault or Refused, or the swap goes on, and never an item without its line."""
    two = running()
    sender, other, message = until(two, data.draw(st.sampled_from(["offer", "coin", "keys", "stored"])))
    body = json.loads(json.dumps(dict(message.body)))
    name = data.draw(st.sampled_from(sorted(body)))
    junk = st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.just("0" * 64),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
        max_leaves=4,
    )
    value = data.draw(junk)
    if value == body[name]:
        return
    try:
        other.receive(changed(message, sender=sender, body={name: value}))
    except (PeerFault, Refused):
        assert other.ledger.received == 0
