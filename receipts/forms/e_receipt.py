"""The receipt of a sale as its customer reads it later: what was sold, and what became of it.

    marks - store - moment, lane, clerk, sale number - E-RECEIPT
    what came back of it, in a word - goods, totals, payments, as on the paper
    each refund: when, which goods, how the money went back
    footer - QR of the key, for whoever comes to return something with the telephone alone

Of a paper it lacks what is over when it is read: "waiting to be sent", and the link to itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from protocols.facts import RefundClosed, SaleClosed
from receipts.document import Block, Cut, Document, Feed, Size, Text
from receipts.forms import refund as refund_form
from receipts.forms import sale as sale_form
from receipts.forms.context import Delivery, ReceiptContext
from receipts.forms.parts import heading, paper, row, who
from receipts.forms.wording import WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class CameBack:
    """Goods of the sale that were given back, and their money."""

    fact: RefundClosed
    at_ns: int
    """UTC, as the receipt's own moment."""
    cancelled: int = 0
    """How much of the sale's Korean cash receipt the tax office has taken back for it."""
    approval: str = ""
    """Under which number."""


def e_receipt(sale: SaleClosed, back: Sequence[CameBack], context: ReceiptContext) -> Document:
    """Return the page of a closed sale."""
    words = WORDS[context.language]
    number = f"{words.sale_number} {sale.sale:04d}"
    context = replace(context, delivery=Delivery.ACKNOWLEDGED, link_base="")
    sheet = paper(
        f"{words.link_title} {context.store_name} {number}",
        context,
        [who(context, number), heading(words.link_title)],
        _became(sale, back, context),
        *sale_form.bodies(sale, context),
        *chain.from_iterable(_refund(each, context) for each in back),
        sale_form.footer(sale, context),
    )
    # Nothing is cut off a screen, and nothing has to pass a cutter.
    kept = tuple(block for block in sheet.blocks if not isinstance(block, Cut | Feed))
    return replace(sheet, blocks=kept)


def _became(sale: SaleClosed, back: Sequence[CameBack], context: ReceiptContext) -> list[Block]:
    """Return in a word what came back, before anybody takes the total for what was paid in the end."""
    if not back:
        return []
    words = WORDS[context.language]
    returned = sum(each.fact.total for each in back)
    if returned >= sale.total:
        return [heading(words.came_back_all)]
    left = context.money_named(sale.total - returned)
    return [
        Text(text=words.came_back_of.format(context.money_named(returned)), bold=True),
        row(words.as_of, left, bold=True, size=Size.TALL),
    ]


def _refund(back: CameBack, context: ReceiptContext) -> list[list[Block]]:
    words = WORDS[context.language]
    moment = replace(context, at_ns=back.at_ns).time_line()
    number = f"{words.refund_number} {back.fact.sale:04d}"
    goods, *rest = refund_form.bodies(back.fact, context)
    sheet = [[heading(words.refund_title), row(moment, number), *goods], *rest]
    if back.cancelled:
        approval = words.cash_receipt_approved_of.format(back.approval)
        title = row(words.cash_receipt_cancelled, context.money(back.cancelled))
        sheet.append([title, row("", approval)])
    return sheet
