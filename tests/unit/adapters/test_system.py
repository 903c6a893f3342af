from __future__ import annotations

import time

from detente.adapters.system import SystemClock, SystemEntropy


def test_the_clock_counts_milliseconds_since_the_unix_epoch() -> None:
    assert abs(SystemClock().now() - time.time() * 1000) < 5_000


def test_entropy_does_not_repeat() -> None:
    entropy = SystemEntropy()
    assert len({entropy.draw(32) for _ in range(100)}) == 100
    assert entropy.draw(0) == b""
