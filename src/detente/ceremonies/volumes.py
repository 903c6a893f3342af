"""Our side of a run over airspace, committed: boxes behind a pledge, and the cells of each layer as tokens. spec/tokens-airspace, sections 4 and 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from detente import kernel
from detente.ceremonies.candidates import COUNT
from detente.ceremonies.inputs import dummy_seeds, shuffle
from detente.ceremonies.run import RunRecord, RunSetup, RunTerms
from detente.errors import FailedCheck, Misuse
from detente.psi.commitment import HASH, Commitment, derive, padded
from detente.psi.pledge import Pledge, digest
from detente.topics.airspace.boxes import ROW, Boxes, Index, Ints, above_of, cells_of, cut, index_of
from detente.topics.airspace.space import Space, require_sound
from detente.topics.airspace.topic import VOLUME, read
from detente.topics.airspace.volume import Volume4D
from detente.wire.canonical import canonical

SPELT = 20


class RecordShown(msgspec.Struct, frozen=True):
    """What is told of a record once one of its boxes is opened. `commitment` is its leaf in the `records.loaded` entry of its owner's journal."""

    salt: bytes
    commitment: bytes
    profile: bytes

    @property
    def handle(self) -> bytes:
        """What every box of the record was committed with: it fixes all of this."""
        return digest(b"record" + self.salt + self.commitment + self.profile)


@dataclass(frozen=True, slots=True, eq=False)
class OurVolumes:
    """Our boxes in the order of the pledge's leaves, which tells nothing of their place, and the records that own them."""

    space: Space
    records: tuple[RecordShown, ...]
    boxes: Boxes
    index: Index
    pledge: Pledge

    def __repr__(self) -> str:
        return f"OurVolumes(boxes={len(self.boxes)})"


def prepare(setup: RunSetup, entropy: bytes) -> OurVolumes:
    """Cuts our records' volumes and commits to all of it. Raises Refused over the agreed limits, Misuse for records that are no volumes."""
    space = space_of(setup.terms)
    require_sound(space)
    records = tuple(_record(setup, number, entropy) for number in range(len(setup.records)))
    volumes = [[_volume(space, kind, text) for kind, text in record.values] for record in setup.records]
    boxes = cut(space, volumes)
    index = index_of(space, boxes.rows)
    boxes = Boxes(boxes.rows[_order(space, index, boxes, derive(entropy, "order"))], boxes.outlines)
    rows = boxes.committed([record.handle for record in records])
    pledge = Pledge(rows, ROW.itemsize, padded(len(boxes)), derive(entropy, "pledge"))
    return OurVolumes(space, records, boxes, index, pledge)


def first_size(space: Space, records: Sequence[RunRecord]) -> int:
    """How many cells of the first layer these records declare, padded: what a run of them is charged for first."""
    rows = cut(
        space, [[_volume(space, kind, text) for kind, text in record.values] for record in records]
    ).rows
    keys, _ = cells_of(space, index_of(space, rows), rows, 0)
    return padded(len(np.unique(keys)))


def space_of(terms: RunTerms) -> Space:
    if terms.space is None:
        raise Misuse("an airspace run needs the agreed layers and separations")
    return terms.space


def _record(setup: RunSetup, number: int, entropy: bytes) -> RecordShown:
    record = setup.records[number]
    leaf = setup.batches[record.batch].commitments[record.place * HASH : (record.place + 1) * HASH]
    return RecordShown(derive(entropy, "handle", number), leaf, canonical({**record.profile, COUNT: 0}))


def _volume(space: Space, kind: str, text: str) -> Volume4D:
    if kind != VOLUME:
        raise Misuse("a record of airspace brings volumes and nothing else")
    volume = read(text)
    if volume.datum is not space.datum:
        raise Misuse(
            f"the agreement compares altitudes above {space.datum.value}, and a plan has {volume.datum.value}: convert it first"
        )
    return volume


def _order(space: Space, index: Index, boxes: Boxes, seed: bytes) -> Ints:
    """Boxes of one coarse cell side by side, so that they open with short proofs; the cells, and the boxes within one, in random order."""
    keys, _ = cells_of(space, index, boxes.rows, 0) if len(space.layers) > 1 else (boxes.rows["column"], None)
    _, group = np.unique(keys, return_inverse=True)
    dice = np.frombuffer(kernel.expand(seed, b"detente/order/1", len(keys), 16), dtype=np.uint64).reshape(
        -1, 2
    )
    return np.lexsort((dice[:, 0], dice[:, 1][group.ravel()]))


# --- one layer


@dataclass(frozen=True, slots=True, eq=False)
class LayerInputs:
    """The tokens of one layer. `keys` are our cells in it, ascending; `places` the position of each; `held` and `at` which box has which cell."""

    tokens: bytes
    commitment: Commitment
    keys: Ints
    places: Ints
    held: Ints
    at: Ints

    @property
    def size(self) -> int:
        return self.commitment.size

    def met(self, positions: Sequence[int]) -> Ints:
        """Our cells at these positions. FailedCheck where one is a dummy: nobody can hold the hash of the other's dummy seed."""
        known = np.full(self.size, -1, dtype=np.int64)
        known[self.places] = np.arange(len(self.keys))
        found = known[np.asarray(positions, dtype=np.int64)]
        if (found < 0).any():
            raise FailedCheck()
        return np.sort(self.keys[found])


def layer_inputs(
    terms: RunTerms, ours: OurVolumes, number: int, under: Ints | None, entropy: bytes
) -> LayerInputs:
    """Our cells of one layer, all or those `under` cells that were met in the layer before; padded, shuffled and committed."""
    space, rows = ours.space, ours.boxes.rows
    within = np.arange(len(rows))
    if under is not None:
        above, at = cells_of(space, ours.index, rows, number - 1)
        within = np.unique(at[np.isin(above, under)])
    held, place = cells_of(space, ours.index, rows[within], number)
    if under is not None:  # a box reaches beyond the cells that met
        below = np.isin(above_of(space, ours.index, held, number), under)
        held, place = held[below], place[below]
    keys = np.unique(held)
    size, seed = padded(len(keys)), derive(entropy, "layer", number)
    places = shuffle(size, derive(seed, "order"))[: len(keys)]
    tokens = (
        np.frombuffer(kernel.hash_rows(b"detente/dummy/1", dummy_seeds(seed, size), HASH), dtype=np.uint8)
        .reshape(size, HASH)
        .copy()
    )
    tokens[places] = np.frombuffer(
        cell_tokens(terms, number, ours.index.spelt(keys)), dtype=np.uint8
    ).reshape(-1, HASH)
    encoded = tokens.tobytes()
    return LayerInputs(
        encoded, Commitment(encoded, [b""] * size, derive(seed, "salts")), keys, places, held, within[place]
    )


def cell_tokens(terms: RunTerms, number: int, spelt: bytes) -> bytes:
    """The tokens of cells, 32 bytes each: separated by agreement, topic, version, datum and grid."""
    space = space_of(terms)
    layer = space.layers[number]
    kind = f"cell {number} {space.datum.value} {layer.resolution} {layer.band_mm} {layer.slot_ms}"
    domain = f"{terms.agreement}/{terms.topic}/{terms.version}/{kind}".encode()
    return kernel.hash_rows(b"detente/token/1" + len(domain).to_bytes(2, "big") + domain, spelt, SPELT)
