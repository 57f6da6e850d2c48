"""The verdict on one request: whose money it is about, whether its card may, and whether the PIN is right."""

from dataclasses import dataclass
from typing import Final

from protocols.iso8583 import elements as de
from protocols.iso8583.message import MalformedError, Message
from protocols.iso8583.pin import read_pin
from protocols.iso8583.response import Response
from protocols.pin_block import PinBlockError
from protocols.ports import NANOSECONDS_PER_SECOND
from sim.bank.books import Books
from sim.bank.chips import Checked, Chips
from sim.bank.people import AccountWish, CardWish
from sim.bank.pins import PinKeys
from sim.bank.rules import Use, judge

PIN_TRIES: Final = 3
DAY_NS: Final = 86_400 * NANOSECONDS_PER_SECOND
GOODS: Final = "00"
REFUND: Final = "20"
BALANCE: Final = "31"
TRANSFER: Final = "40"
"""The first two digits of field 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Whose money a request is about."""

    bank: str
    account: str
    """In the bank's books: deposit/NUMBER or card/PAN."""
    pan: str
    """What a PIN block is bound to, and wrong PINs are counted under."""
    card: CardWish
    available: int


class Desk:
    """Judges requests, for the bank or issuer whose customer it is."""

    def __init__(self, books: Books, keys: PinKeys) -> None:
        self._books = books
        self._keys = keys
        self.chips = Chips(books)

    def payer(self, message: Message) -> Payer | None:
        """Return whose money a request is about; None where nobody knows card or account."""
        people = self._books.people
        currency = "KRW"
        if message.text(de.PROCESSING_CODE)[:2] == TRANSFER or _of_account(message):
            number = message.text(de.ACCOUNT_FROM)
            account = people.accounts.get(number)
            if account is None:
                return None
            card = _passbook(account)
            return self._payer(people.bank_of_account(number), number, number, card, currency)
        pan = message.text(de.PAN) or message.text(de.TRACK_2).partition("=")[0]
        known = people.cards.get(pan)
        if known is None:
            return None
        return self._payer(people.bank_of_card(pan), known.account, pan, known, currency)

    def _payer(self, bank: str, number: str, pan: str, card: CardWish, currency: str) -> Payer:
        account = f"deposit/{number}" if number else f"card/{pan}"
        held = self._books.promised(account, currency)
        left = self._books.balance(bank, account, currency) + card.credit - held
        return Payer(bank=bank, account=account, pan=pan, card=card, available=left)

    def verdict(
        self, payer: Payer, message: Message, amount: int, now_ns: int, month: str, chip: Checked
    ) -> Response:
        """Return the answer; a wrong PIN is counted, a right one ends the count."""
        if chip.wrong is not None:
            return chip.wrong
        try:
            pin = read_pin(message)
        except MalformedError:
            return Response.FORMAT
        books, refund = self._books, message.text(de.PROCESSING_CODE)[:2] == REFUND
        spent, count = books.spent_since(payer.account, "KRW", now_ns - DAY_NS)
        status = books.status(payer.pan) if payer.pan in books.people.cards else "good"
        use = Use(
            amount=amount,
            month=month,
            refund=refund,
            status=status,
            expiry=message.text(de.EXPIRY),
            with_pin=pin is not None or chip.holder_known,
            wrong_pins=books.wrong_pins(payer.pan),
            pin_tries=PIN_TRIES,
            spent=spent,
            count=count,
            available=payer.available,
        )
        said = judge(payer.card, use)
        # Whoever guesses learns no more from a poor account than from a rich one: the PIN comes first.
        if pin is None or said not in (
            Response.APPROVED,
            Response.FUNDS,
            Response.LIMIT,
            Response.TOO_OFTEN,
        ):
            return said
        try:
            right = self._keys.open(pin, payer.pan) == payer.card.pin
        except PinBlockError:
            right = False
        books.count_pin(payer.pan, wrong=not right)
        if right:
            return said
        gone = books.wrong_pins(payer.pan) >= PIN_TRIES
        return Response.PIN_TRIES if gone else Response.WRONG_PIN


def _of_account(message: Message) -> bool:
    """Say whether a request is about an account without a card, as a refund of a transfer is."""
    return de.ACCOUNT_FROM in message and de.PAN not in message and de.TRACK_2 not in message


def _passbook(account: AccountWish) -> CardWish:
    """Return an account as its passbook card: it never expires and always wants its PIN."""
    return CardWish(expiry="9912", pin=account.pin, account="-", pin_needed=True)
