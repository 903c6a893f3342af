"""Questions that are asked often, in every language of the console: the slug goes over the wire, each side reads its own words. spec/requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from detente.errors import Misuse

LANGUAGES: Final = ("en", "fr", "ru")


@dataclass(frozen=True, slots=True)
class Template:
    """A question in words. `fields` are those that help to answer it; `topic` and `schema` what it is usually about."""

    slug: str
    topic: str
    schema: str
    title: Mapping[str, str]
    question: Mapping[str, str]
    fields: tuple[str, ...]


def _template(
    slug: str, topic: str, schema: str, titles: tuple[str, ...], questions: tuple[str, ...], *fields: str
) -> Template:
    named = [MappingProxyType(dict(zip(LANGUAGES, words, strict=True))) for words in (titles, questions)]
    return Template(slug, topic, schema, named[0], named[1], fields)


TEMPLATES: Final[Mapping[str, Template]] = MappingProxyType(
    {
        each.slug: each
        for each in (
            _template(
                "person", "people", "Person",
                ("Do you know this person?", "Connaissez-vous cette personne ?", "Знаете ли вы этого человека?"),
                (
                    "Do you hold anything on this person, under this or another name? Please say on which grounds.",
                    "Détenez-vous des informations sur cette personne, sous ce nom ou un autre ? Merci d’indiquer à quel titre.",
                    "Есть ли у вас сведения об этом человеке, под этим или другим именем? Просим указать основания.",
                ),
                "name", "alias", "birthDate", "birthPlace", "nationality",
            ),
            _template(
                "alias", "people", "Person",
                ("Confirm this alias", "Confirmez cet alias", "Подтвердите этот псевдоним"),
                (
                    "Is the alias a name of this person or group, or of another? Please confirm or correct.",
                    "Cet alias désigne-t-il cette personne ou ce groupe, ou un autre ? Merci de confirmer ou de corriger.",
                    "Принадлежит ли этот псевдоним этому лицу или группе, или кому-то другому? Просим подтвердить или поправить.",
                ),
                "name", "alias",
            ),
            _template(
                "document", "people", "Person",
                ("Whose document is this?", "À qui est ce document ?", "Чей это документ?"),
                (
                    "Is a document of this number known to you, and who uses it?",
                    "Un document portant ce numéro vous est-il connu, et qui l’utilise ?",
                    "Известен ли вам документ с этим номером и кто им пользуется?",
                ),
                "passportNumber", "idNumber", "country",
            ),
            _template(
                "group", "groups", "Organization",
                ("What do you hold on this group?", "Que savez-vous de ce groupe ?", "Что вам известно об этой группе?"),
                (
                    "Under which names do you know this group, is it listed with you, and since when?",
                    "Sous quels noms connaissez-vous ce groupe, figure-t-il sur vos listes, et depuis quand ?",
                    "Под какими названиями вы знаете эту группу, включена ли она в ваши перечни и с какого времени?",
                ),
                "name", "alias", "country",
            ),
            _template(
                "free", "people", "Person",
                ("In other words", "En d’autres termes", "Своими словами"),
                (
                    "The question stands in the asker’s own words.",
                    "La question est formulée par le demandeur.",
                    "Вопрос сформулирован запрашивающей стороной.",
                ),
            ),
        )
    }
)  # fmt: skip
"""What may be named as `template`; a slug that a reader does not know is shown as "free"."""


def words_of(slug: str, language: str) -> str:
    """The question of a template in a language. Misuse for a language that has none.

    >>> words_of("alias", "fr")[:21]
    'Cet alias désigne-t-i'
    """
    if language not in LANGUAGES:
        raise Misuse(f"questions are there in {', '.join(LANGUAGES)}")
    return TEMPLATES.get(slug, TEMPLATES["free"]).question[language]
