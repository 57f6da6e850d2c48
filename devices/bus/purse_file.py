"""file://FOLDER: a purse in a folder as a slot with its card always in it; no reader, no daemon.

    loop --commands--> one thread of the slot's own: the purse, and the disk under it

A commit waits for the disk, and the counter's screen must not. Under virtual time the same work is
done in the caller's turn. What goes wrong ends as with any card: a lost answer is None and ends the
channel, and whoever goes on connects anew; a disk that fails is a slot that is down until it works.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

from devices.bus.purse_folder import OpenPurse, PurseFolderError, no_folder
from devices.drivers.card_reader import CLOSED
from devices.keys import KeysError, read_host_secret
from protocols.address import Address, AddressError
from protocols.ports import (
    NANOSECONDS_PER_SECOND,
    CardPresent,
    Clock,
    LinkDownError,
    NoCardError,
    SlotDown,
    SlotState,
)

ATR: Final = bytes.fromhex("3B800181")
"""T=1, no historical bytes: ISO/IEC 7816-3, 8.2."""
REOPEN_S: Final = 1.0
"""Between tries to open a purse whose disk has failed."""
T = TypeVar("T")


class Worker(Protocol):
    """Does one piece of work after the other."""

    async def do(self, work: Callable[[], T]) -> T:
        """Do it and return its result; what was begun is finished. Raises: what the work raises."""
        ...

    def end(self) -> None:
        """Take no more work."""
        ...


class OwnThread:
    """A thread of the slot's own."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="purse")

    async def do(self, work: Callable[[], T]) -> T:
        """Do it in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def end(self) -> None:
        """End the thread when its work is done."""
        self._executor.shutdown(wait=False)


class Inline:
    """The caller's own turn: for virtual time."""

    async def do(self, work: Callable[[], T]) -> T:
        """Do it now."""
        return work()

    def end(self) -> None:
        """Nothing is to be ended."""


class PurseFileSlot:
    """One purse in a folder; satisfies protocols.ports.CardSlot."""

    has_keypad = False

    def __init__(self, opening: Callable[[], OpenPurse], worker: Worker, clock: Clock) -> None:
        """Nothing is opened before `open`; `opening` raises PurseFolderError."""
        self._opening = opening
        self._worker = worker
        self._clock = clock
        self._watchers: list[Callable[[SlotState], None]] = []
        self._opened: OpenPurse | None = None
        self._channel: PurseFileChannel | None = None
        self._insertion = 0
        self._reopening: asyncio.Task[None] | None = None
        self._state: SlotState = SlotDown(ko="아직 열지 않았습니다", en="not opened yet")

    async def open(self) -> None:
        """Open the purse. Raises: PurseFolderError."""
        opened = await self._worker.do(self._opening)
        self._opened = opened
        self._insertion += 1
        self._tell(CardPresent(insertion=self._insertion, atr=ATR))

    @property
    def state(self) -> SlotState:
        """The purse is there, or the disk keeps it from being."""
        return self._state

    def watch(self, changed: Callable[[SlotState], None]) -> None:
        """Say who hears of changes."""
        self._watchers.append(changed)

    async def connect(self, *, deadline_ns: int) -> "PurseFileChannel":
        """Power the purse: what was verified before is forgotten. Raises: NoCardError."""
        self._end_channel()
        opened = self._opened
        if opened is None:
            assert isinstance(self._state, SlotDown)
            raise NoCardError(self._state.en, self._state.ko)
        await self._worker.do(opened.purse.power_on)
        self._channel = PurseFileChannel(self, self._insertion)
        return self._channel

    async def close(self) -> None:
        """Let go of folder, lock and thread."""
        self._watchers.clear()
        self._end_channel()
        if self._reopening is not None:
            self._reopening.cancel()
        opened, self._opened = self._opened, None
        if opened is not None:
            await self._worker.do(opened.close)
        self._worker.end()
        self._state = SlotDown(ko=CLOSED.ko, en=CLOSED.en)

    # For the channel

    async def answer(self, apdu: bytes, deadline_ns: int) -> bytes | None:
        """Return the purse's answer; None when it comes too late or the disk has failed."""
        opened = self._opened
        if opened is None:
            return None
        seconds = max(0, deadline_ns - self._clock.monotonic_ns()) / NANOSECONDS_PER_SECOND
        try:
            async with asyncio.timeout(seconds):
                return await self._worker.do(partial(opened.handle, apdu))
        except TimeoutError:
            return None
        except OSError as error:
            await self._fail(opened, error)
            return None

    def drop(self, channel: "PurseFileChannel") -> None:
        """Say that an answer was lost: what comes next is another insertion."""
        if channel is self._channel:
            self._end_channel()
            self._insertion += 1
            if self._opened is not None:
                self._tell(CardPresent(insertion=self._insertion, atr=ATR))

    def _end_channel(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.end()

    async def _fail(self, opened: OpenPurse, error: OSError) -> None:
        """Close the purse; nothing it says can be relied on before the disk has taken it again."""
        self._opened = None
        await self._worker.do(opened.close)
        words = error.strerror or str(error)
        self._tell(
            SlotDown(
                ko=f"디스크가 매장 전자화폐를 저장하지 못했습니다 ({words}). 디스크를 확인하세요",
                en=f"the disk did not keep the purse ({words}). Check the disk",
            )
        )
        self._reopening = asyncio.get_running_loop().create_task(self._reopen(), name="purse file")

    async def _reopen(self) -> None:
        while self._opened is None:
            await asyncio.sleep(REOPEN_S)
            try:
                await self.open()
            except PurseFolderError as error:
                self._tell(SlotDown(ko=error.ko, en=str(error)))

    def _tell(self, state: SlotState) -> None:
        if state != self._state:
            self._state = state
            for changed in list(self._watchers):
                changed(state)


class PurseFileChannel:
    """The purse until the first thing that goes wrong; satisfies protocols.ports.CardChannel."""

    atr = ATR
    has_keypad = False

    def __init__(self, slot: PurseFileSlot, insertion: int) -> None:
        self.insertion = insertion
        self.alive = True
        self._slot = slot

    async def transmit(self, apdu: bytes, *, deadline_ns: int) -> bytes | None:
        """Exchange one command. None: lost, and the channel with it."""
        if not self.alive:
            return None
        answer: bytes | None = None
        try:
            answer = await self._slot.answer(apdu, deadline_ns)
        finally:
            # Also when whoever waits is cancelled: the command is carried out all the same.
            if answer is None:
                self._slot.drop(self)
                self.end()
        return answer

    async def enter_pin(self, structure: bytes, *, deadline_ns: int) -> bytes | None:
        """A file has no keypad. Never called: the slot says so."""
        raise AssertionError("a purse in a file takes no PIN")

    async def close(self) -> None:
        """Let go of the purse."""
        self.end()

    def end(self) -> None:
        """Be dead from now on."""
        self.alive = False


class PurseFileBus:
    """Opens file:// addresses; satisfies protocols.ports.CardBus."""

    async def open_slot(self, address: Address, *, deadline_ns: int, clock: Clock) -> PurseFileSlot:
        """Open the purse of a folder; the option `secret` names the file of the host's secret.

        Raises: AddressError; PurseFolderError, a LinkDownError with a sentence in Korean too.
        """
        address.known("secret")
        if "secret" not in address.options:
            raise AddressError(f"{address}: name the host's secret: file://FOLDER?secret=FILE")
        opening = _opening(Path(address.place), Path(address.options["secret"]))
        slot = PurseFileSlot(opening, OwnThread(), clock)
        try:
            await slot.open()
        except BaseException:
            with suppress(Exception):
                await slot.close()
            raise
        return slot


def _opening(folder: Path, secret: Path) -> Callable[[], OpenPurse]:
    """Return what opens a folder's purse. Raises: LinkDownError."""
    if not folder.is_dir():
        raise no_folder(folder)
    try:
        return partial(OpenPurse, folder, secret=read_host_secret(secret))
    except KeysError as error:
        raise LinkDownError(f"{folder}: {error}") from error


CARDS: Final = PurseFileBus()
