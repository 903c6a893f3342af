"""Which line of a page is its title: what stands above the text, tells its words, and often stands there twice."""

from __future__ import annotations

import re
from collections.abc import Sequence

from detente.topics.names.romanise import normal
from detente.topics.reports import words
from detente.topics.reports.blocks import Block

_SUFFIX = re.compile(r"\s+(?:[|·•»›]|[-–—]|::?)\s+")
_PLACED = re.compile(
    r"\((?:[LRC]|left|right|centre|center|слева|справа|à gauche|à droite|gauche|droite|يمين|يسار|على اليمين|على اليسار)\)"
)  # who is who in a picture
_LABEL = re.compile(r"\A(?:subject|re|objet|sujet|тема|الموضوع)\s?:\s+", re.I)  # a message's
_BEFORE = 14  # blocks above the text among which a title is looked for


def title(found: Sequence[Block], first: int, paragraphs: Sequence[str], hint: str = "") -> tuple[str, int]:
    """(the title, the line that it stands in). ("", -1) where no line can be one.

    `found` are all blocks of the page, `first` the line where the text begins; `hint` is what the file itself calls its title.
    """
    said = words.content(" ".join(paragraphs[:12]))
    above = [
        block
        for block in found
        if block.line < first or (block.line == first and not block.prose and not block.ends)
    ]
    best: tuple[float, str, int] = (0.0, "", -1)
    near = above[-_BEFORE:]
    scores = [0.0] * len(near)
    for place, block in enumerate(near):
        score = _score(block, said, above) - 0.12 * (len(near) - place)
        if hint and _alike(block.text, hint):
            score += 4
        if any(other.dated for other in (*near[max(0, place - 2) : place], *near[place + 1 : place + 4])):
            score += 0.8
        # the line below a title says more of the same: what is as likely and stands right above is the title
        if place and scores[place - 1] > 0.55 * score > 0:
            score = min(score, scores[place - 1] - 0.01)
        scores[place] = score
        if score > best[0]:
            best = score, block.text, block.line
    for block in above[:-_BEFORE]:
        # far above: only what stands on the page again, or what the file calls its title
        score = _score(block, said, above) - 2.5 + (4 if hint and _alike(block.text, hint) else 0)
        if score > best[0] and (_again(block, above) or hint):
            best = score, block.text, block.line
    if best[2] < 0:
        return (_bare(hint, found), -1) if hint else ("", -1)
    return _bare(_LABEL.sub("", best[1]), found), best[2]


def _score(block: Block, said: frozenset[str], above: Sequence[Block]) -> float:
    if (
        block.size < 2
        or block.size > 32
        or block.dated
        or block.credit
        or block.crumbs
        or block.run_together
        or block.closing
        or block.appeal
    ):
        return -9.0
    if _byline(block):
        return -9.0
    own = words.content(block.text)
    shared = len(own & said) / len(own) if own else 0.0
    score = (
        4.0 * shared
        - (1.0 if block.linked else 0.0)
        + (1.0 if 4 <= block.size <= 22 else 0.0)
        + min(len(own), 6) * 0.15
    )
    if _again(block, above):
        score += 2.5
    if block.ends and block.text.rstrip("\"'»”’)").endswith("."):
        score -= 2.5
    if _PLACED.search(block.text):
        score -= 3.0
    if block.size > 24 or block.size < 3:
        score -= 1.0
    return score


def _again(block: Block, above: Sequence[Block]) -> bool:
    """Whether the line stands above the text again, alone or with a site's name after it; below it, it is a footer."""
    own = _key(block.text)
    if len(own) < 12:
        return False
    return any(
        other.line != block.line
        and (
            _key(other.text) == own
            or _key(_SUFFIX.split(other.text)[0]) == own
            or _begins(other.text, block.text)
        )
        for other in above
    )


def _begins(text: str, start: str) -> bool:
    return text.startswith(start) and _SUFFIX.match(text[len(start) :]) is not None


def _bare(text: str, found: Sequence[Block]) -> str:
    """Without a site's name after it, where the page has the line without."""
    for match in reversed(list(_SUFFIX.finditer(text))):
        start = text[: match.start()]
        if any(_key(block.text) == _key(start) for block in found):
            return start
    return text


def _alike(one: str, two: str) -> bool:
    first, second = _key(one), _key(two)
    return bool(first) and (first == second or (len(first) > 15 and second.startswith(first)))


def _byline(block: Block) -> bool:
    return (
        re.match(r"\A\W*(?:by|par|автор|текст|بقلم|كتب|كتبت)\b", block.plain) is not None and block.size <= 8
    )


def _key(text: str) -> str:
    return " ".join(re.findall(r"\w+", normal(text)))
