"""A motorised hybrid reader as a card slot: its chip contacts give the channel that a PC/SC reader gives.

    HybridReader(...).start()     satisfies protocols.ports.CardSlot and devices.stripe_reader.StripeHead
    reader.read_stripe(told)      the card that is in, by its stripe

A slot at an address of bytes (serial://, tcp://, rfc2217://) is such a reader. A card whose chip does not answer
is read by its stripe at once, and whoever watches swipes is told: it may have no chip, or one that failed.

The first lost answer ends a channel, as everywhere: the reader's line asks for an answer again by itself and
never has a command done twice, so a loss here is one that asking could not help.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

from devices.bus.opening import open_link as open_known_link
from devices.drivers.card_reader import OPENING
from devices.drivers.hybrid_reader import HybridJob, HybridReaderDriver
from devices.drivers.stripe_reader import BadSwipe, Swipe, judge
from devices.health import NOT_OPENED, Health, Level, Role
from devices.supervisor import OpenLink, Supervisor
from protocols.address import Address
from protocols.apdu_exchange import Protocol, exchange
from protocols.card_number import Masked
from protocols.hybrid_words import (
    APDU_T0,
    APDU_T1,
    COLD_RESET,
    FAULTS,
    POWER_OFF,
    READ,
    Done,
    Refused,
    Where,
)
from protocols.magnetic_stripe import Fault, Track
from protocols.ports import (
    NANOSECONDS_PER_SECOND,
    CardMute,
    CardPresent,
    Clock,
    NoCardError,
    SlotDown,
    SlotState,
)
from protocols.swipe import ReadTrack, Swiped

END_NS: Final = 2 * NANOSECONDS_PER_SECOND
"""How long letting go of a card may take."""


class HybridReader:
    """One hybrid reader on a line of its own; satisfies protocols.ports.CardSlot."""

    has_keypad = False

    def __init__(
        self,
        *,
        address: Address,
        open_link: OpenLink,
        clock: Clock,
        on_health: Callable[[Health], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._watchers: list[Callable[[SlotState], None]] = []
        self._swiped: Callable[[Swipe], None] = lambda _: None
        self._channel: HybridChannel | None = None
        self._told: SlotState | None = None
        self._looked = asyncio.Event()
        self._on_health = on_health
        self._driver = HybridReaderDriver(
            address=str(address), on_state=self._changed, on_look=self._looked.set
        )
        self._supervisor = Supervisor(
            role=Role.HYBRID_READER,
            address=address,
            driver=self._driver,
            open_link=open_link,
            clock=clock,
            on_health=self._healthy,
        )

    @property
    def health(self) -> Health:
        """How the reader is now."""
        return self._supervisor.health

    @property
    def state(self) -> SlotState:
        """What is known now."""
        health = self._supervisor.health
        if health.level is Level.OK:
            return self._driver.state
        # A line that is being opened has no sentence yet.
        return SlotDown(ko=health.ko or OPENING.ko, en=health.en or OPENING.en)

    def start(self) -> None:
        """Begin to keep it open; on the running loop, once."""
        self._supervisor.start()

    def watch(self, changed: Callable[[SlotState], None]) -> None:
        """Say who hears of changes."""
        self._watchers.append(changed)

    def watch_swipes(self, swiped: Callable[[Swipe], None]) -> None:
        """Say who hears of a card whose chip did not answer, and what its stripe says."""
        self._swiped = swiped

    async def first_look(self, *, deadline_ns: int) -> None:
        """Wait until it is known how the reader is, and what is in it; at the deadline go on without."""
        left_ns = max(0, deadline_ns - self._clock.monotonic_ns())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left_ns / NANOSECONDS_PER_SECOND):
                await self._looked.wait()

    async def connect(self, *, deadline_ns: int) -> "HybridChannel":
        """Power the card that is in it anew. Raises: NoCardError."""
        self._end_channel()
        if not isinstance(self._driver.state, CardPresent):
            raise NoCardError("no card is in the reader. Insert it", "카드가 없습니다. 꽂으세요")
        answer = await self.do(COLD_RESET, deadline_ns)
        state = self._driver.state
        if not isinstance(answer, Done) or answer.where is not Where.ACTIVE:
            raise NoCardError("the card does not answer. Turn it", "카드를 읽지 못했습니다")
        if not isinstance(state, CardPresent):
            raise NoCardError("the card has left", "카드가 빠졌습니다")
        self._channel = HybridChannel(self, state.insertion, answer.data)
        return self._channel

    def read_stripe(self, told: Callable[[Swipe], None]) -> None:
        """Read tracks 1 and 2 of the card that is in it; nothing is told of a card that leaves meanwhile."""
        answers: list[Done | Refused | None] = []

        def done(answer: Done | Refused | None) -> None:
            answers.append(answer)
            if len(answers) == len(_HEADS) and all(_is_read(each) for each in answers):
                told(_swipe(answers))

        for track in _HEADS:
            self._driver.submit(HybridJob(READ[track], done))
        self._supervisor.wake()

    async def close(self) -> None:
        """Leave the reader."""
        self._end_channel()
        self._watchers.clear()
        await self._supervisor.stop(deadline_ns=self._clock.monotonic_ns() + END_NS)

    # For the channel

    async def do(self, command: bytes, deadline_ns: int) -> Done | Refused | None:
        """Have one command done; None where no answer came before the deadline."""
        told: asyncio.Future[Done | Refused | None] = asyncio.get_running_loop().create_future()

        def done(answer: Done | Refused | None) -> None:
            if not told.done():
                told.set_result(answer)

        self._driver.submit(HybridJob(command, done))
        self._supervisor.wake()
        left_ns = max(0, deadline_ns - self._clock.monotonic_ns())
        try:
            async with asyncio.timeout(left_ns / NANOSECONDS_PER_SECOND):
                return await told
        except TimeoutError:
            return None

    def doubt(self, channel: "HybridChannel") -> None:
        """Say that an answer was lost."""
        if channel is self._channel:
            self._end_channel()
            self._driver.doubt()

    async def power_off(self) -> None:
        """Take the power from the card."""
        await self.do(POWER_OFF, self._clock.monotonic_ns() + END_NS)

    def _end_channel(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.end()

    def _changed(self, state: SlotState) -> None:
        if self._channel is not None and not (
            isinstance(state, CardPresent) and state.insertion == self._channel.insertion
        ):
            self._end_channel()
        if isinstance(state, CardMute):
            self.read_stripe(self._swiped)
        if not isinstance(self.state, SlotDown):
            self._tell(state)

    def _healthy(self, health: Health) -> None:
        self._on_health(health)
        if health is NOT_OPENED:
            return
        if health.level is not Level.OK:
            self._looked.set()
        self._tell(self.state)

    def _tell(self, state: SlotState) -> None:
        if state == self._told:
            return
        self._told = state
        for changed in list(self._watchers):
            changed(state)


_HEADS: Final = (Track.ONE, Track.TWO)


def _is_read(answer: Done | Refused | None) -> bool:
    """Say whether the head has tried: anything else is told by the reader's state."""
    return isinstance(answer, Done) or (isinstance(answer, Refused) and answer.why in FAULTS)


def _swipe(answers: Sequence[Done | Refused | None]) -> Swipe:
    """Return what the tracks that were read make together."""
    tracks, fault = [], Fault.BLANK
    for track, answer in zip(_HEADS, answers, strict=True):
        match answer:
            case Done(data=data):
                tracks.append(ReadTrack(track, Masked(data.decode("latin-1"))))
            case Refused(why=why) if why in FAULTS:
                fault = FAULTS[why]
    return judge(Swiped(tuple(tracks))) if tracks else BadSwipe(fault)


class HybridBus:
    """Opens card slots that are reached by bytes; satisfies protocols.ports.CardBus."""

    async def open_slot(self, address: Address, *, deadline_ns: int, clock: Clock) -> HybridReader:
        """Open a reader and wait until it is known how it is, until the deadline at most."""
        reader = HybridReader(address=address, open_link=open_known_link, clock=clock)
        reader.start()
        await reader.first_look(deadline_ns=deadline_ns)
        return reader


CARDS: Final = HybridBus()


class HybridChannel:
    """One card behind a hybrid reader's contacts; satisfies protocols.ports.CardChannel."""

    has_keypad = False

    def __init__(self, reader: HybridReader, insertion: int, atr: bytes) -> None:
        self.insertion = insertion
        self.atr = atr
        self.alive = True
        self._reader = reader
        # Without TD1 there is only T=0.
        self._protocol = Protocol.T1 if len(atr) > 1 and atr[1] & 0x80 else Protocol.T0

    async def transmit(self, apdu: bytes, *, deadline_ns: int) -> bytes | None:
        """Exchange one command. None: lost, and the channel with it."""
        word = APDU_T1 if self._protocol is Protocol.T1 else APDU_T0
        steps = exchange(apdu, self._protocol)
        answer: bytes | None = None
        try:
            piece = next(steps)
            while self.alive:
                match await self._reader.do(word + piece, deadline_ns):
                    case Done(where=Where.WHOLE, data=data):
                        piece = steps.send(data)
                    case _:
                        piece = steps.send(None)
        except StopIteration as end:
            answer = end.value
        finally:
            if answer is None:
                self._reader.doubt(self)
                self.end()
        return answer

    async def enter_pin(self, structure: bytes, *, deadline_ns: int) -> bytes | None:
        """There is no keypad on it."""
        raise AssertionError("a reader without a keypad takes no PIN")

    async def close(self) -> None:
        """Take the power from the card."""
        if self.alive:
            self.end()
            await self._reader.power_off()

    def end(self) -> None:
        """Be dead from now on."""
        self.alive = False
