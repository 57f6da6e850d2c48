"""The shift as a decider over the journal's own facts: float, sales, cash moves, blind count, Z.

    decide(shift, step) -> fact | Refusal        evolve(shift, fact) -> shift

Pure. The facts since the last opening, replayed, rebuild every figure; expected cash is never stored
apart from them. The business date is fixed when the shift opens and holds past midnight. Shifts and
Zs are numbered without gaps, for ever.

    none --open--> selling --count--> counted --close--> none
                      ^                  |
                      +--- any sale -----+    what was counted before a sale is void
Source: clerk-and-courier.md 1.2 (Shift), 2.3 rule 7.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Literal, assert_never
from zoneinfo import ZoneInfo

import msgspec

from pos.sale import TOTAL_MAX, Refusal, refuse
from protocols.facts import (
    CashMoved,
    ClerkTotals,
    Fact,
    RefundClosed,
    SaleClosed,
    SaleVoided,
    ShiftClosed,
    ShiftCounted,
    ShiftOpened,
    Tender,
    TenderChanged,
    TenderVoided,
)

CASH: Final = "cash"
PIECES_MAX: Final = 99_999
"""Of one denomination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """The open shift's figures, and the numbers that outlive it."""

    number: int = 0
    """Of the open shift; 0 when none is open."""
    training: bool = False
    """Of a training journal: its sales are such, and count there alone."""
    last_number: int = 0
    last_z: int = 0
    clerk: str = ""
    """Who opened it."""
    business_date: str = ""
    float_amount: int = 0
    sales: int = 0
    gross: int = 0
    net: int = 0
    vat: int = 0
    exempt: int = 0
    discounts: int = 0
    voids: int = 0
    tender_voids: int = 0
    """Payments taken out of open sales."""
    tender_changes: int = 0
    """Payments of closed sales that were replaced."""
    undone: int = 0
    """Closed sales that were voided."""
    refunds: int = 0
    """Money given back, minor units."""
    by_method: dict[str, int] = field(default_factory=dict)
    """Taken less given back, by tender."""
    members: int = 0
    """How many sales were members'."""
    points_earned: int = 0
    points_back: int = 0
    """Taken back with goods."""
    by_clerk: dict[str, ClerkTotals] = field(default_factory=dict)
    """What each person did, by number; the names come with the report."""
    cash_in: int = 0
    cash_out: int = 0
    drops: int = 0
    counted: int | None = None

    @property
    def expected(self) -> int:
        """Return the cash that should be in the drawer."""
        moved = self.cash_in - self.cash_out - self.drops
        return self.float_amount + self.by_method.get(CASH, 0) + moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Open with a float, on this date."""

    float_amount: int
    business_date: str
    store: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Cash in or out without a sale."""

    direction: Literal["in", "out", "drop"]
    amount: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Pieces by face value; what is expected is not shown before."""

    denominations: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Write the Z; it carries what is unsent, in doubt and questioned at that moment."""

    store: str
    reason: str = ""
    unsent: int = 0
    in_doubt: int = 0
    questioned: int = 0
    names: dict[str, str] = field(default_factory=dict)
    """Of the people, by number."""
    terminal_total: int | None = None
    """What the payment terminal's END OF DAY came to."""


Step = Open | Move | Count | Close


def decide(shift: Shift, step: Step) -> Fact | Refusal:
    """Return what happened, or why nothing may."""
    if isinstance(step, Open):
        return _open(shift, step)
    if not shift.number:
        return refuse("SHF-01")
    match step:
        case Move():
            return _move(shift, step)
        case Count(denominations=denominations):
            return _count(shift, denominations)
        case Close():
            return _close(shift, step)
        case _:
            assert_never(step)


def evolve(shift: Shift, fact: Fact, business_date: str, clerk: str = "") -> Shift:
    """Return the shift after a fact of a clerk; one that is not about a shift changes nothing."""
    match fact:
        case ShiftOpened():
            return Shift(
                number=fact.shift,
                last_number=fact.shift,
                training=shift.training,
                last_z=shift.last_z,
                clerk=clerk,
                business_date=business_date,
                float_amount=fact.float_amount,
            )
        case SaleClosed():
            return _sold(shift, fact, clerk)
        case SaleVoided():
            by_clerk = _by_clerk(shift, clerk, voids=1)
            return replace(shift, voids=shift.voids + 1, by_clerk=by_clerk)
        case RefundClosed():
            return _refunded(shift, fact, clerk)
        case TenderChanged():
            return _changed(shift, fact)
        case TenderVoided():
            return _taken_out(shift, fact)
        case CashMoved(direction="in"):
            return replace(shift, cash_in=shift.cash_in + fact.amount, counted=None)
        case CashMoved(direction="out"):
            return replace(shift, cash_out=shift.cash_out + fact.amount, counted=None)
        case CashMoved(direction="drop"):
            return replace(shift, drops=shift.drops + fact.amount, counted=None)
        case ShiftCounted():
            return replace(shift, counted=fact.counted)
        case ShiftClosed():
            return Shift(training=shift.training, last_number=fact.shift, last_z=fact.z)
        case _:
            return shift


def figures(shift: Shift, close: Close, *, z: int) -> ShiftClosed:
    """Return the figures as a Z shows them; with z 0 they are an X and nothing is reset."""
    counted = shift.expected if shift.counted is None else shift.counted
    return ShiftClosed(
        shift=shift.number,
        z=z,
        store=close.store,
        sales=shift.sales,
        gross=shift.gross,
        net=shift.net,
        vat=shift.vat,
        exempt=shift.exempt,
        discounts=shift.discounts,
        voids=shift.voids,
        tender_voids=shift.tender_voids,
        tender_changes=shift.tender_changes,
        undone=shift.undone,
        refunds=shift.refunds,
        by_method=dict(sorted(shift.by_method.items())),
        members=shift.members,
        points_earned=shift.points_earned,
        points_back=shift.points_back,
        by_clerk=[
            msgspec.structs.replace(totals, name=close.names.get(person, person))
            for person, totals in sorted(shift.by_clerk.items())
        ],
        float_amount=shift.float_amount,
        cash_in=shift.cash_in,
        cash_out=shift.cash_out,
        drops=shift.drops,
        expected=shift.expected,
        counted=counted,
        over_short=counted - shift.expected,
        reason=close.reason,
        unsent=close.unsent,
        in_doubt=close.in_doubt,
        questioned=close.questioned,
        terminal_total=close.terminal_total,
    )


def business_date(now_ns: int, zone: ZoneInfo) -> str:
    """Return the store's date at this moment as YYYYMMDD."""
    return datetime.fromtimestamp(now_ns // 1_000_000_000, UTC).astimezone(zone).strftime("%Y%m%d")


def _open(shift: Shift, step: Open) -> Fact | Refusal:
    if shift.number:
        return refuse("SHF-02", shift=shift.number)
    if not 0 <= step.float_amount <= TOTAL_MAX:
        return refuse("PAY-03", amount=step.float_amount, limit=TOTAL_MAX)
    return ShiftOpened(
        shift=shift.last_number + 1, float_amount=step.float_amount, store=step.store
    )


def _move(shift: Shift, step: Move) -> Fact | Refusal:
    if step.amount <= 0:
        return refuse("PAY-06")
    if step.amount > TOTAL_MAX:
        return refuse("PAY-03", amount=step.amount, limit=TOTAL_MAX)
    if not step.reason.strip():
        return refuse("ENT-12")
    return CashMoved(
        shift=shift.number,
        direction=step.direction,
        amount=step.amount,
        reason=step.reason.strip(),
    )


def _count(shift: Shift, denominations: dict[int, int]) -> Fact | Refusal:
    counted = sum(face * pieces for face, pieces in denominations.items())
    for face, pieces in denominations.items():
        if face <= 0 or not 0 <= pieces <= PIECES_MAX:
            return refuse("ENT-04", quantity=str(pieces), limit=PIECES_MAX)
    if counted > TOTAL_MAX:
        return refuse("PAY-03", amount=counted, limit=TOTAL_MAX)
    return ShiftCounted(
        shift=shift.number,
        counted=counted,
        denominations={str(face): pieces for face, pieces in denominations.items() if pieces},
    )


def _close(shift: Shift, step: Close) -> Fact | Refusal:
    if shift.counted is None:
        return refuse("SHF-04")
    fact = figures(shift, step, z=shift.last_z + 1)
    if fact.over_short and not step.reason.strip():
        return refuse("SHF-05", difference=fact.over_short)
    return fact


def _sold(shift: Shift, fact: SaleClosed, clerk: str) -> Shift:
    if fact.training is not shift.training:
        return shift
    return replace(
        shift,
        sales=shift.sales + 1,
        gross=shift.gross + fact.total,
        net=shift.net + fact.net,
        vat=shift.vat + fact.vat,
        exempt=shift.exempt + fact.exempt,
        discounts=shift.discounts + fact.discount,
        by_method=_by_method(shift, fact.tenders, 1),
        by_clerk=_by_clerk(shift, clerk, sales=1, gross=fact.total),
        members=shift.members + bool(fact.customer),
        points_earned=shift.points_earned + (fact.points.amount if fact.points else 0),
        counted=None,
    )


def _refunded(shift: Shift, fact: RefundClosed, clerk: str) -> Shift:
    return replace(
        shift,
        refunds=shift.refunds + fact.total,
        undone=shift.undone + fact.void,
        by_method=_by_method(shift, fact.tenders, -1),
        by_clerk=_by_clerk(shift, clerk, refunds=fact.total),
        points_back=shift.points_back + (fact.points.amount if fact.points else 0),
        counted=None,
    )


def _changed(shift: Shift, fact: TenderChanged) -> Shift:
    came = replace(shift, by_method=_by_method(shift, fact.taken, 1))
    return replace(
        came,
        by_method=_by_method(came, [fact.back], -1),
        tender_changes=shift.tender_changes + 1,
        counted=None,
    )


def _taken_out(shift: Shift, fact: TenderVoided) -> Shift:
    """Count a payment that came and went: what it was paid with stays, what it went back with is gone."""
    came = replace(shift, by_method=_by_method(shift, [fact.tender], 1))
    gone = _by_method(came, [fact.back], -1)
    by_method = {name: amount for name, amount in gone.items() if amount or name in shift.by_method}
    return replace(
        shift,
        by_method=by_method,
        tender_voids=shift.tender_voids + 1,
        counted=None,
    )


def _by_method(shift: Shift, tenders: list[Tender], sign: int) -> dict[str, int]:
    totals = dict(shift.by_method)
    for tender in tenders:
        totals[tender.method] = totals.get(tender.method, 0) + sign * tender.amount
    return totals


def _by_clerk(shift: Shift, clerk: str, **more: int) -> dict[str, ClerkTotals]:
    before = shift.by_clerk.get(clerk, ClerkTotals(person=clerk, name=""))
    added = {name: getattr(before, name) + amount for name, amount in more.items()}
    return {**shift.by_clerk, clerk: msgspec.structs.replace(before, **added)}
