"""Terms and records that the tests of this folder share."""

from __future__ import annotations

import pytest

from detente.pact.agreement import parse_terms, template
from detente.pact.terms import PartyTerms, Terms

OURS, THEIRS, THIRD = "a" * 64, "b" * 64, "c" * 64
EXPIRES = 1_827_000_000_000


@pytest.fixture
def form() -> str:
    return template(PartyTerms(OURS, "Northern Service"), PartyTerms(THEIRS, "Southern Service"), EXPIRES)


@pytest.fixture
def terms(form: str) -> Terms:
    return parse_terms(form)
