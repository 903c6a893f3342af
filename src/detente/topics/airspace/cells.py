"""Covers: the cells of space and time that a volume, with its half of the separation, may touch.

A cell is an H3 cell, a band of altitude and a slot of time. Each side covers its volumes enlarged by half of the agreed separation,
so two volumes that conflict always share a cell: the one that holds the middle between their nearest points. Nothing is left out
because a cell's centre lies outside; what is doubtful (the shape of the earth, of a map, of an edge) is decided outward.

H3 cells do not nest exactly, so a coarse cell is by definition the parent of the fine ones: two that share a fine cell share
the coarse one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import h3.api.basic_int as h3
import numpy as np
import shapely
from numpy.typing import NDArray

from detente.errors import Misuse
from detente.topics.airspace.geodesy import Array, arc, directions
from detente.topics.airspace.maps import Maps
from detente.topics.airspace.outline import Shape
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.volume import Datum, Volume4D

Cells: TypeAlias = NDArray[np.int64]
"""(n, 3): H3 index, band, slot. Sorted, no row twice."""

FINEST = 9
MOST_CELLS = 100_000
MOST_GROUND = 20_000
_WIDER = 1.001  # H3's own rounding at a cell's edge
_OFFSPRING = 1.25  # descendants reach beyond their ancestor's circle: by up to 5 % in the plane, more where the map is uneven


@dataclass(frozen=True, slots=True)
class Grid:
    """H3 `resolution`, height of a band in millimetres, length of a slot in milliseconds. Raises Misuse."""

    resolution: int
    band_mm: int
    slot_ms: int

    def __post_init__(self) -> None:
        if not 0 <= self.resolution <= FINEST:
            raise Misuse(f"an airspace grid's resolution is from 0 to {FINEST}")
        if not (10_000 <= self.band_mm <= 100_000_000 and 10_000 <= self.slot_ms <= 86_400_000):
            raise Misuse("an airspace grid has bands of 10 m to 100 km and slots of 10 s to 24 h")

    def check_within(self, coarse: Grid) -> None:
        """Raises Misuse unless each cell of this grid has one parent in the coarse one."""
        if (
            self.resolution < coarse.resolution
            or coarse.band_mm % self.band_mm
            or coarse.slot_ms % self.slot_ms
        ):
            raise Misuse(
                "a coarse grid's bands and slots must be multiples of the fine one's, and its resolution no finer"
            )


def cover(volume: Volume4D, grid: Grid, separation: Separation) -> Cells:
    """All cells that hold a point within half of the separation of the volume; some that only nearly do. Raises Misuse.

    >>> from detente.topics.airspace.outline import circle
    >>> place = Volume4D(circle(36.3, 33.5, 1000).shape, 0, 300_000, 0, 60_000)
    >>> len(cover(place, Grid(5, 600_000, 900_000), Separation()))
    1
    """
    return cover_all([volume], grid, separation)[0]


def cover_all(volumes: Sequence[Volume4D], grid: Grid, separation: Separation) -> list[Cells]:
    """`cover` of each volume, many at a time."""
    shapes = {id(volume.outline): volume.outline for volume in volumes}
    grounds = footprints(list(shapes.values()), grid.resolution, separation)
    ground_of = dict(zip(shapes, grounds, strict=True))
    return [_stacked(ground_of[id(volume.outline)], volume, grid, separation) for volume in volumes]


def coarsen(cells: Cells, fine: Grid, coarse: Grid) -> Cells:
    """The parents of cells. Raises Misuse if the grids do not nest."""
    fine.check_within(coarse)
    return np.unique(parents(cells, fine, coarse), axis=0)


def parents(cells: Cells, fine: Grid, coarse: Grid) -> Cells:
    """The parent of each cell, in the same order."""
    unused = (
        1 << 3 * (15 - coarse.resolution)
    ) - 1  # H3 index: digits finer than the resolution are all ones
    ground = (cells[:, 0] & ~(0xF << 52)) | (coarse.resolution << 52) | unused
    return np.stack(
        [
            ground,
            cells[:, 1] // (coarse.band_mm // fine.band_mm),
            cells[:, 2] // (coarse.slot_ms // fine.slot_ms),
        ],
        axis=1,
    )


def keys(cells: Cells, datum: Datum) -> list[str]:
    """The cells as text: datum, H3 index in hex, band, slot.

    >>> keys(np.array([[0x853f3463fffffff, 3, 7]]), Datum.WGS84)
    ['WGS84 853f3463fffffff 3 7']
    """
    return [f"{datum.value} {ground:x} {band} {slot}" for ground, band, slot in cells.tolist()]


def footprints(shapes: Sequence[Shape], resolution: int, separation: Separation) -> list[NDArray[np.int64]]:
    """The H3 cells of each outline enlarged by half of the horizontal separation, sorted.

    Descends from H3's 122 coarsest cells, for all outlines at once, and drops a cell when it and all below it are too far away.
    """
    if not shapes:
        return []
    maps = Maps.of(shapes)
    most = float(shapely.area(maps.drawn).max()) / (4 * np.pi) * h3.get_num_cells(resolution)
    if most > MOST_GROUND:
        raise Misuse(
            f"an outline covers some {most:.0f} cells on the ground, more than {MOST_GROUND}: split it, or agree on a coarser grid"
        )
    margin = arc(separation.horizontal_mm / 2000 + 0.001)
    ids, centres, radii = _coarsest()
    which, at = np.nonzero(maps.angles(centres) <= maps.reach[:, None] + margin + radii * _OFFSPRING)
    cells = ids[at]
    for level in range(1, resolution + 1):
        which, cells, centres, radii = _children_of(which, cells)
        far = radii * (_WIDER if level == resolution else _OFFSPRING) + margin
        near = maps.within(which, centres, far)
        which, cells = which[near], cells[near]
    order = np.lexsort((cells, which))
    return np.split(cells[order], np.searchsorted(which[order], np.arange(1, len(shapes))))


def _stacked(ground: NDArray[np.int64], volume: Volume4D, grid: Grid, separation: Separation) -> Cells:
    height, time = -(-separation.vertical_mm // 2), -(-separation.clock_ms // 2)
    bands = range((volume.lower_mm - height) // grid.band_mm, (volume.upper_mm + height) // grid.band_mm + 1)
    slots = range((volume.start - time) // grid.slot_ms, (volume.end + time) // grid.slot_ms + 1)
    count = len(ground) * len(bands) * len(slots)
    if count > MOST_CELLS:
        raise Misuse(
            f"a volume covers {count} cells, more than {MOST_CELLS}: split it, or agree on a coarser grid"
        )
    made = np.empty((len(ground), len(bands), len(slots), 3), np.int64)
    made[..., 0] = ground[:, None, None]
    made[..., 1] = np.array(bands)[:, None]
    made[..., 2] = np.array(slots)
    return made.reshape(-1, 3)


def _children_of(
    which: NDArray[np.intp], cells: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.int64], Array, Array]:
    """Pairs of outline and child cell from pairs of outline and cell, with the children's centres and radii."""
    unique, back = np.unique(cells, return_inverse=True)
    families = [_family(int(cell)) for cell in unique]
    ids = np.concatenate([family[0] for family in families] or [np.empty(0, np.int64)])
    centres = np.concatenate([family[1] for family in families] or [np.empty((0, 3))])
    radii = np.concatenate([family[2] for family in families] or [np.empty(0)])
    sizes = np.array([len(family[0]) for family in families], np.intp)
    starts = np.concatenate([[0], np.cumsum(sizes)])[:-1].astype(np.intp) if len(sizes) else sizes
    counts = sizes[back]
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = np.repeat(starts[back], counts) + offsets
    return np.repeat(which, counts), ids[rows], centres[rows], radii[rows]


@lru_cache(maxsize=1 << 16)
def _family(cell: int) -> tuple[NDArray[np.int64], Array, Array]:
    return _described(h3.cell_to_children(cell))


@lru_cache(maxsize=1)
def _coarsest() -> tuple[NDArray[np.int64], Array, Array]:
    return _described(sorted(h3.get_res0_cells()))


def _described(cells: Sequence[int]) -> tuple[NDArray[np.int64], Array, Array]:
    """Cells, their centres as unit vectors, and how far their farthest corner is from there, in radians."""
    centres = directions(np.array([h3.cell_to_latlng(cell)[::-1] for cell in cells]))
    radii = np.array([corner_radius(cell, centre) for cell, centre in zip(cells, centres, strict=True)])
    return np.array(cells, np.int64), centres, radii


def corner_radius(cell: int, centre: Array) -> float:
    """How far a cell's farthest corner is from its centre, in radians on H3's sphere."""
    corners = directions(np.array(h3.cell_to_boundary(cell))[:, ::-1])
    return float(2 * np.arcsin(np.linalg.norm(corners - centre, axis=1).max() / 2))
