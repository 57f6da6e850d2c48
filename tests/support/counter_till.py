"""A till on a store in a folder, worked by entries, with a drawer, a display and a printer to look at."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path
from zoneinfo import ZoneInfo

from pos.catalogue import replace_catalogue
from pos.entry import parse_entry
from pos.equipment import Came, Kick
from pos.purses import Cards, NoCards
from pos.register import Clerk, Register, Setup
from pos.rights import Role
from pos.store.papers import Paper
from pos.store.store import FILE_NAME, Store
from pos.store.threads import StoreInline
from pos.tenders.registry import find_tenders
from pos.till import Till
from pos.view import Notice
from protocols.catalogue import Catalogue, Item
from protocols.facts import decode_fact
from protocols.journal import Record, decode_record
from protocols.ports import Clock, FaultPoints
from protocols.staff import Staff
from sim.entropy import SeededEntropy
from tests.support.staff import employ

GOODS = Catalogue(
    version="test-1",
    items=[
        Item(sku="milk", barcodes=["8801115114154"], name_ko="서울우유 1L", name_en="Seoul Milk 1L", price=2_980),
        Item(sku="ramen", barcodes=["8801043015929"], name_ko="신라면 5입", name_en="Shin Ramyun 5p", price=4_100),
        Item(sku="rice", barcodes=["8809000000018"], name_ko="쌀 10kg", name_en="Rice 10kg", price=35_000, tax="exempt"),
    ],
)  # fmt: skip


@dataclass
class Bench:
    """A drawer, a display and a printer that write down what they were told."""

    told: list[str] = field(default_factory=list)
    kicked: Kick = Kick.OPENED
    came: list[Came] = field(default_factory=list)
    printed: list[bytes] = field(default_factory=list)

    async def kick(self, *, deadline_ns: int) -> Kick:
        self.told.append("kick")
        return self.kicked

    def show(self, upper: str, lower: str) -> None:
        self.told.append(f"{upper}|{lower}")

    async def print_job(self, data: bytes, *, job: int, deadline_ns: int) -> Came:
        self.told.append("print")
        came = self.came.pop(0) if self.came else Came.OUT
        if came is Came.OUT:
            self.printed.append(data)
        return came


class Turns(StoreInline):
    """The store inline, but letting others have a turn at every step, as the thread does."""

    async def run(self, step):
        await asyncio.sleep(0)
        return await super().run(step)


class Stamp:
    """A press that prints a paper's name only."""

    def __call__(self, paper: Paper) -> bytes:
        return self.text(paper).encode()

    def text(self, paper: Paper) -> str:
        return f"{paper.form} {paper.sale} copy {paper.copy}"


@dataclass
class Counter:
    """A till on a store in a folder, with what tests ask of it."""

    till: Till
    store: Store
    bench: Bench

    async def key(self, *texts: str) -> Notice | None:
        notice = None
        for text in texts:
            notice = await self.till.execute(parse_entry(text, tenders=self.till.view.tenders))
        return notice

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)

    def records(self) -> list[Record]:
        return [decode_record(data) for data in self.store.records(0)]

    def facts(self) -> list[object]:
        return [decode_fact(record.kind, record.body) for record in self.records()]


Starting = Callable[..., Awaitable[Counter]]


async def start_till(
    folder: Path,
    clock: Clock,
    faults: FaultPoints,
    bench: Bench | None = None,
    *,
    printer: bool = True,
    goods: bool = True,
    role: Role = Role.MANAGER,
    staff: Staff | None = None,
    sign_on: str = "7PN:4711",
    cards: Cards | None = None,
    tenders: Sequence[EntryPoint] | None = None,
    **setup: object,
) -> Counter:
    """Start a till on the folder; again and again, as after a sudden end.

    `tenders` are ways to pay beside ours. With a staff list its clerk signs on, where nobody is; an empty `sign_on` leaves it so.
    """
    store = Store(folder / FILE_NAME, clock=clock)
    if goods:
        replace_catalogue(store.database, GOODS, now_ns=clock.now_ns())
    if staff is not None:
        employ(store, staff)
    bench = bench or Bench()
    register = Register(
        setup=Setup(
            store="S1",
            store_name="한빛마트",
            clerk=Clerk(id="kim", name="김영희", role=role),
            zone=ZoneInfo("Asia/Seoul"),
            has_printer=printer,
            **setup,  # type: ignore[arg-type]
        ),
        clock=clock,
        faults=faults,
        runner=Turns(store),
        tenders=find_tenders(tenders),
        # Another start draws other bytes.
        entropy=SeededEntropy(len(list(store.records(0)))),
        cards=cards or NoCards(),
    )
    till = Till(
        register,
        drawer=bench,
        display=bench,
        printer=bench if printer else None,
        press=Stamp(),
    )
    await till.start()
    counter = Counter(till, store, bench)
    if staff is not None and register.signed is None and sign_on:
        await counter.key(sign_on)
    await counter.settle()
    return counter
