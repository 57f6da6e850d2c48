"""A transfer between two purses at this till: both on the table, then settled by what they say.

    route      payer      payee        whose may leave in the middle
    payment    customer   shop         the payer's
    refund     shop       customer     the payee's
    load       teller     customer     the payee's
    deposit    shop       teller       nobody's: both are the till's own

The till's own purse is powered first, so that no customer waits for a till that cannot. A lost answer is
never answered by a second transfer: both purses are asked, or the till's own alone while the customer's
is away, and what they say decides (protocols.purse.coordinator).
Source: purse.md 4.4; clerk-and-courier.md 5.5 (PUR, RDR).
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from pos.purses import CONNECT_NS, Table, Witness
from pos.tenders.agreement import Desk, GivenUp
from pos.view import PaymentStep
from protocols.facts import PurseMoved
from protocols.money import Money
from protocols.outcome import Approved, Declined, Missing, NotSent, Outcome, Unknown
from protocols.ports import NANOSECONDS_PER_SECOND, CardChannel
from protocols.purse.attempt import attest
from protocols.purse.coordinator import (
    InDoubt,
    NotMoved,
    Result,
    Slot,
    Transferred,
    recover,
    recover_at_payee,
    recover_at_payer,
)
from protocols.purse.details import PaymentDetails, PurseClass
from protocols.purse.proof import transfer_reference

CARD_NS: Final = 30 * NANOSECONDS_PER_SECOND
"""How long a customer has to put the card in; Esc ends it before."""
RECOVERIES_MAX: Final = 3
"""How often purses that are there are asked before the clerk is told that nobody knows."""
RECOVERY_NS: Final = 2 * NANOSECONDS_PER_SECOND
"""How long the recovery of a payment waits for a card: the till asks again by itself (pos.checking)."""
_CARD_GONE: Final = "PUR-07"
_RESULT_UNKNOWN: Final = "PUR-08"
_NOTHING_MOVED: Final = "PUR-19"
_OTHER_CARD: Final = "PUR-27"
_MISSING: Final = {_CARD_GONE: Missing.CARD, _OTHER_CARD: Missing.ANOTHER_CARD}
"""Where the card is not there: asking again at once would tell nothing new of a payment."""
_GIVEN_UP: Final = "PUR-22"


class Side(Enum):
    """Whose purse it is."""

    CUSTOMER = "customer"
    SHOP = "shop"
    TELLER = "teller"


_CLASSES: Final = {
    Side.CUSTOMER: PurseClass.CONSUMER,
    Side.SHOP: PurseClass.MERCHANT,
    Side.TELLER: PurseClass.TELLER,
}
"""What a purse is taken for that has not said it."""


@dataclass(frozen=True, slots=True)
class Route:
    """From whose purse to whose."""

    payer: Side
    payee: Side

    def side(self, slot: Slot) -> Side:
        """Return whose purse has a role."""
        return self.payer if slot is Slot.PAYER else self.payee

    @property
    def own(self) -> Slot:
        """Return the role of the till's own purse; of both, the payer's."""
        return Slot.PAYEE if self.payer is Side.CUSTOMER else Slot.PAYER


PAYMENT: Final = Route(Side.CUSTOMER, Side.SHOP)
REFUND: Final = Route(Side.SHOP, Side.CUSTOMER)
LOAD: Final = Route(Side.TELLER, Side.CUSTOMER)
DEPOSIT: Final = Route(Side.SHOP, Side.TELLER)


async def set_table(
    route: Route, desk: Desk, witness: Witness, card_ns: int = CARD_NS
) -> Table | NotSent:
    """Power both purses; the till's own first. The clerk may give up waiting."""
    desk.progress(PaymentStep.CARD)
    table = Table(clock=desk.clock, witness=witness)
    for slot in (route.own, _other(route.own)):
        side = route.side(slot)
        wait_ns = card_ns if side is Side.CUSTOMER else CONNECT_NS
        channel = await desk.unless_given_up(power(side, desk, wait_ns))
        if channel is None or isinstance(channel, GivenUp):
            await table.close()
            return _not_there(side, given_up=channel is not None)
        table.channels[slot] = channel
    return table


async def settled(
    result: Result,
    route: Route,
    amount: Money,
    desk: Desk,
    witness: Witness,
    *,
    patient: bool | None = None,
) -> Outcome:
    """Ask the purses until they tell; keep the evidence of what moved.

    Not `patient`, as payments are: the till asks again by itself (pos.checking), so a card that is away
    is not waited for.
    """
    patient = route != PAYMENT if patient is None else patient
    told = _Told(result, _RESULT_UNKNOWN)
    for _ in range(RECOVERIES_MAX):
        absent = not patient and told.code in _MISSING
        if not isinstance(told.result, InDoubt) or absent:
            break
        wait_ns = CONNECT_NS if patient else RECOVERY_NS
        told = await _asked(told.result, route, desk, witness, wait_ns)
    match told.result:
        case Transferred(details):
            _tell(details, route, desk, witness)
            await _attest(details, route, desk, witness)
            desk.keep(_moved(details, route, witness))
            return Approved(
                amount=Money(details.value, amount.currency), reference=transfer_reference(details)
            )
        case NotMoved(slot, sw):
            reason = f"{slot.value} {sw:04X}, both purses asked"
            return Declined(code=_NOTHING_MOVED, reason=reason)
        case InDoubt(details=details, reason=reason):
            _tell(details, route, desk, witness)
            missing = _MISSING.get(told.code, Missing.NOTHING)
            return Unknown(case_id=desk.key, reason=reason, code=told.code, missing=missing)
        case _:
            assert_never(told.result)


@dataclass(frozen=True, slots=True)
class _Told:
    """What the purses said, and the message for the clerk should it be nothing."""

    result: Result
    code: str


async def _asked(doubt: InDoubt, route: Route, desk: Desk, witness: Witness, wait_ns: int) -> _Told:
    """Connect anew and recover; without the customer's card the till's own purse may know alone."""
    own, other = route.own, _other(route.own)
    table = Table(clock=desk.clock, witness=witness)
    try:
        if not await _add(table, own, route, desk, wait_ns):
            silent = InDoubt(doubt.details, own, f"the {route.side(own).value}'s purse is silent")
            return _Told(silent, _RESULT_UNKNOWN)
        ask = recover_at_payee if own is Slot.PAYEE else recover_at_payer
        alone = await table.play(ask(doubt.details))
        if isinstance(alone, Transferred) or (own is Slot.PAYER and isinstance(alone, NotMoved)):
            # As payer it has given up what it offered: nothing can move any more.
            return _Told(alone, "")
        if not await _add(table, other, route, desk, wait_ns):
            return _Told(alone, _CARD_GONE)
        result = await table.play(recover(doubt.details, desk.day))
        return _Told(result, _why(result, route, witness))
    finally:
        await table.close()


def _why(result: Result, route: Route, witness: Witness) -> str:
    """Return the message for two purses that were both there and did not tell."""
    if isinstance(result, InDoubt) and route.side(result.slot) is Side.CUSTOMER:
        card = witness.states.get(result.slot)
        details = result.details
        name = details.payer if result.slot is Slot.PAYER else details.payee
        if result.refused and (card is None or card.name != name):
            return _OTHER_CARD
    return _RESULT_UNKNOWN


def _tell(details: PaymentDetails, route: Route, desk: Desk, witness: Witness) -> None:
    """Say what both sides last said: for the receipt, or while nobody knows."""
    sides = witness.sides(details)
    if route == PAYMENT:
        desk.told(card=sides.card, balance=sides.balance, shop=sides.shop)
    elif route == REFUND:
        # What the payer's side said is the shop's here, and its balance is nobody's business.
        desk.told(card=sides.shop, balance=None, shop=sides.card)


async def _attest(details: PaymentDetails, route: Route, desk: Desk, witness: Witness) -> None:
    """Have the payee's purse say it again, where no message of the transfer was seen."""
    if witness.evidence(details):
        return
    table = Table(clock=desk.clock, witness=witness)
    try:
        if await _add(
            table, Slot.PAYEE, route, desk, CONNECT_NS if route != PAYMENT else RECOVERY_NS
        ):
            await table.play(attest(details))
    finally:
        await table.close()


def _moved(details: PaymentDetails, route: Route, witness: Witness) -> PurseMoved:
    payer, payee = witness.states.get(Slot.PAYER), witness.states.get(Slot.PAYEE)
    return PurseMoved(
        details=details.encode(),
        own="payee" if route.own is Slot.PAYEE else "payer",
        message=witness.evidence(details),
        payer_class=_CLASSES[route.payer] if payer is None else payer.purse_class,
        payee_class=_CLASSES[route.payee] if payee is None else payee.purse_class,
    )


async def _add(table: Table, slot: Slot, route: Route, desk: Desk, wait_ns: int) -> bool:
    channel = await power(route.side(slot), desk, wait_ns)
    if channel is not None:
        table.channels[slot] = channel
    return channel is not None


async def power(side: Side, desk: Desk, wait_ns: int = CONNECT_NS) -> CardChannel | None:
    """Power somebody's purse; None when it did not come, or cannot be reached."""
    deadline_ns = desk.clock.monotonic_ns() + wait_ns
    match side:
        case Side.CUSTOMER:
            return await desk.cards.customer(deadline_ns=deadline_ns)
        case Side.SHOP:
            return await desk.cards.shop(deadline_ns=deadline_ns)
        case Side.TELLER:
            return await desk.cards.teller(deadline_ns=deadline_ns)
        case _:
            assert_never(side)


def _not_there(side: Side, *, given_up: bool) -> NotSent:
    if given_up:
        return NotSent(code=_GIVEN_UP, reason=f"nobody waits for the {side.value}'s purse any more")
    match side:
        case Side.CUSTOMER:
            seconds = CARD_NS // NANOSECONDS_PER_SECOND
            return NotSent(code="RDR-02", reason="no card came", blanks={"seconds": seconds})
        case Side.SHOP:
            return NotSent(code="RDR-04", reason="the shop's purse cannot be reached")
        case Side.TELLER:
            return NotSent(code="PUR-33", reason="the teller's purse cannot be reached")
        case _:
            assert_never(side)


def _other(slot: Slot) -> Slot:
    return Slot.PAYEE if slot is Slot.PAYER else Slot.PAYER
