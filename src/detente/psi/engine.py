"""What an engine is: an oblivious pseudo-random function evaluated in both directions, with no idea what the tokens mean.

Both parties hold a batch of distinct tokens. When the round is done each holds, for its own tokens and nothing else,
`F(x) = H(sid, F_first(x), F_second(x), x)`: F_first is keyed by the first party, F_second by the second. So equal tokens have equal
outputs on both sides, and nobody can evaluate F on a token that it did not query (spec/matching, step 4).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

OUTPUT_BYTES = 32


class Role(enum.Enum):
    """Which of the two we are. The first party sends the first message; labels in hashes carry the role, which defeats reflection."""

    FIRST = "first"
    SECOND = "second"

    @property
    def other(self) -> Role:
        return Role.SECOND if self is Role.FIRST else Role.FIRST


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """n fixed-width rows in one buffer (2^24 Python objects would not fit). Rows are distinct; the caller removes repeats.

    >>> batch = TokenBatch(bytes(64), 32)
    >>> len(batch)
    2
    """

    rows: bytes
    width: int = 32

    def __post_init__(self) -> None:
        if self.width < 1 or len(self.rows) % self.width:
            raise ValueError("a token batch is a whole number of rows")

    def __len__(self) -> int:
        return len(self.rows) // self.width

    def row(self, position: int) -> bytes:
        return self.rows[position * self.width : (position + 1) * self.width]

    def take(self, positions: Sequence[int]) -> TokenBatch:
        return TokenBatch(b"".join(self.row(p) for p in positions), self.width)

    def __repr__(self) -> str:  # never the tokens
        return f"TokenBatch(n={len(self)}, width={self.width})"


class Round(Protocol):
    """One oblivious evaluation under way. Immutable: `receive` returns the next state. A state accepts one message ever."""

    @property
    def done(self) -> bool:
        """Whether outputs are ready and no further message of the peer is expected."""

    def receive(self, message: bytes) -> tuple[Round, bytes | None]:
        """Takes the peer's next message; returns the next state and our reply, if one is due. Raises FailedCheck or Malformed."""

    def outputs(self) -> bytes:
        """F of our tokens: len(tokens) rows of OUTPUT_BYTES in input order. Available once we have what we need, even before `done`."""

    def show(self, positions: Sequence[int]) -> bytes:
        """What lets the peer recompute F of our tokens at these positions (audit, step 6): it also proves that they were queried."""

    def check(self, positions: Sequence[int], tokens: TokenBatch, shown: bytes) -> bytes:
        """Recomputes F of *their* tokens (one row a position) from what they showed, and checks that each was queried at its position.

        Returns len(tokens) rows of OUTPUT_BYTES. Raises FailedCheck.
        """


class Engine(Protocol):
    """Deterministic in `entropy`: the same tokens, entropy and peer messages give the same bytes, so a crash resumes by replay."""

    name: str

    def charged(self, tokens: int) -> int:
        """How many tokens a peer that declared `tokens` could query at most if it cheated: what the query budget charges."""

    def begin(
        self, role: Role, context: bytes, tokens: TokenBatch, theirs: int, entropy: bytes
    ) -> tuple[Round, bytes | None]:
        """Opens a round of len(tokens) tokens of ours against exactly `theirs` of theirs.

        `context` is sid with round and shard; every hash takes it. `entropy` is 32 fresh bytes. The FIRST role gets a message
        to send; then messages alternate until both rounds are done.
        """
