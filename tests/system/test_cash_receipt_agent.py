"""Cash receipts between real processes: `ips-broker serve`, `ips-sim agent`, and a lost answer between them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ips.cash_receipts.records import requests
from ips.store.connection import FILE_NAME, open_reader
from ips.store.reader import Reader
from protocols.facts import CashReceiptAsked, Line, SaleClosed, Tender
from tests.support.broker_terminal import DATE, Terminal
from tests.system.test_broker_command import COMMAND, enrol, send

pytestmark = pytest.mark.system
PATIENCE_S = 60.0


class Process:
    """A program of ours that announces itself, and ends with its parent."""

    def __init__(self, *command: str) -> None:
        told_out, told_in = os.pipe()
        leash, self._parent = os.pipe()
        self._process = subprocess.Popen(
            [*command, "--announce-fd", str(told_in), "--parent-fd", str(leash)],
            pass_fds=[told_in, leash], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        os.close(told_in)
        os.close(leash)
        with os.fdopen(told_out, "rb") as file:
            self.told = json.loads(file.readline())

    def end(self) -> str:
        """End it, and return what it complained about."""
        os.close(self._parent)
        _, complaint = self._process.communicate(timeout=PATIENCE_S)
        assert self._process.returncode == 0
        return complaint


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Process]:
    token = str(tmp_path / "agent.token")
    running = Process(sys.executable, "-m", "sim.stage.cli", "agent", "--token-file", token)
    yield running
    assert running.end() == ""


def test_a_lost_answer_is_asked_for_and_both_have_the_same(agent: Process, tmp_path: Path) -> None:
    """4d, over sockets: sold, sent, lost, asked about, approved; the day compares."""
    config = tmp_path / "broker.toml"
    config.write_text(
        f'folder = "{tmp_path}/b"\nlisten = "127.0.0.1:0"\n[cash_receipts]\n'
        f'agent = "{agent.told["url"]}"\ntoken_file = "{tmp_path}/agent.token"\n'
        '[stores.main]\nbusiness_number = "123-45-67891"\n'
    )
    assert (tmp_path / "agent.token").stat().st_mode & 0o077 == 0
    bearer = {"authorization": f"Bearer {agent.told['token']}"}
    verbs = f"{agent.told['url']}/verbs"
    with httpx.Client(trust_env=False, headers=bearer) as tester:
        assert tester.post(verbs, json={"verb": "lose"}).status_code == 200
        assert "verbs are" in tester.post(verbs, json={"verb": "x"}).json()["error"]
        assert httpx.post(verbs, json={"verb": "lose"}, trust_env=False).status_code == 401
        broker = Process(*COMMAND, "serve", "--config", str(config))
        added = run("terminal", "add", "01", "--config", str(config), "--json")
        terminal = Terminal()
        enrol(broker.told["url"], terminal, json.loads(added.stdout)["code"])
        terminal.open_shift()
        terminal.append(sale(), amount=110_000)
        assert send(broker.told["url"], terminal.batch(1)).status_code == 200

        approved(tmp_path / "b")
        rows = json.loads(run("cash-receipt", "list", "--config", str(config), "--json").stdout)
        assert [(row["state"], row["amount"], row["vat"]) for row in rows] == [
            ("approved", 110_000, 10_000)
        ]
        assert tester.post(verbs, json={"verb": "up"}).json()["asked"] == [
            f"main-01-{DATE}-0001-cr"
        ]
        same = run("cash-receipt", "compare", str(rows[0]["on"]), "--config", str(config))
        assert same.returncode == 0 and "the same here and at the agent" in same.stdout
    broker.end()


def sale() -> SaleClosed:
    line = Line(
        sku="R1", name_ko="쌀", name_en="Rice", quantity=1000, unit_price=110_000, amount=110_000
    )
    asked = CashReceiptAsked(purpose="self", shown="010-000-1234", amount=110_000)
    key = f"main-01-{DATE}-0001-a"
    return SaleClosed(
        sale=1, shift=1, lines=[line], total=110_000, net=100_000, vat=10_000,
        tenders=[Tender(method="cash", attempt=key, amount=110_000)], cash_receipt=asked,
    )  # fmt: skip


def approved(folder: Path) -> None:
    """Wait until the broker has found out: it asks 10 s after the answer was lost."""
    reader = Reader(open_reader(folder / FILE_NAME))
    deadline = time.monotonic() + PATIENCE_S
    while [row.state for row in requests(reader, "ORDER BY key")] != ["approved"]:
        assert time.monotonic() < deadline, requests(reader, "ORDER BY key")
        time.sleep(0.1)
    reader.close()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
