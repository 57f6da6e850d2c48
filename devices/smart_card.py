"""Card readers: where the customer's card is, and the shop's.

    open_slot("pcsc://IPS%20customer")   -> CardSlot            by the scheme, entry points devices.cards
    card_in(slot, deadline_ns=...)       -> CardChannel | None  waits for a card, and powers it
    health(slot.state, address)          -> Health              for the lamp and the device page

A slot's state is told by callback; its card is powered for one dialogue at a time, and the first lost
answer ends that dialogue (protocols.ports.CardChannel). What to do then is the recovery table's
business: protocols.purse.coordinator.
"""

import asyncio
from typing import Final

from devices.bus.card_slot import PcscSlot
from devices.bus.opening import find_opener, installed
from devices.drivers.card_reader import MUTE
from devices.health import WORKS, ControlState, Health, Level, PowerState, ResultCode, cannot_work
from protocols.address import Address
from protocols.ports import (
    NANOSECONDS_PER_SECOND,
    CardAbsent,
    CardBus,
    CardChannel,
    CardMute,
    CardPresent,
    CardSlot,
    Clock,
    NoCardError,
    SlotDown,
    SlotState,
)

GROUP: Final = "devices.cards"
TRY_AGAIN_S: Final = 0.05
"""After a card that could not be powered: it may be on its way in, or out."""


async def open_slot(address: Address, *, deadline_ns: int, clock: Clock) -> CardSlot:
    """Open the slot at an address. Raises: AddressError, LinkDownError (sim:// without a bench)."""
    opener = find_opener(address, installed(GROUP))
    assert hasattr(opener, "open_slot"), f"{opener} opens no card slots"
    bus: CardBus = opener
    return await bus.open_slot(address, deadline_ns=deadline_ns, clock=clock)


class PcscBus:
    """Opens pcsc:// addresses; satisfies protocols.ports.CardBus."""

    async def open_slot(self, address: Address, *, deadline_ns: int, clock: Clock) -> PcscSlot:
        """Open a reader and look once, until the deadline at most. Raises: AddressError."""
        address.known("socket")
        slot = PcscSlot(address.place, socket=address.options.get("socket"), clock=clock)
        await slot.first_look(deadline_ns=deadline_ns)
        return slot


CARDS: Final = PcscBus()


async def card_in(slot: CardSlot, *, deadline_ns: int, clock: Clock) -> CardChannel | None:
    """Wait for a card and power it; None when none could be until the deadline.

    Powering is tried again, for nothing has been said to the card yet; a dialogue never is.
    """
    while (left_ns := deadline_ns - clock.monotonic_ns()) > 0:
        if not isinstance(slot.state, CardAbsent | SlotDown):
            try:
                return await slot.connect(deadline_ns=deadline_ns)
            except NoCardError:
                # Mute, or on its way out; health says which.
                pass
        await asyncio.sleep(min(TRY_AGAIN_S, left_ns / NANOSECONDS_PER_SECOND))
    return None


def health(state: SlotState, address: str) -> Health:
    """Return how a reader is; an empty one is well."""
    match state:
        case CardPresent() | CardAbsent():
            return WORKS
        case CardMute():
            return cannot_work(
                "RDR-03",
                ko=f"카드리더: {MUTE.ko} ({address})",
                en=f"Card reader: {MUTE.en} ({address})",
            )
        case SlotDown(ko=ko, en=en):
            return Health(
                level=Level.DOWN,
                state=ControlState.CLOSED,
                power=PowerState.OFF_OFFLINE,
                result=ResultCode.NOHARDWARE,
                code="RDR-01",
                ko=f"카드리더: {ko} ({address})",
                en=f"Card reader: {en} ({address})",
            )
