"""A clerk who never tires, at the real counter: `ips-pos` on a terminal, equipment on ptys, a broker.

Every sale is one burst of keys, as fast as a terminal takes them: goods by the keyboard wedge, counted or
not, some through the serial scanner, some taken back again; then what is on the screen is held against
what the clerk knows, and the customer pays. Meanwhile paper runs out, covers open, cables are pulled,
the broker is killed and, with a basket open, the till. At the end the drawer, the Z, the journal and the
broker's ledger must say what the clerk says. All of it is drawn from one seed.
"""

import csv
import json
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from random import Random
from typing import Any, Final

from pos.host import HostClock
from sim.stage.counter import Counter
from sim.stage.shop import Shop
from tests.ui.terminal import Terminal

FLOAT: Final = 50_000
CASH: Final = b"\x1b[24~"
DELETE: Final = b"\x1b[3~"
CTRL_C: Final = b"\x03"
TROUBLES: Final = (
    ("printer", "paper_out", "load_paper"),
    ("printer", "open_cover", "close_cover"),
    ("printer", "pull_cable", "plug_cable"),
    ("line_display", "pull_cable", "plug_cable"),
)
_PATIENCE_S: Final = 300.0
_WARM: Final = 100
"""Sales after which the till's memory is looked at first: caches are full by then."""


@dataclass(frozen=True, slots=True)
class Item:
    """What the shop sells by the piece."""

    code: str
    price: int


def goods() -> list[Item]:
    """Return everything of the shop's catalogue that is sold by the piece."""
    text = resources.files("pos").joinpath("data/goods.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return [
        Item(row["barcodes"].split()[0], int(row["price"]))
        for row in rows
        if row["unit"] == "ea" and row["barcodes"]
    ]


@dataclass(slots=True)
class Told:
    """What the clerk knows, and what was seen on the way."""

    sales: int = 0
    taken: int = 0
    scans: int = 0
    taken_back: int = 0
    troubles: int = 0
    kills: int = 0
    latencies: list[float] = field(default_factory=list)
    """Seconds from the last byte of a burst to the right total on the screen."""
    memory: list[int] = field(default_factory=list)
    """Resident bytes of the till that was killed last, early and at the end."""

    def figures(self) -> dict[str, Any]:
        """Return it in numbers; p95 is over whole bursts of up to five scans."""
        return {
            "sales": self.sales,
            "scans": self.scans,
            "taken back": self.taken_back,
            "troubles": self.troubles,
            "kills": self.kills,
            "burst_p50_ms": round(statistics.median(self.latencies) * 1_000),
            "memory_growth_kib": (self.memory[-1] - self.memory[0]) // 1_024,
        }


class ScriptedClerk:
    """Works one shift."""

    def __init__(self, shop: Shop, *, seed: int, sales: int) -> None:
        self._shop = shop
        self._random = Random(seed)
        self._sales = sales
        self._goods = goods()
        self._terminal: Terminal | None = None
        self._number = 0
        self._mend: Callable[[], None] | None = None
        self.told = Told()

    def work(self) -> Told:
        """Work the shift to its end. Raises: AssertionError, TimeoutError with the screen."""
        self._shop.do("printer", "speed", percent="1000")
        self._shop.till("shift", "open", str(FLOAT))
        self._open("#")
        kills = {self._sales // 20, self._sales // 10}
        broker = {
            self._sales // 4: self._shop.kill_broker,
            self._sales // 3: self._shop.start_broker,
        }
        try:
            for number in range(1, self._sales + 1):
                self._number = number
                broker.get(number, lambda: None)()
                self._trouble()
                self._sell(killed=number in kills)
                if number == max(kills) + min(_WARM, self._sales // 4):
                    self.told.memory.append(self._memory())
            self.told.memory.append(self._memory())
            if self._mend is not None:
                self._mend()
            self._leave()
        finally:
            if self._terminal is not None:
                self._terminal.__exit__(None, None, None)
        self._close()
        return self.told

    @property
    def _screen(self) -> Terminal:
        assert self._terminal is not None, "the counter is not open"
        return self._terminal

    def _open(self, *texts: str) -> None:
        config = str(self._shop.places.till_config)
        self._terminal = Terminal(["-m", "pos.cli", "--config", config])
        self._screen.until("TOTAL", "F12Cash", *texts)

    def _trouble(self) -> None:
        if self._mend is not None:
            if self._random.random() < 0.3:
                self._mend()
                self._mend = None
            return
        if self._random.random() < 0.04:
            device, broken, mended = self._random.choice(TROUBLES)
            self._shop.do(device, broken)
            self._mend = lambda: self._do(device, mended)
            self.told.troubles += 1

    def _do(self, device: str, verb: str) -> None:
        self._shop.do(device, verb)

    def _sell(self, *, killed: bool) -> None:
        basket = self._random.sample(self._goods, self._random.randint(1, 5))
        lines: list[tuple[Item, int]] = []
        burst = bytearray()
        for item in basket:
            pieces = self._random.choice((1, 1, 1, 2, 12))
            lines.append((item, pieces))
            burst += (f"{pieces}*" if pieces > 1 else "").encode() + item.code.encode() + b"\r"
            # The last one stays: a total on the way must not look like the one at the end.
            if item is not basket[-1] and len(lines) > 1 and self._random.random() < 0.15:
                lines.pop()
                burst += DELETE
                self.told.taken_back += 1
        self._screen.send(bytes(burst))
        self.told.latencies.append(self._shows(lines))
        if self._random.random() < 0.1:
            item = self._random.choice([each for each in self._goods if each not in basket])
            self._shop.do("scanner", "scan", code=item.code)
            lines.append((item, 1))
            self._shows(lines)
        self.told.scans += len(lines)
        if killed:
            self._screen.process.kill()
            self._screen.__exit__(None, None, None)
            self._open()
            self._shows(lines)
            self.told.kills += 1
        self._pay(sum(item.price * pieces for item, pieces in lines))

    def _shows(self, lines: list[tuple[Item, int]]) -> float:
        total = sum(item.price * pieces for item, pieces in lines)
        pieces = sum(pieces for _, pieces in lines)
        return self._screen.until(f"{pieces} pcs", f"*  {total:,} *")

    def _pay(self, total: int) -> None:
        note = self._random.choice((0, 0, 1_000, 10_000))
        given = -(-total // note) * note if note else total
        keys = f"{given}".encode() if note else b""
        self._screen.send(keys + CASH)
        self._screen.until("0 pcs", f"-{self._number:04d} CASH", f"change {given - total:>16,}")
        self.told.sales += 1
        self.told.taken += total

    def _memory(self) -> int:
        status = Path(f"/proc/{self._screen.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1_024

    def _leave(self) -> None:
        """Wait until the broker has everything, and leave; a printer is slower than this clerk."""
        end = time.monotonic() + _PATIENCE_S
        while "queue 0 " not in self._screen.text():
            assert time.monotonic() < end, f"it still waits:\n{self._screen.text()}"
            self._screen.read(0.5)
        self._screen.send(CTRL_C)
        self._screen.until("Ctrl+C once more")
        self._screen.send(CTRL_C)
        assert self._screen.ended() == 0

    def _close(self) -> None:
        """Count, write the Z, and lay everything side by side."""
        there = FLOAT + self.told.taken
        notes, rest = divmod(there, 50_000)
        clock = HostClock()
        log = self._shop.places.root / "close.log"
        till = Counter(self._shop.places.till_config, log=log, clock=clock)
        view = till.enter(f"50000x{notes},10x{rest // 10}CN")["view"]
        assert (view["expected"], view["counted"]) == (there, there), view
        till.enter("CZ")
        till.until("the last records", lambda view: not view["waiting"], _PATIENCE_S)
        till.end()
        verified = json.loads(self._shop.till("journal", "verify", "--json"))
        settled = json.loads(self._shop.broker("inquire", "settled", "--json"))
        audits = json.loads(self._shop.broker("audit", "ledger", "--json"))
        audits += json.loads(self._shop.broker("audit", "chain", "--json"))
        assert (settled["count"], settled["totals"].get("KRW", 0)) == (
            self.told.sales,
            self.told.taken,
        )
        assert [each["findings"] for each in audits] == [[]] * len(audits)
        assert {each["audit"]: each["checked"] for each in audits}["chain"] == verified["records"]
        z = json.loads(self._shop.till("journal", "export", "--form", "jsonl").splitlines()[-1])
        assert (z["kind"], z["body"]["sales"]) == ("shift.closed", self.told.sales)
        assert z["body"]["gross"] == self.told.taken
        accounts = json.loads(self._shop.broker("accounts", "--json"))
        safe = sum(each["balance"] for each in accounts if each["account"].startswith("safe/"))
        assert safe == self.told.taken, "the Z and the ledger differ"
