"""One's own plans against each other: all pairs of volumes that conflict, among a hundred thousand, and one new one among many.

Both narrow down by boxes of longitude, latitude, altitude and time, enlarged by the separation outward, and leave the rest to the exact
check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from detente.errors import Misuse
from detente.topics.airspace.conflict import Conflict, conflict
from detente.topics.airspace.distance import nearer
from detente.topics.airspace.geodesy import Array, arc
from detente.topics.airspace.intent import Constraint, Intent
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.volume import Volume4D

Rows: TypeAlias = NDArray[np.intp]
Numbers: TypeAlias = NDArray[np.int64]

_MOST_BINS = 256
_AT_ONCE = 1 << 21
_EVERY_WAY = 0b1111


class Clash(NamedTuple):
    """Two plans of ours that conflict: their ids, which volume of each (counted from 0), how near they come."""

    one: str
    other: str
    volumes: tuple[int, int]
    how: Conflict


def check(plans: Sequence[Intent | Constraint], separation: Separation) -> list[Clash]:
    """Every pair of volumes of different plans that conflict, in the plans' order. Raises Misuse for mixed datums.

    Volumes of one plan do not conflict with each other, nor constraints with constraints.

    >>> check([], Separation())
    []
    """
    rows = [
        (number, part, volume)
        for number, plan in enumerate(plans)
        for part, volume in enumerate(_volumes(plan))
    ]
    volumes = [volume for _, _, volume in rows]
    owners = np.array([number for number, _, _ in rows], np.intp)
    closed = np.array([isinstance(plan, Constraint) for plan in plans], bool)
    made = []
    for i, j in conflicting(volumes, separation, owners):
        one, other = rows[i], rows[j]
        if closed[one[0]] and closed[other[0]]:
            continue
        how = conflict(one[2], other[2], separation)
        if how is not None:
            made.append(Clash(plans[one[0]].id, plans[other[0]].id, (one[1], other[1]), how))
    return made


def conflicting(
    volumes: Sequence[Volume4D], separation: Separation, owners: Rows | None = None
) -> list[tuple[int, int]]:
    """Index pairs (i < j), sorted, of all volumes that conflict and have different owners; without `owners`, each is its own.

    Raises Misuse for mixed datums.
    """
    if not volumes:
        return []
    if any(volume.datum is not volumes[0].datum for volume in volumes):
        raise Misuse("altitudes above different datums can't be compared: convert them to one first")
    boxes = Boxes.of(volumes, separation)
    shapes = np.array([volume.outline for volume in volumes], dtype=object)
    found: list[tuple[int, int]] = []
    for i, j in boxes.meeting(owners):
        near = nearer(shapes[i], shapes[j], separation.horizontal_mm)
        found.extend(zip(i[near].tolist(), j[near].tolist(), strict=True))
    return sorted(found)


def _volumes(plan: Intent | Constraint) -> tuple[Volume4D, ...]:
    return plan.everywhere if isinstance(plan, Intent) else plan.volumes


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Bounds of volumes: ground in degrees with half of the separation around, height and time as they are.

    `ground` is (n, 4): west, south, east, north; `air` (n, 4): lower, upper, start, end in mm and ms, `apart` what must lie between two.
    """

    ground: Array
    air: Numbers
    apart: tuple[int, int]

    @classmethod
    def of(cls, volumes: Sequence[Volume4D], separation: Separation) -> Boxes:
        """The boxes of volumes, in order."""
        bounds = shapely.bounds(np.array([volume.outline for volume in volumes], dtype=object)).reshape(-1, 4)
        numbers = (number for v in volumes for number in (v.lower_mm, v.upper_mm, v.start, v.end))
        air = np.fromiter(numbers, np.int64, 4 * len(volumes)).reshape(-1, 4)
        return cls(around(bounds, separation), air, (separation.vertical_mm, separation.clock_ms))

    def meeting(self, owners: Rows | None = None) -> list[tuple[Rows, Rows]]:
        """(i, j) with i < j of the boxes that meet, in portions; no pair twice."""
        first, last, wide = self._bins()
        portions = [self._all_against(row, wide, owners) for row in np.flatnonzero(wide)]
        rows, keys, begins = entries(first, last, np.flatnonzero(~wide))
        order = np.argsort(keys)
        rows, keys, begins = rows[order], keys[order], begins[order]
        counts = np.searchsorted(keys, keys, side="right") - np.arange(len(keys)) - 1
        totals = np.concatenate([[0], np.cumsum(counts)])
        stops = np.searchsorted(totals, np.arange(_AT_ONCE, totals[-1] + _AT_ONCE, _AT_ONCE), side="left")
        start = 0
        for stop in np.minimum(stops, len(keys)).tolist():
            pairs = counts[start:stop]
            one = np.repeat(np.arange(start, stop), pairs)
            other = one + 1 + np.arange(len(one)) - np.repeat(totals[start:stop] - totals[start], pairs)
            kept = (
                begins[one] | begins[other]
            ) == _EVERY_WAY  # a pair that shares several bins counts in the first one
            i, j = rows[one[kept]], rows[other[kept]]
            portions.append(self._apart(np.minimum(i, j), np.maximum(i, j), owners))
            start = stop
        return portions

    def _apart(self, i: Rows, j: Rows, owners: Rows | None) -> tuple[Rows, Rows]:
        vertical, time = self.apart
        for low, high, least in ((2, 3, time), (0, 1, vertical)):
            begins, ends = self.air[:, low], self.air[:, high]
            kept = np.maximum(begins[i], begins[j]) - np.minimum(ends[i], ends[j]) < least
            i, j = i[kept], j[kept]
        for low, high in ((0, 2), (1, 3)):
            lower, upper = self.ground[:, low], self.ground[:, high]
            kept = np.maximum(lower[i], lower[j]) <= np.minimum(upper[i], upper[j])
            i, j = i[kept], j[kept]
        if owners is not None:
            kept = owners[i] != owners[j]
            i, j = i[kept], j[kept]
        return i, j

    def _all_against(self, row: np.intp, wide: NDArray[np.bool_], owners: Rows | None) -> tuple[Rows, Rows]:
        others = np.flatnonzero(~wide | (np.arange(len(wide)) > row))
        same = np.full(len(others), row, np.intp)
        return self._apart(np.minimum(same, others), np.maximum(same, others), owners)

    def _bins(self) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
        """First and last bin of each box in four directions, (n, 4) each, and which boxes have too many of them."""
        low, high = self.corners()
        bins = Bins.for_(low, high)
        first, last = bins.of(low), bins.of(high)
        return first, last, np.prod((last - first + 1).astype(np.float64), axis=1) > _MOST_BINS

    def corners(self) -> tuple[Array, Array]:
        """Least and greatest longitude, latitude, time and altitude of each box, (n, 4) each, with half of the separation around."""
        vertical, time = self.apart
        low = np.column_stack(
            [self.ground[:, :2], self.air[:, 2] - time // 2 - 1, self.air[:, 0] - vertical // 2 - 1]
        )
        high = np.column_stack(
            [self.ground[:, 2:], self.air[:, 3] + time // 2 + 1, self.air[:, 1] + vertical // 2 + 1]
        )
        return low, high


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """Equal bins in four directions: longitude, latitude, time, altitude."""

    origin: Array
    size: Array

    @classmethod
    def for_(cls, low: Array, high: Array) -> Bins:
        """Bins that suit boxes: most lie in few of them, and there are at most 2^15 in each direction."""
        size: Array = np.maximum(
            1.5 * np.median(high - low, axis=0),
            np.maximum(np.ptp(np.stack([low, high]), axis=(0, 1)) / 30_000, 1e-9),
        )
        return cls(low.min(axis=0), size)

    def of(self, corners: Array) -> Numbers:
        """The bin of each corner, (n, 4)."""
        made: Numbers = np.floor((corners - self.origin) / self.size).astype(np.int64)
        return made


def around(bounds: Array, separation: Separation) -> Array:
    """West, south, east, north of boxes, (n, 4) degrees, with half of the horizontal separation around them; all longitudes where they
    would reach over the antimeridian or a pole."""
    up = np.degrees(arc(separation.horizontal_mm / 2000 + 0.01))
    made = bounds + np.array([0.0, -up, 0.0, up])
    cos = np.cos(np.radians(np.minimum(np.abs(made[:, [1, 3]]).max(axis=1), 90)))
    aside = np.where(cos > 1e-6, up / np.maximum(cos, 1e-6) * 1.001, 360)
    made[:, 0] -= aside
    made[:, 2] += aside
    over = (made[:, 0] < -180) | (made[:, 2] > 180) | (np.abs(made[:, [1, 3]]).max(axis=1) >= 90)
    made[over, 0], made[over, 2] = -180, 180
    return np.asarray(made)


def entries(first: Numbers, last: Numbers, rows: Rows) -> tuple[Rows, Numbers, NDArray[np.uint8]]:
    """For each bin of each of these boxes: the box, the bin as a number, and in which directions it is the box's first bin (bits)."""
    keys, begins = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.uint8)
    for axis in range(4):
        counts = last[rows, axis] - first[rows, axis] + 1
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        rows, keys, begins = np.repeat(rows, counts), np.repeat(keys, counts), np.repeat(begins, counts)
        keys = keys * (last[:, axis].max() + 1) + first[rows, axis] + offsets
        begins |= (offsets == 0).astype(np.uint8) << axis
    return rows, keys, begins
