"""One stage of a run: commit, evaluate both ways, commit to results, audit, open in turn. spec/matching, steps 3 to 8.

A stage is used once for each round of a run. It knows tokens as bytes and nothing of their meaning. Messages alternate; FIRST begins.

    FIRST  evaluate {root, engine}
    SECOND evaluate {root, engine}         until both have their outputs
    FIRST  results  {heads, engine?}
    SECOND results  {heads, coin: commitment, engine?}
    FIRST  coin     {coin}
    SECOND audit    {coin, openings}
    FIRST  audit    {openings, first: bucket 0}
    SECOND open     {second: bucket 0, first: bucket 1}    ... alternating, so that neither leads by more than one bucket
           leaves   {second, first}        the same dance with the step-3 leaves of the overlap, where the stage has holders
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec
import numpy as np

from detente.ceremonies.ceremony import Incoming, Send
from detente.errors import FailedCheck, Malformed, OutOfTurn
from detente.psi.commitment import HASH, Commitment, Leaf, derive, dummy
from detente.psi.engine import Engine, Role, Round, TokenBatch
from detente.psi.opening import (
    Entry,
    Heads,
    Results,
    audit_positions,
    bucket_of,
    overlap_of,
    tags,
)

T = TypeVar("T")


class Opening(msgspec.Struct, frozen=True):
    """One audited position: its input leaf, why it is there, and its entry in the result list."""

    leaf: Leaf
    entry: Entry
    grounds: bytes  # a dummy's seed with prefix b"d", or b"t" and the topic-blind proof that a record stood behind it before the run


class Audit(msgspec.Struct, frozen=True):
    openings: list[Opening]
    shown: bytes  # what the engine shows for these positions


@dataclass(frozen=True, slots=True)
class Plan:
    """What does not change during a stage."""

    role: Role
    context: bytes
    engine: Engine
    tokens: bytes  # ours, n rows of 32 bytes, distinct, dummies included
    commitment: Commitment
    theirs: int  # their declared size
    buckets: int
    audit: int  # positions opened to the peer; 0 where there is no audit by the peer
    leaves: bool  # whether the overlap's leaves are opened
    seed: bytes
    grounds: Callable[[int], bytes]  # our position -> grounds
    examine: Callable[
        [Leaf, bytes], None
    ]  # checks the peer's grounds of a token that is no dummy; raises FailedCheck

    @property
    def size(self) -> int:
        return len(self.tokens) // HASH


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage under way. Immutable; `expects` is the only step that it accepts next."""

    plan: Plan
    expects: tuple[str, ...]
    round: Round
    root: bytes = b""  # theirs
    results: Results | None = None
    expected: np.ndarray | None = (
        None  # the tags that they would publish for our outputs, in order of position
    )
    heads: Heads | None = None  # theirs
    coin: bytes = b""  # ours
    promise: bytes = b""  # their commitment to their coin
    joint: bytes = b""
    sent: int = 0  # buckets of ours opened
    got: int = 0  # buckets of theirs opened
    overlap: tuple[tuple[int, int], ...] = ()  # (our position, theirs), in order of bucket
    leaves_sent: int = 0
    leaves_got: int = 0
    opened: Mapping[int, Leaf] | None = None  # our position -> their leaf
    finished: bool = False

    @property
    def phase(self) -> tuple[int, int]:
        """Progress: steps done and steps in all, in buckets."""
        total = self.plan.buckets * (2 if self.plan.leaves else 1)
        return self.got + self.leaves_got, total

    def receive(self, message: Incoming) -> tuple[Stage, Send | None]:
        """The peer's next message; the reply is None where the stage is over and the turn is ours."""
        if self.finished or message.step not in self.expects:
            raise OutOfTurn(
                f"{message.step} where {' or '.join(self.expects) or 'nothing'} is due", message.raw
            )
        handler = _HANDLERS[message.step]
        try:
            return handler(self, message.parts)
        except FailedCheck as fault:
            raise FailedCheck(message.raw, *fault.evidence) from None
        except Malformed as fault:
            raise Malformed(str(fault), message.raw, *fault.evidence) from None


def begin(plan: Plan) -> tuple[Stage, Send | None]:
    """Opens a stage. FIRST gets its first message to send; SECOND gets None and waits."""
    tokens = TokenBatch(plan.tokens, HASH)
    entropy = derive(plan.seed, "engine")
    first_round, message = plan.engine.begin(plan.role, plan.context, tokens, plan.theirs, entropy)
    coin = derive(plan.seed, "coin")
    stage = Stage(plan, ("evaluate",), first_round, coin=coin)
    if plan.role is Role.SECOND:
        return stage, None
    return stage, Send("evaluate", {}, {"root": plan.commitment.root, "engine": _need(message)})


def _need(message: bytes | None) -> bytes:
    if message is None:
        raise OutOfTurn("the engine has nothing to say where it must speak")
    return message


def _parts(parts: Mapping[str, bytes], needed: Sequence[str], optional: Sequence[str] = ()) -> None:
    names = set(parts)
    if not set(needed) <= names or names - set(needed) - set(optional):
        raise Malformed("a message with the wrong parts")


def _ready(stage: Stage) -> bool:
    try:
        stage.round.outputs()
    except OutOfTurn:
        return False
    return True


def _evaluate(stage: Stage, parts: Mapping[str, bytes]) -> tuple[Stage, Send]:
    expects_root = not stage.root
    _parts(parts, ["engine", "root"] if expects_root else ["engine"])
    if expects_root:
        if len(parts["root"]) != HASH:
            raise Malformed("a root is 32 bytes")
        stage = replace(stage, root=parts["root"])
    advanced, reply = stage.round.receive(parts["engine"])
    stage = replace(stage, round=advanced)
    out: dict[str, bytes] = {} if reply is None else {"engine": reply}
    if expects_root and stage.plan.role is Role.SECOND:
        out["root"] = stage.plan.commitment.root
    if stage.plan.role is Role.FIRST and _ready(stage):
        stage = _commit_results(stage)
        out["heads"] = _results(stage).heads.encode()
        return replace(stage, expects=("results",)), Send("results", {}, out)
    _need(reply)
    expects = ("evaluate", "results") if stage.plan.role is Role.SECOND else ("evaluate",)
    return replace(stage, expects=expects), Send("evaluate", {}, out)


def _commit_results(stage: Stage) -> Stage:
    plan = stage.plan
    outputs = stage.round.outputs()
    results = Results(plan.role, outputs, plan.buckets, derive(plan.seed, "results"))
    return replace(stage, results=results, expected=tags(plan.role.other, outputs))


def _results(stage: Stage) -> Results:
    if stage.results is None:
        raise OutOfTurn("results are not committed yet")
    return stage.results


def _on_results(stage: Stage, parts: Mapping[str, bytes]) -> tuple[Stage, Send]:
    plan = stage.plan
    second = plan.role is Role.SECOND
    _parts(parts, ["heads"] if second else ["heads", "coin"], ["engine"])
    reply = None
    if "engine" in parts:
        advanced, reply = stage.round.receive(parts["engine"])
        stage = replace(stage, round=advanced)
    stage = replace(stage, heads=Heads.decode(parts["heads"], plan.buckets, plan.theirs))
    if not second:
        if reply is not None or not stage.round.done:
            raise OutOfTurn("results before the evaluation is over")
        if len(parts["coin"]) != HASH:
            raise Malformed("a commitment to a coin is 32 bytes")
        return replace(stage, promise=parts["coin"], expects=("audit",)), Send(
            "coin", {}, {"coin": stage.coin}
        )
    if not _ready(stage):
        raise OutOfTurn("results before the evaluation is over")
    stage = _commit_results(stage)
    out = {"heads": _results(stage).heads.encode(), "coin": _promise(stage.coin)}
    if reply is not None:
        out["engine"] = reply
    return replace(stage, expects=("coin",)), Send("results", {}, out)


def _promise(coin: bytes) -> bytes:
    return hashlib.sha256(b"detente/coin/1" + coin).digest()


def _joint(plan: Plan, first: bytes, second: bytes) -> bytes:
    return hashlib.sha256(b"detente/joint-coin/1" + plan.context + first + second).digest()


def _on_coin(stage: Stage, parts: Mapping[str, bytes]) -> tuple[Stage, Send]:
    _parts(parts, ["coin"])
    if len(parts["coin"]) != HASH:
        raise Malformed("a coin is 32 bytes")
    stage = replace(stage, joint=_joint(stage.plan, parts["coin"], stage.coin), expects=("audit",))
    return stage, Send("audit", {}, {"coin": stage.coin, "openings": _open_audit(stage)})


def _on_audit(stage: Stage, parts: Mapping[str, bytes]) -> tuple[Stage, Send | None]:
    plan = stage.plan
    if plan.role is Role.FIRST:
        _parts(parts, ["coin", "openings"])
        if _promise(parts["coin"]) != stage.promise:
            raise FailedCheck(parts["coin"])
        stage = replace(stage, joint=_joint(plan, stage.coin, parts["coin"]))
        _check_audit(stage, parts["openings"])
        out = {"openings": _open_audit(stage), "first": _results(stage).open_bucket(0)}
        return replace(stage, sent=1, expects=("open",)), Send("audit", {}, out)
    _parts(parts, ["openings", "first"])
    _check_audit(stage, parts["openings"])
    return _on_open(stage, {"first": parts["first"]})


def _open_audit(stage: Stage) -> bytes:
    plan = stage.plan
    if not plan.audit:
        return b""
    positions = audit_positions(derive(stage.joint, plan.role.value), plan.size, plan.audit)
    results = _results(stage)
    openings = [Opening(plan.commitment.open(p), results.open_entry(p), plan.grounds(p)) for p in positions]
    return msgspec.msgpack.encode(Audit(openings, stage.round.show(positions)))


def _check_audit(stage: Stage, data: bytes) -> None:
    """The audit of step 6: every opened position was queried, has grounds, and stands in the right bucket with the right tag."""
    plan, heads = stage.plan, stage.heads
    if heads is None:
        raise OutOfTurn("an audit before the results")
    if not plan.audit:
        if data:
            raise Malformed("openings where no audit by the peer is agreed")
        return
    audit: Audit = decode(data, Audit)
    wanted = audit_positions(derive(stage.joint, plan.role.other.value), plan.theirs, plan.audit)
    if [o.leaf.position for o in audit.openings] != wanted:
        raise FailedCheck(data[:4096])
    for opening in audit.openings:
        opening.leaf.verify(stage.root, plan.theirs)
        _check_grounds(plan, opening)
    tokens = b"".join(o.leaf.token for o in audit.openings)
    outputs = stage.round.check(wanted, TokenBatch(tokens, HASH), audit.shown)
    expected = tags(plan.role.other, outputs)
    buckets = bucket_of(outputs, plan.buckets)
    for i, opening in enumerate(audit.openings):
        entry = opening.entry
        if entry.bucket != buckets[i] or entry.position != wanted[i] or entry.tag != expected[i].tobytes():
            raise FailedCheck(data[:4096])
        heads.verify_entry(entry)


def _check_grounds(plan: Plan, opening: Opening) -> None:
    if opening.grounds[:1] == b"d":
        if opening.leaf.holders or dummy(opening.grounds[1:]) != opening.leaf.token:
            raise FailedCheck(opening.leaf.token)
    elif opening.grounds[:1] == b"t":
        plan.examine(opening.leaf, opening.grounds[1:])
    else:
        raise Malformed("an opened position without grounds")


def _on_open(stage: Stage, parts: Mapping[str, bytes]) -> tuple[Stage, Send | None]:
    plan, heads, expected = stage.plan, stage.heads, stage.expected
    if heads is None or expected is None:
        raise OutOfTurn("a bucket before the results")
    names = turn(stage.sent, stage.got, plan.buckets)
    _parts(parts, names)
    overlap = list(stage.overlap)
    for offset, name in enumerate(names):
        number = stage.got + offset
        bucket = heads.open_bucket(number, parts[name], plan.theirs)
        mine = _results(stage).positions(number)
        overlap += [(int(mine[i]), theirs) for i, theirs in bucket.find(expected[mine])]
    overlap_of(overlap)
    stage = replace(stage, got=stage.got + len(names), overlap=tuple(overlap), expects=("open",))
    return _send_buckets(stage)


def turn(sent: int, got: int, total: int) -> list[str]:
    """Which buckets the peer's message carries: the one that answers ours, then the next, which it opens first."""
    names = ["second"] if got < sent else []
    return [*names, "first"] if sent < total else names


def _send_buckets(stage: Stage) -> tuple[Stage, Send | None]:
    plan, results = stage.plan, _results(stage)
    if stage.sent == plan.buckets:
        return _after_buckets(stage)
    out = {"second": results.open_bucket(stage.sent)}
    if stage.sent + 1 < plan.buckets:
        out["first"] = results.open_bucket(stage.sent + 1)
    stage = replace(stage, sent=stage.sent + len(out))
    if stage.sent == plan.buckets and stage.got == plan.buckets:  # ours was the last word: the turn is theirs
        stage = (
            replace(stage, expects=("leaves",)) if plan.leaves else replace(stage, expects=(), finished=True)
        )
    return stage, Send("open", {}, out)


def _after_buckets(stage: Stage) -> tuple[Stage, Send | None]:
    if not stage.plan.leaves:
        return replace(stage, expects=(), finished=True), None
    out = {"first": _open_leaves(stage, 0)}
    return replace(stage, leaves_sent=1, expects=("leaves",), opened={}), Send("leaves", {}, out)


def _in_bucket(stage: Stage, number: int) -> list[tuple[int, int]]:
    bucket = _results(stage).bucket
    return [(ours, theirs) for ours, theirs in stage.overlap if bucket[ours] == number]


def _open_leaves(stage: Stage, number: int) -> bytes:
    """Our leaves of the overlap in one bucket, in order of our position."""
    positions = sorted(ours for ours, _ in _in_bucket(stage, number))
    return msgspec.msgpack.encode([stage.plan.commitment.open(p) for p in positions])


def _check_leaves(stage: Stage, number: int, data: bytes) -> dict[int, Leaf]:
    leaves: list[Leaf] = decode(data, list[Leaf])
    pairs = {theirs: ours for ours, theirs in _in_bucket(stage, number)}
    if [leaf.position for leaf in leaves] != sorted(pairs):
        raise FailedCheck(data[:4096])
    found = {}
    for leaf in leaves:
        ours = pairs[leaf.position]
        if leaf.token != stage.plan.tokens[ours * HASH : (ours + 1) * HASH]:
            raise FailedCheck(data[:4096])
        leaf.verify(stage.root, stage.plan.theirs)
        found[ours] = leaf
    return found


def _on_leaves(stage: Stage, parts: Mapping[str, bytes]) -> tuple[Stage, Send | None]:
    total = stage.plan.buckets
    names = turn(stage.leaves_sent, stage.leaves_got, total)
    _parts(parts, names)
    opened = dict(stage.opened or {})
    for offset, name in enumerate(names):
        opened.update(_check_leaves(stage, stage.leaves_got + offset, parts[name]))
    stage = replace(stage, opened=opened, leaves_got=stage.leaves_got + len(names))
    if stage.leaves_sent == total:
        return replace(stage, expects=(), finished=True), None
    out = {"second": _open_leaves(stage, stage.leaves_sent)}
    if stage.leaves_sent + 1 < total:
        out["first"] = _open_leaves(stage, stage.leaves_sent + 1)
    stage = replace(stage, leaves_sent=stage.leaves_sent + len(out))
    if stage.leaves_sent == total and stage.leaves_got == total:
        stage = replace(stage, expects=(), finished=True)
    return stage, Send("leaves", {}, out)


def decode(data: bytes, kind: type[T] | Any) -> T:
    """Typed MessagePack from the peer. Its size was capped where the part was read. Malformed where it is anything else."""
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("a part that is not what the spec says") from None


_HANDLERS: Mapping[str, Callable[[Stage, Mapping[str, bytes]], tuple[Stage, Send | None]]] = {
    "evaluate": _evaluate,
    "results": _on_results,
    "coin": _on_coin,
    "audit": _on_audit,
    "open": _on_open,
    "leaves": _on_leaves,
}
