"""Waiting for a customer's card: into the reader, or through the stripe reader, whichever comes first.

A chip counts before a stripe. What could not be read is said, and waited for again. A card with a chip is
told to be inserted, unless a chip has failed here just now: one that paid and could not go on, or a card
that said nothing at all, in the last minute.
Source: EMV 4.3 book 4, 6.2 (fallback); clerk-and-courier.md 5.5 (RDR, MSR).
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from devices.stripe_reader import BadSwipe, CardSwiped, Swipe
from pos.swiping import CODES
from pos.tenders.agreement import Carded, Desk, GivenUp
from protocols.magnetic_stripe import TrackData
from protocols.outcome import NotSent
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel
from protocols.stripe_rules import Chip, Verdict, judge_swiped

CARD_NS: Final = 30 * NANOSECONDS_PER_SECOND
"""How long a customer has; Esc ends it before."""
FALLBACK_NS: Final = 60 * NANOSECONDS_PER_SECOND
"""How long after a chip failed its stripe is taken."""
SWIPES_MAX: Final = 10
"""Of one payment."""
GIVEN_UP: Final = "CRD-54"
NO_READER: Final = "CRD-55"


@dataclass(frozen=True, slots=True)
class Stripe:
    """A card whose stripe may pay."""

    card: TrackData
    fallback: bool
    """It has a chip, which failed."""


async def presented(desk: Desk, chip: Chip) -> CardChannel | Stripe | NotSent:
    """Return the card that pays, its chip powered; `chip` is what became of one before."""
    reads = desk.cards.reads and chip is not Chip.FAILED
    if not reads and not desk.stripes.configured:
        return NotSent(code=NO_READER, reason="no reader for cards is configured")
    for number in range(SWIPES_MAX):
        came = await desk.unless_given_up(_first(desk, reads=reads, anew=not number))
        match came:
            case GivenUp():
                return NotSent(code=GIVEN_UP, reason="nobody waits for a card any more")
            case None:
                seconds = CARD_NS // NANOSECONDS_PER_SECOND
                return NotSent(code="RDR-02", reason="no card came", blanks={"seconds": seconds})
            case BadSwipe(fault=fault):
                desk.say(CODES.get(fault, "MSR-03"))
            case CardSwiped(card=card):
                judged = _judged(card, desk, chip)
                if judged is not None:
                    return judged
            case channel:
                return channel
    return NotSent(code="MSR-03", reason=f"{SWIPES_MAX} swipes, and none could be taken")


def _judged(card: TrackData, desk: Desk, chip: Chip) -> Stripe | NotSent | None:
    """Return what a swiped card is; None where another try is asked for."""
    last4 = card.number.last4
    silent_ns = desk.clock.monotonic_ns() - desk.cards.mute_ns
    if desk.cards.mute_ns and silent_ns <= FALLBACK_NS:
        chip = Chip.FAILED
    moment = desk.moment
    match judge_swiped(card, year=moment.year, month=moment.month, chip=chip):
        case Verdict.TAKE:
            return Stripe(card, fallback=card.service is not None and card.service.has_chip)
        case Verdict.INSERT:
            desk.say("MSR-09", last4=last4)
            return None
        case Verdict.EXPIRED:
            blanks = {"last4": last4, "expiry": str(card.expiry)}
            return NotSent(code="MSR-08", reason="the card has expired", blanks=blanks)
        case Verdict.NO_GOODS:
            return NotSent(code="MSR-11", reason="it pays no goods", blanks={"last4": last4})


async def of_another(card: CardChannel, desk: Desk) -> NotSent | None:
    """Return how a card is paid with that another tender knows; None for one that nobody does."""
    tender = await desk.whose(card)
    if tender is None:
        return None
    named = {"label": tender.label(desk.language), "verb": tender.verb}
    if not isinstance(tender, Carded):
        return NotSent(code="RDR-07", reason="a bank's card", blanks={"verb": tender.verb})
    return NotSent(code="RDR-06", reason=f"a card of {tender.name}", blanks=named)


async def _first(desk: Desk, *, reads: bool, anew: bool) -> CardChannel | Swipe | None:
    """Wait for whatever comes first; None: nothing did in time.

    `anew`: a slot that has a head for stripes tries the card that is in it already.
    """
    deadline_ns = desk.clock.monotonic_ns() + CARD_NS
    loop = asyncio.get_running_loop()
    chip = loop.create_task(_chip(desk, deadline_ns, reads=reads), name="card wanted")
    swipe = loop.create_task(desk.stripes.swipe(), name="swipe wanted")
    if anew:
        desk.cards.read_stripe(failed=not reads)
    try:
        left_s = CARD_NS / NANOSECONDS_PER_SECOND
        done, _ = await asyncio.wait(
            [chip, swipe], timeout=left_s, return_when=asyncio.FIRST_COMPLETED
        )
        if chip in done:
            return chip.result()
        return swipe.result() if swipe in done else None
    finally:
        swipe.cancel()
        await _let_go(chip)


async def _chip(desk: Desk, deadline_ns: int, *, reads: bool) -> CardChannel | None:
    """Wait for a card in the reader; one that cannot be reached does not end the wait for a swipe."""
    channel = await desk.cards.customer(deadline_ns=deadline_ns) if reads else None
    if channel is None and desk.stripes.configured:
        left_ns = max(0, deadline_ns - desk.clock.monotonic_ns())
        await asyncio.sleep(left_ns / NANOSECONDS_PER_SECOND)
    return channel


async def _let_go(waiting: "asyncio.Task[CardChannel | None]") -> None:
    """Wait for no card any more, and leave none powered that came at that very moment."""
    if waiting.done():
        return
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        late = await waiting
        if late is not None:
            await late.close()
