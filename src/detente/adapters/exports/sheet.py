"""The joint list as one page to print: HTML without scripts and without anything to load, in English, French or Russian.

Names stay as the parties wrote them, each with its language and its own direction; every text is escaped by the template engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from jinja2 import Environment, StrictUndefined

from detente.adapters.exports.edition import LANGUAGES, Edition, earliest, others, title
from detente.errors import Misuse
from detente.pact.joint_list import Entry, Name, Word
from detente.topics.designations.listing import language_of
from detente.topics.designations.reconciling import State
from detente.wire.instant import rfc3339

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "groups": "Groups", "since": "in force since", "version": "version", "marking": "marking", "between": "between", "and": "and",
        "both": "Both list", "ours": "Only {ours} lists", "theirs": "Only {theirs} lists", "disputed": "Disputed", "neither": "Neither lists",
        "listed": "listed", "considered": "considered", "not-listed": "not listed", "objects": "objects", "silent": "has said nothing",
        "also": "also", "former": "formerly", "weak": "perhaps", "grounds": "Grounds", "basis": "Legal basis", "from": "since",
        "review": "to be reviewed", "reason": "Reason", "lists": "Lists", "reads": "Reads as another group", "none": "none",
        "first": "first listed", "elsewhere": "not on this list",
    },
    "fr": {
        "groups": "Groupes", "since": "en vigueur depuis le", "version": "version", "marking": "marquage", "between": "entre", "and": "et",
        "both": "Inscrits par les deux parties", "ours": "Inscrits par {ours} seulement", "theirs": "Inscrits par {theirs} seulement",
        "disputed": "En litige", "neither": "Inscrits par aucune partie",
        "listed": "inscrit", "considered": "à l’étude", "not-listed": "non inscrit", "objects": "s’oppose", "silent": "ne s’est pas prononcé",
        "also": "alias", "former": "anciennement", "weak": "peut-être", "grounds": "Motifs", "basis": "Base légale", "from": "depuis",
        "review": "réexamen le", "reason": "Raison", "lists": "Listes", "reads": "Lu comme un autre groupe", "none": "néant",
        "first": "première inscription", "elsewhere": "absent de cette liste",
    },
    "ru": {
        "groups": "Группы", "since": "действует с", "version": "версия", "marking": "гриф", "between": "между", "and": "и",
        "both": "Внесены обеими сторонами", "ours": "Внесены только стороной «{ours}»", "theirs": "Внесены только стороной «{theirs}»",
        "disputed": "Спорные", "neither": "Не внесены ни одной из сторон",
        "listed": "внесена", "considered": "рассматривается", "not-listed": "не внесена", "objects": "возражает", "silent": "не высказалась",
        "also": "также", "former": "ранее", "weak": "возможно", "grounds": "Основания", "basis": "Правовая основа", "from": "с",
        "review": "пересмотр", "reason": "Причина", "lists": "Перечни", "reads": "Понимается как другая группа", "none": "нет",
        "first": "впервые внесена", "elsewhere": "нет в этом перечне",
    },
}  # fmt: skip
_STATES: Final[tuple[State, ...]] = ("both", "disputed", "ours", "theirs", "neither")
_RTL: Final = ("ar", "he", "und-Arab")

_PAGE: Final = """\
<!doctype html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ edition.list.title }}</title>
<style>
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.2rem; border-bottom: 1px solid; margin-top: 2rem }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem } p { margin: .2rem 0 } dt { font-weight: 600 } dd { margin: 0 0 .3rem 1rem }
.marking { font-weight: 700; text-align: right } .names, .meta { opacity: .85 } .hash { overflow-wrap: anywhere }
.words { display: grid; grid-template-columns: 1fr 1fr; gap: 0 2rem } article { break-inside: avoid }
@media (max-width: 40rem) { .words { grid-template-columns: 1fr } }
@media print { :root { color-scheme: light; font-size: 10pt } body { max-width: none; margin: 0 } h2 { break-after: avoid }
  @page { margin: 18mm 15mm } }
</style>
</head>
<body>
<header>
<p class="marking">{{ edition.marking }}</p>
<h1>{{ edition.list.title }}</h1>
<p>{{ w.between }} {{ edition.ours[1] }} {{ w.and }} {{ edition.theirs[1] }}; {{ w.since }} <time datetime="{{ since }}">{{ since[:10] }}</time></p>
{% if edition.hash %}<p class="hash">{{ w.version }} <code>{{ edition.hash }}</code></p>{% endif %}
<ul>
{% for heading, groups in parts %}<li>{{ heading }}: {{ groups | length }}</li>
{% endfor %}</ul>
</header>
<main>
{% for heading, groups in parts if groups %}<section>
<h2>{{ heading }} ({{ groups | length }})</h2>
{% for group in groups %}<article id="{{ group.slug }}">
<h3>{{ named(group.title) }}</h3>
{% if group.names %}<p class="names">{{ w.also }}:
{% for name in group.names %}{% if name.said %}{{ w[name.said] }} {% endif %}{{ named(name) }}{{ "; " if not loop.last }}{% endfor %}</p>
{% endif %}
{% if group.first %}<p class="meta">{{ w.first }} {{ group.first }}</p>{% endif %}
<div class="words">
{% for party, word in group.words %}<dl>
<dt>{{ party }}: {{ w[word.status] if word else w.silent }}{% if word and word.since %}, {{ w["from"] }} {{ word.since }}{% endif %}</dt>
{% if word %}{% for label, text in lines(word) %}<dd>{{ label }}: {{ text }}</dd>
{% endfor %}{% endif %}</dl>
{% endfor %}</div>
</article>
{% endfor %}</section>
{% endfor %}</main>
</body>
</html>
"""
_NAMED: Final = (
    '{% macro named(name) %}<bdi lang="{{ name.language }}"'
    '{% if name.rtl %} dir="rtl"{% endif %}>{{ name.text }}</bdi>{% endmacro %}'
)


@dataclass(frozen=True, slots=True)
class _Shown:
    text: str
    language: str
    said: str = ""

    @property
    def rtl(self) -> bool:
        return self.language in _RTL


@dataclass(frozen=True, slots=True)
class _Group:
    slug: str
    title: _Shown
    names: tuple[_Shown, ...]
    first: str
    words: tuple[tuple[str, Word | None], ...]


def write(edition: Edition) -> str:
    """The page. `edition.language` is en, fr or ru; what the parties wrote is not translated. Raises Misuse for another language."""
    words = _WORDS.get(edition.language)
    if words is None:
        raise Misuse(f"the sheet is printed in {', '.join(LANGUAGES)}, not in {edition.language!r}")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    page = environment.from_string(_NAMED + _PAGE)
    parts = [(_heading(edition, words, state), list(_groups(edition, state))) for state in _STATES]
    return page.render(
        edition=edition,
        language=edition.language,
        since=rfc3339(edition.since),
        w=words,
        parts=parts,
        lines=partial(_lines, words=words),
    )


def _heading(edition: Edition, words: Mapping[str, str], state: State) -> str:
    return words[state].replace("{ours}", edition.ours[1]).replace("{theirs}", edition.theirs[1])


def _groups(edition: Edition, state: State) -> Iterator[_Group]:
    for slug, entry in edition.entries():
        if edition.state(slug) == state:
            yield _group(edition, slug, entry)


def _group(edition: Edition, slug: str, entry: Entry) -> _Group:
    shown = title(slug, entry)
    names = tuple(_shown(name) for name in others(slug, entry))
    words = tuple((name, entry.words.get(party)) for party, name in (edition.ours, edition.theirs))
    return _Group(slug, _Shown(shown, language_of(shown)), names, earliest(entry), words)


def _shown(name: Name) -> _Shown:
    said = {"former": "former", "weak": "weak"}.get(name.kind, "")
    return _Shown(name.text, name.language, said)


def _lines(word: Word, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from ((label, text) for label, text in _said(word, words) if text)


def _said(word: Word, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield words["reason"], word.reason
    yield words["grounds"], word.grounds
    yield words["basis"], word.legal_basis
    for source in word.sources:
        parts = (
            f"{source.list} {source.reference}",
            source.legal_basis,
            f"{words['from']} {source.since}" if source.since else "",
        )
        yield words["lists"], "; ".join(part for part in parts if part)
    yield words["review"], word.review
    for reading in word.reads:
        yield words["reads"], f"{reading.name} ({reading.group or words['elsewhere']})"


__all__ = ["write"]
