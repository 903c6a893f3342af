"""The agreement: how terms become a statement that both sign, what they mean in plain sentences, and which
records they admit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from detente.errors import Malformed, Misuse
from detente.pact import airspace
from detente.pact.document import Document, read_document, write_document
from detente.pact.form import parse_terms, template
from detente.pact.languages import is_language_alone, language_code
from detente.pact.marking import Marking, meets_grade, parse_marking
from detente.pact.terms import (
    DAY_MS,
    PartyTerms,
    Scope,
    Terms,
    TopicTerms,
    contradictions,
    from_json,
    to_json,
)
from detente.wire.envelope import AGREEMENT, statement_id
from detente.wire.instant import Instant, rfc3339

# where FollowTheMoney and its importers put an affiliation
AFFILIATION: Final = (
    "memberOf",
    "program",
    "programId",
    "organization",
    "classification",
    "keywords",
    "topics",
)


class Handled(Protocol):
    """What handling needs of a record; topics' Record is one."""

    @property
    def properties(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def grounds(self) -> tuple[str, ...]: ...
    @property
    def marking(self) -> str: ...
    @property
    def grade(self) -> str: ...
    @property
    def origin(self) -> str: ...


def statement(terms: Terms, base: str = "") -> bytes:
    """The payload that both parties sign: canonical JSON of the terms and of the version that they follow.
    Source: spec/agreement.

    >>> statement(terms)[:22]  # doctest: +SKIP
    b'{"base":"","document":'
    """
    return write_document(
        "agreement", terms.name, base, (party.id for party in terms.parties), "terms", to_json(terms)
    )


def agreement_hash(payload: bytes) -> str:
    """SHA-256 hex by which every later message names an agreement (wire's `statement_id`)."""
    return statement_id(AGREEMENT, payload)


def read_agreement(payload: bytes) -> tuple[Document, Terms]:
    """The terms in a payload that came from a peer. Raises Malformed."""
    document = read_document(payload)
    if document.kind != "agreement":
        raise Malformed("not an agreement", payload)
    terms = from_json(document.content)
    if terms.name != document.name or sorted(party.id for party in terms.parties) != list(document.parties):
        raise Malformed("an agreement whose head and terms name different parties or names", payload)
    return document, terms


# --- what it means


def consequences(terms: Terms, party: str) -> list[str]:
    """What signing means for `party`, one plain sentence a term. Raises NotAgreed where it is neither party.

    >>> consequences(terms, ours)[0]  # doctest: +SKIP
    'You agree with Southern Service until 2027-11-22T00:00:00.000Z.'
    """
    theirs = terms.peer_of(party).name
    lines = [
        f"You agree with {theirs} until {rfc3339(terms.expires)}; after that nothing is matched or swapped."
    ]
    for topic in terms.topics:
        lines += _topic_consequences(topic, theirs, terms)
    lines += [
        f"Records marked {_any_of(terms.markings.tlp)} may take part"
        + (
            f"; with a PAP label only {_any_of(terms.markings.pap)}"
            if terms.markings.pap
            else "; records with a PAP label may not"
        )
        + (
            f"; graded {terms.markings.admiralty} or better."
            if terms.markings.admiralty != "F6"
            else "; of any grade."
        ),
    ]
    lines += _swap_consequences(terms, theirs)
    lines += [
        f"What you receive is erased after {terms.retention_days} days, and what {theirs} recalls within "
        f"{terms.recall_hours} hours.",
        "Either side may suspend at once; both must sign to resume. "
        f"While suspended there continue: {', '.join(terms.continues_when_suspended) or 'nothing'}.",
        f"Either side may end it with {terms.notice_days} days' notice.",
    ]
    return lines


def _topic_consequences(topic: TopicTerms, theirs: str, terms: Terms) -> Iterator[str]:
    yield f"{topic.name}: the purpose is: {topic.purpose} The legal basis is: {topic.legal_basis}"
    yield f"{topic.name}: {_scope_sentence(topic.scope)}"
    yield (
        f"{topic.name}: {theirs} will learn which records both of you hold, how many there are of each "
        f"shared token, and about how many "
        f"records you bring (up to {topic.max_records}, told in steps of at most 10 %)."
    )
    yield (
        f"{topic.name}: {theirs} may test at most {topic.budget} guesses against your records in "
        f"{topic.period_days} days, and you as many "
        "against theirs; a run that is repeated or stopped is charged in full."
    )
    if topic.space is not None:
        yield from (f"{topic.name}: {each}" for each in airspace.sentences(topic.space, theirs))
    yield f"{topic.name}: {_audit_sentence(topic, theirs)}"
    yield (
        f"{topic.name}: who stops while results are opened is ahead by at most one of {topic.buckets} parts "
        f"of the result."
    )
    caps = topic.caps
    yield (
        f"{topic.name}: a token with more than {caps.records_per_token} records, a record with more than "
        f"{caps.tokens_per_record} tokens or "
        f"{caps.pairs_per_record} candidates, and more than {caps.values_per_record} compared values of a "
        f"record are dropped and counted."
    )
    if topic.unlisted == "refuse":
        yield (
            f"{topic.name}: a record whose only grounds are groups that the other does not list on the joint list "
            "does not take part; without a joint list in force, none that stands on a group alone."
        )
    elif topic.unlisted == "flag":
        yield (
            f"{topic.name}: a record whose only grounds are groups that the other does not list on the joint list "
            "takes part, and its findings say so."
        )
    if topic.one_to_one:
        yield f"{topic.name}: each of your records is found to be at most one of theirs."
    if topic.release:
        yield (
            f"{topic.name}: of a confirmed finding, and once a person approves, they will get: "
            f"{', '.join(topic.release)}. Nothing else."
        )
    else:
        yield f"{topic.name}: nothing of a record is ever released; both only learn that they hold it."


def _audit_sentence(topic: TopicTerms, theirs: str) -> str:
    if not topic.audit:
        return "nothing is audited: junk in their list would not be noticed."
    if topic.inspector == "peer":
        return (
            f"{topic.audit} of your tokens, drawn by lot, are shown to {theirs} in each run to prove that "
            f"you queried what you published; "
            "each is a disclosure and is charged."
        )
    if topic.inspector == "none":
        return (
            f"{topic.audit} of your tokens, drawn by lot, are shown to {theirs} in each run, but nobody can "
            f"check that they were queried: "
            "junk is caught only where it meets a record of yours."
        )
    return (
        f"{topic.audit} of your tokens, drawn by lot, are shown to the inspector {topic.inspector[:12]}, "
        f"and not to {theirs}."
    )


def _scope_sentence(scope: Scope) -> str:
    needs = ["has grounds, of which a language alone is none"]
    if scope.languages:
        needs.append(f"is of someone who speaks {_any_of(scope.languages)}")
    if scope.groups:
        needs.append(f"names {_any_of(scope.groups)}")
    if scope.grounds:
        needs.append(f"has grounds that hold {_any_of(scope.grounds)}")
    return f"a record takes part only if it {', '.join(needs)}; any other stays unknown to them."


def _any_of(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _swap_consequences(terms: Terms, theirs: str) -> Iterator[str]:
    swap, disputes = terms.swap, terms.disputes
    yield (
        f"You give item for item: {swap.batch} at a time, and {theirs} can be ahead by at most "
        f"{swap.imbalance_limit}, as can you."
    )
    people = "one person" if swap.approvals == 1 else "two people"
    reports = "may go along" if swap.attachments else "never go along"
    yield f"Nothing leaves before {people} approved it. Report texts {reports}."
    if swap.onward == "never":
        yield (
            f"Neither of you passes on what the other gave; {theirs} can break that and you would not notice."
        )
    else:
        yield (
            f"Passing on what the other gave needs its signed consent; {theirs} can break that and you "
            f"would not notice."
        )
    for condition in swap.conditions:
        yield f"With every release goes the condition: {condition}"
    yield (
        f"You have {disputes.deadline_days} days to dispute what you got; without proof you may do so "
        f"{disputes.allowance} times, and then "
        "swapping stops until people settle it."
    )


@dataclass(frozen=True, slots=True)
class Change:
    """One term that differs. "" stands for one that is not there."""

    path: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}: {self.old or '(none)'} -> {self.new or '(none)'}"


def difference(old: Terms, new: Terms) -> list[Change]:
    """Each term that differs, by path and in order; topics and parties are told apart by name, not by place.

    >>> [str(change) for change in difference(old, new)]  # doctest: +SKIP
    ['topics.people.budget: 400000 -> 500000']
    """
    before, after = dict(_flat("", to_json(old))), dict(_flat("", to_json(new)))
    paths = [*before, *(path for path in after if path not in before)]
    return [
        Change(p, before.get(p, ""), after.get(p, "")) for p in paths if before.get(p, "") != after.get(p, "")
    ]


def _flat(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _flat(f"{path}.{name}".lstrip("."), part)
    elif isinstance(value, list) and value and all(isinstance(part, Mapping) for part in value):
        for part in value:
            yield from _flat(f"{path}.{part['name']}", part)
    elif isinstance(value, list):
        yield path, ", ".join(map(str, value))
    else:
        yield (
            path,
            {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value),
        )


# --- which records it admits


@dataclass(frozen=True, slots=True)
class Admitted:
    """A record that may become tokens. `grounds` are those that count."""

    marking: Marking
    grounds: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Admitted({self.marking})"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that stays out, and why, in words that name no record."""

    reason: str


def in_scope(
    terms: Terms,
    topic: TopicTerms,
    record: Handled,
    *,
    peer: str,
    now: Instant,
    loaded: Instant | None = None,
    consented: frozenset[str] = frozenset(),
) -> Admitted | Refusal:
    """Whether a record may become tokens under this agreement; a record outside it never does.

    `peer` is the party that is matched with, `loaded` when the record came to us, `consented` the parties
    that have signed their consent to passing this record on to that peer.

    >>> in_scope(terms, topic, Record("x", "Person", {}), peer=theirs, now=0)  # doctest: +SKIP
    Refusal(reason='no grounds')
    """
    grounds = tuple(ground for ground in record.grounds if ground.strip() and not is_language_alone(ground))
    if not grounds:
        return Refusal(
            "a language alone is no grounds" if any(g.strip() for g in record.grounds) else "no grounds"
        )
    try:
        marking = parse_marking(record.marking)
        graded = meets_grade(record.grade, terms.markings.admiralty)
    except Misuse:
        return Refusal("a marking or grade that is not understood")
    if not marking_allowed(terms, marking):
        return Refusal(f"marked {marking}, which the agreement does not allow")
    if not graded:
        return Refusal(f"graded below {terms.markings.admiralty}")
    if reason := _outside(topic.scope, record, grounds):
        return Refusal(reason)
    if reason := _not_ours(terms, record.origin, peer, now, loaded, consented):
        return Refusal(reason)
    return Admitted(marking, grounds)


def marking_allowed(terms: Terms, marking: Marking) -> bool:
    """Whether the agreement lets records with this marking take part."""
    return marking.tlp in terms.markings.tlp and (not marking.pap or marking.pap in terms.markings.pap)


def _not_ours(
    terms: Terms, origin: str, peer: str, now: Instant, loaded: Instant | None, consented: frozenset[str]
) -> str:
    if not origin.startswith("party:"):
        return ""
    source = origin.removeprefix("party:")
    if source == peer:
        return "received from this very party"
    # nothing learnt from one peer reaches another, not even as a match, without the originator's consent
    if source not in consented:
        return "received from another party that has not consented"
    if loaded is not None and now - loaded > terms.retention_days * DAY_MS:
        return "past its retention"
    return ""


def _outside(scope: Scope, record: Handled, grounds: tuple[str, ...]) -> str:
    wanted = _scope_index(scope)
    if wanted.languages:
        spoken = {language_code(text) for text in record.properties.get("spokenLanguage", ())}
        if not spoken:
            return "no language is known, and the agreement asks for one"
        if not spoken & wanted.languages:
            return "speaks none of the agreed languages"
    texts: Iterable[str] = [_plain(ground) for ground in grounds]
    if wanted.grounds and not any(phrase in text for phrase in wanted.grounds for text in texts):
        return "none of the agreed grounds"
    if wanted.groups:
        named = [
            *texts,
            *(_plain(text) for field in AFFILIATION for text in record.properties.get(field, ())),
        ]
        if not any(group in text for group in wanted.groups for text in named):
            return "names none of the agreed groups"
    return ""


@dataclass(frozen=True, slots=True)
class _ScopeIndex:
    languages: frozenset[str]
    groups: tuple[str, ...]
    grounds: tuple[str, ...]


@lru_cache(maxsize=64)
def _scope_index(scope: Scope) -> _ScopeIndex:
    return _ScopeIndex(
        frozenset(language_code(text) for text in scope.languages),
        tuple(_plain(text) for text in scope.groups),
        tuple(_plain(text) for text in scope.grounds),
    )


_WORD: Final = re.compile(r"\w+")


@lru_cache(maxsize=8192)
def _plain(text: str) -> str:
    """Words in lower case with a space before and after each, so that 'IS' is not found in 'ISAF'."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


__all__ = [
    "Admitted",
    "Change",
    "Handled",
    "Marking",
    "PartyTerms",
    "Refusal",
    "Terms",
    "TopicTerms",
    "agreement_hash",
    "consequences",
    "contradictions",
    "difference",
    "in_scope",
    "marking_allowed",
    "parse_terms",
    "read_agreement",
    "statement",
    "template",
]
