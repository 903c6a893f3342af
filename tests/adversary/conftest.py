"""Two paired nodes with an agreement and records, made once and copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.dishonest import Court
from support.world import NORTH, SOUTH, World, small_terms


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A directory with the stores of north and south, journals countersigned, and the clock's time."""
    world = World(tmp_path_factory.mktemp("prepared"))
    world.pair("north", "south")
    world.agree("north", "south", small_terms)
    world.load("north", NORTH)
    world.load("south", SOUTH)
    world.node("north").countersign("south")
    world.close()
    return world.directory, world.clock.time


@pytest.fixture
def court(prepared: tuple[Path, int], tmp_path: Path) -> Iterator[Court]:
    """Both nodes, fresh; south is the dishonest one in most tests."""
    world = World.copied(*prepared, tmp_path / "world")
    yield Court(world)
    world.close()
