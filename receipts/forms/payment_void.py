"""The slip of a payment that was taken out of a sale before that was closed: the customer's proof.

    marks - store - moment, lane, clerk, sale number - PAYMENT VOIDED
    what was paid, with its attempt key - how it went back, with the key and reference of that

It is no receipt: the sale goes on, or is given up. Source: clerk-and-courier.md 1.2 (Basket).
"""

from protocols.facts import TenderVoided
from receipts.document import Document, Qr, Size, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import heading, paper, queued_notice, row, who
from receipts.forms.payment import brief_rows, payment_rows
from receipts.forms.wording import WORDS, method_name


def payment_void_slip(voided: TenderVoided, context: ReceiptContext) -> Document:
    """Return the slip."""
    words = WORDS[context.language]
    number = f"{words.sale_number} {voided.sale:04d}"
    paid, back = voided.tender, voided.back
    named = method_name(back.method, context.language, context.methods)
    return paper(
        f"{words.payment_void_title} {context.store_name} {number}",
        context,
        [who(context, number), heading(words.payment_void_title)],
        [
            *brief_rows(paid, context),
        ],
        [
            row(
                words.given_back_of.format(named),
                context.money_named(back.amount),
                bold=True,
                size=Size.TALL,
            ),
            *payment_rows(back, context, amount=False),
        ],
        [Text(text=words.situation_no_receipt)],
        queued_notice(context, back.attempt, words.refund_queued_note),
        [Qr(content=back.attempt)],
    )
