"""The `dh` engine: RFC 9497's verifiable OPRF over ristretto255, in both directions at once (spec/engine-dh).

    FIRST                                    SECOND
    pk_F, query_F                     ->
                                      <-     pk_S, query_S, eval_S(query_F), proof
    eval_F(query_S), proof            ->

Each party has a fresh key a round and shows its public key with its queries; one proof covers a whole batch, so a
peer that evaluates different items under different keys is caught. It is the plain engine: four scalar
multiplications a token and side (bench/RESULTS.md), and what it computes the peer itself can check, position by
position (`show`, `check`), which the fast engine cannot give.

Nothing here is random: key and blinds are derived from `entropy`, so a round resumes by replay. The peer learns how
many tokens we queried, and F on what it queried itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from detente import kernel
from detente.errors import FailedCheck, Malformed, Misuse, OutOfTurn
from detente.psi.engine import Role, Round, TokenBatch

_ELEMENT = kernel.ELEMENT_BYTES
_PROOF = kernel.PROOF_BYTES
_SHOWN = kernel.SCALAR_BYTES + kernel.ELEMENT_BYTES
_ENTROPY = 32
_WIDEST = 0xFFFF  # RFC 9497, section 1.2: an input has at most 2^16 - 1 bytes


def _framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def _derived(entropy: bytes, label: bytes, role: Role, context: bytes) -> bytes:
    return hashlib.sha256(_framed(label, entropy, role.value.encode(), context)).digest()


@dataclass(frozen=True, slots=True, repr=False)
class _Setting:
    """What stays the same for a whole round: who we are, what we hold, what we derived from the entropy."""

    role: Role
    context: bytes
    tokens: TokenBatch
    theirs: int
    key: bytes
    public: bytes
    seed: bytes

    def info(self, purpose: str, prover: Role, positions: Sequence[int] = ()) -> bytes:
        """What a proof is bound to beside the elements: purpose, run, direction and, in an audit, the positions."""
        places = b"".join(position.to_bytes(8, "big") for position in positions)
        return _framed(f"detente/dh/{purpose}/1".encode(), self.context, prover.value.encode(), places)


@dataclass(frozen=True, slots=True, repr=False)
class _Ours:
    """Two columns over our tokens: blinded for the peer, and evaluated under our own key. 64 bytes a token."""

    queries: bytes
    own: bytes


@dataclass(frozen=True, slots=True, repr=False)
class _Theirs:
    """What the peer sent of itself: its public key and its queries, one element a token of theirs."""

    public: bytes
    queries: bytes


class _Latch:
    """Holds a state to one message ever: two of them would show the peer our key, or our blinds, on two inputs.

    The same message again is let through: a caller that crashed between two steps takes the same one twice.
    """

    __slots__ = ("_taken",)

    def __init__(self) -> None:
        self._taken: bytes | None = None

    def take(self, message: bytes) -> None:
        digest = hashlib.sha256(message).digest()
        if self._taken is None:
            self._taken = digest
        if self._taken != digest:
            raise OutOfTurn("this state of the round has taken another message already", message)


class DhEngine:
    """An `Engine` (psi/engine) whose rounds take three messages and whose every step the peer can check.

    >>> ours, theirs = TokenBatch(b"a" * 32 + b"b" * 32), TokenBatch(b"b" * 32)
    >>> first, message = DhEngine().begin(Role.FIRST, b"sid", ours, 1, bytes(32))
    >>> second, _ = DhEngine().begin(Role.SECOND, b"sid", theirs, 2, bytes([1]) * 32)
    >>> second, message = second.receive(message)
    >>> first, message = first.receive(message)
    >>> second, _ = second.receive(message)
    >>> first.outputs()[32:] == second.outputs()
    True
    """

    name = "dh"

    def charged(self, tokens: int) -> int:
        """As many as it declares: each query is one element."""
        return tokens

    def begin(
        self, role: Role, context: bytes, tokens: TokenBatch, theirs: int, entropy: bytes
    ) -> tuple[Round, bytes | None]:
        """Opens a round: our queries and, as FIRST, the message that carries them.

        Raises Misuse for entropy that is not 32 bytes, tokens wider than 65535 bytes or a negative `theirs`.
        """
        if len(entropy) != _ENTROPY:
            raise Misuse("a round needs 32 bytes of entropy")
        if theirs < 0 or tokens.width > _WIDEST:
            raise Misuse("a token has at most 65535 bytes, and the peer's number of tokens is not negative")
        key, public = kernel.derive_key_pair(
            _derived(entropy, b"detente/dh/key/1", role, context), b"detente/dh/key/1"
        )
        seed = _derived(entropy, b"detente/dh/blinds/1", role, context)
        queries, own = kernel.begin(seed, key, tokens.rows, tokens.width)
        setting = _Setting(role, context, tokens, theirs, key, public, seed)
        if role is Role.FIRST:
            return DhRound(setting, "queried", _Ours(queries, own)), public + queries
        return DhRound(setting, "listening", _Ours(queries, own)), None


@dataclass(frozen=True, slots=True, repr=False)
class DhRound:
    """One state of a `dh` round: FIRST goes queried > done, SECOND goes listening > answered > done."""

    setting: _Setting
    stage: Literal["queried", "listening", "answered", "done"]
    ours: _Ours | None  # until done
    theirs: _Theirs | None = None  # once heard
    finished: bytes | None = None  # once done
    latch: _Latch = field(default_factory=_Latch, compare=False)

    def __repr__(self) -> str:  # never keys, tokens or outputs
        return f"DhRound({self.setting.role.value}, {self.stage})"

    @property
    def done(self) -> bool:
        """Whether outputs are ready and no further message of the peer is expected."""
        return self.stage == "done"

    def receive(self, message: bytes) -> tuple[Round, bytes | None]:
        """Takes the peer's next message; its length is checked before anything in it is read.

        Raises OutOfTurn once done and for a second, different message to one state, Malformed for a wrong length,
        FailedCheck for anything else that is wrong. Each carries the message as its evidence.
        """
        if self.ours is None:
            raise OutOfTurn("the round is over; it takes no further message", message)
        self.latch.take(message)
        expected = self._expected_bytes()
        if len(message) != expected:
            raise Malformed(f"{expected} bytes are due in this round, not {len(message)}", message)
        try:
            if self.stage == "queried":
                return self._receive_second(self.ours, message)
            if self.stage == "listening":
                return self._receive_first(self.ours, message)
            return self._receive_third(self.ours, message)
        except kernel.Rejected:
            raise FailedCheck(message) from None

    def outputs(self) -> bytes:
        """F of our tokens, 32 bytes each, in input order. Raises OutOfTurn until the peer has answered us."""
        if self.finished is None:
            raise OutOfTurn("the peer has not evaluated our tokens yet")
        return self.finished

    def show(self, positions: Sequence[int]) -> bytes:
        """The blinds of our queries at these positions and our key's evaluations of their tokens, with one proof.

        64 bytes a position and 64 more. Raises Misuse for a position outside our batch, OutOfTurn until our outputs
        are there: before then an opening would tell the peer what to answer.
        """
        self.outputs()
        setting = self.setting
        _refuse_outside(positions, len(setting.tokens))
        return kernel.show(
            seed=setting.seed,
            rows=setting.tokens.take(positions).rows,
            width=setting.tokens.width,
            positions=positions,
            key=setting.key,
            public=setting.public,
            info=setting.info("show", setting.role, positions),
        )

    def check(self, positions: Sequence[int], tokens: TokenBatch, shown: bytes) -> bytes:
        """F of their tokens, 32 bytes each, recomputed from what they showed: the audit, spec/matching step 6.

        Raises FailedCheck unless each token was queried at its position and evaluated under this round's key,
        Malformed for a wrong length or number, Misuse for a position outside their batch, OutOfTurn until the peer
        has sent its queries.
        """
        setting, theirs = self.setting, self.theirs
        if theirs is None:
            raise OutOfTurn("the peer has not sent its queries yet", shown)
        _refuse_outside(positions, setting.theirs)
        if len(tokens) != len(positions) or (positions and tokens.width != setting.tokens.width):
            raise Malformed("one token of the agreed width is due for each position", shown)
        if len(shown) != len(positions) * _SHOWN + _PROOF:
            raise Malformed("an opening of another length than its positions imply", shown)
        try:
            return kernel.check(
                rows=tokens.rows,
                width=tokens.width,
                queries=TokenBatch(theirs.queries, _ELEMENT).take(positions).rows,
                shown=shown,
                key=setting.key,
                theirs=theirs.public,
                info=setting.info("show", setting.role.other, positions),
                context=setting.context,
                own_is_first=setting.role is Role.FIRST,
            )
        except kernel.Rejected:
            raise FailedCheck(shown) from None

    def _expected_bytes(self) -> int:
        hello = _ELEMENT + self.setting.theirs * _ELEMENT
        answer = len(self.setting.tokens) * _ELEMENT + _PROOF
        due = {"queried": hello + answer, "listening": hello, "answered": answer}
        return due[self.stage]

    def _receive_first(self, ours: _Ours, message: bytes) -> tuple[Round, bytes]:
        theirs = self._hear(message)
        reply = b"".join((self.setting.public, ours.queries, *self._answer(theirs.queries)))
        return replace(self, stage="answered", theirs=theirs, latch=_Latch()), reply

    def _receive_second(self, ours: _Ours, message: bytes) -> tuple[Round, bytes]:
        hello = _ELEMENT + self.setting.theirs * _ELEMENT
        theirs = self._hear(message[:hello])
        outputs = self._finish(ours, theirs, memoryview(message)[hello:])
        reply = b"".join(self._answer(theirs.queries))
        return replace(self, stage="done", ours=None, theirs=theirs, finished=outputs), reply

    def _receive_third(self, ours: _Ours, message: bytes) -> tuple[Round, None]:
        if self.theirs is None:
            raise OutOfTurn("an answer before the queries", message)
        outputs = self._finish(ours, self.theirs, memoryview(message))
        return replace(self, stage="done", ours=None, finished=outputs), None

    def _hear(self, hello: bytes) -> _Theirs:
        theirs = _Theirs(hello[:_ELEMENT], hello[_ELEMENT:])
        # A peer that sends our own key back could send our own proofs back, too.
        if theirs.public == self.setting.public:
            raise kernel.Rejected
        kernel.check_element(theirs.public)
        return theirs

    def _answer(self, queries: bytes) -> tuple[bytes, bytes]:
        setting = self.setting
        evaluated = kernel.evaluate(setting.key, queries)
        info = setting.info("evaluate", setting.role)
        return evaluated, kernel.prove(setting.key, setting.public, info, queries, evaluated)

    def _finish(self, ours: _Ours, theirs: _Theirs, answer: memoryview) -> bytes:
        setting = self.setting
        return kernel.finish(
            seed=setting.seed,
            rows=setting.tokens.rows,
            width=setting.tokens.width,
            public=theirs.public,
            info=setting.info("evaluate", setting.role.other),
            queries=ours.queries,
            evaluated=answer[:-_PROOF],
            proof=answer[-_PROOF:],
            own=ours.own,
            context=setting.context,
            own_is_first=setting.role is Role.FIRST,
        )


def _refuse_outside(positions: Sequence[int], n: int) -> None:
    if any(not 0 <= position < n for position in positions):
        raise Misuse("an audit position lies outside the batch")
