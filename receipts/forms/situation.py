"""The slip of a payment in doubt: what happened, where the money is, and how everybody finds it again.

    what happened - amount, way to pay, attempt key - what card and shop last said
    what it means for the customer: nothing is lost, nothing is taken twice; what to bring, whom to ask

It is no receipt: nothing on it says that something was paid. Source: clerk-and-courier.md 5.1, 2.3 rule 5.
"""

from typing import Literal

import msgspec

from protocols.escpos.codes import Align
from receipts.document import Block, Document, Feed, Qr, Size, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import heading, paper, row, who
from receipts.forms.wording import WORDS, method_name

Side = Literal["unknown", "moved", "not_moved"]


class Situation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment whose result nobody knows, as it stood when the slip was asked for."""

    sale: int
    method: str
    attempt: str
    """The attempt key."""
    amount: int
    happened: str
    """What happened, in the language of the slip."""
    card: Side = "unknown"
    """What the customer's card last said: moved is that the value has left it."""
    balance: int | None = None
    """What it last said it holds."""
    shop: Side = "unknown"
    """What the shop's purse last said: moved is that the value is there."""
    parked: bool = False
    """The sale went on without it."""
    carded: bool = True
    """Two cards take part; otherwise somebody beyond the line, who says nothing."""
    back: bool = False
    """The shop was giving a payment back: its purse pays, the customer's card is paid."""


def situation_slip(situation: Situation, context: ReceiptContext) -> Document:
    """Return the slip."""
    words = WORDS[context.language]
    number = f"{words.sale_number} {situation.sale:04d}"
    name = method_name(situation.method, context.language, context.methods)
    return paper(
        f"{words.situation_title} {context.store_name} {situation.attempt}",
        context,
        [who(context, number), heading(words.situation_title)],
        [Text(text=situation.happened)],
        [
            row(name, context.money_named(situation.amount), bold=True, size=Size.TALL),
            row(words.key, situation.attempt),
            *_sides(situation, context),
            row(words.situation_state, words.situation_unknown, bold=True),
        ],
        [
            Text(text=words.situation_safe),
            Text(text=_meaning(situation, context)),
            Text(text=words.situation_no_receipt),
        ],
        [Text(text=f"{words.signature}:"), Feed(lines=2)],
        [Qr(content=situation.attempt), Text(text=situation.attempt, align=Align.CENTRE)],
    )


def _meaning(situation: Situation, context: ReceiptContext) -> str:
    words = WORDS[context.language]
    if not situation.parked:
        return words.situation_again
    return words.situation_back_parked if situation.back else words.situation_parked


def _sides(situation: Situation, context: ReceiptContext) -> list[Block]:
    words = WORDS[context.language]
    if not situation.carded:
        return []
    card = words.situation_back_card_said if situation.back else words.situation_card_said
    shop = words.situation_back_shop_said if situation.back else words.situation_shop_said
    blocks: list[Block] = [
        row(words.situation_card, card[situation.card]),
        row(words.situation_shop, shop[situation.shop]),
    ]
    if situation.balance is not None:
        blocks.insert(1, row(f"  {words.card_balance}", context.money(situation.balance)))
    return blocks
