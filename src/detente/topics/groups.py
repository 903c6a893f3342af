"""Groups: the same organisation on two lists, from its words, numbers, legal form and the public aliases of listed groups.

Tokens and values are those of spec/tokens-groups; nothing here looks at a peer's record, only at what agreed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from detente.errors import Misuse
from detente.topics import groups_keys, groups_score, reading
from detente.topics.odds import probability
from detente.topics.orgs import aliases, words
from detente.topics.settling import settle
from detente.topics.topic import Grade, Judgement, Pair, Prepared, Record

MARGIN = 4_000  # millibits by which another finding of either record must be better
SCHEMATA = frozenset({"Organization", "Company", "PublicBody", "LegalEntity"})


def alias(name: str) -> aliases.Entry | None:
    """The one listed group that a public name stands for, with all its names; None for a name that the table lacks.

    >>> found = alias("Daesh")
    >>> found.id, "ИГИЛ" in found.names
    ('isil', True)
    """
    return aliases.find(name)


class GroupsTopic:
    """Matches organisations. See `Topic` for the contract.

    `threshold` and `possible` are probabilities in parts per million: from the first a finding is strong, from the second possible.

    >>> topic = GroupsTopic()
    >>> record = topic.parse({"id": "1", "schema": "Organization", "properties": {"name": ["ИГИЛ"]}})
    >>> [prepared] = topic.prepare([record])
    >>> prepared.tokens[0]
    Token(kind='whole name', value='f:gosudarstvo+f:iraka+f:islamskoe+f:levanta')
    """

    name = "groups"
    version = 1
    discloses = (
        "which of our organisations the peer also holds; for candidates (a name, two keys or a number in common) also which words,"
        " countries and numbers are equal, how many names each record has, how rare their words are, and in which scripts"
    )
    kinds: Mapping[str, int] = MappingProxyType(groups_keys.KINDS)
    tokens_per_record = 32
    values_per_record = 128

    def __init__(self, threshold: int = 500_000, possible: int = 30_000) -> None:
        if not 0 < possible <= threshold < 1_000_000:
            raise Misuse("thresholds are parts per million: 0 < possible <= threshold < 1000000")
        self.threshold = threshold
        self.possible = possible

    def parse(self, row: Mapping[str, object]) -> Record:
        """A record from one row of FollowTheMoney JSON. Raises Misuse with the reason."""
        record = reading.record(row, SCHEMATA, self.name)
        if not any(words.words(name).words for name in groups_keys.names_of(record)):
            raise Misuse("no usable name: give `name` or `alias`")
        return record

    def prepare(self, records: Iterable[Record]) -> Iterable[Prepared]:
        """Tokens, values and profile of each record, in order."""
        for record in records:
            yield groups_keys.prepare(record, self.tokens_per_record, self.values_per_record)

    def compare(self, pair: Pair) -> bool:
        """Two overlap tokens, or one that identifies alone: a number, a whole name, a word of 20 bits, three words together."""
        return len(pair.tokens) >= 2 or any(token.kind != "pair" for token in pair.tokens)

    def judge(self, pair: Pair) -> Judgement:
        """The log-likelihood of what agreed (groups_score); before round two no grade."""
        if not pair.compared:
            return Judgement(1, None, ())
        reasons = tuple(groups_score.score(pair))
        score = probability(sum(reason.millibits for reason in reasons))
        grade: Grade | None = (
            "strong" if score >= self.threshold else "possible" if score >= self.possible else None
        )
        return Judgement(score, grade, reasons)

    def settle(self, findings: Sequence[tuple[int, int, Judgement]]) -> Sequence[int]:
        """Drops findings that another of the same record beats: an organisation and its affiliates are on lists side by side."""
        return settle(findings, margin=MARGIN, against_only=False)


def tables() -> Mapping[str, str]:
    """SHA-256 of each public table that tokens depend on: part of what the version means (spec/tokens-groups)."""
    shipped = {name: words.table_bytes(name) for name in (words.FORMS, words.COMMON, aliases.TABLE)}
    return {name: hashlib.sha256(data).hexdigest() for name, data in shipped.items()}
