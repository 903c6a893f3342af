"""The `dh` engine: RFC 9497's verifiable OPRF over ristretto255, run in both directions at once (spec/engine-dh).

    FIRST                                    SECOND
    pk_F, query_F                     ->
                                      <-     pk_S, query_S, eval_S(query_F), proof
    eval_F(query_S), proof            ->

Each party has a fresh key a round and shows its public key before it has seen an evaluation; one proof covers a whole batch, so a
peer that evaluates different items under different keys is caught. Slow (some 150 microseconds a token and side on one core) and
plain: what it computes can be checked by the peer itself, position by position (`show`, `check`), which the faster engine cannot give.

Nothing here is random: key and blinds are derived from `entropy`, so a round resumes by replay. The peer learns how many tokens we
queried, and F on what it queried itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from detente import kernel
from detente.errors import FailedCheck, Malformed, Misuse, OutOfTurn
from detente.psi.engine import OUTPUT_BYTES, Role, Round, TokenBatch

_ELEMENT = kernel.ELEMENT_BYTES
_PROOF = kernel.PROOF_BYTES
_ENTROPY = 32
_ROW_LIMIT = 0xFFFF  # RFC 9497, section 1.2: inputs are at most 2^16 - 1 bytes


def _framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def _derived(entropy: bytes, label: bytes, *parts: bytes) -> bytes:
    return hashlib.sha256(_framed(label, entropy, *parts)).digest()


@dataclass(frozen=True, slots=True, repr=False)
class _Setting:
    """What stays the same for a whole round: who we are, what we hold, what we derived."""

    role: Role
    context: bytes
    tokens: TokenBatch
    theirs: int
    key: bytes
    public: bytes
    seed: bytes
    queries: bytes
    own: bytes

    def info(self, purpose: str, prover: Role, positions: Sequence[int] = ()) -> bytes:
        """What a proof is bound to, beside the elements: purpose, run, direction, and in an audit the positions."""
        places = b"".join(position.to_bytes(8, "big") for position in positions)
        return _framed(f"detente/dh/{purpose}/1".encode(), self.context, prover.value.encode(), places)


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

    def begin(
        self, role: Role, context: bytes, tokens: TokenBatch, theirs: int, entropy: bytes
    ) -> tuple[Round, bytes | None]:
        """Opens a round: our queries, and as FIRST the message that carries them. Raises Misuse for arguments that do not fit."""
        if len(entropy) != _ENTROPY:
            raise Misuse("a round needs 32 bytes of entropy")
        if theirs < 0 or tokens.width > _ROW_LIMIT:
            raise Misuse("the peer's number of tokens is not negative, and a token has at most 65535 bytes")
        binding = (role.value.encode(), context)
        key, public = kernel.derive_key_pair(
            _derived(entropy, b"detente/dh/key/1", *binding), b"detente/dh/key/1"
        )
        seed = _derived(entropy, b"detente/dh/blinds/1", *binding)
        queries, own = kernel.begin(seed, key, tokens.rows, tokens.width)
        setting = _Setting(role, context, tokens, theirs, key, public, seed, queries, own)
        if role is Role.FIRST:
            return DhRound(setting, "queried"), public + queries
        return DhRound(setting, "listening"), None


@dataclass(frozen=True, slots=True, repr=False)
class DhRound:
    """One state of a `dh` round. `heard` is the peer's public key and queries; `finished` our outputs."""

    setting: _Setting
    stage: str  # FIRST: queried > done; SECOND: listening > answered > done
    heard_public: bytes = b""
    heard_queries: bytes | memoryview = b""
    finished: bytes | None = field(default=None)

    def __repr__(self) -> str:  # never keys, tokens or outputs
        return f"DhRound({self.setting.role.value}, {self.stage})"

    @property
    def done(self) -> bool:
        """Whether outputs are ready and no further message of the peer is expected."""
        return self.stage == "done"

    def receive(self, message: bytes) -> tuple[Round, bytes | None]:
        """Takes the peer's next message. Its length is checked before anything in it is read.

        Raises Malformed for a wrong length, OutOfTurn once done, FailedCheck (with the message as evidence) for anything else.
        """
        if self.done:
            raise OutOfTurn("the round is over; it takes no further message", message)
        expected = self._expected_length()
        if len(message) != expected:
            raise Malformed(
                f"a message of {expected} bytes is due in this round, not {len(message)}", message
            )
        try:
            if self.stage == "queried":
                return self._receive_second(message)
            if self.stage == "listening":
                return self._receive_first(message)
            return self._receive_third(message)
        except kernel.Rejected:
            raise FailedCheck(message) from None

    def outputs(self) -> bytes:
        """F of our tokens, 32 bytes each, in input order. Raises OutOfTurn before the peer has answered us."""
        if self.finished is None:
            raise OutOfTurn("the peer has not evaluated our tokens yet")
        return self.finished

    def show(self, positions: Sequence[int]) -> bytes:
        """For each position its query's blind and our key's evaluation of its token, under one proof: 64 bytes each and 64.

        Raises Misuse for a position that we do not have, OutOfTurn before our outputs are there.
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
        """F of their tokens, 32 bytes each, recomputed from what they showed: the audit of spec/matching, step 6.

        Raises Malformed for a wrong length; FailedCheck if a token was not what they queried at its position, or their evaluation
        is not under this round's key; Misuse for a position beyond their batch.
        """
        setting = self.setting
        if not self.heard_public:
            raise OutOfTurn("the peer has not sent its queries yet")
        _refuse_outside(positions, setting.theirs)
        if len(tokens) != len(positions) or tokens.width != setting.tokens.width:
            raise Malformed("one token of the agreed width is due for each position", shown)
        if len(shown) != len(positions) * 2 * _ELEMENT + _PROOF:
            raise Malformed("an opening of another length than the positions imply", shown)
        queries = memoryview(self.heard_queries)
        try:
            return kernel.check(
                rows=tokens.rows,
                width=tokens.width,
                queries=b"".join(queries[p * _ELEMENT : (p + 1) * _ELEMENT] for p in positions),
                shown=shown,
                key=setting.key,
                theirs=self.heard_public,
                info=setting.info("show", setting.role.other, positions),
                context=setting.context,
                own_is_first=setting.role is Role.FIRST,
            )
        except kernel.Rejected:
            raise FailedCheck(shown) from None

    def _expected_length(self) -> int:
        ours, theirs = len(self.setting.tokens) * _ELEMENT, self.setting.theirs * _ELEMENT
        if self.stage == "listening":
            return _ELEMENT + theirs
        if self.stage == "queried":
            return _ELEMENT + theirs + ours + _PROOF
        return ours + _PROOF

    def _receive_first(self, message: bytes) -> tuple[Round, bytes]:
        public, queries = message[:_ELEMENT], memoryview(message)[_ELEMENT:]
        self._check_public(public)
        reply = self.setting.public + self.setting.queries + self._answer(queries)
        return DhRound(self.setting, "answered", public, queries), reply

    def _receive_second(self, message: bytes) -> tuple[Round, bytes]:
        view = memoryview(message)
        public, queries = message[:_ELEMENT], view[_ELEMENT : _ELEMENT + self.setting.theirs * _ELEMENT]
        self._check_public(public)
        outputs = self._finish(public, view[_ELEMENT + len(queries) :])
        return DhRound(self.setting, "done", public, queries, outputs), self._answer(queries)

    def _receive_third(self, message: bytes) -> tuple[Round, None]:
        outputs = self._finish(self.heard_public, memoryview(message))
        return DhRound(self.setting, "done", self.heard_public, self.heard_queries, outputs), None

    def _check_public(self, public: bytes) -> None:
        # A peer that sends our own key back reflects us, and could send our proofs back too.
        if public == self.setting.public:
            raise kernel.Rejected
        kernel.check_element(public)

    def _answer(self, queries: memoryview) -> bytes:
        setting = self.setting
        evaluated = kernel.evaluate(setting.key, queries)
        info = setting.info("evaluate", setting.role)
        return evaluated + kernel.prove(setting.key, setting.public, info, queries, evaluated)

    def _finish(self, public: bytes, answer: memoryview) -> bytes:
        setting = self.setting
        outputs = kernel.finish(
            seed=setting.seed,
            rows=setting.tokens.rows,
            width=setting.tokens.width,
            public=public,
            info=setting.info("evaluate", setting.role.other),
            queries=setting.queries,
            evaluated=answer[:-_PROOF],
            proof=answer[-_PROOF:],
            own=setting.own,
            context=setting.context,
            own_is_first=setting.role is Role.FIRST,
        )
        assert len(outputs) == len(setting.tokens) * OUTPUT_BYTES
        return outputs


def _refuse_outside(positions: Sequence[int], n: int) -> None:
    if any(not 0 <= position < n for position in positions):
        raise Misuse("an audit position lies outside the batch")
