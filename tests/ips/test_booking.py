"""Facts into the books: every kind, by the chart of broker.md 4.2, and never a refusal."""

import msgspec
import pytest

from ips.booking import book, book_command, book_record
from ips.books import Booking, Overlay
from ips.commands import PayRefund, Resolve, Return
from ips.flow_files import parse_flow
from ips.flows import StateClass
from ips.payments import Refusal
from ips.rules import Rules, make_rules
from protocols.facts import (
    AttemptClosed,
    AttemptOpened,
    CashMoved,
    DrawerOpened,
    Fact,
    ReceiptCopied,
    RefundClosed,
    SaleClosed,
    SaleVoided,
    ShiftClosed,
    ShiftCounted,
    ShiftOpened,
    StaffApproved,
    StaffRefused,
    StaffSigned,
    Tender,
    TerminalNoted,
)
from protocols.money import Money
from protocols.outcome import Approved
from tests.ips.model import NOON_NS, MemoryBooks, Terminal, figures, line, sale

TILL = "till/S1/01"


def codes(booking: Booking) -> list[str]:
    return [question.code for question in booking.questions]


def balances(books: MemoryBooks) -> dict[str, int]:
    keys = books.debits.keys() | books.credits.keys()
    return {
        account: amount
        for account, currency in sorted(keys)
        if (amount := books.balance(account, currency))
    }


def card(terminal: Terminal, number: int, amount: int, letter: str = "a") -> Tender:
    return Tender(
        method="chaos", attempt=terminal.key(number, letter), amount=amount, reference="A1"
    )


def attempt(
    terminal: Terminal,
    number: int,
    amount: int,
    outcome: str | None = "approved",
    *,
    letter: str = "a",
    method: str = "chaos",
) -> list[Booking]:
    key = terminal.key(number, letter)
    said = [terminal.say(AttemptOpened(sale=number, method=method, amount=amount), attempt=key)]
    if outcome is not None:
        closed = AttemptClosed(
            sale=number,
            method=method,
            outcome=outcome,  # type: ignore[arg-type]
            amount=amount,
            reference="A1",
        )
        said.append(terminal.say(closed, attempt=key))
    return said


def open_shift(terminal: Terminal, float_amount: int = 100_000) -> Booking:
    return terminal.say(ShiftOpened(shift=1, float_amount=float_amount, store="S1"))


def test_cash_sale_debits_the_till_and_splits_income_and_tax(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """T1: a cash sale is till against sales by group and VAT, and the parts are the total."""
    open_shift(terminal)

    lines = [line(3300), line(1001, group="snack"), line(2500, group="fresh", tax="exempt")]
    booking = terminal.say(sale(terminal, 1, lines))

    assert codes(booking) == []
    assert balances(books) == {
        TILL: 106_801,
        "capital/float/S1": -100_000,
        "sales/grocery": -3000,
        "sales/snack": -910,
        "sales/fresh": -2500,
        "tax/vat": -391,
    }
    payment = books.payments[terminal.key(1)]
    assert (payment.state, payment.paid, payment.flow) == ("settled", 6801, "cash")
    assert payment.order == f"S1-01-{terminal.date}-0001"


def test_change_stays_inside_the_net_cash(books: MemoryBooks, terminal: Terminal) -> None:
    """T1: 10,000 for 4,500 leaves 4,500 in the till, whatever was handed over."""
    open_shift(terminal, 0)
    tender = Tender(
        method="cash", attempt=terminal.key(1), amount=4500, tendered=10_000, change=5500
    )

    terminal.say(sale(terminal, 1, [line(4500)], [tender]))

    assert balances(books)[TILL] == 4500


def test_sale_with_several_tenders_settles_each_as_its_own_payment(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """I3: each tender is a payment on its own flow; together they are the sale."""
    open_shift(terminal, 0)
    attempt(terminal, 1, 7000)
    cash = Tender(method="cash", attempt=terminal.key(1, "b"), amount=3000)

    booking = terminal.say(sale(terminal, 1, [line(10_000)], [card(terminal, 1, 7000), cash]))

    assert codes(booking) == []
    assert balances(books) == {
        TILL: 3000,
        "receivable/acquirer/chaos": 7000,
        "sales/grocery": -9091,
        "tax/vat": -909,
    }
    assert {p.key: p.paid for p in books.payments.values()} == {
        terminal.key(1, "a"): 7000,
        terminal.key(1, "b"): 3000,
    }


def test_approved_card_is_only_held_until_its_sale_closes(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """I4: an approval promises; only the sale makes it money."""
    attempt(terminal, 1, 7000)

    assert balances(books) == {}
    assert len(books.holds) == 1 and not books.resolved
    assert books.payments[terminal.key(1)].state_class is StateClass.OPEN


def test_attempt_without_result_stays_open(books: MemoryBooks, terminal: Terminal) -> None:
    """I15: an intent without a result is among what is open."""
    attempt(terminal, 1, 7000, None)

    payment = books.payments[terminal.key(1)]
    assert payment.state_class is StateClass.OPEN
    assert payment.due_ns > payment.opened_ns


@pytest.mark.parametrize(
    ("outcome", "state_class"),
    [
        ("approved", StateClass.OPEN),
        ("declined", StateClass.REFUSED),
        ("pending", StateClass.OPEN),
        ("unknown", StateClass.DOUBT),
        ("not_sent", StateClass.REFUSED),
    ],
)
def test_attempt_follows_its_outcome(
    books: MemoryBooks, terminal: Terminal, outcome: str, state_class: StateClass
) -> None:
    """Each of the five outcomes has one meaning, and none posts anything by itself."""
    said = attempt(terminal, 1, 7000, outcome)

    assert [codes(booking) for booking in said] == [[], []]
    assert books.payments[terminal.key(1)].state_class is state_class
    assert balances(books) == {}


def test_voided_sale_posts_nothing_and_lets_its_attempts_go(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """A basket given up is in the journal and nowhere in the ledger."""
    open_shift(terminal, 0)
    attempt(terminal, 1, 500, method="cash")

    booking = terminal.say(SaleVoided(sale=1, shift=1, lines=[line(500)], total=500))

    assert booking.transfers == [] and codes(booking) == []
    assert books.payments[terminal.key(1)].state_class is StateClass.VOID
    assert books.shifts["01", 1, 1].voids == 1


def test_parked_attempt_that_proves_paid_becomes_the_customers_money(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """A sale settled another way never holds more than its total (decisions.md, parked attempt)."""
    open_shift(terminal, 0)
    attempt(terminal, 1, 7000, "unknown")
    cash = Tender(method="cash", attempt=terminal.key(1, "b"), amount=7000)
    terminal.say(sale(terminal, 1, [line(7000)], [cash]))
    parked = books.payments[terminal.key(1)]
    assert (parked.state, parked.state_class) == ("parked", StateClass.DOUBT)

    late = AttemptClosed(sale=1, method="chaos", outcome="approved", amount=7000, reference="L")
    booking = terminal.say(late, attempt=terminal.key(1))

    assert codes(booking) == ["duplicate-payment"]
    owed = books.payments[terminal.key(1)]
    assert (owed.state_class, owed.paid, owed.refund_requested) == (StateClass.OWED, 7000, 7000)
    assert balances(books)["customer-credit/S1"] == -7000
    repay = books.refunds[f"{owed.key}/repay"]
    assert (repay.state, repay.amount, repay.payment) == ("requested", 7000, owed.key)


def test_owed_money_is_paid_back_by_the_broker(books: MemoryBooks, terminal: Terminal) -> None:
    """I17: what is owed leaves customer-credit when it is paid back, and the payment is refunded."""
    attempt(terminal, 1, 7000)
    terminal.say(SaleVoided(sale=1, shift=1, lines=[], total=7000))
    owed = books.payments[terminal.key(1)]
    assert owed.state_class is StateClass.OWED

    pay = PayRefund(at_ns=NOON_NS, refund=f"{owed.key}/repay", amount=7000)
    booking = book_command(owed, pay, books)

    assert isinstance(booking, Booking)
    books.take(booking)
    assert books.payments[owed.key].state_class is StateClass.REFUNDED
    assert balances(books) == {}


def test_float_moves_drop_count_and_close_leave_the_till_empty(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """T1: the Z equals the ledger; over-short, float and takings leave an empty till."""
    open_shift(terminal)
    terminal.say(sale(terminal, 1, [line(11_000)]))
    terminal.say(CashMoved(shift=1, direction="in", amount=5000, reason="coins"))
    terminal.say(CashMoved(shift=1, direction="out", amount=2000, reason="stamps"))
    terminal.say(CashMoved(shift=1, direction="drop", amount=4000, reason="too full"))
    terminal.say(ShiftCounted(shift=1, counted=109_900))
    assert balances(books)[TILL] == 110_000

    booking = terminal.say(z_of(terminal, counted=109_900, expected=110_000, sales=1, gross=11_000))

    assert codes(booking) == []
    assert balances(books) == {
        "capital/float/S1": -5000,
        "expense/S1": 2000,
        "over-short/S1": 100,
        "safe/S1": 13_900,
        "sales/grocery": -10_000,
        "tax/vat": -1000,
    }


def z_of(terminal: Terminal, *, counted: int, expected: int, **changes: object) -> ShiftClosed:
    plain = ShiftClosed(
        shift=1,
        z=1,
        store="S1",
        sales=1,
        gross=11_000,
        net=10_000,
        vat=1000,
        exempt=0,
        by_method={"cash": 11_000},
        float_amount=100_000,
        cash_in=5000,
        cash_out=2000,
        drops=4000,
        expected=expected,
        counted=counted,
        over_short=counted - expected,
    )
    return msgspec.structs.replace(plain, **changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sales", 2),
        ("gross", 12_000),
        ("vat", 999),
        ("drops", 0),
        ("by_method", {"cash": 11_000, "card": 1}),
        ("over_short", 5),
        ("expected", 109_000),
        ("counted", 1),
    ],
)
def test_z_that_differs_from_its_facts_is_questioned_and_the_till_still_empties(
    books: MemoryBooks, terminal: Terminal, field: str, value: object
) -> None:
    """Every figure of a Z is compared; a difference in cash lies in suspense."""
    open_shift(terminal)
    terminal.say(sale(terminal, 1, [line(11_000)]))
    terminal.say(CashMoved(shift=1, direction="in", amount=5000, reason="coins"))
    terminal.say(CashMoved(shift=1, direction="out", amount=2000, reason="stamps"))
    terminal.say(CashMoved(shift=1, direction="drop", amount=4000, reason="too full"))
    terminal.say(ShiftCounted(shift=1, counted=110_000))

    z = msgspec.structs.replace(z_of(terminal, counted=110_000, expected=110_000), **{field: value})
    booking = terminal.say(z)

    assert codes(booking) == ["shift-totals"]
    assert TILL not in balances(books)


def refund(terminal: Terminal, number: int, total: int, original: str, **changes: object) -> Fact:
    lines = [line(total)]
    plain = RefundClosed(
        sale=number,
        shift=1,
        original=original,
        lines=lines,
        tenders=[Tender(method="cash", attempt=terminal.key(number), amount=total)],
        reason="broken",
        **figures(lines),
    )
    return msgspec.structs.replace(plain, **changes)


def test_refund_at_the_till_goes_through_refunds_payable(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """I10, T1: returns and its tax against refunds-payable, refunds-payable against the till."""
    open_shift(terminal, 0)
    terminal.say(sale(terminal, 1, [line(11_000)]))
    original = books.payments[terminal.key(1)].order

    booking = terminal.say(refund(terminal, 2, 1100, original))

    assert codes(booking) == []
    assert balances(books) == {
        TILL: 9900,
        "returns/grocery": 1000,
        "sales/grocery": -10_000,
        "tax/vat": -900,
    }
    assert books.credits["refunds-payable/S1", "KRW"] == 1100
    record = books.refunds[terminal.key(2)]
    assert (record.payment, record.state, record.amount) == (terminal.key(1), "paid", 1100)
    assert books.payments[terminal.key(1)].refunded == 1100


def test_refund_above_what_was_paid_puts_the_excess_into_suspense(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """I12: the money has gone, so it is booked; but never as a refund of more than was paid."""
    open_shift(terminal, 0)
    terminal.say(sale(terminal, 1, [line(11_000)]))
    original = books.payments[terminal.key(1)].order
    terminal.say(refund(terminal, 2, 6600, original))

    booking = terminal.say(refund(terminal, 3, 6600, original))

    assert codes(booking) == ["refund-above-paid"]
    assert booking.questions[0].amount == 2200
    payment = books.payments[terminal.key(1)]
    assert (payment.refunded, payment.state_class) == (11_000, StateClass.REFUNDED)
    assert balances(books) == {
        TILL: -2200,
        "returns/grocery": 10_000,
        "sales/grocery": -10_000,
        "suspense/exceptions": 2200,
    }


def test_refund_of_a_card_sale_in_cash_leaves_the_till(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """I11: an alternative way back is booked where the money left."""
    open_shift(terminal, 0)
    attempt(terminal, 1, 5500)
    terminal.say(sale(terminal, 1, [line(5500)], [card(terminal, 1, 5500)]))

    booking = terminal.say(refund(terminal, 2, 5500, books.payments[terminal.key(1)].order))

    assert codes(booking) == []
    assert balances(books)[TILL] == -5500
    assert balances(books)["receivable/acquirer/chaos"] == 5500


def test_refund_without_a_sale_is_questioned_above_the_policy(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """I12: without a receipt the money still left; the store's limit decides whether somebody asks."""
    open_shift(terminal, 0)

    assert codes(terminal.say(refund(terminal, 1, 1100, ""))) == ["refund-without-sale"]
    books.policies = msgspec.structs.replace(books.policies, refund_without_receipt_max=1100)
    assert codes(terminal.say(refund(terminal, 2, 1100, ""))) == []
    assert balances(books)["returns/grocery"] == 2000


def test_same_refund_twice_is_questioned(books: MemoryBooks, terminal: Terminal) -> None:
    """I10: one key pays once; a second payment under it lies in suspense."""
    open_shift(terminal, 0)
    terminal.say(sale(terminal, 1, [line(11_000)]))
    original = books.payments[terminal.key(1)].order
    terminal.say(refund(terminal, 2, 1100, original))

    booking = terminal.say(refund(terminal, 2, 1100, original))

    assert codes(booking) == ["duplicate-refund"]
    assert books.payments[terminal.key(1)].refunded == 1100
    assert balances(books)["suspense/exceptions"] == 1100


def odd_sale(terminal: Terminal, **changes: object) -> SaleClosed:
    return msgspec.structs.replace(sale(terminal, 1, [line(11_000)]), **changes)


@pytest.mark.parametrize(
    ("changes", "code", "suspense"),
    [
        ({"net": 9000, "vat": 2000}, ["tax-split"], 0),
        ({"net": 0, "vat": 0, "exempt": 0}, ["tax-split"], 0),
        ({"exempt": 11_000, "net": 0, "vat": 0}, ["tax-split"], 0),
        (
            {"total": 12_000, "net": 10_909, "vat": 1091},
            ["total-mismatch", "lines-mismatch", "tax-split"],
            1000,
        ),
        ({"lines": []}, ["lines-mismatch", "tax-split"], 0),
        ({"lines": [line(11_000, group="a/b{c}")]}, [], 0),
        ({"lines": [line(-500), line(11_500)]}, [], 0),
        ({"tenders": []}, ["total-mismatch"], 11_000),
        ({"shift": 9}, ["unknown-shift"], 0),
        ({"total": -1}, ["amount-range"], 0),
        ({"total": 2**63, "net": 2**63}, ["amount-range"], 0),
        ({"tenders": [Tender(method="cash", attempt="x", amount=-5)]}, ["amount-range"], 0),
    ],
)
def test_odd_sale_is_accepted_and_questioned(
    books: MemoryBooks,
    terminal: Terminal,
    changes: dict[str, object],
    code: list[str],
    suspense: int,
) -> None:
    """Facts are never refused: what is odd is asked about, and the books still balance."""
    open_shift(terminal, 0)

    booking = terminal.say(odd_sale(terminal, **changes))

    assert codes(booking) == code
    assert balances(books).get("suspense/exceptions", 0) == suspense


def test_tender_that_nobody_announced_is_questioned_unless_cash(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """A card payment without an intent is booked and asked about; cash needs none."""
    open_shift(terminal, 0)

    booking = terminal.say(sale(terminal, 1, [line(5500)], [card(terminal, 1, 5500)]))

    assert codes(booking) == ["unknown-attempt"]
    assert balances(books)["receivable/acquirer/chaos"] == 5500
    assert books.payments[terminal.key(1)].state == "settled"


def test_unknown_module_lies_unmatched(books: MemoryBooks, terminal: Terminal) -> None:
    """A way to pay that was never installed here takes the money nowhere but suspense/unmatched."""
    open_shift(terminal, 0)
    voucher = Tender(method="voucher", attempt=terminal.key(1), amount=5500)

    booking = terminal.say(sale(terminal, 1, [line(5500)], [voucher]))

    assert codes(booking) == ["unknown-attempt", "unknown-module"]
    assert balances(books)["suspense/unmatched"] == 5500


def test_duplicate_sale_number_keeps_the_cash_in_suspense(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """The same number again is money nobody sold for: accepted, questioned, in suspense."""
    open_shift(terminal, 0)
    terminal.say(sale(terminal, 1, [line(11_000)]))

    booking = terminal.say(sale(terminal, 1, [line(11_000)]))

    assert codes(booking) == ["flow-refuses", "duplicate-sale"]
    assert balances(books)["suspense/exceptions"] == -11_000
    assert balances(books)[TILL] == 22_000
    assert books.payments[terminal.key(1)].paid == 11_000


def test_tender_of_another_sale_is_questioned(books: MemoryBooks, terminal: Terminal) -> None:
    """An attempt belongs to one sale; standing in two it is asked about."""
    open_shift(terminal, 0)
    attempt(terminal, 1, 5500, method="cash")
    stolen = Tender(method="cash", attempt=terminal.key(1), amount=5500)

    booking = terminal.say(sale(terminal, 2, [line(5500)], [stolen]))

    assert codes(booking) == ["attempt-of-another-sale", "total-mismatch"]
    assert balances(books)[TILL] == 5500


@pytest.mark.parametrize("date", ["", "2026", "20261399", "20270417"])
def test_odd_business_date_is_questioned(books: MemoryBooks, terminal: Terminal, date: str) -> None:
    """A date that is none, or far from the terminal's own clock, is asked about."""
    terminal.date = date

    booking = terminal.say(ShiftOpened(shift=1, float_amount=0, store="S1"))

    assert codes(booking) == ["business-date"]


def test_business_date_other_than_its_shifts_is_questioned(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """The date is fixed when the shift opens."""
    open_shift(terminal)
    terminal.date = "20260418"

    booking = terminal.say(sale(terminal, 1, [line(500)]))

    assert codes(booking) == ["business-date"]


def test_training_books_nothing(books: MemoryBooks, terminal: Terminal) -> None:
    """What was played is in the journal and nowhere else."""
    open_shift(terminal, 0)

    terminal.say(odd_sale(terminal, training=True))

    assert balances(books) == {} and books.payments == {}


@pytest.mark.parametrize(
    "fact",
    [
        DrawerOpened(shift=1, reason="change"),
        ReceiptCopied(sale=1, copy=1),
        StaffSigned(act="on", person="7", role="clerk"),
        StaffApproved(right="shift.read"),
        StaffRefused(person="7", reason="pin", tries=3, locked_seconds=30),
        TerminalNoted(note="restart"),
    ],
)
def test_fact_without_money_books_nothing(
    books: MemoryBooks, terminal: Terminal, fact: Fact
) -> None:
    """Kinds that move nothing leave the books as they are."""
    booking = terminal.say(fact)

    assert (booking.transfers, booking.payments, booking.questions) == ([], [], [])


def test_unreadable_body_and_currency_are_kept_and_questioned(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """A record that cannot be read here is still a record."""
    record = terminal.record(ShiftOpened(shift=1, float_amount=5, store="S1"))

    odd_kind = msgspec.structs.replace(record, kind="moon.landed")
    odd_body = msgspec.structs.replace(record, body=msgspec.Raw(b"\x01"))
    odd_currency = msgspec.structs.replace(record, currency="???")

    assert codes(book_record(odd_kind, books)) == ["unknown-kind"]
    assert codes(book_record(odd_body, books)) == ["unknown-kind"]
    assert codes(book_record(odd_currency, books)) == ["unknown-currency"]


def test_edited_flow_changes_what_the_same_sale_does(rules: Rules) -> None:
    """The issue's demand: the same sale, another flow file, other books; and payments under way stay."""
    source = rules.newest["cash"].source
    before = Terminal(MemoryBooks(rules))
    before.say(sale(before, 1, [line(11_000)]))
    edited_source = source.replace(
        'debit = "{asset}"\ncredit = "{sales}"', 'debit = "clearing/{store}"\ncredit = "{sales}"'
    )
    edited = parse_flow(edited_source, file="cash.toml")
    flows = [flow for flow in rules.newest.values() if flow.name != "cash"]
    changed = make_rules([*flows, edited], rules.manifests)

    after = Terminal(MemoryBooks(changed))
    after.say(sale(after, 1, [line(11_000)]))

    assert balances(before.books)[TILL] == 11_000
    assert TILL not in balances(after.books)
    assert balances(after.books)["clearing/S1"] == 11_000
    assert before.books.payments[before.key(1)].flow_pin != edited.pin
    assert after.books.payments[after.key(1)].flow_pin == edited.pin


def test_payment_under_way_stays_on_the_flow_it_began_under(rules: Rules) -> None:
    """W6: an attempt opened before the edit is settled by the old text."""
    books = MemoryBooks(rules)
    terminal = Terminal(books)
    attempt(terminal, 1, 11_000, method="cash")
    source = rules.newest["cash"].source.replace("version = 1", "version = 2", 1)
    source = source.replace(
        'debit = "{asset}"\ncredit = "{sales}"', 'debit = "clearing/{store}"\ncredit = "{sales}"'
    )
    edited = parse_flow(source, file="cash.toml")
    others = [flow for flow in rules.newest.values() if flow.name != "cash"]
    books.rules = make_rules([*others, edited], rules.manifests).with_flow(
        rules.newest["cash"].source, file="cash.toml"
    )

    terminal.say(sale(terminal, 1, [line(11_000)]))
    terminal.say(sale(terminal, 2, [line(500)]))

    assert balances(books)[TILL] == 11_000
    assert balances(books)["clearing/S1"] == 500


def test_overlay_shows_what_is_not_written_yet(books: MemoryBooks, terminal: Terminal) -> None:
    """Records of one batch see each other before any of them is in the store."""
    overlay = Overlay(books)
    key = terminal.key(1)
    opened = AttemptOpened(sale=1, method="cash", amount=11_000)
    closing = sale(terminal, 1, [line(11_000)])
    shift = ShiftOpened(shift=1, float_amount=100, store="S1")
    records = [
        (terminal.record(shift), shift),
        (terminal.record(opened, attempt=key), opened),
        (terminal.record(closing), closing),
    ]
    bookings = []
    for record, fact in records:
        bookings.append(book(record, fact, overlay))
        overlay.absorb(bookings[-1])

    assert [codes(booking) for booking in bookings] == [[], [], []]
    assert overlay.balance(TILL, "KRW") == 11_100
    assert books.payments == {}
    for booking in bookings:
        books.take(booking)
    assert books.balance(TILL, "KRW") == 11_100
    assert [p.state for p in overlay.payments_of(f"S1-01-{terminal.date}-0001")] == ["settled"]


def test_broker_step_that_the_flow_refuses_changes_nothing(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """A command outside the flow is a Refusal, not an exception and not a booking."""
    terminal.say(sale(terminal, 1, [line(500)]))
    payment = books.payments[terminal.key(1)]

    answer = book_command(payment, Return(at_ns=NOON_NS, code="x", reason="y"), books)

    assert isinstance(answer, Refusal) and answer.code == "flow-refuses"


def test_late_approval_through_the_broker_opens_the_work_list(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """An inquiry of the janitor that finds a parked attempt paid does as a terminal's own record."""
    attempt(terminal, 1, 7000, "unknown")
    terminal.say(SaleVoided(sale=1, shift=1, lines=[], total=7000))
    payment = books.payments[terminal.key(1)]

    found = Resolve(at_ns=NOON_NS, outcome=Approved(amount=Money(7000), reference="L"))
    booking = book_command(payment, found, books)

    assert isinstance(booking, Booking)
    books.take(booking)
    assert codes(booking) == ["duplicate-payment"]
    assert balances(books) == {"customer-credit/S1": -7000, "receivable/acquirer/chaos": 7000}


def test_closing_above_what_was_promised_is_refused_and_asked_about(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """A part approval holds a part: the sale cannot take more than the bank promised."""
    open_shift(terminal, 0)
    key = terminal.key(1)
    terminal.say(AttemptOpened(sale=1, method="chaos", amount=7000), attempt=key)
    part = AttemptClosed(sale=1, method="chaos", outcome="approved", amount=4000)
    terminal.say(part, attempt=key)

    booking = terminal.say(sale(terminal, 1, [line(7000)], [card(terminal, 1, 7000)]))

    assert codes(booking) == ["flow-refuses", "total-mismatch"]
    assert balances(books)["suspense/exceptions"] == 7000
    assert books.payments[key].state == "approved"


def test_closing_with_nothing_gives_the_promise_back(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """A tender of zero settles nothing and leaves no hold behind."""
    open_shift(terminal, 0)
    attempt(terminal, 1, 7000)

    booking = terminal.say(sale(terminal, 1, [], [card(terminal, 1, 0)]))

    assert codes(booking) == ["attempt-differs"]
    assert books.resolved == set(books.holds)
    assert balances(books) == {}


def test_cash_as_the_till_writes_it_is_not_questioned(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """Cash is taken by hand: its result stands before its sale without an intent, and is fine."""
    open_shift(terminal, 0)
    taken = AttemptClosed(sale=1, method="cash", outcome="approved", amount=4500, tendered=5000)

    said = [
        terminal.say(taken, attempt=terminal.key(1)),
        terminal.say(sale(terminal, 1, [line(4500)])),
    ]

    assert [codes(booking) for booking in said] == [[], []]
    assert balances(books)[TILL] == 4500


def test_cash_given_back_before_the_sale_ends_is_refused_money(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """A part paid in cash and handed back: nothing posted, nothing open, nothing asked."""
    open_shift(terminal, 0)
    back = AttemptClosed(sale=1, method="cash", outcome="declined", amount=500, code="returned")

    said = [
        terminal.say(back, attempt=terminal.key(1)),
        terminal.say(SaleVoided(sale=1, shift=1, lines=[line(900)], total=900)),
    ]

    assert [codes(booking) for booking in said] == [[], []]
    assert books.payments[terminal.key(1)].state_class is StateClass.REFUSED
    assert balances(books) == {}


def test_result_of_a_card_nobody_announced_is_questioned(
    books: MemoryBooks, terminal: Terminal
) -> None:
    """The intent is durable before the first byte: a result without one is somebody's fault."""
    closed = AttemptClosed(sale=1, method="chaos", outcome="approved", amount=4500)

    assert codes(terminal.say(closed, attempt=terminal.key(1))) == ["unknown-attempt"]
