"""Loads, deposits and refunds between purses in the books: no payments, cash where it lies, the float.

M9, M12, I10. What a terminal reports is booked once, and a refund without goods is split as its sale.
"""

from typing import Any

import pytest

from ips.booking_purse import FLOAT, RESERVE
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    CashMoved,
    PurseMoved,
    RefundClosed,
    Tender,
)
from protocols.purse.details import PaymentDetails, PurseClass
from tests.ips.model import MemoryBooks, Terminal, line, sale
from tests.ips.test_booking import TILL, balances, codes, open_shift

SHOP, CARD, TELLER = b"SHOP0001", b"CUST0001", b"TELL0001"
OWN = f"purse/merchant/{SHOP.hex()}"


def moved(payer: bytes, payee: bytes, value: int, classes: tuple[int, int], number: int = 1) -> Any:
    details = PaymentDetails(payer, payee, value, 410, number, number, bytes(8))
    return PurseMoved(
        details=details.encode(), own="payer", payer_class=classes[0], payee_class=classes[1]
    )


def attempt(terminal: Terminal, number: int, service: str, amount: int, **more: Any) -> None:
    key = terminal.key(number)
    for fact in (
        AttemptOpened(sale=number, method="purse", amount=amount, service=service, **more),  # type: ignore[arg-type]
        AttemptClosed(
            sale=number,
            method="purse",
            outcome="approved",
            amount=amount,
            service=service,  # type: ignore[arg-type]
            reference="r",
        ),
    ):
        booking = terminal.say(fact, attempt=key)
        assert codes(booking) == [] and booking.payments == [] and booking.transfers == []


def test_load_is_owed_and_its_money_lies_in_the_till(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """The float grows; the reserve is not in the bank but in the drawer, until it is brought there."""
    open_shift(terminal, 50_000)
    attempt(terminal, 1, "load", 3_000)
    terminal.say(moved(TELLER, CARD, 3_000, (PurseClass.TELLER, PurseClass.CONSUMER)))

    booking = terminal.say(
        CashMoved(shift=1, direction="in", amount=3_000, reason="load", against="e-cash")
    )

    assert codes(booking) == [] and books.payments == {}
    told = balances(books)
    assert told[TILL] == 53_000 and told[FLOAT] == -3_000 and told.get(RESERVE, 0) == 0
    assert books.shifts["01", 1, 1].cash_in == 3_000


def test_cash_paid_in_by_the_owner_is_float_as_before(
    books: MemoryBooks, terminal: Terminal
) -> None:
    open_shift(terminal, 0)
    terminal.say(CashMoved(shift=1, direction="in", amount=700, reason="change"))
    assert balances(books) == {TILL: 700, "capital/float/S1": -700}


def test_deposit_takes_the_value_out_of_the_shops_purse_and_of_the_float(
    books: MemoryBooks, terminal: Terminal
) -> None:
    open_shift(terminal, 0)
    terminal.say(moved(TELLER, CARD, 8_000, (3, 0)))
    terminal.say(moved(CARD, SHOP, 5_000, (0, 1), 2))
    attempt(terminal, 1, "deposit", 5_000)

    terminal.say(moved(SHOP, TELLER, 5_000, (1, 3), 3))

    told = balances(books)
    assert told.get(OWN, 0) == 0 and told[FLOAT] == -3_000
    assert books.payments == {}


@pytest.mark.parametrize("amount", [11_000, 4_400])
def test_refund_by_e_cash_goes_through_clearing_back_to_the_card(
    books: MemoryBooks, terminal: Terminal, amount: int
) -> None:
    """The purse module's clearing account ends at zero; a part is split as its sale was."""
    open_shift(terminal, 0)
    key = terminal.key(1)
    opened = AttemptOpened(sale=1, method="purse", amount=11_000)
    terminal.say(opened, attempt=key)
    terminal.say(
        AttemptClosed(sale=1, method="purse", outcome="approved", amount=11_000, reference="r"),
        attempt=key,
    )
    terminal.say(moved(CARD, SHOP, 11_000, (0, 1)))
    terminal.say(
        sale(
            terminal,
            1,
            [line(11_000)],
            tenders=[Tender(method="purse", attempt=key, amount=11_000, reference="r")],
        )
    )
    attempt(terminal, 2, "refund", amount, refunds=key)
    terminal.say(moved(SHOP, CARD, amount, (1, 0), 2))

    booking = terminal.say(
        RefundClosed(
            sale=2,
            shift=1,
            original=key.rpartition("-")[0],
            lines=[],
            total=amount,
            net=amount * 10 // 11,
            vat=amount - amount * 10 // 11,
            tenders=[Tender(method="purse", attempt=terminal.key(2), amount=amount)],
        )
    )

    assert codes(booking) == []
    told = balances(books)
    assert told.get("clearing/purse/S1", 0) == 0
    assert told.get(OWN, 0) == 11_000 - amount
    assert told.get("tax/vat", 0) == -(1_000 - amount // 11)
    assert told.get("returns/grocery", 0) == amount * 10 // 11
    assert books.payments[key].refunded == amount
    record = books.refunds[terminal.key(2)]
    assert (record.payment, record.state) == (key, "paid")


def test_refund_of_an_unknown_sale_without_goods_is_questioned(
    books: MemoryBooks, terminal: Terminal
) -> None:
    open_shift(terminal, 0)
    booking = terminal.say(
        RefundClosed(
            sale=1,
            shift=1,
            original="S1-01-20260101-0009",
            lines=[],
            total=100,
            tenders=[Tender(method="purse", attempt=terminal.key(1), amount=100)],
        )
    )
    assert "refund-above-paid" in codes(booking) and "lines-mismatch" in codes(booking)
