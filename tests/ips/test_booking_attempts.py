"""A parked attempt in the books: in doubt, paid too late, given back the way it came (decisions.md)."""

import pytest

from ips.books import Booking
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    AttemptParked,
    SaleVoided,
    Tender,
)
from tests.ips.model import MemoryBooks, Terminal, line, sale
from tests.ips.test_booking import attempt, balances, codes, open_shift

CLEARING, CREDIT = "clearing/purse/S1", "customer-credit/S1"


def park(terminal: Terminal, amount: int = 7000) -> Booking:
    """Open an attempt, tell that nobody knows, and set it aside."""
    attempt(terminal, 1, amount, "unknown", method="purse")
    fact = AttemptParked(sale=1, method="purse", amount=amount, instead="tender")
    return terminal.say(fact, attempt=terminal.key(1))


def cash(terminal: Terminal, amount: int = 7000) -> Booking:
    """Settle the sale with cash instead."""
    tender = Tender(method="cash", attempt=terminal.key(1, "b"), amount=amount, tendered=amount)
    return terminal.say(sale(terminal, 1, [line(amount)], [tender]))


def come_late(terminal: Terminal, amount: int = 7000) -> Booking:
    """Let the parked attempt prove paid."""
    fact = AttemptClosed(
        sale=1, method="purse", outcome="approved", amount=amount, reference="P", late=True
    )
    return terminal.say(fact, attempt=terminal.key(1))


def give_back(terminal: Terminal, outcome: str = "approved", letter: str = "c") -> list[Booking]:
    """Pay the late money back to the card that it came from."""
    of, key = terminal.key(1), terminal.key(1, letter)
    opened = AttemptOpened(sale=1, method="purse", amount=7000, repays=of)
    closed = AttemptClosed(
        sale=1,
        method="purse",
        outcome=outcome,  # type: ignore[arg-type]
        amount=7000,
        reference="R",
        repays=of,
    )
    return [terminal.say(opened, attempt=key), terminal.say(closed, attempt=key)]


def test_parked_attempt_is_in_doubt_until_its_sale_is_settled_another_way(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """Parking moves nothing and asks nothing; the sale's own record makes it the customer's, if paid."""
    open_shift(terminal, 0)
    assert codes(park(terminal)) == []
    assert books.payments[terminal.key(1)].state == "doubt"

    assert codes(cash(terminal)) == []
    assert books.payments[terminal.key(1)].state == "parked"


def test_late_money_given_back_the_way_it_came_leaves_nothing_owed(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """Owed, then refunded: the customer's credit and the clearing account are at rest again."""
    open_shift(terminal, 0)
    park(terminal)
    cash(terminal)

    assert codes(come_late(terminal)) == ["duplicate-payment"]
    assert balances(books)[CREDIT] == -7000 and balances(books)[CLEARING] == 7000
    assert [codes(each) for each in give_back(terminal)] == [[], []]

    payment = books.payments[terminal.key(1)]
    assert (payment.state, payment.paid, payment.refunded) == ("refunded", 7000, 7000)
    assert CREDIT not in balances(books) and CLEARING not in balances(books)
    refund = books.refunds[f"{terminal.key(1)}/repay"]
    assert (refund.state, refund.reference) == ("paid", "R")
    assert terminal.key(1, "c") not in books.payments, "what gives back is no payment"


@pytest.mark.parametrize("outcome", ["declined", "unknown", "not_sent"])
def test_repay_that_did_not_happen_leaves_the_money_owed(
    books: MemoryBooks, terminal: Terminal, outcome: str
) -> None:
    open_shift(terminal, 0)
    park(terminal)
    cash(terminal)
    come_late(terminal)

    assert [codes(each) for each in give_back(terminal, outcome)] == [[], []]

    assert books.payments[terminal.key(1)].state == "owed"
    assert balances(books)[CREDIT] == -7000


def test_money_given_back_twice_is_in_suspense_and_asked_about(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """A fact is never refused: the second time lies in suspense by name."""
    open_shift(terminal, 0)
    park(terminal)
    cash(terminal)
    come_late(terminal)
    give_back(terminal)

    _, again = give_back(terminal, letter="d")

    assert codes(again) == ["duplicate-refund"]
    assert balances(books)["suspense/exceptions"] == 7000
    assert balances(books)[CLEARING] == -7000


def test_money_given_back_that_was_never_owed_is_asked_about(
    books: MemoryBooks, terminal: Terminal
) -> None:
    open_shift(terminal, 0)
    _, closed = give_back(terminal)
    assert codes(closed) == ["refund-above-paid"]
    assert balances(books)["suspense/exceptions"] == 7000


def test_money_that_came_too_late_for_an_open_sale_is_owed_at_once(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """Part was paid otherwise meanwhile: it fits no more, and may be given back before the sale ends."""
    open_shift(terminal, 0)
    park(terminal)

    assert codes(come_late(terminal)) == ["duplicate-payment"]
    assert [codes(each) for each in give_back(terminal)] == [[], []]
    assert codes(cash(terminal)) == []

    assert books.payments[terminal.key(1)].state == "refunded"
    assert CREDIT not in balances(books)


def test_parked_attempt_of_a_voided_sale_is_the_customers_when_it_proves_paid(
    books: MemoryBooks, terminal: Terminal
) -> None:
    open_shift(terminal, 0)
    park(terminal)
    terminal.say(SaleVoided(sale=1, shift=1, lines=[], total=7000))

    come_late(terminal)

    assert books.payments[terminal.key(1)].state == "owed"


def test_parking_of_an_attempt_nobody_opened_is_asked_about(terminal: Terminal) -> None:
    fact = AttemptParked(sale=1, method="purse", amount=1, instead="void")
    assert codes(terminal.say(fact, attempt=terminal.key(1))) == ["unknown-attempt"]
    assert codes(terminal.say(fact)) == ["unknown-attempt"]
