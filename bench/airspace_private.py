"""A thousand planned volumes against a thousand, privately, both sides in one process: seconds, bytes, precision of each stage, beside the exact check.

    python bench/airspace_private.py [--volumes 1000] [--engine rr22] [--seed 1]

The volumes are corridors of 40 to 120 km by 2 to 10 km, 300 to 900 m high, 20 to 60 minutes long, over the Damascus flight information region in one day.
"""

from __future__ import annotations

import json
import math
import random

import shapely

from detente.topics.airspace.outline import outline
from detente.topics.airspace.volume import Volume4D
from detente.wire.instant import rfc3339

WEST, SOUTH, EAST, NORTH = 35.5, 32.3, 42.4, 37.3
DAY = 1_780_000_000_000 // 86_400_000 * 86_400_000


def corridors(count: int, seed: int) -> list[Volume4D]:
    """Invented corridors: a straight leg with its width, a band, a span."""
    dice = random.Random(seed)
    made = []
    for _ in range(count):
        lon, lat = dice.uniform(WEST, EAST), dice.uniform(SOUTH, NORTH)
        length, width, course = dice.uniform(40, 120), dice.uniform(2, 10), dice.uniform(0, 2 * math.pi)
        along = (math.sin(course), math.cos(course))
        across = (along[1], -along[0])
        corners = []
        for x, y in ((-1, -1), (-1, 1), (1, 1), (1, -1)):
            east = along[0] * x * length / 2 + across[0] * y * width / 2
            north = along[1] * x * length / 2 + across[1] * y * width / 2
            corners.append((lon + east / (111.3 * math.cos(math.radians(lat))), lat + north / 111.0))
        lower = dice.randrange(300, 11_000) * 1000
        start = DAY + dice.randrange(0, 23 * 3600) * 1000
        made.append(
            Volume4D(
                outline([[corners]]).shape,
                lower,
                lower + dice.randrange(300, 900) * 1000,
                start,
                start + dice.randrange(1200, 3600) * 1000,
            )
        )
    return made


def geojson(volumes: list[Volume4D], prefix: str) -> str:
    """A file that `detente rehearse airspace` reads."""
    features = [
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(volume.outline),
            "properties": {
                "id": f"{prefix}{number}",
                "altitude_lower_m": volume.lower_mm / 1000,
                "altitude_upper_m": volume.upper_mm / 1000,
                "altitude_datum": volume.datum.value,
                "time_start": rfc3339(volume.start),
                "time_end": rfc3339(volume.end),
            },
        }
        for number, volume in enumerate(volumes)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})
