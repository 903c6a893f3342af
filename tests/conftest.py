"""Fixtures that several folders use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.world import NORTH, SOUTH, World, small_terms


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty world of nodes."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def north_and_south(world: World) -> World:
    """Two nodes, paired, with an agreement in force and five people each, of whom three are the same."""
    world.pair("north", "south")
    world.agree("north", "south", small_terms)
    world.load("north", NORTH)
    world.load("south", SOUTH)
    return world
