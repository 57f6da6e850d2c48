"""A PIN at the real till: real programs, ptys, sockets and pcscd; wrong three times, blocked, nothing moved.

Method: `ips-sim up` serves readers, a PIN pad and a customer display; `ips-pos script` is the till; the
customer's hand is the control interface. Afterwards everything that any of them has written is searched.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]

PATIENCE_S = 40.0
PRICE = 2_980
PINS = {"alice": "86421357", "bob": "97538642"}
WRONG = "55443322"
SET = """
day = 20260417
expiry = 20991231
ceiling = 200000
[cards.alice]
name = "ALICE001"
balance = 50000
pin = "86421357"
pin_above = 0
[cards.bob]
name = "BOB00001"
balance = 50000
pin = "97538642"
locked = true
[cards.shop]
name = "SHOP0001"
class = "merchant"
ceiling = 100000000
"""
PLAN = """
[devices.customer]
kind = "smart_card"
cards = "{cards}"
options = {{ inserted = "alice" }}
[devices.shop]
kind = "smart_card"
cards = "{cards}"
options = {{ inserted = "shop" }}
[devices.line_display]
wire = "pty"
line = {{ baud = 9600 }}
[devices.pin_pad]
wire = "{wire}"
cards = "{cards}"
line = {{ baud = 9600 }}
pace = "line_rate"
"""


class Counter:
    """A bench, and a till beside it."""

    def __init__(self, folder: Path, *, wire: str, pad: bool) -> None:
        pytest.importorskip(
            "smartcard.scard", reason="pyscard is not installed: make setup says how"
        )
        self.folder = folder
        self.logs = [(folder / f"{name}.err").open("w") for name in ("bench", "till")]
        self.keypad = "pin_pad" if pad else "customer"
        (folder / "set.toml").write_text(SET)
        cards = folder / "cards"
        self.run("sim.stage.cli", "cards", "make", str(cards), "--set", str(folder / "set.toml"))
        (folder / "bench.toml").write_text(PLAN.format(cards=cards, wire=wire))
        self.bench = subprocess.Popen(
            [
                sys.executable, "-m", "sim.stage.cli", "up", str(folder / "bench.toml"),
                "--folder", str(folder / "bench"), "--trace", str(folder / "bench.trace"),
            ],
            stdout=subprocess.PIPE, stderr=self.logs[0], text=True,
        )  # fmt: skip
        assert self.bench.stdout is not None
        told = json.loads(self.bench.stdout.readline())
        self.client = httpx.Client(
            base_url=told["url"],
            headers={"authorization": f"Bearer {told['token']}"},
            trust_env=False,
            timeout=10,
        )
        addresses = told["devices"]
        lines = [
            'folder = "till"',
            "[devices]",
            f"customer_card = {json.dumps(addresses['customer'])}",
            f"shop_card = {json.dumps(addresses['shop'])}",
            f"line_display = {json.dumps(addresses['line_display'])}",
            *([f"pin_pad = {json.dumps(addresses['pin_pad'])}"] if pad else []),
        ]
        self.config = folder / "till.toml"
        self.config.write_text("\n".join(lines) + "\n")
        (folder / "goods.csv").write_text(f"sku,name_ko,price,tax\nmilk,우유,{PRICE},과세\n")
        goods = str(folder / "goods.csv")
        self.run("pos.cli", "--config", str(self.config), "catalogue", "import", goods)
        self.till = subprocess.Popen(
            [sys.executable, "-m", "pos.cli", "--config", str(self.config), "script", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.logs[1],
            text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        self.said: list[dict[str, Any]] = []

    def run(self, *words: str) -> None:
        subprocess.run([sys.executable, "-m", *words], check=True, capture_output=True, timeout=60)

    def key(self, entry: str) -> None:
        assert self.till.stdin is not None
        self.till.stdin.write(entry + "\n")
        self.till.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Return what the till said to the entry that was keyed."""
        assert self.till.stdout is not None
        while line := self.till.stdout.readline():
            told: dict[str, Any] = json.loads(line)
            self.said.append(told)
            if "entry" in told:
                return told
        raise AssertionError((self.folder / "till.err").read_text())

    def keyed(self, entry: str) -> dict[str, Any]:
        self.key(entry)
        return self.answer()

    def lamp(self, role: str) -> str:
        return self.said[-1]["view"]["devices"].get(role, "")

    def do(self, device: str, verb: str, **arguments: str) -> dict[str, Any]:
        body = {"verb": verb, "arguments": arguments}
        answer = self.client.post(f"/devices/{device}", json=body)
        assert answer.status_code == 200, answer.text
        state: dict[str, Any] = answer.json()["state"]
        return state

    def state(self, device: str) -> dict[str, Any]:
        state: dict[str, Any] = self.client.get(f"/devices/{device}").json()["state"]
        return state

    def asked(self) -> None:
        """Wait until the keypad asks for a PIN."""
        self.wait(lambda: self.state(self.keypad)["keypad"] != "idle")

    def enter(self, digits: str) -> None:
        self.asked()
        for digit in digits:
            self.do(self.keypad, "press", digits=digit)
        self.do(self.keypad, "enter")

    def wait(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < until
            time.sleep(0.02)

    def displayed(self) -> str:
        """Return everything that the customer has read."""
        events = self.client.get("/devices/line_display/history").json()
        return "\n".join(event["detail"] for event in events)

    def end(self) -> None:
        assert self.till.stdin is not None
        self.till.stdin.close()
        assert self.till.wait(PATIENCE_S) in (0, 1)
        self.till.stdout.close()  # type: ignore[union-attr]
        self.client.close()
        for log in self.logs:
            log.close()
        self.bench.send_signal(signal.SIGTERM)
        assert self.bench.wait(PATIENCE_S) == 0
        self.bench.stdout.close()  # type: ignore[union-attr]

    def written(self) -> Iterator[tuple[Path, bytes]]:
        """Yield every file that anybody wrote, but the cards themselves and what made them."""
        for path in self.folder.rglob("*"):
            if path.is_file() and "cards" not in path.parts and path.name != "set.toml":
                yield path, path.read_bytes()


@pytest.mark.parametrize(
    ("wire", "pad"),
    [("pty", True), ("tcp", True), ("rfc2217", True), ("pty", False)],
    ids=["pad-pty", "pad-tcp", "pad-rfc2217", "readers-keypad"],
)
def test_wrong_pin_three_times_blocks_and_another_customer_pays(
    tmp_path: Path, wire: str, pad: bool
) -> None:
    counter = Counter(tmp_path, wire=wire, pad=pad)
    try:
        assert counter.keyed("0OS")["notice"]["code"] == ""
        if pad:
            counter.wait(lambda: counter.state("pin_pad")["lower"] == "어서 오세요")
        counter.keyed("milk")

        counter.key("EC")
        for _ in range(3):
            counter.enter(WRONG)
        blocked = counter.answer()
        assert blocked["notice"]["code"] == "PUR-05" and blocked["notice"]["money"]
        alice = counter.state("customer")["seen"]
        assert (alice["tries"], alice["balances"]) == (0, {"410": 50_000})
        assert counter.state("shop")["seen"]["balances"] == {"410": 0}
        assert "비밀번호를 누르세요" in counter.displayed()
        assert "비밀번호를 다시" in counter.displayed()

        counter.do("customer", "swap", card="bob")
        counter.key("EC")
        counter.asked()
        if pad:
            assert counter.state("pin_pad")["upper"] == f"{PRICE:,}원"
        counter.do(counter.keypad, "cancel")
        assert counter.answer()["notice"]["code"] == "PIN-04"
        counter.key("EC")
        counter.enter(WRONG)
        counter.enter(PINS["bob"])
        paid = counter.answer()
        assert paid["notice"]["code"] == "" and paid["view"]["due"] == 0
        bob = counter.state("customer")["seen"]
        assert (bob["life"], bob["tries"]) == ("active", 3)
        assert bob["balances"] == {"410": 50_000 - PRICE}
        assert counter.state("shop")["seen"]["balances"] == {"410": PRICE}
        seen = json.dumps([counter.client.get(f"/devices/{name}/history").json()
                           for name in ("pin_pad", "customer", "shop")])  # fmt: skip
    finally:
        counter.end()

    nothing_of_a_pin(counter, seen)


def nothing_of_a_pin(counter: Counter, seen: str) -> None:
    """No digits, as text or in a PIN block, in journal, logs, trace, history or on standard output."""
    files = dict(counter.written())
    assert sum(b"SHOP0001".hex().encode() in data for data in files.values()), (
        "it finds what is there"
    )
    assert len(files[counter.folder / "bench.trace"]) > 10_000
    everything = [*files.values(), json.dumps(counter.said).encode(), seen.encode()]
    for digits in (WRONG, *PINS.values()):
        block = bytes.fromhex(f"28{digits}")
        for needle in (digits.encode(), block, block.hex().encode(), block.hex(" ").encode()):
            for data in everything:
                assert needle not in data.lower()


def test_pad_that_is_unplugged_is_told_and_the_reader_takes_the_pin(tmp_path: Path) -> None:
    """The lamp goes out and comes back by itself; meanwhile the reader's own keypad is asked."""
    counter = Counter(tmp_path, wire="pty", pad=True)
    try:
        counter.keyed("0OS")
        counter.wait(lambda: counter.state("pin_pad")["lower"] == "어서 오세요")
        counter.do("pin_pad", "mute")
        counter.keyed("milk")
        counter.wait(lambda: counter.keyed("DV") and counter.lamp("pin_pad") == "?")
        counter.keypad = "customer"
        counter.key("EC")
        counter.enter(PINS["alice"])
        assert counter.answer()["view"]["due"] == 0
        assert counter.state("customer")["seen"]["balances"] == {"410": 50_000 - PRICE}
        counter.do("pin_pad", "unmute")
        counter.wait(lambda: counter.keyed("DV") and counter.lamp("pin_pad") == "O")
    finally:
        counter.end()
