"""Mutual TLS between nodes: certificates, contexts that trust pinned certificates alone, and the Transport over httpx.

Nobody's word is needed but the pins: no certificate authority, no host name, no expiry. TLS 1.3 and nothing older; no
session is resumed, since a resumed one would skip the check of a pin that was taken back.
"""

from __future__ import annotations

import datetime
import io
import logging
import os
import secrets
import shutil
import ssl
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from detente.errors import Malformed, Misuse, Unavailable
from detente.node.office import decode_periods
from detente.node.ports import PeerRow

PATH = "/peer/v1/exchange"
CONTENT_TYPE = "application/vnd.detente.exchange"
MAX_ANSWER = (1 << 30) + (1 << 24)  # the largest part and what goes around it

_log = logging.getLogger("detente.https")


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """What we show in a handshake: a DER certificate and its P-256 private key (PKCS 8, PEM or DER)."""

    certificate: bytes
    private_key: bytes = field(repr=False)


def make_certificate(private_key: bytes, name: str) -> bytes:
    """A self-signed certificate (DER) for a P-256 private key, valid for ever: it is the pin that counts, and revoking it.

    Whoever connects can read `name`. Raises Misuse for another kind of key.

    >>> make_certificate(pem, "Service A")[:1]  # doctest: +SKIP
    b'0'
    """
    key = _load(private_key)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(2000, 1, 1))
        .not_valid_after(datetime.datetime(9999, 12, 31, 23, 59, 59))  # RFC 5280, 4.1.2.5: no expiration date
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usages, critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def server_context(identity: TlsIdentity, pinned: Iterable[bytes]) -> ssl.SSLContext:
    """A context that accepts callers with one of these certificates (DER) and nobody else.

    A pin that OpenSSL can't read is left out with a warning: that peer can't connect, the others can.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, identity)
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    for certificate in pinned:
        try:
            context.load_verify_locations(cadata=certificate)
        except ssl.SSLError:
            _log.warning("a peer's pinned certificate can't be read: that peer will not be able to connect")
    return context


def client_context(identity: TlsIdentity, pinned: bytes) -> ssl.SSLContext:
    """A context that talks to the one node that shows this certificate (DER). Raises Misuse if it can't be read."""
    context = _context(ssl.PROTOCOL_TLS_CLIENT, identity)
    try:
        context.load_verify_locations(cadata=pinned)
    except ssl.SSLError:
        raise Misuse(
            "the peer's pinned certificate can't be read: ask the peer for a new invitation"
        ) from None
    return context


def _context(protocol: int, identity: TlsIdentity) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # the pin says more than a name
    context.verify_mode = ssl.CERT_REQUIRED
    # The certificate itself is looked up. Without this flag a pinned one with another's subject name hides that other.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_alpn_protocols(["http/1.1"])
    # ssl reads keys from files only: one under a passphrase that lives as long as this call.
    directory = Path(tempfile.mkdtemp(prefix="detente-"))  # for its owner alone
    try:
        passphrase = secrets.token_hex(32)
        pem = x509.load_der_x509_certificate(identity.certificate).public_bytes(Encoding.PEM)
        sealed = _load(identity.private_key).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
        )
        file = directory / "identity.pem"
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
            out.write(pem + sealed)
        context.load_cert_chain(file, password=passphrase)
    except (ValueError, ssl.SSLError):
        raise Misuse("our TLS certificate and private key do not belong together, or can't be read") from None
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return context


def _load(private_key: bytes) -> ec.EllipticCurvePrivateKey:
    load = load_pem_private_key if private_key.lstrip().startswith(b"-----") else load_der_private_key
    try:
        key = load(private_key, password=None)
    except (ValueError, TypeError):
        raise Misuse("the TLS private key can't be read: it is unencrypted PKCS 8, PEM or DER") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Misuse("the TLS private key is not one on P-256")
    return key


class HttpsTransport:
    """The Transport port over HTTPS; one of it serves all threads.

    `timeout` is how long the peer may take to answer, in seconds; `largest` caps an answer, in bytes.

    >>> answer = HttpsTransport(identity).exchange(peer, body)  # doctest: +SKIP
    """

    def __init__(self, identity: TlsIdentity, timeout: float = 600, *, largest: int = MAX_ANSWER) -> None:
        self._identity = identity
        self._timeout = timeout
        self._largest = largest
        self._clients: dict[str, tuple[bytes, httpx.Client]] = {}  # party -> (pin, client)
        self._lock = threading.Lock()

    def exchange(self, peer: PeerRow, body: bytes) -> bytes:
        """Posts one body to the peer's node and returns its answer. Raises Unavailable, with what to do next."""
        if not peer.address.startswith("https://"):
            raise Unavailable(
                f"{peer.name} has no https:// address: carry messages with `detente courier out`"
            )
        client = self._client(peer)
        deadline = time.monotonic() + self._timeout
        url = peer.address.rstrip("/") + PATH
        headers = {"content-type": CONTENT_TYPE, "accept-encoding": "identity"}
        try:
            with client.stream("POST", url, content=body, headers=headers) as response:
                _check(response, peer)
                return self._read(response, peer, deadline)
        except httpx.InvalidURL:
            raise Unavailable(
                f"{peer.name}'s address {peer.address} is not one: ask for a new invitation"
            ) from None
        except httpx.HTTPError as error:
            raise Unavailable(_reason(error, peer, self._timeout)) from None

    def close(self) -> None:
        with self._lock:
            clients, self._clients = self._clients, {}
        for _, client in clients.values():
            client.close()

    def _client(self, peer: PeerRow) -> httpx.Client:
        pinned = _certificate(peer)
        with self._lock:
            known = self._clients.get(peer.party)
            if known is not None and known[0] == pinned:
                return known[1]
            client = httpx.Client(
                verify=client_context(self._identity, pinned),
                timeout=httpx.Timeout(self._timeout, connect=min(10, self._timeout)),
                trust_env=False,  # no proxy and no other trust from the environment
                follow_redirects=False,
            )
            self._clients[peer.party] = (pinned, client)
        if known is not None:  # their key was rotated: no connection under the old pin is used again
            known[1].close()
        return client

    def _read(self, response: httpx.Response, peer: PeerRow, deadline: float) -> bytes:
        answer = io.BytesIO()
        for chunk in response.iter_raw(1 << 16):
            if answer.tell() + len(chunk) > self._largest:
                raise Unavailable(
                    f"{peer.name}'s answer is larger than {self._largest} bytes: nothing of it was taken"
                )
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout("an answer that drips")
            answer.write(chunk)
        return answer.getvalue()


def _certificate(peer: PeerRow) -> bytes:
    """The certificate of the peer's newest keys: older ones do not count once it told us of the rotation."""
    try:
        newest = decode_periods(peer.keys)[-1]
    except (Malformed, IndexError, msgspec.MsgspecError):
        raise Unavailable(
            f"the keys stored for {peer.name} can't be read: restore a backup, or pair again"
        ) from None
    if newest.revoked_at is not None:
        raise Unavailable(f"{peer.name} revoked its keys: pair again, with its new invitation")
    return newest.keys.tls


def _check(response: httpx.Response, peer: PeerRow) -> None:
    if response.status_code == 503:
        raise Unavailable(f"{peer.name}'s node is busy: try again in a minute")
    if response.status_code != 200:
        raise Unavailable(
            f"{peer.name}'s node refused the message and does not say why (HTTP {response.status_code}): "
            "check `detente doctor` here, and ask them to look at theirs"
        )
    if response.headers.get("content-type") != CONTENT_TYPE or "content-encoding" in response.headers:
        raise Unavailable(
            f"what answers at {peer.address} is not a detente node: check the address with {peer.name}"
        )


def _reason(error: httpx.HTTPError, peer: PeerRow, timeout: float) -> str:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"the node at {peer.address} does not show {peer.name}'s pinned certificate: ask them, by another way, "
            "whether their TLS key was rotated; somebody may be in between"
        )
    if cause is not None or isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError):
        return (
            f"{peer.name}'s node closed the connection: it may not know our certificate (any more), or it is "
            "restarting; try again, then ask them to check `detente peers`"
        )
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return f"nothing answers at {peer.address}: check the address and that {peer.name}'s node serves, then try again"
    if isinstance(error, httpx.TimeoutException):
        return f"{peer.name}'s node did not answer within {timeout:g} s: try again later, nothing is lost"
    return f"the exchange with {peer.name} failed ({type(error).__name__}): try again"
