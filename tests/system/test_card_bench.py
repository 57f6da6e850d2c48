"""A bench with card slots as a process: the till finds them by name, and a tester works them over HTTP."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

PLAN = """
[devices.customer]
kind = "smart_card"
[devices.shop]
kind = "smart_card"
options = { inserted = "shop" }
[devices.display]
kind = "line_display"
"""
pytestmark = [pytest.mark.system, pytest.mark.xdist_group("cards")]

_TILL = """
import asyncio, json, sys
from devices.smart_card import open_slot
from protocols.address import parse_address
from protocols.iso7816 import Command
from protocols.ports import CardPresent
from protocols.purse.card import AID
from protocols.purse.coordinator import decode_state
from sim.host import SystemClock

CLOCK = SystemClock()

def soon():
    return CLOCK.monotonic_ns() + 15 * 10**9

async def main():
    names = []
    for name in ("customer", "shop"):
        slot = await open_slot(parse_address(f"sim://{name}"), deadline_ns=soon(), clock=CLOCK)
        async with asyncio.timeout(15):
            while not isinstance(slot.state, CardPresent):
                await asyncio.sleep(0.01)
        channel = await slot.connect(deadline_ns=soon())
        select = Command(0, 0xA4, 4, 0, AID, 256).encode()
        await channel.transmit(select, deadline_ns=soon())
        query = Command(0x90, 0x50, 0, 0, b"", 256).encode()
        answer = await channel.transmit(query, deadline_ns=soon())
        names.append(decode_state(answer[:-2]).name.decode())
        await slot.close()
    print(json.dumps(names))

asyncio.run(main())
"""


async def test_till_reaches_the_cards_of_a_bench_by_the_slots_names(tmp_path: Path) -> None:
    pytest.importorskip("smartcard.scard", reason="pyscard is not installed: make setup says how")
    (tmp_path / "bench.toml").write_text(PLAN)
    command = [sys.executable, "-m", "sim.stage.cli", "up", str(tmp_path / "bench.toml")]
    bench = subprocess.Popen(
        [*command, "--folder", str(tmp_path / "run")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert bench.stdout is not None
        told = json.loads(await asyncio.to_thread(bench.stdout.readline))
        assert told["devices"]["customer"].startswith("pcsc://IPS%20customer?socket=")
        headers = {"authorization": f"Bearer {told['token']}"}
        async with httpx.AsyncClient(base_url=told["url"], headers=headers) as tester:
            verb = {"verb": "insert", "arguments": {"card": "customer-2"}}
            answer = await tester.post("/devices/customer", json=verb)
            twice = await tester.post(
                "/devices/shop", json={"verb": "swap", "arguments": {"card": "customer-2"}}
            )
        assert answer.json()["state"]["seen"]["balances"] == {"410": 8_200}
        assert twice.status_code == 422 and "remove it there" in twice.json()["error"]

        environment = os.environ | {"IPS_BENCH": str(tmp_path / "run" / "bench.json")}
        environment.pop("PCSCLITE_CSOCK_NAME", None)
        till = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", _TILL],
            env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert till.stderr == ""
        assert json.loads(till.stdout) == ["CUST0002", "SHOP0001"]
    finally:
        bench.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(bench.wait, 30) == 0
        bench.stdout.close()
    folder = Path(told["devices"]["shop"].split("socket=")[1]).parent
    assert not folder.exists(), "the daemon's folder is gone with it"
