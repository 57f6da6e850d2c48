"""Keep one device open: open, claim, pump, watch, reopen.

              +------------------- back-off 1, 2, 4, 8, 15, 15 ... s -----------------+
              v                                                                       |
    open_link(address) -- fails --> health says which and what to do -----------------+
              | opened                                                                |
              v                                                                       |
    pump: bytes and deadlines in, driver, bytes out  -- link lost --> driver.lost ----+

The pump has no task of its own turn for turn: what arrives is answered at once, and one timer stands at
the driver's deadline. A device that is asked every few seconds for years costs little then.

Nothing is ever raised into the till: what goes wrong is the device's health, told by callback when it
changes. The driver is a pure machine (devices/drivers); whoever needs its results is called after
every step. Opening claims the device: a bus opens exclusively, so a second program is told who lost.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Final, Protocol

from devices.health import NOT_OPENED, Health, Role, broken, unreachable
from protocols.address import Address, AddressError
from protocols.ports import NANOSECONDS_PER_SECOND, ByteLink, Clock, LinkDownError

BACKOFF_NS: Final = tuple(seconds * NANOSECONDS_PER_SECOND for seconds in (1, 2, 4, 8, 15))
"""How long to wait before each next try; the last one again and again."""
OPEN_TIMEOUT_NS: Final = 5 * NANOSECONDS_PER_SECOND
SETTLED_NS: Final = 15 * NANOSECONDS_PER_SECOND
"""A link that lived this long starts the back-off anew when it is lost."""
PENDING_BYTES_MAX: Final = 1_024
"""How many bytes may wait in a link: what is there can no longer be held back."""
DRAIN_POLL_NS: Final = 5_000_000
"""How often a full link is looked at: five characters' time at 9,600 baud."""


class Driver(Protocol):
    """A device's driver as its supervisor sees it: a pure machine."""

    @property
    def deadline_ns(self) -> int | None:
        """When `tick` has something to do; None for never."""
        ...

    def opened(self, now_ns: int) -> None:
        """The link is up; nothing is known of the device."""
        ...

    def lost(self, now_ns: int) -> None:
        """The link is gone."""
        ...

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the device. Never raises, whatever they are."""
        ...

    def tick(self, now_ns: int) -> None:
        """Do what is due at this time."""
        ...

    def outgoing(self, room: int, now_ns: int) -> bytes:
        """Return bytes to send now, about `room` at most; a command is never torn."""
        ...

    def health(self) -> Health:
        """Return how the device is while its link is open."""
        ...


class OpenLink(Protocol):
    """devices.bus.open_link, or a test's memory link."""

    async def __call__(self, address: Address, *, deadline_ns: int, clock: Clock) -> ByteLink:
        """Open a link. Raises: LinkDownError, AddressError."""
        ...


class Supervisor:
    """Runs one driver on one address for as long as the program lives."""

    def __init__(
        self,
        *,
        role: Role,
        address: Address,
        driver: Driver,
        open_link: OpenLink,
        clock: Clock,
        on_health: Callable[[Health], None],
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        self.role = role
        self.address = address
        self.clock = clock
        self._driver = driver
        self._open_link = open_link
        self._on_health = on_health
        self._on_step = on_step
        self._health = NOT_OPENED
        self._link: ByteLink | None = None
        self._lost: str | None = None
        self._woken = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._over: asyncio.Future[None] | None = None
        """Done when the open link is of no more use; None while there is none."""
        self._turn: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns: int | None = None
        self._context = Context()

    @property
    def health(self) -> Health:
        """How the device is now."""
        return self._health

    @property
    def connected(self) -> bool:
        """Say whether a link is open now."""
        return self._link is not None

    def start(self) -> None:
        """Begin; called once, on the running loop."""
        assert self._task is None, "a supervisor starts once"
        self._task = asyncio.create_task(self._run(), name=f"supervisor {self.role.word}")

    def wake(self) -> None:
        """Say that the driver has been given something to do."""
        self._woken.set()
        if self._over is not None and self._turn is None:
            loop = asyncio.get_running_loop()
            self._turn = loop.call_soon(self._take_turn, context=self._context)

    async def stop(self, *, deadline_ns: int) -> None:
        """Send what the driver still wants to say, close, and end; at the deadline end anyhow.

        Raises: nothing of the device. A programming error inside the driver comes out here.
        """
        if self._task is None:
            return
        self._stopping = True
        self.wake()
        try:
            async with asyncio.timeout(self._seconds_until(deadline_ns)):
                await asyncio.shield(self._task)
        except TimeoutError:
            self._task.cancel()
            await asyncio.wait([self._task])
        finally:
            self._task = None

    async def _run(self) -> None:
        failures = 0
        # Whatever woke the pump, what follows from it belongs to whoever started this device.
        self._context = copy_context()
        try:
            while not self._stopping:
                opened_at = await self._open()
                if opened_at is not None:
                    await self._pump()
                    if self._now() - opened_at >= SETTLED_NS:
                        failures = 0
                await self._back_off(self._now() + BACKOFF_NS[failures])
                failures = min(failures + 1, len(BACKOFF_NS) - 1)
        finally:
            if self._link is not None:
                self._link.close()
                self._link = None
                self._driver.lost(self._now())
                self._on_step()

    async def _open(self) -> int | None:
        """Open the link; None when that failed, and health says why."""
        deadline_ns = self._now() + OPEN_TIMEOUT_NS
        try:
            # Our own timeout stands a little outside the bus's, for a bus that forgets its deadline.
            async with asyncio.timeout(OPEN_TIMEOUT_NS / NANOSECONDS_PER_SECOND + 1):
                link = await self._open_link(
                    self.address, deadline_ns=deadline_ns, clock=self.clock
                )
        except (LinkDownError, AddressError, TimeoutError) as error:
            self._tell(unreachable(self.role, str(self.address), error))
            return None
        self._link, self._lost = link, None
        link.attach(self._received, self._ended)
        now_ns = self._now()
        self._driver.opened(now_ns)
        self._step_done()
        return now_ns

    async def _pump(self) -> None:
        """Let the driver and its device talk until one of them has ended it."""
        over = self._over = asyncio.get_running_loop().create_future()
        try:
            self._go_on()
            await over
        finally:
            self._over = None
            self._set_timer(None)
            if self._turn is not None:
                self._turn.cancel()
                self._turn = None
        if self._lost is None:
            return
        self._link = None
        self._driver.lost(self._now())
        self._on_step()
        self._tell(broken(self.role, str(self.address), self._lost))

    def _take_turn(self) -> None:
        self._turn = None
        self._go_on()

    def _ring(self) -> None:
        self._timer = self._timer_ns = None
        self._go_on()

    def _go_on(self) -> None:
        """Let the driver do what it has to do now, and come back when there is more."""
        link, over = self._link, self._over
        if link is None or over is None or over.done():
            return
        try:
            more = self._feed(link)
        except Exception as error:  # noqa: BLE001 - it comes out of `stop`, where the caller stands
            over.set_exception(error)
            return
        if self._lost is not None or (self._stopping and not more and not link.pending()):
            over.set_result(None)
        else:
            self._set_timer(self._next_look(more))

    def _set_timer(self, when_ns: int | None) -> None:
        if when_ns == self._timer_ns:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_ns = None, when_ns
        if when_ns is not None:
            self._timer = asyncio.get_running_loop().call_later(
                self._seconds_until(when_ns), self._ring, context=self._context
            )

    async def _back_off(self, until_ns: int) -> None:
        """Wait before the next try. The driver's deadlines run on: a job held for it may expire."""
        while not self._stopping and self._now() < until_ns:
            self._woken.clear()
            if self._tick_if_due():
                self._on_step()
            due = self._driver.deadline_ns
            soon = self._now() + DRAIN_POLL_NS
            await self._sleep_until(until_ns if due is None else min(max(due, soon), until_ns))

    def _tick_if_due(self) -> bool:
        due, now_ns = self._driver.deadline_ns, self._now()
        if due is None or due > now_ns:
            return False
        self._driver.tick(now_ns)
        return True

    def _feed(self, link: ByteLink) -> bool:
        """Let the driver work and send what it says; True when the link is too full for more."""
        self._tick_if_due()
        room = PENDING_BYTES_MAX - link.pending()
        data = self._driver.outgoing(room, self._now()) if room > 0 else b""
        if data:
            link.write(data)
        self._step_done()
        return bool(data) or room <= 0

    def _next_look(self, more: bool) -> int | None:  # noqa: FBT001 - a fact, not a choice
        due, now_ns = self._driver.deadline_ns, self._now()
        soon = now_ns + DRAIN_POLL_NS
        if more or self._stopping:
            return soon if due is None else min(max(due, now_ns), soon)
        # What is overdue waits for room in the link.
        return soon if due is not None and due <= now_ns else due

    def _received(self, data: bytes) -> None:
        self._driver.receive(data, self._now())
        self._go_on()

    def _ended(self, why: str) -> None:
        self._lost = why
        if self._over is not None and not self._over.done():
            self._over.set_result(None)

    def _step_done(self) -> None:
        self._on_step()
        self._tell(self._driver.health())

    def _tell(self, health: Health) -> None:
        if health != self._health:
            self._health = health
            self._on_health(health)

    def _now(self) -> int:
        return self.clock.monotonic_ns()

    def _seconds_until(self, when_ns: int) -> float:
        return max(0, when_ns - self._now()) / NANOSECONDS_PER_SECOND

    async def _sleep_until(self, when_ns: int | None) -> None:
        """Wait until a time or until woken, whichever comes first."""
        seconds = None if when_ns is None else self._seconds_until(when_ns)
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return


class Supervised:
    """What every device on a line has in common: a supervisor keeps it open."""

    _supervisor: Supervisor

    @property
    def health(self) -> Health:
        """How it is now."""
        return self._supervisor.health

    def start(self) -> None:
        """Begin to keep it open; on the running loop, once."""
        self._supervisor.start()

    async def stop(self, *, deadline_ns: int) -> None:
        """Say what is still to be said, close, and end; what is on its way ends as what is known of it."""
        await self._supervisor.stop(deadline_ns=deadline_ns)
