"""detente-verify judges bundles that the detente package wrote: two implementations, one spec."""

import ast
import io
import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import detente_verify
from detente.journal import export
from detente.journal.checkpoint import Checkpoint, open_checkpoint, origin_of, sign_checkpoint
from detente.journal.entries import Entry
from detente.journal.export import Balance, Hidden, Shown
from detente.journal.merkle import leaf_hash
from detente.journal.note import parse_note, write_note
from detente.wire.canonical import canonical, parse_canonical
from detente.wire.envelope import (
    AGREEMENT,
    DOCUMENT,
    INVITATION,
    ITEM,
    KEY_ROTATION,
    MESSAGE,
    add_signature,
    seal,
    unverified,
)
from detente.wire.identity import Identity, generate_identity
from detente.wire.instant import rfc3339
from detente.wire.rotation import apply_rotation, revoke, rotate
from support.relation import (
    HOUR,
    KEYS,
    OURS,
    ROLES,
    RUN,
    STRANGER,
    T0,
    THEIRS,
    World,
    both,
    envelope_id,
    invitation,
    is_step,
    item_of,
    message,
    name_of,
    problems,
    whole_relation,
)


@pytest.fixture
def world() -> World:
    """A relation in order."""
    return whole_relation()


def test_a_whole_relation_verifies(world):
    result = world.verify(OURS.party, THEIRS.party)
    assert result.problems == []
    facts = "\n".join(result.facts)
    assert "25 entries (23 shown) hash to 3 signed heads; Southern has cosigned the first 25" in facts
    assert (
        "2 given (0 of them without a receipt: this party's claim alone), 2 received, 0 not counted" in facts
    )
    assert "15 messages of 3 conversations, none left out before another" in facts
    assert "22 entries, 4 of items whose key moved, held against what was signed" in facts
    assert "3 heads, each continuing the one before, up to 9 entries" in facts


def test_it_shares_no_code_with_the_package_and_needs_cryptography_alone():
    tree = ast.parse(Path(detente_verify.__file__).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.split(".")[0] for name in imported}
    assert roots - set(sys.stdlib_module_names) == {"cryptography"}


def test_a_party_that_is_not_in_it_is_missed(world):
    assert "not a party in this file" in world.verify(STRANGER.party).problems[0][1]


# --- the journal


def test_an_altered_entry_is_found(world):
    world.entries[3] = Shown(Entry("run.started", T0, RUN, {"other": 1}, "0" * 32).encode())
    assert "an entry was altered" in problems(world)


def test_an_entry_hidden_under_another_hash_is_found(world):
    world.entries[3] = Hidden(leaf_hash(b"x"))
    assert "an entry was altered" in problems(world)


def test_hiding_an_entry_honestly_keeps_the_heads(world):
    entry = world.entries[0]
    world.entries[0] = Hidden(leaf_hash(entry.data))
    assert problems(world) == ""


def test_a_truncated_journal_is_found(world):
    del world.entries[-1]
    assert "truncated" in problems(world)


def test_a_journal_cut_back_to_an_earlier_head_leaves_items_out(world):
    size = open_checkpoint(world.checkpoints[0], KEYS, party=OURS.party).checkpoint.size
    del world.entries[size:], world.checkpoints[1:]
    assert "not in its journal" in problems(world)


def test_a_rolled_back_journal_is_found(world):
    world.checkpoints.reverse()
    assert "rolled back" in problems(world)


def test_a_gap_in_the_entries_is_found(world):
    lines = world.lines()
    del lines[4]
    result = detente_verify.verify(io.BytesIO(b"".join(lines)))
    assert any("gap" in why for _, why in result.problems)


def test_a_head_signed_by_another_is_found(world):
    tree = world.tree()
    head = Checkpoint(origin_of(STRANGER.party), tree.size, tree.root)
    world.checkpoints[-1] = sign_checkpoint(head, STRANGER, STRANGER.public)
    assert "another journal" in problems(world)


def test_a_cosignature_that_does_not_verify_is_found(world):
    note = parse_note(world.checkpoints[-1])
    for n in (1, 2):
        lines = list(note.lines)
        lines[n] = replace(lines[n], signature=lines[n].signature[:-1] + bytes([lines[n].signature[-1] ^ 1]))
        world.checkpoints[-1] = write_note(note.text, lines)
        assert "does not verify" in problems(world)


def test_half_a_cosignature_is_none(world):
    note = parse_note(world.checkpoints[-1])
    world.checkpoints[-1] = write_note(note.text, note.lines[:2])
    assert "only one of two keys" in problems(world)


def test_a_head_that_was_not_cosigned_is_counted_as_such(world):
    note = parse_note(world.checkpoints[-1])
    world.checkpoints[-1] = write_note(note.text, note.lines[:1])
    result = world.verify()
    assert result.problems == []
    assert any("cosigned the first 2" in fact for fact in result.facts)


def test_the_peers_heads_must_continue_one_another(world):
    note, proof = world.peer_checkpoints[1]
    world.peer_checkpoints[1] = (note, (*proof[:-1], bytes(32)))
    assert "does not continue" in problems(world)
    world.peer_checkpoints[1] = (note, proof[:-1])
    assert "too short" in problems(world)


# --- keys


def test_a_rotation_is_followed(world):
    later = generate_identity(b"2" * 32, party=OURS.party)
    raw = rotate(KEYS, OURS, later, later.public, since=world.clock, until=world.clock + HOUR)
    world.parties[0] = replace(world.parties[0], changes=(raw,))
    world.signer, world.keys = later, apply_rotation(KEYS, raw, at=world.clock)
    world.append("key.rotated")
    world.checkpoint()
    assert problems(world) == ""


def test_a_rotation_that_the_old_key_did_not_sign_is_found(world):
    later = generate_identity(b"2" * 32, party=OURS.party)
    raw = rotate(KEYS, OURS, later, later.public, since=0, until=0)
    forged = add_signature(seal(KEY_ROTATION, unverified(raw).payload, later), STRANGER)
    world.parties[0] = replace(world.parties[0], changes=(forged,))
    with pytest.raises(detente_verify.Bad, match="not signed by the present and the next key"):
        world.verify()


def test_an_invitation_of_another_is_found(world):
    world.parties[1] = replace(world.parties[1], invitation=invitation(STRANGER, "Southern"))
    with pytest.raises(detente_verify.Bad, match="not of this party"):
        world.verify()


def test_what_a_revoked_key_signed_is_found(world):
    raw = revoke(THEIRS, THEIRS.key_id, since=T0, reason="compromised")
    world.parties[1] = replace(world.parties[1], changes=(raw,))
    assert "retired or revoked by then" in problems(world)


def test_what_was_dated_back_before_a_revocation_and_journalled_after_it_is_found():
    world = World()
    agreement = world.agree()
    world.append("document.accepted", agreement, by=THEIRS.party, message="")
    raw = message(THEIRS, OURS, step="accept", body={"document": agreement}, sent=T0)
    world.statements.append(raw)
    world.append("document.accepted", agreement, by=THEIRS.party, message=envelope_id(raw))
    world.checkpoint()
    revoked = revoke(THEIRS, THEIRS.key_id, since=T0 + 1, reason="compromised")
    world.parties[1] = replace(world.parties[1], changes=(revoked,))
    assert "journalled after its signer's keys were revoked" in problems(world)


def test_an_invitation_signed_by_a_later_key_of_the_party_is_in_order(world):
    later = generate_identity(b"2" * 32, party=THEIRS.party)
    since = world.clock + HOUR
    raw = rotate(KEYS, THEIRS, later, later.public, since=since, until=since)
    body = canonical({"keys": THEIRS.public.to_json(), "name": "Southern"})
    world.parties[1] = replace(world.parties[1], invitation=seal(INVITATION, body, later), changes=(raw,))
    assert problems(world) == ""


# --- agreements


def swapped(world: World, agreement: str, **changes) -> World:
    """One pair of items given, the balance claimed."""
    world.swap(agreement, [1], [2], "a1" * 16, **changes)
    world.checkpoint()
    world.balances.append(Balance((agreement,), 1, 1))
    return world


def test_an_agreement_with_one_signature_binds_nobody(world):
    payload = unverified(world.statements[0]).payload
    world.statements[0] = seal(AGREEMENT, payload, OURS)
    assert "hold it with both signatures: it binds nobody" in problems(world)


def suspended(world: World, agreement: str, statement: str, name: str = "main") -> None:
    world.append("document.suspended", agreement, name=name, by=OURS.party, statement=statement)
    world.tell(OURS, "suspend", {"document": statement}, ceremony=statement[:32])


def ended(world: World, agreement: str, effective: int) -> None:
    world.append(
        "document.ended", agreement, name="main", by=OURS.party, statement="53" * 32, effective=effective
    )
    world.tell(OURS, "end", {"document": "53" * 32}, ceremony="53" * 16)


@pytest.mark.parametrize(
    "change",
    [
        lambda world, agreement: suspended(world, agreement, "51" * 32),
        # whichever version it names, it holds for the agreement
        lambda world, agreement: suspended(world, "77" * 32, "51" * 32),
        lambda world, agreement: world.append("document.superseded", agreement, next="52" * 32),
        lambda world, agreement: ended(world, agreement, T0),
    ],
)
def test_an_item_under_an_agreement_not_in_force_is_found(change):
    world = World()
    agreement = world.agree()
    world.start_run()
    change(world, agreement)
    assert "not in force" in problems(swapped(world, agreement))


def test_an_item_before_a_noticed_end_took_effect_is_in_order():
    world = World()
    agreement = world.agree()
    world.start_run()
    ended(world, agreement, T0 + HOUR)
    assert problems(swapped(world, agreement)) == ""


def test_a_swap_that_began_before_a_suspension_is_in_order(world):
    agreement = world.balances[0].agreements[0]
    suspended(world, agreement, "51" * 32)
    item = item_of(world, OURS, 2)
    world.append("item.void", item, swap="a1" * 16, reason="suspended")
    world.checkpoint()
    assert problems(world) == ""


def test_one_resumption_does_not_lift_the_other_sides_suspension():
    world = World()
    agreement = world.agree()
    world.start_run()
    for statement in ("51" * 32, "52" * 32):
        suspended(world, agreement, statement)
    resumed(world, agreement, ["51" * 32])
    assert "not in force" in problems(swapped(world, agreement))


def resumed(world: World, agreement: str, lifts: list[str]) -> None:
    world.append("document.resumed", agreement, name="main", lifts=lifts, statement="54" * 32)
    world.append(
        "document.proposed", "54" * 32, document="resume", name="main", base=agreement, by=OURS.party
    )
    world.tell(OURS, "propose", {"document": "54" * 32}, ceremony="54" * 16)
    world.tell(THEIRS, "accept", {"document": "54" * 32}, ceremony="54" * 16)


def test_an_item_after_a_suspension_was_lifted_is_in_order():
    world = World()
    agreement = world.agree()
    world.start_run()
    suspended(world, agreement, "51" * 32)
    resumed(world, agreement, ["51" * 32])
    assert problems(swapped(world, agreement)) == ""


def test_a_suspension_that_was_lifted_by_one_side_alone_is_found():
    world = World()
    agreement = world.agree()
    world.start_run()
    suspended(world, agreement, "51" * 32)
    resumed(world, agreement, ["51" * 32])
    del world.statements[-1]
    assert "not both in this file" in problems(swapped(world, agreement))


def test_an_item_under_an_expired_agreement_is_found():
    world = World()
    agreement = world.agree(expires=T0 + 1)
    world.start_run()
    assert "expired" in problems(swapped(world, agreement))


# --- items, receipts, balance


def retold(world: World, step: str, which: int, who: Identity, change) -> None:
    """One message of a step said otherwise, properly signed."""
    places = [
        n
        for n, raw in enumerate(world.statements)
        if parse_canonical(unverified(raw).payload).get("step") == step
    ]
    body = parse_canonical(unverified(world.statements[places[which]]).payload)
    change(body["body"])
    world.statements[places[which]] = seal(MESSAGE, canonical(body), who)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sid": "77" * 32}, "another agreement, run, swap or pair"),
        ({"agreement": "77" * 32}, "another agreement, run, swap or pair"),
        ({"giver": STRANGER.party}, "another agreement, run, swap or pair"),
        ({"receiver": OURS.party}, "another agreement, run, swap or pair"),
        ({"number": 7}, "another agreement, run, swap or pair"),
        ({"finding": None}, "wrong type"),
    ],
)
def test_a_bad_item_of_this_party_is_found(changes, why):
    world = World()
    agreement = world.agree()
    world.start_run()
    whole = {"sid": RUN, "agreement": agreement, "giver": OURS.party, "receiver": THEIRS.party, "number": 0}
    rows = world.offer(agreement, OURS, [1], "a1" * 16)
    rows[0]["head"] |= {**whole, **changes}
    body = {"swap": "a1" * 16, "sid": RUN, "items": rows, "coin": "00" * 32, "mutual": True}
    world.tell(OURS, "offer", body, ceremony="a1" * 16, agreement=agreement)
    world.checkpoint()
    assert why in problems(world)


def test_a_bad_offer_of_the_peer_on_which_nothing_rests_spoils_no_bundle(world):
    agreement = world.balances[0].agreements[0]
    rows = world.offer(agreement, THEIRS, [9], "a9" * 16)
    rows[0]["head"]["giver"] = STRANGER.party
    body = {"swap": "a9" * 16, "sid": RUN, "items": rows, "coin": "00" * 32, "mutual": True}
    world.tell(THEIRS, "offer", body, ceremony="a9" * 16, agreement=agreement)
    assert problems(world) == ""


def test_an_item_of_a_run_that_is_not_in_the_journal_is_found():
    world = World()
    agreement = world.agree()
    assert "a run or a request that is not in the journal" in problems(swapped(world, agreement))


def test_a_run_whose_id_is_not_its_statements_is_found(world):
    world.append("run.started", RUN, statement={"roles": ROLES, "run": "detente/2"})
    world.checkpoint()
    assert "not the hash of its statement" in problems(world)


def test_an_item_that_the_journal_does_not_have_is_found(world):
    agreement = world.balances[0].agreements[0]
    body = {"swap": "a9" * 16, "sid": RUN, "coin": "00" * 32, "mutual": True}
    body["items"] = world.offer(agreement, OURS, [9], "a9" * 16)
    world.tell(OURS, "offer", body, ceremony="a9" * 16, agreement=agreement)
    assert "not in its journal" in problems(world)


@pytest.mark.parametrize("which", range(1, 15))
def test_any_message_left_out_of_the_file_is_found(world, which):
    assert parse_canonical(unverified(world.statements[which]).payload)["kind"] == "exchange"
    del world.statements[which]
    assert problems(world)


@pytest.mark.parametrize("which", [2, 4, 5, 6, 10])
def test_two_messages_that_change_places_are_found(world, which):
    """Of one side and one conversation; across them no order is claimed."""
    first = world.statements[which]
    place = parse_canonical(unverified(first).payload)
    for n in range(which + 1, len(world.statements)):
        other = parse_canonical(unverified(world.statements[n]).payload)
        if (other["sender"], other["ceremony"]) == (place["sender"], place["ceremony"]):
            world.statements[which], world.statements[n] = world.statements[n], first
            assert "a conversation has a gap" in problems(world)
            return
    assert which == 9


def test_an_item_whose_receiver_did_not_sign_for_its_ciphertext_is_found(world):
    retold(world, "coin", 0, OURS, lambda body: body["seen"][0].update(ciphertext="0" * 64))
    assert "did not sign for its ciphertext" in problems(world)


def test_a_key_that_the_item_does_not_commit_to_is_found(world):
    retold(world, "keys", 0, OURS, lambda body: body["keys"][0].update(key="00" * 32))
    assert "a key that is not the one its item commits to" in problems(world)


def test_a_wrong_key_of_the_peer_that_the_journal_takes_for_the_right_one_is_found(world):
    keys = next(n for n, raw in enumerate(world.statements) if is_step(raw, "keys", THEIRS))
    body = parse_canonical(unverified(world.statements[keys]).payload)
    body["body"]["keys"][0]["key"] = "00" * 32
    world.statements[keys] = seal(MESSAGE, canonical(body), THEIRS)
    # the entry cites the message by its hash
    assert "not in this file" in problems(world)


@pytest.mark.parametrize(
    "change", [{"plaintext": "3" * 64}, {"leaf": "3" * 64}, {"index": 1}, {"size": 1}, {"item": "3" * 64}]
)
def test_a_receipt_of_ours_for_what_is_not_in_our_journal_is_found(world, change):
    retold(world, "stored", 1, OURS, lambda body: body["receipts"][0].update(change))
    assert problems(world)


def test_a_claim_of_a_receipt_that_the_peer_did_not_sign_is_found(world):
    item = item_of(world, OURS, 2)
    world.append("item.receipt", item, receipt="stored", by="theirs", message="ee" * 32)
    world.checkpoint()
    assert "not in this file" in problems(world)
    world.entries.pop()
    world.checkpoints.pop()
    stored = world.statements[-4]
    world.append("item.receipt", item, receipt="stored", by="theirs", message=envelope_id(stored))
    world.checkpoint()
    assert problems(world)


def test_what_this_party_signed_and_its_journal_lacks_is_found(world):
    for which, kind in ((5, "item.opened"), (8, "item.received")):
        entries = list(world.entries)
        shown = [
            n for n, e in enumerate(entries) if isinstance(e, Shown) and f'"kind":"{kind}"'.encode() in e.data
        ]
        world.entries[shown[0]] = Hidden(leaf_hash(entries[shown[0]].data))
        world.balances[0] = Balance(
            world.balances[0].agreements, *((1, 2) if kind == "item.opened" else (2, 1))
        )
        assert f"its journal has no {kind} of it" in problems(world), which
        world.entries[:] = entries


def test_an_entry_that_cites_a_message_of_ours_as_theirs_is_found(world):
    ours = next(raw for raw in world.statements if is_step(raw, "stored", OURS))
    cited = envelope_id(ours)
    world.append("item.receipt", item_of(world, OURS, 1), receipt="stored", by="theirs", message=cited)
    world.checkpoint()
    assert "the peer did not sign" in problems(world)


def test_a_journal_that_says_something_else_of_an_item_is_found(world):
    agreement = world.balances[0].agreements[0]
    told = {"agreement": agreement, "finding": "ff" * 32, "number": 1, "swap": "a1" * 16}
    world.append("item.opened", item_of(world, OURS, 2), **told)
    world.checkpoint()
    assert "something else of an item" in problems(world)


@pytest.mark.parametrize("claim", [(3, 2), (1, 2), (2, 1)])
def test_a_balance_that_is_not_what_the_items_make_is_found(world, claim):
    world.balances[0] = Balance(world.balances[0].agreements, *claim)
    assert "the journal makes it 2 and 2" in problems(world)


def test_a_balance_left_out_or_claimed_twice_is_found(world):
    line = world.balances.pop()
    assert "for which no balance is claimed" in problems(world)
    world.balances += [line, line]
    assert "two balances" in problems(world)


# --- letters


def dispute(world: World, ground: str) -> None:
    """Ours, of what they gave on finding 3, and their acknowledgement."""
    item = item_of(world, THEIRS, 3)
    asked = world.tell(OURS, "dispute", {"item": item, "ground": ground, "reason": ""}, ceremony="d1" * 16)
    noted = world.tell(THEIRS, "noted", {"to": asked, "at": rfc3339(T0)}, ceremony="d1" * 16)
    world.append("item.disputed", item, by="ours", ground=ground, message=noted)


def settle(world: World, counts: bool) -> None:
    """Theirs, and our yes."""
    item = item_of(world, THEIRS, 3)
    asked = world.tell(THEIRS, "settle", {"item": item, "counts": counts}, ceremony="d2" * 16)
    world.tell(OURS, "answer", {"to": asked, "yes": True, "reason": ""}, ceremony="d2" * 16)
    world.append("item.settled", item, counts=counts, message=asked)


def recall(world: World, who: Identity) -> None:
    item, asked = item_of(world, who, 1 if who is OURS else 3), {"until": rfc3339(T0 + HOUR), "reason": ""}
    cited = world.tell(who, "recall", {"item": item, **asked}, ceremony="d3" * 16)
    by, cited = ("ours", "") if who is OURS else ("theirs", cited)
    world.append("recall.requested", item, by=by, until=T0 + HOUR, message=cited)


def dispute_later(world: World) -> None:
    world.clock += 15 * 24 * HOUR
    dispute(world, "schema")


BENDINGS = [
    ([lambda w: dispute(w, "content")], "2 and 2"),
    ([lambda w: dispute(w, "schema")], "2 and 1"),
    ([lambda w: dispute(w, "schema"), lambda w: settle(w, True)], "2 and 2"),
    ([lambda w: dispute(w, "content"), lambda w: settle(w, False)], "2 and 1"),
    ([lambda w: recall(w, THEIRS)], "2 and 1"),
    ([lambda w: recall(w, OURS)], "1 and 2"),
    # no answer by the deadline was acceptance
    ([dispute_later], "2 and 2"),
]


@pytest.mark.parametrize(("letters", "makes"), BENDINGS)
def test_the_balance_is_the_fold_of_the_journal_and_letters_bear_it_out(world, letters, makes):
    for write in letters:
        write(world)
    world.checkpoint()
    world.balances[0] = Balance(world.balances[0].agreements, 9, 9)
    (problem,) = world.verify().problems
    assert f"the journal makes it {makes}" in problem[1]


@pytest.mark.parametrize("letters", [letters for letters, _ in BENDINGS])
def test_a_letter_or_an_answer_left_out_of_the_file_is_found(world, letters):
    before = len(world.statements)
    for write in letters:
        write(world)
    world.checkpoint()
    whole = list(world.statements)
    for n in range(before, len(whole)):
        world.statements[:] = whole[:n] + whole[n + 1 :]
        assert any("entry" in what for what, _ in world.verify().problems), n


def test_a_dispute_that_the_peer_did_not_make_is_found(world):
    item = item_of(world, OURS, 1)
    world.append("item.disputed", item, by="theirs", ground="schema", message="ee" * 32)
    world.checkpoint()
    assert "not in this file" in problems(world)


# --- hostile files


def test_any_byte_flipped_in_a_bundle_is_found_and_crashes_nothing(world):
    whole = b"".join(world.lines())
    dice = random.Random(2027)
    lines = whole.split(b"\n")
    # all but the first line, in which the date and the software's name are labels that nothing depends on
    for _ in range(200):
        place = dice.randrange(len(lines[0]) + 1, len(whole) - 1)
        mutated = whole[:place] + bytes([whole[place] ^ dice.randrange(1, 256)]) + whole[place + 1 :]
        try:
            assert detente_verify.verify(io.BytesIO(mutated)).problems, place
        except detente_verify.Bad:
            continue


def test_members_of_any_shape_crash_nothing(world):
    world.evidence.append(
        export.two_answers(THEIRS.party, message(THEIRS, OURS), message(THEIRS, OURS, step="x"))
    )
    lines = [json.loads(line) for line in world.lines()]
    for number, line in enumerate(lines):
        for name in line:
            for value in (None, "", [1], {"party": 1}, -1, True):
                if value == line[name]:
                    continue
                changed = [*lines[:number], {**line, name: value}, *lines[number + 1 :]]
                raw = b"".join(canonical(each) + b"\n" for each in changed)
                try:
                    detente_verify.verify(io.BytesIO(raw))
                except detente_verify.Bad:
                    continue


def test_signed_statements_of_any_shape_crash_nothing(world):
    item, document = item_of(world, OURS, 1), world.balances[0].agreements[0]
    bodies = [
        {},
        {"items": 1, "keys": [1], "seen": [{}], "receipts": [[]], "disputes": None},
        {"items": [{"head": {"swap": []}}], "keys": [{"item": item, "key": []}], "swap": [], "sid": 1},
        {"items": [{}], "keys": [{"item": [], "key": 1}], "receipts": [{"item": item}], "to": []},
        {"item": item, "document": document, "to": item, "until": 1},
        {"request": item, "to": item, "asked": [], "until": T0, "at": {}, "instead": [], "yes": 1},
    ]
    steps = (
        "offer",
        "coin",
        "keys",
        "stored",
        "dispute",
        "recall",
        "attest",
        "settle",
        "noted",
        "hello",
        "accept",
        "propose",
        "counter",
        "revoke",
        "ask",
        "tell",
        "transfer",
        "answer",
        "rate",
    )
    for n, body in enumerate(bodies):
        for who in (OURS, THEIRS):
            for step in steps:
                world.tell(who, step, body, ceremony=f"{n:032x}")
    for kind in (AGREEMENT, DOCUMENT, ITEM, "application/vnd.detente.hello+json;version=1"):
        for body in ({}, [], 1, {"item": item}, {"parties": [1], "terms": 1}, {"parties": [], "content": []}):
            world.statements.append(both(kind, body))
    assert problems(world)


@pytest.mark.parametrize("by", ["ours", "theirs", None, [], OURS.party])
@pytest.mark.parametrize("value", [None, [], {}, 1, "x", "theirs"])
def test_entries_of_any_shape_crash_nothing(world, by, value):
    names = (
        "message",
        "statement",
        "agreement",
        "invitations",
        "lifts",
        "effective",
        "receipt",
        "ground",
        "counts",
    )
    more = (
        "name",
        "document",
        "base",
        "swap",
        "finding",
        "number",
        "marking",
        "leaf",
        "until",
        "to",
        "roles",
        "since",
        "topic",
        "most",
        "returns",
        "answer",
        "yes",
        "root",
        "size",
    )
    for kind in detente_verify.RESTS:
        for subject in (item_of(world, OURS, 1), item_of(world, THEIRS, 4), THEIRS.party, ""):
            world.append(kind, subject, by=by, **dict.fromkeys((*names, *more), value))
    world.checkpoint()
    assert problems(world)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"{}",
        b"{}\n",
        b"[]\n",
        b'{"type":"entry"}\n',
        b'{"type":"bundle","version":2}\n',
        b'{"journal":"x","peer":"y","type":"bundle","version":1}\n',
        b'{"type":"bundle","type":"bundle"}\n',
        b'{"type":NaN}\n',
        b'{"type":"\\ud800"}\n',
        b"[" * 100_000 + b"\n",
        b"\x00" * 1000,
        b'"' * (detente_verify.MAX_LINE + 2),
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_what_is_no_bundle_is_refused(raw):
    with pytest.raises(detente_verify.Bad):
        detente_verify.verify(io.BytesIO(raw))


def test_both_parties_keys_must_be_there(world):
    del world.parties[0]
    with pytest.raises(detente_verify.Bad, match="keys of one of the two parties"):
        world.verify()


# --- the command


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, detente_verify.__file__, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_says_what_verifies_and_exits_0(world, tmp_path):
    path = tmp_path / "relation.bundle"
    path.write_bytes(b"".join(world.lines()))
    done = run(path, "--party", THEIRS.party)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "All of it verifies.")
    whole = json.loads(run(path, "--json").stdout)
    assert whole["ok"] is True
    assert whole["parties"] == {OURS.party: "Northern", THEIRS.party: "Southern"}


def test_the_command_says_what_does_not_and_exits_1(world, tmp_path):
    path = tmp_path / "relation.bundle"
    path.write_bytes(b"".join(world.lines()[:-4]) + b"garbage\n")
    done = run(path)
    assert done.returncode == 1
    assert "BAD" in done.stdout
    assert json.loads(run(path, "--json").stdout)["ok"] is False


def test_the_command_says_what_was_in_force_of_a_file_in_which_nothing_is_as_it_should_be(world, tmp_path):
    parties = sorted([OURS.party, THEIRS.party])
    for base in ([], {}, 1):
        body = {"base": base, "content": {}, "document": "roadmap", "name": "main", "parties": parties}
        world.statements.append(both(DOCUMENT, body))
        digest = name_of(world.statements[-1])
        world.append(
            "document.in_force", digest, base=base, document="roadmap", name="main", since=-(2**53) + 1
        )
        world.append("document.ended", digest, effective=2**53 - 1)
    path = tmp_path / "relation.bundle"
    path.write_bytes(b"".join(world.lines()))
    done = run(path, "--at", "2026-11-22")
    assert (done.returncode, done.stderr) == (1, "")
    assert "since 1970-01-01T00:00:00.000Z until 9999-12-31T23:59:59.999Z" in done.stdout


def test_the_command_is_misused_with_exit_2(tmp_path):
    assert run(tmp_path / "missing").returncode == 2
    assert run().returncode == 2
    assert run("--help").returncode == 0
