"""`detente airspace`: aircraft kept apart. A verb a file."""

from __future__ import annotations

import click

from detente.cli.airspace.alert import alert
from detente.cli.airspace.check import check
from detente.cli.airspace.conflicts import conflicts, match, settle, sign, terms
from detente.cli.airspace.incident import incident
from detente.cli.airspace.notice import hotline, notice
from detente.cli.airspace.plans import plan
from detente.cli.airspace.tracks import tracks
from detente.cli.verb import Noun


@click.group(cls=Noun)
def airspace() -> None:
    """Keep both sides' aircraft apart, and warn them of each other."""


for verb in (terms, plan, match, conflicts, settle, sign, notice, hotline, incident, alert, check, tracks):
    airspace.add_command(verb)

__all__ = ["airspace"]
