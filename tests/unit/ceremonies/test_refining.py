"""A run over airspace: who conflicts is told to both alike, and nothing of what does not meet."""

import msgspec
import pytest

from detente.ceremonies.showing import Shown
from detente.errors import Misuse, NotAgreed, Overdrawn, Refused
from detente.topics.airspace.space import Layer, Space, contradictions
from detente.topics.airspace.topic import AirspaceTopic, intent_of, record_of
from detente.topics.airspace.volume import Datum, Volume4D
from support.skies import FIRST, HOUR, SECOND, SPACE, Flight, box, fly, plan, setup_of

OURS = [
    plan("north-1", box(36.0, 33.0, 36.4, 33.1), priority=2),
    plan("north-2", box(38.0, 35.0, 38.2, 35.2)),
]
THEIRS = [
    plan("south-1", box(36.3, 33.05, 36.6, 33.3, start=HOUR // 2, end=2 * HOUR)),
    plan("south-2", box(36.0, 33.0, 36.4, 33.1, low=5000, high=6000)),
    plan("south-3", box(40.0, 35.0, 40.2, 35.2)),
]


@pytest.fixture(scope="module")
def flight():
    return fly(OURS, THEIRS)


def test_both_hold_the_same_conflict_under_one_id(flight):
    [ours], [theirs] = (flight.results[who].conflicts for who in (FIRST, SECOND))
    assert (ours.record, theirs.record) == ("north-1", "south-1")
    assert (ours.id, ours.ours, ours.theirs) == (theirs.id, theirs.theirs, theirs.ours)
    assert (ours.lower, ours.upper) == (1_000_000, 1_500_000)
    assert ours.end - ours.start == HOUR // 2
    assert (ours.lower, ours.upper, ours.start, ours.end, ours.columns) == (
        theirs.lower,
        theirs.upper,
        theirs.start,
        theirs.end,
        theirs.columns,
    )
    assert ours.our_profile["priority"] == theirs.their_profile["priority"] == 2


def test_a_conflict_keeps_its_id_when_the_other_side_proposes_the_next_run(flight):
    again = Flight(setup_of(SECOND, THEIRS), setup_of(FIRST, OURS))
    again.fly()
    assert [c.id for c in again.results[FIRST].conflicts] == [c.id for c in flight.results[FIRST].conflicts]


def test_only_records_that_meet_in_a_fine_cell_are_told_of(flight):
    for who, plans in ((FIRST, 1), (SECOND, 1)):
        shown = [
            msgspec.msgpack.decode(p, type=Shown)
            for w, s in flight.heard
            if w == who and s.step == "boxes"
            for p in s.parts.values()
        ]
        assert sum(len(part.records) for part in shown) == plans


def test_what_is_opened_lies_within_the_cells_that_met(flight):
    import shapely

    for _, send in flight.heard:
        for part in send.parts.values() if send.step == "boxes" else ():
            for outline in msgspec.msgpack.decode(part, type=Shown).outlines:
                west, south, east, north = shapely.from_wkb(outline).bounds
                assert 36.2 < west < east < 36.7
                assert 32.9 < south < north < 33.4


def test_where_nothing_meets_nothing_is_refined_or_opened():
    lonely = fly(OURS[1:], THEIRS[2:])
    assert {send.step for _, send in lonely.heard}.isdisjoint({"refine", "boxes"})
    assert lonely.results[FIRST].conflicts == lonely.results[SECOND].conflicts == ()


def test_no_plans_at_all_conflict_with_nothing():
    assert fly([], THEIRS).results[FIRST].conflicts == ()


def test_each_layer_is_charged_to_both(flight):
    for who in (FIRST, SECOND):
        charges = [e.body for e in flight.entries[who] if e.kind == "run.charged"]
        assert [c["round"] for c in charges] == [1, 2, 3]
        assert all(c["first"] > 0 and c["second"] > 0 for c in charges)
        assert next(e.kind for e in flight.entries[who]) == "run.started"


def test_a_budget_that_bears_the_first_layer_alone_ends_the_run_before_the_second():
    charged = [e.body["first"] for e in fly(OURS, THEIRS).entries[FIRST] if e.kind == "run.charged"]
    flight = Flight(
        setup_of(FIRST, OURS, our_budget=charged[0]), setup_of(SECOND, THEIRS, their_budget=charged[0])
    )
    with pytest.raises(Overdrawn, match="layer 2"):
        flight.fly()
    assert not any(send.step == "boxes" for _, send in flight.heard)


def test_more_cells_than_agreed_are_refused_before_anything_is_compared():
    flight = Flight(setup_of(FIRST, OURS, tokens_limit=8), setup_of(SECOND, THEIRS, tokens_limit=8))
    with pytest.raises(Refused, match="8 a side"):
        flight.fly()


def test_separations_count_beyond_the_outlines():
    apart = [plan("b", box(36.45, 33.0, 36.6, 33.1))]  # 4.7 km east of north-1
    assert not fly(OURS[:1], apart).results[FIRST].conflicts
    assert (
        fly(OURS[:1], apart, msgspec.structs.replace(SPACE, horizontal_mm=5_000_000)).results[FIRST].conflicts
    )
    assert (
        not fly(OURS[:1], apart, msgspec.structs.replace(SPACE, horizontal_mm=4_000_000))
        .results[FIRST]
        .conflicts
    )


def test_to_touch_is_not_to_overlap():
    west, east = box(36.0, 33.0, 36.2, 33.1), box(36.2, 33.0, 36.4, 33.1)
    later = box(36.0, 33.0, 36.2, 33.1, start=HOUR, end=2 * HOUR)
    above = box(36.0, 33.0, 36.2, 33.1, low=1500, high=2000)
    for other in (east, later, above):
        result = fly([plan("a", west)], [plan("b", other)]).results[FIRST]
        assert result.counts["pairs"] == 1  # they met in a cell, and the exact step said no
        assert not result.conflicts


def test_volumes_of_one_plan_are_one_conflict():
    two = plan("a", box(36.0, 33.0, 36.2, 33.1), box(36.2, 33.0, 36.4, 33.1))
    [found] = fly([two], [plan("b", box(36.1, 33.0, 36.3, 33.1))]).results[FIRST].conflicts
    assert found.record == "a"


def test_both_engines_find_the_same():
    from detente.psi.rr22 import Rr22Engine

    flight = Flight(setup_of(FIRST, OURS), setup_of(SECOND, THEIRS), engines=(Rr22Engine(), Rr22Engine()))
    ours, _ = flight.fly()
    assert [c.record for c in ours.conflicts] == ["north-1"]


def test_replaying_the_same_messages_gives_the_same_bytes():
    one, two = fly(OURS, THEIRS), fly(OURS, THEIRS)
    assert one.heard == two.heard


def test_an_audit_by_the_peer_is_not_agreed_for_airspace():
    setup = setup_of(FIRST, OURS)
    audited = msgspec.structs.replace(
        setup, terms=msgspec.structs.replace(setup.terms, audit=8, inspector="peer")
    )
    with pytest.raises(NotAgreed, match="inspector"):
        Flight(audited, audited).fly()


def test_a_plan_above_another_datum_is_refused_and_never_compared():
    volume = box(36.0, 33.0, 36.4, 33.1)
    level = Volume4D(volume.outline, volume.lower_mm, volume.upper_mm, volume.start, volume.end, Datum.FL)
    with pytest.raises(Misuse, match="convert it first"):
        fly([plan("a", level)], THEIRS)


def test_layers_that_do_not_nest_are_refused():
    for layers in (
        (Layer(6, 300_000, 600_000), Layer(4, 300_000, 600_000)),
        (Layer(4, 500_000, 600_000), Layer(6, 300_000, 600_000)),
        (Layer(4, 600_000, 1_200_000), Layer(6, 10_000, 30_000)),
        (Layer(4, 600_000, 1_200_000), Layer(4, 600_000, 1_200_000)),
    ):
        assert list(contradictions(Space(layers)))
    assert not list(contradictions(SPACE))


def test_a_plan_is_read_from_a_record_as_it_was_written():
    for intent in (*OURS, *THEIRS):
        read = intent_of(record_of(intent))
        assert read == intent
        assert read.version == intent.version


def test_a_row_that_is_no_plan_is_refused_with_the_reason():
    topic = AirspaceTopic()
    record = record_of(OURS[0])
    good = {
        "id": record.id,
        "schema": record.schema,
        "properties": {k: list(v) for k, v in record.properties.items()},
    }
    assert topic.parse(good) == record
    for change in (
        {"volume": ["{}"]},
        {"volume": [7]},
        {"volume": []},
        {"state": ["Flying"]},
        {"priority": ["-1"]},
        {"priority": ["1", "2"]},
    ):
        with pytest.raises(Misuse):
            topic.parse({**good, "properties": {**good["properties"], **change}})
    with pytest.raises(Misuse, match="OperationalIntent"):
        topic.parse({"id": "x", "schema": "Person", "properties": {}})
