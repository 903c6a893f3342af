"""Whether something is allowed now: what is in force, what the budget still bears, what of a record may
leave.

Everything is a fold over the journal and `now`; nothing here remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from detente.errors import Expired, Malformed, Misuse, NotAgreed, Overdrawn, TooRevealing
from detente.pact.agreement import Handled, marking_allowed
from detente.pact.document import Shelf, State, Version
from detente.pact.facts import (
    Ended,
    Fact,
    InForce,
    Proposed,
    Rejected,
    Resumed,
    RunCharged,
    RunStarted,
    Superseded,
    Suspended,
)
from detente.pact.marking import parse_grade, parse_marking
from detente.pact.terms import DAY_MS, Terms, TopicTerms
from detente.wire.canonical import canonical, parse_canonical
from detente.wire.instant import Instant, rfc3339

Activity = Literal["matching", "swap", "amend", "recalls", "receipts", "disputes", "notices", "safety"]

# what was promised of things already given outlives the agreement
_OBLIGATIONS: Final = frozenset({"recalls", "receipts", "disputes"})


# --- what is in force


def shelf(facts: Iterable[Fact], kind: str, name: str, now: Instant) -> Shelf:
    """All versions of one joint document with one peer, as the journal tells. Facts are of that peer, in
    order.

    A suspension holds for the document, whatever version follows: it is lifted by both or not at all.
    """
    versions: dict[str, Version] = {}
    facts = list(facts)
    for fact in facts:
        body, known = fact.body, versions.get(fact.subject)
        match body:
            case Proposed() if (body.document, body.name) == (kind, name):
                if known is None or known.state in ("rejected", "withdrawn"):
                    versions[fact.subject] = Version(fact.subject, kind, name, body.base, body.by, "proposed")
            case InForce() if (body.document, body.name) == (kind, name):
                base = known or Version(fact.subject, kind, name, body.base, "", "proposed")
                since = body.since if base.since is None else min(base.since, body.since)
                # a second acceptance of it (both proposed it at once) brings nothing back
                state: State = base.state if base.state in ("superseded", "ended") else "in_force"
                versions[fact.subject] = replace(base, state=state, since=since)
            case Rejected() if known and known.state == "proposed":
                versions[fact.subject] = replace(known, state="withdrawn" if body.withdrawn else "rejected")
            case Superseded() if known:
                versions[fact.subject] = replace(known, state="superseded")
            case Ended() if known and known.state != "superseded" and body.effective <= now:
                versions[fact.subject] = replace(known, state="ended")
    if kind == "agreement" and _suspensions(facts, name):
        versions = {
            h: replace(v, state="suspended") if v.state == "in_force" else v for h, v in versions.items()
        }
    return Shelf(tuple(versions.values()))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an agreement stands now. `hash` and `terms` are those of the version that both signed last, if
    any.

    `suspensions` are the statements that hold, `suspended_by` who made them; `ends` is when it ends by notice
    or expiry.
    """

    state: Literal["none", "proposed", "in_force", "suspended", "ended", "expired"]
    name: str
    hash: str = ""
    terms: Terms | None = None
    ends: Instant | None = None
    suspensions: tuple[str, ...] = ()
    suspended_by: tuple[str, ...] = ()
    proposals: tuple[Version, ...] = ()


def standing(facts: Iterable[Fact], name: str, terms_of: Callable[[str], Terms], now: Instant) -> Standing:
    """Where the agreement of this name with one peer stands. `terms_of` gives the terms behind a hash; facts
    are of that peer, in order.

    >>> standing(facts, "main", documents.terms_of, now).state  # doctest: +SKIP
    'in_force'
    """
    known = list(facts)
    versions = shelf(known, "agreement", name, now)
    head = versions.head
    if head is None:
        return Standing("proposed" if versions.proposals else "none", name, proposals=versions.proposals)
    terms = terms_of(head.hash)
    notices = [f.body.effective for f in known if isinstance(f.body, Ended) and f.subject == head.hash]
    ends = min([terms.expires, *notices])
    state: State = head.state
    if state != "ended" and terms.expires <= now:
        state = "expired"
    holding = _suspensions(known, name)
    return Standing(
        state if state in ("in_force", "suspended", "ended", "expired") else "none",
        name,
        head.hash,
        terms,
        ends,
        tuple(body.statement for body in holding),
        tuple(sorted({body.by for body in holding})),
        versions.proposals,
    )


def _suspensions(facts: Iterable[Fact], name: str) -> list[Suspended]:
    """The suspensions that hold. One that began anew after its end does not inherit those of before."""
    held: list[Suspended] = []
    ended: dict[str, Instant] = {}
    for fact in facts:
        match fact.body:
            case Suspended() as body if body.name == name:
                held.append(body)
            case Resumed() as body if body.name == name:
                held = [each for each in held if each.statement not in body.lifts]
            case Ended() as body if body.name == name:
                ended[fact.subject] = min(body.effective, ended.get(fact.subject, body.effective))
            case InForce() as body if (body.document, body.name) == ("agreement", name):
                if ended.get(body.base, fact.at + 1) <= fact.at:
                    held = []
    return held


def require_in_force(found: Standing, activity: Activity, agreement: str = "") -> Terms:
    """The terms under which an activity may go on now. Raises NotAgreed or Expired, saying what to do.

    `agreement` is the hash that a message names: another than the one in force is refused, so that nothing
    goes on under a version that was replaced. What the terms list in `continues_when_suspended` goes on while
    suspended; recalls, receipts and disputes of what was given already outlive the agreement and take any
    version that was in force.
    """
    terms = found.terms
    if terms is None:
        raise NotAgreed(
            f"no agreement '{found.name}' is signed by both; propose one with `detente agreement propose`"
        )
    if activity in _OBLIGATIONS and found.state in ("ended", "expired"):
        return terms
    if agreement and agreement != found.hash and activity not in _OBLIGATIONS:
        raise NotAgreed(
            f"this names another version of the agreement '{found.name}' than the one in force; begin it anew"
        )
    if found.state == "expired":
        raise Expired(
            f"the agreement '{found.name}' expired at {rfc3339(terms.expires)}; propose a new version"
        )
    if found.state == "ended":
        raise NotAgreed(f"the agreement '{found.name}' has ended; propose a new version")
    if found.state == "suspended" and activity not in terms.continues_when_suspended:
        raise NotAgreed(
            f"the agreement '{found.name}' is suspended; both sign `detente agreement resume` to go on"
        )
    return terms


# --- the query budget


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens charged in the period that ends now, by whoever queried them."""

    ours: int
    theirs: int


def spent(facts: Iterable[Fact], topic: TopicTerms, us: str, now: Instant) -> Spent:
    """What of a topic's budget with one peer is used: a fold over run.charged, whatever version of the
    agreement it was under.

    A run that was repeated, stopped or aborted counts in full: near-identical runs must not be had cheaper
    than the difference of their results is worth. Charges dated after `now` (a clock set back) count as well.
    """
    roles: dict[str, str] = {}
    ours = theirs = 0
    for fact in facts:
        if isinstance(fact.body, RunStarted):
            written = fact.body.statement.get("roles")
            roles[fact.subject] = str(written.get("first", "")) if isinstance(written, Mapping) else ""
        elif isinstance(fact.body, RunCharged) and fact.body.topic == topic.name:
            if fact.at <= now - topic.period_days * DAY_MS:
                continue
            charged = (fact.body.first, fact.body.second)
            first = roles.get(fact.subject)
            # a run whose roles are not known is charged at its larger side, to both
            mine, other = charged if first == us else charged[::-1] if first else (max(charged), max(charged))
            ours, theirs = ours + mine, theirs + other
    return Spent(ours, theirs)


def charge(
    facts: Iterable[Fact], topic: TopicTerms, us: str, *, ours: int, theirs: int, now: Instant
) -> Spent:
    """What will be used once a run of these padded sizes is charged. Raises Overdrawn where either side's
    budget does not bear it.

    >>> charge(facts, topic, us, ours=2983, theirs=4012, now=now)  # doctest: +SKIP
    Spent(ours=2983, theirs=4012)
    """
    used = spent(facts, topic, us, now)
    total = Spent(used.ours + ours, used.theirs + theirs)
    for whose, before, after in (("your", used.ours, total.ours), ("the peer's", used.theirs, total.theirs)):
        if after > topic.budget:
            raise Overdrawn(
                f"the run needs {after - before} tokens of {whose} budget for '{topic.name}', of which "
                f"{max(topic.budget - before, 0)} "
                f"are left in these {topic.period_days} days; wait, match fewer records, or agree on a "
                f"larger budget"
            )
    return total


# --- what may leave


class Attachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report text that goes along. `sha256` stands for the original it was taken from: a keyed hash, other for each party, so that nobody tries
    words in the gaps of a redacted text."""

    title: Annotated[str, Meta(max_length=500)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    text: Annotated[str, Meta(max_length=1 << 19)]


class OpenedValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One second-round value with what opens it in the run's commitment (spec/matching, step 3). Hashes in
    hex."""

    kind: Annotated[str, Meta(max_length=64)]
    value: Annotated[str, Meta(max_length=500)]
    index: Annotated[int, Meta(ge=0, le=4096)]
    salt: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    path: Annotated[str, Meta(pattern=r"^([0-9a-f]{64}){0,12}\Z")]


_Text = Annotated[str, Meta(max_length=4000)]


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one item hands over: the plaintext of a swap. Always marked; nothing of it is optional on the
    wire."""

    schema: Annotated[str, Meta(pattern=r"^[A-Za-z]{1,40}\Z")]
    properties: dict[Annotated[str, Meta(max_length=60)], Annotated[tuple[_Text, ...], Meta(max_length=200)]]
    grounds: Annotated[tuple[_Text, ...], Meta(max_length=50)]
    marking: Annotated[str, Meta(max_length=60)]
    grade: Annotated[str, Meta(max_length=2)]
    conditions: Annotated[tuple[_Text, ...], Meta(max_length=200)] = ()
    attachments: Annotated[tuple[Attachment, ...], Meta(max_length=16)] = ()
    opening: Annotated[tuple[OpenedValue, ...], Meta(max_length=256)] = ()

    def encode(self) -> bytes:
        """Canonical JSON: the plaintext."""
        return canonical(msgspec.json.decode(msgspec.json.encode(self)))

    def __repr__(self) -> str:  # records never enter logs
        return f"Release({self.schema}, {self.marking})"


MAX_RELEASE: Final = 1 << 20


def read_release(plaintext: bytes) -> Release:
    """The release in a plaintext. Raises Malformed where it is anything else than canonical JSON of that
    shape."""
    value = parse_canonical(plaintext, max_bytes=MAX_RELEASE)
    try:
        release = msgspec.convert(value, Release)
    except msgspec.ValidationError:
        raise Malformed("a plaintext that is no release") from None
    if release.encode() != plaintext:
        raise Malformed("a release that leaves out a member")
    return release


def releasable(
    terms: Terms,
    topic: TopicTerms,
    record: Handled,
    schema: str,
    *,
    peer: str,
    consented: frozenset[str] = frozenset(),
) -> Release:
    """What of a record may go to `peer`: the agreed fields, always with the record's marking. A person
    approves it afterwards.

    Raises TooRevealing where marking or grade forbid it, NotAgreed where it is another party's and that has
    not signed its consent, Misuse where the agreement releases nothing of this topic.
    """
    if not topic.release:
        raise Misuse(
            f"the agreement releases nothing of '{topic.name}'; it only lets both learn what they share"
        )
    try:
        marking, grade = parse_marking(record.marking), parse_grade(record.grade)
    except Misuse as problem:
        raise TooRevealing(
            f"a record whose marking or grade is not understood stays here: {problem}"
        ) from None
    if not marking_allowed(terms, marking):
        raise TooRevealing(f"a record marked {marking} may not be released under this agreement")
    require_onward(terms, record.origin, peer, consented)
    fields = {name: record.properties[name] for name in topic.release if record.properties.get(name)}
    grounds = tuple(record.grounds) if "grounds" in topic.release else ()
    return Release(schema, fields, grounds, str(marking), grade, terms.swap.conditions)


def require_onward(terms: Terms, origin: str, peer: str, consented: frozenset[str]) -> None:
    """Raises NotAgreed where what a third party gave would reach `peer` without that party's signed
    consent."""
    if not origin.startswith("party:"):
        return
    source = origin.removeprefix("party:")
    if source == peer:
        raise NotAgreed("this record came from that very party; there is nothing to give")
    if terms.swap.onward == "never":
        raise NotAgreed("the agreement lets nothing be passed on that another party gave")
    if source not in consented:
        raise NotAgreed("another party gave this record; ask it to sign its consent before it is passed on")


def misfit(
    release: Release, terms: Terms, topic: TopicTerms, declared: str
) -> Literal["schema", "marking"] | None:
    """The ground on which a received release may be provably disputed: outside the schema, or its marking
    missing or lowered; None: it fits.

    `declared` is the marking that the signed item statement carries.
    """
    allowed = set(topic.release)
    outside = set(release.properties) - allowed or (release.grounds and "grounds" not in allowed)
    if (
        outside
        or (release.attachments and not terms.swap.attachments)
        or not (release.properties or release.grounds)
    ):
        return "schema"
    try:
        found, promised = parse_marking(release.marking), parse_marking(declared)
        parse_grade(release.grade)
    except Misuse:
        return "marking"
    if found.weaker_than(promised) or not marking_allowed(terms, found):
        return "marking"
    return None
