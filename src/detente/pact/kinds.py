"""The kinds of joint documents that this node knows: how the content of each is read, and who may say what in it.

To add a kind: a module in `pact/` that has its reader, and a line in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from detente.errors import Malformed, Misuse
from detente.pact import declarations, incident, joint_list, meetings, resolution, roadmap
from detente.pact.document import Document
from detente.pact.joint import Content, require_entries
from detente.wire.instant import Instant

Reader = Callable[[Document, Instant], None]
"""Returns if the content is of its kind's shape; raises Malformed, saying what is not in order."""

OwnWord = Callable[[Content | None, Content, str, Sequence[Content]], None]
"""(base, proposed, by, said): raises Refused where the party `by` changes what is the other's own word.

`said` are the contents that the other has itself signed on this base: what a merge, or an acceptance in part,
takes from there is the other's word still.
"""


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """One kind of joint document."""

    name: str
    read: Reader
    own_word: OwnWord | None = None


def by_entries(document: Document, now: Instant) -> None:
    """Returns if the content has a title and entries by name; raises Malformed."""
    try:
        require_entries(document.content)
    except Misuse as problem:
        raise Malformed(str(problem), document.payload) from None


def _resolution(document: Document, now: Instant) -> None:
    """A resolution of a conflict in the air names the conflict; any other has entries."""
    (resolution.reader if document.name.startswith(resolution.PREFIX) else by_entries)(document, now)


KINDS: Final[Mapping[str, DocumentKind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            DocumentKind(joint_list.KIND, joint_list.reader, joint_list.own_word),
            DocumentKind(roadmap.KIND, roadmap.reader),
            DocumentKind(declarations.KIND, declarations.reader),
            DocumentKind(meetings.KIND, meetings.reader),
            DocumentKind(resolution.KIND, _resolution),
            DocumentKind(incident.KIND, incident.reader, incident.own_word),
        )
    }
)
READERS: Final[Mapping[str, Reader]] = MappingProxyType({name: kind.read for name, kind in KINDS.items()})

__all__ = ["KINDS", "READERS", "DocumentKind", "OwnWord", "Reader", "by_entries"]
