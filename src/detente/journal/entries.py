"""Journal entries: what a leaf says. Bodies commit to records and never contain them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from detente.errors import Malformed
from detente.journal.merkle import leaf_hash
from detente.wire.canonical import Json, canonical, parse_canonical
from detente.wire.instant import Instant, parse_rfc3339, rfc3339

MAX_ENTRY = 256 * 1024
SALT_BYTES = 16
_SALT = re.compile(r"[0-9a-f]{32}")
_MAX_SUBJECT = 256

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "node.created": "that this node exists and since when",
        "key.rotated": "our new public keys and from when they count",
        "key.revoked": "which of our keys no longer counts, since when and for what reason",
        "peer.paired": "whom we paired with and under which keys",
        "document.proposed": "the hash of a joint document and who proposed it",
        "document.accepted": "the hash of a joint document and who signed it",
        "document.rejected": "the hash of a joint document and who turned it down",
        "document.in_force": "which version of a joint document counts from when on",
        "document.superseded": "which version was replaced by which",
        "document.suspended": "that an agreement is suspended and by whom",
        "document.resumed": "that it counts again",
        "document.ended": "that it has ended",
        "records.loaded": "how many records were loaded and a salted commitment to each, not what is in them",
        "record.erased": "which commitment's record was erased and on what request",
        "run.started": "the hash of a signed run statement: with whom, on what topic, of what padded size",
        "run.charged": "how much of the query budget a run was charged",
        "run.finished": "how many overlaps and findings a run had, and the roots that both signed",
        "run.aborted": "that a run ended early, at which step and whose fault that was",
        "conversation.ended": "that a conversation other than a run ended early, and who ended it",
        "finding.decided": "that a person confirmed, dismissed or parked a finding: its id, not its records",
        "conflict.overdue": "that a conflict in the air was not settled in time: its id and the time, not the plans",
        "item.prepared": "the hash of a signed item statement",
        "item.sent": "that its ciphertext was handed over",
        "item.opened": "that its key was handed over: from here it counts in the balance",
        "item.received": "that an item of theirs was opened and stored, by its hash",
        "item.receipt": "the hash of a signed receipt",
        "item.disputed": "the hash of a signed dispute and its ground",
        "item.settled": "the hash of the statement by which both settled a dispute, and whether the item counts",
        "item.void": "that an item's key was shredded before it was handed over",
        "notice": "the id of a signed notice of theirs, or of their acknowledgement of ours",
        "consent.given": "the hash of a signed consent to passing an item on, and to whom",
        "recall.requested": "the hash of a signed request to erase an item",
        "recall.attested": "the hash of a signed attestation that it was erased",
        "request.asked": "the id of a request for information, its topic, deadline and marking, not its wording",
        "request.told": "what its answerer said of it: taken on, declined, nothing held, answered in part or in full",
        "request.rated": "whether its asker found the answer useful",
        "request.transfer": "whether its asker let it be shown to a third party, and which",
        "peer.checkpoint": "a head of the peer's journal that we accepted and cosigned",
        "evidence": "the hash of an evidence file and what it shows",
        "restored": "that this node was restored from a backup and up to which entry",
    }
)
"""Every kind of entry, and what whoever reads it learns."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    `at` is our clock; `subject` names what it is about (a hash, an id), never a person; `body` commits.

    `salt` is 16 random bytes in hex. It keeps the leaf hash of an entry that is not shown from being guessed:
    entries are short and regular, and proofs and redacted exports show leaf hashes of entries that concern
    others.
    """

    kind: str
    at: Instant
    subject: str
    body: Mapping[str, Any]
    salt: str

    def encode(self) -> bytes:
        """The leaf's preimage: canonical JSON.

        Raises ValueError for an entry that `parse_entry` would refuse.

        >>> Entry("node.created", 0, "", {}, "00" * 16).encode()[:42]
        b'{"at":"1970-01-01T00:00:00.000Z","body":{}'
        """
        if self.kind not in KINDS or not _SALT.fullmatch(self.salt) or len(self.subject) > _MAX_SUBJECT:
            raise ValueError("not a journal entry: unknown kind, bad salt or long subject")
        whole: Json = {
            "at": rfc3339(self.at),
            "body": dict(self.body),
            "kind": self.kind,
            "salt": self.salt,
            "subject": self.subject,
        }
        data = canonical(whole)
        if len(data) > MAX_ENTRY:
            raise ValueError(f"a journal entry has at most {MAX_ENTRY} bytes: commit to bulk by its hash")
        return data

    def leaf(self) -> bytes:
        """Its leaf hash."""
        return leaf_hash(self.encode())


def parse_entry(data: bytes) -> Entry:
    """The entry in a leaf's preimage. Raises Malformed."""
    whole = parse_canonical(data, max_bytes=MAX_ENTRY)
    if not isinstance(whole, dict) or whole.keys() != {"at", "body", "kind", "salt", "subject"}:
        raise Malformed("not a journal entry")
    kind, salt, subject, at = whole["kind"], whole["salt"], whole["subject"], whole["at"]
    if not (isinstance(at, str) and isinstance(subject, str) and isinstance(salt, str)):
        raise Malformed("not a journal entry")
    if kind not in KINDS or not isinstance(whole["body"], dict):
        raise Malformed("a journal entry of an unknown kind")
    if not _SALT.fullmatch(salt) or len(subject) > _MAX_SUBJECT:
        raise Malformed("a journal entry with a bad salt or a long subject")
    return Entry(kind, parse_rfc3339(at), subject, whole["body"], salt)


def commit(purpose: str, salt: bytes, data: bytes) -> str:
    """A salted commitment, in hex: it says nothing of `data` until the salt (16 bytes or more) is shown.

    >>> commit("record", bytes(16), b"...")[:8]
    '07820544'
    """
    if len(salt) < SALT_BYTES:
        raise ValueError("a commitment's salt has 16 bytes or more")
    label = f"detente/commit/1/{purpose}".encode()
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in (label, salt, data))
    return hashlib.sha256(framed).hexdigest()


def check_commitment(commitment: str, purpose: str, salt: bytes, data: bytes) -> None:
    """Returns if the commitment opens to this; raises Malformed if not."""
    if len(salt) < SALT_BYTES or commit(purpose, salt, data) != commitment:
        raise Malformed("a commitment that does not open to what was shown")
