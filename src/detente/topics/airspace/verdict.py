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

from detente.topics.airspace.boxes import Ints
from detente.topics.airspace.conflict import apart_mm
from detente.topics.airspace.geodesy import LEAST_RADIUS
from detente.topics.airspace.outline import Shape
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.space import Space

_THIN: Final = 1e-11
"""Degrees: an overlap thinner than a thousandth of a millimetre is what cutting leaves of outlines that only touch."""


_AT_ONCE: Final = 1 << 20
_MOST_AT_A_TIME: Final = 64
_PAIR: Final = ("owner", "volume", "their_owner", "their_volume")
_MET: Final = np.dtype(
    [
        (name, np.int64)
        for name in (*_PAIR, "column", "outline", "their_outline", "lower", "upper", "start", "end")
    ]
)
_BOUNDS: Final = np.dtype([(name, np.int64) for name in ("outlines", "lower", "upper", "start", "end")])
_HULL: Final = (("lower", np.minimum), ("upper", np.maximum), ("start", np.minimum), ("end", np.maximum))


@dataclass(frozen=True, slots=True)
class Opened:
    """What one side opened: rows of `boxes.BOX`, and the polygons they point to."""

    rows: NDArray[np.void]
    outlines: Sequence[Shape]


@dataclass(frozen=True, slots=True)
class Clash:
    """A conflict of two records: `first` and `second` are the owners' numbers in the lists opened.

    `columns` are H3 cells in which they conflict, one for each pair of volumes; the band (mm) and the span (ms) are where and when either must be elsewhere.
    """

    first: int
    second: int
    lower: int
    upper: int
    start: int
    end: int
    columns: tuple[int, ...]


def clashes(space: Space, first: Opened, second: Opened) -> list[Clash]:
    """Every conflict between records of the two sides, by owner. Whoever is named first, the same (with the two exchanged).

    Bands and spans are compared box by box; on the ground one column of each pair of volumes that conflicts is enough, so the others are left.
    """
    met = _met(space.separation, first, second)
    if not len(met):
        return []
    pairs, which = np.unique(np.stack([met[name] for name in _PAIR], axis=1), axis=0, return_inverse=True)
    order = np.lexsort((met["column"], which.ravel()))
    met, which = met[order], which.ravel()[order]
    column = _first_near(space.separation, first.outlines, second.outlines, met, which, len(pairs))
    starts = np.searchsorted(which, np.arange(len(pairs)))
    hull = {name: least.reduceat(met[name], starts) for name, least in _HULL}
    found: dict[tuple[int, int], list[int]] = {}
    for number in np.flatnonzero(column >= 0).tolist():
        found.setdefault((int(pairs[number, 0]), int(pairs[number, 2])), []).append(number)
    return [
        Clash(
            *owners,
            int(hull["lower"][numbers].min()),
            int(hull["upper"][numbers].max()),
            int(hull["start"][numbers].min()),
            int(hull["end"][numbers].max()),
            tuple(sorted(set(column[numbers].tolist()))),
        )
        for owners, numbers in sorted(found.items())
    ]


def meeting(first: Ints, second: Ints) -> Ints:
    """The pairs of owners that have a key in common, once each, as first's number times 2^32 and second's. Sides are (n, 2): key, owner."""
    order = np.argsort(second[:, 0], kind="stable")
    keys, owners = second[order].T
    start = np.searchsorted(keys, first[:, 0], side="left")
    counts = np.searchsorted(keys, first[:, 0], side="right") - start
    ends = np.cumsum(counts)
    found, at = np.zeros(0, dtype=np.int64), 0
    while at < len(first):
        until = max(at + 1, int(np.searchsorted(ends, (ends[at - 1] if at else 0) + _AT_ONCE, side="right")))
        one = np.repeat(np.arange(at, until), counts[at:until])
        nth = np.arange(len(one)) - np.repeat(
            np.cumsum(counts[at:until]) - counts[at:until], counts[at:until]
        )
        fresh = first[one, 1] << 32 | owners[start[one] + nth]
        found = np.union1d(found, fresh)
        at = until
    return found


def _met(separation: Separation, first: Opened, second: Opened) -> NDArray[np.void]:
    """Pairs of outlines with boxes in the same column, band and slot whose bands and spans are nearer than agreed, and the hull of what
    lies between. A peer may crowd a cell: only so many pairs of boxes are looked at at once."""
    places = [
        np.stack([side.rows[name].astype(np.int64) for name in ("column", "band", "slot")], axis=1)
        for side in (first, second)
    ]
    _, number = np.unique(np.concatenate(places), axis=0, return_inverse=True)
    ours, theirs = np.split(number.ravel(), [len(first.rows)])
    order = np.argsort(theirs, kind="stable")
    start = np.searchsorted(theirs[order], ours, side="left")
    counts = np.searchsorted(theirs[order], ours, side="right") - start
    ends = np.cumsum(counts)
    kept, at = [np.zeros(0, dtype=_BOUNDS)], 0
    while at < len(ours):
        until = max(at + 1, int(np.searchsorted(ends, (ends[at - 1] if at else 0) + _AT_ONCE, side="right")))
        one = np.repeat(np.arange(at, until), counts[at:until])
        nth = np.arange(len(one)) - np.repeat(
            np.cumsum(counts[at:until]) - counts[at:until], counts[at:until]
        )
        kept.append(_merged(_near(separation, first.rows, second.rows, one, order[start[one] + nth])))
        at = until
    return _told(_merged(np.concatenate(kept)), first.rows, second.rows)


def _near(
    separation: Separation, first: NDArray[np.void], second: NDArray[np.void], one: Ints, two: Ints
) -> NDArray[np.void]:
    """The pairs whose bands and spans are nearer than agreed; to touch is not to overlap (`conflict.conflict`)."""
    low, high = (
        np.maximum(first["lower"][one], second["lower"][two]),
        np.minimum(first["upper"][one], second["upper"][two]),
    )
    begin, end = (
        np.maximum(first["start"][one], second["start"][two]),
        np.minimum(first["end"][one], second["end"][two]),
    )
    height, time = low - high, begin - end
    near = (time < separation.clock_ms + (time < 0)) & (height < separation.vertical_mm + (height < 0))
    made = np.zeros(int(near.sum()), dtype=_BOUNDS)
    made["outlines"] = first["outline"][one[near]].astype(np.int64) << 32 | second["outline"][two[near]]
    made["lower"], made["upper"] = np.minimum(low, high)[near], np.maximum(low, high)[near]
    made["start"], made["end"] = np.minimum(begin, end)[near], np.maximum(begin, end)[near]
    return made


def _merged(met: NDArray[np.void]) -> NDArray[np.void]:
    """One row for each pair of outlines, with the hull of its bounds."""
    if not len(met):
        return met
    order = np.argsort(met["outlines"], kind="stable")
    met = met[order]
    starts = np.flatnonzero(np.concatenate([[True], met["outlines"][1:] != met["outlines"][:-1]]))
    made = met[starts].copy()
    for name, least in _HULL:
        made[name] = least.reduceat(met[name], starts)
    return np.asarray(made)


def _told(met: NDArray[np.void], first: NDArray[np.void], second: NDArray[np.void]) -> NDArray[np.void]:
    """The same with whose outlines they are, and where: an outline has one owner and one column."""
    made = np.zeros(len(met), dtype=_MET)
    made["outline"], made["their_outline"] = met["outlines"] >> 32, met["outlines"] & 0xFFFFFFFF
    for name, _ in _HULL:
        made[name] = met[name]
    for rows, owner, volume, outline in (
        (first, *_PAIR[:2], "outline"),
        (second, *_PAIR[2:], "their_outline"),
    ):
        where = np.zeros(int(rows["outline"].max(initial=-1)) + 1, dtype=np.int64)
        where[rows["outline"]] = np.arange(len(rows))
        found = rows[where[made[outline]]] if len(made) else rows[:0]
        made[owner], made[volume], made["column"] = found["owner"], found["volume"], found["column"]
    return made


def _first_near(
    separation: Separation,
    first: Sequence[Shape],
    second: Sequence[Shape],
    met: NDArray[np.void],
    which: Ints,
    count: int,
) -> Ints:
    """For each pair of volumes the first column in which they are nearer than agreed on the ground, or -1. `which` ascends."""
    starts = np.searchsorted(which, np.arange(count))
    ends = np.searchsorted(which, np.arange(count), side="right")
    found = np.full(count, -1, dtype=np.int64)
    at, step = starts.copy(), 1
    while True:
        waiting = np.flatnonzero((found < 0) & (at < ends))
        if not len(waiting):
            return found
        sizes = np.minimum(ends[waiting] - at[waiting], step)
        rows = (
            np.repeat(at[waiting], sizes)
            + np.arange(int(sizes.sum()))
            - np.repeat(np.cumsum(sizes) - sizes, sizes)
        )
        near = _apart(separation, first, second, met[rows])
        for row in reversed(rows[near].tolist()):  # the lowest column stands last, and stays
            found[which[row]] = met["column"][row]
        at[waiting] += sizes
        step = min(2 * step, _MOST_AT_A_TIME)


def _apart(
    separation: Separation, first: Sequence[Shape], second: Sequence[Shape], met: NDArray[np.void]
) -> NDArray[np.bool_]:
    """For each pair of outlines, whether they are nearer than agreed."""
    a = np.array([first[i] for i in met["outline"].tolist()], dtype=object)
    b = np.array([second[i] for i in met["their_outline"].tolist()], dtype=object)
    if not separation.horizontal_mm:
        found = np.asarray(shapely.relate_pattern(a, b, "T********"), dtype=bool)
        overlap = shapely.intersection(a[found], b[found])
        found[found] = shapely.area(overlap) > _THIN * np.maximum(shapely.length(overlap), 1e-300)
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
