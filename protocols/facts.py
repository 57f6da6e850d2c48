"""Facts: what happened at a terminal. The bodies of journal records, by kind.

A fact has happened; the broker always accepts it, with a question where something is odd
(decisions.md "Facts"). Amounts are minor units of the record's currency. Every fact is a small
MessagePack map; names are the wire, so a field is only ever added, with a default.

    shift.opened      float counted into the drawer, business date fixed
    attempt.opened    the intent to move money, before the first byte that can move it
    attempt.closed    its result: the outcome, by name
    attempt.parked    nobody knows its result, and the sale goes another way: it is paid back if paid
    tender.changed    a payment of a closed sale replaced by others, the sum as it was
    tender.voided     a payment taken out of its open sale; how its money went back
    sale.closed       goods and money changed hands; the whole sale in one record
    sale.voided       a basket given up, with everything that was in it
    sale.held         a basket put aside, to go on here or at another till
    sale.recalled     a held basket goes on here
    cash.moved        into or out of the drawer without a sale: pay-in, pay-out, drop
    drawer.opened     by hand, with a reason
    receipt.copied    a copy of a receipt goes to the printer; durable before it leaves it
    refund.closed     money went back to a customer
    purse.moved       value moved between two purses here, with the message that proves it
    value.taken       value came into the shop's own device by another scheme, with what proves it
    purse.commanded   what a purse said to a command of its issuer
    purse.claimed     a purse's exception log, frozen for the issuer and signed by the purse
    shift.counted     what the clerk counted, by denomination, before seeing what was expected
    shift.closed      the Z: its number, its totals, what was over or short
    staff.signed      somebody signed on or off, locked or unlocked the till, handed it over
    staff.approved    somebody allowed what leaves no other record; elsewhere the record names them
    staff.refused     somebody could not prove who they are, or may not: wrong PINs, a dead badge
    terminal.noted    something about the terminal itself worth keeping: restart, recovery, enrolment
"""

from typing import Annotated, ClassVar, Final, Literal

import msgspec

from protocols.card_number import mask_of, without_numbers
from protocols.malformed import MALFORMED
from protocols.receipt_link import TOKEN_PATTERN

TaxClass = Literal["taxed", "exempt"]
"""taxed: VAT is inside the price; exempt: none (fresh food, books)."""


Service = Literal["", "refund", "load", "deposit", "void"]
"""What an attempt is for that is no payment: value back to a customer for goods or by itself, value for
cash, the shop's value to its bank's teller; a payment that is given back because it is taken out of its
sale."""


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of all bodies."""

    kind: ClassVar[str] = ""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a sale as it was sold; prices and names are kept, never looked up again."""

    sku: str
    barcode: str = ""
    name_ko: str
    name_en: str
    quantity: int
    """In thousandths of the unit: 3 pieces are 3000, 0.512 kg is 512."""
    unit: str = "ea"
    unit_price: int
    discount: int = 0
    """What was taken off this line, zero or positive, the line's part of a whole-sale discount included."""
    amount: int
    """What the line costs after discount."""
    tax: TaxClass = "taxed"
    group: str = ""
    voided: bool = False
    """Scanned and taken back: stays in the journal, counts for nothing."""
    sale_discount: int = 0
    """How much of `discount` is the line's part of what came off the whole sale."""
    list_price: int = 0
    """The catalogue's price, where the clerk took another one; 0 where not."""
    reason: str = ""
    """Why it has another price."""
    approver: str = ""
    """Who allowed its price or discount, where the clerk alone might not."""
    original: int = 0
    """Of a line that came back: which line of the sale it was, from 1."""


SlipEntry = Literal["", "chip", "contactless", "stripe", "fallback", "passbook", "terminal"]
"""How the card was read. fallback: the stripe of a card whose chip failed; passbook: the IC card of an
account; terminal: by a stand-alone terminal, which does not say how."""

SlipVerified = Literal["", "online_pin", "offline_pin", "signature", "none"]
"""How the holder was verified; empty where nobody said."""

SLIP_TEXT_MAX: Final = 64
"""Characters of a text, and of a line of a terminal's receipt; the rest is cut off."""
SLIP_LINES_MAX: Final = 100


class Slip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the papers say of a payment that a bank decided, or a stand-alone terminal.

    No card's number can stand in it: `number` is masked whatever it is given, and so is every row of
    digits that may be one in the texts that come from a card, a bank or a terminal.
    """

    number: str = ""
    """Of the card or the account, masked (protocols.card_number)."""
    label: str = ""
    """The scheme or the application, as the card or the terminal names it."""
    aid: bytes = b""
    cryptogram: bytes = b""
    """8 bytes: the chip's newest."""
    cryptogram_kind: Literal["", "TC", "ARQC", "AAC"] = ""
    approval: str = ""
    """The bank's approval number."""
    entry: SlipEntry = ""
    verified: SlipVerified = ""
    issuer: str = ""
    """The bank of the card or the account, by name."""
    acquirer: str = ""
    """The bank that the shop has its money from, by name."""
    terminal: str = ""
    """The terminal's number as that bank knows it."""
    merchant: str = ""
    """The shop's."""
    instalments: int = 0
    """In how many months a credit card is paid, as is usual in Korea; 0: at once."""
    lines: list[str] = []
    """The receipt that a stand-alone terminal sent, line by line."""

    def __post_init__(self) -> None:
        """Mask and shorten: a slip tells of money that may have moved, so nothing is refused here."""
        force = msgspec.structs.force_setattr
        force(self, "number", mask_of(self.number)[-SLIP_TEXT_MAX:])
        for name in ("label", "approval", "issuer", "acquirer"):
            force(self, name, _shown(getattr(self, name)))
        force(self, "lines", [_shown(line) for line in self.lines[:SLIP_LINES_MAX]])


def _shown(text: str) -> str:
    # Masked before it is cut, lest most of a number be left; and after, since less of a row may pass for one.
    return without_numbers(without_numbers(text)[:SLIP_TEXT_MAX])


class Tender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One payment that stands in a sale."""

    method: str
    """The tender's name: cash, card, purse, transfer; or EXCHANGE."""
    attempt: str
    """The attempt key."""
    amount: int
    """What counts toward the sale."""
    tendered: int = 0
    """Cash handed over."""
    change: int = 0
    """Cash given back."""
    reference: str = ""
    """The peer's own number: approval number, purse reference."""
    back_to: str = ""
    """Of money that went back: the attempt key that it was once paid under."""
    balance: int | None = None
    """What the customer's card holds now, by its own word; None where it has not said."""
    slip: Slip | None = None
    """What a bank's payment is printed with; None for a payment without a bank."""


EXCHANGE: Final = "exchange"
"""The tender by which goods that came back pay for others in the same ticket."""


class Reduction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came off the whole sale; spread over the lines, whose discounts include it."""

    amount: int
    """Minor units, positive."""
    percent: int = 0
    code: str = ""
    """Of the coupon; empty for the clerk's own discount."""
    name_ko: str = ""
    name_en: str = ""
    approver: str = ""


class Points(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a sale or a return does to a member's points, beside those that pay or go back."""

    amount: int
    """Earned by the sale; taken back by the return."""
    shown: Annotated[str, msgspec.Meta(max_length=40)] = ""
    """Whose, masked (protocols.members); empty where only the card's number is known."""
    balance: int | None = None
    """What the member has after it, as far as the till knew."""


CashReceiptPurpose = Literal["income", "expense", "self"]
"""income: the customer's income deduction; expense: a business's; self: nobody gave a number."""


class CashReceiptAsked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Korean cash receipt was asked for, or the law demands it; no agent has approved it."""

    purpose: CashReceiptPurpose
    shown: Annotated[str, msgspec.Meta(max_length=24)]
    """Whose: a phone, business or card number, masked before anything kept it; or the tax office's own."""
    amount: int
    """What was paid in cash."""
    sealed: Annotated[bytes, msgspec.Meta(max_length=128)] = b""
    """The whole number, sealed for the broker that sends it to an agent (protocols.cash_receipt_agent)."""


class ShiftOpened(Fact, frozen=True, kw_only=True):
    """A clerk opened the day with a float."""

    kind: ClassVar[str] = "shift.opened"
    shift: int
    """Counts shifts of this terminal, gap-free."""
    float_amount: int
    store: str
    drawer: str = "1"


class AttemptOpened(Fact, frozen=True, kw_only=True):
    """Intent: durable before the first byte that can move value."""

    kind: ClassVar[str] = "attempt.opened"
    sale: int
    method: str
    amount: int
    peer: str = ""
    """What the recovery needs to ask: purse names, terminal id, bank reference; as `name=value;...`"""
    repays: str = ""
    """The attempt whose money this gives back to the customer: here the shop pays."""
    service: Service = ""
    """Empty for a payment. Any other is no payment: what it moved, purse.moved and its own facts say."""
    refunds: str = ""
    """The payment that a refund gives back, by its attempt key."""
    slip: Slip | None = None
    """What is known already of what will be printed: a till that ends now prints it after it has asked."""


class AttemptClosed(Fact, frozen=True, kw_only=True):
    """Result: durable before "done" is shown, the drawer opens or paper moves."""

    kind: ClassVar[str] = "attempt.closed"
    sale: int
    method: str
    outcome: Literal["approved", "declined", "pending", "unknown", "not_sent"]
    amount: int
    tendered: int = 0
    change: int = 0
    reference: str = ""
    code: str = ""
    reason: str = ""
    late: bool = False
    """Approved after its sale was settled another way or given up: it is the customer's money."""
    repays: str = ""
    """As the attempt's intent says."""
    service: Service = ""
    """As the attempt's intent says."""
    refunds: str = ""
    """As the attempt's intent says."""
    slip: Slip | None = None
    """What the papers say of it; of a declined attempt, too, where its device said something."""


class AttemptParked(Fact, frozen=True, kw_only=True):
    """An attempt in doubt was set aside by somebody who may: its sale goes on without it."""

    kind: ClassVar[str] = "attempt.parked"
    sale: int
    method: str
    amount: int
    instead: Literal["tender", "void"]
    """What becomes of the sale: paid another way, or given up."""
    service: Service = ""
    """As the attempt's intent says. Of a void: the sale goes on as if the money had gone back."""


class TenderVoided(Fact, frozen=True, kw_only=True):
    """A payment was taken out of its sale before that was closed, and its money went back.

    Where a device gave it back, in the same transaction as the result of that attempt; or as its parking,
    and then what becomes of the attempt says whether the money has gone, or is the customer's still.
    """

    kind: ClassVar[str] = "tender.voided"
    sale: int
    shift: int
    tender: Tender
    """The payment as it stood in the sale."""
    back: Tender
    """How the money went back; its `back_to` is the payment."""


class SaleClosed(Fact, frozen=True, kw_only=True):
    """Goods and money changed hands."""

    kind: ClassVar[str] = "sale.closed"
    sale: int
    """The terminal's sale number within the business date, as it stands in the attempt keys."""
    shift: int
    lines: list[Line]
    total: int
    discount: int = 0
    net: int = 0
    """Supply value of the taxed lines."""
    vat: int = 0
    exempt: int = 0
    tenders: list[Tender]
    customer: str = ""
    """The member's number (protocols.members)."""
    training: bool = False
    reductions: list[Reduction] = []
    recalled: str = ""
    """The held sale that this one went on with (SaleHeld.hold)."""
    cash_receipt: CashReceiptAsked | None = None
    link: Annotated[str, msgspec.Meta(pattern=f"^({TOKEN_PATTERN})?$")] = ""
    """The token of its e-receipt (protocols.receipt_link); empty: it has none."""
    points: Points | None = None


class SaleVoided(Fact, frozen=True, kw_only=True):
    """A basket was given up before it was paid."""

    kind: ClassVar[str] = "sale.voided"
    sale: int
    shift: int
    lines: list[Line]
    total: int
    reason: str = ""


class SaleHeld(Fact, frozen=True, kw_only=True):
    """A basket was put aside unpaid, to go on later here or at another till of the store."""

    kind: ClassVar[str] = "sale.held"
    sale: int
    """Its number is used up; whoever goes on with it takes a number of his own."""
    shift: int
    hold: Annotated[str, msgspec.Meta(max_length=40)]
    """Its name: store-terminal-YYYYMMDD-sale."""
    total: int
    pieces: int
    label: Annotated[str, msgspec.Meta(max_length=40)] = ""
    """What the clerk knows it by, or its first goods."""
    basket: list[bytes] = []
    """The basket's own events, for the till that goes on with it (pos.sale_events)."""


class SaleRecalled(Fact, frozen=True, kw_only=True):
    """A held basket goes on at this terminal."""

    kind: ClassVar[str] = "sale.recalled"
    sale: int
    shift: int
    hold: Annotated[str, msgspec.Meta(max_length=40)]


class CashMoved(Fact, frozen=True, kw_only=True):
    """Cash in or out of the drawer without a sale."""

    kind: ClassVar[str] = "cash.moved"
    shift: int
    direction: Literal["in", "out", "drop"]
    """in: paid in; out: paid out (an expense); drop: to the safe."""
    amount: int
    reason: str
    against: Literal["float", "e-cash"] = "float"
    """Where cash that is paid in comes from: the owner, or a customer for value on a card."""


class DrawerOpened(Fact, frozen=True, kw_only=True):
    """The drawer was opened by hand."""

    kind: ClassVar[str] = "drawer.opened"
    shift: int
    reason: str


class ReceiptCopied(Fact, frozen=True, kw_only=True):
    """A reprint, marked as such; the record's actor asked for it."""

    kind: ClassVar[str] = "receipt.copied"
    sale: int
    copy: int
    reason: str = ""
    """gift: a gift receipt, the how-many-th is `copy`; restart: a sudden end caught it on its way."""


class RefundClosed(Fact, frozen=True, kw_only=True):
    """Money went back to a customer."""

    kind: ClassVar[str] = "refund.closed"
    sale: int
    """This refund's own number, from the same sequence as sales; an exchange and its sale have one."""
    shift: int
    original: str = ""
    """store-terminal-YYYYMMDD-sale of the sale returned; empty without a receipt."""
    lines: list[Line]
    total: int
    net: int = 0
    vat: int = 0
    exempt: int = 0
    tenders: list[Tender]
    reason: str = ""
    void: bool = False
    """The whole sale was voided in the shift in which it was made: its goods never left."""
    customer: str = ""
    """The member whose sale it was."""
    points: Points | None = None


class TenderChanged(Fact, frozen=True, kw_only=True):
    """A payment of a closed sale was replaced in the same shift: goods and sum stay as they were.

    The new payments were taken first, under keys of the sale itself, then the old one went back.
    """

    kind: ClassVar[str] = "tender.changed"
    sale: int
    """The closed sale's own number: whatever comes back of it later goes to the new payments."""
    shift: int
    original: str
    """store-terminal-YYYYMMDD-sale."""
    tender: Tender
    """The payment that was replaced: what of it still stood."""
    back: Tender
    """How its money went back; its `back_to` is that payment."""
    taken: list[Tender]
    """What was paid instead; the same sum."""
    reason: str = ""
    cash_receipt: CashReceiptAsked | None = None
    """Over what of it is paid in cash now."""


Details = Annotated[bytes, msgspec.Meta(min_length=38, max_length=38)]
"""Payment details of e-cash (protocols.purse.details)."""


class PurseMoved(Fact, frozen=True, kw_only=True):
    """Value moved from one purse to another at this terminal: a payment, a refund, a load, a deposit.

    In the same transaction as the result of its attempt, where it has one.
    """

    kind: ClassVar[str] = "purse.moved"
    details: Details
    own: Literal["payer", "payee"]
    """Which of the two is the terminal's own purse."""
    message: Annotated[bytes, msgspec.Meta(max_length=215)] = b""
    """VAL or ACK with its certificate (protocols.purse.proof): the VAL where it was seen; empty where
    neither could be had again."""
    payer_class: int = 0
    """As the purses say it (protocols.purse.details.PurseClass)."""
    payee_class: int = 1


class ValueTaken(Fact, frozen=True, kw_only=True):
    """Value came into the shop's own device, by a scheme that only its tender and its module know.

    In the same transaction as the result of its attempt. The payment module of the tender's name says
    where it is booked, and looks at the details and the proof.
    """

    kind: ClassVar[str] = "value.taken"
    method: str
    """The tender's name."""
    device: Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z]{1,32}$")]
    """The shop's device, as the scheme names it: the value is in there until it is collected."""
    amount: int
    details: Annotated[bytes, msgspec.Meta(min_length=1, max_length=255)]
    """What names this movement, once: in the scheme's own bytes."""
    proof: Annotated[bytes, msgspec.Meta(max_length=255)] = b""
    """What the scheme's issuer or collector pays against; empty where it could not be had again."""


class PurseClaimed(Fact, frozen=True, kw_only=True):
    """A purse gave its exception log to be claimed; none of it can complete late any more."""

    kind: ClassVar[str] = "purse.claimed"
    certificate: Annotated[bytes, msgspec.Meta(min_length=112, max_length=112)]
    nonce: Annotated[bytes, msgspec.Meta(min_length=8, max_length=8)]
    """Of the issuer's CLAIM command."""
    answer: Annotated[bytes, msgspec.Meta(max_length=97)]
    """What the purse signed (protocols.purse.issuing.open_claim)."""
    entries: Annotated[list[Details], msgspec.Meta(max_length=255)]


class PurseCommanded(Fact, frozen=True, kw_only=True):
    """A purse was given a command of its issuer here, and answered.

    A CLAIM that was taken is told by purse.claimed instead.
    """

    kind: ClassVar[str] = "purse.commanded"
    name: Annotated[bytes, msgspec.Meta(min_length=8, max_length=8)]
    command: int
    """The issuer's number of it (protocols.broker.PurseCommand)."""
    what: Literal["update", "claim", "clear"]
    sw: int
    """The card's status word, two bytes; 9000: taken."""


class ShiftCounted(Fact, frozen=True, kw_only=True):
    """What was counted, before the clerk saw what was expected."""

    kind: ClassVar[str] = "shift.counted"
    shift: int
    counted: int
    denominations: dict[str, int] = {}
    """Pieces by face value in minor units."""


class ClerkTotals(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one person did in a shift."""

    person: str
    """As records name them."""
    name: str
    """As colleagues knew them then."""
    sales: int = 0
    gross: int = 0
    refunds: int = 0
    """Money given back."""
    voids: int = 0


class ShiftClosed(Fact, frozen=True, kw_only=True):
    """The Z report's figures."""

    kind: ClassVar[str] = "shift.closed"
    shift: int
    z: int
    """Gap-free."""
    store: str
    sales: int
    """How many sales."""
    gross: int
    net: int
    vat: int
    exempt: int
    discounts: int = 0
    voids: int = 0
    tender_voids: int = 0
    """Payments taken out of open sales."""
    tender_changes: int = 0
    """Payments of closed sales that were replaced."""
    undone: int = 0
    """Closed sales that were voided; their money is among what was given back."""
    refunds: int = 0
    by_method: dict[str, int]
    by_clerk: list[ClerkTotals] = []
    """Who sold what, by number."""
    members: int = 0
    """How many sales were members'."""
    points_earned: int = 0
    points_back: int = 0
    """Taken back with goods."""
    float_amount: int
    cash_in: int = 0
    cash_out: int = 0
    drops: int = 0
    expected: int
    """Cash that should be in the drawer."""
    counted: int
    over_short: int
    """counted - expected: negative is short."""
    reason: str = ""
    unsent: int = 0
    in_doubt: int = 0
    questioned: int = 0
    terminal_total: int | None = None
    """What the payment terminal's own END OF DAY came to; None: there is none, or it has not said."""


SignAct = Literal["on", "off", "lock", "unlock"]


class StaffSigned(Fact, frozen=True, kw_only=True):
    """Who works at the terminal from now on. The record's actor is that person."""

    kind: ClassVar[str] = "staff.signed"
    act: SignAct
    person: str
    """The number."""
    role: str
    before: str = ""
    """Who worked there until now and handed over; empty for nobody, or the same."""
    reason: str = ""
    """Of a lock: idle, start; of an off: dismissed. Empty: the person wanted it."""
    sale: int = 0
    """The sale that was open and is so still; 0 for none."""


class StaffApproved(Fact, frozen=True, kw_only=True):
    """An override of something that has no record of its own, such as a changed line of an open sale.

    The record's actor is the clerk who asked, its approver who allowed it.
    """

    kind: ClassVar[str] = "staff.approved"
    right: str
    """What was allowed, by its name in documents (pos.rights)."""
    sale: int = 0
    """The open sale; 0 for none."""


class StaffRefused(Fact, frozen=True, kw_only=True):
    """Somebody was not taken for who they said they are. The record's actor works at the till."""

    kind: ClassVar[str] = "staff.refused"
    person: str
    """Who they said: the number."""
    reason: Literal["pin", "inactive", "right"]
    """pin: wrong too often; inactive: no longer of the staff; right: may not allow it."""
    right: str = ""
    """What it was for; empty for signing on."""
    tries: int = 0
    """Wrong PINs in a row."""
    locked_seconds: int = 0
    """How long this person's PIN is not tried any more."""


class TerminalNoted(Fact, frozen=True, kw_only=True):
    """Something about the terminal itself."""

    kind: ClassVar[str] = "terminal.noted"
    note: str
    detail: dict[str, str] = {}


FACTS: Final[dict[str, type[Fact]]] = {
    fact.kind: fact
    for fact in (
        ShiftOpened,
        AttemptOpened,
        AttemptClosed,
        AttemptParked,
        TenderVoided,
        SaleClosed,
        SaleVoided,
        SaleHeld,
        SaleRecalled,
        CashMoved,
        DrawerOpened,
        ReceiptCopied,
        RefundClosed,
        TenderChanged,
        PurseMoved,
        ValueTaken,
        PurseClaimed,
        PurseCommanded,
        ShiftCounted,
        ShiftClosed,
        StaffSigned,
        StaffApproved,
        StaffRefused,
        TerminalNoted,
    )
}
"""Every fact by its kind."""


class FactError(ValueError):
    """A body is not what its kind says."""


_ENCODER: Final = msgspec.msgpack.Encoder(order="deterministic")
_DECODERS: Final = {kind: msgspec.msgpack.Decoder(fact) for kind, fact in FACTS.items()}


def encode_fact(fact: Fact) -> msgspec.Raw:
    """Return the body of a record."""
    return msgspec.Raw(_ENCODER.encode(fact))


def decode_fact(kind: str, body: msgspec.Raw | bytes) -> Fact:
    """Decode a body by its kind. Raises: FactError for an unknown kind or another shape."""
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise FactError(f"unknown kind of fact {kind!r}")
    try:
        return decoder.decode(body)
    except MALFORMED as error:
        raise FactError(f"not a {kind}: {error}") from error
