"""What a person can ask of the till: one closed set of commands for screen, command line and tests.

The entry grammar (pos.entry) turns what was keyed into one of these; the till carries it out and
answers with a notice. Each command needs one named right (pos.rights).
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from protocols.facts import CashReceiptPurpose


class Reading(Enum):
    """How sure a scanner is of what it read; what is keyed is a FIRST reading."""

    FIRST = "first"
    AGAIN = "again"
    """The same code again at once: two pieces of it, or one that was read twice."""
    MISREAD = "misread"
    """Its check digit is wrong: shown, never sold."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Add an item by barcode or code; `quantity` in thousandths."""

    code: str
    quantity: int = 1000
    reading: Reading = Reading.FIRST


@dataclass(frozen=True, slots=True)
class SetQuantity:
    """Change the selected line's quantity, in thousandths."""

    quantity: int


@dataclass(frozen=True, slots=True)
class VoidLine:
    """Take back the selected line."""


@dataclass(frozen=True, slots=True)
class VoidLast:
    """Take back the line entered last."""


@dataclass(frozen=True, slots=True)
class VoidSale:
    """Give up the basket."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class VoidTender:
    """Take a payment out of the open sale, and give its money back: the n-th, from 1, or the last one."""

    choice: int = 0
    method: str = ""
    """Another way back than it came: cash."""


@dataclass(frozen=True, slots=True)
class VoidClosed:
    """Void a closed sale of this shift: all of it comes back, and its payments as they came."""

    receipt: str = ""
    """Its code, or its number today; empty: the last sale."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChangeTender:
    """Replace a payment of a closed sale of this shift; the new one is taken next."""

    choice: int = 0
    """The n-th of its payments, from 1; 0: the only one."""
    receipt: str = ""
    """As of a void."""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """Take per cent or money off the selected line, or off the whole sale; 0 takes it away again."""

    percent: int = 0
    amount: int = 0
    """Minor units."""
    whole: bool = False
    instead: bool = False
    """The selected line was given this discount a moment ago, and was not meant."""


@dataclass(frozen=True, slots=True)
class SetPrice:
    """Sell the selected line at another price, in minor units; 0 is the catalogue's again."""

    price: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Quick:
    """Sell the n-th item of the quick keys, from 1."""

    choice: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Put the basket aside; a label helps to find it again."""

    label: str = ""


@dataclass(frozen=True, slots=True)
class Recall:
    """Go on with a held basket: the n-th of the list, from 1; without a number, show the list."""

    choice: int = 0


@dataclass(frozen=True, slots=True)
class BeginReturn:
    """Goods come back: of the sale that this receipt names, or, with none, without a receipt."""

    receipt: str = ""
    """The code on it, the sale's number today, or nothing."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """A line of the earlier sale comes back, whole or so much; chosen again, not after all.

    The selected line (choice 0), when it comes back already: the money goes back.
    """

    choice: int = 0
    quantity: int | None = None
    """Thousandths."""


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Give back what is due to the customer: each payment its own, or all of it this way."""

    method: str = ""


@dataclass(frozen=True, slots=True)
class EndReturn:
    """Nothing comes back after all."""


@dataclass(frozen=True, slots=True)
class Select:
    """Move the selection by so many lines; page keys move by half a page."""

    by: int


@dataclass(frozen=True, slots=True)
class Subtotal:
    """Show what is due and the quick cash amounts; keyed again, go back to entry."""


@dataclass(frozen=True, slots=True)
class Pay:
    """Take a payment; without an amount, what is due. Cash may be more: the rest is change."""

    method: str
    amount: int | None = None
    """Minor units."""


@dataclass(frozen=True, slots=True)
class CashReceipt:
    """Say whose the sale's cash receipt is (pos.cash_receipt)."""

    purpose: CashReceiptPurpose
    shown: str
    """The number, masked."""
    number: str = field(default="", repr=False, compare=False)
    """The whole one: sealed at once, and kept nowhere else."""


@dataclass(frozen=True, slots=True)
class TakeMember:
    """Say whose sale it is: by card or telephone, or the n-th of those shown; neither: nobody's."""

    named: str = field(default="", repr=False)
    """What is keyed goes to the broker as a question, and is kept nowhere."""
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Resume:
    """Find out what became of payments in doubt; never pays anew."""


@dataclass(frozen=True, slots=True)
class Park:
    """Set the payment in doubt aside: pay another way, or give the sale up; it is paid back if paid."""

    instead: Literal["tender", "void"]


@dataclass(frozen=True, slots=True)
class PrintSituation:
    """Print how the payment in doubt stands, for the customer."""


@dataclass(frozen=True, slots=True)
class ReadPurse:
    """Read a customer's card: what it holds; with a statement, its last transfers on paper."""

    statement: bool = False


@dataclass(frozen=True, slots=True)
class LoadPurse:
    """Put value on a customer's card, for cash that is in hand."""

    amount: int
    """Minor units."""


@dataclass(frozen=True, slots=True)
class DepositPurse:
    """Give the shop's e-cash to the teller's purse; without an amount, all of it."""

    amount: int | None = None


@dataclass(frozen=True, slots=True)
class RefundPurse:
    """Give a payment by e-cash back to a customer's card; without an amount, what is left of it."""

    key: str
    """The payment's attempt key, as on the receipt."""
    amount: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class QuickCash:
    """After the subtotal: the n-th suggested amount, from 1."""

    choice: int


@dataclass(frozen=True, slots=True)
class Find:
    """Look for items by name, code or initial consonants; empty closes the list."""

    text: str


@dataclass(frozen=True, slots=True)
class Pick:
    """Take the n-th found item, from 1."""

    choice: int


@dataclass(frozen=True, slots=True)
class OpenShift:
    """Open the day with a float."""

    float_amount: int


@dataclass(frozen=True, slots=True)
class MoveCash:
    """Cash in or out of the drawer without a sale."""

    direction: Literal["in", "out", "drop"]
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class CountShift:
    """What was counted: pieces by face value in minor units. Expected stays hidden until now."""

    denominations: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CloseShift:
    """Write the Z after the count; a difference wants a reason."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class TestDevice:
    """Test a device of the device page: a page, a pulse, a pattern, or the next code that is read."""

    choice: int


@dataclass(frozen=True, slots=True)
class ReadX:
    """Print the X: the figures so far, nothing reset."""


@dataclass(frozen=True, slots=True)
class OpenDrawer:
    """Open the drawer without a sale."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reprint:
    """Print a receipt again, marked as a copy; without a number, the last one."""

    sale: int | None = None
    what: Literal["receipt", "gift", "refusal"] = "receipt"
    """Or its gift receipt, which tells no price; or the slip of a payment of it that was refused."""


@dataclass(frozen=True, slots=True)
class ChoosePaper:
    """The customer wants the open sale's receipt on paper, or only as an e-receipt."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class ShowLink:
    """Show the link of a sale's e-receipt; without a number, of the last one."""

    sale: int | None = None


@dataclass(frozen=True, slots=True)
class Train:
    """Go over to the training counter, or back from it."""


@dataclass(frozen=True, slots=True)
class SignOn:
    """Ask who works here from now on; somebody who already does hands over."""


@dataclass(frozen=True, slots=True)
class SignOff:
    """Let nobody be signed on."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Lock the till until somebody proves who they are; the sale stays."""

    reason: str = ""
    """Empty: somebody wanted it; idle, start: the program."""


@dataclass(frozen=True, slots=True)
class Prove:
    """Say who one is and prove it, where the till asks: a supervisor allows what the clerk may not."""

    person: str
    """Staff number or badge; empty: the one whose badge was scanned."""
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Show:
    """Change what the right pane shows."""

    page: Literal["sale", "menu", "queue", "devices", "help"]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Esc: clear the entry, go back one step; never cancels money in motion."""


Command = (
    Scan
    | SetQuantity
    | VoidLine
    | VoidLast
    | VoidSale
    | VoidTender
    | VoidClosed
    | ChangeTender
    | Discount
    | SetPrice
    | Quick
    | Hold
    | Recall
    | BeginReturn
    | ReturnLine
    | GiveBack
    | EndReturn
    | Select
    | Subtotal
    | Pay
    | CashReceipt
    | TakeMember
    | Resume
    | Park
    | PrintSituation
    | ReadPurse
    | LoadPurse
    | DepositPurse
    | RefundPurse
    | QuickCash
    | Find
    | Pick
    | OpenShift
    | MoveCash
    | CountShift
    | CloseShift
    | ReadX
    | TestDevice
    | OpenDrawer
    | Reprint
    | ChoosePaper
    | ShowLink
    | Train
    | SignOn
    | SignOff
    | Lock
    | Prove
    | Show
    | Cancel
)
"""Everything a person can ask of the till."""
