"""People: the same person on two lists, across scripts, from name parts, dates of birth, places and documents.

Tokens and values are those of spec/tokens-people; nothing here looks at a peer's record, only at what agreed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from detente.errors import Misuse
from detente.topics.names.parts import parts
from detente.topics.odds import probability
from detente.topics.people_keys import FLOOR, names_of, prepare
from detente.topics.people_score import score
from detente.topics.settling import settle
from detente.topics.topic import Judgement, Pair, Prepared, Record


class PeopleTopic:
    """Matches persons. See `Topic` for the contract.

    >>> topic = PeopleTopic()
    >>> record = topic.parse({"id": "1", "schema": "Person", "properties": {"name": ["Шамиль Басаев"]}})
    >>> len(next(iter(topic.prepare([record]))).tokens) > 1
    True
    """

    name = "people"
    version = 1
    discloses = (
        "which of our persons the peer also holds; for candidates (two keys in common) also which name parts, dates,"
        " countries and documents are equal, how many names, parts and dates each record has, and in which scripts"
    )
    kinds: Mapping[str, int] = MappingProxyType(
        {kind: FLOOR for kind in ("document", "phone", "pair", "pair+years", "triple", "whole name")}
    )
    tokens_per_record = 32
    values_per_record = 128

    def __init__(self, threshold: int = 500_000, possible: int = 30_000) -> None:
        self.threshold = threshold
        self.possible = possible

    def parse(self, row: Mapping[str, object]) -> Record:
        """A record from one row of FollowTheMoney JSON. Raises Misuse with the reason."""
        ident, schema, properties = row.get("id"), row.get("schema"), row.get("properties")
        if not isinstance(ident, str) or not ident:
            raise Misuse("a record needs an id: give each row an `id` text")
        if schema != "Person":
            raise Misuse("not a person: the people topic takes rows of the schema Person")
        if not isinstance(properties, Mapping):
            raise Misuse("a record needs `properties`: an object of lists of texts")
        clean: dict[str, tuple[str, ...]] = {}
        for key, values in properties.items():
            listed = [values] if isinstance(values, str) else values
            if not isinstance(listed, (list, tuple)) or not all(isinstance(v, str) for v in listed):
                raise Misuse(f"property {key!r} must be a list of texts")
            clean[str(key)] = tuple(v for v in listed if v.strip())
        record = Record(id=ident, schema=schema, properties=MappingProxyType(clean))
        if not any(parts(name) for name in names_of(record)):
            raise Misuse("no usable name: give `name`, or `firstName` and `lastName`")
        return record

    def prepare(self, records: Iterable[Record]) -> Iterable[Prepared]:
        """Tokens, values and profile of each record, in order."""
        for record in records:
            yield prepare(record, self.tokens_per_record, self.values_per_record)

    def compare(self, pair: Pair) -> bool:
        """Two overlap tokens, or one strong identifier."""
        return len(pair.tokens) >= 2 or any(token.kind == "document" for token in pair.tokens)

    def judge(self, pair: Pair) -> Judgement:
        """The log-likelihood of what agreed; before round two, no grade."""
        if not pair.compared:
            return Judgement(1, None, ())
        reasons = score(pair)
        total = probability(sum(reason.millibits for reason in reasons))
        grade = "strong" if total >= self.threshold else "possible" if total >= self.possible else None
        return Judgement(total, grade, tuple(reasons))

    def settle(self, findings: Sequence[tuple[int, int, Judgement]]) -> Sequence[int]:
        """Drops findings that another finding of the same record beats by far."""
        return settle(findings)
