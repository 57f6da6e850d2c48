"""All banks of the broker: which one is asked, and how an exchange with it becomes an outcome.

authorise   0200, or 0100 for a promise          void      0420 on what was approved
capture     0220 on a promise                    refund    all of it, and the totals still open: 0420, so that
                                                           nothing was paid; else 0200, processing code 20
inquire     what is durable; asks no bank: a bank cannot be asked, only told to undo

exchange    approved   declined   open, reversing   reversed    advising    none
outcome     Approved   Declined   Unknown           Declined    Pending     NotSent
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ips.bank import records
from ips.bank.codes import NO_ANSWER, NOT_REACHED, REVERSAL_WAITS, REVERSED, message_of
from ips.bank.exchanges import OFFLINE, UNASKED, Ask, rrn_of
from ips.bank.line import CLEAR_SECONDS, BankLine, Done, NotReached
from ips.bank.records import ExchangeRow
from ips.bank.requests import REFUND_CODE, about, kind_of, new_message
from ips.bank.wiring import BankConfig, bank_for
from ips.received import Asks
from ips.spi import BankRequest, Operation, Order
from protocols.card_number import mask_of
from protocols.iso8583 import elements as de
from protocols.iso8583 import mti
from protocols.iso8583.message import Message
from protocols.money import Money, currency
from protocols.outcome import Approved, Declined, NotSent, Outcome, Pending, Unknown
from protocols.ports import NANOSECONDS_PER_SECOND, Clock

OPEN_SECONDS: Final = 86_400
"""How long an advice may take before somebody is asked about it."""
_VOIDED: Final = "void "
"""Why a payment is undone, before the key that wants all of it back."""
MARGIN_NS: Final = NANOSECONDS_PER_SECOND
"""Between our giving up and the broker's: an exchange that ends unanswered is entered as that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A shop's totals at a bank: in the order of fields 74 to 77 and 86 to 89."""

    bank: str
    merchant: str
    agreed: bool
    ours: tuple[int, ...]
    theirs: tuple[int, ...]
    """Nothing where the bank has not answered yet."""
    waits: str = ""
    """Why it was not asked, or has not answered."""


class BankDesk:
    """Asks banks for payment modules. One per broker."""

    def __init__(
        self, lines: Mapping[str, BankLine], configs: Mapping[str, BankConfig], clock: Clock
    ) -> None:
        self.lines = lines
        self._configs = configs
        self._clock = clock

    async def run(self) -> None:
        """Keep every line open, until cancelled."""
        await asyncio.gather(*(line.run() for line in self.lines.values()))

    async def perform(
        self, order: Order, request: BankRequest | None, *, deadline_ns: int
    ) -> Outcome:
        """Do what an order asks, once a key. `request` goes with AUTHORISE only."""
        deadline_ns -= MARGIN_NS
        match order.operation:
            case Operation.AUTHORISE if request is not None:
                return await self._authorise(order, request, deadline_ns)
            case Operation.CAPTURE:
                return await self._capture(order, deadline_ns)
            case Operation.VOID:
                return await self._void(order, deadline_ns)
            case Operation.REFUND:
                return await self._refund(order, deadline_ns)
            case Operation.INQUIRE:
                return self._inquire(order)
            case _:
                return Declined(code="PAY-04", reason=f"no bank is asked to {order.operation}")

    def told(self, key: str) -> dict[str, str]:
        """Return what is known of a key's exchange, for whoever asks later: as durable."""
        found = self._find(key)
        return {} if found is None else self._told(found[1])

    async def settle(self, bank: str, merchant: str, terminal: str, code: str) -> Settled:
        """Compare a shop's totals with the bank's, and wait a little for its answer."""
        line = self.lines[bank]
        asked = await line.exchanges.ask_settlement(bank, merchant, terminal, code)
        line.look_after()
        for _ in range(100):
            row = records.last_settlement(line.exchanges.reader, bank, merchant)
            if row is not None and row.state != "asked":
                break
            await asyncio.sleep(CLEAR_SECONDS / 100)
        row = records.last_settlement(line.exchanges.reader, bank, merchant)
        if row is None or (not asked and row.state != "asked"):
            waits = "a reversal or an advice is still to be told to the bank"
            return Settled(
                bank=bank, merchant=merchant, agreed=False, ours=(), theirs=(), waits=waits
            )
        return Settled(
            bank=bank,
            merchant=merchant,
            agreed=row.state == "agreed",
            ours=_sums(row.ours),
            theirs=_sums(row.theirs),
            waits="the bank has not answered yet" if row.state == "asked" else "",
        )

    # Each operation

    async def _authorise(self, order: Order, request: BankRequest, deadline_ns: int) -> Outcome:
        known = self._find(order.key)
        if known is not None:
            return self._outcome(known[1])
        name = self._bank_of(request)
        line = self.lines.get(name)
        if line is None:
            reason = f"no bank of this broker takes {request.among} like this one"
            return NotSent(code=NOT_REACHED, reason=reason)
        acquirer = self._configs[name].acquirer
        message = new_message(order, request.fields, kind=kind_of(request), acquirer=acquirer)
        ask = _ask(order, name, message, promise=request.promise)
        done = await line.ask(ask, deadline_ns=deadline_ns)
        if isinstance(done, NotReached):
            return await self._offline(line, ask, request) or _not_reached(name, done)
        return self._outcome(done.row, done.answer)

    async def _offline(self, line: BankLine, ask: Ask, request: BankRequest) -> Outcome | None:
        """Approve without the bank, where the shop's policy lets us; None where it does not."""
        policy = self._configs[line.name].offline
        if not request.offline or request.promise:
            return None
        now_ns = self._clock.now_ns()

        def admits(store: Asks) -> bool:
            waiting = records.offline(store, line.name)
            return policy.allows(ask.amount, waiting=waiting, now_ns=now_ns)

        told = Ask(
            key=ask.key,
            bank=ask.bank,
            operation=ask.operation,
            payment=ask.payment,
            merchant=ask.merchant,
            amount=ask.amount,
            currency=ask.currency,
            message=ask.message.typed(mti.ADVICE),
        )
        begun = await line.exchanges.begin(told, "advising", OFFLINE, admits)
        if begun is None:
            return None
        line.look_after()
        return self._outcome(begun[0])

    async def _capture(self, order: Order, deadline_ns: int) -> Outcome:
        found = self._find(order.payment)
        if found is None:
            return _nothing(order.payment)
        line, promise = found
        known = line.exchanges.find(order.key)
        if known is None:
            if promise.operation != "promise" or promise.state != "approved":
                return Declined(code="PAY-04", reason="nothing is promised under this key")
            before = line.exchanges.message(promise)
            message = about(
                order, before, kind=mti.ADVICE, code=before.text(de.PROCESSING_CODE), named=True
            )
            begun = await line.exchanges.begin(_ask(order, line.name, message), "advising")
            assert begun is not None
            known = begun[0]
        return self._outcome(await line.watch(known, deadline_ns=deadline_ns))

    async def _void(self, order: Order, deadline_ns: int) -> Outcome:
        found = self._find(order.payment)
        if found is None:
            return _nothing(order.payment)
        line, row = found

        def admits(store: Asks) -> bool:
            return not records.refunded(store, row.payment)

        if not admits(line.exchanges.reader):
            return Declined(code="PAY-12", reason="a part of it has gone back already")
        if row.state == "approved":
            row = await line.give_back(row.key, "void", deadline_ns=deadline_ns, admits=admits)
        elif row.state == "reversing":
            row = await line.watch(row, deadline_ns=deadline_ns)
        match row.state:
            case "reversed":
                return Approved(amount=order.amount, reference=row.approval)
            case "declined":
                return Declined(code=message_of(row.code), reason=f"bank code {row.code}")
            case _:
                return Unknown(case_id=order.key, reason="the bank has not accepted it yet")

    async def _refund(self, order: Order, deadline_ns: int) -> Outcome:
        known = self._find(order.key)
        if known is not None:
            return self._outcome(known[1])
        found = self._find(order.payment)
        if found is None:
            return _nothing(order.payment)
        line, row = found
        if _is_voided_by(row, order.key):
            return _voided(order, await line.watch(row, deadline_ns=deadline_ns))
        amount = order.amount.minor

        def admits(store: Asks) -> bool:
            return amount <= records.left(store, row.payment)

        if not admits(line.exchanges.reader):
            return _spent(row, line)
        before = line.exchanges.message(row)
        message = about(order, before, kind=mti.PURCHASE, code=REFUND_CODE, named=False)
        ask = _ask(order, line.name, message)
        if records.is_whole(line.exchanges.reader, row, amount):
            unreached = await line.reach()
            if unreached is not None:
                return await self._unasked(line, ask, unreached, final=order.final)
            row = await self._undo(line, row, order, deadline_ns)
            if _is_voided_by(row, order.key):
                return _voided(order, row)
        done = await line.ask(ask, deadline_ns=deadline_ns, admits=admits)
        if isinstance(done, Done):
            return self._outcome(done.row)
        if done is NotReached.REFUSED:
            return _spent(row, line)
        return await self._unasked(line, ask, done, final=order.final)

    async def _undo(
        self, line: BankLine, row: ExchangeRow, order: Order, deadline_ns: int
    ) -> ExchangeRow:
        """Undo a payment whole, unless some of it has gone back meanwhile or the shop's day was settled."""

        def admits(store: Asks) -> bool:
            asked = records.find(store, order.key)
            return asked is None and records.is_whole(store, row, order.amount.minor)

        why = f"{_VOIDED}{order.key}"
        return await line.give_back(row.key, why, deadline_ns=deadline_ns, admits=admits)

    async def _unasked(self, line: BankLine, ask: Ask, why: NotReached, *, final: bool) -> Outcome:
        """Say that nothing was asked; a `final` key is entered as one that never will be."""
        if not final:
            return _not_reached(line.name, why)

        def admits(store: Asks) -> bool:
            row = records.find(store, ask.payment)
            return row is None or not _is_voided_by(row, ask.key)

        begun = await line.exchanges.begin(ask, "declined", UNASKED, admits)
        if begun is None:
            # The same request, come a second time, has found the bank meanwhile.
            return Unknown(case_id=ask.key, reason="it is being undone", code=NO_ANSWER)
        return _not_reached(line.name, why) if begun[0].why == UNASKED else self._outcome(begun[0])

    def _inquire(self, order: Order) -> Outcome:
        found = self._find(order.key)
        if found is not None:
            return self._outcome(found[1])
        about_it = self._find(order.payment)
        if about_it is not None and _is_voided_by(about_it[1], order.key):
            return _voided(order, about_it[1])
        return _nothing(order.key)

    # Exchanges and outcomes

    def _bank_of(self, request: BankRequest) -> str:
        banks = {
            name: config.cards if request.among == "cards" else config.accounts
            for name, config in self._configs.items()
        }
        return bank_for(request.number, banks)

    def _find(self, key: str) -> tuple[BankLine, ExchangeRow] | None:
        for line in self.lines.values():
            row = line.exchanges.find(key)
            if row is not None and row.bank in self.lines:
                return self.lines[row.bank], row
        return None

    def _outcome(self, row: ExchangeRow, answer: Message | None = None) -> Outcome:
        told = self._told(row, answer)
        amount = Money(row.amount, currency(row.currency))
        match row.state:
            case "approved":
                return Approved(amount=amount, reference=row.approval, told=told)
            case "declined" if row.why == UNASKED:
                return NotSent(code=NOT_REACHED, reason="the bank was not asked, nor will be")
            case "declined":
                reason = f"bank code {row.code}"
                return Declined(code=message_of(row.code), reason=reason, told=told)
            case "reversed":
                return Declined(code=REVERSED, reason=f"undone at the bank: {row.why}")
            case "advising" if row.why == OFFLINE:
                return Approved(amount=amount, reference=f"OFF{row.id % 1_000:03d}")
            case "advising":
                until_ns = row.at_ns + OPEN_SECONDS * NANOSECONDS_PER_SECOND
                return Pending(reference="", until_ns=until_ns)
            case _:
                reason = "the bank has not answered; it is told to undo it"
                return Unknown(case_id=row.key, reason=reason, code=NO_ANSWER)

    def _told(self, row: ExchangeRow, answer: Message | None = None) -> dict[str, str]:
        """Return what a slip says of an exchange, and while its answer is here, the issuer's word to the chip."""
        if row.state not in ("approved", "declined") or row.why == UNASKED:
            return {}
        told = {"code": row.code, "rrn": rrn_of(row), "bank": row.bank}
        told["number"] = mask_of(_number(self.lines[row.bank].exchanges.message(row)))
        if answer is not None and answer.octets(de.ICC):
            told["icc"] = answer.octets(de.ICC).hex().upper()
        return told


def _number(asked: Message) -> str:
    """Return whose money a bank was asked for: a card's number or an account's."""
    track = asked.text(de.TRACK_2).partition("=")[0]
    return asked.text(de.ACCOUNT_FROM) or asked.text(de.PAN) or track


def _ask(order: Order, bank: str, message: Message, *, promise: bool = False) -> Ask:
    return Ask(
        key=order.key,
        bank=bank,
        operation=order.operation,
        payment=order.payment or order.key,
        merchant=order.store,
        amount=order.amount.minor,
        currency=order.amount.currency.code,
        message=message,
        promise=promise,
    )


def _is_voided_by(row: ExchangeRow, key: str) -> bool:
    """Tell whether a payment is undone, or is being undone, because this key wants all of it back."""
    return row.why == f"{_VOIDED}{key}" and row.state in ("reversing", "reversed")


def _voided(order: Order, row: ExchangeRow) -> Outcome:
    """Return what became of giving all of a payment back by undoing it."""
    if row.state == "reversed":
        told = {"rrn": rrn_of(row), "bank": row.bank}
        return Approved(amount=order.amount, reference=row.approval, told=told)
    reason = "the bank has not accepted it yet; it is told until it has"
    return Unknown(case_id=order.key, reason=reason, code=NO_ANSWER)


def _spent(row: ExchangeRow, line: BankLine) -> Declined:
    left = records.left(line.exchanges.reader, row.payment)
    return Declined(code="PAY-12", reason=f"{left} is left of what was paid")


def _nothing(key: str) -> NotSent:
    return NotSent(code="PAY-09", reason=f"no bank was asked under {key}")


def _not_reached(bank: str, why: NotReached) -> NotSent:
    if why is NotReached.REVERSALS:
        reason = f"{bank} has to accept a reversal first"
        return NotSent(code=REVERSAL_WAITS, reason=reason)
    return NotSent(code=NOT_REACHED, reason=f"{bank} cannot be reached")


def _sums(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(",") if each)
