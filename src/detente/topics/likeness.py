"""How much two records at hand are alike, by a topic's own score: what a run finds over both parties' records, over two that one of them holds."""

from __future__ import annotations

from detente.topics.topic import Judgement, Pair, Record, Topic

NOTHING = Judgement(0, None, ())


def likeness(topic: Topic, one: Record, other: Record) -> Judgement:
    """The judgement on a pair of records; no grade where they share no token, as no run would have paired them.

    >>> likeness(PeopleTopic(), one, other).grade  # doctest: +SKIP
    'strong'
    """
    first, second = topic.prepare([one, other])
    shared = set(first.tokens) & set(second.tokens)
    if not shared:
        return NOTHING
    agreed = tuple(sorted(set(first.values) & set(second.values)))
    return topic.judge(Pair(tuple(sorted(shared)), first.profile, second.profile, agreed, True))
