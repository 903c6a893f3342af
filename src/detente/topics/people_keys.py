"""What a person's record puts into a run: round-one tokens, round-two values and the profile (spec/tokens-people)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice

from detente.topics import documents
from detente.topics.dates import Birth, birth
from detente.topics.names import frequency
from detente.topics.names.parts import Part, parts
from detente.topics.names.romanise import normal, script
from detente.topics.people_bound import anchor, marked, together
from detente.topics.topic import Prepared, Record, Token, Value

FLOOR = 20  # bits of surprise below which no token leaves
RARE = 26  # bits from which a pair of parts needs no year of birth beside it
TURN = 24  # tokens taken from all names in one turn: a name alone gives many, one of ten gives two
NAMES = 24  # names of a record that are read
PARTS = 20  # distinct parts of a record that become values
TOGETHER = 40  # neighbouring pairs of parts that become values
TOKEN_PARTS = 4  # parts of one name that are combined: the rarest
_YEAR = 40  # decibits that a year of birth within one adds

KINDS = ("document", "phone", "pair", "pair+years", "triple", "whole name")
_FAMILY = {"g": "given", "f": "form", "d": "dm", "m": "mp", "b": "bone"}
_SCRIPTS = {"latin": 1, "cyrillic": 2, "arabic": 4}


@dataclass(frozen=True, slots=True)
class Person:
    """A record read: its names split, its dates, countries and numbers."""

    names: tuple[str, ...]
    split: tuple[tuple[Part, ...], ...]
    born: Birth
    countries: tuple[str, ...]
    numbers: tuple[tuple[str, str], ...]
    phones: tuple[str, ...]
    genders: tuple[str, ...]
    places: tuple[str, ...]


def names_of(record: Record) -> list[str]:
    """The names of a record, the fullest first where the list gives one: name, alias, weakAlias, first + last name."""
    get = record.properties.get
    names = [*get("name", ()), *get("alias", ()), *get("weakAlias", ())]
    first, last = get("firstName", ()), get("lastName", ())
    if first and last:
        middle = (*get("middleName", ())[:1], *get("fatherName", ())[:1])
        names.append(" ".join((*first[:1], *middle, *last[:1])))
    pieces = [piece.strip() for name in names for piece in re.split(r"/|;|\ba\.?k\.?a\b\.?", name)]
    return list(dict.fromkeys(piece for piece in pieces if piece))[:NAMES]


def read(record: Record) -> Person:
    """Everything about a record that tokens and values are made of."""
    get = record.properties.get
    names = names_of(record)
    split = {its: name for name in reversed(names) if (its := parts(name))}
    countries = {
        c.strip().lower()[:2] for key in ("nationality", "citizenship", "country") for c in get(key, ())
    }
    places = {its[0].form: None for place in get("birthPlace", ()) if (its := parts(place.split(",")[0]))}
    genders = {g.strip().lower()[:1] for g in get("gender", ())} & {"m", "f"}
    genders = genders or {part.gender for its in split for part in its} - {""}
    return Person(
        names=tuple(reversed(split.values())),
        split=tuple(reversed(split)),
        born=birth(get("birthDate", ())),
        countries=tuple(sorted(countries - {""})),
        numbers=tuple(documents.numbers(record.properties)),
        phones=tuple(documents.phones(record.properties)),
        genders=tuple(sorted(genders)),
        places=tuple(sorted(places)),
    )


def prepare(record: Record, most_tokens: int, most_values: int) -> Prepared:
    """Tokens, values and profile of one record."""
    person = read(record)
    return Prepared(
        tokens=tuple(tokens(person, most_tokens)),
        values=tuple(values(person)[:most_values]),
        profile=profile(person),
    )


def profile(person: Person) -> dict[str, int]:
    """Counts that both sides of a candidate pair see: scripts, names by number of parts, what kinds of facts there are."""
    out = {
        "scripts": 0,
        "names": len(person.split),
        "birth": person.born.precision,
        "births": min(len(person.born.years), 4),
        "nationalities": min(len(person.countries), 4),
        "genders": len(person.genders),
        "places": min(len(person.places), 4),
        "inns": min(sum(kind == "inn" for kind, _ in person.numbers), 4),
    }
    for name, its in zip(person.names, person.split, strict=True):
        out["scripts"] |= _SCRIPTS.get(script(normal(name)), 8)
        size = min(sum(p.role != "initial" for p in its), 6)
        key = f"parts{size}" + ("p" if any(p.role == "patronymic" for p in its) else "")
        out[key] = out.get(key, 0) + 1
    return out


_SYSTEMS = ("form", "dm", "mp", "bone", "bones")
_Options = tuple[tuple[tuple[str, int], ...], ...]


@lru_cache(maxsize=1 << 17)
def _codings(part: Part) -> tuple[int, _Options]:
    """(the part's rarity, for each of _SYSTEMS the symbols that stand for it, each with decibits).

    A given-name class stands in every system but the last, which has the consonants of every part.
    """
    bones = tuple(
        (marked(part, f"b:{code}"), frequency.surprise("bone", code))
        for code in part.bones[:2]
        if len(code) > 1 or part.symbol
    )
    if part.symbol:
        given = ((marked(part, "g:" + part.symbol), max(frequency.surprise("given", part.symbol), 40)),)
        return given[0][1], (given, given, given, given, bones)

    def coded(family: str, codes: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
        return tuple(
            (marked(part, f"{family[0]}:{c}"), frequency.surprise(family, c)) for c in codes if len(c) > 1
        )

    form = ((marked(part, "f:" + part.form), frequency.surprise("form", part.form)),)
    options = (form, coded("dm", part.sounds[:2]), coded("mp", part.phones[:1]), bones, bones)
    return max((decibits for option in options for _, decibits in option), default=0), options


def tokens(person: Person, most: int) -> list[Token]:
    """Round-one tokens, at most `most`, the most telling first, each name in turn; none below FLOOR bits."""
    first = [("document", number) for _, number in person.numbers if documents.bits(number) >= FLOOR]
    first += [("phone", phone) for phone in person.phones]
    windows = person.born.windows()
    plain, dated = [], []
    for its in person.split:
        mine, pairs = _name_tokens(its)
        plain.append(mine)
        if windows:
            dated.append([("pair+years", f"{key}@{window}") for _, key in pairs for window in windows])
    found = dict.fromkeys([*first, *_in_turn(plain)])
    if len(found) < most:
        found.update(dict.fromkeys(_in_turn(dated)))
    return [Token(kind, value) for kind, value in islice(found, most)]


def bits_of(token: Token) -> int:
    """The surprise of a token in bits, from the public tables: what the entropy lint looks at.

    >>> bits_of(Token("pair", "f:basaev+f:shamil")) >= FLOOR
    True
    """
    if token.kind == "document":
        return documents.bits(token.value)
    if token.kind == "phone":
        return FLOOR
    symbols = token.value.partition("@")[0].split("+")
    coded = [symbol.lstrip("~").partition(":") for symbol in symbols]
    surprises = [max(frequency.surprise(_FAMILY[f], code), 40 if f == "g" else 0) for f, _, code in coded]
    return (sum(surprises) + (_YEAR if token.kind == "pair+years" else 0)) // 10


def _in_turn(lists: list[list[tuple[str, str]]]) -> list[tuple[str, str]]:
    if len(lists) == 1:
        return lists[0]
    turn = max(TURN // max(len(lists), 1), 2)
    longest = max(map(len, lists), default=0)
    return [token for at in range(0, longest, turn) for its in lists for token in its[at : at + turn]]


def _name_tokens(its: tuple[Part, ...]) -> tuple[list[tuple[str, str]], list[tuple[int, str]]]:
    """Tokens of one name, the most telling first, and the pairs that need a year of birth beside them."""
    useful = sorted((_codings(p) for p in its if p.role != "initial"), key=lambda coded: -coded[0])
    parts_ = [options for _, options in useful[:TOKEN_PARTS]]
    plain: list[tuple[int, str, str]] = []
    dated: list[tuple[int, str]] = []
    for first, second in combinations(parts_, 2):
        for ones, others in zip(first, second, strict=True):
            for x, dx in ones:
                for y, dy in others:
                    decibits, key = dx + dy, f"{x}+{y}" if x < y else f"{y}+{x}"
                    if decibits >= FLOOR * 10:
                        plain.append((-decibits, "pair", key))
                    if FLOOR * 10 - _YEAR <= decibits < RARE * 10:
                        dated.append((-decibits, key))
    for chosen in combinations(parts_, 3):
        plain += _several("triple", chosen)
    if len(useful) != 3 and len(useful) > 1:
        plain += _several("whole name", [options for _, options in useful])
    return [(kind, key) for _, kind, key in sorted(set(plain))], sorted(set(dated))


def _several(kind: str, chosen: Sequence[_Options]) -> Iterator[tuple[int, str, str]]:
    """One token a system of the parts' first symbols, and one for each second symbol."""
    for options in zip(*chosen, strict=True):
        if not all(options):
            continue
        base = [option[0] for option in options]
        for symbols in (
            base,
            *([*base[:at], o[1], *base[at + 1 :]] for at, o in enumerate(options) if len(o) > 1),
        ):
            decibits = sum(d for _, d in symbols)
            if decibits >= FLOOR * 10:
                yield -decibits, kind, "+".join(sorted(symbol for symbol, _ in symbols))


@lru_cache(maxsize=1 << 17)
def _part_values(part: Part) -> tuple[Value, ...]:
    return tuple(
        Value(family, marked(part, code))
        for family, codes in frequency.codes_of(part).items()
        for code in codes
    )


def values(person: Person) -> list[Value]:
    """Round-two values, the weightiest facts first."""
    out: dict[Value, None] = dict.fromkeys(Value(kind, number) for kind, number in person.numbers[:6])
    out.update(dict.fromkeys(Value("phone", phone) for phone in person.phones[:4]))
    out.update(dict.fromkeys(person.born.values()))
    out.update(dict.fromkeys(Value("nationality", country) for country in person.countries[:4]))
    out.update(dict.fromkeys(Value("gender", gender) for gender in person.genders))
    out.update(dict.fromkeys(Value("birth place", place) for place in person.places[:4]))
    for its in person.split:
        ends = [p for p in its if p.role != "initial"]
        if len(ends) > 1:
            out.update(dict.fromkeys(Value("end", anchor(p)) for p in (ends[0], ends[-1])))
    distinct = list(dict.fromkeys(p for its in person.split for p in its if p.role != "initial"))[:PARTS]
    for part in distinct:
        out.update(dict.fromkeys(_part_values(part)))
    out.update(dict.fromkeys(Value("together", text) for text in together(person.split)[:TOGETHER]))
    return list(out)
