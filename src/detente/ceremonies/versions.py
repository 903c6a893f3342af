"""Which version an envelope holds, where its document stands, and whether we may sign it. spec/amendment."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from detente.ceremonies.proposals import AmendmentSetup, Slot
from detente.errors import BadSignature, Expired, Malformed, NotAgreed, Refused
from detente.pact.agreement import read_agreement
from detente.pact.document import Document, document_type, read_document
from detente.pact.unilateral import Resumption, content_of, kind_about
from detente.wire.envelope import DOCUMENT, open_envelope
from detente.wire.keys import KeyRing
from detente.wire.messages import Instant

Reader = Callable[[Document, Instant], None]
OPEN = "a proposal of yours on the same version is open; withdraw it first, or wait until it is rejected"


def read_terms(document: Document, now: Instant) -> None:
    """The reader of agreements. Raises Malformed, and Expired where they would be over when signed."""
    _, terms = read_agreement(document.payload)
    if terms.expires <= now:
        raise Expired("the proposed agreement has expired already; propose one with a later expiry")


def open_document(
    setup: AmendmentSetup,
    raw: bytes,
    now: Instant,
    *,
    by: str = "",
    fault: type[Exception] | None = None,
    evidence: bytes = b"",
) -> Document:
    """The document in an envelope signed by `by` alone, or by both where `by` is "". Between these two
    parties, or refused.

    What is not in order is the peer's, with the message as evidence, or ours where `fault` names our error.
    """
    both = {setup.ours, setup.theirs}
    for payload_type in (document_type("agreement"), DOCUMENT):
        try:
            ring, required = KeyRing(setup.keys), {by} if by else both
            opened = open_envelope(raw, payload_type, ring, required=required, at=now)
        except Malformed:
            continue
        except BadSignature as problem:
            raise _blamed(problem, fault, evidence) from None
        document = read_document(opened.payload)
        if document.payload_type != payload_type:
            break
        if set(document.parties) != both:
            raise _blamed(Malformed("a joint document of other parties", evidence), fault, evidence)
        return document
    raise _blamed(Malformed("no envelope of a joint document", evidence), fault, evidence)


def slot_for(setup: AmendmentSetup, document: Document) -> Slot:
    """Where the document stands that a version continues, or that a statement is about."""
    kind = kind_about(document)
    for slot in setup.slots:
        if (slot.kind, slot.name) == (kind, document.name):
            return slot
    return Slot(kind, document.name, held=setup.suspended)


def require_signable(
    document: Document, slot: Slot, readers: Mapping[str, Reader], ours: str, now: Instant
) -> None:
    """Raises Refused where `ours` may not sign this now: no reader, suspended, another base, another signature of
    ours on that base. Malformed where its content is not what its kind has."""
    require_proposable(document, slot, readers, now)
    if slot.open and slot.open != document.hash:
        raise Refused(OPEN)


def require_proposable(document: Document, slot: Slot, readers: Mapping[str, Reader], now: Instant) -> None:
    """The same without our own signature: whether the peer may propose this."""
    if document.kind == "resume":
        lifts = content_of(document, Resumption).lifts
        if document.base != slot.base or not lifts or lifts != sorted(slot.suspensions):
            raise Refused(
                "a resumption lifts exactly the suspensions that hold; look at `agreement show` and "
                "propose it again"
            )
        return
    reader = readers.get(document.kind)
    if reader is None:
        raise Refused(f"this node knows no joint documents of the kind '{document.kind}'")
    reader(document, now)
    if slot.state == "suspended" or slot.held:
        what = f"the agreement '{document.name}'" if document.kind == "agreement" else "the agreement"
        raise NotAgreed(f"{what} is suspended; resume it before anything is amended")
    if document.base != slot.base:
        raise Refused("it does not follow the version in force; propose it again on that one")


def _blamed(problem: Exception, fault: type[Exception] | None, evidence: bytes) -> Exception:
    """Our own envelopes are our own mistake; the peer's are kept as evidence."""
    if fault is not None:
        return fault(f"this document cannot be sent: {problem}")
    return type(problem)(str(problem), evidence)
