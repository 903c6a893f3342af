"""New keys for old: signed by both. And a key that no longer counts: signed by a key of the same party."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, cast, get_args

from detente.errors import BadSignature, Malformed, Misuse, OutOfTurn
from detente.wire.canonical import canonical, parse_canonical
from detente.wire.envelope import (
    KEY_REVOCATION,
    KEY_ROTATION,
    Envelope,
    add_signature,
    open_envelope,
    seal,
    unverified,
)
from detente.wire.instant import Instant, parse_rfc3339, rfc3339
from detente.wire.keys import EnvelopeSigner, KeyPeriod, KeyRing, PublicKeys

MAX_OVERLAP: Instant = 7 * 24 * 3600 * 1000
"""Old and new keys count together for at most this long, for messages under way."""

MAX_ROTATIONS = 1000
Reason = Literal["compromised", "lost", "retired"]


def rotate(
    ring: KeyRing,
    old: EnvelopeSigner,
    new: EnvelopeSigner,
    keys: PublicKeys,
    *,
    since: Instant,
    until: Instant,
) -> bytes:
    """The statement by which a party's keys change, signed by the old and the new envelope key.

    The new keys (`keys`, whose private half is `new`) count from `since`; the old ones up to `until`. Raises
    Misuse.
    """
    if old.party != new.party or keys.key_id != new.key_id:
        raise Misuse("a rotation is signed by the old and the new key of one party")
    if not 0 <= until - since <= MAX_OVERLAP:
        raise Misuse("old and new keys overlap by seven days at most")
    body = {
        "keys": keys.to_json(),
        "party": old.party,
        "previous": old.key_id,
        "sequence": len(ring.periods.get(old.party, ())),
        "since": rfc3339(since),
        "until": rfc3339(until),
    }
    return add_signature(seal(KEY_ROTATION, canonical(body), old), new)


def apply_rotation(ring: KeyRing, raw: bytes, *, at: Instant | None = None) -> KeyRing:
    """The ring after a rotation statement.

    Raises BadSignature, Malformed, or OutOfTurn if it does not follow the present keys.
    """
    claim = unverified(raw)
    if claim.payload_type != KEY_ROTATION or len(claim.signatures) != 2:
        raise Malformed("a rotation is one statement with two signatures")
    known = [key_id for key_id in claim.signatures if key_id in _key_ids(ring)]
    if len(known) != 1:
        raise BadSignature("a rotation is signed by one key that is known and one that is new")
    party, old_key = ring.envelope_key(known[0], at)
    claim.verify(known[0], old_key)  # the pinned key vouches for the bytes; only now are they parsed
    body = _members(
        parse_canonical(claim.payload), {"keys", "party", "previous", "sequence", "since", "until"}
    )
    keys = PublicKeys.from_json(body["keys"])
    claim.verify(keys.key_id, keys.envelope)
    since, until = parse_rfc3339(_string(body["since"])), parse_rfc3339(_string(body["until"]))
    periods = ring.periods[party]
    if body["party"] != party or body["previous"] != known[0] or periods[-1].keys.key_id != known[0]:
        raise OutOfTurn("a rotation that does not follow this party's present keys")
    if body["sequence"] != len(periods) or len(periods) > MAX_ROTATIONS or since < periods[-1].not_before:
        raise OutOfTurn("a rotation that does not follow this party's present keys")
    if not 0 <= until - since <= MAX_OVERLAP:
        raise Malformed("old and new keys overlap by seven days at most")
    retired = replace(periods[-1], not_after=min(until, periods[-1].not_after))
    return ring.with_periods(party, (*periods[:-1], retired, KeyPeriod(keys, since)))


def revoke(signer: EnvelopeSigner, key_id: str, *, since: Instant, reason: Reason) -> bytes:
    """The statement that a key of ours no longer counts from an instant on.

    Any key of ours in force may sign it, itself too.
    """
    body = {"key": key_id, "party": signer.party, "reason": reason, "since": rfc3339(since)}
    return seal(KEY_REVOCATION, canonical(body), signer)


def apply_revocation(ring: KeyRing, raw: bytes, *, at: Instant | None = None) -> tuple[KeyRing, Envelope]:
    """The ring after a revocation statement, and the statement. Raises BadSignature or Malformed."""
    envelope = open_envelope(raw, KEY_REVOCATION, ring, at=at)
    body = _members(envelope.body, {"key", "party", "reason", "since"})
    if envelope.signers != {body["party"]} or body["reason"] not in get_args(Reason):
        raise Malformed("not a revocation of the signer's own key")
    key_id = _string(body["key"])
    if key_id not in {period.keys.key_id for period in ring.periods[cast(str, body["party"])]}:
        raise BadSignature("the revocation of a key of another party")
    return ring.revoke(key_id, parse_rfc3339(_string(body["since"]))), envelope


def _key_ids(ring: KeyRing) -> frozenset[str]:
    return frozenset(period.keys.key_id for periods in ring.periods.values() for period in periods)


def _members(body: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(body, dict) or body.keys() != names:
        raise Malformed("a key statement with other members than it should have")
    return body


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed("a member that is text")
    return value
