"""The machine's clock and dice: the only place that reads them."""

from __future__ import annotations

import os
import time

from detente.wire.messages import Instant


class SystemClock:
    """The wall clock in Unix milliseconds.

    >>> SystemClock().now() > 1_700_000_000_000
    True
    """

    def now(self) -> Instant:
        return time.time_ns() // 1_000_000


class SystemEntropy:
    """The operating system's cryptographic randomness.

    >>> len(SystemEntropy().draw(32))
    32
    """

    def draw(self, n: int) -> bytes:
        return os.urandom(n)
