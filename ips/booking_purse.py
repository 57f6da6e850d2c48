"""Books e-cash that moved between two purses: where a terminal's own value went, and the float.

    consumer -> merchant    purse/merchant/NAME <- clearing/purse       the sale takes it from there
    merchant -> consumer    clearing/purse <- purse/merchant/NAME       a refund put it there
    merchant -> merchant    purse/merchant/TO <- purse/merchant/FROM    a courier hands over
    issuer   -> anybody     bank/e-cash, or the purse <- float-issued   load: the issuer owes it now
    anybody  -> issuer      float-issued <- bank/e-cash, or the purse   deposit: it owes it no more

Cash that a customer pays for a load is in the till and not in the bank: till <- bank/e-cash
(ips.booking_shifts).

One transfer is booked once, by its payment details, whoever reports it and how often. The float is
the value outside the issuer's own purses (tellers, originators). Source: purse.md 1.6, 2.3 M9;
broker.md 4.2.
"""

from enum import Enum
from typing import Final

from ips.entry import Entry
from ips.splits import segment
from protocols.facts import PurseMoved
from protocols.money import CURRENCIES
from protocols.purse.details import PaymentDetails, PurseClass, decode_details

FLOAT: Final = "float-issued"
"""What the issuer owes to those who hold its value."""
RESERVE: Final = "bank/e-cash"
"""The money that was paid for that value."""
_LETTERS: Final = {each.number: each.code for each in CURRENCIES.values()}


class Holder(Enum):
    """Whose a purse is, as far as the books are concerned."""

    CUSTOMER = "customer"
    SHOP = "shop"
    ISSUER = "issuer"


_HOLDERS: Final = {
    PurseClass.CONSUMER: Holder.CUSTOMER,
    PurseClass.MERCHANT: Holder.SHOP,
    PurseClass.COURIER: Holder.SHOP,
    PurseClass.TELLER: Holder.ISSUER,
    PurseClass.ORIGINATOR: Holder.ISSUER,
}


def purse_moved(entry: Entry, fact: PurseMoved) -> None:
    """Book a transfer; one that was booked before changes nothing."""
    details = decode_details(fact.details)
    about = details.payer.hex()
    if details.payer == details.payee or not details.value:
        entry.ask("purse-details", about=about, amount=details.value)
        return
    if _LETTERS.get(details.currency) != entry.occasion.currency:
        entry.ask("unknown-currency", about=about, detail=str(details.currency))
        return
    if entry.books.purse_moved(fact.details):
        return
    entry.booking.moved.append(fact)
    debit, credit = _accounts(entry, details, fact)
    if debit != credit:
        entry.move(debit, credit, details.value, "e-cash")


def shop_purse(name: bytes) -> str:
    """Return the account of the value in a shop's purse."""
    return f"purse/merchant/{name.hex()}"


def _accounts(entry: Entry, details: PaymentDetails, fact: PurseMoved) -> tuple[str, str]:
    """Return (what grows, what shrinks); twice the same for what is none of our books."""
    clearing = f"clearing/purse/{segment(entry.occasion.store)}"
    payer, payee = holder(fact.payer_class), holder(fact.payee_class)
    to, source = shop_purse(details.payee), shop_purse(details.payer)
    match payer, payee:
        case Holder.CUSTOMER, Holder.SHOP:
            return to, clearing
        case Holder.SHOP, Holder.CUSTOMER:
            return clearing, source
        case Holder.SHOP, Holder.SHOP:
            return to, source
        case Holder.ISSUER, Holder.CUSTOMER:
            return RESERVE, FLOAT
        case Holder.ISSUER, Holder.SHOP:
            return to, FLOAT
        case Holder.CUSTOMER, Holder.ISSUER:
            return FLOAT, RESERVE
        case Holder.SHOP, Holder.ISSUER:
            return FLOAT, source
        case _:
            return FLOAT, FLOAT


def holder(purse_class: int) -> Holder:
    """Return whose a purse of a class is; of a class nobody knows, a customer's."""
    try:
        return _HOLDERS[PurseClass(purse_class)]
    except ValueError:
        return Holder.CUSTOMER
