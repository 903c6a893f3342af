"""Vectors of spec/tokens-airspace: cells and their tokens, boxes, handles, a pledge with an opening, parts, ids."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import numpy as np

from detente.ceremonies.run import RunTerms
from detente.ceremonies.showing import parts_of
from detente.ceremonies.volumes import RecordShown, cell_tokens
from detente.psi.pledge import Pledge
from detente.topics.airspace.boxes import ROW, cells_of, cut, index_of
from detente.topics.airspace.outline import outline
from detente.topics.airspace.space import Layer, Space
from detente.topics.airspace.topic import read, written
from detente.topics.airspace.volume import Volume4D

SPACE = Space((Layer(4, 600_000, 1_200_000), Layer(6, 300_000, 600_000)), 500_000, 100_000, 60_000, 5_000)
TERMS = RunTerms("a" * 64, "airspace", 1, "dh", 8, 0, "none", 1, 1, 1, 1, 1 << 20, SPACE)
NOON = 1_795_348_800_000
SHAPES = {
    "a box": [[(36.0, 33.0), (36.05, 33.0), (36.05, 33.03), (36.0, 33.03)]],
    "a bend": [[(36.0, 33.0), (36.1, 33.0), (36.1, 33.02), (36.02, 33.02), (36.02, 33.08), (36.0, 33.08)]],
    "over the antimeridian": [[(179.99, 10.0), (-179.99, 10.0), (-179.99, 10.02), (179.99, 10.02)]],
}


def make(old: Any) -> dict[str, Any]:
    return {
        "spec": "spec/tokens-airspace.md",
        "terms": msgspec.to_builtins(TERMS),
        "volumes": [_volume(name, rings) for name, rings in SHAPES.items()],
        "record": _record(),
    }


def _volume(name: str, rings: Any) -> dict[str, Any]:
    text = written(Volume4D(outline([rings]).shape, 1_150_000, 1_650_000, NOON, NOON + 900_000))
    boxes = cut(SPACE, [[read(text)]])
    index = index_of(SPACE, boxes.rows)
    layers = []
    for number in range(2):
        keys = np.unique(cells_of(SPACE, index, boxes.rows, number)[0])
        spelt = index.spelt(keys)
        cells = sorted(
            (spelt[20 * i : 20 * i + 20].hex(), cell_tokens(TERMS, number, spelt[20 * i : 20 * i + 20]).hex())
            for i in range(len(keys))
        )
        layers.append(
            {
                "cells": len(cells),
                "first": cells[0],
                "last": cells[-1],
                "all": hashlib.sha256("".join(t for _, t in cells).encode()).hexdigest(),
            }
        )
    fine = np.unique(cells_of(SPACE, index, boxes.rows, 1)[0])
    places = sorted([*map(str, row.tolist()[2:9])] for row in boxes.rows)
    parts = parts_of(SPACE, index, bytes(32), fine)
    return {
        "name": name,
        "volume": text,
        "boxes": len(boxes),
        "places": places[:3],
        "layers": layers,
        "parts": [len(part) for part in parts],
    }


def _record() -> dict[str, Any]:
    shown = RecordShown(b"\x01" * 32, b"\x02" * 32, b'{"priority":3,"state":0,"values":0}')
    tiny = outline(
        [[[(36.0, 33.0), (36.001, 33.0), (36.001, 33.001)]]]
    ).shape  # within its cell: nothing is cut
    boxes = cut(SPACE, [[Volume4D(tiny, 1_150_000, 1_250_000, NOON, NOON + 60_000)]])
    one = boxes.take(np.arange(1))
    row = one.committed([shown.handle])
    rows = row + bytes(ROW.itemsize)
    pledge = Pledge(rows, ROW.itemsize, 8, bytes(32))
    salts, proof = pledge.open(np.array([0]))
    return {
        "salt": shown.salt.hex(),
        "commitment": shown.commitment.hex(),
        "profile": shown.profile.decode(),
        "handle": shown.handle.hex(),
        "outline": one.outlines[0].hex(),
        "row": row.hex(),
        "size": 8,
        "root": pledge.root.hex(),
        "opened_salt": salts.hex(),
        "proof": proof.hex(),
    }
