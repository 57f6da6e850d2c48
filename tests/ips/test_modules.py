"""Our payment modules one by one: what they say when they do not pay, so that a clerk reads the truth."""

from dataclasses import replace

import pytest

from ips.conformance import MemoryJournal, NoFaults
from ips.modules.cash import Cash
from ips.modules.chaos import Chaos
from ips.spi import Context, Operation, Order, PaymentModule
from protocols.money import KRW, Money
from protocols.outcome import Approved, Declined, NotSent
from tests.ips.model import StandingClock

ORDER = Order(
    operation=Operation.AUTHORISE,
    key="S1-01-20260417-0001-a",
    payment="",
    amount=Money(5_000, KRW),
    store="S1",
    terminal="01",
    fields={},
)


def fresh() -> Context:
    return Context(
        clock=StandingClock(), journal=MemoryJournal(), faults=NoFaults(), deadline_ns=10**12
    )


@pytest.mark.parametrize("module", [Cash(), Chaos()], ids=["cash", "chaos"])
async def test_an_inquiry_about_an_unknown_key_says_that_it_is_unknown(
    module: PaymentModule,
) -> None:
    """PAY-09: not "nothing to pay" (PAY-01), which is about an empty basket."""
    outcome = await module.perform(replace(ORDER, operation=Operation.INQUIRE), fresh())

    assert isinstance(outcome, NotSent)
    assert outcome.code == "PAY-09"


async def test_cash_under_a_used_key_with_another_amount_is_declined() -> None:
    """PAY-10: the first answer stands, and nothing else happens under its key."""
    module, context = Cash(), fresh()
    assert isinstance(await module.perform(ORDER, context), Approved)

    outcome = await module.perform(replace(ORDER, amount=Money(6_000, KRW)), context)

    assert isinstance(outcome, Declined)
    assert outcome.code == "PAY-10"


async def test_chaos_told_to_send_nothing_says_so() -> None:
    """PAY-11: nothing left, so nothing moved."""
    outcome = await Chaos().perform(replace(ORDER, fields={"outcome": "not_sent"}), fresh())

    assert isinstance(outcome, NotSent)
    assert outcome.code == "PAY-11"


async def test_chaos_gives_back_no_more_than_was_paid() -> None:
    """PAY-12, and not before."""
    module, context = Chaos(), fresh()
    await module.perform(ORDER, context)
    back = replace(ORDER, operation=Operation.REFUND, payment=ORDER.key)

    first = await module.perform(replace(back, key="r1"), context)
    second = await module.perform(replace(back, key="r2", amount=Money(1, KRW)), context)

    assert isinstance(first, Approved)
    assert isinstance(second, Declined)
    assert second.code == "PAY-12"
