"""Markings and grades: TLP 2.0, PAP, the Admiralty scale. What carries a label that is not understood goes
nowhere.

Sources: FIRST TLP 2.0 (August 2022), MISP taxonomy "PAP", NATO STANAG 2511 (source reliability A-F,
credibility 1-6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from detente.errors import Misuse

TLP: Final = ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED")
PAP: Final = ("PAP:CLEAR", "PAP:GREEN", "PAP:AMBER", "PAP:RED")

# TLP 1.0 and the older PAP said WHITE for what is CLEAR now (TLP 2.0, "Changes from version 1.0")
_RENAMED: Final = {"TLP:WHITE": "TLP:CLEAR", "PAP:WHITE": "PAP:CLEAR"}
_GRADE: Final = re.compile(r"[A-F][1-6]")
_SEPARATOR: Final = re.compile(r"[\s,;|]+")


@dataclass(frozen=True, slots=True)
class Marking:
    """How a record may be handled: exactly one TLP label, at most one PAP label ("" where there is none)."""

    tlp: str
    pap: str = ""

    def __str__(self) -> str:
        return f"{self.tlp} {self.pap}".rstrip()

    def weaker_than(self, other: Marking) -> bool:
        """Whether this marking would let more people see or do more than `other` does: a stripped or lowered
        label.

        >>> Marking("TLP:GREEN").weaker_than(Marking("TLP:AMBER"))
        True
        """
        return TLP.index(self.tlp) < TLP.index(other.tlp) or _pap_rank(self.pap) < _pap_rank(other.pap)


def _pap_rank(label: str) -> int:
    return PAP.index(label) + 1 if label else 0


@lru_cache(maxsize=512)
def parse_marking(text: str) -> Marking:
    """The marking that a text of labels means. Raises Misuse where a label is unknown, missing or given
    twice.

    >>> parse_marking("tlp:amber, PAP:GREEN")
    Marking(tlp='TLP:AMBER', pap='PAP:GREEN')
    """
    tlp = pap = ""
    for word in _SEPARATOR.split(text.strip().upper()):
        label = _RENAMED.get(word, word)
        if label in TLP and not tlp:
            tlp = label
        elif label in PAP and not pap:
            pap = label
        else:
            raise Misuse(
                "a marking is one TLP 2.0 label and at most one PAP label, such as 'TLP:AMBER PAP:GREEN'; "
                "map others first"
            )
    if not tlp:
        raise Misuse("a marking without a TLP label; add one, such as TLP:AMBER")
    return Marking(tlp, pap)


def parse_grade(text: str) -> str:
    """An Admiralty grade in its one form. Raises Misuse.

    >>> parse_grade("b2")
    'B2'
    """
    grade = text.strip().upper()
    if not _GRADE.fullmatch(grade):
        raise Misuse("an Admiralty grade is a letter A-F and a digit 1-6, such as B2")
    return grade


def meets_grade(grade: str, minimum: str) -> bool:
    """Whether both the source and the information are at least as good as the minimum. F and 6 (cannot be
    judged) rank last.

    >>> meets_grade("B2", "C3"), meets_grade("A6", "C3")
    (True, False)
    """
    found, wanted = parse_grade(grade), parse_grade(minimum)
    return found[0] <= wanted[0] and found[1] <= wanted[1]
