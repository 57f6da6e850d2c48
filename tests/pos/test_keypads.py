"""A PIN at the till on the PIN pad: sealed for the card, past the till; else the reader's keypad, else a sentence.

T5; PUR-02 to PUR-05, PIN-04 to PIN-10. A till in virtual time with its real driver of the pad, the pad's
twin at the other end of a cable, and purses whose chips give challenges.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devices.pin_pad import PinPad
from pos import commands
from pos.keypads import TillKeypads
from pos.view import Notice, PaymentStep
from protocols.control import Verb
from protocols.facts import AttemptOpened
from protocols.ports import LinkDownError
from protocols.purse.image import Life, Parameters, encode_image
from protocols.purse.suite import public_key
from protocols.secure_pin import PinSW
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.pin_pad import PinPadTwin
from tests.devices.cable import ADDRESS, Cable
from tests.pos.tenders.test_purse import CUSTOMER_NAME, MILK, PRICE, SHOP_NAME, Counter, both
from tests.support.purse_slots import MemorySlots
from tests.support.purses import ISSUER, purse, remembers

S = 1_000_000_000
RIGHT, WRONG = "1234", "9753"


def slots_of(
    *, challenges: bool = True, keys: list[str | PinSW] | None = None, **image: object
) -> MemorySlots:
    """Return a customer whose purse wants its PIN for everything, and the shop's."""
    card = purse(CUSTOMER_NAME, balance=10_000, parameters=Parameters(pin_above=0))
    card.memory.write(encode_image(remembers(card)._replace(**image)))
    card.entropy = SeededEntropy(7) if challenges else None
    slots = MemorySlots(card, purse(SHOP_NAME, balance=0, purse_class=1))
    slots.keys = keys
    return slots


@dataclass
class Till:
    """A counter with a PIN pad, and the customer at it."""

    counter: Counter
    twin: PinPadTwin
    cable: Cable
    pad: PinPad
    said: list[Notice] = field(default_factory=list)
    steps: list[PaymentStep] = field(default_factory=list)

    def do(self, verb: str, **arguments: str) -> None:
        self.twin.do(Verb(verb=verb, arguments=arguments), self.counter.clock.monotonic_ns())
        self.cable.carry()

    async def asked(self) -> None:
        """Wait until the pad asks for a PIN."""
        async with asyncio.timeout(20):
            while self.twin.state()["keypad"] == "idle":
                await asyncio.sleep(0.01)

    async def enter(self, digits: str) -> None:
        await self.asked()
        for digit in digits:
            self.do("press", digits=digit)
            await asyncio.sleep(0.2)
        self.do("enter")
        await asyncio.sleep(0.5)

    async def pay(self, *keys: str | Callable[["Till"], Awaitable[None]]) -> Notice:
        """Sell and pay by e-cash; the customer enters these PINs, or does something else."""
        if not self.counter.till.register.has_sale():
            await self.counter.key(MILK)
        paying = asyncio.create_task(self.counter.key("EC"))
        for key in keys:
            await (self.enter(key) if isinstance(key, str) else key(self))
        said = await paying
        assert said is not None
        return said

    def codes(self) -> list[str]:
        return [notice.code for notice in self.said if notice.code]

    async def unpaid(self) -> None:
        assert both(self.counter.slots) == (10_000, 0)
        assert self.counter.of(AttemptOpened) == []
        assert not await self.counter.till.register.doubts()
        await self.counter.key("CA")
        assert not self.counter.till.register.has_sale()


Story = Callable[[Till], Awaitable[None]]


def play(
    folder: Path, story: Story, slots: MemorySlots | None = None, *, issuer: int = ISSUER
) -> None:
    async def told(clock: VirtualClock, entropy: SeededEntropy) -> None:
        counter = await Counter(folder, clock, slots or slots_of()).again()
        twin = PinPadTwin(issuer_keys={1: public_key(issuer)}, entropy=SeededEntropy(1))
        cable = Cable(twin, clock)
        pad = PinPad(address=ADDRESS, open_link=cable.open_link, clock=clock)
        counter.till.register.keypads = TillKeypads(pad)
        pad.start()
        await asyncio.sleep(1)
        till = Till(counter, twin, cable, pad)
        counter.till.watch(
            lambda view: (
                view.notice is not None and till.said.append(view.notice),
                view.payment is not None and till.steps.append(view.payment.step),
            )
        )
        await counter.key("50000OS")
        await story(till)
        await pad.stop(deadline_ns=clock.monotonic_ns() + S)
        counter.check()
        counter.store.close()

    run(told)


def test_right_pin_on_the_pad_pays_and_the_customer_saw_the_amount(tmp_path: Path) -> None:
    async def story(till: Till) -> None:
        async def looks(till: Till) -> None:
            await till.asked()
            assert till.twin.state()["upper"] == f"{PRICE:,}원"
            await till.enter(RIGHT)

        await till.pay(looks)
        assert both(till.counter.slots) == (10_000 - PRICE, PRICE)
        assert list(dict.fromkeys(till.steps))[:3] == [
            PaymentStep.CARD,
            PaymentStep.PIN,
            PaymentStep.MOVING,
        ]
        shown = [notice.banner for notice in till.said if "자리)" in notice.banner]
        assert list(dict.fromkeys(shown))[-1].endswith("(4자리)")

    play(tmp_path, story)


def test_wrong_pin_is_asked_again_and_the_third_blocks(tmp_path: Path) -> None:
    async def story(till: Till) -> None:
        said = await till.pay(WRONG, WRONG, WRONG)
        assert said.code == "PUR-05"
        wrong = [notice for notice in till.said if notice.code == "PUR-02"]
        assert ["2번" in wrong[0].banner, "1번" in wrong[-1].banner] == [True, True]
        assert till.twin.state()["keypad"] == "idle"
        again = await till.pay()
        assert again.code == "PUR-05", "no keypad is woken for a blocked PIN"
        await till.unpaid()

    play(tmp_path, story)


def test_wrong_then_right_pays(tmp_path: Path) -> None:
    async def story(till: Till) -> None:
        await till.pay(WRONG, RIGHT)
        assert both(till.counter.slots) == (10_000 - PRICE, PRICE) and "PUR-02" in till.codes()

    play(tmp_path, story)


def test_locked_purse_is_unlocked_at_the_pad(tmp_path: Path) -> None:
    slots = slots_of(life=Life.LOCKED)

    async def story(till: Till) -> None:
        await till.pay(RIGHT)
        assert both(slots) == (10_000 - PRICE, PRICE)
        assert slots.card is not None and remembers(slots.card).life == Life.ACTIVE

    play(tmp_path, story, slots)


async def cancels(till: Till) -> None:
    await till.asked()
    till.do("press", digits="12")
    till.do("cancel")


async def waits(till: Till) -> None:
    await till.asked()


async def opens(till: Till) -> None:
    await till.asked()
    till.do("open_up")


async def pulls(till: Till) -> None:
    await till.asked()
    till.cable.pull()


async def mutes(till: Till) -> None:
    await till.asked()
    till.do("mute")


async def gives_up(till: Till) -> None:
    await till.asked()
    assert await till.counter.till.execute(commands.Cancel()) is None
    await asyncio.sleep(0.5)
    assert till.twin.state()["keypad"] == "idle", "the pad was told to end it"


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (cancels, "PIN-04"),
        (waits, "PIN-05"),
        (opens, "PIN-07"),
        (pulls, "PIN-07"),
        (mutes, "PIN-07"),
        (gives_up, "PUR-22"),
    ],
)
def test_pin_that_is_not_entered_is_a_sentence_and_nothing_moved(
    tmp_path: Path, what: Callable[[Till], Awaitable[None]], code: str
) -> None:
    async def story(till: Till) -> None:
        said = await till.pay(what)
        assert said.code == code, said
        await till.unpaid()

    play(tmp_path, story)


def test_too_short_a_pin_is_asked_again(tmp_path: Path) -> None:
    async def story(till: Till) -> None:
        await till.pay("12", RIGHT)
        assert "PIN-06" in till.codes() and both(till.counter.slots) == (10_000 - PRICE, PRICE)

    play(tmp_path, story)


def test_a_card_of_a_strange_issuer_gets_no_pin_at_the_pad(tmp_path: Path) -> None:
    """Not even on another keypad: the pad says that the card is not what it claims."""

    async def story(till: Till) -> None:
        said = await till.pay()
        assert said.code == "PIN-09"
        await till.unpaid()

    play(tmp_path, story, slots_of(keys=[RIGHT]), issuer=ISSUER + 1)


@pytest.mark.parametrize("why", ["cable out", "silent", "opened", "no challenge"])
def test_without_a_usable_pad_the_readers_keypad_takes_the_pin(tmp_path: Path, why: str) -> None:
    slots = slots_of(challenges=why != "no challenge", keys=[RIGHT])

    async def story(till: Till) -> None:
        await broken(till, why)
        await till.pay()
        assert both(slots) == (10_000 - PRICE, PRICE) and slots.keys == []

    play(tmp_path, story, slots)


async def broken(till: Till, why: str) -> None:
    if why == "cable out":
        till.cable.refusal = LinkDownError("nobody listens")
        till.cable.pull()
    if why == "silent":
        till.do("mute")
        await asyncio.sleep(20)
    if why == "opened":
        till.do("open_up")
        await asyncio.sleep(12)


@pytest.mark.parametrize("why", ["silent", "opened", "no challenge"])
def test_without_pad_and_keypad_the_clerk_is_told_which_is_missing(
    tmp_path: Path, why: str
) -> None:
    async def story(till: Till) -> None:
        await broken(till, why)
        said = await till.pay()
        assert said.code == "PIN-07"
        await till.unpaid()

    play(tmp_path, story, slots_of(challenges=why != "no challenge"))


def test_a_card_swapped_while_the_pin_is_entered_opens_nothing(tmp_path: Path) -> None:
    """The PIN was sealed for the card that gave the challenge; another one cannot use it."""
    slots = slots_of()
    stranger = purse(b"STRANGER", balance=10_000, parameters=Parameters(pin_above=0))
    stranger.entropy = SeededEntropy(8)
    before = stranger.memory.read()

    async def swaps(till: Till) -> None:
        await till.asked()
        slots.swap(stranger)
        await till.enter(RIGHT)

    async def story(till: Till) -> None:
        said = await till.pay(swaps)
        assert said.code in ("PIN-10", "RDR-03")
        assert stranger.memory.read() == before
        await till.unpaid()

    play(tmp_path, story, slots)


@pytest.mark.parametrize("at", range(7, 10))
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_card_that_leaves_around_its_pin_has_paid_nothing(
    tmp_path: Path, at: int, done: bool
) -> None:
    """At GET CHALLENGE, the certificate, the sealed VERIFY."""
    slots = slots_of()
    slots.losses = {at: done}

    async def story(till: Till) -> None:
        said = await till.pay(*([RIGHT] if at == 9 else []))
        assert said.code == "RDR-03"
        await till.unpaid()

    play(tmp_path, story, slots)


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("delay_acks", {"ms": "3000"}),
        ("lose_acks", {"count": "2"}),
        ("break_frames", {"count": "2"}),
        ("double_answers", {"count": "9"}),
        ("garble", {}),
    ],
)
def test_a_pad_that_misbehaves_pays_all_the_same(
    tmp_path: Path, verb: str, arguments: dict[str, str]
) -> None:
    async def story(till: Till) -> None:
        till.do(verb, **arguments)
        await till.pay(WRONG, RIGHT)
        assert both(till.counter.slots) == (10_000 - PRICE, PRICE)

    play(tmp_path, story)


def test_no_digit_stands_in_anything_that_was_written_shown_or_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Store, views, logs, and every byte on the pad's wire and to the card."""
    caplog.set_level(logging.DEBUG)
    sent: list[bytes] = []
    shown: list[str] = []
    slots = slots_of()
    card = slots.card
    assert card is not None
    handle = card.handle

    def overheard(apdu: bytes) -> bytes:
        sent.append(apdu)
        return handle(apdu)

    card.handle = overheard  # type: ignore[method-assign]

    async def story(till: Till) -> None:
        till.counter.till.watch(lambda view: shown.append(repr((view.notice, view.payment))))
        receive = till.twin.receive
        till.twin.receive = lambda data, now_ns: (sent.append(data), receive(data, now_ns))[1]
        await till.pay(WRONG, RIGHT)
        shown.append(repr(till.twin.history))

    play(tmp_path, story, slots)

    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert SHOP_NAME.hex().encode() in written, "the search finds what is there"
    assert any(apdu[:4] == bytes.fromhex("00200091") for apdu in sent)
    everything = [written, *sent, *(text.encode() for text in shown), caplog.text.encode()]
    for digits in (RIGHT, WRONG):
        block = bytes.fromhex(f"24{digits}ff")
        assert not any(block in data or digits.encode() in data for data in everything[1:])
        assert block not in written and f'"{digits}"'.encode() not in written
