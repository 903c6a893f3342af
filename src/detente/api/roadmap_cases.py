"""The rows of the table for roadmaps, declarations and meetings: the same as `detente roadmap`, `declarations` and `meetings`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from detente.node.node import Node
from detente.node.papers import Papers, PaperView
from detente.node.roadmaps import ActionForm, ActionView, RoadmapView

Row = tuple[str, str, Literal["GET", "POST"], type[msgspec.Struct], Any, Callable[[Node, Any], Any], str]


class OfRoadmap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A roadmap with a peer."""

    peer: str
    name: str = "main"


class OfRoadmaps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The roadmaps with a peer, or "" for all."""

    peer: str = ""


class BeginRoadmap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The heading of a roadmap by language; `title` is how lists call it, else the first heading."""

    peer: str
    heading: dict[str, str]
    name: str = "main"
    title: str = ""


class WithAction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action by its slug, and what to write into it."""

    peer: str
    action: str
    form: ActionForm
    name: str = "main"


class OfAction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action by its slug."""

    peer: str
    action: str
    name: str = "main"


class ExportRoadmap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A roadmap as a picture (svg), a table (csv) or a page (md)."""

    peer: str
    format: Literal["svg", "csv", "md"]
    name: str = "main"


class PaperForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A declaration or minutes as TOML, as `template` gives it."""

    peer: str
    toml: str


class OfPaper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A declaration or minutes with a peer, by name."""

    peer: str
    name: str


class OfPapers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Those with a peer, or of a name; "" is any."""

    peer: str = ""
    name: str = ""


class SignPaper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which proposal of the peer: "" where one waits."""

    peer: str
    hash: str = ""


class ExportPaper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One as Markdown (md) or as a page to print (html)."""

    peer: str
    name: str
    format: Literal["md", "html"]


class NoParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class Written(msgspec.Struct, frozen=True):
    """A text, or the hash of what was signed."""

    value: str


def _drop(node: Node, r: OfPaper, room: Papers) -> Written:
    room.drop(r.peer, r.name)
    return Written("")


def _roadmap_rows() -> Iterator[Row]:
    noun = "roadmap"
    yield (noun, "show", "GET", OfRoadmap, RoadmapView, lambda n, r: n.roadmaps.show(r.peer, r.name),
           "A roadmap as it stands today, the draft, decisions of meetings and what waits for a signature.")  # fmt: skip
    yield (noun, "overdue", "GET", OfRoadmaps, list[ActionView], lambda n, r: n.roadmaps.pressing(r.peer),
           "What somebody must look at: overdue, blocked, or due before what it waits for.")  # fmt: skip
    yield (noun, "export", "GET", ExportRoadmap, Written, lambda n, r: Written(n.roadmaps.export(r.peer, r.format, r.name)),
           "A roadmap as a timeline, a table or Markdown.")  # fmt: skip
    yield (noun, "start", "POST", BeginRoadmap, RoadmapView,
           lambda n, r: n.roadmaps.start(r.peer, r.heading, r.name, r.title), "Begins a roadmap as a draft, or renames one.")  # fmt: skip
    yield (noun, "add", "POST", WithAction, RoadmapView, lambda n, r: n.roadmaps.add(r.peer, r.action, r.form, r.name),
           "Adds an action to the draft; nothing is sent.")  # fmt: skip
    yield (noun, "set", "POST", WithAction, RoadmapView, lambda n, r: n.roadmaps.set(r.peer, r.action, r.form, r.name),
           "Changes an action in the draft; nothing is sent.")  # fmt: skip
    yield (noun, "remove", "POST", OfAction, RoadmapView, lambda n, r: n.roadmaps.remove(r.peer, r.action, r.name),
           "Takes an action out of the draft.")  # fmt: skip
    yield (noun, "drop", "POST", OfRoadmap, RoadmapView, lambda n, r: n.roadmaps.drop(r.peer, r.name), "Forgets the draft.")  # fmt: skip
    yield (noun, "propose", "POST", OfRoadmap, Written, lambda n, r: Written(n.roadmaps.propose(r.peer, r.name)),
           "Signs the draft and proposes it; gives its hash.")  # fmt: skip


def _paper_rows(noun: str, room: Callable[[Node], Papers]) -> Iterator[Row]:
    yield (
        noun,
        "template",
        "GET",
        NoParameters,
        Written,
        lambda n, r: Written(room(n).template()),
        "A form to edit, as TOML.",
    )
    yield (noun, "show", "GET", OfPapers, list[PaperView], lambda n, r: room(n).show(r.peer, r.name),
           "What is in force, proposed or drafted, languages side by side.")  # fmt: skip
    yield (noun, "export", "GET", ExportPaper, Written, lambda n, r: Written(room(n).export(r.peer, r.name, r.format)),
           "One as Markdown or as a page to print.")  # fmt: skip
    yield (noun, "draft", "POST", PaperForm, PaperView, lambda n, r: room(n).draft(r.peer, r.toml),
           "Keeps a form as the draft; nothing is sent.")  # fmt: skip
    yield (noun, "drop", "POST", OfPaper, Written, lambda n, r: _drop(n, r, room(n)), "Forgets a draft.")
    yield (noun, "propose", "POST", OfPaper, Written, lambda n, r: Written(room(n).propose(r.peer, r.name)),
           "Signs the draft and proposes it; gives its hash.")  # fmt: skip
    yield (noun, "sign", "POST", SignPaper, Written, lambda n, r: Written(room(n).sign(r.peer, r.hash)),
           "Signs what the peer proposed; gives its hash.")  # fmt: skip


ROADMAP_CASES: tuple[Row, ...] = (
    *_roadmap_rows(),
    *_paper_rows("declarations", lambda node: node.declarations),
    *_paper_rows("meetings", lambda node: node.meetings),
)

__all__ = ["ROADMAP_CASES"]
