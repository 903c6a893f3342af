"""People: the same person on two lists, across scripts, from name parts, dates of birth, places and documents.

Tokens and values are those of spec/tokens-people; nothing here looks at a peer's record, only at what agreed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from detente.errors import Misuse
from detente.topics import people_keys, people_score, reading
from detente.topics.names import frequency, given
from detente.topics.names.parts import parts
from detente.topics.odds import probability
from detente.topics.settling import settle
from detente.topics.topic import Grade, Judgement, Pair, Prepared, Record


class PeopleTopic:
    """Matches persons. See `Topic` for the contract.

    `threshold` and `possible` are probabilities in parts per million: from the first a finding is strong, from the second possible.

    >>> topic = PeopleTopic()
    >>> record = topic.parse({"id": "1", "schema": "Person", "properties": {"name": ["Шамиль Басаев"]}})
    >>> [prepared] = topic.prepare([record])
    >>> prepared.tokens[0]
    Token(kind='pair', value='f:basaev+f:shamil')
    """

    name = "people"
    version = 1
    discloses = (
        "which of our persons the peer also holds; for candidates (two keys or a document in common) also which name parts,"
        " dates, countries and documents are equal, how many names, parts and dates each record has, and in which scripts"
    )
    kinds: Mapping[str, int] = MappingProxyType({kind: people_keys.FLOOR for kind in people_keys.KINDS})
    tokens_per_record = 32
    values_per_record = 128

    def __init__(self, threshold: int = 500_000, possible: int = 30_000) -> None:
        if not 0 < possible <= threshold < 1_000_000:
            raise Misuse("thresholds are parts per million: 0 < possible <= threshold < 1000000")
        self.threshold = threshold
        self.possible = possible

    def parse(self, row: Mapping[str, object]) -> Record:
        """A record from one row of FollowTheMoney JSON. Raises Misuse with the reason."""
        record = reading.record(row, {"Person"}, self.name)
        if not any(parts(name) for name in people_keys.names_of(record)):
            raise Misuse("no usable name: give `name`, or `firstName` and `lastName`")
        return record

    def prepare(self, records: Iterable[Record]) -> Iterable[Prepared]:
        """Tokens, values and profile of each record, in order."""
        for record in records:
            yield people_keys.prepare(record, self.tokens_per_record, self.values_per_record)

    def compare(self, pair: Pair) -> bool:
        """Two overlap tokens (other parts, or other codes of the parts), or one document."""
        return len(pair.tokens) >= 2 or any(token.kind == "document" for token in pair.tokens)

    def judge(self, pair: Pair) -> Judgement:
        """The log-likelihood of what agreed (people_score); before round two no grade."""
        if not pair.compared:
            return Judgement(1, None, ())
        reasons = tuple(people_score.score(pair))
        score = probability(sum(reason.millibits for reason in reasons))
        grade: Grade | None = (
            "strong" if score >= self.threshold else "possible" if score >= self.possible else None
        )
        return Judgement(score, grade, reasons)

    def settle(self, findings: Sequence[tuple[int, int, Judgement]]) -> Sequence[int]:
        """Drops findings that speak against themselves and that another of the same record beats by far (settling)."""
        return settle(findings)


def tables() -> Mapping[str, str]:
    """SHA-256 of each public table that tokens depend on: part of what the version means (spec/tokens-people, section 7)."""
    return {
        given.TABLE: hashlib.sha256(given.table_bytes()).hexdigest(),
        frequency.TABLE: hashlib.sha256(frequency.table_bytes()).hexdigest(),
    }
