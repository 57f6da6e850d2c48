"""The receipt of a refund: what came back, how the money went back, and which sale it belongs to.

    marks - store - moment, lane, clerk, refund number - REFUND
    the sale returned, or "without a receipt"
    items, tax, total given back
    payments with the bank's slip and attempt key - reason - the customer's signature
    "waiting to be sent" - QR of the refund's key

Amounts stand without a sign, under a heading that says which way the money went: so the column adds up
as on the receipt of the sale. Every figure is the fact's own. Source: clerk-and-courier.md 1.2.
"""

from itertools import chain

from protocols.facts import RefundClosed
from receipts.document import Block, Document, Feed, Qr, Size, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.goods import item_rows, tax_rows
from receipts.forms.parts import heading, member_rows, paper, queued_notice, row, who
from receipts.forms.payment import payment_rows
from receipts.forms.wording import WORDS


def refund_receipt(refund: RefundClosed, context: ReceiptContext) -> Document:
    """Return the receipt of a refund that has been paid."""
    words = WORDS[context.language]
    number = f"{words.refund_number} {refund.sale:04d}"
    key = refund.tenders[0].attempt if refund.tenders else context.sale_key
    title = words.undone_title if refund.void else words.refund_title
    return paper(
        f"{title} {context.store_name} {number}",
        context,
        [who(context, number), heading(title)],
        [row(words.original, refund.original or words.no_original)],
        *bodies(refund, context),
        [Text(text=f"{words.reason}: {refund.reason}")] if refund.reason else [],
        [Text(text=f"{words.customer_signature}:"), Feed(lines=2)],
        queued_notice(context, key, words.refund_queued_note),
        [Qr(content=key)] if key else [],
    )


def bodies(refund: RefundClosed, context: ReceiptContext) -> list[list[Block]]:
    """Return goods, total and how the money went back: what stands between two rules each."""
    return [
        item_rows(refund.lines, context),
        _totals(refund, context),
        list(
            chain.from_iterable(
                payment_rows(tender, context, back=True) for tender in refund.tenders
            )
        ),
        member_rows(refund, context),
    ]


def _totals(refund: RefundClosed, context: ReceiptContext) -> list[Block]:
    words = WORDS[context.language]
    count = sum(not line.voided for line in refund.lines)
    total = f"{words.refund_total} ({words.items_of.format(count)})"
    figure = context.money_named(refund.total)
    return [*tax_rows(refund, context), row(total, figure, bold=True, size=Size.TALL)]
