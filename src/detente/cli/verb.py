"""What every command shares: `--json`, an example in its help, one way to end badly, and where its node is."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
import msgspec

from detente.api.failure import failure
from detente.errors import DetenteError, Misuse, Refused

if TYPE_CHECKING:
    from rich.console import Console

    from detente.node.node import Node

DEFAULT_NODE = "node"
PIPED_WIDTH = 160

_WORDS = {"peer": "the peer's fault", "refused": "refused", "unavailable": "unavailable", "misuse": "misuse"}


def fail(error: DetenteError, as_json: bool) -> NoReturn:
    """Says what went wrong on standard error and exits with the error's code."""
    told = failure(error)
    if as_json:
        click.echo(msgspec.json.encode(told), err=True)
    else:
        click.echo(f"{_WORDS[told.fault]}: {told.error}", err=True)
        if told.evidence:
            click.echo(f"evidence: {told.evidence}", err=True)
        click.echo(f"next: {told.next}", err=True)
    sys.exit(told.exit)


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a command: how it prints, and the node that it works on."""

    json: bool
    node_path: Path
    passphrase_file: Path | None

    def show(self, value: Any, people: Callable[[Console], None]) -> None:
        """Prints the result on standard output: one JSON value with --json, words for people otherwise."""
        if self.json:
            click.echo(msgspec.json.encode(value))
        else:
            people(console())

    def note(self, text: str) -> None:
        """One line for people on standard error."""
        click.echo(text, err=True)

    @contextmanager
    def open(self) -> Iterator[Node]:
        """The node in `--node`, open. Raises Misuse where there is none."""
        import os

        from detente.adapters.sql import read_passphrase
        from detente.assembly import open_node

        given = self.passphrase_file
        with open_node(self.node_path, read_passphrase(given, os.environ) if given else None) as node:
            yield node

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[Any], None]]:
        """A bar on standard error that follows a ceremony's Progress; nothing with --json or where nobody looks."""
        if self.json or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        shown = console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=shown, transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda p: bar.update(task, description=p.what, completed=p.done, total=p.total or None)


def console(stderr: bool = False) -> Console:
    """Plain and wide where nobody looks, so that output can be piped."""
    from rich.console import Console

    looked_at = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, highlight=False, soft_wrap=True, width=None if looked_at else PIPED_WIDTH)


class Verb(click.Command):
    """A command: its callback takes a Session first. `example` stands at the end of its help; `node=False` for the node-less."""

    def __init__(self, name: str | None, *, example: str = "", node: bool = True, **kwargs: Any) -> None:
        epilog = (
            "\b\nExample:\n" + "\n".join(f"  {line}" for line in example.splitlines()) if example else None
        )
        super().__init__(name, **{"epilog": epilog, **kwargs})
        if node:
            self.params.extend(node_options())
        self.params.append(click.Option(["--json", "as_json"], is_flag=True, help="Print JSON for scripts."))

    def invoke(self, ctx: click.Context) -> Any:
        as_json = bool(ctx.params.pop("as_json"))
        above = ctx.find_root().params
        node = ctx.params.pop("node_path", None) or above.get("node_path") or Path(DEFAULT_NODE)
        secret = ctx.params.pop("passphrase_file", None) or above.get("passphrase_file")
        assert self.callback is not None
        return ctx.invoke(self.callback, Session(as_json, node, secret), **ctx.params)


def node_options() -> list[click.Parameter]:
    """--node and --passphrase-file, before the noun or after the verb."""
    path: Any = click.Path(path_type=Path)
    return [
        click.Option(
            ["--node", "node_path"], type=path, metavar="DIR",
            help="The node's folder; else DETENTE_NODE, else ./node.",
        ),
        click.Option(
            ["--passphrase-file"], type=path, metavar="FILE",
            help="The store's passphrase; else DETENTE_PASSPHRASE, else DIR/passphrase.",
        ),
    ]  # fmt: skip


class Root(click.Group):
    """The top of the command line: every error leaves here, with its exit code, in words or as JSON."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        given = list(sys.argv[1:] if args is None else args)
        if not standalone_mode:
            return super().main(given, prog_name, complete_var, False, **extra)
        as_json = "--json" in given
        try:
            code = super().main(given, prog_name, complete_var, False, **extra)
        except DetenteError as error:
            fail(error, as_json)
        except click.Abort:
            fail(Refused("stopped by the person at the keyboard"), as_json)
        except click.ClickException as error:
            if as_json:
                fail(Misuse(error.format_message()), as_json)
            error.show()
            sys.exit(2)
        sys.exit(code if isinstance(code, int) else 0)


class Noun(click.Group):
    """A group of verbs on one noun. With a `default` verb, the noun alone is that verb."""

    def __init__(self, *args: Any, default: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if self.default and not (set(args) & {"--help", *self.commands}):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


def table(shown: Console, columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Rows for people, or one sentence where there are none."""
    if not rows:
        shown.print(empty)
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        drawn.add_row(*(Text(_printable(cell)) for cell in row))  # what a peer wrote is no markup
    shown.print(drawn)


def _printable(value: object) -> str:
    """A text in which nothing steers the terminal or turns the reading round: such characters are shown as their numbers.

    >>> _printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    text = str(value)
    steering = {c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\t\u200c\u200d"}
    for character in steering:
        text = text.replace(character, character.encode("unicode_escape").decode())
    return text


def tell(shown: Console, value: Any, indent: str = "") -> None:
    """Any struct for people: a line a field, lists indented."""
    plain = msgspec.to_builtins(value)
    for item in plain if isinstance(plain, list) else [plain]:
        _tell_fields(shown, item, indent)


def _tell_fields(shown: Console, item: Any, indent: str) -> None:
    if not isinstance(item, dict):
        shown.print(f"{indent}{_printable(item)}", markup=False)
        return
    for name, value in item.items():
        label = f"{indent}{name.replace('_', ' ')}"
        if isinstance(value, list | dict) and value:
            shown.print(f"{label}:", markup=False)
            tell(shown, value, indent + "  ")
        else:
            said = value or (0 if value == 0 and value is not False else "-")
            shown.print(f"{label}: {_printable(said)}", markup=False)


__all__ = ["Noun", "Root", "Session", "Verb", "console", "fail", "node_options", "table", "tell"]
