"""A virtual payment terminal's line to its bank: ISO 8583, one request at a time, undone where nobody answers.

    sign on -> ready -> 0200 -> its answer, or ANSWER_NS of silence -> 0420, again until it is accepted
                     -> 0500 when a day has ended, 0501 again until the bank has said whether it agrees

A request stands in the terminal's memory before it leaves; whoever takes its answer takes it out again, together
with what came of it. What stands there without a question under way, after silence or a power cut, is undone
before anything else is asked; then the totals are compared, since what is asked later is of another day.
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
from sim.payment_terminal_journal import Comparison, Journal, Request, net_of

ANSWER_NS: Final = 20 * NANOSECONDS_PER_SECOND
"""Longest wait for the bank's answer."""
AGAIN_NS: Final = 10 * NANOSECONDS_PER_SECOND
"""How long after an undoing that was not accepted it is said again."""
_ACQUIRER: Final = "12345"
_PROCESSING: Final = {"payment": "000000", "refund": "200000"}
_ACCEPTED: Final = (Response.APPROVED.value, Response.NOT_FOUND.value)
_COMPARED: Final = (Response.APPROVED.value, Response.OUT_OF_BALANCE.value)
_TOTALS: Final = (
    de.CREDITS_NUMBER, de.CREDITS_REVERSAL_NUMBER, de.DEBITS_NUMBER, de.DEBITS_REVERSAL_NUMBER,
    de.CREDITS_AMOUNT, de.CREDITS_REVERSAL_AMOUNT, de.DEBITS_AMOUNT, de.DEBITS_REVERSAL_AMOUNT,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decided:
    """The bank has answered a request; 0 is approved."""

    code: int
    approval: str
    request: Request


@dataclass(frozen=True, slots=True)
class Undecided:
    """It has not, and its request is being undone."""


@dataclass(frozen=True, slots=True)
class Compared:
    """It has said whether its totals are ours; that is written."""

    comparison: Comparison


BankEvent = Decided | Undecided | Compared


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
        self._comparing: Comparison | None = None
        self._due_ns: int | None = None

    @property
    def signed_on(self) -> bool:
        """Say whether the bank hears us."""
        return self._signed_on

    @property
    def ready(self) -> bool:
        """Say whether a request may be asked: signed on, nothing is left to be undone or compared."""
        free = self._asked is None and not self._journal.comparing
        return self._signed_on and free and not self._journal.requests()

    @property
    def deadline_ns(self) -> int | None:
        """When silence means something."""
        return self._due_ns

    def opened(self, now_ns: int) -> None:
        """Sign on."""
        self._forget()
        self._open = True
        self._sign_on()

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
            request = Request(stan=self._journal.next_trace(), at=self._now(), kind=kind,
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
            self._next(now_ns)
        return events

    def tick(self, now_ns: int) -> list[BankEvent]:
        """Give up waiting for an answer, or say an undoing or the totals again."""
        if self._due_ns is None or now_ns < self._due_ns:
            return []
        self._due_ns = None
        events: list[BankEvent] = [] if self._asked is None else [Undecided()]
        self._asked = self._undoing = self._comparing = None
        self._next(now_ns)
        return events

    def look(self, now_ns: int) -> None:
        """Begin to undo and to compare what stands in memory, if the line is there."""
        self._next(now_ns)

    def _heed(self, message: Message, now_ns: int) -> list[BankEvent]:
        code = message.text(de.RESPONSE_CODE)
        approved = code == Response.APPROVED.value
        if message.mti == mti.answer_to(mti.NETWORK):
            self._signed_on = approved
            return []
        if code == Response.MALFUNCTION.value:
            # It may have been switched off and on behind its line.
            self._signed_on = False
            self._sign_on()
        heard = (message.mti, message.text(de.STAN))
        if self._asked is not None and heard == _answer(mti.PURCHASE, self._asked.stan):
            request, self._asked, self._due_ns = self._asked, None, None
            return [Decided(0 if approved else _number(code), message.text(de.APPROVAL), request)]
        if self._undoing is not None and heard == _answer(mti.REVERSAL, self._undoing.stan):
            if code in _ACCEPTED:
                with self._journal.writing():
                    (self._journal.undone if approved else self._journal.drop)(self._undoing)
                self._undoing = self._due_ns = None
        elif (
            self._comparing is not None
            and heard == _answer(mti.RECONCILIATION, self._comparing.stan)
            and code in _COMPARED
        ):
            return [self._compared(message, agreed=approved)]
        return []

    def _compared(self, message: Message, *, agreed: bool) -> Compared:
        theirs = tuple(int(message.text(number) or "0") for number in _TOTALS)
        with self._journal.writing():
            self._journal.end_comparison(theirs, agreed=agreed)
        self._comparing = self._due_ns = None
        made = self._journal.comparison()
        assert made is not None, "it was just compared"
        return Compared(made)

    def _next(self, now_ns: int) -> None:
        """Undo the oldest request that nobody asks about any more; then compare the totals of an ended day."""
        busy = self._asked or self._undoing or self._comparing
        if not self._signed_on or busy is not None:
            return
        left = self._journal.requests()
        if left:
            self._undo(left[0])
        elif self._journal.comparing:
            self._compare()
        else:
            return
        self._due_ns = now_ns + AGAIN_NS

    def _undo(self, request: Request) -> None:
        self._undoing = request
        original = Original(
            mti=mti.PURCHASE,
            stan=f"{request.stan:06d}",
            transmitted_at=request.at,
            acquirer=_ACQUIRER,
        )
        fields = {**self._fields(request), de.PROCESSING_CODE: _PROCESSING[request.kind]}
        self._send(Message(mti.REVERSAL, {**fields, de.ORIGINAL: original.digits()}))

    def _compare(self) -> None:
        """Say the totals; the same ones under the same number until the bank has heard them."""
        made = self._journal.comparison()
        again = made is not None and made.state == "asked"
        if made is None or not again:
            with self._journal.writing():
                made = self._journal.begin_comparison(self._now())
        self._comparing, net = made, net_of(made.ours)
        given: dict[int, Value] = {
            number: str(each) for number, each in zip(_TOTALS, made.ours, strict=True)
        }
        self._send(
            Message(
                mti.repeat_of(mti.RECONCILIATION) if again else mti.RECONCILIATION,
                {
                    **given,
                    de.TRANSMITTED_AT: made.at,
                    de.STAN: f"{made.stan:06d}",
                    de.TERMINAL: self._terminal,
                    de.MERCHANT: self._merchant,
                    de.CURRENCY: f"{self._journal.counter('currency'):03d}",
                    de.NET: f"{'C' if net >= 0 else 'D'}{abs(net):016d}",
                },
            )
        )

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

    def _now(self) -> str:
        now = datetime.fromtimestamp(self._clock.now_ns() // NANOSECONDS_PER_SECOND, UTC)
        return now.strftime("%m%d%H%M%S")

    def _sign_on(self) -> None:
        fields: dict[int, Value] = {de.TRANSMITTED_AT: self._now(), de.STAN: "000000"}
        self._send(Message(mti.NETWORK, {**fields, de.NETWORK_CODE: SIGN_ON}))

    def _send(self, message: Message) -> None:
        sealed = seal(message, ASCII, bytes.fromhex(TEST_KEY), MacAlgorithm.CMAC)
        self._out += frame(sealed, Header.BINARY)


def _answer(question: str, stan: int) -> tuple[str, str]:
    """Return type and number of what answers a question."""
    return mti.answer_to(question), f"{stan:06d}"


def _number(code: str) -> int:
    """Return a bank's code as terminals say it; letters are a malfunction."""
    return int(code) if code.isascii() and code.isdecimal() else 96
