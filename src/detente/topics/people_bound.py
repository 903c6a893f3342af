"""Which agreeing name parts stand together in one name of both records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations

from detente.topics.names.parts import Part


def anchor(part: Part) -> str:
    """The code that stands for a part among the ends of its name: its class, else its consonants, else its form."""
    return anchors(part)[0][1] if anchors(part) else marked(part, "f:" + part.form)


def marked(part: Part, code: str) -> str:
    """A code with the mark of its part's role: a father's name is not a given name."""
    return "~" + code if part.role == "patronymic" else code


@lru_cache(maxsize=1 << 17)
def anchors(part: Part) -> tuple[tuple[str, str], ...]:
    """(system, code) that stand for a part beside its neighbours. A given-name class stands in every system."""
    if part.symbol:
        return tuple((system, marked(part, "g:" + part.symbol)) for system in "bdm")
    listed = (("b", part.bones[:2]), ("d", part.sounds[:1]), ("m", part.phones[:1]))
    return tuple(
        (system, marked(part, f"{system}:{code}")) for system, codes in listed for code in codes if code
    )


def together(split: Iterable[Sequence[Part]]) -> list[str]:
    """One text for each two parts of a name in each system; the consonants of all names first."""
    listed = [[p for p in its if p.role != "initial"][:6] for its in split]
    out: dict[str, None] = {}
    for system in "bdm":
        for its in listed:
            codes = [[code for of, code in anchors(p) if of == system] for p in its]
            pairs = (sorted((x, y)) for a, b in combinations(codes, 2) for x in a for y in b)
            out.update(dict.fromkeys(f"{system} {x}+{y}" for x, y in pairs))
    return list(out)


def bound(a: Iterable[str], b: Iterable[str], pairs: set[str]) -> bool:
    """Whether parts with these codes stand together in one name of both records."""
    for x, y in ((x, y) for x in a for y in b):
        systems = {code.lstrip("~")[0] for code in (x, y)} - {"g"} or {"b"}
        if len(systems) == 1 and f"{systems.pop()} {'+'.join(sorted((x, y)))}" in pairs:
            return True
    return False


def _joined(a: Iterable[str], b: Iterable[str], pairs: set[str]) -> bool:
    return any("+".join(sorted((x, y))) in pairs for x in a for y in b)


def heaviest(
    weights: Sequence[int], codes: Sequence[frozenset[str]], pairs: set[str], plain: bool = False
) -> list[int]:
    """The positions of the heaviest set of parts any two of which are bound. At most 10 parts are looked at.

    `plain`: the texts of `pairs` name no system (organisations' words).
    """
    joined = _joined if plain else bound
    count = min(len(weights), 10)
    fits = [[i == j or joined(codes[i], codes[j], pairs) for j in range(count)] for i in range(count)]
    best: tuple[int, list[int]] = (-(10**9), [])

    def grow(chosen: list[int], weight: int, start: int) -> None:
        nonlocal best
        if chosen and weight > best[0]:
            best = (weight, list(chosen))
        for i in range(start, count):
            if all(fits[i][j] for j in chosen):
                grow([*chosen, i], weight + weights[i], i + 1)

    grow([], 0, 0)
    return best[1]
