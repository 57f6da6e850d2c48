"""The slip of a payment that was replaced after its sale was closed: the customer's proof of both ways.

    marks - store - moment, lane, clerk, sale number - PAYMENT CHANGED
    the sale - what was paid before and went back - what is paid now - with keys and references

The receipt of the sale stays what it is for goods and sum; goods that come back are paid to what stands
here. Source: clerk-and-courier.md 1.2 (Tender: change after payment, same shift).
"""

from itertools import chain

from protocols.facts import TenderChanged
from receipts.document import Document, Qr, Size, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import cash_receipt_rows, heading, paper, queued_notice, row, who
from receipts.forms.payment import brief_rows, payment_rows
from receipts.forms.wording import WORDS


def payment_change_slip(changed: TenderChanged, context: ReceiptContext) -> Document:
    """Return the slip."""
    words = WORDS[context.language]
    number = f"{words.sale_number} {changed.sale:04d}"
    key = changed.taken[0].attempt if changed.taken else changed.back.attempt
    total = context.money_named(changed.tender.amount)
    return paper(
        f"{words.change_title} {context.store_name} {number}",
        context,
        [who(context, number), heading(words.change_title)],
        [row(words.sale_number, changed.original)],
        [
            Text(text=words.change_was),
            *brief_rows(changed.tender, context),
            *payment_rows(changed.back, context, back=True),
        ],
        [
            Text(text=words.change_now),
            *chain.from_iterable(payment_rows(tender, context) for tender in changed.taken),
            row(words.amount, total, bold=True, size=Size.TALL),
        ],
        cash_receipt_rows(changed.cash_receipt, context),
        [Text(text=words.change_note)],
        [Text(text=f"{words.reason}: {changed.reason}")] if changed.reason else [],
        queued_notice(context, key, words.refund_queued_note),
        [Qr(content=key)],
    )
