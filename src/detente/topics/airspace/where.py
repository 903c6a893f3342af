"""Where a conflict is: the ground on which two volumes are nearer than agreed."""

from __future__ import annotations

import numpy as np
import shapely

from detente.errors import Misuse
from detente.topics.airspace.corridor import enlarged
from detente.topics.airspace.geodesy import Frame, directions
from detente.topics.airspace.outline import Shape
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.volume import Volume4D


def where(a: Volume4D, b: Volume4D, separation: Separation) -> Shape | None:
    """What both outlines have in common, each enlarged by half of the separation; for showing, not for deciding. None: nothing.

    >>> from detente.topics.airspace.outline import circle
    >>> one, other = (Volume4D(circle(lon, 33, 5000).shape, 0, 1, 0, 1) for lon in (35, 35.08))
    >>> where(one, other, Separation()).area > 0
    True
    """
    shapes = [a.outline, b.outline]
    if separation.horizontal_mm:
        shapes = [_wider(shape, separation.horizontal_mm / 2000) for shape in shapes]
    common = shapely.intersection(*shapes)
    parts = [part for part in shapely.get_parts(common) if part.area > 0]
    return None if not parts else parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _wider(shape: Shape, metres: float) -> Shape:
    points = shapely.get_coordinates(shape)
    frame = Frame.around(points)
    drawn = shapely.transform(
        shapely.segmentize(shape, 0.25), lambda corners: frame.flat(directions(np.asarray(corners)))
    )
    try:
        return enlarged(frame, shapely.make_valid(drawn), metres, metres / 20 + 1).shape
    except (Misuse, AttributeError):  # parts on both sides of the antimeridian: shown as they are
        return shape
