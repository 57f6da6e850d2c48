"""Customers with cards: they pay, tear the card out, leave, and come back; and those who come back later.

    torn       out of the slot before or after a command, or at a byte of its memory
    mute       it says nothing for a while
    slow       it answers when the till has given up
    the shop's own card can do all this too; the clerk puts it back

A card is in one slot at a time; who has left in doubt comes back with it, perhaps to another till.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from protocols.purse.details import decode_details
from sim.stage.soak.dice import Dice
from sim.stage.soak.registry import Kind
from sim.stage.soak.soak import Soak
from sim.stage.world.equipment import CUSTOMER, SHOP
from sim.twin import VerbError

T = TypeVar("T")
TEARS: Final = ("tear_before", "tear_after", "tear_in")
FAULTS: Final = tuple(
    f"{whose} card: {what}"
    for whose in ("customer's", "shop's")
    for what in ("torn before a command", "torn after a command", "torn in a write", "mute", "slow")
)
_WORDS: Final = {
    "tear_before": "torn before a command",
    "tear_after": "torn after a command",
    "tear_in": "torn in a write",
    "mute": "mute",
    "delay": "slow",
}
COMMANDS: Final = (*range(1, 8), 4, 5, 5, 6)
"""Of a transfer, to one card; those that move value more often."""
BYTES_OF_A_SALE: Final = 1_400
CARD_MS: Final = "60"
"""What a card takes for an answer; signing is slow."""
SLOW_MS: Final = "6000"
FAULTY_PER_MILLE: Final = 120
LEAVES_PER_MILLE: Final = 300
LOOK_SECONDS: Final = 1.0
RETURN_SECONDS: Final = 1_800.0


class CardHolder:
    """Whoever stands at one till with a card."""

    def __init__(self, soak: Soak, terminal: str) -> None:
        self._soak = soak
        self._terminal = terminal
        self._equipment = soak.world.equipment(terminal)
        self.dice = soak.dice(f"customers {terminal}")
        """The luck of whoever stands there."""
        self.label = ""
        """Of the card of whoever stands there."""
        self._leaves = False

    def may_pay(self) -> bool:
        """Say whether this till takes e-cash, and anybody comes with it."""
        return bool(self._equipment.own_card) and "customer" not in self._soak.wish.without

    def present(self) -> bool:
        """Say whether the customer still stands there, card in hand."""
        return bool(self.label)

    def of(self, attempt: str) -> str:
        """Return the card that a payment of today was made by; empty where none was."""
        for details, key in reversed(self._soak.watch.day.moved.items()):
            if key == attempt:
                payer = decode_details(details).payer
                cards = self._soak.world.purses.cards
                named = (each for each in cards if cards[each].purse.personality.name == payer)
                return next(named, "")
        return ""

    def step_up(self, label: str = "") -> bool:
        """Let a customer come whose card is in no reader, or who has this one; False where nobody can."""
        free = [
            each
            for each in ([label] if label else self._soak.world.purses.customers())
            if not any(
                till.equipment.card_in(CUSTOMER) == each for till in self._soak.world.tills.values()
            )
        ]
        if not free:
            return False
        self.label = self.dice.among(free)
        self._leaves = self.dice.chance(LEAVES_PER_MILLE) and self._happens("leaves") is not None
        return True

    def step_back(self) -> None:
        """Let the customer go."""
        self.label = ""

    async def while_paying(self, paying: Coroutine[Any, Any, T]) -> T:
        """Hold the card out while the clerk has the till work, with whatever goes wrong."""
        await self._insert(SHOP, self._equipment.own_card)
        await self._insert(CUSTOMER, self.label)
        for slot in (CUSTOMER, SHOP):
            await self._equipment.do(slot, "delay", ms=CARD_MS)
        for slot, per_mille in ((CUSTOMER, FAULTY_PER_MILLE), (SHOP, FAULTY_PER_MILLE // 4)):
            if self.dice.chance(per_mille) and (dice := self._happens(f"{slot} card")):
                await self._spoil(slot, dice)
        task = asyncio.create_task(paying)
        try:
            while not task.done():
                await asyncio.wait([task], timeout=LOOK_SECONDS)
                await self._attend()
            return await task
        finally:
            task.cancel()
            await self._mend()

    def _happens(self, what: str) -> Dice | None:
        return self._soak.happens(what, self._terminal)

    async def _attend(self) -> None:
        """Put back what was torn out, unless its owner has had enough."""
        if not self._equipment.card_in(SHOP):
            await self._insert(SHOP, self._equipment.own_card)
        if self.label and not self._equipment.card_in(CUSTOMER):
            if self._leaves:
                self._soak.step(f"customer {self._terminal}", f"leaves with {self.label}")
                self.label = ""
            else:
                await self._insert(CUSTOMER, self.label)

    async def _spoil(self, slot: str, dice: Dice) -> None:
        verb = dice.among((*TEARS, *TEARS, "mute", "delay"))
        whose = "customer's" if slot == CUSTOMER else "shop's"
        self._soak.met(f"{whose} card: {_WORDS[verb]}", state="paying")
        match verb:
            case "tear_in":
                arguments = {"count": str(dice.below(BYTES_OF_A_SALE))}
            case "tear_before" | "tear_after":
                arguments = {"count": str(dice.among(COMMANDS))}
            case "delay":
                arguments = {"ms": SLOW_MS}
            case _:
                arguments = {}
        await self._equipment.do(slot, verb, **arguments)
        self._soak.step(f"customer {self._terminal}", f"{whose} card: {_WORDS[verb]} {arguments}")

    async def _mend(self) -> None:
        """Let both slots answer again, and take the customer's card out."""
        for slot in (CUSTOMER, SHOP):
            await self._equipment.do(slot, "delay", ms="0")
            await self._equipment.do(slot, "unmute")
        if self._equipment.card_in(CUSTOMER):
            await self._equipment.do(CUSTOMER, "remove")

    async def _insert(self, slot: str, label: str) -> None:
        lying = self._equipment.card_in(slot)
        if not label or lying == label:
            return
        try:
            await self._equipment.do(slot, "swap" if lying else "insert", card=label)
        except VerbError:
            # Its owner has gone to another till with it meanwhile.
            self.label = ""


class Returning:
    """Customers who had left in doubt come back, and a clerk asks what became of their payment."""

    def __init__(self, soak: Soak, terminal: str) -> None:
        self._soak = soak
        self._terminal = terminal
        self._till = soak.world.till(terminal)
        self._dice = soak.dice(f"returning customers {terminal}")

    async def live(self) -> None:
        """Come back now and then, while the slot is free."""
        while True:
            await asyncio.sleep(self._dice.seconds(RETURN_SECONDS))
            if not self._till.running or self._till.equipment.card_in(CUSTOMER):
                continue
            if self._till.view.queue.in_doubt:
                dice = self._soak.happens("comes back", self._terminal)
                if dice is not None:
                    await self._ask(dice)

    async def _ask(self, dice: Dice) -> None:
        holder = CardHolder(self._soak, self._terminal)
        holder.dice = dice
        if holder.step_up():
            before = self._till.view.queue.in_doubt
            await holder.while_paying(self._till.key("RS"))
            self._soak.step(f"customer {self._terminal}", "comes back; the clerk asks")
            if self._till.running and self._till.view.queue.in_doubt < before:
                self._soak.recovered("doubt ended by a card that came back")


KIND: Final = Kind(name="customer", make=Returning, each_till=True, faults=FAULTS)
