"""Roadmaps: what one may say, and what follows from it on a day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import Malformed, Misuse
from detente.pact.bilingual import explain, require_link
from detente.pact.document import read_document, write_document
from detente.pact.roadmap import KIND, Roadmap, pressing, read_roadmap, reader, survey
from support.roadmaps import OURS, PARTIES, THEIRS, action, roadmap, text

DAY = date(2026, 12, 31)


def read(entries: dict[str, Any], **changes: Any) -> Roadmap:
    return read_roadmap(roadmap(entries, **changes), PARTIES)


def test_a_roadmap_is_read_from_a_joint_document() -> None:
    payload = write_document(KIND, "main", "", PARTIES, "content", roadmap({"meet": action()}))
    reader(read_document(payload), 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"due": "2026-02-30"},
        {"due": "2026-12-31\n"},
        {"due": "31.12.2026"},
        {"start": "2027-01-01"},
        {"status": "late"},
        {"owners": {OURS: "Desk A"}},
        {"owners": {OURS: "", THEIRS: ""}},
        {"owners": {OURS: "Desk A", "3" * 64: "a third"}},
        {"text": {"en": "meet"}},
        {"text": {"en": "meet", "ru": "встреча", "fr": "réunion"}},
        {"text": {"en": "meet", "ru": ""}},
        {"text": text("turned \u202e round")},
        {"text": text("seen\x07")},
        {"text": text("tagged \U000e0041")},
        {"after": ["meet"]},
        {"after": ["nowhere"]},
        {"evidence": {"a": {"text": "here", "link": "javascript:alert(1)"}}},
        {"evidence": {"a": {"text": "here", "link": "http://example.org"}}},
        {"evidence": {"a": {"text": "here", "link": "https://example.org/\n"}}},
        {"source": {"document": "x", "paragraph": "p1"}},
        {"source": {"document": "3" * 64, "paragraph": "p0"}},
        {"priority": "high"},
    ],
)
def test_an_action_that_the_spec_does_not_allow_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read({"meet": action(**changes)})


@pytest.mark.parametrize(
    "changes",
    [
        {"languages": []},
        {"languages": ["en", "en"]},
        {"languages": ["en", "english"]},
        {"heading": {"en": "Roadmap"}},
        {"title": " "},
        {"entries": {"Not-A-Slug": action()}},
        {"entries": {"slug\n": action()}},
        {"author": "somebody"},
    ],
)
def test_a_roadmap_that_the_spec_does_not_allow_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_roadmap({**roadmap({}), **changes}, PARTIES)


def test_what_a_peer_wrote_is_not_quoted_in_the_refusal() -> None:
    with pytest.raises(Malformed) as told:
        read({"meet": action(**{"a name of a person": "x"})})
    assert "person" not in str(told.value)
    with pytest.raises(Misuse, match="due"):  # our own mistake is told in full
        explain(roadmap({"meet": action(due="soon")}), Roadmap)


def test_actions_that_wait_for_each_other_are_refused_by_name() -> None:
    ring = {"a": action(after=["c"]), "b": action(after=["a"]), "c": action(after=["b"]), "d": action()}
    with pytest.raises(Malformed, match="a, b, c"):
        read(ring)


def test_a_chain_of_five_hundred_actions_is_read_without_recursion() -> None:
    chain = {f"a{n}": action(after=[f"a{n - 1}"] if n else []) for n in range(500)}
    assert len(survey(read(chain), DAY)) == 500
    with pytest.raises(Malformed):
        read({**chain, "one-more": action()})


def test_an_action_is_overdue_from_the_day_after_it_was_due() -> None:
    found = read({"meet": action("2026-12-30")})
    assert [survey(found, date(2026, 12, d))[0].late for d in (29, 30, 31)] == [0, 0, 1]


def test_what_was_done_or_dropped_is_never_overdue_nor_blocked() -> None:
    for status in ("done", "dropped"):
        late = action("2020-01-01", status=status, after=["other"])
        standing = {s.slug: s for s in survey(read({"meet": late, "other": action()}), DAY)}["meet"]
        assert (standing.late, standing.blocked_by, standing.state) == (0, (), status)


def test_an_action_is_blocked_until_all_before_it_is_done() -> None:
    def blocked(status: str) -> tuple[str, ...]:
        found = read({"first": action(status=status), "then": action(after=["first"])})
        return {s.slug: s for s in survey(found, DAY)}["then"].blocked_by

    assert blocked("planned") == blocked("under-way") == ("first",)
    assert blocked("dropped") == ("first",)  # it will never be done, so people must look
    assert blocked("done") == ()


def test_an_action_due_before_what_it_waits_for_is_behind() -> None:
    found = read({"first": action("2027-06-01"), "then": action("2027-01-01", after=["first"])})
    assert {s.slug: s.behind for s in survey(found, DAY)} == {"first": (), "then": ("first",)}


def test_what_presses_is_what_somebody_must_look_at() -> None:
    found = read({"late": action("2026-01-01"), "fine": action("2027-01-01")})
    assert [s.slug for s in pressing(found, DAY)] == ["late"]
    assert pressing(found, date(2026, 1, 1)) == ()


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 28), st.lists(st.integers(0, 30), max_size=3)),
        max_size=12,
    )
)
def test_in_any_roadmap_something_unfinished_can_be_begun(rows: list[tuple[int, int, list[int]]]) -> None:
    statuses = ("planned", "under-way", "done", "dropped")
    entries = {
        f"a{n}": action(
            f"2026-12-{day:02d}",
            status=statuses[status],
            after=[f"a{b}" for b in sorted(set(before)) if b < n],
        )
        for n, (status, day, before) in enumerate(rows)
    }
    standings = survey(read(entries), DAY)
    assert sorted(s.slug for s in standings) == sorted(entries)
    assert [s.action.due for s in standings] == sorted(s.action.due for s in standings)
    open_ones = {s.slug for s in standings if not s.action.finished}
    dropped = {slug for slug, each in entries.items() if each["status"] == "dropped"}
    if open_ones and not dropped:
        assert any(not s.blocked_by for s in standings if s.slug in open_ones)


@pytest.mark.parametrize("link", ["https://example.org/a?b=c#d", "sha256:" + "a" * 64])
def test_evidence_is_linked_by_https_or_by_hash(link: str) -> None:
    require_link(link, "x")
