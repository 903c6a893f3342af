from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import Malformed, Misuse
from detente.pact.document import read_document, write_document
from detente.pact.joint import (
    HEAD,
    Conflicts,
    Merged,
    changes,
    merge,
    part,
    seen_by_the_other,
    taken,
)
from detente.pact.kinds import READERS
from detente.wire.canonical import canonical

BASE = {
    "title": "List",
    "entries": {
        "isis": {"name": "Islamic State", "status": {"north": "listed", "south": "considered"}},
        "basaev": {"name": "Riyadus", "aliases": ["RSRS"]},
    },
}

values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "a", "é"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)
contents = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["List", "Groups"]),
        "entries": st.dictionaries(
            st.sampled_from(["a", "b", "c"]), st.dictionaries(st.sampled_from("xyz"), values, max_size=3), max_size=3
        ),
    },
    optional={"note": values},
)  # fmt: skip


def edited(**entries: Any) -> dict[str, Any]:
    """The base with these entries in place of its own; None removes one."""
    kept = {**BASE["entries"], **entries}
    return {**BASE, "entries": {slug: entry for slug, entry in kept.items() if entry is not None}}


# --- changes


def test_changes_are_told_entry_by_entry_in_words() -> None:
    proposed = edited(basaev=None, isis={**BASE["entries"]["isis"], "name": "Daesh"}, hts={"name": "HTS"})
    assert [str(change) for change in changes(BASE, {**proposed, "title": "Groups"})] == [
        'title: "List" becomes "Groups"',
        "removes basaev",
        'adds hts: name: "HTS" (new)',
        'changes isis: name: "Islamic State" becomes "Daesh"',
    ]


def test_a_field_within_an_object_is_told_by_its_path() -> None:
    status = {"north": "listed", "south": "listed"}
    (change,) = changes(BASE, edited(isis={**BASE["entries"]["isis"], "status": status}))
    assert change.sentence == 'changes isis: status / south: "considered" becomes "listed"'
    assert [field.path for field in change.fields] == [("status", "south")]


def test_true_is_not_one() -> None:
    assert len(changes({"entries": {"a": {"x": 1}}}, {"entries": {"a": {"x": True}}})) == 1


def test_what_does_not_print_is_written_out_in_sentences() -> None:
    (change,) = changes(None, {"entries": {"a": {"name": "x\x1b[2J\u202eevil"}}})
    assert change.sentence.isprintable()
    assert "\\u001b" in change.sentence


def test_a_long_value_is_cut_in_sentences() -> None:
    (change,) = changes(None, {"entries": {"a": {"name": "x" * 5000}}})
    assert len(change.sentence) < 200


@given(contents)
def test_nothing_changes_between_a_version_and_itself(content: dict[str, Any]) -> None:
    assert changes(content, content) == []


# --- merging


def test_changes_of_different_fields_come_together() -> None:
    isis = BASE["entries"]["isis"]
    ours = edited(isis={**isis, "status": {"north": "objects", "south": "considered"}})
    theirs = edited(isis={**isis, "status": {"north": "listed", "south": "listed"}}, hts={"name": "HTS"})
    merged = merge(BASE, ours, theirs)
    assert isinstance(merged, Merged)
    assert merged.content["entries"]["isis"]["status"] == {"north": "objects", "south": "listed"}
    assert merged.content["entries"]["hts"] == {"name": "HTS"}


def test_one_field_that_both_changed_is_a_conflict_and_nobody_wins() -> None:
    isis = BASE["entries"]["isis"]
    found = merge(BASE, edited(isis={**isis, "name": "Daesh"}), edited(isis={**isis, "name": "ISIL"}))
    assert isinstance(found, Conflicts)
    assert [str(each) for each in found.found] == ['isis / name: ours say "Daesh", theirs say "ISIL"']


def test_an_entry_that_one_removed_and_the_other_changed_is_a_conflict() -> None:
    found = merge(BASE, edited(basaev=None), edited(basaev={"name": "Riyadus-Salikhin", "aliases": ["RSRS"]}))
    assert isinstance(found, Conflicts)
    assert "ours leave it out" in found.found[0].sentence


def test_lists_are_values_and_are_not_mixed() -> None:
    basaev = BASE["entries"]["basaev"]
    found = merge(
        BASE, edited(basaev={**basaev, "aliases": ["a"]}), edited(basaev={**basaev, "aliases": ["b"]})
    )
    assert isinstance(found, Conflicts)


def test_two_first_versions_come_together_where_they_say_different_things() -> None:
    merged = merge(None, {"title": "L", "entries": {"a": {}}}, {"title": "L", "entries": {"b": {}}})
    assert merged == Merged({"title": "L", "entries": {"a": {}, "b": {}}})


@given(contents, contents, contents)
def test_merging_is_the_same_from_both_sides(base: dict, ours: dict, theirs: dict) -> None:
    one, other = merge(base, ours, theirs), merge(base, theirs, ours)
    if isinstance(one, Merged):
        assert isinstance(other, Merged)
        assert canonical(one.content) == canonical(other.content)
    else:
        assert isinstance(other, Conflicts)
        assert one.found == tuple(seen_by_the_other(each) for each in other.found)


@given(contents, contents)
def test_merging_with_a_side_that_changed_nothing_gives_the_other(base: dict, theirs: dict) -> None:
    assert canonical(merge(base, base, theirs).content) == canonical(theirs)
    assert canonical(merge(base, theirs, theirs).content) == canonical(theirs)


@given(contents, contents, contents)
def test_a_merge_says_nothing_that_neither_side_said(base: dict, ours: dict, theirs: dict) -> None:
    merged = merge(base, ours, theirs)
    if not isinstance(merged, Merged):
        return
    said = {
        (change.entry, field.path, canonical([repr(field.after)]))
        for side in (ours, theirs)
        for change in changes(base, side)
        for field in change.fields
        if change.what == "changed"
    }
    for change in changes(base, merged.content):
        if change.what == "changed" and change.entry != HEAD:
            sides = [side["entries"].get(change.entry) for side in (ours, theirs)]
            if not all(isinstance(side, dict) for side in sides):
                continue
            for field in change.fields:
                assert (change.entry, field.path, canonical([repr(field.after)])) in said


# --- a part


def test_a_part_takes_the_named_entries_and_leaves_the_rest_as_it_stands() -> None:
    proposed = edited(basaev=None, hts={"name": "HTS"}, ltte={"name": "LTTE"})
    answer = part(BASE, proposed, ["basaev", "hts"])
    assert sorted(answer["entries"]) == ["hts", "isis"]
    found = taken(BASE, proposed, answer)
    assert found is not None
    assert (found.entries, found.left) == (("basaev", "hts"), ("ltte",))


def test_a_part_of_a_first_version_keeps_its_title() -> None:
    proposed = {"title": "L", "entries": {"a": {}, "b": {}}}
    assert part(None, proposed, ["a"]) == {"title": "L", "entries": {"a": {}}}


@pytest.mark.parametrize("entries", [[], ["nothing"], ["hts", "ltte"]])
def test_a_part_is_neither_nothing_nor_all_nor_something_else(entries: list[str]) -> None:
    with pytest.raises(Misuse):
        part(BASE, edited(hts={"name": "HTS"}, ltte={"name": "LTTE"}), entries)


def test_an_answer_that_says_more_than_the_proposal_is_no_part_of_it() -> None:
    proposed = edited(hts={"name": "HTS"}, ltte={"name": "LTTE"})
    assert taken(BASE, proposed, edited(hts={"name": "Hayat"})) is None
    assert taken(BASE, proposed, edited(hts={"name": "HTS"}, more={})) is None


@given(contents, contents, st.data())
def test_every_part_reads_as_a_part(base: dict, proposed: dict, data: st.DataObject) -> None:
    changed = sorted({change.entry for change in changes(base, proposed)})
    if len(changed) < 2:
        return
    chosen = data.draw(st.sets(st.sampled_from(changed), min_size=1, max_size=len(changed) - 1))
    found = taken(base, proposed, part(base, proposed, chosen))
    assert found is not None
    assert set(found.entries) == chosen


# --- kinds


@pytest.mark.parametrize(
    "content",
    [{}, {"title": "x"}, {"title": 5, "entries": {}}, {"title": "x", "entries": []},
     {"title": "x", "entries": {"A B": {}}}, {"title": "x", "entries": {"a": 5}}],
)  # fmt: skip
def test_content_without_title_and_entries_is_malformed(content: dict[str, Any]) -> None:
    payload = write_document("joint-list", "main", "", ["1" * 64, "2" * 64], "content", content)
    with pytest.raises(Malformed):
        READERS["joint-list"](read_document(payload), 0)
