"""The day of a stand-alone payment terminal that dials a bank: four say the same total, whatever happened (T3, T4).

Goal: with the cable pulled before, during and after the approval, with the bank's answer late or lost, with
the power cut, what the till's Z says was taken at the terminal, what the terminal says at its end of day, what
the broker's books have for it, and what its bank holds for its merchant are one amount.
"""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from protocols.facts import ShiftClosed, decode_fact
from protocols.journal import decode_record
from protocols.trace.events import Channel
from sim.payment_terminal import PaymentTerminalTwin
from sim.payment_terminal_journal import Comparison, Entry, net_of
from sim.recorder import Recorder
from sim.stage import auditors
from sim.stage.world import audit
from sim.stage.world.equipment import BYTES, CUSTOMER, PAYMENT_TERMINAL, payment_terminal, wish
from sim.stage.world.given import STORE, TERMINAL, Given, TillWish
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.virtual import live

WATER, PRICE = "8800100000014", 130
CARD, PIN = "0011", "4567"
EQUIPMENT = {name: wish(name) for name in (*BYTES, CUSTOMER, PAYMENT_TERMINAL)}
GIVEN = Given(tills=(TillWish(equipment=EQUIPMENT, float_amount=None),), terminal_bank=True)
LOOKS_MAX = 4_000


class Day:
    """A shop with a terminal and its bank, from the first sale to the Z."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.till = world.till()

    @property
    def twin(self) -> PaymentTerminalTwin:
        twin = payment_terminal(self.world.equipment())
        assert twin is not None
        return twin

    @property
    def held(self) -> int:
        """What the bank holds for the terminal's merchant."""
        assert self.world.acquirer is not None
        return self.world.acquirer.shop(TERMINAL)

    async def terminal(self, verb: str, **arguments: str) -> None:
        await self.world.equipment().do(PAYMENT_TERMINAL, verb, **arguments)

    async def bank(self, verb: str, **arguments: str) -> None:
        assert self.world.acquirer is not None
        await self.world.acquirer.do(TERMINAL, verb, **arguments)

    async def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(LOOKS_MAX):
            if holds():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"it never comes about: {self.twin.state()}")

    async def at(self, phase: str) -> None:
        await self.until(lambda: self.twin.state()["phase"] == phase)

    async def begun(self) -> "asyncio.Task[object]":
        await self.till.key(WATER)
        paying = asyncio.create_task(self.till.key("TE"))
        await self.at("card")
        return paying

    async def sold(self) -> None:
        """Sell one piece, all well."""
        paying = await self.begun()
        await self.terminal("insert", card=CARD)
        await self.terminal("enter_pin", pin=PIN)
        said = await paying
        assert not self.till.view.lines, said

    async def finished(self, paying: "asyncio.Task[object]") -> None:
        """Bring a sale to its end as a clerk does: wait, ask again, else take cash."""
        await asyncio.wait([paying], timeout=900)
        await rest(self.world)
        if self.till.view.lines:
            await self.till.key("CA")
        assert not self.till.view.lines and not self.till.doubts()

    async def closed(self) -> ShiftClosed:
        """Count the drawer and close the shift, which has the terminal end its day."""
        expected = self.till.wired.till.register.shift.expected
        for keys in (f"{expected}x1CN", "CZ:x"):
            await self.till.key(keys)
        await asyncio.sleep(90)
        [*_, z] = [
            fact
            for record in map(decode_record, self.till.records())
            if isinstance(fact := decode_fact(record.kind, record.body), ShiftClosed)
        ]
        return z

    def ledger(self) -> int:
        balances = auditors.balances_of(self.world.broker.reader)
        return balances.get(f"receivable/terminal/{STORE}", 0)

    def comparison(self) -> Comparison:
        made = self.twin.journal.comparison()
        assert made is not None
        return made


async def cable_before(day: Day) -> "asyncio.Task[object]":
    await day.terminal("pull_cable")
    await asyncio.sleep(60)
    await day.till.key(WATER)
    return asyncio.create_task(day.till.key("TE"))


async def cable_at_card(day: Day) -> "asyncio.Task[object]":
    paying = await day.begun()
    await day.terminal("pull_cable")
    await day.terminal("tap", card=CARD)
    return paying


async def cable_while_the_bank_decides(day: Day) -> "asyncio.Task[object]":
    await day.bank("delay", ms="4000")
    paying = await day.begun()
    await day.terminal("tap", card=CARD)
    await day.until(lambda: bool(day.twin.journal.requests()))
    await day.terminal("pull_cable")
    await asyncio.sleep(10)
    return paying


async def cable_after_the_approval(day: Day) -> "asyncio.Task[object]":
    await day.terminal("delay_answers", ms="1500")
    paying = await day.begun()
    before = day.twin.state()["total"]
    await day.terminal("tap", card=CARD)
    await day.until(lambda: day.twin.state()["total"] > before)
    await day.terminal("pull_cable")
    return paying


async def power_at_card(day: Day) -> "asyncio.Task[object]":
    paying = await day.begun()
    await day.terminal("power_off")
    return paying


async def power_while_the_bank_decides(day: Day) -> "asyncio.Task[object]":
    await day.bank("delay", ms="4000")
    paying = await day.begun()
    before = day.held
    await day.terminal("tap", card=CARD)
    await day.until(lambda: day.held > before)
    await day.terminal("power_off")
    return paying


async def power_after_the_approval(day: Day) -> "asyncio.Task[object]":
    await day.terminal("delay_answers", ms="1500")
    paying = await day.begun()
    before = day.twin.state()["total"]
    await day.terminal("tap", card=CARD)
    await day.until(lambda: day.twin.state()["total"] > before)
    await day.terminal("power_off")
    return paying


def at_the_bank(verb: str, **arguments: str) -> Callable[[Day], Awaitable["asyncio.Task[object]"]]:
    async def happens(day: Day) -> "asyncio.Task[object]":
        paying = await day.begun()
        await day.bank(verb, **arguments)
        await day.terminal("tap", card=CARD)
        await asyncio.sleep(45)
        return paying

    return happens


async def bank_hangs_up(day: Day) -> "asyncio.Task[object]":
    await day.bank("delay", ms="4000")
    paying = await day.begun()
    before = day.held
    await day.terminal("tap", card=CARD)
    await day.until(lambda: day.held > before)
    await day.bank("pull_cable")
    await asyncio.sleep(30)
    return paying


async def till_killed(day: Day) -> "asyncio.Task[object]":
    await day.bank("delay", ms="4000")
    paying = await day.begun()
    await day.terminal("tap", card=CARD)
    await asyncio.sleep(1)
    await day.till.kill()
    return paying


async def given_back(day: Day) -> "asyncio.Task[object]":
    await day.sold()
    await day.till.key("VF")
    return asyncio.create_task(day.till.key("GB"))


TROUBLES: dict[str, tuple[Callable[[Day], Awaitable["asyncio.Task[object]"]], int]] = {
    "cable before": (cable_before, 0),
    "cable at the card": (cable_at_card, PRICE),
    "cable while the bank decides": (cable_while_the_bank_decides, PRICE),
    "cable after the approval": (cable_after_the_approval, PRICE),
    "power at the card": (power_at_card, 0),
    "power while the bank decides": (power_while_the_bank_decides, 0),
    "power after the approval": (power_after_the_approval, PRICE),
    "answer late": (at_the_bank("delay", ms="25000"), 0),
    "answer slow": (at_the_bank("delay", ms="15000"), PRICE),
    "answer lost": (at_the_bank("lose_answers", count="1"), 0),
    "answer with its reversal": (at_the_bank("answer_after_reversal", count="1"), 0),
    "answers lost, and of what undoes": (at_the_bank("lose_answers", count="3"), 0),
    "request lost": (at_the_bank("lose_requests", count="1"), 0),
    "wrong code": (at_the_bank("wrong_codes", count="1"), 0),
    "declined": (at_the_bank("decline", code="51"), 0),
    "bank switched off and on": (at_the_bank("restart"), 0),
    "bank hangs up": (bank_hangs_up, 0),
    "till killed": (till_killed, PRICE),
    "given back": (given_back, 0),
}
"""What happens, and what of its sale the terminal has taken in the end."""


def test_four_totals_agree_at_the_end_of_the_day_whatever_happened_in_it() -> None:
    """A day for each: a sale that is well, one over which it happens, one more that is well; then the Z."""

    async def story(world: World) -> None:
        day, before = Day(world), 0
        await asyncio.sleep(10)
        for name, (happens, taken) in TROUBLES.items():
            await day.till.key("100000OS")
            await day.sold()
            await day.finished(await happens(day))
            await asyncio.sleep(30)
            await day.sold()
            z = await day.closed()
            assert z.by_method["terminal"] == 2 * PRICE + taken, name
            made = day.comparison()
            assert made.state == "agreed" and made.ours == made.theirs, (name, made)
            assert net_of(made.theirs) == z.by_method["terminal"], name
            await rest(world)
            before += z.by_method["terminal"]
            assert before == day.held == day.ledger() == world.terminals()[0][1], name
            assert "Terminal differs by" not in world.equipment().paper(), name
            assert "BANK AGREES" in " ".join(day.twin.state()["roll"]), name
        found = [each for each in audit.at_rest(world) if each.auditor != "receipts"]
        assert [str(each) for each in found] == []

    live(story, given=GIVEN)


@pytest.mark.parametrize("verb", ["lose_answers", "lose_requests", "wrong_codes"])
def test_the_banks_word_on_the_totals_is_asked_for_until_it_comes(verb: str) -> None:
    async def story(world: World) -> None:
        day = Day(world)
        await day.till.key("100000OS")
        await asyncio.sleep(10)
        await day.sold()
        await day.bank(verb, count="3")
        z = await day.closed()
        assert z.by_method["terminal"] == PRICE and day.comparison().state == "agreed"
        assert net_of(day.comparison().theirs) == day.held == PRICE

    live(story, given=GIVEN)


def test_a_bank_that_is_away_at_the_z_is_asked_when_it_is_back() -> None:
    async def story(world: World) -> None:
        day = Day(world)
        await day.till.key("100000OS")
        await asyncio.sleep(10)
        await day.sold()
        await day.bank("pull_cable")
        await asyncio.sleep(5)
        z = await day.closed()
        assert z.by_method["terminal"] == PRICE
        assert day.twin.state()["compared"] == "waits for the bank"
        assert "BANK NOT HEARD" in " ".join(day.twin.state()["roll"])
        await day.bank("plug_cable")
        await asyncio.sleep(10)
        assert day.twin.state()["compared"] == "agrees" and day.held == PRICE

    live(story, given=GIVEN)


def test_a_difference_is_said_and_stays_until_the_bank_agrees() -> None:
    """The terminal tells a payment that its bank knows nothing of; the next day's totals contain it still."""

    async def story(world: World) -> None:
        day = Day(world)
        await asyncio.sleep(10)
        for sale in (1, 2):
            await day.till.key("100000OS")
            await day.sold()
            if sale == 1:
                with day.twin.journal.writing():
                    forged = day.twin.journal.add(Entry(kind="payment", amount=500))
            await day.closed()
            assert day.comparison().state == "differs"
            assert net_of(day.comparison().ours) - net_of(day.comparison().theirs) == 500
            assert net_of(day.comparison().theirs) == day.held == sale * PRICE
            told = day.twin.state()
            assert (
                told["compared"]
                == f"differs: {sale * PRICE + 500} here, {sale * PRICE} at the bank"
            )
            assert "BANK DIFFERS" in " ".join(told["roll"])
        [*_] = found = [each for each in audit.at_rest(world) if each.auditor == "terminal"]
        assert any(f"has {2 * PRICE + 500:,}" in each.what for each in found), forged

    live(story, given=GIVEN)


def test_two_terminals_are_two_merchants() -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(10)
        assert world.acquirer is not None
        for terminal, amount in (("01", 1), ("02", 2)):
            till = world.till(terminal)
            for keys in ("100000OS", *[WATER] * amount):
                await till.key(keys)
            paying = asyncio.create_task(till.key("TE"))
            twin = payment_terminal(world.equipment(terminal))
            assert twin is not None
            while twin.state()["phase"] != "card":
                await asyncio.sleep(0.1)
            await world.equipment(terminal).do(PAYMENT_TERMINAL, "tap", card=CARD)
            await paying
        assert [world.acquirer.shop(each) for each in ("01", "02")] == [PRICE, 2 * PRICE]
        await rest(world)
        assert audit.at_rest(world) == []
        second = payment_terminal(world.equipment("02"))
        assert second is not None
        with second.journal.writing():
            second.journal.add(Entry(kind="payment", amount=500))
        told = [each for each in audit.at_rest(world) if each.auditor == "terminal"]
        assert [each.where for each in told] == ["till 01 02", "till 01 02", "till 02"]

    tills = tuple(
        TillWish(terminal=each, equipment=EQUIPMENT, float_amount=None) for each in ("01", "02")
    )
    live(story, given=Given(tills=tills, terminal_bank=True))


def test_both_wires_of_the_terminal_are_in_the_trace() -> None:
    heard: list[Recorder] = []

    async def story(world: World) -> None:
        day = Day(world)
        await day.till.key("100000OS")
        await asyncio.sleep(10)
        await day.sold()

    live(story, given=GIVEN, recorded=heard.append)
    protocols = {each.protocol for each in heard[0].events() if isinstance(each, Channel)}
    assert {"zvt", "iso8583"} <= protocols
