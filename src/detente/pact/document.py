"""Joint documents: payloads that name their kind, their slot, the version they follow and the two parties; in
force once both have signed.

The rule that keeps versions in one line: *a party has at most one live signature on a base*. A proposal is
live until it is rejected, or withdrawn and the peer has acknowledged that; an acceptance stays. Two honest
parties can then never agree on two successors of one version, and of a dishonest one both signatures are
evidence (spec/amendment).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from detente.errors import Malformed, NotAgreed, Refused
from detente.wire.canonical import canonical, parse_canonical
from detente.wire.envelope import AGREEMENT, DOCUMENT, statement_id

MAX_DOCUMENT: Final = 1 << 19

_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")

State = Literal[
    "none", "proposed", "in_force", "suspended", "ended", "expired", "rejected", "withdrawn", "superseded"
]


@dataclass(frozen=True, slots=True)
class Document:
    """The payload of a joint document, read. `content` is what its kind makes of it."""

    kind: str
    name: str
    base: str  # hash of the version that it follows, "" for the first
    parties: tuple[str, str]  # ids, ascending
    content: Mapping[str, Any]
    payload: bytes

    @property
    def payload_type(self) -> str:
        return document_type(self.kind)

    @property
    def hash(self) -> str:
        """By which every later message names this version."""
        return statement_id(self.payload_type, self.payload)

    def __repr__(self) -> str:
        return f"Document({self.kind}/{self.name}, {self.hash[:12]})"


def document_type(kind: str) -> str:
    """The DSSE payload type of a kind of joint document: agreements have one of their own."""
    return AGREEMENT if kind == "agreement" else DOCUMENT


def write_document(
    kind: str, name: str, base: str, parties: Iterable[str], content_name: str, content: object
) -> bytes:
    """The canonical payload of one version.

    >>> write_document("roadmap", "main", "", ["1" * 64, "0" * 64], "content", {})[:30]
    b'{"base":"","content":{},"docume'
    """
    head = {"document": kind, "name": name, "base": base, "parties": sorted(parties)}
    return canonical({**head, content_name: content})


def read_document(payload: bytes) -> Document:
    """What a payload says. Raises Malformed; the content is checked by whoever knows the kind."""
    value = parse_canonical(payload, max_bytes=MAX_DOCUMENT)
    content_name = "terms" if isinstance(value, dict) and value.get("document") == "agreement" else "content"
    if not isinstance(value, dict) or value.keys() != {"document", "name", "base", "parties", content_name}:
        raise Malformed("not a joint document", payload)
    kind, name, base, parties = (value[field] for field in ("document", "name", "base", "parties"))
    if not all(isinstance(text, str) and _SLUG.fullmatch(text) for text in (kind, name)):
        raise Malformed("a joint document whose kind or name is no slug", payload)
    if not isinstance(base, str) or (base and not _HASH.fullmatch(base)):
        raise Malformed("a joint document whose base is no hash", payload)
    if not _are_two_parties(parties) or not isinstance(value[content_name], dict):
        raise Malformed("a joint document is between two parties, named in ascending order", payload)
    return Document(kind, name, base, (parties[0], parties[1]), value[content_name], payload)


def _are_two_parties(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    return all(isinstance(party, str) and _HASH.fullmatch(party) for party in value) and value[0] < value[1]


@dataclass(frozen=True, slots=True)
class Version:
    """One version as a node knows it. `by` proposed it; `since` is when both had signed."""

    hash: str
    kind: str
    name: str
    base: str
    by: str
    state: State
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """All versions of one document (kind, name) with one peer, oldest first. Proposals that cross stand side
    by side."""

    versions: tuple[Version, ...] = ()

    @property
    def head(self) -> Version | None:
        """The latest version that both signed, whatever became of it."""
        agreed = [v for v in self.versions if v.state in ("in_force", "suspended", "ended", "expired")]
        return agreed[-1] if agreed else None

    @property
    def base(self) -> str:
        """What the next version must follow: the hash of the head, "" where there is none."""
        return self.head.hash if self.head else ""

    @property
    def proposals(self) -> tuple[Version, ...]:
        return tuple(v for v in self.versions if v.state == "proposed")

    def require_signable(self, document: Document, ours: str) -> None:
        """Raises Refused unless we may sign this version now: it follows the head, nothing is suspended, no
        other signature of ours is live."""
        head = self.head
        if head and head.state == "suspended":
            raise NotAgreed(
                f"the {document.kind} '{document.name}' is suspended; resume it before it is amended"
            )
        if document.base != self.base:
            raise Refused("it does not follow the version in force; propose it again on that one")
        for other in self.proposals:
            if other.by == ours and other.hash != document.hash:
                raise Refused(
                    "a proposal of yours on the same version is open; withdraw it first, or wait until it "
                    "is rejected"
                )
