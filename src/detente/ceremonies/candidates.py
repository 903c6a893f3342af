"""From an overlap to candidate pairs, and from pairs to second-round tokens: spec/matching, steps 8 and 9.

Both sides hold the same leaves, so both build the same graph: which of first's records meets which of second's, over which tokens. Caps cut it in an
order that both compute alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from detente.errors import FailedCheck, Malformed
from detente.psi.commitment import Holder, Values
from detente.psi.engine import Role
from detente.topics.topic import Pair, Token, Topic

COUNT = "values"  # the profile's count of committed values: with it both sides know the size of round two


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair of records that share overlap tokens: `record` is the index of ours, `theirs` their opened holder."""

    id: bytes  # SHA-256 of sid and both handles, first's before second's
    record: int
    handle: bytes  # ours
    theirs: Holder
    pair: Pair


@dataclass(frozen=True, slots=True)
class OurRecord:
    """What the ceremony keeps of one record of ours."""

    handle: bytes
    tokens: tuple[Token, ...]
    values: Values
    profile: Mapping[str, int]


def read_profile(data: bytes, values_cap: int) -> dict[str, int]:
    """A peer's profile: at most 32 names with small integers. Malformed where it is anything else."""
    try:
        profile = msgspec.json.decode(data, type=dict[str, int])
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        raise Malformed("a profile that is not what the spec says", data) from None
    if len(profile) > 32 or not all(0 <= n < 1 << 31 for n in profile.values()):
        raise Malformed("a profile out of range", data)
    if profile.get(COUNT, values_cap + 1) > values_cap:
        raise Malformed("a profile with more values than the agreement's cap", data)
    return profile


def pair_id(sid: bytes, role: Role, ours: bytes, theirs: bytes) -> bytes:
    first, second = (ours, theirs) if role is Role.FIRST else (theirs, ours)
    return hashlib.sha256(b"detente/pair/1" + sid + first + second).digest()


def candidates(
    sid: bytes,
    role: Role,
    records: Sequence[OurRecord],
    overlap: Iterable[tuple[Token, Sequence[int], Sequence[Holder]]],
    pairs_cap: int,
    values_cap: int,
) -> tuple[list[Candidate], int]:
    """The candidate pairs in order of id, and how many the cap dropped.

    `overlap` gives each token that both hold with the indices of our records and with their holders.
    """
    holders: dict[bytes, Holder] = {}
    shared: dict[tuple[int, bytes], list[Token]] = {}
    for token, ours, theirs in overlap:
        for holder in theirs:
            if holders.setdefault(holder.handle, holder) != holder:
                raise FailedCheck(holder.encode())
            for record in ours:
                shared.setdefault((record, holder.handle), []).append(token)
    profiles = {handle: read_profile(h.profile, values_cap) for handle, h in holders.items()}
    found = []
    for (record, handle), tokens in shared.items():
        pair = Pair(tuple(sorted(tokens)), records[record].profile, profiles[handle])
        identity = pair_id(sid, role, records[record].handle, handle)
        found.append(Candidate(identity, record, records[record].handle, holders[handle], pair))
    kept = _cap(found, pairs_cap)
    return kept, len(found) - len(kept)


def _cap(found: list[Candidate], cap: int) -> list[Candidate]:
    """At most `cap` pairs a record on either side, those with the most shared tokens first; ties by id, which both compute alike."""
    ours: dict[bytes, int] = {}
    theirs: dict[bytes, int] = {}
    kept = []
    for candidate in sorted(found, key=lambda c: (-len(c.pair.tokens), c.id)):
        mine, other = candidate.handle, candidate.theirs.handle
        if ours.get(mine, 0) < cap and theirs.get(other, 0) < cap:
            ours[mine] = ours.get(mine, 0) + 1
            theirs[other] = theirs.get(other, 0) + 1
            kept.append(candidate)
    return sorted(kept, key=lambda c: c.id)


def to_compare(topic: Topic, found: Sequence[Candidate]) -> list[Candidate]:
    """The pairs that round two is worth its disclosure for. Two tokens at least, or what the topic calls a strong identifier."""
    return [c for c in found if topic.compare(c.pair)]


def value_token(sid: bytes, pair: bytes, kind: str, value: str) -> bytes:
    name = kind.encode()
    return hashlib.sha256(
        b"detente/value-token/1" + sid + pair + len(name).to_bytes(2, "big") + name + value.encode()
    ).digest()
