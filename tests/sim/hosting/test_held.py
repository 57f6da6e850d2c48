"""Time held still on the wires: nothing passes, then one piece at a time, in order, and nothing is lost."""

import asyncio

from protocols.control import Verb
from protocols.iso7816 import Command as Apdu
from protocols.purse.card import AID
from protocols.serial_line import LineSettings
from receipts.fonts import load_typeface
from sim.clock import run
from sim.hosting.card_memory import MemoryReader
from sim.hosting.card_slot import HostedSlot
from sim.hosting.held import HELD_MAX, HeldCarrier, HeldReader, Hold
from sim.hosting.hosted import Hosted
from sim.hosting.memory import MemoryCarrier
from sim.printer import PrinterTwin
from sim.smart_card import SmartCardTwin
from sim.wire import Wire
from tests.support.card_bench import card

S = 1_000_000_000
ASK = b"\x10\x04\x04"
SELECT = Apdu(0, 0xA4, 4, 0, AID, 256).encode()


def with_printer(story):
    """Run a story with a printer in memory under a hold."""

    async def told(clock, entropy):
        hold, carrier = Hold(), MemoryCarrier("printer")
        twin = PrinterTwin(load_typeface())
        wire = Wire(entropy, line=LineSettings())
        held = HeldCarrier(carrier, hold, "printer")
        hosted = Hosted(name="printer", twin=twin, carrier=held, wire=wire, clock=clock)
        await hosted.start()
        link = carrier.dial()
        heard = []
        link.attach(heard.append, lambda reason: None)
        result = await story(hold, link, heard, hosted)
        await hosted.stop()
        return result

    return run(told)


async def passing():
    for _ in range(5):
        await asyncio.sleep(0.01)


def test_running_time_holds_nothing():
    async def story(hold, link, heard, hosted):
        link.write(ASK)
        await passing()
        return heard, hold.count

    assert with_printer(story) == ([b"\x12"], 0)


def test_a_paused_question_waits_and_so_does_its_answer():
    async def story(hold, link, heard, hosted):
        hold.pause()
        link.write(ASK)
        await passing()
        seen = [(hold.count, hold.next, list(heard))]
        hold.step()
        await passing()
        seen.append((hold.count, hold.next, list(heard)))
        hold.step()
        await passing()
        seen.append((hold.count, hold.next, list(heard)))
        return seen, hold.step()

    seen, more = with_printer(story)

    assert seen == [
        (1, "printer > 3 bytes", []),
        (1, "printer < 1 bytes", []),
        (0, "", [b"\x12"]),
    ]
    assert more is False


def test_run_lets_everything_pass_in_its_order():
    async def story(hold, link, heard, hosted):
        hold.pause()
        for number in (1, 2, 4):
            link.write(b"\x10\x04" + bytes((number,)))
            await passing()
        waiting = hold.count
        hold.run()
        await passing()
        return waiting, b"".join(heard), hold.paused

    assert with_printer(story) == (3, b"\x12\x12\x12", False)


def test_what_waits_on_a_pulled_cable_is_lost():
    async def story(hold, link, heard, hosted):
        hold.pause()
        link.write(ASK)
        await passing()
        await hosted.do(Verb(verb="pull_cable"))
        count = hold.count
        hold.run()
        await passing()
        return count, heard

    assert with_printer(story) == (0, [])


def test_a_forgotten_pause_drowns_nobody():
    hold = Hold()
    hold.pause()
    passed = []
    for number in range(HELD_MAX + 3):
        hold.submit(hold, "x", lambda number=number: passed.append(number))

    assert passed == [0, 1, 2] and hold.count == HELD_MAX


def test_a_message_waits_for_its_turn_and_is_forgotten_with_who_waits():
    async def story(clock, entropy):
        hold = Hold()
        await hold.passage("free")
        hold.pause()
        first = asyncio.create_task(hold.passage("first"))
        second = asyncio.create_task(hold.passage("second"))
        await passing()
        first.cancel()
        await passing()
        left = hold.next
        hold.step()
        await second
        return left, hold.count

    assert run(story) == ("second", 0)


def test_a_card_answers_when_its_command_and_its_answer_may_pass_and_not_after_it_has_left():
    async def story(clock, entropy):
        hold, reader = Hold(), MemoryReader("customer", clock=clock)
        twin = SmartCardTwin({"alice": card(b"ALICE-01")})
        slot = HostedSlot(
            name="customer", twin=twin, carrier=HeldReader(reader, hold, "customer"), clock=clock
        )
        await slot.start()
        slot.work(Verb(verb="insert", arguments={"card": "alice"}))
        channel = await reader.connect(deadline_ns=clock.monotonic_ns() + S)
        hold.pause()

        def ask():
            return asyncio.create_task(
                channel.transmit(SELECT, deadline_ns=clock.monotonic_ns() + 100 * S)
            )

        first = ask()
        await passing()
        labels = [hold.next]
        hold.step()
        await passing()
        labels.append(hold.next)
        hold.step()
        answer = await first
        second = ask()
        await passing()
        slot.work(Verb(verb="remove"))
        return labels, answer[-2:], await second, hold.count

    labels, word, lost, waiting = run(story)

    assert labels[0].startswith("customer > ") and labels[1].startswith("customer < ")
    assert (word, lost, waiting) == (b"\x90\x00", None, 0)
