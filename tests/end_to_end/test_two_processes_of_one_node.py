"""A command beside `serve`: two processes of one node see the same question, and one answer stands."""

from __future__ import annotations

from detente.adapters.sql import open_store
from detente.assembly import assemble
from detente.ceremonies.ceremony import Ask, Decision
from detente.errors import DetenteError
from detente.node.ports import CeremonyRow
from support.world import Dice, World


def test_what_another_process_of_the_node_answered_first_is_not_answered_again(
    north_and_south: World,
) -> None:
    world = north_and_south
    south = world.node("south")
    place = world.directory / "south"
    store = open_store(place / "store.db", "a passphrase")
    beside = assemble(place, store, transport=world.wire, clock=world.clock, entropy=Dice("beside"))
    own, answered, faults = south.witness.answer, [], []
    taken = south.driver.receive

    def late(row: CeremonyRow, ask: Ask) -> Decision | None:
        decision = own(row, ask)
        beside.resume()  # what every command does when it opens the node
        answered.append(row.id)
        return decision

    def receive(bundle: bytes) -> str:
        try:
            return taken(bundle)
        except DetenteError as fault:
            faults.append(fault)
            raise

    south.driver.receive = receive  # type: ignore[method-assign]
    south.witness.answer = late  # type: ignore[method-assign]
    world.node("north").countersign("south")
    assert answered
    assert faults == []
    store.close()
    for name, peer in (("north", "south"), ("south", "north")):
        node = world.node(name)
        party = world.node(peer).office.identity().party
        assert node.witness.verify().cosigned[party] > 0
        with node.office.store.snapshot() as tx:
            assert not tx.ceremonies.find(status="open", kind="countersigning")
            assert not tx.ceremonies.find(status="aborted")
