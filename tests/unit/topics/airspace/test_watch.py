"""Levels of pairs of tracks, step after step, beside the alerting of the same encounter."""

import pytest

from detente.errors import Misuse
from detente.topics.airspace.alerting.encounter import in_moments, rows
from detente.topics.airspace.alerting.standards import cd3d, do365b, tcas
from detente.topics.airspace.alerting.state import Aircraft, Geodetic, Vector
from detente.topics.airspace.tracks import Track
from detente.topics.airspace.volume import Datum
from detente.topics.airspace.watch import Watch

NOW = 1_800_000_000_000
METRES = 1852 * 60  # a degree of the equator


def at(second, aside=0.0):
    """Two that fly at each other along the equator at 100 m/s each, 20 km apart at first; theirs passes `aside` metres north."""
    own = Geodetic(0.0, 100.0 * second / METRES)
    other = Geodetic(aside / METRES, (20_000 - 100.0 * second) / METRES)
    return (own, Vector(100.0, 0, 0)), (other, Vector(-100.0, 0, 0))


def tracks(second, **more):
    time = NOW + 1000 * second
    return [
        [Track(name, "feed", place, 3000.0, Datum.AMSL, v, time)]
        for name, (place, v) in zip(("own", "other"), at(second, **more), strict=True)
    ]


def watched(configuration, seconds, **more):
    watch, levels = Watch(configuration), []
    for second in seconds:
        watch, warned = watch.step(*tracks(second, **more), NOW + 1000 * second)
        levels.append(warned[0].level if warned else 0)
    return levels


@pytest.mark.parametrize("configuration", [do365b(), cd3d()], ids=["do365b", "cd3d"])
@pytest.mark.parametrize("aside", [0.0, 1100.0, 1300.0])
def test_the_levels_are_those_of_the_encounter(configuration, aside):
    seconds = range(0, 130)
    states = [
        Aircraft(name, float(second), place, 3000.0, v)
        for second in seconds
        for name, (place, v) in zip(("own", "other"), at(second, aside), strict=True)
    ]
    expected = [row.verdict.level for row in rows(in_moments(states), configuration)]
    assert watched(configuration, seconds, aside=aside) == expected
    assert max(expected) == (0 if aside > 1222 and len(configuration.alerters) > 1 else expected[99])


def test_a_level_is_held_after_the_pair_is_clear_and_then_let_go():
    levels = watched(do365b(), range(0, 130))
    passed = 106  # 1222 m behind each other, at 200 m/s
    assert levels[passed + 2] == 3
    assert levels[-1] == 0


def test_a_pair_that_vanished_from_the_feeds_keeps_its_level_for_a_while_without_an_alert():
    watch = Watch(do365b())
    for second in range(80, 90):
        watch, warned = watch.step(*tracks(second), NOW + 1000 * second)
    assert warned[0].level == 3
    watch, warned = watch.step([], [], NOW + 90_000)
    assert [(w.ours, w.level, w.alert) for w in warned] == [("own", 3, None)]
    for second in range(91, 97):
        watch, warned = watch.step([], [], NOW + 1000 * second)
    assert warned == []


def test_the_gravest_comes_first():
    own, near = tracks(85)
    far = [
        Track(
            "far",
            "feed",
            Geodetic(0.0, 23_700 / METRES),
            3000.0,
            Datum.AMSL,
            Vector(-100, 0, 0),
            NOW + 85_000,
        )
    ]
    watch, _ = Watch(do365b()).step(own, [*far, *near], NOW + 85_000)
    later = [
        [Track(t.id, t.source, t.place, t.altitude, t.datum, t.velocity, NOW + 86_000) for t in side]
        for side in (own, [*far, *near])
    ]
    _, warned = watch.step(*later, NOW + 86_000)
    assert [(w.theirs, w.level) for w in warned] == [("other", 3), ("far", 2)]


def test_a_configuration_of_another_volume_is_misuse():
    with pytest.raises(Misuse):
        Watch(tcas()).step(*tracks(0), NOW)
