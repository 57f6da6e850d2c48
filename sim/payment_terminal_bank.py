"""A virtual payment terminal's line to its bank: ISO 8583, one request at a time, undone where nobody answers.

    sign on -> ready -> 0200 -> its answer, or ANSWER_NS of silence -> 0420, again until it is accepted

A request stands in the terminal's memory before it leaves; whoever takes its answer takes it out again, together
with what came of it. What stands there without a question under way, after silence or a power cut, is undone
before anything else is asked.
Source: protocols/iso8583; devices.md 4.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from protocols.des import encrypt
from protocols.iso8583 import elements as de
from protocols.iso8583 import mti
from protocols.iso8583.field import Value
from protocols.iso8583.framing import FrameReader, FramingError, Header, frame
from protocols.iso8583.mac import MacAlgorithm, MacError, seal, unseal
from protocols.iso8583.message import MalformedError, Message
from protocols.iso8583.original import Original
from protocols.iso8583.pin import EncipheredPin, pin_fields
from protocols.iso8583.response import Response
from protocols.iso8583.specs import ASCII
from protocols.pin_block import format_0
from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from sim.bank.host import SIGN_ON
from sim.bank.keys import TEST_KEY
from sim.bank.pins import PinKeys
from sim.payment_terminal_journal import Journal, Request

ANSWER_NS: Final = 20 * NANOSECONDS_PER_SECOND
"""Longest wait for the bank's answer."""
AGAIN_NS: Final = 10 * NANOSECONDS_PER_SECOND
"""How long after an undoing that was not accepted it is said again."""
_ACQUIRER: Final = "12345"
_PROCESSING: Final = {"payment": "000000", "refund": "200000"}


@dataclass(frozen=True, slots=True)
class Decided:
    """The bank has answered a request; 0 is approved."""

    code: int
    approval: str
    request: Request


@dataclass(frozen=True, slots=True)
class Undecided:
    """It has not, and its request is being undone."""


BankEvent = Decided | Undecided


class BankLine:
    """The terminal's end."""

    def __init__(self, journal: Journal, *, clock: Clock, merchant: str, terminal: str) -> None:
        self._journal = journal
        self._clock = clock
        self._merchant = merchant
        self._terminal = terminal
        self._forget()

    def _forget(self) -> None:
        self._reader = FrameReader(Header.BINARY)
        self._out = bytearray()
        self._open = self._signed_on = False
        self._asked: Request | None = None
        self._undoing: Request | None = None
        self._due_ns: int | None = None

    @property
    def ready(self) -> bool:
        """Say whether a request may be asked: signed on, and nothing is left to be undone."""
        return self._signed_on and self._asked is None and not self._journal.requests()

    @property
    def deadline_ns(self) -> int | None:
        """When silence means something."""
        return self._due_ns

    def opened(self, now_ns: int) -> None:
        """Sign on."""
        self._forget()
        self._open = True
        self._send(Message(mti.NETWORK, {**self._now(), de.NETWORK_CODE: SIGN_ON}))

    def closed(self, now_ns: int) -> list[BankEvent]:
        """Learn that the line is gone: what was asked has no answer."""
        asked = self._asked
        self._forget()
        return [] if asked is None else [Undecided()]

    def outgoing(self) -> bytes:
        """Hand over the bytes for the bank."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def ask(
        self,
        kind: Literal["payment", "refund"],
        *,
        pan: str,
        pin: str,
        amount: int,
        currency: int,
        now_ns: int,
    ) -> bool:
        """Ask the bank; its answer comes as an event. Returns whether it could be asked."""
        if not self.ready:
            return False
        with self._journal.writing():
            request = Request(stan=self._journal.next_trace(), at=str(self._now()[de.TRANSMITTED_AT]),
                              amount=amount, currency=currency)  # fmt: skip
            self._journal.keep(request)
        fields: dict[int, Value] = {de.PAN: pan, de.PROCESSING_CODE: _PROCESSING[kind]}
        if pin:
            block = encrypt(PinKeys().fixed, format_0(pin, pan))
            fields |= pin_fields(EncipheredPin(block=block))
        self._send(Message(mti.PURCHASE, {**fields, **self._fields(request)}))
        self._asked, self._due_ns = request, now_ns + ANSWER_NS
        return True

    def receive(self, data: bytes, now_ns: int) -> list[BankEvent]:
        """Take bytes from the bank."""
        try:
            whole = self._reader.receive(data)
        except FramingError:
            return self.closed(now_ns)
        events: list[BankEvent] = []
        for each in whole:
            try:
                message = unseal(each, ASCII, bytes.fromhex(TEST_KEY), MacAlgorithm.CMAC)
            except (MalformedError, MacError):
                # What cannot be trusted is no answer: silence undoes the request.
                continue
            events += self._heed(message, now_ns)
        if not events:
            # What was just answered still stands in memory, until its taker has written what came of it.
            self._undo_next(now_ns)
        return events

    def tick(self, now_ns: int) -> list[BankEvent]:
        """Give up waiting for an answer, or say an undoing again."""
        if self._due_ns is None or now_ns < self._due_ns:
            return []
        self._due_ns = None
        events: list[BankEvent] = [] if self._asked is None else [Undecided()]
        self._asked = self._undoing = None
        self._undo_next(now_ns)
        return events

    def undo_soon(self, now_ns: int) -> None:
        """Begin to undo what stands in memory, if the line is there."""
        self._undo_next(now_ns)

    def _heed(self, message: Message, now_ns: int) -> list[BankEvent]:
        approved = message.text(de.RESPONSE_CODE) == Response.APPROVED.value
        stan = message.text(de.STAN)
        if message.mti == mti.answer_to(mti.NETWORK):
            self._signed_on = approved
        elif self._asked is not None and stan == f"{self._asked.stan:06d}":
            request, self._asked, self._due_ns = self._asked, None, None
            code = 0 if approved else _number(message.text(de.RESPONSE_CODE))
            return [Decided(code, message.text(de.APPROVAL), request)]
        elif self._undoing is not None and message.mti == mti.answer_to(mti.REVERSAL):
            with self._journal.writing():
                self._journal.drop(self._undoing)
            self._undoing = self._due_ns = None
        return []

    def _undo_next(self, now_ns: int) -> None:
        """Undo the oldest request that nobody asks about any more."""
        if not self._signed_on or self._asked is not None or self._undoing is not None:
            return
        left = self._journal.requests()
        if not left:
            return
        self._undoing, self._due_ns = left[0], now_ns + AGAIN_NS
        original = Original(
            mti=mti.PURCHASE,
            stan=f"{left[0].stan:06d}",
            transmitted_at=left[0].at,
            acquirer=_ACQUIRER,
        )
        fields = {**self._fields(left[0]), **self._now(), de.PROCESSING_CODE: "000000"}
        self._send(Message(mti.REVERSAL, {**fields, de.ORIGINAL: original.digits()}))

    def _fields(self, request: Request) -> dict[int, Value]:
        return {
            de.AMOUNT: f"{request.amount:012d}",
            de.TRANSMITTED_AT: request.at,
            de.STAN: f"{request.stan:06d}",
            de.ACQUIRER: _ACQUIRER,
            de.RRN: f"{request.stan:012d}",
            de.TERMINAL: self._terminal,
            de.MERCHANT: self._merchant,
            de.CURRENCY: f"{request.currency:03d}",
        }

    def _now(self) -> dict[int, Value]:
        now = datetime.fromtimestamp(self._clock.now_ns() // NANOSECONDS_PER_SECOND, UTC)
        return {de.TRANSMITTED_AT: now.strftime("%m%d%H%M%S"), de.STAN: "000000"}

    def _send(self, message: Message) -> None:
        sealed = seal(message, ASCII, bytes.fromhex(TEST_KEY), MacAlgorithm.CMAC)
        self._out += frame(sealed, Header.BINARY)


def _number(code: str) -> int:
    """Return a bank's code as terminals say it; letters are a malfunction."""
    return int(code) if code.isascii() and code.isdecimal() else 96
