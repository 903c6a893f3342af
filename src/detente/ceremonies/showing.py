"""The exact step: both open the boxes of the cells that they share, in turn, against what they pledged. spec/tokens-airspace, section 6.

Cells are cut into parts by the coarse cell they lie in, so that what belongs together opens together; first's part 0, second's part 0 with its
part 1, and so on, as buckets open.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from detente.ceremonies.ceremony import Send
from detente.ceremonies.stage import decode
from detente.ceremonies.stage import turn as turn_of
from detente.ceremonies.volumes import LayerInputs, OurVolumes, RecordShown
from detente.errors import FailedCheck, Malformed
from detente.psi.commitment import HASH, MAX_PROFILE
from detente.psi.pledge import verify_rows
from detente.topics.airspace.boxes import BOX, ROW, Boxes, Index, Ints, bounds, cells_of, parents
from detente.topics.airspace.space import SLOT_BITS, Space
from detente.topics.airspace.surroundings import Surroundings
from detente.topics.airspace.verdict import Opened
from detente.topics.airspace.volume import HIGHEST_MM, LOWEST_MM
from detente.wire.instant import LATEST

PARTS = 8


class Shown(msgspec.Struct, frozen=True):
    """One part, opened. Boxes are rows of `BOX`: `owner` numbers all records shown so far, `outline` the outlines of this part."""

    records: list[RecordShown]
    outlines: list[bytes]
    boxes: bytes
    positions: bytes
    salts: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class Theirs:
    """What the peer signed before anything was compared."""

    root: bytes
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What one side has opened so far: records by number, boxes with owners and outlines numbered over all parts."""

    records: tuple[RecordShown, ...] = ()
    rows: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, dtype=BOX))
    outlines: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Showing:
    """The exact step under way. Immutable."""

    ours: OurVolumes
    theirs: Theirs
    met: tuple[Ints, ...]  # our keys of the cells that both have, by part
    turns: tuple[Ints, ...]  # which of our boxes open in which part: all with one of its cells
    sent: int = 0
    got: int = 0
    opened: Side = field(default_factory=Side)
    heard: Side = field(default_factory=Side)

    @property
    def finished(self) -> bool:
        return self.sent == self.got == PARTS

    @property
    def names(self) -> list[str]:
        """Which parts the peer's next message carries."""
        return turn_of(self.sent, self.got, PARTS)

    def begin(self) -> tuple[Showing, Send]:
        """Whose turn it is opens its first part."""
        showing, part = self._show(0)
        return replace(showing, sent=1), Send("boxes", {}, {"first": part})

    def receive(self, parts: Mapping[str, bytes]) -> tuple[Showing, Send | None]:
        """The peer's next parts; ours in return, or None where there is no more to show. Raises Malformed or FailedCheck."""
        names = self.names
        if set(parts) != set(names):
            raise Malformed("a message with the wrong parts")
        showing = self
        for name in names:
            showing = replace(showing, heard=showing._read(parts[name], showing.got), got=showing.got + 1)
        if showing.sent == PARTS:
            return showing, None
        showing, part = showing._show(showing.sent)
        out, showing = {"second": part}, replace(showing, sent=showing.sent + 1)
        if showing.sent < PARTS:
            showing, part = showing._show(showing.sent)
            out, showing = {**out, "first": part}, replace(showing, sent=showing.sent + 1)
        return showing, Send("boxes", {}, out)

    def _show(self, number: int) -> tuple[Showing, bytes]:
        """One of our parts."""
        positions = self.turns[number]
        boxes = self.ours.boxes.take(positions)
        known = {record.handle: at for at, record in enumerate(self.opened.records)}
        fresh = []
        owners = np.zeros(len(self.ours.records), dtype=np.int32)
        for owner in np.unique(boxes.rows["owner"]).tolist():
            record = self.ours.records[owner]
            if record.handle not in known:
                known[record.handle] = len(known)
                fresh.append(record)
            owners[owner] = known[record.handle]
        boxes.rows["owner"] = owners[boxes.rows["owner"]]
        salts, proof = self.ours.pledge.open(positions)
        shown = Shown(
            fresh, list(boxes.outlines), boxes.rows.tobytes(), positions.astype("<u4").tobytes(), salts, proof
        )
        return replace(self, opened=_added(self.opened, shown, boxes)), msgspec.msgpack.encode(shown)

    def _read(self, data: bytes, number: int) -> Side:
        """One of their parts: what it opens was pledged, lies where both have a cell of this part, and leaves no such cell out."""
        shown: Shown = decode(data, Shown)
        met = self.met[number]
        count = len(shown.positions) // 4
        if (
            count > len(met) * self.ours.space.pieces_limit
            or len(shown.boxes) != count * BOX.itemsize
            or len(shown.positions) % 4
        ):
            raise FailedCheck(data[:4096])
        boxes = Boxes(np.frombuffer(shown.boxes, dtype=BOX), tuple(shown.outlines))
        _check_records(shown, self.heard.records, boxes.rows)
        rows = _committed(boxes, [*self.heard.records, *shown.records])
        positions = np.frombuffer(shown.positions, dtype="<u4").astype(np.int64)
        verify_rows(
            self.theirs.root, self.theirs.size, positions, rows, ROW.itemsize, shown.salts, shown.proof
        )
        self._check_places(boxes, met)
        return _added(self.heard, shown, boxes)

    def _check_places(self, boxes: Boxes, met: Ints) -> None:
        """Every box has a cell of this part and is no larger than one may be; every cell of this part is in a box."""
        space, index, rows = self.ours.space, self.ours.index, boxes.rows
        low, high, first, last = bounds(space, rows["band"], rows["slot"])
        fits = (low <= rows["lower"]) & (rows["lower"] <= rows["upper"]) & (rows["upper"] <= high)
        fits &= (first <= rows["start"]) & (rows["start"] <= rows["end"]) & (rows["end"] <= last)
        fits &= (
            (rows["lower"] >= LOWEST_MM)
            & (rows["upper"] <= HIGHEST_MM)
            & (rows["start"] >= 0)
            & (rows["end"] <= LATEST)
        )
        # so that no cell of theirs is spelt like another: a coarser column, which `index` has too, has no cell of the last layer
        fits &= (rows["slot"] < 1 << SLOT_BITS) & (rows["column"] >> 52 & 0xF == space.fine.resolution)
        if not fits.all() or not _among(rows["column"], index.columns).all():
            raise FailedCheck(rows.tobytes()[:4096])
        keys, at = cells_of(space, index, rows, len(space.layers) - 1)
        of_this = _among(keys, met)
        if len(np.unique(at[of_this])) != len(rows) or len(np.unique(keys[of_this])) != len(met):
            raise FailedCheck(rows.tobytes()[:4096])


def _among(wanted: Ints, known: Ints) -> NDArray[np.bool_]:
    """Which of them are in `known`, which ascends."""
    if not len(known):
        return np.zeros(len(wanted), dtype=bool)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.asarray(known[place] == wanted)


def parts_of(space: Space, index: Index, sid: bytes, met: Ints) -> tuple[Ints, ...]:
    """The cells that both have, by part: which part follows from the first layer's cell above, alike on both sides."""
    columns, band, slot = index.parts(met)
    top, fine = space.layers[0], space.fine
    above = np.stack(
        [
            parents(columns, top.resolution),
            band // (top.band_mm // fine.band_mm),
            slot // (top.slot_ms // fine.slot_ms),
        ],
        axis=1,
    )
    known, which = np.unique(above, axis=0, return_inverse=True)
    part = (
        np.array([_part(sid, row) for row in known.tolist()], dtype=np.int64)[which.ravel()]
        if len(met)
        else np.zeros(0)
    )
    return tuple(met[part == number] for number in range(PARTS))


def turns_of(last: LayerInputs, met: tuple[Ints, ...]) -> tuple[Ints, ...]:
    """Which of our boxes open in which part, ascending. A box lies in one first-layer cell, and so opens in one part."""
    return tuple(np.unique(last.at[_among(last.held, cells)]) for cells in met)


def _part(sid: bytes, cell: list[int]) -> int:
    spelt = b"".join(n.to_bytes(8, "big", signed=True) for n in cell)
    return hashlib.sha256(b"detente/part/1" + sid + spelt).digest()[0] % PARTS


def _check_records(shown: Shown, known: tuple[RecordShown, ...], rows: NDArray[np.void]) -> None:
    """Records are shown once each, with the first box that is theirs; no box points to what is not shown."""
    total = len(known) + len(shown.records)
    good = len(shown.records) <= len(rows) and len(shown.outlines) <= len(rows)
    good = good and all(
        len(r.salt) == len(r.commitment) == HASH and len(r.profile) <= MAX_PROFILE for r in shown.records
    )
    if not good or len({r.commitment for r in (*known, *shown.records)}) != total:
        raise FailedCheck(rows.tobytes()[:4096])
    if not len(rows):
        return
    owners, outlines = rows["owner"], rows["outline"]
    if (
        owners.min() < 0
        or owners.max() >= total
        or outlines.min() < 0
        or outlines.max() >= len(shown.outlines)
    ):
        raise FailedCheck(rows.tobytes()[:4096])


def _committed(boxes: Boxes, records: list[RecordShown]) -> bytes:
    """The rows that these boxes must have been committed as; every outline is used, and belongs to one record in one column."""
    rows = boxes.rows
    places = np.stack([rows["outline"], rows["owner"], rows["column"]], axis=1)
    if np.unique(places, axis=0)[:, 0].tolist() != list(range(len(boxes.outlines))):
        raise FailedCheck(rows.tobytes()[:4096])
    return boxes.committed([record.handle for record in records])


def _added(side: Side, shown: Shown, boxes: Boxes) -> Side:
    rows = boxes.rows.copy()
    rows["outline"] += len(side.outlines)
    return Side(
        (*side.records, *shown.records), np.concatenate([side.rows, rows]), (*side.outlines, *boxes.outlines)
    )


def opened(space: Space, side: Side) -> Opened:
    """One side's boxes with outlines read. Raises FailedCheck for an outline that is not within its column's surroundings."""
    columns = np.zeros(len(side.outlines), dtype=np.int64)
    columns[side.rows["outline"]] = side.rows["column"]
    return Opened(side.rows, Surroundings(space).read(side.outlines, columns))
