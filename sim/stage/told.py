"""What the journals of a shop's terminals say, followed record by record: the auditors' first witness.

Every record is heard once, in its order; what contradicts an earlier one is a finding at that record.
A world hears after each step what is new, a scenario hears whole journals at its end.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from protocols.facts import (
    EXCHANGE,
    AttemptClosed,
    AttemptOpened,
    CashMoved,
    Fact,
    PurseMoved,
    RefundClosed,
    SaleClosed,
    SaleVoided,
    ShiftClosed,
    ShiftOpened,
    Tender,
    TenderChanged,
    TenderVoided,
    decode_fact,
)
from protocols.journal import Record, decode_record
from protocols.points import POINTS
from protocols.purse.details import decode_details

CASH: Final = "cash"
Outcome = Literal["", "approved", "declined", "pending", "unknown", "not_sent"]
OPEN: Final = frozenset({"", "pending", "unknown"})
"""Outcomes after which somebody still has to ask."""

_DEAD: Final = frozenset({"declined", "not_sent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that must never be true of a shop."""

    auditor: str
    where: str
    """The sale, attempt, terminal, purse or account."""
    what: str
    money: str
    """Where the money is, as far as it is known."""

    def __str__(self) -> str:
        return f"{self.auditor}: {self.where}: {self.what}. The money: {self.money}."


@dataclass(slots=True)
class Attempt:
    """One attempt to pay, as its terminal tells it."""

    key: str
    order: str
    """The sale it was made for."""
    method: str
    amount: int
    member: str = ""
    """Whose points it spends, by the card's number."""
    outcome: Outcome = ""
    value: int = 0
    """What an approval moved."""
    gives_back: bool = False
    """It pays for no sale: money goes back to the customer, or a service moves it between purses."""


@dataclass(slots=True)
class SaleTold:
    """One sale that has ended."""

    order: str
    terminal: str
    total: int = 0
    voided: bool = False
    tenders: dict[str, int] = field(default_factory=dict)
    """Amounts by attempt key."""


@dataclass(slots=True)
class Told:
    """Everything the journals have said so far."""

    attempts: dict[str, Attempt] = field(default_factory=dict)
    sales: dict[str, SaleTold] = field(default_factory=dict)
    moved: dict[bytes, str] = field(default_factory=dict)
    """Transfers between purses: whose attempt each was, by payment details."""
    drawers: dict[str, int] = field(default_factory=dict)
    """What should lie in each terminal's drawer."""
    safe: int = 0
    """What was brought from drawers to the safe."""
    refunded: int = 0
    """What went back to customers by refunds."""
    voided: dict[str, str] = field(default_factory=dict)
    """Payments that were taken out of their open sale: the attempt by which each went back."""
    repaid: dict[str, int] = field(default_factory=dict)
    """What of a late payment went back to the card that paid, by the payment's attempt key."""
    points: dict[str, int] = field(default_factory=dict)
    """What each member has of earned, spent and taken back, by the card's number."""
    z: Counter[str] = field(default_factory=Counter)
    """What the Zs say was taken less what went back, by method."""
    refunds: set[str] = field(default_factory=set)
    """The numbers under which goods came back, written as sales are."""
    heard: int = 0
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Records, by terminal and kind."""

    def hear_all(self, records: Iterable[bytes]) -> list[Finding]:
        """Hear the bytes of records, each once and in order. Raises: RecordError, FactError."""
        return [finding for data in records for finding in self.hear(decode_record(data))]

    def hear(self, record: Record) -> list[Finding]:
        """Hear one record; return what it contradicts. Raises: FactError."""
        self.heard += 1
        self.kinds[record.terminal, record.kind] += 1
        fact = decode_fact(record.kind, record.body)
        match fact:
            case AttemptOpened():
                return self._opened(record, fact)
            case AttemptClosed():
                return self._answered(record, fact)
            case PurseMoved():
                return self._purse(record, fact)
            case SaleClosed() if not fact.training:
                return self._sold(record, fact)
            case SaleVoided():
                return self._voided(record, fact)
            case TenderChanged():
                return self._changed(record, fact)
            case TenderVoided():
                return self._taken_out(record, fact)
            case _:
                self._cash(record, fact)
                return []

    def late(self) -> dict[str, int]:
        """Return what was paid and stands in no sale that was closed or is still open, by attempt.

        What of it went back is in `repaid`.
        """
        return {
            attempt.key: attempt.value
            for attempt in self.attempts.values()
            if attempt.value
            and not attempt.gives_back
            and attempt.order in self.sales
            and attempt.key not in self.sales[attempt.order].tenders
            and not self.went_back(attempt.key)
        }

    def went_back(self, key: str) -> bool:
        """Tell whether a payment was taken out of its sale and its money went back, or may have."""
        back = self.voided.get(key)
        attempt = self.attempts.get(back or "")
        return back is not None and (attempt is None or attempt.outcome not in _DEAD)

    def _opened(self, record: Record, fact: AttemptOpened) -> list[Finding]:
        key, order = _key(record), _order(record)
        known = self.attempts.get(key)
        if known is not None:
            return [_twice(key, f"is begun again at record {record.sequence}", known)]
        gives_back = bool(fact.refunds or fact.repays or fact.service)
        self.attempts[key] = Attempt(
            key, order, fact.method, fact.amount, _member(fact), gives_back=gives_back
        )
        return []

    def _answered(self, record: Record, fact: AttemptClosed) -> list[Finding]:
        key = _key(record)
        attempt = self.attempts.setdefault(
            key, Attempt(key, _order(record), fact.method, fact.amount)
        )
        before = attempt.outcome
        attempt.outcome = fact.outcome
        if fact.outcome != "approved":
            if before == "approved":
                return [_twice(key, f"was paid and is {fact.outcome} now", attempt)]
            return []
        attempt.value += fact.amount
        if before not in OPEN:
            return [_twice(key, f"was {before} and is paid now", attempt)]
        if fact.amount > attempt.amount:
            return [_twice(key, f"was for {attempt.amount:,} and moved {fact.amount:,}", attempt)]
        return self._gave_back(fact) if fact.repays else []

    def _gave_back(self, fact: AttemptClosed) -> list[Finding]:
        """Note that late money went back; more than came never does."""
        late = self.attempts.get(fact.repays)
        self.repaid[fact.repays] = back = self.repaid.get(fact.repays, 0) + fact.amount
        if late is None or back > late.value:
            came = 0 if late is None else late.value
            return [
                Finding(
                    auditor="keys",
                    where=f"attempt {fact.repays}",
                    what=f"paid {came:,}, and {back:,} went back",
                    money="on the card that was paid; the shop is short of it",
                )
            ]
        return []

    def _purse(self, record: Record, fact: PurseMoved) -> list[Finding]:
        key = record.attempt or f"{record.terminal} record {record.sequence}"
        earlier = self.moved.setdefault(fact.details, key)
        details = decode_details(fact.details)
        if earlier != key or (record.attempt and self.attempts[key].value != details.value):
            what = f"the transfer of {details.value:,} stands for it and for {earlier}"
            return [
                Finding(
                    auditor="keys",
                    where=f"attempt {key}",
                    what=what,
                    money=f"in the purse {details.payee.hex()}, once",
                )
            ]
        return []

    def _sold(self, record: Record, fact: SaleClosed) -> list[Finding]:
        order = _order(record)
        earlier = self.sales.get(order)
        sale = SaleTold(order, record.terminal, fact.total)
        sale.tenders = {tender.attempt: tender.amount for tender in fact.tenders}
        self.sales[order] = sale
        self._drawer(record, _cash_of(fact.tenders))
        self._points(fact, 1)
        findings = [] if earlier is None else [_sale(sale, "has ended twice")]
        held = sum(tender.amount for tender in fact.tenders)
        if held != fact.total or len(sale.tenders) != len(fact.tenders):
            findings.append(_sale(sale, f"costs {fact.total:,} and holds {held:,}"))
        for tender in fact.tenders:
            attempt = self.attempts.get(tender.attempt)
            rests = attempt is not None and attempt.order == order
            if attempt is None or not rests or attempt.value < tender.amount:
                findings.append(_sale(sale, f"rests on {tender.attempt}, which did not pay for it"))
            elif tender.attempt in self.voided:
                findings.append(_sale(sale, f"rests on {tender.attempt}, which was given back"))
        return findings

    def _taken_out(self, record: Record, fact: TenderVoided) -> list[Finding]:
        """Note a payment that went back while its sale was open; once, and what it was."""
        tender, back = fact.tender, fact.back
        earlier = self.voided.setdefault(tender.attempt, back.attempt)
        if tender.method != CASH and back.method == CASH:
            self._drawer(record, -back.amount)
        if tender.method == POINTS != back.method:
            # Cash went out for them: they are spent, whatever becomes of the sale.
            self._spent(tender)
        if earlier == back.attempt and back.amount == tender.amount:
            return []
        return [
            Finding(
                auditor="keys",
                where=f"attempt {tender.attempt}",
                what=f"paid {tender.amount:,}; {back.amount:,} went back under {back.attempt}",
                money=f"given back under {earlier} before",
            )
        ]

    def _changed(self, record: Record, fact: TenderChanged) -> list[Finding]:
        """Let other payments stand in a closed sale; its sum stays as it was."""
        sale, old = self.sales.get(fact.original), fact.tender.attempt
        self.voided[old] = fact.back.attempt
        self._drawer(record, _cash_of(fact.taken) - _cash_of([fact.back]))
        for each in fact.taken:
            self._spent(each)
        if fact.back.method == POINTS:
            self._spent(fact.tender, -1)
        if sale is None:
            return [
                _sale(SaleTold(fact.original, record.terminal), "is changed, and was never closed")
            ]
        held = sale.tenders.pop(old, 0) - fact.back.amount
        if held:
            sale.tenders[old] = held
        sale.tenders |= {each.attempt: each.amount for each in fact.taken}
        paid = sum(each.amount for each in fact.taken)
        findings = [] if held >= 0 else [_sale(sale, f"gave back more than {old} had paid")]
        if paid != fact.back.amount:
            findings.append(_sale(sale, f"{paid:,} were taken and {fact.back.amount:,} given back"))
        for each in fact.taken:
            attempt = self.attempts.get(each.attempt)
            if attempt is None or attempt.value < each.amount or attempt.order != fact.original:
                findings.append(_sale(sale, f"rests on {each.attempt}, which did not pay for it"))
        return findings

    def _voided(self, record: Record, fact: SaleVoided) -> list[Finding]:
        order = _order(record)
        earlier = self.sales.get(order)
        sale = SaleTold(order, record.terminal, voided=True)
        self.sales[order] = sale
        return [] if earlier is None else [_sale(sale, "has ended twice")]

    def _cash(self, record: Record, fact: Fact) -> None:
        match fact:
            case ShiftOpened():
                self.drawers[record.terminal] = fact.float_amount
            case ShiftClosed(counted=counted, float_amount=float_amount, by_method=by_method):
                self.z.update(by_method)
                self.drawers[record.terminal] = 0
                self.safe += max(0, counted - float_amount)
            case CashMoved(direction=direction, amount=amount):
                self.safe += amount if direction == "drop" else 0
                self._drawer(record, amount if direction == "in" else -amount)
            case RefundClosed():
                self.refunded += fact.total
                self.refunds.add(_order(record))
                self._drawer(record, -_cash_of(fact.tenders))
                self._points(fact, -1)
                self._swapped(record, fact)
            case _:
                pass

    def _swapped(self, record: Record, fact: RefundClosed) -> None:
        """Note what goods that came back are worth to the sale of the same ticket."""
        for tender in fact.tenders:
            if tender.method == EXCHANGE:
                self.attempts[tender.attempt] = Attempt(
                    tender.attempt,
                    _order(record),
                    EXCHANGE,
                    tender.amount,
                    outcome="approved",
                    value=tender.amount,
                )

    def _points(self, fact: SaleClosed | RefundClosed, sign: int) -> None:
        """Note what a ticket does to a member's points: earned less spent, or the other way round."""
        if not fact.customer:
            return
        spent = sum(tender.amount for tender in fact.tenders if tender.method == POINTS)
        earned = fact.points.amount if fact.points else 0
        before = self.points.get(fact.customer, 0)
        self.points[fact.customer] = before + sign * (earned - spent)

    def _spent(self, tender: Tender, sign: int = 1) -> None:
        """Note points that paid; with -1, that they are the member's again."""
        attempt = self.attempts.get(tender.attempt)
        if tender.method == POINTS and attempt is not None:
            before = self.points.get(attempt.member, 0)
            self.points[attempt.member] = before - sign * tender.amount

    def _drawer(self, record: Record, amount: int) -> None:
        self.drawers[record.terminal] = self.drawers.get(record.terminal, 0) + amount


def read_journal(records: Iterable[bytes]) -> tuple[Told, list[Finding]]:
    """Return what the records of any number of terminals say, and what contradicts itself in them."""
    told = Told()
    findings = told.hear_all(records)
    return told, findings


def _key(record: Record) -> str:
    return record.attempt or f"{record.terminal} record {record.sequence}"


def _order(record: Record) -> str:
    """Return the sale that a record is about."""
    if "sale" in record.references:
        return record.references["sale"]
    return (record.attempt or "").rpartition("-")[0]


def _member(fact: AttemptOpened) -> str:
    """Return whose points an attempt asks for."""
    return fact.peer.partition("=")[2] if fact.method == POINTS else ""


def _cash_of(tenders: list[Tender]) -> int:
    return sum(tender.amount for tender in tenders if tender.method == CASH)


def _twice(key: str, what: str, attempt: Attempt) -> Finding:
    moved = f"{attempt.value:,} moved by {attempt.method}" if attempt.value else "nothing moved yet"
    return Finding(auditor="keys", where=f"attempt {key}", what=what, money=moved)


def _sale(sale: SaleTold, what: str) -> Finding:
    tenders = ", ".join(f"{amount:,} under {key}" for key, amount in sale.tenders.items())
    return Finding(
        auditor="sales", where=f"sale {sale.order}", what=what, money=tenders or "none was taken"
    )
