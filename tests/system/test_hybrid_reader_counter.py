"""A counter whose customers' cards go into a motorised reader on a real pty: e-cash, a stripe, the cable.

The bench and the till are processes; the shop's purse is in a reader of the bench's private pcscd.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.bus import BENCH_VARIABLE
from sim.cards.stripes import read_stripes
from sim.control_client import Bench
from sim.host import SystemClock
from sim.stage.children import Child, LineReader

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]
PATIENCE_S = 60
PLAN = """
[devices.customer]
kind = "hybrid_reader"
line = { baud = 19200, parity = "even" }

[devices.shop]
kind = "smart_card"
options = { inserted = "shop" }
"""
TILL = """
folder = "till"
language = "en"
[devices]
customer_card = "sim://customer"
shop_card = "sim://shop"
"""


class Counter:
    """A till without a screen beside the bench, both processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trace = folder / "bench.trace"
        (folder / "bench.toml").write_text(PLAN)
        (folder / "till.toml").write_text(TILL)
        (folder / "goods.csv").write_text("sku,name_ko,price,tax\nmilk,우유,1000,과세\n")
        run = folder / "run"
        plan = ("up", str(folder / "bench.toml"), "--folder", str(run), "--trace", str(self.trace))
        self.bench = Child(
            "bench", ("sim.stage.cli", *plan), log=folder / "bench.log", clock=SystemClock()
        )
        self.bench.announcement()
        self.environment = {
            **{key: value for key, value in os.environ.items() if key != "PCSCLITE_CSOCK_NAME"},
            BENCH_VARIABLE: str(run / "bench.json"),
            "PYTHONUNBUFFERED": "1",
        }
        self.said: list[dict[str, Any]] = []

    def pos(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pos.cli", "--config", str(self.folder / "till.toml"), *words],
            capture_output=True, text=True, timeout=PATIENCE_S, env=self.environment, check=False,
        )  # fmt: skip

    def lamps(self) -> dict[str, str]:
        """Return what `doctor` sees: each device and its lamp."""
        rows = json.loads(self.pos("doctor", "--json").stdout)["fields"]["devices"]
        return {row["role"]: row["lamp"] for row in rows}

    def open(self) -> None:
        """Start the till that is worked by entries."""
        assert self.pos("catalogue", "import", str(self.folder / "goods.csv")).returncode == 0
        self.till = subprocess.Popen(
            [sys.executable, "-m", "pos.cli", "--config", str(self.folder / "till.toml"), "script", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=self.environment,
        )  # fmt: skip
        assert self.till.stdout is not None
        self.lines = LineReader(self.till.stdout.fileno(), SystemClock())

    def key(self, entry: str) -> str | None:
        """Key something; the code of the answer."""
        assert self.till.stdin is not None
        self.till.stdin.write(entry + "\n")
        self.till.stdin.flush()
        while "entry" not in (told := self._line()):
            pass
        code: str | None = (told["notice"] or {}).get("code")
        return code

    def hears(self, code: str) -> None:
        """Wait until the till says something by itself."""
        while self._line()["view"].get("notice") != code:
            pass

    def end(self) -> None:
        if hasattr(self, "till"):
            self.till.stdin.close()  # type: ignore[union-attr]
            assert self.till.wait(PATIENCE_S) in (0, 1)
            self.till.stdout.close()  # type: ignore[union-attr]
        self.bench.end()

    def _line(self) -> dict[str, Any]:
        line = self.lines.line(PATIENCE_S)
        assert line is not None, self.said[-3:]
        told: dict[str, Any] = json.loads(line)
        self.said.append(told)
        return told


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    pytest.importorskip("smartcard.scard", reason="pyscard is not installed: make setup says how")
    made = Counter(tmp_path)
    monkeypatch.setenv(BENCH_VARIABLE, made.environment[BENCH_VARIABLE])
    try:
        yield made
    finally:
        made.end()


def test_e_cash_by_its_contacts_a_stripe_by_its_head_and_its_cable_pulled(counter: Counter) -> None:
    with Bench.running() as bench:
        reader = bench.device("customer")
        assert counter.lamps()["customer_card"] == "O"
        reader.do("pull_cable")
        assert counter.lamps()["customer_card"] == "X", "doctor says which is away"
        reader.do("plug_cable")

        counter.open()
        assert counter.key("0OS") == ""
        reader.do("insert", card="customer-1")
        assert (counter.key("milk"), counter.key("EC")) == (None, "")
        assert reader.look().state["seen"]["balances"] == {"410": 49_000}

        reader.do("remove")
        assert counter.key("milk") is None
        reader.do("insert", card="chip")
        counter.hears("MSR-10")

        reader.do("swap", card="customer-1")
        assert counter.key("EC") == ""
        assert reader.look().state["seen"]["balances"] == {"410": 48_000}
        card = read_stripes()["chip"]
    trace = counter.trace.read_text()
    assert '"hybrid"' in trace
    for text in card.values():
        assert text[1:17] not in trace and text[1:17].encode().hex() not in trace
