"""A supervised PIN pad against its twin, in virtual time: entries, cables, quirks, deadlines, health."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from devices.drivers.pin_pad import ANSWER_NS, GRACE_NS, LINGER_NS, STATUS_NS, PinPadDriver
from devices.health import Health, Level, PowerState
from devices.pin_pad import ASK_NS, NoAnswer, NotAsked, PinPad
from protocols.control import Verb
from protocols.iso7816 import SW
from protocols.iso8583.pin import EncipheredPin
from protocols.money import KRW, Money
from protocols.pin_pad.words import (
    Cancelled,
    Confirm,
    Confirmed,
    EncipherForBank,
    Entered,
    EnteredForBank,
    EnterPin,
    Language,
    PinBlockFormat,
    Reason,
    Refused,
    SealForCard,
    Show,
    Shown,
    TimedOut,
    TooShort,
)
from protocols.purse.card import SEALED_PIN_KEY, Purse
from protocols.purse.memory import TwoSlotMemory
from protocols.purse.suite import public_key
from sim.bank.pins import PinKeys
from sim.cards.slots import SlotMemory
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.pin_pad import PinPadTwin
from sim.pin_pad_keys import initial_key_of, load_pad
from tests.devices.cable import ADDRESS, Cable, Mute, after
from tests.protocols.test_purse_sealed_pin import challenge, dealing_card
from tests.support.purses import ISSUER, tell

S = 1_000_000_000
PAN = "9900330000001019"
IDLE = Show(Language.KO, "한빛마트", "어서 오세요")


class Bench:
    """A pad, its twin and a card that wants a PIN."""

    def __init__(self, clock: VirtualClock, *, twin: object | None = None) -> None:
        self.clock = clock
        self.twin = PinPadTwin(issuer_keys={1: public_key(ISSUER)}, entropy=SeededEntropy(1))
        self.cable = Cable(self.twin if twin is None else twin, clock)
        self.healths: list[Health] = []
        self.digits: list[int] = []
        self.pad = PinPad(
            address=ADDRESS,
            open_link=self.cable.open_link,
            clock=clock,
            on_health=self.healths.append,
            idle=IDLE,
        )
        self.card: Purse = dealing_card()
        self.pad.start()

    def do(self, verb: str, **arguments: str) -> None:
        self.twin.do(Verb(verb=verb, arguments=arguments), self.clock.monotonic_ns())
        self.cable.carry()

    def keypad(self) -> str:
        return self.twin.state()["keypad"]

    async def asking(self, seconds: int = 30) -> "asyncio.Task[object]":
        """Begin an entry, and wait until the pad asks for it."""
        command = EnterPin(
            language=Language.KO,
            amount=Money(15_390, KRW),
            seconds=seconds,
            digits_min=4,
            digits_max=12,
            purpose=SealForCard(challenge(self.card), self.card.personality.certificate),
        )
        task = asyncio.create_task(self.pad.enter_pin(command, on_digits=self.digits.append))
        await after(0.5)
        return task

    async def entering(self, digits: str) -> object:
        task = await self.asking()
        self.do("press", digits=digits)
        self.do("enter")
        return await task

    async def stop(self) -> None:
        await self.pad.stop(deadline_ns=self.clock.monotonic_ns() + S)


def play(story: Callable[[Bench], Awaitable[None]], **made: object) -> None:
    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, **made)  # type: ignore[arg-type]
        await after(0.5)
        await story(bench)
        await bench.stop()

    run(told)


def test_pad_is_well_once_it_has_said_who_it_is_and_shows_its_idle_text() -> None:
    async def story(bench: Bench) -> None:
        assert bench.pad.health.level is Level.OK and bench.pad.able
        assert bench.pad.identity is not None and bench.pad.identity.issuer_keys == (1,)
        assert bench.twin.state()["upper"] == "한빛마트"
        assert [health.level for health in bench.healths] == [Level.OK]

    play(story)


def test_sealed_pin_opens_the_card_and_digits_are_told_as_a_number() -> None:
    async def story(bench: Bench) -> None:
        task = await bench.asking()
        assert bench.twin.state()["upper"] == "15,390원"
        for digit in "1234":
            bench.do("press", digits=digit)
            await after(0.1)
        bench.do("enter")
        answer = await task
        assert isinstance(answer, Entered) and bench.digits == [1, 2, 3, 4]
        assert tell(bench.card, 0, 0x20, 0, SEALED_PIN_KEY, answer.body).sw == SW.OK
        assert bench.twin.state()["upper"] == "기다려 주세요"
        await after(LINGER_NS / S + 0.5)
        assert bench.twin.state()["upper"] == "한빛마트", "the idle text comes back"

    play(story)


def loaded_pad() -> PinPadTwin:
    """A pad with keys for the virtual banks."""
    form, slots = PinBlockFormat.FORMAT_4, SlotMemory()
    load_pad(slots, form, *initial_key_of(form, PinKeys().aes_base, b"\0\0\0\1"))
    return PinPadTwin(
        issuer_keys={}, entropy=SeededEntropy(1), pin_block=form, bank_memory=TwoSlotMemory(slots)
    )


async def for_bank(bench: Bench, twin: PinPadTwin, digits: str) -> object:
    """Have a PIN entered for the bank."""
    bench.twin = twin
    command = EnterPin(
        language=Language.EN, amount=Money(15_390, KRW), seconds=5, digits_min=4, digits_max=12,
        purpose=EncipherForBank(PAN),
    )  # fmt: skip
    task = asyncio.create_task(bench.pad.enter_pin(command))
    await after(0.5)
    bench.do("press", digits=digits)
    bench.do("enter")
    return await task


def test_pin_for_the_bank_passes_the_till_and_is_read_there_alone() -> None:
    twin = loaded_pad()

    async def story(bench: Bench) -> None:
        answer = await for_bank(bench, twin, "123456")
        assert isinstance(answer, EnteredForBank) and "123456" not in repr(answer)
        block = EncipheredPin(block=answer.block, ksn=answer.ksn)
        assert PinKeys().open(block, PAN) == "123456"

    play(story, twin=twin)


def test_a_block_that_is_lost_on_the_line_costs_a_key_and_never_comes_twice() -> None:
    twin = loaded_pad()

    async def story(bench: Bench) -> None:
        first = await for_bank(bench, twin, "1234")
        twin.do(Verb(verb="break_frames", arguments={"count": "50"}), bench.clock.monotonic_ns())
        lost = await for_bank(bench, twin, "1234")
        assert isinstance(lost, NoAnswer)
        await after(60)
        last = await for_bank(bench, twin, "1234")
        assert isinstance(first, EnteredForBank) and isinstance(last, EnteredForBank)
        counters = [int.from_bytes(each.ksn[-4:]) for each in (first, last)]
        assert counters[0] == 1 and counters[1] > 2, "the lost block's key is gone"

    play(story, twin=twin)


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        ([("cancel", {})], Cancelled()),
        ([("press", {"digits": "12"}), ("enter", {})], TooShort()),
        ([("open_up", {})], Refused(Reason.OPENED)),
    ],
)
def test_every_end_of_an_entry_comes_back(
    keys: list[tuple[str, dict[str, str]]], answer: object
) -> None:
    async def story(bench: Bench) -> None:
        task = await bench.asking()
        for verb, arguments in keys:
            bench.do(verb, **arguments)
        assert await task == answer

    play(story)


def test_time_is_the_pads_to_keep_and_ends_the_entry() -> None:
    async def story(bench: Bench) -> None:
        task = await bench.asking(seconds=7)
        await after(6)
        assert not task.done()
        assert await task == TimedOut()

    play(story)


def test_amount_is_confirmed_and_text_shown() -> None:
    async def story(bench: Bench) -> None:
        task = asyncio.create_task(bench.pad.confirm(Confirm(Language.EN, Money(500, KRW), 10)))
        await after(0.2)
        bench.do("enter")
        assert await task == Confirmed()
        assert await bench.pad.show(Show(Language.KO, "감사합니다", "")) == Shown()
        assert bench.twin.state()["upper"] == "감사합니다"

    play(story)


def test_whoever_gives_up_waiting_has_ended_the_entry_and_the_pad_is_free() -> None:
    async def story(bench: Bench) -> None:
        task = await bench.asking()
        bench.do("press", digits="12")
        task.cancel()
        await asyncio.wait([task])
        await after(0.2)
        assert bench.keypad() == "idle"
        assert isinstance(await bench.entering("1234"), Entered)

    play(story)


def test_cable_pulled_while_a_pin_is_entered_ends_it_and_the_next_one_works() -> None:
    async def story(bench: Bench) -> None:
        task = await bench.asking()
        bench.do("press", digits="12")
        bench.cable.pull()
        answer = await task
        assert isinstance(answer, NoAnswer) and "line" in answer.reason
        await after(0.1)
        assert bench.pad.health.code == "PIN-01" and not bench.pad.able
        await after(3)
        assert bench.keypad() == "idle", "calling anew has made the pad forget the digits"
        assert isinstance(await bench.entering("1234"), Entered)

    play(story)


def test_a_pad_that_is_not_there_is_not_waited_for() -> None:
    async def story(bench: Bench) -> None:
        begun = bench.clock.monotonic_ns()
        task = await bench.asking()
        answer = await task
        assert isinstance(answer, NotAsked)
        assert ASK_NS <= bench.clock.monotonic_ns() - begun < ASK_NS + S // 1_000
        assert bench.pad.health.level is Level.UNKNOWN and bench.pad.health.code == "PIN-02"
        assert bench.pad.health.power is PowerState.UNKNOWN

    play(story, twin=Mute())


def test_a_pad_that_falls_silent_in_the_middle_is_no_answer_in_time() -> None:
    async def story(bench: Bench) -> None:
        task = await bench.asking(seconds=10)
        bench.do("mute")
        begun = bench.clock.monotonic_ns()
        answer = await task
        assert isinstance(answer, NoAnswer)
        assert bench.clock.monotonic_ns() - begun <= 10 * S + GRACE_NS
        await after(5)
        assert bench.pad.health.code == "PIN-02" and not bench.pad.able
        bench.do("unmute")
        await after(2)
        assert bench.pad.able and bench.pad.health.level is Level.OK

    play(story)


def test_silence_is_noticed_while_nobody_needs_the_pad() -> None:
    async def story(bench: Bench) -> None:
        bench.do("mute")
        await after((STATUS_NS + ANSWER_NS) / S + 5)
        assert bench.pad.health.code == "PIN-02"
        bench.do("unmute")
        await after(2)
        assert bench.pad.health.level is Level.OK and bench.twin.state()["upper"] == "한빛마트"

    play(story)


def test_an_opened_pad_is_down_and_says_what_to_do() -> None:
    async def story(bench: Bench) -> None:
        bench.do("open_up")
        await after(STATUS_NS / S + 1)
        assert bench.pad.health.code == "PIN-03" and not bench.pad.able
        assert "replace it" in bench.pad.health.en and "바꾸세요" in bench.pad.health.ko

    play(story)


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("delay_acks", {"ms": "3000"}),
        ("lose_acks", {"count": "2"}),
        ("break_frames", {"count": "2"}),
        ("double_answers", {"count": "5"}),
        ("garble", {}),
        ("delay", {"ms": "300"}),
    ],
)
def test_pins_get_through_however_the_pad_misbehaves(verb: str, arguments: dict[str, str]) -> None:
    """Two entries in a row: none gets the other's answer."""

    async def story(bench: Bench) -> None:
        bench.do(verb, **arguments)
        for digits, word in (("9999", 0x63C2), ("1234", SW.OK)):
            task = await bench.asking()
            await after(9)
            bench.do("press", digits=digits)
            bench.do("enter")
            answer = await task
            assert isinstance(answer, Entered), answer
            assert tell(bench.card, 0, 0x20, 0, SEALED_PIN_KEY, answer.body).sw == word

    play(story)


def test_two_who_want_the_pad_take_turns_and_the_third_does_not_wait_for_ever() -> None:
    async def story(bench: Bench) -> None:
        first = await bench.asking()
        second = asyncio.create_task(bench.pad.show(IDLE))
        await after(ASK_NS / S + 0.1)
        assert second.done() and isinstance(second.result(), NotAsked)
        bench.do("cancel")
        assert await first == Cancelled()
        assert await bench.pad.show(IDLE) == Shown()

    play(story)


def test_stopping_in_the_middle_ends_the_entry() -> None:
    async def story(bench: Bench) -> None:
        task = await bench.asking()
        await bench.stop()
        assert isinstance(await task, NoAnswer)
        assert isinstance(await bench.pad.show(IDLE), NotAsked)

    play(story)


def test_driver_hears_garbage_at_any_moment_and_raises_nothing() -> None:
    driver = PinPadDriver(address="serial:///dev/ttyS9")
    driver.receive(b"\x02\xff\x00" * 100, 0)
    driver.opened(0)
    driver.receive(bytes(range(256)) * 4, 1)
    driver.tick(10**12)
    assert driver.outgoing(1_024, 10**12)
    driver.lost(10**12)
    driver.receive(bytes(range(256)), 10**12)
    assert driver.outgoing(1_024, 10**12) == b""
