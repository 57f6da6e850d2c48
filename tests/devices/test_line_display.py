"""A supervised customer display against its twin, in virtual time."""

from devices.drivers.line_display import REFRESH_NS, LineDisplayDriver
from devices.health import Level, PowerState
from devices.line_display import LineDisplay
from protocols.address import parse_address
from protocols.control import Verb
from protocols.line_display.commands import Clear, Peripheral, Row, Select, WriteLine, encode
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.line_display import LineDisplayTwin
from tests.devices.cable import ADDRESS, Cable, after

S = 1_000_000_000


class Bench:
    """A display and its twin."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.twin = LineDisplayTwin()
        self.cable = Cable(self.twin, clock)
        self.display = LineDisplay(address=ADDRESS, open_link=self.cable.open_link, clock=clock)
        self.display.start()

    def reads(self) -> tuple[str, str]:
        upper, lower = self.twin.rows
        return upper.rstrip(), lower.rstrip()

    async def stop(self) -> None:
        await self.display.stop(deadline_ns=self.clock.monotonic_ns() + S)


def test_two_lines_are_shown_and_replaced() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        bench.display.show("서울우유 1L", "         ₩2,980")
        await after(0.2)
        assert bench.reads() == ("서울우유 1L", "         ₩2,980")

        bench.display.show("합계", "2,980원")
        await after(0.2)
        assert bench.reads() == ("합계", "2,980원")
        assert bench.display.health.level is Level.OK
        assert bench.display.health.power is PowerState.UNKNOWN
        await bench.stop()

    run(story)


def test_display_left_in_string_mode_or_deaf_by_another_program_is_brought_back() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        bench.twin.receive(encode(WriteLine(Row.UPPER, "old text of a till that died")), 0)
        bench.display.show("new", "text")
        await after(0.3)

        assert bench.reads() == ("new", "text")
        await bench.stop()

    run(story)


def test_text_shown_while_the_cable_is_out_appears_when_it_is_back() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        bench.display.show("before", "")
        await after(0.3)
        bench.cable.pull()
        for number in range(50):
            bench.display.show("while out", str(number))
        await after(0.1)
        assert bench.display.health.level is Level.DOWN
        assert bench.display.health.code == "DSP-01"
        await after(2)

        assert bench.reads() == ("while out", "49")
        await bench.stop()

    run(story)


def test_display_switched_off_and_on_reads_right_within_the_refresh() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        bench.display.show("합계", "500원")
        await after(0.3)
        bench.twin.do(Verb(verb="switch_off"), clock.monotonic_ns())
        bench.twin.do(Verb(verb="switch_on"), clock.monotonic_ns())
        assert bench.reads() == ("", "")
        await after(REFRESH_NS / S + 0.3)

        assert bench.reads() == ("합계", "500원")
        await bench.stop()

    run(story)


def test_last_text_is_sent_before_the_end() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        await after(0.3)
        bench.display.show("감사합니다", "")
        await bench.stop()

        assert bench.reads() == ("감사합니다", "")

    run(story)


def drained(driver: LineDisplayDriver, now_ns: int) -> bytes:
    return driver.outgoing(1_024, now_ns)


def test_only_what_changed_is_sent() -> None:
    driver = LineDisplayDriver()
    driver.opened(0)
    driver.show("same", "one")
    greeting = encode(Select(Peripheral.DISPLAY)) + encode(Clear())
    assert drained(driver, 0).startswith(greeting)
    driver.show("same", "two")

    assert drained(driver, S) == encode(WriteLine(Row.LOWER, "two"))
    driver.show("same", "two")
    assert drained(driver, 2 * S) == b""


def test_never_faster_than_the_line_and_newest_text_wins() -> None:
    """Goal: at 9,600 baud a byte takes 1.04 ms; what is shown in between is not sent at all."""
    driver = LineDisplayDriver(baud=9_600)
    driver.opened(0)
    size = len(drained(driver, 0))
    free_ns = size * (10 * S // 9_600)
    for number in range(100):
        driver.show(f"{number}", "")
    assert driver.deadline_ns == free_ns
    assert drained(driver, free_ns - 1) == b""

    assert drained(driver, free_ns) == encode(WriteLine(Row.UPPER, "99"))


def test_closed_driver_says_nothing_and_wants_no_time() -> None:
    driver = LineDisplayDriver()
    driver.show("a", "b")

    assert driver.deadline_ns is None
    assert drained(driver, 0) == b""
    driver.opened(0)
    driver.lost(1)
    driver.tick(10**12)
    assert drained(driver, 10**12) == b""


def test_too_little_room_tears_no_command() -> None:
    driver = LineDisplayDriver()
    driver.opened(0)
    driver.show("a", "b")

    assert driver.outgoing(10, 0) == b""
    driver.receive(b"noise", 0)
    assert drained(driver, 0) != b""


def test_pace_follows_the_address_and_forgives_a_strange_one() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        for text in ("serial:///dev/x?baud=19200", "serial:///dev/x?baud=fast", "tcp://h:1"):
            cable = Cable(LineDisplayTwin(), clock)
            display = LineDisplay(
                address=parse_address(text), open_link=cable.open_link, clock=clock
            )
            display.start()
            await after(0.1)
            await display.stop(deadline_ns=clock.monotonic_ns() + S)

    run(story)
