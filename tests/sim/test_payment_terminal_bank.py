"""A payment terminal that asks a virtual bank, over bytes alone: its totals and the bank's, whatever is cut."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from devices.payment_terminal import Finished, NoAnswer
from protocols.control import Verb
from protocols.zvt.attempt import Verdict
from protocols.zvt.messages import Order
from protocols.zvt.results import Result
from sim.bank.books import Books
from sim.bank.people import read_people
from sim.bank.twin import BankTwin
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.hosting.hosted import Hosted
from sim.payment_terminal import PaymentTerminalTwin
from sim.payment_terminal_bank import ANSWER_NS
from sim.twin import Dialling
from tests.devices.cable import after
from tests.devices.test_payment_terminal import FRESH, Bench

S = 1_000_000_000


class Banked:
    """A terminal with its bank behind it, as one device on the register's cable."""

    def __init__(self, twin: PaymentTerminalTwin, bank: BankTwin, clock: VirtualClock) -> None:
        self.twin, self.bank, self.clock = twin, bank, clock
        self.up = False

    @property
    def deadline_ns(self) -> int | None:
        times = (self.twin.deadline_ns, self.bank.deadline_ns)
        return min((due for due in times if due is not None), default=None)

    def receive(self, data: bytes, now_ns: int) -> None:
        self.twin.receive(data, now_ns)

    def tick(self, now_ns: int) -> None:
        self.twin.tick(now_ns)
        self.bank.tick(now_ns)
        self._pass_on(now_ns)

    def outgoing(self) -> bytes:
        self._pass_on(self.clock.monotonic_ns())
        return self.twin.outgoing()

    def dial(self) -> None:
        self.up = True
        self.bank.opened(self.clock.monotonic_ns())
        self.twin.host_opened(self.clock.monotonic_ns())

    def hang_up(self) -> None:
        self.up = False
        self.bank.closed(self.clock.monotonic_ns())
        self.twin.host_closed(self.clock.monotonic_ns())

    def _pass_on(self, now_ns: int) -> None:
        while self.up:
            there = self.twin.host_outgoing()
            self.bank.receive(there, now_ns)
            back = self.bank.outgoing()
            if back:
                self.twin.host_receive(back, now_ns)
            if not there and not back:
                return


class BankBench(Bench):
    """A terminal, its bank, a register."""

    def __init__(self, clock: VirtualClock) -> None:
        self.books = Books(None, read_people())
        self.bank = BankTwin(clock=clock, books=self.books, bank="hanbit")
        super().__init__(clock, bank="127.0.0.1:8583", bank_ms=0)
        self.both = Banked(self.twin, self.bank, clock)
        self.cable.device = self.both
        self.both.dial()

    def at_bank(self, verb: str, **arguments: str) -> None:
        self.bank.do(Verb(verb=verb, arguments=arguments), self.clock.monotonic_ns())

    def shop(self) -> int:
        assert self.books.objections() == []
        return self.books.balance("hanbit", "shop/S01", "KRW")

    def total(self) -> int:
        return int(self.twin.state()["total"])


def play(story: Callable[[BankBench], Awaitable[None]]) -> None:
    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = BankBench(clock)
        await after(1)
        await story(bench)
        await bench.stop()

    run(told)


def test_a_payment_is_the_banks_and_its_reversal_too() -> None:
    async def story(bench: BankBench) -> None:
        assert isinstance(bench.twin, Dialling) and not isinstance(bench.bank, Dialling)
        paid = await bench.pay()
        assert isinstance(paid, Finished) and paid.approved and paid.status is not None, paid
        assert bench.shop() == bench.total() == 12_500
        assert paid.status.approval and bench.twin.journal.requests() == []
        back = await bench.terminal.reverse(Order(receipt=paid.status.receipt))
        assert isinstance(back, Finished) and back.approved
        assert bench.shop() == bench.total() == 0 and bench.twin.journal.requests() == []

    play(story)


@pytest.mark.parametrize(("card", "code"), [("0037", 43), ("0045", 41), ("0052", 62)])
def test_the_banks_word_is_the_terminals(card: str, code: int) -> None:
    async def story(bench: BankBench) -> None:
        task = await bench.begin()
        bench.do("tap", card=card)
        result = await task
        assert isinstance(result, Finished) and result.failed and result.code == code, result
        assert bench.shop() == bench.total() == 0 and bench.twin.journal.requests() == []

    play(story)


@pytest.mark.parametrize("verb", ["lose_answers", "lose_requests", "wrong_codes"])
def test_what_the_bank_does_not_answer_is_undone(verb: str) -> None:
    async def story(bench: BankBench) -> None:
        bench.at_bank(verb, count="1")
        before_ns = bench.clock.monotonic_ns()
        result = await bench.pay()
        assert isinstance(result, Finished) and result.failed and result.code == Result.HOST_SILENT
        assert bench.clock.monotonic_ns() - before_ns >= ANSWER_NS
        await after(30)
        assert bench.shop() == bench.total() == 0 and bench.twin.journal.requests() == []
        assert (await bench.pay()).approved  # type: ignore[union-attr]
        assert bench.shop() == bench.total() == 12_500

    play(story)


def test_power_cut_between_the_banks_yes_and_the_terminals_memory() -> None:
    async def story(bench: BankBench) -> None:
        bench.at_bank("delay", ms="5000")
        task = await bench.begin()
        bench.do("tap", card="0011")
        await after(1)
        assert bench.shop() == 12_500, "the bank has booked it, its answer is on the way"
        bench.do("power_off")
        await after(10)
        bench.at_bank("delay", ms="0")
        bench.do("power_on")
        assert isinstance(await task, NoAnswer)
        await after(20)
        assert await bench.verdict(FRESH) is Verdict.NOTHING
        assert bench.shop() == bench.total() == 0 and bench.twin.journal.requests() == []

    play(story)


def test_the_registers_cable_is_out_while_the_bank_decides() -> None:
    async def story(bench: BankBench) -> None:
        bench.at_bank("delay", ms="3000")
        task = await bench.begin()
        bench.do("tap", card="0011")
        bench.cable.pull()
        assert isinstance(await task, NoAnswer)
        await after(20)
        bench.at_bank("delay", ms="0")
        assert await bench.verdict(FRESH) is Verdict.OURS
        assert bench.shop() == bench.total() == 12_500

    play(story)


def test_a_bank_that_is_away_is_not_asked_and_one_that_leaves_is_undone_later() -> None:
    async def story(bench: BankBench) -> None:
        bench.both.hang_up()
        result = await bench.pay()
        assert (
            isinstance(result, Finished) and result.code == Result.NO_CONNECTION and result.failed
        )
        bench.both.dial()
        bench.cable.carry()
        bench.at_bank("delay", ms="5000")
        task = await bench.begin()
        bench.do("tap", card="0011")
        bench.both.hang_up()
        bench.cable.carry()
        result = await task
        assert isinstance(result, Finished) and result.code == Result.HOST_SILENT and result.failed
        assert bench.shop() == 12_500 and len(bench.twin.journal.requests()) == 1
        bench.at_bank("delay", ms="0")
        bench.both.dial()
        bench.cable.carry()
        await after(20)
        assert bench.shop() == bench.total() == 0 and bench.twin.journal.requests() == []

    play(story)


def test_a_bank_that_was_switched_off_and_on_is_signed_on_to_again_and_undoes() -> None:
    async def story(bench: BankBench) -> None:
        bench.at_bank("lose_answers", count="1")
        task = await bench.begin()
        bench.do("tap", card="0011")
        await after(5)
        bench.at_bank("restart")
        result = await task
        assert isinstance(result, Finished) and result.code == Result.HOST_SILENT
        await after(30)
        assert bench.shop() == bench.total() == 0 and bench.twin.journal.requests() == []
        assert (await bench.pay()).approved  # type: ignore[union-attr]
        bench.at_bank("restart")
        assert not (await bench.pay()).approved  # type: ignore[union-attr]
        assert (await bench.pay()).approved  # type: ignore[union-attr]
        assert bench.shop() == bench.total() == 25_000

    play(story)


def test_an_answer_that_comes_twice_ends_no_other_undoing() -> None:
    async def story(bench: BankBench) -> None:
        for _ in range(2):
            assert (await bench.pay()).approved  # type: ignore[union-attr]
        bench.both.hang_up()
        for receipt in (1, 2):
            back = await bench.terminal.reverse(Order(receipt=receipt))
            assert isinstance(back, Finished) and back.approved
        assert len(bench.twin.journal.requests()) == 2 and bench.total() == 0
        bench.at_bank("delay", ms="12000")
        bench.both.dial()
        bench.cable.carry()
        await after(23)
        # The first was told at 12 and, unanswered, at 22: its answers come at 24 and at 34.
        bench.at_bank("lose_requests", count="1")
        await after(12)
        assert len(bench.twin.journal.requests()) == 1, "only the first is undone"
        bench.at_bank("restore_answers")
        await after(30)
        assert bench.shop() == bench.total() == 0 and bench.twin.journal.requests() == []

    play(story)


def test_the_day_is_compared_with_the_banks() -> None:
    """What came to nothing here and was booked and undone there stands in both totals."""

    async def story(bench: BankBench) -> None:
        paid = await bench.pay()
        assert isinstance(paid, Finished) and paid.status is not None
        await bench.pay()
        await bench.terminal.reverse(Order(receipt=paid.status.receipt))
        bench.at_bank("lose_answers", count="1")
        await bench.pay()
        bench.at_bank("lose_requests", count="1")
        await bench.pay()
        await after(30)
        ended = await bench.terminal.end_of_day()
        assert isinstance(ended, Finished) and not ended.failed
        assert any("BANK AGREES" in line for line in ended.paper)
        made = bench.twin.journal.comparison()
        assert made is not None and made.state == "agreed"
        assert made.ours == made.theirs == (0, 0, 3, 2, 0, 0, 37_500, 25_000)
        await bench.pay()
        await bench.terminal.end_of_day()
        made = bench.twin.journal.comparison()
        assert made is not None and made.ours == made.theirs == (0, 0, 1, 0, 0, 0, 12_500, 0)

    play(story)


def test_the_banks_word_that_is_lost_is_asked_for_under_the_same_number() -> None:
    """It has closed its batch at the first: another number would find it empty."""

    async def story(bench: BankBench) -> None:
        await bench.pay()
        bench.at_bank("lose_answers", count="3")
        ended = await bench.terminal.end_of_day()
        assert isinstance(ended, Finished) and not ended.failed
        assert any("BANK NOT HEARD" in line for line in ended.paper)
        refused = await bench.pay()
        assert isinstance(refused, Finished) and refused.code == Result.NO_CONNECTION, (
            "what is asked before the bank's word on the day would be of the day"
        )
        bench.do("power_off")
        bench.do("power_on")
        await after(40)
        made = bench.twin.journal.comparison()
        assert made is not None and made.state == "agreed" and made.ours == made.theirs
        assert (await bench.pay()).approved  # type: ignore[union-attr]

    play(story)


def test_over_tcp_as_a_bench_serves_it() -> None:
    """The twin's own dialling, on loopback."""
    from protocols.serial_line import LineSettings
    from sim.host import SystemClock
    from sim.hosting.memory import MemoryCarrier
    from sim.hosting.tcp import TcpCarrier
    from sim.wire import Wire

    async def told() -> None:
        clock = SystemClock()
        bank = BankTwin(clock=clock, bank="hanbit")
        host = Hosted(
            name="hanbit",
            twin=bank,
            carrier=TcpCarrier(port=0),
            wire=Wire(SeededEntropy(1), line=LineSettings()),
            clock=clock,
        )
        await host.start()
        place = host.address.removeprefix("tcp://")
        twin = PaymentTerminalTwin(clock=clock, bank=place)
        terminal = Hosted(
            name="payment_terminal",
            twin=twin,
            carrier=MemoryCarrier("payment_terminal"),
            wire=Wire(SeededEntropy(2), line=LineSettings()),
            clock=clock,
        )
        await terminal.start()
        async with asyncio.timeout(20):
            while not bank.state()["signed_on"]:
                await asyncio.sleep(0.02)
        await terminal.stop()
        await host.stop()

    asyncio.run(told())
