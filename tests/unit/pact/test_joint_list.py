"""The joint list's content: whose word is whose, and what a reader refuses."""

import copy

import pytest

from detente.errors import Malformed, Misuse, Refused
from detente.pact.document import read_document, write_document
from detente.pact.joint import Merged, changes, merge
from detente.pact.joint_list import MAX_ENTRIES, Name, Word, own_word, read_joint_list, reader, with_words
from detente.pact.kinds import KINDS

OURS, THEIRS = "0" * 64, "1" * 64
PAIR = (OURS, THEIRS)


def word(status="listed", name="Order of the Teapot", **said):
    fields = {
        "reason": "",
        "grounds": "",
        "legal_basis": "",
        "since": "",
        "review": "",
        "sources": (),
        "reads": (),
    }
    names = (Name(name, "en", "name"),) if name else ()
    return Word(status=status, names=names, **(fields | said))


BASE = with_words(
    with_words(None, "Groups", OURS, {"teapot": word()}),
    "",
    THEIRS,
    {"teapot": word("objects", reason="they pour")},
)


def altered(path, value):
    content = copy.deepcopy(BASE)
    place = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return content


def test_each_party_says_its_own_and_both_stand_side_by_side():
    found = read_joint_list(BASE, PAIR)
    assert found.status("teapot", OURS) == "listed"
    assert found.status("teapot", THEIRS) == "objects"
    assert found.status("samovar", OURS) is None
    assert (found.listed_by(OURS), found.listed_by(THEIRS)) == ({"teapot"}, frozenset())


THEIR_WORD = ("entries", "teapot", "words", THEIRS)


@pytest.mark.parametrize(
    "proposed",
    [
        altered((*THEIR_WORD, "status"), "listed"),
        altered((*THEIR_WORD, "reason"), "they agree now"),
        altered((*THEIR_WORD, "names"), []),
        altered(("entries", "teapot", "words"), {OURS: BASE["entries"]["teapot"]["words"][OURS]}),
        altered(("entries",), {}),
        altered(("entries", "samovar"), {"words": {THEIRS: BASE["entries"]["teapot"]["words"][THEIRS]}}),
    ],
    ids=["status", "reason", "names", "its word gone", "the entry gone", "a word in its name"],
)
def test_a_partys_word_is_its_own_and_nobody_else_changes_it(proposed):
    with pytest.raises(Refused, match="only the other party"):
        own_word(BASE, proposed, OURS, [])


def test_a_word_put_into_the_others_mouth_in_a_first_version_is_refused():
    with pytest.raises(Refused):
        own_word(None, BASE, OURS, [])


def test_its_own_word_a_party_changes_and_takes_back():
    own_word(BASE, altered(("entries", "teapot", "words", OURS, "status"), "not-listed"), OURS, [])
    own_word(BASE, with_words(BASE, "", OURS, {}), OURS, [])


def test_what_the_other_has_itself_signed_on_this_base_is_its_word_still():
    theirs = altered((*THEIR_WORD, "status"), "listed")
    ours = altered(("entries", "teapot", "words", OURS, "status"), "considered")
    merged = merge(BASE, ours, theirs)
    assert isinstance(merged, Merged)
    own_word(BASE, merged.content, OURS, [theirs])
    own_word(BASE, merged.content, THEIRS, [ours])
    with pytest.raises(Refused):
        own_word(BASE, merged.content, OURS, [])


def test_two_parties_words_never_conflict():
    ours = with_words(BASE, "", OURS, {"teapot": word("considered"), "samovar": word(name="Samovar Front")})
    theirs = with_words(BASE, "", THEIRS, {"teapot": word(), "samovar": word("objects", "Samovar Front")})
    merged = merge(BASE, ours, theirs)
    assert isinstance(merged, Merged)
    assert set(read_joint_list(merged.content, PAIR).entries["samovar"].words) == {OURS, THEIRS}


def test_a_change_is_told_in_words():
    found = changes(BASE, with_words(BASE, "", OURS, {"teapot": word("considered", review="2027-01-01")}))
    assert len(found) == 1
    assert '"listed" becomes "considered"' in found[0].sentence


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"title": "Groups"},
        altered(("title",), ""),
        altered(("entries", "Tea Pot"), BASE["entries"]["teapot"]),
        altered(("entries", "teapot", "words"), {}),
        altered(("entries", "teapot", "words", "2" * 64), BASE["entries"]["teapot"]["words"][OURS]),
        altered((*THEIR_WORD, "status"), "banned"),
        altered((*THEIR_WORD, "since"), "yesterday"),
        altered((*THEIR_WORD, "since"), "2020-01-01\n"),
        altered((*THEIR_WORD, "since"), "2020-13"),
        altered((*THEIR_WORD, "review"), "2021-02-29"),
        altered((*THEIR_WORD, "extra"), 1),
        altered((*THEIR_WORD, "reason"), "a\u202eb"),
        altered((*THEIR_WORD, "names"), [{"text": "a\x00", "language": "en", "kind": "name"}]),
        altered((*THEIR_WORD, "names"), [{"text": "a", "language": "english", "kind": "name"}]),
        altered((*THEIR_WORD, "names"), [{"text": "a", "language": "en", "kind": "name"}] * 2),
        altered(
            (*THEIR_WORD, "names"), [{"text": f"a{n}", "language": "en", "kind": "name"} for n in range(201)]
        ),
        altered((*THEIR_WORD, "reads"), [{"name": "a", "group": "../x"}]),
        with_words(None, "Groups", OURS, {"teapot": word(name="")}),
    ],
)
def test_what_is_no_joint_list_is_malformed(content):
    with pytest.raises(Malformed):
        read_joint_list(content, PAIR)
    document = read_document(write_document("joint-list", "groups", "", PAIR, "content", content))
    with pytest.raises(Malformed):
        reader(document, 0)


def test_the_kind_is_read_and_guarded_wherever_documents_are():
    assert KINDS["joint-list"].read is reader
    assert KINDS["joint-list"].own_word is own_word


@pytest.mark.parametrize("when", ["", "2020", "2020-02", "2020-02-29"])
def test_a_day_a_month_or_a_year_says_since_when(when):
    read_joint_list(altered((*THEIR_WORD, "since"), when), PAIR)


def test_too_many_groups_are_misuse_before_anything_is_signed():
    with pytest.raises(Misuse, match="at most"):
        with_words(None, "Groups", OURS, {f"g-{n}": word() for n in range(MAX_ENTRIES + 1)})
