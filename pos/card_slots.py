"""The two card slots as configured: the customer's and the shop's, opened when they are first needed.

A slot that cannot be opened now is tried again with the next payment: a reader is plugged in, a bench
is started. Implements pos.purses.Cards. Source: devices.md section 0.
"""

import logging
from typing import Final

from devices.smart_card import card_in, open_slot
from protocols.address import Address, AddressError
from protocols.ports import CardChannel, CardSlot, Clock, LinkDownError

log: Final = logging.getLogger("pos.card_slots")


class SlotCards:
    """Purses in two readers, or in whatever else the addresses name."""

    configured = True

    def __init__(self, *, customer: Address, shop: Address, clock: Clock) -> None:
        """Keep the addresses; nothing is opened yet."""
        self._addresses = {"customer": customer, "shop": shop}
        self._clock = clock
        self._slots: dict[str, CardSlot] = {}

    async def customer(self, *, deadline_ns: int) -> CardChannel | None:
        """Wait for the customer's card and power it; None when none came in time."""
        return await self._power("customer", deadline_ns)

    async def shop(self, *, deadline_ns: int) -> CardChannel | None:
        """Power the shop's own purse; None when it cannot be reached."""
        return await self._power("shop", deadline_ns)

    async def close(self) -> None:
        """Leave the readers."""
        while self._slots:
            _, slot = self._slots.popitem()
            await slot.close()

    async def _power(self, role: str, deadline_ns: int) -> CardChannel | None:
        slot = self._slots.get(role)
        if slot is None:
            address = self._addresses[role]
            try:
                slot = await open_slot(address, deadline_ns=deadline_ns, clock=self._clock)
            except (AddressError, LinkDownError) as error:
                log.warning("card_slot.unreachable", extra={"role": role, "reason": str(error)})
                return None
            self._slots[role] = slot
        return await card_in(slot, deadline_ns=deadline_ns, clock=self._clock)
