"""The rows of the table for requests for information: the same as `detente requests`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from detente.node.node import Node
from detente.node.request_book import RequestView
from detente.node.requests import CandidateView, CellView, Question, TemplateView
from detente.pact.history import span

Row = tuple[str, str, Literal["GET", "POST"], type[msgspec.Struct], Any, Callable[[Node, Any], Any], str]


class Asking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question to a peer. `until` is a day in UTC (2026-12-01) or an instant; `about` or `record` say whom it is about."""

    peer: str
    purpose: str
    until: str
    template: str = "free"
    topic: str = "people"
    schema: str = "Person"
    about: dict[str, list[str]] = {}
    record: str = ""
    question: str = ""
    marking: str = "TLP:AMBER"
    offer: str = ""
    returns: int = 0
    most: int = 8


class OfRequests(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Those with a peer, or "" for all."""

    peer: str = ""


class WhichRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request by its id or the beginning of it; a reason that the peer is told."""

    request: str
    reason: str = ""


class Candidates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request, and how many records of ours to list."""

    request: str
    most: int = 10


class AnsweringRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Records of ours that answer a request, and the person who releases them; `part`: not all of it, and why."""

    request: str
    records: list[str]
    by: str
    part: bool = False
    reason: str = ""


class Transferring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To whom a request should go, why, and whether that party is to hear who asked."""

    request: str
    to: str
    purpose: str = ""
    named: bool = False


class Consenting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a request of ours may go to the third party that was named to us."""

    request: str
    yes: bool
    reason: str = ""


class Rating(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether an answer was of use."""

    request: str
    useful: bool
    reason: str = ""


class InLanguage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """en, fr or ru."""

    language: str = "en"


def _ask(node: Node, r: Asking) -> RequestView:
    begin, end = span(r.until)
    until = end - 1 if end - begin > 1 else begin
    question = Question(
        r.topic, r.purpose, until, r.marking, r.template, r.schema, r.about, r.question, r.offer, r.returns, r.most,
        r.record,
    )  # fmt: skip
    return node.requests.ask(r.peer, question)


def _answer(node: Node, r: AnsweringRequest) -> RequestView:
    return node.requests.answer(r.request, r.records, r.by, part=r.part, reason=r.reason)


def _rows() -> Iterator[Row]:
    noun = "requests"

    def post(verb: str, takes: type[msgspec.Struct], run: Callable[[Node, Any], Any], doc: str) -> Row:
        return (noun, verb, "POST", takes, RequestView, run, doc)

    yield (noun, "list", "GET", OfRequests, list[RequestView], lambda n, r: n.requests.listed(r.peer),
           "Requests, ours and theirs, and what waits for us.")  # fmt: skip
    yield (
        noun,
        "show",
        "GET",
        WhichRequest,
        RequestView,
        lambda n, r: n.requests.show(r.request),
        "One request.",
    )
    yield (noun, "candidates", "GET", Candidates, list[CandidateView], lambda n, r: n.requests.candidates(r.request, r.most),
           "Records of ours that a request may be about, best first; nothing leaves.")  # fmt: skip
    yield (noun, "matrix", "GET", OfRequests, list[CellView], lambda n, r: n.requests.matrix(r.peer),
           "Overlap and contribution by topic and month: a fold over the journal.")  # fmt: skip
    yield (noun, "templates", "GET", InLanguage, list[TemplateView], lambda n, r: n.requests.templates(r.language),
           "Questions that are asked often.")  # fmt: skip
    yield post("ask", Asking, _ask, "Asks a peer; the question discloses whom it is about.")
    yield post(
        "accept",
        WhichRequest,
        lambda n, r: n.requests.accept(r.request),
        "Tells the asker that its request is taken on.",
    )
    yield post(
        "decline",
        WhichRequest,
        lambda n, r: n.requests.decline(r.request, r.reason),
        "Declines, with a reason.",
    )
    yield post(
        "nothing",
        WhichRequest,
        lambda n, r: n.requests.nothing(r.request, r.reason),
        "Answers that nothing is held.",
    )
    yield post(
        "answer", AnsweringRequest, _answer, "Gives records in answer: exchanged and counted like any swap."
    )
    yield post("return", AnsweringRequest, lambda n, r: n.requests.give_back(r.request, r.records, r.by),
               "Gives what a request of ours promised in return.")  # fmt: skip
    yield post("transfer", Transferring, lambda n, r: n.requests.transfer(r.request, r.to, r.purpose, named=r.named),
               "Asks whether a request may go to a third party; once it may, sends it there.")  # fmt: skip
    yield post("consent", Consenting, lambda n, r: n.requests.consent(r.request, r.yes, r.reason),
               "Says whether a request of ours may be shown to a third party.")  # fmt: skip
    yield post(
        "rate",
        Rating,
        lambda n, r: n.requests.rate(r.request, r.useful, r.reason),
        "Says whether an answer was of use.",
    )


REQUEST_CASES: tuple[Row, ...] = tuple(_rows())

__all__ = ["REQUEST_CASES"]
