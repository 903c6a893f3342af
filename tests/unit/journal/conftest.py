import pytest

from detente.journal.merkle import Frontier, leaf_hash
from detente.wire.identity import Identity, generate_identity
from detente.wire.keys import KeyRing


class Tree:
    """A stored tree: what the SQL store is in the node."""

    def __init__(self) -> None:
        self.frontier = Frontier()
        self.nodes: dict[tuple[int, int], bytes] = {}

    def append(self, *entries: bytes) -> "Tree":
        for entry in entries:
            self.frontier, nodes = self.frontier.append(leaf_hash(entry))
            for node in nodes:
                assert (node.level, node.index) not in self.nodes  # a complete subtree never changes
                self.nodes[node.level, node.index] = node.hash
        return self

    def hash_at(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]


@pytest.fixture
def tree() -> Tree:
    return Tree()


@pytest.fixture
def another_tree() -> Tree:
    return Tree()


@pytest.fixture(scope="session")
def tree_of_130() -> Tree:
    return Tree().append(*(b"entry %d" % n for n in range(130)))


@pytest.fixture(scope="session")
def ours() -> Identity:
    return generate_identity(b"o" * 32)


@pytest.fixture(scope="session")
def theirs() -> Identity:
    return generate_identity(b"t" * 32)


@pytest.fixture(scope="session")
def keys(ours: Identity, theirs: Identity) -> KeyRing:
    return KeyRing().with_party(ours.public).with_party(theirs.public)
