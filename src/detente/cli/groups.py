"""`detente groups`: what names stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from detente.cli.verb import Noun, Session, Verb
from detente.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console


class AliasView(msgspec.Struct, frozen=True):
    """One entry of the public alias table: `names` are all that stand for it."""

    id: str
    names: list[str]


@click.group(cls=Noun)
def groups() -> None:
    """Organisations and groups: which names stand for one."""


@groups.command(
    cls=Verb, node=False, example="detente groups alias Daesh\ndetente groups alias 'État islamique' --json"
)
@click.argument("name")
def alias(session: Session, name: str) -> None:
    """Show the one entry of the public alias table that a name stands for. Needs no node.

    Exits 1 where the table has no such name, or where it stands for more than one entry.
    """
    from detente.topics.groups import alias as find

    entry = find(name)
    if entry is None:
        raise Refused(
            f"no single group of the alias table is called {name!r}; try its full name, or another spelling"
        )
    view = AliasView(entry.id, list(entry.names))
    session.show(view, lambda shown: _tell(shown, view))


def _tell(shown: Console, view: AliasView) -> None:
    shown.print(view.id, markup=False, highlight=False)
    for name in view.names:
        shown.print(f"  {name}", markup=False, highlight=False)
