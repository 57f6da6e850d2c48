"""Payments taken out of an open sale in the books: what they were paid with, what they went back with."""

import pytest

from protocols.facts import (
    AttemptClosed,
    AttemptParked,
    RefundClosed,
    SaleVoided,
    Tender,
    TenderChanged,
    TenderVoided,
)
from tests.ips.model import MemoryBooks, Terminal, line, sale
from tests.ips.test_booking import attempt, balances, codes, open_shift
from tests.ips.test_booking_attempts import CREDIT, cash, give_back

AMOUNT = 7000


def voided(terminal: Terminal, method: str, back: str, letter: str = "c") -> TenderVoided:
    paid = Tender(method=method, attempt=terminal.key(1), amount=AMOUNT, reference="P")
    gone = Tender(method=back, attempt=terminal.key(1, letter), amount=AMOUNT, back_to=paid.attempt)
    return TenderVoided(sale=1, shift=1, tender=paid, back=gone)


@pytest.mark.parametrize(
    ("method", "back", "left"),
    [
        ("purse", "purse", {}),
        ("purse", "cash", {"clearing/purse/S1": AMOUNT, "till/S1/01": -AMOUNT}),
        ("cash", "cash", {}),
    ],
)
def test_income_is_untouched_and_each_way_to_pay_has_its_own(
    books: MemoryBooks, terminal: Terminal, method: str, back: str, left: dict[str, int]
) -> None:
    open_shift(terminal, 0)
    if method == "purse":
        attempt(terminal, 1, AMOUNT, method=method)
    fact = voided(terminal, method, back)
    assert codes(terminal.say(fact, attempt=fact.back.attempt)) == []
    found = {name: amount for name, amount in balances(books).items() if amount}
    assert found == left
    if method != "cash":
        payment = books.payment(terminal.key(1))
        assert payment is not None and (payment.state, payment.refundable) == ("refunded", 0)
    assert codes(terminal.say(SaleVoided(sale=1, shift=1, lines=[], total=AMOUNT))) == []


def test_sale_that_goes_on_with_cash_owes_nothing_for_what_went_back(
    books: MemoryBooks, terminal: Terminal
) -> None:
    open_shift(terminal, 0)
    attempt(terminal, 1, AMOUNT, method="purse")
    fact = voided(terminal, "purse", "purse")
    terminal.say(fact, attempt=fact.back.attempt)
    tender = Tender(method="cash", attempt=terminal.key(1, "d"), amount=AMOUNT, tendered=AMOUNT)
    assert codes(terminal.say(sale(terminal, 1, [line(AMOUNT)], [tender]))) == []
    assert balances(books).get(CREDIT, 0) == 0


def test_parked_and_proven_not_to_have_gone_it_is_the_customers_until_paid_back(
    books: MemoryBooks, terminal: Terminal
) -> None:
    open_shift(terminal, 0)
    attempt(terminal, 1, AMOUNT, method="purse")
    fact = voided(terminal, "purse", "purse", "b")
    parked = AttemptParked(sale=1, method="purse", amount=AMOUNT, instead="tender", service="void")
    assert codes(terminal.say(parked, attempt=fact.back.attempt)) == []
    assert codes(terminal.say(fact, attempt=fact.back.attempt)) == []
    dead = AttemptClosed(
        sale=1,
        method="purse",
        outcome="declined",
        amount=AMOUNT,
        service="void",
        refunds=fact.tender.attempt,
    )
    assert codes(terminal.say(dead, attempt=fact.back.attempt)) == ["duplicate-payment"]
    assert balances(books)[CREDIT] == -AMOUNT
    assert codes(terminal.say(dead, attempt=fact.back.attempt)) == []
    assert [codes(each) for each in give_back(terminal)] == [[], []]
    assert balances(books).get(CREDIT, 0) == 0


def test_payment_that_nobody_announced_is_booked_and_asked_about(
    books: MemoryBooks, terminal: Terminal
) -> None:
    open_shift(terminal, 0)
    fact = voided(terminal, "purse", "purse")
    assert codes(terminal.say(fact, attempt=fact.back.attempt)) == ["unknown-attempt"]
    cash(terminal)


def changed(terminal: Terminal, *, taken: int = AMOUNT) -> TenderChanged:
    old = Tender(method="cash", attempt=terminal.key(1), amount=AMOUNT)
    back = Tender(method="cash", attempt=terminal.key(1, "c"), amount=AMOUNT, back_to=old.attempt)
    new = Tender(method="purse", attempt=terminal.key(1, "b"), amount=taken, reference="P")
    return TenderChanged(
        sale=1,
        shift=1,
        original=terminal.key(1).rpartition("-")[0],
        tender=old,
        back=back,
        taken=[new],
    )


def sold_for_cash(terminal: Terminal) -> None:
    open_shift(terminal, 0)
    tender = Tender(method="cash", attempt=terminal.key(1), amount=AMOUNT, tendered=AMOUNT)
    assert codes(terminal.say(sale(terminal, 1, [line(AMOUNT)], [tender]))) == []


def test_changed_payment_moves_from_one_asset_to_the_other_and_income_stays(
    books: MemoryBooks, terminal: Terminal
) -> None:
    sold_for_cash(terminal)
    income = {n: a for n, a in balances(books).items() if n.startswith(("sales/", "tax/"))}
    attempt(terminal, 1, AMOUNT, method="purse", letter="b")
    assert codes(terminal.say(changed(terminal))) == []
    found = {name: amount for name, amount in balances(books).items() if amount}
    assert found == {**income, "clearing/purse/S1": AMOUNT}
    old, new = books.payment(terminal.key(1)), books.payment(terminal.key(1, "b"))
    assert old is not None and new is not None
    assert (old.state_class.value, new.state_class.value) == ("refunded", "settled")


def test_refund_after_a_change_is_laid_against_the_new_payment(
    books: MemoryBooks, terminal: Terminal
) -> None:
    sold_for_cash(terminal)
    attempt(terminal, 1, AMOUNT, method="purse", letter="b")
    fact = changed(terminal)
    terminal.say(fact)
    back = Tender(
        method="purse", attempt=terminal.key(2), amount=AMOUNT, back_to=fact.taken[0].attempt
    )
    refund = RefundClosed(
        sale=2, shift=1, original=fact.original, lines=[line(AMOUNT)], total=AMOUNT, tenders=[back]
    )
    assert "refund-above-paid" not in codes(terminal.say(refund))
    new = books.payment(fact.taken[0].attempt)
    assert new is not None and new.refundable == 0


def test_change_that_does_not_keep_the_sum_is_asked_about(
    books: MemoryBooks, terminal: Terminal
) -> None:
    sold_for_cash(terminal)
    attempt(terminal, 1, AMOUNT - 1, method="purse", letter="b")
    assert "total-mismatch" in codes(terminal.say(changed(terminal, taken=AMOUNT - 1)))
    assert balances(books)["suspense/exceptions"] == 1
