"""A supervised stripe reader against its twin, in virtual time."""

import pytest

from devices.health import WORKS, Level
from devices.stripe_reader import NOISE_IN_A_ROW_MAX, BadSwipe, CardSwiped, StripeReader, Swipe
from protocols.control import Verb
from protocols.magnetic_stripe import Expiry, Fault, ServiceCode
from protocols.swipe import SILENCE_NS
from sim.clock import VirtualClock, run
from sim.entropy import SeededEntropy
from sim.stripe_reader import StripeReaderTwin
from tests.devices.cable import ADDRESS, Cable, after

S = 1_000_000_000


class Bench:
    """A reader, its twin, and what arrived."""

    def __init__(self, clock: VirtualClock, twin: StripeReaderTwin) -> None:
        self.clock = clock
        self.twin = twin
        self.cable = Cable(twin, clock)
        self.swipes: list[Swipe] = []
        self.noise: list[int] = []
        self.reader = StripeReader(
            address=ADDRESS,
            open_link=self.cable.open_link,
            clock=clock,
            on_swipe=self.swipes.append,
            on_noise=self.noise.append,
        )
        self.reader.start()

    async def do(self, name: str, **arguments: str) -> None:
        await after(0.01)
        self.twin.do(Verb(verb=name, arguments=arguments), self.clock.monotonic_ns())
        self.cable.carry()
        await after(1)

    async def stop(self) -> None:
        await self.reader.stop(deadline_ns=self.clock.monotonic_ns() + S)


@pytest.mark.parametrize("lrc", [False, True])
@pytest.mark.parametrize("ending", ["cr", "cr_lf", "none"])
def test_a_swiped_card_arrives_whatever_the_setting(ending: str, lrc: bool) -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, StripeReaderTwin(ending=ending, lrc=lrc))  # type: ignore[arg-type]
        await bench.do("swipe", card="third-track")

        [swipe] = bench.swipes
        assert isinstance(swipe, CardSwiped)
        card = swipe.card
        assert (card.name, card.expiry, card.service) == (
            "KANG/DOYUN",
            Expiry(2045, 2),
            ServiceCode("101"),
        )
        assert str(card.number) == "941011******0069"
        assert bench.reader.health == WORKS
        await bench.stop()

    run(story)


FAULTS = [
    ("swipe_partly", {"card": "credit"}, Fault.UNREADABLE, Fault.UNREADABLE),
    ("swipe_upside_down", {"card": "credit"}, Fault.BLANK, Fault.BLANK),
    ("swipe_worn", {"card": "credit"}, Fault.UNREADABLE, Fault.LRC),
    ("swipe", {"card": "wrong-month"}, Fault.EXPIRY, Fault.EXPIRY),
    ("swipe", {"card": "wrong-number"}, Fault.LUHN, Fault.LUHN),
    ("swipe", {"card": "cut-short"}, Fault.TRUNCATED, Fault.TRUNCATED),
    ("swipe", {"card": "hotel-key"}, Fault.NUMBER, Fault.NUMBER),
    ("swipe", {"card": "blank"}, Fault.BLANK, Fault.BLANK),
    ("tear", {"card": "credit"}, Fault.END, Fault.END),
]


@pytest.mark.parametrize("lrc", [False, True])
@pytest.mark.parametrize(("verb", "arguments", "judged", "judged_here"), FAULTS)
def test_each_bad_swipe_is_named(
    verb: str, arguments: dict[str, str], judged: Fault, judged_here: Fault, lrc: bool
) -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, StripeReaderTwin(lrc=lrc, tracks="23" if verb == "tear" else "123"))
        await bench.do(verb, **arguments)

        assert bench.swipes == [BadSwipe(judged_here if lrc else judged)]
        await bench.stop()

    run(story)


def test_too_slow_leaves_track_2_and_one_missing_track_leaves_the_other() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, StripeReaderTwin())
        await bench.do("swipe_slowly", card="credit")
        await bench.do("swipe_without", card="credit", track="2")
        await bench.do("swipe_without", card="credit", track="1")

        assert [type(swipe) for swipe in bench.swipes] == [CardSwiped] * 3
        names = [swipe.card.name for swipe in bench.swipes if isinstance(swipe, CardSwiped)]
        assert names == ["", "KIM/YEONGHUI", ""]
        await bench.stop()

    run(story)


def test_two_swipes_are_two() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, StripeReaderTwin())
        await bench.do("swipe_twice", card="chip")

        assert len(bench.swipes) == 2 and bench.swipes[0] == bench.swipes[1]
        await bench.stop()

    run(story)


def test_a_swipe_is_told_exactly_when_silence_ends_it() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, StripeReaderTwin())
        await after(0.01)
        bench.twin.do(Verb(verb="swipe", arguments={"card": "credit"}), clock.monotonic_ns())
        bench.cable.carry()

        await after((SILENCE_NS - 1_000_000) / S)
        assert bench.swipes == []
        await after(0.002)
        assert len(bench.swipes) == 1
        await bench.stop()

    run(story)


def test_half_a_swipe_is_dropped_with_the_cable_and_never_glued() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, StripeReaderTwin())
        await after(0.01)
        bench.twin.do(Verb(verb="tear", arguments={"card": "credit"}), clock.monotonic_ns())
        bench.cable.carry()
        await after(0.01)
        bench.cable.pull()
        await after(0.1)
        assert bench.reader.health.level is Level.DOWN and bench.reader.health.code == "MSR-01"
        await after(30)
        await bench.do("swipe", card="national")

        [swipe] = bench.swipes
        assert isinstance(swipe, CardSwiped) and swipe.card.number.last4 == "0025"
        await bench.stop()

    run(story)


def test_noise_again_and_again_is_a_wrong_setting_until_a_card_is_read() -> None:
    async def story(clock: VirtualClock, entropy: SeededEntropy) -> None:
        bench = Bench(clock, StripeReaderTwin())
        await after(0.01)
        for count in range(1, NOISE_IN_A_ROW_MAX + 1):
            assert bench.reader.health == WORKS
            await bench.do("garble")
            assert bench.noise[-1] == count
        assert (bench.reader.health.level, bench.reader.health.code) == (Level.WARN, "MSR-02")

        await bench.do("swipe", card="credit")
        assert bench.reader.health == WORKS
        await bench.stop()

    run(story)
