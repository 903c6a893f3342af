from __future__ import annotations

from itertools import count

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from detente.errors import NotAgreed, Overdrawn
from detente.pact.agreement import parse_terms, template
from detente.pact.facts import (
    KIND_OF,
    PROVABLE,
    Fact,
    ItemDisputed,
    ItemOpened,
    ItemReceipt,
    ItemReceived,
    ItemSettled,
    ItemVoid,
    RecallAttested,
    RecallRequested,
)
from detente.pact.ledger import Ledger, ledger, may_release
from detente.pact.terms import DAY_MS, PartyTerms, Terms

OURS, THEIRS = "a" * 64, "b" * 64
NOW = 1_800_000_000_000
AGREEMENT = "e" * 64
TERMS = parse_terms(template(PartyTerms(OURS, "N"), PartyTerms(THEIRS, "S"), 1_827_000_000_000))


class Story:
    def __init__(self, terms: Terms = TERMS) -> None:
        self.terms, self.facts, self.index, self.now = terms, [], count(), NOW

    def tell(self, item: str, body: msgspec.Struct) -> Story:
        self.facts.append(Fact(next(self.index), KIND_OF[type(body)], item, THEIRS, self.now, body))
        return self

    def give(self, item: str, agreement: str = AGREEMENT) -> Story:
        return self.tell(item, ItemOpened("s", agreement, f"f-{item}", 0))

    def get(self, item: str) -> Story:
        return self.tell(item, ItemReceived("s", AGREEMENT, f"f-{item}", 0, "TLP:AMBER", "0" * 64, "m"))

    @property
    def ledger(self) -> Ledger:
        return ledger(self.facts, self.terms, self.now)


def test_an_empty_journal_is_an_even_balance() -> None:
    found = Story().ledger
    assert (found.balance, found.ours_left, found.theirs_left, found.suspended) == (0, 3, 3, False)


def test_given_minus_received_is_the_balance_and_each_line_names_its_proof() -> None:
    story = Story().give("1").get("2").give("3").tell("1", ItemReceipt("stored", "theirs", "m"))
    found = story.ledger
    assert (found.given, found.received, found.balance) == (2, 1, 1)
    assert [(line.item, line.direction, line.proof) for line in found.lines] == [
        ("1", "given", (0, 3)),
        ("2", "received", (1,)),
        ("3", "given", (2,)),
    ]


def test_a_replayed_release_does_not_spend_the_balance_twice() -> None:
    assert Story().give("1").give("1").get("2").get("2").ledger.balance == 0


def test_denial_of_receipt_leaves_a_claim_that_still_counts() -> None:
    found = Story().give("1").ledger
    assert found.balance == 1
    assert [line.item for line in found.claims] == ["1"]
    assert Story().give("1").tell("1", ItemReceipt("seen", "theirs", "m")).ledger.claims


def test_our_own_word_is_no_receipt_of_theirs() -> None:
    assert Story().give("1").tell("1", ItemReceipt("stored", "ours", "")).ledger.claims


@pytest.mark.parametrize("ground", sorted(PROVABLE))
def test_junk_to_keep_the_balance_does_not_count(ground: str) -> None:
    found = Story().get("1").tell("1", ItemDisputed("ours", ground, "m")).ledger
    assert (found.received, found.ours_left) == (0, 3)
    assert found.lines[0].status == "void"


def test_dispute_griefing_changes_no_number_and_ends_with_the_allowance() -> None:
    story = Story()
    for item in "123":
        story.give(item).tell(item, ItemDisputed("theirs", "content", "m"))
    found = story.ledger
    assert (found.given, found.theirs_left, found.ours_left, found.suspended) == (3, 0, 3, True)
    with pytest.raises(NotAgreed, match="settle"):
        may_release(found, TERMS)


def test_only_the_receiver_disputes_an_item() -> None:
    found = Story().give("1").tell("1", ItemDisputed("ours", "schema", "m")).ledger
    assert found.given == 1


def test_disputing_one_item_again_spends_the_allowance_once() -> None:
    story = Story().get("1")
    story.tell("1", ItemDisputed("ours", "content", "m")).tell("1", ItemDisputed("ours", "content", "m"))
    assert story.ledger.ours_left == 2


def test_no_answer_by_the_deadline_is_acceptance() -> None:
    story = Story().get("1")
    story.now = NOW + 14 * DAY_MS + 1
    assert story.ledger.lines[0].status == "accepted"
    story.tell("1", ItemDisputed("ours", "schema", "m"))
    assert (story.ledger.received, story.ledger.lines[0].status) == (1, "accepted")


def test_a_dispute_on_the_last_day_stands() -> None:
    story = Story().get("1")
    story.now = NOW + 14 * DAY_MS
    assert story.tell("1", ItemDisputed("ours", "schema", "m")).ledger.received == 0


@pytest.mark.parametrize(("counts", "received"), [(True, 1), (False, 0)])
def test_what_people_settled_stands_and_gives_the_allowance_back(counts: bool, received: int) -> None:
    story = (
        Story().get("1").tell("1", ItemDisputed("ours", "content", "m")).tell("1", ItemSettled(counts, "m"))
    )
    assert (story.ledger.received, story.ledger.ours_left) == (received, 3)


def test_nothing_is_settled_that_was_not_disputed() -> None:
    assert Story().get("1").tell("1", ItemSettled(False, "m")).ledger.received == 1


def test_what_its_giver_took_back_no_longer_counts() -> None:
    story = Story().give("1").give("2").tell("1", RecallRequested("ours", NOW + 5, "m"))
    assert story.ledger.given == 1
    assert story.ledger.lines[0].overdue == NOW + 5
    story.tell("1", RecallAttested("theirs", "key shredded", "", "m"))
    assert (story.ledger.lines[0].status, story.ledger.lines[0].overdue) == ("erased", None)


def test_a_refused_recall_erases_nothing() -> None:
    story = (
        Story()
        .give("1")
        .tell("1", RecallRequested("ours", NOW, "m"))
        .tell("1", RecallAttested("theirs", "", "law", "m"))
    )
    assert story.ledger.lines[0].status == "recalled"


def test_nobody_recalls_what_the_other_gave() -> None:
    assert Story().give("1").tell("1", RecallRequested("theirs", NOW, "m")).ledger.given == 1


def test_a_recall_of_junk_does_not_make_it_count_again() -> None:
    story = (
        Story()
        .get("1")
        .tell("1", ItemDisputed("ours", "content", "m"))
        .tell("1", RecallRequested("theirs", NOW, "m"))
    )
    assert story.tell("1", ItemSettled(True, "m")).ledger.received == 0


def test_an_item_that_was_never_opened_is_no_line() -> None:
    story = Story().tell("1", ItemVoid("s", "stopped")).tell("1", ItemReceipt("stored", "theirs", "m"))
    assert story.ledger.lines == ()


def test_release_is_refused_past_the_imbalance_until_the_other_side_has_given() -> None:
    story = Story().give("1").give("2").give("3")
    with pytest.raises(Overdrawn, match="you gave 3 more"):
        may_release(story.ledger, TERMS)
    may_release(story.get("4").ledger, TERMS)
    with pytest.raises(Overdrawn):
        may_release(story.ledger, TERMS, more=2)


def test_another_agreement_has_a_balance_of_its_own() -> None:
    story = Story().give("1").give("2", "f" * 64)
    assert ledger(story.facts, TERMS, NOW, agreements={AGREEMENT}).given == 1


class TwoLedgers(RuleBasedStateMachine):
    """Both sides fold their own journal of the same events: they must agree, and a model that counts by hand
    must too."""

    @initialize()
    def start(self) -> None:
        self.ours, self.theirs = Story(), Story()
        self.model: dict[str, dict] = {}
        self.plain = {"ours": set(), "theirs": set()}

    def tell(self, item: str, ours: msgspec.Struct, theirs: msgspec.Struct) -> None:
        self.ours.tell(item, ours)
        self.theirs.tell(item, theirs)

    @rule(item=st.sampled_from("abcdef"), given=st.booleans())
    def move(self, item: str, given: bool) -> None:
        known = self.model.get(item)
        if known and known["given"] != given:
            return
        opened = ItemOpened("s", AGREEMENT, item, 0)
        received = ItemReceived("s", AGREEMENT, item, 0, "TLP:AMBER", "0" * 64, "m")
        self.tell(item, *((opened, received) if given else (received, opened)))
        self.model.setdefault(item, {"given": given, "at": self.ours.now, "counts": True, "ground": None})

    @precondition(lambda self: self.model)
    @rule(data=st.data(), ground=st.sampled_from(["key", "schema", "content"]))
    def dispute(self, data, ground: str) -> None:
        item = data.draw(st.sampled_from(sorted(self.model)))
        known = self.model[item]
        ours = "theirs" if known["given"] else "ours"
        theirs = "ours" if known["given"] else "theirs"
        self.tell(item, ItemDisputed(ours, ground, "m"), ItemDisputed(theirs, ground, "m"))
        if known["ground"] is None and self.ours.now <= known["at"] + 14 * DAY_MS:
            known["ground"] = ground
            if ground == "content":
                self.plain[ours].add(item)
            else:
                known["counts"] = False

    @precondition(lambda self: self.model)
    @rule(data=st.data(), counts=st.booleans())
    def settle(self, data, counts: bool) -> None:
        item = data.draw(st.sampled_from(sorted(self.model)))
        self.tell(item, ItemSettled(counts, "m"), ItemSettled(counts, "m"))
        known = self.model[item]
        if known["ground"] is not None:
            known["counts"] = counts and not known.get("recalled")
            for side in self.plain.values():
                side.discard(item)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def recall(self, data) -> None:
        item = data.draw(st.sampled_from(sorted(self.model)))
        given = self.model[item]["given"]
        ours, theirs = ("ours", "theirs") if given else ("theirs", "ours")
        self.tell(item, RecallRequested(ours, NOW, "m"), RecallRequested(theirs, NOW, "m"))
        self.model[item] |= {"counts": False, "recalled": True}

    @rule(days=st.integers(0, 20))
    def wait(self, days: int) -> None:
        self.ours.now += days * DAY_MS
        self.theirs.now += days * DAY_MS

    @invariant()
    def both_sides_and_the_model_agree(self) -> None:
        ours, theirs = self.ours.ledger, self.theirs.ledger
        given = sum(k["counts"] for k in self.model.values() if k["given"])
        received = sum(k["counts"] for k in self.model.values() if not k["given"])
        assert (ours.given, ours.received) == (given, received) == (theirs.received, theirs.given)
        assert ours.balance == -theirs.balance
        left = {side: max(3 - len(items), 0) for side, items in self.plain.items()}
        assert (ours.ours_left, ours.theirs_left) == (left["ours"], left["theirs"])
        assert (theirs.theirs_left, theirs.ours_left) == (left["ours"], left["theirs"])
        assert ours.suspended == theirs.suspended == (0 in left.values())

    @invariant()
    def a_line_never_loses_its_proof(self) -> None:
        for line in self.ours.ledger.lines:
            assert line.proof == tuple(sorted(set(line.proof)))


TwoLedgers.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestTwoLedgers = TwoLedgers.TestCase
