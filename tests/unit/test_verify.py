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

import msgspec
import pytest

import detente_verify
from detente.ceremonies.items import Head, commit_key, seal_item
from detente.journal import export
from detente.journal.checkpoint import Checkpoint, cosign, open_checkpoint, origin_of, sign_checkpoint
from detente.journal.entries import Entry
from detente.journal.export import Balance, Evidence, ExportedParty, Hidden, Shown, export_bundle
from detente.journal.merkle import Frontier, consistency_proof, leaf_hash, root_at
from detente.journal.note import parse_note, write_note
from detente.wire.canonical import canonical, encode_base64, parse_canonical
from detente.wire.envelope import (
    AGREEMENT,
    DOCUMENT,
    INVITATION,
    ITEM,
    KEY_ROTATION,
    MESSAGE,
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
ROLES = {"first": OURS.party, "second": THEIRS.party}
RUN_STATEMENT = {"roles": ROLES, "run": "detente/1"}
RUN = hashlib.sha256(b"detente/run/1" + canonical(RUN_STATEMENT)).hexdigest()
COIN = b"c" * 32


def key(number: int) -> bytes:
    return bytes([number]) * 32


def finding(number: int) -> str:
    return f"{number:064x}"


def id_of(row: object) -> str:
    return statement_id(ITEM, canonical(row))


def envelope_id(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


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
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
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
            "terms": {
                "continues_when_suspended": ["recalls"],
                "disputes": {"deadline_days": 14},
                "expires": rfc3339(expires),
            },
        }
        raw = both(AGREEMENT, body)
        self.statements.append(raw)
        self.append("document.in_force", name_of(raw), base="", document="agreement", name="main")
        return name_of(raw)

    def start_run(self) -> None:
        self.append("run.started", RUN, statement=RUN_STATEMENT)

    def tell(
        self, who: Identity, step: str, body: object, *, ceremony: str = "ab" * 16, agreement: str = ""
    ) -> str:
        """One message between the two, next in its conversation. Returns its id."""
        sequence = self.counts.get((who.party, ceremony), 0)
        self.counts[who.party, ceremony] = sequence + 1
        to = THEIRS if who is OURS else OURS
        sent = {"sequence": sequence, "sent": self.clock, "agreement": agreement, "ceremony": ceremony}
        self.statements.append(message(who, to, step=step, body=body, **sent))
        return envelope_id(self.statements[-1])

    def offer(
        self, agreement: str, giver: Identity, numbers: list[int], ceremony: str, **changes
    ) -> list[dict]:
        """The items of one side as its offer holds them; number n is on finding n."""
        receiver = THEIRS if giver is OURS else OURS
        return [
            {
                "ciphertext": f"{number:064x}",
                "head": {
                    **{"agreement": agreement, "sid": RUN, "swap": ceremony, "finding": finding(number)},
                    **{"giver": giver.party, "receiver": receiver.party, "number": place, "size": 1024},
                    **{"schema": "Person", "marking": "TLP:AMBER", "leaf": "1f" * 32, "entry": 0, **changes},
                },
                "key": detente_verify.key_commitment(key(number)),
            }
            for place, number in enumerate(numbers)
        ]

    def swap(
        self,
        agreement: str,
        numbers: list[int],
        theirs: list[int],
        ceremony: str,
        *,
        opened: int = 9,
        **changes,
    ) -> None:
        """We offer, they answer, and in turn the keys of each item move, one a batch. `changes` are of our heads."""
        told = {"ceremony": ceremony, "agreement": agreement}
        mine = self.offer(agreement, OURS, numbers, ceremony, **changes)
        other = self.offer(agreement, THEIRS, theirs, ceremony)
        names = {id_of(row): row for row in (*mine, *other)}
        seen = {"mine": [], "other": []}
        for name, rows in (("mine", mine), ("other", other)):
            seen[name] = [{"item": id_of(row), "ciphertext": row["ciphertext"]} for row in rows]
        about = {
            name: self._about(row["head"], "finding", "number", "agreement", "swap")
            for name, row in names.items()
        }
        for row in mine:
            extra = self._about(row["head"], "marking", "leaf")
            self.append("item.prepared", id_of(row), **about[id_of(row)], **extra)
            self.append("item.sent", id_of(row), swap=ceremony)
        committed = hashlib.sha256(b"detente/coin/1" + COIN).hexdigest()
        head = {"swap": ceremony, "sid": RUN}
        self.tell(OURS, "offer", {**head, "items": mine, "coin": committed, "mutual": True}, **told)
        answer = {**head, "items": other, "coin": "0d" * 32, "seen": seen["mine"]}
        answered = self.tell(THEIRS, "offer", answer, **told)
        for row in mine:
            self.append("item.receipt", id_of(row), receipt="seen", by="theirs", message=answered)
        for row in other:
            self.append("item.receipt", id_of(row), receipt="seen", by="ours", message="")
        self.tell(OURS, "coin", {"coin": COIN.hex(), "seen": seen["other"]}, **told)
        for batch, (ours_row, theirs_row) in enumerate(zip(mine, other, strict=True)):
            if batch < opened:
                self._open(ours_row, numbers[batch], theirs_row, theirs[batch], batch, about, told)

    @staticmethod
    def _about(head: dict, *names: str) -> dict:
        return {name: head[name] for name in names}

    def _open(
        self, mine: dict, number: int, other: dict, theirs: int, batch: int, about: dict, told: dict
    ) -> None:
        at = {"swap": mine["head"]["swap"], "batch": batch}
        ours, got = id_of(mine), id_of(other)
        self.append("item.opened", ours, **about[ours])
        self.tell(OURS, "keys", {**at, "keys": [{"item": ours, "key": key(number).hex()}]}, **told)
        receipt = {"item": ours, "plaintext": "0" * 64, "leaf": "1" * 64, "index": 3, "size": 9}
        stored = self.tell(THEIRS, "stored", {**at, "receipts": [receipt]}, **told)
        self.append("item.receipt", ours, receipt="stored", by="theirs", message=stored)
        keys = self.tell(THEIRS, "keys", {**at, "keys": [{"item": got, "key": key(theirs).hex()}]}, **told)
        self.append("item.received", got, **about[got], marking="TLP:AMBER", plaintext="2" * 64, message=keys)
        index = len(self.entries) - 1
        leaf = leaf_hash(self.entries[index].data).hex()
        self.append("item.receipt", got, receipt="stored", by="ours", message="")
        receipt = {"item": got, "plaintext": "2" * 64, "leaf": leaf, "index": index, "size": index + 1}
        self.tell(OURS, "stored", {**at, "receipts": [receipt]}, **told)

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
    """Two of ours against two of theirs, one pair of them opened; then a pair of which nothing was opened."""
    world = World()
    world.append("node.created")
    world.append_hidden()
    world.checkpoint()
    agreement = world.agree()
    world.start_run()
    world.swap(agreement, [1, 2], [3, 4], "a1" * 16, opened=1)
    world.checkpoint(cosigned=False)
    world.swap(agreement, [5], [6], "a2" * 16)
    world.append_hidden()
    world.checkpoint()
    world.balances.append(Balance((agreement,), 2, 2))
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
    assert "25 entries (23 shown) hash to 3 signed heads; Southern has cosigned the first 25" in facts
    assert (
        "2 given (0 of them without a receipt: this party's claim alone), 2 received, 0 not counted" in facts
    )
    assert "14 messages of 2 conversations, none left out before another" in facts
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


def item_of(world: World, giver: Identity, number: int) -> str:
    """The id of the item that a side gives on a finding."""
    return next(
        id_of(row)
        for each in told(world, "offer")
        for row in each["body"]["items"]
        if (row["head"]["giver"], row["head"]["finding"]) == (giver.party, finding(number))
    )


def told(world: World, step: str) -> list[dict]:
    bodies = [parse_canonical(unverified(raw).payload) for raw in world.statements]
    return [body for body in bodies if body.get("step") == step]


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
    assert "run that is not in the journal" in problems(swapped(world, agreement))


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


@pytest.mark.parametrize("which", [1, 3, 4, 5, 9])
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


def is_step(raw: bytes, step: str, who: Identity) -> bool:
    body = parse_canonical(unverified(raw).payload)
    return body.get("step") == step and body["sender"] == who.party


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


def presented(note: bytes, since: int, proof: tuple[bytes, ...] = ()) -> bytes:
    body = {"note": note.decode(), "proof": [encode_base64(each) for each in proof], "since": since}
    return message(THEIRS, OURS, kind="countersigning", step="head", body=body)


def theirs_of(size: int) -> tuple[bytes, dict[tuple[int, int], bytes]]:
    nodes: dict[tuple[int, int], bytes] = {}
    frontier = Frontier()
    for n in range(size):
        frontier, new = frontier.append(leaf_hash(b"theirs %d" % n))
        nodes |= {(node.level, node.index): node.hash for node in new}
    return head(THEIRS, size, frontier.root), nodes


def test_a_rollback_convicts_with_the_message_that_presented_it():
    held, smaller = head(THEIRS, 4, A), head(THEIRS, 3, B)
    evidence = export.rolled_back(THEIRS.party, held, presented(smaller, 4))
    assert "took entries back" in proven(evidence_file(evidence))
    other = export.rolled_back(THEIRS.party, held, presented(smaller, 2))
    assert "as continuing that one" in problems(evidence_file(other))
    forged = export.rolled_back(THEIRS.party, head(OURS, 4, A), presented(smaller, 4))
    assert "another journal" in problems(evidence_file(forged))


def test_a_head_whose_own_proof_does_not_continue_the_one_before_convicts():
    (held, _), (later, nodes) = theirs_of(3), theirs_of(7)
    proof = consistency_proof(3, 7, lambda level, index: nodes[level, index])
    good = export.rolled_back(THEIRS.party, held, presented(later, 3, proof))
    assert "continues the earlier one" in problems(evidence_file(good))
    bad = export.rolled_back(THEIRS.party, held, presented(later, 3, proof[::-1]))
    assert "does not continue the one before" in proven(evidence_file(bad))


def test_two_answers_at_one_place_convict():
    first, second = (message(THEIRS, OURS, body={"x": n}) for n in range(2))
    assert "two different messages" in proven(evidence_file(export.two_answers(THEIRS.party, first, second)))
    later = message(THEIRS, OURS, sequence=1)
    assert "different places" in problems(evidence_file(export.two_answers(THEIRS.party, first, later)))
    assert "twice" in problems(evidence_file(export.two_answers(THEIRS.party, first, first)))
    ours = message(OURS, THEIRS)
    assert "that the accused party signed" in problems(
        evidence_file(export.two_answers(THEIRS.party, first, ours))
    )


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


def offer_of(
    number: int, key_of: int, ceremony: str = "a1" * 16, giver: Identity = THEIRS
) -> tuple[bytes, bytes, str]:
    """An offer on one finding, the keys message that follows it, and the item's id. Key `key_of` moves."""
    world = World()
    agreement = "1a" * 32
    rows = world.offer(agreement, giver, [number], ceremony)
    body = {"swap": ceremony, "sid": RUN, "items": rows, "coin": "00" * 32, "mutual": True}
    world.tell(giver, "offer", body, ceremony=ceremony, agreement=agreement)
    keys = [{"item": id_of(rows[0]), "key": key(key_of).hex()}]
    sent = {"swap": ceremony, "batch": 0, "keys": keys}
    world.tell(giver, "keys", sent, ceremony=ceremony, agreement=agreement)
    return world.statements[0], world.statements[1], keys[0]["item"]


def test_a_wrong_key_convicts_alone():
    offer, keys, _ = offer_of(3, 4)
    evidence = export.wrong_key(THEIRS.party, offer, keys)
    assert "not the one its item commits to" in proven(evidence_file(evidence))


def test_the_right_key_convicts_nobody():
    offer, keys, _ = offer_of(3, 3)
    assert "every key is the one" in problems(evidence_file(export.wrong_key(THEIRS.party, offer, keys)))
    _, other, _ = offer_of(3, 4, "b2" * 16)
    evidence = export.wrong_key(THEIRS.party, offer, other)
    assert "do not belong together" in problems(evidence_file(evidence))
    evidence = export.wrong_key(OURS.party, offer, keys)
    assert "that the accused party signed" in problems(evidence_file(evidence))


def sealed(seal_with: int, commit_to: int, plaintext: bytes = b"{}") -> tuple[bytes, bytes, bytes]:
    """An offer, its keys and the ciphertext, sealed by the package's own code under one key, committed to another."""
    world = World()
    row = world.offer("1a" * 32, THEIRS, [3], "a1" * 16, size=512)[0]
    statement, ciphertext = seal_item(msgspec.convert(row["head"], Head), key(seal_with), plaintext)
    row |= {"ciphertext": statement.ciphertext, "key": commit_key(key(commit_to))}
    told = {"ceremony": "a1" * 16, "agreement": "1a" * 32}
    world.tell(THEIRS, "offer", {"swap": "a1" * 16, "sid": RUN, "items": [row], "coin": "00" * 32}, **told)
    keys = [{"item": id_of(row), "key": key(commit_to).hex()}]
    world.tell(THEIRS, "keys", {"swap": "a1" * 16, "batch": 0, "keys": keys}, **told)
    return world.statements[0], world.statements[1], ciphertext


def test_an_item_that_its_own_committed_key_does_not_open_convicts_with_its_ciphertext():
    offer, keys, ciphertext = sealed(3, 4)
    evidence = export.evidence_from(THEIRS.party, [offer, keys, ciphertext])
    assert evidence.kind == "wrong-key"
    assert "its own key does not open" in proven(evidence_file(evidence))


@pytest.mark.parametrize("length", [0, 1, 508])
def test_an_item_that_opens_convicts_nobody(length):
    offer, keys, ciphertext = sealed(3, 3, b"x" * length)
    evidence = export.wrong_key(THEIRS.party, offer, keys, ciphertext)
    assert "the key opens the item" in problems(evidence_file(evidence))


def test_two_coins_of_one_toss_convict():
    committed = hashlib.sha256(b"detente/coin/1" + COIN).hexdigest()
    for shown, outcome in ((COIN, "is the one that the offer commits to"), (b"d" * 32, "")):
        world = World()
        offer = {"swap": "a1" * 16, "sid": RUN, "items": [], "coin": committed, "mutual": True}
        world.tell(THEIRS, "offer", offer)
        world.tell(THEIRS, "coin", {"coin": shown.hex(), "seen": []})
        evidence = export.two_coins(THEIRS.party, *world.statements)
        assert outcome in problems(evidence_file(evidence))
    assert "committed to one coin and showed another" in proven(evidence_file(evidence))
    assert export.evidence_from(THEIRS.party, world.statements) == evidence


def test_one_finding_given_on_twice_convicts():
    first, second = offer_of(3, 3), offer_of(3, 3, "b2" * 16)
    pieces = [first[0], second[0]], [first[1], second[1]]
    evidence = export.replayed_item(THEIRS.party, *pieces)
    assert "gave on one finding twice" in proven(evidence_file(evidence))
    for other in (offer_of(4, 4, "b2" * 16), offer_of(3, 4, "b2" * 16), first):
        evidence = export.replayed_item(THEIRS.party, [first[0], other[0]], [first[1], other[1]])
        assert "do not give on one finding twice" in problems(evidence_file(evidence))


def test_signed_messages_show_who_signed_what():
    evidence = export.signed_messages(THEIRS.party, [message(THEIRS, OURS)])
    assert "head #0" in proven(evidence_file(evidence))
    evidence = export.signed_messages(THEIRS.party, [message(OURS, THEIRS)])
    assert "that the accused party signed" in problems(evidence_file(evidence))


def test_unknown_evidence_and_strangers_are_refused():
    assert "not known" in problems(evidence_file(Evidence("gossip", {"party": THEIRS.party})))
    assert "accuses a party" in problems(evidence_file(Evidence("two-answers", {"party": STRANGER.party})))


def test_what_a_fault_carries_becomes_the_strongest_evidence_it_gives():
    answers = [message(THEIRS, OURS, body={"x": n}) for n in range(2)]
    offer, keys, _ = offer_of(3, 4)
    right = offer_of(3, 3, "b2" * 16)
    again = offer_of(3, 3, "c3" * 16)
    smaller, ours = head(THEIRS, 3, B), message(OURS, THEIRS)
    for kind, pieces in (
        ("forked-heads", [head(THEIRS, 4, A), head(THEIRS, 4, B), b"proof"]),
        ("rolled-back", [head(THEIRS, 4, A), smaller, presented(smaller, 4)]),
        ("rolled-back", [head(THEIRS, 2, A), smaller, b"proof", presented(smaller, 2, (A,))]),
        ("two-answers", answers),
        ("wrong-key", [offer, keys]),
        ("wrong-key", [keys, b"ciphertext", ours, offer]),
        ("replayed-item", [right[0], right[1], again[0], again[1]]),
        ("signed-messages", [right[0], right[1]]),
        ("signed-messages", [head(THEIRS, 4, A), smaller, answers[0]]),
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
    item, document = item_of(world, OURS, 1), world.balances[0].agreements[0]
    bodies = [
        {},
        {"items": 1, "keys": [1], "seen": [{}], "receipts": [[]], "disputes": None},
        {"items": [{"head": {"swap": []}}], "keys": [{"item": item, "key": []}], "swap": [], "sid": 1},
        {"items": [{}], "keys": [{"item": [], "key": 1}], "receipts": [{"item": item}], "to": []},
        {"item": item, "document": document, "to": item, "until": 1},
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


def test_the_command_is_misused_with_exit_2(tmp_path):
    assert run(tmp_path / "missing").returncode == 2
    assert run().returncode == 2
    assert run("--help").returncode == 0
