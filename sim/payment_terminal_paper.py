"""What a virtual payment terminal has printed, line by line; at the register's printer, if that has one."""

from collections.abc import Callable, Mapping
from typing import Final

from protocols.zvt.status import Totals, show_card
from sim.payment_terminal_journal import Comparison, Entry, Kind, net_of

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


def compared(comparison: Comparison | None, amount: Callable[[int], str]) -> list[str]:
    """Return what the paper of an END OF DAY says of the bank's totals; None: it has not answered."""
    if comparison is None:
        return ["은행 응답 없음 / BANK NOT HEARD", "나중에 대조 / COMPARED LATER"]
    if comparison.state == "agreed":
        return ["은행과 일치 / BANK AGREES"]
    ours, theirs = (
        f"{amount(net_of(sums))} ({'+'.join(map(str, sums[:4]))})"
        for sums in (comparison.ours, comparison.theirs)
    )
    return ["은행과 차이 / BANK DIFFERS", f"단말기 {ours}", f"은행 {theirs}"]
