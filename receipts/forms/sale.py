"""The receipt of a sale, as Korean shops print it; Korean or English.

    marks (training, reprint) - store - moment, lane, clerk, sale number
    items: name, price x quantity, amount; discounts; * where tax-free
    supply value, VAT, tax-free; total
    tenders with what was handed over and given back, approval, attempt key
    "waiting to be sent" while the broker has not the record - footer - QR of the key

Every figure is the fact's own; nothing is computed here, so the paper cannot disagree with the
journal. Source: clerk-and-courier.md 1.2, 2.3 rules 2 and 9; decisions.md "Catalogue", "Identity".
"""

from itertools import chain
from typing import Final

from protocols.escpos.codes import Align
from protocols.facts import Line, SaleClosed, Tender
from receipts.document import Block, Column, Columns, Document, Qr, Size, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import paper, queued_notice, row, who
from receipts.forms.wording import WORDS, method_name

PRICE_COLUMNS: Final = 8
QUANTITY_COLUMNS: Final = 5
AMOUNT_COLUMNS: Final = 9
_THOUSAND: Final = 1_000
_EXEMPT: Final = "*"


def sale_receipt(sale: SaleClosed, context: ReceiptContext) -> Document:
    """Return the receipt of a closed sale."""
    words = WORDS[context.language]
    number = f"{words.sale_number} {sale.sale:04d}"
    if sale.training and not context.training:
        raise ValueError("a training sale is printed in a training context: its paper is marked")
    return paper(
        f"{words.receipt} {context.store_name} {number}",
        context,
        [who(context, number)],
        _items(sale, context),
        _totals(sale, context),
        list(chain.from_iterable(_tender(tender, context) for tender in sale.tenders)),
        queued_notice(context, _scanned_key(sale, context)),
        _footer(sale, context),
    )


def quantity_text(line: Line) -> str:
    """Return a quantity as it is read: 3, 0.512kg, 1.5m."""
    whole, part = divmod(abs(line.quantity), _THOUSAND)
    digits = f"{whole}.{part:03d}".rstrip("0").rstrip(".") if part else str(whole)
    sign = "-" if line.quantity < 0 else ""
    return sign + digits + ("" if line.unit == "ea" else line.unit)


def _items(sale: SaleClosed, context: ReceiptContext) -> list[Block]:
    words = WORDS[context.language]
    lines = [line for line in sale.lines if not line.voided]
    blocks: list[Block] = [_columns(words.item, words.price, words.quantity, words.amount)]
    for line in lines:
        blocks.extend(_item(line, context))
    if any(line.tax == "exempt" for line in lines):
        blocks.append(Text(text=words.exempt_note))
    return blocks


def _item(line: Line, context: ReceiptContext) -> list[Block]:
    name = line.name_ko if context.language == "ko" else line.name_en
    mark = _EXEMPT if line.tax == "exempt" else ""
    # The column shows price times quantity, the discount stands below it: so a customer can add up.
    blocks: list[Block] = [
        _columns(
            f"{mark}{name or line.sku}",
            context.money(line.unit_price),
            quantity_text(line),
            context.money(line.amount + line.discount),
        )
    ]
    if line.discount:
        blocks.append(row(f"  {WORDS[context.language].discount}", context.money(-line.discount)))
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


def _totals(sale: SaleClosed, context: ReceiptContext) -> list[Block]:
    words = WORDS[context.language]
    blocks: list[Block] = []
    if sale.discount:
        blocks.append(row(words.subtotal, context.money(sale.total + sale.discount)))
        blocks.append(row(words.discount, context.money(-sale.discount)))
    if sale.net or sale.vat:
        blocks.append(row(words.net, context.money(sale.net)))
        blocks.append(row(words.vat_of.format(context.vat_percent), context.money(sale.vat)))
    if sale.exempt:
        blocks.append(row(words.exempt, context.money(sale.exempt)))
    count = sum(not line.voided for line in sale.lines)
    total = f"{words.total} ({words.items_of.format(count)})"
    blocks.append(row(total, context.money_named(sale.total), bold=True, size=Size.TALL))
    return blocks


def _tender(tender: Tender, context: ReceiptContext) -> list[Block]:
    words = WORDS[context.language]
    name = method_name(tender.method, context.language)
    blocks: list[Block] = [row(name, context.money(tender.amount), bold=True)]
    if tender.tendered:
        blocks.append(row(f"  {words.tendered}", context.money(tender.tendered)))
        blocks.append(row(f"  {words.change}", context.money(tender.change)))
    if tender.reference:
        blocks.append(row(f"  {words.reference}", tender.reference))
    blocks.append(row(f"  {words.key}", tender.attempt))
    return blocks


def _scanned_key(sale: SaleClosed, context: ReceiptContext) -> str:
    """Return the key for support and returns: the first attempt's, which begins with the sale's."""
    return sale.tenders[0].attempt if sale.tenders else context.sale_key


def _footer(sale: SaleClosed, context: ReceiptContext) -> list[Block]:
    blocks: list[Block] = []
    if context.footer:
        blocks.append(Text(text=context.footer, align=Align.CENTRE))
    key = _scanned_key(sale, context)
    if key:
        blocks.append(Qr(content=key))
    return blocks
