"""Reports between two nodes: names decided by people, redaction by span, release along with swaps and answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from detente.errors import Misuse, NotAgreed, Refused, TooRevealing
from detente.node.reports import Intake, ReportView
from support.pages import pdf
from support.world import NORTH, SOUTH, World, small_terms

TEXT = (
    "Court hears of a network in the north\n"
    "9 March 2023\n"
    "Shamil Basayev met Rashid Karimov in a house by the river, the court heard on Thursday.\n"
    "The source, Olga Petrova, said that Karimov had paid for the house, and that Islamic State (IS) knew of it.\n"
    "Karimov denies it, and his lawyer said that nobody had ever asked him about it.\n"
)


def _open_terms(toml: str) -> str:
    wider = toml.replace('"TLP:AMBER"]', '"TLP:AMBER", "TLP:AMBER+STRICT"]')
    return small_terms(wider).replace("attachments = false", "attachments = true")


@dataclass(frozen=True)
class Made:
    """A closed world, to be copied."""

    directory: Path
    time: int


def _made(place: Path, *, matched: bool) -> Made:
    world = World(place)
    world.pair("north", "south")
    world.agree("north", "south", _open_terms)
    world.load("north", NORTH)
    world.load("south", SOUTH)
    if matched:
        world.node("north").match("people", "south")
        for name in ("north", "south"):
            node = world.node(name)
            for finding in node.runs.findings(grade="strong"):
                node.runs.decide(finding.id, "confirmed", "an analyst")
    world.close()
    return Made(place, world.clock.time)


@pytest.fixture(scope="module")
def agreed_once(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return _made(tmp_path_factory.mktemp("agreed"), matched=False)


@pytest.fixture(scope="module")
def matched_once(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return _made(tmp_path_factory.mktemp("matched"), matched=True)


@pytest.fixture
def agreed(agreed_once: Made, tmp_path: Path) -> Iterator[World]:
    """Two nodes whose agreement lets report texts go along."""
    world = World.copied(agreed_once.directory, agreed_once.time, tmp_path / "world")
    yield world
    world.close()


@pytest.fixture
def matched(matched_once: Made, tmp_path: Path) -> Iterator[World]:
    """The same after a run whose three findings both confirmed."""
    world = World.copied(matched_once.directory, matched_once.time, tmp_path / "world")
    yield world
    world.close()


def _add(world: World, text: str = TEXT, marking: str = "TLP:AMBER") -> ReportView:
    data = pdf(text, title="Secret title", author="Secret Author")
    return world.node("north").reports.add(data, Intake("court.pdf", "a court reporter", "B2", marking))


def _swapped(world: World) -> None:
    """Approved on both sides and delivered."""
    north, south = world.node("north"), world.node("south")
    north.swaps.approve("south", "a releaser")
    north.deliver("south")
    south.swaps.approve("north", "a releaser")
    south.deliver("north")


def _prepared(world: World) -> None:
    """Releases drafted on both sides."""
    for name, peer in (("north", "south"), ("south", "north")):
        world.node(name).swaps.prepare(peer)


def _received(world: World, record_name: str = "Басаев") -> Any:
    items = world.node("south").swaps.status("north").items
    return next(
        i for i in items if i.direction == "received" and record_name in "".join(i.content.get("name", []))
    )


def test_a_report_proposes_names_with_records_of_ours_in_any_script(agreed: World) -> None:
    view = _add(agreed)
    by_text = {named.text: named for named in view.named}
    assert "n1" in by_text["Shamil Basayev"].candidates
    assert by_text["Islamic State"].candidates == ["isil"]
    assert view.published == "2023-03-09"
    assert agreed.node("north").reports.listed()[0].undecided == len(view.named)


def test_no_name_becomes_a_record_without_a_person(agreed: World) -> None:
    before = agreed.node("north").holdings.count()["people"]
    view = _add(agreed)
    reports = agreed.node("north").reports
    assert agreed.node("north").holdings.count()["people"] == before
    number = next(named.number for named in view.named if named.text == "Rashid Karimov")
    with pytest.raises(Misuse, match="--by"):
        reports.accept(view.id, number, " ", grounds=("case 7",))
    with pytest.raises(Misuse, match="grounds"):
        reports.accept(view.id, number, "an analyst")
    named = reports.accept(view.id, number, "an analyst", grounds=("case 7",))
    assert (named.decision, named.by) == ("accepted", "an analyst")
    assert agreed.node("north").holdings.count()["people"] == before + 1


def test_a_name_may_stand_for_a_record_that_we_hold_or_for_nobody(agreed: World) -> None:
    view = _add(agreed)
    reports = agreed.node("north").reports
    numbers = {named.text: named.number for named in view.named}
    assert reports.accept(view.id, numbers["Shamil Basayev"], "an analyst", record="n1").record == "n1"
    assert reports.dismiss(view.id, numbers["Olga Petrova"], "an analyst").decision == "dismissed"
    with pytest.raises(Misuse, match="no record"):
        reports.accept(view.id, 1, "an analyst", record="nobody")
    with pytest.raises(Misuse, match="no number"):
        reports.dismiss(view.id, 99, "an analyst")


def test_the_same_file_again_is_the_same_report(agreed: World) -> None:
    assert _add(agreed).id == _add(agreed).id
    assert len(agreed.node("north").reports.listed()) == 1


def test_a_released_report_carries_no_redacted_word_no_source_and_nothing_of_the_file(matched: World) -> None:
    view = _add(matched)
    reports = matched.node("north").reports
    at = view.text.index("Olga Petrova")
    reports.redact(view.id, [(at, at + len("Olga Petrova"))])
    reports.release(view.id, "south", "n1")
    _prepared(matched)
    _swapped(matched)
    item = _received(matched)
    (attachment,) = item.attachments
    assert "The source, [redacted], said" in attachment.text
    for secret in ("Petrova", "Secret", "court reporter", "court.pdf", view.sha256):
        assert secret not in attachment.text + attachment.title + attachment.mark
    assert "Published: 2023-03-09" in attachment.text
    assert attachment.mark != hashlib.sha256(view.text.encode()).hexdigest()
    assert [gone.state for gone in reports.show(view.id).released] == ["accepted"]


def test_no_hash_of_the_original_leaves_that_guesses_could_be_tried_against(matched: World) -> None:
    view = _add(matched)
    reports = matched.node("north").reports
    reports.release(view.id, "south", "n1")
    _prepared(matched)
    drafts = matched.node("north").swaps.status("south").items
    marks = {each.mark for item in drafts for each in item.attachments}
    assert marks
    assert view.sha256 not in marks


def test_the_same_words_elsewhere_are_told_and_redacted_on_demand(agreed: World) -> None:
    view = _add(agreed)
    reports = agreed.node("north").reports
    at = view.text.index("Karimov denies")
    once = reports.redact(view.id, [(at, at + len("Karimov"))])
    assert once.remains == ["Karimov"]
    every = reports.redact(view.id, [(at, at + len("Karimov"))], everywhere=True)
    assert every.remains == []
    assert "Karimov" not in every.leaves
    assert reports.redact(view.id, [], anew=True).redactions == []


def test_redacted_words_leave_the_title_too(matched: World) -> None:
    view = _add(matched, TEXT.replace("a network", "Karimov's network"))
    reports = matched.node("north").reports
    at = view.text.index("Karimov denies")
    reports.redact(view.id, [(at, at + len("Karimov"))], everywhere=True)
    reports.release(view.id, "south", "n1")
    _prepared(matched)
    attachments = [
        each for item in matched.node("north").swaps.status("south").items for each in item.attachments
    ]
    assert attachments
    assert all("Karimov" not in each.title + each.text for each in attachments)


def test_a_redaction_after_approval_takes_the_approval_back(matched: World) -> None:
    view = _add(matched)
    north = matched.node("north")
    north.reports.release(view.id, "south", "n1")
    _prepared(matched)
    north.swaps.approve("south", "a releaser")
    at = view.text.index("Olga Petrova")
    north.reports.redact(view.id, [(at, at + 4)])
    (draft,) = [i for i in north.swaps.status("south").items if i.attachments and i.direction == "given"]
    assert (draft.state, draft.approved_by) == ("prepared", [])
    assert "Olga" not in draft.attachments[0].text


def test_a_report_put_to_a_draft_takes_its_approval_back(matched: World) -> None:
    view = _add(matched)
    north = matched.node("north")
    _prepared(matched)
    north.swaps.approve("south", "a releaser")
    north.reports.release(view.id, "south", "n1")
    states = {
        bool(i.attachments): i.state for i in north.swaps.status("south").items if i.direction == "given"
    }
    assert states == {True: "prepared", False: "approved"}
    north.reports.hold_back(view.id, "south", "n1")
    assert not any(i.attachments for i in north.swaps.status("south").items)


def test_a_release_is_marked_as_strictly_as_its_report(matched: World) -> None:
    view = _add(matched, marking="TLP:AMBER+STRICT")
    north = matched.node("north")
    north.reports.release(view.id, "south", "n1")
    _prepared(matched)
    (draft,) = [i for i in north.swaps.status("south").items if i.attachments]
    assert draft.marking == "TLP:AMBER+STRICT"


def test_a_report_that_is_marked_too_high_does_not_leave(matched: World) -> None:
    view = _add(matched, marking="TLP:RED")
    north = matched.node("north")
    with pytest.raises(TooRevealing, match="TLP:RED"):
        north.reports.release(view.id, "south", "n1")
    _prepared(matched)
    assert not any(i.attachments for i in north.swaps.status("south").items)


def test_reports_go_along_only_where_that_was_agreed(north_and_south: World) -> None:
    view = _add(north_and_south)
    with pytest.raises(NotAgreed, match="attachments"):
        north_and_south.node("north").reports.release(view.id, "south", "n1")


def test_a_report_goes_along_with_the_answer_to_a_request(agreed: World) -> None:
    from detente.node.requests import Question

    view = _add(agreed)
    north, south = agreed.node("north"), agreed.node("south")
    asked = south.requests.ask(
        "north",
        Question(
            "people", "a case", agreed.clock.now() + 86_400_000, properties={"name": ["Shamil Basayev"]}
        ),
    )
    south.deliver("north")
    north.reports.release(view.id, "south", "n1")
    north.requests.answer(asked.id, ["n1"], "a releaser")
    north.deliver("south")
    south.deliver("north")
    north.deliver("south")
    item = _received(agreed)
    assert "Karimov" in item.attachments[0].text


def test_an_erased_report_is_gone_and_not_added_again(matched: World) -> None:
    view = _add(matched)
    north = matched.node("north")
    north.reports.release(view.id, "south", "n1")
    north.reports.erase(view.id, "the court asked")
    assert north.reports.listed() == []
    with pytest.raises(Misuse, match="erased"):
        _add(matched)
    _prepared(matched)
    assert not any(i.attachments for i in north.swaps.status("south").items)


def test_a_report_that_a_draft_carries_is_not_erased_from_under_it(matched: World) -> None:
    view = _add(matched)
    north = matched.node("north")
    north.reports.release(view.id, "south", "n1")
    _prepared(matched)
    with pytest.raises(Refused, match="withdraw"):
        north.reports.erase(view.id, "the court asked")


@pytest.mark.parametrize("span", [(-1, 3), (3, 3), (5, 2), (0, 10**9)])
def test_a_span_outside_the_text_is_a_misuse(agreed: World, span: tuple[int, int]) -> None:
    view = _add(agreed)
    with pytest.raises(Misuse, match="span"):
        agreed.node("north").reports.redact(view.id, [span])


def test_a_report_is_no_record_of_a_topic_that_is_matched(agreed: World) -> None:
    view = _add(agreed)
    with agreed.node("north").office.store.snapshot() as tx:
        for topic in agreed.node("north").office.topics:
            assert view.id not in {row.id for row in tx.records.select(topic)}
