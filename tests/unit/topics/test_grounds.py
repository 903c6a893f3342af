"""Which groups a ground names."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.topics.designations.grounds import GroupNames, only_unlisted

NAMES = GroupNames(
    {"teapot": ["Order of the Teapot", "Kettle", "OT"], "isil": ["Islamic State", "The Caliphate"]}
)


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("member of ISIS since 2014", {"isil"}),
        ("IS member", {"isil"}),
        ("he is a member of nothing", set()),
        ("listed by the UN; ISIL Khorasan", {"isil-k"}),
        ("(ИГИЛ)", {"isil"}),
        ("воевал на стороне Талибана", {"taliban"}),
        ("combattant de l'État islamique, puis d'al-Qaïda", {"isil", "al-qaida"}),
        ("عضو في داعش", {"isil"}),
        ("worked at the base", set()),
        ("a leader of The Base", {"al-qaida"}),
        ("the youth of the town", set()),
        ("joined the order of the teapot", {"teapot"}),
        ("Kettle", {"teapot"}),
        ("put the kettle on", set()),
        ("OT", {"teapot"}),
        ("ot", set()),
        ("fled The Caliphate", {"isil"}),
        ("case 12/2026", set()),
        ("", set()),
        ("Hamas and Hizballah", {"hamas", "hizballah"}),
        ("let go", set()),
        ("LeT courier", {"let"}),
    ],
)
def test_a_text_names_the_groups_that_it_names_and_no_others(text, groups):
    assert set(NAMES.named(text)) == groups


def test_a_record_on_an_unlisted_group_alone_is_told_and_any_other_ground_saves_it():
    assert only_unlisted(["Hamas"], NAMES, {"isil"}) == ("hamas",)
    assert only_unlisted(["Hamas", "ISIS"], NAMES, {"isil"}) == ()
    assert only_unlisted(["Hamas", "convicted of murder"], NAMES, {"isil"}) == ()
    assert only_unlisted(["Hamas, with ISIS"], NAMES, {"isil"}) == ()
    assert only_unlisted(["Hamas", "Hizballah"], NAMES, frozenset()) == ("hamas", "hizballah")
    assert only_unlisted([], NAMES, frozenset()) == ()


def test_what_both_signed_says_whom_a_name_stands_for():
    assert GroupNames({"neo-base": ["The Base"]}).named("The Base") == {"neo-base"}


@given(st.text(max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_text_is_read(text):
    assert NAMES.named(text) == NAMES.named(text)


def test_a_long_text_is_read_in_time():
    assert NAMES.named("x " * 20_000 + "ISIS") == frozenset()
