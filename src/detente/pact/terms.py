"""Terms: everything two parties promise each other, as one typed value. spec/agreement says what each field
means.

Values are bounded where they are typed, so terms that came from a peer are as safe to hold as our own; what
contradicts itself is refused by `require_sound`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from detente.errors import Malformed, Misuse, NotAgreed
from detente.pact import airspace
from detente.pact.airspace import AirspaceTerms
from detente.pact.marking import PAP, TLP
from detente.wire.instant import LATEST, Instant, parse_rfc3339, rfc3339

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000

PartyId = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=120)]
Slug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,39}\Z")]
Sentence = Annotated[str, Meta(min_length=1, max_length=2000)]
Words = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(max_length=200)]
Days = Annotated[int, Meta(ge=1, le=36500)]
Continues = Literal["recalls", "receipts", "disputes", "notices", "safety"]


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every part of the terms: frozen, and refusing what the spec does not name."""


class PartyTerms(Shape, frozen=True):
    """One of the two. `id` is the SHA-256 hex of its raw Ed25519 envelope key."""

    id: PartyId
    name: Name


class Scope(Shape, frozen=True):
    """Which records may become tokens. Each list that is not empty must be met; grounds are needed in any
    case."""

    languages: Words = ()  # ISO 639 codes of spokenLanguage
    groups: Words = ()  # names, one of which a ground or an affiliation must name
    grounds: Words = ()  # phrases, one of which a ground must hold


class Caps(Shape, frozen=True):
    """What keeps the candidate graph from exploding (spec/matching, steps 8 and 9)."""

    records_per_token: Annotated[int, Meta(ge=1, le=255)]
    tokens_per_record: Annotated[int, Meta(ge=1, le=256)]
    pairs_per_record: Annotated[int, Meta(ge=1, le=1000)]
    values_per_record: Annotated[int, Meta(ge=0, le=256)]


class TopicTerms(Shape, frozen=True):
    """What is matched and what of it may be released."""

    name: Slug
    version: Annotated[int, Meta(ge=1, le=9999)]
    purpose: Sentence
    legal_basis: Sentence
    scope: Scope
    release: Words  # FollowTheMoney property names, and "grounds"
    caps: Caps
    max_records: Annotated[int, Meta(ge=1, le=1 << 24)]  # a side
    budget: Annotated[int, Meta(ge=1, le=1 << 40)]  # tokens charged a side and period
    period_days: Days
    buckets: Annotated[int, Meta(ge=1, le=4096)]  # k
    audit: Annotated[int, Meta(ge=0, le=100_000)]  # s
    inspector: Annotated[str, Meta(max_length=64)]  # "peer", "none" or a party id
    engine: Literal["dh", "rr22", "auto"]
    one_to_one: bool = False  # each side holds a person once
    # what becomes of a record whose only grounds are groups that the other does not list (spec/joint-list)
    unlisted: Literal["admit", "flag", "refuse"] = "admit"
    airspace: AirspaceTerms | msgspec.UnsetType = (
        msgspec.UNSET
    )  # for topics whose records are volumes of airspace

    @property
    def space(self) -> AirspaceTerms | None:
        """The terms of an airspace topic; None for any other."""
        return self.airspace if isinstance(self.airspace, AirspaceTerms) else None


class Markings(Shape, frozen=True):
    """Which records may take part at all. A record without a PAP label passes `pap`."""

    tlp: Words
    pap: Words
    admiralty: Annotated[str, Meta(pattern=r"^[A-F][1-6]\Z")]  # the least: "F6" admits all


class Swap(Shape, frozen=True):
    """How giving stays mutual."""

    imbalance_limit: Annotated[int, Meta(ge=1, le=10_000)]  # items that one side may be ahead
    batch: Annotated[int, Meta(ge=1, le=1000)] = 1  # items whose keys move at once
    approvals: Annotated[int, Meta(ge=1, le=2)] = 1  # people who approve a release
    attachments: bool = False  # whether report texts may go along
    onward: Literal["never", "consent"] = "consent"
    conditions: Words = ()  # plain sentences that go with every release


class Disputes(Shape, frozen=True):
    allowance: Annotated[int, Meta(ge=0, le=1000)]  # disputes without proof, a side
    deadline_days: Days  # no answer by then is acceptance


class Terms(Shape, frozen=True):
    """An agreement's terms.

    >>> terms.topic("people").budget  # doctest: +SKIP
    200000
    """

    name: Slug
    parties: tuple[PartyTerms, PartyTerms]
    topics: Annotated[tuple[TopicTerms, ...], Meta(min_length=1, max_length=16)]
    markings: Markings
    swap: Swap
    disputes: Disputes
    retention_days: Days
    recall_hours: Annotated[int, Meta(ge=1, le=8760)]
    notice_days: Annotated[int, Meta(ge=0, le=366)]  # between a notice to end and the end
    expires: Annotated[Instant, Meta(ge=0, le=LATEST)]
    continues_when_suspended: tuple[Continues, ...] = ("recalls", "receipts", "disputes", "notices", "safety")

    def topic(self, name: str) -> TopicTerms:
        """The terms of one topic. Raises NotAgreed where it is not in the agreement."""
        for topic in self.topics:
            if topic.name == name:
                return topic
        raise NotAgreed(f"the agreement '{self.name}' has no topic '{name}'; propose a version that has it")

    def peer_of(self, party: str) -> PartyTerms:
        """The other of the two. Raises NotAgreed where `party` is neither."""
        first, second = self.parties
        if party == first.id:
            return second
        if party == second.id:
            return first
        raise NotAgreed(f"the agreement '{self.name}' is between two other parties")


def contradictions(terms: Terms) -> Iterator[tuple[str, str]]:
    """Each thing that cannot hold together: (path of the field, sentence with a next step)."""
    ids = [party.id for party in terms.parties]
    if ids[0] == ids[1]:
        yield "parties[1].id", "the two parties are the same; name the peer's id as `detente peers` shows it"
    names = [topic.name for topic in terms.topics]
    for position, topic in enumerate(terms.topics):
        path = f"topics[{position}]"
        if topic.name in names[:position]:
            yield f"{path}.name", f"the topic '{topic.name}' stands twice; join the two"
        yield from ((f"{path}.{field}", sentence) for field, sentence in _topic_contradictions(topic, ids))
    yield from _label_contradictions(terms.markings)
    if terms.swap.batch > terms.swap.imbalance_limit:
        yield (
            "swap.batch",
            "a batch larger than the imbalance limit could never be sent; lower it or raise the limit",
        )


def _topic_contradictions(topic: TopicTerms, ids: list[str]) -> Iterator[tuple[str, str]]:
    if topic.buckets & (topic.buckets - 1):
        # buckets are cut by leading bits (spec/matching, step 5)
        yield "buckets", "the number of buckets must be a power of two, such as 64"
    if topic.space is not None:
        yield from airspace.contradictions(topic.space, topic.budget, topic.inspector)
    elif topic.name == "airspace":
        yield (
            "airspace",
            "the topic 'airspace' needs layers and separations; `detente airspace terms` prints them",
        )
    needed = topic.space.cells_limit if topic.space else topic.max_records * topic.caps.tokens_per_record
    if topic.budget < needed:
        yield "budget", f"a run of max_records needs {needed} tokens; raise the budget or lower max_records"
    if topic.inspector == "peer" and topic.engine != "dh":
        # with rr22 the peer cannot check a tag without learning delta (spec/matching, step 6)
        yield (
            "inspector",
            'the peer itself can check openings with engine "dh" only; name an inspector or set engine = '
            '"dh"',
        )
    elif topic.inspector in ids:
        yield "inspector", 'an inspector must be a third party; write "peer" where each checks the other'
    elif topic.inspector not in ("peer", "none") and not _is_party_id(topic.inspector):
        yield "inspector", 'the inspector is "peer", "none" or the party id of a third party'
    if topic.inspector == "peer" and not topic.audit:
        yield "audit", 'an audit of 0 positions checks nothing; raise it or set inspector = "none"'
    if len(set(topic.release)) != len(topic.release):
        yield "release", "a field stands twice in the list of releasable fields"


def _is_party_id(text: str) -> bool:
    return len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)


def _label_contradictions(markings: Markings) -> Iterator[tuple[str, str]]:
    if not markings.tlp:
        yield "markings.tlp", "no TLP label is allowed, so no record could take part; name at least one"
    for label in markings.tlp:
        if label not in TLP:
            yield "markings.tlp", f"'{label}' is no TLP 2.0 label; the labels are {', '.join(TLP[:4])}"
        elif label == "TLP:RED":
            # TLP 2.0: "for the eyes and ears of individual recipients only": no organisation may match on it
            yield (
                "markings.tlp",
                "TLP:RED is for named persons and cannot be agreed between organisations; leave it out",
            )
    for label in markings.pap:
        if label not in PAP:
            yield "markings.pap", f"'{label}' is no PAP label; the labels are {', '.join(PAP)}"


def to_json(terms: Terms) -> dict[str, Any]:
    """The terms as canonical JSON takes them: instants as RFC 3339 text."""
    value: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(terms))
    value["expires"] = rfc3339(terms.expires)
    for topic in value["topics"]:
        # left out where it is "admit", so that agreements from before there were joint lists keep their text
        if topic["unlisted"] == "admit":
            del topic["unlisted"]
    return value


def from_json(value: object) -> Terms:
    """The terms that a peer wrote. Raises Malformed where they are not what the spec allows or contradict
    themselves."""
    if not isinstance(value, dict) or not isinstance(value.get("expires"), str):
        raise Malformed("the terms of an agreement are not what spec/agreement allows")
    try:
        terms = msgspec.convert({**value, "expires": parse_rfc3339(value["expires"])}, Terms)
    except msgspec.ValidationError:
        raise Malformed("the terms of an agreement are not what spec/agreement allows") from None
    if to_json(terms) != value:
        # a field left to its default has a second spelling; one text per meaning
        raise Malformed("the terms of an agreement leave out a field")
    for _, sentence in contradictions(terms):
        raise Malformed(f"the terms of an agreement contradict themselves: {sentence}")
    return terms


def require_sound(terms: Terms) -> None:
    """Raises Misuse with the first contradiction and its field."""
    for path, sentence in contradictions(terms):
        raise Misuse(f"{path}: {sentence}")
