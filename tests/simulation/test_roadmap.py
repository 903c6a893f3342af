"""Roadmaps, declarations and minutes between two nodes on real stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from detente.errors import Misuse, Refused
from detente.node.roadmaps import ActionForm
from detente.pact.paper_forms import TEMPLATES
from support.world import World, small_terms

DAY = 86_400_000
HEADING = {"en": "Roadmap", "ru": "Дорожная карта"}
EVIDENCE = {"list": ("the list", "https://north.example/list")}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """Two nodes with an agreement, a declaration in force, and a roadmap in force of two actions that descend from it."""
    world = World(tmp_path_factory.mktemp("roadmap"))
    world.pair("north", "south")
    world.agree("north", "south", small_terms)
    north, south = world.node("north"), world.node("south")
    north.declarations.draft("south", TEMPLATES["declaration"])
    north.declarations.propose("south", "common-purpose")
    north.deliver("south")
    south.declarations.sign("north")
    south.deliver("north")
    north.roadmaps.start("south", HEADING)
    north.roadmaps.add("south", "list", form("agree on the list", "2026-12-01", source="common-purpose:p1"))
    north.roadmaps.add("south", "match", form("match", "2027-02-01", after=["list"]))
    sign(world)
    world.close()
    return world.directory, world.clock.time


@pytest.fixture
def world(prepared: tuple[Path, int], tmp_path: Path) -> Iterator[World]:
    found = World.copied(*prepared, tmp_path / "two")
    yield found
    found.close()


@pytest.fixture(scope="module")
def unchanged(prepared: tuple[Path, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all tests that change nothing."""
    found = World.copied(*prepared, tmp_path_factory.mktemp("unchanged") / "two")
    yield found
    found.close()


def form(words: str, due: str, **changes: Any) -> ActionForm:
    return ActionForm({"en": words, "ru": f"по-русски: {words}"}, "Desk A", "Desk B", due=due, **changes)


def sign(world: World, by: str = "north", other: str = "south") -> None:
    world.node(by).roadmaps.propose(other)
    world.node(by).deliver(other)
    world.node(other).documents.accept(by)
    world.node(other).deliver(by)


def actions(world: World, name: str = "north", peer: str = "south") -> dict[str, Any]:
    return {each.slug: each for each in world.node(name).roadmaps.show(peer).actions}


def test_both_sides_see_the_same_actions_each_with_its_own_owner_first(unchanged: World) -> None:
    ours, theirs = actions(unchanged)["list"], actions(unchanged, "south", "north")["list"]
    assert (ours.text, ours.due, ours.state) == (theirs.text, theirs.due, theirs.state)
    assert (ours.ours, ours.theirs) == (theirs.theirs, theirs.ours) == ("Desk A", "Desk B")


def test_an_action_descends_from_a_paragraph_and_says_when_that_was_replaced(world: World) -> None:
    source = actions(world)["list"].source
    assert (source.name, source.paragraph, source.state) == ("common-purpose", "p1", "in force")
    assert "joint list" in source.text["en"]
    north, south = world.node("north"), world.node("south")
    south.declarations.draft("north", TEMPLATES["declaration"].replace("every quarter", "every month"))
    south.declarations.propose("north", "common-purpose")
    south.deliver("north")
    north.declarations.sign("south")
    assert actions(world)["list"].source.state == "superseded"
    assert "joint list" in actions(world)["list"].source.text["en"]


@pytest.mark.parametrize("source", ["nowhere:p1", "common-purpose:p9", "common-purpose", "abcdef012345:p1"])
def test_an_action_descends_from_nothing_that_is_not_there(unchanged: World, source: str) -> None:
    with pytest.raises(Misuse):
        unchanged.node("north").roadmaps.add("south", "x", form("x", "2027-01-01", source=source))


def test_what_was_revoked_is_in_force_no_more_from_its_day_on(world: World) -> None:
    north, south = world.node("north"), world.node("south")
    north.documents.revoke("declaration", "common-purpose", "south", "overtaken", world.clock.time + 5 * DAY)
    assert actions(world)["list"].source.state == "in force"
    north.deliver("south")
    for node, peer in ((north, "south"), (south, "north")):
        assert node.declarations.show(peer)[0].shown == "in force"
    world.clock.time += 6 * DAY
    for name, peer in (("north", "south"), ("south", "north")):
        assert world.node(name).declarations.show(peer)[0].shown != "in force"
        assert actions(world, name, peer)["list"].source.state != "in force"
    with pytest.raises(Misuse):
        north.roadmaps.add("south", "x", form("x", "2027-01-01", source="common-purpose:p1"))
    north.documents.revoke("roadmap", "main", "south", "overtaken")
    assert north.roadmaps.pressing() == []
    north.roadmaps.start("south", HEADING)
    north.deliver("south")
    sign(world)
    assert actions(world, "south", "north") == {}


def test_what_presses_today_is_listed_over_all_roadmaps(world: World) -> None:
    north = world.node("north")
    assert [(a.slug, a.blocked_by) for a in north.roadmaps.pressing()] == [("match", ["list"])]
    world.clock.time += 20 * DAY
    assert [(a.slug, a.state, a.late) for a in north.roadmaps.pressing()] == [
        ("list", "overdue", 11),
        ("match", "blocked", 0),
    ]
    north.roadmaps.set("south", "list", ActionForm(status="done", evidence=EVIDENCE))
    assert north.roadmaps.pressing()[0].state == "overdue"  # our draft changes nothing
    sign(world)
    assert north.roadmaps.pressing() == world.node("south").roadmaps.pressing() == []
    assert actions(world, "south", "north")["list"].evidence[0].link == "https://north.example/list"


def test_a_draft_stays_at_home_and_says_in_words_what_it_would_change(world: World) -> None:
    view = world.node("north").roadmaps.set("south", "match", ActionForm(due="2027-03-01"))
    assert view.draft == ['changes match: due: "2027-02-01" becomes "2027-03-01"']
    world.node("north").deliver("south")
    assert world.node("south").roadmaps.show("north").proposals == []
    assert world.node("north").roadmaps.drop("south").draft == []


def test_a_draft_goes_along_when_another_version_comes_into_force(world: World) -> None:
    north = world.node("north")
    north.roadmaps.set("south", "match", ActionForm(due="2027-03-01"))
    world.node("south").roadmaps.set("north", "list", ActionForm(status="under-way"))
    sign(world, "south", "north")
    view = north.roadmaps.show("south")
    assert view.draft == ['changes match: due: "2027-02-01" becomes "2027-03-01"']
    assert actions(world)["list"].status == "under-way"


def test_a_draft_that_collides_is_shown_and_never_wins(world: World) -> None:
    north = world.node("north")
    north.roadmaps.set("south", "match", ActionForm(due="2027-03-01"))
    world.node("south").roadmaps.set("north", "match", ActionForm(due="2027-04-01"))
    sign(world, "south", "north")
    with pytest.raises(Refused, match="2027-03-01"):
        north.roadmaps.propose("south")
    north.roadmaps.drop("south")
    assert actions(world)["match"].due == "2027-04-01"


def test_proposals_that_cross_are_merged_action_by_action(world: World) -> None:
    north, south = world.node("north"), world.node("south")
    north.roadmaps.set("south", "match", ActionForm(due="2027-03-01"))
    south.roadmaps.set("north", "list", ActionForm(status="done"))
    north.roadmaps.propose("south")
    south.roadmaps.propose("north")
    north.deliver("south")
    south.deliver("north")
    for node, peer in ((north, "south"), (south, "north")):
        assert node.documents.merge(peer, "roadmap", "main").conflicts == []
    for _ in range(2):
        north.deliver("south")
        south.deliver("north")
    for found in (actions(world), actions(world, "south", "north")):
        assert (found["match"].due, found["list"].status) == ("2027-03-01", "done")


@pytest.mark.parametrize(
    "changes",
    [
        ActionForm(due="2027-13-01"),
        ActionForm(due="tomorrow"),
        ActionForm(after=["match"]),
        ActionForm(after=["nowhere"]),
        ActionForm(ours="", theirs=""),
        ActionForm(text={"fr": "une réunion"}),
        ActionForm(text={"en": "a\u202eb"}),
        ActionForm(evidence={"x": ("x", "javascript:alert(1)")}),
    ],
)
def test_what_the_peer_would_refuse_is_not_even_drafted(unchanged: World, changes: ActionForm) -> None:
    with pytest.raises(Misuse):
        unchanged.node("north").roadmaps.set("south", "match", changes)
    assert unchanged.node("north").roadmaps.show("south").draft == []


def test_actions_in_a_circle_are_not_drafted(unchanged: World) -> None:
    with pytest.raises(Misuse, match="list, match"):
        unchanged.node("north").roadmaps.set("south", "list", ActionForm(after=["match"]))


def test_minutes_are_signed_by_both_and_their_decisions_stand_in_the_roadmap(world: World) -> None:
    north, south = world.node("north"), world.node("south")
    view = north.meetings.draft("south", TEMPLATES["minutes"])
    assert (view.shown, view.present["south"]) == ("draft", ["Б. Быстрова"])
    north.meetings.propose("south", "meeting-2026-12-01")
    north.deliver("south")
    assert south.meetings.show("north")[0].shown == "proposed"
    assert south.roadmaps.show("north").decisions == []
    south.meetings.sign("north")
    south.deliver("north")
    for node, peer in ((north, "south"), (south, "north")):
        (decision,) = node.roadmaps.show(peer).decisions
        assert (decision.slug, decision.date) == ("begin-in-january", "2026-12-01")
    assert "Matching begins" in north.meetings.export("south", "meeting-2026-12-01", "html")


def test_a_declaration_in_force_is_shown_with_both_languages_and_its_proof(unchanged: World) -> None:
    for name, peer in (("north", "south"), ("south", "north")):
        (view,) = unchanged.node(name).declarations.show(peer)
        assert (view.shown, view.languages, view.authentic) == ("in force", ["en", "ru"], "equally")
        assert [p.name for p in view.paragraphs] == ["p1", "p2"]
        page = unchanged.node(name).declarations.export(peer, "common-purpose", "md")
        assert view.hash in page.replace("\\", "")


def test_nothing_of_another_kind_is_signed_as_a_declaration(world: World) -> None:
    north, south = world.node("north"), world.node("south")
    north.roadmaps.set("south", "match", ActionForm(due="2027-03-01"))
    north.roadmaps.propose("south")
    north.deliver("south")
    with pytest.raises(Misuse, match="waits for your signature"):
        south.declarations.sign("north")


@pytest.mark.parametrize(
    "form", ["", "name = 1", "x = " * 10, TEMPLATES["minutes"], "name = 'A'\ntitle='x'\n[heading]\nen='x'\n"]
)
def test_a_form_that_is_no_declaration_is_refused_with_a_next_step(unchanged: World, form: str) -> None:
    with pytest.raises(Misuse):
        unchanged.node("north").declarations.draft("south", form)


@pytest.mark.parametrize(
    ("format", "start"), [("svg", "<svg"), ("csv", "action,text en"), ("md", "# Roadmap")]
)
def test_a_roadmap_is_exported_the_same_on_every_call(unchanged: World, format: Any, start: str) -> None:
    north = unchanged.node("north")
    assert north.roadmaps.export("south", format).startswith(start)
    assert north.roadmaps.export("south", format) == north.roadmaps.export("south", format)
