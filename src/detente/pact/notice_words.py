"""Notices in sentences: English, French, Russian. The form goes over the wire and each side reads its own words. spec/notices."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from detente.errors import Misuse
from detente.pact.notices import Field, Notice, values

LANGUAGES: Final = ("en", "fr", "ru")

_OPENINGS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "nonconforming": (
            "SAFETY NOTICE. Our aircraft has left its plan and may come back to it.",
            "AVIS DE SÉCURITÉ. Notre aéronef est sorti de son plan et peut y revenir.",
            "СООБЩЕНИЕ О БЕЗОПАСНОСТИ. Наше воздушное судно вышло за пределы плана и может в него вернуться.",
        ),
        "contingent": (
            "SAFETY NOTICE. Our aircraft can no longer fly its plan. Keep clear.",
            "AVIS DE SÉCURITÉ. Notre aéronef ne peut plus suivre son plan. Restez à l’écart.",
            "СООБЩЕНИЕ О БЕЗОПАСНОСТИ. Наше воздушное судно больше не может выполнять план. Держитесь в стороне.",
        ),
        "lost-link": (
            "SAFETY NOTICE. We have lost the link to our unmanned aircraft. Keep clear.",
            "AVIS DE SÉCURITÉ. Nous avons perdu la liaison avec notre aéronef sans équipage. Restez à l’écart.",
            "СООБЩЕНИЕ О БЕЗОПАСНОСТИ. Мы потеряли связь с нашим беспилотным воздушным судном. Держитесь в стороне.",
        ),
        "distress": (
            "DISTRESS. Our aircraft is in distress. Keep clear and do not hinder the rescue.",
            "DÉTRESSE. Notre aéronef est en détresse. Restez à l’écart et n’entravez pas les secours.",
            "БЕДСТВИЕ. Наше воздушное судно терпит бедствие. Держитесь в стороне и не препятствуйте спасению.",
        ),
        "planned-activity": (
            "WARNING. We plan an activity. Keep clear.",
            "AVERTISSEMENT. Nous prévoyons une activité. Restez à l’écart.",
            "ПРЕДУПРЕЖДЕНИЕ. Мы планируем деятельность. Держитесь в стороне.",
        ),
        "free-text": ("MESSAGE.", "MESSAGE.", "СООБЩЕНИЕ."),
        "test-call": (
            "TEST CALL. No action is needed.",
            "APPEL D’ESSAI. Aucune action n’est requise.",
            "ПРОВЕРОЧНЫЙ ВЫЗОВ. Никаких действий не требуется.",
        ),
    }
)
_LABELS: Final[Mapping[Field, tuple[str, str, str]]] = MappingProxyType(
    {
        "about": ("Plan or conflict", "Plan ou conflit", "План или конфликт"),
        "event": ("Time (UTC)", "Heure (UTC)", "Время (UTC)"),
        "position": ("Position", "Position", "Местоположение"),
        "altitude": ("Altitude", "Altitude", "Высота"),
        "text": ("Text", "Texte", "Текст"),
    }
)
_READ_BACK: Final = ("Read back", "Veuillez répéter", "Подтвердите повтором")


def words(notice: Notice, language: str) -> str:
    """A notice as a sentence and its fields. Raises Misuse for a language that there is none in.

    >>> words(Notice("distress", "A1", "", None, 0, 900, "WGS84", (), ""), "ru")
    'БЕДСТВИЕ. Наше воздушное судно терпит бедствие. Держитесь в стороне и не препятствуйте спасению. План или конфликт: A1. Высота: 0-900 m WGS84.'
    """
    if language not in LANGUAGES:
        raise Misuse(f"notices are worded in {', '.join(LANGUAGES)}")
    at = LANGUAGES.index(language)
    said = values(notice)
    parts = [_OPENINGS[notice.what][at]]
    parts += [f"{_LABELS[field][at]}: {said[field]}." for field in _LABELS if field in said]
    if notice.readback:
        names = [_LABELS[field][at].lower() if field in _LABELS else notice.what for field in notice.readback]
        parts.append(f"{_READ_BACK[at]}: {', '.join(names)}.")
    return " ".join(parts)


__all__ = ["LANGUAGES", "words"]
