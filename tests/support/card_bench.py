"""A bench of card slots for tests: purses in readers, over real pcscd or in memory, one way to use both."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from devices.hybrid_reader import HybridReader
from devices.smart_card import open_slot
from protocols.address import parse_address
from protocols.control import Event, Verb
from protocols.iso7816 import Command, parse_response
from protocols.ports import CardAbsent, CardPresent, CardSlot, Clock
from protocols.purse.card import AID
from protocols.purse.coordinator import Ask, Dialogue, EnterPin, Intend, Result, Slot
from protocols.purse.image import first_image
from protocols.purse.suite import P256
from sim.cards.answers import Transmission
from sim.cards.purse import PurseCard, personalise
from sim.cards.slots import SlotMemory
from sim.host import SystemClock
from sim.hosting.card_slot import CardCarrier, HostedSlot
from sim.hosting.card_socket import ReaderCarrier
from sim.hosting.pcscd import PrivateDaemon, ReaderDriver, ReaderPlan
from sim.hybrid_reader import HybridReaderTwin
from sim.smart_card import SmartCardTwin
from tests.devices.cable import ADDRESS, Cable
from tests.support.purses import PIN, personality

CLOCK = SystemClock()
S = 1_000_000_000
SELECT = Command(0, 0xA4, 4, 0, AID, 256).encode()
QUERY = Command(0x90, 0x50, 0, 0, b"", 256).encode()
DEADLINE_S = 15


def deadline(seconds: float = DEADLINE_S, clock: Clock = CLOCK) -> int:
    return clock.monotonic_ns() + int(seconds * S)


def card(
    name: bytes,
    balance: int = 1_000,
    transmission: Transmission = Transmission.T1,
    **changes: object,
) -> PurseCard:
    """Return a purse in plastic whose memory lasts as long as it does."""
    slots = SlotMemory()
    personalise(slots, first_image(balances=(balance, 0, 0, 0, 0), pin=PIN))
    return PurseCard(
        label=name.decode(),
        personality=personality(name, **changes),
        slots=slots,
        suite=P256(),
        transmission=transmission,
    )


async def until(condition: Callable[[], bool], seconds: float = DEADLINE_S) -> None:
    """Wait until something is true, at most so long."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.001)


@dataclass
class Reader:
    """One slot, from both sides."""

    slot: CardSlot
    host: "HostedSlot | HybridHost"
    cards: dict[str, PurseCard]
    states: list[object]

    def do(self, verb: str, **arguments: str) -> None:
        self.host.work(Verb(verb=verb, arguments=arguments))

    def is_in(self) -> bool:
        return isinstance(self.slot.state, CardPresent)

    def is_empty(self) -> bool:
        return isinstance(self.slot.state, CardAbsent)

    async def insert(self, name: str) -> None:
        self.do("insert", card=name)
        await until(self.is_in)

    async def remove(self) -> None:
        if self.host.twin.visit:
            self.do("remove")
        await until(self.is_empty)

    async def reinsert(self, name: str) -> None:
        """Bring the slot to a fresh stay of this card, whatever it went through."""
        await self.remove()
        await self.insert(name)


class HybridHost:
    """A hybrid reader's twin on a cable in memory, worked as a hosted slot is."""

    def __init__(self, twin: HybridReaderTwin, cable: Cable) -> None:
        self._twin, self._cable = twin, cable
        self.twin = twin.slot

    def work(self, verb: Verb) -> None:
        # What its line has a verb of the same name for is the chip's here.
        chips = {"mute": "chip_mute", "unmute": "chip_unmute", "delay": "chip_delay"}
        told = Verb(verb=chips.get(verb.verb, verb.verb), arguments=verb.arguments)
        self._twin.do(told, CLOCK.monotonic_ns())
        self._cable.carry()

    def history(self) -> Sequence[Event]:
        return self._twin.history


@asynccontextmanager
async def hybrid_reader(cards: dict[str, PurseCard]) -> AsyncIterator[Reader]:
    """Give a hybrid reader's slot, over its serial line."""
    twin = HybridReaderTwin(cards)
    cable = Cable(twin, CLOCK)
    slot = HybridReader(address=ADDRESS, open_link=cable.open_link, clock=CLOCK)
    states: list[object] = []
    slot.watch(states.append)
    slot.start()
    made = Reader(slot, HybridHost(twin, cable), cards, states)
    try:
        await until(made.is_empty)
        states.clear()
        yield made
    finally:
        await slot.close()


@asynccontextmanager
async def reader(
    address: str, carrier: CardCarrier, cards: dict[str, PurseCard]
) -> AsyncIterator[Reader]:
    """Host a slot's twin on a carrier, and open it as a till does."""
    twin = SmartCardTwin(cards, antenna=True)
    host = HostedSlot(name="slot", twin=twin, carrier=carrier, clock=CLOCK)
    await host.start()
    slot = await open_slot(parse_address(address), deadline_ns=deadline(), clock=CLOCK)
    states: list[object] = []
    slot.watch(states.append)
    made = Reader(slot, host, cards, states)
    try:
        # vpcd takes its time to notice that the card of the test before has left.
        await until(made.is_empty)
        states.clear()
        yield made
    finally:
        await slot.close()
        await host.stop()


@asynccontextmanager
async def pcsc_reader(
    daemon: PrivateDaemon, name: str, cards: dict[str, PurseCard]
) -> AsyncIterator[Reader]:
    """The same in a reader of the private daemon. vpcd's is NAME."""
    carrier = ReaderCarrier(daemon.dial(name), reader=name, daemon=daemon.client_socket)
    async with reader(carrier.address, carrier, cards) as made:
        yield made


READERS = (
    ReaderPlan(name="IPS customer", driver=ReaderDriver.OURS_WITH_KEYPAD),
    ReaderPlan(name="IPS shop"),
    ReaderPlan(name="Stock", driver=ReaderDriver.VPCD),
)


def start_daemon(folder: Path) -> PrivateDaemon:
    """Start the one daemon of this process."""
    daemon = PrivateDaemon(folder, READERS, clock=CLOCK)
    daemon.start()
    os.environ["PCSCLITE_CSOCK_NAME"] = str(daemon.client_socket)
    return daemon


async def tell(channel, apdu: bytes):
    """Send one command over a channel; the parsed answer, or None."""
    answer = await channel.transmit(apdu, deadline_ns=deadline())
    return None if answer is None else parse_response(answer)


async def drive(
    dialogue: Dialogue,
    transmit: Callable[[Slot, bytes], Awaitable[bytes | None]],
) -> Result:
    """Play a terminal's dialogue over channels."""
    answer = None
    try:
        step = next(dialogue)
        while True:
            match step:
                case EnterPin():
                    raise AssertionError("these cards want no PIN")
                case Intend():
                    answer = None
                case Ask(slot, apdu):
                    got = await transmit(slot, apdu)
                    answer = None if got is None else parse_response(got)
            step = dialogue.send(answer)
    except StopIteration as end:
        return end.value
