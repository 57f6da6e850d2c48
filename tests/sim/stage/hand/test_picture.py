"""The bench's screen as a grid of text, at 80 x 24 and 120 x 40, in Korean and English.

The stored grids are under golden/; UPDATE_GOLDEN=1 stores what is drawn now, to be read before it is
kept. Every row is exactly as wide as the screen in cells.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pos.messages import cells
from pos.ui.grid import row_text
from protocols.control import DeviceState, Verb
from protocols.trace.events import Direction
from protocols.trace.words import Row as Told
from receipts.fonts import load_typeface
from sim.hosting.hosted import WIRE_VERBS
from sim.line_display import LineDisplayTwin
from sim.printer import PrinterTwin
from sim.scanner import ScannerTwin
from sim.smart_card import SmartCardTwin
from sim.stage.hand.desk import Asking, Desk, Mode
from sim.stage.hand.picture import paint
from sim.stage.hand.seen import TILL, Seen
from tests.support.card_bench import card
from tests.ui.scripted_till import sold_view

GOLDEN = Path(__file__).parent / "golden"
SIZES = [(80, 24), (120, 40)]
S = 1_000_000_000
OPEN_WIRE = {
    "cable": "plugged", "passage": "open", "delay_ms": 0, "corrupt_per_mille": 0,
    "lose_per_mille": 0, "line": "9600 8N1", "line_agrees": True,
}  # fmt: skip
PAPER = "\n".join(f"{n:02} 한빛마트 우유 1 L        2,980" for n in range(40))


def state(name, twin, **wire):
    verbs = twin.verbs()
    if twin.device != "smart_card":
        verbs = [*verbs, *WIRE_VERBS]
    return DeviceState(
        name=name, device=twin.device, address=f"sim://{name}", verbs=verbs,
        state={**twin.state(), "wire": OPEN_WIRE | wire},
    )  # fmt: skip


def seen(**changes):
    display = LineDisplayTwin()
    display.receive(b"\x1bQA" + "합계 15,000".encode("cp949") + b"\r", 0)
    printer = PrinterTwin(load_typeface())
    printer.do(Verb(verb="open_cover"), 0)
    slot = SmartCardTwin({"customer-1": card(b"CUST0001")}, inserted="customer-1")
    told = [
        Told(at_ns=n * S, channel=channel, direction=direction, text=text)
        for n, (channel, direction, text) in enumerate(
            [
                ("tty:scanner", None, "* scan code=8801234567893"),
                ("tty:scanner", Direction.FROM, 'code "8801234567893"'),
                ("card:customer", Direction.TO, "SELECT purse"),
                ("card:customer", Direction.FROM, "9000 done, 49 bytes"),
                ("tty:printer", Direction.TO, 'print line "한빛마트 본점"'),
                ("net:broker", Direction.FROM, "200 " + "x" * 200),
            ]
            * 4
        )
    ]
    base = Seen(
        title="shop",
        devices=[
            state("printer", printer),
            state("line_display", display),
            state("scanner", ScannerTwin(), cable="pulled"),
            state("customer", slot),
        ],
        told=told,
        elapsed_ns=3_723 * S,
    )
    return replace(base, **changes)


def at_till(language):
    return Desk(chosen=TILL), seen(till=sold_view(language, 4))


def at_printer(language):
    return Desk(chosen="printer", said="printer: open_cover"), seen(paper=PAPER)


def at_display(language):
    return Desk(chosen="line_display", only=True), seen()


def at_card(language):
    return Desk(chosen="customer", page=1), seen()


def asking(language):
    now = seen()
    verb = next(each for each in now.verbs("customer") if each.name == "insert")
    return Desk(chosen="customer", mode=Mode.ASKING, asking=Asking("customer", verb), text="1"), now


def paused(language):
    now = seen(paused=True, waiting=12, next="printer > 3 bytes", till=sold_view(language, 2))
    return Desk(chosen="scanner", mode=Mode.ENTRY, text="3*8801"), now


def helping(language):
    return Desk(chosen="printer", mode=Mode.HELP), seen(till=sold_view(language, 1))


PICTURES = [at_till, at_printer, at_display, at_card, asking, paused, helping]


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.__name__)
def test_picture_is_the_stored_one(picture, width, height, language):
    desk, now = picture(language)

    rows = [row_text(each) for each in paint(desk, now, width, height, language)]

    assert len(rows) == height
    assert {cells(each) for each in rows if each} <= {width}
    text = "\n".join(each.rstrip() for each in rows) + "\n"
    file = GOLDEN / f"{picture.__name__}-{width}x{height}-{language}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(("width", "height"), [(79, 24), (80, 23), (10, 5), (1, 1), (40, 20)])
def test_a_small_screen_says_how_large_it_should_be(width, height, language):
    rows = paint(Desk(), seen(), width, height, language)

    assert len(rows) == height
    assert all(cells(row_text(each)) <= max(width, 2) for each in rows)


@pytest.mark.parametrize("width", range(80, 140, 7))
@pytest.mark.parametrize("height", range(24, 60, 5))
def test_every_size_is_filled(width, height):
    for picture in PICTURES:
        desk, now = picture("ko")
        rows = paint(desk, now, width, height, "ko")
        assert len(rows) == height
        assert {cells(row_text(each)) for each in rows if each and each[0][0]} <= {width}


def test_borders_are_ascii():
    rows = [row_text(each) for each in paint(*at_display("en"), 80, 24, "en")]

    assert all(
        ord(character) < 128 for each in rows[1:13] for character in each if character in "+-|"
    )
    assert not any(0x2500 <= ord(character) < 0x2600 for each in rows for character in each)


def test_many_devices_scroll_with_the_choice():
    now = seen()
    many = [replace_name(now.devices[2], f"scanner-{n}") for n in range(60)]
    text = "\n".join(
        row_text(each)
        for each in paint(Desk(chosen="scanner-50"), replace(now, devices=many), 80, 24, "en")
    )

    assert ">!scanner-50" in text and "scanner-0 " not in text


def replace_name(device, name):
    return DeviceState(
        name=name, device=device.device, address=device.address, verbs=device.verbs,
        state=device.state,
    )  # fmt: skip
