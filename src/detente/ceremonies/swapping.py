"""The swap: confirmed findings given on both sides, item for item. spec/exchange, "Swap".

    FIRST   offer    its sealed items, a commitment to its coin
    SECOND  offer    its sealed items for the findings that it gives on too, its coin, what it has seen of first's
    FIRST   coin     its coin, what it has seen of second's
    opener  keys     the keys of one batch
    other   stored   receipts, after the durable commit; then its own keys of that batch
    opener  stored   receipts; the next batch, the opener alternating

Nothing more is sent until a receipt arrives, so a side that stops is ahead by one batch at most. A swap without return (`mutual` false) evens out a
balance: the one that owes gives, the other only signs. In place of a receipt a side may send `dispute`, on a ground that the other can check; it ends
the swap.

*Stored* has to mean stored. On keys that open, the ceremony appends item.received and asks ("stored"); whoever drives it commits that together with the
plaintexts, and answers `stored(...)`: hash and index of each item.received entry and the size of the tree that holds it. Only then is the receipt signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import msgspec

from detente.ceremonies.ceremony import (
    Append,
    Ask,
    Decision,
    Effect,
    Finish,
    Incoming,
    Json,
    Progress,
    Send,
    Step,
)
from detente.ceremonies.giving import (
    RECEIPT,
    both_give,
    check_receipts,
    entry,
    expected_of,
    item_key,
    judge,
    prepared,
    seal_all,
    to_store,
)
from detente.ceremonies.items import KEY_BYTES, Opens, Statement, content_hash, open_item, plaintext_hash
from detente.ceremonies.offers import (
    OurItem,
    Received,
    Side,
    SwapResult,
    SwapSetup,
    chosen,
    commit_coin,
    is_hex,
    join_coin,
    read_lines,
    read_offer,
    seen,
)
from detente.errors import (
    Equivocation,
    FailedCheck,
    Malformed,
    Misuse,
    NotAgreed,
    OutOfTurn,
    Overdrawn,
    Refused,
)
from detente.pact.facts import ItemDisputed, ItemOpened, ItemReceipt, ItemReceived, ItemVoid
from detente.psi.commitment import derive
from detente.psi.engine import Role
from detente.topics.topic import Topic
from detente.wire.messages import Instant

Expects = Literal["offer", "deciding", "answer", "coin", "keys", "stored", "storing", "nothing"]


@dataclass(frozen=True, slots=True)
class Swap:
    """A swap under way. Immutable; keys are derived from `entropy`, so erasing the seed shreds those that were not sent."""

    kind: ClassVar[str] = "exchange"

    ours: str
    theirs: str
    agreement: str
    setup: SwapSetup
    role: Role
    entropy: bytes
    topic: Topic | None = None
    expects: Expects = "offer"
    swap: str = ""
    coin: bytes = b""  # FIRST's commitment until it is revealed, then the joint coin
    mine: Side = field(default_factory=Side)
    other: Side = field(default_factory=Side)
    batch: int = 0
    opened: int = 0  # items of ours whose keys were sent
    receipted: int = 0
    taken: int = 0  # items of theirs that are stored and receipted
    pending: tuple[Received, ...] = ()

    def __repr__(self) -> str:
        return f"Swap({self.role.value}, expects {self.expects}, batch {self.batch})"

    # -- beginning

    @classmethod
    def open(
        cls, ours: str, theirs: str, agreement: str, setup: SwapSetup, topic: Topic | None, entropy: bytes
    ) -> Step:
        """FIRST: seals its items and offers them. Raises Overdrawn past the agreed imbalance, Misuse for items that do not fit."""
        if not setup.items:
            raise Misuse("a swap needs at least one approved item")
        swap = derive(entropy, "swap")[:16].hex()
        idle = cls(ours, theirs, agreement, setup, Role.FIRST, entropy, topic, swap=swap)
        idle._require_balance()
        sealed = idle._sealed()
        coin = commit_coin(sealed.own_coin)
        offer = sealed._offer({"mutual": setup.mutual, "coin": coin})
        return replace(sealed, expects="answer"), [*prepared(sealed.mine), offer]

    @classmethod
    def await_offer(
        cls, ours: str, theirs: str, agreement: str, setup: SwapSetup, topic: Topic | None, entropy: bytes
    ) -> Swap:
        """SECOND: waits for an offer."""
        return cls(ours, theirs, agreement, setup, Role.SECOND, entropy, topic)

    @property
    def own_coin(self) -> bytes:
        return derive(self.entropy, "coin")

    def _key(self, statement: Statement) -> bytes:
        return item_key(self.entropy, statement.head.number)

    def _sealed(self) -> Swap:
        side = seal_all(
            self.setup,
            self.topic,
            self.entropy,
            agreement=self.agreement,
            swap=self.swap,
            giver=self.ours,
            receiver=self.theirs,
        )
        return replace(self, mine=side)

    def _require_balance(self) -> None:
        """A mutual swap puts us ahead by a batch at a time; one without return by all that we give in it."""
        setup, agreed = self.setup, self.setup.terms.swap
        step = min(agreed.batch, len(setup.items)) if setup.mutual else len(setup.items)
        if setup.lead + step > agreed.imbalance_limit:
            raise Overdrawn(
                f"you gave {setup.lead} more than you got, and {agreed.imbalance_limit} is agreed: "
                "wait until the other side has given"
            )

    def _offer(self, more: Mapping[str, Json]) -> Send:
        lines: list[Json] = [msgspec.to_builtins(s) for s in self.mine.statements]
        body = {"swap": self.swap, "sid": self.setup.sid, "items": lines, **more}
        return Send("offer", body, {"ciphertexts": b"".join(self.mine.ciphertexts)})

    # -- inputs

    def receive(self, message: Incoming, now: Instant) -> Step:
        match (self.expects, message.step):
            case ("offer", "offer"):
                return self._on_offer(message)
            case ("answer", "offer"):
                return self._on_answer(message)
            case ("coin", "coin"):
                return self._on_coin(message)
            case ("keys", "keys"):
                return self._on_keys(message)
            case ("stored", "stored"):
                return self._on_stored(message)
            case ("stored", "dispute"):
                return self._on_dispute(message)
        raise OutOfTurn(f"'{message.step}' where a swap expects {self.expects}", message.raw)

    def decide(self, decision: Decision, now: Instant) -> Step:
        match (self.expects, decision.what):
            case ("deciding", "swap"):
                return self._on_decision(decision)
            case ("storing", "stored"):
                return self._on_committed(decision)
            case (_, "stop") if self.expects != "nothing":
                reason = str(decision.body.get("reason", ""))[:2000]
                return self._stopped(reason, [Send("abort", {"reason": reason})])
        raise Misuse(f"nothing to decide with '{decision.what}' here: the swap expects {self.expects}")

    # -- offers

    def _read(self, message: Incoming, more: set[str]) -> Side:
        names = {"swap", "sid", "items", "coin"} | more
        side = read_offer(
            message,
            names,
            agreement=self.agreement,
            sid=self.setup.sid,
            giver=self.theirs,
            receiver=self.ours,
        )
        if message.body["sid"] != self.setup.sid or not is_hex(message.body["coin"], 32):
            raise Malformed("an offer of another run, or with a coin of the wrong form", message.raw)
        confirmed = {e.finding for e in self.setup.expected}
        if not confirmed.issuperset(s.head.finding for s in side.statements):
            raise Refused("an offer on a finding that is not confirmed here")
        return side

    def _on_offer(self, message: Incoming) -> Step:
        side = self._read(message, {"mutual"})
        swap, mutual, coin = (message.body[name] for name in ("swap", "mutual", "coin"))
        if not isinstance(mutual, bool) or not side.statements:
            raise Malformed(
                "an offer that gives nothing, or does not say whether it wants something", message.raw
            )
        moved = replace(
            self,
            setup=msgspec.structs.replace(self.setup, mutual=mutual),
            expects="deciding",
            swap=str(swap),
            coin=bytes.fromhex(str(coin)),
            other=side,
        )
        items: list[Json] = [
            {"item": s.item, "finding": s.head.finding, "schema": s.head.schema, "marking": s.head.marking}
            for s in side.statements
        ]
        subject: dict[str, Json] = {
            "swap": moved.swap,
            "sid": self.setup.sid,
            "mutual": mutual,
            "items": items,
        }
        return moved, [Ask("swap", subject)]

    def _on_decision(self, decision: Decision) -> Step:
        if not decision.body.get("take"):
            reason = str(decision.body.get("reason", ""))[:2000]
            return self._stopped(reason, [Send("refuse", {"reason": reason})], "refused")
        items = msgspec.convert(decision.body.get("items"), tuple[OurItem, ...])
        lead = msgspec.convert(decision.body.get("lead"), int)
        given = [item.finding for item in items]
        if not self.setup.mutual and items:
            raise Misuse("this swap evens out the balance: nothing is given in return")
        kept = both_give(self.other, given) if self.setup.mutual else list(range(len(self.other.statements)))
        if kept is None:
            raise Misuse("give on findings of the offer, each once and in its order; or decline")
        # what is not given on in return is not taken either: item for item
        ready = replace(
            self,
            setup=msgspec.structs.replace(self.setup, lead=lead, items=items),
            other=chosen(self.other, kept),
            expects="coin",
        )
        if self.setup.mutual:
            ready._require_balance()
        sealed = ready._sealed()
        offer = sealed._offer({"coin": self.own_coin.hex(), "seen": seen(sealed.other)})
        return sealed, [*prepared(sealed.mine), offer, *sealed._seen_entries()]

    def _seen_entries(self) -> list[Effect]:
        return [entry(s.item, ItemReceipt("seen", "ours", "")) for s in self.other.statements]

    def _on_answer(self, message: Incoming) -> Step:
        side = self._read(message, {"seen"})
        if message.body["swap"] != self.swap or (side.statements and not self.setup.mutual):
            raise Malformed("an offer in answer to another, or where nothing is due", message.raw)
        kept: list[int] | None = list(range(len(self.mine.statements)))
        if self.setup.mutual:
            kept = both_give(self.mine, [s.head.finding for s in side.statements])
        if kept is None:
            raise Malformed("an answer on other findings than were offered, or in another order", message.raw)
        both = replace(self, mine=chosen(self.mine, kept), other=side)
        effects = both._on_seen(message)
        left_out = [s for i, s in enumerate(self.mine.statements) if i not in kept]
        effects += [entry(s.item, ItemVoid(self.swap, "nothing is given in return")) for s in left_out]
        coin = Send("coin", {"coin": self.own_coin.hex(), "seen": seen(both.other)})
        joint = join_coin(self.own_coin, bytes.fromhex(str(message.body["coin"])))
        return _then([*effects, *both._seen_entries(), coin], replace(both, coin=joint)._next_batch())

    def _on_coin(self, message: Incoming) -> Step:
        if set(message.body) != {"coin", "seen"} or message.parts or not is_hex(message.body["coin"], 32):
            raise Malformed("a coin that is not what the spec says", message.raw)
        coin = bytes.fromhex(str(message.body["coin"]))
        if commit_coin(coin) != self.coin.hex():
            # two coins of one toss: the commitment in the offer, and this
            raise Equivocation("a coin other than the one committed to", self.other.offer, message.raw)
        effects = self._on_seen(message)
        return _then(effects, replace(self, coin=join_coin(coin, self.own_coin))._next_batch())

    def _on_seen(self, message: Incoming) -> list[Effect]:
        if message.body["seen"] != seen(self.mine):
            raise Malformed("receipts of other items than were offered", message.raw)
        return [entry(s.item, ItemReceipt("seen", "theirs", message.id)) for s in self.mine.statements]

    # -- batches

    @property
    def opens(self) -> bool:
        """Whether we open this batch: drawn by the joint coin, then in turn; who evens out a balance opens all."""
        if not self.setup.mutual:
            return self.role is Role.FIRST
        return (self.coin[0] + self.batch) % 2 == (0 if self.role is Role.FIRST else 1)

    def _slice(self, side: Side) -> tuple[Statement, ...]:
        size = self.setup.terms.swap.batch
        return side.statements[self.batch * size : (self.batch + 1) * size]

    def _next_batch(self) -> Step:
        total = max(len(self.mine.statements), len(self.other.statements))
        done = self.batch * self.setup.terms.swap.batch
        if done >= total:
            return replace(self, expects="nothing", entropy=b""), [Finish("done", self.result())]
        progress = Progress("items", done, total)
        if not self.opens:
            return replace(self, expects="keys"), [progress]
        return _then([progress], self._send_keys())

    def _send_keys(self) -> Step:
        effects: list[Effect] = []
        lines: list[Json] = []
        for statement in self._slice(self.mine):
            head = statement.head
            body = ItemOpened(self.swap, self.agreement, head.finding, head.number)
            effects.append(entry(statement.item, body))
            lines.append({"item": statement.item, "key": self._key(statement).hex()})
        sent = Send("keys", {"swap": self.swap, "batch": self.batch, "keys": lines})
        return replace(self, expects="stored", opened=self.opened + len(lines)), [*effects, sent]

    def _on_keys(self, message: Incoming) -> Step:
        due = self._slice(self.other)
        lines = read_lines(message, "keys", {"item", "key"}, swap=self.swap, batch=self.batch, most=len(due))
        if [line["item"] for line in lines] != [s.item for s in due]:
            raise Malformed("keys of other items than are due", self.other.offer, message.raw)
        received: list[Received] = []
        known = set(self.setup.received)
        for statement, line in zip(due, lines, strict=True):
            each = self._open(statement, line["key"], message, known)
            received.append(each)
        effects: list[Effect] = [
            self._received(s, each, message) for s, each in zip(due, received, strict=True)
        ]
        effects += [entry(e.item, ItemDisputed("ours", e.ground, "")) for e in received if e.ground]
        subject: dict[str, Json] = {
            "swap": self.swap,
            "offer": hashlib.sha256(self.other.offer).hexdigest(),
            "keys": message.id,
            "items": [to_store(s, each) for s, each in zip(due, received, strict=True)],
        }
        # of every later batch these are known too
        setup = msgspec.structs.replace(self.setup, received=tuple(sorted(known)))
        return replace(self, expects="storing", pending=tuple(received), setup=setup), [
            *effects,
            Ask("stored", subject),
        ]

    def _open(self, statement: Statement, key_hex: object, message: Incoming, known: set[str]) -> Received:
        if not is_hex(key_hex, KEY_BYTES):
            raise Malformed("a key that is not 32 bytes", self.other.offer, message.raw)
        key = bytes.fromhex(str(key_hex))
        place = self.other.statements.index(statement)
        try:
            plaintext = open_item(statement, self.other.ciphertexts[place], key)
        except FailedCheck:
            # the signed statement, the signed key that does not open it, and what it should open: the giver's fault, for anyone to see
            raise FailedCheck(self.other.offer, message.raw, self.other.ciphertexts[place]) from None
        expected = expected_of(self.setup, statement.head.finding)
        opens = Opens(expected.root, expected.capacity, expected.agreed)
        ground, release = judge(self.setup, self.topic, statement.head, plaintext, known, opens)
        if release is not None:
            known.add(content_hash(release))
        return Received(statement.item, statement.head.finding, plaintext, release, key, ground)

    def _received(self, statement: Statement, each: Received, message: Incoming) -> Append:
        head, plaintext = statement.head, plaintext_hash(each.key, each.plaintext)
        return entry(
            each.item,
            ItemReceived(
                self.swap, self.agreement, head.finding, head.number, head.marking, plaintext, message.id
            ),
        )

    # -- receipts

    def _on_committed(self, decision: Decision) -> Step:
        receipts = self._receipts(decision)
        effects: list[Effect] = [
            entry(e.item, ItemReceipt("stored", "ours", "")) for e in self.pending if e.ground is None
        ]
        body: dict[str, Json] = {"swap": self.swap, "batch": self.batch, "receipts": receipts}
        done = replace(self, taken=self.taken + len(receipts), pending=())
        bad: list[Json] = [{"item": e.item, "ground": e.ground} for e in self.pending if e.ground]
        if bad:
            return done._stopped("a provable dispute", [*effects, Send("dispute", {**body, "disputes": bad})])
        sent = Send("stored", body)
        if self.opens or not self.setup.mutual:
            return _then([*effects, sent], replace(done, batch=self.batch + 1)._next_batch())
        return _then([*effects, sent], done._send_keys())

    def _receipts(self, decision: Decision) -> list[Json]:
        lines = decision.body.get("items")
        given = (
            {line["item"]: line for line in lines if isinstance(line, dict)}
            if isinstance(lines, list)
            else {}
        )
        good = [each for each in self.pending if each.ground is None]
        if not set(given).issuperset(each.item for each in good):
            raise Misuse("a receipt needs the journal entry of each item that was stored")
        return [{**given[each.item], "plaintext": plaintext_hash(each.key, each.plaintext)} for each in good]

    def _on_stored(self, message: Incoming) -> Step:
        due = self._slice(self.mine)
        lines = read_lines(message, "receipts", RECEIPT, swap=self.swap, batch=self.batch, most=len(due))
        given = [(self._key(s), self._plaintext(s)) for s in due]
        effects = check_receipts(lines, due, given, message)
        done = replace(self, receipted=self.receipted + len(due))
        if self.opens and self.setup.mutual:
            return replace(done, expects="keys"), effects
        return _then(effects, replace(done, batch=self.batch + 1)._next_batch())

    def _plaintext(self, statement: Statement) -> bytes:
        return next(i.plaintext for i in self.setup.items if i.finding == statement.head.finding)

    def _on_dispute(self, message: Incoming) -> Step:
        """A dispute is checked, not believed. All that we sealed was judged by the rule that both share, so a dispute of it is false.

        Raises FailedCheck with the disputed offer's answer as evidence; what we gave still counts.
        """
        due = self._slice(self.mine)
        lines = read_lines(
            message, "disputes", {"item", "ground"},
            swap=self.swap, batch=self.batch, most=len(due), beside=frozenset({"receipts"}),
        )  # fmt: skip
        if not {line["item"] for line in lines} <= {s.item for s in due}:
            raise Malformed("a dispute of an item that was not just opened", message.raw)
        raise FailedCheck(message.raw)

    # -- ends

    def result(self) -> SwapResult:
        """What moved so far and what proves it: where a receipt was withheld, the item stands as a claim of ours."""
        items = [s.item for s in self.mine.statements]
        return SwapResult(
            swap=self.swap,
            given=tuple(items[: self.opened]),
            claims=tuple(items[self.receipted : self.opened]),
            received=tuple(s.item for s in self.other.statements[: self.taken]),
            void=tuple(items[self.opened :]),
        )

    def _stopped(
        self, reason: str, effects: Sequence[Effect], outcome: Literal["aborted", "refused"] = "aborted"
    ) -> Step:
        """Unsent keys are gone with the seed; the journal says so."""
        result = self.result()
        voids = [entry(item, ItemVoid(self.swap, reason)) for item in result.void]
        fault = NotAgreed(f"the swap was stopped: {reason}")
        return replace(self, expects="nothing", entropy=b""), [
            *effects,
            *voids,
            Finish(outcome, result, fault),
        ]


def _then(before: Sequence[Effect], step: tuple[Any, Sequence[Effect]]) -> Step:
    return step[0], [*before, *step[1]]
