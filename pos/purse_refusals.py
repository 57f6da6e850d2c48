"""What a purse's status word says to the clerk: the message, and what fills its blanks.

Every word that a card may answer has a sentence; one that nobody knows is shown as it is. A word of
the shop's own purse says something else than the same word of the customer's, and of a purse that was to
pay something else than of one that was to be paid.
Source: purse.md 4.2 (status words), clerk-and-courier.md 5.5.
"""

from typing import Final

from pos.messages import Language
from pos.purse_transfer import PAYMENT, Route, Side
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
OWN: Final[dict[int, str]] = {
    SW.FUNDS: "PUR-30",
    SW.REFERENCE_NOT_USABLE: "PUR-06",
    SW.CONDITIONS_NOT_SATISFIED: "PUR-09",
    SW.SIGNATURE_WRONG: "PUR-10",
    SW.KEY_UNKNOWN: "PUR-10",
    SW.FUNCTION_NOT_SUPPORTED: "PUR-12",
    SW.POCKET: "PUR-17",
}
"""By what a purse of the till's own answered that was to pay, or the teller's at all; PUR-32 else."""
LOCKED: Final = "PUR-03"
OTHER: Final = "PUR-11"
OTHER_OWN: Final = "PUR-32"
CARD_FULL: Final = "PUR-31"
_SILENT: Final = {Side.CUSTOMER: "RDR-03", Side.SHOP: "RDR-04", Side.TELLER: "PUR-33"}
_WHOSE: Final[dict[Side, dict[Language, str]]] = {
    Side.SHOP: {"ko": "매장", "en": "The shop's"},
    Side.TELLER: {"ko": "창구", "en": "The teller's"},
}


def explain(
    refused: NotMoved,
    witness: Witness,
    amount: Money,
    *,
    intended: bool,
    route: Route = PAYMENT,
    language: Language = "en",
) -> Declined | NotSent:
    """Return the outcome of a transfer that did not begin or was refused; nothing moved.

    `intended`: the attempt stands in the journal, so that it gets its result there.
    """
    side = route.side(refused.slot)
    code = _code(refused, witness, side)
    reason = f"{side.value} {refused.sw:04X}"
    blanks = _blanks(code, refused, witness, amount)
    if code in ("PUR-30", OTHER_OWN):
        blanks = {**blanks, "whose": _WHOSE[side][language]}
    if intended or refused.sw:
        return Declined(code=code, reason=reason, blanks=blanks)
    return NotSent(code=code, reason=f"{side.value} is silent", blanks=blanks)


def _code(refused: NotMoved, witness: Witness, side: Side) -> str:
    if not refused.sw:
        return _SILENT[side]
    if side is Side.CUSTOMER:
        if refused.sw == SW.CEILING:
            return CARD_FULL
        state = witness.states.get(refused.slot)
        locked = state is not None and state.life == Life.LOCKED
        if locked and refused.sw == SW.SECURITY_NOT_SATISFIED:
            return LOCKED
        return CUSTOMER.get(refused.sw, OTHER)
    if side is Side.SHOP and refused.slot is Slot.PAYEE:
        return SHOP.get(refused.sw, OTHER)
    return OWN.get(refused.sw, OTHER_OWN)


def _blanks(code: str, refused: NotMoved, witness: Witness, amount: Money) -> Blanks:
    state = witness.states.get(refused.slot)
    balance = 0 if state is None else state.balance
    match code:
        case "PUR-01" | "PUR-30":
            return {"balance": balance, "short": max(0, amount.minor - balance)}
        case "PUR-11" | "PUR-32":
            return {"word": f"{refused.sw:04X}"}
        case "PUR-17":
            return {"currency": amount.currency.code}
        case "PUR-31":
            return {"room": 0 if state is None else max(0, state.ceiling - balance)}
        case _:
            return {}
