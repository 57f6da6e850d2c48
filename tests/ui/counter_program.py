"""The counter as a process of its own, on whatever terminal it is given: for tests and measures.

    python -m tests.ui.counter_program FOLDER [ko|en] [LINES]

A real till with a real store in FOLDER and the shop's catalogue; no devices, no broker. The shift is
open and so many lines are in the basket before the first picture.
"""

import asyncio
import csv
import sys
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

from pos import commands
from pos.catalogue_file import import_catalogue
from pos.equipment import NoDisplay, NoDrawer
from pos.host import HostClock, NoFaults
from pos.keymap import load_keymap
from pos.messages import Language
from pos.register import Clerk, Register, Setup
from pos.rights import Role
from pos.store.store import FILE_NAME, Store
from pos.store.threads import StoreThread
from pos.tenders.registry import find_tenders
from pos.till import Till
from pos.ui.grammar import read_entry
from pos.ui.opening import run_counter
from pos.ui.source import Counter


def codes() -> list[str]:
    """Return a code of every item of the shop, in the catalogue's order."""
    goods = resources.files("pos").joinpath("data/goods.csv").read_text(encoding="utf-8")
    return [row["barcodes"].split()[0] for row in csv.DictReader(goods.splitlines())]


def stock(folder: Path) -> None:
    """Make the store of a till that has the shop's catalogue."""
    clock = HostClock()
    with Store(folder / FILE_NAME, clock=clock) as store:
        goods = resources.files("pos").joinpath("data/goods.csv").read_bytes()
        import_catalogue(store.database, goods, date="20260417", now_ns=clock.now_ns())


def real_till(folder: Path, language: Language) -> Till:
    """Return a till on a store in this folder that has the shop's catalogue."""
    clock = HostClock()
    if not (folder / FILE_NAME).exists():
        stock(folder)
    setup = Setup(
        store="S1",
        store_name="한빛마트" if language == "ko" else "Hanbit Mart",
        clerk=Clerk(id="kim", name="김영희" if language == "ko" else "Y.KIM", role=Role.MANAGER),
        zone=ZoneInfo("Asia/Seoul"),
        language=language,
    )
    register = Register(
        setup=setup,
        clock=clock,
        faults=NoFaults(),
        runner=StoreThread(lambda: Store(folder / FILE_NAME, clock=clock)),
        tenders=find_tenders(),
    )
    return Till(register, drawer=NoDrawer(), display=NoDisplay())


def real_counter(till: Till) -> Counter:
    """Return what a screen needs to show this till."""
    return Counter(
        till=till,
        grammar=read_entry,
        keymap=load_keymap("us"),
        clock=HostClock(),
        zone=ZoneInfo("Asia/Seoul"),
    )


async def main(folder: Path, language: Language, lines: int) -> None:
    """Open the counter and show it until it is left."""
    till = real_till(folder, language)
    await till.start()
    if lines:
        await till.execute(commands.OpenShift(50_000))
    for code in codes()[:lines]:
        await till.execute(commands.Scan(code))
    await run_counter(real_counter(till))
    await till.stop()


if __name__ == "__main__":
    _, where, *rest = sys.argv
    chosen: Language = "en" if "en" in rest else "ko"
    wanted = int(rest[1]) if len(rest) > 1 else 0
    asyncio.run(main(Path(where), chosen, wanted))
