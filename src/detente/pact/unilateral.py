"""Statements about a joint document that are not its content: suspended, ended and revoked by one side, resumed
by both. spec/agreement, spec/amendment.

    suspend  {by, at, nonce, reason}                one signature, holds at once
    end      {by, at, effective, reason}            one signature, holds from `effective`
    revoke   {by, at, document, effective, reason}  one signature, holds from `effective`; of the other kinds
    resume   {lifts}                                both signatures; names the suspensions that it lifts

They are joint documents in form (`base` is the hash of the version they are about), so that envelopes, hashes
and amendments treat all alike.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from detente.errors import Malformed
from detente.pact.document import Document, write_document
from detente.pact.facts import Body
from detente.wire.instant import Instant, parse_rfc3339, rfc3339

UNILATERAL: Final = ("suspend", "end", "revoke")
STATEMENTS: Final = (*UNILATERAL, "resume")
MAX_SKEW: Final = 3_600_000  # a statement may be dated this far ahead of our clock, in milliseconds

_B = TypeVar("_B", bound=msgspec.Struct)


def write_suspension(
    name: str, agreement: str, parties: tuple[str, str], by: str, at: Instant, nonce: str, reason: str = ""
) -> bytes:
    """The payload of a suspension: one side signs it and it holds at once.

    `nonce` is 32 hex digits, so that no two suspensions are one statement and none is lifted before it is
    made.
    """
    content = {"by": by, "at": rfc3339(at), "nonce": nonce, "reason": reason}
    return write_document("suspend", name, agreement, parties, "content", content)


def write_end(
    name: str,
    agreement: str,
    parties: tuple[str, str],
    by: str,
    at: Instant,
    effective: Instant,
    reason: str = "",
) -> bytes:
    """The payload of a notice to end: one side signs it, and it takes effect at `effective`."""
    content = {"by": by, "at": rfc3339(at), "effective": rfc3339(effective), "reason": reason}
    return write_document("end", name, agreement, parties, "content", content)


def write_revocation(
    kind: str,
    name: str,
    version: str,
    parties: tuple[str, str],
    by: str,
    at: Instant,
    effective: Instant,
    reason: str = "",
) -> bytes:
    """The payload by which one side revokes a joint document of another kind than the agreement, from
    `effective`."""
    content = {
        "by": by,
        "at": rfc3339(at),
        "document": kind,
        "effective": rfc3339(effective),
        "reason": reason,
    }
    return write_document("revoke", name, version, parties, "content", content)


def write_resumption(name: str, agreement: str, parties: tuple[str, str], lifts: tuple[str, ...]) -> bytes:
    """The payload that lifts suspensions, named by their hashes: both sign it."""
    return write_document("resume", name, agreement, parties, "content", {"lifts": sorted(lifts)})


class Suspension(Body, frozen=True):
    by: str
    at: str
    nonce: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    reason: Annotated[str, Meta(max_length=2000)]


class Notice(Body, frozen=True):
    by: str
    at: str
    effective: str
    reason: Annotated[str, Meta(max_length=2000)]


class Revocation(Body, frozen=True):
    by: str
    at: str
    document: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,39}\Z")]
    effective: str
    reason: Annotated[str, Meta(max_length=2000)]


class Resumption(Body, frozen=True):
    lifts: list[str]


def content_of(document: Document, shape: type[_B]) -> _B:
    """The content of a statement as its shape. Raises Malformed."""
    try:
        return msgspec.convert(document.content, shape)
    except msgspec.ValidationError:
        raise Malformed(
            f"a statement '{document.kind}' with other members than it should have", document.payload
        ) from None


def check_author(
    said: Suspension | Notice | Revocation, by: str, now: Instant, document: Document
) -> Instant:
    """The instant of a statement that `by` made. Raises Malformed where it names another author or is dated
    ahead."""
    instant = parse_rfc3339(said.at)
    if said.by != by or instant > now + MAX_SKEW:
        raise Malformed("a statement of another party, or dated ahead", document.payload)
    return instant


def kind_about(document: Document) -> str:
    """The kind of the document that a statement is about; a version's own kind."""
    if document.kind == "revoke":
        return content_of(document, Revocation).document
    return "agreement" if document.kind in STATEMENTS else document.kind
