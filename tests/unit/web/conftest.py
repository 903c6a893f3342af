"""One world for the pages: two nodes that matched people whose every field is hostile, and swapped two of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.consoles import Served
from support.world import World, person, small_terms

HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


def hostile(id: str, name: str, born: str) -> dict[str, object]:
    """A person whose every free field is markup."""
    row = person(id, name, born)
    row["properties"] |= {  # type: ignore[operator]  # a dict, as `person` makes it
        name: [f"{HOSTILE}{name}"]
        for name in ("alias", "birthPlace", "nationality", "notes", "passportNumber")
    }
    return row | {"grounds": [f"{HOSTILE}grounds"]}


def hostile_terms(toml: str) -> str:
    toml = small_terms(toml).replace("conditions = []", 'conditions = ["<b>bold</b>"]')
    return toml.replace("Find persons", "<script>alert('x')</script> Find persons")


@pytest.fixture(scope="session")
def matched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("pages"))
    world.pair("north", "south")
    world.agree("north", "south", hostile_terms)
    third, arab = f"{HOSTILE} Громов", person("n4", "بلحاج لطفي", "1990-01-01")
    names = ("Шамиль Салманович Басаев", "Shamil Basayev"), ("Ольга Николаевна Ворошилова", "Olga Voroshilova"), (third, third)  # fmt: skip
    for place, name in enumerate(("north", "south")):
        days = zip(names, ("1965-01-14", "1971-05-03", "1980-02-02"), strict=True)
        people = [hostile(f"{name}{n}", both[place], born) for n, (both, born) in enumerate(days)]
        world.load(name, [*people, arab | {"id": f"{name}-arab"}])
    world.nodes["north"].match("people", "south")
    for name, peer in (("north", "south"), ("south", "north")):
        node = world.nodes[name]
        for finding in node.runs.findings():
            node.runs.decide(finding.id, "confirmed", "a.ivanova", f"{HOSTILE} note")
        node.swaps.prepare(peer)
    chosen = [i.finding for i in world.nodes["north"].swaps.status("south").items][:2]
    for name, peer in (("south", "north"), ("north", "south")):
        node = world.nodes[name]
        node.swaps.approve(
            peer, "r.karam", [i.id for i in node.swaps.status(peer).items if i.finding in chosen]
        )
    world.nodes["north"].deliver("south")
    world.nodes["south"].deliver("north")
    world.nodes["north"].countersign("south")
    yield world
    world.close()


@pytest.fixture(scope="session")
def north(matched: World) -> Iterator[Served]:
    served = Served(matched, "north")
    served.invite("j.moreau", "analyst", "releaser", "administrator")
    served.invite("a.auditor", "auditor")
    served.invite("c.controller", "controller")
    yield served
    served.stop()
