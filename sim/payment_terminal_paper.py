"""What a virtual payment terminal has printed, line by line; at the register's printer, if that has one."""

from collections.abc import Callable, Mapping
from typing import Final

from protocols.zvt.status import Totals, show_card
from sim.payment_terminal_journal import Entry, Kind

_TITLES: Final[Mapping[Kind, str]] = {
    "payment": "카드 승인 / PAYMENT",
    "reservation": "가승인 / RESERVATION",
    "release": "가승인 취소 / RELEASE",
    "refund": "환불 / REFUND",
    "reversal": "취소 / REVERSAL",
}


def receipt(
    entry: Entry, amount: Callable[[int], str], *, terminal_id: int, copy: bool
) -> list[str]:
    """Return a receipt; `amount` writes money."""
    lines = [_TITLES[entry.kind]]
    lines += ["** COPY / 재발행 **"] if copy else []
    month, day = divmod(entry.date, 100)
    hour, rest = divmod(entry.time, 10_000)
    lines += [
        f"TID {terminal_id:08d}",
        f"{month:02d}-{day:02d} {hour:02d}:{rest // 100:02d}:{rest % 100:02d}",
        f"No. {entry.receipt:04d} / {entry.trace:06d}",
        entry.card_name or "CARD",
        show_card(entry.card),
        amount(entry.amount),
    ]
    lines += [f"승인 {entry.approval}"] if entry.approval else []
    return [*lines, *([entry.text] if entry.text else [])]


def end_of_day(
    totals: Totals, net: int, amount: Callable[[int], str], *, terminal_id: int
) -> list[str]:
    """Return the paper of an END OF DAY."""
    lines = ["마감 / END OF DAY", f"TID {terminal_id:08d}"]
    lines += [f"No. {totals.first_receipt:04d} - {totals.last_receipt:04d}"]
    for group, (count, each) in totals.groups.items():
        lines.append(f"{group.name:<10}{count:>4} {amount(each)}")
    return [*lines, f"합계 {amount(net)}"]
