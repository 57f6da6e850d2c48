"""A PC/SC reader as a slot: its state told as it changes, its card powered for one dialogue at a time.

    loop <--state-- watching thread: blocked in SCardGetStatusChange
    loop --jobs---> talking thread: owns the card's handle; one command at a time

Both threads are this slot's own and end with it; neither is ever asked by two at once. What goes wrong
is never raised into the till: a lost answer is None and ends the channel, a reader that is away is a
state. A handle is never used again after anything but success: the card may have been swapped while
nobody looked, and the next command would go to another card.

An insertion's number is made of pcscd's own count of insertions and of the answers lost so far, so a
card whose identity is in doubt is another insertion, even where pcscd has seen nothing.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial
from queue import Full, Queue
from threading import Event, Thread
from typing import Final, TypeVar

from devices.bus.card_talker import Job, Talker
from devices.bus.pcsc import (
    Daemon,
    Ending,
    PcscError,
    PcscMissingError,
    Seen,
    matching,
    use_daemon,
)
from devices.drivers.card_reader import (
    CLOSED,
    NOT_RUNNING,
    STUCK,
    Code,
    Words,
    no_reader,
    of_code,
)
from protocols.ports import (
    NANOSECONDS_PER_SECOND,
    CardAbsent,
    CardMute,
    CardPresent,
    Clock,
    NoCardError,
    SlotDown,
    SlotState,
)

T = TypeVar("T")

JOBS_MAX: Final = 8
"""Commands waiting for a reader that is busy; more are lost at once."""
LOOK_MS: Final = 1_000
"""How long one look lasts; a change ends it at once."""
RETRY_S: Final = 0.25
"""Between looks for a daemon or a reader that is not there."""
END_S: Final = 2.0
"""How long closing waits for the threads; a stuck one ends with the program."""
_COUNTER_BITS: Final = 16
_COUNTER_MAX: Final = 0xFFFF


class PcscSlot:
    """One PC/SC reader; satisfies protocols.ports.CardSlot."""

    def __init__(self, prefix: str, *, socket: str | None, clock: Clock) -> None:
        """Begin to watch; on the running loop."""
        self.prefix = prefix
        self._socket = socket
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._watchers: list[Callable[[SlotState], None]] = []
        self._state: SlotState = SlotDown(ko=NOT_RUNNING.ko, en=NOT_RUNNING.en)
        self._looked = asyncio.Event()
        self._doubts = 0
        self._closing = Event()
        self._ended = (asyncio.Event(), asyncio.Event())
        self._channel: PcscChannel | None = None
        self._keypad = False
        self._jobs: Queue[Callable[[], None]] = Queue(JOBS_MAX)
        self._talker = Talker(prefix, socket)
        self._watched: Daemon | None = None
        self._watching = Thread(target=self._watch, name=f"watch {prefix}", daemon=True)
        self._talking = Thread(target=self._talk, name=f"talk {prefix}", daemon=True)
        self._watching.start()
        self._talking.start()

    @property
    def state(self) -> SlotState:
        """What is known now."""
        return self._state

    @property
    def has_keypad(self) -> bool:
        """Say whether the reader takes PINs itself; known once a card was connected."""
        return self._keypad

    def watch(self, changed: Callable[[SlotState], None]) -> None:
        """Say who hears of changes, on the event loop."""
        self._watchers.append(changed)

    async def first_look(self, *, deadline_ns: int) -> None:
        """Wait until the reader was looked at once; at the deadline go on without."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._seconds_until(deadline_ns)):
                await self._looked.wait()

    async def connect(self, *, deadline_ns: int) -> "PcscChannel":
        """Power the card that is in the slot. Raises: NoCardError.

        One that failed is no doubt: nothing was said to the card, and no channel is left that could take
        it for the one before. Counted, it would be told as a swap with every try, while another program
        has the card.
        """
        self._end_channel()
        opened = await self._do(self._talker.open, deadline_ns)
        if opened is None:
            raise NoCardError(STUCK.en, STUCK.ko)
        if isinstance(opened, Words):
            raise NoCardError(opened.en, opened.ko)
        self._keypad = opened.has_keypad
        self._channel = PcscChannel(self, self._insertion(opened.counter), opened.atr)
        return self._channel

    async def close(self) -> None:
        """End both threads and leave the reader."""
        self._end_channel()
        self._watchers.clear()
        self._closing.set()
        if self._watched is not None:
            self._watched.cancel()
        with contextlib.suppress(Full):
            self._jobs.put_nowait(self._talker.close)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await asyncio.gather(*(ended.wait() for ended in self._ended))
        self._state = SlotDown(ko=CLOSED.ko, en=CLOSED.en)

    # For the channel

    async def transmit(self, apdu: bytes, deadline_ns: int) -> bytes | None:
        """Do one command on the talking thread."""
        return await self._do(partial(self._talker.transmit, apdu), deadline_ns)

    async def enter_pin(self, structure: bytes, deadline_ns: int) -> bytes | None:
        """Do one secure PIN entry on the talking thread."""
        return await self._do(partial(self._talker.enter_pin, structure), deadline_ns)

    async def power_off(self) -> None:
        """Let go of the card."""
        deadline_ns = self._clock.monotonic_ns() + int(END_S * NANOSECONDS_PER_SECOND)
        await self._do(self._talker.let_go, deadline_ns)

    def doubt(self, channel: "PcscChannel") -> None:
        """Say that an answer was lost: whatever is in the slot now is to be identified anew."""
        if channel is not self._channel:
            return
        self._end_channel()
        self._doubts += 1
        with contextlib.suppress(Full):
            self._jobs.put_nowait(partial(self._talker.let_go, Ending.LEAVE))
        if isinstance(self._state, CardPresent):
            counter = self._state.insertion & _COUNTER_MAX
            self._take(CardPresent(insertion=self._insertion(counter), atr=self._state.atr))

    def _insertion(self, counter: int) -> int:
        return self._doubts << _COUNTER_BITS | counter

    def _end_channel(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.end()

    async def _do(self, work: Callable[[], T], deadline_ns: int) -> T | None:
        """Have the talking thread do something; None at the deadline, and then it is not begun."""
        answer: asyncio.Future[T] = self._loop.create_future()
        job = Job(work, answer)
        try:
            self._jobs.put_nowait(job)
        except Full:
            return None
        try:
            async with asyncio.timeout(self._seconds_until(deadline_ns)):
                return await answer
        except TimeoutError:
            return None
        finally:
            job.abandoned = True

    def _seconds_until(self, deadline_ns: int) -> float:
        return max(0, deadline_ns - self._clock.monotonic_ns()) / NANOSECONDS_PER_SECOND

    # On the loop, told by the watching thread

    def _see(self, state: SlotState, counter: int) -> None:
        match state:
            case CardPresent(atr=atr):
                self._take(CardPresent(insertion=self._insertion(counter), atr=atr))
            case CardMute():
                self._take(CardMute(insertion=self._insertion(counter)))
            case _:
                if isinstance(state, SlotDown) and not isinstance(self._state, SlotDown):
                    self._doubts += 1  # Another pcscd counts its insertions anew.
                self._take(state)
        self._looked.set()

    def _take(self, state: SlotState) -> None:
        """Remember a state; a card after another is never told without the gap between them."""
        if state == self._state or self._closing.is_set():
            return
        before, self._state = self._state, state
        if self._channel is not None and not _is_same(self._channel.insertion, state):
            self._end_channel()
        told = [state]
        if isinstance(before, CardPresent) and isinstance(state, CardPresent):
            told = [CardAbsent(), state]
        for changed in list(self._watchers):
            for each in told:
                changed(each)

    # The watching thread

    def _watch(self) -> None:
        while not self._closing.is_set():
            words = self._watch_daemon()
            self._tell(SlotDown(ko=words.ko, en=words.en), 0)
            self._closing.wait(RETRY_S)
        self._say_ended(self._ended[0])

    def _watch_daemon(self) -> Words:
        """Watch for as long as there are daemon and reader; return why no longer."""
        try:
            use_daemon(self._socket)
            daemon = Daemon()
        except PcscMissingError as error:
            return Words(f"카드리더를 쓸 수 없습니다: {error}", str(error))
        except PcscError as error:
            return of_code(error.code, str(error))
        self._watched = daemon
        try:
            return self._watch_reader(daemon)
        except PcscError as error:
            # Blocked in a look while the daemon dies: a code of its own (environment.md 1.5).
            return of_code(error.code, str(error)) if error.code in list(Code) else NOT_RUNNING
        finally:
            self._watched = None
            daemon.release()

    def _watch_reader(self, daemon: Daemon) -> Words:
        names = daemon.readers()
        reader = matching(names, self.prefix)
        if reader is None:
            return no_reader(self.prefix, names)
        word = 0
        while not self._closing.is_set():
            seen, word, atr = daemon.look(reader, word, LOOK_MS)
            if seen is Seen.NO_READER:
                return no_reader(self.prefix, daemon.readers())
            self._tell(_state_of(seen, atr), word >> _COUNTER_BITS & _COUNTER_MAX)
        return CLOSED

    def _tell(self, state: SlotState, counter: int) -> None:
        # The loop may be closed already; then nobody wants to know.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._see, state, counter)

    # The talking thread

    def _talk(self) -> None:
        while not self._closing.is_set():
            self._jobs.get()()
        self._talker.close()
        self._say_ended(self._ended[1])

    def _say_ended(self, ended: asyncio.Event) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(ended.set)


class PcscChannel:
    """One card in a PC/SC reader until the first thing that goes wrong; protocols.ports.CardChannel."""

    def __init__(self, slot: PcscSlot, insertion: int, atr: bytes) -> None:
        self.insertion = insertion
        self.atr = atr
        self.alive = True
        self._slot = slot

    @property
    def has_keypad(self) -> bool:
        """Say whether the reader takes PINs itself."""
        return self._slot.has_keypad

    async def transmit(self, apdu: bytes, *, deadline_ns: int) -> bytes | None:
        """Exchange one command. None: lost, and the channel with it."""
        return await self._ask(partial(self._slot.transmit, apdu, deadline_ns))

    async def enter_pin(self, structure: bytes, *, deadline_ns: int) -> bytes | None:
        """Have the reader's keypad give a PIN to the card. None: lost, and the channel with it."""
        assert self._slot.has_keypad, "a reader without a keypad takes no PIN"
        return await self._ask(partial(self._slot.enter_pin, structure, deadline_ns))

    async def close(self) -> None:
        """Take the power from the card."""
        if self.alive:
            self.end()
            await self._slot.power_off()

    def end(self) -> None:
        """Be dead from now on."""
        self.alive = False

    async def _ask(self, ask: Callable[[], Awaitable[bytes | None]]) -> bytes | None:
        """Ask, unless dead. An answer that came is true even where the card left right after."""
        if not self.alive:
            return None
        answer: bytes | None = None
        try:
            answer = await ask()
        finally:
            # Also when whoever waits is cancelled: a command is in flight.
            if answer is None:
                self._slot.doubt(self)
                self.end()
        return answer


def _is_same(insertion: int, state: SlotState) -> bool:
    return isinstance(state, CardPresent) and state.insertion == insertion


def _state_of(seen: Seen, atr: bytes) -> SlotState:
    """Return what was seen, its insertion still to be numbered."""
    match seen:
        case Seen.CARD:
            return CardPresent(insertion=0, atr=atr)
        case Seen.MUTE:
            return CardMute(insertion=0)
        case _:
            return CardAbsent()
