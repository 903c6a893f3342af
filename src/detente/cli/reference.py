"""Writes docs/reference/cli.md from the commands' own help: `python -m detente.cli.reference > docs/reference/cli.md`."""

from __future__ import annotations

from collections.abc import Iterator

import click

from detente.cli.root import detente

WIDTH = 100
_HEAD = """\
# The command line

Written by `python -m detente.cli.reference`; a test holds it against the help itself.

Every command prints JSON with `--json`: one object or array on standard output, and an error as
`{"error", "fault", "next", "exit"}` on standard error. Exit codes: 0 done, 1 refused, 2 misuse, 3 unavailable (try again),
4 the peer's fault, with the path of the evidence.
"""


def reference() -> str:
    """The whole page, as Markdown.

    >>> reference().startswith("# The command line")
    True
    """
    sections = (f"\n## {path}\n\n```text\n{text}\n```\n" for path, text in _helps(detente, None, "detente"))
    return _HEAD + "".join(sections)


def _helps(command: click.Command, above: click.Context | None, name: str) -> Iterator[tuple[str, str]]:
    context = click.Context(command, parent=above, info_name=name, terminal_width=WIDTH, color=False)
    yield context.command_path, command.get_help(context).rstrip()
    if isinstance(command, click.Group):
        for verb in command.list_commands(context):
            found = command.get_command(context, verb)
            if found is not None:
                yield from _helps(found, context, verb)


if __name__ == "__main__":
    print(reference(), end="")


__all__ = ["reference"]
