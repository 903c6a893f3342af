"""People who use the console: who may do what, how they sign in, and what they looked at.

A password is kept as argon2id, the second factor is RFC 6238's. Every failure to sign in is one constant sentence, takes as long as a
success, and makes the next attempt wait (OWASP ASVS 5, chapters 6 and 7).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import threading
import unicodedata
from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from detente.errors import Misuse, Refused, Unavailable
from detente.node.office import Office
from detente.node.ports import AccountRow, LookRow, SessionRow, Transaction
from detente.wire.instant import Instant, rfc3339

Role = Literal["analyst", "releaser", "controller", "administrator", "auditor"]
ROLES: Final = ("analyst", "releaser", "controller", "administrator", "auditor")
FIRST_ROLES: Final = ("analyst", "releaser", "administrator")  # a small office is one person
LEAST_PASSWORD, MOST_PASSWORD = 15, 256  # characters; ASVS 6.2.1 and 6.2.9
CODE_MS: Final = 24 * 3_600_000
IDLE_MS: Final = 30 * 60_000
SESSION_MS: Final = 12 * 3_600_000
PENDING_MS: Final = 10 * 60_000  # from password to second factor
TOUCH_MS: Final = 60_000  # a session's last use is written down this often
FREE_TRIES, LONGEST_WAIT_MS = 5, 15 * 60_000
AT_ONCE = 2  # passwords checked at a time: each takes 64 MB
STEP_SECONDS = 30
FIRST_CODE, FIRST = "console.first_code", "first code"
_WRONG = "that is not right, or there were too many tries: wait a moment and try again"
_NAME = re.compile(
    r"(?!terminal$)[a-z0-9][a-z0-9._-]{1,39}"
)  # "terminal" is who has the node's own command line


class AccountView(msgspec.Struct, frozen=True):
    """An account as administrators and auditors see it. `state` is invited, active or closed."""

    name: str
    roles: list[str]
    state: str
    created: str
    made_by: str
    signed_in: str


class Invited(msgspec.Struct, frozen=True):
    """A new account, and the one-time code that its person enrols with: shown once, kept by nobody."""

    account: AccountView
    code: str
    until: str


class LookView(msgspec.Struct, frozen=True):
    """One look at a record: who, when, at what, and why."""

    account: str
    at: str
    kind: str
    subject: str
    purpose: str


class Opened(msgspec.Struct, frozen=True):
    """A session with the token that only its browser holds."""

    token: str
    session: SessionRow

    def __repr__(self) -> str:
        return f"Opened({self.session.account}, {self.session.stage})"


class Accounts:
    """The room of people."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._hasher = PasswordHasher()  # RFC 9106, low memory: 64 MiB, 3 passes
        self._gate = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = ""

    # -- who there is

    def everyone(self) -> list[AccountView]:
        """Every account, by name."""
        with self._office.store.snapshot() as tx:
            return [_view(row) for row in tx.accounts.all()]

    def first_code(self) -> str:
        """A one-time code for the first administrator, "" where there is one. Each call makes the code before it void."""
        with self._office.store.transaction() as tx:
            if _administrators(tx):
                return ""
            code = self._code()
            until = self._office.clock.now() + CODE_MS
            tx.settings.put(FIRST_CODE, msgspec.json.encode((_hash(code), until)))
            return code

    def invite(self, name: str, roles: Sequence[str], by: str) -> Invited:
        """A new account, or a new beginning for one whose person lost password or second factor. Its sessions end."""
        chosen, code = _require_roles(roles), self._code()
        if not _NAME.fullmatch(name):
            raise Misuse("a name has 2 to 40 of a-z, 0-9, dot, dash and underscore, such as j.moreau")
        now = self._office.clock.now()
        with self._office.store.transaction() as tx:
            known = tx.accounts.get(name)
            if (
                known is not None
                and known.state == "active"
                and _administrators(tx) == [name]
                and by != "terminal"
            ):
                raise Refused("this is the only administrator: invite another one first")
            row = AccountRow(
                name, chosen, "invited", code=_hash(code), code_until=now + CODE_MS,
                created=known.created if known else now, made_by=by,
            )  # fmt: skip
            tx.accounts.put(row)
            tx.sessions.erase(account=name)
        return Invited(_view(row), code, rfc3339(row.code_until))

    def assign(self, name: str, roles: Sequence[str], by: str) -> AccountView:
        """Gives an account other roles; they count from its next request."""
        chosen = _require_roles(roles)
        with self._office.store.transaction() as tx:
            row = self._row(tx, name)
            self._keep_one(tx, row, "administrator" in chosen)
            row = msgspec.structs.replace(row, roles=chosen, made_by=by)
            tx.accounts.put(row)
        return _view(row)

    def close(self, name: str, by: str) -> AccountView:
        """Closes an account: its sessions end at once. Its name stays taken, for the journal's sake."""
        with self._office.store.transaction() as tx:
            row = self._row(tx, name)
            self._keep_one(tx, row, False)
            row = AccountRow(
                name, row.roles, "closed", created=row.created, made_by=by, signed_in=row.signed_in
            )
            tx.accounts.put(row)
            tx.sessions.erase(account=name)
        return _view(row)

    # -- enrolling, in two steps: password, then second factor

    def enrol(self, name: str, code: str, password: str) -> Opened:
        """Takes a one-time code and the password chosen. Raises Misuse for a weak password, Refused for a wrong code."""
        _require_strong(password, name)
        if not _NAME.fullmatch(name):
            raise Misuse("a name has 2 to 40 of a-z, 0-9, dot, dash and underscore, such as j.moreau")
        encoded = self._encode(password)
        now, given = self._office.clock.now(), _hash(code.strip().upper())
        with self._office.store.transaction() as tx:
            row = self._invited(tx, name, given, now)
            # whoever began with this code before knows the secret of then, and has a session: neither counts any more
            row = msgspec.structs.replace(
                row, password=encoded, secret=self._office.entropy.draw(20), code=given
            )
            tx.accounts.put(row)
            tx.sessions.erase(account=name)
            return self._open(tx, name, "enrol", now)

    def secret(self, session: SessionRow) -> bytes:
        """The second factor's secret, while its person enrols and never again."""
        with self._office.store.snapshot() as tx:
            row = tx.accounts.get(session.account)
        if session.stage != "enrol" or row is None or row.state != "invited":
            raise Refused("the second factor is shown while an account is being enrolled only")
        return row.secret

    # -- signing in

    def sign_in(self, name: str, password: str) -> Opened:
        """The first step: a password for a session that may give a second factor and nothing else. Raises Refused."""
        row = self._attempt(name)
        if not self._right(row.password if row else "", password) or row is None:
            raise Refused(_WRONG)
        with self._office.store.transaction() as tx:
            fresh = tx.accounts.get(row.name)
            if fresh is None or fresh.state != "active" or fresh.password != row.password:
                raise Refused(_WRONG)  # closed or begun anew while the password was checked
            return self._open(tx, row.name, "password", self._office.clock.now())

    def confirm(self, session: SessionRow, digits: str) -> Opened:
        """The second step, of enrolling too: a code for a full session under a new token. Raises Refused."""
        row = self._attempt(session.account)
        now = self._office.clock.now()
        step = _step(row.secret, digits, now) if row and row.secret else 0
        if row is None or step <= row.step:
            raise Refused(_WRONG)
        with self._office.store.transaction() as tx:
            fresh = self._row(tx, row.name)
            begun = tx.sessions.get(session.id)
            # a session that began with a one-time code ends the enrolment, one that began with a password signs in; nothing else
            fits = begun is not None and fresh.state == {"enrol": "invited", "password": "active"}.get(
                begun.stage
            )
            if not fits or fresh.step >= step or fresh.secret != row.secret:
                raise Refused(_WRONG)
            if fresh.state == "invited":
                self._claim(tx, fresh)
            done = {"step": step, "failures": 0, "not_before": 0, "signed_in": now, "state": "active"}
            tx.accounts.put(msgspec.structs.replace(fresh, code="", code_until=0, **done))
            tx.sessions.erase(id=session.id)
            return self._open(tx, row.name, "full", now)

    def session(self, token: str, touch: bool = True) -> tuple[SessionRow, AccountRow] | None:
        """The session of a cookie with its account; None where it is over, or never was. `touch`: this counts as use."""
        if not token or len(token) > 128:
            return None
        now = self._office.clock.now()
        with self._office.store.snapshot() as tx:
            row = tx.sessions.get(_hash(token))
            account = tx.accounts.get(row.account) if row else None
        if row is None or account is None or account.state == "closed":
            return None
        over = now - row.began > (SESSION_MS if row.stage == "full" else PENDING_MS)
        if over or now - row.seen > IDLE_MS or (row.stage == "full" and account.state != "active"):
            return None
        if touch and now - row.seen > TOUCH_MS:
            with self._office.store.transaction() as tx:
                row = tx.sessions.get(row.id)
                if row is None:
                    return None
                row = msgspec.structs.replace(row, seen=now)
                tx.sessions.put(row)
                tx.sessions.erase(seen_before=now - SESSION_MS)
        return row, account

    def sign_out(self, session: SessionRow, everywhere: bool = False) -> None:
        with self._office.store.transaction() as tx:
            tx.sessions.erase(id="" if everywhere else session.id, account=session.account)

    # -- looking at records

    def state_purpose(self, session: SessionRow, purpose: str) -> SessionRow:
        """Notes why this person looks at records from now on. Raises Misuse for an empty reason."""
        text = " ".join(purpose.split())[:200]
        if len(text) < 3:
            raise Misuse("say why you look at records: a case or an order, such as `case 2026-114`")
        with self._office.store.transaction() as tx:
            row = tx.sessions.get(session.id)
            if row is None:
                raise Refused("this session is over: sign in again")
            row = msgspec.structs.replace(row, purpose=text)
            tx.sessions.put(row)
        return row

    def look(self, session: SessionRow, *seen: tuple[str, str]) -> None:
        """Writes looks down, each (kind, subject), before what was looked for is shown. Raises Refused without a purpose."""
        if not session.purpose:
            raise Refused("say why you look at records first")
        now = self._office.clock.now()
        with self._office.store.transaction() as tx:
            last = tx.looks.last()
            chain = last.chain if last else bytes(32)
            for kind, subject in seen:
                row = LookRow(session.account, now, kind, subject, session.purpose)
                chain = chained(chain, row)
                tx.looks.add(msgspec.structs.replace(row, chain=chain))

    def looks(
        self, account: str = "", subject: str = "", limit: int = 100, offset: int = 0
    ) -> list[LookView]:
        """Looks at records, newest first."""
        with self._office.store.snapshot() as tx:
            rows = tx.looks.find(account=account, subject=subject, limit=limit, offset=offset)
        return [LookView(r.account, rfc3339(r.at), r.kind, r.subject, r.purpose) for r in rows]

    def verify_looks(self) -> int:
        """Recomputes the chain over every look. Returns how many there are; raises Misuse where one was changed or taken out."""
        with self._office.store.snapshot() as tx:
            rows = list(reversed(tx.looks.find()))
        chain = bytes(32)
        for row in rows:
            chain = chained(chain, row)
            if chain != row.chain:
                raise Misuse(
                    f"the look of {row.account} at {rfc3339(row.at)} or one before it was altered: restore a backup"
                )
        return len(rows)

    # -- inside

    def _row(self, tx: Transaction, name: str) -> AccountRow:
        row = tx.accounts.get(name)
        if row is None:
            raise Misuse("there is no account of that name")
        return row

    def _keep_one(self, tx: Transaction, row: AccountRow, stays: bool) -> None:
        if not stays and _administrators(tx) == [row.name]:
            raise Refused("this is the only administrator: make another one first")

    def _code(self) -> str:
        """80 bits, as people read them out: XXXX-XXXX-XXXX-XXXX."""
        text = base64.b32encode(self._office.entropy.draw(10)).decode()
        return "-".join(text[i : i + 4] for i in range(0, 16, 4))

    def _invited(self, tx: Transaction, name: str, given: str, now: Instant) -> AccountRow:
        """The account that this code enrols: an invited one, or the first administrator's. Raises Refused."""
        row = tx.accounts.get(name)
        begun = row is None or (row.state == "invited" and row.made_by == FIRST)
        if begun and self._first(tx, given, now):  # anew, too, for who left an enrolment half done
            return AccountRow(
                name, FIRST_ROLES, "invited", code_until=now + PENDING_MS, created=now, made_by=FIRST
            )
        if row is None or row.state != "invited" or now >= row.code_until:
            raise Refused(_WRONG)
        if not hmac.compare_digest(row.code, given):
            raise Refused(_WRONG)
        return row

    def _first(self, tx: Transaction, given: str, now: Instant) -> bool:
        kept = tx.settings.get(FIRST_CODE)
        if not kept or _administrators(tx):
            return False
        digest, until = msgspec.json.decode(kept, type=tuple[str, int])
        return hmac.compare_digest(digest, given) and now < until

    def _claim(self, tx: Transaction, row: AccountRow) -> None:
        """The terminal's code counts once: whoever confirms first with it is the first administrator, and the only one of its kind."""
        if row.made_by != FIRST:
            return
        if _administrators(tx):
            raise Refused(_WRONG)
        tx.settings.put(FIRST_CODE, b"")

    def _attempt(self, name: str) -> AccountRow | None:
        """The account, where an attempt counts now. The failure is written down before anything is checked: parallel guesses gain nothing."""
        now = self._office.clock.now()
        with self._office.store.transaction() as tx:
            row = tx.accounts.get(name[:64])
            if row is None or row.state == "closed" or now < row.not_before:
                return None
            failures = row.failures + 1
            over = failures - FREE_TRIES
            wait = min(1000 << min(over, 20), LONGEST_WAIT_MS) if over >= 0 else 0
            row = msgspec.structs.replace(row, failures=failures, not_before=now + wait)
            tx.accounts.put(row)
        return row

    def _right(self, encoded: str, password: str) -> bool:
        """Whether it is the password; as slow where there is no account."""
        if not self._nobody:
            self._nobody = self._encode("nobody has this password")
        with self._slot():
            try:
                return self._hasher.verify(encoded or self._nobody, _normal(password)) and bool(encoded)
            except (Argon2Error, InvalidHashError):
                return False

    def _encode(self, password: str) -> str:
        with self._slot():
            return self._hasher.hash(_normal(password), salt=self._office.entropy.draw(16))

    def _slot(self) -> _Slot:
        return _Slot(self._gate)

    def _open(
        self, tx: Transaction, name: str, stage: Literal["enrol", "password", "full"], now: Instant
    ) -> Opened:
        token = base64.urlsafe_b64encode(self._office.entropy.draw(32)).decode().rstrip("=")
        row = SessionRow(_hash(token), name, stage, self._office.entropy.draw(16).hex(), now, now)
        tx.sessions.put(row)
        return Opened(token, row)


class _Slot:
    """One of the few places in which a password is checked. Raises Unavailable where none is free for five seconds."""

    def __init__(self, gate: threading.BoundedSemaphore) -> None:
        self._gate = gate

    def __enter__(self) -> None:
        if not self._gate.acquire(timeout=5):
            raise Unavailable("too many people sign in at this moment: try again")

    def __exit__(self, *_: object) -> None:
        self._gate.release()


def provisioning_uri(secret: bytes, name: str, organisation: str) -> str:
    """What an authenticator reads from the QR code.

    >>> provisioning_uri(bytes(20), "j.moreau", "North")[:32]
    'otpauth://totp/North:j.moreau?di'
    """
    return TOTP(secret, 6, SHA1(), STEP_SECONDS).get_provisioning_uri(name, organisation)


def code_at(secret: bytes, now: Instant) -> str:
    """The six digits of an instant (RFC 6238)."""
    return TOTP(secret, 6, SHA1(), STEP_SECONDS).generate(now // 1000).decode()


def chained(chain: bytes, row: LookRow) -> bytes:
    """The hash of a look and of all before it."""
    said = msgspec.json.encode((row.account, row.at, row.kind, row.subject, row.purpose))
    return hashlib.sha256(b"detente/look/1" + chain + said).digest()


def _step(secret: bytes, digits: str, now: Instant) -> int:
    """The time step whose code this is, a step to either side of now; 0 for none."""
    text, seconds = "".join(digits.split()), now // 1000
    if not re.fullmatch(r"[0-9]{6}", text):
        return 0
    factor = TOTP(secret, 6, SHA1(), STEP_SECONDS)
    for near in (0, -STEP_SECONDS, STEP_SECONDS):
        try:
            factor.verify(text.encode(), seconds + near)
        except InvalidToken:
            continue
        return (seconds + near) // STEP_SECONDS
    return 0


def _administrators(tx: Transaction) -> list[str]:
    return [r.name for r in tx.accounts.all() if r.state == "active" and "administrator" in r.roles]


def _require_roles(roles: Sequence[str]) -> tuple[str, ...]:
    unknown = sorted(set(roles) - set(ROLES))
    if unknown or not roles:
        raise Misuse(f"roles are {', '.join(ROLES)}: name at least one")
    return tuple(role for role in ROLES if role in roles)


def _require_strong(password: str, name: str) -> None:
    text = _normal(password)
    if not LEAST_PASSWORD <= len(text) <= MOST_PASSWORD:
        raise Misuse(
            f"a password has {LEAST_PASSWORD} to {MOST_PASSWORD} characters: a few unrelated words do"
        )
    if len(set(text)) < 6 or (len(name) > 3 and name in text.casefold()):
        raise Misuse("this password is too easy to guess: take a few unrelated words")


def _normal(password: str) -> str:
    """NFC: one keyboard's é is another's e and accent."""
    return unicodedata.normalize("NFC", password)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _view(row: AccountRow) -> AccountView:
    signed_in = rfc3339(row.signed_in) if row.signed_in else ""
    return AccountView(row.name, list(row.roles), row.state, rfc3339(row.created), row.made_by, signed_in)


__all__ = [
    "IDLE_MS", "LEAST_PASSWORD", "ROLES", "AccountView", "Accounts", "Invited", "LookView", "Opened", "code_at",
    "provisioning_uri",
]  # fmt: skip
