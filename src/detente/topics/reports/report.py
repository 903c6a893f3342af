"""What a report says, whom it names, and which names in it stand for one: proposals for a person to decide."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from detente.topics.reports import aliases, groups, persons
from detente.topics.reports.groups import Gazetteer, Known, Mention
from detente.topics.reports.page import Article, Page, article


class Named(msgspec.Struct, frozen=True):
    """A person or a group that the text names. `candidates`: ids of the alias table's entries and of our records that it may be."""

    text: str
    kind: str
    candidates: list[str]


class Report(msgspec.Struct, frozen=True):
    """A page as read. `published` is ISO 8601 with no more than the page tells; `language` "und" for none of en, fr, ru, ar.

    `disputed`: statements of the text that would make one of what the alias table tells apart.
    """

    title: str
    published: str | None
    language: str
    text: str
    named: list[Named]
    aliases: list[list[str]]
    disputed: list[list[str]]


def read(page: Page, known: Sequence[Known] = ()) -> Report:
    """The report that a page holds. `known` are names of our own records, looked for beside the public ones.

    >>> read(Page(("Daesh, also known as ISIL, lost the town on Monday, the ministry said in a statement.",))).aliases
    [['Daesh', 'ISIL']]
    """
    return of_article(article(page), known)


def of_article(found: Article, known: Sequence[Known] = ()) -> Report:
    """As `read`, of a page whose article is known."""
    whole = "\n".join((found.title, *found.paragraphs)) if found.title else "\n".join(found.paragraphs)
    in_groups = _gazetteer(tuple(known)).find(whole)
    body_at = len(found.title) + 1 if found.title else 0
    in_text = [
        Mention(m.text, m.start + body_at, m.end + body_at, m.kind, m.candidates)
        for m in persons.find(
            whole[body_at:], [_shifted(m, body_at) for m in in_groups if m.start >= body_at]
        )
    ]
    mentions = sorted([*in_groups, *in_text], key=lambda mention: mention.start)
    joined = aliases.find(whole, mentions)
    return Report(
        found.title,
        found.published,
        found.language,
        found.text,
        _named(mentions),
        [list(names) for names in joined.sets],
        [list(names) for names in joined.disputed],
    )


@lru_cache(maxsize=4)
def _gazetteer(known: tuple[Known, ...]) -> Gazetteer:
    return Gazetteer((*groups.public(), *known)) if known else groups.gazetteer()


def _shifted(mention: Mention, by: int) -> Mention:
    return Mention(mention.text, mention.start - by, mention.end - by, mention.kind, mention.candidates)


def _named(mentions: Sequence[Mention]) -> list[Named]:
    """Each name once, in the order in which the text has them."""
    found: dict[tuple[str, str], Named] = {}
    for mention in mentions:
        name = mention.kind, aliases.key(mention.text)
        if name not in found:
            found[name] = Named(mention.text, mention.kind, list(mention.candidates))
    return list(found.values())
