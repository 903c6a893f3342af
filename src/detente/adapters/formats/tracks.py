"""Track feeds: SBS-1 BaseStation lines, OpenSky states as JSON, CSV. The format is told by its beginning.

A report that is no track is a Problem with its place, never passed over silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from detente.adapters.formats import tracks_csv, tracks_opensky, tracks_sbs
from detente.adapters.formats.rows import DOCUMENT_BYTES, LINE_BYTES, Problem
from detente.errors import Misuse
from detente.topics.airspace.tracks import Track

Reports: TypeAlias = Iterator[Track | Problem]
_HEAD = 4096


def read_tracks(path: Path, source: str = "", *, utc_offset_minutes: int = 0) -> Reports:
    """The reports of a file in its order. `source` names the feed, else the file does; the offset is that of SBS-1's clock.

    Raises Misuse where the file as a whole can't be read.

    >>> for report in read_tracks(Path("feed.sbs")):  # doctest: +SKIP
    ...     match report:
    ...         case Track(): ...
    ...         case Problem(line, reason): ...
    """
    name = source or path.name[:64]
    try:
        with path.open("rb") as file:
            start = file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
        if start.startswith((b"{", b"[")):
            if path.stat().st_size > DOCUMENT_BYTES:
                raise Misuse(f"{path} is larger than {DOCUMENT_BYTES} bytes: split it by time")
            yield from tracks_opensky.read(path.read_bytes(), name)
            return
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            if tracks_sbs.is_message(start):
                yield from tracks_sbs.read(_lines(file), name, utc_offset_minutes=utc_offset_minutes)
            else:
                yield from tracks_csv.read(_lines(file), name)
    except OSError as error:
        raise Misuse(f"{path} can't be read ({error.strerror}): check its name and permissions") from None


def _lines(file: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(file, 1):
        if len(line) > LINE_BYTES:
            raise Misuse(f"line {number} has more than {LINE_BYTES} characters: this is no track feed")
        yield line


__all__ = ["Reports", "read_tracks"]
