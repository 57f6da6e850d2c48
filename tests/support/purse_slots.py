"""Two cards in memory as a till's slots: exchanges are counted, and any of them may be lost."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pos.purses import CardChannel
from protocols.icash.card import IcashCard
from protocols.icash.module import IcashModule
from protocols.purse.card import Purse
from protocols.secure_pin import PinSW, decode_pin_entry

Chip = Purse | IcashCard | IcashModule


@dataclass
class MemoryChannel:
    """A powered card; dead from the first lost answer on."""

    slots: "MemorySlots"
    purse: Chip
    alive: bool = True

    async def transmit(self, apdu: bytes, *, deadline_ns: int) -> bytes | None:
        await asyncio.sleep(0.01)
        if not self.alive:
            return None
        self.slots.passed()
        self.slots.exchanges += 1
        loss = self.slots.losses.get(self.slots.exchanges)
        if loss is None:
            return self.purse.handle(apdu)
        self.alive = False
        if loss:
            self.purse.handle(apdu)
        return None

    @property
    def has_keypad(self) -> bool:
        return self.slots.keys is not None

    async def enter_pin(self, structure: bytes, *, deadline_ns: int) -> bytes | None:
        """Let the next customer's keys be pressed: digits, or a word of the keypad's own."""
        assert self.slots.keys is not None
        entry = decode_pin_entry(structure)
        keys = self.slots.keys.pop(0)
        await (asyncio.sleep(entry.timeout_s) if keys is PinSW.TIMEOUT else self.slots.thinking())
        if isinstance(keys, PinSW):
            return keys.to_bytes(2)
        return await self.transmit(entry.command(keys), deadline_ns=deadline_ns)

    async def close(self) -> None:
        self.alive = False


@dataclass
class MemorySlots:
    """Implements pos.purses.Cards."""

    card: Chip | None
    own: Chip | None
    """The shop's, of whatever scheme is asked for and has none of its own below."""
    losses: dict[int, bool] = field(default_factory=dict)
    """By number of the exchange: its answer is lost; whether the card had still done it."""
    others: dict[str, Chip] = field(default_factory=dict)
    """The shop's by scheme."""
    lacks: frozenset[str] = frozenset()
    """Schemes that have no slot for a card of the shop's."""
    bulk: Purse | None = None
    """The teller's purse."""
    exchanges: int = 0
    channels: list[MemoryChannel] = field(default_factory=list)
    configured: bool = True
    reads: bool = True
    mute_ns: int = 0
    patience_seconds: float = 0.0
    """How long the customer's slot waits for a card."""
    keys: "list[str | PinSW] | None" = None
    """What is pressed on the readers' keypad, entry by entry; None where they have none."""
    thinking: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(1)
    """Until the customer has pressed it."""
    passed: Callable[[], None] = lambda: None
    """Called before every exchange."""

    def swap(self, card: Purse) -> None:
        """Put another card in, so fast that nobody notices: the channel goes on to it."""
        self.card = card
        card.power_on()
        card.selected = True
        for channel in self.channels:
            if channel.purse is not self.own:
                channel.purse = card

    async def customer(self, *, deadline_ns: int) -> CardChannel | None:
        waits_until = asyncio.get_running_loop().time() + self.patience_seconds
        while self.card is None and asyncio.get_running_loop().time() < waits_until:
            await asyncio.sleep(0.05)
        return await self._power(self.card)

    async def shop(self, *, deadline_ns: int, scheme: str = "purse") -> CardChannel | None:
        return await self._power(self.others.get(scheme, self.own))

    def read_stripe(self, *, failed: bool) -> None:
        """These slots have no head for stripes."""

    def keeps(self, scheme: str) -> bool:
        return scheme not in self.lacks

    @property
    def has_teller(self) -> bool:
        return self.bulk is not None

    async def teller(self, *, deadline_ns: int) -> CardChannel | None:
        return await self._power(self.bulk)

    async def _power(self, purse: Chip | None) -> CardChannel | None:
        await asyncio.sleep(0.1)
        if purse is None:
            return None
        purse.power_on()
        self.channels.append(MemoryChannel(self, purse))
        return self.channels[-1]
