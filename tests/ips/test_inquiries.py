"""The four inquiries over payments: settled, open, refunded, refund-requested (I14-I17)."""

from ips.inquiries import inquiry_row, open_amount, refund_row, settled_amount, totals
from ips.payments import PaymentRecord
from protocols.broker import InquiryName
from protocols.facts import AttemptOpened, RefundClosed, SaleVoided, Tender
from tests.ips.model import MemoryBooks, Terminal, figures, line, sale

NAMES: tuple[InquiryName, ...] = ("settled", "open", "refunded", "refund-requests")


def day(terminal: Terminal) -> list[PaymentRecord]:
    """A sale kept, a sale partly given back, an attempt open, one given up and one owed."""
    terminal.say(sale(terminal, 1, [line(5000)]))
    terminal.say(sale(terminal, 2, [line(9000)]))
    back = [line(4000)]
    original = terminal.books.payments[terminal.key(2)].order
    tender = Tender(method="cash", attempt=terminal.key(3), amount=4000)
    terminal.say(
        RefundClosed(
            sale=3,
            shift=1,
            original=original,
            lines=back,
            tenders=[tender],
            reason="soft",
            **figures(back),
        )
    )
    for number, method in ((4, "chaos"), (5, "cash")):
        opened = AttemptOpened(sale=number, method=method, amount=700)
        terminal.say(opened, attempt=terminal.key(number))
    terminal.say(SaleVoided(sale=5, shift=1, lines=[], total=700))
    return list(terminal.books.payments.values())


def test_every_unit_stands_in_exactly_one_of_settled_open_and_refunded(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """settled + open + refunded = all that was asked for and not refused or given up."""
    payments = day(terminal)

    assert {name: totals(name, payments) for name in NAMES} == {
        "settled": {"KRW": 10_000},
        "open": {"KRW": 700},
        "refunded": {"KRW": 4000},
        "refund-requests": {},
    }
    assert sum(settled_amount(p) + open_amount(p) + p.refunded for p in payments) == 14_700


def test_row_says_what_the_inquiry_is_about(books: MemoryBooks, terminal: Terminal) -> None:
    """The amount of a row is the inquiry's, not the payment's."""
    payments = {payment.key: payment for payment in day(terminal)}
    part = payments[terminal.key(2)]

    settled, refunded = inquiry_row("settled", part), inquiry_row("refunded", part)

    assert (settled.amount, refunded.amount) == (5000, 4000)
    assert (settled.module, settled.state, settled.order) == ("cash", "settled", part.order)


def test_refund_is_its_own_row(books: MemoryBooks, terminal: Terminal) -> None:
    """I10: a refund is asked about by its own key, with its own reason."""
    day(terminal)

    row = refund_row(books.refunds[terminal.key(3)])

    assert (row.amount, row.state, row.reason, row.module) == (4000, "paid", "soft", "cash")
