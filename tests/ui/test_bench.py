"""`ips-sim bench` driven by keys: a whole shop worked by hand, held still, and saved as a scenario that plays.

The shop is real and lives in the machine's time; every wait is for something that shows on the screen.
"""

import asyncio
import os
from contextlib import asynccontextmanager

import pytest
from rich.cells import cell_len
from textual import events
from textual.geometry import Size

from sim.host import SystemClock, SystemEntropy
from sim.stage.hand.app import BenchApp
from sim.stage.hand.work import PlanWork, ShopWork
from sim.stage.plan import read_plan
from sim.stage.scenario.language import read_scenarios
from sim.stage.scenario.player import play

PATIENCE_SECONDS = 30.0
BAG = "8800100000014"


class Hand:
    """Keys and eyes at a bench."""

    def __init__(self, app: BenchApp) -> None:
        self.app = app

    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(each.text for each in strip).rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys; each is taken before the next."""
        for key in keys:
            event = events.Key(key, key if len(key) == 1 else None)
            self.app.post_message(event)
            await self.until(lambda event=event: event._stop_propagation)

    async def type(self, text: str) -> None:
        await self.press(*text, "enter")

    async def until(self, holds) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not holds():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise TimeoutError(f"waited in vain before\n{self.text()}") from None

    async def shows(self, *texts: str) -> None:
        await self.until(lambda: all(each in self.text() for each in texts))

    async def choose(self, name: str) -> None:
        """Choose a device by the arrows."""
        await self.press(*["up"] * 10)
        for _ in range(10):
            if self.app.bench._desk.chosen == name:
                return
            await self.press("down")
        raise AssertionError(f"no {name}")

    async def do(self, device: str, label: str, *arguments: str) -> None:
        """Do a verb by its number, wherever its page is."""
        await self.choose(device)
        verbs = list(self.app.bench.seen().verbs(device))
        place = next(n for n, each in enumerate(verbs) if each.label_en == label)
        await self.press(*["pagedown"] * (place // 10), str((place % 10 + 1) % 10))
        for argument in arguments:
            await self.type(argument)
        await self.until(lambda: self.app.bench._desk.said.startswith(device))

    async def key(self, entry: str) -> None:
        """Key an entry, and come back to the devices."""
        await self.press("f6")
        await self.type(entry)
        await self.press("escape")


@asynccontextmanager
async def at_bench(work, folder, size=(80, 24), language="en"):
    app = BenchApp(work, clock=SystemClock(), language=language, folder=folder)
    async with app.run_test(size=size) as pilot:
        hand = Hand(app)
        await hand.until(lambda: app.screen is app.bench and app.bench.quiet)
        yield hand
        app.bench.leave()
        await hand.until(lambda: not app.is_running)
        del pilot


def shop(language="en"):
    return ShopWork(language=language, seed=1, clock=SystemClock())


async def test_a_sale_by_hand_is_saved_and_plays_again_with_the_same_end(tmp_path):
    """Scan, begin to pay, put the card in while the till waits, paper runs out; saved, read, played."""
    async with at_bench(shop(), tmp_path) as hand:
        await hand.do("scanner", "Scan", BAG)
        await hand.shows("write line upper")
        await hand.key("EC")
        await hand.shows("Please insert card")
        await hand.do("customer", "Insert a card", "1")
        await hand.shows("E-CASH 130 done", "balances: 410 49870")
        await hand.until(lambda: hand.app.bench.quiet)
        await hand.do("printer", "Let the paper end now")
        await hand.press("f8", "enter")
        await hand.shows("saved; play it: ips-sim run by-hand.toml")

    [scenario] = read_scenarios(tmp_path / "by-hand.toml")
    words = [each.text.partition(" = ")[0].removeprefix("{ ") for each in scenario.when]
    assert [each for each in words if each != "wait"] == [
        "scanner", "begin", "customer", "answer", "printer",
    ]  # fmt: skip
    outcome = await asyncio.to_thread(play, scenario)
    assert outcome.passed, outcome.told()
    places = {place.where: place.amount for place in outcome.places}
    assert places["on the card customer-1"] == 50_000 - 130


async def test_time_is_held_still_stepped_and_let_run(tmp_path):
    async with at_bench(shop(), tmp_path) as hand:
        await hand.shows("RUNNING")
        await hand.press("f2")
        await hand.shows("PAUSED")
        await hand.do("scanner", "Scan", BAG)
        await hand.until(lambda: "scanner < 14 bytes" in hand.app.bench._work.watch.hold.labels())
        assert "write line upper" not in hand.text()
        while "scanner < 14" not in hand.app.bench.seen().next:
            await hand.press("f3")
        await hand.press("f3")
        await hand.until(lambda: hand.app.bench._work.view.lines != ())
        assert hand.app.bench.seen().paused, "one step, and still held"
        await hand.press("f2")
        await hand.shows("RUNNING", "write line upper")


async def test_what_is_broken_is_marked_until_it_is_put_right(tmp_path):
    async with at_bench(shop(), tmp_path, size=(120, 40)) as hand:
        await hand.do("customer", "Insert a card", "customer-1")
        await hand.shows("balances: 410 50000")
        await hand.do("customer", "Card says nothing")
        await hand.shows(">!customer")
        await hand.do("customer", "Card answers again")
        await hand.shows("> customer")
        await hand.do("scanner", "Delay everything", "50")
        await hand.shows(">!scanner")
        await hand.press("f4")
        await hand.shows("> scanner")


async def test_what_is_refused_is_said_and_not_written_down(tmp_path):
    async with at_bench(shop(), tmp_path) as hand:
        await hand.press("f8", "enter")
        await hand.shows("nothing was done yet")
        await hand.choose("customer")
        await hand.press("2")  # Remove the card: there is none.
        await hand.shows("refused: no card is in the slot")
        await hand.press("f8", "enter")
        await hand.shows("nothing was done yet")
        assert list(tmp_path.iterdir()) == []


async def test_an_unwritable_place_is_said(tmp_path):
    async with at_bench(shop(), tmp_path / "missing") as hand:
        await hand.do("scanner", "Scan", BAG)
        await hand.press("f8", "enter")
        await hand.shows("not saved: No such file or directory")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("language", ["ko", "en"])
async def test_the_screen_is_filled_in_cells_and_follows_its_size(tmp_path, size, language):
    async with at_bench(shop(language), tmp_path, size=size, language=language) as hand:
        lines = [
            "".join(each.text for each in strip)
            for strip in hand.app.screen._compositor.render_strips()
        ]
        assert len(lines) == size[1] and {cell_len(each) for each in lines} == {size[0]}
        for wanted in (Size(10, 5), Size(*size)):
            hand.app.post_message(events.Resize(wanted, wanted))
            await hand.until(lambda wanted=wanted: hand.app.size == wanted)
        await hand.shows("F10")


async def test_a_paste_bomb_and_letters_at_the_devices_do_nothing(tmp_path):
    async with at_bench(shop(), tmp_path) as hand:
        hand.app.post_message(events.Paste("한글qwerty" * 1_000 + "\n1\n1"))
        await hand.press("f6")
        hand.app.post_message(events.Paste("x" * 100_000))
        await hand.press("backspace")
        assert len(hand.app.bench._desk.text) < 200
        assert hand.app.bench.seen().deeds == 0


PLAN = """
[devices.printer]
link = "{folder}/printer"
[devices.far]
kind = "scanner"
wire = "tcp"
port = {port}
"""


def plan_work(folder, port=0):
    (folder / "plan.toml").write_text(PLAN.format(folder=folder, port=port))
    return PlanWork(
        read_plan(folder / "plan.toml"), title="plan.toml", folder=folder / "run",
        clock=SystemClock(), entropy=SystemEntropy(),
    )  # fmt: skip


async def test_equipment_on_real_ports_is_worked_by_somebody_elses_program(tmp_path):
    async with at_bench(plan_work(tmp_path), tmp_path) as hand:
        port = os.open(tmp_path / "printer", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        os.write(port, b"\x1b@HELLO\n\x10\x04\x04")
        await hand.shows('print line "HELLO"', "status: paper ok", "HELLO")
        assert os.read(port, 1) == b"\x12"
        await hand.press("f2")
        os.write(port, b"\x10\x04\x01")
        await hand.shows("PAUSED: 1 waiting, next printer > 3 bytes")
        await hand.press("f3")
        await hand.shows("next printer < 1 bytes")
        await hand.press("f3")
        await hand.until(lambda: _read(port) == b"\x12")
        os.close(port)
        assert "F6" not in hand.text(), "there is no till"


def _read(port: int) -> bytes:
    try:
        return os.read(port, 1)
    except BlockingIOError:
        return b""


async def test_what_keeps_it_from_opening_is_its_last_word(tmp_path):
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    app = BenchApp(plan_work(tmp_path, port), clock=SystemClock(), language="en", folder=tmp_path)

    async with app.run_test():
        async with asyncio.timeout(PATIENCE_SECONDS):
            while app.is_running:
                await asyncio.sleep(0.01)
    server.close()

    assert str(port) in str(app.return_value)
    assert not (tmp_path / "printer").exists(), "nothing is left open"
