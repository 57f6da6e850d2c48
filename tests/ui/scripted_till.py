"""A till that shows what it is told to: views for pictures, a small basket for keys and measures.

The real till is joined in test_sale_story; this one makes states that a real till reaches only with
broken equipment, and answers in no time, so that what is measured is the screen.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from typing import Final

from pos import commands
from pos.commands import Command
from pos.keymap import load_keymap
from pos.messages import Language, notice
from pos.ui.grammar import read_entry
from pos.ui.source import Counter
from pos.ui.training import Bench, Goods
from pos.view import (
    DeviceView,
    FoundView,
    Lamp,
    LineView,
    Notice,
    QueueView,
    Stage,
    TillView,
)

# 2026-04-17 05:32:07 UTC
NOW_NS: Final = 1_776_403_927_000_000_000

NAMES: Final = {
    "8801115114154": ("서울우유 1L", "Seoul Milk 1L", 2_980),
    "8801043014830": ("신라면 5입", "Shin Ramyun 5p", 4_100),
    "8809999000013": ("제주감귤 1.5kg", "Jeju Mandarin 1.5kg", 3_900),
    "2000000000107": ("종량제봉투 10L 재사용 가능 묶음", "Waste bag 10L reusable bundle", 350),
}


class StillClock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = NOW_NS

    def now_ns(self) -> int:
        return self.now

    def monotonic_ns(self) -> int:
        return self.now


def devices(language: Language) -> tuple[DeviceView, ...]:
    korean = language == "ko"
    return (
        DeviceView(
            "printer", "프린터" if korean else "Printer", "serial:///dev/pts/3", Lamp.OK, ""
        ),
        DeviceView(
            "customer_card",
            "손님 카드" if korean else "Customer's card",
            "pcsc://IPS customer",
            Lamp.OK,
            "",
        ),
        DeviceView("drawer", "돈통" if korean else "Drawer", "printer", Lamp.ABSENT, ""),
        DeviceView(
            "scanner",
            "스캐너" if korean else "Scanner",
            "serial:///dev/ttyUSB1",
            Lamp.DOWN,
            "끊겼습니다. 케이블을 보세요" if korean else "Not answering. Check its cable",
        ),
    )


def empty_view(language: Language = "ko", stage: Stage = Stage.ENTRY) -> TillView:
    return TillView(
        lane="01",
        clerk="김영희" if language == "ko" else "Y.KIM",
        store="한빛마트 본점" if language == "ko" else "Hanbit Mart",
        language=language,
        sale="0417-0128",
        stage=stage,
        tenders={"CA": "cash", "EC": "purse"},
        card_slots=True,
        devices=devices(language),
        queue=QueueView("online", sent=127),
        last_sale="#0127 현금" if language == "ko" else "#0127 CASH",
        last_change=2_600,
    )


def sold_view(language: Language = "ko", lines: int = 4) -> TillView:
    """Return a view with so many lines in the basket, the last one selected."""
    rows: list[LineView] = []
    for number in range(1, lines + 1):
        korean, english, price = list(NAMES.values())[(number - 1) % 4]
        name = korean if language == "ko" else english
        amount = f"{price:,}"
        rows.append(LineView(number, name, "1", amount, amount, exempt=number % 4 == 0))
    return totalled(replace(empty_view(language), lines=tuple(rows), selected=lines - 1))


def totalled(view: TillView) -> TillView:
    total = sum(int(line.amount.replace(",", "")) for line in view.lines if not line.voided)
    exempt = sum(int(line.amount.replace(",", "")) for line in view.lines if line.exempt)
    net = round((total - exempt) / 1.1)
    return replace(
        view,
        total=total,
        due=total,
        net=net,
        vat=total - exempt - net,
        exempt=exempt,
        pieces=len(view.lines),
    )


class ScriptedTill:
    """Answers commands from a small catalogue; remembers every command it was given."""

    def __init__(self, view: TillView) -> None:
        self.view = view
        self.commands: list[Command] = []
        self._watchers: list[Callable[[TillView], None]] = []

    def watch(self, callback: Callable[[TillView], None]) -> Callable[[], None]:
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def become(self, view: TillView) -> None:
        """Change as a device or the broker would make the till change."""
        self.view = view
        for watcher in list(self._watchers):
            watcher(view)

    async def execute(self, command: Command) -> Notice | None:
        self.commands.append(command)
        self.become(self._after(replace(self.view, notice=None), command))
        return self.view.notice

    def _after(self, view: TillView, command: Command) -> TillView:
        match command:
            case commands.Scan(code=code, quantity=quantity):
                return self._scanned(view, code, quantity)
            case commands.Show(page=page):
                return replace(view, page=page)
            case commands.Select(by=by) if view.lines:
                return replace(view, selected=max(0, min(len(view.lines) - 1, view.selected + by)))
            case commands.Subtotal():
                quick = (view.due, 16_000, 20_000, 50_000)
                return replace(view, stage=Stage.SUBTOTAL, quick_cash=quick)
            case commands.Find(text=text):
                found = tuple(
                    FoundView(choice, code, item[0 if view.language == "ko" else 1], f"{item[2]:,}")
                    for choice, (code, item) in enumerate(NAMES.items(), start=1)
                )
                return replace(view, stage=Stage.FIND, found=found if text else ())
            case commands.OpenShift():
                return replace(view, stage=Stage.ENTRY)
            case commands.CountShift(denominations=pieces):
                counted = sum(face * count for face, count in pieces.items())
                return replace(view, stage=Stage.COUNTED, counted=counted, expected=50_500)
            case commands.Cancel():
                return replace(view, stage=Stage.ENTRY)
            case _:
                return view

    def _scanned(self, view: TillView, code: str, quantity: int) -> TillView:
        if code not in NAMES:
            return replace(view, notice=notice("SCN-01", view.language, code=code))
        korean, english, price = NAMES[code]
        name = korean if view.language == "ko" else english
        amount = price * quantity // 1000
        number = len(view.lines) + 1
        line = LineView(number, name, str(quantity // 1000), f"{price:,}", f"{amount:,}")
        return totalled(replace(view, lines=(*view.lines, line), selected=number - 1))


class BusyTill(ScriptedTill):
    """Takes as long over a payment as it is told to."""

    def __init__(self, view: TillView) -> None:
        super().__init__(view)
        self.busy = False
        self.free = asyncio.Event()

    async def execute(self, command: Command) -> Notice | None:
        if not isinstance(command, commands.Pay):
            self.commands.append(command)
            return None
        self.commands.append(command)
        self.busy = True
        await self.free.wait()
        self.busy = False
        return None


def counter_of(till: ScriptedTill, bench: Bench | None = None) -> Counter:
    return Counter(
        till=till,
        grammar=read_entry,
        keymap=load_keymap("us"),
        clock=StillClock(),
        zone=UTC,
        bench=bench,
        goods=(Goods(code="8801115114154", name_ko="서울우유 1L", name_en="Seoul Milk 1L"),),
    )
