"""A twin in memory: reached by `dial`, or as sim://NAME; for virtual time."""

from protocols.ports import LinkDownError
from sim import bus
from sim.hosting.carrier import Ear
from sim.memory import MemoryLink, memory_pair


class MemoryCarrier:
    """The device's end of memory links; one driver at a time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._ear: Ear | None = None
        self._link: MemoryLink | None = None

    @property
    def address(self) -> str:
        """What a driver opens."""
        return f"sim://{self._name}"

    async def plug(self, ear: Ear) -> None:
        """Make the device reachable. Raises: OSError when the name is taken."""
        bus.offer(self._name, self.dial)
        self._ear = ear

    async def pull(self) -> None:
        """Cut the connection and make the device unreachable."""
        if self._ear is not None:
            self._ear = None
            bus.withdraw(self._name)
        if self._link is not None:
            self._link.pull()
            self._link = None

    def dial(self) -> MemoryLink:
        """Return the driver's end of a new link. Raises: LinkDownError when there is a driver."""
        if self._ear is None:
            raise LinkDownError(f"{self.address} is not there: its cable is pulled")
        if self._link is not None:
            raise LinkDownError(f"{self.address} is in use by another driver: close that first")
        driver, self._link = memory_pair()
        self._link.attach(self._ear.received, self._left)
        self._ear.opened()
        return driver

    def write(self, data: bytes) -> None:
        """Send bytes to the driver."""
        if self._link is not None:
            self._link.write(data)

    def pause(self) -> None:
        """Leave the driver's bytes where they are."""
        if self._link is not None:
            self._link.pause()

    def resume(self) -> None:
        """Take bytes again."""
        if self._link is not None:
            self._link.resume()

    def _left(self, reason: str) -> None:
        self._link = None
        if self._ear is not None:
            self._ear.closed()
