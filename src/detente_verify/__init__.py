"""detente-verify: checks one exported bundle offline, with nothing of the node that wrote it.

It reads the format of spec/journal ("The bundle") and shares no code with the `detente` package: one module,
one dependency (`cryptography`), so that whoever doubts a journal can read all that judges it. That is why it
is longer than a module should be.

What it shows: every signature verifies under keys that the two parties pinned; the entries hash to the heads
that were signed and cosigned; each entry about the two rests on a message or a document that the right party
signed; items name an agreement in force and a run that took place, their keys are the ones committed to; the
balance is what was claimed; evidence proves what it says. What it cannot show: that records are true, that
nothing was left out after the last cosigned head, and that the keys are those of the organisations named.
Compare the party ids with those that you know, or pass them with --party.

    detente-verify BUNDLE [--party ID]... [--json]

Exit status: 0 all of it verifies, 1 something does not, 2 misuse.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

MAX_LINE = 4 << 20
MAX_FILE = 1 << 30
MAX_DEPTH = 20
MAX_INTEGER = 2**53 - 1
MAX_CLOCK_OVERLAP = timedelta(days=7)
LAST = 253_402_300_799_999  # the last instant of the year 9999, in milliseconds


class Bad(Exception):
    """Something does not verify. Its text says what that means, without quoting records."""


# --- canonical JSON, DSSE, keys

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_HEX64 = re.compile(r"[0-9a-f]{64}")


def canonical(value: Any) -> bytes:
    """RFC 8785 without floating point."""
    return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value, key=lambda n: n.encode("utf-16-be"))}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise ValueError("too large")
    return value


def _refuse(_: str) -> Any:
    raise ValueError("no floating point")


def parse(raw: bytes) -> Any:
    """Canonical JSON or Bad."""
    depth = 0
    for bracket in _BRACKETS.finditer(_STRING.sub(b"", raw)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MAX_DEPTH:
            raise Bad("nested too deep")
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_float=_refuse,
            parse_constant=_refuse,
            parse_int=lambda text: int(text) if len(text) < 18 else _refuse(text),
        )
        if canonical(value) == raw:
            return value
    except (ValueError, RecursionError):
        pass
    raise Bad("not canonical JSON (a repeated name, a second spelling, or not JSON at all)")


def unbase64(text: Any) -> bytes:
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except ValueError:
        data = None
    if data is None or base64.b64encode(data).decode() != text:
        raise Bad("not base64")
    return data


def unhex(text: Any) -> bytes:
    if not isinstance(text, str) or not _HEX64.fullmatch(text):
        raise Bad("not a SHA-256 in hex")
    return bytes.fromhex(text)


def instant(text: Any) -> datetime:
    if isinstance(text, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z", text):
        try:
            return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            pass
    raise Bad("not an instant")


def instant_ms(text: Any) -> int:
    return round(instant(text).timestamp() * 1000)


def ed25519(key: bytes, signature: bytes, signed: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        raise Bad("a signature does not verify: what it covers was altered, or another key made it") from None


def mldsa44(key: bytes, signature: bytes, signed: bytes) -> None:
    try:
        MLDSA44PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        raise Bad("a signature does not verify: what it covers was altered, or another key made it") from None


def payload_type(kind: str) -> str:
    return f"application/vnd.detente.{kind}+json;version=1"


@dataclass(frozen=True)
class Keys:
    """The public keys of a party in one period. `until` is set by a rotation, `revoked` by a revocation."""

    envelope: bytes
    checkpoint_ed25519: bytes
    checkpoint_mldsa44: bytes
    until: datetime | None = None
    revoked: datetime | None = None

    @property
    def id(self) -> str:
        return hashlib.sha256(self.envelope).hexdigest()

    @classmethod
    def read(cls, body: Any) -> Keys:
        members = member(body, "keys", dict)
        keys = cls(
            unbase64(members.get("envelope")),
            unbase64(members.get("checkpoint_ed25519")),
            unbase64(members.get("checkpoint_mldsa44")),
        )
        if (len(keys.envelope), len(keys.checkpoint_ed25519), len(keys.checkpoint_mldsa44)) != (32, 32, 1312):
            raise Bad("public keys of the wrong length")
        return keys


@dataclass(frozen=True)
class Statement:
    """A statement whose signatures were verified: `id` names it whoever signed. `signers`: the key of each party."""

    kind: str
    id: str
    body: Any
    signers: Mapping[str, Keys]


@dataclass(frozen=True)
class Message:
    """What a party told the other: `id` is its envelope's hash, `said` its body."""

    id: str
    sender: str
    recipient: str
    kind: str
    step: str
    agreement: str
    ceremony: str
    sequence: int
    sent: datetime
    said: Mapping[str, Any]
    keys: Keys
    parts: Mapping[str, str]  # name -> SHA-256, as signed: the parts themselves are in no bundle

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """The objects in a list of the body; what is no list of objects has none."""
        found = self.said.get(name)
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

    def key_of(self, item: str) -> bytes | None:
        """The key of an item in a message `keys`; None where there is none of 32 bytes."""
        for row in self.rows("keys"):
            key = row.get("key")
            if row.get("item") == item and isinstance(key, str) and _HEX64.fullmatch(key):
                return bytes.fromhex(key)
        return None

    def about(self) -> set[str]:
        """The items, documents, requests and messages that it speaks of."""
        found = [self.said.get(name) for name in ("item", "document", "request", "to")]
        found += [
            row.get("item") for name in ("seen", "keys", "receipts", "disputes") for row in self.rows(name)
        ]
        found += [item_id(row) for row in self.rows("items")]
        return {each for each in found if isinstance(each, str)}


@dataclass(frozen=True)
class Item:
    """One item as its giver offered it. The giver's signature is the offer's, the receiver's is its `seen`."""

    id: str
    head: Mapping[str, Any]
    ciphertext: str
    key: str
    offer: Message


def item_id(row: Mapping[str, Any]) -> str:
    """The statement id of an item that stands in an offer (spec/exchange)."""
    return Envelope(payload_type("item"), canonical(row), ()).id


@dataclass(frozen=True)
class Envelope:
    """A DSSE envelope as it came: nothing is verified."""

    kind: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    @classmethod
    def read(cls, raw: bytes) -> Envelope:
        outer = parse(raw)
        if not isinstance(outer, dict) or set(outer) != {"payload", "payloadType", "signatures"}:
            raise Bad("not an envelope")
        lines = member(outer, "signatures", list)
        if not 1 <= len(lines) <= 4 or not all(isinstance(line, dict) for line in lines):
            raise Bad("an envelope without signatures, or with too many")
        ids = [line.get("keyid") for line in lines]
        if not all(isinstance(each, str) for each in ids) or ids != sorted(set(ids)):
            raise Bad("an envelope whose signatures are repeated or out of order")
        signatures = tuple((line["keyid"], unbase64(line.get("sig"))) for line in lines)
        return cls(member(outer, "payloadType", str), unbase64(outer["payload"]), signatures)

    def signed(self) -> bytes:
        kind = self.kind.encode()
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)

    @property
    def id(self) -> str:
        return hashlib.sha256(self.signed()).hexdigest()


def member(body: Any, name: str, kind: type) -> Any:
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise Bad(f"a member {name!r} that is missing or of the wrong type")
    return value


def texts(body: Any, name: str) -> list[str]:
    found = member(body, name, list)
    if not all(isinstance(each, str) for each in found):
        raise Bad(f"a member {name!r} that is not a list of texts")
    return list(found)


# --- RFC 9162 trees, C2SP notes


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def roots_at(leaves: Iterator[bytes], sizes: set[int]) -> dict[int, bytes]:
    """The roots of the tree at these sizes, as its leaves come in (RFC 9162 section 2.1.2)."""
    found = {0: hashlib.sha256(b"").digest()}
    peaks: list[bytes] = []
    for index, leaf in enumerate(leaves):
        running, bits = leaf, index
        while bits & 1:
            running, bits = _node(peaks.pop(), running), bits >> 1
        peaks.append(running)
        if index + 1 in sizes:
            for peak in reversed(peaks[:-1]):
                running = _node(peak, running)
            found[index + 1] = running
    return found


def check_consistency(old: int, new: int, before: bytes, after: bytes, proof: Sequence[bytes]) -> None:
    """RFC 9162 section 2.1.4.2, written from the recursive definition of the proof (2.1.4.1), or Bad."""
    if len(proof) > 64 or not 0 <= old <= new:
        raise Bad("no proof of consistency")
    rest = list(proof)

    def rebuild(size: int, kept: int, whole: bool) -> tuple[bytes, bytes]:
        """Roots of the first `kept` leaves and of all `size` of this subtree."""
        if kept == size:
            known = before if whole else rest.pop(0)
            return known, known
        k = 1 << (size - 1).bit_length() - 1
        if kept <= k:
            left_old, left_new = rebuild(k, kept, whole)
            return left_old, _node(left_new, rest.pop(0))
        right_old, right_new = rebuild(size - k, kept - k, False)
        left = rest.pop(0)
        return _node(left, right_old), _node(left, right_new)

    try:
        shown = (before, after) if old == 0 else rebuild(new, old, True)
    except IndexError:
        raise Bad("a proof of consistency that is too short") from None
    if rest or shown != (before, after):
        raise Bad("the longer journal does not continue the shorter one")


@dataclass(frozen=True)
class Note:
    """A checkpoint note as it came. `lines`: (name, key id, signature)."""

    text: str
    lines: tuple[tuple[str, bytes, bytes], ...]
    origin: str
    size: int
    root: bytes

    @classmethod
    def read(cls, whole: Any) -> Note:
        if not isinstance(whole, str) or len(whole) > 65536 or re.search(r"[\x00-\x09\x0b-\x1f]", whole):
            raise Bad("not a signed note")
        text, blank, tail = whole.rpartition("\n\n")
        rows = text.split("\n")
        if (
            not blank
            or not tail.endswith("\n")
            or len(rows) != 3
            or not re.fullmatch(r"0|[1-9][0-9]{0,18}", rows[1])
        ):
            raise Bad("not a checkpoint")
        root = unbase64(rows[2])
        lines = []
        for row in tail[:-1].split("\n"):
            match = re.fullmatch(r"— ([^\s+]+) (\S+)", row)
            data = unbase64(match[2]) if match else b""
            if match is None or len(data) < 5:
                raise Bad("not a signed note")
            lines.append((match[1], data[:4], data[4:]))
        if len(root) != 32 or len(lines) > 16:
            raise Bad("not a checkpoint")
        return cls(text + "\n", tuple(lines), rows[0], int(rows[1]), root)

    def line(self, name: str, algorithm: int, key: bytes) -> bytes | None:
        """The signature of this key; None if it has none (signed-note: name and key id find it)."""
        key_id = hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + key).digest()[:4]
        found = [signature for n, i, signature in self.lines if (n, i) == (name, key_id)]
        if len(found) > 1:
            raise Bad("a note with two signatures of one key")
        return found[0] if found else None


# --- what a bundle says


@dataclass
class Party:
    """A party and its keys, first to last: what its own signed statements (`changes`) say of them."""

    id: str
    name: str
    keys: list[Keys]
    changes: set[str] = field(default_factory=set)

    @property
    def origin(self) -> str:
        return f"detente/{self.id}"


@dataclass
class Entry:
    """A journal entry that is shown. Entries that concern others are only hashes and have none."""

    index: int
    leaf: bytes
    kind: str
    at: datetime
    subject: str
    body: Mapping[str, Any]


@dataclass
class Bundle:
    """Everything in the file, sorted by what it is. `problems` fill up as the checks go."""

    journal: str = ""
    peer: str = ""
    parties: dict[str, Party] = field(default_factory=dict)
    leaves: list[bytes] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    subjects: dict[str, list[Entry]] = field(default_factory=dict)
    checkpoints: list[Note] = field(default_factory=list)
    peer_checkpoints: list[tuple[Note, list[bytes]]] = field(default_factory=list)
    statements: dict[str, Statement] = field(default_factory=dict)
    ledgers: list[Mapping[str, Any]] = field(default_factory=list)
    evidence: list[Mapping[str, Any]] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)  # by envelope hash, as entries cite them
    topics: dict[tuple[str, str, str], list[Message]] = field(
        default_factory=dict
    )  # by sender, step, subject
    items: dict[str, Item] = field(default_factory=dict)
    proven: set[str] = field(default_factory=set)  # items of which evidence in this file proves something
    facts: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def check(self, what: str, run: Callable[[], str | None]) -> None:
        """Runs one check: what it found goes into the facts, what it refused into the problems."""
        try:
            fact = run()
            if fact:
                self.facts.append(fact)
        except Bad as problem:
            self.problems.append((what, str(problem)))

    def open(self, raw: bytes, kind: str | None = None) -> Statement:
        """The statement in an envelope, once every signature has verified under a key of a party in the file."""
        envelope = Envelope.read(raw)
        if kind is not None and envelope.kind != payload_type(kind):
            raise Bad(f"a statement of another kind than {kind!r}")
        signers: dict[str, Keys] = {}
        for key_id, signature in envelope.signatures:
            owner, keys = self.owner(key_id)
            ed25519(keys.envelope, signature, envelope.signed())
            if owner.id in signers:
                raise Bad("one party signed a statement twice")
            signers[owner.id] = keys
        body = parse(envelope.payload)
        if not isinstance(body, dict):
            raise Bad("a statement that is not an object")
        return Statement(envelope.kind, envelope.id, body, signers)

    def message(self, raw: bytes) -> Message:
        """The message in an envelope: of one of the two parties to the other, by a key in force when it was sent."""
        statement = self.open(raw, "message")
        names = ("sender", "recipient", "kind", "step", "agreement", "ceremony")
        texts = {name: member(statement.body, name, str) for name in names}
        sender, recipient = texts["sender"], texts["recipient"]
        if statement.signers.keys() != {sender} or {sender, recipient} != {self.journal, self.peer}:
            raise Bad("a message that its sender did not sign, or that is not between the two parties")
        keys, sent = statement.signers[sender], instant(statement.body.get("sent"))
        if any(end is not None and sent >= end for end in (keys.until, keys.revoked)):
            raise Bad("a message signed with a key that was retired or revoked by then")
        numbered, said = member(statement.body, "sequence", int), member(statement.body, "body", dict)
        digest = hashlib.sha256(raw).hexdigest()
        rows = [row for row in member(statement.body, "parts", list) if isinstance(row, dict)]
        parts = {str(row.get("name")): str(row.get("sha256")) for row in rows}
        return Message(id=digest, sequence=numbered, sent=sent, said=said, keys=keys, parts=parts, **texts)

    def owner(self, key_id: str) -> tuple[Party, Keys]:
        for party in self.parties.values():
            for keys in party.keys:
                if keys.id == key_id:
                    return party, keys
        raise Bad("signed by a key of neither party")

    def told(self, sender: str, steps: Sequence[str], about: str) -> list[Message]:
        """What a party said at one of these steps about an item, a document or a message."""
        return [each for step in steps for each in self.topics.get((sender, step, about), ())]

    def entries_about(self, subject: str, *kinds: str) -> list[Entry]:
        return [entry for entry in self.subjects.get(subject, ()) if entry.kind in kinds]


def read_lines(stream: BinaryIO) -> Iterator[tuple[int, Any]]:
    """The lines of a bundle as values. Lengths are capped before a line is read."""
    total = 0
    for number in range(1, 1 << 31):
        line = stream.readline(MAX_LINE + 1)
        total += len(line)
        if not line:
            return
        if len(line) > MAX_LINE or total > MAX_FILE or not line.endswith(b"\n"):
            raise Bad(f"line {number}: too long, or the file is cut short")
        try:
            value = parse(line[:-1])
        except Bad as problem:
            raise Bad(f"line {number}: {problem}") from None
        if not isinstance(value, dict):
            raise Bad(f"line {number}: not an object")
        yield number, value


def read_bundle(stream: BinaryIO) -> Bundle:
    """Sorts a file into a Bundle.

    Raises Bad where it is not a bundle; what does not verify goes into its problems.
    """
    bundle = Bundle()
    for number, line in read_lines(stream):
        kind = member(line, "type", str)
        if (number == 1) != (kind == "bundle"):
            raise Bad("a bundle begins with one line of type 'bundle'")
        reader = READERS.get(kind)
        if reader is None:
            raise Bad(f"line {number}: an unknown type; a newer detente-verify may know it")
        bundle.check(f"line {number} ({kind})", partial(reader, bundle, line))
    if not bundle.journal:
        raise Bad("an empty file")
    return bundle


def _read_head(bundle: Bundle, line: Mapping[str, Any]) -> None:
    if member(line, "version", int) != 1:
        raise Bad("a bundle of another version; a newer detente-verify may know it")
    for name in ("journal", "peer"):
        unhex(line.get(name))
    bundle.journal, bundle.peer = line["journal"], line["peer"]


def _read_party(bundle: Bundle, line: Mapping[str, Any]) -> str:
    """A party's keys: the first hash to its id, later ones follow by rotation; one of them signed the invitation."""
    unhex(line.get("party"))
    envelope = Envelope.read(unbase64(line.get("invitation")))
    body = parse(envelope.payload)
    keys = Keys.read(body)
    if envelope.kind != payload_type("invitation") or keys.id != line["party"]:
        raise Bad("an invitation that is not of this party: its id is not the hash of its envelope key")
    name = body.get("name")
    party = Party(keys.id, name if isinstance(name, str) else "", [keys])
    for change in texts(line, "changes"):
        _read_change(party, Envelope.read(unbase64(change)))
    key_id, signature = envelope.signatures[0]
    signed_by = [each for each in party.keys if each.id == key_id]
    if len(envelope.signatures) != 1 or not signed_by:
        raise Bad("an invitation that is not signed by a key of its own party")
    ed25519(signed_by[0].envelope, signature, envelope.signed())
    bundle.parties[party.id] = party
    return f"keys of {party.name or 'a party'}: {party.id}" + (
        f", {len(party.keys)} generations" if len(party.keys) > 1 else ""
    )


def _read_change(party: Party, envelope: Envelope) -> None:
    signatures = dict(envelope.signatures)
    known = {keys.id: keys for keys in party.keys}
    for key_id in signatures.keys() & known.keys():
        ed25519(known[key_id].envelope, signatures[key_id], envelope.signed())
    body = parse(envelope.payload)
    if member(body, "party", str) != party.id:
        raise Bad("a key statement of another party")
    if envelope.kind == payload_type("key-rotation"):
        keys = Keys.read(body)
        if signatures.keys() != {party.keys[-1].id, keys.id} or body.get("previous") != party.keys[-1].id:
            raise Bad("a rotation that is not signed by the present and the next key")
        ed25519(keys.envelope, signatures[keys.id], envelope.signed())
        until = instant(body.get("until"))
        if until - instant(body.get("since")) > MAX_CLOCK_OVERLAP:
            raise Bad("a rotation that leaves the old key in force for too long")
        party.keys[-1] = replace(party.keys[-1], until=until)
        party.keys.append(keys)
    elif envelope.kind == payload_type("key-revocation"):
        revoked = member(body, "key", str)
        if not signatures or not signatures.keys() <= known.keys() or revoked not in known:
            raise Bad("a revocation that no key of this party signed")
        since = instant(body.get("since"))
        party.keys = [
            replace(k, revoked=min(since, k.revoked or since)) if k.id == revoked else k for k in party.keys
        ]
    else:
        raise Bad("a key statement of an unknown kind")
    party.changes.add(envelope.id)


def _read_entry(bundle: Bundle, line: Mapping[str, Any]) -> None:
    index = member(line, "index", int)
    if index != len(bundle.leaves):
        raise Bad("entries left out or out of order: the journal in this file has a gap")
    if "leaf" in line:
        bundle.leaves.append(unhex(line["leaf"]))
        return
    data = unbase64(line.get("data"))
    leaf = leaf_hash(data)
    bundle.leaves.append(leaf)
    body = parse(data)
    kind, subject, about = member(body, "kind", str), member(body, "subject", str), member(body, "body", dict)
    entry = Entry(index, leaf, kind, instant(body.get("at")), subject, about)
    bundle.entries.append(entry)
    bundle.subjects.setdefault(subject, []).append(entry)


def _read_checkpoint(bundle: Bundle, line: Mapping[str, Any]) -> None:
    bundle.checkpoints.append(Note.read(line.get("note")))


def _read_peer_checkpoint(bundle: Bundle, line: Mapping[str, Any]) -> None:
    proof = [unhex(each) for each in texts(line, "proof")]
    bundle.peer_checkpoints.append((Note.read(line.get("note")), proof))


def _read_statement(bundle: Bundle, line: Mapping[str, Any]) -> None:
    raw = unbase64(line.get("envelope"))
    kind = Envelope.read(raw).kind
    if kind == payload_type("message"):
        message = bundle.message(raw)
        bundle.messages[message.id] = message
        for about in message.about():
            bundle.topics.setdefault((message.sender, message.step, about), []).append(message)
    elif kind in (payload_type("agreement"), payload_type("document")):
        statement = bundle.open(raw)
        bundle.statements[statement.id] = statement
    else:
        raise Bad("a statement of a kind that no bundle holds; a newer detente-verify may know it")


def _read_ledger(bundle: Bundle, line: Mapping[str, Any]) -> None:
    bundle.ledgers.append(line)


def _read_evidence(bundle: Bundle, line: Mapping[str, Any]) -> None:
    bundle.evidence.append(line)


READERS: dict[str, Callable[[Bundle, Mapping[str, Any]], str | None]] = {
    "bundle": _read_head,
    "party": _read_party,
    "entry": _read_entry,
    "checkpoint": _read_checkpoint,
    "peer-checkpoint": _read_peer_checkpoint,
    "statement": _read_statement,
    "ledger": _read_ledger,
    "evidence": _read_evidence,
}


# --- journals


def check_head(note: Note, party: Party) -> None:
    """That a party signed this head of its own journal, with whichever of its keys; or Bad."""
    if note.origin != party.origin:
        raise Bad("a checkpoint of another journal")
    for keys in party.keys:
        signature = note.line(party.origin, 0x01, keys.checkpoint_ed25519)
        if signature is not None:
            ed25519(keys.checkpoint_ed25519, signature, note.text.encode())
            return
    raise Bad("a checkpoint without its own party's signature")


def cosigned_at(note: Note, cosigner: Party) -> datetime | None:
    """When a party cosigned this head with both its keys (tlog-cosignature); None if it has not."""
    for keys in cosigner.keys:
        classic = note.line(cosigner.origin, 0x04, keys.checkpoint_ed25519)
        lattice = note.line(cosigner.origin, 0x06, keys.checkpoint_mldsa44)
        if classic is None and lattice is None:
            continue
        if classic is None or lattice is None or classic[:8] != lattice[:8]:
            raise Bad("a head that was cosigned with only one of two keys, or at two times")
        seconds = int.from_bytes(classic[:8], "big")
        ed25519(keys.checkpoint_ed25519, classic[8:], f"cosignature/v1\ntime {seconds}\n{note.text}".encode())
        name, origin = cosigner.origin.encode(), note.origin.encode()
        message = (
            b"subtree/v1\n\x00" + bytes([len(name)]) + name + classic[:8] + bytes([len(origin)]) + origin
        )
        message += bytes(8) + note.size.to_bytes(8, "big") + note.root
        mldsa44(keys.checkpoint_mldsa44, lattice[8:], message)
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            raise Bad("a cosignature with an impossible time") from None
    return None


def check_journal(bundle: Bundle) -> str:
    ours, theirs = bundle.parties[bundle.journal], bundle.parties[bundle.peer]
    sizes = [note.size for note in bundle.checkpoints]
    if sizes != sorted(sizes) or not sizes:
        raise Bad("no checkpoints, or a journal that shrank: it was rolled back")
    if sizes[-1] != len(bundle.leaves):
        raise Bad(
            f"{len(bundle.leaves)} entries, but the last head is of {sizes[-1]}: truncated, or not yet signed"
        )
    # All heads are computed from one list of leaves, so each continues the one before.
    roots = roots_at(iter(bundle.leaves), set(sizes))
    covered = 0
    for note in bundle.checkpoints:
        check_head(note, ours)
        if note.root != roots[note.size]:
            raise Bad(
                f"the entries do not hash to the head of size {note.size}: an entry was altered, added or removed"
            )
        if cosigned_at(note, theirs) is not None:
            covered = note.size
    shown = len(bundle.entries)
    return (
        f"journal: {len(bundle.leaves)} entries ({shown} shown) hash to {len(sizes)} signed heads; "
        f"{theirs.name or 'the peer'} has cosigned the first {covered}"
    )


def check_peer_heads(bundle: Bundle) -> str:
    ours, party = bundle.parties[bundle.journal], bundle.parties[bundle.peer]
    size, root = 0, hashlib.sha256(b"").digest()
    for note, proof in bundle.peer_checkpoints:
        check_head(note, party)
        cosigned_at(note, ours)
        check_consistency(size, note.size, root, note.root, proof)
        size, root = note.size, note.root
    return f"the peer's journal: {len(bundle.peer_checkpoints)} heads, each continuing the one before, up to {size} entries"


# --- agreements
# Each check reads bodies by `member`, so that one of another shape is Bad and never a crash.


def check_document(bundle: Bundle, document: Statement) -> str | None:
    """That an agreement or another joint document is between the two; one signature binds nobody."""
    parties = {bundle.journal, bundle.peer}
    member(document.body, "base", str)
    if set(texts(document.body, "parties")) != parties:
        raise Bad("a document between other parties")
    if document.kind != payload_type("agreement"):
        return None
    instant(member(document.body, "terms", dict).get("expires"))
    if document.signers.keys() != parties:
        return f"agreement {document.id[:12]} was proposed and carries one signature: it binds nobody"
    return f"agreement {document.id[:12]} carries both signatures"


def terms_of(bundle: Bundle, agreement: str) -> Mapping[str, Any]:
    statement = bundle.statements.get(agreement)
    if statement is None or statement.kind != payload_type("agreement"):
        raise Bad("names an agreement that is not in this file")
    terms: Mapping[str, Any] = member(statement.body, "terms", dict)
    return terms


def in_force(bundle: Bundle, agreement: str, before: Entry) -> None:
    """That our journal has the agreement in force when it comes to this entry, or Bad.

    A suspension holds for the agreement of that name, whichever version follows; one that began anew after its end
    does not inherit it.
    """
    terms, name = terms_of(bundle, agreement), member(bundle.statements[agreement].body, "name", str)
    if instant(terms.get("expires")) <= before.at:
        raise Bad("names an agreement that had expired")
    begun = superseded = False
    suspended: set[str] = set()
    ends: dict[str, int] = {}
    for entry in bundle.entries:
        if entry.index >= before.index:
            break
        if entry.subject == agreement and entry.kind == "document.superseded":
            superseded = True
        if not entry.kind.startswith("document.") or entry.body.get("name") != name:
            continue
        if entry.kind == "document.in_force" and entry.body.get("document") == "agreement":
            begun = begun or entry.subject == agreement
            if ends.get(str(entry.body.get("base")), 1 << 60) <= entry.at.timestamp() * 1000:
                suspended.clear()
        elif entry.kind == "document.ended":
            effective = member(entry.body, "effective", int)
            ends[entry.subject] = min(effective, ends.get(entry.subject, effective))
        elif entry.kind == "document.suspended":
            suspended.add(member(entry.body, "statement", str))
        elif entry.kind == "document.resumed":
            suspended -= set(texts(entry.body, "lifts"))
    ended = ends.get(agreement, 1 << 60) <= before.at.timestamp() * 1000
    if suspended and "swap" in texts(terms, "continues_when_suspended"):
        suspended.clear()
    if not begun or superseded or ended or suspended:
        raise Bad("names an agreement that was not in force at that time")


@dataclass(frozen=True)
class Period:
    """From when until when a version was in force (milliseconds; `until` is not within, None where nothing ended it)."""

    document: Statement
    since: int
    until: int | None = None


def periods(bundle: Bundle) -> list[Period]:
    """Every version that both signed and when it was in force (spec/amendment, clause 7), by document and time."""
    began: dict[str, int] = {}
    ends: dict[str, int] = {}
    for entry in bundle.entries:
        known, version = bundle.statements.get(entry.subject), entry.subject
        if known is None or known.signers.keys() != {bundle.journal, bundle.peer}:
            continue
        if entry.kind == "document.in_force":
            began[version] = min(member(entry.body, "since", int), began.get(version, 1 << 60))
        elif entry.kind == "document.ended":
            ends[version] = min(member(entry.body, "effective", int), ends.get(version, 1 << 60))
    # a version's base is named in it, so in the order of the journal's first mention bases come first
    for version in began:
        statement = bundle.statements[version]
        base = str(statement.body.get("base"))  # what is no text is told of by check_document
        began[version] = max(began[version], began.get(base, 0))
        if base in began:
            ends[base] = min(began[version], ends.get(base, 1 << 60))
        if statement.kind == payload_type("agreement"):
            expires = instant_ms(member(statement.body, "terms", dict).get("expires"))
            ends[version] = min(expires, ends.get(version, expires))
    found = [Period(bundle.statements[v], since, ends.get(v)) for v, since in began.items()]
    return sorted(found, key=lambda p: (named(p.document.body), p.since))


def named(document: Mapping[str, Any]) -> tuple[str, str]:
    return member(document, "document", str), member(document, "name", str)


def in_force_at(bundle: Bundle, begin: int, end: int) -> list[Period]:
    """The versions in force at some instant from `begin` on and before `end`."""
    return [
        each
        for each in periods(bundle)
        if each.since < end and (each.until is None or each.until > max(begin, each.since))
    ]


def check_one_successor(bundle: Bundle) -> None:
    """That the journal has at most one successor of each version in force (spec/amendment, clause 4), or Bad."""
    after: dict[tuple[str, str, str], str] = {}
    for entry in bundle.entries:
        if entry.kind != "document.in_force":
            continue
        place = (
            member(entry.body, "document", str),
            member(entry.body, "name", str),
            member(entry.body, "base", str),
        )
        if after.setdefault(place, entry.subject) != entry.subject:
            raise Bad("two successors of one version, both in force: both parties broke the protocol")


def span(when: str) -> tuple[int, int]:
    """The instants that a day (in UTC) or an instant stands for: from the first, before the second; or Bad."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", when):
        begin = instant_ms(f"{when}T00:00:00.000Z")
        return begin, begin + 24 * 3600 * 1000
    begin = instant_ms(when)
    return begin, begin + 1


def written(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    milliseconds = min(milliseconds, LAST)
    whole = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def row_of(period: Period) -> dict[str, str]:
    """A period as --json prints it."""
    kind, name = named(period.document.body)
    since, until = written(period.since), written(period.until)
    return {"document": kind, "name": name, "hash": period.document.id, "since": since, "until": until}


# --- items: offered, seen, opened


def read_items(offer: Message) -> list[Item]:
    """The items of an offer, each of the agreement, run, swap and parties of the message it stands in; or Bad."""
    items = []
    for number, row in enumerate(member(offer.said, "items", list)):
        head = member(row, "head", dict)
        for name in ("finding", "marking", "leaf", "schema"):
            member(head, name, str)
        whole = {
            **{"agreement": offer.agreement, "giver": offer.sender, "receiver": offer.recipient},
            **{
                "swap": member(offer.said, "swap", str),
                "sid": member(offer.said, "sid", str),
                "number": number,
            },
        }
        if any(head.get(name) != value for name, value in whole.items()):
            raise Bad(
                "an item of another agreement, run, swap or pair of parties than the offer it stands in"
            )
        unhex(row.get("ciphertext"))
        unhex(row.get("key"))
        items.append(Item(item_id(row), head, row["ciphertext"], row["key"], offer))
    return items


def gather_items(bundle: Bundle, offer: Message) -> None:
    """What the peer offers may be malformed: it was refused then, and nothing rests on it."""
    try:
        items = read_items(offer)
    except Bad:
        if offer.sender == bundle.journal:
            raise
        return
    for item in items:
        bundle.items.setdefault(item.id, item)


MOVED = ("item.opened", "item.received")
ITEM_ENTRIES = ("item.prepared", "item.sent", *MOVED)
SAME_IN_ENTRIES = ("agreement", "swap", "finding", "number", "marking", "leaf")


def check_item(bundle: Bundle, item: Item, began: Mapping[str, Entry]) -> None:
    """An item that the journal speaks of: under what it was given, and that its receiver signed for the ciphertext."""
    entries = [entry for entry in bundle.subjects.get(item.id, ()) if entry.kind.startswith("item.")]
    if not entries:
        if item.offer.sender == bundle.journal:
            raise Bad("an item that this party offered, but that is not in its journal")
        return  # offered, and never taken: nothing of it is claimed
    first = began[item.head["swap"]]
    in_force(bundle, item.head["agreement"], first)
    if not any(entry.index < first.index for entry in bundle.entries_about(item.head["sid"], "run.started")):
        check_place(bundle, item, first)
    for entry in entries:
        if entry.kind in ITEM_ENTRIES and any(
            entry.body.get(name, item.head[name]) != item.head[name] for name in SAME_IN_ENTRIES
        ):
            raise Bad("a journal that says something else of an item than its offer")
    if any(entry.kind in MOVED for entry in entries):
        seen = bundle.told(item.offer.recipient, ("offer", "coin"), item.id)
        if not any(
            row == {"item": item.id, "ciphertext": item.ciphertext} for m in seen for row in m.rows("seen")
        ):
            raise Bad("an item whose receiver did not sign for its ciphertext before the key moved")


def check_place(bundle: Bundle, item: Item, first: Entry) -> None:
    """That an item which is of no run stands in a place of a request of the journal (spec/requests, clauses 5 to 7), or Bad."""
    request = member(item.head, "sid", str)
    for entry in bundle.entries_about(request, "request.asked"):
        asker = bundle.journal if entry.body.get("by") == "ours" else bundle.peer
        # who was asked answers in any place, who asked gives in return what it promised
        places = member(entry.body, "returns" if item.offer.sender == asker else "most", int)
        if entry.index < first.index and item.head["finding"] in slots(request, min(places, 64)):
            return
    raise Bad("an item of a run or a request that is not in the journal, or in no place of its request")


def slots(request: str, places: int) -> set[str]:
    """The findings in whose place answers to a request stand (spec/requests)."""
    seed = b"detente/answer/1" + unhex(request)
    return {hashlib.sha256(seed + number.to_bytes(4, "big")).hexdigest() for number in range(places)}


def key_commitment(key: bytes) -> str:
    """What an item says of its key (spec/exchange)."""
    return _expand(key, b"commit").hex()


def _expand(key: bytes, label: bytes) -> bytes:
    return HKDFExpand(SHA256(), 32, b"detente/item/1/" + label).derive(key)


def opens(item: Item, messages: Sequence[Message]) -> bool:
    """Whether a message among these holds the key that the item commits to."""
    keys = [message.key_of(item.id) for message in messages]
    return any(key is not None and key_commitment(key) == item.key for key in keys)


# --- what each entry rests on
# An entry about the two is this party's word, unless the file holds what the party that it speaks of signed.

LETTERS = ("settle", "consent", "transfer")  # answered days later: the key may have been retired since


def cited(bundle: Bundle, entry: Entry, *steps: str) -> Message:
    """The message of the peer that an entry cites, or Bad."""
    message = bundle.messages.get(member(entry.body, "message", str))
    if message is None:
        raise Bad("cites a message of the peer that is not in this file")
    if message.sender != bundle.peer or message.step not in steps:
        raise Bad("cites as the peer's a message which the peer did not sign, or which says something else")
    if message.step not in LETTERS and message.keys.revoked is not None and message.keys.revoked <= entry.at:
        raise Bad("rests on a message that was journalled after its signer's keys were revoked")
    return message


def rests(bundle: Bundle, entry: Entry, *steps: str) -> list[Message]:
    """The messages about its subject on which an entry rests: the peer's that it cites, or ours in this file."""
    if entry.body.get("by") == "theirs":
        found = [each for each in [cited(bundle, entry, *steps)] if entry.subject in each.about()]
    else:
        found = bundle.told(bundle.journal, steps, entry.subject)
    if not found:
        raise Bad(
            f"rests on a message ({' or '.join(steps)}) that is not in this file, or is about something else"
        )
    return found


def rows_of(bundle: Bundle, entry: Entry, name: str, *steps: str) -> list[Mapping[str, Any]]:
    """What the messages on which an entry rests say of its item in such a list."""
    found = [row for message in rests(bundle, entry, *steps) for row in message.rows(name)]
    return [row for row in found if row.get("item") == entry.subject]


def same(entry: Entry, said: Sequence[Mapping[str, Any]], *names: str) -> None:
    """That one of these says of an entry what its body does, or Bad."""
    if not any(all(entry.body.get(name) == each.get(name) for name in names) for each in said):
        raise Bad("says something else than what it rests on")


def item_of(bundle: Bundle, entry: Entry, giver: str | None = None) -> Item:
    item = bundle.items.get(entry.subject)
    if item is None or giver not in (None, item.offer.sender):
        raise Bad("speaks of an item whose offer by its giver is not in this file")
    return item


def offered(bundle: Bundle, entry: Entry) -> None:
    item_of(bundle, entry, bundle.journal)


def opened(bundle: Bundle, entry: Entry) -> None:
    item = item_of(bundle, entry, bundle.journal)
    if not opens(item, rests(bundle, entry, "keys")):
        raise Bad("this party sent a key that is not the one its item commits to")


def received(bundle: Bundle, entry: Entry) -> None:
    item = item_of(bundle, entry, bundle.peer)
    if not opens(item, [cited(bundle, entry, "keys")]):
        raise Bad("rests on a key that is not the one the item commits to")


def receipted(bundle: Bundle, entry: Entry) -> None:
    item, ours = item_of(bundle, entry), entry.body.get("by") == "ours"
    if (item.offer.sender == bundle.journal) == ours:
        raise Bad("a receipt that its receiver did not sign")
    if entry.body.get("receipt") == "seen":
        rows = rows_of(bundle, entry, "seen", "offer", "coin")
        if not any(row.get("ciphertext") == item.ciphertext for row in rows):
            raise Bad("a receipt for another ciphertext than the item's")
        return
    rows = rows_of(bundle, entry, "receipts", "stored", "dispute")
    if not rows:
        raise Bad("rests on a message that holds no receipt of that item")
    index, size = member(rows[0], "index", int), member(rows[0], "size", int)
    place = index, unhex(rows[0].get("leaf")), unhex(rows[0].get("plaintext")).hex()
    stored = bundle.entries_about(item.id, "item.received")
    if not 0 <= index < size:
        raise Bad("a receipt for an entry that its journal did not hold")
    if ours and place not in [(each.index, each.leaf, each.body.get("plaintext")) for each in stored]:
        raise Bad("this party signed a receipt for what is not in its journal")


def letter(bundle: Bundle, entry: Entry, act: str, answer: str) -> tuple[Message, Message]:
    """A letter and its answer, of which the entry cites the peer's; or Bad."""
    message = cited(bundle, entry, act, answer)
    if message.step == act:
        replies = bundle.told(bundle.journal, (answer,), message.id)
        if replies:
            return message, replies[-1]
    else:
        request = bundle.messages.get(member(message.said, "to", str))
        if request is not None and (request.sender, request.step) == (bundle.journal, act):
            return request, message
    raise Bad(f"rests on a letter ({act}) or on an answer to it that is not in this file")


def disputed(bundle: Bundle, entry: Entry) -> None:
    item_of(bundle, entry)
    if entry.body.get("message") == "":
        same(entry, rows_of(bundle, entry, "disputes", "dispute"), "ground")
        return
    request, _ = letter(bundle, entry, "dispute", "noted")
    same(entry, [request.said], "ground")
    by = bundle.journal if entry.body.get("by") == "ours" else bundle.peer
    if (request.said.get("item"), request.sender) != (entry.subject, by):
        raise Bad("rests on a dispute of another item, or of the other party")


def settled(bundle: Bundle, entry: Entry) -> None:
    request, reply = letter(bundle, entry, "settle", "answer")
    same(entry, [request.said], "counts")
    if request.said.get("item") != entry.subject or reply.said.get("yes") is not True:
        raise Bad("a settlement that the other side did not agree to")


def consented(bundle: Bundle, entry: Entry) -> None:
    request, reply = letter(bundle, entry, "consent", "answer")
    same(entry, [request.said], "to")
    if request.said.get("item") != entry.subject or reply.said.get("yes") is not True:
        raise Bad("a consent that was not given")


def recalled(bundle: Bundle, entry: Entry) -> None:
    same(
        entry,
        [{"until": instant_ms(each.said.get("until"))} for each in rests(bundle, entry, "recall")],
        "until",
    )


def attested(bundle: Bundle, entry: Entry) -> None:
    same(entry, [each.said for each in rests(bundle, entry, "attest")], "method", "refused")


def noticed(bundle: Bundle, entry: Entry) -> None:
    letter(bundle, entry, "notice", "noted")


def inquiry(bundle: Bundle, entry: Entry, act: str) -> Message:
    """What the party that the entry speaks of told the other of this request; or Bad."""
    message, _ = letter(bundle, entry, act, "noted")
    ours = entry.body.get("by") == "ours"
    if message.said.get("request") != entry.subject or (message.sender == bundle.journal) != ours:
        raise Bad(f"rests on another request's '{act}', or on the other party's")
    return message


def asked(bundle: Bundle, entry: Entry) -> None:
    message = inquiry(bundle, entry, "ask")
    said = {
        **message.said,
        "asked": instant_ms(message.said.get("asked")),
        "until": instant_ms(message.said.get("until")),
    }
    same(entry, [said], "topic", "marking", "most", "returns", "via", "asked", "until")
    told = canonical({name: value for name, value in message.said.items() if name != "request"})
    ids = unhex(message.sender) + unhex(message.recipient)
    whole = b"detente/request/1" + ids + told + unhex(message.parts.get("wording"))
    if hashlib.sha256(whole).hexdigest() != entry.subject:
        raise Bad("a request whose id is not the hash of what was asked")


def answered(bundle: Bundle, entry: Entry) -> None:
    message = inquiry(bundle, entry, "tell")
    same(entry, [{**message.said, "at": instant_ms(message.said.get("at"))}], "answer", "reason", "at")


def rated(bundle: Bundle, entry: Entry) -> None:
    same(entry, [inquiry(bundle, entry, "rate").said], "useful")


def transferred(bundle: Bundle, entry: Entry) -> None:
    request, reply = letter(bundle, entry, "transfer", "answer")
    same(entry, [{**request.said, "yes": reply.said.get("yes")}], "to", "named", "yes")
    asker = bundle.journal if entry.body.get("by") == "ours" else bundle.peer
    if request.said.get("request") != entry.subject or reply.sender != asker:
        raise Bad("rests on a transfer of another request, or that its asker did not answer")


def proposed(bundle: Bundle, entry: Entry) -> None:
    if not bundle.told(member(entry.body, "by", str), ("propose", "counter"), entry.subject):
        raise Bad("rests on a proposal that is not in this file")


def accepted(bundle: Bundle, entry: Entry) -> None:
    ours = entry.body.get("by") == bundle.journal
    found = (
        bundle.told(bundle.journal, ("accept",), entry.subject) if ours else [cited(bundle, entry, "accept")]
    )
    if not any(entry.subject in each.about() for each in found):
        raise Bad("rests on an acceptance that is not in this file")


def agreed(bundle: Bundle, entry: Entry) -> None:
    """Both signed: the document itself where the entry puts it in force, or what the two messages name."""
    both = {bundle.journal, bundle.peer}
    if entry.kind == "document.in_force":
        document = bundle.statements.get(entry.subject)
        if document is None or document.signers.keys() != both:
            raise Bad(
                "in force by the journal, but the file does not hold it with both signatures: it binds nobody"
            )
        same(entry, [document.body], "document", "name", "base")
        said = [each.said for party in both for each in bundle.told(party, ("accept",), entry.subject)]
        same(entry, [{"since": instant_ms(each.get("at"))} for each in said], "since")
        return
    statement = member(entry.body, "statement", str)
    if {
        each.sender
        for party in both
        for each in bundle.told(party, ("propose", "counter", "accept"), statement)
    } != both:
        raise Bad("rests on a proposal and an acceptance that are not both in this file")
    if statement in bundle.statements:
        same(entry, [member(bundle.statements[statement].body, "content", dict)], "lifts")


def rejected(bundle: Bundle, entry: Entry) -> None:
    """Somebody ended the conversation in which the version was proposed, or answered it with another."""
    both = (bundle.journal, bundle.peer)
    brought = [each for who in both for each in bundle.told(who, ("propose", "counter"), entry.subject)]
    places = {each.ceremony for each in brought}
    if not any(
        each.ceremony in places and (each.step in ENDINGS or each.said.get("instead") == entry.subject)
        for each in bundle.messages.values()
    ):
        raise Bad("rests on a rejection or a withdrawal that is not in this file")


def declared(bundle: Bundle, entry: Entry) -> None:
    by, statement = member(entry.body, "by", str), member(entry.body, "statement", str)
    if not bundle.told(by, ("suspend", "end", "revoke"), statement):
        raise Bad("rests on a suspension, a notice or a revocation that is not in this file")
    document = bundle.statements.get(statement)
    if document is None:
        return
    content = member(document.body, "content", dict)
    if by not in document.signers or document.body.get("base") != entry.subject:
        raise Bad("rests on a suspension, a notice or a revocation by another party, or of another document")
    same(entry, [document.body], "name")
    if entry.kind == "document.ended":
        same(entry, [{"effective": instant_ms(content.get("effective"))}], "effective")


def rekeyed(bundle: Bundle, entry: Entry) -> None:
    party = bundle.parties.get(entry.subject)
    if party is not None and member(entry.body, "statement", str) not in party.changes:
        raise Bad("a change of keys whose statement is not in this file")


def paired(bundle: Bundle, entry: Entry) -> None:
    hellos = {
        message.sender
        for message in bundle.messages.values()
        if message.step == "hello" and message.said.get("invitations") == entry.body.get("invitations")
    }
    if entry.subject == bundle.peer and hellos != {bundle.journal, bundle.peer}:
        raise Bad("rests on the two greetings that name both invitations, and one is not in this file")


def cosigned(bundle: Bundle, entry: Entry) -> None:
    for note, _ in bundle.peer_checkpoints:
        if entry.body.get("size") == note.size and entry.body.get("root") != note.root.hex():
            raise Bad("a head of the peer's journal that is not the one in this file")


def started(bundle: Bundle, entry: Entry) -> None:
    statement = member(entry.body, "statement", dict)
    if hashlib.sha256(b"detente/run/1" + canonical(statement)).hexdigest() != entry.subject:
        raise Bad("a run whose id is not the hash of its statement")
    roles = member(statement, "roles", dict)
    if sorted(map(str, roles.values())) != sorted((bundle.journal, bundle.peer)):
        raise Bad("a run of other parties")


ENDINGS = ("reject", "withdrawn", "refuse", "abort")

RESTS: dict[str, Callable[[Bundle, Entry], None]] = {
    "key.rotated": rekeyed,
    "key.revoked": rekeyed,
    "peer.paired": paired,
    "peer.checkpoint": cosigned,
    "document.proposed": proposed,
    "document.accepted": accepted,
    "document.in_force": agreed,
    "document.rejected": rejected,
    "document.resumed": agreed,
    "document.suspended": declared,
    "document.ended": declared,
    "run.started": started,
    "item.prepared": offered,
    "item.sent": offered,
    "item.opened": opened,
    "item.received": received,
    "item.receipt": receipted,
    "item.disputed": disputed,
    "item.settled": settled,
    "recall.requested": recalled,
    "recall.attested": attested,
    "consent.given": consented,
    "notice": noticed,
    "request.asked": asked,
    "request.told": answered,
    "request.rated": rated,
    "request.transfer": transferred,
}
"""Kind of entry -> the check that what it rests on is in the file, and was signed by whom it speaks of."""

JOURNALLED = {
    "keys": "item.opened",
    "stored": "item.received",
    "recall": "recall.requested",
    "attest": "recall.attested",
    "propose": "document.proposed",
    "counter": "document.proposed",
    "accept": "document.accepted",
}
"""Steps of this party's own messages -> the entry that its journal has of each thing they speak of."""


def check_conversations(bundle: Bundle) -> str | None:
    """Each side's messages of a conversation count from 0, without a gap and in order."""
    due: dict[tuple[str, str], int] = {}
    for message in bundle.messages.values():
        place = message.sender, message.ceremony
        if message.sequence != due.get(place, 0):
            raise Bad("a message was left out, or two stand in the wrong order: a conversation has a gap")
        due[place] = message.sequence + 1
    return f"{len(bundle.messages)} messages of {len({c for _, c in due})} conversations, none left out before another"


def check_journalled(bundle: Bundle, message: Message) -> None:
    kind = JOURNALLED.get(message.step, "")
    if message.sender != bundle.journal or not kind:
        return
    for about in message.about():
        if not bundle.entries_about(about, kind):
            raise Bad(f"this party said so, but its journal has no {kind} of it")


def check_what_was_said(bundle: Bundle) -> None:
    """Documents, messages, items, and what the journal's entries make of them."""
    for document in bundle.statements.values():
        bundle.check(f"document {document.id[:12]}", partial(check_document, bundle, document))
    bundle.check("the documents in force", partial(check_one_successor, bundle))
    bundle.check("the messages", partial(check_conversations, bundle))
    for message in bundle.messages.values():
        what = f"message {message.step} {message.id[:12]}"
        if message.step == "offer":
            bundle.check(what, partial(gather_items, bundle, message))
        bundle.check(what, partial(check_journalled, bundle, message))
    began: dict[str, Entry] = {}
    for entry in bundle.entries:
        item = bundle.items.get(entry.subject)
        if item is not None and entry.kind.startswith("item."):
            began.setdefault(item.head["swap"], entry)
    for item in bundle.items.values():
        bundle.check(f"item {item.id[:12]}", partial(check_item, bundle, item, began))
    checked = [entry for entry in bundle.entries if entry.kind in RESTS]
    for entry in checked:
        bundle.check(f"entry {entry.index} ({entry.kind})", partial(RESTS[entry.kind], bundle, entry))
    moved = sum(entry.kind in MOVED for entry in checked)
    bundle.facts.append(
        f"{len(checked)} entries, {moved} of items whose key moved, held against what was signed"
    )


# --- balance


def check_all_balanced(bundle: Bundle) -> None:
    """That every item whose key moved is in the balance of exactly one line."""
    named = [agreement for line in bundle.ledgers for agreement in texts(line, "agreements")]
    if len(named) != len(set(named)):
        raise Bad("an agreement in two balances")
    moved = {member(entry.body, "agreement", str) for entry in bundle.entries if entry.kind in MOVED}
    if not moved <= set(named):
        raise Bad("items were given under an agreement for which no balance is claimed")


@dataclass
class Line:
    """One item whose key moved, as the journal tells it (spec/exchange, "Balance")."""

    given: bool
    at: datetime
    deadline: timedelta
    ground: str | None = None
    settled: bool | None = None
    recalled: bool = False
    receipted: bool = False

    @property
    def counts(self) -> bool:
        if self.settled is not None:
            return self.settled and not self.recalled
        return not self.recalled and self.ground not in PROVABLE


PROVABLE = {"key", "schema", "marking", "repeated", "held", "opening"}
"""Grounds of a dispute that take an item out of the balance; others rest on a person's word and do not."""


def fold(bundle: Bundle, agreements: Sequence[str]) -> dict[str, Line]:
    """The ledger under these versions of an agreement: nothing but the journal's entries makes it."""
    lines: dict[str, Line] = {}
    for entry in bundle.entries:
        if entry.kind in ("item.opened", "item.received") and entry.subject not in lines:
            agreement = member(entry.body, "agreement", str)
            if agreement in agreements:
                days = member(member(terms_of(bundle, agreement), "disputes", dict), "deadline_days", int)
                given = entry.kind == "item.opened"
                lines[entry.subject] = Line(given, entry.at, timedelta(days=min(max(days, 0), 36500)))
        elif entry.subject in lines:
            _tell(lines[entry.subject], entry)
    return lines


def _tell(line: Line, entry: Entry) -> None:
    """What one more entry changes about an item."""
    receiver, giver = ("theirs", "ours") if line.given else ("ours", "theirs")
    by = entry.body.get("by")
    if entry.kind == "item.receipt" and by == receiver and entry.body.get("receipt") == "stored":
        line.receipted = True
    elif entry.kind == "item.disputed" and by == receiver and line.ground is None:
        if entry.at - line.at <= line.deadline:  # no answer by the deadline was acceptance
            line.ground = member(entry.body, "ground", str)
    elif entry.kind == "item.settled" and line.ground is not None:
        line.settled = member(entry.body, "counts", bool)
    elif entry.kind == "recall.requested" and by == giver:
        line.recalled = True


def check_ledger(bundle: Bundle, line: Mapping[str, Any]) -> str:
    agreements = texts(line, "agreements")
    claimed = member(line, "given", int), member(line, "received", int)
    lines = fold(bundle, agreements)
    given = [each for each in lines.values() if each.given and each.counts]
    received = [each for each in lines.values() if not each.given and each.counts]
    if claimed != (len(given), len(received)):
        raise Bad(
            f"the balance claimed is {claimed[0]} given, {claimed[1]} received; "
            f"the journal makes it {len(given)} and {len(received)}"
        )
    without = sum(not each.receipted for each in given)
    proven = len(bundle.proven & lines.keys())
    return (
        f"balance: {len(given)} given ({without} of them without a receipt: this party's claim alone), "
        f"{len(received)} received, {len(lines) - len(given) - len(received)} not counted"
        + (f"; evidence in this file is of {proven} items" if proven else "")
    )


# --- evidence


def _accused(bundle: Bundle, body: Mapping[str, Any], *raws: Any) -> list[Message]:
    """Messages that the accused party signed."""
    accused = member(body, "party", str)
    messages = [bundle.message(unbase64(raw)) for raw in raws]
    if not messages or any(message.sender != accused for message in messages):
        raise Bad("not messages that the accused party signed")
    return messages


def forked_heads(bundle: Bundle, body: Mapping[str, Any]) -> str:
    notes = [Note.read(text) for text in texts(body, "notes")]
    if len(notes) != 2:
        raise Bad("two heads are needed")
    for note in notes:
        check_head(note, bundle.parties[body["party"]])
    if notes[0].size != notes[1].size or notes[0].root == notes[1].root:
        raise Bad("two heads that can both be true: of different sizes, or the same")
    return "signed two different heads of its journal at one size: it shows different journals to different readers"


def rolled_back(bundle: Bundle, body: Mapping[str, Any]) -> str:
    party = bundle.parties[body["party"]]
    (message,) = _accused(bundle, body, body.get("message"))
    held, new = Note.read(body.get("note")), Note.read(message.said.get("note"))
    check_head(held, party)
    check_head(new, party)
    # the message says itself which head it continues
    if message.step != "head" or message.said.get("since") != held.size:
        raise Bad("a message that does not present a head as continuing that one")
    if new.size < held.size:
        return "presented a head of its journal, and after it one with fewer entries: it took entries back"
    proof = [unbase64(each) for each in texts(message.said, "proof")]
    try:
        check_consistency(held.size, new.size, held.root, new.root, proof)
    except Bad:
        return "presented a head with a proof by which it does not continue the one before"
    raise Bad("the later head continues the earlier one")


def two_answers(bundle: Bundle, body: Mapping[str, Any]) -> str:
    messages = _accused(bundle, body, *texts(body, "envelopes"))
    if len({message.id for message in messages}) != 2:
        raise Bad("one message twice: that proves nothing")
    if len({(message.ceremony, message.sequence) for message in messages}) != 1:
        raise Bad("two messages of different places in the conversation")
    return "signed two different messages for one place in a conversation"


def two_successors(bundle: Bundle, body: Mapping[str, Any]) -> str:
    documents = [bundle.open(unbase64(raw), member(body, "of", str)) for raw in texts(body, "envelopes")]
    if len({document.id for document in documents}) != 2:
        raise Bad("two different documents are needed")
    for name in ("document", "name", "base", "parties"):
        if documents[0].body.get(name) != documents[1].body.get(name) or name not in documents[0].body:
            raise Bad("two documents that do not both follow one version")
    if any(document.signers.keys() != {bundle.journal, bundle.peer} for document in documents):
        raise Bad("two documents that do not both carry both signatures")
    return "signed two different successors of one version of a document"


def two_coins(bundle: Bundle, body: Mapping[str, Any]) -> str:
    offer, coin = _accused(bundle, body, body.get("offer"), body.get("coin"))
    if (offer.step, coin.step, offer.ceremony) != (
        "offer",
        "coin",
        coin.ceremony,
    ) or "mutual" not in offer.said:
        raise Bad("not the offer and the coin of one swap")
    shown = hashlib.sha256(b"detente/coin/1" + unhex(coin.said.get("coin"))).hexdigest()
    if shown == offer.said.get("coin"):
        raise Bad("the coin is the one that the offer commits to")
    return "committed to one coin and showed another: it chose who opens first"


def wrong_key(bundle: Bundle, body: Mapping[str, Any]) -> str:
    offer, keys = _accused(bundle, body, body.get("offer"), body.get("keys"))
    if keys.step != "keys" or offer.ceremony != keys.ceremony:
        raise Bad("an offer and keys that do not belong together")
    ciphertext = unbase64(body.get("ciphertext", ""))
    items = [
        item for item in read_items(offer) if any(row.get("item") == item.id for row in keys.rows("keys"))
    ]
    for item in items:
        key = keys.key_of(item.id)
        if key is None or key_commitment(key) != item.key:
            bundle.proven.add(item.id)
            return "signed a key that is not the one its item commits to"
        if hashlib.sha256(ciphertext).hexdigest() == item.ciphertext:
            _must_not_open(item, key, ciphertext)
            bundle.proven.add(item.id)
            return "sealed an item that its own key does not open"
    raise Bad("every key is the one that its item commits to")


def _must_not_open(item: Item, key: bytes, ciphertext: bytes) -> None:
    """That an item is not what spec/exchange says: an AES-256-GCM of the padded plaintext, bound to its head."""
    try:
        padded = AESGCM(_expand(key, b"encrypt")).decrypt(bytes(12), ciphertext, canonical(item.head))
    except InvalidTag:
        return
    length = int.from_bytes(padded[:4], "big")
    whole = max(length + 4, 512)
    spare = whole.bit_length() - 1 - (whole.bit_length() - 1).bit_length()
    size = -(-whole >> spare) << spare
    if item.head.get("size") == len(padded) == size and not padded[4 + length :].strip(b"\x00"):
        raise Bad("the key opens the item, which has the agreed form")


def replayed_item(bundle: Bundle, body: Mapping[str, Any]) -> str:
    offers = _accused(bundle, body, *texts(body, "offers"))
    keys = _accused(bundle, body, *texts(body, "keys"))
    if not len(offers) == len(keys) == 2 or any(each.step != "keys" for each in keys):
        raise Bad("two offers are needed, and the keys to an item of each")
    first, second = (read_items(offer) for offer in offers)
    for one in first:
        for other in second:
            alike = one.head["finding"] == other.head["finding"] and one.id != other.id
            if alike and all(opens(item, [sent]) for item, sent in zip((one, other), keys, strict=True)):
                bundle.proven.add(other.id)
                return "gave on one finding twice"
    raise Bad("two offers that do not give on one finding twice")


def signed_messages(bundle: Bundle, body: Mapping[str, Any]) -> str:
    """For faults whose proof takes the matching engine: shows who signed what; the reader judges it."""
    messages = _accused(bundle, body, *texts(body, "messages"))
    steps = ", ".join(f"{message.step} #{message.sequence}" for message in messages)
    return f"signed these messages ({steps}); what is wrong with them is for the engine to show"


EVIDENCE: dict[str, Callable[[Bundle, Mapping[str, Any]], str]] = {
    "forked-heads": forked_heads,
    "rolled-back": rolled_back,
    "two-answers": two_answers,
    "two-successors": two_successors,
    "two-coins": two_coins,
    "wrong-key": wrong_key,
    "replayed-item": replayed_item,
    "signed-messages": signed_messages,
}
"""Kind of evidence -> the check that returns what it proves of `body["party"]`, or raises Bad."""


def check_evidence(bundle: Bundle, line: Mapping[str, Any]) -> str:
    prove = EVIDENCE.get(member(line, "kind", str))
    body = member(line, "body", dict)
    accused = bundle.parties.get(member(body, "party", str))
    if prove is None:
        raise Bad("a kind of evidence that is not known; a newer detente-verify may know it")
    if accused is None:
        raise Bad("accuses a party that is not in this file")
    return f"evidence ({line['kind']}): {accused.name or accused.id[:12]} {prove(bundle, body)}"


# --- the whole


def verify(stream: BinaryIO, pinned: Sequence[str] = ()) -> Bundle:
    """Runs every check on a bundle.

    Raises Bad where there is no bundle to check; else see its facts and problems.
    """
    bundle = read_bundle(stream)
    if not {bundle.journal, bundle.peer} <= bundle.parties.keys() or bundle.journal == bundle.peer:
        raise Bad(
            "the keys of one of the two parties are missing: " + "; ".join(why for _, why in bundle.problems)
        )
    for party in pinned:
        if party not in bundle.parties:
            bundle.problems.append(
                ("--party", f"{party[:12]}... is not a party in this file: it is of someone else")
            )
    # evidence comes first: it decides which items count
    for number, line in enumerate(bundle.evidence, 1):
        bundle.check(f"evidence {number}", partial(check_evidence, bundle, line))
    if bundle.leaves or bundle.checkpoints or bundle.ledgers or bundle.statements or bundle.messages:
        bundle.check("the journal", partial(check_journal, bundle))
        check_what_was_said(bundle)
        bundle.check("the balance", partial(check_all_balanced, bundle))
    if bundle.peer_checkpoints:
        bundle.check("the peer's journal", partial(check_peer_heads, bundle))
    for line in bundle.ledgers:
        bundle.check("the balance", partial(check_ledger, bundle, line))
    return bundle


def report(bundle: Bundle) -> str:
    rows = [f"  ok   {fact}" for fact in bundle.facts]
    rows += [f"  BAD  {what}: {why}" for what, why in bundle.problems]
    verdict = f"{len(bundle.problems)} things do not verify." if bundle.problems else "All of it verifies."
    return "\n".join([*rows, verdict])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="detente-verify",
        description="Checks one exported bundle of a journal offline.",
        epilog="Example: detente-verify northern-southern.bundle --party 9fbc3d... "
        "Exit status: 0 all of it verifies, 1 something does not, 2 misuse.",
    )
    parser.add_argument("bundle", type=Path, help="the file that `detente journal export` wrote")
    parser.add_argument(
        "--party",
        action="append",
        default=[],
        metavar="ID",
        help="a party id that must be in it; may be repeated",
    )
    parser.add_argument(
        "--at", metavar="DAY", help="say what was in force on a day (2026-05-01, in UTC) or at an instant"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    found: list[Period] = []
    try:
        asked = None if options.at is None else span(options.at)
    except Bad:
        parser.error("--at takes a day like 2026-05-01 or an instant like 2026-05-01T12:00:00.000Z")
    try:
        with options.bundle.open("rb") as stream:
            bundle = verify(stream, options.party)
        found = [] if asked is None else in_force_at(bundle, *asked)
    except OSError as problem:
        print(f"detente-verify: {options.bundle}: {problem.strerror}", file=sys.stderr)
        return 2
    except Bad as problem:
        bundle = Bundle(problems=[("the file", str(problem))])
    if options.json:
        print(
            json.dumps(
                {
                    "ok": not bundle.problems,
                    "facts": bundle.facts,
                    "problems": [{"what": what, "why": why} for what, why in bundle.problems],
                    "parties": {party.id: party.name for party in bundle.parties.values()},
                    "entries": len(bundle.leaves),
                    **({} if asked is None else {"in_force": [row_of(each) for each in found]}),
                }
            )
        )
    else:
        print(report(bundle))
        for row in map(row_of, found):
            until = f" until {row['until']}" if row["until"] else ""
            print(f"In force: {row['document']} {row['name']} {row['hash']}, since {row['since']}{until}")
        if asked is not None and not found:
            print("Nothing was in force then.")
    return 1 if bundle.problems else 0


if __name__ == "__main__":
    sys.exit(main())
