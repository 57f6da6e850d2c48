"""Durable payments a second through the group writer, beside one commit a request; batches of 500.

A payment is what a terminal asks for over its session: intent durable, module called, result
durable, so two commits each; 64 are asked for at once. Both ways run in turns within one run, on
the same kind of file, with the same rules; they differ in how many pieces of work one commit takes.
A batch is a shift's real records (attempts, sales), signature, chain, rules and ledger included.
"""

import asyncio
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import uvloop

from ips import writer
from ips.batches import BatchWork, OpenedBatch, receive
from ips.broker import Broker, Threads
from ips.config import Config
from ips.host import HostClock, HostEntropy, NoFaults
from ips.rules import load_rules
from ips.store.rows import LifeRow, TerminalRow
from protocols.batch import RECORDS_MAX, BatchAccepted
from protocols.broker import PaymentAnswer, PaymentRequest
from protocols.journal import genesis
from tests.support.broker_terminal import Terminal

AT_ONCE = 64
ROUNDS = 3
GROUPED = 3_000
ALONE = 600
BATCHES = 20
AUTH_GOAL = 3_000
P99_GOAL_MS = 50
BATCH_GOAL = 40_000


@dataclass
class Run:
    """One way of committing, over all rounds."""

    per_s: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def p99_ms(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)] * 1000


@contextmanager
def _broker():
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker.open(
            Config(folder=f"{folder}/b"),
            holder="bench",
            clock=HostClock(),
            entropy=HostEntropy(),
            points=NoFaults(),
            threads=Threads.OWN,
            rules=load_rules(),
        )
        try:
            yield broker
        finally:
            broker.close()


async def _pay(broker: Broker, first: int, count: int, run: Run) -> None:
    numbers = iter(range(first, first + count))

    async def till() -> None:
        for number in numbers:
            request = PaymentRequest(
                key=f"main-01-20260417-{number:06d}-a",
                module="cash",
                amount=1_000 + number % 50,
                store="main",
                terminal="01",
            )
            began = time.perf_counter()
            answer = await broker.desk().pay(request)
            run.seconds.append(time.perf_counter() - began)
            assert isinstance(answer, PaymentAnswer) and answer.outcome == "approved"

    began = time.perf_counter()
    await asyncio.gather(*(till() for _ in range(AT_ONCE)))
    run.per_s.append(count / (time.perf_counter() - began))


def _payments() -> tuple[Run, Run]:
    """Return the runs of the group writer and of one commit a request, taken in turns."""
    grouped, alone = Run(), Run()
    most = writer.ONLINE_MAX
    with (
        _broker() as one,
        _broker() as other,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_pay(one, 900_000, AT_ONCE, Run()))
        runner.run(_pay(other, 900_000, AT_ONCE, Run()))
        for turn in range(ROUNDS):
            runner.run(_pay(one, turn * GROUPED, GROUPED, grouped))
            writer.ONLINE_MAX = 1  # type: ignore[misc]
            try:
                runner.run(_pay(other, turn * ALONE, ALONE, alone))
            finally:
                writer.ONLINE_MAX = most  # type: ignore[misc]
    return grouped, alone


def _bodies() -> tuple[Terminal, list[bytes]]:
    terminal = Terminal()
    terminal.open_shift()
    for sale in range(1, BATCHES * RECORDS_MAX // 3 + 2):
        terminal.attempt(sale, 1_100 + sale % 90)
        terminal.sell(sale, 1_100 + sale % 90)
    firsts = range(1, BATCHES * RECORDS_MAX, RECORDS_MAX)
    return terminal, [terminal.batch(first, first + RECORDS_MAX - 1) for first in firsts]


async def _send(broker: Broker, bodies: list[bytes]) -> float:
    began = time.perf_counter()
    for body in bodies:
        opened = receive(body, broker.reader)
        assert isinstance(opened, OpenedBatch)
        work = BatchWork(batch=opened, bookkeeper=broker.bookkeeper)
        answer = await broker.writer.run(work)
        assert isinstance(answer, BatchAccepted) and answer.accepted == RECORDS_MAX
        assert not answer.questions
    return len(bodies) * RECORDS_MAX / (time.perf_counter() - began)


class _Admit:
    size = 1
    is_batch = False

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def apply(self, group) -> None:
        name = self._terminal.name
        identity = self._terminal.key.public_key().public_bytes_raw()
        group.put_terminal(TerminalRow(name, "main", "active", 1, "", "{}", "", 1, 0))
        group.put_life(LifeRow(name, 1, identity, 0, genesis(name, 1), 1))


def _batches() -> float:
    terminal, bodies = _bodies()

    async def all_of_it(broker: Broker) -> float:
        await broker.writer.run(_Admit(terminal))
        return await _send(broker, bodies)

    with _broker() as broker, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(all_of_it(broker))


def measure() -> list[dict[str, Any]]:
    """Return the rows of this module."""
    grouped, alone = _payments()
    group_s, alone_s = median(grouped.per_s), median(alone.per_s)
    ratio = group_s / alone_s
    records = _batches()
    p99 = grouped.p99_ms()
    against = f"one commit a request: {alone_s:,.0f}/s, p99 {alone.p99_ms():.0f} ms"
    return [
        {
            "name": "auth_per_s_sqlite",
            "value": round(group_s),
            "unit": "durable payments/s",
            "goal": AUTH_GOAL,
            "met": group_s >= AUTH_GOAL,
            "against": against,
            "ratio": round(ratio, 2),
        },
        {
            "name": "auth_ratio_sqlite",
            "value": round(ratio, 2),
            "unit": "times one commit a request",
            "goal": 2.5,
            "met": ratio >= 2.5,
            "against": against,
            "ratio": round(ratio, 2),
        },
        {
            "name": "auth_p99_ms_sqlite",
            "value": round(p99, 1),
            "unit": f"ms, {AT_ONCE} at once",
            "goal": P99_GOAL_MS,
            "met": p99 <= P99_GOAL_MS,
            "against": against,
            "ratio": round(alone.p99_ms() / p99, 2),
        },
        {
            "name": "batch_records_per_s",
            "value": round(records),
            "unit": f"records/s, batches of {RECORDS_MAX}",
            "goal": BATCH_GOAL,
            "met": records >= BATCH_GOAL,
        },
    ]
