"""What a peer may try in a run over airspace, and must fail at (spec/tokens-airspace, sections 4 to 7)."""

import struct

import msgspec
import numpy as np
import pytest
import shapely

from detente.ceremonies import refining, volumes
from detente.ceremonies.showing import Showing, Shown, Theirs
from detente.ceremonies.volumes import prepare
from detente.errors import FailedCheck, Malformed, OutOfTurn, Overdrawn, PeerFault, Refused
from detente.psi.commitment import padded
from detente.topics.airspace.boxes import BOX, Boxes, cells_of
from support.skies import FIRST, HOUR, SECOND, SPACE, Flight, box, fly, plan, replace, setup_of

QUARTER = HOUR // 4
OURS = [
    plan("north-1", box(36.0, 33.0, 36.08, 33.03, high=1150, end=QUARTER)),
    plan("north-2", box(36.0, 33.02, 36.06, 33.04, high=1150, end=QUARTER)),
]
THEIRS = [
    plan("south-1", box(36.05, 33.01, 36.12, 33.06, high=1150, end=QUARTER)),
    plan("south-2", box(36.04, 33.02, 36.08, 33.08, high=1150, end=QUARTER)),
]
CHEAT = SECOND


def cheated(step, change, ours=OURS, theirs=THEIRS):
    """A run in which SECOND changes its first message of a step; what FIRST makes of it."""
    flight = Flight(setup_of(FIRST, ours), setup_of(SECOND, theirs))
    done = False

    def tamper(who, send):
        nonlocal done
        if who != CHEAT or send.step != step or done:
            return send
        altered = change(send)
        done = altered is not send
        return altered

    flight.tamper = tamper
    with pytest.raises(PeerFault) as caught:
        flight.fly()
    assert done, "nothing was changed"
    assert FIRST not in flight.results
    return caught.value


def reopened(change):
    """Changes what a `boxes` message shows in its first part that shows anything."""

    def alter(send):
        for name, data in send.parts.items():
            shown = msgspec.msgpack.decode(data, type=Shown)
            if shown.positions:
                rows = np.frombuffer(shown.boxes, dtype=BOX).copy()
                return replace(send, parts={**send.parts, name: msgspec.msgpack.encode(change(shown, rows))})
        return send

    return alter


def row_changed(name, by):
    def change(shown, rows):
        rows[name][0] += by
        return msgspec.structs.replace(shown, boxes=rows.tobytes())

    return change


@pytest.mark.parametrize("name", ["volume", "column", "band", "slot", "lower", "upper", "start", "end"])
@pytest.mark.parametrize("by", [1, (1 << 30) - 1])
def test_a_box_that_is_not_what_was_pledged_is_refused(name, by):
    assert isinstance(cheated("boxes", reopened(row_changed(name, by))), FailedCheck)


def moved(outline, by=0.001):
    shape = shapely.transform(shapely.from_wkb(outline), lambda points: points + by)
    return shapely.to_wkb(shape, byte_order=1)


@pytest.mark.parametrize(
    "change",
    [
        lambda shown, rows: msgspec.structs.replace(shown, outlines=[moved(shown.outlines[0]), *shown.outlines[1:]]),
        lambda shown, rows: msgspec.structs.replace(shown, outlines=[*shown.outlines, shown.outlines[0]]),
        lambda shown, rows: msgspec.structs.replace(shown, outlines=[]),
        lambda shown, rows: msgspec.structs.replace(shown, salts=bytes(len(shown.salts))),
        lambda shown, rows: msgspec.structs.replace(shown, proof=shown.proof[32:]),
        lambda shown, rows: msgspec.structs.replace(shown, records=[msgspec.structs.replace(r, commitment=bytes(32)) for r in shown.records]),
        lambda shown, rows: msgspec.structs.replace(shown, records=[msgspec.structs.replace(r, profile=b"{}") for r in shown.records]),
        lambda shown, rows: msgspec.structs.replace(shown, records=[msgspec.structs.replace(r, profile=b"x" * 5000) for r in shown.records]),
        lambda shown, rows: msgspec.structs.replace(shown, records=shown.records * 5000),
        lambda shown, rows: msgspec.structs.replace(shown, boxes=shown.boxes[: BOX.itemsize]),
        lambda shown, rows: msgspec.structs.replace(shown, boxes=shown.boxes[:-1]),
        lambda shown, rows: msgspec.structs.replace(shown, positions=shown.positions[:-1]),
        lambda shown, rows: msgspec.structs.replace(shown, positions=bytes(len(shown.positions))),
        lambda shown, rows: msgspec.structs.replace(shown, positions=b"\xff" * len(shown.positions)),
        lambda shown, rows: Shown([], [], b"", b"", b"", b""),
    ],
)  # fmt: skip
def test_an_opening_that_was_changed_or_left_out_is_refused(change):
    assert isinstance(cheated("boxes", reopened(change)), FailedCheck)


@pytest.mark.parametrize("name", ["owner", "outline"])
@pytest.mark.parametrize("value", [-1, 1 << 30])
def test_a_box_that_points_nowhere_is_refused(name, value):
    def change(shown, rows):
        rows[name][0] = value
        return msgspec.structs.replace(shown, boxes=rows.tobytes())

    assert isinstance(cheated("boxes", reopened(change)), FailedCheck)


TALL = [plan("south-1", box(36.05, 33.01, 36.12, 33.06, low=0, high=9000)), *THEIRS]
"""Its outline has boxes in more bands than there are parts: some part opens it with two of them."""


def given_to_another(shown, rows):
    """The first box of an outline that has two goes to another record; an outline that nothing points to keeps the count right."""
    outline = next((n for n in range(len(shown.outlines)) if (rows["outline"] == n).sum() > 1), None)
    if outline is None or len(shown.records) < 2:
        return None
    first = np.flatnonzero(rows["outline"] == outline)[0]
    rows["owner"][first] = (rows["owner"][first] + 1) % len(shown.records)
    return msgspec.structs.replace(
        shown, boxes=rows.tobytes(), outlines=[*shown.outlines, shown.outlines[outline]]
    )


def test_a_box_cannot_be_given_to_another_record_once_it_was_pledged():
    def alter(send):
        for name, data in send.parts.items():
            shown = msgspec.msgpack.decode(data, type=Shown)
            changed = given_to_another(shown, np.frombuffer(shown.boxes, dtype=BOX).copy())
            if changed is not None:
                return replace(send, parts={**send.parts, name: msgspec.msgpack.encode(changed)})
        return send

    tall = [plan(f"north-{n}", box(36.0, 33.0, 36.08, 33.03, low=0, high=9000)) for n in range(2)]
    assert isinstance(cheated("boxes", alter, tall, TALL), FailedCheck)


def test_a_record_is_shown_once():
    """A plan that is shown twice would be two conflicts under one id."""

    def twice(shown, rows):
        rows["owner"][rows["outline"] == 0] = len(shown.records)
        assert len(set(rows["owner"].tolist())) == 2
        return msgspec.structs.replace(shown, boxes=rows.tobytes(), records=shown.records * 2)

    assert isinstance(cheated("boxes", reopened(twice), OURS, [TALL[0]]), FailedCheck)


def test_a_box_in_a_coarse_cell_opens_no_fine_one():
    """To hold a cell is to open what is in it: not something in the column above it, which no volume of ours is compared with."""
    ours = prepare(setup_of(FIRST, [plan("x", box(36.0, 33.0, 37.0, 33.5, high=1100))]), bytes(32))
    rows, space = ours.boxes.rows[:1].copy(), ours.space
    coarse = [c for c in ours.index.columns.tolist() if c >> 52 & 0xF == 4]
    assert len(coarse) > 1
    for column in coarse:
        rows["column"] = column
        keys, _ = cells_of(space, ours.index, rows, 2)  # as whoever does not look at the column reads it
        showing = Showing(ours, Theirs(bytes(32), 1), (np.unique(keys),), ())
        with pytest.raises(FailedCheck):
            showing._check_places(Boxes(rows, ours.boxes.outlines), np.unique(keys))


def test_garbage_in_place_of_boxes_is_malformed():
    for junk in (b"", b"\xc1", b"\x91" * 5000, msgspec.msgpack.encode([1, 2])):
        fault = cheated("boxes", lambda send, junk=junk: replace(send, parts=dict.fromkeys(send.parts, junk)))
        assert isinstance(fault, Malformed | FailedCheck)


def test_parts_that_are_not_due_are_malformed():
    assert isinstance(cheated("boxes", lambda send: replace(send, parts={})), Malformed)
    assert isinstance(
        cheated("boxes", lambda send: replace(send, parts={**send.parts, "third": b""})), Malformed
    )


# --- a node that prepares other things than it should


def as_cheat(monkeypatch, name, changed):
    """SECOND's side of a function of ceremonies/volumes is replaced: the second call to it in each round is SECOND's."""
    monkeypatch.setattr(refining, name, changed(getattr(refining, name)))


def prepared_with(change):
    """SECOND alters its boxes before it commits to them."""

    def changed(original):
        def prepare(setup, entropy):
            if setup.ours != CHEAT:
                return original(setup, entropy)
            made = volumes.cut

            def cut(space, records):
                boxes = made(space, records)
                rows, outlines = boxes.rows.copy(), list(boxes.outlines)
                return Boxes(*change(rows, outlines))

            try:
                volumes.cut = cut
                return original(setup, entropy)
            finally:
                volumes.cut = made

        return prepare

    return changed


def larger(name, by):
    def change(rows, outlines):
        rows[name] += by
        return rows, tuple(outlines)

    return change


@pytest.mark.parametrize(
    ("name", "by"), [("upper", 5_000_000), ("lower", -5_000_000), ("end", 10 * HOUR), ("start", -10 * HOUR)]
)
def test_a_box_beyond_its_surroundings_is_refused_though_it_was_pledged(monkeypatch, name, by):
    as_cheat(monkeypatch, "prepare", prepared_with(larger(name, by)))
    with pytest.raises(FailedCheck):
        fly(OURS, THEIRS)


def nan_outline(outline):
    return outline[:13] + struct.pack("<d", float("nan")) + outline[21:]


def crossed(outline):
    """A polygon of which every edge crosses every other: five thousand corners make six million crossings."""
    west, south, east, north = shapely.from_wkb(outline).bounds
    turns = np.arange(5001) * np.pi * (1 - 1 / 5001)
    x, y = (
        (west + east) / 2 + (east - west) / 3 * np.cos(turns),
        (south + north) / 2 + (north - south) / 3 * np.sin(turns),
    )
    return shapely.to_wkb(shapely.Polygon(np.stack([x, y], axis=1)), byte_order=1)


def nested(depth):
    return b"\x01\x07\x00\x00\x00\x01\x00\x00\x00" * depth + shapely.to_wkb(shapely.Point(0, 0), byte_order=1)


@pytest.mark.parametrize(
    "outline",
    [
        lambda outline: moved(outline, 2.0),
        nan_outline,
        crossed,
        lambda outline: nested(20_000),
        lambda outline: outline[:9] + b"\xff\xff\xff\xff" + outline[13:],
        lambda outline: outline[:5] + b"\xff\xff\xff\xff" + outline[9:],
        lambda outline: outline[:-8],
        lambda outline: b"",
        lambda outline: shapely.to_wkb(shapely.Polygon(), byte_order=1),
        lambda outline: shapely.to_wkb(shapely.from_wkb(outline), byte_order=0),
        lambda outline: outline + b"\x00" * (1 << 20),
    ],
)
def test_an_outline_that_is_none_or_lies_elsewhere_is_refused_though_it_was_pledged(monkeypatch, outline):
    as_cheat(
        monkeypatch,
        "prepare",
        prepared_with(lambda rows, outlines: (rows, tuple(outline(o) for o in outlines))),
    )
    with pytest.raises(FailedCheck):
        fly(OURS, THEIRS)


def test_a_cell_that_meets_must_be_opened_or_the_run_ends(monkeypatch):
    """South brings the cells of a large zone and has pledged the boxes of a small one: the first cell that meets elsewhere gives it away."""
    small, zone = (
        [plan("x", box(*where, high=1150, end=QUARTER))]
        for where in ((36.2, 33.0, 36.21, 33.01), (35.9, 32.9, 36.22, 33.1))
    )

    def changed(original):
        def prepare(setup, entropy):
            made = original(setup, entropy)
            if setup.ours != CHEAT:
                return made
            wide = original(setup_of(SECOND, zone), entropy)
            return replace(wide, pledge=made.pledge)

        return prepare

    as_cheat(monkeypatch, "prepare", changed)
    fault = None
    try:
        fly(OURS, small)
    except (
        FailedCheck,
        IndexError,
    ) as problem:  # it has nothing to open there: its own node breaks, or ours refuses
        fault = problem
    assert fault is not None


def test_finer_cells_that_are_not_below_one_that_met_meet_nothing(monkeypatch):
    """South refines everything that it has: what it learns is what it would have learnt."""
    honest = fly(OURS, THEIRS).results[FIRST].counts
    leaf = setup_of(SECOND, THEIRS).batches[0].commitments[:32]

    def changed(original):
        def layer_inputs(terms, ours, number, under, entropy):
            mine = ours.records[0].commitment == leaf
            return original(terms, ours, number, None if mine and number else under, entropy)

        return layer_inputs

    as_cheat(monkeypatch, "layer_inputs", changed)
    flight = Flight(setup_of(FIRST, OURS), setup_of(SECOND, THEIRS))
    try:
        flight.fly()
    except FailedCheck:  # it declared more cells than lie below those that met
        return
    counts = flight.results[FIRST].counts
    assert {n: counts[n] for n in counts if n.startswith("met")} == {
        n: honest[n] for n in honest if n.startswith("met")
    }


# --- sizes, labels, turns


def test_a_size_of_finer_cells_that_cannot_be_is_refused():
    honest = fly(OURS, THEIRS)
    met = honest.results[FIRST].counts["met_1"]
    most = padded(met * 49 * 4)
    for size in (most + 1, 1 << 40, 0, -5, True, "8", None, 8.5):
        fault = cheated("refine", lambda send, size=size: replace(send, body={**send.body, "size": size}))
        assert isinstance(fault, FailedCheck | OutOfTurn)


def test_a_message_of_another_run_or_round_is_out_of_turn():
    for step in ("evaluate", "refine", "boxes", "open"):
        for change in ({"run": "0" * 64}, {"round": 7}, {"round": True}, {"extra": 1}):
            fault = cheated(step, lambda send, change=change: replace(send, body={**send.body, **change}))
            assert isinstance(fault, OutOfTurn)


def test_every_step_in_the_place_of_every_other_is_out_of_turn():
    steps = sorted({send.step for _, send in fly(OURS, THEIRS).heard} - {"propose", "coin"})
    for number, step in enumerate(steps):
        other = steps[(number + 3) % len(steps)]
        fault = cheated(step, lambda send, other=other: replace(send, step=other))
        assert isinstance(fault, OutOfTurn | Malformed)


BAD = "0" * 64
PLEDGES = [
    None, {}, 7, {"root": BAD}, {"root": "x" * 64, "size": 8}, {"root": BAD, "size": 0}, {"root": BAD, "size": 1 << 40}, {"root": BAD, "size": True},
]  # fmt: skip


@pytest.mark.parametrize("pledge", PLEDGES)
def test_a_statement_without_a_sound_pledge_is_malformed(pledge):
    def change(send):
        statement = dict(send.body["statement"])
        return replace(
            send, body={"statement": {**statement, "pledges": {**statement["pledges"], "second": pledge}}}
        )

    assert isinstance(cheated("accept", change), Malformed)


def test_a_pledge_that_is_not_theirs_is_found_when_it_opens():
    def change(send):
        statement = dict(send.body["statement"])
        pledges = {**statement["pledges"], "second": {"root": "0" * 64, "size": 500}}
        return replace(send, body={"statement": {**statement, "pledges": pledges}})

    assert isinstance(cheated("accept", change), OutOfTurn | FailedCheck | Malformed)


@pytest.mark.parametrize("change", [{"count": 9}, {"findings": "0" * 64}, {"run": "0" * 64}])
def test_other_findings_than_both_computed_are_refused(change):
    def other(send):
        return replace(send, body={**send.body, **change})

    assert isinstance(cheated("confirm", other), FailedCheck)


# --- asking too much


def test_enumerating_the_day_with_invented_plans_is_stopped_by_the_cap():
    """Zones that tile a region would take every cell of its day: the cap of one run refuses them before anything is compared."""
    tiles = [
        plan(
            f"zone-{x}-{y}",
            box(35 + x / 2, 32 + y / 2, 35.5 + x / 2, 32.5 + y / 2, low=0, high=12_000, end=24 * HOUR),
        )
        for x in range(3)
        for y in range(2)
    ]
    wide = msgspec.structs.replace(SPACE, layers=(SPACE.layers[0],))
    cap = 1000
    flight = Flight(
        setup_of(FIRST, OURS, wide, tokens_limit=cap), setup_of(SECOND, tiles, wide, tokens_limit=1 << 20)
    )
    flight.second = msgspec.structs.replace(flight.second, terms=flight.first.terms)
    with pytest.raises(Refused, match="allows 1000"):
        flight.fly()
    assert not any(send.step == "evaluate" for _, send in flight.heard)


def test_the_search_for_an_edge_ends_with_the_budget():
    """Each probe is a run of its own, charged in full: a peer that halves its way to an edge pays for each step."""
    budget, probes = 400, 0
    spent = {FIRST: 0, SECOND: 0}
    low, high = 36.0, 37.0
    while True:
        middle = (low + high) / 2
        probe = [plan("probe", box(middle, 33.0, middle + 0.01, 33.1))]
        mine, other = budget - spent[FIRST], budget - spent[SECOND]
        flight = Flight(
            setup_of(FIRST, OURS[:1], our_budget=mine, their_budget=other),
            setup_of(SECOND, probe, our_budget=other, their_budget=mine),
        )
        try:
            flight.fly()
        except Overdrawn:
            break
        finally:
            for entry in flight.entries[FIRST]:
                if entry.kind == "run.charged":
                    spent[FIRST] += entry.body["first"]
                    spent[SECOND] += entry.body["second"]
        probes += 1
        low, high = (middle, high) if flight.results[FIRST].conflicts else (low, middle)
    assert 0 < probes < 20
    assert high - low > 1e-6  # a tenth of a metre: it did not get that near
