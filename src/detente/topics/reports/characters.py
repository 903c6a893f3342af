"""A page's characters as a reader sees them: no controls, no direction marks, no icon glyphs; one kind of line end and of space."""

from __future__ import annotations

import re
import unicodedata

# Direction controls, joiners outside of a script that needs them, soft hyphens, byte order marks: invisible, and able to hide a word.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200d-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffc"
    "\U000e0000-\U000e0fff]"
)
_GLYPHS = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")  # private use: the icons of web fonts
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACE = re.compile(r"[^\S\n]+")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")


def clean(text: str) -> str:
    """The text as it is seen: composed, a line a row of the page, no leading or trailing space.

    >>> clean("Islamic\\u202e\\u00a0State \\r\\n\\ue001")
    'Islamic State\\n'
    """
    text = _LINE_END.sub("\n", text)
    text = _CONTROL.sub(" ", _INVISIBLE.sub("", _GLYPHS.sub(" ", text)))
    text = _SPACE.sub(" ", unicodedata.normalize("NFC", text))
    return "\n".join(line.strip() for line in text.split("\n"))


def digits(text: str) -> str:
    """The same text, of the same length, with Arabic-Indic and Persian digits as 0 to 9.

    >>> digits("٢٠١٥")
    '2015'
    """
    return text.translate(_DIGITS)
