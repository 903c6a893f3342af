"""Identity documents and telephone numbers as comparable text."""

from __future__ import annotations

import re
from collections.abc import Mapping

# property -> the kind of number; kinds that one person has one of at a time are told apart from those that pile up
KINDS: tuple[tuple[str, str], ...] = (
    ("innCode", "inn"),
    ("taxNumber", "tax number"),
    ("passportNumber", "passport"),
    ("idNumber", "identity number"),
    ("socialSecurityNumber", "identity number"),
)
_SHORTEST = 6


def numbers(properties: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """(kind, number) of each document: capital letters and digits, at least six of them with four digits; INNs that check.

    >>> numbers({"passportNumber": ("AB 123-4567",), "innCode": ("500100732259",)})
    [('inn', '500100732259'), ('passport', 'AB1234567')]
    """
    found: dict[tuple[str, str], None] = {}
    for key, kind in KINDS:
        for text in properties.get(key, ()):
            number = re.sub("[^0-9A-Z]", "", text.upper())
            if len(number) < _SHORTEST or sum(c.isdigit() for c in number) < 4 or len(set(number)) < 3:
                continue
            found["inn" if kind == "tax number" and is_inn(number) else kind, number] = None
    return [(kind, number) for kind, number in found if kind != "inn" or is_inn(number)]


def is_inn(number: str) -> bool:
    """Whether the check digits of a Russian taxpayer number of a person (12 digits) hold."""
    if len(number) != 12 or not number.isdigit():
        return False
    digits = [int(c) for c in number]

    def check(weights: tuple[int, ...]) -> int:
        return sum(w * d for w, d in zip(weights, digits, strict=False)) % 11 % 10

    return digits[10] == check((7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) and digits[11] == check(
        (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
    )


def bits(number: str) -> int:
    """How many bits a guess of such a number takes: three a digit, four a letter; serial numbers leave less than their length."""
    return sum(3 if c.isdigit() else 4 for c in number)


def phones(properties: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Telephone numbers in E.164, where the text gives the country (+ or 00).

    >>> phones({"phone": ("+7 (495) 123-45-67", "123-45-67")})
    ['+74951234567']
    """
    found: dict[str, None] = {}
    for text in properties.get("phone", ()):
        digits = re.sub("[^0-9+]", "", text)
        digits = "+" + digits[2:] if digits.startswith("00") else digits
        if re.fullmatch(r"\+[1-9][0-9]{7,14}", digits):
            found[digits] = None
    return list(found)
