from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import Malformed, Misuse, NotAgreed
from detente.pact.agreement import (
    Admitted,
    Refusal,
    agreement_hash,
    consequences,
    difference,
    in_scope,
    parse_terms,
    read_agreement,
    statement,
)
from detente.pact.document import read_document, write_document
from detente.pact.form import line_numbers
from detente.pact.languages import is_language_alone
from detente.pact.marking import Marking, parse_marking
from detente.pact.terms import DAY_MS, Scope, Terms, to_json
from detente.topics.topic import Record
from detente.wire.canonical import canonical

OURS, THEIRS, THIRD = "a" * 64, "b" * 64, "c" * 64
NOW = 1_800_000_000_000
RECORD = Record(
    "r1",
    "Person",
    {"name": ("Ivan",), "spokenLanguage": ("rus",)},
    grounds=("UN listing QDi.001, member of ISIS",),
)


def judge(terms: Terms, record: Record, **changes):
    return in_scope(terms, terms.topic("people"), record, **{"peer": THEIRS, "now": NOW, **changes})


def scoped(terms: Terms, **scope) -> Terms:
    topic = msgspec.structs.replace(terms.topics[0], scope=Scope(**scope))
    return msgspec.structs.replace(terms, topics=(topic,))


# --- the form


def test_the_template_is_terms_as_it_stands(form: str) -> None:
    terms = parse_terms(form)
    assert [party.id for party in terms.parties] == [OURS, THEIRS]
    assert terms.expires == 1_827_000_000_000


def test_a_party_name_with_quotes_does_not_break_out_of_the_form(form: str) -> None:
    from detente.pact.agreement import template
    from detente.pact.terms import PartyTerms

    name = 'Bureau "Nord"\\ \n[[topics]]'
    terms = parse_terms(template(PartyTerms(OURS, name), PartyTerms(THEIRS, "x"), NOW))
    assert terms.parties[0].name == name


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("buckets = 64", "buckets = 63", "topics[0].buckets"),
        ("audit = 64", "audit = -1", "topics[0].audit"),
        ("audit = 64", "audit = 0", "topics[0].audit"),
        ("audit = 64", 'audit = "many"', "topics[0].audit"),
        ("purpose =", "porpoise =", "topics[0].porpoise"),
        ("batch = 1", "batch = 4", "swap.batch"),
        ("batch = 1", "batch = true", "swap.batch"),
        ('inspector = "peer"', f'inspector = "{THEIRS}"', "topics[0].inspector"),
        ('inspector = "peer"', 'inspector = "someone"', "topics[0].inspector"),
        ("budget = 400000", "budget = 4000", "topics[0].budget"),
        ('tlp = ["', 'tlp = ["TLP:RED", "', "markings.tlp"),
        ('pap = ["', 'pap = ["PAP:PINK", "', "markings.pap"),
        ('admiralty = "F6"', 'admiralty = "G6"', "markings.admiralty"),
        ("pairs_per_record = 16", "pairs_per_record = 0", "topics[0].caps.pairs_per_record"),
        ("recall_hours = 72", "recall_hours = 72.5", "recall_hours"),
        ("expires = 2", 'expires = "soon" # 2', "expires"),
        (f'"{THEIRS}"', f'"{OURS}"', "parties[1].id"),
    ],
)
def test_what_is_wrong_in_a_form_is_named_by_line_and_field(form: str, old: str, new: str, path: str) -> None:
    assert old in form
    broken = form.replace(old, new, 1)
    line = next(
        n for n, (a, b) in enumerate(zip(form.splitlines(), broken.splitlines(), strict=True), 1) if a != b
    )
    with pytest.raises(Misuse) as raised:
        parse_terms(broken)
    assert str(raised.value).startswith(f"line {line}, {path}: ")


def test_the_budget_bears_one_run_of_the_largest_size_to_the_token(form: str, terms: Terms) -> None:
    least = terms.topics[0].max_records * terms.topics[0].caps.tokens_per_record
    assert parse_terms(form.replace("budget = 400000", f"budget = {least}")).topics[0].budget == least
    with pytest.raises(Misuse, match=f"needs {least} tokens"):
        parse_terms(form.replace("budget = 400000", f"budget = {least - 1}"))


@pytest.mark.parametrize("engine", ["rr22", "auto"])
def test_the_peer_itself_inspects_with_dh_only(form: str, engine: str) -> None:
    broken = form.replace('engine = "dh"', f'engine = "{engine}"')
    with pytest.raises(
        Misuse, match=r'topics\[0\].inspector: the peer itself can check openings with engine "dh" only'
    ):
        parse_terms(broken)
    assert (
        parse_terms(broken.replace('inspector = "peer"', f'inspector = "{THIRD}"')).topics[0].engine == engine
    )


def test_a_missing_field_is_named_with_the_part_that_lacks_it(form: str) -> None:
    with pytest.raises(
        Misuse, match=r"the part that begins on line \d+ lacks topics\[0\].caps.pairs_per_record"
    ):
        parse_terms(form.replace("pairs_per_record = 16\n", ""))
    with pytest.raises(Misuse, match="the form lacks recall_hours"):
        parse_terms("\n".join(line for line in form.splitlines() if not line.startswith("recall_hours")))


def test_broken_toml_is_named_by_line(form: str) -> None:
    with pytest.raises(Misuse, match="line 2"):
        parse_terms("# one\nname = = 2\n" + form)


def test_a_topic_that_stands_twice_is_refused(form: str) -> None:
    topic = form[form.index("[[topics]]") : form.index("[markings]")]
    with pytest.raises(Misuse, match=r"topics\[1\].name: the topic 'people' stands twice"):
        parse_terms(form.replace("[markings]", topic + "[markings]"))


def test_line_numbers_are_not_misled_by_text_that_looks_like_fields() -> None:
    text = 'a = """\nb = 1\n[c]\n"""\nd = 2\n[e.f]\ng.h = 3\n[[i]]\n[[i]]\n[i.j]\nk = 1\n'
    lines = line_numbers(text)
    assert {"a": 1, "d": 5, "e.f.g.h": 7, "i[0]": 8, "i[1]": 9, "i[1].j.k": 11}.items() <= lines.items()
    assert "b" not in lines


def test_a_form_of_any_size_is_not_read(form: str) -> None:
    with pytest.raises(Misuse, match="longer than"):
        parse_terms(form + "#" * (1 << 18))


# --- the statement


def test_terms_survive_the_statement(terms: Terms) -> None:
    document, again = read_agreement(statement(terms, "d" * 64))
    assert again == terms
    assert (document.base, document.name, document.parties) == ("d" * 64, "main", (OURS, THEIRS))


def test_every_change_of_terms_or_base_changes_the_hash(terms: Terms) -> None:
    longer = msgspec.structs.replace(terms, retention_days=terms.retention_days + 1)
    hashes = {agreement_hash(s) for s in (statement(terms), statement(longer), statement(terms, "d" * 64))}
    assert len(hashes) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"retention_days": 0},
        {"expires": "2027-01-01"},
        {"expires": 5},
        {"topics": []},
        {"parties": []},
        {"name": "Main"},
        {"name": "other"},
        {"swap": {"imbalance_limit": 3}},
        {"continues_when_suspended": ["matching"]},
    ],
)
def test_a_peers_terms_outside_the_spec_are_malformed(terms: Terms, change: dict[str, object]) -> None:
    payload = write_document("agreement", "main", "", (OURS, THEIRS), "terms", {**to_json(terms), **change})
    with pytest.raises(Malformed):
        read_agreement(payload)


def test_a_peers_terms_that_contradict_themselves_are_malformed(terms: Terms) -> None:
    value = to_json(terms)
    value["topics"][0]["buckets"] = 3
    with pytest.raises(Malformed, match="power of two"):
        read_agreement(write_document("agreement", "main", "", (OURS, THEIRS), "terms", value))


def test_terms_of_other_parties_than_the_head_names_are_malformed(terms: Terms) -> None:
    payload = write_document("agreement", "main", "", (OURS, THIRD), "terms", to_json(terms))
    with pytest.raises(Malformed, match="different parties"):
        read_agreement(payload)


@pytest.mark.parametrize(
    "change",
    [
        {"parties": [THEIRS, OURS]},
        {"parties": [OURS, OURS]},
        {"parties": [OURS]},
        {"parties": [OURS, 3]},
        {"base": "d" * 63},
        {"base": None},
        {"document": "No Slug"},
        {"more": 1},
        {"content": []},
    ],
)
def test_a_document_head_outside_the_spec_is_malformed(change: dict[str, object]) -> None:
    good = {"document": "roadmap", "name": "main", "base": "", "parties": [OURS, THEIRS], "content": {}}
    assert read_document(canonical(good)).kind == "roadmap"
    with pytest.raises(Malformed):
        read_document(canonical({**good, **change}))


# --- what it means


def test_consequences_name_the_peer_and_never_oneself(terms: Terms) -> None:
    lines = consequences(terms, OURS)
    assert any("Southern Service will learn" in line for line in lines)
    assert not any("Northern Service" in line for line in lines)
    assert all(line.endswith((".", ":")) or line.rstrip().endswith(".") for line in lines)


def test_consequences_are_for_the_two_parties_only(terms: Terms) -> None:
    with pytest.raises(NotAgreed):
        consequences(terms, THIRD)


@given(st.data())
def test_no_term_changes_without_a_consequence_or_a_name(data: st.DataObject) -> None:
    """Each number that a person signs appears in the sentences that are shown before signing."""
    from detente.pact.agreement import template
    from detente.pact.terms import PartyTerms

    terms = parse_terms(template(PartyTerms(OURS, "N"), PartyTerms(THEIRS, "S"), 1_827_000_000_000))
    field, value = data.draw(
        st.sampled_from(
            [
                ("retention_days", 4711),
                ("recall_hours", 4711),
                ("notice_days", 311),
                ("expires", 1_700_000_004_711),
            ]
        )
    )
    changed = msgspec.structs.replace(terms, **{field: value})
    assert consequences(changed, OURS) != consequences(terms, OURS)
    assert [change.path for change in difference(terms, changed)] == [field]


def test_a_difference_names_topics_not_places(terms: Terms) -> None:
    people = terms.topics[0]
    groups = msgspec.structs.replace(people, name="groups", budget=999_999)
    more = msgspec.structs.replace(terms, topics=(groups, people))
    changes = difference(terms, more)
    assert changes
    assert all(change.path.startswith("topics.groups.") and change.old == "" for change in changes)
    assert difference(more, more) == []


# --- which records it admits


def test_a_record_with_grounds_is_admitted(terms: Terms) -> None:
    assert judge(terms, RECORD) == Admitted(Marking("TLP:AMBER"), RECORD.grounds)


@pytest.mark.parametrize("grounds", [(), ("",), ("  ",)])
def test_a_record_without_grounds_is_refused(terms: Terms, grounds: tuple[str, ...]) -> None:
    assert judge(terms, replace(RECORD, grounds=grounds)) == Refusal("no grounds")


@pytest.mark.parametrize(
    "ground",
    [
        "Russian-speaking",
        "speaks French",
        "language: rus",
        "francophone",
        "русскоязычный",
        "говорит по-русски",
        "parle russe",
    ],
)
def test_a_language_alone_is_never_grounds(terms: Terms, ground: str) -> None:
    assert is_language_alone(ground)
    assert judge(terms, replace(RECORD, grounds=(ground,))) == Refusal("a language alone is no grounds")
    admitted = judge(terms, replace(RECORD, grounds=(ground, "court order 12/2025")))
    assert isinstance(admitted, Admitted)
    assert admitted.grounds == ("court order 12/2025",)


@pytest.mark.parametrize(
    "ground", ["IS", "member of ISIS", "listed", "EU 2020/1998", "Russian-speaking ISIS fighter", "12"]
)
def test_what_is_more_than_a_language_is_not_taken_for_one(ground: str) -> None:
    assert not is_language_alone(ground)


@pytest.mark.parametrize(
    ("scope", "change", "reason"),
    [
        ({"languages": ("fr",)}, {}, "speaks none of the agreed languages"),
        ({"languages": ("ru",)}, {"properties": {}}, "no language is known, and the agreement asks for one"),
        ({"groups": ("ISAF",)}, {}, "names none of the agreed groups"),
        ({"groups": ("SIS",)}, {}, "names none of the agreed groups"),
        ({"grounds": ("court order",)}, {}, "none of the agreed grounds"),
    ],
)
def test_a_record_outside_the_scope_is_refused(terms: Terms, scope: dict, change: dict, reason: str) -> None:
    assert judge(scoped(terms, **scope), replace(RECORD, **change)) == Refusal(reason)


@pytest.mark.parametrize(
    ("scope", "change"),
    [
        ({"languages": ("ru", "fra")}, {}),
        ({"groups": ("isis",)}, {}),
        ({"groups": ("Al Nusra",)}, {"properties": {"memberOf": ("al-Nusra",)}}),
        ({"grounds": ("un listing",)}, {}),
        ({"languages": ("rus",), "groups": ("ISIS",), "grounds": ("listing",)}, {}),
    ],
)
def test_a_record_inside_the_scope_is_admitted(terms: Terms, scope: dict, change: dict) -> None:
    assert isinstance(judge(scoped(terms, **scope), replace(RECORD, **change)), Admitted)


@pytest.mark.parametrize(
    "marking", ["TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER PAP:RED", "", "secret", "TLP:AMBER NOFORN"]
)
def test_a_marking_that_is_not_allowed_or_not_understood_keeps_a_record_out(
    terms: Terms, marking: str
) -> None:
    assert isinstance(judge(terms, replace(RECORD, marking=marking)), Refusal)


def test_old_names_of_labels_mean_what_they_meant() -> None:
    assert parse_marking("TLP:WHITE") == Marking("TLP:CLEAR")


def test_a_grade_below_the_least_keeps_a_record_out(terms: Terms) -> None:
    strict = msgspec.structs.replace(terms, markings=msgspec.structs.replace(terms.markings, admiralty="C3"))
    assert isinstance(judge(strict, replace(RECORD, grade="B3")), Admitted)
    for grade in ("D1", "A4", "F1", "A6", "?"):
        assert isinstance(judge(strict, replace(RECORD, grade=grade)), Refusal)


def test_what_came_from_one_party_reaches_another_only_with_its_consent(terms: Terms) -> None:
    received = replace(RECORD, origin=f"party:{THIRD}")
    assert judge(terms, received) == Refusal("received from another party that has not consented")
    assert isinstance(judge(terms, received, consented=frozenset({THIRD})), Admitted)
    assert judge(terms, replace(RECORD, origin=f"party:{THEIRS}")) == Refusal("received from this very party")


def test_what_was_received_is_not_used_past_its_retention(terms: Terms) -> None:
    received = replace(RECORD, origin=f"party:{THIRD}")
    known = {"consented": frozenset({THIRD}), "loaded": NOW}
    assert isinstance(judge(terms, received, **{**known, "now": NOW + 365 * DAY_MS}), Admitted)
    assert judge(terms, received, **{**known, "now": NOW + 365 * DAY_MS + 1}) == Refusal("past its retention")


def test_refusals_and_admissions_show_nothing_of_the_record(terms: Terms) -> None:
    assert "Ivan" not in repr(judge(terms, RECORD))
    assert "QDi" not in repr(judge(terms, RECORD))
