"""One side's word about a document that is in force: suspended, revoked, or notice given. spec/amendment."""

from __future__ import annotations

from detente.ceremonies.proposals import MAX_REASON, Slot
from detente.errors import Refused
from detente.pact.document import Document
from detente.pact.facts import Ended, Suspended
from detente.pact.terms import DAY_MS
from detente.pact.unilateral import Notice, Revocation, Suspension, check_author, content_of
from detente.wire.messages import Instant, parse_rfc3339


def declared(document: Document, slot: Slot, by: str, now: Instant) -> Suspended | Ended:
    """What a statement by `by` makes of the document in this slot. Raises Refused where it cannot, Malformed where
    it is not `by`'s."""
    if slot.state == "none" or (document.kind == "suspend" and slot.state == "ended"):
        raise Refused(f"there is no {slot.kind} '{document.name}' to {document.kind}")
    if document.kind == "suspend":
        # of whichever version: a suspension holds for the agreement, so it is never refused for having
        # crossed an amendment
        said = content_of(document, Suspension)
        check_author(said, by, now, document)
        return Suspended(document.name, by, document.hash, said.reason[:MAX_REASON])
    return _ended(document, slot, by, now)


def _ended(document: Document, slot: Slot, by: str, now: Instant) -> Ended:
    notice: Notice | Revocation
    notice = content_of(document, Notice) if document.kind == "end" else content_of(document, Revocation)
    at, effective = check_author(notice, by, now, document), parse_rfc3339(notice.effective)
    if (document.kind == "revoke") == (slot.kind == "agreement"):
        raise Refused("an agreement ends with notice, any other joint document is revoked")
    if document.kind == "end" and effective - at < slot.notice_days * DAY_MS:
        raise Refused(
            f"the agreement '{document.name}' ends with {slot.notice_days} days' notice; name a later day"
        )
    if effective < at:
        raise Refused("a revocation does not count before it is made; name a later instant")
    crossed = document.kind == "revoke" and document.base in slot.past
    if document.base != slot.base and not crossed:
        raise Refused("it names another version than the one in force; give it again")
    return Ended(document.name, by, effective, document.hash)
