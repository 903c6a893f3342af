"""One group on one list: its names, and what that list says of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from detente.topics.topic import Record

Status = Literal["listed", "considered", "not-listed", "objects"]
NameKind = Literal["name", "alias", "former", "weak"]

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
SAID: Final = "said"
"""The source of what a party says of single groups; it weighs more than any list."""

OWN: Final = "own"
"""The source of a party's own list; it weighs more than the published ones that the party also follows."""

_PROPERTIES: Final[dict[NameKind, str]] = {
    "name": "name",
    "alias": "alias",
    "former": "previousName",
    "weak": "weakAlias",
}
# Scripts that one language of ours uses; of the others the script alone is known (BCP 47, RFC 5646).
_SCRIPTS: Final = {
    "LATIN": "und-Latn",
    "CYRILLIC": "und-Cyrl",
    "ARABIC": "und-Arab",
    "GREEK": "el",
    "HEBREW": "he",
    "CJK": "und-Hani",
    "HANGUL": "ko",
    "BENGALI": "bn",
    "DEVANAGARI": "und-Deva",
    "THAI": "th",
}
# Words that hold a name together: they tell a language where nothing else does.
_SMALL_WORDS: Final = {
    "en": frozenset(["the", "of", "and", "for", "in", "to"]),
    "fr": frozenset(
        ["le", "les", "du", "des", "et", "au", "aux", "pour", "l", "d", "dans", "état", "réseau", "mouvement"]
    ),
    "es": frozenset(["el", "los", "las", "del", "y", "por", "ejército", "estado"]),
    "de": frozenset(["der", "die", "das", "und", "für", "von"]),
}
_RUSSIAN: Final = re.compile("[ыэё]|ий\\b|ая\\b|ое\\b|ская|ского")
_NOT_RUSSIAN: Final = re.compile("[ўқғҳҷӣӯәңөұүһіїєґ]")
_ARABIC: Final = re.compile("ال|ة")
_NOT_ARABIC: Final = re.compile("[پچژگکیٹڈڑے]")


@dataclass(frozen=True, slots=True)
class Name:
    """One name as a list has it. `language` is a BCP 47 tag; "und-Cyrl" and the like where the script alone is known."""

    text: str
    kind: NameKind = "alias"
    language: str = ""

    def __post_init__(self) -> None:
        if not self.language:
            object.__setattr__(self, "language", language_of(self.text))


@dataclass(frozen=True, slots=True)
class Listing:
    """A group on one list of one party. Dates are ISO 8601 days, "" where the list gives none.

    >>> Listing("un", "QDe.115", (Name("AL-QAIDA IN IRAQ", "name"),), since="2004-10-18").name
    'AL-QAIDA IN IRAQ'
    """

    source: str  # slug of the list
    reference: str  # what that list calls the entry
    names: tuple[Name, ...]
    status: Status = "listed"
    reason: str = ""
    grounds: str = ""
    legal_basis: str = ""
    since: str = ""
    review: str = ""
    countries: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()  # (FollowTheMoney property, number)

    @property
    def name(self) -> str:
        """The name under which the list has it."""
        return next((name.text for name in self.names if name.kind == "name"), self.names[0].text)

    def record(self) -> Record:
        """The same as the groups topic takes it."""
        properties: dict[str, list[str]] = {"country": list(self.countries)}
        for name in self.names:
            properties.setdefault(_PROPERTIES[name.kind], []).append(name.text)
        for key, number in self.numbers:
            properties.setdefault(key, []).append(number)
        fixed = {key: tuple(texts) for key, texts in properties.items() if texts}
        # The topic reads no former names: of a group they are as good as the others.
        fixed["alias"] = fixed.get("alias", ()) + fixed.pop("previousName", ())
        return Record(f"{self.source}:{self.reference}", "Organization", fixed)


def language_of(text: str) -> str:
    """The language that a name shows by its script, its letters or its small words; else the script.

    >>> [language_of(name) for name in ("Islamic State of Iraq", "État islamique", "Исламское государство", "ИГИЛ", "داعش")]
    ['en', 'fr', 'ru', 'und-Cyrl', 'und-Arab']
    """
    script = _script(text)
    lower = text.lower()
    if script == "und-Cyrl" and _RUSSIAN.search(lower) and not _NOT_RUSSIAN.search(lower):
        return "ru"
    if script == "und-Arab":
        return "ar" if _ARABIC.search(lower) and not _NOT_ARABIC.search(lower) else script
    if script != "und-Latn":
        return script
    words = re.findall(r"[^\W\d_]+", lower)
    found = [
        (sum(word in small for word in words), code)
        for code, small in _SMALL_WORDS.items()
        if not small.isdisjoint(words)
    ]
    best = max(found, default=(0, ""))
    # Two languages that share the words say nothing.
    return best[1] if [count for count, _ in found].count(best[0]) == 1 else script


def _script(text: str) -> str:
    for character in text:
        if character.isalpha():
            family = unicodedata.name(character, "").partition(" ")[0]
            return _SCRIPTS.get(family, "und")
    return "und"


def word_of(listings: Iterable[Listing]) -> Status | None:
    """What a party says of a group by all its lists: its own word first, else listed where any list has it; None without a list.

    >>> name = (Name("X", "name"),)
    >>> word_of([Listing("un", "1", name), Listing("own", "2", name, status="objects")])
    'objects'
    """
    held = sorted(listings, key=lambda each: (weight(each), STATUSES.index(each.status)))
    return held[0].status if held else None


def weight(listing: Listing) -> int:
    """Which of a party's listings of one group speaks first, the less the sooner: what it said, its own list, any other."""
    return {SAID: 0, OWN: 1}.get(listing.source, 2)


__all__ = [
    "OWN",
    "SAID",
    "STATUSES",
    "Listing",
    "Name",
    "NameKind",
    "Status",
    "language_of",
    "weight",
    "word_of",
]
