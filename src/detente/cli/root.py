"""The root of the command line: where the nouns meet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from detente.cli.accounts import accounts
from detente.cli.agreement import agreement
from detente.cli.airspace import airspace
from detente.cli.courier import courier
from detente.cli.demo import demo
from detente.cli.designations import groups
from detente.cli.doctor import doctor
from detente.cli.findings import findings
from detente.cli.init import init
from detente.cli.joint import joint
from detente.cli.journal import journal
from detente.cli.keys import keys
from detente.cli.ledger import ledger, recall
from detente.cli.load import load
from detente.cli.match import match
from detente.cli.pair import accept, invite, peers
from detente.cli.papers import declarations, meetings
from detente.cli.rehearse import rehearse
from detente.cli.reports import reports
from detente.cli.requests import requests
from detente.cli.roadmap import roadmap
from detente.cli.serve import serve
from detente.cli.swap import swap
from detente.cli.verb import DEFAULT_NODE, Root

_PATH: Any = click.Path(path_type=Path)


@click.group(cls=Root, context_settings={"help_option_names": ["--help"], "max_content_width": 100})
@click.option(
    "--node", "node_path", type=_PATH, envvar="DETENTE_NODE", default=DEFAULT_NODE, show_default=True,
    metavar="DIR", help="The node's folder (or DETENTE_NODE).",
)  # fmt: skip
@click.option(
    "--passphrase-file", type=_PATH, metavar="FILE",
    help="The store's passphrase; else DETENTE_PASSPHRASE, else DIR/passphrase.",
)  # fmt: skip
@click.version_option(package_name="detente", message="%(prog)s %(version)s")
def detente(node_path: Path, passphrase_file: Path | None) -> None:
    """Two organisations that do not trust each other find what both know, and give on both sides.

    Exit codes: 0 done, 1 refused, 2 misuse, 3 unavailable (try again), 4 the peer's fault (its evidence is named).
    """


for command in (
    rehearse, init, invite, accept, peers, agreement, load, serve, match, findings, swap, ledger, recall, keys, journal,
    groups, joint, roadmap, declarations, meetings, requests, airspace, courier, reports, accounts, doctor, demo,
):  # fmt: skip
    detente.add_command(command)

__all__ = ["detente"]
