"""Languages by code and by name, so that a language can be a scope and can be told from grounds.

Codes are ISO 639-3 (FollowTheMoney's `spokenLanguage`) with the two-letter form of ISO 639-1 where there is
one. Names and adjectives in English, French and Russian, as people write them into a free-text ground.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# Icelandic is left out: as a bare word its code, "is", is far more often the name of a group.
_TABLE: Final = """
ara ar arabic arabe арабский арабски арабоязычный arabophone
aze az azerbaijani azeri azéri азербайджанский
bel be belarusian biélorusse белорусский
ben bn bengali bangla бенгальский
bos bs bosnian bosniaque боснийский
bul bg bulgarian bulgare болгарский
ces cs czech tchèque чешский
che ce chechen tchétchène чеченский чеченски
dan da danish danois датский
deu de german allemand немецкий немецки germanophone
ell el greek grec греческий
eng en english anglais английский английски англоязычный anglophone
fas fa persian farsi dari persan фарси персидский дари persanophone
fin fi finnish finnois финский
fra fr french français francais французский французски франкоязычный francophone
hau ha hausa haoussa хауса
heb he hebrew hébreu иврит
hin hi hindi хинди
hrv hr croatian croate хорватский
hun hu hungarian hongrois венгерский
hye hy armenian arménien армянский
ind id indonesian indonésien индонезийский
inh ingush ingouche ингушский
ita it italian italien итальянский italophone
jpn ja japanese japonais японский
kat ka georgian géorgien грузинский
kaz kk kazakh казахский
kir ky kyrgyz kirghiz kirghize киргизский
kor ko korean coréen корейский
kur ku kurdish kurde курдский
lav lv latvian letton латышский
lit lt lithuanian lituanien литовский
mkd mk macedonian macédonien македонский
nld nl dutch flemish néerlandais нидерландский голландский néerlandophone
nor no norwegian norvégien норвежский
pol pl polish polonais польский
por pt portuguese portugais португальский lusophone
pus ps pashto pachto pachtou пушту
ron ro romanian moldovan roumain румынский молдавский
rus ru russian russe русский русски русскоязычный русскоговорящий russophone
slk sk slovak slovaque словацкий
som so somali сомали сомалийский
spa es spanish espagnol испанский hispanophone
sqi sq albanian albanais албанский
srp sr serbian serbe сербский
swa sw swahili kiswahili суахили
swe sv swedish suédois шведский
tat tt tatar татарский
tgk tg tajik tadjik таджикский
tuk tk turkmen turkmène туркменский
tur tr turkish turc турецкий turcophone
uig ug uyghur uighur ouïghour уйгурский
ukr uk ukrainian ukrainien украинский
urd ur urdu ourdou урду
uzb uz uzbek ouzbek узбекский
zho zh chinese mandarin chinois китайский sinophone
"""

# What says "speaks this language" and nothing else.
_SPEECH_TEXT: Final = """
speak speaks speaker speakers speaking spoken spokenlanguage language languages lang tongue mother native
first fluent in of the a an is person persons people who only
parle parlent parlant parlé parlée langue langues maternelle locuteur locuteurs locutrice personne qui
une un le la de du en
язык языка языком языке говорит говорящий владеет носитель носители родной на по лицо
"""
_SPEECH: Final = frozenset(_SPEECH_TEXT.split())
_WORD: Final = re.compile(r"\w+")


def _read_table() -> tuple[dict[str, str], frozenset[str]]:
    codes: dict[str, str] = {}
    words: set[str] = set()
    for line in _TABLE.strip().splitlines():
        three, *rest = line.split()
        codes[three] = three
        words.add(three)
        for word in rest:
            if len(word) == 2 and word.isascii():
                codes[word] = three
            words.add(word.casefold())
    return codes, frozenset(words)


_CODES, _WORDS = _read_table()


def language_code(text: str) -> str:
    """The ISO 639-3 form of a code; a code that is not in the table is kept in lower case.

    >>> language_code("ru"), language_code("FRA")
    ('rus', 'fra')
    """
    code = text.strip().casefold().partition("-")[0]
    return _CODES.get(code, code)


@lru_cache(maxsize=4096)
def is_language_alone(ground: str) -> bool:
    """Whether a ground says which language someone speaks and nothing more: then it is no ground.

    >>> is_language_alone("Russian-speaking"), is_language_alone("listed by the UN, speaks Russian")
    (True, False)
    """
    words = _WORD.findall(ground.casefold())
    rest = [word for word in words if word not in _SPEECH and word not in _WORDS]
    # "IS" alone is a group, not the verb
    return not rest and any(word in _WORDS or word in {"language", "langue", "язык"} for word in words)
