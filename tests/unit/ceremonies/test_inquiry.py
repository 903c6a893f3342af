"""Inquiries between two sides in one process: ask, tell, transfer, rate (kind "exchange")."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.ceremonies.ceremony import Decision, Send
from detente.ceremonies.exchange import ExchangeKind, ExchangeSetup, InquirySetup, KnownRequest
from detente.ceremonies.inquiry import consent
from detente.errors import DetenteError, Expired, Malformed, Misuse, OutOfTurn, Refused, TooRevealing
from detente.pact.facts import (
    Fact,
    ItemOpened,
    ItemReceived,
    RequestAsked,
    RequestRated,
    RequestTold,
    RequestTransfer,
    Told,
)
from detente.pact.requests import (
    ANSWERED,
    FINAL,
    Ask,
    Wording,
    matrix,
    may_tell,
    read_wording,
    request_id,
    requests,
    slot,
    slots,
)
from detente.pact.terms import DAY_MS
from detente.wire.instant import rfc3339

from .pair import EAST, NORTH, NOW, SOUTH, Pair, changed, pair
from .swapped import AGREEMENT, TERMS

KIND = ExchangeKind()
CLOSED = msgspec.structs.replace(TERMS, swap=msgspec.structs.replace(TERMS.swap, onward="never"))
WORDING = Wording("person", "Person", {"name": ("Olga",)}, "Do you know her?", "a case", "", "7" * 32)
ANSWERS: tuple[Told, ...] = ("accepted", "part", "full", "nothing", "declined")


def ask_body(
    wording: Wording = WORDING, asker: str = NORTH.party, answerer: str = SOUTH.party, **changes: Any
) -> Ask:
    body = {
        "asked": rfc3339(NOW), "until": rfc3339(NOW + DAY_MS), "topic": "people", "marking": "TLP:AMBER", "most": 4,
        "returns": 0, "via": "", **changes,
    }  # fmt: skip
    return Ask(request=request_id(asker, answerer, body, wording.encode()), **body)


ASK = ask_body()


def known(by: str, **changes: Any) -> KnownRequest:
    return msgspec.structs.replace(KnownRequest(ASK.request, by, NOW, "open"), **changes)  # type: ignore[arg-type]


def write(ours: InquirySetup, theirs: KnownRequest | None = None, terms: Any = TERMS) -> Pair:
    """North writes; it is in north's outbox. South knows what `theirs` says."""
    two = pair("exchange")
    two.first.agreement = two.second.agreement = AGREEMENT
    setup = ExchangeSetup(NORTH.party, SOUTH.party, AGREEMENT, inquiry=ours)
    two.first.take(KIND.begin(setup, bytes(32), NOW))
    waiting = InquirySetup("", terms, theirs)
    two.second.state = KIND.answer(
        ExchangeSetup(SOUTH.party, NORTH.party, AGREEMENT, inquiry=waiting), bytes(32), NOW
    )
    return two


def asking(ask: Ask = ASK, wording: Wording = WORDING, terms: Any = TERMS) -> InquirySetup:
    return InquirySetup("ask", terms, None, ask, wording.encode())


def telling(answer: Told, reason: str = "because", **changes: Any) -> InquirySetup:
    return InquirySetup("tell", TERMS, known("theirs", **changes), answer=answer, text=reason)


# --- ask


def test_a_request_stands_in_both_journals_under_one_id() -> None:
    two = write(asking())
    two.pump()
    ours, theirs = requests(two.first.facts), requests(two.second.facts)
    assert set(ours) == set(theirs) == {ASK.request}
    one, other = ours[ASK.request], theirs[ASK.request]
    assert (one.by, other.by) == ("ours", "theirs")
    assert (one.asked, one.until, one.most) == (other.asked, other.until, other.most)
    assert read_wording(two.second.finish.result.wording) == WORDING


def test_what_a_request_says_is_in_no_journal_entry_and_in_no_body() -> None:
    two = write(asking())
    raw = two.first.outbox[0].raw
    two.pump()
    for data in [raw, *(e.encode() for e in (*two.first.entries, *two.second.entries))]:
        assert b"Olga" not in data
        assert b"case" not in data


def test_a_request_that_was_not_noted_was_not_asked() -> None:
    two = write(asking())
    assert requests(two.first.facts) == {}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"until": rfc3339(NOW - 1)}, Expired),
        ({"until": rfc3339(NOW + 367 * DAY_MS)}, Refused),
        ({"asked": rfc3339(NOW + 2 * 3_600_000)}, Refused),
        ({"marking": "TLP:RED"}, TooRevealing),
        ({"marking": ""}, TooRevealing),
        ({"topic": "weather"}, Refused),
        ({"returns": 5}, Refused),
    ],
)
def test_what_may_not_be_asked_is_refused_by_both(body: dict[str, Any], error: type[DetenteError]) -> None:
    with pytest.raises(error):
        write(asking(ask_body(**body)))
    two = write(asking())
    with pytest.raises(error):
        two.second.receive(
            changed(two.first.outbox[0], sender=two.first, body=msgspec.to_builtins(ask_body(**body)))
        )


@pytest.mark.parametrize(
    "wording",
    [
        {"properties": {"notes": ("a source says",)}},
        {"question": " ", "properties": {}},
        {"question": "", "properties": {"name": ()}},
    ],
)
def test_a_wording_that_discloses_what_was_not_agreed_or_asks_nothing_is_refused(
    wording: dict[str, Any],
) -> None:
    said = msgspec.structs.replace(WORDING, **wording)
    with pytest.raises(Refused):
        write(asking(ask_body(said), said))
    two = write(asking())
    body, parts = msgspec.to_builtins(ask_body(said)), {"wording": said.encode()}
    with pytest.raises(Refused):
        two.second.receive(changed(two.first.outbox[0], sender=two.first, body=body, parts=parts))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"null",
        b"[" * 100,
        WORDING.encode() + b" ",
        WORDING.encode().replace(b'"a case"', b'" "'),
        b"x" * (1 << 17),
    ],
)
def test_a_wording_of_another_form_is_malformed(data: bytes) -> None:
    two = write(asking())
    body = {
        **msgspec.to_builtins(ASK),
        "request": request_id(NORTH.party, SOUTH.party, msgspec.to_builtins(ASK), data),
    }
    with pytest.raises(Malformed):
        two.second.receive(changed(two.first.outbox[0], sender=two.first, body=body, parts={"wording": data}))


@pytest.mark.parametrize(
    "change",
    [
        {"most": 3},
        {"request": "0" * 64},
        {"via": EAST.party},
        {"request": request_id(SOUTH.party, NORTH.party, msgspec.to_builtins(ASK), WORDING.encode())},
        {"spare": 1},
        {"most": 0},
        {"most": 65},
        {"asked": "yesterday"},
        {"via": "south"},
        {"request": ASK.request + "\n"},
    ],
)
def test_a_request_whose_id_is_not_the_hash_of_what_it_says_is_malformed(change: dict[str, Any]) -> None:
    two = write(asking())
    with pytest.raises(Malformed):
        two.second.receive(changed(two.first.outbox[0], sender=two.first, body=change))


def test_a_request_made_before_is_not_taken_again() -> None:
    with pytest.raises(Refused, match="before"):
        write(asking(), known("theirs")).pump()


# --- tell


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_stands_in_both_journals(answer: Told) -> None:
    two = write(telling(answer), known("ours"))
    two.pump()
    for side, by in ((two.first, "ours"), (two.second, "theirs")):
        (fact,) = (f.body for f in side.facts)
        assert (fact.answer, fact.by, fact.at, fact.reason) == (answer, by, NOW, "because")


@pytest.mark.parametrize("answer", ["declined", "part"])
def test_who_declines_or_answers_in_part_says_why(answer: Told) -> None:
    with pytest.raises(Refused, match="says why"):
        write(telling(answer, " "))
    two = write(telling(answer), known("ours"))
    with pytest.raises(Refused, match="says why"):
        two.second.receive(changed(two.first.outbox[0], sender=two.first, body={"reason": ""}))


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        ("full", "part"),
        ("declined", "full"),
        ("nothing", "accepted"),
        ("accepted", "accepted"),
        ("part", "declined"),
        ("part", "nothing"),
    ],
)
def test_no_answer_follows_the_last_one(state: str, answer: Told) -> None:
    with pytest.raises(Refused):
        write(telling(answer, state=state))
    with pytest.raises(Refused):
        write(telling(answer), known("ours", state=state)).pump()


def test_who_asks_does_not_answer_and_nobody_answers_what_nobody_asked() -> None:
    with pytest.raises(Misuse):
        write(InquirySetup("tell", TERMS, known("ours"), answer="full"))
    with pytest.raises(Refused, match="who asks does not answer"):
        write(telling("full"), known("theirs")).pump()
    with pytest.raises(Refused, match="not known here"):
        write(telling("full"), None).pump()


@pytest.mark.parametrize("at", [NOW - 2 * 3_600_000, NOW + 2 * 3_600_000])
def test_an_answer_dated_before_its_request_or_ahead_is_malformed(at: int) -> None:
    two = write(telling("full"), known("ours"))
    with pytest.raises(Malformed):
        two.second.receive(changed(two.first.outbox[0], sender=two.first, body={"at": rfc3339(at)}))


# --- transfer


def transferring(to: str = EAST.party, terms: Any = TERMS, **changes: Any) -> InquirySetup:
    return InquirySetup("transfer", terms, known("theirs", **changes), to=to, named=True, text="they know")


@pytest.mark.parametrize("yes", [True, False])
def test_a_transfer_and_its_answer_stand_in_both_journals(yes: bool) -> None:
    two = write(transferring(), known("ours"))
    two.pump()
    assert two.second.asked[0].subject["to"] == EAST.party
    assert two.second.facts == []
    two.second.decide(consent(yes))
    two.pump()
    for side, by in ((two.first, "theirs"), (two.second, "ours")):
        (fact,) = (f.body for f in side.facts)
        assert (fact.by, fact.to, fact.named, fact.yes) == (by, EAST.party, True, yes)


@pytest.mark.parametrize("to", [NORTH.party, SOUTH.party])
def test_a_transfer_goes_to_a_third_party(to: str) -> None:
    with pytest.raises(Refused, match="third party"):
        write(transferring(to))
    two = write(transferring(), known("ours"))
    with pytest.raises(Refused, match="third party"):
        two.second.receive(changed(two.first.outbox[0], sender=two.first, body={"to": to}))


def test_no_transfer_is_asked_where_nothing_may_go_on_nor_once_it_is_over() -> None:
    with pytest.raises(Refused):
        write(transferring(terms=CLOSED))
    with pytest.raises(Refused):
        write(transferring(), known("ours"), CLOSED).pump()
    with pytest.raises(Refused):
        write(transferring(state="full"))
    with pytest.raises(Refused, match="by who was asked"):
        write(transferring(), known("theirs")).pump()


def test_only_a_transfer_waits_for_a_person() -> None:
    two = write(telling("full"), known("ours"))
    with pytest.raises(Misuse):
        two.second.decide(consent(True))
    asked = write(transferring(), known("ours"))
    asked.pump()
    for wrong in (
        Decision("consent", {"yes": True, "reason": ""}),
        Decision("transfer", {"yes": "maybe", "reason": ""}),
    ):
        with pytest.raises(Misuse):
            asked.second.decide(wrong)


# --- rate


def rating(by: str = "ours", **changes: Any) -> InquirySetup:
    return InquirySetup("rate", TERMS, known(by, **{"state": "full", **changes}), useful=True, text="")


def test_an_answer_is_rated_once_and_by_who_asked() -> None:
    two = write(rating(), known("theirs", state="full"))
    two.pump()
    assert [f.body.useful for f in (*two.first.facts, *two.second.facts)] == [True, True]
    for setup, other in (
        (rating(rated=True), None),
        (rating(state="open"), None),
        (rating(by="theirs"), None),
        (rating(), known("theirs", state="full", rated=True)),
        (rating(), known("theirs", state="open")),
        (rating(), known("ours", state="full")),
        (rating(), None),
    ):
        with pytest.raises(Refused):
            write(setup, other).pump()


# --- whatever a peer sends


@pytest.mark.parametrize("step", ["answer", "noted", "offer", "keys", "recall", "ask2"])
def test_what_begins_no_inquiry_is_out_of_turn(step: str) -> None:
    two = write(telling("full"), known("ours"))
    with pytest.raises(OutOfTurn):
        two.second.receive(changed(two.first.outbox[0], sender=two.first, step=step))


@given(
    st.sampled_from(["ask", "tell", "transfer", "rate"]),
    st.dictionaries(st.text(max_size=9), st.integers() | st.text(max_size=9), max_size=4),
)
def test_no_body_does_more_than_be_refused(step: str, body: dict[str, Any]) -> None:
    two = write(telling("full"), known("ours"))
    two.first.sent -= 1
    body = {name: value for name, value in body.items() if not isinstance(value, int) or abs(value) < 1 << 53}
    with pytest.raises((Malformed, Refused)):
        two.second.receive(two.first.sealed(Send(step, body)))


# --- the folds


def test_places_of_a_request_are_its_own() -> None:
    assert len({*slots(ASK.request, 64), *slots("0" * 64, 64)}) == 128
    assert slots(ASK.request, 3)[2] == slot(ASK.request, 2)


def _facts(rows: list[tuple[str, int, Any]], mirrored: bool) -> list[Fact]:
    """A story of three requests as one side's journal tells it; mirrored, as the other's."""
    said = {"ours": "theirs", "theirs": "ours"} if mirrored else {"ours": "ours", "theirs": "theirs"}
    names = ["a" * 64, "b" * 64, "c" * 64]
    askers = ["ours", "theirs", "ours"]
    facts: list[Fact] = []
    for number, name in enumerate(names):
        body: Any = RequestAsked(said[askers[number]], "people", NOW, NOW + 10, "TLP:AMBER", 2, 1, "", "")
        facts.append(Fact(len(facts), "request.asked", name, "p", NOW, body))
    for what, which, detail in rows:
        name, asker = names[which], askers[which]
        answerer = {"ours": "theirs", "theirs": "ours"}[asker]
        if what == "tell":
            body = RequestTold(said[answerer], detail[0], NOW + detail[1], "", "")
        elif what == "rate":
            body = RequestRated(said[asker], detail, "")
        elif what == "transfer":
            body = RequestTransfer(said[asker], EAST.party, True, detail, "")
        else:
            giver = answerer if detail[1] else asker
            gave = (giver == "ours") != mirrored
            finding, item = slot(name, detail[0]), f"{which}{detail[0]}{detail[1]}".rjust(64, "0")
            body = (
                ItemOpened("s", "g", finding, 0) if gave else ItemReceived("s", "g", finding, 0, "m", "p", "")
            )
            name = item
        facts.append(Fact(len(facts), what, name, "p", NOW + len(facts), body))
    return facts


STORIES = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.integers(0, 2), st.tuples(st.sampled_from(ANSWERS), st.integers(0, 20))),
        st.tuples(st.just("rate"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("transfer"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("item"), st.integers(0, 2), st.tuples(st.integers(0, 2), st.booleans())),
    ),
    max_size=14,
)  # fmt: skip


@given(STORIES)
def test_both_sides_make_the_same_of_any_story(rows: list[Any]) -> None:
    ours, theirs = requests(_facts(rows, False)), requests(_facts(rows, True))
    assert [(r.state, r.first, r.items, r.useful, r.transfers) for r in ours.values()] == [
        (r.state, r.first, r.items, r.useful, r.transfers) for r in theirs.values()
    ]
    for now in (NOW, NOW + 100):
        one, other = matrix(_facts(rows, False), now), matrix(_facts(rows, True), now)
        assert [(c.topic, c.month, c.ours, c.theirs) for c in one if c.topic] == [
            (c.topic, c.month, c.theirs, c.ours) for c in other if c.topic
        ]


@given(STORIES)
def test_the_matrix_never_counts_more_than_was_asked(rows: list[Any]) -> None:
    for cell in matrix(_facts(rows, False), NOW + 100):
        for share in (cell.ours, cell.theirs):
            assert share.answered + share.declined <= share.asked
            assert share.useful <= share.asked
            assert share.late <= share.asked - share.declined


@given(STORIES)
def test_what_ended_a_request_stays(rows: list[Any]) -> None:
    states: dict[str, str] = {}
    for length in range(len(rows) + 1):
        for each in requests(_facts(rows[:length], False)).values():
            if states.get(each.id) in FINAL:
                assert each.state == states[each.id]
            states[each.id] = each.state


def test_the_order_of_answers_is_a_table() -> None:
    allowed = {
        (state, answer)
        for state in ("open", "accepted", "part", "full", "nothing", "declined")
        for answer in ANSWERS
        if may_tell(state, answer)  # type: ignore[arg-type]
    }
    first = {("open", answer) for answer in ANSWERS}
    taken = {("accepted", answer) for answer in ANSWERS if answer != "accepted"}
    assert allowed == first | taken | {("part", "part"), ("part", "full")}
    assert not FINAL - ANSWERED - {"declined"}
