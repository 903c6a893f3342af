"""Log-odds in integer millibits to probabilities in parts per million, the same on every platform."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from functools import lru_cache

_CONTEXT = Context(prec=28)


@lru_cache(maxsize=1 << 14)
def probability(millibits: int) -> int:
    """Parts per million, 1 to 999,999, for log2-odds in millibits. Decimal arithmetic: no platform's own rounding.

    >>> probability(0), probability(1000), probability(-3000)
    (500000, 666667, 111111)
    """
    with localcontext(_CONTEXT):
        odds = Decimal(2) ** (Decimal(max(-40_000, min(40_000, millibits))) / 1000)
        share = int((odds / (1 + odds) * 1_000_000).to_integral_value())
    return max(1, min(999_999, share))
