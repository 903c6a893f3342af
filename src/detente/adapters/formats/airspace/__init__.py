"""Files of plans, in the formats in which people have them, as operational intents.

A format is a module with `read(source) -> Drawing` and a line in `_format_of`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from detente.adapters.formats.airspace import f3548, flightplan, geojson, tracks
from detente.adapters.formats.airspace.fixes import Fixes, read_fixes
from detente.adapters.formats.airspace.geoid import read_geoid
from detente.adapters.formats.airspace.plan import Drawing, Margins, Plans, Source, gathered
from detente.errors import Misuse
from detente.topics.airspace.datum import Undulation
from detente.topics.airspace.volume import Datum

__all__ = ["Fixes", "Margins", "Plans", "read_fixes", "read_geoid", "read_plans"]

_HEAD = 1 << 16
_GEOJSON = re.compile(rb'"type"\s*:\s*"(FeatureCollection|Feature)"|"geometry"\s*:')
_F3548 = re.compile(rb'"(' + "|".join(f3548.MEMBERS).encode() + rb')"\s*:')


def read_plans(
    path: Path,
    *,
    datum: Datum | None = None,
    geoid: Undulation = None,
    fixes: Fixes | None = None,
    margins: Margins | None = None,
) -> Plans:
    """The plans of a file, with what could not be read and what was mended; the format is told by its beginning.

    With `datum` all altitudes are converted to it, or refused; `geoid` is what heights above sea level need for that. `fixes`
    and `margins` are for routes and tracks. Raises Misuse where the file as a whole can't be read.

    >>> plans = read_plans(Path("sorties.geojson"), datum=Datum.WGS84)  # doctest: +SKIP
    >>> [intent.id for intent in plans.intents], [str(problem) for problem in plans.problems]  # doctest: +SKIP
    """
    source = Source(path, fixes or Fixes(), margins or Margins())
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
        return gathered(_format_of(path, head)(source), datum, geoid)
    except OSError as error:
        raise Misuse(f"{path} can't be read ({error.strerror}): check its name and permissions") from None


def _format_of(path: Path, head: bytes) -> Callable[[Source], Drawing]:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"{", b"[")):
        return f3548.read if _F3548.search(head) and not _GEOJSON.search(head) else geojson.read
    if flightplan.BEGINNING.search(head):
        return flightplan.read
    if tracks.is_header(start.partition(b"\n")[0]):
        return tracks.read
    raise Misuse(
        f"{path} is in no format of plans that is known: give GeoJSON, F3548 JSON, ICAO flight plans, or CSV with"
        f" {', '.join(tracks.COLUMNS)}"
    )
