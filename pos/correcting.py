"""The commands that correct a sale which was closed in this shift: void it whole, or change a payment of it.

    VF[:sale]     all of it comes back and each payment goes back as it came: a refund that is marked as a
                  void, so what came back once never comes back again
    [n]CT[:sale]  its n-th payment is replaced: new ones are taken first, for the same sum, then the old one
                  goes back; one record, under keys of the sale itself

Both are tickets of their own, durable step by step: while a change is half done both payments stand, the
screen says so, and GB goes on with it, also after a restart. Nothing else is done in them. What a device
gives back holds the counter while nobody knows (pos.voiding).

Only this till's own sales of the open shift: older ones, and those of other tills, are returned (RT). So
the own journal tells enough without a line; what another till took back meanwhile, the broker asks about.
Source: clerk-and-courier.md 1.2 (Tender: change after payment, same shift), 2.3.
"""

from dataclasses import dataclass

from pos.closing import Paid, mint
from pos.originals import NotFound, Originals
from pos.points import BASKET
from pos.register import Register
from pos.returning import GivingBack, forget
from pos.returns import Original
from pos.rights import Right
from pos.sale import ATTEMPTS_MAX
from pos.sale_events import (
    ChangeBegun,
    Event,
    LineReturned,
    MemberNamed,
    ReturnableTender,
    ReturnBegun,
)
from pos.sale_state import Sale
from pos.selling import Selling
from pos.store.store import Store
from pos.tenders.agreement import Refunding
from pos.view import Notice, Stage
from pos.voiding import CASH, Voiding
from protocols.facts import EXCHANGE, SaleClosed, Tender
from protocols.journal import attempt_letter
from protocols.points import PointsRule


@dataclass(frozen=True, slots=True)
class Correcting:
    """Carries out corrections of closed sales."""

    register: Register
    selling: Selling
    returns: GivingBack
    voiding: Voiding

    async def void(self, receipt: str, reason: str) -> Notice | Paid:
        """Void a closed sale; one that is half voided is gone on with. Raises: StoreError, NotAllowedError."""
        register = self.register
        if register.sale.voiding:
            return await self.returns.give(None)
        found = await self._of_this_shift(receipt)
        if isinstance(found, Notice):
            return found
        if found.returned or sum(each.amount for each in found.tenders()) != found.sale.total:
            return register.say("VOI-04")
        lines = found.lines()
        begun = ReturnBegun(
            original=found.order,
            lines=lines,
            tenders=found.tenders(),
            reason=reason,
            approver="" if register.approval is None else register.approval.person.id,
            points=found.points(register.policy.points or PointsRule()),
            void=True,
        )
        events: list[Event] = [self.selling.begun(), begun]
        events += [LineReturned(number=line.number, quantity=line.quantity) for line in lines]
        await register.keep(events, BASKET)
        register.returned_at, register.stage = 0, Stage.RETURN
        return await self.returns.give(None)

    async def change(self, choice: int, receipt: str, reason: str) -> Notice:
        """Begin to replace a payment; the new one is taken next. Raises: StoreError, NotAllowedError."""
        register = self.register
        found = await self._of_this_shift(receipt)
        if isinstance(found, Notice):
            return found
        paid = [each for each in found.tenders() if each.method != EXCHANGE]
        if not paid:
            return register.say("RET-08")
        if not choice and len(paid) > 1:
            return register.say("VOI-08", count=len(paid))
        if choice > len(paid):
            return register.say("ENT-10", choice=str(choice))
        old = paid[choice - 1]
        if old.method != CASH and not isinstance(register.tenders.tender(old.method), Refunding):
            # It will go back in cash: nobody is asked for that only when the new one is paid.
            register.demand(Right.REFUND_OTHER_WAY)
        number = int(found.order.rpartition("-")[2])
        used = await register.runner.run(lambda store: _letters(store, found.order))
        begun = ChangeBegun(
            original=found.order,
            tender=old,
            attempts=used,
            reason=reason,
            total=found.sale.total,
        )
        events: list[Event] = [self.selling.begun(number), begun]
        if found.sale.customer and register.policy.points is not None:
            # Points that are paid instead are theirs, unless somebody else is named.
            points = found.sale.points
            shown = "" if points is None else points.shown
            events.append(MemberNamed(number=found.sale.customer, shown=shown))
        await register.keep(events, BASKET)
        register.stage = Stage.ENTRY
        return register.say(
            "change_which",
            sale=register.sale_name(number),
            method=register.method(old.method),
            amount=old.amount,
        )

    async def finish(self, method: str = "") -> Notice | Paid:
        """Give the old payment back, once the new ones stand. Raises: StoreError, NotAllowedError."""
        register = self.register
        change = register.sale.changing
        if change is None:
            return register.say("RET-07")
        if register.sale.due:
            return register.say("VOI-07", due=register.sale.due)
        old = change.tender
        giver = register.tenders.tender(old.method)
        if method in ("", old.method) and old.method != CASH and isinstance(giver, Refunding):
            given = await self.voiding.give_back(old, old.amount)
            return given if isinstance(given, Notice | Paid) else register.say("RET-07")
        if old.method != CASH:
            register.demand(Right.REFUND_OTHER_WAY)
        return await self.voiding.change_ends(self._by_hand(old), [])

    async def leave(self) -> Notice | None:
        """Let the payment be as it was, if nothing was taken instead. Raises: StoreError."""
        register = self.register
        if register.sale.tenders:
            return self.half_done()
        await register.runner.run(forget)
        register.sale, register.selected, register.stage = Sale(), -1, Stage.ENTRY
        return None

    def half_done(self) -> Notice | None:
        """Say which correction is half done; None where there is none."""
        register = self.register
        sale = register.sale
        if sale.changing is not None:
            old = register.method(sale.changing.tender.method)
            name = register.sale_name(sale.number)
            if sale.due:
                return register.say("VOI-07", due=sale.due)
            new = "+".join(dict.fromkeys(register.method(each.method) for each in sale.tenders))
            return register.say("VOI-06", sale=name, old=old, new=new)
        if sale.voiding and sale.returning is not None:
            return register.say("VOI-09", due=-sale.due)
        return None

    def refuses(self, method: str) -> Notice | None:
        """Say why a way to pay replaces nothing here, if it does not."""
        change = self.register.sale.changing
        if change is None or (method, change.tender.method) != (CASH, CASH):
            return None
        return self.register.say("VOI-10")

    def _by_hand(self, old: ReturnableTender) -> Tender:
        key = mint(self.register, self.register.sale)
        return Tender(method=CASH, attempt=key, amount=old.amount, back_to=old.attempt)

    async def _of_this_shift(self, receipt: str) -> Original | Notice:
        """Return a sale that this till closed in the open shift."""
        register = self.register
        if register.has_sale():
            return self.half_done() or register.say("PUR-38")
        originals = Originals(register)
        order = originals.named(receipt) if receipt else await self._last()
        found = NotFound.UNKNOWN if order is None else await originals.find(order)
        if isinstance(found, NotFound):
            return register.say("RET-01", receipt=(receipt or "-")[:40])
        own = order is not None and order.rpartition("-")[0] == register.order(0).rpartition("-")[0]
        if not own or found.sale.shift != register.shift.number:
            return register.say("VOI-03")
        return found

    async def _last(self) -> str | None:
        newest = await self.register.runner.run(lambda store: store.journal.newest(SaleClosed.kind))
        return None if newest is None else newest.references.get("sale")


def _letters(store: Store, order: str) -> int:
    """Return how many letters a sale has used: the first index that no key of it has, nor any after."""
    used = {key.rpartition("-")[2] for key in store.sales.keys(order)}
    last = max(
        (index for index in range(ATTEMPTS_MAX) if attempt_letter(index) in used), default=-1
    )
    return last + 1
