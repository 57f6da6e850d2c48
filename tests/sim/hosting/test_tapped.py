"""Taps: what stands in a trace is what passed at the driver's end, and nothing is changed by looking."""

import asyncio

import pytest

from protocols.control import Verb
from protocols.iso7816 import Command as Apdu
from protocols.purse.card import AID, PIN_KEY
from protocols.secure_pin import PinEntry, pin_block
from protocols.serial_line import LineSettings
from protocols.trace.events import (
    Atr,
    Bytes,
    Card,
    Command,
    Response,
    encode_event,
)
from protocols.trace.events import (
    PinEntry as PinAsked,
)
from sim.clock import run
from sim.hosting.card_memory import MemoryReader
from sim.hosting.card_slot import HostedSlot
from sim.hosting.hosted import Hosted
from sim.hosting.memory import MemoryCarrier
from sim.hosting.tapped import TappedReader, tap_carrier
from sim.recorder import Recorder
from sim.scanner import ScannerTwin
from sim.smart_card import SmartCardTwin
from sim.wire import Wire
from tests.support.card_bench import card

S = 1_000_000_000
CARD = "card:customer"
SELECT = Apdu(0, 0xA4, 4, 0, AID, 256).encode()


async def scanner(clock, entropy):
    """Return a scanner in memory with a tap before it, its carrier and its recorder."""
    recorder = Recorder(clock=clock)
    carrier = MemoryCarrier("scanner")
    tapped = tap_carrier(carrier, recorder, "tty:scanner", protocol="scanner", link="memory")
    wire = Wire(entropy, line=LineSettings())
    hosted = Hosted(name="scanner", twin=ScannerTwin(), carrier=tapped, wire=wire, clock=clock)
    await hosted.start()
    return hosted, carrier, recorder


def test_bytes_and_links_stand_in_the_order_in_which_they_passed():
    async def story(clock, entropy):
        hosted, carrier, recorder = await scanner(clock, entropy)
        link = carrier.dial()
        heard = []
        link.attach(heard.append, lambda reason: None)
        await hosted.do(Verb(verb="scan", arguments={"code": "8801234567893"}))
        link.write(b"\x06")
        await asyncio.sleep(0.1)
        await hosted.do(Verb(verb="pull_cable"))
        await hosted.do(Verb(verb="plug_cable"))
        await hosted.stop()
        return heard, recorder.events()

    heard, events = run(story)

    assert b"".join(heard) == b"8801234567893\r"
    told = [
        (type(each).__name__, getattr(each, "state", getattr(each, "direction", None)))
        for each in events[1:]
    ]
    assert [(name, what.value) for name, what in told] == [
        ("Link", "plugged"),
        ("Link", "opened"),
        ("Bytes", "from"),
        ("Bytes", "to"),
        ("Link", "pulled"),
        ("Link", "plugged"),
        ("Link", "pulled"),
    ]
    assert [each.data for each in events if isinstance(each, Bytes)] == [
        b"8801234567893\r",
        b"\x06",
    ]


def test_the_address_is_the_carriers_own():
    async def story(clock, entropy):
        hosted, _, _ = await scanner(clock, entropy)
        address = hosted.address
        await hosted.stop()
        return address

    assert run(story) == "sim://scanner"


def with_card(story):
    """Run a story with alice in a tapped memory reader."""

    async def told(clock, entropy):
        recorder = Recorder(clock=clock)
        recorder.channel(CARD, protocol="iso7816", link="memory")
        reader = MemoryReader("customer", clock=clock)
        twin = SmartCardTwin({"alice": card(b"ALICE-01")})
        tapped = TappedReader(reader, recorder, CARD, card=lambda: twin.inserted)
        slot = HostedSlot(name="customer", twin=twin, carrier=tapped, clock=clock)
        await slot.start()
        slot.work(Verb(verb="insert", arguments={"card": "alice"}))
        channel = await reader.connect(deadline_ns=clock.monotonic_ns() + S)
        result = await story(channel, slot, clock)
        return result, recorder.events()

    return run(told)


async def tell(channel, clock, apdu):
    return await channel.transmit(apdu, deadline_ns=clock.monotonic_ns() + S)


def test_a_card_is_seen_coming_powered_and_answering():
    async def story(channel, slot, clock):
        answer = await tell(channel, clock, SELECT)
        slot.work(Verb(verb="remove"))
        return answer

    answer, events = with_card(story)

    cards = [(each.state.value, each.name) for each in events if isinstance(each, Card)]
    assert cards[0] == ("inserted", "alice") and cards[-1] == ("removed", "")
    assert ("powered", "") in cards
    assert any(isinstance(each, Atr) and each.data for each in events)
    apdus = [each.data for each in events if isinstance(each, Command | Response)]
    assert apdus == [SELECT, answer]


def test_a_torn_command_has_an_empty_answer():
    async def story(channel, slot, clock):
        slot.work(Verb(verb="tear_after", arguments={"count": "1"}))
        return await tell(channel, clock, SELECT)

    answer, events = with_card(story)

    assert answer is None
    assert [each.data for each in events if isinstance(each, Command | Response)] == [SELECT, b""]
    assert events[-1].state.value == "removed"


@pytest.mark.parametrize("pin", ["1234", "9753"])
def test_no_pin_stands_in_a_trace_however_it_is_entered(pin):
    """Keyed at the reader's keypad, verified and changed by the till: no digit, no block."""

    async def story(channel, slot, clock):
        verify = bytes((0, 0x20, 0, PIN_KEY))
        assert await tell(channel, clock, SELECT)
        entry = PinEntry(header=verify).encode()
        asking = asyncio.create_task(
            channel.enter_pin(entry, deadline_ns=clock.monotonic_ns() + 10 * S)
        )
        await asyncio.sleep(0.1)
        for digit in pin:
            slot.work(Verb(verb="press", arguments={"digits": digit}))
        slot.work(Verb(verb="enter"))
        keyed = await asking
        await tell(channel, clock, Apdu(0, 0x20, 0, PIN_KEY, pin_block(pin)).encode())
        change = pin_block(pin) + pin_block("86420")
        await tell(channel, clock, Apdu(0, 0x24, 0, PIN_KEY, change).encode())
        return keyed

    keyed, events = with_card(story)

    assert keyed == (b"\x90\x00" if pin == "1234" else b"\x63\xc2")
    assert any(isinstance(each, PinAsked) for each in events)
    lines = b"".join(map(encode_event, events))
    assert b"86420" not in lines and pin_block("86420").hex().encode() not in lines
    if pin != "1234":  # What stands for every PIN of four digits.
        assert pin.encode() not in lines
    sent = [each.data for each in events if isinstance(each, Command)]
    assert sent[1] == Apdu(0, 0x20, 0, PIN_KEY, pin_block("1234")).encode()
