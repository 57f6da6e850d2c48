"""Something on its way into the books: a Booking being put together.

An entry reads the books with its own changes over them, moves payments along their flows, and sums
the receipt as signed legs by account before they become transfers. Commands that a flow refuses
come back to the caller, because only the caller knows where that money lies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from ips.books import Booking, Books, RefundRecord, ShiftRecord
from ips.commands import Command
from ips.flows import EventName, Flow
from ips.ledger import UNMATCHED, Transfer
from ips.payments import (
    PaymentMoved,
    PaymentOpened,
    PaymentRecord,
    Refusal,
    decide,
    evolve,
    open_payment,
)
from ips.postings import SPLITS, legs_to_transfers, transfers_of
from ips.questions import question
from ips.splits import segment
from protocols.facts import Tender

EXCEPTIONS: Final = "suspense/exceptions"
DEFAULT_FLOW: Final = "sale"
"""The flow of a payment whose module was never installed here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What is being booked: a journal record, or one step of a payment that the broker itself took."""

    key: str
    """The ledger transaction's."""
    store: str
    terminal: str
    epoch: int = 0
    currency: str
    business_date: str
    at_ns: int
    actor: str = "broker"
    approver: str = ""


class Entry:
    """Something being booked."""

    def __init__(self, occasion: Occasion, books: Books) -> None:
        self.occasion = occasion
        self.books = books
        self.booking = Booking(key=occasion.key)
        self._legs: dict[str, int] = {}

    @property
    def till(self) -> str:
        """The account of the cash in this terminal's drawer."""
        return f"till/{self.occasion.store}/{segment(self.occasion.terminal)}"

    def order_key(self, sale: int) -> str:
        """Return the key of a sale of this terminal on this business date."""
        at = self.occasion
        return f"{at.store}-{at.terminal}-{at.business_date}-{sale:04d}"

    def payment(self, key: str) -> PaymentRecord | None:
        """Return a payment as it is after what this entry did."""
        return self.booking.records.get(key) or self.books.payment(key)

    def payments_of(self, order: str) -> list[PaymentRecord]:
        """Return all attempts of a sale as they are after what this entry did."""
        found = {record.key: record for record in self.books.payments_of(order)}
        for record in self.booking.records.values():
            if record.order == order:
                found[record.key] = record
        return list(found.values())

    def refund(self, key: str) -> RefundRecord | None:
        """Return a refund as it is after what this entry did."""
        return self.booking.refunds.get(key) or self.books.refund(key)

    def needs_intent(self, module: str) -> bool:
        """Return whether a payment by this module has to be announced; so has an unknown one's."""
        manifest = self.books.manifest(module)
        return manifest is None or manifest.intent

    def asset(self, module: str, *, of: PaymentRecord | None = None) -> str:
        """Return the account that grows when a module takes money at this terminal.

        `of`: money goes back to this payment; where it was a holder's, to the same holder.
        """
        manifest = self.books.manifest(module)
        if manifest is None:
            return UNMATCHED
        return manifest.asset_account(
            store=self.occasion.store,
            terminal=self.occasion.terminal,
            holder="" if of is None or of.module != module else of.holder,
        )

    def ask(self, code: str, *, about: str, amount: int = 0, detail: str = "") -> None:
        """Put a question beside the record."""
        self.booking.questions.append(
            question(
                code, about=about, amount=amount, currency=self.occasion.currency, detail=detail
            )
        )

    def leg(self, account: str, amount: int) -> None:
        """Add a signed amount to an account: debits positive, credits negative."""
        self._legs[account] = self._legs.get(account, 0) + amount

    def leg_sum(self, account: str) -> int:
        """Return what the legs put on an account so far."""
        return self._legs.get(account, 0)

    def move(self, debit: str, credit: str, amount: int, memo: str) -> None:
        """Post one plain transfer; nothing for zero, the other way round for a negative amount."""
        if amount < 0:
            debit, credit, amount = credit, debit, -amount
        if amount:
            self.booking.transfers.append(
                Transfer(
                    debit=debit,
                    credit=credit,
                    amount=amount,
                    currency=self.occasion.currency,
                    memo=memo,
                )
            )

    def post_legs(self, memo: str) -> None:
        """Turn the legs, which sum to zero, into transfers."""
        if not self._legs:
            return
        self.booking.transfers.extend(
            legs_to_transfers(self._legs, currency=self.occasion.currency, memo=memo)
        )
        self._legs = {}

    def open(
        self,
        key: str,
        *,
        module: str,
        amount: int,
        order: str,
        business_date: str,
        peer: str = "",
    ) -> PaymentRecord:
        """Open a payment that a record speaks of. The amount is inside the bounds.

        `peer` is what its intent says of it, as name=value;...
        """
        manifest = self.books.manifest(module)
        if manifest is None:
            self.ask("unknown-module", about=key, amount=amount, detail=module)
        flow = self.books.flow(DEFAULT_FLOW if manifest is None else manifest.flow)
        assert flow is not None, "an active module's flow is loaded"
        opened = open_payment(
            flow,
            key=key,
            at_ns=self.occasion.at_ns,
            module=module,
            amount=amount,
            currency=self.occasion.currency,
            store=self.occasion.store,
            terminal=self.occasion.terminal,
            order=order,
            business_date=business_date,
            holder="" if manifest is None else named_in(peer, manifest.holder),
        )
        self._add(opened, None)
        return self.booking.records[key]

    def apply(
        self, payment: PaymentRecord, command: Command, *, asset: str = ""
    ) -> Refusal | Sequence[PaymentMoved]:
        """Move a payment; its postings become transfers, those on a receipt's split become legs.

        `asset` is another account than the module's own where money goes back another way.
        """
        flow = self._flow(payment)
        decision = decide(flow, payment, command)
        if isinstance(decision, Refusal):
            return decision
        for event in decision:
            transfers = transfers_of(flow, payment, event, asset=asset or self._asset_of(payment))
            self._post(transfers)
            self._add(event, payment)
            payment = self.booking.records[payment.key]
            if event.name is EventName.OWED:
                self._owe(payment)
        return decision

    def shift(self, number: int) -> ShiftRecord | None:
        """Return a shift of this terminal as it is after what this entry did."""
        if self.booking.shift is not None:
            return self.booking.shift
        return self.books.shift(self.occasion.terminal, self.occasion.epoch, number)

    def add_to_shift(
        self, number: int, *, tenders: Sequence[Tender] = (), sign: int = 1, **additions: int
    ) -> None:
        """Add to what the facts of a shift sum up to; a shift that is not open is asked about."""
        shift = self.shift(number)
        if shift is None or shift.z:
            self.ask("unknown-shift", about=f"{self.occasion.terminal}/{number}")
        shift = shift or self.blank_shift(number)
        methods = dict(shift.by_method)
        for tender in tenders:
            methods[tender.method] = methods.get(tender.method, 0) + sign * tender.amount
        sums = {name: getattr(shift, name) + amount for name, amount in additions.items()}
        self.booking.shift = msgspec.structs.replace(shift, by_method=methods, **sums)

    def blank_shift(self, number: int) -> ShiftRecord:
        """Return a shift that nothing has happened in."""
        return ShiftRecord(
            terminal=self.occasion.terminal,
            epoch=self.occasion.epoch,
            shift=number,
            store=self.occasion.store,
            business_date=self.occasion.business_date,
            currency=self.occasion.currency,
        )

    def _post(self, transfers: Sequence[Transfer]) -> None:
        for transfer in transfers:
            if SPLITS & {transfer.debit, transfer.credit}:
                self.leg(transfer.debit, transfer.amount)
                self.leg(transfer.credit, -transfer.amount)
            else:
                self.booking.transfers.append(transfer)

    def _add(self, event: PaymentOpened | PaymentMoved, payment: PaymentRecord | None) -> None:
        self.booking.payments.append(event)
        self.booking.records[event.key] = evolve(payment, event)

    def _owe(self, payment: PaymentRecord) -> None:
        """Open the work-list entry of money that a customer paid for nothing (I17)."""
        key = repay_key(payment.key)
        self.booking.refunds[key] = RefundRecord(
            key=key,
            payment=payment.key,
            order=payment.order,
            method=payment.module,
            amount=payment.paid,
            currency=payment.currency,
            store=payment.store,
            terminal=payment.terminal,
            business_date=payment.business_date,
            reason="duplicate-payment",
            state="requested",
            requested_by="broker",
            requested_ns=payment.changed_ns,
        )
        self.ask("duplicate-payment", about=payment.key, amount=payment.paid)

    def _flow(self, payment: PaymentRecord) -> Flow:
        flow = self.books.flow(payment.flow, payment.flow_pin)
        assert flow is not None, (
            f"flow {payment.flow} {payment.flow_pin} was stored with {payment.key}"
        )
        return flow

    def _asset_of(self, payment: PaymentRecord) -> str:
        manifest = self.books.manifest(payment.module)
        if manifest is None:
            return UNMATCHED
        return manifest.asset_account(
            store=payment.store, terminal=payment.terminal, holder=payment.holder
        )


def named_in(peer: str, name: str) -> str:
    """Return a value of an intent's `name=value;...`, or nothing."""
    pairs = (each.partition("=") for each in peer.split(";"))
    return next((value for key, _, value in pairs if key == name and name), "")


def order_of(key: str) -> str:
    """Return the sale of an attempt key: the key without its letter."""
    return key.rpartition("-")[0]


def repay_key(payment: str) -> str:
    """Return the key of the refund that gives an owed payment back."""
    return f"{payment}/repay"
