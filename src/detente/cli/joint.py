"""`detente joint`: joint documents of every kind: what is in force, what waits, and what was in force on a day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from detente.cli.talk import catch_up, hand_over, with_peer
from detente.cli.verb import Noun, Session, Verb
from detente.errors import Misuse, Refused
from detente.pact.history import span
from detente.pact.joint import plain
from detente.wire.instant import LATEST, rfc3339

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.documents import Crossed
    from detente.node.shelves import AtView, DocumentView, ProposedView

_FILE: Any = click.Path(path_type=Path, exists=True, dir_okay=False)
_OUT: Any = click.Path(path_type=Path, dir_okay=False)

_kind = click.argument("kind", metavar="KIND")
_name = click.argument("name", metavar="NAME", default="main")
_hash = click.option(
    "--hash", "digest", default="", metavar="HASH", help="Which proposal, where several wait."
)
_reason = click.option("--reason", default="", metavar="TEXT", help="The peer is told.")


class Done(msgspec.Struct, frozen=True):
    """What was done to which version. `hash` names it in every later message."""

    peer: str
    done: str
    hash: str


class Differences(msgspec.Struct, frozen=True):
    """What a file would change of what is in force."""

    peer: str
    kind: str
    name: str
    changes: list[str]


class Shown(msgspec.Struct, frozen=True):
    """What was in force, and the bundle that shows it ("" where none was asked for)."""

    begin: str
    end: str
    versions: list[AtView]
    proof: str


@click.group(cls=Noun)
def joint() -> None:
    """Joint documents: what both signed, what waits for a signature, what was in force on a day.

    Kinds: joint-list, roadmap, declaration, minutes, resolution, incident; what is said here of proposals holds for agreements too.
    """


@joint.command(
    cls=Verb,
    example="detente joint at 2026-05-01\ndetente joint at 2026-05-01 --with South --proof south.bundle\ndetente-verify south.bundle --at 2026-05-01",
)
@click.argument("when", metavar="DAY")
@with_peer(required=False)
@click.option(
    "--proof",
    type=_OUT,
    metavar="FILE",
    help="Write the bundle that shows it, for `detente-verify FILE --at DAY`; needs --with.",
)
def at(session: Session, when: str, peer: str, proof: Path | None) -> None:
    """Say what was in force on a day (in UTC), or at an instant such as 2026-05-01T12:00:00.000Z; agreements too."""
    begin, end = span(when)
    if proof is not None and not peer:
        raise Misuse("a proof is between two parties: name the peer by --with")
    with session.open() as node:
        if peer:
            catch_up(session, node, peer)
        versions = node.documents.at(begin, end, peer)
        if proof is not None:
            from detente.adapters.files import atomic_write

            atomic_write(proof, node.witness.export(peer))
    shown = Shown(when, rfc3339(min(end, LATEST)), versions, str(proof or ""))
    session.show(shown, lambda console: _tell_at(console, shown))


@joint.command(cls=Verb, example="detente joint show\ndetente joint show roadmap --with South --json")
@click.argument("kind", metavar="[KIND]", default="")
@click.argument("name", metavar="[NAME]", default="")
@with_peer(required=False)
def show(session: Session, kind: str, name: str, peer: str) -> None:
    """Show what is in force and what waits for a signature, with what it would change in words."""
    with session.open() as node:
        if peer:
            catch_up(session, node, peer)
        views = node.documents.show(kind, name, peer)
    session.show(views, lambda console: _tell(console, views))


@joint.command(cls=Verb, example="detente joint history roadmap --with South")
@_kind
@_name
@with_peer(required=False)
def history(session: Session, kind: str, name: str, peer: str) -> None:
    """Show every version there was: who proposed it, what became of it and why, from when until when it held."""
    with session.open() as node:
        views = node.documents.show(kind, name, peer)
    session.show([view.history for view in views], lambda console: _tell_history(console, views))


@joint.command(cls=Verb, example="detente joint diff roadmap main roadmap.json --with South")
@_kind
@click.argument("name", metavar="NAME")
@click.argument("file", type=_FILE, metavar="FILE.json")
@with_peer()
def diff(session: Session, kind: str, name: str, file: Path, peer: str) -> None:
    """Say what a file of content would change of what is in force. Nothing is sent."""
    content = read_content(file)
    with session.open() as node:
        done = Differences(peer, kind, name, node.documents.diff(kind, name, content, peer))
    session.show(done, lambda console: _list(console, done.changes or ["It changes nothing."]))


@joint.command(cls=Verb, example="detente joint propose roadmap main roadmap.json --with South")
@_kind
@click.argument("name", metavar="NAME")
@click.argument("file", type=_FILE, metavar="FILE.json")
@with_peer()
def propose(session: Session, kind: str, name: str, file: Path, peer: str) -> None:
    """Sign a file of content as the next version and propose it."""
    content = read_content(file)
    with session.open() as node:
        done = Done(peer, "proposed", node.documents.propose(kind, name, content, peer))
        hand_over(session, node, peer, lambda: done, _done)


@joint.command(
    cls=Verb,
    example='detente joint accept --with South\ndetente joint accept --with South --only isil --only pkk --reason "the others later"',
)
@with_peer()
@_hash
@click.option(
    "--only",
    multiple=True,
    metavar="ENTRY",
    help='Sign this entry and not the rest (may be repeated; "." is the title and the like).',
)
@_reason
def accept(session: Session, peer: str, digest: str, only: tuple[str, ...], reason: str) -> None:
    """Sign what the peer proposed. With --only, sign a part: a counter-proposal that the peer signs, or not."""
    with session.open() as node:
        catch_up(session, node, peer)
        if only:
            done = Done(peer, "answered with a part", node.documents.accept_part(peer, digest, only, reason))
        else:
            done = Done(peer, "signed", node.documents.accept(peer, digest))
        hand_over(session, node, peer, lambda: done, _done)


@joint.command(cls=Verb, example='detente joint counter roadmap.json --with South --reason "a later day"')
@click.argument("file", type=_FILE, metavar="FILE.json")
@with_peer()
@_hash
@_reason
def counter(session: Session, file: Path, peer: str, digest: str, reason: str) -> None:
    """Reject what the peer proposed and propose this in its place, in one message. Terms of an agreement are TOML."""
    with session.open() as node:
        catch_up(session, node, peer)
        done = Done(peer, "countered", node.documents.counter(peer, digest, read_content(file), reason))
        hand_over(session, node, peer, lambda: done, _done)


@joint.command(cls=Verb, example='detente joint reject --with South --reason "not before May"')
@with_peer()
@_hash
@_reason
def reject(session: Session, peer: str, digest: str, reason: str) -> None:
    """Decline what the peer proposed."""
    with session.open() as node:
        catch_up(session, node, peer)
        done = Done(peer, "rejected", node.documents.reject(peer, digest, reason))
        hand_over(session, node, peer, lambda: done, _done)


@joint.command(cls=Verb, example="detente joint withdraw --with South")
@with_peer()
@_hash
def withdraw(session: Session, peer: str, digest: str) -> None:
    """Take back a proposal of ours. An acceptance that was sent before this arrives wins."""
    with session.open() as node:
        catch_up(session, node, peer)
        done = Done(peer, "withdrawn, once the peer has heard it", node.documents.withdraw(peer, digest))
        hand_over(session, node, peer, lambda: done, _done)


@joint.command(cls=Verb, example="detente joint merge joint-list main --with South")
@_kind
@_name
@with_peer()
def merge(session: Session, kind: str, name: str, peer: str) -> None:
    """Bring two proposals that crossed together: where no value collides, the union of both is proposed in place of ours."""
    with session.open() as node:
        catch_up(session, node, peer)
        crossed = node.documents.merge(peer, kind, name)
        if crossed.conflicts:
            session.show(crossed, lambda console: _tell_crossed(console, crossed))
            raise Refused(
                "both proposals change the same values; settle them with `detente joint withdraw`, then `detente joint counter`"
            )
        hand_over(session, node, peer, lambda: crossed, _tell_crossed)


@joint.command(cls=Verb, example='detente joint revoke declaration main --with South --reason "overtaken"')
@_kind
@click.argument("name", metavar="NAME")
@with_peer()
@_reason
@click.option("--from", "effective", default="", metavar="DAY", help="From that day on, in place of now.")
def revoke(session: Session, kind: str, name: str, peer: str, reason: str, effective: str) -> None:
    """Say that a document no longer binds us. What was in force before stays provable."""
    instant = span(effective)[0] if effective else None
    with session.open() as node:
        done = Done(peer, "revoked", node.documents.revoke(kind, name, peer, reason, instant))
        hand_over(session, node, peer, lambda: done, _done)


def read_content(file: Path) -> dict[str, Any]:
    """The content in a file: JSON, or TOML for the terms of an agreement. Raises Misuse."""
    try:
        raw = file.read_bytes()
        if file.suffix == ".toml":
            from detente.pact.agreement import parse_terms

            return dict(msgspec.json.decode(msgspec.json.encode(parse_terms(raw.decode("utf-8")))))
        content = msgspec.json.decode(raw)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as problem:
        raise Misuse(f"{file} can't be read: {problem}") from None
    if not isinstance(content, dict):
        raise Misuse(f"{file} holds no object")
    return content


# --- for people


def _done(console: Console, done: Done) -> None:
    console.print(f"{done.done}: {done.hash}", markup=False)


def _tell_at(console: Console, shown: Shown) -> None:
    for each in shown.versions:
        until = f", until {each.until}" if each.until else ""
        console.print(f"{each.peer}: {each.kind} {each.name!r} {each.title}", markup=False)
        console.print(f"  {each.hash}", markup=False)
        console.print(f"  in force since {each.since}{until}", markup=False)
    if not shown.versions:
        console.print(f"Nothing was in force {shown.begin}.", markup=False)
    if shown.proof:
        console.print(
            f"{shown.proof}: check it with `detente-verify {shown.proof} --at {shown.begin}`", markup=False
        )


def _tell(console: Console, views: list[DocumentView]) -> None:
    if not views:
        console.print("No such joint documents yet: `detente joint propose KIND NAME FILE --with PARTY`.")
    for view in views:
        since = f" since {view.since}" if view.since else ""
        until = f", until {view.until}" if view.until else ""
        console.print(
            f"{view.peer}: {view.kind} {view.name!r} {view.title}, {view.state}{since}{until}", markup=False
        )
        if view.hash:
            console.print(f"  hash {view.hash}", markup=False)
        if view.merging:
            console.print(f"  a merge of both proposals: {view.merging}", markup=False)
        for proposal in view.proposals:
            _tell_proposal(console, view, proposal)


def _tell_proposal(console: Console, view: DocumentView, proposal: ProposedView) -> None:
    following = "`detente joint accept` signs it" if proposal.waits == "us" else f"waits for {proposal.waits}"
    console.print(f"  proposed by {proposal.by}: {proposal.hash}; {following}", markup=False)
    if proposal.crosses:
        console.print(
            f"    crosses another; `detente joint merge {view.kind} {view.name}` brings both together",
            markup=False,
        )
    if proposal.takes:
        left = ", ".join(map(plain, proposal.leaves)) or "nothing"
        console.print(
            f"    takes {', '.join(map(plain, proposal.takes))} of what was proposed and leaves {left}",
            markup=False,
        )
    if proposal.reason:
        console.print(f"    because: {proposal.reason}", markup=False)
    _list(console, proposal.changes, "    ")


def _tell_history(console: Console, views: list[DocumentView]) -> None:
    for view in views:
        console.print(f"{view.peer}: {view.kind} {view.name!r} {view.title}", markup=False)
        for each in view.history:
            held = f", in force {each.since} to {each.until or 'now'}" if each.since else ""
            why = f" ({each.reason})" if each.reason else ""
            console.print(f"  {each.at}  {each.hash}  by {each.by}: {each.state}{held}{why}", markup=False)
    if not views:
        console.print("No such joint document.")


def _tell_crossed(console: Console, crossed: Crossed) -> None:
    if crossed.hash:
        console.print(f"merged: {crossed.hash}; it goes when ours is withdrawn", markup=False)
    _list(console, crossed.changes or crossed.conflicts)


def _list(console: Console, sentences: list[str], indent: str = "  ") -> None:
    for sentence in sentences:
        console.print(f"{indent}- {sentence}", markup=False)


__all__ = ["Done", "joint", "read_content"]
