"""The demo as `make demo` runs it, on shorter lists: real processes, real TLS, from pairing to verified bundles."""

from __future__ import annotations

import pytest

from detente.demo.sorties import Sorties
from detente.demo.story import Story, Told
from detente.demo.together import on_one_desk


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, list[str]]:
    said: list[str] = []
    story = Story(
        tmp_path_factory.mktemp("demo"), said.append, lambda title, command: said.append(title), 120, 24
    )
    return story.tell(), said


def test_both_bundles_verify_and_the_balance_is_what_moved(told: tuple[Told, list[str]]) -> None:
    tale = told[0]
    assert tale.verified
    assert tale.balance == tale.given - tale.received
    assert tale.found.strong > 0


def test_both_halves_of_the_offer_are_told(told: tuple[Told, list[str]]) -> None:
    together = told[0].together
    assert (together.listed_by_both, together.listed_by_one) == (2, 2)
    assert (together.actions, together.request) == (2, "full")
    assert ["IS", "ISIS", "ISIL", "Daesh"] in together.alias_sets


def test_planted_conflicts_are_found_and_nothing_that_is_none(told: tuple[Told, list[str]]) -> None:
    together = told[0].together
    assert together.planted == 5
    assert together.conflicts == together.on_one_desk >= 5


@pytest.mark.parametrize("seed", range(3))
def test_a_day_of_sorties_conflicts_where_it_was_made_to(seed: int) -> None:
    day = Sorties(seed, 1_795_392_000_000)
    assert set(day.planted) <= on_one_desk(day)
    assert len(on_one_desk(day)) < 3 * len(day.planted)
    assert day.plans("a") == Sorties(seed, 1_795_392_000_000).plans("a")
