"""The commands that fill a basket: scan, quantity, void, find, pick, select.

Every scan is durable before the screen shows it. An unknown code is told at once and never swallowed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pos import commands
from pos.catalogue import Match
from pos.commands import Reading
from pos.entry import masked
from pos.equipment import Display
from pos.points import BASKET, VOID
from pos.register import Register
from pos.sale import AddItem, ChangeQuantity, Refusal, TakeBack, decide, given_up
from pos.sale import Step as SaleStep
from pos.sale_events import (
    Begun,
    Event,
    Goods,
    LineAdded,
    LineDiscounted,
    LinePriced,
    LineVoided,
    QuantityChanged,
)
from pos.sale_state import Sale, SaleLine, evolve
from pos.showing import display_lines
from pos.store.journal import Draft, Ending
from pos.store.papers import Paper
from pos.view import Notice, Stage
from protocols.barcode import Check, read_barcode
from protocols.catalogue import Item
from protocols.facts import AttemptClosed, Tender
from protocols.money import Rounding

FOUND_SHOWN_MAX: Final = 9
"""One for each digit."""
_BARCODE_DIGITS_MIN: Final = 8
"""A shorter number is a code that somebody keyed."""


@dataclass(frozen=True, slots=True)
class Selling:
    """Carries out what concerns the basket."""

    register: Register
    display: Display

    async def scan(self, command: commands.Scan) -> Notice | None:
        """Sell what a code means."""
        register = self.register
        if register.assortment is None:
            return register.say("CAT-01")
        if command.reading is Reading.MISREAD:
            return register.say("SCN-03", code=masked(command.code))
        match = register.assortment.scan(command.code)
        if match is None:
            return register.say(why_unknown(command.code), code=masked(command.code))
        refused = await self._sell(match, command.quantity)
        if refused is None and command.reading is Reading.AGAIN:
            line = register.sale.lines[register.selected]
            return register.say("SCN-06", name=self._name(line.goods))
        return refused

    def match(self, command: commands.Scan) -> tuple[Goods, int] | Notice:
        """Return what a code means and how much of it, without selling it."""
        register = self.register
        if register.assortment is None:
            return register.say("CAT-01")
        found = register.assortment.scan(command.code)
        if found is None:
            return register.say(why_unknown(command.code), code=masked(command.code))
        return _goods(found), _measured(found, command.quantity)

    async def pick(self, choice: int) -> Notice | None:
        """Sell the n-th found item."""
        found = self.register.found
        if not 1 <= choice <= len(found):
            return self.register.say("ENT-10", choice=str(choice))
        return await self._sell(Match(item=found[choice - 1]), 1000)

    def find(self, text: str) -> Notice | None:
        """Show what a text may mean; an empty one closes the list."""
        register = self.register
        if register.assortment is None:
            return register.say("CAT-01")
        # One more than can be chosen tells whether there are more.
        found = register.assortment.search(text, most=FOUND_SHOWN_MAX + 1) if text else []
        register.found = tuple(found[:FOUND_SHOWN_MAX])
        register.stage = Stage.FIND if register.found else register.resting_stage()
        if not text:
            return None
        if not register.found:
            return register.say("FND-01", text=text)
        if len(found) > FOUND_SHOWN_MAX:
            return register.say("found_more", shown=FOUND_SHOWN_MAX)
        return register.say("found", count=len(found))

    async def quick(self, choice: int) -> Notice | None:
        """Sell the n-th item of the quick keys."""
        if self.register.assortment is None:
            return self.register.say("CAT-01")
        items = self.register.assortment.quick()
        if not 1 <= choice <= len(items):
            return self.register.say("ENT-10", choice=str(choice))
        return await self._sell(Match(item=items[choice - 1]), 1000)

    async def set_quantity(self, quantity: int) -> Notice | None:
        """Change the selected line."""
        if self.register.selected < 0:
            return self.register.say("ENT-07")
        return await self.step(ChangeQuantity(self.register.selected, quantity))

    async def take_back(self, line: int | None) -> Notice | None:
        """Void a line, or the last one."""
        if line is not None and line < 0:
            return self.register.say("ENT-07")
        if not self.register.sale.number:
            return self.register.say("ENT-08")
        refused = await self.step(TakeBack(line))
        if refused is not None:
            return refused
        goods = self.register.sale.lines[self.register.selected].goods
        return self.register.say("line_voided", name=self._name(goods))

    def select(self, by: int) -> Notice | None:
        """Move the selection, within the basket."""
        last = len(self.register.sale.lines) - 1
        if last >= 0:
            self.register.selected = min(max(self.register.selected + by, 0), last)
        return None

    def refuses_to_give_up(self) -> Notice | None:
        """Say why the sale cannot be voided now, if it cannot."""
        register = self.register
        if not register.sale.number:
            return register.say("ENT-08")
        back = register.sale.returning
        if back is not None and back.given:
            # Money has gone back for goods: the ticket is brought to its end, not forgotten.
            return register.say("RET-06")
        if any(not tender.tendered for tender in register.sale.tenders):
            # What a device has moved is given back by that device first (pos.voiding).
            return register.say("PAY-08", due=register.sale.due)
        return None

    async def give_up(
        self, reason: str, *, first: Sequence[Draft] = (), papers: Sequence[Paper] = ()
    ) -> Notice | None:
        """Void the sale: it stays in the journal with everything that was in it.

        `first` stands in the journal before it, in the same transaction.
        """
        register = self.register
        sale = register.sale
        refused = self.refuses_to_give_up()
        if refused is not None:
            return refused
        returned = [handed_back(register, tender, reason) for tender in sale.tenders]
        fact = given_up(replace(sale, tenders=()), shift=register.shift.number, reason=reason)
        voided = register.draft(fact, amount=fact.total)
        count = len(sale.lines)
        drafts = [*first, *returned, voided]
        await register.append(drafts, VOID, papers=list(papers), ending=Ending.CLEAR_BASKET)
        register.stage = Stage.ENTRY
        message = register.say("sale_voided", count=count)
        self.display.show("", message.display)
        return message

    async def _sell(self, match: Match, quantity: int) -> Notice | None:
        measured = _measured(match, quantity)
        return await self.step(AddItem(goods=_goods(match), quantity=measured))

    async def step(self, step: SaleStep) -> Notice | None:
        """Carry out one step on the sale, beginning one if need be; durable on return."""
        register = self.register
        begun: list[Event] = [] if register.sale.number else [self.begun()]
        sale = evolve(Sale(), begun[0]) if begun else register.sale
        events = decide(sale, step)
        if isinstance(events, Refusal):
            return register.explain(events)
        await register.keep([*begun, *events], BASKET)
        register.selected = _touched(events[-1], register.selected, len(register.sale.lines))
        register.found = ()
        register.stage = Stage.ENTRY
        if not register.sale.lines:
            return None
        line = register.sale.lines[register.selected]
        self.display.show(*display_lines(self._name(line.goods), _shown(line), register))
        return None

    def begun(self, number: int = 0) -> Begun:
        """Return the beginning of a ticket, under the next number or this one."""
        register = self.register
        assortment = register.assortment
        return Begun(
            sale=number or register.next_sale,
            vat_percent=register.policy.vat_percent,
            catalogue="" if assortment is None else assortment.version,
            policy=str(register.policy_version or ""),
        )

    def _name(self, goods: Goods) -> str:
        return goods.name_ko if self.register.language == "ko" else goods.name_en


def handed_back(register: Register, tender: Tender, reason: str) -> Draft:
    """Return the result of cash that was taken in an open sale, and handed back."""
    fact = AttemptClosed(
        sale=register.sale.number,
        method=tender.method,
        outcome="declined",
        amount=tender.amount,
        tendered=tender.tendered,
        change=tender.change,
        code="returned",
        reason=reason,
    )
    return register.draft(fact, amount=tender.amount, attempt=tender.attempt)


def why_unknown(code: str) -> str:
    """Return the message for a code that no item has: misread, a strange barcode, or a wrong number."""
    if read_barcode(code).check is Check.BAD:
        return "SCN-03"
    return "SCN-01" if code.isdigit() and len(code) >= _BARCODE_DIGITS_MIN else "ENT-03"


def _measured(match: Match, quantity: int) -> int:
    """Return how much of it: what the code weighs, so many times, or what was keyed."""
    if match.quantity is None:
        return quantity
    return Rounding.HALF_UP.divide(match.quantity * quantity, 1000)


def _goods(match: Match) -> Goods:
    item: Item = match.item
    return Goods(
        sku=item.sku,
        barcode=match.barcode,
        name_ko=item.name_ko,
        name_en=item.name_en,
        unit_price=item.price if match.amount is None else match.amount,
        tax=item.tax,
        unit=item.unit if match.amount is None else "ea",
        group=item.group,
    )


def _touched(event: Event, selected: int, count: int) -> int:
    """Return the line that is selected after an event."""
    match event:
        case LineAdded():
            return count - 1
        case QuantityChanged(line=line) | LineVoided(line=line):
            return line
        case LineDiscounted(line=line) | LinePriced(line=line):
            return line
        case _:
            return selected


def _shown(line: SaleLine) -> int:
    return line.gross - line.discount
