"""Finds an earlier sale for goods that come back: in the own journal, and at the broker where there is one.

The broker knows every till's sales and refunds; the own journal knows what the broker has not got yet.
Together they say what of a sale may still come back. Without a line only the own sales can be looked up.
"""

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from pos.register import Register
from pos.returns import Original, original_of
from pos.view import Notice
from protocols.facts import FactError, RefundClosed, SaleClosed, TenderChanged, decode_fact
from protocols.journal import Record, decode_record


class NotFound(Enum):
    """Why there is nothing to take back from."""

    UNKNOWN = "unknown"
    """No till of this store has made that sale."""
    AWAY = "away"
    """This till did not make it, and the broker cannot be asked now."""


_RECEIPT: Final = re.compile(
    r"(?P<order>[A-Za-z0-9]{1,8}-[A-Za-z0-9]{1,8}-\d{8}-\d{4,})(?:-[a-z]{1,2})?", re.ASCII
)


def sale_in(code: str) -> str | None:
    """Return the sale that a receipt's code or an attempt key names; None for any other text."""
    match = _RECEIPT.fullmatch(code.strip())
    return match["order"] if match else None


@dataclass(frozen=True, slots=True)
class Originals:
    """Looks sales up."""

    register: Register

    def named(self, receipt: str) -> str | None:
        """Return the sale that was scanned or keyed: its code, or its number today."""
        if receipt.isdecimal() and len(receipt) <= 5:
            return self.register.order(int(receipt))
        return sale_in(receipt)

    async def find(self, order: str) -> Original | NotFound:
        """Return a sale with what has come back of it. Raises: StoreError."""
        register = self.register
        sale = await register.runner.run(lambda store: store.sales.find(order))
        refunds = await register.runner.run(lambda store: store.sales.refunds(order))
        there = None if register.offline else await register.elsewhere.sale(order)
        if there is not None:
            sale = decode_record(there.sale)
            refunds += [decode_record(data) for data in there.refunds]
        if sale is not None:
            return await self._less_doubts(_original(order, sale, refunds))
        return NotFound.AWAY if register.offline else NotFound.UNKNOWN

    async def _less_doubts(self, original: Original) -> Original:
        """Count what may have gone back here and nobody knows as gone. Raises: StoreError."""
        keys = [tender.attempt for tender in original.paid]
        doubts = await self.register.runner.run(
            lambda store: {key: store.refunds.in_doubt(key) for key in keys}
        )
        gone = dict(original.given_back)
        for key, amount in doubts.items():
            if amount:
                gone[key] = gone.get(key, 0) + amount
        return replace(original, given_back=gone)


async def overtaken(register: Register) -> Notice | None:
    """Say why no money goes back for the goods of the open ticket: it has, or may have, meanwhile.

    Another till may have taken the same goods back since the receipt was looked up, and what a card
    is in doubt about is found out before anything else goes back for it. Raises: StoreError.
    """
    back = register.sale.returning
    if back is None or not back.original:
        return None
    keys = [way.attempt for way in back.ways_back()]
    if await register.runner.run(lambda store: any(map(store.refunds.in_doubt, keys))):
        return register.say("PUR-37")
    if back.given or register.sale.tenders:
        return None  # Money has moved for the ticket as it stands.
    found = await Originals(register).find(back.original)
    if isinstance(found, NotFound):
        return None  # Without a line the own records are all there is, as when it was begun.
    free = {line.number: line.quantity for line in found.lines()}
    standing = sum(tender.amount for tender in found.tenders())
    gone = any(
        taken > free.get(line.number, 0) for line, taken in zip(back.lines, back.taken, strict=True)
    )
    return register.say("RET-11", left=standing) if gone or back.total > standing else None


def _original(order: str, sale: Record, refunds: list[Record]) -> Original:
    """Return what these records say; one that both till and broker know counts once."""
    once = {(record.terminal, record.epoch, record.sequence): record for record in refunds}
    sold = decode_fact(sale.kind, sale.body)
    if not isinstance(sold, SaleClosed):
        raise FactError(f"{order} is no sale")
    back = [decode_fact(record.kind, record.body) for record in once.values()]
    known = [refund for refund in back if isinstance(refund, RefundClosed)]
    changes = [fact for fact in back if isinstance(fact, TenderChanged)]
    return original_of(order, sale.business_date, sold, known, changes)
