"""Statements that two names stand for one: "formerly", "also known as", an acronym in brackets, names with a slash between; in four languages.

What the text states and what the public alias table knows are joined, and what either joins through a third name. Two groups that the table tells apart are
never joined: a statement that would is kept beside, as disputed.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources

from detente.topics.names.romanise import normal
from detente.topics.reports.groups import Mention
from detente.topics.reports.tokens import tokens

CUES = "cues.txt"


def _listed_cues() -> str:
    """The words that lead from one name to another (cues.txt), as one expression; the longest first."""
    text = resources.files("detente.topics.reports").joinpath(CUES).read_text("utf-8")
    return "|".join(
        sorted(
            (line for line in text.splitlines() if line and not line.startswith("#")), key=len, reverse=True
        )
    )


_AS = r"(?:as|the name|under the name(?: of)?|by the name(?: of)?|sous le nom(?: de| d['’])?|comme|под названием|под именем|как|باسم|بـ|ب)?"
_CUE = re.compile(
    rf"(?<!\w)(?:{_listed_cues()}){{1,2}}\s*{_AS}\s*[:«\"“‘'’]?\s*(?:(?:the|l['’]|le|la|les|d['’]|du|de)\s?(?=\W?[A-ZÉÀ]))?",
    re.I,
)
# X (Y formerly)
_AFTER = re.compile(r"\A\s?(?:formerly|previously|anciennement|autrefois|ранее|прежде|سابقا|سابقًا|اختصارا)\b")
# What kind of group it is, before or after its name.
_NOISE = (
    r"(?:terrorist|militant|jihadist|extremist|armed|so-called|outlawed|banned|group|organi[sz]ation|movement|militia|network|faction"
    r"|terroriste|djihadiste|groupe|organisation|mouvement|террористическ\w+|запрещ[её]нн\w+|группировк\w+|организаци\w+|движени\w+"
    r"|التنظيم|تنظيم|جماعة|حركة|الإرهابي|الإرهابية|المتطرف|المتشدد)"
)
_LINK = r"which (?:is|was|are)|that (?:is|was)|who (?:is|was)|qui (?:est|était)|которая|которое|который|или|or|ou|أو|وهو|وهي|also|aussi|также"
_BETWEEN = re.compile(
    rf"\A[\s,;:–—\-«»\"“”'’]*(?:(?:{_NOISE}|{_LINK})[\s,«»\"“”]*){{0,4}}(?:\([^()]{{0,60}}\)[\s,]*)?\Z", re.I
)
_LEAD = re.compile(rf"\A[\s«\"“”‘'’:]*(?:(?:the|le|la|les|l['’]|{_NOISE})[\s«\"“]+){{0,3}}", re.I)
_LIST = re.compile(
    r"\A[\"»”'’]?\s*(?:/|,|;| or | ou | или | أو |,? and also | ainsi que )\s*"
    r"(?:or |ou |или |أو |also |formerly |previously |ранее |anciennement )?[\"«“'‘]?(?:the |l['’])?",
    re.I,
)
_QUOTED = re.compile(r"[«\"“]\s?([^«»\"“”\s][^«»\"“”\n]{0,58}[^«»\"“”\s])\s?[»\"”]")
_ACRONYM = re.compile(
    r"(?<![\w-])[A-ZА-ЯЁ][A-ZА-ЯЁ0-9a-z-]{0,3}[A-ZА-ЯЁ0-9](?:[-/][A-ZА-ЯЁ0-9]{1,3})?(?![\w-])"
)
_INNER = (
    "of the and for in on al el ul wal wa bin ibn ben de du des la le les et pour en и в на аль ан ат аш ибн"
)
_NAME = re.compile(
    r"(?<![\w-])[A-ZÀ-ÞА-ЯЁ][\w'’]+(?:(?: |-)"
    rf"(?:(?:{'|'.join(_INNER.split())})(?: |-)){{0,3}}(?:[ld]['’])?[A-ZÀ-ÞА-ЯЁ][\w'’]+){{0,8}}"
)
_ARTICLE = re.compile(r"(?:The|Le|La|Les|Un|Une|A|An) |L['’]")
_BRACKET = re.compile(r"[(\[]([^()\[\]]{2,160})[)\]]")
_ARABIC_NAME = re.compile(r"\A[\u0621-\u064a]+(?: [\u0621-\u064a]+){0,3}")


@dataclass(frozen=True, slots=True)
class _Name:
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Aliases:
    """Sets of names that stand for one, in the order of the text; `disputed` statements that would join what the table tells apart."""

    sets: tuple[tuple[str, ...], ...]
    disputed: tuple[tuple[str, ...], ...]


def find(text: str, mentions: Sequence[Mention]) -> Aliases:
    """The sets of names that a text and the public table say stand for one.

    >>> found = find("Daesh [an Arabic acronym for IS] and IS, formerly ISIS/ISIL", gazetteer().find(...))  # doctest: +SKIP
    >>> found.sets  # doctest: +SKIP
    (('Daesh', 'IS', 'ISIS', 'ISIL'),)
    """
    names = _names(text, mentions)
    stated = [*_brackets(text, names), *_cued(text, names), *_slashed(text, names, mentions)]
    return join(stated, mentions)


def _names(text: str, mentions: Sequence[Mention]) -> list[_Name]:
    """All that may be a name: what was found already, then what stands in quotes, in capitals, or as an acronym; none within another."""
    found = [_Name(text[m.start : m.end], m.start, m.end) for m in mentions]
    taken = bytearray(len(text))
    for name in found:
        taken[name.start : name.end] = b"\x01" * (name.end - name.start)
    for pattern, group in ((_QUOTED, 1), (_NAME, 0), (_ACRONYM, 0)):
        for match in pattern.finditer(text):
            start, end = match.span(group)
            if group == 0 and (article := _ARTICLE.match(match.group())):
                start += article.end()
            if any(taken[start:end]):
                continue
            if group == 1 and not _like_name(match[1]):
                continue
            found.append(_Name(text[start:end], start, end))
            taken[start:end] = b"\x01" * (end - start)
    return sorted(found, key=lambda name: name.start)


def _like_name(text: str) -> bool:
    split = tokens(text)
    return (
        0 < len(split) <= 8
        and (split[0].capital or split[0].script == "arabic")
        and not re.search(r"[.!?,]", text)
    )


def _ending_at(names: Sequence[_Name], text: str, at: int) -> _Name | None:
    """The name that ends right before a place: nothing but quotes, commas and a kind of group between."""
    last = bisect_right(names, at, key=lambda name: name.start)
    for name in reversed(names[max(0, last - 4) : last]):
        if name.end <= at and at - name.end <= 70 and _BETWEEN.match(text[name.end : at]):
            return name
    return None


def _starting_at(names: Sequence[_Name], text: str, at: int, end: int) -> _Name | None:
    """The name that begins right at a place: nothing but quotes, an article and a kind of group between."""
    lead = _LEAD.match(text[at:end])
    place = at + (lead.end() if lead else 0)
    near = bisect_left(names, at, key=lambda name: name.start)
    for name in names[near : near + 3]:
        if at <= name.start <= place and name.start < end:
            return name
        if name.start > place:
            break
    found = _ARABIC_NAME.match(text[place:end])
    if found and re.search(r"[\"»”)\]]|\Z", text[place + found.end() : end][:2]):
        return _Name(found.group(), place, place + found.end())
    return None


def _listed(names: Sequence[_Name], text: str, first: _Name, end: int) -> list[_Name]:
    """A name and those that follow it with a slash, a comma or an "or"."""
    found = [first]
    while True:
        match = _LIST.match(text[found[-1].end : end])
        if match is None:
            return found
        at = found[-1].end + match.end()
        following = _starting_at(names, text, at, end)
        slash = "/" in match.group()
        if following is None or (
            match.group().strip(' "»”').startswith(",") and not slash and not _bare_word(following)
        ):
            return found
        found.append(following)


def _bare_word(name: _Name) -> bool:
    """Whether a name after a comma can be a further alias: an acronym; a longer name may be somebody else's."""
    return _ACRONYM.fullmatch(name.text) is not None


def _cued(text: str, names: Sequence[_Name]) -> list[tuple[str, ...]]:
    """X, formerly Y; X, also known as Y or Z."""
    found = []
    for cue in _CUE.finditer(text):
        first = _ending_at(names, text, cue.start())
        if first is None:
            bracket = _bracket_around(text, cue.start())
            first = (
                _ending_at(names, text, bracket)
                if bracket is not None and _BRACKET_LEAD.match(text[bracket + 1 : cue.start()])
                else None
            )
        second = _starting_at(names, text, cue.end(), min(len(text), cue.end() + 160))
        if first is None or second is None or first.text == second.text:
            continue
        found.append(
            (first.text, *(name.text for name in _listed(names, text, second, _stop(text, second.end))))
        )
    return found


_BRACKET_LEAD = re.compile(r"\A\s*(?:an?|the|it is|c['’]est|это|وهو|هو)?\s*\Z", re.I)


def _bracket_around(text: str, at: int) -> int | None:
    """Where the bracket opens that a place stands in."""
    opening = max(text.rfind("(", max(0, at - 80), at), text.rfind("[", max(0, at - 80), at))
    return opening if opening >= 0 and not re.search(r"[)\]\n]", text[opening:at]) else None


def _stop(text: str, at: int) -> int:
    found = re.search(r"[)\].;\n]", text[at:])
    return at + found.start() if found else len(text)


def _brackets(text: str, names: Sequence[_Name]) -> list[tuple[str, ...]]:
    """X (Y), where Y is an acronym whose letters begin the words of X, or is led to by words that say so."""
    found: list[tuple[str, ...]] = []
    for match in _BRACKET.finditer(text):
        inside: list[str] = []
        for piece in re.finditer(r"[^,;/]+", match[1]):
            start = match.start(1) + piece.start()
            cue = _CUE.match(text, start + len(piece.group()) - len(piece.group().lstrip()), match.end(1))
            at = cue.end() if cue else start
            name = _starting_at(names, text, at, start + len(piece.group()))
            if name is None or text[name.end : start + len(piece.group())].strip(" \"»”'’"):
                trailing = name is not None and _AFTER.match(
                    normal(text[name.end : start + len(piece.group())])
                )
                if not trailing or name is None:
                    continue
            before = text[: match.start()].rstrip(" \"»”'’")
            first = _initialled(before, name.text) if not cue else None
            known = _ending_at(names, text, match.start())
            if first:
                inside += [first, name.text]
            elif known is not None and (
                cue or inside or (piece.group().strip() != match[1].strip() and "/" in match[1])
            ):
                inside += [known.text, name.text]
        if len(set(inside)) > 1:
            found.append(tuple(dict.fromkeys(inside)))
    return found


def _initialled(before: str, acronym: str) -> str | None:
    """The words right before an acronym that its letters begin (Schwartz and Hearst, 2003), or None.

    >>> _initialled("militants of the Front for Equality and Freedom", "FEF")
    'Front for Equality and Freedom'
    """
    letters = [letter.lower() for letter in re.sub(r"[^\w]", "", acronym) if letter.isalpha()]
    if len(letters) < 2 or sum(letter.isupper() for letter in acronym) < 2:
        return None
    words = list(re.finditer(r"[^\W\d_]+", before[-160:]))[-(2 * len(letters) + 3) :]
    if not words:
        return None
    at, first = len(words) - 1, len(words)
    for letter in reversed(letters):
        while at >= 0 and normal(words[at].group())[:1] != letter:
            # a capital word whose letter is missing belongs to another name
            if words[at].group()[0].isupper() and first < len(words):
                return None
            at -= 1
        if at < 0:
            return None
        first, at = at, at - 1
    start = words[first]
    phrase = before[-160:][start.start() :].strip(" «»\"“”'’")
    return phrase if start.group()[0].isupper() and not re.search(r"[.,;:!?()\n]", phrase) else None


def _slashed(text: str, names: Sequence[_Name], mentions: Sequence[Mention]) -> list[tuple[str, ...]]:
    """ISIS/ISIL: names with a slash between, where the table knows one of them as a group."""
    groups = {(mention.start, mention.end) for mention in mentions if mention.kind == "group"}
    found = []
    row: list[_Name] = []
    for name in [*names, _Name("", len(text) + 9, len(text) + 9)]:
        if row and text[row[-1].end : name.start].strip(" ") == "/" and name.start - row[-1].end <= 3:
            row.append(name)
            continue
        if len(row) > 1 and any((each.start, each.end) in groups for each in row):
            found.append(tuple(dict.fromkeys(each.text for each in row)))
        row = [name]
    return found


class _Joined:
    """Names in sets that grow together; of each set the groups of the table that its names stand for."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._spelt: dict[str, str] = {}
        self._groups: dict[str, frozenset[str]] = {}

    def add(self, name: str, shown: str = "") -> str:
        """The set of a name; `shown` is how it is written in the set."""
        found = key(name)
        if found not in self._parent:
            self._parent[found] = found
            self._spelt[found] = shown or name
            self._groups[found] = frozenset()
        return self.root(found)

    def root(self, found: str) -> str:
        while self._parent[found] != found:
            found = self._parent[found]
        return found

    def groups(self, found: str) -> frozenset[str]:
        return self._groups[self.root(found)]

    def know(self, found: str, groups: Iterable[str]) -> None:
        self._groups[self.root(found)] |= frozenset(groups)

    def unite(self, one: str, two: str) -> None:
        first, second = self.root(one), self.root(two)
        if first != second:
            self._groups[first] |= self._groups[second]
            self._parent[second] = first

    def sets(self) -> tuple[tuple[str, ...], ...]:
        """The sets of two names or more, in the order in which their first names were added."""
        found: dict[str, dict[str, None]] = {}
        for each in self._parent:
            found.setdefault(self.root(each), {})[self._spelt[each]] = None
        return tuple(tuple(names) for names in found.values() if len(names) > 1)


def join(stated: Iterable[tuple[str, ...]], mentions: Sequence[Mention]) -> Aliases:
    """Statements and the table's own knowledge, joined through what they share; what the table tells apart stays apart.

    >>> join([("IS", "Daesh"), ("Daesh", "ISIL")], ()).sets
    (('IS', 'Daesh', 'ISIL'),)
    """
    joined = _Joined()
    by_group: dict[str, str] = {}
    for mention in sorted(mentions, key=lambda each: each.start):
        if mention.kind == "group":
            found = joined.add(mention.text, mention.name if _declined(mention) else "")
            joined.know(found, mention.candidates)
            if len(mention.candidates) == 1:
                joined.unite(by_group.setdefault(mention.candidates[0], found), found)
    disputed = []
    for names in stated:
        keys = [joined.add(name) for name in names]
        told = dict.fromkeys(joined.groups(each) for each in keys if joined.groups(each))
        if len(told) > 1 and not frozenset.intersection(*told):
            disputed.append(tuple(dict.fromkeys(names)))
            continue
        for each in keys[1:]:
            joined.unite(keys[0], each)
    return Aliases(joined.sets(), tuple(dict.fromkeys(disputed)))


def _declined(mention: Mention) -> bool:
    """Whether a name is written with case endings here, and the table has it without."""
    return (
        bool(mention.name)
        and re.search("[\u0400-\u04ff]", mention.text) is not None
        and not mention.text.isupper()
    )


def key(name: str) -> str:
    """What makes two spellings in a text the same name."""
    return " ".join(
        token.key for token in tokens(name) if token.key not in ("the", "l", "le", "la", "les")
    ) or normal(name)
