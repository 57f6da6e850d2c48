"""Discounts, other prices and coupons at the till: limits, who allowed what, coupons by date."""

import msgspec
import pytest

from pos.rights import Role
from protocols.documents import Coupon, Policy
from protocols.facts import SaleClosed, StaffApproved
from tests.support.counter_till import Counter, Starting
from tests.support.staff import STAFF

MILK, RAMEN = "8801115114154", "8801043015929"
SUMMER = Coupon(
    code="9900000000018", name_ko="여름 할인", name_en="Summer", amount=1_000, minimum=5_000,
    valid_from="20260401", valid_until="20260430",
)  # fmt: skip
OLD = msgspec.structs.replace(SUMMER, code="9900000000025", valid_until="20260416")


async def selling(start: Starting, **setup: object) -> Counter:
    counter = await start(**setup)
    counter.till.register.policy = Policy(
        discount_percent_max=10, price_override_max=200, coupons=[SUMMER, OLD]
    )
    await counter.key("50000OS", MILK, RAMEN)
    return counter


def total(counter: Counter) -> int:
    return counter.till.view.total


async def closed_sale(counter: Counter) -> SaleClosed:
    await counter.key("CA")
    facts = [fact for fact in counter.facts() if isinstance(fact, SaleClosed)]
    return facts[-1]


@pytest.mark.parametrize(
    ("entry", "left"),
    [("10DI", 6_670), ("500DI", 6_580), ("5DS", 6_726), ("700DS", 6_380), ("100DI", 2_980)],
)
async def test_discounts(start: Starting, entry: str, left: int) -> None:
    counter = await selling(start)

    assert await counter.key(entry) is not None

    assert total(counter) == left
    assert (await closed_sale(counter)).total == left


async def test_the_discount_key_twice_moves_it_to_the_whole_sale(start: Starting) -> None:
    counter = await selling(start)

    await counter.key("10DI", "10DX")

    assert total(counter) == 6_372
    assert counter.till.view.lines[1].amount == "4,100"
    assert counter.till.view.lines[-1].amount == "-708"


@pytest.mark.parametrize(
    ("entry", "right"),
    [
        ("11DI", "sale.discount_above"),
        ("411DI", "sale.discount_above"),
        ("11DS", "sale.discount_above"),
        ("709DS", "sale.discount_above"),
        ("3899PR:흠 있음", "price.override"),
        ("4101PR:가격표", "price.override"),
    ],
)
async def test_above_the_clerks_limit_somebody_else_has_to_allow_it(
    start: Starting, entry: str, right: str
) -> None:
    """The basket stays as it is until he has; then he stands in the sale and in a record of its own."""
    counter = await selling(start, role=Role.CLERK, staff=STAFF)
    before = total(counter)

    notice = await counter.key(entry)
    assert notice is not None and notice.code == "RGT-02"
    assert total(counter) == before

    await counter.key("3PN:8520")
    assert total(counter) != before
    assert StaffApproved(right=right, sale=1) in counter.facts()
    sale = await closed_sale(counter)
    assert "3" in [each.approver for each in (*sale.lines, *sale.reductions)]


@pytest.mark.parametrize("entry", ["10DI", "410DI", "10DS", "708DS", "3900PR:흠 있음", "0PR"])
async def test_within_it_the_clerk_does_it_alone(start: Starting, entry: str) -> None:
    counter = await selling(start, role=Role.CLERK)

    notice = await counter.key(entry)

    assert notice is not None and notice.code == ""


async def test_another_price_wants_a_reason_and_keeps_the_catalogues(start: Starting) -> None:
    counter = await selling(start)

    nothing = await counter.key("3000PR")
    assert nothing is not None and nothing.code == "ENT-12"
    await counter.key("3000PR:기한 임박")

    line = (await closed_sale(counter)).lines[1]
    assert (line.unit_price, line.list_price, line.reason) == (3_000, 4_100, "기한 임박")


async def test_a_coupon_is_scanned_like_goods(start: Starting) -> None:
    counter = await selling(start)

    await counter.key(SUMMER.code)

    assert total(counter) == 6_080
    sale = await closed_sale(counter)
    assert [(each.code, each.amount) for each in sale.reductions] == [(SUMMER.code, 1_000)]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([SUMMER.code, SUMMER.code], "DSC-04"),
        ([OLD.code], "DSC-03"),
        (["VD", SUMMER.code], "DSC-05"),
        (["VS:x", SUMMER.code], "PAY-01"),
        (["101DI"], "PAY-03"),
        (["VL", "10DI"], "ENT-07"),
        (["VS:x", "10DS"], "ENT-08"),
        (["VS:x", "100PR:x"], "ENT-07"),
    ],
)
async def test_what_cannot_be_is_told(start: Starting, entries: list[str], code: str) -> None:
    counter = await selling(start)
    counter.till.register.policy = msgspec.structs.replace(
        counter.till.register.policy, discount_percent_max=100
    )
    if code == "PAY-03":
        entries = ["9999DI"]

    notice = await counter.key(*entries)

    assert notice is not None and notice.code == code


async def test_what_was_taken_off_is_still_off_after_a_kill(start: Starting) -> None:
    counter = await selling(start)
    await counter.key("3000PR:흠", "10DS")
    before = counter.till.view.lines, total(counter)
    counter.store.close()

    again = await start()

    assert (again.till.view.lines, total(again)) == before
