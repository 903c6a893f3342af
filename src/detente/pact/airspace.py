"""What an agreement fixes for airspace: layers, separations, how much of a day may be asked for, and until when a conflict is settled."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from detente.pact.notices import NoticeTerms


class LayerTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One grid of the comparison (spec/tokens-airspace, section 2)."""

    resolution: Annotated[int, Meta(ge=0, le=9)]
    band_mm: Annotated[int, Meta(ge=10_000, le=100_000_000)]
    slot_ms: Annotated[int, Meta(ge=30_000, le=86_400_000)]


class AirspaceTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The terms of an airspace topic.

    `day_cells` is how many cells of the first layer the region has in a day; a side may bring at most `share_percent` of them to one run.

    >>> AirspaceTerms((LayerTerms(4, 600_000, 1_200_000), LayerTerms(6, 300_000, 600_000)), 0, 0, 0, 5000, "WGS84", 144_000, 10, 60).cells_limit
    14400
    """

    layers: Annotated[tuple[LayerTerms, ...], Meta(min_length=1, max_length=4)]
    horizontal_mm: Annotated[int, Meta(ge=0, le=200_000_000)]
    vertical_mm: Annotated[int, Meta(ge=0, le=100_000_000)]
    time_ms: Annotated[int, Meta(ge=0, le=86_400_000)]
    skew_ms: Annotated[int, Meta(ge=0, le=86_400_000)]  # the bound on what the two clocks differ
    datum: Literal["WGS84", "AMSL", "FL"]
    day_cells: Annotated[int, Meta(ge=1, le=1 << 32)]
    share_percent: Annotated[int, Meta(ge=1, le=100)]
    settle_minutes: Annotated[
        int, Meta(ge=0, le=10_080)
    ]  # before its beginning a conflict is settled, or both duty desks are alarmed
    notices: NoticeTerms | msgspec.UnsetType = msgspec.UNSET  # unset: the defaults of spec/notices

    @property
    def fixed_notices(self) -> NoticeTerms:
        """What holds for notices."""
        return self.notices if isinstance(self.notices, NoticeTerms) else NoticeTerms()

    @property
    def cells_limit(self) -> int:
        """Cells of the first layer that a side may bring to one run."""
        return max(8, self.day_cells * self.share_percent // 100)


def contradictions(terms: AirspaceTerms, budget: int, inspector: str) -> Iterator[tuple[str, str]]:
    """Each thing that cannot hold together: (field, sentence with a next step)."""
    for coarse, fine in pairwise(terms.layers):
        if (
            fine.resolution < coarse.resolution
            or coarse.band_mm % fine.band_mm
            or coarse.slot_ms % fine.slot_ms
            or fine == coarse
        ):
            yield (
                "airspace.layers",
                "layers go from coarse to fine, and a coarse band or slot is a whole number of finer ones",
            )
    first, last = terms.layers[0], terms.layers[-1]
    if (first.band_mm // last.band_mm) * (first.slot_ms // last.slot_ms) > 64:
        yield (
            "airspace.layers",
            "a band and slot of the first layer may hold at most 64 of the last; make the last coarser",
        )
    if terms.share_percent > 25:
        # cells can be enumerated: only the cap keeps a side from asking for the whole day (spec/tokens-airspace, section 7)
        yield (
            "airspace.share_percent",
            "more than a quarter of a region's day in one run would be no limit; lower it",
        )
    if budget > 2 * terms.day_cells:
        yield (
            "budget",
            f"a budget of more than {2 * terms.day_cells} would let a side ask for the whole day; lower it",
        )
    if inspector == "peer":
        yield (
            "inspector",
            'an audit by the peer would show cells where nothing meets; set inspector = "none" for airspace',
        )


def sentences(terms: AirspaceTerms, theirs: str) -> Iterator[str]:
    """What the terms mean for us, in plain sentences."""
    last = terms.layers[-1]
    yield (
        f"plans are in conflict if they come nearer than {terms.horizontal_mm / 1000:g} m on the ground, {terms.vertical_mm / 1000:g} m in height and "
        f"{terms.time_ms / 1000:g} s in time, all at once; clocks may differ by {terms.skew_ms / 1000:g} s; altitudes are {terms.datum}."
    )
    yield (
        f"{theirs} will learn where both have a plan, in cells down to H3 resolution {last.resolution}, {last.band_mm / 1000:g} m and "
        f"{last.slot_ms / 60_000:g} minutes; there both open what their plans have in the cell, and nothing else."
    )
    yield (
        f"in one run a side may bring at most {terms.cells_limit} cells, {terms.share_percent} % of the region's day: what a side that invents plans "
        "can ask for. Nobody can tell an invented plan from a true one."
    )
    yield f"a conflict is settled {terms.settle_minutes} minutes before it begins, or both duty desks are alarmed."
    fixed = terms.fixed_notices
    calls = f"every {fixed.call_minutes} minutes" if fixed.call_minutes else "by no schedule"
    yield (
        f"notices say where to {fixed.precision_m} m and {fixed.altitude_m} m of height, no finer; what is planned is told {fixed.warn_minutes} minutes "
        f"before, what is off nominal within {fixed.tell_seconds} s; test calls are made {calls}."
    )


TEMPLATE: Final = """\
# Airspace, to be added to the terms of an agreement: append this to the file that `detente agreement template` wrote.
[[topics]]
name = "airspace"
version = 1
purpose = "Keep the aircraft of both sides apart."
legal_basis = "Name the memorandum or decision that allows it on each side."
release = []                # nothing is released: what conflicts is opened as the comparison ends
max_records = 5000          # plans a side and run
budget = 100000             # cells charged a side and period; at most twice the region's day
period_days = 1
buckets = 8
audit = 0                   # an audit by the peer would show cells where nothing meets
inspector = "none"
engine = "auto"

[topics.scope]
languages = []
groups = []
grounds = []

[topics.caps]               # of no effect here
records_per_token = 1
tokens_per_record = 1
pairs_per_record = 1
values_per_record = 1

[topics.airspace]
layers = [                  # from coarse to fine: H3 resolution, height of a band, length of a slot
    { resolution = 4, band_mm = 600000, slot_ms = 1200000 },
    { resolution = 6, band_mm = 300000, slot_ms = 600000 },
    { resolution = 6, band_mm = 100000, slot_ms = 300000 },
]
horizontal_mm = 9260000     # 5 NM between any two plans on the ground,
vertical_mm = 304800        # 1000 ft in height,
time_ms = 180000            # three minutes in time: nearer than all three at once is a conflict
skew_ms = 5000              # the bound on what both clocks differ
datum = "WGS84"             # of all altitudes: "WGS84", "AMSL" or "FL"; plans in another are converted or left out
day_cells = 142560          # of the first layer in the region and one day: 99 columns x 20 bands x 72 slots
share_percent = 20          # of them a side may bring to one run
settle_minutes = 60         # before it begins a conflict is settled, or both duty desks are alarmed

[topics.airspace.notices]
precision_m = 5000          # a notice says no finer where an aircraft is,
altitude_m = 300            # nor how high
warn_minutes = 60           # a planned activity is told so long before it begins, or the warning was late
tell_seconds = 60           # what is off nominal is told so soon after it began, or the notice was late
call_minutes = 1440         # between two test calls; a missed one alarms; 0: no schedule
"""

__all__ = ["TEMPLATE", "AirspaceTerms", "LayerTerms", "contradictions", "sentences"]
