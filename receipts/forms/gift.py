"""The gift receipt: what was bought and where, for whoever was given it; nothing on it tells a price.

    marks - store - moment, lane, clerk, sale number - GIFT RECEIPT
    items and quantities - what it is good for
    "waiting to be sent" while the broker has not the record - footer - QR of the key

A return finds the sale by the same code as on its receipt. Source: clerk-and-courier.md 1.2 (Receipt).
"""

from protocols.escpos.codes import Align
from protocols.facts import SaleClosed
from receipts.document import Block, Document, Qr, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.goods import quantity_text
from receipts.forms.parts import heading, paper, queued_notice, row, who
from receipts.forms.sale import scanned_key
from receipts.forms.wording import WORDS


def gift_receipt(sale: SaleClosed, context: ReceiptContext) -> Document:
    """Return the gift receipt of a closed sale."""
    words = WORDS[context.language]
    number = f"{words.sale_number} {sale.sale:04d}"
    if sale.training and not context.training:
        raise ValueError("a training sale is printed in a training context: its paper is marked")
    key = scanned_key(sale, context)
    return paper(
        f"{words.gift_title} {context.store_name} {number}",
        context,
        [who(context, number), heading(words.gift_title)],
        _goods(sale, context),
        [Text(text=words.gift_note)],
        queued_notice(context, key),
        [Text(text=context.footer, align=Align.CENTRE)] if context.footer else [],
        [Qr(content=key), Text(text=key, align=Align.CENTRE)] if key else [],
    )


def _goods(sale: SaleClosed, context: ReceiptContext) -> list[Block]:
    korean = context.language == "ko"
    words = WORDS[context.language]
    blocks: list[Block] = [row(words.item, words.quantity)]
    for line in sale.lines:
        if not line.voided:
            name = line.name_ko if korean else line.name_en
            blocks.append(row(name or line.sku, quantity_text(line)))
    return blocks
