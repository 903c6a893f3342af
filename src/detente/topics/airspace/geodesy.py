"""The earth, as arrays: points on the WGS84 ellipsoid, distances between them, and flat maps with a known stretch.

Coordinates are (n, 2) arrays of longitude and latitude in degrees; distances are metres. Two worlds meet here. Distances that
decide are ellipsoidal. H3 draws its cells on a sphere, with geodetic latitude taken as spherical: covers are computed there, in
radians, and every distance is converted outward with the smallest radius of curvature that the ellipsoid has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

EQUATOR = 6_378_137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY_2 = FLATTENING * (2 - FLATTENING)
LEAST_RADIUS = EQUATOR * (1 - ECCENTRICITY_2)
"""Of curvature, along the meridian at the equator: no metre on the ellipsoid is a longer arc on H3's sphere than 1/this."""
MOST_RADIUS = EQUATOR / math.sqrt(1 - ECCENTRICITY_2)


def ecef(points: Array) -> Array:
    """Earth-centred coordinates in metres of points at height 0: (..., 2) degrees to (..., 3)."""
    lon, lat = np.radians(points[..., 0]), np.radians(points[..., 1])
    sin = np.sin(lat)
    normal = EQUATOR / np.sqrt(1 - ECCENTRICITY_2 * sin * sin)
    flat = normal * np.cos(lat)
    return np.stack([flat * np.cos(lon), flat * np.sin(lon), normal * (1 - ECCENTRICITY_2) * sin], axis=-1)


def directions(points: Array) -> Array:
    """Unit vectors on H3's sphere: (..., 2) degrees to (..., 3)."""
    lon, lat = np.radians(points[..., 0]), np.radians(points[..., 1])
    flat = np.cos(lat)
    return np.stack([flat * np.cos(lon), flat * np.sin(lon), np.sin(lat)], axis=-1)


def arc(metres: float) -> float:
    """An arc on H3's sphere, in radians, that no such distance on the ellipsoid exceeds."""
    return metres / LEAST_RADIUS


def bend(points: Array) -> Array:
    """How far, in radians, a straight line in longitude and latitude can leave the chord between its ends on a unit sphere.

    `points` is (n, 2, 2): both ends of each edge. A bound from the second derivative (at most its largest value over 8), which
    holds at the poles too; on the ellipsoid it is to be taken times MOST_RADIUS.
    """
    lon = np.radians(points[:, 1, 0] - points[:, 0, 0])
    lat = np.radians(points[:, 1, 1] - points[:, 0, 1])
    near = np.minimum(np.abs(points[:, 0, 1]), np.abs(points[:, 1, 1]))
    across = np.sign(points[:, 0, 1]) != np.sign(points[:, 1, 1])
    wide = np.cos(np.radians(np.where(across, 0.0, near)))  # the largest cosine on the way
    steep = np.sin(np.radians(np.maximum(np.abs(points[:, 0, 1]), np.abs(points[:, 1, 1]))))
    return np.asarray((lat * lat + 2 * np.abs(lat * lon) * steep + lon * lon * wide) / 8)


def geodesic(chord: Array, middle: Array, along: Array) -> Array:
    """The length over the ground of a chord through the ellipsoid: (n,) metres, (n, 2) degrees, (n, 3) direction to (n,) metres.

    Euler's radius of curvature in that direction; good to a millimetre up to 200 km.
    """
    lon, lat = np.radians(middle[:, 0]), np.radians(middle[:, 1])
    sin, cos = np.sin(lat), np.cos(lat)
    root = np.sqrt(1 - ECCENTRICITY_2 * sin * sin)
    meridian, normal = LEAST_RADIUS / root**3, EQUATOR / root
    north = -sin * np.cos(lon) * along[:, 0] - sin * np.sin(lon) * along[:, 1] + cos * along[:, 2]
    share = np.clip((north / np.maximum(np.linalg.norm(along, axis=1), 1e-12)) ** 2, 0, 1)
    radius = 1 / (share / meridian + (1 - share) / normal)
    return np.asarray(2 * radius * np.arcsin(np.minimum(chord / (2 * radius), 1)))


def destination(lon: float, lat: float, bearings: Array, metres: float) -> Array:
    """Where geodesics from a point end: bearings in degrees, (n,) to (n, 2) degrees, longitudes near `lon` and not wrapped.

    Vincenty's direct formula; good to a tenth of a millimetre.
    """
    azimuth = np.radians(bearings)
    reduced = math.atan((1 - FLATTENING) * math.tan(math.radians(lat)))
    sin_u, cos_u = math.sin(reduced), math.cos(reduced)
    first = np.arctan2(math.tan(reduced), np.cos(azimuth))
    sin_alpha = cos_u * np.sin(azimuth)
    square = 1 - sin_alpha**2
    u2 = square * ECCENTRICITY_2 / (1 - ECCENTRICITY_2)
    big_a = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
    big_b = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
    start = metres / (EQUATOR * (1 - FLATTENING) * big_a)
    sigma = start
    for _ in range(8):
        middle = np.cos(2 * first + sigma)
        sin, cos = np.sin(sigma), np.cos(sigma)
        inner = cos * (2 * middle**2 - 1) - big_b / 6 * middle * (4 * sin**2 - 3) * (4 * middle**2 - 3)
        sigma = start + big_b * sin * (middle + big_b / 4 * inner)
    sin, cos, middle = np.sin(sigma), np.cos(sigma), np.cos(2 * first + sigma)
    rest = np.hypot(sin_alpha, sin_u * sin - cos_u * cos * np.cos(azimuth))
    lat2 = np.arctan2(sin_u * cos + cos_u * sin * np.cos(azimuth), (1 - FLATTENING) * rest)
    turned = np.arctan2(sin * np.sin(azimuth), cos_u * cos - sin_u * sin * np.cos(azimuth))
    c = FLATTENING / 16 * square * (4 + FLATTENING * (4 - 3 * square))
    shift = (1 - c) * FLATTENING * sin_alpha * (sigma + c * sin * (middle + c * cos * (2 * middle**2 - 1)))
    return np.asarray(np.stack([lon + np.degrees(turned - shift), np.degrees(lat2)], axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A flat map of H3's sphere around a point: azimuthal, true to distance from its centre, in radians.

    Distances on the map are never shorter than on the sphere, and at most `stretch(reach)` times as long where everything
    lies within `reach` radians of the centre.
    """

    centre: Array  # (3,)
    east: Array
    north: Array

    @classmethod
    def around(cls, points: Array) -> Frame:
        """Centred in the middle of some points: (n, 2) degrees."""
        return cls.at(directions(points).mean(axis=0))

    @classmethod
    def at(cls, towards: Array) -> Frame:
        """Centred where a vector points, of any length; where it has none, at longitude and latitude 0."""
        length = float(np.linalg.norm(towards))
        centre = towards / length if length > 1e-9 else np.array([1.0, 0.0, 0.0])
        axis = np.array([0.0, 0.0, 1.0]) if abs(centre[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
        east = np.cross(axis, centre)
        east /= np.linalg.norm(east)
        return cls(centre, east, np.cross(centre, east))

    def flat(self, towards: Array) -> Array:
        """Directions, (n, 3), as places on the map, (n, 2) radians."""
        x, y, z = towards @ self.east, towards @ self.north, towards @ self.centre
        out = np.hypot(x, y)
        scale = np.where(out > 1e-12, np.arctan2(out, z) / np.maximum(out, 1e-300), 1.0)
        return np.stack([x * scale, y * scale], axis=1)

    def degrees(self, places: Array) -> Array:
        """Places on the map, (n, 2) radians, as longitude and latitude in degrees."""
        far = np.hypot(places[:, 0], places[:, 1])[:, None]
        aside = np.sinc(far / np.pi)  # sin(far) / far
        towards = np.cos(far) * self.centre + aside * (places[:, :1] * self.east + places[:, 1:] * self.north)
        lon, lat = (
            np.arctan2(towards[:, 1], towards[:, 0]),
            np.arctan2(towards[:, 2], np.hypot(towards[:, 0], towards[:, 1])),
        )
        return np.asarray(np.degrees(np.stack([lon, lat], axis=1)))


def stretch(reach: float) -> float:
    """How much longer a line on a Frame's map can be than on the sphere, within `reach` radians of its centre."""
    return reach / math.sin(reach) if reach > 1e-9 else 1.0
