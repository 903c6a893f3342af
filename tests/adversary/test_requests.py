"""What a peer may try with requests for information, and must fail at."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import detente_verify
from detente.ceremonies.exchange import (
    ExchangeSetup,
    Expected,
    InquirySetup,
    KnownRequest,
    OurItem,
    SwapSetup,
    content_hash,
)
from detente.errors import Refused
from detente.node.holdings import commitment_of
from detente.node.items import DRAFT, Kept
from detente.node.node import Node
from detente.node.ports import ItemRow
from detente.node.requests import Question
from detente.pact.policy import Release
from detente.pact.requests import Ask, slot, slots
from support.world import NORTH, SOUTH, World, small_terms

DAY = 86_400_000


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    """North asked south; south has not answered."""
    world = World(tmp_path_factory.mktemp("requests"))
    world.pair("north", "south")
    world.agree("north", "south", small_terms)
    world.load("north", NORTH)
    world.load("south", SOUTH)
    question = Question("people", "a case", world.clock.time + 7 * DAY, properties={"name": ["Olga"]}, most=2)
    request = world.node("north").requests.ask("south", question).id
    world.node("north").deliver("south")
    world.close()
    return world.directory, world.clock.time, request


@pytest.fixture
def world(prepared: tuple[Path, int, str], tmp_path: Path) -> Iterator[World]:
    found = World.copied(*prepared[:2], tmp_path / "two")
    yield found
    found.close()


@pytest.fixture
def request_id(prepared: tuple[Path, int, str]) -> str:
    return prepared[2]


def offer(node: Node, peer: str, sid: str, finding: str, *, mutual: bool = False, **changes: Any) -> None:
    """A dishonest giver: an offer that its own node would not make, properly signed. `changes` are those of the release."""
    office = node.office
    with office.store.transaction() as tx:
        party = office.peer(tx, peer).party
        record = next(row for row in tx.records.select("people"))
        agreement, terms = node.agreements.in_force(tx, party, "swap")
        good = Release("Person", {"name": ("Olga",)}, ("listed",), "TLP:AMBER", "B2")
        release = msgspec.structs.replace(good, **changes)
        known = msgspec.json.encode(Kept(["nobody"], content_hash(release)))
        tx.items.put(
            ItemRow(
                DRAFT + finding,
                "",
                finding,
                party,
                "given",
                0,
                "approved",
                "TLP:AMBER",
                known,
                release.encode(),
                record.id,
            )
        )
    item = OurItem(
        finding, release.encode(), "Person", "TLP:AMBER", commitment_of(record).hex(), record.entry
    )
    swap = SwapSetup(sid, "people", terms, 0, (item,), (Expected(finding),), mutual=mutual)
    node.driver.begin(
        "exchange", party, ExchangeSetup(office.identity().party, party, agreement, swap=swap), agreement
    )
    node.post.deliver(_row(node, peer), office.transport)


def _row(node: Node, peer: str) -> Any:
    with node.office.store.snapshot() as tx:
        return node.office.peer(tx, peer)


def received(node: Node, peer: str) -> int:
    return len([i for i in node.swaps.status(peer).items if i.direction == "received"])


@pytest.mark.parametrize(
    "what", ["nobody's request", "the giver's own request", "no place of the request", "another place's hash"]
)
def test_an_answer_to_nobody_s_request_is_not_taken(world: World, request_id: str, what: str) -> None:
    north, south = world.node("north"), world.node("south")
    if what == "the giver's own request":
        question = Question("people", "a case", world.clock.time + DAY, properties={"name": ["Olga"]})
        sid = south.requests.ask("north", question).id
        south.deliver("north")
        offer(south, "north", sid, slot(sid, 0))
    elif what == "nobody's request":
        offer(south, "north", "9" * 64, slot("9" * 64, 0))
    else:
        offer(
            south, "north", request_id, slot(request_id, 2) if what == "no place of the request" else "8" * 64
        )
    assert received(north, "south") == 0
    assert north.swaps.ledger("south").lines == []
    with south.office.store.snapshot() as tx:
        ended = [
            row
            for row in tx.ceremonies.find(kind="exchange")
            if row.role == "first" and row.status == "refused"
        ]
    assert ended


def test_an_answer_after_the_last_word_is_not_taken(world: World, request_id: str) -> None:
    north, south = world.node("north"), world.node("south")
    south.requests.nothing(request_id)
    south.deliver("north")
    offer(south, "north", request_id, slot(request_id, 0))
    assert received(north, "south") == 0


def test_one_place_is_not_answered_twice_in_the_balance(world: World, request_id: str) -> None:
    north, south = world.node("north"), world.node("south")
    offer(south, "north", request_id, slot(request_id, 0))
    with pytest.raises(Refused):  # nothing is released twice
        offer(south, "north", request_id, slot(request_id, 0), properties={"name": ("Another",)})
    assert received(north, "south") == 1
    assert len(north.requests.show(request_id).items) == 1


@pytest.mark.parametrize("marking", ["TLP:CLEAR", "TLP:GREEN", "", "none"])
def test_an_answer_whose_marking_was_stripped_does_not_leave_its_giver(
    world: World, request_id: str, marking: str
) -> None:
    with pytest.raises(Exception, match="rightly dispute"):
        offer(world.node("south"), "north", request_id, slot(request_id, 0), marking=marking)
    assert received(world.node("north"), "south") == 0


def test_an_answer_to_a_mutual_request_takes_nothing_that_nobody_approved(
    world: World, request_id: str
) -> None:
    north, south = world.node("north"), world.node("south")
    offer(south, "north", request_id, slot(request_id, 0), mutual=True)
    north.deliver("south")
    assert (received(north, "south"), north.swaps.ledger("south").given) == (0, 0)
    assert north.swaps.status("south").waiting


def test_an_offer_that_is_refused_is_not_repeated_for_ever(world: World, request_id: str) -> None:
    """A peer that refuses all would keep both nodes busy: after some vain offers a person must look again."""
    south = world.node("south")
    with south.office.store.snapshot() as tx:
        record = next(row.id for row in tx.records.select("people"))
    south.requests.answer(request_id, [record], "a releaser")
    north = world.node("north")

    def refuse(*_: Any, **__: Any) -> Any:
        raise Refused("not today")

    north.requests.answers.scope = refuse  # type: ignore[method-assign]
    assert south.deliver("north") < 40
    assert [i.state for i in south.swaps.status("north").items] == ["prepared"]
    assert south.requests.show(request_id).state == "open"


def test_a_request_while_the_agreement_is_suspended_is_refused(world: World) -> None:
    """The asker's own node has not heard of the suspension yet, or will not."""
    north, south = world.node("north"), world.node("south")
    south.agreements.suspend("north", "a leak")
    question = Question("people", "a case", world.clock.time + DAY, properties={"name": ["Pyotr"]})
    view = north.requests.ask("south", question)
    north.deliver("south")
    assert north.requests.show(view.id).state == "refused"
    assert len(south.requests.listed()) == 1


def test_a_flood_of_requests_is_refused_by_who_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The asker's own node does not count."""
    north, south = world.node("north"), world.node("south")
    world.wire.down = True
    question = Question("people", "a case", world.clock.time + DAY, properties={"name": ["Pyotr"]})
    views = [north.requests.ask("south", question) for _ in range(3)]
    world.wire.down = False
    monkeypatch.setattr("detente.pact.requests.MAX_OPEN", 2)
    north.deliver("south")
    assert [north.requests.show(view.id).state for view in views] == ["open", "refused", "refused"]
    assert len(south.requests.listed()) == 2


def test_words_about_a_request_of_another_peer_are_refused(world: World, request_id: str) -> None:
    """East knows the id of north's request to south, and speaks of it."""
    world.pair("north", "east")
    world.agree("north", "east", small_terms)
    east, north = world.node("east"), world.node("north")
    party = _row(east, "north").party
    with east.office.store.snapshot() as tx:
        agreement, terms = east.agreements.in_force(tx, party, "swap")
    known = KnownRequest(request_id, "theirs", world.clock.time, "open")
    for act in ("tell", "transfer"):
        inquiry = InquirySetup(act, terms, known, answer="full", to="7" * 64, text="x")  # type: ignore[arg-type]
        setup = ExchangeSetup(east.office.identity().party, party, agreement, inquiry=inquiry)
        east.driver.begin("exchange", party, setup, agreement)
    east.deliver("north")
    assert north.requests.show(request_id).state == "open"
    assert north.requests.listed("east") == []
    assert all(waiting == [] for waiting in (view.waiting for view in north.requests.listed()))


def test_the_same_request_sent_again_is_one_request(world: World, request_id: str) -> None:
    north, south = world.node("north"), world.node("south")
    party = _row(north, "south").party
    with north.office.store.snapshot() as tx:
        agreement, terms = north.agreements.in_force(tx, party, "swap")
        sent = [json.loads(detente_verify.Envelope.read(each.raw).payload) for each in tx.letters.find(party)]
        (body,) = [each["body"] for each in sent if each["step"] == "ask"]
        wording = tx.settings.get(f"request.{party}.{request_id}")
    inquiry = InquirySetup("ask", terms, None, msgspec.convert(body, Ask), wording or b"")
    setup = ExchangeSetup(north.office.identity().party, party, agreement, inquiry=inquiry)
    north.driver.begin("exchange", party, setup, agreement)
    north.deliver("south")
    assert len(south.requests.listed()) == 1
    assert len(north.requests.listed()) == 1


# --- the stand-alone verifier


def bundle(world: World, request_id: str) -> bytes:
    """North's bundle for south, with an answered and rated request."""
    north, south = world.node("north"), world.node("south")
    with south.office.store.snapshot() as tx:
        record = next(row.id for row in tx.records.select("people"))
    south.requests.answer(request_id, [record], "a releaser")
    south.deliver("north")
    north.requests.rate(request_id, True)
    north.deliver("south")
    north.countersign("south")
    return north.witness.export("south")


def test_a_bundle_without_the_request_or_the_answer_it_speaks_of_does_not_verify(
    world: World, request_id: str
) -> None:
    raw = bundle(world, request_id)
    assert detente_verify.verify(io.BytesIO(raw)).problems == []
    lines = raw.splitlines(keepends=True)
    spoken = 0
    for place, line in enumerate(lines):
        value = json.loads(line)
        envelope = value.get("envelope")
        if value.get("type") != "statement" or not isinstance(envelope, str):
            continue
        payload = detente_verify.unbase64(json.loads(detente_verify.unbase64(envelope))["payload"])
        if json.loads(payload).get("step") in ("ask", "tell", "rate"):
            spoken += 1
            assert detente_verify.verify(io.BytesIO(b"".join(lines[:place] + lines[place + 1 :]))).problems
    assert spoken == 3


def test_no_place_but_the_request_s_own_is_taken_for_one(request_id: str) -> None:
    assert detente_verify.slots(request_id, 2) == set(slots(request_id, 2))
