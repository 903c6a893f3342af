"""One's own plans against each other: the same as asking the exact check for every pair."""

import random

import pytest

from detente.errors import Misuse
from detente.topics.airspace.check import check, conflicting
from detente.topics.airspace.conflict import conflict
from detente.topics.airspace.intent import Constraint, Intent, State
from detente.topics.airspace.outline import circle, outline
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.standing import Standing
from detente.topics.airspace.volume import Datum, Volume4D
from detente.topics.airspace.where import where
from support.airspace_pairs import SEPARATIONS, pair

HOUR = 3_600_000


def crowd(dice, count, places=((35, 33), (179.95, 10), (0, 89.95), (10, -60))):
    """Volumes near some places, small and large, some of the same ground."""
    made = []
    while len(made) < count:
        lon, lat = dice.choice(places)
        radius = dice.choice((200, 3_000, 15_000))
        shape = circle(
            lon + dice.uniform(-0.3, 0.3), min(lat + dice.uniform(-0.2, 0.2), 89.99), radius, 12
        ).shape
        for _ in range(dice.choice((1, 1, 2))):
            low, start = dice.randrange(3_000_000), dice.randrange(2 * HOUR)
            made.append(
                Volume4D(shape, low, low + dice.randrange(1, 900_000), start, start + dice.randrange(1, HOUR))
            )
    return made[:count]


@pytest.mark.parametrize("separation", SEPARATIONS, ids=lambda s: f"{s.horizontal_mm / 1e6:g} km")
def test_the_sweep_finds_what_asking_for_every_pair_finds(separation):
    volumes = crowd(random.Random(7), 90)
    every = [
        (i, j)
        for i, one in enumerate(volumes)
        for j in range(i + 1, len(volumes))
        if conflict(one, volumes[j], separation) is not None
    ]
    assert conflicting(volumes, separation) == every
    assert len(every) > 20
    standing = Standing(volumes[:60], separation)
    for j in range(60, 90):
        assert standing.against(volumes[j]) == [i for i, k in every if k == j and i < 60]


def test_contrived_pairs_are_told_by_the_sweep_as_by_the_exact_check():
    dice = random.Random(3)
    for _ in range(60):
        made = pair(dice)
        expected = conflict(*made.ours, made.separation) is not None
        assert bool(conflicting(made.ours, made.separation)) == expected, made
        assert bool(Standing(made.ours[:1], made.separation).against(made.ours[1])) == expected, made


def box(west, low=0, start=0, datum=Datum.WGS84):
    ring = [(west, 0), (west + 1, 0), (west + 1, 1), (west, 1)]
    return Volume4D(outline([[ring]]).shape, low, low + 1000, start, start + 1000, datum)


def test_volumes_of_one_plan_do_not_conflict_with_each_other_nor_constraints_with_constraints():
    moving = Intent("ship", (box(0), box(0.5), box(1)))
    closed = [Constraint("zone", (box(0),)), Constraint("other", (box(0.2),))]
    found = check([moving, *closed], Separation())
    assert [(clash.one, clash.other, clash.volumes) for clash in found] == [
        ("ship", "zone", (0, 0)),
        ("ship", "other", (0, 0)),
        ("ship", "zone", (1, 0)),
        ("ship", "other", (1, 0)),
        ("ship", "other", (2, 0)),
    ]


def test_a_plan_that_has_ended_keeps_nothing_clear():
    assert check([Intent("a", (box(0),), State.ENDED), Intent("b", (box(0),))], Separation()) == []


def test_nothing_is_compared_across_datums():
    with pytest.raises(Misuse):
        conflicting([box(0), box(0, datum=Datum.FL)], Separation())
    with pytest.raises(Misuse):
        Standing([box(0)], Separation()).against(box(0, datum=Datum.AMSL))
    with pytest.raises(Misuse):
        Standing([], Separation())


def test_many_equal_volumes_and_one_that_spans_all_are_found_too():
    small = [Volume4D(circle(k / 30 - 10, 5, 500, 8).shape, 0, 1000, k, k + 10) for k in range(600)]
    large = Volume4D(outline([[[(-11, 0), (11, 0), (11, 10), (-11, 10)]]]).shape, 0, 10**7, 0, 10**6)
    found = conflicting([*small, large], Separation())
    assert [pair for pair in found if pair[1] == 600] == [(k, 600) for k in range(600)]
    same = [box(0)] * 40
    assert len(conflicting(same, Separation())) == 40 * 39 // 2


def test_where_two_conflict_lies_between_them():
    one, other = (Volume4D(circle(lon, 33, 5000).shape, 0, 1, 0, 1) for lon in (35, 35.15))
    assert where(one, other, Separation()) is None
    shown = where(one, other, Separation.civil())
    assert 35.04 < shown.centroid.x < 35.11
    assert where(box(0), box(0.5), Separation()).area == pytest.approx(0.5)
