"""What is opened: volumes clipped to cells, so that nothing is shown beyond the cells that both hold.

A piece is the part of a volume in one cell, enlarged by half of the separation. Two volumes conflict exactly if their pieces of
some shared cell conflict: the cell with the middle between their nearest points is shared, and those points are in both pieces.
A piece is part of its volume, so it conflicts with nothing that the volume does not. Corners that clipping makes are rounded to
the grid of outlines (0.01 mm).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

import h3.api.basic_int as h3
import numpy as np
import shapely
from shapely import Polygon

from detente.topics.airspace.cells import Cells, Grid
from detente.topics.airspace.corridor import enlarged
from detente.topics.airspace.geodesy import Frame, directions
from detente.topics.airspace.outline import Shape, rounded_off
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.volume import Volume4D


def piece(
    volume: Volume4D, cell: tuple[int, int, int], grid: Grid, separation: Separation
) -> Volume4D | None:
    """The part of a volume that it can share in a cell (H3 index, band, slot), or None if there is none."""
    ground, band, slot = cell
    return _within(
        volume, ground_piece(volume.outline, ground, separation), (band, band), (slot, slot), grid, separation
    )


def clip(volume: Volume4D, cells: Cells, grid: Grid, separation: Separation) -> tuple[Volume4D, ...]:
    """The parts of a volume within cells, as few volumes as they make up: those over the same ground are joined.

    >>> from detente.topics.airspace.cells import cover
    >>> from detente.topics.airspace.outline import circle
    >>> place = Volume4D(circle(36.3, 33.5, 1000).shape, 0, 300_000, 0, 60_000)
    >>> grid = Grid(5, 600_000, 900_000)
    >>> clip(place, cover(place, grid, Separation()), grid, Separation()) == (place,)
    True
    """
    grounds: dict[tuple[int, int], set[int]] = defaultdict(set)
    for ground, band, slot in np.asarray(cells).tolist():
        grounds[band, slot].add(ground)
    made = []
    for shared, bands, slots in _joined(grounds):
        shape = _union(ground_piece(volume.outline, ground, separation) for ground in sorted(shared))
        part = _within(volume, shape, bands, slots, grid, separation)
        if part is not None:
            made.append(part)
    return tuple(made)


def ground_piece(shape: Shape, ground: int, separation: Separation) -> Shape | None:
    """An outline clipped to an H3 cell enlarged by half of the horizontal separation, or None."""
    area = region(ground, separation.horizontal_mm)
    if shapely.covers(area, shape):
        return shape
    return _tidy(shape & area)


@lru_cache(maxsize=1 << 14)
def region(ground: int, horizontal_mm: int) -> Shape:
    """All points within half of the separation of an H3 cell, and a little more, as an outline."""
    corners = np.array(h3.cell_to_boundary(ground))[:, ::-1]
    frame = Frame.around(corners)
    inner = Polygon(frame.flat(directions(corners)))
    spare = 6e6 * float(np.hypot(*shapely.get_coordinates(inner).T).max()) / 100
    return enlarged(frame, inner, horizontal_mm / 2000, spare).shape


def _within(
    volume: Volume4D,
    shape: Shape | None,
    bands: tuple[int, int],
    slots: tuple[int, int],
    grid: Grid,
    separation: Separation,
) -> Volume4D | None:
    height, time = -(-separation.vertical_mm // 2), -(-separation.clock_ms // 2)
    lower = max(volume.lower_mm, bands[0] * grid.band_mm - height)
    upper = min(volume.upper_mm, (bands[1] + 1) * grid.band_mm + height)
    start = max(volume.start, slots[0] * grid.slot_ms - time)
    end = min(volume.end, (slots[1] + 1) * grid.slot_ms + time)
    if shape is None or lower >= upper or start >= end:
        return None
    return Volume4D(shape, lower, upper, start, end, volume.datum)


def _joined(
    grounds: dict[tuple[int, int], set[int]],
) -> Iterable[tuple[frozenset[int], tuple[int, int], tuple[int, int]]]:
    """(ground cells, first and last band, first and last slot) of boxes that together are the cells."""
    rows: dict[tuple[int, frozenset[int]], list[list[int]]] = defaultdict(list)
    for (band, slot), shared in sorted(grounds.items()):
        runs = rows[band, frozenset(shared)]
        if runs and runs[-1][1] == slot - 1:
            runs[-1][1] = slot
        else:
            runs.append([slot, slot])
    boxes: dict[tuple[frozenset[int], int, int], list[list[int]]] = defaultdict(list)
    for (band, ground), runs in sorted(rows.items(), key=lambda item: item[0][0]):
        for first, last in runs:
            stack = boxes[ground, first, last]
            if stack and stack[-1][1] == band - 1:
                stack[-1][1] = band
            else:
                stack.append([band, band])
    for (ground, first, last), stack in boxes.items():
        for low, high in stack:
            yield ground, (low, high), (first, last)


def _union(shapes: Iterable[Shape | None]) -> Shape | None:
    found = [shape for shape in shapes if shape is not None]
    if len(found) < 2:
        return found[0] if found else None
    return _tidy(shapely.union_all(found))


def _tidy(made: shapely.Geometry) -> Shape | None:
    """What has area, on the grid of outlines and in its one form."""
    made = rounded_off(made)
    return None if made.is_empty else shapely.normalize(made)
