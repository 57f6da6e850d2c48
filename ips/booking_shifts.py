"""Books shifts: float, cash in and out, the count, and the Z compared with the ledger.

The till's account is empty between shifts. At the Z the difference between count and ledger goes to
over-short, the float back to where it came from and the takings to the safe; so the next float is
not counted twice, and a till that is not empty at an opening is an unclosed shift.
"""

from typing import Final

import msgspec

from ips.booking_purse import RESERVE
from ips.books import ShiftRecord
from ips.entry import EXCEPTIONS, Entry
from protocols.facts import CashMoved, ShiftClosed, ShiftCounted, ShiftOpened


def shift_opened(entry: Entry, fact: ShiftOpened) -> None:
    """Book the float into the till."""
    about = _about(entry, fact.shift)
    known = entry.shift(fact.shift)
    if known is not None:
        entry.ask("duplicate-shift", about=about, amount=fact.float_amount)
    shift = known or entry.blank_shift(fact.shift)
    floats = shift.float_amount + fact.float_amount
    entry.booking.shift = msgspec.structs.replace(shift, float_amount=floats)
    entry.move(entry.till, _float(entry), fact.float_amount, "float")


def cash_moved(entry: Entry, fact: CashMoved) -> None:
    """Book cash paid in, paid out, or dropped into the safe."""
    store = entry.occasion.store
    match fact.direction:
        case "in":
            entry.add_to_shift(fact.shift, cash_in=fact.amount)
            source, memo = _float(entry), "pay-in"
            if fact.against == "e-cash":
                # The money that was paid for the value lies here now, and not in the bank.
                source, memo = RESERVE, "load"
            entry.move(entry.till, source, fact.amount, memo)
        case "out":
            entry.add_to_shift(fact.shift, cash_out=fact.amount)
            entry.move(f"expense/{store}", entry.till, fact.amount, "pay-out")
        case "drop":
            entry.add_to_shift(fact.shift, drops=fact.amount)
            entry.move(f"safe/{store}", entry.till, fact.amount, "drop")


def shift_counted(entry: Entry, fact: ShiftCounted) -> None:
    """Keep what was counted; the Z books the difference."""
    shift = entry.shift(fact.shift) or entry.blank_shift(fact.shift)
    entry.booking.shift = msgspec.structs.replace(shift, counted=fact.counted)


def shift_closed(entry: Entry, fact: ShiftClosed) -> None:
    """Compare the Z with what its facts add up to, book over or short, and empty the till."""
    about = _about(entry, fact.shift)
    shift = entry.shift(fact.shift)
    if shift is None or shift.z:
        entry.ask("unknown-shift", about=about)
    shift = shift or entry.blank_shift(fact.shift)
    held = entry.books.balance(entry.till, entry.occasion.currency)
    differences = _differences(shift, fact)
    if held != fact.expected:
        differences.append(f"cash {held} in the ledger, {fact.expected} on the Z")
    if differences:
        amount = fact.expected - held
        entry.ask("shift-totals", about=about, amount=amount, detail="; ".join(differences))
    _compare_terminal(entry, fact, about)
    _count_out(entry, fact, held, shift.float_amount)
    entry.booking.shift = msgspec.structs.replace(shift, z=fact.z or fact.shift)


def _compare_terminal(entry: Entry, fact: ShiftClosed, about: str) -> None:
    """Ask where a payment terminal has counted something else than its till."""
    total, taken = fact.terminal_total, max(0, fact.by_method.get("terminal", 0))
    if total is not None and total != taken:
        detail = f"terminal {total}, till {taken}"
        entry.ask("terminal-totals", about=about, amount=total - taken, detail=detail)


def _count_out(entry: Entry, fact: ShiftClosed, held: int, float_amount: int) -> None:
    store = entry.occasion.store
    entry.move(entry.till, EXCEPTIONS, fact.expected - held, "shift-totals")
    entry.move(entry.till, f"over-short/{store}", fact.counted - fact.expected, "over-short")
    back = min(float_amount, fact.counted)
    entry.move(_float(entry), entry.till, back, "float")
    entry.move(f"safe/{store}", entry.till, fact.counted - back, "takings")


def _differences(shift: ShiftRecord, fact: ShiftClosed) -> list[str]:
    """Name every figure in which the Z and the facts of its shift differ."""
    differences = []
    for name in _FIGURES:
        here, there = getattr(shift, name), getattr(fact, name)
        if here != there:
            differences.append(f"{name} {here} here, {there} on the Z")
    for method in sorted(shift.by_method.keys() | fact.by_method.keys()):
        here, there = shift.by_method.get(method, 0), fact.by_method.get(method, 0)
        if here != there:
            differences.append(f"{method} {here} here, {there} on the Z")
    if shift.counted not in (-1, fact.counted):
        differences.append(f"counted {shift.counted} before, {fact.counted} on the Z")
    if fact.over_short != fact.counted - fact.expected:
        differences.append(f"over-short {fact.over_short} is not {fact.counted} - {fact.expected}")
    return differences


_FIGURES: Final = (
    "sales",
    "gross",
    "net",
    "vat",
    "exempt",
    "discounts",
    "voids",
    "tender_voids",
    "tender_changes",
    "undone",
    "refunds",
    "members",
    "points_earned",
    "points_back",
    "float_amount",
    "cash_in",
    "cash_out",
    "drops",
)


def _about(entry: Entry, shift: int) -> str:
    return f"{entry.occasion.terminal}/{entry.occasion.epoch}/{shift}"


def _float(entry: Entry) -> str:
    return f"capital/float/{entry.occasion.store}"
