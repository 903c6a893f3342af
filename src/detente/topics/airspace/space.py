"""How airspace is cut into cells for a private comparison: what both parties agree on before a run. spec/tokens-airspace, sections 2 and 3."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

import msgspec
from msgspec import Meta

from detente.errors import Misuse
from detente.topics.airspace.separation import Separation
from detente.topics.airspace.volume import Datum

_TALLEST_MM = 100_000_000
_MOST_WITHIN = 64
SLOT_BITS, BAND_BITS = 28, 15
"""A slot since 1970 and a band above or below zero, as short and as thin as a layer may have them, fit in so many bits."""


class Layer(msgspec.Struct, frozen=True):
    """One grid: H3 cells of a resolution, bands of altitude, slots of time. Later layers are finer.

    >>> Layer(4, 600_000, 1_200_000).resolution
    4
    """

    resolution: Annotated[int, Meta(ge=0, le=10)]
    band_mm: Annotated[int, Meta(ge=10_000, le=_TALLEST_MM)]
    slot_ms: Annotated[int, Meta(ge=30_000, le=86_400_000)]


class Space(msgspec.Struct, frozen=True):
    """Layers from coarse to fine, what two volumes must keep between them, and the one datum in which all altitudes are.

    Separations in millimetres and milliseconds; `skew_ms` bounds how far the two clocks may differ. `boxes_limit` is how many boxes a side may
    commit to in one run, `pieces_limit` how many may be opened for one cell.
    """

    layers: Annotated[tuple[Layer, ...], Meta(min_length=1, max_length=4)]
    horizontal_mm: int = 0
    vertical_mm: int = 0
    time_ms: int = 0
    skew_ms: int = 0
    datum: Datum = Datum.WGS84
    boxes_limit: Annotated[int, Meta(ge=1, le=1 << 22)] = 1 << 21
    pieces_limit: Annotated[int, Meta(ge=1, le=4096)] = 256

    @property
    def fine(self) -> Layer:
        return self.layers[-1]

    @property
    def grain(self) -> Layer:
        """The layer whose bands and slots bound what is opened of a volume: the first. (The last one's cells bound it on the ground.)"""
        return self.layers[0]

    @property
    def separation(self) -> Separation:
        return Separation(self.horizontal_mm, self.vertical_mm, self.time_ms, self.skew_ms)

    @property
    def rise_mm(self) -> int:
        """Half of the vertical separation, rounded up: by so much each side's volume reaches further."""
        return -(-self.vertical_mm // 2)

    @property
    def wait_ms(self) -> int:
        """Half of the separation in time with the clocks' skew, rounded up."""
        return -(-(self.time_ms + self.skew_ms) // 2)


def contradictions(space: Space) -> Iterator[str]:
    """Each thing that cannot hold together, as a sentence."""
    for coarse, fine in pairwise(space.layers):
        if fine.resolution < coarse.resolution or fine == coarse:
            yield "layers go from coarse to fine; order them by resolution"
        if coarse.band_mm % fine.band_mm or coarse.slot_ms % fine.slot_ms:
            yield "a coarse band or slot must be a whole number of finer ones, so that a shared fine cell is always in a shared coarse one"
    if (space.grain.band_mm // space.fine.band_mm) * (
        space.grain.slot_ms // space.fine.slot_ms
    ) > _MOST_WITHIN:
        yield f"a cell of the first layer holds more than {_MOST_WITHIN} bands and slots of the last; make the last coarser"
    try:
        assert space.separation
    except Misuse as problem:
        yield str(problem)


def require_sound(space: Space) -> None:
    """Raises Misuse with the first contradiction.

    >>> require_sound(Space((Layer(4, 600_000, 1_200_000), Layer(6, 300_000, 600_000))))
    """
    for sentence in contradictions(space):
        raise Misuse(sentence)
