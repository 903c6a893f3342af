"""Which of the four languages a text is in; "und" for any other and for too little text (BCP 47)."""

from __future__ import annotations

import re

from detente.topics.names.romanise import normal, script
from detente.topics.reports import words

UNKNOWN = "und"
_LEAST = 24  # letters
_SHARE = 0.34  # of the words, where py3langid has another language first
_MOST = 20_000  # characters that are looked at
# Spoken Arabics that py3langid tells apart; they are written pages of Arabic.
_ALIKE = {"ary": "ar", "arz": "ar", "acm": "ar", "ajp": "ar", "apc": "ar", "aeb": "ar", "ars": "ar"}
_SCRIPTS = {"en": "latin", "fr": "latin", "ru": "cyrillic", "ar": "arabic"}


def language_of(text: str) -> str:
    """ "en", "fr", "ru" or "ar", else "und".

    Two witnesses: py3langid among all the languages it knows, and how many of the words are ones no sentence of the language does without.

    >>> language_of("The ministers said on Thursday that they will share what they know.")
    'en'
    >>> language_of("Der Minister sagte am Donnerstag, dass es keine neuen Erkenntnisse gibt.")
    'und'
    """
    seen = text[:_MOST]
    if sum(letter.isalpha() for letter in seen) < _LEAST:
        return UNKNOWN
    import py3langid  # its model takes a second to load: only who reads a page waits

    guesses = [_ALIKE.get(str(name), str(name)) for name, _ in py3langid.rank(seen)[:3]]
    written = script(seen)
    if guesses[0] in words.LANGUAGES and written == _SCRIPTS[guesses[0]]:
        return guesses[0]
    # A text full of foreign names sways the guess, not the share.
    tokens = re.findall(r"\w+", normal(seen))
    near = [name for name in guesses if name in words.LANGUAGES and written == _SCRIPTS[name]]
    return next((name for name in near if _share(tokens, name) >= _SHARE), UNKNOWN)


def _share(tokens: list[str], language: str) -> float:
    stops = frozenset(words.listed("stop", language))
    return sum(token in stops for token in tokens) / max(len(tokens), 1)
