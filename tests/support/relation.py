"""One relation of two parties, as a node's store would hold it: what the tests of the verifier bend and export."""

import hashlib
import io
from dataclasses import dataclass, field

import detente_verify
from detente.journal.checkpoint import Checkpoint, cosign, open_checkpoint, origin_of, sign_checkpoint
from detente.journal.entries import Entry
from detente.journal.export import Balance, Evidence, ExportedParty, Hidden, Shown, export_bundle
from detente.journal.merkle import Frontier, consistency_proof, leaf_hash, root_at
from detente.wire.canonical import canonical, parse_canonical
from detente.wire.envelope import (
    AGREEMENT,
    INVITATION,
    ITEM,
    add_signature,
    seal,
    statement_id,
    unverified,
)
from detente.wire.identity import Identity, generate_identity
from detente.wire.instant import rfc3339
from detente.wire.keys import KeyRing
from detente.wire.messages import Message, seal_message

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
        said = {"document": name_of(raw), "at": rfc3339(self.clock)}
        self.tell(THEIRS, "accept", said, ceremony="a9" * 16)
        whole = {"base": "", "document": "agreement", "name": "main", "since": self.clock}
        self.append("document.in_force", name_of(raw), **whole)
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


def whole_relation() -> World:
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


def is_step(raw: bytes, step: str, who: Identity) -> bool:
    body = parse_canonical(unverified(raw).payload)
    return body.get("step") == step and body["sender"] == who.party
