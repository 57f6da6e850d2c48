"""Orders to messages: what stands in which field."""

from collections.abc import Mapping
from typing import Final

from ips.spi import BankRequest, Order
from protocols.iso8583 import elements as de
from protocols.iso8583 import mti
from protocols.iso8583.field import Value
from protocols.iso8583.message import Message
from protocols.iso8583.original import original_of

CURRENCY_NUMBERS: Final = {"KRW": "410", "USD": "840", "EUR": "978", "JPY": "392"}
PURCHASE_CODE: Final = "000000"
REFUND_CODE: Final = "200000"
TRANSFER_CODE: Final = "400000"


def new_message(order: Order, fields: Mapping[int, Value], *, kind: str, acquirer: str) -> Message:
    """Return a request about an order; number and time come with its exchange."""
    return Message(
        kind,
        {
            **fields,
            de.AMOUNT: f"{order.amount.minor:012d}",
            de.CURRENCY: CURRENCY_NUMBERS[order.amount.currency.code],
            de.ACQUIRER: acquirer,
            de.TERMINAL: order.terminal,
            de.MERCHANT: order.store,
            de.CONDITION_CODE: "00",
        },
    )


def about(order: Order, before: Message, *, kind: str, code: str, named: bool) -> Message:
    """Return a request about an earlier exchange, whose card and shop it takes over."""
    fields: dict[int, Value] = before.only(
        de.PAN, de.EXPIRY, de.PAN_SEQUENCE, de.ENTRY_MODE, de.ACQUIRER, de.MERCHANT, de.CURRENCY,
        de.CONDITION_CODE, de.ACCOUNT_FROM, de.ACCOUNT_TO,
    )  # fmt: skip
    fields |= {
        de.PROCESSING_CODE: code,
        de.AMOUNT: f"{order.amount.minor:012d}",
        de.TERMINAL: before.text(de.TERMINAL) if named else order.terminal,
    }
    if named:
        fields[de.ORIGINAL] = original_of(before).digits()
    if de.PAN not in fields and de.TRACK_2 in before:
        fields[de.PAN] = before.text(de.TRACK_2).partition("=")[0]
    return Message(kind, fields)


def kind_of(request: BankRequest) -> str:
    """Return the type of a request."""
    return mti.AUTHORISATION if request.promise else mti.PURCHASE
