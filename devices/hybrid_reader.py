"""A motorised hybrid reader as a card slot: its chip contacts give the channel that a PC/SC reader gives.

    HybridReader(...).start()     satisfies protocols.ports.CardSlot
    await reader.read_stripe()    the card that is in, by its stripe

The first lost answer ends a channel, as everywhere: the reader's line asks for an answer again by itself and
never has a command done twice, so a loss here is one that asking could not help.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from devices.drivers.hybrid_reader import HybridJob, HybridReaderDriver
from devices.drivers.stripe_reader import BadSwipe, Swipe, judge
from devices.health import Health, Level, Role
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
        self._channel: HybridChannel | None = None
        self._driver = HybridReaderDriver(address=str(address), on_state=self._changed)
        self._supervisor = Supervisor(
            role=Role.HYBRID_READER,
            address=address,
            driver=self._driver,
            open_link=open_link,
            clock=clock,
            on_health=on_health,
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
        return SlotDown(ko=health.ko, en=health.en)

    def start(self) -> None:
        """Begin to keep it open; on the running loop, once."""
        self._supervisor.start()

    def watch(self, changed: Callable[[SlotState], None]) -> None:
        """Say who hears of changes."""
        self._watchers.append(changed)

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

    async def read_stripe(self, *, deadline_ns: int) -> Swipe:
        """Read tracks 1 and 2 of the card that is in it."""
        tracks, refused = [], Fault.BLANK
        for track in (Track.ONE, Track.TWO):
            match await self.do(READ[track], deadline_ns):
                case Done(data=data):
                    tracks.append(ReadTrack(track, Masked(data.decode("latin-1"))))
                case Refused(why=why) if why in FAULTS:
                    refused = FAULTS[why]
                case _:
                    return BadSwipe(Fault.UNREADABLE)
        return judge(Swiped(tuple(tracks))) if tracks else BadSwipe(refused)

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
        for changed in list(self._watchers):
            changed(state)


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
