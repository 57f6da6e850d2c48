"""Korean cash receipts through the whole system: keyed at a till, sealed, uploaded, approved, taken back.

Goal: whatever happens to network, till, broker and agent on the way, one sale has one receipt at the agent,
what came back is cancelled once, and nothing but the agent's question ever had the number in the clear.
"""

import asyncio
from dataclasses import replace

import httpx
import pytest

from ips.cash_receipts.records import RequestRow, requests
from ips.console.cash_receipts import differing
from ips.front.receipts import build_receipts_app
from ips.points import Point
from protocols.facts import SaleClosed, decode_fact
from protocols.journal import decode_record
from sim.stage.world import audit
from sim.stage.world.given import Given
from sim.stage.world.network import Passing
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.virtual import live

BAG, PRICE = "8800100000014", 130
PHONE = "01012345678"
AGENT = replace(Given(), agent=True)


def rows(world: World) -> list[RequestRow]:
    return requests(world.broker.reader, "ORDER BY what DESC, key")


def sale_of(world: World) -> SaleClosed:
    for data in world.till().records():
        record = decode_record(data)
        if record.kind == SaleClosed.kind:
            fact = decode_fact(record.kind, record.body)
            assert isinstance(fact, SaleClosed)
            return fact
    raise AssertionError("nothing was sold")


async def settled(world: World) -> None:
    """Nothing is on its way any more, and both have the same; the auditors find nothing."""
    await rest(world)
    for _ in range(200):
        if all(row.state in ("approved", "refused", "needless") for row in rows(world)):
            break
        await asyncio.sleep(60)
    assert [str(found) for found in audit.at_rest(world)] == []
    agent = world.broker.agent
    assert agent is not None
    for date in {row.approved_on for row in rows(world) if row.approved_on}:
        ours = [row for row in rows(world) if row.approved_on == date]
        assert differing(ours, agent.day(date)) == []


async def sell(world: World) -> None:
    for entry in (f"3*{BAG}", f"CR:{PHONE}", "CA"):
        await world.till().key(entry)


def test_from_the_key_to_the_e_receipt_and_back_with_a_return() -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(30)
        await sell(world)
        await settled(world)
        [issue] = rows(world)
        assert (issue.state, issue.amount, issue.shown) == ("approved", 390, "010****5678")
        sale = sale_of(world)

        transport = httpx.ASGITransport(app=build_receipts_app(world.broker.broker))
        async with httpx.AsyncClient(transport=transport, base_url="http://r.test") as customer:
            page = (await customer.get(f"/r/{sale.link}?lang=ko")).text
        assert f"승인번호 {issue.approval}" in page and PHONE not in page

        till = world.till()
        await till.key("1RP")
        await asyncio.sleep(10)
        [first, copy] = world.equipment().papers()
        assert "not approved yet" in first and "Approval" not in first
        assert f"Approval {issue.approval}" in copy and PHONE not in first + copy
        for entry in (f"RT:{issue.order_key}", "1*RL", "GB"):
            await till.key(entry)
        await settled(world)
        [_, cancel] = rows(world)
        assert (cancel.what, cancel.state, cancel.amount) == ("cancel", "approved", 130)

    live(story, given=AGENT)


@pytest.mark.parametrize("faults", [("lose",), ("drop",), ("garble", "lose", "drop"), ("hold",)])
def test_whatever_gets_lost_between_broker_and_agent(faults: tuple[str, ...]) -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(30)
        agent = world.broker.agent
        assert agent is not None
        for fault in faults:
            agent.do(fault)
        await sell(world)
        await asyncio.sleep(120)
        agent.do("release")
        await settled(world)

        [issue] = rows(world)
        assert issue.state == "approved" and issue.sealed == b""
        assert agent.asked == [issue.key]

    live(story, given=AGENT)


def test_a_till_without_a_line_and_an_agent_that_is_away() -> None:
    """Sold offline; the record comes later, the agent is there later still."""

    async def story(world: World) -> None:
        await asyncio.sleep(30)
        agent, till = world.broker.agent, world.till()
        assert agent is not None
        till.network.always(Passing.NO_ROUTE)
        agent.do("down")
        await sell(world)
        await asyncio.sleep(1_200)
        assert rows(world) == []
        till.network.always(Passing.GOOD)
        await asyncio.sleep(1_200)
        assert [row.state for row in rows(world)] == ["waiting"]
        agent.do("up")
        await settled(world)
        assert [row.state for row in rows(world)] == ["approved"] and len(agent.asked) == 1

    live(story, given=AGENT)


@pytest.mark.parametrize("nth", range(1, 5))
@pytest.mark.parametrize("point", [Point.BEFORE_COMMIT, Point.AFTER_COMMIT])
def test_a_broker_killed_at_any_commit_on_the_way(point: Point, nth: int) -> None:
    """Record, intent, result: whichever was being made durable, the agent gives one receipt."""

    async def story(world: World) -> None:
        await asyncio.sleep(30)
        agent = world.broker.agent
        assert agent is not None
        world.broker.kill_at(point, nth)
        await sell(world)
        await asyncio.sleep(60)
        world.broker.spare()
        world.broker.start()
        await settled(world)

        [issue] = rows(world)
        assert issue.state == "approved"
        assert set(agent.asked) == {issue.key} and len(agent.day(issue.approved_on).rows) == 1

    live(story, given=AGENT)
