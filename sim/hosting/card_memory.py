"""A reader in memory: both a card's carrier and a till's slot, for virtual time and worlds.

The bytes between are those of a real reader (protocols.vpcd), and it behaves like one: it powers a card
that comes in to learn its ATR, a channel ends with the first lost answer, and no command reaches a
card that was not powered for this channel.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from protocols.apdu_exchange import Protocol, exchange
from protocols.ports import (
    NANOSECONDS_PER_SECOND,
    CardAbsent,
    CardMute,
    CardPresent,
    Clock,
    NoCardError,
    SlotState,
)
from protocols.vpcd import Answer, Control, ReaderEnd
from sim import bus
from sim.hosting.card_slot import Contact


class MemoryReader:
    """One reader without a daemon; satisfies CardCarrier at one side, CardSlot at the other."""

    def __init__(self, name: str, *, clock: Clock, latency_ns: int = 0) -> None:
        """`latency_ns` is what each exchange takes, so that others get their turn."""
        self._name = name
        self._clock = clock
        self._latency_ns = latency_ns
        self._watchers: list[Callable[[SlotState], None]] = []
        self._state: SlotState = CardAbsent()
        self._insertion = 0
        self._contact: Contact | None = None
        self._wire = ReaderEnd()
        self._answer: asyncio.Future[bytes] | None = None
        self._early: list[bytes] = []
        self._channel: MemoryChannel | None = None

    # As a card sees it

    @property
    def address(self) -> str:
        """What a till opens."""
        return f"sim://{self._name}"

    def insert(self, contact: Contact) -> None:
        """Take a card in and power it for its ATR."""
        self._contact = contact
        self._insertion += 1
        contact.connected()
        self._tell(self._seen(self.power()))

    def remove(self) -> None:
        """Let the card go; whoever waits for its answer learns that it is lost."""
        self._contact = None
        self.drop()
        self._tell(CardAbsent())

    def write(self, data: bytes) -> None:
        """Take bytes from the card."""
        for event in self._wire.receive(data, self._clock.monotonic_ns()):
            if isinstance(event, Answer):
                if self._answer is not None and not self._answer.done():
                    self._answer.set_result(event.payload)
                else:
                    self._early.append(event.payload)

    # As a till sees it

    @property
    def state(self) -> SlotState:
        """What is in the slot."""
        return self._state

    @property
    def has_keypad(self) -> bool:
        """It has one: the twin's."""
        return True

    def watch(self, changed: Callable[[SlotState], None]) -> None:
        """Say who hears of changes."""
        self._watchers.append(changed)

    async def connect(self, *, deadline_ns: int) -> "MemoryChannel":
        """Power the card anew. Raises: NoCardError."""
        self.drop()
        if self._contact is None:
            raise NoCardError("no card is in the reader. Insert it", "카드가 없습니다. 꽂으세요")
        self._say(Control.OFF)
        atr = self.power()
        if self._seen(atr) != self._state:
            self._tell(self._seen(atr))
        if not atr:
            raise NoCardError("the card does not answer. Turn it", "카드를 읽지 못했습니다")
        self._channel = MemoryChannel(self, self._insertion, atr, self._clock)
        return self._channel

    async def close(self) -> None:
        """Leave the reader."""
        self._watchers.clear()
        self.drop()

    def offer(self) -> None:
        """Make it reachable as sim://NAME on this loop."""
        bus.offer_slot(self._name, self)

    # For the channel

    def power(self) -> bytes:
        """Give power and return the ATR; empty when the card says none."""
        self._early.clear()
        self._say(Control.ON)
        self._say(Control.ATR)
        return self._early.pop() if self._early else b""

    def drop(self) -> None:
        """End the channel, and the wait of whoever uses it."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.end()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(b"")
        self._wire = ReaderEnd()

    async def ask(self, send: Callable[[ReaderEnd], None], deadline_ns: int) -> bytes:
        """Send something and wait for the answer; empty when it does not come."""
        if self._latency_ns:
            await asyncio.sleep(self._latency_ns / NANOSECONDS_PER_SECOND)
        if self._contact is None:
            return b""
        self._answer = asyncio.get_running_loop().create_future()
        send(self._wire)
        self._contact.received(self._wire.outgoing())
        left_ns = deadline_ns - self._clock.monotonic_ns()
        try:
            async with asyncio.timeout(max(0, left_ns) / NANOSECONDS_PER_SECOND):
                return await self._answer
        except TimeoutError:
            return b""
        finally:
            self._answer = None

    def _say(self, control: Control) -> None:
        if self._contact is not None:
            self._wire.control(control)
            self._contact.received(self._wire.outgoing())

    def _seen(self, atr: bytes) -> SlotState:
        if not atr:
            return CardMute(insertion=self._insertion)
        return CardPresent(insertion=self._insertion, atr=atr)

    def _tell(self, state: SlotState) -> None:
        self._state = state
        for changed in self._watchers:
            changed(state)


class MemoryChannel:
    """A card in a memory reader; satisfies protocols.ports.CardChannel."""

    def __init__(self, reader: MemoryReader, insertion: int, atr: bytes, clock: Clock) -> None:
        self.insertion = insertion
        self.atr = atr
        self.alive = True
        self.has_keypad = reader.has_keypad
        self._reader = reader
        self._clock = clock
        # Without TD1 there is only T=0; ours that speak T=1 say so in TD1.
        has_td1 = len(atr) > 1 and atr[1] & 0x80
        self._protocol = Protocol.T1 if has_td1 else Protocol.T0

    async def transmit(self, apdu: bytes, *, deadline_ns: int) -> bytes | None:
        """Exchange one command. None: lost, and the channel with it."""
        steps = exchange(apdu, self._protocol)
        try:
            piece = next(steps)
            while True:
                send = partial(ReaderEnd.command, apdu=piece)
                piece = steps.send(await self._ask(send, deadline_ns))
        except StopIteration as end:
            answer: bytes | None = end.value
            if answer is None:
                self.end()
            return answer

    async def enter_pin(self, structure: bytes, *, deadline_ns: int) -> bytes | None:
        """Have the keypad take a PIN."""
        send = partial(ReaderEnd.enter_pin, structure=structure)
        answer = await self._ask(send, deadline_ns)
        if answer is None:
            self.end()
        return answer

    async def close(self) -> None:
        """Take the power."""
        if self.alive:
            self._reader.drop()

    def end(self) -> None:
        """Be dead from now on."""
        self.alive = False

    async def _ask(self, send: Callable[[ReaderEnd], None], deadline_ns: int) -> bytes | None:
        if not self.alive:
            return None
        answer = await self._reader.ask(send, deadline_ns)
        return answer if self._is_alive() and len(answer) >= 2 else None

    def _is_alive(self) -> bool:
        """Look again: it may have died while somebody waited."""
        return self.alive
