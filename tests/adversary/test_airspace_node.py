"""A dishonest peer in a run over airspace against a whole node: evidence that verifies alone, budgets that end the asking."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from detente.ceremonies.showing import Shown
from detente.errors import PeerFault, Refused
from detente.pact.airspace import TEMPLATE
from detente.topics.airspace.boxes import BOX
from support.dishonest import Court
from support.skies import box, plan
from support.world import World

SOON = 12 * 3_600_000
MIDDLE = "    { resolution = 6, band_mm = 300000, slot_ms = 600000 },\n"


def over(west, south, east, north):
    return box(west, south, east, north, high=1100, start=SOON, end=SOON + 600_000)


def small(toml):
    """Two layers, one bucket, no separation, and a budget of a few runs."""
    block = (
        TEMPLATE.replace(MIDDLE, "")
        .replace("buckets = 8", "buckets = 1")
        .replace("horizontal_mm = 9260000", "horizontal_mm = 0")
    )
    assert "budget = 100000" in block
    return (
        toml
        + "\n"
        + block.replace("budget = 100000", "budget = 300")
        .replace("day_cells = 142560", "day_cells = 20000")
        .replace("share_percent = 20", "share_percent = 1")
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    place = tmp_path_factory.mktemp("prepared") / "world"
    place.mkdir()
    world = World(place)
    world.pair("north", "south")
    world.agree("north", "south", small)
    world.node("north").airspace.add([plan("patrol", over(36.0, 33.0, 36.06, 33.03))], "x")
    world.node("south").airspace.add([plan("convoy", over(36.04, 33.01, 36.09, 33.05))], "x")
    world.node("north").countersign("south")
    world.close()
    return place, world.clock.time


@pytest.fixture
def court(prepared, tmp_path):
    world = World.copied(*prepared, tmp_path / "world")
    yield Court(world)
    world.close()


def lower(send):
    """South shows its plan a kilometre lower than it pledged."""
    for name, data in send.parts.items():
        shown = msgspec.msgpack.decode(data, type=Shown)
        if shown.positions:
            rows = np.frombuffer(shown.boxes, dtype=BOX).copy()
            rows["lower"] -= 10_000
            return replace(
                send,
                parts={
                    **send.parts,
                    name: msgspec.msgpack.encode(msgspec.structs.replace(shown, boxes=rows.tobytes())),
                },
            )
    return send


def test_volumes_other_than_pledged_are_evidence_that_verifies_alone(court):
    for occurrence in range(9):  # the part that shows something
        court.cheat("boxes", lower, occurrence=occurrence)
    with pytest.raises(PeerFault):
        court.north.match("airspace", "south")
    court.convict("signed-messages", "FailedCheck")
    assert court.north.airspace.conflicts() == []


def test_more_finer_cells_than_lie_below_those_that_met_are_evidence(court):
    court.cheat("refine", lambda send: replace(send, body={**send.body, "size": 1 << 30}))
    with pytest.raises(PeerFault):
        court.north.match("airspace", "south")
    court.convict("signed-messages", "FailedCheck")


def test_probing_for_an_edge_ends_with_the_budget_and_the_journal_says_who_asked(court):
    """South files one invented plan after another to feel where north's ends."""
    probes = 0
    with pytest.raises(Refused, match="budget"):
        probes = probe(court)
    charged = court.entries("run.charged")
    assert probes < 40
    assert len(charged) >= 2
    assert sum(int(str(body["first"])) for body in charged) <= 300
    started = court.entries("run.started")
    assert all(body["statement"]["roles"]["first"] == court.south.office.identity().party for body in started)


def probe(court):
    west = 36.0
    for number in range(40):
        west += 0.05 / (number + 1)
        court.south.airspace.add([plan("probe", over(west, 33.0, west + 0.001, 33.001))], "x")
        court.south.match("airspace", "north")
    return 40


def test_an_invented_plan_over_all_the_region_is_refused_before_anything_is_compared(court):
    wide = plan("zone", box(35.5, 32.5, 40.0, 37.0, low=0, high=12_000, start=SOON, end=SOON + 6 * 3_600_000))
    court.south.airspace.add([wide], "x")
    before = len(court.entries("run.started"))
    with pytest.raises(Refused, match="match fewer at once"):
        court.south.match("airspace", "north")
    assert len(court.entries("run.started")) == before
