"""What a card and a transfer have in common once their bank was asked: how it ended, and the way back.

    found_out     what became of an attempt; what cannot stand any more is given up, and undone
    give_back     intent, durable -> the broker asks the bank, once, under this attempt's key
    resume_back   the same request again: who has obeyed says so, who never heard of it obeys now

Money goes back to the very card or account that paid, which need not be here. All of a payment of the same day is undone at the bank, a part or an older one is a refund: the broker
knows. The end is always known sooner or later: what a bank was told to undo it is told until it has, and a
refund that nobody answers is undone. A bank that cannot be asked was not: that key is dead from then on,
so cash may be given instead (GB:cash, VT:cash, by whoever may).
Source: devices.md 4 (reversal discipline); clerk-and-courier.md 2.3 rule 8b.
"""

from dataclasses import replace
from typing import Final

from msgspec import structs

from pos.acquirer import IN_DOUBT
from pos.tenders.agreement import Ask, Desk, Paid
from pos.view import PaymentStep
from protocols.facts import Slip
from protocols.outcome import Approved, Declined, NotSent, Outcome, Unknown

NOT_ASKED: Final = "CRD-40"
REFUSED: Final = "CRD-41"
UNDONE: Final = "CRD-42"
UNKNOWN: Final = "CRD-43"
_FIELD: Final = "payment"
_MORE_THAN_LEFT: Final = "PAY-12"
_REVERSED: Final = "CRD-06"


async def found_out(method: str, ask: Ask, desk: Desk, *, stands: bool = True) -> Outcome:
    """Find out what became of an attempt; one that nobody wants, or that `stands` not, is given up."""
    why = "not-wanted"
    if desk.wanted:
        found = await desk.acquirer.inquire(key=desk.key, amount=ask.amount)
        if isinstance(found, Declined) or (isinstance(found, Approved) and stands):
            return with_approval(found, desk)
        why = "not-finished"
    given_up = await desk.acquirer.cancel(key=desk.key, method=method, amount=ask.amount, why=why)
    if isinstance(given_up, Unknown) and not desk.wanted:
        # Its sale may be settled at the broker as well: what is approved is the customer's, and goes back.
        found = await desk.acquirer.inquire(key=desk.key, amount=ask.amount)
        if isinstance(found, Approved):
            return with_approval(found, desk)
    return given_up


def with_approval(outcome: Outcome, desk: Desk) -> Outcome:
    """Have the slip say the bank's approval number, and which bank it was, where it has approved."""
    if isinstance(outcome, Approved) and desk.known is not None:
        bank = outcome.told.get("bank", desk.known.acquirer)
        known = structs.replace(desk.known, approval=outcome.reference, acquirer=bank)
        desk.slip(known)
    return outcome


async def give_back(method: str, ask: Ask, paid: Paid, desk: Desk) -> Outcome:
    """Give money of an earlier payment back. Raises: StoreError."""
    desk.slip(_known(paid.slip))
    await desk.intend(f"{_FIELD}={paid.attempt}")
    desk.progress(PaymentStep.MOVING)
    return await _asked(method, paid.attempt, ask, desk, again=False)


async def resume_back(method: str, ask: Ask, peer: str, desk: Desk) -> Outcome:
    """Find out whether it has gone back, and see to it that it does."""
    field, _, payment = peer.partition("=")
    if field != _FIELD:
        return Unknown(case_id=desk.key, reason="the intent names no payment", code=UNKNOWN)
    return await _asked(method, payment, ask, desk, again=True)


async def _asked(method: str, payment: str, ask: Ask, desk: Desk, *, again: bool) -> Outcome:
    outcome = await desk.acquirer.give_back(
        key=desk.key, method=method, amount=ask.amount, payment=payment, again=again
    )
    match outcome:
        case Approved():
            return with_approval(outcome, desk)
        case Declined(code=code) if code == _MORE_THAN_LEFT:
            return outcome
        case Declined(code=code) if code == _REVERSED:
            return replace(outcome, code=UNDONE)
        case Declined(told=told):
            return replace(outcome, code=REFUSED, blanks={"code": told.get("code", "-")})
        case NotSent():
            return replace(outcome, code=NOT_ASKED)
        case _:
            return Unknown(case_id=desk.key, reason=IN_DOUBT, code=UNKNOWN)


def _known(slip: Slip | None) -> Slip:
    """Return what of the payment's slip is true of what goes back: whose card, and which banks."""
    paid = slip or Slip()
    return Slip(
        number=paid.number,
        label=paid.label,
        issuer=paid.issuer,
        acquirer=paid.acquirer,
        terminal=paid.terminal,
        merchant=paid.merchant,
    )
