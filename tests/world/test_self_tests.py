"""Self-tests of the device page at a till with virtual equipment: each does what a person can see."""

import asyncio

import pytest

from pos.store.papers import PaperState
from protocols.facts import DrawerOpened, TerminalNoted, decode_fact
from protocols.journal import decode_record
from sim.stage.world import audit
from sim.stage.world.rest import rest
from sim.stage.world.shop import World
from sim.stage.world.till import TillHere
from sim.stage.world.virtual import live

BAG = "8800100000014"


async def chosen(till: TillHere, role: str) -> str:
    """Choose a device's self-test and return what is said."""
    await till.key("DV")
    number = [device.role for device in till.view.devices].index(role) + 1
    said = await till.key(f"{number}TD")
    assert said is not None
    return said.banner


def noted(till: TillHere, kind: str) -> int:
    return sum(decode_record(data).kind == kind for data in till.records())


def test_the_printer_prints_a_ruler_and_korean_and_it_is_no_receipt() -> None:
    async def story(world: World) -> None:
        till = world.till()
        assert await chosen(till, "printer") == "Printing a test page"
        await rest(world)
        [page] = audit.papers(till)
        assert "TEST PAGE" in page
        assert "1234567890" * 4 in page
        assert "가나다라" in page
        assert [str(found) for found in audit.at_rest(world)] == []
        assert noted(till, TerminalNoted.kind) >= 1

    live(story)


def test_without_paper_the_page_waits_as_any_paper() -> None:
    async def story(world: World) -> None:
        till = world.till()
        await world.equipment().do("printer", "paper_out")
        await asyncio.sleep(5)
        await chosen(till, "printer")
        await asyncio.sleep(60)
        assert till.view.paper_waiting == 1
        await world.equipment().do("printer", "load_paper")
        await rest(world)
        with till.store() as store:
            states = store.database.rows("SELECT state FROM paper WHERE form = 'test'")
        assert [state for (state,) in states] == [PaperState.PRINTED.value]

    live(story)


def test_the_drawer_opens_with_its_record() -> None:
    async def story(world: World) -> None:
        till = world.till()
        await chosen(till, "drawer")
        await rest(world)
        [opened] = [
            decode_fact(record.kind, record.body)
            for record in map(decode_record, till.records())
            if record.kind == DrawerOpened.kind
        ]
        assert isinstance(opened, DrawerOpened)
        assert opened.reason == "Device test"

    live(story)


def test_a_code_for_the_scanner_s_test_is_shown_and_the_next_one_sold() -> None:
    async def story(world: World) -> None:
        till = world.till()
        assert await chosen(till, "scanner") == "Scan any code. It will not be sold"
        await world.equipment().do("scanner", "scan", code=BAG)
        await asyncio.sleep(10)
        assert not till.view.lines
        assert till.view.notice is not None
        assert till.view.notice.banner == f"Read, not sold: {BAG}"
        await world.equipment().do("scanner", "scan", code=BAG)
        await asyncio.sleep(10)
        assert till.view.pieces == 1

    live(story)


@pytest.mark.parametrize("entry", ["0TD", "99TD"])
def test_a_device_that_is_not_there_is_no_test(entry: str) -> None:
    async def story(world: World) -> None:
        said = await world.till().key(entry)
        assert said is not None and said.code == "ENT-10"

    live(story)
