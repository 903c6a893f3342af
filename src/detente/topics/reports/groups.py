"""Groups that a text names: the public alias table in the scripts and cases of running text, and the names of our own records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Literal

from detente.topics.names.romanise import normal
from detente.topics.orgs import aliases
from detente.topics.reports import vocabulary
from detente.topics.reports.tokens import Token, joined, tokens, unjoined

NAMES = "names.txt"
Kind = Literal["group", "person"]

_SMALL_WORDS = (
    "the of and for in on al el ul a as ash an ar at ad le la les l d du de des en au aux et wa wal"
    " и в на аль ан ат аш эль من في و"
)
_SMALL = frozenset(_SMALL_WORDS.split())
_ARTICLE = frozenset(["al", "el", "аль", "эль", "ан", "ат", "аш", "ад"])
_GAP = re.compile(r"[\s\-\u2010-\u2015'’«»“”\"/&]{0,3}")
# Names that are also words of every day: they count where the page says more of the same group, or speaks of fighting near them.
_SOFT = frozenset(
    aliases.key(name)
    for name in (
        "The Base", "The Youth", "The Sentinels", "Aleph", "Nation Building", "National Action", "Red Eagles", "Batasuna", "Ekin", "Sepah",
        "Party of God", "Islamic Army", "Army of Islam", "The Islamic Army", "New Jihad", "Jihad Group", "Libyan Society", "Foreign Relations Department",
        "Islamic State", "Sinai Province", "Wagner", "Вагнер", "Rusich", "Black September", "Army of Justice", "Islamic Group Egypt", "النصرة", "فاغنر",
        "الجماعة الإسلامية", "حسم", "Houthis", "Orange Volunteers", "ETA", "MEND", "HASM",
    )
) - {aliases.key("Islamic State")}  # fmt: skip
_NEAR = 80  # characters


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text, from `start` to `end`; `candidates` are ids of what it may stand for, `name` the table's form of it."""

    text: str
    start: int
    end: int
    kind: Kind
    candidates: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A name of the gazetteer: the group or person `id` is called so."""

    id: str
    name: str
    kind: Kind = "group"


@dataclass(frozen=True, slots=True)
class _Form:
    known: Known
    keys: tuple[str, ...]
    acronym: bool
    capital: bool
    soft: bool


@lru_cache(maxsize=1)
def public() -> tuple[Known, ...]:
    """The names of the alias table, and those of the newspapers beside it."""
    found = [Known(entry.id, name) for entry in aliases.entries() for name in entry.names]
    text = resources.files("detente.topics.reports").joinpath(NAMES).read_text("utf-8")
    known = {entry.id for entry in aliases.entries()}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            ident, _, listed = line.partition(":")
            if ident not in known:
                raise ValueError(f"{NAMES}: there is no entry {ident}")
            found += [Known(ident, name.strip()) for name in listed.split(";") if name.strip()]
    return tuple(found)


class Gazetteer:
    """Names by which people and groups are known, looked up in running text.

    >>> [mention.text for mention in Gazetteer(public()).find("Daesh, the Islamic State of old")]
    ['Daesh', 'Islamic State']
    """

    def __init__(self, known: Iterable[Known]) -> None:
        by_first: dict[str, list[_Form]] = {}
        for each in dict.fromkeys(known):
            form = _form(each)
            if form is not None:
                by_first.setdefault(form.keys[0], []).append(form)
        for forms in by_first.values():
            forms.sort(key=lambda form: -len(form.keys))
        self._by_first = MappingProxyType(by_first)

    def find(self, text: str) -> list[Mention]:
        """The names in a text, the longest at each place, in order; names that are also words only where more speaks for them."""
        found = list(self._all(text, tokens(text)))
        sure = {mention.candidates for mention, soft in found if not soft}
        return [
            mention
            for mention, soft in found
            if not soft or mention.candidates in sure or _of_fighting(text, mention)
        ]

    def _all(self, text: str, split: Sequence[Token]) -> Iterator[tuple[Mention, bool]]:
        at = 0
        while at < len(split):
            best = self._best(text, split, at)
            if best is None:
                at += 1
                continue
            forms, end = best
            first = _with_article(text, split, at)
            start, stop = split[first].start, split[end].end
            if split[at].script == "arabic":
                start += joined(split[at].text, forms[0].keys[0])
            surface = re.sub(r"['’]s$", "", text[start:stop])
            shown = " ".join(re.sub('[«»“”"]', " ", surface).split())
            ids = tuple(dict.fromkeys(form.known.id for form in forms))
            yield (
                Mention(shown, start, start + len(surface), forms[0].known.kind, ids, forms[0].known.name),
                all(f.soft for f in forms),
            )
            at = end + 1

    def _best(self, text: str, split: Sequence[Token], at: int) -> tuple[list[_Form], int] | None:
        token = split[at]
        best: list[_Form] = []
        last, most = at, 0
        for key in unjoined(token.key) if token.script == "arabic" else (token.key,):
            for form in self._by_first.get(key, ()):
                if len(form.keys) < most:
                    break
                end = _match(text, split, at, form)
                if end is None:
                    continue
                if len(form.keys) > most:
                    best, last, most = [form], end, len(form.keys)
                elif end == last:
                    best.append(form)
        return (best, last) if best else None


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """The gazetteer of public names."""
    return Gazetteer(public())


def _form(known: Known) -> _Form | None:
    split = tokens(known.name)
    content = [token for token in split if token.key not in _SMALL or token.acronym] or split
    if not content or sum(len(token.key) for token in content) < 2:
        return None
    joined = "".join(token.text for token in content)
    acronym = joined.isupper() and len(joined) <= 8 and any(c.isalpha() for c in joined)
    soft = (acronym and len(joined) <= 3) or aliases.key(known.name) in _SOFT
    return _Form(
        known,
        tuple(token.key for token in content),
        acronym,
        content[0].capital,
        soft and known.kind == "group",
    )


def _match(text: str, split: Sequence[Token], at: int, form: _Form) -> int | None:
    """The place of the last word of the name that stands at `at`, or None."""
    if not _cased(split[at], form):
        return None
    last = at
    for key in form.keys[1:]:
        here = last + 1
        while here < len(split) and here - last <= 2 and split[here].key != key and split[here].key in _SMALL:
            here += 1
        if here >= len(split) or not (
            split[here].key == key or (split[here].script == "arabic" and key in unjoined(split[here].key))
        ):
            return None
        if any(_GAP.fullmatch(text, split[n].end, split[n + 1].start) is None for n in range(last, here)):
            return None
        last = here
    return last


def _cased(token: Token, form: _Form) -> bool:
    if token.script == "arabic" or not form.capital:
        return True
    if form.acronym:
        long = len("".join(form.keys)) > 3
        plain = re.sub(r"['’]s$", "", token.text)
        return plain.isupper() or (long and plain.istitle())
    return token.capital


def _with_article(text: str, split: Sequence[Token], at: int) -> int:
    """The place where the name begins with the Arabic article that is written before it."""
    if (at and split[at - 1].key in _ARTICLE) or (at and split[at - 1].text.lower() in _ARTICLE):
        gap = text[split[at - 1].end : split[at].start]
        if gap == "-" or (gap == " " and split[at - 1].capital):
            return at - 1
    return at


def _of_fighting(text: str, mention: Mention) -> bool:
    """Whether the words around a mention speak of armed groups; within a headline in capitals a short name is any word."""
    line = text[
        text.rfind("\n", 0, mention.start) + 1 : (text.find("\n", mention.end) + 1 or len(text) + 1) - 1
    ]
    if len(mention.text) <= 3 and line.isupper():
        return False
    near = text[max(0, mention.start - _NEAR) : mention.start] + " " + text[mention.end : mention.end + _NEAR]
    return vocabulary.fighting().search(normal(near)) is not None
