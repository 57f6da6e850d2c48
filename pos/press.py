"""Turns a stored fact into its receipt or report: as bytes for the printer, as text for a shell.

The paper shows what was stored, not what the screen remembers; it is rendered when it is printed, so
a paper that waited says that it is a copy, or that the record has not reached the broker, if so.
"""

from dataclasses import replace
from typing import Final

import msgspec

from pos.register import Register
from pos.store.errors import StoreError
from pos.store.papers import Paper
from protocols.facts import (
    RefundClosed,
    SaleClosed,
    ShiftClosed,
    TenderChanged,
    TenderVoided,
    TerminalNoted,
)
from protocols.malformed import MALFORMED
from receipts.document import Document, PaperWidth
from receipts.forms.context import Delivery, ReceiptContext
from receipts.forms.gift import gift_receipt
from receipts.forms.payment_change import payment_change_slip
from receipts.forms.payment_void import payment_void_slip
from receipts.forms.purse import PurseSlip, Statement, purse_slip, statement_slip
from receipts.forms.refund import refund_receipt
from receipts.forms.sale import sale_receipt
from receipts.forms.shift import x_report, z_report
from receipts.forms.situation import Situation, situation_slip
from receipts.forms.slip import (
    RefusedPayment,
    RepaidPayment,
    SignedPayment,
    declined_slip,
    merchant_copy,
    payment_slip,
    repaid_slip,
)
from receipts.forms.test_page import test_page
from receipts.renderers import escpos, text
from receipts.renderers.escpos import QrDrawn

_NOTED: Final = msgspec.msgpack.Decoder(TerminalNoted)
_SALE: Final = msgspec.msgpack.Decoder(SaleClosed)
_REFUND: Final = msgspec.msgpack.Decoder(RefundClosed)
_CHANGED: Final = msgspec.msgpack.Decoder(TenderChanged)
_VOIDED: Final = msgspec.msgpack.Decoder(TenderVoided)
_SHIFT: Final = msgspec.msgpack.Decoder(ShiftClosed)
_SITUATION: Final = msgspec.msgpack.Decoder(Situation)
_SIGNED: Final = msgspec.msgpack.Decoder(SignedPayment)
_REPAID: Final = msgspec.msgpack.Decoder(RepaidPayment)
_REFUSED: Final = msgspec.msgpack.Decoder(RefusedPayment)
_SLIP: Final = msgspec.msgpack.Decoder(PurseSlip)
_STATEMENT: Final = msgspec.msgpack.Decoder(Statement)


class Press:
    """Renders the papers of one till."""

    def __init__(self, register: Register, *, columns: int, qr: QrDrawn = QrDrawn.PRINTER) -> None:
        """`columns` is what the printer's paper holds: 32, 42 or 48."""
        self._register = register
        self._width = PaperWidth(columns)
        self._qr = qr

    def __call__(self, paper: Paper) -> bytes:
        """Return one paper as ESC/POS. Raises: StoreError for a body that is none."""
        return escpos.render(self.document(paper), self._width, self._qr)

    def text(self, paper: Paper) -> str:
        """Return one paper as text. Raises: StoreError for a body that is none."""
        return text.render(self.document(paper), self._width)

    def document(self, paper: Paper) -> Document:
        """Return what is on a paper. Raises: StoreError for a body that is none."""
        context = self._context(paper)
        try:
            match paper.form:
                case "sale":
                    return sale_receipt(_SALE.decode(paper.body), context)
                case "gift":
                    again = max(0, paper.copy - 1)
                    return gift_receipt(_SALE.decode(paper.body), replace(context, copy=again))
                case "slip":
                    return payment_slip(_SALE.decode(paper.body), context)
                case "merchant":
                    return merchant_copy(_SIGNED.decode(paper.body), context)
                case "repaid":
                    return repaid_slip(_REPAID.decode(paper.body), context)
                case "declined":
                    again = max(0, paper.copy - 1)
                    refused = _REFUSED.decode(paper.body)
                    return declined_slip(refused, replace(context, copy=again))
                case "refund":
                    return refund_receipt(_REFUND.decode(paper.body), context)
                case "change":
                    return payment_change_slip(_CHANGED.decode(paper.body), context)
                case "void":
                    return payment_void_slip(_VOIDED.decode(paper.body), context)
                case "x":
                    return x_report(_SHIFT.decode(paper.body), context)
                case "situation":
                    return situation_slip(_SITUATION.decode(paper.body), context)
                case "test":
                    return test_page(_NOTED.decode(paper.body), context, self._width)
                case "z":
                    return z_report(_SHIFT.decode(paper.body), context)
                case "purse":
                    return purse_slip(_SLIP.decode(paper.body), context)
                case "statement":
                    return statement_slip(_STATEMENT.decode(paper.body), context)
        except MALFORMED as error:
            raise StoreError(f"paper {paper.number} cannot be read: {error}") from error

    def _context(self, paper: Paper) -> ReceiptContext:
        register = self._register
        setup, policy = register.setup, register.policy
        korean = setup.language == "ko"
        queued = register.offline and paper.sequence > register.counts.sent
        return ReceiptContext(
            language=setup.language,
            store_name=setup.store_name,
            business_number=setup.business_number,
            address=setup.address,
            phone=setup.telephone,
            owner=setup.representative,
            terminal=register.terminal,
            clerk=register.name_of(paper.actor),
            at_ns=paper.at_ns or register.clock.now_ns(),
            zone=setup.zone.key,
            business_date=paper.business_date,
            currency=setup.currency,
            vat_percent=policy.vat_percent,
            sale_key=register.order(paper.sale, paper.business_date) if paper.sale else "",
            delivery=Delivery.QUEUED if queued else Delivery.ACKNOWLEDGED,
            copy=paper.copy,
            training=setup.training,
            link_base=policy.receipt_link,
            cash_receipt_approval=register.approvals.get(
                register.order(paper.sale, paper.business_date), ""
            ),
            methods={tender.name: tender.label(setup.language) for tender in register.offered},
            footer=policy.receipt_footer_ko if korean else policy.receipt_footer_en,
        )
