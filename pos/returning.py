"""The commands for goods that come back: find the sale, take lines back, give the money back.

    RT:RECEIPT    the sale, from any till of the store (pos.originals); RT alone: without a receipt
    nRL           line n comes back whole, or not after all
    GB            the money goes back to the payments of the sale, a card's to the card, cash last
    scanning      goods bought in exchange, in the same ticket: only the difference is paid or goes back

Nothing is promised before it is done: the refund is a fact in one durable transaction with the sale it is
exchanged for, and only then does the drawer open. Money that a device moves has its own attempt, its
intent first. Source: clerk-and-courier.md 1.2 (Returns), 5.3 task 5.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from pos.closing import Paid, close, mint
from pos.originals import NotFound, Originals, overtaken
from pos.register import Register
from pos.returns import Original
from pos.rights import Right
from pos.sale import BeginReturn, EndReturn, GiveBack, Refusal, ReturnGoods, ReturnLine, decide
from pos.sale_events import AttemptMade, Goods, ReturnableTender, ReturnBegun
from pos.sale_state import Sale, evolve
from pos.selling import Selling
from pos.store.store import Store
from pos.tenders.agreement import Refunding
from pos.view import Notice, Stage
from protocols.facts import Tender
from protocols.points import PointsRule

_CASH: Final = "cash"

GiveByDevice = Callable[[ReturnableTender, int], Awaitable[Notice | Paid | Tender]]
"""Lets a device give money back; a notice where it did not, or nobody knows."""


@dataclass(frozen=True, slots=True)
class GivingBack:
    """Carries out returns."""

    register: Register
    selling: Selling
    by_device: GiveByDevice
    in_void: GiveByDevice
    """The same where a closed sale is voided: nothing else goes on while nobody knows."""

    async def begin(self, receipt: str, reason: str) -> Notice | None:
        """Let goods come back: of a sale, or without a receipt. Raises: StoreError, NotAllowedError."""
        register = self.register
        if not receipt and register.sale.returning is not None:
            register.stage = Stage.RETURN
            return None
        if not receipt:
            return await self._without_receipt(reason)
        originals = Originals(register)
        order = originals.named(receipt.strip())
        if order is None:
            return register.say("RET-01", receipt=receipt)
        found = await originals.find(order)
        match found:
            case NotFound.UNKNOWN:
                return register.say("RET-01", receipt=receipt)
            case NotFound.AWAY:
                return register.say("RET-02", receipt=receipt)
            case Original():
                return await self._of(found, reason)

    async def take(self, choice: int, quantity: int | None) -> Notice | Paid | None:
        """Take a line back whole, or so much of it; the selected one for choice 0.

        A line that comes back already, chosen again, gives the money back.
        """
        register = self.register
        back = register.sale.returning
        if back is None:
            return register.say("RET-07")
        at = choice - 1 if choice else register.returned_at
        if not 0 <= at < len(back.lines):
            return register.say("ENT-10", choice=str(choice))
        register.returned_at = at
        line, taken = back.lines[at], back.taken[at]
        if quantity is None and taken and not choice:
            return await self.give(None)
        wanted = quantity if quantity is not None else 0 if taken else line.quantity
        refused = await self.selling.step(ReturnLine(number=line.number, quantity=wanted))
        register.stage = Stage.RETURN
        return refused or register.say("returned", amount=max(0, -register.sale.due))

    async def take_goods(self, goods: Goods, quantity: int) -> Notice:
        """Take goods back without a receipt."""
        register = self.register
        limit = register.policy.refund_without_receipt_max
        refused = await self.selling.step(ReturnGoods(goods=goods, quantity=quantity, limit=limit))
        register.stage = Stage.RETURN
        return refused or register.say("returned", amount=max(0, -register.sale.due))

    def select(self, by: int) -> None:
        """Move to another line of the sale."""
        back = self.register.sale.returning
        last = 0 if back is None else len(back.lines) - 1
        self.register.returned_at = min(max(self.register.returned_at + by, 0), max(last, 0))

    async def end(self) -> Notice | None:
        """Let nothing come back after all. Raises: StoreError."""
        register = self.register
        if register.sale.returning is None:
            return None
        if (register.sale.lines or register.sale.attempts) and not register.sale.voiding:
            refused = await self.selling.step(EndReturn())
            register.stage = Stage.ENTRY
            return refused
        if register.sale.returning.given:
            return register.say("RET-06")
        # Nothing was sold, nothing came back; where no key was minted the number is still free.
        await register.runner.run(forget)
        if register.sale.attempts:
            register.next_sale = max(register.next_sale, register.sale.number + 1)
        register.sale, register.selected, register.stage = Sale(), -1, Stage.ENTRY
        return None

    async def give(self, method: str | None) -> Notice | Paid:
        """Give back what is due to the customer, and close the ticket.

        Without a method, each payment of the sale gets its own. Raises: StoreError, NotAllowedError.
        """
        register = self.register
        back = register.sale.returning
        if back is None or not back.any_taken:
            return register.say("RET-07")
        if register.sale.due > 0:
            return register.say("RET-09", due=register.sale.due)
        if refused := await overtaken(register):
            return refused
        while (left := -register.sale.due) > 0:
            way = self._way(method, left)
            amount = min(left, way.amount)
            if way.method == _CASH:
                self._hand_over(way, amount)
                continue
            given = await (self.in_void if back.void else self.by_device)(way, amount)
            if isinstance(given, Notice | Paid):
                return given
        return await close(register, register.sale, [])

    def _way(self, method: str | None, left: int) -> ReturnableTender:
        """Return where the next part goes. Raises: NotAllowedError where it is another way."""
        register = self.register
        back = register.sale.returning
        assert back is not None
        ways = back.ways_back()
        fitting = [way for way in ways if method is None or way.method == method]
        way = fitting[0] if fitting else None
        if way is not None and (way.method == _CASH or self._can(way.method)):
            return way
        if back.original:
            # Its own way is closed, or another one was asked for: cash, if somebody allows it.
            register.demand(Right.REFUND_OTHER_WAY)
        # One payment after the other: each is told what of it went back.
        to = (ways[0].attempt, ways[0].amount) if ways else ("", left)
        return ReturnableTender(method=_CASH, attempt=to[0], amount=to[1])

    def _can(self, method: str) -> bool:
        return isinstance(self.register.tenders.tender(method), Refunding)

    def _hand_over(self, way: ReturnableTender, amount: int) -> None:
        """Note cash that will go back; it becomes durable with the end of the ticket."""
        register = self.register
        sale = register.sale
        key = mint(register, sale)
        tender = Tender(method=_CASH, attempt=key, amount=amount, back_to=way.attempt)
        events = decide(sale, GiveBack(tender=tender))
        assert not isinstance(events, Refusal), "no more goes back than is due"
        for event in (AttemptMade(key=key), *events):
            sale = evolve(sale, event)
        register.sale = sale

    async def _of(self, original: Original, reason: str) -> Notice | None:
        register = self.register
        lines = original.lines()
        if not lines:
            return register.say("RET-08")
        days = (_day(register.business_date) - _day(original.business_date)).days
        if days > register.policy.refund_days_max:
            register.demand(Right.RETURN_LATE)
        begun = ReturnBegun(
            original=original.order,
            lines=lines,
            tenders=original.tenders(),
            reason=reason,
            approver=self._approver(),
            points=original.points(register.policy.points or PointsRule()),
        )
        return await self._begun(begun, len(lines))

    async def _without_receipt(self, reason: str) -> Notice | None:
        register = self.register
        if not register.policy.refund_without_receipt_max:
            return register.say("RET-10")
        register.demand(Right.RETURN_WITHOUT_RECEIPT)
        return await self._begun(ReturnBegun(reason=reason, approver=self._approver()), 0)

    async def _begun(self, begun: ReturnBegun, lines: int) -> Notice | None:
        register = self.register
        refused = await self.selling.step(BeginReturn(begun=begun))
        if refused is not None:
            return refused
        register.returned_at = 0
        register.stage = Stage.RETURN
        return register.say("return_which", count=lines) if lines else register.say("return_scan")

    def _approver(self) -> str:
        approval = self.register.approval
        return "" if approval is None else approval.person.id


def forget(store: Store) -> None:
    """Let a ticket in which nothing happened be none."""
    with store.database.transaction():
        store.basket.clear()


def _day(business_date: str) -> date:
    return date.fromisoformat(business_date)
