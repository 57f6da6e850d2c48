"""What happens to an open sale: the events that pos.sale decides on, and their bytes on disk.

They live in the till's own store while the basket is open (pos.store.basket); the journal gets the
whole sale as one fact when it ends. A field is only ever added, with a default.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from protocols.facts import CashReceiptPurpose, Slip, TaxClass, Tender


class SaleEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="e"):
    """The base of all of them."""


class Begun(SaleEvent, frozen=True, kw_only=True, tag="begun"):
    """The first item came; the number is taken for good."""

    sale: int
    vat_percent: int
    catalogue: str = ""
    """The version that prices come from."""
    policy: str = ""


class Goods(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a line sells, as it stood in the catalogue at that moment."""

    sku: str
    barcode: str = ""
    name_ko: str
    name_en: str
    unit_price: int
    tax: TaxClass = "taxed"
    unit: str = "ea"
    group: str = ""


class LineAdded(SaleEvent, frozen=True, kw_only=True, tag="line"):
    """A new line at the end."""

    goods: Goods
    quantity: int


class QuantityChanged(SaleEvent, frozen=True, kw_only=True, tag="quantity"):
    """A line has another quantity; lines count from 0."""

    line: int
    quantity: int


class LineDiscounted(SaleEvent, frozen=True, kw_only=True, tag="discount"):
    """A line costs less: so many per cent, or so much money; in place of the discount before."""

    line: int
    percent: int = 0
    amount: int = 0
    approver: str = ""
    """Who allowed it, where the clerk alone may not."""


class LinePriced(SaleEvent, frozen=True, kw_only=True, tag="price"):
    """A line has another price than the catalogue's; 0 is the catalogue's again."""

    line: int
    price: int
    reason: str
    approver: str = ""


class SaleDiscounted(SaleEvent, frozen=True, kw_only=True, tag="sale_discount"):
    """The whole sale costs less: per cent of its lines, or money; in place of the one before."""

    percent: int = 0
    amount: int = 0
    approver: str = ""


class CouponTaken(SaleEvent, frozen=True, kw_only=True, tag="coupon"):
    """A coupon counts for this sale, as the policy had it at that moment."""

    code: str
    name_ko: str
    name_en: str
    percent: int = 0
    amount: int = 0
    minimum: int = 0
    """What the goods must cost for it to count."""


class Recalled(SaleEvent, frozen=True, kw_only=True, tag="recalled"):
    """The basket is one that was held: it goes on here, under this sale's own number."""

    hold: str
    """The name of the sale that was held (protocols.facts.SaleHeld)."""


class CashReceiptWanted(SaleEvent, frozen=True, kw_only=True, tag="cash_receipt"):
    """The customer said whose cash receipt it is; in place of what was said before."""

    purpose: CashReceiptPurpose
    shown: str
    """The number, masked."""
    sealed: bytes = b""
    """The whole one, sealed for the broker."""


class PaperChosen(SaleEvent, frozen=True, kw_only=True, tag="paper"):
    """The customer wants the receipt on paper, or only as an e-receipt."""

    wanted: bool


class MemberNamed(SaleEvent, frozen=True, kw_only=True, tag="member"):
    """Whose sale it is; in place of who was named before. No number: nobody's."""

    number: str = ""
    """Of the card (protocols.members)."""
    shown: str = ""
    """Masked name and last digits; empty where the broker was not asked."""
    points: int | None = None
    """What they had when it was."""
    stopped: bool = False


class LineVoided(SaleEvent, frozen=True, kw_only=True, tag="void"):
    """A line was taken back; it stays in the sale and counts for nothing."""

    line: int


class ReturnableLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of an earlier sale: what of it has not come back yet."""

    number: int
    """Of the line in its sale, from 1; of goods without a receipt, in the order in which they came."""
    goods: Goods
    quantity: int
    """Thousandths that may still come back."""
    amount: int
    """What was paid for them, in minor units: discounts of line and sale are off."""


class ReturnableTender(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment of an earlier sale: what of it has not gone back yet."""

    method: str
    attempt: str
    amount: int
    reference: str = ""
    slip: Slip | None = None


class EarnedPoints(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an earlier sale earned its member, for taking it back with the goods."""

    number: str
    shown: str = ""
    earned: int
    taken: int = 0
    """By earlier returns."""
    of: int
    """What of the sale's price could earn."""
    left: int
    """What of that has not come back yet."""


class ReturnBegun(SaleEvent, frozen=True, kw_only=True, tag="return"):
    """Goods of an earlier sale come back; with no original, goods without a receipt."""

    original: str = ""
    """store-terminal-YYYYMMDD-sale."""
    lines: list[ReturnableLine] = []
    tenders: list[ReturnableTender] = []
    reason: str = ""
    approver: str = ""
    void: bool = False
    """The sale is voided: all of it comes back, and nothing else happens in this ticket."""
    points: EarnedPoints | None = None


class ChangeBegun(SaleEvent, frozen=True, kw_only=True, tag="change"):
    """A payment of a closed sale is replaced: new ones are taken first, then it goes back."""

    original: str
    tender: ReturnableTender
    attempts: int
    """How many letters the sale has used already: the next attempt gets a new one."""
    reason: str = ""
    total: int = 0
    """What the closed sale cost: from some sum on, cash has a cash receipt though nobody asks."""


class LineReturned(SaleEvent, frozen=True, kw_only=True, tag="returned"):
    """So much of a line comes back, in all; 0 is none of it after all."""

    number: int
    quantity: int


class GoodsReturned(SaleEvent, frozen=True, kw_only=True, tag="goods_returned"):
    """Goods come back without a receipt, at today's price."""

    goods: Goods
    quantity: int


class ReturnOver(SaleEvent, frozen=True, kw_only=True, tag="return_over"):
    """Nothing comes back after all."""


class MoneyGivenBack(SaleEvent, frozen=True, kw_only=True, tag="given_back"):
    """Money has gone back to the customer."""

    tender: Tender


class AttemptMade(SaleEvent, frozen=True, kw_only=True, tag="attempt"):
    """A key was minted; its letter never comes again in this sale."""

    key: str


class TenderHeld(SaleEvent, frozen=True, kw_only=True, tag="held"):
    """A payment stands in the sale."""

    tender: Tender


class TenderTakenOut(SaleEvent, frozen=True, kw_only=True, tag="tender_out"):
    """A payment stands in the sale no more: its money went back, or is on its way."""

    attempt: str
    """Its key."""


Event = (
    Begun
    | LineAdded
    | QuantityChanged
    | LineDiscounted
    | LinePriced
    | LineVoided
    | SaleDiscounted
    | CouponTaken
    | CashReceiptWanted
    | PaperChosen
    | MemberNamed
    | Recalled
    | ReturnBegun
    | ChangeBegun
    | LineReturned
    | GoodsReturned
    | ReturnOver
    | MoneyGivenBack
    | AttemptMade
    | TenderHeld
    | TenderTakenOut
)

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[Event]] = msgspec.msgpack.Decoder(Event)


def encode_events(events: Iterable[Event]) -> list[bytes]:
    """Return the events as they are stored."""
    return [_ENCODER.encode(event) for event in events]


def decode_events(stored: Sequence[bytes]) -> list[Event]:
    """Read events back. Raises: one of MALFORMED for bytes that no till of ours wrote."""
    return [_DECODER.decode(data) for data in stored]
