"""What a manager asks about people: a record read as deeds, each with who did it and who allowed it.

    no-sale    the drawer opened by hand            reprint    a copy of a receipt
    void       a basket given up                    cash       cash in or out without a sale
    void-line  goods taken back from a basket       refund     money given back
    void-closed  a sale voided after it was closed  change-tender  a payment of one replaced
    void-tender  a payment taken out of a basket, what it was paid with and, if not the same, its way back
    discount   something taken off                  park       a payment in doubt set aside
    price      another price than the catalogue's   refused    a wrong PIN, a dead badge, no right
    sign       signed on or off, locked             override   whatever else somebody else allowed

The same at a till, from its journal, and at the broker, from all terminals' records. Pure; a record
that this program cannot read is no deed.
Source: clerk-and-courier.md 1.2 (Audit); broker.md "what auditors ask".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from protocols.facts import (
    AttemptParked,
    CashMoved,
    DrawerOpened,
    Fact,
    FactError,
    Line,
    ReceiptCopied,
    RefundClosed,
    SaleClosed,
    SaleVoided,
    StaffApproved,
    StaffRefused,
    StaffSigned,
    TenderChanged,
    TenderVoided,
    decode_fact,
)
from protocols.journal import Record

KINDS: Final = (
    "no-sale",
    "void",
    "void-line",
    "void-tender",
    "void-closed",
    "change-tender",
    "discount",
    "price",
    "reprint",
    "cash",
    "refund",
    "park",
    "override",
    "refused",
    "sign",
)
THOUSANDTHS: Final = 1000


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody did."""

    kind: str
    """One of KINDS."""
    at_ns: int
    date: str
    """Business date, YYYYMMDD; empty where no shift was open."""
    terminal: str
    sequence: int
    actor: str
    """As records name people."""
    approver: str = ""
    sale: str = ""
    """Its full name; empty without one."""
    amount: int = 0
    """Minor units of `currency`; of a discount or another price, what came off."""
    currency: str
    what: str = ""
    """Reason, goods, right: in the words of the record."""
    override: bool = False
    """Somebody else allowed it: the clerk alone had no right to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which deeds are asked for; what is empty asks for all."""

    kinds: frozenset[str] = frozenset()
    date: str = ""
    person: str = ""
    """Who did it or allowed it."""
    terminal: str = ""

    def takes(self, deed: Deed) -> bool:
        """Tell whether a deed is asked for."""
        by_kind = (
            not self.kinds
            or deed.kind in self.kinds
            or (deed.override and "override" in self.kinds)
        )
        return (
            by_kind
            and self.date in ("", deed.date)
            and self.person in ("", deed.actor, deed.approver)
            and self.terminal in ("", deed.terminal)
        )


def deeds_of(record: Record) -> list[Deed]:
    """Return what a record says that somebody did; most say nothing of the kind."""
    try:
        fact = decode_fact(record.kind, record.body)
    except FactError:
        return []
    found = [_deed(record, *each) for each in _told(fact)]
    if not found and record.approver:
        found = [_deed(record, "override", record.amount, record.kind, None)]
    return found


def counted(deeds: list[Deed]) -> str:
    """Return how many there are of each kind, in the order of KINDS."""
    counts = ((kind, sum(deed.kind == kind for deed in deeds)) for kind in KINDS)
    return ", ".join(f"{count} {kind}" for kind, count in counts if count) or "nothing"


def _deed(record: Record, kind: str, amount: int, what: str, approver: str | None) -> Deed:
    """Return a deed; `approver` is of a part of the record, None of the whole of it."""
    return Deed(
        kind=kind,
        at_ns=record.at_ns,
        date=record.business_date,
        terminal=record.terminal,
        sequence=record.sequence,
        actor=record.actor,
        approver=(record.approver or "") if approver is None else approver,
        sale=record.references.get("sale", ""),
        amount=amount,
        currency=record.currency,
        what=what,
        override=approver is None and bool(record.approver),
    )


_Told = tuple[str, int, str, str | None]


def _told(fact: Fact) -> Iterator[_Told]:
    """Yield (kind, amount, what, approver of this part)."""
    match fact:
        case DrawerOpened(reason=reason):
            yield "no-sale", 0, reason, None
        case SaleVoided(total=total, reason=reason, lines=lines):
            yield "void", total, reason, None
            yield from _voided(lines)
        case SaleClosed(lines=lines, reductions=reductions):
            yield from _voided(lines)
            for line in lines:
                yield from _priced(line)
            for off in reductions:
                what = off.code or (f"{off.percent}%" if off.percent else "")
                yield "discount", off.amount, what, off.approver
        case TenderVoided(tender=tender, back=back):
            way = (
                tender.method if tender.method == back.method else f"{tender.method}: {back.method}"
            )
            yield "void-tender", tender.amount, way, None
        case ReceiptCopied(copy=copy, reason=reason):
            yield "reprint", 0, f"copy {copy} {reason}".strip(), None
        case CashMoved(direction=direction, amount=amount, reason=reason):
            yield "cash", amount if direction == "in" else -amount, f"{direction}: {reason}", None
        case TenderChanged(tender=tender, taken=taken, reason=reason):
            new = "+".join(dict.fromkeys(each.method for each in taken))
            yield "change-tender", tender.amount, f"{tender.method}: {new} {reason}".strip(), None
        case RefundClosed(void=True, total=total, reason=reason):
            yield "void-closed", total, reason, None
        case RefundClosed(total=total, reason=reason):
            yield "refund", total, reason, None
        case AttemptParked(amount=amount, method=method, instead=instead):
            yield "park", amount, f"{method}, then {instead}", None
        case StaffApproved(right=right):
            yield "override", 0, right, None
        case StaffRefused(person=person, reason=reason, right=right):
            yield "refused", 0, f"{person}: {reason} {right}".strip(), None
        case StaffSigned(act=act, before=before, reason=reason):
            more = f"from {before}" if before else reason
            yield "sign", 0, f"{act} {more}".strip(), None
        case _:
            return


def _voided(lines: list[Line]) -> Iterator[_Told]:
    for line in lines:
        if line.voided:
            yield "void-line", line.unit_price * line.quantity // THOUSANDTHS, line.name_ko, ""


def _priced(line: Line) -> Iterator[_Told]:
    if line.voided:
        return
    own = line.discount - line.sale_discount
    if own:
        yield "discount", own, line.name_ko, line.approver
    if line.list_price:
        off = (line.list_price - line.unit_price) * line.quantity // THOUSANDTHS
        yield "price", off, f"{line.name_ko} {line.reason}".strip(), line.approver
