"""A page's lines told apart by their features: prose from furniture.

No line is known by what a site writes in it. What counts: how long it is, whether it ends as a sentence does, how many of its words are ones no sentence does
without, whether it stands on the page again, its capitals, digits and separators, and what stands around it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from detente.topics.names.romanise import normal
from detente.topics.reports import dates, words
from detente.topics.reports.characters import digits

_WORD = re.compile(r"[^\W\d_]+(?:['’\u02bc-][^\W\d_]+)*")
_ENDS = re.compile(r"[.!?…؟۔][\"'»”’)\]]*\Z|[.!?…؟]\s?[\"»”]\Z|[:;؛]\Z")
_STOPS = re.compile(r"[.!?…؟۔][\"'»”’)\]]*\s?[\"»”]?\Z")
_SEPARATORS = re.compile(r"(?:\s[|·•/>»›–—]\s)|[|·•›]")
_ADDRESS = re.compile(
    r"https?://|www\.|\w@\w|\S+\.(?:com|org|net|ru|fr|info|gov)\b|(?:\+|tel|тел|هاتف|tél)[\s.:]*[\d(][\d\s()-]{6,}",
    re.I,
)
_AGENCIES = r"AFP|AP|EPA|EFE|dpa|Getty Images|Getty|Reuters|Shutterstock|РИА|ТАСС"
_CREDIT = re.compile(
    rf"©|\(c\)\s|\b(?:Photo|Image|Photograph|Photographie|Фото|Crédit)s?\s?(?:/|:|via\b|by\b)|\b(?:{_AGENCIES})\s?(?:/|via\b)|/\s?(?:{_AGENCIES})\b"
    rf"|\A(?:{_AGENCIES})\s+[A-ZА-ЯЁ]|\((?:{_AGENCIES}|\w{{2,4}}) (?:Photo|photo|фото)\)"
    rf"|[.!?]\s(?:{_AGENCIES})\Z"
)
_TIMES = re.compile(r"\d{1,2}:\d\d(?::\d\d)?\s*/\s*\d{1,2}:\d\d(?::\d\d)?")
_SHOUTED = re.compile(r"\A\W*(?:[A-ZА-ЯЁÀ-Þ][A-ZА-ЯЁÀ-Þ'’-]+\s?){1,4}\s?[:|–—-]\s")
_BOX = -15.0  # the most that furniture without a closing heading weighs against going on
_APART, _TEASER = 2, 60  # lines between, words
_SAID = 20  # words of prose, after which a heading like "Comments" is not part of a menu
_LONG = 26  # letters: no word of running text has more, icon names run together do


@dataclass(frozen=True)
class Block:
    """One line of the page that is not empty: where it stands, and what can be seen of it. `times` that it stands on the page."""

    text: str
    line: int
    times: int
    gap: bool  # an empty line before it

    @cached_property
    def plain(self) -> str:
        return normal(digits(self.text))

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        return tuple(_WORD.findall(self.plain))

    @cached_property
    def size(self) -> int:
        return len(self.tokens)

    @cached_property
    def stops(self) -> float:
        """Share of words without which no sentence does; Arabic writes many of them onto the next word."""
        found = sum(
            token in words.every("stop") or (token[:1] in "وبلف" and token[1:] in words.every("stop"))
            for token in self.tokens
        )
        elided = sum(len(re.findall(r"['’]", token)) for token in self.tokens)
        return (found + elided) / max(self.size, 1)

    @cached_property
    def ends(self) -> bool:
        """Whether it ends as a sentence does."""
        return _STOPS.search(self.text) is not None

    @cached_property
    def sentence(self) -> bool:
        return self.ends and self.size >= 4 and self.stops > 0 and not self.furniture

    @cached_property
    def prose(self) -> bool:
        """A paragraph: long, ending as a sentence does, with the words that sentences need."""
        if self.furniture or (self.times > 1 and self.size < 40):
            return False
        least = 0.08 if _unmarked(self.text) else 0.14
        if self.size >= 9 and self.ends and self.stops >= least:
            return True
        if self.size >= 9 and _ENDS.search(self.text) and self.stops >= least and not self.shouted:
            return True
        return self.size >= 28 and self.stops >= 0.18

    @cached_property
    def shouted(self) -> bool:
        """A label in capitals before the rest: READ MORE: ..., ФОТО — ..."""
        found = _SHOUTED.match(self.text)
        return found is not None and not found.group().rstrip().endswith(("–", "—", "-"))

    @cached_property
    def linked(self) -> bool:
        """Begins with what links and tools are labelled with, and is no more than a label or a headline after it."""
        found = words.opening("link").match(self.plain)
        if found is None:
            return False
        rest = self.plain[found.end() :].lstrip()
        if self.size <= 4 and not self.ends:
            return True
        return rest[:1] in (".", ":", "|", "»", ">", "→", "/", "–", "—", "←") or (
            not self.ends and len(found.group().split()) > 1
        )

    @cached_property
    def appeal(self) -> bool:
        """Asks something of the reader."""
        hits = len(set(words.pattern("appeal").findall(self.plain)))
        return hits >= 2 or (hits == 1 and self.size <= 30)

    @cached_property
    def closing(self) -> bool:
        """A heading after which the page is no longer about its subject."""
        found = words.opening("closing").match(self.plain)
        rest = self.plain[found.end() :] if found else ""
        return (
            found is not None and self.size <= 7 and not self.ends and re.search(r"[^\W\d_]{3}", rest) is None
        )

    @cached_property
    def remarks(self) -> bool:
        """A closing heading after which readers speak."""
        return self.closing and words.opening("remark").match(self.plain) is not None

    @cached_property
    def run_together(self) -> bool:
        """Names of icons that stood side by side: one word longer than words are."""
        longest = max((len(word) for word in re.findall(r"[^\W\d_]+", self.text)), default=0)
        return longest > _LONG and (self.size <= 12 or longest > 2 * _LONG)

    @cached_property
    def credit(self) -> bool:
        return (
            _CREDIT.search(self.text) is not None and (self.size <= 45) and not (self.ends and self.size > 30)
        )

    @cached_property
    def dated(self) -> bool:
        """A date or time, and little beside it."""
        if self.size > 14:
            return False
        if _TIMES.search(self.plain) or dates.time_alone(self.text) is not None:
            return True
        ago = words.pattern("ago").search(self.plain) is not None and any(c.isdigit() for c in self.plain)
        return (ago and self.size <= 8) or (bool(dates.find(self.text)) and not self.ends)

    @cached_property
    def crumbs(self) -> bool:
        """Where the page stands in its site: labels with separators between."""
        separators = len(_SEPARATORS.findall(self.text))
        return separators >= 2 and self.size <= 5 * separators and not self.ends

    @cached_property
    def furniture(self) -> bool:
        """Part of the page, not of what it says."""
        if self.run_together or self.linked or self.closing or self.credit or self.dated or self.appeal:
            return True
        if self.size == 0:
            return True
        if self.crumbs:
            return True
        return _ADDRESS.search(self.text) is not None and self.size <= 25

    @cached_property
    def weight(self) -> float:
        """How much it speaks for a text here (above 0), or against one."""
        if self.remarks:
            return -160.0
        if self.closing:
            return -25.0
        if self.prose:
            return float(min(self.size, 60))
        if self.sentence:
            return self.size * (0.6 if self.times == 1 else -0.5)
        if self.appeal and self.ends:
            return -float(min(self.size, 30))
        if self.linked or self.credit or self.dated:
            return -3.0  # stands within articles too
        if self.times > 1 and self.size >= 3:
            return -8.0
        return -4.0 if self.size <= 6 else -9.0


def _unmarked(text: str) -> bool:
    """Whether a text is in a script whose small words are fewer or joined to others: Cyrillic, Arabic."""
    return re.search("[\u0400-\u06ff]", text) is not None


def blocks(lines: Sequence[str]) -> list[Block]:
    """The lines of a page that are not empty, each with what can be seen of it."""
    counts = Counter(_same(line) for line in lines if line)
    found = []
    gap = True
    for at, line in enumerate(lines):
        if line:
            found.append(Block(line, at, counts[_same(line)], gap))
        gap = not line
    return found


def _same(line: str) -> str:
    return " ".join(_WORD.findall(normal(line))) or line


def unwrapped(lines: Sequence[str]) -> list[str]:
    """The lines with paragraphs that were broken at a fixed width made whole (wire copies, mail, PDF).

    >>> unwrapped(["The minister said on", "Thursday that he would go."] * 3)[0]
    'The minister said on Thursday that he would go.'
    """
    lines = _close(lines)
    lengths = sorted(len(line) for line in lines if len(line) >= 30)
    if len(lengths) < 4 or lengths[-1] > 140:
        return _mended(lines)
    width = lengths[int(len(lengths) * 0.85)]
    broken = sum(_goes_on(one, two, width) for one, two in pairwise(lines))
    # where most long lines end as sentences do, they are paragraphs of their own
    ended = sum(_STOPS.search(line) is not None for line in lines if len(line) >= 0.6 * width)
    if broken < max(2, len(lengths) // 5) or 2 * ended > sum(len(line) >= 0.6 * width for line in lines):
        return _mended(lines)
    out: list[str] = []
    previous = ""
    for line in lines:
        if previous and line and out and _goes_on(previous, line, width):
            joint = "" if out[-1].endswith("\u2010") else " "
            whole = out[-1] + joint + line
            out[-1] = re.sub(r"(?<=[a-zà-ÿа-яё])- (?=[a-zà-ÿа-яё])", "-", whole)
        else:
            out.append(line)
        previous = line
    return out


def _mended(lines: Sequence[str]) -> list[str]:
    """The lines with those joined that break off in the middle of a sentence: the next one goes on in lower case."""
    out: list[str] = []
    for line in lines:
        before = out[-1] if out else ""
        if (
            len(before) >= 60
            and line[:1].islower()
            and len(line.split()) >= 4
            and re.search(r"[\w,’'»”)]\Z", before)
        ):
            out[-1] = f"{before} {line}"
        else:
            out.append(line)
    return out


def _close(lines: Sequence[str]) -> Sequence[str]:
    """The lines without the empty ones, where each line but few has an empty one after it: copied with double spacing."""
    filled = sum(1 for line in lines if line)
    alone = sum(bool(one) and not two for one, two in pairwise(lines))
    return [line for line in lines if line] if filled >= 8 and alone >= 0.85 * filled else lines


def _goes_on(line: str, after: str, width: int) -> bool:
    """Whether `after` is the rest of the paragraph that `line` breaks off in."""
    if not line or not after or len(line) > width * 1.25:
        return False
    first = after.split(" ", 1)[0]
    room = len(line) + 1 + len(first)
    if after[0].islower() and len(line) >= width * 0.5 and not _STOPS.search(line):
        return True
    # a line that had no room for the next word was broken there; where a sentence ends, another may begin on the next line
    return room > width * (0.97 if _STOPS.search(line) else 0.88) and not re.match(r"[-–—•*·]\s", after)


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a page, a paragraph an item, and the lines it stands in: from `first` up to and without `end`."""

    paragraphs: tuple[str, ...]
    first: int
    end: int


def body(found: Sequence[Block]) -> Body:
    """The run of blocks that holds the most prose and the least furniture, without the furniture within."""
    best = (0.0, 0, 0)
    total, start, gap = 0.0, 0, 0.0
    said = 0
    for at, block in enumerate(found[: _before_remarks(found)]):
        if total <= 0:
            total, start, gap = 0.0, at, 0.0
        said += block.size if block.prose else 0
        if said > _TEASER and _teases(found, at):
            total -= 5.0
            continue
        # a box within the text costs no more the longer its list is; a closing heading costs what it costs
        gap = 0.0 if block.prose else gap + min(block.weight, 0.0)
        total += block.weight if block.weight > 0 or block.closing or gap >= _BOX else 0.0
        if total > best[0]:
            best = (total, start, at + 1)
    _, start, end = best
    if start == end:
        return Body((), 0, 0)
    kept = [block for at, block in enumerate(found[start:end], start) if _belongs(found, at, start, end)]
    kept = _without_strangers(_without_signature(kept))
    return Body(tuple(block.text for block in kept), found[start].line, found[end - 1].line + 1)


def _teases(found: Sequence[Block], at: int) -> bool:
    """Whether a paragraph stands between a headline of its own and a date: it leads to another page."""
    if not 0 < at < len(found) - 1 or not found[at].prose:
        return False
    before, after = found[at - 1], found[at + 1]
    headline = not before.furniture and not before.prose and not before.ends and before.size >= 3
    return headline and after.dated and dates.time_alone(after.text) is None


def _before_remarks(found: Sequence[Block]) -> int:
    """The place where readers begin to speak, once the page itself has said something."""
    said = 0
    for at, block in enumerate(found):
        if block.remarks and said >= _SAID:
            return at
        said += block.size if block.prose else 0
    return len(found)


def _belongs(found: Sequence[Block], at: int, start: int, end: int) -> bool:
    """Whether a block within the run is part of the text: prose, a sentence, or a heading over a paragraph."""
    block = found[at]
    if block.prose:
        return True
    if block.furniture or block.times > 1:
        return False
    if block.sentence or (block.ends and block.size >= 1 and not block.shouted):
        return True
    # what stands under a label belongs to the label
    if block.shouted or at == start or found[at - 1].linked or found[at - 1].closing:
        return False
    followed = at + 1 < end and (found[at + 1].prose or found[at + 1].sentence)
    quoted = re.match(r"\A[-–—•*\"«“„]", block.text) is not None and block.size >= 4
    return followed and (2 <= block.size <= 9 or quoted)


def _without_strangers(kept: list[Block]) -> list[Block]:
    """Without a short last part, behind other things of the page, that shares no word with what stands before: a teaser."""
    for at in range(len(kept) - 1, 0, -1):
        if kept[at].line - kept[at - 1].line > _APART and sum(block.size for block in kept[at:]) < _TEASER:
            said = words.content(" ".join(block.text for block in kept[:at]))
            own = words.content(" ".join(block.text for block in kept[at:]))
            if not own & said and sum(block.size for block in kept[:at]) > _TEASER:
                return _without_strangers(kept[:at])
    return kept


def _without_signature(kept: list[Block]) -> list[Block]:
    """Without last lines that are wholly in brackets (who reported, who edited), in capitals, or notes to a star in the text."""
    starred = any("*" in block.text for block in kept[:-1])
    while len(kept) > 1 and (
        re.fullmatch(r"[(\[].*[)\]]\.?", kept[-1].text)
        or kept[-1].text.isupper()
        or (starred and kept[-1].text.startswith("*"))
    ):
        kept = kept[:-1]
    return kept
