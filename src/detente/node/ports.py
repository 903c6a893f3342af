"""What the node needs of the world, as ports: each under six methods. Adapters implement them; assembly.py joins the two.

Rows are frozen structs; what the columns mean is said here once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Literal, Protocol

import msgspec

from detente.topics.reports.page import Original
from detente.wire.messages import Instant, Kind


class PeerRow(msgspec.Struct, frozen=True):
    """A paired party. `invitation` is its signed invitation as it came; `keys` the current PublicKeys, encoded (wire/keys)."""

    party: str  # party id
    name: str
    address: str  # https://host:port, "" where only a courier goes
    invitation: bytes
    keys: bytes
    paired_at: Instant
    status: Literal["invited", "paired", "revoked"] = "paired"
    skew_ms: int = 0  # their clock minus ours, last measured


class EntryRow(msgspec.Struct, frozen=True):
    """One journal entry. `data` is the leaf's preimage; `party` is "" or the peer that it concerns (what an export for that peer may show)."""

    index: int
    kind: str
    subject: str
    party: str
    at: Instant
    data: bytes


class CheckpointRow(msgspec.Struct, frozen=True):
    """A signed note of a tree head. `origin` is the party whose journal it is; `cosigner` "" or the party whose cosignature the note carries."""

    origin: str
    cosigner: str
    size: int
    root: bytes
    note: bytes
    at: Instant


class CeremonyRow(msgspec.Struct, frozen=True):
    """A conversation. Seed, setup and inputs are erased when it ends (`setup` and `seed` become b"")."""

    id: str  # 32 hex
    kind: Kind
    party: str  # the peer
    role: Literal["first", "second"]
    agreement: str
    status: Literal["open", "done", "refused", "aborted"]
    setup: bytes
    seed: bytes
    software: str  # version that began it: another version cannot replay it
    began: Instant
    ended: Instant | None = None
    inputs: int = 0  # how many inputs are stored: messages of theirs and decisions of ours
    heard: int = 0  # how many of them are messages
    sent: int = 0  # how many messages we have sent
    summary: bytes = b"{}"  # JSON: progress, outcome, what a person is asked


class InputRow(msgspec.Struct, frozen=True):
    """One input of a ceremony in order. `message` is the id of a peer's message ("" for a decision); unique, so a repeat is no second input."""

    ceremony: str
    position: int
    message: str
    raw: bytes  # signed envelope, or the decision's JSON
    parts: Mapping[str, str]  # name -> blob hash
    at: Instant


class OutgoingRow(msgspec.Struct, frozen=True):
    """A message to send, stored before it is sent; kept until the peer acknowledges it."""

    message: str
    party: str
    ceremony: str
    sequence: int
    raw: bytes
    parts: Mapping[str, str]
    at: Instant


class LetterRow(msgspec.Struct, frozen=True):
    """One signed message of a conversation that must stay provable after it ended: who gave what, and who signed for it."""

    message: str
    party: str
    ceremony: str
    raw: bytes
    at: Instant


class RecordRow(msgspec.Struct, frozen=True):
    """One record. `body` is the FollowTheMoney JSON, sealed under the record's own key: erasing the key erases the record."""

    id: str
    topic: str
    schema: str
    body: bytes  # as JSON; the store seals it
    content: str  # SHA-256 hex of the canonical body: idempotent loading
    salt: bytes  # of the journalled commitment
    entry: int  # journal index of records.loaded
    grounds: tuple[str, ...]
    marking: str
    grade: str
    origin: str  # file, or "party:<id>" for what was received in a swap
    loaded: Instant


class FindingRow(msgspec.Struct, frozen=True):
    """What a run found. `id` is the same on both sides; `theirs` is their random handle in the run."""

    id: str
    run: str
    party: str
    topic: str
    record: str  # ours
    theirs: str
    score: int  # parts per million
    grade: Literal["strong", "possible"]
    because: bytes  # JSON list of [what, millibits]
    status: Literal["open", "confirmed", "dismissed", "parked"]
    found: Instant
    opening: bytes = b""  # what lets our release open the step-3 leaves, encoded
    note: str = ""
    decided_by: str = ""
    decided: Instant | None = None


DocumentState = Literal["proposed", "in_force", "rejected", "superseded", "suspended", "ended"]


class DocumentRow(msgspec.Struct, frozen=True):
    """One version of a joint document. `hash` is the SHA-256 hex of the payload; `envelope` carries one signature or both."""

    hash: str
    kind: str  # "agreement", later "joint-list", "roadmap", ...
    name: str
    party: str
    base: str  # hash of the version it supersedes, "" for the first
    envelope: bytes
    state: DocumentState
    proposed_by: str
    at: Instant
    since: Instant | None = None


class ItemRow(msgspec.Struct, frozen=True):
    """One item of a swap in one direction. UNIQUE (finding, direction, record): nothing is released twice."""

    id: str  # hash of the item statement
    swap: str  # ceremony id
    finding: str
    party: str
    direction: Literal["given", "received"]
    number: int
    state: Literal[
        "prepared",
        "approved",
        "sent",
        "opened",
        "received",
        "accepted",
        "disputed",
        "recalled",
        "erased",
        "void",
    ]
    marking: str
    statement: bytes  # signed envelope
    plaintext: bytes  # sealed by the store under the item's key; erasing the key erases it
    record: str = ""
    at: Instant = 0


class AccountRow(msgspec.Struct, frozen=True):
    """A person who may use the console. Neither password nor code is kept, only what checks them."""

    name: str  # what they sign in with, and what the journal calls them
    roles: tuple[str, ...]
    state: Literal["invited", "active", "closed"]
    password: str = ""  # argon2id, encoded
    secret: bytes = b""  # of the second factor (RFC 6238)
    step: int = 0  # the last time step whose code was used: none counts twice
    code: str = ""  # SHA-256 hex of the one-time code that enrols them
    code_until: Instant = 0
    failures: int = 0  # in a row
    not_before: Instant = 0  # no attempt counts until then
    created: Instant = 0
    made_by: str = ""
    signed_in: Instant = 0  # last


class SessionRow(msgspec.Struct, frozen=True):
    """A signed-in browser. `id` is the SHA-256 hex of its cookie: who reads the store can't take a session over."""

    id: str
    account: str
    stage: Literal["enrol", "password", "full"]  # how far signing in has come
    csrf: str
    began: Instant
    seen: Instant
    purpose: str = ""  # why records are looked at, as the person said


class LookRow(msgspec.Struct, frozen=True):
    """One look of a person at a record. `chain` hashes it together with the one before, so that none can be taken out unseen."""

    account: str
    at: Instant
    kind: str  # "finding", "item", "record" or a list of them
    subject: str
    purpose: str
    chain: bytes = b""


class Settings(Protocol):
    def get(self, name: str) -> bytes | None: ...
    def put(self, name: str, value: bytes) -> None: ...


class Peers(Protocol):
    def put(self, row: PeerRow) -> None: ...
    def get(self, party: str) -> PeerRow | None: ...
    def all(self) -> Sequence[PeerRow]: ...


class Journal(Protocol):
    def append(self, kind: str, subject: str, party: str, at: Instant, data: bytes) -> int:
        """Appends a leaf, stores the tree nodes that it completes, returns its index."""

    def size(self) -> int: ...
    def entry(self, index: int) -> EntryRow: ...
    def find(
        self, *, kind: str = "", subject: str = "", party: str | None = None, since: int = 0
    ) -> Iterator[EntryRow]: ...
    def hash_at(self, level: int, index: int) -> bytes: ...


class Checkpoints(Protocol):
    def put(self, row: CheckpointRow) -> None: ...
    def latest(self, origin: str, cosigner: str = "") -> CheckpointRow | None: ...
    def all(self, origin: str) -> Sequence[CheckpointRow]: ...


class Ceremonies(Protocol):
    def put(self, row: CeremonyRow) -> None:
        """Inserts or replaces."""

    def get(self, id: str) -> CeremonyRow | None: ...
    def find(self, *, status: str = "", kind: str = "", party: str = "") -> Sequence[CeremonyRow]: ...
    def add_input(self, row: InputRow) -> bool:
        """False where this message is an input already (nothing is stored). Raises Unavailable where the position is taken."""

    def inputs(self, ceremony: str, since: int = 0) -> Sequence[InputRow]: ...


class Outbox(Protocol):
    def put(self, row: OutgoingRow) -> None: ...
    def pending(self, party: str) -> Sequence[OutgoingRow]:
        """Not yet acknowledged, in the order in which they were put."""

    def acknowledge(self, party: str, messages: Iterable[str]) -> None: ...
    def parties(self) -> Sequence[str]:
        """Parties with something pending."""


class Letters(Protocol):
    def put(self, row: LetterRow) -> None:
        """Keeps a message, sent or received; again changes nothing."""

    def find(self, party: str) -> Iterator[LetterRow]:
        """Those with a party, oldest first."""


class Blobs(Protocol):
    def put(self, ceremony: str, data: bytes) -> str:
        """Stores bytes, owned by a ceremony; returns their SHA-256 hex."""

    def get(self, sha256: str) -> bytes: ...
    def erase(self, ceremony: str) -> None:
        """Erases what only this ceremony owns and no pending message needs."""


class Records(Protocol):
    def put(self, rows: Iterable[RecordRow]) -> None: ...
    def get(self, id: str) -> RecordRow | None: ...
    def select(self, topic: str, *, origin: str = "") -> Iterator[RecordRow]:
        """In order of id. Erased ones are left out."""

    def erase(self, id: str) -> None:
        """Shreds the record's key and body; the row stays as a tombstone so that the id is not reused."""

    def count(self) -> Mapping[str, int]: ...


class Findings(Protocol):
    def put(self, rows: Iterable[FindingRow]) -> None: ...
    def get(self, id: str) -> FindingRow | None: ...
    def find(
        self,
        *,
        party: str = "",
        status: str = "",
        grade: str = "",
        run: str = "",
        limit: int = 0,
        offset: int = 0,
    ) -> Sequence[FindingRow]:
        """Best score first, then id."""

    def count(self, *, party: str = "", run: str = "") -> Mapping[tuple[str, str], int]:
        """How many there are of each (status, grade)."""


class Documents(Protocol):
    def put(self, row: DocumentRow) -> None: ...
    def get(self, hash: str) -> DocumentRow | None: ...
    def find(self, *, kind: str = "", party: str = "", state: str = "") -> Sequence[DocumentRow]:
        """Oldest first."""


class Items(Protocol):
    def put(self, row: ItemRow) -> None:
        """Inserts or replaces by id. Raises Refused where the finding was released already (UNIQUE)."""

    def get(self, id: str) -> ItemRow | None: ...
    def find(
        self, *, party: str = "", direction: str = "", state: str = "", finding: str = "", swap: str = ""
    ) -> Sequence[ItemRow]: ...
    def erase(self, id: str) -> None:
        """Shreds the item's key and plaintext; the statement and the row stay."""


class Accounts(Protocol):
    def put(self, row: AccountRow) -> None: ...
    def get(self, name: str) -> AccountRow | None: ...
    def all(self) -> Sequence[AccountRow]: ...


class Sessions(Protocol):
    def put(self, row: SessionRow) -> None: ...
    def get(self, id: str) -> SessionRow | None: ...
    def erase(self, *, id: str = "", account: str = "", seen_before: Instant = 0) -> int:
        """Erases those that meet all that is given; returns how many. Nothing given erases nothing."""


class Looks(Protocol):
    def add(self, row: LookRow) -> None: ...
    def last(self) -> LookRow | None: ...
    def find(
        self, *, account: str = "", subject: str = "", limit: int = 0, offset: int = 0
    ) -> Sequence[LookRow]:
        """Newest first."""


class Transaction(Protocol):
    """All or nothing. Names of the parts say what they hold."""

    settings: Settings
    peers: Peers
    journal: Journal
    checkpoints: Checkpoints
    ceremonies: Ceremonies
    outbox: Outbox
    letters: Letters
    blobs: Blobs
    records: Records
    findings: Findings
    documents: Documents
    items: Items
    accounts: Accounts
    sessions: Sessions
    looks: Looks


class Store(Protocol):
    """One writer at a time, across threads and processes; `transaction` waits for its turn (Unavailable after 30 s)."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...
    def snapshot(self) -> AbstractContextManager[Transaction]:
        """A consistent view for reading; writing through it fails."""

    def close(self) -> None: ...


class Transport(Protocol):
    def exchange(self, peer: PeerRow, body: bytes) -> bytes:
        """Hands one exchange body (spec/envelope, "exchange") to the peer's node and returns its answer. Raises Unavailable."""


class Clock(Protocol):
    def now(self) -> Instant: ...


class Entropy(Protocol):
    def draw(self, n: int) -> bytes: ...


class Vault(Protocol):
    """Where evidence against a peer is kept as files, for auditors who have only `detente-verify`."""

    def keep(self, name: str, data: bytes) -> str:
        """Writes one file durably, under another name where this one is taken; returns its path."""


class Pages(Protocol):
    """Files of pages, whatever their form."""

    def read(self, data: bytes, name: str) -> Original:
        """The page in these bytes; `name` is what errors call it. Raises Misuse for what is no page."""


class Turns(Protocol):
    """Several processes may drive one node; one at a time talks to a peer, so that nothing is sent or computed twice."""

    def hold(self, party: str, wait_seconds: float) -> AbstractContextManager[bool]:
        """Holds the turn with a peer while the context lasts; False where another process holds it all the time that we wait."""
