"""The goods on a paper: what a sale sold or a refund took back, and the tax in it."""

from collections.abc import Sequence
from typing import Final

from protocols.escpos.codes import Align
from protocols.facts import Line, RefundClosed, SaleClosed
from receipts.document import Block, Column, Columns, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import row
from receipts.forms.wording import WORDS

PRICE_COLUMNS: Final = 8
QUANTITY_COLUMNS: Final = 5
AMOUNT_COLUMNS: Final = 9
_THOUSAND: Final = 1_000
_EXEMPT: Final = "*"


def item_rows(lines: Sequence[Line], context: ReceiptContext) -> list[Block]:
    """Return the goods under their headings, voided lines left out, and what `*` means."""
    words = WORDS[context.language]
    lines = [line for line in lines if not line.voided]
    blocks: list[Block] = [_columns(words.item, words.price, words.quantity, words.amount)]
    for line in lines:
        blocks.extend(_item(line, context))
    if any(line.tax == "exempt" for line in lines):
        blocks.append(Text(text=words.exempt_note))
    return blocks


def tax_rows(fact: SaleClosed | RefundClosed, context: ReceiptContext) -> list[Block]:
    """Return supply value, VAT and tax-free, as far as there is any."""
    words = WORDS[context.language]
    blocks: list[Block] = []
    if fact.net or fact.vat:
        blocks.append(row(words.net, context.money(fact.net)))
        blocks.append(row(words.vat_of.format(context.vat_percent), context.money(fact.vat)))
    if fact.exempt:
        blocks.append(row(words.exempt, context.money(fact.exempt)))
    return blocks


def quantity_text(line: Line) -> str:
    """Return a quantity as it is read: 3, 0.512kg, 1.5m."""
    whole, part = divmod(abs(line.quantity), _THOUSAND)
    digits = f"{whole}.{part:03d}".rstrip("0").rstrip(".") if part else str(whole)
    sign = "-" if line.quantity < 0 else ""
    return sign + digits + ("" if line.unit == "ea" else line.unit)


def _item(line: Line, context: ReceiptContext) -> list[Block]:
    name = line.name_ko if context.language == "ko" else line.name_en
    mark = _EXEMPT if line.tax == "exempt" else ""
    # The column shows price times quantity, the discount stands below it: so a customer can add up.
    # The line's part of what came off the whole sale stands at the foot, once.
    blocks: list[Block] = [
        _columns(
            f"{mark}{name or line.sku}",
            context.money(line.unit_price),
            quantity_text(line),
            context.money(line.amount + line.discount),
        )
    ]
    own = line.discount - line.sale_discount
    if own:
        blocks.append(row(f"  {WORDS[context.language].discount}", context.money(-own)))
    return blocks


def _columns(item: str, price: str, quantity: str, amount: str) -> Columns:
    return Columns(
        columns=(
            Column(text=item, align=Align.LEFT),
            Column(text=price, width=PRICE_COLUMNS),
            Column(text=quantity, width=QUANTITY_COLUMNS),
            Column(text=amount, width=AMOUNT_COLUMNS),
        )
    )
