"""The payment in doubt that holds the counter: which it is, and what is known of it.

    look(register, ...)   after every answer of a device, every parking and every start
    shown(register)       the same for the screen

An attempt holds the counter from the moment its result is unknown, or a till that ended in between is
started again, until it is known or parked: the stage is DOUBT, and nothing else goes on.
Source: clerk-and-courier.md 2.3 rules 5 and 8b, 5.4 (IN_DOUBT).
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pos.purses import Sides
from pos.store.journal import Doubt
from pos.tenders.agreement import holds_money
from pos.view import DoubtView, Side, Stage
from protocols.outcome import Missing, Unknown
from protocols.ports import NANOSECONDS_PER_SECOND

if TYPE_CHECKING:
    from pos.register import Register

ASKING_NS: Final = 300 * NANOSECONDS_PER_SECOND
"""How long the till asks by itself before it leaves that to the clerk."""
NOTHING_KNOWN: Final = Sides(card=Side.UNKNOWN, balance=None, shop=Side.UNKNOWN)
_RESTARTED: Final = "PUR-29"
_ASKED: Final = "CRD-05"
"""The same where no card is in it: whoever was asked has not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """The attempt, and what each side last said."""

    doubt: Doubt
    code: str
    """The message; level C."""
    missing: Missing = Missing.CARD
    sides: Sides = NOTHING_KNOWN
    restarted: bool = False
    """It was found at a start: no card was seen to leave."""
    asking: bool = False
    checks: int = 0
    until_ns: int = 0


async def look(
    register: "Register", unknown: Unknown | None = None, sides: Sides = NOTHING_KNOWN
) -> None:
    """Find which attempt holds the counter, if any, and set the stage. Raises: StoreError.

    `unknown` and `sides` are what a tender has just said of it; without them the till has just started.
    """
    doubts = await register.doubts() if register.counts.in_doubt else []
    found = next((doubt for doubt in doubts if doubt.holds), None)
    if found is None:
        if register.doubted is not None:
            register.doubted, register.stage = None, register.resting_stage()
        return
    register.stage = Stage.DOUBT
    doubted = register.doubted
    if doubted is None or doubted.doubt.key != found.key:
        until_ns = register.clock.now_ns() + ASKING_NS
        carded = holds_money(register.tenders.tender(found.fact.method))
        doubted = Doubted(
            doubt=found,
            code=_RESTARTED if carded else _ASKED,
            missing=Missing.CARD if carded else Missing.NOTHING,
            restarted=unknown is None,
            until_ns=until_ns,
        )
    if unknown is not None:
        # No card was seen to leave: after a restart the same says only that it is not there.
        still = doubted.restarted and unknown.missing is Missing.CARD
        doubted = replace(
            doubted,
            code=_RESTARTED if still else unknown.code,
            missing=unknown.missing,
            sides=_newer(doubted.sides, sides),
        )
    register.doubted = replace(doubted, doubt=found)


def shown(register: "Register") -> DoubtView | None:
    """Return what holds the counter, for the screen."""
    doubted = register.doubted
    if doubted is None:
        return None
    fact = doubted.doubt.fact
    tender = register.tenders.tender(fact.method)
    return DoubtView(
        said=register.say(doubted.code),
        method=fact.method if tender is None else tender.label(register.setup.language),
        key=doubted.doubt.key,
        amount=fact.amount,
        sale=f"{doubted.doubt.intent.business_date[4:]}-{fact.sale:04d}",
        card=doubted.sides.card,
        balance=doubted.sides.balance,
        shop=doubted.sides.shop,
        carded=holds_money(tender),
        wants_card=doubted.missing is not Missing.NOTHING,
        asking=doubted.asking,
        checks=doubted.checks,
        back=fact.service == "void",
        until_ns=doubted.until_ns,
    )


def _newer(before: Sides, now: Sides) -> Sides:
    """Return what is known: nobody takes back what a card once said by saying nothing."""
    return Sides(
        card=before.card if now.card is Side.UNKNOWN else now.card,
        balance=before.balance if now.balance is None else now.balance,
        shop=before.shop if now.shop is Side.UNKNOWN else now.shop,
    )
