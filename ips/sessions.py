"""Sessions of terminals, and the gate that every online request passes.

A session is opened once a day by the terminal's identity key and makes a MAC key (protocols.session).
The gate checks, in this order: the headers, the session, the terminal's state as it is in the store
now, the MAC with digest and age, and that the nonce is new. A nonce of a request that moves
something is also stored with what it moved, so that it stays taken across a restart.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ips.batches import NUMBER_MAX, standing
from ips.keys import Vault
from ips.store.group import Group
from ips.store.reader import Reader
from ips.store.rows import NonceRow, SessionRow, TerminalRow
from ips.terminals import Refused
from protocols.ports import NANOSECONDS_PER_SECOND, Clock, Entropy
from protocols.session import (
    SESSION_LIFETIME_NS,
    SKEW_SECONDS_MAX,
    SessionAnswer,
    SessionError,
    SessionRequest,
    SignedRequest,
    read_signature,
    session_key,
    sign_session_answer,
    verify_request,
    verify_session_request,
)

NONCES_MAX: Final = 1_000_000
"""Remembered at once: two minutes of eight thousand requests a second."""
SESSIONS_CACHED_MAX: Final = 200_000
NONCE_SECONDS: Final = 2 * SKEW_SECONDS_MAX + 1
"""A request's age is within the skew on either side; older ones are refused by age alone."""


class UnauthorisedError(Exception):
    """The request is not by a terminal that may ask now. `status` is of HTTP, `code` is stable."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """Work: store a session that was agreed on."""

    row: SessionRow

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 256

    @property
    def is_batch(self) -> bool:
        """Answer with the online requests."""
        return False

    def apply(self, group: Group) -> None:
        """Store it; only the newest few of a terminal stay."""
        group.changes.sessions.append(self.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMaker:
    """Answers POST /v1/sessions up to the writer."""

    clock: Clock
    entropy: Entropy
    identity: Ed25519PrivateKey = field(repr=False)
    vault: Vault = field(repr=False)

    def agree(
        self, request: SessionRequest, reader: Reader
    ) -> tuple[SessionAnswer, OpenSession] | Refused:
        """Return the answer and the work that makes it true, or why not."""
        terminal = reader.terminal(request.terminal)
        refused = standing(terminal, request.terminal)
        if refused is not None:
            return Refused(code=refused.code, reason=refused.reason)
        assert terminal is not None
        if request.epoch != terminal.epoch or not 0 < request.epoch < NUMBER_MAX:
            return Refused(code="epoch_closed", reason="this life of the terminal has ended")
        now_ns = self.clock.now_ns()
        if abs(now_ns // NANOSECONDS_PER_SECOND - request.created) > SKEW_SECONDS_MAX:
            return Refused(
                code="clock",
                reason="the terminal's clock is more than a minute away from the broker's",
                hint="set the terminal's clock, or use the Date header of this answer",
            )
        life = reader.life(terminal.id, terminal.epoch)
        assert life is not None, "an active terminal has a life"
        mine = X25519PrivateKey.from_private_bytes(self.entropy.token(32))
        key_id = f"{terminal.id}.{self.entropy.token(12).hex()}"
        try:
            verify_session_request(request, Ed25519PublicKey.from_public_bytes(life.identity))
            key = session_key(mine, request.exchange, key_id)
        except SessionError as error:
            return Refused(code="signature", reason=str(error))
        expires_ns = now_ns + SESSION_LIFETIME_NS
        answer = sign_session_answer(
            key_id=key_id,
            exchange=mine.public_key().public_bytes_raw(),
            theirs=request.exchange,
            expires_ns=expires_ns,
            server_time_ns=now_ns,
            key=self.identity,
        )
        wrapped = self.vault.wrap(f"session/{key_id}", key)
        row = SessionRow(key_id, terminal.id, terminal.epoch, wrapped, expires_ns)
        return answer, OpenSession(row=row)


class Nonces:
    """The nonces of the last minutes; each is taken once."""

    def __init__(self, known: list[NonceRow]) -> None:
        self._taken = {(row.key_id, row.nonce) for row in known}
        self._order = deque((row.created, row.key_id, row.nonce) for row in known)

    def take(self, signed: SignedRequest, now_seconds: int) -> bool:
        """Return whether this nonce was new. Raises: UnauthorisedError, when too many are held."""
        while self._order and self._order[0][0] < now_seconds - NONCE_SECONDS:
            _, key_id, nonce = self._order.popleft()
            self._taken.discard((key_id, nonce))
        key = (signed.key_id, signed.nonce)
        if key in self._taken:
            return False
        if len(self._taken) >= NONCES_MAX:
            raise UnauthorisedError(429, "busy", "too many requests at once; try again in a minute")
        self._taken.add(key)
        self._order.append((now_seconds, *key))
        return True


class Gate:
    """Lets a terminal's online request in, or says why not."""

    def __init__(self, reader: Reader, vault: Vault, clock: Clock) -> None:
        self._reader = reader
        self._vault = vault
        self._clock = clock
        self._nonces = Nonces(sorted(reader.nonces(), key=lambda row: row.created))
        self._keys: dict[str, tuple[bytes, SessionRow]] = {}

    def admit(
        self, *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[TerminalRow, NonceRow]:
        """Return who asks, and the nonce to be stored with what is moved.

        Raises: UnauthorisedError.
        """
        now_ns = self._clock.now_ns()
        now_seconds = now_ns // NANOSECONDS_PER_SECOND
        try:
            signed = read_signature(dict(headers))
            key, session = self._session(signed.key_id, now_ns)
            terminal = self._terminal(session)
            verify_request(
                signed,
                method=method,
                path=path,
                query=query,
                authority=headers.get("host", ""),
                body=body,
                key=key,
                now_seconds=now_seconds,
            )
        except SessionError as error:
            raise UnauthorisedError(401, "mac", str(error)) from error
        if not self._nonces.take(signed, now_seconds):
            raise UnauthorisedError(401, "nonce", "this nonce was used before")
        return terminal, NonceRow(signed.key_id, signed.nonce, now_seconds)

    def _session(self, key_id: str, now_ns: int) -> tuple[bytes, SessionRow]:
        found = self._keys.get(key_id)
        if found is None:
            row = self._reader.session(key_id)
            if row is None:
                raise UnauthorisedError(
                    401, "no_session", "there is no such session; open a new one"
                )
            if len(self._keys) >= SESSIONS_CACHED_MAX:
                self._keys.clear()
            found = self._keys[key_id] = (
                self._vault.unwrap(f"session/{key_id}", row.wrapped_key),
                row,
            )
        if now_ns > found[1].expires_ns:
            raise UnauthorisedError(401, "no_session", "the session is over; open a new one")
        return found

    def _terminal(self, session: SessionRow) -> TerminalRow:
        terminal = self._reader.terminal(session.terminal)
        refused = standing(terminal, session.terminal)
        if refused is not None:
            raise UnauthorisedError(403, refused.code, refused.reason)
        assert terminal is not None
        if terminal.epoch != session.epoch:
            raise UnauthorisedError(401, "no_session", "the terminal has enrolled again since")
        return terminal
