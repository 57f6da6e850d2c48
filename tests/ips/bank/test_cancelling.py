"""A payment given up before its sale is closed: undone at the bank, once, whatever breaks meanwhile."""

import asyncio

import pytest

from ips.points import BankPoint, DeskPoint
from protocols.broker import CancelRequest, Problem
from sim.clock import run
from tests.support.bank_world import BankWorld, bank_world


def story(folder):
    """Run a story in a world of its own."""

    def told(tale):
        async def whole(clock, entropy):
            async with bank_world(folder, clock) as world:
                await tale(world)

        run(whole)

    return told


async def cancel(world: BankWorld, key: str, amount: int = 1_000):
    asked = CancelRequest(
        key=key, module="card", amount=amount, store="S01", terminal="01", reason="card-removed"
    )
    return await world.run(world.broker.desk().cancel(asked))


def test_what_was_approved_is_undone_at_the_bank(tmp_path):
    @story(tmp_path)
    async def _(world):
        paid = await world.pay()
        assert world.shop() == 1_000
        for _ in range(2):
            back = await cancel(world, paid.key)
            assert (back.outcome, back.state) == ("declined", "void")
        assert world.shop() == 0 and world.rows() == {paid.key: "reversed"}
        assert (await world.pay(key=paid.key)).outcome == "declined", "the key is dead"
        assert world.shop() == 0
        world.agree()


def test_a_key_that_nobody_knows_is_dead_before_its_request_comes(tmp_path):
    @story(tmp_path)
    async def _(world):
        key = world.key()
        assert (await cancel(world, key)).state == "void"
        assert (await world.pay(key=key)).outcome == "declined"
        assert world.rows() == {}, "no bank was asked"


def test_what_was_refused_stays_refused(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("decline", code="51")
        refused = await world.pay()
        back = await cancel(world, refused.key)
        assert (back.outcome, back.code) == ("declined", refused.code)


def test_nobody_gives_up_what_is_being_asked(tmp_path):
    @story(tmp_path)
    async def _(world):
        await world.do("delay", ms="3000")
        key = world.key()
        asking = asyncio.create_task(world.pay(key=key))
        await asyncio.sleep(1)
        said = await cancel(world, key)
        assert isinstance(said, Problem) and said.error == "flow-refuses"
        assert (await asking).outcome == "approved"
        assert (await cancel(world, key)).state == "void" and world.shop() == 0


def test_another_payment_than_the_key_is_of_is_not_undone(tmp_path):
    @story(tmp_path)
    async def _(world):
        paid = await world.pay()
        said = await cancel(world, paid.key, amount=999)
        assert isinstance(said, Problem) and said.error == "key-reused"
        assert world.shop() == 1_000


def test_a_bank_that_is_away_is_told_when_it_is_back(tmp_path):
    """Nothing that is said of the payment meanwhile, by whomever, ends that."""

    @story(tmp_path)
    async def _(world):
        paid = await world.pay()
        await world.do("pull_cable")
        back = await cancel(world, paid.key)
        assert (back.outcome, back.state) == ("unknown", "voiding")
        await world.do("plug_cable")
        await asyncio.sleep(700)
        found = await world.look(paid.key)
        assert (found.outcome, found.state) == ("declined", "void")
        assert world.shop() == 0
        world.agree()


@pytest.mark.parametrize("point", [DeskPoint.CANCEL, DeskPoint.CALL, DeskPoint.ANSWERED,
                                   BankPoint.TELL, BankPoint.TOLD])  # fmt: skip
def test_killed_at_every_place(tmp_path, point):
    @story(tmp_path)
    async def _(world):
        paid = await world.pay()
        world.here.kill_at(point)
        await cancel(world, paid.key)
        assert not world.here.running, "it was reached"
        world.here.spare()
        world.here.start()
        await asyncio.sleep(700)
        assert (await world.look(paid.key)).state == "void"
        assert world.shop() == 0
        world.agree()
