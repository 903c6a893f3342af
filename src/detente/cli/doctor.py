"""`detente doctor`: is this node well?"""

from __future__ import annotations

import stat
from collections.abc import Callable
from typing import TYPE_CHECKING

import click
import msgspec

from detente.cli.verb import Session, Verb
from detente.errors import DetenteError, Refused
from detente.node.driver import READ_ONLY, REMEDY

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from detente.node.node import Node
    from detente.node.ports import PeerRow

CLOCKS_APART_MS = 60_000


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at. `next` says what to do where it is not well."""

    name: str
    ok: bool
    what: str
    next: str = ""


@click.command(cls=Verb, example="detente doctor\ndetente doctor --offline --json")
@click.option("--offline", is_flag=True, help="Do not call peers.")
def doctor(session: Session, offline: bool) -> None:
    """Check the store, the journal, the keys, each peer's node and clock, and what waits. Exits 1 if anything is not well."""
    with session.open() as node:
        checks = [
            _tried("journal", lambda: _journal(node)),
            _passphrase(session.node_path),
            *_conversations(node),
        ]
        with node.office.store.snapshot() as tx:
            peers = list(tx.peers.all())
        for row in peers:
            checks += _peer(node, row, offline)
        checks += _hotlines(node)
    session.show(checks, lambda shown: _tell(shown, checks))
    wrong = sum(not check.ok for check in checks)
    if wrong:
        raise Refused(f"{wrong} of {len(checks)} checks are not well: each says what to do")


def _tried(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look())
    except DetenteError as error:
        return Check(name, False, str(error), "see docs/howto; a backup of the node's folder may be needed")


def _journal(node: Node) -> str:
    done = node.witness.verify()
    return f"{done.entries} entries verify; head {done.root[:16]}"


def _passphrase(directory: Path) -> Check:
    file = directory / "passphrase"
    if not file.exists():
        return Check("passphrase", True, "not kept beside the store")
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        return Check("passphrase", False, f"{file} can be read by others", f"chmod 600 {file}")
    return Check(
        "passphrase", True, f"{file} lies beside the store it opens; for real records keep it elsewhere"
    )


def _conversations(node: Node) -> list[Check]:
    with node.office.store.snapshot() as tx:
        rows = tx.ceremonies.find(status="open")
        readonly = (tx.settings.get(READ_ONLY) or b"").decode()
        records = dict(tx.records.count())
    counts = ", ".join(f"{n} {topic}" for topic, n in sorted(records.items())) or "none"
    return [
        Check("records", True, counts),
        Check("conversations", True, f"{len(rows)} open"),
        Check(
            "writing", not readonly, f"reads only: {readonly}" if readonly else "reads and writes",
            REMEDY if readonly else "",
        ),
    ]  # fmt: skip


def _peer(node: Node, row: PeerRow, offline: bool) -> list[Check]:
    checks = []
    if row.address and not offline:
        try:
            node.deliver(row.party)
            checks.append(Check(f"{row.name}: reachable", True, row.address))
        except DetenteError as error:
            checks.append(Check(f"{row.name}: reachable", False, str(error), "ask whether their node serves"))
    with node.office.store.snapshot() as tx:
        waiting = len(tx.outbox.pending(row.party))
        skew = (tx.peers.get(row.party) or row).skew_ms
    checks.append(Check(f"{row.name}: outbox", True, f"{waiting} messages wait"))
    well = abs(skew) < CLOCKS_APART_MS
    apart = f"their clock is {abs(skew) / 1000:.1f} s {'ahead of' if skew > 0 else 'behind'} ours"
    checks.append(Check(f"{row.name}: clock", well, apart, "" if well else "set both clocks by NTP"))
    return checks


def _hotlines(node: Node) -> list[Check]:
    """Test calls by the agreed schedule: a missed one alarms."""
    checks = []
    for line in node.notices.hotline():
        if line.every_minutes:
            said = f"last test call {line.last_call or 'never'}, next due {line.next_due}"
            remedy = f"detente airspace hotline test --with {line.peer}" if line.missed else ""
            checks.append(Check(f"{line.peer}: hotline", not line.missed, said, remedy))
    return checks


def _tell(shown: Console, checks: list[Check]) -> None:
    for check in checks:
        shown.print(f"{'well' if check.ok else 'NOT WELL':9} {check.name}: {check.what}", markup=False)
        if check.next:
            shown.print(f"          {check.next}", markup=False)


__all__ = ["Check", "doctor"]
