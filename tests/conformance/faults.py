"""A Store whose commits fail when told to, in the two ways that real ones do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal

from detente.errors import Unavailable
from detente.node.ports import Store, Transaction

Outcome = Literal["done", "failed", "failed but persisted"]


class InjectedFault(Unavailable):
    """What the caller sees of either fault: nothing tells it which one it was."""


class FaultyStore:
    """Wraps a Store. `outcome(n)` says how the n-th commit (from 0) goes.

    "failed": nothing of the transaction is kept. "failed but persisted": all of it is, and the caller is not
    told so.

    >>> store = FaultyStore(real, lambda n: "failed but persisted" if n == 7 else "done")  # doctest: +SKIP
    """

    def __init__(self, store: Store, outcome: Callable[[int], Outcome]) -> None:
        self._store = store
        self._outcome = outcome
        self.commits = 0

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._store.transaction() as transaction:
            yield transaction
            outcome = self._outcome(self.commits)
            self.commits += 1
            if outcome == "failed":
                raise InjectedFault("the store failed to commit: try again")
        if outcome == "failed but persisted":
            raise InjectedFault("the store failed to commit: try again")

    def snapshot(self) -> AbstractContextManager[Transaction]:
        return self._store.snapshot()

    def close(self) -> None:
        self._store.close()
