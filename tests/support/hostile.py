"""A world whose every free text is markup: what a peer or a file could try on the console's readers."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from detente.node.reports import Intake
from detente.node.requests import Question
from detente.node.roadmaps import ActionForm
from support.world import World, person, small_terms

HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
ARAB = "بلحاج لطفي"
FREE = ("alias", "birthPlace", "nationality", "notes", "passportNumber")


def hostile(id: str, name: str, born: str) -> dict[str, Any]:
    """A person whose every free field is markup."""
    row: dict[str, Any] = person(id, name, born)
    row["properties"] |= {field: [f"{HOSTILE}{field}"] for field in FREE}
    return row | {"grounds": [f"{HOSTILE}grounds"]}


def hostile_terms(toml: str) -> str:
    """Terms with markup in purpose and conditions."""
    toml = small_terms(toml).replace("conditions = []", 'conditions = ["<b>bold</b>"]')
    return toml.replace("Find persons", "<script>alert('x')</script> Find persons")


def hostile_world(directory: Path) -> World:
    """Two nodes that matched such people, decided on all with such notes, and swapped two of them. Close it."""
    world = World(directory)
    world.pair("north", "south")
    world.agree("north", "south", hostile_terms)
    third = f"{HOSTILE} Громов"
    names = (
        ("Шамиль Салманович Басаев", "Shamil Basayev"),
        ("Ольга Николаевна Ворошилова", "Olga Voroshilova"),
        (third, third),
    )
    for place, name in enumerate(("north", "south")):
        days = zip(names, ("1965-01-14", "1971-05-03", "1980-02-02"), strict=True)
        people = [hostile(f"{name}{n}", both[place], born) for n, (both, born) in enumerate(days)]
        world.load(name, [*people, person(f"{name}-arab", ARAB, "1990-01-01")])
    world.nodes["north"].match("people", "south")
    for name, peer in (("north", "south"), ("south", "north")):
        node = world.nodes[name]
        for finding in node.runs.findings():
            node.runs.decide(finding.id, "confirmed", "a.ivanova", f"{HOSTILE} note")
        node.swaps.prepare(peer)
    chosen = [i.finding for i in world.nodes["north"].swaps.status("south").items][:2]
    for name, peer in (("south", "north"), ("north", "south")):
        node = world.nodes[name]
        items = [i.id for i in node.swaps.status(peer).items if i.finding in chosen]
        node.swaps.approve(peer, "r.karam", items)
    world.nodes["north"].deliver("south")
    world.nodes["south"].deliver("north")
    _write(world)
    world.nodes["north"].countersign("south")
    return world


def _write(world: World) -> None:
    """A report, a roadmap, a request and a joint list, with markup wherever somebody may write."""
    north, south = world.nodes["north"], world.nodes["south"]
    page = f"<html><body><article><p>{html.escape(HOSTILE)} Ramzan Tsetchoiev met an envoy of Hezbollah.</p></article></body></html>"
    north.reports.add(page.encode(), Intake("page.html", HOSTILE[:40], "B2"))
    north.roadmaps.start("south", {"en": HOSTILE})
    form = ActionForm(
        text={"en": HOSTILE}, ours=HOSTILE[:60], theirs=HOSTILE[:60], start="2026-11-01", due="2026-12-01"
    )
    north.roadmaps.add("south", "post", form)
    north.roadmaps.propose("south")
    south.designations.say("x-front", "listed", names=[(HOSTILE, "name")], reason=HOSTILE)
    south.designations.propose("north")
    until = world.clock.now() + 86_400_000
    south.requests.ask(
        "north",
        Question(
            "people", HOSTILE, until, properties={"name": ["Shamil Basayev"]}, question=HOSTILE, offer=HOSTILE
        ),
    )
    north.deliver("south")
    south.deliver("north")
