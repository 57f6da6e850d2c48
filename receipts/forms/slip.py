"""Slips of payments, apart from the receipt: what a bank decided or a device took.

    payment_slip     marks - store - moment, lane, clerk, sale number - PAYMENT SLIP
                     each payment that is not cash, as the receipt has it; for whoever files payments
    merchant_copy    MERCHANT COPY, for the shop: a payment that the customer signs for
    repaid_slip      LATE PAYMENT RETURNED, for the customer: it came too late for its sale, and went back
    declined_slip    PAYMENT REFUSED, for a customer who wants it on paper: what happened, that nothing
                     was taken; no receipt

Source: clerk-and-courier.md 1.2 (Receipt: item receipt and card slip on one or two sheets).
"""

from itertools import chain
from typing import Final

import msgspec

from protocols.facts import EXCHANGE, SaleClosed, Slip, Tender
from receipts.document import Block, Document, Feed, Qr, Rule, Size, Text
from receipts.forms.context import ReceiptContext
from receipts.forms.parts import heading, paper, queued_notice, row, who
from receipts.forms.payment import payment_rows
from receipts.forms.sale import scanned_key
from receipts.forms.wording import WORDS

_WITHOUT_SLIP: Final = frozenset({"cash", EXCHANGE})


class SignedPayment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment whose holder is verified by a signature; its receipt may be a sale's or a change's."""

    sale: int
    tender: Tender


class RefusedPayment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment that was declined, as it was told to the clerk."""

    sale: int
    tender: Tender
    """What was asked for."""
    happened: str
    """Why, in the language of the slip."""


class RepaidPayment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment that came too late, and went back by its bank."""

    sale: int
    tender: Tender
    """What went back; its `back_to` is the late payment."""


def on_slip(sale: SaleClosed) -> list[Tender]:
    """Return the payments that a slip shows; of none, there is no slip."""
    return [tender for tender in sale.tenders if tender.method not in _WITHOUT_SLIP]


def is_signed(slip: Slip | None) -> bool:
    """Tell whether the shop needs a copy that the customer signs."""
    return slip is not None and slip.verified == "signature"


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
        list(chain.from_iterable(payment_rows(tender, context) for tender in on_slip(sale))),
        queued_notice(context, scanned_key(sale, context)),
    )


def merchant_copy(signed: SignedPayment, context: ReceiptContext) -> Document:
    """Return the shop's own copy, with the line on which the customer signs."""
    words = WORDS[context.language]
    number = f"{words.sale_number} {signed.sale:04d}"
    total = context.money_named(signed.tender.amount)
    return paper(
        f"{words.merchant_title} {context.store_name} {number}",
        context,
        [who(context, number), heading(words.merchant_title)],
        payment_rows(signed.tender, context),
        [row(words.amount, total, bold=True, size=Size.TALL)],
        [Text(text=words.merchant_agreed), *_signed_here(context)],
    )


def declined_slip(refused: RefusedPayment, context: ReceiptContext) -> Document:
    """Return the slip of a payment that was refused."""
    words = WORDS[context.language]
    number = f"{words.sale_number} {refused.sale:04d}"
    return paper(
        f"{words.declined_title} {context.store_name} {number}",
        context,
        [who(context, number), heading(words.declined_title)],
        [Text(text=refused.happened, bold=True)],
        payment_rows(refused.tender, context),
        [Text(text=words.declined_note), Text(text=words.situation_no_receipt)],
    )


def repaid_slip(repaid: RepaidPayment, context: ReceiptContext) -> Document:
    """Return the customer's proof that late money went back."""
    words = WORDS[context.language]
    number = f"{words.refund_number} {repaid.sale:04d}"
    tender = repaid.tender
    return paper(
        f"{words.repaid_title} {context.store_name} {number}",
        context,
        [who(context, number), heading(words.repaid_title)],
        [row(words.repaid_late, tender.back_to)],
        payment_rows(tender, context, back=True),
        queued_notice(context, tender.attempt, words.refund_queued_note),
        [Qr(content=tender.attempt)],
    )


def _signed_here(context: ReceiptContext) -> list[Block]:
    words = WORDS[context.language]
    return [Text(text=f"{words.customer_signature}:"), Feed(lines=3), Rule()]
