"""Papers of e-cash that are no sale: a load, a deposit, and the statement of a card.

    load       what the customer paid in cash and has on the card now; with the attempt key
    deposit    what the shop's purse gave to the teller's
    repay      what came too late and went back to the card that paid
    statement  the card's balance and its last transfers, newest first, as the card itself tells them

A statement shows what the card says; the counterpart is a purse's name, nobody's.
"""

from typing import Final, Literal

import msgspec

from protocols.escpos.codes import Align
from receipts.document import Block, Column, Columns, Document, Feed, Qr, Size, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import heading, paper, queued_notice, row, who
from receipts.forms.purse_wording import PURSE_WORDS
from receipts.forms.wording import WORDS

NUMBER_COLUMNS: Final = 7
SIGN_COLUMNS: Final = 12


class PurseSlip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a load, a deposit or a repay has moved."""

    service: Literal["load", "deposit", "repay"]
    amount: int
    purse: str
    """The name of the card that was loaded, or of the shop's purse."""
    balance: int = -1
    """What it holds now; -1 where it was not asked any more."""
    key: str
    reference: str = ""


class StatementRow(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer of a statement."""

    number: int
    """The card's own number of it."""
    amount: int
    """Negative where the card paid."""
    other: str
    """The other purse's name."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a card told of itself."""

    purse: str
    balance: int
    ceiling: int
    expiry: int
    """YYYYMMDD."""
    rows: list[StatementRow]
    """Oldest first."""


def purse_slip(slip: PurseSlip, context: ReceiptContext) -> Document:
    """Return the slip of a load or a deposit."""
    words, ours = WORDS[context.language], PURSE_WORDS[context.language]
    title = {
        "load": ours.load_title,
        "deposit": ours.deposit_title,
        "repay": ours.repay_title,
    }[slip.service]
    figures: list[Block] = [
        row(ours.purse, slip.purse),
        row(words.amount, context.money_named(slip.amount), bold=True, size=Size.TALL),
    ]
    if slip.service == "load":
        figures.append(row(ours.cash_received, context.money(slip.amount)))
    if slip.balance >= 0:
        figures.append(row(ours.balance, context.money_named(slip.balance), bold=True))
    names: list[Block] = [row(words.key, slip.key)]
    if slip.reference:
        names.append(row(words.reference, slip.reference))
    return paper(
        f"{title} {context.store_name}",
        context,
        [who(context, ""), heading(title)],
        figures,
        names,
        queued_notice(context, slip.key, ours.queued_note),
        [Qr(content=slip.key)],
    )


def statement_slip(statement: Statement, context: ReceiptContext) -> Document:
    """Return the statement of a card, newest transfer first."""
    words, ours = WORDS[context.language], PURSE_WORDS[context.language]
    until = str(statement.expiry)
    rows: list[Block] = [
        _columns(
            str(each.number),
            each.other,
            f"{'+' if each.amount > 0 else ''}{context.money(each.amount)}",
        )
        for each in reversed(statement.rows)
    ]
    return paper(
        f"{ours.statement_title} {context.store_name}",
        context,
        [who(context, ""), heading(ours.statement_title)],
        [
            row(ours.purse, statement.purse),
            row(
                ours.balance,
                context.money_named(statement.balance),
                bold=True,
                size=Size.TALL,
            ),
            row(ours.room, context.money(max(0, statement.ceiling - statement.balance))),
            row(ours.valid_until, f"{until[:4]}-{until[4:6]}-{until[6:]}"),
        ],
        [_columns(ours.number, ours.other_purse, words.amount), *rows]
        if rows
        else [Text(text=ours.no_transfers)],
        [Text(text=ours.statement_note), Feed(lines=1)],
    )


def _columns(number: str, other: str, amount: str) -> Columns:
    return Columns(
        columns=(
            Column(text=number, width=NUMBER_COLUMNS, align=Align.LEFT),
            Column(text=other, align=Align.LEFT),
            Column(text=amount, width=SIGN_COLUMNS),
        )
    )
