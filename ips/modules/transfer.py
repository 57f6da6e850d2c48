"""Account transfers: from the customer's account to the shop's, as his passbook has signed it (T4).

The order that the card signed goes to the bank as it is; whether its signature is good, the bank knows. What
anybody can see is seen here first: it is about this account, this amount and this very payment.
"""

from typing import Final

from ips.bank.module import BankModule, pin_in
from ips.bank.requests import CURRENCY_NUMBERS, TRANSFER_CODE
from ips.manifests import manifest_beside
from ips.spi import BankRequest
from ips.spi import Order as Asked
from protocols.iso8583 import elements as de
from protocols.passbook.order import (
    CERTIFICATE_BYTES,
    ORDER_BYTES,
    SIGNED_BYTES,
    Holder,
    Order,
    decode_order,
)
from protocols.purse.details import order_reference


class Transfer(BankModule):
    """The transfer module."""

    def __init__(self) -> None:
        super().__init__(manifest_beside(__file__))

    def request(self, order: Asked) -> BankRequest:
        """Return what the account's bank is asked. Raises: MalformedError, ValueError."""
        given, pin = order.fields, pin_in(order)
        signed = bytes.fromhex(given["signed_order"])
        if len(signed) != SIGNED_BYTES + CERTIFICATE_BYTES:
            raise ValueError("an order comes with its signature and its certificate")
        wished = decode_order(signed[:ORDER_BYTES])
        _check(wished, order, with_pin=bool(pin))
        return BankRequest(
            number=wished.account,
            among="accounts",
            fields={
                de.PROCESSING_CODE: TRANSFER_CODE,
                de.ENTRY_MODE: "051",
                de.ACCOUNT_FROM: wished.account,
                de.ACCOUNT_TO: wished.payee,
                de.PASSBOOK_ORDER: given["signed_order"],
                **pin,
            },
        )


def _check(wished: Order, asked: Asked, *, with_pin: bool) -> None:
    """Raises: ValueError where a card has signed something else than what is asked."""
    if wished.account != asked.fields["account"]:
        raise ValueError("the order is about another account")
    currency = int(CURRENCY_NUMBERS[asked.amount.currency.code])
    if (wished.amount, wished.currency) != (asked.amount.minor, currency):
        raise ValueError("the order is about another amount")
    if wished.reference != order_reference(asked.key):
        raise ValueError("the order was signed for another payment")
    if (wished.holder is Holder.BANK) is not with_pin:
        raise ValueError("the order says that its PIN goes another way than it does")


MODULE: Final = Transfer
"""The entry point (group ips.modules): called once, when the module is activated."""
