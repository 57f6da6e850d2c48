"""A card with several applications: the clerk chooses for the customer while the payment waits."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from pos import commands
from pos.rights import Right
from pos.tenders.agreement import Ask, Desk, GivenUp, Mover, OverTender
from pos.view import PaymentStep
from protocols.outcome import NotSent, Outcome
from sim.clock import VirtualClock, run
from tests.pos.conftest import PassBy
from tests.support.counter_till import Counter, start_till

MILK = "8801115114154"
LABELS = ("IPS CREDIT", "IPS DEBIT")


@dataclass
class Choosing:
    """A tender that asks, and pays nothing."""

    name: str = "choosing"
    verb: str = "XC"
    right: Right = Right.PAYMENT_TAKE
    over: OverTender = OverTender.REFUSED
    mover: Mover = Mover.DEVICE
    chosen: list[int | GivenUp] = field(default_factory=list)

    def label(self, language: str) -> str:
        return "CHOOSING"

    async def take(self, ask: Ask, desk: Desk) -> Outcome:
        desk.progress(PaymentStep.CARD)
        self.chosen.append(await desk.choose(LABELS))
        return NotSent(code="CRD-69", reason="only asked")


def choosing(folder: Path, story: Callable[[Counter, Choosing], Awaitable[None]]) -> None:
    async def told(clock: VirtualClock, _: object) -> None:
        counter = await start_till(folder, clock, PassBy())
        tender = Choosing()
        counter.till.register.offered += (tender,)
        await counter.key("OS", MILK)
        try:
            await story(counter, tender)
        finally:
            counter.store.close()

    run(told)


async def asked(counter: Counter) -> "asyncio.Task[object]":
    paying = asyncio.create_task(counter.till.execute(commands.Pay("choosing", None)))
    await asyncio.sleep(1)
    payment = counter.till.view.payment
    assert payment is not None and payment.choices == LABELS and payment.stoppable
    assert counter.till.view.notice is not None
    return paying


def test_a_digit_chooses(tmp_path: Path) -> None:
    async def story(counter: Counter, tender: Choosing) -> None:
        paying = await asked(counter)
        said = await counter.till.execute(commands.Pick(3))
        assert said is not None and said.code == "ENT-10" and not paying.done()
        await counter.till.execute(commands.Pick(2))
        await paying
        assert tender.chosen == [1]

    choosing(tmp_path, story)


def test_esc_chooses_nothing(tmp_path: Path) -> None:
    async def story(counter: Counter, tender: Choosing) -> None:
        paying = await asked(counter)
        await counter.till.execute(commands.Cancel())
        await paying
        assert tender.chosen == [GivenUp()]
        said = await counter.till.execute(commands.Pick(1))
        assert said is None or said.code != "", "nobody asks any more"

    choosing(tmp_path, story)
