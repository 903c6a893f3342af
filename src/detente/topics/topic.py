"""What a topic is: it gives records a meaning and knows no cryptography.

A record becomes *tokens* (round one: composite, high entropy; they find candidate pairs), *values* (round two: compared only for
candidate pairs, committed beforehand) and a small *profile* (counts and quantised weights that both sides of a candidate pair see,
so that both compute the same score). All score arithmetic is symmetric and in integers, so both sides get the same findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

Grade = Literal["strong", "possible"]


class Token(NamedTuple):
    """What is blinded in round one. `kind` is listed in the topic's `kinds`; `value` is canonical text; never a surname alone."""

    kind: str
    value: str


class Value(NamedTuple):
    """What is compared in round two, for a candidate pair only."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record of ours, in FollowTheMoney's schemata and property names, with what handling needs."""

    id: str
    schema: str
    properties: Mapping[str, tuple[str, ...]]
    grounds: tuple[str, ...] = ()
    marking: str = "TLP:AMBER"
    grade: str = "F6"  # Admiralty: source reliability A-F, credibility 1-6
    origin: str = ""

    def __repr__(self) -> str:  # records never enter logs
        return f"Record({self.schema})"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What one record puts into a run. `profile` is opened for candidate pairs: small, stated in `discloses`."""

    tokens: tuple[Token, ...]
    values: tuple[Value, ...]
    profile: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """A candidate: one record of ours and one of theirs that share overlap tokens. `ours`/`theirs` are profiles.

    `agreed` is what round two found equal; `compared` says whether round two ran on this pair (None of it before then).
    Everything here but which profile is whose is the same on both sides.
    """

    tokens: tuple[Token, ...]
    ours: Mapping[str, int]
    theirs: Mapping[str, int]
    agreed: tuple[Value, ...] = ()
    compared: bool = False


class Reason(NamedTuple):
    """One line of the waterfall: what it was, in words an analyst reads, and its weight in millibits (negative: against)."""

    what: str
    millibits: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a topic says of a pair. `score` is a probability in parts per million; None as `grade`: not worth a person's time."""

    score: int
    grade: Grade | None
    because: tuple[Reason, ...]


class Topic(Protocol):
    name: str
    version: int
    discloses: str  # one plain sentence: what the peer learns
    kinds: Mapping[
        str, int
    ]  # token kind -> its minimum entropy in bits; the lint refuses what is below the floor
    tokens_per_record: int  # round one is padded to this many
    values_per_record: int  # round two, at most

    def parse(self, row: Mapping[str, object]) -> Record:
        """A record from one row of FollowTheMoney JSON (id, schema, properties). Raises Misuse with the reason."""

    def prepare(self, records: Iterable[Record]) -> Iterable[Prepared]:
        """Tokens, values and profile, a record at a time, in order. At most `tokens_per_record` and `values_per_record` each."""

    def compare(self, pair: Pair) -> bool:
        """Whether round two is worth its disclosure for this pair: two independent overlap tokens or a strong identifier, undecided."""

    def judge(self, pair: Pair) -> Judgement:
        """The Fellegi-Sunter score of a pair. Symmetric: swapping `ours` and `theirs` changes no number."""

    def settle(self, findings: Sequence[tuple[int, int, Judgement]]) -> Sequence[int]:
        """Given (our record, their record, judgement) triples, the indices to keep (one-to-one assignment where agreed). Symmetric."""
