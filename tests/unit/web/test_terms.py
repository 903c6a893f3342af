"""The form of an agreement: what a person types is what is proposed."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.errors import Misuse
from detente.pact.agreement import parse_terms, template
from detente.pact.terms import PartyTerms, to_json
from detente.web.terms import Form, form_of, toml_of

OURS, THEIRS = PartyTerms("a" * 64, "North"), PartyTerms("b" * 64, 'South "quoted" \\ Süd')
TERMS = json.loads(json.dumps(to_json(parse_terms(template(OURS, THEIRS, 1_826_841_600_000)))))


def typed(**changes):
    """The form as a browser sends it, unchanged but for these."""
    form, lists = {}, {}
    for _, fields in form_of(TERMS):
        for field in fields:
            if field.shape == "marks":
                lists[field.path] = list(field.values)
            elif field.shape == "flag":
                if field.value == "true":
                    form[field.path] = "on"
            else:
                form[field.path] = field.value
    return form | changes, lists


def test_a_form_that_nobody_touched_proposes_the_terms_it_began_with():
    form, lists = typed()
    read = Form.read(TERMS, form, lists)
    expires = read.pop("expires")
    assert expires[:10] == TERMS["expires"][:10]
    assert read == {name: value for name, value in TERMS.items() if name != "expires"}


def test_the_toml_of_a_form_is_what_the_node_reads():
    form, lists = typed(**{"swap.imbalance_limit": "9", "topics.0.scope.languages": "rus\r\n fra \r\n", "swap.conditions": "Stop.\nÀ l'aube"})  # fmt: skip
    terms = parse_terms(toml_of(Form.read(TERMS, form, lists)))
    assert terms.swap.imbalance_limit == 9
    assert terms.topics[0].scope.languages == ("rus", "fra")
    assert terms.swap.conditions == ("Stop.", "À l'aube")
    assert terms.parties[1].name == THEIRS.name


@pytest.mark.parametrize(
    ("field", "value"),
    [("swap.batch", "x"), ("swap.batch", "-1"), ("swap.batch", ""), ("swap.batch", "9" * 40), ("expires", "tomorrow"), ("swap.approvals", "two")],
)  # fmt: skip
def test_what_is_no_number_or_day_is_refused_by_its_name(field, value):
    form, lists = typed(**{field: value})
    with pytest.raises(Misuse, match=field.split(".")[0]):
        Form.read(TERMS, form, lists)


def test_who_the_parties_are_is_never_read_from_the_form():
    form, lists = typed(**{"parties.0.id": "c" * 64, "name": "other"})
    assert Form.read(TERMS, form, lists)["parties"] == TERMS["parties"]


@given(st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=50))
def test_any_text_survives_the_way_through_toml(text):
    assert tomllib.loads(toml_of({"a": text, "b": {"c": [text]}})) == {"a": text, "b": {"c": [text]}}
