"""Slips of the drawer: cash paid in or out, taken to the safe, and the drawer opened without a sale.

They go into the drawer with the money, signed; so the count can be explained.
"""

from protocols.facts import CashMoved, DrawerOpened
from receipts.document import Block, Document, Feed, Size, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import heading, paper, row, who
from receipts.forms.wording import WORDS


def cash_slip(moved: CashMoved, context: ReceiptContext) -> Document:
    """Return the slip of a pay-in, a pay-out or a drop."""
    words = WORDS[context.language]
    titles = {"in": words.slip_in, "out": words.slip_out, "drop": words.slip_drop}
    title = titles[moved.direction]
    amount = row(words.amount, context.money_named(moved.amount), bold=True, size=Size.TALL)
    return _slip(title, moved.reason, moved.shift, context, amount)


def no_sale_slip(opened: DrawerOpened, context: ReceiptContext) -> Document:
    """Return the slip of a drawer opened by hand, with its reason."""
    title = WORDS[context.language].slip_no_sale
    return _slip(title, opened.reason, opened.shift, context)


def _slip(
    title: str, reason: str, shift: int, context: ReceiptContext, *figures: Block
) -> Document:
    words = WORDS[context.language]
    return paper(
        f"{title} {context.store_name}",
        context,
        [who(context, f"{words.shift} {shift:04d}"), heading(title)],
        [*figures, Text(text=f"{words.reason}: {reason}")],
        [Text(text=f"{words.signature}:"), Feed(lines=2)],
    )
