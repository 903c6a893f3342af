"""What was in force when: each version's period, as both sides' journals tell it alike. spec/amendment, "What was
in force on a day"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from detente.errors import Malformed, Misuse
from detente.pact.facts import Ended, Fact, InForce
from detente.pact.terms import DAY_MS
from detente.wire.instant import Instant, parse_rfc3339

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Period:
    """From when until when a version was in force: `since` is within, `until` is not; None where nothing has ended
    it yet."""

    kind: str
    name: str
    hash: str
    base: str
    since: Instant
    until: Instant | None = None

    def meets(self, begin: Instant, end: Instant) -> bool:
        """Whether it was in force at some instant from `begin` on and before `end`."""
        return self.since < end and (self.until is None or self.until > max(begin, self.since))


def periods(facts: Iterable[Fact]) -> list[Period]:
    """Every version that both signed, each document's in order. Facts are those of one peer.

    A version counts from the signature that completed it, never before the one that it follows; until a
    successor counts, or a notice or revocation takes effect.

    >>> [p.hash[:4] for p in periods(facts) if p.meets(day, day + DAY_MS)]  # doctest: +SKIP
    ['3f2a']
    """
    found: dict[str, Period] = {}
    ends: dict[str, Instant] = {}
    for fact in facts:
        match fact.body:
            case InForce() as body:
                known = found.get(fact.subject)
                since = body.since if known is None else min(known.since, body.since)
                found[fact.subject] = Period(body.document, body.name, fact.subject, body.base, since)
            case Ended() as body:
                ends[fact.subject] = min(body.effective, ends.get(fact.subject, body.effective))
    whole: dict[str, Period] = {}
    for digest in sorted(found, key=lambda each: _depth(found, each)):  # a base before what follows it
        period = found[digest]
        before = whole.get(period.base)
        if before is not None:
            period = replace(period, since=max(period.since, before.since))
            whole[before.hash] = replace(before, until=_earlier(before.until, period.since))
        whole[digest] = replace(period, until=ends.get(digest))
    return sorted(whole.values(), key=lambda each: (each.kind, each.name, each.since, each.hash))


def _earlier(until: Instant | None, other: Instant) -> Instant:
    return other if until is None else min(until, other)


def _depth(found: dict[str, Period], digest: str) -> int:
    """How many versions precede it. Hashes name their bases, so there is no cycle."""
    depth = 0
    while digest := found[digest].base:
        if digest not in found:
            break
        depth += 1
    return depth


def span(when: str) -> tuple[Instant, Instant]:
    """The instants that a day (in UTC) or an instant stands for: from the first on, before the second. Raises Misuse.

    >>> span("1970-01-02")
    (86400000, 172800000)
    """
    try:
        if _DAY.fullmatch(when):
            begin = parse_rfc3339(f"{when}T00:00:00.000Z")
            return begin, begin + DAY_MS
        begin = parse_rfc3339(when)
    except Malformed:
        raise Misuse("a day is written like 2026-05-01, an instant like 2026-05-01T12:00:00.000Z") from None
    return begin, begin + 1
