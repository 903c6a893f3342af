"""Two processes of one node on one store: what one of them has finished is not held against the peer by the other."""

import pytest

from detente.ceremonies.ceremony import Decision
from detente.errors import Misuse, Refused
from detente.node.driver import Overtaken


def test_a_conversation_that_another_process_ended_is_not_replayed(north_and_south):
    north = north_and_south.nodes["north"]
    north.countersign("south")
    ceremony = north.runs.start("people", "south")
    with north.office.store.snapshot() as tx:
        as_read_before = tx.ceremonies.get(ceremony)
    north.deliver("south")
    assert north.runs.report(ceremony).outcome == "done"
    with pytest.raises(Overtaken):
        north.driver._state(as_read_before)
    with pytest.raises(Misuse, match="is over"):
        north.driver.decide(ceremony, Decision("anything"))


def test_an_old_reading_ends_nothing_and_accuses_nobody(north_and_south):
    """To end it from there would send two messages under one number: equivocation of our own making."""
    north = north_and_south.nodes["north"]
    north.countersign("south")
    ceremony = north.runs.start("people", "south")
    with north.office.store.snapshot() as tx:
        old = tx.ceremonies.get(ceremony)
    with north.office.store.snapshot() as tx:
        peer = north.office.peer(tx, "south")
    north.post.deliver(peer, north_and_south.wire, until=lambda: True)
    with pytest.raises(Overtaken):
        north.driver._close(old, "abort", "an old order", Refused("an old order"), 0)
    with north.office.store.snapshot() as tx:
        assert tx.ceremonies.get(ceremony).status == "open"
        assert not list(tx.journal.find(kind="run.aborted"))
    north.deliver("south")
    assert north.runs.report(ceremony).outcome == "done"
