"""detente-verify: checks one exported bundle offline, with nothing of the node that wrote it.

It reads the format of spec/journal ("The bundle") and shares no code with the `detente` package: one module,
one dependency (`cryptography`), so that whoever doubts a journal can read all that judges it. That is why it
is longer than a module should be.

What it shows: every signature verifies under keys that the two parties pinned; the entries hash to the heads
that were signed and cosigned; agreements carry both signatures; items name an agreement in force and a run
that took place; receipts match; the balance is what was claimed; evidence proves what it says. What it cannot
show: that records are true, that nothing was left out after the last cosigned head, and that the keys are
those of the organisations named. Compare the party ids with those that you know, or pass them with --party.

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
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

MAX_LINE = 4 << 20
MAX_FILE = 1 << 30
MAX_DEPTH = 20
MAX_INTEGER = 2**53 - 1
MAX_CLOCK_OVERLAP = timedelta(days=7)


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
    """The public keys of a party in one period."""

    envelope: bytes
    checkpoint_ed25519: bytes
    checkpoint_mldsa44: bytes
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
    """A statement whose signatures were verified: `id` names it whoever signed, `signers` are party ids."""

    kind: str
    id: str
    body: Any
    signers: frozenset[str]


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
    """A party and its keys, first to last: what its own signed statements say of them."""

    id: str
    name: str
    keys: list[Keys]

    @property
    def origin(self) -> str:
        return f"detente/{self.id}"


@dataclass
class Entry:
    """A journal entry that is shown. Entries that concern others are only hashes and have none."""

    index: int
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
    checkpoints: list[Note] = field(default_factory=list)
    peer_checkpoints: list[tuple[Note, list[bytes]]] = field(default_factory=list)
    statements: dict[str, Statement] = field(default_factory=dict)
    ledgers: list[Mapping[str, Any]] = field(default_factory=list)
    evidence: list[Mapping[str, Any]] = field(default_factory=list)
    messages: dict[str, Statement] = field(default_factory=dict)  # by envelope hash, as entries cite them
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

    def of_kind(self, kind: str) -> list[Statement]:
        return [each for each in self.statements.values() if each.kind == payload_type(kind)]

    def open(self, raw: bytes, kind: str | None = None) -> Statement:
        """The statement in an envelope, once every signature has verified under a key of a party in the file."""
        envelope = Envelope.read(raw)
        if kind is not None and envelope.kind != payload_type(kind):
            raise Bad(f"a statement of another kind than {kind!r}")
        signers = []
        for key_id, signature in envelope.signatures:
            owner, keys = self.owner(key_id)
            ed25519(keys.envelope, signature, envelope.signed())
            signers.append(owner.id)
        if len(set(signers)) != len(signers):
            raise Bad("one party signed a statement twice")
        body = parse(envelope.payload)
        if not isinstance(body, dict):
            raise Bad("a statement that is not an object")
        return Statement(envelope.kind, envelope.id, body, frozenset(signers))

    def owner(self, key_id: str) -> tuple[Party, Keys]:
        for party in self.parties.values():
            for keys in party.keys:
                if keys.id == key_id:
                    return party, keys
        raise Bad("signed by a key of neither party")

    def other(self, party: str) -> str:
        return self.peer if party == self.journal else self.journal


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
    """A party's keys: the first ones hash to its id and sign the invitation; later ones follow by rotation."""
    unhex(line.get("party"))
    envelope = Envelope.read(unbase64(line.get("invitation")))
    body = parse(envelope.payload)
    keys = Keys.read(body)
    if envelope.kind != payload_type("invitation") or keys.id != line["party"]:
        raise Bad("an invitation that is not of this party: its id is not the hash of its envelope key")
    if [key_id for key_id, _ in envelope.signatures] != [keys.id]:
        raise Bad("an invitation that is not signed by its own key")
    ed25519(keys.envelope, envelope.signatures[0][1], envelope.signed())
    name = body.get("name")
    party = Party(keys.id, name if isinstance(name, str) else "", [keys])
    for change in texts(line, "changes"):
        _read_change(party, Envelope.read(unbase64(change)))
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
        if instant(body.get("until")) - instant(body.get("since")) > MAX_CLOCK_OVERLAP:
            raise Bad("a rotation that leaves the old key in force for too long")
        party.keys.append(keys)
    elif envelope.kind == payload_type("key-revocation"):
        revoked = member(body, "key", str)
        if not signatures or not signatures.keys() <= known.keys() or revoked not in known:
            raise Bad("a revocation that no key of this party signed")
        since = instant(body.get("since"))
        party.keys = [
            Keys(k.envelope, k.checkpoint_ed25519, k.checkpoint_mldsa44, min(since, k.revoked or since))
            if k.id == revoked
            else k
            for k in party.keys
        ]
    else:
        raise Bad("a key statement of an unknown kind")


def _read_entry(bundle: Bundle, line: Mapping[str, Any]) -> None:
    index = member(line, "index", int)
    if index != len(bundle.leaves):
        raise Bad("entries left out or out of order: the journal in this file has a gap")
    if "leaf" in line:
        bundle.leaves.append(unhex(line["leaf"]))
        return
    data = unbase64(line.get("data"))
    bundle.leaves.append(leaf_hash(data))
    body = parse(data)
    bundle.entries.append(
        Entry(
            index,
            member(body, "kind", str),
            instant(body.get("at")),
            member(body, "subject", str),
            member(body, "body", dict),
        )
    )


def _read_checkpoint(bundle: Bundle, line: Mapping[str, Any]) -> None:
    bundle.checkpoints.append(Note.read(line.get("note")))


def _read_peer_checkpoint(bundle: Bundle, line: Mapping[str, Any]) -> None:
    proof = [unhex(each) for each in texts(line, "proof")]
    bundle.peer_checkpoints.append((Note.read(line.get("note")), proof))


def _read_statement(bundle: Bundle, line: Mapping[str, Any]) -> None:
    raw = unbase64(line.get("envelope"))
    statement = bundle.open(raw)
    bundle.statements[statement.id] = statement
    if statement.kind == payload_type("message"):
        bundle.messages[hashlib.sha256(raw).hexdigest()] = statement


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
    party = bundle.parties[bundle.peer]
    size, root = 0, hashlib.sha256(b"").digest()
    for note, proof in bundle.peer_checkpoints:
        check_head(note, party)
        check_consistency(size, note.size, root, note.root, proof)
        size, root = note.size, note.root
    return f"the peer's journal: {len(bundle.peer_checkpoints)} heads, each continuing the one before, up to {size} entries"


# --- agreements, runs, items, receipts, balance
# The members that are read here are those of spec/agreement, spec/matching and spec/exchange. Each check
# reads a
# statement by `member`, so that a statement of another shape is Bad and never a crash.


def entries_about(bundle: Bundle, kind: str, subject: str) -> list[Entry]:
    return [entry for entry in bundle.entries if entry.kind == kind and entry.subject == subject]


def check_revoked(bundle: Bundle, statement: Statement, at: datetime) -> None:
    """That no signer had revoked all its keys by then.

    A statement does not say which key; its newest unrevoked one is taken.
    """
    for signer in statement.signers:
        if all(keys.revoked is not None and keys.revoked <= at for keys in bundle.parties[signer].keys):
            raise Bad("a statement that was journalled after its signer's keys were revoked")


def check_agreement(bundle: Bundle, agreement: Statement) -> str:
    parties = {bundle.journal, bundle.peer}
    if agreement.signers != parties:
        if entries_about(bundle, "document.in_force", agreement.id):
            raise Bad("in force by the journal, but it does not carry both signatures: it binds nobody")
        return f"agreement {agreement.id[:12]} was proposed and carries one signature: it binds nobody"
    if set(texts(agreement.body, "parties")) != parties:
        raise Bad("an agreement between other parties")
    instant(member(agreement.body, "terms", dict).get("expires"))
    return f"agreement {agreement.id[:12]} carries both signatures"


def terms_of(bundle: Bundle, agreement: str) -> Mapping[str, Any]:
    statement = bundle.statements.get(agreement)
    if statement is None or statement.kind != payload_type("agreement"):
        raise Bad("names an agreement that is not in this file")
    terms: Mapping[str, Any] = member(statement.body, "terms", dict)
    return terms


def in_force(bundle: Bundle, agreement: str, before: Entry) -> None:
    """That our journal has the agreement in force when it comes to this entry, or Bad."""
    if instant(terms_of(bundle, agreement).get("expires")) <= before.at:
        raise Bad("names an agreement that had expired")
    begun, ended = False, False
    suspended: set[str] = set()
    for entry in bundle.entries:
        if entry.subject != agreement or entry.index >= before.index:
            continue
        if entry.kind == "document.in_force":
            begun = True
        elif entry.kind == "document.superseded":
            ended = True
        elif entry.kind == "document.ended":
            ended = ended or member(entry.body, "effective", int) <= before.at.timestamp() * 1000
        elif entry.kind == "document.suspended":
            suspended.add(member(entry.body, "statement", str))
        elif entry.kind == "document.resumed":
            suspended -= set(texts(entry.body, "lifts"))
    if not begun or ended or suspended:
        raise Bad("names an agreement that was not in force at that time")


def check_item(bundle: Bundle, item: Statement) -> None:
    if item.signers != {bundle.journal, bundle.peer}:
        raise Bad("an item statement that does not carry both signatures")
    giver = member(item.body, "giver", str)
    if giver not in item.signers:
        raise Bad("an item that neither party gives")
    for name in ("ciphertext", "key"):
        unhex(item.body.get(name))
    entries = [entry for entry in bundle.entries if entry.kind in ITEM_ENTRIES and entry.subject == item.id]
    if not entries:
        if giver == bundle.journal:
            raise Bad("an item that this party gives, but that is not in its journal")
        return  # it never arrived: nothing of it is claimed
    check_revoked(bundle, item, entries[0].at)
    in_force(bundle, member(item.body, "agreement", str), entries[0])
    for entry in entries:
        if any(entry.body.get(name, item.body.get(name)) != item.body.get(name) for name in SAME_IN_ENTRIES):
            raise Bad("a journal that says something else of an item than its statement")
    if not entries_about(bundle, "run.started", member(item.body, "run", str)):
        raise Bad("an item of a run that is not in the journal")


def item_of(bundle: Bundle, statement: Statement) -> Statement:
    item = bundle.statements.get(member(statement.body, "item", str))
    if item is None or item.kind != payload_type("item"):
        raise Bad("names an item that is not in this file")
    return item


def key_commitment(key: bytes) -> str:
    """What an item statement says of its key (spec/exchange)."""
    return hashlib.sha256(b"detente/item-key/1" + key).hexdigest()


def check_item_key(bundle: Bundle, statement: Statement) -> None:
    item = item_of(bundle, statement)
    if statement.signers != {item.body.get("giver")}:
        raise Bad("a key that its giver did not sign")
    if key_commitment(unhex(statement.body.get("key"))) != item.body.get("key"):
        raise Bad("a key that is not the one the item statement commits to")


def check_receipt(bundle: Bundle, receipt: Statement) -> None:
    item = item_of(bundle, receipt)
    if receipt.signers != {bundle.other(member(item.body, "giver", str))}:
        raise Bad("a receipt that the receiver did not sign")
    what = member(receipt.body, "what", str)
    if what == "seen" and receipt.body.get("ciphertext") != item.body["ciphertext"]:
        raise Bad("a receipt for another ciphertext than the item's")
    if what == "stored":
        for name in ("plaintext", "leaf"):
            unhex(receipt.body.get(name))
        member(receipt.body, "size", int)
    elif what != "seen":
        raise Bad("a receipt of an unknown kind")


def check_by_receiver(bundle: Bundle, statement: Statement) -> None:
    if statement.signers != {bundle.other(member(item_of(bundle, statement).body, "giver", str))}:
        raise Bad("not signed by the receiver of the item")


def check_by_giver(bundle: Bundle, statement: Statement) -> None:
    if statement.signers != {member(item_of(bundle, statement).body, "giver", str)}:
        raise Bad("not signed by the giver of the item")


STATEMENTS: dict[str, Callable[[Bundle, Statement], str | None]] = {
    "agreement": check_agreement,
    "item": check_item,
    "item-key": check_item_key,
    "receipt": check_receipt,
    "dispute": check_by_receiver,
    "recall": check_by_giver,
    "attestation": check_by_receiver,
}
"""What else must hold of a statement of a kind, once its signatures have verified."""

ITEM_ENTRIES = ("item.prepared", "item.sent", "item.opened", "item.received")
SAME_IN_ENTRIES = ("agreement", "finding", "number", "marking")


def check_nothing_left_out(bundle: Bundle) -> None:
    missing = {
        entry.subject
        for entry in bundle.entries
        if entry.kind in ITEM_ENTRIES and entry.subject not in bundle.statements
    }
    if missing:
        raise Bad(f"{len(missing)} items of the journal whose statements are not in this file")


def check_cited_messages(bundle: Bundle) -> str | None:
    """Entries that cite a message of the peer: it must be the peer's. If it is not in the file, it is our word."""
    shown = alone = 0
    for entry in bundle.entries:
        cited = entry.body.get("message")
        if not isinstance(cited, str) or not cited:
            continue
        message = bundle.messages.get(cited)
        if message is None:
            alone += 1
        elif message.signers != {bundle.peer}:
            raise Bad("an entry that cites a message which the peer did not sign")
        else:
            shown += 1
    if not shown and not alone:
        return None
    return f"{shown} entries rest on messages of the peer in this file, {alone} on the journal's word alone"


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


def _two_statements(bundle: Bundle, body: Mapping[str, Any], kind: str) -> tuple[Statement, Statement]:
    """Two different statements of one kind, both signed by the accused."""
    raws = texts(body, "envelopes")
    if len(raws) != 2:
        raise Bad("two statements are needed")
    first, second = (bundle.open(unbase64(raw), kind) for raw in raws)
    accused = member(body, "party", str)
    if accused not in first.signers or accused not in second.signers:
        raise Bad("not signed by the party that it accuses")
    if first.id == second.id:
        raise Bad("one statement twice: that proves nothing")
    return first, second


def _same(first: Statement, second: Statement, *names: str) -> bool:
    return all(name in first.body and first.body[name] == second.body.get(name) for name in names)


def forked_heads(bundle: Bundle, body: Mapping[str, Any]) -> str:
    notes = [Note.read(text) for text in texts(body, "notes")]
    party = bundle.parties.get(member(body, "party", str))
    if party is None or len(notes) != 2:
        raise Bad("two heads of a party in this file are needed")
    for note in notes:
        check_head(note, party)
    if notes[0].size != notes[1].size or notes[0].root == notes[1].root:
        raise Bad("two heads that can both be true: of different sizes, or the same")
    return "signed two different heads of its journal at one size: it shows different journals to different readers"


def rolled_back(bundle: Bundle, body: Mapping[str, Any]) -> str:
    notes = [Note.read(text) for text in texts(body, "notes")]
    party = bundle.parties.get(member(body, "party", str))
    messages = [bundle.open(unbase64(raw), "message") for raw in texts(body, "messages")]
    if party is None or len(notes) != 2 or len(messages) != 2:
        raise Bad("two heads and the two messages that presented them are needed")
    for note, text, message in zip(notes, texts(body, "notes"), messages, strict=True):
        check_head(note, party)
        if message.signers != {party.id} or text not in _strings(message.body):
            raise Bad("a message that does not present that head")
    if instant(messages[0].body.get("sent")) >= instant(messages[1].body.get("sent")):
        raise Bad("the heads were not presented in that order")
    if notes[1].size >= notes[0].size:
        raise Bad("the later head is not the smaller one")
    return "presented a head of its journal, and later one with fewer entries: it took entries back"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


def two_answers(bundle: Bundle, body: Mapping[str, Any]) -> str:
    first, second = _two_statements(bundle, body, "message")
    if not _same(first, second, "sender", "ceremony", "sequence"):
        raise Bad("two messages of different places in the conversation")
    return "signed two different messages for one place in a conversation"


def two_successors(bundle: Bundle, body: Mapping[str, Any]) -> str:
    first, second = _two_statements(bundle, body, member(body, "of", str))
    if (
        not _same(first, second, "document", "name", "base", "parties")
        or min(len(first.signers), len(second.signers)) < 2
    ):
        raise Bad("two documents that do not both follow one version with both signatures")
    return "signed two different successors of one version of a document"


def wrong_key(bundle: Bundle, body: Mapping[str, Any]) -> str:
    item = bundle.open(unbase64(body.get("item")), "item")
    key = bundle.open(unbase64(body.get("key")), "item-key")
    accused = member(body, "party", str)
    if key.body.get("item") != item.id or key.signers != {accused} or item.body.get("giver") != accused:
        raise Bad("a key and an item that do not belong together")
    if accused not in item.signers:
        raise Bad("an item statement that its giver did not sign")
    if key_commitment(unhex(key.body.get("key"))) == item.body.get("key"):
        raise Bad("the key is the one that the item statement commits to")
    bundle.proven.add(item.id)
    return "signed a key that is not the one its item statement commits to"


def replayed_item(bundle: Bundle, body: Mapping[str, Any]) -> str:
    first, second = _two_statements(bundle, body, "item")
    accused = member(body, "party", str)
    if first.body.get("giver") != accused or second.body.get("giver") != accused:
        raise Bad("items that the accused party does not give")
    if not _same(first, second, "ciphertext") and not _same(
        first, second, "agreement", "run", "finding", "number"
    ):
        raise Bad("two items that are not the same one")
    bundle.proven.add(second.id)
    return "gave one item twice under two statements"


def signed_messages(bundle: Bundle, body: Mapping[str, Any]) -> str:
    """For faults whose proof takes the matching engine: shows who signed what; the reader judges it."""
    accused = member(body, "party", str)
    messages = [bundle.open(unbase64(raw), "message") for raw in texts(body, "messages")]
    if not messages or any(message.signers != {accused} for message in messages):
        raise Bad("not messages that the accused party signed")
    steps = ", ".join(f"{message.body.get('step')} #{message.body.get('sequence')}" for message in messages)
    return f"signed these messages ({steps}); what is wrong with them is for the engine to show"


EVIDENCE: dict[str, Callable[[Bundle, Mapping[str, Any]], str]] = {
    "forked-heads": forked_heads,
    "rolled-back": rolled_back,
    "two-answers": two_answers,
    "two-successors": two_successors,
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
    if bundle.leaves or bundle.checkpoints or bundle.ledgers or bundle.statements:
        bundle.check("the journal", partial(check_journal, bundle))
        bundle.check("the journal", partial(check_nothing_left_out, bundle))
        bundle.check("the journal", partial(check_cited_messages, bundle))
    if bundle.peer_checkpoints:
        bundle.check("the peer's journal", partial(check_peer_heads, bundle))
    for kind, check in STATEMENTS.items():
        statements = bundle.of_kind(kind)
        for each in statements:
            bundle.check(f"{kind} {each.id[:12]}", partial(check, bundle, each))
        if statements and kind != "agreement":
            bundle.facts.append(f"{len(statements)} statements of kind {kind!r}")
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
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    options = parser.parse_args(arguments)
    try:
        with options.bundle.open("rb") as stream:
            bundle = verify(stream, options.party)
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
                }
            )
        )
    else:
        print(report(bundle))
    return 1 if bundle.problems else 0


if __name__ == "__main__":
    sys.exit(main())
