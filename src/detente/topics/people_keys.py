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
from detente.topics.people_bound import anchor, marked, together
from detente.topics.topic import Prepared, Record, Token, Value

FLOOR = 20  # bits of surprise below which no token leaves
RARE = 26  # bits from which a pair of parts needs no year of birth beside it
TURN = 8  # tokens of a name before the next name has its turn
NAMES = 12  # names of a record that are read
PARTS = 14  # distinct parts of a record that become values
TOGETHER = 40  # neighbouring pairs of parts that become values
TOKEN_PARTS = 4  # parts of one name that are combined: the rarest
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


def _codings(part: Part) -> list[tuple[str, str, int]]:
    """(system, symbol, decibits) that stand for a part in tokens. A given-name class stands in every system but the last."""
    bones = [
        (marked(part, f"b:{code}"), frequency.surprise("bone", code))
        for code in part.bones[:2]
        if len(code) > 1 or part.symbol
    ]
    out = [("bones", code, decibits) for code, decibits in bones]
    if part.symbol:
        return [
            ("*", marked(part, "g:" + part.symbol), max(frequency.surprise("given", part.symbol), 40)),
            *out,
        ]
    out += [("form", marked(part, "f:" + part.form), frequency.surprise("form", part.form))]
    out += [("bone", code, decibits) for code, decibits in bones]
    for family, codes in (("dm", part.sounds[:2]), ("mp", part.phones[:1])):
        out += [
            (family, marked(part, f"{family[0]}:{code}"), frequency.surprise(family, code))
            for code in codes
            if len(code) > 1
        ]
    return out


def tokens(person: Person) -> list[Token]:
    """Round-one tokens, the most telling first, each name in turn; none below FLOOR bits."""
    first = [Token("document", number) for _, number in person.numbers if documents.bits(number) >= FLOOR]
    first += [Token("phone", phone) for phone in person.phones]
    plain, dated = [], []
    for its in person.split:
        mine, years = _name_tokens(its, person.born.windows())
        plain.append(mine)
        dated.append(years)
    return list(dict.fromkeys([*first, *_in_turn(plain), *_in_turn(dated)]))


def _in_turn(lists: list[list[Token]]) -> list[Token]:
    longest = max(map(len, lists), default=0)
    return [token for at in range(0, longest, TURN) for its in lists for token in its[at : at + TURN]]


def _name_tokens(its: tuple[Part, ...], windows: list[str]) -> tuple[list[Token], list[Token]]:
    """Tokens of one name without and with a year of birth; the latter for pairs that alone are not rare."""
    useful = [p for p in its if p.role != "initial"]
    coded = sorted(map(_codings, useful), key=lambda codes: -max((d for _, _, d in codes), default=0))
    plain: dict[Token, int] = {}
    dated: dict[Token, int] = {}
    for size, kind in ((2, "pair"), (3, "triple")):
        for chosen in combinations(coded[:TOKEN_PARTS], size):
            for symbols, decibits in _along(chosen):
                key = "+".join(sorted(symbols))
                plain[Token(kind, key)] = decibits
                if size == 2 and decibits < RARE * 10:
                    dated.update(
                        {Token("pair+years", f"{key}@{window}"): decibits + _YEAR for window in windows}
                    )
    if len(useful) != 3 and len(useful) > 1:
        plain.update({Token("whole name", "+".join(sorted(symbols))): d for symbols, d in _along(coded)})
    return _telling(plain), _telling(dated)


def _telling(found: dict[Token, int]) -> list[Token]:
    kept = (token for token in found if found[token] >= FLOOR * 10)
    return sorted(kept, key=lambda token: (-found[token], token))


def _along(coded: Iterable[list[tuple[str, str, int]]]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Combinations of the parts' symbols in one system at a time; second codes of a part one at a time."""
    coded = list(coded)
    done: set[tuple[str, ...]] = set()
    for system in ("form", "dm", "mp", "bone", "bones"):
        options = [
            [(s, d) for of, s, d in codes if of == system or (of == "*" and system != "bones")]
            for codes in coded
        ]
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
    for its in person.split:
        ends = [p for p in its if p.role != "initial"]
        if len(ends) > 1:
            out.update(dict.fromkeys(Value("end", anchor(p)) for p in (ends[0], ends[-1])))
    distinct = list(dict.fromkeys(p for its in person.split for p in its if p.role != "initial"))[:PARTS]
    for part in distinct:
        for family, codes in frequency.codes_of(part).items():
            out.update(dict.fromkeys(Value(family, marked(part, code)) for code in codes))
    out.update(dict.fromkeys(Value("together", text) for text in together(person.split)[:TOGETHER]))
    return list(out)
