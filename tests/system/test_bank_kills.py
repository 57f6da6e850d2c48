"""SIGKILL to a real broker between a till and a bank's host on TCP, after the answer and after the reversal. What the bank has
for the shop is what the broker knows of, in the end. Every other place, and what the till is told, is shown in virtual time
(tests/ips/bank, tests/world/test_bank_world.py; T3)."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import msgspec
import pytest

from ips.broker import Broker, Threads
from ips.cli import main
from ips.config import load
from ips.host import HostClock, HostEntropy, NoFaults
from ips.office import ModuleChange, TerminalAdd, perform
from ips.points import BankPoint
from ips.rules import load_rules
from ips.store.connection import FILE_NAME, open_reader
from protocols.broker import PaymentAnswer, PaymentRequest
from protocols.control import Verb
from protocols.enrolment import EnrolmentAnswer
from protocols.serial_line import LineSettings
from protocols.session import SessionAnswer, sign_request
from sim.bank.books import Books
from sim.bank.keys import TEST_KEY
from sim.bank.people import read_people
from sim.bank.twin import BankTwin
from sim.entropy import SeededEntropy
from sim.host import SystemClock
from sim.hosting.hosted import Hosted
from sim.hosting.tcp import TcpCarrier
from sim.wire import Wire
from tests.support import bank as b
from tests.support.broker_terminal import Terminal

pytestmark = pytest.mark.system
PATIENCE_S = 30.0


class Till:
    """A terminal that asks for card payments over HTTP."""

    def __init__(self) -> None:
        self.terminal, self.nonces = Terminal("01", "main"), 0

    async def join(self, url: str, code: str) -> None:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            request, key = self.terminal.enrolment(code)
            reply = await client.post("/v1/enrolments", content=msgspec.json.encode(request))
            answer = msgspec.json.decode(reply.content, type=EnrolmentAnswer)
            self.terminal.enrolled(answer, request, key)

    async def ask(
        self, url: str, method: str, path: str, body: bytes = b""
    ) -> PaymentAnswer | None:
        """Ask under a new session; None where the broker dies of it."""
        try:
            async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as client:
                request, mine = self.terminal.session_request(time.time_ns() // 10**9)
                reply = await client.post("/v1/sessions", content=msgspec.json.encode(request))
                session = msgspec.json.decode(reply.content, type=SessionAnswer)
                self.nonces += 1
                signed = sign_request(
                    method=method, path=path, authority=url.partition("//")[2], body=body,
                    key=self.terminal.mac_key(session, mine), key_id=session.key_id,
                    created=time.time_ns() // 10**9, nonce=f"n{time.time_ns()}",
                )  # fmt: skip
                reply = await client.request(method, path, content=body, headers=signed)
        except httpx.TransportError:
            return None
        assert reply.status_code == 200, reply.text
        return msgspec.json.decode(reply.content, type=PaymentAnswer)

    async def pay(self, url: str, key: str) -> PaymentAnswer | None:
        fields = {"pan": b.CREDIT, "entry": "chip"}
        asked = PaymentRequest(
            key=key, module="card", amount=1_000, store="main", terminal="01", fields=fields
        )
        return await self.ask(url, "POST", "/v1/payments", msgspec.json.encode(asked))


class Serving:
    """`ips-broker serve` as a process."""

    def __init__(self, config: Path, fault: str = "") -> None:
        out, into = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ips.cli", "serve", "--config", str(config), "--listen",
             "127.0.0.1:0", "--announce-fd", str(into)],
            pass_fds=[into], env=os.environ | {"FAULT": fault},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(into)
        with os.fdopen(out, "rb") as told:
            self.url = json.loads(told.readline())["url"]

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(PATIENCE_S)


async def set_up(folder: Path, port: int) -> tuple[Path, str]:
    """Make a broker's folder with a bank, as its operator does; returns the configuration and a till's code."""
    config, key = folder / "broker.toml", folder / "hanbit.key"
    config.write_text(
        f'folder = "{folder / "b"}"\n[stores.main]\n[banks.hanbit]\naddress = "127.0.0.1:{port}"\n'
    )
    key.write_text(f"{TEST_KEY}\n")
    assert main(["bank", "key", "hanbit", "--from", str(key), "--config", str(config)]) == 0
    broker = Broker.open(load(config), holder="test", clock=HostClock(), entropy=HostEntropy(),
                         points=NoFaults(), threads=Threads.INLINE, rules=load_rules())  # fmt: skip
    made = await perform(broker, TerminalAdd(terminal="01", actor="park"))
    await perform(broker, ModuleChange(module="card", verb="activate", actor="park"))
    broker.close()
    return config, made.code


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.05)


def state_of(folder: Path, key: str) -> str:
    """What the broker knows of an exchange."""
    with closing(open_reader(folder / FILE_NAME)) as database:
        row = database.execute("SELECT state FROM bank_exchange WHERE key = ?", (key,)).fetchone()
    return row[0] if row else ""


@pytest.mark.parametrize("point", [BankPoint.ANSWERED, BankPoint.TOLD])
async def test_a_kill_between_till_and_bank(tmp_path: Path, point: BankPoint) -> None:
    books = Books(tmp_path / "banks.sqlite", read_people())
    clock = SystemClock()
    carrier = TcpCarrier()
    twin = BankTwin(clock=clock, books=books)
    wire = Wire(SeededEntropy(1), line=LineSettings())
    host = Hosted(name="hanbit", twin=twin, carrier=carrier, wire=wire, clock=clock)
    await host.start()
    config, code = await set_up(tmp_path, carrier.port)
    till, key = Till(), "main-01-20260417-0001-a"
    serving = Serving(config)
    try:
        await till.join(serving.url, code)
        serving.end()
        serving = Serving(config, f"{point}:1")
        if point in (BankPoint.TELL, BankPoint.TOLD):
            # The line is cut while the bank thinks: what it did is to be undone, and there the broker dies.
            await until(lambda: [event.what for event in twin.history].count("said_0810") > 1)
            await host.do(Verb(verb="delay", arguments={"ms": "9000"}))
            asked = asyncio.create_task(till.pay(serving.url, key))
            await until(lambda: any(event.what == "got_0200" for event in twin.history))
            await host.do(Verb(verb="pull_cable", arguments={}))
            await asked
            await host.do(Verb(verb="delay", arguments={"ms": "0"}))
            await host.do(Verb(verb="plug_cable", arguments={}))
        else:
            assert await till.pay(serving.url, key) is None
        await until(lambda: serving.process.poll() is not None)
        assert serving.process.returncode == -9

        serving = Serving(config)
        await until(lambda: state_of(tmp_path / "b", key) in ("approved", "declined", "reversed"))
        paid = 1_000 if state_of(tmp_path / "b", key) == "approved" else 0
        assert books.balance("hanbit", "shop/main", "KRW") == paid
        again = await till.pay(serving.url, "main-01-20260417-0002-a")
        assert again is not None and again.outcome == "approved"
        assert books.balance("hanbit", "shop/main", "KRW") == paid + 1_000
        assert books.objections() == []

        settled = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "ips.cli", "bank", "settle", "hanbit", "--json", "--config",
             str(config)], capture_output=True, text=True, timeout=PATIENCE_S,
        )  # fmt: skip
        assert settled.returncode == 0, settled.stderr
        told = json.loads(settled.stdout)
        assert told["ours"] == told["theirs"]
    finally:
        serving.end()
        await host.stop()
        books.close()
