"""The exact check, the cover and the pieces that are opened, against an oracle that shares no code with them."""

import os
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import Malformed, Misuse
from detente.topics.airspace.cells import Grid, coarsen, cover, cover_all, keys, parents
from detente.topics.airspace.clip import clip, piece
from detente.topics.airspace.conflict import conflict
from detente.topics.airspace.outline import circle, outline
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.volume import Datum, Volume4D, from_statement, statement
from support.airspace_oracle import conflicts, vincenty
from support.airspace_pairs import NOON, pair

SOAK = bool(os.environ.get("DETENTE_SOAK"))
GRIDS = (Grid(3, 3_000_000, 3_600_000), Grid(5, 600_000, 1_200_000), Grid(6, 300_000, 600_000))


@pytest.mark.parametrize("seed", range(100 if SOAK else 4))
def test_the_exact_check_says_what_the_oracle_says_and_the_cover_misses_none(seed):
    dice = random.Random(seed)
    for _ in range(100 if SOAK else 15):
        made = pair(dice)
        separation = made.separation
        truth = conflicts(*made.plain, separation.horizontal_mm, separation.vertical_mm, separation.clock_ms)
        a, b = made.ours
        found = conflict(a, b, separation)
        assert found == conflict(b, a, separation)
        assert truth is None or truth == (found is not None), made
        if found is not None:
            assert_told_by_cells(a, b, separation, dice)


def assert_told_by_cells(a, b, separation, dice):
    fine = dice.choice(GRIDS)
    try:
        covers = cover_all((a, b), fine, separation)
    except Misuse:  # too many cells
        fine = GRIDS[0]
        covers = cover_all((a, b), fine, separation)
    ours, theirs = ({tuple(cell) for cell in cells.tolist()} for cells in covers)
    shared = sorted(ours & theirs)
    assert shared
    if len(shared) > 60:
        return
    pieces = ((piece(a, cell, fine, separation), piece(b, cell, fine, separation)) for cell in shared)
    assert any(x and y and conflict(x, y, separation) for x, y in pieces)
    opened = [clip(volume, np.array(shared), fine, separation) for volume in (a, b)]
    assert any(conflict(x, y, separation) for x in opened[0] for y in opened[1])


def box(west, south, east, north, low=0, high=1000, start=NOON, end=NOON + 1000, datum=Datum.WGS84):
    ring = [(west, south), (east, south), (east, north), (west, north)]
    return Volume4D(outline([[ring]]).shape, low, high, start, end, datum)


def test_volumes_that_touch_do_not_conflict_but_a_hundredth_of_a_millimetre_does():
    here = box(0, 0, 1, 1)
    assert conflict(here, box(1, 0, 2, 1), Separation()) is None
    assert conflict(here, box(1, 1, 2, 2), Separation()) is None
    assert conflict(here, box(1 - 1e-10, 0, 2, 1), Separation()) is not None
    assert conflict(here, box(0, 0, 1, 1, low=1000, high=2000), Separation()) is None
    assert conflict(here, box(0, 0, 1, 1, low=999, high=2000), Separation()) is not None
    assert conflict(here, box(0, 0, 1, 1, start=NOON + 1000, end=NOON + 2000), Separation()) is None
    assert conflict(here, box(0, 0, 1, 1, start=NOON + 999, end=NOON + 2000), Separation()) is not None


def test_what_is_exactly_as_far_as_agreed_is_no_conflict_and_a_millimetre_less_is():
    south, north = box(10, 0, 11, 1), box(10, 1.05, 11, 2)
    apart = round(1000 * min(vincenty((x, 1), (x, 1.05)) for x in (10, 10.5, 11)))
    assert conflict(south, north, Separation(apart)) is None
    assert conflict(south, north, Separation(apart + 1)).horizontal_mm == apart
    above = box(10, 0, 11, 1, low=1500, high=2000)
    assert conflict(south, above, Separation(0, 500)) is None
    assert conflict(south, above, Separation(0, 501)).vertical_mm == 500
    later = box(10, 0, 11, 1, start=NOON + 1500, end=NOON + 2000)
    assert conflict(south, later, Separation(0, 0, 500)) is None
    assert conflict(south, later, Separation(0, 0, 400, 101)).time_ms == 500


def test_an_antimeridian_and_a_pole_separate_nothing():
    assert conflict(box(179.99, 0, 180, 1), box(-180, 0, -179.99, 1), Separation(1)) is not None
    assert conflict(box(179.9, 0, -179.9, 1), box(-179.95, 0, -179.8, 1), Separation()) is not None
    cap = Volume4D(circle(0, 90, 10_000).shape, 0, 1000, NOON, NOON + 1000)
    assert conflict(cap, box(100, 89.95, 101, 89.99), Separation()) is not None
    assert conflict(box(0, 89.9, 1, 89.99), box(180, 89.9, 181, 89.99), Separation(2_300_000)) is not None
    assert conflict(box(0, 89.9, 1, 89.99), box(180, 89.9, 181, 89.99), Separation(2_200_000)) is None


def test_altitudes_above_different_datums_are_not_compared():
    with pytest.raises(Misuse, match="can't be compared"):
        conflict(box(0, 0, 1, 1), box(0, 0, 1, 1, datum=Datum.FL), Separation())


@given(st.floats(-179, 179), st.floats(-88, 88), st.floats(1, 200_000))
@settings(max_examples=40, deadline=None)
def test_a_circle_becomes_a_polygon_that_contains_it_and_little_more(lon, lat, radius):
    shape = circle(lon, lat, radius).shape
    around = Volume4D(shape, 0, 1, 0, 1)
    for bearing in range(0, 360, 30):
        north = radius * np.cos(np.radians(bearing)) / 111_000
        east = radius * np.sin(np.radians(bearing)) / 111_000 / max(np.cos(np.radians(lat)), 0.02)
        point = (lon + east, min(max(lat + north, -89.9999), 89.9999))
        far = vincenty((lon, lat), point)
        spot = (point[0] - 1e-8, point[1] - 1e-8, point[0] + 1e-8, point[1] + 1e-8)
        inside = conflict(around, box(*spot, 0, 1, 0, 1), Separation()) is not None
        if far < radius - 0.01:
            assert inside
        if far > radius * 1.003 + 0.1:
            assert not inside


def test_a_coarse_cell_is_the_parent_of_the_fine_one():
    here = Volume4D(circle(36.3, 33.5, 20_000).shape, -500_000, 900_000, NOON, NOON + 5_000_000)
    fine, coarse = Grid(6, 300_000, 600_000), Grid(5, 600_000, 1_200_000)
    cells = cover(here, fine, Separation.civil())
    assert (np.unique(cells, axis=0) == cells).all()
    up = coarsen(cells, fine, coarse)
    assert {tuple(row) for row in up.tolist()} == {
        tuple(row) for row in parents(cells, fine, coarse).tolist()
    }
    assert all(key.startswith("WGS84 85") for key in keys(up, Datum.WGS84))
    with pytest.raises(Misuse, match="multiples"):
        fine.check_within(Grid(5, 400_000, 1_200_000))


def test_pieces_show_nothing_far_outside_of_their_cell():
    long = box(30, 33, 40, 33.2, 0, 10_000_000, NOON, NOON + 7_200_000)
    grid = Grid(5, 600_000, 1_200_000)
    cell = tuple(cover(long, grid, Separation())[40].tolist())
    shown = piece(long, cell, grid, Separation())
    west, _, east, _ = shown.outline.bounds
    assert east - west < 0.3
    assert (shown.upper_mm - shown.lower_mm, shown.end - shown.start) == (600_000, 1_200_000)
    assert piece(long, (cell[0], 400, cell[2]), grid, Separation()) is None


def test_a_volume_of_too_many_cells_is_refused():
    huge = box(0, 0, 20, 20, 0, 20_000_000, NOON, NOON + 86_400_000)
    with pytest.raises(Misuse, match="split it"):
        cover(huge, GRIDS[2], Separation())


@pytest.mark.parametrize("seed", range(5))
def test_a_volume_is_read_back_from_its_statement_and_from_no_other(seed):
    dice = random.Random(seed)
    for volume in (one for _ in range(5) for one in pair(dice).ours):
        told = statement(volume)
        assert from_statement(told) == volume
        turned = dict(told, outline=[[ring[1:] + ring[1:2] for ring in part] for part in told["outline"]])
        with pytest.raises(Malformed):
            from_statement(turned)


@pytest.mark.parametrize(
    "change",
    [
        {"outline": [[[[0, 0], [0, 10**13], [10**13, 10**13], [0, 0]]]]},
        {"outline": [[[[0, 0]] * 20_000]]},
        {"outline": []},
        {"outline": [[[[0, True], [0, 5], [5, 5], [0, True]]]]},
        {"lower_mm": 5, "upper_mm": 5},
        {"lower_mm": 0.0},
        {"end": "1970-01-01T00:00:00.000Z"},
        {"datum": "AGL"},
        {"datum": []},
        {"more": 1},
    ],
)
def test_a_statement_of_something_else_is_malformed(change):
    with pytest.raises(Malformed):
        from_statement({**statement(box(0, 0, 1, 1)), **change})
