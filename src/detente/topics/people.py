"""People: the same person on two lists, across scripts, from name parts, dates of birth, places and documents.

Tokens and values are those of spec/tokens-people; nothing here looks at a peer's record, only at what agreed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from types import MappingProxyType

from detente.errors import Misuse
from detente.topics.names import frequency
from detente.topics.names.dates import Birth, birth
from detente.topics.names.evidence import coverage
from detente.topics.names.parts import Part, parts
from detente.topics.names.romanise import script
from detente.topics.topic import Judgement, Pair, Prepared, Record, Token, Value

FLOOR = 20  # bits of surprise below which no token may leave
NAMES = 12  # names of a record that are read
PARTS = 14  # distinct parts of a record that become values


class PeopleTopic:
    """Matches persons. See `Topic` for the contract.

    >>> topic = PeopleTopic()
    >>> record = topic.parse({"id": "1", "schema": "Person", "properties": {"name": ["Шамиль Басаев"]}})
    >>> len(next(iter(topic.prepare([record]))).tokens) > 0
    True
    """

    name = "people"
    version = 1
    discloses = (
        "which of our persons the peer also holds; for candidates (two keys in common) also which name parts, dates and"
        " documents are equal, how many names, name parts and dates each record has, and in which scripts"
    )
    kinds: Mapping[str, int] = MappingProxyType(
        {"pair": FLOOR, "pair+year": FLOOR, "triple": FLOOR, "document": FLOOR}
    )
    tokens_per_record = 32
    values_per_record = 96

    def __init__(self, threshold: int = 500_000, possible: int = 60_000) -> None:
        self.threshold = threshold
        self.possible = possible

    def parse(self, row: Mapping[str, object]) -> Record:
        """A record from one row of FollowTheMoney JSON. Raises Misuse with the reason."""
        ident, schema, properties = row.get("id"), row.get("schema"), row.get("properties")
        if not isinstance(ident, str) or not ident:
            raise Misuse("a record needs an id: give each row an `id` text")
        if schema not in ("Person", "LegalEntity"):
            raise Misuse("not a person: the people topic takes rows of the schema Person")
        if not isinstance(properties, Mapping):
            raise Misuse("a record needs `properties`: an object of lists of texts")
        clean: dict[str, tuple[str, ...]] = {}
        for key, values in properties.items():
            if isinstance(values, str):
                values = [values]
            if not isinstance(values, (list, tuple)) or not all(isinstance(v, str) for v in values):
                raise Misuse(f"property {key!r} must be a list of texts")
            clean[str(key)] = tuple(v for v in values if v.strip())
        record = Record(id=ident, schema=str(schema), properties=MappingProxyType(clean))
        if not any(parts(name) for name in _names(record)):
            raise Misuse("no usable name: give `name`, or `firstName` and `lastName`")
        return record

    def prepare(self, records: Iterable[Record]) -> Iterable[Prepared]:
        """Tokens, values and profile of each record, in order."""
        for record in records:
            yield _prepared(record, self.tokens_per_record, self.values_per_record)

    def compare(self, pair: Pair) -> bool:
        """Two overlap tokens, or one strong identifier."""
        return len(pair.tokens) >= 2 or any(token.kind == "document" for token in pair.tokens)

    def judge(self, pair: Pair) -> Judgement:
        """The log-likelihood of what agreed; before round two, no grade."""
        if not pair.compared:
            return Judgement(0, None, ())
        reasons = coverage(pair)
        total = sum(reason.millibits for reason in reasons)
        score = probability(total)
        grade = "strong" if score >= self.threshold else "possible" if score >= self.possible else None
        return Judgement(score, grade, tuple(reasons))

    def settle(self, findings: Sequence[tuple[int, int, Judgement]]) -> Sequence[int]:
        """Keeps every finding that is near the best of its records."""
        best: dict[tuple[int, int], int] = {}
        for ours, theirs, judgement in findings:
            total = sum(r.millibits for r in judgement.because)
            for key in ((0, ours), (1, theirs)):
                best[key] = max(best.get(key, total), total)
        keep = []
        for index, (ours, theirs, judgement) in enumerate(findings):
            total = sum(r.millibits for r in judgement.because)
            if total >= max(best[0, ours], best[1, theirs]) - 4000:
                keep.append(index)
        return keep


def probability(millibits: int) -> int:
    """Parts per million for log-odds in millibits."""
    import math

    if millibits > 20_000:
        return 999_999
    if millibits < -20_000:
        return 1
    odds = math.exp2(millibits / 1000)
    return round(1_000_000 * odds / (1 + odds))


def _names(record: Record) -> list[str]:
    get = record.properties.get
    names = [*get("name", ()), *get("alias", ()), *get("weakAlias", ())]
    first, last = get("firstName", ()), get("lastName", ())
    if first and last:
        names.append(
            " ".join((*first[:1], *get("middleName", ())[:1], *get("fatherName", ())[:1], *last[:1]))
        )
    expanded = [piece.strip() for name in names for piece in re.split(r" / |;|\ba\.?k\.?a\.?\b", name)]
    return list(dict.fromkeys(name for name in expanded if name))[:NAMES]


def _prepared(record: Record, most_tokens: int, most_values: int) -> Prepared:
    names = _names(record)
    split = [parts(name) for name in names]
    dates = birth(record.properties.get("birthDate", ()))
    return Prepared(
        tokens=tuple(_tokens(split, dates, record))[:most_tokens],
        values=tuple(_values(split, dates, record))[:most_values],
        profile=_profile(names, split, dates, record),
    )


_SCRIPTS = {"latin": 1, "cyrillic": 2, "arabic": 4}


def _profile(names: list[str], split: list[tuple[Part, ...]], dates: Birth, record: Record) -> dict[str, int]:
    profile = {
        "scripts": 0,
        "names": len(split),
        "birth": dates.precision,
        "births": len(dates.days) + len(dates.years),
    }
    for name, its in zip(names, split, strict=True):
        profile["scripts"] |= _SCRIPTS.get(script(name), 8)
        key = f"size{min(len(its), 6)}"
        profile[key] = profile.get(key, 0) + 1
    profile["nationalities"] = len(_countries(record))
    return profile


def _countries(record: Record) -> list[str]:
    get = record.properties.get
    return sorted({c.lower()[:2] for key in ("nationality", "citizenship", "country") for c in get(key, ())})


def _codings(part: Part) -> list[tuple[str, int]]:
    """The symbols that stand for a part in tokens, with surprise in decibits."""
    mark = "~" if part.role == "patronymic" else ""
    if part.role == "initial":
        return []
    if part.symbol:
        return [(f"{mark}s:{part.symbol}", max(frequency.surprise("sym", part.symbol), 40))]
    out = [(f"{mark}d:{code}", frequency.surprise("dm", code)) for code in part.sounds[:2]]
    out += [(f"{mark}m:{code}", frequency.surprise("mp", code)) for code in part.phones[:1]]
    out += [(f"{mark}b:{code}", frequency.surprise("bone", code)) for code in part.bones[:2] if len(code) > 1]
    return out


def _tokens(split: list[tuple[Part, ...]], dates: Birth, record: Record) -> list[Token]:
    found: dict[Token, int] = {}
    windows = dates.windows()
    for rank, its in enumerate(split):
        useful = [p for p in its if p.role != "initial"][:6]
        coded = [_codings(p) for p in useful]
        for (i, a), (j, b) in combinations(enumerate(coded), 2):
            for (x, wx), (y, wy) in _along(a, b):
                bits = wx + wy
                key = "+".join(sorted((x, y)))
                if bits >= FLOOR * 10:
                    found.setdefault(Token("pair", key), rank * 1000 - bits)
                elif bits + 40 >= FLOOR * 10:
                    for window in windows:
                        found.setdefault(Token("pair+year", f"{key}@{window}"), rank * 1000 - bits - 40)
        for a, b, c in combinations(coded, 3):
            for (x, wx), (y, wy), (z, wz) in _along(a, b, c):
                if wx + wy + wz >= FLOOR * 10:
                    found.setdefault(Token("triple", "+".join(sorted((x, y, z)))), rank * 1000 - wx - wy - wz)
    return sorted(found, key=lambda token: (found[token], token))


def _along(*coded: list[tuple[str, int]]) -> Iterable[tuple[tuple[str, int], ...]]:
    """Combinations of codes of the same system (a class symbol goes with any)."""
    for system in "dmb":
        options = [[c for c in codes if c[0].lstrip("~")[0] in (system, "s")] for codes in coded]
        if all(options):
            yield tuple(o[0] for o in options)
            for at, option in enumerate(options):
                for other in option[1:]:
                    yield tuple(other if i == at else o[0] for i, o in enumerate(options))


def _values(split: list[tuple[Part, ...]], dates: Birth, record: Record) -> list[Value]:
    out: dict[Value, None] = dict.fromkeys(dates.values())
    for country in _countries(record):
        out[Value("nationality", country)] = None
    distinct = list(dict.fromkeys(p for its in split for p in its if p.role != "initial"))[:PARTS]
    for part in distinct:
        mark = "~" if part.role == "patronymic" else ""
        for family, codes in frequency.codes_of(part).items():
            for code in codes[:2]:
                out[Value(family, mark + code)] = None
    return list(out)
