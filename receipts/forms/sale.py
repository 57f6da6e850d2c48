"""The receipt of a sale, as Korean shops print it; Korean or English.

    marks (training, reprint) - store - moment, lane, clerk, sale number
    items: name, price x quantity, amount; discounts; * where tax-free
    supply value, VAT, tax-free; total
    payments with what was handed over and given back, the bank's slip, attempt key
    the member, masked, and the points: earned, and what they are now
    the Korean cash receipt that was asked for, with the masked number
    "waiting to be sent" while the broker has not the record - footer
    QR of the e-receipt's link, where the shop has e-receipts - QR of the key

Every figure is the fact's own; nothing is computed here, so the paper cannot disagree with the
journal. Source: clerk-and-courier.md 1.2, 2.3 rules 2 and 9; decisions.md "Catalogue", "Identity".
"""

from itertools import chain

from protocols.escpos.codes import Align
from protocols.facts import Reduction, SaleClosed
from protocols.receipt_link import link
from receipts.document import Block, Document, Qr, Size, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.goods import item_rows, tax_rows
from receipts.forms.parts import cash_receipt_rows, member_rows, paper, queued_notice, row, who
from receipts.forms.payment import payment_rows
from receipts.forms.wording import WORDS


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
        *bodies(sale, context),
        queued_notice(context, scanned_key(sale, context)),
        footer(sale, context),
    )


def bodies(sale: SaleClosed, context: ReceiptContext) -> list[list[Block]]:
    """Return goods, totals, payments and cash receipt: what stands between two rules each."""
    return [
        item_rows(sale.lines, context),
        _totals(sale, context),
        list(chain.from_iterable(payment_rows(tender, context) for tender in sale.tenders)),
        member_rows(sale, context),
        cash_receipt_rows(sale.cash_receipt, context),
    ]


def _totals(sale: SaleClosed, context: ReceiptContext) -> list[Block]:
    words = WORDS[context.language]
    blocks: list[Block] = []
    if sale.discount:
        blocks.append(row(words.subtotal, context.money(sale.total + sale.discount)))
        own = sale.discount - sum(each.amount for each in sale.reductions)
        if own:
            blocks.append(row(words.discount, context.money(-own)))
        blocks += [_reduction(each, context) for each in sale.reductions]
    blocks += tax_rows(sale, context)
    count = sum(not line.voided for line in sale.lines)
    total = f"{words.total} ({words.items_of.format(count)})"
    blocks.append(row(total, context.money_named(sale.total), bold=True, size=Size.TALL))
    return blocks


def _reduction(reduction: Reduction, context: ReceiptContext) -> Block:
    name = reduction.name_ko if context.language == "ko" else reduction.name_en
    name = name or WORDS[context.language].sale_discount
    if reduction.percent:
        name = f"{name} {reduction.percent}%"
    return row(name, context.money(-reduction.amount))


def scanned_key(sale: SaleClosed, context: ReceiptContext) -> str:
    """Return the key for support and returns: the first attempt's, which begins with the sale's."""
    return sale.tenders[0].attempt if sale.tenders else context.sale_key


def footer(sale: SaleClosed, context: ReceiptContext) -> list[Block]:
    """Return the shop's own words, and what finds the sale again: the e-receipt's link, the key."""
    words = WORDS[context.language]
    blocks: list[Block] = []
    if context.footer:
        blocks.append(Text(text=context.footer, align=Align.CENTRE))
    linked = bool(context.link_base and sale.link)
    if linked:
        blocks.append(Text(text=words.link_title, align=Align.CENTRE))
        blocks.append(Qr(content=link(context.link_base, sale.link)))
    key = scanned_key(sale, context)
    if key and linked:
        blocks.append(Text(text=words.link_returns, align=Align.CENTRE))
    if key:
        blocks.append(Qr(content=key))
    return blocks
