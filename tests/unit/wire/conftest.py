import pytest

from detente.wire.identity import Identity, generate_identity
from detente.wire.keys import KeyRing


@pytest.fixture(scope="session")
def ours() -> Identity:
    return generate_identity(b"o" * 32)


@pytest.fixture(scope="session")
def theirs() -> Identity:
    return generate_identity(b"t" * 32)


@pytest.fixture(scope="session")
def stranger() -> Identity:
    return generate_identity(b"s" * 32)


@pytest.fixture(scope="session")
def keys(ours: Identity, theirs: Identity) -> KeyRing:
    return KeyRing().with_party(ours.public).with_party(theirs.public)
