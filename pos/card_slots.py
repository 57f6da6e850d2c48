"""The card slots as configured: the customers' and the shop's, opened when they are first needed.

Customers' cards of every scheme go into one slot; what is in it is found by asking it. The shop's own
cards stay in theirs: one slot a scheme where it is named so, else the shop's slot.
A slot that cannot be opened now is tried again with the next payment: a reader is plugged in, a bench
is started. Implements pos.purses.Cards. Source: devices.md section 0.
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from devices.smart_card import card_in, open_slot
from protocols.address import Address, AddressError
from protocols.ports import CardChannel, CardSlot, Clock, LinkDownError

log: Final = logging.getLogger("pos.card_slots")


class SlotCards:
    """Cards in readers, or in whatever else the addresses name."""

    configured = True

    def __init__(
        self,
        *,
        customer: Address,
        shop: Address | None = None,
        schemes: Mapping[str, Address] = MappingProxyType({}),
        clock: Clock,
    ) -> None:
        """Keep the addresses; nothing is opened yet. `schemes` have a slot of their own."""
        self._addresses = {"customer": customer}
        self._addresses |= {"shop": shop} if shop is not None else {}
        self._addresses |= {_role(scheme): address for scheme, address in schemes.items()}
        self._clock = clock
        self._slots: dict[str, CardSlot] = {}

    async def customer(self, *, deadline_ns: int) -> CardChannel | None:
        """Wait for the customer's card and power it; None when none came in time."""
        return await self._power("customer", deadline_ns)

    async def shop(self, *, deadline_ns: int, scheme: str = "purse") -> CardChannel | None:
        """Power the shop's own card of a scheme; None when it cannot be reached."""
        own = _role(scheme)
        return await self._power(own if own in self._addresses else "shop", deadline_ns)

    async def close(self) -> None:
        """Leave the readers."""
        while self._slots:
            _, slot = self._slots.popitem()
            await slot.close()

    async def _power(self, role: str, deadline_ns: int) -> CardChannel | None:
        slot = self._slots.get(role)
        if slot is None:
            address = self._addresses.get(role)
            if address is None:
                return None
            try:
                slot = await open_slot(address, deadline_ns=deadline_ns, clock=self._clock)
            except (AddressError, LinkDownError) as error:
                log.warning("card_slot.unreachable", extra={"role": role, "reason": str(error)})
                return None
            self._slots[role] = slot
        return await card_in(slot, deadline_ns=deadline_ns, clock=self._clock)


def _role(scheme: str) -> str:
    return f"shop/{scheme}"
