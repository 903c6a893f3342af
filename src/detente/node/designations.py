"""Groups: a party's own lists and words, the joint list with each peer, and what it binds. spec/joint-list.

A party's own lists stay here. What goes to a peer is its word on each group that it does not keep private, in a joint document that both sign.
A private listing becomes a record: it is matched like any other, and shown to nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from detente.errors import Malformed, Misuse, Refused
from detente.node.amendments import Amendments, content_of
from detente.node.documents import Documents
from detente.node.groupviews import (
    Doubtful,
    GroupView,
    ImportReport,
    JointView,
    Standing,
    doubtful,
    group_view,
    joint_view,
)
from detente.node.holdings import Defaults, Holdings, SourceRow
from detente.node.listings import JOINT, aligned, base_listings, readings, word
from detente.node.ports import Transaction
from detente.pact.document import MAX_DOCUMENT, read_document
from detente.pact.joint import Content, changes, plain
from detente.pact.joint_list import KIND, NAME, JointList, Word, read_joint_list, with_words
from detente.pact.marking import parse_marking
from detente.topics.designations.grounds import GroupNames, only_unlisted
from detente.topics.designations.listing import SAID, Listing, Name, NameKind, Status
from detente.topics.designations.reconciling import Entry, Reconciled, reconcile
from detente.topics.orgs import aliases
from detente.topics.reading import MOST_VALUES
from detente.wire.canonical import canonical
from detente.wire.envelope import unverified
from detente.wire.instant import Instant, rfc3339

TITLE = "Groups"
MOST_BYTES = MAX_DOCUMENT - 1024  # leaves room for the document's other members
_INDEX = "designations"
_ORIGIN = f"file:{_INDEX}"


class OwnList(msgspec.Struct, frozen=True):
    """One list as it was taken in. `as_of` is the day on which the list stood so, "" where nobody said."""

    source: str
    as_of: str
    loaded: Instant
    listings: tuple[Listing, ...]


class Hidden(msgspec.Struct, frozen=True):
    """One group that is kept private: the listings by which it is known again, and the record that is matched in its place."""

    places: tuple[tuple[str, str], ...]  # (list, reference)
    record: str
    marking: str


class Own(msgspec.Struct, frozen=True):
    """All that this party lists and says."""

    lists: tuple[OwnList, ...] = ()
    hidden: tuple[Hidden, ...] = ()

    def listings(self) -> list[Listing]:
        return [each for held in self.lists for each in held.listings]

    def hiding(self, entry: Entry) -> Hidden | None:
        """What keeps a group private, if anything does: one of its listings is enough."""
        places = {(each.source, each.reference) for each in entry.ours}
        return next((hidden for hidden in self.hidden if not places.isdisjoint(hidden.places)), None)

    def with_list(self, held: OwnList) -> Own:
        rest = tuple(each for each in self.lists if each.source != held.source)
        kept = (*rest, held) if held.listings else rest
        return Own(tuple(sorted(kept, key=lambda each: each.source)), self.hidden)


class Designations:
    """The use cases of lists of groups."""

    def __init__(self, amendments: Amendments, documents: Documents, holdings: Holdings) -> None:
        self._amendments, self._documents, self._holdings = amendments, documents, holdings
        self._office = amendments.office

    # -- our own lists

    def take_in(self, source: str, listings: Sequence[Listing], as_of: str = "") -> ImportReport:
        """Puts a list in the place of what we had of it: the same again changes nothing. Other lists stay as they are."""
        if any(each.source != source for each in listings) or source in (*JOINT, SAID):
            raise Misuse(
                f"{source!r} can't name a list here: take another, in small letters, digits and hyphens"
            )
        references = [each.reference for each in listings]
        if len(set(references)) != len(references):
            raise Misuse(f"the list {source!r} has a reference twice: each entry needs its own")
        for listing in listings:
            _require_sound(listing)
        with self._office.store.transaction() as tx:
            self._office.require_writable(tx)
            own = self._own(tx)
            before = {
                each.reference: each for held in own.lists if held.source == source for each in held.listings
            }
            after = {each.reference: each for each in listings}
            self._keep(tx, own.with_list(OwnList(source, as_of, self._office.clock.now(), tuple(listings))))
        self._follow()
        return ImportReport(
            source=source,
            as_of=as_of,
            added=len(after.keys() - before.keys()),
            changed=sum(before[key] != after[key] for key in after.keys() & before.keys()),
            removed=len(before.keys() - after.keys()),
            unchanged=sum(before[key] == after[key] for key in after.keys() & before.keys()),
        )

    def ours(self) -> list[GroupView]:
        """Every group on our lists, by slug: its names, our word, each list with its date and legal basis."""
        with self._office.store.snapshot() as tx:
            own = self._own(tx)
        days = {held.source: held.as_of for held in own.lists}
        return [
            group_view(entry, own.hiding(entry) is not None, days, self._today())
            for entry in _alone(own.listings()).entries
        ]

    def doubts(self) -> list[Doubtful]:
        """What is in question within our own lists."""
        with self._office.store.snapshot() as tx:
            own = self._own(tx)
        return [doubtful(each) for each in _alone(own.listings()).questions]

    def group(self, wanted: str) -> GroupView:
        """One group by its slug or by any of its names. Misuse where there is none."""
        with self._office.store.snapshot() as tx:
            own = self._own(tx)
            entry = self._entry(own, wanted)
        days = {held.source: held.as_of for held in own.lists}
        return group_view(entry, own.hiding(entry) is not None, days, self._today())

    def say(
        self,
        wanted: str,
        status: Status,
        *,
        names: Iterable[tuple[str, NameKind]] = (),
        reason: str = "",
        grounds: str = "",
        legal_basis: str = "",
        since: str = "",
        review: str = "",
    ) -> GroupView:
        """Our own word on a group: by its slug or a name where one of our lists or a joint list has it, else on a new one of that name.

        It weighs more than the lists that we follow. `since` is today unless said. What was said before of the same group is replaced.
        """
        with self._office.store.transaction() as tx:
            self._office.require_writable(tx)
            own = self._own(tx)
            slug, known = self._known(tx, own, wanted)
            more = tuple(Name(text, kind) for text, kind in names)
            said = Listing(
                SAID, slug, tuple({name.text: name for name in (*known, *more)}.values()), status, reason, grounds,
                legal_basis, since or self._today(), review,
            )  # fmt: skip
            _require_sound(said)
            self._keep(tx, own.with_list(self._with_word(own, said, slug)))
        self._follow()
        return next(
            view
            for view in self.ours()
            if (SAID, slug) in {(each.list, each.reference) for each in view.lists}
        )

    def unsay(self, wanted: str) -> None:
        """Takes our own word on a group back; what the lists say stays. Or drops a whole list, by its source."""
        with self._office.store.transaction() as tx:
            self._office.require_writable(tx)
            own = self._own(tx)
            if any(held.source == wanted and held.source != SAID for held in own.lists):
                self._keep(tx, own.with_list(OwnList(wanted, "", 0, ())))
            else:
                entry = self._entry(own, wanted)
                spoken = next((each for each in entry.ours if each.source == SAID), None)
                if spoken is None:
                    raise Misuse(
                        f"we have said nothing of our own on {entry.name!r}; lists say it: drop one by its name"
                    )
                self._keep(tx, own.with_list(self._with_word(own, None, spoken.reference)))
        self._follow()

    # -- private entries

    def hide(self, wanted: str, marking: str = "TLP:AMBER") -> GroupView:
        """Keeps a group private: no peer sees it; it is matched as a record on the topic of groups.

        What was proposed or agreed before stays with the peer; the next proposal leaves it out.
        """
        label = str(parse_marking(marking))
        with self._office.store.transaction() as tx:
            self._office.require_writable(tx)
            own = self._own(tx)
            entry = self._entry(own, wanted)
            if own.hiding(entry) is None:
                fresh = Hidden(_places(entry), self._record_id(), label)
                self._keep(tx, Own(own.lists, (*own.hidden, fresh)))
        self._follow()
        return self.group(entry.slug)

    def reveal(self, wanted: str) -> GroupView:
        """Keeps a group private no longer: the next proposal shows it, and its record is erased."""
        with self._office.store.transaction() as tx:
            self._office.require_writable(tx)
            own = self._own(tx)
            entry = self._entry(own, wanted)
            kept = tuple(each for each in own.hidden if set(each.places).isdisjoint(_places(entry)))
            self._keep(tx, Own(own.lists, kept))
        self._follow()
        return self.group(entry.slug)

    # -- the joint list

    def show(self, peer: str) -> JointView:
        """The joint list with a peer: each group with both words and what they come to, and what we would still propose."""
        with self._office.store.snapshot() as tx:
            row = self._office.peer(tx, peer)
            own = self._own(tx)
            standing = self._standing(tx, row.party, row.name)
            shelf = self._amendments.shelf(tx, row.party, KIND, NAME)
            base, found = self._aligned(tx, row.party, own, shelf.base)
            proposed = self._content(own, base, found)
        return joint_view(standing, changes(base, proposed), found.questions, len(own.hidden), self._today())

    def standing(self, peer: str) -> Standing:
        """The joint list in force, with the parties and the instant: what is exported. Refused where there is none."""
        with self._office.store.snapshot() as tx:
            row = self._office.peer(tx, peer)
            found = self._standing(tx, row.party, row.name)
        if not found.hash:
            raise Refused(
                "no joint list is in force with this peer: `detente groups propose`, and let both sign"
            )
        return found

    def propose(self, peer: str) -> str:
        """Proposes the joint list with our words as they are now, and theirs as they said them. Returns its hash.

        Where a proposal of theirs waits for us, ours answers it: a counter-proposal that holds both.
        """
        with self._office.store.snapshot() as tx:
            party = self._office.peer(tx, peer).party
            own, ours = self._own(tx), self._office.identity().party
            shelf = self._amendments.shelf(tx, party, KIND, NAME)
            waiting = next((version.hash for version in shelf.proposals if version.by != ours), "")
            crosses = any(version.by == ours for version in shelf.proposals)
            base, found = self._aligned(tx, party, own, shelf.base if crosses else waiting or shelf.base)
            content = self._content(own, base, found)
        if not content["entries"]:
            raise Misuse(
                "there is nothing to propose: `detente groups import` a list, or `detente groups add` a group"
            )
        size = len(canonical(content))
        if size > MOST_BYTES:
            raise Misuse(
                f"the joint list would have {size} bytes, more than the {MOST_BYTES} that two parties sign: keep to the groups that matter, "
                "with `detente groups import --program`"
            )
        if waiting and not crosses:
            return self._documents.counter(peer, waiting, content, "with our words")
        return self._documents.propose(KIND, NAME, content, peer)

    # -- what it binds

    def bound(self, tx: Transaction, party: str) -> Callable[[Iterable[str]], tuple[str, ...]]:
        """Of a record's grounds: the groups on which alone it stands and of which the peer lists none; () where it stands on anything else.

        The joint list in force says what the peer lists; without one it lists nothing.
        """
        head = self._amendments.shelf(tx, party, KIND, NAME).head
        digest = head.hash if head and head.state == "in_force" else ""
        row = tx.documents.get(digest) if digest else None
        names, listed = _bound(digest, row.envelope if row else b"", party, self._amendments.pair(party))
        return lambda grounds: only_unlisted(grounds, names, listed)

    # -- inside

    def _own(self, tx: Transaction) -> Own:
        kept = tx.settings.get(_INDEX)
        return msgspec.json.decode(kept, type=Own) if kept else Own()

    def _keep(self, tx: Transaction, own: Own) -> None:
        tx.settings.put(_INDEX, msgspec.json.encode(own))

    def _today(self) -> str:
        return rfc3339(self._office.clock.now())[:10]

    def _with_word(self, own: Own, said: Listing | None, reference: str) -> OwnList:
        held = next((each.listings for each in own.lists if each.source == SAID), ())
        rest = [each for each in held if each.reference != reference]
        return OwnList(SAID, "", self._office.clock.now(), (*rest, said) if said else tuple(rest))

    @staticmethod
    def _entry(own: Own, wanted: str) -> Entry:
        found = _named(_alone(own.listings()), wanted)
        if found is None:
            raise Misuse(f"no group on our lists is called {wanted!r}: `detente groups list` shows them")
        return found

    def _known(self, tx: Transaction, own: Own, wanted: str) -> tuple[str, tuple[Name, ...]]:
        """(reference of our word, names) of the group that is wanted: ours, a peer's on a joint list, the alias table's, or a new one."""
        if entry := _named(_alone(own.listings()), wanted):
            spoken = next((each.reference for each in entry.ours if each.source == SAID), entry.slug)
            return spoken, entry.names
        for peer in tx.peers.all():
            found = self._standing(tx, peer.party, peer.name).list
            theirs = _named(reconcile([], base_listings(found, self._office.identity().party)), wanted)
            if theirs:
                return theirs.slug, (_called(theirs, wanted),)
        if known := aliases.find(wanted):
            return known.id, (Name(wanted, "name"),)
        return wanted[:120], (Name(wanted, "name"),)

    def _standing(self, tx: Transaction, party: str, name: str) -> Standing:
        head = self._amendments.shelf(tx, party, KIND, NAME).head
        row = tx.documents.get(head.hash) if head and head.state == "in_force" else None
        pair = self._amendments.pair(party)
        ours = (self._office.identity().party, self._office.name(tx))
        if head is None or row is None:
            return Standing(JointList(TITLE, {}), ours, (party, name), "", 0)
        return Standing(
            read_joint_list(content_of(row), pair), ours, (party, name), head.hash, head.since or 0
        )

    def _aligned(
        self, tx: Transaction, party: str, own: Own, version: str
    ) -> tuple[Content | None, Reconciled]:
        """The content of a version ("" for none), and our listings under the slugs that it has."""
        row = tx.documents.get(version) if version else None
        base = content_of(row) if row else None
        held = read_joint_list(base, self._amendments.pair(party)) if base else JointList(TITLE, {})
        ours = self._office.identity().party
        return base, aligned(_reconciled(tuple(own.listings()), tuple(base_listings(held, ours))), held, ours)

    def _content(self, own: Own, base: Content | None, found: Reconciled) -> Content:
        """The joint list with our words: on every group of ours but those that we keep private, and naming none of these."""
        private = {entry.slug for entry in found.entries if own.hiding(entry) is not None}
        words: Mapping[str, Word] = {
            entry.slug: word(
                entry.ours,
                (each for each in readings(found.questions, entry.slug, "ours") if each.group not in private),
            )
            for entry in found.entries
            if entry.ours and entry.slug not in private
        }
        return with_words(base, "" if base else TITLE, self._office.identity().party, words)

    def _record_id(self) -> str:
        return f"group:{self._office.entropy.draw(16).hex()}"

    def _follow(self) -> None:
        """Makes the records of private groups what our lists say of those now, and erases those of groups that are private no longer.

        A listing that comes to a private group is private with it; a group that left all lists and comes back is private again.
        """
        with self._office.store.transaction() as tx:
            own = self._own(tx)
            kept = {each.id for each in tx.records.select("groups") if each.origin == _ORIGIN}
            entries = [(hidden, _entry_of(hidden, own)) for hidden in own.hidden]
            gone = {hidden.record for hidden, entry in entries if entry is None} & kept
            hidden = tuple(
                Hidden(
                    tuple(sorted({*each.places, *(_places(entry) if entry else ())})),
                    self._record_id() if each.record in gone else each.record,
                    each.marking,
                )
                for each, entry in entries
            )
            if hidden != own.hidden:
                self._keep(tx, Own(own.lists, hidden))
        rows = [
            SourceRow(number, _row(each, entry)) for number, (each, entry) in enumerate(entries, 1) if entry
        ]
        if rows:
            self._holdings.load(rows, _INDEX, Defaults())
        for ident in sorted(kept - {str(row.data["id"]) for row in rows}):
            self._holdings.erase(ident, "kept private no longer")


def _require_sound(listing: Listing) -> None:
    """Raises Misuse where a listing could not stand on a joint list: what could not be proposed is not taken in."""
    content = with_words(None, TITLE, "0" * 64, {"entry": word([listing])})
    try:
        read_joint_list(content, ("0" * 64,))
    except Malformed:
        raise Misuse(
            f"the entry {plain(listing.reference[:60])!r} can't stand on a joint list: write names and reasons as plain words, "
            "days as 2026-11-22"
        ) from None


def _places(entry: Entry) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((each.source, each.reference) for each in entry.ours))


def _entry_of(hidden: Hidden, own: Own) -> Entry | None:
    found = (
        entry for entry in _alone(own.listings()).entries if not set(hidden.places).isdisjoint(_places(entry))
    )
    return next(found, None)


def _alone(listings: Iterable[Listing]) -> Reconciled:
    return _reconciled(tuple(listings), ())


@lru_cache(maxsize=8)
def _reconciled(ours: tuple[Listing, ...], theirs: tuple[Listing, ...]) -> Reconciled:
    """The same lists are brought together once, however often one command asks."""
    return reconcile(ours, theirs)


def _named(found: Reconciled, wanted: str) -> Entry | None:
    """The entry of that slug, else the one that has that name. Misuse where several have it."""
    by_slug = [entry for entry in found.entries if entry.slug == wanted]
    key = aliases.key(wanted)
    by_name = [
        entry for entry in found.entries if key and any(aliases.key(name.text) == key for name in entry.names)
    ]
    known = aliases.find(wanted)
    by_table = [entry for entry in found.entries if known and entry.slug == known.id]
    chosen = by_slug or by_table or by_name
    if len(chosen) > 1:
        raise Misuse(f"{wanted!r} is a name of {', '.join(entry.slug for entry in chosen)}: say which")
    return chosen[0] if chosen else None


def _called(theirs: Entry, wanted: str) -> Name:
    """The name by which a person wants a peer's group, else the one that its slug is made of. What we say goes to every peer, so the other
    names that this one told us stay with it."""
    key = aliases.key(wanted)
    asked = (name.text for name in theirs.names if key and aliases.key(name.text) == key)
    return Name(next(asked, theirs.name), "name")


def _row(hidden: Hidden, entry: Entry) -> dict[str, object]:
    properties: dict[str, dict[str, None]] = {}
    for listing in entry.ours:
        for key, texts in listing.record().properties.items():
            properties.setdefault(key, {}).update(dict.fromkeys(texts))
    return {
        "id": hidden.record,
        "schema": "Organization",
        "properties": {key: list(texts)[:MOST_VALUES] for key, texts in properties.items()},
        # No group is named here: the record is the group.
        "grounds": [f"entry {listing.reference} of our list '{listing.source}'" for listing in entry.ours],
        "marking": hidden.marking,
    }


@lru_cache(maxsize=16)
def _bound(
    digest: str, envelope: bytes, party: str, pair: tuple[str, str]
) -> tuple[GroupNames, frozenset[str]]:
    """The names on the joint list of this hash, and the groups that a party lists there; without a list those of the table, and none."""
    if not digest:
        return GroupNames({}), frozenset()
    found = read_joint_list(read_document(unverified(envelope).payload).content, pair)
    names = {slug: [name.text for name in entry.names] for slug, entry in found.entries.items()}
    return GroupNames(names), found.listed_by(party)


__all__ = ["Designations", "Hidden", "Own", "OwnList"]
