"""A party's listings as its word on the joint list, and back."""

import pytest

from detente.errors import Misuse
from detente.node.listings import CUT, aligned, base_listings, joint_content, joint_list, word
from detente.topics.designations.listing import SAID, Listing, Name
from detente.topics.designations.reconciling import reconcile

OURS, THEIRS = "0" * 64, "1" * 64
UN = Listing(
    "un",
    "1",
    (Name("Order of the Teapot", "name"), Name("Kettle")),
    grounds="x" * 3000,
    legal_basis="1267",
    since="2004-10-18",
)
CA = Listing(
    "ca", "2", (Name("Order of the Teapot", "name"),), legal_basis="Criminal Code", since="2002-01-02"
)
OWN_WORD = Listing(
    SAID,
    "teapot",
    (Name("Order of the Teapot", "name"),),
    "objects",
    "they pour",
    "",
    "Tea Act",
    "2020-05-05",
    "2027-01-01",
)


def test_lists_stay_apart_under_a_word_and_the_own_word_comes_first():
    said = word([UN, CA, OWN_WORD])
    assert (said.status, said.reason, said.since, said.review) == (
        "objects",
        "they pour",
        "2020-05-05",
        "2027-01-01",
    )
    assert [(each.list, each.since, each.legal_basis) for each in said.sources] == [
        ("ca", "2002-01-02", "Criminal Code"),
        ("un", "2004-10-18", "1267"),
    ]
    assert [name.text for name in said.names] == ["Order of the Teapot", "Kettle"]


def test_without_an_own_word_it_is_listed_since_the_first_list_has_it():
    said = word([UN, CA])
    assert (said.status, said.since) == ("listed", "2002-01-02")
    assert len(said.grounds) == CUT


def test_nobody_speaks_without_a_listing():
    with pytest.raises(Misuse):
        word([])


def test_ours_take_the_slugs_that_the_joint_list_has_already():
    held = joint_list(joint_content(reconcile([], [OWN_WORD]), OURS, THEIRS, "Groups"), OURS, THEIRS)
    [slug] = held.entries
    ours = [
        Listing("ca", "2", (Name("TEAPOT FRONT", "name"), Name("The Order of the Teapot"))),
        Listing("ca", "3", (Name("Samovar Front", "name"),)),
    ]
    found = aligned(reconcile(ours, base_listings(held, OURS)), held, OURS)
    assert {entry.slug for entry in found.entries if entry.ours} == {slug, "samovar-front"}


def test_another_group_never_takes_a_slug_that_is_in_use():
    held = joint_list(joint_content(reconcile([], [OWN_WORD]), OURS, THEIRS, "Groups"), OURS, THEIRS)
    [slug] = held.entries
    renamed = type(held)(held.title, {"samovar-front": held.entries[slug]})
    found = aligned(
        reconcile([Listing("ca", "3", (Name("Samovar Front", "name"),))], base_listings(renamed, OURS)),
        renamed,
        OURS,
    )
    [entry] = [entry for entry in found.entries if entry.ours]
    assert entry.slug.startswith("samovar-front-")


def test_what_lists_come_to_reads_as_a_joint_list():
    content = joint_content(reconcile([UN, CA], [OWN_WORD]), OURS, THEIRS, "Groups")
    read = joint_list(content, OURS, THEIRS)
    [slug] = read.entries
    assert (read.status(slug, OURS), read.status(slug, THEIRS)) == ("listed", "objects")
