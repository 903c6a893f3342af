"""A scene as PNG, drawn with numpy: areas, lines and the numbers of conflicts. Names are in the SVG and in the GeoJSON."""

from __future__ import annotations

import struct
import zlib
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from detente.adapters.exports.airspace.scene import HEIGHT, WIDTH, Kind, Line, Scene

Image: TypeAlias = NDArray[np.float32]
_OVER = 2  # drawn twice as large and averaged, so that edges are smooth
_STYLES: dict[Kind, tuple[str, float, str, float]] = {  # fill and its opacity, line and its width
    "sea": ("dfeaf2", 1.0, "", 0),
    "land": ("f4f1e8", 1.0, "9aa5ad", 1.0),
    "border": ("", 0, "b9a58a", 1.0),
    "grid": ("", 0, "b8c6cf", 0.6),
    "plan": ("1f6fb2", 0.16, "1f6fb2", 1.2),
    "closed": ("8a5a00", 0.16, "8a5a00", 1.4),
    "clash": ("b00020", 0.06, "b00020", 1.6),
    "conflict": ("b00020", 0.5, "b00020", 2.0),
}
_DIGITS = {  # 3 x 5 points a digit, a row an octal figure
    "0": "75557", "1": "26227", "2": "71747", "3": "71717", "4": "55711",
    "5": "74717", "6": "74757", "7": "71111", "8": "75757", "9": "75717",
}  # fmt: skip


def png(scene: Scene) -> bytes:
    """The scene as a file of 1200 x 900 points, in RGB."""
    image = np.ones((HEIGHT * _OVER, WIDTH * _OVER, 3), np.float32)
    for drawn in scene.drawn:
        fill, opacity, line, width = _STYLES[drawn.kind]
        lines = [points * _OVER for points in drawn.lines]
        if fill:
            _fill(image, lines, fill, opacity)
        if line:
            for points in lines:
                _stroke(image, points, line, width * _OVER)
    for mark in scene.marks:
        _number(image, mark.x * _OVER, mark.y * _OVER, mark.text)
    small = image.reshape(HEIGHT, _OVER, WIDTH, _OVER, 3).mean(axis=(1, 3))
    return _encoded(np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8))


def _encoded(pixels: NDArray[np.uint8]) -> bytes:
    """PNG, second edition: 8 bits a colour, no filter."""
    tall, wide, _ = pixels.shape
    raw = np.concatenate([np.zeros((tall, 1), np.uint8), pixels.reshape(tall, -1)], axis=1).tobytes()
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", wide, tall, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(raw, 6)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _fill(image: Image, rings: list[Line], colour: str, opacity: float) -> None:
    """Even-odd, row by row at the middle of each."""
    edges = [np.stack([ring, np.roll(ring, -1, axis=0)], axis=1) for ring in rings if len(ring) > 2]
    if not edges:
        return
    sides = np.concatenate(edges)
    sides = sides[sides[:, 0, 1] != sides[:, 1, 1]]
    tall, wide, _ = image.shape
    tint = _rgb(colour)
    low, high = sides[:, :, 1].min(axis=1), sides[:, :, 1].max(axis=1)
    for row in range(
        max(0, int(low.min()) if len(low) else 0), min(tall, int(high.max()) + 1 if len(high) else 0)
    ):
        y = row + 0.5
        cut = sides[(low <= y) & (high > y)]
        share = (y - cut[:, 0, 1]) / (cut[:, 1, 1] - cut[:, 0, 1])
        xs = np.sort(cut[:, 0, 0] + share * (cut[:, 1, 0] - cut[:, 0, 0]))
        ends = np.clip(np.rint(xs), 0, wide).astype(int).tolist()
        for start, stop in zip(ends[::2], ends[1::2], strict=False):
            if stop > start:
                image[row, start:stop] += opacity * (tint - image[row, start:stop])


def _stroke(image: Image, points: Line, colour: str, width: float) -> None:
    frame = shapely.box(-20, -20, image.shape[1] + 20, image.shape[0] + 20)
    drawn = shapely.intersection(shapely.LineString(points), frame).buffer(
        width / 2, quad_segs=1, cap_style="flat"
    )
    rings = [np.asarray(ring.coords)[:-1] for ring in shapely.get_rings(shapely.get_parts(drawn))]
    _fill(image, rings, colour, 1.0)


def _number(image: Image, x: float, y: float, text: str) -> None:
    round_ = np.asarray(shapely.Point(x, y).buffer(11 * _OVER).exterior.coords)[:-1]
    _fill(image, [round_], "b00020", 1.0)
    size = 2 * _OVER if len(text) < 3 else _OVER
    left, top = round(x - (4 * len(text) - 1) * size / 2), round(y - 2.5 * size)
    for place, digit in enumerate(text):
        for row, bits in enumerate(_DIGITS.get(digit, "00000")):
            for column in range(3):
                if int(bits) >> (2 - column) & 1:
                    at_y, at_x = max(top + row * size, 0), max(left + (4 * place + column) * size, 0)
                    image[at_y : at_y + size, at_x : at_x + size] = 1.0


def _rgb(colour: str) -> Image:
    return np.array([int(colour[k : k + 2], 16) / 255 for k in (0, 2, 4)], np.float32)
