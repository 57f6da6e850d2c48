"""A supervised payment terminal against its twin, in virtual time: payments, cables, power, quirks, deadlines."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from devices.health import Health, Level
from devices.payment_terminal import (
    Finished,
    NoAnswer,
    NotAsked,
    PaymentTerminal,
    Refused,
    TerminalResult,
)
from protocols.control import Verb
from protocols.zvt.apdu import Apdu
from protocols.zvt.attempt import Before, Verdict, judge, reference_of
from protocols.zvt.controls import Control
from protocols.zvt.messages import Order
from protocols.zvt.results import Result, State
from protocols.zvt.sequences import SEQUENCES
from protocols.zvt.text import Charset
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.payment_terminal import TERMINAL_ID, PaymentTerminalTwin
from sim.payment_terminal_work import CARD_NS
from sim.twin import Twin, VerbError
from tests.devices.cable import ADDRESS, Cable, Mute, after

S = 1_000_000_000
CARD = "0011"
PIN = "4567"
ORDER = Order(amount=12_500, currency=410, text=reference_of("A-1"))
SERIAL = pytest.mark.parametrize("serial", [True, False], ids=["serial", "network"])


class Bench:
    """A terminal, its twin, and a customer with a card."""

    def __init__(
        self,
        clock: VirtualClock,
        *,
        serial: bool = True,
        mute: bool = False,
        charset: Charset = Charset.CP437,
        **options: object,
    ) -> None:
        self.clock = clock
        self.twin = PaymentTerminalTwin(clock=clock, **options)  # type: ignore[arg-type]
        self.cable = Cable(Mute() if mute else self.twin, clock)
        self.healths: list[Health] = []
        self.states: list[State] = []
        self.terminal = PaymentTerminal(
            address=ADDRESS,
            open_link=self.cable.open_link,
            clock=clock,
            serial=serial,
            currency=410,
            columns=42,
            charset=charset,
            on_health=self.healths.append,
        )
        self.terminal.start()

    def do(self, verb: str, **arguments: str) -> None:
        self.twin.do(Verb(verb=verb, arguments=arguments), self.clock.monotonic_ns())
        self.cable.carry()

    def count(self, what: str) -> int:
        return sum(what in f"{each.what} {each.detail}" for each in self.twin.history)

    async def begin(self, order: Order = ORDER) -> "asyncio.Task[TerminalResult]":
        task = asyncio.create_task(self.terminal.pay(order, on_state=self.states.append))
        await after(0.5)
        return task

    async def pay(self, order: Order = ORDER, card: str = CARD, pin: str = PIN) -> TerminalResult:
        task = await self.begin(order)
        self.do("insert", card=card)
        if pin:
            await after(0.5)
            self.do("enter_pin", pin=pin)
        return await task

    async def verdict(self, before: Before) -> Verdict | TerminalResult:
        last = await self.terminal.last_result()
        if not isinstance(last, Finished):
            return last
        status = None if last.code else last.status
        return judge(
            before,
            status,
            amount=ORDER.amount,
            reference=ORDER.text,
            paper="\n".join(last.paper),
            dates=(101, 1231),
        )

    async def stop(self) -> None:
        await self.terminal.stop(deadline_ns=self.clock.monotonic_ns() + S)
        self.twin.journal.close()


FRESH = Before(terminal_id=TERMINAL_ID, receipt=0, trace=0)


def play(story: Callable[[Bench], Awaitable[None]], **made: object) -> None:
    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, **made)  # type: ignore[arg-type]
        await after(0.5)
        await story(bench)
        await bench.stop()

    run(told)


@SERIAL
def test_a_payment_by_chip_and_pin(serial: bool) -> None:
    async def story(bench: Bench) -> None:
        assert isinstance(bench.twin, Twin)
        assert bench.terminal.health.level is Level.OK
        assert bench.terminal.terminal_id == TERMINAL_ID
        result = await bench.pay()
        assert isinstance(result, Finished) and result.approved and not result.failed
        assert result.status is not None and result.status.amount == 12_500
        assert result.status.card is None and result.status.card_shown == "************0011"
        assert ORDER.text in result.paper and "두리카드" in result.paper
        assert bench.states == [
            State.INSERT_CARD,
            State.WATCH_PIN_PAD,
            State.WAITING_FOR_BANK,
            State.APPROVED,
        ]
        assert bench.twin.state()["total"] == 12_500

    play(story, serial=serial)


@SERIAL
@pytest.mark.parametrize("verb", ["tap", "swipe"])
def test_a_payment_by_other_ways(verb: str, serial: bool) -> None:
    async def story(bench: Bench) -> None:
        task = await bench.begin()
        bench.do(verb, card=CARD)
        if verb == "swipe":
            bench.do("enter_pin", pin=PIN)
        result = await task
        assert isinstance(result, Finished) and result.approved

    play(story, serial=serial)


@SERIAL
def test_what_is_refused_has_moved_nothing(serial: bool) -> None:
    async def story(bench: Bench) -> None:
        for card, code in (("0037", 43), ("0029", Result.CARD_EXPIRED)):
            result = await bench.pay(card=card)
            assert result == Finished(code=code, status=result.status), card  # type: ignore[union-attr]
            assert result.failed and result.status.result == code  # type: ignore[union-attr]
        result = await bench.pay(Order(amount=500_001, currency=410))
        assert isinstance(result, Finished) and result.code == 61 and result.failed
        bench.do("decline", code="51")
        result = await bench.pay()
        assert isinstance(result, Finished) and result.code == 51
        assert bench.twin.state()["total"] == 0 and bench.twin.journal.last() is None

    play(story, serial=serial)


def test_wrong_pin_three_times() -> None:
    async def story(bench: Bench) -> None:
        task = await bench.begin()
        bench.do("insert", card=CARD)
        for _ in range(3):
            bench.do("enter_pin", pin="8899")
        result = await task
        assert isinstance(result, Finished) and result.code == 75 and result.failed
        assert bench.states.count(State.WRONG_PIN) == 2
        assert "8899" not in str(bench.twin.history) + str(bench.twin.state())
        with pytest.raises(VerbError, match="asks for no PIN"):
            bench.do("enter_pin", pin="8899")

    play(story)


@SERIAL
def test_red_key_time_and_the_registers_abort_end_it(serial: bool) -> None:
    async def story(bench: Bench) -> None:
        for how in ("key", "register", "time"):
            task = await bench.begin()
            if how == "key":
                bench.do("cancel")
            elif how == "register":
                bench.terminal.abort()
            before_ns = bench.clock.monotonic_ns()
            result = await task
            assert isinstance(result, Finished) and result.code == Result.ABORTED and result.failed
            waited = bench.clock.monotonic_ns() - before_ns
            assert (waited > CARD_NS - S) is (how == "time")
        assert bench.twin.journal.last() is None

    play(story, serial=serial)


def test_a_terminal_that_refuses_aborts_goes_on() -> None:
    async def story(bench: Bench) -> None:
        task = await bench.begin()
        bench.terminal.abort()
        await after(1)
        assert not task.done()
        bench.do("tap", card=CARD)
        result = await task
        assert isinstance(result, Finished) and result.approved

    play(story, refuses_abort=True)


@SERIAL
@pytest.mark.parametrize("moment", ["card", "pin", "bank", "telling"])
def test_cable_pulled_and_the_last_result_tells(serial: bool, moment: str) -> None:
    """Whatever moment it is, the terminal goes on by itself; it is asked, and never told again."""

    async def story(bench: Bench) -> None:
        task = await bench.begin()
        if moment == "card":
            bench.cable.pull()
        bench.do("insert", card=CARD)
        if moment == "pin":
            bench.cable.pull()
        bench.do("enter_pin", pin=PIN)
        if moment == "bank":
            bench.cable.pull()
        if moment == "telling":
            bench.do("delay_answers", ms="200")
            await after(0.4)
            bench.cable.pull()
            bench.do("delay_answers", ms="0")
        result = await task
        assert isinstance(result, NoAnswer), result
        await after(40)
        assert await bench.verdict(FRESH) is Verdict.OURS
        assert bench.count("asked authorisation") == 1
        assert bench.twin.state()["total"] == 12_500

    play(story, serial=serial)


@SERIAL
def test_cable_pulled_before_a_card_came(serial: bool) -> None:
    async def story(bench: Bench) -> None:
        task = await bench.begin()
        bench.cable.pull()
        assert isinstance(await task, NoAnswer)
        await after(10)
        # It still waits for its card: asked for its last result it says that it is busy.
        assert isinstance(await bench.terminal.last_result(), NotAsked | Refused)
        await after(70)
        assert await bench.verdict(FRESH) is Verdict.NOTHING
        assert bench.count("asked authorisation") == 1

    play(story, serial=serial)


@pytest.mark.parametrize("moment", ["card", "bank", "after"])
def test_power_cut(moment: str) -> None:
    async def story(bench: Bench) -> None:
        bench.do("lose_results", count="1")
        task = await bench.begin()
        if moment != "card":
            bench.do("tap", card=CARD)
        if moment == "after":
            await after(1)
        bench.do("power_off")
        await after(5)
        bench.do("power_on")
        assert isinstance(await task, NoAnswer)
        await after(10)
        told = await bench.verdict(FRESH)
        assert told is (Verdict.OURS if moment == "after" else Verdict.NOTHING)
        assert bench.twin.state()["total"] == (12_500 if moment == "after" else 0)

    play(story)


@SERIAL
def test_a_result_that_never_comes_is_asked_for(serial: bool) -> None:
    async def story(bench: Bench) -> None:
        bench.do("lose_results", count="1")
        result = await bench.pay()
        assert result == NoAnswer("the terminal does not answer")
        await after(10)
        assert await bench.verdict(FRESH) is Verdict.OURS

    play(story, serial=serial)


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("lose_acks", {"count": "2"}),
        ("break_checks", {"count": "2"}),
        ("delay_answers", {"ms": "900"}),
    ],
)
def test_a_bad_line_costs_time_and_no_money(verb: str, arguments: dict[str, str]) -> None:
    async def story(bench: Bench) -> None:
        bench.do(verb, **arguments)
        task = asyncio.create_task(bench.terminal.pay(ORDER))
        await after(8)
        bench.do("tap", card=CARD)
        result = await task
        assert isinstance(result, Finished) and result.approved, result
        assert bench.count("asked authorisation") == 1 and bench.count("approved payment") == 1

    play(story)


@SERIAL
def test_reversal_refund_and_the_end_of_a_day(serial: bool) -> None:
    async def story(bench: Bench) -> None:
        first = await bench.pay()
        second = await bench.pay(Order(amount=30_000, currency=410))
        assert isinstance(first, Finished) and first.status is not None
        assert isinstance(second, Finished)
        back = await bench.terminal.reverse(Order(receipt=first.status.receipt))
        assert isinstance(back, Finished) and back.approved and back.status is not None
        assert back.status.amount == 12_500 and back.status.receipt > first.status.receipt
        again = await bench.terminal.reverse(Order(receipt=first.status.receipt))
        assert isinstance(again, Finished) and again.code == Result.ALREADY_REVERSED
        assert (await bench.terminal.reverse(Order(receipt=77))).code == Result.REVERSAL_IMPOSSIBLE  # type: ignore[union-attr]
        refund = asyncio.create_task(bench.terminal.refund(Order(amount=5_000, currency=410)))
        await after(0.5)
        bench.do("insert", card=CARD)
        assert (await refund).approved  # type: ignore[union-attr]
        day = await bench.terminal.end_of_day()
        assert isinstance(day, Finished) and day.status is not None
        assert day.status.amount == 25_000 and day.status.totals is not None
        assert day.status.totals.amount == 25_000
        assert any("마감" in line for line in day.paper)
        empty = await bench.terminal.end_of_day()
        assert isinstance(empty, Finished) and empty.status is not None and empty.status.amount == 0
        late = await bench.terminal.reverse(Order(receipt=2))
        assert isinstance(late, Finished) and late.code == Result.REVERSAL_IMPOSSIBLE

    play(story, serial=serial)


def test_reservations_tips_and_telephone() -> None:
    async def story(bench: Bench) -> None:
        async def run_(control: Control, **order: object) -> Finished:
            task = asyncio.create_task(
                bench.terminal.run(Order(**order).apdu(control))  # type: ignore[arg-type]
            )
            await after(0.5)
            if control is Control.PRE_AUTHORISATION:
                bench.do("tap", card=CARD)
            result = await task
            assert isinstance(result, Finished), result
            return result

        held = await run_(Control.PRE_AUTHORISATION, amount=50_000)
        assert held.status is not None and bench.twin.state()["total"] == 0
        less = await run_(Control.PARTIAL_REVERSAL, amount=10_000, receipt=held.status.receipt)
        assert less.approved
        more = await run_(Control.BOOK_TOTAL, amount=45_000, receipt=held.status.receipt)
        assert more.code == Result.AMOUNT_TOO_LARGE
        booked = await run_(Control.BOOK_TOTAL, amount=35_000, receipt=held.status.receipt)
        assert booked.approved and booked.status is not None
        assert bench.twin.state()["total"] == 35_000
        tipped = await run_(Control.TIP, amount=1_000, receipt=booked.status.receipt)
        assert tipped.approved and bench.twin.state()["total"] == 36_000
        other = await run_(Control.PRE_AUTHORISATION, amount=9_000)
        assert other.status is not None
        gone = await run_(Control.PRE_AUTHORISATION_REVERSAL, receipt=other.status.receipt)
        assert gone.approved and bench.twin.state()["total"] == 36_000
        assert (await run_(Control.TELEPHONIC_AUTHORISATION, amount=4_000)).approved
        assert bench.twin.state()["total"] == 40_000

    play(story)


@SERIAL
@pytest.mark.parametrize("control", SEQUENCES)
def test_every_command_has_an_answer(control: Control, serial: bool) -> None:
    """Also those that no till of ours sends: done, or refused with a reason; and then it goes on."""

    async def story(bench: Bench) -> None:
        password = (
            b"" if control in (Control.AUTHORISATION, Control.PRE_AUTHORISATION) else bytes(3)
        )
        data = password + b"\x04" + bytes.fromhex("000000012500")
        task = asyncio.create_task(bench.terminal.run(Apdu(control, data)))
        await after(0.5)
        if bench.twin.state()["phase"] == "card":
            bench.do("tap", card=CARD)
        result = await task
        assert isinstance(result, Finished | Refused), result
        if control is Control.REGISTRATION:
            return
        await after(5)
        result = await bench.pay()
        assert isinstance(result, Finished) and result.approved, result

    play(story, serial=serial)


@pytest.mark.parametrize(
    ("options", "charset"),
    [
        ({"text": "latin-1"}, Charset.LATIN_1),
        ({"text": "cp949"}, Charset.CP949),
        ({"paper": "block"}, Charset.CP437),
        ({"paper": "none"}, Charset.CP437),
        ({"container": True}, Charset.CP437),
        ({"framing": "serial"}, Charset.CP437),
    ],
    ids=str,
)
def test_quirks(options: dict[str, object], charset: Charset) -> None:
    async def story(bench: Bench) -> None:
        result = await bench.pay()
        assert isinstance(result, Finished) and result.approved and result.status is not None
        assert bool(result.paper) is (options.get("paper") != "none")
        if options.get("text") != "latin-1":
            assert result.status.card_name == "두리카드"
        if "container" in options:
            assert result.status.aid == "F049505300010101"
        bench.do("lose_results", count="1")
        assert isinstance(await bench.pay(), NoAnswer)
        await after(10)
        assert await bench.verdict(FRESH) is Verdict.OURS

    play(story, charset=charset, **options)


def test_busy_silent_and_gone() -> None:
    async def story(bench: Bench) -> None:
        bench.do("be_busy")
        assert await bench.terminal.pay(ORDER) == Refused(Result.PLEASE_WAIT)
        assert bench.terminal.health.level is Level.WARN and bench.terminal.health.code == "TRM-04"
        bench.do("be_free")
        await after(10)
        assert bench.terminal.health.level is Level.OK
        bench.do("power_off")
        await after(60)
        assert bench.terminal.health.level is Level.UNKNOWN
        assert await bench.terminal.pay(ORDER) == NotAsked("the terminal was not ready in time")
        bench.cable.refusal = TimeoutError()
        bench.cable.pull()
        await after(10)
        assert bench.terminal.health.level is Level.DOWN
        assert isinstance(await bench.terminal.pay(ORDER), NotAsked)
        bench.cable.refusal = None
        bench.do("power_on")
        await after(30)
        assert bench.terminal.health.level is Level.OK

    play(story)


def test_a_terminal_that_never_answers_is_never_told_to_move_money() -> None:
    async def story(bench: Bench) -> None:
        assert isinstance(await bench.terminal.pay(ORDER), NotAsked)
        assert b"\x06\x01\x2b" not in bytes(bench.cable.device.heard)  # type: ignore[attr-defined]
        assert bench.terminal.health.level is Level.UNKNOWN

    play(story, mute=True)


def test_whoever_waits_may_go_and_the_next_waits_its_turn() -> None:
    async def story(bench: Bench) -> None:
        task = await bench.begin()
        assert await bench.terminal.last_result() == NotAsked("the terminal is at something else")
        task.cancel()
        await asyncio.wait([task])
        bench.do("cancel")
        await after(1)
        assert (await bench.pay()).approved  # type: ignore[union-attr]

    play(story)


def test_memory_outlives_it(tmp_path) -> None:
    async def story(bench: Bench) -> None:
        assert (await bench.pay()).approved  # type: ignore[union-attr]
        other = PaymentTerminalTwin(clock=bench.clock, place=tmp_path / "t.sqlite")
        assert other.state()["total"] == 12_500 and other.state()["registered"]
        other.journal.close()

    play(story, place=tmp_path / "t.sqlite")
