"""What an organisation's record puts into a run: round-one tokens, round-two values and the profile (spec/tokens-groups)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice

from detente.topics import documents
from detente.topics.names.parts import Part
from detente.topics.names.romanise import normal, script
from detente.topics.orgs import aliases
from detente.topics.orgs.words import Named, of_code, pieces, surprise, words
from detente.topics.topic import Prepared, Record, Token, Value

# Bits of surprise below which no token of a kind leaves. Whole names of organisations are public: theirs is the floor of the protocol.
KINDS = {"document": 20, "whole name": 16, "word": 20, "pair": 20, "triple": 20}
NAMES = 24
WORDS = 28  # distinct words of a record that become values
TOKEN_WORDS = 5  # words of one name that are combined: the rarest
TOGETHER, NEARLY = 24, 40
TURN = 24
_FORM = 20  # decibits of a legal form
STEP, STEPS = 10, 127  # decibits: the weights of names are told in steps of one bit, up to 127
SIZES = 20  # different weights of names that are told
_SCRIPTS = {"latin": 1, "cyrillic": 2, "arabic": 4}
NUMBERS = (
    ("registrationNumber", "registration"),
    ("ogrnCode", "registration"),
    ("innCode", "taxpayer"),
    ("taxNumber", "taxpayer"),
    ("vatCode", "taxpayer"),
    ("leiCode", "lei"),
    ("imoNumber", "imo"),
    ("swiftBic", "bic"),
    ("dunsCode", "duns"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """A record read."""

    names: tuple[str, ...]
    split: tuple[Named, ...]
    listed: tuple[str, ...]
    numbers: tuple[tuple[str, str], ...]
    countries: tuple[str, ...]


def names_of(record: Record) -> list[str]:
    """The names of a record in the order in which they are read."""
    get = record.properties.get
    names = [*get("name", ()), *get("alias", ()), *get("weakAlias", ()), *get("abbreviation", ())]
    found = [piece.strip() for name in names for part in name.split(" / ") for piece in expanded(part)]
    return list(dict.fromkeys(piece for piece in found if piece))[:NAMES]


def expanded(name: str) -> list[str]:
    """A name, and the name without an abbreviation in brackets at its end, and that abbreviation."""
    found = re.fullmatch(r"(.*\S)\s*\(([A-Z-]{2,8})\)\s*", name.strip())
    initials = "".join(word[0].upper() for word in re.findall(r"\w+", found[1])) if found else ""
    return (
        [found[1], found[2]]
        if found and found[2][0] in initials and len(found[2]) <= len(initials) + 2
        else [name.strip()]
    )


def numbers_of(properties: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """(kind, number): capital letters and digits; an IMO number is its seven digits.

    >>> numbers_of({"imoNumber": ("IMO 9074729",), "registrationNumber": ("1027700 132195",)})
    [('registration', '1027700132195'), ('imo', '9074729')]
    """
    found: dict[tuple[str, str], None] = {}
    for key, kind in NUMBERS:
        for text in properties.get(key, ()):
            number = re.sub("[^0-9A-Z]", "", text.upper())
            number = number.removeprefix("IMO") if kind == "imo" else number
            least = 8 if kind == "bic" else 6
            if (
                len(number) >= least
                and len(set(number)) > 2
                and (kind == "bic" or sum(c.isdigit() for c in number) >= 4)
            ):
                found[kind, number] = None
    return list(found)


def read(record: Record) -> Group:
    """Everything about a record that tokens and values are made of."""
    get = record.properties.get
    names = names_of(record)
    split = {named: name for name in reversed(names) for named in reversed(pieces(name))}
    split = split or {named: name for name in reversed(names) if (named := words(name)).words}
    countries = {
        c.strip().lower()[:2] for key in ("country", "jurisdiction", "mainCountry") for c in get(key, ())
    }
    return Group(
        names=tuple(reversed(split.values())),
        split=tuple(reversed(split)),
        listed=tuple(sorted({entry.id for name in names if (entry := aliases.find(name))})),
        numbers=tuple(numbers_of(record.properties)),
        countries=tuple(sorted(countries - {""})),
    )


def prepare(record: Record, most_tokens: int, most_values: int) -> Prepared:
    """Tokens, values and profile of one record."""
    group = read(record)
    return Prepared(
        tokens=tuple(tokens(group, most_tokens)),
        values=tuple(values(group)[:most_values]),
        profile=profile(group),
    )


def profile(group: Group) -> dict[str, int]:
    """Counts that both sides of a candidate pair see: `wN`, how many names weigh N times four bits; legal forms, numbers, countries."""
    out = {
        "scripts": 0,
        "names": len(group.split),
        "countries": min(len(group.countries), 4),
        "forms": min(len({form for named in group.split for form in named.forms}), 4),
        "registrations": min(sum(kind == "registration" for kind, _ in group.numbers), 4),
        "listed": len(group.listed),
    }
    for name, named in zip(group.names, group.split, strict=True):
        out["scripts"] |= _SCRIPTS.get(script(normal(name)), 8)
        key = f"w{min(sum(map(surprise, named.words)) // STEP, STEPS)}"
        if key in out or sum(k.startswith("w") for k in out) < SIZES:
            out[key] = out.get(key, 0) + 1
    return out


@lru_cache(maxsize=1 << 17)
def symbol(word: Part) -> str:
    """What stands for a word in tokens and neighbours: its class, else its spelling."""
    return "w:" + word.symbol if word.symbol else "f:" + word.form


def heard_symbol(word: Part) -> str:
    """What stands for a word by its sound: a class as such, else its Daitch-Mokotoff code."""
    return "d:" + word.sounds[0] if word.sounds and not word.symbol else symbol(word)


def whole(named: Named, heard: bool = False) -> str:
    """All words of a name, sorted, as they are spelt or as they sound."""
    return "+".join(sorted(map(heard_symbol if heard else symbol, named.words)))


def nearly(split: Sequence[Named]) -> Iterator[str]:
    """The names of three words and more, and each of them without one word: so names that differ by one word have a text in common."""
    for named in split:
        codes = sorted(map(symbol, named.words))
        if len(codes) > 2:
            yield "+".join(codes)
            yield from ("+".join(codes[:at] + codes[at + 1 :]) for at in range(len(codes)))


def bits_of(token: Token) -> int:
    """The surprise of a token in bits, from the public tables: what the entropy lint looks at."""
    if token.kind == "document":
        return documents.bits(token.value)
    families = {"w": "given", "f": "form", "d": "dm"}
    value, _, form = token.value.partition("@")
    coded = [each.partition(":") for each in value.split("+")]
    return (sum(of_code(families[family], code) for family, _, code in coded) + (_FORM if form else 0)) // 10


def tokens(group: Group, most: int) -> list[Token]:
    """Round-one tokens, at most `most`: numbers, the listed group, whole names, then rare words together; none below FLOOR bits."""
    first = [
        ("document", number) for _, number in group.numbers if documents.bits(number) >= KINDS["document"]
    ]
    first += [("whole name", name) for entry in group.listed if (name := _fullest(entry))]
    wholes: list[tuple[str, str]] = []
    for named in group.split:
        decibits = sum(map(surprise, named.words))
        one = len(named.words) == 1 and decibits >= KINDS["word"] * 10
        if decibits >= KINDS["whole name"] * 10:
            wholes.append(("word" if one else "whole name", whole(named)))
        elif decibits + _FORM >= KINDS["whole name"] * 10:
            wholes += [("whole name", f"{whole(named)}@{form}") for form in named.forms]
    lists = [list(_name_tokens(named)) for named in group.split]
    turn = max(TURN // max(len(lists), 1), 2)
    longest = max(map(len, lists), default=0)
    rest = [token for at in range(0, longest, turn) for its in lists for token in its[at : at + turn]]
    return [Token(kind, value) for kind, value in islice(dict.fromkeys([*first, *wholes, *rest]), most)]


@lru_cache(maxsize=4096)
def _fullest(entry: str) -> str:
    """The most surprising name of a listed group stands for all its names; "" where even that is below the floor."""
    named = [words(name) for each in aliases.entries() if each.id == entry for name in each.names]
    weighed = sorted(
        ((sum(map(surprise, n.words)), whole(n)) for n in named if n.words), key=lambda w: (-w[0], w[1])
    )
    return weighed[0][1] if weighed and weighed[0][0] >= KINDS["whole name"] * 10 else ""


def _name_tokens(named: Named) -> Iterator[tuple[str, str]]:
    rare = sorted(named.words, key=lambda word: (-surprise(word), word.form))[:TOKEN_WORDS]
    found: list[tuple[int, str, str]] = []
    for size, kind in ((2, "pair"), (3, "triple")):
        for chosen in combinations(rare, size):
            for options in _spelt(chosen):
                decibits = sum(d for _, d in options)
                if decibits >= KINDS[kind] * 10:
                    found.append((-decibits, kind, "+".join(sorted(s for s, _ in options))))
    for word in rare:
        if len(named.words) > 1 and surprise(word) >= KINDS["word"] * 10:
            yield "word", symbol(word)
    for _, kind, value in sorted(set(found)):
        yield kind, value


def _spelt(chosen: Sequence[Part]) -> Iterator[list[tuple[str, int]]]:
    """The words' symbols; and with the words that are no class as they sound."""
    plain = [(symbol(word), surprise(word)) for word in chosen]
    yield plain
    heard = [
        (f"d:{word.sounds[0]}", of_code("dm", word.sounds[0])) if word.sounds and not word.symbol else pair
        for word, pair in zip(chosen, plain, strict=True)
    ]
    if heard != plain:
        yield heard


def values(group: Group) -> list[Value]:
    """Round-two values, the weightiest facts first."""
    out: dict[Value, None] = dict.fromkeys(Value(kind, number) for kind, number in group.numbers[:8])
    out.update(dict.fromkeys(Value("listed group", entry) for entry in group.listed[:4]))
    out.update(dict.fromkeys(Value("country", country) for country in group.countries[:4]))
    out.update(dict.fromkeys(Value("form", form) for named in group.split for form in named.forms))
    out.update(
        dict.fromkeys(Value("name and forms", f"{whole(n)}@{'+'.join(n.forms)}") for n in group.split[:12])
    )
    out.update(dict.fromkeys(Value("whole name", whole(named)) for named in group.split[:16]))
    out.update(
        dict.fromkeys(Value("whole name as heard", whole(named, heard=True)) for named in group.split[:12])
    )
    out.update(
        dict.fromkeys(Value("name but for a word", text) for text in islice(nearly(group.split), NEARLY))
    )
    distinct = list(dict.fromkeys(word for named in group.split for word in named.words))[:WORDS]
    for word in distinct:
        out[Value("word", symbol(word))] = None
        if word.sounds and not word.symbol:
            out[Value("sound", word.sounds[0])] = None
    out.update(dict.fromkeys(Value("together", text) for text in together(group.split)[:TOGETHER]))
    return list(out)


def together(split: Sequence[Named]) -> list[str]:
    """Two words of one name, as they are spelt or as they sound; a class stands in both."""
    out: dict[str, None] = {}
    for heard in (False, True):
        for named in split:
            codes = [heard_symbol(word) if heard else symbol(word) for word in named.words[:7]]
            out.update(dict.fromkeys("+".join(sorted(pair)) for pair in combinations(codes, 2)))
    return list(out)
