"""The `rr22` engine: an oblivious PRF from silent VOLE, in both directions at once (spec/engine-rr22).

    FIRST                                            SECOND
    1  base OTs                                 ->
                                                <-   2  base OTs, OT extension
    3  OT extension, base VOLE, trees           ->
                                                <-   4  base VOLE, trees, challenge
    5  opening, challenge                       ->
                                                <-   6  punctured leaves, opening
    7  punctured leaves, X                      ->
                                                <-   8  proof, X
    9  proof, masked table                      ->
                                                <-  10  masked table, w
    11 w                                        ->

It is the fast engine: hashes and AES instead of scalar multiplications, some 45 bytes sent a token and side. The
peer learns how many tokens we declared, and F on what it queried itself: at `columns(n)` tokens at most, about 1.37
for each that it declared, which is what the query budget charges.

What it computes cannot be shown to the peer: two values under one key would give the key away. An audit needs an
inspector named in the agreement, who takes both parties' records (`record`, `inspect`); without one, `show` and
`check` refuse, and junk is caught with 1 - (1 - f o)^s only (spec/matching, step 6).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from detente import kernel
from detente.errors import FailedCheck, Malformed, Misuse, NotAgreed, OutOfTurn, PeerFault
from detente.psi.engine import Role, Round, TokenBatch

LARGEST_SHARD = 1 << 22
_ENTROPY = 32
_NO_PROOF = (
    "rr22 cannot show its evaluation to the peer: name an inspector in the agreement, agree on the dh engine,"
    " or match without an audit"
)


def columns(tokens: int) -> int:
    """How many tokens a peer that declared `tokens` could query if it cheated: what the query budget charges.

    >>> columns(1000), columns(1 << 20)
    (1484, 1437632)
    """
    return kernel.rr22_columns(tokens)


class Rr22Engine:
    """An `Engine` (psi/engine) whose rounds take eleven messages; both parties compute while messages travel.

    `inspectable` keeps what `Rr22Round.record` gives: 48 bytes a column, for the agreement's inspector.

    >>> ours, theirs = TokenBatch(b"a" * 32 + b"b" * 32), TokenBatch(b"b" * 32)
    >>> sides = [Rr22Engine().begin(Role.FIRST, b"sid", ours, 1, bytes(32))]
    >>> sides.append(Rr22Engine().begin(Role.SECOND, b"sid", theirs, 2, bytes([1]) * 32))
    >>> (first, message), (second, _) = sides
    >>> while not second.done:
    ...     second, message = second.receive(message)
    ...     if message is not None:
    ...         first, message = first.receive(message)
    >>> first.outputs()[32:] == second.outputs()
    True
    """

    name = "rr22"

    def __init__(self, *, inspectable: bool = False) -> None:
        self.inspectable = inspectable

    def charged(self, tokens: int) -> int:
        """As many as it could encode: `columns`."""
        return columns(tokens)

    def begin(
        self, role: Role, context: bytes, tokens: TokenBatch, theirs: int, entropy: bytes
    ) -> tuple[Round, bytes | None]:
        """Opens a round; our table is encoded in the background while the first messages travel.

        Raises Misuse for entropy that is not 32 bytes, a negative `theirs` or more than 2^22 tokens on a side.
        Tokens that repeat raise Misuse when the table is due (message 9 or 10).
        """
        if len(entropy) != _ENTROPY:
            raise Misuse("a round needs 32 bytes of entropy")
        if not 0 <= theirs <= LARGEST_SHARD or len(tokens) > LARGEST_SHARD:
            raise Misuse("a side has between 0 and 2^22 tokens a round; larger runs are cut into shards")
        session, message = kernel.Rr22Session.begin(
            role is Role.FIRST, context, tokens.rows, tokens.width, theirs, entropy, self.inspectable
        )
        return Rr22Round(role, session, _Result(session)), message


class _Result:
    """The outputs of a session, fetched once and then shared by all who hold its last state."""

    __slots__ = ("_outputs", "_record", "_session")

    def __init__(self, session: kernel.Rr22Session) -> None:
        self._session = session
        self._outputs: bytes | None = None
        self._record: bytes | None = None

    def fetch(self) -> tuple[bytes, bytes | None]:
        if self._outputs is None:
            self._outputs, self._record = self._session.finish()
        return self._outputs, self._record


@dataclass(slots=True)
class _Latch:
    """Holds a state to one message ever, and what came of it: a caller that crashed may hand in the same one twice."""

    taken: bytes | None = None
    answer: tuple[Round, bytes | None] | None = None
    fault: PeerFault | Misuse | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Rr22Round:
    """One state of an `rr22` round: a place in the order of messages over a session that the kernel holds."""

    role: Role
    session: kernel.Rr22Session = field(compare=False)
    result: _Result = field(compare=False)
    step: int = 0
    done: bool = False
    latch: _Latch = field(default_factory=_Latch, compare=False)

    def __repr__(self) -> str:  # never keys, tokens or outputs
        return f"Rr22Round({self.role.value}, {self.step}{', done' if self.done else ''})"

    def receive(self, message: bytes) -> tuple[Round, bytes | None]:
        """Takes the peer's next message; its length is checked before anything in it is read.

        Raises OutOfTurn once done and for a second, different message to one state, Malformed for a wrong length,
        FailedCheck for anything else that is wrong: each with the message as its evidence. After a fault the round
        is over. Raises Misuse when our own tokens repeat.
        """
        if self.done:
            raise OutOfTurn("the round is over; it takes no further message", message)
        latch, digest = self.latch, hashlib.sha256(message).digest()
        if latch.taken is not None and latch.taken != digest:
            raise OutOfTurn("this state of the round has taken another message already", message)
        if latch.fault is not None:
            raise latch.fault
        if latch.answer is None:
            latch.taken = digest
            try:
                latch.answer = self._answer(message)
            except (PeerFault, Misuse) as fault:
                latch.fault = fault
                raise
        return latch.answer

    def _answer(self, message: bytes) -> tuple[Round, bytes | None]:
        expected = self.session.expected()
        if len(message) != expected:
            raise Malformed(f"{expected} bytes are due in this round, not {len(message)}", message)
        try:
            reply = self.session.receive(message)
        except kernel.Rejected:
            raise FailedCheck(message) from None
        except kernel.Repeated:
            raise Misuse("a token occurs twice; remove repeats before matching") from None
        except ValueError:
            raise Malformed("the peer declares other numbers of tokens than were agreed", message) from None
        return replace(self, step=self.step + 1, done=self.session.done(), latch=_Latch()), reply

    def outputs(self) -> bytes:
        """F of our tokens, 32 bytes each, in input order. Raises OutOfTurn until the round is done."""
        if not self.done:
            raise OutOfTurn("the peer has not evaluated our tokens yet")
        return self.result.fetch()[0]

    def record(self) -> bytes:
        """What the agreement's inspector takes from us (`inspect`). It opens our key: never for the peer.

        Raises OutOfTurn until the round is done, Misuse unless the engine was made `inspectable`.
        """
        self.outputs()
        record = self.result.fetch()[1]
        if record is None:
            raise Misuse(
                "the engine kept no record: make it with inspectable=True where an inspector is agreed"
            )
        return record

    def show(self, positions: Sequence[int]) -> bytes:
        """Refuses: what would convince the peer would also give it our key. Raises NotAgreed, OutOfTurn until done."""
        self.outputs()
        raise NotAgreed(_NO_PROOF)

    def check(self, positions: Sequence[int], tokens: TokenBatch, shown: bytes) -> bytes:
        """Refuses, as `show` does: there is nothing that the peer could have shown. Raises NotAgreed."""
        raise NotAgreed(_NO_PROOF)


@dataclass(frozen=True, slots=True, repr=False)
class Inspection:
    """A finished run before its inspector: its context, both sizes and both records, the first party's first."""

    context: bytes
    sizes: tuple[int, int]
    records: tuple[bytes, bytes]

    def recompute(self, owner: Role, tokens: TokenBatch) -> bytes:
        """F of tokens that `owner` says it queried, 32 bytes each: the inspector compares tags made of it.

        Raises FailedCheck where the records contradict each other or a token was not queried by its owner, Malformed
        for records of other lengths. A contradiction does not say whose record is wrong.
        """
        try:
            return kernel.rr22_inspect(
                context=self.context,
                sizes=self.sizes,
                records=self.records,
                owner_is_first=owner is Role.FIRST,
                rows=tokens.rows,
                width=tokens.width,
            )
        except kernel.Rejected:
            raise FailedCheck from None
        except ValueError:
            raise Malformed("records of other lengths than the declared sizes give") from None


def caught_without_inspector(junk: float, overlap: float, opened: int) -> float:
    """The chance that junk in a share of a list is noticed though nobody can check tags: 1 - (1 - f o)^s.

    An opened position gives its peer away only where both hold the token: `overlap` is that share of the list.

    >>> round(caught_without_inspector(0.2, 1.0, 32), 3), round(caught_without_inspector(0.2, 0.01, 32), 3)
    (0.999, 0.062)
    """
    return 1.0 - (1.0 - junk * overlap) ** opened
