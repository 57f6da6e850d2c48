"""The slip of a payment that was replaced after its sale was closed: the customer's proof of both ways.

    marks - store - moment, lane, clerk, sale number - PAYMENT CHANGED
    the sale - what was paid before and went back - what is paid now - with keys and references

The receipt of the sale stays what it is for goods and sum; goods that come back are paid to what stands
here. Source: clerk-and-courier.md 1.2 (Tender: change after payment, same shift).
"""

from itertools import chain

from protocols.facts import Tender, TenderChanged
from receipts.document import Block, Document, Qr, Size, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import cash_receipt_rows, heading, paper, queued_notice, row, who
from receipts.forms.wording import WORDS, method_name


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
            *_payment(changed.tender, context),
            *_payment(changed.back, context, back=True),
        ],
        [
            Text(text=words.change_now),
            *chain.from_iterable(_payment(tender, context) for tender in changed.taken),
            row(words.amount, total, bold=True, size=Size.TALL),
        ],
        cash_receipt_rows(changed.cash_receipt, context),
        [Text(text=words.change_note)],
        [Text(text=f"{words.reason}: {changed.reason}")] if changed.reason else [],
        queued_notice(context, key, words.refund_queued_note),
        [Qr(content=key)],
    )


def _payment(tender: Tender, context: ReceiptContext, *, back: bool = False) -> list[Block]:
    words = WORDS[context.language]
    name = method_name(tender.method, context.language, context.methods)
    blocks: list[Block] = [
        row(words.given_back_of.format(name) if back else name, context.money(tender.amount))
    ]
    if tender.reference:
        blocks.append(row(f"  {words.reference}", tender.reference))
    blocks.append(row(f"  {words.key}", tender.attempt))
    return blocks
