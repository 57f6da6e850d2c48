"""The blocking side of a card reader: what its own two threads do, and how jobs reach them.

Nothing here knows the event loop but Job, which brings an answer back to it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from devices.bus.pcsc import (
    Connection,
    Daemon,
    Ending,
    PcscError,
    PcscMissingError,
    matching,
    use_daemon,
)
from devices.drivers.card_reader import Words, no_reader, of_code
from protocols.apdu_exchange import Exchange, exchange

T = TypeVar("T")

_COUNTER_BITS: Final = 16


class Job(Generic[T]):
    """Something for a thread to do, and the future that waits for it on the loop."""

    def __init__(self, work: Callable[[], T], answer: "asyncio.Future[T]") -> None:
        self._work = work
        self._answer = answer
        self._loop = answer.get_loop()
        self.abandoned = False
        """Nobody waits any more: what was not begun shall not begin."""

    def __call__(self) -> None:
        """Do it, on the thread."""
        if self.abandoned:
            return
        result = self._work()
        # A loop that is closed has nobody waiting.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle, result)

    def _settle(self, result: T) -> None:
        if not self._answer.done():
            self._answer.set_result(result)


@dataclass(frozen=True, slots=True)
class Opened:
    """A card that has power."""

    counter: int
    """pcscd's count of insertions and removals at this reader, 16 bits."""
    atr: bytes
    has_keypad: bool


class Talker:
    """Talks to the card of one reader; on one thread. Raises nothing: lost is None."""

    def __init__(self, prefix: str, socket: str | None) -> None:
        self._prefix = prefix
        self._socket = socket
        self._daemon: Daemon | None = None
        self._card: Connection | None = None
        self._feature: int | None = None

    def open(self) -> Opened | Words:
        """Power the card, or say why not."""
        # It is powered anew in any case.
        self.let_go(Ending.LEAVE)
        reused = self._daemon is not None
        try:
            try:
                return self._open()
            except PcscError:
                if not reused:
                    raise
                # The daemon may be another since; no card has been told anything yet.
                self.close()
                return self._open()
        except PcscMissingError as error:
            return Words(f"카드리더를 쓸 수 없습니다: {error}", str(error))
        except PcscError as error:
            self.close()
            return of_code(error.code, str(error))

    def transmit(self, apdu: bytes) -> bytes | None:
        """Exchange one command; None when the answer is lost, and the card is let go."""
        if self._card is None:
            return None
        try:
            answer = _carry(exchange(apdu, self._card.protocol), self._card)
        except PcscError:
            answer = None
        if answer is None:
            self.let_go(Ending.LEAVE)
        return answer

    def enter_pin(self, structure: bytes) -> bytes | None:
        """Have the keypad take a PIN; None when the answer is lost, and the card is let go."""
        if self._card is None or self._feature is None:
            return None
        try:
            return self._card.enter_pin(self._feature, structure)
        except PcscError:
            self.let_go(Ending.LEAVE)
            return None

    def let_go(self, ending: Ending = Ending.POWER_OFF) -> None:
        """Forget the card; harmless without one."""
        card, self._card = self._card, None
        if card is not None:
            card.disconnect(ending)

    def close(self) -> None:
        """Leave the daemon."""
        self.let_go()
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            daemon.release()

    def _open(self) -> Opened | Words:
        if self._daemon is None:
            use_daemon(self._socket)
            self._daemon = Daemon()
        names = self._daemon.readers()
        reader = matching(names, self._prefix)
        if reader is None:
            return no_reader(self._prefix, names)
        self._card = self._daemon.connect(reader)
        self._feature = self._card.pin_feature()
        # After the connection: a card that came later than this count is one this handle is not of.
        _, word, _ = self._daemon.look(reader, 0, 0)
        atr = self._card.atr()
        return Opened(word >> _COUNTER_BITS & 0xFFFF, atr, self._feature is not None)


def _carry(steps: Exchange, card: Connection) -> bytes | None:
    """Carry one command through all its turns. Raises: PcscError."""
    try:
        piece = next(steps)
        while True:
            piece = steps.send(card.transmit(piece))
    except StopIteration as end:
        answer: bytes | None = end.value
        return answer
