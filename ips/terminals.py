"""Terminals: a place is made, a terminal enrols into it, opens sessions, may be suspended.

    (none) --add--> pending --enrol--> active <--resume-- suspended
                       ^                 |  --suspend----> suspended
                       +---- add again --+  --fork-------> quarantined --add, enrol--> active
                                            --retire-----> retired

The code is used up by the first request that proves it. The answer is kept as long as the code would
have lived: a terminal that lost it sends the same bytes again and gets the same bytes, no new life.
Adding a terminal that is there makes a new code for it: enrolling again starts a new life (epoch),
with a new key and a new chain. Every change is work for the writer, so it holds from the next
request on. Source: protocols.enrolment, broker.md 5.1.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ips.config import StoreConfig
from ips.keys import Vault
from ips.store.group import Group
from ips.store.rows import EnrolmentRow, LifeRow, TerminalRow, TerminalState
from protocols.enrolment import (
    CODE_LIFETIME_NS,
    CODE_TRIES_MAX,
    Certificate,
    EnrolmentAnswer,
    EnrolmentRequest,
    broker_proof,
    sign_certificate,
    terminal_proof,
)
from protocols.journal import genesis
from protocols.ports import NANOSECONDS_PER_SECOND

TERMINAL_ID: Final = re.compile(r"[A-Z0-9]{1,8}")
"""Goes into attempt keys; a code is typed in capitals."""
CERTIFICATE_LIFETIME_NS: Final = 10 * 366 * 24 * 3600 * NANOSECONDS_PER_SECOND
PROGRAM_LENGTH_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The request cannot be granted; nothing changed but a counted try."""

    code: str
    """Stable: unknown_terminal, code_wrong, code_expired, code_used_up, malformed, ..."""
    reason: str
    reason_ko: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Small:
    """Work of the office: small, and not a batch."""

    @property
    def size(self) -> int:
        """Return the bytes that it holds while it waits."""
        return 512

    @property
    def is_batch(self) -> bool:
        """Answer with the online requests."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTerminal(_Small):
    """Make a place for a terminal, or a new code for one that is there."""

    terminal: str
    store: str
    code_key: bytes = field(repr=False)
    """The code, stretched (protocols.enrolment.stretch)."""
    actor: str
    vault: Vault = field(repr=False)

    def apply(self, group: Group) -> TerminalRow | Refused:
        """Return the terminal as it is now."""
        if not TERMINAL_ID.fullmatch(self.terminal):
            reason = f"{self.terminal!r} is not a terminal's id: 1 to 8 capitals and digits"
            return Refused(code="malformed", reason=reason)
        row = group.terminal(self.terminal)
        if row is not None and row.state == "retired":
            return Refused(code="retired", reason=f"terminal {row.id} is retired; take another id")
        if row is not None and row.store != self.store:
            reason = f"terminal {row.id} belongs to store {row.store}, not {self.store}"
            return Refused(code="other_store", reason=reason)
        if row is None:
            row = TerminalRow(
                self.terminal, self.store, "pending", 0, "", "{}", "", group.now_ns, 0
            )
            group.put_terminal(row)
        group.changes.enrolments[row.id] = EnrolmentRow(
            row.id,
            self.vault.wrap(f"enrolment/{row.id}", self.code_key),
            group.now_ns + CODE_LIFETIME_NS,
            CODE_TRIES_MAX,
        )
        group.remember(self.actor, "terminal.add", row.id, before=row.state, after="code made")
        return row


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTerminal(_Small):
    """Suspend, resume or retire a terminal; it holds from its next request on."""

    terminal: str
    state: TerminalState
    reason: str
    actor: str

    def apply(self, group: Group) -> TerminalRow | Refused:
        """Return the terminal as it is now."""
        row = group.terminal(self.terminal)
        if row is None:
            reason = f"there is no terminal {self.terminal}; `ips-broker terminal list` shows all"
            return Refused(code="unknown_terminal", reason=reason)
        if row.state == self.state:
            return row
        if row.state == "retired" or (self.state == "active" and row.state != "suspended"):
            reason = f"terminal {row.id} is {row.state} and cannot become {self.state} this way"
            return Refused(
                code="wrong_state", reason=reason, hint="`ips-broker terminal add` makes a new code"
            )
        changed = row._replace(state=self.state, reason=self.reason)
        group.put_terminal(changed)
        if self.state != "active":
            # Its sessions stay: the gate reads the state, and can so tell the terminal why.
            group.changes.enrolments[row.id] = None
        group.remember(
            self.actor, f"terminal.{self.state}", row.id, before=row.state, after=self.reason
        )
        return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrol(_Small):
    """A terminal proves its code and gets its certificate; only the same request gets it again."""

    request: EnrolmentRequest
    organisation: str
    stores: dict[str, StoreConfig]
    identity: Ed25519PrivateKey = field(repr=False)
    vault: Vault = field(repr=False)

    def apply(self, group: Group) -> EnrolmentAnswer | Refused:
        """Return the certificate, or why there is none. A wrong proof costs a try, durably."""
        request = self.request
        malformed = _malformed(request)
        if malformed:
            return Refused(code="malformed", reason=malformed)
        terminal = group.terminal(request.terminal)
        open_code = group.store.enrolment(request.terminal) if terminal is not None else None
        if request.terminal in group.changes.enrolments:
            open_code = group.changes.enrolments[request.terminal]
        if terminal is None or open_code is None:
            return _NO_CODE
        if group.now_ns > open_code.expires_ns:
            return _EXPIRED
        if open_code.admitted:
            return self._answer_again(terminal, open_code)
        if open_code.tries_left == 0:
            return _USED_UP
        key = self.vault.unwrap(f"enrolment/{terminal.id}", open_code.wrapped_key)
        proof = terminal_proof(
            key, terminal=terminal.id, identity=request.identity, nonce=request.nonce
        )
        if not hmac.compare_digest(proof, request.proof):
            left = open_code.tries_left - 1
            group.changes.enrolments[terminal.id] = open_code._replace(tries_left=left)
            return Refused(
                code="code_wrong",
                reason=f"the code is wrong; {left} tries are left",
                reason_ko=f"등록 코드가 틀립니다. {left}번 더 시도할 수 있습니다.",
            )
        answer = self._admit(group, terminal, key)
        group.changes.enrolments[terminal.id] = open_code._replace(
            wrapped_key=b"", admitted=_digest(request), answer=msgspec.msgpack.encode(answer)
        )
        return answer

    def _answer_again(self, terminal: TerminalRow, used: EnrolmentRow) -> EnrolmentAnswer | Refused:
        same = hmac.compare_digest(used.admitted, _digest(self.request))
        if not same or terminal.state != "active":
            return _NO_CODE
        return msgspec.msgpack.decode(used.answer, type=EnrolmentAnswer)

    def _admit(self, group: Group, terminal: TerminalRow, key: bytes) -> EnrolmentAnswer:
        request = self.request
        epoch = terminal.epoch + 1
        head = genesis(terminal.id, epoch)
        group.put_terminal(
            terminal._replace(
                state="active", epoch=epoch, program=request.program, reason="", documents="{}"
            )
        )
        group.put_life(LifeRow(terminal.id, epoch, request.identity, 0, head, group.now_ns))
        group.changes.ended_sessions.append(terminal.id)
        group.remember(
            "ips-broker",
            "terminal.enrol",
            terminal.id,
            before=terminal.state,
            after=f"epoch {epoch}",
        )
        data, signature = sign_certificate(self._certificate(group, terminal, epoch), self.identity)
        proof = broker_proof(key, certificate=data, nonce=request.nonce)
        return EnrolmentAnswer(certificate=data, signature=signature, proof=proof)

    def _certificate(self, group: Group, terminal: TerminalRow, epoch: int) -> Certificate:
        store = self.stores.get(terminal.store, StoreConfig())
        return Certificate(
            organisation=self.organisation,
            store=terminal.store,
            store_name_ko=store.name_ko,
            store_name_en=store.name_en,
            business_number=store.business_number,
            terminal=terminal.id,
            epoch=epoch,
            identity=self.request.identity,
            broker=self.identity.public_key().public_bytes_raw(),
            issued_ns=group.now_ns,
            expires_ns=group.now_ns + CERTIFICATE_LIFETIME_NS,
            currency=store.currency,
            zone=store.zone,
        )


def _digest(request: EnrolmentRequest) -> bytes:
    """Return what tells this request from every other of its terminal."""
    # Identity and nonce have fixed lengths by now, so that nothing can be moved between the parts.
    return hashlib.sha256(request.identity + request.nonce + request.proof).digest()


def _malformed(request: EnrolmentRequest) -> str:
    """Return what is wrong with the shape of a request; empty if nothing is."""
    if len(request.nonce) != 16:
        return "the nonce has 16 bytes"
    if len(request.program) > PROGRAM_LENGTH_MAX:
        return f"the program's name has at most {PROGRAM_LENGTH_MAX} characters"
    try:
        Ed25519PublicKey.from_public_bytes(request.identity)
    except ValueError:
        return "the identity is not an Ed25519 public key"
    return ""


_HINT: Final = "make a new code with `ips-broker terminal add`"
_NO_CODE: Final = Refused(
    code="no_code",
    reason="there is no open code for this terminal",
    reason_ko="이 단말기에 열려 있는 등록 코드가 없습니다.",
    hint=_HINT,
)
_EXPIRED: Final = Refused(
    code="code_expired",
    reason="the code was good for ten minutes and is over",
    reason_ko="등록 코드의 유효 시간(10분)이 지났습니다.",
    hint=_HINT,
)
_USED_UP: Final = Refused(
    code="code_used_up",
    reason="five wrong tries have closed this code",
    reason_ko="다섯 번 틀려서 등록 코드가 닫혔습니다.",
    hint=_HINT,
)
