"""Pairing: one invitation file each way, then each signs what it holds; later, changes of keys. spec/pairing.

    FIRST   hello   {invitations, version}     both files by hash, the negotiated protocol version
    SECOND  hello   the same                   -> peer.paired in both journals

    anyone  change  a rotation or revocation, as signed   -> other: noted

An invitation vouches for itself: it is signed by the key that it carries. That it is the right party's is for two people to confirm, by reading the
fingerprint's words to each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from msgspec import Meta

from detente.ceremonies.ceremony import Append, Decision, Effect, Finish, Incoming, Json, Send, Step
from detente.errors import BadSignature, Equivocation, Expired, Malformed, Misuse, OutOfTurn, Refused
from detente.wire.canonical import canonical, decode_base64, encode_base64, parse_canonical
from detente.wire.envelope import INVITATION, KEY_ROTATION, seal, statement_id, unverified
from detente.wire.fingerprint import fingerprint_words
from detente.wire.keys import EnvelopeSigner, KeyPeriod, KeyRing, PublicKeys
from detente.wire.messages import VERSIONS, Instant, negotiate, parse_rfc3339, rfc3339
from detente.wire.rotation import apply_revocation, apply_rotation

MAX_INVITATION: Final = 1 << 18
MAX_CHANGES: Final = 64
MAX_SKEW: Final = 86_400_000  # an invitation may be dated this far ahead of our clock

_ADDRESS: Final = re.compile(r"https://(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?")


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An invitation as it stands in the payload."""

    party: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    address: Annotated[str, Meta(max_length=300)]
    versions: Annotated[list[Annotated[int, Meta(ge=1, le=9999)]], Meta(min_length=1, max_length=32)]
    keys: dict[str, Any]
    changes: Annotated[list[str], Meta(max_length=MAX_CHANGES)]
    nonce: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    created: str
    expires: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation whose signature was verified against the keys that it carries. `hash` names the file; `raw` is what to keep.

    `keys` are the present ones, `periods` all that the party ever had; `party` is the id of the first.
    """

    party: str
    name: str
    address: str  # https://host:port, "" where only a courier goes
    versions: tuple[int, ...]
    keys: PublicKeys
    periods: tuple[KeyPeriod, ...]
    nonce: str
    created: Instant
    expires: Instant
    hash: str
    raw: bytes

    @property
    def words(self) -> tuple[str, ...]:
        """Sixteen words to be read to the other party, by voice or in person."""
        return fingerprint_words(self.party)

    def __repr__(self) -> str:
        return f"Invitation({self.party[:12]}, {self.hash[:12]})"


def make_invitation(
    signer: EnvelopeSigner,
    first_keys: PublicKeys,
    *,
    name: str,
    address: str,
    nonce: bytes,
    now: Instant,
    expires: Instant,
    changes: Sequence[bytes] = (),
    versions: Sequence[int] = VERSIONS,
) -> bytes:
    """The file that is handed to the other party. Raises Misuse where it could not be read there.

    `first_keys` are those that gave us our id, `changes` the rotations and revocations since, in order; `nonce` is 16 fresh bytes.

    >>> raw = make_invitation(me, me.public, name="North", address="", nonce=bytes(16), now=0, expires=1)  # doctest: +SKIP
    """
    body = {
        "party": signer.party,
        "name": name,
        "address": address,
        "versions": sorted(versions),
        "keys": first_keys.to_json(),
        "changes": [encode_base64(change) for change in changes],
        "nonce": nonce.hex(),
        "created": rfc3339(now),
        "expires": rfc3339(expires),
    }
    try:
        raw = seal(INVITATION, canonical(body), signer)
        read_invitation(raw, now)
    except (Malformed, BadSignature, Expired, ValueError) as problem:
        raise Misuse(f"this invitation cannot be made: {problem}") from problem
    return raw


def read_invitation(raw: bytes, now: Instant | None) -> Invitation:
    """What an invitation says, once its signature has verified against its own keys. `now` None: whenever it was.

    Raises Malformed or BadSignature, and Expired past its time. That the keys are the right party's is not known yet: compare `words`.
    """
    if len(raw) > MAX_INVITATION:
        raise Malformed(f"an invitation of {len(raw)} bytes; at most {MAX_INVITATION} are read")
    claim = unverified(raw, max_bytes=MAX_INVITATION)
    if claim.payload_type != INVITATION:
        raise Malformed("not an invitation")
    try:
        body = msgspec.convert(parse_canonical(claim.payload, max_bytes=MAX_INVITATION), _Body)
    except msgspec.ValidationError:
        raise Malformed("an invitation with other members than it should have") from None
    created, expires = parse_rfc3339(body.created), parse_rfc3339(body.expires)
    first = PublicKeys.from_json(body.keys)
    if first.key_id != body.party:
        raise Malformed("an invitation whose party is not the hash of its first key")
    # as of its own date: a key that was in force then
    ring = _with_changes(KeyRing().with_party(first), [decode_base64(change) for change in body.changes])
    keys = ring.keys_of(body.party, created)
    if set(claim.signatures) != {keys.key_id}:
        raise BadSignature("an invitation is signed by the key that it carries, and by no other")
    claim.verify(keys.key_id, keys.envelope)
    _check_text(body)
    if now is not None:
        _check_time(created, expires, now)
    return Invitation(
        party=body.party,
        name=body.name,
        address=body.address,
        versions=tuple(body.versions),
        keys=keys,
        periods=ring.periods[body.party],
        nonce=body.nonce,
        created=created,
        expires=expires,
        hash=statement_id(INVITATION, claim.payload),
        raw=raw,
    )


def _with_changes(ring: KeyRing, changes: Sequence[bytes]) -> KeyRing:
    """The ring after each statement in turn. It knows one party, so statements of another do not verify."""
    for change in changes:
        kind = unverified(change).payload_type
        ring = apply_rotation(ring, change) if kind == KEY_ROTATION else apply_revocation(ring, change)[0]
    return ring


def _check_text(body: _Body) -> None:
    # names are shown in terminals and pages
    if not body.name.isprintable() or body.name != body.name.strip():
        raise Malformed("an invitation whose party name has unprintable or outer blank characters")
    if body.address and not _ADDRESS.fullmatch(body.address):
        raise Malformed("an invitation's address is https://host:port, or empty where only a courier goes")
    if body.versions != sorted(set(body.versions)):
        raise Malformed("an invitation's versions ascend, each once")


def _check_time(created: Instant, expires: Instant, now: Instant) -> None:
    if created > now + MAX_SKEW or expires <= created:
        raise Malformed("an invitation dated ahead, or that expires before it was made; compare both clocks")
    if now >= expires:
        raise Expired(f"the invitation expired at {rfc3339(expires)}; ask for a new one")


# --- the ceremony


class PairingSetup(msgspec.Struct, frozen=True):
    """What pairing needs. `change` is a rotation or revocation of ours to tell, b"" where the two pair.

    Both invitations as files; `keys` are both parties' key periods (KeyRing.periods) once they are paired.
    """

    ours: str
    theirs: str
    our_invitation: bytes
    their_invitation: bytes
    keys: dict[str, tuple[KeyPeriod, ...]] = {}
    change: bytes = b""


@dataclass(frozen=True, slots=True)
class Paired:
    """Both hold the same two invitations and speak `version`."""

    invitation: Invitation
    version: int


@dataclass(frozen=True, slots=True)
class KeysChanged:
    """A party's keys after a statement of its own. `periods` replace what was known of them."""

    party: str
    what: Literal["rotated", "revoked"]
    periods: tuple[KeyPeriod, ...]
    statement: bytes


@dataclass(frozen=True, slots=True)
class PairingKind:
    """How pairings are made."""

    name: ClassVar[str] = "pairing"
    Setup: ClassVar[type[PairingSetup]] = PairingSetup

    def begin(self, setup: PairingSetup, entropy: bytes, now: Instant) -> Step:
        """FIRST: says what it holds; or tells a change of our keys. Raises Refused where no protocol version is common."""
        if setup.change:
            return Pairing(setup, "told"), [Send("change", {}, {"statement": setup.change})]
        idle = Pairing(setup, "greeted")
        return idle, [Send("hello", idle.hello())]

    def answer(self, setup: PairingSetup, entropy: bytes, now: Instant) -> Pairing:
        """SECOND: waits."""
        return Pairing(setup, "idle")


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two parties that get to know each other's keys. Immutable."""

    kind: ClassVar[str] = "pairing"

    setup: PairingSetup
    phase: Literal["idle", "greeted", "told", "over"]

    def decide(self, decision: Decision, now: Instant) -> Step:
        raise Misuse("pairing asks nothing of people once both fingerprints were confirmed")

    def receive(self, message: Incoming, now: Instant) -> Step:
        match (self.phase, message.step):
            case ("idle" | "greeted", "hello"):
                return self._on_hello(message, now)
            case ("idle", "change"):
                return self._on_change(message, now)
            case ("told", "noted") if not message.body and not message.parts:
                # our own journal had the change before the peer heard of it
                return replace(self, phase="over"), [Finish("done")]
        raise OutOfTurn(f"'{message.step}' where pairing is {self.phase}", message.raw)

    # -- pairing

    def hello(self) -> dict[str, Json]:
        """What both say alike: which two files they hold, and the version that follows from them."""
        ours, theirs = self._invitations()
        # both lists are in the signed files, so whoever strips a version on the way is found out
        version = negotiate(ours.versions, theirs.versions)
        return {"invitations": {ours.party: ours.hash, theirs.party: theirs.hash}, "version": version}

    def _invitations(self) -> tuple[Invitation, Invitation]:
        ours = read_invitation(self.setup.our_invitation, None)
        theirs = read_invitation(self.setup.their_invitation, None)
        if (ours.party, theirs.party) != (self.setup.ours, self.setup.theirs):
            raise Misuse("these are the invitations of other parties")
        return ours, theirs

    def _on_hello(self, message: Incoming, now: Instant) -> Step:
        expected = self.hello()
        said = dict(message.body)
        if set(said) != set(expected) or message.parts or not isinstance(said["invitations"], dict):
            raise Malformed("a hello with other members than it should have", message.raw)
        if said["invitations"] != expected["invitations"]:
            raise Refused(
                "the two sides hold different invitations of each other; exchange fresh files and pair again"
            )
        if said["version"] != expected["version"]:
            raise Equivocation(
                "a protocol version other than the best that both invitations name", message.raw
            )
        ours, theirs = self._invitations()
        paired = Append(
            "peer.paired",
            theirs.party,
            {
                "party": theirs.party,
                "name": theirs.name,
                "key": theirs.keys.key_id,
                "tls": theirs.keys.tls_sha256,
                "invitations": expected["invitations"],
                "version": expected["version"],
            },
        )
        reply: list[Effect] = [Send("hello", expected)] if self.phase == "idle" else []
        return replace(self, phase="over"), [
            paired,
            *reply,
            Finish("done", Paired(theirs, negotiate(ours.versions, theirs.versions))),
        ]

    # -- changes of keys

    def _on_change(self, message: Incoming, now: Instant) -> Step:
        if set(message.parts) != {"statement"} or message.body:
            raise Malformed("a change of keys is one signed statement", message.raw)
        changed, entry = self._changed(self.setup.theirs, message.parts["statement"], now)
        return replace(self, phase="over"), [entry, Send("noted", {}), Finish("done", changed)]

    def _changed(self, party: str, raw: bytes, now: Instant) -> tuple[KeysChanged, Append]:
        """Applies a statement about `party`'s keys, and about nobody else's."""
        ring = KeyRing({party: self.setup.keys.get(party, ())})
        rotated = unverified(raw).payload_type == KEY_ROTATION
        after = apply_rotation(ring, raw, at=now) if rotated else apply_revocation(ring, raw, at=now)[0]
        statement = unverified(raw)
        entry = Append(
            "key.rotated" if rotated else "key.revoked",
            party,
            {"party": party, "statement": statement_id(statement.payload_type, statement.payload)},
        )
        return KeysChanged(party, "rotated" if rotated else "revoked", after.periods[party], raw), entry


__all__ = [
    "Invitation",
    "KeysChanged",
    "Paired",
    "Pairing",
    "PairingKind",
    "PairingSetup",
    "make_invitation",
    "read_invitation",
]
