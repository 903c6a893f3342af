"""Two nodes agree on groups: each its own words, private ones matched, what is agreed binds matching."""

import json

import msgspec
import pytest

from detente.api.group_cases import GROUP_CASES
from detente.errors import Misuse, Refused
from detente.topics.designations.listing import Listing, Name
from support.world import World, person, small_terms

UN = [
    Listing(
        "un",
        "QDe.115",
        (Name("AL-QAIDA IN IRAQ", "name"), Name("ISIL")),
        since="2004-10-18",
        legal_basis="1267 (1999)",
    ),
    Listing("un", "SOe.001", (Name("Al-Shabaab", "name"),), since="2010-04-12"),
    Listing(
        "un", "X.1", (Name("Order of the Purple Teapot", "name"), Name("Teapot Front")), since="2020-01-01"
    ),
]
US = [
    Listing("us", "1", (Name("ISLAMIC STATE OF IRAQ AND THE LEVANT", "name"), Name("Daesh"))),
    Listing("us", "2", (Name("HIZBALLAH", "name"),)),
    Listing("us", "3", (Name("PURPLE TEAPOT ORDER", "name"), Name("Teapot Front"))),
]


@pytest.fixture(scope="module")
def paired(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("designations"))
    world.pair("north", "south")
    world.agree("north", "south", terms)
    world.nodes["north"].designations.take_in("un", UN, "2026-02-27")
    world.nodes["south"].designations.take_in("us", US)
    time = world.clock.time
    world.close()
    return world.directory, time


def terms(toml: str) -> str:
    groups = small_terms(toml).split("[[topics]]")[1].split("[markings]")[0].replace('"people"', '"groups"')
    return small_terms(toml).replace("[markings]", f"[[topics]]{groups}[markings]", 1)


@pytest.fixture
def world(paired, tmp_path):
    made = World.copied(*paired, tmp_path / "world")
    yield made
    made.close()


def both(world):
    return world.nodes["north"], world.nodes["south"]


def exchange(world):
    north, south = both(world)
    for _ in range(2):
        north.deliver("south")
        south.deliver("north")


def agreed(world):
    """A joint list in force: north proposes, south answers with its own words, north signs."""
    north, south = both(world)
    north.designations.propose("south")
    exchange(world)
    south.designations.propose("north")
    exchange(world)
    north.documents.accept("south")
    exchange(world)
    return north.designations.show("south"), south.designations.show("north")


def test_two_parties_end_with_one_list_that_holds_both_words(world):
    ours, theirs = agreed(world)
    assert ours.hash == theirs.hash != ""
    states = {group.group: group.state for group in ours.groups}
    assert states["isil"] == "both"
    assert states["shabaab"] == "ours"
    assert states["hizballah"] == "theirs"
    [teapot] = [group for group in ours.groups if "teapot" in group.group]
    assert teapot.state == "both"
    [isil] = [group for group in ours.groups if group.group == "isil"]
    assert isil.ours.lists == ["un QDe.115 2004-10-18"]
    assert isil.theirs.lists == ["us 1"]
    assert ours.changes == theirs.changes == []
    assert (ours.counts["both"], ours.counts["ours"], ours.counts["theirs"]) == (2, 1, 1)


def test_two_entries_of_one_list_that_the_table_joins_keep_their_places_on_the_joint_list(world):
    north, south = both(world)
    apart = [
        Listing("un", "1", (Name("AL MOURABITOUN", "name"),)),
        Listing("un", "2", (Name("AL MOUAKAOUNE BIDDAM", "name"), Name("Those Who Sign in Blood"))),
    ]
    north.designations.take_in("un", apart)
    south.designations.take_in("us", [Listing("us", "1", (Name("AL-MOURABITOUN", "name"),))])
    ours, theirs = agreed(world)
    assert {group.group: group.state for group in ours.groups} == {
        "al-mourabitoun": "both",
        "al-mouakaoune-biddam": "ours",
    }
    assert ours.changes == theirs.changes == []


def test_proposals_that_crossed_are_merged_and_then_become_one_entry_a_group(world):
    north, south = both(world)
    north.designations.propose("south")
    south.designations.propose("north")
    exchange(world)
    north.documents.merge("south", "joint-list", "main")
    exchange(world)
    exchange(world)
    south.documents.accept("north")
    exchange(world)
    merged = north.designations.show("south")
    assert len([group for group in merged.groups if "teapot" in group.group]) == 2  # two names, two slugs
    assert {group.state for group in merged.groups if group.group == "isil"} == {"both"}
    for ours, peer in ((south, "north"), (north, "south")):
        if ours.designations.show(peer).changes:
            ours.designations.propose(peer)
            exchange(world)
            [other] = [n for n in both(world) if n is not ours]
            other.documents.accept("south" if other is north else "north")
            exchange(world)
    [teapot] = [group for group in north.designations.show("south").groups if "teapot" in group.group]
    assert teapot.state == "both"
    assert north.designations.show("south").changes == south.designations.show("north").changes == []


def test_a_status_is_its_partys_own_word_at_every_turn(world):
    agreed(world)
    north, south = both(world)
    content = dict(north.documents.current("joint-list", "main", "south"))
    theirs = south.office.identity().party
    forged = {**content, "entries": {**content["entries"]}}
    entry = content["entries"]["hizballah"]
    forged["entries"]["hizballah"] = {"words": {theirs: {**entry["words"][theirs], "status": "not-listed"}}}
    with pytest.raises(Refused, match="only the other party"):
        north.documents.propose("joint-list", "main", forged, "south")


def test_a_peer_that_puts_words_into_our_mouth_is_refused_by_our_node(world, monkeypatch):
    agreed(world)
    north, south = both(world)
    content = json.loads(json.dumps(north.documents.current("joint-list", "main", "south")))
    ours, theirs = north.office.identity().party, south.office.identity().party
    content["entries"]["hizballah"]["words"][theirs]["status"] = "not-listed"
    content["entries"]["shabaab"]["words"][ours]["reason"] = "a pretext"
    # A dishonest node: it signs what an honest one refuses to.
    monkeypatch.setattr(type(north.documents._amendments), "require_own_word", unguarded(north))
    north.documents.propose("joint-list", "main", content, "south")
    exchange(world)
    view = south.documents.show("joint-list", peer="north")[0]
    assert not view.proposals
    assert view.content["entries"]["hizballah"]["words"][theirs]["status"] == "listed"
    assert north.documents.show("joint-list", peer="south")[0].proposals == []


def unguarded(dishonest):
    guard = type(dishonest.documents._amendments).require_own_word

    def check(self, *arguments):
        if self is not dishonest.documents._amendments:
            guard(self, *arguments)

    return check


def test_a_word_that_changes_is_proposed_and_signed_and_disputes_show(world):
    agreed(world)
    north, south = both(world)
    view = north.designations.say("Hezbollah", "objects", reason="a party of parliament", review="2026-01-01")
    assert view.status == "objects"
    assert view.review_due
    assert [c for c in north.designations.show("south").changes if "hizballah" in c]
    north.designations.propose("south")
    exchange(world)
    south.documents.accept("north")
    exchange(world)
    [found] = [g for g in south.designations.show("north").groups if g.group == "hizballah"]
    assert (found.state, found.theirs.status, found.theirs.reason) == (
        "disputed",
        "objects",
        "a party of parliament",
    )
    assert found.theirs.since == "2026-11-22"


def test_a_private_group_is_never_shown_and_is_matched(world):
    north, south = both(world)
    north.designations.hide("Order of the Purple Teapot")
    south.designations.hide("Purple Teapot Order")
    agreed(world)
    for node, peer in ((north, "south"), (south, "north")):
        view = node.designations.show(peer)
        assert not [group for group in view.groups if "teapot" in group.group]
        assert view.private == 1
    for row in north.documents.show(peer="south"):
        assert "teapot" not in str(row).lower()
    report = north.match("groups", "south")
    exchange(world)
    assert report.strong == 1
    [finding] = south.runs.findings(run=report.run) or south.runs.findings()
    assert finding.ours["name"] == ["PURPLE TEAPOT ORDER"]


def test_a_private_group_stays_private_under_a_new_word_and_a_new_list(world):
    north, _ = both(world)
    north.designations.hide("Order of the Purple Teapot")
    north.designations.say("Order of the Purple Teapot", "considered")
    north.designations.take_in("ca", [Listing("ca", "9", (Name("The Order of the Purple Teapot", "name"),))])
    assert north.designations.group("Teapot Front").private
    assert not [change for change in north.designations.show("south").changes if "teapot" in change]
    north.designations.take_in("un", UN[:2])  # the list by which it was known drops it
    assert north.designations.group("The Order of the Purple Teapot").private


def test_how_we_read_a_name_never_tells_of_a_private_group(world):
    north, south = both(world)
    name = "Order of the Purple Teapot"
    south.designations.take_in("us", [Listing("us", "2", (Name("HIZBALLAH", "name"), Name(name)))])
    north.designations.say("Hizballah", "considered")
    south.designations.propose("north")
    exchange(world)
    shown = north.designations.propose("south")
    exchange(world)
    [said] = [
        row for row in south.documents.show("joint-list", peer="north")[0].proposals if row.hash == shown
    ]
    assert any("order-of-the-purple-teapot" in change for change in said.changes)  # told, while it is public
    north.documents.withdraw("south")
    exchange(world)
    north.designations.hide(name)
    south.designations.propose("north")
    exchange(world)
    shown = north.designations.propose("south")
    exchange(world)
    [said] = [
        row for row in south.documents.show("joint-list", peer="north")[0].proposals if row.hash == shown
    ]
    assert any("hizballah" in change for change in said.changes)
    assert not any(
        "order-of-the-purple-teapot" in change or ("reads" in change and name in change)
        for change in said.changes
    )


def test_a_group_that_is_private_no_longer_is_shown_and_its_record_is_gone(world):
    north, _ = both(world)
    before = north.holdings.count().get("groups", 0)
    for _ in range(2):
        north.designations.hide("Teapot Front")
        assert north.holdings.count()["groups"] == before + 1
        assert not north.designations.reveal("Teapot Front").private
        assert north.holdings.count().get("groups", 0) == before
    assert [change for change in north.designations.show("south").changes if "teapot" in change]


def test_a_private_group_that_left_all_lists_and_comes_back_is_private(world):
    north, _ = both(world)
    north.designations.hide("Teapot Front")
    north.designations.take_in("un", UN[:2])
    assert north.holdings.count().get("groups", 0) == 0
    north.designations.take_in("un", UN)
    assert north.designations.group("Teapot Front").private
    assert north.holdings.count()["groups"] == 1


def test_the_same_list_again_changes_nothing_and_a_new_one_says_what_it_changed(world):
    north, _ = both(world)
    again = north.designations.take_in("un", UN)
    assert (again.added, again.changed, again.removed, again.unchanged) == (0, 0, 0, 3)
    newer = [*UN[:1], Listing("un", "SOe.001", (Name("Al-Shabaab", "name"),), since="2010-04-13")]
    found = north.designations.take_in("un", newer)
    assert (found.added, found.changed, found.removed, found.unchanged) == (0, 1, 1, 1)


def test_sources_stand_apart_with_date_and_basis_and_the_own_word_first(world):
    north, _ = both(world)
    north.designations.say("ИГИЛ", "listed", legal_basis="Decision 14-1424С", since="2014-12-29")
    view = north.designations.group("État islamique")
    assert view.group == "isil"
    assert sorted((each.list, each.as_of, each.legal_basis) for each in view.lists) == [
        ("said", "", "Decision 14-1424С"),
        ("un", "2026-02-27", "1267 (1999)"),
    ]
    north.designations.unsay("isil")
    assert [each.list for each in north.designations.group("isil").lists] == ["un"]
    north.designations.unsay("un")
    assert north.designations.ours() == []


def test_what_is_on_no_list_and_what_has_nothing_to_propose_is_misuse(world):
    north, _ = both(world)
    with pytest.raises(Misuse):
        north.designations.group("Chess Club of Nowhere")
    with pytest.raises(Misuse):
        north.designations.unsay("isil")
    with pytest.raises(Refused):
        north.designations.standing("south")
    north.designations.unsay("un")
    with pytest.raises(Misuse, match="nothing to propose"):
        north.designations.propose("south")


# -- what it binds


PEOPLE = (
    (person("n1", "Шамиль Салманович Басаев", "1965-01-14"), "Hizballah"),
    (person("n2", "Ольга Николаевна Ворошилова", "1971-05-03"), "member of Daesh"),
    (person("n3", "Виктор Андреевич Громов", "1980-02-02"), "Al-Shabaab; convicted"),
    (person("n4", "Пётр Ильич Сафронов", "1958-11-30"), "case 12/2026"),
)


def binding(world, unlisted, agree=True):
    """Both hold people; the agreement says what becomes of those that stand on a group which the other does not list."""
    north, south = both(world)
    if agree:
        agreed(world)
    for node, own in ((north, "n"), (south, "s")):
        for row, ground in PEOPLE:
            world.load("north" if node is north else "south", [{**row, "id": own + str(row["id"])}], ground)
    toml = terms(north.agreements.template("south")).replace('unlisted = "admit"', f'unlisted = "{unlisted}"')
    north.agreements.propose(toml, "south")
    exchange(world)
    south.agreements.sign("north")
    exchange(world)
    return north, south


def test_a_record_that_stands_on_a_group_which_the_peer_does_not_list_is_refused_as_agreed(world):
    north, south = binding(world, "refuse")
    plan = north.runs.plan("people", "south")
    reason = "whose only grounds are groups that the peer does not list"
    assert plan.left_out == {reason: 1}  # Al-Shabaab; Hizballah south lists, ISIL both, a case is no group
    assert south.runs.plan("people", "north").left_out == {reason: 1}  # Hizballah


def test_without_a_joint_list_no_record_stands_on_a_group_alone(world):
    north, _ = binding(world, "refuse", agree=False)
    assert north.runs.plan("people", "south").records == 1


def test_where_the_agreement_flags_the_finding_says_so_and_a_decision_keeps_it(world):
    north, south = binding(world, "flag")
    plan = north.runs.plan("people", "south")
    assert plan.left_out == {}
    assert "1 of your records" in plan.sentences[-1]
    assert north.match("people", "south").strong == 4
    exchange(world)
    notes = {finding.record: finding.note for finding in north.runs.findings()}
    assert notes == {
        "nn1": "",
        "nn2": "",
        "nn3": "its only grounds are groups that the peer does not list: shabaab",
        "nn4": "",
    }
    [flagged] = [finding for finding in south.runs.findings() if finding.note]
    assert flagged.record == "sn1"
    assert south.runs.decide(flagged.id, "confirmed", "An Officer").note == flagged.note


def test_a_suspended_agreement_takes_no_proposal_of_the_list(world):
    north, south = both(world)
    south.agreements.suspend("north", "a leak")
    exchange(world)
    with pytest.raises(Refused):
        north.designations.propose("south")


def test_over_rest_it_is_the_same(world):
    north, south = both(world)
    cases = {case[1]: case for case in GROUP_CASES}

    def call(node, verb, **given):
        _, _, _, takes, gives, do, _ = cases[verb]
        answer = do(node, msgspec.convert(given, takes))
        return msgspec.convert(msgspec.to_builtins(answer), gives)

    listings = [
        {"reference": "9", "names": [{"text": "Order of the Green Samovar", "kind": "name"}], "since": "2020"}
    ]
    assert call(north, "import", source="own", listings=listings).added == 1
    assert (
        call(north, "status", group="Order of the Green Samovar", status="considered").status == "considered"
    )
    assert call(north, "private", group="Order of the Green Samovar").private
    assert not call(north, "public", group="Order of the Green Samovar").private
    assert call(north, "remove", group="Order of the Green Samovar").done == "removed"
    assert call(north, "group", group="Order of the Green Samovar").status == "listed"
    assert len(call(north, "list")) == 4
    assert call(north, "doubts") == []
    digest = call(north, "propose", peer="south").value
    exchange(world)
    assert south.documents.accept("north") == digest
    exchange(world)
    assert call(north, "show", peer="south").hash == digest
    with pytest.raises(Misuse, match="under `names`"):
        call(north, "import", source="own", listings=[{"reference": "9", "names": []}])
    with pytest.raises(Misuse, match="twice"):
        call(north, "import", source="own", listings=listings * 2)
    with pytest.raises(msgspec.ValidationError):
        call(north, "status", group="x", status="banned")
