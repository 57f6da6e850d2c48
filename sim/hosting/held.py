"""Time held still on the wires: what is on its way waits, and is let go one piece at a time.

    driver  ==  carrier  --received-->  hold  --received-->  device
                         <---write----        <---write----

Paused, everything that would pass waits, in its order over all wires; `step` lets the oldest pass, `run`
all of it. What waits on a cable that is pulled, or for a card that leaves, is lost with it. More than
HELD_MAX waiting, and the oldest passes: a device is not to be drowned by a pause that was forgotten.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from protocols.serial_line import LineSettings
from sim.hosting.card_slot import CardCarrier, Contact
from sim.hosting.carrier import Carrier, Ear

HELD_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Waiting:
    owner: object
    label: str
    passes: Callable[[], None]


class Hold:
    """All wires of a bench."""

    def __init__(self) -> None:
        self.paused = False
        self._waiting: deque[_Waiting] = deque()

    @property
    def count(self) -> int:
        """How many pieces wait."""
        return len(self._waiting)

    @property
    def next(self) -> str:
        """What `step` would let pass: its wire, the way, and how much; empty for nothing."""
        return self._waiting[0].label if self._waiting else ""

    def labels(self) -> list[str]:
        """Return what waits, in the order in which it would pass."""
        return [each.label for each in self._waiting]

    def pause(self) -> None:
        """Let nothing pass from now on."""
        self.paused = True

    def run(self) -> None:
        """Let everything pass, what waits first."""
        self.paused = False
        while self._waiting and not self.paused:
            self._waiting.popleft().passes()

    def step(self) -> bool:
        """Let the oldest piece pass; False when nothing waits."""
        if not self._waiting:
            return False
        self._waiting.popleft().passes()
        return True

    def submit(self, owner: object, label: str, passes: Callable[[], None]) -> None:
        """Let something pass, now or when its turn comes."""
        if not self.paused and not self._waiting:
            passes()
            return
        self._waiting.append(_Waiting(owner, label, passes))
        if len(self._waiting) > HELD_MAX:
            self.step()

    async def passage(self, label: str) -> None:
        """Wait until it may pass."""
        passed = asyncio.get_running_loop().create_future()

        def go() -> None:
            if not passed.done():
                passed.set_result(None)

        self.submit(passed, label, go)
        try:
            await passed
        finally:
            self.forget(passed)

    def forget(self, owner: object) -> None:
        """Lose what waits of this one."""
        self._waiting = deque(each for each in self._waiting if each.owner is not owner)


class HeldCarrier:
    """A device's carrier under a hold; satisfies Carrier and, towards the carrier behind it, Ear."""

    def __init__(self, carrier: Carrier, hold: Hold, name: str) -> None:
        self._carrier = carrier
        self._hold = hold
        self._name = name
        self._ear: Ear | None = None

    @property
    def address(self) -> str:
        """What a driver opens."""
        return self._carrier.address

    async def plug(self, ear: Ear) -> None:
        """Make the device reachable. Raises: OSError."""
        self._ear = ear
        await self._carrier.plug(self)

    async def pull(self) -> None:
        """Cut the connection; what waits is lost."""
        self._hold.forget(self)
        self._ear = None
        await self._carrier.pull()

    def write(self, data: bytes) -> None:
        """Send bytes to the driver when they may pass."""
        label = f"{self._name} < {len(data)} bytes"
        self._hold.submit(self, label, lambda: self._carrier.write(data))

    def pause(self) -> None:
        """Take no more bytes for now."""
        self._carrier.pause()

    def resume(self) -> None:
        """Take bytes again."""
        self._carrier.resume()

    def received(self, data: bytes) -> None:
        """Take bytes that the driver has sent when they may pass."""
        self._hold.submit(self, f"{self._name} > {len(data)} bytes", lambda: self._heard(data))

    def line_set(self, settings: LineSettings | None) -> None:
        """Learn how the driver has set its end of the line, in the order of the bytes."""
        self._hold.submit(self, f"{self._name} line", lambda: self._set(settings))

    def opened(self) -> None:
        """Learn that a driver has come."""
        if self._ear is not None:
            self._ear.opened()

    def closed(self) -> None:
        """Learn that the driver has left; what was for it is lost."""
        self._hold.forget(self)
        if self._ear is not None:
            self._ear.closed()

    def _heard(self, data: bytes) -> None:
        if self._ear is not None:
            self._ear.received(data)

    def _set(self, settings: LineSettings | None) -> None:
        if self._ear is not None:
            self._ear.line_set(settings)


class HeldReader:
    """A card's way into a reader under a hold; satisfies CardCarrier and Contact."""

    def __init__(self, carrier: CardCarrier, hold: Hold, name: str) -> None:
        self._carrier = carrier
        self._hold = hold
        self._name = name
        self._contact: Contact | None = None

    @property
    def address(self) -> str:
        """What a till opens."""
        return self._carrier.address

    def insert(self, contact: Contact) -> None:
        """Put the card in."""
        self._contact = contact
        self._carrier.insert(self)

    def remove(self) -> None:
        """Pull the card out; what waits for it is lost."""
        self._contact = None
        self._hold.forget(self)
        self._carrier.remove()

    def write(self, data: bytes) -> None:
        """Send bytes to the reader when they may pass."""
        label = f"{self._name} < {len(data)} bytes"
        self._hold.submit(self, label, lambda: self._carrier.write(data))

    def connected(self) -> None:
        """The card touches the reader's contacts."""
        if self._contact is not None:
            self._contact.connected()

    def disconnected(self) -> None:
        """It no longer does."""
        self._hold.forget(self)
        if self._contact is not None:
            self._contact.disconnected()

    def received(self, data: bytes) -> None:
        """Take bytes from the reader when they may pass."""
        self._hold.submit(self, f"{self._name} > {len(data)} bytes", lambda: self._heard(data))

    def _heard(self, data: bytes) -> None:
        if self._contact is not None:
            self._contact.received(data)
