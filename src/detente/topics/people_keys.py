"""What a person's record puts into a run: round-one tokens, round-two values and the profile (spec/tokens-people)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from detente.topics import documents
from detente.topics.dates import Birth, birth
from detente.topics.names import frequency
from detente.topics.names.parts import Part, parts
from detente.topics.names.romanise import normal, script
from detente.topics.topic import Prepared, Record, Token, Value

FLOOR = 20  # bits of surprise below which no token leaves
NAMES = 12  # names of a record that are read
PARTS = 14  # distinct parts of a record that become values
TOKEN_PARTS = 6  # parts of one name that are combined
_YEAR = 40  # decibits that a year of birth within one adds

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
        tokens=tuple(tokens(person)[:most_tokens]),
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


def marked(part: Part, code: str) -> str:
    """A code with the mark of its part's role: a father's name is not a given name."""
    return "~" + code if part.role == "patronymic" else code


def _codings(part: Part) -> list[tuple[str, str, int]]:
    """(system, symbol, decibits) that stand for a part in tokens. A given-name class stands in every system."""
    if part.symbol:
        return [("*", marked(part, "g:" + part.symbol), max(frequency.surprise("given", part.symbol), 40))]
    out = [("form", marked(part, "f:" + part.form), frequency.surprise("form", part.form))]
    for family, codes in (("dm", part.sounds[:2]), ("mp", part.phones[:1]), ("bone", part.bones[:2])):
        out += [
            (family, marked(part, f"{family[0]}:{code}"), frequency.surprise(family, code))
            for code in codes
            if len(code) > 1
        ]
    return out


def tokens(person: Person) -> list[Token]:
    """Round-one tokens, the most telling first; none below FLOOR bits."""
    found: dict[Token, int] = {}

    def offer(token: Token, rank: int, decibits: int) -> None:
        if decibits >= FLOOR * 10:
            found.setdefault(token, rank * 1000 - decibits)

    for kind, number in person.numbers:
        offer(Token("document", number), -9, 10 * documents.bits(number))
    for phone in person.phones:
        offer(Token("phone", phone), -8, 10 * FLOOR)
    windows = person.born.windows()
    for rank, its in enumerate(person.split):
        useful = [p for p in its if p.role != "initial"][:TOKEN_PARTS]
        coded = [_codings(p) for p in useful]
        for size, kind in ((2, "pair"), (3, "triple")):
            for chosen in combinations(coded, size):
                for symbols, decibits in _along(chosen):
                    key = "+".join(sorted(symbols))
                    offer(Token(kind, key), rank, decibits)
                    if size == 2:
                        for window in windows:
                            offer(Token("pair+years", f"{key}@{window}"), rank + 1, decibits + _YEAR)
        if len(useful) >= 2:
            for symbols, decibits in _along(coded):
                offer(Token("whole name", "+".join(sorted(symbols))), rank, decibits)
    return sorted(found, key=lambda token: (found[token], token))


def _along(coded: Iterable[list[tuple[str, str, int]]]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Combinations of the parts' symbols in one system at a time; second codes of a part one at a time."""
    coded = list(coded)
    done: set[tuple[str, ...]] = set()
    for system in ("form", "dm", "mp", "bone"):
        options = [[(s, d) for of, s, d in codes if of in (system, "*")] for codes in coded]
        if not all(options):
            continue
        base = [option[0] for option in options]
        choices = [base] + [
            [*base[:at], other, *base[at + 1 :]] for at, o in enumerate(options) for other in o[1:]
        ]
        for choice in choices:
            symbols = tuple(symbol for symbol, _ in choice)
            if symbols not in done:
                done.add(symbols)
                yield symbols, sum(decibits for _, decibits in choice)


def values(person: Person) -> list[Value]:
    """Round-two values, the weightiest facts first."""
    out: dict[Value, None] = dict.fromkeys(Value(kind, number) for kind, number in person.numbers[:6])
    out.update(dict.fromkeys(Value("phone", phone) for phone in person.phones[:4]))
    out.update(dict.fromkeys(person.born.values()))
    out.update(dict.fromkeys(Value("nationality", country) for country in person.countries[:4]))
    out.update(dict.fromkeys(Value("gender", gender) for gender in person.genders))
    out.update(dict.fromkeys(Value("birth place", place) for place in person.places[:4]))
    distinct = list(dict.fromkeys(p for its in person.split for p in its if p.role != "initial"))[:PARTS]
    for part in distinct:
        for family, codes in frequency.codes_of(part).items():
            out.update(dict.fromkeys(Value(family, marked(part, code)) for code in codes))
    return list(out)
