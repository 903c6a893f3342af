"""Vectors of spec/journal: RFC 9162 trees, C2SP notes and cosignatures, entries."""

from __future__ import annotations

from typing import Any

from detente.errors import PeerFault
from detente.journal.checkpoint import Checkpoint, cosign, open_checkpoint, origin_of, sign_checkpoint
from detente.journal.entries import Entry, commit
from detente.journal.export import ExportedParty, evidence_from, export_bundle
from detente.journal.merkle import Frontier, consistency_proof, inclusion_proof, leaf_hash, root_at
from detente.wire.canonical import canonical
from detente.wire.envelope import INVITATION, seal
from detente.wire.identity import generate_identity
from detente.wire.keys import KeyRing

SENT = 1_795_376_533_123

# The tree of the certificate-transparency project's tests, which RFC 6962 and RFC 9162 implementations share.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]

NEUMANN = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
STAGING = (
    "arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n"
    "— arche2025h1.staging.ct.transparency.dev "
    "ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"
    "— remora.n621.de "
    "2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n"
)


def make(old: Any) -> dict[str, Any]:
    return {
        "spec": "spec/journal.md",
        "tree": tree(),
        "notes": [
            {
                "source": "golang.org/x/mod/sumdb/note",
                "vkey": "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                "note": NEUMANN,
            },
            {
                "source": "c2sp.org/signed-note",
                "vkey": "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                "note": "This is an example message.\n\n— example.com/foo "
                "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
            },
            {
                "source": "a log of the transparency.dev staging environment, its Ed25519 key",
                "vkey": "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f",
                "note": STAGING,
            },
            {
                "source": "the same checkpoint, the Ed25519 cosignature of a public witness",
                "vkey": "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
                "note": STAGING,
            },
        ],
        "mldsa44_cosignature": {
            "source": "a subtree cosignature by filippo.io/torchwood, as in github.com/transparency-dev/formats",
            "origin": "example.com/log",
            "start": 8,
            "end": 13,
            "root": "E7ERCtFloiK1fdb+B6/dLG0pM1nmIR0ETKBSauCjtVw=",
            "vkey": old["mldsa44_cosignature"]["vkey"],
            "line": old["mldsa44_cosignature"]["line"],
        },
        "checkpoint": checkpoint(old.get("checkpoint")),
        "entry": entry(),
        "evidence_file": evidence_file(),
        "commitment": {
            "purpose": "record",
            "salt": bytes(range(16)).hex(),
            "data": b"data".hex(),
            "commitment": commit("record", bytes(range(16)), b"data"),
        },
    }


def tree() -> dict[str, Any]:
    nodes: dict[tuple[int, int], bytes] = {}
    frontier = Frontier()
    for leaf in LEAVES:
        frontier, new = frontier.append(leaf_hash(bytes.fromhex(leaf)))
        nodes |= {(node.level, node.index): node.hash for node in new}

    def hash_at(level: int, index: int) -> bytes:
        return nodes[level, index]

    sizes = range(len(LEAVES) + 1)
    return {
        "leaves": LEAVES,
        "roots": [root_at(size, hash_at).hex() for size in sizes],
        "inclusion": [
            {"index": i, "size": n, "proof": [each.hex() for each in inclusion_proof(i, n, hash_at)]}
            for n in sizes
            for i in range(n)
        ],
        "consistency": [
            {"old": m, "new": n, "proof": [each.hex() for each in consistency_proof(m, n, hash_at)]}
            for n in sizes
            for m in range(n + 1)
        ],
    }


def checkpoint(old: Any) -> dict[str, Any]:
    """A cosigned head. ML-DSA is hedged: the note that is there stays as long as it verifies."""
    ours, theirs = generate_identity(bytes(range(32))), generate_identity(bytes(range(32, 64)))
    keys = KeyRing().with_party(ours.public).with_party(theirs.public)
    head = Checkpoint(origin_of(ours.party), 1, leaf_hash(b""))
    signed = sign_checkpoint(head, ours, ours.public)
    try:
        note = old["note"] if old else ""
        open_checkpoint(note.encode(), keys, party=ours.party, cosigner=theirs.party)
    except PeerFault:
        opened = open_checkpoint(signed, keys, party=ours.party)
        note = cosign(opened, theirs, theirs.public, SENT).decode()
    return {
        "signer_seed": ours.secret_seed().hex(),
        "cosigner_seed": theirs.secret_seed().hex(),
        "size": 1,
        "root": head.root.hex(),
        "signed": signed.decode(),
        "note": note,
        "cosigned_at": SENT // 1000,
    }


def entry() -> dict[str, Any]:
    one = Entry("document.in_force", SENT, "ab" * 32, {"base": ""}, "00112233445566778899aabbccddeeff")
    return {
        "kind": one.kind,
        "at": one.at,
        "subject": one.subject,
        "body": one.body,
        "salt": one.salt,
        "data": one.encode().decode(),
        "leaf": one.leaf().hex(),
    }


def evidence_file() -> list[str]:
    """The lines of a file that convicts a party of having signed two heads of one size."""
    ours, theirs = generate_identity(bytes(range(32))), generate_identity(bytes(range(32, 64)))
    heads = [Checkpoint(origin_of(theirs.party), 1, leaf_hash(data)) for data in (b"one", b"other")]
    notes = [sign_checkpoint(head, theirs, theirs.public) for head in heads]
    parties = [
        ExportedParty(
            who.party, seal(INVITATION, canonical({"keys": who.public.to_json(), "name": name}), who)
        )
        for who, name in ((ours, "Northern"), (theirs, "Southern"))
    ]
    evidence = [evidence_from(theirs.party, notes)]
    lines = export_bundle(
        ours.party, theirs.party, parties, exported=SENT, software="detente 0.1.0", evidence=evidence
    )
    return [line.decode() for line in lines]
