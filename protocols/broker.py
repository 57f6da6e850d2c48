"""The other requests of a terminal to its broker, JSON over HTTP, each under a session MAC.

    POST /v1/payments                ask for a payment through a module; the key is the terminal's
    GET  /v1/payments/KEY            what became of it: asked after silence, never sent again anew
    POST /v1/cancellations           a payment is not wanted: it is undone, and a late request is refused
    POST /v1/refunds                 ask for money back on a payment
    POST /v1/give-backs              a terminal gives money of a payment back by the bank that paid it
    GET  /v1/inquiries/NAME          settled | open | refunded | refund-requests   (the paper's I14-I17)
    GET  /v1/sales/ORDER             a closed sale of this store, and what came back of it
    GET  /v1/held                    baskets that tills of this store have put aside
    POST /v1/held                    one of them, for the terminal that goes on with it
    POST /v1/members                 who a card or telephone is, and what points they have
    GET  /v1/purses/NAME/commands    what the issuer wants of a card that is at a reader
    GET  /v1/documents/NAME          the newest signed document (MessagePack)
    GET  /v1/health                  no MAC: is anybody there

A refusal that is not an outcome (bad MAC, bad JSON, unknown module) is an Problem with a 4xx status.
"""

from typing import Annotated, Final, Literal

import msgspec

PURSE_COMMANDS_MAX: Final = 4
"""Told at one go; what is left is told next time."""
MEMBERS_MAX: Final = 9
"""Told for four digits; a clerk chooses by one key."""
PURSE_COMMANDS: Final = "purse-commands"
"""Among the versions of documents: the number of the newest command for a purse. No document."""
InquiryName = Literal["settled", "open", "refunded", "refund-requests"]
OutcomeName = Literal["approved", "declined", "pending", "unknown", "not_sent"]


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ask for money. The same key asked again answers what happened the first time."""

    key: str
    """The attempt key: idempotency key of this payment at the broker and beyond."""
    module: str
    """The payment module's name, such as cash, card, purse."""
    flow: str = "sale"
    amount: int
    currency: str = "KRW"
    store: str
    terminal: str
    order: str = ""
    """The sale, as store-terminal-YYYYMMDD-sale."""
    fields: dict[str, str] = {}
    """What the module's manifest says it needs."""


class CancelRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Give a payment up before its sale is closed: what was approved of it is undone.

    A key that was never heard of is dead from then on. Answered by a PaymentAnswer: declined, nothing is
    paid, nor will be; unknown, the bank is told until it has undone it, whatever happens.
    """

    key: str
    module: str
    amount: int
    currency: str = "KRW"
    store: str
    terminal: str
    order: str = ""
    reason: str
    """Such as card-removed; for people."""


class RefundRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ask for money back; never more than was paid."""

    key: str
    payment: str
    """The key of the payment."""
    amount: int
    currency: str = "KRW"
    reason: str
    actor: str


class GiveBackRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Give money of a payment back, now, the way it came: to the card or the account that paid.

    Who may, the terminal has decided; the record of what it gave back is what is booked. The same request
    again is told what became of it. Not sent: it never will be.
    """

    key: str
    """The terminal's, of this very attempt to give back."""
    payment: str
    """The payment's attempt key."""
    module: str
    amount: int
    currency: str = "KRW"
    store: str
    terminal: str


class PaymentAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a payment or a refund."""

    key: str
    outcome: OutcomeName
    state: str
    """The state of its flow, such as settled, open, refused."""
    amount: int = 0
    reference: str = ""
    code: str = ""
    reason: str = ""
    ask_again_ns: int = 0
    """For pending and unknown: ask again from this UTC time on."""
    told: dict[str, str] = {}
    """What else the peer said. Of a bank: `code` its own answer, `rrn` its reference number, `bank` who it
    is, `number` the card's or the account's, masked; and to this very request only, `icc`, field 55 for the chip: it is never stored."""


class InquiryRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One payment in an inquiry."""

    key: str
    order: str
    module: str
    store: str
    terminal: str
    business_date: str
    state: str
    amount: int
    """What the inquiry is about: settled, still open, refunded, or asked back."""
    currency: str = "KRW"
    at_ns: int
    reference: str = ""
    reason: str = ""


class InquiryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page of rows; `after` asks for the next one."""

    name: InquiryName
    rows: list[InquiryRow]
    count: int
    """Of all rows that match, over all pages."""
    totals: dict[str, int]
    """Sum by currency over all pages."""
    after: str = ""


class SaleAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A closed sale, for goods of it that come back: as journal records, byte for byte."""

    order: str
    sale: bytes
    """The record with its sale.closed."""
    refunds: list[bytes]
    """The records with the refund.closed and tender.changed of it, all that are known."""
    cash_receipt: str = ""
    """The tax office's number of its Korean cash receipt, where an agent has given one."""


class HeldSale(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A basket that was put aside."""

    hold: str
    """store-terminal-YYYYMMDD-sale of the sale that was held."""
    terminal: str
    label: str
    total: int
    currency: str = "KRW"
    pieces: int
    held_ns: int
    basket: list[bytes] = []
    """Its events (pos.sale_events); only in the answer to who takes it."""


class HeldAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What can be gone on with, the oldest first."""

    rows: list[HeldSale]
    gone: list[str] = []
    """Baskets that the asking terminal held and another went on with."""


class HeldRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for a held basket; asked again by the same terminal, it is given again."""

    hold: str
    sale: str
    """The sale that goes on with it, of the asking terminal."""


class MemberRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask who somebody is: in a body, because addresses are logged."""

    named: Annotated[str, msgspec.Meta(max_length=20)]
    """A card's number, a telephone, or its last four digits (protocols.members)."""


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member as far as a till may know."""

    number: str
    shown: str
    """Masked name and the last digits of the telephone."""
    points: int
    """What can be spent now; negative, what is owed after goods came back."""
    stopped: bool = False
    """Earns, and spends nothing."""


class MemberAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who it may be: one for a card or a whole telephone number, several for four digits."""

    members: Annotated[list[Member], msgspec.Meta(max_length=MEMBERS_MAX)]


class PurseCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command of the issuer for one card, signed for it (protocols.purse.issuing)."""

    id: int
    """What its result is reported under."""
    what: Literal["update", "claim", "clear"]
    apdu: Annotated[bytes, msgspec.Meta(max_length=261)]
    nonce: Annotated[bytes, msgspec.Meta(max_length=8)] = b""
    """Of a CLAIM: its answer is reported with it."""


class PurseCommands(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for one purse, to be given in this order."""

    name: str
    """Sixteen hexadecimal digits."""
    commands: Annotated[list[PurseCommand], msgspec.Meta(max_length=PURSE_COMMANDS_MAX)]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Any refusal: what, why, what to do."""

    error: str
    """Stable code."""
    reason: str
    reason_ko: str = ""
    hint: str = ""
