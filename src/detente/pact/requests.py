"""Requests for information: what one says, which items answer it, and what the journal tells of all of them.
spec/requests.

    ask {request, asked, until, topic, marking, most, returns, via}, wording beside it
    tell accepted → part … → full | nothing, or declined
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from detente.errors import Expired, Malformed, Misuse, NotAgreed, Overdrawn, Refused, TooRevealing
from detente.pact.agreement import marking_allowed
from detente.pact.facts import (
    Fact,
    ItemOpened,
    ItemReceived,
    RequestAsked,
    RequestRated,
    RequestTold,
    RequestTransfer,
    RunFinished,
    RunStarted,
    Side,
    Told,
)
from detente.pact.marking import parse_marking
from detente.pact.terms import DAY_MS, Terms
from detente.wire.canonical import canonical, parse_canonical
from detente.wire.instant import Instant, parse_rfc3339, rfc3339

MOST: Final = 64  # records that answer one request
MAX_WORDING: Final = 1 << 16
MAX_AHEAD: Final = 366 * DAY_MS
MAX_SKEW: Final = 3_600_000
MAX_OPEN: Final = 200  # of one asker's, neither ended nor past their deadline
UNNAMED: Final = "0" * 64

State = Literal["open", "accepted", "part", "full", "nothing", "declined"]
FINAL: Final = frozenset({"full", "nothing", "declined"})
ANSWERED: Final = frozenset({"part", "full", "nothing"})

Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
_Text = Annotated[str, Meta(max_length=4000)]


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a request says, apart from its terms: erased when its time is over. `nonce` is 32 hex digits."""

    template: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,39}\Z")]
    schema: Annotated[str, Meta(pattern=r"^[A-Za-z]{1,40}\Z")]
    properties: Annotated[
        dict[Annotated[str, Meta(max_length=60)], Annotated[tuple[_Text, ...], Meta(max_length=50)]],
        Meta(max_length=40),
    ]
    question: _Text
    purpose: Annotated[str, Meta(min_length=1, max_length=2000)]
    offer: Annotated[str, Meta(max_length=2000)]
    nonce: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]

    def encode(self) -> bytes:
        """Canonical JSON: the part beside an `ask`."""
        return canonical(msgspec.json.decode(msgspec.json.encode(self)))

    def __repr__(self) -> str:  # whom it is about never enters logs
        return f"Wording({self.template})"


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an `ask`: what stays as proof. `via` is "", or who asked the asker (UNNAMED: not told)."""

    request: Hash
    asked: str
    until: str
    topic: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,39}\Z")]
    marking: Annotated[str, Meta(max_length=60)]
    most: Annotated[int, Meta(ge=1, le=MOST)]
    returns: Annotated[int, Meta(ge=0, le=MOST)]
    via: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]


def request_id(asker: str, answerer: str, body: Mapping[str, Any], wording: bytes) -> str:
    """The id of a request, in hex. `body` is that of its `ask`, with or without the member `request`."""
    told = canonical({name: value for name, value in body.items() if name != "request"})
    ids = bytes.fromhex(asker) + bytes.fromhex(answerer)
    return hashlib.sha256(b"detente/request/1" + ids + told + hashlib.sha256(wording).digest()).hexdigest()


def slot(request: str, number: int) -> str:
    """The finding in whose place the answer's item of this number stands.

    >>> slot("00" * 32, 0)[:16]
    '919db202ebcd3a5e'
    """
    return hashlib.sha256(
        b"detente/answer/1" + bytes.fromhex(request) + number.to_bytes(4, "big")
    ).hexdigest()


@lru_cache(maxsize=4096)
def slots(request: str, most: int) -> tuple[str, ...]:
    """All places of a request, in order."""
    return tuple(slot(request, number) for number in range(most))


def read_wording(data: bytes) -> Wording:
    """The wording in a part. Raises Malformed where it is anything else than canonical JSON of that shape."""
    value = parse_canonical(data, max_bytes=MAX_WORDING)
    try:
        found = msgspec.convert(value, Wording)
    except msgspec.ValidationError:
        raise Malformed("a request whose wording is not what spec/requests has") from None
    if found.encode() != data or not found.purpose.strip():
        raise Malformed("a request whose wording leaves out a member, or without a purpose")
    return found


def require_askable(ask: Ask, wording: Wording, terms: Terms, now: Instant) -> None:
    """Returns where this may be asked under these terms now. Raises Refused (NotAgreed, Expired, TooRevealing)
    or Malformed. Asker and answerer judge by this same rule."""
    topic = terms.topic(ask.topic)
    if not topic.release:
        raise NotAgreed(
            f"the agreement releases nothing of '{ask.topic}', so no question about it is answered"
        )
    asked, until = parse_rfc3339(ask.asked), parse_rfc3339(ask.until)
    if until <= now or until <= asked:
        raise Expired("the deadline of this request has passed; ask again with a later one")
    if until > now + MAX_AHEAD or asked > now + MAX_SKEW:
        raise Refused("a request is dated today, and its deadline lies within a year")
    if ask.returns > ask.most:
        raise Refused("a request offers at most one record in return for each that it asks for")
    try:
        allowed = marking_allowed(terms, parse_marking(ask.marking))
    except Misuse:
        allowed = False
    if not allowed:
        raise TooRevealing("the request's marking is not one that the agreement lets pass; mark it otherwise")
    outside = sorted(set(wording.properties) - set(topic.release))
    if outside:
        raise TooRevealing("a request names fields which the agreement does not let either side release")
    if not wording.question.strip() and not any(wording.properties.values()):
        raise Refused("a request asks a question, or says whom it is about")


def require_room(known: Iterable[Standing], by: Side, now: Instant) -> None:
    """Returns where this side may ask once more. Raises Overdrawn where too many of its requests are open: a peer cannot fill the
    other's store and people's day with questions."""
    if sum(each.by == by and not each.over and each.until > now for each in known) >= MAX_OPEN:
        raise Overdrawn(
            f"{MAX_OPEN} requests are open already; wait until some are answered or their day has passed"
        )


# --- what the journal tells


@dataclass(frozen=True, slots=True)
class Standing:
    """One request as a fold over the journal. `by` asked it; `items` are those that answer it and still count;
    `first` is the instant of the first answer, in the answerer's words; `transfers` are (party, whether the asker is
    named to it, whether the asker consented).
    """

    id: str
    by: Side
    topic: str
    marking: str
    asked: Instant
    until: Instant
    most: int
    returns: int
    via: str
    index: int
    state: State = "open"
    first: Instant | None = None
    told: Instant | None = None  # when the last word on it was journalled here
    reason: str = ""
    items: tuple[str, ...] = ()
    useful: bool | None = None
    transfers: tuple[tuple[str, bool, bool], ...] = ()

    @property
    def over(self) -> bool:
        """Whether nothing more is to be given on it."""
        return self.state in FINAL

    def late(self, now: Instant) -> bool:
        """Whether the first answer came, or would come now, after the deadline. What was declined is not."""
        return self.state != "declined" and (self.first if self.first is not None else now) > self.until

    def consented(self, party: str, named: bool = False) -> bool:
        """Whether its asker lets it go on to this party; with `named`, under its own name."""
        return any(yes and (may_name or not named) for to, may_name, yes in self.transfers if to == party)


def may_tell(state: State, answer: Told) -> bool:
    """Whether this answer may follow this state.

    >>> may_tell("open", "part"), may_tell("part", "declined"), may_tell("full", "part")
    (True, False, False)
    """
    if state in FINAL:
        return False
    if answer == "accepted":
        return state == "open"
    return answer in ("part", "full") or state in ("open", "accepted")


def requests(facts: Iterable[Fact]) -> dict[str, Standing]:
    """Every request with one peer, by id, in the order of the journal. Facts are of that peer, in order.

    >>> requests([])
    {}
    """
    return _folded(facts)[0]


def _folded(facts: Iterable[Fact]) -> tuple[dict[str, Standing], dict[str, str]]:
    """The requests by id, and the request of each of their places."""
    found: dict[str, Standing] = {}
    places: dict[str, str] = {}
    for fact in facts:
        body = fact.body
        if isinstance(body, RequestAsked) and fact.subject not in found:
            found[fact.subject] = Standing(
                fact.subject, body.by, body.topic, body.marking, body.asked, body.until, body.most,
                body.returns, body.via, fact.index,
            )  # fmt: skip
            places |= dict.fromkeys(slots(fact.subject, body.most), fact.subject)
        elif isinstance(body, ItemOpened | ItemReceived) and body.finding in places:
            known = found[places[body.finding]]
            answers = isinstance(body, ItemReceived) == (known.by == "ours")
            if answers and fact.subject not in known.items:
                found[known.id] = replace(known, items=(*known.items, fact.subject))
        elif fact.subject in found:
            found[fact.subject] = _told(found[fact.subject], fact)
    return found, places


def _told(known: Standing, fact: Fact) -> Standing:
    """The request after one more fact about it; the same where the fact changes nothing."""
    match fact.body:
        case RequestTold(by=by, answer=answer) as body if by != known.by and may_tell(known.state, answer):
            first = known.first if known.first is not None or answer not in ANSWERED else body.at
            return replace(known, state=answer, first=first, told=fact.at, reason=body.reason)
        case RequestRated(by=by, useful=useful) if by == known.by and known.useful is None:
            return replace(known, useful=useful)
        case RequestTransfer(by=by, to=to, named=named, yes=yes) if by == known.by:
            # the last word counts: what was declined may be consented to later, and the reverse
            others = tuple(each for each in known.transfers if each[0] != to)
            return replace(known, transfers=(*others, (to, named, yes)))
        case _:
            return known


# --- the matrix


@dataclass(frozen=True, slots=True)
class Share:
    """What one side asked in a month, what became of it, and how many items it gave."""

    asked: int = 0
    answered: int = 0
    useful: int = 0
    late: int = 0
    declined: int = 0
    given: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """One topic in one month ("2026-11"): runs with what both share, and either side's part."""

    topic: str
    month: str
    runs: int = 0
    overlaps: int = 0
    findings: int = 0
    ours: Share = Share()
    theirs: Share = Share()


def matrix(
    facts: Iterable[Fact], now: Instant, topic_of: Callable[[str], str] = lambda finding: ""
) -> tuple[Cell, ...]:
    """Overlap and contribution by topic and month, oldest first. `topic_of` names the topic of a finding of a
    run; the journal does not hold it.

    >>> matrix([], 0)
    ()
    """
    facts = list(facts)
    known, places = _folded(facts)
    cells: dict[tuple[str, str], Cell] = {}
    for standing in known.values():
        cell = _cell(cells, standing.topic, standing.asked)
        share = cell.ours if standing.by == "ours" else cell.theirs
        share = replace(
            share,
            asked=share.asked + 1,
            answered=share.answered + (standing.state in ANSWERED),
            useful=share.useful + (standing.useful is True),
            late=share.late + standing.late(now),
            declined=share.declined + (standing.state == "declined"),
        )
        _put(cells, _shared(cell, standing.by, share))
    _count_runs(cells, facts)
    _count_items(
        cells, facts, lambda finding: known[places[finding]].topic if finding in places else topic_of(finding)
    )
    return tuple(sorted(cells.values(), key=lambda cell: (cell.month, cell.topic)))


def _count_runs(cells: dict[tuple[str, str], Cell], facts: Iterable[Fact]) -> None:
    topics: dict[str, str] = {}
    for fact in facts:
        if isinstance(fact.body, RunStarted):
            topics[fact.subject] = _topic_name(fact.body.statement)
        elif isinstance(fact.body, RunFinished):
            cell = _cell(cells, topics.get(fact.subject, ""), fact.at)
            overlaps = fact.body.counts.get("overlap_tokens", 0)
            _put(
                cells,
                replace(
                    cell,
                    runs=cell.runs + 1,
                    overlaps=cell.overlaps + (overlaps if isinstance(overlaps, int) else 0),
                    findings=cell.findings + fact.body.count,
                ),
            )


def _topic_name(statement: Mapping[str, Any]) -> str:
    return str(statement.get("topic") or "")


def _count_items(
    cells: dict[tuple[str, str], Cell], facts: Iterable[Fact], topic_of: Callable[[str], str]
) -> None:
    seen: set[str] = set()
    for fact in facts:
        body = fact.body
        if isinstance(body, ItemOpened | ItemReceived) and fact.subject not in seen:
            seen.add(fact.subject)
            cell = _cell(cells, topic_of(body.finding), fact.at)
            giver: Side = "ours" if isinstance(body, ItemOpened) else "theirs"
            share = cell.ours if giver == "ours" else cell.theirs
            _put(cells, _shared(cell, giver, replace(share, given=share.given + 1)))


def _cell(cells: dict[tuple[str, str], Cell], topic: str, at: Instant) -> Cell:
    month = rfc3339(at)[:7]
    return cells.setdefault((topic, month), Cell(topic, month))


def _shared(cell: Cell, side: Side, share: Share) -> Cell:
    return replace(cell, ours=share) if side == "ours" else replace(cell, theirs=share)


def _put(cells: dict[tuple[str, str], Cell], cell: Cell) -> None:
    cells[cell.topic, cell.month] = cell
