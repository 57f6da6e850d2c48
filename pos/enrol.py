"""This till joins a broker: `ips-pos enrol CODE`.

    1 read the code         2 make key and nonce, keep them      3 ask the broker
    4 verify proof, certificate, that it is about our key        5 keep identity, then say so

The key lies durably in the keys folder before the first byte leaves, and a second try with a code
for the same terminal uses the same key and nonce: when the answer to the first try was lost, the
broker sees the same terminal again and no stranger. Nothing that was sold is touched on any path.
Source: protocols.enrolment, broker.md 5.1.
"""

import hmac
from dataclasses import dataclass
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from devices.keys import KeyFolder
from pos.broker_client import BrokerClient
from pos.broker_link import Busy, Failure, NotReached, Refused, Silent
from pos.store.chains import Identity
from pos.store.store import Store
from pos.store.threads import StoreRunner
from protocols.enrolment import (
    Certificate,
    EnrolmentAnswer,
    EnrolmentError,
    EnrolmentRequest,
    broker_proof,
    open_certificate,
    split_code,
    stretch,
    terminal_proof,
)
from protocols.ports import Entropy

NONCE_BYTES: Final = 16
_PENDING: Final = "enrolling"
_SAFE_KO: Final = "판매 기록과 돈은 그대로입니다."
_SAFE_EN: Final = "Sales and money are untouched."


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """This till is that terminal from now on; key and certificate are durable."""

    certificate: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class NotEnrolled:
    """This till is who it was before."""

    code: str
    """code, unsent; unreachable, silent, busy; refused, expired, tries, no_code; proof, certificate."""
    sentence_ko: str
    sentence_en: str


class _Pending(msgspec.Struct, frozen=True, kw_only=True):
    """What a try has made and may need again."""

    terminal: str
    seed: bytes
    nonce: bytes


async def enrol(
    code: str,
    *,
    client: BrokerClient,
    keys: KeyFolder,
    store: StoreRunner,
    entropy: Entropy,
    program: str,
) -> Enrolled | NotEnrolled:
    """Join the broker that gave this code. Raises: KeysError, StoreError; the till is as before."""
    try:
        terminal, secret = split_code(code)
    except EnrolmentError:
        return _not_enrolled(
            "code",
            "등록 코드가 아닙니다. 01-7F3K-9QMW 처럼 생겼습니다. 코드를 다시 확인해 입력하세요.",
            "This is no enrolment code; it reads like 01-7F3K-9QMW. Check it and type it again.",
        )
    if left := await store.run(lambda opened: _unsent(opened, terminal)):
        return left
    pending = _pending(keys, terminal, entropy)
    identity = Ed25519PrivateKey.from_private_bytes(pending.seed)
    public = identity.public_key().public_bytes_raw()
    key = stretch(terminal, secret)
    request = EnrolmentRequest(
        terminal=terminal,
        identity=public,
        nonce=pending.nonce,
        program=program,
        proof=terminal_proof(key, terminal=terminal, identity=public, nonce=pending.nonce),
    )
    answer = await client.enrol(request)
    if not isinstance(answer, EnrolmentAnswer):
        return _explain(answer)
    certificate = _verified(answer, key=key, nonce=pending.nonce, terminal=terminal, public=public)
    if isinstance(certificate, NotEnrolled):
        return certificate
    keys.put_secret(_key_name(certificate), pending.seed)
    signed = Identity(
        terminal=certificate.terminal,
        epoch=certificate.epoch,
        certificate=answer.certificate,
        signature=answer.signature,
    )
    await store.run(lambda opened: opened.set_identity(signed))
    keys.remove(_PENDING)
    client.identify(certificate, identity)
    return Enrolled(certificate=certificate)


def open_identity(store: Store, keys: KeyFolder) -> tuple[Certificate, Ed25519PrivateKey] | None:
    """Return who this till is at its broker; None while it is alone.

    Raises: EnrolmentError when the stored certificate or its key is not whole; KeysError; StoreError.
    """
    identity = store.identity()
    if not identity.certificate:
        return None
    certificate = open_certificate(identity.certificate, identity.signature)
    key = keys.get(_key_name(certificate))
    if key is None or key.public_key().public_bytes_raw() != certificate.identity:
        raise EnrolmentError(
            f"the key of terminal {certificate.terminal} is not in this till's keys folder: "
            "restore the folder, or enrol again. What was sold is kept."
        )
    return certificate, key


def _key_name(certificate: Certificate) -> str:
    return f"identity-{certificate.identity[:8].hex()}"


def _pending(keys: KeyFolder, terminal: str, entropy: Entropy) -> _Pending:
    kept = keys.get_secret(_PENDING)
    if kept is not None:
        pending = msgspec.msgpack.decode(kept, type=_Pending)
        if pending.terminal == terminal:
            return pending
    pending = _Pending(terminal=terminal, seed=entropy.token(32), nonce=entropy.token(NONCE_BYTES))
    keys.put_secret(_PENDING, msgspec.msgpack.encode(pending))
    return pending


def _unsent(store: Store, terminal: str) -> NotEnrolled | None:
    """Refuse to leave records behind: a new chain would begin, and the old one is sent no more."""
    identity, waiting = store.identity(), store.queue().waiting
    begins_anew = bool(identity.certificate) or identity.terminal != terminal
    if not waiting or not begins_anew:
        return None
    return _not_enrolled(
        "unsent",
        f"단말 {identity.terminal}의 기록 {waiting}건을 아직 보내지 못했습니다. 먼저 보내거나 "
        "'ips-pos journal export'로 내보내고 새 폴더에서 등록하세요.",
        f"{waiting} records of terminal {identity.terminal} are not sent yet. Send them first, or "
        "run 'ips-pos journal export' and enrol from a new folder.",
    )


def _verified(
    answer: EnrolmentAnswer, *, key: bytes, nonce: bytes, terminal: str, public: bytes
) -> Certificate | NotEnrolled:
    proof = broker_proof(key, certificate=answer.certificate, nonce=nonce)
    if not hmac.compare_digest(proof, answer.proof):
        return _not_enrolled(
            "proof",
            "대답한 서버가 이 코드를 준 중계서버가 아닙니다. 주소를 확인하고 관리자에게 알리세요.",
            "Whoever answered did not give this code. Check the broker's address and tell the manager.",
        )
    try:
        certificate = open_certificate(answer.certificate, answer.signature)
    except EnrolmentError:
        certificate = None
    if (
        certificate is None
        or (certificate.terminal, certificate.identity) != (terminal, public)
        or certificate.expires_ns <= certificate.issued_ns
        or certificate.epoch < 1
    ):
        return _not_enrolled(
            "certificate",
            "중계서버가 보낸 인증서가 이 단말의 것이 아닙니다. 관리자에게 알리세요.",
            "The broker's certificate is not for this terminal. Tell the manager.",
        )
    return certificate


def _explain(failure: Failure) -> NotEnrolled:
    match failure:
        case NotReached(reason=reason):
            return _not_enrolled(
                "unreachable",
                f"중계서버에 연결되지 않습니다 ({reason}). 주소와 네트워크를 확인하고 다시 하세요.",
                f"The broker cannot be reached ({reason}). Check its address and the network.",
            )
        case Silent(reason=reason):
            return _not_enrolled(
                "silent",
                f"중계서버가 대답하지 않았습니다 ({reason}). 같은 코드로 다시 하세요.",
                f"The broker did not answer ({reason}). Try again with the same code.",
            )
        case Busy(retry_after_seconds=seconds):
            return _not_enrolled(
                "busy",
                f"중계서버가 바쁩니다. {seconds:.0f}초 뒤에 다시 하세요.",
                f"The broker is busy. Try again in {seconds:.0f} s.",
            )
        case Refused(problem=problem):
            return _refusal(problem.error, problem.reason)


def _refusal(error: str, reason: str) -> NotEnrolled:
    if "expired" in error:
        return _not_enrolled(
            "expired",
            "코드의 시간(10분)이 지났습니다. 관리자에게 새 코드를 받으세요.",
            "The code's ten minutes are over. Get a new code from the manager.",
        )
    if error == "code_used_up":
        return _not_enrolled(
            "tries",
            "코드를 여러 번 틀렸습니다. 관리자에게 새 코드를 받으세요.",
            "The code was wrong too often. Get a new code from the manager.",
        )
    if error in ("no_code", "unknown_terminal"):
        return _not_enrolled(
            "no_code",
            "이 단말에 쓸 코드가 없습니다(이미 썼거나 만들지 않음). 관리자에게 새 코드를 받으세요.",
            "There is no open code for this terminal: used, or never made. Get a new one.",
        )
    return _not_enrolled(
        "refused",
        f"중계서버가 코드를 받지 않았습니다 ({reason}). 코드를 확인하거나 새 코드를 받으세요.",
        f"The broker did not take the code ({reason}). Check it, or get a new one.",
    )


def _not_enrolled(code: str, korean: str, english: str) -> NotEnrolled:
    return NotEnrolled(
        code=code, sentence_ko=f"{korean} {_SAFE_KO}", sentence_en=f"{english} {_SAFE_EN}"
    )
