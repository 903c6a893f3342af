"""detente-verify judges bundles that the detente package wrote: two implementations, one spec."""

import ast
import hashlib
import io
import json
import random
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import detente_verify
from detente.journal import export
from detente.journal.checkpoint import Checkpoint, cosign, open_checkpoint, origin_of, sign_checkpoint
from detente.journal.entries import Entry
from detente.journal.export import Balance, Evidence, ExportedParty, Hidden, Shown, export_bundle
from detente.journal.merkle import Frontier, consistency_proof, leaf_hash, root_at
from detente.journal.note import parse_note, write_note
from detente.wire.canonical import canonical, parse_canonical
from detente.wire.envelope import (
    AGREEMENT,
    DISPUTE,
    INVITATION,
    ITEM,
    ITEM_KEY,
    KEY_ROTATION,
    RECEIPT,
    add_signature,
    seal,
    statement_id,
    unverified,
)
from detente.wire.identity import Identity, generate_identity
from detente.wire.instant import rfc3339
from detente.wire.keys import KeyRing
from detente.wire.messages import Message, seal_message
from detente.wire.rotation import apply_rotation, revoke, rotate

T0 = 1_795_376_533_123
HOUR = 3_600_000
OURS = generate_identity(b"o" * 32)
THEIRS = generate_identity(b"t" * 32)
STRANGER = generate_identity(b"s" * 32)
KEYS = KeyRing().with_party(OURS.public).with_party(THEIRS.public)
RUN = "5e" * 32


def invitation(who: Identity, name: str) -> bytes:
    return seal(INVITATION, canonical({"keys": who.public.to_json(), "name": name}), who)


def both(kind: str, body: object) -> bytes:
    return add_signature(seal(kind, canonical(body), OURS), THEIRS)


def name_of(raw: bytes) -> str:
    claim = unverified(raw)
    return statement_id(claim.payload_type, claim.payload)


def message(who: Identity, to: Identity, **changes) -> bytes:
    whole = {"ceremony": "ab" * 16, "kind": "exchange", "step": "head", "sequence": 0, "sent": T0, **changes}
    return seal_message(Message(sender=who.party, recipient=to.party, **whole), who)


@dataclass
class World:
    """One relation as a node's store would hold it; tests bend it and export it."""

    parties: list[ExportedParty] = field(
        default_factory=lambda: [
            ExportedParty(OURS.party, invitation(OURS, "Northern")),
            ExportedParty(THEIRS.party, invitation(THEIRS, "Southern")),
        ]
    )
    entries: list[Shown | Hidden] = field(default_factory=list)
    checkpoints: list[bytes] = field(default_factory=list)
    peer_checkpoints: list[tuple[bytes, tuple[bytes, ...]]] = field(default_factory=list)
    statements: list[bytes] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    clock: int = T0
    signer: Identity = OURS
    keys: KeyRing = KEYS

    def append(self, kind: str, subject: str = "", **body: object) -> None:
        self.clock += 1000
        salt = f"{len(self.entries):032x}"
        self.entries.append(Shown(Entry(kind, self.clock, subject, body, salt).encode()))

    def append_hidden(self) -> None:
        self.entries.append(Hidden(leaf_hash(b"about another peer %d" % len(self.entries))))

    def tree(self, size: int | None = None) -> Frontier:
        frontier = Frontier()
        for entry in self.entries[:size]:
            frontier, _ = frontier.append(entry.leaf if isinstance(entry, Hidden) else leaf_hash(entry.data))
        return frontier

    def checkpoint(self, *, cosigned: bool = True) -> None:
        tree = self.tree()
        head = Checkpoint(origin_of(OURS.party), tree.size, tree.root)
        note = sign_checkpoint(head, self.signer, self.signer.public)
        if cosigned:
            opened = open_checkpoint(note, self.keys, party=OURS.party)
            note = cosign(opened, THEIRS, THEIRS.public, self.clock)
        self.checkpoints.append(note)

    def agree(self, *, expires: int = T0 + 365 * 24 * HOUR) -> str:
        body = {
            "base": "",
            "document": "agreement",
            "name": "main",
            "parties": sorted([OURS.party, THEIRS.party]),
            "terms": {"disputes": {"deadline_days": 14}, "expires": rfc3339(expires)},
        }
        raw = both(AGREEMENT, body)
        self.statements.append(raw)
        self.append("document.in_force", name_of(raw))
        return name_of(raw)

    def item(
        self, agreement: str, giver: Identity, number: int, /, *, opened: bool = True, **changes
    ) -> bytes:
        key = bytes([number]) * 32
        body = {
            "agreement": agreement,
            "ciphertext": f"{number:064x}",
            "finding": f"{number:032x}",
            "giver": giver.party,
            "key": detente_verify.key_commitment(key),
            "marking": "TLP:AMBER",
            "number": number,
            "run": RUN,
            "schema": "Person",
            "size": 1024,
        }
        raw = both(ITEM, {**body, **changes})
        self.statements.append(raw)
        told = {"agreement": agreement, "finding": body["finding"], "number": number, "swap": "ab" * 16}
        if giver is OURS:
            self.append("item.prepared", name_of(raw), **told, marking="TLP:AMBER")
        if opened:
            receiver = THEIRS if giver is OURS else OURS
            self.statements += [
                seal(
                    RECEIPT,
                    canonical({"item": name_of(raw), "what": "seen", "ciphertext": f"{number:064x}"}),
                    receiver,
                ),
                seal(ITEM_KEY, canonical({"item": name_of(raw), "key": key.hex()}), giver),
                seal(
                    RECEIPT,
                    canonical(
                        {
                            "item": name_of(raw),
                            "what": "stored",
                            "plaintext": "0" * 64,
                            "leaf": "1" * 64,
                            "size": 9,
                        }
                    ),
                    receiver,
                ),
            ]
            if giver is OURS:
                self.append("item.opened", name_of(raw), **told)
                receipt = message(THEIRS, OURS, step="stored", sequence=number, body={"item": name_of(raw)})
                self.statements.append(receipt)
                cited = hashlib.sha256(receipt).hexdigest()
                self.append("item.receipt", name_of(raw), receipt="stored", by="theirs", message=cited)
            else:
                self.append("item.received", name_of(raw), **told, message="ee" * 32)
        return raw

    def lines(self) -> list[bytes]:
        return list(
            export_bundle(
                OURS.party,
                THEIRS.party,
                self.parties,
                exported=self.clock,
                software="detente 0.1.0",
                entries=self.entries,
                checkpoints=self.checkpoints,
                peer_checkpoints=self.peer_checkpoints,
                statements=self.statements,
                balances=self.balances,
                evidence=self.evidence,
            )
        )

    def verify(self, *pinned: str) -> detente_verify.Bundle:
        return detente_verify.verify(io.BytesIO(b"".join(self.lines())), pinned)


def problems(world: World) -> str:
    return "\n".join(f"{what}: {why}" for what, why in world.verify().problems)


@pytest.fixture
def world() -> World:
    """Two gave one, one gave two; all of it in order."""
    world = World()
    world.append("node.created")
    world.append("peer.paired", THEIRS.party)
    world.append_hidden()
    world.checkpoint()
    agreement = world.agree()
    world.append("run.started", RUN)
    world.item(agreement, OURS, 1)
    world.item(agreement, THEIRS, 2)
    world.checkpoint(cosigned=False)
    world.item(agreement, OURS, 3)
    world.item(agreement, THEIRS, 4, opened=False)
    world.append_hidden()
    world.checkpoint()
    world.balances.append(Balance((agreement,), 2, 1))
    nodes: dict[tuple[int, int], bytes] = {}
    frontier = Frontier()
    for n in range(9):
        frontier, new = frontier.append(leaf_hash(b"theirs %d" % n))
        nodes |= {(node.level, node.index): node.hash for node in new}
    before = 0
    for size in (2, 5, 9):
        at = lambda level, index: nodes[level, index]  # noqa: E731 - a store in one line
        head = Checkpoint(origin_of(THEIRS.party), size, root_at(size, at))
        note = sign_checkpoint(head, THEIRS, THEIRS.public)
        world.peer_checkpoints.append((note, consistency_proof(before, size, at)))
        before = size
    return world


def test_a_whole_relation_verifies(world):
    result = world.verify(OURS.party, THEIRS.party)
    assert result.problems == []
    facts = "\n".join(result.facts)
    assert "13 entries (11 shown) hash to 3 signed heads; Southern has cosigned the first 13" in facts
    assert (
        "2 given (0 of them without a receipt: this party's claim alone), 1 received, 0 not counted" in facts
    )
    assert "2 entries rest on messages of the peer in this file, 1 on the journal's word alone" in facts
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
    world.entries[5] = Shown(Entry("run.started", T0, RUN, {"other": 1}, "0" * 32).encode())
    assert "an entry was altered" in problems(world)


def test_an_entry_hidden_under_another_hash_is_found(world):
    world.entries[5] = Hidden(leaf_hash(b"x"))
    assert "an entry was altered" in problems(world)


def test_hiding_an_entry_honestly_keeps_the_heads(world):
    entry = world.entries[1]
    world.entries[1] = Hidden(leaf_hash(entry.data))
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
    assert any("cosigned the first 3" in fact for fact in result.facts)


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


def test_an_item_journalled_after_its_signer_revoked_its_key_is_found(world):
    raw = revoke(THEIRS, THEIRS.key_id, since=T0, reason="compromised")
    world.parties[1] = replace(world.parties[1], changes=(raw,))
    assert "after its signer's keys were revoked" in problems(world)


# --- agreements, items, receipts, balance


def test_an_agreement_with_one_signature_binds_nobody(world):
    payload = unverified(world.statements[0]).payload
    world.statements[0] = seal(AGREEMENT, payload, OURS)
    assert "does not carry both signatures" in problems(world)


@pytest.mark.parametrize(
    ("state", "body"),
    [
        ("document.suspended", {"statement": "51" * 32}),
        ("document.superseded", {"next": "52" * 32}),
        ("document.ended", {"effective": T0}),
    ],
)
def test_an_item_under_an_agreement_not_in_force_is_found(state, body):
    world = World()
    agreement = world.agree()
    world.append("run.started", RUN)
    world.append(state, agreement, **body)
    world.item(agreement, OURS, 1)
    world.checkpoint()
    assert "not in force" in problems(world)


def test_an_item_before_a_noticed_end_took_effect_is_in_order():
    world = World()
    agreement = world.agree()
    world.append("run.started", RUN)
    world.append("document.ended", agreement, effective=T0 + HOUR)
    world.item(agreement, OURS, 1)
    world.checkpoint()
    assert problems(world) == ""


def test_one_resumption_does_not_lift_the_other_sides_suspension():
    world = World()
    agreement = world.agree()
    world.append("run.started", RUN)
    for statement in ("51" * 32, "52" * 32):
        world.append("document.suspended", agreement, statement=statement)
    world.append("document.resumed", agreement, lifts=["51" * 32])
    world.item(agreement, OURS, 1)
    world.checkpoint()
    assert "not in force" in problems(world)


def test_an_item_after_a_suspension_was_lifted_is_in_order():
    world = World()
    agreement = world.agree()
    world.append("run.started", RUN)
    world.append("document.suspended", agreement, statement="51" * 32)
    world.append("document.resumed", agreement, lifts=["51" * 32])
    world.item(agreement, OURS, 1)
    world.checkpoint()
    assert problems(world) == ""


def test_an_item_under_an_expired_agreement_is_found():
    world = World()
    agreement = world.agree(expires=T0 + 1)
    world.append("run.started", RUN)
    world.item(agreement, OURS, 1)
    world.checkpoint()
    assert "expired" in problems(world)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"run": "77" * 32}, "run that is not in the journal"),
        ({"agreement": "77" * 32}, "agreement that is not in this file"),
        ({"giver": STRANGER.party}, "neither party gives"),
        ({"giver": None}, "wrong type"),
        ({"key": "x"}, "not a SHA-256"),
        ({"key": "00" * 32}, "not the one the item statement commits to"),
    ],
)
def test_a_bad_item_is_found(changes, why):
    world = World()
    agreement = world.agree()
    world.append("run.started", RUN)
    world.item(agreement, OURS, 1, **changes)
    world.checkpoint()
    assert why in problems(world)


def test_an_item_with_one_signature_is_found(world):
    world.statements[1] = seal(ITEM, unverified(world.statements[1]).payload, OURS)
    assert "does not carry both" in problems(world)


def test_an_item_left_out_of_the_file_is_found(world):
    del world.statements[1]
    assert "whose statements are not in this file" in problems(world)


def test_a_receipt_by_the_giver_or_for_another_ciphertext_is_found(world):
    item = name_of(world.statements[1])
    world.statements.append(
        seal(RECEIPT, canonical({"item": item, "what": "seen", "ciphertext": "0" * 64}), THEIRS)
    )
    world.statements.append(
        seal(RECEIPT, canonical({"item": item, "what": "seen", "ciphertext": f"{1:064x}"}), OURS)
    )
    assert "another ciphertext" in problems(world)
    assert "receiver did not sign" in problems(world)


def test_a_dispute_by_the_giver_is_found(world):
    body = {"item": name_of(world.statements[1]), "ground": "schema"}
    world.statements.append(seal(DISPUTE, canonical(body), OURS))
    assert "not signed by the receiver" in problems(world)


@pytest.mark.parametrize("claim", [(3, 1), (2, 2), (2, 0)])
def test_a_balance_that_is_not_what_the_items_make_is_found(world, claim):
    world.balances[0] = Balance(world.balances[0].agreements, *claim)
    assert "the journal makes it 2 and 1" in problems(world)


# --- evidence


def evidence_file(*evidence: Evidence) -> World:
    """What is handed over when something went wrong: keys and evidence, no journal."""
    return World(evidence=list(evidence))


def head(who: Identity, size: int, root: bytes) -> bytes:
    return sign_checkpoint(Checkpoint(origin_of(who.party), size, root), who, who.public)


A, B = leaf_hash(b"a"), leaf_hash(b"b")


def proven(world: World) -> str:
    result = world.verify()
    assert result.problems == []
    return result.facts[-1]


def test_forked_heads_convict_alone():
    evidence = export.forked_heads(THEIRS.party, head(THEIRS, 4, A), head(THEIRS, 4, B))
    assert "two different heads" in proven(evidence_file(evidence))


def test_heads_that_can_both_be_true_convict_nobody():
    for first, second in ((head(THEIRS, 4, A), head(THEIRS, 5, B)), (head(THEIRS, 4, A), head(THEIRS, 4, A))):
        assert "can both be true" in problems(evidence_file(export.forked_heads(THEIRS.party, first, second)))


def test_a_forged_head_convicts_nobody():
    evidence = export.forked_heads(THEIRS.party, head(THEIRS, 4, A), head(OURS, 4, B))
    assert "another journal" in problems(evidence_file(evidence))


def test_a_rollback_convicts_with_the_messages_that_presented_it():
    notes = [head(THEIRS, 4, A), head(THEIRS, 3, B)]
    heads = [
        (note, message(THEIRS, OURS, sequence=n, sent=T0 + n, body={"note": note.decode()}))
        for n, note in enumerate(notes)
    ]
    assert "took entries back" in proven(evidence_file(export.rolled_back(THEIRS.party, heads)))
    assert "not the smaller" in problems(
        evidence_file(
            export.rolled_back(
                THEIRS.party,
                [
                    (note, message(THEIRS, OURS, sent=T0 + n, body={"note": note.decode()}))
                    for n, note in enumerate(reversed(notes))
                ],
            )
        )
    )
    assert "in that order" in problems(evidence_file(export.rolled_back(THEIRS.party, heads[::-1])))
    swapped = [(heads[0][0], heads[1][1]), (heads[1][0], heads[0][1])]
    assert "does not present" in problems(evidence_file(export.rolled_back(THEIRS.party, swapped)))


def test_two_answers_at_one_place_convict():
    first, second = (message(THEIRS, OURS, body={"x": n}) for n in range(2))
    assert "two different messages" in proven(evidence_file(export.two_answers(THEIRS.party, first, second)))
    later = message(THEIRS, OURS, sequence=1)
    assert "different places" in problems(evidence_file(export.two_answers(THEIRS.party, first, later)))
    assert "twice" in problems(evidence_file(export.two_answers(THEIRS.party, first, first)))
    ours = message(OURS, THEIRS)
    assert "not signed by the party" in problems(evidence_file(export.two_answers(THEIRS.party, first, ours)))


def test_two_successors_of_one_version_convict():
    def version(n: int, raw=both) -> bytes:
        return raw(
            AGREEMENT, {"document": "agreement", "name": "main", "base": "", "parties": [], "terms": {"n": n}}
        )

    evidence = export.two_successors(THEIRS.party, "agreement", version(1), version(2))
    assert "two different successors" in proven(evidence_file(evidence))
    single = version(2, raw=lambda kind, body: seal(kind, canonical(body), THEIRS))
    evidence = export.two_successors(THEIRS.party, "agreement", version(1), single)
    assert "both signatures" in problems(evidence_file(evidence))


def numbered(world: World, number: int) -> bytes:
    """The item statement of this number."""
    return next(
        raw for raw in world.statements if parse_canonical(unverified(raw).payload).get("number") == number
    )


def test_a_wrong_key_convicts_and_its_dispute_takes_the_item_out_of_the_balance(world):
    item = numbered(world, 2)
    key = seal(ITEM_KEY, canonical({"item": name_of(item), "key": "ff" * 32}), THEIRS)
    world.evidence.append(export.wrong_key(THEIRS.party, item, key))
    world.append("item.disputed", name_of(item), by="ours", ground="key", message="")
    world.checkpoint()
    assert "the journal makes it 2 and 0" in problems(world)
    world.balances[0] = Balance(world.balances[0].agreements, 2, 0)
    result = world.verify()
    assert result.problems == []
    assert any("not the one its item statement commits to" in fact for fact in result.facts)
    assert any("1 not counted; evidence in this file is of 1 items" in fact for fact in result.facts)


@pytest.mark.parametrize(
    ("told", "makes"),
    [
        ([("item.disputed", {"by": "ours", "ground": "content"})], "2 and 1"),
        ([("item.disputed", {"by": "theirs", "ground": "key"})], "2 and 1"),
        (
            [("item.disputed", {"by": "ours", "ground": "schema"}), ("item.settled", {"counts": True})],
            "2 and 1",
        ),
        (
            [("item.disputed", {"by": "ours", "ground": "content"}), ("item.settled", {"counts": False})],
            "2 and 0",
        ),
        ([("recall.requested", {"by": "theirs"})], "2 and 0"),
        ([("recall.requested", {"by": "ours"})], "2 and 1"),
    ],
)
def test_the_balance_is_the_fold_of_the_journal(world, told, makes):
    for kind, body in told:
        world.append(kind, name_of(numbered(world, 2)), **body)
    world.checkpoint()
    world.balances[0] = Balance(world.balances[0].agreements, 9, 9)
    assert f"the journal makes it {makes}" in problems(world)


def test_a_dispute_after_the_deadline_changes_nothing(world):
    world.clock += 15 * 24 * HOUR
    world.append("item.disputed", name_of(numbered(world, 2)), by="ours", ground="key", message="")
    world.checkpoint()
    assert problems(world) == ""


def test_an_entry_that_cites_a_message_of_ours_as_theirs_is_found(world):
    forged = message(OURS, THEIRS, step="stored")
    world.statements.append(forged)
    cited = hashlib.sha256(forged).hexdigest()
    world.append("item.receipt", name_of(numbered(world, 1)), receipt="stored", by="theirs", message=cited)
    world.checkpoint()
    assert "did not sign" in problems(world)


def test_a_journal_that_says_something_else_of_an_item_is_found(world):
    told = {"agreement": world.balances[0].agreements[0], "finding": "ff" * 16, "number": 4}
    world.append("item.received", name_of(numbered(world, 4)), **told)
    world.checkpoint()
    assert "something else of an item" in problems(world)


def test_the_right_key_convicts_nobody(world):
    item = world.statements[1]
    key = seal(ITEM_KEY, canonical({"item": name_of(item), "key": (b"\1" * 32).hex()}), OURS)
    world.evidence.append(export.wrong_key(OURS.party, item, key))
    assert "is the one that the item statement commits to" in problems(world)


def test_a_replayed_item_convicts():
    world = World()
    first = world.item("0" * 64, THEIRS, 1)
    second = world.item("0" * 64, THEIRS, 1, finding="ff" * 16)
    evidence = export.replayed_item(THEIRS.party, first, second)
    assert "twice" in proven(evidence_file(evidence))
    other = world.item("0" * 64, THEIRS, 2)
    assert "not the same one" in problems(evidence_file(export.replayed_item(THEIRS.party, first, other)))


def test_signed_messages_show_who_signed_what():
    evidence = export.signed_messages(THEIRS.party, [message(THEIRS, OURS)])
    assert "head #0" in proven(evidence_file(evidence))
    evidence = export.signed_messages(THEIRS.party, [message(OURS, THEIRS)])
    assert "not messages that the accused" in problems(evidence_file(evidence))


def test_unknown_evidence_and_strangers_are_refused():
    assert "not known" in problems(evidence_file(Evidence("gossip", {"party": THEIRS.party})))
    assert "accuses a party" in problems(evidence_file(Evidence("two-answers", {"party": STRANGER.party})))


def test_what_a_fault_carries_becomes_the_strongest_evidence_it_gives(world):
    answers = [message(THEIRS, OURS, body={"x": n}) for n in range(2)]
    item = world.item("0" * 64, THEIRS, 7)
    other = world.item("0" * 64, THEIRS, 7, finding="ff" * 16)
    key = seal(ITEM_KEY, canonical({"item": name_of(item), "key": "ff" * 32}), THEIRS)
    for kind, pieces in (
        ("forked-heads", [head(THEIRS, 4, A), head(THEIRS, 4, B), b"proof"]),
        ("two-answers", answers),
        ("wrong-key", [key, item]),
        ("replayed-item", [item, other]),
        ("signed-messages", [head(THEIRS, 4, A), head(THEIRS, 3, B), answers[0]]),
        ("signed-messages", [b"", b"\xff", answers[0], answers[0]]),
    ):
        evidence = export.evidence_from(THEIRS.party, pieces)
        assert evidence.kind == kind
        assert "Southern" in proven(evidence_file(evidence))


def test_every_kind_of_evidence_has_its_writer():
    assert set(detente_verify.EVIDENCE) == {
        name.replace("_", "-") for name in dir(export) if name.replace("_", "-") in detente_verify.EVIDENCE
    }


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
    for kind in (AGREEMENT, ITEM, ITEM_KEY, RECEIPT, DISPUTE):
        for body in (
            {},
            [],
            1,
            {"item": name_of(world.statements[1])},
            {"parties": [1], "terms": 1},
            {"giver": []},
        ):
            world.statements.append(both(kind, body))
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


def test_the_command_is_misused_with_exit_2(tmp_path):
    assert run(tmp_path / "missing").returncode == 2
    assert run().returncode == 2
    assert run("--help").returncode == 0
