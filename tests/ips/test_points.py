"""Points: earned and taken back by facts, spent by requests; a member's account is never overdrawn."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ips.books import Booking
from ips.calls import Caller
from ips.conformance import MemoryJournal, NoFaults, check_module
from ips.desk import Desk
from ips.modules.points import MODULE
from ips.refund_policy import shipped_policy
from protocols.broker import PaymentAnswer, PaymentRequest
from protocols.documents import Policy
from protocols.facts import (
    AttemptOpened,
    Line,
    Points,
    RefundClosed,
    SaleClosed,
    SaleVoided,
    ShiftOpened,
    Tender,
)
from protocols.points import PointsRule, base, earned, spendable, taken_back
from tests.ips.model import MemoryBooks, MemoryWriter, StandingClock, Terminal, figures, line, sale

MEMBER = "M123456782"
ACCOUNT = f"points/{MEMBER}"
RULE = PointsRule(rate=100, groups_out=["tobacco"])


@pytest.fixture
def till(books: MemoryBooks, terminal: Terminal) -> Terminal:
    books.members.add(MEMBER)
    books.policies = Policy(points=RULE)
    terminal.say(ShiftOpened(shift=1, float_amount=0, store="S1"))
    return terminal


def desk(books: MemoryBooks) -> Desk:
    clock = StandingClock()
    return Desk(
        books=MemoryWriter(books),
        modules={"points": MODULE()},
        caller=Caller(clock=clock, journal=MemoryJournal(), faults=NoFaults()),
        policy=shipped_policy(),
        clock=clock,
        faults=NoFaults(),
    )


def request(key: str, amount: int, member: str = MEMBER) -> PaymentRequest:
    return PaymentRequest(
        key=key,
        module="points",
        amount=amount,
        store="S1",
        terminal="01",
        fields={"member": member},
    )


def has(books: MemoryBooks) -> int:
    return books.available(ACCOUNT, "KRW")


def owes(books: MemoryBooks) -> int:
    return books.balance(f"points-owed/{MEMBER}", "KRW")


def codes(booking: Booking) -> list[str]:
    return sorted(each.code for each in booking.questions)


def earn(till: Terminal, number: int, amount: int, points: int, member: str = MEMBER) -> Booking:
    fact = sale(till, number, [line(amount)])
    told = msgspec.structs.replace(fact, customer=member, points=Points(amount=points))
    return till.say(told)


def refund(
    till: Terminal, number: int, original: int, lines: list[Line], tenders: list[Tender], back: int
) -> RefundClosed:
    return RefundClosed(
        sale=number,
        shift=1,
        original=till.key(original).rpartition("-")[0],
        lines=lines,
        tenders=tenders,
        customer=MEMBER,
        points=Points(amount=back),
        **figures(lines),
    )


def intent(till: Terminal, number: int, amount: int) -> None:
    fact = AttemptOpened(sale=number, method="points", amount=amount, peer=f"member={MEMBER}")
    till.say(fact, attempt=till.key(number))


def test_sale_earns_what_it_says_and_more_than_the_rule_is_asked_about(
    books: MemoryBooks, till: Terminal
) -> None:
    """A fact is booked; points that no rule gives are on the work list."""
    assert codes(earn(till, 1, 15_390, 153)) == []
    assert has(books) == 153 and books.balance("expense/points", "KRW") == 153

    assert codes(earn(till, 2, 10_000, 101)) == ["points-above-rule"]
    assert has(books) == 254


def test_member_that_nobody_knows_earns_into_suspense(books: MemoryBooks, till: Terminal) -> None:
    """An offline till takes any card with a right check digit."""
    assert codes(earn(till, 1, 10_000, 100, "M000000018")) == ["unknown-member"]
    assert books.balance("suspense/unmatched", "KRW") == -100


async def test_points_pay_for_a_sale_and_come_back_with_the_goods(
    books: MemoryBooks, till: Terminal
) -> None:
    """Held at the answer, spent with the sale, back with the refund; everything in the one ledger."""
    earn(till, 1, 100_000, 1_000)
    intent(till, 2, 800)

    told = await desk(books).pay(request(till.key(2), 800))

    assert isinstance(told, PaymentAnswer) and (told.outcome, told.amount) == ("approved", 800)
    assert has(books) == 200 and books.balance(ACCOUNT, "KRW") == -1_000
    paid = Tender(method="points", attempt=till.key(2), amount=800)
    assert codes(till.say(sale(till, 2, [line(800)], [paid]))) == []
    assert books.balance(ACCOUNT, "KRW") == -200 and has(books) == 200
    back = Tender(method="points", attempt=till.key(3), amount=800, back_to=till.key(2))
    assert codes(till.say(refund(till, 3, 2, [line(800)], [back], 0))) == []
    assert has(books) == 1_000 and books.balance("clearing/S1", "KRW") == 0


@pytest.mark.parametrize("first", ["intent", "request"])
async def test_intent_and_request_may_come_in_any_order(
    books: MemoryBooks, till: Terminal, first: str
) -> None:
    """The journal goes up beside the request; whichever is first opens the payment, once."""
    earn(till, 1, 100_000, 1_000)
    if first == "intent":
        intent(till, 2, 800)
    told = await desk(books).pay(request(till.key(2), 800))
    if first == "request":
        intent(till, 2, 800)

    assert isinstance(told, PaymentAnswer) and told.outcome == "approved"
    again = await desk(books).pay(request(till.key(2), 800))
    assert again == told and has(books) == 200
    assert len(books.payments) == 2


async def test_two_tills_that_spend_the_same_points_at_once(
    books: MemoryBooks, till: Terminal
) -> None:
    """One has them; the other is declined, and nobody's account is overdrawn."""
    earn(till, 1, 100_000, 1_000)
    at = desk(books)

    told = await asyncio.gather(*(at.pay(request(f"S1-0{n}-20260417-0009-a", 700)) for n in (1, 2)))

    outcomes = sorted(each.outcome for each in told if isinstance(each, PaymentAnswer))
    assert outcomes == ["approved", "declined"]
    declined = next(e for e in told if isinstance(e, PaymentAnswer) and e.outcome == "declined")
    assert declined.code == "PTS-02" and has(books) == 300


async def test_key_of_another_member_is_refused(books: MemoryBooks, till: Terminal) -> None:
    """A key means one thing."""
    earn(till, 1, 100_000, 1_000)
    await desk(books).pay(request(till.key(2), 100))
    told = await desk(books).pay(request(till.key(2), 100, "M000000018"))
    assert not isinstance(told, PaymentAnswer) and told.error == "key-reused"


@pytest.mark.parametrize("ending", ["cash", "void"])
@pytest.mark.parametrize("late", [False, True])
async def test_points_of_a_sale_that_went_another_way_are_the_members_again(
    books: MemoryBooks, till: Terminal, ending: str, late: bool
) -> None:
    """The request may even come after the sale has ended: it is declined, nothing is held."""
    earn(till, 1, 100_000, 1_000)
    intent(till, 2, 800)
    if not late:
        await desk(books).pay(request(till.key(2), 800))
    if ending == "cash":
        cash = Tender(method="cash", attempt=till.key(2, "b"), amount=800)
        booking = till.say(sale(till, 2, [line(800)], [cash]))
    else:
        booking = till.say(SaleVoided(sale=2, shift=1, lines=[], total=800))
    if late:
        told = await desk(books).pay(request(till.key(2), 800))
        assert isinstance(told, PaymentAnswer) and told.outcome == "declined"

    assert codes(booking) == []
    assert has(books) == 1_000 and not books.refunds


def test_points_that_were_spent_before_the_goods_came_back_are_owed(
    books: MemoryBooks, till: Terminal
) -> None:
    """The account is never below nothing; what is owed takes the first points of the next sale."""
    earn(till, 1, 100_000, 1_000)
    spent = Tender(method="points", attempt=till.key(2), amount=900)
    intent(till, 2, 900)
    till.say(sale(till, 2, [line(900)], [spent]))
    back = Tender(method="cash", attempt=till.key(3), amount=100_000, back_to=till.key(1))

    assert codes(till.say(refund(till, 3, 1, [line(100_000)], [back], 1_000))) == []
    assert (has(books), owes(books)) == (0, 900)

    earn(till, 4, 100_000, 1_000)
    assert (has(books), owes(books)) == (100, 0)


async def test_module_is_fit() -> None:
    """`ips-broker module check points`."""
    assert await check_module(MODULE, clock=StandingClock()) == []


def test_rule_leaves_out_groups_and_tenders() -> None:
    """Tobacco earns nothing; what points pay earns nothing, in proportion."""
    lines = [line(10_000), line(5_000, group="tobacco"), line(9_999, voided=True)]
    points = Tender(method="points", attempt="k", amount=5_000)
    cash = Tender(method="cash", attempt="k", amount=10_000)
    assert base(RULE, lines) == 10_000
    assert earned(RULE, lines, [cash, points]) == 66
    assert earned(RULE, lines, [Tender(method="cash", attempt="k", amount=15_000)]) == 100
    assert earned(RULE, [], []) == 0


@given(
    points=st.integers(0, 10_000),
    parts=st.lists(st.integers(0, 100_000), min_size=1, max_size=8),
)
def test_parts_that_come_back_take_all_points_together(points: int, parts: list[int]) -> None:
    """However a sale comes back, in the end exactly its points are gone, and never more before."""
    left, taken = sum(parts), 0
    whole = left
    for part in parts:
        left -= part
        now = taken_back(points, of=whole, left=left, before=taken)
        assert 0 <= now <= points - taken
        taken += now
    assert taken == points


@given(have=st.integers(-100, 100_000), due=st.integers(0, 100_000), step=st.integers(0, 1_000))
def test_spendable_is_a_multiple_and_never_too_much(have: int, due: int, step: int) -> None:
    rule = PointsRule(rate=1, spend_from=500, spend_step=step)
    some = spendable(rule, have, due)
    assert some == 0 or 500 <= some <= min(have, due)
    assert some % max(1, step) == 0


def test_odd_points_are_asked_about_and_not_booked(books: MemoryBooks, till: Terminal) -> None:
    """Negative points would take from a member what nobody gave."""
    fact: SaleClosed = sale(till, 1, [line(100)])
    odd = msgspec.structs.replace(fact, customer=MEMBER, points=Points(amount=-5))
    assert codes(till.say(odd)) == ["amount-range"]
