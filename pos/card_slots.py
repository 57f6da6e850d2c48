"""The card slots as configured: the customers' and the shop's, opened when they are first needed.

Customers' cards of every scheme go into one slot; what is in it is found by asking it. The shop's own
cards stay in theirs: one slot a scheme where it is named so, else the shop's slot.
A slot that cannot be opened now is tried again with the next payment: a reader is plugged in, a bench
is started. Implements pos.purses.Cards. Source: devices.md section 0.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from devices.smart_card import card_in, open_slot
from devices.stripe_reader import StripeHead, Swipe
from protocols.address import Address, AddressError
from protocols.ports import (
    CardChannel,
    CardMute,
    CardPresent,
    CardSlot,
    Clock,
    LinkDownError,
    SlotDown,
    SlotState,
)

log: Final = logging.getLogger("pos.card_slots")
_NOT_OPENED: Final = SlotDown(ko="아직 열지 않았습니다", en="not opened yet")


class SlotCards:
    """Cards in readers, or in whatever else the addresses name."""

    reads = True

    def __init__(
        self,
        *,
        customer: Address,
        shop: Address | None = None,
        teller: Address | None = None,
        schemes: Mapping[str, Address] = MappingProxyType({}),
        clock: Clock,
    ) -> None:
        """Keep the addresses; nothing is opened yet. `schemes` have a slot of their own."""
        self._addresses = {"customer": customer}
        self._addresses |= {"shop": shop} if shop is not None else {}
        self._addresses |= {"teller": teller} if teller is not None else {}
        self._addresses |= {_role(scheme): address for scheme, address in schemes.items()}
        self._clock = clock
        self._slots: dict[str, CardSlot] = {}
        self._opening = {role: asyncio.Lock() for role in self._addresses}
        self._changed: Callable[[str, SlotState], None] = lambda role, state: None
        self._mute = False
        self._mute_ns = 0
        """When the customer's slot last came to hold, or let go of, a card that said nothing."""
        self._swiped: Callable[[Swipe], None] = lambda swipe: None
        self._head: StripeHead | None = None
        """Of the customers' slot."""
        self._found_head: Callable[[], None] = lambda: None

    @property
    def configured(self) -> bool:
        """Say whether there is a slot for any card of the shop's own: e-cash is paid into it."""
        return any(role.partition("/")[0] == "shop" for role in self._addresses)

    def keeps(self, scheme: str) -> bool:
        """Say whether there is a slot for the shop's own card of a scheme."""
        return bool({_role(scheme), "shop"} & self._addresses.keys())

    def read_stripe(self, *, failed: bool) -> None:
        """Have the customers' slot read the stripe of a card that is in and mute; `failed`: or is of no use."""
        slot = self._slots.get("customer")
        state = None if slot is None else slot.state
        tries = isinstance(state, CardMute) or (failed and isinstance(state, CardPresent))
        if tries and self._head is not None:
            self._head.read_stripe(self._swiped)

    @property
    def mute_ns(self) -> int:
        """Return when a customer's card last said nothing; now, while one is in that does not."""
        return self._clock.monotonic_ns() if self._mute else self._mute_ns

    @property
    def has_teller(self) -> bool:
        """Say whether a teller's purse is configured."""
        return "teller" in self._addresses

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the slots that are configured: customer, shop, teller, and shop/SCHEME."""
        return tuple(self._addresses)

    def address(self, role: str) -> Address:
        """Return where a slot is."""
        return self._addresses[role]

    def state(self, role: str) -> SlotState:
        """Return how a slot is; one that was never opened is down."""
        slot = self._slots.get(role)
        return _NOT_OPENED if slot is None else slot.state

    def watch(self, changed: Callable[[str, SlotState], None]) -> None:
        """Say who hears how the slots are, whenever that changes; slots opened later are told too."""
        self._changed = changed

    def watch_swipes(self, found: Callable[[], None], swiped: Callable[[Swipe], None]) -> None:
        """Say who hears that the customers' slot has a head of its own, and what that reads of mute cards."""
        self._found_head, self._swiped = found, swiped

    async def customer(self, *, deadline_ns: int) -> CardChannel | None:
        """Wait for the customer's card and power it; None when none came in time."""
        return await self.power("customer", deadline_ns=deadline_ns)

    async def shop(self, *, deadline_ns: int, scheme: str = "purse") -> CardChannel | None:
        """Power the shop's own card of a scheme; None when it cannot be reached."""
        own = _role(scheme)
        role = own if own in self._addresses else "shop"
        return await self.power(role, deadline_ns=deadline_ns)

    async def teller(self, *, deadline_ns: int) -> CardChannel | None:
        """Power the teller's purse; None when there is none, or it cannot be reached."""
        return await self.power("teller", deadline_ns=deadline_ns)

    async def close(self) -> None:
        """Leave the readers."""
        while self._slots:
            _, slot = self._slots.popitem()
            await slot.close()

    async def open(self, role: str, *, deadline_ns: int) -> CardSlot | None:
        """Open a slot that is not open yet; None when it cannot be now."""
        address = self._addresses.get(role)
        if address is None:
            return None
        # The lamps and a payment may both be the first to want it.
        async with self._opening[role]:
            slot = self._slots.get(role)
            if slot is not None:
                return slot
            try:
                slot = await open_slot(address, deadline_ns=deadline_ns, clock=self._clock)
            except (AddressError, LinkDownError) as error:
                log.warning("card_slot.unreachable", extra={"role": role, "reason": str(error)})
                self._changed(role, SlotDown(ko=getattr(error, "ko", str(error)), en=str(error)))
                return None
            self._slots[role] = slot
            if role == "customer" and isinstance(slot, StripeHead):
                self._head = slot
                slot.watch_swipes(lambda swipe: self._swiped(swipe))
                self._found_head()
                # A mute card that was in it already was read before anybody listened.
                self.read_stripe(failed=False)
            slot.watch(lambda state: self._heard(role, state))
            self._heard(role, slot.state)
            return slot

    def _heard(self, role: str, state: SlotState) -> None:
        if role == "customer" and self._mute != (mute := isinstance(state, CardMute)):
            self._mute, self._mute_ns = mute, self._clock.monotonic_ns()
        self._changed(role, state)

    async def power(self, role: str, *, deadline_ns: int) -> CardChannel | None:
        """Wait for a slot's card and power it; None when none came in time."""
        slot = await self.open(role, deadline_ns=deadline_ns)
        if slot is None:
            return None
        return await card_in(slot, deadline_ns=deadline_ns, clock=self._clock)


def _role(scheme: str) -> str:
    return f"shop/{scheme}"
