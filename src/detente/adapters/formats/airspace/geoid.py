"""Geoid grids: GeographicLib's PGM files (egm96-5.pgm, egm2008-1.pgm and their like) and small tables of latitude, longitude, height.

Source of the PGM layout: the documentation of GeographicLib::Geoid. A table is CSV with the columns lat, lon, undulation_m on a regular grid.
"""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path

import numpy as np

from detente.errors import Misuse
from detente.topics.airspace.datum import Geoid

_HEADER_BYTES = 1 << 14
_TABLE_BYTES = 64 << 20
_SIZE = re.compile(rb"^(\d{1,6}) (\d{1,6})\s+65535\n", re.MULTILINE)
_NUMBER = rb"# %s\s+(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*$"


def read_geoid(path: Path) -> Geoid:
    """The grid of a file. Raises Misuse where it is none.

    >>> read_geoid(Path("egm96-15.pgm")).between(outline)  # doctest: +SKIP
    (24.03, 25.11)
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
        return _pgm(path, head) if head.startswith(b"P5") else _table(path)
    except OSError as error:
        raise Misuse(f"{path} can't be read ({error.strerror}): check its name and permissions") from None


def _pgm(path: Path, head: bytes) -> Geoid:
    """16-bit numbers, from 90 N southward, from 0 E eastward; the last row is 90 S, the last column one step before 360 E."""
    size = _SIZE.search(head)
    offset, scale = (re.search(_NUMBER % name, head, re.MULTILINE) for name in (b"Offset", b"Scale"))
    if size is None or offset is None or scale is None:
        raise Misuse(
            f"{path} is a PGM picture but no geoid: it lacks a size of 16-bit values, an Offset or a Scale"
        )
    columns, rows = int(size[1]), int(size[2])
    if rows < 3 or columns < 4 or path.stat().st_size != size.end() + 2 * rows * columns:
        raise Misuse(f"{path} is a geoid that was cut off or is not a whole number of rows: fetch it again")
    heights = np.memmap(path, dtype=">u2", mode="r", offset=size.end(), shape=(rows, columns))
    return Geoid(heights, 90.0, 0.0, (180 / (rows - 1), 360 / columns), float(offset[1]), float(scale[1]))


def _table(path: Path) -> Geoid:
    if path.stat().st_size > _TABLE_BYTES:
        raise Misuse(f"{path} is larger than {_TABLE_BYTES} bytes: use a geoid in PGM")
    try:
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        found = {(float(row["lat"]), float(row["lon"])): float(row["undulation_m"]) for row in reader}
    except (KeyError, TypeError, ValueError, csv.Error):
        raise Misuse(
            f"{path} is no geoid: give GeographicLib's PGM, or CSV with the columns lat, lon, undulation_m"
        ) from None
    lats, lons = (np.array(sorted({place[k] for place in found})) for k in (0, 1))
    if len(lats) < 2 or len(lons) < 2 or len(found) != len(lats) * len(lons):
        raise Misuse(f"{path} is no regular grid: it needs each latitude with each longitude once")
    steps = [np.diff(axis) for axis in (lats, lons)]
    if any(np.ptp(step) > 1e-6 for step in steps) or not all(
        math.isfinite(height) for height in found.values()
    ):
        raise Misuse(
            f"{path} is no regular grid: its latitudes and longitudes must be evenly spaced, its heights numbers"
        )
    heights = np.array([[found[lat, lon] for lon in lons] for lat in lats[::-1]])
    return Geoid(heights, float(lats[-1]), float(lons[0]), (float(steps[0].mean()), float(steps[1].mean())))
