"""Volumes cut into boxes, and boxes into cells: what one side commits to before a private comparison. spec/tokens-airspace, sections 3 and 4.

A *column* is an H3 cell of the finest layer. A *box* is what one volume has in one column, within one band and one slot of the grain: an
outline cut to the column's surroundings, altitudes and times cut to the band's and the slot's. A *cell* is a column, a band and a slot of a layer.
Both sides reach half of the separation beyond their volumes, so two volumes that conflict do so within boxes of a cell that both have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import h3.api.basic_int as h3
import numpy as np
from numpy.typing import NDArray

from detente.errors import Misuse, Refused
from detente.psi import pledge
from detente.topics.airspace import pieces
from detente.topics.airspace.cells import footprints
from detente.topics.airspace.space import BAND_BITS, SLOT_BITS, Space
from detente.topics.airspace.surroundings import Surroundings
from detente.topics.airspace.volume import Volume4D

Ints = NDArray[np.int64]

BOX: Final = np.dtype(
    [
        ("owner", "<i4"),
        ("volume", "<i4"),
        ("column", "<i8"),
        ("band", "<i4"),
        ("slot", "<i4"),
        ("lower", "<i8"),
        ("upper", "<i8"),
        ("start", "<i8"),
        ("end", "<i8"),
        ("outline", "<i4"),
    ]
)
"""One box: the record that owns it and its volume there, its place, its bounds (mm, ms), which outline it has. Packed, little-endian."""

ROW: Final = np.dtype(
    [
        ("volume", "<i4"),
        ("column", "<i8"),
        ("band", "<i4"),
        ("slot", "<i4"),
        ("bounds", "<i8", (4,)),
        ("what", "V32"),
    ]
)
"""A box as it is committed to; `what` is a hash of the owner's handle and the outline."""


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Boxes of one side, with the outlines they point to (WKB polygons, little-endian)."""

    rows: NDArray[np.void]
    outlines: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:  # plans never enter logs
        return f"Boxes(n={len(self.rows)})"

    def committed(self, handles: Sequence[bytes]) -> bytes:
        """The rows of a pledge: one a box, in order. `handles` are the owners' (32 bytes each)."""
        made = np.zeros(len(self.rows), dtype=ROW)
        if len(made):
            owners = np.zeros(len(self.outlines), dtype=np.int64)
            owners[self.rows["outline"]] = self.rows["owner"]
            hashes = [
                pledge.digest(handles[o] + line)
                for o, line in zip(owners.tolist(), self.outlines, strict=True)
            ]
            made["what"] = np.frombuffer(b"".join(hashes), dtype="V32")[self.rows["outline"]]
            for name in ("volume", "column", "band", "slot"):
                made[name] = self.rows[name]
            for place, name in enumerate(("lower", "upper", "start", "end")):
                made["bounds"][:, place] = self.rows[name]
        return made.tobytes()

    def take(self, positions: Ints) -> Boxes:
        """Some of them, with only the outlines that they need."""
        rows = self.rows[positions].copy()
        used, rows["outline"] = np.unique(rows["outline"], return_inverse=True)
        return Boxes(rows, tuple(self.outlines[i] for i in used.tolist()))


def cut(space: Space, records: Sequence[Sequence[Volume4D]]) -> Boxes:
    """All boxes of our records, by record, volume and column. Raises Refused where there are more than the agreed limit."""
    listed = [
        (owner, number, volume)
        for owner, volumes in enumerate(records)
        for number, volume in enumerate(volumes)
    ]
    shapes = [volume.outline for _, _, volume in listed]
    grounds = footprints(shapes, space.fine.resolution, space.separation)
    spans, sizes = _spans(space, [volume for _, _, volume in listed])
    if int((np.array([len(ground) for ground in grounds], dtype=np.int64) * sizes).sum()) > space.boxes_limit:
        raise Refused(
            f"the plans take more than {space.boxes_limit} boxes of airspace, the limit of one run: match fewer at once, or smaller ones"
        )
    columns = np.concatenate(grounds) if grounds else np.zeros(0, dtype=np.int64)
    which = np.repeat(np.arange(len(listed)), [len(ground) for ground in grounds])
    outlines, at = pieces.cut(shapes, which, Surroundings(space).of_all(columns))
    owners = np.array([(owner, number) for owner, number, _ in listed], dtype=np.int64).reshape(-1, 2)
    return Boxes(_boxes(spans, sizes, owners, which[at], columns[at]), tuple(outlines))


def estimate(space: Space, volumes: Sequence[Volume4D]) -> int:
    """About how many boxes volumes make, from their areas and edges alone: to choose layers by, before anything is cut."""
    cell = h3.average_hexagon_area(space.fine.resolution, "km^2")
    across = 2 * math.sqrt(cell) + space.horizontal_mm / 1e6
    total = 0.0
    for volume in volumes:
        _, south, _, north = volume.outline.bounds
        wide = 111.2 * math.cos(math.radians(min(abs(south), abs(north)) if south * north > 0 else 0.0))
        area = volume.outline.area * 111.2 * wide
        columns = (area + volume.outline.length * 111.2 / 2 * across + across * across) / cell
        bands = (volume.upper_mm - volume.lower_mm + space.vertical_mm) / space.grain.band_mm + 1
        slots = (volume.end - volume.start + space.separation.clock_ms) / space.grain.slot_ms + 1
        total += columns * bands * slots
    return int(total)


def _spans(space: Space, volumes: Sequence[Volume4D]) -> tuple[NDArray[np.void], Ints]:
    """The bands and slots of the grain that each volume reaches, one after the other, with its bounds cut to their surroundings; and how many."""
    grain = space.grain
    given = np.array([(v.lower_mm, v.upper_mm, v.start, v.end) for v in volumes], dtype=np.int64).reshape(
        -1, 4
    )
    first = (given[:, [0, 2]] - [space.rise_mm, space.wait_ms]) // [grain.band_mm, grain.slot_ms]
    last = (given[:, [1, 3]] + [space.rise_mm, space.wait_ms]) // [grain.band_mm, grain.slot_ms]
    if len(given) and (first[:, 1].min() < 0 or last[:, 1].max() >> SLOT_BITS):
        raise Misuse("a plan before 1970 or centuries ahead: correct its times")
    bands, slots = (last - first + 1).T
    sizes = bands * slots
    if int(sizes.sum()) > space.boxes_limit:
        raise Refused(
            f"the plans last too long or reach too high for one run of {space.boxes_limit} boxes: match fewer at once"
        )
    which = np.repeat(np.arange(len(given)), sizes)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    made = np.zeros(len(which), dtype=BOX)
    made["band"], made["slot"] = first[which, 0] + nth // slots[which], first[which, 1] + nth % slots[which]
    limits = bounds(space, made["band"], made["slot"])
    for name, column, limit, cut_to in (
        ("lower", 0, limits[0], np.maximum),
        ("upper", 1, limits[1], np.minimum),
        ("start", 2, limits[2], np.maximum),
        ("end", 3, limits[3], np.minimum),
    ):
        made[name] = cut_to(given[which, column], limit)
    return made, sizes


def bounds(space: Space, band: Ints, slot: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """What a box of this band and slot may show at most: lower, upper, start, end. Half of the separation further, and 1."""
    grain = space.grain
    band, slot = band.astype(np.int64), slot.astype(np.int64)
    return (
        band * grain.band_mm - space.rise_mm - 1,
        (band + 1) * grain.band_mm + space.rise_mm + 1,
        slot * grain.slot_ms - space.wait_ms - 1,
        (slot + 1) * grain.slot_ms + space.wait_ms + 1,
    )


def _boxes(
    spans: NDArray[np.void], sizes: Ints, owners: Ints, which: Ints, columns: Ints
) -> NDArray[np.void]:
    """One row for each piece (of volume `which`, in a column) and each span of its volume."""
    starts, counts = np.cumsum(sizes) - sizes, sizes[which]
    piece = np.repeat(np.arange(len(which)), counts)
    nth = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    made = spans[starts[which][piece] + nth]
    made["owner"], made["volume"] = owners[which][piece].T
    made["column"], made["outline"] = columns[piece], piece
    return np.asarray(made)


# --- cells


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """The columns that one side has, numbered, so that a cell is one integer: column, band, slot.

    Integers mean something on one side only; what goes over the wire is `spelt`.
    """

    columns: Ints  # ascending

    def key(self, column: Ints, band: Ints, slot: Ints) -> Ints:
        number = np.searchsorted(self.columns, column).astype(np.int64)
        shifted = number << BAND_BITS | (band.astype(np.int64) + (1 << (BAND_BITS - 1)))
        return np.asarray(shifted << SLOT_BITS | slot.astype(np.int64))

    def spelt(self, keys: Ints) -> bytes:
        """20 bytes a cell: H3 index, band, slot; big-endian."""
        made = np.zeros(len(keys), dtype=[("column", ">u8"), ("band", ">i4"), ("slot", ">i8")])
        made["column"], made["band"], made["slot"] = self.parts(keys)
        return made.tobytes()

    def parts(self, keys: Ints) -> tuple[Ints, Ints, Ints]:
        """Column, band and slot of each key."""
        band = (keys >> SLOT_BITS & (1 << BAND_BITS) - 1) - (1 << (BAND_BITS - 1))
        return self.columns[keys >> SLOT_BITS + BAND_BITS], band, keys & (1 << SLOT_BITS) - 1


def index_of(space: Space, rows: NDArray[np.void]) -> Index:
    """An index of every column that some boxes have in any layer."""
    fine = np.unique(rows["column"])
    return Index(np.unique(np.concatenate([parents(fine, layer.resolution) for layer in space.layers])))


def parents(columns: Ints, resolution: int) -> Ints:
    """The H3 cells of a coarser resolution above some cells: unused digits are 7 (the H3 index, "bit layout").

    >>> fine = h3.latlng_to_cell(33.5, 36.3, 6)
    >>> int(parents(np.array([fine]), 4)[0]) == h3.latlng_to_cell(33.5, 36.3, 4)
    True
    """
    return np.asarray(columns & ~(0xF << 52) | resolution << 52 | (1 << 3 * (15 - resolution)) - 1)


def cells_of(space: Space, index: Index, rows: NDArray[np.void], number: int) -> tuple[Ints, Ints]:
    """Every cell of one layer with a box that has it: (keys, places in `rows`), as long as there are such pairs.

    A coarse cell is the parent of fine ones, so that a shared fine cell is always in a shared coarse one.
    """
    layer, grain = space.layers[number], space.grain
    column = parents(rows["column"], layer.resolution)
    if (layer.band_mm, layer.slot_ms) == (grain.band_mm, grain.slot_ms):
        return index.key(column, rows["band"], rows["slot"]), np.arange(len(rows))
    rise, wait = space.rise_mm, space.wait_ms
    first_band, bands = _reach(
        rows["lower"] - rise, rows["upper"] + rise, rows["band"], layer.band_mm, grain.band_mm
    )
    first_slot, slots = _reach(
        rows["start"] - wait, rows["end"] + wait, rows["slot"], layer.slot_ms, grain.slot_ms
    )
    counts = bands * slots
    at = np.repeat(np.arange(len(rows)), counts)
    nth = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
    band = first_band[at] + nth // slots[at]
    return index.key(column[at], band, first_slot[at] + nth % slots[at]), at


def above_of(space: Space, index: Index, keys: Ints, number: int) -> Ints:
    """The cell of the layer before above each cell of one layer."""
    here, above = space.layers[number], space.layers[number - 1]
    column, band, slot = index.parts(keys)
    return index.key(
        parents(column, above.resolution),
        band // (above.band_mm // here.band_mm),
        slot // (above.slot_ms // here.slot_ms),
    )


def _reach(low: Ints, high: Ints, within: Ints, fine: int, grain: int) -> tuple[Ints, Ints]:
    """The first fine step that a span reaches within a step of the grain, and how many it reaches there."""
    ratio = grain // fine
    start = within.astype(np.int64) * ratio
    first = np.maximum(low // fine, start)
    last = np.minimum(high // fine, start + ratio - 1)
    return first, np.maximum(last - first + 1, 0)


def middle(column: int) -> tuple[float, float]:
    """Latitude and longitude of a column's middle, for people."""
    lat, lon = h3.cell_to_latlng(column)
    return lat, lon


__all__ = [
    "BOX",
    "ROW",
    "Boxes",
    "Index",
    "above_of",
    "bounds",
    "cells_of",
    "cut",
    "estimate",
    "index_of",
    "middle",
    "parents",
]
