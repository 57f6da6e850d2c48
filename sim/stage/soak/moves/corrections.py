"""What is put right at a counter: baskets put aside, payments taken out of sales, sales voided and changed.

hold      the basket is put aside for the next customer; then the first of those held is gone on with,
          it may be another till's
take out  a payment goes back while its sale is open; or all of them, and the sale is given up
return    a line of one of today's own sales comes back, and what was paid for it
void      one of today's own sales comes back whole, each payment as it came
change    a payment of a closed sale is replaced by another

What a card paid goes back to that card; where it does not come, or the till cannot tell, cash goes out.
How much cash went out the clerk knows by hand.
"""

import asyncio
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sim.stage.soak.actors.hands import TRIES_MAX, Hands
from sim.stage.soak.dice import Dice
from sim.stage.soak.registry import Moment, Move
from sim.stage.told import CASH

HOLD_SECONDS: Final = 60.0
RECENT_MAX: Final = 20
"""Customers who may come back with their receipt."""
PATIENCE: Final = 20
CASH_PER_MILLE: Final = 200
"""Of payments taken out of a sale, those that are given back in cash whatever they were."""


@dataclass(frozen=True, slots=True)
class _Paid:
    """A payment of a sale."""

    attempt: str
    method: str
    amount: int


async def hold(hands: Hands, dice: Dice) -> None:
    """Put the open basket aside, and a little later go on with one."""
    await hands.key("HO")
    if await hands.has_sale():
        return
    await asyncio.sleep(dice.seconds(HOLD_SECONDS))
    await hands.key("RC")
    if hands.view.held:
        await hands.key("1RC")


async def take_out(hands: Hands, dice: Dice) -> None:
    """Give the newest payment of the open sale back."""
    paid = _standing(hands)
    if not paid:
        return
    newest, by_cash = paid[-1], dice.chance(CASH_PER_MILLE)
    for tried in range(TRIES_MAX + 1):
        in_cash = by_cash or tried == TRIES_MAX or not hands.gives_back(newest.method)
        await _with_card_of(hands, newest, "VT:cash" if in_cash else "VT")
        if not await hands.has_sale() or newest not in _standing(hands):
            hands.drawer -= newest.amount if in_cash else 0
            return
        if await hands.asked(TRIES_MAX, hands.card.of(newest.attempt)):
            # Found out, or put aside: gone it is in either case, or it stands and the sale goes on.
            return


async def give_up(hands: Hands, dice: Dice) -> None:
    """Void the open sale with what was paid for it; what does not go back stays in it."""
    before = hands.records("sale.voided")
    for _ in range(TRIES_MAX):
        paid = _standing(hands)
        cards = [each for each in paid if hands.gives_back(each.method)]
        cash = sum(each.amount for each in paid if not hands.gives_back(each.method))
        await _with_card_of(hands, cards[0] if cards else None, "VS:left")
        await hands.asked(TRIES_MAX, hands.card.of(cards[0].attempt) if cards else "")
        if not await hands.has_sale():
            hands.drawer -= cash if hands.records("sale.voided") > before else 0
            return


async def take_back(hands: Hands, dice: Dice) -> None:
    """Have goods come back that were paid in cash."""
    receipts = _receipts(hands, {CASH})
    if not receipts:
        return
    await hands.key(f"RT:{dice.among(receipts)}")
    if not hands.view.returning:
        return
    await hands.key("1RL")
    for _ in range(PATIENCE):
        if not await hands.has_sale():
            return
        amount = hands.view.returned
        if not amount:
            await hands.key("RE")
        elif await hands.booked("refund.closed", "GB"):
            hands.drawer -= amount
            return
    hands.stuck("cannot end a return")


async def void(hands: Hands, dice: Dice) -> None:
    """Void one of today's sales."""
    receipts = _receipts(hands)
    if not receipts:
        return
    order = dice.among(receipts)
    paid = _of(hands, order)
    card = next((each for each in paid if hands.card.of(each.attempt)), None)
    cash = sum(each.amount for each in paid if each.method == CASH)
    before = hands.records("refund.closed")
    for tried in range(PATIENCE):
        by_hand = tried > TRIES_MAX
        if by_hand:
            cash = -hands.view.due
        await _with_card_of(hands, card, "GB:cash" if by_hand else f"VF:{order}")
        await hands.asked(TRIES_MAX, hands.card.of(card.attempt) if card else "")
        if hands.view.correcting != "void":
            hands.drawer -= cash if hands.records("refund.closed") > before else 0
            return
    hands.stuck("cannot end a void")


async def change(hands: Hands, dice: Dice) -> None:
    """Replace the only payment of one of today's sales: cash by e-cash, anything else by cash."""
    receipts = [each for each in _receipts(hands) if len(_of(hands, each)) == 1]
    if not receipts:
        return
    order = dice.among(receipts)
    [old] = _of(hands, order)
    if old.method == CASH and not (hands.card.may_pay() and hands.card.step_up()):
        return
    before = hands.records("tender.changed")
    await hands.key(f"CT:{order}")
    in_cash, amount = old.method == CASH, 0
    for tried in range(PATIENCE):
        await hands.awake()
        if hands.view.correcting != "change":
            break
        # Of a sale of which a part came back, the rest.
        amount = amount or hands.view.due
        if hands.view.due > 0 and tried > TRIES_MAX and not hands.view.paid:
            await hands.key("CL")
        elif hands.view.due > 0 and old.method == CASH:
            await hands.with_card(hands.card.label, "EC")
        elif hands.view.due > 0:
            await _with_card_of(hands, old, "CA")
        else:
            in_cash = in_cash or tried > TRIES_MAX
            await _with_card_of(hands, old, "GB:cash" if in_cash else "GB")
        await hands.asked(TRIES_MAX, hands.card.label or hands.card.of(old.attempt))
    else:
        hands.stuck("cannot end a change of payment")
    hands.card.step_back()
    if hands.records("tender.changed") > before:
        hands.drawer += (0 if old.method == CASH else amount) - (amount if in_cash else 0)


async def _with_card_of(hands: Hands, paid: _Paid | None, entry: str) -> None:
    """Enter something with the card in the slot that made a payment, if a card did and it comes."""
    await hands.with_card("" if paid is None else hands.card.of(paid.attempt), entry)


def _standing(hands: Hands) -> list[_Paid]:
    """Return the payments of the open sale."""
    return [_Paid(each.attempt, each.method, each.amount) for each in hands.tenders()]


def _of(hands: Hands, order: str) -> list[_Paid]:
    """Return the payments of a closed sale, as its receipt shows them."""
    told = hands.soak.watch.day
    return [
        _Paid(key, told.attempts[key].method, amount)
        for key, amount in told.sales[order].tenders.items()
    ]


def _receipts(hands: Hands, methods: set[str] | None = None) -> list[str]:
    """Return today's newest sales at this till, of those that were paid in these ways alone."""
    told = hands.soak.watch.day
    own = (
        order
        for order, sale in reversed(told.sales.items())
        if sale.terminal == hands.terminal
        and sale.tenders
        and all(_goes_back(hands, told.attempts[key].method) for key in sale.tenders)
        and (methods is None or methods >= {told.attempts[key].method for key in sale.tenders})
    )
    return list(islice(own, RECENT_MAX))


def _goes_back(hands: Hands, method: str) -> bool:
    return method == CASH or hands.gives_back(method)


MOVES: Final = (
    Move(name="hold", moment=Moment.BASKET, per_mille=30, make=hold),
    Move(name="take out", moment=Moment.PART_PAID, per_mille=200, make=take_out),
    Move(name="give up", moment=Moment.PART_PAID, per_mille=100, make=give_up),
    Move(name="return", moment=Moment.BETWEEN, per_mille=40, make=take_back),
    Move(name="void", moment=Moment.BETWEEN, per_mille=25, make=void),
    Move(name="change", moment=Moment.BETWEEN, per_mille=25, make=change),
)
