"""The hybrid reader's driver against its twin, in virtual time: no command done twice, none taken for another."""

from collections.abc import Awaitable, Callable

import pytest

from devices.health import WORKS, Level
from devices.hybrid_reader import HybridReader
from devices.stripe_reader import BadSwipe, CardSwiped, Swipe
from protocols.control import Verb
from protocols.hybrid_reader import ANSWER_NS, TRIES_MAX
from protocols.magnetic_stripe import Fault
from protocols.ports import (
    CardAbsent,
    CardMute,
    CardPresent,
    LinkDownError,
    NoCardError,
    SlotDown,
)
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.hybrid_reader import HybridReaderTwin
from tests.devices.cable import ADDRESS, Cable, Device, after
from tests.support.card_bench import QUERY, SELECT, card

S = 1_000_000_000


class Listened(Cable):
    """A cable that remembers what the device was told."""

    def __init__(self, device: Device, clock: VirtualClock) -> None:
        super().__init__(device, clock)
        self.heard = bytearray()

    def to_device(self, data: bytes) -> None:
        self.heard += data
        super().to_device(data)


class Bench:
    """A reader, its twin with two cards, and the states that were told."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        cards = {"chip": card(b"ALICE-01"), "bob": card(b"BOB-0001")}
        self.twin = HybridReaderTwin(cards)
        self.cable = Listened(self.twin, clock)
        self.states: list[object] = []
        self.reader = HybridReader(address=ADDRESS, open_link=self.cable.open_link, clock=clock)
        self.swipes: list[Swipe] = []
        self.reader.watch(self.states.append)
        self.reader.watch_swipes(self.swipes.append)
        self.reader.start()

    def do(self, name: str, **arguments: str) -> None:
        self.twin.do(Verb(verb=name, arguments=arguments), self.clock.monotonic_ns())
        self.cable.carry()

    def due(self, seconds: float = 200) -> int:
        return self.clock.monotonic_ns() + int(seconds * S)

    @property
    def commands(self) -> int:
        return int(self.twin.state()["commands"])


def story(play: Callable[[Bench], Awaitable[None]]) -> None:
    async def whole(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock)
        await after(1)
        await play(bench)
        await bench.reader.close()

    run(whole)


def test_reader_is_reset_and_waits_for_a_card() -> None:
    async def play(bench: Bench) -> None:
        assert bench.twin.state()["reset"]
        assert bench.reader.health == WORKS and isinstance(bench.reader.state, CardAbsent)
        with pytest.raises(NoCardError):
            await bench.reader.connect(deadline_ns=bench.due())

    story(play)


def test_lost_and_broken_answers_are_asked_for_and_the_chip_is_told_once() -> None:
    async def play(bench: Bench) -> None:
        bench.do("insert", card="chip")
        await after(2)
        channel = await bench.reader.connect(deadline_ns=bench.due())
        before = bench.commands
        outgoing, left = bench.twin.outgoing, ["pass", "lose", "turn"]

        def spoilt() -> bytes:
            data = outgoing()
            if len(data) <= 2 or not left:
                return data
            match left.pop(0):
                case "lose":
                    return b""
                case "turn":
                    return data[:4] + bytes((data[4] ^ 1,)) + data[5:]
            return data

        bench.twin.outgoing = spoilt  # type: ignore[method-assign]
        answers = [await channel.transmit(SELECT, deadline_ns=bench.due()) for _ in range(3)]

        assert all(answer is not None and answer[-2:] == b"\x90\x00" for answer in answers)
        assert bench.commands == before + 3, "none was done twice"

    story(play)


def test_a_reader_that_falls_silent_loses_the_answer_and_is_reset_when_it_is_back() -> None:
    async def play(bench: Bench) -> None:
        bench.do("insert", card="chip")
        await after(2)
        channel = await bench.reader.connect(deadline_ns=bench.due())
        first = bench.reader.state
        assert isinstance(first, CardPresent)
        bench.cable.device = Dead()

        began = bench.clock.monotonic_ns()
        assert await channel.transmit(QUERY, deadline_ns=bench.due(600)) is None
        assert not channel.alive
        assert bench.clock.monotonic_ns() - began <= TRIES_MAX * ANSWER_NS
        assert bench.reader.health.level is Level.UNKNOWN
        assert isinstance(bench.reader.state, SlotDown)

        bench.cable.device = bench.twin
        bench.twin.restart()
        await after(60)
        now = bench.reader.state
        assert isinstance(now, CardPresent) and now.insertion != first.insertion
        assert bench.reader.health == WORKS

    story(play)


class Dead:
    """A device that says nothing."""

    deadline_ns = None

    def receive(self, data: bytes, now_ns: int) -> None: ...
    def outgoing(self) -> bytes:
        return b""

    def tick(self, now_ns: int) -> None: ...


def test_cable_pulled_in_the_middle_ends_the_channel_and_is_plugged_to_a_new_one() -> None:
    async def play(bench: Bench) -> None:
        bench.do("insert", card="chip")
        await after(2)
        channel = await bench.reader.connect(deadline_ns=bench.due())
        bench.cable.pull()
        await after(0.1)

        assert not channel.alive
        assert await channel.transmit(QUERY, deadline_ns=bench.due()) is None
        assert isinstance(bench.reader.state, SlotDown | CardAbsent)
        await after(60)
        again = await bench.reader.connect(deadline_ns=bench.due())
        assert again.insertion != channel.insertion
        assert await again.transmit(SELECT, deadline_ns=bench.due()) is not None

    story(play)


def test_a_card_drawn_out_under_a_command_is_a_lost_answer_at_once() -> None:
    async def play(bench: Bench) -> None:
        bench.do("insert", card="chip")
        await after(2)
        channel = await bench.reader.connect(deadline_ns=bench.due())
        bench.do("tear_after", count="1")
        began = bench.clock.monotonic_ns()

        assert await channel.transmit(SELECT, deadline_ns=bench.due()) is None
        assert bench.clock.monotonic_ns() - began < S
        assert isinstance(bench.reader.state, CardAbsent)

    story(play)


@pytest.mark.parametrize("dialogue", ["open", "closed"])
def test_a_card_swapped_between_two_looks_is_never_taken_for_the_one_before(dialogue: str) -> None:
    async def play(bench: Bench) -> None:
        bench.do("insert", card="chip")
        await after(2)
        channel = await bench.reader.connect(deadline_ns=bench.due())
        if dialogue == "closed":
            await channel.close()
        bench.do("swap", card="bob")
        told = bench.commands
        if dialogue == "open":
            assert await channel.transmit(QUERY, deadline_ns=bench.due()) is None
        else:
            with pytest.raises(NoCardError):
                await bench.reader.connect(deadline_ns=bench.due())
        assert bench.commands == told, "nothing meant for the other card reaches this one"
        await after(1)
        again = await bench.reader.connect(deadline_ns=bench.due())
        assert again.insertion != channel.insertion
        assert isinstance(bench.states[-2], CardAbsent)

    story(play)


def test_a_mute_card_is_mute_and_its_stripe_is_told_at_once() -> None:
    async def play(bench: Bench) -> None:
        bench.do("chip_mute")
        bench.do("insert", card="chip")
        await after(2)

        assert isinstance(bench.reader.state, CardMute)
        [swipe] = bench.swipes
        assert isinstance(swipe, CardSwiped) and swipe.card.number.last4 == "0030"
        assert swipe.card.service is not None and swipe.card.service.has_chip
        assert swipe.card.name == "LEE/MINA"

        bench.do("chip_unmute")
        bench.do("remove")
        await after(2)
        bench.do("insert", card="chip")
        await after(2)
        assert isinstance(bench.reader.state, CardPresent) and len(bench.swipes) == 1

    story(play)


def test_a_card_without_a_chip_is_swiped_and_one_with_nothing_on_it_is_blank() -> None:
    async def play(bench: Bench) -> None:
        for name in ("credit", "blank", "wrong-month"):
            bench.do("insert", card=name)
            await after(2)
            bench.do("remove")
            await after(2)
        good, *bad = bench.swipes
        assert isinstance(good, CardSwiped) and good.card.number.last4 == "0010"
        assert bad == [BadSwipe(Fault.BLANK), BadSwipe(Fault.EXPIRY)]

    story(play)


def test_a_card_that_leaves_while_its_stripe_is_read_was_no_swipe() -> None:
    async def play(bench: Bench) -> None:
        bench.do("insert", card="credit")
        await after(2)
        bench.swipes.clear()
        bench.reader.read_stripe(bench.swipes.append)
        bench.do("remove")
        await after(2)
        assert bench.swipes == []
        bench.reader.read_stripe(bench.swipes.append)
        bench.cable.pull()
        await after(60)
        assert bench.swipes == []

    story(play)


def test_whoever_watches_hears_that_the_reader_is_away_and_back() -> None:
    async def play(bench: Bench) -> None:
        bench.states.clear()
        bench.cable.refusal = LinkDownError("the cable is out")
        bench.cable.pull()
        await after(1)
        assert [type(state) for state in bench.states] == [SlotDown]
        bench.cable.refusal = None
        await after(60)
        assert [type(state) for state in bench.states] == [SlotDown, CardAbsent]

    story(play)


def test_a_jam_is_told_until_it_is_freed() -> None:
    async def play(bench: Bench) -> None:
        bench.do("insert", card="chip")
        bench.do("jam")
        await after(2)
        with pytest.raises(NoCardError):
            await bench.reader.connect(deadline_ns=bench.due())
        await after(2)
        assert (bench.reader.health.level, bench.reader.health.code) == (Level.DOWN, "RDR-03")

        bench.do("free")
        bench.do("remove")
        await after(2)
        bench.do("insert", card="chip")
        await after(2)
        channel = await bench.reader.connect(deadline_ns=bench.due())
        assert await channel.transmit(SELECT, deadline_ns=bench.due()) is not None
        assert bench.reader.health == WORKS

    story(play)


def test_a_reader_that_is_jammed_at_the_start_is_reset_every_now_and_then_until_it_can_be() -> None:
    async def play(bench: Bench) -> None:
        bench.do("jam")
        bench.do("restart")
        bench.do("insert", card="chip")
        asked = len(bench.cable.heard)
        await after(3)
        assert bench.reader.health.code == "RDR-03"
        assert 5 <= bench.cable.heard[asked:].count(b"C00") <= 12, "not as fast as the line can"

        bench.do("free")
        await after(2)
        assert isinstance(bench.reader.state, CardPresent) and bench.reader.health == WORKS

    story(play)


@pytest.mark.parametrize(
    ("card", "kind"), [("", CardAbsent), ("chip", CardPresent), ("credit", CardMute)]
)
def test_first_look_is_through_when_it_is_known_what_is_in(card: str, kind: type) -> None:
    async def play(bench: Bench) -> None:
        if card:
            bench.do("insert", card=card)
        another = HybridReader(address=ADDRESS, open_link=bench.cable.open_link, clock=bench.clock)
        another.start()
        await another.first_look(deadline_ns=bench.due(8))
        assert isinstance(another.state, kind)
        await another.close()

    story(play)


def test_first_look_ends_at_its_deadline_and_where_the_reader_cannot_be_reached() -> None:
    async def play(bench: Bench) -> None:
        for device, refusal in ((Dead(), None), (bench.twin, LinkDownError("no cable"))):
            bench.cable.device, bench.cable.refusal = device, refusal
            another = HybridReader(
                address=ADDRESS, open_link=bench.cable.open_link, clock=bench.clock
            )
            another.start()
            began = bench.clock.monotonic_ns()
            await another.first_look(deadline_ns=bench.due(8))
            assert bench.clock.monotonic_ns() - began <= 8.001 * S
            assert isinstance(another.state, SlotDown) and another.state.ko and another.state.en
            await another.close()

    story(play)


def test_a_slow_chip_is_waited_for_until_the_callers_deadline_and_no_longer() -> None:
    async def play(bench: Bench) -> None:
        bench.do("insert", card="chip")
        await after(2)
        channel = await bench.reader.connect(deadline_ns=bench.due())
        bench.do("chip_delay", ms="3000")
        assert await channel.transmit(SELECT, deadline_ns=bench.due(4)) is not None

        began = bench.clock.monotonic_ns()
        assert await channel.transmit(QUERY, deadline_ns=bench.due(2)) is None
        assert 0 <= bench.clock.monotonic_ns() - began - 2 * S < 1_000, (
            "but for a float's last bits"
        )
        assert not channel.alive

    story(play)
