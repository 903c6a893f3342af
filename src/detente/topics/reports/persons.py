"""Persons that a text names, by the shape of names and what stands beside them: titles, verbs of speech, given names, an age.

A proposal, not a finding: nothing here becomes a record without a person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from detente.topics.names import frequency, given
from detente.topics.names.romanise import fold, latin, normal, spelling
from detente.topics.reports import russian, vocabulary
from detente.topics.reports.groups import Mention
from detente.topics.reports.tokens import Token, tokens

_THRESHOLD = 3.0
_MOST = 5  # words of a name
_PARTICLE_WORDS = (
    "al el bin ben ibn bint abu abou um umm ould de du von van der den di da dos del la le ul ad ar as ash az an at"
    " бин ибн аль ад ан аш эль оглы фон де ван ле"
)
_PARTICLES = frozenset(_PARTICLE_WORDS.split())
_JOINT = re.compile(r"(?: |-|\u2010|\. ?|'|’)\Z")
_SENTENCE = re.compile(r"[.!?…:;»”\"»\n(—–-]\s*[«\"“'(‘—–-]*\s*\Z")
_AGE = re.compile(r"\A,? (?:\(?\d\d\)?(?:,| |\))|âgée? de \d\d|aged \d\d|\d\d ans|\(\d\d ans\)|\d\d-летн)")
_PATRONYMIC = re.compile(r"(?:ович|евич|ьич|овн|евн|инична)(?:а|у|ем|ом|е|ой|ы)?\Z")
# A verb in the past beside the name: French with its auxiliary, Russian by its ending.
_PAST = re.compile(r"\A,? (?:(?:a|avait) \w+(?:é|i|u|it|is)\b|(?!был)\w{3,}(?:ил|ал|ел|ыл)[аи]?(?:с[ья])?\b)")
_PAST_BEFORE = re.compile(
    r"(?:\b(?:a|avait) \w+(?:é|i|u|it|is)|(?<!\w)(?!был)\w{3,}(?:ил|ал|ел|ыл)а?(?:с[ья])?) \Z"
)
_CLAUSE = re.compile(
    r"\A, (?:who|whose|qui|dont|котор|an? \w|the \w|une? \w|l[ae'’] ?\w)|\A (?:is|was) (?:an?|the) "
)
_INITIAL = re.compile(r"\A[A-ZА-ЯЁ]\Z")


@dataclass(frozen=True, slots=True)
class _Run:
    """A row of words that may be a name: `first` to `last` among the tokens."""

    first: int
    last: int
    score: float
    titled: bool


def find(text: str, taken: Sequence[Mention]) -> list[Mention]:
    """The persons named in a text, in order; not where `taken` mentions stand. Case endings are undone where they are understood.

    >>> [mention.text for mention in find("The foreign minister, Sergey Lavrov, said he would go.", ())]
    ['Sergey Lavrov']
    """
    split = tokens(text)
    covered = _covered(split, taken)
    lower = {token.key for token in split if token.text.islower()}
    found: list[Mention] = []
    at = 0
    while at < len(split):
        if covered[at]:
            at += 1
            continue
        run = (
            _arabic(text, split, covered, at)
            if split[at].script == "arabic"
            else _cased(text, split, covered, at, lower)
        )
        if run is None:
            at += 1
            continue
        if run.score >= _THRESHOLD:
            found.append(_mention(text, split, run))
        at = run.last + 1
    return _linked(text, split, covered, found)


def _covered(split: Sequence[Token], taken: Sequence[Mention]) -> list[bool]:
    spans = sorted((mention.start, mention.end) for mention in taken)
    out, at = [], 0
    for token in split:
        while at < len(spans) and spans[at][1] <= token.start:
            at += 1
        out.append(at < len(spans) and spans[at][0] < token.end)
    return out


def _mention(text: str, split: Sequence[Token], run: _Run) -> Mention:
    start, end = split[run.first].start, split[run.last].end
    surface = re.sub(r"['’]s\Z", "", text[start:end])
    if split[run.first].script == "arabic":
        start += _joined_before(split[run.first])
        surface = text[start:end]
    name = russian.nominative(surface) if split[run.last].script == "cyrillic" else surface
    return Mention(name, start, start + len(surface), "person")


# --- names with capitals: Latin and Cyrillic


def _cased(
    text: str, split: Sequence[Token], covered: Sequence[bool], at: int, lower: set[str]
) -> _Run | None:
    """The row of capitalised words that begins here, without the titles before the name, and how much speaks for it."""
    if not split[at].capital:
        return None
    last = at
    while last + 1 < len(split) and not covered[last + 1] and last - at < 11:
        if _JOINT.fullmatch(text[split[last].end : split[last + 1].start]) is None or _sentence_between(
            text, split, last
        ):
            break
        if _is_name_word(split[last + 1]):
            last += 1
        elif _particle(split[last + 1]) and _follows(text, split, covered, last + 1):
            last += 2
        else:
            break
    first = at
    first = at
    # an ordinary word with a capital begins the sentence: "Take John Smith", "Политолог Анна Белова"
    if last > at + 1 and not _given(split[at]) and _given(split[at + 1]) and not _particle(split[at + 1]):
        first = at + 1
    offices = [
        n for n in range(at, last) if split[n].key in vocabulary.keys("title") and not _given(split[n])
    ]
    first = max(first, offices[-1] + 1) if offices else first
    while first < last and _leads(split[first]):
        first += 1
    while (
        last > first
        and not _PATRONYMIC.search(normal(split[last - 1].text))
        and (_institution(split[last]) or split[last].key in vocabulary.calendar())
    ):
        last -= 1
        if _particle(split[last]):
            last -= 1
    if last < first or first - at > 8:
        return _Run(at, max(last, at), 0.0, False)
    titled = _titled(text, split, first)
    return _Run(first, last, _score(text, split, first, last, lower, titled), titled)


def _sentence_between(text: str, split: Sequence[Token], at: int) -> bool:
    """Whether a full stop after a word ends a sentence, and is none of an initial's."""
    return text[split[at].end : split[at].end + 1] == "." and len(split[at].text) > 2


def _is_name_word(token: Token) -> bool:
    return (
        token.capital
        and token.script in ("latin", "cyrillic")
        and (len(token.text) <= 2 or not token.acronym or len(token.text) > 4)
    )


def _particle(token: Token) -> bool:
    return token.text.lower() in _PARTICLES


def _follows(text: str, split: Sequence[Token], covered: Sequence[bool], at: int) -> bool:
    """Whether a capitalised word follows the particle directly."""
    return (
        at + 1 < len(split)
        and not covered[at + 1]
        and split[at + 1].capital
        and _JOINT.fullmatch(text[split[at].end : split[at + 1].start]) is not None
    )


def _leads(token: Token) -> bool:
    """Whether a capitalised word stands before a name and is none of it: a title, a nationality, the first word of a sentence."""
    key = token.key
    if key in vocabulary.keys("title") or key in vocabulary.keys("demonym") or _institution(token):
        return not _given(token) or key in ("said",)
    if key in vocabulary.calendar() or key in vocabulary.small():
        return not _given(token) or vocabulary.is_small(token)
    return key in vocabulary.places() and not _given(token)


def _institution(token: Token) -> bool:
    return token.key in vocabulary.keys("institution")


def _given(token: Token) -> bool:
    """Whether a word is a given name, in the case in which it stands."""
    if token.key in vocabulary.keys("given"):
        return True
    plain = normal(token.text)
    if token.script == "arabic":
        return bool(given.of_arabic(plain))
    if len(plain) < 3:
        return False
    if token.script == "cyrillic":
        return russian.given(plain) is not None
    return bool(given.of_fold(fold(latin(plain))))


def _listed(token: Token) -> bool:
    """Whether a word is among the names of the frequency table."""
    if len(token.text) < 4 or token.script == "arabic":
        return False
    form = spelling(
        latin(normal(russian.stem_of_surname(token.text) if token.script == "cyrillic" else token.text))
    )
    return len(form) > 2 and frequency.surprise("form", form) < min(180, 30 * len(form))


def _titled(text: str, split: Sequence[Token], first: int) -> bool:
    """Whether a title stands right before the name."""
    if not first:
        return False
    before = split[first - 1]
    gap = text[before.end : split[first].start]
    return gap in (" ", ". ", ", ", ": ", " «", ".") and before.key in vocabulary.keys("title")


def _spoken(text: str, split: Sequence[Token], first: int, last: int) -> bool:
    """Whether somebody of that name speaks or acts here."""
    after = normal(text[split[last].end : split[last].end + 28])
    before = normal(text[max(0, split[first].start - 24) : split[first].start])
    speech = vocabulary.phrases("speech")
    after_match = speech.search(after)
    before_match = [match.end() for match in speech.finditer(before)]
    if _PAST.match(after) or _PAST_BEFORE.search(before):
        return True
    return (after_match is not None and after_match.start() <= 10) or (
        bool(before_match) and len(before) - before_match[-1] <= 4
    )


def _score(text: str, split: Sequence[Token], first: int, last: int, lower: set[str], titled: bool) -> float:
    words = [token for token in split[first : last + 1] if not _particle(token)]
    if not words or len(words) > _MOST:
        return 0.0
    score = 0.0
    given_first = _given(words[0]) and len(words[0].text) > 2
    if given_first and len(words) > 1:
        score += 3.0
    elif any(_given(word) for word in words[1:-1]) or (len(words) == 2 and _given(words[1])):
        score += 1.2
    if titled:
        honoured = split[first - 1].key in vocabulary.keys("honour")
        score += 4.0 if honoured else 3.0 if len(words) > 1 else 2.2
    if _spoken(text, split, first, last):
        score += 1.8
    if _AGE.match(text[split[last].end :][:14]):
        score += 2.0
    if any(_PATRONYMIC.search(normal(word.text)) for word in words[1:]):
        score += 2.5
    if _INITIAL.match(words[0].text) and len(words) > 1 and text[words[0].end : words[0].end + 1] == ".":
        score += 3.0
    if _CLAUSE.match(text[split[last].end :][:16]):
        score += 1.0
    if len(words) > 1:
        score += (
            1.0
            + (1.3 if _listed(words[0]) and not given_first else 0.0)
            + (0.8 if _listed(words[-1]) else 0.0)
        )
    else:
        score -= 0.8 if titled else 2.0
        if vocabulary.is_small(words[0]) or len(words[0].text) < 3:
            return 0.0
    for word in words:
        score -= 3.0 if _institution(word) and not _given(word) else 0.0
        score -= 2.5 if word.key in vocabulary.places() and not (_given(word) and word is words[0]) else 0.0
        score -= 2.0 if word.key in vocabulary.keys("demonym") else 0.0
        score -= 1.0 if word.key in lower and not _given(word) and len(word.text) > 2 else 0.0
        score -= 1.5 if word.acronym and len(word.text) > 2 and len(word.text) <= 5 else 0.0
    return score


# --- names without capitals: Arabic


def _arabic(text: str, split: Sequence[Token], covered: Sequence[bool], at: int) -> _Run | None:
    """A name in Arabic letters: begins with a known given name, goes on while words can be parts of a name."""
    titled = bool(at) and _ends_title(split[at - 1]) and text[split[at - 1].end : split[at].start] == " "
    stripped = _stripped(split[at])
    office = (
        titled
        and split[at - 1].text.startswith("ال")
        and not split[at].text.startswith("ال")
        and _continues(split[at], 0, False)
    )
    known = (
        (_given(stripped) or office)
        and stripped.text not in _NEVER
        and not vocabulary.is_small(stripped)
        and stripped.key not in vocabulary.places()
    )
    spoken = _spoken(text, split, at, at)
    kunya = stripped.key in _KUNYA
    if not (known or kunya) or (len(stripped.text) < 3 and not titled):
        return None
    if not (titled or spoken or kunya) and _also_word(stripped):
        return None
    last = at
    while (
        last + 1 < len(split)
        and last - at < 4
        and not covered[last + 1]
        and text[split[last].end : split[last + 1].start] in (" ", "-", " - ")
    ):
        # of two given names of another culture (Jean-Yves) the surname comes third
        foreign = last - at == 1 and all(
            token.key in vocabulary.keys("given") for token in split[at : last + 1]
        )
        if not _continues(split[last + 1], last - at, foreign):
            break
        last += 1
    while last > at and split[last].key in _LINKS:
        last -= 1
    if last == at or (stripped.key == "عبد" and not split[at + 1].text.startswith("ال")):
        return None
    return _Run(at, last, 3.4, titled)


_KUNYA = frozenset(["ابو", "ابی", "ابا", "عبد"])
_LINKS = frozenset(["بن", "ابن", "ال", "ابو", "ابی", "عبد", "بنت", "دی", "لو", "فون", "فان", "دو"])


_NEVER = frozenset(["باسم"])  # a given name, and "in the name of"


def _ends_title(token: Token) -> bool:
    return token.key in vocabulary.keys("title")


def _stripped(token: Token) -> Token:
    """A word without the "and", "to" or "by" that is written onto it, where what is left is a given name."""
    if not _given(token) and (count := _joined_before(token)):
        (inner,) = tokens(token.text[count:]) or (token,)
        return inner
    return token


def _joined_before(token: Token) -> int:
    if _given(token) or token.key in _KUNYA:
        return 0
    for prefix in ("و", "ل", "ب", "ف"):
        rest = token.text.removeprefix(prefix)
        if rest != token.text and len(rest) >= 3:
            inner = tokens(rest)
            if len(inner) == 1 and (_given(inner[0]) or inner[0].key in _KUNYA):
                return 1
    return 0


# Given names that are also words of every day: they need a title or a verb of speech beside them.
_EVERYDAY = (
    "سعيد كامل جميل كريم صالح عادل ماجد ناصر خالد سالم نبيل شريف أمين صادق حكيم رشيد طاهر فاضل مبارك منصور محمود جهاد إسلام كمال جمال"
    " جلال نور هدى أمل إيمان سلام راشد حسن نضال ثائر عبد رجب شعبان رمضان ربيع جمعة دين حمد قاسم سيف أسد فهد ماري مارك لوك بول"
)
_WORDS = frozenset(given.arabic_key(word) for word in _EVERYDAY.split())


def _also_word(token: Token) -> bool:
    return given.arabic_key(token.text) in _WORDS


def _continues(token: Token, length: int, foreign: bool) -> bool:
    """Whether a word can be a further part of a name: no small word, verb of speech, title, place or nationality."""
    key = token.key
    if key in _LINKS or (_given(token) and not vocabulary.is_small(token)):
        return True
    if (
        vocabulary.is_small(token)
        or key in vocabulary.keys("title")
        or key in vocabulary.keys("speech")
        or key in vocabulary.places()
    ):
        return False
    if (
        key in vocabulary.keys("institution")
        or key in vocabulary.calendar()
        or _VERB.match(token.text)
        or len(token.text) < 3
    ):
        return False
    return length == 0 or foreign or (token.text.startswith("ال") and token.text.endswith(("ي", "ى")))


_VERB = re.compile(
    r"\A(?:[وف]?(?:ي|ت|ن|أ|س[يتن])[^\W]{3,}"
    r"|[وف]?(?:قال|أكد|أعلن|صرح|أضاف|ذكر|أشار|قتل|اعتقل|وصل|التقى|دعا|أوضح|شدد)\w{0,3}"
    r"|[وبلف]ال\w+|إلى|خلال|أمام|الذي|التي|اليوم|أمس|بأن|لل\w+)\Z"
)


# --- one person, several mentions


def _linked(
    text: str, split: Sequence[Token], covered: Sequence[bool], found: list[Mention]
) -> list[Mention]:
    """The mentions of each person under the fullest name: a surname alone stands for the name that ends with it."""
    full = [mention for mention in found if " " in mention.text or "-" in mention.text]
    by_last: dict[str, Mention] = {}
    for mention in full:
        by_last.setdefault(_surname_key(mention), mention)
    out: list[Mention] = []
    for mention in found:
        known = by_last.get(_surname_key(mention))
        out.append(mention if known is None or len(known.text) <= len(mention.text) else _as(mention, known))
    return out


def _surname_key(mention: Mention) -> str:
    """What the last word of a name is looked up by, without its case ending."""
    last = tokens(mention.text)[-1]
    return normal(russian.stem_of_surname(last.text)) if last.script == "cyrillic" else last.key


def _as(mention: Mention, known: Mention) -> Mention:
    return Mention(known.text, mention.start, mention.end, "person")
