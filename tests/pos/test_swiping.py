"""What a swipe says to the clerk: every fault has a sentence, and no card shows more than four digits."""

import asyncio

import pytest

from devices.stripe_reader import NOISE_IN_A_ROW_MAX, BadSwipe, CardSwiped
from pos.messages import Language, messages
from pos.swiping import Stripes, Swiping
from pos.view import Notice
from protocols.magnetic_stripe import Fault, Track, TrackData, read_track
from sim.cards.stripes import read_stripes

NUMBERS = {
    text[1:17]
    for stripe in read_stripes().values()
    for text in stripe.values()
    if text[1:17].isdigit()
}


class Teller:
    """Who is told."""

    def __init__(self) -> None:
        self.told: list[Notice] = []

    def tell(self, notice: Notice) -> None:
        self.told.append(notice)


def swiping(language: Language = "en", today: str = "20260430") -> tuple[Swiping, Teller]:
    teller = Teller()
    stripes = Stripes(configured=True)
    return Swiping(teller, language, today=lambda: today, stripes=stripes), teller


def card(name: str) -> TrackData:
    return read_track(read_stripes()[name][Track.TWO][:-1], Track.TWO)


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("fault", Fault)
def test_every_fault_is_a_sentence_with_another_way_to_pay(
    fault: Fault, language: Language
) -> None:
    swipe, teller = swiping(language)

    swipe.swiped(BadSwipe(fault))

    [told] = teller.told
    assert told.code.startswith("MSR-") and told.level == "B" and "F12" in told.keys
    assert messages()[told.code].money.value == "not_moved"


@pytest.mark.parametrize(
    ("name", "today", "code"),
    [
        ("credit", "20260430", "MSR-10"),
        ("chip", "20260430", "MSR-09"),
        ("expired", "20260430", "MSR-08"),
        ("cash-only", "20260430", "MSR-11"),
        ("national", "20480630", "MSR-10"),
        ("national", "20480701", "MSR-08"),
    ],
)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_card_is_told_by_its_last_four_digits(
    name: str, today: str, code: str, language: Language
) -> None:
    swipe, teller = swiping(language, today)

    swipe.swiped(CardSwiped(card(name)))

    [told] = teller.told
    assert told.code == code and card(name).number.last4 in told.banner + told.short
    assert not any(number in repr(told) for number in NUMBERS)


def test_noise_is_told_until_the_readers_health_does() -> None:
    swipe, teller = swiping()
    for count in range(1, NOISE_IN_A_ROW_MAX + 3):
        swipe.noise(count)

    assert [told.code for told in teller.told] == ["MSR-03"] * (NOISE_IN_A_ROW_MAX - 1)


def test_a_payment_that_waits_gets_the_swipe_and_nobody_is_told() -> None:
    async def story() -> None:
        stripes, teller = Stripes(configured=True), Teller()
        swipe = Swiping(teller, "en", today=lambda: "20260430", stripes=stripes)
        waiting = asyncio.create_task(stripes.swipe())
        await asyncio.sleep(0)

        swipe.swiped(CardSwiped(card("credit")))
        swipe.swiped(CardSwiped(card("chip")))

        assert await waiting == CardSwiped(card("credit"))
        assert [told.code for told in teller.told] == ["MSR-09"], "the second came for nobody"
        swipe.swiped(BadSwipe(Fault.BLANK))
        assert teller.told[-1].code == "MSR-04"

    asyncio.run(story())


def test_a_swipe_after_the_wait_was_given_up_is_told() -> None:
    async def story() -> None:
        stripes, teller = Stripes(configured=True), Teller()
        swipe = Swiping(teller, "en", today=lambda: "20260430", stripes=stripes)
        waiting = asyncio.create_task(stripes.swipe())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)

        swipe.swiped(CardSwiped(card("credit")))

        assert [told.code for told in teller.told] == ["MSR-10"]

    asyncio.run(story())


def test_a_swipe_with_nothing_to_pay_is_told_that() -> None:
    teller = Teller()
    stripes = Stripes(configured=True)
    swipe = Swiping(teller, "en", today=lambda: "20260430", stripes=stripes, due=lambda: False)

    swipe.swiped(CardSwiped(card("credit")))

    assert [told.code for told in teller.told] == ["PAY-01"]
