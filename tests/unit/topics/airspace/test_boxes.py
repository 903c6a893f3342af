"""Boxes and cells: no conflict is missed whatever the layers, none is wrongly told, and nothing lies beyond its surroundings."""

import os
import random

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely

from detente.errors import Misuse, Refused
from detente.topics.airspace import pieces
from detente.topics.airspace.boxes import ROW, above_of, cells_of, cut, estimate, index_of, parents
from detente.topics.airspace.conflict import conflict
from detente.topics.airspace.outline import circle, outline
from detente.topics.airspace.space import Layer, Space
from detente.topics.airspace.surroundings import Surroundings
from detente.topics.airspace.verdict import Opened, clashes
from detente.topics.airspace.volume import Volume4D
from support.airspace_oracle import conflicts
from support.airspace_pairs import NOON, pair

SOAK = bool(os.environ.get("DETENTE_SOAK"))


def space_of(separation, volumes, most=1500):
    """The finest layers that two volumes do not fill with too many boxes."""
    for resolution in (7, 6, 5, 4, 3):
        made = Space(
            (
                Layer(max(0, resolution - 2), 600_000, 1_200_000),
                Layer(resolution, 300_000, 600_000),
                Layer(resolution, 100_000, 300_000),
            ),
            separation.horizontal_mm,
            separation.vertical_mm,
            separation.time_ms,
            separation.skew_ms,
        )
        if max(estimate(made, [volume]) for volume in volumes) < most:
            break
    return made


def opened(space, volume):
    boxes = cut(space, [[volume]])
    columns = np.zeros(len(boxes.outlines), dtype=np.int64)
    columns[boxes.rows["outline"]] = boxes.rows["column"]
    return Opened(boxes.rows, Surroundings(space).read(boxes.outlines, columns))


@pytest.mark.parametrize("seed", range(200 if SOAK else 5))
def test_boxes_tell_what_whole_volumes_do_and_a_conflict_shares_a_cell_of_each_layer(seed):
    dice = random.Random(1000 + seed)
    for _ in range(50 if SOAK else 12):
        made = pair(dice)
        space = space_of(made.separation, made.ours)
        one, two = (opened(space, volume) for volume in made.ours)
        told = clashes(space, one, two)
        assert bool(told) == (conflict(*made.ours, made.separation) is not None), made
        if SOAK:
            apart = made.separation
            truth = conflicts(*made.plain, apart.horizontal_mm, apart.vertical_mm, apart.clock_ms)
            assert truth is None or truth == bool(told), made
        if told:
            index = index_of(space, np.concatenate([one.rows, two.rows]))
            for layer in range(3):
                assert len(
                    np.intersect1d(
                        cells_of(space, index, one.rows, layer)[0], cells_of(space, index, two.rows, layer)[0]
                    )
                )


def test_verdicts_are_the_same_whoever_is_first():
    dice = random.Random(7)
    for _ in range(20):
        made = pair(dice)
        space = space_of(made.separation, made.ours)
        one, two = (opened(space, volume) for volume in made.ours)
        there, back = clashes(space, one, two), clashes(space, two, one)
        assert [(c.lower, c.upper, c.start, c.end, c.columns) for c in there] == [
            (c.lower, c.upper, c.start, c.end, c.columns) for c in back
        ]


SPACE = Space((Layer(4, 600_000, 1_200_000), Layer(6, 300_000, 600_000), Layer(6, 100_000, 300_000)))


def volume(shape, low=1000, high=2000, start=NOON, end=NOON + 3_600_000):
    return Volume4D(shape, low * 1000, high * 1000, start, end)


def test_parents_are_those_of_h3():
    for cell in (
        h3.latlng_to_cell(33.5, 36.3, 9),
        h3.latlng_to_cell(64.7, 10.5, 9),
        h3.latlng_to_cell(-89.9, 0, 9),
    ):
        for resolution in range(9):
            assert parents(np.array([cell]), resolution)[0] == h3.cell_to_parent(cell, resolution)


def test_a_cell_lies_below_one_of_its_box_in_the_layer_before():
    boxes = cut(SPACE, [[volume(circle(36.3, 33.5, 9000).shape)]])
    index = index_of(SPACE, boxes.rows)
    for layer in (1, 2):
        keys, at = cells_of(SPACE, index, boxes.rows, layer)
        over, boxes_over = cells_of(SPACE, index, boxes.rows, layer - 1)
        pairs = set(zip(over.tolist(), boxes_over.tolist(), strict=True))
        assert set(zip(above_of(SPACE, index, keys, layer).tolist(), at.tolist(), strict=True)) == pairs


def test_what_is_spelt_of_a_cell_does_not_depend_on_what_else_we_have():
    alone = cut(SPACE, [[volume(circle(36.3, 33.5, 2000).shape)]])
    among = cut(SPACE, [[volume(circle(36.3, 33.5, 2000).shape)], [volume(circle(10.0, -33.5, 2000).shape)]])
    spelt = []
    for boxes in (alone, among):
        index = index_of(SPACE, boxes.rows)
        keys = cells_of(SPACE, index, boxes.rows[boxes.rows["owner"] == 0], 2)[0]
        spelt.append(index.spelt(np.unique(keys)))
    assert spelt[0] == spelt[1]


SHAPES = {
    "corridor": outline([[[(36.0, 33.0), (36.5, 33.3), (36.48, 33.34), (35.98, 33.04)]]]).shape,
    "circle": circle(36.3, 33.5, 20_000).shape,
    "bent": outline(
        [[[(36.0, 33.0), (36.5, 33.0), (36.5, 33.1), (36.1, 33.1), (36.1, 33.5), (36.0, 33.5)]]]
    ).shape,
    "holed": outline(
        [[[(36, 33), (37, 33), (37, 34), (36, 34)], [(36.2, 33.2), (36.2, 33.8), (36.8, 33.8), (36.8, 33.2)]]]
    ).shape,
    "two": outline([[[(36, 33), (36.1, 33), (36.1, 33.1)]], [[(36.3, 33), (36.4, 33), (36.4, 33.1)]]]).shape,
    "seam": outline([[[(179.9, 10), (-179.9, 10), (-179.9, 10.2), (179.9, 10.2)]]]).shape,
    "pole": circle(0, 89.5, 30_000).shape,
}


@pytest.mark.parametrize("name", SHAPES)
def test_pieces_make_up_the_outline_and_stay_within_their_surroundings(name):
    boxes = cut(SPACE, [[volume(SHAPES[name])]])
    columns = np.zeros(len(boxes.outlines), dtype=np.int64)
    columns[boxes.rows["outline"]] = boxes.rows["column"]
    polygons = Surroundings(SPACE).read(boxes.outlines, columns)  # raises where one lies outside
    union = shapely.union_all(polygons)
    assert union.symmetric_difference(SHAPES[name]).area < 1e-9
    if name not in ("seam", "pole"):
        assert max(shapely.length(polygons)) < 0.5


def test_convex_and_general_cuts_agree():
    shape = SHAPES["corridor"]
    columns = np.unique(cut(SPACE, [[volume(shape)]]).rows["column"])
    regions = Surroundings(SPACE).of_all(columns)
    which = np.zeros(len(columns), dtype=np.int64)
    assert pieces.convex([shape]).all()
    quick, at = pieces._cut_convex([shape], which, regions)
    slow, where = pieces._cut_any([shape], which, regions)
    assert (at == where).all()
    for one, two in zip(quick, slow, strict=True):
        assert shapely.from_wkb(one).symmetric_difference(shapely.from_wkb(two)).area < 1e-13


def test_only_convex_rings_take_the_quick_way():
    assert [
        name for name, found in zip(SHAPES, pieces.convex(list(SHAPES.values())), strict=True) if found
    ] == ["corridor", "circle"]


def test_a_row_says_all_that_a_box_does():
    boxes = cut(SPACE, [[volume(SHAPES["corridor"])]])
    rows = boxes.committed([b"h" * 32])
    assert len(rows) == len(boxes) * ROW.itemsize
    for name in ("volume", "column", "band", "slot", "lower", "upper", "start", "end"):
        changed = boxes.rows.copy()
        changed[name][0] += 1
        assert type(boxes)(changed, boxes.outlines).committed([b"h" * 32]) != rows
    assert boxes.committed([b"g" * 32]) != rows
    assert (
        type(boxes)(boxes.rows, (boxes.outlines[0] + b"\x00", *boxes.outlines[1:])).committed([b"h" * 32])
        != rows
    )


def test_more_boxes_than_agreed_are_refused_with_a_next_step():
    small = Space(SPACE.layers, boxes_limit=10)
    with pytest.raises(Refused, match="fewer at once"):
        cut(small, [[volume(SHAPES["corridor"])]])
    with pytest.raises(Refused, match="fewer at once"):
        cut(Space(SPACE.layers, boxes_limit=1000), [[volume(SHAPES["corridor"], end=NOON + 30 * 86_400_000)]])


def test_times_outside_the_calendar_of_slots_are_refused():
    with pytest.raises(Misuse, match="1970"):
        cut(Space(SPACE.layers, time_ms=3_600_000), [[volume(SHAPES["corridor"], start=0, end=1000)]])
