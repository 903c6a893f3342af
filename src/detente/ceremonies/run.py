"""The run statement: what both sign before anything is matched. spec/matching, step 1."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import msgspec

from detente.ceremonies.ceremony import Json
from detente.errors import Malformed, NotAgreed, Refused
from detente.psi.engine import Role
from detente.topics.airspace.space import Space
from detente.wire.canonical import canonical


class RunTerms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the agreement fixes for a run of one topic. `space` is for topics whose records are volumes of airspace."""

    agreement: str
    topic: str
    version: int
    engine: str
    buckets: int
    audit: int
    inspector: str  # "peer", "none" or a party id
    holders_per_token: int
    tokens_per_record: int
    values_per_record: int
    pairs_per_record: int
    tokens_limit: int  # the padded size at most, a side
    space: Space | None = None


class Batch(msgspec.Struct, frozen=True):
    """One records.loaded entry of our journal: its bytes, its place under our head, and the record commitments that it is the root of."""

    entry: bytes
    index: int
    path: bytes
    commitments: bytes


class RunRecord(msgspec.Struct, frozen=True):
    """One record of ours in a run. `batch` and `place` say where its commitment was journalled."""

    id: str
    batch: int
    place: int
    tokens: list[tuple[str, str]]
    values: list[tuple[str, str]]
    profile: dict[str, int]


class Head(msgspec.Struct, frozen=True):
    """A journal head, as in checkpoints. `root` is hex."""

    size: int
    root: str


NO_LIMIT = 1 << 53
MOST_PLEDGED = 1 << 23
_HEX = re.compile("[0-9a-f]{64}")


class RunSetup(msgspec.Struct, frozen=True):
    """All that a run needs to know. `their_head` is the last head of theirs that we cosigned: records must be older than it.

    `our_budget` and `their_budget` are the tokens that either side may still be charged, both rounds together.
    """

    ours: str
    theirs: str
    terms: RunTerms
    head: Head
    their_head: Head
    records: list[RunRecord]
    batches: list[Batch]
    our_budget: int = NO_LIMIT
    their_budget: int = NO_LIMIT


Statement = dict[str, Json]


def propose(setup: RunSetup, size: int, nonce: str, pledge: Json = None) -> Statement:
    """The run statement as far as FIRST can write it: second's size, nonce and pledge are missing. Runs over airspace pledge."""
    pledged: Statement = {} if setup.terms.space is None else {"pledges": {"first": pledge}}
    return {
        **pledged,
        "run": "detente/1",
        "terms": msgspec.to_builtins(setup.terms),
        "roles": {"first": setup.ours, "second": setup.theirs},
        "heads": {"first": msgspec.to_builtins(setup.head), "second": msgspec.to_builtins(setup.their_head)},
        "sizes": {"first": size},
        "nonces": {"first": nonce},
    }


def complete(
    setup: RunSetup, proposed: Statement, size: int, nonce: str, evidence: bytes, pledge: Json = None
) -> Statement:
    """SECOND's answer: the proposal with its own size, nonce and pledge. NotAgreed or Malformed where the proposal is not what was agreed."""
    sizes, nonces = _numbers(proposed, evidence)
    expected = propose(setup, 0, "")
    expected["roles"] = {"first": setup.theirs, "second": setup.ours}
    expected["heads"] = {
        "first": msgspec.to_builtins(setup.their_head),
        "second": msgspec.to_builtins(setup.head),
    }
    for name in ("run", "terms", "roles", "heads"):
        if canonical(proposed.get(name)) != canonical(expected[name]):  # canonical: to Python, true is 1
            raise NotAgreed(
                f"the proposed run differs from what is agreed in its {name}: compare `agreement show` on both sides"
            )
    if set(proposed) != set(expected) or set(sizes) != {"first"} or set(nonces) != {"first"}:
        raise Malformed("a run proposal with the wrong fields", evidence)
    _check_size(setup, sizes["first"], evidence)
    answer: Statement = {
        **proposed,
        "sizes": {**sizes, "second": size},
        "nonces": {**nonces, "second": nonce},
    }
    if setup.terms.space is not None:
        pledge_of(proposed, Role.FIRST, evidence)
        answer["pledges"] = {**_object(proposed, "pledges"), "second": pledge}
    return answer


def check_accepted(setup: RunSetup, proposed: Statement, accepted: Statement, evidence: bytes) -> None:
    """FIRST checks that the acceptance is its own proposal with nothing but second's size and nonce added."""
    sizes, nonces = _numbers(accepted, evidence)
    expected = {
        **proposed,
        "sizes": {**sizes, **_object(proposed, "sizes")},
        "nonces": {**nonces, **_object(proposed, "nonces")},
    }
    if setup.terms.space is not None:
        pledge_of(accepted, Role.SECOND, evidence)
        expected["pledges"] = {**_object(accepted, "pledges"), **_object(proposed, "pledges")}
    if (
        canonical(accepted) != canonical(expected)
        or set(sizes) != {"first", "second"}
        or set(nonces) != {"first", "second"}
    ):
        raise Malformed("an acceptance that changes the proposed run", evidence)
    _check_size(setup, sizes["second"], evidence)


def size_of(statement: Statement, role: Role) -> int:
    size = _object(statement, "sizes")[role.value]
    assert isinstance(size, int)
    return size


def pledge_of(statement: Statement, role: Role, evidence: bytes) -> tuple[bytes, int]:
    """Root and size of what a side pledged. Malformed where it is no pledge."""
    pledges = _object(statement, "pledges")
    written = pledges.get(role.value)
    root, size = (
        (written.get("root"), written.get("size"))
        if isinstance(written, dict) and len(written) == 2
        else (None, None)
    )
    if set(pledges) - {"first", "second"} or not isinstance(root, str) or type(size) is not int:
        raise Malformed("a run statement without a pledge", evidence)
    if not _HEX.fullmatch(root) or not 1 <= size <= MOST_PLEDGED:
        raise Malformed("a run statement with a bad pledge", evidence)
    return bytes.fromhex(root), size


def sid_of(statement: Statement) -> bytes:
    """The run's session id: every later hash takes it."""
    return hashlib.sha256(b"detente/run/1" + canonical(statement)).digest()


def _object(statement: Mapping[str, Json], name: str) -> dict[str, Json]:
    found = statement.get(name)
    return found if isinstance(found, dict) else {}


def _numbers(statement: Statement, evidence: bytes) -> tuple[dict[str, Json], dict[str, Json]]:
    sizes, nonces = _object(statement, "sizes"), _object(statement, "nonces")
    good = all(isinstance(s, int) and not isinstance(s, bool) for s in sizes.values())
    if (
        not good
        or not all(isinstance(n, str) and len(n) == 64 for n in nonces.values())
        or not sizes
        or not nonces
    ):
        raise Malformed("a run statement with bad sizes or nonces", evidence)
    return sizes, nonces


def _check_size(setup: RunSetup, size: Json, evidence: bytes) -> None:
    if not isinstance(size, int) or size < 1:
        raise Malformed("a run of no tokens", evidence)
    if size > setup.terms.tokens_limit:
        raise Refused(
            f"the peer declares {size} tokens; the agreement allows {setup.terms.tokens_limit} a side in one run"
        )
