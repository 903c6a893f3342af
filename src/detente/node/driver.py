"""The one loop: load, receive, save state and journal and outbox in one transaction; send only after the commit.

A ceremony is a fold over stored inputs, so a crash at any point loses nothing: the next process replays. A message that was an input already is dropped;
another message in its place is equivocation. Computing happens outside the transaction and is thrown away where another writer was first.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec

from detente.ceremonies.ceremony import (
    Append,
    Ask,
    Ceremony,
    Decision,
    Effect,
    Finish,
    Incoming,
    Kind,
    Progress,
    Send,
)
from detente.errors import (
    DetenteError,
    Equivocation,
    Malformed,
    Misuse,
    OutOfTurn,
    PeerFault,
    Refused,
    Unavailable,
)
from detente.journal.entries import SALT_BYTES, Entry
from detente.node.office import SOFTWARE
from detente.node.ports import (
    CeremonyRow,
    Clock,
    Entropy,
    InputRow,
    LetterRow,
    OutgoingRow,
    Store,
    Transaction,
)
from detente.wire.bundle import unpack_bundle
from detente.wire.identity import Identity
from detente.wire.keys import KeyRing
from detente.wire.messages import (
    Instant,
    Message,
    ReceivedMessage,
    check_parts,
    open_message,
    part_of,
    seal_message,
)
from detente.wire.messages import Kind as MessageKind

UNABLE = "the peer can't take part in this at present; ask its operator"
END_STEPS = {"abort": "aborted", "refuse": "refused"}
ABORTED = "a check on a message failed; the conversation is over and the evidence is kept"
MAX_PART = 1 << 30
RETRIES = 8
READ_ONLY = "read_only"  # the setting that says why this node only reads
REMEDY = (
    "This node only reads: put back its newest backup, one with every entry that peers have cosigned; "
    "without one, make a new node with `detente init` and pair again"
)
KEPT = frozenset({"pairing", "amendment", "exchange"})  # conversations whose messages stay as proof


class Desk(Protocol):
    """What the node says to the driver: the policy and the meaning that ceremonies have none of."""

    def identity(self) -> Identity: ...
    def identity_for(self, tx: Transaction, party: str) -> Identity: ...
    def keys(self, tx: Transaction) -> KeyRing: ...
    def pins(self, tx: Transaction, party: str) -> frozenset[str]:
        """SHA-256 hex of every TLS certificate under which a peer may call now."""

    def kind(self, name: str) -> Kind: ...
    def admit(self, tx: Transaction, message: ReceivedMessage) -> msgspec.Struct:
        """The setup with which a ceremony that the peer begins is answered. Raises Refused."""

    def permit(self, tx: Transaction, row: CeremonyRow) -> None:
        """Asked before each message of the peer. Raises Refused where the conversation may not go on: its agreement was suspended."""

    def settle(self, tx: Transaction, row: CeremonyRow, effect: Finish | Ask) -> None:
        """Stores what a ceremony gave or asks, in the same transaction."""

    def noted(self, tx: Transaction, row: CeremonyRow, effect: Append, index: int) -> None:
        """A ceremony's entry was appended: rows that follow the journal change in the same transaction."""

    def answer(self, row: CeremonyRow, ask: Ask) -> Decision | None:
        """What the node itself answers once the commit is durable (a cosignature, a receipt's tree size); None where a person must."""

    def evidence(self, tx: Transaction, row: CeremonyRow | None, party: str, fault: PeerFault) -> None:
        """Keeps what shows the peer's fault."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one input: the ceremony's row after it, and what `Append` effects were given as journal indices."""

    row: CeremonyRow
    appended: tuple[tuple[Append, int], ...] = ()
    repeated: bool = False


class Overtaken(Exception):
    """Another process of this node has moved the conversation on since its row was read: read it again."""


class Driver:
    """Drives every ceremony of a node. Safe from several threads; several processes may drive the same store."""

    def __init__(self, store: Store, clock: Clock, entropy: Entropy, desk: Desk) -> None:
        self._store, self._clock, self._entropy, self._desk = store, clock, entropy, desk
        self._live: dict[str, tuple[int, Ceremony]] = {}
        self._locks: dict[str, threading.RLock] = {}
        self._guard = threading.Lock()
        self.on_progress: Callable[[str, Progress], None] = lambda ceremony, progress: None

    # -- what the node calls

    def begin(self, kind: MessageKind, party: str, setup: msgspec.Struct, agreement: str = "") -> str:
        """Opens a ceremony with a peer; its first message is in the outbox when this returns. Returns the ceremony's id."""
        identity, seed = self._entropy.draw(16).hex(), self._entropy.draw(32)
        now = self._clock.now()
        state, effects = self._desk.kind(kind).begin(setup, seed, now)
        row = self._row(identity, kind, party, "first", agreement, setup, seed, now)
        with self._store.transaction() as tx:
            self._apply(tx, row, effects, now)
        self._keep(identity, 0, state, effects)
        self._answer(row, effects)
        return identity

    def decide(self, ceremony: str, decision: Decision) -> Outcome:
        """Feeds a person's decision to a ceremony."""
        outcome = self._decide(ceremony, decision, None)
        assert outcome is not None  # without `asked` a decision is taken or raises
        return outcome

    def _decide(self, ceremony: str, decision: Decision, asked: int | None) -> Outcome | None:
        """A decision; with `asked`, the answer to what was asked after so many inputs. None where that was answered meanwhile.

        Several processes of one node (a command beside `serve`) may see the same question: the first answer stands.
        """
        raw = msgspec.json.encode({"what": decision.what, "body": decision.body})
        with self._lock(ceremony):
            for _ in range(RETRIES):
                if asked is not None and not self._still_asked(ceremony, asked):
                    return None
                row = self._open_row(ceremony)
                try:
                    state = self._state(row)
                except Overtaken:
                    continue
                now = self._clock.now()
                new, effects = state.decide(decision, now)
                outcome = self._commit(row, InputRow(row.id, row.inputs, "", raw, {}, now), effects, now)
                if outcome is not None:
                    self._keep(row.id, row.inputs + 1, new, effects)
                    self._answer(outcome.row, effects)
                    return outcome
        raise Unavailable("another process keeps advancing this conversation; try again")

    def _still_asked(self, ceremony: str, asked: int) -> bool:
        with self._store.snapshot() as tx:
            row = tx.ceremonies.get(ceremony)
        return row is not None and row.status == "open" and row.inputs == asked

    def abort(self, ceremony: str, reason: str) -> None:
        """Ends a ceremony of ours by an operator's order; the peer is told."""
        with self._lock(ceremony):
            for _ in range(RETRIES):
                row = self._open_row(ceremony)
                try:
                    self._close(row, "abort", reason, Refused(reason), self._clock.now())
                except Overtaken:
                    continue
                return
        raise Unavailable("another process keeps advancing this conversation; try again")

    def receive(self, bundle: bytes) -> str:
        """Takes one bundle from a peer: verifies, advances its ceremony, stores the reply. Returns the message id, to be acknowledged.

        Whatever the peer did wrong is journalled here and ends the conversation; BadSignature and Malformed of the envelope itself
        are raised, for there is nobody to hold to account.
        """
        raw, parts = unpack_bundle(bundle, max_part=MAX_PART)
        now = self._clock.now()
        with self._store.snapshot() as tx:
            ring = self._desk.keys(tx)
        received = open_message(raw, ring, recipient=self._desk.identity().party, max_part=MAX_PART, at=now)
        check_parts(received.message, parts)
        with self._lock(received.message.ceremony):
            for _ in range(RETRIES):
                if self._take(received, parts):
                    return received.id
        raise Unavailable("another process keeps advancing this conversation; try again")

    # -- one message

    def _take(self, received: ReceivedMessage, parts: Mapping[str, bytes]) -> bool:
        """True once the message is dealt with; False where another writer was first and all must be read again."""
        try:
            return self._deal(received, parts)
        except Overtaken:
            return False

    def _deal(self, received: ReceivedMessage, parts: Mapping[str, bytes]) -> bool:
        message, now = received.message, self._clock.now()
        with self._store.snapshot() as tx:
            row = tx.ceremonies.get(message.ceremony)
            repeated = (
                row is not None and message.sequence < row.heard and self._heard(tx, row.id, received.id)
            )
        if row is None:
            row = self._admit(received, now)
            if row is None:
                return True
        elif row.party != message.sender or row.kind != message.kind:
            fault = Malformed("a message of a conversation that is not the sender's", received.raw)
            with self._store.transaction() as tx:
                self._desk.evidence(tx, None, message.sender, fault)
            return True  # the conversation itself goes on: it is another's
        if row.status != "open" or repeated:
            return True  # late, or a repeat: acknowledged, and nothing more
        try:
            return self._advance(row, received, parts, now)
        except PeerFault as fault:
            self._fail(row, fault, received, now)
        except Refused as refusal:
            self._close(row, "refuse", str(refusal), refusal, now)
        return True

    def _advance(
        self,
        row: CeremonyRow,
        received: ReceivedMessage,
        parts: Mapping[str, bytes],
        now: Instant,
    ) -> bool:
        message = received.message
        if message.sequence < row.heard:
            first = self._in_its_place(row.id, message.sequence)
            raise Equivocation("a second message in the place of one that was received", first, received.raw)
        if message.sequence > row.heard:
            raise Unavailable("a message before the one that precedes it; it will be sent again")
        if message.agreement != row.agreement:
            raise OutOfTurn("a message under another agreement than its conversation", received.raw)
        if message.step in END_STEPS:
            self._peer_ended(row, received, now)
            return True
        with self._store.snapshot() as tx:
            self._desk.permit(tx, row)
        state = self._state(row)
        incoming = Incoming(message.step, message.body, parts, received.id, received.raw)
        new, effects = state.receive(incoming, now)
        with self._store.transaction() as tx:
            stored = {name: tx.blobs.put(row.id, data) for name, data in parts.items()}
            outcome = self._store_input(
                tx, row, InputRow(row.id, row.inputs, received.id, received.raw, stored, now), effects, now
            )
        if outcome is None:
            return False
        self._keep(row.id, row.inputs + 1, new, effects)
        self._answer(outcome.row, effects)
        return True

    def _answer(self, row: CeremonyRow, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Ask):
                decision = self._desk.answer(row, effect)
                if decision is not None:
                    self._decide(row.id, decision, row.inputs)

    def read_only(self, tx: Transaction, why: str) -> None:
        """After a restore: nothing is begun, answered or sent any more, and no open conversation goes on.

        Nothing is journalled and no peer is told: it may have heard more of these conversations than this store knows, and a second message in a
        place would be equivocation. Keys of open runs are erased, for one key must not meet two inputs.
        """
        for row in tx.ceremonies.find(status="open"):
            summary = msgspec.json.encode({"what": "aborted", "reason": why})
            ended = msgspec.structs.replace(
                row, status="aborted", seed=b"", setup=b"", ended=self._clock.now(), summary=summary
            )
            tx.ceremonies.put(ended)
            tx.blobs.erase(row.id)
        for party in tx.outbox.parties():
            tx.outbox.acknowledge(party, [row.message for row in tx.outbox.pending(party)])
        tx.settings.put(READ_ONLY, why.encode())
        self._live.clear()

    def resume(self) -> int:
        """After a start: what the node would have answered just before it stopped is answered now. Returns how many conversations are open."""
        with self._store.snapshot() as tx:
            rows = tx.ceremonies.find(status="open")
        for row in rows:
            ask = msgspec.json.decode(row.summary).get("ask")
            if ask is not None:
                self._answer(row, [Ask(ask["question"], ask["subject"])])
        return len(rows)

    def _admit(self, received: ReceivedMessage, now: Instant) -> CeremonyRow | None:
        """Creates the row of a ceremony that the peer begins; a refusal is stored as an ended ceremony and sent."""
        message = received.message
        seed = self._entropy.draw(32)
        try:
            if message.sequence != 0:
                raise Refused("this conversation is not known here; begin a new one")
            if message.step in END_STEPS:
                return None
            with self._store.snapshot() as tx:
                setup = self._desk.admit(tx, received)
        except (Refused, Misuse, PeerFault) as problem:
            row = self._row(
                message.ceremony, message.kind, message.sender, "second", message.agreement, None, seed, now
            )
            if isinstance(problem, PeerFault):
                self._fail(row, problem, received, now)
                return None
            # what our own node lacks is not the peer's business
            refusal = Refused(UNABLE) if isinstance(problem, Misuse) else problem
            self._close(row, "refuse", str(refusal), refusal, now)
            return None
        row = self._row(
            message.ceremony, message.kind, message.sender, "second", message.agreement, setup, seed, now
        )
        with self._store.transaction() as tx:
            if tx.ceremonies.get(row.id) is None:
                tx.ceremonies.put(row)
        return row

    def _peer_ended(self, row: CeremonyRow, received: ReceivedMessage, now: Instant) -> None:
        step = received.message.step
        reason = str(received.message.body.get("reason", ""))[:500]
        fault = Refused(f"the peer ended it: {reason}")
        with self._store.transaction() as tx:
            _require_current(tx, row)
            self._keep_letter(tx, row, received.raw, now)
            status: Literal["aborted", "refused"] = "aborted" if step == "abort" else "refused"
            self._append(
                tx,
                row,
                Append(
                    "run.aborted" if row.kind == "matching" else "conversation.ended",
                    row.id,
                    {"by": "theirs", "reason": reason},
                ),
                now,
            )
            self._finish(tx, row, Finish(status, None, fault), now)
        self._live.pop(row.id, None)

    def _fail(self, row: CeremonyRow, fault: PeerFault, received: ReceivedMessage, now: Instant) -> None:
        with self._store.transaction() as tx:
            _require_current(
                tx, row
            )  # first: nobody is accused over what another process has settled meanwhile
            fault.evidence = (
                (*fault.evidence, received.raw) if received.raw not in fault.evidence else fault.evidence
            )
            self._desk.evidence(tx, row, row.party, fault)
            self._end(tx, row, "abort", ABORTED, fault, now)
        self._live.pop(row.id, None)

    @staticmethod
    def _heard(tx: Transaction, ceremony: str, message: str) -> bool:
        return any(stored.message == message for stored in tx.ceremonies.inputs(ceremony))

    def _in_its_place(self, ceremony: str, sequence: int) -> bytes:
        """The message that was received under a sequence number."""
        with self._store.snapshot() as tx:
            row = tx.ceremonies.get(ceremony)
            if row is None or row.status != "open":
                raise Overtaken  # what was heard is erased by now
            heard = [stored.raw for stored in tx.ceremonies.inputs(ceremony) if stored.message]
        return heard[sequence]

    # -- state

    def _open_row(self, ceremony: str) -> CeremonyRow:
        with self._store.snapshot() as tx:
            row = tx.ceremonies.get(ceremony)
        if row is None:
            raise Misuse(f"no conversation {ceremony}")
        if row.status != "open":
            raise Misuse(f"conversation {ceremony[:8]} is over: {row.status}")
        return row

    def _state(self, row: CeremonyRow) -> Ceremony:
        """The live state, or a replay of setup, seed and inputs."""
        live = self._live.get(row.id)
        if live is not None and live[0] == row.inputs:
            return live[1]
        if row.software != SOFTWARE:
            raise Refused(
                f"this conversation was begun by {row.software} and cannot be resumed by {SOFTWARE}: begin it anew"
            )
        kind = self._desk.kind(row.kind)
        setup = msgspec.msgpack.decode(row.setup, type=kind.Setup)
        state: Ceremony
        if row.role == "first":
            state, _ = kind.begin(setup, row.seed, row.began)
        else:
            state = kind.answer(setup, row.seed, row.began)
        with self._store.snapshot() as tx:
            current = tx.ceremonies.get(row.id)
            if current is None or current.status != "open" or current.inputs != row.inputs:
                raise Overtaken  # its inputs may be erased by now: what they look like is nobody's fault
            for stored in tx.ceremonies.inputs(row.id)[: row.inputs]:
                state = self._replay(tx, state, stored)
        return state

    def _replay(self, tx: Transaction, state: Ceremony, stored: InputRow) -> Ceremony:
        if not stored.message:
            body = msgspec.json.decode(stored.raw)
            return state.decide(Decision(body["what"], body["body"]), stored.at)[0]
        received = open_message(
            stored.raw,
            self._desk.keys(tx),
            recipient=self._desk.identity().party,
            max_part=MAX_PART,
            at=stored.at,
        )
        parts = {name: tx.blobs.get(digest) for name, digest in stored.parts.items()}
        message = Incoming(received.message.step, received.message.body, parts, received.id, stored.raw)
        return state.receive(message, stored.at)[0]

    def _keep(self, ceremony: str, inputs: int, state: Ceremony, effects: Sequence[Effect]) -> None:
        if any(isinstance(e, Finish) for e in effects):
            self._live.pop(ceremony, None)
        else:
            self._live[ceremony] = (inputs, state)
        for effect in effects:
            if isinstance(effect, Progress):
                self.on_progress(ceremony, effect)

    def _lock(self, ceremony: str) -> threading.RLock:
        with self._guard:
            return self._locks.setdefault(ceremony, threading.RLock())

    def _row(
        self,
        identity: str,
        kind: MessageKind,
        party: str,
        role: Any,
        agreement: str,
        setup: msgspec.Struct | None,
        seed: bytes,
        now: Instant,
    ) -> CeremonyRow:
        encoded = b"" if setup is None else msgspec.msgpack.encode(setup)
        return CeremonyRow(identity, kind, party, role, agreement, "open", encoded, seed, SOFTWARE, now)

    # -- effects

    def _commit(
        self, row: CeremonyRow, stored: InputRow, effects: Sequence[Effect], now: Instant
    ) -> Outcome | None:
        with self._store.transaction() as tx:
            return self._store_input(tx, row, stored, effects, now)

    def _store_input(
        self, tx: Transaction, row: CeremonyRow, stored: InputRow, effects: Sequence[Effect], now: Instant
    ) -> Outcome | None:
        current = tx.ceremonies.get(row.id)
        if current is None or current.status != "open" or current.inputs != row.inputs:
            return None
        if not tx.ceremonies.add_input(stored):
            return None
        if stored.message:
            self._keep_letter(tx, row, stored.raw, now)
        heard = current.heard + bool(stored.message)
        fresh = msgspec.structs.replace(current, inputs=current.inputs + 1, heard=heard, summary=b"{}")
        return self._apply(tx, fresh, effects, now)

    def _apply(self, tx: Transaction, row: CeremonyRow, effects: Sequence[Effect], now: Instant) -> Outcome:
        _require_writable(tx)
        appended = []
        for effect in effects:
            match effect:
                case Send():
                    row = self._send(tx, row, effect, now)
                case Append():
                    index = self._append(tx, row, effect, now)
                    self._desk.noted(tx, row, effect, index)
                    appended.append((effect, index))
                case Progress():
                    summary = {"what": effect.what, "done": effect.done, "total": effect.total}
                    row = msgspec.structs.replace(row, summary=msgspec.json.encode(summary))
                case Ask():
                    asked = {"ask": {"question": effect.question, "subject": dict(effect.subject)}}
                    row = msgspec.structs.replace(row, summary=msgspec.json.encode(asked))
                    self._desk.settle(tx, row, effect)
                case Finish():
                    return Outcome(self._finish(tx, row, effect, now), tuple(appended))
        tx.ceremonies.put(row)
        return Outcome(row, tuple(appended))

    def _send(self, tx: Transaction, row: CeremonyRow, effect: Send, now: Instant) -> CeremonyRow:
        signer = self._desk.identity_for(tx, row.party)
        parts = tuple(part_of(name, effect.parts[name]) for name in sorted(effect.parts))
        message = Message(
            sender=signer.party, recipient=row.party, ceremony=row.id, kind=row.kind, step=effect.step,
            sequence=row.sent, sent=now, agreement=row.agreement, body=dict(effect.body), parts=parts,
        )  # fmt: skip
        raw = seal_message(message, signer)
        self._keep_letter(tx, row, raw, now)
        stored = {name: tx.blobs.put(row.id, data) for name, data in effect.parts.items()}
        tx.outbox.put(
            OutgoingRow(hashlib.sha256(raw).hexdigest(), row.party, row.id, row.sent, raw, stored, now)
        )
        return msgspec.structs.replace(row, sent=row.sent + 1)

    @staticmethod
    def _keep_letter(tx: Transaction, row: CeremonyRow, raw: bytes, now: Instant) -> None:
        """What was promised and given stays provable; what was matched does not outlive the run."""
        if row.kind in KEPT:
            tx.letters.put(LetterRow(hashlib.sha256(raw).hexdigest(), row.party, row.id, raw, now))

    def _append(self, tx: Transaction, row: CeremonyRow, effect: Append, now: Instant) -> int:
        entry = Entry(
            effect.kind, now, effect.subject, dict(effect.body), self._entropy.draw(SALT_BYTES).hex()
        )
        return tx.journal.append(effect.kind, effect.subject, row.party, now, entry.encode())

    def _close(self, row: CeremonyRow, step: str, reason: str, fault: DetenteError, now: Instant) -> None:
        """`_end` in a transaction of its own."""
        with self._store.transaction() as tx:
            _require_current(tx, row)
            self._end(tx, row, step, reason, fault, now)
        self._live.pop(row.id, None)

    def _end(
        self, tx: Transaction, row: CeremonyRow, step: str, reason: str, fault: DetenteError, now: Instant
    ) -> None:
        """Ends a ceremony on our side: the peer is told, in words that tell nothing of which check failed."""
        _require_writable(tx)
        row = self._send(tx, row, Send(step, {"reason": reason}), now)
        kind = "run.aborted" if row.kind == "matching" else "conversation.ended"
        self._append(tx, row, Append(kind, row.id, {"by": "ours", "reason": reason}), now)
        self._finish(tx, row, Finish("aborted" if step == "abort" else "refused", None, fault), now)

    def _finish(self, tx: Transaction, row: CeremonyRow, effect: Finish, now: Instant) -> CeremonyRow:
        """Stores the outcome and erases seed, setup and parts: keys, outputs and lists do not outlive the run (spec/matching, step 4)."""
        self._desk.settle(tx, row, effect)
        summary = {"what": effect.outcome, "reason": str(effect.fault) if effect.fault else ""}
        ended = msgspec.structs.replace(
            row, status=effect.outcome, seed=b"", setup=b"", ended=now, summary=msgspec.json.encode(summary)
        )
        tx.ceremonies.put(ended)
        tx.blobs.erase(row.id)
        return ended


def _require_current(tx: Transaction, row: CeremonyRow) -> None:
    """Raises Overtaken where another process moved the conversation on: to end it from an old reading would use a sequence number twice."""
    current = tx.ceremonies.get(row.id)
    if current is not None and (current.status, current.inputs, current.sent) != (
        row.status,
        row.inputs,
        row.sent,
    ):
        raise Overtaken


def _require_writable(tx: Transaction) -> None:
    why = tx.settings.get(READ_ONLY)
    if why:
        raise Refused(f"{why.decode()}. {REMEDY}")
