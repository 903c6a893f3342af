"""Notices with peers: sent at once, receipted by both clocks, read back; the hotline's log and its test calls. spec/notices.

What was said is kept as the signed letters; what is shown of it is a fold over them and the journal, so both sides give one answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import msgspec

from detente.errors import DetenteError, Malformed, Misuse, Refused
from detente.node.agreements import Agreements
from detente.node.letters import Letters
from detente.node.office import Office
from detente.node.ports import PeerRow, Transaction
from detente.pact.airspace import AirspaceTerms
from detente.pact.notice_words import LANGUAGES, words
from detente.pact.notices import (
    DEGREE,
    FIELDS,
    MINUTE_MS,
    OFF_NOMINAL,
    Field,
    Notice,
    NoticeTerms,
    Readback,
    What,
    band,
    compare_readback,
    judge,
    outward,
    read_form,
    require_coarse,
    write_form,
)
from detente.pact.terms import Terms
from detente.wire.envelope import unverified
from detente.wire.instant import Instant, parse_rfc3339, rfc3339

TOPIC = "airspace"
MISSED_SHOWN = 50  # missed calls told one by one between two that were made


class NoticeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to say. `event` in RFC 3339, "" is now for what is off nominal; `lat`, `lon` in degrees; altitudes in metres above the agreed datum."""

    what: What
    about: str = ""
    event: str = ""
    lat: float | None = None
    lon: float | None = None
    radius_m: int = 0
    lower_m: float | None = None
    upper_m: float | None = None
    text: str = ""
    readback: list[Field] = []


class FieldView(msgspec.Struct, frozen=True):
    """One field that was read back, and whether it is what was meant."""

    field: str
    meant: str
    said: str
    same: bool


class NoticeView(msgspec.Struct, frozen=True):
    """A notice. `by` is ours or theirs; all else is the same on both sides once its receipt is there.

    `sent` is by the sender's clock, `received` by the receiver's ("" before the receipt). `verdict` is in time, late, received (nothing fixes by
    when) or not received; `due` is by when it had to be received, `margin_ms` what was left then if the clocks differ by all of `skew_bound_ms`.
    `read_back` is "" (not asked for), waits, matches or differs. `doubt` says what only this side can know; `entry` is our journal's.
    """

    id: str
    peer: str
    by: str
    what: str
    about: str
    event: str
    box: list[float]
    lower_m: int | None
    upper_m: int | None
    datum: str
    text: str
    words: dict[str, str]
    sent: str
    received: str
    skew_bound_ms: int
    due: str
    margin_ms: int | None
    verdict: str
    clocks_apart: bool
    read_back: str
    read_back_by: str
    read_back_at: str
    fields: list[FieldView]
    agreement_state: str
    doubt: str = ""
    entry: int = -1


class CallView(msgspec.Struct, frozen=True):
    """One line of the hotline's log. `kind` is notice, test-call, read-back or missed (a test call that was due and not made)."""

    at: str
    peer: str
    by: str
    kind: str
    what: str
    id: str
    state: str


class HotlineView(msgspec.Struct, frozen=True):
    """The line to a peer. `every_minutes` 0: no schedule is agreed. `missed` alarms: a test call is due and was not made."""

    peer: str
    agreement_state: str
    every_minutes: int
    last_call: str
    next_due: str
    missed: bool
    log: list[CallView]


class _Message(msgspec.Struct, frozen=True):
    """What is needed of a kept letter; the rest is the ceremony's."""

    sender: str
    step: str
    agreement: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Said:
    """One letter, as both signed it. `came` is when its receipt was here, by our clock."""

    id: str
    by: Literal["ours", "theirs"]
    agreement: str
    form: Notice | Readback
    sent: Instant
    received: Instant | None = None
    came: Instant | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    """All that was said with one peer, in order of sending."""

    peer: PeerRow
    state: str
    notices: list[_Said] = field(default_factory=list)
    readbacks: list[_Said] = field(default_factory=list)


class Notices:
    """The use cases of notices. They go as letters: the room of exchange holds their conversations."""

    def __init__(self, office: Office, agreements: Agreements, letters: Letters) -> None:
        self._office, self._agreements, self._letters = office, agreements, letters

    # -- saying

    def send(self, peer: str, form: NoticeForm) -> NoticeView:
        """Signs a notice and puts it on its way, while suspended too where the agreement lets safety go on. Positions and altitudes are
        rounded outward to what is agreed. Raises Misuse, NotAgreed."""
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            _, terms = self._agreements.in_force(tx, party, "safety")
            notice = self._made(form, terms)
        conversation = self._letters.notify(party, write_form(notice), "safety")
        with self._office.store.snapshot() as tx:
            id = next(letter.message for letter in tx.letters.find(party) if letter.ceremony == conversation)
        return self.show(id)

    def call(self, peer: str) -> NoticeView:
        """Makes a test call: a notice that asks for nothing but its receipt."""
        return self.send(peer, NoticeForm("test-call"))

    def read_back(self, notice: str, said: Mapping[Field, str], by: str) -> NoticeView:
        """A person of ours reads a notice of theirs back, field by field; both sides see whether it is what was meant. Raises Misuse, Refused."""
        view = self.show(notice)
        if view.by == "ours":
            raise Misuse("who received a notice reads it back, not who sent it")
        if view.read_back == "":
            raise Refused("this notice asks for no read-back")
        unknown = sorted(set(said) - set(FIELDS))
        if unknown or not said:
            raise Misuse(f"fields are {', '.join(FIELDS)}")
        lacking = [each.field for each in view.fields if each.field not in said and each.meant]
        if lacking:
            raise Misuse(f"read back every field that is asked for: {', '.join(lacking)} lacks")
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, view.peer).party
        self._letters.notify(party, write_form(Readback(view.id, by, dict(said))), "safety")
        return self.show(view.id)

    # -- looking

    def listed(self, peer: str = "") -> list[NoticeView]:
        """Notices with a peer, or with all, newest first; test calls are in the hotline's log."""
        with self._office.store.snapshot() as tx:
            found = [
                self._view(tx, line, said)
                for line in self._lines(tx, peer)
                for said in line.notices
                if not (isinstance(said.form, Notice) and said.form.what == "test-call")
            ]
        return sorted(found, key=lambda view: (view.sent, view.id), reverse=True)

    def show(self, notice: str) -> NoticeView:
        """One notice by its id, or by at least six digits of it."""
        with self._office.store.snapshot() as tx:
            found = [
                (line, said)
                for line in self._lines(tx, "")
                for said in line.notices
                if said.id == notice or (len(notice) >= 6 and said.id.startswith(notice))
            ]
            if len(found) != 1:
                raise Misuse(f"no notice {notice}; `detente airspace notice list` shows them")
            return self._view(tx, *found[0])

    def hotline(self, peer: str = "") -> list[HotlineView]:
        """The line to each peer with whom airspace is agreed, or to one: what was said, and which test calls were missed."""
        with self._office.store.snapshot() as tx:
            return [
                self._hotline(tx, line)
                for line in self._lines(tx, peer)
                if peer or line.notices or self._schedule(tx, line.peer.party)
            ]

    # -- inside

    def _made(self, form: NoticeForm, terms: Terms) -> Notice:
        space = _space(terms)
        fixed = space.fixed_notices
        event = form.event
        if not event and form.what in OFF_NOMINAL:
            event = rfc3339(self._office.clock.now())
        if not event and form.what == "planned-activity":
            raise Misuse("say when the activity begins")
        if (form.lat is None) != (form.lon is None) or (form.radius_m and form.lat is None):
            raise Misuse("a position has a latitude and a longitude")
        box = None
        if form.lat is not None and form.lon is not None:
            if not (abs(form.lat) <= 90 and abs(form.lon) <= 180 and 0 <= form.radius_m <= 5_000_000):
                raise Misuse(
                    "a position is within 90 degrees of latitude and 180 of longitude, its radius within 5000 km"
                )
            box = outward(
                round(form.lat * DEGREE), round(form.lon * DEGREE), form.radius_m, fixed.precision_m
            )
        low, high = form.lower_m, form.upper_m
        if (low is None) != (high is None) or (low is not None and high is not None and not low <= high):
            raise Misuse("an altitude is a band: its lower end, and its upper one above it")
        heights = band(low, high, fixed.altitude_m) if low is not None and high is not None else (None, None)
        try:
            parse_rfc3339(event) if event else None
            return msgspec.convert(
                {"what": form.what, "about": form.about, "event": event, "box": box, "lower_m": heights[0], "upper_m": heights[1],
                 "datum": space.datum, "readback": tuple(form.readback), "text": form.text}, Notice,
            )  # fmt: skip
        except (msgspec.ValidationError, Malformed) as problem:
            raise Misuse(f"this cannot be sent: {problem}") from None

    def _lines(self, tx: Transaction, peer: str) -> Iterator[_Line]:
        for row in [self._office.peer(tx, peer)] if peer else tx.peers.all():
            line = _Line(row, self._agreements.standing(tx, row.party).state)
            for said in self._letters_of(tx, row):
                (line.notices if isinstance(said.form, Notice) else line.readbacks).append(said)
            yield line

    def _letters_of(self, tx: Transaction, row: PeerRow) -> Iterable[_Said]:
        """The forms in the letters with a peer, each with its receipt. They were verified as they came, and a bundle shows them to anyone."""
        ours, said = self._office.identity().party, dict[str, _Said]()
        for letter in tx.letters.find(row.party):
            message = msgspec.json.decode(unverified(letter.raw).payload, type=_Message)
            known = said.get(letter.ceremony)
            if message.step == "notice" and known is None:
                found = _read(letter.message, message, message.sender == ours)
                if found is not None:
                    said[letter.ceremony] = found
            elif (
                message.step == "noted"
                and known is not None
                and (message.sender == ours) == (known.by == "theirs")
            ):
                said[letter.ceremony] = replace(
                    known, received=parse_rfc3339(message.body["at"]), came=letter.at
                )
        return said.values()

    def _terms(self, tx: Transaction, said: _Said) -> tuple[AirspaceTerms | None, NoticeTerms, int]:
        try:
            space = self._agreements.terms_of(tx, said.agreement).topic(TOPIC).space
        except DetenteError:
            space = None
        return space, space.fixed_notices if space else NoticeTerms(), space.skew_ms if space else 5000

    def _view(self, tx: Transaction, line: _Line, said: _Said) -> NoticeView:
        notice = said.form
        assert isinstance(notice, Notice)
        space, fixed, skew = self._terms(tx, said)
        problem = said.problem
        try:
            require_coarse(notice, fixed, space.datum if space else notice.datum)
        except Malformed as found:
            problem = problem or str(found)
        verdict = judge(notice, said.sent, said.received, fixed, skew)
        attempts = [
            each
            for each in line.readbacks
            if isinstance(each.form, Readback) and each.form.notice == said.id and each.by != said.by
        ]
        last = attempts[-1] if attempts else None
        read = last.form if last is not None and isinstance(last.form, Readback) else None
        fields = compare_readback(notice, read.fields if read else {})
        state = "" if not notice.readback else "waits" if read is None else "differs"
        if read is not None and all(each.same for each in fields):
            state = "matches"
        if said.by == "ours" and said.received and said.came is not None and said.received > said.came + skew:
            problem = (
                problem
                or "the receipt is stamped later than it was here: their clock is off by more than the agreed bound"
            )
        entries = [*tx.journal.find(kind="notice", party=line.peer.party, subject=said.id)]
        return NoticeView(
            said.id, line.peer.name, said.by, notice.what, notice.about, notice.event,
            [edge / DEGREE for edge in notice.box or ()], notice.lower_m, notice.upper_m, notice.datum, notice.text,
            {language: words(notice, language) for language in LANGUAGES},
            rfc3339(said.sent), _text(said.received), skew, _text(verdict.due), verdict.margin_ms, verdict.answer, verdict.clocks_apart,
            state, read.by if read else "", _text(last.sent if last else None),
            [FieldView(each.field, each.meant, each.said, each.same) for each in fields], line.state, problem,
            entries[0].index if entries else -1,
        )  # fmt: skip

    def _schedule(self, tx: Transaction, party: str) -> int:
        """Minutes between two test calls, as agreed; 0 where nothing is."""
        found = self._agreements.standing(tx, party)
        if found.terms is None or found.state in ("ended", "expired", "none"):
            return 0
        space = next((t.space for t in found.terms.topics if t.name == TOPIC), None)
        return space.fixed_notices.call_minutes if space else 0

    def _hotline(self, tx: Transaction, line: _Line) -> HotlineView:
        every, now = self._schedule(tx, line.peer.party) * MINUTE_MS, self._office.clock.now()
        calls = sorted(
            said.sent
            for said in line.notices
            if isinstance(said.form, Notice) and said.form.what == "test-call" and said.received is not None
        )
        began = self._began(tx, line.peer.party)
        log = [_row(line, said) for said in (*line.notices, *line.readbacks)]
        log += [
            CallView(rfc3339(at), line.peer.name, "", "missed", "test-call", "", "no test call was made")
            for at in _missed([began, *(at for at in calls if at > began)], every, now)
        ]
        last = calls[-1] if calls else None
        due = max(began, last or 0) + every if every else None
        return HotlineView(
            line.peer.name, line.state, every // MINUTE_MS, _text(last), _text(due), due is not None and due < now,
            sorted(log, key=lambda each: (each.at, each.id)),
        )  # fmt: skip

    def _began(self, tx: Transaction, party: str) -> Instant:
        """When the schedule began to count: with the version of the agreement that is in force."""
        digest = self._agreements.standing(tx, party).hash
        row = tx.documents.get(digest) if digest else None
        return (row.since or row.at) if row is not None else 0


def _read(id: str, message: _Message, ours: bool) -> _Said | None:
    """The form in a notice letter; None for a plain text. A form that is none is shown as the text that it is: it may matter all the same."""
    text, problem = str(message.body.get("text", "")), ""
    try:
        form = read_form(text)
    except Malformed as found:
        form, problem = Notice("free-text", "", "", None, None, None, "WGS84", (), text[:2000]), str(found)
    if form is None:
        return None
    sent = parse_rfc3339(str(message.body["at"]))
    return _Said(id, "ours" if ours else "theirs", message.agreement, form, sent, problem=problem)


def _row(line: _Line, said: _Said) -> CallView:
    state = "received" if said.received is not None else "not received"
    if isinstance(said.form, Readback):
        return CallView(rfc3339(said.sent), line.peer.name, said.by, "read-back", "", said.form.notice, state)
    kind = "test-call" if said.form.what == "test-call" else "notice"
    return CallView(rfc3339(said.sent), line.peer.name, said.by, kind, said.form.what, said.id, state)


def _missed(calls: list[Instant], every: int, now: Instant) -> Iterator[Instant]:
    """When test calls were due and none was made: each time that `every` passed without one."""
    if not every:
        return
    for before, after in zip(calls, [*calls[1:], now], strict=True):
        for number in range(1, min((after - before - 1) // every, MISSED_SHOWN) + 1):
            yield before + number * every


def _space(terms: Terms) -> AirspaceTerms:
    space = terms.topic(TOPIC).space
    if space is None:  # terms.require_sound refuses it
        raise Misuse("the agreement fixes nothing for airspace")
    return space


def _text(instant: Instant | None) -> str:
    return rfc3339(instant) if instant is not None else ""


__all__ = ["CallView", "FieldView", "HotlineView", "NoticeForm", "NoticeView", "Notices"]
