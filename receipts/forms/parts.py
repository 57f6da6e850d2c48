"""What all forms share: the head of the paper, its marks, rows of a word and a figure."""

from protocols.escpos.codes import Align
from protocols.facts import CashReceiptAsked, RefundClosed, SaleClosed
from receipts.document import Block, Column, Columns, Cut, Document, Feed, Rule, Size, Text
from receipts.forms.context import Delivery, ReceiptContext
from receipts.forms.wording import WORDS


def paper(
    title: str, context: ReceiptContext, opening: list[Block], *bodies: list[Block]
) -> Document:
    """Return a whole sheet: marks, store, opening, bodies between rules, marks again, cut.

    The opening stands under the moment, without a rule between them. A training mark stands at both ends, so that no torn piece passes for a receipt.
    """
    blocks = [*marks(context), *letterhead(context), *opening]
    for body in bodies:
        if body:
            blocks += [Rule(), *body]
    blocks += [*_training(context), Feed(lines=2), Cut()]
    return Document(title=title, language=context.language, blocks=tuple(blocks))


def marks(context: ReceiptContext) -> list[Block]:
    """Return what must be seen first: that it is no real paper, or not the first one."""
    blocks = _training(context)
    if context.copy:
        text = WORDS[context.language].copy_of.format(context.copy)
        blocks.append(Text(text=f"*** {text} ***", align=Align.CENTRE, bold=True, size=Size.TALL))
    return blocks


def _training(context: ReceiptContext) -> list[Block]:
    if not context.training:
        return []
    words = WORDS[context.language]
    return [
        Text(text=f"*** {words.training} ***", align=Align.CENTRE, bold=True, size=Size.LARGE),
        Text(text=words.training_note, align=Align.CENTRE),
    ]


def letterhead(context: ReceiptContext) -> list[Block]:
    """Return the store, and below a rule the moment."""
    words = WORDS[context.language]
    blocks: list[Block] = [
        Text(text=context.store_name, align=Align.CENTRE, bold=True, size=Size.LARGE)
    ]
    numbers = [
        f"{word} {value}"
        for word, value in (
            (words.business_number, context.business_number),
            (words.owner, context.owner),
            (words.phone, context.phone),
        )
        if value
    ]
    blocks += [Text(text=line, align=Align.CENTRE) for line in (*numbers, context.address) if line]
    blocks.append(Rule())
    blocks.append(Text(text=context.time_line()))
    clock_date = context.local_time().strftime("%Y%m%d")
    if context.business_date and context.business_date != clock_date:
        blocks.append(Text(text=f"{words.business_date} {date_text(context.business_date)}"))
    return blocks


def who(context: ReceiptContext, right: str) -> Columns:
    """Return the row of lane and clerk, with what the form is numbered by at its right."""
    words = WORDS[context.language]
    lane = words.lane_of.format(context.terminal)
    return row(f"{lane}  {words.clerk} {context.clerk}", right)


def row(label: str, value: str, *, bold: bool = False, size: Size = Size.NORMAL) -> Columns:
    """Return a word at the left and a figure at the right."""
    columns = (Column(text=label, align=Align.LEFT), Column(text=value, width=1))
    return Columns(columns=columns, bold=bold, size=size)


def heading(text: str) -> Text:
    """Return a form's name."""
    return Text(text=text, align=Align.CENTRE, bold=True, size=Size.TALL)


def queued_notice(context: ReceiptContext, key: str, note: str = "") -> list[Block]:
    """Return what a paper says whose record still waits, with the key it can be found by.

    Without a `note` the money was paid to the shop.
    """
    if context.delivery is Delivery.ACKNOWLEDGED:
        return []
    words = WORDS[context.language]
    return [
        Text(text=f"[{words.queued}] {key}", bold=True),
        Text(text=note or words.queued_note),
    ]


def member_rows(fact: SaleClosed | RefundClosed, context: ReceiptContext) -> list[Block]:
    """Return whose it was, masked, and what it did to their points."""
    words, points = WORDS[context.language], fact.points
    if not fact.customer or points is None:
        return []
    shown = points.shown or f"*{fact.customer[-4:]}"
    moved = words.points_earned if isinstance(fact, SaleClosed) else words.points_back
    sign = "" if isinstance(fact, SaleClosed) else "-"
    blocks: list[Block] = [
        row(words.member, shown),
        row(moved, f"{sign if points.amount else ''}{points.amount:,}"),
    ]
    if points.balance is not None:
        blocks.append(row(words.points_balance, f"{points.balance:,}", bold=True))
    return blocks


def date_text(date: str) -> str:
    """Return YYYYMMDD as people read it."""
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def cash_receipt_rows(asked: CashReceiptAsked | None, context: ReceiptContext) -> list[Block]:
    """Return what was asked for; the paper never reads as if the tax office had approved it."""
    if asked is None:
        return []
    words = WORDS[context.language]
    name = words.cash_receipt_of.format(words.cash_receipt_purposes[asked.purpose])
    approval = context.cash_receipt_approval
    note = words.cash_receipt_approved_of.format(approval) if approval else words.cash_receipt_note
    return [row(name, context.money(asked.amount)), row(f"  {asked.shown}", note)]
