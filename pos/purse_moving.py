"""Value that leaves a purse of the till's own: a refund, a load, a deposit; begun and brought to its end.

Cards, intent, transfer, and whatever the purses say where an answer was lost: one outcome. What the
customer's card or the till's own refused has its sentence. Source: purse.md 4.4.
"""

from dataclasses import dataclass, field

from pos.purse_refusals import explain
from pos.purse_transfer import CARD_NS, Route, set_table, settled
from pos.purses import VALUE_MAX, Witness
from pos.tenders.agreement import Desk
from pos.view import PaymentStep
from protocols.money import Money
from protocols.outcome import NotSent, Outcome
from protocols.purse.attempt import peer_of
from protocols.purse.coordinator import NotMoved, Order, PurseState, Slot, transfer
from protocols.purse.details import PaymentDetails, order_reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """What came of it."""

    outcome: Outcome
    before: dict[Slot, PurseState] = field(default_factory=dict)
    """What each purse said of itself before anything moved."""


class _OtherCardError(Exception):
    """The card that is there is not the one that is to be paid; nothing was intended."""


async def move(
    route: Route,
    amount: Money,
    reference: str,
    desk: Desk,
    *,
    to: bytes = b"",
    wait_ns: int = CARD_NS,
    patient: bool = True,
) -> Moving:
    """Move value between two purses, one of them the till's own payer.

    `reference` is what the transfer is bound to, for ever: an attempt key. `to` names the purse that
    alone may be paid; `wait_ns` is how long the customer's card is waited for; not `patient`: the till asks again by itself
    should nobody know. Raises: StoreError, from making the intent durable; nothing has moved then.
    """
    if amount.minor > VALUE_MAX:
        blanks = {"amount": amount.minor, "limit": VALUE_MAX}
        return Moving(
            outcome=NotSent(code="PAY-03", reason="more than a purse holds", blanks=blanks)
        )
    witness = Witness()
    before: dict[Slot, PurseState] = {}

    async def intend(details: PaymentDetails) -> None:
        if to and details.payee != to:
            raise _OtherCardError
        before.update(witness.states)
        await desk.intend(peer_of(details))
        desk.progress(PaymentStep.MOVING)

    table = await set_table(route, desk, witness, wait_ns)
    if isinstance(table, NotSent):
        return Moving(outcome=table)
    order = Order(
        value=amount.minor,
        currency=amount.currency.number,
        reference=order_reference(reference),
        day=desk.day,
    )
    try:
        result = await table.play(transfer(order), intend)
    except _OtherCardError:
        return Moving(
            outcome=NotSent(code="PUR-46", reason="another card than the one that is owed")
        )
    finally:
        await table.close()
    if isinstance(result, NotMoved):
        refused = explain(
            result,
            witness,
            amount,
            intended=bool(before),
            route=route,
            language=desk.language,
        )
        return Moving(outcome=refused, before=before)
    outcome = await settled(result, route, amount, desk, witness, patient=patient)
    return Moving(outcome=outcome, before=before)
