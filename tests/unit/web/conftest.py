"""One world for the pages: two nodes that matched people whose every field is hostile, and swapped two of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.consoles import Served
from support.hostile import hostile_world
from support.world import World


@pytest.fixture(scope="session")
def matched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = hostile_world(tmp_path_factory.mktemp("pages"))
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
