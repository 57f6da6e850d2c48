"""E-cash over stock pcscd, pyscard and real sockets: cards pulled at every command, swapped, killed under.

Method: two virtual cards in two readers of a private daemon, the coordinator over real channels. After
each accident the terminal connects anew and recovers; then the equation holds: what the payer has less,
the payee has more, and no other card has moved.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from devices.smart_card import card_in
from protocols.iso7816 import SW, Command
from protocols.ports import CardPresent, SlotDown
from protocols.purse.card import PIN_KEY
from protocols.purse.coordinator import (
    Dialogue,
    InDoubt,
    NotMoved,
    Result,
    Slot,
    Transferred,
    recover,
    transfer,
)
from protocols.purse.image import Status, encode_image
from protocols.secure_pin import PinEntry, PinSW
from sim.hosting.pcscd import PrivateDaemon
from tests.support.card_bench import (
    CLOCK,
    SELECT,
    Reader,
    card,
    deadline,
    drive,
    pcsc_reader,
    tell,
    until,
)
from tests.support.purses import ORDER

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]

PAYER_COMMANDS = 6
PAYEE_COMMANDS = 5
BOUNDARIES = [
    (slot, verb, count)
    for slot, commands in ((Slot.PAYER, PAYER_COMMANDS), (Slot.PAYEE, PAYEE_COMMANDS))
    for count in range(1, commands + 1)
    for verb in ("tear_before", "tear_after")
]
VERIFY = bytes((0x00, 0x20, 0x00, PIN_KEY))


class Counter:
    """A customer's reader and the shop's, and the terminal between them."""

    def __init__(self, customer: Reader, shop: Reader) -> None:
        self.readers = {Slot.PAYER: customer, Slot.PAYEE: shop}
        self.channels = {}
        self.before = None

    async def connect(self) -> None:
        """Connect both cards that are in; a reader may still be about to notice its card."""
        for slot, reader in self.readers.items():
            channel = await card_in(reader.slot, deadline_ns=deadline(), clock=CLOCK)
            assert channel is not None, "the card is never noticed"
            self.channels[slot] = channel

    async def play(self, dialogue: Dialogue) -> Result:
        async def transmit(slot: Slot, apdu: bytes) -> bytes | None:
            if self.before is not None:
                self.before(slot)
            return await self.channels[slot].transmit(apdu, deadline_ns=deadline())

        return await drive(dialogue, transmit)

    async def put_back(self) -> None:
        """Put into each reader the card that belongs there."""
        for reader, name in zip(self.readers.values(), ("alice", "shop"), strict=True):
            if reader.host.twin.state()["card"] != name:
                await reader.remove()
                await reader.insert(name)
        await self.connect()

    async def settle(self, result: Result) -> Result:
        """Recover for as long as it is in doubt, a few times at most."""
        for _ in range(4):
            await self.put_back()
            if not isinstance(result, InDoubt):
                break
            result = await self.play(recover(result.details, ORDER.day))
        return result


@pytest.fixture
async def counter(card_daemon: PrivateDaemon) -> AsyncIterator[Counter]:
    customers = {"alice": card(b"ALICE-01"), "mallory": card(b"MALLORY1")}
    async with (
        pcsc_reader(card_daemon, "IPS customer", customers) as customer,
        pcsc_reader(card_daemon, "IPS shop", {"shop": card(b"SHOP-001", purse_class=1)}) as shop,
    ):
        made = Counter(customer, shop)
        await made.put_back()
        yield made


@pytest.fixture
async def stock(card_daemon: PrivateDaemon) -> AsyncIterator[Counter]:
    """The customer's reader is Debian's vpcd, which looks every 0.4 s only."""
    customers = {"alice": card(b"ALICE-01"), "mallory": card(b"MALLORY1")}
    async with (
        pcsc_reader(card_daemon, "Stock", customers) as customer,
        pcsc_reader(card_daemon, "IPS shop", {"shop": card(b"SHOP-001", purse_class=1)}) as shop,
    ):
        made = Counter(customer, shop)
        await made.put_back()
        yield made


def balances(counter: Counter) -> tuple[int, int]:
    alice = counter.readers[Slot.PAYER].cards["alice"].image().balances[0]
    shop = counter.readers[Slot.PAYEE].cards["shop"].image().balances[0]
    return alice, shop


def check_equation(result: Result, counter: Counter, before: tuple[int, int]) -> None:
    """The equation: the value is on one side, the result says which, nothing is left in flight."""
    moved = ORDER.value if isinstance(result, Transferred) else 0
    assert isinstance(result, Transferred | NotMoved)
    assert balances(counter) == (before[0] - moved, before[1] + moved)
    shop = counter.readers[Slot.PAYEE].cards["shop"].image()
    assert shop.status != Status.EPV and not (moved and shop.log)


async def test_transfer_between_two_readers(counter: Counter) -> None:
    before = balances(counter)

    result = await counter.play(transfer(ORDER))

    assert isinstance(result, Transferred)
    check_equation(result, counter, before)
    commands = [reader.host.twin.state()["commands"] for reader in counter.readers.values()]
    assert commands == [PAYER_COMMANDS, PAYEE_COMMANDS], "the sweep below pulls at each of these"


async def test_card_pulled_at_every_command_on_both_readers(counter: Counter) -> None:
    """Every boundary: before the command reaches the card, and after it obeyed but before its answer."""
    outcomes = set()
    for slot, verb, count in BOUNDARIES:
        before = balances(counter)
        await counter.connect()
        counter.readers[slot].do(verb, count=str(count))

        result = await counter.play(transfer(ORDER))
        first = type(result).__name__
        result = await counter.settle(result)

        check_equation(result, counter, before)
        outcomes.add((first, type(result).__name__))
        refill(counter)
    assert outcomes == {
        ("NotMoved", "NotMoved"),
        ("InDoubt", "NotMoved"),
        ("InDoubt", "Transferred"),
        ("Transferred", "Transferred"),
    }


def refill(counter: Counter) -> None:
    """Keep the customer able to pay: the cards are as they were, but for what was moved."""
    alice = counter.readers[Slot.PAYER].cards["alice"]
    if alice.image().balances[0] < ORDER.value:
        image = alice.image()
        alice.purse.memory.write(
            encode_image(image._replace(balances=(1_000, *image.balances[1:])))
        )


async def test_card_pulled_again_while_recovering(counter: Counter) -> None:
    """A second accident at every other command of the recovery from each lost VAL and ACK."""
    for slot, verb, count in BOUNDARIES:
        if (slot, verb) not in (
            (Slot.PAYER, "tear_after"),
            (Slot.PAYEE, "tear_after"),
        ) or count < 4:
            continue
        for again in (1, 3, 5, 7):
            before = balances(counter)
            await counter.connect()
            counter.readers[slot].do(verb, count=str(count))
            result = await counter.play(transfer(ORDER))
            await counter.put_back()
            other = Slot.PAYEE if slot is Slot.PAYER else Slot.PAYER
            counter.readers[other].do("tear_after", count=str(again))
            if isinstance(result, InDoubt):
                result = await counter.play(recover(result.details, ORDER.day))

            result = await counter.settle(result)

            check_equation(result, counter, before)
            refill(counter)


@pytest.mark.parametrize("at_byte", [0, 1, 12, 100, 250])
@pytest.mark.parametrize("slot", list(Slot), ids=lambda slot: slot.value)
async def test_card_pulled_while_it_writes(counter: Counter, slot: Slot, at_byte: int) -> None:
    """Power leaves inside the memory write of START, DEBIT, ACCEPT, CREDIT: whole or not at all."""
    for commits in range(3):
        before = balances(counter)
        await counter.connect()
        size = len(
            counter.readers[slot].cards[("shop", "alice")[slot is Slot.PAYER]].purse.memory.read()
        )
        counter.readers[slot].do("tear_in", count=str(commits * (size + 12) + at_byte))

        result = await counter.settle(await counter.play(transfer(ORDER)))

        check_equation(result, counter, before)
        counter.readers[slot].cards[("shop", "alice")[slot is Slot.PAYER]].tear_after(10**6)
        refill(counter)


async def swapped_at(counter: Counter, at: int) -> None:
    """Swap the customer's card for another just before its command `at`."""
    reader = counter.readers[Slot.PAYER]
    mallory = reader.cards["mallory"]
    untouched, before = mallory.image(), balances(counter)
    asked = 0

    def swap(slot: Slot) -> None:
        nonlocal asked
        asked += slot is Slot.PAYER
        if slot is Slot.PAYER and asked == at:
            reader.do("swap", card="mallory")

    counter.before = swap
    result = await counter.play(transfer(ORDER))
    counter.before = None

    assert isinstance(result, InDoubt | NotMoved | Transferred)
    assert mallory.image() == untouched, "no command reached the card that was put in"
    if isinstance(result, InDoubt):
        await counter.connect()
        wrong = await counter.play(recover(result.details, ORDER.day))
        assert isinstance(wrong, InDoubt), "with the wrong card in, nothing is decided"
        assert mallory.image() == untouched
    check_equation(await counter.settle(result), counter, before)
    assert mallory.image() == untouched


async def test_fast_swap_never_debits_another_card(counter: Counter) -> None:
    """environment.md 1.5, our driver: at every command of the customer's card."""
    for at in range(1, PAYER_COMMANDS + 1):
        await counter.connect()
        await swapped_at(counter, at)
        refill(counter)


@pytest.mark.parametrize("at", [3, 4, 5])
async def test_fast_swap_inside_the_poll_window_never_debits_another_card(
    stock: Counter, at: int
) -> None:
    """environment.md 1.5, vpcd: the daemon has not noticed, the handle is still good for the other card."""
    await swapped_at(stock, at)


async def test_keypad_gives_the_pin_to_the_card_and_to_nobody_else(
    card_daemon: PrivateDaemon,
) -> None:
    alice = card(b"ALICE-01")
    async with pcsc_reader(card_daemon, "IPS customer", {"alice": alice}) as reader:
        await reader.insert("alice")
        channel = await reader.slot.connect(deadline_ns=deadline())
        assert reader.slot.has_keypad
        assert (await tell(channel, SELECT)).ok

        async def enter(keys: list[tuple[str, dict[str, str]]], timeout_s: int = 10) -> int:
            asking = asyncio.create_task(
                channel.enter_pin(
                    PinEntry(header=VERIFY, timeout_s=timeout_s).encode(), deadline_ns=deadline()
                )
            )
            await until(lambda: reader.host.twin.state()["keypad"] != "idle")
            for verb, arguments in keys:
                reader.do(verb, **arguments)
            return int.from_bytes(await asking)

        assert (
            await enter([("press", {"digits": "99"}), ("press", {"digits": "99"}), ("enter", {})])
            == 0x63C2
        )
        assert await enter([("press", {"digits": "12"}), ("enter", {})]) == PinSW.TOO_SHORT_OR_LONG
        assert await enter([("cancel", {})]) == PinSW.CANCELLED
        assert await enter([], timeout_s=1) == PinSW.TIMEOUT
        assert await enter([("press", {"digits": "1234"}), ("enter", {})]) == SW.OK
        assert channel.alive
        assert (await tell(channel, Command(0, 0x20, 0, PIN_KEY).encode())).ok, "verified"
        told = " ".join(event.detail for event in reader.host.history())
        assert "1234" not in told and "9999" not in told


async def test_daemon_that_dies_is_a_state_and_comes_back_by_itself(
    card_daemon: PrivateDaemon,
) -> None:
    async with pcsc_reader(card_daemon, "IPS shop", {"shop": card(b"SHOP-001")}) as reader:
        await reader.insert("shop")
        channel = await reader.slot.connect(deadline_ns=deadline())
        assert (await tell(channel, SELECT)).ok

        card_daemon.kill()
        try:
            await until(lambda: isinstance(reader.slot.state, SlotDown))
            assert await tell(channel, SELECT) is None
            assert "pcscd" in reader.slot.state.en and "pcscd" in reader.slot.state.ko
        finally:
            card_daemon.start()
        await until(lambda: isinstance(reader.slot.state, CardPresent))
        fresh = await reader.slot.connect(deadline_ns=deadline())

        assert fresh.insertion != channel.insertion
        assert (await tell(fresh, SELECT)).ok


_WITHOUT = """
import asyncio, sys
from devices.smart_card import open_slot
from protocols.address import parse_address
from sim.host import SystemClock

async def main():
    if sys.argv[1] == "no pyscard":
        sys.modules["smartcard"] = None
    clock = SystemClock()
    address = parse_address("pcsc://Any?socket=/nonexistent/comm")
    slot = await open_slot(address, deadline_ns=clock.monotonic_ns() + 10**10, clock=clock)
    print(slot.state.en)
    await slot.close()

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("without", "sentence"),
    [("no pyscard", "make setup"), ("no daemon", "pcscd) is not running. Start it")],
)
def test_without_daemon_or_pyscard_one_sentence_says_what_to_do(
    without: str, sentence: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, without],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    assert sentence in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert not done.stderr
