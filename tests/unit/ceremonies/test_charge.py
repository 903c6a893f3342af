"""What a run is charged: what a side could query if it cheated, by the engine's own word."""

from __future__ import annotations

import pytest

from detente.psi.dh import DhEngine
from detente.psi.rr22 import Rr22Engine, columns


@pytest.mark.parametrize("tokens", [8, 1000, 30_000])
def test_dh_charges_what_is_declared_and_rr22_what_could_be_encoded(tokens: int) -> None:
    assert DhEngine().charged(tokens) == tokens
    assert Rr22Engine().charged(tokens) == columns(tokens) > tokens
