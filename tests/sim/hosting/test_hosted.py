"""A hosted twin: the pump in virtual time, the wire's verbs, cable, history; equal seeds, equal logs."""

import asyncio
import hashlib
import os
import subprocess
import sys

import pytest

from devices.bus import open_link
from protocols.address import parse_address
from protocols.control import HISTORY_MAX, Verb, VerbHelp
from protocols.ports import LinkDownError
from protocols.serial_line import LineSettings
from sim.clock import run
from sim.faults import Faults
from sim.hosting.hosted import Hosted
from sim.hosting.memory import MemoryCarrier
from sim.twin import History, Twin, VerbError, refuse_verb
from sim.wire import Pace, Wire

SECOND_NS = 1_000_000_000


class Echo:
    """The smallest twin: answers each byte a second later with the same byte."""

    device = "echo"

    def __init__(self):
        self._history = History()
        self._waiting = []
        self._out = b""

    @property
    def deadline_ns(self):
        return self._waiting[0][0] if self._waiting else None

    @property
    def history(self):
        return self._history.events()

    def receive(self, data, now_ns):
        self._waiting += [(now_ns + SECOND_NS, byte) for byte in data]
        self._history.add(now_ns, "heard", data.hex())

    def outgoing(self):
        out, self._out = self._out, b""
        return out

    def tick(self, now_ns):
        while self._waiting and self._waiting[0][0] <= now_ns:
            self._out += bytes((self._waiting.pop(0)[1],))

    def verbs(self):
        return [VerbHelp(name="say", label_ko="말하기", label_en="Say", arguments={"text": "what"})]

    def do(self, verb, now_ns):
        if verb.verb != "say" or set(verb.arguments) != {"text"}:
            raise refuse_verb(verb, self.verbs())
        self._out += verb.arguments["text"].encode()

    def state(self):
        return {"waiting": len(self._waiting)}


class Driver:
    def __init__(self, clock):
        self.clock = clock
        self.heard = []
        self.lost = []
        self.link = None

    async def open(self, address="sim://echo"):
        self.link = await open_link(
            parse_address(address),
            deadline_ns=self.clock.monotonic_ns() + SECOND_NS,
            clock=self.clock,
        )
        self.link.attach(
            lambda data: self.heard.append((self.clock.monotonic_ns(), data)), self.lost.append
        )
        return self

    @property
    def data(self):
        return b"".join(data for _, data in self.heard)


def hosted(clock, entropy, *, pace=Pace.AT_ONCE, faults=None, line=None):
    return Hosted(
        name="echo",
        twin=Echo(),
        carrier=MemoryCarrier("echo"),
        wire=Wire(entropy.fork("wire"), line=line or LineSettings(), pace=pace, faults=faults),
        clock=clock,
    )


def story_of(action, **settings):
    """Run `action(device, driver, clock)` in virtual time, with the device up and the driver on."""

    async def story(clock, entropy):
        device = hosted(clock, entropy, **settings)
        await device.start()
        driver = await Driver(clock).open()
        result = await action(device, driver, clock)
        driver.link.close()
        await device.stop()
        return result

    return run(story, seed=5)


def test_echo_is_a_twin():
    """Goal: the agreement can be met, and met in thirty lines."""
    assert isinstance(Echo(), Twin)


def test_answer_comes_at_the_twins_deadline():
    """Goal: bytes in, one second, bytes out; the pump adds nothing."""

    async def action(device, driver, clock):
        start = clock.monotonic_ns()
        driver.link.write(b"ab")
        await asyncio.sleep(5)
        return driver.heard[0][0] - start, driver.data

    waited, data = story_of(action)
    assert data == b"ab"
    assert SECOND_NS <= waited < SECOND_NS + 1_000


def test_line_rate_is_felt_both_ways_and_throttles_the_driver():
    """Goal: 9600 bytes at 9600 baud take 10 s to arrive, and the driver's bytes wait with the driver."""

    async def action(device, driver, clock):
        start = clock.monotonic_ns()
        driver.link.write(bytes(9_600))
        await asyncio.sleep(0.1)
        waiting = driver.link.pending()
        while len(driver.data) < 9_600:
            await asyncio.sleep(0.1)
        return clock.monotonic_ns() - start, waiting

    took, waiting = story_of(action, pace=Pace.LINE_RATE)
    assert 11 * SECOND_NS < took < 12 * SECOND_NS
    assert waiting > 0


def test_pulled_cable_is_a_loss_nothing_arrives_late_and_the_name_stays():
    """Goal: pull, loss, missing; plug, open, works."""

    async def action(device, driver, clock):
        driver.link.write(b"lost")
        await asyncio.sleep(0.1)
        await device.do(Verb(verb="pull_cable"))
        await asyncio.sleep(5)
        assert driver.lost == ["the cable was pulled"]
        assert device.state().state["wire"]["cable"] == "pulled"
        with pytest.raises(LinkDownError, match="echo"):
            await Driver(clock).open()
        await device.do(Verb(verb="pull_cable"))
        await device.do(Verb(verb="plug_cable"))
        await device.do(Verb(verb="plug_cable"))
        again = await Driver(clock).open()
        again.link.write(b"back")
        await asyncio.sleep(2)
        again.link.close()
        return driver.data, again.data

    assert story_of(action) == (b"", b"back")


def test_mute_device_hears_and_says_nothing():
    """Goal: silence both ways until unmute."""

    async def action(device, driver, clock):
        await device.do(Verb(verb="mute"))
        driver.link.write(b"lost")
        await asyncio.sleep(3)
        await device.do(Verb(verb="unmute"))
        driver.link.write(b"heard")
        await asyncio.sleep(3)
        return driver.data

    assert story_of(action) == b"heard"


def test_delay_counts_each_way():
    """Goal: a second there, a second of thought, a second back."""

    async def action(device, driver, clock):
        await device.do(Verb(verb="delay", arguments={"ms": "1000"}))
        start = clock.monotonic_ns()
        driver.link.write(b"a")
        await asyncio.sleep(5)
        return driver.heard[0][0] - start

    assert 0 <= story_of(action) - 3 * SECOND_NS < 1_000


def test_corrupt_and_lose_work_and_clear_ends_them():
    """Goal: the verbs reach the wire, and `clear` is the way back."""

    async def action(device, driver, clock):
        await device.do(Verb(verb="corrupt", arguments={"per_mille": "1000"}))
        await device.do(Verb(verb="lose", arguments={"per_mille": "200"}))
        driver.link.write(bytes(1_000))
        await asyncio.sleep(3)
        spoilt = driver.data
        seen = device.state().state["wire"]
        await device.do(Verb(verb="clear"))
        driver.heard.clear()
        driver.link.write(b"clean")
        await asyncio.sleep(3)
        return spoilt, seen, driver.data

    spoilt, seen, clean = story_of(action)
    assert 500 < len(spoilt) < 800
    assert any(spoilt)
    assert (seen["corrupt_per_mille"], seen["lose_per_mille"]) == (1_000, 200)
    assert clean == b"clean"


@pytest.mark.parametrize(
    ("verb", "arguments", "said"),
    [
        ("sing", {}, "this device has: say, pull_cable"),
        ("say", {}, "wrong arguments"),
        ("delay", {}, "wrong arguments"),
        ("mute", {"for": "ever"}, "wrong arguments"),
        ("delay", {"ms": "long"}, "0 to 3600000"),
        ("delay", {"ms": "-1"}, "0 to 3600000"),
        ("corrupt", {"per_mille": "1001"}, "0 to 1000"),
    ],
)
def test_wrong_verb_says_what_there_is(verb, arguments, said):
    """Goal: one sentence, and the device is as before."""

    async def action(device, driver, clock):
        before = device.state()
        with pytest.raises(VerbError, match=said):
            await device.do(Verb(verb=verb, arguments=arguments))
        assert device.state() == before

    story_of(action)


def test_own_verb_takes_the_place_of_the_wires():
    """Goal: each name stands once, and does what the device says it does."""

    async def action(device, driver, clock):
        own = VerbHelp(name="mute", label_ko="침묵", label_en="Keep silent, but hear")
        done = []
        device.twin.verbs = lambda: [own]
        device.twin.do = lambda verb, now_ns: done.append(verb.verb)
        names = [verb.name for verb in device.verbs()]
        await device.do(Verb(verb="mute"))
        return names, done, device.state().state["wire"]["passage"]

    names, done, passage = story_of(action)
    assert len(names) == len(set(names))
    assert (names[0], done, passage) == ("mute", ["mute"], "open")


def test_history_holds_twin_and_wire_in_order_and_is_bounded():
    """Goal: what happened can be read in one list of at most HISTORY_MAX."""

    async def action(device, driver, clock):
        driver.link.write(b"a")
        await asyncio.sleep(1)
        await device.do(Verb(verb="mute"))
        first = [event.what for event in device.history()]
        for _ in range(HISTORY_MAX + 10):
            await device.do(Verb(verb="unmute"))
        return first, device.history()

    first, later = story_of(action)
    assert first == ["opened", "heard", "mute"]
    assert len(later) == HISTORY_MAX
    assert [event.at_ns for event in later] == sorted(event.at_ns for event in later)


def test_twin_whose_deadline_stays_in_the_past_stops_no_clock():
    """Goal: a bad twin costs wake-ups, not a hang."""

    async def action(device, driver, clock):
        device.twin.tick = lambda now_ns: None
        driver.link.write(b"a")
        await asyncio.sleep(2)
        return True

    assert story_of(action)


def test_two_devices_of_one_name_are_refused():
    """Goal: sim://echo is one device."""

    async def action(device, driver, clock):
        with pytest.raises(OSError, match="taken"):
            await MemoryCarrier("echo").plug(device)

    story_of(action)


_WORLD = """
import asyncio, hashlib, sys
sys.path.insert(0, sys.argv[2])
from test_hosted import log_of_a_noisy_line
print(log_of_a_noisy_line(int(sys.argv[1])))
"""


def log_of_a_noisy_line(seed):
    """Return a hash over everything a driver heard, and when, on a line with every fault."""
    log = hashlib.sha256()

    async def story(clock, entropy):
        faults = Faults(
            drop_ppm=30_000, flip_ppm=30_000, duplicate_ppm=30_000, garbage_ppm=30_000,
            delay_ns=70_000_000, piece_bytes=5,
        )  # fmt: skip
        device = hosted(clock, entropy, pace=Pace.LINE_RATE, faults=faults)
        await device.start()
        driver = await Driver(clock).open()
        talk = entropy.fork("driver")
        for _ in range(100):
            driver.link.write(talk.token(1 + talk.below(60)))
            await asyncio.sleep(talk.below(1_000_000) / 1e6)
        await asyncio.sleep(60)
        for at_ns, data in driver.heard:
            log.update(f"{at_ns} {data.hex()}\n".encode())
        for event in device.history():
            log.update(f"{event.at_ns} {event.what} {event.detail}\n".encode())
        driver.link.close()
        await device.stop()

    run(story, seed=seed)
    return log.hexdigest()


@pytest.mark.system
def test_noisy_line_is_the_same_under_every_hash_seed():
    """Goal: PYTHONHASHSEED 0, 7 and random give one log for one seed."""
    here = os.path.dirname(__file__)

    def log_under(hash_seed):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", _WORLD, "11", here],
            env=environment, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    logs = {log_under(hash_seed) for hash_seed in ("0", "7", "random")}

    assert logs == {log_of_a_noisy_line(11)}
    assert log_of_a_noisy_line(12) not in logs
