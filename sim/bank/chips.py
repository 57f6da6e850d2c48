"""What a chip said, checked by whoever issued it: cryptograms of payment cards, orders of passbooks.

    field 55    data of a payment card: its cryptogram is over this payment and by this card, its counter is
                new; the answer carries the issuer's proof for the card
    field 120   a passbook's order, signature and certificate, in hexadecimal: account, payee, amount and
                currency are the message's, its counter is new

Without them nothing is checked: a stripe has neither. A question to the issuer (ARQC) must come in the order of the
card's counter; what a card approved by itself (TC) may come late, each once. Source: protocols.emv.issuer,
protocols.passbook.order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from protocols.emv.bits import Kind
from protocols.emv.cryptograms import Cvr
from protocols.emv.issuer import Examined, Field55Error, decode_field_55, examine, respond
from protocols.emv.keys import CardKeys
from protocols.iso8583 import elements as de
from protocols.iso8583.field import Value
from protocols.iso8583.message import Message
from protocols.iso8583.response import Response
from protocols.passbook.order import SIGNED_BYTES, Flaw, Holder, Order, verify
from protocols.ports import NANOSECONDS_PER_SECOND
from protocols.purse.suite import P256
from sim.bank.books import Books
from sim.cards.emv_issue import TEST_MASTERS
from sim.cards.passbook_issue import ISSUER_KEYS

_WON: Final = 410
_NOT_THE_HOLDER: Final = Cvr.PIN_FAILED | Cvr.PIN_TRIES_EXCEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipKeys:
    """What cards of the virtual issuers are checked with."""

    masters: CardKeys = TEST_MASTERS
    passbooks: Mapping[int, bytes] = field(default_factory=lambda: ISSUER_KEYS)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it."""

    wrong: Response | None = None
    holder_known: bool = False
    """The chip has compared the holder's PIN itself, and vouches for it."""
    answer: tuple[Mapping[int, bytes], Examined, int] | None = field(default=None, repr=False)
    """What the issuer's proof is made of."""


class Chips:
    """Checks for one market's issuers; remembers every counter in the books."""

    def __init__(self, books: Books, keys: ChipKeys | None = None) -> None:
        self._books = books
        self._keys = keys or ChipKeys()

    def check(self, message: Message, pan: str, now_ns: int) -> Checked:
        """Check what a chip said, if one did; its counter is used with that."""
        if de.ICC in message:
            return self._cryptogram(message, pan)
        if de.PASSBOOK_ORDER in message:
            return self._order(message, now_ns)
        return Checked()

    def answer(self, checked: Checked, pan: str, *, approve: bool) -> dict[int, Value]:
        """Return what the card gets: its issuer's proof, where it has asked for one."""
        if checked.answer is None:
            return {}
        asked, said, sequence = checked.answer
        if said.kind is not Kind.ARQC:
            return {}
        proof = respond(
            self._keys.masters, asked, said, pan=pan, sequence=sequence, approve=approve
        )
        return {de.ICC: proof}

    def _cryptogram(self, message: Message, pan: str) -> Checked:
        number = message.text(de.PAN_SEQUENCE) or "0"
        try:
            asked = decode_field_55(message.octets(de.ICC))
            sequence = int(number)
        except (Field55Error, ValueError):
            return Checked(Response.FORMAT)
        if sequence > 99:
            return Checked(Response.FORMAT)
        said = examine(self._keys.masters, asked, pan=pan, sequence=sequence)
        if said is None:
            return Checked(Response.FORMAT)
        amount = asked[_AMOUNT].hex()
        if not said.genuine or said.kind is Kind.AAC or amount != message.text(de.AMOUNT):
            return Checked(Response.REFUSED)
        known = Cvr.PIN_VERIFIED in said.results
        answer = (asked, said, sequence)
        if not self._is_new(f"{pan}/{sequence}", said.kind.name, said.counter):
            return Checked(Response.REFUSED, known, answer)
        for_us = de.PIN_BLOCK in message or de.PIN_DATA in message
        if said.results & _NOT_THE_HOLDER and not known and not for_us:
            # Its PIN was tried in vain, there or before, and we were given none to check.
            return Checked(Response.PIN_TRIES, known, answer)
        return Checked(None, known, answer)

    def _order(self, message: Message, now_ns: int) -> Checked:
        today = datetime.fromtimestamp(now_ns / NANOSECONDS_PER_SECOND, UTC)
        account = message.text(de.ACCOUNT_FROM)
        try:
            data = bytes.fromhex(message.text(de.PASSBOOK_ORDER))
        except ValueError:
            return Checked(Response.FORMAT)
        found = verify(
            data[:SIGNED_BYTES],
            data[SIGNED_BYTES:],
            issuer_keys=dict(self._keys.passbooks),
            last_counter=self._books.counter(account, "order"),
            today=int(today.strftime("%Y%m%d")),
            suite=P256(),
        )
        if isinstance(found, Flaw):
            wrong = {Flaw.MALFORMED: Response.FORMAT, Flaw.EXPIRED: Response.EXPIRED}
            return Checked(wrong.get(found, Response.REFUSED))
        if not _same(found, message):
            return Checked(Response.REFUSED)
        self._books.count(account, "order", found.counter)
        return Checked(holder_known=found.holder is Holder.CARD)

    def _is_new(self, who: str, kind: str, counter: int) -> bool:
        """Say whether this counter may come now, and remember it."""
        last = self._books.counter(who, kind)
        if kind == Kind.ARQC.name:
            new = counter > last
        else:
            new = not self._books.has_counted(who, kind, counter)
        if new:
            self._books.count(who, kind, counter)
        return new


_AMOUNT: Final = 0x9F02


def _same(order: Order, message: Message) -> bool:
    payee = message.text(de.ACCOUNT_TO)
    return (
        order.account == message.text(de.ACCOUNT_FROM)
        and order.amount == int(message.text(de.AMOUNT))
        and order.currency == _WON
        and (not payee or order.payee == payee)
    )
