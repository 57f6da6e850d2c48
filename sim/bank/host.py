"""One bank's host: each message in, its answer out; everything that it says is in the books before.

    0100        a promise: the amount is held      0400 0420 0421   what it names is undone, once
    0200        paid at once, or refunded          0500             a shop's totals beside the bank's
    0220        a promise paid, or a sale made     0800             sign on, sign off, echo
                offline

The same request again gets the same answer. A reversal that comes before what it is about forestalls it.
"""

from datetime import UTC, datetime
from typing import Final

from protocols.iso8583 import elements as de
from protocols.iso8583 import mti
from protocols.iso8583.field import Value
from protocols.iso8583.message import MalformedError, Message
from protocols.iso8583.original import read_original
from protocols.iso8583.response import Response
from protocols.ports import NANOSECONDS_PER_SECOND, Clock
from sim.bank.books import Books, Exchange, Totals, name_of, packed
from sim.bank.cards import BALANCE, GOODS, REFUND, TRANSFER, Desk, Payer
from sim.bank.chips import Checked
from sim.bank.pins import PinKeys

SIGN_ON: Final = "001"
SIGN_OFF: Final = "002"
ECHO: Final = "301"
_ECHOED: Final = (
    de.PROCESSING_CODE,
    de.AMOUNT,
    de.TRANSMITTED_AT,
    de.STAN,
    de.LOCAL_TIME,
    de.LOCAL_DATE,
    de.ACQUIRER,
    de.RRN,
    de.TERMINAL,
    de.MERCHANT,
    de.CURRENCY,
    de.NETWORK_CODE,
)
_NEEDED: Final = (de.PROCESSING_CODE, de.AMOUNT, de.TRANSMITTED_AT, de.STAN, de.TERMINAL,
                  de.MERCHANT, de.CURRENCY)  # fmt: skip
_TOTALS: Final = (
    de.CREDITS_NUMBER,
    de.CREDITS_REVERSAL_NUMBER,
    de.DEBITS_NUMBER,
    de.DEBITS_REVERSAL_NUMBER,
    de.CREDITS_AMOUNT,
    de.CREDITS_REVERSAL_AMOUNT,
    de.DEBITS_AMOUNT,
    de.DEBITS_REVERSAL_AMOUNT,
)
_NUMBERS: Final = {"410": "KRW", "840": "USD", "978": "EUR", "392": "JPY"}


class Host:
    """A bank, as whoever is connected to it sees it."""

    def __init__(self, bank: str, *, books: Books, keys: PinKeys, clock: Clock) -> None:
        self.bank = bank
        self.books = books
        self.away: set[str] = set()
        """Banks and issuers that cannot be asked now."""
        self.declines: list[str] = []
        """Codes for the next requests, whatever would be right."""
        self._desk = Desk(books, keys)
        self._clock = clock

    def answer(self, message: Message) -> Message | None:
        """Return the answer, durable; None for what nobody answers."""
        if mti.is_answer(message.mti) or not mti.is_known(message.mti):
            return None
        with self.books.writing():
            match mti.first_of(message.mti):
                case mti.NETWORK:
                    return _answer(message, Response.APPROVED)
                case mti.REVERSAL | mti.REVERSAL_REQUEST:
                    return self._undo(message)
                case mti.RECONCILIATION:
                    return self._reconcile(message)
                case _:
                    return self._financial(message)

    # Money

    def _financial(self, message: Message) -> Message:
        known = self.books.exchange(self.bank, name_of(message))
        if known is not None:
            forestalled = known.state == "forestalled"
            return _answer(message, Response.DUPLICATE) if forestalled else known.message()
        if any(number not in message for number in _NEEDED):
            return _answer(message, Response.FORMAT)
        payer = self._desk.payer(message)
        pan = payer.pan if payer else ""
        chip = self._desk.chips.check(message, pan, self._clock.now_ns()) if pan else Checked()
        said = self._judged(message, payer, chip)
        proof = self._desk.chips.answer(chip, pan, approve=said == Response.APPROVED)
        answer = _answer(message, said).plus(proof)
        if said == Response.APPROVED:
            answer = answer.plus({de.APPROVAL: self._approval(message)})
        kind = _kind(message) if said == Response.APPROVED else "other"
        if said == Response.APPROVED and payer is not None:
            if message.text(de.PROCESSING_CODE)[:2] == BALANCE:
                answer = answer.plus(
                    {54: f"0002{message.text(de.CURRENCY)}C{payer.available:012d}"}
                )
            else:
                self._move(message, payer, kind)
        state = "approved" if said == Response.APPROVED else "declined"
        self.books.remember(self._exchange(message, answer, kind, state, payer))
        return answer

    def _judged(self, message: Message, payer: Payer | None, chip: Checked) -> str:
        amount, code = int(message.text(de.AMOUNT)), message.text(de.PROCESSING_CODE)[:2]
        if self.declines:
            return self.declines.pop(0)
        if code not in (GOODS, REFUND, BALANCE, TRANSFER):
            return Response.INVALID
        if message.text(de.CURRENCY) != "410":
            return Response.NOT_PERMITTED
        if amount <= 0 and code != BALANCE:
            return Response.BAD_AMOUNT
        if payer is None:
            return Response.UNKNOWN_CARD
        if payer.bank in self.away:
            return Response.ISSUER_AWAY
        promise = self._promise(message)
        if promise is not None:
            return self._completes(promise, amount)
        if de.ORIGINAL in message and code == GOODS:
            return Response.NOT_FOUND
        now_ns = self._clock.now_ns()
        month = datetime.fromtimestamp(now_ns / NANOSECONDS_PER_SECOND, UTC).strftime("%y%m")
        return self._desk.verdict(payer, message, amount, now_ns, month, chip)

    def _promise(self, message: Message) -> Exchange | None:
        """Return the promise that an advice wants paid."""
        if mti.first_of(message.mti) != mti.ADVICE or de.ORIGINAL not in message:
            return None
        found = self._named(message)
        return found if found is not None and found.state == "approved" else None

    @staticmethod
    def _completes(promise: Exchange, amount: int) -> Response:
        if promise.kind != "promise":
            return Response.DUPLICATE
        return Response.APPROVED if amount <= promise.amount else Response.BAD_AMOUNT

    def _move(self, message: Message, payer: Payer, kind: str) -> None:
        if kind == "promise":
            return
        promise = self._promise(message)
        if promise is not None:
            self.books.redeem(promise)
        shop = (self.bank, f"shop/{message.text(de.MERCHANT)}")
        ends = ((payer.bank, payer.account), shop)
        first, second = reversed(ends) if kind == "refund" else ends
        amount, code = int(message.text(de.AMOUNT)), _NUMBERS[message.text(de.CURRENCY)]
        self.books.pay(name_of(message), first, second, amount, code)

    def _approval(self, message: Message) -> str:
        """Return six characters that tell bank and exchange."""
        return f"{self.bank[0].upper()}{int(message.text(de.STAN)) % 100_000:05d}"

    # Undoing

    def _undo(self, message: Message) -> Message:
        try:
            named = self._named(message)
        except MalformedError:
            return _answer(message, Response.FORMAT)
        if named is None:
            self._forestall(message)
            return _answer(message, Response.NOT_FOUND)
        match named.state, named.kind:
            case "approved", "purchase" | "refund":
                shop = (self.bank, f"shop/{named.merchant}")
                ends = (shop, (named.bank, named.account))
                first, second = reversed(ends) if named.kind == "refund" else ends
                txn = f"undo {named.name}"
                self.books.pay(txn, first, second, named.amount, named.currency)
            case "approved", "promise":
                pass
            case "undone", _:
                return _answer(message, Response.APPROVED)
            case "approved", _:
                return _answer(message, Response.INVALID)
            case _:
                return _answer(message, Response.NOT_FOUND)
        self.books.undo(named)
        return _answer(message, Response.APPROVED)

    def _named(self, message: Message) -> Exchange | None:
        """Return what field 90 names. Raises: MalformedError."""
        original = read_original(message.text(de.ORIGINAL))
        return self.books.exchange(self.bank, _name(original.mti, message, original.stan,
                                                    original.transmitted_at))  # fmt: skip

    def _forestall(self, message: Message) -> None:
        original = read_original(message.text(de.ORIGINAL))
        name = _name(original.mti, message, original.stan, original.transmitted_at)
        nothing = _answer(message, Response.DUPLICATE)
        exchange = self._exchange(message, nothing, "other", "forestalled", None)
        self.books.remember(exchange._replace(name=name))

    # The end of the day

    def _reconcile(self, message: Message) -> Message:
        name, merchant = name_of(message), message.text(de.MERCHANT)
        known = self.books.exchange(self.bank, name)
        if known is not None:
            return known.message()
        if message.text(de.CURRENCY) not in _NUMBERS:
            return _answer(message, Response.FORMAT)
        ours = self.books.totals(self.bank, merchant, _NUMBERS[message.text(de.CURRENCY)])
        theirs = Totals(*(int(message.text(number) or "0") for number in _TOTALS))
        agreed = ours == theirs
        answer = _answer(message, Response.APPROVED if agreed else Response.OUT_OF_BALANCE)
        stated: dict[int, Value] = {n: str(v) for n, v in zip(_TOTALS, ours, strict=True)}
        net = f"{'C' if ours.net >= 0 else 'D'}{abs(ours.net):016d}"
        answer = answer.plus({**stated, de.NET: net, de.SETTLEMENT_CODE: "1" if agreed else "2"})
        self.books.remember(self._exchange(message, answer, "other", "approved", None))
        if agreed:
            self.books.close_batch(self.bank, merchant)
        return answer

    def _exchange(
        self, message: Message, answer: Message, kind: str, state: str, payer: Payer | None
    ) -> Exchange:
        money = kind != "other"
        return Exchange(
            id=0,
            host=self.bank,
            name=name_of(message),
            at_ns=self._clock.now_ns(),
            merchant=message.text(de.MERCHANT),
            kind=kind,
            state=state,
            bank=payer.bank if payer else "",
            account=payer.account if payer else "",
            amount=int(message.text(de.AMOUNT)) if money else 0,
            currency=_NUMBERS[message.text(de.CURRENCY)] if money else "",
            answer=packed(answer),
        )


def _kind(message: Message) -> str:
    if message.text(de.PROCESSING_CODE)[:2] == BALANCE:
        return "other"
    if mti.first_of(message.mti) == mti.AUTHORISATION:
        return "promise"
    return "refund" if message.text(de.PROCESSING_CODE)[:2] == REFUND else "purchase"


def _name(kind: str, message: Message, stan: str, transmitted_at: str) -> str:
    return name_of(Message(kind, {**message.only(de.TERMINAL), de.STAN: stan,
                                  de.TRANSMITTED_AT: transmitted_at}))  # fmt: skip


def _answer(message: Message, code: str) -> Message:
    """Return what a message is answered with: what tells it apart, and the code."""
    return Message(
        mti.answer_to(message.mti), {**message.only(*_ECHOED), de.RESPONSE_CODE: str(code)}
    )
