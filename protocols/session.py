"""The MAC on an online request: a fixed profile of RFC 9421 (HTTP Message Signatures).

Once a day the terminal opens a session: an X25519 exchange, its own half signed by the identity key,
the broker's half by the broker's key; HKDF-SHA256 makes the MAC key. From then on every online
request carries

    Content-Digest: sha-256=:...:                                                       (RFC 9530)
    Signature-Input: ips=("@method" "@path" "@authority" "content-digest");created=...;nonce="...";
                     keyid="...";alg="hmac-sha256"
    Signature: ips=:...:

A request with a query covers "@query" too, after "@path"; without one it may, and its value is "?"
(RFC 9421 2.2.7). A query that is not covered is refused: it was added on the way.

A MAC of 6 microseconds instead of a signature of 160 (broker.md 5.1). The digest is checked against
the body, `created` against the server's clock (60 s), and a nonce is taken once.
"""

import base64
import hashlib
import hmac
import re
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SESSION_LIFETIME_NS: Final = 24 * 3600 * 1_000_000_000
SKEW_SECONDS_MAX: Final = 60


class SessionError(ValueError):
    """The session or the MAC is not right; the message says which part."""


class SessionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/sessions"""

    terminal: str
    epoch: int
    exchange: bytes
    """X25519 public key, 32 bytes."""
    created: int
    """UTC seconds."""
    signature: bytes
    """By the terminal's identity key."""


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """200"""

    key_id: str
    exchange: bytes
    expires_ns: int
    server_time_ns: int
    signature: bytes
    """By the broker's key."""


def _request_message(terminal: str, epoch: int, exchange: bytes, created: int) -> bytes:
    return f"session|{terminal}|{epoch}|{created}|".encode() + exchange


def sign_session_request(
    *, terminal: str, epoch: int, exchange: bytes, created: int, key: Ed25519PrivateKey
) -> SessionRequest:
    """Return the request that opens a session."""
    return SessionRequest(
        terminal=terminal,
        epoch=epoch,
        exchange=exchange,
        created=created,
        signature=key.sign(_request_message(terminal, epoch, exchange, created)),
    )


def verify_session_request(request: SessionRequest, key: Ed25519PublicKey) -> None:
    """Raises: SessionError."""
    message = _request_message(request.terminal, request.epoch, request.exchange, request.created)
    try:
        key.verify(request.signature, message)
    except InvalidSignature:
        raise SessionError("the session request is not signed by this terminal's key") from None


def _answer_message(
    key_id: str, exchange: bytes, theirs: bytes, expires_ns: int, server_time_ns: int
) -> bytes:
    return f"session-answer|{key_id}|{expires_ns}|{server_time_ns}|".encode() + exchange + theirs


def sign_session_answer(
    *,
    key_id: str,
    exchange: bytes,
    theirs: bytes,
    expires_ns: int,
    server_time_ns: int,
    key: Ed25519PrivateKey,
) -> SessionAnswer:
    """Return the broker's half; `theirs` is the terminal's exchange key."""
    return SessionAnswer(
        key_id=key_id,
        exchange=exchange,
        expires_ns=expires_ns,
        server_time_ns=server_time_ns,
        signature=key.sign(_answer_message(key_id, exchange, theirs, expires_ns, server_time_ns)),
    )


def verify_session_answer(answer: SessionAnswer, *, mine: bytes, key: Ed25519PublicKey) -> None:
    """Raises: SessionError."""
    message = _answer_message(
        answer.key_id, answer.exchange, mine, answer.expires_ns, answer.server_time_ns
    )
    try:
        key.verify(answer.signature, message)
    except InvalidSignature:
        raise SessionError("the session answer is not signed by this broker's key") from None


def session_key(mine: X25519PrivateKey, theirs: bytes, key_id: str) -> bytes:
    """Return the 32-byte MAC key of a session. Raises: SessionError for a bad public key."""
    try:
        secret = mine.exchange(X25519PublicKey.from_public_bytes(theirs))
    except ValueError as error:
        raise SessionError(f"not an X25519 key: {error}") from error
    info = b"intermarket session mac|" + key_id.encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret)


def content_digest(body: bytes) -> str:
    """Return the value of Content-Digest (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _base(
    *, method: str, path: str, query: str | None, authority: str, digest: str, params: str
) -> bytes:
    """Return the signature base; `query` is None where it is not covered (RFC 9421 2.5)."""
    asked = "" if query is None else f'"@query": ?{query}\n'
    return (
        f'"@method": {method.upper()}\n"@path": {path}\n{asked}"@authority": {authority.lower()}\n'
        f'"content-digest": {digest}\n"@signature-params": {params}'
    ).encode()


def sign_request(
    *,
    method: str,
    path: str,
    query: str = "",
    authority: str,
    body: bytes,
    key: bytes,
    key_id: str,
    created: int,
    nonce: str,
) -> dict[str, str]:
    """Return the three headers of an online request. `query` is what stands after the "?"."""
    digest = content_digest(body)
    covered = _QUERY if query else ""
    params = (
        f'("@method" "@path" {covered}"@authority" "content-digest")'
        f';created={created};nonce="{nonce}";keyid="{key_id}";alg="hmac-sha256"'
    )
    base = _base(
        method=method,
        path=path,
        query=query or None,
        authority=authority,
        digest=digest,
        params=params,
    )
    mac = hmac.digest(key, base, "sha256")
    return {
        "content-digest": digest,
        "signature-input": f"ips={params}",
        "signature": f"ips=:{base64.b64encode(mac).decode()}:",
    }


_QUERY: Final = '"@query" '
_PARAMS: Final = re.compile(
    r'ips=(?P<params>\("@method" "@path" (?P<query>"@query" )?"@authority" "content-digest"\)'
    r';created=(?P<created>\d{1,12});nonce="(?P<nonce>[\w-]{8,64})"'
    r';keyid="(?P<key_id>[\w.-]{1,64})";alg="hmac-sha256")',
    re.ASCII,
)


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the signature headers say, before anything is believed."""

    key_id: str
    nonce: str
    created: int
    params: str
    covers_query: bool
    mac: bytes
    digest: str


def read_signature(headers: dict[str, str]) -> SignedRequest:
    """Read the three headers (lower-case names). Raises: SessionError naming the missing part."""
    for name in ("content-digest", "signature-input", "signature"):
        if name not in headers:
            raise SessionError(f"header {name} is missing")
    match = _PARAMS.fullmatch(headers["signature-input"])
    if match is None:
        raise SessionError("signature-input is not of this profile")
    encoded = headers["signature"]
    if not (encoded.startswith("ips=:") and encoded.endswith(":")):
        raise SessionError("signature carries no ips member")
    try:
        mac = base64.b64decode(encoded[5:-1], validate=True)
    except ValueError as error:
        raise SessionError("signature is not base64") from error
    return SignedRequest(
        key_id=match["key_id"],
        nonce=match["nonce"],
        created=int(match["created"]),
        params=match["params"],
        covers_query=match["query"] is not None,
        mac=mac,
        digest=headers["content-digest"],
    )


def verify_request(
    signed: SignedRequest,
    *,
    method: str,
    path: str,
    query: str,
    authority: str,
    body: bytes,
    key: bytes,
    now_seconds: int,
) -> None:
    """Check digest, age and MAC; the caller checks that the nonce is new. Raises: SessionError.

    `query` is what came after the "?", as it came; empty for none.
    """
    if abs(now_seconds - signed.created) > SKEW_SECONDS_MAX:
        raise SessionError(f"made {now_seconds - signed.created} s away from this clock")
    # As bytes: a header may hold anything, and text that is not ASCII cannot be compared so.
    if not hmac.compare_digest(signed.digest.encode(), content_digest(body).encode()):
        raise SessionError("content-digest does not match the body")
    if query and not signed.covers_query:
        raise SessionError("the query is not covered by the MAC")
    base = _base(
        method=method,
        path=path,
        query=query if signed.covers_query else None,
        authority=authority,
        digest=signed.digest,
        params=signed.params,
    )
    expected = hmac.digest(key, base, "sha256")
    if not hmac.compare_digest(expected, signed.mac):
        raise SessionError("the MAC is wrong")
