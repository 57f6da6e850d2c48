"""A recorded device, replayed: the same driver meets the same answers at the same times.

Method: the real printer driver works a twin whose wire is recorded; then it works the replay of that
trace, in another rhythm too. A purse's transfer is recorded and replayed between two cards.
"""

import asyncio

import pytest

from devices.bus import open_link
from devices.printer import Printed, Printer
from protocols.address import parse_address
from protocols.control import Verb
from protocols.escpos.commands import AskPrinted
from protocols.iso7816 import Command as Apdu
from protocols.purse.card import AID, PIN_KEY
from protocols.secure_pin import pin_block
from protocols.serial_line import LineSettings
from protocols.trace.dialogue import Dialogue, Exchange, Unexpected, recorded
from protocols.trace.events import Bytes, Direction, encode_event, read_trace
from receipts.fonts import load_typeface
from sim.cards.card import Card
from sim.clock import run
from sim.hosting.card_memory import MemoryReader
from sim.hosting.card_slot import HostedSlot
from sim.hosting.hosted import Hosted
from sim.hosting.memory import MemoryCarrier
from sim.hosting.tapped import TappedReader, tap_carrier
from sim.printer import PrinterTwin
from sim.recorder import Recorder
from sim.replay import ReplayCard, ReplayTwin
from sim.scanner import ScannerTwin
from sim.smart_card import SmartCardTwin
from sim.twin import Twin, VerbError
from sim.wire import Wire
from tests.devices.test_printer import receipt
from tests.support.card_bench import card

S = 1_000_000_000
TTY, CARD = "tty:device", "card:customer"
TO, FROM = Direction.TO, Direction.FROM


def at(ms, direction, data):
    return Bytes(at_ns=ms * 1_000_000, channel=TTY, direction=direction, data=data)


def worked(twin: Twin, *, jobs=2, pause_s=3.0):
    """Work a printer through its driver; returns what the driver learned, when, and the trace."""

    async def story(clock, entropy):
        recorder = Recorder(clock=clock)
        carrier = tap_carrier(
            MemoryCarrier("device"), recorder, TTY, protocol="escpos", link="memory"
        )
        wire = Wire(entropy, line=LineSettings())
        hosted = Hosted(name="device", twin=twin, carrier=carrier, wire=wire, clock=clock)
        await hosted.start()

        healths = []
        printer = Printer(
            address=parse_address("sim://device"),
            open_link=open_link,
            clock=clock,
            on_health=healths.append,
            on_drawer=lambda health: None,
        )
        printer.start()
        await asyncio.sleep(pause_s)
        results = []
        for job in range(jobs):
            begun_ns = clock.monotonic_ns()
            deadline_ns = begun_ns + 20 * S
            result = await printer.print_job(receipt("A"), job=job + 1, deadline_ns=deadline_ns)
            results.append((result, clock.monotonic_ns() - begun_ns))
            await asyncio.sleep(pause_s)
        status = printer.status
        await printer.stop(deadline_ns=clock.monotonic_ns() + S)
        await hosted.stop()
        return results, [health.level for health in healths], status, recorder.events()

    return run(story)


def test_a_printer_is_replayed_with_its_proofs_and_its_times():
    results, levels, status, events = worked(PrinterTwin(load_typeface()))
    twin = ReplayTwin(protocol="escpos", recording=events)

    again, again_levels, again_status, _ = worked(twin)

    assert all(isinstance(result, Printed) for result, _ in results)
    assert [result for result, _ in again] == [result for result, _ in results]
    for (_, took_ns), (_, recorded_ns) in zip(again, results, strict=True):
        # Virtual time rounds up to a nanosecond at each waking.
        assert abs(took_ns - recorded_ns) < 1_000
    assert (again_levels, again_status) == (levels, status)
    assert twin.state()["unexpected"] == 0


def test_a_driver_in_another_rhythm_is_answered_as_well():
    _, _, status, events = worked(PrinterTwin(load_typeface()))
    twin = ReplayTwin(protocol="escpos", recording=events)

    again, _, again_status, _ = worked(twin, jobs=4, pause_s=7.5)

    assert all(isinstance(result, Printed) for result, _ in again), "the last job is repeated"
    assert again_status == status
    assert twin.state()["unexpected"] == 0


def test_a_trace_from_a_file_replays_the_same():
    *_, events = worked(PrinterTwin(load_typeface()))
    lines = [b'{"trace":1,"wall_ns":0,"program":"x"}\n', *map(encode_event, events)]
    once, *_ = worked(ReplayTwin(protocol="escpos", recording=events))

    again, *_ = worked(ReplayTwin(protocol="escpos", recording=read_trace(lines).events))

    assert again == once


def test_what_was_never_asked_is_an_event_with_what_comes_nearest():
    twin = ReplayTwin(
        protocol="escpos", recording=[at(0, TO, b"\x10\x04\x01\x1b@HELLO\n"), at(2, FROM, b"\x12")]
    )

    twin.receive(b"\x10\x04\x02HELLA\n", 0)

    assert [(each.what, each.detail) for each in twin.history] == [
        ("unexpected", "ask realtime offline cause; nearest recorded: ask realtime printer"),
        ("unexpected", 'print text "HELLA"; nearest recorded: print text "HELLO"'),
    ]
    assert twin.outgoing() == b""


def test_answers_come_as_late_as_they_came():
    twin = ReplayTwin(
        protocol="escpos",
        recording=[at(0, TO, b"\x10\x04\x01"), at(2, FROM, b"\x12"), at(7, FROM, b"\x1a")],
    )
    twin.receive(b"\x10\x04\x01", 100 * S)

    assert twin.deadline_ns == 100 * S + 2_000_000
    twin.tick(100 * S + 1_999_999)
    assert twin.outgoing() == b""
    twin.tick(100 * S + 2_000_000)
    assert twin.outgoing() == b"\x12"
    assert twin.deadline_ns == 100 * S + 7_000_000
    twin.tick(100 * S + 8_000_000)
    assert twin.outgoing() == b"\x1a" and twin.deadline_ns is None


def answers(dialogue, *asked):
    return [
        got if isinstance(got, Unexpected) else b"".join(data for _, data in got)
        for got in map(dialogue.answer, asked)
    ]


def test_the_same_question_has_other_answers_as_time_goes_on_and_the_last_one_stays():
    dialogue = Dialogue(
        [
            Exchange(b"?", [(1, b"ok")]),
            Exchange(b"print", []),
            Exchange(b"?", [(1, b"out")]),
        ]
    )

    assert answers(dialogue, b"?", b"print", b"?", b"?", b"?") == [
        b"ok",
        b"",
        b"out",
        b"out",
        b"out",
    ]
    assert dialogue.heard == 3
    dialogue.rewind()
    assert answers(dialogue, b"print", b"?") == [b"", b"out"]


def test_a_proof_of_printing_is_given_under_the_name_it_is_asked_for():
    ask = b"\x1d\x28\x48\x06\x00\x30\x30"
    [told] = [
        recorded(
            [at(0, TO, ask + b"aaaa" + ask + b"bbbb"), at(5, FROM, b"7\x22aaaa\x007\x22bbbb\x00")],
            "escpos",
        ).dialogue
    ]

    assert answers(told, AskPrinted(b"xxxx"), AskPrinted(b"yyyy")) == [
        b"7\x22xxxx\x00",
        b"7\x22yyyy\x00",
    ]


def test_a_scanner_says_its_codes_again_when_it_is_told_to():
    async def story(clock, entropy):
        recorder = Recorder(clock=clock)
        carrier = tap_carrier(
            MemoryCarrier("device"), recorder, TTY, protocol="scanner", link="memory"
        )
        wire = Wire(entropy, line=LineSettings())
        twin = ScannerTwin()
        hosted = Hosted(name="device", twin=twin, carrier=carrier, wire=wire, clock=clock)
        await hosted.start()
        for code in ("8801234567893", "8809876543210"):
            await asyncio.sleep(2)
            await hosted.do(Verb(verb="scan", arguments={"code": code}))
        await hosted.stop()
        return recorder.events()

    twin = ReplayTwin(protocol="scanner", recording=run(story))
    twin.do(Verb(verb="play"), 50 * S)

    assert twin.outgoing() == b"8801234567893\r", "the first at once"
    due = twin.deadline_ns
    assert due is not None and abs(due - 52 * S) < 1_000
    twin.tick(due)
    assert twin.outgoing() == b"8809876543210\r"
    twin.do(Verb(verb="rewind"), 60 * S)
    with pytest.raises(VerbError, match="play, rewind"):
        twin.do(Verb(verb="scan"), 0)


SELECT = Apdu(0, 0xA4, 4, 0, AID, 256).encode()
QUERY = Apdu(0x90, 0x50, 0, 0, b"", 256).encode()
VERIFY = Apdu(0, 0x20, 0, PIN_KEY, pin_block("1234")).encode()


def asked(plastic: Card, apdus, *, tap=True):
    """Ask a card in memory; returns its ATR and answers, and the trace."""

    async def story(clock, entropy):
        recorder = Recorder(clock=clock)
        recorder.channel(CARD, protocol="iso7816", link="memory")
        reader = MemoryReader("customer", clock=clock)
        twin = SmartCardTwin({"it": plastic})
        slot = HostedSlot(
            name="customer", twin=twin, carrier=TappedReader(reader, recorder, CARD), clock=clock
        )
        await slot.start()
        slot.work(Verb(verb="insert", arguments={"card": "it"}))
        channel = await reader.connect(deadline_ns=clock.monotonic_ns() + S)
        said = [
            await channel.transmit(apdu, deadline_ns=clock.monotonic_ns() + S) for apdu in apdus
        ]
        return (channel.atr, said), recorder.events()

    return run(story)


def test_a_card_is_replayed_with_its_atr_and_its_answers_and_any_pin_is_the_recorded_one():
    told, events = asked(card(b"ALICE-01"), [SELECT, QUERY, VERIFY, QUERY])
    replayed = ReplayCard("recorded", events)

    assert asked(replayed, [SELECT, QUERY, VERIFY, QUERY])[0] == told
    other = Apdu(0, 0x20, 0, PIN_KEY, pin_block("8642")).encode()
    assert replayed.handle(other) == b"\x90\x00", "a trace has no PIN to compare with"


def test_a_card_that_was_never_asked_says_so():
    _, events = asked(card(b"ALICE-01"), [SELECT, QUERY])
    replayed = ReplayCard("recorded", events)

    assert replayed.handle(Apdu(0x90, 0x50, 0, 1, b"", 256).encode()) == b"\x6f\x00"
    assert replayed.visible()["unexpected"] == (
        f"90 50 00 01 00; nearest recorded: {QUERY.hex(' ')}"
    )
