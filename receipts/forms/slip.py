"""The payment slip of a sale, where the shop wants it apart from the receipt: what a device took.

    marks - store - moment, lane, clerk, sale number - PAYMENT SLIP
    each payment that is not cash: amount, approval, the card's balance, attempt key
    "waiting to be sent" while the broker has not the record

The receipt says the same; the slip is for whoever files payments by themselves.
Source: clerk-and-courier.md 1.2 (Receipt: item receipt and card slip on one or two sheets).
"""

from itertools import chain
from typing import Final

from protocols.facts import EXCHANGE, SaleClosed, Tender
from receipts.document import Document
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import heading, paper, queued_notice, who
from receipts.forms.sale import scanned_key, tender_rows
from receipts.forms.wording import WORDS

_WITHOUT_SLIP: Final = frozenset({"cash", EXCHANGE})


def on_slip(sale: SaleClosed) -> list[Tender]:
    """Return the payments that a slip shows; of none, there is no slip."""
    return [tender for tender in sale.tenders if tender.method not in _WITHOUT_SLIP]


def payment_slip(sale: SaleClosed, context: ReceiptContext) -> Document:
    """Return the payment slip of a closed sale."""
    words = WORDS[context.language]
    number = f"{words.sale_number} {sale.sale:04d}"
    if sale.training and not context.training:
        raise ValueError("a training sale is printed in a training context: its paper is marked")
    return paper(
        f"{words.slip_title} {context.store_name} {number}",
        context,
        [who(context, number), heading(words.slip_title)],
        list(chain.from_iterable(tender_rows(tender, context) for tender in on_slip(sale))),
        queued_notice(context, scanned_key(sale, context)),
    )
