"""Volumes that stand ready to be asked about: one new volume against fifty thousand, in some ten microseconds."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, degrees, floor, radians

import numpy as np
import shapely

from detente.errors import Misuse
from detente.topics.airspace.check import Bins, Boxes, Rows, entries
from detente.topics.airspace.distance import nearer
from detente.topics.airspace.geodesy import arc
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.volume import Volume4D

_MOST_BINS = 4096


class Standing:
    """An index of volumes that is built once and kept. Volumes are known by their place in the sequence.

    >>> from detente.topics.airspace.outline import circle
    >>> here = Volume4D(circle(36.3, 33.5, 1000).shape, 0, 300_000, 0, 60_000)
    >>> Standing([here], Separation()).against(here)
    [0]
    """

    def __init__(self, volumes: Sequence[Volume4D], separation: Separation) -> None:
        """Raises Misuse for mixed datums, and for no volume at all."""
        if not volumes or any(volume.datum is not volumes[0].datum for volume in volumes):
            raise Misuse("an index needs volumes, with altitudes above one datum")
        self._datum, self._separation = volumes[0].datum, separation
        self._shapes = np.array([volume.outline for volume in volumes], dtype=object)
        shapely.prepare(self._shapes)
        boxes = Boxes.of(volumes, separation)
        self._rows = np.column_stack([boxes.ground[:, :2], -boxes.ground[:, 2:], boxes.air * [1, -1, 1, -1]])
        low, high = boxes.corners()
        bins = Bins.for_(low, high)
        first, last = bins.of(low), bins.of(high)
        self._axes = list(
            zip(bins.origin.tolist(), bins.size.tolist(), (last.max(axis=0) + 1).tolist(), strict=True)
        )
        counts = np.prod((last - first + 1).astype(np.float64), axis=1)
        self._wide = np.flatnonzero(counts > _MOST_BINS)
        owners, keys, _ = entries(first, last, np.flatnonzero(counts <= _MOST_BINS))
        order = np.argsort(keys)
        self._owners, self._keys = owners[order], keys[order]

    def against(self, volume: Volume4D) -> list[int]:
        """The places of all volumes that conflict with this one, in order. Raises Misuse for another datum."""
        if volume.datum is not self._datum:
            raise Misuse("altitudes above different datums can't be compared: convert them to one first")
        ground = _ground(volume, self._separation)
        near = self._candidates(ground, volume)
        west, south, east, north = ground
        vertical, time = (
            self._separation.vertical_mm - 1,
            self._separation.clock_ms - 1,
        )  # nearer than agreed: by at least 1
        air = (volume.upper_mm + vertical, vertical - volume.lower_mm, volume.end + time, time - volume.start)
        near = near[(self._rows[near] <= np.array((east, north, -west, -south, *air))).all(axis=1)]
        if not len(near):
            return []
        places = sorted(set(near.tolist()))
        shapes = self._shapes[places]
        asked = np.full(len(places), volume.outline, dtype=object)
        found = nearer(shapes, asked, self._separation.horizontal_mm).tolist()
        return [place for place, met in zip(places, found, strict=True) if met]

    def _candidates(self, ground: Sequence[float], volume: Volume4D) -> Rows:
        """All volumes in the bins that this one touches: the bins of one column of altitudes lie next to each other."""
        vertical, time = self._separation.vertical_mm // 2 + 1, self._separation.clock_ms // 2 + 1
        low = (ground[0], ground[1], volume.start - time, volume.lower_mm - vertical)
        high = (ground[2], ground[3], volume.end + time, volume.upper_mm + vertical)
        first = [max(floor((x - o) / s), 0) for x, (o, s, _) in zip(low, self._axes, strict=True)]
        last = [min(floor((x - o) / s), n - 1) for x, (o, s, n) in zip(high, self._axes, strict=True)]
        (*_, (_, _, ny), (_, _, nt), (_, _, nz)) = self._axes
        columns = [
            ((x * ny + y) * nt + t) * nz
            for x in range(first[0], last[0] + 1)
            for y in range(first[1], last[1] + 1)
            for t in range(first[2], last[2] + 1)
        ]
        if not columns or first[3] > last[3]:
            return self._wide
        ends = [key for column in columns for key in (column + first[3], column + last[3] + 1)]
        cuts = self._keys.searchsorted(ends).tolist()
        return np.concatenate(
            [self._wide, *(self._owners[a:b] for a, b in zip(cuts[::2], cuts[1::2], strict=True) if a < b)]
        )


def _ground(volume: Volume4D, separation: Separation) -> tuple[float, float, float, float]:
    """As `check.around`, for one."""
    west, south, east, north = shapely.bounds(volume.outline).tolist()
    up = degrees(arc(separation.horizontal_mm / 2000 + 0.01))
    south, north = south - up, north + up
    highest = max(-south, north)
    if highest < 89.9:
        aside = up / cos(radians(highest)) * 1.001
        if west - aside >= -180 and east + aside <= 180:
            return west - aside, south, east + aside, north
    return -180.0, south, 180.0, north
