"""A cable in memory between a supervisor and a virtual device, under virtual time.

It carries bytes at once or after a delay, can be pulled and plugged, and can refuse to open.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from protocols.address import Address, parse_address
from protocols.ports import NANOSECONDS_PER_SECOND, ByteLink, Clock

ADDRESS = parse_address("serial:///dev/ttyS9?baud=9600")


class Device(Protocol):
    """The part of a twin that a cable needs."""

    @property
    def deadline_ns(self) -> int | None: ...
    def receive(self, data: bytes, now_ns: int) -> None: ...
    def outgoing(self) -> bytes: ...
    def tick(self, now_ns: int) -> None: ...


class Mute:
    """A device that keeps what it hears and never answers."""

    deadline_ns = None

    def __init__(self) -> None:
        self.heard = bytearray()

    def receive(self, data: bytes, now_ns: int) -> None:
        self.heard += data

    def outgoing(self) -> bytes:
        return b""

    def tick(self, now_ns: int) -> None:
        pass


class CableLink:
    """One opening of the cable."""

    def __init__(self, cable: "Cable") -> None:
        self._cable = cable
        self.received: Callable[[bytes], None] = lambda _: None
        self.lost: Callable[[str], None] = lambda _: None
        self.alive = True

    def write(self, data: bytes) -> None:
        if self.alive:
            self._cable.to_device(data)

    def pending(self) -> int:
        return self._cable.stuck

    def close(self) -> None:
        self.alive = False
        self._cable.closed += 1

    def attach(self, received: Callable[[bytes], None], lost: Callable[[str], None]) -> None:
        self.received, self.lost = received, lost


class Cable:
    """Joins a device to whoever opens it."""

    def __init__(self, device: Device, clock: Clock) -> None:
        self.device = device
        self.clock = clock
        self.refusal: Exception | None = None
        self.opened_at: list[int] = []
        self.closed = 0
        self.stuck = 0
        self.link: CableLink | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def open_link(self, address: Address, *, deadline_ns: int, clock: Clock) -> ByteLink:
        self.opened_at.append(self.clock.monotonic_ns())
        assert deadline_ns > clock.monotonic_ns()
        if self.refusal is not None:
            raise self.refusal
        self.link = CableLink(self)
        asyncio.get_running_loop().call_soon(self.carry)
        return self.link

    def pull(self, why: str = "the device is gone") -> None:
        assert self.link is not None
        self.link.alive = False
        self.link.lost(why)
        self.link = None

    def to_device(self, data: bytes) -> None:
        self.device.receive(data, self.clock.monotonic_ns())
        self.carry()

    def carry(self) -> None:
        """Carry what the device says, and wake it at its deadline."""
        now_ns = self.clock.monotonic_ns()
        self.device.tick(now_ns)
        data = self.device.outgoing()
        if data and self.link is not None:
            # Never inside the caller's own write: a real line takes time.
            asyncio.get_running_loop().call_soon(self._deliver, self.link, data)
        if self._timer is not None:
            self._timer.cancel()
        due = self.device.deadline_ns
        if due is not None:
            delay = max(0, due - now_ns) / NANOSECONDS_PER_SECOND
            self._timer = asyncio.get_running_loop().call_later(delay, self.carry)

    def _deliver(self, link: CableLink, data: bytes) -> None:
        if link.alive:
            link.received(data)


async def after(seconds: float) -> None:
    """Let virtual time pass."""
    await asyncio.sleep(seconds)


Story = Callable[..., Awaitable[None]]
