"""What a purse's status word says to the clerk: the message, and what fills its blanks.

Every word that a card may answer has a sentence; one that nobody knows is shown as it is. A word of
the shop's own purse says something else than the same word of the customer's.
Source: purse.md 4.2 (status words), clerk-and-courier.md 5.5.
"""

from typing import Final

from pos.purses import Witness
from protocols.iso7816 import SW
from protocols.money import Money
from protocols.outcome import Blanks, Declined, NotSent
from protocols.purse.coordinator import NotMoved, Slot
from protocols.purse.image import Life
from protocols.secure_pin import PinSW

CUSTOMER: Final[dict[int, str]] = {
    SW.FUNDS: "PUR-01",
    SW.SECURITY_NOT_SATISFIED: "PUR-04",
    SW.PIN_BLOCKED: "PUR-05",
    SW.REFERENCE_NOT_USABLE: "PUR-06",
    SW.CONDITIONS_NOT_SATISFIED: "PUR-09",
    SW.SIGNATURE_WRONG: "PUR-10",
    SW.KEY_UNKNOWN: "PUR-10",
    SW.NOT_FOUND: "PUR-10",
    SW.CLASS_NOT_SUPPORTED: "PUR-10",
    SW.INSTRUCTION_NOT_SUPPORTED: "PUR-10",
    SW.FUNCTION_NOT_SUPPORTED: "PUR-12",
    SW.LOG_FULL: "PUR-13",
    SW.LIMIT: "PUR-16",
    SW.POCKET: "PUR-17",
    SW.SEQUENCE_EXHAUSTED: "PUR-18",
    SW.MEMORY_FAILURE: "PUR-18",
    PinSW.CANCELLED: "PIN-04",
    PinSW.TIMEOUT: "PIN-05",
    PinSW.TOO_SHORT_OR_LONG: "PIN-06",
}
"""By what the customer's purse answered, or the keypad that its PIN was to come from."""
SHOP: Final[dict[int, str]] = {
    SW.REFERENCE_NOT_USABLE: "PUR-06",
    SW.CONDITIONS_NOT_SATISFIED: "PUR-09",
    SW.SIGNATURE_WRONG: "PUR-10",
    SW.KEY_UNKNOWN: "PUR-10",
    SW.NOT_FOUND: "RDR-04",
    SW.CLASS_NOT_SUPPORTED: "RDR-04",
    SW.INSTRUCTION_NOT_SUPPORTED: "RDR-04",
    SW.MEMORY_FAILURE: "RDR-04",
    SW.FUNCTION_NOT_SUPPORTED: "PUR-12",
    SW.LOG_FULL: "PUR-14",
    SW.CEILING: "PUR-15",
    SW.POCKET: "PUR-17",
}
"""By what the shop's purse answered, often about the customer's."""
LOCKED: Final = "PUR-03"
OTHER: Final = "PUR-11"


def explain(
    refused: NotMoved, witness: Witness, amount: Money, *, intended: bool
) -> Declined | NotSent:
    """Return the outcome of a transfer that did not begin or was refused; nothing moved.

    `intended`: the attempt stands in the journal, so that it gets its result there.
    """
    code = _code(refused, witness)
    reason = f"{refused.slot.value} {refused.sw:04X}"
    blanks = _blanks(code, refused, witness, amount)
    if intended or refused.sw:
        return Declined(code=code, reason=reason, blanks=blanks)
    return NotSent(code=code, reason=f"{refused.slot.value} is silent", blanks=blanks)


def _code(refused: NotMoved, witness: Witness) -> str:
    customer = refused.slot is Slot.PAYER
    if not refused.sw:
        return "RDR-03" if customer else "RDR-04"
    if customer and refused.sw == SW.SECURITY_NOT_SATISFIED:
        state = witness.states.get(Slot.PAYER)
        if state is not None and state.life == Life.LOCKED:
            return LOCKED
    return (CUSTOMER if customer else SHOP).get(refused.sw, OTHER)


def _blanks(code: str, refused: NotMoved, witness: Witness, amount: Money) -> Blanks:
    match code:
        case "PUR-01":
            state = witness.states.get(Slot.PAYER)
            balance = 0 if state is None else state.balance
            return {"balance": balance, "short": max(0, amount.minor - balance)}
        case "PUR-11":
            return {"word": f"{refused.sw:04X}"}
        case "PUR-17":
            return {"currency": amount.currency.code}
        case _:
            return {}
