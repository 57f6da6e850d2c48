"""A terminal as the broker sees it, made of nothing but the agreements: for the broker's tests.

It keeps a chain, signs batches and requests, and has no store, no screen and no retry of its own.
"""

import hashlib
import zlib

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from protocols.batch import Envelope, encode_batch
from protocols.enrolment import (
    Certificate,
    EnrolmentAnswer,
    EnrolmentRequest,
    broker_proof,
    open_certificate,
    split_code,
    stretch,
    terminal_proof,
)
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    Fact,
    Line,
    SaleClosed,
    ShiftOpened,
    Tender,
    TerminalNoted,
    encode_fact,
)
from protocols.journal import Record, attempt_key, encode_record, genesis, record_hash
from protocols.session import SessionAnswer, SessionRequest, session_key, sign_session_request

DATE = "20260417"


class SetClock:
    """Stands still until it is moved."""

    def __init__(self, ns: int = 1_776_400_000_000_000_000) -> None:
        self.ns = ns

    def now_ns(self) -> int:
        return self.ns

    def monotonic_ns(self) -> int:
        return self.ns

    def move(self, seconds: float) -> None:
        self.ns += int(seconds * 1_000_000_000)


class SeededEntropy:
    """Bytes that look random and replay."""

    def __init__(self, seed: str = "0") -> None:
        self._seed = seed
        self._count = 0

    def token(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(f"{self._seed}/{self._count}".encode()).digest(size)


class Terminal:
    """Keeps a journal and talks to a broker in bytes."""

    def __init__(self, name: str = "01", store: str = "main", *, entropy=None) -> None:
        self.name = name
        self.store = store
        self.entropy = entropy or SeededEntropy(name)
        self.key = Ed25519PrivateKey.from_private_bytes(self.entropy.token(32))
        self.epoch = 1
        self.actor = "kim"
        self.records: list[bytes] = []
        self.certificate: Certificate | None = None

    @property
    def head(self) -> bytes:
        return record_hash(self.records[-1]) if self.records else genesis(self.name, self.epoch)

    def previous(self, sequence: int) -> bytes:
        if sequence == 1:
            return genesis(self.name, self.epoch)
        return record_hash(self.records[sequence - 2])

    def append(self, fact: Fact, **more: object) -> bytes:
        """Add a record to the journal."""
        return self.append_raw(type(fact).kind, encode_fact(fact), **more)

    def append_raw(self, kind: str, body: bytes, **more: object) -> bytes:
        """Add a record whose body may be no fact at all."""
        record = Record(
            terminal=self.name,
            epoch=self.epoch,
            sequence=len(self.records) + 1,
            previous=self.head,
            kind=kind,
            actor=self.actor,
            at_ns=1_776_400_000_000_000_000 + len(self.records),
            monotonic_ns=len(self.records),
            business_date=DATE,
            body=msgspec.Raw(body),
            **more,
        )
        data = encode_record(record)
        self.records.append(data)
        return data

    def open_shift(self, float_amount: int = 100_000) -> None:
        fact = ShiftOpened(shift=1, float_amount=float_amount, store=self.store)
        self.append(fact, amount=float_amount)

    def note(self, count: int = 1) -> None:
        for number in range(count):
            self.append(TerminalNoted(note=f"note {number}"))

    def sell(self, sale: int, amount: int = 11_000, *, link: str = "") -> str:
        """Add a closed cash sale; return its attempt key."""
        key = attempt_key(
            store=self.store, terminal=self.name, business_date=DATE, sale=sale, letter="a"
        )
        net = (amount * 100 + 55) // 110
        fact = SaleClosed(
            sale=sale,
            shift=1,
            lines=[
                Line(
                    sku="R1",
                    name_ko="라면",
                    name_en="Ramyeon",
                    quantity=1000,
                    unit_price=amount,
                    amount=amount,
                    group="grocery",
                )
            ],
            total=amount,
            net=net,
            vat=amount - net,
            link=link,
            tenders=[
                Tender(
                    method="cash", attempt=key, amount=amount, tendered=amount + 1_000, change=1_000
                )
            ],
        )
        self.append(fact, amount=amount, attempt=key)
        return key

    def attempt(self, sale: int, amount: int = 11_000) -> None:
        """Add the intent and the result of a cash attempt, as a till writes them before the sale."""
        key = attempt_key(
            store=self.store, terminal=self.name, business_date=DATE, sale=sale, letter="a"
        )
        opened = AttemptOpened(sale=sale, method="cash", amount=amount)
        self.append(opened, amount=amount, attempt=key)
        closed = AttemptClosed(sale=sale, method="cash", outcome="approved", amount=amount)
        self.append(closed, amount=amount, attempt=key)

    def envelope(self, first: int, last: int | None = None, **more: object) -> Envelope:
        last = len(self.records) if last is None else last
        records = self.records[first - 1 : last]
        fields = {
            "terminal": self.name,
            "epoch": self.epoch,
            "first": first,
            "last": last,
            "previous": self.previous(first),
            "records": records,
            "head": record_hash(records[-1]),
            "documents": {"policy": "1"},
        }
        return Envelope(**(fields | more))

    def batch(self, first: int, last: int | None = None, **more: object) -> bytes:
        return encode_batch(self.envelope(first, last, **more), self.key)

    def signed(self, envelope: Envelope) -> bytes:
        """Return a body that the agreement's own encoder would refuse to make."""
        payload = msgspec.msgpack.encode(envelope)
        return zlib.compress(msgspec.msgpack.encode((payload, self.key.sign(payload))))

    def enrolment(self, code: str) -> tuple[EnrolmentRequest, bytes]:
        """Return the request, and the key made from the code."""
        terminal, secret = split_code(code)
        key = stretch(terminal, secret)
        identity = self.key.public_key().public_bytes_raw()
        nonce = self.entropy.token(16)
        proof = terminal_proof(key, terminal=terminal, identity=identity, nonce=nonce)
        return (
            EnrolmentRequest(
                terminal=terminal, identity=identity, nonce=nonce, program="test 1", proof=proof
            ),
            key,
        )

    def enrolled(self, answer: EnrolmentAnswer, request: EnrolmentRequest, key: bytes) -> None:
        """Check the broker's proof and take the certificate."""
        expected = broker_proof(key, certificate=answer.certificate, nonce=request.nonce)
        assert expected == answer.proof
        self.certificate = open_certificate(answer.certificate, answer.signature)
        self.epoch = self.certificate.epoch
        self.records = []

    def session_request(self, created: int) -> tuple[SessionRequest, X25519PrivateKey]:
        mine = X25519PrivateKey.from_private_bytes(self.entropy.token(32))
        request = sign_session_request(
            terminal=self.name,
            epoch=self.epoch,
            exchange=mine.public_key().public_bytes_raw(),
            created=created,
            key=self.key,
        )
        return request, mine

    @staticmethod
    def mac_key(answer: SessionAnswer, mine: X25519PrivateKey) -> bytes:
        return session_key(mine, answer.exchange, answer.key_id)


def as_json(struct: msgspec.Struct) -> bytes:
    return msgspec.json.encode(struct)
