"""Supervision in virtual time: claims, back-off, cable pulls, a clean end; nothing is raised."""

import asyncio
import errno
import itertools

import pytest

from devices.health import NOT_OPENED, WORKS, ControlState, Health, Level, ResultCode, Role
from devices.supervisor import OPEN_TIMEOUT_NS, PENDING_BYTES_MAX, Supervisor
from protocols.address import Address, AddressError
from protocols.ports import ByteLink, Clock, LinkDownError
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from tests.devices.cable import ADDRESS, Cable, Mute, after

S = 1_000_000_000


class Recorder:
    """A driver that writes down what happens to it, and says what it was told to say."""

    def __init__(self) -> None:
        self.deadline_ns: int | None = None
        self.log: list[str] = []
        self.said = b""
        self.to_say = b""
        self.ticked_at: list[int] = []

    def opened(self, now_ns: int) -> None:
        self.log.append("opened")

    def lost(self, now_ns: int) -> None:
        self.log.append("lost")

    def receive(self, data: bytes, now_ns: int) -> None:
        self.log.append(f"received {data!r}")

    def tick(self, now_ns: int) -> None:
        self.ticked_at.append(now_ns)
        self.deadline_ns = None

    def outgoing(self, room: int, now_ns: int) -> bytes:
        data, self.to_say = self.to_say[:room], self.to_say[room:]
        return data

    def health(self) -> Health:
        return WORKS


class Bench:
    """One supervised recorder on a cable."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.device = Mute()
        self.cable = Cable(self.device, clock)
        self.driver = Recorder()
        self.healths: list[Health] = []
        self.supervisor = Supervisor(
            role=Role.PRINTER,
            address=ADDRESS,
            driver=self.driver,
            open_link=self.cable.open_link,
            clock=clock,
            on_health=self.healths.append,
        )

    async def stop(self, seconds: int = 1) -> None:
        await self.supervisor.stop(deadline_ns=self.clock.monotonic_ns() + seconds * S)


def test_opens_says_and_stops_cleanly() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        assert bench.supervisor.health == NOT_OPENED
        bench.driver.to_say = b"hello"
        bench.supervisor.start()
        await after(0.1)

        assert bench.healths == [WORKS]
        assert bench.supervisor.connected
        bench.driver.to_say = b", world"
        await bench.stop()

        assert bytes(bench.device.heard) == b"hello, world"
        assert bench.driver.log == ["opened", "lost"]
        assert bench.cable.closed == 1
        assert not bench.supervisor.connected

    run(story)


@pytest.mark.parametrize(
    ("number", "result"), [(errno.EAGAIN, ResultCode.CLAIMED), (errno.ENOENT, ResultCode.NOEXIST)]
)
def test_busy_or_missing_port_is_said_and_tried_again_for_ever(
    number: int, result: ResultCode
) -> None:
    """Goal: back-off 1, 2, 4, 8, 15, 15 s exactly, one health for all tries, then it works."""

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        refusal = LinkDownError("cannot open")
        refusal.__cause__ = OSError(number, "why")
        bench.cable.refusal = refusal
        bench.supervisor.start()
        await after(61)

        tries = bench.cable.opened_at
        gaps = [round((b - a) / S, 3) for a, b in itertools.pairwise(tries)]
        assert gaps == [1, 2, 4, 8, 15, 15, 15]
        assert [health.result for health in bench.healths] == [result]
        assert bench.healths[0].state is ControlState.CLOSED
        assert "/dev/ttyS9" in bench.healths[0].en

        bench.cable.refusal = None
        await after(15)
        assert bench.supervisor.health == WORKS
        await bench.stop()

    run(story)


def test_pulled_cable_is_said_and_reopened_after_a_second() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        bench.supervisor.start()
        await after(20)
        bench.cable.pull("the cable is out")
        await after(0.5)

        assert bench.supervisor.health.level is Level.DOWN
        assert bench.supervisor.health.result is ResultCode.OFFLINE
        assert "the cable is out" in bench.supervisor.health.en
        await after(0.6)
        assert bench.supervisor.health == WORKS
        assert bench.driver.log == ["opened", "lost", "opened"]
        await bench.stop()

    run(story)


def test_link_that_dies_at_once_again_and_again_is_not_hammered() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        bench.supervisor.start()
        for _ in range(40):
            await after(0.5)
            if bench.cable.link is not None:
                bench.cable.pull()

        assert len(bench.cable.opened_at) <= 6
        await bench.stop()

    run(story)


def test_opening_that_never_ends_is_given_up() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        async def never(address: Address, *, deadline_ns: int, clock: Clock) -> ByteLink:
            await asyncio.sleep(10_000)
            raise AssertionError

        healths: list[Health] = []
        supervisor = Supervisor(
            role=Role.SCANNER,
            address=ADDRESS,
            driver=Recorder(),
            open_link=never,
            clock=clock,
            on_health=healths.append,
        )
        supervisor.start()
        await after(OPEN_TIMEOUT_NS / S + 2)

        assert [health.result for health in healths] == [ResultCode.TIMEOUT]
        await supervisor.stop(deadline_ns=clock.monotonic_ns() + S)

    run(story)


def test_wrong_address_is_said_in_its_own_words() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        bench.cable.refusal = AddressError("unknown option 'bawd'")
        bench.supervisor.start()
        await after(0.1)

        assert "unknown option 'bawd'" in bench.healths[0].en
        await bench.stop()

    run(story)


def test_wake_does_not_shorten_the_back_off_and_deadlines_run_on_meanwhile() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        bench.cable.refusal = LinkDownError("no")
        bench.supervisor.start()
        await after(0.1)
        due = clock.monotonic_ns() + 300_000_000
        bench.driver.deadline_ns = due
        for _ in range(5):
            bench.supervisor.wake()
            await after(0.1)

        assert len(bench.cable.opened_at) == 1
        assert len(bench.driver.ticked_at) == 1
        assert 0 <= bench.driver.ticked_at[0] - due < 1_000_000
        await bench.stop()

    run(story)


def test_driver_is_ticked_at_its_deadline_and_not_before() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        bench.supervisor.start()
        await after(0.1)
        due = clock.monotonic_ns() + 2 * S
        bench.driver.deadline_ns = due
        bench.supervisor.wake()
        await after(1.99)
        assert bench.driver.ticked_at == []
        await after(0.02)

        assert len(bench.driver.ticked_at) == 1
        assert 0 <= bench.driver.ticked_at[0] - due < 1_000
        await bench.stop()

    run(story)


class Asking(Recorder):
    """A driver that asks every ten seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def tick(self, now_ns: int) -> None:
        super().tick(now_ns)
        self.deadline_ns = now_ns + 10 * S
        self.to_say = b"?"

    def outgoing(self, room: int, now_ns: int) -> bytes:
        self.looks += 1
        return super().outgoing(room, now_ns)


def test_idle_device_costs_two_looks_a_question() -> None:
    """One when it is due, one behind what it said: a shop's devices are asked for years."""

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        driver = bench.driver = bench.supervisor._driver = Asking()
        driver.deadline_ns = clock.monotonic_ns()
        bench.supervisor.start()
        await after(3_600)

        assert len(driver.ticked_at) == 360
        assert driver.looks <= 2 * 360 + 2
        await bench.stop()

    run(story)


def test_error_inside_a_driver_comes_out_where_it_is_stopped() -> None:
    class Faulty(Recorder):
        def outgoing(self, room: int, now_ns: int) -> bytes:
            raise ZeroDivisionError("a mistake of ours")

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        bench.supervisor._driver = Faulty()
        bench.supervisor.start()
        await after(1)

        with pytest.raises(ZeroDivisionError):
            await bench.stop()
        assert bench.cable.closed == 1 and not bench.supervisor.connected

    run(story)


def test_full_line_holds_the_driver_back() -> None:
    """Goal: what waits in the link is bounded, however much the driver has to say."""

    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        bench.cable.stuck = PENDING_BYTES_MAX - 10
        bench.driver.to_say = b"x" * 25
        bench.supervisor.start()
        await after(0.001)
        assert bytes(bench.device.heard) == b"x" * 10

        bench.cable.stuck = PENDING_BYTES_MAX
        await after(1)
        heard = len(bench.device.heard)
        assert heard <= 20
        await after(1)
        assert len(bench.device.heard) == heard
        bench.cable.stuck = 0
        await after(0.1)
        assert bytes(bench.device.heard) == b"x" * 25
        await bench.stop()

    run(story)


def test_stop_ends_at_its_deadline_though_the_line_is_stuck() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        bench.supervisor.start()
        await after(0.1)
        bench.cable.stuck = 5
        before = clock.monotonic_ns()
        await bench.stop(seconds=2)

        assert clock.monotonic_ns() - before == pytest.approx(2 * S, rel=0.01)
        assert bench.cable.closed == 1
        assert bench.driver.log[-1] == "lost"
        assert len(asyncio.all_tasks()) == 1

    run(story)


def test_stop_without_start_and_stop_during_back_off_are_harmless() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        await Bench(clock).stop()
        bench = Bench(clock)
        bench.cable.refusal = LinkDownError("no")
        bench.supervisor.start()
        await after(20)
        before = clock.monotonic_ns()
        await bench.stop()
        await bench.stop()

        assert clock.monotonic_ns() - before < S // 100

    run(story)
