"""SIGKILL to the broker's writer: at every named point, and fifty times at random under load.

The law: what was acknowledged is durable; what is stored beyond it is a group that was committed and
not told. After the restart the terminals send again, and every chain, seal, signature and sum is as
if nothing had happened.
"""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ips.cli import main
from ips.points import Point
from ips.store.audit import audit_chains, audit_ledger, audit_seals, audit_signatures
from ips.store.connection import FILE_NAME, open_reader
from ips.store.inquiries import inquire
from ips.store.reader import Reader
from protocols.batch import CONTENT_TYPE
from protocols.facts import ShiftOpened
from protocols.journal import genesis
from tests.support.broker_forks import Forks
from tests.support.broker_terminal import SeededEntropy, Terminal

pytestmark = pytest.mark.system
KILLED = -9
KILLS = 50
TILLS = 4


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks() as started:
        yield started


class Till:
    """A terminal with a journal of sales, that knows what it was told."""

    def __init__(self, name: str) -> None:
        self.terminal = Terminal(name, entropy=SeededEntropy(f"till {name}"))
        self.acknowledged = 0
        self.sent = 0
        self.sales = 0

    def sell(self, count: int) -> None:
        if not self.terminal.records:
            self.terminal.open_shift()
        for _ in range(count):
            self.sales += 1
            self.terminal.sell(self.sales, 1_100 * (1 + self.sales % 7))

    async def send(self, client: httpx.AsyncClient, url: str, last: int) -> bool:
        """Send up to a record; return whether the broker answered."""
        self.sent = max(self.sent, last)
        body = self.terminal.batch(self.acknowledged + 1, last)
        try:
            reply = await client.post(
                f"{url}/v1/batches", content=body, headers={"content-type": CONTENT_TYPE}
            )
        except httpx.TransportError:
            return False
        assert reply.status_code == 200, reply.text
        self.acknowledged = reply.json()["high_water"]
        return True


def admit(folder: Path, tills: list[Till]) -> None:
    """Make the folder and put the tills in, as enrolment would."""
    from ips.committer import Committer
    from ips.host import HostClock, NoFaults
    from ips.store.rows import LifeRow, TerminalRow
    from ips.store.sqlite_store import SqliteStore
    from ips.writer import InlineWriter

    assert main(["migrate", "--folder", str(folder)]) == 0
    store = SqliteStore(folder / FILE_NAME)
    writer = InlineWriter(Committer(store, HostClock(), NoFaults()))

    class Admit:
        size = 1
        is_batch = False

        def apply(self, group) -> None:
            for till in tills:
                name = till.terminal.name
                identity = till.terminal.key.public_key().public_bytes_raw()
                group.put_terminal(TerminalRow(name, "main", "active", 1, "", "{}", "", 1, 0))
                group.put_life(LifeRow(name, 1, identity, 0, genesis(name, 1), 1))

    writer.do(Admit())
    store.close()


def high_water(folder: Path, till: Till) -> int:
    reader = Reader(open_reader(folder / FILE_NAME))
    try:
        life = reader.life(till.terminal.name, 1)
    finally:
        reader.close()
    assert life is not None
    return life.high_water


def prove(folder: Path, tills: list[Till]) -> None:
    """Every audit is clean, and the money is that of the journals."""
    reader = Reader(open_reader(folder / FILE_NAME))
    try:
        for audit in (audit_chains, audit_seals, audit_signatures, audit_ledger):
            assert audit(reader).findings == []
        sold = sum(1_100 * (1 + sale % 7) for till in tills for sale in range(1, till.sales + 1))
        settled = inquire(reader, "settled")
        assert settled.count == sum(till.sales for till in tills)
        assert settled.totals == {"KRW": sold}
        for till in tills:
            stored = reader.records(till.terminal.name, 1, 1, len(till.terminal.records))
            assert [row.bytes for row in stored] == till.terminal.records
    finally:
        reader.close()


@pytest.mark.parametrize("point", list(Point))
async def test_a_kill_at_every_point_loses_nothing_acknowledged(
    forks: Forks, tmp_path: Path, point: Point
) -> None:
    """Accepted is what was acknowledged, or that and the one group after it; then all is as before."""
    folder, till = tmp_path / "b", Till("01")
    admit(folder, [till])
    # The sixth group: with its first ones a broker prepares itself.
    careful = point in (Point.BEFORE_ITEM, Point.AFTER_ITEM)
    process, url = forks.start(folder, f"{point}:{1 if careful else 6}")
    answered = 0
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        for round_ in range(40):
            till.sell(3)
            if careful and round_ == 3:
                # A number that no database holds: the group fails and takes the slow path.
                till.terminal.append(ShiftOpened(shift=2**63, float_amount=0, store="main"))
            if not await till.send(client, url, len(till.terminal.records)):
                break
            answered += 1
    assert forks.wait(process) == KILLED, f"{point} was never reached"
    assert answered >= 2, "some work was acknowledged before the kill"

    stored = high_water(folder, till)

    assert stored in (till.acknowledged, till.sent)
    durable = point in (Point.AFTER_COMMIT, Point.AFTER_ANSWER)
    assert stored == (till.sent if durable else till.acknowledged)
    process, url = forks.start(folder)
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        assert await till.send(client, url, len(till.terminal.records))
    forks.kill(process)
    prove(folder, [till])


async def test_fifty_random_kills_under_load_lose_nothing_acknowledged(
    forks: Forks, tmp_path: Path
) -> None:
    """A5 in short: four tills send without a pause, the broker is killed at any moment."""
    chance = random.Random(20260417)
    folder = tmp_path / "b"
    tills = [Till(f"{number:02d}") for number in range(1, TILLS + 1)]
    admit(folder, tills)
    unacknowledged = 0

    for _ in range(KILLS):
        process, url = forks.start(folder)
        await _load_until_killed(forks, process, url, tills, chance.uniform(0.002, 0.12))
        for till in tills:
            stored = high_water(folder, till)
            assert till.acknowledged <= stored <= till.sent
            assert stored in (till.acknowledged, till.sent)
            unacknowledged += stored > till.acknowledged

    process, url = forks.start(folder)
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        for till in tills:
            if till.acknowledged < len(till.terminal.records):
                assert await till.send(client, url, len(till.terminal.records))
    forks.kill(process)
    prove(folder, tills)
    assert sum(till.sales for till in tills) > KILLS, "there was load"
    assert unacknowledged, "some groups were durable and not told: the case that keys are for"


async def _load_until_killed(
    forks: Forks, process: int, url: str, tills: list[Till], seconds: float
) -> None:
    """Send from all tills at once; kill after some time. Each till has one batch in flight."""

    async def work(till: Till, client: httpx.AsyncClient) -> None:
        while True:
            if till.acknowledged == len(till.terminal.records):
                till.sell(1 + till.sales % 5)
            if not await till.send(
                client, url, min(len(till.terminal.records), till.acknowledged + 400)
            ):
                return

    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        tasks = [asyncio.create_task(work(till, client)) for till in tills]
        await asyncio.sleep(seconds)
        assert forks.kill(process) == KILLED
        await asyncio.gather(*tasks)
