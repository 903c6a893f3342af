"""The command line: one file a noun. `main` is the entry point of `detente`."""

from __future__ import annotations


def main() -> None:
    """Runs the command line and exits: 0 done, 1 refused, 2 misuse, 3 unavailable, 4 the peer's fault."""
    from detente.cli.root import detente

    detente(prog_name="detente")


__all__ = ["main"]
