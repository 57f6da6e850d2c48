"""Hold and recall: a basket put aside unpaid, and gone on with here or at another till of the store.

    hold     sale.held (the basket with all its events) and the end of the basket, one transaction
    recall   a new sale under its own number, sale.recalled, and the held basket gone, one transaction

Numbers are never shared: whoever goes on takes a number of his own, so no two tills ever mint one
attempt key. What other tills hold is asked of the broker, which gives each basket to one till only; a
till without a line has its own. A basket that somebody has begun to pay stays where it is.
Source: clerk-and-courier.md 1.2 (Basket).
"""

from dataclasses import dataclass
from typing import Final

from msgspec import structs

from pos.elsewhere import Taken, There
from pos.points import HOLD, RECALL
from pos.register import Register
from pos.sale_events import (
    AttemptMade,
    Begun,
    Event,
    Recalled,
    TenderHeld,
    decode_events,
)
from pos.store.held import HELD_MAX, HeldBasket
from pos.store.journal import Ending
from pos.view import Notice, Stage
from protocols.facts import SaleHeld, SaleRecalled

LISTED_MAX: Final = 9
"""One for each digit."""
LABEL_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Holding:
    """Carries out hold and recall."""

    register: Register

    async def hold(self, label: str) -> Notice:
        """Put the open basket aside. Raises: StoreError."""
        register = self.register
        sale = register.sale
        if not register.has_sale() or sale.is_empty():
            return register.say("ENT-08")
        order = register.order(sale.number)
        in_doubt = any(doubt.order == order for doubt in await register.doubts())
        if sale.tenders or in_doubt or (sale.returning is not None and sale.returning.given):
            return register.say("HLD-02")
        if sale.returning is not None:
            # Meanwhile the same goods could come back in another ticket, and be paid for twice.
            return register.say("HLD-06")
        if await register.runner.run(lambda store: len(store.held.all())) >= HELD_MAX:
            return register.say("HLD-04", limit=HELD_MAX)
        stored = await register.runner.run(lambda store: store.basket.events())
        basket = HeldBasket(
            hold=order,
            label=(label.strip() or self._first_goods())[:LABEL_MAX],
            total=sale.total,
            pieces=sale.pieces,
            held_ns=register.clock.now_ns(),
            events=stored,
        )
        fact = SaleHeld(
            sale=sale.number,
            shift=register.shift.number,
            hold=order,
            total=sale.total,
            pieces=sale.pieces,
            label=basket.label,
            basket=list(stored),
        )
        await register.append(
            [register.draft(fact, amount=fact.total)],
            HOLD,
            ending=Ending.CLEAR_BASKET,
            within=lambda store: store.held.add(basket),
        )
        register.stage = Stage.ENTRY
        return register.say("sale_held", label=basket.label, total=basket.total)

    async def listed(self) -> Notice:
        """Show what is held, here and elsewhere. Raises: StoreError."""
        register = self.register
        if register.has_sale():
            return register.say("HLD-03")
        register.held = await self._all()
        if not register.held:
            return register.say("HLD-01")
        register.stage = Stage.RECALL
        return register.say("recall_which", count=len(register.held))

    async def recall(self, choice: int) -> Notice | None:
        """Go on with the n-th of the list. Raises: StoreError."""
        register = self.register
        if register.has_sale():
            return register.say("HLD-03")
        if not register.held:
            register.held = await self._all()
        if not 1 <= choice <= len(register.held):
            return register.say("ENT-10", choice=str(choice))
        chosen = register.held[choice - 1]
        register.held = ()
        register.stage = Stage.ENTRY
        basket = await self._had(chosen.hold)
        if basket is None:
            return register.say("HLD-05", label=chosen.label)
        number = register.next_sale
        begun, *rest = decode_events(basket.events)
        assert isinstance(begun, Begun), "a held basket begins as every basket"
        events: list[Event] = [
            structs.replace(begun, sale=number),
            Recalled(hold=basket.hold),
            *(event for event in rest if not isinstance(event, AttemptMade | TenderHeld)),
        ]
        fact = SaleRecalled(sale=number, shift=register.shift.number, hold=basket.hold)
        await register.append(
            [register.draft(fact, amount=basket.total)],
            RECALL,
            events=events,
            within=lambda store: store.held.take(basket.hold),
        )
        register.selected = len(register.sale.lines) - 1
        return register.say("sale_recalled", label=basket.label, total=register.sale.total)

    async def _all(self) -> tuple[HeldBasket, ...]:
        register = self.register
        there = There() if register.offline else await register.elsewhere.held()
        for hold in there.gone:
            await self._forget(hold)
        own = await register.runner.run(lambda store: store.held.all())
        names = {basket.hold for basket in own}
        others = [basket for basket in there.baskets if basket.hold not in names]
        return tuple([*own, *others][:LISTED_MAX])

    async def _had(self, hold: str) -> HeldBasket | None:
        """Return a basket that is ours to go on with: the broker gives it to one till only.

        Where the broker cannot be asked, or has not heard of it yet, our own is ours.
        """
        register = self.register
        given: HeldBasket | Taken = Taken.NOBODY_KNOWS
        if not register.offline:
            given = await register.elsewhere.take(hold, register.order(register.next_sale))
        if isinstance(given, HeldBasket):
            return given
        own = await register.runner.run(lambda store: store.held.all())
        found = next((basket for basket in own if basket.hold == hold), None)
        if given is Taken.BY_ANOTHER and found is not None:
            await self._forget(hold)
            return None
        return found

    async def _forget(self, hold: str) -> None:
        """Let go of our own copy of a basket that another till goes on with."""
        await self.register.runner.run(lambda store: store.held.take(hold))

    def _first_goods(self) -> str:
        line = next(line for line in self.register.sale.lines if not line.voided)
        korean = self.register.language == "ko"
        return line.goods.name_ko if korean else line.goods.name_en
