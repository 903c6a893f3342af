"""Countersigning: each signs that the other's journal only grew. spec/journal, "countersigning".

    FIRST  head {note, proof}                our head, and that it continues the one they cosigned last
    SECOND head {note, proof, cosigned}      their head likewise, and ours with their cosignatures
    FIRST  done {cosigned}                   theirs with ours

ML-DSA signatures differ from call to call, so a ceremony never signs: it asks ("cosign"), and the node's answer is an input like any other. A head that takes
anything back is equivocation; the two notes are the evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import msgspec

from detente.ceremonies.ceremony import Append, Ask, Decision, Effect, Finish, Incoming, Json, Send, Step
from detente.errors import Malformed, Misuse, OutOfTurn, Refused
from detente.journal.checkpoint import open_checkpoint
from detente.journal.head import PeerHead, parse_proof
from detente.psi.engine import Role
from detente.wire.canonical import encode_base64
from detente.wire.keys import KeyRing
from detente.wire.messages import Instant

MAX_NOTE = 16 * 1024


class CountersignSetup(msgspec.Struct, frozen=True):
    """`note` is our signed head, `proof` that it continues the one of size `since` that they cosigned last.

    `held` is the last head of theirs that we cosigned, "" where there is none.
    """

    ours: str
    theirs: str
    note: str
    since: int
    proof: list[bytes]
    held: str


@dataclass(frozen=True, slots=True)
class Countersigned:
    """What came of it: our head with their cosignatures, theirs with ours; and their size and root (hex)."""

    ours: str
    theirs: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class CountersigningKind:
    """`keys` gives the ring at the time a note is read."""

    keys: Callable[[], KeyRing]
    name: ClassVar[str] = "countersigning"
    Setup: ClassVar[type[CountersignSetup]] = CountersignSetup

    def begin(self, setup: CountersignSetup, entropy: bytes, now: Instant) -> Step:
        state = Countersigning(setup, Role.FIRST, self.keys, "head")
        return state, [Send("head", _head(setup))]

    def answer(self, setup: CountersignSetup, entropy: bytes, now: Instant) -> Countersigning:
        return Countersigning(setup, Role.SECOND, self.keys, "head")


@dataclass(frozen=True, slots=True)
class Countersigning:
    kind: ClassVar[str] = "countersigning"

    setup: CountersignSetup
    role: Role
    keys: Callable[[], KeyRing]
    expects: Literal["head", "cosign", "done", "nothing"]
    theirs: PeerHead | None = None
    cosigned_ours: str = ""
    cosigned_theirs: str = ""

    def receive(self, message: Incoming, now: Instant) -> Step:
        if message.step != self.expects or message.parts or message.step not in ("head", "done"):
            raise OutOfTurn(f"{message.step} where {self.expects} is due", message.raw)
        if message.step == "done":
            cosigned = self._check_ours(message)
            finished = replace(self, cosigned_ours=cosigned, expects="nothing")
            return finished, finished._finish()
        head = self._read_head(message)
        cosigned = self._check_ours(message) if self.role is Role.FIRST else ""
        waiting = replace(self, theirs=head, cosigned_ours=cosigned, expects="cosign")
        return waiting, [Ask("cosign", {"note": head.raw.decode()})]

    def decide(self, decision: Decision, now: Instant) -> Step:
        """The node's cosignature of their head."""
        cosigned = decision.body.get("cosigned")
        if self.expects != "cosign" or decision.what != "cosign" or not isinstance(cosigned, str):
            raise Misuse("no cosignature is awaited")
        if self.role is Role.FIRST:
            finished = replace(self, cosigned_theirs=cosigned, expects="nothing")
            return finished, [Send("done", {"cosigned": cosigned}), *finished._finish()]
        waiting = replace(self, cosigned_theirs=cosigned, expects="done")
        return waiting, [Send("head", {**_head(self.setup), "cosigned": cosigned})]

    def _read_head(self, message: Incoming) -> PeerHead:
        """Their head, once it is shown to continue the one that we hold."""
        fields = {"note", "proof", "since"} | ({"cosigned"} if self.role is Role.FIRST else set())
        note, proof = message.body.get("note"), message.body.get("proof")
        if (
            set(message.body) != fields
            or not isinstance(note, str)
            or not isinstance(proof, list)
            or len(note) > MAX_NOTE
        ):
            raise Malformed("a head without note and proof", message.raw)
        ring = self.keys()
        setup = self.setup
        held = (
            PeerHead.resume(setup.theirs, ring, setup.held.encode())
            if setup.held
            else PeerHead.start(setup.theirs, ring)
        )
        if message.body["since"] != held.checkpoint.size:
            # two countersignings crossed, or one side lost the last: nobody's fault until the proof fits
            raise Refused(
                f"the proof does not begin at the head held here, of {held.checkpoint.size} entries; try again"
            )
        return held.update(note.encode(), parse_proof(proof))

    def _check_ours(self, message: Incoming) -> str:
        cosigned = message.body.get("cosigned")
        if not isinstance(cosigned, str) or len(cosigned) > MAX_NOTE:
            raise Malformed("a cosignature is missing", message.raw)
        signed = open_checkpoint(
            cosigned.encode(), self.keys(), party=self.setup.ours, cosigner=self.setup.theirs
        )
        if not self.setup.note.startswith(signed.checkpoint.text()):
            raise Malformed("a cosignature on another head than ours", message.raw)
        return cosigned

    def _finish(self) -> list[Effect]:
        head = self.theirs
        if head is None:
            raise OutOfTurn("no head of theirs was accepted")
        size, root = head.checkpoint.size, head.checkpoint.root.hex()
        body: dict[str, Json] = {"root": root, "size": size}
        result = Countersigned(self.cosigned_ours, self.cosigned_theirs, size, root)
        return [Append("peer.checkpoint", self.setup.theirs, body), Finish("done", result)]


def _head(setup: CountersignSetup) -> dict[str, Json]:
    return {"note": setup.note, "proof": [encode_base64(each) for each in setup.proof], "since": setup.since}
