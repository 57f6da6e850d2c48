"""A payment terminal in a world: whatever happens to it, till, terminal and broker agree in the end."""

import asyncio

import pytest

from pos.commands import Cancel
from pos.view import Stage
from sim.entropy import SeededEntropy
from sim.payment_terminal import PaymentTerminalTwin
from sim.payment_terminal_journal import Entry
from sim.stage.world import audit
from sim.stage.world.equipment import DEVICES, PAYMENT_TERMINAL, wish
from sim.stage.world.given import Given, TillWish
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.virtual import live

NAMES = (*DEVICES, PAYMENT_TERMINAL)
GIVEN = Given(tills=(TillWish(equipment={name: wish(name) for name in NAMES}),))
WATER = "8800100000014"
TROUBLES = (
    "none", "declined", "red key", "cable at card", "cable at bank", "power at card", "power at bank",
    "result lost", "till killed", "wrong pin", "bad checks", "lost acks", "busy",
)  # fmt: skip


def terminal_of(world: World) -> PaymentTerminalTwin:
    """Return the terminal itself, to do to it what no verb does."""
    twin = world.equipment().devices[PAYMENT_TERMINAL].twin
    assert isinstance(twin, PaymentTerminalTwin)
    return twin


async def in_doubt(world: World) -> None:
    """Have a payment approved whose result is lost with the cable."""
    await asyncio.sleep(5)
    till, devices = world.till(), world.equipment()
    await till.key(WATER)
    paying = asyncio.create_task(till.key("TE"))
    assert await phase(world, "card")
    await devices.do(PAYMENT_TERMINAL, "pull_cable")
    await devices.do(PAYMENT_TERMINAL, "tap", card="0011")
    said = await paying
    assert said is not None and said.code == "TRM-11", said
    await asyncio.sleep(20)


async def phase(world: World, wanted: str, seconds: float = 20) -> bool:
    """Wait until the terminal is there; it may never be."""
    for _ in range(int(seconds * 10)):
        if world.equipment().state(PAYMENT_TERMINAL)["phase"] == wanted:
            return True
        await asyncio.sleep(0.1)
    return False


async def sell(world: World, trouble: str) -> None:
    """Sell one piece by the terminal, with this going wrong."""
    till = world.till()
    if not till.running:
        await till.start()
        await asyncio.sleep(5)

    async def do(verb: str, **arguments: str) -> None:
        await world.equipment().do(PAYMENT_TERMINAL, verb, **arguments)

    await till.key("CL")
    await till.key(WATER)
    if trouble in ("bad checks", "lost acks"):
        await do("break_checks" if trouble == "bad checks" else "lose_acks", count="2")
    if trouble == "busy":
        await do("be_busy")
    if trouble == "result lost":
        await do("lose_results", count="1")
    paying = asyncio.create_task(till.key("TE"))
    if await phase(world, "card"):
        match trouble:
            case "declined":
                await do("tap", card="0037")
            case "red key":
                await do("cancel")
            case "wrong pin":
                await do("insert", card="0011")
                for pin in ("9999", "4567"):
                    await do("enter_pin", pin=pin)
            case "power at card":
                await do("power_off")
            case "cable at card":
                await do("pull_cable")
                await do("tap", card="0011")
            case _:
                await do("tap", card="0011")
                if trouble == "cable at bank":
                    await do("pull_cable")
                elif trouble == "power at bank":
                    await do("power_off")
                elif trouble == "till killed":
                    await asyncio.sleep(0.2)
                    await till.kill()
    await asyncio.wait([paying], timeout=600)
    await rest(world)
    while till.view.lines:
        await till.key("CA")


def test_totals_agree_among_till_terminal_and_broker_whatever_happens() -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(5)
        order = SeededEntropy(5).fork("order")
        left = list(TROUBLES)
        while left:
            await sell(world, left.pop(order.below(len(left))))
        await rest(world)
        assert audit.at_rest(world) == []
        [(_, net, texts)] = world.terminals()
        assert net > 0 and len(set(texts)) == len(texts)
        await world.till().key("100000CN")

    live(story, given=GIVEN)


def test_a_payment_that_the_till_knows_nothing_of_is_found() -> None:
    """The auditor is shown what it must find."""

    async def story(world: World) -> None:
        await asyncio.sleep(5)
        twin = terminal_of(world)
        with twin.journal.writing():
            for _ in range(2):
                twin.journal.add(Entry(kind="payment", amount=130, text="IPS0123456789AB"))
        await rest(world)
        told = [each.what for each in audit.at_rest(world) if each.auditor == "terminal"]
        assert told == [
            "the till's journal says 0",
            "the ledger says 0",
            "IPS0123456789AB was paid 2 times",
        ]

    live(story, given=GIVEN)


@pytest.mark.parametrize("forgot", [False, True], ids=["agrees", "differs"])
def test_the_z_compares_its_total_with_the_terminals(forgot: bool) -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(5)
        await sell(world, "none")
        twin = terminal_of(world)
        if forgot:
            with twin.journal.writing():
                twin.journal.add(Entry(kind="payment", amount=500))
        till = world.till()
        await till.key("10000x10CN")
        said = await till.key("CZ")
        assert said is not None and said.code == ("TRM-15" if forgot else ""), said
        await asyncio.sleep(30)
        paper = world.equipment().paper()
        assert ("Terminal differs by" in paper) is forgot and "Terminal's total" in paper
        rows = world.broker.reader.ask("SELECT code FROM question")
        assert (("terminal-totals",) in rows) is forgot

    live(story, given=GIVEN)


def test_what_is_not_the_payments_result_settles_nothing() -> None:
    """Another's payment since, another terminal, one at work: nobody says paid or not paid."""

    async def story(world: World) -> None:
        await in_doubt(world)
        twin, till = terminal_of(world), world.till()

        async def asked() -> str:
            said = await till.key("RS")
            return "" if said is None else said.code

        assert await asked() == "TRM-11", "the cable is still out"
        await world.equipment().do(PAYMENT_TERMINAL, "be_busy")
        await world.equipment().do(PAYMENT_TERMINAL, "plug_cable")
        await asyncio.sleep(30)
        assert await asked() == "TRM-11", "it is at something else"
        await world.equipment().do(PAYMENT_TERMINAL, "be_free")
        await asyncio.sleep(10)
        known, twin.voice.terminal_id = twin.voice.terminal_id, 5
        assert await asked() == "TRM-13"
        twin.voice.terminal_id = known
        with twin.journal.writing():
            later = twin.journal.add(Entry(kind="payment", amount=130, text="IPSFFFFFFFFFFFF"))
        assert await asked() == "TRM-12", "the same amount, and another's reference"
        assert till.doubts() and till.view.lines
        with twin.journal.writing():
            twin.journal._file.execute("DELETE FROM entry WHERE receipt = ?", (later.receipt,))
        assert await asked() == ""
        assert not till.doubts() and not till.view.lines

    live(story, given=GIVEN)


async def parked(world: World, *, paid: bool, instead: tuple[str, ...] = ("KT", "CA")) -> None:
    """Have a payment in doubt set aside and its sale paid in cash, or given up; the cable is still out."""
    await asyncio.sleep(5)
    till, devices = world.till(), world.equipment()
    await till.key(WATER)
    paying = asyncio.create_task(till.key("TE"))
    assert await phase(world, "card")
    await devices.do(PAYMENT_TERMINAL, "pull_cable")
    await devices.do(
        PAYMENT_TERMINAL, "tap" if paid else "cancel", **({"card": "0011"} if paid else {})
    )
    said = await paying
    assert said is not None and said.code == "TRM-11", said
    for entry in instead:
        await till.key(entry)
    assert till.doubts() and not till.view.lines
    await asyncio.sleep(20)


def kinds(world: World) -> list[str]:
    return [each.kind for each in terminal_of(world).journal.all_entries()]


@pytest.mark.parametrize("paid", [True, False], ids=["paid", "not paid"])
def test_the_next_payment_first_asks_about_the_one_that_was_parked(paid: bool) -> None:
    """A terminal says only its last result: the next payment's would take the parked one's away for ever."""

    async def story(world: World) -> None:
        await parked(world, paid=paid)
        await world.equipment().do(PAYMENT_TERMINAL, "plug_cable")
        await asyncio.sleep(30)
        assert world.till().doubts(), "nobody has asked yet"
        await sell(world, "none")
        assert kinds(world) == (["payment", "reversal", "payment"] if paid else ["payment"])
        assert not world.till().doubts() and world.till().view.queue.owed == 0
        assert terminal_of(world).state()["total"] == 130
        await rest(world)
        assert audit.at_rest(world) == []

    live(story, given=GIVEN)


@pytest.mark.parametrize(
    ("instead", "entries"),
    [(("KT", "CA"), ("RT:1", "1RL", "GB")), (("KV",), ("VF", "GB"))],
    ids=["return", "void"],
)
def test_money_going_back_first_asks_about_the_payment_that_was_parked(
    instead: tuple[str, ...], entries: tuple[str, ...]
) -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(5)
        await sell(world, "none")
        till = world.till()
        await parked(world, paid=True, instead=instead)
        await world.equipment().do(PAYMENT_TERMINAL, "plug_cable")
        await asyncio.sleep(30)
        for entry in entries:
            await till.key(entry)
        assert kinds(world)[:3] == ["payment", "payment", "reversal"]
        assert len(kinds(world)) == 4 and terminal_of(world).state()["total"] == 0
        await rest(world)
        assert audit.at_rest(world) == []

    live(story, given=GIVEN)


def test_while_nobody_can_say_what_became_of_the_parked_one_the_terminal_takes_no_other() -> None:
    """Silent, or at something else: nothing is sent to it, and cash is taken; afterwards all is found out."""

    async def story(world: World) -> None:
        await parked(world, paid=True)
        till, devices = world.till(), world.equipment()
        await till.key(WATER)
        for trouble in ("cable out", "busy"):
            if trouble == "busy":
                await devices.do(PAYMENT_TERMINAL, "be_busy")
                await devices.do(PAYMENT_TERMINAL, "plug_cable")
                await asyncio.sleep(30)
            said = await till.key("TE")
            assert said is not None and said.code == "TRM-18", (trouble, said)
            assert kinds(world) == ["payment"] and till.view.stage is Stage.ENTRY
        await till.key("CA")
        assert not till.view.lines
        await devices.do(PAYMENT_TERMINAL, "be_free")
        await sell(world, "none")
        assert kinds(world) == ["payment", "reversal", "payment"]
        await rest(world)
        assert audit.at_rest(world) == []

    live(story, given=GIVEN)


def test_a_payment_parked_in_the_open_sale_stops_another_of_it_from_going_back() -> None:
    """Giving back would take its result away, and asking may end the sale: the clerk asks."""

    async def story(world: World) -> None:
        await asyncio.sleep(5)
        till, devices = world.till(), world.equipment()
        await till.key(WATER)
        for entry in ("50TE", "TE"):
            paying = asyncio.create_task(till.key(entry))
            assert await phase(world, "card")
            if entry == "TE":
                await devices.do(PAYMENT_TERMINAL, "pull_cable")
            await devices.do(PAYMENT_TERMINAL, "tap", card="0011")
            await paying
        await till.key("KT")
        await devices.do(PAYMENT_TERMINAL, "plug_cable")
        await asyncio.sleep(30)
        said = await till.key("VS:left")
        assert said is not None and said.code == "TRM-18" and kinds(world) == ["payment"] * 2
        assert till.doubts() and till.view.lines
        await till.key("RS")
        assert not till.doubts() and not till.view.lines
        await rest(world)
        assert audit.at_rest(world) == [] and terminal_of(world).state()["total"] == 130

    live(story, given=GIVEN)


def test_a_result_that_is_gone_already_holds_the_terminal_up_no_longer() -> None:
    """Somebody has used it by hand since: it will never say the parked one's again, so it takes others."""

    async def story(world: World) -> None:
        await parked(world, paid=True)
        twin, till = terminal_of(world), world.till()
        with twin.journal.writing():
            later = twin.journal.add(Entry(kind="payment", amount=130, text="IPSFFFFFFFFFFFF"))
        await world.equipment().do(PAYMENT_TERMINAL, "plug_cable")
        await asyncio.sleep(30)
        await till.key(WATER)
        paying = asyncio.create_task(till.key("TE"))
        assert await phase(world, "card")
        await world.equipment().do(PAYMENT_TERMINAL, "tap", card="0011")
        said = await paying
        assert said is not None and said.code == "" and not till.view.lines
        assert till.doubts() and terminal_of(world).journal.last() != later

    live(story, given=GIVEN)


def test_more_than_was_asked_for_is_for_people_to_judge() -> None:
    """A tip at the terminal: the till takes no more than it asked for, and says so."""

    async def story(world: World) -> None:
        await in_doubt(world)
        twin = terminal_of(world)
        paid = twin.journal.last()
        assert paid is not None
        with twin.journal.writing():
            twin.journal.grow(paid, 20)
        await world.equipment().do(PAYMENT_TERMINAL, "plug_cable")
        await asyncio.sleep(30)
        said = await world.till().key("RS")
        assert said is not None and said.code == "TRM-12" and world.till().doubts()

    live(story, given=GIVEN)


def test_the_clerks_esc_asks_the_terminal_to_stop() -> None:
    async def story(world: World) -> None:
        await asyncio.sleep(5)
        till = world.till()
        await till.key(WATER)
        paying = asyncio.create_task(till.key("TE"))
        assert await phase(world, "card") and till.view.payment is not None
        assert till.view.payment.stoppable
        await till.wired.till.execute(Cancel())
        said = await paying
        assert said is not None and said.code == "TRM-06"
        assert any(each.detail == "abort" for each in terminal_of(world).history)
        assert till.view.lines and not till.doubts()

    live(story, given=GIVEN)


def test_goods_that_come_back_are_paid_back_by_the_terminal() -> None:
    """A closed sale voided the same day: a reversal without a card; nothing is left in any account."""

    async def story(world: World) -> None:
        await asyncio.sleep(5)
        await sell(world, "none")
        assert terminal_of(world).state()["total"] == 130
        await world.till().key("VF")
        await world.till().key("GB")
        await rest(world)
        assert terminal_of(world).state()["total"] == 0
        assert [each.kind for each in terminal_of(world).journal.all_entries()] == [
            "payment",
            "reversal",
        ]
        assert audit.at_rest(world) == []

    live(story, given=GIVEN)
