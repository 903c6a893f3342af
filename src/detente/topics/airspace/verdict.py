"""The exact step: which records of two sides conflict, from the boxes that both opened. spec/tokens-airspace, section 6.

Both sides hold the same two lists of boxes, first's and second's, and come to the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from detente.topics.airspace.boxes import Ints
from detente.topics.airspace.conflict import apart_mm
from detente.topics.airspace.geodesy import LEAST_RADIUS
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.space import Space

_THIN: Final = 1e-11
"""Degrees: an overlap thinner than a thousandth of a millimetre is what cutting leaves of outlines that only touch."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What one side opened: rows of `boxes.BOX`, and the polygons they point to."""

    rows: NDArray[np.void]
    outlines: Sequence[Polygon]


@dataclass(frozen=True, slots=True)
class Clash:
    """A conflict of two records: `first` and `second` are the owners' numbers in the lists opened.

    `columns` are the H3 cells in which they conflict; the band (mm) and the span (ms) are where and when either must be elsewhere.
    """

    first: int
    second: int
    lower: int
    upper: int
    start: int
    end: int
    columns: tuple[int, ...]


def clashes(space: Space, first: Opened, second: Opened) -> list[Clash]:
    """Every conflict between records of the two sides, by owner. Whoever is named first, the same (with the two exchanged)."""
    one, two = _meeting(first.rows, second.rows)
    one, two = _near(space.separation, first.rows, second.rows, one, two)
    pairs = np.stack([first.rows["outline"][one], second.rows["outline"][two]], axis=1)
    known, which = np.unique(pairs, axis=0, return_inverse=True)
    apart = _apart(space.separation, first.outlines, second.outlines, known)
    meant = apart[which.ravel()]
    one, two = one[meant], two[meant]
    owners = np.stack([first.rows["owner"][one], second.rows["owner"][two]], axis=1)
    found, group = np.unique(owners, axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    cuts = np.searchsorted(group.ravel()[order], np.arange(1, len(found)))
    parts = np.split(order, cuts) if len(found) else []
    return [
        _clash(first.rows[one[part]], second.rows[two[part]], int(owner[0]), int(owner[1]))
        for owner, part in zip(found, parts, strict=True)
    ]


def _meeting(first: NDArray[np.void], second: NDArray[np.void]) -> tuple[Ints, Ints]:
    """Places in both lists of boxes that have column, band and slot in common, all pairs of them."""
    places = [
        np.stack([rows[name].astype(np.int64) for name in ("column", "band", "slot")], axis=1)
        for rows in (first, second)
    ]
    _, number = np.unique(np.concatenate(places), axis=0, return_inverse=True)
    number = number.ravel()
    ours, theirs = number[: len(first)], number[len(first) :]
    order = np.argsort(theirs, kind="stable")
    start = np.searchsorted(theirs[order], ours, side="left")
    counts = np.searchsorted(theirs[order], ours, side="right") - start
    one = np.repeat(np.arange(len(first)), counts)
    nth = np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts, counts)
    return one, order[start[one] + nth]


def _near(
    separation: Separation, first: NDArray[np.void], second: NDArray[np.void], one: Ints, two: Ints
) -> tuple[Ints, Ints]:
    """The pairs whose bands and spans are nearer than agreed; to touch is not to overlap (`conflict.conflict`)."""
    height = np.maximum(first["lower"][one], second["lower"][two]) - np.minimum(
        first["upper"][one], second["upper"][two]
    )
    time = np.maximum(first["start"][one], second["start"][two]) - np.minimum(
        first["end"][one], second["end"][two]
    )
    near = (time < separation.clock_ms + (time < 0)) & (height < separation.vertical_mm + (height < 0))
    return one[near], two[near]


def _apart(
    separation: Separation, first: Sequence[Polygon], second: Sequence[Polygon], pairs: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """For each pair of outlines, whether they are nearer than agreed."""
    a = np.array(first, dtype=object)[pairs[:, 0]] if len(pairs) else np.zeros(0, dtype=object)
    b = np.array(second, dtype=object)[pairs[:, 1]] if len(pairs) else np.zeros(0, dtype=object)
    if not separation.horizontal_mm:
        found = np.asarray(shapely.relate_pattern(a, b, "T********"), dtype=bool)
        overlap = shapely.intersection(a[found], b[found])
        around = shapely.length(overlap)
        found[found] = shapely.area(overlap) > _THIN * np.maximum(around, 1e-300)
        return found
    found = np.asarray(shapely.intersects(a, b), dtype=bool)
    for place in np.flatnonzero(~found & _perhaps(a, b, separation.horizontal_mm)).tolist():
        found[place] = apart_mm(a[place], b[place], separation.horizontal_mm) is not None
    return found


def _perhaps(a: NDArray[np.object_], b: NDArray[np.object_], within_mm: int) -> NDArray[np.bool_]:
    """False only where outlines are certainly farther apart: degrees are never longer on the ground than this."""
    if not len(a):
        return np.zeros(0, dtype=bool)
    bounds = np.concatenate([shapely.bounds(a), shapely.bounds(b)], axis=1)
    steepest = np.radians(np.abs(bounds[:, [1, 3, 5, 7]]).max(axis=1))
    metres = np.radians(shapely.distance(a, b)) * LEAST_RADIUS * np.maximum(np.cos(steepest), 0)
    round_the_back = bounds[:, [2, 6]].max(axis=1) - bounds[:, [0, 4]].min(axis=1) > 180
    return np.asarray((metres * 0.999 <= within_mm / 1000) | round_the_back)


def _clash(ours: NDArray[np.void], theirs: NDArray[np.void], first: int, second: int) -> Clash:
    """The hull of what all pairs of boxes of two records have in common, or lie between."""
    low, high = np.maximum(ours["lower"], theirs["lower"]), np.minimum(ours["upper"], theirs["upper"])
    begin, end = np.maximum(ours["start"], theirs["start"]), np.minimum(ours["end"], theirs["end"])
    return Clash(
        first,
        second,
        int(np.minimum(low, high).min()),
        int(np.maximum(low, high).max()),
        int(np.minimum(begin, end).min()),
        int(np.maximum(begin, end).max()),
        tuple(np.unique(ours["column"]).tolist()),
    )
