"""Russian names in the nominative: what a given name and a surname are before their case endings."""

from __future__ import annotations

import re
from functools import lru_cache

from detente.topics.names import given as classes
from detente.topics.names.romanise import fold, latin, normal
from detente.topics.reports import vocabulary

# (ending in the text, ending in the nominative, gender)
_GIVEN = (
    ("", "", ""), ("ем", "й", "m"), ("ея", "ей", "m"), ("я", "й", "m"), ("ю", "й", "m"), ("е", "й", "m"), ("и", "й", "m"), ("ом", "", "m"),
    ("а", "", "m"), ("у", "", "m"), ("е", "", "m"), ("ем", "ь", "m"), ("я", "ь", "m"), ("ю", "ь", "m"),
    ("ой", "а", "f"), ("ы", "а", "f"), ("у", "а", "f"), ("е", "а", "f"), ("ией", "ия", "f"), ("ии", "ия", "f"), ("ию", "ия", "f"), ("ьей", "ья", "f"),
    ("и", "а", "f"), ("ей", "я", "f"), ("и", "я", "f"), ("ю", "я", "f"),
)  # fmt: skip
_MALE = (
    (r"(?<=[оеёи][внм])а\Z|(?<=ын)а\Z", ""), (r"(?<=[оеёи]в)у\Z|(?<=[иы]н)у\Z", ""), (r"(?<=[оеё]в)ым\Z|(?<=[иы]н)ым\Z", ""),
    (r"(?<=[оеё]в)е\Z|(?<=[иы]н)е\Z", ""), (r"(?<=[сц]к)(?:ого|ому|им|ом)\Z", "ий"), (r"(?<=[^сц][кнрвлтд])(?:ого|ому)\Z", "ый"),
    (r"(?<=[бвгджзклмнпрстфхцчшщ])(?:а|у|ом|ем|е)\Z", ""), (r"(?<=[аеиоуэ])(?:я|ю|ем|е)\Z", "й"),
)  # fmt: skip
_FEMALE = ((r"(?<=[оеё]в)(?:ой|у)\Z|(?<=[иы]н)(?:ой|у)\Z", "а"), (r"(?<=[сц]к)(?:ой|ую)\Z", "ая"))
_PATRONYMIC = re.compile(r"(?<=вич)(?:а|у|ем|е)\Z|(?<=вн)(?:ы|е|у|ой)\Z")


@lru_cache(maxsize=1 << 14)
def given(word: str) -> tuple[str, str] | None:
    """(the nominative, "m" or "f" where the ending tells it, "" where it is the nominative) of a given name (`normal`); None for other words.

    >>> given("сергея"), given("сергей"), given("стола")
    (('сергей', 'm'), ('сергей', ''), None)
    """
    for known in (_listed().__contains__, _known):
        for ending, instead, gender in _GIVEN:
            if word.endswith(ending):
                base = word[: len(word) - len(ending)] + instead
                if len(base) >= 2 and known(base):
                    return base, gender
    return None


def _known(word: str) -> bool:
    symbol = classes.of_fold(fold(latin(word)))
    # the fold is kind to spellings: here only words that do not end like a declined name count
    return bool(symbol) and len(word) >= 3 and not word.endswith(("ея", "ию", "ом", "ем"))


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    return frozenset(normal(word) for word in vocabulary.entries("given"))


def nominative(name: str) -> str:
    """A person's name in the nominative, as far as endings tell; as it stands where they do not.

    >>> nominative("Сергея Лаврова"), nominative("Марией Захаровой"), nominative("Жан-Ивом Ле Дрианом")
    ('Сергей Лавров', 'Мария Захарова', 'Жан-Ив Ле Дриан')
    """
    split = re.split(r"([ -]+)", name)
    names = [given(normal(piece)) if piece.strip(" -") else None for piece in split[:-1]] + [None]
    gender = next((found[1] for found in names if found is not None and found[1]), "")
    if not gender:
        return name
    out = []
    for piece, found in zip(split, names, strict=True):
        if found is not None:
            out.append(_cased(piece, found[0]) if found[1] else piece)
        else:
            out.append(_surname(piece, gender))
    return "".join(out)


def _surname(word: str, gender: str) -> str:
    if not word[:1].isupper() or len(word) < 4:
        return word
    if _PATRONYMIC.search(word):
        return _PATRONYMIC.sub("" if gender == "m" else "а", word)
    for pattern, ending in _MALE if gender == "m" else _FEMALE:
        if re.search(pattern, word):
            return re.sub(pattern, ending, word)
    return word


def stem_of_surname(word: str) -> str:
    """A surname as a man's in the nominative, whatever case it stands in."""
    male = _surname(word, "m")
    return re.sub(r"(?<=[оеёи][вн])а\Z", "", male) if male == word else male


def _cased(like: str, word: str) -> str:
    return word.capitalize() if like[:1].isupper() else word
